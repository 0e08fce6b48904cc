//! Exact rationals.

use super::{Fault, Scalar};
use dashu_base::{BitTest, Signed, UnsignedAbs};
use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;
use std::fmt;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

/// Numbers past this size are refused: a hostile `9^9^9^9` must end at once.
const MAX_BITS: usize = 1 << 18;
/// Longest decimal text and largest decimal exponent that is read.
const MAX_DIGITS: usize = 400;

/// An exact rational number in lowest terms.
///
/// ```
/// use signcheck::scalar::Rational;
/// let x: Rational = "0.05".parse().unwrap();
/// assert_eq!(x, "1/20".parse().unwrap());
/// assert_eq!(x.to_string(), "1/20");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rational(RBig);

/// A text that is no exact number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an exact number: write an integer, a decimal such as 0.05 or 1e-3, or a fraction such as 3/10")]
pub struct ParseRationalError(String);

impl Rational {
    /// The integer `n`.
    #[must_use]
    pub fn integer(n: i64) -> Self {
        Rational(RBig::from(n))
    }

    /// The value of a finite double, exactly; `None` for infinities and NaN.
    #[must_use]
    pub fn from_double(value: f64) -> Option<Self> {
        RBig::try_from(value).ok().map(Rational)
    }

    /// The nearest double.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.0.to_f64().value()
    }

    /// The integer, where the number is one and fits.
    #[must_use]
    pub fn to_i64(&self) -> Option<i64> {
        if *self.0.denominator() == UBig::ONE { i64::try_from(self.0.numerator().clone()).ok() } else { None }
    }

    /// `a/b` with the denominator always written, as in JSON results; `None` past 200 digits.
    #[must_use]
    pub fn to_fraction(&self) -> Option<String> {
        (self.bits() <= 1300)
            .then(|| format!("{}/{}", self.0.numerator(), self.0.denominator()))
            .filter(|text| text.len() <= 201)
    }

    /// -1, 0 or 1.
    #[must_use]
    pub fn signum(&self) -> i64 {
        if self.0.is_positive() && !self.is_zero() { 1 } else { -i64::from(!self.is_zero()) }
    }

    /// Whether the number is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self.0.numerator() == IBig::ZERO
    }

    /// Bits of numerator and denominator together.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.0.numerator().bit_len() + self.0.denominator().bit_len()
    }

    /// Numerator and denominator in lowest terms.
    pub(super) fn parts(&self) -> (IBig, UBig) {
        (self.0.numerator().clone(), self.0.denominator().clone())
    }

    /// The integer `n`, of any size.
    pub(super) fn from_integer(n: IBig) -> Self {
        Rational(RBig::from(n))
    }

    /// The denominator in lowest terms.
    #[must_use]
    pub fn denominator(&self) -> Self {
        Rational(RBig::from(self.0.denominator().clone()))
    }

    /// Largest integer not above the number.
    #[must_use]
    pub fn floor(&self) -> Self {
        Rational(RBig::from(self.0.floor()))
    }

    fn integer_power(&self, exponent: i64) -> Result<Self, Fault> {
        let n = exponent.unsigned_abs() as usize;
        if self.bits().saturating_mul(n.max(1)) > MAX_BITS && !self.is_unit() {
            return Err(Fault::TooLarge(MAX_BITS));
        }
        if exponent < 0 && self.is_zero() {
            return Err(Fault::DivisionByZero);
        }
        if self.is_unit() {
            return Ok(if n.is_multiple_of(2) { Self::integer(1) } else { self.clone() });
        }
        let (num, den) = (self.0.numerator().pow(n), self.0.denominator().pow(n));
        let power = Rational(RBig::from_parts(num, den));
        if exponent < 0 { Self::one().divide(&power) } else { Ok(power) }
    }

    fn is_unit(&self) -> bool {
        self.0.numerator().unsigned_abs_ref() == UBig::ONE && *self.0.denominator() == UBig::ONE
    }

    /// The exact n-th root of a number that is not negative, where there is one.
    fn exact_root(&self, n: usize) -> Result<Self, Fault> {
        if self.signum() < 0 {
            return Err(Fault::Domain("a root"));
        }
        let (num, den) = (self.0.numerator().unsigned_abs_ref(), self.0.denominator().clone());
        let (a, b) = (num.nth_root(n), den.nth_root(n));
        if a.pow(n) == num && b.pow(n) == den {
            Ok(Rational(RBig::from_parts(a.into(), b)))
        } else {
            Err(Fault::NoExactForm("an irrational root"))
        }
    }
}

/// `IBig::unsigned_abs` takes its number by value; this names the copy.
trait UnsignedAbsRef {
    fn unsigned_abs_ref(&self) -> UBig;
}
impl UnsignedAbsRef for IBig {
    fn unsigned_abs_ref(&self) -> UBig {
        self.clone().unsigned_abs()
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Rational {
    type Err = ParseRationalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || ParseRationalError(text.chars().take(60).collect());
        let clean = text.trim();
        if clean.is_empty() || clean.len() > MAX_DIGITS {
            return Err(refuse());
        }
        if let Some((n, d)) = clean.split_once('/') {
            let (n, d) = (decimal(n.trim()).ok_or_else(refuse)?, decimal(d.trim()).ok_or_else(refuse)?);
            return n.divide(&d).map_err(|_| refuse());
        }
        decimal(clean).ok_or_else(refuse)
    }
}

/// `-12.5e-3`, with `_` between digits allowed as in TOML.
fn decimal(text: &str) -> Option<Rational> {
    let text = text.replace('_', "");
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().ok().filter(|e| e.unsigned_abs() as usize <= MAX_DIGITS)?),
        None => (text.as_str(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(&digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let integer = IBig::from_str(digits.strip_prefix('+').unwrap_or(&digits)).ok()?;
    let scale = i64::from(exponent) - fraction.len() as i64;
    let ten = Rational::integer(10).integer_power(scale).ok()?;
    Some(Rational(RBig::from(integer)) * ten)
}

impl serde::Serialize for Rational {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Rational {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! ring {
    ($op:ident, $method:ident, $assign:ident, $assign_method:ident, $sym:tt) => {
        impl $op for Rational {
            type Output = Self;
            fn $method(self, rhs: Self) -> Self {
                Rational(self.0 $sym rhs.0)
            }
        }
        impl<'a> $op<&'a Rational> for Rational {
            type Output = Self;
            fn $method(self, rhs: &Self) -> Self {
                Rational(self.0 $sym &rhs.0)
            }
        }
        impl<'a> $assign<&'a Rational> for Rational {
            fn $assign_method(&mut self, rhs: &Self) {
                self.0 = std::mem::take(&mut self.0) $sym &rhs.0;
            }
        }
    };
}
ring!(Add, add, AddAssign, add_assign, +);
ring!(Sub, sub, SubAssign, sub_assign, -);
ring!(Mul, mul, MulAssign, mul_assign, *);

impl Neg for Rational {
    type Output = Self;
    fn neg(self) -> Self {
        Rational(-self.0)
    }
}

impl Scalar for Rational {
    const IS_EXACT: bool = true;

    fn ratio(n: i64, d: u64) -> Self {
        Rational(RBig::from_parts(IBig::from(n), UBig::from(d)))
    }

    fn from_rational(value: &Rational) -> Self {
        value.clone()
    }

    fn from_f64(value: f64) -> Result<Self, Fault> {
        Self::from_double(value).ok_or(Fault::NoExactForm("a value that is not finite"))
    }

    fn from_computable(value: &super::Computable) -> Result<Self, Fault> {
        value.rational().cloned().ok_or(Fault::NoExactForm("an irrational constant"))
    }

    fn add_product(&mut self, a: &Self, b: &Self) {
        self.0 = std::mem::take(&mut self.0) + &a.0 * &b.0;
    }

    fn sub_product(&mut self, a: &Self, b: &Self) {
        self.0 = std::mem::take(&mut self.0) - &a.0 * &b.0;
    }

    fn abs(&self) -> Self {
        if self.signum() < 0 { -self.clone() } else { self.clone() }
    }

    fn min(&self, other: &Self) -> Self {
        Ord::min(self, other).clone()
    }

    fn max(&self, other: &Self) -> Self {
        Ord::max(self, other).clone()
    }

    fn sign_or(&self, at_zero: &Self) -> Result<Self, Fault> {
        Ok(if self.is_zero() { at_zero.clone() } else { Self::integer(self.signum()) })
    }

    fn select_ge(&self, other: &Self, then: &Self, otherwise: &Self) -> Result<Self, Fault> {
        Ok(if self >= other { then.clone() } else { otherwise.clone() })
    }

    fn divide(&self, other: &Self) -> Result<Self, Fault> {
        if other.is_zero() {
            return Err(Fault::DivisionByZero);
        }
        Ok(Rational(&self.0 / &other.0))
    }

    fn sqrt(&self) -> Result<Self, Fault> {
        self.exact_root(2)
    }

    fn ln(&self) -> Result<Self, Fault> {
        if *self == Self::one() { Ok(Self::zero()) } else { Err(Fault::NoExactForm("a logarithm")) }
    }

    fn exp(&self) -> Result<Self, Fault> {
        if self.is_zero() { Ok(Self::one()) } else { Err(Fault::NoExactForm("an exponential")) }
    }

    fn sin_cos(&self) -> Result<(Self, Self), Fault> {
        if self.is_zero() { Ok((Self::zero(), Self::one())) } else { Err(Fault::NoExactForm("a sine")) }
    }

    fn power(&self, exponent: &Self) -> Result<Self, Fault> {
        if let Some(n) = exponent.to_i64() {
            return self.integer_power(n);
        }
        let root = u32::try_from(exponent.0.denominator().clone()).ok().filter(|n| *n <= 64);
        let power = i64::try_from(exponent.0.numerator().clone()).ok();
        match (root, power) {
            (Some(root), Some(power)) => self.exact_root(root as usize)?.integer_power(power),
            _ => Err(Fault::NoExactForm("an irrational power")),
        }
    }

    fn floor(&self) -> Result<Self, Fault> {
        Ok(Rational::floor(self))
    }

    fn keep_largest(values: &mut [Self], k: usize) -> Result<(), Fault> {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(Scalar::abs(&values[i])));
        for &i in order.iter().skip(k) {
            values[i] = Self::zero();
        }
        Ok(())
    }

    fn to_bits(&self) -> (u64, u64) {
        (u64::from(self.signum() > 0), u64::from(self.signum() < 0))
    }

    fn from_bits(positive: u64, negative: u64) -> Self {
        Self::integer((positive & 1) as i64 - (negative & 1) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q(text: &str) -> Rational {
        text.parse().unwrap()
    }

    #[test]
    fn reads_decimals_and_fractions_exactly() {
        // exact by place value
        for (text, expected) in
            [("0.05", "1/20"), ("-1.25e2", "-125"), ("1e-3", "1/1000"), ("6/4", "3/2"), ("1_000", "1000"), ("+2", "2")]
        {
            assert_eq!(q(text).to_string(), expected);
        }
        for bad in ["", "1/0", "x", "1e99999", "--1", "1.2.3", "nan", "inf", "1e", "."] {
            assert!(bad.parse::<Rational>().is_err(), "{bad}");
        }
    }

    #[test]
    fn roots_and_powers_are_exact_or_refused() {
        assert_eq!(q("9/4").sqrt().unwrap(), q("3/2"));
        assert_eq!(q("16").power(&q("3/4")).unwrap(), q("8"));
        assert_eq!(q("2").power(&q("-3")).unwrap(), q("1/8"));
        assert_eq!(q("2").sqrt(), Err(Fault::NoExactForm("an irrational root")));
        assert_eq!(q("-4").sqrt(), Err(Fault::Domain("a root")));
        assert_eq!(q("9").power(&q("387420489")), Err(Fault::TooLarge(MAX_BITS)));
    }

    #[test]
    fn keeps_the_largest_with_the_lower_index_first() {
        let mut v = [q("1"), q("-2"), q("2"), q("1/2")];
        Rational::keep_largest(&mut v, 1).unwrap();
        assert_eq!(v, [q("0"), q("-2"), q("0"), q("0")]);
    }

    #[test]
    fn sign_uses_the_given_value_at_zero() {
        assert_eq!(q("-1/3").sign_or(&q("1")).unwrap(), q("-1"));
        assert_eq!(q("0").sign_or(&q("1")).unwrap(), q("1"));
        assert_eq!([q("-2").signum(), q("0").signum(), q("7").signum()], [-1, 0, 1]);
    }
}
