//! Intervals as a scalar: what an algorithm, a problem or an expression can give over a box.
//!
//! Where a sign or an order is not decided the result is the hull of the possible ones: an enclosure stays one.

use super::Interval;
use crate::scalar::{Fault, Rational, Scalar};
use std::ops::{Add, AddAssign, Mul, MulAssign, Sub, SubAssign};

macro_rules! by_reference {
    ($op:ident, $method:ident, $assign:ident, $assign_method:ident, $sym:tt) => {
        impl<'a> $op<&'a Interval> for Interval {
            type Output = Self;
            fn $method(self, rhs: &Self) -> Self {
                self $sym *rhs
            }
        }
        impl<'a> $assign<&'a Interval> for Interval {
            fn $assign_method(&mut self, rhs: &Self) {
                *self = *self $sym *rhs;
            }
        }
    };
}
by_reference!(Add, add, AddAssign, add_assign, +);
by_reference!(Sub, sub, SubAssign, sub_assign, -);
by_reference!(Mul, mul, MulAssign, mul_assign, *);

/// [low, high] with ends that need not be ordered or finite.
fn enclose(low: f64, high: f64) -> Interval {
    Interval::new(low, high).unwrap_or(Interval::WHOLE)
}

/// The doubles on both sides of a rational.
fn around(value: &Rational) -> Interval {
    let nearest = value.to_f64();
    match Rational::from_double(nearest) {
        Some(exact) if exact == *value => Interval::point(nearest),
        _ => enclose(nearest.next_down(), nearest.next_up()),
    }
}

impl Scalar for Interval {
    const IS_EXACT: bool = false;

    fn ratio(n: i64, d: u64) -> Self {
        around(&Rational::ratio(n, d))
    }

    fn from_rational(value: &Rational) -> Self {
        around(value)
    }

    fn from_f64(value: f64) -> Result<Self, Fault> {
        Ok(Interval::point(value))
    }

    fn from_ends(_near: f64, low: f64, high: f64) -> Result<Self, Fault> {
        Ok(enclose(low, high))
    }

    fn add_product(&mut self, a: &Self, b: &Self) {
        // v + a a is a square: its factor is not counted as two unrelated numbers.
        let product = if std::ptr::eq(a, b) { a.powi(2).unwrap_or(Interval::WHOLE) } else { *a * *b };
        *self = *self + product;
    }

    fn sub_product(&mut self, a: &Self, b: &Self) {
        *self = *self - *a * *b;
    }

    fn abs(&self) -> Self {
        Interval::abs(*self)
    }

    fn min(&self, other: &Self) -> Self {
        Interval::min(*self, *other)
    }

    fn max(&self, other: &Self) -> Self {
        Interval::max(*self, *other)
    }

    fn sign_or(&self, at_zero: &Self) -> Result<Self, Fault> {
        let one = Interval::point(1.0);
        Ok(if self.low() > 0.0 {
            one
        } else if self.high() < 0.0 {
            -one
        } else {
            // Zero is possible; so are the signs that the ends reach.
            let mut hull = *at_zero;
            if self.high() > 0.0 {
                hull = hull.hull(one);
            }
            if self.low() < 0.0 {
                hull = hull.hull(-one);
            }
            hull
        })
    }

    fn select_ge(&self, other: &Self, then: &Self, otherwise: &Self) -> Result<Self, Fault> {
        Ok(if self.low() >= other.high() {
            *then
        } else if self.high() < other.low() {
            *otherwise
        } else {
            then.hull(*otherwise)
        })
    }

    fn divide(&self, other: &Self) -> Result<Self, Fault> {
        Interval::divide(*self, *other).ok_or(Fault::DivisionByZero)
    }

    fn sqrt(&self) -> Result<Self, Fault> {
        Interval::sqrt(*self).ok_or(Fault::Domain("a root"))
    }

    fn ln(&self) -> Result<Self, Fault> {
        Interval::ln(*self).ok_or(Fault::Domain("a logarithm"))
    }

    fn exp(&self) -> Result<Self, Fault> {
        Ok(Interval::exp(*self))
    }

    fn sin_cos(&self) -> Result<(Self, Self), Fault> {
        let unit = enclose(-1.0, 1.0);
        let Some(middle) = self.midpoint().filter(|_| self.is_finite()) else { return Ok((unit, unit)) };
        // Both functions move by at most as much as their argument. The midpoint is rounded, and may be an end.
        let half = (self.high() - middle).max(middle - self.low()).next_up() + 1e-15;
        let (sin, cos) = crate::scalar::sin_cos(middle);
        let near = |v: f64| enclose(v - half, v + half).intersect(unit).unwrap_or(unit);
        Ok((near(sin), near(cos)))
    }

    fn power(&self, exponent: &Self) -> Result<Self, Fault> {
        if !exponent.is_point() {
            // x^y = exp(y ln x)
            return Ok((*exponent * Scalar::ln(self)?).exp());
        }
        let y = exponent.low();
        let value = if y == 0.5 {
            Interval::sqrt(*self)
        } else if y.fract() == 0.0 && y.abs() <= 64.0 {
            self.powi(y as i32)
        } else {
            self.powf(y)
        };
        value.ok_or(Fault::Domain("a power"))
    }

    fn floor(&self) -> Result<Self, Fault> {
        Ok(enclose(self.low().floor(), self.high().floor()))
    }

    fn keep_largest(values: &mut [Self], k: usize) -> Result<(), Fault> {
        if k < values.len() {
            let zero = Interval::point(0.0);
            for value in values {
                *value = if k == 0 { zero } else { value.hull(zero) };
            }
        }
        Ok(())
    }

    fn to_bits(&self) -> (u64, u64) {
        (u64::from(self.low() > 0.0), u64::from(self.high() < 0.0))
    }

    fn from_bits(positive: u64, negative: u64) -> Self {
        Interval::point((positive & 1) as f64 - (negative & 1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_operation_contains_its_values(a in -9.0..9.0_f64, w in 0.0..3.0_f64, t in 0.0..=1.0_f64, y in 0.1..4.0_f64) {
            let x = enclose(a, a + w);
            let at = (a + t * w).clamp(a, a + w);
            let other = Interval::point(y);
            prop_assert!((x * other).contains(at * y));
            prop_assert!(Scalar::divide(&x, &other).unwrap().contains(at / y));
            let (sin, cos) = Scalar::sin_cos(&x).unwrap();
            prop_assert!(sin.contains(libm::sin(at)) && cos.contains(libm::cos(at)));
            let sign = f64::from(i8::from(at > 0.0) - i8::from(at < 0.0));
            prop_assert!(x.sign_or(&Interval::point(0.0)).unwrap().contains(sign));
            prop_assert!(Scalar::power(&x.abs(), &other).unwrap().contains(libm::pow(at.abs(), y)));
        }
    }

    #[test]
    fn sines_between_neighbouring_doubles_hold_both_ends() {
        // The midpoint of two neighbours is one of them: the other lies a whole width away.
        for a in [1e6_f64, 123_456_789.0, 3e9, -7e7, 0.5] {
            let x = enclose(a, a.next_up());
            let (sin, cos) = Scalar::sin_cos(&x).unwrap();
            for at in [x.low(), x.high()] {
                assert!(sin.contains(libm::sin(at)) && cos.contains(libm::cos(at)), "{at:?}: {sin} {cos}");
            }
        }
    }

    #[test]
    fn rationals_are_enclosed_and_dyadic_ones_are_points() {
        let third = Interval::ratio(1, 3);
        assert!(third.low() < third.high() && third.contains(1.0 / 3.0));
        assert!(Interval::ratio(3, 8).is_point());
    }
}
