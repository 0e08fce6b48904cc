//! From a scene to SVG text or PNG bytes, through plotters' backends.
//!
//! The backends take whole pixels. A scene is therefore drawn at a multiple of its size: the SVG shrinks it by its
//! viewBox, the PNG by averaging, which also smooths edges.

use super::scene::{Align, Mark, Point, Rect, Scene, Text};
use super::text::{FAMILY, LINE_OVER_EM, clean};
use super::{FigureError, encode};
use crate::results::Picture;
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle};

/// How much finer than the page an SVG is drawn.
const SVG_SCALE: f64 = 4.0;
/// Width of a PNG.
const PNG_WIDTH: f64 = 1600.0;
/// How much finer than its pixels a PNG is drawn.
const OVERSAMPLING: u32 = 2;

/// Draws a scene as SVG.
pub(super) fn svg(scene: &Scene, picture: &Picture) -> Result<String, FigureError> {
    let size = pixels(scene, SVG_SCALE);
    let mut body = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut body, size);
        let mut brush = Brush { backend: &mut backend, scale: SVG_SCALE, bitmap: false };
        brush.scene(scene).map_err(|e| failed(picture, e))?;
    }
    let pictures = pictures(scene).map_err(|e| failed(picture, e))?;
    // The backend's own opening tag is replaced by one with the page size, the viewBox and the texts for readers.
    let rest = body.split_once('>').map_or("", |(_, rest)| rest.trim_start());
    let title = escape(&clean(if picture.title.is_empty() { &picture.name } else { &picture.title }));
    let caption = escape(&clean(&picture.caption));
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" \
         stroke-linejoin=\"round\">\n<title>{title}</title>\n<desc>{caption}</desc>\n{}{pictures}</svg>\n",
        scene.width,
        scene.height,
        size.0,
        size.1,
        rest.trim_end().trim_end_matches("</svg>"),
    ))
}

/// Pictures as elements that hold a PNG file; they lie above everything else.
fn pictures(scene: &Scene) -> Result<String, String> {
    let mut out = String::new();
    for mark in &scene.marks {
        let Mark::Picture { rect, columns, shades } = mark else { continue };
        let pixels: Vec<u8> = shades.iter().flat_map(|shade| [*shade; 3]).collect();
        let rows = shades.len() / (*columns).max(1);
        // A picture has far fewer than 2^32 pixels.
        let file = encode::png(*columns as u32, rows as u32, &pixels).map_err(|e| e.to_string())?;
        let scaled = |v: f64| (v * SVG_SCALE).round();
        out.push_str(&format!(
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
             image-rendering=\"pixelated\" href=\"data:image/png;base64,{}\"/>\n",
            scaled(rect.left),
            scaled(rect.top),
            scaled(rect.width()),
            scaled(rect.height()),
            encode::base64(&file)
        ));
    }
    Ok(out)
}

/// Draws a scene as PNG.
pub(super) fn png(scene: &Scene, picture: &Picture) -> Result<Vec<u8>, FigureError> {
    let scale = PNG_WIDTH * f64::from(OVERSAMPLING) / scene.width;
    let (wide, high) = pixels(scene, scale);
    // Whole output pixels in both directions.
    let size = (wide.next_multiple_of(OVERSAMPLING), high.next_multiple_of(OVERSAMPLING));
    let mut buffer = vec![255_u8; size.0 as usize * size.1 as usize * 3];
    {
        let mut backend = BitMapBackend::with_buffer(&mut buffer, size);
        let mut brush = Brush { backend: &mut backend, scale, bitmap: true };
        brush.scene(scene).map_err(|e| failed(picture, e))?;
    }
    let pixels = encode::shrink(&buffer, size.0, OVERSAMPLING);
    encode::png(size.0 / OVERSAMPLING, size.1 / OVERSAMPLING, &pixels).map_err(|e| failed(picture, e.to_string()))
}

fn pixels(scene: &Scene, scale: f64) -> (u32, u32) {
    ((scene.width * scale).round() as u32, (scene.height * scale).round() as u32)
}

fn failed(picture: &Picture, reason: String) -> FigureError {
    FigureError::Draw { name: picture.name.clone(), reason }
}

/// A backend's refusal as text: its error type is not ours to name.
fn as_text<E: std::fmt::Display>(drawn: Result<(), E>) -> Result<(), String> {
    drawn.map_err(|e| e.to_string())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A backend with the scale at which it is drawn on.
struct Brush<'a, B: DrawingBackend> {
    backend: &'a mut B,
    scale: f64,
    bitmap: bool,
}

impl<B: DrawingBackend> Brush<'_, B> {
    fn scene(&mut self, scene: &Scene) -> Result<(), String> {
        as_text(self.backend.ensure_prepared())?;
        for mark in &scene.marks {
            match mark {
                Mark::Line { points, rgb, width } => self.draw_line(points, RGBColor(rgb.0, rgb.1, rgb.2), *width)?,
                Mark::Fill { points, rgb, alpha } => {
                    let color = RGBColor(rgb.0, rgb.1, rgb.2).mix(*alpha);
                    let places = self.places(points);
                    as_text(self.backend.fill_polygon(places, &color))?;
                }
                Mark::Disc { center, radius, rgb } => {
                    let style = ShapeStyle::from(&RGBColor(rgb.0, rgb.1, rgb.2)).filled();
                    let (center, radius) = (self.place(*center), self.length(*radius));
                    as_text(self.backend.draw_circle(center, radius, &style, true))?;
                }
                Mark::Picture { rect, columns, shades } => self.picture(rect, *columns, shades)?,
                Mark::Text(text) => self.text(text)?,
            }
        }
        as_text(self.backend.present())
    }

    /// Pixel by pixel on a bitmap; an SVG has pictures as elements of their own, which [`svg`] writes.
    fn picture(&mut self, rect: &Rect, columns: usize, shades: &[u8]) -> Result<(), String> {
        if !self.bitmap {
            return Ok(());
        }
        let rows = shades.len() / columns.max(1);
        let corner = |row: usize, column: usize| {
            let across = rect.left + rect.width() * column as f64 / columns as f64;
            (across, rect.top + rect.height() * row as f64 / rows as f64)
        };
        for (i, shade) in shades.iter().enumerate().filter(|(_, shade)| **shade < 255) {
            let (row, column) = (i / columns, i % columns);
            let (from, to) = (self.place(corner(row, column)), self.place(corner(row + 1, column + 1)));
            as_text(self.backend.draw_rect(from, to, &RGBColor(*shade, *shade, *shade), true))?;
        }
        Ok(())
    }

    fn place(&self, (x, y): Point) -> (i32, i32) {
        // Positions far outside the page are all equivalent; clamping them keeps the backends' integers from
        // overflowing.
        let whole = |v: f64| (v * self.scale).round().clamp(-20_000.0, 40_000.0) as i32;
        (whole(x), whole(y))
    }

    fn places(&self, points: &[Point]) -> Vec<(i32, i32)> {
        let mut places: Vec<_> = points.iter().map(|p| self.place(*p)).collect();
        places.dedup();
        places
    }

    fn length(&self, length: f64) -> u32 {
        (length * self.scale).round().clamp(1.0, 1000.0) as u32
    }

    fn draw_line(&mut self, points: &[Point], color: RGBColor, width: f64) -> Result<(), String> {
        let stroke = self.length(width);
        if !self.bitmap {
            let style = ShapeStyle::from(&color).stroke_width(stroke);
            let places = self.places(points);
            return as_text(self.backend.draw_path(places, &style));
        }
        // The bitmap backend fills the outline of a whole polyline at once, with holes where it overlaps itself. One
        // quadrilateral per segment and one disc per joint have none.
        let half = width / 2.0;
        for (i, pair) in points.windows(2).enumerate() {
            let (from, to) = (pair[0], pair[1]);
            let length = super::trace::distance(from, to);
            if length > 0.0 {
                let (nx, ny) = ((from.1 - to.1) / length * half, (to.0 - from.0) / length * half);
                let corners = [
                    (from.0 + nx, from.1 + ny),
                    (to.0 + nx, to.1 + ny),
                    (to.0 - nx, to.1 - ny),
                    (from.0 - nx, from.1 - ny),
                ];
                let places = self.places(&corners);
                as_text(self.backend.fill_polygon(places, &color))?;
            }
            if i > 0 && stroke > 3 {
                let style = ShapeStyle::from(&color).filled();
                let radius = (half * self.scale).floor().max(1.0) as u32;
                let center = self.place(from);
                as_text(self.backend.draw_circle(center, radius, &style, true))?;
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &Text) -> Result<(), String> {
        let size = text.size * self.scale;
        // Both backends position texts by their top here, and mean different things by it: SVG puts the baseline 0.76
        // em lower, the bitmap half its size. They also differ in what they call a size.
        let (given, drop) =
            if self.bitmap { (size * LINE_OVER_EM, size * LINE_OVER_EM / 2.0) } else { (size * 1.24, size * 0.76) };
        let style = if text.bold { FontStyle::Bold } else { FontStyle::Normal };
        let turn = if text.upright { FontTransform::Rotate270 } else { FontTransform::None };
        let font = FontDesc::new(FontFamily::Name(FAMILY), given, style).transform(turn);
        let h_pos = match text.align {
            Align::Left => HPos::Left,
            Align::Center => HPos::Center,
            Align::Right => HPos::Right,
        };
        let color = RGBColor(text.rgb.0, text.rgb.1, text.rgb.2);
        let style = TextStyle::from(font).color(&color).pos(Pos::new(h_pos, VPos::Top));
        let drop = drop / self.scale;
        let at = if text.upright { (text.at.0 - drop, text.at.1) } else { (text.at.0, text.at.1 - drop) };
        let place = self.place(at);
        as_text(self.backend.draw_text(&clean(&text.text), &style, place))
    }
}
