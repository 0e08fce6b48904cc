//! The parts of an experiment: problems, noise laws, algorithms, compressors, and what is known about them.
//!
//! Every part is a trait written once over the scalar, an object-safe face of it, and one line in the
//! [`Registry`]. Expressions, claim files, reference page and contract tests read the registry; nothing else
//! knows the list of parts.

pub mod algorithm;
pub mod compressor;
mod elimination;
mod facts;
mod hypothesis;
mod limits;
pub mod noise;
mod notation;
mod params;
pub mod problem;
pub mod quantity;
pub mod query;
mod real;
mod registry;
mod semantics;
mod statistic;
pub(crate) mod wire;

pub use algorithm::{
    Algorithm, AlgorithmEntry, Buffer, Buffers, DynAlgorithm, Extent, Layout, Runs, Shape, Step, Uncut, View,
};
pub use compressor::{Compresses, Compressor, CompressorEntry, DynCompressor};
pub use facts::{FACTS, Fact, FactSpec, Facts, Known, Property, fact_spec};
pub use hypothesis::{Answer, Audit, HYPOTHESES, HypothesisSpec, NO_TIES, RefutableProperty, Subject, Ties, Witness};
pub use limits::Limits;
pub use noise::{Atom, DynNoise, Noise, NoiseEntry, Perturbs};
pub use params::{BuildError, Kind, ParamSpec, ParamValue, Params, Slot};
pub use problem::{CoordinateNoise, DynProblem, Evaluates, Gallery, Minimisers, OwnStatistic, Problem, ProblemEntry};
pub use quantity::{Calculator, OutputSpec, QuantityEntry, Row};
pub use query::Query;
pub use real::Real;
pub(crate) use real::lift;
pub use registry::{Registry, nearest};
pub use semantics::{MomentumForm, MomentumStart, Scaling, Semantics, SignZero};
pub use statistic::{Norm, STATISTICS, Statistic, StatisticName, StatisticSpec, VIEWS, ViewNorm};

use crate::scalar::{Checked, Computable, Enclosure, Narrow, Polynomial, Rational, Scalar, Surd, Wide};
use crate::stats::Interval;

/// A scalar in which a problem is evaluated, over a point or over a box: picks the problem's object-safe form for it.
pub trait Evaluating: Scalar {
    /// The problem in this arithmetic.
    fn problem(problem: &dyn DynProblem) -> &dyn Evaluates<Self>;
}

/// A scalar in which whole runs go: picks the faces of the parts that move.
pub trait Arithmetic: Evaluating {
    /// The algorithm in this arithmetic.
    fn algorithm(algorithm: &dyn DynAlgorithm) -> &dyn Runs<Self>;
    /// The compressor in this arithmetic.
    fn compressor(compressor: &dyn DynCompressor) -> &dyn Compresses<Self>;
}

macro_rules! arithmetic {
    ($($scalar:ty),*) => {$(
        impl Arithmetic for $scalar {
            fn algorithm(algorithm: &dyn DynAlgorithm) -> &dyn Runs<Self> {
                algorithm
            }
            fn compressor(compressor: &dyn DynCompressor) -> &dyn Compresses<Self> {
                compressor
            }
        }
    )*};
}
arithmetic!(Narrow, Wide, Checked, Rational, Surd, Enclosure, Polynomial);

macro_rules! evaluating {
    ($($scalar:ty),*) => {$(
        impl Evaluating for $scalar {
            fn problem(problem: &dyn DynProblem) -> &dyn Evaluates<Self> {
                problem
            }
        }
    )*};
}
evaluating!(Narrow, Wide, Checked, Rational, Surd, Computable, Enclosure, Interval, Polynomial);
