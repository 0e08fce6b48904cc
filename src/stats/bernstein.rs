//! The empirical Bernstein interval for the mean of a bounded variable.

use super::Interval;
use super::estimate::{around, real, usable};

/// mean +- [sqrt(2 v ln(4/alpha)/n) + 7 (b - a) ln(4/alpha)/(3 (n - 1))] for n >= 2 independent values in `range` = [a,
/// b].
///
/// `variance` is the sample variance v with n - 1.
/// **Source**: A. Maurer and M. Pontil, "Empirical Bernstein bounds and sample variance penalization", COLT 2009,
/// Theorem 4 (ln(2/delta) for one side), used on each side at delta = alpha/2 after scaling to [0, 1].
/// **Valid** for every n >= 2, alpha and law on the range. Not clipped to the range.
/// n < 2, an alpha outside (0, 1), a mean or variance that is no number or an infinite range give the whole line.
///
/// ```
/// // exact: with v = 0 the half-width is 7 ln(4/alpha)/(3 (n - 1)); ln(4/(4 e^-3)) = 3 and n = 8 give 1
/// use signcheck::internals::stats::{Interval, empirical_bernstein};
/// let unit = Interval::new(0.0, 1.0).unwrap();
/// let got = empirical_bernstein(8, 0.5, 0.0, unit, 4.0 * (-3.0_f64).exp());
/// assert!((got.high() - 1.5).abs() < 1e-14);
/// ```
#[must_use]
pub fn empirical_bernstein(n: u64, mean: f64, variance: f64, range: Interval, alpha: f64) -> Interval {
    if n < 2 || !usable(alpha) || variance.is_nan() {
        return Interval::WHOLE;
    }
    // ln 4 - ln alpha and not ln(4/alpha), which overflows at subnormal levels
    let log_term = 2.0 * std::f64::consts::LN_2 - libm::log(alpha);
    let spread = (2.0 * variance.max(0.0) * log_term / real(n)).sqrt();
    let price = 7.0 * range.width() * log_term / (3.0 * real(n - 1));
    around(mean, spread + price)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Interval {
        Interval::new(0.0, 1.0).expect("ordered")
    }

    #[test]
    fn half_width_is_the_closed_form() {
        // exact: ln(4/alpha) = 2 at alpha = 4 e^-2; n = 8, v = 1/4, range 3:
        // sqrt(2/4 * 2/8) + 7 * 3 * 2/21 = sqrt(1/8) + 2
        let range = Interval::new(-1.0, 2.0).expect("ordered");
        let got = empirical_bernstein(8, 0.5, 0.25, range, 4.0 * libm::exp(-2.0));
        let half = 0.125_f64.sqrt() + 2.0;
        assert!((got.high() - 0.5 - half).abs() < 1e-14 && (0.5 - got.low() - half).abs() < 1e-14);
    }

    #[test]
    fn scales_with_the_unit() {
        // identity: values times 10 multiply the width by 10 (a variance term of the wrong degree would not)
        let range = Interval::new(0.0, 10.0).expect("ordered");
        let (one, ten) =
            (empirical_bernstein(50, 0.5, 0.1, unit(), 1e-3), empirical_bernstein(50, 5.0, 10.0, range, 1e-3));
        assert!((ten.width() - 10.0 * one.width()).abs() < 1e-12);
    }

    #[test]
    fn narrows_with_n_and_nests_with_alpha() {
        for n in [2, 10, 1000, 1_000_000] {
            let width = |n| empirical_bernstein(n, 0.5, 0.2, unit(), 0.01).width();
            assert!(width(2 * n) < width(n));
            let at = |alpha| empirical_bernstein(n, 0.5, 0.2, unit(), alpha);
            assert!(at(1e-12).low() < at(1e-2).low() && at(1e-2).high() < at(1e-12).high());
        }
    }

    #[test]
    fn inputs_without_information_exclude_nothing() {
        assert_eq!(empirical_bernstein(1, 0.5, 0.0, unit(), 0.01), Interval::WHOLE);
        assert_eq!(empirical_bernstein(9, 0.5, f64::NAN, unit(), 0.01), Interval::WHOLE);
        assert_eq!(empirical_bernstein(9, 0.5, f64::INFINITY, unit(), 0.01), Interval::WHOLE);
        assert_eq!(empirical_bernstein(9, 0.5, 0.1, unit(), -1.0), Interval::WHOLE);
    }
}
