//! Linear objective, on all of R^d or on a box.
//!
//! **Facts** (exact) The gradient is c everywhere: L = L_i = L_inf = rho = 0, G = |c|_2. On a box of half-widths b,
//! f* = -sum |c_i| b_i at x_i = -sgn(c_i) b_i; without a box f has no lower bound unless c = 0.
//! **Source** karimireddy2019, counterexample 1: c = 1/4 on [-1, 1].
//! **Shapes and units** `slope` has d entries in `[f]/[x]`; `box` has d entries, or one that is repeated, in `[x]`.
//! **Ties and edge cases** Every step ends with a projection onto the box; f and its gradient ignore it, and a start
//! outside it is refused. Where c_i = 0, the nearest minimiser keeps the start's coordinate, clamped to the box.

use super::constants::{Constants, DIMENSION, axis, norm1, norm2, origin, spread};
use super::{Flow, Footprint, Minimisers, Problem, ProblemEntry};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Params, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Scalar};

/// f(x) = c'x, over the box |x_i| <= b_i where one is given.
pub(super) struct Linear {
    slope: Vec<Real>,
    half_width: Option<Vec<Real>>,
    c: Constants,
    b: Option<Constants>,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "linear",
    summary: "c'x, on a box where one is given: iterates are projected on it",
    params: &[
        ParamSpec {
            name: "slope",
            kind: Kind::Vector,
            default: None,
            limits: Limits::ANY,
            doc: "c_i, one per coordinate",
        },
        DIMENSION,
        ParamSpec {
            name: "box",
            kind: Kind::Vector,
            default: Some(""),
            limits: Limits::ANY,
            doc: "half-width b_i of the box around 0, one per coordinate or one for all",
        },
    ],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| Ok(Box::new(Linear::build(p)?)),
};

impl Linear {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let slope = spread(p, "slope")?;
        if slope.iter().any(|c| !c.to_f64().is_finite()) {
            return Err(BuildError::about("slope", "every 'slope' must be a finite number"));
        }
        let half_width = if p.has("box") { Some(p.vector("box", slope.len())?) } else { None };
        // A projection cannot fail, so that its walls must exist in every arithmetic.
        if let Some(bad) = half_width.iter().flatten().find(|b| b.exact().is_none() || b.to_f64() < 0.0) {
            let message = format!("'box' contains {bad}; every half-width must be an exact number, 0 or more");
            return Err(BuildError::about("box", message));
        }
        Ok(Linear { c: Constants::new(&slope), b: half_width.as_deref().map(Constants::new), slope, half_width })
    }
}

impl Problem for Linear {
    fn dimension(&self) -> usize {
        self.slope.len()
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for (i, x) in x.iter().enumerate() {
            sum.add_product(&self.c.get(i)?, x);
        }
        Ok(sum)
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, _x: &[S], out: &mut [S]) -> Result<(), Fault> {
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.c.get(i)?;
        }
        Ok(())
    }

    /// x - t c and x - t sgn c on all of R^d; at the boundary of a box a flow would need a projection.
    #[inline(always)]
    fn flow<S: Scalar>(&self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        if self.b.is_some() {
            return Err(kind.refused());
        }
        for (i, (x, out)) in x.iter().zip(out).enumerate() {
            let slope: S = self.c.get(i)?;
            let speed = if kind == Flow::Sign { slope.sign_or(&S::zero())? } else { slope };
            *out = x.clone();
            out.sub_product(&speed, time);
        }
        Ok(())
    }

    #[inline(always)]
    fn project<S: Scalar>(&self, x: &mut [S]) {
        let Some(walls) = &self.b else { return };
        for (i, x) in x.iter_mut().enumerate() {
            // Exact by construction, so that every arithmetic has the wall.
            if let Ok(wall) = walls.get::<S>(i) {
                *x = x.max(&-wall.clone()).min(&wall);
            }
        }
    }

    fn half_widths(&self) -> Option<&[Real]> {
        self.half_width.as_deref()
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        for name in ["L", "Lmax", "L1", "Linf", "rho"] {
            facts.exact(name, Real::integer(0));
        }
        facts.exact("G", norm2(&self.slope));
        if let Some(walls) = &self.half_width {
            let lows: Vec<Real> = self.slope.iter().zip(walls).map(|(c, b)| c.times(b)).collect();
            facts.exact("fstar", Real::integer(0).minus(&norm1(&lows)));
        } else if self.slope.iter().all(|c| c.to_f64() == 0.0) {
            facts.exact("fstar", Real::integer(0));
        }
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(vec![Real::integer(0); self.slope.len()])
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex | Property::Smooth => Some(true),
            Property::Walled => Some(self.b.is_some()),
            _ => None,
        }
    }

    /// Where a slope is not 0, f falls for ever beyond every wall.
    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let (d, is_flat) = (self.slope.len(), self.floor().is_some());
        let along = |sign: i64| self.slope.iter().map(|c| c.times(&Real::integer(sign))).collect();
        match property {
            RefutableProperty::LowerBound if !is_flat => Some(Witness::Descent { from: origin(d), along: along(-1) }),
            RefutableProperty::Pl if !is_flat && self.b.is_none() => {
                Some(Witness::Flattening { from: origin(d), along: along(1), below: origin(d) })
            }
            RefutableProperty::StronglyConvex => {
                Some(Witness::Straight { a: origin(d), b: axis(d, 0, &Real::integer(1)) })
            }
            _ => None,
        }
    }

    fn floor(&self) -> Option<Real> {
        self.slope.iter().all(|c| c.to_f64() == 0.0).then(|| Real::integer(0))
    }

    fn minimisers(&self) -> Option<Minimisers> {
        let Some(walls) = &self.half_width else {
            return self.floor().map(|_| Minimisers::Box(vec![(None, None); self.slope.len()]));
        };
        let ends = |(c, b): (&Real, &Real)| {
            let low = Real::integer(0).minus(b);
            match c.to_f64() {
                c if c > 0.0 => (Some(low.clone()), Some(low)),
                c if c < 0.0 => (Some(b.clone()), Some(b.clone())),
                _ => (Some(low), Some(b.clone())),
            }
        };
        Some(Minimisers::Box(self.slope.iter().zip(walls).map(ends).collect()))
    }
}
