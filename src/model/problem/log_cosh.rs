//! Separable log-cosh loss: smooth, convex, with bounded gradient and Lipschitz Hessian.
//!
//! **Facts** (exact) f_i' = L tanh x_i and f_i'' = L / cosh(x_i)^2: L_i = L, |L|_1 = L_inf = d L; |f_i'''| =
//! 2L t(1 - t^2) at t = |tanh x_i| is largest at t = 1/sqrt 3, so rho = 4L/(3 sqrt 3); |grad f|_2 < G = L sqrt d;
//! f* = 0 at 0. No mu: the loss grows while the gradient does not.
//! **Source** The instance library: the hypotheses of sun2023's theorem 2 with every constant in closed form.
//! **Shapes and units** `curvature` L in `[f]/[x]^2`; x is compared with 1, so that `[x]` is 1 and rho is in
//! `[f]`.
//! **Ties and edge cases** Floating point and intervals only. In lanes, ln cosh x is ln(1 + 2 sinh(x/2)^2) up to
//! |x| = 20, which keeps its digits near 0, and |x| - ln 2 + e^(-2|x|) beyond, which does not overflow.

use super::constants::{CURVATURE, axis, origin, quotient};
use super::{Flow, Footprint, Minimisers, Problem, ProblemEntry, walk_towards};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Scalar};

/// f(x) = L sum ln cosh x_i.
pub(super) struct LogCosh {
    dimension: usize,
    curvature: Real,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "log-cosh",
    summary: "L sum log cosh x_i",
    params: &[
        CURVATURE,
        ParamSpec { name: "dimension", kind: Kind::Count, default: Some("1"), limits: Limits::ONE_UP, doc: "d" },
    ],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| {
        let (dimension, curvature) = (p.count("dimension")?, p.positive("curvature")?);
        if dimension == 0 {
            return Err(BuildError::about("dimension", "'dimension' must be at least 1"));
        }
        Ok(Box::new(LogCosh { dimension, curvature }))
    },
};

/// ln cosh x.
#[inline(always)]
fn log_cosh(x: f64) -> f64 {
    let size = x.abs();
    if size > 20.0 {
        return size - std::f64::consts::LN_2 + libm::exp(-2.0 * size);
    }
    let sinh = libm::sinh(0.5 * size);
    libm::log1p(2.0 * sinh * sinh)
}

/// ln cosh x = |x| + ln((1 + e^(-2|x|))/2), in functions that enclosures have.
fn enclosed<S: Scalar>(x: &S) -> Result<S, Fault> {
    let size = x.abs();
    let tail = (-size.clone() * S::ratio(2, 1)).exp()?;
    Ok(size + ((tail + S::one()) * S::ratio(1, 2)).ln()?)
}

/// tanh x = 1 - 2/(1 + e^(2x)), in which x stands once.
fn slope<S: Scalar>(x: &S) -> Result<S, Fault> {
    let grown = (x.clone() * S::ratio(2, 1)).exp()? + S::one();
    Ok(S::one() - S::ratio(2, 1).divide(&grown)?)
}

impl Problem for LogCosh {
    fn dimension(&self) -> usize {
        self.dimension
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for x in x {
            sum += &if S::LANES > 0 { x.each_lane("the logarithm of cosh", log_cosh)? } else { enclosed(x)? };
        }
        Ok(sum * self.curvature.cast::<S>()?)
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let curvature: S = self.curvature.cast()?;
        for (x, out) in x.iter().zip(out) {
            let tanh = if S::LANES > 0 { x.each_lane("a hyperbolic tangent", libm::tanh)? } else { slope(x)? };
            *out = tanh * &curvature;
        }
        Ok(())
    }

    /// sinh x' = e^{-Lt} sinh x, that is x' = ln(u + sqrt(u^2 + 1)) of u = (e^{x - Lt} - e^{-x - Lt})/2 for x >= 0; the
    /// sign flow walks to 0.
    #[inline(always)]
    fn flow<S: Scalar>(&self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        let zero = S::zero();
        for (x, out) in x.iter().zip(out) {
            if kind == Flow::Sign {
                *out = walk_towards(x, &zero, time);
                continue;
            }
            let (size, decay) = (x.abs(), self.curvature.cast::<S>()? * time);
            let u = ((size.clone() - &decay).exp()? - (-size - &decay).exp()?) * S::ratio(1, 2);
            let mut square = S::one();
            square.add_product(&u, &u);
            *out = (u + square.sqrt()?).ln()? * &x.sign_or(&zero)?;
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        let d = Real::integer(self.dimension as i64);
        let sum = self.curvature.times(&d);
        let mut facts = Facts::new();
        facts.exact("L", self.curvature.clone()).exact("Lmax", self.curvature.clone());
        facts.exact("L1", sum.clone()).exact("Linf", sum);
        facts.exact("rho", quotient(&self.curvature.times(&Real::integer(4)), &Real::integer(27).root()));
        facts.exact("G", self.curvature.times(&d.root())).exact("fstar", Real::integer(0));
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(vec![self.curvature.clone(); self.dimension])
    }

    fn has(&self, property: Property) -> Option<bool> {
        matches!(property, Property::Convex | Property::Smooth).then_some(true)
    }

    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let d = self.dimension;
        let along = axis(d, 0, &Real::integer(1));
        (property == RefutableProperty::Pl).then(|| Witness::Flattening { from: origin(d), along, below: origin(d) })
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::point(origin(self.dimension)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_meet_and_keep_their_digits() {
        // reference: mpmath 1.3.0, mp.dps = 60, log(cosh(mpf(x)))
        for (x, expected) in [
            (1e-8, 5e-17),
            (0.5, 0.120_114_506_958_277_52),
            (20.0, 19.306_852_819_440_054),
            (-20.5, 19.806_852_819_440_054),
            (900.0, 899.306_852_819_440_1),
        ] {
            // Three roundings of libm's functions, each below one unit in the last place.
            assert!((log_cosh(x) - expected).abs() <= 4.0 * f64::EPSILON * expected, "{x}: {}", log_cosh(x));
        }
    }
}
