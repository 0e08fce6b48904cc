//! Figures and tables as data, from what was run.

mod contours;
mod data;

pub(crate) use data::lacking;

use crate::claim::{
    BandKind, Expression, FigureKind, FigureSetup, Formula, InstanceError, Spec, Symbol, Variant, evaluate,
};
use crate::evidence::{CellOutcome, CellRun, ConfigurationRuns, Observed};
use crate::model::Real;
use crate::results::{Axis, AxisScale, CellRecord, Layer, LineStyle, Panel, Picture, TableRecord};
use crate::stats::{Moments, student_mean};
use std::collections::BTreeMap;

type Cells = BTreeMap<String, Vec<CellRecord>>;

/// What a figure shows: its curves in its cases.
pub(crate) fn drawn<'s>(
    spec: &'s Spec,
    figure: &'s FigureSetup,
) -> impl Iterator<Item = (&'s str, &'s str, &'s Variant)> {
    variants(spec).filter(|(curve, case, _)| is_drawn(curve, &figure.curves) && is_drawn(case, &figure.cases))
}

/// What was run of it.
fn answered<'a>(
    spec: &'a Spec,
    observed: &'a Observed<'_>,
    figure: &'a FigureSetup,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Variant, ConfigurationRuns<'a, 'a>)> {
    drawn(spec, figure).filter_map(|(curve, case, variant)| Some((curve, case, variant, observed.of(case, variant)?)))
}

/// What figures can show: the curves, or the file itself where it has none.
fn variants(spec: &Spec) -> impl Iterator<Item = (&str, &str, &Variant)> {
    let base = spec.curves.is_empty().then_some(&spec.base).into_iter().flatten();
    let base = base.map(|(case, v)| ("", case.as_str(), v));
    let curves =
        spec.curves.iter().flat_map(|c| c.variants.iter().map(|(case, v)| (c.name.as_str(), case.as_str(), v)));
    base.chain(curves)
}

/// All figures and tables of a claim.
///
/// # Errors
/// A formula of a figure that has no value, at its place in the file.
pub(crate) fn pictures(
    spec: &Spec,
    observed: &Observed<'_>,
    cells: &Cells,
    seed: u64,
) -> Result<(Vec<Picture>, Vec<TableRecord>), InstanceError> {
    let (mut pictures, mut tables) = (Vec::new(), Vec::new());
    let stem = spec.id.split('/').next_back().unwrap_or(&spec.id);
    for figure in &spec.figures {
        let panels = match figure.kind {
            FigureKind::Table => {
                tables.push(table(spec, observed, figure));
                continue;
            }
            FigureKind::Curves => curves(spec, observed, figure),
            FigureKind::LeftAgainstBound if figure.lines.is_empty() => against_bound(spec, cells, figure),
            FigureKind::LeftAgainstBound => quantity_lines(spec, observed, figure),
            FigureKind::Contours => contours::contours(spec, observed, figure, seed),
            FigureKind::Directions => contours::directions(spec, observed, figure),
            FigureKind::Histogram => data::histograms(spec, observed, figure, seed),
            FigureKind::Images => data::images(spec, observed, figure),
        };
        let name = if figure.name.is_empty() { stem.to_string() } else { format!("{stem}-{}", figure.name) };
        let title = figure.title.clone().unwrap_or_else(|| spec.title.clone());
        pictures.push(Picture { name, title, caption: caption(spec, observed, cells, figure), panels });
    }
    Ok((pictures, tables))
}

fn caption(spec: &Spec, observed: &Observed<'_>, cells: &Cells, figure: &FigureSetup) -> String {
    let mut parts = vec![format!("{}: {} ({}, {}).", spec.id, spec.title, spec.source.paper, spec.source.place)];
    let replicates = observed.all().filter_map(CellRun::experiment).map(|e| e.estimates.replicates);
    let most = replicates.max().unwrap_or(0);
    if most > 1 {
        let band = match (figure.kind, figure.band) {
            (FigureKind::Curves, BandKind::Deviation) => "; bands: one standard deviation",
            (FigureKind::Curves, BandKind::Interval) => "; bands: 99 % interval of the mean",
            (FigureKind::LeftAgainstBound, _) => "; bars: the interval of the verdict",
            _ => "",
        };
        let up_to = if figure.kind == FigureKind::LeftAgainstBound { "up to " } else { "" };
        parts.push(format!("Means over {up_to}{most} replicates{band}."));
    }
    if figure.kind == FigureKind::LeftAgainstBound && figure.lines.is_empty() {
        parts.extend(slopes(spec, cells, figure));
    }
    parts.extend(figure.caption.clone());
    parts.join(" ")
}

pub(super) fn axis(label: &str, scale: AxisScale) -> Axis {
    Axis { label: label.into(), scale, low: None, high: None }
}

/// A line's label: curve, case and distinguishing values, those that are there.
pub(super) fn label(curve: &str, case: &str, values: &[String]) -> String {
    let parts: Vec<&str> =
        [curve, case].into_iter().filter(|p| !p.is_empty()).chain(values.iter().map(String::as_str)).collect();
    parts.join(", ")
}

fn axes_of(figure: &FigureSetup, panel: usize, x: &str, y: &str) -> (Axis, Axis) {
    let scale = |log| if log { AxisScale::Log } else { AxisScale::Linear };
    let mut x = axis(figure.x_label.as_deref().unwrap_or(x), scale(figure.log.0));
    let mut y = axis(figure.y_label.get(panel).map_or(y, String::as_str), scale(figure.log.1));
    if let Some((a, b)) = &figure.x_range {
        (x.low, x.high) = (Some(a.to_f64()), Some(b.to_f64()));
    }
    if let Some((a, b)) = &figure.y_range {
        (y.low, y.high) = (Some(a.to_f64()), Some(b.to_f64()));
    }
    (x, y)
}

/// The case in a label: left out where the figure shows one case only, which its caption can name.
pub(super) fn case_label<'c>(case: &'c str, figure: &FigureSetup) -> &'c str {
    if figure.cases.len() == 1 { "" } else { case }
}

fn is_drawn(name: &str, list: &[String]) -> bool {
    list.is_empty() || list.iter().any(|n| n == name)
}

/// Statistics over the iterations: one panel per statistic, or several statistics as lines of one panel.
fn curves(spec: &Spec, observed: &Observed<'_>, figure: &FigureSetup) -> Vec<Panel> {
    let groups: Vec<Vec<&Formula>> = if figure.lines.is_empty() {
        figure.y.iter().map(|f| vec![f]).collect()
    } else {
        vec![figure.lines.iter().collect()]
    };
    let several = groups.iter().any(|g| g.len() > 1);
    groups
        .iter()
        .enumerate()
        .map(|(panel, formulas)| {
            let (x, y) = axes_of(figure, panel, "iteration k", &formulas[0].text);
            let mut layers = Vec::new();
            let mut color = 0;
            for (curve, case, variant, found) in answered(spec, observed, figure) {
                for run in found.runs {
                    let values = swept_text(variant, run);
                    for formula in formulas {
                        let mut name = label(curve, case_label(case, figure), &values);
                        if several {
                            name = label(&name, &formula.text, &[]);
                        }
                        let Some(index) = found.configuration.curve(&formula.expr) else { continue };
                        layers.extend(curve_layers(run, index, figure.band, &name, color));
                        color += 1;
                    }
                }
            }
            Panel { title: String::new(), x, y, layers: bands_first(layers) }
        })
        .collect()
}

/// Bands below lines, so that no band hides a line.
fn bands_first(layers: Vec<Layer>) -> Vec<Layer> {
    let (bands, lines): (Vec<Layer>, Vec<Layer>) = layers.into_iter().partition(|l| matches!(l, Layer::Band { .. }));
    bands.into_iter().chain(lines).collect()
}

fn curve_layers(run: &CellRun, index: usize, band: BandKind, name: &str, color: usize) -> Vec<Layer> {
    let Some(e) = run.experiment() else { return Vec::new() };
    let x: Vec<f64> = e.instance.checkpoints.iter().map(|k| *k as f64).collect();
    let moments = &e.estimates.curves[index];
    // A diverged replicate makes a gap: a mean over the others would be of another quantity.
    let mean = |m: &Moments| m.checked_mean().ok();
    let y: Vec<Option<f64>> = moments.iter().map(mean).collect();
    let mut layers = Vec::new();
    if band != BandKind::None && !e.estimates.deterministic {
        let ends: Vec<(Option<f64>, Option<f64>)> = moments
            .iter()
            .map(|m| match (band, mean(m), m.standard_deviation()) {
                (BandKind::Deviation, Some(mean), Some(sd)) => (Some(mean - sd), Some(mean + sd)),
                (BandKind::Interval, Some(_), _) => {
                    student_mean(m, 0.01).map_or((None, None), |e| (Some(e.interval.low()), Some(e.interval.high())))
                }
                _ => (None, None),
            })
            .map(|(a, b)| (a.filter(|v| v.is_finite()), b.filter(|v| v.is_finite())))
            .collect();
        let (low, high) = ends.into_iter().unzip();
        layers.push(Layer::Band { label: String::new(), color, x: x.clone(), low, high });
    }
    layers.push(Layer::Line { label: name.into(), color, style: LineStyle::Solid, x, y });
    layers
}

/// Values that distinguish the cells of a sweep.
fn swept_text(variant: &Variant, run: &CellRun) -> Vec<String> {
    variant
        .parameters
        .iter()
        .filter(|p| p.values.len() > 1)
        .filter_map(|p| Some(format!("{} = {}", p.name, run.cell.values.get(&p.name)?)))
        .collect()
}

/// The left side with its intervals and the bounds, over a parameter.
fn against_bound(spec: &Spec, cells: &Cells, figure: &FigureSetup) -> Vec<Panel> {
    let x_name = figure.x.clone().unwrap_or_default();
    let mut layers = Vec::new();
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    let mut drawn_left: Vec<(String, Vec<f64>)> = Vec::new();
    let several = several_lefts(spec, figure);
    for bound in spec.bounds.iter().filter(|b| is_drawn(&b.name, &figure.bounds)) {
        let Some(records) = cells.get(&bound.name) else { continue };
        let mut by_group: BTreeMap<String, Vec<(f64, &CellRecord)>> = BTreeMap::new();
        for record in records {
            if !record.points.is_empty() {
                layers.extend(rate_layers(&bound.name, record, layers.len() / 2));
                continue;
            }
            let Some(x) = record.cell.get(&x_name).and_then(json_number) else { continue };
            let case = record.cell.get("case").and_then(|c| c.as_str()).unwrap_or("");
            if !is_drawn(case, &figure.cases) {
                continue;
            }
            let others: Vec<String> = record
                .cell
                .iter()
                .filter(|(n, _)| **n != x_name && *n != "input")
                .filter(|(n, _)| *n != "case" || figure.cases.len() != 1)
                .map(|(n, v)| group_text(n, v))
                .collect();
            by_group.entry(others.join(", ")).or_default().push((x, record));
        }
        let single = by_group.len() == 1;
        for (group, mut points) in by_group {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let next = groups.len();
            let color = *groups.entry(group.clone()).or_insert(next);
            let x: Vec<f64> = points.iter().map(|p| p.0).collect();
            let left: Vec<f64> = points.iter().filter_map(|p| p.1.left.estimate).collect();
            let own = 1 + spec.bounds.iter().position(|b| b.name == bound.name).unwrap_or(0);
            if !drawn_left.contains(&(group.clone(), left.clone())) {
                drawn_left.push((group.clone(), left));
                // Where bounds measure different things, each left side has the name and colour of its bound.
                let name = if several { format!("{}: left side", bound.name) } else { "left side".into() };
                layers.push(Layer::Points {
                    label: label(&name, &group, &[]),
                    color: if several && single { own } else { color },
                    x: x.clone(),
                    y: points.iter().map(|p| p.1.left.estimate).collect(),
                    low: points.iter().map(|p| p.1.left.low).collect(),
                    high: points.iter().map(|p| p.1.left.high).collect(),
                });
            }
            let bound_color = if single { own } else { color };
            layers.push(Layer::Line {
                label: label(&format!("{} bound", bound.name), &group, &[]),
                color: bound_color,
                style: LineStyle::Dashed,
                x,
                y: points.iter().map(|p| p.1.right.value).collect(),
            });
        }
    }
    let (x, y) = axes_of(figure, 0, &x_name, "left side and bounds");
    vec![Panel { title: String::new(), x, y, layers }]
}

/// The points of a fitted rate, and a dashed line of the claimed exponent through the last of them.
fn rate_layers(bound: &str, record: &CellRecord, color: usize) -> Vec<Layer> {
    let group: Vec<String> = record.cell.iter().filter(|(n, _)| *n != "input").map(|(n, v)| group_text(n, v)).collect();
    let points = &record.points;
    let x: Vec<f64> = points.iter().map(|p| p.x).collect();
    let size = |v: Option<f64>| v.map(f64::abs);
    let marks = Layer::Points {
        label: label(&format!("{bound}: left side"), "", &group),
        color,
        x: x.clone(),
        y: points.iter().map(|p| size(p.left.estimate)).collect(),
        low: points.iter().map(|p| p.left.low.filter(|v| *v > 0.0)).collect(),
        high: points.iter().map(|p| p.left.high).collect(),
    };
    let (Some(end), Some(exponent)) = (points.last(), record.right.value) else { return vec![marks] };
    let through = |x: &f64| Some(end.left.estimate?.abs() * libm::pow(x / end.x, exponent));
    let claimed = Layer::Line {
        label: label(&format!("exponent {exponent:.4}"), "", &group),
        color,
        style: LineStyle::Dashed,
        y: x.iter().map(through).collect(),
        x,
    };
    vec![marks, claimed]
}

/// The local slopes of the drawn rates, in words.
fn slopes(spec: &Spec, cells: &Cells, figure: &FigureSetup) -> Option<String> {
    let mut parts = Vec::new();
    for bound in spec.bounds.iter().filter(|b| is_drawn(&b.name, &figure.bounds)) {
        for record in cells.get(&bound.name).into_iter().flatten().filter(|r| !r.points.is_empty()) {
            let local: Vec<String> = record.points.iter().filter_map(|p| p.slope).map(|s| format!("{s:.3}")).collect();
            let fitted = record.left.estimate.map_or(String::new(), |s| format!(", fitted {s:.3}"));
            parts.push(format!("{}: {}{fitted}", bound.name, local.join(", ")));
        }
    }
    (!parts.is_empty()).then(|| format!("Exponents between neighbouring points: {}.", parts.join("; ")))
}

/// Whether the drawn bounds measure different left sides, or run different algorithms.
fn several_lefts(spec: &Spec, figure: &FigureSetup) -> bool {
    let mut configuration =
        spec.bounds.iter().filter(|b| is_drawn(&b.name, &figure.bounds)).filter_map(|b| b.scenarios.first()).map(|t| {
            let left = t.question.left_text.as_str();
            (left, t.variant.setup.as_str())
        });
    let first = configuration.next();
    configuration.any(|other| Some(other) != first)
}

fn group_text(name: &str, value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) if name == "case" => text.clone(),
        serde_json::Value::String(text) => format!("{name} = {text}"),
        other => format!("{name} = {other}"),
    }
}

fn json_number(value: &serde_json::Value) -> Option<f64> {
    match value {
        serde_json::Value::Number(n) => n.as_f64(),
        serde_json::Value::String(text) => text.parse::<crate::scalar::Rational>().ok().map(|q| q.to_f64()),
        _ => None,
    }
}

/// Outputs of a quantity over a parameter.
fn quantity_lines(spec: &Spec, observed: &Observed<'_>, figure: &FigureSetup) -> Vec<Panel> {
    let x_name = figure.x.clone().unwrap_or_default();
    let mut layers = Vec::new();
    let mut color = 0;
    for (curve, case, variant, found) in answered(spec, observed, figure) {
        let mut groups: Vec<(Vec<String>, Vec<&CellRun>)> = Vec::new();
        for run in found.runs {
            let key: Vec<String> =
                swept_text(variant, run).into_iter().filter(|t| !t.starts_with(&format!("{x_name} = "))).collect();
            match groups.iter_mut().find(|(k, _)| *k == key) {
                Some((_, runs)) => runs.push(run),
                None => groups.push((key, vec![run])),
            }
        }
        for (key, runs) in groups {
            for formula in &figure.lines {
                let x: Vec<f64> = runs.iter().filter_map(|r| r.cell.values.get(&x_name)).map(Real::to_f64).collect();
                let y = runs.iter().map(|r| output(r, &formula.expr)).collect();
                let cell = label(curve, case, &key);
                // One formula is the vertical axis; its lines need no more than what distinguishes them.
                let alone = figure.lines.len() == 1 && !cell.is_empty();
                let name = if alone { cell } else { label(&cell, &formula.text, &[]) };
                layers.push(Layer::Line { label: name, color, style: LineStyle::Solid, x, y });
                color += 1;
            }
        }
    }
    let (x, y) = axes_of(figure, 0, &x_name, figure.lines.first().map_or("value", |f| f.text.as_str()));
    vec![Panel { title: String::new(), x, y, layers }]
}

/// An expression over the first row's outputs and the parameters.
fn output_value(run: &CellRun, expr: &Expression) -> Option<Real> {
    let CellOutcome::Quantity(rows) = &run.outcome else { return None };
    let row = rows.first()?;
    let lookup = |symbol: &Symbol| match symbol {
        Symbol::Output(i, _) => row.outputs.get(*i).cloned(),
        other => run.constant(other),
    };
    evaluate(expr, &lookup).ok()
}

fn output(run: &CellRun, expr: &Expression) -> Option<f64> {
    output_value(run, expr).map(|v| v.to_f64()).filter(|v| v.is_finite())
}

fn table(spec: &Spec, observed: &Observed<'_>, figure: &FigureSetup) -> TableRecord {
    let mut columns: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    let formulas: Vec<&Formula> = figure.lines.iter().chain(&figure.y).collect();
    for (curve, case, variant, found) in answered(spec, observed, figure) {
        for run in found.runs {
            let swept: Vec<&str> =
                variant.parameters.iter().filter(|p| p.values.len() > 1).map(|p| p.name.as_str()).collect();
            columns = std::iter::once("").chain(swept.iter().copied()).map(Into::into).collect();
            let mut row = vec![label(curve, case, &[])];
            row.extend(swept.iter().map(|n| run.cell.values[*n].to_string()));
            row.extend(
                formulas.iter().map(|f| output_value(run, &f.expr).map_or_else(|| "–".into(), |v| v.to_string())),
            );
            rows.push(row);
        }
    }
    columns.extend(formulas.iter().map(|f| f.text.clone()));
    TableRecord { title: figure.title.clone().unwrap_or_else(|| spec.title.clone()), columns, rows }
}
