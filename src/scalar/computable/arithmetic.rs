//! The operations of formulas.

use super::atom::{self, Atom, Kind};
use super::{Computable, PRECISIONS};
use crate::scalar::{Enclosure, Fault, Rational, Scalar, Surd};
use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

impl Neg for Computable {
    type Output = Self;
    fn neg(self) -> Self {
        self.scaled(&-Surd::one())
    }
}

ring_of_references!(Computable: Add, add, AddAssign, add_assign, a, b => a.plus(b));
ring_of_references!(Computable: Sub, sub, SubAssign, sub_assign, a, b => a.plus(&-b.clone()));
ring_of_references!(Computable: Mul, mul, MulAssign, mul_assign, a, b => a.times(b));

impl Scalar for Computable {
    const IS_EXACT: bool = true;

    fn ratio(n: i64, d: u64) -> Self {
        Rational::ratio(n, d).into()
    }

    fn from_rational(value: &Rational) -> Self {
        value.clone().into()
    }

    fn from_f64(_value: f64) -> Result<Self, Fault> {
        Err(Fault::NoExactForm("a constant known in double precision only"))
    }

    fn from_ends(_near: f64, low: f64, high: f64) -> Result<Self, Fault> {
        Enclosure::from_ends(low, low, high).map(Into::into)
    }

    fn from_computable(value: &Computable) -> Result<Self, Fault> {
        Ok(value.clone())
    }

    fn add_product(&mut self, a: &Self, b: &Self) {
        *self += &a.times(b);
    }

    fn sub_product(&mut self, a: &Self, b: &Self) {
        *self -= &a.times(b);
    }

    fn abs(&self) -> Self {
        match self.signum() {
            Ok(-1) => -self.clone(),
            Ok(_) => self.clone(),
            Err(_) => Self::atom(Atom::new(Kind::Abs(self.clone()))),
        }
    }

    fn min(&self, other: &Self) -> Self {
        match self.order(other) {
            Ok(Ordering::Greater) => other.clone(),
            Ok(_) => self.clone(),
            Err(_) => Self::opaque(|| Ok(self.enclosure()?.min(&other.enclosure()?))),
        }
    }

    fn max(&self, other: &Self) -> Self {
        match self.order(other) {
            Ok(Ordering::Less) => other.clone(),
            Ok(_) => self.clone(),
            Err(_) => Self::opaque(|| Ok(self.enclosure()?.max(&other.enclosure()?))),
        }
    }

    fn sign_or(&self, at_zero: &Self) -> Result<Self, Fault> {
        Ok(match self.signum()? {
            0 => at_zero.clone(),
            sign => Self::ratio(sign, 1),
        })
    }

    fn select_ge(&self, other: &Self, then: &Self, otherwise: &Self) -> Result<Self, Fault> {
        Ok(if self.order(other)? == Ordering::Less { otherwise.clone() } else { then.clone() })
    }

    fn divide(&self, other: &Self) -> Result<Self, Fault> {
        match other.signum().map_err(|_| Fault::Undecided("whether a divisor is 0"))? {
            0 => Err(Fault::DivisionByZero),
            _ if self.is(other) => Ok(Self::one()),
            sign => {
                let size = if sign < 0 { -other.clone() } else { other.clone() };
                let inverse = size.positive_power(&Rational::integer(-1))?;
                Ok(self.times(&if sign < 0 { -inverse } else { inverse }))
            }
        }
    }

    fn sqrt(&self) -> Result<Self, Fault> {
        self.power(&Self::ratio(1, 2))
    }

    fn ln(&self) -> Result<Self, Fault> {
        match self.signum()? {
            1 => atom::logarithm(self),
            _ => Err(Fault::Domain("a logarithm")),
        }
    }

    fn exp(&self) -> Result<Self, Fault> {
        atom::exponential(self)
    }

    fn sin_cos(&self) -> Result<(Self, Self), Fault> {
        if self.surd().is_some_and(Surd::is_zero) {
            return Ok((Self::zero(), Self::one()));
        }
        let of = |kind: fn(Computable) -> Kind| Self::atom(Atom::new(kind(self.clone())));
        Ok((of(Kind::Sin), of(Kind::Cos)))
    }

    fn power(&self, exponent: &Self) -> Result<Self, Fault> {
        let Some(r) = exponent.rational() else {
            return match self.signum()? {
                1 => atom::exponential(&exponent.times(&atom::logarithm(self)?)),
                0 if exponent.signum()? > 0 => Ok(Self::zero()),
                _ => Err(Fault::Domain("an irrational power")),
            };
        };
        if r.is_zero() {
            return Ok(Self::one());
        }
        match (self.signum()?, r.to_i64()) {
            (1, _) => self.positive_power(r),
            (0, _) if r.signum() < 0 => Err(Fault::DivisionByZero),
            (0, _) => Ok(Self::zero()),
            (_, Some(n)) => {
                let size = (-self.clone()).positive_power(r)?;
                Ok(if n % 2 == 0 { size } else { -size })
            }
            // The odd root of a negative number is left to the rationals' own rule.
            (_, None) => match self.rational() {
                Some(q) => q.power(r).map(Into::into),
                None => Err(Fault::Domain("a root")),
            },
        }
    }

    fn floor(&self) -> Result<Self, Fault> {
        if let Some(surd) = self.surd() {
            return surd.floor().map(Into::into);
        }
        for bits in PRECISIONS {
            let whole = Enclosure::at_precision(bits, || self.enclosure().ok()?.floor().ok()?.exact().cloned());
            if let Some(whole) = whole {
                return Ok(whole.into());
            }
        }
        Err(Fault::Undecided("a whole part"))
    }

    fn keep_largest(_values: &mut [Self], _k: usize) -> Result<(), Fault> {
        // No run goes in this arithmetic: it is that of constants and of the sides of bounds.
        Err(Fault::NoExactForm("a choice of the largest entries"))
    }

    fn to_bits(&self) -> (u64, u64) {
        let sign = self.signum().unwrap_or(0);
        (u64::from(sign > 0), u64::from(sign < 0))
    }

    fn from_bits(positive: u64, negative: u64) -> Self {
        Self::ratio((positive & 1) as i64 - (negative & 1) as i64, 1)
    }
}
