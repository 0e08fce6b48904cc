//! What servers make of the workers' messages: sums, majorities, medians and scales.

use super::super::median::for_each_comparator;
use super::*;
use crate::model::wire::{SignMessage, Tally};

#[test]
fn tallies_agree_with_naive_sums() {
    for (workers, convention) in (1..=9).flat_map(|m| [SignZero::Zero, SignZero::Plus].map(|c| (m, c))) {
        let d = 5;
        let vote = |m: u64, lane: u64, i: u64| match (convention, mix([m, lane, i])) {
            (SignZero::Zero, word) => (word % 3) as i64 - 1,
            (_, word) => 2 * (word % 2) as i64 - 1,
        };
        let mut tally = Tally::new(d, convention);
        let mut naive = [[0; 64]; 5];
        for m in 0..workers {
            let signs: Vec<Wide> = (0..5).map(|i| Wide::of(|lane| 32 * vote(m, lane, i))).collect();
            let message = SignMessage::pack(&signs, convention).unwrap();
            let mut back = vec![Wide::splat(9.0); d];
            message.unpack(&mut back);
            assert_eq!(back, signs);
            assert_eq!(message.bits(), d as u64 * if convention == SignZero::Zero { 2 } else { 1 });
            tally.add(&message);
            for (i, row) in naive.iter_mut().enumerate() {
                row.iter_mut().enumerate().for_each(|(lane, n)| *n += vote(m, lane as u64, i as u64));
            }
        }
        let mut sums = vec![Wide::splat(9.0); d];
        tally.sum(&mut sums);
        let expected: Vec<Wide> = naive.iter().map(|row| Wide::of(|lane| 32 * row[lane as usize])).collect();
        assert_eq!(sums, expected, "{workers} {convention:?}");
        for (ties, at_tie) in [(SignZero::Zero, 0), (SignZero::Plus, 1), (SignZero::Minus, -1)] {
            let mut signs = vec![Wide::splat(9.0); d];
            tally.majority::<Wide>(ties, &mut Probe::new(0)).unwrap().unpack(&mut signs);
            let sign = |n: i64| if n == 0 { at_tie } else { n.signum() };
            let expected: Vec<Wide> = naive.iter().map(|row| Wide::of(|l| 32 * sign(row[l as usize]))).collect();
            assert_eq!(signs, expected, "{workers} {convention:?} {ties:?}");
        }
        // Random ties leave decided votes alone and give +-1 elsewhere.
        let mut signs = vec![Wide::splat(9.0); d];
        tally.majority::<Wide>(SignZero::Random, &mut Probe::new(0)).unwrap().unpack(&mut signs);
        for (row, sign) in naive.iter().zip(&signs) {
            assert!(row.iter().zip(&sign.0).all(|(n, s)| if *n == 0 {
                s.abs() == 1.0
            } else {
                *s == n.signum() as f64
            }));
        }
    }
}

#[test]
fn the_network_sorts() {
    // exact: a comparator network that sorts every sequence of zeros and ones sorts everything (the 0-1 principle)
    for n in 1..=13_usize {
        for bits in 0..1_u32 << n {
            let mut values: Vec<u32> = (0..n).map(|i| bits >> i & 1).collect();
            for_each_comparator(n, |a, b| {
                assert!(a < b);
                if values[a] > values[b] {
                    values.swap(a, b);
                }
            });
            assert!(values.is_sorted(), "{n} {bits:b}");
        }
    }
}

#[test]
fn the_median_of_an_even_number_is_the_mean_of_the_middle_two() {
    // exact: sorted columns (1, 2, 5, 9) and (-4, 0, 0, 3): 7/2 and 0; of the first three rows 5 and 0
    let row = |a, b| [q(a, 1), q(b, 1)];
    let rows = [row(9, 0), row(1, 3), row(5, 0), row(2, -4)].concat();
    let mut out = vec![q(7, 1); 2];
    median::medians(&mut rows.clone(), &mut out);
    assert_eq!(out, [q(7, 2), q(0, 1)]);
    median::medians(&mut rows[..6].to_vec(), &mut out);
    assert_eq!(out, [q(5, 1), q(0, 1)]);
}

#[test]
fn servers_by_hand() {
    // exact: three workers with gradients x - 0, x - 1/4, x - 1/2 at x = (3/8, 1), lr = 1/8:
    //   coordinate 1: 3/8, 1/8, -1/8: majority +, sum of signs 1, median and mean 1/8
    //   coordinate 2: 1, 3/4, 1/2: majority +, sum of signs 3, median and mean 3/4
    //   norms 11/8, 7/8, 5/8: M_k = 23/24, times lr 23/192
    let table = [
        ("vote", [q(1, 4), q(7, 8)]),
        ("vote-sum", [q(1, 4), q(5, 8)]),
        ("scaled-vote", [q(49, 192), q(169, 192)]),
        ("median-sgd", [q(23, 64), q(29, 32)]),
        ("sgd", [q(23, 64), q(29, 32)]),
        ("signsgd", [q(1, 4), q(7, 8)]),
    ];
    let apart = |_| Probe { alike: false, ..Probe::plain(&[1, 1]) };
    for (name, expected) in table {
        let run = Setup::new(name, 3).run(&[q(3, 8), q(1, 1)], 1, &mut apart(0)).unwrap();
        assert_eq!(run[0].0, expected, "{name}");
    }
    // exact: at x = 1/4 worker 2 abstains and the others tie
    for (ties, expected) in [(SignZero::Zero, q(1, 4)), (SignZero::Plus, q(1, 8)), (SignZero::Minus, q(3, 8))] {
        let semantics = Semantics { ties, ..Semantics::default() };
        let run = Setup::new("vote", 3).under(semantics).run(&[q(1, 4)], 1, &mut apart(0)).unwrap();
        assert_eq!(run[0].0, [expected], "{ties:?}");
    }
}
