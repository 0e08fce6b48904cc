//! Signum.
//!
//! **Update** m = beta m + (1 - beta) g, m_0 = 0; x -= lr sgn(m). For k < C the step is lr sgn(g) instead, while m
//! accumulates.
//! **Source** bernstein2018, Algorithm 2; the warm-up of C steps as Theorem 3 requires.
//! **Differs from the source** several workers are averaged; `momentum_form` may replace the recursion.
//! **Shapes and units** m has the iterate's shape and a gradient's unit `[f]/[x]`; lr in `[x]`. The state's last number
//! is the weight of all gradients in m together, 1 - beta^k for a constant beta: m over it is the source's m^, which
//! has the same sign.
//! **Ties and edge cases** sgn(0) as the run's `sign_zero` says, for m and in the warm-up for g.

use super::common::{MOMENTUM, STEP_SIZE, accumulate, count_signs, descend};
use super::{Algorithm, AlgorithmEntry, Query, Step, mean_gradient, take_signs};
use crate::model::{Arithmetic, BuildError, DynAlgorithm, Kind, Limits, MomentumForm, ParamSpec, Params, Slot};
use crate::scalar::Fault;

/// Sign of a momentum, after a warm-up by signs of gradients.
struct Signum {
    step_size: Slot,
    momentum: Slot,
    form: MomentumForm,
    warmup: u64,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "signum",
    summary: "m = beta m + (1 - beta) g; x -= lr sgn(m)",
    source: "bernstein2018, Algorithm 2",
    params: &[
        STEP_SIZE,
        MOMENTUM,
        ParamSpec {
            name: "warmup",
            kind: Kind::Count,
            default: Some("0"),
            limits: Limits::ANY,
            doc: "C, steps that follow sgn(g) while m accumulates",
        },
    ],
    build: |p| build(p, MomentumForm::Average, p.count("warmup")? as u64),
};

/// The sign of a momentum of this form, after so many steps of warm-up.
pub(super) fn build(p: &Params, form: MomentumForm, warmup: u64) -> Result<Box<dyn DynAlgorithm>, BuildError> {
    Ok(Box::new(Signum { step_size: p.schedule("step_size")?, momentum: p.schedule("momentum")?, form, warmup }))
}

crate::buffers! {
    /// The momentum with its gradients' weight, and room for two gradients.
    struct Memory { kept momentum: vector, kept weight: number, scratch g: vector, scratch other: vector }
}

impl Algorithm for Signum {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, beta) = (step.value(self.step_size), step.value(self.momentum));
        let Memory { momentum, weight, g, other } = step.memory;
        mean_gradient(step.workers, step.x, other, g, query)?;
        accumulate(self.form, (step.k, step.semantics), &beta, g, momentum);
        accumulate(self.form, (step.k, step.semantics), &beta, &[S::one()], std::slice::from_mut(weight));
        if step.k >= self.warmup {
            g.clone_from_slice(momentum);
        }
        take_signs(g, step.semantics.sign_zero, query)?;
        descend(step.x, &lr, g);
        count_signs(step.x.len(), step.workers, 0, step.semantics, query);
        Ok(())
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        Some(values[self.step_size.0].abs())
    }
}
