//! Tolerances of statistical tests, computed from the sample size and the level.
//!
//! Seeds are fixed, so that a test passes or fails for good; the level says how likely a right sampler was to
//! fail when its seed was chosen.

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// Level of a whole test.
pub const LEVEL: f64 = 1e-5;

/// Two-sided quantile of the standard normal at [`LEVEL`], divided by `tests` (Bonferroni).
pub fn normal_quantile(tests: usize) -> f64 {
    Normal::standard().inverse_cdf(1.0 - LEVEL / tests as f64 / 2.0)
}
