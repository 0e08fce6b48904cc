//! Evaluation in any arithmetic.

use super::{Builtin, Expr, Node, Op};
use crate::scalar::{Computable, Fault, Lane, Narrow, Rational, Scalar, Surd};
use std::any::Any;
use std::fmt;
use std::ops::Range;

/// Exact values past this size (40 000 digits) end an evaluation: sums of larger fractions take seconds, then hours.
const MAX_BITS: usize = 1 << 17;

/// Where symbols get their values.
pub trait Environment<N, S> {
    /// The value of a symbol.
    ///
    /// # Errors
    /// A [`Fault`] where the symbol has none in this arithmetic.
    fn value(&self, symbol: &N) -> Result<S, Fault>;
}

impl<N, S, F: Fn(&N) -> Result<S, Fault>> Environment<N, S> for F {
    fn value(&self, symbol: &N) -> Result<S, Fault> {
        self(symbol)
    }
}

/// Why an expression has no value, and which part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} in '{text}'")]
pub struct EvalError {
    /// What went wrong.
    #[source]
    pub fault: Fault,
    /// Where the part stands in the parsed text.
    pub span: Range<usize>,
    /// The part's canonical text.
    pub text: String,
}

impl EvalError {
    fn at<N: fmt::Display>(node: &Node<N, Builtin>, fault: Fault) -> Self {
        EvalError { fault, span: node.span(), text: node.to_string() }
    }
}

impl<N: fmt::Display> Expr<N, Builtin> {
    /// The value in the arithmetic `S`. In doubles every operation is the IEEE one on operands rounded to nearest, and
    /// a result that is not finite is returned as it is.
    ///
    /// # Errors
    /// [`EvalError`] with the fault of the first part that has no value: a symbol that the environment refuses, or an
    /// operation that this arithmetic cannot do.
    pub fn eval<S: Scalar>(&self, environment: &dyn Environment<N, S>) -> Result<S, EvalError> {
        self.root().fold(|node, operands: &[S]| {
            let result = match node {
                Node::Number { value, .. } => Ok(S::from_rational(value)),
                Node::Name { name, .. } => environment.value(name),
                _ => apply(node, operands),
            };
            result.and_then(bounded).map_err(|fault| EvalError::at(node, fault))
        })
    }

    /// The value in double precision.
    ///
    /// # Errors
    /// As [`Expr::eval`].
    pub fn eval_f64(&self, environment: &dyn Environment<N, f64>) -> Result<f64, EvalError> {
        let narrow = |symbol: &N| environment.value(symbol).map(Narrow::splat);
        self.eval::<Narrow>(&narrow).map(|Lane([v])| v)
    }
}

fn apply<N, S: Scalar>(node: &Node<N, Builtin>, operands: &[S]) -> Result<S, Fault> {
    match (node, operands) {
        (Node::Negate { .. }, [operand]) => Ok(-operand.clone()),
        (Node::Binary { op, .. }, [left, right]) => match op {
            Op::Add => Ok(left.clone() + right),
            Op::Subtract => Ok(left.clone() - right),
            Op::Multiply => Ok(left.clone() * right),
            Op::Divide => left.divide(right),
            Op::Power => left.power(right),
        },
        (Node::Call { function, .. }, arguments) => call(*function, arguments),
        // No parsed tree has an operator without its operands.
        _ => Err(Fault::Unsupported("an operand is missing".to_owned())),
    }
}

/// Refuses an exact number that is too large to go on with.
fn bounded<S: Scalar>(value: S) -> Result<S, Fault> {
    match exact(&value) {
        Some(rational) if rational.bits() > MAX_BITS => Err(Fault::TooLarge(MAX_BITS)),
        _ => Ok(value),
    }
}

fn exact<S: Scalar>(value: &S) -> Option<&Rational> {
    let value = value as &dyn Any;
    let of_surd = || value.downcast_ref().and_then(Surd::rational);
    let of_formula = || value.downcast_ref().and_then(Computable::rational);
    value.downcast_ref().or_else(of_surd).or_else(of_formula)
}

fn call<S: Scalar>(function: Builtin, arguments: &[S]) -> Result<S, Fault> {
    let signature = function.signature();
    let (true, Some(first)) = (signature.takes(arguments.len()), arguments.first()) else {
        return Err(Fault::Unsupported(signature.mismatch(arguments.len())));
    };
    match function {
        Builtin::Sqrt => first.sqrt(),
        Builtin::Ln => first.ln(),
        Builtin::Log2 => log2(first),
        Builtin::Exp => first.exp(),
        Builtin::Abs => Ok(first.abs()),
        Builtin::Sgn => first.sign_or(&S::zero()),
        Builtin::Min => Ok(arguments[1..].iter().fold(first.clone(), |a, b| both_ways(&a, b, S::min))),
        Builtin::Max => Ok(arguments[1..].iter().fold(first.clone(), |a, b| both_ways(&a, b, S::max))),
        Builtin::Floor => first.floor(),
        Builtin::Ceil => Ok(-(-first.clone()).floor()?),
        Builtin::Sin => Ok(first.sin_cos()?.0),
        Builtin::Cos => Ok(first.sin_cos()?.1),
    }
}

/// Minimum or maximum that is NaN where either operand is: a lane's own keeps the NaN of its first operand only, and
/// min(1, 0/0) must not pass for a bound.
fn both_ways<S: Scalar>(a: &S, b: &S, choose: fn(&S, &S) -> S) -> S {
    let (forth, back) = (choose(a, b), choose(b, a));
    if forth == back {
        return forth;
    }
    // Halves before the sum: equal halves add up exactly and cannot overflow.
    let half = S::ratio(1, 2);
    forth * &half + back * &half
}

/// log2, exact at powers of two: ln(x)/ln(2) is off by a rounding at some of them (2^29), which would count bits
/// wrongly.
fn log2<S: Scalar>(x: &S) -> Result<S, Fault> {
    let two = S::ratio(2, 1);
    if let Some(rational) = exact(x) {
        // A power of two n or 1/n in lowest terms has log2(n) + 2 bits in all.
        let exponent = i64::try_from(rational.bits()).unwrap_or(i64::MAX).saturating_sub(2);
        for candidate in [exponent, -exponent] {
            let candidate = S::ratio(candidate, 1);
            if two.power(&candidate)? == *x {
                return Ok(candidate);
            }
        }
        if rational.signum() <= 0 {
            return Err(Fault::Domain("a logarithm"));
        }
    }
    let quotient = x.ln()?.divide(&two.ln()?)?;
    let Ok(nearest) = (quotient.clone() + &S::ratio(1, 2)).floor() else {
        return Ok(quotient);
    };
    let power = two.power(&nearest)?;
    let lower = x.select_ge(&power, &nearest, &quotient);
    lower.and_then(|value| power.select_ge(x, &value, &quotient)).or(Ok(quotient))
}
