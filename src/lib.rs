//! signcheck: executable theorems for sign-based optimisation.
#![forbid(unsafe_code)]

pub mod data;
pub mod scalar;
pub mod spec;
