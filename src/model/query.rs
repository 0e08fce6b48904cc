//! The door from a method to the outside, below algorithms and compressors alike: gradients, coins, messages, and what
//! both take of vectors.

use super::SignZero;
use super::problem::Flow;
use crate::scalar::{Fault, Scalar};
use std::cmp::Ordering;

/// Writes the probabilities with which a worker votes +1, coordinate by coordinate.
pub type VoteLaw<'a, S> = dyn FnMut(usize, &mut [S]) -> Result<(), Fault> + 'a;

/// Writes a worker's message, asking the oracle for what it needs; it depends on nothing that another message changes.
pub type Message<'a, S> = dyn FnMut(usize, &mut [S], &mut dyn Query<S>) -> Result<(), Fault> + 'a;

/// The only door from an algorithm to the outside: gradients, coins, and messages. It counts what passes.
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
    /// -1, all coins independent. `None`, the default: the caller draws each worker's coins. An oracle that takes every
    /// branch returns the outcome, because M coins have three outcomes for a majority and 2^M for a record of each.
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

    /// Writes the result of `finish` on the sum of all workers' messages, all drawn independently, and returns `true`.
    /// `false`, the default: the caller requests each message. An oracle that takes every branch returns `true`,
    /// because the sum of M messages with two outcomes has M + 1 outcomes, and a record of each 2^M.
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

    /// Takes note that the sign of an exact 0, or a tied vote, was needed. Only exact arithmetic recognises these.
    fn saw_tie(&mut self) {}

    /// Counts a message of `bits` bits from one worker to the server.
    fn upload(&mut self, bits: u64);

    /// Counts a message of `bits` bits from the server to each of `workers` workers.
    fn broadcast(&mut self, bits: u64, workers: usize);
}

/// Bits of one float in a message, as the papers count them.
pub const FLOAT_BITS: u64 = 32;

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

/// Notifies the query of an exact 0 whose sign is about to be taken; lanes, in which a 0 may be rounded, do not.
#[inline(always)]
fn note_tie<S: Scalar>(value: &S, query: &mut dyn Query<S>) {
    if S::LANES == 0 && *value == S::zero() {
        query.saw_tie();
    }
}

/// The probability of +1 where a coin may be needed: one half, for every coordinate of lanes, so that their streams
/// stay in step. Elsewhere the coin of a coordinate that does not need one is no choice.
pub(super) fn fair<S: Scalar>(needed: bool) -> S {
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
        let at_zero = coin.select_ge(&half, &S::one(), &-S::one())?;
        *value = value.sign_or(&at_zero)?;
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
