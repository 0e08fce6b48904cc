//! Whether a number has moved since a baseline was recorded, with a stated chance of a false alarm. Pure: nothing here
//! runs, reads or writes.
//!
//! | what | where |
//! | --- | --- |
//! | one quantity of a claim: an outcome, a side, an exponent, bits sent | [`Entry`], [`Value`] |
//! | the committed file, one line per cell | [`Baseline`] |
//! | two samples of one quantity | [`compare_samples`] |
//! | all entries of two runs | [`Comparison`] |
//! | tables for a terminal and a pull request, JUnit XML | `terminal`, `markdown`, `junit` (feature `cli`) |
//!
//! What is known exactly must stay as it is; what was sampled is tested, at a level that is divided among all entries.

mod baseline;
mod compare;
mod entry;
#[cfg(feature = "cli")]
mod junit;
#[cfg(feature = "cli")]
mod tables;
mod two_samples;

pub use baseline::Baseline;
pub(crate) use baseline::ClaimEntries;
pub(crate) use compare::{Change, Comparison, Counts, Status, apply, compare};
pub(crate) use entry::Entry;
pub use entry::Value;
#[cfg(feature = "cli")]
pub(crate) use junit::junit;
#[cfg(feature = "cli")]
pub(crate) use tables::{changes, markdown, terminal};
pub(crate) use two_samples::{Method, Sample, Tested, compare_samples};
