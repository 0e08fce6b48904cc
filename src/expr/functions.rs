//! The functions that every expression knows: one table for checking, evaluation and units.

use std::fmt;

/// A function that may be called: its name and how many arguments it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature<'a> {
    /// The name before the parenthesis.
    pub name: &'a str,
    /// Fewest arguments.
    pub least: usize,
    /// Most arguments; `None` where there is no bound.
    pub most: Option<usize>,
}

impl<'a> Signature<'a> {
    /// A function of exactly `arguments` arguments.
    #[must_use]
    pub const fn exactly(name: &'a str, arguments: usize) -> Self {
        Signature { name, least: arguments, most: Some(arguments) }
    }

    /// A function of `least` or more arguments.
    #[must_use]
    pub const fn select_ge(name: &'a str, least: usize) -> Self {
        Signature { name, least, most: None }
    }

    /// Whether the function takes so many arguments.
    #[must_use]
    pub fn takes(&self, arguments: usize) -> bool {
        arguments >= self.least && self.most.is_none_or(|most| arguments <= most)
    }

    /// `sqrt takes 1 argument, found 2`.
    pub(super) fn mismatch(&self, found: usize) -> String {
        let count = match self.most {
            Some(most) if most == self.least => most.to_string(),
            Some(most) => format!("{} to {most}", self.least),
            None => format!("{} or more", self.least),
        };
        let plural = if self.most == Some(1) && self.least == 1 { "" } else { "s" };
        format!("{} takes {count} argument{plural}, found {found}", self.name)
    }
}

/// A built-in function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// The square root.
    Sqrt,
    /// The natural logarithm.
    Ln,
    /// The logarithm to the base 2.
    Log2,
    /// The exponential.
    Exp,
    /// The size.
    Abs,
    /// The sign; 0 at 0.
    Sgn,
    /// The least of two or more.
    Min,
    /// The largest of two or more.
    Max,
    /// The largest whole number below or equal.
    Floor,
    /// The least whole number above or equal.
    Ceil,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
}

const TABLE: [(Builtin, Signature<'static>); 12] = [
    (Builtin::Sqrt, Signature::exactly("sqrt", 1)),
    (Builtin::Ln, Signature::exactly("ln", 1)),
    (Builtin::Log2, Signature::exactly("log2", 1)),
    (Builtin::Exp, Signature::exactly("exp", 1)),
    (Builtin::Abs, Signature::exactly("abs", 1)),
    (Builtin::Sgn, Signature::exactly("sgn", 1)),
    (Builtin::Min, Signature::select_ge("min", 2)),
    (Builtin::Max, Signature::select_ge("max", 2)),
    (Builtin::Floor, Signature::exactly("floor", 1)),
    (Builtin::Ceil, Signature::exactly("ceil", 1)),
    (Builtin::Sin, Signature::exactly("sin", 1)),
    (Builtin::Cos, Signature::exactly("cos", 1)),
];

/// The functions that every expression knows.
pub(crate) fn built_in_functions() -> impl Iterator<Item = Signature<'static>> {
    TABLE.iter().map(|(_, signature)| *signature)
}

impl Builtin {
    pub(super) fn by_name(name: &str) -> Option<(Self, Signature<'static>)> {
        TABLE.iter().find(|(_, signature)| signature.name == name).copied()
    }

    pub(super) fn signature(self) -> Signature<'static> {
        // Each function has one line of the table, in the order of its declaration.
        TABLE[self as usize].1
    }
}

impl fmt::Display for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signature().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_functions() {
        for (function, signature) in TABLE {
            assert_eq!(function.signature(), signature);
            assert_eq!(Builtin::by_name(&function.to_string()), Some((function, signature)));
        }
    }
}
