//! A number of an instance: exact where it can be, enclosed where it is irrational, a double otherwise.

use crate::scalar::{Enclosure, Fault, Narrow, Rational, Scalar};
use crate::stats::Interval;
use std::fmt;

/// A constant of an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum Real {
    /// Known exactly.
    Exact(Rational),
    /// Irrational, but enclosed: a root, a power, a logarithm of exact numbers.
    Enclosed {
        /// A double near the value.
        near: f64,
        /// Holds the value.
        within: Interval,
    },
    /// Known to double precision only: data, or an estimate.
    Float(f64),
}

/// Relative error that is allowed for in a number known to double precision only.
const ROUGH: f64 = 1e-12;

/// Evaluates one formula in the strongest arithmetic that its arguments and itself allow. `$t` is the slice of the
/// arguments in that arithmetic; the body is a `Result` in it.
macro_rules! lift {
    ($arguments:expr, |$t:ident| $body:expr) => {{
        // The body is written for numbers that cannot be copied; some of the arithmetics can.
        #[allow(clippy::clone_on_copy, clippy::op_ref)]
        let value = $crate::model::Real::evaluate_in(
            $arguments,
            |$t: &[$crate::scalar::Rational]| -> Result<$crate::scalar::Rational, $crate::scalar::Fault> { $body },
            |$t: &[$crate::stats::Interval]| -> Result<$crate::stats::Interval, $crate::scalar::Fault> { $body },
            |$t: &[$crate::scalar::Narrow]| -> Result<$crate::scalar::Narrow, $crate::scalar::Fault> { $body },
        );
        value
    }};
}
pub(crate) use lift;

impl From<Enclosure> for Real {
    fn from(value: Enclosure) -> Self {
        if let Some(exact) = value.exact() {
            return Real::Exact(exact.clone());
        }
        let (low, high) = value.ends();
        let within = Interval::new(low, high).unwrap_or(Interval::WHOLE);
        Real::Enclosed { near: within.midpoint().unwrap_or(f64::NAN), within }
    }
}

impl Real {
    /// The integer `n`.
    #[must_use]
    pub fn integer(n: i64) -> Self {
        Real::Exact(Rational::integer(n))
    }

    /// The nearest double, or one near an irrational value.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        match self {
            Real::Exact(q) => q.to_f64(),
            Real::Enclosed { near, .. } | Real::Float(near) => *near,
        }
    }

    /// The exact value, where it is known.
    #[must_use]
    pub fn exact(&self) -> Option<&Rational> {
        match self {
            Real::Exact(q) => Some(q),
            _ => None,
        }
    }

    /// Whether the value is a double whose error is not known.
    #[must_use]
    pub fn is_rough(&self) -> bool {
        matches!(self, Real::Float(_))
    }

    /// The number in a given arithmetic: the nearest double in lanes, an enclosure in intervals.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] for an irrational number or a double in exact arithmetic: rounding must not pass for
    /// exactness.
    pub fn cast<S: Scalar>(&self) -> Result<S, Fault> {
        match self {
            Real::Exact(q) => Ok(S::from_rational(q)),
            Real::Enclosed { .. } if S::IS_EXACT => Err(Fault::NoExactForm("an irrational constant")),
            Real::Float(_) if S::IS_EXACT => Err(Fault::NoExactForm("a constant known in double precision only")),
            Real::Enclosed { near, within } => S::from_ends(*near, within.low(), within.high()),
            Real::Float(v) => S::from_f64(*v),
        }
    }

    /// The body of the macro `lift`; not called by name.
    pub fn evaluate_in(
        arguments: &[&Real],
        exact: impl FnOnce(&[Rational]) -> Result<Rational, Fault>,
        enclosed: impl FnOnce(&[Interval]) -> Result<Interval, Fault>,
        float: impl FnOnce(&[Narrow]) -> Result<Narrow, Fault>,
    ) -> Real {
        let in_rationals: Result<Vec<Rational>, Fault> = arguments.iter().map(|a| a.cast()).collect();
        if let Ok(value) = in_rationals.and_then(|t| exact(&t)) {
            return Real::Exact(value);
        }
        let doubles: Vec<Narrow> = arguments.iter().map(|a| Narrow::splat(a.to_f64())).collect();
        let near = float(&doubles).map_or(f64::NAN, |v| v.0[0]);
        if arguments.iter().any(|a| a.is_rough()) {
            return Real::Float(near);
        }
        let in_intervals: Result<Vec<Interval>, Fault> = arguments.iter().map(|a| a.cast()).collect();
        match in_intervals.and_then(|t| enclosed(&t)) {
            Ok(within) => Real::Enclosed { near, within },
            Err(_) => Real::Float(near),
        }
    }

    /// Whether the number is at most (or, where `strict`, below) the other; `None` where their enclosures, or doubles of
    /// which the error is not known, leave that open.
    #[must_use]
    pub fn at_most(&self, other: &Real, strict: bool) -> Option<bool> {
        if let (Real::Exact(a), Real::Exact(b)) = (self, other) {
            return Some(if strict { a < b } else { a <= b });
        }
        let (a, b) = (self.enclosed()?, other.enclosed()?);
        if a.high() < b.low() || (!strict && a.high() <= b.low()) {
            return Some(true);
        }
        (a.low() > b.high() || (strict && a.low() >= b.high())).then_some(false)
    }

    /// An interval that holds the number: that of a double allows for the rounding of a short computation.
    #[must_use]
    pub fn enclosed(&self) -> Option<Interval> {
        match self {
            Real::Exact(q) => Some(Interval::from_rational(q)),
            Real::Enclosed { within, .. } => Some(*within),
            Real::Float(v) => {
                let error = v.abs() * ROUGH;
                Interval::new(v - error, v + error)
            }
        }
    }

    /// Sum of the numbers.
    #[must_use]
    pub fn sum(terms: &[Real]) -> Real {
        let mut total = Real::integer(0);
        for term in terms {
            total = lift!(&[&total, term], |t| Ok(t[0].clone() + &t[1]));
        }
        total
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

    /// Difference.
    #[must_use]
    pub fn minus(&self, other: &Real) -> Real {
        lift!(&[self, other], |t| Ok(t[0].clone() - &t[1]))
    }

    /// Product.
    #[must_use]
    pub fn times(&self, other: &Real) -> Real {
        lift!(&[self, other], |t| Ok(t[0].clone() * &t[1]))
    }

    /// Square root, exact where the number is a rational square.
    #[must_use]
    pub fn root(&self) -> Real {
        lift!(&[self], |t| Scalar::sqrt(&t[0]))
    }

    /// Absolute value.
    #[must_use]
    pub fn magnitude(&self) -> Real {
        lift!(&[self], |t| Ok(Scalar::abs(&t[0])))
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
