//! The law of a minibatch's gradient, parameter by parameter: is it symmetric, and has it one hump?
//!
//! **Definition** A minibatch is `batch` training images drawn with replacement; its noise in parameter j is
//! d_j = (1/batch) sum of g_ij over its images i less (1/n) sum of g_ij over all images, with g_ij the derivative of
//! image i's loss. The regulariser cancels.
//!
//! **Method** The g_ij of the chosen parameters are computed once, for every image; `draws` minibatches then are sums of
//! rows. This is the law of the gradient of a minibatch exactly (up to the rounding of a sum in single precision), at the
//! price of one pass over the images in place of `draws` batches. All parameters see the same minibatches.
//!
//! **Chosen parameters** In a random order, those that no image moves are passed over: a pixel that is white in all
//! images, or a ReLU that none of them opens. `dead` is their share among the parameters tried.
//!
//! **Streams** Keyed by `noise_seed` and by the bits of x: a statistic of x remains a function of x, and two replicates,
//! which have different x, have draws and parameters of their own.
//!
//! **Edge cases** Where the derivatives are not finite, or none of the parameters tried is moved, the statistics are NaN.

use crate::data::DataError;
use crate::data::network::{Float, Network, Samples};
use crate::rng::{CellKey, Stream, seeded};
use crate::stats::{asymmetry, dip, dip_p_value, uniform_dips};
use std::sync::OnceLock;

/// Level of the tests that are counted.
const LEVEL: f64 = 0.01;
/// Simulated dips: the smallest p-value is 1/1000.
const DIPS: usize = 999;
/// Parameters that are tried for one that is moved, at most.
const TRIED: usize = 64;

/// How the law is looked at.
pub(super) struct NoiseLaw {
    /// Images in a minibatch.
    pub batch: usize,
    /// Minibatches.
    pub draws: usize,
    /// Parameters.
    pub coordinates: usize,
    pub seed: u64,
    /// Dips of uniform samples of as many numbers as there are minibatches.
    pub uniform: OnceLock<Vec<f64>>,
}

/// Draws of the noise.
pub(super) struct Draws {
    /// The chosen parameters, with their d_j in the order of the minibatches.
    pub chosen: Vec<(usize, Vec<f64>)>,
    /// Parameters tried, and those among them that no image moves.
    pub tried: usize,
    pub dead: usize,
}

/// Statistics of the draws, means over the chosen parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    pub asymmetry: f64,
    pub dip: f64,
    pub asymmetric: f64,
    pub multimodal: f64,
    pub skewness: f64,
    pub dead: f64,
}

impl NoiseLaw {
    /// Draws the noise at the parameters x.
    ///
    /// # Errors
    /// Those of [`Network::derivatives`].
    pub(super) fn draw<T: Float>(&self, network: &Network, x: &[T], train: Samples) -> Result<Draws, DataError> {
        // The hash of Fowler, Noll and Vo, word by word.
        let bits = x.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, x| {
            let x: f64 = (*x).into();
            (hash ^ x.to_bits()).wrapping_mul(0x0100_0000_01b3)
        });
        let stream = |role| Stream::<1>::new(&CellKey::new(self.seed, &[], role), bits);
        let order = seeded::permutation(&mut stream("noise: parameters"), network.dimension());
        let mut draws = Draws { chosen: Vec::new(), tried: 0, dead: 0 };
        // Rows of the derivatives of parameters that are moved, one after the other.
        let mut kept: Vec<Vec<f64>> = Vec::new();
        let mut rest = &order[..order.len().min(TRIED * self.coordinates)];
        let mut next = self.coordinates;
        while draws.chosen.len() < self.coordinates && !rest.is_empty() {
            let (some, later) = rest.split_at(next.min(rest.len()));
            let derivatives = network.derivatives(x, train, some)?;
            for (j, parameter) in some.iter().enumerate() {
                if draws.chosen.len() == self.coordinates {
                    break;
                }
                draws.tried += 1;
                let column: Vec<f64> = derivatives.iter().skip(j).step_by(some.len()).copied().collect();
                if column.iter().all(|g| *g == 0.0) {
                    draws.dead += 1;
                } else {
                    kept.push(column);
                    draws.chosen.push((*parameter, Vec::with_capacity(self.draws)));
                }
            }
            rest = later;
            // The rarer they are, the more are looked at in one pass.
            next = (2 * next).min(16 * self.coordinates);
        }
        let n = train.len();
        let means: Vec<f64> = kept.iter().map(|column| column.iter().sum::<f64>() / n as f64).collect();
        let mut images = stream("noise: minibatches");
        let mut minibatch = vec![0; self.batch];
        for _ in 0..self.draws {
            minibatch.fill_with(|| images.index(n)[0]);
            for ((column, mean), (_, noise)) in kept.iter().zip(&means).zip(&mut draws.chosen) {
                let sum: f64 = minibatch.iter().map(|i| column[*i]).sum();
                noise.push(sum / self.batch as f64 - mean);
            }
        }
        Ok(draws)
    }

    /// The statistics of draws.
    pub(super) fn shape(&self, draws: &Draws) -> Shape {
        let uniform = self.uniform.get_or_init(|| {
            let mut stream = seeded::stream(self.seed, "noise: uniform dips");
            uniform_dips(self.draws, DIPS, || stream.uniform().0[0])
        });
        let mut shape = Shape { asymmetry: 0.0, dip: 0.0, asymmetric: 0.0, multimodal: 0.0, skewness: 0.0, dead: 0.0 };
        for (_, noise) in &draws.chosen {
            if noise.iter().any(|d| !d.is_finite()) {
                shape.asymmetry = f64::NAN;
                break;
            }
            let mut sorted = noise.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let (symmetry, dip) = (asymmetry(noise), dip(&sorted));
            shape.asymmetry += symmetry.distance;
            shape.dip += dip;
            shape.asymmetric += f64::from(u8::from(symmetry.p_value <= LEVEL));
            shape.multimodal += f64::from(u8::from(dip_p_value(dip, uniform) <= LEVEL));
            shape.skewness += skewness(noise);
        }
        if draws.chosen.is_empty() || shape.asymmetry.is_nan() {
            return Shape {
                asymmetry: f64::NAN,
                dip: f64::NAN,
                asymmetric: f64::NAN,
                multimodal: f64::NAN,
                skewness: f64::NAN,
                dead: f64::NAN,
            };
        }
        let count = draws.chosen.len() as f64;
        Shape {
            asymmetry: shape.asymmetry / count,
            dip: shape.dip / count,
            asymmetric: shape.asymmetric / count,
            multimodal: shape.multimodal / count,
            skewness: shape.skewness / count,
            dead: draws.dead as f64 / draws.tried as f64,
        }
    }
}

/// |m_3|/m_2^(3/2) of deviations from the known mean; 0 where all are 0.
fn skewness(noise: &[f64]) -> f64 {
    let moment = |power: i32| noise.iter().map(|d| if power == 2 { d * d } else { d * d * d }).sum::<f64>();
    let n = noise.len() as f64;
    let (second, third) = (moment(2) / n, moment(3) / n);
    if second > 0.0 { third.abs() / (second * second.sqrt()) } else { 0.0 }
}

#[cfg(test)]
mod tests;
