//! Pictures in the plane: iterates on contour lines, and the directions of a first step.

use super::{answered, axis, case_label, label};
use crate::claim::{FigureSetup, Spec, stream_key};
use crate::engine::trace;
use crate::evidence::{CellRun, Observed};
use crate::model::{DynProblem, Evaluates};
use crate::results::{AxisScale, Layer, LineStyle, Panel};
use crate::scalar::Narrow;

/// Grid lines of a contour plot.
const GRID: usize = 61;

/// The first run of every drawn curve whose problem lives in the plane.
fn planar<'j>(
    spec: &'j Spec,
    observed: &'j Observed<'j>,
    figure: &'j FigureSetup,
) -> impl Iterator<Item = (String, String, &'j CellRun)> {
    answered(spec, observed, figure).filter_map(|(curve, case, _, found)| {
        let run = found.runs.first()?;
        let planar = run.experiment()?.instance.problem.dimension() == 2;
        planar.then(|| (curve.to_string(), case.to_string(), run))
    })
}

/// Iterates of one replicate of each curve on the contour lines of f.
pub(super) fn contours(spec: &Spec, observed: &Observed<'_>, figure: &FigureSetup, seed: u64) -> Vec<Panel> {
    let runs: Vec<_> = planar(spec, observed, figure).collect();
    let Some((_, _, first)) = runs.first() else { return Vec::new() };
    let Some(experiment) = first.experiment() else { return Vec::new() };
    let end = |range: &Option<(crate::scalar::Rational, crate::scalar::Rational)>| {
        range.as_ref().map_or((-2.0, 2.0), |(a, b)| (a.to_f64(), b.to_f64()))
    };
    let (x_range, y_range) = (end(&figure.x_range), end(&figure.y_range));
    let x: Vec<f64> = grid(x_range);
    let y: Vec<f64> = grid(y_range);
    let value = |a: f64, b: f64| value_and_gradient(&*experiment.instance.problem, [a, b]).map_or(0.0, |(v, _)| v);
    let z = y.iter().map(|b| x.iter().map(|a| value(*a, *b)).collect()).collect();
    let mut layers = vec![Layer::Contours { x, y, z, levels: Vec::new() }];
    for (color, (curve, case, run)) in runs.iter().enumerate() {
        let Some(e) = run.experiment() else { continue };
        let cell_key = stream_key(spec, case, &run.cell);
        let Ok((iterates, _)) = trace(&e.instance, seed, &cell_key, 0) else { continue };
        let inside = |p: &&Vec<f64>| (x_range.0..=x_range.1).contains(&p[0]) && (y_range.0..=y_range.1).contains(&p[1]);
        let kept: Vec<&Vec<f64>> = thin(&iterates).into_iter().filter(inside).collect();
        layers.push(Layer::Path {
            label: label(curve, case_label(case, figure), &[]),
            color,
            x: kept.iter().map(|p| p[0]).collect(),
            y: kept.iter().map(|p| p[1]).collect(),
        });
    }
    if let Some(best) = &experiment.instance.minimiser {
        layers.push(Layer::Points {
            label: "minimiser".into(),
            color: 6,
            x: vec![best[0].to_f64()],
            y: vec![Some(best[1].to_f64())],
            low: Vec::new(),
            high: Vec::new(),
        });
    }
    let mut x_axis = axis(figure.x_label.as_deref().unwrap_or("x₁"), AxisScale::Linear);
    let mut y_axis = axis(figure.y_label.first().map_or("x₂", String::as_str), AxisScale::Linear);
    (x_axis.low, x_axis.high) = (Some(x_range.0), Some(x_range.1));
    (y_axis.low, y_axis.high) = (Some(y_range.0), Some(y_range.1));
    vec![Panel { title: String::new(), x: x_axis, y: y_axis, layers }]
}

/// At most 60 points: the first 30 and an even choice of the rest.
fn thin(iterates: &[Vec<f64>]) -> Vec<&Vec<f64>> {
    if iterates.len() <= 60 {
        return iterates.iter().collect();
    }
    let rest = &iterates[30..];
    iterates[..30].iter().chain((0..30).map(|i| &rest[i * (rest.len() - 1) / 29])).collect()
}

fn grid((low, high): (f64, f64)) -> Vec<f64> {
    (0..GRID).map(|i| low + (high - low) * i as f64 / (GRID - 1) as f64).collect()
}

fn value_and_gradient(problem: &dyn DynProblem, x: [f64; 2]) -> Option<(f64, [f64; 2])> {
    let problem: &dyn Evaluates<Narrow> = problem;
    let x = x.map(Narrow::splat);
    let mut gradient = [Narrow::splat(0.0); 2];
    problem.gradient_at(&x, &mut gradient).ok()?;
    Some((problem.value_at(&x).ok()?.0[0], gradient.map(|g| g.0[0])))
}

/// The gradients g that a plane problem has, their signs, and the errors g - (|g|_1/d) sgn g of the scaled sign.
pub(super) fn directions(spec: &Spec, observed: &Observed<'_>, figure: &FigureSetup) -> Vec<Panel> {
    let Some((_, _, run)) = planar(spec, observed, figure).next() else { return Vec::new() };
    let Some(experiment) = run.experiment() else { return Vec::new() };
    let problem = &*experiment.instance.problem;
    let mut gradients: Vec<[f64; 2]> = Vec::new();
    // One point in each of the regions into which the lines x1 = x2 and x1 = -x2 cut the plane.
    for point in
        [[2.0, 1.0], [1.0, 2.0], [-1.0, 1.5], [-2.0, 1.0], [-2.0, -1.0], [-1.0, -2.0], [1.0, -1.5], [2.0, -1.0]]
    {
        let Some((_, gradient)) = value_and_gradient(problem, point) else { continue };
        if !gradients.contains(&gradient) {
            gradients.push(gradient);
        }
    }
    let sign = |v: f64| {
        if v > 0.0 {
            1.0
        } else if v < 0.0 {
            -1.0
        } else {
            0.0
        }
    };
    let signs: Vec<[f64; 2]> = gradients.iter().map(|g| g.map(sign)).collect();
    let errors: Vec<[f64; 2]> = gradients
        .iter()
        .zip(&signs)
        .map(|(g, s)| {
            let scale = (g[0].abs() + g[1].abs()) / 2.0;
            [g[0] - scale * s[0], g[1] - scale * s[1]]
        })
        .collect();
    let arrows = |label: &str, color: usize, ends: &[[f64; 2]]| Layer::Arrows {
        label: label.into(),
        color,
        x: vec![0.0; ends.len()],
        y: vec![0.0; ends.len()],
        dx: ends.iter().map(|e| e[0]).collect(),
        dy: ends.iter().map(|e| e[1]).collect(),
    };
    let layers = vec![
        Layer::Line {
            label: "x₁ + x₂ = 0, the directions of signs".into(),
            color: 7,
            style: LineStyle::Dashed,
            x: vec![-2.0, 2.0],
            y: vec![Some(2.0), Some(-2.0)],
        },
        arrows("gradient g", 0, &gradients),
        arrows("sgn g", 1, &signs),
        arrows("error g − (‖g‖₁/d) sgn g", 2, &errors),
    ];
    let mut x = axis(figure.x_label.as_deref().unwrap_or("coordinate 1"), AxisScale::Linear);
    let mut y = axis(figure.y_label.first().map_or("coordinate 2", String::as_str), AxisScale::Linear);
    for axis in [&mut x, &mut y] {
        (axis.low, axis.high) = (Some(-2.0), Some(2.0));
    }
    vec![Panel { title: String::new(), x, y, layers }]
}
