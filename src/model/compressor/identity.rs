//! No compression.
//!
//! **Source** karimireddy2019, Assumption A with delta = 1: C(v) = v.

use super::{Compressor, CompressorEntry};
use crate::model::query::FLOAT_BITS;
use crate::model::{Arithmetic, Query, Real, Semantics};
use crate::scalar::Fault;

/// C(v) = v.
pub(super) struct Identity;

/// Registry line.
pub(super) static ENTRY: CompressorEntry =
    CompressorEntry { name: "identity", summary: "v", params: &[], build: |_| Ok(Box::new(Identity)) };

impl Compressor for Identity {
    #[inline(always)]
    fn compress<S: Arithmetic>(&self, _: &mut [S], _: &Semantics, _: &mut dyn Query<S>) -> Result<(), Fault> {
        Ok(())
    }

    fn quality(&self, _dimension: usize) -> Real {
        Real::integer(1)
    }

    fn bits(&self, dimension: usize, _semantics: &Semantics) -> u64 {
        FLOAT_BITS * dimension as u64
    }
}
