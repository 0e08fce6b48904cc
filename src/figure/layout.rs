//! The page: title, panels in rows, and a legend that they share.

use super::legend::{Block, entries};
use super::palette::{INK, PAPER, SOFT};
use super::panel::Prepared;
use super::scene::{Align, Rect, Scene};
use super::text::wrap;
use crate::results::{Layer, Panel, Picture};

const TITLE: f64 = 13.5;
const EDGE: f64 = 8.0;

/// Columns, page width and height of a plot area for panels.
fn shape(panels: &[Panel]) -> (usize, f64, f64) {
    let pixels = |panel: &Panel| panel.layers.iter().any(|layer| matches!(layer, Layer::Pixels { .. }));
    match panels.len() {
        // Square: what is left of the page beside its ticks and labels.
        1 if panels.iter().all(pixels) => (1, 480.0, 415.0),
        0 | 1 => (1, 640.0, 320.0),
        2 => (2, 880.0, 270.0),
        4 => (2, 880.0, 230.0),
        _ => (3, 1140.0, 240.0),
    }
}

/// Lays a picture out.
pub(super) fn compose(picture: &Picture) -> Scene {
    let (columns, page, plot_height) = shape(&picture.panels);
    let mut scene = Scene { width: page, ..Scene::default() };
    let title = wrap(&picture.title, TITLE, true, page - 40.0, 2);
    let mut y = EDGE;
    for line in &title {
        y += TITLE + 3.0;
        scene.heading(line, (page / 2.0, y - 2.0), TITLE, INK);
    }

    let lists: Vec<_> = picture.panels.iter().map(entries).collect();
    // Panels that show the same series share one legend below.
    let shared = lists.len() > 1 && !lists[0].is_empty() && lists.iter().all(|l| *l == lists[0]);
    let outer = page / columns as f64;
    let prepared: Vec<Prepared<'_>> = picture
        .panels
        .iter()
        .zip(&lists)
        .map(|(panel, list)| Prepared::new(panel, outer, plot_height, if shared { Vec::new() } else { list.clone() }))
        .collect();
    for row in prepared.chunks(columns) {
        let top = y + EDGE + row.iter().map(Prepared::top).fold(0.0, f64::max);
        for (i, panel) in row.iter().enumerate() {
            panel.draw(&mut scene, i as f64 * outer, top);
        }
        y = top + plot_height + row.iter().map(Prepared::bottom).fold(0.0, f64::max);
    }
    if shared {
        let block = Block::new(lists[0].clone(), page - 60.0, 6);
        y += EDGE;
        block.draw(&mut scene, ((page - block.width()) / 2.0, y));
        y += block.height();
    }
    if picture.panels.is_empty() {
        y += 40.0;
        scene.text("no panels", (page / 2.0, y), TITLE, Align::Center, SOFT);
        y += 20.0;
    }
    scene.height = (y + EDGE).ceil();
    let sheet = Rect { left: 0.0, top: 0.0, right: scene.width, bottom: scene.height };
    scene.marks.insert(0, super::scene::Mark::Fill { points: sheet.corners(), rgb: PAPER, alpha: 1.0 });
    scene
}
