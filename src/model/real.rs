//! A number of an instance: exact where it can be, given by its formula where it is irrational, a double otherwise.

use crate::scalar::{Computable, Enclosure, Fault, Narrow, Rational, Rounded, Scalar, Surd};
use crate::stats::Interval;
use std::cmp::Ordering;
use std::fmt;

/// A constant of an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum Real {
    /// Known exactly.
    Exact(Rational),
    /// Not known to be rational, but enclosed as narrowly as required: a root, a power, a logarithm of exact numbers;
    /// or a number of which proved bounds are known.
    Computable(Computable),
    /// Known to double precision, with an error that is estimated and not proved.
    Estimated {
        /// The value as computed.
        near: f64,
        /// Holds the value, as far as the estimate is right.
        within: Interval,
    },
    /// Known to double precision only, with an error that is not known.
    Float(f64),
}

/// Bits of the enclosures of constants.
const DEEP: usize = 2048;
/// Most numbers whose sum is kept as a formula.
const FEW: usize = 64;

/// Evaluates one formula in the strongest arithmetic that its arguments and itself allow. `$t` is the slice of the
/// arguments in that arithmetic; the body is a `Result` in it.
macro_rules! lift {
    ($arguments:expr, |$t:ident| $body:expr) => {{
        // The body is written for numbers that cannot be copied; some of the arithmetics can.
        #[allow(clippy::clone_on_copy, clippy::op_ref)]
        let value = $crate::model::Real::evaluate_in(
            $arguments,
            |$t: &[$crate::scalar::Rational]| -> Result<$crate::scalar::Rational, $crate::scalar::Fault> { $body },
            |$t: &[$crate::scalar::Computable]| -> Result<$crate::scalar::Computable, $crate::scalar::Fault> { $body },
            |$t: &[$crate::scalar::Narrow]| -> Result<$crate::scalar::Narrow, $crate::scalar::Fault> { $body },
            |$t: &[$crate::stats::Interval]| -> Result<$crate::stats::Interval, $crate::scalar::Fault> { $body },
        );
        value
    }};
}
pub(crate) use lift;

impl From<Computable> for Real {
    fn from(value: Computable) -> Self {
        match value.rational() {
            Some(exact) => Real::Exact(exact.clone()),
            None => Real::Computable(value),
        }
    }
}

impl From<Surd> for Real {
    fn from(value: Surd) -> Self {
        Computable::from(value).into()
    }
}

impl From<Enclosure> for Real {
    fn from(value: Enclosure) -> Self {
        Computable::from(value).into()
    }
}

impl From<Interval> for Real {
    /// A number of which two bounds are known, and nothing else.
    fn from(within: Interval) -> Self {
        Real::between(within.midpoint().unwrap_or(f64::NAN), within)
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
            Real::Computable(value) => value.near(),
            Real::Estimated { near, .. } | Real::Float(near) => *near,
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

    /// An interval that holds the value; `None` where its error is not known.
    #[must_use]
    pub fn within(&self) -> Option<Interval> {
        match self {
            Real::Exact(q) => Some(Interval::from_rational(q)),
            Real::Computable(value) => {
                let (low, high) = value.ends();
                Some(Interval::new(low, high).unwrap_or(Interval::WHOLE))
            }
            Real::Estimated { within, .. } => Some(*within),
            Real::Float(_) => None,
        }
    }

    /// A number near `near` of which it is proved that it lies within `within`; with an enclosure of many bits where
    /// there is one.
    #[must_use]
    pub fn irrational(near: f64, within: Interval, value: Option<Enclosure>) -> Self {
        match value {
            Some(value) => Computable::seen_as(value, near, (within.low(), within.high())).into(),
            None => Real::between(near, within),
        }
    }

    /// A number near `near` of which it is proved that it lies within `within`, and nothing else is known.
    #[must_use]
    pub fn between(near: f64, within: Interval) -> Self {
        Computable::between(near, (within.low(), within.high())).into()
    }

    /// Runs `f`, which evaluates a constant, at the precision of constants.
    pub fn deeply<T>(f: impl FnOnce() -> T) -> T {
        Enclosure::at_precision(DEEP, f)
    }

    /// A computed double with a proved error of at most the given number of ulps.
    #[must_use]
    pub fn rounded(near: f64, ulps: f64) -> Self {
        let error = near.abs() * ulps * f64::EPSILON + f64::MIN_POSITIVE;
        match Interval::new((near - error).next_down(), (near + error).next_up()) {
            Some(within) => Real::between(near, within),
            None => Real::Float(near),
        }
    }

    /// A computed double with an estimate of its error.
    #[must_use]
    pub fn estimated(near: f64, error: f64) -> Self {
        match Interval::new((near - error).next_down(), (near + error).next_up()) {
            Some(within) => Real::Estimated { near, within },
            None => Real::Float(near),
        }
    }

    /// Whether the value is a double whose error is not known for certain.
    #[must_use]
    pub fn is_rough(&self) -> bool {
        matches!(self, Real::Float(_) | Real::Estimated { .. })
    }

    /// Its double, and how far that may be off; a double of unknown error stands for itself.
    #[must_use]
    pub fn nearest_double(&self) -> Rounded {
        match self {
            Real::Exact(q) => Rounded::nearest(q),
            Real::Computable(value) => Rounded::of_formula(value),
            Real::Estimated { near, within } => {
                Rounded::within(*near, (within.high() - near).max(near - within.low()).next_up())
            }
            Real::Float(value) => Rounded::within(*value, 0.0),
        }
    }

    /// The number in a given arithmetic: the nearest double in lanes, an enclosure in intervals.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] for a number that an exact arithmetic cannot represent, and for a double there: a rounded
    /// number must not count as exact.
    pub fn cast<S: Scalar>(&self) -> Result<S, Fault> {
        match self {
            Real::Exact(q) => Ok(S::from_rational(q)),
            Real::Computable(value) => S::from_computable(value),
            Real::Float(_) | Real::Estimated { .. } if S::IS_EXACT => {
                Err(Fault::NoExactForm("a constant known in double precision only"))
            }
            Real::Estimated { near, within } => S::from_ends(*near, within.low(), within.high()),
            Real::Float(v) => S::from_f64(*v),
        }
    }

    /// An interval that holds the value.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] for a double of unknown error.
    pub fn cast_within(&self) -> Result<Interval, Fault> {
        self.within().ok_or(Fault::NoExactForm("a double"))
    }

    /// The order of two numbers: exact of rationals and of sums of roots, by enclosures of growing precision elsewhere.
    /// `None` where it is not known, which it never is of a double whose error is not known.
    #[must_use]
    pub fn order(&self, other: &Real) -> Option<Ordering> {
        if let (Real::Exact(a), Real::Exact(b)) = (self, other) {
            return Some(a.cmp(b));
        }
        let (a, b) = (self.cast::<Computable>().ok()?, other.cast::<Computable>().ok()?);
        a.order(&b).ok()
    }

    /// The body of the macro `lift`; not called by name.
    pub fn evaluate_in(
        arguments: &[&Real],
        exact: impl FnOnce(&[Rational]) -> Result<Rational, Fault>,
        computable: impl FnOnce(&[Computable]) -> Result<Computable, Fault>,
        float: impl FnOnce(&[Narrow]) -> Result<Narrow, Fault>,
        enclosed: impl FnOnce(&[Interval]) -> Result<Interval, Fault>,
    ) -> Real {
        let in_rationals: Result<Vec<Rational>, Fault> = arguments.iter().map(|a| a.cast()).collect();
        if let Ok(value) = in_rationals.and_then(|t| exact(&t)) {
            return Real::Exact(value);
        }
        let by_formula: Result<Vec<Computable>, Fault> = arguments.iter().map(|a| a.cast()).collect();
        if let Ok(value) = by_formula.and_then(|t| computable(&t)) {
            return value.into();
        }
        let doubles: Vec<Narrow> = arguments.iter().map(|a| Narrow::splat(a.to_f64())).collect();
        let near = float(&doubles).map_or(f64::NAN, |v| v.0[0]);
        let in_intervals: Result<Vec<Interval>, Fault> = arguments.iter().map(|a| a.cast_within()).collect();
        match in_intervals.and_then(|t| enclosed(&t)) {
            Ok(within) if arguments.iter().any(|a| a.is_rough()) => Real::Estimated { near, within },
            Ok(within) => Real::between(near, within),
            Err(_) => Real::Float(near),
        }
    }

    /// Whether the number is at most (or, where `strict`, below) the other; `None` where their enclosures, or doubles
    /// of which the error is not known, leave that open.
    #[must_use]
    pub fn at_most(&self, other: &Real, strict: bool) -> Option<bool> {
        if let Some(order) = self.order(other) {
            return Some(if strict { order.is_lt() } else { order.is_le() });
        }
        let (a, b) = (self.within()?, other.within()?);
        if a.high() < b.low() || (!strict && a.high() <= b.low()) {
            return Some(true);
        }
        (a.low() > b.high() || (strict && a.low() >= b.high())).then_some(false)
    }

    /// Sum of the numbers.
    #[must_use]
    pub fn sum(terms: &[Real]) -> Real {
        let irrational = || terms.iter().any(|t| t.exact().is_none());
        if terms.len() > FEW && irrational() && !terms.iter().any(Real::is_rough) {
            // A long formula is worth nothing beside its enclosure.
            let add = |sum: Enclosure, term: &Real| Ok::<_, Fault>(sum + &term.cast::<Enclosure>()?);
            if let Ok(total) = Real::deeply(|| terms.iter().try_fold(Enclosure::zero(), add)) {
                return total.into();
            }
        }
        let mut total = Real::integer(0);
        for term in terms {
            total = lift!(&[&total, term], |t| Ok(t[0].clone() + &t[1]));
        }
        total
    }

    /// Largest of the numbers; 0 for none.
    #[must_use]
    pub fn largest(terms: &[Real]) -> Real {
        let larger = |a: Real, b: Real| lift!(&[&a, &b], |t| Ok(Scalar::max(&t[0], &t[1])));
        terms.iter().cloned().reduce(larger).unwrap_or(Real::integer(0))
    }

    /// Smallest of the numbers; 0 for none.
    #[must_use]
    pub fn smallest(terms: &[Real]) -> Real {
        let smaller = |a: Real, b: Real| lift!(&[&a, &b], |t| Ok(Scalar::min(&t[0], &t[1])));
        terms.iter().cloned().reduce(smaller).unwrap_or(Real::integer(0))
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
