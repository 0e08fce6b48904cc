//! Doubles that stand for constants.

use super::field::{fresh, of_double, of_rational};
use super::{Computable, Rational};

/// A constant's nearest double, and what is known of the constant beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rounded {
    /// The double.
    pub value: f64,
    /// How far it may be off.
    pub error: f64,
    /// The constant's formula in a field, by which equal numbers are known.
    pub(super) mark: u64,
}

impl Rounded {
    /// Of a rational number.
    #[must_use]
    pub fn nearest(value: &Rational) -> Self {
        Rounded { value: value.to_f64(), error: rounding_of(value), mark: of_rational(value).unwrap_or_else(fresh) }
    }

    /// Of a formula.
    #[must_use]
    pub fn of_formula(value: &Computable) -> Self {
        let ((low, high), near) = (value.ends(), value.near());
        let error = (high - near).max(near - low).next_up();
        Rounded { value: near, error, mark: value.residue().unwrap_or_else(fresh) }
    }

    /// Of a number that is within `error` of a double, and equal to no other.
    #[must_use]
    pub fn within(value: f64, error: f64) -> Self {
        Rounded { value, error, mark: if error == 0.0 { of_double(value) } else { fresh() } }
    }
}

/// The error of the nearest double to a rational.
#[must_use]
pub fn rounding_of(value: &Rational) -> f64 {
    let near = value.to_f64();
    if Rational::from_double(near).is_some_and(|q| q == *value) {
        0.0
    } else {
        near.abs() * f64::EPSILON + f64::MIN_POSITIVE
    }
}
