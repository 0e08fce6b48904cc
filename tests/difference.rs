//! Random claim files against a second opinion.
//!
//! `difference/` holds the simplest evaluator that the manual describes: exact fractions, every path of finitely many
//! draws gone through one by one, no lanes, no merging, no code of the program. Whatever it can evaluate, the program
//! must say the same of: both sides, the hypotheses, the outcome of each cell. Each file is also rewritten in a way
//! that must change nothing (`transform`). A difference is a fault of the program, of the evaluator, or of the manual.
//!
//! `SIGNCHECK_DIFFERENCE_FILES` sets how many random files are tried, `SIGNCHECK_DIFFERENCE_FROM` the number of the
//! first, and `SIGNCHECK_DIFFERENCE_ONE` shows a single one.

mod common;

mod difference {
    pub(crate) mod algorithm;
    pub(crate) mod claim;
    pub(crate) mod compare;
    pub(crate) mod compressor;
    pub(crate) mod expr;
    pub(crate) mod facts;
    pub(crate) mod file;
    pub(crate) mod generate;
    pub(crate) mod judge;
    pub(crate) mod noise;
    pub(crate) mod number;
    pub(crate) mod problem;
    pub(crate) mod setup;
    pub(crate) mod transform;
}

use difference::claim::claim;
use difference::compare::{Report, alike, compare};
use difference::transform::rewrite;
use serde_json::Value;
use signcheck::prelude::*;
use signcheck::run::check_claim;

/// Files of a run where no number is given: about a minute on two cores.
const FILES: u64 = 1200;

fn environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|s| s.parse().ok()).unwrap_or(default)
}

fn decided(text: &str, registry: &Registry) -> Result<Value, String> {
    match check_claim(text, registry) {
        Ok(result) => Ok(serde_json::to_value(&result).expect("a result is JSON")),
        Err(e) => Err(e.to_string()),
    }
}

/// What is found in one file and its rewritten self.
fn examine(seed: u64, registry: &Registry) -> Report {
    let file = claim(seed);
    let theirs = decided(&toml::to_string(&file).expect("a table is TOML"), registry);
    let mut report = compare(&file, &theirs);
    if let Some(other) = rewrite(&file, seed) {
        report.join(alike(other.how, &theirs, &decided(&other.text, registry)));
    }
    report.differences.iter_mut().for_each(|d| *d = format!("file {seed}: {d}"));
    report
}

fn examine_all(seeds: std::ops::Range<u64>, registry: &Registry) -> Report {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let share = |t: u64| {
        let mut part = Report::default();
        seeds.clone().filter(|s| s % threads == t).for_each(|seed| part.join(examine(seed, registry)));
        part
    };
    let share = &share;
    let mut all = Report::default();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|t| scope.spawn(move || share(t))).collect();
        running.into_iter().for_each(|t| all.join(t.join().expect("no panic")));
    });
    all
}

#[test]
fn random_files_have_one_answer() {
    let registry = Registry::standard();
    if let Ok(one) = std::env::var("SIGNCHECK_DIFFERENCE_ONE") {
        let seed = one.parse().expect("a number");
        let report = examine(seed, &registry);
        println!("{}", toml::to_string(&claim(seed)).expect("a table is TOML"));
        println!("{:#?}\n{}", report.tally, report.differences.join("\n"));
        return;
    }
    let from = environment("SIGNCHECK_DIFFERENCE_FROM", 0);
    let files = environment("SIGNCHECK_DIFFERENCE_FILES", FILES);
    let all = examine_all(from..from + files, &registry);
    println!("{:#?}", all.tally);
    assert!(all.differences.is_empty(), "{} differences:\n{}", all.differences.len(), all.differences.join("\n"));
    // A comparison that compares nothing is silent too: most sides are known to both, exactly.
    let number = |what: &str| all.tally.iter().filter(|(k, _)| k.starts_with(what)).map(|(_, n)| n).sum::<usize>();
    assert!(
        number("left exact, exact") as u64 > files / 2,
        "{} exact left sides of {files} files",
        number("left exact, exact")
    );
    assert!(number("outcome agrees") as u64 > files / 2, "{} outcomes of {files} files", number("outcome agrees"));
    assert!((number("refused") as u64) < files / 4, "{} of {files} files are refused", number("refused"));
}

/// `verify --json` says what the library does.
#[test]
fn the_program_has_the_same_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = Report::default();
    for seed in 0..12 {
        let file = claim(seed);
        std::fs::write(folder.path().join("random.toml"), toml::to_string(&file).expect("TOML")).expect("written");
        let call = common::run(folder.path(), &["verify", "random.toml", "--json"]);
        let theirs =
            if call.code == Some(3) { Err(call.stderr) } else { Ok(serde_json::json!({ "bounds": call.json() })) };
        all.join(compare(&file, &theirs));
    }
    assert!(all.differences.is_empty(), "{}", all.differences.join("\n"));
}

/// signSGD that moves by half a step where the gradient is negative.
struct Planted {
    step_size: Slot,
}

static PLANTED: AlgorithmEntry = AlgorithmEntry {
    name: "signsgd",
    summary: "a planted fault",
    source: "this test",
    params: &[ParamSpec {
        name: "step_size",
        kind: Kind::Schedule,
        default: None,
        limits: signcheck::model::Limits::ANY,
        doc: "lr, at every step k",
    }],
    build: |p| Ok(Box::new(Planted { step_size: p.schedule("step_size")? })),
};

signcheck::buffers! {
    /// Room for two gradients.
    struct Memory { scratch g: vector, scratch other: vector }
}

impl Algorithm for Planted {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let Memory { g, other } = step.memory;
        mean_gradient(step.workers, step.x, other, g, query)?;
        take_signs(g, step.semantics.sign_zero, query)?;
        let least = -S::ratio(1, 2);
        for (x, s) in step.x.iter_mut().zip(g.iter()) {
            x.sub_product(&lr, &s.max(&least));
        }
        Ok(())
    }
}

/// The fuzzer can fail: a fault in one method of thirty shows within as many files as `.ci/run` tries.
#[test]
fn a_planted_fault_is_found() {
    let registry = Registry::standard().with_algorithm(&PLANTED);
    let seeds = (0..FILES).filter(|s| claim_uses(*s, "signsgd")).take(40);
    let found =
        seeds.map(|s| examine(s, &registry)).filter(|r| r.differences.iter().any(|d| d.contains("side is"))).count();
    assert!(found >= 5, "{found} of forty files with the planted method differ");
}

fn claim_uses(seed: u64, method: &str) -> bool {
    claim(seed)["algorithm"]["name"].as_str() == Some(method)
}
