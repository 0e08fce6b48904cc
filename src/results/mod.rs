//! The output of a run: one JSON file per claim, from which figures, page and tables are made.
//!
//! Nothing here computes. Everything that a figure or the page shows stands in these records, so that both
//! can be made again without running anything.

mod changes;
mod falsified;
mod ledger;
mod lock;
mod picture;
mod record;
mod store;
mod text;

pub use changes::{Change, changes, why};
pub use falsified::{BoundaryRecord, NearRecord, SearchOutcome, SearchRecord, SearchTimes};
pub use ledger::{Ledger, Tally};
pub use lock::{Lock, STATE_FOLDER};
pub use picture::{Axis, AxisScale, Layer, LineStyle, Panel, Picture};
pub use record::{
    ASYMPTOTIC_LEVEL, BoundRecord, BudgetRecord, CellRecord, ControlRecord, ControlTally, DataRecord, Estimate,
    Evidence, Expectation, HypothesisRecord, Outcome, Provenance, RatePoint, ResultFile, RightSide, Source,
    TableRecord, UnitsRecord,
};
pub use store::{
    StoreError, digest, read_all, read_result, read_sealed, read_searches, remove_leftovers, result_paths, write_json,
    write_result, write_text,
};

pub use text::markdown_cell;

/// Version of the JSON in `results/`.
pub const SCHEMA_VERSION: u32 = 1;
