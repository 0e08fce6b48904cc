//! How far the mean of a noisy median is from the mean of the values.
//!
//! **Formula** gap = E median(u_i + b xi_i) - mean(u), xi_i independent of one law of mean 0 and variance 1;
//! `median_mean` = E median, `variance` = Var median. With `sets` each u_i is drawn uniformly from a set of its own,
//! and mean(u) is the mean of the sets' means.
//! **Source** chen2020, theorem 4a (gap of order max |u_i - u_j|^2/b, variance of order b^2) and theorem F.1.
//! **Errors** by two quadrature rules that must agree; see `closed::Median`.
//! **Ties and edge cases** an odd number of workers; exactly 0 for values that are symmetric about their mean.

use super::{Calculator, NOISE, OutputSpec, QuantityEntry, Row};
use crate::closed::{LawError, Median, MedianFault, StandardLaw};
use crate::model::{BuildError, Kind, Limits, ParamSpec, ParamValue, Params, Real};
use crate::scalar::Rational;

/// The parameters of a noisy median.
pub(super) const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "values",
        kind: Kind::Vector,
        default: Some(""),
        limits: Limits::ANY,
        doc: "u_1, .., u_M, an odd number",
    },
    ParamSpec {
        name: "sets",
        kind: Kind::Matrix,
        default: Some(""),
        limits: Limits::ANY,
        doc: "in place of `values`: one list per worker, from which u_i is drawn uniformly",
    },
    ParamSpec {
        name: "law",
        kind: Kind::Text,
        default: Some("gaussian"),
        limits: Limits::ANY,
        doc: "law of xi: gaussian, laplace, logistic, uniform or student(nu)",
    },
    ParamSpec { name: "scale", kind: Kind::Number, default: None, limits: Limits::POSITIVE, doc: "b" },
];

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "median-gap",
    summary: "E median(u_i + b xi_i) - mean(u)",
    source: "chen2020, theorem 4a",
    params: PARAMS,
    outputs: &[
        OutputSpec { name: "gap", doc: "E median - mean(u)" },
        OutputSpec { name: "median_mean", doc: "E median" },
        OutputSpec { name: "variance", doc: "Var median" },
    ],
    calculator: Calculator {
        examples: &[
            "--values 0,1,5,2,9 --noise gaussian --scale 10",
            "--sets '0,4;1;2,3' --noise 'student(5)' --scale 10",
        ],
        flags: NOISE,
        beside: &["median_mean", "variance"],
    },
    evaluate,
};

/// Reads the parameters, and how the input is called.
pub(super) fn median(p: &Params) -> Result<(Median, String), BuildError> {
    let key = if p.has("sets") { "sets" } else { "values" };
    let sets: Vec<Vec<Real>> = match (p.values.get("values"), p.values.get("sets")) {
        (Some(_), None) => p.list("values")?.into_iter().map(|u| vec![u]).collect(),
        (None, Some(ParamValue::Matrix(rows))) => rows.clone(),
        (None, Some(_)) => {
            return Err(BuildError::about("sets", "'sets' takes lists of numbers: [[0, 1], [2], [5, 9]]"));
        }
        _ => return Err(BuildError::whole("give either `values` or `sets`")),
    };
    let law = p.text("law").unwrap_or("gaussian");
    let law: StandardLaw = law.parse().map_err(|e: LawError| BuildError::about("law", e.to_string()))?;
    let scale = number(&p.number("scale")?, "scale")?;
    let sets: Result<Vec<Vec<Rational>>, BuildError> =
        sets.iter().map(|s| s.iter().map(|u| number(u, key)).collect()).collect();
    let input = format!("{law}, b = {scale}");
    let key = |fault: &MedianFault| if matches!(fault, MedianFault::Scale(_)) { "scale" } else { key };
    let median = Median::new(&sets?, law, &scale).map_err(|e| BuildError::about(key(&e), e.to_string()))?;
    Ok((median, input))
}

/// A number as it is known: a double stands for itself.
fn number(value: &Real, key: &'static str) -> Result<Rational, BuildError> {
    let near = || Rational::from_double(value.to_f64());
    let found = value.exact().cloned().or_else(near);
    found.ok_or_else(|| BuildError::about(key, format!("'{key}' holds {value}; it takes finite numbers")))
}

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let (median, input) = median(p)?;
    let found = median.gap().map_err(|e| BuildError::whole(e.to_string()))?;
    let outputs = [found.gap, found.mean, found.variance].map(Real::Float).to_vec();
    Ok(vec![Row { input, outputs, errors: vec![found.gap_error, found.mean_error, found.variance_error] }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(rows: &[&[i64]]) -> Params {
        let mut p = Params::default();
        let rows = rows.iter().map(|r| r.iter().map(|n| Real::integer(*n)).collect()).collect();
        p.values.insert("sets", ParamValue::Matrix(rows));
        p.values.insert("law", ParamValue::Text("uniform".into()));
        p.values.insert("scale", ParamValue::Number(Real::integer(1)));
        p
    }

    #[test]
    fn sets_of_one_number_are_values() {
        let sets = params(&[&[0], &[1], &[5]]);
        let mut values = sets.clone();
        values.values.remove("sets");
        values.values.insert("values", ParamValue::Vector([0, 1, 5].map(Real::integer).to_vec()));
        assert_eq!(evaluate(&sets).unwrap(), evaluate(&values).unwrap());
    }

    #[test]
    fn errors_name_their_key() {
        let fault = |p: &Params| evaluate(p).unwrap_err();
        assert_eq!(fault(&params(&[&[0], &[1]])).key, Some("sets"));
        let mut p = params(&[&[0]]);
        p.values.insert("scale", ParamValue::Number(Real::integer(0)));
        assert_eq!(fault(&p).key, Some("scale"));
        p.values.insert("law", ParamValue::Text("cauchy".into()));
        assert_eq!(fault(&p).key, Some("law"));
        p.values.remove("sets");
        assert!(fault(&p).message.contains("give either"));
    }
}
