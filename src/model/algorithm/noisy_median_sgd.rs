//! Noisy median SGD.
//!
//! **Update** x -= lr median(g_i + b xi_i), coordinate by coordinate, xi_i drawn by worker i.
//! **Source** chen2020, noisy medianSGD (Theorem 6).
//! **Assumptions** xi_i symmetric and unimodal with variance 1; the paper takes an odd number of workers.
//! **Differs from the source** with `noise_relative_to = "largest-entry"` the level is that of supplement I.3, for which
//! `noise_level` has the formula.
//! **Shapes and units** b in a gradient's unit `[f]/[x]`, xi has none; lr in `[x]^2/[f]`.
//! **Ties and edge cases** as `median-sgd`.

use super::common::STEP_SIZE;
use super::median_sgd::{descend_by_median, descend_by_median_of};
use super::noise_level::{NOISE_LEVEL, NOISE_RELATIVE_TO, NoiseLevel, PER, PERTURBATION};
use super::{Algorithm, AlgorithmEntry, Query, Step};
use crate::model::{Arithmetic, Semantics, Slot};
use crate::scalar::Fault;

/// Coordinate-wise median of perturbed gradients.
struct NoisyMedianSgd {
    step_size: Slot,
    noise_level: NoiseLevel,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "noisy-median-sgd",
    summary: "x -= lr median(g_i + b xi_i)",
    source: "chen2020, noisy medianSGD",
    params: &[STEP_SIZE, NOISE_LEVEL, PERTURBATION, NOISE_RELATIVE_TO, PER],
    build: |p| Ok(Box::new(NoisyMedianSgd { step_size: p.schedule("step_size")?, noise_level: NoiseLevel::read(p)? })),
};

crate::buffers! {
    /// The workers' vectors, their medians, traces of NaN, and the noise.
    struct Memory { scratch rows: per_worker, scratch middle: vector, scratch trace: vector, scratch xi: vector }
}

impl Algorithm for NoisyMedianSgd {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, level) = (step.value(self.step_size), step.value(self.noise_level.slot));
        let Memory { rows, middle, trace, xi } = step.memory;
        if self.noise_level.is_relative() {
            self.noise_level.perturbed_gradients(&level, (step.x, rows, xi), query)?;
            return descend_by_median_of((step.x, rows, middle, trace), step.workers, &lr, query);
        }
        descend_by_median(
            (step.x, rows, middle, trace),
            step.workers,
            &lr,
            query,
            #[inline(always)]
            |worker, x, out, query| {
                query.gradient(worker, x, out)?;
                query.perturbation(xi)?;
                for (g, xi) in out.iter_mut().zip(xi.iter()) {
                    g.add_product(&level, xi);
                }
                Ok(())
            },
        )
    }

    fn is_random(&self, _semantics: &Semantics) -> bool {
        true
    }
}
