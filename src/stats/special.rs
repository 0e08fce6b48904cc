//! Pieces shared by the incomplete beta and gamma functions, and bisection over the doubles.

use std::f64::consts::PI;

/// From here on four terms of Stirling's series are below 1e-16: the fifth is 1/(1188 z^9).
const STIRLING_FROM: f64 = 32.0;

/// The Stirling error, ln Gamma(z) - [(z - 1/2) ln z - z + ln(2 pi)/2], for z > 0; absolute error below 1e-14.
///
/// Large z by the series 1/(12 z) - 1/(360 z^3) + 1/(1260 z^5) - 1/(1680 z^7) (Abramowitz and Stegun 6.1.41);
/// small z by the recursion delta(z) = delta(z + 1) + (z + 1/2) ln(1 + 1/z) - 1, which follows from
/// Gamma(z + 1) = z Gamma(z).
pub(super) fn stirling_error(z: f64) -> f64 {
    let mut z = z;
    let mut carried = 0.0;
    while z < STIRLING_FROM {
        carried += (z + 0.5) * libm::log1p(1.0 / z) - 1.0;
        z += 1.0;
    }
    let w = 1.0 / (z * z);
    let series = (1.0 / 12.0 - w * (1.0 / 360.0 - w * (1.0 / 1260.0 - w / 1680.0))) / z;
    carried + series
}

/// v - ln(1 + v), without cancellation at small v; `ratio` is 1 + v, given apart because 1 + v loses it near 0.
///
/// With r = v/(2 + v), ln(1 + v) = 2 atanh r and v - 2 r = v r, so that the value is v r - 2 (r^3/3 + r^5/5 + ..).
pub(super) fn log_deficit(v: f64, ratio: f64) -> f64 {
    if v.abs() >= 0.5 {
        return v - libm::log(ratio);
    }
    let r = v / (2.0 + v);
    let square = r * r;
    // |r| <= 1/3, so that term j is below 9^-j: 18 terms reach 1e-17 of the leading one
    let mut tail = 0.0;
    for j in (1..=18).rev() {
        tail = square * (tail + 1.0 / f64::from(2 * j + 1));
    }
    v * r - 2.0 * r * tail
}

/// (a + b) x - a by one rounding, from the smaller of x and y = 1 - x, which carries full relative precision.
pub(super) fn beta_excess(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    if x <= y { libm::fma(x, n, -a) } else { -libm::fma(y, n, -b) }
}

/// x^a (1 - x)^b / B(a, b), with `y` = 1 - x and `excess` = [`beta_excess`] given apart; a, b > 0 and 0 < x < 1.
///
/// Loader's saddle-point form (C. Loader, "Fast and accurate computation of binomial probabilities", 2000). With
/// n = a + b and u = n x - a (the excess), the value is sqrt(a b/(2 pi n)) exp(delta(n) - delta(a) - delta(b) - a
/// phi(u/a) - b phi(-u/b)), phi(v) = v - ln(1 + v). The difference of three log-gammas would lose eps * n ln n instead.
pub(super) fn beta_kernel(a: f64, b: f64, x: f64, y: f64, excess: f64) -> f64 {
    let n = a + b;
    let deviance = a * log_deficit(excess / a, n * x / a) + b * log_deficit(-excess / b, n * y / b);
    let corrections = stirling_error(n) - stirling_error(a) - stirling_error(b);
    (a / n * b / (2.0 * PI)).sqrt() * libm::exp(corrections - deviance)
}

/// x^a e^-x / Gamma(a) for a, x > 0, by the same form: sqrt(a/(2 pi)) exp(-delta(a) - a phi(x/a - 1)).
pub(super) fn gamma_kernel(a: f64, x: f64) -> f64 {
    let deviance = a * log_deficit((x - a) / a, x / a);
    (a / (2.0 * PI)).sqrt() * libm::exp(-stirling_error(a) - deviance)
}

/// Adjacent doubles (l, h), l < h, between which a predicate on [low, high] turns from true to false.
///
/// The predicate is taken to hold at `low` and to fail at `high` without being evaluated. Both must be non-negative and
/// low < high, else the pair is returned unchanged. Bit patterns of non-negative doubles are ordered as the numbers
/// are, so that at most 64 halvings reach full relative precision at any magnitude.
pub(super) fn bisect(low: f64, high: f64, mut holds: impl FnMut(f64) -> bool) -> (f64, f64) {
    let (mut l, mut h) = (low.to_bits(), high.to_bits());
    while h > l && h - l > 1 {
        let middle = l + (h - l) / 2;
        if holds(f64::from_bits(middle)) {
            l = middle;
        } else {
            h = middle;
        }
    }
    (f64::from_bits(l), f64::from_bits(h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stirling_error_gives_back_exact_gammas() {
        // exact: Gamma(1) = 1, Gamma(1/2) = sqrt(pi), Gamma(5) = 24, Gamma(11) = 3628800; tolerance 1e-14 as documented
        for (z, gamma) in [(1.0, 1.0), (0.5, PI.sqrt()), (5.0, 24.0), (11.0, 3_628_800.0)] {
            let rebuilt = libm::log(gamma) - ((z - 0.5) * libm::log(z) - z + 0.5 * libm::log(2.0 * PI));
            assert!((stirling_error(z) - rebuilt).abs() < 1e-14, "z = {z}");
        }
    }

    #[test]
    fn stirling_error_is_continuous_where_the_method_changes() {
        // identity: the recursion from just below the switch and the series at it agree; slope is -1/(12 z^2) = -8e-5
        let below = stirling_error(STIRLING_FROM - 1e-9);
        assert!((below - stirling_error(STIRLING_FROM)).abs() < 1e-12);
    }

    #[test]
    fn log_deficit_is_right_at_small_and_large_arguments() {
        // reference: mpmath 1.4.1, mp.dps = 40, v - log(1 + v) at the exact doubles
        for (v, expected) in [
            (1e-8, 4.999_999_966_666_667e-17),
            (-0.4, 0.110_825_623_765_990_7),
            (0.25, 0.026_856_448_685_790_246),
            (3.0, 1.613_705_638_880_109_4),
        ] {
            let got = log_deficit(v, 1.0 + v);
            assert!((got - expected).abs() <= 1e-15 * expected.abs(), "v = {v}: {got} against {expected}");
        }
    }

    #[test]
    fn bisection_ends_at_adjacent_doubles() {
        // exact: the largest double whose square is at most 2 is below sqrt(2), its neighbour above
        let (l, h) = bisect(0.0, 2.0, |x| x * x < 2.0);
        assert_eq!(l.next_up(), h);
        assert!(l * l < 2.0 && h * h >= 2.0);
        // exact: full relative precision at tiny magnitude
        let (l, _) = bisect(0.0, 1.0, |x| x <= 3e-300);
        assert_eq!(l, 3e-300);
    }
}
