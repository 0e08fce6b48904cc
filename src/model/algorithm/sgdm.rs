//! SGD with momentum.
//!
//! **Update** m = g + beta m; x -= lr m. With `momentum_form = "average"`: m = beta m + (1 - beta) g.
//! **Source** the baseline of karimireddy2019 and bernstein2018; form as karimireddy2019's (SIGNSGDM).
//! **Shapes and units** m has the iterate's shape and a gradient's unit `[f]/[x]`.
//! **Ties and edge cases** m before the first step is 0, or m = g at k = 0 with `momentum_start = "first-gradient"`.

use super::common::{MOMENTUM, STEP_SIZE, accumulate, count_mean, descend};
use super::{Algorithm, AlgorithmEntry, Query, Step, mean_gradient};
use crate::model::{Arithmetic, MomentumForm, Slot};
use crate::scalar::Fault;

/// Heavy-ball SGD.
struct Sgdm {
    step_size: Slot,
    momentum: Slot,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "sgdm",
    summary: "m = g + beta m; x -= lr m",
    source: "karimireddy2019, Section 6 (baseline)",
    params: &[STEP_SIZE, MOMENTUM],
    build: |p| Ok(Box::new(Sgdm { step_size: p.schedule("step_size")?, momentum: p.schedule("momentum")? })),
};

crate::buffers! {
    /// The momentum, and room for two gradients.
    struct Memory { kept momentum: vector, scratch g: vector, scratch other: vector }
}

impl Algorithm for Sgdm {
    /// Takes no sign, and nobody votes.
    fn is_random(&self, _semantics: &crate::model::Semantics) -> bool {
        false
    }

    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, beta) = (step.value(self.step_size), step.value(self.momentum));
        let Memory { momentum, g, other } = step.memory;
        mean_gradient(step.workers, step.x, other, g, query)?;
        accumulate(MomentumForm::Sum, (step.k, step.semantics), &beta, g, momentum);
        descend(step.x, &lr, momentum);
        count_mean(step.x.len(), step.workers, query);
        Ok(())
    }
}
