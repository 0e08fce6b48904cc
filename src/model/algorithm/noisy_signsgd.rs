//! Noisy signSGD.
//!
//! **Update** x -= lr sgn(sum_i sgn(g_i + b xi_i)), xi_i drawn by worker i.
//! **Source** chen2020, noisy signSGD (Theorem 5): the sign of the median of the perturbed gradients, which for an
//! odd number of nonzero values is the majority of their signs (Proposition 1).
//! **Assumptions** xi_i symmetric and unimodal with variance 1; the paper takes an odd number of workers.
//! **Differs from the source** with `noise_relative_to = "largest-entry"` the level is that of supplement I.3, for which
//! `noise_level` has the formula.
//! **Shapes and units** b in a gradient's unit `[f]/[x]`, xi has none; lr in `[x]`.
//! **Ties and edge cases** as `vote`.

use super::common::{STEP_SIZE, apply_trace, descend};
use super::noise_level::{NOISE_LEVEL, NOISE_RELATIVE_TO, NoiseLevel, PER, PERTURBATION};
use super::{Algorithm, AlgorithmEntry, Query, Step, vote};
use crate::model::{Arithmetic, Semantics, Slot};
use crate::scalar::Fault;

/// Majority of the signs of perturbed gradients.
struct NoisySignSgd {
    step_size: Slot,
    noise_level: NoiseLevel,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "noisy-signsgd",
    summary: "x -= lr sgn(sum_i sgn(g_i + b xi_i))",
    source: "chen2020, noisy signSGD",
    params: &[STEP_SIZE, NOISE_LEVEL, PERTURBATION, NOISE_RELATIVE_TO, PER],
    build: |p| Ok(Box::new(NoisySignSgd { step_size: p.schedule("step_size")?, noise_level: NoiseLevel::read(p)? })),
};

crate::buffers! {
    /// Room for a vote, for traces of NaN, for the noise, and for all gradients where their largest entry is needed.
    struct Memory { scratch g: vector, scratch trace: vector, scratch xi: vector, scratch rows: per_worker }
}

impl Algorithm for NoisySignSgd {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, level) = (step.value(self.step_size), step.value(self.noise_level.slot));
        let Memory { g, trace, xi, rows } = step.memory;
        let x = &*step.x;
        let relative = self.noise_level.is_relative();
        if relative {
            self.noise_level.perturbed_gradients(&level, (x, rows, xi), query)?;
        }
        let tally = vote::collect(
            step.workers,
            step.semantics,
            (g, trace),
            query,
            #[inline(always)]
            |worker, out, query| {
                if relative {
                    out.clone_from_slice(&rows[worker * x.len()..(worker + 1) * x.len()]);
                    return Ok(());
                }
                query.gradient(worker, x, out)?;
                query.perturbation(xi)?;
                for (g, xi) in out.iter_mut().zip(xi.iter()) {
                    g.add_product(&level, xi);
                }
                Ok(())
            },
        )?;
        let winner = tally.majority(step.semantics.ties, query)?;
        query.broadcast(winner.bits(), step.workers);
        winner.unpack(g);
        descend(step.x, &lr, g);
        apply_trace(step.x, trace);
        Ok(())
    }

    fn is_random(&self, _semantics: &Semantics) -> bool {
        true
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        Some(values[self.step_size.0].abs())
    }
}
