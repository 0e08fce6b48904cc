//! Finite noise with dependent coordinates.
//!
//! **Shapes and units** `atoms` has rows [v_1, .., v_d, p]: the vector v is added with probability p.
//! **Assumptions** the probabilities sum to 1 and each coordinate's mean is 0, exactly.
//! **Facts** all exact, from the atoms: E|xi|_1^2 with the dependence. A batch is averaged draw by draw.

use super::finite::{cumulative, exact};
use super::finite_law::FiniteLaw;
use super::{Atom, DrawMoments, DrawRounding, Noise, NoiseEntry, Tails, drawn};
use crate::model::facts::{Facts, Property};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};
use std::collections::BTreeMap;

/// Vectors with probabilities.
pub(super) struct Joint {
    atoms: Vec<(Vec<Rational>, Rational)>,
    /// Each coordinate's own law.
    marginals: Vec<FiniteLaw>,
    /// `values[a][i]`: coordinate i of atom a.
    values: Vec<Vec<f64>>,
    cumulative: Vec<f64>,
}

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "joint",
    summary: "atoms over all coordinates at once: rows [v_1, .., v_d, p]",
    params: &[ParamSpec {
        name: "atoms",
        kind: Kind::Matrix,
        default: None,
        limits: Limits::ANY,
        doc: "rows [v_1, .., v_d, p], probabilities summing to 1, mean 0 in each coordinate",
    }],
    build: |p| Ok(Box::new(read(p)?)),
};

fn read(p: &Params) -> Result<Joint, BuildError> {
    let refuse = |message: String| BuildError::about("atoms", message);
    let mut rows = Vec::new();
    for row in p.matrix("atoms")? {
        if row.len() != p.dimension + 1 {
            let d = p.dimension;
            return Err(refuse(format!(
                "'atoms' has rows of {} numbers; it takes {d} values and a probability",
                row.len()
            )));
        }
        rows.push(row.iter().map(|v| exact("atoms", v)).collect::<Result<Vec<_>, _>>()?);
    }
    Joint::new(p.dimension, rows).map_err(refuse)
}

impl Joint {
    /// The law of rows [v_1, .., v_d, p].
    ///
    /// # Errors
    /// Why the rows are no law, or not of mean 0.
    pub(super) fn new(d: usize, rows: Vec<Vec<Rational>>) -> Result<Self, String> {
        let split = |mut row: Vec<Rational>| {
            let probability = row.pop().unwrap_or_else(Rational::zero);
            (row, probability)
        };
        let atoms: Vec<(Vec<Rational>, Rational)> = rows.into_iter().map(split).collect();
        let mut marginals = Vec::new();
        for i in 0..d {
            let law = FiniteLaw::new(atoms.iter().map(|(v, p)| (v[i].clone(), p.clone())).collect())
                .map_err(|e| e.to_string())?;
            let mean = law.mean();
            if !mean.is_zero() {
                return Err(format!("coordinate {} has the mean {mean}; additive noise takes mean 0", i + 1));
            }
            marginals.push(law);
        }
        let values = atoms.iter().map(|(v, _)| v.iter().map(Rational::to_f64).collect()).collect();
        let cumulative = cumulative(atoms.iter().map(|(_, p)| p));
        Ok(Joint { atoms, marginals, values, cumulative })
    }

    /// The atom of a uniform number: as [`Stream::choose`], for one lane.
    pub(super) fn at(&self, u: f64) -> usize {
        let inner = self.cumulative.split_last().map_or(&self.cumulative[..], |(_, inner)| inner);
        inner.iter().filter(|bound| u >= **bound).count()
    }

    /// An atom's vector.
    pub(super) fn value(&self, atom: usize) -> &[f64] {
        &self.values[atom]
    }

    /// The atoms' probabilities, in their order.
    pub(super) fn probabilities(&self) -> impl Iterator<Item = f64> {
        self.atoms.iter().map(|(_, p)| p.to_f64())
    }

    /// Each coordinate's standard deviation.
    pub(super) fn deviations(&self) -> Vec<Real> {
        self.marginals.iter().map(|law| Real::from(law.variance()).root()).collect()
    }

    /// Every entry of every atom.
    pub(super) fn values(&self) -> impl Iterator<Item = &Rational> + Clone {
        self.atoms.iter().flat_map(|(v, _)| v)
    }

    /// Whether the law is the product of its marginals: every combination of their values has the product of their
    /// probabilities.
    fn is_product(&self) -> bool {
        let mut joint: BTreeMap<&[Rational], Rational> = BTreeMap::new();
        for (v, p) in self.atoms.iter().filter(|(_, p)| !p.is_zero()) {
            *joint.entry(v.as_slice()).or_insert_with(Rational::zero) += p;
        }
        let marginal = |i: usize, value: &Rational| {
            let of_value = joint.iter().filter(|(v, _)| v[i] == *value);
            of_value.fold(Rational::zero(), |sum, (_, p)| sum + p)
        };
        // What is listed sums to 1, so that a combination that is not listed shows as too small a product elsewhere.
        joint.iter().all(|(v, p)| {
            v.iter().enumerate().fold(Rational::one(), |product, (i, value)| product * &marginal(i, value)) == *p
        })
    }

    fn expect(&self, h: impl Fn(&[Rational]) -> Rational) -> Real {
        Real::Exact(self.atoms.iter().fold(Rational::zero(), |sum, (v, p)| sum + h(v) * p))
    }
}

impl Noise for Joint {
    #[inline(always)]
    fn perturb<const N: usize>(&self, stream: &mut Stream<N>, batch: u64, _x: &[Lane<N>], gradient: &mut [Lane<N>]) {
        let batch = batch.max(1);
        let share = 1.0 / batch as f64;
        for _ in 0..batch {
            let chosen = stream.choose(&self.cumulative);
            for (i, g) in gradient.iter_mut().enumerate() {
                for (g, atom) in g.0.iter_mut().zip(&chosen) {
                    *g += self.values[*atom][i] * share;
                }
            }
        }
    }

    fn is_additive(&self) -> bool {
        true
    }

    fn is_silent(&self) -> bool {
        self.marginals.iter().all(FiniteLaw::is_constant)
    }

    fn atoms(&self, _x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        let moved = |v: &[Rational]| gradient.iter().zip(v).map(|(g, v)| g.clone() + v).collect();
        let possible = self.atoms.iter().filter(|(_, p)| !p.is_zero());
        Some(possible.map(|(v, p)| Atom { probability: p.clone(), gradient: moved(v) }).collect())
    }

    fn facts(&self) -> Facts {
        let deviations = self.deviations();
        let square = |q: Rational| q.clone() * q;
        let l2 = self.expect(|v| v.iter().fold(Rational::zero(), |sum, v| sum + v.clone() * v));
        let l1 = self.expect(|v| square(v.iter().fold(Rational::zero(), |sum, v| sum + Scalar::abs(v))));
        let mut facts = Facts::new();
        facts
            .exact("sigma", l2.root())
            .exact("sigma1", Real::sum(&deviations))
            .exact("sigma_l1", l1.root())
            .exact("sigma_max", Real::largest(&deviations));
        if let Some(p) = self.marginals.iter().map(FiniteLaw::least_right).min() {
            facts.exact("p_sign", p.into());
        }
        facts
    }

    fn draw_moments(&self) -> Option<DrawMoments> {
        let d = self.marginals.len();
        let covariance = |i: usize, j: usize| self.expect(|v| v[i].clone() * &v[j]);
        Some(DrawMoments::Joint((0..d).map(|i| (0..d).map(|j| covariance(i, j)).collect()).collect()))
    }

    fn tails(&self) -> Tails {
        let possible = self.probabilities().filter(|p| *p > 0.0);
        Tails { rarest: Some(possible.fold(1.0, f64::min)), ..Tails::LIGHT }
    }

    fn in_doubles(&self, batch: u64) -> DrawRounding {
        DrawRounding::Added(drawn(self.values(), &[Real::integer(1)], batch))
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Symmetric => Some(self.marginals.iter().all(FiniteLaw::is_symmetric)),
            Property::Unimodal => Some(self.marginals.iter().all(FiniteLaw::is_constant)),
            Property::Unbiased | Property::Independent | Property::SmoothSamples => Some(true),
            Property::Continuous => Some(false),
            Property::IndependentCoordinates => Some(self.is_product()),
            Property::Convex | Property::StronglyConvex | Property::Smooth | Property::Walled => None,
        }
    }
}
