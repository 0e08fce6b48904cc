//! Coordinate-wise medians of M rows by a sorting network.
//!
//! **Source** the network is Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, Algorithm M).
//! **Ties and edge cases** an even M has two middle values: their mean is the median (chen2020 takes M odd). A lane's
//! minimum may lose a NaN, so that callers keep the trace of NaN apart.

use crate::scalar::Scalar;

/// Calls `compare(a, b)` with a < b for each comparator of a network that sorts `n` values.
#[inline(always)]
pub(super) fn for_each_comparator(n: usize, mut compare: impl FnMut(usize, usize)) {
    if n < 2 {
        return;
    }
    let top = n.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            for i in 0..n - d {
                if i & p == r {
                    compare(i, i + d);
                }
            }
            if q == p {
                break;
            }
            d = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
}

/// Sorts each column of `rows` (`dimension` numbers per row, ascending from row to row) and writes the medians.
#[inline(always)]
pub(crate) fn medians<S: Scalar>(rows: &mut [S], out: &mut [S]) {
    let dimension = out.len().max(1);
    let count = rows.len() / dimension;
    for_each_comparator(
        count,
        #[inline(always)]
        |a, b| {
            let (low, high) = rows.split_at_mut(b * dimension);
            for (low, high) in low[a * dimension..(a + 1) * dimension].iter_mut().zip(high) {
                let smaller = low.min(high);
                *high = low.max(high);
                *low = smaller;
            }
        },
    );
    let row = |i: usize| &rows[i * dimension..(i + 1) * dimension];
    if count == 0 {
        return;
    }
    let upper = mutant!("the median is the midpoint", count - 1, count / 2);
    let lower = mutant!("the median is the midpoint", 0, (count - 1) / 2);
    out.clone_from_slice(row(upper));
    if lower < upper {
        let half = S::ratio(1, 2);
        for (out, other) in out.iter_mut().zip(row(lower)) {
            *out += other;
            *out *= &half;
        }
    }
}
