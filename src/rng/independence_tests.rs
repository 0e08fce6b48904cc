//! Streams against each other: the same replicate in every width, and nothing shared between neighbours.

use super::testing::correlation;
use super::{CellKey, Stream};
use crate::scalar::Lane;
use std::collections::HashSet;

/// Every sampler, in an order that leaves a spare normal across other calls; one row of bits per number.
#[inline(always)]
fn script<const N: usize>(stream: &mut Stream<N>) -> Vec<[u64; N]> {
    let mut rows = Vec::new();
    for round in 0..6 {
        let mut filled = vec![Lane::splat(0.0); round];
        stream.fill_normal(&mut filled);
        rows.push(stream.bits());
        rows.push(stream.index(1000).map(|i| i as u64));
        rows.push(stream.index(1 << 40).map(|i| i as u64));
        rows.push(stream.choose(&[0.2, 0.5, 1.0]).map(|i| i as u64));
        filled.extend([
            stream.uniform(),
            stream.normal(),
            stream.uniform_unit(),
            stream.exponential(),
            stream.laplace(),
            stream.logistic(),
            stream.student(4.5),
            stream.rademacher(),
            stream.bernoulli(&Lane::splat(0.3)),
        ]);
        rows.extend(filled.iter().map(|v| v.0.map(f64::to_bits)));
    }
    rows
}

/// As [`script`], compiled for the widest instruction set of the machine.
fn script_dispatched<const N: usize>(stream: &mut Stream<N>) -> Vec<[u64; N]> {
    fn dispatch<R>(work: impl FnOnce() -> R) -> R {
        pulp::Arch::new().dispatch(work)
    }
    dispatch(
        #[inline(always)]
        || script(stream),
    )
}

fn lane_of<const N: usize>(rows: &[[u64; N]], lane: usize) -> Vec<u64> {
    rows.iter().map(|row| row[lane]).collect()
}

#[test]
fn a_replicate_is_the_same_in_every_width_and_instruction_set() {
    let key = CellKey::new(5, &[("dimension", "10")], "noise");
    let wide = script(&mut Stream::<64>::new(&key, 100));
    assert_eq!(wide, script_dispatched(&mut Stream::<64>::new(&key, 100)));
    for lane in 0..64 {
        let replicate = 100 + lane as u64;
        let alone = script(&mut Stream::<1>::new(&key, replicate));
        assert_eq!(lane_of(&wide, lane), lane_of(&alone, 0), "replicate {replicate}");
        let eight = script_dispatched(&mut Stream::<8>::new(&key, replicate - 3));
        assert_eq!(lane_of(&wide, lane), lane_of(&eight, 3), "replicate {replicate}");
    }
}

#[test]
fn filling_equals_drawing_one_by_one() {
    let key = CellKey::new(6, &[], "noise");
    for (before, length) in [(0, 0), (0, 1), (0, 7), (1, 0), (1, 1), (1, 2), (1, 8), (3, 5)] {
        let (mut a, mut b) = (Stream::<8>::new(&key, 0), Stream::<8>::new(&key, 0));
        let mut filled = vec![Lane::splat(0.0); length];
        for _ in 0..before {
            assert_eq!(a.normal(), b.normal());
        }
        a.fill_normal(&mut filled);
        let drawn: Vec<_> = (0..length).map(|_| b.normal()).collect();
        assert_eq!(filled, drawn, "{before} before {length}");
        // The streams are in the same state afterwards.
        assert_eq!((a.normal(), a.bits()), (b.normal(), b.bits()));
    }
}

/// The keys of neighbouring seeds, parameter values and roles.
fn neighbours() -> Vec<CellKey> {
    let mut keys = Vec::new();
    for seed in 0..3 {
        for dimension in ["1", "2", "3"] {
            for role in ["noise", "start"] {
                keys.push(CellKey::new(seed, &[("dimension", dimension)], role));
            }
        }
    }
    keys
}

#[test]
fn neighbours_share_no_output() {
    // statistical: 1.2 million words of 64 bits collide by chance with probability n^2 / 2^65 = 4e-8
    let (mut seen, mut n) = (HashSet::new(), 0);
    for key in neighbours() {
        let mut stream = Stream::<64>::new(&key, 0);
        for _ in 0..1000 {
            seen.extend(stream.bits());
            n += 64;
        }
    }
    assert_eq!(seen.len(), n);
}

fn uniforms(key: &CellKey, replicate: u64, n: usize) -> Vec<f64> {
    let mut stream = Stream::<1>::new(key, replicate);
    (0..n).map(|_| stream.uniform_unit().0[0]).collect()
}

#[test]
fn neighbours_are_uncorrelated() {
    let (keys, n) = (neighbours(), 1 << 14);
    let first: Vec<_> = keys.iter().map(|key| uniforms(key, 0, n)).collect();
    let replicates: Vec<_> = (0..64).map(|r| uniforms(&keys[0], r, n)).collect();
    let cells = (0..keys.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let pairs: Vec<_> =
        cells.map(|(i, j)| (&first[i], &first[j])).chain(replicates.windows(2).map(|w| (&w[0], &w[1]))).collect();
    for (a, b) in &pairs {
        let ratio = correlation(a, b, 3 * pairs.len());
        // Shifted by one, too: a stream that runs one step behind its neighbour.
        let ahead = correlation(&a[1..], &b[..n - 1], 3 * pairs.len());
        let behind = correlation(&a[..n - 1], &b[1..], 3 * pairs.len());
        assert!(ratio < 1.0 && ahead < 1.0 && behind < 1.0, "{ratio} {ahead} {behind}");
    }
    // The control: a stream with itself, and with a twentieth of itself mixed into another.
    let mixed: Vec<_> = first[1].iter().zip(&first[0]).map(|(a, b)| a + 0.05 * b).collect();
    assert!(correlation(&first[0], &first[0], 1) > 1.0 && correlation(&first[0], &mixed, 1) > 1.0);
}

#[test]
fn successive_numbers_are_uncorrelated() {
    let mut stream = Stream::<1>::new(&CellKey::new(8, &[], "noise"), 0);
    let normals: Vec<f64> = (0..1 << 18).map(|_| stream.normal().0[0]).collect();
    let squares: Vec<f64> = normals.iter().map(|z| (z * z - 1.0) / 2.0_f64.sqrt()).collect();
    for lag in 1..=8 {
        let end = normals.len() - lag;
        assert!(correlation(&normals[..end], &normals[lag..], 16) < 1.0, "lag {lag}");
        // The two of a pair share a radius: their squares would show it were the angle wrong.
        assert!(correlation(&squares[..end], &squares[lag..], 16) < 1.0, "squares, lag {lag}");
    }
}
