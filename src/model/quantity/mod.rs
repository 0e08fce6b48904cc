//! Quantities: closed forms and identities over many inputs, shared by claim files and the calculator.

mod coins;
mod communication;
mod compression;
mod density;
mod error_feedback;
mod expectation;
mod gaussian_density;
mod interpolation;
mod law;
mod mean_error;
mod median_asymmetry;
mod median_cancellation;
mod median_expansion;
mod median_gap;
mod median_sign;
mod noise_median;
mod order_identity;
mod sign_error_bound;
mod vectors;
mod vote_error;
mod vote_margin;
mod vote_of_signs;
mod warmup;

pub use crate::closed::votes::symmetric_beta;

use super::{BuildError, ParamSpec, Params, Real};

/// One output of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputSpec {
    /// Name in left and right sides.
    pub name: &'static str,
    /// Meaning.
    pub doc: &'static str,
}

/// The outputs at one input.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The input, as text that a person can check by hand.
    pub input: String,
    /// Values in the order of [`QuantityEntry::outputs`].
    pub outputs: Vec<Real>,
    /// Bound on the error of each output that is no exact number; 0 for exact ones.
    pub errors: Vec<f64>,
}

impl Row {
    /// A row of exact numbers and correctly rounded closed forms (relative error a few units in the last place).
    #[must_use]
    pub fn closed(input: impl Into<String>, outputs: Vec<Real>) -> Self {
        let error = |r: &Real| if r.exact().is_some() { 0.0 } else { r.to_f64().abs() * 1e-14 };
        let errors = outputs.iter().map(error).collect();
        Row { input: input.into(), outputs, errors }
    }
}

/// A quantity of the registry.
pub struct QuantityEntry {
    /// Name in claim files and in `compute`.
    pub name: &'static str,
    /// One line: the formula.
    pub summary: &'static str,
    /// Where it comes from: paper key and number.
    pub source: &'static str,
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// Its outputs.
    pub outputs: &'static [OutputSpec],
    /// Evaluates it: one row per input, at least one.
    pub evaluate: fn(&Params) -> Result<Vec<Row>, BuildError>,
}

/// The quantities that come with signcheck.
pub static ALL: &[&QuantityEntry] = &[
    &communication::ENTRY,
    &compression::ENTRY,
    &density::ENTRY,
    &error_feedback::ENTRY,
    &expectation::ENTRY,
    &gaussian_density::ENTRY,
    &interpolation::ENTRY,
    &mean_error::ENTRY,
    &median_asymmetry::ENTRY,
    &median_expansion::ASYMMETRY,
    &median_sign::BALANCE,
    &median_cancellation::ENTRY,
    &median_gap::ENTRY,
    &median_expansion::GAP,
    &median_sign::SIGN,
    &noise_median::ENTRY,
    &order_identity::ENTRY,
    &sign_error_bound::ENTRY,
    &vote_error::ENTRY,
    &vote_margin::ENTRY,
    &vote_of_signs::ENTRY,
    &warmup::ENTRY,
];
