//! A non-convex function of one variable on which gradient methods still converge linearly.
//!
//! **Facts** f'' = 2 + 6 cos 2x lies in [-4, 8], so L = L_1 = L_inf = 8 (exact), and |f'''| = 12 |sin 2x| gives
//! rho = 12 (exact). f* = 0 at 0 (exact). mu = 1/32 in every norm (a valid bound; the largest is about 0.175, where
//! x = 2.2).
//! **Source** li2021, example 4, from an arbitrary start.
//! **Shapes and units** d = 1; x is in radians, which count as units of `[x]`.
//! **Ties and edge cases** Exact arithmetic reaches no further than x = 0.

use super::{Flow, Footprint, Minimisers, Problem, ProblemEntry, walk_towards};
use crate::model::{Facts, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Rational, Scalar};

/// f(x) = x^2 + 3 sin(x)^2.
pub(super) struct PlToy;

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "pl-toy",
    summary: "x^2 + 3 sin(x)^2 in one dimension: not convex, PL",
    params: &[],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |_| Ok(Box::new(PlToy)),
};

impl Problem for PlToy {
    fn dimension(&self) -> usize {
        1
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let (sin, _) = x[0].sin_cos()?;
        Ok(x[0].clone() * &x[0] + S::ratio(3, 1) * &sin * &sin)
    }

    /// f' = 2x + 6 sin x cos x.
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let (sin, cos) = x[0].sin_cos()?;
        out[0] = x[0].clone() * S::ratio(2, 1) + S::ratio(6, 1) * &sin * &cos;
        Ok(())
    }

    /// The sign flow only: f' has the sign of x, so that it walks to 0.
    #[inline(always)]
    fn flow<S: Scalar>(&self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        if kind == Flow::Gradient {
            return Err(kind.refused());
        }
        out[0] = walk_towards(&x[0], &S::zero(), time);
        Ok(())
    }

    fn facts(&self) -> Facts {
        let mu = Real::Exact(Rational::ratio(1, 32));
        let mut facts = Facts::new();
        for name in ["L", "Lmax", "L1", "Linf"] {
            facts.exact(name, Real::integer(8));
        }
        facts.bound("mu", mu.clone()).bound("mu1", mu);
        facts.exact("rho", Real::integer(12)).exact("fstar", Real::integer(0));
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(vec![Real::integer(8)])
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex | Property::StronglyConvex => Some(false),
            Property::Smooth => Some(true),
            _ => None,
        }
    }

    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let at = |x: i64| vec![Real::integer(x)];
        match property {
            RefutableProperty::Convex | RefutableProperty::StronglyConvex => {
                Some(Witness::Above { a: at(1), b: at(2) })
            }
            RefutableProperty::BoundedGradient => Some(Witness::Growth { from: at(0), along: at(10) }),
            _ => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::point(vec![Real::integer(0)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Narrow;

    #[test]
    fn the_derivative_has_the_sign_of_x() {
        // identity: what the sign flow rests on, on a grid of (0, 4]; beyond, f' >= 2x - 3 > 0
        let slope = |x: f64| {
            let mut g = [Narrow::splat(0.0)];
            PlToy.gradient(&[Narrow::splat(x)], &mut g).unwrap();
            g[0].0[0]
        };
        assert!((1..=4000).all(|i| slope(f64::from(i) / 1000.0) > 0.0));
    }

    #[test]
    fn the_pl_constant_is_valid_with_room_to_spare() {
        // identity: g^2/(2f) on a grid of [0.01, 60]; beyond, |g| >= 2x - 3 and f <= x^2 + 3 make it at least 1.9
        let ratio = |x: f64| {
            let (point, mut g) = ([Narrow::splat(x)], [Narrow::splat(0.0)]);
            PlToy.gradient(&point, &mut g).unwrap();
            g[0].0[0].powi(2) / (2.0 * PlToy.value(&point).unwrap().0[0])
        };
        let least = (1..6000).map(|i| ratio(f64::from(i) / 100.0)).fold(f64::INFINITY, f64::min);
        assert!((0.17..0.18).contains(&least), "{least}");
    }
}
