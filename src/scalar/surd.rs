//! Sums of square roots of rationals, decided exactly.
//!
//! A number here is q + s_1 sqrt(q_1) + .. + s_n sqrt(q_n), signs s_i, rationals q_i > 0. Two roots are of one class
//! where the product of their squares is a rational square: they are then rational multiples of each other and are
//! added up. Square roots of different classes are linearly independent over the rationals (A. S. Besicovitch, On the
//! linear independence of fractional powers of integers, J. London Math. Soc. 15, 1940), so that the sum is 0 only
//! where it has no term left, and equal numbers have equal terms. The numbers are closed under +, -, *, / and, where
//! the root is such a sum again, under sqrt.

mod arithmetic;

use super::{Enclosure, Fault, Rational, Scalar};
use std::cmp::Ordering;
use std::fmt;

/// Most roots of one number: sums over many steps of 1/sqrt(k) are better enclosed.
const MAX_ROOTS: usize = 16;
/// Most bits of all roots of one number.
const MAX_BITS: usize = 1 << 16;
/// Most independent roots that a quotient or a root is taken over: the work doubles with each.
const MAX_GENERATORS: usize = 4;
/// Largest whole exponent of a power that is multiplied out.
const MAX_POWER: i64 = 1 << 12;
/// Bits at which a sign is looked for first, and at which the search ends. It ends far before: the number is not 0.
const SIGN_BITS: (usize, usize) = (128, 1 << 17);

/// A sum of a rational and of square roots of rationals.
///
/// ```
/// use signcheck::scalar::{Scalar, Surd};
/// let two = Surd::ratio(2, 1);
/// let root = two.sqrt().unwrap();
/// assert_eq!(root.clone() * &root, two);
/// // sqrt(3 + 2 sqrt(2)) = 1 + sqrt(2)
/// let nested = (Surd::ratio(3, 1) + root.clone() * &two).sqrt().unwrap();
/// assert_eq!(nested, Surd::ratio(1, 1) + root);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Surd(Form);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Form {
    Rational(Rational),
    Roots(Box<Roots>),
    /// More roots or longer ones than are worth working with.
    TooLarge,
}

/// At least one root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Roots {
    rational: Rational,
    /// Squares with the sign of their root: r stands for sgn(r) sqrt(|r|). Ascending, none the square of a rational, no
    /// two of one class.
    signed: Vec<Rational>,
}

/// The rational root of a rational square; `None` of any other number.
fn rational_root(q: &Rational) -> Option<Rational> {
    Scalar::sqrt(q).ok()
}

/// sgn(a) sqrt(|a|) + sgn(b) sqrt(|b|) as a signed square, where s = sqrt(|a b|) is rational.
fn joined(a: &Rational, b: &Rational, s: Rational) -> Rational {
    // (sqrt|a| +- sqrt|b|)^2 = |a| + |b| +- 2 s
    let twice = s.clone() + &s;
    let (size_a, size_b) = (Scalar::abs(a), Scalar::abs(b));
    if a.signum() == b.signum() {
        return (size_a + &size_b + &twice) * Rational::integer(a.signum());
    }
    let sign = if size_a >= size_b { a.signum() } else { b.signum() };
    (size_a + &size_b - &twice) * Rational::integer(sign)
}

impl From<Rational> for Surd {
    fn from(q: Rational) -> Self {
        Surd(Form::Rational(q))
    }
}

impl Surd {
    /// The square root of a rational, with the sign of the number: -2 stands for -sqrt(2).
    fn signed_root(square: &Rational) -> Self {
        match rational_root(&Scalar::abs(square)) {
            Some(root) => (root * Rational::integer(square.signum())).into(),
            None => Self::of(Rational::zero(), vec![square.clone()]),
        }
    }

    fn of(rational: Rational, signed: Vec<Rational>) -> Self {
        if signed.is_empty() {
            return rational.into();
        }
        let bits: usize = signed.iter().map(Rational::bits).sum();
        if signed.len() > MAX_ROOTS || bits > MAX_BITS {
            return Surd(Form::TooLarge);
        }
        Surd(Form::Roots(Box::new(Roots { rational, signed })))
    }

    /// The number, where it is rational.
    #[must_use]
    pub fn rational(&self) -> Option<&Rational> {
        match &self.0 {
            Form::Rational(q) => Some(q),
            _ => None,
        }
    }

    /// Whether the number is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.rational().is_some_and(Rational::is_zero)
    }

    /// Whether the number has outgrown what is worth working with: it is then no number.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self.0, Form::TooLarge)
    }

    /// The number, or the fault that it has outgrown its bounds.
    ///
    /// # Errors
    /// [`Fault::TooLarge`].
    pub fn kept(self) -> Result<Self, Fault> {
        if self.is_too_large() { Err(Fault::TooLarge(MAX_BITS)) } else { Ok(self) }
    }

    /// Number of roots in the sum.
    #[must_use]
    pub fn roots(&self) -> usize {
        match &self.0 {
            Form::Rational(_) => 0,
            Form::Roots(r) => r.signed.len(),
            Form::TooLarge => MAX_ROOTS,
        }
    }

    /// Bits of all parts together.
    #[must_use]
    pub fn bits(&self) -> usize {
        match &self.0 {
            Form::Rational(q) => q.bits(),
            Form::Roots(r) => r.rational.bits() + r.signed.iter().map(Rational::bits).sum::<usize>(),
            Form::TooLarge => MAX_BITS,
        }
    }

    /// The number between two floats of the thread's precision (see [`Enclosure::at_precision`]); `None` of one that is
    /// too large.
    #[must_use]
    pub fn enclosure(&self) -> Option<Enclosure> {
        match &self.0 {
            Form::Rational(q) => Some(Enclosure::from_rational(q)),
            Form::Roots(r) => {
                let mut sum = Enclosure::from_rational(&r.rational);
                for square in &r.signed {
                    let root = Enclosure::from_rational(&Scalar::abs(square)).sqrt().ok()?;
                    sum = if square.signum() < 0 { sum - &root } else { sum + &root };
                }
                Some(sum)
            }
            Form::TooLarge => None,
        }
    }

    /// -1, 0 or 1.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] for a number that has outgrown its bounds, [`Fault::Undecided`] where 100 000 bits are not
    /// enough.
    pub fn signum(&self) -> Result<i64, Fault> {
        let roots = match &self.0 {
            Form::Rational(q) => return Ok(q.signum()),
            Form::Roots(roots) => roots,
            Form::TooLarge => return Err(Fault::TooLarge(MAX_BITS)),
        };
        let square = roots.rational.clone() * &Scalar::abs(&roots.rational);
        let parts: Vec<&Rational> = std::iter::once(&square).filter(|q| !q.is_zero()).chain(&roots.signed).collect();
        if parts.windows(2).all(|pair| pair[0].signum() == pair[1].signum()) {
            return Ok(parts[0].signum());
        }
        if let [a, b] = parts.as_slice() {
            return Ok(if Scalar::abs(*a) > Scalar::abs(*b) { a.signum() } else { b.signum() });
        }
        let mut bits = SIGN_BITS.0;
        while bits <= SIGN_BITS.1 {
            let sign = Enclosure::at_precision(bits, || self.enclosure()?.decided_sign());
            if let Some(sign) = sign {
                return Ok(sign);
            }
            bits *= 2;
        }
        Err(Fault::Undecided("a sign"))
    }

    /// The order of two numbers.
    ///
    /// # Errors
    /// As [`Surd::signum`].
    pub fn order(&self, other: &Self) -> Result<Ordering, Fault> {
        match (&self.0, &other.0) {
            (Form::Rational(a), Form::Rational(b)) => Ok(a.cmp(b)),
            _ => (self.clone() - other).signum().map(|sign| sign.cmp(&0)),
        }
    }

    /// An order in which equal numbers are equal, and which is not that of their values.
    pub(crate) fn form_order(&self, other: &Self) -> Ordering {
        let key = |s: &'_ Self| match &s.0 {
            Form::Rational(q) => (0, Some(q.clone()), Vec::new()),
            Form::Roots(r) => (1, Some(r.rational.clone()), r.signed.clone()),
            Form::TooLarge => (2, None, Vec::new()),
        };
        match (&self.0, &other.0) {
            (Form::Rational(a), Form::Rational(b)) => a.cmp(b),
            _ => key(self).cmp(&key(other)),
        }
    }

    fn plus(self, other: &Self) -> Self {
        match (self.0, &other.0) {
            (Form::Rational(a), Form::Rational(b)) => (a + b).into(),
            (Form::TooLarge, _) | (_, Form::TooLarge) => Surd(Form::TooLarge),
            (Form::Roots(mut r), Form::Rational(q)) => {
                r.rational += q;
                Surd(Form::Roots(r))
            }
            (Form::Rational(q), Form::Roots(r)) => Self::of(q + &r.rational, r.signed.clone()),
            (Form::Roots(a), Form::Roots(b)) => {
                let mut sum = Sum { rational: a.rational + &b.rational, signed: a.signed };
                b.signed.iter().for_each(|root| sum.add(root.clone()));
                sum.number()
            }
        }
    }

    fn times(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (Form::Rational(a), Form::Rational(b)) => (a.clone() * b).into(),
            (Form::Rational(q), _) | (_, Form::Rational(q)) if q.is_zero() => q.clone().into(),
            (Form::TooLarge, _) | (_, Form::TooLarge) => Surd(Form::TooLarge),
            (Form::Rational(q), Form::Roots(r)) | (Form::Roots(r), Form::Rational(q)) => {
                let factor = q.clone() * &Scalar::abs(q);
                let mut signed: Vec<Rational> = r.signed.iter().map(|root| root.clone() * &factor).collect();
                signed.sort();
                Self::of(r.rational.clone() * q, signed)
            }
            (Form::Roots(a), Form::Roots(b)) if a.signed.len() * b.signed.len() > 4 * MAX_ROOTS => Surd(Form::TooLarge),
            (Form::Roots(a), Form::Roots(b)) => {
                let mut sum = Sum { rational: a.rational.clone() * &b.rational, signed: Vec::new() };
                for (q, roots) in [(&a.rational, &b.signed), (&b.rational, &a.signed)] {
                    let factor = q.clone() * &Scalar::abs(q);
                    roots.iter().filter(|_| !factor.is_zero()).for_each(|root| sum.add(root.clone() * &factor));
                }
                for (x, y) in a.signed.iter().flat_map(|x| b.signed.iter().map(move |y| (x, y))) {
                    // The product of the signed squares is the signed square of the product.
                    sum.add_square_root(x.clone() * y);
                }
                sum.number()
            }
        }
    }

    /// The parts without and with the last of the independent roots in which a number is written. The second changes
    /// its sign under an automorphism of the field that these roots make, and the first does not.
    fn halves(&self) -> Result<(Self, Self), Fault> {
        let Form::Roots(roots) = &self.0 else { return Ok((self.clone(), Self::zero())) };
        // products[mask]: of the generators in the mask; exponents: the mask of each root.
        let (mut products, mut exponents) = (vec![Rational::one()], Vec::with_capacity(roots.signed.len()));
        for root in &roots.signed {
            let square = Scalar::abs(root);
            let known = products.iter().position(|p| rational_root(&(p.clone() * &square)).is_some());
            exponents.push(match known {
                Some(mask) => mask,
                None if products.len() >= 1 << MAX_GENERATORS => return Err(Fault::TooLarge(MAX_BITS)),
                None => {
                    let bit = products.len();
                    let with: Vec<Rational> = products.iter().map(|p| p.clone() * &square).collect();
                    products.extend(with);
                    bit
                }
            });
        }
        let last = products.len() / 2;
        let part = |with: bool| {
            let chosen = roots.signed.iter().zip(&exponents).filter(|(_, e)| (**e & last != 0) == with);
            let rational = if with { Rational::zero() } else { roots.rational.clone() };
            Self::of(rational, chosen.map(|(root, _)| root.clone()).collect())
        };
        Ok((part(false), part(true)))
    }

    /// 1/x. A number times its conjugates is rational.
    fn inverse(&self) -> Result<Self, Fault> {
        let (mut numerator, mut denominator) = (Self::one(), self.clone());
        loop {
            match &denominator.0 {
                Form::Rational(q) => return Ok(numerator.times(&Rational::one().divide(q)?.into())),
                Form::TooLarge => return Err(Fault::TooLarge(MAX_BITS)),
                Form::Roots(_) => {
                    let (without, with) = denominator.halves()?;
                    let conjugate = without - &with;
                    numerator = numerator.times(&conjugate).kept()?;
                    denominator = denominator.times(&conjugate);
                }
            }
        }
    }

    /// The root of a number that is not negative. Write x = A + C, C the part with one of the roots. Then sqrt(x) is
    /// u + v with u^2 = (A + N)/2, v^2 = (A - N)/2, N = sqrt(A^2 - C^2), and 2 u v = C; at most `depth` roots deep.
    fn root(&self, depth: usize) -> Result<Self, Fault> {
        if let Form::Rational(q) = &self.0 {
            return if q.signum() < 0 { Err(Fault::Domain("a root")) } else { Ok(Self::signed_root(q)) };
        }
        let none = Fault::NoExactForm("a root of a sum of roots");
        let Some(depth) = depth.checked_sub(1) else { return Err(none) };
        let (without, with) = self.halves()?;
        let norm = without.times(&without) - &with.times(&with);
        if norm.signum()? < 0 {
            return Err(none);
        }
        let norm = norm.root(depth)?;
        let half = Self::ratio(1, 2);
        let part = |square: Self| {
            let square = square.times(&half);
            if square.signum()? < 0 { Err(none.clone()) } else { square.root(depth) }
        };
        let (large, small) = (part(without.clone() + &norm)?, part(without - &norm)?);
        (if with.signum()? < 0 { large - &small } else { large + &small }).kept()
    }

    fn whole_power(&self, exponent: i64) -> Result<Self, Fault> {
        if let Form::Rational(q) = &self.0 {
            return q.power(&Rational::integer(exponent)).map(Into::into);
        }
        if exponent.abs() > MAX_POWER {
            return Err(Fault::TooLarge(MAX_BITS));
        }
        let mut remaining = exponent.unsigned_abs();
        let (mut base, mut out) = (self.clone(), Self::one());
        while remaining > 0 {
            if remaining & 1 == 1 {
                out = out.times(&base).kept()?;
            }
            remaining >>= 1;
            if remaining > 0 {
                base = base.times(&base).kept()?;
            }
        }
        if exponent < 0 { out.inverse() } else { Ok(out) }
    }
}

/// A sum under way.
struct Sum {
    rational: Rational,
    signed: Vec<Rational>,
}

impl Sum {
    /// Adds a root that may be rational.
    fn add_square_root(&mut self, square: Rational) {
        match rational_root(&Scalar::abs(&square)) {
            Some(root) => self.rational += &(root * Rational::integer(square.signum())),
            None => self.add(square),
        }
    }

    /// Adds an irrational root.
    fn add(&mut self, root: Rational) {
        let like = self.signed.iter().enumerate().find_map(|(i, other)| {
            let product = Scalar::abs(other) * Scalar::abs(&root);
            rational_root(&product).map(|s| (i, s))
        });
        let Some((i, s)) = like else {
            self.signed.push(root);
            return;
        };
        let sum = joined(&self.signed[i], &root, s);
        if sum.is_zero() {
            self.signed.swap_remove(i);
        } else {
            self.signed[i] = sum;
        }
    }

    fn number(mut self) -> Surd {
        self.signed.sort();
        Surd::of(self.rational, self.signed)
    }
}

impl fmt::Display for Surd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Rational(q) => q.fmt(f),
            Form::TooLarge => f.write_str("a sum of too many roots"),
            Form::Roots(r) => {
                let mut first = true;
                if !r.rational.is_zero() {
                    r.rational.fmt(f)?;
                    first = false;
                }
                for root in &r.signed {
                    let sign = match (root.signum() < 0, std::mem::take(&mut first)) {
                        (true, true) => "-",
                        (true, false) => " - ",
                        (false, true) => "",
                        (false, false) => " + ",
                    };
                    write!(f, "{sign}sqrt({})", Scalar::abs(root))?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(text: &str) -> Rational {
        text.parse().unwrap()
    }

    fn root(n: i64) -> Surd {
        Scalar::sqrt(&Surd::ratio(n, 1)).unwrap()
    }

    /// a + b sqrt(2) + c sqrt(3) + d sqrt(6)
    fn number([a, b, c, d]: [i64; 4], over: u64) -> Surd {
        let parts = [(a, 1), (b, 2), (c, 3), (d, 6)].map(|(n, r)| Surd::ratio(n, over) * root(r));
        parts.into_iter().fold(Surd::zero(), |sum, part| sum + part)
    }

    /// An enclosure of 512 bits, by another way: the generators first.
    fn near([a, b, c, d]: [i64; 4], over: u64) -> Enclosure {
        let (two, three) = (Enclosure::ratio(2, 1).sqrt().unwrap(), Enclosure::ratio(3, 1).sqrt().unwrap());
        let parts = [Enclosure::one(), two.clone(), three.clone(), two * &three];
        let terms = [a, b, c, d].into_iter().zip(parts).map(|(n, part)| Enclosure::ratio(n, over) * &part);
        terms.fold(Enclosure::zero(), |sum, term| sum + term)
    }

    fn agree(x: &Surd, y: impl FnOnce() -> Enclosure) -> bool {
        Enclosure::at_precision(512, || {
            let off = (x.enclosure().unwrap() - y()).ends();
            off.0 <= 0.0 && 0.0 <= off.1 && off.1 - off.0 < 1e-90
        })
    }

    fn parts() -> impl Strategy<Value = [i64; 4]> {
        [-30..30_i64, -30..30_i64, -30..30_i64, -30..30_i64]
    }

    proptest! {
        #[test]
        fn a_field_against_long_floats(x in parts(), y in parts(), m in 1..9_u64, n in 1..9_u64) {
            let (u, v) = (number(x, m), number(y, n));
            prop_assert!(agree(&(u.clone() + &v), || near(x, m) + near(y, n)));
            prop_assert!(agree(&(u.clone() - &v), || near(x, m) - near(y, n)));
            prop_assert!(agree(&(u.clone() * &v), || near(x, m) * near(y, n)));
            // identities of a field
            prop_assert_eq!(u.clone() + &v - &v, u.clone());
            prop_assert_eq!((u.clone() + &v) * (u.clone() - &v), u.clone() * &u - v.clone() * &v);
            if !v.is_zero() {
                let quotient = u.divide(&v).unwrap();
                prop_assert_eq!(quotient.clone() * &v, u.clone());
                prop_assert!(agree(&quotient, || near(x, m).divide(&near(y, n)).unwrap()));
            }
            // order: that of the enclosures, and equal only where the integers are
            let order = u.order(&v).unwrap();
            let doubles = |e: [i64; 4], over: u64| Enclosure::at_precision(512, || near(e, over).ends().0);
            let off = doubles(x, m) - doubles(y, n);
            prop_assert!(off.abs() < 1e-9 || (order == Ordering::Greater) == (off > 0.0));
            prop_assert_eq!(order == Ordering::Equal, x.iter().zip(&y).all(|(a, b)| a * n as i64 == b * m as i64));
            // the root of a square is the size
            prop_assert_eq!(Scalar::sqrt(&(u.clone() * &u)).unwrap(), Scalar::abs(&u));
        }
    }

    #[test]
    fn roots_of_one_class_are_one_root() {
        // by hand: sqrt(8) = 2 sqrt(2), sqrt(1/2) = sqrt(2)/2, sqrt(2) - sqrt(2) = 0
        assert_eq!(root(8), root(2) * Surd::ratio(2, 1));
        assert_eq!(Scalar::sqrt(&Surd::ratio(1, 2)).unwrap(), root(2) * Surd::ratio(1, 2));
        assert!((root(2) - root(2)).is_zero());
        // 1 + 3 - 4 = 0
        assert!((root(2) + root(18) - root(32)).is_zero());
        assert_eq!((root(2) * root(8)).rational().unwrap(), &Rational::integer(4));
        // squares of primes far beyond any table of factors
        let prime = Rational::integer(1_000_000_007);
        let far = Surd::from(prime.clone() * &prime * &Rational::integer(3));
        assert_eq!(Scalar::sqrt(&far).unwrap(), root(3) * Surd::from(prime));
    }

    #[test]
    fn close_numbers_are_told_apart() {
        // by hand: 1393^2 = 1940449 < 1940450 = 2 * 985^2
        let (a, b) = (root(2) * Surd::ratio(985, 1), Surd::ratio(1393, 1));
        assert_eq!(a.order(&b).unwrap(), Ordering::Greater);
        // sqrt(10^40 + 1) - 10^20 = 5e-21, and its sum with two more roots has no short form
        let long = Scalar::sqrt(&Surd::from(q("1e40") + &q("1"))).unwrap() - Surd::from(q("1e20"));
        assert_eq!(long.signum(), Ok(1));
        let sum = long.clone() + root(2) + root(3) - Scalar::sqrt(&(Surd::ratio(5, 1) + root(24))).unwrap();
        assert_eq!(sum, long);
    }

    #[test]
    fn nested_roots_are_undone_or_refused() {
        // by hand: (sqrt(2) + sqrt(3) + sqrt(5))^2 = 10 + 2 sqrt(6) + 2 sqrt(10) + 2 sqrt(15)
        let sum = root(2) + root(3) + root(5);
        assert_eq!(Scalar::sqrt(&(sum.clone() * &sum)).unwrap(), sum);
        assert_eq!(Scalar::sqrt(&root(2)), Err(Fault::NoExactForm("a root of a sum of roots")));
        assert_eq!(Scalar::sqrt(&(Surd::one() - root(2))), Err(Fault::Domain("a root")));
        assert!(Scalar::sqrt(&(Surd::one() + root(2))).is_err());
        // (sqrt(2) + 1)^(-3/2)^2 = (sqrt(2) - 1)^3 = 5 sqrt(2) - 7
        let power = (Surd::one() + root(2)).power(&Surd::ratio(-3, 1)).unwrap();
        assert_eq!(power, root(50) - Surd::ratio(7, 1));
    }

    #[test]
    fn whole_parts_are_found() {
        // by hand: 1.41.., -1.41.., and sqrt(10^40 + 1) just above 10^20
        let floor = |x: Surd| x.floor().unwrap().rational().unwrap().clone();
        assert_eq!([floor(root(2)), floor(-root(2))], [q("1"), q("-2")]);
        assert_eq!(floor(Scalar::sqrt(&Surd::from(q("1e40") + &q("1"))).unwrap()), q("1e20"));
    }

    #[test]
    fn too_many_roots_are_no_number() {
        let primes = [2, 3, 5, 7, 11, 13, 17, 19];
        let product = primes.iter().fold(Surd::one(), |p, n| p * (Surd::one() + root(*n)));
        assert!(product.is_too_large() && product.clone().kept().is_err());
        assert!(product.signum().is_err() && product.sign_or(&Surd::zero()).is_err() && product.floor().is_err());
        assert!((product * Surd::zero()).is_zero(), "0 times any number is 0");
        let mut values = [root(2), Surd::ratio(-3, 2), root(2)];
        Surd::keep_largest(&mut values, 1).unwrap();
        assert_eq!(values, [Surd::zero(), Surd::ratio(-3, 2), Surd::zero()]);
    }
}
