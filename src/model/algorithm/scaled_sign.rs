//! Scaled signSGD: the step knows how long the gradient is.
//!
//! **Update** `scaled-signsgd-mean`: x -= lr (|g|_1/d) sgn g; `scaled-signgd`: x -= alpha |g|_1 sgn g.
//! **Source** karimireddy2019, Section 6 (scaled signSGD, no feedback); li2021, Algorithms 1 and 2.
//! **Differs from the source** several workers are averaged first. Norms are of whole vectors or, with
//! `scaling = [..]`, of each block, d then being the block's size.
//! **Shapes and units** |g|_1 has a gradient's unit, so that lr is in `[x]^2/[f]`.
//! **Ties and edge cases** sgn(0) as `sign_zero` says. Another sign than 0 lengthens the step along that coordinate.

use super::common::{STEP_SIZE, count_signs, descend, scale_bits};
use super::{Algorithm, AlgorithmEntry, Query, Step, mean_gradient, norm1, take_signs};
use crate::model::{Arithmetic, Slot};
use crate::scalar::Fault;

/// Signs times an l1 norm.
struct ScaledSign {
    step_size: Slot,
    /// Whether the norm is divided by the number of coordinates.
    by_mean: bool,
}

/// Registry line of the mean absolute value as the scale.
pub(super) static MEAN: AlgorithmEntry = AlgorithmEntry {
    name: "scaled-signsgd-mean",
    summary: "x -= lr (|g|_1/d) sgn g",
    source: "karimireddy2019, Section 6",
    params: &[STEP_SIZE],
    build: |p| Ok(Box::new(ScaledSign { step_size: p.schedule("step_size")?, by_mean: true })),
};

/// Registry line of the norm itself as the scale.
pub(super) static NORM: AlgorithmEntry = AlgorithmEntry {
    name: "scaled-signgd",
    summary: "x -= alpha |g|_1 sgn g",
    source: "li2021, Algorithms 1 and 2",
    params: &[STEP_SIZE],
    build: |p| Ok(Box::new(ScaledSign { step_size: p.schedule("step_size")?, by_mean: false })),
};

/// Registry line of the same update under the name of its stochastic form.
pub(super) static NORM_STOCHASTIC: AlgorithmEntry = AlgorithmEntry {
    name: "scaled-signsgd",
    summary: "x -= alpha |g|_1 sgn g: scaled-signgd for a noisy oracle",
    source: "li2021, Algorithm 2",
    params: &[STEP_SIZE],
    build: |p| (NORM.build)(p),
};

crate::buffers! {
    /// Room for two gradients.
    struct Memory { scratch g: vector, scratch other: vector }
}

impl Algorithm for ScaledSign {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let d = step.x.len();
        let Memory { g, other } = step.memory;
        mean_gradient(step.workers, step.x, other, g, query)?;
        for block in step.semantics.scaling.ranges(d) {
            let part = &mut g[block.clone()];
            let mut scale = norm1(part);
            if self.by_mean {
                scale *= &S::ratio(1, part.len() as u64);
            }
            take_signs(part, step.semantics.sign_zero, query)?;
            descend(&mut step.x[block], &(scale * &lr), part);
        }
        count_signs(d, step.workers, scale_bits(d, step.semantics), step.semantics, query);
        Ok(())
    }
}
