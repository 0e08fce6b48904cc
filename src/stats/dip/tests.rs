use super::*;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// 2 n D by the definition alone: for each place of the mode, the smallest D for which a curve that is convex before it
/// and concave after it stays within D of the steps, by bisection.
fn by_definition(sorted: &[f64]) -> f64 {
    let mut steps: Vec<[f64; 3]> = Vec::new();
    for (i, &x) in sorted.iter().enumerate() {
        match steps.last_mut() {
            Some(last) if last[0] == x => last[2] += 1.0,
            _ => steps.push([x, i as f64, (i + 1) as f64]),
        }
    }
    let n = sorted.len() as f64;
    let mirrored: Vec<[f64; 3]> = steps.iter().rev().map(|[x, below, upto]| [-x, n - upto, n - below]).collect();
    let fits = |mode: usize, d: f64| {
        // The lowest end of the convex part on the left, and the highest start of the concave part on the right.
        let (left, right) = (lowest_end(&steps[..=mode], d), lowest_end(&mirrored[..steps.len() - mode], d));
        matches!((left, right), (Some(left), Some(right)) if left <= n - right + 1e-9)
    };
    let bisect = |mode: usize| {
        let (mut low, mut high) = (0.0, n);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if fits(mode, middle) { high = middle } else { low = middle }
        }
        high
    };
    (0..steps.len()).map(bisect).fold(f64::MAX, f64::min).max(0.5) * 2.0
}

/// The lowest value, just before the last step, of a convex increasing curve from 0 within d of the steps before it.
fn lowest_end(steps: &[[f64; 3]], d: f64) -> Option<f64> {
    let [before @ .., last] = steps else { return None };
    let fits = |end: f64| {
        // The highest such curve that ends at `end`: the convex minorant of the upper limits.
        let mut upper: Vec<(f64, f64)> = before.iter().map(|[x, below, _]| (*x, (below + d).min(end))).collect();
        upper.insert(0, (steps[0][0] - 1e6, d.min(end)));
        upper.push((last[0], end));
        let at = |x: f64| {
            let chords = upper.iter().flat_map(|a| upper.iter().map(move |b| (a, b)));
            let over = chords.filter(|(a, b)| a.0 <= x && x <= b.0);
            over.map(|(a, b)| if a.0 == b.0 { a.1 } else { a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0) })
                .fold(f64::MAX, f64::min)
        };
        before.iter().all(|[x, _, upto]| at(*x) >= (upto - d).max(0.0) - 1e-9)
    };
    let (mut low, mut high) = ((last[1] - d).max(0.0), last[1] + d);
    if !fits(high) {
        return None;
    }
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if fits(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

fn scaled(sample: &[f64]) -> f64 {
    dip(sample) * 2.0 * sample.len() as f64
}

#[test]
fn dips_that_are_known() {
    // Exact: one straight line is within half a step of equally spaced steps.
    for n in [1, 2, 3, 10, 1000] {
        let equal: Vec<f64> = (0..n).map(f64::from).collect();
        assert_eq!(scaled(&equal), 1.0, "{n}");
    }
    // Exact: the largest value of all, for half of the points at each of two places.
    assert_eq!(dip(&[1.0, 1.0, 2.0, 2.0]), 0.25);
    // Exact: one atom beside its own neighbour is unimodal.
    assert_eq!(scaled(&[1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]), 1.0);
    assert_eq!(dip(&[]), 0.0);
    // Exact limit: two tight clusters far from each other.
    let two: Vec<f64> =
        (0..500).map(|i| f64::from(i) * 1e-6).chain((0..500).map(|i| 1.0 + f64::from(i) * 1e-6)).collect();
    assert!((dip(&two) - 0.25).abs() < 0.002, "{}", dip(&two));
}

#[test]
fn dips_that_are_published() {
    // Reference: R 4.5.1, package diptest, tests/ex1.Rout.save-64b: 2nD = 4/3 for five points, from either side.
    for five in [[0.0, 2.0, 3.0, 5.0, 6.0], [0.0, 1.0, 3.0, 4.0, 6.0]] {
        assert!((scaled(&five) - 4.0 / 3.0).abs() < 1e-12);
    }
    // Reference: there, 2nD = 7.5, the quality of 63 departments of statistics of Hartigan and Hartigan (1985).
    let quality = [
        30, 33, 35, 36, 37, 37, 39, 39, 39, 39, 39, 40, 40, 40, 40, 41, 42, 43, 43, 43, 44, 44, 45, 45, 46, 46, 47, 47,
        48, 48, 48, 49, 50, 50, 51, 52, 52, 53, 53, 53, 53, 53, 54, 54, 57, 57, 59, 60, 60, 60, 61, 61, 61, 61, 62, 62,
        62, 62, 63, 66, 70, 72, 72,
    ];
    assert!((scaled(&quality.map(f64::from)) - 7.5).abs() < 1e-12);
}

#[test]
fn the_dip_is_that_of_the_definition() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
    for round in 0..60 {
        let n = 2 + round % 8;
        // Whole numbers of a few values have ties; the others have none.
        let values = if round % 3 == 0 { 5.0 } else { 1e9 };
        let mut sample: Vec<f64> = (0..n).map(|_| (random.random::<f64>() * values).floor() / values).collect();
        sample.sort_unstable_by(f64::total_cmp);
        // Identity: two routes; the bisections end within 1e-8.
        let (found, defined) = (scaled(&sample), by_definition(&sample));
        assert!((found - defined).abs() < 1e-6, "{sample:?}: {found} and {defined}");
    }
}

#[test]
fn quantiles_of_uniform_samples_are_those_of_a_table() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
    let dips = uniform_dips(50, 2000, || random.random());
    // Reference: table qDiptab of R's diptest (1 000 001 samples), n = 50: levels 0.5, 0.95 and 0.99. Statistical: of
    // 2000 samples, the share above a quantile of level p errs by less than 4 sqrt(p (1 - p)/2000).
    for (value, level, slack) in [(0.048_851, 0.5, 0.045), (0.070_274, 0.05, 0.02), (0.081_200, 0.01, 0.009)] {
        let above = dip_p_value(value, &dips);
        assert!((above - level).abs() < slack, "{value}: {above}");
    }
}

#[test]
fn the_level_holds_for_peaks_and_two_humps_are_seen() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let null = uniform_dips(200, 499, || random.random());
    let mut share = |law: &dyn Fn(&mut Xoshiro256PlusPlus) -> f64| {
        let rejected = (0..100).filter(|_| {
            let mut sample: Vec<f64> = (0..200).map(|_| law(&mut random)).collect();
            sample.sort_unstable_by(f64::total_cmp);
            dip_p_value(dip(&sample), &null) <= 0.05
        });
        rejected.count()
    };
    let normal = |random: &mut Xoshiro256PlusPlus| -> f64 { StandardNormal.sample(random) };
    // Statistical: P[Bin(100, 1/20) > 14] < 1e-4, and two humps four deviations apart escape only by chance.
    assert!(share(&normal) <= 14);
    assert!(share(&|random| normal(random) + if random.random::<bool>() { 2.0 } else { -2.0 }) >= 95);
}

#[test]
fn p_values_count_themselves() {
    // Exact: (1 + b)/(1 + B).
    let simulated = [0.1, 0.2, 0.2, 0.3];
    assert_eq!([0.05, 0.2, 0.31].map(|dip| dip_p_value(dip, &simulated)), [1.0, 0.8, 0.2]);
    assert_eq!(dip_p_value(0.3, &[]), 1.0);
}
