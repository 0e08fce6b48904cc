//! The instances.

use crate::model::problem::{ALL, DynProblem};
use crate::model::{Kind, ParamValue, Params, Real};
use crate::scalar::Rational;
use std::fmt;

/// How an instance's rational results compare with its lanes' on dyadic points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exact {
    /// Every constant is dyadic and short: equal.
    Equal,
    /// Constants such as 1/3 are rounded in lanes: equal up to 1e-12 of their size.
    Close,
    /// No exact form: a fault that says so.
    Refused,
    /// Exact on some points only: equal there, a fault elsewhere.
    Partly,
}

/// One instance of a registered problem.
pub(super) struct Case {
    pub(super) problem: &'static str,
    pub(super) params: &'static [(&'static str, &'static str)],
    pub(super) exact: Exact,
    /// The documented factor between the mean of the sample gradients and grad f.
    pub(super) mean_factor: Option<f64>,
}

const fn case(problem: &'static str, params: &'static [(&'static str, &'static str)], exact: Exact) -> Case {
    Case { problem, params, exact, mean_factor: None }
}

const fn sum(
    problem: &'static str,
    params: &'static [(&'static str, &'static str)],
    exact: Exact,
    mean_factor: f64,
) -> Case {
    Case { problem, params, exact, mean_factor: Some(mean_factor) }
}

pub(super) static TABLE: &[Case] = &[
    case("quadratic", &[("curvature", "4, 1, 1/2")], Exact::Equal),
    case("quadratic", &[("curvature", "1/3"), ("dimension", "7")], Exact::Close),
    case("quadratic", &[("curvature", "2, 0, 3")], Exact::Equal),
    case("quadratic-matrix", &[("matrix", "2, 1; 1, 2")], Exact::Equal),
    case("quadratic-matrix", &[("matrix", "1, 1; 1, 1")], Exact::Equal),
    case("quadratic-matrix", &[("matrix", "1, -2, 0; -2, 1, 1/2; 0, 1/2, -1")], Exact::Equal),
    case("quadratic-matrix", &[("matrix", "1, 2; 2, 1"), ("diagonal", "3")], Exact::Equal),
    case("quadratic-matrix", &[("diagonal", "4, 1, 2")], Exact::Equal),
    case("quadratic-matrix", &[("diagonal", "1"), ("dimension", "20"), ("data_seed", "7")], Exact::Equal),
    case(
        "quadratic-matrix",
        &[("diagonal", "10, 1, 3, 1/5, 1"), ("spectrum", "definite"), ("data_seed", "3")],
        Exact::Equal,
    ),
    case("quadratic-matrix", &[("diagonal", "1"), ("dimension", "18"), ("spectrum", "definite")], Exact::Equal),
    case("linear", &[("slope", "1/4"), ("box", "1")], Exact::Equal),
    case("linear", &[("slope", "1, -2, 0"), ("box", "1, 1/2, 3")], Exact::Equal),
    case("linear", &[("slope", "1/3"), ("dimension", "4")], Exact::Close),
    case("cosine", &[("amplitude", "1, 3, 1/2")], Exact::Refused),
    case("huber", &[("curvature", "2"), ("slope", "1"), ("dimension", "4")], Exact::Equal),
    case("huber", &[("curvature", "1/2"), ("slope", "3/2"), ("dimension", "3")], Exact::Equal),
    case("huber", &[("curvature", "3"), ("slope", "1/5")], Exact::Close),
    case("log-cosh", &[("curvature", "1")], Exact::Refused),
    case("log-cosh", &[("curvature", "2"), ("dimension", "5")], Exact::Refused),
    case("absolute-pair", &[], Exact::Equal),
    case("absolute-pair", &[("epsilon", "1/8"), ("kink", "plus")], Exact::Equal),
    case("absolute-pair", &[("epsilon", "1/3"), ("kink", "minus")], Exact::Close),
    sum("two-line-squares", &[], Exact::Equal, 0.5),
    sum("two-line-squares", &[("epsilon", "1/10")], Exact::Close, 0.5),
    sum("two-line-squares", &[("epsilon", "1")], Exact::Equal, 0.5),
    sum("line-losses", &[("rows", "1, -2; 3, -1; 1/2, -1/2"), ("targets", "1, 0, 2")], Exact::Equal, 1.0 / 3.0),
    sum("line-losses", &[("rows", "1, 2, 0; -1, 1, 1"), ("targets", "1, -1")], Exact::Close, 0.5),
    sum("line-losses", &[("rows", "1, 1; 1, 1")], Exact::Equal, 0.5),
    sum("line-losses", &[("rows", "1, -2; 3, -1"), ("loss", "huber"), ("slope", "1/2")], Exact::Equal, 0.5),
    sum("line-losses", &[("rows", "2, 0; 0, 1"), ("targets", "1, 3"), ("loss", "absolute")], Exact::Equal, 0.5),
    sum(
        "line-losses",
        &[("rows", "1; 1; 2"), ("targets", "1, 3, 0"), ("loss", "absolute"), ("kink", "plus")],
        Exact::Equal,
        1.0 / 3.0,
    ),
    case("max-affine", &[("rows", "1; -2; 1/2"), ("offsets", "0, 1, 1/4")], Exact::Equal),
    case("max-affine", &[("rows", "1, 0; -1, 2; 0, -3"), ("offsets", "0, 1/3, -1")], Exact::Close),
    case("max-affine", &[("rows", "2, 1; 1, 1")], Exact::Equal),
    case("piecewise-quadratic", &[("knots", "-1, 1, 2"), ("slopes", "-2, 2, 1"), ("outside", "1")], Exact::Equal),
    case(
        "piecewise-quadratic",
        &[("knots", "-3, -1, 1, 3"), ("slopes", "1, -1, 1, -1"), ("outside", "1/2")],
        Exact::Equal,
    ),
    case("piecewise-quadratic", &[("knots", "-1/2, 1/2"), ("slopes", "-1, 1")], Exact::Equal),
    case("piecewise-quadratic", &[("knots", "-1, 1/2, 2"), ("slopes", "-1, 1, 1/3"), ("outside", "1/3")], Exact::Close),
    case("pl-toy", &[], Exact::Refused),
    case("worker-squares", &[("targets", "0, 1, 5, 2")], Exact::Equal),
    case("worker-squares", &[("targets", "0, 1, 5")], Exact::Close),
    case("worker-squares", &[("targets", "-1")], Exact::Equal),
    case("worker-quadratics", &[("targets", "0; 1; 5; 2")], Exact::Equal),
    case("worker-quadratics", &[("targets", "0, 1; 5, -1; 1, 3"), ("curvature", "2, 1/2")], Exact::Close),
    case("worker-quadratics", &[("targets", "0, 1; 4, -1"), ("curvature", "1, 2; 3, 0")], Exact::Equal),
    sum("wilson", &[("train", "4"), ("test", "4")], Exact::Equal, 0.25),
    sum("wilson", &[("train", "1"), ("test", "2"), ("data_seed", "5")], Exact::Equal, 1.0),
    sum("wilson", &[("train", "8"), ("test", "2"), ("data_seed", "2")], Exact::Equal, 0.125),
    sum("logistic", &[("samples", "40"), ("dimension", "5")], Exact::Refused, 1.0),
    sum(
        "logistic",
        &[("samples", "25"), ("dimension", "30"), ("lambda", "1/10"), ("data_seed", "4")],
        Exact::Refused,
        1.0,
    ),
    sum("logistic", &[("samples", "40"), ("dimension", "5"), ("split", "iid"), ("workers", "3")], Exact::Refused, 1.0),
    sum(
        "logistic",
        &[("samples", "12"), ("dimension", "3"), ("split", "dirichlet"), ("workers", "6"), ("concentration", "1/10")],
        Exact::Refused,
        1.0,
    ),
    sum(
        "mlp",
        &[
            ("hidden", "2"),
            ("samples", "12"),
            ("tests", "5"),
            ("storage", "f64"),
            ("noise_draws", "20"),
            ("noise_coordinates", "3"),
        ],
        Exact::Refused,
        1.0,
    ),
    sum(
        "mlp",
        &[
            ("hidden", "2, 2"),
            ("samples", "12"),
            ("tests", "5"),
            ("storage", "f64"),
            ("decay", "1/10"),
            ("pixels", "standard"),
            ("noise_draws", "20"),
            ("noise_coordinates", "3"),
            ("split", "iid"),
            ("workers", "3"),
        ],
        Exact::Refused,
        1.0,
    ),
    case("max-type", &[("horizon", "3")], Exact::Partly),
    case("max-type", &[("horizon", "5"), ("bound", "2"), ("radius", "3")], Exact::Refused),
];

impl Case {
    /// The instance, with the registry's defaults for what the case leaves out.
    pub(super) fn build(&self) -> Box<dyn DynProblem> {
        let entry = ALL.iter().find(|entry| entry.name == self.problem).expect("a registered problem");
        for (key, _) in self.params {
            assert!(entry.params.iter().any(|spec| spec.name == *key), "{self}: no parameter '{key}'");
        }
        let mut params = Params { workers: 1, ..Params::default() };
        for spec in entry.params {
            let given = self.params.iter().find(|(key, _)| *key == spec.name).map(|(_, text)| *text);
            if let Some(text) = given.or(spec.default).filter(|text| !text.is_empty()) {
                params.values.insert(spec.name, value(spec.kind, text));
            }
        }
        (entry.build)(&params).unwrap_or_else(|why| panic!("{self}: {why}"))
    }
}

/// `1, 2` for a vector, `1, 2; 2, 1` for a matrix.
fn value(kind: Kind, text: &str) -> ParamValue {
    let list = |text: &str| -> Vec<Real> {
        text.split(',').map(|t| Real::from(t.trim().parse::<Rational>().expect("an exact number"))).collect()
    };
    match kind {
        Kind::Number | Kind::Count => ParamValue::Number(list(text)[0].clone()),
        Kind::Vector => ParamValue::Vector(list(text)),
        Kind::Matrix => ParamValue::Matrix(text.split(';').map(list).collect()),
        _ => ParamValue::Text(text.into()),
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem)?;
        self.params.iter().try_for_each(|(key, text)| write!(f, " {key}={text}"))
    }
}

/// A problem, its parameters, and a word of the message.
type Refused = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// Parameters that must be refused.
static REFUSED: &[Refused] = &[
    ("quadratic", &[("curvature", "1, -1")], "0 or more"),
    ("quadratic", &[("curvature", "1, 1"), ("dimension", "3")], "1 or 3"),
    ("quadratic", &[("curvature", "1"), ("dimension", "0")], "at least 1"),
    ("quadratic-matrix", &[], "'matrix'"),
    ("quadratic-matrix", &[("matrix", "1, 2")], "square"),
    ("quadratic-matrix", &[("matrix", "1, 2; 3, 1")], "symmetric"),
    ("quadratic-matrix", &[("matrix", "1, 2; 2, 1"), ("diagonal", "2")], "too small"),
    ("quadratic-matrix", &[("matrix", "-3, 0; 0, 1"), ("diagonal", "2")], "too small"),
    ("quadratic-matrix", &[("matrix", "1, 2; 2, 1"), ("diagonal", "4, 4, 4")], "2 rows"),
    ("quadratic-matrix", &[("diagonal", "1, 0")], "above 0"),
    ("linear", &[("slope", "1"), ("box", "-1")], "0 or more"),
    ("cosine", &[("amplitude", "0")], "above 0"),
    ("huber", &[("slope", "0")], "above 0"),
    ("log-cosh", &[("dimension", "0")], "at least 1"),
    ("absolute-pair", &[("epsilon", "1")], "below 1"),
    ("absolute-pair", &[("kink", "half")], "zero, plus or minus"),
    ("two-line-squares", &[("epsilon", "3/2")], "at most 1"),
    ("line-losses", &[("rows", "1, 2; 3, 4"), ("targets", "1, 2, 3")], "3 entries"),
    ("line-losses", &[("rows", "1, 2; 0, 0")], "all 0"),
    ("line-losses", &[("rows", "1"), ("loss", "huber"), ("slope", "0")], "above 0"),
    ("max-affine", &[("rows", "1; 2"), ("offsets", "1")], "2 rows"),
    ("piecewise-quadratic", &[("knots", "1, 1"), ("slopes", "0, 1")], "must ascend"),
    ("piecewise-quadratic", &[("knots", "0, 1"), ("slopes", "0")], "2 knots"),
    ("piecewise-quadratic", &[("knots", "0"), ("slopes", "0"), ("outside", "-1")], "0 or more"),
    ("wilson", &[("train", "0")], "at least 1"),
    ("wilson", &[("train", "1"), ("test", "1")], "3 to"),
    ("logistic", &[("samples", "4")], "'samples' and 'dimension'"),
    ("logistic", &[("samples", "4"), ("dimension", "2"), ("lambda", "0")], "above 0"),
    ("logistic", &[("samples", "4"), ("dimension", "2"), ("label_noise", "-1")], "at least 0"),
    ("logistic", &[("samples", "4"), ("dimension", "0")], "0 columns"),
    ("worker-quadratics", &[("targets", "0, 1; 2, 3"), ("curvature", "1")], "1 or 2 of 2"),
    ("worker-quadratics", &[("targets", "0; 2"), ("curvature", "0; 0")], "no minimiser"),
    ("worker-quadratics", &[("targets", "0; 2"), ("curvature", "3; -1")], "0 or more"),
    ("logistic", &[("samples", "4"), ("dimension", "2"), ("split", "iid")], "'workers'"),
    ("mlp", &[("hidden", "2"), ("samples", "4001"), ("folder", "no/such/folder")], "--data DIR"),
    ("mlp", &[("hidden", "2"), ("images", "cifar-10"), ("folder", "no/such/folder")], "--data DIR"),
    ("mlp", &[("hidden", "3/2")], "whole numbers"),
    ("mlp", &[("hidden", "2"), ("split", "iid"), ("samples", "9"), ("workers", "10")], "number of samples, 9"),
    ("max-type", &[("horizon", "4"), ("radius", "0")], "above 0"),
];

#[test]
fn bad_parameters_are_refused_with_what_is_accepted() {
    for (problem, given, word) in REFUSED {
        let entry = ALL.iter().find(|entry| entry.name == *problem).unwrap();
        let mut params = Params::default();
        for spec in entry.params {
            let own = given.iter().find(|(key, _)| *key == spec.name).map(|(_, text)| *text);
            if let Some(text) = own.or(spec.default).filter(|text| !text.is_empty()) {
                params.values.insert(spec.name, value(spec.kind, text));
            }
        }
        let message = (entry.build)(&params).err().map(|why| why.to_string());
        assert!(message.as_ref().is_some_and(|m| m.contains(word)), "{problem} {given:?}: {message:?}");
    }
}
