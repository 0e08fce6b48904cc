//! Binomial tails and the interval of Clopper and Pearson for a probability.

use super::estimate::{real, usable};
use super::incomplete_beta::beta_tails;
use super::special::bisect;
use super::{Coverage, Interval, MeanEstimate, MeanFault};

/// Relative amount by which the level is underspent, to stay above the error of the tails (see [`beta_tails`]).
const TAIL_ERROR: f64 = 1e-10;

/// P[Bin(n, p) >= k] = I_p(k, n - k + 1) (Abramowitz and Stegun 26.5.24); `p` is clamped to [0, 1].
///
/// Relative error as [`beta_tails`]: about 1e-13 where the tail is the smaller one and n <= 1e6.
///
/// ```
/// // exact: P[Bin(3, 1/2) >= 2] = 1/2
/// assert!((signcheck::internals::stats::binomial_at_least(2, 3, 0.5) - 0.5).abs() < 1e-15);
/// ```
#[must_use]
pub fn binomial_at_least(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        1.0
    } else if k > n {
        0.0
    } else {
        let p = p.clamp(0.0, 1.0);
        beta_tails(real(k), real(n - k + 1), p, 1.0 - p).0
    }
}

/// P[Bin(n, p) <= k] = 1 - I_p(k + 1, n - k); errors as [`binomial_at_least`].
#[must_use]
pub(super) fn binomial_at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        1.0
    } else {
        let p = p.clamp(0.0, 1.0);
        beta_tails(real(k + 1), real(n - k), p, 1.0 - p).1
    }
}

/// The probability behind `successes` in `n` independent trials, with an interval of error at most `alpha` for every n.
///
/// The ends solve P[Bin(n, low) >= k] = alpha/2 and P[Bin(n, high) <= k] = alpha/2, the end at k = 0 being 0 and that
/// at k = n being 1. **Source**: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934). **Valid** for every n and p
/// (conservative, because counts are discrete). Ends are found by bisection on the tails and rounded outward.
/// An `alpha` outside (0, 1) gives [0, 1].
///
/// # Errors
/// [`MeanFault::Empty`] for n = 0, [`MeanFault::TooManySuccesses`] for successes > n.
pub fn clopper_pearson(successes: u64, n: u64, alpha: f64) -> Result<MeanEstimate, MeanFault> {
    if n == 0 {
        return Err(MeanFault::Empty);
    }
    if successes > n {
        return Err(MeanFault::TooManySuccesses { successes, trials: n });
    }
    let value = real(successes) / real(n);
    let side = if usable(alpha) { alpha / 2.0 * (1.0 - TAIL_ERROR) } else { 0.0 };
    let low = if successes == 0 || side == 0.0 {
        0.0
    } else {
        bisect(0.0, value, |p| binomial_at_least(successes, n, p) <= side).0
    };
    let high = if successes == n || side == 0.0 {
        1.0
    } else {
        bisect(value, 1.0, |p| binomial_at_most(successes, n, p) > side).1
    };
    let interval = Interval::new(low, high).unwrap_or(Interval::WHOLE);
    Ok(MeanEstimate { value, interval, level: alpha, coverage: Coverage::FiniteSample })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn tails_agree_with_exact_counts() {
        // exact: binomial counts at p = 1/2 are binomial coefficients over 2^n
        let mut row = vec![1_u64];
        for n in 1..=40_u64 {
            let next: Vec<u64> = (0..=row.len())
                .map(|k| row.get(k).copied().unwrap_or(0) + if k > 0 { row[k - 1] } else { 0 })
                .collect();
            row = next;
            let all = f64::powi(2.0, n as i32);
            for k in 0..=n {
                let above: u64 = row[k as usize..].iter().sum();
                let below: u64 = row[..=k as usize].iter().sum();
                assert!((binomial_at_least(k, n, 0.5) * all / above as f64 - 1.0).abs() < 1e-12, "{k} of {n}");
                assert!((binomial_at_most(k, n, 0.5) * all / below as f64 - 1.0).abs() < 1e-12, "{k} of {n}");
            }
        }
        assert_eq!((binomial_at_least(0, 5, 0.3), binomial_at_least(6, 5, 0.3)), (1.0, 0.0));
        assert_eq!((binomial_at_least(2, 5, 0.0), binomial_at_most(4, 5, 1.0)), (0.0, 0.0));
    }

    #[test]
    fn ends_agree_with_scipy() {
        // reference: scipy 1.17.1, scipy.stats.beta.ppf(alpha/2, k, n-k+1) and beta.isf(alpha/2, k+1, n-k); the
        // tolerance is TAIL_ERROR over the smallest d ln(tail)/d ln(p), which is about 1
        for (k, n, alpha, low, high) in [
            (1, 10, 0.05, 0.002_528_578_544_461_784_8, 0.445_016_117_028_195_3),
            (5, 10, 0.05, 0.187_086_028_447_398_55, 0.812_913_971_552_601_5),
            (3, 1000, 1e-6, 1.448_915_096_477_157e-5, 0.021_937_562_897_423_706),
            (500_000, 1_000_000, 1e-9, 0.496_944_824_177_745_8, 0.503_055_175_822_254_1),
            (12, 1_000_000, 1e-9, 9.552_167_498_614_914e-7, 4.821_402_568_567_414_4e-5),
        ] {
            let got = clopper_pearson(k, n, alpha).expect("valid").interval;
            assert!((got.low() / low - 1.0).abs() < 2e-10 && got.low() < low, "{k} of {n}: {got}");
            assert!((got.high() / high - 1.0).abs() < 2e-10 && got.high() > high, "{k} of {n}: {got}");
        }
    }

    #[test]
    fn ends_solve_their_equations() {
        // identity: the tails at the ends are alpha/2, from below, to the part that is left unspent
        for n in [1_u64, 7, 1000, 1_000_000] {
            for k in [1, n.div_ceil(3), n / 2 + 1] {
                for alpha in [0.05, 1e-9] {
                    let interval = clopper_pearson(k, n, alpha).expect("valid").interval;
                    let tail = binomial_at_least(k, n, interval.low());
                    assert!(tail <= alpha / 2.0 && tail > alpha / 2.0 * (1.0 - 1e-8), "{k} of {n}: {tail}");
                    if k < n {
                        let tail = binomial_at_most(k, n, interval.high());
                        assert!(tail <= alpha / 2.0 && tail > alpha / 2.0 * (1.0 - 1e-8), "{k} of {n}: {tail}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_success_has_a_closed_form() {
        // exact: (1 - high)^n = alpha/2, so that high = -expm1(ln(alpha/2)/n)
        for n in [1, 20, 100_000] {
            let interval = clopper_pearson(0, n, 1e-6).expect("valid").interval;
            let high = -libm::expm1(libm::log(5e-7) / real(n));
            assert!(interval.low() == 0.0 && (interval.high() / high - 1.0).abs() < 1e-9, "n = {n}");
            let mirrored = clopper_pearson(n, n, 1e-6).expect("valid").interval;
            assert!(mirrored.high() == 1.0 && (mirrored.low() - (1.0 - high)).abs() < 1e-9, "n = {n}");
        }
    }

    #[test]
    fn coverage_is_exactly_enough_for_every_probability() {
        // exact: coverage at p is the sum of the probabilities of the counts whose interval holds p
        let (n, alpha) = (40, 0.05);
        let intervals: Vec<Interval> = (0..=n).map(|k| clopper_pearson(k, n, alpha).expect("valid").interval).collect();
        let mut least = 1.0_f64;
        for i in 1..1000 {
            let p = f64::from(i) / 1000.0;
            let mass = |k| binomial_at_least(k, n, p) - binomial_at_least(k + 1, n, p);
            let missed: f64 = (0..=n).filter(|&k| !intervals[k as usize].contains(p)).map(mass).sum();
            least = least.min(1.0 - missed);
        }
        // the lower limit would be undercut by a one-sided or a shifted interval, the upper one by a useless one
        assert!(least >= 1.0 - alpha - 1e-12 && least < 0.965, "{least}");
    }

    #[test]
    fn simulated_coverage() {
        // statistical: misses of 20000 intervals are at most binomial(20000, alpha); false alarm below 1e-9
        let (runs, n, alpha, p) = (20_000, 60, 0.05, 0.1);
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(3);
        let mut misses = 0;
        for _ in 0..runs {
            let successes = (0..n).filter(|_| random.random::<f64>() < p).count() as u64;
            misses += u64::from(!clopper_pearson(successes, n, alpha).expect("valid").interval.contains(p));
        }
        assert!(binomial_at_least(misses, runs, alpha) > 1e-9, "{misses}");
    }

    #[test]
    fn intervals_nest_and_narrow() {
        for n in [10, 1000, 100_000] {
            let at = |n, alpha| clopper_pearson(n / 10, n, alpha).expect("valid").interval;
            assert!(at(n, 1e-12).encloses(at(n, 1e-3)) && at(n, 1e-12) != at(n, 1e-3));
            assert!(at(10 * n, 1e-6).width() < at(n, 1e-6).width());
        }
    }

    #[test]
    fn faults() {
        assert_eq!(clopper_pearson(0, 0, 0.1), Err(MeanFault::Empty));
        assert_eq!(clopper_pearson(2, 1, 0.1), Err(MeanFault::TooManySuccesses { successes: 2, trials: 1 }));
        for alpha in [0.0, 1.0, f64::NAN] {
            assert_eq!(clopper_pearson(1, 2, alpha).map(|e| (e.interval.low(), e.interval.high())), Ok((0.0, 1.0)));
        }
    }
}
