//! Tolerances of statistical tests, computed and not guessed.
//!
//! A test that draws at random should fail with a known probability when the code is right: choose `alpha`
//! (1e-9 is usual here, with fixed seeds), and take the tolerance from n.

use super::incomplete_gamma::gamma_tails;
use super::normal::normal_upper_quantile;
use super::special::bisect;

/// How far a mean of n values with standard deviation `sd` strays with probability alpha: z_(1 - alpha/2) sd/sqrt(n).
///
/// In the unit of `sd`. Asymptotic (normal): for n of a hundred and more and laws without heavy tails; take
/// [`super::bounded_mean`] where that is in doubt. Infinite for n = 0 or alpha = 0; alpha >= 1 gives at most 0.
///
/// ```
/// // reference: scipy 1.17.1, scipy.stats.norm.isf(0.005) / 10
/// let got = signcheck::internals::stats::tolerance::mean_tolerance(1.0, 100, 0.01);
/// assert!((got - 0.2575829303548901).abs() < 1e-15);
/// ```
#[must_use]
pub fn mean_tolerance(sd: f64, n: u64, alpha: f64) -> f64 {
    if n == 0 {
        return f64::INFINITY;
    }
    normal_upper_quantile(alpha / 2.0) * sd / (n as f64).sqrt()
}

/// How far the empirical distribution function strays from the true one: sqrt(ln(2/alpha)/(2 n)).
///
/// The inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant ("The tight constant in the
/// Dvoretzky-Kiefer-Wolfowitz inequality", Ann. Probab. 18, 1990); valid for every n and every law.
/// Infinite for n = 0.
#[must_use]
pub fn ks_tolerance(n: u64, alpha: f64) -> f64 {
    ((std::f64::consts::LN_2 - libm::log(alpha)) / (2.0 * n as f64)).sqrt()
}

/// The value that a chi-square variable with `df` degrees of freedom exceeds with probability alpha.
///
/// Pearson's statistic sum (observed - expected)^2/expected has about this law; keep expected counts at 10 or more.
/// Infinite for alpha <= 0, zero for alpha >= 1, NaN for df <= 0.
#[must_use]
pub fn chi_square_limit(df: f64, alpha: f64) -> f64 {
    if !(df > 0.0 && df.is_finite()) || alpha.is_nan() {
        return f64::NAN;
    }
    if alpha <= 0.0 {
        return f64::INFINITY;
    }
    if alpha >= 1.0 {
        return 0.0;
    }
    bisect(0.0, f64::MAX, |x| gamma_tails(df / 2.0, x / 2.0).1 > alpha).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chi_square_limits_agree_with_scipy() {
        // reference: scipy 1.17.1, scipy.stats.chi2.isf(alpha, df)
        for (df, alpha, expected) in [
            (1.0, 0.05, 3.841_458_820_694_128_5),
            (2.0, 0.01, 9.210_340_371_976_182),
            (10.0, 1e-9, 62.945_457_420_558_576),
            (255.0, 1e-6, 377.078_115_498_986_73),
            (9999.0, 1e-9, 10_870.625_907_447_684),
        ] {
            let got = chi_square_limit(df, alpha);
            assert!((got / expected - 1.0).abs() < 1e-12, "df = {df}: {got} against {expected}");
        }
    }

    #[test]
    fn closed_forms() {
        // exact: alpha = 2 e^-2 gives sqrt(2/(2 n)); two degrees of freedom give -2 ln alpha
        assert!((ks_tolerance(100, 2.0 * libm::exp(-2.0)) - 0.1).abs() < 1e-15);
        assert!((chi_square_limit(2.0, 1e-20) / (40.0 * std::f64::consts::LN_10) - 1.0).abs() < 1e-12);
        // identity: linear in sd, one over the root of n
        assert!((mean_tolerance(6.0, 400, 1e-6) / mean_tolerance(3.0, 100, 1e-6) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn tolerances_shrink_with_n_and_grow_as_alpha_falls() {
        for n in [10, 1000, 1_000_000] {
            assert!(mean_tolerance(1.0, 2 * n, 1e-6) < mean_tolerance(1.0, n, 1e-6));
            assert!(mean_tolerance(1.0, n, 1e-9) > mean_tolerance(1.0, n, 1e-6));
            assert!(ks_tolerance(2 * n, 1e-6) < ks_tolerance(n, 1e-6));
            assert!(ks_tolerance(n, 1e-9) > ks_tolerance(n, 1e-6));
        }
        assert!(chi_square_limit(5.0, 1e-9) > chi_square_limit(5.0, 1e-6));
    }

    #[test]
    fn ends() {
        assert_eq!(mean_tolerance(1.0, 0, 0.1), f64::INFINITY);
        assert_eq!(mean_tolerance(1.0, 4, 0.0), f64::INFINITY);
        assert_eq!(ks_tolerance(0, 0.1), f64::INFINITY);
        assert_eq!((chi_square_limit(3.0, 0.0), chi_square_limit(3.0, 1.0)), (f64::INFINITY, 0.0));
        assert!(chi_square_limit(0.0, 0.1).is_nan());
    }
}
