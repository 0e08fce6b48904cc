//! signcheck: executable theorems for sign-based optimisation.
#![forbid(unsafe_code)]

pub mod figure;
pub mod report;
pub mod results;
pub mod scalar;
