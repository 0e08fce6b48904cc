//! Figures as data: panels, axes and layers, ready to draw or to export.

use serde::{Deserialize, Serialize};

/// One figure: one SVG and one PNG file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// File stem below `figures/<paper>/`; the claim's name, with a suffix where it has several figures.
    pub name: String,
    /// Heading above the panels.
    pub title: String,
    /// Caption naming the claim, what is drawn, replicates, bands and any departure from the printed setting.
    pub caption: String,
    /// Panels, drawn side by side.
    pub panels: Vec<Panel>,
}

/// One coordinate system with its layers, drawn in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    /// Heading of the panel; may be empty.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is drawn.
    pub layers: Vec<Layer>,
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Quantity with its unit, e.g. `iteration k` or `f(x_k) - f*`.
    pub label: String,
    /// Linear or logarithmic.
    pub scale: AxisScale,
    /// Fixed lower end; from the data if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Fixed upper end; from the data if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// How values map to positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AxisScale {
    /// Proportional.
    Linear,
    /// Base 10; values that are not positive are left out.
    Log,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineStyle {
    /// Measured curves.
    Solid,
    /// Bounds.
    Dashed,
}

/// One thing drawn. `color` is an index into the palette (colour-blind safe); layers that belong together share it.
/// A layer with an empty `label` has no legend entry. `null` in data means a gap. The fields are those of a plot of their kind.
#[allow(missing_docs)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Layer {
    /// A polyline through (x, y).
    Line { label: String, color: usize, style: LineStyle, x: Vec<f64>, y: Vec<Option<f64>> },
    /// A translucent band between `low` and `high`.
    Band { label: String, color: usize, x: Vec<f64>, low: Vec<Option<f64>>, high: Vec<Option<f64>> },
    /// Marks, with vertical bars from `low` to `high` where these are given (empty or as long as `x`).
    Points {
        label: String,
        color: usize,
        x: Vec<f64>,
        y: Vec<Option<f64>>,
        low: Vec<Option<f64>>,
        high: Vec<Option<f64>>,
    },
    /// A path in the plane with marks at its points: iterates.
    Path { label: String, color: usize, x: Vec<f64>, y: Vec<f64> },
    /// Arrows from (x, y) by (dx, dy).
    Arrows { label: String, color: usize, x: Vec<f64>, y: Vec<f64>, dx: Vec<f64>, dy: Vec<f64> },
    /// Contour lines of a function on a grid: `z[row][column]` at (`x[column]`, `y[row]`), at `levels` (chosen if
    /// empty).
    Contours { x: Vec<f64>, y: Vec<f64>, z: Vec<Vec<f64>>, levels: Vec<f64> },
    /// Bars of a histogram: `edges` has one entry more than `heights`.
    Bars { label: String, color: usize, edges: Vec<f64>, heights: Vec<f64> },
    /// A picture in shades of grey over the rectangle from (x[0], y[0]) to (x[1], y[1]): its rows from the top, a
    /// hexadecimal digit per pixel, from `0`, white, to `f`, black.
    Pixels { x: [f64; 2], y: [f64; 2], rows: Vec<String> },
}
