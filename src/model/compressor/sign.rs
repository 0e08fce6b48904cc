//! The scaled sign.
//!
//! **Source** karimireddy2019, Lemma 8: |C(v) - v|_2^2 = (1 - phi(v)(2 - nnz/d)) |v|_2^2 with sgn(0) = 0 and
//! phi(v) = |v|_1^2/(d |v|_2^2); phi >= 1/d, so that delta = 1/d is guaranteed.
//! **Shapes and units** the scale is the mean absolute value of the block, in the unit of v.

use super::{Compressor, CompressorEntry};
use crate::model::query::{FLOAT_BITS, norm1, take_signs};
use crate::model::{Arithmetic, Query, Real, Semantics};
use crate::scalar::{Fault, Rational, Scalar};

/// C(v) = (|v|_1/d) sgn v, block by block.
pub(super) struct Sign;

/// Registry line.
pub(super) static ENTRY: CompressorEntry =
    CompressorEntry { name: "sign", summary: "(|v|_1/d) sgn v", params: &[], build: |_| Ok(Box::new(Sign)) };

impl Compressor for Sign {
    #[inline(always)]
    fn compress<S: Arithmetic>(
        &self,
        v: &mut [S],
        semantics: &Semantics,
        query: &mut dyn Query<S>,
    ) -> Result<(), Fault> {
        for block in semantics.scaling.ranges(v.len()) {
            let v = &mut v[block];
            let scale = norm1(v) * S::ratio(1, v.len() as u64);
            take_signs(v, semantics.sign_zero, query)?;
            for value in v {
                *value *= &scale;
            }
        }
        Ok(())
    }

    fn quality(&self, dimension: usize) -> Real {
        Real::Exact(Rational::ratio(1, dimension.max(1) as u64))
    }

    fn bits(&self, dimension: usize, semantics: &Semantics) -> u64 {
        let blocks = semantics.scaling.ranges(dimension).count() as u64;
        Semantics::sign_bits(semantics.sign_zero) * dimension as u64 + blocks * FLOAT_BITS
    }
}
