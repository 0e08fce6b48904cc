//! Optimisers as state machines over flat slices.

mod adagrad;
mod adam;
mod blockwise;
mod common;
mod compressed_sgd;
#[cfg(test)]
mod contract;
mod delayed_signsgd;
mod ef_lookahead;
mod ef_sgd;
mod flow;
mod median;
mod median_sgd;
mod memory;
mod mv_signsgd_sim;
mod mv_sto_signsgd_sim;
mod noise_level;
mod noisy_median_sgd;
mod noisy_signsgd;
mod scaled_sign;
mod scaled_vote;
mod sgd;
mod sgdm;
mod signsgd;
mod signsgd_dim;
mod signsgd_sim;
mod signsgdm;
mod signum;
mod signum_noise;
mod vote;
mod vote_abstain;
mod vote_sum;

pub(crate) use median::medians;
pub use memory::{Buffer, Buffers, Extent, Layout, Shape, Uncut, View};

use super::query::{FLOAT_BITS, Query, norm1, norm2_squared, take_signs};
use super::{Arithmetic, BuildError, ParamSpec, Params, Real, Semantics, SignZero, Slot};
use crate::scalar::{Checked, Enclosure, Fault, Narrow, Polynomial, Rational, Scalar, Surd, Wide};

/// One iteration's view of a run.
pub struct Step<'a, S, M> {
    /// Iteration index, from 0.
    pub k: u64,
    /// The iterate, updated in place.
    pub x: &'a mut [S],
    /// The algorithm's buffers.
    pub memory: M,
    /// Schedules at k, by slot.
    pub values: &'a [S],
    /// Number of workers.
    pub workers: usize,
    /// Conventions.
    pub semantics: &'a Semantics,
}

impl<S: Scalar, M> Step<'_, S, M> {
    /// The value of a schedule at this iteration.
    #[inline(always)]
    #[must_use]
    pub fn value(&self, slot: Slot) -> S {
        self.values[slot.0].clone()
    }
}

/// An optimiser. Mark [`Algorithm::step`] `#[inline(always)]`.
pub trait Algorithm: Send + Sync + 'static {
    /// Its buffers, declared by [`buffers!`](crate::buffers).
    type Memory<'a, S: 'a>: Buffers<'a, S>
    where
        Self: Sized;

    /// One iteration.
    ///
    /// # Errors
    /// Where the arithmetic cannot take the step.
    fn step<S: Arithmetic>(
        &self,
        step: Step<'_, S, Self::Memory<'_, S>>,
        query: &mut dyn Query<S>,
    ) -> Result<(), Fault>
    where
        Self: Sized;

    /// How many past iterates the buffers of extent `past` hold.
    fn past(&self) -> usize {
        0
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

    /// The largest |error|_2 on any path, given the largest value of each schedule and the largest |g|_2 of a
    /// stochastic gradient; `None` where it has no bound that is known.
    fn largest_error(
        &self,
        _largest: &[f64],
        _gradient: f64,
        _dimension: usize,
        _semantics: &Semantics,
    ) -> Option<f64> {
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
    fn run_step(&self, step: Step<'_, S, Uncut<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault>;
}

impl<A: Algorithm, S: Arithmetic> Runs<S> for A {
    fn run_step(&self, step: Step<'_, S, Uncut<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let Step { k, x, memory, values, workers, semantics } = step;
        let shape = Shape { dimension: x.len(), workers, past: self.past() };
        S::dispatch(
            #[inline(always)]
            || self.step(Step { k, x, memory: Buffers::cut(memory, shape), values, workers, semantics }, query),
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
    /// What [`Algorithm::Memory`] declares.
    fn buffers(&self) -> &'static [Buffer];

    /// Memory for a problem of this dimension and this many workers.
    fn layout(&self, dimension: usize, workers: usize) -> Layout {
        Layout::of(self.buffers(), Shape { dimension, workers, past: self.past() })
    }

    /// What is kept, and where it stands in the state.
    fn views(&self, dimension: usize, workers: usize) -> Vec<View> {
        memory::views(self.buffers(), Shape { dimension, workers, past: self.past() })
    }
}
impl<A: Algorithm> DynAlgorithm for A {
    fn buffers(&self) -> &'static [Buffer] {
        <A::Memory<'static, ()> as Buffers<'static, ()>>::ALL
    }
}

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
    &mv_sto_signsgd_sim::MEMORYLESS,
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
