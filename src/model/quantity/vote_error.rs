//! How often a majority vote is wrong.
//!
//! **Formula** Worker m votes wrong with probability q_m, not at all with probability a_m, else right, independently.
//! Or all vote by the sign of a draw of one law, which is wrong where it is not that of the law's mean, and silent
//! where it is 0. With S the wrong votes less the right ones, `error` = P[S > 0] + t P[S = 0], where t is 1, 1/2 or 0
//! as ties count as wrong, half or right. `more` is the same with two more workers like the last one: `more` > `error`
//! means that adding workers does not help. `worst` is the largest q_m.
//! **Source** bernstein2018, section 4 and theorem 2 (the repetition code); li2021, theorem 3 (kappa, I_p).
//! **Errors** Exact for rational rates while the numbers stay small: a sum over S in rationals. Beyond that the same
//! sums are taken in doubles. Every term is a sum of products of numbers that are not negative. Each step adds at most
//! five roundings to the relative error, so that M steps give at most 8 M eps. A rate of a continuous law is a double;
//! its error e adds M e/q to the relative error.
//! **Ties and edge cases** Even M ties with positive probability even where no worker abstains. A law of mean 0 has no
//! sign to get wrong: an error.

use super::law::{Draw, LAW, MEAN};
use super::{Calculator, NOISE, OutputSpec, QuantityEntry, Row};
use crate::closed::votes::{tails, tails_alike};
use crate::model::{BuildError, Kind, Limits, ParamSpec, ParamValue, Params, Real};
use crate::scalar::{Narrow, Rational, Scalar};

/// Most workers.
const MAX_WORKERS: usize = 10_001;
/// Exact sums are used while workers times bits of a rate stay below this; the general sum squares the workers.
const EXACT_ALIKE: usize = 12_000;
const EXACT_GENERAL: usize = 1_500;

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "vote-error",
    summary: "P[the sign of the sum of M votes is wrong], for one error rate or one per worker",
    source: "bernstein2018, theorem 2",
    params: &[
        ParamSpec {
            name: "wrong",
            kind: Kind::Vector,
            default: Some(""),
            limits: Limits::UNIT,
            doc: "q, or q_1, .., q_M: P[a vote is wrong]",
        },
        LAW,
        MEAN,
        ParamSpec {
            name: "abstain",
            kind: Kind::Vector,
            default: Some("0"),
            limits: Limits::UNIT,
            doc: "a, or a_1, .., a_M: P[a worker sends 0]",
        },
        ParamSpec {
            name: "workers",
            kind: Kind::Count,
            default: Some(""),
            limits: Limits::ONE_UP,
            doc: "M; not needed beside a list of rates",
        },
        ParamSpec {
            name: "ties",
            kind: Kind::Word(&["wrong", "half", "right"]),
            default: Some("wrong"),
            limits: Limits::ANY,
            doc: "what a tied vote counts as",
        },
    ],
    outputs: &[
        OutputSpec { name: "error", doc: "P[wrong vote]" },
        OutputSpec { name: "tie", doc: "P[tie]" },
        OutputSpec { name: "more", doc: "P[wrong vote] with two more workers like the last one" },
        OutputSpec { name: "worst", doc: "largest error rate of a worker" },
    ],
    calculator: Calculator {
        examples: &[
            "--wrong 3/10 --workers 5",
            "--wrong 0.1,0.2,0.4 --ties half",
            "--noise 'finite(50:1/10, -1:9/10)' --workers 9",
        ],
        flags: NOISE,
        ..Calculator::PLAIN
    },
    evaluate,
};

/// One worker's law: P[wrong], P[no vote].
pub(super) type Rates = (Real, Real);

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let law = if p.has("law") { Some(Draw::read(p)?.one()?) } else { None };
    if law.is_none() && p.has("mean") {
        return Err(BuildError::about("mean", "'mean' moves a law: give one by `law`"));
    }
    let wrong = p.values.get("wrong");
    if law.is_some() == wrong.is_some() {
        return Err(BuildError::whole("give either the workers' error rates, `wrong`, or a law of their draws, `law`"));
    }
    let workers = match wrong {
        _ if p.has("workers") => p.count("workers")?,
        Some(ParamValue::Vector(rates)) => rates.len(),
        _ => {
            let message = "one error rate, or one law, stands for every worker: give the number of workers";
            return Err(BuildError::about("workers", message));
        }
    };
    if !(1..=MAX_WORKERS).contains(&workers) {
        let message = format!("'workers' is {workers}; it must be from 1 to {MAX_WORKERS}");
        return Err(BuildError::about("workers", message));
    }
    let mut rates: Vec<Rates> = match &law {
        Some(one) => vec![(one.wrong.clone(), one.zero.clone()); workers],
        None => {
            let abstain =
                if p.has("abstain") { p.vector("abstain", workers)? } else { vec![Real::integer(0); workers] };
            p.vector("wrong", workers)?.into_iter().zip(abstain).collect()
        }
    };
    for (q, a) in &rates {
        let (low, total) = (q.to_f64().min(a.to_f64()), q.to_f64() + a.to_f64());
        if low.is_nan() || low < 0.0 || total > 1.0 + 1e-15 {
            let message =
                format!("a worker is wrong with {q} and silent with {a}: both must be 0 or more, their sum 1 or less");
            return Err(BuildError::about("wrong", message));
        }
    }
    let tie_weight = match p.text("ties").unwrap_or("wrong") {
        "right" => Rational::zero(),
        "half" => Rational::ratio(1, 2),
        _ => Rational::one(),
    };
    let worst = Real::largest(&rates.iter().map(|r| r.0.clone()).collect::<Vec<_>>());
    let input = match rates.as_slice() {
        [(q, _), rest @ ..] if rest.iter().all(|r| r.0 == *q) => format!("q = {q}, M = {workers}"),
        _ => format!("{workers} rates up to {worst}"),
    };
    let here = vote_error(&rates, &tie_weight);
    let last = rates[workers - 1].clone();
    rates.extend([last.clone(), last]);
    let more = vote_error(&rates, &tie_weight);
    let rate = law.map_or(0.0, |one| one.error);
    let input_error = workers as f64 * rate / worst.to_f64().max(f64::MIN_POSITIVE);
    let off = |value: &Real, bound: f64| bound + input_error * value.to_f64();
    let errors = vec![off(&here.error, here.bound), off(&here.tie, here.bound), off(&more.error, more.bound), rate];
    Ok(vec![Row { input, outputs: vec![here.error, here.tie, more.error, worst], errors }])
}

/// The law of a vote.
pub(super) struct Vote {
    pub error: Real,
    pub tie: Real,
    /// Bound on the error of both.
    pub bound: f64,
}

/// P[wrong] + `tie_weight` P[tie] and P[tie], exactly where that is affordable.
pub(super) fn vote_error(rates: &[Rates], tie_weight: &Rational) -> Vote {
    let exact: Option<Vec<(Rational, Rational)>> =
        rates.iter().map(|(q, a)| Some((q.exact()?.clone(), a.exact()?.clone()))).collect();
    if let Some(exact) = exact {
        let bits = exact.iter().map(|(q, a)| q.bits() + a.bits()).max().unwrap_or(0) * exact.len();
        let alike = exact.iter().all(|r| *r == exact[0]) && exact[0].1.is_zero();
        let found = if alike && bits <= EXACT_ALIKE {
            Some(tails_alike(&exact[0].0, exact.len()))
        } else if bits <= EXACT_GENERAL {
            Some(tails(&exact))
        } else {
            None
        };
        if let Some((above, tie)) = found {
            let error = above + tie.clone() * tie_weight;
            return Vote { error: error.into(), tie: tie.into(), bound: 0.0 };
        }
    }
    let doubles: Vec<(Narrow, Narrow)> =
        rates.iter().map(|(q, a)| (Narrow::splat(q.to_f64()), Narrow::splat(a.to_f64()))).collect();
    let (above, tie) = tails(&doubles);
    let (above, tie) = (above.0[0], tie.0[0]);
    let error = above + tie * tie_weight.to_f64();
    let bound = (above + tie) * 8.0 * rates.len() as f64 * f64::EPSILON + 1e-300;
    Vote { error: Real::Float(error), tie: Real::Float(tie), bound }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q(text: &str) -> Rational {
        text.parse().unwrap()
    }

    fn alike(wrong: &str, silent: &str, workers: usize) -> Vec<Rates> {
        vec![(q(wrong).into(), q(silent).into()); workers]
    }

    #[test]
    fn small_votes_by_hand() {
        // exact: 3 workers at 1/4: 3 (1/16)(3/4) + 1/64 = 10/64; 2 workers: both wrong 1/16, tie 2 * 3/16;
        // 1 worker silent half of the time: wrong 1/4, tie 1/2.
        for (wrong, silent, workers, tie_weight, error, tie) in [
            ("1/4", "0", 1, "1", "1/4", "0"),
            ("1/4", "0", 3, "1", "10/64", "0"),
            ("1/4", "0", 2, "1", "7/16", "6/16"),
            ("1/4", "0", 2, "1/2", "1/4", "6/16"),
            ("1/4", "0", 2, "0", "1/16", "6/16"),
            ("1/4", "1/2", 1, "1", "3/4", "1/2"),
            ("1", "0", 5, "1", "1", "0"),
            ("0", "0", 5, "1", "0", "0"),
        ] {
            let vote = vote_error(&alike(wrong, silent, workers), &q(tie_weight));
            assert_eq!(vote.error.exact(), Some(&q(error)), "{wrong} {silent} {workers}");
            assert_eq!(vote.tie.exact(), Some(&q(tie)), "{wrong} {silent} {workers}");
        }
    }

    #[test]
    fn unequal_workers_against_all_outcomes() {
        // exact: enumeration of the 2^4 outcomes
        let rates = ["1/3", "1/5", "1/2", "9/10"].map(q);
        let mut wrong = Rational::zero();
        let mut tie = Rational::zero();
        for mask in 0..16_u32 {
            let mut p = Rational::one();
            for (m, rate) in rates.iter().enumerate() {
                p *= &if mask >> m & 1 == 1 { rate.clone() } else { Rational::one() - rate };
            }
            match mask.count_ones() {
                3 | 4 => wrong += &p,
                2 => tie += &p,
                _ => {}
            }
        }
        let rates: Vec<Rates> = rates.into_iter().map(|r| (r.into(), Real::integer(0))).collect();
        let vote = vote_error(&rates, &Rational::zero());
        assert_eq!((vote.error, vote.tie), (wrong.into(), tie.into()));
    }

    #[test]
    fn many_workers_agree_with_the_incomplete_beta_function() {
        // identity: the tail of a binomial, by another algorithm
        for (workers, rate) in [(1001, 0.49), (10_001, 0.499), (9_999, 0.45)] {
            let vote = vote_error(&vec![(Real::Float(rate), Real::integer(0)); workers], &Rational::one());
            let other = crate::stats::binomial_at_least(workers as u64 / 2 + 1, workers as u64, rate);
            let tolerance = vote.bound + 1e-11 * other;
            assert!((vote.error.to_f64() - other).abs() <= tolerance, "{workers} {rate}: {:?} {other}", vote.error);
        }
    }
}
