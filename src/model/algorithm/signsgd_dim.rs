//! signSGD with double momentum.
//!
//! **Update** y = x + theta/(1 - theta) (x - x_prev); m = theta m + (1 - theta) g(y); x -= gamma sgn(m).
//! **Source** sun2023, equation 4 (Theorem 2).
//! **Differs from the source** the paper counts from t = 1 with x^1 = x^0; here k = t - 1 and x_prev = x at k = 0. Any
//! start is allowed. Several workers are averaged; `momentum_form` may replace the recursion of m.
//! **Assumptions** theta < 1.
//! **Shapes and units** m and x_prev have the iterate's shape; m in a gradient's unit `[f]/[x]`, gamma in `[x]`.
//! **Ties and edge cases** m_0 = 0 unless `momentum_start` says otherwise; sgn(0) as `sign_zero` says; theta = 0 is
//! `signsgd`.

use super::common::{MOMENTUM, STEP_SIZE, accumulate, count_signs, descend, extrapolate};
use super::{Algorithm, AlgorithmEntry, Query, Step, mean_gradient, take_signs};
use crate::model::{Arithmetic, MomentumForm, Slot};
use crate::scalar::Fault;

/// Sign of a momentum of gradients that are taken ahead of the iterate.
struct SignSgdDim {
    step_size: Slot,
    momentum: Slot,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "signsgd-dim",
    summary: "y = x + theta/(1 - theta) (x - x_prev); m = theta m + (1 - theta) g(y); x -= gamma sgn(m)",
    source: "sun2023, equation 4",
    params: &[STEP_SIZE, MOMENTUM],
    build: |p| Ok(Box::new(SignSgdDim { step_size: p.schedule("step_size")?, momentum: p.schedule("momentum")? })),
};

crate::buffers! {
    /// The momentum and the last iterate; room for two gradients and the point ahead.
    struct Memory {
        kept momentum: vector,
        kept previous: vector,
        scratch g: vector,
        scratch other: vector,
        scratch y: vector,
    }
}

impl Algorithm for SignSgdDim {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, theta) = (step.value(self.step_size), step.value(self.momentum));
        let d = step.x.len();
        let Memory { momentum, previous, g, other, y } = step.memory;
        let ahead = theta.divide(&(S::one() - &theta))?;
        extrapolate(step.k, &ahead, step.x, previous, y);
        mean_gradient(step.workers, y, other, g, query)?;
        accumulate(MomentumForm::Average, (step.k, step.semantics), &theta, g, momentum);
        g.clone_from_slice(momentum);
        take_signs(g, step.semantics.sign_zero, query)?;
        descend(step.x, &lr, g);
        count_signs(d, step.workers, 0, step.semantics, query);
        Ok(())
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        Some(values[self.step_size.0].abs())
    }
}
