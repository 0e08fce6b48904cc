//! The loops over rows, compiled for each instruction set and chosen at run time.
//!
//! **Same bits everywhere** The compiler may widen these loops but not reorder or fuse their sums (Rust has no
//! fast-math), and the accumulators of a row are laid out in [`super::matrix`]. Everything that a loop calls is
//! inlined into it, since a function outside would be compiled for the oldest processor.

use super::{Dataset, Matrix};
use crate::scalar::{exp, ln_1p_exp};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;
use std::ops::Range;

/// Fewest rows of a chunk, and most chunks.
const LEAST_ROWS: usize = 256;
const MOST_CHUNKS: usize = 256;

/// Runs `pass` over fixed chunks of rows, in parallel, and hands back its results in the order of the chunks.
///
/// The chunks depend on the shape alone. Their number stays below the mean number of entries a column, since each
/// of them costs one vector of d numbers: a very wide sparse matrix is walked by few.
pub(super) fn by_chunks<T: Send>(matrix: &Matrix, pass: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let rows = matrix.rows();
    let most = MOST_CHUNKS.min(matrix.stored() / matrix.columns()).max(1);
    let length = rows.div_ceil(most).max(LEAST_ROWS);
    let chunk = |k: usize| pass(k * length..rows.min((k + 1) * length));
    match rows.div_ceil(length) {
        1 => vec![chunk(0)],
        chunks => (0..chunks).into_par_iter().map(chunk).collect(),
    }
}

/// Adds the vectors of the chunks, in their order.
pub(super) fn merge(parts: impl IntoIterator<Item = Vec<f64>>, out: &mut [f64]) {
    for part in parts {
        for (o, p) in out.iter_mut().zip(part) {
            *o += p;
        }
    }
}

/// Runs a loop with the widest vectors that the processor has.
pub(super) fn run<K: NullaryFnOnce>(kernel: K) -> K::Output {
    Arch::new().dispatch(kernel)
}

/// 1/(1 + e^-t) without overflow.
#[inline(always)]
fn sigmoid(t: f64) -> f64 {
    let e = exp(-t.abs());
    if t >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

/// A sum that carries its rounding errors along (Neumaier), since f - f* is wanted far below f.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    #[inline(always)]
    pub(super) fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    pub(super) fn total(self) -> f64 {
        self.sum + self.lost
    }
}

/// Sums of ln(1 + exp(-b_i a_i'x)) over rows, one for each point x.
pub(super) struct Losses<'a> {
    pub(super) data: &'a Dataset,
    pub(super) rows: Range<usize>,
    pub(super) points: &'a [&'a [f64]],
}

impl NullaryFnOnce for Losses<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn call(self) -> Vec<f64> {
        let mut sums = vec![Sum::default(); self.points.len()];
        for i in self.rows {
            // The row is fetched once and stays in the nearest cache for all points.
            let row = self.data.matrix.row(i);
            let b = f64::from(self.data.labels[i]);
            for (sum, x) in sums.iter_mut().zip(self.points) {
                sum.add(ln_1p_exp(-b * row.dot(x)));
            }
        }
        sums.into_iter().map(Sum::total).collect()
    }
}

/// `out += sum_i scale * grad ln(1 + exp(-b_i a_i'x))` over rows in the order given; returns the sum of the losses.
pub(super) struct Gradient<'a, I> {
    pub(super) data: &'a Dataset,
    pub(super) rows: I,
    pub(super) x: &'a [f64],
    pub(super) scale: f64,
    pub(super) out: &'a mut [f64],
}

impl<I: Iterator<Item = usize>> NullaryFnOnce for Gradient<'_, I> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let mut sum = Sum::default();
        for i in self.rows {
            let row = self.data.matrix.row(i);
            let b = f64::from(self.data.labels[i]);
            let t = -b * row.dot(self.x);
            sum.add(ln_1p_exp(t));
            row.add_scaled(self.scale * (-b * sigmoid(t)), self.out);
        }
        sum.total()
    }
}

/// The curvatures s(1 - s) of the rows' losses, s = sigmoid(a_i'x).
pub(super) struct Curvatures<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) rows: Range<usize>,
    pub(super) x: &'a [f64],
}

impl NullaryFnOnce for Curvatures<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn call(self) -> Vec<f64> {
        let curvature = |t: f64| sigmoid(t) * sigmoid(-t);
        self.rows.map(|i| curvature(self.matrix.row(i).dot(self.x))).collect()
    }
}

/// `out += sum_i weights_i (a_i'v) a_i` over rows.
pub(super) struct Product<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) rows: Range<usize>,
    pub(super) weights: &'a [f64],
    pub(super) v: &'a [f64],
    pub(super) out: &'a mut [f64],
}

impl NullaryFnOnce for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for i in self.rows {
            let row = self.matrix.row(i);
            let inner = row.dot(self.v);
            row.add_scaled(self.weights[i] * inner, self.out);
        }
    }
}

/// `out_j += sum_i weights_i a_ij^2` over rows.
pub(super) struct Diagonal<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) rows: Range<usize>,
    pub(super) weights: &'a [f64],
    pub(super) out: &'a mut [f64],
}

impl NullaryFnOnce for Diagonal<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for i in self.rows {
            let weight = self.weights[i];
            self.matrix.row(i).add_mapped(self.out, |a| weight * (a * a));
        }
    }
}

/// `out_j += sum_i |a_ij| |a_i|_1` over rows.
pub(super) struct Shares<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) rows: Range<usize>,
    pub(super) out: &'a mut [f64],
}

impl NullaryFnOnce for Shares<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for i in self.rows {
            let row = self.matrix.row(i);
            let norm = row.sum(f64::abs);
            row.add_mapped(self.out, |a| norm * a.abs());
        }
    }
}

/// The largest |a_i|_2^2 and |a_i|_1 over rows.
pub(super) struct LargestNorms<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) rows: Range<usize>,
}

impl NullaryFnOnce for LargestNorms<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    fn call(self) -> (f64, f64) {
        let mut largest = (0.0f64, 0.0f64);
        for i in self.rows {
            let row = self.matrix.row(i);
            largest = (largest.0.max(row.sum(|a| a * a)), largest.1.max(row.sum(f64::abs)));
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigmoid_keeps_both_tails() {
        // exact: 1/2 at 0; e^t for very negative t; 1 beyond the precision
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(sigmoid(-800.0), 0.0);
        assert_eq!(sigmoid(-40.0), exp(-40.0) / (1.0 + exp(-40.0)));
        assert_eq!(sigmoid(800.0), 1.0);
        assert!(sigmoid(f64::NAN).is_nan());
    }

    #[test]
    fn a_compensated_sum_keeps_what_a_plain_one_loses() {
        // exact: 1 + 2^-60 - 1 + ... in any order
        let mut sum = Sum::default();
        for v in [1.0, 2f64.powi(-60), -1.0] {
            sum.add(v);
        }
        assert_eq!(sum.total(), 2f64.powi(-60));
    }
}
