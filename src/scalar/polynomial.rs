//! Polynomials in symbols: what a run makes of numbers that are random.
//!
//! A step that only adds and multiplies by constants turns symbols for the iterate and for the draws into a sum of
//! their products. The moments of the next iterate then follow from those of this one. Coefficients are [`Enclosure`]s:
//! exact while that is cheap. What is no polynomial (a sign, a root, an absolute value of a symbol) is
//! [`Polynomial::unknown`], and stays so through everything but a product with 0; of constants every function has its
//! value.

use super::{Computable, Enclosure, Fault, Rational, Scalar};
use std::cell::Cell;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// Largest degree that is kept.
const DEGREE: usize = 4;
/// What a term costs, in about a nanosecond, and what the square of its words adds.
const UNITS_A_TERM: u64 = 300;
const UNITS_A_SQUARE: u64 = 20;

thread_local! {
    /// What the thread may still spend on polynomials.
    static REMAINING: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Whether so many terms of this length can still be paid for; then they are.
fn pays(terms: usize, example: Option<&Enclosure>) -> bool {
    let words = example.map_or(1, Enclosure::words) as u64;
    let price = (terms as u64).saturating_mul(UNITS_A_TERM + UNITS_A_SQUARE * words * words);
    let remaining = REMAINING.get().saturating_sub(price);
    REMAINING.set(remaining);
    remaining > 0
}

/// A product of up to four symbols, which count from 1; the empty product is the constant 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monomial([u32; DEGREE]);

impl Monomial {
    /// The product of these symbols; `None` for more than four.
    #[must_use]
    pub fn of(symbols: &[u32]) -> Option<Self> {
        let mut out = [0; DEGREE];
        out.get_mut(..symbols.len())?.copy_from_slice(symbols);
        // Largest first, so that the empty places stand last.
        out.sort_unstable_by(|a, b| b.cmp(a));
        Some(Monomial(out))
    }

    /// Its symbols, largest first.
    pub fn symbols(&self) -> impl Iterator<Item = u32> {
        self.0.into_iter().filter(|s| *s > 0)
    }

    /// Number of factors.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.symbols().count()
    }

    /// The product of two; `None` beyond the largest degree.
    #[must_use]
    pub fn times(&self, other: &Self) -> Option<Self> {
        let all: Vec<u32> = self.symbols().chain(other.symbols()).collect();
        Self::of(&all)
    }
}

/// A sum of products of symbols, or a number that is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Polynomial(Option<Vec<(Monomial, Enclosure)>>);

impl Polynomial {
    /// A number of which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Polynomial(None)
    }

    /// Runs `f` with so much to spend on this thread, in units of about a nanosecond counted from the sizes of the
    /// numbers; gives what was spent, too. Once it is gone every sum and product is unknown.
    pub fn within<T>(units: u64, f: impl FnOnce() -> T) -> (T, u64) {
        struct Back(u64);
        impl Drop for Back {
            fn drop(&mut self) {
                REMAINING.set(self.0);
            }
        }
        let _back = Back(REMAINING.replace(units));
        let out = f();
        (out, units.saturating_sub(REMAINING.get()))
    }

    /// Whether what there was to spend is gone.
    #[must_use]
    pub fn is_spent() -> bool {
        REMAINING.get() == 0
    }

    /// A symbol, from 1.
    #[must_use]
    pub fn symbol(symbol: u32) -> Self {
        Polynomial(Some(vec![(Monomial([symbol, 0, 0, 0]), Enclosure::one())]))
    }

    /// A number without symbols.
    #[must_use]
    pub fn constant(value: Enclosure) -> Self {
        let zero = value.exact().is_some_and(Rational::is_zero);
        Polynomial(Some(if zero { Vec::new() } else { vec![(Monomial::default(), value)] }))
    }

    /// Its terms, by monomial; `None` where it is unknown.
    #[must_use]
    pub fn terms(&self) -> Option<&[(Monomial, Enclosure)]> {
        self.0.as_deref()
    }

    /// The number, where it has no symbol.
    #[must_use]
    pub fn known(&self) -> Option<Enclosure> {
        match self.terms()? {
            [] => Some(Enclosure::zero()),
            [(monomial, value)] if monomial.degree() == 0 => Some(value.clone()),
            _ => None,
        }
    }

    /// Sums terms of any order.
    #[must_use]
    pub fn sum(mut terms: Vec<(Monomial, Enclosure)>) -> Self {
        terms.sort_by_key(|(monomial, _)| *monomial);
        let mut out: Vec<(Monomial, Enclosure)> = Vec::with_capacity(terms.len());
        for (monomial, value) in terms {
            match out.last_mut() {
                Some((last, sum)) if *last == monomial => *sum += &value,
                _ => out.push((monomial, value)),
            }
        }
        out.retain(|(_, value)| !value.exact().is_some_and(Rational::is_zero));
        Polynomial(Some(out))
    }

    fn plus(&self, other: &Self, negative: bool) -> Self {
        let (Some(a), Some(b)) = (self.terms(), other.terms()) else { return Self::unknown() };
        if !pays(a.len() + b.len(), a.last().or(b.last()).map(|(_, v)| v)) {
            return Self::unknown();
        }
        let signed = |v: &Enclosure| if negative { -v.clone() } else { v.clone() };
        Self::sum(a.iter().cloned().chain(b.iter().map(|(m, v)| (*m, signed(v)))).collect())
    }

    fn product(&self, other: &Self) -> Self {
        // Every number of a run is finite.
        let is_zero = |p: &Self| p.terms().is_some_and(<[_]>::is_empty);
        if is_zero(self) || is_zero(other) {
            return Self::zero();
        }
        let (Some(a), Some(b)) = (self.terms(), other.terms()) else { return Self::unknown() };
        if !pays(a.len() * b.len(), a.last().map(|(_, v)| v)) {
            return Self::unknown();
        }
        let mut terms = Vec::with_capacity(a.len() * b.len());
        for (m, v) in a {
            for (n, w) in b {
                let Some(both) = m.times(n) else { return Self::unknown() };
                terms.push((both, v.clone() * w));
            }
        }
        Self::sum(terms)
    }

    /// A function of constants, unknown of anything else or where the enclosures do not decide it.
    fn of_constants<const N: usize>(
        arguments: [&Self; N],
        f: impl FnOnce([Enclosure; N]) -> Result<Enclosure, Fault>,
    ) -> Result<Self, Fault> {
        let known: Option<Vec<Enclosure>> = arguments.iter().map(|a| a.known()).collect();
        let Some(Ok(known)) = known.map(<[Enclosure; N]>::try_from) else { return Ok(Self::unknown()) };
        match f(known) {
            Ok(value) => Ok(Self::constant(value)),
            Err(Fault::Undecided(_)) => Ok(Self::unknown()),
            Err(fault) => Err(fault),
        }
    }

    fn certain<const N: usize>(arguments: [&Self; N], f: impl FnOnce([Enclosure; N]) -> Enclosure) -> Self {
        Self::of_constants(arguments, |known| Ok(f(known))).unwrap_or_else(|_| Self::unknown())
    }
}

impl Neg for Polynomial {
    type Output = Self;
    fn neg(self) -> Self {
        Polynomial(self.0.map(|terms| terms.into_iter().map(|(m, v)| (m, -v)).collect()))
    }
}

ring_of_references!(Polynomial: Add, add, AddAssign, add_assign, a, b => a.plus(b, false));
ring_of_references!(Polynomial: Sub, sub, SubAssign, sub_assign, a, b => a.plus(b, true));
ring_of_references!(Polynomial: Mul, mul, MulAssign, mul_assign, a, b => a.product(b));

impl Scalar for Polynomial {
    const IS_EXACT: bool = false;

    fn ratio(n: i64, d: u64) -> Self {
        Self::constant(Enclosure::ratio(n, d))
    }

    fn from_rational(value: &Rational) -> Self {
        Self::constant(Enclosure::from_rational(value))
    }

    fn from_f64(value: f64) -> Result<Self, Fault> {
        Enclosure::from_f64(value).map(Self::constant)
    }

    fn from_ends(near: f64, low: f64, high: f64) -> Result<Self, Fault> {
        Enclosure::from_ends(near, low, high).map(Self::constant)
    }

    fn from_computable(value: &Computable) -> Result<Self, Fault> {
        value.enclosure().map(Self::constant)
    }

    fn add_product(&mut self, a: &Self, b: &Self) {
        *self += &a.product(b);
    }

    fn sub_product(&mut self, a: &Self, b: &Self) {
        *self -= &a.product(b);
    }

    fn abs(&self) -> Self {
        Self::certain([self], |[x]| x.abs())
    }

    fn min(&self, other: &Self) -> Self {
        Self::certain([self, other], |[x, y]| x.min(&y))
    }

    fn max(&self, other: &Self) -> Self {
        Self::certain([self, other], |[x, y]| x.max(&y))
    }

    fn sign_or(&self, at_zero: &Self) -> Result<Self, Fault> {
        Self::of_constants([self, at_zero], |[x, z]| x.sign_or(&z))
    }

    fn select_ge(&self, other: &Self, then: &Self, otherwise: &Self) -> Result<Self, Fault> {
        let (Some(x), Some(y)) = (self.known(), other.known()) else { return Ok(Self::unknown()) };
        let (zero, one) = (Enclosure::zero(), Enclosure::one());
        match x.select_ge(&y, &one, &zero) {
            Ok(choice) if choice == one => Ok(then.clone()),
            Ok(_) => Ok(otherwise.clone()),
            Err(Fault::Undecided(_)) => Ok(Self::unknown()),
            Err(fault) => Err(fault),
        }
    }

    fn divide(&self, other: &Self) -> Result<Self, Fault> {
        let Some(divisor) = other.known() else { return Ok(Self::unknown()) };
        match Enclosure::one().divide(&divisor) {
            Ok(inverse) => Ok(self.product(&Self::constant(inverse))),
            Err(Fault::Undecided(_)) => Ok(Self::unknown()),
            Err(fault) => Err(fault),
        }
    }

    fn sqrt(&self) -> Result<Self, Fault> {
        Self::of_constants([self], |[x]| x.sqrt())
    }

    fn ln(&self) -> Result<Self, Fault> {
        Self::of_constants([self], |[x]| Scalar::ln(&x))
    }

    fn exp(&self) -> Result<Self, Fault> {
        Self::of_constants([self], |[x]| Scalar::exp(&x))
    }

    fn sin_cos(&self) -> Result<(Self, Self), Fault> {
        let sine = Self::of_constants([self], |[x]| Ok(x.sin_cos()?.0))?;
        Ok((sine, Self::of_constants([self], |[x]| Ok(x.sin_cos()?.1))?))
    }

    fn power(&self, exponent: &Self) -> Result<Self, Fault> {
        if self.known().is_none() {
            let whole = exponent.known().and_then(|e| e.exact().and_then(Rational::to_i64));
            let Some(n) = whole.filter(|n| (0..=DEGREE as i64).contains(n)) else { return Ok(Self::unknown()) };
            return Ok((0..n).fold(Self::one(), |product, _| product.product(self)));
        }
        Self::of_constants([self, exponent], |[x, e]| x.power(&e))
    }

    fn floor(&self) -> Result<Self, Fault> {
        Self::of_constants([self], |[x]| x.floor())
    }

    fn keep_largest(values: &mut [Self], k: usize) -> Result<(), Fault> {
        if k >= values.len() {
            return Ok(());
        }
        let known: Option<Vec<Enclosure>> = values.iter().map(Self::known).collect();
        if let Some(mut known) = known
            && Enclosure::keep_largest(&mut known, k).is_ok()
        {
            values.iter_mut().zip(known).for_each(|(value, known)| *value = Self::constant(known));
        } else {
            values.fill(Self::unknown());
        }
        Ok(())
    }

    fn to_bits(&self) -> (u64, u64) {
        self.known().map_or((0, 0), |value| value.to_bits())
    }

    fn from_bits(positive: u64, negative: u64) -> Self {
        Self::constant(Enclosure::from_bits(positive, negative))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: i64, d: u64) -> Polynomial {
        Polynomial::ratio(n, d)
    }

    #[test]
    fn polynomials_multiply_out() {
        // exact: (x + 2)(x - 2) = x^2 - 4; the cross terms cancel
        let x = Polynomial::symbol(1);
        let product = (x.clone() + &number(2, 1)) * &(x.clone() - &number(2, 1));
        assert_eq!(product, x.clone() * &x - &number(4, 1));
        assert_eq!(product.terms().map(<[_]>::len), Some(2));
        // exact: y x is x y, and x^5 is beyond what is kept
        let y = Polynomial::symbol(2);
        assert_eq!(x.clone() * &y, y * &x);
        let fourth = x.power(&number(4, 1)).unwrap();
        assert_eq!(fourth.terms().unwrap()[0].0.degree(), 4);
        assert_eq!((fourth * &x).terms(), None);
    }

    #[test]
    fn functions_know_constants_only() {
        let x = Polynomial::symbol(1);
        assert_eq!(x.sign_or(&number(0, 1)), Ok(Polynomial::unknown()));
        assert_eq!(number(-3, 7).sign_or(&number(0, 1)), Ok(number(-1, 1)));
        assert_eq!((number(3, 10) - &number(1, 10) - &number(2, 10)).sign_or(&number(0, 1)), Ok(number(0, 1)));
        assert_eq!(x.max(&number(1, 1)).terms(), None);
        // exact: 0 times a number of which nothing is known is 0
        assert_eq!(Polynomial::unknown() * &number(0, 1), number(0, 1));
        assert_eq!((Polynomial::unknown() + &x).terms(), None);
        assert_eq!(x.divide(&number(2, 1)), Ok(x.clone() * &number(1, 2)));
        assert_eq!(number(1, 1).divide(&x), Ok(Polynomial::unknown()));
        assert_eq!(number(1, 1).select_ge(&number(1, 2), &x, &number(0, 1)), Ok(x));
    }
}
