//! What the law of a stochastic gradient shows at a state: the atoms of one draw, where they are finitely many.

use super::{Subject, Witness};
use crate::model::{Atom, Evaluates, Real};
use crate::scalar::{Fault, Rational, Scalar};
use std::collections::BTreeMap;

/// Coordinates that are looked at: those of a large problem are alike.
const MOST_COORDINATES: usize = 16;
/// Coordinates of a problem whose law is looked at.
const MOST_DIMENSION: usize = 4096;

impl Witness {
    /// Whether this refutes what a law is said to have, at a state of the subject.
    #[must_use]
    pub fn refutes_law(&self, subject: &Subject<'_>) -> bool {
        self.check_law(subject).unwrap_or(false)
    }

    fn check_law(&self, subject: &Subject<'_>) -> Option<bool> {
        let x = match self {
            Witness::Bias { x, .. }
            | Witness::Skew { x, .. }
            | Witness::TwoAtoms { x, .. }
            | Witness::Together { x }
            | Witness::Memory { x, .. }
            | Witness::Coin { x, .. } => exact(x)?,
            _ => return None,
        };
        let seen = Seen::at(subject, x)?;
        self.shown_by(subject, &seen)
    }

    /// Whether what is seen at the witness's state refutes what it is a witness against.
    fn shown_by(&self, subject: &Subject<'_>, seen: &Seen) -> Option<bool> {
        let Seen { x, gradient, law } = seen;
        Some(match self {
            Witness::Bias { coordinate, .. } => mean(law, *coordinate) != gradient[*coordinate],
            Witness::Skew { coordinate, .. } => {
                let centre = mean(law, *coordinate);
                let around = marginal(law, *coordinate, |v| v.clone() - &centre);
                around != marginal(law, *coordinate, |v| centre.clone() - v)
            }
            Witness::TwoAtoms { coordinate, .. } => marginal(law, *coordinate, Rational::clone).len() > 1,
            Witness::Together { .. } => !is_product(law),
            Witness::Memory { atoms: (a, b), .. } => {
                let noise = subject.noise?;
                let after = |atom| noise.atoms_from(noise.node_after(0, atom), x, gradient);
                let possible = |i: usize| law.get(i).is_some_and(|a| !a.probability.is_zero());
                possible(*a) && possible(*b) && joined(&after(*a)?) != joined(&after(*b)?)
            }
            Witness::Coin { coordinate, .. } => {
                let sign = gradient[*coordinate].signum();
                let values = marginal(law, *coordinate, Rational::clone);
                let right = values.iter().filter(|(v, _)| v.signum() == sign);
                sign != 0 && right.fold(Rational::zero(), |sum, (_, p)| sum + p) <= Rational::ratio(1, 2)
            }
            _ => false,
        })
    }
}

fn exact(x: &[Real]) -> Option<Vec<Rational>> {
    x.iter().map(|v| v.exact().cloned()).collect()
}

/// A state with the gradient and the law of one draw there.
struct Seen {
    x: Vec<Rational>,
    gradient: Vec<Rational>,
    law: Vec<Atom>,
}

impl Seen {
    fn at(subject: &Subject<'_>, x: Vec<Rational>) -> Option<Self> {
        let gradient = subject.gradient(&x).ok()?;
        Some(Seen { law: subject.law(&x)?, gradient, x })
    }
}

/// E g_i of a law.
fn mean(law: &[Atom], coordinate: usize) -> Rational {
    law.iter().fold(Rational::zero(), |sum, a| sum + a.gradient[coordinate].clone() * &a.probability)
}

/// The law of a function of a coordinate: values with their probabilities above 0.
fn marginal(law: &[Atom], coordinate: usize, of: impl Fn(&Rational) -> Rational) -> BTreeMap<Rational, Rational> {
    let mut found = BTreeMap::new();
    for atom in law.iter().filter(|a| !a.probability.is_zero()) {
        *found.entry(of(&atom.gradient[coordinate])).or_insert_with(Rational::zero) += &atom.probability;
    }
    found
}

/// The law as vectors with their probabilities above 0.
fn joined(law: &[Atom]) -> BTreeMap<Vec<Rational>, Rational> {
    let mut found = BTreeMap::new();
    for atom in law.iter().filter(|a| !a.probability.is_zero()) {
        *found.entry(atom.gradient.clone()).or_insert_with(Rational::zero) += &atom.probability;
    }
    found
}

fn is_product(law: &[Atom]) -> bool {
    let d = law.first().map_or(0, |a| a.gradient.len());
    let marginals: Vec<_> = (0..d).map(|i| marginal(law, i, Rational::clone)).collect();
    joined(law).iter().all(|(v, p)| {
        let product = v.iter().zip(&marginals).fold(Rational::one(), |product, (v, m)| product * &m[v]);
        product == *p
    })
}

impl Subject<'_> {
    /// The gradient at a rational point, where it is rational.
    fn gradient(&self, x: &[Rational]) -> Result<Vec<Rational>, Fault> {
        let mut out = vec![Rational::zero(); x.len()];
        (self.problem as &dyn Evaluates<Rational>).gradient_at(x, &mut out)?;
        Ok(out)
    }

    /// The law of one draw of the stochastic gradient at x, where it is finite: the noise around the gradient, or
    /// around a sample drawn at random.
    fn law(&self, x: &[Rational]) -> Option<Vec<Atom>> {
        if !self.minibatch {
            return self.noise?.atoms_from(0, x, &self.gradient(x).ok()?);
        }
        let n = self.problem.samples()?;
        let mut atoms = Vec::new();
        for sample in 0..n {
            let mut out = vec![Rational::zero(); x.len()];
            (self.problem as &dyn Evaluates<Rational>).sample_gradient_at(sample, x, &mut out).ok()?;
            let drawn = match self.noise {
                Some(noise) => noise.atoms_from(0, x, &out)?,
                None => vec![Atom { probability: Rational::one(), gradient: out }],
            };
            let share = Rational::ratio(1, n as u64);
            atoms.extend(drawn.into_iter().map(|a| Atom { probability: a.probability * &share, ..a }));
        }
        Some(atoms)
    }

    /// The first of these witnesses (each a state and a coordinate) that the law of a draw confirms.
    pub(super) fn law_witness(&self, of: impl Fn(Vec<Real>, usize) -> Witness) -> Option<Witness> {
        let coordinates = self.problem.dimension().min(MOST_COORDINATES);
        if self.problem.dimension() > MOST_DIMENSION {
            return None;
        }
        self.states().into_iter().find_map(|x| {
            let seen = Seen::at(self, exact(&x)?)?;
            (0..coordinates).map(|i| of(x.clone(), i)).find(|w| w.shown_by(self, &seen) == Some(true))
        })
    }

    /// States at which a law is looked at: the start, two plain ones, and one near the minimiser.
    fn states(&self) -> Vec<Vec<Real>> {
        let d = self.problem.dimension();
        let mut states: Vec<Vec<Real>> = self.start.map(<[Real]>::to_vec).into_iter().collect();
        states.extend([vec![Real::integer(1); d], vec![Real::integer(0); d]]);
        if let (Some(start), Some(minimiser)) = (self.start, self.minimiser) {
            let small = Real::from(Rational::ratio(1, 1 << 40));
            let near = |(x, m): (&Real, &Real)| Real::sum(&[m.clone(), x.minus(m).times(&small)]);
            states.push(start.iter().zip(minimiser).map(near).collect());
        }
        states
    }
}
