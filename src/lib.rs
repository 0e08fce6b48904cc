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
// What only the command line uses stays in a build without it: the feature is there to drop dependencies.
#![cfg_attr(not(feature = "cli"), allow(dead_code, unused_imports))]

// First: what it defines is known in all that follow.
#[macro_use]
mod mutants;

mod charts;
mod claim;
#[cfg(feature = "cli")]
mod cli;
mod closed;
mod data;
mod engine;
mod evidence;
mod expr;
#[cfg(feature = "cli")]
mod figure;
pub mod model;
mod regress;
#[cfg(feature = "cli")]
mod report;
pub mod results;
mod rng;
pub mod run;
pub mod scalar;
mod search;
mod stats;
mod verdict;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::main;

/// What this project's own tests and benches look into. It may change at any time.
#[doc(hidden)]
pub mod internals {
    pub mod claim {
        pub use crate::claim::{
            Cell, Experiment, Expression, Formula, Instance, Left, Node, PartSetup, Reducer, Relation, Scenario,
            Setting, Size, Start, StartPoint, Symbol, Table, Term, Trivial, Value, Variant, Work, cells, parse_tree,
        };
    }
    pub mod data {
        pub use crate::data::{
            DataError, DataFile, Expected, FileSum, IMAGE_FILES, ImageSet, Images, Split, Spread, embedded_images,
            parse_images, parse_libsvm, read_images,
        };
    }
    pub mod engine {
        pub use crate::engine::{Plan, ranges, run, trace_enclosed};
    }
    pub mod evidence {
        pub use crate::evidence::{Unavailable, enumerate, enumerate_as_far, outcomes};
    }
    pub mod expr {
        pub use crate::expr::{Dimension, Environment, Expr, Node, Units};
    }
    pub mod regress {
        pub use crate::regress::{Baseline, Value};
    }
    pub mod rng {
        pub use crate::rng::{CellKey, Stream};
    }
    pub mod search {
        pub use crate::search::{Effort, Family, Found, Task, Watch, search_family};
    }
    pub mod stats {
        pub use crate::stats::{
            Interval, LogPoint, Moments, binomial_at_least, bonferroni, bounded_mean, clopper_pearson,
            empirical_bernstein, hoeffding, log_log, slope, slope_shift, student_mean, student_upper_quantile,
            tolerance,
        };
    }
}

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
