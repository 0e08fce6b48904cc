//! Bounds on the probability that a worker's sign is wrong, with the laws that attain them, and the warm-up of
//! theorem 3.
//!
//! **Formula** with S = |g|/sigma:
//!
//! | bound | value | attained by |
//! | --- | --- | --- |
//! | Markov | 1/S | noise +-\|g\|, each with probability 1/(2 S), else 0: there sigma is E\|noise\|, and the sign counts as wrong where \|noise\| >= \|g\| |
//! | Cantelli | 1/(1 + S^2) | gradient 0 with probability q = 1/(1 + S^2), else g/(1 - q), 0 counting as wrong |
//! | Gauss, S > 2/sqrt 3 | 2/(9 S^2) | noise 0 with probability 1 - w, else uniform on [-a, a], a = 3 S sigma/2, w = 4/(3 S^2) |
//! | Gauss, else | 1/2 - S/(2 sqrt 3) | noise uniform on [-sqrt 3 sigma, sqrt 3 sigma] |
//!
//! **Source** bernstein2018, section 3 (Markov), theorem 2 steps (a) and (c); C. F. Gauss, Theoria combinationis
//! (1823).
//! **Assumptions** Cantelli: mean g, variance sigma^2. Gauss: unimodal and symmetric as well.
//! **Ties and edge cases** Markov's bound is above 1 for S < 1 and says nothing there; it is not cut off.

use super::double_double::Dd;
use crate::scalar::{Fault, Rational, Scalar};

/// 1/S.
///
/// # Errors
/// Division by zero.
pub(crate) fn markov<S: Scalar>(snr: &S) -> Result<S, Fault> {
    S::one().divide(snr)
}

/// 1/(1 + S^2).
///
/// # Errors
/// None in practice: the divisor is at least 1.
pub(crate) fn cantelli<S: Scalar>(snr: &S) -> Result<S, Fault> {
    S::one().divide(&(S::one() + snr.clone() * snr))
}

/// Gauss's bound for S > 2/sqrt 3: 2/(9 S^2).
///
/// # Errors
/// Division by zero.
pub(crate) fn gauss_far<S: Scalar>(snr: &S) -> Result<S, Fault> {
    S::ratio(2, 9).divide(&(snr.clone() * snr))
}

/// Gauss's bound for S <= 2/sqrt 3: 1/2 - S/(2 sqrt 3).
///
/// # Errors
/// In rationals, unless S = 0: the root is irrational.
pub(crate) fn gauss_near<S: Scalar>(snr: &S) -> Result<S, Fault> {
    if *snr == S::zero() {
        return Ok(S::ratio(1, 2));
    }
    let root = S::ratio(3, 1).sqrt()?;
    Ok(S::ratio(1, 2) - snr.divide(&(root * S::ratio(2, 1)))?)
}

/// Whether S > 2/sqrt 3, which is S^2 > 4/3.
#[must_use]
pub(crate) fn gauss_is_far(snr: &Rational) -> bool {
    snr.clone() * snr > Rational::ratio(4, 3)
}

/// The law (values with probabilities) that attains Cantelli's bound at g = 1.
///
/// # Errors
/// For S = 0, where the second value would be infinite.
#[cfg(test)]
pub(crate) fn cantelli_extremal(snr: &Rational) -> Result<[(Rational, Rational); 2], Fault> {
    let q = cantelli(snr)?;
    let rest = Rational::one() - &q;
    Ok([(Rational::zero(), q), (Rational::one().divide(&rest)?, rest)])
}

/// Half-width a and weight w of the law that attains Gauss's bound for S > 2/sqrt 3, in units of sigma.
///
/// # Errors
/// Division by zero.
#[cfg(test)]
pub(crate) fn gauss_extremal(snr: &Rational) -> Result<(Rational, Rational), Fault> {
    let weight = <Rational as Scalar>::ratio(4, 3).divide(&(snr.clone() * snr))?;
    Ok((snr.clone() * Rational::ratio(3, 2), weight))
}

/// No warm-up for this momentum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WarmupFault {
    /// Outside [0, 1).
    #[error("the momentum is {0}; it must be 0 or more and below 1")]
    Momentum(Rational),
    /// 1 - beta too small.
    #[error("the momentum {0} is too near 1 for the warm-up to be found; take one below 1 - 1e-12")]
    TooNear(Rational),
}

/// C(beta) of bernstein2018, theorem 3: the least C >= 1 with (C/2) beta^C <= 1/((1 - beta^2)(C + 1)) and
/// beta^(C+1) <= 1/2.
///
/// The second condition holds from some C on. The left side of the first, C (C + 1) beta^C (1 - beta^2)/2 <= 1, rises
/// and then falls. The smallest C that meets both is thus the smallest that meets the second, or lies where that left
/// side falls. Both are found by bisection on logarithms in twice the precision of a double. Neither condition is ever
/// an equality: beta^(C+1) = 1/2 has no rational solution, and C (C + 1) p^C (q^2 - p^2) = 2 q^(C+2) would need
/// q^(C+2), prime to p (q^2 - p^2), to divide C (C + 1), which is smaller.
///
/// # Errors
/// See [`WarmupFault`].
pub(crate) fn warmup(beta: &Rational) -> Result<u64, WarmupFault> {
    if beta.signum() < 0 || *beta >= Rational::one() {
        return Err(WarmupFault::Momentum(beta.clone()));
    }
    if beta.is_zero() {
        return Ok(1);
    }
    let too_near = || WarmupFault::TooNear(beta.clone());
    if (Rational::one() - beta).to_f64() < 1e-12 {
        return Err(too_near());
    }
    let decay = Dd::from_rational(beta).logarithm();
    let square = Dd::from_rational(&(Rational::one() - &(beta.clone() * beta))).logarithm();
    // Negative where the condition holds; an error of 1e-28 C |ln beta| is far below what decides.
    let decided = |x: Dd| if x.to_f64().abs() < 1e-20 { Err(too_near()) } else { Ok(x.to_f64() < 0.0) };
    let half = |c: u64| decided(decay * (c as f64 + 1.0) + Dd::LN_2);
    let bias = |c: u64| {
        let c = c as f64;
        decided((Dd::from(c) * (c + 1.0) * 0.5).logarithm() + square + decay * c)
    };
    let first = least(1, half)?;
    if bias(first)? { Ok(first) } else { least(first, bias) }
}

/// The least integer from `from` on at which a condition holds that holds from there on.
fn least<E>(from: u64, holds: impl Fn(u64) -> Result<bool, E>) -> Result<u64, E> {
    if holds(from)? {
        return Ok(from);
    }
    let (mut low, mut high) = (from, 2 * from);
    while !holds(high)? {
        (low, high) = (high, 2 * high);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle)? { high = middle } else { low = middle }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Narrow;

    fn q(text: &str) -> Rational {
        text.parse().unwrap()
    }

    #[test]
    fn values_by_hand() {
        // exact
        assert_eq!(markov(&q("5/2")).unwrap(), q("2/5"));
        assert_eq!(cantelli(&q("2")).unwrap(), q("1/5"));
        assert_eq!(gauss_far(&q("2")).unwrap(), q("1/18"));
        assert_eq!(gauss_near(&q("0")).unwrap(), q("1/2"));
        assert!(gauss_near(&q("1")).is_err());
        // exact: both forms are 1/6 at S = 2/sqrt 3
        let border = Narrow::splat(2.0 / 3.0_f64.sqrt());
        assert!((gauss_near(&border).unwrap().0[0] - 1.0 / 6.0).abs() < 1e-15);
        assert!((gauss_far(&border).unwrap().0[0] - 1.0 / 6.0).abs() < 1e-15);
        assert!(gauss_is_far(&q("1.1548")) && !gauss_is_far(&q("1.1547")));
    }

    #[test]
    fn extremal_laws_attain_their_bounds() {
        for snr in ["3/2", "2", "7"].map(q) {
            let [(zero, p), (large, rest)] = cantelli_extremal(&snr).unwrap();
            // identity: mean 1, variance 1/S^2, P[not above 0] = the bound
            assert_eq!(large.clone() * &rest, q("1"));
            assert_eq!((large.clone() * &large * &rest - &q("1")) * &snr * &snr, q("1"));
            assert_eq!((zero, p), (q("0"), cantelli(&snr).unwrap()));
            let (a, w) = gauss_extremal(&snr).unwrap();
            // identity: variance w a^2/3 = 1, weight at most 1, P[noise < -S] = w (a - S)/(2 a) = the bound
            assert_eq!(w.clone() * &a * &a, q("3"));
            assert!(w <= q("1"));
            let tail = (w * (a.clone() - &snr)).divide(&(a * q("2"))).unwrap();
            assert_eq!(tail, gauss_far(&snr).unwrap());
        }
    }

    #[test]
    fn warm_ups_are_least() {
        // exact: both conditions in rationals, at every C up to the one that is found
        for beta in ["1/100", "1/2", "7/10", "4/5", "17/20", "9/10", "19/20", "99/100"].map(q) {
            let holds = |c: u64| {
                let power = (0..c).fold(q("1"), |p, _| p * &beta);
                let c = Rational::integer(c as i64);
                let left = c.clone() * (c + &q("1")) * &power * (q("1") - &(beta.clone() * &beta));
                left <= q("2") && power * &beta <= q("1/2")
            };
            let found = warmup(&beta).unwrap();
            assert_eq!((1..=found).find(|c| holds(*c)), Some(found), "{beta}");
        }
        assert_eq!(warmup(&q("0")), Ok(1));
        assert!(warmup(&q("1")).is_err() && warmup(&q("-1/2")).is_err());
        assert!(warmup(&q("0.9999999999999")).is_err());
        // limit: C grows like 1/(1 - beta) times a logarithm
        assert!(warmup(&q("0.999999")).unwrap() > 10_000_000);
    }
}
