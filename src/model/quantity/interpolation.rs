//! The smallest vector that fits all labels, beside the one that separates them by the largest margin.
//!
//! **Formula** with K = A A': the solution of A x = y of smallest norm is x = A'a, a = K^-1 y, with |x|_2^2 = y'a
//! (`norm`). The hard-margin separator is the shortest x with y_i <a_i, x> >= 1 for all i (`margin_norm`). It is A_S'a
//! for the set S of points with margin 1, a_i y_i >= 0 on S, found by trying every S. Both are one vector exactly where
//! all a_i y_i >= 0 (`support` is the smallest of them): `distance` is the square of their distance.
//! **Source** karimireddy2019, lemma 9 and section 5.1, which call the first the maximum-margin solution.
//! **Errors** none: rationals throughout.
//! **Assumptions** the rows are linearly independent, so that K is invertible and the data are separable.
//! **Ties and edge cases** drawn data: entries 0, +1 or -1, labels +-1; draws with dependent rows are left out.

use super::vectors::{SEED, exact, show};
use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::model::elimination::{combine, dot, gram, solve};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::rng::{CellKey, Stream};
use crate::scalar::{Rational, Scalar};

/// Most points: every subset is tried.
const MOST: usize = 10;

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "interpolation",
    summary: "|x|^2 of the smallest solution of Ax = y, and of the maximum-margin separator",
    source: "karimireddy2019, lemma 9",
    params: &[
        ParamSpec {
            name: "rows",
            kind: Kind::Matrix,
            default: Some(""),
            limits: Limits::ANY,
            doc: "A, one row per point",
        },
        ParamSpec {
            name: "labels",
            kind: Kind::Vector,
            default: Some(""),
            limits: Limits::ANY,
            doc: "y_i, one per row: +1 or -1",
        },
        ParamSpec {
            name: "draws",
            kind: Kind::Count,
            default: Some(""),
            limits: Limits::ONE_UP,
            doc: "in place of `rows`: so many drawn data sets, with entries 0, +1 or -1",
        },
        ParamSpec {
            name: "points",
            kind: Kind::Count,
            default: Some("3"),
            limits: Limits::ONE_UP,
            doc: "points of drawn data",
        },
        ParamSpec {
            name: "dimension",
            kind: Kind::Count,
            default: Some("5"),
            limits: Limits::ONE_UP,
            doc: "d of drawn data",
        },
        SEED,
    ],
    outputs: &[
        OutputSpec { name: "norm", doc: "|x|_2^2 of the smallest x with Ax = y" },
        OutputSpec { name: "margin_norm", doc: "|x|_2^2 of the maximum-margin separator" },
        OutputSpec { name: "distance", doc: "square of the distance of the two" },
        OutputSpec { name: "support", doc: "smallest y_i a_i, a = (AA')^-1 y" },
        OutputSpec { name: "residual", doc: "|Ax - y|_2^2 of the first" },
    ],
    calculator: Calculator {
        examples: &["--rows '1,0,0;2,0,1' --labels 1,1", "--draws 3 --points 2 --dimension 4"],
        beside: &["margin_norm"],
        ..Calculator::PLAIN
    },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    if p.has("draws") {
        return drawn(p);
    }
    if !p.has("rows") || !p.has("labels") {
        return Err(BuildError::whole("give `rows` with `labels`, or `draws` with `points` and `dimension`"));
    }
    let rows: Vec<Vec<Rational>> = p.matrix("rows")?.iter().map(|r| exact(r, "rows")).collect::<Result<_, _>>()?;
    let labels = exact(&p.list("labels")?, "labels")?;
    if rows.len() != labels.len() || rows.len() > MOST {
        let message =
            format!("{} rows and {} labels; equally many are needed, at most {MOST}", rows.len(), labels.len());
        return Err(BuildError::about("labels", message));
    }
    if let Some(bad) = labels.iter().find(|y| Scalar::abs(*y) != Rational::one()) {
        return Err(BuildError::about("labels", format!("'labels' holds {bad}; each must be +1 or -1")));
    }
    let row = compare(&rows, &labels)?;
    row.map(|r| vec![r]).ok_or_else(|| BuildError::about("rows", "the rows are linearly dependent; drop or change one"))
}

fn drawn(p: &Params) -> Result<Vec<Row>, BuildError> {
    let (count, n, d) = (p.count("draws")?, p.count("points")?, p.count("dimension")?);
    if !(1..=10_000).contains(&count) || !(1..=MOST).contains(&n) || !(n..=100).contains(&d) {
        let message = format!("{count} draws of {n} points in {d} dimensions; at most 10000, 1 to {MOST}, n to 100");
        return Err(BuildError::about("draws", message));
    }
    let mut stream: Stream<1> = Stream::new(&CellKey::new(p.count("data_seed")? as u64, &[], "interpolation"), 0);
    let mut below = |n: usize| stream.index(n)[0] as i64;
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let rows: Vec<Vec<Rational>> =
            (0..n).map(|_| (0..d).map(|_| Rational::integer(below(3) - 1)).collect()).collect();
        let labels: Vec<Rational> = (0..n).map(|_| Rational::integer(2 * below(2) - 1)).collect();
        all.extend(compare(&rows, &labels)?);
    }
    if all.is_empty() {
        return Err(BuildError::about("draws", "all draws had dependent rows; raise 'draws' or 'dimension'"));
    }
    Ok(all)
}

/// The outputs for one data set; `None` where its rows are dependent.
fn compare(rows: &[Vec<Rational>], labels: &[Rational]) -> Result<Option<Row>, BuildError> {
    let products = gram(rows);
    let Some(weights) = solve(products.clone(), labels.to_vec()) else { return Ok(None) };
    let smallest = combine(rows, &weights);
    let mut residual = Rational::zero();
    for (row, y) in rows.iter().zip(labels) {
        let miss = dot(row, &smallest) - y;
        residual.add_product(&miss, &miss);
    }
    let support = labels.iter().zip(&weights).map(|(y, a)| y.clone() * a).min().unwrap_or_else(Rational::zero);
    let Some(widest) = separator(rows, labels, &products) else {
        return Err(BuildError::about("rows", "no set of points carries the margin: the data are not separable"));
    };
    let away: Vec<Rational> = smallest.iter().zip(&widest).map(|(a, b)| a.clone() - b).collect();
    let outputs = [dot(&smallest, &smallest), dot(&widest, &widest), dot(&away, &away), support, residual];
    let texts: Vec<String> = rows.iter().zip(labels).map(|(row, y)| format!("{} -> {y}", show(row))).collect();
    Ok(Some(Row::closed(texts.join("; "), outputs.map(Real::Exact).to_vec())))
}

/// The shortest x with y_i <a_i, x> >= 1, by the conditions that characterise it.
fn separator(rows: &[Vec<Rational>], labels: &[Rational], products: &[Vec<Rational>]) -> Option<Vec<Rational>> {
    let (n, one) = (rows.len(), Rational::one());
    (1_usize..1 << n).find_map(|set| {
        let chosen: Vec<usize> = (0..n).filter(|i| set >> i & 1 == 1).collect();
        let pick = |i: &usize| chosen.iter().map(|j| products[*i][*j].clone()).collect();
        let right = chosen.iter().map(|i| labels[*i].clone()).collect();
        let weights = solve(chosen.iter().map(pick).collect(), right)?;
        if chosen.iter().zip(&weights).any(|(i, a)| (a.clone() * &labels[*i]).signum() < 0) {
            return None;
        }
        let own: Vec<Vec<Rational>> = chosen.iter().map(|i| rows[*i].clone()).collect();
        let x = combine(&own, &weights);
        rows.iter().zip(labels).all(|(row, y)| dot(row, &x) * y >= one).then_some(x)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn outputs(rows: &[&[i64]], labels: &[i64]) -> Vec<String> {
        let numbers = |v: &[i64]| -> Vec<Real> { v.iter().map(|n| Real::integer(*n)).collect() };
        let mut p = Params::default();
        p.values.insert("rows", ParamValue::Matrix(rows.iter().map(|r| numbers(r)).collect()));
        p.values.insert("labels", ParamValue::Vector(numbers(labels)));
        evaluate(&p).unwrap()[0].outputs.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn two_points_by_hand() {
        // exact: rows (1, 0, 0), (2, 0, 1), labels 1: x1 = 1, x3 = -1 fits, norm 2; (1, 0, 0) has margins 1 and 2, norm
        // 1, and no shorter x has margin 1 at the first point. K = (1 2; 2 5), a = (3, -1).
        assert_eq!(outputs(&[&[1, 0, 0], &[2, 0, 1]], &[1, 1]), ["2", "1", "1", "-1", "0"]);
        // exact: orthogonal rows: both are y_1 e_1 + y_2 e_2
        assert_eq!(outputs(&[&[1, 0, 0], &[0, 1, 0]], &[1, -1]), ["2", "2", "0", "1", "0"]);
    }

    #[test]
    fn drawn_data_have_both_cases() {
        let mut p = Params::default();
        for (key, value) in [("draws", 60), ("points", 3), ("dimension", 5), ("data_seed", 1)] {
            p.values.insert(key, ParamValue::Number(Real::integer(value)));
        }
        let rows = evaluate(&p).unwrap();
        // identity: the separator is never longer, and equal exactly where no a_i y_i is negative
        let zero = Real::integer(0);
        for row in &rows {
            let [norm, margin, distance, support, _] = [0, 1, 2, 3, 4].map(|i| &row.outputs[i]);
            assert!(margin.to_f64() <= norm.to_f64(), "{}", row.input);
            assert_eq!(*distance == zero, support.to_f64() >= 0.0, "{}", row.input);
        }
        assert!(rows.iter().any(|r| r.outputs[2] == zero) && rows.iter().any(|r| r.outputs[2] != zero));
    }
}
