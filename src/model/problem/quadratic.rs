//! Separable quadratic.
//!
//! **Facts** (exact) L_i = a_i, so L = max a, |L|_1 = L_inf = sum a; mu = the least a_i above 0, in l2 and in l1, since
//! |g|_1^2 >= |g|_2^2 = sum a_i^2 x_i^2 >= mu sum a_i x_i^2 = 2 mu f, with equality along that coordinate; f* = 0 at 0,
//! as no curvature is negative; Hessian constant, rho = 0.
//! **Source** The instance of the theorems of bernstein2018 and li2021 with constants in closed form.
//! **Shapes and units** `curvature` has d entries in `[f]/[x]^2`.
//! **Ties and edge cases** A coordinate without curvature has no part in PL: f is not strongly convex then, and the
//! minimiser nearest to the start keeps that coordinate. Where all are flat both mu are 0 (no claim).

use super::constants::{Constants, DIMENSION, axis, origin, spread};
use super::{Flow, Footprint, Minimisers, Problem, ProblemEntry, walk_towards};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Scalar};

/// f(x) = sum a_i x_i^2 / 2.
pub(crate) struct Quadratic {
    curvature: Vec<Real>,
    a: Constants,
}

/// Registry line.
pub(crate) static ENTRY: ProblemEntry = ProblemEntry {
    name: "quadratic",
    summary: "sum a_i x_i^2 / 2",
    params: &[
        ParamSpec {
            name: "curvature",
            kind: Kind::Vector,
            default: None,
            limits: Limits::ANY,
            doc: "a_i, one per coordinate",
        },
        DIMENSION,
    ],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| {
        let curvature = spread(p, "curvature")?;
        if curvature.iter().any(|a| !(a.to_f64() >= 0.0 && a.to_f64().is_finite())) {
            let message = "every 'curvature' must be 0 or more: one below 0 leaves f without a lower bound";
            return Err(BuildError::about("curvature", message));
        }
        Ok(Box::new(Quadratic { a: Constants::new(&curvature), curvature }))
    },
};

impl Problem for Quadratic {
    fn dimension(&self) -> usize {
        self.curvature.len()
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for (i, x) in x.iter().enumerate() {
            sum.add_product(&(self.a.get::<S>(i)? * x), x);
        }
        Ok(mutant!("the quadratic lacks its factor 1/2", sum, sum * S::ratio(1, 2)))
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        for (i, (x, out)) in x.iter().zip(out).enumerate() {
            *out = self.a.get::<S>(i)? * x;
        }
        Ok(())
    }

    /// x_i e^{-a_i t}, and a walk to 0 at unit speed; a coordinate without curvature rests in both.
    #[inline(always)]
    fn flow<S: Scalar>(&self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        for (i, (x, out)) in x.iter().zip(out).enumerate() {
            *out = match kind {
                _ if self.a.float(i) == 0.0 => x.clone(),
                Flow::Gradient => x.clone() * &(-(self.a.get::<S>(i)? * time)).exp()?,
                Flow::Sign => walk_towards(x, &S::zero(), time),
            };
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        let sum = Real::sum(&self.curvature);
        let curved: Vec<Real> = self.curvature.iter().filter(|a| a.to_f64() > 0.0).cloned().collect();
        let (top, low) = (Real::largest(&self.curvature), Real::smallest(&curved));
        let mut facts = Facts::new();
        facts.exact("L", top.clone()).exact("Lmax", top).exact("L1", sum.clone()).exact("Linf", sum);
        facts.exact("mu", low.clone()).exact("mu1", low);
        let fstar = mutant!("f* is off by 1e-3", Real::from(crate::scalar::Rational::ratio(1, 1000)), Real::integer(0));
        facts.exact("rho", Real::integer(0)).exact("fstar", fstar);
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(self.curvature.clone())
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex | Property::Smooth => Some(true),
            Property::StronglyConvex => Some(self.curvature.iter().all(|a| a.to_f64() > 0.0)),
            _ => None,
        }
    }

    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let d = self.curvature.len();
        let along = |flat: bool| {
            let i = (0..d).find(|i| (self.a.float(*i) == 0.0) == flat)?;
            Some((origin(d), axis(d, i, &Real::integer(1))))
        };
        match property {
            RefutableProperty::StronglyConvex => along(true).map(|(a, b)| Witness::Straight { a, b }),
            RefutableProperty::BoundedGradient => along(false).map(|(from, along)| Witness::Growth { from, along }),
            _ => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        let zero = Some(Real::integer(0));
        let ends = |i: usize| if self.a.float(i) == 0.0 { (None, None) } else { (zero.clone(), zero.clone()) };
        Some(Minimisers::Box((0..self.curvature.len()).map(ends).collect()))
    }
}
