//! Claim files of other people that once came out wrong, with the answers that are right by hand: each file's `why` has
//! the derivation, and the comments here what it leaves out.

mod common;

use common::{Call, run};
use serde_json::Value;
use std::path::Path;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/shared")
}

fn verify(file: &str) -> Call {
    run(&folder(), &["verify", &format!("{file}.toml"), "--json"])
}

/// The record of a bound, found by the beginning of its name.
fn bound(call: &Call, name: &str) -> Value {
    let all = call.json();
    let found = all.as_array().into_iter().flatten().find(|b| b["bound"].as_str().is_some_and(|b| b.starts_with(name)));
    found.cloned().unwrap_or_else(|| panic!("no bound {name}\n{call}"))
}

/// The outcome of a bound, and its exact left side where one is given.
#[track_caller]
fn decided(call: &Call, name: &str, outcome: &str, left: Option<&str>) -> Value {
    let b = bound(call, name);
    assert_eq!(b["outcome"], outcome, "{call}");
    if let Some(left) = left {
        assert_eq!(b["left"]["exact"], left, "{call}");
        assert_eq!(b["evidence"], "exact", "{call}");
    }
    b
}

/// Whether a side's interval contains a number, and is no wider than a width.
#[track_caller]
fn encloses(b: &Value, value: f64, width: f64) {
    let (low, high) = (b["left"]["low"].as_f64(), b["left"]["high"].as_f64());
    let (Some(low), Some(high)) = (low, high) else { panic!("no interval: {b}") };
    assert!(low <= value && value <= high && high - low <= width, "[{low}, {high}] for {value}: {b}");
}

/// What a search found of a bound.
fn falsify(file: &str, name: &str) -> (Option<i32>, Value) {
    let out = tempfile::tempdir().expect("a folder");
    let file = folder().join(format!("{file}.toml"));
    let file = file.to_str().expect("a path in UTF-8");
    let call = run(out.path(), &["falsify", file, "--bound", name, "--seconds", "4", "--json"]);
    let found = call.json();
    (call.code, found[0].clone())
}

#[test]
fn captured_name() {
    // f(x_1) = (3/2)^2/2 = 9/8, over r0 = 100.
    let call = verify("captured-name");
    decided(&call, "printed", "holds", Some("9/800"));
}

#[test]
fn stale_scale() {
    decided(&verify("stale-scale"), "second-moment-is-1", "holds", Some("1/1"));
}

#[test]
fn stale_epsilon() {
    // A change of the method's name starts from the new method's defaults: no step_size, which is a refusal that names
    // it.
    let call = verify("stale-epsilon");
    assert_eq!(call.code, Some(3), "{call}");
    assert!(call.stderr.contains("step_size"), "{call}");
}

#[test]
fn exact_zero() {
    // Three steps of 1/10 lead from 3/10 to 0 exactly, where the sign is 0; no noise reaches the coordinate.
    let call = verify("exact-zero");
    let b = decided(&call, "rests", "holds", None);
    encloses(&b, 0.0, 0.0);
}

#[test]
fn numeric_interval() {
    // Exact fractions by the simplest evaluator, in fractions of another program: x_1349 = 6.22795e-113,
    // x_1350 = -2.50082e-112, x_1300 < 0.
    let call = verify("numeric-interval");
    for (name, outcome, value) in [
        ("x_1349", "violated", 6.227_949_950_315_015e-113),
        ("x_1350", "holds", -2.500_820_802_673_98e-112),
        ("x_1300", "holds", -3.728_680_017_548_168e-108),
    ] {
        let b = decided(&call, name, outcome, None);
        encloses(&b, value, 1e-12 * f64::abs(value));
    }
}

#[test]
fn rank_deficient() {
    // f = (x1 + x2)^2/2 is PL with mu = 2; a step of 1/8 multiplies x1 + x2 by 3/4: f goes 2, 9/8, 81/128.
    let call = verify("rank-deficient");
    let b = decided(&call, "b", "violated", None);
    let pl = b["hypotheses"].as_array().into_iter().flatten().find(|h| h["name"] == "pl").cloned();
    assert_eq!(pl.map(|h| h["holds"].clone()), Some(Value::Bool(true)), "{call}");
}

#[test]
fn undefined_requirement() {
    decided(&verify("undefined-requirement"), "a", "hypothesis-fails", None);
}

#[test]
fn a_box() {
    // Zinkevich's theorem on [-1, 1]: true, so that no search may find a counterexample.
    decided(&verify("box"), "printed", "holds", None);
    let (code, found) = falsify("box", "printed");
    assert_eq!(found["outcome"], "none-found", "{found}");
    assert_ne!(code, Some(1), "{found}");
}

#[test]
fn heavy_ball() {
    // A cycle of period three: |x_30| is above the bound. `falsify` sees what `verify` sees.
    let call = verify("heavy-ball");
    decided(&call, "popular", "violated", None);
    decided(&call, "quadratic", "holds", None);
    let (code, found) = falsify("heavy-ball", "popular");
    assert_eq!((code, found["outcome"].as_str()), (Some(1), Some("violated")), "{found}");
}

#[test]
fn rare_atom() {
    // x_1 = -xi, E f(x_1) = E xi^2/2 = w a^2/6 = 10^-6 10^8/6 = 50/3.
    let call = verify("rare-atom");
    decided(&call, "b", "violated", Some("50/3"));
}

#[test]
fn decimals() {
    // f(x_1) in 40 digits: 0.66756545983364.., above 0.667565459; values rounded to single precision give
    // 0.66756545835.
    let b = decided(&verify("decimals"), "b", "holds", None);
    encloses(&b, 0.667_565_459_833_642_8, 1e-9);
}

#[test]
fn loose_fact() {
    // The true Linf is 8177/256 = 31.94; with it the bound is broken by a factor of 1.365 at T = 40.
    let b = bound(&verify("loose-fact"), "popular");
    assert_eq!(b["outcome"], "violated", "{b}");
    let ratio = b["left"]["estimate"].as_f64().expect("a number");
    assert!(ratio > 0.0, "{b}");
}

#[test]
fn two_atom_beyond() {
    // |f'| = 3 at the start: no law with values +-1 has that mean.
    let call = verify("two-atom-beyond");
    assert_eq!(call.code, Some(3), "{call}");
    assert!(call.stderr.contains("size"), "{call}");
}

#[test]
fn vacuous() {
    // f stays at 9/2. "At least 9/2" says more than "at least 1"; "at most 2" is violated, and says something.
    let call = verify("vacuous");
    for (name, outcome) in [("a sharp", "holds"), ("a false", "violated")] {
        assert_eq!(decided(&call, name, outcome, Some("9/2"))["vacuous"], false, "{call}");
    }
}

#[test]
fn family_dimension() {
    // 2 (f0 - f*) against d (f0 - f*)/2: 4/3 for d = 3, 1 for d = 4.
    let (code, found) = falsify("family-dimension", "b");
    assert_eq!((code, found["outcome"].as_str()), (Some(1), Some("violated")), "{found}");
    let ratio = found["ratio"].as_f64().expect("a ratio");
    assert!((ratio - 4.0 / 3.0).abs() < 1e-9, "{found}");
}

#[test]
fn vote_of_49_workers() {
    // The vote of 49 draws is wrong almost surely: 0.9 against 0.7264, for both commands.
    let call = verify("vote-49-workers");
    decided(&call, "b", "violated", None);
    let (code, found) = falsify("vote-49-workers", "b");
    assert_eq!((code, found["outcome"].as_str()), (Some(1), Some("violated")), "{found}");
}

#[test]
fn regress_one_replicate() {
    // The sign of the step is turned between the two files: 2.8125 moves to 3.1875. One replicate is as declared.
    let out = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder().join(format!("{name}.toml")).to_str().expect("UTF-8").to_string();
    let baseline = out.path().join("baseline.json").to_str().expect("UTF-8").to_string();
    let regress = |name: &str, more: &[&str]| {
        run(out.path(), &[&["regress", &place(name), "--baseline", &baseline], more].concat())
    };
    let made = regress("regress-one-replicate", &["--update"]);
    assert_eq!(made.code, Some(0), "{made}");
    let text = std::fs::read_to_string(&baseline).expect("a baseline");
    assert!(!text.contains("no interval") && !text.contains("not finite"), "{text}");
    let same = regress("regress-one-replicate", &[]);
    assert_eq!(same.code, Some(0), "{same}");
    let moved = regress("regress-one-replicate-moved", &[]);
    assert_eq!(moved.code, Some(1), "{moved}");
}

/// The square of a fact that is a root, and of a root in a formula, is the number under it.
#[test]
fn squared_facts() {
    let call = verify("squared-facts");
    for (name, left) in [
        ("sigma^2/2", "1/1"),
        ("first gap", "5/2"),
        ("grad0_l2^2", "5/1"),
        ("sqrt(2)^2", "1/1"),
        ("sqrt(2)*sqrt(2)", "1/1"),
    ] {
        let b = decided(&call, name, "holds", Some(left));
        assert_eq!(b["right"]["exact"], left, "{call}");
    }
}

/// A convention that no step needs draws nothing: the run is one outcome.
#[test]
fn unused_randomness() {
    let call = verify("unused-randomness");
    decided(&call, "first(f)", "holds", Some("1/2"));
    decided(&call, "with ties", "holds", Some("1/2"));
}
