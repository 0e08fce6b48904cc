//! How the samples of a finite sum are spread over workers.
//!
//! With `iid` a random order is cut into M parts whose sizes differ by at most 1. With `dirichlet` each class is cut by
//! itself: the fractions that the workers get are one draw of the symmetric Dirichlet law of the given concentration. A
//! small concentration thus gives workers of nearly one class and very different sizes; a worker may get nothing.

use crate::model::{BuildError, Kind, Limits, ParamSpec, Params};
use crate::rng::Stream;
use crate::rng::seeded::{permutation, stream};

/// Parameters of a split.
pub(super) const SPLIT: ParamSpec = ParamSpec {
    name: "split",
    kind: Kind::Word(&["none", "iid", "dirichlet"]),
    default: Some("none"),
    limits: Limits::ANY,
    doc: "how samples are spread over workers: not at all, evenly at random, or class by class by a Dirichlet law",
};
/// Number of parts.
pub(super) const WORKERS: ParamSpec = ParamSpec {
    name: "workers",
    kind: Kind::Count,
    default: Some(""),
    limits: Limits::ONE_UP,
    doc: "M, parts of a split",
};
/// Evenness of a Dirichlet split.
pub(super) const CONCENTRATION: ParamSpec = ParamSpec {
    name: "concentration",
    kind: Kind::Number,
    default: Some("1"),
    limits: Limits::POSITIVE,
    doc: "Dirichlet split: its parameter; large is even, small is one class a worker",
};
/// Randomness of a split.
pub(super) const SPLIT_SEED: ParamSpec = ParamSpec {
    name: "split_seed",
    kind: Kind::Count,
    default: Some("1"),
    limits: Limits::ANY,
    doc: "seed of the split",
};

/// The samples of each worker, or `None` where all workers have all samples; `labels` has one entry per sample.
///
/// # Errors
/// No workers, or a concentration that is not above 0.
pub(super) fn shards(p: &Params, labels: &[i8]) -> Result<Option<Vec<Vec<usize>>>, BuildError> {
    let how = if p.has("split") { p.text("split")? } else { "none" };
    if how == "none" {
        return Ok(None);
    }
    let workers = p.count("workers")?;
    if workers == 0 || workers > labels.len() {
        let message = format!("'workers' is {workers}; it must be from 1 to the number of samples, {}", labels.len());
        return Err(BuildError::about("workers", message));
    }
    let mut draws = stream(p.count("split_seed")? as u64, "split");
    let order = permutation(&mut draws, labels.len());
    let mut shards = vec![Vec::new(); workers];
    if how == "iid" {
        for (place, sample) in order.into_iter().enumerate() {
            shards[place % workers].push(sample);
        }
    } else {
        let concentration = p.positive("concentration")?.to_f64();
        for class in [-1, 1] {
            let members: Vec<usize> = order.iter().copied().filter(|i| labels[*i] == class).collect();
            let shares = dirichlet(&mut draws, concentration, workers);
            let (mut sum, mut from) = (0.0, 0);
            for (worker, share) in shares.into_iter().enumerate() {
                sum += share;
                let last = worker + 1 == workers;
                let to = if last { members.len() } else { (sum * members.len() as f64).round() as usize };
                let to = to.clamp(from, members.len());
                shards[worker].extend(&members[from..to]);
                from = to;
            }
        }
    }
    shards.iter_mut().for_each(|shard| shard.sort_unstable());
    Ok(Some(shards))
}

/// One draw of the symmetric Dirichlet law: gamma variables over their sum, by logarithms, as small concentrations
/// give gammas below the smallest double.
fn dirichlet(draws: &mut Stream<1>, concentration: f64, n: usize) -> Vec<f64> {
    let logs: Vec<f64> = (0..n).map(|_| log_gamma_variable(draws, concentration)).collect();
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|log| libm::exp(log - top)).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

/// ln of a gamma variable of that shape and scale 1 (Marsaglia and Tsang 2000, "A simple method for generating gamma
/// variables"): shapes below 1 as Gamma(a + 1) U^(1/a).
fn log_gamma_variable(draws: &mut Stream<1>, shape: f64) -> f64 {
    if shape < 1.0 {
        let u = draws.uniform().0[0];
        return log_gamma_variable(draws, shape + 1.0) + libm::log(u) / shape;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let (x, u) = (draws.normal().0[0], draws.uniform().0[0]);
        let root = 1.0 + c * x;
        let v = root * root * root;
        if v > 0.0 && libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return libm::log(d * v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ParamValue, Real};

    fn split(how: &str, workers: i64, concentration: Real, labels: &[i8]) -> Result<Vec<Vec<usize>>, BuildError> {
        let mut p = Params::default();
        p.values.insert("split", ParamValue::Text(how.into()));
        p.values.insert("workers", ParamValue::Number(Real::integer(workers)));
        p.values.insert("concentration", ParamValue::Number(concentration));
        p.values.insert("split_seed", ParamValue::Number(Real::integer(3)));
        Ok(shards(&p, labels)?.unwrap_or_default())
    }

    fn labels() -> Vec<i8> {
        (0..1000).map(|i| if i % 4 == 0 { 1 } else { -1 }).collect()
    }

    #[test]
    fn every_sample_has_one_worker() {
        for (how, concentration) in [("iid", 1.0), ("dirichlet", 0.01), ("dirichlet", 1.0), ("dirichlet", 100.0)] {
            let shards = split(how, 7, Real::Float(concentration), &labels()).unwrap();
            let mut all = shards.concat();
            all.sort_unstable();
            assert_eq!(all, (0..1000).collect::<Vec<_>>(), "{how} {concentration}");
            assert_eq!(shards.len(), 7);
            assert!(how != "iid" || shards.iter().all(|s| s.len() == 142 || s.len() == 143));
        }
    }

    #[test]
    fn a_small_concentration_separates_the_classes() {
        // Mixing of a worker: 4 p (1 - p) with p its fraction of label 1, weighted by size; 3/4 for an even split.
        let mixing = |concentration: f64| {
            let labels = labels();
            let shards = split("dirichlet", 10, Real::Float(concentration), &labels).unwrap();
            let one = |s: &Vec<usize>| s.iter().filter(|i| labels[**i] == 1).count() as f64;
            shards.iter().filter(|s| !s.is_empty()).map(|s| 4.0 * one(s) * (1.0 - one(s) / s.len() as f64)).sum::<f64>()
                / 1000.0
        };
        let [low, middle, high] = [0.02, 1.0, 1000.0].map(mixing);
        assert!(low < 0.4 && low < middle && middle < high && (high - 0.75).abs() < 0.01, "{low} {middle} {high}");
    }

    #[test]
    fn gammas_have_their_mean_and_variance() {
        // statistical: mean a and variance a of Gamma(a); n = 40 000; six standard errors, sqrt(a/n) and
        // sqrt((3a^2 + 6a - a^2)/n) = sqrt((2a^2 + 6a)/n) from the fourth central moment 3a^2 + 6a
        let mut draws = stream(1, "gamma");
        for a in [0.3, 1.0, 4.5] {
            let n = 40_000;
            let sample: Vec<f64> = (0..n).map(|_| libm::exp(log_gamma_variable(&mut draws, a))).collect();
            let mean = sample.iter().sum::<f64>() / n as f64;
            let variance = sample.iter().map(|x| (x - a) * (x - a)).sum::<f64>() / n as f64;
            assert!((mean - a).abs() < 6.0 * (a / n as f64).sqrt(), "{a}: {mean}");
            assert!((variance - a).abs() < 6.0 * ((2.0 * a * a + 6.0 * a) / n as f64).sqrt(), "{a}: {variance}");
        }
    }

    #[test]
    fn bad_splits_are_refused() {
        assert_eq!(split("iid", 0, Real::integer(1), &labels()).unwrap_err().key, Some("workers"));
        assert_eq!(split("iid", 3, Real::integer(1), &[1, -1]).unwrap_err().key, Some("workers"));
        assert_eq!(split("dirichlet", 2, Real::integer(0), &labels()).unwrap_err().key, Some("concentration"));
        assert!(split("none", 2, Real::integer(1), &labels()).unwrap().is_empty());
    }
}
