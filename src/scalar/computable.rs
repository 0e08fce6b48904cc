//! Real numbers by their formulas: exact where they are sums of roots, else enclosed as narrowly as a question
//! requires.
//!
//! A number is s + c_1 m_1 + .. + c_n m_n with [`Surd`]s s and c_i, and products m_i of powers of *atoms*: logarithms,
//! exponentials, sines, bases of irrational powers. Two formulas with the same terms are equal for certain:
//! sqrt(ln 3)^2 = ln 3, 2^(1/3) 4^(1/3) = 2, e^2/e = e. Two that differ in their terms are compared by enclosures of
//! growing precision; where the highest does not part them, the order is not known, and nobody guesses it.

mod arithmetic;
mod atom;

use super::{Enclosure, Fault, Rational, Scalar, Surd};
use atom::{Atom, Kind};
use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Bits at which enclosures are tried; the last ends the search.
const PRECISIONS: [usize; 6] = [128, 256, 512, 1024, 2048, 4096];
/// Agreement of two ends that is enough for doubles.
const SHARP: isize = 60;
/// Ends that are both below 2^-1100 are those of 0 to a double.
const FLOOR: isize = 1100;
/// Bits of the enclosure that stands for a formula too long to keep.
const OPAQUE: usize = 512;
/// Longest formula, in atoms.
const MAX_SIZE: usize = 256;
/// Most terms that a product is multiplied out to.
const MAX_TERMS: usize = 64;
/// Largest exponent with which a sum is multiplied out.
const MAX_EXPANDED: i64 = 8;

/// A real number that can be enclosed as narrowly as required.
///
/// ```
/// use signcheck::scalar::{Computable, Scalar};
/// let three = Computable::ratio(3, 1);
/// let tiny = three.clone() * Computable::ratio(1, 10).power(&Computable::ratio(40, 1)).unwrap();
/// let ten_to_40 = Computable::ratio(10, 1).power(&Computable::ratio(40, 1)).unwrap();
/// // ln(1 + 3e-40) 10^40 = 3 - 4.5e-40
/// let value = (Computable::one() + &tiny).ln().unwrap() * &ten_to_40;
/// assert_eq!(value.near(), 3.0);
/// assert!(value.order(&three).unwrap().is_lt());
/// // ln(9) = 2 ln(3)
/// let twice = three.ln().unwrap() * Computable::ratio(2, 1);
/// assert!(Computable::ratio(9, 1).ln().unwrap().order(&twice).unwrap().is_eq());
/// ```
#[derive(Debug, Clone)]
pub struct Computable(Arc<Sum>);

#[derive(Debug)]
struct Sum {
    surd: Surd,
    /// None with the coefficient 0, no two with the same powers.
    terms: Vec<Term>,
    seen: OnceLock<Seen>,
    /// The last enclosure, with its bits: a run needs the same one at every step.
    enclosed: RwLock<Option<(usize, Enclosure)>>,
}

/// What doubles see of a number.
#[derive(Debug, Clone, Copy)]
struct Seen {
    near: f64,
    low: f64,
    high: f64,
}

#[derive(Debug, Clone)]
struct Term {
    coefficient: Surd,
    powers: Powers,
}

/// Atoms with their exponents, none of which is 0; the empty product is 1.
type Powers = Vec<(Arc<Atom>, Rational)>;

/// Whether two products are the same one.
fn same(a: &Powers, b: &Powers) -> bool {
    a.len() == b.len() && a.iter().all(|(x, e)| b.iter().any(|(y, f)| e == f && Atom::same(x, y)))
}

impl From<Surd> for Computable {
    fn from(surd: Surd) -> Self {
        Self::of(surd, Vec::new())
    }
}

impl From<Rational> for Computable {
    fn from(q: Rational) -> Self {
        Surd::from(q).into()
    }
}

impl From<Enclosure> for Computable {
    /// A number of which its bounds alone are known; it differs from every other number but itself.
    fn from(value: Enclosure) -> Self {
        match value.exact() {
            Some(q) => q.clone().into(),
            None => Self::atom(Atom::new(Kind::Between(value))),
        }
    }
}

impl Computable {
    fn of(surd: Surd, terms: Vec<Term>) -> Self {
        Computable(Arc::new(Sum { surd, terms, seen: OnceLock::new(), enclosed: RwLock::new(None) }))
    }

    /// A number between two doubles, of which nothing else is known, with a double near it.
    #[must_use]
    pub fn between(near: f64, (low, high): (f64, f64)) -> Self {
        let value = Enclosure::from_ends(near, low, high).unwrap_or_else(|_| Enclosure::whole());
        Self::seen_as(value, near, (low, high))
    }

    /// A number of which its bounds are known, in long floats and in doubles, with a double near it.
    #[must_use]
    pub fn seen_as(value: Enclosure, near: f64, (low, high): (f64, f64)) -> Self {
        let number = Self::from(value);
        if number.rational().is_none() {
            // Nothing has looked at it yet.
            let _ = number.0.seen.set(Seen { near, low, high });
        }
        number
    }

    fn atom((atom, negated): (Atom, bool)) -> Self {
        let coefficient = if negated { -Surd::one() } else { Surd::one() };
        Self::of(Surd::zero(), vec![Term { coefficient, powers: vec![(Arc::new(atom), Rational::one())] }])
    }

    /// The sum, or its enclosure where it has grown too long or too large.
    fn checked(surd: Surd, terms: Vec<Term>, otherwise: impl Fn() -> Result<Enclosure, Fault>) -> Self {
        let size: usize = terms.iter().map(Term::size).sum();
        let large = surd.is_too_large() || terms.iter().any(|t| t.coefficient.is_too_large());
        if large || size > MAX_SIZE || terms.len() > MAX_TERMS {
            return Self::opaque(otherwise);
        }
        Self::of(surd, terms)
    }

    /// An enclosure that stands for a formula from now on.
    fn opaque(value: impl Fn() -> Result<Enclosure, Fault>) -> Self {
        // What has no enclosure at all has no bounds: the comparisons say that they are not decided.
        Enclosure::at_precision(OPAQUE, || value().unwrap_or_else(|_| Enclosure::whole()).into())
    }

    fn size(&self) -> usize {
        1 + self.0.terms.iter().map(Term::size).sum::<usize>()
    }

    /// The number as a sum of roots, where it is one.
    #[must_use]
    pub fn surd(&self) -> Option<&Surd> {
        self.0.terms.is_empty().then_some(&self.0.surd)
    }

    /// The number, where it is known to be rational.
    #[must_use]
    pub fn rational(&self) -> Option<&Rational> {
        self.surd()?.rational()
    }

    /// The number between two floats of the thread's precision (see [`Enclosure::at_precision`]).
    ///
    /// # Errors
    /// [`Fault::Undecided`] where a part of the formula has no value at this precision.
    pub fn enclosure(&self) -> Result<Enclosure, Fault> {
        if let Some(q) = self.rational() {
            return Ok(Enclosure::from_rational(q));
        }
        let bits = Enclosure::precision();
        let known = self.0.enclosed.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, value)) = known.filter(|(of, _)| *of == bits) {
            return Ok(value);
        }
        let value = self.evaluated()?;
        *self.0.enclosed.write().unwrap_or_else(PoisonError::into_inner) = Some((bits, value.clone()));
        Ok(value)
    }

    /// The value of the formula in the field by which lanes know equal numbers (see [`Enclosure`]).
    pub(super) fn residue(&self) -> Option<u64> {
        Enclosure::at_precision(PRECISIONS[0], || self.enclosure().ok().map(|value| value.residue()))
    }

    fn evaluated(&self) -> Result<Enclosure, Fault> {
        let mut sum = self.0.surd.enclosure().ok_or(Fault::Undecided("a sum of too many roots"))?;
        for term in &self.0.terms {
            sum += &term.enclosure()?;
        }
        Ok(sum)
    }

    fn seen(&self) -> &Seen {
        self.0.seen.get_or_init(|| {
            let mut best = Seen { near: f64::NAN, low: f64::NEG_INFINITY, high: f64::INFINITY };
            for bits in PRECISIONS {
                let Ok((seen, agreement)) = Enclosure::at_precision(bits, || {
                    let value = self.enclosure()?;
                    let (low, high) = value.ends();
                    Ok::<_, Fault>((Seen { near: value.near(), low, high }, value.agreement(FLOOR).0))
                }) else {
                    continue;
                };
                best = seen;
                if agreement >= SHARP {
                    break;
                }
            }
            best
        })
    }

    /// The nearest double, or one of its neighbours.
    #[must_use]
    pub fn near(&self) -> f64 {
        self.seen().near
    }

    /// Doubles on both sides of the number, as close as may be; infinite where nothing is known.
    #[must_use]
    pub fn ends(&self) -> (f64, f64) {
        (self.seen().low, self.seen().high)
    }

    /// -1, 0 or 1.
    ///
    /// # Errors
    /// [`Fault::Undecided`] where the formula is not 0 by its terms and no enclosure of up to 4096 bits parts it
    /// from 0.
    pub fn signum(&self) -> Result<i64, Fault> {
        if let Some(surd) = self.surd() {
            return surd.signum();
        }
        for bits in PRECISIONS {
            let sign = Enclosure::at_precision(bits, || self.enclosure().ok().and_then(|e| e.decided_sign()));
            if let Some(sign) = sign {
                return Ok(sign);
            }
        }
        Err(Fault::Undecided("a sign"))
    }

    /// The order of two numbers.
    ///
    /// # Errors
    /// As [`Computable::signum`] of their difference.
    pub fn order(&self, other: &Self) -> Result<Ordering, Fault> {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ok(Ordering::Equal);
        }
        match (self.surd(), other.surd()) {
            (Some(a), Some(b)) => a.order(b),
            _ => (self.clone() - other).signum().map(|sign| sign.cmp(&0)),
        }
    }

    /// Whether both are the same number by their terms.
    fn is(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        Arc::ptr_eq(a, b)
            || a.surd == b.surd
                && a.terms.len() == b.terms.len()
                && a.terms
                    .iter()
                    .all(|t| b.terms.iter().any(|u| t.coefficient == u.coefficient && same(&t.powers, &u.powers)))
    }

    fn plus(&self, other: &Self) -> Self {
        let surd = self.0.surd.clone() + &other.0.surd;
        let mut terms = self.0.terms.clone();
        for term in &other.0.terms {
            match terms.iter().position(|t| same(&t.powers, &term.powers)) {
                Some(i) => {
                    terms[i].coefficient += &term.coefficient;
                    if terms[i].coefficient.is_zero() {
                        terms.swap_remove(i);
                    }
                }
                None => terms.push(term.clone()),
            }
        }
        Self::checked(surd, terms, || Ok(self.enclosure()? + &other.enclosure()?))
    }

    fn scaled(&self, factor: &Surd) -> Self {
        if factor.is_zero() {
            return Self::zero();
        }
        let scaled = |t: &Term| Term { coefficient: t.coefficient.clone() * factor, powers: t.powers.clone() };
        let terms = self.0.terms.iter().map(scaled).collect();
        let product = || {
            let factor = factor.enclosure().ok_or(Fault::Undecided("a sum of too many roots"))?;
            Ok(self.enclosure()? * &factor)
        };
        Self::checked(self.0.surd.clone() * factor, terms, product)
    }

    fn times(&self, other: &Self) -> Self {
        if let Some(factor) = other.surd() {
            return self.scaled(factor);
        }
        if let Some(factor) = self.surd() {
            return other.scaled(factor);
        }
        let product = || Ok(self.enclosure()? * &other.enclosure()?);
        if (self.0.terms.len() + 1) * (other.0.terms.len() + 1) > MAX_TERMS {
            return Self::opaque(product);
        }
        let mut sum = self.scaled(&other.0.surd);
        for b in &other.0.terms {
            let bare = Term { coefficient: Surd::one(), powers: b.powers.clone() };
            sum = sum + Self::of(Surd::zero(), vec![bare]).scaled(&self.0.surd).scaled(&b.coefficient);
            for a in &self.0.terms {
                let Ok(term) = a.times(b) else { return Self::opaque(product) };
                sum = sum + term;
            }
        }
        if sum.size() > MAX_SIZE { Self::opaque(product) } else { sum }
    }

    /// The one term of a number that has no other, and its sign where that is decided.
    fn single(&self) -> Option<&Term> {
        match (self.0.surd.is_zero(), self.0.terms.as_slice()) {
            (true, [term]) => Some(term),
            _ => None,
        }
    }

    /// x^r for x > 0 and a rational r, neither 0.
    fn positive_power(&self, exponent: &Rational) -> Result<Self, Fault> {
        let whole = exponent.to_i64();
        if let Some(surd) = self.surd() {
            return atom::surd_power(surd, exponent);
        }
        if let Some(term) = self.single().filter(|t| whole.is_some() || t.is_of_positive_atoms()) {
            // The coefficient has the sign of the product of the atoms, which is that of a positive number.
            let negative = term.coefficient.signum()? < 0;
            let size = if negative { -term.coefficient.clone() } else { term.coefficient.clone() };
            let mut power = atom::surd_power(&size, exponent)?;
            if negative && whole.is_some_and(|n| n % 2 != 0) {
                power = -power;
            }
            for (atom, e) in &term.powers {
                power = power * Atom::power(atom, e.clone() * exponent)?;
            }
            return Ok(power);
        }
        if let Some(n) = whole.filter(|n| (1..=MAX_EXPANDED).contains(n)) {
            return Ok((1..n).fold(self.clone(), |product, _| product * self));
        }
        // By the first coefficient, so that 2 + 2 x and 1 + x have the same base.
        let factor = self.0.terms.first().map_or_else(Surd::one, |t| Scalar::abs(&t.coefficient));
        let bare = self.scaled(&Surd::one().divide(&factor)?);
        Ok(atom::surd_power(&factor, exponent)?
            * Atom::power(&Arc::new(Atom::new(Kind::Base(bare)).0), exponent.clone())?)
    }
}

impl Term {
    fn size(&self) -> usize {
        self.powers.iter().map(|(atom, _)| atom.size()).sum::<usize>() + 1
    }

    fn is_of_positive_atoms(&self) -> bool {
        self.powers.iter().all(|(atom, _)| atom.is_positive())
    }

    fn enclosure(&self) -> Result<Enclosure, Fault> {
        let mut product = self.coefficient.enclosure().ok_or(Fault::Undecided("a sum of too many roots"))?;
        for (atom, exponent) in &self.powers {
            product *= &atom.enclosure(exponent)?;
        }
        Ok(product)
    }

    fn times(&self, other: &Self) -> Result<Computable, Fault> {
        let mut powers = self.powers.clone();
        for (atom, exponent) in &other.powers {
            match powers.iter().position(|(a, _)| Atom::same(a, atom)) {
                Some(i) => powers[i].1 += exponent,
                None => powers.push((atom.clone(), exponent.clone())),
            }
        }
        let mut product = Computable::from((self.coefficient.clone() * &other.coefficient).kept()?);
        let mut plain: Powers = Vec::new();
        for (atom, exponent) in powers {
            if exponent.is_zero() {
                continue;
            }
            // A base that has come to a whole power, or a prime past its first, is no atom any more.
            let power = Atom::power(&atom, exponent)?;
            match power.single() {
                Some(term) if term.coefficient == Surd::one() && term.powers.len() == 1 => {
                    plain.push(term.powers[0].clone());
                }
                _ => product = product * power,
            }
        }
        if plain.is_empty() {
            return Ok(product);
        }
        let rest = Computable::of(Surd::zero(), vec![Term { coefficient: Surd::one(), powers: plain }]);
        match product.surd() {
            Some(factor) => Ok(rest.scaled(factor)),
            None => Ok(product * rest),
        }
    }
}

impl PartialEq for Computable {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl fmt::Display for Computable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.surd() {
            Some(surd) => surd.fmt(f),
            None => write!(f, "{}", self.near()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn n(value: i64) -> Computable {
        Computable::ratio(value, 1)
    }

    fn power(base: i64, p: i64, q: u64) -> Computable {
        n(base).power(&Computable::ratio(p, q)).unwrap()
    }

    fn equal(a: &Computable, b: &Computable) -> bool {
        a.order(b) == Ok(Ordering::Equal)
    }

    #[test]
    fn equal_products_are_equal_for_certain() {
        let ln = |v: i64| n(v).ln().unwrap();
        // sqrt(ln 3)^2 = ln 3; ln 4/ln 2 = 2; ln 6 = ln 2 + ln 3; ln(4/9) = 2 ln(2/3)
        assert!(equal(&ln(3).sqrt().unwrap().power(&n(2)).unwrap(), &ln(3)));
        assert!(equal(&ln(4).divide(&ln(2)).unwrap(), &n(2)));
        assert!(equal(&ln(6), &(ln(2) + ln(3))));
        let two_thirds = Computable::ratio(2, 3).ln().unwrap();
        assert!(equal(&Computable::ratio(4, 9).ln().unwrap(), &(two_thirds.clone() * n(2))));
        assert_eq!(two_thirds.signum(), Ok(-1));
        // roots of any order: 2^(1/3) 4^(1/3) = 2, 48^(1/4) = 2 3^(1/4), 2^(1/4)^2 = sqrt 2, 7^(5/3) = 7 49^(1/3)
        assert!(equal(&(power(2, 1, 3) * power(4, 1, 3)), &n(2)));
        assert!(equal(&power(48, 1, 4), &(n(2) * power(3, 1, 4))));
        assert!(equal(&power(2, 1, 4).power(&n(2)).unwrap(), &n(2).sqrt().unwrap()));
        assert!(equal(&power(7, 5, 3), &(n(7) * power(49, 1, 3))));
        assert!(equal(&power(5, -2, 3), &n(1).divide(&power(25, 1, 3)).unwrap()));
        // e^2/e = e, e^(ln 5) = 5, ln(e^3) = 3, e^(2 ln 3 + 1) = 9 e
        let e = n(1).exp().unwrap();
        assert!(equal(&n(2).exp().unwrap().divide(&e).unwrap(), &e));
        assert!(equal(&ln(5).exp().unwrap(), &n(5)));
        assert!(equal(&n(3).exp().unwrap().ln().unwrap(), &n(3)));
        assert!(equal(&(ln(3) * n(2) + n(1)).exp().unwrap(), &(n(9) * &e)));
        // sums: (1 + ln 2)^2 = 1 + 2 ln 2 + (ln 2)^2; sqrt(2 + 2 ln 2)^2 = 2 + 2 ln 2; x/x = 1; a sum over its half
        let sum = n(1) + ln(2);
        assert!(equal(&sum.power(&n(2)).unwrap(), &(n(1) + ln(2) * n(2) + ln(2) * ln(2))));
        let double = sum.clone() * n(2);
        assert!(equal(&double.sqrt().unwrap().power(&n(2)).unwrap(), &double));
        assert!(equal(&double.sqrt().unwrap().divide(&sum.sqrt().unwrap()).unwrap(), &n(2).sqrt().unwrap()));
        assert!(equal(&sum.divide(&sum).unwrap(), &n(1)));
        // 0 times an irrational, and an irrational less itself
        assert!((e.clone() * n(0)).surd().is_some_and(Surd::is_zero) && equal(&e, &e.clone()));
        assert!((e.clone() - &e).surd().is_some_and(Surd::is_zero));
    }

    #[test]
    fn small_differences_are_seen_at_a_higher_precision() {
        // ln(1 + 3e-40) 10^40 lies between 3 - 4.5e-40 and 3; its doubles hold 3 and no more than its neighbours
        let ten = |p: i64| power(10, p, 1);
        let value = (n(1) + n(3) * ten(-40)).ln().unwrap() * ten(40);
        let (low, high) = value.ends();
        assert!(low < 3.0 && 3.0 <= high && high - low < 2e-15 && value.near() == 3.0, "{low} {high}");
        assert_eq!(value.order(&n(3)), Ok(Ordering::Less));
        // e^(1e-300) - 1 > 1e-300, 600 digits in
        let x = ten(-300);
        assert_eq!((x.exp().unwrap() - n(1)).order(&x), Ok(Ordering::Greater));
        // sin x < x by 1e-91/6
        let x = ten(-30);
        assert_eq!(x.sin_cos().unwrap().0.order(&x), Ok(Ordering::Less));
        // sin^2 + cos^2 = 1 is no rule here: it is not decided, and no guess is made
        let (s, c) = n(1).sin_cos().unwrap();
        assert_eq!((s.clone() * &s + c.clone() * &c).order(&n(1)), Err(Fault::Undecided("a sign")));
    }

    #[test]
    fn faults_are_those_of_the_number() {
        assert_eq!(n(-1).ln(), Err(Fault::Domain("a logarithm")));
        assert_eq!(n(-2).sqrt(), Err(Fault::Domain("a root")));
        let zero = n(4).ln().unwrap() - n(2).ln().unwrap() * n(2);
        assert_eq!(n(1).divide(&zero), Err(Fault::DivisionByZero));
        assert_eq!(n(0).power(&n(-1)), Err(Fault::DivisionByZero));
        // whole parts: log2(8) = 3 exactly, log2(9) = 3.17
        let log2 = |v: i64| n(v).ln().unwrap().divide(&n(2).ln().unwrap()).unwrap();
        assert!(equal(&log2(8).floor().unwrap(), &n(3)) && equal(&log2(9).floor().unwrap(), &n(3)));
    }

    #[test]
    fn what_is_too_long_is_enclosed() {
        let mut sum = n(0);
        for i in 1..400 {
            sum = sum + n(i).sin_cos().unwrap().0;
        }
        // sum sin i = (cos(1/2) - cos(n + 1/2))/(2 sin(1/2)) = 0.38.. by Lagrange's identity
        let expected = (libm::cos(0.5) - libm::cos(399.5)) / (2.0 * libm::sin(0.5));
        assert!((sum.near() - expected).abs() < 1e-12 && sum.size() <= MAX_SIZE + 400);
        let huge = n(9).power(&n(387_420_489)).unwrap();
        assert!(huge.ends().1.is_infinite() && huge.signum().is_err());
    }

    proptest! {
        #[test]
        fn formulas_against_doubles(a in 1..40_i64, b in 1..40_i64, p in -3..4_i64, q in 1..5_u64) {
            let (x, y) = (Computable::ratio(a, 7), Computable::ratio(b, 5));
            let (u, v) = (a as f64 / 7.0, b as f64 / 5.0);
            let exponent = Computable::ratio(p, q);
            let near = |c: &Computable, value: f64| {
                let (low, high) = c.ends();
                let slack = 1e-12 * (1.0 + value.abs());
                low - slack <= value && value <= high + slack && high - low <= 1e-14 * (1.0 + value.abs())
            };
            let lx = x.ln().unwrap();
            prop_assert!(near(&lx, libm::log(u)));
            prop_assert!(near(&x.power(&exponent).unwrap(), libm::pow(u, p as f64 / q as f64)));
            prop_assert!(near(&(x.exp().unwrap() * &lx + y.sqrt().unwrap()), libm::exp(u) * libm::log(u) + v.sqrt()));
            prop_assert!(near(&(lx.clone() * &exponent + &y).exp().unwrap(), libm::pow(u, p as f64 / q as f64) * libm::exp(v)));
            // powers of powers and of products
            let root = x.power(&exponent).unwrap();
            if p != 0 {
                prop_assert!(equal(&root.power(&Computable::ratio(q as i64, 1)).unwrap(), &x.power(&n(p)).unwrap()));
            }
            let both = (x.clone() * &y).power(&exponent).unwrap();
            prop_assert!(equal(&both, &(root * y.power(&exponent).unwrap())));
        }
    }
}
