//! Laws of finitely many exact numbers.

use crate::scalar::{Rational, Scalar};
use std::fmt;
use std::str::FromStr;

/// Most atoms that a law is read with.
const MAX_ATOMS: usize = 4096;

/// A random number with finitely many exact values: the law of X itself, whatever its mean.
///
/// Values ascend and differ, probabilities are above 0 and sum to 1: atoms of one value are joined, atoms of
/// probability 0 left out.
///
/// ```
/// use signcheck::model::noise::FiniteLaw;
/// let law: FiniteLaw = "finite(50:1/10, -1:9/10)".parse().unwrap();
/// assert_eq!(law.mean().to_string(), "41/10");
/// assert_eq!(law.centred().mean().to_string(), "0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FiniteLaw {
    atoms: Vec<(Rational, Rational)>,
}

/// Why atoms are no law.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FiniteLawError {
    /// The text does not list atoms.
    #[error("'{0}' is no finite law: write finite(VALUE:PROBABILITY, ..), as in finite(50:1/10, -1:9/10)")]
    Syntax(String),
    /// A probability below 0.
    #[error("the value {value} has the probability {probability}; it must be 0 or more")]
    Negative {
        /// The atom's value.
        value: Rational,
        /// Its probability.
        probability: Rational,
    },
    /// The probabilities do not sum to 1.
    #[error("the probabilities sum to {0}; they must sum to 1 exactly (write 1/3, not 0.333)")]
    Sum(Rational),
    /// Too many atoms to enumerate.
    #[error("the law has {0} atoms; at most {MAX_ATOMS} are read")]
    TooMany(usize),
}

impl FiniteLaw {
    /// The law of these (value, probability) pairs.
    ///
    /// # Errors
    /// Where a probability is negative, their sum is not exactly 1, or there are too many.
    pub fn new(atoms: Vec<(Rational, Rational)>) -> Result<Self, FiniteLawError> {
        if atoms.len() > MAX_ATOMS {
            return Err(FiniteLawError::TooMany(atoms.len()));
        }
        if let Some((value, probability)) = atoms.iter().find(|(_, p)| p.signum() < 0) {
            return Err(FiniteLawError::Negative { value: value.clone(), probability: probability.clone() });
        }
        let sum = atoms.iter().fold(Rational::zero(), |sum, (_, p)| sum + p);
        if sum != Rational::one() {
            return Err(FiniteLawError::Sum(sum));
        }
        Ok(Self::joined(atoms))
    }

    /// Sorted, with equal values joined and impossible ones left out.
    fn joined(mut atoms: Vec<(Rational, Rational)>) -> Self {
        atoms.retain(|(_, p)| !p.is_zero());
        atoms.sort();
        let mut out: Vec<(Rational, Rational)> = Vec::with_capacity(atoms.len());
        for (value, probability) in atoms {
            match out.last_mut() {
                Some((last, p)) if *last == value => *p += &probability,
                _ => out.push((value, probability)),
            }
        }
        FiniteLaw { atoms: out }
    }

    /// The (value, probability) pairs, values ascending.
    #[must_use]
    pub fn atoms(&self) -> &[(Rational, Rational)] {
        &self.atoms
    }

    /// E h(X).
    pub fn expect(&self, h: impl Fn(&Rational) -> Rational) -> Rational {
        self.atoms.iter().fold(Rational::zero(), |sum, (value, p)| sum + h(value) * p)
    }

    /// E X.
    #[must_use]
    pub fn mean(&self) -> Rational {
        self.expect(Rational::clone)
    }

    /// E (X - E X)^2.
    #[must_use]
    pub fn variance(&self) -> Rational {
        let mean = self.mean();
        self.expect(|x| {
            let gap = x.clone() - &mean;
            gap.clone() * &gap
        })
    }

    /// E |X|.
    #[must_use]
    pub fn mean_magnitude(&self) -> Rational {
        self.expect(Scalar::abs)
    }

    /// P[X <= x].
    #[must_use]
    pub fn cumulative(&self, x: &Rational) -> Rational {
        self.atoms.iter().filter(|(value, _)| value <= x).fold(Rational::zero(), |sum, (_, p)| sum + p)
    }

    /// min(P[X >= 0], P[X <= 0]).
    #[must_use]
    pub fn least_right(&self) -> Rational {
        let mass = |keep: fn(i64) -> bool| {
            let kept = self.atoms.iter().filter(|(value, _)| keep(value.signum()));
            kept.fold(Rational::zero(), |sum, (_, p)| sum + p)
        };
        mass(|sign| sign >= 0).min(mass(|sign| sign <= 0))
    }

    /// The least probability of an atom.
    #[must_use]
    pub fn rarest(&self) -> f64 {
        self.atoms.iter().map(|(_, p)| p.to_f64()).fold(1.0, f64::min)
    }

    /// The law of a X + b.
    #[must_use]
    pub fn affine(&self, a: &Rational, b: &Rational) -> Self {
        Self::joined(self.atoms.iter().map(|(value, p)| (value.clone() * a + b, p.clone())).collect())
    }

    /// The law of X - E X.
    #[must_use]
    pub fn centred(&self) -> Self {
        self.affine(&Rational::one(), &-self.mean())
    }

    /// Whether X and -X have the same law.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        self.affine(&Rational::integer(-1), &Rational::zero()) == *self
    }

    /// Whether X is constant.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.atoms.len() == 1
    }
}

impl FromStr for FiniteLaw {
    type Err = FiniteLawError;

    /// Reads `finite(50:1/10, -1:9/10)`; `skew50` and `rademacher` are names of such laws.
    fn from_str(text: &str) -> Result<Self, FiniteLawError> {
        let clean = match text.trim() {
            "skew50" => "finite(50:1/10, -1:9/10)",
            "rademacher" => "finite(1:1/2, -1:1/2)",
            other => other,
        };
        let refuse = || FiniteLawError::Syntax(text.chars().take(60).collect());
        let list = clean.strip_prefix("finite").map(str::trim_start).ok_or_else(refuse)?;
        let list = list.strip_prefix('(').and_then(|l| l.strip_suffix(')')).ok_or_else(refuse)?;
        let mut atoms = Vec::new();
        for atom in list.split(',') {
            let (value, probability) = atom.split_once(':').ok_or_else(refuse)?;
            atoms.push((value.parse().map_err(|_| refuse())?, probability.parse().map_err(|_| refuse())?));
        }
        FiniteLaw::new(atoms)
    }
}

impl fmt::Display for FiniteLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let atoms: Vec<String> = self.atoms.iter().map(|(value, p)| format!("{value}:{p}")).collect();
        write!(f, "finite({})", atoms.join(", "))
    }
}
