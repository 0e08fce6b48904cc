//! Statistical tests as ratios: deviation over the tolerance that the sample size and the level allow.
//!
//! A right sampler stays below 1 with probability 1 - [`LEVEL`]. Seeds are fixed, so that a test passes or fails
//! for good; the level says how likely it was to fail when its seed was chosen.

use super::{CellKey, Stream};
use crate::scalar::Lane;
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// Probability that a right sampler exceeds a tolerance.
pub(crate) const LEVEL: f64 = 1e-5;

/// Two-sided quantile of the standard normal at [`LEVEL`], shared by `tests` comparisons (Bonferroni).
pub(crate) fn normal_quantile(tests: usize) -> f64 {
    Normal::standard().inverse_cdf(1.0 - LEVEL / tests as f64 / 2.0)
}

/// The stream of a role under one fixed seed.
pub(crate) fn stream<const N: usize>(role: &str) -> Stream<N> {
    Stream::new(&CellKey::new(20_260_101, &[("test", "laws")], role), 0)
}

/// 2^20 values of a law, from 64 replicates.
pub(crate) fn sample(role: &str, draw: impl Fn(&mut Stream<64>) -> Lane<64>) -> Vec<f64> {
    let mut stream = stream(role);
    (0..1 << 14).flat_map(|_| draw(&mut stream).0).collect()
}

/// The worst of the first four raw moments, in tolerances; `exact` holds the moments of order 1 to 8.
///
/// The mean of x^k has standard deviation sqrt((m_2k - m_k^2) / n).
pub(crate) fn moments(values: &[f64], exact: [f64; 8]) -> f64 {
    let n = values.len() as f64;
    let mut sums = [0.0; 4];
    for value in values {
        let mut power = 1.0;
        for sum in &mut sums {
            power *= value;
            *sum += power;
        }
    }
    let ratio = |k: usize| {
        let tolerance = normal_quantile(4) * ((exact[2 * k + 1] - exact[k] * exact[k]) / n).sqrt();
        // A law whose power is constant (Rademacher) must hit the moment exactly.
        let deviation = (sums[k] / n - exact[k]).abs();
        if deviation == 0.0 { 0.0 } else { deviation / tolerance }
    };
    (0..4).map(ratio).fold(0.0, f64::max)
}

/// Kolmogorov-Smirnov distance in tolerances: P(D > t) <= 2 exp(-2 n t^2) for every n (Massart 1990).
pub(crate) fn kolmogorov_smirnov(mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let distance = |(i, x): (usize, &f64)| {
        let p = cdf(*x);
        (p - i as f64 / n).abs().max((p - (i + 1) as f64 / n).abs())
    };
    let worst = values.iter().enumerate().map(distance).fold(0.0, f64::max);
    worst / (libm::log(2.0 / LEVEL) / (2.0 * n)).sqrt()
}

/// Pearson's chi-square of counts against probabilities, over its quantile.
pub(crate) fn chi_square(counts: &[u64], probabilities: &[f64]) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    let terms = counts.iter().zip(probabilities).map(|(c, p)| (*c as f64 - n * p).powi(2) / (n * p));
    let law = ChiSquared::new(counts.len() as f64 - 1.0).unwrap();
    terms.sum::<f64>() / law.inverse_cdf(1.0 - LEVEL)
}

/// Correlation of two samples of mean 0 and variance 1, in tolerances shared by `tests` comparisons: for
/// independent samples the mean of the products has standard deviation 1 / sqrt(n).
pub(crate) fn correlation(a: &[f64], b: &[f64], tests: usize) -> f64 {
    let n = a.len() as f64;
    let mean = a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / n;
    mean.abs() * n.sqrt() / normal_quantile(tests)
}
