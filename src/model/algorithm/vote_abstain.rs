//! Majority vote with abstention.
//!
//! **Update** worker m sends s_m = sgn(g_m) where |g_m| >= c, else 0; the server sends the side that won, where it has
//! at least q votes, else 0; x -= lr times what the server sent. All coordinate by coordinate.
//! **Source** bernstein2018, Section 6 ("majority vote with abstention").
//! **Differs from the source** which leaves "very unsure" and the quorum open. Here unsure is |g_m| < c (`threshold`).
//! The quorum counts the votes of the side that won, so that abstention and dissent both lower it.
//! **Shapes and units** c in a gradient's unit `[f]/[x]`, lr in `[x]`, q a number of workers. Both directions are
//! ternary: two bits per coordinate.
//! **Ties and edge cases** with c = q = 0 this is `vote`. A tie is broken by `ties` before its votes are counted; a
//! quorum above M/2 leaves every tie at 0. NaN as in `vote`.

use super::common::{STEP_SIZE, apply_trace, descend, trace_nan};
use super::{Algorithm, AlgorithmEntry, Query, Step, take_signs, votes_at_random};
use crate::model::{Arithmetic, Kind, Limits, ParamSpec, Slot};
use crate::scalar::Fault;

/// Ternary votes.
struct VoteAbstain {
    step_size: Slot,
    threshold: Slot,
    quorum: usize,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "vote-abstain",
    summary: "workers send sgn g_m where |g_m| >= c, else 0; the server the winner where it has q votes, else 0",
    source: "bernstein2018, Section 6",
    params: &[
        STEP_SIZE,
        ParamSpec {
            name: "threshold",
            kind: Kind::Schedule,
            default: Some("0"),
            limits: Limits::ANY,
            doc: "c: a worker abstains where |g_i| is below it",
        },
        ParamSpec {
            name: "quorum",
            kind: Kind::Count,
            default: Some("0"),
            limits: Limits::ANY,
            doc: "q, fewest votes of the side that won; with fewer the server sends 0",
        },
    ],
    build: |p| {
        Ok(Box::new(VoteAbstain {
            step_size: p.schedule("step_size")?,
            threshold: p.schedule("threshold")?,
            quorum: p.count("quorum")?,
        }))
    },
};

crate::buffers! {
    /// Room for a vote, the sizes behind it, the counts, and traces of NaN.
    struct Memory {
        scratch vote: vector,
        scratch size: vector,
        scratch sum: vector,
        scratch turnout: vector,
        scratch trace: vector,
    }
}

impl Algorithm for VoteAbstain {
    fn is_random(&self, semantics: &crate::model::Semantics) -> bool {
        votes_at_random(semantics)
    }

    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, threshold) = (step.value(self.step_size), step.value(self.threshold));
        let d = step.x.len();
        let Memory { vote, size, sum, turnout, trace } = step.memory;
        let (zero, bits) = (S::zero(), 2 * d as u64);
        trace.fill(zero.clone());
        sum.fill(zero.clone());
        turnout.fill(zero.clone());
        for worker in 0..step.workers {
            query.gradient(worker, step.x, vote)?;
            trace_nan(trace, vote)?;
            for (size, v) in size.iter_mut().zip(vote.iter()) {
                *size = v.abs();
            }
            take_signs(vote, step.semantics.sign_zero, query)?;
            for i in 0..d {
                let cast = size[i].select_ge(&threshold, &vote[i], &zero)?;
                sum[i] += &cast;
                turnout[i] += &cast.abs();
            }
            query.upload(bits);
        }
        let needed = S::ratio(2 * self.quorum as i64, 1);
        vote.clone_from_slice(sum);
        take_signs(vote, step.semantics.ties, query)?;
        for i in 0..d {
            // Turnout plus |sum| is twice the number of votes of the side that won.
            let won = turnout[i].clone() + &sum[i].abs();
            vote[i] = won.select_ge(&needed, &vote[i], &zero)?;
        }
        query.broadcast(bits, step.workers);
        descend(step.x, &lr, vote);
        apply_trace(step.x, trace);
        Ok(())
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        Some(values[self.step_size.0].abs())
    }
}
