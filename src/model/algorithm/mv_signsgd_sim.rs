//! Majority vote over the plain signs of momenta.
//!
//! **Update** worker i: m_i = theta m_i + (1 - theta) g_i(x); x -= gamma sgn(sum_i sgn m_i).
//! **Source** sun2023, section 3.1: the direct extension of Algorithm 1 to many workers, which the paper does not take
//! and replaces by `mv-sto-signsgd-sim`.
//! **Differs from the source** the paper counts from t = 1 with x^1 = x^0; here k = t - 1. Any start is allowed.
//! **Shapes and units** one momentum per worker, in a gradient's unit `[f]/[x]`; x_prev, kept for measuring them, has
//! the iterate's shape; gamma in `[x]`.
//! **Ties and edge cases** sgn(0) of a worker's momentum as `sign_zero` says, the sign of a tied vote as `ties` says;
//! one worker is `signsgd-sim`. theta = 0 is `vote`. NaN as there.

use super::common::{MOMENTUM, STEP_SIZE, accumulate, apply_trace, descend};
use super::vote::collect;
use super::{Algorithm, AlgorithmEntry, Query, Step, votes_at_random};
use crate::model::{Arithmetic, MomentumForm, Slot};
use crate::scalar::Fault;

/// Votes of the signs of momenta.
struct MvSignSgdSim {
    step_size: Slot,
    momentum: Slot,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "mv-signsgd-sim",
    summary: "m_i = theta m_i + (1 - theta) g_i; x -= gamma sgn(sum_i sgn m_i)",
    source: "sun2023, Section 3.1",
    params: &[STEP_SIZE, MOMENTUM],
    build: |p| Ok(Box::new(MvSignSgdSim { step_size: p.schedule("step_size")?, momentum: p.schedule("momentum")? })),
};

crate::buffers! {
    /// The iterate at which the momenta were taken, the workers' momenta, and room for a vote and traces of NaN.
    struct Memory { kept previous: vector, kept momenta: per_worker, scratch g: vector, scratch trace: vector }
}

impl Algorithm for MvSignSgdSim {
    fn is_random(&self, semantics: &crate::model::Semantics) -> bool {
        votes_at_random(semantics)
    }

    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, theta) = (step.value(self.step_size), step.value(self.momentum));
        let d = step.x.len();
        let Memory { previous, momenta, g, trace } = step.memory;
        previous.clone_from_slice(step.x);
        let (x, at) = (&*step.x, (step.k, step.semantics));
        let tally = collect(
            step.workers,
            step.semantics,
            (g, trace),
            query,
            #[inline(always)]
            |worker, out, query| {
                query.gradient(worker, x, out)?;
                let momentum = &mut momenta[worker * d..(worker + 1) * d];
                accumulate(MomentumForm::Average, at, &theta, out, momentum);
                out.clone_from_slice(momentum);
                Ok(())
            },
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
