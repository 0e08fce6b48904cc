//! Where training starts.
//!
//! Numbers are drawn in the order of the layout (each layer's weights row by row, then its biases), one word of the
//! stream each, and none for numbers that are 0 by their law. `f32` parameters are the nearest to those in `f64`.

use super::{Float, Network};
use crate::rng::Stream;
use crate::stats::{normal_upper_quantile, normal_upper_tail};

/// The law of the initial parameters; n_in and n_out are the inputs and outputs of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartLaw {
    /// Weights and biases uniform on (-1/sqrt(n_in), 1/sqrt(n_in)): what PyTorch's `Linear` does unless told otherwise.
    UniformFanIn,
    /// Weights uniform on (-sqrt(6/(n_in + n_out)), sqrt(6/(n_in + n_out))), biases 0
    /// (Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks").
    Xavier,
    /// Weights normal with standard deviation 1/sqrt(n_in), given that they are within two of them, biases 0: the law
    /// of TensorFlow's `truncated_normal`, which names the deviation before the cut (after it, 0.88 of that is left).
    TruncatedNormal,
    /// All 0. With a hidden layer this is a dead start: every activation is 0, the derivatives by all weights and by
    /// the biases of hidden layers are 0 and stay so, and nothing but the last biases is ever trained.
    Zero,
}

/// Standard deviations at which [`StartLaw::TruncatedNormal`] is cut.
const CUT: f64 = 2.0;

impl Network {
    /// Parameters drawn from a law.
    #[must_use]
    pub(crate) fn start<T: Float>(&self, law: StartLaw, stream: &mut Stream<1>) -> Vec<T> {
        let mut parameters = vec![T::default(); self.dimension()];
        for layer in self.layers() {
            let (inputs, outputs) = (layer.inputs as f64, layer.outputs as f64);
            let weights = &mut parameters[layer.weights.clone()];
            match law {
                StartLaw::UniformFanIn => {
                    let bound = 1.0 / inputs.sqrt();
                    // Weights and biases stand side by side.
                    let both = &mut parameters[layer.weights.start..layer.biases.end];
                    both.iter_mut().for_each(|x| *x = T::from_f64(bound * (2.0 * uniform(stream) - 1.0)));
                }
                StartLaw::Xavier => {
                    let bound = (6.0 / (inputs + outputs)).sqrt();
                    weights.iter_mut().for_each(|x| *x = T::from_f64(bound * (2.0 * uniform(stream) - 1.0)));
                }
                StartLaw::TruncatedNormal => {
                    let deviation = 1.0 / inputs.sqrt();
                    weights.iter_mut().for_each(|x| *x = T::from_f64(deviation * truncated_normal(uniform(stream))));
                }
                StartLaw::Zero => {}
            }
        }
        parameters
    }
}

fn uniform(stream: &mut Stream<1>) -> f64 {
    stream.uniform().0[0]
}

/// The quantile of the standard normal law, given that it is within [`CUT`], of which `u` is above.
fn truncated_normal(u: f64) -> f64 {
    let outside = normal_upper_tail(CUT);
    normal_upper_quantile(outside + u * (1.0 - 2.0 * outside))
}

#[cfg(test)]
mod tests {
    use super::super::Scaling;
    use super::*;
    use crate::rng::CellKey;

    fn stream(role: &str) -> Stream<1> {
        Stream::new(&CellKey::new(5, &[("start", role)], "network"), 0)
    }

    fn network() -> Network {
        Network::new(&[100, 300, 7], Scaling::Unit, 0.0).unwrap()
    }

    /// The largest |x| over the bound, the mean over the deviation of a mean, and the variance over the law's.
    fn moments(x: &[f64], bound: f64, variance: f64) -> (f64, f64, f64) {
        let n = x.len() as f64;
        let largest = x.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let mean = x.iter().sum::<f64>() / n;
        let square = x.iter().map(|v| v * v).sum::<f64>() / n;
        (largest / bound, mean / (variance / n).sqrt(), square / variance)
    }

    #[test]
    fn the_laws_have_their_bounds_and_moments() {
        // exact: a uniform law on (-b, b) has variance b^2/3; the normal law cut at +-c has 1 - 2 c phi(c)/(1 - 2 Q(c))
        let cut = {
            let density = (-2.0f64).exp() / std::f64::consts::TAU.sqrt();
            1.0 - 2.0 * CUT * density / (1.0 - 2.0 * normal_upper_tail(CUT))
        };
        // reference: the deviation by which VarianceScaling of Keras 3 divides to make up for the cut
        assert!((cut.sqrt() - 0.879_625_661_034_239_8).abs() < 1e-14, "{cut}");
        let uniform = |bound: f64| (bound, bound * bound / 3.0);
        let truncated = |inputs: f64| (CUT / inputs.sqrt(), cut / inputs);
        let network = network();
        for (law, role, first, second) in [
            (StartLaw::UniformFanIn, "uniform", uniform(0.1), uniform(1.0 / 300f64.sqrt())),
            (StartLaw::Xavier, "xavier", uniform((6.0f64 / 400.0).sqrt()), uniform((6.0f64 / 307.0).sqrt())),
            (StartLaw::TruncatedNormal, "truncated", truncated(100.0), truncated(300.0)),
        ] {
            let x: Vec<f64> = network.start(law, &mut stream(role));
            for (layer, (bound, variance)) in network.layers().iter().zip([first, second]) {
                let weights = &x[layer.weights.clone()];
                let n = weights.len() as f64;
                let (largest, mean, square) = moments(weights, bound, variance);
                // statistical: the mean and the mean square within five deviations (6e-7 each; x^2 has less than
                // its own mean of deviation); the largest of n numbers comes near the bound and stays below it
                assert!(largest < 1.0 && largest > 1.0 - 200.0 / n, "{law:?}: {largest}");
                assert!(mean.abs() < 5.0, "{law:?}: {mean}");
                assert!((square - 1.0).abs() < 5.0 / n.sqrt(), "{law:?}: {square}");
                let biases = &x[layer.biases.clone()];
                let are_zero = biases.iter().all(|b| *b == 0.0);
                assert_eq!(are_zero, law != StartLaw::UniformFanIn);
                assert!(biases.iter().all(|b| b.abs() < bound));
            }
        }
        let zero: Vec<f32> = network.start(StartLaw::Zero, &mut stream("zero"));
        assert!(zero.iter().all(|x| *x == 0.0) && zero.len() == network.dimension());
    }

    #[test]
    fn single_numbers_are_the_nearest_to_the_doubles_and_words_are_used_in_order() {
        let network = network();
        for law in [StartLaw::UniformFanIn, StartLaw::Xavier, StartLaw::TruncatedNormal] {
            let doubles: Vec<f64> = network.start(law, &mut stream("same"));
            let singles: Vec<f32> = network.start(law, &mut stream("same"));
            assert!(doubles.iter().zip(&singles).all(|(d, s)| *d as f32 == *s));
            assert_ne!(doubles, network.start::<f64>(law, &mut stream("other")));
        }
        // identity: Xavier skips the biases, so that its second layer begins with the word after the weights
        let mut words = stream("same");
        let x: Vec<f64> = network.start(StartLaw::Xavier, &mut stream("same"));
        for _ in 0..30_000 {
            let _ = words.uniform();
        }
        let bound = (6.0f64 / 307.0).sqrt();
        assert_eq!(x[network.layers()[1].weights.start], bound * (2.0 * words.uniform().0[0] - 1.0));
    }

    #[test]
    fn the_cut_quantile_is_symmetric_and_ends_at_the_cut() {
        // exact: u = 1/2 is the median; the ends are the cut
        assert_eq!(truncated_normal(0.5), 0.0);
        assert!((truncated_normal(0.0) - CUT).abs() < 1e-14 && (truncated_normal(1.0) + CUT).abs() < 1e-14);
        for u in [0.01, 0.2, 0.4] {
            assert!((truncated_normal(u) + truncated_normal(1.0 - u)).abs() < 1e-14);
        }
    }
}
