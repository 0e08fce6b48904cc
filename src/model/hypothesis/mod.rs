//! Hypotheses of theorems, audited on an instance before its claim is run.
//!
//! There are three answers. A hypothesis *holds*, with its constant. It *fails*, with a [`Witness`] that was evaluated
//! on the instance. Or it is *not known*: the program has no formula, which excuses nothing.

mod law;
mod witness;

pub use witness::{RefutableProperty, Witness};

use super::{DynNoise, DynProblem, Evaluates, Facts, Known, Property, Real};
use crate::scalar::{Rational, Scalar};

/// A distance from 0 that no box of a theorem has.
const FAR: i64 = 1 << 40;

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
    /// What an exact run has seen of signs of 0.
    pub ties: Ties,
}

/// Whether a run takes the sign of an exact 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ties {
    /// Not run, or not in exact arithmetic.
    #[default]
    NotSeen,
    /// Every path was followed, and none does.
    None,
    /// One does, in that step (from 0).
    At(u64),
}

/// Whether a hypothesis holds on an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It does.
    Holds,
    /// It does not, as anyone can see.
    Fails(Witness),
    /// The program does not know.
    NotKnown,
}

/// The result of an audit.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    answer: Answer,
    /// The constant, the counter-evidence, or what is missing.
    pub value: String,
    /// How it is known.
    pub provenance: String,
}

impl Audit {
    /// It holds.
    #[must_use]
    pub fn holding(value: impl Into<String>, provenance: impl ToString) -> Self {
        Audit { answer: Answer::Holds, value: value.into(), provenance: provenance.to_string() }
    }

    /// Nothing is known of it.
    #[must_use]
    pub fn not_known(why: impl Into<String>) -> Self {
        Audit { answer: Answer::NotKnown, value: why.into(), provenance: "unknown".into() }
    }

    /// It fails, by a witness that its caller has evaluated.
    fn failing(what: &str, witness: Witness) -> Self {
        let value = if what.is_empty() { witness.to_string() } else { format!("{what}: {witness}") };
        Audit { answer: Answer::Fails(witness), value, provenance: "exact".into() }
    }

    /// An inequality `low` <= `high`: `met` where longer numbers than these have decided it, else by their enclosures.
    #[must_use]
    pub fn of_order(low: Real, high: Real, strict: bool, met: Option<bool>) -> Self {
        let value = format!("{low} and {high}");
        let known = low.exact().is_some() && high.exact().is_some();
        match met.or_else(|| low.at_most(&high, strict)) {
            Some(true) => Audit::holding(value, if known { "exact" } else { "numeric" }),
            Some(false) => Audit::failing("", Witness::Reversed { low, high, strict }),
            None => Audit::not_known(format!("{value} are too near to tell")),
        }
    }

    /// An inequality with a side that is not defined.
    #[must_use]
    pub fn undefined(why: impl Into<String>) -> Self {
        Audit::failing("", Witness::Undefined(why.into()))
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// Whether the hypothesis holds; `None` where that is not known.
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
        match self.answer {
            Answer::Holds => Some(true),
            Answer::Fails(_) => Some(false),
            Answer::NotKnown => None,
        }
    }
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

impl Subject<'_> {
    /// The audit of a property that points of the objective refute, where they do.
    fn refuted(&self, property: RefutableProperty, what: &str) -> Option<Audit> {
        let witness = self.problem.refutation(property)?;
        witness.refutes(property, self.problem).then(|| Audit::failing(what, witness))
    }

    /// The audit that says why a constant does not exist, where points show it.
    #[must_use]
    pub fn no_constant(&self, fact: &str) -> Option<Audit> {
        let (property, what) = match fact {
            "L" | "L1" | "Lmax" | "Linf" => (RefutableProperty::Smooth, "the gradient is not Lipschitz"),
            "mu" | "mu1" => (RefutableProperty::Pl, "no PL constant"),
            "rho" => (RefutableProperty::HessianLipschitz, "the Hessian is not Lipschitz"),
            "G" => (RefutableProperty::BoundedGradient, "the gradient is not bounded"),
            "fstar" | "D" | "R" => (RefutableProperty::LowerBound, "f is not bounded below"),
            _ => return None,
        };
        self.refuted(property, what)
    }

    /// The same of the law of a draw, by the first of these witnesses that refutes it.
    fn refuted_law(&self, what: &str, of: impl Fn(Vec<Real>, usize) -> Witness) -> Option<Audit> {
        self.law_witness(of).map(|witness| Audit::failing(what, witness))
    }
}

/// A constant that the instance has.
fn constant(subject: &Subject<'_>, name: &str) -> Audit {
    match subject.facts.get(name) {
        Some(fact) if fact.value.to_f64().is_finite() => Audit::holding(format!("{name} = {}", fact.value), fact.known),
        // A number that is known, and only too large for a double, is no infinite one.
        Some(fact) if !matches!(fact.value, Real::Float(_)) => Audit {
            provenance: fact.known.to_string(),
            ..Audit::not_known(format!("{name} is past the largest double"))
        },
        _ => Audit::not_known(format!("{name} is not known here")),
    }
}

/// A constant that must be above 0.
fn positive(subject: &Subject<'_>, name: &str) -> Audit {
    match subject.facts.get(name) {
        Some(fact) if Real::integer(0).at_most(&fact.value, true) != Some(true) => {
            Audit::not_known(format!("{name} = {} says nothing", fact.value))
        }
        _ => constant(subject, name),
    }
}

/// A constant of the objective whose absence points may show.
fn of_objective(subject: &Subject<'_>, property: RefutableProperty, what: &str, known: Audit) -> Audit {
    subject.refuted(property, what).unwrap_or(known)
}

/// Exact gradients have noise of size 0 and every property of a noise law.
fn noise_constant(subject: &Subject<'_>, name: &str) -> Audit {
    match subject.noise {
        None if !subject.minibatch => Audit::holding(format!("{name} = 0"), Known::Exact),
        _ => constant(subject, name),
    }
}

fn of_noise(subject: &Subject<'_>, property: Property, text: &str) -> Audit {
    let of_samples = match property {
        // Samples are drawn uniformly and afresh for every gradient; whether f is their mean is the problem's to say.
        Property::Independent => Some(true),
        Property::Unbiased => subject.problem.has(Property::Unbiased),
        _ => None,
    };
    let holds = match (subject.noise, subject.minibatch) {
        (None, false) => Some(true),
        (None, true) => of_samples,
        (Some(noise), false) => noise.has(property),
        (Some(noise), true) => noise.has(property).zip(of_samples).map(|(a, b)| a && b),
    };
    if holds == Some(true) {
        return Audit::holding(text, Known::Exact);
    }
    let not = format!("not {text}");
    let refuted = match property {
        Property::Unbiased => subject.refuted_law(&not, |x, coordinate| Witness::Bias { x, coordinate }),
        Property::Symmetric => subject.refuted_law(&not, |x, coordinate| Witness::Skew { x, coordinate }),
        Property::Unimodal => subject.refuted_law(&not, |x, coordinate| Witness::TwoAtoms { x, coordinate }),
        Property::IndependentCoordinates => subject.refuted_law(&not, |x, _| Witness::Together { x }),
        Property::Independent => {
            (1..8).find_map(|b| subject.refuted_law(&not, |x, _| Witness::Memory { x, atoms: (0, b) }))
        }
        _ => None,
    };
    refuted.unwrap_or_else(|| Audit::not_known(format!("{text}: not known")))
}

/// Bounded below by f*, or by what every value of the loss is above.
fn lower_bound(s: &Subject<'_>) -> Audit {
    let known = match (s.facts.get("fstar"), s.problem.floor()) {
        (Some(_), _) if s.problem.has(Property::Walled) != Some(true) => constant(s, "fstar"),
        (_, Some(floor)) => Audit::holding(format!("f >= {floor}"), Known::Bound),
        _ => Audit::not_known("no lower bound of f is known here"),
    };
    of_objective(s, RefutableProperty::LowerBound, "f is not bounded below", known)
}

/// Where f falls without end there is no minimiser; inside walls there is one.
fn minimiser(s: &Subject<'_>) -> Audit {
    let known = constant(s, "R");
    if s.problem.has(Property::Walled) == Some(true) {
        return known;
    }
    of_objective(s, RefutableProperty::LowerBound, "f has no minimiser", known)
}

/// Strong convexity needs a constant above 0 and a problem whose constant is more than one of PL.
fn strongly_convex(s: &Subject<'_>) -> Audit {
    let known = match s.problem.has(Property::StronglyConvex) {
        Some(true) => positive(s, "mu1"),
        _ => Audit::not_known("strongly convex in l_inf: not known"),
    };
    of_objective(s, RefutableProperty::StronglyConvex, "not strongly convex in l_inf", known)
}

fn convex(s: &Subject<'_>) -> Audit {
    let known = match s.problem.has(Property::Convex) {
        Some(true) => Audit::holding("convex", Known::Exact),
        _ => Audit::not_known("convex: not known"),
    };
    of_objective(s, RefutableProperty::Convex, "not convex", known)
}

/// E|g~|^2 >= |E g~|^2: what has an unbounded gradient has no bound on its unbiased estimates' squares.
fn second_moment(s: &Subject<'_>) -> Audit {
    let known = constant(s, "second_moment");
    if known.holds().is_some() || of_noise(s, Property::Unbiased, "unbiased").holds() != Some(true) {
        return known;
    }
    of_objective(s, RefutableProperty::BoundedGradient, "E|g~|_2^2 is not bounded", known)
}

/// Exact gradients have the right sign always.
fn sign_advantage(s: &Subject<'_>) -> Audit {
    let Some(_) = s.noise else { return Audit::holding("p_sign = 1", Known::Exact) };
    match s.facts.get("p_sign") {
        Some(p) if Real::from(crate::scalar::Rational::ratio(1, 2)).at_most(&p.value, true) == Some(true) => {
            constant(s, "p_sign")
        }
        found => {
            let known = match found {
                // The fact is what the probability falls to, at no state perhaps.
                Some(p) => Audit::not_known(format!("p_sign = {}, no advantage that is known", p.value)),
                None => Audit::not_known("p_sign is not known here"),
            };
            let coin = |x, coordinate| Witness::Coin { x, coordinate };
            s.refuted_law("no advantage", coin).unwrap_or(known)
        }
    }
}

/// Signs of zeros: what the exact run has found, or that every draw has a density and an odd number of workers votes.
fn no_ties(s: &Subject<'_>) -> Audit {
    match s.ties {
        Ties::None => {
            return Audit::holding("every sign that the exact run takes is of a number other than 0", Known::Exact);
        }
        Ties::At(step) => return Audit::failing("", Witness::Tie { step }),
        Ties::NotSeen => {}
    }
    let continuous = s.noise.is_some_and(|n| n.has(Property::Continuous) == Some(true));
    match (continuous, s.workers % 2 == 1) {
        (true, true) => Audit::holding("every draw has a density, and M is odd", Known::Exact),
        (true, false) => Audit::not_known(format!("M = {} votes may tie", s.workers)),
        _ => Audit::not_known("not known: a gradient, or a draw of one, may be exactly 0"),
    }
}

/// Signed steps of one size move on the lattice x_0 + step Z^d, which must not hold the minimiser's coordinates.
fn off_lattice(s: &Subject<'_>) -> Audit {
    let (Some(start), Some(minimiser), Some(step)) = (s.start, s.minimiser, s.step_size) else {
        return Audit::not_known("needs a start, a known minimiser and one step size");
    };
    let Some(step) = step.exact().filter(|s| !s.is_zero()) else {
        return Audit::not_known("the step size is not rational");
    };
    for (coordinate, (x, at)) in start.iter().zip(minimiser).enumerate() {
        let (Some(x), Some(at)) = (x.exact(), at.exact()) else {
            return Audit::not_known("the start or the minimiser is not rational");
        };
        let steps = (x.clone() - at).divide(step);
        if let Some(steps) = steps.ok().and_then(|n| n.to_i64()) {
            return Audit::failing("", Witness::OnLattice { coordinate, steps });
        }
    }
    Audit::holding("no coordinate meets the minimiser", Known::Exact)
}

/// A box is a bounded set; its size is its diameter 2|b|_2.
fn bounded_domain(s: &Subject<'_>) -> Audit {
    let Some(walls) = s.problem.half_widths() else {
        let mut far = vec![Rational::zero(); s.problem.dimension()];
        far[0] = Rational::integer(FAR);
        let mut kept = far.clone();
        (s.problem as &dyn Evaluates<Rational>).project_onto(&mut kept);
        return if kept == far {
            Audit::failing("", Witness::Unmoved(far.into_iter().map(Real::Exact).collect()))
        } else {
            Audit::not_known("iterates are projected, and the set is not known")
        };
    };
    let squares: Vec<Real> = walls.iter().map(|b| b.times(b)).collect();
    let diameter = Real::sum(&squares).root().times(&Real::integer(2));
    Audit::holding(format!("a box of diameter {diameter}"), Known::Exact)
}

fn odd_workers(s: &Subject<'_>) -> Audit {
    match s.workers % 2 {
        1 => Audit::holding(format!("M = {}", s.workers), Known::Exact),
        _ => Audit::failing("", Witness::Even(s.workers)),
    }
}

macro_rules! hypothesis {
    ($name:literal, $doc:literal, $audit:expr) => {
        HypothesisSpec { name: $name, doc: $doc, audit: $audit }
    };
}

/// The hypothesis that is audited on a run: before it, it may be not known.
pub const NO_TIES: &str = "no-ties";

/// All hypotheses.
pub const HYPOTHESES: &[HypothesisSpec] = &[
    hypothesis!("lower-bound", "f is bounded below by f*, on all of R^d", lower_bound),
    hypothesis!("smooth", "l2-smooth with constant L", |s| smooth(s, "L")),
    hypothesis!("smooth-coordinate", "coordinate-wise smooth with constants L_i, |L|_1 = L1", |s| smooth(s, "L1")),
    hypothesis!("smooth-linf", "l_inf-smooth: |g(y) - g(x)|_1 <= Linf |y - x|_inf", |s| smooth(s, "Linf")),
    hypothesis!("pl", "PL in l2 with mu > 0", |s| of_objective(
        s,
        RefutableProperty::Pl,
        "no PL constant",
        positive(s, "mu")
    )),
    hypothesis!("pl-l1", "PL in l1 with mu1 > 0", |s| of_objective(
        s,
        RefutableProperty::Pl,
        "no PL constant",
        positive(s, "mu1")
    )),
    hypothesis!(
        "strongly-convex-linf",
        "f(y) >= f(x) + <g(x), y - x> + mu1 |y - x|_inf^2/2 with mu1 > 0",
        strongly_convex
    ),
    hypothesis!("sign-advantage", "each coordinate's sign is right with probability p_sign > 1/2", sign_advantage),
    hypothesis!("hessian-lipschitz", "Hessian Lipschitz with constant rho", |s| of_objective(
        s,
        RefutableProperty::HessianLipschitz,
        "the Hessian is not Lipschitz",
        constant(s, "rho")
    )),
    hypothesis!("convex", "f is convex", convex),
    hypothesis!("minimiser", "a minimiser is known, at distance R from the start", minimiser),
    hypothesis!("unbiased", "E g~ = g", |s| of_noise(s, Property::Unbiased, "unbiased")),
    hypothesis!("variance", "E|g~ - g|_2^2 <= sigma^2", |s| noise_constant(s, "sigma")),
    hypothesis!("variance-coordinate", "E(g~_i - g_i)^2 <= sigma_i^2", |s| noise_constant(s, "sigma1")),
    hypothesis!("variance-l1", "E|g~ - g|_1^2 <= sigma_l1^2", |s| noise_constant(s, "sigma_l1")),
    hypothesis!("second-moment", "E|g~|_2^2 <= second_moment at every x", second_moment),
    hypothesis!("bounded-gradient", "|grad f|_2 <= G at every x", |s| of_objective(
        s,
        RefutableProperty::BoundedGradient,
        "the gradient is not bounded",
        constant(s, "G")
    )),
    hypothesis!("symmetric", "each noise coordinate is symmetric", |s| of_noise(s, Property::Symmetric, "symmetric")),
    hypothesis!("unimodal", "each noise coordinate is unimodal", |s| of_noise(s, Property::Unimodal, "unimodal")),
    hypothesis!("independent-draws", "draws of different workers and steps are independent", |s| {
        of_noise(s, Property::Independent, "independent over workers and steps")
    }),
    hypothesis!("independent-coordinates", "noise of different coordinates is independent, given the iterate", |s| {
        of_noise(s, Property::IndependentCoordinates, "independent over coordinates")
    }),
    hypothesis!("smooth-samples", "g(.; xi) is as Lipschitz as the gradient itself, for every xi", |s| {
        of_noise(s, Property::SmoothSamples, "as smooth for every outcome")
    }),
    hypothesis!(
        "bounded-domain",
        "f is considered on a bounded box, which every iterate is projected onto",
        bounded_domain
    ),
    HypothesisSpec { name: NO_TIES, doc: "no sign is ever taken of exactly 0", audit: no_ties },
    hypothesis!("off-lattice", "signed steps of one size never meet a coordinate of the minimiser", off_lattice),
    hypothesis!("delta-approximate", "E|C(v) - v|^2 <= (1 - delta)|v|^2 with delta > 0", |s| positive(s, "delta")),
    hypothesis!("odd-workers", "the number of workers is odd", odd_workers),
];

fn smooth(s: &Subject<'_>, name: &str) -> Audit {
    of_objective(s, RefutableProperty::Smooth, "the gradient is not Lipschitz", constant(s, name))
}
