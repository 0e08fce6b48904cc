//! `regress` as its users meet it: exit codes, files, the baseline that is committed.

use assert_cmd::Command;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A claim whose numbers come from samples, exact runs and rates in turn, and that runs within a second.
const SAMPLED: &str = "karimireddy2019/lemma-3";

fn regress(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("signcheck").expect("the program");
    let output = command.arg("regress").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn committed() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("results/baseline.json")).expect("a baseline")
}

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Scratch(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file with the given text, as an argument.
    fn with(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file");
        path.to_string_lossy().into_owned()
    }
}

#[test]
fn the_committed_baseline_covers_every_claim_and_is_laid_out_as_written() {
    let text = committed();
    let baseline = signcheck::internals::regress::Baseline::parse(&text).expect("reads");
    assert_eq!(baseline.render(), text, "not as `regress --update` writes it");
    let ids: Vec<String> = signcheck::run::Catalog::all()
        .iter()
        .map(|c| c.file.trim_start_matches("experiments/").trim_end_matches(".toml").to_string())
        .collect();
    let missing: Vec<&String> = ids.iter().filter(|id| !baseline.claims.contains_key(*id)).collect();
    assert!(missing.is_empty(), "run `signcheck regress --update`: {missing:?}");
    assert_eq!(baseline.claims.len(), ids.len());
}

#[test]
fn nothing_has_moved_and_all_reports_agree() {
    let scratch = Scratch::new();
    let (markdown, junit) = (scratch.path("r.md"), scratch.path("r.xml"));
    let files = ["--markdown", &markdown.to_string_lossy(), "--junit", &junit.to_string_lossy()].map(str::to_owned);
    let (code, out, err) = regress(&[&["--json", SAMPLED], files.each_ref().map(String::as_str).as_slice()].concat());
    assert_eq!(code, 0, "{out}{err}");
    let json: serde_json::Value = serde_json::from_str(&out).expect("one JSON document");
    let entries = json["entries"].as_array().expect("entries");
    assert!(json["false_alarm"].as_f64().expect("a number") <= 1e-4);
    assert!(entries.iter().any(|e| e["detectable"].as_f64().is_some_and(|d| d > 0.0)), "a sampled entry has its power");
    let xml = std::fs::read_to_string(junit).expect("a report");
    let document = roxmltree::Document::parse(&xml).expect("XML");
    let cases = document.descendants().filter(|n| n.has_tag_name("testcase")).count();
    assert_eq!(cases, entries.len());
    let text = std::fs::read_to_string(markdown).expect("a report");
    assert!(text.contains("nothing moved") && text.contains(&format!("{cases} entries")), "{text}");
}

#[test]
fn a_changed_bound_is_named_and_update_records_it() {
    let scratch = Scratch::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("experiments/bernstein2018/density.toml")).expect("a claim");
    let line = text.lines().find(|l| l.starts_with("right = ")).expect("a right side");
    let (head, formula) = line.split_once('"').expect("quoted");
    let changed = text.replacen(line, &format!("{head}\"(1 + 1/1000)*({}\"", formula.replacen('"', ")", 1)), 1);
    let file = scratch.with("claim.toml", &changed);
    let baseline = scratch.with("baseline.json", &committed());
    let (code, out, err) = regress(&[&file, "--baseline", &baseline, "--brief"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains(": right") && out.contains("moved") && out.contains("--update"), "{out}");
    assert!(out.contains("claim file has changed"), "{out}");
    let (code, out, err) = regress(&[&file, "--baseline", &baseline, "--update"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(": right"), "{out}");
    let (code, out, _) = regress(&[&file, "--baseline", &baseline, "--brief"]);
    assert_eq!(code, 0, "{out}");
    // The claims that were not run stand as they were.
    let new = std::fs::read_to_string(&baseline).expect("a baseline");
    let old = committed();
    let new: BTreeSet<&str> = new.lines().collect();
    let differing = new.symmetric_difference(&old.lines().collect()).count();
    assert!((1..20).contains(&differing), "{differing} lines differ");
}

#[test]
fn a_shifted_mean_and_a_missing_entry_are_named() {
    let scratch = Scratch::new();
    let mut baseline = signcheck::internals::regress::Baseline::parse(&committed()).expect("reads");
    let entries = &mut baseline.claims.get_mut(SAMPLED).expect("the claim").entries;
    let key = entries
        .iter()
        .find(|(_, v)| matches!(v, signcheck::internals::regress::Value::Sampled(_)))
        .expect("sampled")
        .0
        .clone();
    if let Some(signcheck::internals::regress::Value::Sampled(s)) = entries.get_mut(&key) {
        s.mean += 20.0 * s.standard_error;
    }
    entries.insert(("old: left".into(), "K=1".into()), signcheck::internals::regress::Value::count(1));
    let file = scratch.with("baseline.json", &baseline.render());
    let (code, out, err) = regress(&[SAMPLED, "--baseline", &file, "--json"]);
    assert_eq!(code, 1, "{out}{err}");
    let json: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let status = |name: &str| {
        let found = json["entries"].as_array().expect("entries").iter().find(|e| e["entry"] == name);
        found.map(|e| e["status"].as_str().unwrap_or("").to_string())
    };
    assert_eq!(status("old: left at K=1").as_deref(), Some("gone"));
    let name = if key.1.is_empty() { key.0.clone() } else { format!("{} at {}", key.0, key.1) };
    assert_eq!(status(&name).as_deref(), Some("moved"), "{name}");
}

#[test]
fn the_comparison_does_not_depend_on_threads() {
    let one = regress(&[SAMPLED, "--json", "--threads", "1"]);
    let two = regress(&[SAMPLED, "--json", "--threads", "2"]);
    assert_eq!(one, two);
}

#[test]
fn errors_end_with_3_and_say_what_to_do() {
    let scratch = Scratch::new();
    let missing = scratch.path("none.json").to_string_lossy().into_owned();
    let (code, _, err) = regress(&[SAMPLED, "--baseline", &missing]);
    assert!(code == 3 && err.contains("--update"), "{code} {err}");
    let damaged = scratch.with("damaged.json", &committed()[..2000]);
    let (code, _, err) = regress(&[SAMPLED, "--baseline", &damaged]);
    assert!(code == 3 && err.contains("damaged.json"), "{code} {err}");
    let (code, _, err) = regress(&[SAMPLED, "--profile", "full"]);
    assert!(code == 3 && err.contains("quick"), "{code} {err}");
    let (code, _, err) = regress(&["no-such-claim"]);
    assert!(code == 3 && err.contains("no-such-claim"), "{code} {err}");
    let (code, _, err) = regress(&[SAMPLED, "--junit", "/dev/null/x.xml"]);
    assert!(code == 3 && err.contains("x.xml"), "{code} {err}");
}

#[test]
#[ignore = "many whole runs: SIGNCHECK_SEEDS=20 cargo test --release --test regress -- --ignored --nocapture"]
fn unchanged_code_gives_no_alarm() {
    let seeds: u64 = std::env::var("SIGNCHECK_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let filter = std::env::var("SIGNCHECK_FILTER").unwrap_or_else(|_| "*".into());
    let mut alarms = Vec::new();
    let filters: Vec<&str> = filter.split_whitespace().collect();
    for seed in 1001..1001 + seeds {
        let (code, out, err) = regress(&[filters.as_slice(), &["--brief", "--seed", &seed.to_string()]].concat());
        println!("seed {seed}: exit {code}");
        if code != 0 {
            alarms.push(format!("seed {seed}: exit {code}\n{out}{err}"));
        }
    }
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}
