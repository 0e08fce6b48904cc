//! Lanes that know how far their rounding may have taken them.
//!
//! Beside every double stands a bound on its distance to the number that exact arithmetic gives along the same path of signs and
//! choices (running error analysis; Higham, Accuracy and Stability of Numerical Algorithms, section 3.3). Rounding errors of sums,
//! products and quotients are found exactly (Dekker, Numerische Mathematik 18, 1971), so that what is exact in doubles has the bound 0:
//! a lattice of dyadic steps stays exact. Where a sign, an order or a choice of the largest is taken of numbers that their bounds do
//! not tell apart, the lane is noted in [`Checked::near`]: from there on it may be on another path.

use super::lane::{WIDTH, Wide};
use super::{Fault, Lane, Rational, Scalar, elementary};
use std::cell::Cell;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// Factor that covers the rounding of a bound's own few operations.
const UP: f64 = 1.0 + 16.0 * f64::EPSILON;
/// Veltkamp's splitter, 2^27 + 1.
const SPLIT: f64 = 134_217_729.0;
/// Below this a product's rounding error is itself rounded.
const TINY: f64 = 1e-280;

thread_local! {
    /// Lanes of the thread's run that chose between numbers within their rounding errors.
    static NEAR: Cell<u64> = const { Cell::new(0) };
}

/// 64 replicates of one number, each with a bound on its rounding error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Checked {
    value: Wide,
    error: Wide,
}

#[inline(always)]
fn sum(a: f64, b: f64, ea: f64, eb: f64) -> (f64, f64) {
    let v = a + b;
    let part = v - a;
    let rest = (a - (v - part)) + (b - part);
    (v, (ea + eb + rest.abs()) * UP)
}

/// A product and what its rounding took.
#[inline(always)]
fn exact_product(a: f64, b: f64) -> (f64, f64) {
    let v = a * b;
    let split = |x: f64| {
        let c = SPLIT * x;
        let high = c - (c - x);
        (high, x - high)
    };
    let ((ah, al), (bh, bl)) = (split(a), split(b));
    let rest = (((ah * bh - v) + ah * bl) + al * bh) + al * bl;
    // Out of the range where splitting is exact, half an ulp stands for it.
    let size = v.abs();
    let plain = size * f64::EPSILON + f64::MIN_POSITIVE;
    let fits = rest.is_finite() && (size > TINY || a == 0.0 || b == 0.0);
    (v, if fits { rest } else { plain })
}

#[inline(always)]
fn product(a: f64, b: f64, ea: f64, eb: f64) -> (f64, f64) {
    let (v, rest) = exact_product(a, b);
    // 0 times an unbounded error is no error: the factor is exactly 0.
    let left = if a == 0.0 { 0.0 } else { a.abs() * eb };
    let right = if b == 0.0 { 0.0 } else { b.abs() * ea };
    let both = if ea == 0.0 || eb == 0.0 { 0.0 } else { ea * eb };
    (v, (left + right + both + rest.abs()) * UP)
}

#[inline(always)]
fn quotient(a: f64, b: f64, ea: f64, eb: f64) -> (f64, f64) {
    let v = a / b;
    let (back, rest) = exact_product(v, b);
    let missing = ((a - back) - rest).abs();
    let least = b.abs() - eb;
    let error = if least > 0.0 { (ea + v.abs() * eb + missing) / least } else { f64::INFINITY };
    (v, error * UP)
}

#[inline(always)]
fn root(a: f64, ea: f64) -> (f64, f64) {
    let v = a.sqrt();
    let (back, rest) = exact_product(v, v);
    if ea == 0.0 && back == a && rest == 0.0 {
        return (v, 0.0);
    }
    // |sqrt x - sqrt y| is at most |x - y|/sqrt x, and at most sqrt |x - y|.
    let carried = if ea == 0.0 { 0.0 } else { (ea / v).min(ea.sqrt()) };
    (v, (carried + v * f64::EPSILON) * UP)
}

impl Checked {
    /// Numbers that are what they are.
    #[inline(always)]
    #[must_use]
    pub fn exact(value: Wide) -> Self {
        Checked { value, error: Lane::splat(0.0) }
    }

    /// Numbers of which each is off by at most `error`.
    #[inline(always)]
    #[must_use]
    pub fn within(value: Wide, error: f64) -> Self {
        Checked { value, error: Lane::splat(error) }
    }

    /// The doubles.
    #[inline(always)]
    #[must_use]
    pub fn value(&self) -> &Wide {
        &self.value
    }

    /// The bounds.
    #[inline(always)]
    #[must_use]
    pub fn error(&self) -> &Wide {
        &self.error
    }

    /// The lanes' numbers and bounds where a bit of `lanes` is set, else those of `other`.
    #[must_use]
    pub fn choose(&self, lanes: u64, other: &Self) -> Self {
        let mut out = *other;
        for i in (0..WIDTH).filter(|i| lanes >> i & 1 == 1) {
            (out.value.0[i], out.error.0[i]) = (self.value.0[i], self.error.0[i]);
        }
        out
    }

    /// Runs `f`; gives with its result a bit for each lane that took a sign, an order or a choice of numbers within their rounding
    /// errors while it ran.
    pub fn near<T>(f: impl FnOnce() -> T) -> (T, u64) {
        let before = NEAR.replace(0);
        let out = f();
        (out, NEAR.replace(before))
    }

    #[inline(always)]
    fn each(&self, f: impl Fn(f64, f64) -> (f64, f64)) -> Self {
        let mut out = *self;
        for i in 0..WIDTH {
            (out.value.0[i], out.error.0[i]) = f(self.value.0[i], self.error.0[i]);
        }
        out
    }

    #[inline(always)]
    fn pair(&self, other: &Self, f: impl Fn(f64, f64, f64, f64) -> (f64, f64)) -> Self {
        let mut out = *self;
        for i in 0..WIDTH {
            (out.value.0[i], out.error.0[i]) = f(self.value.0[i], other.value.0[i], self.error.0[i], other.error.0[i]);
        }
        out
    }

    /// Notes the lanes for which `is_near` holds.
    #[inline(always)]
    fn note(is_near: impl Fn(usize) -> bool) {
        let mut lanes = 0_u64;
        for i in 0..WIDTH {
            lanes |= u64::from(is_near(i)) << i;
        }
        if lanes != 0 {
            NEAR.set(NEAR.get() | lanes);
        }
    }

    fn single(value: f64, error: f64) -> Self {
        Checked { value: Lane::splat(value), error: Lane::splat(error) }
    }
}

/// The error of the nearest double to a rational.
pub fn rounding_of(value: &Rational) -> f64 {
    let near = value.to_f64();
    if Rational::from_double(near).is_some_and(|q| q == *value) {
        0.0
    } else {
        near.abs() * f64::EPSILON + f64::MIN_POSITIVE
    }
}

macro_rules! ring {
    ($op:ident, $method:ident, $assign:ident, $assign_method:ident, $f:expr) => {
        impl $op for Checked {
            type Output = Self;
            #[inline(never)]
            fn $method(self, rhs: Self) -> Self {
                self.pair(&rhs, $f)
            }
        }
        impl<'a> $op<&'a Checked> for Checked {
            type Output = Self;
            #[inline(never)]
            fn $method(self, rhs: &Self) -> Self {
                self.pair(rhs, $f)
            }
        }
        impl<'a> $assign<&'a Checked> for Checked {
            #[inline(never)]
            fn $assign_method(&mut self, rhs: &Self) {
                *self = self.pair(rhs, $f);
            }
        }
    };
}
ring!(Add, add, AddAssign, add_assign, sum);
ring!(Sub, sub, SubAssign, sub_assign, |a, b, ea, eb| sum(a, -b, ea, eb));
ring!(Mul, mul, MulAssign, mul_assign, product);

impl Neg for Checked {
    type Output = Self;
    #[inline(never)]
    fn neg(self) -> Self {
        Checked { value: -self.value, error: self.error }
    }
}

// Calls, not inlined code: an operation works through 64 lanes, and inlined into every method it would cost more to compile than
// it gains.
impl Scalar for Checked {
    const IS_EXACT: bool = false;
    const LANES: usize = WIDTH;

    #[inline(always)]
    fn lane(&self, lane: usize) -> Option<f64> {
        self.value.lane(lane)
    }

    /// The double is another's, with an error that is not known.
    #[inline(never)]
    fn set_lane(&mut self, lane: usize, value: f64) {
        self.value.set_lane(lane, value);
        self.error.set_lane(lane, f64::INFINITY);
    }

    #[inline(always)]
    fn dispatch<R>(f: impl FnOnce() -> R) -> R {
        Wide::dispatch(f)
    }

    #[inline(never)]
    fn ratio(n: i64, d: u64) -> Self {
        let value = n as f64 / d as f64;
        let exact = d.is_power_of_two() && n.unsigned_abs() < 1 << 53
            || n.unsigned_abs() % d == 0 && n.unsigned_abs() < 1 << 53;
        Self::single(value, if exact { 0.0 } else { value.abs() * 2.0 * f64::EPSILON })
    }

    fn from_rational(value: &Rational) -> Self {
        Self::single(value.to_f64(), rounding_of(value))
    }

    fn from_f64(value: f64) -> Result<Self, Fault> {
        Ok(Self::single(value, 0.0))
    }

    fn from_ends(near: f64, low: f64, high: f64) -> Result<Self, Fault> {
        Ok(Self::single(near, (high - near).max(near - low).next_up()))
    }

    #[inline(never)]
    fn from_rounded(value: f64, error: f64) -> Result<Self, Fault> {
        Ok(Self::single(value, error))
    }

    #[inline(never)]
    fn add_product(&mut self, a: &Self, b: &Self) {
        *self += &a.pair(b, product);
    }

    #[inline(never)]
    fn sub_product(&mut self, a: &Self, b: &Self) {
        *self -= &a.pair(b, product);
    }

    #[inline(never)]
    fn abs(&self) -> Self {
        Checked { value: Scalar::abs(&self.value), error: self.error }
    }

    #[inline(never)]
    fn min(&self, other: &Self) -> Self {
        self.pair(other, |a, b, ea, eb| {
            let v = if b < a || b.is_nan() { b } else { a };
            // The smaller one's own error where it is certain which that is.
            let clear = if b < a { b + eb < a - ea } else { a + ea < b - eb };
            (v, if clear { if b < a { eb } else { ea } } else { ea.max(eb) })
        })
    }

    #[inline(never)]
    fn max(&self, other: &Self) -> Self {
        self.pair(other, |a, b, ea, eb| {
            let v = if b > a || b.is_nan() { b } else { a };
            let clear = if b > a { b - eb > a + ea } else { a - ea > b + eb };
            (v, if clear { if b > a { eb } else { ea } } else { ea.max(eb) })
        })
    }

    #[inline(never)]
    fn sign_or(&self, at_zero: &Self) -> Result<Self, Fault> {
        Self::note(|i| self.error.0[i] > 0.0 && self.value.0[i].abs() <= self.error.0[i]);
        Ok(self.pair(at_zero, |v, z, _, ez| {
            if v > 0.0 {
                (1.0, 0.0)
            } else if v < 0.0 {
                (-1.0, 0.0)
            } else if v == 0.0 {
                (z, ez)
            } else {
                (v, 0.0)
            }
        }))
    }

    #[inline(never)]
    fn at_least(&self, other: &Self, then: &Self, otherwise: &Self) -> Result<Self, Fault> {
        let slack = |i: usize| (self.error.0[i] + other.error.0[i]) * UP;
        Self::note(|i| slack(i) > 0.0 && (self.value.0[i] - other.value.0[i]).abs() * UP.recip() <= slack(i));
        let mut out = *otherwise;
        for i in 0..WIDTH {
            if self.value.0[i] >= other.value.0[i] {
                (out.value.0[i], out.error.0[i]) = (then.value.0[i], then.error.0[i]);
            }
        }
        Ok(out)
    }

    #[inline(never)]
    fn divide(&self, other: &Self) -> Result<Self, Fault> {
        Ok(self.pair(other, quotient))
    }

    #[inline(never)]
    fn sqrt(&self) -> Result<Self, Fault> {
        Ok(self.each(root))
    }

    /// |ln x - ln y| is at most |x - y| over the smaller.
    fn ln(&self) -> Result<Self, Fault> {
        Ok(self.each(|a, ea| {
            let v = elementary::ln(a);
            let carried = if a > ea { ea / (a - ea) } else { f64::INFINITY };
            (v, if ea == 0.0 && a == 1.0 { 0.0 } else { (carried + (v.abs() + 1e-300) * 4.0 * f64::EPSILON) * UP })
        }))
    }

    /// e^x errs by e^x (e^h - 1), at most 2 h e^x for h up to 1.
    fn exp(&self) -> Result<Self, Fault> {
        Ok(self.each(|a, ea| {
            let v = elementary::exp(a);
            let carried = if ea <= 1.0 { 2.0 * ea } else { f64::INFINITY };
            let own = 4.0 * f64::EPSILON;
            (v, if ea == 0.0 && a == 0.0 { 0.0 } else { v * (carried + own) * UP + f64::MIN_POSITIVE })
        }))
    }

    fn sin_cos(&self) -> Result<(Self, Self), Fault> {
        let own = 4.0 * f64::EPSILON;
        let error = |a: f64, ea: f64| if a == 0.0 && ea == 0.0 { 0.0 } else { (ea + own) * UP };
        let sin = self.each(|a, ea| (elementary::sin_cos(a).0, error(a, ea)));
        Ok((sin, self.each(|a, ea| (elementary::sin_cos(a).1, error(a, ea)))))
    }

    /// Exact whole powers of exact numbers up to 2^53; else through logarithms.
    fn power(&self, exponent: &Self) -> Result<Self, Fault> {
        Ok(self.pair(exponent, |a, y, ea, ey| {
            let v = elementary::pow(a, y);
            if ey == 0.0 && (y == 0.0 || y == 1.0) {
                return (v, if y == 0.0 { 0.0 } else { ea });
            }
            if ey == 0.0 && y == 2.0 {
                let (square, error) = product(a, a, ea, ea);
                return (v, (error + (v - square).abs()) * UP);
            }
            let size = a.abs();
            let carried = if size > ea {
                let logarithm = elementary::ln(size).abs() + ea / (size - ea);
                ((y.abs() + ey) * ea / (size - ea) + ey * logarithm) * 2.0
            } else {
                f64::INFINITY
            };
            let carried = if carried <= 0.5 { carried } else { f64::INFINITY };
            (v, v.abs() * (carried + 8.0 * f64::EPSILON) * UP + f64::MIN_POSITIVE)
        }))
    }

    fn floor(&self) -> Result<Self, Fault> {
        Self::note(|i| {
            let (v, e) = (self.value.0[i], self.error.0[i]);
            e > 0.0 && (v - e).floor() != (v + e).floor()
        });
        Ok(self.each(|v, _| (v.floor(), 0.0)))
    }

    fn keep_largest(values: &mut [Self], k: usize) -> Result<(), Fault> {
        let mut order: Vec<usize> = Vec::with_capacity(values.len());
        let mut lanes = 0_u64;
        for lane in 0..WIDTH {
            order.clear();
            order.extend(0..values.len());
            let size = |i: usize| values[i].value.0[lane].abs();
            let error = |i: usize| values[i].error.0[lane];
            // A stable sort keeps the lower index first among equals.
            order.sort_by(|a, b| size(*b).total_cmp(&size(*a)));
            let (kept, dropped) = order.split_at(k.min(order.len()));
            let least = kept.iter().map(|i| size(*i) - error(*i)).fold(f64::INFINITY, f64::min);
            let near = |j: &usize| {
                let slack = |i: usize| error(i) + error(*j);
                size(*j) + error(*j) >= least
                    && kept.iter().any(|i| slack(*i) > 0.0 && size(*i) - size(*j) <= slack(*i) * UP)
            };
            lanes |= u64::from(dropped.iter().any(near)) << lane;
            for &i in dropped {
                (values[i].value.0[lane], values[i].error.0[lane]) = (0.0, 0.0);
            }
        }
        NEAR.set(NEAR.get() | lanes);
        Ok(())
    }

    #[inline(never)]
    fn to_bits(&self) -> (u64, u64) {
        self.value.to_bits()
    }

    #[inline(never)]
    fn from_bits(positive: u64, negative: u64) -> Self {
        Self::exact(Wide::from_bits(positive, negative))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Checked {
        Checked::from_rational(&text.parse().unwrap())
    }

    /// Whether the bound holds the rational.
    fn holds(x: &Checked, exact: &Rational) -> bool {
        let (value, error) = (Rational::from_double(x.value.0[0]).unwrap(), x.error.0[0]);
        error == f64::INFINITY || Scalar::abs(&(value - exact)) <= Rational::from_double(error).unwrap()
    }

    proptest! {
        #[test]
        fn bounds_hold_what_exact_arithmetic_gives(steps in prop::collection::vec((0_u8..6, -400_i64..400, 1_u64..40), 1..30)) {
            // identity: the same operations in rationals
            let (mut x, mut exact) = (number("1/3"), Rational::ratio(1, 3));
            for (operation, n, d) in steps {
                let (y, q) = (Checked::from_rational(&Rational::ratio(n, d)), Rational::ratio(n, d));
                match operation {
                    0 => (x, exact) = (x + &y, exact + &q),
                    1 => (x, exact) = (x - &y, exact - &q),
                    2 => (x, exact) = (x * &y, exact * &q),
                    3 if n != 0 => (x, exact) = (x.divide(&y).unwrap(), exact.divide(&q).unwrap()),
                    4 => (x, exact) = (x.min(&y), Ord::min(exact, q)),
                    _ => (x, exact) = (x.max(&y), Ord::max(exact, q)),
                }
                prop_assert!(holds(&x, &exact), "{:?} {:?} {exact}", x.value.0[0], x.error.0[0]);
            }
        }
    }

    #[test]
    fn dyadic_numbers_have_no_error_and_others_do() {
        // exact: 3/4 - 1/4 - 1/4 - 1/4 = 0 in doubles; 3/10 - 1/10 - 1/10 - 1/10 is -2.8e-17
        let rest = |start: &str, step: &str| {
            let step = number(step);
            number(start) - &step - &step - &step
        };
        let take = |x: &Checked| Checked::near(|| x.sign_or(&Checked::zero()).unwrap().value.0[0]);
        assert_eq!(take(&rest("3/4", "1/4")), (0.0, 0));
        let (sign, near) = take(&rest("3/10", "1/10"));
        assert!(sign != 0.0 && near == u64::MAX, "{sign}");
        assert_eq!(take(&rest("4/10", "1/10")), (1.0, 0));
    }

    #[test]
    fn choices_between_near_numbers_are_noted_lane_by_lane() {
        let (third, also) = (number("1/3"), number("1") - &number("2/3"));
        let mut apart = also;
        apart.value.0[5] = 0.5;
        let (_, near) = Checked::near(|| third.at_least(&apart, &third, &also).unwrap());
        assert_eq!(near, !(1 << 5));
        let (_, near) = Checked::near(|| Checked::keep_largest(&mut [third, apart, number("-1/8")], 1).unwrap());
        assert_eq!(near, !(1 << 5));
        // Equal numbers without an error are a tie that the index decides.
        let (_, near) = Checked::near(|| Checked::keep_largest(&mut [number("1/2"), number("-1/2")], 1).unwrap());
        assert_eq!(near, 0);
        let whole = number("1/3") * &number("3");
        assert_eq!(Checked::near(|| whole.floor().unwrap()).1, u64::MAX);
    }

    #[test]
    fn values_are_those_of_plain_lanes() {
        let (a, b) = (number("7/3"), number("-5/11"));
        let (u, v) = (a.value, b.value);
        for (checked, plain) in [
            (a + &b, u + v),
            (a - &b, u - v),
            (a * &b, u * v),
            (a.divide(&b).unwrap(), u.divide(&v).unwrap()),
            (a.sqrt().unwrap(), u.sqrt().unwrap()),
            (a.min(&b), u.min(&v)),
            (a.exp().unwrap(), u.exp().unwrap()),
            (a.power(&number("2")).unwrap(), u.power(&Lane::splat(2.0)).unwrap()),
        ] {
            assert_eq!(checked.value, plain);
        }
    }
}
