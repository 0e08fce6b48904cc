//! Hypotheses of theorems, audited on an instance before its claim is run.

use super::{DynNoise, DynProblem, Facts, Real, Trait};
use crate::scalar::Scalar;

/// What an audit looks at.
pub struct Subject<'a> {
    /// Constants of the instance.
    pub facts: &'a Facts,
    /// The objective.
    pub problem: &'a dyn DynProblem,
    /// The noise; `None` for exact gradients.
    pub noise: Option<&'a dyn DynNoise>,
    /// Number of workers.
    pub workers: usize,
    /// Whether gradients are of sampled functions of a finite sum.
    pub minibatch: bool,
    /// The start, where it is a point.
    pub start: Option<&'a [Real]>,
    /// The minimiser nearest to the start, where it is known.
    pub minimiser: Option<&'a [Real]>,
    /// The step size, where it is the same at every step.
    pub step_size: Option<&'a Real>,
}

/// The result of an audit.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Whether the hypothesis holds; `None` where that cannot be decided.
    pub holds: Option<bool>,
    /// The constant, or the counter-evidence.
    pub value: String,
    /// How it is known.
    pub provenance: String,
}

/// A hypothesis by name.
pub struct HypothesisSpec {
    /// Name in claim files.
    pub name: &'static str,
    /// Meaning.
    pub doc: &'static str,
    /// Audits an instance.
    pub audit: fn(&Subject<'_>) -> Audit,
}

fn constant(subject: &Subject<'_>, name: &str) -> Audit {
    match subject.facts.get(name) {
        Some(fact) if fact.value.to_f64().is_finite() => {
            Audit { holds: Some(true), value: format!("{name} = {}", fact.value), provenance: fact.known.to_string() }
        }
        // A number that is known, and only too large for a double, is no infinite one.
        Some(fact) if !matches!(fact.value, Real::Float(_)) => {
            let value = format!("{name} is past the largest double");
            Audit { holds: None, value, provenance: fact.known.to_string() }
        }
        _ => Audit { holds: Some(false), value: format!("no finite {name}"), provenance: "exact".into() },
    }
}

fn positive(subject: &Subject<'_>, name: &str) -> Audit {
    let audit = constant(subject, name);
    let above = subject.facts.value(name).is_some_and(|v| v > 0.0);
    Audit { holds: Some(above), ..audit }
}

/// Exact gradients have noise of size 0 and every property of a noise law.
fn noise_constant(subject: &Subject<'_>, name: &str) -> Audit {
    match subject.noise {
        None if !subject.minibatch => {
            Audit { holds: Some(true), value: format!("{name} = 0"), provenance: "exact".into() }
        }
        _ => constant(subject, name),
    }
}

fn of_noise(subject: &Subject<'_>, property: Trait, text: &str) -> Audit {
    let of_samples = match property {
        // Samples are drawn uniformly and afresh for every gradient; whether f is their mean is the problem's to say.
        Trait::Independent => Some(true),
        Trait::Unbiased => subject.problem.has(Trait::Unbiased),
        _ => None,
    };
    let holds = match (subject.noise, subject.minibatch) {
        (None, false) => Some(true),
        (None, true) => of_samples,
        (Some(noise), false) => noise.has(property),
        (Some(noise), true) => noise.has(property).zip(of_samples).map(|(a, b)| a && b),
    };
    Audit { holds, value: verdict(holds, text), provenance: "exact".into() }
}

fn of_problem(subject: &Subject<'_>, property: Trait, text: &str) -> Audit {
    let holds = subject.problem.has(property);
    Audit { holds, value: verdict(holds, text), provenance: "exact".into() }
}

fn verdict(holds: Option<bool>, text: &str) -> String {
    match holds {
        Some(true) => text.into(),
        Some(false) => format!("not {text}"),
        None => format!("{text}: not known"),
    }
}

/// Strong convexity needs a constant above 0 and a problem whose constant is more than one of PL.
fn strongly_convex(subject: &Subject<'_>) -> Audit {
    let audit = positive(subject, "mu1");
    let holds = match audit.holds {
        Some(true) => subject.problem.has(Trait::StronglyConvex),
        other => other,
    };
    let value = if holds == Some(true) { audit.value } else { verdict(holds, "strongly convex in l_inf") };
    Audit { holds, value, ..audit }
}

/// Exact gradients have the right sign always.
fn sign_advantage(subject: &Subject<'_>) -> Audit {
    match subject.noise {
        None => Audit { holds: Some(true), value: "p_sign = 1".into(), provenance: "exact".into() },
        Some(_) => {
            let audit = constant(subject, "p_sign");
            // Without the fact nothing is known; with it, a probability of 1/2 is no advantage.
            let holds = subject.facts.value("p_sign").map(|p| p > 0.5);
            let value = if holds.is_none() { "p_sign is not known".into() } else { audit.value };
            Audit { holds, value, ..audit }
        }
    }
}

/// Signs of zeros are never taken where every draw has a density and an odd number of workers votes.
fn no_ties(subject: &Subject<'_>) -> Audit {
    let continuous = subject.noise.is_some_and(|n| n.has(Trait::Continuous) == Some(true));
    let odd = subject.workers % 2 == 1;
    let (holds, value) = match (continuous, odd) {
        (true, true) => (Some(true), "every draw has a density, and M is odd".into()),
        (true, false) => (None, format!("M = {} votes may tie", subject.workers)),
        _ => (None, "not known: a gradient, or a draw of one, may be exactly 0".into()),
    };
    Audit { holds, value, provenance: "exact".into() }
}

/// Signed steps of one size move on the lattice x_0 + step Z^d, which must not hold the minimiser's coordinates.
fn off_lattice(subject: &Subject<'_>) -> Audit {
    let unknown = |why: &str| Audit { holds: None, value: why.into(), provenance: "unknown".into() };
    let (Some(start), Some(minimiser), Some(step)) = (subject.start, subject.minimiser, subject.step_size) else {
        return unknown("needs a start, a known minimiser and one step size");
    };
    let Some(step) = step.exact().filter(|s| !s.is_zero()) else { return unknown("the step size is not rational") };
    for (i, (x, at)) in start.iter().zip(minimiser).enumerate() {
        let (Some(x), Some(at)) = (x.exact(), at.exact()) else { return unknown("the start is not rational") };
        let steps = (x.clone() - at).divide(step);
        if let Some(n) = steps.ok().and_then(|n| n.to_i64()) {
            let value = format!("coordinate {} meets the minimiser after {n} steps", i + 1);
            return Audit { holds: Some(false), value, provenance: "exact".into() };
        }
    }
    Audit { holds: Some(true), value: "no coordinate meets the minimiser".into(), provenance: "exact".into() }
}

/// A box is a bounded set; its size is its diameter 2|b|_2.
fn bounded_domain(subject: &Subject<'_>) -> Audit {
    let Some(walls) = subject.problem.half_widths() else {
        // Whatever the bound, some point of R^d is farther from 0.
        let value = "f is considered on all of R^d".into();
        return Audit { holds: Some(false), value, provenance: "exact".into() };
    };
    let squares: Vec<Real> = walls.iter().map(|b| b.times(b)).collect();
    let diameter = Real::sum(&squares).root().times(&Real::integer(2));
    Audit { holds: Some(true), value: format!("a box of diameter {diameter}"), provenance: "exact".into() }
}

macro_rules! hypothesis {
    ($name:literal, $doc:literal, $audit:expr) => {
        HypothesisSpec { name: $name, doc: $doc, audit: $audit }
    };
}

/// All hypotheses.
pub const HYPOTHESES: &[HypothesisSpec] = &[
    hypothesis!("lower-bound", "f is bounded below by f*, on all of R^d", |s| match s.problem.has(Trait::Walled) {
        Some(true) => {
            let value = "f is bounded below between its walls only".into();
            Audit { holds: Some(false), value, provenance: "exact".into() }
        }
        _ => constant(s, "fstar"),
    }),
    hypothesis!("smooth", "l2-smooth with constant L", |s| constant(s, "L")),
    hypothesis!("smooth-coordinate", "coordinate-wise smooth with constants L_i, |L|_1 = L1", |s| constant(s, "L1")),
    hypothesis!("smooth-linf", "l_inf-smooth: |g(y) - g(x)|_1 <= Linf |y - x|_inf", |s| constant(s, "Linf")),
    hypothesis!("pl", "PL in l2 with mu > 0", |s| positive(s, "mu")),
    hypothesis!("pl-l1", "PL in l1 with mu1 > 0", |s| positive(s, "mu1")),
    hypothesis!(
        "strongly-convex-linf",
        "f(y) >= f(x) + <g(x), y - x> + mu1 |y - x|_inf^2/2 with mu1 > 0",
        strongly_convex
    ),
    hypothesis!("sign-advantage", "each coordinate's sign is right with probability p_sign > 1/2", sign_advantage),
    hypothesis!("hessian-lipschitz", "Hessian Lipschitz with constant rho", |s| constant(s, "rho")),
    hypothesis!("convex", "f is convex", |s| of_problem(s, Trait::Convex, "convex")),
    hypothesis!("minimiser", "a minimiser is known, at distance R from the start", |s| constant(s, "R")),
    hypothesis!("unbiased", "E g~ = g", |s| of_noise(s, Trait::Unbiased, "unbiased")),
    hypothesis!("variance", "E|g~ - g|_2^2 <= sigma^2", |s| noise_constant(s, "sigma")),
    hypothesis!("variance-coordinate", "E(g~_i - g_i)^2 <= sigma_i^2", |s| noise_constant(s, "sigma1")),
    hypothesis!("variance-l1", "E|g~ - g|_1^2 <= sigma_l1^2", |s| noise_constant(s, "sigma_l1")),
    hypothesis!("second-moment", "E|g~|_2^2 <= second_moment at every x", |s| constant(s, "second_moment")),
    hypothesis!("bounded-gradient", "|grad f|_2 <= G at every x", |s| constant(s, "G")),
    hypothesis!("symmetric", "each noise coordinate is symmetric", |s| of_noise(s, Trait::Symmetric, "symmetric")),
    hypothesis!("unimodal", "each noise coordinate is unimodal", |s| of_noise(s, Trait::Unimodal, "unimodal")),
    hypothesis!("independent-draws", "draws of different workers and steps are independent", |s| {
        of_noise(s, Trait::Independent, "independent over workers and steps")
    }),
    hypothesis!("independent-coordinates", "noise of different coordinates is independent, given the iterate", |s| {
        of_noise(s, Trait::IndependentCoordinates, "independent over coordinates")
    }),
    hypothesis!("smooth-samples", "g(.; xi) is as Lipschitz as the gradient itself, for every xi", |s| {
        of_noise(s, Trait::SmoothSamples, "as smooth for every outcome")
    }),
    hypothesis!(
        "bounded-domain",
        "f is considered on a bounded box, which every iterate is projected onto",
        bounded_domain
    ),
    hypothesis!("no-ties", "no sign is ever taken of exactly 0", no_ties),
    hypothesis!("off-lattice", "signed steps of one size never meet a coordinate of the minimiser", off_lattice),
    hypothesis!("delta-approximate", "E|C(v) - v|^2 <= (1 - delta)|v|^2 with delta > 0", |s| positive(s, "delta")),
    hypothesis!("odd-workers", "the number of workers is odd", |s| Audit {
        holds: Some(s.workers % 2 == 1),
        value: format!("M = {}", s.workers),
        provenance: "exact".into(),
    }),
];
