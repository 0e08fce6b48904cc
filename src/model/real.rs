//! A number of an instance: exact where it can be, double precision otherwise.

use crate::scalar::{Fault, Rational, Scalar};
use std::fmt;

/// A constant of an instance: an exact rational, or a double where the value is irrational or estimated.
#[derive(Debug, Clone, PartialEq)]
pub enum Real {
    /// Known exactly.
    Exact(Rational),
    /// Known to double precision.
    Float(f64),
}

impl Real {
    /// The integer `n`.
    #[must_use]
    pub fn integer(n: i64) -> Self {
        Real::Exact(Rational::integer(n))
    }

    /// The nearest double.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        match self {
            Real::Exact(q) => q.to_f64(),
            Real::Float(v) => *v,
        }
    }

    /// The exact value, where it is known.
    #[must_use]
    pub fn exact(&self) -> Option<&Rational> {
        match self {
            Real::Exact(q) => Some(q),
            Real::Float(_) => None,
        }
    }

    /// The number in a given arithmetic.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] for a double in exact arithmetic: rounding must not pass for exactness.
    pub fn cast<S: Scalar>(&self) -> Result<S, Fault> {
        match self {
            Real::Exact(q) => Ok(S::from_rational(q)),
            Real::Float(_) if S::IS_EXACT => Err(Fault::NoExactForm("a constant known in double precision only")),
            Real::Float(v) => S::from_f64(*v),
        }
    }

    /// Applies the same formula exactly where all arguments are exact, and in doubles otherwise.
    pub fn lift(
        arguments: &[&Real],
        exact: impl FnOnce(&[&Rational]) -> Result<Rational, Fault>,
        float: impl FnOnce(&[f64]) -> f64,
    ) -> Real {
        let rationals: Option<Vec<&Rational>> = arguments.iter().map(|a| a.exact()).collect();
        if let Some(Ok(value)) = rationals.map(|r| exact(&r)) {
            return Real::Exact(value);
        }
        Real::Float(float(&arguments.iter().map(|a| a.to_f64()).collect::<Vec<_>>()))
    }

    /// Sum of the numbers, exact where all are.
    #[must_use]
    pub fn sum(terms: &[Real]) -> Real {
        Real::lift(
            &terms.iter().collect::<Vec<_>>(),
            |t| Ok(t.iter().fold(Rational::zero(), |a, b| a + *b)),
            |t| t.iter().sum(),
        )
    }

    /// Largest of the numbers; 0 for none.
    #[must_use]
    pub fn largest(terms: &[Real]) -> Real {
        terms.iter().cloned().reduce(|a, b| if b.to_f64() > a.to_f64() { b } else { a }).unwrap_or(Real::integer(0))
    }

    /// Smallest of the numbers; 0 for none.
    #[must_use]
    pub fn smallest(terms: &[Real]) -> Real {
        terms.iter().cloned().reduce(|a, b| if b.to_f64() < a.to_f64() { b } else { a }).unwrap_or(Real::integer(0))
    }

    /// Difference, exact where both are.
    #[must_use]
    pub fn minus(&self, other: &Real) -> Real {
        Real::lift(&[self, other], |t| Ok(t[0].clone() - t[1]), |t| t[0] - t[1])
    }

    /// Product, exact where both are.
    #[must_use]
    pub fn times(&self, other: &Real) -> Real {
        Real::lift(&[self, other], |t| Ok(t[0].clone() * t[1]), |t| t[0] * t[1])
    }

    /// Square root, exact where the number is a rational square.
    #[must_use]
    pub fn root(&self) -> Real {
        Real::lift(&[self], |t| t[0].sqrt(), |t| t[0].sqrt())
    }

    /// Absolute value.
    #[must_use]
    pub fn magnitude(&self) -> Real {
        Real::lift(&[self], |t| Ok(Scalar::abs(t[0])), |t| t[0].abs())
    }
}

impl From<Rational> for Real {
    fn from(q: Rational) -> Self {
        Real::Exact(q)
    }
}

impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Real::Exact(q) if q.to_string().len() <= 12 => write!(f, "{q}"),
            other => write!(f, "{:.6}", Significant(other.to_f64())),
        }
    }
}

/// Shortest of plain and scientific notation, to six significant digits.
struct Significant(f64);
impl fmt::Display for Significant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size != 0.0 && !(1e-4..1e6).contains(&size) {
            write!(f, "{:.5e}", self.0)
        } else {
            let digits = 5usize.saturating_sub(if size >= 1.0 { libm::log10(size) as usize } else { 0 });
            let text = format!("{:.digits$}", self.0);
            let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            f.write_str(short)
        }
    }
}
