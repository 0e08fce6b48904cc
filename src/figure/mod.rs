//! Figures: a [`Picture`] becomes SVG text or the bytes of a PNG file.
//!
//! The data flow is `Picture -> scales and ticks -> Scene -> backend`: everything up to the `scene` is a pure function
//! in page units, and only `paint` calls plotters. The font is bundled and nothing is requested from the system, so
//! that one picture gives the same bytes on every machine.
//!
//! Values that are not finite, and values that are not positive on a logarithmic axis, are gaps.

mod axis;
mod clip;
mod contour;
mod encode;
mod layers;
mod layout;
mod legend;
mod paint;
mod palette;
mod panel;
mod plot;
mod scene;
mod text;
mod ticks;
mod trace;

use crate::results::Picture;

/// A picture that could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FigureError {
    /// The font that is part of the program was refused by the text renderer.
    #[error("the bundled font could not be loaded; the program file is damaged, install it again")]
    Font,
    /// The drawing library failed.
    #[error(
        "figure `{name}` could not be drawn: {reason}; look at its data in the result file, or run the claim again"
    )]
    Draw {
        /// Name of the picture.
        name: String,
        /// What the library said.
        reason: String,
    },
}

/// Draws a picture as SVG: a self-contained document whose texts stay text.
///
/// The caption is not drawn; it stands in `<desc>`, and the title in `<title>`, for readers that do not see.
///
/// # Errors
/// [`FigureError`] if the font or the drawing library fails; data never makes it fail.
pub(crate) fn render_svg(picture: &Picture) -> Result<String, FigureError> {
    text::register()?;
    paint::svg(&layout::compose(picture), picture)
}

/// Draws a picture as a PNG file about 1600 pixels wide.
///
/// # Errors
/// [`FigureError`] if the font or the drawing library fails; data never makes it fail.
pub(crate) fn render_png(picture: &Picture) -> Result<Vec<u8>, FigureError> {
    text::register()?;
    paint::png(&layout::compose(picture), picture)
}

#[cfg(test)]
mod tests;
