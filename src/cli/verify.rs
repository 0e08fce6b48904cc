//! `verify`: decides claims and prints the verdicts.

use super::common::{Bar, assignment, exit_of_results, level, load_all_in, print, print_json, profile, resolve, width};
use super::{Computing, Exit};
use anyhow::{Context, Result};
use clap::Args;
use signcheck::harness::{Profile, Settings, decide, replicate_count};
use signcheck::model::Registry;
use signcheck::results::{BoundRecord, Ledger, Outcome, ResultFile, read_result};
use signcheck::spec::Overrides;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Decides claims and prints the verdicts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  signcheck verify karimireddy2019/counterexample-2
  signcheck verify my-theorem.toml --set T=64 --json
  signcheck verify li2021/theorem-3 --assume independent-coordinates
  signcheck verify --from results/li2021/theorem-1.json")]
pub struct Verify {
    /// Claim ids, globs, places, or files (`-` is standard input)
    #[arg(required_unless_present = "from")]
    claims: Vec<String>,
    /// quick or full
    #[arg(long, default_value = "quick", value_parser = profile)]
    profile: Profile,
    /// Level of each claim: probability that any of its verdicts is a false alarm
    #[arg(long, value_name = "A", default_value = "1e-6", value_parser = level)]
    level: f64,
    /// Sets a declared parameter; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Adds a hypothesis to every bound: cells that fail it are left out; repeatable
    #[arg(long, value_name = "HYPOTHESIS", conflicts_with = "from")]
    assume: Vec<String>,
    /// Takes a hypothesis away from every bound; repeatable
    #[arg(long, value_name = "HYPOTHESIS", conflicts_with = "from")]
    drop: Vec<String>,
    /// Redoes exactly what a result file records, and compares
    #[arg(long, value_name = "RESULT", conflicts_with_all = ["claims", "set"])]
    from: Option<PathBuf>,
    /// Print the verdicts as a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    computing: Computing,
}

impl Verify {
    pub fn run(self) -> Result<Exit> {
        let mut seed = self.computing.start()?;
        let registry = Registry::standard();
        let recorded = self.from.as_deref().map(read_result).transpose()?;
        let (arguments, mut profile_used, mut level) = (self.claims.clone(), self.profile, self.level);
        let arguments = match &recorded {
            Some(result) => {
                seed = result.provenance.seed;
                level = result.provenance.level;
                profile_used = profile(&result.provenance.profile).map_err(anyhow::Error::msg)?;
                vec![result.id.clone()]
            }
            None => arguments,
        };
        let overrides = Overrides { set: self.set.clone(), assume: self.assume.clone(), drop: self.drop.clone() };
        let claims = load_all_in(profile_used, resolve(&arguments)?, &registry, &overrides)?;
        let total = claims.iter().map(|c| replicate_count(&c.spec, profile_used)).sum();
        let bar = Bar::new(total);
        let mut results = Vec::new();
        for claim in &claims {
            bar.claim(&claim.spec.id);
            let settings = Settings { registry: &registry, seed, level, profile: profile_used, progress: &bar };
            results.push(decide(&claim.spec, &claim.claim.file, &claim.claim.text, &settings)?);
        }
        bar.finish();
        let verdicts: Vec<&BoundRecord> = results.iter().flat_map(|r| &r.bounds).collect();
        if self.json {
            print_json(&verdicts)?;
        } else {
            let colour = std::io::stdout().is_terminal();
            print(&signcheck::report::table::terminal(&Ledger::new(&results), colour, width()))?;
            print(&details(&results))?;
        }
        match recorded {
            Some(recorded) => same(&recorded, &results),
            None => Ok(exit_of_results(&results)),
        }
    }
}

/// A paragraph a verdict that is not simply "holds", and one a control that was not caught.
fn details(results: &[ResultFile]) -> String {
    let mut text = String::new();
    for result in results {
        for bound in result.bounds.iter().filter(|b| b.outcome != Outcome::Holds || !b.as_expected) {
            let cell: Vec<String> = bound.cell.iter().map(|(n, v)| format!("{n} = {}", plain(v))).collect();
            let side = |v: Option<f64>| v.map_or_else(|| "?".into(), |v| format!("{v:.6}"));
            text += &format!(
                "\n{} [{}]: {:?} at {}\n  left {} in [{}, {}], right {}\n  {}\n",
                bound.id,
                bound.bound,
                bound.outcome,
                if cell.is_empty() { "its only cell".into() } else { cell.join(", ") },
                side(bound.left.estimate),
                side(bound.left.low),
                side(bound.left.high),
                side(bound.right.value),
                bound.reason,
            );
            for hypothesis in bound.hypotheses.iter().filter(|h| h.holds != Some(true)) {
                text += &format!("  hypothesis {}: {}\n", hypothesis.name, hypothesis.value);
            }
            if let Some((_, expectation)) = result.rights.get(&bound.bound) {
                text += &format!("  the file says: {}\n", expectation.why);
            }
        }
        for control in result.controls.iter().filter(|c| !c.caught) {
            text += &format!(
                "\n{}: control on '{}' came out {:?}, not {:?}: {}\n",
                result.id, control.bound, control.outcome, control.expect, control.change
            );
        }
    }
    text
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// Whether a redone result is the recorded one, byte for byte.
fn same(recorded: &ResultFile, results: &[ResultFile]) -> Result<Exit> {
    let again = results.first().context("the recorded claim is not among the embedded ones")?;
    if recorded == again {
        print("redone: identical to the record\n")?;
        return Ok(Exit::Expected);
    }
    let (a, b) = (&recorded.provenance, &again.provenance);
    let why = if a.spec_hash != b.spec_hash {
        "the claim file has changed since"
    } else if a.version != b.version {
        "the program's version differs"
    } else {
        "the same file and version gave other numbers: the record was edited, or made on another architecture"
    };
    print(&format!("redone: differs from the record: {why}\n"))?;
    Ok(Exit::Unexpected)
}
