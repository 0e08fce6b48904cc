//! A number of an instance: exact where it can be, enclosed where it is irrational, a double otherwise.

use crate::scalar::{Enclosure, Fault, Narrow, Rational, Scalar, rounding_of};
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
    /// Irrational, with an enclosure of many bits: what a run multiplies errors with must not be short.
    Deep(Box<Deep>),
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

/// An irrational number with as many bits as a run may need.
#[derive(Debug, Clone)]
pub struct Deep {
    /// A double near the value.
    near: f64,
    /// Holds the value.
    within: Interval,
    value: Enclosure,
}

impl PartialEq for Deep {
    /// As constants of double precision; the enclosures of one number may have come about in different ways.
    fn eq(&self, other: &Self) -> bool {
        (self.near, self.within) == (other.near, other.within)
    }
}

/// How far a double may be from a number that an interval holds.
fn spread(near: f64, within: Interval) -> f64 {
    (within.high() - near).max(near - within.low()).next_up()
}

/// Bits of the enclosures of constants.
const DEEP: usize = 2048;

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
            |$t: &[$crate::scalar::Enclosure]| -> Result<$crate::scalar::Enclosure, $crate::scalar::Fault> { $body },
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
        let near = within.midpoint().unwrap_or(f64::NAN);
        Real::Deep(Box::new(Deep { near, within, value }))
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
            Real::Enclosed { near, .. } | Real::Estimated { near, .. } | Real::Float(near) => *near,
            Real::Deep(deep) => deep.near,
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
            Real::Enclosed { within, .. } | Real::Estimated { within, .. } => Some(*within),
            Real::Deep(deep) => Some(deep.within),
            Real::Float(_) => None,
        }
    }

    /// An irrational number near `near`, within `within`, with its enclosure of many bits where there is one.
    #[must_use]
    pub fn irrational(near: f64, within: Interval, value: Option<Enclosure>) -> Self {
        match value {
            Some(value) if value.exact().is_none() => Real::Deep(Box::new(Deep { near, within, value })),
            _ => Real::Enclosed { near, within },
        }
    }

    /// Runs `f`, which evaluates a constant, at the precision of constants.
    pub fn deeply<T>(f: impl FnOnce() -> T) -> T {
        Enclosure::at_precision(DEEP, f)
    }

    /// A computed double with a proved error of at most so many ulps.
    #[must_use]
    pub fn rounded(near: f64, ulps: f64) -> Self {
        let error = near.abs() * ulps * f64::EPSILON + f64::MIN_POSITIVE;
        match Interval::new((near - error).next_down(), (near + error).next_up()) {
            Some(within) => Real::Enclosed { near, within },
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

    /// How far its double may be off; a double of unknown error stands for itself.
    #[must_use]
    pub fn rounding(&self) -> f64 {
        match self {
            Real::Exact(q) => rounding_of(q),
            Real::Enclosed { near, within } | Real::Estimated { near, within } => spread(*near, *within),
            Real::Deep(deep) => spread(deep.near, deep.within),
            Real::Float(_) => 0.0,
        }
    }

    /// The number in a given arithmetic: the nearest double in lanes, an enclosure in intervals.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] for an irrational number or a double in exact arithmetic: rounding must not pass for
    /// exactness.
    pub fn cast<S: Scalar>(&self) -> Result<S, Fault> {
        match self {
            Real::Exact(q) => Ok(S::from_rational(q)),
            Real::Enclosed { .. } | Real::Deep(_) if S::IS_EXACT => Err(Fault::NoExactForm("an irrational constant")),
            Real::Float(_) | Real::Estimated { .. } if S::IS_EXACT => {
                Err(Fault::NoExactForm("a constant known in double precision only"))
            }
            Real::Enclosed { near, within } | Real::Estimated { near, within } => {
                S::from_ends(*near, within.low(), within.high())
            }
            Real::Deep(deep) => S::from_enclosure(&deep.value, deep.near),
            Real::Float(v) => S::from_f64(*v),
        }
    }

    /// The body of the macro `lift`; not called by name.
    pub fn evaluate_in(
        arguments: &[&Real],
        exact: impl FnOnce(&[Rational]) -> Result<Rational, Fault>,
        enclosed: impl FnOnce(&[Interval]) -> Result<Interval, Fault>,
        float: impl FnOnce(&[Narrow]) -> Result<Narrow, Fault>,
        deep: impl FnOnce(&[Enclosure]) -> Result<Enclosure, Fault>,
    ) -> Real {
        let in_rationals: Result<Vec<Rational>, Fault> = arguments.iter().map(|a| a.cast()).collect();
        if let Ok(value) = in_rationals.and_then(|t| exact(&t)) {
            return Real::Exact(value);
        }
        let doubles: Vec<Narrow> = arguments.iter().map(|a| Narrow::splat(a.to_f64())).collect();
        let near = float(&doubles).map_or(f64::NAN, |v| v.0[0]);
        if arguments.iter().any(|a| a.within().is_none()) {
            return Real::Float(near);
        }
        let estimated = arguments.iter().any(|a| a.is_rough());
        let in_intervals: Result<Vec<Interval>, Fault> = arguments.iter().map(|a| a.cast()).collect();
        match in_intervals.and_then(|t| enclosed(&t)) {
            Ok(within) if estimated => Real::Estimated { near, within },
            Ok(within) => {
                let value = Real::deeply(|| {
                    let t: Result<Vec<Enclosure>, Fault> = arguments.iter().map(|a| a.cast()).collect();
                    t.and_then(|t| deep(&t)).ok()
                });
                Real::irrational(near, within, value)
            }
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
        let (a, b) = (self.within()?, other.within()?);
        if a.high() < b.low() || (!strict && a.high() <= b.low()) {
            return Some(true);
        }
        (a.low() > b.high() || (strict && a.low() >= b.high())).then_some(false)
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
