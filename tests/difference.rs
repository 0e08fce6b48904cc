//! Random claim files against a second opinion.
//!
//! `difference/` holds the simplest evaluator that the manual describes: exact fractions, every path of finitely many
//! draws gone through one by one, no lanes, no merging, no code of the program. Whatever it can evaluate, the
//! program must say the same of: both sides, the hypotheses, the outcome of each cell. A difference is a fault of the program, of the
//! evaluator, or of the manual.
//!
//! `SIGNCHECK_DIFFERENCE_FILES` sets how many random files are tried, `SIGNCHECK_DIFFERENCE_FROM` the number of the first, and
//! `SIGNCHECK_DIFFERENCE_ONE` shows a single one.

mod difference {
    pub mod algorithm;
    pub mod claim;
    pub mod compare;
    pub mod compressor;
    pub mod expr;
    pub mod facts;
    pub mod file;
    pub mod generate;
    pub mod judge;
    pub mod noise;
    pub mod number;
    pub mod problem;
    pub mod setup;
}

use difference::claim::claim;
use difference::compare::{Report, compare};
use serde_json::Value;
use signcheck::harness::check_claim;
use signcheck::model::Registry;

fn environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|s| s.parse().ok()).unwrap_or(default)
}

fn decided(text: &str, registry: &Registry) -> Result<Value, String> {
    match check_claim(text, registry) {
        Ok(result) => Ok(serde_json::to_value(&result).expect("a result is JSON")),
        Err(e) => Err(e.to_string()),
    }
}

#[test]
fn random_files_have_one_answer() {
    let registry = Registry::standard();
    if let Ok(one) = std::env::var("SIGNCHECK_DIFFERENCE_ONE") {
        let file = claim(one.parse().expect("a number"));
        let text = toml::to_string(&file).expect("a table is TOML");
        let report = compare(&file, &decided(&text, &registry));
        println!("{text}\n{:#?}\n{}", report.tally, report.differences.join("\n"));
        return;
    }
    let (from, files) = (environment("SIGNCHECK_DIFFERENCE_FROM", 0), environment("SIGNCHECK_DIFFERENCE_FILES", 300));
    let mut all = Report::default();
    for seed in from..from + files {
        let file = claim(seed);
        let text = toml::to_string(&file).expect("a table is TOML");
        let mut report = compare(&file, &decided(&text, &registry));
        report.differences.iter_mut().for_each(|d| *d = format!("file {seed}: {d}"));
        all.join(report);
    }
    println!("{:#?}", all.tally);
    assert!(all.differences.is_empty(), "{} differences:\n{}", all.differences.len(), all.differences.join("\n"));
}
