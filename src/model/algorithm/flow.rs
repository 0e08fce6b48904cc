//! Gradient flow and sign flow, as exact solutions.
//!
//! **Update** step k carries x along x' = -beta grad f(x) (`gradient-flow`) or x' = -beta sgn(grad f(x)) (`sign-flow`)
//! for the time `step_size`, so that x_k is the solution at the sum of the first k steps.
//! **Source** li2021, equations 22 and 23 (Propositions 1 and 2).
//! **Differs from the source** nothing is integrated. Only problems with a closed solution have a flow (separable ones;
//! see each problem's `flow`); others refuse. A coordinate freezes where its derivative vanishes, which for a separable
//! f is the sliding mode of the sign flow.
//! **Assumptions** an oracle without noise; workers' objectives enter through their mean.
//! **Shapes and units** beta is `speed`; beta t is in `[x]^2/[f]` for the gradient flow and in `[x]` for the sign flow.
//! **Ties and edge cases** a time below 0 counts as 0. Exponentials have no rational form: exact runs of gradient flows
//! end, enclosed ones go on. Nothing is sent.

use super::{Algorithm, AlgorithmEntry, Query, Step};
use crate::model::problem::Flow;
use crate::model::{Arithmetic, BuildError, DynAlgorithm, Kind, Limits, ParamSpec, Params, Real, Semantics, Slot};
use crate::scalar::Fault;

/// The exact flow of a problem.
struct ExactFlow {
    kind: Flow,
    step_size: Slot,
    speed: Real,
}

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "step_size",
        kind: Kind::Schedule,
        default: None,
        limits: Limits::ANY,
        doc: "time that step k advances",
    },
    ParamSpec { name: "speed", kind: Kind::Number, default: Some("1"), limits: Limits::POSITIVE, doc: "beta" },
];

/// Registry line of equation 22.
pub(super) static GRADIENT: AlgorithmEntry = AlgorithmEntry {
    name: "gradient-flow",
    summary: "x' = -beta grad f(x), solved exactly over times of step_size",
    source: "li2021, equation 22",
    params: PARAMS,
    build: |p| build(p, Flow::Gradient),
};

/// Registry line of equation 23.
pub(super) static SIGN: AlgorithmEntry = AlgorithmEntry {
    name: "sign-flow",
    summary: "x' = -beta sgn(grad f(x)), solved exactly over times of step_size",
    source: "li2021, equation 23",
    params: PARAMS,
    build: |p| build(p, Flow::Sign),
};

fn build(p: &Params, kind: Flow) -> Result<Box<dyn DynAlgorithm>, BuildError> {
    Ok(Box::new(ExactFlow { kind, step_size: p.schedule("step_size")?, speed: p.positive("speed")? }))
}

crate::buffers! {
    /// Room for the point that the flow reaches.
    struct Memory { scratch end: vector }
}

impl Algorithm for ExactFlow {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let time = (step.value(self.step_size) * self.speed.cast::<S>()?).max(&S::zero());
        let Memory { end } = step.memory;
        query.flow(self.kind, step.x, &time, end)?;
        step.x.clone_from_slice(end);
        Ok(())
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        let time = values[self.step_size.0].abs() * self.speed.to_f64();
        (self.kind == Flow::Sign).then_some(time)
    }

    fn is_random(&self, _semantics: &Semantics) -> bool {
        false
    }
}
