//! SGD with momentum.
//!
//! **Update** m = g + beta m; x -= lr m. With `momentum_form = "average"`: m = beta m + (1 - beta) g.
//! **Source** the baseline of karimireddy2019 and bernstein2018; form as karimireddy2019's (SIGNSGDM).
//! **Shapes and units** m has the iterate's shape and a gradient's unit `[f]/[x]`.
//! **Ties and edge cases** m before the first step is 0, or m = g at k = 0 with `momentum_start = "first-gradient"`.

use super::common::{MOMENTUM, STEP_SIZE, accumulate, count_mean, descend};
use super::{Algorithm, AlgorithmEntry, Layout, Query, Step, View, mean_gradient};
use crate::model::{Arithmetic, MomentumForm, Slot};
use crate::scalar::Fault;

/// Heavy-ball SGD.
pub struct Sgdm {
    step_size: Slot,
    momentum: Slot,
}

/// Registry line.
pub static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "sgdm",
    summary: "m = g + beta m; x -= lr m",
    source: "karimireddy2019, Section 6 (baseline)",
    params: &[STEP_SIZE, MOMENTUM],
    build: |p| Ok(Box::new(Sgdm { step_size: p.schedule("step_size")?, momentum: p.schedule("momentum")? })),
};

impl Algorithm for Sgdm {
    /// Takes no sign, and nobody votes.
    fn is_random(&self, _semantics: &crate::model::Semantics) -> bool {
        false
    }

    fn layout(&self, dimension: usize, _workers: usize) -> Layout {
        Layout { state: dimension, scratch: 2 * dimension }
    }

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, beta) = (step.value(self.step_size), step.value(self.momentum));
        let (g, other) = step.scratch.split_at_mut(step.x.len());
        mean_gradient(step.workers, step.x, other, g, query)?;
        accumulate(MomentumForm::Sum, (step.k, step.semantics), &beta, g, step.state);
        descend(step.x, &lr, step.state);
        count_mean(step.x.len(), step.workers, query);
        Ok(())
    }

    fn views(&self, dimension: usize, _workers: usize) -> Vec<View> {
        vec![View { name: "momentum", range: 0..dimension }]
    }
}
