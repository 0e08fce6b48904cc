//! Colours that readers with any kind of colour vision can distinguish, on white.

use super::scene::Rgb;

/// Okabe and Ito's palette without its yellow, which is too light for lines on white, and four dark or muted colours
/// after Tol for figures that need more than seven.
const COLORS: [Rgb; 11] = [
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (30, 30, 30),
    (136, 34, 85),
    (51, 34, 136),
    (153, 153, 51),
    (130, 130, 130),
];

/// Texts and frames.
pub(super) const INK: Rgb = (34, 34, 34);
/// Tick labels and remarks.
pub(super) const SOFT: Rgb = (80, 80, 80);
/// Grid lines.
pub(super) const GRID: Rgb = (229, 229, 229);
/// The page.
pub(super) const PAPER: Rgb = (255, 255, 255);

/// The colour of an index; indices beyond the palette start again.
pub(super) fn color(index: usize) -> Rgb {
    COLORS[index % COLORS.len()]
}

/// Which mark an index draws its points with: colour is never the only difference between two series.
pub(super) fn shape(index: usize) -> usize {
    index % 4
}

/// A colour between two: the fraction `share` of the second.
pub(super) fn mix(first: Rgb, second: Rgb, share: f64) -> Rgb {
    let share = share.clamp(0.0, 1.0);
    // Rounded values of a convex combination of bytes are bytes.
    let one = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    (one(first.0, second.0), one(first.1, second.1), one(first.2, second.2))
}
