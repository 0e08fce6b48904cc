//! Left sides: expressions over statistics, under time functionals and the expectation.
//!
//! Three kinds of number occur. A *statistic* (`f`, `grad_l1`) depends on time and replicate. A *path functional*
//! (`mean(grad_l1)`, `last(f)^2`) depends on the replicate. A *value* (`E(last(f))`, `min(E(grad_l1))`) depends on
//! neither. Where no E is written it stands around the whole left side, so that `(E X)^2` and `E(X^2)` cannot be
//! mistaken for each other.

use super::symbol::{Expression, Scope, Symbol};
use crate::expr::{Builtin, Expr, ExprError, Node, Signature, built_in};
use std::ops::Range;

/// A functional over the iterates of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reducer {
    /// Value at the horizon.
    Last,
    /// Value at the start.
    First,
    /// Mean over the window.
    Mean,
    /// Smallest over the window.
    Min,
    /// Largest over the window.
    Max,
}

/// Time functionals by name.
const REDUCERS: [(&str, Reducer); 5] = [
    ("last", Reducer::Last),
    ("first", Reducer::First),
    ("mean", Reducer::Mean),
    ("min", Reducer::Min),
    ("max", Reducer::Max),
];

/// Functions of left sides beside the built-in ones; the time functionals also exist as `min(a, b)`.
const FUNCTIONALS: [Signature<'static>; 6] = [
    Signature::exactly("E", 1),
    Signature::exactly("last", 1),
    Signature::exactly("first", 1),
    Signature::exactly("mean", 1),
    Signature::select_ge("min", 1),
    Signature::select_ge("max", 1),
];

/// A functional of one path.
#[derive(Debug, Clone, PartialEq)]
pub struct PathTerm {
    /// Combines the reductions: they are its symbols [`Symbol::Reduction`].
    pub combine: Expression,
    /// What is reduced, and how: each an expression over statistics.
    pub reductions: Vec<(Reducer, Expression)>,
}

/// A value that replicates estimate.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// E over replicates of a path functional.
    MeanOfPath(PathTerm),
    /// A time functional of the replicates' mean of a statistic.
    TimeOfMean(Reducer, Expression),
}

/// A left side.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// Combines the terms: they are its symbols [`Symbol::Term`].
    pub combine: Expression,
    /// The terms; empty for a quantity's outputs.
    pub terms: Vec<Term>,
}

impl Left {
    /// Every expression in it.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let parts = self.terms.iter().flat_map(|term| match term {
            Term::MeanOfPath(PathTerm { combine, reductions }) => {
                std::iter::once(combine).chain(reductions.iter().map(|(_, expr)| expr)).collect::<Vec<_>>()
            }
            Term::TimeOfMean(_, expr) => vec![expr],
        });
        parts.chain([&self.combine])
    }

    /// A left side that names outputs of a quantity only.
    ///
    /// # Errors
    /// A name or function that is not known in the scope, or a name that could mean two things.
    pub(super) fn of_quantity(expr: &Expr, scope: &Scope) -> Result<Self, ExprError> {
        Ok(Left { combine: scope.resolve(expr)?, terms: Vec::new() })
    }

    /// Resolves a left side over statistics and splits it into terms.
    ///
    /// # Errors
    /// As [`Left::of_quantity`]; a statistic outside every time functional, a path functional outside every E, nested
    /// functionals.
    pub(super) fn of_statistics(expr: &Expr, scope: &Scope) -> Result<Self, ExprError> {
        scope.check(expr, &FUNCTIONALS)?;
        let expr = expr.resolve_names(&mut |name, span| scope.symbol(name, span))?;
        if !has_expectation(expr.root()) {
            let combine = Expr::from_root(Node::Name { name: Symbol::Term(0), span: expr.root().span() });
            return Ok(Left { combine, terms: vec![Term::MeanOfPath(path(expr.root())?)] });
        }
        let mut terms = Vec::new();
        let combine = Expr::from_root(value(expr.root(), &mut terms)?);
        Ok(Left { combine, terms })
    }
}

/// A tree whose names are resolved and whose functions are not: they may be functionals.
type Open = Node<Symbol, String>;
/// A tree that has a value.
type Closed = Node<Symbol, Builtin>;

fn refuse(span: Range<usize>, message: impl Into<String>, help: &str) -> ExprError {
    ExprError::new(message, span).with_help(help)
}

fn has_expectation(node: &Open) -> bool {
    let mut found = false;
    node.walk(&mut |n| found |= matches!(n, Node::Call { function, .. } if function == "E"));
    found
}

/// A time functional with its single argument; `min(a, b)` is the ordinary minimum.
fn reducer(node: &Open) -> Option<(Reducer, &Open)> {
    let Node::Call { function, arguments, .. } = node else { return None };
    let [argument] = arguments.as_slice() else { return None };
    REDUCERS.iter().find(|(name, _)| name == function).map(|(_, r)| (*r, argument))
}

fn expectation(node: &Open) -> Option<&Open> {
    match node {
        Node::Call { function, arguments, .. } if function == "E" && arguments.len() == 1 => arguments.first(),
        _ => None,
    }
}

/// The tree of a value, with what must be estimated moved into `terms`.
fn value(node: &Open, terms: &mut Vec<Term>) -> Result<Closed, ExprError> {
    let term = if let Some((reducer, argument)) = reducer(node) {
        let Some(inner) = expectation(argument) else {
            return Err(refuse(
                node.span(),
                "this functional of a path is outside every E",
                "write E(..) around it, or leave E out everywhere",
            ));
        };
        Term::TimeOfMean(reducer, statistic(inner)?)
    } else if let Some(inner) = expectation(node) {
        Term::MeanOfPath(path(inner)?)
    } else {
        if let Node::Name { name: Symbol::Statistic(name), span } = node {
            return Err(refuse(
                span.clone(),
                format!("'{name}' depends on time and replicate"),
                "write last(..), mean(..), min(..) or max(..) around it, and E",
            ));
        }
        return rebuild(node, &mut |child| value(child, terms));
    };
    terms.push(term);
    Ok(Node::Name { name: Symbol::Term(terms.len() - 1), span: node.span() })
}

fn path(node: &Open) -> Result<PathTerm, ExprError> {
    let mut reductions = Vec::new();
    let combine = Expr::from_root(reduced(node, &mut reductions)?);
    if reductions.is_empty() {
        return Err(refuse(
            node.span(),
            "no time functional of a statistic",
            "write last(..), mean(..), min(..) or max(..) around a statistic such as f or grad_l1",
        ));
    }
    Ok(PathTerm { combine, reductions })
}

/// The tree of a path functional, with what is reduced over time moved into `reductions`.
fn reduced(node: &Open, reductions: &mut Vec<(Reducer, Expression)>) -> Result<Closed, ExprError> {
    if let Some((reducer, argument)) = reducer(node) {
        reductions.push((reducer, statistic(argument)?));
        return Ok(Node::Name { name: Symbol::Reduction(reductions.len() - 1), span: node.span() });
    }
    match node {
        Node::Name { name: Symbol::Statistic(name), span } => Err(refuse(
            span.clone(),
            format!("'{name}' depends on time"),
            "write last(..), mean(..), min(..) or max(..) around it",
        )),
        _ => rebuild(node, &mut |child| reduced(child, reductions)),
    }
}

/// An expression over statistics, free of functionals.
fn statistic(node: &Open) -> Result<Expression, ExprError> {
    let (mut nested, mut found) = (None, false);
    node.walk(&mut |n| {
        if reducer(n).is_some() || expectation(n).is_some() {
            nested = Some(n.span());
        }
        found |= matches!(n, Node::Name { name: Symbol::Statistic(_), .. });
    });
    if let Some(span) = nested {
        return Err(refuse(span, "functionals do not nest this way", "min(E(f)) and E(min(f)) are the two orders"));
    }
    if !found {
        return Err(refuse(node.span(), "no statistic under the time functional", "name one, such as f or grad_l1"));
    }
    Ok(Expr::from_root(plain(node)?))
}

/// A tree with no functional in it.
fn plain(node: &Open) -> Result<Closed, ExprError> {
    rebuild(node, &mut plain)
}

/// The node with its children rewritten; a call that is left must be one of a built-in function.
fn rebuild(node: &Open, rewrite: &mut dyn FnMut(&Open) -> Result<Closed, ExprError>) -> Result<Closed, ExprError> {
    Ok(match node {
        Node::Number { value, span } => Node::Number { value: value.clone(), span: span.clone() },
        Node::Name { name, span } => Node::Name { name: name.clone(), span: span.clone() },
        Node::Negate { operand, span } => Node::Negate { operand: Box::new(rewrite(operand)?), span: span.clone() },
        Node::Binary { op, left, right, span } => Node::Binary {
            op: *op,
            left: Box::new(rewrite(left)?),
            right: Box::new(rewrite(right)?),
            span: span.clone(),
        },
        Node::Call { function, function_span, arguments, span } => Node::Call {
            function: built_in(function, span, arguments.len())?,
            function_span: function_span.clone(),
            arguments: arguments.iter().map(rewrite).collect::<Result<_, _>>()?,
            span: span.clone(),
        },
    })
}
