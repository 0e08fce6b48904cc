//! Which names and functions an expression uses, and whether a place knows them.

use super::functions::Signature;
use super::{Expr, ExprError, Node, built_in_functions};
use std::ops::Range;

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite<'a> {
    /// The function's name.
    pub function: &'a str,
    /// Where the name stands.
    pub function_span: Range<usize>,
    /// The arguments.
    pub arguments: &'a [Node],
    /// Where the whole call stands.
    pub span: Range<usize>,
}

impl Expr {
    /// Every use of a name, in the order of the text; names of functions are not among them.
    #[must_use]
    pub fn names(&self) -> Vec<(&str, Range<usize>)> {
        let mut out = Vec::new();
        self.root().walk(&mut |node| {
            if let Node::Name { name, span } = node {
                out.push((name.as_str(), span.clone()));
            }
        });
        out
    }

    /// Every call, in the order of the text, outer before inner.
    #[must_use]
    pub fn calls(&self) -> Vec<CallSite<'_>> {
        let mut out = Vec::new();
        self.root().walk(&mut |node| {
            if let Node::Call { function, function_span, arguments, span } = node {
                out.push(CallSite { function, function_span: function_span.clone(), arguments, span: span.clone() });
            }
        });
        out
    }

    /// Checks that every name is known and every function is built in or among `extra_functions` (which may take a
    /// built-in's name) and has as many arguments as it takes.
    ///
    /// # Errors
    /// [`ExprError`] at the first name, function or call that does not fit, with the nearest known name as help.
    pub fn check(&self, known_names: &[&str], extra_functions: &[Signature<'_>]) -> Result<(), ExprError> {
        let mut functions = extra_functions.to_vec();
        functions.extend(built_in_functions().map(|Signature { name, least, most }| Signature { name, least, most }));
        let mut first_error = None;
        self.root().walk(&mut |node| {
            if first_error.is_none() {
                first_error = check_node(node, known_names, &functions).err();
            }
        });
        first_error.map_or(Ok(()), Err)
    }
}

fn check_node(node: &Node, names: &[&str], functions: &[Signature<'_>]) -> Result<(), ExprError> {
    match node {
        Node::Name { name, span } if !names.contains(&name.as_str()) => {
            if functions.iter().any(|f| f.name == name) {
                let error = ExprError::new(format!("'{name}' is a function, not a value"), span.clone());
                return Err(error.with_help(format!("write {name}(..)")));
            }
            Err(unknown("name", name, span, names.iter().copied()))
        }
        Node::Call { function, function_span, arguments, span } => {
            match functions.iter().find(|f| f.name == function) {
                None if names.contains(&function.as_str()) => {
                    let error =
                        ExprError::new(format!("'{function}' is a value, not a function"), function_span.clone());
                    Err(error.with_help(format!("a product needs its sign: write {function}*(..)")))
                }
                None => Err(unknown("function", function, function_span, functions.iter().map(|f| f.name))),
                Some(signature) if !signature.takes(arguments.len()) => {
                    Err(ExprError::new(signature.mismatch(arguments.len()), span.clone()))
                }
                Some(_) => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn unknown<'a>(
    what: &str,
    found: &str,
    span: &Range<usize>,
    known: impl Iterator<Item = &'a str> + Clone,
) -> ExprError {
    let message = format!("unknown {what} '{found}'");
    match nearest(found, known.clone()) {
        Some(name) => {
            let message = format!("{message}; did you mean '{name}'?");
            ExprError::new(message, span.clone()).with_help(format!("write {name}"))
        }
        None => {
            let mut all: Vec<&str> = known.collect();
            all.sort_unstable();
            all.dedup();
            let error = ExprError::new(message, span.clone());
            if all.is_empty() {
                return error.with_help(format!("no {what}s are known here"));
            }
            error.with_help(format!("known {what}s: {}", all.join(", ")))
        }
    }
}

/// The known name that a slip of the hand turns into the one found.
fn nearest<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| {
        if name.eq_ignore_ascii_case(found) { 0 } else { strsim::damerau_levenshtein(name, found) }
    };
    // One slip in three letters; a single letter is only mistaken in its case, or every letter would be near.
    let slips = if found.len() < 2 { 0 } else { (found.len() / 3).max(1) };
    known.map(|name| (distance(name), name)).filter(|(d, _)| *d <= slips).min_by_key(|(d, _)| *d).map(|(_, name)| name)
}
