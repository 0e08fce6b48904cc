//! Loss, accuracy and gradient over a whole set of samples.
//!
//! **Same bits everywhere** Samples are cut into chunks of [`CHUNK`] in their order. A chunk is summed by one thread
//! with the passes of a batch, and chunks are merged in index order, in double precision.

use super::pass::{BLOCK, Totals};
use super::{Float, Network, Samples, Workspace, check_length};
use crate::data::DataError;
use crate::data::kernels::Sum;
use rayon::prelude::*;

/// Samples of a chunk; a multiple of a block.
const CHUNK: usize = 256;
/// Chunks whose results are held at a time: it bounds the memory, and enters no number.
const HELD: usize = 64;

/// Loss and accuracy at one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Evaluation {
    /// Mean loss over the samples, regulariser excluded.
    pub loss: f64,
    /// (decay/2) |x|_2^2; f(x) is the sum of the two.
    pub penalty: f64,
    /// How many samples have their label's logit as the largest one; of equal logits the first counts as the largest,
    /// and a sample with a logit that is not a number is not right.
    pub correct: usize,
    /// n, the number of samples.
    pub samples: usize,
}

impl Evaluation {
    /// f(x): mean loss and regulariser.
    #[must_use]
    pub(crate) fn objective(&self) -> f64 {
        self.loss + self.penalty
    }

    /// The share of right samples, in [0, 1].
    #[must_use]
    pub(crate) fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples as f64
    }
}

/// Norms of a vector, and how evenly it is spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Norms {
    /// |v|_1.
    pub l1: f64,
    /// |v|_2.
    pub l2: f64,
    /// phi(v) = |v|_1^2/(d |v|_2^2), in [1/d, 1] (bernstein2018, section 3); NaN for v = 0, which has none.
    pub density: f64,
}

impl Norms {
    /// Of a vector of d entries. Sums are compensated, so that the error is a few roundings whatever d; where a square
    /// is not finite, neither are l2 and the density.
    #[must_use]
    pub(crate) fn of<T: Float>(v: &[T]) -> Self {
        let (mut absolute, mut square) = (Sum::default(), Sum::default());
        for entry in v {
            let entry: f64 = (*entry).into();
            absolute.add(entry.abs());
            square.add(entry * entry);
        }
        let (l1, square) = (absolute.total(), square.total());
        Norms { l1, l2: square.sqrt(), density: l1 * l1 / (v.len() as f64 * square) }
    }
}

impl Totals {
    fn add(&mut self, chunk: Totals) {
        self.loss += chunk.loss;
        self.correct += chunk.correct;
    }
}

impl Network {
    /// How many chunks a pass over n samples holds the results of at a time.
    #[must_use]
    pub(crate) fn chunks_held(n: u64) -> u64 {
        n.div_ceil(CHUNK as u64).min(HELD as u64)
    }

    /// Loss and accuracy over all samples, in parallel.
    ///
    /// # Errors
    /// [`DataError::Shape`] if a length does not fit the network or there are no samples.
    pub(crate) fn evaluate<T: Float>(&self, parameters: &[T], samples: Samples) -> Result<Evaluation, DataError> {
        let mut totals = Totals::default();
        let pass = |workspace: &mut Workspace<T>, block: &[usize], chunk: &mut Totals, (): &mut ()| {
            workspace.forward(self, parameters, samples, block, None, chunk);
        };
        self.over_chunks(parameters, samples, || (), pass, |chunk, ()| totals.add(chunk))?;
        Ok(self.evaluation(totals, parameters, samples))
    }

    /// As [`Network::evaluate`], with the same bits, and `gradient = grad f(x)`, regulariser included, in double
    /// precision from sums over the chunks in the precision of the parameters.
    ///
    /// # Errors
    /// As [`Network::evaluate`], and if `gradient` has not d entries.
    pub(crate) fn evaluate_gradient<T: Float>(
        &self,
        parameters: &[T],
        samples: Samples,
        gradient: &mut [f64],
    ) -> Result<Evaluation, DataError> {
        self.check(parameters, samples)?;
        check_length("entries of the gradient", gradient.len(), self.dimension())?;
        gradient.fill(0.0);
        let mut totals = Totals::default();
        let pass = |workspace: &mut Workspace<T>, block: &[usize], chunk: &mut Totals, part: &mut Vec<T>| {
            let is_first = part.is_empty();
            part.resize(self.dimension(), T::default());
            workspace.forward(self, parameters, samples, block, Some(1.0), chunk);
            workspace.back(self, parameters, block.len());
            workspace.add_gradient(self, block.len(), is_first, part);
        };
        self.over_chunks(parameters, samples, Vec::new, pass, |chunk, part| {
            totals.add(chunk);
            gradient.iter_mut().zip(part).for_each(|(g, p)| *g += p.into());
        })?;
        let n = samples.len() as f64;
        for (g, x) in gradient.iter_mut().zip(parameters) {
            let x: f64 = (*x).into();
            *g = *g / n + self.decay() * x;
        }
        Ok(self.evaluation(totals, parameters, samples))
    }

    fn evaluation<T: Float>(&self, totals: Totals, parameters: &[T], samples: Samples) -> Evaluation {
        Evaluation {
            loss: totals.loss / samples.len() as f64,
            penalty: self.penalty(parameters),
            correct: totals.correct,
            samples: samples.len(),
        }
    }

    /// Runs `pass` over the blocks of each chunk, in parallel, and hands what it leaves to `merge` in index order.
    ///
    /// # Errors
    /// [`DataError::Shape`] if a length does not fit the network or there are no samples.
    pub(super) fn over_chunks<T: Float, P: Send>(
        &self,
        parameters: &[T],
        samples: Samples,
        begin: impl Fn() -> P + Sync,
        pass: impl Fn(&mut Workspace<T>, &[usize], &mut Totals, &mut P) + Sync,
        mut merge: impl FnMut(Totals, P),
    ) -> Result<(), DataError> {
        self.check(parameters, samples)?;
        if samples.is_empty() {
            return Err(DataError::shape("a set without samples"));
        }
        let all: Vec<usize> = (0..samples.len()).collect();
        let chunks: Vec<&[usize]> = all.chunks(CHUNK).collect();
        for held in chunks.chunks(HELD) {
            let run = |workspace: &mut Workspace<T>, chunk: &&[usize]| {
                let (mut totals, mut part) = (Totals::default(), begin());
                chunk.chunks(BLOCK).for_each(|block| pass(workspace, block, &mut totals, &mut part));
                (totals, part)
            };
            let parts: Vec<(Totals, P)> = held.par_iter().map_init(|| self.workspace(), run).collect();
            parts.into_iter().for_each(|(totals, part)| merge(totals, part));
        }
        Ok(())
    }
}
