//! One panel: its margins first, then its drawing.

use super::layers;
use super::legend::{Block, Entry, place_inside};
use super::palette::{GRID, INK, PAPER, SOFT};
use super::plot::{Plot, Ranges};
use super::scene::{Align, Rect, Scene};
use super::text::{width, wrap};
use super::ticks::{Tick, ticks};
use crate::results::{Layer, Panel};

/// Sizes of the texts.
const TITLE: f64 = 11.5;
const LABEL: f64 = 11.0;
const TICK: f64 = 10.0;
/// Space between texts.
const GAP: f64 = 6.0;
/// Kept free at the right, so that the last tick label is not cut.
const RIGHT: f64 = 20.0;

/// A panel with everything known but its place.
pub(super) struct Prepared<'a> {
    panel: &'a Panel,
    /// Coordinate system with the upper left corner of the plot area at the origin.
    plot: Plot,
    ticks: (Vec<Tick>, Vec<Tick>),
    title: Vec<String>,
    labels: (Vec<String>, Vec<String>),
    left: f64,
    inside: Option<(Block, Rect)>,
    below: Option<Block>,
    empty: bool,
}

impl<'a> Prepared<'a> {
    /// Lays a panel out in a width, with a plot area of a height and these legend entries.
    pub(super) fn new(panel: &'a Panel, outer: f64, height: f64, entries: Vec<Entry>) -> Prepared<'a> {
        let ranges = Ranges::of(panel);
        let (x, y) = ranges.scales(panel);
        // Rows and columns of a picture are counted one by one.
        let counted = panel.layers.iter().any(|layer| matches!(layer, Layer::Pixels { .. }));
        let y_ticks = ticks(&y, if counted { 10 } else { (height / 42.0) as usize });
        let y_label = wrap(&panel.y.label, LABEL, false, height + 30.0, 2);
        let widest = y_ticks.iter().filter_map(|t| t.label.as_ref()).map(|l| width(l, TICK, false)).fold(0.0, f64::max);
        let left = GAP + y_label.len() as f64 * (LABEL + 3.0) + GAP + widest + GAP;
        let inner = (outer - left - RIGHT).max(60.0);
        let plot = Plot { rect: Rect { left: 0.0, top: 0.0, right: inner, bottom: height }, x, y };
        let (mut inside, mut below) = (None, None);
        if !entries.is_empty() {
            let block = Block::new(entries.clone(), inner * 0.7 - 2.0 * GAP, 1);
            match place_inside(&block, &plot, panel) {
                Some(card) => inside = Some((block, card)),
                None => below = Some(Block::new(entries, outer - 2.0 * RIGHT, 4)),
            }
        }
        Prepared {
            panel,
            plot,
            ticks: (x_ticks(&plot, if counted { 10 } else { 9 }, if counted { 30.0 } else { 55.0 }), y_ticks),
            title: wrap(&panel.title, TITLE, true, inner + left - GAP, 2),
            labels: (wrap(&panel.x.label, LABEL, false, inner + left.min(40.0), 2), y_label),
            left,
            inside,
            below,
            empty: ranges.x.is_empty() || ranges.y.is_empty(),
        }
    }

    /// Height needed above the plot area.
    pub(super) fn top(&self) -> f64 {
        self.title.len() as f64 * (TITLE + 4.0) + GAP
    }

    /// Height needed below it.
    pub(super) fn bottom(&self) -> f64 {
        let legend = self.below.as_ref().map_or(0.0, |b| GAP + b.height());
        GAP + TICK + self.labels.0.len() as f64 * (LABEL + 4.0) + GAP + legend
    }

    /// Draws the panel with its outer left side and the top of its plot area at these places.
    pub(super) fn draw(&self, scene: &mut Scene, left: f64, top: f64) {
        let mut plot = self.plot;
        let origin = left + self.left;
        plot.rect = Rect { left: origin, top, right: origin + plot.rect.width(), bottom: top + plot.rect.height() };
        let rect = plot.rect;
        self.grid(scene, &plot);
        for layer in &self.panel.layers {
            layers::draw(scene, &plot, layer);
        }
        let corners = rect.corners();
        scene.line(corners.iter().copied().chain(corners.first().copied()).collect(), INK, 0.9);
        self.tick_labels(scene, &plot);
        self.names(scene, rect, left);
        if self.empty {
            let middle = (f64::midpoint(rect.left, rect.right), f64::midpoint(rect.top, rect.bottom));
            scene.text("no data in range", middle, LABEL, Align::Center, SOFT);
        }
        if let Some((block, card)) = &self.inside {
            let moved = Rect {
                left: card.left + origin,
                right: card.right + origin,
                top: card.top + top,
                bottom: card.bottom + top,
            };
            block.draw_boxed(scene, moved);
        }
        if let Some(block) = &self.below {
            let room = rect.right - left;
            let start = left + (room - block.width()).max(0.0) / 2.0;
            block.draw(scene, (start.max(left + GAP), rect.bottom + self.bottom() - block.height()));
        }
    }

    fn grid(&self, scene: &mut Scene, plot: &Plot) {
        let rect = plot.rect;
        scene.fill(rect.corners(), PAPER, 1.0);
        for tick in self.ticks.0.iter().filter(|t| t.label.is_some()) {
            let x = rect.left + plot.x.share(tick.at) * rect.width();
            scene.line(vec![(x, rect.top), (x, rect.bottom)], GRID, 0.75);
        }
        for tick in self.ticks.1.iter().filter(|t| t.label.is_some()) {
            let y = rect.bottom - plot.y.share(tick.at) * rect.height();
            scene.line(vec![(rect.left, y), (rect.right, y)], GRID, 0.75);
        }
    }

    fn tick_labels(&self, scene: &mut Scene, plot: &Plot) {
        let rect = plot.rect;
        for tick in &self.ticks.0 {
            let x = rect.left + plot.x.share(tick.at) * rect.width();
            let long = if tick.label.is_some() { 4.0 } else { 2.5 };
            scene.line(vec![(x, rect.bottom), (x, rect.bottom - long)], INK, 0.75);
            if let Some(label) = &tick.label {
                scene.text(label, (x, rect.bottom + GAP + TICK * 0.76), TICK, Align::Center, SOFT);
            }
        }
        for tick in &self.ticks.1 {
            let y = rect.bottom - plot.y.share(tick.at) * rect.height();
            let long = if tick.label.is_some() { 4.0 } else { 2.5 };
            scene.line(vec![(rect.left, y), (rect.left + long, y)], INK, 0.75);
            if let Some(label) = &tick.label {
                scene.text(label, (rect.left - GAP, y + TICK * 0.36), TICK, Align::Right, SOFT);
            }
        }
    }

    fn names(&self, scene: &mut Scene, rect: Rect, left: f64) {
        let middle = f64::midpoint(rect.left, rect.right);
        for (i, line) in self.labels.0.iter().enumerate() {
            let y = rect.bottom + GAP + TICK + GAP / 2.0 + (i as f64 + 1.0) * (LABEL + 3.0) - 2.0;
            // A label wider than the axis may reach over its left end, never off the page.
            let half = width(line, LABEL, false) / 2.0;
            let x = middle.min(rect.right + RIGHT - 4.0 - half).max(left + half);
            scene.text(line, (x, y), LABEL, Align::Center, INK);
        }
        for (i, line) in self.labels.1.iter().enumerate() {
            let x = left + GAP + LABEL * 0.8 + i as f64 * (LABEL + 3.0);
            scene.upright(line, (x, f64::midpoint(rect.top, rect.bottom)), LABEL, INK);
        }
        for (i, line) in self.title.iter().rev().enumerate() {
            let y = rect.top - GAP - i as f64 * (TITLE + 4.0);
            let half = width(line, TITLE, true) / 2.0;
            let x = middle.min(rect.right + RIGHT - 4.0 - half).max(left + half);
            scene.heading(line, (x, y), TITLE, INK);
        }
    }
}

/// As many ticks as fit without their labels touching: `most` at most, with room for `each`.
fn x_ticks(plot: &Plot, most: usize, each: f64) -> Vec<Tick> {
    let room = plot.rect.width();
    let mut count = ((room / each) as usize).clamp(2, most);
    loop {
        let found = ticks(&plot.x, count);
        let mut last = f64::MIN;
        let clear = found.iter().filter_map(|t| t.label.as_ref().map(|l| (t.at, l))).all(|(at, label)| {
            let (middle, half) = (plot.x.share(at) * room, width(label, TICK, false) / 2.0);
            let free = middle - half > last;
            last = middle + half + 7.0;
            free
        });
        if clear || count <= 2 {
            return if clear { found } else { keep_clear(found, plot) };
        }
        count -= 1;
    }
}

/// Takes away labels that would touch the one before.
fn keep_clear(mut found: Vec<Tick>, plot: &Plot) -> Vec<Tick> {
    let mut last = f64::MIN;
    for tick in &mut found {
        let Some(label) = &tick.label else { continue };
        let (middle, half) = (plot.x.share(tick.at) * plot.rect.width(), width(label, TICK, false) / 2.0);
        if middle - half > last {
            last = middle + half + 7.0;
        } else {
            tick.label = None;
        }
    }
    found
}
