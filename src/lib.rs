//! signcheck: executable theorems for sign-based optimisation.
//!
//! A claim is a TOML file; deciding it gives a result with a verdict per bound.
//!
//! `text -> Spec -> cells -> Instance -> Estimates -> verdicts -> ResultFile -> figures, page, tables`
//!
//! ```
//! use signcheck::prelude::*;
//!
//! // A claim that comes with the program, with the parts that come with it.
//! let text = claim_text("karimireddy2019/counterexample-2").unwrap();
//! let result = check_claim(&text, &Registry::standard()).unwrap();
//! result.assert_as_expected();
//! assert_eq!(result.bounds[0].outcome, Outcome::Holds);
//! ```
//!
//! An optimiser of one's own is an [`Algorithm`](model::Algorithm) with an [`AlgorithmEntry`](model::AlgorithmEntry),
//! added by [`Registry::with_algorithm`](model::Registry::with_algorithm): claim files then name it as any other.
//! `examples/own_optimizer.rs` does so, and `docs/library.md` explains it.
#![forbid(unsafe_code)]

// First: what it defines is known in all that follow.
#[macro_use]
mod mutants;

pub mod charts;
pub mod claim;
pub mod closed;
pub mod data;
pub mod engine;
pub mod evidence;
pub mod expr;
#[cfg(feature = "cli")]
pub mod figure;
pub mod model;
pub mod regress;
#[cfg(feature = "cli")]
pub mod report;
pub mod results;
pub mod rng;
pub mod run;
pub mod scalar;
pub mod search;
pub mod stats;
pub mod verdict;

/// Everything that an algorithm of another crate and its tests need.
pub mod prelude {
    pub use crate::model::algorithm::mean_gradient;
    pub use crate::model::query::{norm1, norm2_squared, take_signs};
    pub use crate::model::{
        Algorithm, AlgorithmEntry, Arithmetic, BuildError, Kind, Limits, ParamSpec, Params, Query, Real, Registry,
        Slot, Step,
    };
    pub use crate::results::{Evidence, Outcome, ResultFile};
    pub use crate::run::{check_claim, claim_text};
    pub use crate::scalar::{Fault, Scalar};
}
