//! Sizes and scales at the ends of what a file can specify: a right answer, an honest "undecided", or a refusal with
//! file, line and need before anything is begun.

mod common;

use common::{Call, DESCENT, NOISY, files, run, with};
use serde_json::Value;

fn verify(text: &str, more: &[&str]) -> Call {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), text).unwrap();
    let call = run(folder.path(), &[&["verify", "claim.toml", "--json"], more].concat());
    assert_eq!(files(folder.path()).len(), 1, "verify writes nothing");
    assert!(!call.stderr.contains("panicked"), "{call}");
    call
}

/// The only verdict; every number in it is finite, or null with a reason.
#[track_caller]
fn verdict(text: &str, more: &[&str]) -> Value {
    let call = verify(text, more);
    assert!(matches!(call.code, Some(0..=2)), "{call}");
    let verdicts = call.json();
    assert_eq!(verdicts.as_array().map(Vec::len), Some(1), "{call}");
    let verdict = verdicts[0].clone();
    for (side, key) in [("left", "estimate"), ("right", "value")] {
        let side = &verdict[side];
        assert!(side[key].is_number() || side["why"].is_string(), "{call}");
    }
    verdict
}

#[track_caller]
fn assert_outcome(text: &str, outcome: &str, evidence: &str) -> Value {
    let verdict = verdict(text, &[]);
    assert_eq!(
        (verdict["outcome"].as_str(), verdict["evidence"].as_str()),
        (Some(outcome), Some(evidence)),
        "{verdict}"
    );
    verdict
}

/// Holds that a file is refused with exit code 3, at its line, with all of these words, and that nothing was run.
#[track_caller]
fn refused(text: &str, line: &str, says: &[&str]) {
    let call = verify(text, &[]);
    assert_eq!(call.code, Some(3), "{call}");
    assert_eq!(call.stdout, "", "{call}");
    assert!(call.stderr.starts_with("error") && call.stderr.contains("claim.toml:"), "{call}");
    let number = text.lines().position(|l| l.starts_with(line)).expect("the line is in the claim") + 1;
    assert!(call.stderr.contains(&format!("claim.toml:{number}:")), "not at line {number}\n{call}");
    for piece in says {
        assert!(call.stderr.contains(piece), "the message does not say {piece:?}\n{call}");
    }
}

fn many(coordinates: u64) -> String {
    let text = with(DESCENT, "curvature = [1, \"1/8\"]", &format!("curvature = 1\ndimension = {coordinates}"));
    let text = with(&text, "start = [3, 4]", "start = 1");
    with(&text, "name = \"sgd\"", "name = \"signsgd\"")
}

fn workers(algorithm: &str, workers: u64) -> String {
    let text = with(NOISY, "scale = 1 }", &format!("scale = 1 }}\nworkers = {workers}"));
    with(&with(&text, "\"signsgd\"", &format!("\"{algorithm}\"")), "replicates = 4000", "replicates = 400")
}

fn minibatch(more: &str) -> String {
    let text = with(NOISY, "name = \"quadratic\"\ncurvature = [1]", "name = \"logistic\"\nsamples = 50\ndimension = 3");
    with(&text, "noise = { law = \"gaussian\", scale = 1 }", &format!("sampling = \"minibatch\"\n{more}"))
}

#[test]
fn steps_that_blow_up_are_decided_exactly_or_left_open() {
    // exact: on curvature 1 a step of 3/L multiplies x by -2, so that f grows by 4 a step and leaves every bound.
    let text = with(&with(DESCENT, "\"1/L\"", "\"3/L\""), "T = [1, 4]", "T = [40]");
    let found = assert_outcome(&text, "violated", "exact");
    // exact: (3 (-2)^40)^2/2 and the second coordinate's 1/16 (4 (5/8)^40)^2, which is far below a unit
    let expected = 4.5 * 2f64.powi(80);
    assert!((found["left"]["estimate"].as_f64().unwrap() / expected - 1.0).abs() < 1e-12, "{found}");

    // Sampled: every replicate leaves the doubles, which is reported with the step, and decides nothing.
    let noisy = with(NOISY, "name = \"signsgd\"\nstep_size = 1", "name = \"sgd\"\nstep_size = \"1e200\"");
    let found = verdict(&with(&noisy, "horizon = 1\n", "horizon = 3\n"), &[]);
    assert_eq!(found["outcome"], "undecided", "{found}");
    let reason = found["reason"].as_str().unwrap();
    assert!(reason.contains("diverged: 4000 of 4000") && reason.contains("step 2"), "{reason}");
    assert!(found["left"]["estimate"].is_null() && found["left"]["why"].is_string(), "{found}");
}

#[test]
fn tiny_and_huge_scales() {
    for scale in ["5e-324", "1e-310", "1e-300", "1e300"] {
        // A sign step does not see the scale of the noise: the verdict is that of scale 1.
        let text = with(NOISY, "scale = 1 }", &format!("scale = \"{scale}\" }}"));
        assert_outcome(&text, "holds", "finite-sample");
    }
    // identity: what scales by 1e-300 has the ratio of what does not. Error feedback is sampled, in one coordinate it
    // is sgd.
    let ef = |scale: &str, right: &str| {
        let text = with(NOISY, "scale = 1 }", &format!("scale = \"{scale}\" }}"));
        let text = with(&with(&text, "\"signsgd\"", "\"ef-sgd\""), "right = \"1/2\"", &format!("right = \"{right}\""));
        verdict(&text, &[])["ratio"].as_f64().unwrap()
    };
    assert!((ef("1e-300", "1e-300") / ef("1", "1") - 1.0).abs() < 1e-9);

    // Exact numbers know no largest and no smallest: curvature and step size scale against each other.
    for scale in ["1e-300", "1e300"] {
        let curvature = format!("curvature = [\"{scale}\", \"{scale}/8\"]");
        let text = with(DESCENT, "curvature = [1, \"1/8\"]", &curvature);
        let found = assert_outcome(&text, "holds", "exact");
        // identity: the ratio of the unscaled claim, whose sides both scale with the curvature.
        let plain = verdict(DESCENT, &[])["ratio"].as_f64().unwrap();
        assert!((found["ratio"].as_f64().unwrap() / plain - 1.0).abs() < 1e-9, "{found}");
    }
    // Sides past the largest double, and below the smallest: the bound is that of any start, and R^2 is rational.
    for scale in ["1e300", "1e-300"] {
        let text = with(DESCENT, "start = [3, 4]", &format!("start = [\"{scale}\", \"{scale}\"]"));
        let found = assert_outcome(&text, "holds", "exact");
        assert!(found["ratio"].is_null(), "{found}");
        let past = found["right"]["why"].as_str().is_some_and(|why| why.contains("past the largest double"));
        assert_eq!(past, scale == "1e300", "{found}");
    }
}

#[test]
fn one_coordinate_and_a_million() {
    // exact: a sign step of 1/L = 1 takes every coordinate from 1 to 0 at once and back again; T is odd here.
    for coordinates in [1, 1_000_000] {
        let text = with(&many(coordinates), "T = [1, 4]", "T = [1]");
        let found = verdict(&text, &[]);
        assert_eq!(found["outcome"], "holds", "{found}");
        assert_eq!(found["left"]["estimate"], 0.0, "{found}");
        // exact: L R^2/(2T) = d/2
        assert_eq!(found["right"]["value"], coordinates as f64 / 2.0, "{found}");
    }
    let noisy = with(NOISY, "curvature = [1]\nstart = [0]", "curvature = 1\ndimension = 1000000\nstart = 0");
    let found = verdict(&with(&noisy, "replicates = 4000", "replicates = 2"), &[]);
    assert_eq!(found["replicates"].as_u64().map(|n| n >= 2), Some(true), "{found}");
}

#[test]
fn one_worker_and_ten_thousand() {
    for algorithm in ["vote", "median-sgd"] {
        for n in [1, 10_001] {
            // The vote, and the median, of symmetric noise around 0 is symmetric: its mean is 0.
            let found = verdict(&workers(algorithm, n), &[]);
            assert_eq!(found["outcome"], "holds", "{algorithm}, {n} workers: {found}");
        }
    }
    // Without noise ten thousand workers do as one does.
    let alone = verdict(&with(DESCENT, "\"sgd\"", "\"vote\""), &[]);
    let text = with(&with(DESCENT, "\"sgd\"", "\"vote\""), "noise = \"none\"", "noise = \"none\"\nworkers = 10001");
    assert_eq!(verdict(&text, &[])["left"], alone["left"]);
    refused(&workers("vote", 1_000_001), "workers", &["'workers' is 1000001", "1000000"]);
}

#[test]
fn one_step_and_ten_million() {
    // exact: sgd with 1/L on curvature 1 is at the minimum after one step, and stays there.
    let text = with(DESCENT, "curvature = [1, \"1/8\"]\nstart = [3, 4]", "curvature = 1\ndimension = 1\nstart = 1");
    for steps in [1, 1_000_000] {
        let found = verdict(&with(&text, "T = [1, 4]", &format!("T = [{steps}]")), &[]);
        assert_eq!((found["outcome"].as_str(), found["left"]["estimate"].as_f64()), (Some("holds"), Some(0.0)));
    }
    // Ten million are more than an enclosure of the run may cost, and doubles alone exclude nothing.
    let found = verdict(&with(&text, "T = [1, 4]", "T = [10000000]"), &[]);
    assert_eq!((found["outcome"].as_str(), found["left"]["estimate"].as_f64()), (Some("undecided"), Some(0.0)));
    assert!(found["reason"].as_str().is_some_and(|why| why.contains("too long to be enclosed")), "{found}");
    refused(&with(DESCENT, "horizon = \"T\"", "horizon = 1000000001"), "horizon", &["1000000001", "1000000000"]);
    // A mean kept for each of so many iterates is refused where the length stands.
    let series = with(NOISY, "left = \"last(x1)\"", "left = \"max(E(x1))\"");
    refused(&with(&series, "horizon = 1\n", "horizon = 20001\n"), "horizon", &["a window of 20001", "20000"]);
    refused(&with(&series, "horizon = 1\n", "horizon = 10000000\n"), "horizon", &["10000000"]);
}

#[test]
fn empty_and_boundless_batches_are_refused_where_they_stand() {
    let batch = |value: &str| with(NOISY, "scale = 1 }", &format!("scale = 1 }}\nbatch = {value}"));
    for (value, found) in [("0", "0"), ("-3", "-3"), ("\"1/2\"", "1/2"), ("\"k\"", "0"), ("\"10^10\"", "10000000000")] {
        refused(&batch(value), "batch", &["'batch' at iteration 0", &format!("the batch is {found};"), "whole number"]);
    }
    // A batch that runs out at the end only is found at the beginning.
    let late = with(&batch("\"3 - k\""), "horizon = 1\n", "horizon = 4\n");
    refused(&late, "batch", &["'batch' at iteration 3", "the batch is 0;"]);
    // A mean of a billion normal draws is drawn at once; of a billion samples it is not.
    assert_outcome(&batch("1000000000"), "holds", "finite-sample");
}

#[test]
fn what_no_machine_holds_is_refused_with_what_it_would_need() {
    refused(&many(100_000_000_000), "dimension", &["TiB of memory", "this machine has", "--memory"]);
    let noisy = with(NOISY, "curvature = [1]\nstart = [0]", "curvature = 1\ndimension = 100000000\nstart = 0");
    let noisy = with(&noisy, "scale = 1 }", "scale = 1 }\nworkers = 10001");
    refused(&with(&noisy, "\"signsgd\"", "\"median-sgd\""), "dimension", &["iB of memory", "10001 workers"]);
    let data = with(&minibatch(""), "samples = 50\ndimension = 3", "samples = 1000000000\ndimension = 1000000");
    refused(&data, "dimension", &["PiB of memory"]);
    // Drawn indices of 32 blocks: 8 B each.
    refused(
        &with(&minibatch("batch = 1000000000"), "horizon = 1\n", "horizon = 3\n"),
        "batch",
        &["batches of 1000000000"],
    );
}

#[test]
fn a_claim_past_its_memory_is_undecided_with_the_need() {
    let call = verify(&many(100_000_000_000), &["--memory", "1G"]);
    assert_eq!(call.code, Some(2), "{call}");
    let found = &call.json()[0];
    assert_eq!(found["outcome"], "undecided");
    let reason = found["reason"].as_str().unwrap();
    assert!(reason.starts_with("memory budget: ") && reason.contains("TiB") && reason.contains("1.0 GiB"), "{reason}");
    assert_eq!(found["replicates"], 0, "nothing was run");
    // Within the budget the verdict is the one without a budget.
    let (free, bound) = (verdict(NOISY, &[]), verdict(NOISY, &["--memory", "1G"]));
    assert_eq!(free, bound);
    assert_eq!(verdict(NOISY, &["--memory", "1K"])["outcome"], "undecided");
    for wrong in ["0", "much", "1X"] {
        let call = verify(NOISY, &["--memory", wrong]);
        assert!(call.code == Some(3) && call.stderr.contains("--memory"), "{call}");
    }
}

#[test]
fn a_claim_past_its_time_is_undecided_as_a_whole() {
    let long =
        with(&with(NOISY, "horizon = 1\n", "horizon = 100000000\n"), "replicates = 4000", "replicates = 1000000");
    for text in [long.as_str(), NOISY, DESCENT] {
        // No time at all: whatever the machine, nothing is decided.
        let found = verdict(text, &["--time", "0"]);
        assert_eq!(found["outcome"], "undecided");
        assert!(found["reason"].as_str().unwrap().starts_with("time budget: 0 s"), "{found}");
        assert!(
            found["left"]["estimate"].is_null() && found["replicates"] == 0,
            "half a run counts for nothing: {found}"
        );
    }
    // Hours of work end soon after the second that they were given.
    assert_eq!(verdict(&long, &["--time", "1"])["outcome"], "undecided");
    // A run with time to spare is the run without a limit.
    assert_eq!(verdict(NOISY, &["--time", "86400"]), verdict(NOISY, &[]));
    for wrong in ["nan", "inf", "soon"] {
        let call = verify(NOISY, &["--time", wrong]);
        assert!(call.code == Some(3) && call.stderr.contains("--time"), "{call}");
    }
}

#[test]
fn what_a_budget_cut_short_is_not_remembered_as_finished() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), NOISY).unwrap();
    let reproduce = |more: &[&str]| run(folder.path(), &[&["reproduce", "claim.toml", "--json"], more].concat());
    for (budget, word) in [(["--time", "0"], "time budget"), (["--memory", "1K"], "memory budget")] {
        let call = reproduce(&budget);
        assert_eq!(call.code, Some(2), "{call}");
        let verdict = call.json()["claims"][0].clone();
        assert_eq!(verdict["outcome"], "undecided");
        assert!(verdict["reason"].as_str().unwrap().starts_with(word), "{verdict}");
        let text = std::fs::read_to_string(folder.path().join("results/test/noisy.json")).unwrap();
        let result: Value = serde_json::from_str(&text).unwrap();
        let spent = &result["provenance"]["budget"];
        assert_eq!(spent["seconds"].is_number(), word.starts_with("time"), "{spent}");
        assert_eq!(spent["memory"].is_number(), word.starts_with("memory"), "{spent}");
    }
    // The next run without a budget decides; after it, a budget changes nothing that is done.
    let call = reproduce(&[]);
    assert_eq!(call.code, Some(0), "{call}");
    assert!(call.stderr.contains("a budget"), "what changed, and why\n{call}");
    assert_eq!(reproduce(&["--time", "0"]).json(), call.json());
}

#[test]
fn a_dry_run_says_what_would_run_and_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), many(100_000_000)).unwrap();
    let call = run(folder.path(), &["reproduce", "claim.toml", "--dry-run"]);
    assert_eq!(call.code, Some(0), "{call}");
    assert!(call.stdout.contains("test/descent") && call.stdout.contains("GiB of memory"), "{call}");
    assert_eq!(files(folder.path()).len(), 1, "a dry run writes nothing");
}

#[test]
fn data_files_are_looked_for_where_the_command_says() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sets")).unwrap();
    let data = folder.path().join("sets/two.svm");
    std::fs::write(&data, "+1 1:1\n-1 1:1 2:2\n").unwrap();
    let text = with(&minibatch(""), "samples = 50\ndimension = 3", "file = \"two.svm\"");
    let text = with(&with(&text, "start = [0]", "start = 0"), "right = \"1/2\"", "right = 2");
    std::fs::write(folder.path().join("claim.toml"), with(&text, "replicates = 4000", "replicates = 100")).unwrap();
    let reproduce = |more: &[&str]| run(folder.path(), &[&["reproduce", "claim.toml", "--json"], more].concat());
    let call = reproduce(&[]);
    assert!(call.code == Some(3) && call.stderr.contains("two.svm") && call.stderr.contains("claim.toml:"), "{call}");
    let call = reproduce(&["--data", "elsewhere"]);
    assert!(call.code == Some(3) && call.stderr.contains("elsewhere"), "{call}");
    let first = reproduce(&["--data", "sets"]);
    assert!(matches!(first.code, Some(0..=2)), "{first}");
    // Other data are another result, though the claim file is the same.
    std::fs::write(&data, "+1 1:-1\n-1 1:3 2:-2\n-1 2:1\n").unwrap();
    let second = reproduce(&["--data", "sets"]);
    assert_ne!(first.json(), second.json(), "a result of other data was taken for one of these");
}
