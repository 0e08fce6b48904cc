//! `regress`: what has moved since the baseline was recorded.

use super::bar::Bar;
use super::common::{load_all_in, print, print_json, profile, resolve, width};
use super::{Computing, Exit};
use crate::claim::Overrides;
use crate::model::Registry;
use crate::regress::{
    Baseline, ClaimEntries, Comparison, Counts, Status, apply, changes, compare, junit, markdown, terminal,
};
use crate::results::write_text;
use crate::run::{Catalog, Profile, Settings, observe, replicate_count};
use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Level at which a claim's outcomes are decided: over both runs of all claims together it is a small part of the total
/// level.
const OUTCOME_LEVEL: f64 = 1e-7;

/// Compares rates, error probabilities, gaps and bits with a stored baseline.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 nothing moved, 1 something moved, 2 an entry could not be decided, 3 error.

Examples:
  signcheck regress                                    everything, in a few minutes
  signcheck regress 'karimireddy2019/*' --brief        some claims
  signcheck regress --markdown pr.md --junit report.xml
  signcheck regress --update                           record what has changed")]
pub(super) struct Regress {
    /// Claim ids, globs, places or files; all if none is given
    filters: Vec<String>,
    /// The baseline
    #[arg(long, value_name = "FILE", default_value = "results/baseline.json")]
    baseline: PathBuf,
    /// Write what has moved into the baseline, and show it
    #[arg(long)]
    update: bool,
    /// Write JUnit XML, one case per entry
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write Markdown, for a comment on a pull request
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Print the comparison as JSON
    #[arg(long)]
    json: bool,
    /// Leave out the list of what each sampled entry detects
    #[arg(long)]
    brief: bool,
    /// Factor of the declared number of replicates
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    budget: u64,
    /// quick or full; the baseline's own if not given
    #[arg(long, value_parser = profile)]
    profile: Option<Profile>,
    /// Threads; all cores if not given. Results do not depend on it.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Seed of all random numbers; one that the baseline has not used if not given
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl Regress {
    pub(super) fn run(self) -> Result<Exit> {
        let baseline = self.read()?;
        let profile_used = self.profile_used(&baseline)?;
        let seed =
            Computing { threads: self.threads, seed: self.seed.unwrap_or(baseline.largest_seed() + 1) }.start()?;
        if baseline.claims.values().any(|c| c.seed == seed) {
            eprintln!(
                "note: seed {seed} is the baseline's own; the two runs are not independent, and little can differ by chance"
            );
        }
        for file in [&self.junit, &self.markdown].into_iter().flatten() {
            // What cannot be written shows before minutes are spent.
            write_text(file, b"").with_context(|| format!("the report {} cannot be written", file.display()))?;
        }
        let new = self.observe_all(profile_used, seed)?;
        let found = compare(&baseline, &new, OUTCOME_LEVEL, self.filters.is_empty());
        if let Some(file) = &self.junit {
            write_text(file, junit(&found).context("JUnit XML")?.as_bytes())?;
        }
        if let Some(file) = &self.markdown {
            write_text(file, markdown(&found).as_bytes())?;
        }
        if self.json {
            print_json(&Document::new(&found, seed, self.budget))?;
        } else if self.update {
            print(&changes(&found, width()))?;
        } else {
            print(&terminal(&found, !self.brief, width()))?;
        }
        if self.update {
            return self.write(baseline, profile_used, &new, &found);
        }
        Ok(exit(&found))
    }

    fn read(&self) -> Result<Baseline> {
        match std::fs::read_to_string(&self.baseline) {
            Ok(text) => Baseline::parse(&text).with_context(|| self.baseline.display().to_string()),
            Err(error) if self.update && error.kind() == std::io::ErrorKind::NotFound => Ok(Baseline::default()),
            Err(error) => Err(error).with_context(|| {
                let file = self.baseline.display();
                format!("the baseline {file} cannot be read (`signcheck regress --update` records one)")
            }),
        }
    }

    /// What is enumerated exactly depends on the profile, so that a baseline has one.
    fn profile_used(&self, baseline: &Baseline) -> Result<Profile> {
        if baseline.profile.is_empty() {
            return Ok(self.profile.unwrap_or(Profile::Quick));
        }
        let own = profile(&baseline.profile)
            .map_err(|e| anyhow::anyhow!("{}: profile '{}': {e}", self.baseline.display(), baseline.profile))?;
        if let Some(given) = self.profile.filter(|p| *p != own) {
            anyhow::bail!(
                "--profile {}: the baseline {} was recorded with the profile {}; give another --baseline, or leave --profile out",
                given.name(),
                self.baseline.display(),
                own.name()
            );
        }
        Ok(own)
    }

    fn observe_all(&self, profile_used: Profile, seed: u64) -> Result<BTreeMap<String, ClaimEntries>> {
        let registry = Registry::standard();
        let texts = if self.filters.is_empty() { Catalog::all() } else { resolve(&self.filters)? };
        let claims = load_all_in(profile_used, texts, &registry, &Overrides::default())?;
        let totals: Vec<u64> = claims.iter().map(|c| replicate_count(&c.spec, profile_used) * self.budget).collect();
        let bar = Bar::new(totals.iter().sum());
        let mut new = BTreeMap::new();
        for (i, claim) in claims.iter().enumerate() {
            bar.claim(&claim.spec.id);
            let settings =
                Settings { registry: &registry, seed, level: OUTCOME_LEVEL, profile: profile_used, progress: &bar };
            let entries = observe(&claim.spec, (&claim.claim.file, &claim.claim.text), &settings, self.budget)?;
            new.insert(claim.spec.id.clone(), ClaimEntries::new(&claim.spec.hash, seed, entries));
            bar.at(totals[..=i].iter().sum());
        }
        bar.finish();
        Ok(new)
    }

    fn write(
        &self,
        mut baseline: Baseline,
        profile_used: Profile,
        new: &BTreeMap<String, ClaimEntries>,
        found: &Comparison,
    ) -> Result<Exit> {
        baseline.profile = profile_used.name().into();
        let updated = apply(baseline, new, found);
        write_text(&self.baseline, updated.render().as_bytes())?;
        let n = found.differing().count();
        eprintln!("{}: {n} of {} entries written", path_text(&self.baseline), found.changes.len());
        Ok(Exit::Expected)
    }
}

fn path_text(path: &Path) -> String {
    path.display().to_string()
}

fn exit(found: &Comparison) -> Exit {
    let counts = found.counts();
    if counts.moved + counts.new + counts.gone > 0 {
        Exit::Unexpected
    } else if counts.undecided > 0 {
        Exit::Undecided
    } else {
        Exit::Expected
    }
}

/// `regress --json`.
#[derive(Serialize)]
struct Document {
    schema_version: u32,
    seed: u64,
    budget: u64,
    false_alarm: f64,
    level_each: f64,
    counts: Counts,
    edited: Vec<String>,
    new_claims: Vec<String>,
    entries: Vec<EntryDocument>,
}

#[derive(Serialize)]
struct EntryDocument {
    claim: String,
    entry: String,
    status: Status,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    before: Option<String>,
    now: Option<String>,
    evidence: Option<crate::results::Evidence>,
    threshold: Option<f64>,
    detectable: Option<f64>,
    detectable_relative: Option<f64>,
    without_power: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

impl Document {
    fn new(found: &Comparison, seed: u64, budget: u64) -> Self {
        let entries = found.changes.iter().map(|c| EntryDocument {
            claim: c.claim.clone(),
            entry: c.name(),
            status: c.status,
            reason: c.reason.clone(),
            before: c.old.as_ref().map(crate::regress::Value::text),
            now: c.new.as_ref().map(crate::regress::Value::text),
            evidence: c.new.as_ref().or(c.old.as_ref()).map(crate::regress::Value::evidence),
            threshold: c.tested.map(|t| t.threshold).filter(|t| t.is_finite()),
            detectable: c.detectable(),
            detectable_relative: c.relative(),
            without_power: c.is_powerless(),
            why: c.detectable().is_none().then_some("no spread was seen, or it is a word that rests on replicates"),
        });
        Document {
            schema_version: 1,
            seed,
            budget,
            false_alarm: found.false_alarm,
            level_each: found.each,
            counts: found.counts(),
            edited: found.edited.clone(),
            new_claims: found.new_claims.clone(),
            entries: entries.collect(),
        }
    }
}
