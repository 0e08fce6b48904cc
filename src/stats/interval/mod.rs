//! Intervals of doubles with outward rounding, to push a confidence interval through an expression.
//!
//! **Containment**: if x is in X and y in Y, the exact x op y is in X op Y. Correctly rounded operations (+, -, *, /,
//! sqrt) are widened by one ulp at each end, libm's exp, ln and pow (below 1 ulp by its own claim) by three. Where no
//! rounding happens (neg, abs, min, max, hull, intersect) nothing is widened. Ends may be infinite; an interval is
//! never empty and holds no NaN. An operation that is undefined on part of its operand takes the rest (a confidence
//! interval for a non-negative mean may reach below zero); where it is undefined on all of it, `None`.

mod functions;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};

/// The closed set of real x with low <= x <= high; low < +inf and high > -inf.
///
/// Serialises as `{"low": .., "high": ..}` with an infinite end as `null`.
///
/// ```
/// use signcheck::internals::stats::Interval;
/// let x = Interval::new(1.0, 4.0).unwrap();
/// let root = x.sqrt().unwrap();
/// assert!(root.contains(1.0) && root.contains(2.0) && !root.contains(2.1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Ends", into = "Ends")]
pub struct Interval {
    low: f64,
    high: f64,
}

/// The serialised form: `null` stands for the infinite end of its side.
#[derive(Serialize, Deserialize)]
struct Ends {
    low: Option<f64>,
    high: Option<f64>,
}

impl From<Interval> for Ends {
    fn from(x: Interval) -> Self {
        let finite = |v: f64| v.is_finite().then_some(v);
        Self { low: finite(x.low), high: finite(x.high) }
    }
}

impl TryFrom<Ends> for Interval {
    type Error = &'static str;

    fn try_from(ends: Ends) -> Result<Self, Self::Error> {
        Self::new(ends.low.unwrap_or(f64::NEG_INFINITY), ends.high.unwrap_or(f64::INFINITY))
            .ok_or("an interval's low end lies above its high end")
    }
}

impl Interval {
    /// All real numbers: nothing is excluded.
    pub const WHOLE: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// All numbers from 0 on.
    pub const NON_NEGATIVE: Self = Self { low: 0.0, high: f64::INFINITY };

    /// The interval from `low` to `high`; `None` if an end is NaN, low > high, or no real number lies between.
    #[must_use]
    pub fn new(low: f64, high: f64) -> Option<Self> {
        (low <= high && low < f64::INFINITY && high > f64::NEG_INFINITY).then_some(Self { low, high })
    }

    /// The single number x; [`Interval::WHOLE`] for a number that is not finite.
    #[must_use]
    pub fn point(x: f64) -> Self {
        if x.is_finite() { Self { low: x, high: x } } else { Self::WHOLE }
    }

    /// Ends that were computed, moved outward by `ulps`; NaN (an indeterminate end) excludes nothing on its side.
    fn outward(low: f64, high: f64, ulps: u32) -> Self {
        let (mut low, mut high) = (low, high);
        for _ in 0..ulps {
            (low, high) = (low.next_down(), high.next_up());
        }
        Self {
            low: if low.is_nan() { f64::NEG_INFINITY } else { low },
            high: if high.is_nan() { f64::INFINITY } else { high },
        }
    }

    /// The hull of an operation's values at the corners of its domain, moved outward by an ulp.
    fn around_corners(corners: [f64; 4]) -> Self {
        let low = corners.into_iter().fold(f64::INFINITY, f64::min);
        let high = corners.into_iter().fold(f64::NEG_INFINITY, f64::max);
        Self::outward(low, high, 1)
    }

    /// A result that is known to be at least zero.
    fn not_below_zero(self) -> Self {
        Self { low: self.low.max(0.0), high: self.high.max(0.0) }
    }

    /// Takes back an ulp that crossed zero where the signs of the operands fix that of a product or quotient.
    fn signed_as_product(self, a: Self, b: Self) -> Self {
        if (a.low >= 0.0 && b.low >= 0.0) || (a.high <= 0.0 && b.high <= 0.0) {
            self.not_below_zero()
        } else if (a.low >= 0.0 && b.high <= 0.0) || (a.high <= 0.0 && b.low >= 0.0) {
            -(-self).not_below_zero()
        } else {
            self
        }
    }

    /// The lower end, -inf where there is none.
    #[must_use]
    pub fn low(self) -> f64 {
        self.low
    }

    /// The upper end, +inf where there is none.
    #[must_use]
    pub fn high(self) -> f64 {
        self.high
    }

    /// high - low, rounded up; infinite where an end is.
    #[must_use]
    pub fn width(self) -> f64 {
        if self.low == self.high { 0.0 } else { (self.high - self.low).next_up() }
    }

    /// The middle; `None` where an end is infinite.
    #[must_use]
    pub fn midpoint(self) -> Option<f64> {
        // halves first, so that ends near the largest double do not overflow
        self.is_finite().then_some(self.low / 2.0 + self.high / 2.0)
    }

    /// Whether both ends are finite.
    #[must_use]
    pub fn is_finite(self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }

    /// Whether it is a single number.
    #[must_use]
    pub fn is_point(self) -> bool {
        self.low == self.high
    }

    /// Whether x lies inside, ends included; false for NaN.
    #[must_use]
    pub fn contains(self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// Whether every number of `other` lies inside.
    #[must_use]
    pub fn encloses(self, other: Self) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    /// Whether the two have no number in common.
    #[must_use]
    pub fn is_disjoint(self, other: Self) -> bool {
        self.high < other.low || other.high < self.low
    }

    /// The smallest interval around both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// The numbers common to both; `None` where there are none.
    #[must_use]
    pub fn intersect(self, other: Self) -> Option<Self> {
        Self::new(self.low.max(other.low), self.high.min(other.high))
    }

    /// c times every number; a `c` that is not finite gives the whole line.
    #[must_use]
    pub fn scale(self, c: f64) -> Self {
        if c.is_finite() { self * Self::point(c) } else { Self::WHOLE }
    }

    /// {x / y}; `None` where y is zero alone, the whole line where 0 lies strictly inside `other`.
    #[must_use]
    pub fn divide(self, other: Self) -> Option<Self> {
        if other.low == 0.0 && other.high == 0.0 {
            return None;
        }
        if other.low < 0.0 && other.high > 0.0 {
            return Some(Self::WHOLE);
        }
        // a zero end of the divisor is the limit from inside it, whatever the sign of that zero was
        let low = if other.low == 0.0 { 0.0 } else { other.low };
        let high = if other.high == 0.0 { -0.0 } else { other.high };
        // 0/0 and inf/inf add nothing to what the other corners span: 0 over the divisors that are not 0 is 0, and
        // any finite number over ever larger ones tends to 0
        let quotient = |a: f64, b: f64| if a == 0.0 || (a.is_infinite() && b.is_infinite()) { 0.0 } else { a / b };
        let corners =
            [quotient(self.low, low), quotient(self.low, high), quotient(self.high, low), quotient(self.high, high)];
        Some(Self::around_corners(corners).signed_as_product(self, other))
    }

    /// {1 / x}; `None` for zero alone, the whole line where 0 lies strictly inside.
    #[must_use]
    pub fn reciprocal(self) -> Option<Self> {
        Self::point(1.0).divide(self)
    }

    /// {|x|}, exact.
    #[must_use]
    pub fn abs(self) -> Self {
        if self.low >= 0.0 {
            self
        } else if self.high <= 0.0 {
            -self
        } else {
            Self { low: 0.0, high: self.high.max(-self.low) }
        }
    }

    /// {min(x, y)}, exact.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.min(other.high) }
    }

    /// {max(x, y)}, exact.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.max(other.high) }
    }
}

impl Add for Interval {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let sum = Self::outward(self.low + other.low, self.high + other.high, 1);
        if self.low >= 0.0 && other.low >= 0.0 { sum.not_below_zero() } else { sum }
    }
}

impl Sub for Interval {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::outward(self.low - other.high, self.high - other.low, 1)
    }
}

impl Mul for Interval {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        // an infinite end stands for arbitrarily large reals, so that 0 times it is 0
        let product = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let corners = [
            product(self.low, other.low),
            product(self.low, other.high),
            product(self.high, other.low),
            product(self.high, other.high),
        ];
        Self::around_corners(corners).signed_as_product(self, other)
    }
}

impl Neg for Interval {
    type Output = Self;

    fn neg(self) -> Self {
        Self { low: -self.high, high: -self.low }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}]", self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dashu_ratio::RBig;
    use proptest::prelude::*;

    fn interval(low: f64, high: f64) -> Interval {
        Interval::new(low, high).expect("ordered ends")
    }

    /// The double as an exact fraction.
    fn exact(x: f64) -> RBig {
        RBig::try_from(x).expect("finite")
    }

    /// Whether an exact number lies inside; an infinite end excludes nothing.
    fn holds(x: Interval, value: &RBig) -> bool {
        (x.low == f64::NEG_INFINITY || exact(x.low) <= *value) && (x.high == f64::INFINITY || exact(x.high) >= *value)
    }

    /// Doubles of many magnitudes, zeros and subnormals among them.
    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            Just(0.0),
            Just(-0.0),
            -10.0..10.0_f64,
            (-10_i32..10).prop_map(f64::from),
            (any::<bool>(), -330.0..150.0_f64).prop_map(|(s, e)| if s { 10_f64.powf(e) } else { -(10_f64.powf(e)) }),
        ]
    }

    /// An interval and a member of it: an end, or the other double that was drawn.
    fn member() -> impl Strategy<Value = (Interval, f64)> {
        (number(), number(), number()).prop_map(|(a, b, c)| {
            let (low, high) = (a.min(b).min(c), a.max(b).max(c));
            (interval(low, high), c)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        // exact: every containment below is decided in rationals
        #[test]
        fn ring_operations_contain_the_exact_value((x, a) in member(), (y, b) in member()) {
            let (p, q) = (exact(a), exact(b));
            prop_assert!(holds(x + y, &(&p + &q)));
            prop_assert!(holds(x - y, &(&p - &q)));
            prop_assert!(holds(x * y, &(&p * &q)));
            prop_assert!(holds(x.scale(b), &(&p * &q)));
            prop_assert!(holds(-x, &-p.clone()));
            if b != 0.0 {
                let quotient = x.divide(y).expect("y is not zero alone");
                prop_assert!(holds(quotient, &(&p / &q)), "{quotient}");
            }
            prop_assert!(holds(x.min(y), &p.clone().min(q.clone())) && holds(x.max(y), &p.clone().max(q)));
            prop_assert!(x.abs().contains(a.abs()) && x.hull(y).contains(a) && x.hull(y).contains(b));
            prop_assert_eq!(x.is_disjoint(y), x.intersect(y).is_none());
        }

        #[test]
        fn powers_and_roots_contain_the_exact_value((x, a) in member(), n in 0_u8..6) {
            let p = exact(a);
            let exact_power = (0..n).fold(RBig::ONE, |product, _| product * &p);
            prop_assert!(holds(x.powi(i32::from(n)).expect("no division"), &exact_power));
            if a != 0.0 {
                let negative = x.powi(-i32::from(n)).expect("x is not zero alone");
                prop_assert!(holds(negative, &(RBig::ONE / exact_power)), "{negative}");
            }
            if a >= 0.0 {
                let root = x.sqrt().expect("part of x is not negative");
                // exact: low <= sqrt a <= high is low^2 <= a <= high^2
                prop_assert!(exact(root.low) * exact(root.low) <= p && exact(root.high) * exact(root.high) >= p);
            }
        }

        #[test]
        fn serialisation_gives_back_every_interval((x, _) in member(), open_low: bool, open_high: bool) {
            let x = interval(if open_low { f64::NEG_INFINITY } else { x.low }, if open_high { f64::INFINITY } else { x.high });
            let text = serde_json::to_string(&x).expect("serialises");
            prop_assert_eq!(serde_json::from_str::<Interval>(&text).expect("parses"), x);
        }

        #[test]
        fn elementary_functions_rise_with_their_argument(a in 1e-3..50.0_f64, b in 1e-3..50.0_f64) {
            let x = interval(a.min(b), a.max(b));
            for (image, at) in [
                (x.exp(), libm::exp as fn(f64) -> f64),
                (x.ln().expect("positive"), libm::log),
                (x.powf(1.5).expect("positive"), |v| libm::pow(v, 1.5)),
                (x.powf(-0.7).expect("positive"), |v| libm::pow(v, -0.7)),
            ] {
                prop_assert!(image.contains(at(a)) && image.contains(at(b)) && image.contains(at(0.5 * (a + b))));
            }
        }
    }

    #[test]
    fn transcendental_enclosures_hold_the_reference_and_are_tight() {
        // reference: mpmath 1.4.1, mp.dps = 30, rounded to the nearest double; an enclosure has at most 8 ulps
        let at = |x: f64| Interval::point(x);
        for (got, expected) in [
            (at(1.0).exp(), std::f64::consts::E),
            (at(-20.0).exp(), 2.061_153_622_438_558e-9),
            (at(10.0).ln().expect("positive"), std::f64::consts::LN_10),
            (at(2.0).powf(0.25).expect("positive"), 1.189_207_115_002_721),
            (at(7.0).powf(-1.5).expect("positive"), 0.053_994_924_715_603_89),
        ] {
            assert!(got.low < expected && expected < got.high, "{got} against {expected}");
            assert!(got.width() <= 8.0 * f64::EPSILON * expected.abs(), "{got}");
        }
    }

    #[test]
    fn domains_are_cut_and_empty_images_are_none() {
        let straddling = interval(-1.0, 4.0);
        assert_eq!(straddling.sqrt().map(|r| (r.low, r.high >= 2.0)), Some((0.0, true)));
        assert_eq!(straddling.ln().map(|r| r.low), Some(f64::NEG_INFINITY));
        assert_eq!(straddling.powf(-1.0).map(|r| r.high), Some(f64::INFINITY));
        let negative = interval(-2.0, -1.0);
        assert_eq!((negative.sqrt(), negative.ln(), negative.powf(0.5)), (None, None, None));
        assert_eq!(Interval::point(0.0).ln(), None);
        assert_eq!(Interval::point(0.0).powf(-1.0), None);
        assert_eq!(Interval::point(1.0).divide(Interval::point(-0.0)), None);
        assert_eq!(Interval::point(0.0).powi(-3), None);
        assert_eq!(Interval::point(4.0).powf(f64::NAN), None);
    }

    #[test]
    fn infinite_ends_behave_as_limits() {
        let from_one = interval(1.0, f64::INFINITY);
        assert_eq!(from_one.divide(from_one).map(|q| (q.low, q.high)), Some((0.0, f64::INFINITY)));
        let inverse = from_one.reciprocal().expect("no zero");
        assert!(inverse.low == 0.0 && inverse.high >= 1.0 && inverse.high < 1.0 + 1e-15);
        assert!((Interval::point(0.0) * Interval::WHOLE).width() < 1e-300);
        assert_eq!(Interval::WHOLE - Interval::WHOLE, Interval::WHOLE);
        assert_eq!(Interval::WHOLE.exp(), Interval::NON_NEGATIVE);
        assert_eq!(Interval::WHOLE.powi(3), Some(Interval::WHOLE));
        assert_eq!(Interval::WHOLE.powi(2), Some(Interval::NON_NEGATIVE));
        // an overflow is a finite number above the largest double, not infinity: the low end stays finite
        let overflow = Interval::point(1e300) * Interval::point(1e300);
        assert_eq!((overflow.low, overflow.high), (f64::MAX, f64::INFINITY));
        let zero_end = Interval::point(1.0).divide(interval(-0.0, 2.0)).expect("not zero alone");
        assert!(zero_end.low <= 0.5 && zero_end.low > 0.49 && zero_end.high == f64::INFINITY);
    }

    #[test]
    fn ends_are_checked() {
        assert_eq!(Interval::new(2.0, 1.0), None);
        assert_eq!(Interval::new(f64::NAN, 1.0), None);
        assert_eq!(Interval::new(f64::INFINITY, f64::INFINITY), None);
        assert_eq!(Interval::point(f64::NAN), Interval::WHOLE);
        assert!(serde_json::from_str::<Interval>(r#"{"low": 2, "high": 1}"#).is_err());
        assert_eq!(serde_json::to_string(&Interval::NON_NEGATIVE).expect("serialises"), r#"{"low":0.0,"high":null}"#);
        assert!(!interval(0.0, 1.0).contains(f64::NAN));
    }

    #[test]
    fn touching_intervals_are_not_disjoint() {
        assert!(!interval(0.0, 1.0).is_disjoint(interval(1.0, 2.0)));
        assert!(interval(0.0, 1.0).is_disjoint(interval(1.0_f64.next_up(), 2.0)));
        assert_eq!(interval(f64::MAX, f64::MAX).midpoint(), Some(f64::MAX));
        assert_eq!(Interval::NON_NEGATIVE.midpoint(), None);
    }
}
