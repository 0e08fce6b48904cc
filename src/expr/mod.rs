//! The language of bounds, step sizes and schedules: parsed once, evaluated in any [`Scalar`](crate::scalar::Scalar).
//!
//! ```text
//! expression := number | name | function(expression, ..) | (expression)
//!             | -expression | expression (+ | - | * | / | ^) expression
//! ```
//!
//! Numbers are exact (`0.1` is 1/10, and so is `1/10` in exact arithmetic). `^` binds tightest and to the right, then
//! the minus sign, then `*` and `/`, then `+` and `-`: `-2^2` is -4, `2^3^2` is 512, `1/4` is a quarter.
//! There is no implicit multiplication. Any name may stand before `(`; [`Expr::check`] decides later which
//! names and functions a place knows, because left sides add functionals of time such as `mean(grad_l1)`.
//!
//! A parsed tree has texts for names and functions and no value. [`Expr::resolve`] turns it, once, into a tree over the
//! symbols of a place and over [`Builtin`] functions. That tree has a value, and no text is interpreted again.
//!
//! A text has at most [`MAX_LENGTH`] bytes, an expression at most [`MAX_NODES`] nodes and [`MAX_DEPTH`] levels of
//! nesting. Every recursion over a tree is thus bounded, and a hostile text ends at once in an [`ExprError`].
//!
//! ```
//! use signcheck::internals::expr::Expr;
//! use signcheck::scalar::{Fault, Rational};
//! let text = Expr::parse("(sqrt(L1)*(D + 1/2) + 2*sigma1)/sqrt(K)").unwrap();
//! let symbols = ["L1", "D", "sigma1", "K"];
//! text.check(&symbols, &[]).unwrap();
//! // Here a symbol is the place of its name.
//! let bound = text.resolve(&mut |name, _| Ok(symbols.iter().position(|s| *s == name).unwrap())).unwrap();
//! let value = |symbol: &usize| Ok::<_, Fault>(Rational::integer([4, 3, 1, 16][*symbol]));
//! // (2 * 7/2 + 2) / 4
//! assert_eq!(bound.eval::<Rational>(&value).unwrap().to_string(), "9/4");
//! ```

mod check;
mod definitions;
mod display;
mod eval;
mod functions;
mod lexer;
mod parser;
mod resolve;
#[cfg(test)]
mod tests;
mod units;

pub(crate) use definitions::order;
pub use eval::Environment;
pub(crate) use eval::EvalError;
pub(crate) use functions::{Builtin, Signature, built_in_functions};
pub(crate) use resolve::built_in;
pub(crate) use units::UnitsError;
pub use units::{Dimension, Units};

use crate::scalar::Rational;
use std::ops::Range;

/// Longest text, in bytes.
pub(crate) const MAX_LENGTH: usize = 2000;
/// Most nodes of one expression.
pub(crate) const MAX_NODES: usize = 500;
/// Deepest nesting of parentheses, calls, minus signs and exponents.
pub(crate) const MAX_DEPTH: usize = 64;

/// A text that is no expression, or an expression that a place does not know how to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// What was found, and what is accepted.
    pub message: String,
    /// Where it stands: bytes of the text, on character boundaries.
    pub span: Range<usize>,
    /// How to mend it, where that is known.
    pub help: Option<String>,
}

impl ExprError {
    /// An error at a place.
    pub fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        ExprError { message: message.into(), span, help: None }
    }

    /// The same with how to mend it.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        ExprError { help: Some(help.into()), ..self }
    }
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
}

impl Op {
    /// The sign that is written.
    #[must_use]
    pub fn symbol(self) -> char {
        match self {
            Op::Add => '+',
            Op::Subtract => '-',
            Op::Multiply => '*',
            Op::Divide => '/',
            Op::Power => '^',
        }
    }
}

/// One node of an expression over names `N` and functions `F`: texts, or what they were resolved to. A span holds bytes
/// of the parsed text, without parentheses around the node.
#[derive(Debug, Clone)]
pub enum Node<N = String, F = String> {
    /// A literal.
    Number {
        /// Its exact value, never negative.
        value: Rational,
        /// Where it stands.
        span: Range<usize>,
    },
    /// A name that an environment gives a value.
    Name {
        /// The name.
        name: N,
        /// Where it stands.
        span: Range<usize>,
    },
    /// `-operand`
    Negate {
        /// What is negated.
        operand: Box<Node<N, F>>,
        /// Where it stands.
        span: Range<usize>,
    },
    /// `left op right`
    Binary {
        /// The operator.
        op: Op,
        /// Left operand.
        left: Box<Node<N, F>>,
        /// Right operand.
        right: Box<Node<N, F>>,
        /// Where it stands.
        span: Range<usize>,
    },
    /// `function(arguments)`
    Call {
        /// The function.
        function: F,
        /// Where the function's name stands.
        function_span: Range<usize>,
        /// The arguments, possibly none.
        arguments: Vec<Node<N, F>>,
        /// Where the whole call stands.
        span: Range<usize>,
    },
}

impl<N, F> Node<N, F> {
    /// Where the node stands in the parsed text.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        match self {
            Node::Number { span, .. }
            | Node::Name { span, .. }
            | Node::Negate { span, .. }
            | Node::Binary { span, .. }
            | Node::Call { span, .. } => span.clone(),
        }
    }

    /// The operands or arguments, from left to right.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Node::Number { .. } | Node::Name { .. } => Vec::new(),
            Node::Negate { operand, .. } => vec![operand],
            Node::Binary { left, right, .. } => vec![left, right],
            Node::Call { arguments, .. } => arguments.iter().collect(),
        }
    }

    /// Computes a value for each node from those of its children, from left to right, and returns this node's.
    ///
    /// The values wait on a stack of their own: a recursion whose frames hold wide lanes or exact numbers would
    /// overflow a worker thread's stack on an expression of the largest size.
    ///
    /// # Errors
    /// The first error of `combine`.
    pub fn fold<'a, T, E, C>(&'a self, mut combine: C) -> Result<T, E>
    where
        C: FnMut(&'a Self, &[T]) -> Result<T, E>,
    {
        let mut values: Vec<T> = Vec::new();
        let mut todo: Vec<(&Self, Option<usize>)> =
            self.children().into_iter().rev().map(|child| (child, None)).collect();
        while let Some((node, below)) = todo.pop() {
            match below {
                // Children next, then the node itself on the values that they leave above this height.
                None => {
                    todo.push((node, Some(values.len())));
                    todo.extend(node.children().into_iter().rev().map(|child| (child, None)));
                }
                Some(below) => {
                    let children = values.split_off(below);
                    values.push(combine(node, &children)?);
                }
            }
        }
        combine(self, &values)
    }

    /// Calls `visit` on this node, then on all below it, from left to right: names come in the order of the text, an
    /// operator before its operands.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}

/// Equal up to spans: `a+b` and `(a + b)` are the same expression.
impl<N: PartialEq, F: PartialEq> PartialEq for Node<N, F> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Node::Number { value: a, .. }, Node::Number { value: b, .. }) => a == b,
            (Node::Name { name: a, .. }, Node::Name { name: b, .. }) => a == b,
            (Node::Negate { operand: a, .. }, Node::Negate { operand: b, .. }) => a == b,
            (Node::Binary { op: o, left: a, right: b, .. }, Node::Binary { op: p, left: c, right: d, .. }) => {
                o == p && a == c && b == d
            }
            (Node::Call { function: f, arguments: a, .. }, Node::Call { function: g, arguments: b, .. }) => {
                f == g && a == b
            }
            _ => false,
        }
    }
}

impl<N: Eq, F: Eq> Eq for Node<N, F> {}

/// A parsed expression. Two are equal where their trees are, whatever the spaces and spare parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr<N = String, F = String> {
    root: Node<N, F>,
}

impl Expr {
    /// Parses a text.
    ///
    /// # Errors
    /// [`ExprError`] with the place of the first thing that does not fit, or of what exceeds a bound on size.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        Ok(Expr { root: parser::parse(text)? })
    }
}

impl<N, F> Expr<N, F> {
    /// An expression from its tree.
    #[must_use]
    pub fn from_root(root: Node<N, F>) -> Self {
        Expr { root }
    }

    /// The tree.
    #[must_use]
    pub fn root(&self) -> &Node<N, F> {
        &self.root
    }
}

impl std::str::FromStr for Expr {
    type Err = ExprError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}
