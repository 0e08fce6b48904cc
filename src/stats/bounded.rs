//! The interval for the mean of a statistic whose range is known: what a finite-sample verdict rests on.

use super::estimate::{real, usable};
use super::{Coverage, Interval, MeanEstimate, MeanFault, Moments, empirical_bernstein, hoeffding};

/// How far, relative to the range's size, a value may leave the range and pass for rounding.
const RANGE_SLACK: f64 = 1e-9;

/// The mean of independent values in `range`, with an interval that misses it with probability at most `alpha` for
/// every n.
///
/// Half of `alpha` goes to Hoeffding's interval and half to the empirical Bernstein one, and the two are intersected.
/// This takes the tighter of both without looking first; the price is a ln 2 in each logarithm. The result is widened
/// by the rounding of the mean and clipped to the range. One value gives Hoeffding's interval alone. Sources: see
/// `hoeffding` and `empirical_bernstein`.
///
/// An `alpha` outside (0, 1) gives the range itself. Values that leave the range by no more than 1e-9 of its size
/// pass for rounding; the range then stretches to them.
///
/// # Errors
/// [`MeanFault::Diverged`] or [`MeanFault::Empty`] as in [`Moments::checked_mean`]; [`MeanFault::OutOfRange`] if a
/// value refutes the range, since an interval that rests on a wrong range has no level.
pub fn bounded_mean(moments: &Moments, range: Interval, alpha: f64) -> Result<MeanEstimate, MeanFault> {
    let value = moments.checked_mean()?;
    let range = stretched(moments, range)?;
    let n = moments.count();
    let half = if usable(alpha) { alpha / 2.0 } else { 0.0 };
    let by_range = hoeffding(n, value, range, half);
    let by_variance = match moments.variance() {
        Some(variance) => empirical_bernstein(n, value, variance, range, half),
        None => Interval::WHOLE,
    };
    // both hold the mean, so that they meet
    let both = by_range.intersect(by_variance).unwrap_or(Interval::WHOLE);
    let rounding = moments.mean_rounding();
    let interval = Interval::new(both.low() - rounding, both.high() + rounding)
        .and_then(|widened| widened.intersect(range))
        .unwrap_or(range);
    // the computed mean may leave the range by its rounding
    let value = value.clamp(range.low(), range.high());
    Ok(MeanEstimate { value, interval, level: alpha, coverage: Coverage::FiniteSample })
}

/// [`bounded_mean`] where the values of `unknown` of the replicates may be any in the range, and not those recorded.
///
/// The mean of what they are differs from that of what was recorded by at most unknown/n times the width of the range.
/// The spread of what they are is not known, so that only Hoeffding's interval is used, widened by as much on both
/// sides.
///
/// # Errors
/// As there.
pub(crate) fn partly_known_mean(
    moments: &Moments,
    range: Interval,
    unknown: u64,
    alpha: f64,
) -> Result<MeanEstimate, MeanFault> {
    let value = moments.checked_mean()?;
    let range = stretched(moments, range)?;
    let n = moments.count();
    let sampled = hoeffding(n, value, range, if usable(alpha) { alpha } else { 0.0 });
    let moved = (real(unknown.min(n)) / real(n) * range.width() + moments.mean_rounding()).next_up();
    let interval = Interval::new((sampled.low() - moved).next_down(), (sampled.high() + moved).next_up());
    let interval = interval.and_then(|widened| widened.intersect(range)).unwrap_or(range);
    let value = value.clamp(range.low(), range.high());
    Ok(MeanEstimate { value, interval, level: alpha, coverage: Coverage::FiniteSample })
}

/// The range, stretched to values that left it by rounding.
fn stretched(moments: &Moments, range: Interval) -> Result<Interval, MeanFault> {
    let (Some(minimum), Some(maximum)) = (moments.minimum(), moments.maximum()) else {
        return Err(MeanFault::Empty);
    };
    let seen = Interval::new(minimum, maximum).ok_or(MeanFault::Empty)?;
    if range.encloses(seen) {
        return Ok(range);
    }
    // the size counts ends as well as width, because a range such as [1e8, 1e8] is left by rounding too;
    // an infinite end can not be left and has no size
    let size = [range.low(), range.high()].into_iter().filter(|v| v.is_finite()).fold(0.0, |s: f64, v| s.max(v.abs()));
    let slack = RANGE_SLACK * size;
    if minimum >= range.low() - slack && maximum <= range.high() + slack {
        Ok(range.hull(seen))
    } else {
        Err(MeanFault::OutOfRange { range, minimum, maximum })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{binomial_at_least, student_mean};
    use rand::{RngExt, SeedableRng};

    fn interval(low: f64, high: f64) -> Interval {
        Interval::new(low, high).expect("ordered ends")
    }

    /// Moments of `n` values, each 1 with probability p, else 0.
    fn coins(n: u32, p: f64, random: &mut rand_xoshiro::Xoshiro256PlusPlus) -> Moments {
        let mut m = Moments::default();
        for _ in 0..n {
            m.push(if random.random::<f64>() < p { 1.0 } else { 0.0 });
        }
        m
    }

    #[test]
    fn covers_where_students_interval_does_not() {
        // statistical: misses of a valid interval are at most binomial(runs, alpha); false alarm below 1e-9. Rare
        // large values (p = 1/100, n = 100) are missing from a third of all samples, which student_mean trusts.
        let (runs, alpha) = (5000, 0.05);
        let unit = interval(0.0, 1.0);
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
        for (n, p) in [(100, 0.01), (100, 0.5), (10, 0.3), (1000, 0.002)] {
            let (mut misses, mut misses_of_student) = (0, 0);
            for _ in 0..runs {
                let m = coins(n, p, &mut random);
                misses += u64::from(!bounded_mean(&m, unit, alpha).expect("in range").interval.contains(p));
                misses_of_student += u64::from(!student_mean(&m, alpha).expect("finite").interval.contains(p));
            }
            assert!(binomial_at_least(misses, runs, alpha) > 1e-9, "n = {n}, p = {p}: {misses}");
            if p == 0.01 {
                assert!(binomial_at_least(misses_of_student, runs, alpha) < 1e-9, "{misses_of_student}");
            }
        }
    }

    #[test]
    fn takes_the_tighter_of_both() {
        // exact: the two formulas at alpha/2 each. Constants have variance 0, where the range term alone remains and
        // wins for large n; a fair coin has the largest variance, where Hoeffding wins.
        let unit = interval(0.0, 1.0);
        let (mut constant, mut coin) = (Moments::default(), Moments::default());
        for i in 0..100_000_u32 {
            constant.push(0.5);
            coin.push(f64::from(i % 2));
        }
        let half = |m: &Moments| bounded_mean(m, unit, 0.01).expect("in range").interval.high() - 0.5;
        let log_term = libm::log(4.0 / 0.005);
        assert!((half(&constant) - 7.0 * log_term / (3.0 * 99_999.0)).abs() < 1e-12);
        assert!((half(&coin) - (libm::log(2.0 / 0.005) / 200_000.0).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn unknown_replicates_widen_by_their_share_of_the_range() {
        // exact: 1000 of a million unknown in [0, 2] move the mean by up to 1/500 beyond Hoeffding's interval; all give
        // the range
        let mut m = Moments::default();
        (0..1_000_000).for_each(|i| m.push(f64::from(i % 2)));
        let range = interval(0.0, 2.0);
        let some = partly_known_mean(&m, range, 1000, 0.01).expect("in range").interval;
        let plain = hoeffding(1_000_000, 0.5, range, 0.01);
        assert!((plain.low() - some.low() - 0.002).abs() < 1e-6 && (some.high() - plain.high() - 0.002).abs() < 1e-6);
        assert_eq!(partly_known_mean(&m, range, 1_000_000, 0.01).expect("in range").interval, range);
    }

    #[test]
    fn is_clipped_to_the_range_and_nests() {
        let mut m = Moments::default();
        [0.0, 0.0, 1.0].iter().for_each(|&x| m.push(x));
        let at = |m: &Moments, alpha| bounded_mean(m, interval(0.0, 2.0), alpha).expect("in range").interval;
        assert_eq!(at(&m, 1e-9), interval(0.0, 2.0));
        assert_eq!(at(&m, 0.0), interval(0.0, 2.0));
        let mut many = Moments::default();
        (0..1000).for_each(|_| many.merge(&m));
        assert!(at(&many, 1e-9).encloses(at(&many, 1e-3)) && at(&many, 1e-9) != at(&many, 1e-3));
        let mut more = many;
        more.merge(&many);
        assert!(at(&more, 1e-9).width() < at(&many, 1e-9).width());
    }

    #[test]
    fn a_refuted_range_is_a_fault_and_rounding_is_not() {
        let mut m = Moments::default();
        m.push(1.0_f64.next_up());
        let unit = interval(0.0, 1.0);
        assert!(bounded_mean(&m, unit, 0.1).is_ok_and(|e| e.interval.contains(1.0)));
        m.push(1.5);
        let fault = bounded_mean(&m, unit, 0.1).expect_err("1.5 is outside");
        assert!(matches!(fault, MeanFault::OutOfRange { maximum: 1.5, .. }), "{fault}");
        // an infinite range is never left, and gives no finite end where it has none
        let open = bounded_mean(&m, Interval::NON_NEGATIVE, 0.1).expect("in range").interval;
        assert_eq!(open, Interval::NON_NEGATIVE);
    }

    #[test]
    fn divergence_and_emptiness_are_faults() {
        let mut m = Moments::default();
        assert_eq!(bounded_mean(&m, interval(0.0, 1.0), 0.1), Err(MeanFault::Empty));
        m.push(0.5);
        m.push_diverged(3);
        let fault = bounded_mean(&m, interval(0.0, 1.0), 0.1).expect_err("one diverged");
        assert_eq!(fault.to_string(), "1 replicates diverged, the first at step 3");
    }

    #[test]
    fn a_point_range_gives_the_point() {
        let mut m = Moments::default();
        (0..5).for_each(|_| m.push(2.0));
        assert_eq!(bounded_mean(&m, Interval::point(2.0), 0.1).map(|e| e.interval), Ok(Interval::point(2.0)));
    }

    #[test]
    fn intervals_at_several_looks_hold_together() {
        // statistical: 3 000 sequences of coins with p = 1/20, looked at after 64, 256, 1024 and 4096 with a quarter of
        // alpha = 0.2 each. Were the chance that any look misses p above alpha, so few misses would come with 1e-9 at
        // most.
        let (p, alpha, sequences) = (0.05, 0.2, 3_000_u64);
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(41);
        let unit = interval(0.0, 1.0);
        let (mut missed, mut narrow) = (0, 0);
        for _ in 0..sequences {
            let mut moments = Moments::default();
            let (mut any, mut any_narrow) = (false, false);
            for look in [64, 256, 1024, 4096] {
                while moments.count() < look {
                    moments.push(f64::from(u8::from(random.random::<f64>() < p)));
                }
                let found = bounded_mean(&moments, unit, alpha / 4.0).expect("coins are bounded");
                any |= !found.interval.contains(p);
                any_narrow |= (found.value - p).abs() > found.interval.width() / 10.0;
            }
            missed += u64::from(any);
            narrow += u64::from(any_narrow);
        }
        assert!(binomial_at_least(missed, sequences, alpha) > 1e-9, "{missed} of {sequences}");
        // The check is sharp: intervals a fifth as wide would fail it.
        assert!(binomial_at_least(narrow, sequences, alpha) <= 1e-9, "{narrow} of {sequences}");
    }
}
