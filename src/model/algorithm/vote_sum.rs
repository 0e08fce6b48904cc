//! The sum of the workers' signs.
//!
//! **Update** x -= lr sum_m sgn g_m.
//! **Source** bernstein2018, Section 4, the scheme that the supplement calls good for skewed noise.
//! **Shapes and units** lr in `[x]`; a step moves a coordinate by up to M lr.
//! **Ties and edge cases** a worker's sgn(0) as `sign_zero` says; NaN as in `vote`. Per coordinate the server sends the
//! bits that the values of the sum need: log2(2M + 1) rounded up where 0 can be sent, log2(M + 1) where it cannot.

use super::common::{STEP_SIZE, apply_trace, descend};
use super::{Algorithm, AlgorithmEntry, Query, Step, vote};
use crate::model::{Arithmetic, Semantics, SignZero, Slot};
use crate::scalar::Fault;

/// The votes' sum in place of its sign.
struct VoteSum {
    step_size: Slot,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "vote-sum",
    summary: "x -= lr sum_m sgn g_m",
    source: "bernstein2018, supplement",
    params: &[STEP_SIZE],
    build: |p| Ok(Box::new(VoteSum { step_size: p.schedule("step_size")? })),
};

crate::buffers! {
    /// Room for a vote, and for traces of NaN.
    struct Memory { scratch g: vector, scratch trace: vector }
}

impl Algorithm for VoteSum {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let Memory { g, trace } = step.memory;
        let x = &*step.x;
        let tally = vote::collect(
            step.workers,
            step.semantics,
            (g, trace),
            query,
            #[inline(always)]
            |worker, out, query| query.gradient(worker, x, out),
        )?;
        tally.sum(g);
        query.broadcast(tally.sum_bits(), step.workers);
        descend(step.x, &lr, g);
        apply_trace(step.x, trace);
        Ok(())
    }

    fn is_random(&self, semantics: &Semantics) -> bool {
        semantics.sign_zero == SignZero::Random
    }

    fn reach(&self, values: &[f64], workers: usize) -> Option<f64> {
        Some(values[self.step_size.0].abs() * workers as f64)
    }
}
