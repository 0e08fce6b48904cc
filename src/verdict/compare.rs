//! One cell: left against right.

use super::sides::SideValue;
use crate::claim::Relation;
use crate::results::{Evidence, Outcome};
use crate::scalar::Computable;
use crate::stats::{Interval, LogPoint, Spread, slope, slope_shift};

/// The result of a comparison.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Holds, violated or undecided.
    pub outcome: Outcome,
    /// One sentence.
    pub reason: String,
    /// left/right, or right/left for lower bounds.
    pub ratio: Option<f64>,
    /// How near to violation, in the relation's sense: larger is nearer. Comparable between cells of one bound.
    pub closeness: f64,
    /// What it rests on.
    pub grade: Evidence,
}

/// Compares the sides of a bound.
#[must_use]
pub(super) fn compare(
    relation: Relation,
    left: &SideValue,
    right: &SideValue,
    margin: Option<&SideValue>,
) -> Comparison {
    let grade = left.grade.max(right.grade).max(margin.map_or(Evidence::Exact, |m| m.grade));
    let zero = SideValue::exact(crate::scalar::Rational::integer(0));
    let margin = margin.unwrap_or(&zero);
    let (outcome, reason) = match relation {
        Relation::Upper => at_most(left, right, "left", "right"),
        Relation::Lower => at_most(right, left, "right", "left"),
        Relation::NonConvergence => match at_most(&zero, right, "0", "right") {
            (Outcome::Holds, _) if right.interval.low() > 0.0 => at_most(right, left, "right", "left"),
            _ => (Outcome::Undecided, "the right side of a non-convergence must be above 0".into()),
        },
        Relation::Tight => tight(left, right, margin),
        Relation::Identity => within(left, right, margin),
        Relation::Rate | Relation::Ordering => {
            (Outcome::Undecided, "rates and orderings are compared over several cells".into())
        }
    };
    let (l, r) = (left.point, right.point);
    let quotient = |a: f64, b: f64| (b != 0.0).then(|| a / b).filter(|v| v.is_finite());
    let ratio = match relation {
        Relation::Upper | Relation::Tight => quotient(l, r),
        // How far a limit is from 0 is no measure of tightness.
        Relation::Lower => quotient(r, l),
        _ => None,
    };
    let scale = l.abs().max(r.abs()).max(f64::MIN_POSITIVE);
    let closeness = match relation {
        Relation::Lower | Relation::NonConvergence => (r - l) / scale,
        Relation::Identity => (l - r).abs() - margin.point,
        _ => (l - r) / scale,
    };
    Comparison { outcome, reason, ratio, closeness, grade }
}

/// Whether a trivial bound, on the same left side and in the same direction, implies the bound: for certain, by
/// rationals where both are known, else by enclosures. Relations without a direction have no trivial bound.
#[must_use]
pub(super) fn is_vacuous(relation: Relation, right: &SideValue, trivial: &SideValue) -> bool {
    let (small, large) = match relation {
        Relation::Upper => (trivial, right),
        Relation::Lower | Relation::NonConvergence => (right, trivial),
        Relation::Tight | Relation::Identity | Relation::Rate | Relation::Ordering => return false,
    };
    at_most(small, large, "", "").0 == Outcome::Holds
}

/// Decides small <= large: by the numbers themselves where both are known, else by enclosures.
fn at_most(small: &SideValue, large: &SideValue, a: &str, b: &str) -> (Outcome, String) {
    if let (Some(x), Some(y)) = (&small.exact, &large.exact)
        && let Ok(order) = x.order(y)
    {
        return if order.is_le() {
            (Outcome::Holds, String::new())
        } else {
            (Outcome::Violated, format!("{a} exceeds {b}, both known exactly"))
        };
    }
    let (s, l) = (small.interval, large.interval);
    if s.high() <= l.low() {
        (Outcome::Holds, String::new())
    } else if s.low() > l.high() {
        (Outcome::Violated, format!("the interval of {a} lies above {b}"))
    } else {
        (Outcome::Undecided, "the interval straddles the bound".into())
    }
}

fn tight(left: &SideValue, right: &SideValue, margin: &SideValue) -> (Outcome, String) {
    let (above, reason) = at_most(left, right, "left", "right");
    if above != Outcome::Holds {
        return (above, reason);
    }
    let one = SideValue::exact(crate::scalar::Rational::integer(1));
    let factor = subtract(&one, margin);
    let floor = multiply(&factor, right);
    match at_most(&floor, left, "(1 - margin) right", "left") {
        (Outcome::Violated, _) => (Outcome::Violated, "the bound holds but is not attained within the margin".into()),
        other => other,
    }
}

fn within(left: &SideValue, right: &SideValue, margin: &SideValue) -> (Outcome, String) {
    let difference = subtract(left, right);
    if let (Some(d), Some(m)) = (&difference.exact, &margin.exact)
        && let Ok(order) = crate::scalar::Scalar::abs(d).order(m)
    {
        return if order.is_le() {
            (Outcome::Holds, String::new())
        } else {
            (Outcome::Violated, "the sides differ by more than the margin, both known exactly".into())
        };
    }
    let distance = difference.interval.abs();
    let m = margin.interval;
    if distance.high() <= m.low() {
        (Outcome::Holds, String::new())
    } else if distance.low() > m.high() {
        (Outcome::Violated, "the sides differ by more than the margin".into())
    } else {
        (Outcome::Undecided, "the interval straddles the margin".into())
    }
}

fn subtract(a: &SideValue, b: &SideValue) -> SideValue {
    binary(a, b, a.point - b.point, a.interval - b.interval, |x, y| x - y)
}

fn multiply(a: &SideValue, b: &SideValue) -> SideValue {
    binary(a, b, a.point * b.point, a.interval * b.interval, |x, y| x * y)
}

fn binary(
    a: &SideValue,
    b: &SideValue,
    point: f64,
    interval: Interval,
    exact: impl FnOnce(Computable, &Computable) -> Computable,
) -> SideValue {
    let exact = a.exact.clone().zip(b.exact.as_ref()).map(|(x, y)| exact(x, y));
    SideValue { point, interval, exact, grade: a.grade.max(b.grade) }
}

/// Compares the exponent of a left side, fitted over (parameter, left side) points, with a claimed one.
#[must_use]
pub(super) fn compare_rate(
    points: &[(f64, SideValue)],
    right: &SideValue,
    margin: Option<&SideValue>,
    alpha: f64,
) -> (SideValue, Comparison) {
    // An interval at a level beyond the normal one is read back as a standard error of the point.
    let quantile = crate::stats::normal_upper_quantile(alpha / 2.0).max(1.0);
    let logged: Option<Vec<LogPoint>> = points
        .iter()
        .map(|(x, v)| {
            let half = (v.interval.high() - v.interval.low()) / 2.0;
            let error = if v.grade <= Evidence::Numeric { 0.0 } else { half / quantile };
            crate::stats::log_log(*x, v.point, error)
        })
        .collect();
    let sampled = points.iter().any(|(_, v)| v.grade > Evidence::Numeric);
    let fitted = logged.as_deref().and_then(slope);
    // The enclosures of values that were not sampled move the slope by at most this much.
    let known: Option<Vec<f64>> = points.iter().map(|(_, v)| logarithmic_error(v)).collect();
    let shift = logged.as_deref().zip(known).map_or(f64::INFINITY, |(p, errors)| slope_shift(p, &errors));
    let Some(fitted) = fitted.filter(|_| shift.is_finite()) else {
        let left = SideValue { point: f64::NAN, interval: Interval::WHOLE, exact: None, grade: Evidence::Asymptotic };
        let reason = "a rate needs positive left sides at several values of its parameter".into();
        let grade = Evidence::Asymptotic;
        return (
            left,
            Comparison { outcome: Outcome::Undecided, reason, ratio: None, closeness: f64::INFINITY, grade },
        );
    };
    let grade = if sampled { Evidence::Asymptotic } else { Evidence::Numeric };
    let interval = match (sampled, fitted.spread) {
        // Deterministic points: the scatter about the line is the only measure of a bend.
        (false, Spread::Residuals(n)) if n > 0 => fitted.interval(alpha.max(1e-3)),
        _ => fitted.interval(alpha),
    };
    let interval = interval + Interval::new(-shift, shift).unwrap_or(Interval::WHOLE);
    let left = SideValue { point: fitted.slope, interval, exact: None, grade };
    let zero = SideValue::exact(crate::scalar::Rational::integer(0));
    let margin = margin.unwrap_or(&zero);
    let shifted = SideValue {
        point: right.point + margin.point,
        interval: right.interval + margin.interval,
        exact: None,
        grade: right.grade,
    };
    let mut comparison = compare(Relation::Upper, &left, &shifted, None);
    comparison.ratio = None;
    comparison.closeness = left.point - shifted.point;
    comparison.grade = grade;
    (left, comparison)
}

/// How far the logarithm of a value that was not sampled can be from that of its point; 0 for a sampled one, whose
/// error is statistical.
fn logarithmic_error(value: &SideValue) -> Option<f64> {
    if value.grade > Evidence::Numeric || value.exact.is_some() {
        return Some(0.0);
    }
    let (low, high) = (value.interval.low(), value.interval.high());
    // ln(high/point) and ln(point/low) are below ln(high/low) <= high/low - 1.
    let relative = high / low - 1.0;
    (low > 0.0 && relative.is_finite()).then_some(relative * (1.0 + 1e-15) + f64::EPSILON)
}

/// Compares the left sides of curves that should increase; returns the pair nearest to violation.
#[must_use]
pub(crate) fn compare_order(curves: &[(String, SideValue)]) -> Option<(SideValue, SideValue, Comparison)> {
    curves
        .windows(2)
        .map(|pair| {
            let ((a, low), (b, high)) = (&pair[0], &pair[1]);
            let mut comparison = compare(Relation::Upper, low, high, None);
            let sign = match comparison.outcome {
                Outcome::Holds => "is at most",
                Outcome::Violated => "exceeds",
                _ => "is not told from",
            };
            comparison.reason = format!("'{a}' {sign} '{b}'");
            (low.clone(), high.clone(), comparison)
        })
        .max_by(|a, b| {
            let rank = |o: Outcome| match o {
                Outcome::Violated => 2,
                Outcome::Undecided => 1,
                _ => 0,
            };
            let (x, y) = (&a.2, &b.2);
            rank(x.outcome).cmp(&rank(y.outcome)).then(x.closeness.total_cmp(&y.closeness))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Rational, Scalar};

    #[test]
    fn a_rate_counts_the_error_of_values_that_were_not_sampled() {
        // exact: y = 1/x has the exponent -1. Values that are known to 1 % leave it between -1 - s and -1 + s with
        // s > 0.
        let points = |relative: f64| -> Vec<(f64, SideValue)> {
            [1.0, 2.0, 4.0, 8.0]
                .map(|x: f64| {
                    let interval = Interval::new((1.0 - relative) / x, (1.0 + relative) / x).expect("ends in order");
                    (x, SideValue { point: 1.0 / x, interval, exact: None, grade: Evidence::Numeric })
                })
                .to_vec()
        };
        let right = |d: u64| SideValue::exact(Rational::ratio(-1, 1) + &Rational::ratio(1, d));
        let outcome = |relative, d| compare_rate(&points(relative), &right(d), None, 1e-6).1.outcome;
        assert_eq!(outcome(1e-9, 1000), Outcome::Holds);
        assert_eq!(outcome(1e-2, 1000), Outcome::Undecided);
        assert_eq!(outcome(1e-2, 10), Outcome::Holds);
        // A value that may be 0 or less has no logarithm.
        assert_eq!(outcome(1.5, 1), Outcome::Undecided);
    }
}
