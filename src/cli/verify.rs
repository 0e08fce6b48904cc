//! `verify`: decides claims and prints the verdicts.

use super::budget::Budget;
use super::common::{
    assignment, exit_of_results, level, load_all_in, note, print, print_json, profile, resolve, width,
};
use super::{Computing, Exit};
use crate::claim::Overrides;
use crate::results::{BoundRecord, Estimate, Ledger, Outcome, ResultFile, changes, read_sealed, why};
use crate::run::{Catalog, ClaimText, Profile, Settings, replicate_count};
use anyhow::{Context, Result};
use clap::Args;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Decides claims and prints the verdicts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  signcheck verify karimireddy2019/counterexample-2
  signcheck verify my-theorem.toml --set T=64 --json
  signcheck verify li2021/theorem-3 --assume independent-coordinates
  signcheck verify --from results/li2021/theorem-1.json")]
pub(super) struct Verify {
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
    budget: Budget,
    #[command(flatten)]
    computing: Computing,
}

impl Verify {
    pub(super) fn run(self) -> Result<Exit> {
        let mut seed = self.computing.start()?;
        let registry = self.budget.registry();
        let recorded = self.from.as_deref().map(read_sealed).transpose()?;
        let (arguments, mut profile_used, mut level) = (self.claims.clone(), self.profile, self.level);
        let arguments = match &recorded {
            Some((result, _)) => {
                seed = result.provenance.seed;
                level = result.provenance.level;
                profile_used = profile(&result.provenance.profile).map_err(anyhow::Error::msg)?;
                Vec::new()
            }
            None => arguments,
        };
        let texts = match &recorded {
            Some((result, _)) => vec![text_of(result)?],
            None => resolve(&arguments)?,
        };
        let overrides = Overrides { set: self.set.clone(), assume: self.assume.clone(), drop: self.drop.clone() };
        let claims = load_all_in(profile_used, texts, &registry, &overrides)?;
        let exceeded = self.budget.check(&claims, profile_used, &registry)?;
        let total = claims.iter().map(|c| replicate_count(&c.spec, profile_used)).sum();
        let bar = self.budget.bar(total);
        let mut results = Vec::new();
        for (claim, exceeded) in claims.iter().zip(exceeded) {
            bar.claim(&claim.spec.id);
            let settings = Settings { registry: &registry, seed, level, profile: profile_used, progress: &bar };
            results.push(self.budget.decide(claim, exceeded, &settings)?.0);
        }
        bar.finish();
        let verdicts: Vec<&BoundRecord> = results.iter().flat_map(|r| &r.bounds).collect();
        if self.json {
            print_json(&verdicts)?;
        } else {
            let colour = std::io::stdout().is_terminal();
            print(&crate::report::table::terminal(&Ledger::new(&results), colour, width()))?;
            print(&details(&results))?;
        }
        match recorded {
            Some((recorded, sealed)) => {
                let (exit, text) = same(&recorded, sealed, &results)?;
                // Standard output is one JSON document and nothing else.
                if self.json {
                    note(text.trim_end());
                } else {
                    print(&text)?;
                }
                Ok(exit)
            }
            None => Ok(exit_of_results(&results)),
        }
    }
}

/// One paragraph per verdict that is not simply "holds", and one per control that was not caught.
fn details(results: &[ResultFile]) -> String {
    let mut text = String::new();
    for result in results {
        for bound in result.bounds.iter().filter(|b| b.outcome != Outcome::Holds || !b.as_expected || b.has_caveats()) {
            let cell: Vec<String> = bound.cell.iter().map(|(n, v)| format!("{n} = {}", plain(v))).collect();
            text += &format!(
                "\n{} [{}]: {} at {}\n  left {}, right {}\n  {}\n",
                bound.id,
                bound.bound,
                bound.outcome.name(),
                if cell.is_empty() { "its only cell".into() } else { cell.join(", ") },
                left(&bound.left),
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
                "\n{}: control on '{}' came out {}, not {}: {}\n",
                result.id,
                control.bound,
                control.outcome.name(),
                control.expect.name(),
                control.change
            );
        }
    }
    text
}

fn side(value: Option<f64>) -> String {
    value.map_or_else(|| "unknown".into(), number_text)
}

/// A left side with its interval, where anything is known of it.
fn left(left: &Estimate) -> String {
    match (left.estimate, left.low, left.high) {
        (None, None, None) => side(None),
        (point, low, high) => format!("{} in [{}, {}]", side(point), side(low), side(high)),
    }
}

/// A number with six decimals, or in powers of ten where six decimals are too many or show only zeros.
fn number_text(value: f64) -> String {
    if value == 0.0 || (1e-4..1e15).contains(&value.abs()) { format!("{value:.6}") } else { format!("{value:.6e}") }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// The claim file that a result records: its own text, or that of the claim that comes with the program.
fn text_of(result: &ResultFile) -> Result<ClaimText> {
    if let Some(text) = &result.provenance.claim {
        return Ok(ClaimText { file: format!("the claim file in the record of {}", result.id), text: text.clone() });
    }
    let found = Catalog::matching(&result.id).with_context(|| {
        format!("the record of {} holds no claim file, and this program comes with none of that id", result.id)
    })?;
    found.into_iter().next().context("no claim of that id")
}

/// Whether a redone result is the recorded one, number by number, and what to report.
fn same(recorded: &ResultFile, sealed: bool, results: &[ResultFile]) -> Result<(Exit, String)> {
    let again = results.first().context("the recorded claim was not run")?;
    if recorded == again && sealed {
        return Ok((Exit::Expected, "redone: identical to the record\n".into()));
    }
    let why = if sealed {
        why(&recorded.provenance, &again.provenance)
    } else {
        "the record was cut or edited after it was written: its digest does not fit its contents".into()
    };
    let mut text = format!("redone: differs from the record: {why}\n");
    for change in changes(recorded, again) {
        text += &format!("  {change}\n");
    }
    Ok((Exit::Unexpected, text))
}
