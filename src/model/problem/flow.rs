//! Flows of an objective in continuous time.

use crate::scalar::{Fault, Scalar};

/// A flow of f in continuous time, at unit speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// x' = -grad f(x).
    Gradient,
    /// x' = -sgn(grad f(x)), a coordinate freezing where its derivative vanishes.
    Sign,
}

impl Flow {
    /// The fault of a problem without a closed solution.
    pub(crate) fn refused(self) -> Fault {
        let name = match self {
            Flow::Gradient => "gradient flow",
            Flow::Sign => "sign flow",
        };
        Fault::Unsupported(format!(
            "this problem has no {name} in closed form; quadratic, linear without a box, huber, \
             log-cosh, cosine, worker-squares and worker-quadratics have one, and pl-toy has a sign flow"
        ))
    }
}

/// Moves a coordinate towards `target` by at most `time`: the sign flow of a separable f with a minimum there. One of
/// the two parts is 0, so that an enclosure that has arrived is a point.
#[inline(always)]
pub(super) fn walk_towards<S: Scalar>(x: &S, target: &S, time: &S) -> S {
    let (away, zero) = (x.clone() - target, S::zero());
    (away.clone() - time).max(&zero) + (away + time).min(&zero) + target
}
