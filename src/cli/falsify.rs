//! `falsify`: looks for the instance that is worst for a claim.

use super::common::{build_all, load_all, print, print_json, resolve};
use super::say;
use super::{Computing, Exit};
use crate::claim::{Bound, Overrides, Spec, Table, Within, load_in, scenario_of};
use crate::expr::Expr;
use crate::model::Registry;
use crate::results::{BoundaryRecord, SearchOutcome, SearchRecord, write_json, write_text};
use crate::run::{Certificate, Profile, Settings, certificate_name, certify, decide, standalone};
use crate::scalar::Rational;
use crate::search::{
    Candidate, Effort, Family, Found, Task, Watch, boundary, first_broken_step, is_searchable, search_family, size,
};
use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Searches a claim's family of instances for the largest left/right, shrinks what violates, and certifies it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  signcheck falsify li2021/remark-3 --seconds 20
  signcheck falsify my-theorem.toml --evaluations 20000 --out worst.json
  signcheck falsify karimireddy2019/theorem-2 --bound printed --boundary gamma
  signcheck falsify my-theorem.toml --set T=16 --set 'L/mu in [10, 11]'

Exit code 0: no violation found; 1: violated, with a certificate; 2: no violation found, but
something that the file lists was skipped, or nothing could be evaluated; 3: error.")]
pub(super) struct Falsify {
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
    /// Encloses the value of this number, a parameter or another number of the instance, at which the outcome flips
    #[arg(long, value_name = "NUMBER")]
    boundary: Option<String>,
    /// Where the certificate is written: a folder, or a file (further ones beside it as <file>.<claim>.<bound>).
    /// Default: <claim>.<bound>.certificate.json here
    #[arg(long, value_name = "CERT")]
    out: Option<PathBuf>,
    /// Writes the shrunk instance as a claim file that `verify` takes (further ones beside it, as with --out)
    #[arg(long, value_name = "FILE")]
    claim: Option<PathBuf>,
    /// Keeps the records for the page in this results folder: falsified/<claim>.json
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Sets a declared parameter (NAME=VALUE), or keeps a parameter or an expression in parameters and facts to a range
    /// ('L/mu in [10, 11]'); repeatable
    #[arg(long, value_name = "SETTING", value_parser = setting)]
    set: Vec<Setting>,
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

/// What `--set` takes.
#[derive(Debug, Clone)]
enum Setting {
    /// A parameter gets a value.
    Value(String, String),
    /// An expression keeps to a range.
    Range(String, Within),
}

/// Reads `NAME=VALUE` or `EXPRESSION in [LOW, HIGH]`.
fn setting(text: &str) -> Result<Setting, String> {
    let Some((expression, range)) = text.split_once(" in ") else {
        return super::common::assignment(text).map(|(name, value)| Setting::Value(name, value)).map_err(|_| {
            "write NAME=VALUE, such as T=16, or a range of a parameter or an expression: 'L/mu in [10, 11]'".into()
        });
    };
    let ends = range.trim().strip_prefix('[').and_then(|r| r.strip_suffix(']')).and_then(|r| r.split_once(','));
    let number = |end: &str| end.trim().parse::<Rational>().map_err(|e| format!("'{}': {e}", end.trim()));
    let (low, high) = ends.ok_or_else(|| format!("'{}' is no range: write [10, 11]", range.trim()))?;
    let range = (number(low)?, number(high)?);
    if range.0 > range.1 {
        return Err(format!("the range [{}, {}] is empty", range.0, range.1));
    }
    let expression = expression.trim();
    let expr = Expr::parse(expression).map_err(|e| format!("'{expression}': {e}"))?;
    Ok(Setting::Range(text.into(), Within { text: expression.into(), expr, range }))
}

struct Bar(ProgressBar);

impl Watch for Bar {
    fn progress(&self, evaluations: u64, best: Option<f64>) {
        let best = best.map_or_else(|| "none yet".into(), |b| format!("{b:.6}"));
        self.0.set_message(format!("{evaluations} instances, largest left/right {best}"));
        self.0.tick();
    }
}

/// Whether one instance can break it: a rate is about many at once.
fn has_single_instances(bound: &Bound) -> bool {
    bound.scenarios.first().is_some_and(|t| is_searchable(t.question.relation))
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

/// The requested file; where an earlier violation has it, one beside it that names claim and bound.
fn own_file(path: &Path, spec: &Spec, bound: &Bound, alone: bool) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = certificate_name(&format!("{stem}.{}", spec.id.replace('/', ".")), &bound.name);
    let extension = path.extension().unwrap_or_default();
    if alone { path.to_path_buf() } else { path.with_file_name(name).with_extension(extension) }
}

/// The result of one bound's search, ready to be printed.
struct Answer {
    record: SearchRecord,
    text: String,
    evaluated: bool,
}

impl Setting {
    fn value(&self) -> Option<(String, String)> {
        match self {
            Setting::Value(name, value) => Some((name.clone(), value.clone())),
            Setting::Range(..) => None,
        }
    }
}

impl Falsify {
    pub(super) fn run(self) -> Result<Exit> {
        let seed = self.computing.start()?;
        let registry = Registry::standard();
        let values: Vec<(String, String)> = self.set.iter().filter_map(Setting::value).collect();
        let mut claims = load_all(resolve(&self.claims)?, &registry, &values)?;
        build_all(&claims, &registry)?;
        for claim in &mut claims {
            self.keep_within(&mut claim.spec)?;
        }
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
        let open = answers.iter().any(|a| a.record.leaves_open()) || !answers.iter().any(|a| a.evaluated);
        Ok(match (violated, open) {
            (true, _) => Exit::Unexpected,
            (false, true) => Exit::Undecided,
            (false, false) => Exit::Expected,
        })
    }

    /// Lays the ranges of `--set` over the families of a claim.
    fn keep_within(&self, spec: &mut Spec) -> Result<()> {
        let ranges = self.set.iter().filter_map(|setting| match setting {
            Setting::Range(text, within) => Some((text, within)),
            Setting::Value(..) => None,
        });
        for (text, within) in ranges {
            let names: Vec<String> = within.expr.names().into_iter().map(|(name, _)| name.to_string()).collect();
            for bound in &mut spec.bounds {
                if let Some(why) = bound.keep_within(within, &names) {
                    anyhow::bail!("--set '{text}': {why}");
                }
            }
        }
        Ok(())
    }

    /// What the next of `rest` bounds may take after the claim's search has gone on for `spent`.
    fn effort(&self, spent: Duration, rest: usize) -> Effort {
        match self.evaluations {
            Some(n) => Effort::Evaluations(n),
            None => Effort::Time(share(Duration::from_secs_f64(self.seconds), spent, rest)),
        }
    }

    /// Records do not hold times.
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
            let text = format!("{} [{}]: not searched: {why}\n", spec.id, bound.name);
            let record = SearchRecord { why: Some(why.into()), ..say::empty_record(spec, bound, seed) };
            return Ok(Answer { record, text, evaluated: false });
        }
        let family = Family::new(bound, registry);
        let bar = Bar(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        let style = ProgressStyle::with_template("{spinner} {prefix} {msg}");
        bar.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.0.set_prefix(format!("{} [{}]", spec.id, bound.name));
        let task = Task { name: (&spec.id, &bound.name), seed, effort, watch: &bar };
        let found = search_family(&family, registry, &task);
        bar.0.finish_and_clear();
        self.answer(spec, bound, registry, (&family, &found), turn)
    }

    fn answer(
        &self,
        spec: &Spec,
        bound: &Bound,
        registry: &Registry,
        (family, found): (&Family, &Found),
        Turn { seed, alone, .. }: Turn,
    ) -> Result<Answer> {
        let mut record = say::record(spec, bound, seed, family, found);
        let show = |candidate: &Candidate| instance_json(family, candidate, registry);
        if let Some((_, cell)) = &found.sampled {
            record.sampled = Some(say::sampled(cell));
        }
        let Some((worst, evaluated)) = say::largest(found) else {
            let text = say::nothing(spec, bound, &mut record, found);
            return Ok(Answer { record, text, evaluated: false });
        };
        record.instance = show(worst);
        say::ratios(&mut record, found, family);
        let Some((smallest, small)) = found.shrunk.as_ref().filter(|_| evaluated.certain) else {
            record.sides = Some(say::sides(evaluated));
            let text = say::none_found(spec, bound, &record, found);
            return Ok(Answer { record, text, evaluated: true });
        };
        let tree = family.render(smallest).context("the shrunk instance")?;
        let (certificate, text) =
            certificate(&tree, bound, registry, spec).context("certifying the shrunk instance")?;
        record.outcome = SearchOutcome::Violated;
        (record.evaluations_to_first, record.seconds_to_first) = found.first.unzip();
        record.shrunk = show(smallest);
        record.sizes = Some((size(worst), size(smallest)));
        record.sides = Some(say::sides(small));
        record.first_broken_step = first_broken_step(spec, bound, &tree, registry);
        let path = self.path_of(spec, bound, alone);
        write_json(&path, &certificate)?;
        record.certificate = Some(path.display().to_string());
        if let Some(file) = &self.claim {
            write_text(&own_file(file, spec, bound, alone), text.as_bytes())?;
        }
        let mut answer =
            Answer { text: say::violated(spec, bound, &record, (evaluated, small), found), record, evaluated: true };
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
                    answer.record.boundary = Some(BoundaryRecord { parameter, low, high, holds: holds.into() });
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

/// What describes an instance: parameters, objective, oracle, algorithm, conventions, run.
fn instance_json(family: &Family, candidate: &Candidate, registry: &Registry) -> Value {
    let scenario = family.render(candidate).and_then(|tree| scenario_of(&tree, registry).ok());
    let claim = scenario.and_then(|scenario| standalone(&scenario, &std::collections::BTreeMap::new(), "", ""));
    let Some(Value::Object(claim)) = claim else { return Value::Null };
    let kept = ["parameters", "problem", "oracle", "algorithm", "semantics", "quantity", "run"];
    claim.into_iter().filter(|(key, _)| kept.contains(&key.as_str())).collect::<serde_json::Map<_, _>>().into()
}

/// The certificate of an instance and the claim file that it holds, decided by the same code as `verify`.
fn certificate(tree: &Table, bound: &Bound, registry: &Registry, spec: &Spec) -> Result<(Certificate, String)> {
    let scenario =
        scenario_of(tree, registry).map_err(|e| anyhow::anyhow!("{}", e.first().map_or("", |e| &e.message)))?;
    let why = format!("found by a search of the family of {} [{}]", spec.id, bound.name);
    let claim =
        standalone(&scenario, &std::collections::BTreeMap::new(), &bound.name, &why).context("no claim file")?;
    let text = toml::to_string(&claim)?;
    let file = "the shrunk instance";
    let again = load_in(Profile::Full.name(), (file, &text), registry, &Overrides::default())
        .map_err(|e| anyhow::anyhow!("{e}"))?;
    let settings =
        Settings { registry, seed: 0, level: 1e-6, profile: Profile::Full, progress: &crate::engine::Silent };
    let result = decide(&again, file, &text, &settings)?;
    let verdict = result.bounds.first().context("no verdict")?;
    let certificate = certify(&again, verdict).with_context(|| format!("it came out {}", verdict.outcome.name()))?;
    Ok((certificate, text))
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
