//! signSGD.
//!
//! **Update** x -= lr sgn(g), g the mean of the workers' stochastic gradients.
//! **Source** bernstein2018, Algorithm 1; li2021, (SIGNGD) without noise.
//! **Differs from the source** several workers are averaged before the sign; for signs before the sum see `vote`.
//! **Shapes and units** lr in `[x]`.
//! **Ties and edge cases** sgn(0) as the run's `sign_zero` says.

use super::common::{STEP_SIZE, count_signs, descend};
use super::{Algorithm, AlgorithmEntry, Query, Step, mean_gradient, take_signs};
use crate::model::{Arithmetic, Slot};
use crate::scalar::Fault;

/// x -= lr sgn(g).
struct SignSgd {
    step_size: Slot,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "signsgd",
    summary: "x -= lr sgn(g)",
    source: "bernstein2018, Algorithm 1",
    params: &[STEP_SIZE],
    build: |p| Ok(Box::new(SignSgd { step_size: p.schedule("step_size")? })),
};

crate::buffers! {
    /// Room for two gradients.
    struct Memory { scratch g: vector, scratch other: vector }
}

impl Algorithm for SignSgd {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let Memory { g, other } = step.memory;
        mean_gradient(step.workers, step.x, other, g, query)?;
        take_signs(g, step.semantics.sign_zero, query)?;
        descend(step.x, &lr, g);
        count_signs(step.x.len(), step.workers, 0, step.semantics, query);
        Ok(())
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        Some(values[self.step_size.0].abs())
    }
}
