//! Error feedback with the gradient taken where the error would lead.
//!
//! **Update** p = lr g(x - e) + e; Delta = C(p); x -= Delta; e = p - Delta.
//! **Source** li2021, equation 13, with C(v) = (|v|_1/d) sgn v; then z = x - e obeys z -= lr g(z) for every C.
//! **Differs from the source** any compressor; several workers are averaged and the server compresses, as in `ef-sgd`.
//! **Shapes and units** e has the iterate's shape and unit `[x]`.
//! **Ties and edge cases** e_0 = 0; sgn(0) and blocks as the run's conventions say.

use super::ef_sgd::{COMPRESSOR, ErrorFeedback};
use super::{Algorithm, AlgorithmEntry, Layout, Query, Step, View, mean_gradient};
use crate::model::{Arithmetic, Kind, Limits, ParamSpec, Real};
use crate::scalar::Fault;

/// Error feedback that follows gradient descent exactly in z = x - e.
pub struct EfLookahead {
    feedback: ErrorFeedback,
}

/// Registry line.
pub static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "ef-lookahead",
    summary: "p = lr g(x - e) + e; x -= C(p); e = p - C(p)",
    source: "li2021, equation 13",
    params: &[
        ParamSpec {
            name: "step_size",
            kind: Kind::Schedule,
            default: None,
            limits: Limits::ANY,
            doc: "lr (lambda), inside the compressor",
        },
        COMPRESSOR,
    ],
    build: |p| Ok(Box::new(EfLookahead { feedback: ErrorFeedback::build(p)? })),
};

impl Algorithm for EfLookahead {
    fn layout(&self, dimension: usize, _workers: usize) -> Layout {
        Layout { state: dimension, scratch: 3 * dimension }
    }

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let d = step.x.len();
        let (p, rest) = step.scratch.split_at_mut(d);
        let (z, other) = rest.split_at_mut(d);
        z.clone_from_slice(step.x);
        for (z, e) in z.iter_mut().zip(step.state.iter()) {
            *z -= e;
        }
        mean_gradient(step.workers, z, other, p, query)?;
        self.feedback.apply(step, query)
    }

    fn views(&self, dimension: usize, _workers: usize) -> Vec<View> {
        vec![View { name: "error", range: 0..dimension }]
    }

    fn facts(&self, dimension: usize) -> Vec<(&'static str, Real)> {
        self.feedback.facts(dimension)
    }

    fn is_random(&self, semantics: &crate::model::Semantics) -> bool {
        self.feedback.is_random(semantics)
    }
}
