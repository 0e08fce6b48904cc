//! Losses and gradients of batches.

use super::reference::{Integers, images, in_order, integer_start, one};
use super::*;
use pulp::Arch;

pub(super) const DIGITS: &[usize] = &[784, 64, 64, 10];
/// Widths that no vector divides, and the sizes around a panel.
const ODD: &[&[usize]] =
    &[&[3, 2], &[1, 1, 1], &[13, 17, 3], &[63, 5, 9, 4], &[64, 33, 10], &[65, 31, 6], &[200, 70, 11]];

fn network(widths: &[usize]) -> Network {
    Network::new(widths, Scaling::Unit, 0.0).unwrap()
}

fn batch<T: Float>(network: &Network, x: &[T], samples: Samples, indices: &[usize]) -> (f64, Vec<T>) {
    let mut gradient = vec![T::from_f64(f64::NAN); x.len()];
    let loss = network.batch(x, samples, indices, &mut gradient, &mut network.workspace()).unwrap();
    (loss, gradient)
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    let largest = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    for (j, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * largest, "{what}, entry {j}: {a} against {b}");
    }
}

fn two_by_two<T: Float>(scaling: Scaling, pixels: &[u8]) {
    // exact: W1 = [1 -1; 2 1], b1 = (1/2, -3), W2 = [2 5; -2 7], b2 = (-1, 1); a0 = (1, 1): z1 = (1/2, 0), at the kink of
    // the second unit; a1 = (1/2, 0), z2 = (0, 0), loss ln 2; delta2 = (-1/2, 1/2) for label 0, W2'delta2 = (-2, 1),
    // delta1 = (-2, 0)
    let network = Network::new(&[2, 2, 2], scaling, 0.0).unwrap();
    let numbers = |v: &[f64]| v.iter().map(|v| T::from_f64(*v)).collect::<Vec<T>>();
    let x = numbers(&[1.0, -1.0, 2.0, 1.0, 0.5, -3.0, 2.0, 5.0, -2.0, 7.0, -1.0, 1.0]);
    let samples = network.samples(pixels, &[0]).unwrap();
    let expected = [-2.0, -2.0, 0.0, 0.0, -2.0, 0.0, -0.25, 0.0, 0.25, 0.0, -0.5, 0.5];
    assert_eq!(batch(&network, &x, samples, &[0]), (std::f64::consts::LN_2, numbers(&expected)));
    // and the regulariser, (1/2) |x|_2^2 / 2 with |x|^2 = 1 + 1 + 4 + 1 + 1/4 + 9 + 4 + 25 + 4 + 49 + 1 + 1
    let network = Network::new(&[2, 2, 2], scaling, 0.5).unwrap();
    let decayed: Vec<f64> = expected.iter().zip(&x).map(|(g, x)| g + 0.5 * Into::<f64>::into(*x)).collect();
    assert_eq!(batch(&network, &x, samples, &[0]), (std::f64::consts::LN_2, numbers(&decayed)));
    assert_eq!(network.penalty(&x), 100.25 / 4.0);
}

#[test]
fn a_small_network_has_the_gradient_worked_out_by_hand() {
    two_by_two::<f32>(Scaling::Unit, &[255, 255]);
    two_by_two::<f64>(Scaling::Unit, &[255, 255]);
    // (v/255 - 1/2)/(1/2) is 1 at 255
    two_by_two::<f32>(Scaling::Standard { mean: 0.5, sd: 0.5 }, &[255, 255]);
    two_by_two::<f64>(Scaling::Standard { mean: 0.5, sd: 0.5 }, &[255, 255]);
}

#[test]
fn pixels_are_scaled_as_declared() {
    assert_eq!([0, 51, 255].map(|v| Scaling::Unit.apply(v)), [0.0, 0.2, 1.0]);
    let standard = Scaling::Standard { mean: 0.25, sd: 0.5 };
    assert_eq!([0, 255].map(|v| standard.apply(v)), [-0.5, 1.5]);
    // identity: a layer with the identity as weights has the scaled pixels as derivatives; the logits are equal, and
    // delta = (-1/2, 1/2)
    let network = Network::new(&[3, 2], standard, 0.0).unwrap();
    let pixels = [0, 100, 255];
    let (_, gradient) = batch(&network, &[0.0f64; 8], network.samples(&pixels, &[0]).unwrap(), &[0]);
    let expected = pixels.map(|v| -0.5 * (f64::from(v) / 255.0 - 0.25) / 0.5);
    assert_eq!(gradient[..3], expected);
}

/// Of the central differences with step h: the largest error over the largest derivative.
fn difference_error<T: Float>(network: &Network, seed: u64, h: f64) -> f64 {
    let (pixels, labels) = images(network, 5, seed);
    let samples = network.samples(&pixels, &labels).unwrap();
    let indices = [0, 1, 2, 3, 4];
    let x: Vec<T> = integer_start(network, seed);
    let (_, gradient) = batch(network, &x, samples, &indices);
    let value = |x: &[T]| batch(network, x, samples, &indices).0 / 5.0 + network.penalty(x);
    let (mut worst, mut largest) = (0.0f64, 0.0f64);
    for j in 0..x.len() {
        let moved = |s: f64| {
            let mut y = x.clone();
            y[j] = T::from_f64(Into::<f64>::into(y[j]) + s * h);
            (Into::<f64>::into(y[j]), value(&y))
        };
        let ((up, f), (down, g)) = (moved(1.0), moved(-1.0));
        let expected: f64 = gradient[j].into();
        worst = worst.max(((f - g) / (up - down) - expected).abs());
        largest = largest.max(expected.abs());
    }
    worst / largest
}

#[test]
fn gradients_agree_with_central_differences() {
    // The error of a difference is h^2 |f'''|/6 plus rounding: 1e-16/h in double, 1e-7/h in single precision, in which
    // a step of 2^-7 leaves 2e-5. The seeds are ones for which no unit crosses its kink within h.
    for (widths, decay) in [(&[4, 3][..], 0.0), (&[5, 4, 3], 0.25), (&[7, 5, 6, 4], 0.0)] {
        let scaling = Scaling::Standard { mean: 0.3, sd: 0.4 };
        let network = Network::new(widths, scaling, decay).unwrap();
        let error = difference_error::<f64>(&network, 3, 1.0 / f64::from(1 << 17));
        assert!(error < 1e-7, "{widths:?}: {error}");
        let error = difference_error::<f32>(&network, 3, 1.0 / 128.0);
        assert!(error < 1e-3, "{widths:?}: {error}");
    }
}

#[test]
fn batches_agree_with_a_loop_over_single_examples() {
    // identity: the same terms in another order and without a shift of the logits, so that rounding alone may differ
    for (widths, scaling) in [
        (DIGITS, Scaling::Unit),
        (&[784, 128, 10], Scaling::Standard { mean: 0.1307, sd: 0.3081 }),
        (&[13, 17, 3], Scaling::Unit),
    ] {
        let network = Network::new(widths, scaling, 0.0).unwrap();
        let (pixels, labels) = images(&network, 70, 1);
        let samples = network.samples(&pixels, &labels).unwrap();
        let x = integer_start(&network, 2);
        let (mut loss, mut gradient) = (0.0, vec![0.0; x.len()]);
        for i in 0..70 {
            let (l, g) = one(&network, &x, &pixels[i * widths[0]..][..widths[0]], labels[i]);
            loss += l;
            gradient.iter_mut().zip(g).for_each(|(sum, g)| *sum += g / 70.0);
        }
        let all: Vec<usize> = (0..70).collect();
        let (found, batch) = batch(&network, &x, samples, &all);
        assert!((found / loss - 1.0).abs() < 1e-12, "{found} against {loss}");
        assert_near(&batch, &gradient, 1e-12, "gradient");
        let l1: f64 = gradient.iter().map(|g| g.abs()).sum();
        let square: f64 = gradient.iter().map(|g| g * g).sum();
        let norms = Norms::of(&batch);
        for (found, expected) in
            [(norms.l1, l1), (norms.l2, square.sqrt()), (norms.density, l1 * l1 / (gradient.len() as f64 * square))]
        {
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} against {expected}");
        }
    }
}

fn every_batch_has_the_promised_order<T: Float>(widths: &[usize], batches: &[usize], decay: f64) {
    let network = Network::new(widths, Scaling::Unit, decay).unwrap();
    let (pixels, labels) = images(&network, 50, 5);
    let samples = network.samples(&pixels, &labels).unwrap();
    let x: Vec<T> = integer_start(&network, 4);
    let mut integers = Integers(6);
    // One workspace for all: what an earlier batch left in it must not matter.
    let mut workspace = network.workspace();
    for &m in batches {
        let indices: Vec<usize> = (0..m).map(|_| (integers.next() % 50) as usize).collect();
        let mut gradient = vec![T::from_f64(f64::NAN); x.len()];
        let loss = network.batch(&x, samples, &indices, &mut gradient, &mut workspace).unwrap();
        let expected = in_order(&network, &x, samples, &indices);
        assert_eq!(loss, expected.0, "{widths:?}, batch of {m}");
        let first = gradient.iter().zip(&expected.1).position(|(a, b)| a != b);
        assert_eq!(first, None, "{widths:?}, batch of {m}: the first entry that differs");
    }
}

#[test]
fn the_bits_are_those_of_plain_loops() {
    for widths in ODD {
        for decay in [0.0, 0.1] {
            every_batch_has_the_promised_order::<f32>(widths, &[70, 1, 2, 5, 16, 31, 32, 33, 3, 97], decay);
            every_batch_has_the_promised_order::<f64>(widths, &[70, 1, 2, 5, 16, 31, 32, 33, 3, 97], decay);
        }
    }
    every_batch_has_the_promised_order::<f32>(DIGITS, &[33, 32, 7], 0.0);
    every_batch_has_the_promised_order::<f64>(DIGITS, &[33, 32, 7], 0.0);
}

/// The instruction sets that this processor has, the oldest first.
pub(super) fn instruction_sets() -> Vec<Arch> {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        let mut all = vec![Arch::Scalar];
        all.extend(pulp::x86::V3::try_new().map(Arch::V3));
        all.extend(pulp::x86::V4::try_new().map(Arch::V4));
        all
    }
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    vec![Arch::new()]
}

fn the_instruction_set_changes_no_bit<T: Float>(widths: &[usize]) {
    let network = network(widths);
    let (pixels, labels) = images(&network, 50, 5);
    let samples = network.samples(&pixels, &labels).unwrap();
    let x: Vec<T> = integer_start(&network, 4);
    let indices: Vec<usize> = (0..50).rev().collect();
    let with = |arch: Arch| {
        let mut workspace = network.workspace();
        workspace.arch = arch;
        let mut gradient = vec![T::default(); x.len()];
        (network.batch(&x, samples, &indices, &mut gradient, &mut workspace).unwrap(), gradient)
    };
    let all = instruction_sets();
    all.iter().for_each(|arch| assert!(with(*arch) == with(Arch::new()), "{arch:?}, {widths:?}"));
}

#[test]
fn instruction_sets_change_no_bit() {
    for widths in ODD.iter().chain([&DIGITS]) {
        the_instruction_set_changes_no_bit::<f32>(widths);
        the_instruction_set_changes_no_bit::<f64>(widths);
    }
}

#[test]
fn a_batch_knows_its_samples_and_not_their_places() {
    let network = network(&[13, 17, 3]);
    let (pixels, labels) = images(&network, 60, 8);
    let samples = network.samples(&pixels, &labels).unwrap();
    let x: Vec<f32> = integer_start(&network, 9);
    let indices: Vec<usize> = (0..45).map(|k| 7 * k % 60).collect();
    // identity: the same images in the same order, copied to other places
    let copied: Vec<u8> = indices.iter().flat_map(|i| samples.image(*i).to_vec()).collect();
    let copied_labels: Vec<u8> = indices.iter().map(|i| labels[*i]).collect();
    let moved = network.samples(&copied, &copied_labels).unwrap();
    let in_place: Vec<usize> = (0..45).collect();
    assert!(batch(&network, &x, samples, &indices) == batch(&network, &x, moved, &in_place));
    // Another order has the same sums but for rounding.
    let x: Vec<f64> = integer_start(&network, 9);
    let reversed: Vec<usize> = indices.iter().rev().copied().collect();
    let (a, b) = (batch(&network, &x, samples, &indices), batch(&network, &x, samples, &reversed));
    assert_near(&a.1, &b.1, 1e-14, "reversed");
    assert_near(&[a.0], &[b.0], 1e-14, "reversed");
}

#[test]
fn copies_of_a_sample_have_its_gradient() {
    let network = network(&[65, 31, 6]);
    let (pixels, labels) = images(&network, 3, 8);
    let samples = network.samples(&pixels, &labels).unwrap();
    let x: Vec<f64> = integer_start(&network, 9);
    for i in 0..3 {
        let (loss, alone) = batch(&network, &x, samples, &[i]);
        // exact: half of a number and twice its half are not rounded
        assert!(batch(&network, &x, samples, &[i, i]) == (2.0 * loss, alone.clone()));
        for m in [3, 32, 70] {
            let (sum, gradient) = batch(&network, &x, samples, &vec![i; m]);
            assert_near(&gradient, &alone, 1e-14, "copies");
            assert_near(&[sum], &[m as f64 * loss], 1e-14, "copies");
        }
    }
    // and a batch is the mean of its samples
    let singles: Vec<Vec<f64>> = (0..3).map(|i| batch(&network, &x, samples, &[i]).1).collect();
    let mean: Vec<f64> = (0..x.len()).map(|j| (singles[0][j] + singles[1][j] + singles[2][j]) / 3.0).collect();
    assert_near(&batch(&network, &x, samples, &[0, 1, 2]).1, &mean, 1e-15, "mean");
}

#[test]
fn logits_of_any_size_have_their_limits() {
    // exact: one layer, weights 0, so that the biases are the logits
    let network = network(&[2, 3]);
    let pixels = [7, 9, 7, 9];
    let samples = network.samples(&pixels, &[0, 2]).unwrap();
    let biases = |b: [f32; 3]| [&[0.0f32; 6], &b[..]].concat();
    let (loss, gradient) = batch(&network, &biases([3e38, 0.0, -3e38]), samples, &[0]);
    assert_eq!((loss, &gradient[6..]), (0.0, &[0.0, 0.0, 0.0][..]));
    let (loss, gradient) = batch(&network, &biases([1e30, 0.0, -1e30]), samples, &[1]);
    assert_eq!((loss, &gradient[6..]), (2.0 * f64::from(1e30f32), &[1.0, 0.0, -1.0][..]));
    // a logit of -infinity has probability 0
    let (loss, gradient) = batch(&network, &biases([0.0, 0.0, f32::NEG_INFINITY]), samples, &[0]);
    assert_eq!((loss, &gradient[6..]), (std::f64::consts::LN_2, &[-0.5, 0.5, 0.0][..]));
    let (loss, gradient) = batch(&network, &biases([0.0, 0.0, f32::NEG_INFINITY]), samples, &[1]);
    assert_eq!((loss, &gradient[6..]), (f64::INFINITY, &[0.5, 0.5, -1.0][..]));
}

#[test]
fn what_is_not_finite_stays_so_and_stops_nothing() {
    let network = network(&[13, 17, 5, 3]);
    let (pixels, labels) = images(&network, 40, 8);
    let samples = network.samples(&pixels, &labels).unwrap();
    let all: Vec<usize> = (0..40).collect();
    let mut workspace = network.workspace();
    let clean: Vec<f32> = integer_start(&network, 9);
    let expected = batch(&network, &clean, samples, &all);
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3e38, -3e38] {
        // a weight of each layer, and a bias
        for place in network.layers().iter().flat_map(|l| [l.weights.start, l.biases.start]) {
            let mut x = clean.clone();
            x[place] = value;
            let mut gradient = vec![0.0; x.len()];
            let loss = network.batch(&x, samples, &all, &mut gradient, &mut workspace).unwrap();
            if value.is_nan() {
                assert!(loss.is_nan(), "{value} at {place}: {loss}");
                assert!(gradient.iter().any(|g| g.is_nan()), "{value} at {place}");
                assert_eq!(network.evaluate(&x, samples).unwrap().correct, 0);
            }
            assert!(network.noise(&x, samples).is_ok());
            // What is left in the workspace harms no later batch.
            let mut gradient = vec![0.0; x.len()];
            let loss = network.batch(&clean, samples, &all[..5], &mut gradient, &mut workspace).unwrap();
            assert_eq!((loss, gradient), batch(&network, &clean, samples, &all[..5]));
        }
        let everywhere = vec![value; clean.len()];
        let (loss, _) = batch(&network, &everywhere, samples, &all);
        assert!(!loss.is_finite() || value == -3e38, "{value}: {loss}");
    }
    assert_eq!(batch(&network, &clean, samples, &all), expected);
}

#[test]
fn the_zero_start_trains_nothing_but_the_last_biases() {
    // exact: equal logits; of four samples with labels 0, 0, 1, 2 the mean of softmax - e_y is (1/3 - 1/2, 1/12, 1/12)
    let network = network(&[4, 5, 3]);
    let samples_of = [9u8; 16];
    let samples = network.samples(&samples_of, &[0, 0, 1, 2]).unwrap();
    let (loss, gradient) = batch(&network, &vec![0.0f64; network.dimension()], samples, &[0, 1, 2, 3]);
    assert!((loss - 4.0 * 3f64.ln()).abs() < 1e-15);
    let (dead, last) = gradient.split_at(network.layers()[1].biases.start);
    assert!(dead.iter().all(|g| *g == 0.0));
    assert_near(last, &[-1.0 / 6.0, 1.0 / 12.0, 1.0 / 12.0], 1e-15, "biases");
}

#[test]
fn places_follow_each_other() {
    let network = network(DIGITS);
    assert_eq!((network.dimension(), network.inputs(), network.classes()), (55_050, 784, 10));
    let layers = network.layers();
    let sizes: Vec<_> = layers.iter().map(|l| (l.inputs, l.outputs)).collect();
    assert_eq!(sizes, [(784, 64), (64, 64), (64, 10)]);
    assert_eq!((layers[0].weights.clone(), layers[0].biases.clone()), (0..50_176, 50_176..50_240));
    assert_eq!((layers[1].weights.clone(), layers[1].biases.clone()), (50_240..54_336, 54_336..54_400));
    assert_eq!((layers[2].weights.clone(), layers[2].biases.clone()), (54_400..55_040, 55_040..55_050));
}

#[test]
fn what_does_not_fit_is_refused() {
    let shape = |r: Result<(), DataError>, what: &str| assert!(matches!(r, Err(DataError::Shape(_))), "{what}: {r:?}");
    for widths in
        [&[][..], &[3], &[3, 0], &[0, 3], &[3, 0, 2], &[usize::MAX, 2], &[1 << 40, 1 << 40], &[1 << 31, 1 << 31]]
    {
        shape(Network::new(widths, Scaling::Unit, 0.0).map(drop), &format!("{widths:?}"));
    }
    for (scaling, decay) in [
        (Scaling::Unit, -1.0),
        (Scaling::Unit, f64::NAN),
        (Scaling::Unit, f64::INFINITY),
        (Scaling::Standard { mean: f64::NAN, sd: 1.0 }, 0.0),
        (Scaling::Standard { mean: 0.0, sd: 0.0 }, 0.0),
        (Scaling::Standard { mean: 0.0, sd: f64::INFINITY }, 0.0),
    ] {
        assert!(matches!(Network::new(&[2, 2], scaling, decay), Err(DataError::Parameter { .. })));
    }
    let network = network(&[2, 3]);
    shape(network.samples(&[1, 2, 3], &[0, 1]).map(drop), "pixels");
    shape(network.samples(&[1, 2, 3, 4], &[0, 3]).map(drop), "label");
    let pixels = [1, 2, 3, 4];
    let samples = network.samples(&pixels, &[0, 2]).unwrap();
    let x = [0.5f32; 9];
    let mut workspace = network.workspace();
    let mut gradient = [7.0f32; 9];
    let mut try_batch = |x: &[f32], samples, indices: &[usize], length: usize, workspace: &mut _, what| {
        shape(network.batch(x, samples, indices, &mut gradient[..length], workspace).map(drop), what);
        assert_eq!(gradient, [7.0; 9], "{what}");
    };
    try_batch(&x[..8], samples, &[0], 9, &mut workspace, "parameters");
    try_batch(&x, samples, &[0], 8, &mut workspace, "gradient");
    try_batch(&x, samples, &[0, 2], 9, &mut workspace, "index");
    try_batch(&x, samples, &[], 9, &mut workspace, "empty batch");
    let other = |widths: &[usize], scaling| Network::new(widths, scaling, 0.0).unwrap();
    let standard = Scaling::Standard { mean: 0.0, sd: 1.0 };
    try_batch(&x, samples, &[0], 9, &mut other(&[2, 4], Scaling::Unit).workspace(), "workspace");
    try_batch(&x, samples, &[0], 9, &mut other(&[2, 3], standard).workspace(), "scaling");
    let wide = other(&[4, 3], Scaling::Unit);
    try_batch(&x, wide.samples(&pixels, &[0]).unwrap(), &[0], 9, &mut workspace, "images");
    let more = other(&[2, 4], Scaling::Unit);
    try_batch(&x, more.samples(&pixels, &[0, 3]).unwrap(), &[0], 9, &mut workspace, "classes");
    let none = network.samples(&[], &[]).unwrap();
    assert!(none.is_empty() && samples.len() == 2);
    shape(network.evaluate(&x, none).map(drop), "no samples");
    shape(network.noise(&x[..8], samples).map(drop), "noise");
    let mut kept = [7.0; 9];
    shape(network.evaluate_gradient(&x, samples, &mut kept[..8]).map(drop), "gradient");
    shape(network.evaluate_gradient(&x[..8], samples, &mut kept).map(drop), "parameters");
    shape(network.evaluate_gradient(&x, none, &mut kept).map(drop), "no samples");
}
