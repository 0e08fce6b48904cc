//! Separable cosine: bounded, smooth and not convex.
//!
//! **Facts** (exact) f_i'' = a_i cos x_i, so L_i = a_i, L = max a, |L|_1 = L_inf = sum a, and rho = max a since
//! |cos y - cos x| <= |y - x|; |f_i'| <= a_i, G = sqrt(sum a_i^2), reached at x_i = pi/2; f* = 0 at the multiples of
//! 2 pi. No PL constant: the gradient vanishes at the maxima too.
//! **Source** The instance library: a non-convex objective on which bernstein2018's theorem 1 applies.
//! **Shapes and units** `amplitude` has d entries in `[f]`; x is in radians, which count as units of `[x]`.
//! **Ties and edge cases** Exact arithmetic reaches no further than x = 0. The nearest minimiser is 0 where
//! |x_i| <= pi, and otherwise a multiple of 2 pi in double precision. Flows are known in double precision only.

use super::constants::{Constants, DIMENSION, axis, norm2, origin, spread_positive};
use super::{Flow, Footprint, Minimisers, Problem, ProblemEntry, walk_towards};
use crate::model::{Facts, Kind, Limits, ParamSpec, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Rational, Scalar};
use std::f64::consts::TAU;

/// f(x) = sum a_i (1 - cos x_i).
pub(super) struct Cosine {
    amplitude: Vec<Real>,
    a: Constants,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "cosine",
    summary: "sum a_i (1 - cos x_i)",
    params: &[
        ParamSpec {
            name: "amplitude",
            kind: Kind::Vector,
            default: None,
            limits: Limits::POSITIVE,
            doc: "a_i, one per coordinate",
        },
        DIMENSION,
    ],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| {
        let amplitude = spread_positive(p, "amplitude")?;
        Ok(Box::new(Cosine { a: Constants::new(&amplitude), amplitude }))
    },
};

/// One coordinate of a flow.
fn moved(kind: Flow, a: f64, x: f64, time: f64) -> f64 {
    let target = TAU * libm::round(x / TAU);
    let away = x - target;
    let left = match kind {
        Flow::Gradient => 2.0 * libm::atan(libm::tan(away / 2.0) * libm::exp(-a * time)),
        Flow::Sign => (away.abs() - time).max(0.0).copysign(away),
    };
    target + left
}

impl Problem for Cosine {
    fn dimension(&self) -> usize {
        self.amplitude.len()
    }

    /// 1 - cos x as 2 sin(x/2)^2, which keeps its digits near a minimum.
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for (i, x) in x.iter().enumerate() {
            let (sin, _) = (x.clone() * S::ratio(1, 2)).sin_cos()?;
            sum.add_product(&(self.a.get::<S>(i)? * &sin), &sin);
        }
        Ok(sum * S::ratio(2, 1))
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        for (i, (x, out)) in x.iter().zip(out).enumerate() {
            *out = self.a.get::<S>(i)? * x.sin_cos()?.0;
        }
        Ok(())
    }

    /// Within the period around the nearest minimum: tan(x/2) e^{-a t} for the gradient flow, since
    /// (tan(x/2))' = x'/(2 cos(x/2)^2) = -a tan(x/2); a walk to the minimum for the sign flow.
    #[inline(always)]
    fn flow<S: Scalar>(&self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        if S::IS_EXACT {
            return Err(Fault::NoExactForm("a flow on a cosine"));
        }
        if S::LANES == 0 {
            for (i, (x, out)) in x.iter().zip(out).enumerate() {
                *out = enclosed(kind, &self.a.get::<S>(i)?, x, time)?;
            }
            return Ok(());
        }
        for (i, (x, out)) in x.iter().zip(out).enumerate() {
            *out = x.clone();
            for lane in 0..S::LANES {
                if let (Some(x), Some(time)) = (x.lane(lane), time.lane(lane)) {
                    out.set_lane(lane, moved(kind, self.a.float(i), x, time));
                }
            }
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        let (top, sum) = (Real::largest(&self.amplitude), Real::sum(&self.amplitude));
        let mut facts = Facts::new();
        facts.exact("L", top.clone()).exact("Lmax", top.clone()).exact("L1", sum.clone()).exact("Linf", sum);
        facts.exact("rho", top).exact("G", norm2(&self.amplitude)).exact("fstar", Real::integer(0));
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(self.amplitude.clone())
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex | Property::StronglyConvex => Some(false),
            Property::Smooth => Some(true),
            _ => None,
        }
    }

    /// Above its chord around the top at pi, where the gradient vanishes too.
    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let d = self.amplitude.len();
        let at = |n: i64, over: u64| axis(d, 0, &Real::Exact(Rational::ratio(n, over)));
        match property {
            RefutableProperty::Convex | RefutableProperty::StronglyConvex => {
                Some(Witness::Above { a: at(2, 1), b: at(4, 1) })
            }
            RefutableProperty::Pl => Some(Witness::Summit { low: at(3, 1), high: at(13, 4), below: origin(d) }),
            _ => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::WholeTurns)
    }
}

/// Doublings of an angle before its series: arctan u <= pi/2 becomes less than 2^-19.
const DOUBLINGS: u64 = 20;
/// Terms of the series of arctan.
const TERMS: u64 = 13;

/// arctan u in an arithmetic that encloses, from arctan u = 2 arctan(u/(1 + sqrt(1 + u^2))) and the alternating series
/// v - v^3/3 + .., whose terms fall: what is left out is below v (2^-19)^26/27 < 2^-494 v.
fn arctan<S: Scalar>(u: &S) -> Result<S, Fault> {
    let mut v = u.clone();
    for _ in 0..DOUBLINGS {
        let mut square = S::one();
        square.add_product(&v, &v);
        v = v.divide(&(square.sqrt()? + S::one()))?;
    }
    let mut square = S::zero();
    square.add_product(&v, &v);
    let left = libm::ldexp(1.0, -494);
    let mut sum = S::zero();
    for k in (0..TERMS).rev() {
        let sign = if k % 2 == 0 { 1 } else { -1 };
        sum = S::ratio(sign, 2 * k + 1) + sum * &square;
    }
    sum += &S::from_ends(0.0, -left, left)?;
    Ok(v * sum * S::ratio(1 << DOUBLINGS, 1))
}

/// The flow of one coordinate in the period around 0, in an arithmetic that encloses.
fn enclosed<S: Scalar>(kind: Flow, a: &S, x: &S, time: &S) -> Result<S, Fault> {
    // 355/113 lies above pi by 3e-7.
    let (inside, outside) = (S::one(), S::zero());
    let within = (x.abs() + S::ratio(1, 1_000_000)).select_ge(&S::ratio(355, 113), &outside, &inside)?;
    if within != inside {
        return Err(Fault::NoExactForm("a flow on a cosine, beyond the period around 0,"));
    }
    if kind == Flow::Sign {
        return Ok(walk_towards(x, &S::zero(), time));
    }
    let (sin, cos) = (x.clone() * S::ratio(1, 2)).sin_cos()?;
    let shrunk = sin.divide(&cos)? * (-(a.clone() * time)).exp()?;
    Ok(arctan(&shrunk)? * S::ratio(2, 1))
}
