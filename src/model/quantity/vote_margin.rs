//! The margin of a vote and the incomplete beta function.
//!
//! **Formula** M workers are right with probability p each; kappa = floor((M + 1)/2): `margin` = P[win] - P[lose], ties
//! being neither, and `beta` = 2 I_p(kappa, kappa) - 1, by integrating a polynomial.
//! **Source** li2021, theorem 3 and its proof.
//! **Errors** none.

use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::closed::votes::{symmetric_beta, tails_alike};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params};
use crate::scalar::{Rational, Scalar};

/// Most workers: the exact numbers grow with M.
const MAX_WORKERS: usize = 501;

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "vote-margin",
    summary: "P[win] - P[lose] of a vote beside 2 I_p(kappa, kappa) - 1, kappa = floor((M + 1)/2)",
    source: "li2021, theorem 3",
    params: &[
        ParamSpec {
            name: "right",
            kind: Kind::Number,
            default: None,
            limits: Limits::UNIT,
            doc: "p, P[a worker is right]",
        },
        ParamSpec { name: "workers", kind: Kind::Count, default: None, limits: Limits::ONE_UP, doc: "M" },
    ],
    outputs: &[
        OutputSpec { name: "margin", doc: "P[win] - P[lose]" },
        OutputSpec { name: "beta", doc: "2 I_p(kappa, kappa) - 1" },
    ],
    calculator: Calculator { examples: &["--right 2/3 --workers 4"], beside: &["beta"], ..Calculator::PLAIN },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let right = p.number("right")?;
    let refuse = || BuildError::about("right", format!("'right' is {right}; it must be a fraction from 0 to 1"));
    let right = right.exact().filter(|p| p.signum() >= 0 && **p <= Rational::one()).ok_or_else(refuse)?;
    let workers = p.count("workers")?;
    if !(1..=MAX_WORKERS).contains(&workers) {
        let message = format!("'workers' is {workers}; it must be from 1 to {MAX_WORKERS}");
        return Err(BuildError::about("workers", message));
    }
    let (lose, tie) = tails_alike(&(Rational::one() - right), workers);
    let margin = Rational::one() - &tie - &lose - &lose;
    let kappa = workers.div_ceil(2) as u32;
    let integral = symmetric_beta(kappa, right).map_err(|e| BuildError::whole(e.to_string()))?;
    let beta = integral * Rational::integer(2) - &Rational::one();
    Ok(vec![Row::closed(format!("p = {right}, M = {workers}"), vec![margin.into(), beta.into()])])
}
