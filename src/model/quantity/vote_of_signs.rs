//! A vote of signs against the sign of a median.
//!
//! **Formula** for every a in values^M: vote = sgn(sum_k sgn a_k) and median_sign = sgn(median a), the median of an
//! even number of entries being the mean of the two in the middle.
//! **Source** chen2020, proposition 1: the two agree for odd M where no a_k is 0.
//! **Errors** none: signs of exact numbers.
//! **Ties and edge cases** sgn(0) = 0, for entries and for sums. The two part for even M (a = (-1, 2)) and with zeros
//! (a = (0, 0, 1)).

use super::vectors::{exact, grid, show};
use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::scalar::Rational;

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "vote-of-signs",
    summary: "sgn(sum sgn a_k) and sgn(median a) for every a in values^M",
    source: "chen2020, proposition 1",
    params: &[
        ParamSpec {
            name: "values",
            kind: Kind::Vector,
            default: None,
            limits: Limits::ANY,
            doc: "what an entry can be",
        },
        ParamSpec { name: "workers", kind: Kind::Count, default: None, limits: Limits::ONE_UP, doc: "M" },
    ],
    outputs: &[
        OutputSpec { name: "vote", doc: "sgn(sum_k sgn a_k)" },
        OutputSpec { name: "median_sign", doc: "sgn(median a)" },
        OutputSpec { name: "median", doc: "median a" },
    ],
    calculator: Calculator { examples: &["--values -1,2 --workers 2"], beside: &["median_sign"], ..Calculator::PLAIN },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let values = exact(&p.list("values")?, "values")?;
    let workers = match p.count("workers")? {
        0 => return Err(BuildError::about("workers", "'workers' is 0; at least 1 is needed")),
        m => m,
    };
    Ok(grid(&values, workers)?.iter().map(|a| row(a)).collect())
}

fn row(a: &[Rational]) -> Row {
    let vote: i64 = a.iter().map(Rational::signum).sum();
    let mut sorted = a.to_vec();
    sorted.sort();
    let middle = sorted[(a.len() - 1) / 2].clone() + &sorted[a.len() / 2];
    let median: Rational = middle * <Rational as crate::scalar::Scalar>::ratio(1, 2);
    let outputs = vec![Real::integer(vote.signum()), Real::integer(median.signum()), Real::Exact(median)];
    Row::closed(show(a), outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_and_medians_by_hand() {
        // exact
        for (a, vote, median_sign) in [
            (vec![-1, 2, 2], 1, 1),
            (vec![-2, -1, 2], -1, -1),
            (vec![-1, 2], 0, 1),
            (vec![0, 0, 1], 1, 0),
            (vec![5], 1, 1),
        ] {
            let a: Vec<Rational> = a.into_iter().map(Rational::integer).collect();
            let outputs = row(&a).outputs;
            assert_eq!(outputs[..2], [Real::integer(vote), Real::integer(median_sign)], "{a:?}");
        }
    }

    #[test]
    fn the_grid_is_whole() {
        let values: Vec<Rational> = [-2, -1, 1, 2].map(Rational::integer).to_vec();
        let all = grid(&values, 3).unwrap();
        let mut distinct = all.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((all.len(), distinct.len()), (64, 64));
        assert!(grid(&values, 60).unwrap_err().message.contains("use fewer"));
        assert!(grid(&values[..1], 1_000_000_000).unwrap_err().message.contains("use fewer"));
    }
}
