//! Exact expectations: every outcome of a finite-support run, with its probability, in sums of roots.
//!
//! A run without randomness is the case of one outcome. Outcomes that reach the same state are merged, so that the cost
//! follows the number of distinct states and not that of paths. Where the states are irrational none of them merge, and
//! outcomes, where they are few, are followed one by one ([`outcomes()`]).

mod branch;
mod enumerate;
mod found;
mod outcomes;
mod sums;

pub(crate) use enumerate::ExactEstimates;
pub use enumerate::{Budget, Unavailable, enumerate, enumerate_as_far};
pub use outcomes::outcomes;
