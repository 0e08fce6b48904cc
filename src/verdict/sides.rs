//! The two sides of a bound as enclosures, with what they rest on.

use crate::claim::{Expression, Left, Reducer, Symbol, Term};
use crate::engine::{Estimates, PathMoments, Ranges, Sight};
use crate::evidence::TermSource;
use crate::model::{Real, Row};
use crate::results::{Estimate, Evidence, RightSide};
use crate::scalar::{Computable, Fault, Rational, Scalar};
use crate::stats::{Interval, Moments, bonferroni, bounded_mean, no_normal_limit, partly_known_mean, student_mean};

/// How a number is known, strongest first; a side is as good as the weakest number in it.
pub(super) type Grade = Evidence;

/// One side of a bound in one cell.
#[derive(Debug, Clone)]
pub struct SideValue {
    /// Point estimate.
    pub point: f64,
    /// Encloses the true value: with certainty, or with the probability that the level leaves.
    pub interval: Interval,
    /// The value itself, where it is known: a rational, a sum of roots, or another formula.
    pub exact: Option<Computable>,
    /// What the enclosure rests on.
    pub grade: Grade,
}

impl SideValue {
    /// An exactly known value.
    #[must_use]
    pub fn exact(value: impl Into<Computable>) -> Self {
        let value = value.into();
        let (point, interval) = match value.rational() {
            Some(q) => (q.to_f64(), Interval::from_rational(q)),
            None => {
                let (low, high) = value.ends();
                (value.near(), Interval::new(low, high).unwrap_or(Interval::WHOLE))
            }
        };
        SideValue { point, interval, exact: Some(value), grade: Evidence::Exact }
    }

    /// The value as a fraction, where it is a rational of at most 200 digits.
    fn fraction(&self) -> Option<String> {
        self.exact.as_ref().and_then(Computable::rational).and_then(Rational::to_fraction)
    }

    /// Why there is no double.
    fn without_number(&self, otherwise: &str) -> String {
        let is_exact = self.exact.as_ref().is_some_and(|value| value.rational().is_some());
        if is_exact { "known exactly, past the largest double" } else { otherwise }.into()
    }

    /// The record of a left side.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        let finite = |v: f64| v.is_finite().then_some(v);
        let unbounded = !self.interval.is_finite();
        Estimate {
            estimate: finite(self.point),
            low: finite(self.interval.low()),
            high: finite(self.interval.high()),
            exact: self.fraction(),
            why: unbounded.then(|| self.without_number("the interval excludes nothing on a side without a number")),
        }
    }

    /// The record of a right side.
    #[must_use]
    pub fn right(&self) -> RightSide {
        let value = self.point.is_finite().then_some(self.point);
        let why = value.is_none().then(|| self.without_number("the bound is not finite in this cell"));
        RightSide { value, exact: self.fraction(), why }
    }
}

/// Declared parameters and facts; none for other symbols.
pub(crate) type Constants<'a> = &'a dyn Fn(&Symbol) -> Option<Real>;

/// Evaluates a left side from a cell's estimates, at the given level.
///
/// `ranges` are those of the path terms and of the series' statistics, where they have one; `sight` holds what an
/// asymptotic interval of them needs.
///
/// # Errors
/// A sentence saying why there is no value: replicates diverged, or the expression has none.
pub(super) fn left_of_estimates(
    left: &Left,
    terms: &[TermSource],
    estimates: &Estimates,
    (ranges, sight): (&Ranges, &Sight),
    constants: Constants<'_>,
    alpha: f64,
    trust: Trust,
) -> Result<SideValue, String> {
    let unseen = |range: Option<Interval>, objection: &dyn Fn(bool) -> Option<String>| {
        if estimates.deterministic { None } else { objection(range.is_some_and(Interval::is_finite)) }
    };
    let each = bonferroni(alpha, left.terms.len());
    let mut values = Vec::with_capacity(left.terms.len());
    for (term, source) in left.terms.iter().zip(terms) {
        values.push(match (term, source) {
            (Term::TimeOfMean(reducer, _), TermSource::Series(i)) => {
                let unseen = unseen(ranges.1[*i], &|bounded| sight.of_series(*i, bounded, estimates));
                over_time(*reducer, &estimates.series[*i], (ranges.1[*i], unseen.as_deref()), trust, each)?
            }
            (_, TermSource::Path(i) | TermSource::Series(i)) => {
                let unseen = unseen(ranges.0[*i], &|bounded| sight.of_path(*i, bounded, estimates));
                mean_of(&estimates.paths[*i], (ranges.0[*i], unseen.as_deref()), trust, each)?
            }
        });
    }
    combine(&left.combine, &values, constants)
}

/// What a cell's numbers are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trust {
    /// Nothing was random.
    pub deterministic: bool,
    /// Whether a number that the run uses, such as a step size, has an error that is only estimated.
    pub rough: bool,
    /// What an enclosure is to rest on.
    pub ground: Ground,
    /// Steps over which rounding gathers.
    pub steps: u64,
    /// Replicates that may have left the path of exact arithmetic at a sign or a choice that doubles cannot resolve.
    pub near: u64,
}

/// What encloses an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// Its value, or the range of the statistic over every place that a run can reach: no sample is needed.
    Everywhere,
    /// The strongest evidence there is: enclosures, finite-sample intervals.
    Strongest,
    /// Asymptotic intervals: they may decide where the strongest is too wide.
    NextBest,
    /// Nothing: the mean of the replicates alone is asked for, however few they are.
    Nothing,
}

/// The expectation of one statistic: with its range, and why its sample may have missed what counts.
fn mean_of(
    sample: &PathMoments,
    (range, unseen): (Option<Interval>, Option<&str>),
    Trust { deterministic, rough, ground, steps, near }: Trust,
    alpha: f64,
) -> Result<SideValue, String> {
    if let Some(exact) = &sample.exact {
        return Ok(SideValue::exact(exact.clone()));
    }
    if let Some(interval) = sample.enclosed {
        let side = enclosed(&sample.moments, interval);
        return Ok(if rough { SideValue { grade: Evidence::Numeric, ..side } } else { side });
    }
    if ground == Ground::Everywhere {
        return Ok(enclosed(&sample.moments, range.ok_or("the statistic has no range")?));
    }
    if deterministic || ground == Ground::Nothing {
        // A run in doubles can amplify its own rounding errors: without an enclosure its value is shown, but excludes
        // nothing.
        let point = sample.moments.checked_mean().map_err(|e| e.to_string())?;
        return Ok(SideValue { point, interval: Interval::WHOLE, exact: None, grade: Evidence::Numeric });
    }
    // Each of the two looks has half of the cell's level, so that looking twice keeps it.
    let alpha = alpha / 2.0;
    // An error that rounding makes alike in every replicate does not show in their spread.
    let relative = sample.moments.mean().map_or(0.0, f64::abs).max(sample.size) * f64::EPSILON * (steps as f64 + 16.0);
    let rounding = sample.rounding.filter(|r| r.is_finite()).unwrap_or(relative);
    let side = |point, interval: Interval, grade| {
        let widened = Interval::new(interval.low() - rounding, interval.high() + rounding);
        let widened = widened.unwrap_or(Interval::WHOLE);
        // The mean cannot lie where the statistic cannot.
        let interval = range.and_then(|range| widened.intersect(range)).unwrap_or(widened);
        Ok(SideValue { point, interval, exact: None, grade })
    };
    if let Some(range) = range.filter(|range| range.is_finite() && ground == Ground::Strongest) {
        let estimate = if near == 0 {
            bounded_mean(&sample.moments, range, alpha)
        } else {
            partly_known_mean(&sample.moments, range, near, alpha)
        };
        let estimate = estimate.map_err(|e| e.to_string())?;
        return side(estimate.value, estimate.interval, Evidence::FiniteSample);
    }
    if near > 0 {
        let n = sample.moments.count();
        return Err(format!(
            "{near} of {n} replicates took a sign or made a choice of numbers within their rounding error, where doubles do not know \
             which way exact arithmetic goes"
        ));
    }
    let estimate = student_mean(&sample.moments, alpha).map_err(|e| e.to_string())?;
    if let Some(why) = unseen.map(str::to_string).or_else(|| no_normal_limit(&sample.moments)) {
        return Err(why);
    }
    side(estimate.value, estimate.interval, Evidence::Asymptotic)
}

/// An enclosure, with the mean of the replicates for its point. Where a sign of 0 decides, a run in doubles can take
/// another path than the enclosed one.
fn enclosed(moments: &Moments, interval: Interval) -> SideValue {
    let mean = moments.mean().filter(|m| interval.contains(*m));
    let point = mean.unwrap_or(0.5 * interval.low() + 0.5 * interval.high());
    SideValue { point, interval, exact: None, grade: Evidence::Exact }
}

/// A functional over time of the expectations; every iterate gets its part of the level (Bonferroni's correction).
fn over_time(
    reducer: Reducer,
    series: &[PathMoments],
    (range, unseen): (Option<Interval>, Option<&str>),
    trust: Trust,
    alpha: f64,
) -> Result<SideValue, String> {
    if let (true, Ground::Everywhere, Some(range)) = (series.is_empty(), trust.ground, range) {
        // Of numbers in a range the least, the largest and the mean lie in it.
        return Ok(enclosed(&Moments::default(), range));
    }
    let each = bonferroni(alpha, series.len());
    let found = series.iter().map(|m| mean_of(m, (range, unseen), trust, each));
    // A minimum is below each of its iterates, whatever the others are: one that is not known lies somewhere in the
    // range.
    let extreme = matches!(reducer, Reducer::Min | Reducer::Max) && trust.near == 0;
    let (mut values, mut known, mut missing) = (Vec::with_capacity(series.len()), false, None);
    for (value, sample) in found.zip(series) {
        match value {
            Ok(value) => {
                known |= value.interval != Interval::WHOLE;
                values.push(value);
            }
            Err(why) if extreme => {
                missing.get_or_insert(why);
                let (point, interval) = (sample.moments.checked_mean(), range.unwrap_or(Interval::WHOLE));
                let point = point.map_err(|e| e.to_string())?;
                values.push(SideValue { point, interval, exact: None, grade: Evidence::FiniteSample });
            }
            Err(why) => return Err(why),
        }
    }
    if let (false, Some(why)) = (known, missing) {
        return Err(why);
    }
    let count = values.len().max(1);
    let reduced = values.into_iter().reduce(|a, b| {
        let both = match (&a.exact, &b.exact) {
            (Some(x), Some(y)) => Some((x.clone(), y.clone())),
            _ => None,
        };
        let (point, interval) = match reducer {
            Reducer::Min => (a.point.min(b.point), a.interval.min(b.interval)),
            Reducer::Max => (a.point.max(b.point), a.interval.max(b.interval)),
            Reducer::Mean => (a.point + b.point, a.interval + b.interval),
            Reducer::First => (a.point, a.interval),
            Reducer::Last => (b.point, b.interval),
        };
        let exact = both.map(|(x, y)| match reducer {
            Reducer::Min => Scalar::min(&x, &y),
            Reducer::Max => Scalar::max(&x, &y),
            Reducer::Mean => x + &y,
            Reducer::First => x,
            Reducer::Last => y,
        });
        SideValue { point, interval, exact, grade: a.grade.max(b.grade) }
    });
    let total = reduced.ok_or("the window holds no iterate")?;
    if reducer != Reducer::Mean {
        return Ok(total);
    }
    let weight = Rational::ratio(1, count as u64);
    Ok(SideValue {
        point: total.point / count as f64,
        interval: total.interval * Interval::from_rational(&weight),
        exact: total.exact.map(|x| x * Computable::from(weight)),
        grade: total.grade,
    })
}

/// Combines numbers that were found, by the terms or outputs that they are, with constants.
fn combine(expr: &Expression, found: &[SideValue], constants: Constants<'_>) -> Result<SideValue, String> {
    let value = |symbol: &Symbol| match symbol {
        Symbol::Term(i) | Symbol::Output(i, _) => found.get(*i),
        _ => None,
    };
    let constant = |symbol: &Symbol| {
        constants(symbol).ok_or_else(|| Fault::Unsupported(format!("'{symbol}' is not known on this instance")))
    };
    let exact = |symbol: &Symbol| match value(symbol) {
        Some(side) => side.exact.clone().ok_or(Fault::NoExactForm("a sampled value")),
        None => constant(symbol)?.cast(),
    };
    // For a value beyond every double the formula is of no use.
    if let Ok(value) = expr.eval::<Computable>(&exact)
        && (value.rational().is_some() || value.near().is_finite())
    {
        return Ok(SideValue::exact(value));
    }
    let mut grade = Evidence::Exact;
    for symbol in expr.symbols() {
        grade = grade.max(match value(symbol) {
            Some(side) => side.grade,
            None if constants(symbol).is_some_and(|c| c.is_rough()) => Evidence::Numeric,
            None => Evidence::Exact,
        });
    }
    let enclosed = |symbol: &Symbol| match value(symbol) {
        Some(side) => Ok(side.interval),
        None => constant(symbol).as_ref().map(constant_interval).map_err(Clone::clone),
    };
    let interval = expr.eval::<Interval>(&enclosed).map_err(|e| e.to_string())?;
    let float = |symbol: &Symbol| match value(symbol) {
        Some(side) => Ok(side.point),
        None => constant(symbol).map(|c| c.to_f64()),
    };
    let point = expr.eval_f64(&float).map_err(|e| e.to_string())?;
    Ok(SideValue { point, interval, exact: None, grade })
}

/// A constant as an interval; one whose error is not known excludes nothing.
fn constant_interval(value: &Real) -> Interval {
    value.within().unwrap_or(Interval::WHOLE)
}

/// Evaluates a right side (or margin) from constants.
///
/// # Errors
/// A sentence saying why there is no value.
pub(crate) fn right_side(expr: &Expression, constants: Constants<'_>) -> Result<SideValue, String> {
    combine(expr, &[], constants)
}

/// Evaluates a left (or right) side from one row of a quantity.
///
/// # Errors
/// A sentence saying why there is no value.
pub(crate) fn left_of_row(expr: &Expression, row: &Row, constants: Constants<'_>) -> Result<SideValue, String> {
    let outputs: Vec<SideValue> = row.outputs.iter().zip(&row.errors).map(|(v, e)| output(v, *e)).collect();
    combine(expr, &outputs, constants)
}

fn output(value: &Real, error: f64) -> SideValue {
    match value {
        Real::Exact(q) => SideValue::exact(q.clone()),
        Real::Computable(value) => SideValue::exact(value.clone()),
        Real::Estimated { near, within } => {
            SideValue { point: *near, interval: *within, exact: None, grade: Evidence::Numeric }
        }
        other => SideValue {
            point: other.to_f64(),
            interval: Interval::new((other.to_f64() - error).next_down(), (other.to_f64() + error).next_up())
                .unwrap_or(Interval::WHOLE),
            exact: None,
            grade: Evidence::Numeric,
        },
    }
}
