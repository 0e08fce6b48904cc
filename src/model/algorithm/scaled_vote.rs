//! Scaled signSGD by majority vote.
//!
//! **Update** M_k = mean_m |g_m|_1; x -= alpha M_k sgn(mean_m sgn g_m).
//! **Source** li2021, Algorithm 3.
//! **Differs from the source** with `scaling = [..]` each block has its own M_k; the paper has one.
//! **Shapes and units** M_k has a gradient's unit, so that alpha is in `[x]^2/[f]`.
//! **Ties and edge cases** as `vote`. Each direction costs the signs and one float per block.

use super::common::{STEP_SIZE, apply_trace, descend, scale_bits};
use super::{Algorithm, AlgorithmEntry, Query, Step, norm1, vote, votes_at_random};
use crate::model::{Arithmetic, Slot};
use crate::scalar::Fault;

/// Majority of signs times the mean norm.
struct ScaledVote {
    step_size: Slot,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "scaled-vote",
    summary: "x -= alpha mean_m |g_m|_1 sgn(sum_m sgn g_m)",
    source: "li2021, Algorithm 3",
    params: &[STEP_SIZE],
    build: |p| Ok(Box::new(ScaledVote { step_size: p.schedule("step_size")? })),
};

crate::buffers! {
    /// Room for a vote, for traces of NaN, and for the norms: there are at most as many blocks as coordinates.
    struct Memory { scratch g: vector, scratch trace: vector, scratch norms: vector }
}

impl Algorithm for ScaledVote {
    fn is_random(&self, semantics: &crate::model::Semantics) -> bool {
        votes_at_random(semantics)
    }

    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let (d, scaling) = (step.x.len(), &step.semantics.scaling);
        let Memory { g, trace, norms } = step.memory;
        norms.fill(S::zero());
        let scales = scale_bits(d, step.semantics);
        let x = &*step.x;
        let tally = vote::collect(
            step.workers,
            step.semantics,
            (g, trace),
            query,
            #[inline(always)]
            |worker, out, query| {
                query.gradient(worker, x, out)?;
                for (block, norm) in scaling.ranges(d).zip(norms.iter_mut()) {
                    *norm += &norm1(&out[block]);
                }
                query.upload(scales);
                Ok(())
            },
        )?;
        let winner = tally.majority(step.semantics.ties, query)?;
        query.broadcast(winner.bits() + scales, step.workers);
        winner.unpack(g);
        let lr = lr * S::ratio(1, step.workers as u64);
        for (block, norm) in scaling.ranges(d).zip(norms.iter()) {
            descend(&mut step.x[block.clone()], &(norm.clone() * &lr), &g[block]);
        }
        apply_trace(step.x, trace);
        Ok(())
    }
}
