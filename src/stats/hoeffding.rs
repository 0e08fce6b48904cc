//! Hoeffding's interval for the mean of a bounded variable.

use super::Interval;
use super::estimate::{around, real, usable};

/// mean +- (b - a) sqrt(ln(2/alpha)/(2 n)) for n independent values in `range` = [a, b].
///
/// **Source**: W. Hoeffding, "Probability inequalities for sums of bounded random variables", JASA 58 (1963), Theorem
/// 2, on both sides. **Valid** for every n, alpha and law on the range. It does not use the variance:
/// [`super::empirical_bernstein`] wins where the variance is far below (b - a)^2/4. Not clipped to the range. n = 0, an
/// alpha outside (0, 1), a mean that is not finite or an infinite range give the whole line.
///
/// ```
/// // exact: sqrt(ln(200)/200) = 0.162762...
/// use signcheck::internals::stats::{Interval, hoeffding};
/// let unit = Interval::new(0.0, 1.0).unwrap();
/// assert!((hoeffding(100, 0.5, unit, 0.01).high() - 0.6627623631).abs() < 1e-9);
/// ```
#[must_use]
pub fn hoeffding(n: u64, mean: f64, range: Interval, alpha: f64) -> Interval {
    if n == 0 || !usable(alpha) {
        return Interval::WHOLE;
    }
    // ln 2 - ln alpha and not ln(2/alpha), which overflows at subnormal levels
    let log_term = std::f64::consts::LN_2 - libm::log(alpha);
    around(mean, range.width() * (log_term / (2.0 * real(n))).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Interval {
        Interval::new(0.0, 1.0).expect("ordered")
    }

    #[test]
    fn half_width_is_the_closed_form() {
        // exact: alpha = 2 e^-2 gives sqrt(2/(2 n)) = 1/sqrt(n); the width scales with the range
        let alpha = 2.0 * libm::exp(-2.0);
        for (n, low, high) in [(100, 0.0, 1.0), (10_000, -3.0, 5.0)] {
            let range = Interval::new(low, high).expect("ordered");
            let got = hoeffding(n, 0.25, range, alpha);
            let half = (high - low) / real(n).sqrt();
            assert!((got.high() - 0.25 - half).abs() < 1e-14 * (1.0 + half), "n = {n}");
            assert!((0.25 - got.low() - half).abs() < 1e-14 * (1.0 + half), "n = {n}");
        }
    }

    #[test]
    fn narrows_with_n_and_nests_with_alpha() {
        for n in [2, 10, 1000, 1_000_000] {
            assert!(hoeffding(2 * n, 0.5, unit(), 0.01).width() < hoeffding(n, 0.5, unit(), 0.01).width());
            let (wide, tight) = (hoeffding(n, 0.5, unit(), 1e-12), hoeffding(n, 0.5, unit(), 1e-2));
            assert!(wide.low() < tight.low() && tight.high() < wide.high());
        }
    }

    #[test]
    fn inputs_without_information_exclude_nothing() {
        let infinite = Interval::new(0.0, f64::INFINITY).expect("ordered");
        for got in [
            hoeffding(0, 0.5, unit(), 0.01),
            hoeffding(9, 0.5, unit(), 0.0),
            hoeffding(9, 0.5, unit(), 1.0),
            hoeffding(9, 0.5, unit(), f64::NAN),
            hoeffding(9, f64::NAN, unit(), 0.01),
            hoeffding(9, 0.5, infinite, 0.01),
        ] {
            assert_eq!(got, Interval::WHOLE);
        }
    }
}
