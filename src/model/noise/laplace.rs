//! Laplace noise of standard deviation s_i.
//!
//! **Facts** |X| is exponential with mean 1/sqrt 2. A batch is averaged draw by draw.

use super::NoiseEntry;
use super::additive::{SCALE, Standard, build};
use crate::model::Real;
use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};

/// The standard law.
struct Laplace;

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "laplace",
    summary: "independent Laplace of standard deviation s_i",
    params: &[SCALE],
    build: |p| build(p, Laplace),
};

impl Standard for Laplace {
    #[inline(always)]
    fn draw<const N: usize>(&self, stream: &mut Stream<N>) -> Lane<N> {
        stream.laplace()
    }

    fn squared_mean_magnitude(&self) -> Real {
        Real::Exact(Rational::ratio(1, 2))
    }
}
