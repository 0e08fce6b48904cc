//! The falsifier as users meet it: planted mistakes are found from the family alone, true bounds survive.

mod common;

use common::{DESCENT, run, with};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Instances for each claim of the corpus, and for those that take longer: a range of four numbers must come together.
const EVALUATIONS: [&str; 2] = ["2000", "12000"];

fn corpus(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(kind);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

fn search(file: &Path, folder: &Path, more: &[&str]) -> common::Call {
    let mut arguments = vec!["falsify", file.to_str().unwrap(), "--json", "--out", "."];
    arguments.extend(more);
    run(folder, &arguments)
}

fn outcome(call: &common::Call) -> Value {
    call.json()[0]["outcome"].clone()
}

#[test]
fn planted_mistakes_are_found_and_their_certificates_replay() {
    let folder = tempfile::tempdir().unwrap();
    let mut missed = Vec::new();
    let files = corpus("false");
    assert!(files.len() >= 20);
    for file in &files {
        let mut call = search(file, folder.path(), &["--evaluations", EVALUATIONS[0]]);
        if outcome(&call) != "violated" {
            call = search(file, folder.path(), &["--evaluations", EVALUATIONS[1]]);
        }
        if outcome(&call) != "violated" {
            missed.push(file.file_stem().unwrap().to_string_lossy().into_owned());
            continue;
        }
        assert_eq!(call.code, Some(1), "{call}");
        let certificate = call.json()[0]["certificate"].as_str().unwrap().to_string();
        let replayed = run(folder.path(), &["replay", &certificate]);
        assert_eq!(replayed.code, Some(0), "{}: {replayed}", file.display());
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}

#[test]
fn true_bounds_survive() {
    let folder = tempfile::tempdir().unwrap();
    let files = corpus("true");
    assert!(files.len() >= 20);
    for file in &files {
        let call = search(file, folder.path(), &["--evaluations", "400"]);
        assert_eq!((call.code, outcome(&call)), (Some(0), "none-found".into()), "{}: {call}", file.display());
    }
}

#[test]
fn with_a_number_of_evaluations_the_outcome_is_the_same_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let file = &corpus("false")[0];
    let record = |threads: &str, seed: &str| {
        let call = search(file, folder.path(), &["--evaluations", "600", "--threads", threads, "--seed", seed]);
        let mut record = call.json()[0].clone();
        record["seconds_to_first"] = Value::Null;
        record
    };
    assert_eq!(record("1", "1"), record("2", "1"));
    assert_ne!(record("1", "1")["instance"], record("1", "2")["instance"]);
}

#[test]
fn the_shrunk_instance_is_minimal_explained_and_a_claim_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = with(DESCENT, "right = \"L*R^2/(2*T)\"", "right = \"L*R^2/(40*T)\"");
    std::fs::write(folder.path().join("claim.toml"), text).unwrap();
    let call = run(
        folder.path(),
        &["falsify", "claim.toml", "--evaluations", "800", "--out", "c.json", "--claim", "small.toml"],
    );
    assert_eq!(call.code, Some(1), "{call}");
    assert!(call.stdout.contains("VIOLATED") && call.stdout.contains("left   last(f) - fstar"), "{call}");
    let small = run(folder.path(), &["verify", "small.toml", "--json"]);
    let verdict = &small.json()[0];
    assert_eq!(
        (verdict["outcome"].as_str(), verdict["evidence"].as_str()),
        (Some("violated"), Some("exact")),
        "{small}"
    );
    assert_eq!(run(folder.path(), &["replay", "c.json"]).code, Some(0));
}

#[test]
fn the_boundary_is_enclosed() {
    // exact: one step of GD with step alpha on x^2/2 from 1 leaves (1 - alpha)^2/2, which exceeds 1/8 where alpha < 1/2 (or
    // alpha > 3/2, outside the range).
    let text = with(DESCENT, "T = [1, 4]", "T = 1\nalpha = [\"1/4\", \"3/4\"]");
    let text = with(&text, "step_size = \"1/L\"", "step_size = \"alpha\"");
    let text = with(&text, "right = \"L*R^2/(2*T)\"", "right = \"L*R^2/8*T\"");
    let text = with(&text, "curvature = [1, \"1/8\"]\nstart = [3, 4]", "curvature = [1]\nstart = [1]");
    let text =
        text + "\n[family]\nparameters = { alpha = [\"1/100\", 1] }\nproblems = []\nnoise = []\nconventions = []\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), text).unwrap();
    let call = run(
        folder.path(),
        &["falsify", "claim.toml", "--evaluations", "300", "--json", "--out", "c.json", "--boundary", "alpha"],
    );
    let boundary = &call.json()[0]["boundary"];
    let number = |key: &str| -> f64 {
        let text = boundary[key].as_str().unwrap_or_else(|| panic!("{call}"));
        let (n, d) = text.split_once('/').unwrap_or((text, "1"));
        n.parse::<f64>().unwrap() / d.parse::<f64>().unwrap()
    };
    assert!(number("low") <= 0.5 && 0.5 <= number("high") && number("high") - number("low") < 1e-9, "{call}");
    assert_eq!(boundary["holds"], "above");
    let wrong = run(folder.path(), &["falsify", "claim.toml", "--evaluations", "64", "--boundary", "alfa"]);
    assert!(wrong.code == Some(3) && wrong.stderr.contains("alpha"), "{wrong}");
}

#[test]
fn an_empty_family_and_contradicting_hypotheses_get_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let put = |text: &str| std::fs::write(folder.path().join("claim.toml"), text).unwrap();
    // Contradicting: no L is both below 1 and above 2.
    put(&with(DESCENT, "hypotheses = [", "requires = [\"L < 1\", \"L > 2\"]\nhypotheses = ["));
    let call = run(folder.path(), &["falsify", "claim.toml", "--evaluations", "200"]);
    assert_eq!(call.code, Some(2), "{call}");
    assert!(call.stdout.contains("none of 200 instances") && call.stdout.contains("L < 1"), "{call}");
    // A left side that has no value anywhere: the logarithm of a negative number.
    put(&with(DESCENT, "left = \"last(f) - fstar\"", "left = \"ln(0 - 1 - last(f))\""));
    let call = run(folder.path(), &["falsify", "claim.toml", "--evaluations", "100"]);
    assert_eq!(call.code, Some(2), "{call}");
    // Nothing varies: one instance, and the answer is that of verify.
    let fixed = with(DESCENT, "hypotheses = [\"convex\", \"smooth\", \"minimiser\"]\n", "");
    put(&with(&fixed, "T = [1, 4]", "T = 1"));
    let call = run(folder.path(), &["falsify", "claim.toml", "--evaluations", "100"]);
    assert!(call.code == Some(0) && call.stdout.contains("1 of 1 instances"), "{call}");
    // Words that the file does not know.
    put(&(DESCENT.to_string() + "\n[family]\nproblems = [\"quadratik\"]\n"));
    let call = run(folder.path(), &["falsify", "claim.toml", "--evaluations", "100"]);
    assert!(call.code == Some(3) && call.stderr.contains("did you mean 'quadratic'"), "{call}");
}
