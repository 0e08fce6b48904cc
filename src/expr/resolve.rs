//! From texts to symbols: once, and for the whole tree.

use super::{Builtin, Expr, ExprError, Node};
use std::ops::Range;

/// What a name at a place of the text stands for.
pub(super) type Meaning<'a, N> = &'a mut dyn FnMut(&str, &Range<usize>) -> Result<N, ExprError>;

/// What a function of so many arguments at a place of the text stands for.
type Choice<'a, F> = &'a mut dyn FnMut(&str, &Range<usize>, usize) -> Result<F, ExprError>;

impl Expr {
    /// The same expression over what its names stand for, with built-in functions only.
    ///
    /// # Errors
    /// Those of `meaning`; a function that is not built in, or that takes another number of arguments.
    pub fn resolve<N>(&self, meaning: Meaning<'_, N>) -> Result<Expr<N, Builtin>, ExprError> {
        Ok(Expr { root: node(&self.root, meaning, &mut built_in)? })
    }

    /// The same expression over what its names stand for, functions still as texts.
    ///
    /// # Errors
    /// Those of `meaning`.
    pub fn resolve_names<N>(&self, meaning: Meaning<'_, N>) -> Result<Expr<N, String>, ExprError> {
        Ok(Expr { root: node(&self.root, meaning, &mut |name, _, _| Ok(name.to_owned()))? })
    }
}

/// The built-in function of a call.
///
/// # Errors
/// There is none of that name, or it takes another number of arguments.
pub(crate) fn built_in(name: &str, span: &Range<usize>, arguments: usize) -> Result<Builtin, ExprError> {
    match Builtin::by_name(name) {
        None => Err(ExprError::new(format!("'{name}' is no function that can be evaluated here"), span.clone())),
        Some((_, signature)) if !signature.takes(arguments) => {
            Err(ExprError::new(signature.mismatch(arguments), span.clone()))
        }
        Some((function, _)) => Ok(function),
    }
}

fn node<N, F>(from: &Node, meaning: Meaning<'_, N>, function_of: Choice<'_, F>) -> Result<Node<N, F>, ExprError> {
    Ok(match from {
        Node::Number { value, span } => Node::Number { value: value.clone(), span: span.clone() },
        Node::Name { name, span } => Node::Name { name: meaning(name, span)?, span: span.clone() },
        Node::Negate { operand, span } => {
            Node::Negate { operand: Box::new(node(operand, meaning, function_of)?), span: span.clone() }
        }
        Node::Binary { op, left, right, span } => Node::Binary {
            op: *op,
            left: Box::new(node(left, meaning, function_of)?),
            right: Box::new(node(right, meaning, function_of)?),
            span: span.clone(),
        },
        Node::Call { function, function_span, arguments, span } => Node::Call {
            function: function_of(function, span, arguments.len())?,
            function_span: function_span.clone(),
            arguments: arguments.iter().map(|a| node(a, meaning, function_of)).collect::<Result<_, _>>()?,
            span: span.clone(),
        },
    })
}

impl<N, F> Expr<N, F> {
    /// The symbol that the expression is, where it is nothing else.
    #[must_use]
    pub fn as_symbol(&self) -> Option<&N> {
        match &self.root {
            Node::Name { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Every use of a symbol, in the order of the text.
    #[must_use]
    pub fn symbols(&self) -> Vec<&N> {
        let mut found = Vec::new();
        self.root.walk(&mut |node| {
            if let Node::Name { name, .. } = node {
                found.push(name);
            }
        });
        found
    }

    /// Whether a symbol is used anywhere.
    #[must_use]
    pub fn mentions(&self, symbol: &N) -> bool
    where
        N: PartialEq,
    {
        self.symbols().contains(&symbol)
    }
}
