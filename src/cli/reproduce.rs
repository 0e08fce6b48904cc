//! `reproduce`: runs every claim and figure.

use super::bar::Resumable;
use super::budget::Budget;
use super::common::{Loaded, exit_of_results, level, load_all_in, note, print, profile, width};
use super::{Computing, Exit};
use crate::claim::Overrides;
use crate::model::Registry;
use crate::results::{
    Change, Ledger, Lock, ResultFile, STATE_FOLDER, StoreError, changes, read_all, read_result, remove_leftovers,
    result_paths, write_json, write_result, write_text,
};
use crate::run::{
    BlockFiles, Catalog, Exceeded, Finding, Profile, Progress, Settings, State, bytes_text, certificate_name, certify,
    files_now, memory_estimate, program_hash, replicate_count,
};
use anyhow::{Context, Result};
use clap::Args;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

/// Runs every claim and figure (or those that match).
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck reproduce 'li2021/*' --out check --threads 2")]
pub(super) struct Reproduce {
    /// Ids, globs, places such as "li2021 figure 1", or your own claim files; all embedded claims if none is given
    filters: Vec<String>,
    /// quick or full
    #[arg(long, default_value = "quick", value_parser = profile)]
    profile: Profile,
    /// Folder in which results/ and figures/ are written
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Run everything again, whatever is done already
    #[arg(long)]
    fresh: bool,
    /// Print what would run and the memory that it needs, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Level of each claim: probability that any of its verdicts is a false alarm
    #[arg(long, value_name = "A", default_value = "1e-6", value_parser = level)]
    level: f64,
    /// Print the ledger as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    budget: Budget,
    #[command(flatten)]
    computing: Computing,
}

impl Reproduce {
    pub(super) fn run(self) -> Result<Exit> {
        let registry = self.budget.registry();
        let claims = if self.filters.is_empty() {
            Catalog::all()
        } else {
            let mut claims = Vec::new();
            for filter in &self.filters {
                claims.extend(Catalog::resolve(filter)?);
            }
            claims.sort_by(|a, b| a.file.trim_end_matches(".toml").cmp(b.file.trim_end_matches(".toml")));
            claims.dedup();
            claims
        };
        let claims = load_all_in(self.profile, claims, &registry, &Overrides::default())?;
        let seed = self.computing.start()?;
        if self.dry_run {
            return self.plan(&claims, &registry);
        }
        let exceeded = self.budget.check(&claims, self.profile, &registry)?;
        // One run at a time: the lock is held until the last file is written.
        let _lock = self.take()?;
        self.check_others(&claims)?;
        let state = State::new(&self.out, program_hash().context("reading the program's own file")?);
        let (results, changed) = self.decide_all(&claims, &exceeded, (&registry, &state, seed))?;
        self.write_page(&results)?;
        let ledger = Ledger::new(&results);
        if self.json {
            super::common::print_json(&ledger)?;
            // Standard output is one JSON document and nothing else.
            changed.iter().for_each(|c| note(&c.to_string()));
        } else {
            let colour = std::io::stdout().is_terminal();
            print(&crate::report::table::terminal(&ledger, colour, width()))?;
            print(&change_lines(&changed))?;
            print(&format!("page: {}\n", self.out.join("results/report.html").display()))?;
        }
        Ok(exit_of_results(&results))
    }

    fn plan(&self, claims: &[Loaded], registry: &Registry) -> Result<Exit> {
        let mut text = String::new();
        for claim in claims {
            let n = replicate_count(&claim.spec, self.profile);
            let memory = memory_estimate(&claim.spec, self.profile, registry).map_err(|e| claim.locate(e))?.bytes;
            let count = |k: usize, what: &str| if k == 1 { format!("1 {what}") } else { format!("{k} {what}s") };
            text += &format!(
                "{:40} {}, {}, at most {n} replicates, about {} of memory\n",
                claim.spec.id,
                count(claim.spec.bounds.len(), "bound"),
                count(claim.spec.controls.len(), "control"),
                bytes_text(memory),
            );
        }
        print(&text)?;
        Ok(Exit::Expected)
    }

    /// Takes the output folder for this run, and fails before any work where it cannot be written.
    fn take(&self) -> Result<Lock> {
        let place = || format!("the output folder {} cannot be written", self.out.display());
        let lock = match Lock::take(&self.out) {
            Err(busy @ StoreError::Busy { .. }) => return Err(busy.into()),
            other => other.with_context(place)?,
        };
        for folder in [STATE_FOLDER, "results", "figures"] {
            remove_leftovers(&self.out.join(folder));
        }
        let probe = self.out.join("results").join(".writable");
        write_text(&probe, b"").with_context(place)?;
        std::fs::remove_file(&probe).with_context(|| format!("removing {}", probe.display()))?;
        Ok(lock)
    }

    /// Ledger and page cover every result in the folder: one of them that is damaged, and that this run does not make
    /// anew, shows before time is spent.
    fn check_others(&self, claims: &[Loaded]) -> Result<()> {
        let folder = self.out.join("results");
        let own: Vec<PathBuf> = claims.iter().map(|c| folder.join(format!("{}.json", c.spec.id))).collect();
        for path in result_paths(&folder)?.into_iter().filter(|p| !own.contains(p)) {
            read_result(&path).context("the ledger covers every result in the folder")?;
        }
        Ok(())
    }

    #[allow(clippy::type_complexity)]
    fn decide_all(
        &self,
        claims: &[Loaded],
        exceeded: &[Option<Exceeded>],
        (registry, state, seed): (&Registry, &State, u64),
    ) -> Result<(Vec<ResultFile>, Vec<Change>)> {
        let totals: Vec<u64> = claims.iter().map(|c| replicate_count(&c.spec, self.profile).max(1)).collect();
        let bar = self.budget.bar(totals.iter().sum());
        let (mut results, mut changed) = (Vec::new(), Vec::new());
        let mut timings: BTreeMap<String, f64> = BTreeMap::new();
        for (i, (claim, exceeded)) in claims.iter().zip(exceeded).enumerate() {
            bar.claim(&claim.spec.id);
            let begun = Instant::now();
            // Where a file cannot be read, the run says what is wrong; those of a claim that is too large are left alone.
            let data = match exceeded {
                Some(_) => Some(Vec::new()),
                None => files_now(&claim.spec, registry).ok(),
            };
            let (spec_hash, profile) = (claim.spec.hash.as_str(), self.profile.name());
            let of = data.as_deref().map(|data| Finding { spec_hash, profile, seed, level: self.level, data });
            let done = of.filter(|_| !self.fresh).and_then(|of| state.get(of));
            let result = match done {
                Some(result) => result,
                None => {
                    let blocks = of.map(|of| state.blocks(of));
                    if let Some(blocks) = blocks.as_ref().filter(|_| self.fresh) {
                        blocks.clear();
                    }
                    let kept = blocks.as_ref().map(|blocks| Resumable { bar: &bar, blocks });
                    let progress: &dyn Progress = kept.as_ref().map_or(&bar, |kept| kept);
                    let settings = Settings { registry, seed, level: self.level, profile: self.profile, progress };
                    let (result, finished) = self.budget.decide(claim, *exceeded, &settings)?;
                    if finished {
                        state.put(&result)?;
                        blocks.iter().for_each(BlockFiles::clear);
                    }
                    timings.insert(claim.spec.id.clone(), begun.elapsed().as_secs_f64());
                    result
                }
            };
            changed.extend(self.changed(&result));
            self.write(claim, &result)?;
            results.push(result);
            bar.at(totals[..=i].iter().sum());
        }
        bar.finish();
        if !timings.is_empty() {
            write_json(&self.out.join(STATE_FOLDER).join("timings.json"), &timings)?;
        }
        Ok((results, changed))
    }

    /// What a result changes against the one that it replaces.
    fn changed(&self, result: &ResultFile) -> Vec<Change> {
        let path = self.out.join("results").join(format!("{}.json", result.id));
        match read_result(&path) {
            Ok(old) => changes(&old, result),
            Err(StoreError::Io { .. }) => Vec::new(),
            Err(error) => {
                note(&format!("{error}: written anew"));
                Vec::new()
            }
        }
    }

    /// Writes a result, its figures, and a certificate for every bound that is broken exactly.
    fn write(&self, claim: &Loaded, result: &ResultFile) -> Result<()> {
        let results = self.out.join("results");
        for verdict in &result.bounds {
            if let Some(certificate) = certify(&claim.spec, verdict) {
                let name = format!("certificates/{}", certificate_name(&result.id, &verdict.bound));
                write_json(&results.join(name), &certificate)?;
            }
        }
        super::export::draw(&self.out.join("figures"), result)?;
        // Last, so that a result stands for all of its files.
        write_result(&results.join(format!("{}.json", result.id)), result)?;
        Ok(())
    }

    /// Ledger and page cover everything that stands in the folder, not only what ran now.
    fn write_page(&self, results: &[ResultFile]) -> Result<()> {
        let folder = self.out.join("results");
        let everything = if self.filters.is_empty() { results.to_vec() } else { read_all(&folder)? };
        write_json(&folder.join("ledger.json"), &Ledger::new(&everything))?;
        super::export::write_page(&folder, &everything)
    }
}

/// The verdicts that are not what they were, with the reason.
fn change_lines(changed: &[Change]) -> String {
    let lines: String = changed.iter().map(|c| format!("  {c}\n")).collect();
    if lines.is_empty() { lines } else { format!("changed against the results that stood here:\n{lines}") }
}
