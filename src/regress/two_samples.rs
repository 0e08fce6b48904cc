//! Whether two independent samples have the same mean, and the smallest difference that would show.
//!
//! Both sides carry noise: the baseline's replicates were drawn too. With standard errors s_a, s_b the difference of
//! the means has s^2 = s_a^2 + s_b^2, and an alarm is given where it exceeds a threshold:
//!
//! - **finite-sample**, where the statistic has a range of width R: the smaller of Hoeffding's
//!   R sqrt(ln(2/a)(1/n_a + 1/n_b)/2) and the sum of the two samples' empirical Bernstein widths, each at its part of
//!   the level; valid for every n.
//! - **asymptotic**: t s, t the quantile of Student's law with Welch's degrees of freedom. With equal numbers of
//!   replicates, as `regress` draws them, the difference of two samples of one law is symmetric, whatever the law:
//!   skewness, the main error of the normal limit, cancels.
//!
//! Each test has half of the entry's level. The baseline alone chooses which one decides (the rigorous one, where it
//! needs at most twice the width), so that neither the choice nor the second sample can spend more than the level.

use crate::stats::{Interval, empirical_bernstein, normal_upper_quantile, student_upper_quantile};

/// Probability with which the smallest detectable change is detected.
pub(super) const CERTAINTY: f64 = 0.99;
/// The rigorous threshold is used up to this many times the asymptotic one.
const PRICE_OF_RIGOUR: f64 = 2.0;
/// Rounding of a mean, relative to its size: another grouping of the same replicates may change it by this much.
const ROUNDING: f64 = 1e-12;

/// The mean of a sample, with its noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The mean, or a functional of means, in the quantity's unit.
    pub mean: f64,
    /// Its standard error; of a functional of several means (their min, say) the largest of theirs.
    pub standard_error: f64,
    /// Independent replicates.
    pub replicates: u64,
    /// The range of one replicate's value, where it has one and the mean is a plain one.
    pub range: Option<(f64, f64)>,
    /// Number of means that a functional combines: the level is divided among them. 1 for a plain mean.
    pub among: u64,
}

/// What a threshold rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Valid for every number of replicates.
    FiniteSample,
    /// Valid in the limit of many.
    Asymptotic,
    /// Neither sample varied: complete separation of equal values, by permutations; valid for every number.
    Permutation,
}

/// The result of a comparison of two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tested {
    /// Whether the means differ, at the level; `None` where the samples cannot decide.
    pub differs: Option<bool>,
    /// |difference| beyond which they count as different.
    pub threshold: f64,
    /// The difference of the true means that is detected with probability [`CERTAINTY`] (normal approximation).
    /// `None` where no spread was seen, or it is not finite.
    pub detectable: Option<f64>,
    /// What the threshold rests on.
    pub method: Method,
}

/// Tests whether `new` has the mean of `old`, at level `alpha`.
#[must_use]
pub(crate) fn compare_samples(old: &Sample, new: &Sample, alpha: f64) -> Tested {
    let spread = libm::hypot(old.standard_error, new.standard_error);
    let rounding = ROUNDING * (old.mean.abs() + new.mean.abs());
    let difference = (new.mean - old.mean).abs();
    if !(spread.is_finite() && difference.is_finite()) || old.replicates < 2 || new.replicates < 2 {
        return Tested { differs: None, threshold: f64::INFINITY, detectable: None, method: Method::Asymptotic };
    }
    if spread <= rounding {
        let differs = if difference <= rounding {
            Some(false)
        } else {
            (separation(old.replicates, new.replicates) < alpha).then_some(true)
        };
        return Tested { differs, threshold: rounding, detectable: None, method: Method::Permutation };
    }
    let alpha = alpha / 2.0;
    // Comparing the baseline with itself selects the method before the new sample is looked at.
    let rigorous = rigorous(old, old, alpha).is_some_and(|w| w <= PRICE_OF_RIGOUR * welch(old, old, alpha));
    let (threshold, method) = match rigorous.then(|| self::rigorous(old, new, alpha)).flatten() {
        Some(width) => (width, Method::FiniteSample),
        None => (welch(old, new, alpha), Method::Asymptotic),
    };
    let threshold = threshold + rounding;
    let detectable = threshold + normal_upper_quantile(1.0 - CERTAINTY) * spread;
    let detectable = detectable.is_finite().then_some(detectable);
    let differs = if threshold.is_finite() { Some(difference > threshold) } else { None };
    Tested { differs, threshold, detectable, method }
}

/// Student's threshold with Welch's degrees of freedom.
fn welch(a: &Sample, b: &Sample, alpha: f64) -> f64 {
    // Relative to the larger error, so that no fourth power overflows.
    let scale = a.standard_error.max(b.standard_error);
    let (ra, rb) = (a.standard_error / scale, b.standard_error / scale);
    let (va, vb) = (ra * ra, rb * rb);
    let share = alpha / a.among.max(b.among).max(1) as f64;
    let (da, db) = ((a.replicates - 1) as f64, (b.replicates - 1) as f64);
    let degrees = (va + vb) * (va + vb) / (va * va / da + vb * vb / db);
    student_upper_quantile(degrees, share / 2.0) * (va + vb).sqrt() * scale
}

/// The threshold for values in a known range; `None` where there is none.
fn rigorous(a: &Sample, b: &Sample, alpha: f64) -> Option<f64> {
    let ((la, ha), (lb, hb)) = (a.range?, b.range?);
    let share = alpha / a.among.max(b.among).max(1) as f64;
    // Under the hypothesis that nothing moved both have the same law, and with it one range.
    let range = Interval::new(la.min(lb), ha.max(hb)).filter(|r| r.is_finite())?;
    let (na, nb) = (a.replicates as f64, b.replicates as f64);
    // Half of the test's level each, since the smaller of two widths is one of them.
    let log_term = 2.0 * std::f64::consts::LN_2 - libm::log(share);
    let by_range = range.width() * (0.5 * log_term * (1.0 / na + 1.0 / nb)).sqrt();
    let half = |s: &Sample| {
        let variance = s.standard_error * s.standard_error * s.replicates as f64;
        0.5 * empirical_bernstein(s.replicates, 0.0, variance, range, share / 4.0).width()
    };
    Some(by_range.min(half(a) + half(b)))
}

/// If all values were drawn alike: the probability that all values of one sample are equal and differ from all of the
/// other, which are equal. It is at most 2/C(n_a + n_b, n_a), by permutations of the pooled values.
fn separation(na: u64, nb: u64) -> f64 {
    let (small, total) = (na.min(nb), na + nb);
    let mut probability = 2.0;
    for i in 0..small {
        probability *= (small - i) as f64 / (total - i) as f64;
        if probability < 1e-300 {
            break;
        }
    }
    probability
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Moments;
    use rand::{RngExt, SeedableRng};

    fn sample(mean: f64, standard_error: f64, replicates: u64) -> Sample {
        Sample { mean, standard_error, replicates, range: None, among: 1 }
    }

    #[test]
    fn welch_is_the_textbook_threshold() {
        // identity: equal errors and numbers give 2 (n - 1) degrees of freedom, and the entry's level is halved
        let (a, alpha) = (sample(0.0, 0.5, 11), 0.02);
        let expected = student_upper_quantile(20.0, alpha / 4.0) * (0.5_f64 * 0.5 * 2.0).sqrt();
        let got = compare_samples(&a, &a, alpha);
        assert!((got.threshold - expected).abs() < 1e-12 * expected);
        assert_eq!((got.differs, got.method), (Some(false), Method::Asymptotic));
        // exact: the smallest detectable change is z_0.99 standard errors beyond it; z_0.99 = 2.3263478740408408
        // (scipy)
        let beyond = got.detectable.unwrap() - got.threshold;
        assert!((beyond - 2.326_347_874_040_841 * 0.5_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn samples_that_do_not_vary_are_told_apart_by_permutations() {
        // exact: 2/C(4, 2) = 1/3, 2/C(20, 10) = 2/184756
        assert!((separation(2, 2) - 1.0 / 3.0).abs() < 1e-15);
        assert!((separation(10, 10) - 2.0 / 184_756.0).abs() < 1e-18);
        let test = |n| compare_samples(&sample(1.0, 0.0, n), &sample(2.0, 0.0, n), 1e-8).differs;
        assert_eq!(test(4), None);
        assert_eq!(test(64), Some(true));
        assert_eq!(compare_samples(&sample(1.0, 0.0, 4), &sample(1.0, 0.0, 4), 1e-8).differs, Some(false));
    }

    #[test]
    fn no_scale_is_too_large_or_too_small() {
        // identity: everything scales with the unit of the quantity
        let at = |unit: f64| compare_samples(&sample(2.0 * unit, unit, 50), &sample(3.0 * unit, unit, 50), 1e-6);
        for unit in [1e-300, 1e-90, 1e80, 1e300] {
            let (here, one) = (at(unit), at(1.0));
            assert_eq!((here.differs, here.method), (one.differs, one.method), "{unit}");
            assert!((here.threshold / unit / one.threshold - 1.0).abs() < 1e-9, "{unit}: {}", here.threshold);
        }
    }

    #[test]
    fn too_few_replicates_tell_nothing() {
        assert_eq!(compare_samples(&sample(1.0, 0.0, 1), &sample(2.0, 0.1, 100), 0.1).differs, None);
        assert_eq!(compare_samples(&sample(1.0, f64::INFINITY, 9), &sample(2.0, 0.1, 100), 0.1).differs, None);
    }

    #[test]
    fn a_functional_of_many_means_shares_the_level() {
        let one = compare_samples(&sample(0.0, 1.0, 1000), &sample(0.0, 1.0, 1000), 1e-4);
        let many = Sample { among: 100, ..sample(0.0, 1.0, 1000) };
        let shared = compare_samples(&many, &many, 1e-4);
        let alone = compare_samples(&sample(0.0, 1.0, 1000), &sample(0.0, 1.0, 1000), 1e-6);
        assert!(one.threshold < shared.threshold);
        assert!((shared.threshold - alone.threshold).abs() < 1e-12);
    }

    fn moments(values: impl Iterator<Item = f64>, range: Option<(f64, f64)>) -> Sample {
        let mut m = Moments::default();
        values.for_each(|v| m.push(v));
        Sample {
            mean: m.mean().unwrap(),
            standard_error: m.standard_error().unwrap(),
            replicates: m.count(),
            range,
            among: 1,
        }
    }

    /// Number of alarms in 10 000 comparisons of two samples of one law.
    fn alarms(alpha: f64, n: usize, range: Option<(f64, f64)>, shift: f64, draw: impl Fn(f64) -> f64) -> (u64, Method) {
        let mut generator = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(7);
        let mut found = (0, Method::Asymptotic);
        for _ in 0..10_000 {
            let mut sample = |shift: f64| {
                moments((0..n).map(|_| draw(generator.random::<f64>()) + shift).collect::<Vec<_>>().into_iter(), range)
            };
            let (a, b) = (sample(0.0), sample(shift));
            let tested = compare_samples(&a, &b, alpha);
            found.0 += u64::from(tested.differs == Some(true));
            found.1 = tested.method;
        }
        found
    }

    /// statistical: a binomial count of 10 000 with probability p strays by z sqrt(n p (1 - p)), here at 1e-9.
    fn tolerance(p: f64) -> f64 {
        1e4 * crate::stats::tolerance::mean_tolerance((p * (1.0 - p)).sqrt(), 10_000, 1e-9)
    }

    #[test]
    fn a_shift_of_four_errors_differs_and_one_of_a_few_does_not() {
        let sample = |mean| Sample { mean, standard_error: 0.01, replicates: 10_000, range: None, among: 1 };
        // exact: the difference has the standard error 0.01 sqrt 2; 0.06 is 4.2 of these, and P[|Z| > 3.29] = 1e-3
        assert_eq!(compare_samples(&sample(1.0), &sample(1.06), 1e-3).differs, Some(true));
        assert_eq!(compare_samples(&sample(1.0), &sample(1.02), 1e-3).differs, Some(false));
    }

    #[test]
    fn ten_thousand_comparisons_alarm_as_stated() {
        // An inflated level of 0.2: the asymptotic test has half of it, 0.1.
        let expected = 0.1;
        let (normal, method) = alarms(0.2, 100, None, 0.0, |u| -crate::stats::normal_upper_quantile(u));
        assert_eq!(method, Method::Asymptotic);
        assert!((normal as f64 - 1e4 * expected).abs() < tolerance(expected), "{normal} alarms of 10000");
        // A skewed law with a heavy tail (Pareto with exponent 3): no more than stated.
        let (heavy, _) = alarms(0.2, 100, None, 0.0, |u| libm::pow(1.0 - u, -1.0 / 3.0));
        assert!((heavy as f64) < 1e4 * expected + tolerance(expected), "{heavy} alarms of 10000");
        // A rare event of probability 1/50 among 200: most samples are far from normal.
        let (rare, _) = alarms(0.2, 200, None, 0.0, |u| f64::from(u < 0.02));
        assert!((rare as f64) < 1e4 * expected + tolerance(expected), "{rare} alarms of 10000");
    }

    #[test]
    fn a_known_range_gives_a_level_for_every_number() {
        let (coins, method) = alarms(0.2, 20, Some((0.0, 1.0)), 0.0, |u| f64::from(u < 0.5));
        assert_eq!(method, Method::FiniteSample);
        assert!((coins as f64) < 1e3 + tolerance(0.1), "{coins} alarms of 10000");
    }

    #[test]
    fn the_smallest_detectable_change_is_detected() {
        let (alpha, n) = (1e-6, 400);
        let sd = 1.0 / 12.0_f64.sqrt();
        let like = Sample { replicates: n as u64, ..sample(0.5, sd / (n as f64).sqrt(), 0) };
        let shift = compare_samples(&like, &like, alpha).detectable.unwrap();
        let (found, _) = alarms(alpha, n, None, shift, |u| u);
        // statistical: at least 0.99 of 10 000, less what a count strays at 1e-9 and 0.2 % for the estimated threshold
        assert!(found as f64 > 1e4 * CERTAINTY - tolerance(CERTAINTY) - 20.0, "{found} of 10000 changes detected");
        let (half, _) = alarms(alpha, n, None, shift / 3.0, |u| u);
        assert!(half < 1000, "{half} of 10000 thirds of it");
    }
}
