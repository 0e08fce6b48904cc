//! Student's t: its tail and quantile, and the asymptotic interval for a mean.

use super::estimate::{around, real, usable};
use super::incomplete_beta::beta_tails;
use super::special::bisect;
use super::{Coverage, Interval, MeanEstimate, MeanFault, Moments};

/// Past this the square of t overflows; the tail is taken as 0 and the quantile as infinite.
const FURTHEST: f64 = 1e150;

/// `P[T > t]` for `df` > 0 degrees of freedom: I_x(df/2, 1/2)/2 at x = df/(df + t^2) for t >= 0 (A&S 26.7.1).
///
/// Relative error about 1e-13 for df up to 1e6. NaN for a `df` that is not positive and finite.
#[must_use]
pub(super) fn student_upper_tail(df: f64, t: f64) -> f64 {
    if t < 0.0 {
        return 1.0 - student_upper_tail(df, -t);
    }
    if t > FURTHEST {
        return 0.0;
    }
    let square = t * t;
    beta_tails(df / 2.0, 0.5, df / (df + square), square / (df + square)).0 / 2.0
}

/// The t with `P[T > t]` = q, for 0 < q <= 1/2; by bisection on the tail, to a relative error of about 1e-13.
///
/// Infinite for q = 0 (or where t would pass 1e150); mirrored for q > 1/2; NaN outside [0, 1] or for a `df` that
/// is not positive and finite.
///
/// ```
/// // exact: one degree of freedom is Cauchy's law, P[T > 1] = 1/4
/// assert!((signcheck::internals::stats::student_upper_quantile(1.0, 0.25) - 1.0).abs() < 1e-13);
/// ```
#[must_use]
pub fn student_upper_quantile(df: f64, q: f64) -> f64 {
    if !(df > 0.0 && df.is_finite() && (0.0..=1.0).contains(&q)) {
        f64::NAN
    } else if q > 0.5 {
        -student_upper_quantile(df, 1.0 - q)
    } else if q == 0.5 {
        0.0
    } else if q == 0.0 || student_upper_tail(df, FURTHEST) > q {
        f64::INFINITY
    } else {
        bisect(0.0, FURTHEST, |t| student_upper_tail(df, t) > q).1
    }
}

/// The mean with Student's interval, mean +- t_(n-1, 1 - alpha/2) sd/sqrt(n). **Asymptotic**: exact for normal
/// replicates only, and far below its level for laws whose rare large values the sample has not met.
///
/// Replicates that are all the same double (a deterministic run) give the point itself. That is a convention of
/// asymptotic evidence: a sample cannot show that a variance is zero; where a range is known, [`super::bounded_mean`]
/// does not fall for it. One replicate, or an `alpha` outside (0, 1), gives the whole line.
///
/// # Errors
/// As [`Moments::checked_mean`].
pub fn student_mean(moments: &Moments, alpha: f64) -> Result<MeanEstimate, MeanFault> {
    let value = moments.checked_mean()?;
    let interval = match moments.standard_error() {
        Some(_) if !usable(alpha) => Interval::WHOLE,
        Some(_) if moments.is_constant() => Interval::point(value),
        Some(error) => {
            let quantile = student_upper_quantile(real(moments.count() - 1), alpha / 2.0);
            around(value, quantile * error + moments.mean_rounding())
        }
        None => Interval::WHOLE,
    };
    Ok(MeanEstimate { value, interval, level: alpha, coverage: Coverage::Asymptotic })
}

/// Fewest values for which the normal limit is used.
const FEWEST: u64 = 30;
/// Largest fraction of the centred square that one value may have.
const LARGEST_SHARE: f64 = 0.25;

/// Why the spread of these values is no ground for [`student_mean`]: too few, no spread, or a spread that is one
/// value's.
///
/// A sample in which every value is the same says nothing of what it did not see: an event of probability p is missing
/// from it with probability (1 - p)^n. One in which a single value makes a quarter of the variance or more has seen its
/// tail once or a few times, and the next sample may not have.
#[must_use]
pub(crate) fn no_normal_limit(moments: &Moments) -> Option<String> {
    let n = moments.count();
    if n < FEWEST {
        return Some(format!("{n} replicates are too few for an asymptotic interval, which needs {FEWEST}"));
    }
    let (Some(mean), Some(low), Some(high)) = (moments.mean(), moments.minimum(), moments.maximum()) else {
        return None;
    };
    if low == high {
        return Some(format!(
            "all {n} replicates gave the same value: a sample without spread says nothing of what it did not see"
        ));
    }
    let furthest = (high - mean).max(mean - low);
    (furthest * furthest > LARGEST_SHARE * moments.centred_square()).then(|| {
        format!("one of {n} replicates makes a quarter or more of the variance: the tail was not seen often enough")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{binomial_at_least, normal_upper_quantile};
    use rand::{RngExt, SeedableRng};
    use rand_distr::StandardNormal;

    #[test]
    fn quantiles_are_right_in_the_far_tail() {
        // reference: scipy 1.17.1, scipy.stats.t.isf(q, df); each was put back into the tail by mpmath 1.4.1
        // (quadrature of the density, mp.dps = 25), which gave q to 4e-15
        for (df, q, expected) in [
            (1.0, 0.025, 12.706_204_736_174_705),
            (1.0, 5e-10, 636_619_772.367_581_4),
            (2.0, 5e-10, 31_622.776_577_966_713),
            (3.0, 5e-10, 1_301.637_167_291_692_8),
            (4.0, 0.025, 2.776_445_105_197_794_3),
            (4.0, 5e-10, 278.309_779_924_409_9),
            (9.0, 5e-10, 25.656_267_699_613_768),
            (30.0, 5e-10, 8.721_511_224_373_06),
            (99.0, 5e-10, 6.752_948_013_070_114),
            (9999.0, 5e-10, 6.115_269_171_418_585),
            (1e6, 0.025, 1.959_966_356_814_107_2),
            (1e6, 5e-10, 6.109_468_740_974_071),
        ] {
            let got = student_upper_quantile(df, q);
            assert!((got / expected - 1.0).abs() < 1e-13, "df = {df}, q = {q}: {got} against {expected}");
        }
    }

    #[test]
    fn closed_forms_of_one_and_two_degrees() {
        for q in [0.3, 1e-3, 1e-9, 1e-30] {
            // exact: Cauchy's quantile is 1/tan(pi q), that of two degrees (1 - 2q)/sqrt(2 q (1 - q))
            let cauchy = 1.0 / libm::tan(std::f64::consts::PI * q);
            assert!((student_upper_quantile(1.0, q) / cauchy - 1.0).abs() < 1e-12, "q = {q}");
            let two = (1.0 - 2.0 * q) / (2.0 * q * (1.0 - q)).sqrt();
            assert!((student_upper_quantile(2.0, q) / two - 1.0).abs() < 1e-12, "q = {q}");
        }
    }

    #[test]
    fn tends_to_the_normal_from_above() {
        // exact: t = z + (z^3 + z)/(4 df) + O(df^-2) (A&S 26.7.5); at df = 1e9 the next term is below 1e-14
        let z = normal_upper_quantile(1e-6);
        let t = student_upper_quantile(1e9, 1e-6);
        assert!((t - z - (z * z * z + z) / 4e9).abs() < 1e-9 && t > z, "{t} against {z}");
    }

    #[test]
    fn ends_of_the_quantile() {
        assert_eq!(student_upper_quantile(5.0, 0.5), 0.0);
        assert_eq!(student_upper_quantile(5.0, 0.0), f64::INFINITY);
        assert_eq!(student_upper_quantile(5.0, 0.75), -student_upper_quantile(5.0, 0.25));
        assert!(student_upper_quantile(0.0, 0.1).is_nan() && student_upper_quantile(5.0, -0.1).is_nan());
        assert!(student_upper_quantile(5.0, f64::NAN).is_nan());
        assert!((student_upper_tail(3.0, -1.0) + student_upper_tail(3.0, 1.0) - 1.0).abs() < 1e-15);
    }

    fn sample(n: u32, random: &mut rand_xoshiro::Xoshiro256PlusPlus) -> Moments {
        let mut m = Moments::default();
        for _ in 0..n {
            m.push(3.0 + 2.0 * random.sample::<f64, _>(StandardNormal));
        }
        m
    }

    #[test]
    fn coverage_is_exact_for_normal_replicates() {
        // statistical: misses are binomial(runs, alpha) exactly; two-sided at 1e-9
        let (runs, alpha, n) = (20_000, 0.05, 5);
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(5);
        let (mut misses, mut misses_of_normal) = (0, 0);
        for _ in 0..runs {
            let m = sample(n, &mut random);
            misses += u64::from(!student_mean(&m, alpha).expect("finite").interval.contains(3.0));
            let half = normal_upper_quantile(alpha / 2.0) * m.standard_error().expect("n > 1");
            misses_of_normal += u64::from((m.mean().expect("n > 0") - 3.0).abs() > half);
        }
        assert!(binomial_at_least(misses, runs, alpha) > 5e-10, "{misses}");
        assert!(1.0 - binomial_at_least(misses + 1, runs, alpha) > 5e-10, "{misses}");
        // the check has teeth: normal quantiles at n = 5 fail it
        assert!(binomial_at_least(misses_of_normal, runs, alpha) < 1e-9, "{misses_of_normal}");
    }

    #[test]
    fn a_spread_that_says_nothing_is_refused() {
        // exact: n values 0 and k values 1 have the centred square n k/(n + k), and the furthest value is n/(n + k)
        // away. Its fraction is n/(k (n + k)), above 1/4 for k <= 3 and below it for k = 4
        let sample = |zeros: u32, ones: u32| {
            let mut m = Moments::default();
            (0..zeros).for_each(|_| m.push(0.0));
            (0..ones).for_each(|_| m.push(1.0));
            no_normal_limit(&m)
        };
        assert!(sample(1000, 0).is_some_and(|why| why.contains("same value")));
        assert!(sample(1000, 1).is_some_and(|why| why.contains("variance")));
        assert!(sample(1000, 3).is_some() && sample(1000, 4).is_none());
        assert!(sample(14, 15).is_some_and(|why| why.contains("too few")) && sample(15, 15).is_none());
    }

    #[test]
    fn intervals_nest_and_narrow() {
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(6);
        let few = sample(10, &mut random);
        let at = |m: &Moments, alpha| student_mean(m, alpha).expect("finite").interval;
        assert!(at(&few, 1e-9).encloses(at(&few, 1e-2)) && at(&few, 1e-9).width() > at(&few, 1e-2).width());
        // the same values ten times over: mean and spread stay, n grows
        let mut many = Moments::default();
        (0..10).for_each(|_| many.merge(&few));
        assert!(at(&many, 1e-6).width() < at(&few, 1e-6).width());
    }

    #[test]
    fn deterministic_and_single_replicates() {
        let mut m = Moments::default();
        m.push(0.1);
        assert_eq!(student_mean(&m, 0.01).map(|e| e.interval), Ok(Interval::WHOLE));
        m.push(0.1);
        assert_eq!(student_mean(&m, 0.01).map(|e| e.interval), Ok(Interval::point(0.1)));
        assert_eq!(student_mean(&m, 1.0).map(|e| e.interval), Ok(Interval::WHOLE));
        m.push_diverged(7);
        assert_eq!(student_mean(&m, 0.01), Err(MeanFault::Diverged { replicates: 1, first_step: Some(7) }));
        assert_eq!(student_mean(&Moments::default(), 0.01), Err(MeanFault::Empty));
    }
}
