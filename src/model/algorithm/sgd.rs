//! Stochastic gradient descent.
//!
//! **Update** x -= lr g, g the mean of the workers' stochastic gradients.
//! **Source** karimireddy2019, (SGD); without noise it is gradient descent, li2021.
//! **Shapes and units** lr in `[x]^2/[f]`.

use super::common::{STEP_SIZE, count_mean, descend};
use super::{Algorithm, AlgorithmEntry, Query, Step, mean_gradient};
use crate::model::{Arithmetic, BuildError, DynAlgorithm, ParamSpec, Params, Slot};
use crate::scalar::Fault;

/// x -= lr g.
struct Sgd {
    step_size: Slot,
}

const PARAMS: &[ParamSpec] = &[STEP_SIZE];

fn build(p: &Params) -> Result<Box<dyn DynAlgorithm>, BuildError> {
    Ok(Box::new(Sgd { step_size: p.schedule("step_size")? }))
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry =
    AlgorithmEntry { name: "sgd", summary: "x -= lr g", source: "karimireddy2019, (SGD)", params: PARAMS, build };

/// Registry line of the name that deterministic claims use; the noise is the oracle's, the update is the same.
pub(super) static GD: AlgorithmEntry = AlgorithmEntry {
    name: "gd",
    summary: "x -= lr grad f: sgd for an oracle without noise",
    source: "li2021, Section II",
    params: PARAMS,
    build,
};

crate::buffers! {
    /// Room for two gradients.
    struct Memory { scratch g: vector, scratch other: vector }
}

impl Algorithm for Sgd {
    /// Takes no sign, and nobody votes.
    fn is_random(&self, _semantics: &crate::model::Semantics) -> bool {
        false
    }

    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let Memory { g, other } = step.memory;
        mean_gradient(step.workers, step.x, other, g, query)?;
        descend(step.x, &lr, g);
        count_mean(step.x.len(), step.workers, query);
        Ok(())
    }
}
