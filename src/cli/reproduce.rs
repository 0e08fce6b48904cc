//! `reproduce`: the main job.

use super::common::{Bar, Loaded, exit_of_results, level, load_all_in, print, profile, width};
use super::{Computing, Exit};
use anyhow::{Context, Result};
use clap::Args;
use signcheck::harness::{Catalog, Profile, Settings, State, certify, decide, program_hash, replicate_count};
use signcheck::model::Registry;
use signcheck::results::{Ledger, ResultFile, write_json, write_text};
use signcheck::spec::Overrides;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Runs every claim and figure (or those that match).
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck reproduce 'li2021/*' --out /tmp/check --threads 2")]
pub struct Reproduce {
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
    /// Print what would run, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Level of each claim: probability that any of its verdicts is a false alarm
    #[arg(long, value_name = "A", default_value = "1e-6", value_parser = level)]
    level: f64,
    /// Print the ledger as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    computing: Computing,
}

impl Reproduce {
    pub fn run(self) -> Result<Exit> {
        let registry = Registry::standard();
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
            return self.plan(&claims);
        }
        self.writable()?;
        let state = State::new(&self.out, program_hash().context("reading the program's own file")?);
        let results = self.decide_all(&claims, &registry, &state, seed)?;
        self.write_page(&results)?;
        let ledger = Ledger::new(&results);
        if self.json {
            super::common::print_json(&ledger)?;
        } else {
            let colour = std::io::stdout().is_terminal();
            print(&signcheck::report::table::terminal(&ledger, colour, width()))?;
            print(&format!("page: {}\n", self.out.join("results/report.html").display()))?;
        }
        Ok(exit_of_results(&results))
    }

    fn plan(&self, claims: &[Loaded]) -> Result<Exit> {
        let mut text = String::new();
        for claim in claims {
            let n = replicate_count(&claim.spec, self.profile);
            let count = |k: usize, what: &str| if k == 1 { format!("1 {what}") } else { format!("{k} {what}s") };
            text += &format!(
                "{:40} {}, {}, at most {n} replicates\n",
                claim.spec.id,
                count(claim.spec.bounds.len(), "bound"),
                count(claim.spec.controls.len(), "control"),
            );
        }
        print(&text)?;
        Ok(Exit::Expected)
    }

    /// Fails before any work where the output folder cannot be written.
    fn writable(&self) -> Result<()> {
        let probe = self.out.join("results").join(".writable");
        write_text(&probe, b"")
            .with_context(|| format!("the output folder {} cannot be written", self.out.display()))?;
        std::fs::remove_file(&probe).with_context(|| format!("removing {}", probe.display()))?;
        Ok(())
    }

    fn decide_all(&self, claims: &[Loaded], registry: &Registry, state: &State, seed: u64) -> Result<Vec<ResultFile>> {
        let totals: Vec<u64> = claims.iter().map(|c| replicate_count(&c.spec, self.profile).max(1)).collect();
        let bar = Bar::new(totals.iter().sum());
        let mut results = Vec::new();
        let mut timings: BTreeMap<String, f64> = BTreeMap::new();
        for (i, claim) in claims.iter().enumerate() {
            bar.claim(&claim.spec.id);
            let begun = Instant::now();
            let done =
                if self.fresh { None } else { state.get(&claim.spec.hash, self.profile.name(), seed, self.level) };
            let result = match done {
                Some(result) => result,
                None => {
                    let settings =
                        Settings { registry, seed, level: self.level, profile: self.profile, progress: &bar };
                    let result = decide(&claim.spec, &claim.claim.file, &claim.claim.text, &settings)?;
                    state.put(&result)?;
                    timings.insert(claim.spec.id.clone(), begun.elapsed().as_secs_f64());
                    result
                }
            };
            write_result(&self.out, claim, &result)?;
            results.push(result);
            bar.at(totals[..=i].iter().sum());
        }
        bar.finish();
        if !timings.is_empty() {
            write_json(&self.out.join(".signcheck/timings.json"), &timings)?;
        }
        Ok(results)
    }

    /// Ledger and page cover everything that stands in the folder, not only what ran now.
    fn write_page(&self, results: &[ResultFile]) -> Result<()> {
        let folder = self.out.join("results");
        let everything =
            if self.filters.is_empty() { results.to_vec() } else { signcheck::results::read_all(&folder)? };
        write_json(&folder.join("ledger.json"), &Ledger::new(&everything))?;
        super::export::write_page(&folder, &everything)
    }
}

/// Writes a result, its figures, and a certificate for every bound that is broken exactly.
fn write_result(out: &Path, claim: &Loaded, result: &ResultFile) -> Result<()> {
    let results = out.join("results");
    write_json(&results.join(format!("{}.json", result.id)), result)?;
    for verdict in &result.bounds {
        if let Some(certificate) = certify(&claim.spec, verdict) {
            let name = format!("certificates/{}.{}.json", result.id, verdict.bound);
            write_json(&results.join(name), &certificate)?;
        }
    }
    super::export::draw(&out.join("figures"), result)
}
