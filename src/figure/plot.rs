//! A panel's coordinate system on the page, and the range of its data.

use super::axis::{Extent, Scale, coordinate};
use super::scene::{Point, Rect};
use crate::results::{AxisScale, Layer, Panel};

/// Maps data to the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plot {
    pub rect: Rect,
    pub x: Scale,
    pub y: Scale,
}

impl Plot {
    /// Page position of a data value on the horizontal axis.
    pub(super) fn across(&self, x: f64) -> Option<f64> {
        self.x.position(x).map(|share| self.rect.left + share * self.rect.width())
    }

    /// Page position of a data value on the vertical axis.
    pub(super) fn down(&self, y: f64) -> Option<f64> {
        self.y.position(y).map(|share| self.rect.bottom - share * self.rect.height())
    }

    /// Page position of a point.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<Point> {
        Some((self.across(x)?, self.down(y)?))
    }

    /// Page positions of a series; none where a value is missing or cannot be shown.
    pub(super) fn series(&self, x: &[f64], y: &[Option<f64>]) -> Vec<Option<Point>> {
        x.iter().zip(y).map(|(&x, y)| y.and_then(|y| self.at(x, y))).collect()
    }

    /// Bottom of a bar: zero, or the lower end where zero is out of sight.
    pub(super) fn floor(&self) -> f64 {
        self.down(0.0).unwrap_or(self.rect.bottom).clamp(self.rect.top, self.rect.bottom)
    }
}

/// The ranges of the data, and whether there is any.
pub(super) struct Ranges {
    pub x: Extent,
    pub y: Extent,
    log_x: bool,
    log_y: bool,
}

impl Ranges {
    /// Collects the ranges of a panel's layers.
    pub(super) fn of(panel: &Panel) -> Ranges {
        let log = |scale: AxisScale| scale == AxisScale::Log;
        let mut ranges =
            Ranges { x: Extent::default(), y: Extent::default(), log_x: log(panel.x.scale), log_y: log(panel.y.scale) };
        for layer in &panel.layers {
            ranges.layer(layer);
        }
        ranges
    }

    /// The scales that show all of it.
    pub(super) fn scales(&self, panel: &Panel) -> (Scale, Scale) {
        let bars = panel.layers.iter().any(|l| matches!(l, Layer::Bars { .. }));
        // Bars stand on the axis; everything else keeps off the frame.
        let floor = if bars && !self.log_y { 0.0 } else { 0.06 };
        let filled = |l: &Layer| matches!(l, Layer::Contours { .. } | Layer::Pixels { .. });
        let contours = panel.layers.iter().any(filled);
        // Contour lines and pictures that end short of the frame would look cut.
        let (across, down) = if contours { (0.0, (0.0, 0.0)) } else { (0.03, (floor, 0.06)) };
        (Scale::new(&panel.x, self.x, (across, across)), Scale::new(&panel.y, self.y, down))
    }

    fn point(&mut self, x: f64, y: f64) {
        // A point that one axis cannot show does not stretch the other.
        if let (Some(x), Some(y)) = (coordinate(self.log_x, x), coordinate(self.log_y, y)) {
            self.x.add(Some(x));
            self.y.add(Some(y));
        }
    }

    fn layer(&mut self, layer: &Layer) {
        let some = |v: &Option<f64>| v.unwrap_or(f64::NAN);
        match layer {
            Layer::Line { x, y, .. } => x.iter().zip(y).for_each(|(x, y)| self.point(*x, some(y))),
            Layer::Band { x, low, high, .. } => {
                x.iter().zip(low).for_each(|(x, y)| self.point(*x, some(y)));
                x.iter().zip(high).for_each(|(x, y)| self.point(*x, some(y)));
            }
            Layer::Points { x, y, low, high, .. } => {
                for column in [y, low, high] {
                    x.iter().zip(column).for_each(|(x, y)| self.point(*x, some(y)));
                }
            }
            Layer::Path { x, y, .. } => x.iter().zip(y).for_each(|(x, y)| self.point(*x, *y)),
            Layer::Arrows { x, y, dx, dy, .. } => {
                for ((x, y), (dx, dy)) in x.iter().zip(y).zip(dx.iter().zip(dy)) {
                    self.point(*x, *y);
                    self.point(x + dx, y + dy);
                }
            }
            Layer::Pixels { x, y, .. } => {
                x.iter().for_each(|x| self.x.add(coordinate(self.log_x, *x)));
                y.iter().for_each(|y| self.y.add(coordinate(self.log_y, *y)));
            }
            Layer::Contours { x, y, .. } => {
                x.iter().for_each(|x| self.x.add(coordinate(self.log_x, *x)));
                y.iter().for_each(|y| self.y.add(coordinate(self.log_y, *y)));
            }
            Layer::Bars { edges, heights, .. } => {
                edges.iter().for_each(|x| self.x.add(coordinate(self.log_x, *x)));
                heights.iter().for_each(|y| self.y.add(coordinate(self.log_y, *y)));
                if !self.log_y && !self.y.is_empty() {
                    self.y.add(Some(0.0));
                }
            }
        }
    }
}
