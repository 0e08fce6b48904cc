//! The noise of a stochastic gradient: mean and variance of the samples' gradients, coordinate by coordinate.
//!
//! **Definition** With g_i the gradient of sample i's loss (rounded to the precision of the parameters), mean_j =
//! (1/n) sum_i g_ij + decay x_j and variance_j = (1/n) sum_i (g_ij - mean of g_j)^2: the moments of the gradient of one
//! sample that is drawn uniformly from the set, hence n and not n - 1. A batch of m samples drawn with replacement has
//! variance_j/m.
//!
//! **Update** Welford's over the samples of a chunk in their order, with the division by the count as a product with
//! its rounded reciprocal; chunks are merged in index order by the formula of Chan, Golub and LeVeque
//! (`stats/moments.rs` has both).

use super::pass::{BLOCK, Factors, Totals};
use super::{Float, Network, Samples, Workspace};
use crate::data::DataError;
use pulp::NullaryFnOnce;

/// Moments of the gradients of the samples of a set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Noise {
    /// The gradient of the objective, regulariser included.
    pub mean: Vec<f64>,
    /// The variance of a sample's gradient.
    pub variance: Vec<f64>,
}

impl Noise {
    /// The standard deviations of a sample's gradient, sigma_j.
    #[must_use]
    pub(crate) fn deviations(&self) -> Vec<f64> {
        self.variance.iter().map(|v| v.sqrt()).collect()
    }
}

/// Count, means and sums of squared deviations.
#[derive(Default)]
struct Moments {
    count: usize,
    mean: Vec<f64>,
    square: Vec<f64>,
}

impl Moments {
    fn merge(&mut self, other: Moments) {
        if self.count == 0 {
            *self = other;
            return;
        }
        let here = self.count as f64;
        self.count += other.count;
        let part = other.count as f64 / self.count as f64;
        let there = other.mean.iter().zip(other.square);
        for ((mean, square), (m, s)) in self.mean.iter_mut().zip(&mut self.square).zip(there) {
            let delta = m - *mean;
            *mean += delta * part;
            *square += s + delta * delta * here * part;
        }
    }
}

impl Network {
    /// Mean and variance of the samples' gradients, in one pass and in parallel.
    ///
    /// # Errors
    /// [`DataError::Shape`] if a length does not fit the network or there are no samples.
    pub(crate) fn noise<T: Float>(&self, parameters: &[T], samples: Samples) -> Result<Noise, DataError> {
        let pass = |workspace: &mut Workspace<T>, block: &[usize], totals: &mut Totals, moments: &mut Moments| {
            workspace.forward(self, parameters, samples, block, Some(1.0), totals);
            workspace.back(self, parameters, block.len());
            self.push(workspace, block.len(), moments);
        };
        let mut all = Moments::default();
        self.over_chunks(parameters, samples, Moments::default, pass, |_, chunk| all.merge(chunk))?;
        let n = samples.len() as f64;
        for (mean, x) in all.mean.iter_mut().zip(parameters) {
            let x: f64 = (*x).into();
            *mean += self.decay() * x;
        }
        all.square.iter_mut().for_each(|s| *s /= n);
        Ok(Noise { mean: all.mean, variance: all.square })
    }

    /// Means and sums of squared deviations over one block, with the instruction set of a workspace.
    #[cfg(test)]
    pub(super) fn noise_of_block<T: Float>(
        &self,
        parameters: &[T],
        samples: Samples,
        block: &[usize],
        workspace: &mut Workspace<T>,
    ) -> (Vec<f64>, Vec<f64>) {
        let mut moments = Moments::default();
        workspace.forward(self, parameters, samples, block, Some(1.0), &mut Totals::default());
        workspace.back(self, parameters, block.len());
        self.push(workspace, block.len(), &mut moments);
        (moments.mean, moments.square)
    }

    /// Adds the gradients of a block's samples.
    fn push<T: Float>(&self, workspace: &mut Workspace<T>, samples: usize, moments: &mut Moments) {
        let Moments { count, mean, square } = moments;
        mean.resize(self.dimension(), 0.0);
        square.resize(self.dimension(), 0.0);
        let mut reciprocals = [0.0; BLOCK];
        for (n, reciprocal) in reciprocals.iter_mut().enumerate() {
            *reciprocal = 1.0 / (*count + n + 1) as f64;
        }
        *count += samples;
        let (arch, reciprocals) = (workspace.arch, &reciprocals[..samples]);
        workspace.factors(samples, |Factors { layer, deltas, inputs: (begin, end), values, stride }| {
            let layer = &self.layers()[layer];
            for (output, deltas) in deltas.chunks_exact(BLOCK).enumerate() {
                let row = layer.weights.start + output * layer.inputs;
                let (mean, square) = (&mut mean[row + begin..row + end], &mut square[row + begin..row + end]);
                arch.dispatch(Weights { values, stride, deltas, reciprocals, mean, square });
            }
            if begin == 0 {
                let biases = mean[layer.biases.clone()].iter_mut().zip(&mut square[layer.biases.clone()]);
                for ((mean, square), deltas) in biases.zip(deltas.chunks_exact(BLOCK)) {
                    for (delta, reciprocal) in deltas.iter().zip(reciprocals) {
                        update(mean, square, *reciprocal, (*delta).into());
                    }
                }
            }
        });
    }
}

/// One step of Welford's update.
#[inline(always)]
fn update(mean: &mut f64, square: &mut f64, reciprocal: f64, value: f64) {
    let delta = value - *mean;
    *mean += delta * reciprocal;
    *square += delta * (value - *mean);
}

/// The moments of some of the weights into one unit.
struct Weights<'a, T> {
    values: &'a [T],
    stride: usize,
    deltas: &'a [T],
    reciprocals: &'a [f64],
    mean: &'a mut [f64],
    square: &'a mut [f64],
}

impl<T: Float> NullaryFnOnce for Weights<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        // As many coordinates as the registers hold, to hide the latency of the update; then what is left.
        let done = self.strips::<32>(0);
        let done = self.strips::<8>(done);
        self.strips::<1>(done);
    }
}

impl<T: Float> Weights<'_, T> {
    /// Strips of `W` coordinates from `begin` on, each for all samples; the first coordinate that is left.
    #[inline(always)]
    fn strips<const W: usize>(&mut self, mut begin: usize) -> usize {
        let (means, _) = self.mean[begin..].as_chunks_mut::<W>();
        let (squares, _) = self.square[begin..].as_chunks_mut::<W>();
        for (means, squares) in means.iter_mut().zip(squares) {
            let (mut mean, mut square) = (*means, *squares);
            for (n, (delta, reciprocal)) in self.deltas.iter().zip(self.reciprocals).enumerate() {
                let values = &self.values[n * self.stride + begin..][..W];
                for j in 0..W {
                    update(&mut mean[j], &mut square[j], *reciprocal, (*delta * values[j]).into());
                }
            }
            (*means, *squares) = (mean, square);
            begin += W;
        }
        begin
    }
}
