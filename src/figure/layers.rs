//! Each kind of layer as marks on the page.

use super::clip;
use super::contour::{Grid, choose_levels, lines};
use super::palette::{INK, PAPER, color, mix, shape};
use super::plot::Plot;
use super::scene::{Point, Rect, Rgb, Scene};
use super::trace::{MOST_POINTS, dashes, distance, runs, scatter, thin};
use crate::results::{Layer, LineStyle};

/// Width of a curve.
pub(super) const STROKE: f64 = 1.6;
/// How much of a band's colour covers what lies below it.
pub(super) const BAND: f64 = 0.2;
/// How much of a bar's colour covers what lies below it.
pub(super) const BAR: f64 = 0.5;
/// Most marks of one layer: more cannot be distinguished.
const MOST_MARKS: usize = 600;

/// Draws one layer.
pub(super) fn draw(scene: &mut Scene, plot: &Plot, layer: &Layer) {
    match layer {
        Layer::Line { color: c, style, x, y, .. } => {
            for run in runs(plot.series(x, y)) {
                stroke(scene, plot, &run, color(*c), *style);
            }
        }
        Layer::Band { color: c, x, low, high, .. } => band(scene, plot, color(*c), (x, low, high)),
        Layer::Points { color: c, x, y, low, high, .. } => {
            let bars = error_bars(plot, x, low, high);
            points(scene, plot, *c, &plot.series(x, y), &bars);
        }
        Layer::Path { color: c, x, y, .. } => path(scene, plot, *c, x, y),
        Layer::Arrows { color: c, x, y, dx, dy, .. } => {
            let tails = x.iter().zip(y).map(|(x, y)| plot.at(*x, *y));
            let tips = x.iter().zip(y).zip(dx.iter().zip(dy)).map(|((x, y), (dx, dy))| plot.at(x + dx, y + dy));
            let pairs: Vec<_> = tails.zip(tips).filter_map(|(a, b)| Some((a?, b?))).collect();
            let stride = pairs.len().div_ceil(2 * MOST_MARKS).max(1);
            for (tail, tip) in pairs.into_iter().step_by(stride) {
                arrow(scene, &plot.rect, tail, tip, color(*c));
            }
        }
        Layer::Contours { x, y, z, levels } => contours(scene, plot, x, y, (z, levels)),
        Layer::Bars { color: c, edges, heights, .. } => bars(scene, plot, color(*c), edges, heights),
        Layer::Pixels { x, y, rows } => pixels(scene, plot, *x, *y, rows),
    }
}

/// A polyline; a lone point between gaps becomes a dot, so that it is not lost.
fn stroke(scene: &mut Scene, plot: &Plot, run: &[Point], rgb: Rgb, style: LineStyle) {
    // A line along the frame is drawn whole.
    let rect = plot.rect.grown(STROKE / 2.0);
    if let [only] = run {
        if rect.contains(*only) {
            scene.disc(*only, STROKE, rgb);
        }
        return;
    }
    for part in clip::polyline(&thin(run, MOST_POINTS), &rect) {
        match style {
            LineStyle::Solid => scene.line(part, rgb, STROKE),
            LineStyle::Dashed => dashes(&part, 6.0, 4.0).into_iter().for_each(|d| scene.line(d, rgb, STROKE)),
        }
    }
}

fn band(scene: &mut Scene, plot: &Plot, rgb: Rgb, (x, low, high): (&[f64], &[Option<f64>], &[Option<f64>])) {
    let both = x.iter().zip(low).zip(high).map(|((x, low), high)| {
        // A lower end of zero or less on a logarithmic axis reaches down to the frame.
        let lower = low.filter(|v| v.is_finite())?;
        let lower = plot.down(lower).unwrap_or(plot.rect.bottom);
        let upper = high.and_then(|h| plot.down(h))?;
        Some((plot.across(*x)?, lower.max(upper), lower.min(upper)))
    });
    let mut pieces: Vec<Vec<(f64, f64, f64)>> = vec![Vec::new()];
    for column in both {
        match (column, pieces.last_mut()) {
            (Some(column), Some(piece)) => piece.push(column),
            (None, Some(piece)) if !piece.is_empty() => pieces.push(Vec::new()),
            _ => {}
        }
    }
    for piece in pieces {
        let lower: Vec<Point> = piece.iter().map(|c| (c.0, c.1)).collect();
        let upper: Vec<Point> = piece.iter().map(|c| (c.0, c.2)).collect();
        if let ([below], [above]) = (&lower[..], &upper[..]) {
            whisker(scene, plot, *below, *above, mix(PAPER, rgb, 0.5));
            continue;
        }
        let outline: Vec<Point> =
            thin(&lower, MOST_POINTS).into_iter().chain(thin(&upper, MOST_POINTS).into_iter().rev()).collect();
        scene.fill(clip::polygon(&outline, &plot.rect), rgb, BAND);
    }
}

type Bar = Option<(Point, Point)>;

fn error_bars(plot: &Plot, x: &[f64], low: &[Option<f64>], high: &[Option<f64>]) -> Vec<Bar> {
    let end = |v: Option<f64>, beyond: f64| {
        let v = v.filter(|v| v.is_finite())?;
        Some(plot.down(v).unwrap_or(beyond))
    };
    x.iter()
        .enumerate()
        .map(|(i, x)| {
            let at = plot.across(*x)?;
            let low = end(low.get(i).copied().flatten(), plot.rect.bottom)?;
            let high = end(high.get(i).copied().flatten(), plot.rect.bottom)?;
            Some(((at, low), (at, high)))
        })
        .collect()
}

/// A vertical bar with caps, where its ends are in sight.
fn whisker(scene: &mut Scene, plot: &Plot, low: Point, high: Point, rgb: Rgb) {
    let Some((from, to)) = clip::segment(low, high, &plot.rect.grown(0.5)) else { return };
    scene.line(vec![from, to], rgb, 1.1);
    for (end, whole) in [(from, low), (to, high)] {
        if distance(end, whole) < 0.01 {
            scene.line(vec![(end.0 - 3.0, end.1), (end.0 + 3.0, end.1)], rgb, 1.1);
        }
    }
}

fn points(scene: &mut Scene, plot: &Plot, index: usize, at: &[Option<Point>], bars: &[Bar]) {
    let near = plot.rect.grown(1.0);
    let shown: Vec<(Point, Bar)> = at
        .iter()
        .enumerate()
        .filter_map(|(i, p)| p.filter(|p| near.contains(*p)).map(|p| (p, bars.get(i).copied().flatten())))
        .collect();
    let places: Vec<Point> = shown.iter().map(|s| s.0).collect();
    let kept = scatter(&places, MOST_MARKS);
    let radius = if kept.len() > 150 { 1.6 } else { 3.0 };
    for &i in &kept {
        if let Some((low, high)) = shown[i].1 {
            whisker(scene, plot, low, high, color(index));
        }
    }
    for i in kept {
        marker(scene, places[i], radius, index);
    }
}

/// A disc, square, diamond or triangle, with a thin white rim that keeps neighbours apart.
pub(super) fn marker(scene: &mut Scene, (x, y): Point, radius: f64, index: usize) {
    let outline = |r: f64| -> Option<Vec<Point>> {
        match shape(index) {
            1 => Some(Rect { left: x, top: y, right: x, bottom: y }.grown(r * 0.9).corners()),
            2 => Some(vec![(x, y - r * 1.25), (x + r * 1.25, y), (x, y + r * 1.25), (x - r * 1.25, y)]),
            3 => Some(vec![(x, y - r * 1.2), (x + r * 1.15, y + r * 0.85), (x - r * 1.15, y + r * 0.85)]),
            _ => None,
        }
    };
    for (r, rgb) in [(radius + 0.7, PAPER), (radius, color(index))] {
        match outline(r) {
            Some(points) => scene.fill(points, rgb, 1.0),
            None => scene.disc((x, y), r, rgb),
        }
    }
}

fn path(scene: &mut Scene, plot: &Plot, index: usize, x: &[f64], y: &[f64]) {
    let at: Vec<Option<Point>> = x.iter().zip(y).map(|(x, y)| plot.at(*x, *y)).collect();
    let rgb = color(index);
    for run in runs(at.iter().copied()) {
        if run.len() > 1 {
            // A path may cross itself: every point counts, up to a stride.
            let stride = run.len().div_ceil(2 * MOST_POINTS).max(1);
            let thinned: Vec<Point> = run.iter().copied().step_by(stride).chain(run.last().copied()).collect();
            clip::polyline(&thinned, &plot.rect).into_iter().for_each(|part| scene.line(part, rgb, 1.2));
        }
        path_arrows(scene, plot, &run, rgb);
    }
    let places: Vec<Point> = at.into_iter().flatten().filter(|p| plot.rect.grown(1.0).contains(*p)).collect();
    let kept = scatter(&places, MOST_MARKS / 2);
    let radius = if kept.len() > 60 { 1.5 } else { 2.3 };
    kept.into_iter().for_each(|i| scene.disc(places[i], radius, rgb));
}

/// Arrow heads in the middle of segments that are long enough, a few per path.
fn path_arrows(scene: &mut Scene, plot: &Plot, run: &[Point], rgb: Rgb) {
    let mut since = 40.0;
    for pair in run.windows(2) {
        let long = distance(pair[0], pair[1]);
        since += long;
        let middle = (f64::midpoint(pair[0].0, pair[1].0), f64::midpoint(pair[0].1, pair[1].1));
        if long > 14.0 && since > 45.0 && plot.rect.contains(middle) {
            let beyond = 3.5 / long;
            let tip = (middle.0 + beyond * (pair[1].0 - pair[0].0), middle.1 + beyond * (pair[1].1 - pair[0].1));
            head(scene, pair[0], tip, 7.0, rgb);
            since = 0.0;
        }
    }
}

/// A filled head that ends at `tip` and points away from `from`.
fn head(scene: &mut Scene, from: Point, tip: Point, long: f64, rgb: Rgb) {
    let length = distance(from, tip);
    if length < 1e-6 {
        return;
    }
    let (ux, uy) = ((tip.0 - from.0) / length, (tip.1 - from.1) / length);
    let (bx, by) = (tip.0 - ux * long, tip.1 - uy * long);
    let half = long * 0.42;
    scene.fill(vec![tip, (bx - uy * half, by + ux * half), (bx + uy * half, by - ux * half)], rgb, 1.0);
}

/// A straight arrow; one shorter than its head shrinks the head.
pub(super) fn arrow(scene: &mut Scene, rect: &Rect, tail: Point, tip: Point, rgb: Rgb) {
    let Some((from, to)) = clip::segment(tail, tip, rect) else { return };
    let length = distance(from, to);
    if length < 0.75 {
        scene.disc(from, 0.8, rgb);
        return;
    }
    // The shaft ends inside the head, else its square end shows beside the tip.
    let long = (length * 0.6).min(6.0);
    let share = 1.0 - long * 0.6 / length;
    scene.line(vec![from, (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))], rgb, 1.1);
    if distance(to, tip) < 0.01 {
        head(scene, from, to, long, rgb);
    }
}

fn contours(scene: &mut Scene, plot: &Plot, x: &[f64], y: &[f64], (z, given): (&[Vec<f64>], &[f64])) {
    // Finer grids than this would only make the file larger.
    let (skip_x, skip_y) = (x.len().div_ceil(160).max(1), y.len().div_ceil(160).max(1));
    let columns: Vec<Option<f64>> = x.iter().step_by(skip_x).map(|x| plot.across(*x)).collect();
    let rows: Vec<Option<f64>> = y.iter().step_by(skip_y).map(|y| plot.down(*y)).collect();
    let z: Vec<Vec<f64>> = z.iter().step_by(skip_y).map(|row| row.iter().step_by(skip_x).copied().collect()).collect();
    let levels = if given.is_empty() { choose_levels(&z, 10) } else { given.to_vec() };
    let grid = Grid { x: &columns, y: &rows, z: &z };
    let most = levels.len().saturating_sub(1).max(1);
    for (i, level) in levels.iter().enumerate().filter(|(_, l)| l.is_finite()) {
        // Darker towards the first level, where the minimum is.
        let rgb = mix(mix(INK, PAPER, 0.42), mix(INK, PAPER, 0.78), i as f64 / most as f64);
        for line in lines(&grid, *level) {
            for part in clip::polyline(&line, &plot.rect) {
                scene.line(part, rgb, 0.8);
            }
        }
    }
}

/// A picture that does not lie within the frame, or has no pixels, is left out.
fn pixels(scene: &mut Scene, plot: &Plot, x: [f64; 2], y: [f64; 2], rows: &[String]) {
    let columns = rows.first().map_or(0, String::len);
    let corners = (plot.at(x[0], y[0]), plot.at(x[1], y[1]));
    let (Some(first), Some(second)) = corners else { return };
    let rect = Rect {
        left: first.0.min(second.0),
        top: first.1.min(second.1),
        right: first.0.max(second.0),
        bottom: first.1.max(second.1),
    };
    let inside = plot.rect.grown(0.5);
    if columns == 0 || !inside.contains((rect.left, rect.top)) || !inside.contains((rect.right, rect.bottom)) {
        return;
    }
    let shade = |digit: u8| match char::from(digit).to_digit(16) {
        // 255 less 17 times a hexadecimal digit is a byte.
        Some(dark) => 255 - 17 * dark as u8,
        None => 255,
    };
    let shades = rows.iter().flat_map(|row| {
        let own = row.bytes().map(shade);
        own.chain(std::iter::repeat(255)).take(columns)
    });
    // No grid line shows between its parts.
    scene.fill(rect.corners(), PAPER, 1.0);
    scene.picture(rect, columns, shades.collect());
}

fn bars(scene: &mut Scene, plot: &Plot, rgb: Rgb, edges: &[f64], heights: &[f64]) {
    for (pair, height) in edges.windows(2).zip(heights) {
        let (Some(left), Some(right), Some(top)) = (plot.across(pair[0]), plot.across(pair[1]), plot.down(*height))
        else {
            continue;
        };
        let bar = Rect { left, right, top, bottom: plot.floor() };
        let outline = clip::polygon(&bar.corners(), &plot.rect);
        scene.fill(outline.clone(), rgb, BAR);
        scene.line(outline.iter().copied().chain(outline.first().copied()).collect(), rgb, 0.8);
    }
}
