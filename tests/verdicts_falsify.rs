//! `verify` and `falsify` on claim files whose right answer is known by hand: the derivation stands in each file's
//! `why`.

mod common;

use common::{Call, run};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/falsify").join(name).with_extension("toml")
}

fn verify(name: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let call = run(folder.path(), &["verify", file(name).to_str().unwrap(), "--json"]);
    call.json()[0].clone()
}

/// A search of few instances, with its certificate replayed where it wrote one.
fn falsify(name: &str, more: &[&str]) -> Call {
    let folder = tempfile::tempdir().unwrap();
    let path = file(name);
    let mut arguments = vec!["falsify", path.to_str().unwrap(), "--json", "--out", "."];
    if !more.contains(&"--evaluations") {
        arguments.extend(["--evaluations", "600"]);
    }
    arguments.extend(more);
    let call = run(folder.path(), &arguments);
    if call.code == Some(1) {
        for record in call.json().as_array().unwrap().iter().filter(|r| r["outcome"] == "violated") {
            let replayed = run(folder.path(), &["replay", record["certificate"].as_str().unwrap()]);
            assert_eq!(replayed.code, Some(0), "{name}: {replayed}");
        }
    }
    call
}

fn first(call: &Call) -> Value {
    call.json()[0].clone()
}

/// File, what `verify` says, what `falsify` says, and its exit code.
const BOTH: &[(&str, &str, &str, i32)] = &[
    ("box", "holds", "none-found", 0),
    ("box-two", "holds", "none-found", 0),
    ("box-gradient", "holds", "none-found", 0),
    ("box-hypothesis", "holds", "none-found", 0),
    ("box-false", "violated", "violated", 1),
    ("no-box-hypothesis", "hypothesis-fails", "none-found", 2),
    ("sign", "holds", "none-found", 0),
    ("order", "holds", "none-found", 0),
    ("heavy-ball", "violated", "violated", 1),
    ("heavy-ball-pieces", "violated", "violated", 1),
    ("condition", "holds", "none-found", 0),
    ("family-dimension", "violated", "violated", 1),
    ("family-noise", "violated", "violated", 1),
    ("family-problems", "violated", "violated", 1),
    ("vote-49-workers", "violated", "violated", 1),
];

#[test]
fn verify_and_falsify_agree() {
    for (name, verdict, search, code) in BOTH {
        let found = verify(name);
        assert_eq!(found["outcome"], *verdict, "{name}: {found}");
        let call = falsify(name, &[]);
        assert_eq!((first(&call)["outcome"].as_str(), call.code), (Some(*search), Some(*code)), "{name}: {call}");
    }
}

#[test]
fn a_start_outside_its_box_is_an_error_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["box-start-outside", "box-start-swept"] {
        for command in ["check", "verify", "falsify"] {
            let call = run(folder.path(), &[command, file(name).to_str().unwrap()]);
            assert_eq!(call.code, Some(3), "{name} {command}: {call}");
            assert!(call.stderr.contains("outside the box |x| <= 1") && call.stderr.contains("start = "), "{call}");
        }
    }
}

#[test]
fn a_box_its_size_and_a_start_inside_it_are_kept() {
    let found = first(&falsify("box-false", &[]));
    for instance in [&found["instance"], &found["shrunk"]] {
        assert_eq!(instance["problem"]["name"], "linear", "{found}");
        assert_eq!(instance["problem"]["box"].as_array().map(Vec::len), Some(1), "{found}");
        assert_eq!(instance["problem"]["box"][0], 1, "{found}");
    }
}

#[test]
fn a_bounded_domain_is_audited() {
    let audit = |name| {
        let verdict = verify(name);
        let all = verdict["hypotheses"].as_array().unwrap().clone();
        all.into_iter().find(|h| h["name"] == "bounded-domain").unwrap()
    };
    let (inside, outside) = (audit("box-hypothesis"), audit("no-box-hypothesis"));
    assert_eq!((&inside["holds"], &outside["holds"]), (&true.into(), &false.into()));
    assert!(inside["value"].as_str().unwrap().contains("diameter 2"), "{inside}");
}

#[test]
fn what_is_too_large_is_skipped_and_said() {
    let call = falsify("too-long", &[]);
    let found = first(&call);
    assert_eq!((call.code, &found["outcome"]), (Some(2), &"none-found".into()), "{call}");
    assert_eq!(found["skipped"], serde_json::json!([["too large", 1]]), "{call}");
    assert_eq!(
        (&found["exhausted"], &found["met"], &found["outside"]),
        (&false.into(), &1.into(), &0.into()),
        "{call}"
    );
    let folder = tempfile::tempdir().unwrap();
    let text = run(folder.path(), &["falsify", file("too-long").to_str().unwrap()]);
    assert!(!text.stdout.contains("the whole family") && text.stdout.contains("skipped"), "{text}");
}

#[test]
fn what_check_refuses_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("refused-cell", "'horizon' is 1/2"),
        ("refused-data", "'logistic'"),
        ("refused-fraction", "3/2 is no whole number"),
        ("refused-range", "1/2 is no whole number"),
        ("refused-workers", "W = 0"),
        ("refused-derived", "follows from other parameters"),
        ("refused-dimension", "begins at 5"),
        ("refused-law", "'gaussian'"),
    ];
    for (name, says) in cases {
        for command in ["check", "falsify"] {
            let call = run(folder.path(), &[command, file(name).to_str().unwrap()]);
            assert!(call.code == Some(3) && call.stderr.contains(says), "{name} {command}: {call}");
            assert!(call.stderr.contains(&format!("{name}.toml:")), "{name} {command}: {call}");
        }
    }
}

/// exact (Drori and Teboulle 2014): one step a/L of gradient descent leaves at most L R^2/2 max(1/(2a + 1), (1 - a)^2),
/// which is half of L R^2/2 at a = 1/2, and all of it as a goes to 0.
#[test]
fn a_ratio_near_the_listed_cells_is_told_apart_from_the_limit() {
    let found = first(&falsify("corner", &["--evaluations", "3000"]));
    let (near, anywhere) = (found["near"]["ratio"].as_f64().unwrap(), found["ratio"].as_f64().unwrap());
    assert_eq!(found["near"]["at"]["a"], 0.5, "{found}");
    // The file's own x^2/2 has (1 - a)^2 = 1/4.
    assert!((0.25..=0.5).contains(&near), "{found}");
    assert!(anywhere > 0.9 && found["at"]["a"] != 0.5, "{found}");
}

#[test]
fn ranges_can_be_pinned() {
    let call = falsify("condition", &["--set", "L/mu in [10, 11]", "--evaluations", "2000"]);
    let found = first(&call);
    let at = |key: &str| found["at"][key].as_f64().unwrap();
    let (condition, ratio) = (at("L") / at("mu"), found["ratio"].as_f64().unwrap());
    assert!((10.0 - 1e-9..=11.0 + 1e-9).contains(&condition), "{call}");
    // From (0, 1) the gap falls by (1 - 1/k)^2, a ratio of 1 - 1/k, which nothing exceeds.
    assert!(ratio <= 1.0 - 1.0 / condition + 1e-9 && ratio > 0.7, "{call}");
    for (setting, says) in [
        ("a in [1/4, 1/2]", ""),
        ("a in [1/2, 1/4]", "is empty"),
        ("nu/L in [1, 2]", "'nu' is neither a parameter of the file nor a fact"),
        ("a in 3", "is no range"),
    ] {
        let call = falsify("corner", &["--set", setting]);
        if says.is_empty() {
            let a = first(&call)["at"]["a"].as_f64().unwrap();
            assert!((0.25..=0.5).contains(&a), "{call}");
        } else {
            assert!(call.code != Some(0) && call.stderr.contains(says), "{setting}: {call}");
        }
    }
}

#[test]
fn a_set_parameter_does_not_vary() {
    let found = first(&falsify("family-pinned", &["--set", "T=9"]));
    for instance in ["instance", "shrunk"] {
        assert_eq!(found[instance]["parameters"]["T"], 9, "{found}");
    }
}

#[test]
fn shrinking_stays_in_the_family() {
    let check = |name: &str, ratio: f64, coordinates: usize| {
        let call = falsify(name, &[]);
        let found = first(&call);
        let named = found["ratio"].as_f64().unwrap();
        // The ratio is 4/d wherever the gap is not 0.
        assert!((named - ratio).abs() < 1e-12, "{name}: {call}");
        let problem = &found["shrunk"]["problem"];
        assert_eq!(problem["start"].as_array().unwrap().len(), coordinates, "{name}: {call}");
        found
    };
    check("family-dimension", 4.0 / 3.0, 3);
    let two = check("family-two", 2.0, 2);
    assert_eq!(two["elsewhere"], 1, "{two}");
    let noise = check("family-noise", 4.0 / 3.0, 3);
    let law = &noise["shrunk"]["oracle"]["noise"]["law"];
    assert!(law == "finite" || law == "rademacher", "{noise}");
    let problems = check("family-problems", 4.0 / 3.0, 3);
    assert_eq!(problems["shrunk"]["problem"]["name"], "quadratic", "{problems}");
}

#[test]
fn sides_next_to_nothing_have_no_tightness() {
    let call = falsify("next-to-nothing", &[]);
    let found = first(&call);
    assert_eq!((&found["outcome"], &found["ratio"]), (&"violated".into(), &Value::Null), "{call}");
    assert!(found["why"].as_str().unwrap().contains("no quotient"), "{call}");
}

/// P[Bin(n, p) >= k] in doubles, from the largest term down.
fn binomial_tail(n: u32, p: f64, k: u32) -> f64 {
    let term = |j: u32| {
        let choose: f64 = (1..=j).map(|i| f64::from(n - j + i) / f64::from(i)).product();
        choose * p.powi(j as i32) * (1.0 - p).powi((n - j) as i32)
    };
    (k..=n).rev().map(term).sum()
}

#[test]
fn sums_of_many_draws_are_exact() {
    let majority = |n: u32| 2.0 * binomial_tail(n, 0.3, n / 2 + 1) - 1.0;
    let cases: [(&str, Result<&str, f64>); 6] = [
        ("vote-three", Ok("571/500")),
        ("vote-forty-nine", Err(1.0 - majority(49) / 4.0)),
        ("vote-abstain-tie", Err(1.0 - (1.0 - 2f64.powi(-40)) / 4.0)),
        ("vote-two-coordinates", Err(2.0 - majority(21) / 2.0)),
        ("batch-forty", Ok("1087/1920")),
        ("workers-thirty", Ok("817/1440")),
    ];
    for (name, value) in cases {
        let verdict = verify(name);
        assert_eq!(verdict["evidence"], "exact", "{name}: {verdict}");
        match value {
            Ok(exact) => assert_eq!(verdict["left"]["exact"], exact, "{name}: {verdict}"),
            Err(value) => {
                // Fifty terms of relative error 100 eps at most.
                let found = verdict["left"]["estimate"].as_f64().unwrap();
                assert!((found - value).abs() < 1e-11, "{name}: {found} {value}");
            }
        }
    }
    // Each step of forty-nine workers goes the wrong way with P[Bin(49, 3/10) < 25] > 99/100.
    let verdict = verify("vote-49-workers");
    assert_eq!((&verdict["outcome"], &verdict["evidence"]), (&"violated".into(), &"exact".into()), "{verdict}");
    let left = verdict["left"]["estimate"].as_f64().unwrap();
    assert!((0.9 - 12.0 * 0.01 * 0.9..=0.9).contains(&left), "{verdict}");
}

/// Nothing exact reaches Gaussian noise unless its moments are known: the search says what a sample sees.
#[test]
fn a_sampled_cell_is_no_silence() {
    let call = falsify("gaussian", &[]);
    let found = first(&call);
    match call.code {
        Some(1) => assert_eq!(found["outcome"], "violated", "{call}"),
        _ => {
            assert_eq!((call.code, &found["ratio"]), (Some(2), &Value::Null), "{call}");
            assert!(found["sampled"].as_str().unwrap().contains("a sample puts the file's own cell"), "{call}");
        }
    }
}
