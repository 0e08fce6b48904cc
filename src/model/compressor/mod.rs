//! Compressors: what a worker sends in place of a vector.

pub mod sign;

use super::{Arithmetic, BuildError, ParamSpec, Params, Query, Real, Semantics};
use crate::scalar::{Fault, Narrow, Rational, Wide};
use crate::stats::Interval;

/// A map C with E|C(v) - v|_2^2 <= (1 - delta) |v|_2^2 (karimireddy2019, Assumption A).
/// Mark [`Compressor::compress`] `#[inline(always)]`.
pub trait Compressor: Send + Sync + 'static {
    /// Replaces v by C(v). Randomness comes from `query.coin` alone.
    ///
    /// # Errors
    /// Where the arithmetic has no such value.
    fn compress<S: Arithmetic>(
        &self,
        v: &mut [S],
        semantics: &Semantics,
        query: &mut dyn Query<S>,
    ) -> Result<(), Fault>;

    /// Guaranteed quality delta in (0, 1] for vectors of this dimension.
    fn quality(&self, dimension: usize) -> Real;

    /// Bits of one message for a vector of this dimension, with floats of 32 bits.
    fn bits(&self, dimension: usize, semantics: &Semantics) -> u64;
}

/// A compressor in one arithmetic: the object-safe face of [`Compressor`].
pub trait Compresses<S> {
    /// See [`Compressor::compress`].
    ///
    /// # Errors
    /// As there.
    fn compress_in(&self, v: &mut [S], semantics: &Semantics, query: &mut dyn Query<S>) -> Result<(), Fault>;
}

impl<C: Compressor, S: Arithmetic> Compresses<S> for C {
    fn compress_in(&self, v: &mut [S], semantics: &Semantics, query: &mut dyn Query<S>) -> Result<(), Fault> {
        S::dispatch(
            #[inline(always)]
            || self.compress(v, semantics, query),
        )
    }
}

/// What does not depend on the arithmetic.
pub trait CompressorMeta {
    /// See [`Compressor::quality`].
    fn quality(&self, dimension: usize) -> Real;
    /// See [`Compressor::bits`].
    fn bits(&self, dimension: usize, semantics: &Semantics) -> u64;
}

impl<C: Compressor> CompressorMeta for C {
    fn quality(&self, dimension: usize) -> Real {
        Compressor::quality(self, dimension)
    }
    fn bits(&self, dimension: usize, semantics: &Semantics) -> u64 {
        Compressor::bits(self, dimension, semantics)
    }
}

/// A compressor in every arithmetic: what the registry builds.
pub trait DynCompressor:
    Compresses<Narrow> + Compresses<Wide> + Compresses<Rational> + Compresses<Interval> + CompressorMeta + Send + Sync
{
}
impl<C: Compressor> DynCompressor for C {}

/// A compressor of the registry.
pub struct CompressorEntry {
    /// Name in claim files.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// Builds it.
    pub build: fn(&Params) -> Result<Box<dyn DynCompressor>, BuildError>,
}

/// The compressors that come with signcheck.
pub static ALL: &[&CompressorEntry] = &[&sign::ENTRY];
