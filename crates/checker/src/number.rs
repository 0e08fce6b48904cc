//! Numbers: fractions and square roots of fractions as long as they are short, else enclosures between two fractions,
//! rounded outward.

use crate::{Answer, Fault};
use dashu_base::{BitTest, DivRemEuclid, Sign};
use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;
use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::{Add, Mul, Neg, Sub};

/// A fraction in lowest terms.
pub(crate) type Q = RBig;

/// Longest fraction, in bits of both parts, that is kept; longer ones become enclosures.
const EXACT_BITS: usize = 4096;

thread_local! {
    static PRECISION: Cell<usize> = const { Cell::new(192) };
}

/// The significant bits to which the ends of enclosures are rounded outward.
pub(crate) fn precision() -> usize {
    PRECISION.get()
}

/// Runs a computation with so many significant bits.
pub(crate) fn with_precision<T>(bits: usize, work: impl FnOnce() -> T) -> T {
    let before = PRECISION.replace(bits);
    let out = work();
    PRECISION.set(before);
    out
}

/// A fraction from two integers; the second must not be 0.
pub(crate) fn ratio(n: i64, d: u64) -> Q {
    Q::from_parts(IBig::from(n), UBig::from(d.max(1)))
}

fn bits(q: &Q) -> usize {
    q.numerator().bit_len() + q.denominator().bit_len()
}

/// The nearest fraction m 2^e with the present number of bits, at or below (above, if `up`) the given one.
fn round(q: &Q, up: bool) -> Q {
    let (n, d) = (q.numerator(), q.denominator());
    let wanted = precision();
    if n.bit_len() <= wanted && (d.is_one() || (d.trailing_zeros() == Some(d.bit_len() - 1))) {
        return q.clone();
    }
    let shift = wanted as i64 + d.bit_len() as i64 - n.bit_len() as i64;
    let size = shift.unsigned_abs() as usize;
    let (above, below) = if shift >= 0 { (n.clone() << size, d.clone()) } else { (n.clone(), d.clone() << size) };
    let (mut whole, rest) = above.div_rem_euclid(IBig::from(below));
    if up && !rest.is_zero() {
        whole += IBig::ONE;
    }
    if shift >= 0 { Q::from_parts(whole, UBig::ONE << size) } else { Q::from(whole << size) }
}

/// A real number: known exactly, or enclosed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Num {
    /// The number itself.
    Exact(Q),
    /// Two different fractions between which it lies, ends included.
    Between(Q, Q),
    /// A square root that is irrational, or the negative of one: x|x|, and two fractions between which it lies.
    Root(Q, Q, Q),
}

use Num::{Between, Exact, Root};

impl From<Q> for Num {
    fn from(q: Q) -> Num {
        if bits(&q) <= EXACT_BITS { Exact(q) } else { Num::enclose(q.clone(), q) }
    }
}

impl Num {
    /// A whole number.
    pub fn int(n: i64) -> Num {
        Exact(Q::from(n))
    }

    /// The numbers from `lo` to `hi`, rounded outward.
    pub fn enclose(lo: Q, hi: Q) -> Num {
        if lo == hi && bits(&lo) <= EXACT_BITS {
            return Exact(lo);
        }
        let (lo, hi) = (round(&lo, false), round(&hi, true));
        if lo == hi { Exact(lo) } else { Between(lo, hi) }
    }

    /// The number x whose x|x| is given: x -> x|x| is one to one, keeps the order, and takes products to products.
    fn rooted(square: Q) -> Num {
        let negative = sign(&square) < 0;
        let (lo, hi) = root(&size(&square), 2);
        let exact = lo == hi;
        let (lo, hi) = if negative { (-hi, -lo) } else { (lo, hi) };
        match exact {
            true => Num::from(lo),
            _ if bits(&square) > EXACT_BITS => Num::enclose(lo, hi),
            _ => Root(square, round(&lo, false), round(&hi, true)),
        }
    }

    /// x|x|, where it is known.
    fn square(&self) -> Option<Q> {
        match self {
            Exact(q) => Some(q * size(q)),
            Root(square, ..) => Some(square.clone()),
            Between(..) => None,
        }
    }

    /// The lower end.
    pub fn lo(&self) -> &Q {
        match self {
            Exact(q) | Between(q, _) | Root(_, q, _) => q,
        }
    }

    /// The upper end.
    pub fn hi(&self) -> &Q {
        match self {
            Exact(q) | Between(_, q) | Root(_, _, q) => q,
        }
    }

    /// The value, where it is a known fraction.
    pub fn exact(&self) -> Option<&Q> {
        match self {
            Exact(q) => Some(q),
            Between(..) | Root(..) => None,
        }
    }

    /// Whether it is 0 for certain.
    pub fn is_zero(&self) -> bool {
        matches!(self, Exact(q) if q.is_zero())
    }

    /// -1, 0 or 1.
    pub fn sign(&self) -> Answer<i64> {
        match (sign(self.lo()), sign(self.hi())) {
            (a, b) if a == b => Ok(a),
            _ => Err(Fault::Open("a sign stays open".into())),
        }
    }

    /// Whether this is smaller than, equal to or larger than another number.
    pub fn order(&self, other: &Num) -> Answer<Ordering> {
        if self.hi() < other.lo() {
            Ok(Ordering::Less)
        } else if self.lo() > other.hi() {
            Ok(Ordering::Greater)
        } else if let (Some(a), Some(b)) = (self.square(), other.square()) {
            Ok(a.cmp(&b))
        } else {
            Err(Fault::Open("an order stays open".into()))
        }
    }

    /// The absolute value.
    pub fn abs(&self) -> Num {
        match (sign(self.lo()), sign(self.hi())) {
            (0.., _) => self.clone(),
            (_, ..=0) => -self.clone(),
            _ => Num::enclose(Q::ZERO, (-self.lo().clone()).max(self.hi().clone())),
        }
    }

    /// The smaller of two numbers.
    pub fn min(&self, other: &Num) -> Num {
        match self.order(other) {
            Ok(order) => if order.is_le() { self } else { other }.clone(),
            Err(_) => Num::enclose(self.lo().min(other.lo()).clone(), self.hi().min(other.hi()).clone()),
        }
    }

    /// The larger of two numbers.
    pub fn max(&self, other: &Num) -> Num {
        match self.order(other) {
            Ok(order) => if order.is_ge() { self } else { other }.clone(),
            Err(_) => Num::enclose(self.lo().max(other.lo()).clone(), self.hi().max(other.hi()).clone()),
        }
    }

    /// The largest whole number at or below.
    pub fn floor(&self) -> Answer<Num> {
        let (a, b) = (self.lo().floor(), self.hi().floor());
        if a == b { Ok(Exact(Q::from(a))) } else { Err(Fault::Open("a whole part stays open".into())) }
    }

    /// The quotient.
    pub fn over(&self, other: &Num) -> Answer<Num> {
        match other.sign()? {
            0 => Err(Fault::Undefined("a division by 0".into())),
            _ => {
                let inverse = |q: &Q| Q::ONE / q;
                Ok(match (self, other) {
                    (Exact(a), Exact(b)) => Num::from(a / b),
                    (_, Root(square, ..)) => self * &Num::rooted(inverse(square)),
                    _ => self * &Num::enclose(inverse(other.hi()), inverse(other.lo())),
                })
            }
        }
    }

    /// The product with itself, so many times.
    pub fn power(&self, n: u64) -> Num {
        match self {
            Exact(q) if n == 0 || q.is_zero() || (bits(q) as u64).saturating_mul(n) <= EXACT_BITS as u64 => {
                Exact(q.pow(n as isize))
            }
            Root(square, ..) if n.is_multiple_of(2) => Num::from(size(square)).power(n / 2),
            Root(..) => self * &self.power(n - 1),
            _ if sign(self.lo()) >= 0 => {
                let (mut out, mut square, mut rest) = (Num::int(1), self.clone(), n);
                while rest > 0 {
                    if rest & 1 == 1 {
                        out = &out * &square;
                    }
                    rest >>= 1;
                    if rest > 0 {
                        square = &square * &square;
                    }
                }
                out
            }
            _ if n.is_multiple_of(2) => self.abs().power(n),
            _ if sign(self.hi()) <= 0 => -(-self.clone()).power(n),
            _ => {
                let below = Num::from(-self.lo().clone()).power(n);
                let above = Num::from(self.hi().clone()).power(n);
                Num::enclose(-below.hi().clone(), above.hi().clone())
            }
        }
    }

    /// The n-th root of a number that is not negative.
    pub fn root(&self, n: usize) -> Answer<Num> {
        if sign(self.hi()) < 0 || (n == 0) {
            return Err(Fault::Undefined("the root of a negative number".into()));
        }
        if sign(self.lo()) < 0 {
            return Err(Fault::Open("whether a number has a root stays open".into()));
        }
        match self {
            Exact(q) if n == 2 => Ok(Num::rooted(q.clone())),
            _ => Ok(Num::enclose(root(self.lo(), n).0, root(self.hi(), n).1)),
        }
    }

    /// The square root.
    pub fn sqrt(&self) -> Answer<Num> {
        self.root(2)
    }

    /// The value as a text, in full where it is a short fraction.
    pub fn show(&self) -> String {
        match self {
            Exact(q) if bits(q) < 100 => q.to_string(),
            _ => format!("{:e}", self.lo().to_f64_fast()),
        }
    }
}

/// -1, 0 or 1.
pub(crate) fn sign(q: &Q) -> i64 {
    match (q.is_zero(), q.sign()) {
        (true, _) => 0,
        (_, Sign::Positive) => 1,
        (_, Sign::Negative) => -1,
    }
}

/// The absolute value.
fn size(q: &Q) -> Q {
    if sign(q) < 0 { -q.clone() } else { q.clone() }
}

/// Two fractions that enclose the n-th root of one that is not negative; equal ones where the root is rational.
fn root(q: &Q, n: usize) -> (Q, Q) {
    let (_, above) = q.numerator().clone().into_parts();
    let below = q.denominator();
    let (a, b) = (above.nth_root(n), below.nth_root(n));
    if a.pow(n) == above && b.pow(n) == *below {
        let exact = Q::from_parts(IBig::from(a), b);
        return (exact.clone(), exact);
    }
    let size = above.bit_len() as i64 - below.bit_len() as i64;
    let shift = (precision() as i64 + 2 - size / n as i64).max(0) as usize;
    let whole = ((above << (shift * n)) / below).nth_root(n);
    let part = |w: UBig| Q::from_parts(IBig::from(w), UBig::ONE << shift);
    (part(whole.clone()), part(whole + UBig::ONE))
}

impl Neg for Num {
    type Output = Num;
    fn neg(self) -> Num {
        match self {
            Exact(q) => Exact(-q),
            Between(a, b) => Between(-b, -a),
            Root(square, a, b) => Root(-square, -b, -a),
        }
    }
}

impl Add for &Num {
    type Output = Num;
    fn add(self, other: &Num) -> Num {
        match (self, other) {
            (Exact(a), Exact(b)) => return Num::from(a + b),
            (Exact(z), x) | (x, Exact(z)) if z.is_zero() => return x.clone(),
            (Root(a, ..), Root(b, ..)) => {
                // c sqrt q + sqrt q = (c + 1) sqrt q
                if let Exact(c) = Num::rooted(a / b) {
                    return &Exact(c + Q::ONE) * other;
                }
            }
            _ => {}
        }
        Num::enclose(self.lo() + other.lo(), self.hi() + other.hi())
    }
}

impl Sub for &Num {
    type Output = Num;
    fn sub(self, other: &Num) -> Num {
        match (self, other) {
            (Exact(a), Exact(b)) => Num::from(a - b),
            _ => self + &-other.clone(),
        }
    }
}

impl Mul for &Num {
    type Output = Num;
    fn mul(self, other: &Num) -> Num {
        match (self, other) {
            (Exact(a), Exact(b)) => Num::from(a * b),
            (Exact(z), _) | (_, Exact(z)) if z.is_zero() => Num::int(0),
            _ => {
                if let (Some(a), Some(b)) = (self.square(), other.square()) {
                    return Num::rooted(a * b);
                }
                let ends =
                    [self.lo() * other.lo(), self.lo() * other.hi(), self.hi() * other.lo(), self.hi() * other.hi()];
                let lo = ends.iter().min().cloned().unwrap_or(Q::ZERO);
                let hi = ends.iter().max().cloned().unwrap_or(Q::ZERO);
                Num::enclose(lo, hi)
            }
        }
    }
}

/// The sum of some numbers.
pub(crate) fn sum<'a>(all: impl IntoIterator<Item = &'a Num>) -> Num {
    all.into_iter().fold(Num::int(0), |a, b| &a + b)
}

/// The product of two vectors.
pub(crate) fn dot(a: &[Num], b: &[Num]) -> Num {
    a.iter().zip(b).fold(Num::int(0), |s, (x, y)| &s + &(x * y))
}

/// The sum of some vectors, of which there is one at least.
pub(crate) fn total(all: &[Vec<Num>]) -> Vec<Num> {
    all.iter().skip(1).fold(all[0].clone(), |a, b| plus(&a, b))
}

/// The mean of some vectors, of which there is one at least.
pub(crate) fn mean(all: &[Vec<Num>]) -> Vec<Num> {
    if all.len() == 1 { all[0].clone() } else { scaled(&Num::from(ratio(1, all.len() as u64)), &total(all)) }
}

/// |v|_1.
pub(crate) fn norm1(v: &[Num]) -> Num {
    v.iter().fold(Num::int(0), |a, b| &a + &b.abs())
}

/// |v|_2^2.
pub(crate) fn norm2sq(v: &[Num]) -> Num {
    v.iter().fold(Num::int(0), |a, b| &a + &b.power(2))
}

/// |v|_inf.
pub(crate) fn norm_inf(v: &[Num]) -> Num {
    v.iter().fold(Num::int(0), |a, b| a.max(&b.abs()))
}

/// A function of each pair of entries; equal neighbours are computed once.
pub(crate) fn entrywise(a: &[Num], b: &[Num], f: impl Fn(&Num, &Num) -> Num) -> Vec<Num> {
    let mut out: Vec<Num> = Vec::with_capacity(a.len());
    for i in 0..a.len().min(b.len()) {
        let same = i > 0 && a[i] == a[i - 1] && b[i] == b[i - 1];
        let next = if same { out[i - 1].clone() } else { f(&a[i], &b[i]) };
        out.push(next);
    }
    out
}

/// c v.
pub(crate) fn scaled(c: &Num, v: &[Num]) -> Vec<Num> {
    entrywise(v, v, |x, _| c * x)
}

/// a - b.
pub(crate) fn minus(a: &[Num], b: &[Num]) -> Vec<Num> {
    entrywise(a, b, |x, y| x - y)
}

/// a + b.
pub(crate) fn plus(a: &[Num], b: &[Num]) -> Vec<Num> {
    entrywise(a, b, |x, y| x + y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_exact_where_they_are_rational() {
        assert_eq!(Num::from(ratio(9, 4)).sqrt().unwrap(), Exact(ratio(3, 2)));
        assert_eq!(Num::int(81).root(4).unwrap(), Num::int(3));
        let two = Num::int(2).sqrt().unwrap();
        assert!(two.lo() < &ratio(141_421_357, 100_000_000) && two.hi() > &ratio(141_421_356, 100_000_000));
        assert!(two.lo().pow(2) < Q::from(2) && two.hi().pow(2) > Q::from(2));
    }

    #[test]
    fn roots_are_known_by_their_squares() {
        let root = |n: i64, d: u64| Num::from(ratio(n, d)).sqrt().unwrap();
        let fraction = |n: i64, d: u64| Num::from(ratio(n, d));
        let (two, eight) = (root(2, 1), root(8, 1));
        assert_eq!((two.exact(), two.sign()), (None, Ok(1)));
        assert_eq!((two.power(2), two.power(6)), (Num::int(2), Num::int(8)));
        assert_eq!((two.power(3), (-two.clone()).power(5)), (eight.clone(), -root(32, 1)));
        assert_eq!((&two * &eight, &root(3, 1) * &two), (Num::int(4), root(6, 1)));
        assert_eq!((&Num::int(-2) * &two, -(-two.clone())), (-eight.clone(), two.clone()));
        assert_eq!((two.over(&eight), Num::int(2).over(&two)), (Ok(fraction(1, 2)), Ok(two.clone())));
        assert_eq!(root(1, 2).over(&fraction(-1, 2)), Ok(-two.clone()));
        // Like roots add up; unlike ones are enclosed.
        assert_eq!((&two + &two, &eight - &two, &two - &two), (eight.clone(), two.clone(), Num::int(0)));
        assert_eq!((&two + &Num::int(0), &Num::int(0) - &two), (two.clone(), -two.clone()));
        let unlike = &two + &root(3, 1);
        assert!(matches!(unlike, Between(..)) && unlike.lo() < &ratio(31_463, 10_000));
        assert!(unlike.hi() > &ratio(31_462, 10_000) && (&unlike * &two).exact().is_none());
    }

    #[test]
    fn the_order_of_roots_is_that_of_their_squares() {
        use Ordering::{Equal, Greater, Less};
        // 141/100 < sqrt 2 < 71/50 lie within the enclosures of 4 bits.
        with_precision(4, || {
            let two = Num::int(2).sqrt().unwrap();
            for (n, order) in [(141, Greater), (142, Less)] {
                let near = Num::from(ratio(n, 100));
                assert_eq!((two.order(&near), near.order(&two)), (Ok(order), Ok(order.reverse())));
                assert_eq!((-two.clone()).order(&-near.clone()), Ok(order.reverse()));
                assert_eq!(two.max(&near), if order == Less { near } else { two.clone() });
            }
            assert_eq!(
                two.order(&Num::from(ratio(1, 2)).sqrt().unwrap().over(&Num::from(ratio(1, 2))).unwrap()),
                Ok(Equal)
            );
            assert_eq!((two.order(&-two.clone()), two.min(&-two.clone())), (Ok(Greater), -two.clone()));
            assert!(two.order(&Num::enclose(ratio(5, 4), ratio(3, 2))).is_err());
        });
    }

    #[test]
    fn long_roots_become_enclosures() {
        let odd = Num::int(3).power(1291);
        let (root, long) = (odd.sqrt().unwrap(), Num::int(5).power(1500));
        assert_eq!(root.power(2), odd);
        let product = &root * &long;
        assert!(matches!(product, Between(..)) && product.power(2).order(&(&odd * &long.power(2))).is_err());
    }

    #[test]
    fn enclosures_hold_what_they_should() {
        let x = Num::enclose(ratio(-1, 2), ratio(3, 1));
        assert_eq!((&x * &x).lo(), &ratio(-3, 2));
        assert_eq!(x.power(2), Num::enclose(Q::ZERO, Q::from(9)));
        assert_eq!(x.power(3), Num::enclose(ratio(-1, 8), Q::from(27)));
        assert_eq!(x.abs(), Num::enclose(Q::ZERO, Q::from(3)));
        assert!(x.sign().is_err() && Num::int(1).over(&x).is_err());
        assert_eq!(Num::int(1).over(&Num::int(0)), Err(Fault::Undefined("a division by 0".into())));
    }

    #[test]
    fn rounding_is_outward() {
        with_precision(8, || {
            let third = ratio(1, 3);
            assert!(round(&third, false) < third && round(&third, true) > third);
            assert!(round(&-third.clone(), false) < -third.clone() && round(&-third.clone(), true) > -third);
        });
    }
}
