//! Logistic noise of standard deviation s_i.
//!
//! **Facts** the scale is c = sqrt 3/pi, and E|X| = 2 c ln 2. A batch is averaged draw by draw.

use super::NoiseEntry;
use super::additive::{SCALE, Standard, build};
use crate::model::Real;
use crate::rng::Stream;
use crate::scalar::Lane;

/// The standard law.
struct Logistic;

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "logistic",
    summary: "independent logistic of standard deviation s_i",
    params: &[SCALE],
    build: |p| build(p, Logistic),
};

impl Standard for Logistic {
    #[inline(always)]
    fn draw<const N: usize>(&self, stream: &mut Stream<N>) -> Lane<N> {
        stream.logistic()
    }

    fn squared_mean_magnitude(&self) -> Real {
        let mean = 2.0 * 3.0_f64.sqrt() * std::f64::consts::FRAC_1_PI * std::f64::consts::LN_2;
        // Three constants, a root and four products, each within half an ulp, squared.
        Real::rounded(mean * mean, 16.0)
    }
}
