//! The stochastic sign.
//!
//! **Source** sun2023, Algorithm 2: S_R(v)_i = sgn v_i with probability 1/2 + |v_i|/(2R), else -sgn v_i; written
//! without the sign: +1 with probability 1/2 + v_i/(2R), else -1. E S_R(v) = v/R.
//! **Assumptions** |v_i| <= R. Beyond it the coin's probability is clipped to [0, 1], which makes it the plain sign.
//! **Facts** S_R estimates v/R, not v, and is no delta-compressor: its quality is given as 0.
//! **Shapes and units** R in the unit of v; the result has none.
//! **Ties and edge cases** v_i = 0 gives a fair coin, whatever `sign_zero` says. One bit per coordinate.

use super::{Compressor, CompressorEntry};
use crate::model::{Arithmetic, Kind, Limits, ParamSpec, Query, Real, Semantics};
use crate::scalar::Fault;

/// Random signs with mean v/R.
pub(crate) struct StochasticSign {
    radius: Real,
}

/// Registry line.
pub(crate) static ENTRY: CompressorEntry = CompressorEntry {
    name: "stochastic-sign",
    summary: "+1 with probability 1/2 + v_i/(2R), else -1; a coin decides at 0, so that `sign_zero` plays no part",
    params: &[ParamSpec {
        name: "radius",
        kind: Kind::Number,
        default: None,
        limits: Limits::POSITIVE,
        doc: "R; where |v_i| exceeds it the sign is certain",
    }],
    build: |p| Ok(Box::new(StochasticSign::new(p.positive("radius")?))),
};

impl StochasticSign {
    /// S_R for R > 0.
    pub(in crate::model) fn new(radius: Real) -> Self {
        StochasticSign { radius }
    }

    /// R.
    pub(in crate::model) fn radius(&self) -> &Real {
        &self.radius
    }
}

impl StochasticSign {
    /// From v to the probabilities of +1.
    #[inline(always)]
    pub(in crate::model) fn law<S: Arithmetic>(&self, v: &mut [S]) -> Result<(), Fault> {
        let (half, double) = (S::ratio(1, 2), self.radius.cast::<S>()? * S::ratio(2, 1));
        for value in v.iter_mut() {
            *value = value.divide(&double)? + &half;
        }
        Ok(())
    }
}

impl Compressor for StochasticSign {
    #[inline(always)]
    fn compress<S: Arithmetic>(&self, v: &mut [S], _: &Semantics, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let half = S::ratio(1, 2);
        self.law(v)?;
        let mut coins = v.to_vec();
        query.coin(v, &mut coins)?;
        for (value, coin) in v.iter_mut().zip(coins) {
            // A choice, not 2 coin - 1: an enclosure of a decided coin stays a point.
            let sign = coin.select_ge(&half, &S::one(), &-S::one())?;
            // 0 times the probability: a NaN must not come out as a sign.
            *value = if S::LANES == 0 { sign } else { sign + value.min(&S::zero()).max(&S::zero()) };
        }
        Ok(())
    }

    fn quality(&self, _dimension: usize) -> Real {
        Real::integer(0)
    }

    fn bits(&self, dimension: usize, _semantics: &Semantics) -> u64 {
        dimension as u64
    }

    fn is_random(&self) -> bool {
        true
    }
}
