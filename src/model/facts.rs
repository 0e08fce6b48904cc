//! Constants of an instance that bounds and step sizes may name, each with where it comes from.

use super::Real;
use std::collections::BTreeMap;
use std::fmt;

/// How a fact is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// A closed formula.
    Exact,
    /// A certified bound on the quantity (an L that is valid but may not be the smallest).
    Bound,
    /// Measured or solved for, with an error far below its use.
    Estimated,
    /// Declared by the claim file and not checked.
    Declared,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Known::Exact => "exact",
            Known::Bound => "bound",
            Known::Estimated => "estimated",
            Known::Declared => "declared",
        })
    }
}

/// A fact's value and provenance.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The value.
    pub value: Real,
    /// How it is known.
    pub known: Known,
}

/// One name that expressions may use: symbol, meaning, and units as powers of `[f]` and `[x]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactSpec {
    /// Name in expressions.
    pub name: &'static str,
    /// Meaning with its formula.
    pub doc: &'static str,
    /// Power of `[f]`.
    pub f: i8,
    /// Power of `[x]`.
    pub x: i8,
}

const fn fact(name: &'static str, f: i8, x: i8, doc: &'static str) -> FactSpec {
    FactSpec { name, doc, f, x }
}

/// Every fact. A part supplies those that it knows; a bound that names another is an error, not a guess.
pub const FACTS: &[FactSpec] = &[
    fact("d", 0, 0, "dimension"),
    fact("M", 0, 0, "number of workers"),
    fact("n", 0, 0, "number of samples of a finite sum"),
    fact("f0", 1, 0, "f(x_0)"),
    fact("fstar", 1, 0, "infimum of f (over the box, where there is one)"),
    fact("D", 1, 0, "f(x_0) - f*"),
    fact("L", 1, -2, "smoothness in l2: |g(y) - g(x)|_2 <= L |y - x|_2"),
    fact("L1", 1, -2, "sum of the coordinate-wise smoothness constants, |L|_1"),
    fact("Lmax", 1, -2, "largest coordinate-wise smoothness constant"),
    fact("Linf", 1, -2, "smoothness in l_inf: |g(y) - g(x)|_1 <= L_inf |y - x|_inf"),
    fact("mu", 1, -2, "PL constant in l2: |g|_2^2 >= 2 mu (f - f*)"),
    fact("mu1", 1, -2, "PL constant in l1: |g|_1^2 >= 2 mu (f - f*)"),
    fact("rho", 1, -3, "Lipschitz constant of the Hessian in l2"),
    fact("R", 0, 1, "distance in l2 from x_0 to the set of minimisers"),
    fact("grad0_l1", 1, -1, "|grad f(x_0)|_1"),
    fact("grad0_l2", 1, -1, "|grad f(x_0)|_2"),
    fact("G", 1, -1, "bound on |grad f|_2 over all x"),
    fact("sigma", 1, -1, "noise of one draw in l2: E|g~ - g|_2^2 <= sigma^2"),
    fact("sigma1", 1, -1, "sum of the coordinates' standard deviations of one draw, |sigma|_1"),
    fact("sigma_l1", 1, -1, "noise of one draw in l1: E|g~ - g|_1^2 <= sigma_l1^2"),
    fact("sigma_max", 1, -1, "largest standard deviation of a coordinate of one draw"),
    fact("p_sign", 0, 0, "least P[sgn g~_i = sgn g_i] of one draw, over coordinates and states with g_i != 0"),
    fact(
        "I_sign",
        0,
        0,
        "I_p(kappa, kappa) at p = p_sign, kappa = floor((M + 1)/2): the vote of M workers, a tie half right",
    ),
    fact("second_moment", 2, -2, "bound on E|g~|_2^2 over the iterates (karimireddy2019's sigma^2)"),
    fact("delta", 0, 0, "compressor quality: E|C(v) - v|_2^2 <= (1 - delta)|v|_2^2 for every v"),
    fact("gap_median", 1, -1, "distance between the medians' and the mean's gradient, where constant"),
];

/// The entry of a fact.
#[must_use]
pub fn fact_spec(name: &str) -> Option<&'static FactSpec> {
    FACTS.iter().find(|f| f.name == name)
}

/// Facts by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts(BTreeMap<&'static str, Fact>);

impl Facts {
    /// No facts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fact, replacing one of the same name. The name must stand in [`FACTS`]; others are ignored in
    /// release builds and stop a debug build, since only code names facts.
    pub fn set(&mut self, name: &'static str, value: Real, known: Known) -> &mut Self {
        debug_assert!(fact_spec(name).is_some(), "fact '{name}' is not in the table");
        self.0.insert(name, Fact { value, known });
        self
    }

    /// A closed formula.
    pub fn exact(&mut self, name: &'static str, value: Real) -> &mut Self {
        self.set(name, value, Known::Exact)
    }

    /// A certified bound.
    pub fn bound(&mut self, name: &'static str, value: Real) -> &mut Self {
        self.set(name, value, Known::Bound)
    }

    /// The fact of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.0.get(name)
    }

    /// Its value as a double.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.get(name).map(|f| f.value.to_f64())
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Fact)> {
        self.0.iter().map(|(n, f)| (*n, f))
    }

    /// Takes over all facts of `other`.
    pub fn extend(&mut self, other: Facts) {
        self.0.extend(other.0);
    }
}

/// Yes-or-no properties of a problem or a noise law that hypotheses require.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Property {
    /// Convex objective.
    Convex,
    /// Strongly convex with the constants mu in l2 and mu1 in l_inf, wherever these are above 0.
    StronglyConvex,
    /// Differentiable everywhere with a Lipschitz gradient.
    Smooth,
    /// Each noise coordinate is symmetric about 0.
    Symmetric,
    /// Each noise coordinate has a unimodal law.
    Unimodal,
    /// The stochastic gradient has the true gradient as its mean; of a problem, the gradients of its samples have.
    Unbiased,
    /// The problem keeps iterates inside walls, and is bounded below there only.
    Walled,
    /// Noise of different workers and steps is independent.
    Independent,
    /// Noise of different coordinates is independent, given the iterate.
    IndependentCoordinates,
    /// Each coordinate's draw has a density.
    Continuous,
    /// For every outcome the stochastic gradient is as Lipschitz as the gradient itself.
    SmoothSamples,
}
