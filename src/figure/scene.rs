//! What is drawn, in page units and in order: the border between layout and backend.

/// A position on the page, in page units, y downwards.
pub(super) type Point = (f64, f64);

/// Red, green, blue.
pub(super) type Rgb = (u8, u8, u8);

/// Where a text hangs at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Center,
    Right,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub text: String,
    /// Reference point: on the baseline, or on its rotated counterpart.
    pub at: Point,
    /// Size of the em square.
    pub size: f64,
    pub align: Align,
    pub rgb: Rgb,
    pub bold: bool,
    /// Read from bottom to top.
    pub upright: bool,
}

/// One drawn thing. Only areas are translucent: strokes that overlap themselves would show it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    Line {
        points: Vec<Point>,
        rgb: Rgb,
        width: f64,
    },
    Fill {
        points: Vec<Point>,
        rgb: Rgb,
        alpha: f64,
    },
    Disc {
        center: Point,
        radius: f64,
        rgb: Rgb,
    },
    /// Shades of grey, row by row from the top, `columns` a row.
    Picture {
        rect: Rect,
        columns: usize,
        shades: Vec<u8>,
    },
    Text(Text),
}

/// A page.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Scene {
    pub width: f64,
    pub height: f64,
    pub marks: Vec<Mark>,
}

impl Scene {
    pub(super) fn line(&mut self, points: Vec<Point>, rgb: Rgb, width: f64) {
        if points.len() > 1 {
            self.marks.push(Mark::Line { points, rgb, width });
        }
    }

    pub(super) fn fill(&mut self, points: Vec<Point>, rgb: Rgb, alpha: f64) {
        if points.len() > 2 {
            self.marks.push(Mark::Fill { points, rgb, alpha });
        }
    }

    pub(super) fn disc(&mut self, center: Point, radius: f64, rgb: Rgb) {
        self.marks.push(Mark::Disc { center, radius, rgb });
    }

    pub(super) fn picture(&mut self, rect: Rect, columns: usize, shades: Vec<u8>) {
        self.marks.push(Mark::Picture { rect, columns, shades });
    }

    pub(super) fn text(&mut self, text: &str, at: Point, size: f64, align: Align, rgb: Rgb) {
        let text = text.to_owned();
        self.marks.push(Mark::Text(Text { text, at, size, align, rgb, bold: false, upright: false }));
    }

    pub(super) fn heading(&mut self, text: &str, at: Point, size: f64, rgb: Rgb) {
        let (text, align) = (text.to_owned(), Align::Center);
        self.marks.push(Mark::Text(Text { text, at, size, align, rgb, bold: true, upright: false }));
    }

    pub(super) fn upright(&mut self, text: &str, at: Point, size: f64, rgb: Rgb) {
        let (text, align) = (text.to_owned(), Align::Center);
        self.marks.push(Mark::Text(Text { text, at, size, align, rgb, bold: false, upright: true }));
    }
}

/// An axis-parallel rectangle of the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn contains(&self, (x, y): Point) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }

    /// The rectangle with its sides moved outwards.
    pub(super) fn grown(&self, by: f64) -> Rect {
        Rect { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    /// Its corners in order.
    pub(super) fn corners(&self) -> Vec<Point> {
        vec![(self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom)]
    }
}
