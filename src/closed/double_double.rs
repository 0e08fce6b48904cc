//! Numbers of twice the precision of a double: the unevaluated sum of two doubles.
//!
//! What is left of a difference of two probabilities that agree to 16 digits is lost in doubles and still has 15 digits
//! here. Relative error of each operation: at most 2^-102, about 2e-31; of [`Dd::exponential`] and [`Dd::logarithm`]
//! about 1e-30.
//! **Source** T. J. Dekker, Numer. Math. 18 (1971); D. E. Knuth, The Art of Computer Programming 2, section 4.2.2.
//! **Ties and edge cases** Products overflow above 1e300, where Dekker's splitting does. No multiply-add is fused.

use crate::scalar::Rational;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `high + low`, with |low| at most half an ulp of `high`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Dd {
    high: f64,
    low: f64,
}

/// a + b exactly, as the rounded sum and its error.
#[inline]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let shift = sum - a;
    (sum, (a - (sum - shift)) + (b - shift))
}

/// The same where |a| >= |b| or a = 0.
#[inline]
fn quick_two_sum(a: f64, b: f64) -> Dd {
    let sum = a + b;
    Dd { high: sum, low: b - (sum - a) }
}

/// The upper and the lower half of a double's digits.
#[inline]
fn split(a: f64) -> (f64, f64) {
    const FACTOR: f64 = 134_217_729.0; // 2^27 + 1
    let scaled = FACTOR * a;
    let high = scaled - (scaled - a);
    (high, a - high)
}

/// a b exactly, as the rounded product and its error.
#[inline]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    let ((a1, a2), (b1, b2)) = (split(a), split(b));
    (product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2)
}

impl Dd {
    /// 0.
    pub(crate) const ZERO: Self = Dd { high: 0.0, low: 0.0 };
    /// 1.
    pub(crate) const ONE: Self = Dd { high: 1.0, low: 0.0 };
    /// 1/2.
    pub(crate) const HALF: Self = Dd { high: 0.5, low: 0.0 };
    /// pi.
    pub(crate) const PI: Self = Dd { high: std::f64::consts::PI, low: 1.224_646_799_147_353_2e-16 };
    /// ln 2.
    pub(crate) const LN_2: Self = Dd { high: std::f64::consts::LN_2, low: 2.319_046_813_846_299_6e-17 };

    /// The nearest double-double to an exact number.
    #[must_use]
    pub(crate) fn from_rational(value: &Rational) -> Self {
        let high = value.to_f64();
        let low = Rational::from_double(high).map_or(0.0, |h| (value.clone() - &h).to_f64());
        quick_two_sum(high, low)
    }

    /// The nearest double.
    #[must_use]
    pub(crate) fn to_f64(self) -> f64 {
        self.high + self.low
    }

    /// Absolute value.
    #[must_use]
    pub(crate) fn abs(self) -> Self {
        if self.high < 0.0 { -self } else { self }
    }

    /// Square root of a number that is not negative: one Newton step from the double's root.
    #[must_use]
    pub(crate) fn sqrt(self) -> Self {
        if self.high <= 0.0 {
            return Self::ZERO;
        }
        let root = self.high.sqrt();
        let (square, error) = two_product(root, root);
        let rest = self - Dd { high: square, low: error };
        quick_two_sum(root, rest.high / (2.0 * root))
    }

    /// Exponential; 0 below -745, infinite above 709.
    ///
    /// exp(k ln 2 + 512 r) = 2^k (1 + expm1(r))^512. expm1(r) is taken by ten terms of its series for |r| < 7e-4 (the
    /// next is below 1e-41). The power is taken by nine squarings of the part above 1, which keep its digits.
    #[must_use]
    pub(crate) fn exponential(self) -> Self {
        if self.high < -745.0 {
            return Self::ZERO;
        }
        if self.high > 709.0 {
            return Dd { high: f64::INFINITY, low: 0.0 };
        }
        let k = (self.high / std::f64::consts::LN_2).round();
        let r = (self - Self::LN_2 * k) * (1.0 / 512.0);
        let mut part = Self::ZERO;
        for n in (1..=10).rev() {
            part = (r + part * r) / f64::from(n);
        }
        for _ in 0..9 {
            part = part * 2.0 + part * part;
        }
        let whole = part + Self::ONE;
        Dd { high: libm::scalbn(whole.high, k as i32), low: libm::scalbn(whole.low, k as i32) }
    }

    /// Natural logarithm of a positive number: one Newton step on exp from the double's logarithm.
    #[must_use]
    pub(crate) fn logarithm(self) -> Self {
        let near = Dd::from(libm::log(self.high));
        near + (self * (-near).exponential() - Self::ONE)
    }
}

impl From<f64> for Dd {
    fn from(high: f64) -> Self {
        Dd { high, low: 0.0 }
    }
}

impl Neg for Dd {
    type Output = Self;
    fn neg(self) -> Self {
        Dd { high: -self.high, low: -self.low }
    }
}

impl Add for Dd {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        let (high, error) = two_sum(self.high, other.high);
        let (low, lowest) = two_sum(self.low, other.low);
        let sum = quick_two_sum(high, error + low);
        quick_two_sum(sum.high, sum.low + lowest)
    }
}

impl Sub for Dd {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Dd {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        let (high, error) = two_product(self.high, other.high);
        quick_two_sum(high, error + (self.high * other.low + self.low * other.high))
    }
}

impl Mul<f64> for Dd {
    type Output = Self;
    #[inline]
    fn mul(self, other: f64) -> Self {
        let (high, error) = two_product(self.high, other);
        quick_two_sum(high, error + self.low * other)
    }
}

impl Div for Dd {
    type Output = Self;
    #[inline]
    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self - other * first;
        let second = rest.high / other.high;
        let rest = rest - other * second;
        quick_two_sum(first, second) + Dd::from(rest.high / other.high)
    }
}

impl Div<f64> for Dd {
    type Output = Self;
    #[inline]
    fn div(self, other: f64) -> Self {
        let first = self.high / other;
        let (product, error) = two_product(first, other);
        quick_two_sum(first, ((self.high - product) - error + self.low) / other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(x: Dd) -> Rational {
        Rational::from_double(x.high).unwrap() + &Rational::from_double(x.low).unwrap()
    }

    fn gap(x: Dd, expected: &Rational) -> f64 {
        (exact(x) - expected).to_f64().abs() / expected.to_f64().abs().max(1e-300)
    }

    fn q(text: &str) -> Rational {
        text.parse().unwrap()
    }

    proptest! {
        #[test]
        fn operations_agree_with_rationals(a in -1e3..1e3_f64, b in -1e-14..1e-14_f64, c in 1e-3..1e3_f64, d in -1e-17..1e-17_f64) {
            use crate::scalar::Scalar;
            let (x, y) = (Dd::from(a) + Dd::from(b), Dd::from(c) + Dd::from(d));
            let (rx, ry) = (exact(x), exact(y));
            prop_assume!(!rx.is_zero());
            // identity: the same operation in rationals; 2^-102 = 2e-31 a step, relative to the larger operand for sums
            let sum = rx.clone() + &ry;
            let scale = rx.to_f64().abs().max(ry.to_f64()) * 4e-31;
            prop_assert!((exact(x + y) - &sum).to_f64().abs() <= scale);
            prop_assert!(gap(x * y, &(rx.clone() * &ry)) < 1e-30);
            prop_assert!(gap(x / y, &rx.divide(&ry).unwrap()) < 1e-30);
            prop_assert!(gap(x * c, &(rx.clone() * Rational::from_double(c).unwrap())) < 1e-30);
            prop_assert!(gap(x / c, &rx.divide(&Rational::from_double(c).unwrap()).unwrap()) < 1e-30);
            prop_assert!(gap(y.sqrt() * y.sqrt(), &ry) < 1e-30);
        }

        #[test]
        fn exponential_and_logarithm_are_inverse(x in -600.0..600.0_f64, small in -1e-18..1e-18_f64) {
            let x = Dd::from(x) + Dd::from(small);
            // identity; an error of 1e-30 in exp is one of 1e-30 in its logarithm
            prop_assert!((x.exponential().logarithm() - x).to_f64().abs() < 2e-30 * x.to_f64().abs().max(1.0));
            // identity: e^x e^-x = 1
            prop_assert!((x.exponential() * (-x).exponential() - Dd::ONE).to_f64().abs() < 1e-29);
        }
    }

    #[test]
    fn constants_and_functions_to_thirty_digits() {
        // reference: mpmath 1.3.0, mp.dps = 40: exp(1), exp(-10), exp(1/3), ln(10), sqrt(2), pi, ln(2)
        for (got, expected) in [
            (Dd::ONE.exponential(), "2.718281828459045235360287471352662497757"),
            (Dd::from(-10.0).exponential(), "0.00004539992976248485153559151556055061023792"),
            (Dd::from_rational(&q("1/3")).exponential(), "1.395612425086089528628125319602586837598"),
            (Dd::from(10.0).logarithm(), "2.302585092994045684017991454684364207601"),
            (Dd::from(2.0).sqrt(), "1.414213562373095048801688724209698078570"),
            (Dd::PI, "3.141592653589793238462643383279502884197"),
            (Dd::LN_2, "0.6931471805599453094172321214581765680755"),
        ] {
            assert!(gap(got, &q(expected)) < 1e-30, "{got:?} against {expected}");
        }
        assert_eq!(Dd::from(-800.0).exponential(), Dd::ZERO);
    }
}
