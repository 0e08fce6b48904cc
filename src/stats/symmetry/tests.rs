use super::*;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The largest distance of the two empirical laws by the definition: at each point and just before it.
fn by_definition(d: &[f64]) -> f64 {
    let n = d.len() as f64;
    let share = |holds: &dyn Fn(f64) -> bool| d.iter().filter(|x| holds(**x)).count() as f64 / n;
    let places = d.iter().flat_map(|x| [*x, -x]);
    places
        .flat_map(|at| [share(&|x| x <= at) - share(&|x| -x <= at), share(&|x| x < at) - share(&|x| -x < at)])
        .fold(0.0, |most, apart: f64| most.max(apart.abs()))
}

#[test]
fn the_distance_is_that_of_the_definition() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
    for round in 0..100 {
        let ties = round % 2 == 0;
        let draw = |random: &mut Xoshiro256PlusPlus| {
            let x = random.random::<f64>() * 8.0 - 3.0;
            if ties { x.floor() } else { x }
        };
        let d: Vec<f64> = (0..=(round % 13)).map(|_| draw(&mut random)).collect();
        assert!((asymmetry(&d).distance - by_definition(&d)).abs() < 1e-12, "{d:?}");
    }
    assert_eq!(asymmetry(&[]), Asymmetry { distance: 0.0, p_value: 1.0 });
    assert_eq!(asymmetry(&[0.0, 0.0]), Asymmetry { distance: 0.0, p_value: 1.0 });
}

#[test]
fn tails_of_the_walk_are_those_of_all_paths() {
    for m in 0..=12_u32 {
        for a in 0..=m + 1 {
            let reaches = |path: &u32| {
                let steps = (0..m).scan(0_i32, |sum, k| {
                    *sum += if path >> k & 1 == 1 { 1 } else { -1 };
                    Some(*sum)
                });
                a == 0 || steps.into_iter().any(|sum| sum.unsigned_abs() >= a)
            };
            // Exact: by enumeration of the 2^m paths.
            let counted = (0..1_u32 << m).filter(reaches).count() as f64 / f64::from(1_u32 << m);
            let found = walk_reaches(m.into(), a.into());
            assert!((found - counted).abs() < 1e-14, "{m} {a}: {found} and {counted}");
        }
    }
    // Exact: only the two straight paths go so far.
    assert!((walk_reaches(900, 900).log2() + 899.0).abs() < 1e-9);
}

/// Of 400 samples of 200, how many are rejected at 5 %: about the law's mean, and about the sample's.
fn rejected(law: impl Fn(&mut Xoshiro256PlusPlus) -> f64) -> (usize, usize) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(19);
    let (mut known, mut estimated) = (0, 0);
    for _ in 0..400 {
        let d: Vec<f64> = (0..200).map(|_| law(&mut random)).collect();
        let mean = d.iter().sum::<f64>() / 200.0;
        let centred: Vec<f64> = d.iter().map(|d| d - mean).collect();
        known += usize::from(asymmetry(&d).p_value <= 0.05);
        estimated += usize::from(asymmetry(&centred).p_value <= 0.05);
    }
    (known, estimated)
}

#[test]
fn the_level_holds_and_a_skewed_law_is_seen() {
    let normal = |random: &mut Xoshiro256PlusPlus| -> f64 { StandardNormal.sample(random) };
    let exponential = |random: &mut Xoshiro256PlusPlus| -(1.0 - random.random::<f64>()).ln();
    let laplace = |random: &mut Xoshiro256PlusPlus| {
        let size = exponential(random);
        if random.random::<bool>() { size } else { -size }
    };
    // Statistical: of 400 fair tests at 5 %, P[Bin(400, 1/20) > 38] < 1e-4, and P[.. < 5] < 1e-4.
    for (known, estimated) in [rejected(normal), rejected(laplace)] {
        assert!((5..=38).contains(&known) && estimated <= 38, "{known} {estimated}");
    }
    // About the sample's mean the test is conservative for normal laws: the variance 1 - 2/pi of the last sum.
    assert!(rejected(normal).1 <= 5);
    let (known, estimated) = rejected(|random| exponential(random) - 1.0);
    assert!(known >= 390 && estimated >= 350, "{known} {estimated}");
    // Two humps of one shape are symmetric.
    let humps = |random: &mut Xoshiro256PlusPlus| normal(random) + if random.random::<bool>() { 2.0 } else { -2.0 };
    assert!(rejected(humps).0 <= 38);
}
