//! What a formula is built of beside sums of roots, and the rules that keep equal products equal.

use super::{Computable, PRECISIONS, Term};
use crate::scalar::{Enclosure, Fault, Rational, Scalar, Surd};
use std::sync::Arc;

/// Primes up to this one are divided out of the bases of powers and logarithms.
const SMALL: i64 = 1000;
/// Largest power of a prime that is multiplied out.
const MAX_WHOLE: i64 = 4096;

/// A number that is no sum of roots. Where its sign is decided it is positive: a negative one is its opposite, times
/// -1.
#[derive(Debug)]
pub(super) struct Atom {
    kind: Kind,
    /// The atom is minus what its kind says.
    negated: bool,
    positive: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// The number itself, under a power that is not multiplied out.
    Base(Computable),
    Ln(Computable),
    Exp(Computable),
    Sin(Computable),
    Cos(Computable),
    Abs(Computable),
    /// Known by its bounds.
    Between(Enclosure),
}

impl Atom {
    /// The atom of a kind, and whether the number is minus the atom.
    pub(super) fn new(kind: Kind) -> (Self, bool) {
        let mut atom = Atom { kind, negated: false, positive: false };
        let one = Rational::one();
        let sign = PRECISIONS
            .iter()
            .find_map(|bits| Enclosure::at_precision(*bits, || atom.enclosure(&one).ok()?.decided_sign()));
        atom.negated = sign == Some(-1);
        atom.positive = matches!(sign, Some(1 | -1));
        let negated = atom.negated;
        (atom, negated)
    }

    pub(super) fn is_positive(&self) -> bool {
        self.positive
    }

    pub(super) fn size(&self) -> usize {
        match &self.kind {
            Kind::Base(x) | Kind::Ln(x) | Kind::Exp(x) | Kind::Sin(x) | Kind::Cos(x) | Kind::Abs(x) => 1 + x.size(),
            Kind::Between(_) => 1,
        }
    }

    pub(super) fn same(a: &Arc<Self>, b: &Arc<Self>) -> bool {
        if Arc::ptr_eq(a, b) {
            return true;
        }
        let alike = match (&a.kind, &b.kind) {
            (Kind::Base(x), Kind::Base(y))
            | (Kind::Ln(x), Kind::Ln(y))
            | (Kind::Exp(x), Kind::Exp(y))
            | (Kind::Sin(x), Kind::Sin(y))
            | (Kind::Cos(x), Kind::Cos(y))
            | (Kind::Abs(x), Kind::Abs(y)) => x.is(y),
            // Two numbers between the same bounds need not be equal.
            _ => false,
        };
        alike && a.negated == b.negated
    }

    /// An enclosure of a power of the atom.
    pub(super) fn enclosure(&self, exponent: &Rational) -> Result<Enclosure, Fault> {
        let e = Enclosure::from_rational(exponent);
        let value = match &self.kind {
            // Whole powers of exponentials may be large, and e^x is found from any x.
            Kind::Exp(x) => return Scalar::exp(&(x.enclosure()? * &e)),
            Kind::Base(x) => x.enclosure()?,
            Kind::Ln(x) => x.enclosure()?.ln()?,
            Kind::Sin(x) => x.enclosure()?.sin_cos()?.0,
            Kind::Cos(x) => x.enclosure()?.sin_cos()?.1,
            Kind::Abs(x) => Scalar::abs(&x.enclosure()?),
            Kind::Between(value) => value.shortened(),
        };
        let value = if self.negated { -value } else { value };
        match exponent.to_i64() {
            Some(1) => Ok(value),
            Some(n) if n.abs() <= MAX_WHOLE => value.power(&e),
            _ if *exponent == Rational::ratio(1, 2) => Scalar::sqrt(&value),
            _ => Scalar::exp(&(e * &value.ln()?)),
        }
    }

    /// A power of an atom, with what of it is no atom multiplied out.
    pub(super) fn power(atom: &Arc<Self>, exponent: Rational) -> Result<Computable, Fault> {
        if exponent.is_zero() {
            return Ok(Computable::one());
        }
        if !atom.positive && exponent.to_i64().is_none() {
            return Err(Fault::Undecided("the sign of a number under a root"));
        }
        if let Kind::Base(base) = &atom.kind {
            if let Some(n) = exponent.to_i64().filter(|n| (1..=super::MAX_EXPANDED).contains(n)) {
                return base.positive_power(&Rational::integer(n));
            }
            if base.rational().is_some()
                && let Some(found) = split(base, &exponent)?
            {
                return Ok(found);
            }
        }
        Ok(Computable::of(
            Surd::zero(),
            vec![Term { coefficient: Surd::one(), powers: vec![(atom.clone(), exponent)] }],
        ))
    }
}

/// p^e for a whole p > 1 as p^(n/2) p^f with f in [0, 1/2): the first is a root. `None` where p^e is p^f already or n
/// is too large.
fn split(base: &Computable, exponent: &Rational) -> Result<Option<Computable>, Fault> {
    let halves = (exponent.clone() * &Rational::integer(2)).floor();
    match (halves.to_i64(), base.surd()) {
        (Some(n), Some(p)) if n != 0 && n.abs() <= 2 * MAX_WHOLE => {
            let whole = halves * &Rational::ratio(1, 2);
            let rest = exponent.clone() - &whole;
            let factor = p.power(&whole.into())?;
            let rest = if rest.is_zero() { Computable::one() } else { plain_power(base.clone(), rest) };
            Ok(Some(rest.scaled(&factor)))
        }
        _ => Ok(None),
    }
}

fn plain_power(base: Computable, exponent: Rational) -> Computable {
    let (atom, _) = Atom::new(Kind::Base(base));
    Computable::of(Surd::zero(), vec![Term { coefficient: Surd::one(), powers: vec![(Arc::new(atom), exponent)] }])
}

/// The small primes of a positive rational with their exponents, and what is left of numerator and denominator.
fn factors(q: &Rational) -> Vec<(Rational, i64)> {
    let mut found = Vec::new();
    for (mut rest, sign) in [(q.clone() * &q.denominator(), 1), (q.denominator(), -1)] {
        for p in 2..=SMALL {
            let (prime, mut times) = (Rational::integer(p), 0);
            while !is_one(&rest) {
                let next = rest.clone() * &Rational::ratio(1, p as u64);
                if !is_one(&next.denominator()) {
                    break;
                }
                (rest, times) = (next, times + sign);
            }
            if times != 0 {
                found.push((prime, times));
            }
        }
        if !is_one(&rest) {
            found.push((rest, sign));
        }
    }
    found
}

fn is_one(q: &Rational) -> bool {
    *q == Rational::one()
}

/// x^r of a positive sum of roots.
pub(super) fn surd_power(x: &Surd, exponent: &Rational) -> Result<Computable, Fault> {
    if let Some(q) = x.rational().filter(|q| is_one(q)) {
        return Ok(q.clone().into());
    }
    match x.power(&exponent.clone().into()) {
        Ok(power) => return Ok(power.into()),
        Err(Fault::NoExactForm(_) | Fault::TooLarge(_)) => {}
        Err(fault) => return Err(fault),
    }
    let Some(q) = x.rational() else { return Ok(plain_power(x.clone().into(), exponent.clone())) };
    let mut product = Computable::one();
    for (base, times) in factors(q) {
        let e = exponent.clone() * &Rational::integer(times);
        let base = Computable::from(base);
        let power = match split(&base, &e)? {
            Some(power) => power,
            None => plain_power(base, e),
        };
        product = product * power;
    }
    Ok(product)
}

/// The logarithm of a positive number: of a product it is a sum.
pub(super) fn logarithm(x: &Computable) -> Result<Computable, Fault> {
    if let Some(surd) = x.surd() {
        if let Some(q) = surd.rational() {
            let parts = factors(q)
                .into_iter()
                .map(|(base, times)| Computable::atom(Atom::new(Kind::Ln(base.into()))).scaled(&Surd::ratio(times, 1)));
            return Ok(parts.fold(Computable::zero(), |sum, part| sum + part));
        }
        let square = surd.clone() * surd;
        if square.rational().is_some() {
            return Ok(logarithm(&square.into())?.scaled(&Surd::ratio(1, 2)));
        }
    }
    if let Some(term) = x.single().filter(|t| t.is_of_positive_atoms()) {
        let mut sum = if term.coefficient == Surd::one() {
            Computable::zero()
        } else {
            logarithm(&term.coefficient.clone().into())?
        };
        for (atom, exponent) in &term.powers {
            let inner = match &atom.kind {
                Kind::Exp(y) => y.clone(),
                Kind::Base(y) => Computable::atom(Atom::new(Kind::Ln(y.clone()))),
                _ => {
                    let alone = Atom::power(atom, Rational::one())?;
                    Computable::atom(Atom::new(Kind::Ln(alone)))
                }
            };
            sum = sum + inner.scaled(&exponent.clone().into());
        }
        return Ok(sum);
    }
    Ok(Computable::atom(Atom::new(Kind::Ln(x.clone()))))
}

/// The exponential: of a sum it is a product, and of a multiple of a logarithm a power.
pub(super) fn exponential(x: &Computable) -> Result<Computable, Fault> {
    let e = |x: Computable, power: Rational| -> Result<Computable, Fault> {
        Atom::power(&Arc::new(Atom::new(Kind::Exp(x)).0), power)
    };
    let mut product = Computable::one();
    if !x.0.surd.is_zero() {
        let one = Computable::one();
        product = match x.0.surd.rational() {
            Some(q) => e(one, q.clone())?,
            None => e(x.0.surd.clone().into(), Rational::one())?,
        };
    }
    for term in &x.0.terms {
        let alone =
            |coefficient: Surd| Computable::of(Surd::zero(), vec![Term { coefficient, powers: term.powers.clone() }]);
        let factor = match (term.coefficient.rational(), term.powers.as_slice()) {
            (Some(q), [(atom, power)]) if is_one(power) && matches!(atom.kind, Kind::Ln(_)) => {
                let Kind::Ln(y) = &atom.kind else { continue };
                let q = if atom.negated { -q.clone() } else { q.clone() };
                y.power(&q.into())?
            }
            (Some(q), _) => e(alone(Surd::one()), q.clone())?,
            (None, _) => e(alone(term.coefficient.clone()), Rational::one())?,
        };
        product = product * factor;
    }
    Ok(product)
}
