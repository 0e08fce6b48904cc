use super::*;
use crate::data::embedded_images;
use crate::data::network::{Scaling, StartLaw};

fn law(batch: usize, draws: usize, coordinates: usize) -> NoiseLaw {
    NoiseLaw { batch, draws, coordinates, seed: 1, uniform: OnceLock::new() }
}

fn with_digits<R>(run: impl FnOnce(&Network, &[f64], Samples) -> R) -> R {
    let set = embedded_images().unwrap();
    let network = Network::new(&[784, 6, 10], Scaling::Unit, 0.25).unwrap();
    let x = network.start::<f64>(StartLaw::UniformFanIn, &mut seeded::stream(3, "test"));
    let samples = network.samples(&set.train.pixels()[..784 * 300], &set.train.labels()[..300]).unwrap();
    run(&network, &x, samples)
}

#[test]
fn draws_are_deviations_of_gradients_of_minibatches() {
    with_digits(|network, x, samples| {
        let law = law(5, 12, 9);
        let draws = law.draw(network, x, samples).unwrap();
        assert_eq!(draws.chosen.len(), 9);
        let gradient = |images: &[usize]| {
            let mut out = vec![0.0; x.len()];
            network.batch(x, samples, images, &mut out, &mut network.workspace()).unwrap();
            out
        };
        let all = gradient(&(0..300).collect::<Vec<_>>());
        // Identity: the same minibatches, by backpropagation of each; the regulariser is in both terms.
        let bits = x.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, x| (h ^ x.to_bits()).wrapping_mul(0x0100_0000_01b3));
        let mut stream = Stream::<1>::new(&CellKey::new(1, &[], "noise: minibatches"), bits);
        for draw in 0..12 {
            let images: Vec<usize> = (0..5).map(|_| stream.index(300)[0]).collect();
            let own = gradient(&images);
            for (parameter, noise) in &draws.chosen {
                let expected = own[*parameter] - all[*parameter];
                assert!((noise[draw] - expected).abs() < 1e-13, "{parameter}: {} and {expected}", noise[draw]);
            }
        }
    });
}

#[test]
fn parameters_that_no_image_moves_are_passed_over_and_counted() {
    with_digits(|network, x, samples| {
        let draws = law(5, 2, 60).draw(network, x, samples).unwrap();
        let noise = network.noise(x, samples).unwrap();
        // Reference: the variance over the images by Welford's pass. The corner of every digit is white.
        assert_eq!(noise.variance[0], 0.0);
        assert!(draws.chosen.iter().all(|(parameter, _)| noise.variance[*parameter] > 0.0));
        assert!(draws.dead > 0 && draws.tried == draws.dead + 60);
        let mut parameters: Vec<usize> = draws.chosen.iter().map(|(parameter, _)| *parameter).collect();
        parameters.sort_unstable();
        parameters.dedup();
        assert_eq!(parameters.len(), 60);
    });
}

#[test]
fn draws_follow_the_iterate() {
    with_digits(|network, x, samples| {
        let law = law(5, 3, 4);
        let (first, again) = (law.draw(network, x, samples).unwrap(), law.draw(network, x, samples).unwrap());
        assert_eq!(first.chosen, again.chosen);
        let mut other = x.to_vec();
        other[0] += 1e-9;
        // The first pixel is white: the gradients are the same, the draws are others.
        assert_ne!(first.chosen, law.draw(network, &other, samples).unwrap().chosen);
    });
}

#[test]
fn each_statistic_is_of_its_own_shape() {
    let law = law(1, 200, 3);
    let at = |i: i32| f64::from(i) / 100.0 + 0.005;
    let even: Vec<f64> = (-100..100).map(at).collect();
    let humps: Vec<f64> = even.iter().map(|d| d.signum() + 0.01 * d).collect();
    // One in four at 3 and the others at -1: mean 0, m_2 = 3, m_3 = 6.
    let skewed: Vec<f64> = (0..200).map(|i| if i % 4 == 0 { 3.0 } else { -1.0 }).collect();
    let draws = |columns: &[&Vec<f64>]| Draws {
        chosen: columns.iter().enumerate().map(|(j, c)| (j, (*c).clone())).collect(),
        tried: 8,
        dead: 2,
    };
    let shape = law.shape(&draws(&[&even]));
    // Exact: 200 equally spaced points; a symmetric sample, whose signs in the order of |d| alternate: largest sum 1 at
    // most, and 0 at the ends of ties.
    assert_eq!((shape.asymmetric, shape.multimodal, shape.dead), (0.0, 0.0, 0.25));
    assert!((shape.dip - 1.0 / 400.0).abs() < 1e-15 && shape.asymmetry <= 1.0 / 200.0 && shape.skewness < 1e-12);
    let shape = law.shape(&draws(&[&humps, &even]));
    assert_eq!((shape.asymmetric, shape.multimodal), (0.0, 0.5));
    let shape = law.shape(&draws(&[&skewed]));
    // Exact: |S_k| is largest at the end, |50 - 150|/200, and 6/3^(3/2) is 2/sqrt(3).
    assert_eq!((shape.asymmetric, shape.asymmetry), (1.0, 0.5));
    assert!((shape.skewness - 2.0 / 3.0_f64.sqrt()).abs() < 1e-12);
    assert!(law.shape(&draws(&[])).dip.is_nan());
    assert!(law.shape(&draws(&[&vec![f64::NAN; 200]])).multimodal.is_nan());
}
