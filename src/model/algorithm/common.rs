//! What several algorithms have in common: momentum, steps, the bits that a mean and its signs cost, traces of NaN.

use super::{FLOAT_BITS, Query};
use crate::model::{Kind, Limits, MomentumForm, MomentumStart, ParamSpec, Semantics};
use crate::scalar::{Fault, Scalar};

/// The step size, which every method here takes.
pub(super) const STEP_SIZE: ParamSpec = ParamSpec {
    name: "step_size",
    kind: Kind::Schedule,
    default: None,
    limits: Limits::ANY,
    doc: "lr, at every step k",
};

/// The factor of the old momentum.
pub(super) const MOMENTUM: ParamSpec = ParamSpec {
    name: "momentum",
    kind: Kind::Schedule,
    default: None,
    limits: Limits::FRACTION,
    doc: "beta (theta in sun2023)",
};

/// x -= lr v.
#[inline(always)]
pub(super) fn descend<S: Scalar>(x: &mut [S], step_size: &S, direction: &[S]) {
    for (x, v) in x.iter_mut().zip(direction) {
        x.sub_product(step_size, v);
    }
}

/// One momentum recursion: m = g + beta m, or m = beta m + (1 - beta) g; `own` is the paper's form, which the
/// run's conventions may replace. With [`MomentumStart::FirstGradient`] the first step sets m = g in either form.
#[inline(always)]
pub(super) fn accumulate<S: Scalar>(
    own: MomentumForm,
    (k, semantics): (u64, &Semantics),
    beta: &S,
    gradient: &[S],
    momentum: &mut [S],
) {
    if k == 0 && semantics.momentum_start == MomentumStart::FirstGradient {
        momentum.clone_from_slice(gradient);
        return;
    }
    match semantics.momentum_form.unwrap_or(own) {
        MomentumForm::Sum => {
            for (m, g) in momentum.iter_mut().zip(gradient) {
                mutant!("the momentum forgets nothing", (), *m *= beta);
                *m += g;
            }
        }
        MomentumForm::Average => {
            let weight = mutant!("the momentum's new gradient lacks its factor", S::one(), S::one() - beta);
            for (m, g) in momentum.iter_mut().zip(gradient) {
                *m *= beta;
                m.add_product(&weight, g);
            }
        }
    }
}

/// y = x + factor (x - x_prev), with x_prev = x at k = 0; `previous` then holds x for the next step.
#[inline(always)]
pub(super) fn extrapolate<S: Scalar>(k: u64, factor: &S, x: &[S], previous: &mut [S], y: &mut [S]) {
    if k == 0 {
        previous.clone_from_slice(x);
    }
    for ((x, previous), y) in x.iter().zip(previous).zip(y) {
        *y = x.clone();
        y.add_product(factor, &(x.clone() - &*previous));
        previous.clone_from(x);
    }
}

/// Counts a mean of gradients: floats up, and floats down.
pub(super) fn count_mean<S>(dimension: usize, workers: usize, query: &mut dyn Query<S>) {
    let bits = FLOAT_BITS * dimension as u64;
    for _ in 0..workers {
        query.upload(bits);
    }
    query.broadcast(bits, workers);
}

/// Counts signs of a mean with `extra` more bits (a scale): a single worker takes the signs itself and sends
/// them; several send floats, since the sign of a mean needs the mean. The server sends signs either way.
pub(super) fn count_signs<S>(
    dimension: usize,
    workers: usize,
    extra: u64,
    semantics: &Semantics,
    query: &mut dyn Query<S>,
) {
    let signs = Semantics::sign_bits(semantics.sign_zero) * dimension as u64 + extra;
    let up = if workers == 1 { signs } else { FLOAT_BITS * dimension as u64 };
    for _ in 0..workers {
        query.upload(up);
    }
    query.broadcast(signs, workers);
}

/// Bits of one float per block, where each block is scaled as one.
pub(super) fn scale_bits(dimension: usize, semantics: &Semantics) -> u64 {
    FLOAT_BITS * semantics.scaling.ranges(dimension).count() as u64
}

/// Adds 0 where v is a number, and NaN where it is NaN.
///
/// A sign message has no room for a NaN and an order statistic may drop one, so that a replicate whose gradient is
/// undefined would continue as if the worker had abstained. The trace is not part of the message; added to the iterate
/// it makes the divergence visible. Infinite gradients leave no trace: they have a sign and a rank.
#[inline(always)]
pub(super) fn trace_nan<S: Scalar>(trace: &mut [S], v: &[S]) -> Result<(), Fault> {
    if S::LANES == 0 {
        return Ok(());
    }
    let zero = S::zero();
    for (trace, v) in trace.iter_mut().zip(v) {
        // A number between 0 and 0, or NaN.
        *trace += &v.min(&zero).max(&zero);
    }
    Ok(())
}

/// Adds the trace to the iterate.
#[inline(always)]
pub(super) fn apply_trace<S: Scalar>(x: &mut [S], trace: &[S]) {
    if S::LANES > 0 {
        for (x, trace) in x.iter_mut().zip(trace) {
            *x += trace;
        }
    }
}
