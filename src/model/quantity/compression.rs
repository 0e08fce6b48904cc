//! What a compressor loses.
//!
//! **Formula** error = E|C(v) - v|_2^2 beside norm = |v|_2^2, over given, enumerated or drawn vectors; E is over the
//! compressor's coins. `second` = E|C(v)|_2^2, `bias` = |E C(v) - v|_2^2. `phi`, `nnz` and `d` are of v (see
//! `density`), and `delta` is the quality that the compressor claims for every vector of that length:
//! error <= (1 - delta) norm.
//! **Source** karimireddy2019, Assumption A, remark 5 and lemma 8: for C(v) = (|v|_1/d) sgn v,
//! error <= (1 - phi(v)) |v|_2^2, and error = (1 - phi(v)(2 - nnz/d)) |v|_2^2 exactly where sgn(0) = 0.
//! **Errors** none where the registered compressor stays within the rationals, all outcomes of its coins being run;
//! elsewhere (the 2-norm of qsgd) enclosures, and for singular vectors (k-pca) doubles, with 1e-12 of |v|_2^2 as error.
//! **Ties and edge cases** sgn(0) as `sign_zero` says; equal entries go by the compressor's own rule.

use super::coins::Coins;
use super::vectors::{DIMENSION, DRAWS, SEED, SIGN_ZERO, VALUES, VECTOR, density, norms, show, vectors};
use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::closed::enclosed::BITS;
use crate::model::compressor::build_compressor;
use crate::model::{Arithmetic, BuildError, DynCompressor, Kind, Limits, ParamSpec, Params, Real, Semantics, SignZero};
use crate::scalar::{Enclosure, Fault, Narrow, Rational, Surd};

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "compression",
    summary: "E|C(v) - v|_2^2 beside |v|_2^2, of one vector or of many",
    source: "karimireddy2019, Assumption A and lemma 8",
    params: &[
        ParamSpec { name: "compressor", kind: Kind::Compressor, default: Some("sign"), limits: Limits::ANY, doc: "C" },
        VECTOR,
        VALUES,
        DIMENSION,
        DRAWS,
        SEED,
        SIGN_ZERO,
    ],
    outputs: &[
        OutputSpec { name: "error", doc: "E|C(v) - v|_2^2" },
        OutputSpec { name: "norm", doc: "|v|_2^2" },
        OutputSpec { name: "phi", doc: "|v|_1^2/(d |v|_2^2)" },
        OutputSpec { name: "nnz", doc: "number of entries of v that are not 0" },
        OutputSpec { name: "d", doc: "number of entries" },
        OutputSpec { name: "delta", doc: "quality that the compressor claims" },
        OutputSpec { name: "second", doc: "E|C(v)|_2^2" },
        OutputSpec { name: "bias", doc: "|E C(v) - v|_2^2" },
    ],
    calculator: Calculator {
        examples: &["--compressor 'top-k(k=2)' --vector 3,-1,0,2", "--compressor sign --values -1,0,1 --dimension 2"],
        beside: &["norm", "delta"],
        ..Calculator::PLAIN
    },
    evaluate,
};

/// The convention for sgn(0) that `sign_zero` names.
pub(super) fn conventions(p: &Params) -> Semantics {
    let sign_zero = match p.text("sign_zero").unwrap_or("zero") {
        "plus" => SignZero::Plus,
        "minus" => SignZero::Minus,
        _ => SignZero::Zero,
    };
    Semantics { sign_zero, ..Semantics::default() }
}

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let (compressor, semantics) = (build_compressor(p)?, conventions(p));
    vectors(p)?.into_iter().map(|v| row(&*compressor, &semantics, &v)).collect()
}

/// E|C(v) - v|^2, E|C(v)|^2 and |E C(v) - v|^2.
type Losses<S> = [S; 3];

/// All outcomes of the coins in one arithmetic; `None` where the compressor leaves it.
fn losses<S: Arithmetic>(
    compressor: &dyn DynCompressor,
    semantics: &Semantics,
    v: &[Rational],
) -> Result<Option<Losses<S>>, BuildError> {
    let given: Vec<S> = v.iter().map(S::from_rational).collect();
    let mut mean = vec![S::zero(); v.len()];
    let [mut error, mut second, mut bias] = [S::zero(), S::zero(), S::zero()];
    let mut coins = Coins::new();
    loop {
        let mut sent = given.clone();
        match S::compressor(compressor).compress_in(&mut sent, semantics, &mut coins) {
            Err(Fault::NoExactForm(_) | Fault::Undecided(_)) => return Ok(None),
            Err(fault) => return Err(BuildError::about("compressor", format!("{}: {fault}", show(v)))),
            Ok(()) => {}
        }
        for ((c, x), mean) in sent.into_iter().zip(&given).zip(&mut mean) {
            let lost = c.clone() - x;
            error.add_product(&(lost.clone() * &lost), &coins.probability);
            second.add_product(&(c.clone() * &c), &coins.probability);
            mean.add_product(&c, &coins.probability);
        }
        if !coins.advance()? {
            break;
        }
    }
    for (mean, x) in mean.into_iter().zip(&given) {
        let off = mean - x;
        bias.add_product(&off, &off);
    }
    Ok(Some([error, second, bias]))
}

fn row(compressor: &dyn DynCompressor, semantics: &Semantics, v: &[Rational]) -> Result<Row, BuildError> {
    let [l1, l2, _, nnz] = norms(v);
    let near = || -> Result<[f64; 3], BuildError> {
        let found = losses::<Narrow>(compressor, semantics, v)?;
        let found = found.ok_or_else(|| BuildError::about("compressor", format!("no value at {}", show(v))))?;
        Ok(found.map(|s| s.0[0]))
    };
    let mut size = 0.0;
    let [error, second, bias] = if let Some(exact) = losses::<Rational>(compressor, semantics, v)? {
        exact.map(Real::Exact)
    } else if let Some(roots) = losses::<Surd>(compressor, semantics, v)? {
        roots.map(Real::from)
    } else if let Some(within) = Enclosure::at_precision(BITS, || losses::<Enclosure>(compressor, semantics, v))? {
        within.map(Real::from)
    } else {
        size = l2.to_f64();
        near()?.map(Real::Float)
    };
    let phi = density(&l1, &l2, v.len());
    let length = Rational::integer(v.len() as i64);
    let [l2, phi, nnz, length] = [l2, phi, nnz, length].map(Real::Exact);
    let outputs = vec![error, l2, phi, nnz, length, compressor.quality(v.len()), second, bias];
    let mut row = Row::closed(show(v), outputs);
    for (value, error) in row.outputs.iter().zip(&mut row.errors) {
        if value.is_rough() {
            *error = error.max(1e-12 * size);
        }
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn params(compressor: &str, vector: &[&str]) -> Params {
        let mut p = Params::default();
        p.values.insert(
            "compressor",
            ParamValue::Compressor(
                crate::model::Registry::standard().compressor(compressor).unwrap(),
                Params::default(),
            ),
        );
        let entries = vector.iter().map(|t| Real::Exact(t.parse().unwrap())).collect();
        p.values.insert("vector", ParamValue::Vector(entries));
        p
    }

    #[test]
    fn the_sign_compressor_by_hand() {
        // exact: v = (3, -1): C(v) = (2, -2), error 1 + 1, norm 10, phi = 16/20, |C(v)|^2 = 8; without coins
        // bias = error
        let row = evaluate(&params("sign", &["3", "-1"])).unwrap().remove(0);
        let texts: Vec<String> = row.outputs.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["2", "10", "4/5", "2", "2", "1/2", "8", "2"]);
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
    fn coins_are_averaged_over() {
        let random = |name: &str, rescale: &str, vector: &[&str]| {
            let mut p = params(name, vector);
            if let Some(ParamValue::Compressor(_, own)) = p.values.get_mut("compressor") {
                own.values.insert("rescale", ParamValue::Text(rescale.into()));
            }
            evaluate(&p).unwrap().remove(0).outputs
        };
        // exact: terngrad of (1, 2): 2 (zeta, 1) with P(zeta = 1) = 1/2: E|U|^2 = 4 (1/2 + 1) = 6 = |v|_inf |v|_1,
        // E|U - v|^2 = 1, no bias
        let ternary = random("terngrad", "no", &["1", "2"]);
        assert_eq!([&ternary[0], &ternary[6], &ternary[7]], [&Real::integer(1), &Real::integer(6), &Real::integer(0)]);
        // exact: qsgd with s = 1 of (3, 4): 5 (zeta_1, zeta_2), P = 3/5, 4/5: E|U|^2 = 35 = |v|_1 |v|_2, error 35 - 25
        let quantised = random("qsgd", "no", &["3", "4"]);
        assert_eq!([&quantised[0], &quantised[6], &quantised[7]].map(Real::to_f64), [10.0, 35.0, 0.0]);
        // exact: of (1, 1), norm sqrt 2: E|U|^2 = 2 sqrt 2
        let irrational = random("qsgd", "no", &["1", "1"]);
        assert_eq!(irrational[6], Real::integer(8).root());
    }

    #[test]
    fn singular_vectors_are_doubles_with_an_error() {
        let mut p = params("k-pca", &["2", "0", "0", "1"]);
        if let Some(ParamValue::Compressor(_, own)) = p.values.get_mut("compressor") {
            own.values.insert("k", ParamValue::Number(Real::integer(1)));
            own.values.insert("rows", ParamValue::Number(Real::integer(2)));
        }
        // exact: diag(2, 1) cut to its largest singular value loses 1 of 5
        let row = evaluate(&p).unwrap().remove(0);
        assert!((row.outputs[0].to_f64() - 1.0).abs() <= row.errors[0] && row.errors[0] > 0.0);
    }
}
