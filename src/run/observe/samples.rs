//! Values with their noise, from what replicates gave.

use crate::claim::{Left, Reducer, Symbol, Term};
use crate::engine::{Estimates, PathMoments};
use crate::evidence::TermSource;
use crate::regress::{Sample, Value};
use crate::results::Evidence;
use crate::scalar::Fault;
use crate::stats::{Interval, LogPoint, Moments, log_log, slope};
use crate::verdict::{Constants, SideValue};

/// Rounding of an exponent that was fitted through numbers known without noise.
const SLOPE_ROUNDING: f64 = 1e-9;

/// A side that is known without noise.
pub(super) fn known(side: &SideValue) -> Value {
    match &side.exact {
        Some(v) => match v.rational() {
            Some(q) => Value::fraction(&q.to_string(), q.to_f64()),
            None => Value::within(side.interval.low(), side.interval.high(), true),
        },
        None => Value::within(side.interval.low(), side.interval.high(), side.grade == Evidence::Exact),
    }
}

/// Where a side has no value on an instance.
pub(super) fn no_value() -> Value {
    Value::Word { text: "no value".into(), sampled: false }
}

pub(super) fn curve_value(moments: &Moments, deterministic: bool, steps: u64) -> Value {
    let Some(mean) = moments.mean().filter(|_| moments.diverged() == 0) else {
        return Value::Word { text: "diverged".into(), sampled: !deterministic };
    };
    if deterministic {
        // As for the left side of a run in doubles: some ulps per step.
        let error = mean.abs() * f64::EPSILON * 16.0 * (steps as f64 + 16.0) + f64::MIN_POSITIVE;
        return Value::within(mean - error, mean + error, false);
    }
    let standard_error = moments.standard_error().unwrap_or(f64::INFINITY);
    Value::sampled(Sample { mean, standard_error, replicates: moments.count(), range: None, among: 1 })
}

/// The fitted exponent, with the error that its points' noise gives it.
pub(super) fn exponent(mut points: Vec<(f64, Value)>) -> Value {
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let error = |value: &Value| match value {
        Value::Sampled(s) => s.standard_error,
        _ => 0.0,
    };
    let logged: Option<Vec<LogPoint>> = points.iter().map(|(x, v)| log_log(*x, v.near()?, error(v))).collect();
    let Some(fitted) = logged.as_deref().and_then(slope) else { return no_value() };
    let samples = points.iter().filter_map(|(_, v)| match v {
        Value::Sampled(s) => Some(s.replicates),
        _ => None,
    });
    match samples.min() {
        Some(replicates) => Value::sampled(Sample {
            mean: fitted.slope,
            standard_error: fitted.standard_error,
            replicates,
            range: None,
            among: 1,
        }),
        None => {
            let slack = SLOPE_ROUNDING * (1.0 + fitted.slope.abs());
            Value::within(fitted.slope - slack, fitted.slope + slack, false)
        }
    }
}
/// A left side from sampled terms: the expression at their means, and to first order the largest error that theirs can
/// add up to, whatever their correlation.
pub(super) fn sampled_left(
    left: &Left,
    sources: &[TermSource],
    estimates: &Estimates,
    ranges: &(Vec<Option<Interval>>, Vec<Option<Interval>>),
    constants: Constants<'_>,
) -> Option<Sample> {
    let mut terms = Vec::new();
    for (term, source) in left.terms.iter().zip(sources) {
        terms.push(match (term, source) {
            (Term::TimeOfMean(reducer, _), TermSource::Series(i)) => {
                over_time(*reducer, &estimates.series[*i], ranges.1[*i])?
            }
            (_, TermSource::Path(i) | TermSource::Series(i)) => mean_of(&estimates.paths[*i], ranges.0[*i])?,
        });
    }
    if let ([alone], Some(Symbol::Term(0))) = (terms.as_slice(), left.combine.as_symbol()) {
        return Some(*alone);
    }
    let at = |shifted: usize, by: f64| {
        let lookup = |symbol: &Symbol| {
            let found = match symbol {
                Symbol::Term(i) => terms.get(*i).map(|t| t.mean + if *i == shifted { by } else { 0.0 }),
                other => constants(other).map(|c| c.to_f64()),
            };
            found.ok_or_else(|| Fault::Unsupported(format!("'{symbol}' is not known")))
        };
        left.combine.eval_f64(&lookup).ok()
    };
    let mut error = 0.0;
    for (i, term) in terms.iter().enumerate() {
        let half = 0.5 * (at(i, term.standard_error)? - at(i, -term.standard_error)?);
        error += half.abs();
    }
    let replicates = terms.iter().map(|t| t.replicates).filter(|n| *n > 0).min()?;
    let among = terms.iter().map(|t| t.among).max()?;
    Some(Sample { mean: at(0, 0.0)?, standard_error: error, replicates, range: None, among })
}

fn mean_of(sample: &PathMoments, range: Option<Interval>) -> Option<Sample> {
    let range = range.filter(|r| r.is_finite()).map(|r| (r.low(), r.high()));
    if let Some(exact) = &sample.exact {
        return Some(Sample { mean: exact.near(), standard_error: 0.0, replicates: u64::MAX, range: None, among: 1 });
    }
    let mean = sample.moments.checked_mean().ok()?;
    let standard_error = sample.moments.standard_error().unwrap_or(f64::INFINITY);
    Some(Sample { mean, standard_error, replicates: sample.moments.count(), range, among: 1 })
}

/// A functional over time of means. A smallest (or largest) moves by no more than the one that moves most, hence the
/// largest error, with an equal part of the level for each (Bonferroni's correction). An average has at most the
/// average error.
fn over_time(reducer: Reducer, series: &[PathMoments], range: Option<Interval>) -> Option<Sample> {
    let means: Vec<Sample> = series.iter().map(|m| mean_of(m, range)).collect::<Option<_>>()?;
    let (first, last) = (means.first()?, means.last()?);
    let values = means.iter().map(|s| s.mean);
    let count = means.len() as f64;
    let mean = match reducer {
        Reducer::First => return Some(*first),
        Reducer::Last => return Some(*last),
        Reducer::Min => values.fold(f64::INFINITY, f64::min),
        Reducer::Max => values.fold(f64::NEG_INFINITY, f64::max),
        Reducer::Mean => values.sum::<f64>() / count,
    };
    let errors = means.iter().map(|s| s.standard_error);
    let replicates = means.iter().map(|s| s.replicates).min()?;
    let (standard_error, among) = match reducer {
        Reducer::Mean => (errors.sum::<f64>() / count, 1),
        _ => (errors.fold(0.0, f64::max), means.len() as u64),
    };
    Some(Sample { mean, standard_error, replicates, range: None, among })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(values: &[f64]) -> PathMoments {
        let mut found = PathMoments::default();
        values.iter().for_each(|v| found.moments.push(*v));
        found
    }

    #[test]
    fn functionals_over_time_have_the_error_of_their_parts() {
        // exact: -1, 1 has mean 0 and standard error 1; 4, 10 has mean 7 and standard error 3
        let series = [path(&[-1.0, 1.0]), path(&[4.0, 10.0])];
        for (reducer, mean, error, among) in [
            (Reducer::First, 0.0, 1.0, 1),
            (Reducer::Last, 7.0, 3.0, 1),
            (Reducer::Mean, 3.5, 2.0, 1),
            (Reducer::Min, 0.0, 3.0, 2),
            (Reducer::Max, 7.0, 3.0, 2),
        ] {
            let got = over_time(reducer, &series, None).unwrap();
            assert_eq!(
                (got.mean, got.standard_error, got.among, got.replicates),
                (mean, error, among, 2),
                "{reducer:?}"
            );
        }
    }

    #[test]
    fn an_exponent_takes_its_noise_from_its_points() {
        // exact: y = x^2, one point with a relative error of 0.1; between two points the slope errs by 0.1/ln 2
        let at = |x: f64, se: f64| {
            (x, Value::sampled(Sample { mean: x * x, standard_error: se, replicates: 9, range: None, among: 1 }))
        };
        let Value::Sampled(got) = exponent(vec![at(2.0, 0.4), at(1.0, 0.1)]) else { panic!("a sample") };
        assert!((got.mean - 2.0).abs() < 1e-12);
        let expected = (2.0_f64).sqrt() * 0.1 / std::f64::consts::LN_2;
        assert!((got.standard_error - expected).abs() < 1e-12, "{}", got.standard_error);
        let certain = |x: f64| (x, Value::count((x * x) as u64));
        let Value::Within { low, high, certain: false } = exponent(vec![certain(1.0), certain(4.0)]) else {
            panic!("a number")
        };
        assert!(low < 2.0 && high > 2.0 && high - low < 1e-8);
        assert_eq!(exponent(vec![certain(1.0)]), no_value());
    }
}
