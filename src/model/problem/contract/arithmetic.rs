//! The same bits in lanes of every width, and in exact arithmetic on short dyadic inputs.

use super::checks::{Checked, Outcome, Points, Subject};
use super::table::{Case, Exact};
use crate::model::Evaluating;
use crate::model::problem::{DynProblem, Flow};
use crate::scalar::{Fault, Narrow, Rational, Scalar, WIDTH, Wide};
use crate::stats::Interval;

/// Everything that a problem computes at x: value, gradients of all kinds, projection, own statistics.
fn everything<S: Evaluating>(problem: &dyn DynProblem, x: &[S]) -> Vec<Result<Vec<S>, Fault>> {
    let parts = S::problem(problem);
    let vector = |run: &dyn Fn(&mut [S]) -> Result<(), Fault>| {
        let mut out = vec![S::zero(); x.len()];
        run(&mut out).map(|()| out)
    };
    let mut all = vec![parts.value_at(x).map(|v| vec![v]), vector(&|out| parts.gradient_at(x, out))];
    for worker in 0..problem.own_objectives().unwrap_or(1) {
        all.push(vector(&|out| parts.worker_gradient_at(worker, x, out)));
    }
    for index in 0..problem.samples().unwrap_or(0) {
        all.push(vector(&|out| parts.sample_gradient_at(index, x, out)));
    }
    for kind in [Flow::Gradient, Flow::Sign] {
        // A problem without closed flows has none in any arithmetic.
        match vector(&|out| parts.flow_from(kind, x, &S::ratio(3, 8), out)) {
            Err(Fault::Unsupported(_)) => {}
            flow => all.push(flow),
        }
    }
    let mut projected = x.to_vec();
    parts.project_onto(&mut projected);
    all.push(Ok(projected));
    for index in 0..problem.own_statistics().len() {
        all.push(parts.own_statistic_at(index, x).map(|v| vec![v]));
    }
    all
}

/// Every lane of a wide run has the bits of a narrow run of its own.
pub(super) fn lanes_agree(s: &Subject, _: &Case) -> Outcome {
    let d = s.problem.dimension();
    let mut points = Points::new(20);
    let replicates: Vec<Vec<f64>> = (0..WIDTH).map(|_| points.point(d)).collect();
    let wide: Vec<Wide> = (0..d).map(|i| scalar_from(|lane| replicates[lane][i])).collect();
    let together = everything(&*s.problem, &wide);
    for (lane, x) in replicates.iter().enumerate() {
        let narrow: Vec<Narrow> = x.iter().map(|v| Narrow::splat(*v)).collect();
        for (number, (alone, together)) in everything(&*s.problem, &narrow).iter().zip(&together).enumerate() {
            let (Ok(alone), Ok(together)) = (alone, together) else {
                return Err(format!("quantity {number}: {alone:?} and {:?}", together.as_ref().err()));
            };
            for (a, b) in alone.iter().zip(together) {
                let b = b.0[lane] * (1.0 + s.shift_wide);
                if a.0[0].to_bits() != b.to_bits() {
                    return Err(format!("quantity {number} at {x:?}: {} alone, {b} in lane {lane}", a.0[0]));
                }
            }
        }
    }
    Ok(Checked::Points(WIDTH))
}

fn scalar_from(value: impl Fn(usize) -> f64) -> Wide {
    let mut out = Wide::splat(0.0);
    for lane in 0..WIDTH {
        out.set_lane(lane, value(lane));
    }
    out
}

/// Rational results against lanes on multiples of 1/8, as the table says.
pub(super) fn exact_agrees(s: &Subject, case: &Case) -> Outcome {
    let (d, mut points, mut seen, mut refused) = (s.problem.dimension(), Points::new(21), 0, 0);
    for _ in 0..24 {
        let x: Vec<f64> = points.point(d).iter().map(|v| (v * 8.0).round() / 8.0).collect();
        let narrow: Vec<Narrow> = x.iter().map(|v| Narrow::splat(*v)).collect();
        let exact: Vec<Rational> = x.iter().map(|v| Rational::from_double(*v).expect("finite")).collect();
        let pairs = everything(&*s.problem, &exact).into_iter().zip(everything(&*s.problem, &narrow));
        for (number, (exact, lane)) in pairs.enumerate() {
            let lane = lane.map_err(|why| format!("quantity {number} in a lane: {why}"))?;
            match exact {
                Ok(exact) => {
                    let same = |(q, v): (&Rational, &Narrow)| agrees(q, v.0[0] * (1.0 + s.shift_wide), case.exact);
                    if !exact.iter().zip(&lane).all(same) {
                        return Err(format!("quantity {number} at {x:?}: {exact:?} against {lane:?}"));
                    }
                    seen += 1;
                }
                // The distance to a span is a root, which few rationals have.
                Err(Fault::NoExactForm(_)) => refused += 1,
                Err(why) => return Err(format!("quantity {number}: {why}")),
            }
        }
    }
    match case.exact {
        Exact::Refused if refused == 0 => Err("no quantity is refused".into()),
        Exact::Partly if refused == 0 || seen == 0 => Err(format!("{seen} exact, {refused} refused")),
        Exact::Equal | Exact::Close if refused > 24 => Err(format!("{refused} quantities are refused")),
        _ => Ok(Checked::Points(seen)),
    }
}

fn agrees(exact: &Rational, lane: f64, how: Exact) -> bool {
    match how {
        Exact::Close => (exact.to_f64() - lane).abs() <= 1e-12 * (1.0 + lane.abs()),
        _ => exact.to_f64() == lane,
    }
}

/// Interval results hold the exact ones where there are any, and the lanes' up to their rounding everywhere.
pub(super) fn enclosures_hold(s: &Subject, _: &Case) -> Outcome {
    let (d, mut points, mut seen) = (s.problem.dimension(), Points::new(22), 0);
    for _ in 0..24 {
        let x = points.point(d);
        let narrow: Vec<Narrow> = x.iter().map(|v| Narrow::splat(*v)).collect();
        let exact: Vec<Rational> = x.iter().map(|v| Rational::from_double(*v).expect("finite")).collect();
        let wide: Vec<Interval> = x.iter().map(|v| Interval::point(*v)).collect();
        let exact = everything(&*s.problem, &exact).into_iter().zip(everything(&*s.problem, &narrow));
        for (number, (wide, (exact, lane))) in everything(&*s.problem, &wide).into_iter().zip(exact).enumerate() {
            // A part without enclosures says so.
            let Ok(wide) = wide else { continue };
            seen += 1;
            for (i, w) in wide.iter().enumerate() {
                let lane = lane.as_ref().map_err(Fault::to_string)?[i].0[0] * (1.0 + s.shift_wide);
                let slack = 1e-11 * (1.0 + lane.abs());
                let outside = |v: f64, slack: f64| !(w.low() - slack <= v && v <= w.high() + slack);
                let ends = |q: &Rational| {
                    let end = |v: f64| Rational::from_double(v).expect("a finite enclosure");
                    end(w.low()) <= *q && *q <= end(w.high())
                };
                if outside(lane, slack) || exact.as_ref().is_ok_and(|exact| !ends(&exact[i])) {
                    return Err(format!("quantity {number} at {x:?}: {w:?} leaves out {lane} or {exact:?}"));
                }
            }
        }
    }
    Ok(Checked::Points(seen))
}
