//! Whatever is wrong, the program says so once, on standard error, with exit code 3, and leaves nothing behind.

mod common;

use common::{Call, DESCENT, files, run, run_with_input, with};
use std::path::Path;

/// Holds what every error has in common, and that its message contains every piece of `says`.
#[track_caller]
fn assert_error(call: &Call, says: &[&str]) {
    assert_eq!(call.code, Some(3), "{call}");
    assert_eq!(call.stdout, "", "an error prints nothing on stdout\n{call}");
    for word in ["panicked", "RUST_BACKTRACE", "unwrap", "stack overflow"] {
        assert!(!call.stderr.contains(word), "'{word}' is no message for a user\n{call}");
    }
    assert!(call.stderr.starts_with("error"), "{call}");
    assert!(!call.stderr.contains('\u{1b}'), "colours only on a terminal\n{call}");
    for piece in says {
        assert!(call.stderr.contains(piece), "the message does not say {piece:?}\n{call}");
    }
}

/// Puts a claim file to `verify`, `check` and `trace`: the same error each time, and the folder stays as it was.
#[track_caller]
fn refused(text: &str, says: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), text).unwrap();
    let before = files(folder.path());
    for arguments in [&["verify", "claim.toml", "--json"][..], &["check", "claim.toml"], &["trace", "claim.toml"]] {
        let call = run(folder.path(), arguments);
        assert_error(&call, says);
        let said = call.stderr.matches("error: ").count();
        assert_eq!(said, 1, "one error, said once ({arguments:?})\n{call}");
    }
    assert_eq!(files(folder.path()), before, "something was written");
}

#[test]
fn a_misspelt_key_is_answered_with_the_nearest() {
    let text = with(DESCENT, "hypotheses =", "hypothesis =");
    refused(&text, &["claim.toml:8", "unknown key 'hypothesis' in the file", "did you mean 'hypotheses'?"]);
    let text = with(DESCENT, "curvature =", "curvatur =");
    // The required key is then missing too: two errors, both reported.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), text).unwrap();
    let call = run(folder.path(), &["check", "claim.toml"]);
    let says = ["claim.toml:15", "problem 'quadratic' has no parameter 'curvatur'", "did you mean 'curvature'?"];
    assert_error(&call, &says);
    assert!(call.stderr.contains("problem 'quadratic' has no 'curvature'"), "{call}");
}

#[test]
fn a_missing_problem_is_named() {
    let from = DESCENT.find("[problem]").unwrap();
    let to = DESCENT.find("[oracle]").unwrap();
    let text = format!("{}{}", &DESCENT[..from], &DESCENT[to..]);
    refused(&text, &["the file has no [problem] (or [quantity])", "signcheck list"]);
}

#[test]
fn a_missing_required_key_is_named_with_its_meaning() {
    refused(
        &with(DESCENT, "title = \"Gradient descent on a quadratic\"\n", ""),
        &["the file has no 'title'", "few words"],
    );
    refused(&with(DESCENT, "horizon = \"T\"\n", ""), &["[run] has no 'horizon'", "Number of steps"]);
}

#[test]
fn a_negative_scale_is_refused_where_it_stands() {
    let noisy =
        |scale: &str| with(DESCENT, "noise = \"none\"", &format!("noise = {{ law = \"gaussian\", scale = {scale} }}"));
    refused(&noisy("-1"), &["claim.toml:19", "'scale'", "-1"]);
    refused(&with(DESCENT, "[1, \"1/8\"]", "[1, -2]"), &["claim.toml:15", "'curvature' must be 0 or more"]);
}

#[test]
fn an_unknown_constant_in_a_bound_is_answered_with_the_nearest() {
    refused(&with(DESCENT, "\"L*R^2/(2*T)\"", "\"Lmx*R^2/(2*T)\""), &["claim.toml:30", "'right'", "Lmx", "Lmax"]);
    refused(
        &with(DESCENT, "\"last(f) - fstar\"", "\"last(gradl1)\""),
        &["claim.toml:7", "'left'", "gradl1", "grad_l1"],
    );
}

#[test]
fn a_libsvm_file_that_was_cut_is_refused_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data.svm");
    std::fs::write(&data, "+1 1:0.5 2:1\n-1 1:1 2:").unwrap();
    let problem = format!("name = \"logistic\"\nfile = '{}'", data.display());
    let text = with(&with(DESCENT, "name = \"quadratic\"", &problem), "curvature = [1, \"1/8\"]\n", "");
    let claim = folder.path().join("claim.toml");
    std::fs::write(&claim, text).unwrap();
    let before = files(folder.path());
    let call = run(folder.path(), &["verify", "claim.toml"]);
    assert_error(&call, &["claim.toml:15", "data.svm:2:8", "`2:`", "expected"]);
    assert_eq!(files(folder.path()), before, "a cache of a broken file was written");

    std::fs::remove_file(&data).unwrap();
    assert_error(&run(folder.path(), &["verify", "claim.toml"]), &["claim.toml:15", "data.svm"]);
}

#[test]
fn an_output_folder_that_cannot_be_written_stops_the_run_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "kept").unwrap();
    let before = files(folder.path());
    for arguments in [
        &["reproduce", "karimireddy2019/counterexample-2", "--out", "file/x"][..],
        &["figure", "--out", "file/x"],
        &["report", "--out", "file/x"],
        &["export", "--format", "csv", "--out", "file/x"],
    ] {
        assert_error(&run(folder.path(), arguments), &["file/x"]);
    }
    assert_error(&run(folder.path(), &["new", "a/b", "--out", "file/x.toml"]), &["file"]);
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_folder_without_results_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["figure"][..], &["report"], &["export", "--format", "markdown"]] {
        assert_error(&run(folder.path(), arguments), &["results", "signcheck reproduce"]);
    }
    assert!(files(folder.path()).is_empty());
}

#[test]
fn numbers_outside_their_range_are_refused() {
    let run_section = |text: &str| with(DESCENT, "horizon = \"T\"", text);
    refused(&run_section("horizon = \"T\"\nreplicates = 0"), &["claim.toml:27", "'replicates' is 0", "at least 1"]);
    refused(&run_section("horizon = \"T\"\nreplicates = -3"), &["claim.toml:27", "'replicates' is -3", "whole number"]);
    refused(&run_section("horizon = 0"), &["claim.toml:26", "'horizon' is 0"]);
    refused(&run_section("horizon = \"3/2\""), &["claim.toml:26", "'horizon' is 3/2", "whole number"]);
    refused(&run_section("horizon = \"T\"\nwindow = [3, 1]"), &["claim.toml:27", "window"]);
    refused(&with(DESCENT, "start = [3, 4]", "start = [3, 4, 5]"), &["claim.toml:16", "3 entries", "2 coordinates"]);
    refused(&with(DESCENT, "noise = \"none\"", "noise = \"none\"\nworkers = 0"), &["claim.toml:20", "'workers' is 0"]);
    refused(&with(DESCENT, "schema = 1", "schema = 2"), &["claim.toml:1", "schema 2", "schema = 1"]);
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    refused(
        &with(DESCENT, "\"sgd\"", "\"sgdd\""),
        &["claim.toml:22", "unknown algorithm 'sgdd'", "did you mean 'sgd'?"],
    );
    refused(&with(DESCENT, "\"quadratic\"", "\"quadratc\""), &["claim.toml:14", "unknown problem", "'quadratic'?"]);
    refused(&with(DESCENT, "\"none\"", "\"gausian\""), &["claim.toml:19", "unknown noise law", "'gaussian'?"]);
    refused(&with(DESCENT, "\"convex\"", "\"convx\""), &["claim.toml:8", "unknown hypothesis 'convx'", "'convex'?"]);
    refused(&with(DESCENT, "\"upper\"", "\"uper\""), &["claim.toml:6", "'relation' is 'uper'", "'upper'?"]);
    refused(&with(DESCENT, "bound = \"printed\"", "bound = \"printd\""), &["no bound 'printd'", "'printed'?"]);
    refused(&with(DESCENT, "\"sgd\"", "\"zzzzzzzzzzzz\""), &["accepted: ", "signsgd", "median-sgd"]);
}

#[test]
fn parameters_that_depend_on_each_other_are_refused() {
    let text = with(DESCENT, "T = [1, 4]", "T = \"A + 1\"\nA = \"B\"\nB = \"T/2\"");
    refused(&text, &["claim.toml:12", "a definition depends on itself", "A -> B -> T -> A"]);
    refused(&with(DESCENT, "T = [1, 4]", "T = \"T\""), &["claim.toml:11", "a definition depends on itself"]);
}

#[test]
fn hostile_expressions_end_in_a_message() {
    let right = |text: &str| with(DESCENT, "\"L*R^2/(2*T)\"", &format!("\"{text}\""));
    refused(&right(&format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000))), &["claim.toml:30", "bytes"]);
    refused(&right(&format!("{}1{}", "(".repeat(900), ")".repeat(900))), &["claim.toml:30", "'right'"]);
    refused(&right(&"-".repeat(1000)), &["claim.toml:30", "'right'"]);
    refused(&with(DESCENT, "T = [1, 4]", "T = [1, 4]\nA = \"9^9^9^9\""), &["claim.toml:12", "'A'"]);
    refused(&with(DESCENT, "horizon = \"T\"", "horizon = \"9^9^9^9\""), &["claim.toml:26"]);
    refused(&with(DESCENT, "T = [1, 4]", "T = \"1/0\""), &["claim.toml:11", "'T'", "zero"]);
}

#[test]
fn a_right_side_past_every_double_is_no_number_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let text = with(DESCENT, "\"L*R^2/(2*T)\"", "\"9^9^9^9\"");
    std::fs::write(folder.path().join("claim.toml"), text).unwrap();
    let call = run(folder.path(), &["verify", "claim.toml", "--json"]);
    // The enclosure starts at the largest double, which the left side does not reach.
    assert_eq!(call.code, Some(0), "{call}");
    let verdict = &call.json()[0];
    assert_eq!(verdict["outcome"], "holds", "{call}");
    assert!(verdict["right"]["value"].is_null() && verdict["right"]["why"].is_string(), "{call}");
}

#[test]
fn hostile_toml_ends_in_a_message() {
    let deep = format!("T = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), with(DESCENT, "T = [1, 4]", &deep)).unwrap();
    assert_error(&run(folder.path(), &["check", "claim.toml"]), &["claim.toml:11", "not TOML"]);

    for value in ["inf", "-inf", "nan"] {
        refused(&with(DESCENT, "[1, 4]", value), &["claim.toml:11", value, "not a finite number"]);
    }
    refused(&with(DESCENT, "[1, 4]", "1e999999999"), &["claim.toml:11"]);
    refused(&with(DESCENT, "[1, 4]", "1979-05-27"), &["claim.toml:11", "date"]);
    let long = format!("{DESCENT}#{}", "x".repeat(1 << 20));
    refused(&long, &["claim.toml", "bytes; at most 1048576"]);
}

#[test]
fn every_error_of_a_file_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str, says: &[&str]| {
        std::fs::write(folder.path().join("claim.toml"), text).unwrap();
        let call = run(folder.path(), &["check", "claim.toml"]);
        assert_error(&call, says);
        assert_eq!(call.stderr.matches("error: ").count(), says.len(), "{call}");
    };
    check("a = \nb = ]\n[[[\n", &["claim.toml:1", "claim.toml:2", "claim.toml:3"]);
    let text = with(&with(DESCENT, "\"sgd\"", "\"sgdd\""), "\"convex\"", "\"convx\"");
    check(&with(&text, "x = \"T\"", "z = \"T\""), &["'sgdd'", "'convx'", "unknown key 'z' in [figure]"]);

    // Errors of several files come together.
    std::fs::write(folder.path().join("one.toml"), with(DESCENT, "\"sgd\"", "\"sgdd\"")).unwrap();
    std::fs::write(folder.path().join("two.toml"), with(DESCENT, "\"convex\"", "\"convx\"")).unwrap();
    let call = run(folder.path(), &["check", "one.toml", "two.toml"]);
    assert_error(&call, &["one.toml:22", "two.toml:8"]);
}

#[test]
fn unknown_claims_are_answered_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let near = "karimireddy2019/counterexmple-2";
    for arguments in [&["verify", near][..], &["show", near], &["trace", near], &["reproduce", near], &["check", near]]
    {
        let says =
            ["no claim matches 'karimireddy2019/counterexmple-2'", "did you mean 'karimireddy2019/counterexample-2'?"];
        assert_error(&run(folder.path(), arguments), &says);
    }
    assert_error(&run(folder.path(), &["verify", "nothing-like-it/*"]), &["no claim matches 'nothing-like-it/*'"]);
    assert_error(&run(folder.path(), &["verify", "absent.toml"]), &["absent.toml"]);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), DESCENT).unwrap();
    let verify = |set: &str| run(folder.path(), &["verify", "claim.toml", "--set", set]);
    assert_error(&verify("TT=3"), &["--set TT", "no parameter 'TT'", "'T'"]);
    assert_error(&verify("T"), &["NAME=VALUE"]);
    assert_error(&verify("T=x+"), &["T"]);
    assert_error(&verify("T=three"), &["three"]);
    assert_error(&verify("T="), &["T"]);
    assert_error(&verify("T=-1"), &["'horizon' is -1"]);
}

#[test]
fn files_that_are_no_text_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(5000).collect();
    std::fs::write(folder.path().join("binary.toml"), &bytes).unwrap();
    std::fs::write(folder.path().join("empty.toml"), "").unwrap();
    for command in ["verify", "check", "trace", "show"] {
        assert_error(&run(folder.path(), &[command, "binary.toml"]), &["binary.toml", "UTF-8"]);
        assert_error(&run(folder.path(), &[command, "empty.toml"]), &["empty.toml", "the file has no 'schema'"]);
    }
    assert_error(&run_with_input(folder.path(), &["verify", "-"], &bytes), &["standard input", "UTF-8"]);
    assert_error(&run_with_input(folder.path(), &["verify", "-"], b"id = 3"), &["standard input:1", "'id'"]);
    std::fs::write(folder.path().join("zero.toml"), "schema = 1\0\n").unwrap();
    assert_error(&run(folder.path(), &["check", "zero.toml"]), &["zero.toml:1"]);
}

#[test]
fn damaged_results_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let paper = folder.path().join("results/test");
    std::fs::create_dir_all(&paper).unwrap();
    for (text, says) in [("{\"schema_version\": 1", "not a result file"), ("", "not a result file")] {
        std::fs::write(paper.join("descent.json"), text).unwrap();
        for arguments in [&["figure"][..], &["report"], &["export", "--format", "csv"]] {
            assert_error(&run(folder.path(), arguments), &["descent.json", says]);
        }
        assert_error(&run(folder.path(), &["verify", "--from", "results/test/descent.json"]), &["descent.json", says]);
    }
    assert_error(&run(folder.path(), &["verify", "--from", "absent.json"]), &["absent.json"]);
}

#[test]
fn wrong_usage_is_refused() {
    let here = Path::new(".");
    let claim = "karimireddy2019/counterexample-2";
    assert_error(&run(here, &["verify", claim, "--threads", "0"]), &["--threads 0", "at least one"]);
    assert_error(&run(here, &["verify", claim, "--threads", "-1"]), &["'-1'", "Usage: signcheck verify"]);
    assert_error(&run(here, &["verify", claim, "--threads", "x"]), &["--threads"]);
    assert_error(&run(here, &["verify", claim, "--seed", "x"]), &["--seed"]);
    assert_error(&run(here, &["verify", claim, "--level", "2"]), &["--level", "between 0 and 1"]);
    assert_error(&run(here, &["verify", claim, "--profile", "slow"]), &["--profile", "quick or full"]);
    assert_error(&run(here, &["verify"]), &["required"]);
    assert_error(&run(here, &["verfy", claim]), &["verfy", "verify"]);
    assert_error(&run(here, &["trace", claim, "--steps", "0"]), &["--steps 0", "at least one"]);
    assert_error(&run(here, &["export", "--format", "word"]), &["word", "markdown"]);
    assert_error(&run(here, &["completions", "tcl"]), &["tcl", "bash"]);
    assert_error(&run(here, &["new", "no-slash"]), &["'no-slash'", "<paper>/<claim>"]);
    assert_error(&run(here, &["verify", claim, "--nonsense"]), &["--nonsense"]);
}

#[test]
fn no_file_is_overwritten_by_new() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b.toml"), "mine").unwrap();
    assert_error(&run(folder.path(), &["new", "a/b"]), &["b.toml exists already", "--out"]);
    assert_eq!(std::fs::read(folder.path().join("b.toml")).unwrap(), b"mine");
    // An id that no claim file may have would only fail later.
    for id in ["A/b", "a/b c", "a/../../b", "/b", "a/"] {
        assert_error(&run(folder.path(), &["new", id]), &["<paper>/<claim>"]);
    }
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn a_run_that_has_no_exact_form_cannot_be_traced_exactly() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("noisy.toml"), common::NOISY).unwrap();
    assert_error(&run(folder.path(), &["trace", "noisy.toml", "--exact"]), &["test/noisy", "random"]);
}
