//! Gaussian noise.
//!
//! **Facts** E|X| = sqrt(2/pi). A batch of n is drawn in closed form: N(0, 1)/sqrt n.

use super::NoiseEntry;
use super::additive::{SCALE, Standard, build};
use crate::model::Real;
use crate::rng::Stream;
use crate::scalar::Lane;

/// The standard law.
struct Gaussian;

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "gaussian",
    summary: "independent N(0, s_i^2)",
    params: &[SCALE],
    build: |p| build(p, Gaussian),
};

impl Standard for Gaussian {
    #[inline(always)]
    fn draw<const N: usize>(&self, stream: &mut Stream<N>) -> Lane<N> {
        stream.normal()
    }

    fn squared_mean_magnitude(&self) -> Real {
        Real::rounded(std::f64::consts::FRAC_2_PI, 1.0)
    }

    #[inline(always)]
    fn average<const N: usize>(&self, stream: &mut Stream<N>, n: u64) -> Lane<N> {
        let draw = mutant!("the noise is 2 % too large", stream.normal() * Lane::splat(1.02), stream.normal());
        if n <= 1 {
            return draw;
        }
        let root = (n as f64).sqrt();
        draw * Lane::splat(mutant!("a batch is not divided by its size", root, 1.0 / root))
    }
}
