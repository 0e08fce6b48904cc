//! Every result says how it came about, can be redone from its record, and says what changed when it is made anew.

mod common;

use common::{DESCENT, NOISY, run, with};
use serde_json::Value;
use std::path::Path;

/// A folder with a claim file, reproduced once.
fn reproduced(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), text).unwrap();
    let call = run(folder.path(), &["reproduce", "claim.toml"]);
    assert!(matches!(call.code, Some(0..=2)), "{call}");
    assert!(!call.stdout.contains("changed against"), "nothing stood there before\n{call}");
    folder
}

fn result(folder: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(format!("results/test/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_result_names_everything_that_it_rests_on() {
    for (text, name, evidence) in [(DESCENT, "descent", "exact"), (NOISY, "noisy", "finite-sample")] {
        let folder = reproduced(text);
        let result = result(folder.path(), name);
        let provenance = &result["provenance"];
        assert_eq!(provenance["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(provenance["spec_hash"].as_str().map(str::len), Some(64));
        assert_eq!((&provenance["seed"], &provenance["profile"]), (&1.into(), &"quick".into()));
        assert!(provenance["generator"].as_str().unwrap().contains("xoshiro"));
        assert_eq!(provenance["evidence"], serde_json::json!([evidence]));
        assert!(provenance["budget"]["replicates"].as_u64().unwrap() >= 1, "{provenance}");
        assert!(provenance["budget"]["memory"].is_null() && provenance["budget"]["seconds"].is_null());
        assert_eq!(provenance["claim"], text, "a file of one's own is part of the record");
        assert_eq!(result["digest"].as_str().map(str::len), Some(64));
    }
}

#[test]
fn a_claim_of_ones_own_is_redone_from_its_record_alone() {
    let folder = reproduced(NOISY);
    std::fs::remove_file(folder.path().join("claim.toml")).unwrap();
    let record = "results/test/noisy.json";
    // Options that the record overrides do not matter.
    let call = run(folder.path(), &["verify", "--from", record, "--seed", "9", "--profile", "full"]);
    assert_eq!(call.code, Some(0), "{call}");
    assert!(call.stdout.contains("redone: identical to the record"), "{call}");
    let call = run(folder.path(), &["verify", "--from", record, "--json"]);
    assert!(call.json().is_array() && call.stderr.contains("identical"), "{call}");

    // An edited record is redone, and recognised by the difference of the results.
    let path = folder.path().join(record);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, with(&text, "\"seed\": 1", "\"seed\": 2")).unwrap();
    let call = run(folder.path(), &["verify", "--from", record]);
    assert_eq!(call.code, Some(1), "{call}");
    assert!(call.stdout.contains("was cut or edited") && call.stdout.contains("test/noisy [loose]"), "{call}");

    // Without its claim file there is nothing to redo.
    let mut record: Value = serde_json::from_str(&text).unwrap();
    record["provenance"].as_object_mut().unwrap().remove("claim");
    std::fs::write(&path, record.to_string()).unwrap();
    let call = run(folder.path(), &["verify", "--from", "results/test/noisy.json"]);
    assert_eq!(call.code, Some(3), "{call}");
    assert!(call.stderr.contains("test/noisy holds no claim file"), "{call}");
}

#[test]
fn a_record_that_names_parts_of_another_crate_is_refused_with_their_name() {
    let folder = reproduced(NOISY);
    let path = folder.path().join("results/test/noisy.json");
    let mut record: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    record["provenance"]["claim"] = with(NOISY, "\"signsgd\"", "\"clipped-sgd\"").into();
    std::fs::write(&path, record.to_string()).unwrap();
    let call = run(folder.path(), &["verify", "--from", "results/test/noisy.json"]);
    assert_eq!(call.code, Some(3), "{call}");
    assert!(call.stderr.contains("unknown algorithm 'clipped-sgd'") && call.stderr.contains("the record of"), "{call}");
}

#[test]
fn a_new_result_says_what_it_changes_and_why() {
    let folder = reproduced(NOISY);
    let again = |more: &[&str]| run(folder.path(), &[&["reproduce", "claim.toml"], more].concat());
    assert!(!again(&["--fresh"]).stdout.contains("changed against"), "the same numbers are no change");

    let call = again(&["--seed", "2"]);
    assert!(call.stdout.contains("changed against the results that stood here"), "{call}");
    assert!(call.stdout.contains("test/noisy [loose]: holds") && call.stdout.contains("(seed 1 -> 2)"), "{call}");
    let call = again(&["--seed", "3", "--json"]);
    assert!(call.json().is_object(), "standard output is one JSON document\n{call}");
    assert!(call.stderr.contains("(seed 2 -> 3)"), "{call}");

    std::fs::write(folder.path().join("claim.toml"), with(NOISY, "right = \"1/2\"", "right = \"-1/4\"")).unwrap();
    let call = again(&["--seed", "3"]);
    assert!(call.stdout.contains("[loose]: holds") && call.stdout.contains("-> violated"), "{call}");
    assert!(call.stdout.contains("(the claim file changed)"), "{call}");

    // A result of another version, as its program would have sealed it.
    let path = folder.path().join("results/test/noisy.json");
    let mut old = signcheck::results::read_result(&path).unwrap();
    old.provenance.version = "0.0.9".into();
    old.bounds[0].left.estimate = Some(0.125);
    signcheck::results::write_result(&path, &old).unwrap();
    let call = again(&["--seed", "3"]);
    assert!(call.stdout.contains("(version 0.0.9 -> ") && call.stdout.contains("1.250e-1"), "{call}");
    // And one of the same version and seed by other code.
    old.provenance.version = env!("CARGO_PKG_VERSION").into();
    signcheck::results::write_result(&path, &old).unwrap();
    assert!(again(&["--seed", "3"]).stdout.contains("(the program's code: "), "what else it can be");
}
