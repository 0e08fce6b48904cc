//! The same claim, seed and version give the same bytes: for any number of threads, after any interruption.

mod common;

use common::{DESCENT, NOISY, files, program, run, small_claims, with};
use signcheck::model::Registry;
use signcheck::run::Silent;
use signcheck::run::load;
use signcheck::run::{Profile, Settings, decide};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Decides a claim text on so many threads; the result as the bytes that would be written.
fn decided(text: &str, seed: u64, threads: usize) -> String {
    let registry = Registry::standard();
    let spec = load("claim.toml", text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
    let settings = Settings { registry: &registry, seed, level: 1e-6, profile: Profile::Quick, progress: &Silent };
    let result = pool.install(|| decide(&spec, "claim.toml", text, &settings)).unwrap_or_else(|e| panic!("{e}"));
    serde_json::to_string_pretty(&result).expect("a result is JSON")
}

/// Several kinds of claim: exact, sampled over more blocks than are in flight at once, momentum with workers, data.
fn claims() -> Vec<(&'static str, String)> {
    let workers = with(NOISY, "scale = 1 }", "scale = 1 }\nworkers = 5");
    let workers = with(&workers, "name = \"signsgd\"", "name = \"vote\"");
    let workers = with(&with(&workers, "horizon = 1\n", "horizon = 7\n"), "right = \"1/2\"", "right = 8");
    let series = with(NOISY, "left = \"last(x1)\"", "left = \"max(E(f))\"");
    let series = with(&with(&series, "horizon = 1\n", "horizon = 5\n"), "right = \"1/2\"", "right = 13");
    let data = with(NOISY, "name = \"quadratic\"\ncurvature = [1]", "name = \"logistic\"\nsamples = 50\ndimension = 3");
    let data = with(&data, "noise = { law = \"gaussian\", scale = 1 }", "sampling = \"minibatch\"");
    let data = with(&with(&data, "replicates = 4000", "replicates = 300"), "right = \"1/2\"", "right = 2");
    vec![("exact", DESCENT.into()), ("sampled", NOISY.into()), ("workers", workers), ("series", series), ("data", data)]
}

#[test]
fn one_thread_and_two_give_the_same_bytes() {
    for (name, text) in claims() {
        let one = decided(&text, 1, 1);
        let two = decided(&text, 1, 2);
        assert!(one == two, "'{name}' depends on the number of threads:\n{one}\n{two}");
        assert!(one == decided(&text, 1, 1), "'{name}' differs from run to run");
    }
}

#[test]
fn seeds_matter_where_something_is_random_and_nowhere_else() {
    let numbers = |text: &str, seed: u64| {
        let mut result: serde_json::Value = serde_json::from_str(&decided(text, seed, 1)).unwrap();
        result["provenance"] = serde_json::Value::Null;
        result.to_string()
    };
    for (name, text) in claims() {
        let same = numbers(&text, 3) == numbers(&text, 4);
        assert_eq!(same, name == "exact", "'{name}'");
    }
}

#[test]
fn a_claims_numbers_do_not_depend_on_its_other_bounds_and_figures() {
    // Another bound takes a part of the level; the estimates stay the same bits.
    let left = |text: &str| {
        let result: serde_json::Value = serde_json::from_str(&decided(text, 1, 1)).unwrap();
        let left = &result["cells"]["loose"][0]["left"];
        (left["estimate"].as_f64().unwrap().to_bits(), left["low"].as_f64().unwrap())
    };
    let more =
        "[[bound]]\nname = \"looser\"\nright = 1\nexpect = \"holds\"\nwhy = \"a step is at most 1\"\n\n[[control]]";
    let (alone, joined) = (left(NOISY), left(&with(NOISY, "[[control]]", more)));
    assert_eq!(alone.0, joined.0);
    assert!(joined.1 < alone.1, "a smaller share of the level gives a wider interval");
}

/// The finished results that a state folder keeps.
fn state_files(out: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(out.join(".signcheck")) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).filter(|p| !is_timing(p)).collect();
    found.sort();
    found
}

fn is_timing(path: &Path) -> bool {
    path.file_name().is_some_and(|n| n == "timings.json" || n.to_string_lossy().starts_with('.'))
}

/// Runs `reproduce` into the folder; says whether any claim was decided anew: only then are timings written.
fn reproduce(out: &Path, ids: &[String], more: &[&str]) -> bool {
    let timings = out.join(".signcheck/timings.json");
    let _ = std::fs::remove_file(&timings);
    let folder = out.to_str().expect("a UTF-8 path");
    let arguments: Vec<&str> = ["reproduce", "--out", folder].into_iter().chain(more.iter().copied()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let call = run(Path::new("."), &[arguments, ids].concat());
    assert!(matches!(call.code, Some(0..=2)), "{call}");
    timings.exists()
}

#[track_caller]
fn assert_same(a: &Path, b: &Path) {
    let (a, b) = (files(a), files(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(b[name] == *bytes, "{name} differs");
    }
}

#[test]
fn what_is_done_is_not_run_again_and_what_was_damaged_is() {
    let folder = tempfile::tempdir().unwrap();
    let (first, out) = (folder.path().join("first"), folder.path().join("out"));
    let ids = small_claims();
    assert!(reproduce(&first, &ids, &["--threads", "1"]), "a fresh folder computes everything");
    assert!(reproduce(&out, &ids, &["--threads", "2"]), "the state of another folder is not used");
    assert_same(&first, &out);
    assert_eq!(state_files(&out).len(), ids.len(), "one state file a claim");

    assert!(!reproduce(&out, &ids, &[]), "nothing is left to run");
    assert_same(&first, &out);
    // Outputs are no cache: without them they are written again from the state.
    std::fs::remove_dir_all(out.join("results")).unwrap();
    assert!(!reproduce(&out, &ids, &[]));
    assert_same(&first, &out);
    assert!(reproduce(&out, &ids, &["--fresh"]), "--fresh runs again");
    assert_same(&first, &out);

    let damage = |change: &dyn Fn(String) -> String, what: &str| {
        let file = &state_files(&out)[0];
        let text = std::fs::read_to_string(file).unwrap();
        let changed = change(text.clone());
        assert_ne!(text, changed);
        std::fs::write(file, changed).unwrap();
        assert!(reproduce(&out, &ids, &[]), "a state file that was {what} was believed");
        assert_eq!(std::fs::read_to_string(file).unwrap(), text, "and is written again");
        assert_same(&first, &out);
    };
    damage(&|text| text[..text.len() / 2].to_string(), "cut");
    damage(&|_| String::new(), "emptied");
    damage(
        &|text| text.replacen("\"holds\"", "\"violated\"", 1).replacen("\"violated\"", "\"holds\"", 1) + "x",
        "longer",
    );
    damage(&|text| text.replacen("\"cells\": ", "\"cells\": 1", 1), "edited");

    // Everything that results depend on is part of the key.
    assert!(reproduce(&out, &ids, &["--seed", "2"]), "another seed");
    assert!(reproduce(&out, &ids, &["--level", "1e-3"]), "another level");
    // One claim without anything random: the full profile of the others runs for minutes.
    assert!(reproduce(&out, &["karimireddy2019/counterexample-2".into()], &["--profile", "full"]), "another profile");
    assert!(!reproduce(&out, &ids, &["--threads", "1"]), "but not the number of threads");
    assert_same(&first, &out);
}

#[test]
fn a_run_that_is_killed_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, out) = (folder.path().join("whole"), folder.path().join("out"));
    let ids = small_claims();
    reproduce(&whole, &ids, &[]);
    // Killed when the first file of each kind appears: in the middle of writing as often as not.
    for watched in [".signcheck", "results", "figures"] {
        let out = out.join(watched.trim_start_matches('.'));
        let arguments: Vec<&str> =
            ["reproduce", "--out", out.to_str().unwrap()].into_iter().chain(ids.iter().map(String::as_str)).collect();
        let mut child =
            program(Path::new("."), &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while child.try_wait().unwrap().is_none() && !holds_a_file(&out.join(watched)) {
            std::thread::yield_now();
        }
        // An error means that it has ended already, which is as good.
        let _ = child.kill();
        child.wait().unwrap();
        for (name, bytes) in files(&out) {
            if name.ends_with(".json") {
                assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(), "{name} is half written");
            }
        }
        reproduce(&out, &ids, &[]);
        assert_same(&whole, &out);
    }
}

fn holds_a_file(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|e| e.path().is_file() || holds_a_file(&e.path()))
}
