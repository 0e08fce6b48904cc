//! Compressed SGD without feedback.
//!
//! **Update** x -= lr mean_m C(g_m).
//! **Source** karimireddy2019, Remark 5: the method with an unbiased compressor U whose bound carries the factor k.
//! **Differs from the source** any compressor, of the whole vector or of each layer; `qsgd`, `terngrad` and `random-k` are unbiased with `rescale = "no"`.
//! Several workers each compress their own gradient, and the server sends the mean in floats.
//! **Shapes and units** lr in `[x]^2/[f]` for a compressor that keeps the unit of v.
//! **Ties and edge cases** as the compressor's. A single worker's message goes back as it came.

use super::blockwise::{Blockwise, PER};
use super::common::{STEP_SIZE, apply_trace, descend, trace_nan};
use super::ef_sgd::COMPRESSOR;
use super::{Algorithm, AlgorithmEntry, FLOAT_BITS, Query, Step};
use crate::model::{Arithmetic, Real, Semantics, SignZero, Slot};
use crate::scalar::Fault;

/// SGD on compressed gradients whose errors are lost.
struct CompressedSgd {
    step_size: Slot,
    compressor: Blockwise,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "compressed-sgd",
    summary: "x -= lr mean_m C(g_m), without feedback",
    source: "karimireddy2019, Remark 5",
    params: &[STEP_SIZE, COMPRESSOR, PER],
    build: |p| Ok(Box::new(CompressedSgd { step_size: p.schedule("step_size")?, compressor: Blockwise::build(p)? })),
};

crate::buffers! {
    /// Room for a message, their sum, and traces of NaN.
    struct Memory { scratch g: vector, scratch sum: vector, scratch trace: vector }
}

impl Algorithm for CompressedSgd {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let d = step.x.len();
        let Memory { g, sum, trace } = step.memory;
        sum.fill(S::zero());
        trace.fill(S::zero());
        let bits = self.compressor.bits(d, step.semantics);
        for worker in 0..step.workers {
            query.gradient(worker, step.x, g)?;
            // A sparsifier may drop a coordinate that is NaN.
            trace_nan(trace, g)?;
            self.compressor.compress(g, step.semantics, query)?;
            query.upload(bits);
            for (sum, g) in sum.iter_mut().zip(g.iter()) {
                *sum += g;
            }
        }
        let weight = S::ratio(1, step.workers as u64);
        descend(step.x, &(lr * &weight), sum);
        apply_trace(step.x, trace);
        query.broadcast(if step.workers == 1 { bits } else { FLOAT_BITS * d as u64 }, step.workers);
        Ok(())
    }

    fn facts(&self, dimension: usize) -> Vec<(&'static str, Real)> {
        vec![("delta", self.compressor.quality(dimension))]
    }

    fn is_random(&self, semantics: &Semantics) -> bool {
        self.compressor.is_random() || semantics.sign_zero == SignZero::Random
    }
}
