//! Multiprecision enclosures: exact while that is cheap, two floats around the value afterwards.
//!
//! A number stays a [`Rational`] until a root, an exponential or its own size ends that. From then on it is a pair of
//! binary floats rounded outward, as long as [`Enclosure::at_precision`] says. A sign or an order that the pair leaves
//! open is a [`Fault::Undecided`]: the run is then repeated with longer floats, and nothing is guessed. Where that does
//! not help, [`Enclosure::with_hulls`] takes all the possible outcomes instead. A difference that vanishes by its
//! formula is an exact 0 (see [`fingerprint`]).

mod fingerprint;
mod functions;

use super::{Fault, Rational, Scalar};
use dashu_float::round::mode::{Down, HalfEven, Up};
use dashu_float::{Context, FBig, Repr};
use dashu_int::IBig;
use fingerprint::{Fingerprint, Made};
use std::cell::Cell;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// Bits of the floats where nothing else is specified.
const DEFAULT_PRECISION: usize = 128;
/// A rational with more bits than this many times the precision becomes a pair of floats.
const EXACT_WORDS: usize = 8;
/// Largest size of a binary exponent: numbers of any sense stay far below, and a tower of powers ends here. What is
/// smaller is enclosed together with 0.
const MAX_EXPONENT: isize = 1 << 24;
/// Largest whole exponent of a power that is multiplied out.
const MAX_POWER: i64 = 1 << 16;

thread_local! {
    /// The trait's constants have no room for a precision: it is the thread's while a run lasts.
    static PRECISION: Cell<usize> = const { Cell::new(DEFAULT_PRECISION) };
    /// Whether what is not decided has all its possible outcomes.
    static HULLS: Cell<bool> = const { Cell::new(false) };
    /// Whether something was not decided where no hull can say so.
    static LOST: Cell<bool> = const { Cell::new(false) };
}

type Float = Repr<2>;

/// A real number: known exactly, or between two floats.
///
/// ```
/// use signcheck::scalar::{Enclosure, Scalar};
/// let two = Enclosure::ratio(2, 1);
/// let (low, high) = Enclosure::at_precision(256, || {
///     let root = two.sqrt().unwrap();
///     (root.clone() * &root - &two).ends()
/// });
/// assert!(low <= 0.0 && 0.0 <= high && high - low < 1e-70);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Enclosure(Form);

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Exact(Rational),
    /// low <= value <= high, with what the value's formula is in the field.
    Between(Box<(Float, Float, Fingerprint)>),
}

fn down() -> Context<Down> {
    Context::new(PRECISION.get())
}

fn up() -> Context<Up> {
    Context::new(PRECISION.get())
}

/// The float, where there is one of a sensible size.
fn kept<R: dashu_float::round::Round>(
    result: Result<dashu_float::round::Rounded<FBig<R, 2>>, dashu_float::FpError>,
    what: &'static str,
) -> Result<Float, Fault> {
    let value = result.map_err(|_| Fault::Undecided(what))?.value().into_repr();
    if value.is_infinite() || value.exponent() > MAX_EXPONENT {
        return Err(Fault::Undecided(what));
    }
    Ok(value)
}

/// A product, sum or difference: it fails only where exponents leave every sensible range, as NaN would in doubles.
fn sane<R: dashu_float::round::Round>(
    result: Result<dashu_float::round::Rounded<FBig<R, 2>>, dashu_float::FpError>,
) -> Float {
    kept(result, "").unwrap_or_else(|_| Float::infinity())
}

fn positive(x: &Float) -> bool {
    !x.significand().is_zero() && x.sign() == dashu_base::Sign::Positive
}

fn negative(x: &Float) -> bool {
    !x.significand().is_zero() && x.sign() == dashu_base::Sign::Negative
}

fn order(a: &Float, b: &Float) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

fn lesser(a: Float, b: Float) -> Float {
    if order(&a, &b) == Ordering::Greater { b } else { a }
}

fn greater(a: Float, b: Float) -> Float {
    if order(&a, &b) == Ordering::Less { b } else { a }
}

/// The rational between two floats.
fn around(value: &Rational) -> (Float, Float) {
    let (numerator, denominator) = value.parts();
    let (n, d) = (Float::new(numerator, 0), Float::new(IBig::from(denominator), 0));
    (sane(down().div(&n, &d)), sane(up().div(&n, &d)))
}

impl Enclosure {
    /// Runs `f` with floats of so many bits (at least 64) on this thread.
    pub fn at_precision<T>(bits: usize, f: impl FnOnce() -> T) -> T {
        struct Back(usize);
        impl Drop for Back {
            fn drop(&mut self) {
                PRECISION.set(self.0);
            }
        }
        let _back = Back(PRECISION.replace(bits.max(64)));
        f()
    }

    /// Bits of this thread's floats.
    pub(super) fn precision() -> usize {
        PRECISION.get()
    }

    /// A number between two rationals, of which nothing else is known.
    #[must_use]
    pub fn between_rationals((low, high): &(Rational, Rational)) -> Option<Self> {
        (low <= high).then(|| Self::between(around(low).0, around(high).1))
    }

    /// Runs `f` with floats of so many bits on this thread. A sign or an order that stays open has all its possible
    /// outcomes, so that the result encloses the true one, however widely.
    ///
    /// # Errors
    /// Those of `f`; a sign that was to be sent as a bit and stayed open.
    pub fn with_hulls<T, E: From<Fault>>(bits: usize, f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        struct Back(bool, bool);
        impl Drop for Back {
            fn drop(&mut self) {
                HULLS.set(self.0);
                LOST.set(self.1);
            }
        }
        let _back = Back(HULLS.replace(true), LOST.replace(false));
        let result = Self::at_precision(bits, f)?;
        if LOST.get() { Err(Fault::Undecided("a sign that is sent").into()) } else { Ok(result) }
    }

    /// The same number with floats of no more than the present precision.
    #[must_use]
    pub fn shortened(&self) -> Self {
        match &self.0 {
            Form::Exact(q) => Self::from_exact(q.clone()),
            Form::Between(ends) => {
                let bits = PRECISION.get();
                let low = FBig::<Down, 2>::from_repr(ends.0.clone(), Context::new(0)).with_precision(bits).value();
                let high = FBig::<Up, 2>::from_repr(ends.1.clone(), Context::new(0)).with_precision(bits).value();
                Self::between(low.into_repr(), high.into_repr()).marked(ends.2)
            }
        }
    }

    /// The value, where it is known exactly.
    #[must_use]
    pub fn exact(&self) -> Option<&Rational> {
        match &self.0 {
            Form::Exact(q) => Some(q),
            Form::Between(_) => None,
        }
    }

    /// Words of the longer of its parts: what an operation costs grows with their square.
    #[must_use]
    pub fn words(&self) -> usize {
        match &self.0 {
            Form::Exact(q) => q.bits().div_ceil(64),
            Form::Between(_) => PRECISION.get().div_ceil(64),
        }
    }

    /// Doubles on both sides of the value; infinite where it has outgrown every bound.
    #[must_use]
    pub fn ends(&self) -> (f64, f64) {
        let (low, high) = self.floats();
        let double = |x: &Float| {
            if x.is_infinite() {
                return f64::INFINITY;
            }
            FBig::<Down, 2>::from_repr(x.clone(), Context::new(0)).to_f64().value()
        };
        if low.is_infinite() || high.is_infinite() {
            return (f64::NEG_INFINITY, f64::INFINITY);
        }
        let (a, b) = (double(&low), double(&high));
        if a.to_bits() == b.to_bits() && order(&low, &high) == Ordering::Equal {
            // A point that is a double is its own enclosure.
            if Rational::from_double(a).is_some_and(|q| around(&q).0 == low) {
                return (a, a);
            }
        }
        (a.next_down(), b.next_up())
    }

    /// A double near the value: the nearest, where the floats are longer than doubles and close to each other.
    #[must_use]
    pub fn near(&self) -> f64 {
        let (low, high) = match &self.0 {
            Form::Exact(q) => return q.to_f64(),
            Form::Between(ends) => (&ends.0, &ends.1),
        };
        if low.is_infinite() || high.is_infinite() {
            return f64::NAN;
        }
        let double = |x: &Float| FBig::<HalfEven, 2>::from_repr(x.clone(), Context::new(0)).to_f64().value();
        let (a, b) = (double(low), double(high));
        if a == b { a } else { 0.5 * a + 0.5 * b }
    }

    /// A number of which nothing is known.
    pub(crate) fn whole() -> Self {
        Self::between(Float::neg_infinity(), Float::infinity())
    }

    /// Bits to which the ends agree, with the largest count where they are one number or both below 2^-`floor` in size.
    /// Also the power of 1/2 that they are apart, which shows how an enclosure that holds 0 shrinks.
    #[must_use]
    pub fn agreement(&self, floor: isize) -> (isize, isize) {
        let Form::Between(ends) = &self.0 else { return (isize::MAX, isize::MAX) };
        let (low, high, _) = &**ends;
        if low.is_infinite() || high.is_infinite() {
            return (isize::MIN, isize::MIN);
        }
        let size =
            |x: &Float| if x.significand().is_zero() { isize::MIN / 2 } else { x.exponent() + x.digits() as isize };
        let width = size(&sane(up().sub(high, low)));
        (if width <= -floor { isize::MAX } else { size(low).max(size(high)) - width }, width.saturating_neg())
    }

    fn floats(&self) -> (Float, Float) {
        match &self.0 {
            Form::Exact(q) => around(q),
            Form::Between(ends) => (ends.0.clone(), ends.1.clone()),
        }
    }

    /// A number of which nothing is known but that it lies between the two.
    fn between(low: Float, high: Float) -> Self {
        let mark = Fingerprint::fresh();
        if low.is_infinite() || high.is_infinite() {
            return Enclosure(Form::Between(Box::new((Float::neg_infinity(), Float::infinity(), mark))));
        }
        let least = || Float::new(IBig::ONE, -MAX_EXPONENT);
        let low = match low.exponent() < -MAX_EXPONENT {
            true if negative(&low) => -least(),
            true => Float::zero(),
            false => low,
        };
        let high = match high.exponent() < -MAX_EXPONENT {
            true if positive(&high) => least(),
            true => Float::zero(),
            false => high,
        };
        Enclosure(Form::Between(Box::new((low, high, mark))))
    }

    /// The same enclosure of a number whose formula is known in the field. One that vanishes there is 0.
    fn marked(self, mark: Fingerprint) -> Self {
        match self.0 {
            Form::Between(mut ends) => {
                if mark.is_zero() && !positive(&ends.0) && !negative(&ends.1) {
                    return Self::zero();
                }
                ends.2 = mark;
                Enclosure(Form::Between(ends))
            }
            exact @ Form::Exact(_) => Enclosure(exact),
        }
    }

    /// The value of its formula in a field, by which equal numbers are known.
    pub(super) fn residue(&self) -> u64 {
        self.mark().first()
    }

    fn mark(&self) -> Fingerprint {
        match &self.0 {
            Form::Exact(q) => Fingerprint::from_rational(q),
            Form::Between(ends) => ends.2,
        }
    }

    /// The least enclosure of both.
    fn hull(&self, other: &Self) -> Self {
        let ((a, b), (c, d)) = (self.floats(), other.floats());
        Self::between(lesser(a, c), greater(b, d))
    }

    /// The fault where a choice stays open and hulls are not requested.
    fn hull_or_fault<T>(what: &'static str, hull: impl FnOnce() -> T) -> Result<T, Fault> {
        if HULLS.get() { Ok(hull()) } else { Err(Fault::Undecided(what)) }
    }

    /// A rational, as floats once it is too long to be worth carrying.
    fn from_exact(value: Rational) -> Self {
        if value.bits() <= EXACT_WORDS * PRECISION.get() {
            return Enclosure(Form::Exact(value));
        }
        let (low, high) = around(&value);
        Self::between(low, high).marked(Fingerprint::from_rational(&value))
    }

    fn is_exact_zero(&self) -> bool {
        self.exact().is_some_and(Rational::is_zero)
    }

    fn plus(&self, other: &Self) -> Self {
        if let (Form::Exact(a), Form::Exact(b)) = (&self.0, &other.0) {
            return Self::from_exact(a.clone() + b);
        }
        if self.is_exact_zero() {
            return other.clone();
        }
        if other.is_exact_zero() {
            return self.clone();
        }
        let ((a, b), (c, d)) = (self.floats(), other.floats());
        if [&a, &b, &c, &d].iter().any(|x| x.is_infinite()) {
            return Self::between(Float::neg_infinity(), Float::infinity());
        }
        let mark = self.mark().plus(other.mark());
        Self::between(sane(down().add(&a, &c)), sane(up().add(&b, &d))).marked(mark)
    }

    fn times(&self, other: &Self) -> Self {
        if let (Form::Exact(a), Form::Exact(b)) = (&self.0, &other.0) {
            return Self::from_exact(a.clone() * b);
        }
        if self.is_exact_zero() || other.is_exact_zero() {
            return Self::zero();
        }
        let ((a, b), (c, d)) = (self.floats(), other.floats());
        if [&a, &b, &c, &d].iter().any(|x| x.is_infinite()) {
            return Self::between(Float::neg_infinity(), Float::infinity());
        }
        let mark = self.mark().times(other.mark());
        let pairs = match (!negative(&a), !positive(&b), !negative(&c), !positive(&d)) {
            (true, _, true, _) => [(&a, &c), (&b, &d)],
            (_, true, _, true) => [(&b, &d), (&a, &c)],
            (true, _, _, true) => [(&b, &c), (&a, &d)],
            (_, true, true, _) => [(&a, &d), (&b, &c)],
            _ => {
                let all = [(&a, &c), (&a, &d), (&b, &c), (&b, &d)];
                let low = all.iter().map(|(x, y)| sane(down().mul(x, y))).reduce(lesser);
                let high = all.iter().map(|(x, y)| sane(up().mul(x, y))).reduce(greater);
                return Self::between(low.unwrap_or_else(Float::zero), high.unwrap_or_else(Float::zero)).marked(mark);
            }
        };
        Self::between(sane(down().mul(pairs[0].0, pairs[0].1)), sane(up().mul(pairs[1].0, pairs[1].1))).marked(mark)
    }

    fn squared(&self) -> Self {
        let (size, mark) = (self.abs(), self.mark());
        size.times(&size).marked(mark.times(mark))
    }

    /// -1, 0 or 1 where that is certain.
    pub(super) fn decided_sign(&self) -> Option<i64> {
        match &self.0 {
            Form::Exact(q) => Some(q.signum()),
            Form::Between(ends) if positive(&ends.0) => Some(1),
            Form::Between(ends) if negative(&ends.1) => Some(-1),
            Form::Between(ends) if ends.0.significand().is_zero() && ends.1.significand().is_zero() => {
                (!ends.0.is_infinite()).then_some(0)
            }
            Form::Between(_) => None,
        }
    }

    fn compare(&self, other: &Self) -> Option<Ordering> {
        (self.clone() - other).decided_sign().map(|sign| sign.cmp(&0))
    }

    fn whole_power(&self, exponent: i64) -> Result<Self, Fault> {
        if exponent.abs() > MAX_POWER {
            return Err(Fault::TooLarge(MAX_POWER as usize));
        }
        // Even powers do not see the sign; odd ones keep it: no product of unrelated ends.
        let mut remaining = exponent.unsigned_abs();
        let mut base = if remaining.is_multiple_of(2) { self.abs() } else { self.clone() };
        let mut out = Self::one();
        while remaining > 0 {
            if remaining & 1 == 1 {
                out = out.times(&base);
            }
            remaining >>= 1;
            if remaining > 0 {
                base = base.squared();
            }
        }
        if exponent < 0 { Self::one().divide(&out) } else { Ok(out) }
    }
}

impl fmt::Display for Enclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Exact(q) => q.fmt(f),
            Form::Between(_) => {
                let (low, high) = self.ends();
                write!(f, "[{low:?}, {high:?}]")
            }
        }
    }
}

impl Neg for Enclosure {
    type Output = Self;
    fn neg(self) -> Self {
        match self.0 {
            Form::Exact(q) => Enclosure(Form::Exact(-q)),
            Form::Between(ends) => Self::between(-ends.1, -ends.0).marked(ends.2.negated()),
        }
    }
}

ring_of_references!(Enclosure: Add, add, AddAssign, add_assign, a, b => a.plus(b));
ring_of_references!(Enclosure: Sub, sub, SubAssign, sub_assign, a, b => a.plus(&-b.clone()));
ring_of_references!(Enclosure: Mul, mul, MulAssign, mul_assign, a, b => a.times(b));

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(text: &str) -> Rational {
        text.parse().unwrap()
    }

    fn holds(x: &Enclosure, value: f64) -> bool {
        let (low, high) = x.ends();
        low <= value && value <= high
    }

    /// An enclosure of the rational that has forgotten its exact value.
    fn blurred(value: &Rational) -> Enclosure {
        let (low, high) = around(value);
        Enclosure::between(low, high)
    }

    proptest! {
        #[test]
        fn operations_on_floats_contain_the_exact_ones(a in -900..900_i64, b in 1..90_u64, c in -900..900_i64, d in 1..90_u64) {
            let (x, y) = (Rational::ratio(a, b), Rational::ratio(c, d));
            let (u, v) = (blurred(&x), blurred(&y));
            let inside = |e: &Enclosure, exact: Rational| {
                let (low, high) = e.floats();
                let (near_low, near_high) = Enclosure::at_precision(400, || around(&exact));
                order(&low, &near_high) != Ordering::Greater && order(&near_low, &high) != Ordering::Greater
            };
            prop_assert!(inside(&(u.clone() + &v), x.clone() + &y));
            prop_assert!(inside(&(u.clone() - &v), x.clone() - &y));
            prop_assert!(inside(&(u.clone() * &v), x.clone() * &y));
            if !y.is_zero() {
                prop_assert!(inside(&u.divide(&v).unwrap(), x.divide(&y).unwrap()));
            }
            prop_assert!(inside(&u.abs(), Scalar::abs(&x)));
            prop_assert!(inside(&u.squared(), x.clone() * &x));
            prop_assert!(inside(&u.whole_power(5).unwrap(), x.power(&q("5")).unwrap()));
        }

        #[test]
        fn functions_contain_the_doubles_own(x in 0.01..20.0_f64) {
            // Reference: libm, good to an ulp or two; the enclosure is widened by four.
            let e = blurred(&Rational::from_double(x).unwrap());
            let near = |e: Enclosure, v: f64| { let (low, high) = e.ends(); low - 1e-15 * v.abs() <= v && v <= high + 1e-15 * v.abs() };
            prop_assert!(near(e.sqrt().unwrap(), x.sqrt()));
            prop_assert!(near(e.ln().unwrap(), libm::log(x)) || libm::log(x).abs() < 1e-3);
            prop_assert!(near(e.exp().unwrap(), libm::exp(x)));
            let (sin, cos) = e.sin_cos().unwrap();
            prop_assert!((sin.ends().0 - libm::sin(x)).abs() < 1e-14 && (cos.ends().1 - libm::cos(x)).abs() < 1e-14);
            prop_assert!(near(e.power(&Enclosure::ratio(1, 4)).unwrap(), libm::pow(x, 0.25)));
        }
    }

    #[test]
    fn a_sine_is_good_to_the_last_of_its_digits() {
        // sin 3 = 0.1411200080598672221007448028081102798469332642522655..., as any calculator of arbitrary precision
        // says.
        let digits = q("0.14112000805986722210074480280811027984693326425226");
        let off = Enclosure::at_precision(200, || {
            Enclosure::ratio(3, 1).sin_cos().unwrap().0 - &Enclosure::from_rational(&digits)
        });
        assert!(off.ends().0.abs() < 1e-49 && off.ends().1.abs() < 1e-49, "{off}");
    }

    #[test]
    fn sines_of_small_and_large_numbers_are_sharp() {
        // identity: 0 < x - sin x < x^3/6
        let x = q("1e-80");
        let (sin, cos) = Enclosure::at_precision(512, || blurred(&x).sin_cos().unwrap());
        assert!(holds(&sin, 1e-80) && holds(&cos, 1.0) && sin.agreement(4000).0 > 100);
        // identity: sin^2 + cos^2 = 1, and sin 2x = 2 sin x cos x, at sizes around every border
        for text in ["1/65536", "3/131072", "7/3", "-20", "1000003/7", "9223372036854775807"] {
            let check = |x: &Rational| {
                let (s, c) = blurred(x).sin_cos().unwrap();
                let (double, _) = blurred(&(x.clone() * &q("2"))).sin_cos().unwrap();
                [s.squared() + &c.squared() - &Enclosure::one(), s.times(&c).times(&Enclosure::ratio(2, 1)) - &double]
            };
            for off in Enclosure::at_precision(256, || check(&q(text))) {
                let (low, high) = off.ends();
                assert!(low <= 0.0 && 0.0 <= high && high - low < 1e-50, "{text}: {off}");
            }
        }
        assert!(blurred(&q("1e30")).sin_cos().is_err());
    }

    #[test]
    fn exponentials_of_tiny_numbers_end_and_are_sharp() {
        // identity: x < e^x - 1 < x + x^2; the sizes lie around the border of the series and far below it
        for power in [-40, -63, -64, -65, -130, -400, -60_000] {
            let x = Enclosure::at_precision(128, || {
                let x = blurred(&q("2")).whole_power(power).unwrap();
                let e = x.exp().unwrap();
                (e.clone() - &Enclosure::one(), (-x.clone()).exp().unwrap().times(&e))
            });
            let (above, product) = (x.0.ends(), x.1.ends());
            let size = 2f64.powi(power.max(-1000) as i32);
            assert!(above.0 <= size * 1.01 && above.1 >= size * 0.99 * f64::from(u8::from(power > -1000)), "{power}");
            assert!(
                above.1 - above.0 <= 1e-15 * size + 1e-35 && product.0 <= 1.0 && product.1 >= 1.0,
                "{power}: {above:?} {product:?}"
            );
        }
    }

    #[test]
    fn what_vanishes_by_its_formula_is_zero() {
        let root = |n: i64| Enclosure::ratio(n, 1).sqrt().unwrap();
        let (s, t) = (root(2), root(3));
        // identity: (s + t)^2 - s^2 - t^2 - 2 s t = 0 for any numbers, roots or not
        let sum = s.clone() + &t;
        let off = sum.clone() * &sum - &s.squared() - &t.squared() - &(s.clone() * &t * &Enclosure::ratio(2, 1));
        assert!(off.is_exact_zero(), "{off}");
        // A walk that comes back is where it was, and two that made the same moves are at one place.
        let walk = |x: i64| Enclosure::ratio(x, 7) - &s + &t - &t + &s;
        assert!(
            (walk(5) - &Enclosure::ratio(5, 7)).is_exact_zero() && walk(5).compare(&walk(5)) == Some(Ordering::Equal)
        );
        // What is near 0 and is not 0 stays open: s t - sqrt 6 is 0, but by no formula of these; 1e-60 is nothing here.
        let tiny = Enclosure::from_rational(&q("1e-60"));
        assert!((s.clone() * &t - &root(6)).decided_sign().is_none());
        assert!((s.clone() + &tiny - &s).decided_sign().is_none());
        // Constants with the same ends are not the same.
        let (low, high) = s.ends();
        let constant = || Enclosure::from_ends(low, low, high).unwrap();
        assert!((constant() - &constant()).decided_sign().is_none());
    }

    #[test]
    fn hulls_hold_every_outcome_and_bits_do_not_guess() {
        let open = || blurred(&q("1/3")) * &Enclosure::ratio(3, 1) - &Enclosure::ratio(1, 1);
        let hull = |f: &dyn Fn() -> Result<Enclosure, Fault>| Enclosure::with_hulls(128, f);
        let (low, high) = hull(&|| open().sign_or(&Enclosure::zero())).unwrap().ends();
        assert!(low <= -1.0 && high >= 1.0 && low > -1.1 && high < 1.1);
        let (low, high) = hull(&|| open().select_ge(&Enclosure::zero(), &q5(), &Enclosure::zero())).unwrap().ends();
        assert!(low <= 0.0 && (5.0..5.1).contains(&high));
        let lost = Enclosure::with_hulls(128, || Ok::<_, Fault>(open().sign_or(&Enclosure::zero())?.to_bits()));
        assert!(matches!(lost, Err(Fault::Undecided(_))));
        // Outside, nothing is guessed again.
        assert!(open().sign_or(&Enclosure::zero()).is_err());
    }

    fn q5() -> Enclosure {
        Enclosure::ratio(5, 1)
    }

    #[test]
    fn numbers_below_every_size_are_enclosed_with_zero() {
        // exact: squared 30 times, 1/3 is 3^-(2^30), above 0
        let mut x = blurred(&q("1/3"));
        for _ in 0..30 {
            x = x.squared();
        }
        let (low, high) = x.floats();
        assert!(!positive(&low) && positive(&high) && x.decided_sign().is_none());
        assert!((Enclosure::one() + &x - &Enclosure::one()).ends().1 < 1e-30);
    }

    #[test]
    fn signs_are_told_or_left_open() {
        let third = blurred(&q("1/3"));
        let zero = third.clone() * &Enclosure::ratio(3, 1) - &Enclosure::ratio(1, 1);
        assert_eq!(zero.sign_or(&Enclosure::zero()), Err(Fault::Undecided("a sign")));
        assert_eq!(third.sign_or(&Enclosure::zero()).unwrap(), Enclosure::ratio(1, 1));
        // Exact zeros stay exact.
        let exact = Enclosure::ratio(1, 3) * &Enclosure::ratio(3, 1) - &Enclosure::ratio(1, 1);
        assert_eq!(exact.sign_or(&Enclosure::ratio(-1, 1)).unwrap(), Enclosure::ratio(-1, 1));
        assert!(zero.agreement(60).0 >= 100 && zero.agreement(1000).0 < 100 && third.agreement(1000).0 >= 100);
    }

    #[test]
    fn long_rationals_become_floats_and_points_keep_their_ends() {
        let long = Enclosure::ratio(1, 3).power(&Enclosure::ratio(5000, 1)).unwrap();
        assert!(long.exact().is_none() && holds(&long, 0.0) && long.decided_sign() == Some(1));
        assert_eq!(Enclosure::ratio(3, 8).ends(), (0.375, 0.375));
        let (low, high) = Enclosure::ratio(1, 3).ends();
        assert!(low < high && high - low < 2e-16);
    }

    #[test]
    fn the_largest_are_kept_where_that_is_certain() {
        let mut v = [q("1"), q("-2"), q("2"), q("1/2")].map(|x| Enclosure::from_rational(&x));
        Enclosure::keep_largest(&mut v, 1).unwrap();
        assert_eq!(v.map(|x| x.exact().unwrap().to_string()), ["0", "-2", "0", "0"]);
        let mut v = [blurred(&q("1/3")), blurred(&q("-1/3"))];
        assert!(Enclosure::keep_largest(&mut v, 1).is_err());
    }
}
