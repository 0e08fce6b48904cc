//! The sweep that chooses a parameter before a claim is decided, against choices worked out by hand.

mod common;

use common::run;
use serde_json::Value;
use signcheck::model::Registry;
use signcheck::results::ResultFile;
use signcheck::run::{Profile, Settings, Silent, certify, decide, load};
use std::path::Path;

/// x^2/2 from 1: a step of gradient descent leads to 1 - lr, where f is (1 - lr)^2/2.
const CLAIM: &str = r#"
schema = 1
id = "test/tuning"
title = "a step that runs choose"
source = { paper = "test", place = "tuning" }
statement = "none"
relation = "upper"
left = "last(f)"
units = "waived: a test"
trivial = "1/2"

[parameters]
lr = CANDIDATES
T = 2

[tune]
parameter = "lr"
by = "last(f)"
change = { parameters = { T = 1 } }

[problem]
name = "quadratic"
curvature = 1
start = 1

[oracle]
noise = "none"

[algorithm]
name = "gd"
step_size = "lr"

[run]
horizon = "T"

[[bound]]
name = "zero"
right = 0
expect = "holds"
why = "a test"
"#;

fn text(candidates: &str, change: &dyn Fn(String) -> String) -> String {
    change(CLAIM.replace("CANDIDATES", candidates))
}

fn decided(text: &str) -> Result<ResultFile, String> {
    let registry = Registry::standard();
    let spec = load("tuning.toml", text, &registry, &[]).map_err(|e| e.to_string())?;
    let settings = Settings { registry: &registry, seed: 1, level: 1e-6, profile: Profile::Quick, progress: &Silent };
    decide(&spec, "tuning.toml", text, &settings).map_err(|e| e.to_string())
}

/// The candidate that was taken, and the exact left side that it leads to.
#[track_caller]
fn taken(text: &str) -> (String, String) {
    let result = decided(text).unwrap_or_else(|e| panic!("{e}"));
    let rows: Vec<&Vec<String>> = result.tables[0].rows.iter().filter(|row| row[4] == "taken").collect();
    assert_eq!(rows.len(), 1, "{:?}", result.tables);
    (rows[0][1].clone(), result.bounds[0].left.exact.clone().unwrap_or_default())
}

#[test]
fn the_best_candidate_is_taken_and_the_first_of_equals() {
    let same = |text| text;
    let largest = |text: String| text.replace("by = \"last(f)\"", "by = \"last(f)\"\nbest = \"largest\"");
    // exact: after one step f is 1/8, 0, 1/8 and 2; after two it is (1 - lr)^4/2.
    let all = "[\"1/2\", 1, \"3/2\", 3]";
    assert_eq!(taken(&text(all, &same)), ("lr = 1".into(), "0/1".into()));
    assert_eq!(taken(&text(all, &largest)), ("lr = 3".into(), "8/1".into()));
    assert_eq!(taken(&text("[\"3/2\", \"1/2\"]", &same)), ("lr = 3/2".into(), "1/32".into()));
    assert_eq!(taken(&text("[\"1/2\", \"3/2\"]", &same)), ("lr = 1/2".into(), "1/32".into()));
}

#[test]
fn a_candidate_that_diverges_is_not_taken_and_an_error_where_all_do() {
    // exact: 10^200 squares past the largest double.
    let same = |text| text;
    assert_eq!(taken(&text("[1e200, 2]", &same)).0, "lr = 2");
    let error = decided(&text("[1e200, 2e200]", &same)).unwrap_err();
    assert!(error.contains("all diverged") && error.contains("'lr'"), "{error}");
}

#[test]
fn a_case_with_one_value_has_nothing_to_choose() {
    let case = |text: String| {
        text + "[[case]]\nname = \"own\"\nchange = { parameters = { lr = \"1/4\" } }\n[[case]]\nname = \"tuned\"\nchange = {}\n"
    };
    let result = decided(&text("[\"1/2\", \"3/4\"]", &case)).unwrap();
    // exact: (3/4)^4/2 = 81/512 and (1/4)^4/2 = 1/512.
    let lefts: Vec<_> = result.cells["zero"].iter().map(|cell| cell.left.exact.clone().unwrap()).collect();
    assert_eq!(lefts, ["81/512", "1/512"]);
    assert_eq!(result.tables[0].rows.len(), 2);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let wrong = |from: &'static str, to: &'static str| move |text: String| text.replace(from, to);
    for (change, words) in [
        (wrong("parameter = \"lr\"", "parameter = \"lt\""), "there is no parameter 'lt'"),
        (wrong("T = 1 }", "T = [1, 2] }"), "'T' is swept beside 'lr'"),
        (wrong("T = 1 }", "T = 1, lr = 2 }"), "leaves 'lr' a single value"),
        (wrong("by = \"last(f)\"", "by = \"last(ff)\""), "ff"),
        (wrong("by =", "with ="), "unknown key 'with'"),
        (wrong("change = { parameters = { T = 1 } }", "change = { bound = 1 }"), "a change cannot set 'bound'"),
    ] {
        let error = decided(&text("[1, 2]", &change)).unwrap_err();
        assert!(error.contains(words) && error.contains("tuning.toml:"), "{words}: {error}");
    }
}

#[test]
fn a_certificate_holds_the_choice_and_replays() {
    let text = text("[\"1/2\", \"3/4\"]", &|text| text);
    let registry = Registry::standard();
    let spec = load("tuning.toml", &text, &registry, &[]).unwrap();
    let result = decided(&text).unwrap();
    let certificate = certify(&spec, &result.bounds[0]);
    // The claim's own text still has the sweep, so that its certificate must not.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tuning.toml");
    std::fs::write(&file, &text).unwrap();
    let call = run(Path::new("."), &["reproduce", "--out", folder.path().to_str().unwrap(), file.to_str().unwrap()]);
    assert_eq!(call.code, Some(1), "{call}");
    let found = folder.path().join("results/certificates/test/tuning.zero.json");
    let written: Value = serde_json::from_slice(&std::fs::read(&found).unwrap()).unwrap();
    assert!(!written.to_string().contains("tune"), "{written}");
    let call = run(Path::new("."), &["replay", found.to_str().unwrap()]);
    assert_eq!(call.code, Some(0), "{call}");
    assert!(certificate.is_some());
}
