//! Closed forms in enclosures: what doubles know to 1e-13 decided for certain.

use crate::scalar::{Enclosure, Fault, Rational, Scalar};
use std::sync::OnceLock;

/// Bits of the floats: results are good to about 1e-70.
pub(crate) const BITS: usize = 256;
/// Terms of a series below this size end it.
const SMALL: f64 = 1e-75;
/// Beyond this many deviations squared a normal tail is below e^-200.
const FAR: i64 = 400;

/// Some number between 0 and v.
fn up_to(v: &Enclosure) -> Result<Enclosure, Fault> {
    Ok(v.clone() * Enclosure::from_ends(0.5, 0.0, 1.0)?)
}

/// arctan(1/n) between two partial sums of its alternating series, for n >= 5.
fn arctan_of_inverse(n: i64) -> (Rational, Rational) {
    let (mut sum, mut power, step) =
        (Rational::zero(), Rational::ratio(1, n as u64), Rational::ratio(-1, (n * n) as u64));
    let mut before = sum.clone();
    for k in 0..60 {
        before = sum.clone();
        sum += &(power.clone() * Rational::ratio(1, 2 * k + 1));
        power *= &step;
    }
    if before < sum { (before, sum) } else { (sum, before) }
}

/// pi = 16 arctan(1/5) - 4 arctan(1/239) (Machin).
///
/// # Errors
/// None that can occur.
pub(crate) fn pi() -> Result<Enclosure, Fault> {
    static ENDS: OnceLock<(Rational, Rational)> = OnceLock::new();
    let (low, high) = ENDS.get_or_init(|| {
        let ((a, b), (c, d)) = (arctan_of_inverse(5), arctan_of_inverse(239));
        let scaled = |x: &Rational, by: i64| x.clone() * Rational::integer(by);
        (scaled(&a, 16) - &scaled(&d, 4), scaled(&b, 16) - &scaled(&c, 4))
    });
    Ok(Enclosure::from_rational(low) + up_to(&Enclosure::from_rational(&(high.clone() - low)))?)
}

/// P[0 < Z < sqrt(q)] of a standard normal Z: phi(x) sum_k x^(2k+1)/(1 3 5 .. (2k+1)) at x = sqrt(q), whose terms are
/// all positive. Once they halve, what is left out is at most the last.
///
/// # Errors
/// Where an elementary function has no enclosure.
pub(crate) fn normal_between_0_and(q: &Rational) -> Result<Enclosure, Fault> {
    let half = Enclosure::ratio(1, 2);
    if *q > Rational::integer(FAR) {
        let tail = Enclosure::from_rational(&(Rational::integer(FAR) * Rational::ratio(-1, 2))).exp()? * &half;
        return Ok(half - up_to(&tail)?);
    }
    let square = Enclosure::from_rational(q);
    let mut term = Scalar::sqrt(&square)?;
    let (mut sum, mut odd) = (term.clone(), 1_u64);
    let halves_from = 2.0 * q.to_f64();
    while odd as f64 <= halves_from || term.ends().1 > SMALL {
        odd += 2;
        term = term * &square * Enclosure::ratio(1, odd);
        sum += &term;
    }
    sum += &up_to(&term)?;
    let density = (-square * &half).exp()?.divide(&Scalar::sqrt(&(pi()? * Enclosure::ratio(2, 1)))?)?;
    Ok(density * sum)
}

/// P[|z| <= c] of the median z of M = 2n + 1 draws, uniform with variance 1: with u = c/sqrt 3, at most 1,
/// (2n+1)!/(n!^2 4^n) sum_k C(n, k) (-1)^k u^(2k+1)/(2k+1).
///
/// # Errors
/// Where a comparison with the end of the support cannot be decided.
pub(crate) fn uniform_median_inside(workers: usize, c: &Enclosure) -> Result<Enclosure, Fault> {
    let n = (workers / 2) as i64;
    let u = c.divide(&Scalar::sqrt(&Enclosure::ratio(3, 1))?)?;
    let u = u.select_ge(&Enclosure::one(), &Enclosure::one(), &u)?;
    let square = u.clone() * &u;
    // (2n+1)!/(n!^2 4^n) = prod_j (2j + 1)/(2j)
    let scale = (1..=n).fold(Rational::one(), |s, j| s * Rational::ratio(2 * j + 1, 2 * j as u64));
    let (mut sum, mut power, mut binomial) = (Enclosure::zero(), u, Rational::one());
    for k in 0..=n {
        let sign = if k % 2 == 0 { 1 } else { -1 };
        let weight = binomial.clone() * Rational::ratio(sign, (2 * k + 1) as u64);
        sum += &(power.clone() * Enclosure::from_rational(&weight));
        power *= &square;
        binomial = binomial * Rational::ratio(n - k, (k + 1) as u64);
    }
    Ok(sum * Enclosure::from_rational(&scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(f: impl FnOnce() -> Result<Enclosure, Fault>) -> (f64, f64) {
        Enclosure::at_precision(BITS, f).unwrap().ends()
    }

    #[test]
    fn pi_lies_between_its_neighbours() {
        let (low, high) = at(pi);
        assert!(low <= std::f64::consts::PI && std::f64::consts::PI <= high && high - low < 1e-15);
    }

    #[test]
    fn the_normal_law_at_known_places() {
        // reference: mpmath 1.3, (erf(x/sqrt 2))/2 at x = 1, 1/10, 6
        for (q, want) in
            [("1", 0.341_344_746_068_543), ("1/100", 0.039_827_837_277_029), ("36", 0.499_999_999_013_412_3)]
        {
            let q: Rational = q.parse().unwrap();
            let (low, high) = at(|| normal_between_0_and(&q));
            assert!((low - want).abs() < 1e-15 && (high - want).abs() < 1e-15, "{low} {want} {high}");
        }
        let (low, high) = at(|| normal_between_0_and(&Rational::integer(1000)));
        assert!(low < 0.5 && 0.5 <= high && high - low < 1e-15);
    }

    #[test]
    fn the_median_of_three_uniform_draws() {
        // exact: u = 1/2, P = (3/2)(u - u^3/3) = 11/16; beyond the support everything lies inside
        let c = |by: Rational| Scalar::sqrt(&Enclosure::ratio(3, 1)).map(|root| root * Enclosure::from_rational(&by));
        let (low, high) = at(|| uniform_median_inside(3, &c(Rational::ratio(1, 2))?));
        assert!(low <= 0.6875 && 0.6875 <= high && high - low < 1e-15);
        let (low, high) = at(|| uniform_median_inside(5, &c(Rational::integer(2))?));
        assert!(low <= 1.0 && 1.0 <= high && high - low < 1e-15);
    }
}
