//! Unbiased random quantisation: QSGD and TernGrad.
//!
//! **Update** with r = |v|_2 (`qsgd`) or |v|_inf (`terngrad`, s = 1): U(v)_i = r sgn(v_i) zeta_i/s, zeta_i the number
//! s |v_i|/r rounded at random to a neighbouring integer, so that E U(v) = v.
//! **Source** karimireddy2019, Remark 5, which takes U with E|U(v)|_2^2 <= k |v|_2^2 and C = U/k, delta = 1/k.
//! **Facts** k = sqrt d for qsgd with s = 1 and 1 + min(d/s^2, sqrt d/s) beyond (Alistarh et al. 2017, Lemma 3.1);
//! k = (1 + sqrt d)/2 for terngrad: E|U|_2^2 = |v|_inf |v|_1, largest for one entry of size 1 and the others equal.
//! `rescale = "no"` gives U itself: its delta is 2 - k where that is positive, else there is none (quality 0).
//! **Ties and edge cases** U(0) = 0. The 2-norm of a rational vector need not be rational: qsgd may end an exact run.
//! A message is one float and for each coordinate one of 2s + 1 values, ceil(log2(2s + 1)) bits.

use super::{Compressor, CompressorEntry, value_bits};
use crate::model::query::{FLOAT_BITS, norm2_squared};
use crate::model::{
    Arithmetic, BuildError, DynCompressor, Kind, Limits, ParamSpec, Params, Query, Real, Semantics, lift,
};
use crate::scalar::{Fault, Rational, Scalar};

/// Random rounding to multiples of r/s.
pub(super) struct Unbiased {
    levels: usize,
    by_largest: bool,
    rescale: bool,
}

/// Whether an unbiased U is sent, or U/k.
pub(super) const RESCALE: ParamSpec = ParamSpec {
    name: "rescale",
    kind: Kind::Word(&["yes", "no"]),
    default: Some("yes"),
    limits: Limits::ANY,
    doc: "yes: U/k, a delta-compressor with delta = 1/k; no: the unbiased U",
};

/// Registry line.
pub(super) static QSGD: CompressorEntry = CompressorEntry {
    name: "qsgd",
    summary: "|v|_2 sgn(v_i) zeta_i/s, s |v_i|/|v|_2 rounded at random",
    params: &[
        ParamSpec { name: "levels", kind: Kind::Count, default: Some("1"), limits: Limits::ONE_UP, doc: "s" },
        RESCALE,
    ],
    build: |p| build(p, false),
};

/// Registry line.
pub(super) static TERNGRAD: CompressorEntry = CompressorEntry {
    name: "terngrad",
    summary: "|v|_inf sgn(v_i) Bernoulli(|v_i|/|v|_inf)",
    params: &[RESCALE],
    build: |p| build(p, true),
};

/// The parameter `rescale`; yes where absent.
pub(super) fn rescale(p: &Params) -> Result<bool, BuildError> {
    Ok(!p.has("rescale") || p.text("rescale")? == "yes")
}

/// Guaranteed delta of an unbiased U with E|U(v)|_2^2 <= k |v|_2^2: E|U(v) - v|_2^2 <= (k - 1)|v|_2^2, so that it is
/// 2 - k where that is positive, else there is none.
pub(super) fn unbiased_quality(inflation: &Real) -> Real {
    Real::largest(&[Real::integer(0), Real::integer(2).minus(inflation)])
}

fn build(p: &Params, by_largest: bool) -> Result<Box<dyn DynCompressor>, BuildError> {
    let levels = if p.has("levels") { p.count("levels")? } else { 1 };
    if !(1..=1 << 30).contains(&levels) {
        return Err(BuildError::about("levels", format!("'levels' is {levels}; it must be from 1 to 2^30")));
    }
    Ok(Box::new(Unbiased { levels, by_largest, rescale: rescale(p)? }))
}

impl Unbiased {
    /// k with E|U(v)|_2^2 <= k |v|_2^2.
    fn inflation(&self, dimension: usize) -> Real {
        let (d, one) = (Real::integer(dimension as i64), Real::integer(1));
        let root = d.root();
        if self.by_largest {
            return Real::sum(&[one, root]).times(&Rational::ratio(1, 2).into());
        }
        if self.levels == 1 {
            return root;
        }
        let share: Real = Rational::ratio(1, self.levels as u64).into();
        Real::sum(&[one, Real::smallest(&[d.times(&share).times(&share), root.times(&share)])])
    }
}

impl Compressor for Unbiased {
    #[inline(always)]
    fn compress<S: Arithmetic>(&self, v: &mut [S], _: &Semantics, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (zero, s) = (S::zero(), S::ratio(self.levels as i64, 1));
        let size = if self.by_largest {
            v.iter().fold(zero.clone(), |top, v| top.max(&v.abs()))
        } else {
            norm2_squared(v).sqrt()?
        };
        // For v = 0 the size is 0, and 1 in its place leaves 0/1 = 0.
        let divisor = size.clone() + (S::one() - size.sign_or(&zero)?);
        let (mut signs, mut whole, mut rest) = (v.to_vec(), v.to_vec(), v.to_vec());
        for i in 0..v.len() {
            let scaled = (v[i].abs() * &s).divide(&divisor)?;
            whole[i] = scaled.floor()?;
            rest[i] = scaled - &whole[i];
            signs[i] = v[i].sign_or(&zero)?;
        }
        query.coin(&rest, v)?;
        let mut unit = size.divide(&s)?;
        if self.rescale {
            unit = unit.divide(&self.inflation(v.len()).cast::<S>()?)?;
        }
        for (i, value) in v.iter_mut().enumerate() {
            *value = (value.clone() + &whole[i]) * &signs[i] * &unit;
        }
        Ok(())
    }

    fn quality(&self, dimension: usize) -> Real {
        let k = self.inflation(dimension);
        if self.rescale {
            return lift!(&[&k], |t| Scalar::divide(&Scalar::one(), &t[0]));
        }
        unbiased_quality(&k)
    }

    fn bits(&self, dimension: usize, _semantics: &Semantics) -> u64 {
        FLOAT_BITS + dimension as u64 * value_bits(2 * self.levels + 1)
    }

    fn is_random(&self) -> bool {
        true
    }
}
