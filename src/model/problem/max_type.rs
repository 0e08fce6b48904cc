//! The maximum of coordinates, held up by a norm: convex, Lipschitz, and slow for every first-order method.
//!
//! **Facts** (exact) Subgradients are G e_j or G x/|x|_2, so |g|_2 <= G. With c = R(1 + 1/sqrt d), f* = -G R/sqrt d at
//! -(R/sqrt d)(1, .., 1), at distance R from 0: on |x|_2 = r the largest coordinate is at least -r/sqrt d, which
//! bounds f for r <= R, and r - c bounds it for r >= R.
//! **Source** The instance library: the resisting instance for the non-smooth bounds of karimireddy2019 (theorem 3),
//! from x_0 = 0 with d = T + 1, so that T steps cannot have seen every coordinate.
//! **Shapes and units** `bound` G in `[f]/[x]`, `radius` R in `[x]`; d = `horizon` + 1.
//! **Ties and edge cases** The largest coordinate of lowest index gives the subgradient; a tie between the two
//! branches goes to it as well. Exact arithmetic needs d to be a square (horizon 3, 8, 15, ..., 255) and stays exact
//! as long as the norm's branch is not taken at an irrational norm.

use super::constants::{Constants, axis, origin, quotient};
use super::{Footprint, Minimisers, Problem, ProblemEntry};
use crate::model::{Facts, Kind, Limits, ParamSpec, Params, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Scalar};

/// f(x) = G max(max_i x_i, |x|_2 - c), c = R(1 + 1/sqrt d).
pub(super) struct MaxType {
    dimension: usize,
    bound: Real,
    /// R/sqrt d.
    depth: Real,
    /// G, c.
    constants: Constants,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "max-type",
    summary: "G max(max_i x_i, |x|_2 - R(1 + 1/sqrt d)) in horizon + 1 dimensions",
    params: &[
        ParamSpec {
            name: "bound",
            kind: Kind::Number,
            default: Some("1"),
            limits: Limits::POSITIVE,
            doc: "G, norm of the subgradients",
        },
        ParamSpec {
            name: "radius",
            kind: Kind::Number,
            default: Some("1"),
            limits: Limits::POSITIVE,
            doc: "R, distance of the minimiser",
        },
        ParamSpec {
            name: "horizon",
            kind: Kind::Count,
            default: None,
            limits: Limits::ONE_UP,
            doc: "T, number of steps; d = T + 1",
        },
    ],
    statistics: &[],
    footprint: Footprint { dimension: |given| Some(given.number("horizon")?.saturating_add(1)), ..Footprint::SMALL },
    build: |p: &Params| {
        let (bound, radius) = (p.positive("bound")?, p.positive("radius")?);
        let dimension = p.count("horizon")?.saturating_add(1);
        let depth = quotient(&radius, &Real::integer(i64::try_from(dimension).unwrap_or(i64::MAX)).root());
        let constants = Constants::new(&[bound.clone(), Real::sum(&[radius, depth.clone()])]);
        Ok(Box::new(MaxType { dimension, bound, depth, constants }))
    },
};

/// Where a point lies with respect to the two branches.
struct Branches<S> {
    /// Largest coordinate.
    top: S,
    /// 1 on the branch of the largest coordinate, 0 on that of the norm.
    inside: S,
    /// |x|_2, where some replicate needs it.
    norm: S,
}

impl MaxType {
    /// Compares max_i x_i with |x|_2 - c by squares, so that no root is taken where the first is the larger.
    #[inline(always)]
    fn branches<S: Scalar>(&self, x: &[S]) -> Result<Branches<S>, Fault> {
        let (mut top, mut square) = (x[0].clone(), S::zero());
        for x in x {
            top = top.max(x);
            square.add_product(x, x);
        }
        let reach = top.clone() + self.constants.get::<S>(1)?;
        let margin = reach.clone() * &reach.abs() - &square;
        let inside = margin.select_ge(&S::zero(), &S::one(), &S::zero())?;
        let norm = if inside == S::one() { S::zero() } else { square.sqrt()? };
        Ok(Branches { top, inside, norm })
    }
}

impl Problem for MaxType {
    fn dimension(&self) -> usize {
        self.dimension
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let Branches { top, inside, norm } = self.branches(x)?;
        let outer = norm - self.constants.get::<S>(1)?;
        Ok(inside.select_ge(&S::one(), &top, &outer)? * self.constants.get::<S>(0)?)
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let Branches { top, inside, norm } = self.branches(x)?;
        let (zero, one) = (S::zero(), S::one());
        // Where no replicate needs the norm, it must not be divided by.
        let scale = if inside == one { zero.clone() } else { one.divide(&norm)? };
        let bound: S = self.constants.get(0)?;
        let mut free = one.clone();
        for (x, out) in x.iter().zip(out) {
            let first = x.select_ge(&top, &free, &zero)?;
            free -= &first;
            let outer = x.clone() * &scale;
            *out = inside.select_ge(&one, &first, &outer)? * &bound;
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        facts.exact("G", self.bound.clone());
        facts.exact("fstar", Real::integer(0).minus(&self.bound.times(&self.depth)));
        facts
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex => Some(true),
            Property::Smooth => Some(false),
            _ => None,
        }
    }

    /// A kink between the first two coordinates, and a straight line along the first.
    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let d = self.dimension;
        let along = axis(d, 0, &self.depth);
        match property {
            RefutableProperty::Smooth | RefutableProperty::HessianLipschitz if d > 1 => {
                let mut across = along;
                across[1] = Real::integer(0).minus(&self.depth);
                Some(Witness::Jump { at: origin(d), along: across })
            }
            RefutableProperty::Pl => Some(Witness::Flattening { from: origin(d), along, below: origin(d) }),
            RefutableProperty::StronglyConvex => Some(Witness::Straight { a: origin(d), b: along }),
            _ => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::point(vec![Real::integer(0).minus(&self.depth); self.dimension]))
    }

    fn default_start(&self) -> Option<Vec<Real>> {
        Some(vec![Real::integer(0); self.dimension])
    }
}
