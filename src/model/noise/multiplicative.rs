//! Multiplicative noise: g_i = f_i' xi_i.
//!
//! **Update** E xi = 1, xi from finite atoms, independent over coordinates or `shared` by all.
//! **Source** the law for which `P[sign right] = P[xi > 0]` at every state with f_i' != 0: li2021, Theorem 2's p.
//! **Assumptions** the atoms' probabilities sum to 1 and their mean is 1, exactly: finite(-3:1/4, 7/3:3/4).
//! **Facts** p_sign = P(xi > 0); sigma_i = |f_i'| sd(xi) depends on the state and is not given. A batch is averaged
//! draw by draw.
//! **Ties and edge cases** where f_i' = 0 the draw is 0 too.

use super::finite::{Table, read_law};
use super::finite_law::FiniteLaw;
use super::{Atom, DrawMoments, DrawRounding, Noise, NoiseEntry, Tails, additive, drawn};
use crate::model::facts::{Facts, Property};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Real};
use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};

/// f_i' xi_i.
struct Multiplicative {
    law: FiniteLaw,
    table: Table,
    shared: bool,
}

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "multiplicative",
    summary: "g_i = f_i' xi_i with atoms of mean 1, independent over coordinates or shared",
    params: &[
        ParamSpec {
            name: "atoms",
            kind: Kind::Matrix,
            default: None,
            limits: Limits::ANY,
            doc: "[[value, probability], ..], mean 1",
        },
        ParamSpec {
            name: "over",
            kind: Kind::Word(&["independent", "shared"]),
            default: Some("independent"),
            limits: Limits::ANY,
            doc: "one xi a coordinate, or one for all",
        },
    ],
    build: |p| {
        let law = read_law(p, "atoms")?;
        let mean = law.mean();
        if mean != Rational::one() {
            return Err(BuildError::about("atoms", format!("the atoms have the mean {mean}; a factor takes mean 1")));
        }
        let shared = p.has("over") && p.text("over")? == "shared";
        Ok(Box::new(Multiplicative { table: Table::new(&law), law, shared }))
    },
};

impl Multiplicative {
    #[inline(always)]
    fn factor<const N: usize>(&self, stream: &mut Stream<N>, batch: u64) -> Lane<N> {
        let mut sum = self.table.draw(stream);
        for _ in 1..batch {
            sum += &self.table.draw(stream);
        }
        if batch > 1 { sum * Lane::splat(1.0 / batch as f64) } else { sum }
    }
}

impl Noise for Multiplicative {
    #[inline(always)]
    fn perturb<const N: usize>(&self, stream: &mut Stream<N>, batch: u64, _x: &[Lane<N>], gradient: &mut [Lane<N>]) {
        if self.shared {
            let factor = self.factor(stream, batch);
            gradient.iter_mut().for_each(|g| *g *= &factor);
        } else {
            gradient.iter_mut().for_each(|g| *g *= &self.factor(stream, batch));
        }
    }

    fn is_silent(&self) -> bool {
        self.law.is_constant()
    }

    fn atoms(&self, _x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        if !self.shared {
            let laws: Vec<FiniteLaw> = gradient.iter().map(|g| self.law.affine(g, &Rational::zero())).collect();
            return additive::product(&laws);
        }
        let atom = |(value, p): &(Rational, Rational)| Atom {
            probability: p.clone(),
            gradient: gradient.iter().map(|g| g.clone() * value).collect(),
        };
        Some(self.law.atoms().iter().map(atom).collect())
    }

    fn facts(&self) -> Facts {
        let positive = self.law.atoms().iter().filter(|(value, _)| value.signum() > 0);
        let mut facts = Facts::new();
        facts.exact("p_sign", positive.fold(Rational::zero(), |sum, (_, p)| sum + p).into());
        facts
    }

    fn draw_moments(&self) -> Option<DrawMoments> {
        Some(DrawMoments::Factor { variance: self.law.variance().into(), shared: self.shared })
    }

    fn tails(&self) -> Tails {
        Tails { rarest: Some(self.law.rarest()), ..Tails::LIGHT }
    }

    fn in_doubles(&self, batch: u64) -> DrawRounding {
        DrawRounding::Times(drawn(self.law.atoms().iter().map(|(v, _)| v), &[Real::integer(1)], batch))
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Symmetric => Some(self.law.centred().is_symmetric()),
            Property::Unimodal => Some(self.law.is_constant()),
            Property::Unbiased | Property::Independent => Some(true),
            Property::Continuous => Some(false),
            Property::IndependentCoordinates => Some(!self.shared || self.law.is_constant()),
            // xi f' is |xi| times as Lipschitz as f'.
            Property::SmoothSamples => Some(self.law.is_constant()),
            Property::Convex | Property::StronglyConvex | Property::Smooth | Property::Walled => None,
        }
    }
}
