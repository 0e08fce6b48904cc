//! Roots, logarithms and small numbers on either side, and randomness that no step needs: decided exactly.
//!
//! The derivations stand in the `why` of every bound; the table below says which bounds are broken. All others hold,
//! and all evidence is exact.

use signcheck::model::Registry;
use signcheck::results::{Evidence, Outcome, ResultFile};
use signcheck::run::Silent;
use signcheck::run::load;
use signcheck::run::{Profile, Settings, certify, decide, replay};
use std::path::Path;

/// The file, its number of bounds, and those that are broken.
const CASES: &[(&str, usize, &[&str])] = &[
    ("roots", 12, &[]),
    ("close", 5, &["a convergent below", "two roots below"]),
    ("tiny", 6, &["ln from below", "sin from below", "root below", "a small term"]),
    ("irrational-runs", 5, &[]),
    ("no-coins", 11, &[]),
    ("no-coins-enclosed", 5, &[]),
];

fn decided(name: &str) -> ResultFile {
    let path = Path::new("tests/cases/exactness").join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    let registry = Registry::standard();
    let spec = load(name, &text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
    let settings = Settings { registry: &registry, seed: 1, level: 1e-6, profile: Profile::Quick, progress: &Silent };
    let result = decide(&spec, name, &text, &settings).unwrap_or_else(|e| panic!("{name}: {e}"));
    for bound in result.bounds.iter().filter(|b| b.outcome == Outcome::Violated) {
        let certificate = certify(&spec, bound).unwrap_or_else(|| panic!("{name}, {}: no certificate", bound.bound));
        let document = serde_json::to_string(&certificate).expect("JSON");
        let again = replay(&document, &registry).unwrap_or_else(|e| panic!("{name}, {}: {e}", bound.bound));
        assert!(again.confirmed, "{name}, {}: {:?}", bound.bound, again.difference);
    }
    result
}

#[test]
fn every_case_comes_out_exactly() {
    let mut wrong = Vec::new();
    for (name, count, broken) in CASES {
        let result = decided(name);
        assert_eq!(result.bounds.len(), *count, "{name}");
        for bound in &result.bounds {
            let expected = if broken.contains(&bound.bound.as_str()) { Outcome::Violated } else { Outcome::Holds };
            if bound.outcome != expected || bound.evidence != Evidence::Exact || bound.replicates > 1 {
                let (left, right) = (&bound.left, &bound.right);
                wrong.push(format!(
                    "{name}, {}: {:?} by {:?} ({}), {left:?} and {right:?}",
                    bound.bound, bound.outcome, bound.evidence, bound.reason
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_sum_that_rounding_would_lose_is_printed() {
    // ln(1 + 3e-40) 10^40 = 3 - 4.5e-40: the nearest double is 3
    let result = decided("tiny");
    let bound = result.bounds.iter().find(|b| b.bound == "ln from below").expect("the bound");
    assert_eq!(bound.right.value, Some(3.0));
    assert_eq!(bound.right.exact, None, "a number that is not rational has no fraction");
}

#[test]
fn a_certificate_holds_the_formula_of_an_irrational_parameter() {
    // One step of 1/2 from 2: f = 1/2, above sqrt(2)/4 and below 3/4. At the double nearest to sqrt(2) another instance
    // is broken.
    let text = r#"schema = 1
id = "test/irrational"
title = "A step"
source = { paper = "test", place = "-" }
statement = 'x'
relation = "upper"
left = "last(f)"
[parameters]
t = [3, "sqrt(2)"]
[problem]
name = "quadratic"
curvature = [1]
start = [2]
[algorithm]
name = "gd"
step_size = "1/2"
[run]
horizon = 1
[[bound]]
name = "b"
right = "t/4"
expect = "violated"
why = "sqrt(2)/4 < 1/2"
"#;
    let registry = Registry::standard();
    let spec = load("irrational", text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
    let settings = Settings { registry: &registry, seed: 1, level: 1e-6, profile: Profile::Quick, progress: &Silent };
    let result = decide(&spec, "irrational", text, &settings).expect("a result");
    assert_eq!((result.bounds[0].outcome, result.bounds[0].evidence), (Outcome::Violated, Evidence::Exact));
    let certificate = certify(&spec, &result.bounds[0]).expect("a certificate");
    assert_eq!(certificate.claim["parameters"]["t"], "sqrt(2)");
    let document = serde_json::to_string(&certificate).expect("JSON");
    assert!(replay(&document, &registry).expect("a replay").confirmed);
}
