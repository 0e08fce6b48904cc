//! The k largest entries.
//!
//! **Source** karimireddy2019, Section 4 and Remark 7: |C(v) - v|_2^2 <= (1 - k/d) |v|_2^2, since the entries left out
//! are no larger on average than those kept.
//! **Ties and edge cases** among equal sizes the lower index stays; k >= d keeps everything, delta = 1. A message is k
//! floats with their indices of ceil(log2 d) bits.

use super::{Compressor, CompressorEntry, index_bits, kept, kept_share};
use crate::model::query::FLOAT_BITS;
use crate::model::{Arithmetic, Kind, Limits, ParamSpec, Query, Real, Semantics};
use crate::scalar::Fault;

/// Keeps the k entries of largest absolute value.
pub(super) struct TopK {
    k: usize,
}

/// Registry line.
pub(super) static ENTRY: CompressorEntry = CompressorEntry {
    name: "top-k",
    summary: "the k entries of largest absolute value, else 0",
    params: &[ParamSpec { name: "k", kind: Kind::Count, default: None, limits: Limits::ONE_UP, doc: "entries kept" }],
    build: |p| Ok(Box::new(TopK { k: kept(p)? })),
};

impl Compressor for TopK {
    #[inline(always)]
    fn compress<S: Arithmetic>(&self, v: &mut [S], _: &Semantics, _: &mut dyn Query<S>) -> Result<(), Fault> {
        S::keep_largest(v, self.k)
    }

    fn quality(&self, dimension: usize) -> Real {
        kept_share(self.k, dimension)
    }

    fn bits(&self, dimension: usize, _semantics: &Semantics) -> u64 {
        self.k.min(dimension) as u64 * (FLOAT_BITS + index_bits(dimension))
    }
}
