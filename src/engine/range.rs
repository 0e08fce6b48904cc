//! Ranges of path functionals, where they have one.
//!
//! A sign step moves a coordinate by at most its step size, whatever the gradient. All iterates thus lie in a box
//! around the start that is known beforehand, and a statistic's values over the box, by interval arithmetic, are a
//! range that every replicate keeps. That is what finite-sample intervals need, and it decides by itself where a bound is
//! broken everywhere in it.

use super::measure::{Plan, Recorder};
use super::point::Point;
use crate::model::Evaluating;
use crate::spec::{Instance, StartPoint};
use crate::stats::Interval;

/// The range of each path functional of a plan, and of each series' statistic; `None` where there is none.
#[must_use]
pub fn ranges(instance: &Instance, plan: &Plan) -> (Vec<Option<Interval>>, Vec<Option<Interval>>) {
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
    Interval::problem(&*instance.problem).project_onto(&mut x);
    match over_box(instance, plan, &x) {
        Some(found) => found,
        None => none(),
    }
}

type Ranges = (Vec<Option<Interval>>, Vec<Option<Interval>>);

fn over_box(instance: &Instance, plan: &Plan, x: &[Interval]) -> Option<Ranges> {
    let mut recorder = Recorder::new(plan, instance);
    let mut gradient = vec![Interval::point(0.0); x.len()];
    // The iterate before lies in the same box. Memory of an algorithm (an error, a momentum) is not bounded by its steps.
    let state = vec![Interval::WHOLE; instance.views.iter().map(|v| v.range.end).max().unwrap_or(0)];
    // A mean of points of the box lies in it.
    let mut point = Point::new(instance, x, &state, &mut gradient).since(x).with_sum(0, x);
    recorder.record_throughout(&mut point).ok()?;
    let finite = |v: Interval| v.is_finite().then_some(v);
    let paths = recorder.paths().ok()?.into_iter().map(finite).collect();
    let series = recorder.series.iter().map(|s| s.first().copied().and_then(finite)).collect();
    Some((paths, series))
}

/// How far a coordinate can be from its start at the horizon.
fn radius(instance: &Instance) -> Option<f64> {
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
