//! What an enclosure can do as a scalar: order, roots and transcendental functions.

use super::{
    Enclosure, Float, Form, LOST, Made, PRECISION, around, down, greater, kept, lesser, negative, positive, up,
};
use crate::scalar::{Fault, Rational, Scalar};
use dashu_float::{ConstCache, Context, FBig, round::mode::Down};
use std::cell::RefCell;
use std::cmp::Ordering;

thread_local! {
    /// pi and logarithms of small numbers, computed once for a precision.
    static CONSTANTS: RefCell<ConstCache> = const { RefCell::new(ConstCache::new()) };
}

fn constants<T>(f: impl FnOnce(&mut ConstCache) -> T) -> T {
    CONSTANTS.with_borrow_mut(f)
}

/// At and below this power of two the series of sine and cosine are summed.
const SMALL: isize = -16;
/// Numbers above this power of two have no sine here: every halving costs two bits.
const LARGE: isize = 64;

/// 1 - s/(i(i+1)) + s^2/(i(i+1)(i+2)(i+3)) - .. for 0 <= s <= 2^-32: cos x at s = x^2 from i = 1, sin x/x from i = 2.
/// The terms alternate and fall, so that what is left out is at most the first of it.
fn alternating(square: &Enclosure, first: u64) -> Enclosure {
    let (mut sum, mut term, mut i) = (Enclosure::one(), Enclosure::one(), first);
    loop {
        term = -term.times(square).times(&Enclosure::ratio(1, i * (i + 1)));
        let (low, high) = term.floats();
        let top = greater(high, -low);
        if size_of(&top) <= -(PRECISION.get() as isize) {
            return sum.plus(&Enclosure::between(-top.clone(), top));
        }
        sum = sum.plus(&term);
        i += 2;
    }
}

/// Sine and cosine of a float: series at x/2^n, then n doublings of the angle, in floats that are longer by what these
/// lose. The library's correctly rounded ones do not end in any reasonable time at some arguments.
fn sin_cos_at(x: &Float) -> Result<(Enclosure, Enclosure), Fault> {
    let (significand, exponent) = x.clone().into_parts();
    let size = size_of(x).max(SMALL);
    if size > LARGE {
        return Err(Fault::Undecided("a sine of a large number"));
    }
    let halvings = (size - SMALL).max(0);
    Ok(Enclosure::at_precision(PRECISION.get() + 2 * halvings as usize + 16, || {
        let small = Float::new(significand, exponent - halvings);
        let x = Enclosure::between(small.clone(), small);
        let square = x.squared();
        let (mut sin, mut cos) = (x.times(&alternating(&square, 2)), alternating(&square, 1));
        let two = Enclosure::ratio(2, 1);
        for _ in 0..halvings {
            (sin, cos) = (sin.times(&cos).times(&two), Enclosure::one() - &sin.squared().times(&two));
        }
        (sin, cos)
    }))
}

/// The power of two above a float's size.
fn size_of(x: &Float) -> isize {
    if x.significand().is_zero() { isize::MIN / 2 } else { x.exponent() + x.digits() as isize }
}

/// 1 + x <= e^x <= 1 + x + x^2 for |x| <= 1. The library's correctly rounded exponential of a tiny number ends only
/// when it sees the digits of x behind those of 1.
fn exp_of_small(a: Float, b: Float) -> Enclosure {
    let high = Enclosure::between(b.clone(), b);
    let low = Enclosure::between(a.clone(), a);
    let (low, high) = (Enclosure::one().plus(&low), Enclosure::one().plus(&high).plus(&high.squared()));
    Enclosure::between(low.floats().0, high.floats().1)
}

impl Scalar for Enclosure {
    const IS_EXACT: bool = false;

    fn ratio(n: i64, d: u64) -> Self {
        Self::from_exact(Rational::ratio(n, d))
    }

    fn from_rational(value: &Rational) -> Self {
        Self::from_exact(value.clone())
    }

    fn from_f64(_value: f64) -> Result<Self, Fault> {
        Err(Fault::NoExactForm("a constant known in double precision only"))
    }

    fn from_ends(_near: f64, low: f64, high: f64) -> Result<Self, Fault> {
        if low == high {
            return Rational::from_double(low)
                .map(Self::from_exact)
                .ok_or(Fault::NoExactForm("a constant without bounds"));
        }
        match (Rational::from_double(low), Rational::from_double(high)) {
            (Some(low), Some(high)) => Ok(Self::between(around(&low).0, around(&high).1)),
            _ => Err(Fault::NoExactForm("a constant without bounds")),
        }
    }

    fn from_computable(value: &crate::scalar::Computable) -> Result<Self, Fault> {
        value.enclosure()
    }

    fn add_product(&mut self, a: &Self, b: &Self) {
        // v + a a is a square: its factor is not counted as two unrelated numbers.
        *self += &if std::ptr::eq(a, b) { a.squared() } else { a.times(b) };
    }

    fn sub_product(&mut self, a: &Self, b: &Self) {
        *self -= &a.times(b);
    }

    fn abs(&self) -> Self {
        match (&self.0, self.decided_sign()) {
            (Form::Exact(q), _) => Enclosure(Form::Exact(Scalar::abs(q))),
            (_, Some(1)) => self.clone(),
            (_, Some(_)) => -self.clone(),
            (Form::Between(ends), None) if ends.0.is_infinite() => self.clone(),
            (Form::Between(ends), None) => {
                let mark = ends.2.made_with(ends.2.negated(), Made::Size);
                Self::between(Float::zero(), greater(-ends.0.clone(), ends.1.clone())).marked(mark)
            }
        }
    }

    fn min(&self, other: &Self) -> Self {
        match self.compare(other) {
            Some(Ordering::Greater) => other.clone(),
            Some(_) => self.clone(),
            None => {
                let ((a, b), (c, d)) = (self.floats(), other.floats());
                Self::between(lesser(a, c), lesser(b, d)).marked(self.mark().made_with(other.mark(), Made::Least))
            }
        }
    }

    fn max(&self, other: &Self) -> Self {
        match self.compare(other) {
            Some(Ordering::Less) => other.clone(),
            Some(_) => self.clone(),
            None => {
                let ((a, b), (c, d)) = (self.floats(), other.floats());
                Self::between(greater(a, c), greater(b, d)).marked(self.mark().made_with(other.mark(), Made::Largest))
            }
        }
    }

    fn sign_or(&self, at_zero: &Self) -> Result<Self, Fault> {
        match self.decided_sign() {
            Some(0) => Ok(at_zero.clone()),
            Some(sign) => Ok(Self::ratio(sign, 1)),
            None => Self::hull_or_fault("a sign", || {
                let (low, high) = self.floats();
                let below = if low.is_infinite() || negative(&low) { Self::ratio(-1, 1) } else { at_zero.clone() };
                let above = if high.is_infinite() || positive(&high) { Self::one() } else { at_zero.clone() };
                below.hull(&above).hull(at_zero)
            }),
        }
    }

    fn select_ge(&self, other: &Self, then: &Self, otherwise: &Self) -> Result<Self, Fault> {
        match self.compare(other) {
            Some(Ordering::Less) => Ok(otherwise.clone()),
            Some(_) => Ok(then.clone()),
            None => Self::hull_or_fault("which of two numbers is larger", || then.hull(otherwise)),
        }
    }

    fn divide(&self, other: &Self) -> Result<Self, Fault> {
        if other.is_exact_zero() {
            return Err(Fault::DivisionByZero);
        }
        if let (Form::Exact(a), Form::Exact(b)) = (&self.0, &other.0) {
            return a.divide(b).map(Self::from_exact);
        }
        match other.decided_sign() {
            Some(1 | -1) => {}
            _ => return Err(Fault::Undecided("whether a divisor is 0")),
        }
        let (c, d) = other.floats();
        let one = Float::one();
        let what = "a quotient";
        let inverse = Self::between(kept(down().div(&one, &d), what)?, kept(up().div(&one, &c), what)?);
        Ok(self.times(&inverse.marked(other.mark().inverted())))
    }

    fn sqrt(&self) -> Result<Self, Fault> {
        if let Form::Exact(q) = &self.0 {
            match q.sqrt() {
                Ok(root) => return Ok(Enclosure(Form::Exact(root))),
                Err(Fault::NoExactForm(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        let (a, b) = self.floats();
        if negative(&b) {
            return Err(Fault::Domain("a root"));
        }
        // What is rooted is not negative; only its enclosure may reach below 0.
        let a = if negative(&a) { Float::zero() } else { a };
        let root = Self::between(kept(down().sqrt(&a), "a root")?, kept(up().sqrt(&b), "a root")?);
        Ok(root.marked(self.mark().made(Made::Root)))
    }

    fn ln(&self) -> Result<Self, Fault> {
        if self.exact().is_some_and(|q| *q == Rational::one()) {
            return Ok(Self::zero());
        }
        match self.decided_sign() {
            Some(1) => {}
            Some(_) => return Err(Fault::Domain("a logarithm")),
            None => return Err(Fault::Undecided("the sign of a logarithm's argument")),
        }
        let (a, b) = self.floats();
        constants(|c| {
            let what = "a logarithm";
            Ok(Self::between(kept(down().ln(&a, Some(&mut *c)), what)?, kept(up().ln(&b, Some(c)), what)?))
        })
        .map(|value: Self| value.marked(self.mark().made(Made::Logarithm)))
    }

    fn exp(&self) -> Result<Self, Fault> {
        if self.is_exact_zero() {
            return Ok(Self::one());
        }
        let (a, b) = self.floats();
        if size_of(&a).max(size_of(&b)) <= -(PRECISION.get() as isize) / 2 {
            return Ok(exp_of_small(a, b).marked(self.mark().made(Made::Exponential)));
        }
        constants(|c| {
            let what = "an exponential";
            Ok(Self::between(kept(down().exp(&a, Some(&mut *c)), what)?, kept(up().exp(&b, Some(c)), what)?))
        })
        .map(|value: Self| value.marked(self.mark().made(Made::Exponential)))
    }

    fn sin_cos(&self) -> Result<(Self, Self), Fault> {
        if self.is_exact_zero() {
            return Ok((Self::zero(), Self::one()));
        }
        let (a, b) = self.floats();
        let what = "a sine";
        if a.is_infinite() || b.is_infinite() {
            return Err(Fault::Undecided(what));
        }
        let width = Self::between(Float::zero(), kept(up().sub(&b, &a), what)?);
        let moves = Self::between((-width.clone()).floats().0, width.floats().1);
        let (sin, cos) = sin_cos_at(&a)?;
        // Both functions move by at most as much as their argument.
        let made = |value: Self, by| value.plus(&moves).marked(self.mark().made(by));
        Ok((made(sin, Made::Sine), made(cos, Made::Cosine)))
    }

    fn power(&self, exponent: &Self) -> Result<Self, Fault> {
        if let (Form::Exact(base), Form::Exact(exponent)) = (&self.0, &exponent.0) {
            match base.power(exponent) {
                Ok(value) => return Ok(Self::from_exact(value)),
                Err(Fault::NoExactForm(_) | Fault::TooLarge(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        if let Some(n) = exponent.exact().and_then(Rational::to_i64) {
            return self.whole_power(n);
        }
        if exponent.exact().is_some_and(|q| *q == Rational::ratio(1, 2)) {
            return Scalar::sqrt(self);
        }
        // x^y = exp(y ln x)
        exponent.times(&self.ln()?).exp()
    }

    fn floor(&self) -> Result<Self, Fault> {
        if let Form::Exact(q) = &self.0 {
            return Ok(Enclosure(Form::Exact(q.floor())));
        }
        let (a, b) = self.floats();
        if a.is_infinite() || b.is_infinite() {
            return Err(Fault::Undecided("a whole part"));
        }
        let whole = |x: &Float| FBig::<Down, 2>::from_repr(x.clone(), Context::new(0)).floor().to_int().value();
        let (a, b) = (whole(&a), whole(&b));
        let whole = |n| Self::from_exact(Rational::from_integer(n));
        if a == b { Ok(whole(a)) } else { Self::hull_or_fault("a whole part", || whole(a).hull(&whole(b))) }
    }

    fn keep_largest(values: &mut [Self], k: usize) -> Result<(), Fault> {
        let sizes: Vec<Self> = values.iter().map(Scalar::abs).collect();
        // How many stand before an entry, for certain and at most.
        let mut before = vec![(0, 0); values.len()];
        for (i, before) in before.iter_mut().enumerate() {
            for (j, size) in sizes.iter().enumerate().filter(|(j, _)| *j != i) {
                let ahead = match size.compare(&sizes[i]) {
                    Some(Ordering::Greater) => (1, 1),
                    Some(Ordering::Equal) if j < i => (1, 1),
                    Some(_) => (0, 0),
                    None => (0, 1),
                };
                *before = (before.0 + ahead.0, before.1 + ahead.1);
            }
        }
        for (value, (surely, perhaps)) in values.iter_mut().zip(before) {
            if surely >= k {
                *value = Self::zero();
            } else if perhaps >= k {
                *value = Self::hull_or_fault("which entries are largest", || value.hull(&Self::zero()))?;
            }
        }
        Ok(())
    }

    fn to_bits(&self) -> (u64, u64) {
        let sign = self.decided_sign().unwrap_or_else(|| {
            LOST.set(true);
            0
        });
        (u64::from(sign > 0), u64::from(sign < 0))
    }

    fn from_bits(positive: u64, negative: u64) -> Self {
        Self::ratio((positive & 1) as i64 - (negative & 1) as i64, 1)
    }
}
