//! The standard normal distribution's tail and quantile, to the ends of double precision.

use super::special::bisect;
use std::f64::consts::SQRT_2;

/// `P[Z > z]` = erfc(z/sqrt 2)/2 by libm; the relative error in the far tail is about z^2 eps (1e-13 at z = 30).
#[must_use]
pub(crate) fn normal_upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// The z with `P[Z > z]` = q; accurate to a few ulps for q from 1e-308 to 1 - 1e-16, infinite at 0 and 1, NaN outside
/// [0, 1].
///
/// Bisection over the doubles, on erf near the middle, where the tail is flat in relative terms, and on erfc elsewhere.
#[must_use]
pub(crate) fn normal_upper_quantile(q: f64) -> f64 {
    // past this point the tail underflows to 0
    const FURTHEST: f64 = 40.0;
    if !(0.0..=1.0).contains(&q) {
        f64::NAN
    } else if q == 0.0 {
        f64::INFINITY
    } else if q > 0.5 {
        -normal_upper_quantile(1.0 - q)
    } else if q > 0.25 {
        // 1 - 2 q is exact here
        let (low, high) = bisect(0.0, 1.0, |z| libm::erf(z / SQRT_2) < 1.0 - 2.0 * q);
        nearer(low, high, |z| libm::erf(z / SQRT_2) - (1.0 - 2.0 * q))
    } else {
        let (low, high) = bisect(0.0, FURTHEST, |z| normal_upper_tail(z) > q);
        nearer(low, high, |z| normal_upper_tail(z) - q)
    }
}

/// The one of two neighbours at which a function is nearer to 0.
fn nearer(low: f64, high: f64, error: impl Fn(f64) -> f64) -> f64 {
    if error(low).abs() < error(high).abs() { low } else { high }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_reach_the_far_tail() {
        // reference: mpmath 1.4.1, mp.dps = 40, findroot of log(erfc(z/sqrt(2))/2) - log(q) at the double q
        for (q, expected) in [
            (0.3, 0.524_400_512_708_040_8),
            (0.025, 1.959_963_984_540_054_3),
            (1e-3, 3.090_232_306_167_813_6),
            (1e-9, 5.997_807_015_007_686_5),
            (1e-15, 7.941_345_326_170_997),
            (1e-100, 21.273_453_560_965_326),
            (1e-300, 37.047_096_299_361_2),
        ] {
            let z = normal_upper_quantile(q);
            assert!((z / expected - 1.0).abs() < 1e-15, "q = {q}: {z} against {expected}");
        }
    }

    proptest! {
        #[test]
        fn quantile_inverts_the_tail(exponent in -300.0..-0.01_f64) {
            // identity: a step of one ulp in z moves the tail by z^2 eps relative; erfc's own error is of that size too
            let q = 10_f64.powf(exponent);
            let z = normal_upper_quantile(q);
            prop_assert!((normal_upper_tail(z) / q - 1.0).abs() <= 4.0 * f64::EPSILON * (2.0 + z * z));
        }
    }

    #[test]
    fn ends() {
        assert_eq!(normal_upper_quantile(0.5), 0.0);
        assert_eq!((normal_upper_quantile(1.0), normal_upper_quantile(0.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(normal_upper_quantile(-0.1).is_nan() && normal_upper_quantile(f64::NAN).is_nan());
        assert_eq!(normal_upper_quantile(0.75), -normal_upper_quantile(0.25));
    }
}
