//! Optimisers as state machines over flat slices.

pub mod adagrad;
pub mod adam;
mod common;
pub mod compressed_sgd;
#[cfg(test)]
mod contract;
pub mod delayed_signsgd;
pub mod ef_lookahead;
pub mod ef_sgd;
pub mod flow;
mod median;
pub mod median_sgd;
pub mod mv_signsgd_sim;
pub mod mv_sto_signsgd_sim;
pub mod noisy_median_sgd;
pub mod noisy_signsgd;
pub mod scaled_sign;
pub mod scaled_vote;
pub mod sgd;
pub mod sgdm;
pub mod signsgd;
pub mod signsgd_dim;
pub mod signsgd_sim;
pub mod signsgdm;
pub mod signum;
pub mod signum_noise;
pub mod vote;
pub mod vote_abstain;
pub mod vote_sum;

pub(crate) use median::medians;

use super::query::{FLOAT_BITS, Query, norm1, norm2_squared, take_signs};
use super::{Arithmetic, BuildError, ParamSpec, Params, Real, Semantics, SignZero, Slot};
use crate::scalar::{Checked, Enclosure, Fault, Narrow, Polynomial, Rational, Scalar, Surd, Wide};

/// One iteration's view of a run.
pub struct Step<'a, S> {
    /// Iteration index, from 0.
    pub k: u64,
    /// The iterate, updated in place.
    pub x: &'a mut [S],
    /// Memory that lasts: [`Layout::state`] numbers, 0 before the first step.
    pub state: &'a mut [S],
    /// Memory that does not last: [`Layout::scratch`] numbers of any content.
    pub scratch: &'a mut [S],
    /// Schedules at k, by slot.
    pub values: &'a [S],
    /// Number of workers.
    pub workers: usize,
    /// Conventions.
    pub semantics: &'a Semantics,
}

impl<S: Scalar> Step<'_, S> {
    /// The value of a schedule at this iteration.
    #[inline(always)]
    #[must_use]
    pub fn value(&self, slot: Slot) -> S {
        self.values[slot.0].clone()
    }
}

/// How many numbers an algorithm needs beside the iterate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Numbers that last from step to step.
    pub state: usize,
    /// Numbers of working space.
    pub scratch: usize,
}

/// A part of the state that statistics may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// `error`, `momentum`, ...
    pub name: &'static str,
    /// Where it stands in the state.
    pub range: std::ops::Range<usize>,
}

/// An optimiser. Mark [`Algorithm::step`] `#[inline(always)]`.
pub trait Algorithm: Send + Sync + 'static {
    /// Memory for a problem of this dimension and this many workers.
    fn layout(&self, dimension: usize, workers: usize) -> Layout;

    /// One iteration.
    ///
    /// # Errors
    /// Where the arithmetic cannot take the step.
    fn step<S: Arithmetic>(&self, step: Step<'_, S>, query: &mut dyn Query<S>) -> Result<(), Fault>
    where
        Self: Sized;

    /// Parts of the state that statistics may look at, each of the iterate's dimension; `momenta`, one per worker, of
    /// that dimension times the number of workers; `weight`, one number. `previous` is the iterate at which the
    /// momentum was taken.
    fn views(&self, _dimension: usize, _workers: usize) -> Vec<View> {
        Vec::new()
    }

    /// Constants that the algorithm brings (a compressor's quality `delta`).
    fn facts(&self, _dimension: usize) -> Vec<(&'static str, Real)> {
        Vec::new()
    }

    /// The largest move of any coordinate in one step, given the schedules' values and whatever the gradients are;
    /// `None` where the gradients decide. Sign steps have one: it gives their statistics a range.
    fn reach(&self, _values: &[f64], _workers: usize) -> Option<f64> {
        None
    }

    /// The largest |memory|_2 on any path, given the largest value of each schedule and the largest |g|_2 of a
    /// stochastic gradient; `None` where it has no bound that is known.
    fn memory(&self, _largest: &[f64], _gradient: f64, _dimension: usize, _semantics: &Semantics) -> Option<f64> {
        None
    }

    /// Whether steps may draw coins or noise of the algorithm's own under these conventions: here those of a step that
    /// takes signs, and holds no vote.
    fn is_random(&self, semantics: &Semantics) -> bool {
        semantics.sign_zero == SignZero::Random
    }
}

/// An algorithm in one arithmetic: the object-safe face of [`Algorithm`].
pub trait Runs<S> {
    /// See [`Algorithm::step`].
    ///
    /// # Errors
    /// As there.
    fn run_step(&self, step: Step<'_, S>, query: &mut dyn Query<S>) -> Result<(), Fault>;
}

impl<A: Algorithm, S: Arithmetic> Runs<S> for A {
    fn run_step(&self, step: Step<'_, S>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        S::dispatch(
            #[inline(always)]
            || self.step(step, query),
        )
    }
}

/// An algorithm in every arithmetic: what the registry builds.
pub trait DynAlgorithm:
    Runs<Narrow>
    + Runs<Wide>
    + Runs<Checked>
    + Runs<Rational>
    + Runs<Surd>
    + Runs<Enclosure>
    + Runs<Polynomial>
    + Algorithm
    + Send
    + Sync
{
}
impl<A: Algorithm> DynAlgorithm for A {}

/// An algorithm of the registry. Parameters of kind [`super::Kind::Schedule`] get their slots in table order.
pub struct AlgorithmEntry {
    /// Name in claim files.
    pub name: &'static str,
    /// One line: the update.
    pub summary: &'static str,
    /// Where it comes from: paper key and number.
    pub source: &'static str,
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// Builds it.
    pub build: fn(&Params) -> Result<Box<dyn DynAlgorithm>, BuildError>,
}

/// Whether a vote of signs may draw coins: for a sign of 0, or for a tie.
fn votes_at_random(semantics: &Semantics) -> bool {
    semantics.sign_zero == SignZero::Random || semantics.ties == SignZero::Random
}

/// The mean of all workers' stochastic gradients at x, each sent as `dimension` floats.
///
/// `scratch` has the dimension's length.
///
/// # Errors
/// As [`Query::gradient`].
#[inline(always)]
pub fn mean_gradient<S: Scalar>(
    workers: usize,
    x: &[S],
    scratch: &mut [S],
    out: &mut [S],
    query: &mut dyn Query<S>,
) -> Result<(), Fault> {
    if S::LANES == 0 && workers > 1 {
        let weight = S::ratio(1, workers as u64);
        let mut message = |worker: usize, out: &mut [S], query: &mut dyn Query<S>| query.gradient(worker, x, out);
        let mut mean = |sum: &mut [S]| {
            sum.iter_mut().for_each(|sum| *sum *= &weight);
            Ok(())
        };
        if query.sum_of_messages(workers, &mut message, &mut mean, out)? {
            return Ok(());
        }
    }
    query.gradient(0, x, out)?;
    if workers > 1 {
        for worker in 1..workers {
            query.gradient(worker, x, scratch)?;
            for (sum, g) in out.iter_mut().zip(scratch.iter()) {
                *sum += g;
            }
        }
        let weight = S::ratio(1, workers as u64);
        for sum in out.iter_mut() {
            *sum *= &weight;
        }
    }
    Ok(())
}

/// The algorithms that come with signcheck.
pub static ALL: &[&AlgorithmEntry] = &[
    &sgd::ENTRY,
    &sgd::GD,
    &sgdm::ENTRY,
    &signsgd::ENTRY,
    &signum::ENTRY,
    &signsgdm::ENTRY,
    &signsgd_sim::ENTRY,
    &signsgd_dim::ENTRY,
    &signum_noise::ENTRY,
    &delayed_signsgd::ENTRY,
    &vote::ENTRY,
    &vote::MV,
    &vote_abstain::ENTRY,
    &vote_sum::ENTRY,
    &mv_signsgd_sim::ENTRY,
    &mv_sto_signsgd_sim::ENTRY,
    &mv_sto_signsgd_sim::FEDERATED,
    &noisy_signsgd::ENTRY,
    &median_sgd::ENTRY,
    &noisy_median_sgd::ENTRY,
    &scaled_sign::MEAN,
    &scaled_sign::NORM,
    &scaled_sign::NORM_STOCHASTIC,
    &scaled_vote::ENTRY,
    &ef_sgd::ENTRY,
    &ef_lookahead::ENTRY,
    &compressed_sgd::ENTRY,
    &adagrad::NORM,
    &adagrad::SIGN_A,
    &adagrad::SIGN_B,
    &adam::ENTRY,
    &adam::RMSPROP,
    &flow::GRADIENT,
    &flow::SIGN,
];
