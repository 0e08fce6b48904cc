//! What a problem draws by itself: the noise of its gradients at the last iterate, and images of its data.

use super::{answered, axis, case_label, label};
use crate::claim::{FigureKind, FigureSetup, Spec, stream_key};
use crate::engine::last_iterate;
use crate::evidence::{CellRun, Observed};
use crate::model::{DynProblem, Gallery};
use crate::results::{AxisScale, Layer, LineStyle, Panel};
use std::f64::consts::PI;

/// Panels of a figure of histograms, at most.
const PANELS: usize = 12;
/// Bins of a histogram: odd, so that one lies around 0.
const BINS: usize = 31;
/// Images of a class in a picture.
const PER_CLASS: usize = 10;
/// Classes in a picture, at most.
const CLASSES: usize = 10;

/// What a problem lacks for a figure of this kind; a quantity has none.
pub(crate) fn lacking(kind: FigureKind, problem: Option<&dyn DynProblem>) -> Option<&'static str> {
    match kind {
        FigureKind::Histogram if !problem.is_some_and(|p| p.draws_noise()) => {
            Some("a figure of kind 'histogram' shows the noise of a minibatch's gradient, which the problem 'mlp' has")
        }
        FigureKind::Images if problem.and_then(|p| p.gallery(1)).is_none() => {
            Some("a figure of kind 'images' shows images of each class, which the problem 'mlp' has")
        }
        _ => None,
    }
}

/// Histograms of the noise at the last iterate of the first replicate, in units of its standard deviation, with the
/// normal density dashed: the runs of the figure as columns, and as many parameters of each as there is room for.
pub(super) fn histograms(spec: &Spec, observed: &Observed<'_>, figure: &FigureSetup, seed: u64) -> Vec<Panel> {
    let runs: Vec<(String, &CellRun, &str)> = answered(spec, observed, figure)
        .filter_map(|(curve, case, _, found)| {
            Some((label(curve, case_label(case, figure), &[]), found.runs.first()?, case))
        })
        .take(PANELS)
        .collect();
    let each = PANELS / runs.len().max(1);
    let columns: Vec<Vec<Panel>> = runs
        .iter()
        .enumerate()
        .filter_map(|(color, (name, run, case))| {
            let instance = &run.experiment()?.instance;
            let x = last_iterate(instance, seed, &stream_key(spec, case, &run.cell), 0).ok()?;
            let noise = instance.problem.noise_draws(&x, each).ok()?;
            let panels = noise.iter().filter_map(|it| {
                let parameter = format!("parameter {}", it.coordinate + 1);
                histogram(&label(name, &parameter, &[]), color, &it.deviations, figure)
            });
            Some(panels.collect())
        })
        .collect();
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    (0..rows).flat_map(|row| columns.iter().filter_map(move |column| column.get(row).cloned())).collect()
}

fn histogram(title: &str, color: usize, deviations: &[f64], figure: &FigureSetup) -> Option<Panel> {
    let n = deviations.len() as f64;
    let scale = (deviations.iter().map(|d| d * d).sum::<f64>() / n).sqrt();
    let most = deviations.iter().fold(0.0, |most: f64, d| most.max(d.abs())) / scale;
    if !(most.is_finite() && most > 0.0) {
        return None;
    }
    let width = 2.0 * most / BINS as f64;
    let edges: Vec<f64> = (0..=BINS).map(|i| (i as f64 - BINS as f64 / 2.0) * width).collect();
    let mut counts = [0_u32; BINS];
    for d in deviations {
        // The cast cuts off: what lies at the upper end belongs to the last bin.
        counts[(((d / scale + most) / width) as usize).min(BINS - 1)] += 1;
    }
    let heights = counts.iter().map(|count| f64::from(*count) / (n * width)).collect();
    let x: Vec<f64> = (-60..=60).map(|i| f64::from(i) / 60.0 * most).collect();
    let y = x.iter().map(|x| Some(libm::exp(-x * x / 2.0) / (2.0 * PI).sqrt())).collect();
    let layers = vec![
        Layer::Bars { label: String::new(), color, edges, heights },
        Layer::Line { label: String::new(), color: 6, style: LineStyle::Dashed, x, y },
    ];
    let x_axis = axis(figure.x_label.as_deref().unwrap_or("noise / its deviation"), AxisScale::Linear);
    let y_axis = axis(figure.y_label.first().map_or("density", String::as_str), AxisScale::Linear);
    Some(Panel { title: title.into(), x: x_axis, y: y_axis, layers })
}

/// The first images of each class as the pixels of one picture; a row is a class.
pub(super) fn images(spec: &Spec, observed: &Observed<'_>, figure: &FigureSetup) -> Vec<Panel> {
    let gallery = answered(spec, observed, figure).find_map(|(_, _, _, found)| {
        let instance = &found.runs.first()?.experiment()?.instance;
        instance.problem.gallery(PER_CLASS)
    });
    gallery.map(|gallery| picture(&gallery, figure)).into_iter().collect()
}

fn picture(gallery: &Gallery, figure: &FigureSetup) -> Panel {
    let [height, width] = gallery.size;
    let classes = &gallery.classes[..gallery.classes.len().min(CLASSES)];
    let mut rows = Vec::new();
    // The vertical axis points upwards: class 0 is the lowest row.
    for class in classes.iter().rev() {
        for row in 0..height {
            let mut digits = String::with_capacity(PER_CLASS * width);
            for image in 0..PER_CLASS {
                let line = class.get(image).map(|image| &image[row * width..(row + 1) * width]);
                let digit = |column: usize| u32::from(line.map_or(0, |line| line[column])) * 15 / 255;
                digits.extend((0..width).filter_map(|column| char::from_digit(digit(column), 16)));
            }
            rows.push(digits);
        }
    }
    let (right, top) = (PER_CLASS as f64 + 0.5, classes.len() as f64 - 0.5);
    let mut x = axis(figure.x_label.as_deref().unwrap_or("image of the class"), AxisScale::Linear);
    let mut y = axis(figure.y_label.first().map_or("class", String::as_str), AxisScale::Linear);
    (x.low, x.high, y.low, y.high) = (Some(0.5), Some(right), Some(-0.5), Some(top));
    Panel { title: String::new(), x, y, layers: vec![Layer::Pixels { x: [0.5, right], y: [-0.5, top], rows }] }
}
