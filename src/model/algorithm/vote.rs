//! signSGD with majority vote.
//!
//! **Update** x -= lr sgn(sum_m sgn g_m).
//! **Source** bernstein2018, Algorithm 3.
//! **Shapes and units** lr in `[x]`. Votes are packed, sent, counted and sent back as bit planes.
//! **Ties and edge cases** a worker's sgn(0) as `sign_zero` says, the sign of a tied vote as `ties` says. A gradient
//! that is NaN has no vote; its replicate's iterate becomes NaN in that coordinate, so that the run counts as diverged.

use super::common::{STEP_SIZE, apply_trace, descend, trace_nan};
use super::{Algorithm, AlgorithmEntry, Query, Step, take_signs, votes_at_random};
use crate::model::wire::{SignMessage, Tally};
use crate::model::{Arithmetic, Semantics, Slot};
use crate::scalar::{Fault, Scalar};

/// The server's majority of the workers' signs.
struct Vote {
    step_size: Slot,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "vote",
    summary: "x -= lr sgn(sum_m sgn g_m)",
    source: "bernstein2018, Algorithm 3",
    params: &[STEP_SIZE],
    build: |p| {
        mutant!(
            "the vote is the sign of the mean",
            (super::signsgd::ENTRY.build)(p),
            Ok(Box::new(Vote { step_size: p.schedule("step_size")? }))
        )
    },
};

/// Makes a worker's vector its signs, and sends them.
#[inline(always)]
fn send_signs<S: Scalar>(v: &mut [S], semantics: &Semantics, query: &mut dyn Query<S>) -> Result<SignMessage, Fault> {
    take_signs(v, semantics.sign_zero, query)?;
    let message = SignMessage::pack(v, semantics.sign_zero)?;
    query.upload(message.bits());
    Ok(message)
}

/// Has every worker send the signs of what `vector` writes for it, and counts them. `buffer` is working space;
/// `trace` ends as 0, or NaN where a worker's vector was NaN.
///
/// # Errors
/// As `vector`, or where signs are random and coins are not available.
#[inline(always)]
pub(super) fn collect<S: Scalar>(
    workers: usize,
    semantics: &Semantics,
    (buffer, trace): (&mut [S], &mut [S]),
    query: &mut dyn Query<S>,
    mut vector: impl FnMut(usize, &mut [S], &mut dyn Query<S>) -> Result<(), Fault>,
) -> Result<Tally, Fault> {
    let mut tally = Tally::new(buffer.len(), semantics.sign_zero);
    trace.fill(S::zero());
    for worker in 0..workers {
        vector(worker, buffer, query)?;
        trace_nan(trace, buffer)?;
        tally.add(&send_signs(buffer, semantics, query)?);
    }
    Ok(tally)
}

/// [`collect`] where a worker's vector changes nothing else, and only the majority is needed: an oracle that knows the
/// law of the votes' sum then need not take every branch.
///
/// # Errors
/// As there.
#[inline(always)]
pub(super) fn sides<S: Scalar>(
    workers: usize,
    semantics: &Semantics,
    (buffer, trace): (&mut [S], &mut [S]),
    query: &mut dyn Query<S>,
    mut vector: impl FnMut(usize, &mut [S], &mut dyn Query<S>) -> Result<(), Fault>,
) -> Result<Tally, Fault> {
    if S::LANES == 0 && workers > 1 {
        let mut message = |worker: usize, out: &mut [S], query: &mut dyn Query<S>| {
            vector(worker, out, query)?;
            send_signs(out, semantics, query).map(|_| ())
        };
        let zero = S::zero();
        let mut side = |sum: &mut [S]| {
            for sum in sum {
                *sum = sum.sign_or(&zero)?;
            }
            Ok(())
        };
        if query.sum_of_messages(workers, &mut message, &mut side, buffer)? {
            trace.fill(S::zero());
            return Tally::of_sides(buffer);
        }
    }
    collect(workers, semantics, (buffer, trace), query, vector)
}

/// Registry line of the name that sun2023 uses.
pub(super) static MV: AlgorithmEntry = AlgorithmEntry {
    name: "mv-signsgd",
    summary: "vote, under the name of sun2023",
    source: "bernstein2018, Algorithm 3; sun2023, Section 3.1",
    params: &[STEP_SIZE],
    build: |p| (ENTRY.build)(p),
};

crate::buffers! {
    /// Room for a vote, and for traces of NaN.
    struct Memory { scratch g: vector, scratch trace: vector }
}

impl Algorithm for Vote {
    fn is_random(&self, semantics: &crate::model::Semantics) -> bool {
        votes_at_random(semantics)
    }

    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let Memory { g, trace } = step.memory;
        let x = &*step.x;
        let tally = sides(
            step.workers,
            step.semantics,
            (g, trace),
            query,
            #[inline(always)]
            |worker, out, query| query.gradient(worker, x, out),
        )?;
        let winner = tally.majority(step.semantics.ties, query)?;
        query.broadcast(winner.bits(), step.workers);
        winner.unpack(g);
        descend(step.x, &lr, g);
        apply_trace(step.x, trace);
        Ok(())
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        Some(values[self.step_size.0].abs())
    }
}
