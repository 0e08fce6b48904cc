//! Each law against its exact moments and distribution function.

use super::Stream;
use super::testing::{chi_square, kolmogorov_smirnov, moments, normal_quantile, sample, stream};
use crate::scalar::Lane;
use libm::{erfc, exp};
use rand_distr::Distribution;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

// Moments of order 1 to 8, exact.
const NORMAL: [f64; 8] = [0.0, 1.0, 0.0, 3.0, 0.0, 15.0, 0.0, 105.0]; // (k - 1)!!

fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x * FRAC_1_SQRT_2)
}

fn laplace_cdf(x: f64) -> f64 {
    let tail = 0.5 * exp(-x.abs() * SQRT_2);
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// Student's t of variance 1: E x^(2 k) = (nu - 2)^k times the product of (2 i - 1) / (nu - 2 i), i = 1..k.
fn student_moments(nu: f64) -> [f64; 8] {
    let mut out = [0.0; 8];
    let mut even = 1.0;
    for i in 1..=4 {
        even *= (nu - 2.0) * (2 * i - 1) as f64 / (nu - (2 * i) as f64);
        out[2 * i - 1] = even;
    }
    out
}

fn holds(law: &str, values: Vec<f64>, exact: Option<[f64; 8]>, cdf: impl Fn(f64) -> f64) {
    assert!(values.iter().all(|v| v.is_finite()), "{law}");
    if let Some(exact) = exact {
        let ratio = moments(&values, exact);
        assert!(ratio < 1.0, "{law}: moments off by {ratio} tolerances");
    }
    let ratio = kolmogorov_smirnov(values, cdf);
    assert!(ratio < 1.0, "{law}: Kolmogorov-Smirnov distance of {ratio} tolerances");
}

#[test]
fn uniforms() {
    let exact = std::array::from_fn(|k| 1.0 / (k + 2) as f64);
    holds("uniform", sample("uniform", Stream::uniform), Some(exact), |x| x);
    let root = 3.0_f64.sqrt();
    // 3^(k/2) / (k + 1) for even k
    let exact = [0.0, 1.0, 0.0, 9.0 / 5.0, 0.0, 27.0 / 7.0, 0.0, 9.0];
    holds("uniform_unit", sample("uniform_unit", Stream::uniform_unit), Some(exact), |x| (x / root + 1.0) / 2.0);
}

#[test]
fn normals() {
    holds("normal", sample("normal", Stream::normal), Some(NORMAL), normal_cdf);
    let mut filled = vec![Lane::splat(0.0); 1 << 14];
    stream::<64>("fill").fill_normal(&mut filled);
    holds("fill_normal", filled.iter().flat_map(|v| v.0).collect(), Some(NORMAL), normal_cdf);
}

#[test]
fn exponential() {
    // k!
    let exact = [1.0, 2.0, 6.0, 24.0, 120.0, 720.0, 5040.0, 40320.0];
    holds("exponential", sample("exponential", Stream::exponential), Some(exact), |x| -libm::expm1(-x));
}

#[test]
fn laplace() {
    // k! / 2^(k/2) for even k
    let exact = [0.0, 1.0, 0.0, 6.0, 0.0, 90.0, 0.0, 2520.0];
    holds("laplace", sample("laplace", Stream::laplace), Some(exact), laplace_cdf);
}

#[test]
fn logistic() {
    // 3^k (2^(2 k) - 2) |B_2k| at order 2 k, with the Bernoulli numbers 1/6, -1/30, 1/42, -1/30
    let exact = [0.0, 1.0, 0.0, 4.2, 0.0, 27.0 * 62.0 / 42.0, 0.0, 685.8];
    let cdf = |x: f64| 1.0 / (1.0 + exp(-x * PI / 3.0_f64.sqrt()));
    holds("logistic", sample("logistic", Stream::logistic), Some(exact), cdf);
}

#[test]
fn student() {
    // Moments where the eighth is far from infinite; the distribution function for heavy tails too.
    for (nu, exact) in [(2.1_f64, None), (3.0, None), (5.5, None), (30.0, Some(student_moments(30.0)))] {
        let law = StudentsT::new(0.0, ((nu - 2.0) / nu).sqrt(), nu).unwrap();
        let values = sample("student", |s| s.student(nu));
        holds("student", values, exact, |x| law.cdf(x));
    }
    // the limit of many degrees of freedom is the normal law; the two differ by O(1 / nu)
    holds("student", sample("student", |s| s.student(1e9)), Some(NORMAL), normal_cdf);
    assert!(stream::<4>("student").student(2.0).0.iter().all(|v| v.is_nan()));
}

#[test]
fn signs_and_coins() {
    let values = sample("rademacher", Stream::rademacher);
    assert!(values.iter().all(|v| v.abs() == 1.0));
    assert!(moments(&values, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]) < 1.0);

    // statistical: each lane's count is binomial; lane i has p = i / 63, so that both ends are certain
    let p = Lane::<64>(std::array::from_fn(|i| i as f64 / 63.0));
    let (mut stream, mut counts, n) = (stream("bernoulli"), Lane::<64>::splat(0.0), 1 << 14);
    for _ in 0..n {
        counts += &stream.bernoulli(&p);
    }
    for (count, p) in counts.0.iter().zip(p.0) {
        let deviation = (count - f64::from(n) * p).abs();
        assert!(deviation <= normal_quantile(64) * (f64::from(n) * p * (1.0 - p)).sqrt(), "p = {p}: {count}");
    }
    assert_eq!(stream.bernoulli(&Lane::splat(f64::NAN)).0, [0.0; 64]);
}

#[test]
fn indices() {
    for n in [2, 3, 10, 1000] {
        let (mut stream, mut counts) = (stream::<64>("index"), vec![0; n]);
        for _ in 0..1 << 14 {
            for index in stream.index(n) {
                counts[index] += 1;
            }
        }
        let ratio = chi_square(&counts, &vec![1.0 / n as f64; n]);
        assert!(ratio < 1.0, "{n}: {ratio}");
    }
    // identity: both routes are the upper half of the product with the word
    for n in [0, 1, 7, (1 << 32) - 1, 1 << 32, (1 << 40) + 3, usize::MAX] {
        let (mut a, mut b) = (stream::<8>("index"), stream::<8>("index"));
        for _ in 0..1000 {
            let expected = b.bits().map(|word| ((u128::from(word) * n as u128) >> 64) as usize);
            assert_eq!(a.index(n), expected);
        }
    }
}

#[test]
fn finite_laws() {
    let cumulative = [0.1, 0.15, 0.65, 0.99, 1.0];
    let (mut source, mut counts) = (stream::<64>("choose"), [0; 5]);
    for _ in 0..1 << 14 {
        for index in source.choose(&cumulative) {
            counts[index] += 1;
        }
    }
    let ratio = chi_square(&counts, &[0.1, 0.05, 0.5, 0.34, 0.01]);
    assert!(ratio < 1.0, "{ratio}");
    // exact: an atom of probability 0 never comes, and a last entry that was rounded down changes nothing
    let mut seen = [false; 4];
    for _ in 0..1000 {
        for index in source.choose(&[0.0, 0.5, 0.5, 1.0 - 1e-9]) {
            seen[index] = true;
        }
    }
    assert_eq!(seen, [false, true, false, true]);
    assert_eq!([source.choose(&[]), source.choose(&[1.0])], [[0; 64]; 2]);
}

#[test]
fn a_wrong_sampler_is_noticed() {
    let values = sample("normal", Stream::normal);
    let changed = |f: fn(f64) -> f64| values.iter().map(|v| f(*v)).collect::<Vec<_>>();
    assert!(moments(&changed(|v| v + 0.005), NORMAL) > 1.0);
    assert!(moments(&changed(|v| 1.005 * v), NORMAL) > 1.0);
    assert!(moments(&changed(|v| v.clamp(-3.0, 3.0)), NORMAL) > 1.0);
    assert!(kolmogorov_smirnov(changed(|v| v + 0.01), normal_cdf) > 1.0);
    assert!(kolmogorov_smirnov(values, laplace_cdf) > 1.0);
    // exact: the statistic is 4 * 300^2 / 10000 = 36, beyond the quantile 26 of three degrees of freedom
    assert!(chi_square(&[10_300, 9_700, 10_300, 9_700], &[0.25; 4]) > 1.0);
}

#[test]
fn agrees_with_the_reference_sampler() {
    // reference: rand_distr 0.6 StandardNormal (ziggurat) on rand_xoshiro 0.8; two independent samples of n
    // values each stay within two one-sample tolerances of the common law at every quantile
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut reference: Vec<f64> = (0..1 << 20).map(|_| rand_distr::StandardNormal.sample(&mut rng)).collect();
    reference.sort_by(f64::total_cmp);
    let n = reference.len() as f64;
    let empirical = |x: f64| reference.partition_point(|r| *r <= x) as f64 / n;
    assert!(kolmogorov_smirnov(sample("normal", Stream::normal), empirical) < 2.0);
}
