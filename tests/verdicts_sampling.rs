//! What a sample may decide: ties that doubles do not see, events that no replicate saw, and the two ways to an
//! expectation.

mod common;

use serde_json::Value;
use signcheck::model::Registry;
use signcheck::results::{CellRecord, Evidence, Outcome, ResultFile};
use signcheck::run::Budget;
use signcheck::run::{Profile, Settings, decide, decide_within};
use std::path::{Path, PathBuf};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/sampling").join(format!("{name}.toml"))
}

/// The verdicts of a case file, by bound.
fn verdicts(name: &str) -> Vec<Value> {
    let file = case(name).to_string_lossy().into_owned();
    let call = common::run(Path::new(env!("CARGO_MANIFEST_DIR")), &["verify", &file, "--json"]);
    call.json().as_array().unwrap_or_else(|| panic!("{name}: {call}")).clone()
}

/// Right outcomes by hand, derived in the `why` of each file: outcome, evidence, the value where it is rational, and a
/// part of the reason.
#[test]
fn outcomes_are_those_worked_out_by_hand() {
    type Row = (&'static str, &'static str, &'static str, &'static str, Option<&'static str>, &'static str);
    let table: &[Row] = &[
        ("exact-zero", "rests", "holds", "exact", Some("0"), ""),
        ("zero-elevenths", "rests", "holds", "exact", Some("0"), ""),
        ("zero-by-cancellation", "stays", "holds", "exact", Some("1/10"), ""),
        ("zero-beside-noise", "moves", "violated", "finite-sample", None, ""),
        ("zero-under-tiny-noise", "above", "violated", "finite-sample", None, ""),
        ("zero-at-a-kink", "above", "violated", "finite-sample", None, ""),
        ("zero-atoms", "where doubles are", "holds", "finite-sample", None, ""),
        ("zero-top-k", "first", "undecided", "", None, "same value"),
        ("norm-of-outcomes", "above", "holds", "exact", None, ""),
        ("norm-of-outcomes", "below", "holds", "exact", None, ""),
        ("outcomes-of-a-cosine", "above", "holds", "exact", None, ""),
        ("outcomes-of-a-cosine", "below", "holds", "exact", None, ""),
        ("least-at-the-start", "b", "holds", "finite-sample", None, ""),
        ("two-atoms-one-rare", "b", "holds", "exact", None, ""),
        ("two-atoms-one-rare", "common", "holds", "", None, ""),
        ("rare-atom", "b", "violated", "exact", Some("50/3"), ""),
        ("rare-two-steps", "value", "holds", "exact", Some("503/96"), ""),
        ("rare-momentum", "value", "holds", "exact", Some("47/12"), ""),
        ("rare-factor", "value", "holds", "exact", Some("5999999/3999996"), ""),
        ("rare-adaptive", "b", "undecided", "", None, "rarest part"),
        ("rare-sign", "b", "undecided", "", None, "rarest part"),
        ("heavy-tail", "b", "undecided", "", None, "moments below the order 3"),
        ("heavy-tail", "linear", "holds", "exact", Some("1"), ""),
        // An identity on every path: in doubles it is off by some 5e-17.
        ("rounding-of-a-statistic", "b", "holds", "exact", Some("0"), ""),
    ];
    for (name, bound, outcome, evidence, exact, reason) in table {
        let all = verdicts(name);
        let found = all.iter().find(|v| v["bound"] == *bound).unwrap_or_else(|| panic!("{name}: no bound {bound}"));
        assert_eq!(found["outcome"], *outcome, "{name}, {bound}: {found:#}");
        assert!(evidence.is_empty() || found["evidence"] == *evidence, "{name}, {bound}: {found:#}");
        if let Some(exact) = exact {
            let fraction = |text: &str| text.parse::<signcheck::scalar::Rational>().expect("a fraction");
            let value = found["left"]["exact"].as_str().unwrap_or_else(|| panic!("{name}, {bound}: {found:#}"));
            assert_eq!(fraction(value), fraction(exact), "{name}, {bound}");
        }
        let why = found["reason"].as_str().expect("a reason");
        assert!(why.contains(reason), "{name}, {bound}: {why}");
    }
}

#[test]
fn asymptotic_verdicts_show_no_level() {
    // No range is known of f after a step of error feedback.
    let text = common::with(common::NOISY, "left = \"last(x1)\"", "left = \"last(f)\"");
    let text = common::with(&text, "name = \"signsgd\"\nstep_size = 1", "name = \"ef-sgd\"\nstep_size = 1");
    let text = common::with(&text, "replicates = 4000", "replicates = 192");
    let text = common::with(&text, "right = \"1/2\"", "right = \"10\"");
    let text = common::with(&text, "change = { right = \"-1/2\" }", "change = { right = \"-1/1000\" }");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("c.toml"), text).expect("a file");
    let call = common::run(folder.path(), &["verify", "c.toml", "--json"]);
    let found = &call.json()[0];
    assert_eq!(found["evidence"], "asymptotic", "{call}");
    assert!(found["level"].is_null(), "{found:#}");
    assert!(found["left"]["low"].as_f64().is_some_and(|low| low >= 0.0), "{found:#}");
    // f >= 0 by itself breaks the control, and needs no level.
    assert_eq!(found["controls"]["caught"], 1, "{found:#}");
}

/// A claim over every function of one lattice and law.
fn lattice(start: &str, step: &str, problem: &str, noise: &str, algorithm: &str) -> String {
    format!(
        r#"schema = 1
id = "two-ways/lattice"
title = "Enumeration against sampling"
source = {{ paper = "user", place = "two ways" }}
statement = 'x'
relation = "upper"
left = "last(x1)"
hypotheses = []
[problem]
{problem}
start = [{start}]
[oracle]
noise = {noise}
[algorithm]
{algorithm}
step_size = "{step}"
[run]
horizon = 4
replicates = 1024
[[bound]]
name = "x1"
right = 0
expect = "holds"
why = "held against the other way"
[[bound]]
name = "f"
change = {{ left = "last(f)" }}
right = "1/4"
expect = "holds"
why = "held against the other way"
[[bound]]
name = "gradient"
change = {{ left = "mean(grad_l1)" }}
right = "1/2"
expect = "holds"
why = "held against the other way"
"#
    )
}

fn both_ways(file: &str, text: &str) -> Option<(ResultFile, ResultFile)> {
    let registry = Registry::standard();
    let spec = signcheck::run::load(file, text, &registry, &[]).unwrap_or_else(|e| panic!("{file}: {e}\n{text}"));
    let settings = Settings {
        registry: &registry,
        seed: 1,
        level: 1e-6,
        profile: Profile::Quick,
        progress: &signcheck::run::Silent,
    };
    let exact = decide(&spec, file, text, &settings).ok()?;
    let sampled = decide_within(&spec, (file, text), &settings, Budget(0)).ok()?;
    Some((exact, sampled))
}

/// How many cells were compared; stops at the first that a sample contradicts.
fn compare(file: &str, text: &str) -> usize {
    let Some((exact, sampled)) = both_ways(file, text) else { return 0 };
    let mut compared = 0;
    for (bound, cells) in &exact.cells {
        for (known, seen) in cells.iter().zip(&sampled.cells[bound]) {
            compared += usize::from(agree(file, bound, known, seen));
        }
    }
    compared
}

fn agree(file: &str, bound: &str, known: &CellRecord, seen: &CellRecord) -> bool {
    let is_sample = matches!(seen.evidence, Evidence::FiniteSample | Evidence::Asymptotic);
    let (Some(value), true) = (known.left.estimate.filter(|_| known.evidence == Evidence::Exact), is_sample) else {
        return false;
    };
    let decided = |o: Outcome| matches!(o, Outcome::Holds | Outcome::Violated);
    assert!(
        !(decided(known.outcome) && decided(seen.outcome)) || known.outcome == seen.outcome,
        "{file}, {bound}: exact {known:?}\nsampled {seen:?}"
    );
    // statistical: at most 1e-6 a claim for intervals of finite samples, which a fixed seed either meets or not
    if let (Some(low), Some(high)) = (seen.left.low, seen.left.high) {
        let slack = 1e-12 * (1.0 + value.abs());
        assert!(
            low - slack <= value && value <= high + slack,
            "{file}, {bound}: exact {value} outside [{low}, {high}]\n{seen:?}"
        );
    }
    true
}

#[test]
fn sampling_never_contradicts_enumeration_on_lattices() {
    let problems = [
        "name = \"quadratic\"\ncurvature = [1, 3]",
        "name = \"quadratic-matrix\"\nmatrix = [[2, 1], [1, 2]]",
        "name = \"line-losses\"\nrows = [[1, 1], [1, -1]]\nloss = \"absolute\"",
        "name = \"line-losses\"\nrows = [[1, 0], [1, 2]]\nloss = \"huber\"\nslope = \"1/10\"",
    ];
    let laws = [
        "{ law = \"rademacher\", scale = [\"3/10\", 0] }",
        "{ law = \"finite\", atoms = [[\"3/7\", \"1/2\"], [\"-3/7\", \"1/2\"]] }",
        "{ law = \"joint\", atoms = [[\"3/10\", \"-1/10\", \"1/4\"], [\"-1/10\", \"1/30\", \"3/4\"]] }",
        "{ law = \"multiplicative\", atoms = [[\"-1\", \"1/3\"], [2, \"2/3\"]] }",
    ];
    let algorithms = [
        "name = \"signsgd\"",
        "name = \"signum\"\nmomentum = \"1/3\"",
        "name = \"ef-sgd\"",
        "name = \"compressed-sgd\"\ncompressor = { name = \"top-k\", k = 1 }",
        "name = \"sgd\"",
    ];
    let mut compared = 0;
    for (start, step) in [("\"3/4\", \"1/4\"", "1/4"), ("\"3/10\", \"1/10\"", "1/10"), ("\"3/11\", \"-2/11\"", "1/11")]
    {
        for problem in problems {
            for law in laws {
                for algorithm in algorithms {
                    let text = lattice(start, step, problem, law, algorithm);
                    compared += compare(&format!("{start} {problem} {law} {algorithm}"), &text);
                }
            }
        }
    }
    // 240 files of three cells; what has no exact value, or is known without a sample, is not counted.
    assert!(compared > 300, "only {compared} cells have both");
}

#[test]
fn sampling_never_contradicts_enumeration_on_shipped_claims() {
    let mut compared = 0;
    for claim in signcheck::run::Catalog::all() {
        // Small ones with finitely many outcomes; the others are not enumerated, or take long.
        let finite =
            ["law = \"finite\"", "law = \"joint\"", "rademacher", "law = \"two-atom\"", "law = \"multiplicative\""];
        let small =
            claim.text.len() < 9000 && !claim.text.contains("logistic") && !claim.text.contains("dimension = 1000");
        if small && finite.iter().any(|law| claim.text.contains(law)) {
            compared += compare(&claim.file, &claim.text);
        }
    }
    assert!(compared > 50, "only {compared} cells have both");
}

#[test]
fn a_turned_sign_is_noticed_where_the_file_declares_one_replicate() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| case(name).to_string_lossy().into_owned();
    let baseline = folder.path().join("b.json").to_string_lossy().into_owned();
    let call =
        common::run(folder.path(), &["regress", &file("regress-one-replicate"), "--baseline", &baseline, "--update"]);
    assert_eq!(call.code, Some(0), "{call}");
    assert!(!std::fs::read_to_string(&baseline).expect("a baseline").contains("no interval"));
    let call =
        common::run(folder.path(), &["regress", &file("regress-one-replicate"), "--baseline", &baseline, "--json"]);
    assert_eq!(call.code, Some(0), "{call}");
    let call = common::run(
        folder.path(),
        &["regress", &file("regress-one-replicate-moved"), "--baseline", &baseline, "--json"],
    );
    assert_eq!(call.code, Some(1), "{call}");
    let json = call.json();
    let left =
        |e: &&Value| e["entry"].as_str().is_some_and(|name| name.starts_with("b: left")) && e["status"] == "moved";
    assert!(json["entries"].as_array().expect("entries").iter().filter(left).count() >= 2, "{call}");
}
