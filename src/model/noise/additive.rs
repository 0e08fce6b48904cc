//! Additive noise with independent coordinates: one standard law, times one scale per coordinate.
//!
//! **Facts** for coordinates s_i X_i with X_i i.i.d., E X = 0, v = E X^2, m = E|X|: sigma_i^2 = v s_i^2, sigma^2 = sum
//! sigma_i^2, and E|xi|_1^2 = v sum s_i^2 + m^2 ((sum s_i)^2 - sum s_i^2), the second part from the products of
//! different coordinates. P[sgn(g + s_i X) = sgn g] is smallest as g goes to 0, p_sign = min(P[X >= 0], P[X <= 0]).

use super::finite_law::FiniteLaw;
use super::{Atom, DrawMoments, DrawRounding, Drawn, DynNoise, Noise, Tails, drawn};
use crate::model::facts::{Facts, Property};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};

/// The factor of each coordinate.
pub(super) const SCALE: ParamSpec = ParamSpec {
    name: "scale",
    kind: Kind::Vector,
    default: Some("1"),
    limits: Limits::NON_NEGATIVE,
    doc: "s_i, one per coordinate; the standard deviation where the law has variance 1",
};

/// Most atoms of a product law that are enumerated.
const MAX_ATOMS: usize = 4096;

/// A law of one number with mean 0.
pub(super) trait Standard: Send + Sync + 'static {
    /// One draw per lane.
    fn draw<const N: usize>(&self, stream: &mut Stream<N>) -> Lane<N>;

    /// The mean of n draws; a law that is closed under sums answers with one.
    #[inline(always)]
    fn average<const N: usize>(&self, stream: &mut Stream<N>, n: u64) -> Lane<N> {
        let mut sum = self.draw(stream);
        for _ in 1..n {
            sum += &self.draw(stream);
        }
        if n > 1 { sum * Lane::splat(1.0 / n as f64) } else { sum }
    }

    /// E X^2.
    fn variance(&self) -> Real {
        Real::integer(1)
    }

    /// (E|X|)^2: rational for more laws than E|X| is.
    fn squared_mean_magnitude(&self) -> Real;

    /// min(P[X >= 0], P[X <= 0]), to which P[sgn(g + s X) = sgn g] falls as g goes to 0; `None` where it is not worked
    /// out.
    fn least_right(&self) -> Option<Real> {
        self.is_symmetric().then(|| Rational::ratio(1, 2).into())
    }

    /// Whether X and -X have the same law.
    fn is_symmetric(&self) -> bool {
        true
    }

    /// Whether the law is unimodal: a density that rises to a mode and falls, or a point mass.
    fn is_unimodal(&self) -> bool {
        true
    }

    /// Whether the law has a density.
    fn is_continuous(&self) -> bool {
        self.finite().is_none()
    }

    /// What a sample must be large enough to see.
    fn tails(&self) -> Tails {
        let rarest = self.finite().map_or(1.0, FiniteLaw::rarest);
        Tails { rarest: Some(rarest), ..Tails::LIGHT }
    }

    /// The law itself, where it is finite.
    fn finite(&self) -> Option<&FiniteLaw> {
        None
    }
}

/// Independent coordinates s_i X_i added to the gradient.
pub(super) struct Additive<L> {
    law: L,
    scale: Vec<Real>,
    float: Vec<f64>,
}

/// Builds the additive noise of a standard law from the parameter `scale`.
pub(super) fn build<L: Standard>(p: &Params, law: L) -> Result<Box<dyn DynNoise>, BuildError> {
    let scale = if p.has("scale") { p.vector("scale", p.dimension)? } else { vec![Real::integer(1); p.dimension] };
    if let Some(bad) = scale.iter().find(|s| !(s.to_f64() >= 0.0 && s.to_f64().is_finite())) {
        return Err(BuildError::about("scale", format!("'scale' holds {bad}; it takes finite numbers, 0 or more")));
    }
    let float = scale.iter().map(Real::to_f64).collect();
    Ok(Box::new(Additive { law, scale, float }))
}

impl<L: Standard> Noise for Additive<L> {
    #[inline(always)]
    fn perturb<const N: usize>(&self, stream: &mut Stream<N>, batch: u64, _x: &[Lane<N>], gradient: &mut [Lane<N>]) {
        for (g, scale) in gradient.iter_mut().zip(&self.float) {
            g.add_product(&self.law.average(stream, batch.max(1)), &Lane::splat(*scale));
        }
    }

    fn atoms(&self, _x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        let law = self.law.finite()?;
        let coordinates: Option<Vec<FiniteLaw>> =
            gradient.iter().zip(&self.scale).map(|(g, s)| Some(law.affine(s.exact()?, g))).collect();
        product(&coordinates?)
    }

    fn is_additive(&self) -> bool {
        true
    }

    fn is_silent(&self) -> bool {
        self.scale.iter().all(|s| s.exact().is_some_and(Rational::is_zero))
            || self.law.finite().is_some_and(FiniteLaw::is_constant)
    }

    fn facts(&self) -> Facts {
        let mut facts = facts(&self.scale, &self.law.variance(), &self.law.squared_mean_magnitude());
        if let Some(p) = if self.is_silent() { Some(Real::integer(1)) } else { self.law.least_right() } {
            facts.exact("p_sign", p);
        }
        facts
    }

    fn draw_moments(&self) -> Option<DrawMoments> {
        let variance = self.law.variance();
        Some(DrawMoments::Independent(self.scale.iter().map(|s| s.times(s).times(&variance)).collect()))
    }

    fn tails(&self) -> Tails {
        self.law.tails()
    }

    fn in_doubles(&self, batch: u64) -> DrawRounding {
        let Some(law) = self.law.finite() else { return DrawRounding::Added(Drawn::AS_IS) };
        DrawRounding::Added(drawn(law.atoms().iter().map(|(v, _)| v), &self.scale, batch))
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Symmetric => Some(self.law.is_symmetric()),
            Property::Unimodal => Some(self.law.is_unimodal()),
            Property::Unbiased | Property::Independent | Property::IndependentCoordinates | Property::SmoothSamples => {
                Some(true)
            }
            Property::Continuous => Some(self.law.is_continuous() && self.scale.iter().all(|s| s.to_f64() > 0.0)),
            Property::Convex | Property::StronglyConvex | Property::Smooth | Property::Walled => None,
        }
    }
}

/// Facts of independent coordinates s_i X_i with E X^2 and (E|X|)^2 given.
pub(super) fn facts(scale: &[Real], variance: &Real, squared_mean_magnitude: &Real) -> Facts {
    let deviation = variance.root();
    let squares = Real::sum(&scale.iter().map(|s| s.times(s)).collect::<Vec<_>>());
    let total = Real::sum(scale);
    let spread = variance.times(&squares);
    let cross = total.times(&total).minus(&squares);
    // One coordinate alone has no cross terms, and an irrational (E|X|)^2 does not matter.
    let single = cross.exact().is_some_and(Rational::is_zero);
    let l1 = if single { spread.clone() } else { Real::sum(&[spread.clone(), cross.times(squared_mean_magnitude)]) };
    let mut facts = Facts::new();
    facts
        .exact("sigma", spread.root())
        .exact("sigma1", deviation.times(&total))
        .exact("sigma_l1", l1.root())
        .exact("sigma_max", deviation.times(&Real::largest(scale)));
    facts
}

/// The joint law of independent coordinates, or `None` where it has more than 4096 atoms.
pub(super) fn product(coordinates: &[FiniteLaw]) -> Option<Vec<Atom>> {
    let mut atoms = vec![Atom { probability: Rational::one(), gradient: Vec::with_capacity(coordinates.len()) }];
    for law in coordinates {
        if atoms.len() * law.atoms().len() > MAX_ATOMS {
            return None;
        }
        let mut longer = Vec::with_capacity(atoms.len() * law.atoms().len());
        for atom in &atoms {
            for (value, p) in law.atoms() {
                let mut gradient = atom.gradient.clone();
                gradient.push(value.clone());
                longer.push(Atom { probability: atom.probability.clone() * p, gradient });
            }
        }
        atoms = longer;
    }
    Some(atoms)
}
