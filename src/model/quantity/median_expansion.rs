//! A noisy median beside the leading terms of its expansion in 1/b.
//!
//! **Formula** `median-gap-expansion`: gap = E median(u_i + b xi_i) - mean(u) beside `leading` = K sum
//! (u_i - mean(u))^3/b^2, and variance beside `leading_variance` = b^2 sigma_mid^2, sigma_mid^2 the variance of the
//! noise's own median. `median-asymmetry-expansion`: int |h(z) - g(z/b)/b| dz beside `leading` = G sum
//! (u_i - mean(u))^2/b^2. The constants depend on the law and on M only: see `closed::Median::mean_constant` and
//! `density_constant`.
//! **Source** chen2020, theorem 4; the constants by own derivation.
//! **Errors** by quadratures that agree with a second rule each.
//! **Ties and edge cases** the uniform law has no K, and it and the laplace law no G: their densities are not smooth
//! enough.

use super::median_gap::{PARAMS, median};
use super::{Calculator, NOISE, OutputSpec, QuantityEntry, Row};
use crate::model::{BuildError, Params, Real};

/// Registry line.
pub(super) static GAP: QuantityEntry = QuantityEntry {
    name: "median-gap-expansion",
    summary: "E median(u_i + b xi_i) - mean(u) and the variance beside their leading terms as b grows",
    source: "chen2020, theorem 4a",
    params: PARAMS,
    outputs: &[
        OutputSpec { name: "gap", doc: "E median - mean(u)" },
        OutputSpec { name: "leading", doc: "K sum (u_i - mean(u))^3/b^2" },
        OutputSpec { name: "constant", doc: "K" },
        OutputSpec { name: "variance", doc: "Var median" },
        OutputSpec { name: "leading_variance", doc: "b^2 sigma_mid^2" },
    ],
    calculator: Calculator {
        examples: &["--values 0,1,5,2,9 --noise gaussian --scale 100"],
        flags: NOISE,
        beside: &["leading"],
    },
    evaluate: gap,
};

/// Registry line.
pub(super) static ASYMMETRY: QuantityEntry = QuantityEntry {
    name: "median-asymmetry-expansion",
    summary: "int |h(z) - g(z/b)/b| dz beside its leading term as b grows",
    source: "chen2020, theorem 4b",
    params: PARAMS,
    outputs: &[
        OutputSpec { name: "asymmetry", doc: "int |h(z) - g(z/b)/b| dz" },
        OutputSpec { name: "leading", doc: "G sum (u_i - mean(u))^2/b^2" },
        OutputSpec { name: "constant", doc: "G" },
    ],
    calculator: Calculator {
        examples: &["--values 0,1,5,2,9 --noise logistic --scale 1000"],
        flags: NOISE,
        beside: &["leading"],
    },
    evaluate: asymmetry,
};

fn whole(error: impl ToString) -> BuildError {
    BuildError::whole(error.to_string())
}

fn refused(constant: &str, laws: &str) -> BuildError {
    BuildError::about("law", format!("this law has no constant {constant}; {laws} have one"))
}

fn gap(p: &Params) -> Result<Vec<Row>, BuildError> {
    let (median, input) = median(p)?;
    let constant = median.mean_constant().map_err(whole)?;
    let k = constant.ok_or_else(|| refused("K", "gaussian, laplace, logistic and student(nu)"))?;
    let (found, noise) = (median.gap().map_err(whole)?, median.of_noise().gap().map_err(whole)?);
    let factor = median.scale() * median.power_sums()[1];
    let outputs = [found.gap, k.value * factor, k.value, found.variance, noise.variance].map(Real::Float).to_vec();
    let close = |value: f64| 1e-14 * value.abs();
    let errors = vec![
        found.gap_error,
        k.error * factor.abs() + close(k.value * factor),
        k.error,
        found.variance_error,
        noise.variance_error,
    ];
    Ok(vec![Row { input, outputs, errors }])
}

fn asymmetry(p: &Params) -> Result<Vec<Row>, BuildError> {
    let (median, input) = median(p)?;
    let constant = median.density_constant().map_err(whole)?;
    let g = constant.ok_or_else(|| refused("G", "gaussian, logistic and student(nu)"))?;
    let found = median.asymmetry().map_err(whole)?;
    let leading = g.value * median.power_sums()[0];
    let outputs = [found.value, leading, g.value].map(Real::Float).to_vec();
    let errors = vec![found.error, g.error * median.power_sums()[0] + 1e-14 * leading, g.error];
    Ok(vec![Row { input, outputs, errors }])
}
