//! signcheck: executable theorems for sign-based optimisation.
#![forbid(unsafe_code)]

pub mod data;
pub mod model;
pub mod results;
pub mod rng;
pub mod scalar;
