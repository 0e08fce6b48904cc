//! Adam and RMSprop.
//!
//! **Update** m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; x -= lr m^/(sqrt v^ + eps), coordinate by
//! coordinate. With bias correction m^ = m/(1 - beta1^t), v^ = v/(1 - beta2^t) at the t-th step, else m^ = m, v^ = v.
//! `rmsprop` is the case beta1 = 0.
//! **Source** bernstein2018, Section 2 (the family that signSGD belongs to); Kingma and Ba 2015, Algorithm 1; Tieleman
//! and Hinton 2012.
//! **Differs from the source** eps and the correction are parameters: with beta1 = beta2 = eps = 0 and no correction
//! the step is lr g/|g|, which is signsgd with sgn(0) = 0. Several workers are averaged first.
//! **Assumptions** 0 <= beta1, beta2 < 1. Where beta1^2 < beta2 (or beta1 = 0), Cauchy and Schwarz bound the step:
//! |m|/sqrt v <= (1 - beta1)/sqrt((1 - beta2)(1 - beta1^2/beta2)), and the correction adds at most 1/(1 - beta1).
//! **Shapes and units** m and v have the iterate's shape; v is in `([f]/[x])^2`, eps in `[f]/[x]`, lr in `[x]`.
//! **Ties and edge cases** a coordinate with sqrt v^ + eps = 0 rests: its v holds no gradient but 0. The conventions
//! for sgn(0) and for momenta do not apply. Exact runs end where v^ is no rational square.

use super::common::{STEP_SIZE, count_mean};
use super::{Algorithm, AlgorithmEntry, Query, Step, mean_gradient};
use crate::model::{Arithmetic, BuildError, DynAlgorithm, Kind, Limits, ParamSpec, Params, Real, Semantics, Slot};
use crate::scalar::{Fault, Scalar};

/// Momentum over the root of a mean square.
struct Adam {
    step_size: Slot,
    beta1: Real,
    beta2: Real,
    epsilon: Real,
    corrected: bool,
}

const EPSILON: ParamSpec = ParamSpec {
    name: "epsilon",
    kind: Kind::Number,
    default: Some("1e-8"),
    limits: Limits::NON_NEGATIVE,
    doc: "eps, added to the root",
};
const CORRECTION: &[&str] = &["yes", "no"];

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "adam",
    summary: "m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; x -= lr m^/(sqrt v^ + eps)",
    source: "Kingma and Ba 2015; bernstein2018, Section 2",
    params: &[
        STEP_SIZE,
        ParamSpec {
            name: "beta1",
            kind: Kind::Number,
            default: Some("0.9"),
            limits: Limits::FRACTION,
            doc: "factor of the old m",
        },
        ParamSpec {
            name: "beta2",
            kind: Kind::Number,
            default: Some("0.999"),
            limits: Limits::FRACTION,
            doc: "factor of the old v",
        },
        EPSILON,
        ParamSpec {
            name: "bias_correction",
            kind: Kind::Word(CORRECTION),
            default: Some("yes"),
            limits: Limits::ANY,
            doc: "whether m and v are divided by 1 - beta^t",
        },
    ],
    build: |p| build(p, true),
};

/// Registry line of the case without momentum.
pub(super) static RMSPROP: AlgorithmEntry = AlgorithmEntry {
    name: "rmsprop",
    summary: "v = beta2 v + (1 - beta2) g^2; x -= lr g/(sqrt v + eps)",
    source: "Tieleman and Hinton 2012; bernstein2018, Section 2",
    params: &[
        STEP_SIZE,
        ParamSpec {
            name: "beta2",
            kind: Kind::Number,
            default: Some("0.9"),
            limits: Limits::FRACTION,
            doc: "factor of the old v",
        },
        EPSILON,
        ParamSpec {
            name: "bias_correction",
            kind: Kind::Word(CORRECTION),
            default: Some("no"),
            limits: Limits::ANY,
            doc: "whether v is divided by 1 - beta2^t",
        },
    ],
    build: |p| build(p, false),
};

fn build(p: &Params, momentum: bool) -> Result<Box<dyn DynAlgorithm>, BuildError> {
    let factor = |key: &'static str| {
        let value = p.number(key)?;
        if (0.0..1.0).contains(&value.to_f64()) {
            Ok(value)
        } else {
            Err(BuildError::about(key, format!("'{key}' is {value}; it must be 0 or more and below 1")))
        }
    };
    let epsilon = p.number("epsilon")?;
    if !(epsilon.to_f64() >= 0.0 && epsilon.to_f64().is_finite()) {
        return Err(BuildError::about("epsilon", format!("'epsilon' is {epsilon}; it must be finite and 0 or more")));
    }
    // Each method's own habit where nothing is said.
    let corrected = if p.has("bias_correction") { p.text("bias_correction")? == "yes" } else { momentum };
    Ok(Box::new(Adam {
        step_size: p.schedule("step_size")?,
        beta1: if momentum { factor("beta1")? } else { Real::integer(0) },
        beta2: factor("beta2")?,
        epsilon,
        corrected,
    }))
}

impl Adam {
    /// 1 - beta^t, the power being kept in the state; 1 without correction.
    #[inline(always)]
    fn correction<S: Scalar>(&self, k: u64, power: &mut S, beta: &S) -> S {
        if !self.corrected {
            return S::one();
        }
        *power = if k == 0 { beta.clone() } else { power.clone() * beta };
        S::one() - &*power
    }
}

crate::buffers! {
    /// m, v, the powers of the two factors where they correct, and room for two gradients.
    struct Memory {
        kept momentum: vector,
        kept square: vector,
        kept power1: number,
        kept power2: number,
        scratch g: vector,
        scratch other: vector,
    }
}

impl Algorithm for Adam {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let (beta1, beta2) = (self.beta1.cast::<S>()?, self.beta2.cast::<S>()?);
        let (epsilon, zero) = (self.epsilon.cast::<S>()?, S::zero());
        let d = step.x.len();
        let Memory { momentum: m, square: v, power1, power2, g, other } = step.memory;
        mean_gradient(step.workers, step.x, other, g, query)?;
        let first = self.correction(step.k, power1, &beta1);
        let second = self.correction(step.k, power2, &beta2);
        let (new1, new2) = (S::one() - &beta1, S::one() - &beta2);
        for i in 0..d {
            m[i] *= &beta1;
            m[i].add_product(&new1, &g[i]);
            let mut square = S::zero();
            square.add_product(&g[i], &g[i]);
            v[i] *= &beta2;
            v[i].add_product(&new2, &square);
            let size = v[i].divide(&second)?.sqrt()? + &epsilon;
            // sgn size is 0 for size = 0 and 1 otherwise: m^ used/(size + 1 - used) is m^/size, and 0 there.
            let used = size.sign_or(&zero)?;
            let direction = (m[i].divide(&first)? * &used).divide(&(size + (S::one() - &used)))?;
            step.x[i].sub_product(&lr, &direction);
        }
        count_mean(d, step.workers, query);
        Ok(())
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        let (b1, b2) = (self.beta1.to_f64(), self.beta2.to_f64());
        let ratio = if b1 == 0.0 { 0.0 } else { b1 * b1 / b2 };
        if ratio.is_nan() || ratio >= 1.0 {
            return None;
        }
        let numerator = if self.corrected { 1.0 } else { 1.0 - b1 };
        // Room for the rounding of a step in doubles.
        Some(values[self.step_size.0].abs() * numerator / ((1.0 - b2) * (1.0 - ratio)).sqrt() * (1.0 + 1e-9))
    }

    fn is_random(&self, _semantics: &Semantics) -> bool {
        false
    }
}
