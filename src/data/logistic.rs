//! The regularised logistic loss.
//!
//! **Definition** f(x) = (1/n) sum_i ln(1 + exp(-b_i a_i'x)) + (lambda/2) |x|_2^2, lambda = 1/n unless given.
//! Sample i's function is f_i(x) = ln(1 + exp(-b_i a_i'x)) + (lambda/2) |x|_2^2, so that f is the mean of the f_i.
//!
//! **Shapes and units** x has d entries; a_i'x has no unit, so that x_j is in units of 1/a_ij.
//!
//! **Facts** All follow from the second derivative of the loss being at most 1/4, so that lambda I <= Hessian <= (1/4n)
//! sum_i a_i a_i' + lambda I. They are evaluated in f64, good to about d 2^-53.
//!
//! **Edge cases** No step overflows: ln(1 + e^t) and the sigmoid are evaluated by the exponential of -|t|. An iterate
//! that is not finite gives a value that is not finite, never a panic.

use super::kernels::{self, by_chunks, merge, run};
use super::{DataError, Dataset};
use std::sync::Arc;

/// The objective over a data set, which may be shared.
#[derive(Debug, Clone)]
pub(crate) struct Logistic {
    data: Arc<Dataset>,
    lambda: f64,
}

impl Logistic {
    /// The objective with lambda = 1/n.
    #[cfg(test)]
    pub(crate) fn new(data: impl Into<Arc<Dataset>>) -> Self {
        let data = data.into();
        let lambda = 1.0 / data.matrix.rows() as f64;
        Logistic { data, lambda }
    }

    /// The objective with another weight of the regulariser.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if lambda is negative or not finite.
    pub(crate) fn with_lambda(data: impl Into<Arc<Dataset>>, lambda: f64) -> Result<Self, DataError> {
        if !(lambda.is_finite() && lambda >= 0.0) {
            let expected = "a finite number of at least 0";
            return Err(DataError::Parameter { name: "lambda", value: lambda, expected: expected.into() });
        }
        Ok(Logistic { data: data.into(), lambda })
    }

    /// The rows and labels.
    #[must_use]
    pub(crate) fn data(&self) -> &Dataset {
        &self.data
    }

    /// d, the length of an iterate.
    #[must_use]
    pub(crate) fn dimension(&self) -> usize {
        self.data.matrix.columns()
    }

    /// n, the number of samples.
    #[must_use]
    pub(crate) fn samples(&self) -> usize {
        self.data.matrix.rows()
    }

    /// The weight of the regulariser.
    #[must_use]
    pub(crate) fn lambda(&self) -> f64 {
        self.lambda
    }

    /// f(x).
    ///
    /// # Panics
    /// If `x` has not d entries.
    #[must_use]
    pub(crate) fn value(&self, x: &[f64]) -> f64 {
        self.values(&[x])[0]
    }

    /// f at several points in one pass over the data; the same bits as [`Logistic::value`] at each.
    ///
    /// # Panics
    /// If a point has not d entries.
    #[must_use]
    pub(crate) fn values(&self, points: &[&[f64]]) -> Vec<f64> {
        points.iter().for_each(|x| self.check(x));
        let data = &*self.data;
        let parts = by_chunks(&data.matrix, |rows| run(kernels::Losses { data, rows, points }));
        let finish = |k: usize| self.total(parts.iter().map(|part| part[k]), points[k]);
        (0..points.len()).map(finish).collect()
    }

    /// `out = grad f(x)`.
    ///
    /// # Panics
    /// If `x` or `out` has not d entries.
    pub(crate) fn gradient(&self, x: &[f64], out: &mut [f64]) {
        self.value_and_gradient(x, out);
    }

    /// f(x), and `out = grad f(x)`, in one pass; the same value, bit for bit, as [`Logistic::value`].
    ///
    /// # Panics
    /// If `x` or `out` has not d entries.
    pub(crate) fn value_and_gradient(&self, x: &[f64], out: &mut [f64]) -> f64 {
        self.check(x);
        self.check(out);
        let data = &*self.data;
        let scale = 1.0;
        let parts = by_chunks(&data.matrix, |rows| {
            let mut part = vec![0.0; x.len()];
            let loss = run(kernels::Gradient { data, rows, x, scale, out: &mut part });
            (loss, part)
        });
        let value = self.total(parts.iter().map(|part| part.0), x);
        out.fill(0.0);
        merge(parts.into_iter().map(|part| part.1), out);
        self.regularise(x, out);
        value
    }

    /// `out += scale * grad f_i(x)`, regulariser included.
    ///
    /// # Panics
    /// If `index >= samples()`, or `x` or `out` has not d entries.
    pub(crate) fn sample_gradient(&self, index: usize, x: &[f64], scale: f64, out: &mut [f64]) {
        self.batch_gradient(&[index], x, scale, out);
    }

    /// `out += scale * (1/m) sum_k grad f_{indices[k]}(x)` over a batch of m samples, regulariser included; an index
    /// may occur more than once, and an empty batch adds nothing. One thread.
    ///
    /// # Panics
    /// If an index is not below `samples()`, or `x` or `out` has not d entries.
    pub(crate) fn batch_gradient(&self, indices: &[usize], x: &[f64], scale: f64, out: &mut [f64]) {
        self.check(x);
        self.check(out);
        if indices.is_empty() {
            return;
        }
        let share = scale / indices.len() as f64;
        run(kernels::Gradient { data: &self.data, rows: indices.iter().copied(), x, scale: share, out });
        let weight = scale * self.lambda;
        out.iter_mut().zip(x).for_each(|(o, x)| *o += weight * x);
    }

    /// `out = (Hessian of f at x) v`.
    ///
    /// # Panics
    /// If `x`, `v` or `out` has not d entries.
    #[cfg(test)]
    pub(crate) fn hessian_vector(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        self.weighted_product(&self.curvatures(x), v, out);
    }

    /// The n curvatures of the losses at x, each in [0, 1/4].
    pub(super) fn curvatures(&self, x: &[f64]) -> Vec<f64> {
        self.check(x);
        let matrix = &self.data.matrix;
        by_chunks(matrix, |rows| run(kernels::Curvatures { matrix, rows, x })).concat()
    }

    /// `out = (Hessian of f) v`, its losses having these curvatures.
    pub(super) fn weighted_product(&self, weights: &[f64], v: &[f64], out: &mut [f64]) {
        self.check(v);
        self.check(out);
        let matrix = &self.data.matrix;
        let parts = by_chunks(matrix, |rows| {
            let mut part = vec![0.0; v.len()];
            run(kernels::Product { matrix, rows, weights, v, out: &mut part });
            part
        });
        out.fill(0.0);
        merge(parts, out);
        self.regularise(v, out);
    }

    /// The diagonal of the Hessian with known curvatures.
    pub(super) fn hessian_diagonal(&self, weights: &[f64]) -> Vec<f64> {
        let matrix = &self.data.matrix;
        let parts = by_chunks(matrix, |rows| {
            let mut part = vec![0.0; matrix.columns()];
            run(kernels::Diagonal { matrix, rows, weights, out: &mut part });
            part
        });
        let mut out = vec![0.0; matrix.columns()];
        merge(parts, &mut out);
        let n = self.samples() as f64;
        out.into_iter().map(|o| o / n + self.lambda).collect()
    }

    /// L <= max_i |a_i|_2^2 / 4 + lambda: the gradient's Lipschitz constant in the l2 norm.
    #[must_use]
    pub(crate) fn smoothness(&self) -> f64 {
        self.largest_norms().0 / 4.0 + self.lambda
    }

    /// L_inf <= max_i |a_i|_1^2 / 4 + d lambda: the constant of |grad f(x) - grad f(y)|_1 <= L_inf |x - y|_inf.
    #[must_use]
    pub(crate) fn smoothness_max_norm(&self) -> f64 {
        let norm = self.largest_norms().1;
        norm * norm / 4.0 + self.dimension() as f64 * self.lambda
    }

    /// L_j <= sum_i |a_ij| |a_i|_1 / (4n) + lambda for each coordinate: Hessian <= diag(L_1, .., L_d).
    #[must_use]
    pub(crate) fn smoothness_by_coordinate(&self) -> Vec<f64> {
        let matrix = &self.data.matrix;
        let parts = by_chunks(matrix, |rows| {
            let mut part = vec![0.0; matrix.columns()];
            run(kernels::Shares { matrix, rows, out: &mut part });
            part
        });
        let mut out = vec![0.0; matrix.columns()];
        merge(parts, &mut out);
        let n = self.samples() as f64;
        out.into_iter().map(|o| o / (4.0 * n) + self.lambda).collect()
    }

    /// mu >= lambda in the l2 norm.
    #[must_use]
    pub(crate) fn strong_convexity(&self) -> f64 {
        self.lambda
    }

    /// The largest |a_i|_2^2 and |a_i|_1.
    fn largest_norms(&self) -> (f64, f64) {
        let matrix = &self.data.matrix;
        let parts = by_chunks(matrix, |rows| run(kernels::LargestNorms { matrix, rows }));
        parts.into_iter().fold((0.0, 0.0), |m, p| (m.0.max(p.0), m.1.max(p.1)))
    }

    /// f(x) from the sums of the chunks' losses.
    fn total(&self, losses: impl Iterator<Item = f64>, x: &[f64]) -> f64 {
        let mut sum = kernels::Sum::default();
        losses.for_each(|loss| sum.add(loss));
        let squares: f64 = x.iter().map(|x| x * x).sum();
        sum.total() / self.samples() as f64 + 0.5 * self.lambda * squares
    }

    /// Turns a sum over the samples into a mean and adds the regulariser's part.
    fn regularise(&self, v: &[f64], out: &mut [f64]) {
        let n = self.samples() as f64;
        out.iter_mut().zip(v).for_each(|(o, v)| *o = *o / n + self.lambda * v);
    }

    fn check(&self, x: &[f64]) {
        assert_eq!(x.len(), self.dimension(), "entries of a vector, against the columns of the data");
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::data::{Matrix, generate};
    use std::f64::consts::LN_2;

    /// 40 dyadic rows of 3 columns, which a few lines of any language repeat.
    pub(in crate::data) fn reference_data() -> Dataset {
        let entry = |i: usize, j: usize| ((7 * i + 3 * j * j + i * j) % 11) as f32 / 8.0 - 0.625;
        let values: Vec<f32> = (0..40).flat_map(|i| (0..3).map(move |j| entry(i, j))).collect();
        let labels = (0..40).map(|i| if (i * i) % 7 < 3 { 1 } else { -1 }).collect();
        Dataset::new(Matrix::dense(40, 3, values).unwrap(), labels).unwrap()
    }

    /// About 600 rows (three chunks) of 9 columns with a third of the entries, and the same as a dense matrix.
    fn sparse_and_dense() -> [Logistic; 2] {
        let planted = generate(600, 9, 0.5, 4).unwrap().data;
        let kept = |i: usize, j: usize| (i + 2 * j).is_multiple_of(3);
        let entry = |i: usize, j: usize| {
            let mut unit = vec![0.0; 9];
            unit[j] = 1.0;
            planted.matrix().dot(i, &unit) as f32
        };
        let (mut offsets, mut indices, mut values, mut dense) = (vec![0], vec![], vec![], vec![0.0f32; 5400]);
        for i in 0..600 {
            for j in (0..9).filter(|&j| kept(i, j)) {
                indices.push(j as u32);
                values.push(entry(i, j));
                dense[9 * i + j] = entry(i, j);
            }
            offsets.push(values.len());
        }
        let sparse = Matrix::sparse(9, offsets, indices, values).unwrap();
        let dense = Matrix::dense(600, 9, dense).unwrap();
        [sparse, dense].map(|m| Logistic::new(Dataset::new(m, planted.labels().to_vec()).unwrap()))
    }

    fn point(d: usize) -> Vec<f64> {
        (0..d).map(|j| ((j * 7 + 3) % 5) as f64 / 2.0 - 0.9).collect()
    }

    fn gradient(f: &Logistic, x: &[f64]) -> Vec<f64> {
        let mut out = vec![f64::NAN; x.len()];
        f.gradient(x, &mut out);
        out
    }

    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
        for (j, (a, b)) in found.iter().zip(expected).enumerate() {
            assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{what}, entry {j}: {a} against {b}");
        }
    }

    #[test]
    fn values_derivatives_and_products_agree_with_numpy() {
        // reference: numpy 2.4.6, mean(logaddexp(0, -b * (A @ x))) + x @ x / (2 n), its gradient and Hessian written
        // out
        let f = Logistic::new(reference_data());
        let x = [0.5, -1.0, 2.0];
        assert_close(&[f.value(&x)], &[0.940247165058438], 1e-15, "value");
        let expected = [-0.00477416863734731, -0.11118449213697615, 0.15689678881330216];
        assert_close(&gradient(&f, &x), &expected, 1e-15, "gradient");
        let mut product = [0.0; 3];
        f.hessian_vector(&x, &[1.0, 2.0, -1.0], &mut product);
        let expected = [0.0634000027577463, 0.1166345124648702, -0.06376599604592285];
        assert_close(&product, &expected, 1e-15, "product");
    }

    #[test]
    fn derivatives_agree_with_differences() {
        for f in sparse_and_dense() {
            let x = point(9);
            let g = gradient(&f, &x);
            let step = 1e-5;
            let moved = |j: usize, s: f64| {
                let mut y = x.clone();
                y[j] += s;
                y
            };
            // central differences: error h^2 |f'''|/6 + 1e-16/h, both about 1e-11
            let differences = (0..9).map(|j| (f.value(&moved(j, step)) - f.value(&moved(j, -step))) / (2.0 * step));
            assert_close(&differences.collect::<Vec<_>>(), &g, 1e-9, "gradient");
            for j in 0..9 {
                let (up, down) = (gradient(&f, &moved(j, step)), gradient(&f, &moved(j, -step)));
                let column: Vec<f64> = up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * step)).collect();
                let unit: Vec<f64> = (0..9).map(|k| f64::from(u8::from(k == j))).collect();
                let mut product = vec![0.0; 9];
                f.hessian_vector(&x, &unit, &mut product);
                assert_close(&column, &product, 1e-9, "Hessian");
                let diagonal = f.hessian_diagonal(&f.curvatures(&x));
                assert!((diagonal[j] - product[j]).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn storage_does_not_change_the_function() {
        // identity: the same terms in another order, so that rounding alone may differ
        let [sparse, dense] = sparse_and_dense();
        let x = point(9);
        assert!((sparse.value(&x) - dense.value(&x)).abs() < 1e-15);
        assert_close(&gradient(&sparse, &x), &gradient(&dense, &x), 1e-15, "gradient");
        assert_eq!(sparse.smoothness(), dense.smoothness());
        assert_close(&sparse.smoothness_by_coordinate(), &dense.smoothness_by_coordinate(), 1e-15, "L_j");
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let f = Logistic::new(generate(3000, 37, 0.5, 6).unwrap().data);
        let x = point(37);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut product = vec![0.0; 37];
                f.hessian_vector(&x, &point(37), &mut product);
                let facts = [f.smoothness(), f.smoothness_max_norm()];
                (f.value(&x), gradient(&f, &x), product, facts, f.smoothness_by_coordinate())
            })
        };
        assert_eq!(with(1), with(2));
        assert_eq!(with(1), with(5));
        // several points, and the value beside the gradient
        let zero = vec![0.0; 37];
        assert_eq!(f.values(&[&x, &zero, &x]), [f.value(&x), f.value(&zero), f.value(&x)]);
        assert_eq!(f.value_and_gradient(&x, &mut vec![0.0; 37]), f.value(&x));
        assert!((f.value(&zero) - LN_2).abs() < 1e-15);
        assert!(f.values(&[]).is_empty());
    }

    #[test]
    fn the_vector_width_changes_no_bit() {
        // identity: the same loop compiled for the oldest processor and for the one at hand
        use pulp::NullaryFnOnce;
        let planted = generate(200, 101, 0.5, 6).unwrap().data;
        let [sparse, dense] = sparse_and_dense();
        for data in [&planted, sparse.data(), dense.data()] {
            let x = point(data.matrix().columns());
            let (mut plain, mut wide) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            let loop_over = |out| kernels::Gradient { data, rows: 0..200, x: &x, scale: 0.3, out };
            assert_eq!(loop_over(&mut plain[..]).call(), run(loop_over(&mut wide[..])));
            assert_eq!(plain, wide);
        }
    }

    #[test]
    fn the_mean_of_the_samples_is_the_gradient() {
        for f in sparse_and_dense() {
            let x = point(9);
            let n = f.samples();
            let (mut by_one, mut at_once) = (vec![0.0; 9], vec![1.0; 9]);
            (0..n).for_each(|i| f.sample_gradient(i, &x, 1.0 / n as f64, &mut by_one));
            f.batch_gradient(&(0..n).collect::<Vec<_>>(), &x, 1.0, &mut at_once);
            at_once.iter_mut().for_each(|v| *v -= 1.0);
            assert_close(&by_one, &gradient(&f, &x), 1e-13, "samples");
            assert_close(&at_once, &gradient(&f, &x), 1e-13, "batch");
            let before = by_one.clone();
            f.batch_gradient(&[], &x, 1.0, &mut by_one);
            assert_eq!(before, by_one);
        }
    }

    #[test]
    fn extreme_iterates_give_the_asymptotes() {
        // exact: one row a = 1, b = +1: f(x) -> lambda x^2/2 for x -> inf, -x + lambda x^2/2 for x -> -inf
        let data = Dataset::new(Matrix::dense(1, 1, vec![1.0]).unwrap(), vec![1]).unwrap();
        let f = Logistic::with_lambda(data, 0.25).unwrap();
        for (x, value, slope) in [(1000.0, 125_000.0, 250.0), (-1000.0, 126_000.0, -251.0)] {
            assert_eq!((f.value(&[x]), gradient(&f, &[x])), (value, vec![slope]));
        }
        assert!(f.value(&[f64::NAN]).is_nan());
        assert_eq!(f.value(&[f64::INFINITY]), f64::INFINITY);
    }

    #[test]
    fn facts_are_those_of_the_definition() {
        // exact: rows (1, -2), (3, 0): |a|_2^2 = 5, 9; |a|_1 = 3, 3; lambda = 1/2
        let data = Dataset::new(Matrix::dense(2, 2, vec![1.0, -2.0, 3.0, 0.0]).unwrap(), vec![1, -1]).unwrap();
        let f = Logistic::new(data);
        assert_eq!((f.smoothness(), f.smoothness_max_norm()), (9.0 / 4.0 + 0.5, 9.0 / 4.0 + 1.0));
        assert_eq!(f.smoothness_by_coordinate(), [12.0 / 8.0 + 0.5, 6.0 / 8.0 + 0.5]);
        assert_eq!((f.strong_convexity(), f.lambda(), f.samples(), f.dimension()), (0.5, 0.5, 2, 2));
    }

    #[test]
    fn facts_bound_the_curvature_and_the_gradient() {
        for f in sparse_and_dense() {
            let (l2, max_norm, by_coordinate) = (f.smoothness(), f.smoothness_max_norm(), f.smoothness_by_coordinate());
            // At 0 every curvature is 1/4: the place where the bounds are closest.
            for x in [vec![0.0; 9], point(9)] {
                for pattern in 0..512u32 {
                    let v: Vec<f64> =
                        (0..9).map(|j| if pattern >> j & 1 == 1 { 1.0 } else { -0.25 * j as f64 }).collect();
                    let mut product = vec![0.0; 9];
                    f.hessian_vector(&x, &v, &mut product);
                    let form: f64 = product.iter().zip(&v).map(|(p, v)| p * v).sum();
                    let squares: f64 = v.iter().map(|v| v * v).sum();
                    let weighted: f64 = v.iter().zip(&by_coordinate).map(|(v, l)| l * v * v).sum();
                    let largest = v.iter().fold(0.0f64, |m, v| m.max(v.abs()));
                    let length: f64 = product.iter().map(|p| p.abs()).sum();
                    assert!(f.strong_convexity() * squares <= form && form <= l2 * squares);
                    assert!(form <= weighted && length <= max_norm * largest);
                }
            }
            // and along a step, by the gradients' difference
            let (g0, g1) = (gradient(&f, &[0.0; 9]), gradient(&f, &point(9)));
            let l1: f64 = g0.iter().zip(&g1).map(|(a, b)| (a - b).abs()).sum();
            assert!(l1 <= max_norm * 1.1, "the largest entry of the step is 1.1");
        }
    }

    #[test]
    fn bad_parameters_are_refused() {
        for lambda in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(Logistic::with_lambda(reference_data(), lambda).is_err());
        }
        let matrix = || Matrix::dense(1, 1, vec![1.0]).unwrap();
        assert!(Dataset::new(matrix(), vec![1, 1]).is_err());
        assert!(Dataset::new(matrix(), vec![0]).is_err());
        assert!(Dataset::new(matrix(), vec![i8::MIN]).is_err());
    }
}
