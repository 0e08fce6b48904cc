//! The sign of a noisy median: how often it is that of the mean, and where it balances.
//!
//! **Formula** `median-sign`, with c = mean(u), z of the density g(z/b)/b of the noise's own median:
//! `advantage` = P[sgn median = sgn c] - P[sgn median != sgn c], `inside` = P[|z| <= |c|], `excess` their difference.
//! `median-balance`: `sign_point` is the x with P[median > x] = 1/2 and `mean_point` = E median, both from mean(u):
//! where a noisy vote and a noisy median of workers with the gradients x - u_i stand still.
//! **Source** chen2020, equations 81 to 84, and its section on the noisy algorithms.
//! **Errors** of distribution functions in twice the precision of a double; `mean_point` as in `median-gap`.
//! **Ties and edge cases** sgn c needs c != 0; the noise has a density, so that the median is 0 with probability 0.

use super::median_gap::{PARAMS, median};
use super::{Calculator, NOISE, OutputSpec, QuantityEntry, Row};
use crate::model::{BuildError, Params, Real};

/// Registry line.
pub(super) static SIGN: QuantityEntry = QuantityEntry {
    name: "median-sign",
    summary: "P[sgn of median(u_i + b xi_i) is that of mean(u)] - P[it is not] beside P[|noise's median| <= |mean(u)|]",
    source: "chen2020, equation 84",
    params: PARAMS,
    outputs: &[
        OutputSpec { name: "advantage", doc: "P[right sign] - P[wrong sign]" },
        OutputSpec { name: "inside", doc: "P[|z| <= |mean(u)|]" },
        OutputSpec { name: "excess", doc: "advantage - inside" },
    ],
    calculator: Calculator {
        examples: &["--values 0,1,5,2,9 --noise gaussian --scale 10"],
        flags: NOISE,
        beside: &["inside"],
    },
    evaluate: sign,
};

/// Registry line.
pub(super) static BALANCE: QuantityEntry = QuantityEntry {
    name: "median-balance",
    summary: "where the sign and the mean of median(x - u_i + b xi_i) vanish, less mean(u)",
    source: "chen2020, noisy signSGD and noisy medianSGD",
    params: PARAMS,
    outputs: &[
        OutputSpec { name: "sign_point", doc: "x - mean(u) with P[median(u_i + b xi_i) > x] = 1/2" },
        OutputSpec { name: "mean_point", doc: "E median(u_i + b xi_i) - mean(u)" },
    ],
    calculator: Calculator {
        examples: &["--values 0,1,5,2,9 --noise gaussian --scale 10"],
        flags: NOISE,
        beside: &["mean_point"],
    },
    evaluate: balance,
};

fn sign(p: &Params) -> Result<Vec<Row>, BuildError> {
    let (median, input) = median(p)?;
    let refuse = || BuildError::whole("mean(u) is 0 and has no sign: move the values");
    let outputs = median.sign_excess().ok_or_else(refuse)?;
    let close = median.rounding();
    let errors = outputs.map(|value| close + 1e-15 * value.abs()).to_vec();
    Ok(vec![Row { input, outputs: outputs.map(Real::Float).to_vec(), errors }])
}

fn balance(p: &Params) -> Result<Vec<Row>, BuildError> {
    let (median, input) = median(p)?;
    let (sign, mean) = (median.sign_point(), median.gap().map_err(|e| BuildError::whole(e.to_string()))?);
    let outputs = vec![Real::Float(sign.value), Real::Float(mean.gap)];
    Ok(vec![Row { input, outputs, errors: vec![sign.error, mean.gap_error] }])
}
