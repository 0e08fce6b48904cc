//! signcheck: executable theorems for sign-based optimisation.
#![forbid(unsafe_code)]

pub mod scalar;
pub mod stats;
