//! How far a momentum is from the gradient that it stands for.
//!
//! Step k computes a momentum at x_k and moves on to x_{k+1}; both are compared one iterate late, when the state holds
//! that momentum and the iterate before. At the start, where no step has been taken, the momentum is 0.

use crate::model::Evaluates;
use crate::scalar::{Fault, Scalar};

/// m - grad f(y), written to `out`: m is the mean of the momenta that `momenta` holds one after another, y the point.
///
/// # Errors
/// Where the arithmetic has no such gradient.
pub(super) fn momentum_error<S: Scalar>(
    problem: &dyn Evaluates<S>,
    momenta: &[S],
    point: &[S],
    out: &mut [S],
) -> Result<(), Fault> {
    problem.gradient_at(point, out)?;
    let d = out.len();
    let weight = S::ratio(1, (momenta.len() / d) as u64);
    for (j, out) in out.iter_mut().enumerate() {
        let mut sum = S::zero();
        for momentum in momenta.chunks(d) {
            sum += &momentum[j];
        }
        *out = sum * &weight - &*out;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::problem::quadratic;
    use crate::model::{Evaluating, ParamValue, Params, Real};
    use crate::scalar::Rational;

    #[test]
    fn the_mean_momentum_less_the_gradient() {
        // exact: f = (x^2 + 3 y^2)/2 at (1/2, -1) has the gradient (1/2, -3); the momenta (1, 0) and (0, -2) have the
        // mean (1/2, -1), which is (0, 2) away
        let mut params = Params { dimension: 2, ..Params::default() };
        params.values.insert("curvature", ParamValue::Vector(vec![Real::integer(1), Real::integer(3)]));
        let problem = (quadratic::ENTRY.build)(&params).unwrap();
        let q = |n, d| Rational::ratio(n, d);
        let momenta = [q(1, 1), q(0, 1), q(0, 1), q(-2, 1)];
        let mut error = [q(7, 1), q(7, 1)];
        momentum_error(Rational::problem(&*problem), &momenta, &[q(1, 2), q(-1, 1)], &mut error).unwrap();
        assert_eq!(error, [q(0, 1), q(2, 1)]);
        // exact: one momentum is its own mean
        momentum_error(Rational::problem(&*problem), &momenta[2..], &[q(1, 2), q(-1, 1)], &mut error).unwrap();
        assert_eq!(error, [q(-1, 2), q(1, 1)]);
    }
}
