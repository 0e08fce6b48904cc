//! A sum of two squares whose single gradients all point along sign vectors +-(1, -1).
//!
//! With u = (1, -1), v = (1, 1) and e = eps: a1 = u + e v, a2 = -u + e v, and
//! f = <a1, x>^2 + <a2, x>^2 = 2 (x1 - x2)^2 + 2 e^2 (x1 + x2)^2, with Hessian H = 4 (u u' + e^2 v v').
//!
//! **Facts** (all exact, for 0 < e <= 1) H u = 8 u and H v = 8 e^2 v, so L = 8 and mu = 8 e^2. L_i = 8: the rows' sums
//! of magnitudes are 4(1 + e^2) + 4(1 - e^2), and u'H u = 16 = L_1 + L_2 shows that no smaller sum will do. L_inf = 16
//! = |H u|_1, against |H v|_1 = 16 e^2 for the other sign vectors. |g|_1^2 >= 2 mu_1 f with mu_1 = 16 e^2/(1 + e^2): in
//! terms of g, 2f = g'H^-1 g is convex, so that it is largest over |g|_1 <= 1 at a vertex, where it is
//! (H^-1)_11 = (1 + e^2)/(16 e^2). rho = 0, f* = 0 at 0 only.
//!
//! **Source** karimireddy2019, counterexample 3, from (1, 1): x1 + x2 = 2 for ever under signs of single gradients.
//! **Shapes and units** d = 2, 2 samples; `epsilon` has no unit, f is in `[x]^2`.
//! **Ties and edge cases** Sample i's gradient is that of <a_i, x>^2, as in the paper: the mean over both is
//! grad f / 2, not grad f.

use super::constants::{Constants, axis, origin, quotient};
use super::{Footprint, Minimisers, Problem, ProblemEntry};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Scalar};

/// f(x) = <a1, x>^2 + <a2, x>^2, a1 = (1 + eps, -1 + eps), a2 = (-1 + eps, 1 + eps).
pub(super) struct TwoLineSquares {
    epsilon: Real,
    constants: Constants,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "two-line-squares",
    summary: "<a1,x>^2 + <a2,x>^2, a1 = (1+eps, -1+eps), a2 = (-1+eps, 1+eps)",
    params: &[ParamSpec {
        name: "epsilon",
        kind: Kind::Number,
        default: Some("1/2"),
        limits: Limits::SHARE,
        doc: "eps",
    }],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| {
        let epsilon = p.positive("epsilon")?;
        if epsilon.to_f64() > 1.0 {
            let message = format!("'epsilon' is {epsilon}; it must be above 0 and at most 1");
            return Err(BuildError::about("epsilon", message));
        }
        Ok(Box::new(TwoLineSquares { constants: Constants::new(std::slice::from_ref(&epsilon)), epsilon }))
    },
};

impl TwoLineSquares {
    /// a_index.
    #[inline(always)]
    fn line<S: Scalar>(&self, index: usize) -> Result<[S; 2], Fault> {
        let epsilon: S = self.constants.get(0)?;
        let (long, short) = (S::one() + &epsilon, epsilon - S::one());
        Ok(if index == 0 { [long, short] } else { [short, long] })
    }
}

impl Problem for TwoLineSquares {
    fn dimension(&self) -> usize {
        2
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for index in 0..2 {
            let [a, b] = self.line::<S>(index)?;
            let product = a * &x[0] + b * &x[1];
            sum.add_product(&product, &product);
        }
        Ok(sum)
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let mut second = [S::zero(), S::zero()];
        self.sample_gradient(0, x, out)?;
        self.sample_gradient(1, x, &mut second)?;
        for (out, second) in out.iter_mut().zip(&second) {
            *out += second;
        }
        Ok(())
    }

    fn samples(&self) -> Option<usize> {
        Some(2)
    }

    #[inline(always)]
    fn sample_gradient<S: Scalar>(&self, index: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let [a, b] = self.line::<S>(index)?;
        let twice = (a.clone() * &x[0] + b.clone() * &x[1]) * S::ratio(2, 1);
        out[0] = a * &twice;
        out[1] = b * &twice;
        Ok(())
    }

    fn facts(&self) -> Facts {
        let square = self.epsilon.times(&self.epsilon);
        let one_norm = quotient(&square.times(&Real::integer(16)), &Real::sum(&[Real::integer(1), square.clone()]));
        let mut facts = Facts::new();
        facts.exact("L", Real::integer(8)).exact("Lmax", Real::integer(8));
        facts.exact("L1", Real::integer(16)).exact("Linf", Real::integer(16));
        facts.exact("mu", square.times(&Real::integer(8))).exact("mu1", one_norm);
        facts.exact("rho", Real::integer(0)).exact("fstar", Real::integer(0));
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(vec![Real::integer(8); 2])
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex | Property::Smooth | Property::StronglyConvex => Some(true),
            // The mean over the two squares is grad f / 2.
            Property::Unbiased => Some(false),
            _ => None,
        }
    }

    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let (from, along) = (origin(2), axis(2, 0, &Real::integer(1)));
        (property == RefutableProperty::BoundedGradient).then_some(Witness::Growth { from, along })
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::point(origin(2)))
    }

    fn default_start(&self) -> Option<Vec<Real>> {
        Some(vec![Real::integer(1); 2])
    }
}
