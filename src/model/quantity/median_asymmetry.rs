//! How far the density of a noisy median is from the symmetric density of the noise's own median.
//!
//! **Formula** h is the density of median(u_i + b xi_i) - mean(u), and g that of the median of M draws of xi:
//! `asymmetry` = int |h(z) - g(z/b)/b| dz; `odd_mass` = int |h(z) - h(-z)|/2 dz over the line, the same for h's odd
//! part.
//! **Source** chen2020, theorem 4b (equation 53) and theorem F.1b.
//! **Errors** by two independent routes that must agree; see `closed::Median::asymmetry`.
//! **Ties and edge cases** as in `median-gap`; both are at most 2 and 1.

use super::median_gap::{PARAMS, median};
use super::{Calculator, NOISE, OutputSpec, QuantityEntry, Row};
use crate::model::{BuildError, Params, Real};

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "median-asymmetry",
    summary: "int |h(z) - g(z/b)/b| dz, h the density of median(u_i + b xi_i) - mean(u), g that of the noise's median",
    source: "chen2020, theorem 4b",
    params: PARAMS,
    outputs: &[
        OutputSpec { name: "asymmetry", doc: "int |h(z) - g(z/b)/b| dz" },
        OutputSpec { name: "odd_mass", doc: "int |h(z) - h(-z)|/2 dz" },
    ],
    calculator: Calculator {
        examples: &["--values 0,1,5,2,9 --noise logistic --scale 1000"],
        flags: NOISE,
        beside: &["odd_mass"],
    },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let (median, input) = median(p)?;
    let found = median.asymmetry().map_err(|e| BuildError::whole(e.to_string()))?;
    let outputs = [found.value, found.odd_mass].map(Real::Float).to_vec();
    Ok(vec![Row { input, outputs, errors: vec![found.error, found.odd_error] }])
}
