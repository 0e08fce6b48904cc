//! signcheck: executable theorems for sign-based optimisation.
#![forbid(unsafe_code)]

pub mod closed;
pub mod data;
pub mod engine;
pub mod exact;
pub mod expr;
pub mod figure;
pub mod harness;
pub mod model;
pub mod regress;
pub mod report;
pub mod results;
pub mod rng;
pub mod scalar;
pub mod spec;
pub mod stats;
pub mod verdict;
