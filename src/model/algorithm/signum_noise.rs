//! Signum with shared noise.
//!
//! **Update** m = beta m + (1 - beta) g, m_0 = 0; x -= lr sgn(m) + b xi, one draw of xi per step for all workers.
//! **Source** bernstein2018, Section 6: Gaussian noise added to the Signum update, generated on every worker from a
//! shared random seed.
//! **Differs from the source** the level b is a schedule of its own, so that b = 0 is `signum` and b = sqrt(2 lr T) a
//! Langevin step at temperature T. Any law of variance 1 may replace the Gaussian. Several workers are averaged.
//! **Shapes and units** m in a gradient's unit `[f]/[x]`; lr and b in `[x]`, xi has no unit.
//! **Ties and edge cases** as `signum`. Shared noise costs no bits: the seed is sent once. The noise has no bound, so
//! that statistics have no range.

use super::common::{MOMENTUM, STEP_SIZE, accumulate, count_signs, descend};
use super::noise_level::PERTURBATION;
use super::{Algorithm, AlgorithmEntry, Query, Step, mean_gradient, take_signs};
use crate::model::{Arithmetic, Kind, Limits, MomentumForm, ParamSpec, Semantics, Slot};
use crate::scalar::Fault;

/// Sign of a momentum plus noise that all workers share.
struct SignumNoise {
    step_size: Slot,
    momentum: Slot,
    noise_level: Slot,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "signum-noise",
    summary: "m = beta m + (1 - beta) g; x -= lr sgn(m) + b xi, xi shared by all workers",
    source: "bernstein2018, Section 6",
    params: &[
        STEP_SIZE,
        MOMENTUM,
        ParamSpec {
            name: "noise_level",
            kind: Kind::Schedule,
            default: None,
            limits: Limits::ANY,
            doc: "b, factor of the noise in the update, in the unit of x",
        },
        PERTURBATION,
    ],
    build: |p| {
        Ok(Box::new(SignumNoise {
            step_size: p.schedule("step_size")?,
            momentum: p.schedule("momentum")?,
            noise_level: p.schedule("noise_level")?,
        }))
    },
};

crate::buffers! {
    /// The momentum, and room for two gradients, then the noise.
    struct Memory { kept momentum: vector, scratch g: vector, scratch other: vector }
}

impl Algorithm for SignumNoise {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, beta, level) = (step.value(self.step_size), step.value(self.momentum), step.value(self.noise_level));
        let Memory { momentum, g, other } = step.memory;
        mean_gradient(step.workers, step.x, other, g, query)?;
        accumulate(MomentumForm::Average, (step.k, step.semantics), &beta, g, momentum);
        g.clone_from_slice(momentum);
        take_signs(g, step.semantics.sign_zero, query)?;
        let xi = other;
        query.perturbation(xi)?;
        descend(step.x, &lr, g);
        descend(step.x, &level, xi);
        count_signs(step.x.len(), step.workers, 0, step.semantics, query);
        Ok(())
    }

    fn is_random(&self, _semantics: &Semantics) -> bool {
        true
    }
}
