//! Ranges of path functionals, where they have one.
//!
//! A sign step moves a coordinate by at most its step size, whatever the gradient. All iterates thus lie in a box
//! around the start that is known beforehand. A statistic's values over the box, by interval arithmetic, are a range
//! that every replicate keeps. A minimum over the run is never above its value at the start, which is known. That is
//! what finite-sample intervals need, and it decides by itself where a bound is broken everywhere in it.

use super::measure::{Plan, Probe, Recorder};
use super::point::Point;
use crate::claim::{Expression, Instance, Reducer, StartPoint};
use crate::model::{Evaluating, Known, Statistic};
use crate::stats::Interval;

/// Of each path functional and of each series' statistic.
pub(crate) type Ranges = (Vec<Option<Interval>>, Vec<Option<Interval>>);

/// The range of each path functional of a plan, and of each series' statistic, which may have one end; `None` where
/// there is none.
#[must_use]
pub fn ranges(instance: &Instance, plan: &Plan) -> Ranges {
    let (mut paths, mut series) = of_box(instance, plan);
    let meet = |range: &mut Option<Interval>, probe: &Probe| {
        let Some(own) = declared(instance, probe) else { return };
        *range = Some(range.and_then(|range| range.intersect(own)).unwrap_or(own));
    };
    for (range, path) in paths.iter_mut().zip(&plan.paths) {
        if let Some(probe) = alone(path) {
            meet(range, probe);
        }
    }
    series.iter_mut().zip(&plan.series).for_each(|(range, (_, probe))| meet(range, probe));
    (paths, series)
}

/// What a problem says of its own statistic. No reducer over time leaves that range.
fn declared(instance: &Instance, probe: &Probe) -> Option<Interval> {
    let [low, high] = match probe {
        Probe::Single(Statistic::Own(index)) => instance.problem.own_statistics().get(*index)?.range?,
        Probe::Single(statistic) if statistic.is_share() => [0, 1],
        _ => return None,
    };
    Interval::new(low as f64, high as f64)
}

/// The statistic of a path functional that is one reduction and nothing else.
fn alone((combine, reductions): &(Expression, Vec<(Reducer, Probe)>)) -> Option<&Probe> {
    match reductions.as_slice() {
        [(_, probe)] if combine.as_symbol().is_some() => Some(probe),
        _ => None,
    }
}

/// What follows from where the iterates can be.
fn of_box(instance: &Instance, plan: &Plan) -> Ranges {
    let none = || (vec![None; plan.paths.len()], vec![None; plan.series.len()]);
    // Without a reach nothing is known of the iterates, but a feasible box or a bounded gradient may be enough.
    let radius = radius(instance).unwrap_or(f64::INFINITY);
    let StartPoint::At(point) = &instance.start else { return none() };
    let mut x: Vec<Interval> = Vec::with_capacity(point.len());
    for coordinate in point {
        let Ok(centre) = coordinate.cast::<Interval>() else { return none() };
        x.push(Interval::new(-radius, radius).map_or(Interval::WHOLE, |around| centre + around));
    }
    // A feasible box cuts the reachable one.
    let start: Vec<Interval> = point.iter().filter_map(|v| v.cast().ok()).collect();
    Interval::problem(&*instance.problem).project_onto(&mut x);
    match over_box(instance, plan, (&x, &start)) {
        Some(found) => found,
        None => none(),
    }
}

fn over_box(instance: &Instance, plan: &Plan, (x, start): (&[Interval], &[Interval])) -> Option<Ranges> {
    let mut recorder = Recorder::new(plan, instance);
    let mut gradient = vec![Interval::point(0.0); x.len()];
    // The iterate before lies in the same box. Memory of an algorithm (an error, a momentum) is not bounded by its
    // steps.
    let around = memory(instance).and_then(|m| Interval::new(-m, m)).unwrap_or(Interval::WHOLE);
    let state = vec![around; instance.views.iter().map(|v| v.range.end).max().unwrap_or(0)];
    // A mean of points of the box lies in it.
    let mut point = Point::new(instance, x, &state, &mut gradient).since(x).with_sum(0, x);
    recorder.record_throughout(&mut point).ok()?;
    let bare = Plan { curves: Vec::new(), ..plan.clone() };
    let mut at_start = Recorder::new(&bare, instance);
    let memory = vec![Interval::point(0.0); state.len()];
    let mut point = Point::new(instance, start, &memory, &mut gradient).with_sum(0, start);
    if at_start.record(0, &mut point).is_ok() {
        recorder.meet_start(&at_start);
    }
    let cut = |v: Interval, probe: Option<&Probe>| {
        let v = probe.and_then(|probe| floor(instance, probe)).and_then(|floor| v.intersect(floor)).unwrap_or(v);
        (v != Interval::WHOLE).then_some(v)
    };
    let values = recorder.paths().ok()?;
    let paths = values.into_iter().zip(&plan.paths).map(|((v, _), path)| cut(v, alone(path))).collect();
    let series = recorder.series.iter().zip(&plan.series);
    let series = series.map(|(s, (_, probe))| s.first().and_then(|v| cut(*v, Some(probe)))).collect();
    Some((paths, series))
}

/// What a statistic cannot be below: f is nowhere under its infimum, where that is known.
fn floor(instance: &Instance, probe: &Probe) -> Option<Interval> {
    let fact = instance.facts.get("fstar")?;
    let low: Interval = fact.value.cast().ok().filter(|_| !fact.value.is_rough() && fact.known == Known::Exact)?;
    match probe {
        Probe::Single(Statistic::Value | Statistic::AverageValue) => Interval::new(low.low(), f64::INFINITY),
        Probe::Single(Statistic::Gap | Statistic::AverageGap) => Some(Interval::NON_NEGATIVE),
        _ => None,
    }
}

/// How large an entry of the algorithm's memory can be, where stochastic gradients have a largest size.
fn memory(instance: &Instance) -> Option<f64> {
    let gradient = instance.noise.as_ref().filter(|_| !instance.minibatch)?.largest()?;
    let mut largest = vec![0.0_f64; instance.schedules.len()];
    for k in 0..instance.horizon {
        for (largest, schedule) in largest.iter_mut().zip(&instance.schedules) {
            let now: Interval = instance.schedule_at(schedule, k).ok()?;
            *largest = largest.max(now.abs().high());
        }
    }
    instance.algorithm.largest_error(&largest, gradient, instance.problem.dimension(), &instance.semantics)
}

/// How far a coordinate can be from its start at the horizon.
pub(super) fn radius(instance: &Instance) -> Option<f64> {
    let mut total = 0.0_f64;
    let mut values = vec![0.0; instance.schedules.len()];
    for k in 0..instance.horizon {
        for (value, schedule) in values.iter_mut().zip(&instance.schedules) {
            let now: Interval = instance.schedule_at(schedule, k).ok()?;
            *value = now.abs().high();
        }
        total += instance.algorithm.reach(&values, instance.workers)?.abs();
        if !total.is_finite() {
            return None;
        }
    }
    // Sums of n positive doubles are off by at most n ulps of the sum, each by a few for an algorithm's own arithmetic.
    Some(total * (1.0 + (instance.horizon as f64 + 16.0) * f64::EPSILON))
}
