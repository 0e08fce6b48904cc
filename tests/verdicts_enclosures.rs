//! Verdicts of deterministic runs rest on enclosures that follow the errors that a run expands, and on data as written.

mod common;

use common::run;
use signcheck::internals::claim::{Instance, cells};
use signcheck::internals::engine::trace_enclosed;
use signcheck::model::Registry;
use signcheck::run::load;
use signcheck::scalar::{Rational, Scalar};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/enclosures")
}

/// Copies the cases, so that caches of data files fall beside the copies.
fn copied() -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(copy.path().join("data")).expect("a folder");
    for (path, bytes) in common::files(&folder()) {
        std::fs::write(copy.path().join(path), bytes).expect("a file");
    }
    copy
}

/// Every bound of every file comes out as its `expect` says; the files' `why` have the derivations.
#[test]
fn every_case_comes_out_as_derived() {
    let copy = copied();
    let mut names: Vec<String> = std::fs::read_dir(copy.path())
        .expect("cases")
        .map(|e| e.expect("an entry").file_name().into_string().expect("a name"))
        .filter(|n| n.ends_with(".toml"))
        .collect();
    names.sort();
    assert!(names.len() >= 16, "{names:?}");
    let mut wrong = Vec::new();
    for name in &names {
        let call = run(copy.path(), &["verify", name, "--json"]);
        let records = call.json();
        let records = records.as_array().unwrap_or_else(|| panic!("{name}: {call}"));
        assert!(!records.is_empty(), "{name}: {call}");
        for r in records {
            if r["outcome"] != r["expect"] || r["evidence"] == "numeric" {
                wrong.push(format!("{name}, {}: {} ({}), {}", r["bound"], r["outcome"], r["reason"], r["left"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// (file, bound, value by another program): the interval holds it. The values are those of the files' `why`, in more
/// digits: mpmath 1.3 at 8000 or 20 000 bits, and exact fractions for `numeric-interval`.
#[test]
fn intervals_hold_the_values_of_other_arithmetics() {
    let copy = copied();
    let values = [
        ("numeric-interval.toml", "x_1349 is above 0 (6.23e-113)", 6.227_949_950_315e-113),
        ("numeric-interval.toml", "x_1350 is below 0 (-2.50e-112)", -2.500_820_802_674e-112),
        ("numeric-interval.toml", "x_1300 in exact arithmetic", -3.728_680_017_548e-108),
        ("cosine-chaos.toml", "T = 200", -3.012_180_827_774_833_4),
        ("cosine-chaos.toml", "T = 400", 2.986_617_168_935_814),
        ("cosine-chaos.toml", "T = 500", 0.650_572_462_108_716_8),
        ("cosine-chaos.toml", "T = 600", -0.668_584_678_784_658),
        ("irrational-step.toml", "T = 700", -3.041_553_309_538_601_1e-55),
        ("irrational-step.toml", "T = 701", -6.221_685_526_388_954e-56),
        ("eigenvalue-step.toml", "gap, above", 5.259_277_014_040_330_9e-14),
        ("decimals.toml", "b", 0.667_565_459_833_642_8),
    ];
    for (file, bound, value) in values {
        let records = run(copy.path(), &["verify", file, "--json"]).json();
        let record = records.as_array().expect("records").iter().find(|r| r["bound"] == bound).expect("the bound");
        let (low, high) =
            (record["left"]["low"].as_f64().expect("low"), record["left"]["high"].as_f64().expect("high"));
        // The values have 12 digits at least.
        let slack = 1e-12 * f64::abs(value);
        assert!(low - slack <= value && value <= high + slack, "{file}, {bound}: {value} outside [{low}, {high}]");
        assert!(high - low <= 1e-9 * f64::abs(value), "{file}, {bound}: [{low}, {high}]");
    }
}

/// A deterministic instance on a quadratic.
fn instance(curvature: &str, start: &str, algorithm: &str, step_size: &str, horizon: usize) -> Instance {
    let text = format!(
        r#"schema = 1
id = "test/map"
title = "t"
source = {{ paper = "test", place = "here" }}
statement = 'x'
relation = "upper"
left = "last(x1)"
[problem]
name = "quadratic"
curvature = {curvature}
start = {start}
[oracle]
noise = "none"
[algorithm]
name = "{algorithm}"
step_size = "{step_size}"
[run]
horizon = {horizon}
[[bound]]
name = "b"
right = 0
expect = "holds"
why = "not asked"
"#
    );
    let registry = Registry::standard();
    let spec = load("test.toml", &text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
    let (_, variant) = &spec.base[0];
    let cell = cells(variant).expect("cells").remove(0);
    Instance::build(&registry, variant.experiment().expect("an experiment"), &cell).expect("an instance")
}

/// Expanding maps for thousands of steps: every enclosed iterate holds the one in fractions that know no size, and the
/// last is sharp. The maps are written out here: gd is x - a c x, scaled signGD x - a |g|_1 sgn g.
#[test]
fn enclosures_of_expanding_maps_hold_the_exact_iterates() {
    let q = |n: i64, d: u64| Rational::ratio(n, d);
    let cases = [
        ("gd", [(3, 1), (5, 3)], [(1, 1), (1, 3)], (7, 9), 3000),
        ("gd", [(1, 1), (2, 7)], [(5, 1), (-1, 11)], (21, 10), 4000),
        ("scaled-signgd", [(1, 1), (3, 1)], [(1, 1), (1, 3)], (4, 9), 2500),
        ("scaled-signgd", [(2, 1), (1, 5)], [(1, 7), (-3, 1)], (2, 3), 2000),
        ("scaled-signgd", [(1, 1), (1, 1)], [(1, 1), (1, 2)], (5, 7), 2000),
    ];
    for (algorithm, curvature, start, step, horizon) in cases {
        let list = |v: [(i64, u64); 2]| format!("[\"{}/{}\", \"{}/{}\"]", v[0].0, v[0].1, v[1].0, v[1].1);
        let size = format!("{}/{}", step.0, step.1);
        let built = instance(&list(curvature.map(|(n, d)| (n, d))), &list(start), algorithm, &size, horizon);
        let (iterates, _) = trace_enclosed(&built).expect("an enclosed run");
        assert_eq!(iterates.len(), horizon + 1);
        let (c, a) = (curvature.map(|(n, d)| q(n, d)), q(step.0, step.1));
        let mut x = start.map(|(n, d)| q(n, d));
        for (k, iterate) in iterates.iter().enumerate() {
            for (exact, found) in x.iter().zip(iterate) {
                let (low, high) = found.ends();
                let above = Rational::from_double(low).is_none_or(|end| end <= *exact);
                let below = Rational::from_double(high).is_none_or(|end| *exact <= end);
                assert!(above && below, "{algorithm}, step {k}: {exact} outside [{low}, {high}]");
                let sharp = found.ends().1 - found.ends().0 <= 1e-12 * exact.to_f64().abs() || exact.to_f64() == 0.0;
                assert!(k < horizon || sharp || !exact.to_f64().is_finite(), "{algorithm}: [{low}, {high}]");
            }
            let g: Vec<Rational> = c.iter().zip(&x).map(|(c, x)| c.clone() * x).collect();
            let total = g.iter().fold(Rational::zero(), |sum, g| sum + Scalar::abs(g));
            for (x, g) in x.iter_mut().zip(&g) {
                let by = if algorithm == "gd" { g.clone() } else { total.clone() * Rational::integer(g.signum()) };
                *x -= &(a.clone() * by);
            }
        }
    }
}
