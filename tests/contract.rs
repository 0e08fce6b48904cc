//! What users, scripts and other programs rely on: exit codes, JSON keys, and what each command prints and writes.

mod common;

use common::{DESCENT, NOISY, files, program, run, run_with_input, small_claims, with};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

/// A folder with one claim file `claim.toml`.
fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), text).unwrap();
    folder
}

fn verify(text: &str) -> common::Call {
    run(folder(text).path(), &["verify", "claim.toml", "--json"])
}

/// The keys of an object, sorted; those in `optional` may be missing.
#[track_caller]
fn assert_keys(value: &Value, required: &[&str], optional: &[&str]) {
    let object = value.as_object().unwrap_or_else(|| panic!("not an object: {value}"));
    for key in required {
        assert!(object.contains_key(*key), "no key '{key}' in {value}");
    }
    for key in object.keys() {
        assert!(required.contains(&key.as_str()) || optional.contains(&key.as_str()), "unknown key '{key}' in {value}");
    }
}

/// A finite number, or null with a `why` beside it.
#[track_caller]
fn assert_number(parent: &Value, key: &str) {
    match &parent[key] {
        Value::Number(n) => assert!(n.as_f64().is_some_and(f64::is_finite), "'{key}' in {parent}"),
        Value::Null => assert!(parent["why"].is_string(), "'{key}' is null without a why in {parent}"),
        other => panic!("'{key}' is {other} in {parent}"),
    }
}

/// A rational `a/b` in lowest terms, or an integer over 1.
#[track_caller]
fn assert_fraction(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("not a text: {value}"));
    let (a, b) = text.split_once('/').unwrap_or_else(|| panic!("no fraction: {text}"));
    assert!(a.trim_start_matches('-').bytes().all(|c| c.is_ascii_digit()), "{text}");
    assert!(b.bytes().all(|c| c.is_ascii_digit()) && b != "0", "{text}");
}

/// Every key of a verdict, its type, and the words that it may hold.
#[track_caller]
fn assert_verdict(verdict: &Value) {
    let keys = [
        "id",
        "bound",
        "outcome",
        "reason",
        "evidence",
        "left",
        "right",
        "ratio",
        "vacuous",
        "level",
        "replicates",
        "cell",
        "cells",
        "hypotheses",
        "units",
        "controls",
        "expect",
        "as_expected",
    ];
    assert_keys(verdict, &keys, &[]);
    let word = |key: &str, words: &[&str]| {
        let found = verdict[key].as_str().unwrap_or_else(|| panic!("'{key}' is no text in {verdict}"));
        assert!(words.contains(&found), "'{key}' is '{found}'");
    };
    let outcomes = ["holds", "violated", "undecided", "hypothesis-fails"];
    word("outcome", &outcomes);
    word("expect", &outcomes);
    word("evidence", &["exact", "numeric", "finite-sample", "asymptotic"]);
    word("units", &["consistent", "inconsistent", "waived"]);
    for key in ["id", "bound", "reason"] {
        assert!(verdict[key].is_string(), "'{key}' in {verdict}");
    }
    assert_keys(&verdict["left"], &["estimate", "low", "high"], &["exact", "why"]);
    for key in ["estimate", "low", "high"] {
        assert_number(&verdict["left"], key);
    }
    assert_keys(&verdict["right"], &["value"], &["exact", "why"]);
    assert_number(&verdict["right"], "value");
    for side in ["left", "right"] {
        if let Some(exact) = verdict[side].get("exact") {
            assert_fraction(exact);
        }
    }
    assert!(verdict["ratio"].is_null() || verdict["ratio"].is_f64(), "{verdict}");
    assert!(verdict["vacuous"].is_boolean() && verdict["as_expected"].is_boolean());
    // An asymptotic verdict has no level at its number of replicates.
    let is_asymptotic = verdict["evidence"] == "asymptotic" && verdict["outcome"] != "hypothesis-fails";
    let has_level = verdict["level"].as_f64().is_some_and(|l| (0.0..1.0).contains(&l));
    assert!(if is_asymptotic { verdict["level"].is_null() } else { has_level }, "{verdict}");
    assert!(verdict["replicates"].is_u64() && verdict["cells"].is_u64());
    assert!(verdict["cell"].is_object());
    for hypothesis in verdict["hypotheses"].as_array().expect("a list") {
        assert_keys(hypothesis, &["name", "holds", "value", "provenance"], &[]);
        assert!(hypothesis["holds"].is_boolean() || hypothesis["holds"].is_null());
        assert!(["name", "value", "provenance"].iter().all(|k| hypothesis[*k].is_string()), "{hypothesis}");
    }
    assert_keys(&verdict["controls"], &["planted", "caught"], &[]);
    assert!(verdict["controls"]["planted"].is_u64() && verdict["controls"]["caught"].is_u64());
}

#[test]
fn an_exact_verdict_has_every_key_and_the_right_numbers() {
    let call = verify(DESCENT);
    assert_eq!(call.code, Some(0), "{call}");
    assert_eq!(call.stderr, "", "notes only where something is to be said\n{call}");
    let document = call.json();
    assert_eq!(document.as_array().map(Vec::len), Some(1), "one element a bound");
    let verdict = &document[0];
    assert_verdict(verdict);
    // exact: from (3, 4) one step of 1/L = 1 gives (0, 7/2), four give 4 (7/8)^4 in the second coordinate, so that
    // f = (7/8)^8; R^2 = 25, L = 1. T = 4 is the nearer to violation.
    let left = json!({"estimate": 5_764_801.0 / 16_777_216.0, "low": 5_764_801.0 / 16_777_216.0,
        "high": 5_764_801.0 / 16_777_216.0, "exact": "5764801/16777216"});
    assert_eq!(verdict["left"], left);
    assert_eq!(verdict["right"], json!({"value": 3.125, "exact": "25/8"}));
    assert_eq!(verdict["ratio"].as_f64(), Some(5_764_801.0 / 16_777_216.0 / 3.125));
    assert_eq!(verdict["cell"], json!({"T": 4}));
    for (key, expected) in [
        ("id", json!("test/descent")),
        ("bound", json!("printed")),
        ("outcome", json!("holds")),
        ("evidence", json!("exact")),
        ("vacuous", json!(false)),
        ("level", json!(0.0)),
        ("replicates", json!(1)),
        ("cells", json!(2)),
        ("units", json!("consistent")),
        ("controls", json!({"planted": 1, "caught": 1})),
        ("expect", json!("holds")),
        ("as_expected", json!(true)),
    ] {
        assert_eq!(verdict[key], expected, "'{key}'");
    }
    let hypotheses = verdict["hypotheses"].as_array().unwrap();
    let named: Vec<&str> = hypotheses.iter().filter_map(|h| h["name"].as_str()).collect();
    assert_eq!(named, ["convex", "smooth", "minimiser"], "in the file's order");
    assert!(hypotheses.iter().all(|h| h["holds"] == true), "{hypotheses:?}");
}

#[test]
fn a_sampled_verdict_has_an_interval_and_a_level() {
    let call = verify(NOISY);
    assert_eq!(call.code, Some(0), "{call}");
    let verdict = &call.json()[0];
    assert_verdict(verdict);
    assert_eq!(verdict["evidence"], "finite-sample", "{call}");
    assert_eq!(verdict["replicates"], 4000);
    let (low, high) = (verdict["left"]["low"].as_f64().unwrap(), verdict["left"]["high"].as_f64().unwrap());
    // The mean is 0 by symmetry; an interval at level 1e-6 misses it for one seed in a million.
    assert!(low < 0.0 && 0.0 < high && high - low < 1.0, "{call}");
    // One of two questions (bound and control), one cell each.
    assert_eq!(verdict["level"].as_f64(), Some(5e-7));
    assert!(verdict["left"].get("exact").is_none());
}

#[test]
fn exit_codes_say_what_came_out() {
    let code = |text: &str| {
        let call = verify(text);
        let outcome = call.json()[0]["outcome"].as_str().map(str::to_string);
        (call.code, outcome.unwrap_or_default())
    };
    let found = |code: i32, outcome: &str| (Some(code), outcome.to_string());
    assert_eq!(code(DESCENT), found(0, "holds"));
    // The recorded expectation is wrong.
    let unexpected = with(DESCENT, "expect = \"holds\"", "expect = \"violated\"");
    assert_eq!(code(&unexpected), found(1, "holds"));
    // A violated bound that is expected to be.
    let broken = with(DESCENT, "\"L*R^2/(2*T)\"", "\"L*R^2/(2000*T^2)\"");
    assert_eq!(code(&broken), found(1, "violated"));
    assert_eq!(code(&with(&broken, "expect = \"holds\"", "expect = \"violated\"")), found(0, "violated"));
    // A control that was not caught.
    assert_eq!(code(&with(DESCENT, "(2000*T^2)", "(2*T)")), found(1, "holds"));
    // Exactly on the bound: no number of replicates decides it.
    let edge = with(NOISY, "right = \"1/2\"", "right = 0");
    assert_eq!(code(&edge), found(2, "undecided"));
    assert_eq!(code(&with(&edge, "expect = \"holds\"", "expect = \"undecided\"")), found(0, "undecided"));
    // Undecided and a control not caught: the worse of the two.
    assert_eq!(code(&with(&edge, "\"-1/2\"", "\"1/2\"")), found(1, "undecided"));
    // No cell meets the hypotheses.
    let outside = with(DESCENT, "hypotheses = [", "requires = [\"T < 0\"]\nhypotheses = [");
    assert_eq!(code(&outside).1, "hypothesis-fails");
    assert_eq!(run(Path::new("."), &["verify", "no-such/claim"]).code, Some(3));
}

#[test]
fn a_diverging_run_is_undecided_with_its_step() {
    let text = with(NOISY, "step_size = 1", "step_size = \"10^300*10^k\"");
    let text = with(&text, "horizon = 1\n", "horizon = 40\n");
    let text = with(&text, "left = \"last(x1)\"", "left = \"last(f)\"");
    let call = verify(&text);
    let verdict = &call.json()[0];
    assert_verdict(verdict);
    assert_eq!(verdict["outcome"], "undecided", "{call}");
    assert!(verdict["reason"].as_str().unwrap().contains("diverged"), "{call}");
}

#[test]
fn parameters_profile_level_and_seed_are_settable() {
    let folder = folder(DESCENT);
    let verdict = |arguments: &[&str]| {
        let all: Vec<&str> = ["verify", "claim.toml", "--json"].iter().chain(arguments).copied().collect();
        let call = run(folder.path(), &all);
        assert_eq!(call.code, Some(0), "{call}");
        call.json()[0].clone()
    };
    let one = verdict(&["--set", "T=2"]);
    assert_eq!((one["cells"].as_u64(), &one["right"]["exact"]), (Some(1), &json!("25/4")));
    std::fs::write(folder.path().join("claim.toml"), with(NOISY, "4000", "{ quick = 1000, full = 3000 }")).unwrap();
    assert_eq!(verdict(&[])["replicates"], 1000);
    assert_eq!(verdict(&["--profile", "full"])["replicates"], 3000);
    assert_eq!(verdict(&["--level", "0.01"])["level"], 0.005);
    assert_ne!(verdict(&["--seed", "2"])["left"], verdict(&["--seed", "3"])["left"]);
    assert_eq!(verdict(&["--threads", "2"]), verdict(&["--threads", "1"]));
}

#[test]
fn hypotheses_are_switched_on_and_off() {
    // Coordinates that move together, and the four combinations of the same signs, which do not.
    let two = with(&with(NOISY, "curvature = [1]", "curvature = [1, 1]"), "start = [0]", "start = [0, 0]");
    let claim = |atoms: &str| {
        let noise = format!("{{ law = \"joint\", atoms = [{atoms}] }}");
        folder(&with(&two, "{ law = \"gaussian\", scale = 1 }", &noise))
    };
    let together = claim("[1, 1, \"1/2\"], [-1, -1, \"1/2\"]");
    let product = claim("[1, 1, \"1/4\"], [-1, -1, \"1/4\"], [1, -1, \"1/4\"], [-1, 1, \"1/4\"]");
    let verify = |folder: &TempDir, more: &[&str]| {
        let all: Vec<&str> = ["verify", "claim.toml", "--json"].iter().chain(more).copied().collect();
        run(folder.path(), &all)
    };
    let outcome = |folder: &TempDir, more: &[&str]| verify(folder, more).json()[0]["outcome"].clone();
    assert_eq!(outcome(&together, &[]), "holds");
    assert_eq!(outcome(&together, &["--assume", "independent-coordinates"]), "hypothesis-fails");
    assert_eq!(outcome(&product, &["--assume", "independent-coordinates"]), "holds");
    let call = verify(&together, &["--assume", "independent-coordinates", "--drop", "independent-coordinates"]);
    assert!(call.code == Some(3) && call.stderr.contains("the file has no hypothesis"), "{call}");
    // exact: from 0 in steps of 1 the minimiser 0 is met at once
    let call = verify(&together, &["--assume", "off-lattice"]);
    assert_eq!((call.code, &call.json()[0]["outcome"]), (Some(1), &json!("hypothesis-fails")), "{call}");
    let call = verify(&together, &["--assume", "odd-worker"]);
    assert!(call.code == Some(3) && call.stderr.contains("did you mean 'odd-workers'"), "{call}");
}

#[test]
fn a_claim_file_may_come_from_standard_input() {
    let call = run_with_input(Path::new("."), &["verify", "-", "--json"], DESCENT.as_bytes());
    assert_eq!(call.code, Some(0), "{call}");
    assert_eq!(call.json()[0]["id"], "test/descent");
}

#[test]
fn the_table_for_people_names_claim_outcome_and_counts() {
    let call = run(folder(DESCENT).path(), &["verify", "claim.toml"]);
    assert_eq!(call.code, Some(0), "{call}");
    for piece in ["test/descent", "holds", "exact", "controls caught 1/1", "0 not as expected"] {
        assert!(call.stdout.contains(piece), "no {piece:?}\n{call}");
    }
    assert!(!call.stdout.contains('\u{1b}'), "colours only on a terminal");
}

#[test]
fn traces_start_at_the_start_and_are_exact_where_asked() {
    let folder = folder(&with(DESCENT, "start = [3, 4]", "start = [\"-3/8\", 4]"));
    let trace = |arguments: &[&str]| {
        let all: Vec<&str> = ["trace", "claim.toml", "--json"].iter().chain(arguments).copied().collect();
        let call = run(folder.path(), &all);
        assert_eq!(call.code, Some(0), "{call}");
        let document = call.json();
        assert_keys(&document, &["id", "scalar", "iterates", "calls", "bits"], &[]);
        document
    };
    // exact: x1 is multiplied by 1 - 1 = 0 and x2 by 1 - 1/8 a step.
    let exact = trace(&["--exact", "--steps", "3"]);
    assert_eq!(exact["scalar"], "rational");
    assert_eq!(exact["iterates"], json!([["-3/8", "4"], ["0", "7/2"], ["0", "49/16"], ["0", "343/128"]]));
    assert_eq!(exact["calls"], 3);
    assert!(exact["bits"].as_u64().is_some_and(|b| b > 0));
    let float = trace(&["--steps", "3"]);
    assert_eq!((float["id"].as_str(), float["scalar"].as_str()), (Some("test/descent"), Some("f64")));
    assert_eq!(float["iterates"], json!([[-0.375, 4.0], [0.0, 3.5], [0.0, 3.0625], [0.0, 2.6796875]]));
    assert_eq!((&float["calls"], &float["bits"]), (&exact["calls"], &exact["bits"]));
    assert_eq!(trace(&[])["iterates"].as_array().map(Vec::len), Some(2), "the first cell's horizon is 1");

    // Replicates differ, and the same one comes again.
    let many = with(NOISY, "horizon = 1\n", "horizon = 64\n");
    std::fs::write(folder.path().join("claim.toml"), many).unwrap();
    assert_eq!(trace(&["--replicate", "3"]), trace(&["--replicate", "3"]));
    assert_ne!(trace(&["--replicate", "3"])["iterates"], trace(&["--replicate", "4"])["iterates"]);
    assert_ne!(trace(&["--seed", "3"])["iterates"], trace(&["--seed", "4"])["iterates"]);
}

#[test]
fn a_bound_is_evaluated_at_given_constants() {
    let folder = folder(DESCENT);
    let call = run(
        folder.path(),
        &["compute", "bound", "claim.toml", "--set", "L=1/2", "--set", "R=3", "--set", "T=9", "--json"],
    );
    assert_eq!(call.code, Some(0), "{call}");
    // exact: (1/2) 9/18
    assert_eq!(call.json(), json!({"value": 0.25, "exact": "1/4"}));
    let call = run(folder.path(), &["compute", "bound", "claim.toml", "--set", "L=1", "--bound", "printed"]);
    assert_eq!(call.code, Some(3), "{call}");
    assert!(call.stderr.contains("R, T") || call.stderr.contains("T, R"), "what is missing is named\n{call}");
}

#[test]
fn lists_and_pages_of_claims() {
    let here = tempfile::tempdir().unwrap();
    let call = run(here.path(), &["list", "--json"]);
    assert_eq!(call.code, Some(0), "{call}");
    let document = call.json();
    assert_keys(&document, &["claims", "parts"], &[]);
    let claims = document["claims"].as_array().unwrap();
    assert!(!claims.is_empty());
    let mut ids: Vec<&str> = claims.iter().filter_map(|c| c["id"].as_str()).collect();
    for claim in claims {
        assert_keys(claim, &["id", "title", "paper", "place"], &[]);
    }
    let unsorted = ids.clone();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(unsorted, ids, "sorted, each once");

    let call = run(here.path(), &["list", "--parts"]);
    for piece in ["problems", "quadratic", "algorithms", "signsgd", "hypotheses", "smooth-coordinate", "facts"] {
        assert!(call.stdout.contains(piece), "no {piece:?}\n{call}");
    }

    for id in small_claims() {
        let call = run(here.path(), &["show", &id]);
        assert_eq!(call.code, Some(0), "{call}");
        for piece in [id.as_str(), "left side", "bound ", "recorded: ", "no", "redo: signcheck verify"] {
            assert!(call.stdout.contains(piece), "no {piece:?}\n{call}");
        }
        let document = run(here.path(), &["show", &id, "--json"]).json();
        assert_eq!(document[0]["file"]["id"], id.as_str());
        assert!(document[0]["result"].is_null(), "nothing has run here");
    }
    let shown = run(folder(DESCENT).path(), &["show", "claim.toml"]);
    for piece in
        ["test/descent", "L*R^2/(2*T)", "last(f) - fstar", "convex, smooth, minimiser", "run `signcheck reproduce`"]
    {
        assert!(shown.stdout.contains(piece), "no {piece:?}\n{shown}");
    }
}

#[test]
fn every_claim_that_comes_with_the_program_is_well_formed_and_has_its_files_name() {
    let call = run(Path::new("."), &["check"]);
    assert_eq!(call.code, Some(0), "{call}");
    let all = signcheck::run::Catalog::all();
    assert!(call.stdout.contains(&format!("{} claim files", all.len())), "{call}");
    for claim in all {
        let tree: Value = toml::from_str(&claim.text).unwrap();
        let id = tree["id"].as_str().unwrap();
        assert_eq!(claim.file, format!("{}{id}.toml", signcheck::run::EMBEDDED));
        assert!(id.starts_with(&format!("{}/", tree["source"]["paper"].as_str().unwrap())), "{id} is of another paper");
    }
}

/// A check of the part of JSON Schema that claim files need. Returns the first violation.
fn violation(schema: &Value, value: &Value, path: &str) -> Option<String> {
    if let Some(options) = schema.get("oneOf").and_then(Value::as_array) {
        let fitting = options.iter().filter(|s| violation(s, value, path).is_none()).count();
        return (fitting != 1).then(|| format!("{path}: fits {fitting} of the alternatives"));
    }
    if schema.get("const").is_some_and(|c| c != value) {
        return Some(format!("{path}: not {}", schema["const"]));
    }
    if schema.get("enum").and_then(Value::as_array).is_some_and(|words| !words.contains(value)) {
        return Some(format!("{path}: {value} is none of {}", schema["enum"]));
    }
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => vec![name],
    };
    let whole_number_for_number = name == "integer" && types.contains(&"number");
    if !types.contains(&name) && !whole_number_for_number {
        return Some(format!("{path}: {name}, not {types:?}"));
    }
    match value {
        Value::Array(items) => {
            let length = items.len() as u64;
            let outside = schema["minItems"].as_u64().is_some_and(|n| length < n)
                || schema["maxItems"].as_u64().is_some_and(|n| length > n);
            if outside {
                return Some(format!("{path}: {length} items"));
            }
            let items_schema = schema.get("items")?;
            items.iter().enumerate().find_map(|(i, v)| violation(items_schema, v, &format!("{path}[{i}]")))
        }
        Value::Object(object) => {
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            if let Some(missing) = required.filter_map(Value::as_str).find(|k| !object.contains_key(*k)) {
                return Some(format!("{path}: no '{missing}'"));
            }
            object.iter().find_map(|(key, v)| {
                let path = format!("{path}.{key}");
                match (schema.get("properties").and_then(|p| p.get(key)), schema.get("additionalProperties")) {
                    (Some(inner), _) => violation(inner, v, &path),
                    (None, Some(Value::Bool(false))) => Some(format!("{path}: unknown key")),
                    (None, Some(inner @ Value::Object(_))) => violation(inner, v, &path),
                    _ => None,
                }
            })
        }
        _ => None,
    }
}

#[test]
fn the_schema_accepts_claim_files_and_refuses_slips() {
    let call = run(Path::new("."), &["schema"]);
    assert_eq!(call.code, Some(0), "{call}");
    let schema = call.json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["required"], json!(["schema", "id", "title", "source", "statement"]));
    for key in [
        "schema",
        "id",
        "title",
        "source",
        "statement",
        "relation",
        "left",
        "hypotheses",
        "margin",
        "trivial",
        "units",
        "parameters",
        "problem",
        "oracle",
        "algorithm",
        "semantics",
        "run",
        "bound",
        "control",
        "figure",
    ] {
        assert!(schema["properties"][key]["description"].is_string(), "no key '{key}'");
    }
    let check = |text: &str| violation(&schema, &toml::from_str::<Value>(text).unwrap(), "claim");
    assert_eq!(check(DESCENT), None);
    assert_eq!(check(NOISY), None);
    for claim in signcheck::run::Catalog::all() {
        assert_eq!(check(&claim.text), None, "{}", claim.file);
    }
    for (old, new) in [
        ("hypotheses =", "hypothesis ="),
        ("relation = \"upper\"", "relation = \"uper\""),
        ("title = \"Gradient descent on a quadratic\"\n", ""),
        ("name = \"sgd\"", "name = \"sgdd\""),
        ("curvature =", "curvatur ="),
        ("left = \"last(f) - fstar\"", "left = true"),
        ("kind = \"left-against-bound\"", "kind = \"pie\""),
        ("horizon = \"T\"", "horizon = \"T\"\nwindow = [1]"),
    ] {
        assert!(check(&with(DESCENT, old, new)).is_some(), "the schema lets {new:?} pass");
    }
}

#[test]
fn a_new_claim_file_verifies_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let call = run(folder.path(), &["new", "my-paper/theorem-1"]);
    assert_eq!(call.code, Some(0), "{call}");
    assert!(call.stdout.contains("theorem-1.toml"), "{call}");
    assert_eq!(run(folder.path(), &["check", "theorem-1.toml"]).code, Some(0));
    let call = run(folder.path(), &["verify", "theorem-1.toml", "--json"]);
    assert_eq!(call.code, Some(0), "{call}");
    let verdict = &call.json()[0];
    assert_eq!((&verdict["id"], &verdict["outcome"]), (&json!("my-paper/theorem-1"), &json!("holds")));
    assert_eq!(verdict["controls"], json!({"planted": 1, "caught": 1}));
    let printed = run(folder.path(), &["new", "my-paper/theorem-1", "--out", "-"]);
    assert_eq!(printed.stdout.as_bytes(), std::fs::read(folder.path().join("theorem-1.toml")).unwrap());
}

#[test]
fn every_command_has_help_with_an_example() {
    let here = Path::new(".");
    let help = run(here, &["--help"]);
    assert_eq!(help.code, Some(0), "{help}");
    let commands: Vec<&str> = help
        .stdout
        .lines()
        .skip_while(|l| *l != "Commands:")
        .skip(1)
        .take_while(|l| !l.is_empty())
        .filter_map(|l| l.split_whitespace().next())
        .filter(|c| *c != "help")
        .collect();
    for command in [
        "reproduce",
        "verify",
        "trace",
        "compute",
        "figure",
        "report",
        "export",
        "new",
        "list",
        "show",
        "check",
        "schema",
        "completions",
    ] {
        assert!(commands.contains(&command), "no command '{command}' in {commands:?}");
    }
    for command in commands {
        let call = run(here, &[command, "--help"]);
        assert_eq!((call.code, call.stderr.as_str()), (Some(0), ""), "{call}");
        assert!(call.stdout.contains("Example") && call.stdout.contains(&format!("signcheck {command}")), "{call}");
    }
    assert_eq!(run(here, &["--version"]).stdout, format!("signcheck {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let call = run(Path::new("."), &["completions", shell]);
        assert_eq!(call.code, Some(0), "{call}");
        assert!(call.stdout.contains("reproduce") && call.stdout.contains("profile"), "{shell}\n{call}");
    }
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    use std::io::Read;
    for arguments in [&["schema"][..], &["completions", "bash"], &["list", "--parts"]] {
        let mut child = program(Path::new("."), arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let status = child.wait().unwrap();
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        assert_eq!(status.code(), Some(0), "{arguments:?}: {said}");
    }
}

#[test]
fn reproduce_writes_results_figures_ledger_and_page() {
    let folder = tempfile::tempdir().unwrap();
    let ids = small_claims();
    let arguments: Vec<&str> = ["reproduce"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    let planned = run(folder.path(), &[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(planned.code, Some(0), "{planned}");
    assert!(ids.iter().all(|id| planned.stdout.contains(id)) && planned.stdout.contains("replicates"), "{planned}");
    assert!(files(folder.path()).is_empty(), "a dry run writes nothing");

    let call = run(folder.path(), &arguments);
    assert!(matches!(call.code, Some(0..=2)), "{call}");
    assert!(call.stdout.contains("controls caught") && call.stdout.contains("report.html"), "{call}");
    let written = files(folder.path());
    for id in &ids {
        let result: Value = serde_json::from_slice(&written[&format!("results/{id}.json")]).unwrap();
        assert_eq!(result["id"], id.as_str());
        assert_eq!(result["provenance"]["profile"], "quick");
        for figure in result["figures"].as_array().unwrap() {
            let (paper, name) = (id.split('/').next().unwrap(), figure["name"].as_str().unwrap());
            let svg = &written[&format!("figures/{paper}/{name}.svg")];
            assert!(svg.starts_with(b"<svg ") && svg.trim_ascii_end().ends_with(b"</svg>"), "{name}");
            assert!(written[&format!("figures/{paper}/{name}.png")].starts_with(b"\x89PNG\r\n\x1a\n"), "{name}");
        }
    }
    let ledger: Value = serde_json::from_slice(&written["results/ledger.json"]).unwrap();
    assert_keys(&ledger, &["schema_version", "level", "claims"], &[]);
    assert!(ledger["schema_version"].is_u64() && ledger["level"].is_number());
    let claims = ledger["claims"].as_array().unwrap();
    assert!(!claims.is_empty());
    claims.iter().for_each(assert_verdict);
    let page = String::from_utf8(written["results/report.html"].clone()).unwrap();
    assert!(ids.iter().all(|id| page.contains(id.as_str())), "the page names every claim");
    assert!(!page.contains("src=\"http") && !page.contains("<link"), "the page needs nothing from elsewhere");

    // The same as JSON, from what is done already.
    let again = run(folder.path(), &[&arguments[..], &["--json"]].concat());
    assert_eq!(again.json(), ledger);
    assert_eq!(again.code, call.code);

    // What is recorded can be shown, exported and redone.
    let shown = run(folder.path(), &["show", &ids[0]]);
    assert!(shown.stdout.contains("last verdict: ") && !shown.stdout.contains("none here"), "{shown}");
    let redone = run(folder.path(), &["verify", "--from", &format!("results/{}.json", ids[0])]);
    assert_eq!(redone.code, Some(0), "{redone}");
    assert!(redone.stdout.contains("identical to the record"), "{redone}");
    let export = |format: &str| {
        let call = run(folder.path(), &["export", "--format", format]);
        assert_eq!(call.code, Some(0), "{call}");
        call.stdout
    };
    assert!(export("csv").starts_with("figure,panel,layer,label,x,y,low,high\n"));
    assert!(export("csv").lines().count() > 10);
    assert!(export("markdown").starts_with("| claim | bound |"));
    assert!(export("latex").contains("\\begin{longtable}"));
    assert_eq!(serde_json::from_str::<Value>(&export("json")).unwrap(), ledger);

    // Figures and page come from results alone, and are the same bytes again.
    std::fs::remove_dir_all(folder.path().join("figures")).unwrap();
    std::fs::remove_file(folder.path().join("results/report.html")).unwrap();
    assert_eq!(run(folder.path(), &["figure"]).code, Some(0));
    assert_eq!(run(folder.path(), &["report"]).code, Some(0));
    let redrawn = files(folder.path());
    assert_eq!(redrawn.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>());
    for (name, bytes) in &written {
        assert!(redrawn[name] == *bytes, "{name} was not redrawn with the same bytes");
    }
}

#[test]
fn a_record_that_was_edited_is_told_from_what_is_redone() {
    let folder = tempfile::tempdir().unwrap();
    let id = &small_claims()[0];
    run(folder.path(), &["reproduce", id]);
    let path = folder.path().join(format!("results/{id}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut result: Value = serde_json::from_str(&text).unwrap();
    result["bounds"][0]["ratio"] = json!(123.0);
    std::fs::write(&path, result.to_string()).unwrap();
    let call = run(folder.path(), &["verify", "--from", path.to_str().unwrap()]);
    assert_eq!(call.code, Some(1), "{call}");
    assert!(call.stdout.contains("differs from the record"), "{call}");
}
