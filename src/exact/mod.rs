//! Exact expectations: every outcome of a finite-support run, with its probability, in rationals.
//!
//! A run without randomness is the case of one outcome. Outcomes that reach the same state are merged, so that the
//! cost follows the number of distinct states and not that of paths.

mod branch;
mod enumerate;
mod sums;

pub use enumerate::{Budget, ExactEstimates, Unavailable, enumerate};
