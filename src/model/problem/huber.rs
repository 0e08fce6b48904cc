//! Separable Huber loss: quadratic near 0, linear far from it.
//!
//! **Facts** (exact) f_i' = clip(L x_i, -s, s): L_i = L, |L|_1 = L_inf = d L, |f_i'| <= s and G = s sqrt d, f* = 0 at
//! 0. The Hessian jumps, so there is no rho; the loss grows while the gradient does not, so there is no mu.
//! **Source** The instance library: bounded gradients and a smooth convex objective at once.
//! **Shapes and units** `curvature` L in `[f]/[x]^2`, `slope` s in `[f]/[x]`; f is L x^2/2 up to |x| = s/L and
//! s|x| - s^2/(2L) beyond.

use super::constants::{CURVATURE, Constants, axis, origin, quotient};
use super::{Flow, Footprint, Minimisers, Problem, ProblemEntry, walk_towards};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Scalar};

/// f(x) = sum h(x_i) with h' = clip(L x, -s, s) and h(0) = 0.
pub(super) struct Huber {
    dimension: usize,
    curvature: Real,
    slope: Real,
    /// L, s, 1/(2L).
    constants: Constants,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "huber",
    summary: "sum of Huber losses: f' = clip(L x, -s, s)",
    params: &[
        CURVATURE,
        ParamSpec {
            name: "slope",
            kind: Kind::Number,
            default: Some("1"),
            limits: Limits::POSITIVE,
            doc: "s, largest slope",
        },
        ParamSpec { name: "dimension", kind: Kind::Count, default: Some("1"), limits: Limits::ONE_UP, doc: "d" },
    ],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| {
        let (dimension, curvature, slope) = (p.count("dimension")?, p.positive("curvature")?, p.positive("slope")?);
        if dimension == 0 {
            return Err(BuildError::about("dimension", "'dimension' must be at least 1"));
        }
        let half = quotient(&Real::integer(1), &curvature.times(&Real::integer(2)));
        let constants = Constants::new(&[curvature.clone(), slope.clone(), half]);
        Ok(Box::new(Huber { dimension, curvature, slope, constants }))
    },
};

impl Huber {
    /// clip(L x, -s, s).
    #[inline(always)]
    fn clipped<S: Scalar>(&self, x: &S) -> Result<S, Fault> {
        let slope: S = self.constants.get(1)?;
        Ok((self.constants.get::<S>(0)? * x).max(&-slope.clone()).min(&slope))
    }
}

impl Problem for Huber {
    fn dimension(&self) -> usize {
        self.dimension
    }

    /// With c = clip(L x, -s, s) both branches are c x - c^2/(2L) = c (x - c/(2L)).
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let half: S = self.constants.get(2)?;
        let mut sum = S::zero();
        for x in x {
            let clipped = self.clipped(x)?;
            let rest = x.clone() - half.clone() * &clipped;
            sum.add_product(&clipped, &rest);
        }
        Ok(sum)
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        for (x, out) in x.iter().zip(out) {
            *out = self.clipped(x)?;
        }
        Ok(())
    }

    /// Down the line at speed s for t_1 = max(0, (|x| - s/L)/s), then e^{-L (t - t_1)}; the sign flow walks to 0.
    #[inline(always)]
    fn flow<S: Scalar>(&self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        let (curvature, slope, zero) = (self.constants.get::<S>(0)?, self.constants.get::<S>(1)?, S::zero());
        for (x, out) in x.iter().zip(out) {
            if kind == Flow::Sign {
                *out = walk_towards(x, &zero, time);
                continue;
            }
            let beyond = x.abs().divide(&slope)? - S::one().divide(&curvature)?;
            let straight = beyond.max(&zero).min(time);
            let mut size = x.abs();
            size.sub_product(&slope, &straight);
            let rest = (-(curvature.clone() * &(time.clone() - &straight))).exp()?;
            *out = size * &rest * &x.sign_or(&zero)?;
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        let d = Real::integer(self.dimension as i64);
        let sum = self.curvature.times(&d);
        let mut facts = Facts::new();
        facts.exact("L", self.curvature.clone()).exact("Lmax", self.curvature.clone());
        facts.exact("L1", sum.clone()).exact("Linf", sum);
        facts.exact("G", self.slope.times(&d.root())).exact("fstar", Real::integer(0));
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(vec![self.curvature.clone(); self.dimension])
    }

    fn has(&self, property: Property) -> Option<bool> {
        matches!(property, Property::Convex | Property::Smooth).then_some(true)
    }

    /// Straight beyond the bend at x_1 = s/L.
    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let d = self.dimension;
        let bend = quotient(&self.slope, &self.curvature);
        let at = |times: i64| axis(d, 0, &bend.times(&Real::integer(times)));
        match property {
            RefutableProperty::Pl => Some(Witness::Flattening { from: origin(d), along: at(1), below: origin(d) }),
            RefutableProperty::StronglyConvex => Some(Witness::Straight { a: at(1), b: at(3) }),
            RefutableProperty::HessianLipschitz => Some(Witness::Bend { at: at(1), along: at(1) }),
            _ => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::point(origin(self.dimension)))
    }
}
