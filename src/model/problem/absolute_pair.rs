//! Two absolute values: convex, not smooth, and the sign of its gradient forgets one direction.
//!
//! **Facts** (exact) f* = 0, at 0 only; every subgradient is eps s (1, 1) + t (1, -1) with |s|, |t| <= 1, so
//! |g|_2 <= G = sqrt(2 eps^2 + 2). No L and no mu.
//! **Source** karimireddy2019, counterexample 2, 0 < eps < 1, from (1, 1).
//! **Shapes and units** d = 2; `epsilon` has no unit, f is in units of `[x]`.
//! **Ties and edge cases** `kink` is the value of sgn(0) in the subgradient eps sgn(x1 + x2) (1, 1) +
//! sgn(x1 - x2) (1, -1); each of 0, +1 and -1 gives a subgradient. The paper's start (1, 1) lies on the kink x1 = x2:
//! with 0 the first gradient is eps (1, 1), and its signs leave the line x1 + x2 = 2 at once.

use super::constants::{Constants, norm2};
use super::{Footprint, Minimisers, Problem, ProblemEntry};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Scalar};

/// f(x) = eps |x1 + x2| + |x1 - x2|.
pub(super) struct AbsolutePair {
    epsilon: Real,
    constants: Constants,
    at_zero: i64,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "absolute-pair",
    summary: "eps |x1 + x2| + |x1 - x2|",
    params: &[
        ParamSpec { name: "epsilon", kind: Kind::Number, default: Some("1/2"), limits: Limits::open(0, 1), doc: "eps" },
        ParamSpec {
            name: "kink",
            kind: Kind::Word(&["zero", "plus", "minus"]),
            default: Some("zero"),
            limits: Limits::ANY,
            doc: "sgn(0) in the subgradient: 0, +1 or -1",
        },
    ],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| {
        let epsilon = p.positive("epsilon")?;
        if epsilon.to_f64() >= 1.0 {
            return Err(BuildError::about(
                "epsilon",
                format!("'epsilon' is {epsilon}; it must be above 0 and below 1"),
            ));
        }
        let at_zero = match p.text("kink")? {
            "zero" => 0,
            "plus" => 1,
            "minus" => -1,
            other => {
                let message = format!("'kink' is '{other}'; it must be zero, plus or minus");
                return Err(BuildError::about("kink", message));
            }
        };
        Ok(Box::new(AbsolutePair { constants: Constants::new(std::slice::from_ref(&epsilon)), epsilon, at_zero }))
    },
};

impl Problem for AbsolutePair {
    fn dimension(&self) -> usize {
        2
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let (sum, difference) = (x[0].clone() + &x[1], x[0].clone() - &x[1]);
        Ok(self.constants.get::<S>(0)? * sum.abs() + difference.abs())
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let at_zero = S::ratio(self.at_zero, 1);
        let along = (x[0].clone() + &x[1]).sign_or(&at_zero)? * self.constants.get::<S>(0)?;
        let across = (x[0].clone() - &x[1]).sign_or(&at_zero)?;
        out[0] = along.clone() + &across;
        out[1] = along - across;
        Ok(())
    }

    fn facts(&self) -> Facts {
        let one = Real::integer(1);
        let pair = [self.epsilon.clone(), self.epsilon.clone(), one.clone(), one];
        let mut facts = Facts::new();
        facts.exact("G", norm2(&pair)).exact("fstar", Real::integer(0));
        facts
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex => Some(true),
            Property::Smooth => Some(false),
            _ => None,
        }
    }

    /// A kink along x1 = x2, and a cone around 0.
    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let pair = |a: i64, b: i64| vec![Real::integer(a), Real::integer(b)];
        match property {
            RefutableProperty::Smooth | RefutableProperty::HessianLipschitz => {
                Some(Witness::Jump { at: pair(4, 4), along: pair(1, -1) })
            }
            RefutableProperty::Pl => {
                Some(Witness::Flattening { from: pair(0, 0), along: pair(1, 0), below: pair(0, 0) })
            }
            RefutableProperty::StronglyConvex => Some(Witness::Straight { a: pair(0, 0), b: pair(1, 0) }),
            _ => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::point(vec![Real::integer(0); 2]))
    }

    fn default_start(&self) -> Option<Vec<Real>> {
        Some(vec![Real::integer(1); 2])
    }
}
