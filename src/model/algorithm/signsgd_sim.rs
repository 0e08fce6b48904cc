//! signSGD with simple momentum.
//!
//! **Update** m = theta m + (1 - theta) g; x -= gamma c_j sgn(m), coordinate by coordinate.
//! **Source** sun2023, Algorithm 1; c_j is the coordinate version, step A = diag(gamma_j) with gamma_j = gamma c_j.
//! **Differs from the source** the paper counts from t = 1 with x^1 = x^0; here k = t - 1, so that iterate k is its
//! x^{k+1}. Any start is allowed. Several workers are averaged.
//! **Shapes and units** m and x_prev, kept for measuring m, have the iterate's shape; m has a gradient's unit
//! `[f]/[x]`; gamma in `[x]`; c has no unit.
//! **Ties and edge cases** m_0 = 0 unless `momentum_start` says otherwise; sgn(0) as `sign_zero` says.

use super::common::{MOMENTUM, STEP_SIZE, accumulate, count_signs, descend};
use super::{Algorithm, AlgorithmEntry, Query, Step, mean_gradient, take_signs};
use crate::model::{Arithmetic, BuildError, Kind, Limits, MomentumForm, ParamSpec, Real, Slot};
use crate::scalar::Fault;

/// Sign of an averaged momentum, with a step for each coordinate.
struct SignSgdSim {
    step_size: Slot,
    momentum: Slot,
    /// Absent where all are 1.
    factors: Option<Vec<Real>>,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "signsgd-sim",
    summary: "m = theta m + (1 - theta) g; x_j -= gamma c_j sgn(m_j)",
    source: "sun2023, Algorithm 1",
    params: &[
        STEP_SIZE,
        MOMENTUM,
        ParamSpec {
            name: "step_factors",
            kind: Kind::Vector,
            default: Some("1"),
            limits: Limits::POSITIVE,
            doc: "c_j, one per coordinate: coordinate j steps by step_size * c_j",
        },
    ],
    build: |p| {
        let given = if p.has("step_factors") { p.list("step_factors")? } else { vec![Real::integer(1)] };
        if given.iter().any(|c| !(c.to_f64() > 0.0 && c.to_f64().is_finite())) {
            return Err(BuildError::about("step_factors", "'step_factors' takes finite numbers above 0"));
        }
        let plain = given.iter().all(|c| *c == Real::integer(1));
        Ok(Box::new(SignSgdSim {
            step_size: p.schedule("step_size")?,
            momentum: p.schedule("momentum")?,
            factors: if plain { None } else { Some(p.vector("step_factors", p.dimension)?) },
        }))
    },
};

crate::buffers! {
    /// The momentum with the iterate that it was taken at, and room for two gradients.
    struct Memory { kept momentum: vector, kept previous: vector, scratch g: vector, scratch other: vector }
}

impl Algorithm for SignSgdSim {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, theta) = (step.value(self.step_size), step.value(self.momentum));
        let Memory { momentum, previous, g, other } = step.memory;
        previous.clone_from_slice(step.x);
        mean_gradient(step.workers, step.x, other, g, query)?;
        accumulate(MomentumForm::Average, (step.k, step.semantics), &theta, g, momentum);
        g.clone_from_slice(momentum);
        take_signs(g, step.semantics.sign_zero, query)?;
        if let Some(factors) = &self.factors {
            for (g, factor) in g.iter_mut().zip(factors) {
                *g *= &factor.cast::<S>()?;
            }
        }
        descend(step.x, &lr, g);
        count_signs(step.x.len(), step.workers, 0, step.semantics, query);
        Ok(())
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        let factors = self.factors.iter().flatten().map(Real::to_f64);
        let top = factors.fold(if self.factors.is_none() { 1.0 } else { 0.0 }, f64::max);
        Some(values[self.step_size.0].abs() * top)
    }
}
