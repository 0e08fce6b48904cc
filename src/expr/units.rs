//! Units: whether an expression is homogeneous in `[f]`, the unit of the objective, and `[x]`, that of an iterate.
//!
//! A gradient has `[f]/[x]`, a smoothness constant `[f]/[x]^2`. A bound that adds quantities of different units
//! cannot hold for every scaling of the problem.

use super::{Builtin, EvalError, Expr, Node, Op};
use crate::scalar::{Fault, Rational, Scalar};
use std::fmt;
use std::ops::Range;

/// Exponents past this size are no units of anything.
const MAX_EXPONENT_BITS: usize = 64;

/// Powers of the units of the objective and of the iterate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Units {
    /// Power of `[f]`.
    pub f: Rational,
    /// Power of `[x]`.
    pub x: Rational,
}

impl Units {
    /// `[f]^f [x]^x`.
    #[must_use]
    pub fn new(f: i64, x: i64) -> Self {
        Units { f: Rational::integer(f), x: Rational::integer(x) }
    }

    /// A pure number.
    #[must_use]
    pub fn none() -> Self {
        Self::new(0, 0)
    }

    /// Whether these are the units of a pure number.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.f.is_zero() && self.x.is_zero()
    }

    fn times(&self, other: &Self) -> Self {
        Units { f: self.f.clone() + &other.f, x: self.x.clone() + &other.x }
    }

    fn power(&self, exponent: &Rational) -> Self {
        Units { f: self.f.clone() * exponent, x: self.x.clone() * exponent }
    }

    fn is_sane(&self) -> bool {
        self.f.bits() <= MAX_EXPONENT_BITS && self.x.bits() <= MAX_EXPONENT_BITS
    }
}

impl fmt::Display for Units {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return out.write_str("1");
        }
        let mut first = true;
        for (unit, power) in [("[f]", &self.f), ("[x]", &self.x)] {
            if power.is_zero() {
                continue;
            }
            out.write_str(if first { "" } else { " " })?;
            first = false;
            match power.to_i64() {
                Some(1) => write!(out, "{unit}")?,
                Some(n) => write!(out, "{unit}^{n}")?,
                None => write!(out, "{unit}^({power})")?,
            }
        }
        Ok(())
    }
}

/// What an expression measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// The literal 0, and products with it: it agrees with every unit.
    Any,
    /// A quantity of these units.
    Of(Units),
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dimension::Any => f.write_str("any"),
            Dimension::Of(units) => units.fmt(f),
        }
    }
}

/// The part of an expression that is not homogeneous, or whose units cannot be determined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} in '{text}'")]
pub struct UnitsError {
    /// What does not agree.
    pub message: String,
    /// Where the part stands in the parsed text.
    pub span: Range<usize>,
    /// The part's canonical text.
    pub text: String,
}

/// The units of a symbol; `None` where they are not known.
type SymbolUnits<'a, N> = &'a dyn Fn(&N) -> Option<Dimension>;

impl<N: Clone + fmt::Display> Expr<N, Builtin> {
    /// The units of the value, given those of the symbols.
    ///
    /// # Errors
    /// [`UnitsError`] at the innermost part that is not homogeneous, or that has a symbol without known units.
    pub fn units(&self, symbols: SymbolUnits<'_, N>) -> Result<Dimension, UnitsError> {
        self.root().fold(|node, parts: &[Dimension]| {
            let dimension = match node {
                Node::Number { value, .. } if value.is_zero() => Dimension::Any,
                Node::Number { .. } => Dimension::Of(Units::none()),
                Node::Name { name, .. } => match symbols(name) {
                    Some(dimension) => dimension,
                    None => return fail(node, "no units are known for the name"),
                },
                _ => combine(node, parts)?,
            };
            match &dimension {
                Dimension::Of(units) if !units.is_sane() => fail(node, "the powers of the units grow too large"),
                _ => Ok(dimension),
            }
        })
    }
}

fn fail<N: fmt::Display, T>(node: &Node<N, Builtin>, message: impl Into<String>) -> Result<T, UnitsError> {
    Err(UnitsError { message: message.into(), span: node.span(), text: node.to_string() })
}

/// The dimension of an operator or call whose operands have the dimensions `parts`.
fn combine<N: Clone + fmt::Display>(node: &Node<N, Builtin>, parts: &[Dimension]) -> Result<Dimension, UnitsError> {
    match (node, parts) {
        (Node::Negate { .. }, [operand]) => Ok(operand.clone()),
        (Node::Binary { op, .. }, [left, right]) => match op {
            Op::Add | Op::Subtract => equal(node, parts),
            Op::Multiply => Ok(product(left, right, 1)),
            Op::Divide => Ok(product(left, right, -1)),
            Op::Power => power(node, left, right),
        },
        (Node::Call { function, .. }, _) => call(node, *function, parts),
        // No parsed tree has an operator without its operands.
        _ => fail(node, "an operand is missing"),
    }
}

/// The common units of operands that are added or compared.
fn equal<N: fmt::Display>(node: &Node<N, Builtin>, parts: &[Dimension]) -> Result<Dimension, UnitsError> {
    let mut common: Option<(&Units, &Node<N, Builtin>)> = None;
    for (dimension, term) in parts.iter().zip(node.children()) {
        let Dimension::Of(units) = dimension else { continue };
        match common {
            Some((others, other)) if others != units => {
                return fail(node, format!("the units differ: '{other}' has {others} and '{term}' has {units},"));
            }
            Some(_) => {}
            None => common = Some((units, term)),
        }
    }
    Ok(common.map_or(Dimension::Any, |(units, _)| Dimension::Of(units.clone())))
}

fn power<N: Clone + fmt::Display>(
    node: &Node<N, Builtin>,
    base: &Dimension,
    exponent: &Dimension,
) -> Result<Dimension, UnitsError> {
    let children = node.children();
    let [base_node, exponent_node] = children[..] else { return fail(node, "an operand is missing") };
    pure(exponent_node, exponent, "an exponent")?;
    let Dimension::Of(units) = base else { return Ok(Dimension::Any) };
    if units.is_none() {
        return Ok(base.clone());
    }
    let constant = Expr { root: exponent_node.clone() };
    let no_names = |_: &N| Err(Fault::Unsupported("it is not a constant".to_owned()));
    match constant.eval::<Rational>(&no_names) {
        Ok(value) if value.bits() <= MAX_EXPONENT_BITS => Ok(Dimension::Of(units.power(&value))),
        Ok(_) => fail(node, "the powers of the units grow too large"),
        Err(EvalError { fault, .. }) => {
            fail(node, format!("'{base_node}' has {units}, so its exponent must be a constant rational ({fault}),"))
        }
    }
}

fn call<N: fmt::Display>(
    node: &Node<N, Builtin>,
    function: Builtin,
    parts: &[Dimension],
) -> Result<Dimension, UnitsError> {
    let signature = function.signature();
    let (true, [first, ..]) = (signature.takes(parts.len()), parts) else {
        return fail(node, signature.mismatch(parts.len()));
    };
    match (function, first) {
        (Builtin::Abs, _) => Ok(first.clone()),
        // A sign is a number, whatever is measured.
        (Builtin::Sgn, _) => Ok(Dimension::Of(Units::none())),
        (Builtin::Min | Builtin::Max, _) => equal(node, parts),
        (Builtin::Sqrt, Dimension::Any) => Ok(Dimension::Any),
        (Builtin::Sqrt, Dimension::Of(units)) => Ok(Dimension::Of(units.power(&Rational::ratio(1, 2)))),
        // The rest are transcendental or count: they see the unit that a quantity is measured in.
        _ => {
            let argument = node.children().into_iter().next().unwrap_or(node);
            pure(argument, first, &format!("the argument of {function}"))?;
            Ok(Dimension::Of(Units::none()))
        }
    }
}

/// Requires a pure number.
fn pure<N: fmt::Display>(node: &Node<N, Builtin>, dimension: &Dimension, what: &str) -> Result<(), UnitsError> {
    match dimension {
        Dimension::Of(units) if !units.is_none() => {
            fail(node, format!("{what} must be a pure number, found the units {units}"))
        }
        _ => Ok(()),
    }
}

/// Units of left * right^sign.
fn product(left: &Dimension, right: &Dimension, sign: i64) -> Dimension {
    match (left, right) {
        (Dimension::Of(left), Dimension::Of(right)) => {
            Dimension::Of(left.times(&right.power(&Rational::integer(sign))))
        }
        _ => Dimension::Any,
    }
}
