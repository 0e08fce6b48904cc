//! The sums that cancel in the expansion of a noisy median's density.
//!
//! **Formula** for u in R^M, M = 2n + 1, with S over the n-subsets of the others than i: `first` = sum_i sum_S
//! (c - u_i), `second` = sum_i sum_S sum_{j in S} (c - u_j), `third` = sum_i sum_S sum_{k not in S, k != i} (c - u_k),
//! by enumeration. They are the coefficients of h' (H(1-H))^n, h^2 H^(n-1) (1-H)^n and h^2 H^n (1-H)^(n-1) in the order
//! 1/b of b times the density.
//! **Source** chen2020, equations 50 to 52, where c is the mean of u.
//! **Errors** none.
//! **Ties and edge cases** with the mean all three are 0 for every u; other centres are there to show that it takes the
//! mean.

use super::vectors::{DIMENSION, DRAWS, SEED, VALUES, VECTOR, show, vectors};
use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::scalar::{Rational, Scalar};

/// Most workers: C(10, 5) subsets for each of 11.
const MAX_WORKERS: usize = 11;

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "median-cancellation",
    summary: "the three sums over workers and subsets that make the order 1/b of a noisy median's density",
    source: "chen2020, equations 50 to 52",
    params: &[
        VECTOR,
        VALUES,
        DIMENSION,
        DRAWS,
        SEED,
        ParamSpec {
            name: "centre",
            kind: Kind::Word(&["mean", "median", "zero"]),
            default: Some("mean"),
            limits: Limits::ANY,
            doc: "c: the mean of u, its median, or 0",
        },
    ],
    outputs: &[
        OutputSpec { name: "first", doc: "sum_i sum_S (c - u_i)" },
        OutputSpec { name: "second", doc: "sum_i sum_S sum_{j in S} (c - u_j)" },
        OutputSpec { name: "third", doc: "sum_i sum_S sum_{k not in S, k != i} (c - u_k)" },
        OutputSpec { name: "largest", doc: "the largest of their absolute values" },
    ],
    calculator: Calculator {
        examples: &["--vector 0,1,5", "--vector 0,1,5 --centre median"],
        beside: &["second", "third"],
        ..Calculator::PLAIN
    },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let centre = p.text("centre").unwrap_or("mean").to_string();
    vectors(p)?.iter().map(|u| row(u, &centre)).collect()
}

fn row(u: &[Rational], centre: &str) -> Result<Row, BuildError> {
    let workers = u.len();
    if workers.is_multiple_of(2) || workers > MAX_WORKERS {
        let message = format!("{workers} workers; an odd number up to {MAX_WORKERS} is enumerated");
        return Err(BuildError::whole(message));
    }
    let c = match centre {
        "median" => {
            let mut sorted = u.to_vec();
            sorted.sort();
            sorted[workers / 2].clone()
        }
        "zero" => Rational::zero(),
        _ => u.iter().fold(Rational::zero(), |s, x| s + x) * <Rational as Scalar>::ratio(1, workers as u64),
    };
    let away: Vec<Rational> = u.iter().map(|x| c.clone() - x).collect();
    let mut sums = [Rational::zero(), Rational::zero(), Rational::zero()];
    for i in 0..workers {
        for set in 0_u32..1 << workers {
            if set & (1 << i) != 0 || set.count_ones() as usize != workers / 2 {
                continue;
            }
            for (j, v) in away.iter().enumerate() {
                let place = if j == i {
                    0
                } else if set & (1 << j) != 0 {
                    1
                } else {
                    2
                };
                sums[place] += v;
            }
        }
    }
    let largest = sums.iter().fold(Rational::zero(), |top, s| Scalar::max(&top, &Scalar::abs(s)));
    let outputs = sums.into_iter().chain([largest]).map(Real::Exact).collect();
    Ok(Row::closed(show(u), outputs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_by_hand() {
        let u: Vec<Rational> = ["0", "1", "5"].iter().map(|x| x.parse().unwrap()).collect();
        let at = |centre| row(&u, centre).unwrap().outputs.iter().map(Real::to_f64).collect::<Vec<_>>();
        // exact: every worker stands in each place for two of the six arrangements: 2 sum (c - u_i)
        assert_eq!(at("mean"), [0.0, 0.0, 0.0, 0.0]);
        assert_eq!(at("median"), [-6.0, -6.0, -6.0, 6.0]);
        assert_eq!(at("zero"), [-12.0, -12.0, -12.0, 12.0]);
        assert!(row(&u[..2], "mean").is_err());
    }
}
