//! Left sides: expressions over statistics, under time functionals and the expectation.
//!
//! Three kinds of number occur. A *statistic* (`f`, `grad_l1`) depends on time and replicate. A *path functional*
//! (`mean(grad_l1)`, `last(f)^2`) depends on the replicate. A *value* (`E(last(f))`, `min(E(grad_l1))`) depends on
//! neither. Where no E is written it stands around the whole left side, so that `(E X)^2` and `E(X^2)` cannot be
//! mistaken for each other.

use crate::expr::{Expr, ExprError, Node};
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
pub const REDUCERS: &[(&str, Reducer)] = &[
    ("last", Reducer::Last),
    ("first", Reducer::First),
    ("mean", Reducer::Mean),
    ("min", Reducer::Min),
    ("max", Reducer::Max),
];

/// A functional of one path: an expression in `r0`, `r1`, .. for the reduced statistics.
#[derive(Debug, Clone, PartialEq)]
pub struct PathTerm {
    /// Combines the reductions.
    pub combine: Expr,
    /// What is reduced, and how: an expression over statistics each.
    pub reductions: Vec<(Reducer, Expr)>,
}

/// A value that replicates estimate.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// E over replicates of a path functional.
    MeanOfPath(PathTerm),
    /// A time functional of the replicates' mean of a statistic.
    TimeOfMean(Reducer, Expr),
}

/// A left side: an expression in `t0`, `t1`, .. for its terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// Combines the terms.
    pub combine: Expr,
    /// The terms; empty for a quantity's outputs.
    pub terms: Vec<Term>,
}

impl Left {
    /// A left side that names outputs of a quantity only.
    #[must_use]
    pub fn of_quantity(expr: Expr) -> Self {
        Left { combine: expr, terms: Vec::new() }
    }

    /// Splits a left side over statistics into terms.
    ///
    /// # Errors
    /// A statistic outside every time functional, a path functional outside every E, nested functionals.
    pub fn of_statistics(expr: &Expr, is_statistic: &dyn Fn(&str) -> bool) -> Result<Self, ExprError> {
        let splitter = Splitter { is_statistic };
        if !splitter.has_call(expr.root(), "E") {
            let term = Term::MeanOfPath(splitter.path(expr.root())?);
            return Ok(Left { combine: parse("t0")?, terms: vec![term] });
        }
        let mut terms = Vec::new();
        let text = splitter.value(expr.root(), &mut terms)?;
        Ok(Left { combine: parse(&text)?, terms })
    }
}

/// Pieces come from an expression that was parsed already; their text parses again.
fn parse(text: &str) -> Result<Expr, ExprError> {
    Expr::parse(text)
}

fn refuse(span: Range<usize>, message: impl Into<String>, help: &str) -> ExprError {
    ExprError { message: message.into(), span, help: Some(help.into()) }
}

struct Splitter<'a> {
    is_statistic: &'a dyn Fn(&str) -> bool,
}

impl Splitter<'_> {
    fn has_call(&self, node: &Node, name: &str) -> bool {
        let mut found = false;
        node.walk(&mut |n| found |= matches!(n, Node::Call { function, .. } if function == name));
        found
    }

    fn names_statistic(&self, node: &Node) -> bool {
        let mut found = false;
        node.walk(&mut |n| found |= matches!(n, Node::Name { name, .. } if (self.is_statistic)(name)));
        found
    }

    /// A time functional with its single argument; `min(a, b)` is the ordinary minimum.
    fn reducer<'n>(&self, node: &'n Node) -> Option<(Reducer, &'n Node)> {
        let Node::Call { function, arguments, .. } = node else { return None };
        let [argument] = arguments.as_slice() else { return None };
        REDUCERS.iter().find(|(name, _)| name == function).map(|(_, r)| (*r, argument))
    }

    /// Rewrites a value, moving what must be estimated into `terms`.
    fn value(&self, node: &Node, terms: &mut Vec<Term>) -> Result<String, ExprError> {
        if let Some((reducer, argument)) = self.reducer(node) {
            let Some(inner) = expectation(argument) else {
                return Err(refuse(
                    node.span(),
                    "this functional of a path is outside every E",
                    "write E(..) around it, or leave E out everywhere",
                ));
            };
            terms.push(Term::TimeOfMean(reducer, self.statistic(inner)?));
            return Ok(format!("t{}", terms.len() - 1));
        }
        if let Some(inner) = expectation(node) {
            terms.push(Term::MeanOfPath(self.path(inner)?));
            return Ok(format!("t{}", terms.len() - 1));
        }
        if let Node::Name { name, span } = node
            && (self.is_statistic)(name)
        {
            return Err(refuse(
                span.clone(),
                format!("'{name}' depends on time and replicate"),
                "write last(..), mean(..), min(..) or max(..) around it, and E",
            ));
        }
        rebuild(node, &mut |child| self.value(child, terms))
    }

    fn path(&self, node: &Node) -> Result<PathTerm, ExprError> {
        let mut reductions = Vec::new();
        let text = self.path_text(node, &mut reductions)?;
        if reductions.is_empty() {
            return Err(refuse(
                node.span(),
                "no time functional of a statistic",
                "write last(..), mean(..), min(..) or max(..) around a statistic such as f or grad_l1",
            ));
        }
        Ok(PathTerm { combine: parse(&text)?, reductions })
    }

    fn path_text(&self, node: &Node, reductions: &mut Vec<(Reducer, Expr)>) -> Result<String, ExprError> {
        if let Some((reducer, argument)) = self.reducer(node) {
            reductions.push((reducer, self.statistic(argument)?));
            return Ok(format!("r{}", reductions.len() - 1));
        }
        match node {
            Node::Name { name, span } if (self.is_statistic)(name) => Err(refuse(
                span.clone(),
                format!("'{name}' depends on time"),
                "write last(..), mean(..), min(..) or max(..) around it",
            )),
            _ => rebuild(node, &mut |child| self.path_text(child, reductions)),
        }
    }

    /// An expression over statistics, free of functionals.
    fn statistic(&self, node: &Node) -> Result<Expr, ExprError> {
        let mut nested = None;
        node.walk(&mut |n| {
            if self.reducer(n).is_some() || expectation(n).is_some() {
                nested = Some(n.span());
            }
        });
        if let Some(span) = nested {
            return Err(refuse(span, "functionals do not nest this way", "min(E(f)) and E(min(f)) are the two orders"));
        }
        if !self.names_statistic(node) {
            return Err(refuse(
                node.span(),
                "no statistic under the time functional",
                "name one, such as f or grad_l1",
            ));
        }
        parse(&node.to_string())
    }
}

fn expectation(node: &Node) -> Option<&Node> {
    match node {
        Node::Call { function, arguments, .. } if function == "E" && arguments.len() == 1 => arguments.first(),
        _ => None,
    }
}

/// The node's text with its children rewritten.
fn rebuild(node: &Node, rewrite: &mut dyn FnMut(&Node) -> Result<String, ExprError>) -> Result<String, ExprError> {
    Ok(match node {
        Node::Number { .. } | Node::Name { .. } => node.to_string(),
        Node::Negate { operand, .. } => format!("-({})", rewrite(operand)?),
        Node::Binary { op, left, right, .. } => format!("({}){}({})", rewrite(left)?, op.symbol(), rewrite(right)?),
        Node::Call { function, arguments, .. } => {
            let texts: Result<Vec<String>, ExprError> = arguments.iter().map(rewrite).collect();
            format!("{function}({})", texts?.join(", "))
        }
    })
}
