//! Error feedback with the gradient taken where the error would lead.
//!
//! **Update** p = lr g(x - e) + e; Delta = C(p); x -= Delta; e = p - Delta.
//! **Source** li2021, equation 13, with C(v) = (|v|_1/d) sgn v; then z = x - e obeys z -= lr g(z) for every C.
//! **Differs from the source** any compressor, of the whole vector or of each layer; several workers are averaged and the server compresses, as in `ef-sgd`.
//! **Shapes and units** e has the iterate's shape and unit `[x]`.
//! **Ties and edge cases** e_0 = 0; sgn(0) and blocks as the run's conventions say.

use super::AlgorithmEntry;
use super::blockwise::PER;
use super::ef_sgd::{COMPRESSOR, build};
use crate::model::{Kind, Limits, ParamSpec};

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "ef-lookahead",
    summary: "p = lr g(x - e) + e; x -= C(p); e = p - C(p)",
    source: "li2021, equation 13",
    params: &[
        ParamSpec {
            name: "step_size",
            kind: Kind::Schedule,
            default: None,
            limits: Limits::ANY,
            doc: "lr (lambda), inside the compressor",
        },
        COMPRESSOR,
        PER,
    ],
    build: |p| build(p, true),
};
