//! `falsify`: looks for the instance that is worst for a claim.

use super::common::{load_all, print, print_json, resolve};
use super::{Computing, Exit};
use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use signcheck::harness::{Certificate, Profile, Settings, certificate_name, certify, decide, standalone};
use signcheck::model::Registry;
use signcheck::results::{BoundaryRecord, SearchOutcome, SearchRecord, write_json, write_text};
use signcheck::search::{
    Candidate, Effort, Family, Found, Watch, Weighed, boundary, first_broken_step, is_searchable, search_family, size,
};
use signcheck::spec::{Bound, Overrides, Spec, Table, load_in, trial_of};
use signcheck::verdict::SideValue;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Searches a claim's family of instances for the largest left/right, shrinks what violates, and certifies it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  signcheck falsify li2021/remark-3 --seconds 20
  signcheck falsify my-theorem.toml --evaluations 20000 --out worst.json
  signcheck falsify karimireddy2019/theorem-2 --bound printed --boundary gamma
Exit code 0: no violation found; 1: violated, with a certificate; 2: nothing could be evaluated; 3: error.")]
pub struct Falsify {
    /// Claim ids, globs, places, or files (`-` is standard input)
    #[arg(required = true)]
    claims: Vec<String>,
    /// Seconds for each claim, shared by its bounds: what one of them leaves, the next ones have
    #[arg(long, value_name = "S", default_value_t = 10.0, value_parser = seconds)]
    seconds: f64,
    /// Instances for each bound, in place of a time: the outcome is the same everywhere
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    evaluations: Option<u64>,
    /// Only the bound of that name; repeatable
    #[arg(long, value_name = "NAME")]
    bound: Vec<String>,
    /// Encloses the place along this number at which the outcome flips
    #[arg(long, value_name = "NUMBER")]
    boundary: Option<String>,
    /// Where the certificate is written: a folder, or a file (further ones beside it as <file>.<claim>.<bound>). Default:
    /// <claim>.<bound>.certificate.json here
    #[arg(long, value_name = "CERT")]
    out: Option<PathBuf>,
    /// Writes the shrunk instance as a claim file that `verify` takes (further ones beside it, as with --out)
    #[arg(long, value_name = "FILE")]
    claim: Option<PathBuf>,
    /// Keeps the records for the page in this results folder: falsified/<claim>.json
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Sets a declared parameter; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = super::common::assignment)]
    set: Vec<(String, String)>,
    /// Print the records as a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    computing: Computing,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if v > 0.0 && v <= 1e6 => Ok(v),
        _ => Err("a number of seconds above 0".into()),
    }
}

struct Bar(ProgressBar);

impl Watch for Bar {
    fn progress(&self, evaluations: u64, best: Option<f64>) {
        let best = best.map_or_else(|| "none yet".into(), |b| format!("{b:.6}"));
        self.0.set_message(format!("{evaluations} instances, largest left/right {best}"));
        self.0.tick();
    }
}

/// Whether one instance can break it: a rate speaks of many at once.
fn has_single_instances(bound: &Bound) -> bool {
    bound.trials.first().is_some_and(|t| is_searchable(t.question.relation))
}

/// What is left of a claim's time, in equal parts for the `rest` of its bounds.
fn share(all: Duration, spent: Duration, rest: usize) -> Duration {
    all.saturating_sub(spent) / rest.max(1) as u32
}

/// One bound's part of a call.
#[derive(Clone, Copy)]
struct Turn {
    seed: u64,
    effort: Effort,
    /// Whether no bound before it was violated.
    alone: bool,
}

/// The file that was asked for; where an earlier violation has it, one beside it that names claim and bound.
fn own_file(asked: &Path, spec: &Spec, bound: &Bound, alone: bool) -> PathBuf {
    let stem = asked.file_stem().unwrap_or_default().to_string_lossy();
    let name = certificate_name(&format!("{stem}.{}", spec.id.replace('/', ".")), &bound.name);
    let extension = asked.extension().unwrap_or_default();
    if alone { asked.to_path_buf() } else { asked.with_file_name(name).with_extension(extension) }
}

/// What one bound's search says, ready to be printed.
struct Answer {
    record: SearchRecord,
    text: String,
    evaluated: bool,
}

impl Falsify {
    pub fn run(self) -> Result<Exit> {
        let seed = self.computing.start()?;
        let registry = Registry::standard();
        let claims = load_all(resolve(&self.claims)?, &registry, &self.set)?;
        let mut answers: Vec<Answer> = Vec::new();
        for claim in &claims {
            let names: Vec<&str> = claim.spec.bounds.iter().map(|b| b.name.as_str()).collect();
            if let (Some(name), 1) = (self.bound.iter().find(|b| !names.contains(&b.as_str())), claims.len()) {
                anyhow::bail!("{} has no bound '{name}'; it has: {}", claim.spec.id, names.join(", "));
            }
            let wanted = |b: &&Bound| self.bound.is_empty() || self.bound.contains(&b.name);
            let bounds: Vec<&Bound> = claim.spec.bounds.iter().filter(wanted).collect();
            let mut own = Vec::new();
            let begun = Instant::now();
            for (i, bound) in bounds.iter().enumerate() {
                let rest = bounds[i..].iter().filter(|b| has_single_instances(b)).count();
                let effort = self.effort(begun.elapsed(), rest);
                let alone = !answers.iter().any(|a| a.record.outcome == SearchOutcome::Violated);
                let answer = self.one(&claim.spec, bound, &registry, Turn { seed, effort, alone })?;
                if !self.json {
                    print(&answer.text)?;
                }
                own.push(answer.record.clone());
                answers.push(answer);
            }
            if let Some(folder) = &self.record {
                self.keep(folder, &claim.spec.id, own)?;
            }
        }
        anyhow::ensure!(!answers.is_empty(), "no bound to search: a file with figures only has none");
        if self.json {
            print_json(&answers.iter().map(|a| &a.record).collect::<Vec<_>>())?;
        }
        let violated = answers.iter().any(|a| a.record.outcome == SearchOutcome::Violated);
        Ok(match (violated, answers.iter().any(|a| a.evaluated)) {
            (true, _) => Exit::Unexpected,
            (false, true) => Exit::Expected,
            (false, false) => Exit::Undecided,
        })
    }

    /// What the next of `rest` bounds may take after the claim's search has gone on for `spent`.
    fn effort(&self, spent: Duration, rest: usize) -> Effort {
        match self.evaluations {
            Some(n) => Effort::Evaluations(n),
            None => Effort::Time(share(Duration::from_secs_f64(self.seconds), spent, rest)),
        }
    }

    /// Records do not hold what a clock said.
    fn keep(&self, folder: &Path, id: &str, mut records: Vec<SearchRecord>) -> Result<()> {
        for record in &mut records {
            record.seconds_to_first = None;
            record.certificate = record
                .certificate
                .as_ref()
                .map(|_| format!("certificates/falsified/{}", certificate_name(id, &record.bound)));
        }
        write_json(&folder.join(format!("falsified/{id}.json")), &records)?;
        Ok(())
    }

    fn one(&self, spec: &Spec, bound: &Bound, registry: &Registry, turn: Turn) -> Result<Answer> {
        let Turn { seed, effort, .. } = turn;
        if !has_single_instances(bound) {
            let why = "a rate speaks of many horizons at once: no single instance breaks it";
            return Ok(self.silent(spec, bound, seed, why));
        }
        let family = Family::new(bound, registry);
        let bar = Bar(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        let style = ProgressStyle::with_template("{spinner} {prefix} {msg}");
        bar.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.0.set_prefix(format!("{} [{}]", spec.id, bound.name));
        let found = search_family(&family, (&spec.id, &bound.name), registry, seed, effort, &bar);
        bar.0.finish_and_clear();
        self.answer(spec, bound, registry, (&family, found), turn)
    }

    fn silent(&self, spec: &Spec, bound: &Bound, seed: u64, why: &str) -> Answer {
        let record = SearchRecord {
            id: spec.id.clone(),
            bound: bound.name.clone(),
            outcome: SearchOutcome::NoneFound,
            ratio: None,
            why: Some(why.into()),
            family: Vec::new(),
            seconds_to_first: None,
            seconds: Vec::new(),
            evaluations_to_first: None,
            evaluations: 0,
            met: 0,
            seed,
            instance: Value::Null,
            shrunk: Value::Null,
            sizes: None,
            sides: None,
            settled: false,
            exhausted: false,
            certificate: None,
            boundary: None,
            first_broken_step: None,
        };
        let text = format!("{} [{}]: not searched: {why}\n", spec.id, bound.name);
        Answer { record, text, evaluated: false }
    }

    fn answer(
        &self,
        spec: &Spec,
        bound: &Bound,
        registry: &Registry,
        (family, found): (&Family, Found),
        Turn { seed, alone, .. }: Turn,
    ) -> Result<Answer> {
        let Some((worst, weighed)) = &found.best else {
            let most: Vec<String> = found.refused.iter().take(3).map(|(why, n)| format!("{why} ({n})")).collect();
            let why = format!("none of {} instances could be evaluated: {}", found.evaluations, most.join("; "));
            let mut answer = self.silent(spec, bound, seed, &why);
            answer.text = format!("{} [{}]: {why}\n", spec.id, bound.name);
            answer.record.evaluations = found.evaluations;
            answer.record.family = family.varies();
            answer.record.exhausted = found.exhausted;
            return Ok(answer);
        };
        let mut answer = self.silent(spec, bound, seed, "");
        let record = &mut answer.record;
        record.why = None;
        record.family = family.varies();
        record.ratio = quotient(weighed);
        if record.ratio.is_none() {
            record.why = Some("the sides have no quotient here".into());
        }
        if weighed.suspect || !weighed.certain && record.ratio.is_some_and(|r| r > 1.0 + 1e-9) {
            let ratio = record.ratio.take().map_or_else(String::new, |r| format!(", at a ratio of {r:.3e}"));
            record.why = Some(format!("a sample or doubles put it above the bound{ratio}; nothing exact decides it"));
        }
        record.evaluations = found.evaluations;
        record.met = found.met;
        record.settled = found.settled;
        record.exhausted = found.exhausted;
        record.instance = instance_json(family, worst, registry);
        answer.evaluated = true;
        let share = format!("{} of {} instances met the hypotheses", found.met, found.evaluations);
        let Some((smallest, small)) = found.shrunk.as_ref().filter(|_| weighed.certain) else {
            record.sides = Some(sides(weighed));
            let settled = record.convergence();
            let ratio = match (record.ratio, &record.why) {
                (Some(ratio), _) => format!("{ratio:.9}"),
                (None, why) => why.clone().unwrap_or_default(),
            };
            answer.text = format!(
                "{} [{}]: no violation found; largest left/right: {ratio} ({share}; {settled})\n  {}\n",
                spec.id, bound.name, record.instance
            );
            return Ok(answer);
        };
        let Some(tree) = family.render(smallest) else { return Ok(answer) };
        let (certificate, text) =
            certificate(&tree, bound, registry, spec).context("certifying the shrunk instance")?;
        record.outcome = SearchOutcome::Violated;
        (record.evaluations_to_first, record.seconds_to_first) = found.first.unzip();
        record.shrunk = instance_json(family, smallest, registry);
        record.sizes = Some((size(worst), size(smallest)));
        record.sides = Some(sides(small));
        record.first_broken_step = first_broken_step(spec, bound, &tree, registry);
        let path = self.path_of(spec, bound, alone);
        write_json(&path, &certificate)?;
        record.certificate = Some(path.display().to_string());
        if let Some(file) = &self.claim {
            write_text(&own_file(file, spec, bound, alone), text.as_bytes())?;
        }
        answer.text = explanation(spec, bound, record, weighed, small, &share);
        if let Some(name) = &self.boundary {
            match boundary(registry, family, smallest, name) {
                Ok(found) => {
                    let holds = if found.holds_above { "above" } else { "below" };
                    let (low, high) = (found.low.to_string(), found.high.to_string());
                    answer.text += &format!(
                        "  along {name} the outcome flips between {low} and {high} ({:.9}); the bound holds {holds}\n",
                        found.low.to_f64()
                    );
                    let parameter = found.parameter;
                    record.boundary = Some(BoundaryRecord { parameter, low, high, holds: holds.into() });
                }
                Err(why) => anyhow::bail!("--boundary {name}: {why}"),
            }
        }
        Ok(answer)
    }

    fn path_of(&self, spec: &Spec, bound: &Bound, alone: bool) -> PathBuf {
        let name = certificate_name(&spec.id.replace('/', "."), &bound.name).replace(".json", ".certificate.json");
        match (&self.out, &self.record) {
            (Some(out), _) if out.is_dir() => out.join(name),
            (Some(out), _) => own_file(out, spec, bound, alone),
            (None, Some(folder)) => folder.join("certificates/falsified").join(certificate_name(&spec.id, &bound.name)),
            (None, None) => PathBuf::from(name),
        }
    }
}

/// The ratio, where it says how far the bound is off: of sides that are not negative.
fn quotient(weighed: &Weighed) -> Option<f64> {
    let counts = |side: &Option<SideValue>| side.as_ref().is_some_and(|s| s.point >= 0.0);
    let both = counts(&weighed.verdict.left) && counts(&weighed.verdict.right);
    weighed.verdict.comparison.as_ref().ok().and_then(|c| c.ratio).filter(|_| both)
}

/// Both sides, exact where they are rational.
fn sides(weighed: &Weighed) -> (String, String) {
    let text = |side: &Option<SideValue>| {
        side.as_ref().map_or_else(
            || "?".into(),
            |s| s.exact.as_ref().map_or_else(|| format!("{:.12}", s.point), ToString::to_string),
        )
    };
    (text(&weighed.verdict.left), text(&weighed.verdict.right))
}

/// What describes an instance: parameters, objective, oracle, algorithm, conventions, run.
fn instance_json(family: &Family, candidate: &Candidate, registry: &Registry) -> Value {
    let trial = family.render(candidate).and_then(|tree| trial_of(&tree, registry).ok());
    let claim = trial.and_then(|trial| standalone(&trial, &std::collections::BTreeMap::new(), "", ""));
    let Some(Value::Object(claim)) = claim else { return Value::Null };
    let kept = ["parameters", "problem", "oracle", "algorithm", "semantics", "quantity", "run"];
    claim.into_iter().filter(|(key, _)| kept.contains(&key.as_str())).collect::<serde_json::Map<_, _>>().into()
}

/// The certificate of an instance and the claim file that it holds, decided by the same code as `verify`.
fn certificate(tree: &Table, bound: &Bound, registry: &Registry, spec: &Spec) -> Result<(Certificate, String)> {
    let trial = trial_of(tree, registry).map_err(|e| anyhow::anyhow!("{}", e.first().map_or("", |e| &e.message)))?;
    let why = format!("found by a search of the family of {} [{}]", spec.id, bound.name);
    let claim = standalone(&trial, &std::collections::BTreeMap::new(), &bound.name, &why).context("no claim file")?;
    let text = toml::to_string(&claim)?;
    let file = "the shrunk instance";
    let again = load_in(Profile::Full.name(), (file, &text), registry, &Overrides::default())
        .map_err(|e| anyhow::anyhow!("{e}"))?;
    let settings =
        Settings { registry, seed: 0, level: 1e-6, profile: Profile::Full, progress: &signcheck::engine::Silent };
    let result = decide(&again, file, &text, &settings)?;
    let verdict = result.bounds.first().context("no verdict")?;
    let certificate = certify(&again, verdict).with_context(|| format!("it came out {:?}", verdict.outcome))?;
    Ok((certificate, text))
}

fn explanation(
    spec: &Spec,
    bound: &Bound,
    record: &SearchRecord,
    worst: &Weighed,
    small: &Weighed,
    share: &str,
) -> String {
    let ratio = |w: &Weighed| quotient(w).map_or_else(|| "no quotient".into(), |r| format!("{r:.9}"));
    let (left, right) = record.sides.clone().unwrap_or_default();
    let mut text = format!(
        "{} [{}]: VIOLATED; largest left/right {} ({share})\n  smallest instance found, left/right {}:\n",
        spec.id,
        bound.name,
        ratio(worst),
        ratio(small)
    );
    if let Value::Object(parts) = &record.shrunk {
        for (name, part) in parts {
            text += &format!("    {name}: {}\n", json!(part));
        }
    }
    let asked = bound.trials.first().map(|t| (t.question.left_text.clone(), t.question.relation.name()));
    let (left_text, relation) = asked.unwrap_or_default();
    text += &format!("  left   {left_text} = {left}\n  right  {} = {right}   ({relation})\n", bound.right_text);
    for audit in small.verdict.hypotheses() {
        text += &format!("  {}: {}\n", audit.name, audit.value);
    }
    if let Some(step) = &record.first_broken_step {
        text += &format!("  of the file's other bounds '{step}' is the first that breaks here too\n");
    }
    if let Some(path) = &record.certificate {
        text += &format!("  certificate: {path}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_share_the_time_of_their_claim() {
        let seconds = Duration::from_secs;
        assert_eq!(share(seconds(12), seconds(0), 4), seconds(3));
        // The first was done at once: the others have what it left.
        assert_eq!(share(seconds(12), seconds(0), 3), seconds(4));
        assert_eq!(share(seconds(12), seconds(10), 1), seconds(2));
        assert_eq!(share(seconds(12), seconds(30), 2), seconds(0));
    }
}
