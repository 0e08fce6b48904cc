//! Student's t noise, scaled to standard deviation s_i.
//!
//! **Assumptions** nu > 2, else there is no variance.
//! **Facts** T = t_nu sqrt((nu - 2)/nu) has E|T| = 2 sqrt(nu - 2) Gamma((nu + 1)/2)/(sqrt pi (nu - 1) Gamma(nu/2)).
//! A batch is averaged draw by draw.

use super::additive::{SCALE, Standard, build};
use super::{NoiseEntry, Tails};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Real};
use crate::rng::Stream;
use crate::scalar::Lane;

/// The standard law.
struct Student {
    nu: f64,
}

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "student",
    summary: "independent Student t, nu > 2, of standard deviation s_i",
    params: &[
        SCALE,
        ParamSpec {
            name: "nu",
            kind: Kind::Number,
            default: None,
            limits: Limits::above(2),
            doc: "degrees of freedom",
        },
    ],
    build: |p| {
        let nu = p.number("nu")?.to_f64();
        if !(nu > 2.0 && nu.is_finite()) {
            return Err(BuildError::about(
                "nu",
                format!("'nu' is {nu}; it must be above 2, so that there is a variance"),
            ));
        }
        build(p, Student { nu })
    },
};

impl Standard for Student {
    #[inline(always)]
    fn draw<const N: usize>(&self, stream: &mut Stream<N>) -> Lane<N> {
        stream.student(self.nu)
    }

    /// |T|^p is integrable for p < nu.
    fn tails(&self) -> Tails {
        Tails { order: self.nu, ..Tails::LIGHT }
    }

    fn squared_mean_magnitude(&self) -> Real {
        let nu = self.nu;
        // Through logarithms: the gamma functions overflow where nu is a few hundred.
        let (above, below) = (libm::lgamma((nu + 1.0) / 2.0), libm::lgamma(nu / 2.0));
        let ratio = libm::exp(above - below);
        let value = 4.0 * (nu - 2.0) * ratio * ratio / (std::f64::consts::PI * (nu - 1.0) * (nu - 1.0));
        // Estimated: libm's lgamma is good to a few ulps of its size, or of 1 near its zeros; the rest is rounding.
        Real::estimated(value, value * f64::EPSILON * (16.0 * (above.abs() + below.abs()) + 64.0))
    }
}
