//! Centred exponential noise: s_i (Exp(1) - 1).
//!
//! **Facts** mean 0, variance 1, E|X| = 2/e; skewed to the right, its mode at the left end -1, hence unimodal.
//! A batch is averaged draw by draw.

use super::NoiseEntry;
use super::additive::{SCALE, Standard, build};
use crate::model::Real;
use crate::rng::Stream;
use crate::scalar::Lane;

/// The standard law.
struct CentredExponential;

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "exp-1",
    summary: "independent s_i (Exp(1) - 1)",
    params: &[SCALE],
    build: |p| build(p, CentredExponential),
};

impl Standard for CentredExponential {
    #[inline(always)]
    fn draw<const N: usize>(&self, stream: &mut Stream<N>) -> Lane<N> {
        stream.exponential() - Lane::splat(1.0)
    }

    fn squared_mean_magnitude(&self) -> Real {
        Real::rounded(4.0 / (std::f64::consts::E * std::f64::consts::E), 4.0)
    }

    fn is_symmetric(&self) -> bool {
        false
    }
}
