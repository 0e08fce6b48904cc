//! Legends: what they list, where they cover least, how they look.

use super::layers::{BAND, BAR, STROKE, arrow, marker};
use super::palette::{GRID, INK, PAPER, color};
use super::plot::Plot;
use super::scene::{Align, Point, Rect, Scene};
use super::text::{clean, shorten, width};
use super::trace::{dashes, distance};
use crate::results::{Layer, LineStyle, Panel};

/// Size of the labels.
const SIZE: f64 = 10.0;
/// Height of an entry.
const ROW: f64 = 15.0;
/// Width of the sample before a label.
const SAMPLE: f64 = 22.0;
/// Space between sample and label, and around a boxed legend.
const GAP: f64 = 6.0;
/// More entries than this go below the panel.
const MOST_INSIDE: usize = 6;
/// What a legend may cover inside a panel: about three marks' worth.
const TOLERATED: f64 = 3.0;

/// What a sample shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Glyph {
    Line(LineStyle),
    Band,
    Points,
    Path,
    Arrow,
    Bar,
}

/// One line of a legend: layers of one label and colour share it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    label: String,
    color: usize,
    glyphs: Vec<Glyph>,
}

/// The entries of a panel, in the order of its layers.
pub(super) fn entries(panel: &Panel) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for layer in &panel.layers {
        let (label, color, glyph) = match layer {
            Layer::Line { label, color, style, .. } => (label, color, Glyph::Line(*style)),
            Layer::Band { label, color, .. } => (label, color, Glyph::Band),
            Layer::Points { label, color, .. } => (label, color, Glyph::Points),
            Layer::Path { label, color, .. } => (label, color, Glyph::Path),
            Layer::Arrows { label, color, .. } => (label, color, Glyph::Arrow),
            Layer::Bars { label, color, .. } => (label, color, Glyph::Bar),
            Layer::Contours { .. } | Layer::Pixels { .. } => continue,
        };
        let label = clean(label).trim().to_owned();
        if label.is_empty() {
            continue;
        }
        match entries.iter_mut().find(|e| e.label == label && e.color == *color) {
            Some(entry) if !entry.glyphs.contains(&glyph) => entry.glyphs.push(glyph),
            Some(_) => {}
            None => entries.push(Entry { label, color: *color, glyphs: vec![glyph] }),
        }
    }
    entries
}

/// A legend laid out in columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    entries: Vec<Entry>,
    columns: usize,
    column_width: f64,
}

impl Block {
    /// As many columns as fit into a width, at most `most`.
    pub(super) fn new(mut entries: Vec<Entry>, room: f64, most: usize) -> Block {
        let label_room = (room - SAMPLE - GAP).max(20.0);
        for entry in &mut entries {
            entry.label = shorten(&entry.label, SIZE, false, label_room);
        }
        let widest = entries.iter().map(|e| width(&e.label, SIZE, false)).fold(0.0, f64::max);
        let column_width = SAMPLE + GAP + widest;
        let fitting = ((room + 2.0 * GAP) / (column_width + 2.0 * GAP)) as usize;
        let columns = fitting.clamp(1, most.max(1)).min(entries.len().max(1));
        // Even rows: five entries read better as three and two than as four and one.
        let rows = entries.len().div_ceil(columns).max(1);
        let columns = entries.len().div_ceil(rows).max(1);
        Block { entries, columns, column_width }
    }

    pub(super) fn width(&self) -> f64 {
        self.columns as f64 * (self.column_width + 2.0 * GAP) - 2.0 * GAP
    }

    pub(super) fn height(&self) -> f64 {
        self.entries.len().div_ceil(self.columns) as f64 * ROW
    }

    /// Draws it with its upper left corner at a point.
    pub(super) fn draw(&self, scene: &mut Scene, (left, top): Point) {
        for (i, entry) in self.entries.iter().enumerate() {
            let (row, column) = (i / self.columns, i % self.columns);
            let x = left + column as f64 * (self.column_width + 2.0 * GAP);
            let y = top + (row as f64 + 0.5) * ROW;
            sample(scene, entry, x, y);
            scene.text(&entry.label, (x + SAMPLE + GAP, y + SIZE * 0.36), SIZE, Align::Left, INK);
        }
    }

    /// Draws it on a translucent card.
    pub(super) fn draw_boxed(&self, scene: &mut Scene, card: Rect) {
        scene.fill(card.corners(), PAPER, 0.86);
        let corners = card.corners();
        scene.line(corners.iter().copied().chain(corners.first().copied()).collect(), GRID, 0.9);
        self.draw(scene, (card.left + GAP, card.top + GAP / 2.0));
    }
}

fn sample(scene: &mut Scene, entry: &Entry, x: f64, y: f64) {
    let rgb = color(entry.color);
    let area = Rect { left: x, top: y - 5.0, right: x + SAMPLE, bottom: y + 5.0 };
    let middle = (x + SAMPLE / 2.0, y);
    let ends = || vec![(x, y), (x + SAMPLE, y)];
    for glyph in &entry.glyphs {
        match glyph {
            Glyph::Band => scene.fill(area.corners(), rgb, BAND),
            Glyph::Bar => scene.fill(area.corners(), rgb, BAR),
            Glyph::Line(LineStyle::Solid) => scene.line(ends(), rgb, STROKE),
            Glyph::Line(LineStyle::Dashed) => {
                dashes(&ends(), 6.0, 4.0).into_iter().for_each(|d| scene.line(d, rgb, STROKE));
            }
            Glyph::Points => marker(scene, middle, 3.0, entry.color),
            Glyph::Path => {
                scene.line(ends(), rgb, 1.2);
                scene.disc(middle, 2.3, rgb);
            }
            Glyph::Arrow => arrow(scene, &area, (x, y), (x + SAMPLE, y), rgb),
        }
    }
}

/// The corner of a panel where a legend covers least, if it covers little enough anywhere.
pub(super) fn place_inside(block: &Block, plot: &Plot, panel: &Panel) -> Option<Rect> {
    let (wide, high) = (block.width() + 2.0 * GAP, block.height() + GAP);
    let rect = plot.rect.grown(-5.0);
    if block.entries.len() > MOST_INSIDE || wide > 0.7 * rect.width() || high > 0.6 * rect.height() {
        return None;
    }
    let weights = weights(plot, panel);
    let card = |left: f64, top: f64| Rect { left, top, right: left + wide, bottom: top + high };
    let (right, bottom) = (rect.right - wide, rect.bottom - high);
    let middle = f64::midpoint(rect.left, right);
    let corners = [
        card(right, rect.top),
        card(rect.left, rect.top),
        card(right, bottom),
        card(rect.left, bottom),
        card(middle, rect.top),
        card(middle, bottom),
    ];
    let cost = |card: &Rect| -> f64 {
        let near = card.grown(2.0);
        weights.iter().filter(|(p, _)| near.contains(*p)).map(|(_, w)| w).sum()
    };
    let best = corners.into_iter().map(|c| (cost(&c), c)).min_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(cost, _)| *cost <= TOLERATED).map(|(_, card)| card)
}

/// Points on the page with what it costs to cover them. Contour lines cost nothing: they fill the whole panel and
/// read on around a legend.
fn weights(plot: &Plot, panel: &Panel) -> Vec<(Point, f64)> {
    let mut weights = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut add = |point: Point, weight: f64| {
        // One sample per cell: thousands of points in one place are one obstacle.
        if plot.rect.contains(point) && seen.insert(((point.0 / 4.0) as i64, (point.1 / 4.0) as i64, weight > 0.5)) {
            weights.push((point, weight));
        }
    };
    for layer in &panel.layers {
        match layer {
            Layer::Line { x, y, .. } => walk(&plot.series(x, y), &mut |p| add(p, 1.0)),
            Layer::Path { x, y, .. } => {
                let at: Vec<_> = x.iter().zip(y).map(|(x, y)| plot.at(*x, *y)).collect();
                walk(&at, &mut |p| add(p, 1.0));
            }
            Layer::Points { x, y, low, high, .. } => {
                plot.series(x, y).into_iter().flatten().for_each(|p| add(p, 2.0));
                for (low, high) in plot.series(x, low).into_iter().zip(plot.series(x, high)) {
                    walk(&[low, high], &mut |p| add(p, 0.6));
                }
            }
            Layer::Band { x, low, high, .. } => {
                for (low, high) in plot.series(x, low).into_iter().zip(plot.series(x, high)) {
                    walk(&[low, high], &mut |p| add(p, 0.15));
                }
            }
            Layer::Arrows { x, y, .. } => {
                x.iter().zip(y).filter_map(|(x, y)| plot.at(*x, *y)).for_each(|p| add(p, 0.1));
            }
            Layer::Bars { edges, heights, .. } => {
                for (pair, height) in edges.windows(2).zip(heights) {
                    let top = plot.at(f64::midpoint(pair[0], pair[1]), *height);
                    walk(&[top, top.map(|t| (t.0, plot.floor()))], &mut |p| add(p, 1.0));
                }
            }
            Layer::Contours { .. } | Layer::Pixels { .. } => {}
        }
    }
    weights
}

/// Visits a polyline in steps of a few units.
fn walk(points: &[Option<Point>], visit: &mut impl FnMut(Point)) {
    points.iter().flatten().for_each(|p| visit(*p));
    for pair in points.windows(2) {
        let (Some(from), Some(to)) = (pair[0], pair[1]) else { continue };
        let steps = ((distance(from, to) / 4.0) as usize).min(400);
        for i in 1..=steps {
            let share = i as f64 / (steps + 1) as f64;
            visit((from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1)));
        }
    }
}
