//! Multiplication by a constant.
//!
//! **Source** the exact case of karimireddy2019's Assumption A: |C(v) - v|_2^2 = (1 - c)^2 |v|_2^2, so that
//! delta = 1 - (1 - c)^2 = c (2 - c), attained by every v. It carries no information less than v: a test of proofs.
//! **Assumptions** 0 < c < 2, else delta is not positive.

use super::{Compressor, CompressorEntry};
use crate::model::query::FLOAT_BITS;
use crate::model::{Arithmetic, BuildError, Kind, Limits, ParamSpec, Query, Real, Semantics};
use crate::scalar::Fault;

/// C(v) = c v.
pub(super) struct Linear {
    factor: Real,
}

/// Registry line.
pub(super) static ENTRY: CompressorEntry = CompressorEntry {
    name: "linear",
    summary: "c v",
    params: &[ParamSpec { name: "factor", kind: Kind::Number, default: None, limits: Limits::open(0, 2), doc: "c" }],
    build: |p| {
        let factor = p.positive("factor")?;
        if factor.to_f64() >= 2.0 {
            return Err(BuildError::about("factor", format!("'factor' is {factor}; it must be above 0 and below 2")));
        }
        Ok(Box::new(Linear { factor }))
    },
};

impl Compressor for Linear {
    #[inline(always)]
    fn compress<S: Arithmetic>(&self, v: &mut [S], _: &Semantics, _: &mut dyn Query<S>) -> Result<(), Fault> {
        let factor = self.factor.cast::<S>()?;
        for value in v {
            *value *= &factor;
        }
        Ok(())
    }

    fn quality(&self, _dimension: usize) -> Real {
        self.factor.times(&Real::integer(2).minus(&self.factor))
    }

    fn bits(&self, dimension: usize, _semantics: &Semantics) -> u64 {
        FLOAT_BITS * dimension as u64
    }
}
