//! Polylines: split at gaps, thinned to what the page can show, cut into dashes.

use super::scene::Point;

/// Most points that a polyline keeps.
pub(super) const MOST_POINTS: usize = 1000;

/// Runs of points between gaps.
pub(super) fn runs(points: impl IntoIterator<Item = Option<Point>>) -> Vec<Vec<Point>> {
    let mut runs = vec![Vec::new()];
    for point in points {
        match (point, runs.last_mut()) {
            (Some(point), Some(run)) => run.push(point),
            (None, Some(run)) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Keeps of each pixel column the first, lowest, highest and last point, so that no peak is lost.
pub(super) fn thin(points: &[Point], most: usize) -> Vec<Point> {
    if points.len() <= most {
        return points.to_vec();
    }
    let (left, right) = points.iter().fold((f64::MAX, f64::MIN), |(l, r), p| (l.min(p.0), r.max(p.0)));
    let columns = (most / 4).max(1);
    let wide = ((right - left) / columns as f64).max(1e-9);
    let column = |p: &Point| ((p.0 - left) / wide) as usize;
    let mut kept = Vec::with_capacity(most + 4);
    for bucket in points.chunk_by(|a, b| column(a) == column(b)) {
        keep_extremes(bucket, &mut kept);
    }
    // A line that runs back and forth has many short stays in a column: then every n-th point must do.
    if kept.len() > 2 * most {
        let stride = kept.len().div_ceil(most);
        let last = kept.last().copied();
        kept = kept.into_iter().step_by(stride).chain(last).collect();
    }
    kept
}

fn keep_extremes(bucket: &[Point], kept: &mut Vec<Point>) {
    let by_height = |a: &(usize, &Point), b: &(usize, &Point)| a.1.1.total_cmp(&b.1.1);
    let low = bucket.iter().enumerate().min_by(by_height).map_or(0, |(i, _)| i);
    let high = bucket.iter().enumerate().max_by(by_height).map_or(0, |(i, _)| i);
    let mut indices = [0, low.min(high), low.max(high), bucket.len() - 1].to_vec();
    indices.dedup();
    kept.extend(indices.into_iter().map(|i| bucket[i]));
}

/// One point per cell of the page, with cells as large as needed to keep at most `most`. Returns indices.
pub(super) fn scatter(points: &[Point], most: usize) -> Vec<usize> {
    let mut cell = 0.5;
    loop {
        let mut seen = std::collections::BTreeSet::new();
        let kept: Vec<usize> = (0..points.len())
            .filter(|&i| seen.insert(((points[i].0 / cell) as i64, (points[i].1 / cell) as i64)))
            .collect();
        if kept.len() <= most || cell > 1e6 {
            return kept;
        }
        cell *= 1.5;
    }
}

/// Cuts a polyline into dashes of length `on` with gaps of length `off`; long lines get longer dashes, so that a
/// jagged one does not become thousands of elements.
pub(super) fn dashes(points: &[Point], on: f64, off: f64) -> Vec<Vec<Point>> {
    let length: f64 = points.windows(2).map(|p| distance(p[0], p[1])).sum();
    let stretch = (length / (on + off) / 400.0).max(1.0);
    let pattern = [on * stretch, off * stretch];
    let mut parts = Vec::new();
    let Some(&start) = points.first() else { return parts };
    let (mut phase, mut remaining) = (0, pattern[0]);
    let mut part = vec![start];
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let mut rest = distance(from, to);
        while rest > remaining {
            let share = remaining / rest;
            from = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            rest -= remaining;
            if phase == 0 {
                part.push(from);
                parts.push(std::mem::take(&mut part));
            } else {
                part = vec![from];
            }
            phase = 1 - phase;
            remaining = pattern[phase];
        }
        remaining -= rest;
        if phase == 0 {
            part.push(to);
        }
    }
    if phase == 0 && part.len() > 1 {
        parts.push(part);
    }
    parts
}

/// Distance on the page.
pub(super) fn distance(a: Point, b: Point) -> f64 {
    libm::hypot(b.0 - a.0, b.1 - a.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_split_runs() {
        let points = [None, Some((0.0, 0.0)), Some((1.0, 1.0)), None, None, Some((2.0, 0.0)), None];
        assert_eq!(runs(points), vec![vec![(0.0, 0.0), (1.0, 1.0)], vec![(2.0, 0.0)]]);
        assert!(runs([None, None]).is_empty());
    }

    #[test]
    fn thinning_keeps_peaks_and_ends() {
        let mut points: Vec<Point> = (0..100_000).map(|i| (f64::from(i) / 200.0, 50.0)).collect();
        points[54_321].1 = 0.0;
        let kept = thin(&points, MOST_POINTS);
        assert!(kept.len() <= MOST_POINTS + 4, "{}", kept.len());
        assert!(kept.contains(&points[54_321]));
        assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
    }

    #[test]
    fn thinning_bounds_lines_that_run_back_and_forth() {
        let points: Vec<Point> = (0..50_000).map(|i| (f64::from(i % 2) * 300.0, f64::from(i % 7))).collect();
        assert!(thin(&points, MOST_POINTS).len() <= 2 * MOST_POINTS + 1);
        assert!(scatter(&points, 100).len() <= 100);
    }

    #[test]
    fn dashes_cover_their_share_of_a_straight_line() {
        let parts = dashes(&[(0.0, 0.0), (45.0, 0.0), (100.0, 0.0)], 6.0, 4.0);
        assert_eq!(parts.len(), 10);
        let drawn: f64 = parts.iter().flat_map(|p| p.windows(2)).map(|p| distance(p[0], p[1])).sum();
        assert!((drawn - 60.0).abs() < 1e-9);
        assert!(dashes(&[], 6.0, 4.0).is_empty());
    }
}
