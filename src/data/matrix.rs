//! Rows of numbers, dense or sparse, in double or single precision, with sums in double precision.
//!
//! **Shapes and units** n rows a_i of d columns; entries in the data's own units.
//!
//! **Precision** An entry is stored in single precision where that is exact for all of them, or was requested. A matrix
//! knows whether its entries are the numbers themselves or the nearest ones to what was read ([`Matrix::around`]).
//!
//! **Order of sums** Entry k of a row (its k-th stored one, if sparse) goes to accumulator k mod 16, and the
//! accumulators are added in a fixed tree, as separate multiplications and additions. This is wide enough for the
//! compiler to vectorise, and gives the same bits for every vector width and either storage: single-precision entries
//! are converted to f64 exactly.

use super::DataError;

/// Number of independent accumulators of a sum over one row.
const LANES: usize = 16;

/// Entries in the precision in which they are stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Single precision.
    Single(Vec<f32>),
    /// Double precision.
    Double(Vec<f64>),
}

impl From<Vec<f32>> for Values {
    fn from(values: Vec<f32>) -> Self {
        Values::Single(values)
    }
}

impl From<Vec<f64>> for Values {
    fn from(values: Vec<f64>) -> Self {
        Values::Double(values)
    }
}

impl Values {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slice().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, borrowed.
    #[must_use]
    #[inline(always)]
    pub fn slice(&self) -> Slice<'_> {
        match self {
            Values::Single(values) => Slice::Single(values),
            Values::Double(values) => Slice::Double(values),
        }
    }
}

/// Entries, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slice<'a> {
    /// Single precision.
    Single(&'a [f32]),
    /// Double precision.
    Double(&'a [f64]),
}

impl<'a> Slice<'a> {
    /// How many.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Slice::Single(values) => values.len(),
            Slice::Double(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    fn range(self, range: std::ops::Range<usize>) -> Self {
        match self {
            Slice::Single(values) => Slice::Single(&values[range]),
            Slice::Double(values) => Slice::Double(&values[range]),
        }
    }

    /// The entries as doubles, exactly.
    pub fn doubles(self) -> impl Iterator<Item = f64> + 'a {
        (0..self.len()).map(move |k| match self {
            Slice::Single(values) => f64::from(values[k]),
            Slice::Double(values) => values[k],
        })
    }
}

/// How far entries can be from the numbers that they stand for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rounding {
    /// Not at all.
    #[default]
    None,
    /// Each is the double nearest to its number.
    Double,
    /// Each is the single-precision number nearest to the double nearest to its number.
    Single,
}

/// A matrix by rows, n x d, entries finite; dense (row-major) or compressed sparse rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    storage: Storage,
    rounding: Rounding,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Storage {
    Dense(Values),
    /// Row i holds the entries `offsets[i]..offsets[i + 1]`, columns increasing.
    Sparse {
        offsets: Vec<usize>,
        indices: Vec<u32>,
        values: Values,
    },
}

impl Storage {
    pub(super) fn values(&self) -> &Values {
        match self {
            Storage::Dense(values) | Storage::Sparse { values, .. } => values,
        }
    }
}

/// One row, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Row<'a> {
    /// All d entries.
    Dense(Slice<'a>),
    /// Columns (increasing, from 0) and their entries.
    Sparse(&'a [u32], Slice<'a>),
}

impl Matrix {
    /// A dense matrix from its entries, row after row.
    ///
    /// # Errors
    /// [`DataError::Shape`] if a size is 0, the length is not `rows * columns`, or an entry is not finite.
    pub fn dense(rows: usize, columns: usize, values: impl Into<Values>) -> Result<Self, DataError> {
        let values = values.into();
        check_sizes(rows, columns)?;
        if rows.checked_mul(columns) != Some(values.len()) {
            return Err(DataError::shape(format!("{} entries for {rows} rows of {columns}", values.len())));
        }
        check_finite(&values)?;
        Ok(Matrix { rows, columns, storage: Storage::Dense(values), rounding: Rounding::None })
    }

    /// A sparse matrix from compressed rows: row i holds the entries `offsets[i]..offsets[i + 1]`.
    ///
    /// # Errors
    /// [`DataError::Shape`] if a size is 0, offsets decrease or do not span the entries, the columns of a row do
    /// not increase or reach `columns`, or an entry is not finite.
    pub fn sparse(
        columns: usize,
        offsets: Vec<usize>,
        indices: Vec<u32>,
        values: impl Into<Values>,
    ) -> Result<Self, DataError> {
        let values = values.into();
        let rows = offsets.len().saturating_sub(1);
        check_sizes(rows, columns)?;
        let spans = offsets.first() == Some(&0) && offsets.last() == Some(&values.len());
        if !spans || indices.len() != values.len() || offsets.windows(2).any(|w| w[0] > w[1]) {
            return Err(DataError::shape("row offsets, columns and entries do not fit together"));
        }
        for (i, w) in offsets.windows(2).enumerate() {
            let row = &indices[w[0]..w[1]];
            let increasing = row.windows(2).all(|w| w[0] < w[1]);
            if !increasing || row.last().is_some_and(|&j| j as usize >= columns) {
                return Err(DataError::shape(format!("columns of row {i} do not increase or reach {columns}")));
            }
        }
        check_finite(&values)?;
        Ok(Matrix { rows, columns, storage: Storage::Sparse { offsets, indices, values }, rounding: Rounding::None })
    }

    /// The same entries, known to stand for numbers so far away.
    #[must_use]
    pub fn rounded(self, rounding: Rounding) -> Self {
        Matrix { rounding, ..self }
    }

    /// How far entries can be from the numbers that they stand for.
    #[must_use]
    pub fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// Doubles on both sides of the number that an entry stands for; the entry itself where that is the number.
    #[must_use]
    pub fn around(&self, entry: f64) -> (f64, f64) {
        match self.rounding {
            Rounding::None => (entry, entry),
            Rounding::Double => (entry.next_down(), entry.next_up()),
            // Half an ulp of the single number, and what the double before it was off: an ulp covers both.
            Rounding::Single => {
                let single = entry as f32;
                (f64::from(single.next_down()), f64::from(single.next_up()))
            }
        }
    }

    /// n, the number of rows.
    #[must_use]
    #[inline(always)]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// d, the number of columns.
    #[must_use]
    #[inline(always)]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of stored entries: n d if dense.
    #[must_use]
    pub fn stored(&self) -> usize {
        self.storage.values().len()
    }

    /// Whether every entry is stored.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        matches!(self.storage, Storage::Dense(_))
    }

    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Row a_i.
    ///
    /// # Panics
    /// If `row >= rows()`.
    #[must_use]
    #[inline(always)]
    pub fn row(&self, row: usize) -> Row<'_> {
        match &self.storage {
            Storage::Dense(values) => Row::Dense(values.slice().range(row * self.columns..(row + 1) * self.columns)),
            Storage::Sparse { offsets, indices, values } => {
                let range = offsets[row]..offsets[row + 1];
                Row::Sparse(&indices[range.clone()], values.slice().range(range))
            }
        }
    }

    /// a_i'x.
    ///
    /// # Panics
    /// If `row >= rows()` or `x` has not d entries.
    #[must_use]
    #[inline(always)]
    pub fn dot(&self, row: usize, x: &[f64]) -> f64 {
        assert_eq!(x.len(), self.columns, "length of the iterate");
        self.row(row).dot(x)
    }

    /// `out += scale * a_i`.
    ///
    /// # Panics
    /// If `row >= rows()` or `out` has not d entries.
    #[inline(always)]
    pub fn add_scaled_row(&self, row: usize, scale: f64, out: &mut [f64]) {
        assert_eq!(out.len(), self.columns, "length of the output");
        self.row(row).add_scaled(scale, out);
    }

    /// |a_i|_1.
    ///
    /// # Panics
    /// If `row >= rows()`.
    #[must_use]
    pub fn row_l1(&self, row: usize) -> f64 {
        self.row(row).sum(f64::abs)
    }

    /// |a_i|_2^2.
    ///
    /// # Panics
    /// If `row >= rows()`.
    #[must_use]
    pub fn row_l2_squared(&self, row: usize) -> f64 {
        self.row(row).sum(|v| v * v)
    }
}

impl<'a> Row<'a> {
    /// The stored entries as (column, entry).
    pub fn entries(self) -> impl Iterator<Item = (usize, f64)> + 'a {
        let (indices, values) = match self {
            Row::Dense(values) => (None, values),
            Row::Sparse(indices, values) => (Some(indices), values),
        };
        values.doubles().enumerate().map(move |(k, v)| (indices.map_or(k, |all| all[k] as usize), v))
    }

    /// a'x for an `x` of d entries.
    ///
    /// # Panics
    /// If `x` is shorter than the row.
    #[must_use]
    #[inline(always)]
    pub fn dot(&self, x: &[f64]) -> f64 {
        match self {
            Row::Dense(Slice::Single(values)) => dense_dot(values, x),
            Row::Dense(Slice::Double(values)) => dense_dot(values, x),
            Row::Sparse(indices, Slice::Single(values)) => sparse_dot(indices, values, x),
            Row::Sparse(indices, Slice::Double(values)) => sparse_dot(indices, values, x),
        }
    }

    /// `out += scale * a`, entry by entry.
    ///
    /// # Panics
    /// If `out` is shorter than the row.
    #[inline(always)]
    pub fn add_scaled(&self, scale: f64, out: &mut [f64]) {
        self.add_mapped(out, |a| scale * a);
    }

    /// `out_j += f(a_j)` over the stored entries; f(0) must be 0 for a sparse row to mean the same as a dense one.
    #[inline(always)]
    pub(super) fn add_mapped(&self, out: &mut [f64], f: impl Fn(f64) -> f64) {
        match self {
            Row::Dense(Slice::Single(values)) => add_dense(values, out, f),
            Row::Dense(Slice::Double(values)) => add_dense(values, out, f),
            Row::Sparse(indices, Slice::Single(values)) => add_sparse(indices, values, out, f),
            Row::Sparse(indices, Slice::Double(values)) => add_sparse(indices, values, out, f),
        }
    }

    /// Sum of f(a_j) over the stored entries.
    #[inline(always)]
    pub(super) fn sum(&self, f: impl Fn(f64) -> f64) -> f64 {
        match self {
            Row::Dense(Slice::Single(values)) | Row::Sparse(_, Slice::Single(values)) => sum_of(values, f),
            Row::Dense(Slice::Double(values)) | Row::Sparse(_, Slice::Double(values)) => sum_of(values, f),
        }
    }
}

#[inline(always)]
fn dense_dot<E: Copy + Into<f64>>(values: &[E], x: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    let (x_blocks, x_rest) = x[..values.len()].as_chunks::<LANES>();
    for (a, x) in blocks.iter().zip(x_blocks) {
        for k in 0..LANES {
            sums[k] += a[k].into() * x[k];
        }
    }
    for ((s, a), x) in sums.iter_mut().zip(rest).zip(x_rest) {
        *s += (*a).into() * x;
    }
    tree_sum(sums)
}

#[inline(always)]
fn sparse_dot<E: Copy + Into<f64>>(indices: &[u32], values: &[E], x: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    let (places, places_rest) = indices.as_chunks::<LANES>();
    for (a, j) in blocks.iter().zip(places) {
        for k in 0..LANES {
            sums[k] += a[k].into() * x[j[k] as usize];
        }
    }
    for ((s, a), j) in sums.iter_mut().zip(rest).zip(places_rest) {
        *s += (*a).into() * x[*j as usize];
    }
    tree_sum(sums)
}

#[inline(always)]
fn add_dense<E: Copy + Into<f64>>(values: &[E], out: &mut [f64], f: impl Fn(f64) -> f64) {
    for (o, a) in out[..values.len()].iter_mut().zip(values) {
        *o += f((*a).into());
    }
}

#[inline(always)]
fn add_sparse<E: Copy + Into<f64>>(indices: &[u32], values: &[E], out: &mut [f64], f: impl Fn(f64) -> f64) {
    for (j, a) in indices.iter().zip(values) {
        out[*j as usize] += f((*a).into());
    }
}

#[inline(always)]
fn sum_of<E: Copy + Into<f64>>(values: &[E], f: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for a in blocks {
        for k in 0..LANES {
            sums[k] += f(a[k].into());
        }
    }
    for (s, a) in sums.iter_mut().zip(rest) {
        *s += f((*a).into());
    }
    tree_sum(sums)
}

/// Halves are added pairwise: 16 -> 8 -> 4 -> 2 -> 1.
///
/// The barrier has the accumulators laid out in memory side by side first. Without it the compiler starts from the
/// scalar result, at times finds no vectors behind it, and the loops before run up to ten times slower.
#[inline(always)]
fn tree_sum(sums: [f64; LANES]) -> f64 {
    let mut sums = std::hint::black_box(sums);
    let mut width = LANES / 2;
    while width > 0 {
        for k in 0..width {
            sums[k] += sums[k + width];
        }
        width /= 2;
    }
    sums[0]
}

fn check_sizes(rows: usize, columns: usize) -> Result<(), DataError> {
    if rows == 0 || columns == 0 {
        return Err(DataError::shape(format!("{rows} rows of {columns} columns")));
    }
    Ok(())
}

fn check_finite(values: &Values) -> Result<(), DataError> {
    match values.slice().doubles().enumerate().find(|(_, v)| !v.is_finite()) {
        Some((k, value)) => Err(DataError::shape(format!("stored entry {k} is {value}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [1 0 -2; 0 0 0; 0.5 3 0]
    fn both() -> [Matrix; 2] {
        let dense = Matrix::dense(3, 3, vec![1.0, 0.0, -2.0, 0.0, 0.0, 0.0, 0.5, 3.0, 0.0]).unwrap();
        let sparse = Matrix::sparse(3, vec![0, 2, 2, 4], vec![0, 2, 0, 1], vec![1.0, -2.0, 0.5, 3.0]).unwrap();
        [dense, sparse]
    }

    #[test]
    fn products_and_norms_of_small_rows_are_exact() {
        // exact: small dyadic numbers
        for m in both() {
            let x = [2.0, 4.0, 8.0];
            assert_eq!([m.dot(0, &x), m.dot(1, &x), m.dot(2, &x)], [-14.0, 0.0, 13.0]);
            assert_eq!([m.row_l1(0), m.row_l1(1), m.row_l1(2)], [3.0, 0.0, 3.5]);
            assert_eq!([m.row_l2_squared(0), m.row_l2_squared(1), m.row_l2_squared(2)], [5.0, 0.0, 9.25]);
            let mut out = [1.0, 1.0, 1.0];
            m.add_scaled_row(2, -2.0, &mut out);
            assert_eq!(out, [0.0, -5.0, 1.0]);
        }
    }

    #[test]
    fn long_rows_use_every_accumulator_and_the_rest() {
        // exact: sum of k for k < 37 is 666, of k^2 is 16206
        let values: Vec<f32> = (0..37u8).map(f32::from).collect();
        let x: Vec<f64> = (0..37u8).map(f64::from).collect();
        let doubles: Vec<f64> = values.iter().copied().map(f64::from).collect();
        let dense = Matrix::dense(1, 37, values.clone()).unwrap();
        let sparse = Matrix::sparse(37, vec![0, 37], (0..37).collect(), values).unwrap();
        let in_doubles = Matrix::dense(1, 37, doubles.clone()).unwrap();
        let sparse_doubles = Matrix::sparse(37, vec![0, 37], (0..37).collect(), doubles).unwrap();
        for m in [dense, sparse, in_doubles, sparse_doubles] {
            assert_eq!((m.row_l1(0), m.row_l2_squared(0), m.dot(0, &x)), (666.0, 16206.0, 16206.0));
        }
    }

    #[test]
    fn malformed_storage_is_refused() {
        for (what, m) in [
            ("no rows", Matrix::dense(0, 3, Vec::<f32>::new())),
            ("no columns", Matrix::dense(3, 0, Vec::<f32>::new())),
            ("length", Matrix::dense(2, 2, vec![0.0; 3])),
            ("overflowing size", Matrix::dense(usize::MAX, 2, vec![0.0; 3])),
            ("NaN", Matrix::dense(1, 1, vec![f32::NAN])),
            ("double NaN", Matrix::dense(1, 1, vec![f64::NAN])),
            ("no offsets", Matrix::sparse(3, vec![], vec![], Vec::<f64>::new())),
            ("first offset", Matrix::sparse(3, vec![1, 1], vec![0], vec![1.0])),
            ("last offset", Matrix::sparse(3, vec![0, 2], vec![0], vec![1.0])),
            ("decreasing offsets", Matrix::sparse(3, vec![0, 2, 1, 2], vec![0, 1], vec![1.0, 1.0])),
            ("lengths", Matrix::sparse(3, vec![0, 1], vec![0, 1], vec![1.0])),
            ("equal columns", Matrix::sparse(3, vec![0, 2], vec![1, 1], vec![1.0, 1.0])),
            ("column outside", Matrix::sparse(3, vec![0, 1], vec![3], vec![1.0])),
            ("infinite", Matrix::sparse(3, vec![0, 1], vec![2], vec![f32::INFINITY])),
        ] {
            assert!(matches!(m, Err(DataError::Shape(_))), "{what}: {m:?}");
        }
    }
}
