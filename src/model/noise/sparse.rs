//! Gaussian noise on the first coordinate alone.
//!
//! **Source** karimireddy2019, Figure 5: d = 100 with N(0, 100^2) on coordinate 1; bernstein2018, Section 3.
//! **Facts** sigma = sigma1 = sigma_l1 = sigma_max = s. The other coordinates draw nothing.
//! A batch of n is drawn in closed form.

use super::{DrawMoments, DrawRounding, Drawn, Noise, NoiseEntry, Tails, additive};
use crate::model::facts::{Facts, Property};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Real};
use crate::rng::Stream;
use crate::scalar::{Lane, Scalar};

/// N(0, s^2) added to the first coordinate.
struct Sparse {
    scale: Real,
}

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "sparse",
    summary: "N(0, s^2) on the first coordinate alone",
    params: &[ParamSpec {
        name: "scale",
        kind: Kind::Number,
        default: Some("1"),
        limits: Limits::NON_NEGATIVE,
        doc: "s",
    }],
    build: |p| {
        let scale = if p.has("scale") { p.number("scale")? } else { Real::integer(1) };
        if !(scale.to_f64() >= 0.0 && scale.to_f64().is_finite()) {
            return Err(BuildError::about("scale", format!("'scale' is {scale}; it must be finite and 0 or more")));
        }
        Ok(Box::new(Sparse { scale }))
    },
};

impl Noise for Sparse {
    #[inline(always)]
    fn perturb<const N: usize>(&self, stream: &mut Stream<N>, batch: u64, _x: &[Lane<N>], gradient: &mut [Lane<N>]) {
        if let Some(first) = gradient.first_mut() {
            let scale = self.scale.to_f64() / (batch.max(1) as f64).sqrt();
            first.add_product(&stream.normal(), &Lane::splat(scale));
        }
    }

    fn is_silent(&self) -> bool {
        self.scale.exact().is_some_and(crate::scalar::Rational::is_zero)
    }

    fn facts(&self) -> Facts {
        additive::facts(std::slice::from_ref(&self.scale), &Real::integer(1), &Real::integer(0))
    }

    fn draw_moments(&self) -> Option<DrawMoments> {
        Some(DrawMoments::Independent(vec![self.scale.times(&self.scale)]))
    }

    fn tails(&self) -> Tails {
        Tails::LIGHT
    }

    fn in_doubles(&self, _batch: u64) -> DrawRounding {
        DrawRounding::Added(Drawn::AS_IS)
    }

    fn has(&self, property: Property) -> Option<bool> {
        (!matches!(
            property,
            Property::Convex | Property::StronglyConvex | Property::Smooth | Property::Walled | Property::Continuous
        ))
        .then_some(true)
    }
}
