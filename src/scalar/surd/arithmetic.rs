//! The operations of sums of roots.

use super::{Form, MAX_GENERATORS, Roots, SIGN_BITS, Surd};
use crate::scalar::{Computable, Enclosure, Fault, Rational, Scalar};
use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

impl Neg for Surd {
    type Output = Self;
    fn neg(self) -> Self {
        match self.0 {
            Form::Rational(q) => (-q).into(),
            Form::Roots(r) => {
                let signed = r.signed.into_iter().rev().map(|root| -root).collect();
                Surd(Form::Roots(Box::new(Roots { rational: -r.rational, signed })))
            }
            Form::TooLarge => self,
        }
    }
}

macro_rules! ring {
    ($op:ident, $method:ident, $assign:ident, $assign_method:ident, $a:ident, $b:ident => $value:expr) => {
        impl $op for Surd {
            type Output = Self;
            fn $method(self, rhs: Self) -> Self {
                let ($a, $b) = (self, &rhs);
                $value
            }
        }
        impl<'a> $op<&'a Surd> for Surd {
            type Output = Self;
            fn $method(self, rhs: &Self) -> Self {
                let ($a, $b) = (self, rhs);
                $value
            }
        }
        impl<'a> $assign<&'a Surd> for Surd {
            fn $assign_method(&mut self, rhs: &Self) {
                let ($a, $b) = (std::mem::replace(self, Surd(Form::TooLarge)), rhs);
                *self = $value;
            }
        }
    };
}
ring!(Add, add, AddAssign, add_assign, a, b => a.plus(b));
ring!(Sub, sub, SubAssign, sub_assign, a, b => a.plus(&-b.clone()));
ring!(Mul, mul, MulAssign, mul_assign, a, b => a.times(b));

impl Scalar for Surd {
    const IS_EXACT: bool = true;

    fn ratio(n: i64, d: u64) -> Self {
        Rational::ratio(n, d).into()
    }

    fn from_rational(value: &Rational) -> Self {
        value.clone().into()
    }

    fn from_f64(value: f64) -> Result<Self, Fault> {
        Rational::from_f64(value).map(Into::into)
    }

    fn from_ends(_near: f64, _low: f64, _high: f64) -> Result<Self, Fault> {
        Err(Fault::NoExactForm("a number that is known by its bounds"))
    }

    fn from_computable(value: &Computable) -> Result<Self, Fault> {
        value.surd().cloned().ok_or(Fault::NoExactForm("a constant that is no sum of roots"))
    }

    fn add_product(&mut self, a: &Self, b: &Self) {
        match (&mut self.0, &a.0, &b.0) {
            (Form::Rational(sum), Form::Rational(a), Form::Rational(b)) => sum.add_product(a, b),
            _ => *self += &a.times(b),
        }
    }

    fn sub_product(&mut self, a: &Self, b: &Self) {
        match (&mut self.0, &a.0, &b.0) {
            (Form::Rational(sum), Form::Rational(a), Form::Rational(b)) => sum.sub_product(a, b),
            _ => *self -= &a.times(b),
        }
    }

    fn abs(&self) -> Self {
        match self.signum() {
            Ok(-1) => -self.clone(),
            Ok(_) => self.clone(),
            Err(_) => Surd(Form::TooLarge),
        }
    }

    fn min(&self, other: &Self) -> Self {
        match self.order(other) {
            Ok(Ordering::Greater) => other.clone(),
            Ok(_) => self.clone(),
            Err(_) => Surd(Form::TooLarge),
        }
    }

    fn max(&self, other: &Self) -> Self {
        match self.order(other) {
            Ok(Ordering::Less) => other.clone(),
            Ok(_) => self.clone(),
            Err(_) => Surd(Form::TooLarge),
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
        if other.is_zero() {
            return Err(Fault::DivisionByZero);
        }
        match (&self.0, &other.0) {
            (Form::Rational(a), Form::Rational(b)) => a.divide(b).map(Into::into),
            _ => self.times(&other.inverse()?).kept(),
        }
    }

    fn sqrt(&self) -> Result<Self, Fault> {
        if self.signum()? < 0 {
            return Err(Fault::Domain("a root"));
        }
        self.root(MAX_GENERATORS)
    }

    fn ln(&self) -> Result<Self, Fault> {
        if *self == Self::one() {
            return Ok(Self::zero());
        }
        if self.signum()? <= 0 { Err(Fault::Domain("a logarithm")) } else { Err(Fault::NoExactForm("a logarithm")) }
    }

    fn exp(&self) -> Result<Self, Fault> {
        if self.is_zero() { Ok(Self::one()) } else { Err(Fault::NoExactForm("an exponential")) }
    }

    fn sin_cos(&self) -> Result<(Self, Self), Fault> {
        if self.is_zero() { Ok((Self::zero(), Self::one())) } else { Err(Fault::NoExactForm("a sine")) }
    }

    fn power(&self, exponent: &Self) -> Result<Self, Fault> {
        let Some(exponent) = exponent.rational() else { return Err(Fault::NoExactForm("an irrational power")) };
        if let Some(n) = exponent.to_i64() {
            return self.whole_power(n);
        }
        if let Some(n) = (exponent.clone() * &Rational::integer(2)).to_i64() {
            return Scalar::sqrt(self)?.whole_power(n);
        }
        match &self.0 {
            Form::Rational(q) => q.power(exponent).map(Into::into),
            _ => Err(Fault::NoExactForm("an irrational power")),
        }
    }

    fn floor(&self) -> Result<Self, Fault> {
        if let Form::Rational(q) = &self.0 {
            return Ok(q.floor().into());
        }
        let mut bits = SIGN_BITS.0;
        while bits <= SIGN_BITS.1 {
            // Irrational: some precision parts it from the whole numbers.
            let whole = Enclosure::at_precision(bits, || self.enclosure()?.floor().ok()?.exact().cloned());
            match whole {
                Some(whole) => return Ok(whole.into()),
                None if self.is_too_large() => break,
                None => bits *= 2,
            }
        }
        Err(Fault::Undecided("a whole part"))
    }

    fn keep_largest(values: &mut [Self], k: usize) -> Result<(), Fault> {
        let sizes = values.iter().map(|v| Scalar::abs(v).kept()).collect::<Result<Vec<_>, Fault>>()?;
        let (mut order, mut fault): (Vec<usize>, _) = ((0..values.len()).collect(), None);
        order.sort_by(|&a, &b| {
            sizes[b].order(&sizes[a]).unwrap_or_else(|why| {
                fault = Some(why);
                Ordering::Equal
            })
        });
        for &i in order.iter().skip(k) {
            values[i] = Self::zero();
        }
        fault.map_or(Ok(()), Err)
    }

    fn to_bits(&self) -> (u64, u64) {
        let sign = self.signum().unwrap_or(0);
        (u64::from(sign > 0), u64::from(sign < 0))
    }

    fn from_bits(positive: u64, negative: u64) -> Self {
        Self::ratio((positive & 1) as i64 - (negative & 1) as i64, 1)
    }
}
