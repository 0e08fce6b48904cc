//! Statistics of whole sets.

use super::reference::{images, integer_start, one};
use super::tests::instruction_sets;
use super::*;

fn small(decay: f64) -> Network {
    Network::new(&[65, 31, 6], Scaling::Standard { mean: 0.3, sd: 0.4 }, decay).unwrap()
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    let largest = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    for (j, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * largest, "{what}, entry {j}: {a} against {b}");
    }
}

#[test]
fn sets_agree_with_a_loop_over_single_examples() {
    // identity: sums over single examples, the variance in two passes; 600 samples are two chunks and a part
    let network = small(0.25);
    let (pixels, labels) = images(&network, 600, 1);
    let samples = network.samples(&pixels, &labels).unwrap();
    let x: Vec<f64> = integer_start(&network, 2);
    let singles: Vec<_> = (0..600).map(|i| one(&network, &x, samples.image(i), labels[i])).collect();
    let loss = singles.iter().map(|s| s.0).sum::<f64>() / 600.0;
    let moment = |f: &dyn Fn(usize, &Vec<f64>) -> f64| -> Vec<f64> {
        (0..x.len()).map(|j| singles.iter().map(|s| f(j, &s.1)).sum::<f64>() / 600.0).collect()
    };
    let mean = moment(&|j, g| g[j]);
    let variance = moment(&|j, g| (g[j] - mean[j]) * (g[j] - mean[j]));
    let expected: Vec<f64> = mean.iter().zip(&x).map(|(m, x)| m + 0.25 * x).collect();
    let mut gradient = vec![f64::NAN; x.len()];
    let evaluation = network.evaluate_gradient(&x, samples, &mut gradient).unwrap();
    assert_near(&[evaluation.loss], &[loss], 1e-13, "loss");
    assert_near(&gradient, &expected, 1e-12, "gradient");
    let noise = network.noise(&x, samples).unwrap();
    assert_near(&noise.mean, &expected, 1e-12, "mean");
    assert_near(&noise.variance, &variance, 1e-12, "variance");
    assert_eq!(noise.deviations(), noise.variance.iter().map(|v| v.sqrt()).collect::<Vec<_>>());
    let penalty = x.iter().map(|x| 0.125 * x * x).sum::<f64>();
    assert_near(&[evaluation.penalty, evaluation.objective()], &[penalty, loss + penalty], 1e-13, "penalty");
    assert_eq!(evaluation, network.evaluate(&x, samples).unwrap());
    // and the whole set as one batch
    let all: Vec<usize> = (0..600).collect();
    let mut batch = vec![0.0; x.len()];
    let sum = network.batch(&x, samples, &all, &mut batch, &mut network.workspace()).unwrap();
    assert_near(&[sum / 600.0], &[loss], 1e-13, "batch");
    assert_near(&batch, &expected, 1e-12, "batch");
}

fn with_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

fn threads_change_no_bit<T: Float>() {
    let network = small(0.5);
    let (pixels, labels) = images(&network, 1100, 1);
    let samples = network.samples(&pixels, &labels).unwrap();
    let x: Vec<T> = integer_start(&network, 2);
    let all = || {
        let mut gradient = vec![0.0; x.len()];
        let evaluation = network.evaluate_gradient(&x, samples, &mut gradient).unwrap();
        assert_eq!(evaluation, network.evaluate(&x, samples).unwrap());
        (evaluation, gradient, network.noise(&x, samples).unwrap())
    };
    let one = with_threads(1, all);
    assert_eq!(one, with_threads(2, all));
    assert_eq!(one, with_threads(5, all));
    assert!(one.1.iter().all(|g| g.is_finite()));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    threads_change_no_bit::<f32>();
    threads_change_no_bit::<f64>();
}

#[test]
fn many_chunks_are_merged_in_order() {
    // identity: 70 chunks, more than are held at a time, merged one after the other as they are documented. Sums over a
    // chunk of 256 follow exactly from its means.
    let network = Network::new(&[3, 2], Scaling::Unit, 0.0).unwrap();
    let n = 70 * 256;
    let (pixels, labels) = images(&network, n, 1);
    let samples = network.samples(&pixels, &labels).unwrap();
    let x: Vec<f64> = integer_start(&network, 2);
    let (mut sums, mut loss, mut correct) = (vec![0.0; x.len()], 0.0, 0);
    let (mut mean, mut square) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    for chunk in 0..70 {
        let range = 256 * chunk..256 * (chunk + 1);
        let part = network.samples(&pixels[3 * range.start..3 * range.end], &labels[range]).unwrap();
        let mut gradient = vec![0.0; x.len()];
        let evaluation = network.evaluate_gradient(&x, part, &mut gradient).unwrap();
        sums.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += 256.0 * g);
        loss += 256.0 * evaluation.loss;
        correct += evaluation.correct;
        let noise = network.noise(&x, part).unwrap();
        let here = 256.0 * chunk as f64;
        let share = 256.0 / (here + 256.0);
        for j in 0..x.len() {
            let delta = noise.mean[j] - mean[j];
            mean[j] += delta * share;
            square[j] += 256.0 * noise.variance[j] + delta * delta * here * share;
        }
    }
    let (evaluation, gradient, noise) = with_threads(5, || {
        let mut gradient = vec![0.0; x.len()];
        let evaluation = network.evaluate_gradient(&x, samples, &mut gradient).unwrap();
        (evaluation, gradient, network.noise(&x, samples).unwrap())
    });
    let of_all = |sums: &[f64]| sums.iter().map(|sum| sum / n as f64).collect::<Vec<_>>();
    assert_eq!((evaluation.loss, gradient), (loss / n as f64, of_all(&sums)));
    assert_eq!((evaluation.correct, evaluation.samples), (correct, n));
    assert_eq!(evaluation.accuracy(), correct as f64 / n as f64);
    assert_eq!((noise.mean, noise.variance), (mean, of_all(&square)));
}

#[test]
fn the_first_of_equal_logits_counts() {
    // exact: one layer without weights; logits are the biases
    let network = Network::new(&[1, 3], Scaling::Unit, 0.0).unwrap();
    let pixels = [0; 6];
    let samples = network.samples(&pixels, &[0, 0, 1, 2, 2, 2]).unwrap();
    let correct = |b: [f32; 3]| network.evaluate(&[&[0.0; 3][..], &b].concat(), samples).unwrap().correct;
    assert_eq!(correct([0.0, 0.0, 0.0]), 2);
    assert_eq!(correct([0.0, 1.0, 1.0]), 1);
    assert_eq!(correct([0.0, 1.0, 1.5]), 3);
    assert_eq!(correct([-1.0, -1.0, f32::NEG_INFINITY]), 2);
    for b in [[f32::NAN, 0.0, 0.0], [0.0, 0.0, f32::NAN], [0.0, f32::NAN, 1.0]] {
        assert_eq!(correct(b), 0);
    }
}

#[test]
fn one_repeated_sample_has_no_noise() {
    // exact: every update has the difference 0 after the first, and so has every merge
    let network = small(0.0);
    let (image, _) = images(&network, 1, 1);
    let (pixels, labels) = (image.repeat(700), vec![3; 700]);
    let samples = network.samples(&pixels, &labels).unwrap();
    let x: Vec<f32> = integer_start(&network, 2);
    let noise = network.noise(&x, samples).unwrap();
    assert!(noise.variance.iter().all(|v| *v == 0.0));
    let mut alone = vec![0.0f32; x.len()];
    network.batch(&x, samples, &[0], &mut alone, &mut network.workspace()).unwrap();
    assert_eq!(noise.mean, alone.iter().map(|g| f64::from(*g)).collect::<Vec<_>>());
}

#[test]
fn the_noise_of_two_samples_is_worked_out_by_hand() {
    // exact: one layer at 0, two classes: delta = (-1/2, 1/2) for label 0 and (1/2, -1/2) for label 1; with pixels 1 and
    // 0 the gradients of W are (-1/2, 1/2) and 0: mean (-1/4, 1/4), variance 1/16; those of b have mean 0, variance 1/4
    let network = Network::new(&[1, 2], Scaling::Unit, 0.0).unwrap();
    let samples = network.samples(&[255, 0], &[0, 1]).unwrap();
    let noise = network.noise(&[0.0f32; 4], samples).unwrap();
    assert_eq!(noise.mean, [-0.25, 0.25, 0.0, 0.0]);
    assert_eq!(noise.variance, [0.0625, 0.0625, 0.25, 0.25]);
    assert_eq!(noise.deviations(), [0.25, 0.25, 0.5, 0.5]);
}

#[test]
fn small_variances_survive_large_means() {
    // exact: W = 0 and logits (0, 40) leave softmax p = e^-40/(1 + e^-40) of class 0; all labels 0 but one: b has the
    // gradient p - 1 everywhere but there, where it is p. The variance of n - 1 numbers p - 1 and one p is (n - 1)/n^2.
    let network = Network::new(&[1, 2], Scaling::Unit, 0.0).unwrap();
    let n = 10_000;
    let mut labels = vec![0; n];
    labels[7000] = 1;
    let pixels = vec![0; n];
    let samples = network.samples(&pixels, &labels).unwrap();
    let noise = network.noise(&[0.0f64, 0.0, 0.0, 40.0], samples).unwrap();
    let expected = (n - 1) as f64 / (n * n) as f64;
    assert!((noise.variance[2] / expected - 1.0).abs() < 1e-10, "{}", noise.variance[2]);
}

#[test]
fn the_instruction_set_changes_no_bit_of_the_noise() {
    // identity: the update runs in `dispatch` with the workspace's instruction set, which the passes of a set choose
    // themselves; here they are run by hand
    let network = Network::new(&[65, 43, 6], Scaling::Unit, 0.0).unwrap();
    let (pixels, labels) = images(&network, 30, 1);
    let samples = network.samples(&pixels, &labels).unwrap();
    let block: Vec<usize> = (0..30).collect();
    let x: Vec<f32> = integer_start(&network, 2);
    let all: Vec<_> = instruction_sets()
        .into_iter()
        .map(|arch| {
            let mut workspace = network.workspace();
            workspace.arch = arch;
            network.noise_of_block(&x, samples, &block, &mut workspace)
        })
        .collect();
    let noise = network.noise(&x, samples).unwrap();
    for (mean, square) in all {
        assert_eq!(mean, noise.mean);
        assert_eq!(square.iter().map(|s| s / 30.0).collect::<Vec<_>>(), noise.variance);
    }
}

#[test]
fn norms_and_density_of_small_vectors_are_exact() {
    // exact: (3, -4): 7, 5, 49/50; equal entries have density 1, a single entry 1/d, and 0 has none
    let norms = Norms::of(&[3.0f32, -4.0]);
    assert_eq!((norms.l1, norms.l2, norms.density), (7.0, 5.0, 0.98));
    assert_eq!(Norms::of(&[0.5; 16]).density, 1.0);
    assert_eq!(Norms::of(&[0.0, 0.0, -7.0, 0.0]).density, 0.25);
    let zero = Norms::of(&[0.0f64; 3]);
    assert!(zero.l1 == 0.0 && zero.l2 == 0.0 && zero.density.is_nan());
    assert!(!Norms::of(&[1.0, f64::NAN]).l2.is_finite() && !Norms::of(&[1.0, f64::INFINITY]).l1.is_finite());
}
