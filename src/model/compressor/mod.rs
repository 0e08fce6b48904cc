//! Compressors: what a worker sends in place of a vector.

#[cfg(test)]
mod contract;
mod identity;
mod k_pca;
mod linear;
mod random_k;
mod sign;
pub(crate) mod stochastic_sign;
mod top_k;
mod unbiased;

use super::{Arithmetic, BuildError, ParamSpec, ParamValue, Params, Query, Real, Semantics};
use crate::scalar::{Checked, Enclosure, Fault, Narrow, Polynomial, Rational, Scalar, Surd, Wide};

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
    ) -> Result<(), Fault>
    where
        Self: Sized;

    /// Guaranteed quality delta in (0, 1] for vectors of this dimension; 0 where the map guarantees none.
    fn quality(&self, dimension: usize) -> Real;

    /// Bits of one message for a vector of this dimension, with floats of 32 bits.
    fn bits(&self, dimension: usize, semantics: &Semantics) -> u64;

    /// Whether it draws coins of its own, whatever the convention for sgn(0).
    fn is_random(&self) -> bool {
        false
    }
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

/// A compressor in every arithmetic: what the registry builds.
pub trait DynCompressor:
    Compresses<Narrow>
    + Compresses<Wide>
    + Compresses<Checked>
    + Compresses<Rational>
    + Compresses<Surd>
    + Compresses<Enclosure>
    + Compresses<Polynomial>
    + Compressor
    + Send
    + Sync
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

/// Builds the compressor that the parameter `compressor` names.
///
/// # Errors
/// As the compressor's own builder.
pub fn build_compressor(p: &Params) -> Result<Box<dyn DynCompressor>, BuildError> {
    let Some(ParamValue::Compressor(entry, params)) = p.values.get("compressor") else {
        return Err(BuildError::about("compressor", "'compressor' takes { name = \"..\" }"));
    };
    (entry.build)(params)
}

impl std::fmt::Debug for CompressorEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The compressors that come with signcheck.
pub static ALL: &[&CompressorEntry] = &[
    &identity::ENTRY,
    &sign::ENTRY,
    &top_k::ENTRY,
    &random_k::ENTRY,
    &k_pca::ENTRY,
    &unbiased::QSGD,
    &unbiased::TERNGRAD,
    &stochastic_sign::ENTRY,
    &linear::ENTRY,
];

/// Bits that distinguish `values` values: log2 rounded up.
fn value_bits(values: usize) -> u64 {
    u64::from(usize::BITS - values.saturating_sub(1).leading_zeros())
}

/// Bits of one index into `dimension` coordinates.
fn index_bits(dimension: usize) -> u64 {
    value_bits(dimension)
}

/// The parameter `k` of a sparsifier.
fn kept(p: &Params) -> Result<usize, BuildError> {
    match p.count("k")? {
        0 => Err(BuildError::about("k", "'k' is 0; at least 1 entry must be kept")),
        k => Ok(k),
    }
}

/// k/d, at most 1.
fn kept_share(k: usize, dimension: usize) -> Real {
    Real::Exact(Rational::ratio(k.min(dimension.max(1)) as i64, dimension.max(1) as u64))
}
