//! The exponent of a rate: the slope of a line through a curve on logarithmic axes.
//!
//! **Weighted least squares**: with weights w_i, x0 = sum w x/sum w and S = sum w (x - x0)^2, the slope is
//! b = sum w (x - x0) y/S, a linear form sum c_i y_i with c_i = w_i (x_i - x0)/S.
//! **Its error** comes from the replicates where every point has an error of its own (w = 1/se^2, variance sum c^2
//! se^2 = 1/S). It comes from the scatter about the line where none has (w = 1, variance s^2/S, s^2 = residual
//! squares/(m - 2)), and from both where some have. **Asymptotic**: ln of a mean has the error se/mean to first order
//! only, and a rate that still bends is no line. The misfit and the local slopes show the latter.

use super::estimate::{around, usable};
use super::incomplete_gamma::gamma_tails;
use super::normal::normal_upper_quantile;
use super::student::student_upper_quantile;
use super::{Coverage, Interval, MeanEstimate};
use serde::{Deserialize, Serialize};

/// A point of a curve, on whatever axes the line is sought (see [`log_log`]).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogPoint {
    /// The abscissa, taken as exact.
    pub x: f64,
    /// The ordinate.
    pub y: f64,
    /// The standard error of the ordinate; 0 for a deterministic value.
    pub standard_error: f64,
}

/// The point (ln x, ln y, se/y) of a value y with standard error se at x.
///
/// `None` where a logarithm does not exist (x or y not positive and finite) or the error is negative or not finite.
#[must_use]
pub fn log_log(x: f64, y: f64, standard_error: f64) -> Option<LogPoint> {
    let positive = |v: f64| v > 0.0 && v.is_finite();
    let relative = standard_error / y;
    (positive(x) && positive(y) && relative >= 0.0 && relative.is_finite()).then(|| LogPoint {
        x: libm::log(x),
        y: libm::log(y),
        standard_error: relative,
    })
}

/// Where the error of a slope comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spread {
    /// From the replicates' own errors: normal quantiles.
    Replicates,
    /// From the scatter about the line: Student's quantiles with this many degrees of freedom (0: unknown).
    Residuals(u64),
}

/// A fitted line, with the error of its slope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SlopeEstimate {
    /// The exponent.
    pub slope: f64,
    /// The line's value at x = 0 (the logarithm of the rate's constant).
    pub intercept: f64,
    /// The standard error of the slope; 0 and meaningless for two points without errors of their own.
    pub standard_error: f64,
    /// What the error is made of.
    pub spread: Spread,
    /// sum ((y - line)/se)^2, where every point has an error.
    pub misfit: Option<f64>,
    /// How many points.
    pub points: usize,
}

impl SlopeEstimate {
    /// The slope's two-sided interval at level alpha, asymptotic. The whole line where the error is unknown (two
    /// points without errors) or `alpha` is outside (0, 1).
    #[must_use]
    pub fn interval(&self, alpha: f64) -> Interval {
        if !usable(alpha) {
            return Interval::WHOLE;
        }
        let quantile = match self.spread {
            Spread::Replicates => normal_upper_quantile(alpha / 2.0),
            Spread::Residuals(0) => return Interval::WHOLE,
            Spread::Residuals(degrees) => student_upper_quantile(degrees as f64, alpha / 2.0),
        };
        around(self.slope, quantile * self.standard_error)
    }

    /// The slope as an estimate with its interval at level alpha.
    #[must_use]
    pub fn estimate(&self, alpha: f64) -> MeanEstimate {
        let interval = self.interval(alpha);
        MeanEstimate { value: self.slope, interval, level: alpha, coverage: Coverage::Asymptotic }
    }

    /// The probability of a misfit at least as large if the points lay on a line: P[chi^2 with m - 2
    /// degrees >= misfit].
    ///
    /// A small value says that the curve bends, and that the standard error does not count that. `None` without
    /// errors or with two points.
    #[must_use]
    pub fn misfit_probability(&self) -> Option<f64> {
        let degrees = self.points.checked_sub(2).filter(|&d| d > 0)?;
        self.misfit.map(|misfit| gamma_tails(degrees as f64 / 2.0, misfit / 2.0).1)
    }
}

/// The line through points by weighted least squares (formulas at the head of this file).
///
/// `None` with fewer than two different x, or where a number is not finite or an error negative.
///
/// ```
/// use signcheck::internals::stats::{log_log, slope};
/// // exact: y = 3 x^-1/2 has the exponent -1/2
/// let points: Vec<_> = [1.0_f64, 4.0, 16.0].iter().filter_map(|&x| log_log(x, 3.0 / x.sqrt(), 0.01)).collect();
/// assert!((slope(&points).unwrap().slope + 0.5).abs() < 1e-14);
/// ```
#[must_use]
pub fn slope(points: &[LogPoint]) -> Option<SlopeEstimate> {
    let sound =
        |p: &LogPoint| p.x.is_finite() && p.y.is_finite() && p.standard_error.is_finite() && p.standard_error >= 0.0;
    if points.len() < 2 || !points.iter().all(sound) {
        return None;
    }
    let with_error = points.iter().filter(|p| p.standard_error > 0.0).count();
    let all_known = with_error == points.len();
    // relative to the smallest error, so that no weight overflows
    let smallest = points.iter().fold(f64::INFINITY, |m, p| m.min(p.standard_error));
    let weight = |p: &LogPoint| {
        if all_known {
            let r = smallest / p.standard_error;
            r * r
        } else {
            1.0
        }
    };
    let total: f64 = points.iter().map(weight).sum();
    let centre = points.iter().map(|p| weight(p) * p.x).sum::<f64>() / total;
    let level = points.iter().map(|p| weight(p) * p.y).sum::<f64>() / total;
    let spread_x: f64 = points.iter().map(|p| weight(p) * (p.x - centre) * (p.x - centre)).sum();
    let widest = points.iter().fold(0.0_f64, |m, p| m.max(p.x.abs()));
    // equal x leave a spread of rounding size only
    if spread_x <= 1e-24 * total * widest * widest || !spread_x.is_finite() {
        return None;
    }
    let fitted = points.iter().map(|p| weight(p) * (p.x - centre) * (p.y - level)).sum::<f64>() / spread_x;
    let residual = |p: &LogPoint| p.y - level - fitted * (p.x - centre);
    // the linear form's coefficient c_i times the point's error
    let carried = |p: &LogPoint| weight(p) * (p.x - centre) / spread_x * p.standard_error;
    let known: f64 = points.iter().map(|p| carried(p) * carried(p)).sum();
    let degrees = points.len() as u64 - 2;
    let (variance, spread) = if all_known {
        (known, Spread::Replicates)
    } else {
        let squares: f64 = points.iter().map(|p| residual(p) * residual(p)).sum();
        (known + squares / degrees.max(1) as f64 / spread_x, Spread::Residuals(degrees))
    };
    let scaled = |p: &LogPoint| residual(p) / p.standard_error;
    Some(SlopeEstimate {
        slope: fitted,
        intercept: level - fitted * centre,
        standard_error: variance.sqrt(),
        spread,
        misfit: all_known.then(|| points.iter().map(|p| scaled(p) * scaled(p)).sum()),
        points: points.len(),
    })
}

/// By how much an unweighted slope can change where each ordinate is off by at most its error: sum |c_i| error_i.
///
/// Errors that are not statistical do not cancel by chance, and are no part of a standard error. Infinite where the
/// slope does not exist.
///
/// ```
/// use signcheck::internals::stats::{LogPoint, slope_shift};
/// // exact: two points at x = 0 and x = 2: the slope is (y_2 - y_1)/2
/// let points = [0.0, 2.0].map(|x| LogPoint { x, y: 1.0, standard_error: 0.0 });
/// assert_eq!(slope_shift(&points, &[0.5, 0.25]), 0.375);
/// ```
#[must_use]
pub fn slope_shift(points: &[LogPoint], errors: &[f64]) -> f64 {
    let centre = points.iter().map(|p| p.x).sum::<f64>() / points.len() as f64;
    let spread: f64 = points.iter().map(|p| (p.x - centre) * (p.x - centre)).sum();
    let moved: f64 = points.iter().zip(errors).map(|(p, error)| (p.x - centre).abs() * error).sum();
    let shift = moved / spread;
    if shift >= 0.0 { shift } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::binomial_at_least;
    use rand::{RngExt, SeedableRng};
    use rand_distr::StandardNormal;

    /// ln of 1, 2, 4, 8 against four ordinates.
    fn four(errors: [f64; 4]) -> Vec<LogPoint> {
        let ys = [0.1, -0.55, -1.35, -1.9];
        let point = |i: usize| LogPoint { x: i as f64 * std::f64::consts::LN_2, y: ys[i], standard_error: errors[i] };
        (0..4).map(point).collect()
    }

    #[test]
    fn weighted_fit_agrees_with_numpy() {
        // reference: numpy (with scipy 1.17.1) polyfit(x, y, 1, w=1/se, cov='unscaled'); residuals by polyval
        let fit = slope(&four([0.1, 0.05, 0.1, 0.2])).expect("fits");
        assert!((fit.slope + 1.016_710_09).abs() < 1e-8 && (fit.intercept - 0.133_108_11).abs() < 1e-8);
        assert!((fit.standard_error - 0.083_854_95).abs() < 1e-8);
        assert!((fit.misfit.expect("errors known") - 1.003_378_378_378_379).abs() < 1e-12);
        // exact: with two degrees of freedom the tail is e^(-misfit/2)
        let tail = libm::exp(-1.003_378_378_378_379 / 2.0);
        assert!((fit.misfit_probability().expect("two degrees") - tail).abs() < 1e-12);
        assert_eq!(fit.spread, Spread::Replicates);
    }

    #[test]
    fn unweighted_fit_agrees_with_scipy() {
        // reference: scipy 1.17.1, scipy.stats.linregress(x, y): slope, intercept, stderr
        let fit = slope(&four([0.0; 4])).expect("fits");
        assert!((fit.slope + 0.981_032_627_804_495_3).abs() < 1e-14);
        assert!((fit.intercept - 0.095).abs() < 1e-14);
        assert!((fit.standard_error - 0.046_748_662_334_402_426).abs() < 1e-14);
        assert_eq!(fit.spread, Spread::Residuals(2));
    }

    #[test]
    fn equal_errors_propagate_as_their_closed_form() {
        // exact: x = 0, 1, 2 and se = s: S = 2, so that the slope's error is s/sqrt 2; a line is met exactly
        let points: Vec<LogPoint> =
            (0..3).map(|i| LogPoint { x: f64::from(i), y: 1.0 - 0.5 * f64::from(i), standard_error: 0.3 }).collect();
        let fit = slope(&points).expect("fits");
        assert!((fit.slope + 0.5).abs() < 1e-15 && (fit.standard_error - 0.3 / 2.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn intervals_nest_and_unknown_errors_exclude_nothing() {
        for errors in [[0.1; 4], [0.0; 4], [0.0, 0.1, 0.1, 0.1]] {
            let fit = slope(&four(errors)).expect("fits");
            assert!(fit.interval(1e-6).encloses(fit.interval(0.05)) && fit.interval(0.05).contains(fit.slope));
            assert!(fit.interval(1e-6).width() > fit.interval(0.05).width());
            assert_eq!(fit.interval(0.0), Interval::WHOLE);
        }
        let two = slope(&four([0.0; 4])[..2]).expect("fits");
        assert_eq!(two.interval(0.05), Interval::WHOLE);
    }

    #[test]
    fn unusable_points_give_no_slope() {
        let p = |x, y, standard_error| LogPoint { x, y, standard_error };
        assert!(slope(&[]).is_none() && slope(&[p(1.0, 1.0, 0.1)]).is_none());
        assert!(slope(&[p(0.1, 1.0, 0.1); 3]).is_none());
        assert!(slope(&[p(0.0, 1.0, 0.1), p(1.0, f64::NAN, 0.1)]).is_none());
        assert!(slope(&[p(0.0, 1.0, 0.1), p(1.0, 0.0, -0.1)]).is_none());
        assert!(log_log(0.0, 1.0, 0.1).is_none() && log_log(1.0, -1.0, 0.1).is_none());
        assert!(log_log(1.0, 1.0, f64::NAN).is_none());
    }

    #[test]
    fn intervals_cover_the_true_slope() {
        // statistical: 4000 noisy lines; the number of misses is binomial with the stated level, two-sided at 1e-9
        let (runs, alpha) = (4000, 0.05);
        for known in [true, false] {
            let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(11);
            let mut misses = 0;
            for _ in 0..runs {
                let points: Vec<LogPoint> = (0..6)
                    .map(|i| {
                        let sd = if known { 0.1 + 0.05 * f64::from(i) } else { 0.2 };
                        let noise: f64 = random.sample(StandardNormal);
                        let standard_error = if known { sd } else { 0.0 };
                        LogPoint { x: f64::from(i), y: 2.0 - 0.5 * f64::from(i) + sd * noise, standard_error }
                    })
                    .collect();
                misses += u64::from(!slope(&points).expect("fits").interval(alpha).contains(-0.5));
            }
            assert!(binomial_at_least(misses, runs, alpha) > 5e-10, "{misses} misses, known {known}");
            assert!(1.0 - binomial_at_least(misses + 1, runs, alpha) > 5e-10, "{misses} misses, known {known}");
        }
    }
}
