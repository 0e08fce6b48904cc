//! Planted mistakes in the product's own source, which `regress` and the independent checker must notice.
//!
//! They stand in the source, as calls of the macro of `src/mutants.rs`. One program is built with all of them, in
//! `target/mutants`, and an environment variable chooses which one acts. That takes a build and some minutes, hence it
//! is ignored by default:
//!
//! ```sh
//! cargo test --release --test mutants -- --ignored --nocapture
//! ```
//!
//! What runs always: the names here and in the source are the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// A mistake, the claim that is run, and a part of the name of an entry that `regress` must report.
struct Mutant {
    name: &'static str,
    claim: &'static str,
    entry: &'static str,
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the memory of error feedback is dropped",
        claim: "karimireddy2019/lemma-3",
        entry: "printed: left",
    },
    Mutant { name: "the learning rate stands outside the compressor", claim: "karimireddy2019/lemma-3", entry: "left" },
    Mutant {
        name: "the momentum's new gradient lacks its factor",
        claim: "sun2023/theorem-1",
        entry: "first-gradient: left",
    },
    Mutant { name: "the vote is the sign of the mean", claim: "bernstein2018/theorem-2b", entry: "left" },
    Mutant { name: "the median is the midpoint", claim: "chen2020/theorem-2", entry: "left" },
    Mutant { name: "the noise is 2 % too large", claim: "chen2020/theorem-6", entry: "equation-92" },
    Mutant { name: "the step schedule is off by one", claim: "li2021/theorem-2-2", entry: "left" },
    Mutant { name: "a message is one bit too long", claim: "bernstein2018/table-1-wire", entry: "bits on the wire" },
    Mutant { name: "the sign of 0 is flipped", claim: "karimireddy2019/counterexample-2", entry: "left" },
    Mutant { name: "two workers draw from one stream", claim: "bernstein2018/theorem-2b", entry: "left" },
    Mutant { name: "f* is off by 1e-3", claim: "bernstein2018/theorem-1", entry: "right" },
    Mutant { name: "the horizon is off by one", claim: "sun2023/theorem-1", entry: "oracle calls" },
    Mutant { name: "a checkpoint is shifted", claim: "li2021/example-4", entry: "curve" },
    Mutant { name: "a batch is not divided by its size", claim: "bernstein2018/theorem-1", entry: "left" },
    Mutant { name: "a mean over time divides by one too few", claim: "bernstein2018/theorem-1", entry: "left" },
    Mutant { name: "the momentum forgets nothing", claim: "karimireddy2019/momentum-extension", entry: "left" },
];

/// A change of a claim file: the changed text is handed to the program as a file.
struct Edit {
    name: &'static str,
    old: &'static str,
    new: &'static str,
    claim: &'static str,
    entry: &'static str,
}

const EDITS: &[Edit] = &[Edit {
    name: "a bound's constant is changed",
    old: "right = \"(sqrt(L1)*(D + 1/2) + sigma1)/sqrt(K)\"",
    new: "right = \"(sqrt(L1)*(D + 9/16) + sigma1)/sqrt(K)\"",
    claim: "bernstein2018/theorem-1",
    entry: "right",
}];

impl Edit {
    /// The changed text.
    fn text(&self) -> String {
        let file = root().join(format!("experiments/{}.toml", self.claim));
        let text = std::fs::read_to_string(file).expect(self.claim);
        assert_eq!(text.matches(self.old).count(), 1, "'{}' in {}: {}", self.name, self.claim, self.old);
        text.replace(self.old, self.new)
    }
}

/// A mistake of the engine, and a violated bound. The wrong engine finds it violated too, by other sides: it certifies
/// them, and confirms its own certificate.
struct WrongEngine {
    name: &'static str,
    claim: &'static str,
    bound: &'static str,
}

const WRONG_ENGINES: &[WrongEngine] = &[
    WrongEngine { name: "the minority wins the vote", claim: "li2021/theorem-3", bound: "printed" },
    WrongEngine { name: "an outcome forgets its state's weight", claim: "li2021/theorem-2-1", bound: "printed" },
    WrongEngine { name: "the quadratic lacks its factor 1/2", claim: "sun2023/theorem-1", bound: "printed" },
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The first text in quotes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once('"')?;
    rest.split_once('"')
}

/// The names in the calls of `mutant!` in a source text.
fn called(text: &str) -> Vec<&str> {
    let calls = text.split("mutant!(").skip(1);
    calls.map(|call| quoted(call).filter(|_| call.trim_start().starts_with('"')).expect("a name in quotes").0).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_mutants_of_the_source_are_those_that_are_tested() {
    let (definition, mut used) = (root().join("src/mutants.rs"), BTreeSet::new());
    let tested: Vec<&str> = MUTANTS.iter().map(|m| m.name).chain(WRONG_ENGINES.iter().map(|w| w.name)).collect();
    for path in sources(&root().join("src")).into_iter().filter(|path| *path != definition) {
        let text = std::fs::read_to_string(&path).expect("a readable source file");
        let names = called(&text);
        for name in &tested {
            let calls = names.iter().filter(|n| *n == name).count();
            assert_eq!(text.matches(name).count(), calls, "'{name}' outside of a call in {}", path.display());
        }
        used.extend(names.into_iter().map(String::from));
    }
    let text = std::fs::read_to_string(definition).expect("src/mutants.rs");
    let (_, list) = text.split_once("const NAMES: &[&str] = &[").expect("the list of names");
    let (mut list, mut listed) = (list.split_once("];").expect("the end of the list").0, Vec::new());
    while let Some((name, rest)) = quoted(list) {
        listed.push(name);
        list = rest;
    }
    assert_eq!(listed, tested, "the list in src/mutants.rs and the tables here differ");
    assert_eq!(used, listed.iter().map(ToString::to_string).collect(), "the calls in src and src/mutants.rs differ");
    assert_eq!(used.len(), listed.len(), "a name stands twice");
}

#[test]
fn every_change_of_a_claim_file_applies() {
    for edit in EDITS {
        assert!(edit.text().contains(edit.new), "{}", edit.name);
    }
}

/// The folder that holds the program with all mutants in it, and the checker beside it.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = root().join("target/mutants");
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--bin", "signcheck", "--bin", "signcheck-check"])
        .current_dir(root())
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", format!("{flags} --cfg signcheck_mutants"))
        .status()
        .expect("cargo");
    assert!(status.success(), "the mutants do not build");
    target.join("release")
});

/// Runs the program with a mutant, or without one.
fn signcheck(mutant: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAMS.join("signcheck"));
    command.args(arguments).current_dir(root()).env_remove("SIGNCHECK_MUTANT");
    command.envs(mutant.map(|name| ("SIGNCHECK_MUTANT", name)));
    command.output().expect("the program")
}

/// What a program said, for messages.
fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Exit code and the entries that are not the same, as `claim: entry`.
fn regress(claim: &str, mutant: Option<&str>) -> (Option<i32>, Vec<String>) {
    let output = signcheck(mutant, &["regress", claim, "--json", "--baseline", "results/baseline.json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{claim}, {mutant:?}: {e}: {}", said(&output)));
    let entries = found["entries"].as_array().expect("entries");
    let differing = entries.iter().filter(|e| !["same", "undecided"].contains(&e["status"].as_str().unwrap_or("")));
    let names =
        differing.map(|e| format!("{}: {}", e["claim"].as_str().unwrap_or(""), e["entry"].as_str().unwrap_or("")));
    (output.status.code(), names.collect())
}

#[test]
#[ignore = "a build and some minutes"]
fn every_mutant_is_caught_by_name() {
    let unknown = signcheck(Some("no such mutant"), &["regress", MUTANTS[0].claim]);
    assert!(unknown.status.code() == Some(101) && said(&unknown).contains("'no such mutant'"), "{}", said(&unknown));
    let clean: BTreeSet<&str> = MUTANTS.iter().map(|m| m.claim).chain(EDITS.iter().map(|e| e.claim)).collect();
    for claim in clean {
        assert_eq!(regress(claim, None), (Some(0), Vec::new()), "{claim} without a mutant");
    }
    let mut missed = Vec::new();
    let mut judge = |name: &str, entry: &str, (code, differing): (Option<i32>, Vec<String>)| {
        let caught = differing.iter().find(|found| found.contains(entry));
        println!("{name}: {} entries, first {caught:?}", differing.len());
        if code != Some(1) || caught.is_none() {
            missed.push(format!("{name}: exit {code:?}, {differing:?}"));
        }
    };
    for mutant in MUTANTS {
        judge(mutant.name, mutant.entry, regress(mutant.claim, Some(mutant.name)));
    }
    for edit in EDITS {
        let file = root().join("target/mutants/claim.toml");
        std::fs::write(&file, edit.text()).expect("a claim file");
        judge(edit.name, edit.entry, regress(&file.to_string_lossy(), None));
    }
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}

/// Has the program certify a violated bound and confirm its own certificate. What the checker says of it: its exit code
/// and its first line.
fn checked(wrong: &WrongEngine, mutant: Option<&str>) -> (Option<i32>, String) {
    let WrongEngine { name, claim, bound } = wrong;
    let folder = root().join("target/mutants/certificates");
    // What another run left there would be taken for this one's.
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("an empty folder");
    }
    let made = signcheck(mutant, &["reproduce", claim, "--out", &folder.to_string_lossy()]);
    let certificate = folder.join(format!("results/certificates/{claim}.{bound}.json"));
    assert!(certificate.is_file(), "{name}, {mutant:?}: no certificate: {}", said(&made));
    let replayed = signcheck(mutant, &["replay", &certificate.to_string_lossy()]);
    let text = said(&replayed);
    assert!(replayed.status.success() && text.starts_with("confirmed: "), "{name}, {mutant:?}: {text}");
    let decided = Command::new(PROGRAMS.join("signcheck-check")).arg(&certificate).output().expect("the checker");
    (decided.status.code(), said(&decided).lines().next().unwrap_or_default().into())
}

#[test]
#[ignore = "a build and some minutes"]
fn the_checker_refuses_what_a_wrong_engine_certifies() {
    for wrong in WRONG_ENGINES {
        let (code, line) = checked(wrong, None);
        assert!(code == Some(0) && line.starts_with("confirmed "), "{} without the mutant: {line}", wrong.claim);
        let (code, line) = checked(wrong, Some(wrong.name));
        println!("{}: {line}", wrong.name);
        assert!(code == Some(1) && line.starts_with("refused "), "{}: {line}", wrong.name);
    }
}
