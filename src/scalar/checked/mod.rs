//! Lanes that know how far their rounding may have taken them.
//!
//! Every double carries a bound on its distance to the number that exact arithmetic gives along the same path of signs
//! and choices (running error analysis; Higham, Accuracy and Stability of Numerical Algorithms, section 3.3). Rounding
//! errors of sums, products and quotients are found exactly (Dekker, Numerische Mathematik 18, 1971), so that what is
//! exact in doubles has the bound 0: a lattice of dyadic steps stays exact. Where a sign, an order or a choice of the
//! largest is taken of numbers that their bounds do not distinguish, the lane is noted in [`Met::near`]. From there on
//! it may be on another path.
//!
//! A number within its error of 0 may be 0 by its formula, as 3/10 - 1/10 - 1/10 - 1/10 is. Every number carries the
//! value of its formula in a field (see [`marks`]), by which such zeros are recognised: they become 0, without an
//! error, and equal numbers are distinguished from near ones.

mod choices;
mod marks;
mod met;
mod rounding;

use super::field::{fresh, negated, of_double, of_rational, times};
use super::lane::{WIDTH, Wide};
use super::{Computable, Fault, Lane, Rational, Rounded, Scalar, elementary};
pub use met::Met;

use marks::{Made, Marks, made, made_of_both, made_of_pair};
use rounding::{UP, product, quotient, root, sum};
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// Units of a lattice up to which the quotient by one is far from a half.
const MOST_UNITS: f64 = 1_099_511_627_776.0;

/// 64 replicates of one number, each with a bound on its rounding error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Checked {
    value: Wide,
    error: Wide,
    marks: Marks,
}

impl Checked {
    /// Numbers that are what they are.
    #[inline(always)]
    #[must_use]
    pub fn exact(value: Wide) -> Self {
        Checked { value, error: Lane::splat(0.0), marks: marks::of_doubles(&value.0) }
    }

    /// Numbers of which each is off by at most `error`, and is the whole multiple of `unit` that is nearest, where that
    /// is given.
    #[must_use]
    pub fn within(value: Wide, error: f64, unit: Option<&Rational>) -> Self {
        if error == 0.0 {
            return Self::exact(value);
        }
        let unit = unit.filter(|unit| error * 4.0 < unit.to_f64());
        let unit = unit.and_then(|unit| Some((unit.to_f64(), of_rational(unit)?)));
        let mark = |value: f64| {
            let whole = unit.map(|(size, residue)| (libm::round(value / size), residue));
            let whole = whole.filter(|(count, _)| count.abs() <= MOST_UNITS);
            whole.map_or_else(fresh, |(count, residue)| times(of_double(count), residue))
        };
        let out = Checked { value, error: Lane::splat(error), marks: value.0.map(mark) };
        out.settled()
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
            out.put(i, (self.value.0[i], self.error.0[i], self.marks[i]));
        }
        out
    }

    fn put(&mut self, lane: usize, (value, error, mark): (f64, f64, u64)) {
        (self.value.0[lane], self.error.0[lane], self.marks[lane]) = (value, error, mark);
    }

    /// With 0 for what is near 0 and has its formula.
    #[inline(always)]
    fn settled(mut self) -> Self {
        for i in 0..WIDTH {
            if self.marks[i] == 0 && self.value.0[i].abs() <= self.error.0[i] && self.error.0[i] > 0.0 {
                (self.value.0[i], self.error.0[i]) = (0.0, 0.0);
                Self::note_ties(true);
            }
        }
        self
    }

    /// The doubles and errors that `f` makes, with what the numbers are in the field.
    #[inline(always)]
    fn each(&self, by: Made, f: impl Fn(f64, f64) -> (f64, f64)) -> Self {
        let mut out = *self;
        for i in 0..WIDTH {
            (out.value.0[i], out.error.0[i]) = f(self.value.0[i], self.error.0[i]);
            // What is exact is the double.
            let exact = out.error.0[i] == 0.0;
            out.marks[i] = if exact { of_double(out.value.0[i]) } else { made(by, self.marks[i]) };
        }
        out
    }

    #[inline(always)]
    fn pair(&self, other: &Self, marks: Marks, f: impl Fn(f64, f64, f64, f64) -> (f64, f64)) -> Self {
        let mut out = Checked { value: self.value, error: self.error, marks };
        for i in 0..WIDTH {
            (out.value.0[i], out.error.0[i]) = f(self.value.0[i], other.value.0[i], self.error.0[i], other.error.0[i]);
        }
        let size = out.value.0.iter().map(|v| v.abs()).filter(|v| v.is_finite());
        let size = size.fold(0.0, f64::max);
        Self::note_size(size);
        out
    }

    #[inline(always)]
    fn plus(&self, other: &Self) -> Self {
        self.pair(other, marks::sums(&self.marks, &other.marks), sum).settled()
    }

    #[inline(always)]
    fn minus(&self, other: &Self) -> Self {
        let marks = marks::differences(&self.marks, &other.marks);
        self.pair(other, marks, |a, b, ea, eb| sum(a, -b, ea, eb)).settled()
    }

    #[inline(always)]
    fn by(&self, other: &Self) -> Self {
        self.pair(other, marks::products(&self.marks, &other.marks), product)
    }

    /// What the size of a lane's number is in the field.
    fn size_mark(&self, lane: usize) -> u64 {
        let (value, error, mark) = (self.value.0[lane], self.error.0[lane], self.marks[lane]);
        if error > 0.0 && value.abs() <= error.min(Self::apart()) {
            made_of_pair(Made::Size, mark, negated(mark))
        } else if value < 0.0 {
            negated(mark)
        } else {
            mark
        }
    }

    /// The smaller of two numbers, or the larger one: the one that is certain to be it, else what is made of both.
    #[inline(always)]
    fn either(&self, other: &Self, by: Made, first: impl Fn(f64, f64) -> bool) -> Self {
        let (mut out, apart) = (*self, Self::apart());
        for i in 0..WIDTH {
            let (a, b) = ((self.value.0[i], self.error.0[i]), (other.value.0[i], other.error.0[i]));
            let (m, n) = (self.marks[i], other.marks[i]);
            let takes = !first(b.0, a.0) && !b.0.is_nan();
            let (v, e, mark) = if takes { (a.0, a.1, m) } else { (b.0, b.1, n) };
            let clear = (a.0 - b.0).abs() > ((a.1 + b.1) * UP).min(apart) || m == n || a.1 + b.1 == 0.0;
            out.put(i, if clear { (v, e, mark) } else { (v, a.1.max(b.1), made_of_pair(by, m, n)) });
        }
        out
    }

    fn constant(of: &Rounded) -> Self {
        Checked { value: Lane::splat(of.value), error: Lane::splat(of.error), marks: [of.mark; WIDTH] }
    }
}

macro_rules! ring {
    ($op:ident, $method:ident, $assign:ident, $assign_method:ident, $own:ident) => {
        impl $op for Checked {
            type Output = Self;
            #[inline(never)]
            fn $method(self, rhs: Self) -> Self {
                Wide::dispatch(
                    #[inline(always)]
                    || self.$own(&rhs),
                )
            }
        }
        impl<'a> $op<&'a Checked> for Checked {
            type Output = Self;
            #[inline(never)]
            fn $method(self, rhs: &Self) -> Self {
                Wide::dispatch(
                    #[inline(always)]
                    || self.$own(rhs),
                )
            }
        }
        impl<'a> $assign<&'a Checked> for Checked {
            #[inline(never)]
            fn $assign_method(&mut self, rhs: &Self) {
                *self = Wide::dispatch(
                    #[inline(always)]
                    || self.$own(rhs),
                );
            }
        }
    };
}
ring!(Add, add, AddAssign, add_assign, plus);
ring!(Sub, sub, SubAssign, sub_assign, minus);
ring!(Mul, mul, MulAssign, mul_assign, by);

impl Neg for Checked {
    type Output = Self;
    #[inline(never)]
    fn neg(self) -> Self {
        Checked { value: -self.value, error: self.error, marks: marks::negatives(&self.marks) }
    }
}

// Calls, not inlined code: an operation works through 64 lanes, and inlined into every method costs more to compile
// than it gains.
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
        if let Some(mark) = self.marks.get_mut(lane) {
            *mark = fresh();
        }
    }

    fn each_lane(&self, what: &'static str, f: impl Fn(f64) -> f64) -> Result<Self, Fault> {
        let name = what.bytes().fold(0, |name, byte| made_of_both(Made::Function, name, u64::from(byte)));
        let mut out = *self;
        for i in 0..WIDTH {
            let (value, error) = (f(self.value.0[i]), self.error.0[i]);
            let moved = (error + 16.0 * f64::EPSILON * value.abs()) * UP + f64::MIN_POSITIVE;
            let is_zero = error == 0.0 && value == 0.0;
            let found = (value, moved, made_of_both(Made::Function, name, self.marks[i]));
            out.put(i, if is_zero { (value, 0.0, 0) } else { found });
        }
        Ok(out)
    }

    #[inline(always)]
    fn dispatch<R>(f: impl FnOnce() -> R) -> R {
        // One copy for every machine: the pilot is short, and three copies of all methods weigh on the build.
        f()
    }

    #[inline(never)]
    fn ratio(n: i64, d: u64) -> Self {
        if d.is_power_of_two() && n.unsigned_abs() < 1 << 53 {
            let value = n as f64 / d as f64;
            return Self::constant(&Rounded::within(value, 0.0));
        }
        Self::from_rational(&Rational::ratio(n, d))
    }

    fn from_rational(value: &Rational) -> Self {
        Self::constant(&Rounded::nearest(value))
    }

    fn from_f64(value: f64) -> Result<Self, Fault> {
        Ok(Self::constant(&Rounded::within(value, 0.0)))
    }

    fn from_ends(near: f64, low: f64, high: f64) -> Result<Self, Fault> {
        Ok(Self::constant(&Rounded::within(near, (high - near).max(near - low).next_up())))
    }

    fn from_computable(value: &Computable) -> Result<Self, Fault> {
        Ok(Self::constant(&Rounded::of_formula(value)))
    }

    #[inline(never)]
    fn from_rounded(constant: &Rounded) -> Result<Self, Fault> {
        Ok(Self::constant(constant))
    }

    #[inline(never)]
    fn add_product(&mut self, a: &Self, b: &Self) {
        *self = Wide::dispatch(
            #[inline(always)]
            || self.plus(&a.by(b)),
        );
    }

    #[inline(never)]
    fn sub_product(&mut self, a: &Self, b: &Self) {
        *self = Wide::dispatch(
            #[inline(always)]
            || self.minus(&a.by(b)),
        );
    }

    #[inline(never)]
    fn abs(&self) -> Self {
        let marks = std::array::from_fn(|i| self.size_mark(i));
        Checked { value: Scalar::abs(&self.value), error: self.error, marks }
    }

    #[inline(never)]
    fn min(&self, other: &Self) -> Self {
        self.either(other, Made::Least, |a, b| a < b)
    }

    #[inline(never)]
    fn max(&self, other: &Self) -> Self {
        self.either(other, Made::Largest, |a, b| a > b)
    }

    #[inline(never)]
    fn sign_or(&self, at_zero: &Self) -> Result<Self, Fault> {
        Ok(self.sign(at_zero))
    }

    #[inline(never)]
    fn select_ge(&self, other: &Self, then: &Self, otherwise: &Self) -> Result<Self, Fault> {
        Ok(self.not_below(other, then, otherwise))
    }

    #[inline(never)]
    fn divide(&self, other: &Self) -> Result<Self, Fault> {
        let marks = marks::quotients(&self.marks, &other.marks);
        Ok(Wide::dispatch(
            #[inline(always)]
            || self.pair(other, marks, quotient).settled(),
        ))
    }

    #[inline(never)]
    fn sqrt(&self) -> Result<Self, Fault> {
        Ok(Wide::dispatch(
            #[inline(always)]
            || self.each(Made::Root, root),
        ))
    }

    /// |ln x - ln y| is at most |x - y| over the smaller.
    fn ln(&self) -> Result<Self, Fault> {
        Ok(self.each(Made::Logarithm, |a, ea| {
            let v = elementary::ln(a);
            let carried = if a > ea { ea / (a - ea) } else { f64::INFINITY };
            (v, if ea == 0.0 && a == 1.0 { 0.0 } else { (carried + (v.abs() + 1e-300) * 4.0 * f64::EPSILON) * UP })
        }))
    }

    /// e^x errs by e^x (e^h - 1), at most 2 h e^x for h up to 1.
    fn exp(&self) -> Result<Self, Fault> {
        Ok(self.each(Made::Exponential, |a, ea| {
            let v = elementary::exp(a);
            let carried = if ea <= 1.0 { 2.0 * ea } else { f64::INFINITY };
            let own = 4.0 * f64::EPSILON;
            (v, if ea == 0.0 && a == 0.0 { 0.0 } else { v * (carried + own) * UP + f64::MIN_POSITIVE })
        }))
    }

    fn sin_cos(&self) -> Result<(Self, Self), Fault> {
        let own = 4.0 * f64::EPSILON;
        let error = |a: f64, ea: f64| if a == 0.0 && ea == 0.0 { 0.0 } else { (ea + own) * UP };
        let sin = self.each(Made::Sine, |a, ea| (elementary::sin_cos(a).0, error(a, ea)));
        Ok((sin, self.each(Made::Cosine, |a, ea| (elementary::sin_cos(a).1, error(a, ea)))))
    }

    /// Exact whole powers of exact numbers up to 2^53; else through logarithms.
    fn power(&self, exponent: &Self) -> Result<Self, Fault> {
        let marks = std::array::from_fn(|i| match exponent.value.0[i] {
            _ if exponent.error.0[i] > 0.0 => made_of_both(Made::Power, self.marks[i], exponent.marks[i]),
            0.0 => 1,
            1.0 => self.marks[i],
            2.0 => times(self.marks[i], self.marks[i]),
            _ => made_of_both(Made::Power, self.marks[i], exponent.marks[i]),
        });
        Ok(self.pair(exponent, marks, |a, y, ea, ey| {
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
        Ok(self.whole())
    }

    fn keep_largest(values: &mut [Self], k: usize) -> Result<(), Fault> {
        Self::keep(values, k);
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

    fn nearness<T>(f: impl FnOnce() -> T) -> (T, u64) {
        let (out, met) = Checked::meeting(false, f);
        (out, met.near)
    }

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
                    0 => (x, exact) = (x + y, exact + &q),
                    1 => (x, exact) = (x - y, exact - &q),
                    2 => (x, exact) = (x * y, exact * &q),
                    3 if n != 0 => (x, exact) = (x.divide(&y).unwrap(), exact.divide(&q).unwrap()),
                    4 => (x, exact) = (x.min(&y), Ord::min(exact, q)),
                    _ => (x, exact) = (x.max(&y), Ord::max(exact, q)),
                }
                prop_assert!(holds(&x, &exact), "{:?} {:?} {exact}", x.value.0[0], x.error.0[0]);
            }
        }
    }

    #[test]
    fn a_number_that_is_0_by_its_formula_is_0() {
        // exact: 3/4 - 3 (1/4) = 3/10 - 3 (1/10) = 0, which in doubles is -2.8e-17; 4/10 - 3 (1/10) = 1/10
        let rest = |start: &str, step: &str| {
            let step = number(step);
            number(start) - step - step - step
        };
        let take = |x: &Checked| nearness(|| x.sign_or(&Checked::zero()).unwrap().value.0[0]);
        assert_eq!(take(&rest("3/4", "1/4")), (0.0, 0));
        assert_eq!(take(&rest("3/10", "1/10")), (0.0, 0));
        assert_eq!(take(&rest("4/10", "1/10")), (1.0, 0));
        // exact: 1/3 is not the double nearest to it, nor is 3/10 within 1e-20 of it 3/10
        let double = Checked::from_f64(1.0 / 3.0).unwrap();
        assert_eq!(take(&(number("1/3") - double)).1, u64::MAX);
        assert_eq!(take(&(number("3/10") - number("300000000000000000001/1000000000000000000000"))).1, u64::MAX);
        // exact: sqrt(2) sqrt(8) = 4 is not known by its formula; (sqrt(2) + 1)(sqrt(2) - 1) - sqrt(2)^2 + 1 = 0 is
        let root = |text: &str| number(text).sqrt().unwrap();
        assert_eq!(take(&(root("2") * root("8") - number("4"))).1, u64::MAX);
        let one = Checked::one();
        let same = (root("2") + one) * (root("2") - one) - root("2") * root("2") + one;
        assert_eq!(take(&same), (0.0, 0));
    }

    #[test]
    fn choices_between_near_numbers_are_noted_lane_by_lane() {
        let (third, equal) = (number("1/3"), number("1") - number("2/3"));
        let mut near_by = number("1/3");
        near_by.set_lane(5, 0.5);
        near_by.error = Lane::splat(1e-16);
        near_by.marks = [fresh(); WIDTH];
        let (_, near) = nearness(|| third.select_ge(&near_by, &third, &equal).unwrap());
        assert_eq!(near, !(1 << 5));
        let ((), near) = nearness(|| Checked::keep_largest(&mut [third, near_by, number("-1/8")], 1).unwrap());
        assert_eq!(near, !(1 << 5));
        let whole = near_by * number("3");
        assert_eq!(nearness(|| whole.floor().unwrap()).1, !(1 << 5));
    }

    #[test]
    fn equal_numbers_are_ties_whatever_their_doubles() {
        // exact: 1/10 + 2/10 = 3/10, in doubles 0.30000000000000004 and 0.3; the lower index wins a tie
        let (sum, whole) = (number("1/10") + number("2/10"), number("-3/10"));
        for (mut values, k, kept) in [
            ([whole, sum, number("1/8")], 1, [true, false, false]),
            ([number("1"), whole, sum], 2, [true, true, false]),
            ([sum, number("1/8"), whole], 1, [true, false, false]),
        ] {
            let ((), near) = nearness(|| Checked::keep_largest(&mut values, k).unwrap());
            assert_eq!((values.map(|v| v.value.0[0] != 0.0), near), (kept, 0));
        }
        let (one, zero) = (Checked::one(), Checked::zero());
        let (first, near) = nearness(|| number("3/10").select_ge(&sum, &one, &zero).unwrap());
        assert_eq!((first.value.0[0], near), (1.0, 0));
        let (floor, near) = nearness(|| (number("1/10") * number("10") - number("1/5") * number("5")).floor());
        assert_eq!((floor.unwrap().value.0[0], near), (0.0, 0));
        assert_eq!(nearness(|| (sum * number("10")).floor().unwrap().value.0[0]), (3.0, 0));
    }

    #[test]
    fn draws_of_a_lattice_are_the_rationals_that_they_stand_for() {
        // exact: 7 (1/30) - 7/30 = 0; a draw that doubles do not determine is treated as no number
        let unit: Rational = "1/30".parse().unwrap();
        let drawn = |unit| Checked::within(Lane::splat(7.0 / 30.0 + 1e-16), 1e-15, unit) - number("7/30");
        assert_eq!((drawn(Some(&unit)).value.0[0], drawn(Some(&unit)).error.0[0]), (0.0, 0.0));
        assert!(drawn(None).error.0[0] > 0.0);
        assert!((Checked::within(Lane::splat(0.2), 0.1, Some(&unit)) - number("1/5")).error.0[0] > 0.0);
    }

    #[test]
    fn values_are_those_of_plain_lanes() {
        let (a, b) = (number("7/3"), number("-5/11"));
        let (u, v) = (a.value, b.value);
        for (checked, plain) in [
            (a + b, u + v),
            (a - b, u - v),
            (a * b, u * v),
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
