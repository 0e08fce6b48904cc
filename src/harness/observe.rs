//! The quantities of a claim as a regression baseline keeps them: both sides of every bound, exponents, the wire, curves
//! and outcomes, each with its noise.
//!
//! Unlike [`decide`](super::decide), which stops as soon as an outcome is settled, what is sampled here has the declared
//! number of replicates, so that a standard error means what it says. Only an outcome may look further, at four times that
//! number, and what it saw there does not enter the estimates.

use super::assemble::Judge;
use super::decide::{
    CellOutcome, CellRun, ExperimentRun, HarnessError, Job, Jobs, Profile, Settings, axes, exact_values,
};
use super::pictures::drawn_variants;
use crate::engine::{Estimates, PathMoments, Plan, Sampling, plain_enclosed, ranges, run_until};
use crate::expr::Expr;
use crate::regress::{Entry, Sample, Value};
use crate::results::{CellRecord, Evidence, Outcome};
use crate::scalar::{Rational, Scalar};
use crate::spec::{
    Diagnostic, FigureKind, Instance, InstanceError, Left, Reducer, Relation, Spec, SpecError, Term, Trial, Variant,
    Work, cells, evaluate_quantity,
};
use crate::stats::{Interval, LogPoint, Moments, log_log, slope};
use crate::verdict::{SideValue, TermSource, left_of_row, right_side};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rounding of an exponent that was fitted through numbers known without noise.
const SLOPE_ROUNDING: f64 = 1e-9;

/// A job's estimates at the declared number of replicates, a cell each; `None` for quantities.
type Fixed = Vec<Option<Estimates>>;

/// Runs a claim with `budget` times its declared replicates and lists its quantities.
///
/// `file` and `text` are the claim file's name and text, for error messages.
///
/// # Errors
/// As [`decide`](super::decide).
pub fn observe(
    spec: &Spec,
    (file, text): (&str, &str),
    settings: &Settings<'_>,
    budget: u64,
) -> Result<Vec<Entry>, HarnessError> {
    let locate = |error: InstanceError| {
        let diagnostic = Diagnostic::new(error.span, error.message);
        HarnessError::Spec(Box::new(SpecError::new(file, text, vec![diagnostic])))
    };
    let mut jobs = Jobs::collect(spec);
    let mut points = Vec::new();
    for job in &jobs.0 {
        points.push(cells(job.variant).map_err(locate)?);
    }
    for (job, points) in jobs.0.iter_mut().zip(&points) {
        job.cells = points.len();
    }
    let judge = Judge { spec, jobs: &jobs, level: settings.level, registry: settings.registry };
    let (mut runs, mut fixed): (Vec<Vec<CellRun>>, Vec<Fixed>) = (Vec::new(), Vec::new());
    for (job, points) in jobs.0.iter().zip(points) {
        let (mut done, mut kept) = (Vec::new(), Vec::new());
        for cell in points {
            match &job.variant.work {
                Work::Experiment(experiment) => {
                    let instance = Instance::build(settings.registry, experiment, &cell).map_err(locate)?;
                    let (run, estimates) = sample(&judge, job, CellPlan { cell, instance, budget }, settings)?;
                    done.push(run);
                    kept.push(Some(estimates));
                }
                Work::Quantity(part) => {
                    let rows = evaluate_quantity(settings.registry, part, &cell).map_err(locate)?;
                    done.push(CellRun { cell, outcome: CellOutcome::Quantity(rows) });
                    kept.push(None);
                }
            }
        }
        runs.push(done);
        fixed.push(kept);
    }
    for (job, runs) in jobs.0.iter_mut().zip(runs) {
        job.runs = runs;
    }
    let judge = Judge { spec, jobs: &jobs, level: settings.level, registry: settings.registry };
    let mut listing = Listing { judge: &judge, jobs: &jobs, fixed: &fixed, entries: Vec::new(), seen: BTreeSet::new() };
    listing.bounds();
    listing.controls();
    listing.curves();
    Ok(listing.entries)
}

struct CellPlan {
    cell: crate::spec::Cell,
    instance: Instance,
    budget: u64,
}

/// Runs one cell; gives the run that outcomes rest on, and the estimates at the declared number.
fn sample(
    judge: &Judge<'_>,
    job: &Job<'_>,
    CellPlan { cell, instance, budget }: CellPlan,
    settings: &Settings<'_>,
) -> Result<(CellRun, Estimates), HarnessError> {
    let spec = judge.spec;
    let axes = axes(spec, &job.case, &cell);
    let place = format!("case '{}' ({})", job.case, cell_text(&job.case, job.variant, &cell));
    let failed = |error| HarnessError::Run { id: spec.id.clone(), place: place.clone(), error };
    let terms: Vec<&Term> = job.terms.iter().collect();
    let curves: Vec<&Expr> = job.curves.iter().collect();
    let plan = Plan::new(&instance, &terms, &curves).map_err(failed)?;
    let exact = exact_values(&instance, &plan, settings.profile);
    let enclosed = (instance.is_deterministic() && !exact.as_ref().is_some_and(|e| e.is_complete()))
        .then(|| plain_enclosed(&instance, &Plan { curves: Vec::new(), ..plan.clone() }).ok())
        .flatten();
    let with_certain = |mut estimates: Estimates| {
        if let Some(exact) = &exact {
            estimates.set_exact(exact.paths.clone(), exact.series.clone(), exact.traffic);
        }
        if let Some(record) = &enclosed {
            estimates.set_enclosed(record.clone());
        }
        estimates
    };
    let nothing = with_certain(Estimates::empty(&plan, &instance));
    let ranges = ranges(&instance, &plan);
    let instance = Arc::new(instance);
    let run = ExperimentRun { instance: Arc::clone(&instance), estimates: nothing.clone(), ranges };
    let mut run = CellRun { cell, outcome: CellOutcome::Experiment(Box::new(run)) };
    if exact.as_ref().is_some_and(|e| e.is_complete()) && plan.curves.is_empty() {
        return Ok((run, nothing));
    }
    let declared = job.variant.experiment().map_or((1, 1), |e| e.run.replicates);
    let declared = if settings.profile == Profile::Quick { declared.0 } else { declared.1 };
    let declared = declared.saturating_mul(budget);
    // Rates and orderings compare cells at one number of replicates; curves are not worth more than that.
    let alone = job.curves.is_empty() && spec.bounds.iter().flat_map(|b| &b.trials).any(|t| job.answers(t));
    let looks = [declared, declared.saturating_mul(4)];
    let looks = if alone { &looks[..] } else { &looks[..1] };
    let mut kept = None;
    let sampling = Sampling { seed: settings.seed, axes: &axes, looks, progress: settings.progress };
    let mut enough = |estimates: &Estimates| {
        let estimates = with_certain(estimates.clone());
        if let CellOutcome::Experiment(run) = &mut run.outcome {
            run.estimates = estimates.clone();
        }
        kept.get_or_insert(estimates);
        judge.is_settled(job, &run, false)
    };
    run_until(&instance, &plan, sampling, &mut enough).map_err(failed)?;
    let kept = kept.unwrap_or(nothing);
    Ok((run, kept))
}

/// `K=16, case=small`: what is swept, and the case.
fn cell_text(case: &str, variant: &Variant, cell: &crate::spec::Cell) -> String {
    let swept = |name: &str| variant.parameters.iter().any(|p| p.name == name && p.values.len() > 1);
    let axes = cell.axes().into_iter().filter(|(name, _)| swept(name));
    let case = (!case.is_empty()).then(|| ("case".to_string(), case.to_string()));
    axes.chain(case).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

/// A side that is known without noise.
fn known(side: &SideValue) -> Value {
    match &side.exact {
        Some(q) => Value::fraction(&q.to_string(), q.to_f64()),
        None => Value::within(side.interval.low(), side.interval.high(), side.grade == Evidence::Exact),
    }
}

struct Listing<'a, 'j> {
    judge: &'a Judge<'a>,
    jobs: &'a Jobs<'j>,
    fixed: &'a [Fixed],
    entries: Vec<Entry>,
    /// What is listed already: bounds share left sides, and one run sends its bits once.
    seen: BTreeSet<String>,
}

impl Listing<'_, '_> {
    fn push(&mut self, quantity: String, cell: String, value: Value) {
        self.entries.push(Entry { quantity, cell, value });
    }

    /// Whether this is the first time that it is asked for.
    fn first(&mut self, key: String) -> bool {
        self.seen.insert(key)
    }

    fn index(&self, case: &str, variant: &Variant) -> Option<usize> {
        self.jobs.0.iter().position(|j| j.case == case && j.variant.setup == variant.setup)
    }

    fn bounds(&mut self) {
        let (records, cells) = self.judge.bounds();
        let spec = self.judge.spec;
        for record in &records {
            let sampled = record.evidence > Evidence::Numeric;
            let quantity = format!("{}: outcome", record.bound);
            self.push(quantity, String::new(), outcome(record.outcome, &record.reason, sampled));
        }
        for bound in &spec.bounds {
            let mut found = cells.get(&bound.name).into_iter().flatten();
            for trial in &bound.trials {
                match trial.question.relation {
                    Relation::Rate => self.rate(&bound.name, trial, &mut found),
                    Relation::Ordering => self.ordering(&bound.name, trial),
                    _ => self.plain(&bound.name, trial),
                }
            }
        }
    }

    fn controls(&mut self) {
        let spec = self.judge.spec;
        let mut number: BTreeMap<&str, usize> = BTreeMap::new();
        let records = self.judge.controls();
        // A record's evidence is not kept: what rests on a run with noise may come out otherwise with another seed.
        for (record, control) in records.iter().zip(&spec.controls) {
            let count = number.entry(&control.bound).or_default();
            *count += 1;
            let quantity = format!("{}: control {count}", control.bound);
            let sampled = control.trials.iter().any(|t| self.is_sampled(t));
            self.push(quantity, String::new(), outcome(record.outcome, "", sampled));
        }
    }

    fn is_sampled(&self, trial: &Trial) -> bool {
        let variants = trial.curves.iter().map(|(_, v)| v).chain(trial.curves.is_empty().then_some(&trial.variant));
        let indices: Vec<usize> = variants.filter_map(|v| self.index(&trial.case, v)).collect();
        indices.iter().any(|i| self.fixed[*i].iter().flatten().any(|e| !e.deterministic))
    }

    fn plain(&mut self, bound: &str, trial: &Trial) {
        let Some(index) = self.index(&trial.case, &trial.variant) else { return };
        for i in 0..self.jobs.0[index].runs.len() {
            self.left(&format!("{bound}: left"), trial, (index, i), &trial.variant);
            self.right(bound, trial, (index, i));
        }
    }

    fn ordering(&mut self, bound: &str, trial: &Trial) {
        for (curve, variant) in &trial.curves {
            let Some(index) = self.index(&trial.case, variant) else { continue };
            for i in 0..self.jobs.0[index].runs.len() {
                self.left(&format!("{bound}: left of {curve}"), trial, (index, i), variant);
            }
        }
    }

    /// The left side of one run, its bits and calls.
    fn left(&mut self, quantity: &str, trial: &Trial, (index, i): (usize, usize), variant: &Variant) {
        let job = &self.jobs.0[index];
        let run = &job.runs[i];
        let cell = cell_text(&trial.case, variant, &run.cell);
        if self.first(format!("left {index} {i} {}", trial.question.left_text)) {
            let value = self.left_value(trial, (index, i));
            self.push(quantity.into(), cell.clone(), value);
        }
        let traffic = run.experiment().map(|e| e.estimates.traffic);
        if let Some(traffic) = traffic.filter(|_| self.first(format!("wire {index} {i}"))) {
            let name = quantity.replacen(": left", ": ", 1);
            self.push(format!("{}bits on the wire", spaced(&name)), cell.clone(), Value::count(traffic.bits()));
            self.push(format!("{}oracle calls", spaced(&name)), cell, Value::count(traffic.calls));
        }
    }

    fn left_value(&self, trial: &Trial, (index, i): (usize, usize)) -> Value {
        let job = &self.jobs.0[index];
        let (run, question) = (&job.runs[i], &trial.question);
        match (&run.outcome, &self.fixed[index][i], &trial.variant.work) {
            (CellOutcome::Experiment(e), Some(fixed), _) => {
                if fixed.diverged.0 > 0 {
                    return Value::Word { text: "diverged".into(), sampled: !fixed.deterministic };
                }
                let strongest = self.judge.left(question, job, run, true);
                let side = match &strongest {
                    // Doubles with their error may say more than an enclosure that has widened.
                    Ok(side) if side.grade <= Evidence::Numeric && side.exact.is_none() => {
                        let other = self.judge.left(question, job, run, false).ok();
                        let narrower = |o: &SideValue| o.interval.width() < 1e-3 * side.interval.width();
                        Ok(other.filter(narrower).unwrap_or_else(|| side.clone()))
                    }
                    other => other.clone(),
                };
                match side {
                    Ok(side) if side.grade <= Evidence::Numeric => known(&side),
                    Ok(_) => {
                        let sources = job.sources(&question.left);
                        sampled_left(&question.left, &sources, fixed, &e.ranges, &|name| run.constant(name))
                            .map_or(Value::Word { text: "no value".into(), sampled: true }, Value::sampled)
                    }
                    Err(_) => Value::Word { text: "no value".into(), sampled: !fixed.deterministic },
                }
            }
            (CellOutcome::Quantity(_), ..) => {
                self.over_rows(trial, run, &question.left.combine).unwrap_or_else(no_value)
            }
            _ => no_value(),
        }
    }

    fn right(&mut self, bound: &str, trial: &Trial, (index, i): (usize, usize)) {
        let run = &self.jobs.0[index].runs[i];
        let Some(right) = &trial.question.right else { return };
        let value = match &run.outcome {
            CellOutcome::Experiment(_) => right_side(&right.expr, &|name| run.constant(name)).ok().map(|s| known(&s)),
            CellOutcome::Quantity(_) => self.over_rows(trial, run, &right.expr),
        };
        let cell = cell_text(&trial.case, &trial.variant, &run.cell);
        self.push(format!("{bound}: right"), cell, value.unwrap_or_else(no_value));
    }

    /// A side of a quantity: of its one row, or the mean over its rows.
    fn over_rows(&self, trial: &Trial, run: &CellRun, expr: &Expr) -> Option<Value> {
        let (CellOutcome::Quantity(rows), Work::Quantity(part)) = (&run.outcome, &trial.variant.work) else {
            return None;
        };
        let outputs: Vec<&str> =
            self.judge.registry.quantity(&part.name).ok()?.outputs.iter().map(|o| o.name).collect();
        let side = |row| left_of_row(expr, &outputs, row, &|name| run.constant(name)).ok();
        if let [row] = rows.as_slice() {
            return side(row).map(|s| known(&s));
        }
        let sides: Vec<SideValue> = rows.iter().filter_map(side).collect();
        let weight = Interval::from_rational(&Rational::ratio(1, sides.len() as u64));
        let sum = sides.iter().fold(Interval::point(0.0), |sum, s| sum + s.interval);
        let mean = sum * weight;
        Some(Value::within(mean.low(), mean.high(), sides.iter().all(|s| s.grade == Evidence::Exact)))
    }

    /// The exponent of each group of cells, and the left sides that it was fitted through.
    fn rate<'r>(&mut self, bound: &str, trial: &Trial, records: &mut impl Iterator<Item = &'r CellRecord>) {
        let (Some(index), Some(axis)) = (self.index(&trial.case, &trial.variant), &trial.question.rate_in) else {
            return;
        };
        let job = &self.jobs.0[index];
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, run) in job.runs.iter().enumerate() {
            let others = run.cell.axes().into_iter().filter(|(n, _)| n != axis);
            let key: Vec<String> = others.map(|(n, v)| format!("{n}={v}")).collect();
            groups.entry(key.join(";")).or_default().push(i);
        }
        for group in groups.into_values() {
            for i in &group {
                self.left(&format!("{bound}: left"), trial, (index, *i), &trial.variant);
            }
            let cell = cell_text(&trial.case, &trial.variant, &job.runs[group[0]].cell);
            let kept = cell.split(", ").filter(|part| !part.starts_with(&format!("{axis}=")));
            let cell = kept.collect::<Vec<_>>().join(", ");
            let points: Vec<(f64, Value)> = group
                .iter()
                .map(|i| {
                    let x = job.runs[*i].constant(axis).map_or(f64::NAN, |v| v.to_f64());
                    (x, self.left_value(trial, (index, *i)))
                })
                .collect();
            if self.first(format!("rate {index} {cell} {} {axis}", trial.question.left_text)) {
                self.push(format!("{bound}: exponent in {axis}"), cell.clone(), exponent(points));
            }
            let claimed = records.next().and_then(|r| r.right.value).map(|v| Value::within(v, v, false));
            self.push(format!("{bound}: claimed exponent"), cell, claimed.unwrap_or_else(no_value));
        }
    }

    /// Curves of figures at their first, middle and last recorded iterate.
    fn curves(&mut self) {
        let spec = self.judge.spec;
        for figure in spec.figures.iter().filter(|f| f.kind == FigureKind::Curves) {
            for (curve, case, variant) in drawn_variants(spec) {
                let Some(index) = self.index(case, variant) else { continue };
                let job = &self.jobs.0[index];
                for formula in figure.y.iter().chain(&figure.lines) {
                    let Some(at) = job.curve(&formula.expr) else { continue };
                    for (i, run) in job.runs.iter().enumerate() {
                        let (Some(fixed), Some(e)) = (&self.fixed[index][i], run.experiment()) else { continue };
                        if !self.first(format!("curve {index} {i} {at}")) {
                            continue;
                        }
                        let of = if curve.is_empty() { String::new() } else { format!(" of {curve}") };
                        let times = &e.instance.checkpoints;
                        let last = times.len().saturating_sub(1);
                        for c in BTreeSet::from([0, last / 2, last]) {
                            let Some((k, moments)) = times.get(c).zip(fixed.curves[at].get(c)) else { continue };
                            let cell = cell_text(case, variant, &run.cell);
                            let cell = if cell.is_empty() { format!("k={k}") } else { format!("k={k}, {cell}") };
                            let value = curve_value(moments, fixed.deterministic, *k);
                            self.push(format!("curve {}{of}", formula.text), cell, value);
                        }
                    }
                }
            }
        }
    }
}

/// `printed: ` from `printed: of fast`, with the curve kept.
fn spaced(name: &str) -> String {
    let name = name.replacen(":  of ", ": of ", 1);
    if name.ends_with(' ') { name } else { format!("{name}, ") }
}

fn no_value() -> Value {
    Value::Word { text: "no value".into(), sampled: false }
}

fn outcome(outcome: Outcome, reason: &str, sampled: bool) -> Value {
    let text = match outcome {
        Outcome::Holds => "holds",
        Outcome::Violated => "violated",
        Outcome::Undecided if reason.starts_with("diverged") => "diverged",
        Outcome::Undecided => "undecided",
        Outcome::HypothesisFails => "hypothesis-fails",
    };
    Value::Word { text: text.into(), sampled }
}

fn curve_value(moments: &Moments, deterministic: bool, steps: u64) -> Value {
    let Some(mean) = moments.mean().filter(|_| moments.diverged() == 0) else {
        return Value::Word { text: "diverged".into(), sampled: !deterministic };
    };
    if deterministic {
        // As for the left side of a run in doubles: some ulps a step.
        let error = mean.abs() * f64::EPSILON * 16.0 * (steps as f64 + 16.0) + f64::MIN_POSITIVE;
        return Value::within(mean - error, mean + error, false);
    }
    let standard_error = moments.standard_error().unwrap_or(f64::INFINITY);
    Value::sampled(Sample { mean, standard_error, replicates: moments.count(), range: None, among: 1 })
}

/// The fitted exponent, with the error that its points' noise gives it.
fn exponent(mut points: Vec<(f64, Value)>) -> Value {
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let error = |value: &Value| match value {
        Value::Sampled(s) => s.standard_error,
        _ => 0.0,
    };
    let logged: Option<Vec<LogPoint>> = points.iter().map(|(x, v)| log_log(*x, v.near()?, error(v))).collect();
    let Some(fitted) = logged.as_deref().and_then(slope) else { return no_value() };
    let samples = points.iter().filter_map(|(_, v)| match v {
        Value::Sampled(s) => Some(s.replicates),
        _ => None,
    });
    match samples.min() {
        Some(replicates) => Value::sampled(Sample {
            mean: fitted.slope,
            standard_error: fitted.standard_error,
            replicates,
            range: None,
            among: 1,
        }),
        None => {
            let slack = SLOPE_ROUNDING * (1.0 + fitted.slope.abs());
            Value::within(fitted.slope - slack, fitted.slope + slack, false)
        }
    }
}

/// A left side from sampled terms: the expression at their means, and to first order the largest error that theirs can
/// add up to, whatever their correlation.
fn sampled_left(
    left: &Left,
    sources: &[TermSource],
    estimates: &Estimates,
    ranges: &(Vec<Option<Interval>>, Vec<Option<Interval>>),
    constants: &dyn Fn(&str) -> Option<crate::model::Real>,
) -> Option<Sample> {
    let mut terms = Vec::new();
    for (term, source) in left.terms.iter().zip(sources) {
        terms.push(match (term, source) {
            (Term::TimeOfMean(reducer, _), TermSource::Series(i)) => {
                over_time(*reducer, &estimates.series[*i], ranges.1[*i])?
            }
            (_, TermSource::Path(i) | TermSource::Series(i)) => mean_of(&estimates.paths[*i], ranges.0[*i])?,
        });
    }
    if let ([alone], "t0") = (terms.as_slice(), left.combine.to_string().as_str()) {
        return Some(*alone);
    }
    let at = |shifted: usize, by: f64| {
        let lookup = |name: &str| {
            let term = name.strip_prefix('t').and_then(|n| n.parse::<usize>().ok()).filter(|i| *i < terms.len());
            match term {
                Some(i) => Ok(terms[i].mean + if i == shifted { by } else { 0.0 }),
                None => constants(name)
                    .map(|c| c.to_f64())
                    .ok_or_else(|| crate::scalar::Fault::Unsupported(format!("'{name}' is not known"))),
            }
        };
        left.combine.eval_f64(&lookup).ok()
    };
    let mut error = 0.0;
    for (i, term) in terms.iter().enumerate() {
        let half = 0.5 * (at(i, term.standard_error)? - at(i, -term.standard_error)?);
        error += half.abs();
    }
    let replicates = terms.iter().map(|t| t.replicates).filter(|n| *n > 0).min()?;
    let among = terms.iter().map(|t| t.among).max()?;
    Some(Sample { mean: at(0, 0.0)?, standard_error: error, replicates, range: None, among })
}

fn mean_of(sample: &PathMoments, range: Option<Interval>) -> Option<Sample> {
    let range = range.filter(|r| r.is_finite()).map(|r| (r.low(), r.high()));
    if let Some(exact) = &sample.exact {
        return Some(Sample { mean: exact.to_f64(), standard_error: 0.0, replicates: u64::MAX, range: None, among: 1 });
    }
    let mean = sample.moments.checked_mean().ok()?;
    let standard_error = sample.moments.standard_error().unwrap_or(f64::INFINITY);
    Some(Sample { mean, standard_error, replicates: sample.moments.count(), range, among: 1 })
}

/// A functional over time of means. A smallest (or largest) moves by no more than the one that moves most, hence the
/// largest error and a share of the level for each; an average has at most the average error.
fn over_time(reducer: Reducer, series: &[PathMoments], range: Option<Interval>) -> Option<Sample> {
    let means: Vec<Sample> = series.iter().map(|m| mean_of(m, range)).collect::<Option<_>>()?;
    let (first, last) = (means.first()?, means.last()?);
    let values = means.iter().map(|s| s.mean);
    let count = means.len() as f64;
    let mean = match reducer {
        Reducer::First => return Some(*first),
        Reducer::Last => return Some(*last),
        Reducer::Min => values.fold(f64::INFINITY, f64::min),
        Reducer::Max => values.fold(f64::NEG_INFINITY, f64::max),
        Reducer::Mean => values.sum::<f64>() / count,
    };
    let errors = means.iter().map(|s| s.standard_error);
    let replicates = means.iter().map(|s| s.replicates).min()?;
    let (standard_error, among) = match reducer {
        Reducer::Mean => (errors.sum::<f64>() / count, 1),
        _ => (errors.fold(0.0, f64::max), means.len() as u64),
    };
    Some(Sample { mean, standard_error, replicates, range: None, among })
}
