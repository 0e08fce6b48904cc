//! What a method treats as one vector: all coordinates together, or each layer by itself.
//!
//! **Formula** With blocks B_1, .., B_L of the coordinates, C(v) = (C_1(v_B1), .., C_L(v_BL)), C_l being the compressor
//! for |B_l| coordinates. E|C_l(u) - u|_2^2 <= (1 - delta_l) |u|_2^2 for each block gives E|C(v) - v|_2^2 <=
//! (1 - min_l delta_l) |v|_2^2, and a v inside the block of the least delta_l shows that no larger delta is guaranteed.
//! For the sign this is the least 1/|B_l|.
//! **Source** karimireddy2019, section 6.1: EF-signSGD compresses each layer by itself, sum_l (d_l + 32) bits.
//! **Shapes and units** blocks are consecutive; a problem without layers is one block
//! ([`Problem::blocks`](crate::model::Problem::blocks)). Each block is a message of its own, with its own scale or
//! indices.

use super::Query;
use crate::model::compressor::build_compressor;
use crate::model::{
    Arithmetic, BuildError, DynCompressor, Kind, Limits, ParamSpec, ParamValue, Params, Real, Semantics,
};
use crate::scalar::Fault;
use std::ops::Range;

/// The parameter that says what is compressed as one vector.
pub(super) const PER: ParamSpec = ParamSpec {
    name: "per",
    kind: Kind::Word(&["vector", "layer"]),
    default: Some("vector"),
    limits: Limits::ANY,
    doc: "what C takes as one vector: all coordinates, or each layer by itself (each weight matrix and each bias vector of `mlp`; a problem without layers is one)",
};

/// The blocks of `per = "layer"`; `None` for the whole vector.
///
/// # Errors
/// A value that is no text.
pub(super) fn layers(p: &Params) -> Result<Option<Vec<Range<usize>>>, BuildError> {
    if !p.has("per") || p.text("per")? == "vector" {
        return Ok(None);
    }
    let whole = std::iter::once(0..p.dimension);
    Ok(Some(if p.blocks.is_empty() { whole.collect() } else { p.blocks.clone() }))
}

/// A compressor of the whole vector, or of each layer.
pub(super) enum Blockwise {
    /// One compressor for all coordinates.
    Vector(Box<dyn DynCompressor>),
    /// Each block with the compressor for its number of coordinates.
    Layers(Vec<(Range<usize>, Box<dyn DynCompressor>)>),
}

impl Blockwise {
    /// Builds the compressor that the parameters `compressor` and `per` name.
    ///
    /// # Errors
    /// As the compressor's own builder: of a block that it does not fit (`rows` of `k-pca` must divide each).
    pub(super) fn build(p: &Params) -> Result<Self, BuildError> {
        let Some(blocks) = layers(p)? else { return Ok(Blockwise::Vector(build_compressor(p)?)) };
        let fitted = |block: Range<usize>| {
            let mut own = Params { dimension: block.len(), ..p.clone() };
            if let Some(ParamValue::Compressor(_, inner)) = own.values.get_mut("compressor") {
                inner.dimension = block.len();
            }
            let at = |e: BuildError| BuildError::about("compressor", format!("a layer of {}: {e}", block.len()));
            let compressor = build_compressor(&own).map_err(at)?;
            Ok((block, compressor))
        };
        Ok(Blockwise::Layers(blocks.into_iter().map(fitted).collect::<Result<_, BuildError>>()?))
    }

    /// Replaces v by C(v).
    ///
    /// # Errors
    /// As [`Compresses::compress_in`](crate::model::Compresses::compress_in).
    #[inline(always)]
    pub(super) fn compress<S: Arithmetic>(
        &self,
        v: &mut [S],
        semantics: &Semantics,
        query: &mut dyn Query<S>,
    ) -> Result<(), Fault> {
        match self {
            Blockwise::Vector(compressor) => S::compressor(&**compressor).compress_in(v, semantics, query),
            Blockwise::Layers(layers) => {
                for (block, compressor) in layers {
                    S::compressor(&**compressor).compress_in(&mut v[block.clone()], semantics, query)?;
                }
                Ok(())
            }
        }
    }

    /// delta, guaranteed for every v of `dimension` coordinates: of layers the least.
    pub(super) fn quality(&self, dimension: usize) -> Real {
        match self {
            Blockwise::Vector(compressor) => compressor.quality(dimension),
            Blockwise::Layers(layers) => {
                let all: Vec<Real> = layers.iter().map(|(block, c)| c.quality(block.len())).collect();
                Real::smallest(&all)
            }
        }
    }

    /// Bits of one message: of layers the sum.
    pub(super) fn bits(&self, dimension: usize, semantics: &Semantics) -> u64 {
        match self {
            Blockwise::Vector(compressor) => compressor.bits(dimension, semantics),
            Blockwise::Layers(layers) => layers.iter().map(|(block, c)| c.bits(block.len(), semantics)).sum(),
        }
    }

    /// Whether it draws coins of its own.
    pub(super) fn is_random(&self) -> bool {
        match self {
            Blockwise::Vector(compressor) => compressor.is_random(),
            Blockwise::Layers(layers) => layers.iter().any(|(_, c)| c.is_random()),
        }
    }
}
