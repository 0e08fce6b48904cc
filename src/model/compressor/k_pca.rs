//! The k leading principal components of a matrix.
//!
//! **Source** karimireddy2019, Section 4 (k-PCA): v is read as a matrix V by rows, and C(V) = sum over the k largest
//! singular values of s_j u_j w_j'. Thus |C(V) - V|_F^2 is the sum of the other squares.
//! **Facts** delta = k/min(rows, columns), as the squares left out are no larger on average than those kept; equality
//! where all singular values are equal.
//! **Shapes and units** d = rows * columns. A message is k pairs of vectors, k (rows + columns) floats.
//! **Ties and edge cases** among equal singular values the one that rotation leaves first stays. Floating point only,
//! replicate by replicate, unless k >= min(rows, columns), where C(V) = V. A matrix that is not finite becomes NaN.
//! The whole vector is one matrix, whatever `scaling` says.

use super::{Compressor, CompressorEntry, kept, kept_share};
use crate::model::query::FLOAT_BITS;
use crate::model::{Arithmetic, BuildError, Kind, Limits, ParamSpec, Query, Real, Semantics};
use crate::scalar::Fault;

/// Most sweeps of rotations; ten are plenty for any size.
const SWEEPS: usize = 60;

/// Truncated singular value decomposition.
pub(super) struct KPca {
    k: usize,
    rows: usize,
}

/// Registry line.
pub(super) static ENTRY: CompressorEntry = CompressorEntry {
    name: "k-pca",
    summary: "v as a matrix by rows, cut to its k largest singular values",
    params: &[
        ParamSpec { name: "k", kind: Kind::Count, default: None, limits: Limits::ONE_UP, doc: "components kept" },
        ParamSpec {
            name: "rows",
            kind: Kind::Count,
            default: None,
            limits: Limits::ONE_UP,
            doc: "rows of the matrix; they divide d",
        },
    ],
    build: |p| {
        let rows = p.count("rows")?;
        if rows == 0 || !p.dimension.is_multiple_of(rows) {
            let message = format!("'rows' is {rows}; it must be 1 or more and divide the dimension {}", p.dimension);
            return Err(BuildError::about("rows", message));
        }
        Ok(Box::new(KPca { k: kept(p)?, rows }))
    },
};

/// A matrix by columns, each a vector.
type Columns = Vec<Vec<f64>>;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// (p, q) -> (c p - s q, s p + c q) for two columns.
fn rotate(columns: &mut Columns, (p, q): (usize, usize), (c, s): (f64, f64)) {
    let (left, right) = columns.split_at_mut(q);
    for (a, b) in left[p].iter_mut().zip(&mut right[0]) {
        (*a, *b) = (c * *a - s * *b, s * *a + c * *b);
    }
}

/// One-sided Jacobi (Hestenes 1958): turns the columns of A until they are orthogonal, A W = (s_j u_j), and returns
/// A W and W. Only sums, products, quotients and roots: the same bits on every machine.
fn orthogonalise(mut a: Columns) -> (Columns, Columns) {
    let n = a.len();
    let unit = |j: usize| (0..n).map(|i| if i == j { 1.0 } else { 0.0 }).collect();
    let mut w: Columns = (0..n).map(unit).collect();
    for _ in 0..SWEEPS {
        let mut turned = false;
        for (p, q) in (0..n).flat_map(|p| (p + 1..n).map(move |q| (p, q))) {
            let (alpha, beta, gamma) = (dot(&a[p], &a[p]), dot(&a[q], &a[q]), dot(&a[p], &a[q]));
            if gamma.abs() <= f64::EPSILON * (alpha * beta).sqrt() {
                continue;
            }
            turned = true;
            let zeta = (beta - alpha) / (2.0 * gamma);
            let tangent = 1.0f64.copysign(zeta) / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
            let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
            rotate(&mut a, (p, q), (cosine, cosine * tangent));
            rotate(&mut w, (p, q), (cosine, cosine * tangent));
        }
        if !turned {
            break;
        }
    }
    (a, w)
}

/// The matrix cut to its k largest singular values, in place; `v` holds it by rows of `columns` numbers.
fn truncate(v: &mut [f64], columns: usize, k: usize) {
    let rows = v.len() / columns;
    // As many columns as the shorter side has entries.
    let tall = columns <= rows;
    let at = |i: usize, j: usize| if tall { i * columns + j } else { j * columns + i };
    let (n, length) = if tall { (columns, rows) } else { (rows, columns) };
    let (a, w) = orthogonalise((0..n).map(|j| (0..length).map(|i| v[at(i, j)]).collect()).collect());
    let mut order: Vec<usize> = (0..n).collect();
    let sizes: Vec<f64> = a.iter().map(|column| dot(column, column)).collect();
    // A stable sort keeps the lower index first among equals.
    order.sort_by(|i, j| sizes[*j].total_cmp(&sizes[*i]));
    v.fill(0.0);
    for &component in order.iter().take(k) {
        for (i, j) in (0..length).flat_map(|i| (0..n).map(move |j| (i, j))) {
            v[at(i, j)] += a[component][i] * w[component][j];
        }
    }
}

impl KPca {
    fn columns(&self, dimension: usize) -> usize {
        dimension / self.rows
    }
}

impl Compressor for KPca {
    #[inline(always)]
    fn compress<S: Arithmetic>(&self, v: &mut [S], _: &Semantics, _: &mut dyn Query<S>) -> Result<(), Fault> {
        let columns = self.columns(v.len());
        if self.k >= self.rows.min(columns) {
            return Ok(());
        }
        if S::LANES == 0 {
            return Err(Fault::NoExactForm("a singular vector"));
        }
        let mut matrix = vec![0.0; v.len()];
        for lane in 0..S::LANES {
            for (entry, v) in matrix.iter_mut().zip(v.iter()) {
                *entry = v.lane(lane).unwrap_or(f64::NAN);
            }
            if matrix.iter().all(|entry| entry.is_finite()) {
                truncate(&mut matrix, columns, self.k);
            } else {
                matrix.fill(f64::NAN);
            }
            for (entry, v) in matrix.iter().zip(v.iter_mut()) {
                v.set_lane(lane, *entry);
            }
        }
        Ok(())
    }

    fn quality(&self, dimension: usize) -> Real {
        kept_share(self.k, self.rows.min(self.columns(dimension)))
    }

    fn bits(&self, dimension: usize, _semantics: &Semantics) -> u64 {
        let columns = self.columns(dimension);
        (self.k.min(self.rows.min(columns)) * (self.rows + columns)) as u64 * FLOAT_BITS
    }
}
