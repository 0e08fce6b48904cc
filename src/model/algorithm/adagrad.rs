//! AdaGrad-Norm and its sign counterparts.
//!
//! **Update** b^2 += |g|_2^2; x -= (eta/b) g (`adagrad-norm`) or (eta/b) sgn g (`sign-adagrad-a`);
//! b^2 += |sgn g|_2^2; x -= (eta/b) sgn g (`sign-adagrad-b`).
//! **Source** li2021, equations 5, 6 and 9.
//! **Differs from the source** several workers are averaged; eta may be a schedule.
//! **Shapes and units** the state is the one number b^2, in (`[f]/[x]`)^2 for the first two and without a unit for the
//! third. eta is in `[x]`, but for `adagrad-norm` too: g/b has no unit.
//! **Ties and edge cases** b = 0 can only follow from b0 = 0 and zero gradients: the step is then 0. In exact
//! arithmetic a b that is no rational ends the run with a fault.

use super::common::{count_mean, count_signs, descend};
use super::{Algorithm, AlgorithmEntry, FLOAT_BITS, Query, Step, mean_gradient, norm2_squared, take_signs};
use crate::model::{
    Arithmetic, BuildError, DynAlgorithm, Kind, Limits, ParamSpec, Params, Real, Semantics, SignZero, Slot,
};
use crate::scalar::Fault;

/// What enters b and what is stepped along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The gradient in both places.
    Gradient,
    /// The gradient in b, its signs as the direction.
    SignStep,
    /// The signs in both places.
    SignBoth,
}

/// A step divided by the root of all that was seen.
struct AdaGrad {
    step_size: Slot,
    b0: Real,
    rule: Rule,
}

const PARAMS: &[ParamSpec] = &[
    ParamSpec { name: "step_size", kind: Kind::Schedule, default: None, limits: Limits::ANY, doc: "eta, divided by b" },
    ParamSpec {
        name: "b0",
        kind: Kind::Number,
        default: Some("0"),
        limits: Limits::NON_NEGATIVE,
        doc: "b before the first step",
    },
];

fn build(p: &Params, rule: Rule) -> Result<Box<dyn DynAlgorithm>, BuildError> {
    let b0 = if p.has("b0") { p.number("b0")? } else { Real::integer(0) };
    if !(b0.to_f64() >= 0.0 && b0.to_f64().is_finite()) {
        return Err(BuildError::about("b0", format!("'b0' is {b0}; it must be 0 or more")));
    }
    Ok(Box::new(AdaGrad { step_size: p.schedule("step_size")?, b0, rule }))
}

/// Registry line of equation 5.
pub(super) static NORM: AlgorithmEntry = AlgorithmEntry {
    name: "adagrad-norm",
    summary: "b^2 += |g|_2^2; x -= (eta/b) g",
    source: "li2021, equation 5",
    params: PARAMS,
    build: |p| build(p, Rule::Gradient),
};

/// Registry line of equation 6.
pub(super) static SIGN_A: AlgorithmEntry = AlgorithmEntry {
    name: "sign-adagrad-a",
    summary: "b^2 += |g|_2^2; x -= (eta/b) sgn g",
    source: "li2021, equation 6",
    params: PARAMS,
    build: |p| build(p, Rule::SignStep),
};

/// Registry line of equation 9.
pub(super) static SIGN_B: AlgorithmEntry = AlgorithmEntry {
    name: "sign-adagrad-b",
    summary: "b^2 += |sgn g|_2^2; x -= (eta/b) sgn g",
    source: "li2021, equation 9",
    params: PARAMS,
    build: |p| build(p, Rule::SignBoth),
};

crate::buffers! {
    /// b^2, and room for two gradients.
    struct Memory { kept b_squared: number, scratch g: vector, scratch other: vector }
}

impl Algorithm for AdaGrad {
    /// The rule on the gradient itself takes no sign.
    fn is_random(&self, semantics: &Semantics) -> bool {
        self.rule != Rule::Gradient && semantics.sign_zero == SignZero::Random
    }

    type Memory<'a, S: 'a> = Memory<'a, S>;

    /// b is at least |g|_2 >= |g_i|, at least |sgn g|_2 >= |sgn g_i|, and at least b0.
    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        let eta = *values.get(self.step_size.0)?;
        match self.rule {
            Rule::Gradient | Rule::SignBoth => Some(eta),
            Rule::SignStep => Some(self.b0.to_f64()).filter(|b| *b > 0.0).map(|b| eta / b),
        }
    }

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let eta = step.value(self.step_size);
        let d = step.x.len();
        let Memory { b_squared, g, other } = step.memory;
        mean_gradient(step.workers, step.x, other, g, query)?;
        if step.k == 0 {
            let b0 = self.b0.cast::<S>()?;
            *b_squared = b0.clone() * &b0;
        }
        if self.rule != Rule::SignBoth {
            *b_squared += &norm2_squared(g);
        }
        if self.rule != Rule::Gradient {
            take_signs(g, step.semantics.sign_zero, query)?;
        }
        if self.rule == Rule::SignBoth {
            *b_squared += &norm2_squared(g);
        }
        let b = b_squared.sqrt()?;
        // sgn b is 0 for b = 0 and 1 otherwise: eta sgn(b)/(b + 1 - sgn b) is eta/b, and 0 where b is.
        let used = b.sign_or(&S::zero())?;
        let factor = (eta * &used).divide(&(b + (S::one() - &used)))?;
        descend(step.x, &factor, g);
        match self.rule {
            Rule::Gradient => count_mean(d, step.workers, query),
            Rule::SignStep => count_signs(d, step.workers, FLOAT_BITS, step.semantics, query),
            Rule::SignBoth => count_signs(d, step.workers, 0, step.semantics, query),
        }
        Ok(())
    }
}
