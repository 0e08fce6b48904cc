//! Clipping to a rectangle: neither backend does it.

use super::scene::{Point, Rect};

/// The part of a segment inside a rectangle (Liang and Barsky).
pub(super) fn segment(from: Point, to: Point, rect: &Rect) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    let sides =
        [(-dx, from.0 - rect.left), (dx, rect.right - from.0), (-dy, from.1 - rect.top), (dy, rect.bottom - from.1)];
    for (slope, room) in sides {
        if slope == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if slope < 0.0 {
            enter = enter.max(room / slope);
        } else {
            leave = leave.min(room / slope);
        }
    }
    let at = |t: f64| (from.0 + t * dx, from.1 + t * dy);
    (enter <= leave).then(|| (at(enter), at(leave)))
}

/// The parts of a polyline inside a rectangle.
pub(super) fn polyline(points: &[Point], rect: &Rect) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut open = false;
    for pair in points.windows(2) {
        let Some((from, to)) = segment(pair[0], pair[1], rect) else {
            open = false;
            continue;
        };
        match parts.last_mut() {
            // A segment that enters from outside starts a new part.
            Some(part) if open && from == pair[0] => part.push(to),
            _ => parts.push(vec![from, to]),
        }
        open = to == pair[1];
    }
    parts
}

/// The part of a polygon inside a rectangle (Sutherland and Hodgman).
pub(super) fn polygon(points: &[Point], rect: &Rect) -> Vec<Point> {
    let x_at = |x: f64| {
        move |a: Point, b: Point| -> Point {
            let t = (x - a.0) / (b.0 - a.0);
            (x, a.1 + t * (b.1 - a.1))
        }
    };
    let y_at = |y: f64| {
        move |a: Point, b: Point| -> Point {
            let t = (y - a.1) / (b.1 - a.1);
            (a.0 + t * (b.0 - a.0), y)
        }
    };
    let points = half_plane(points, |p| p.0 >= rect.left, x_at(rect.left));
    let points = half_plane(&points, |p| p.0 <= rect.right, x_at(rect.right));
    let points = half_plane(&points, |p| p.1 >= rect.top, y_at(rect.top));
    half_plane(&points, |p| p.1 <= rect.bottom, y_at(rect.bottom))
}

fn half_plane(points: &[Point], inside: impl Fn(Point) -> bool, cross: impl Fn(Point, Point) -> Point) -> Vec<Point> {
    let mut kept = Vec::with_capacity(points.len());
    for (i, &to) in points.iter().enumerate() {
        let from = points[(i + points.len() - 1) % points.len()];
        if inside(from) != inside(to) {
            kept.push(cross(from, to));
        }
        if inside(to) {
            kept.push(to);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNIT: Rect = Rect { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };

    #[test]
    fn a_line_that_leaves_and_returns_has_two_parts() {
        let parts = polyline(&[(0.5, 0.5), (0.5, 2.0), (0.8, 2.0), (0.8, 0.5), (0.9, 0.5)], &UNIT);
        assert_eq!(parts, vec![vec![(0.5, 0.5), (0.5, 1.0)], vec![(0.8, 1.0), (0.8, 0.5), (0.9, 0.5)]]);
        assert!(polyline(&[(2.0, 2.0), (3.0, 0.0)], &UNIT).is_empty());
        assert!(polyline(&[(0.5, 0.5)], &UNIT).is_empty());
    }

    #[test]
    fn a_polygon_around_everything_is_the_rectangle() {
        let clipped = polygon(&[(-9.0, -9.0), (9.0, -9.0), (9.0, 9.0), (-9.0, 9.0)], &UNIT);
        assert_eq!(clipped.len(), 4);
        assert!(UNIT.corners().iter().all(|c| clipped.contains(c)));
        assert!(polygon(&[], &UNIT).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_is_left_outside(points in proptest::collection::vec((-1e6..1e6_f64, -1e6..1e6_f64), 0..12)) {
            let near = UNIT.grown(1e-6);
            prop_assert!(polyline(&points, &UNIT).into_iter().flatten().all(|p| near.contains(p)));
            prop_assert!(polygon(&points, &UNIT).into_iter().all(|p| near.contains(p)));
        }
    }
}
