//! Uniform noise of standard deviation s_i.
//!
//! **Facts** E|X| = sqrt 3/2. A batch is averaged draw by draw.

use super::NoiseEntry;
use super::additive::{SCALE, Standard, build};
use crate::model::Real;
use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};

/// The standard law.
struct Uniform;

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "uniform",
    summary: "independent uniform on (-sqrt 3 s_i, sqrt 3 s_i)",
    params: &[SCALE],
    build: |p| build(p, Uniform),
};

impl Standard for Uniform {
    #[inline(always)]
    fn draw<const N: usize>(&self, stream: &mut Stream<N>) -> Lane<N> {
        stream.uniform_unit()
    }

    fn squared_mean_magnitude(&self) -> Real {
        Real::Exact(Rational::ratio(3, 4))
    }
}
