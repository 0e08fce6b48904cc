//! Error feedback.
//!
//! **Update** p = lr g + e; Delta = C(p); x -= Delta; e = p - Delta.
//! **Source** karimireddy2019, Algorithm 2 (EF-SGD) and Algorithm 1 (EF-signSGD, C(v) = (|v|_1/d) sgn v).
//! **Differs from the source** with `per = "layer"` each layer is compressed by itself, as the paper's experiments do.
//! **Assumptions** with several workers the server compresses the mean of their gradients.
//! **Shapes and units** e has the iterate's shape and unit `[x]`.
//! **Ties and edge cases** e_0 = 0; sgn(0) and blocks as the run's conventions say. A single worker keeps e and sends
//! Delta; several send floats to the server, which keeps e. The server sends Delta either way.

use super::blockwise::{Blockwise, PER};
use super::{Algorithm, AlgorithmEntry, FLOAT_BITS, Query, Step, mean_gradient};
use crate::model::{
    Arithmetic, BuildError, DynAlgorithm, Kind, Limits, ParamSpec, Params, Real, Semantics, SignZero, Slot,
};
use crate::scalar::Fault;

/// The parameter that names the compressor.
pub(super) const COMPRESSOR: ParamSpec = ParamSpec {
    name: "compressor",
    kind: Kind::Compressor,
    default: Some("sign"),
    limits: Limits::ANY,
    doc: "C; `sign` gives EF-signSGD",
};

/// SGD with a compressor whose error is fed back.
struct ErrorFeedback {
    step_size: Slot,
    compressor: Blockwise,
    /// Whether the gradient is taken at x - e instead of x.
    ahead: bool,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "ef-sgd",
    summary: "p = lr g + e; x -= C(p); e = p - C(p)",
    source: "karimireddy2019, Algorithms 1 and 2",
    params: &[
        ParamSpec {
            name: "step_size",
            kind: Kind::Schedule,
            default: None,
            limits: Limits::ANY,
            doc: "lr, inside the compressor",
        },
        COMPRESSOR,
        PER,
    ],
    build: |p| build(p, false),
};

/// Error feedback, with the gradient taken `ahead`, at x - e, or at x.
pub(super) fn build(p: &Params, ahead: bool) -> Result<Box<dyn DynAlgorithm>, BuildError> {
    Ok(Box::new(ErrorFeedback { step_size: p.schedule("step_size")?, compressor: Blockwise::build(p)?, ahead }))
}

crate::buffers! {
    /// The error, and room for what is compressed, its message, and the point x - e.
    struct Memory { kept error: vector, scratch p: vector, scratch delta: vector, scratch z: vector }
}

impl Algorithm for ErrorFeedback {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let (lr, d) = (step.value(self.step_size), step.x.len());
        let Memory { error, p, delta, z } = step.memory;
        let point = if self.ahead {
            z.clone_from_slice(step.x);
            for (z, e) in z.iter_mut().zip(error.iter()) {
                *z -= e;
            }
            &*z
        } else {
            &*step.x
        };
        mean_gradient(step.workers, point, delta, p, query)?;
        for (p, e) in p.iter_mut().zip(error.iter()) {
            *p = mutant!("the learning rate stands outside the compressor", p.clone() + e, p.clone() * &lr + e);
        }
        delta.clone_from_slice(p);
        self.compressor.compress(delta, step.semantics, query)?;
        for i in 0..d {
            mutant!(
                "the learning rate stands outside the compressor",
                step.x[i] -= &(delta[i].clone() * &lr),
                step.x[i] -= &delta[i]
            );
            error[i] = mutant!("the memory of error feedback is dropped", S::zero(), p[i].clone() - &delta[i]);
        }
        let bits = self.compressor.bits(d, step.semantics);
        for _ in 0..step.workers {
            query.upload(if step.workers == 1 { bits } else { FLOAT_BITS * d as u64 });
        }
        query.broadcast(bits, step.workers);
        Ok(())
    }

    fn facts(&self, dimension: usize) -> Vec<(&'static str, Real)> {
        vec![("delta", self.compressor.quality(dimension))]
    }

    /// |e'| <= q (lr |g| + |e|) with q = sqrt(1 - delta), on every path where C draws nothing: |e| <= q lr |g|/(1 - q).
    /// The gradient's bound holds where iterates are, and not at x - e.
    fn largest_error(&self, largest: &[f64], gradient: f64, dimension: usize, semantics: &Semantics) -> Option<f64> {
        if self.ahead || self.is_random(semantics) {
            return None;
        }
        let rest = (1.0 - self.compressor.quality(dimension).to_f64()).max(0.0).sqrt();
        let lr = largest.get(self.step_size.0)?;
        // The slack covers the rounding of these few operations.
        (rest < 1.0).then(|| rest * lr * gradient / (1.0 - rest) * (1.0 + 1e-9))
    }

    /// Signs of the compressor follow `sign_zero`; nobody votes, so that ties do not matter.
    fn is_random(&self, semantics: &Semantics) -> bool {
        self.compressor.is_random() || semantics.sign_zero == SignZero::Random
    }
}
