//! What a run leaves behind: one JSON file a claim, from which figures, page and tables are made.
//!
//! Nothing here computes. Everything that a figure or the page shows stands in these records, so that both
//! can be made again without running anything.

mod falsified;
mod ledger;
mod picture;
mod record;
mod store;

pub use falsified::{BoundaryRecord, SearchOutcome, SearchRecord};
pub use ledger::{Ledger, Tally};
pub use picture::{Axis, AxisScale, Layer, LineStyle, Panel, Picture};
pub use record::{
    BoundRecord, CellRecord, ControlRecord, ControlTally, Estimate, Evidence, Expectation, HypothesisRecord, Outcome,
    Provenance, RatePoint, ResultFile, RightSide, Source, TableRecord, UnitsRecord,
};
pub use store::{StoreError, read_all, read_result, write_json, write_text};

/// Version of the JSON in `results/`.
pub const SCHEMA_VERSION: u32 = 1;
