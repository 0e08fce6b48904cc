//! The arithmetics that one algorithm runs in.
//!
//! An algorithm, a compressor and a rational-capable problem are written once, over [`Scalar`]. They run as [`Lane`]
//! (f64, one lane per replicate), as [`Checked`] lanes that follow their rounding, and as [`Surd`] (exact sums of
//! roots). They also run as [`Polynomial`] (linear in random symbols) and as [`Enclosure`] (exact or rounded outward,
//! at any precision). [`Rational`] and [`Computable`] stand for numbers outside a run. A part that has no exact form
//! answers with a [`Fault`] that says so; nothing is rounded silently.

/// The operators of a type whose arithmetic works on references.
macro_rules! ring_of_references {
    ($of:ident: $op:ident, $method:ident, $assign:ident, $assign_method:ident, $a:ident, $b:ident => $value:expr) => {
        impl $op for $of {
            type Output = Self;
            fn $method(self, rhs: Self) -> Self {
                let ($a, $b) = (&self, &rhs);
                $value
            }
        }
        impl<'a> $op<&'a $of> for $of {
            type Output = Self;
            fn $method(self, rhs: &Self) -> Self {
                let ($a, $b) = (&self, rhs);
                $value
            }
        }
        impl<'a> $assign<&'a $of> for $of {
            fn $assign_method(&mut self, rhs: &Self) {
                let ($a, $b) = (&*self, rhs);
                *self = $value;
            }
        }
    };
}

mod checked;
mod computable;
mod elementary;
mod enclosure;
mod field;
mod lane;
mod polynomial;
mod rational;
mod rounded;
mod surd;
mod watch;

pub use checked::{Checked, Met};
pub use computable::Computable;
pub use elementary::{exp, ln, ln_1p_exp, sin_cos};
pub use enclosure::Enclosure;
pub(crate) use field::mix;
pub use lane::{Lane, Narrow, WIDTH, Wide};
pub use polynomial::{Monomial, Polynomial};
pub use rational::{ParseRationalError, Rational};
pub use rounded::{Rounded, rounding_of};
pub use surd::Surd;
pub use watch::Watch;

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// Why a step or an expression has no value in the arithmetic at hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The operation leaves the rationals (a square root, a sine), so that an exact run cannot go on.
    #[error("{0} has no exact rational form; run it in floating point")]
    NoExactForm(&'static str),
    /// Division by an exact zero.
    #[error("division by zero")]
    DivisionByZero,
    /// A root or logarithm of a number outside its domain.
    #[error("{0} of a number outside its domain")]
    Domain(&'static str),
    /// An exact number grew past the size that is worth computing with.
    #[error("an exact number grew past {0} bits")]
    TooLarge(usize),
    /// The sign or order of two enclosures is not decided at this precision.
    #[error("the enclosure is too wide to decide {0}")]
    Undecided(&'static str),
    /// Something was requested from a part that it does not offer.
    #[error("{0}")]
    Unsupported(String),
    /// A number left the range in which what it belongs to is defined.
    #[error("{0}")]
    Outside(String),
}

/// One number of an arithmetic: a vector of replicates, or one exact number.
///
/// Ring operations come by value and by reference; order and choice are methods, because in a lane they act
/// on each replicate apart. The sign of zero is never an accident: [`Scalar::sign_or`] takes the value to use.
pub trait Scalar:
    Clone
    + Debug
    + PartialEq
    + Send
    + Sync
    + Sized
    + 'static
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + for<'a> Add<&'a Self, Output = Self>
    + for<'a> Sub<&'a Self, Output = Self>
    + for<'a> Mul<&'a Self, Output = Self>
    + for<'a> AddAssign<&'a Self>
    + for<'a> SubAssign<&'a Self>
    + for<'a> MulAssign<&'a Self>
{
    /// Whether the arithmetic is exact, so that a rounded constant must not enter it.
    const IS_EXACT: bool;

    /// Number of doubles that one value holds, each its own replicate; 0 where a value is no bundle of doubles.
    const LANES: usize = 0;

    /// The double in a lane; `None` where there is none.
    #[inline(always)]
    fn lane(&self, _lane: usize) -> Option<f64> {
        None
    }

    /// Replaces the double in a lane; does nothing where there is none.
    #[inline(always)]
    fn set_lane(&mut self, _lane: usize, _value: f64) {}

    /// A function of doubles applied lane by lane: for parts that have a floating-point form only, named `what`. It
    /// moves by no more than its argument, and is good to a few ulps.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] where a value is no bundle of doubles.
    #[inline(always)]
    fn each_lane(&self, what: &'static str, f: impl Fn(f64) -> f64) -> Result<Self, Fault> {
        if Self::LANES == 0 {
            return Err(Fault::NoExactForm(what));
        }
        let mut out = self.clone();
        for lane in 0..Self::LANES {
            if let Some(value) = self.lane(lane) {
                out.set_lane(lane, f(value));
            }
        }
        Ok(out)
    }

    /// Calls `f`; lanes do so compiled for the widest instruction set of the machine. What `f` calls must be
    /// inlined into it to profit; results are the same bits either way.
    #[inline(always)]
    fn dispatch<R>(f: impl FnOnce() -> R) -> R {
        f()
    }

    /// The number n/d. `d` must not be 0.
    fn ratio(n: i64, d: u64) -> Self;

    /// The number nearest to an exact constant (the constant itself in exact arithmetic).
    fn from_rational(value: &Rational) -> Self;

    /// A constant that is known in double precision only (data, an estimated fact).
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] in exact arithmetic for a value that is not finite.
    fn from_f64(value: f64) -> Result<Self, Fault>;

    /// An irrational constant between `low` and `high`, with `near` the double to use in lanes.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] in exact arithmetic.
    fn from_ends(near: f64, _low: f64, _high: f64) -> Result<Self, Fault> {
        Self::from_f64(near)
    }

    /// A constant that is given by its formula: the nearest double in lanes, an enclosure in intervals.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] in exact arithmetic that does not hold the number.
    fn from_computable(value: &Computable) -> Result<Self, Fault> {
        let (low, high) = value.ends();
        Self::from_ends(value.near(), low, high)
    }

    /// A constant, for lanes.
    ///
    /// # Errors
    /// As [`Scalar::from_f64`].
    #[inline(always)]
    fn from_rounded(constant: &Rounded) -> Result<Self, Fault> {
        Self::from_f64(constant.value)
    }

    /// The number 0.
    #[inline(always)]
    fn zero() -> Self {
        Self::ratio(0, 1)
    }

    /// The number 1.
    #[inline(always)]
    fn one() -> Self {
        Self::ratio(1, 1)
    }

    /// `self += a * b`, without a fused rounding.
    fn add_product(&mut self, a: &Self, b: &Self);

    /// `self -= a * b`, without a fused rounding.
    fn sub_product(&mut self, a: &Self, b: &Self);

    /// Absolute value.
    fn abs(&self) -> Self;

    /// The smaller of the two, replicate by replicate.
    fn min(&self, other: &Self) -> Self;

    /// The larger of the two, replicate by replicate.
    fn max(&self, other: &Self) -> Self;

    /// +1 where positive, -1 where negative, `at_zero` where zero; NaN stays NaN.
    ///
    /// # Errors
    /// [`Fault::Undecided`] where an enclosure contains zero and another number.
    fn sign_or(&self, at_zero: &Self) -> Result<Self, Fault>;

    /// `then` where `self >= other`, `otherwise` elsewhere.
    ///
    /// # Errors
    /// [`Fault::Undecided`] where enclosures overlap.
    fn select_ge(&self, other: &Self, then: &Self, otherwise: &Self) -> Result<Self, Fault>;

    /// `self / other`.
    ///
    /// # Errors
    /// [`Fault::DivisionByZero`] in exact arithmetic; a lane gives the IEEE value.
    fn divide(&self, other: &Self) -> Result<Self, Fault>;

    /// Square root.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] for a rational that is no square; [`Fault::Domain`] for a negative one.
    fn sqrt(&self) -> Result<Self, Fault>;

    /// Natural logarithm.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] for rationals other than 1.
    fn ln(&self) -> Result<Self, Fault>;

    /// Exponential.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] for rationals other than 0.
    fn exp(&self) -> Result<Self, Fault>;

    /// Sine and cosine.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] for rationals other than 0.
    fn sin_cos(&self) -> Result<(Self, Self), Fault>;

    /// `self ^ exponent`; a rational exponent p/q in exact arithmetic needs an exact q-th root.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`], [`Fault::Domain`], [`Fault::DivisionByZero`] or [`Fault::TooLarge`].
    fn power(&self, exponent: &Self) -> Result<Self, Fault>;

    /// Largest integer not above the number.
    ///
    /// # Errors
    /// [`Fault::Undecided`] where an enclosure straddles an integer.
    fn floor(&self) -> Result<Self, Fault>;

    /// Sets every entry but the `k` largest in absolute value to zero, the lower index winning ties.
    ///
    /// # Errors
    /// [`Fault::Undecided`] where enclosures overlap.
    fn keep_largest(values: &mut [Self], k: usize) -> Result<(), Fault>;

    /// The positions of +1 (first word) and of -1 (second word), one bit per replicate, of a vector of signs.
    fn to_bits(&self) -> (u64, u64);

    /// The inverse of [`Scalar::to_bits`].
    fn from_bits(positive: u64, negative: u64) -> Self;
}
