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

/// How `signcheck compute` has a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calculator {
    /// Worked command lines, each as what follows the quantity's name: the help shows them, the tests run them.
    pub examples: &'static [&'static str],
    /// Parameters whose flag is not their own name: (parameter, flag).
    pub flags: &'static [(&'static str, &'static str)],
    /// Outputs that are printed beside the first, which is the value.
    pub beside: &'static [&'static str],
}

impl Calculator {
    /// The value alone, by flags of the parameters' names.
    pub const PLAIN: Calculator = Calculator { examples: &[], flags: &[], beside: &[] };
}

/// The flag for the law of a draw.
const NOISE: &[(&str, &str)] = &[("law", "noise")];

/// A quantity of the registry: what claim files may name, and a command of the calculator.
#[derive(Debug)]
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
    /// How the calculator has it.
    pub calculator: Calculator,
    /// Evaluates it: one row per input, at least one.
    pub evaluate: fn(&Params) -> Result<Vec<Row>, BuildError>,
}

impl QuantityEntry {
    /// The calculator's flag for a parameter, without the dashes before it.
    #[must_use]
    pub fn flag(&self, param: &str) -> String {
        let renamed = self.calculator.flags.iter().find(|(name, _)| *name == param);
        renamed.map_or(param, |(_, flag)| flag).replace('_', "-")
    }
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
