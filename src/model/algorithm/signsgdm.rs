//! signSGD with momentum.
//!
//! **Update** m = g + beta m; x -= lr sgn(m).
//! **Source** karimireddy2019, (SIGNSGDM).
//! **Differs from the source** several workers are averaged. It is Signum's machine with the other recursion: from
//! m_0 = 0 the two momenta differ by the factor 1 - beta > 0 alone, so that the iterates agree in exact arithmetic.
//! **Shapes and units**, **Ties and edge cases** as `signum`.

use super::AlgorithmEntry;
use super::common::{MOMENTUM, STEP_SIZE};
use super::signum::build;
use crate::model::MomentumForm;

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "signsgdm",
    summary: "m = g + beta m; x -= lr sgn(m)",
    source: "karimireddy2019, (SIGNSGDM)",
    params: &[STEP_SIZE, MOMENTUM],
    build: |p| build(p, MomentumForm::Sum, 0),
};
