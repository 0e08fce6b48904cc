//! Contour lines by marching squares, joined into polylines.

use super::scene::Point;
use std::collections::BTreeMap;

/// A function on a grid whose nodes are already on the page.
pub(super) struct Grid<'a> {
    /// Page position of each column; none where the axis cannot show it.
    pub x: &'a [Option<f64>],
    /// Page position of each row.
    pub y: &'a [Option<f64>],
    /// Values by row and column; rows may be short.
    pub z: &'a [Vec<f64>],
}

/// A crossing, named by the edge it lies on: (row, column, vertical?). Two cells that share an edge thus share the
/// crossing, and segments join without comparing floats.
type Edge = (usize, usize, bool);

impl Grid<'_> {
    fn value(&self, row: usize, column: usize) -> Option<f64> {
        self.z.get(row)?.get(column).copied().filter(|v| v.is_finite())
    }

    fn node(&self, row: usize, column: usize) -> Option<Point> {
        Some(((*self.x.get(column)?)?, (*self.y.get(row)?)?))
    }

    /// Where a level crosses an edge; linear between its ends.
    fn crossing(&self, (row, column, vertical): Edge, level: f64) -> Option<Point> {
        let (other_row, other_column) = if vertical { (row + 1, column) } else { (row, column + 1) };
        let (a, b) = (self.value(row, column)?, self.value(other_row, other_column)?);
        let (from, to) = (self.node(row, column)?, self.node(other_row, other_column)?);
        // Halves, because the difference of two doubles may overflow.
        let share = ((level / 2.0 - a / 2.0) / (b / 2.0 - a / 2.0)).clamp(0.0, 1.0);
        Some((from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1)))
    }

    /// The segments of one cell as pairs of edges.
    fn cell(&self, row: usize, column: usize, level: f64) -> Vec<(Edge, Edge)> {
        let corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)];
        let Some(values) = corners.iter().map(|&(r, c)| self.value(r, c)).collect::<Option<Vec<f64>>>() else {
            return Vec::new();
        };
        let (bottom, right) = ((row, column, false), (row, column + 1, true));
        let (top, left) = ((row + 1, column, false), (row, column, true));
        let above = |i: usize| usize::from(values[i] >= level);
        let case = above(0) | above(1) << 1 | above(2) << 2 | above(3) << 3;
        // At a saddle the mean decides which corners are connected.
        let center = values.iter().map(|v| v / 4.0).sum::<f64>() >= level;
        match case {
            1 | 14 => vec![(left, bottom)],
            2 | 13 => vec![(bottom, right)],
            4 | 11 => vec![(right, top)],
            8 | 7 => vec![(top, left)],
            3 | 12 => vec![(left, right)],
            6 | 9 => vec![(bottom, top)],
            5 if center => vec![(left, top), (bottom, right)],
            5 => vec![(left, bottom), (right, top)],
            10 if center => vec![(left, bottom), (right, top)],
            10 => vec![(left, top), (bottom, right)],
            _ => Vec::new(),
        }
    }
}

/// The contour lines of one level; closed ones end where they start.
pub(super) fn lines(grid: &Grid<'_>, level: f64) -> Vec<Vec<Point>> {
    let mut neighbours: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
    for row in 0..grid.y.len().saturating_sub(1) {
        for column in 0..grid.x.len().saturating_sub(1) {
            for (a, b) in grid.cell(row, column, level) {
                neighbours.entry(a).or_default().push(b);
                neighbours.entry(b).or_default().push(a);
            }
        }
    }
    // Open lines first, from their ends; what is left then is closed.
    let ends: Vec<Edge> = neighbours.iter().filter(|(_, n)| n.len() == 1).map(|(&e, _)| e).collect();
    let all: Vec<Edge> = neighbours.keys().copied().collect();
    let mut found = Vec::new();
    for start in ends.into_iter().chain(all) {
        let chain = follow(start, &mut neighbours);
        if chain.len() > 1 {
            found.extend(super::trace::runs(chain.into_iter().map(|e| grid.crossing(e, level))));
        }
    }
    found
}

/// Walks from an edge along unused segments, using them up.
fn follow(start: Edge, neighbours: &mut BTreeMap<Edge, Vec<Edge>>) -> Vec<Edge> {
    let mut chain = vec![start];
    let mut here = start;
    while let Some(next) = neighbours.get_mut(&here).and_then(Vec::pop) {
        if let Some(back) = neighbours.get_mut(&next)
            && let Some(i) = back.iter().position(|&e| e == here)
        {
            back.swap_remove(i);
        }
        chain.push(next);
        here = next;
    }
    chain
}

/// Levels where none are given: squares of equal steps above the least value, so that the rings of a quadratic lie
/// at equal distances.
pub(super) fn choose_levels(z: &[Vec<f64>], count: usize) -> Vec<f64> {
    let finite = || z.iter().flatten().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::MAX, f64::min), finite().fold(f64::MIN, f64::max));
    if low >= high {
        return Vec::new();
    }
    let share = |i: usize| {
        let step = i as f64 / (count + 1) as f64;
        step * step
    };
    (1..=count).map(|i| low * (1.0 - share(i)) + high * share(i)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid_of(n: usize, f: impl Fn(f64, f64) -> f64) -> (Vec<Option<f64>>, Vec<Vec<f64>>) {
        let at = |i: usize| -1.0 + 2.0 * i as f64 / (n - 1) as f64;
        ((0..n).map(|i| Some(at(i))).collect(), (0..n).map(|r| (0..n).map(|c| f(at(c), at(r))).collect()).collect())
    }

    #[test]
    fn a_circle_is_one_closed_line() {
        let (axis, z) = grid_of(41, |x, y| x * x + y * y);
        let found = lines(&Grid { x: &axis, y: &axis, z: &z }, 0.25);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].first(), found[0].last());
        // Exact: the level 1/4 is the circle of radius 1/2; linear interpolation on cells of width h = 1/20 errs
        // by less than h^2/(4r) = 1/800 in the radius.
        assert!(found[0].iter().all(|p| (p.0.hypot(p.1) - 0.5).abs() < 1.0 / 800.0));
    }

    #[test]
    fn a_plane_gives_one_open_line_from_side_to_side() {
        let (axis, z) = grid_of(5, |x, _| x);
        let found = lines(&Grid { x: &axis, y: &axis, z: &z }, 0.1);
        assert_eq!((found.len(), found[0].len()), (1, 5));
        assert!(found[0].iter().all(|p| (p.0 - 0.1).abs() < 1e-12));
    }

    #[test]
    fn saddles_holes_and_ragged_rows_do_not_break_it() {
        let (axis, mut z) = grid_of(12, |x, y| x * y);
        assert_eq!(lines(&Grid { x: &axis, y: &axis, z: &z }, 0.05).len(), 2);
        z[3][3] = f64::NAN;
        z[5].truncate(2);
        z.pop();
        assert!(!lines(&Grid { x: &axis, y: &axis, z: &z }, 0.05).is_empty());
        assert!(lines(&Grid { x: &[], y: &axis, z: &z }, 0.05).is_empty());
        assert!(choose_levels(&[vec![f64::NAN, 1.0]], 5).is_empty());
        assert_eq!(choose_levels(&[vec![0.0, 16.0]], 3), vec![1.0, 4.0, 9.0]);
    }
}
