//! The sign of a mean of n draws against the vote of n draws.
//!
//! **Formula** X_1, .., X_n are independent of one law of mean mu. `error` = P[sgn(sum X_i) != sgn mu], a sum of 0
//! counting as wrong; `one` is the same for a single draw; `vote` = P[sgn(sum sgn X_i) != sgn mu], ties counting as
//! wrong and a draw of 0 as no vote; `vote_more` is that with n + 2 draws. `gaussian` = Phi(-|mu| sqrt(n/Var X)) is
//! what `error` would be if the mean were Gaussian, and `kolmogorov` = sup_x |P[mean <= x] - Phi(..)| how far it is
//! from that.
//! **Source** bernstein2018, section 4 (the skewed law 50 with probability 1/10, else -1).
//! **Errors** For finite laws `error`, `one`, `vote` and `vote_more` are exact: the law of the sum by convolution.
//! `gaussian` and `kolmogorov` are enclosed. Continuous laws: closed forms or a quadrature, with the bound that they
//! give (see `closed::sum_tail`).
//! **Ties and edge cases** A law of mean 0 has no sign to get wrong: an error.

use super::law::{Draw, LAW, MEAN};
use super::vote_error::vote_error;
use super::{Calculator, NOISE, OutputSpec, QuantityEntry, Row};
use crate::closed::enclosed::{BITS, normal_between_0_and};
use crate::closed::{Disagreement, StandardLaw, distance_from_normal, sum_tail};
use crate::model::noise::FiniteLaw;
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::scalar::{Enclosure, Fault, Rational, Scalar};
use crate::stats::normal_upper_tail;
use std::collections::BTreeMap;

/// Most draws.
const MAX_SAMPLES: usize = 10_001;
/// Most products of a convolution.
const MAX_WORK: usize = 4_000_000;

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "mean-error",
    summary: "P[sgn of the mean of n draws is not the sgn of the law's mean], beside the vote of n draws",
    source: "bernstein2018, section 4",
    params: &[
        ParamSpec { default: None, ..LAW },
        ParamSpec { name: "samples", kind: Kind::Count, default: None, limits: Limits::ONE_UP, doc: "n" },
        MEAN,
    ],
    outputs: &[
        OutputSpec { name: "error", doc: "P[sign of the mean of n draws is wrong]" },
        OutputSpec { name: "one", doc: "P[sign of one draw is wrong]" },
        OutputSpec { name: "vote", doc: "P[vote of n draws is wrong]" },
        OutputSpec { name: "vote_more", doc: "P[vote of n + 2 draws is wrong]" },
        OutputSpec { name: "gaussian", doc: "P[a Gaussian of the mean's mean and variance is wrong]" },
        OutputSpec { name: "kolmogorov", doc: "largest difference of distribution functions to that Gaussian" },
    ],
    calculator: Calculator {
        examples: &["--noise 'finite(50:1/10, -1:9/10)' --samples 30", "--noise logistic --mean 1/2 --samples 4"],
        flags: NOISE,
        ..Calculator::PLAIN
    },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let draw = Draw::read(p)?;
    let n = p.count("samples")?;
    if !(1..=MAX_SAMPLES).contains(&n) {
        let message = format!("'samples' is {n}; it must be from 1 to {MAX_SAMPLES}");
        return Err(BuildError::about("samples", message));
    }
    match draw {
        Draw::Finite(law) => of_finite(law, n),
        Draw::Continuous(law, mean) => of_continuous(&law, &mean, n),
    }
}

/// Draws of mean `mean` and variance 1.
fn of_continuous(law: &StandardLaw, mean: &Real, n: usize) -> Result<Vec<Row>, BuildError> {
    let refuse = |e: Disagreement| BuildError::about("law", e.to_string());
    let size = mean.to_f64().abs();
    let error = sum_tail(law, n, size * n as f64).map_err(refuse)?;
    let one = Draw::Continuous(law.clone(), mean.clone()).one()?;
    let vote = |n: usize| vote_error(&vec![(one.wrong.clone(), one.zero.clone()); n], &Rational::one());
    let (now, more) = (vote(n), vote(n + 2));
    let off =
        |value: &Real, n: usize| value.to_f64() * n as f64 * one.error / one.wrong.to_f64().max(f64::MIN_POSITIVE);
    let votes = [now.bound + off(&now.error, n), more.bound + off(&more.error, n + 2)];
    let gaussian = normal_upper_tail(size * (n as f64).sqrt());
    let distance = distance_from_normal(law, n).map_err(refuse)?;
    let floats = [gaussian, distance.value].map(Real::Float);
    let [gaussian_value, kolmogorov] = floats;
    let outputs = vec![Real::Float(error.value), one.wrong, now.error, more.error, gaussian_value, kolmogorov];
    let errors = vec![error.error, one.error, votes[0], votes[1], gaussian * 1e-13, distance.error];
    // Below the normal doubles digits are lost without a trace: a tail of 2e-328 is 0.
    let errors = errors.into_iter().map(|error| error.max(f64::MIN_POSITIVE)).collect();
    Ok(vec![Row { input: format!("n = {n}"), outputs, errors }])
}

fn of_finite(law: FiniteLaw, n: usize) -> Result<Vec<Row>, BuildError> {
    let mean = law.mean();
    // A negative mean is mirrored, so that right is positive below.
    let law = if mean.signum() < 0 { law.affine(&Rational::integer(-1), &Rational::zero()) } else { law };
    let mean = law.mean();
    let sum = sum_law(&law, n)?;
    let wrong = |law: &FiniteLaw| law.cumulative(&Rational::zero());
    let error = sum.iter().filter(|(value, _)| value.signum() <= 0).fold(Rational::zero(), |s, (_, p)| s + p);
    let zero = law.atoms().iter().find(|(v, _)| v.is_zero()).map_or(Rational::zero(), |(_, p)| p.clone());
    let negative = wrong(&law) - &zero;
    let vote = |n: usize| vote_error(&vec![(negative.clone().into(), zero.clone().into()); n], &Rational::one());
    let (now, more) = (vote(n), vote(n + 2));
    let whole = Rational::integer(n as i64);
    let (centre, variance) = (mean * &whole, law.variance() * &whole);
    let both = Enclosure::at_precision(BITS, || against_normal(&sum, &centre, &variance));
    let (gaussian, kolmogorov) = both.map_err(|e| BuildError::whole(e.to_string()))?;
    let outputs =
        vec![Real::Exact(error), wrong(&law).into(), now.error, more.error, gaussian.into(), kolmogorov.into()];
    let errors = vec![0.0, 0.0, now.bound, more.bound, 0.0, 0.0];
    Ok(vec![Row { input: format!("n = {n}"), outputs, errors }])
}

/// Phi(-centre/deviation), and sup_x |P[sum <= x] - Phi((x - centre)/deviation)|, which is attained at an atom from one
/// of its sides.
fn against_normal(
    sum: &BTreeMap<Rational, Rational>,
    centre: &Rational,
    variance: &Rational,
) -> Result<(Enclosure, Enclosure), Fault> {
    let half = Enclosure::ratio(1, 2);
    let below = |x: &Rational| {
        let away = x.clone() - centre;
        let body = normal_between_0_and(&(away.clone() * &away).divide(variance)?)?;
        Ok::<_, Fault>(if away.signum() < 0 { half.clone() - &body } else { half.clone() + &body })
    };
    let (mut before, mut largest) = (Rational::zero(), Enclosure::zero());
    for (value, p) in sum {
        let normal = below(value)?;
        for side in [before.clone(), before.clone() + p] {
            largest = Scalar::max(&largest, &Scalar::abs(&(normal.clone() - Enclosure::from_rational(&side))));
        }
        before += p;
    }
    Ok((below(&Rational::zero())?, largest))
}

/// The law of the sum of n independent draws.
///
/// Probabilities are multiplied by a common denominator first: whole numbers have no fractions to cancel.
fn sum_law(law: &FiniteLaw, n: usize) -> Result<BTreeMap<Rational, Rational>, BuildError> {
    let whole = law.atoms().iter().fold(Rational::one(), |d, (_, p)| {
        let scaled = d.clone() * p;
        d * scaled.denominator()
    });
    let weights: Vec<(Rational, Rational)> =
        law.atoms().iter().map(|(value, p)| (value.clone(), p.clone() * &whole)).collect();
    let mut sum = BTreeMap::from([(Rational::zero(), Rational::one())]);
    let mut work = 0;
    for _ in 0..n {
        work += sum.len() * weights.len();
        if work > MAX_WORK {
            let message =
                format!("the sum of {n} draws takes more than {MAX_WORK} products: draw fewer, or use fewer atoms");
            return Err(BuildError::about("samples", message));
        }
        let mut next: BTreeMap<Rational, Rational> = BTreeMap::new();
        for (value, weight) in &sum {
            for (atom, w) in &weights {
                let product = weight.clone() * w;
                *next.entry(value.clone() + atom).or_insert_with(Rational::zero) += &product;
            }
        }
        sum = next;
    }
    let total = sum.values().fold(Rational::zero(), |s, w| s + w);
    let share = |w: Rational| w.divide(&total).unwrap_or_else(|_| Rational::zero());
    Ok(sum.into_iter().map(|(v, w)| (v, share(w))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn row(law: &str, n: i64) -> Vec<Real> {
        let mut p = Params::default();
        p.values.insert("law", ParamValue::Text(law.into()));
        p.values.insert("samples", ParamValue::Number(Real::integer(n)));
        evaluate(&p).unwrap().remove(0).outputs
    }

    fn q(text: &str) -> Real {
        Real::Exact(text.parse().unwrap())
    }

    #[test]
    fn the_skewed_law_by_hand() {
        // exact: 51 B - n <= 0 only for B = 0 while n < 51, B the number of fifties
        assert_eq!(row("skew50", 1)[0], q("9/10"));
        assert_eq!(row("skew50", 2)[0], q("81/100"));
        let nine_tenths: Rational = "9/10".parse().unwrap();
        let power = |n: usize| (0..n).fold(Rational::one(), |p, _| p * &nine_tenths);
        assert_eq!(row("skew50", 30)[0], Real::Exact(power(30)));
        // exact: at n = 51 one fifty gives a sum of 0, which counts as wrong
        let one_fifty = power(50) * Rational::ratio(51, 10);
        assert_eq!(row("skew50", 51)[0], Real::Exact(power(51) + one_fifty));
        // exact: the vote of 3 is wrong with 2 or 3 of them: 3 * 0.81 * 0.1 + 0.729
        assert_eq!(row("skew50", 3)[2], q("0.972"));
        assert_eq!(row("skew50", 1)[3], q("0.972"));
    }

    #[test]
    fn zeros_do_not_vote_and_a_zero_sum_is_wrong() {
        // exact: X = 1, 0, -1 with 1/2, 1/4, 1/4. One draw: wrong or zero 1/2. Two draws: the sum is above 0 with
        // 1/4 + 2/8 = 1/2; votes are the draws here, so that both agree.
        let outputs = row("finite(1:1/2, 0:1/4, -1:1/4)", 2);
        assert_eq!(outputs[0], q("1/2"));
        assert_eq!(outputs[1], q("1/2"));
        assert_eq!(outputs[2], q("1/2"));
    }

    #[test]
    fn a_mirrored_law_has_the_same_errors() {
        // Numbers between the same bounds need not be one number: what is seen of them is compared.
        let seen = |law: &str| row(law, 7).iter().map(|v| (v.to_f64(), v.within())).collect::<Vec<_>>();
        assert_eq!(seen("finite(-50:1/10, 1:9/10)"), seen("skew50"));
    }

    #[test]
    fn fair_coins_of_mean_one_half_near_their_gaussian() {
        // exact: +1 with 3/4, -1 with 1/4, one draw: mean 1/2, deviation sqrt(3)/2. The largest gap is at 1 from the
        // left, Phi(1/sqrt 3) - 1/4; at -1 it is 1/4 - Phi(-sqrt 3) < 0.21. reference: Phi(1/sqrt 3) = 0.718148569175
        // (Python 3, (1 + math.erf(1/math.sqrt(6)))/2)
        let outputs = row("finite(1:3/4, -1:1/4)", 1);
        assert!((outputs[5].to_f64() - (0.718_148_569_175 - 0.25)).abs() < 1e-9);
    }
}
