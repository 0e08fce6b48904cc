//! Properties of the statistics that every verdict rests on, for inputs of any kind.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use signcheck::internals::stats::{
    Interval, LogPoint, Moments, binomial_at_least, bonferroni, bounded_mean, clopper_pearson, empirical_bernstein,
    hoeffding, slope, student_mean,
};

fn moments(values: &[f64]) -> Moments {
    let mut m = Moments::default();
    values.iter().for_each(|v| m.push(*v));
    m
}

fn unit() -> Interval {
    Interval::new(0.0, 1.0).expect("ordered ends")
}

proptest! {
    /// Merging parts, wherever they are cut and whatever diverged, says what pushing one by one says: counts and
    /// extremes to the bit, sums to rounding.
    #[test]
    fn merging_equals_pushing(
        values in prop::collection::vec(prop_oneof![-1e3..1e3_f64, Just(0.0), -1e-300..1e-300_f64, 1e12..1e13_f64], 1..200),
        cuts in prop::collection::vec(0_usize..200, 0..5),
        lost in prop::collection::vec(0_u64..99, 0..3),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(values.len())).collect();
        cuts.sort_unstable();
        let mut whole = moments(&values);
        let mut merged = Moments::default();
        let mut from = 0;
        for to in cuts.into_iter().chain([values.len()]) {
            merged.merge(&moments(&values[from..to]));
            from = to;
        }
        for step in lost {
            whole.push_diverged(step);
            let mut one = Moments::default();
            one.push_diverged(step);
            merged.merge(&one);
        }
        prop_assert_eq!(merged.count(), whole.count());
        prop_assert_eq!((merged.diverged(), merged.first_diverged()), (whole.diverged(), whole.first_diverged()));
        prop_assert_eq!((merged.minimum(), merged.maximum()), (whole.minimum(), whole.maximum()));
        // identity: two orders of the same additions; each keeps within its own stated rounding
        let slack = merged.mean_rounding() + whole.mean_rounding();
        let (a, b) = (merged.mean().expect("values"), whole.mean().expect("values"));
        prop_assert!((a - b).abs() <= slack, "{a} {b} {slack}");
        let (a, b) = (merged.centred_square(), whole.centred_square());
        prop_assert!((a - b).abs() <= 1e-9 * (a + b), "{a} {b}");
    }

    /// A smaller chance of error never excludes what a larger one includes.
    #[test]
    fn intervals_nest_with_the_level(
        values in prop::collection::vec(0.0..=1.0_f64, 2..300),
        a in 1e-12..0.999_f64,
        b in 1e-12..0.999_f64,
        looks in 1_usize..9,
    ) {
        let (strict, loose) = (a.min(b), a.max(b));
        let m = moments(&values);
        let n = values.len() as u64;
        let (mean, variance) = (m.mean().expect("values"), m.variance().expect("two values"));
        let at = |alpha: f64| -> [Interval; 5] {
            let hits = values.iter().filter(|v| **v > 0.5).count() as u64;
            [
                bounded_mean(&m, unit(), alpha).expect("inside the range").interval,
                student_mean(&m, alpha).expect("finite").interval,
                clopper_pearson(hits, n, alpha).expect("hits of n").interval,
                hoeffding(n, mean, unit(), alpha),
                empirical_bernstein(n, mean, variance, unit(), alpha),
            ]
        };
        for (wide, narrow) in at(strict).into_iter().zip(at(loose)) {
            prop_assert!(wide.encloses(narrow), "{wide:?} {narrow:?}");
        }
        // A part of the level is stricter than the whole, so that more questions never narrow an interval.
        let part = bonferroni(loose, looks);
        for (wide, narrow) in at(part).into_iter().zip(at(loose)) {
            prop_assert!(wide.encloses(narrow), "a share of 1/{looks}: {wide:?} {narrow:?}");
        }
    }

    /// The interval of a mean holds the mean of the very sample that it comes from.
    #[test]
    fn intervals_hold_their_own_estimate(values in prop::collection::vec(0.0..=1.0_f64, 2..300), alpha in 1e-9..0.5_f64) {
        let m = moments(&values);
        for found in [bounded_mean(&m, unit(), alpha), student_mean(&m, alpha)] {
            let found = found.expect("finite and inside the range");
            prop_assert!(found.interval.contains(found.value), "{found:?}");
        }
    }
}

/// So many sequences, as the promise of coverage is checked on.
const SEQUENCES: u64 = 10_000;

/// Holds that so many misses among the sequences are no sign of a chance above alpha. statistical: were the chance of a
/// miss at most alpha, this would fail with a probability of 1e-9 at most.
#[track_caller]
fn assert_covers(missed: u64, alpha: f64, what: &str) {
    assert!(binomial_at_least(missed, SEQUENCES, alpha) > 1e-9, "{what}: {missed} of {SEQUENCES} missed at {alpha}");
}

/// Laws on [0, 1] with their means: even, skewed, rare, and continuous.
type Draw = fn(&mut Xoshiro256PlusPlus) -> f64;
const LAWS: [(&str, f64, Draw); 4] = [
    ("fair coins", 0.5, |r| f64::from(u8::from(r.random::<f64>() < 0.5))),
    ("rare coins", 0.01, |r| f64::from(u8::from(r.random::<f64>() < 0.01))),
    ("squares", 1.0 / 3.0, |r| {
        let u = r.random::<f64>();
        u * u
    }),
    ("nearly always 1", 0.97, |r| if r.random::<f64>() < 0.03 { 0.0 } else { 1.0 }),
];

#[test]
fn intervals_over_all_looks_cover_at_least_as_often_as_they_say() {
    // The four looks of a cell, each with its part of the cell's level: a sequence is missed where any look misses.
    let (alpha, looks) = (0.1, [25_u64, 100, 400, 1600]);
    let each = bonferroni(alpha, looks.len());
    for (i, (name, mean, draw)) in LAWS.into_iter().enumerate() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(100 + i as u64);
        let (mut missed, mut missed_by_a_fifth) = (0, 0);
        for _ in 0..SEQUENCES {
            let mut m = Moments::default();
            let (mut any, mut any_narrow) = (false, false);
            for look in looks {
                while m.count() < look {
                    m.push(draw(&mut random));
                }
                let found = bounded_mean(&m, unit(), each).expect("inside the range");
                any |= !found.interval.contains(mean);
                any_narrow |= (found.value - mean).abs() > found.interval.width() / 10.0;
            }
            missed += u64::from(any);
            missed_by_a_fifth += u64::from(any_narrow);
        }
        assert_covers(missed, alpha, name);
        // The check has teeth: intervals a fifth as wide would fail it.
        assert!(binomial_at_least(missed_by_a_fifth, SEQUENCES, alpha) <= 1e-9, "{name}: {missed_by_a_fifth}");
    }
}

#[test]
fn intervals_of_a_probability_cover_at_least_as_often_as_they_say() {
    let alpha = 0.05;
    for (i, (n, p)) in [(10_u64, 0.5), (50, 0.02), (400, 0.9)].into_iter().enumerate() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(200 + i as u64);
        let missed = (0..SEQUENCES)
            .filter(|_| {
                let hits = (0..n).filter(|_| random.random::<f64>() < p).count() as u64;
                !clopper_pearson(hits, n, alpha).expect("hits of n").interval.contains(p)
            })
            .count();
        assert_covers(missed as u64, alpha, &format!("{n} trials of {p}"));
    }
}

#[test]
fn intervals_of_normal_means_and_slopes_cover_at_least_as_often_as_they_say() {
    let alpha = 0.05;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(300);
    // Box and Muller.
    let mut normal = || {
        let (u, v) = (1.0 - random.random::<f64>(), random.random::<f64>());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    };
    let (mut missed, mut missed_slopes) = (0, 0);
    for _ in 0..SEQUENCES {
        let values: Vec<f64> = (0..12).map(|_| 3.0 + 2.0 * normal()).collect();
        missed += u64::from(!student_mean(&moments(&values), alpha).expect("finite").interval.contains(3.0));
        // y = x^(-1/2) with a relative error of 1 % a point.
        let points: Vec<LogPoint> = (1..8)
            .map(|i| {
                let x = f64::from(i) * std::f64::consts::LN_2;
                LogPoint { x, y: -0.5 * x + 0.01 * normal(), standard_error: 0.01 }
            })
            .collect();
        missed_slopes += u64::from(!slope(&points).expect("seven points").interval(alpha).contains(-0.5));
    }
    assert_covers(missed, alpha, "Student's interval");
    assert_covers(missed_slopes, alpha, "the slope's interval");
}
