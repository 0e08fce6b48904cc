//! The extremal law of Gauss's inequality: 0 with probability 1 - w, else uniform on [-a, a]; times s_i.
//!
//! **Source** bernstein2018, proof of Theorem 2b, step (a), where equality can occur.
//! **Facts** variance w a^2/3, E|X| = w a/2, P[X >= 0] = 1 - w/2; symmetric and unimodal (a point mass at the mode is
//! allowed). A batch is averaged draw by draw.

use super::additive::{SCALE, Standard, build};
use super::{NoiseEntry, Tails};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Real};
use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};

/// The law before scaling.
struct GaussExtremal {
    half_width: Real,
    weight: Real,
    float: (f64, f64),
}

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "gauss-extremal",
    summary: "0 with probability 1 - w, else uniform on [-a, a]",
    params: &[
        SCALE,
        ParamSpec { name: "half_width", kind: Kind::Number, default: None, limits: Limits::POSITIVE, doc: "a" },
        ParamSpec { name: "weight", kind: Kind::Number, default: None, limits: Limits::SHARE, doc: "w" },
    ],
    build: |p| {
        let (half_width, weight) = (p.positive("half_width")?, p.positive("weight")?);
        if weight.to_f64() > 1.0 {
            return Err(BuildError::about("weight", format!("'weight' is {weight}; it must be above 0 and at most 1")));
        }
        let float = (half_width.to_f64(), weight.to_f64());
        build(p, GaussExtremal { half_width, weight, float })
    },
};

impl Standard for GaussExtremal {
    /// 0 has the probability 1 - w.
    fn is_continuous(&self) -> bool {
        false
    }

    fn tails(&self) -> Tails {
        Tails { rarest: Some(self.float.1), ..Tails::LIGHT }
    }

    #[inline(always)]
    fn draw<const N: usize>(&self, stream: &mut Stream<N>) -> Lane<N> {
        let (a, w) = self.float;
        let within = stream.bernoulli(&Lane::splat(w));
        let (u, one) = (stream.uniform(), Lane::splat(1.0));
        within * (u + u - one) * Lane::splat(a)
    }

    fn variance(&self) -> Real {
        self.weight.times(&self.half_width).times(&self.half_width).times(&Rational::ratio(1, 3).into())
    }

    fn least_right(&self) -> Option<Real> {
        Some(Real::integer(1).minus(&self.weight.times(&Rational::ratio(1, 2).into())))
    }

    fn squared_mean_magnitude(&self) -> Real {
        let mean = self.weight.times(&self.half_width).times(&Rational::ratio(1, 2).into());
        mean.times(&mean)
    }
}
