//! Exact expectations: every outcome of a finite-support run, with its probability, in sums of roots.
//!
//! A run without randomness is the case of one outcome. Outcomes that reach the same state are merged, so that the
//! cost follows the number of distinct states and not that of paths.
//!
//! Where the states are irrational none of them merge, and few outcomes are followed one by one ([`outcomes()`]).
//!
//! Where the support is infinite but a run is linear in its draws, first and second moments close, and with them the
//! expectation of every quadratic statistic ([`moments`]).

mod branch;
mod enumerate;
mod found;
mod moments;
mod outcomes;
mod sums;
mod symbolic;

pub use enumerate::{Budget, ExactEstimates, Unavailable, enumerate, enumerate_as_far};
pub use moments::{MomentEstimates, moments};
pub use outcomes::outcomes;
