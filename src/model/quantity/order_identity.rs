//! The integral that gives the weights in the mean of a median.
//!
//! **Formula** for every n of the list: `integral` = C(2n, n) int_0^1 y^n (1 - y)^n dy by the terms of the polynomial,
//! `closed` = 1/(2n + 1).
//! **Source** chen2020, proof of theorem 4a.
//! **Errors** none.

use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::closed::votes::{central_binomial, power_integral};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::scalar::{Rational, Scalar};

/// Largest n.
const MAX_N: i64 = 2_000;

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "order-identity",
    summary: "C(2n, n) int_0^1 y^n (1 - y)^n dy beside 1/(2n + 1)",
    source: "chen2020, proof of theorem 4a",
    params: &[ParamSpec { name: "n", kind: Kind::Vector, default: None, limits: Limits::ANY, doc: "n, or several" }],
    outputs: &[
        OutputSpec { name: "integral", doc: "C(2n, n) int_0^1 y^n (1 - y)^n dy" },
        OutputSpec { name: "closed", doc: "1/(2n + 1)" },
    ],
    calculator: Calculator { examples: &["--n 1,2,10"], beside: &["closed"], ..Calculator::PLAIN },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let row = |n: &Real| {
        let whole = n.exact().and_then(Rational::to_i64).filter(|n| (0..=MAX_N).contains(n));
        let refuse = || BuildError::about("n", format!("'n' holds {n}; it takes whole numbers from 0 to {MAX_N}"));
        let n = whole.ok_or_else(refuse)? as u32;
        let integral = central_binomial(n) * power_integral(n, &Rational::one());
        let closed = Rational::ratio(1, u64::from(2 * n) + 1);
        Ok(Row::closed(format!("n = {n}"), vec![integral.into(), closed.into()]))
    };
    p.list("n")?.iter().map(row).collect()
}
