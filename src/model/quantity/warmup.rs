//! The warm-up of signum.
//!
//! **Formula** C(beta) = min C >= 1 with (C/2) beta^C <= 1/((1 - beta^2)(C + 1)) and beta^(C+1) <= 1/2.
//! **Source** bernstein2018, theorem 3.
//! **Errors** none; see `closed::bounds::warmup`.
//! **Ties and edge cases** 1 for beta = 0; a beta of 1 or more has no warm-up.

use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::closed::bounds::warmup;
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::scalar::Rational;

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "warmup",
    summary: "C(beta), the steps before momentum's bias has settled",
    source: "bernstein2018, theorem 3",
    params: &[ParamSpec { name: "momentum", kind: Kind::Number, default: None, limits: Limits::FRACTION, doc: "beta" }],
    outputs: &[OutputSpec { name: "steps", doc: "C(beta)" }],
    calculator: Calculator { examples: &["--momentum 0.9"], ..Calculator::PLAIN },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let beta = p.number("momentum")?;
    let refuse = |message: String| BuildError::about("momentum", message);
    let near = || Rational::from_double(beta.to_f64());
    let exact = beta.exact().cloned().or_else(near).ok_or_else(|| refuse(format!("'momentum' is {beta}")))?;
    let steps = warmup(&exact).map_err(|e| refuse(e.to_string()))?;
    Ok(vec![Row::closed(format!("beta = {beta}"), vec![Real::integer(steps as i64)])])
}
