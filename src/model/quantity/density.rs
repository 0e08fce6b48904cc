//! How dense a vector is.
//!
//! **Formula** phi(v) = |v|_1^2/(d |v|_2^2): 1 where all entries are of one size, 1/d where a single one is not 0.
//! **Source** bernstein2018, section 3 (the density measure); karimireddy2019, lemma 8 (the sign compressor's delta).
//! **Errors** none: every output is an exact rational.
//! **Ties and edge cases** phi(0) has no value: 0 is refused as a vector and left out of a grid.

use super::vectors::{DIMENSION, DRAWS, SEED, VALUES, VECTOR, density, norms, show, vectors};
use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::model::{BuildError, Params, Real};

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "density",
    summary: "phi(v) = |v|_1^2/(d |v|_2^2), of one vector or of many",
    source: "bernstein2018, section 3",
    params: &[VECTOR, VALUES, DIMENSION, DRAWS, SEED],
    outputs: &[
        OutputSpec { name: "phi", doc: "|v|_1^2/(d |v|_2^2)" },
        OutputSpec { name: "l1", doc: "|v|_1" },
        OutputSpec { name: "l2sq", doc: "|v|_2^2" },
        OutputSpec { name: "linf", doc: "|v|_inf" },
        OutputSpec { name: "d", doc: "number of entries" },
        OutputSpec { name: "nnz", doc: "number of entries that are not 0" },
    ],
    calculator: Calculator { examples: &["--vector 3,-4,0", "--values 0,1 --dimension 2"], ..Calculator::PLAIN },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let row = |v: Vec<crate::scalar::Rational>| {
        let [l1, l2, top, nnz] = norms(&v);
        let phi = density(&l1, &l2, v.len());
        let outputs = [phi, l1, l2, top].map(Real::Exact).into_iter();
        let outputs = outputs.chain([Real::integer(v.len() as i64), Real::Exact(nnz)]).collect();
        Row::closed(show(&v), outputs)
    };
    Ok(vectors(p)?.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn numbers(list: &[&str]) -> ParamValue {
        ParamValue::Vector(list.iter().map(|t| Real::Exact(t.parse().unwrap())).collect())
    }

    fn phi(vector: &[&str]) -> String {
        let mut p = Params::default();
        p.values.insert("vector", numbers(vector));
        evaluate(&p).unwrap()[0].outputs[0].to_string()
    }

    #[test]
    fn densities_by_hand() {
        // exact: (3 + 4)^2/(2 * 25); one entry of four; all of one size
        assert_eq!(phi(&["3", "-4"]), "49/50");
        assert_eq!(phi(&["0", "0", "7/3", "0"]), "1/4");
        assert_eq!(phi(&["-2", "2", "2"]), "1");
    }

    #[test]
    fn a_grid_has_every_vector_but_zero() {
        let mut p = Params::default();
        p.values.insert("values", numbers(&["-1", "0", "1"]));
        p.values.insert("dimension", ParamValue::Number(Real::integer(3)));
        let rows = evaluate(&p).unwrap();
        assert_eq!(rows.len(), 26);
        // exact: with entries in {-1, 0, 1} phi = nnz/d
        for row in rows {
            let (phi, nnz) = (row.outputs[0].to_f64(), row.outputs[5].to_f64());
            assert!((phi - nnz / 3.0).abs() < 1e-15, "{}", row.input);
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(evaluate(&Params::default()).unwrap_err().message.contains("`draws`"));
        let mut p = Params::default();
        p.values.insert("vector", numbers(&["0", "0"]));
        assert!(evaluate(&p).is_err());
    }
}
