//! What a compressor loses.
//!
//! **Formula** error = |C(v) - v|_2^2 beside norm = |v|_2^2, over given, enumerated or drawn vectors. `phi`, `nnz` and
//! `d` are of v (see `density`), and `delta` is the quality that the compressor claims for every vector of that length:
//! error <= (1 - delta) norm.
//! **Source** karimireddy2019, Assumption A and lemma 8: for C(v) = (|v|_1/d) sgn v, error <= (1 - phi(v)) |v|_2^2, and
//! error = (1 - phi(v)(2 - nnz/d)) |v|_2^2 exactly where sgn(0) = 0.
//! **Errors** none: the registered compressor itself runs in rationals.
//! **Assumptions** the compressor draws no coins and stays within the rationals.
//! **Ties and edge cases** sgn(0) as `sign_zero` says; equal entries go by the compressor's own rule.

use super::vectors::{DIMENSION, DRAWS, SEED, VALUES, VECTOR, density, norms, show, vectors};
use super::{OutputSpec, QuantityEntry, Row};
use crate::model::algorithm::ef_sgd::build_compressor;
use crate::model::{BuildError, DynCompressor, Kind, ParamSpec, Params, Query, Real, Semantics, SignZero};
use crate::scalar::{Fault, Rational, Scalar};

/// Registry line.
pub static ENTRY: QuantityEntry = QuantityEntry {
    name: "compression",
    summary: "|C(v) - v|_2^2 beside |v|_2^2, of one vector or of many",
    source: "karimireddy2019, Assumption A and lemma 8",
    params: &[
        ParamSpec {
            name: "compressor",
            kind: Kind::Compressor,
            default: Some("sign"),
            doc: "C, one that draws no coins",
        },
        VECTOR,
        VALUES,
        DIMENSION,
        DRAWS,
        SEED,
        ParamSpec {
            name: "sign_zero",
            kind: Kind::Word(&["zero", "plus", "minus"]),
            default: Some("zero"),
            doc: "value of sgn(0) in the compressor",
        },
    ],
    outputs: &[
        OutputSpec { name: "error", doc: "|C(v) - v|_2^2" },
        OutputSpec { name: "norm", doc: "|v|_2^2" },
        OutputSpec { name: "phi", doc: "|v|_1^2/(d |v|_2^2)" },
        OutputSpec { name: "nnz", doc: "number of entries of v that are not 0" },
        OutputSpec { name: "d", doc: "number of entries" },
        OutputSpec { name: "delta", doc: "quality that the compressor claims" },
    ],
    evaluate,
};

/// A door without coins and gradients.
struct Closed;

impl Query<Rational> for Closed {
    fn gradient(&mut self, _worker: usize, _x: &[Rational], _out: &mut [Rational]) -> Result<(), Fault> {
        Err(Fault::Unsupported("a compressor has no gradient to ask for".into()))
    }
    fn coin(&mut self, _p: &[Rational], _out: &mut [Rational]) -> Result<(), Fault> {
        Err(Fault::Unsupported("the compressor draws coins; name one that does not".into()))
    }
    fn perturbation(&mut self, _out: &mut [Rational]) -> Result<(), Fault> {
        Err(Fault::Unsupported("a compressor adds no noise".into()))
    }
    fn upload(&mut self, _bits: u64) {}
    fn broadcast(&mut self, _bits: u64, _workers: usize) {}
}

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let compressor = build_compressor(p)?;
    if compressor.is_random() {
        let message = "this compressor draws coins; one that does not is needed: identity, sign, top-k or linear";
        return Err(BuildError::at("compressor", message));
    }
    let sign_zero = match p.text("sign_zero").unwrap_or("zero") {
        "plus" => SignZero::Plus,
        "minus" => SignZero::Minus,
        _ => SignZero::Zero,
    };
    let semantics = Semantics { sign_zero, ..Semantics::default() };
    vectors(p)?.into_iter().map(|v| row(&*compressor, &semantics, v)).collect()
}

fn row(compressor: &dyn DynCompressor, semantics: &Semantics, v: Vec<Rational>) -> Result<Row, BuildError> {
    let mut sent = v.clone();
    compressor
        .compress_in(&mut sent, semantics, &mut Closed)
        .map_err(|fault| BuildError::at("compressor", format!("{}: {fault}", show(&v))))?;
    let mut error = Rational::zero();
    for (c, x) in sent.into_iter().zip(&v) {
        let lost = c - x;
        error.add_product(&lost, &lost);
    }
    let [l1, l2, _, nnz] = norms(&v);
    let phi = density(&l1, &l2, v.len());
    let outputs = [error, l2, phi, nnz, Rational::integer(v.len() as i64)].map(Real::Exact).into_iter();
    let outputs = outputs.chain([compressor.quality(v.len())]).collect();
    Ok(Row::closed(show(&v), outputs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn params(compressor: &str, vector: &[&str]) -> Params {
        let mut p = Params::default();
        p.values.insert("compressor", ParamValue::Compressor(compressor.into(), Params::default()));
        let entries = vector.iter().map(|t| Real::Exact(t.parse().unwrap())).collect();
        p.values.insert("vector", ParamValue::Vector(entries));
        p
    }

    #[test]
    fn the_sign_compressor_by_hand() {
        // exact: v = (3, -1): C(v) = (2, -2), error 1 + 1, norm 10, phi = 16/20
        let row = evaluate(&params("sign", &["3", "-1"])).unwrap().remove(0);
        let texts: Vec<String> = row.outputs.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["2", "10", "4/5", "2", "2", "1/2"]);
        // exact: v = (0, 2): sgn(0) = 0 gives C(v) = (0, 1), error 1; sgn(0) = +1 gives (1, 1), error 2
        let mut p = params("sign", &["0", "2"]);
        assert_eq!(evaluate(&p).unwrap()[0].outputs[0], Real::integer(1));
        p.values.insert("sign_zero", ParamValue::Text("plus".into()));
        assert_eq!(evaluate(&p).unwrap()[0].outputs[0], Real::integer(2));
    }

    #[test]
    fn drawn_vectors_follow_their_seed_and_are_never_zero() {
        let mut p = params("identity", &["1"]);
        p.values.remove("vector");
        for (key, value) in [("draws", 50), ("dimension", 2), ("data_seed", 3)] {
            p.values.insert(key, ParamValue::Number(Real::integer(value)));
        }
        let rows = evaluate(&p).unwrap();
        assert_eq!((rows.len(), &rows), (50, &evaluate(&p).unwrap()));
        assert!(rows.iter().all(|r| r.outputs[0] == Real::integer(0) && r.outputs[1].to_f64() > 0.0));
    }

    #[test]
    fn coins_are_refused() {
        let mut p = params("terngrad", &["1", "2"]);
        if let Some(ParamValue::Compressor(_, own)) = p.values.get_mut("compressor") {
            own.values.insert("rescale", ParamValue::Text("yes".into()));
        }
        assert!(evaluate(&p).unwrap_err().message.contains("coins"));
    }
}
