//! Noisy signSGD.
//!
//! **Update** x -= lr sgn(sum_i sgn(g_i + b xi_i)), xi_i drawn by worker i.
//! **Source** chen2020, noisy signSGD (Theorem 5): the sign of the median of the perturbed gradients, which for an
//! odd number of nonzero values is the majority of their signs (Proposition 1).
//! **Assumptions** xi_i symmetric and unimodal with variance 1; the paper takes an odd number of workers.
//! **Shapes and units** b in a gradient's unit `[f]/[x]`, xi has none; lr in `[x]`.
//! **Ties and edge cases** as `vote`.

use super::common::{STEP_SIZE, apply_trace, descend};
use super::{Algorithm, AlgorithmEntry, Query, Step, vote};
use crate::model::{Arithmetic, Kind, Limits, ParamSpec, Semantics, Slot};
use crate::scalar::Fault;

/// How large the added noise is, at every step.
pub(super) const NOISE_LEVEL: ParamSpec = ParamSpec {
    name: "noise_level",
    kind: Kind::Schedule,
    default: None,
    limits: Limits::ANY,
    doc: "b, factor of the added noise",
};

/// The law of the added noise; whoever answers [`Query::perturbation`] draws from it.
pub(super) const PERTURBATION: ParamSpec = ParamSpec {
    name: "perturbation",
    kind: Kind::Noise,
    default: Some("gaussian"),
    limits: Limits::ANY,
    doc: "law of xi: mean 0 and variance 1 in each coordinate",
};

/// Majority of the signs of perturbed gradients.
struct NoisySignSgd {
    step_size: Slot,
    noise_level: Slot,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "noisy-signsgd",
    summary: "x -= lr sgn(sum_i sgn(g_i + b xi_i))",
    source: "chen2020, noisy signSGD",
    params: &[STEP_SIZE, NOISE_LEVEL, PERTURBATION],
    build: |p| {
        Ok(Box::new(NoisySignSgd { step_size: p.schedule("step_size")?, noise_level: p.schedule("noise_level")? }))
    },
};

crate::buffers! {
    /// Room for a vote, for traces of NaN, and for the noise.
    struct Memory { scratch g: vector, scratch trace: vector, scratch xi: vector }
}

impl Algorithm for NoisySignSgd {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, level) = (step.value(self.step_size), step.value(self.noise_level));
        let Memory { g, trace, xi } = step.memory;
        let x = &*step.x;
        let tally = vote::collect(
            step.workers,
            step.semantics,
            (g, trace),
            query,
            #[inline(always)]
            |worker, out, query| {
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
