//! What is known of a run's expectations, and on what it rests: one ladder, from the strongest evidence down.
//!
//! Known moments and the enumeration of all outcomes give exact values. Enclosures hold the value of a run without
//! randomness, and a sample of replicates estimates what is left. A list in `ladder.rs` holds what needs no sample, in
//! the order in which it is tried. Deciding a claim, the search for worst instances and the regression baseline all go
//! through [`known`] and `Known::sample`. A new kind of evidence is a file in this folder and a line in that list.

mod exact;
mod findings;
mod ladder;
mod moments;
mod runs;

pub use exact::{Budget, Unavailable, enumerate, enumerate_as_far, outcomes};
pub(crate) use findings::Findings;
pub(crate) use ladder::{Effort, Inquiry, known};
pub(crate) use runs::{CellOutcome, CellRun, Configuration, ConfigurationRuns, Design, Observed, TermSource};
