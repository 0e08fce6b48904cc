//! A planted classification problem in the layout of the epsilon set.
//!
//! **Definition** Row a_i = g_i / |g_i|_2 with g_i ~ N(0, I_d), rounded to single precision; weights w = h / |h|_2
//! with h ~ N(0, I_d); label b_i = sgn(sqrt(d) a_i'w + s z_i) with z_i ~ N(0, 1), s = `label_noise`: a planted
//! margin plus Gaussian noise, which is the probit model.
//!
//! **Shapes and units** sqrt(d) a_i'w has mean 0 and variance 1, so that s is the noise in units of the margin's
//! deviation. A label differs from the planted sign with probability arctan(s)/pi, up to O(1/d), where the margin is
//! nearly normal; s = 0 gives separable data.
//!
//! **Same bits everywhere** Rows come in chunks of 256, each from its own stream keyed by a hash of (seed, chunk). The
//! data thus do not depend on the number of threads, and fewer rows are a prefix of more.

use super::libsvm::zeros;
use super::{DataError, Dataset, Matrix};
use rayon::prelude::*;

/// Number of rows per stream.
const CHUNK: usize = 256;

/// The key of the weights' stream: one that no chunk of rows has.
const WEIGHTS: u64 = u64::MAX;

/// Generated data with the truth behind them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planted {
    /// Rows of unit length and labels.
    pub data: Dataset,
    /// w, of unit length.
    pub weights: Vec<f64>,
}

/// `rows` unit rows of `columns` entries with planted labels; `label_noise` is s above.
///
/// # Errors
/// [`DataError::Shape`] for a size of 0, [`DataError::Parameter`] for noise that is negative or not finite,
/// [`DataError::TooLarge`] if the rows cannot be allocated.
pub(crate) fn generate(rows: usize, columns: usize, label_noise: f64, seed: u64) -> Result<Planted, DataError> {
    if rows == 0 || columns == 0 {
        return Err(DataError::shape(format!("{rows} rows of {columns} columns")));
    }
    if !(label_noise.is_finite() && label_noise >= 0.0) {
        let expected = "a finite number of at least 0";
        return Err(DataError::Parameter { name: "label_noise", value: label_noise, expected: expected.into() });
    }
    // First of all: it fails at once where the sizes are absurd, and rows alone are fewer bytes than the values.
    let mut values: Vec<f32> = zeros(rows, columns)?;
    let mut labels = vec![0; rows];
    let mut weights = vec![0.0; columns];
    unit_vector(&mut Normals::keyed(seed, WEIGHTS), &mut weights);
    values.par_chunks_mut(CHUNK * columns).zip(labels.par_chunks_mut(CHUNK)).enumerate().for_each(
        |(chunk, (values, labels))| {
            let mut normals = Normals::keyed(seed, chunk as u64);
            fill(&mut normals, &weights, label_noise, values, labels);
        },
    );
    let data = Dataset::new(Matrix::dense(rows, columns, values)?, labels)?;
    Ok(Planted { data, weights })
}

/// The rows and labels of one chunk, row by row.
fn fill(normals: &mut Normals, weights: &[f64], noise: f64, values: &mut [f32], labels: &mut [i8]) {
    let columns = weights.len();
    let scale = (columns as f64).sqrt();
    let mut row = vec![0.0; columns];
    for (values, label) in values.chunks_exact_mut(columns).zip(labels) {
        unit_vector(normals, &mut row);
        let mut inner = 0.0;
        for ((value, a), w) in values.iter_mut().zip(&row).zip(weights) {
            *value = *a as f32;
            inner += f64::from(*value) * w;
        }
        // The draw is taken at any noise, so that the rows of two noise levels are the same.
        let margin = scale * inner + noise * normals.next();
        *label = if margin >= 0.0 { 1 } else { -1 };
    }
}

/// A uniform direction.
fn unit_vector(normals: &mut Normals, out: &mut [f64]) {
    let mut squares = 0.0;
    for v in out.iter_mut() {
        *v = normals.next();
        squares += *v * *v;
    }
    let norm = squares.sqrt();
    out.iter_mut().for_each(|v| *v /= norm);
}

/// A stream of standard normal numbers: SplitMix64 and the Box-Muller transform, both by definition.
struct Normals {
    state: u64,
    spare: Option<f64>,
}

impl Normals {
    /// The stream of (seed, key); the key passes through the mixer twice, because keys in arithmetic progression
    /// would give shifted copies of one stream.
    fn keyed(seed: u64, key: u64) -> Self {
        Normals { state: mix(mix(seed ^ 0x6a09_e667_f3bc_c908) ^ mix(key ^ 0xbb67_ae85_84ca_a73b)), spare: None }
    }

    fn next(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // Neither uniform can be 0 or 1, and so no normal number is 0 or infinite.
        let (u, v) = (self.uniform(), self.uniform());
        let radius = (-2.0 * libm::log(u)).sqrt();
        let (sine, cosine) = libm::sincos(std::f64::consts::TAU * v);
        self.spare = Some(radius * sine);
        radius * cosine
    }

    /// (k + 1/2) / 2^52 with k uniform on 0..2^52.
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ((mix(self.state) >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }
}

/// The output function of SplitMix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::matrix::{Row, Slice};

    /// The half-width of Hoeffding's interval for the mean of n numbers in [0, 1] at level alpha.
    fn hoeffding(n: usize, alpha: f64) -> f64 {
        ((2.0 / alpha).ln() / (2.0 * n as f64)).sqrt()
    }

    fn dense(data: &Dataset, row: usize) -> &[f32] {
        match data.matrix().row(row) {
            Row::Dense(Slice::Single(values)) => values,
            Row::Dense(_) | Row::Sparse(..) => panic!("generated rows are dense"),
        }
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| generate(1000, 13, 0.4, 7).unwrap())
        };
        let one = with(1);
        assert_eq!(one, with(2));
        assert_eq!(one, with(5));
        assert_ne!(one, generate(1000, 13, 0.4, 8).unwrap());
    }

    #[test]
    fn fewer_rows_are_a_prefix_and_noise_moves_labels_only() {
        let (long, short) = (generate(600, 5, 0.4, 3).unwrap(), generate(300, 5, 0.4, 3).unwrap());
        assert_eq!(long.weights, short.weights);
        assert_eq!(long.data.labels()[..300], *short.data.labels());
        assert!((0..300).all(|i| dense(&long.data, i) == dense(&short.data, i)));
        let louder = generate(600, 5, 4.0, 3).unwrap();
        assert_eq!(louder.data.matrix(), long.data.matrix());
        assert_ne!(louder.data.labels(), long.data.labels());
    }

    #[test]
    fn rows_and_weights_have_unit_length() {
        for columns in [1, 2, 40, 2000] {
            let planted = generate(300, columns, 0.0, 11).unwrap();
            for i in 0..300 {
                // exact: each entry is rounded by at most 2^-24 of itself, and so the squared norm by 2^-23
                let squared = planted.data.matrix().row_l2_squared(i);
                assert!((squared - 1.0).abs() <= 1.01 * 2f64.powi(-23), "d = {columns}: |a|^2 = {squared}");
            }
            let squared: f64 = planted.weights.iter().map(|w| w * w).sum();
            assert!((squared - 1.0).abs() < 1e-13);
        }
    }

    /// P(sgn(sqrt(d) t + s z) != sgn(t)) for t = a'w, whose density on the sphere is prop. to (1 - t^2)^((d-3)/2):
    /// the trapezoidal rule in t = cos(theta), the tail probability by erfc.
    fn flip_rate(columns: i32, noise: f64) -> f64 {
        let (mut weight, mut flips) = (0.0, 0.0);
        for k in 1..40_000 {
            let theta = std::f64::consts::PI * f64::from(k) / 40_000.0;
            let w = theta.sin().powi(columns - 2);
            let margin = f64::from(columns).sqrt() * theta.cos().abs();
            weight += w;
            flips += w * 0.5 * libm::erfc(margin / noise / std::f64::consts::SQRT_2);
        }
        flips / weight
    }

    #[test]
    fn labels_are_flipped_as_often_as_the_noise_says() {
        // identity: at large d the rate is that of two normal numbers, arctan(s)/pi
        assert!((flip_rate(20_000, 0.5) - 0.5f64.atan() / std::f64::consts::PI).abs() < 1e-4);
        let n = 20_000;
        for noise in [0.0, 0.25, 1.0] {
            let planted = generate(n, 16, noise, 2).unwrap();
            let flipped = |i: &usize| {
                let margin = planted.data.matrix().dot(*i, &planted.weights);
                (margin >= 0.0) != (planted.data.labels()[*i] > 0)
            };
            let rate = (0..n).filter(flipped).count() as f64 / n as f64;
            let expected = if noise > 0.0 { flip_rate(16, noise) } else { 0.0 };
            // statistical: Hoeffding at 1e-9
            assert!((rate - expected).abs() <= hoeffding(n, 1e-9), "s = {noise}: {rate} against {expected}");
        }
        assert_eq!(hoeffding(2, 2.0 / std::f64::consts::E), 0.5);
    }

    #[test]
    fn normals_have_normal_moments_across_streams() {
        // statistical: the means of z, z^2, z^4 and of products of neighbours and of neighbouring streams over n
        // draws deviate by less than 6 standard errors (1, sqrt 2, sqrt 96, 1, 1 over sqrt n), missed with 1e-8
        let n = 200_000;
        let first: Vec<f64> = (0..n / 100).flat_map(|key| draw(key, 100)).collect();
        let second: Vec<f64> = (0..n / 100).flat_map(|key| draw(key + 1, 100)).collect();
        let mean = |f: &dyn Fn(usize) -> f64| (0..n as usize - 1).map(f).sum::<f64>() / (n - 1) as f64;
        for (what, found, expected, deviation) in [
            ("z", mean(&|i| first[i]), 0.0, 1.0),
            ("z^2", mean(&|i| first[i].powi(2)), 1.0, 2f64.sqrt()),
            ("z^4", mean(&|i| first[i].powi(4)), 3.0, 96f64.sqrt()),
            ("neighbours", mean(&|i| first[i] * first[i + 1]), 0.0, 1.0),
            ("streams", mean(&|i| first[i] * second[i]), 0.0, 1.0),
        ] {
            let error = 6.0 * deviation / (n as f64).sqrt();
            assert!((found - expected).abs() < error, "{what}: {found}");
        }
    }

    fn draw(key: u64, count: usize) -> Vec<f64> {
        let mut normals = Normals::keyed(1, key);
        (0..count).map(|_| normals.next()).collect()
    }

    #[test]
    fn bad_parameters_are_refused() {
        assert!(matches!(generate(0, 3, 0.1, 1), Err(DataError::Shape(_))));
        assert!(matches!(generate(3, 0, 0.1, 1), Err(DataError::Shape(_))));
        for noise in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(generate(3, 3, noise, 1), Err(DataError::Parameter { .. })));
        }
        for rows in [1 << 33, 1 << 40] {
            assert!(matches!(generate(rows, 1 << 30, 0.1, 1), Err(DataError::TooLarge { .. })), "{rows}");
        }
    }
}
