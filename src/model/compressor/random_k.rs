//! k entries drawn at random.
//!
//! **Source** karimireddy2019, Section 4 (randomised compressors): each entry stays with probability k/d, so that
//! E|C(v) - v|_2^2 = (1 - k/d) |v|_2^2 exactly. In the terms of Remark 5 it is U k/d of the unbiased U = (d/k) C, for
//! which E|U(v)|_2^2 = (d/k) |v|_2^2; `rescale = "no"` gives U, of quality 2 - d/k where that is positive, else 0.
//! **Differs from the source** the set is drawn by selection sampling, one coin per coordinate. Entry i stays with
//! probability (k - chosen so far)/(d - i), which makes every set of k entries equally likely.
//! **Ties and edge cases** k >= d keeps everything. A message is k floats with their indices of ceil(log2 d) bits.

use super::unbiased::{RESCALE, rescale, unbiased_quality};
use super::{Compressor, CompressorEntry, index_bits, kept, kept_share};
use crate::model::query::FLOAT_BITS;
use crate::model::{Arithmetic, Kind, Limits, ParamSpec, Query, Real, Semantics};
use crate::scalar::{Fault, Rational, Scalar};
use std::slice::from_mut;
use std::slice::from_ref;

/// Keeps k entries, every set of k with the same probability.
pub(super) struct RandomK {
    k: usize,
    /// Whether entries are kept as they are, and not multiplied by d/k.
    rescale: bool,
}

/// Registry line.
pub(super) static ENTRY: CompressorEntry = CompressorEntry {
    name: "random-k",
    summary: "k entries drawn at random, else 0",
    params: &[
        ParamSpec { name: "k", kind: Kind::Count, default: None, limits: Limits::ONE_UP, doc: "entries kept" },
        RESCALE,
    ],
    build: |p| Ok(Box::new(RandomK { k: kept(p)?, rescale: rescale(p)? })),
};

impl Compressor for RandomK {
    #[inline(always)]
    fn compress<S: Arithmetic>(&self, v: &mut [S], _: &Semantics, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let d = v.len();
        let kept = self.k.min(d);
        let mut remaining = S::ratio(kept as i64, 1);
        let factor = if self.rescale { S::one() } else { S::ratio(d as i64, kept.max(1) as u64) };
        for (i, value) in v.iter_mut().enumerate() {
            // Division, not multiplication by 1/(d - i): remaining = d - i must give exactly 1.
            let p = remaining.divide(&S::ratio((d - i) as i64, 1))?;
            let mut stays = S::zero();
            query.coin(from_ref(&p), from_mut(&mut stays))?;
            remaining -= &stays;
            *value *= &(stays * &factor);
        }
        Ok(())
    }

    fn quality(&self, dimension: usize) -> Real {
        if self.rescale {
            return kept_share(self.k, dimension);
        }
        unbiased_quality(&Rational::ratio(dimension as i64, self.k.clamp(1, dimension.max(1)) as u64).into())
    }

    fn bits(&self, dimension: usize, _semantics: &Semantics) -> u64 {
        self.k.min(dimension) as u64 * (FLOAT_BITS + index_bits(dimension))
    }

    fn is_random(&self) -> bool {
        true
    }
}
