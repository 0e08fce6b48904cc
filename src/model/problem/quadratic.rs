//! Separable quadratic.
//!
//! **Facts** L_i = a_i, so L = max a, |L|_1 = L_inf = sum a; mu = min a in l2 and in l1 (for a diagonal Hessian
//! |g|_1^2 >= |g|_2^2 >= 2 mu f); f* = 0 at 0 when no curvature is negative; Hessian constant, rho = 0.
//! **Shapes and units** `curvature` has d entries in [f]/[x]^2.

use super::{Problem, ProblemEntry};
use crate::model::{BuildError, Facts, Kind, ParamSpec, Real, Trait};
use crate::scalar::{Fault, Rational, Scalar};

/// f(x) = sum a_i x_i^2 / 2.
pub struct Quadratic {
    curvature: Vec<Real>,
    exact: Option<Vec<Rational>>,
    float: Vec<f64>,
}

/// Registry line.
pub static ENTRY: ProblemEntry = ProblemEntry {
    name: "quadratic",
    summary: "sum a_i x_i^2 / 2",
    params: &[
        ParamSpec { name: "curvature", kind: Kind::Vector, default: None, doc: "a_i, one a coordinate" },
        ParamSpec {
            name: "dimension",
            kind: Kind::Count,
            default: Some(""),
            doc: "d, where a single curvature is repeated",
        },
    ],
    statistics: &[],
    build: |p| {
        let dimension = if p.has("dimension") { p.count("dimension")? } else { p.list("curvature")?.len() };
        if dimension == 0 {
            return Err(BuildError::at("dimension", "'dimension' must be at least 1"));
        }
        let curvature = p.vector("curvature", dimension)?;
        if curvature.iter().any(|a| !(a.to_f64() >= 0.0 && a.to_f64().is_finite())) {
            return Err(BuildError::at("curvature", "a curvature below 0 leaves f without a lower bound"));
        }
        Ok(Box::new(Quadratic {
            exact: curvature.iter().map(|a| a.exact().cloned()).collect(),
            float: curvature.iter().map(Real::to_f64).collect(),
            curvature,
        }))
    },
};

impl Quadratic {
    #[inline(always)]
    fn a<S: Scalar>(&self, i: usize) -> Result<S, Fault> {
        match (&self.exact, S::IS_EXACT) {
            (Some(exact), true) => Ok(S::from_rational(&exact[i])),
            (None, true) => Err(Fault::NoExactForm("a curvature known in double precision only")),
            (_, false) => S::from_f64(self.float[i]),
        }
    }
}

impl Problem for Quadratic {
    fn dimension(&self) -> usize {
        self.curvature.len()
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for (i, x) in x.iter().enumerate() {
            sum.add_product(&(self.a::<S>(i)? * x), x);
        }
        Ok(sum * S::ratio(1, 2))
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        for (i, (x, out)) in x.iter().zip(out).enumerate() {
            *out = self.a::<S>(i)? * x;
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        let sum = Real::sum(&self.curvature);
        let (top, low) = (Real::largest(&self.curvature), Real::smallest(&self.curvature));
        let mut facts = Facts::new();
        facts.exact("L", top.clone()).exact("Lmax", top).exact("L1", sum.clone()).exact("Linf", sum);
        facts.exact("mu", low.clone()).bound("mu1", low);
        facts.exact("rho", Real::integer(0)).exact("fstar", Real::integer(0));
        facts
    }

    fn has(&self, property: Trait) -> Option<bool> {
        matches!(property, Trait::Convex | Trait::Smooth).then_some(true)
    }

    fn minimiser(&self, start: &[Real]) -> Option<Vec<Real>> {
        // A flat coordinate stays where it starts: that is the nearest minimiser.
        let flat = |i: usize| self.float[i] == 0.0;
        Some(start.iter().enumerate().map(|(i, x)| if flat(i) { x.clone() } else { Real::integer(0) }).collect())
    }
}
