//! What `falsify` may vary, as a file and the command line declare it.

use crate::expr::Expr;
use crate::scalar::Rational;

/// How far a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Whatever meets the hypotheses.
    Hypotheses,
    /// The listed instances, and what ranges are declared.
    Listed,
}

/// What a parameter may be in a search.
#[derive(Debug, Clone, PartialEq)]
pub enum Spread {
    /// A closed range.
    Range(Rational, Rational),
    /// One of these.
    Values(Vec<Rational>),
}

/// What `falsify` may vary; what is left out follows from the hypotheses.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FamilySetup {
    /// What is searched through; none: it follows from relation and hypotheses.
    pub scope: Option<Scope>,
    /// What declared parameters may be.
    pub parameters: Vec<(String, Spread)>,
    /// Objectives that may stand in for the file's; none: the file's own, as it is.
    pub problems: Option<Vec<String>>,
    /// Noise laws that may stand in; none: the file's own, as it is.
    pub noise: Option<Vec<String>>,
    /// Fewest and most coordinates of what stands in.
    pub dimension: Option<(usize, usize)>,
    /// Conventions that are open: `sign_zero`, `ties`.
    pub conventions: Option<Vec<String>>,
    /// Declared parameters that the command line sets: they do not vary.
    pub pinned: Vec<String>,
    /// Ranges that the command line gives.
    pub within: Vec<Within>,
}

/// A range that an expression in parameters and facts must keep to: `L/mu in [10, 11]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Within {
    /// As written, without the range.
    pub text: String,
    /// The expression.
    pub expr: Expr,
    /// Its ends.
    pub range: (Rational, Rational),
}
