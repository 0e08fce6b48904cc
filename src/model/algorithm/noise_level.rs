//! The size of the noise that workers add to their gradients.
//!
//! **Update** worker i sends what the method makes of g_i + b xi_i. b is the level itself, or for each block B_l
//! b_l = b max_i max_(j in B_l) |g_ij|, the largest entry of any worker's gradient.
//! **Source** chen2020, noisy signSGD and noisy medianSGD; supplement I.3 for b_l, with b = 0.1 and the weights of one
//! layer as a block.
//! **Shapes and units** xi has none. b is in a gradient's unit `[f]/[x]`, or a pure number where it is relative.
//! **Ties and edge cases** where all gradients of a block are 0, nothing is added to it. A NaN in a block makes its b_l
//! NaN, and with it the block. Relative to the largest entry, each worker sends one float per block and receives one.

use super::blockwise::layers;
use super::{FLOAT_BITS, Query};
use crate::model::{Arithmetic, BuildError, Kind, Limits, ParamSpec, Params, Slot};
use crate::scalar::Fault;
use std::ops::Range;

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

/// What the level is a multiple of.
pub(super) const NOISE_RELATIVE_TO: ParamSpec = ParamSpec {
    name: "noise_relative_to",
    kind: Kind::Word(&["nothing", "largest-entry"]),
    default: Some("nothing"),
    limits: Limits::ANY,
    doc: "what b multiplies besides xi: `nothing`, or the largest |g_ij| over workers and entries, which takes one more float up and one down per worker",
};

/// Over which entries the largest is taken.
pub(super) const PER: ParamSpec = ParamSpec {
    name: "per",
    kind: Kind::Word(&["vector", "layer"]),
    default: Some("vector"),
    limits: Limits::ANY,
    doc: "entries that share a largest one: all, or those of each layer (each weight matrix and each bias vector of `mlp`; a problem without layers is one)",
};

/// The level, and what it is relative to.
pub(super) struct NoiseLevel {
    /// b.
    pub(super) slot: Slot,
    /// The blocks whose largest entries it multiplies; `None` where it is absolute.
    relative: Option<Blocks>,
}

/// All coordinates, or layers.
enum Blocks {
    Vector,
    Layers(Vec<Range<usize>>),
}

impl Blocks {
    /// The blocks of `dimension` coordinates.
    fn ranges(&self, dimension: usize) -> Vec<Range<usize>> {
        match self {
            Blocks::Vector => std::iter::once(0..dimension).collect(),
            Blocks::Layers(layers) => layers.clone(),
        }
    }
}

impl NoiseLevel {
    /// Reads `noise_level`, `noise_relative_to` and `per`.
    ///
    /// # Errors
    /// `per = "layer"` of a level that is relative to nothing.
    pub(super) fn read(p: &Params) -> Result<Self, BuildError> {
        let slot = p.schedule("noise_level")?;
        let layers = layers(p)?;
        let absolute = !p.has("noise_relative_to") || p.text("noise_relative_to")? == "nothing";
        match (absolute, layers) {
            (true, Some(_)) => {
                let message = "'per' is \"layer\", but the noise level is the same for all coordinates: \
                               `noise_relative_to = \"largest-entry\"` gives each layer its own";
                Err(BuildError::about("per", message))
            }
            (true, None) => Ok(NoiseLevel { slot, relative: None }),
            (false, None) => Ok(NoiseLevel { slot, relative: Some(Blocks::Vector) }),
            (false, Some(layers)) => Ok(NoiseLevel { slot, relative: Some(Blocks::Layers(layers)) }),
        }
    }

    /// Whether it needs all workers' gradients before the first draw.
    pub(super) fn is_relative(&self) -> bool {
        self.relative.is_some()
    }

    /// Writes g_i + b_l xi_i for every worker to `rows`, worker by worker, and counts the floats of the largest entries;
    /// `level` is b, and `xi` working space. For a level that [is relative](Self::is_relative).
    ///
    /// # Errors
    /// Those of the gradients and draws.
    #[inline(always)]
    pub(super) fn perturbed_gradients<S: Arithmetic>(
        &self,
        level: &S,
        (x, rows, xi): (&[S], &mut [S], &mut [S]),
        query: &mut dyn Query<S>,
    ) -> Result<(), Fault> {
        let d = x.len();
        let blocks = self.relative.as_ref().map(|blocks| blocks.ranges(d)).unwrap_or_default();
        let mut largest = vec![S::zero(); blocks.len()];
        let mut workers = 0;
        for (worker, row) in rows.chunks_mut(d.max(1)).enumerate() {
            query.gradient(worker, x, row)?;
            for (top, block) in largest.iter_mut().zip(&blocks) {
                for g in &row[block.clone()] {
                    *top = top.max(&g.abs());
                }
            }
            query.upload(FLOAT_BITS * blocks.len() as u64);
            workers += 1;
        }
        query.broadcast(FLOAT_BITS * blocks.len() as u64, workers);
        for row in rows.chunks_mut(d.max(1)) {
            query.perturbation(xi)?;
            for (top, block) in largest.iter().zip(&blocks) {
                let size = top.clone() * level;
                for (g, xi) in row[block.clone()].iter_mut().zip(&xi[block.clone()]) {
                    g.add_product(&size, xi);
                }
            }
        }
        Ok(())
    }
}
