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
pub mod wire;

pub(crate) use median::medians;

use super::problem::Flow;
use super::{Arithmetic, BuildError, ParamSpec, Params, Real, Semantics, SignZero, Slot};
use crate::scalar::{Checked, Enclosure, Fault, Narrow, Polynomial, Rational, Scalar, Surd, Wide};
use std::cmp::Ordering;

/// Writes the probabilities with which a worker votes +1, coordinate by coordinate.
pub type VoteLaw<'a, S> = dyn FnMut(usize, &mut [S]) -> Result<(), Fault> + 'a;

/// Writes a worker's message, asking the oracle for what it needs; it depends on nothing that another message changes.
pub type Message<'a, S> = dyn FnMut(usize, &mut [S], &mut dyn Query<S>) -> Result<(), Fault> + 'a;

/// The only door from an algorithm to the outside: gradients, coins, and the wire. It counts what passes.
pub trait Query<S> {
    /// One stochastic gradient of worker `worker` at x (the mean of a batch, where the oracle has one).
    ///
    /// # Errors
    /// Where the arithmetic has no such value.
    fn gradient(&mut self, worker: usize, x: &[S], out: &mut [S]) -> Result<(), Fault>;

    /// Independent coins: `out[i]` is 1 with probability `p[i]` (clipped to [0, 1]), else 0.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] where the run has no randomness of its own.
    fn coin(&mut self, p: &[S], out: &mut [S]) -> Result<(), Fault>;

    /// Which side wins in each coordinate when worker m votes +1 with the probabilities that `law(m, ..)` writes, else
    /// -1, all coins independent. `None`, the default: the caller asks for each worker's coins. An oracle that takes
    /// every branch answers, because M coins have three outcomes for a majority and 2^M for a record of each.
    ///
    /// # Errors
    /// Those of `law`.
    fn majorities(
        &mut self,
        _workers: usize,
        _dimension: usize,
        _law: &mut VoteLaw<'_, S>,
    ) -> Result<Option<Vec<Ordering>>, Fault> {
        Ok(None)
    }

    /// Writes what `finish` makes of the sum of all workers' messages, all drawn independently, and answers `true`. `false`,
    /// the default: the caller asks for each message. An oracle that takes every branch answers, because the sum of M messages
    /// with two outcomes has M + 1, and a record of each 2^M.
    ///
    /// # Errors
    /// Those of `message` and `finish`.
    fn sum_of_messages(
        &mut self,
        _workers: usize,
        _message: &mut Message<'_, S>,
        _finish: &mut dyn FnMut(&mut [S]) -> Result<(), Fault>,
        _out: &mut [S],
    ) -> Result<bool, Fault> {
        Ok(false)
    }

    /// One draw of the algorithm's own noise (its `perturbation` law, mean 0), independent over coordinates.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] where none is declared.
    fn perturbation(&mut self, out: &mut [S]) -> Result<(), Fault>;

    /// The exact solution, `time` later, of a flow of f from x.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] where gradients are noisy or the problem has no closed flow, which is the default.
    fn flow(&mut self, kind: Flow, _x: &[S], _time: &S, _out: &mut [S]) -> Result<(), Fault> {
        Err(kind.refused())
    }

    /// Takes note that the sign of an exact 0, or a tied vote, was asked for. Only exact arithmetic tells.
    fn saw_tie(&mut self) {}

    /// Counts a message of `bits` bits from one worker to the server.
    fn upload(&mut self, bits: u64);

    /// Counts a message of `bits` bits from the server to each of `workers` workers.
    fn broadcast(&mut self, bits: u64, workers: usize);
}

/// Bits of one float on the wire, as the papers count them.
pub const FLOAT_BITS: u64 = 32;

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
    fn step<S: Arithmetic>(&self, step: Step<'_, S>, query: &mut dyn Query<S>) -> Result<(), Fault>;

    /// Parts of the state that statistics may look at, each of the iterate's dimension; `momenta`, one a worker, of as
    /// many times it; `weight`, one number. `previous` is the iterate at which the momentum was taken.
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

    /// The largest |memory|_2 on any path, given the largest value of each schedule and the largest |g|_2 of a stochastic gradient;
    /// `None` where it has no bound that is known.
    fn memory(&self, _largest: &[f64], _gradient: f64, _dimension: usize, _semantics: &Semantics) -> Option<f64> {
        None
    }

    /// Whether steps may draw coins or noise of the algorithm's own under these conventions: here those of a step that takes
    /// signs, and holds no vote.
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

/// What does not depend on the arithmetic.
pub trait AlgorithmMeta {
    /// See [`Algorithm::layout`].
    fn layout(&self, dimension: usize, workers: usize) -> Layout;
    /// See [`Algorithm::views`].
    fn views(&self, dimension: usize, workers: usize) -> Vec<View>;
    /// See [`Algorithm::facts`].
    fn facts(&self, dimension: usize) -> Vec<(&'static str, Real)>;
    /// See [`Algorithm::reach`].
    fn reach(&self, values: &[f64], workers: usize) -> Option<f64>;
    /// See [`Algorithm::memory`].
    fn memory(&self, largest: &[f64], gradient: f64, dimension: usize, semantics: &Semantics) -> Option<f64>;
    /// See [`Algorithm::is_random`].
    fn is_random(&self, semantics: &Semantics) -> bool;
}

impl<A: Algorithm> AlgorithmMeta for A {
    fn layout(&self, dimension: usize, workers: usize) -> Layout {
        Algorithm::layout(self, dimension, workers)
    }
    fn views(&self, dimension: usize, workers: usize) -> Vec<View> {
        Algorithm::views(self, dimension, workers)
    }
    fn facts(&self, dimension: usize) -> Vec<(&'static str, Real)> {
        Algorithm::facts(self, dimension)
    }
    fn reach(&self, values: &[f64], workers: usize) -> Option<f64> {
        Algorithm::reach(self, values, workers)
    }
    fn memory(&self, largest: &[f64], gradient: f64, dimension: usize, semantics: &Semantics) -> Option<f64> {
        Algorithm::memory(self, largest, gradient, dimension, semantics)
    }
    fn is_random(&self, semantics: &Semantics) -> bool {
        Algorithm::is_random(self, semantics)
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
    + AlgorithmMeta
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

/// Replaces v by its signs under a convention for 0, drawing coins where the convention is random.
///
/// # Errors
/// Where a sign is undecided, or coins are not available.
#[inline(always)]
pub fn take_signs<S: Scalar>(v: &mut [S], at_zero: SignZero, query: &mut dyn Query<S>) -> Result<(), Fault> {
    let fixed = match at_zero {
        SignZero::Zero => S::zero(),
        SignZero::Plus => mutant!("the sign of 0 is flipped", -S::one(), S::one()),
        SignZero::Minus => -S::one(),
        SignZero::Random => return random_signs(v, query),
    };
    for value in v {
        note_tie(value, query);
        *value = value.sign_or(&fixed)?;
    }
    Ok(())
}

/// Tells the query of an exact 0 whose sign is about to be taken; lanes, in which a 0 may be rounded, say nothing.
#[inline(always)]
fn note_tie<S: Scalar>(value: &S, query: &mut dyn Query<S>) {
    if S::LANES == 0 && *value == S::zero() {
        query.saw_tie();
    }
}

/// Whether a vote of signs may draw coins: for a sign of 0, or for a tie.
fn votes_at_random(semantics: &Semantics) -> bool {
    semantics.sign_zero == SignZero::Random || semantics.ties == SignZero::Random
}

/// The probability of +1 where a coin may be needed: one half, for every coordinate of lanes, so that their streams stay in
/// step. Elsewhere the coin of a coordinate that does not need one is no choice.
fn fair<S: Scalar>(needed: bool) -> S {
    if needed || S::LANES > 0 { S::ratio(1, 2) } else { S::one() }
}

/// Signs with a coin for each sign of 0.
fn random_signs<S: Scalar>(v: &mut [S], query: &mut dyn Query<S>) -> Result<(), Fault> {
    let half = S::ratio(1, 2);
    let odds: Vec<S> = v.iter().map(|value| fair(*value == S::zero())).collect();
    let mut coins = odds.clone();
    query.coin(&odds, &mut coins)?;
    for (value, coin) in v.iter_mut().zip(coins) {
        // A choice, not 2 coin - 1: an enclosure of a decided coin stays a point.
        note_tie(value, query);
        let at_zero = coin.at_least(&half, &S::one(), &-S::one())?;
        *value = value.sign_or(&at_zero)?;
    }
    Ok(())
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

/// l1 norm.
#[inline(always)]
pub fn norm1<S: Scalar>(v: &[S]) -> S {
    let mut sum = S::zero();
    for value in v {
        sum += &value.abs();
    }
    sum
}

/// Square of the l2 norm.
#[inline(always)]
pub fn norm2_squared<S: Scalar>(v: &[S]) -> S {
    let mut sum = S::zero();
    for value in v {
        sum.add_product(value, value);
    }
    sum
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
