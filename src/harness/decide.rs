//! Runs everything that a claim file asks for, once each, and decides its bounds and controls.

use super::assemble::Judge;
use super::certain::Certain;
use super::pictures;
use super::provenance::provenance;
use super::side_by_side::{Ask, Ready, each_cell, make_ready};
use crate::engine::{
    Estimates, MOST_WORK, Plan, Progress, Ranges, RunError, Sampling, Sight, plain_enclosed, ranges, run_until,
};
use crate::exact::Budget;
use crate::model::{Real, Registry, Row};
use crate::results::{ResultFile, SCHEMA_VERSION};
use crate::scalar::Fault;
use crate::spec::{
    Cell, Experiment, Expression, FigureKind, Instance, InstanceError, Left, Relation, Spec, SpecError, Symbol, Term,
    Trial, Variant, cells, evaluate_quantity,
};
use crate::verdict::TermSource;
use std::sync::Arc;

/// How much is spent on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Minutes.
    Quick,
    /// Hours.
    Full,
}

impl Profile {
    /// Its name on the command line and in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Profile::Quick => "quick",
            Profile::Full => "full",
        }
    }

    /// What an exact enumeration may cost.
    pub(super) fn budget(self) -> Budget {
        match self {
            Profile::Quick => Budget::QUICK,
            Profile::Full => Budget::FULL,
        }
    }
}

/// What a decision depends on beside the claim file.
pub struct Settings<'a> {
    /// The parts that files may name.
    pub registry: &'a Registry,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Level of the claim: the probability that any of its verdicts is a false alarm.
    pub level: f64,
    /// Quick or full.
    pub profile: Profile,
    /// Told of finished replicates.
    pub progress: &'a dyn Progress,
}

/// A claim that cannot be decided because something is wrong with its file or its runs.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// The file.
    #[error(transparent)]
    Spec(#[from] Box<SpecError>),
    /// A run.
    #[error("{id}, {place}: {error}")]
    Run {
        /// Claim id.
        id: String,
        /// Case and cell.
        place: String,
        /// What happened.
        error: RunError,
    },
    /// A bound or control that no cell answers.
    #[error("{id}: {what} has no cell, so that nothing is known of it")]
    Unanswered {
        /// Claim id.
        id: String,
        /// The bound or control.
        what: String,
    },
    /// A claim that was given up: its [`Progress`] said stop.
    #[error("{0}: stopped before it was decided")]
    Stopped(String),
}

/// What one cell of one setup gave.
pub(super) struct CellRun {
    pub cell: Cell,
    pub outcome: CellOutcome,
}

pub(super) enum CellOutcome {
    Experiment(Box<ExperimentRun>),
    /// An experiment that cannot be run here, for want of a constant that its algorithm names.
    Unrun(Box<Instance>),
    Quantity(Vec<Row>),
}

pub(super) struct ExperimentRun {
    pub instance: Arc<Instance>,
    pub estimates: Estimates,
    pub ranges: Ranges,
    pub sight: Sight,
    /// Why the run is not defined, where a number left the range of its parameter on the way.
    pub undefined: Option<String>,
}

impl CellRun {
    /// A declared parameter or a fact; of another symbol none.
    pub fn constant(&self, symbol: &Symbol) -> Option<Real> {
        match &self.outcome {
            CellOutcome::Experiment(e) => e.instance.constant(symbol),
            CellOutcome::Unrun(instance) => instance.constant(symbol),
            CellOutcome::Quantity(_) => self.cell.value(symbol),
        }
    }

    pub fn experiment(&self) -> Option<&ExperimentRun> {
        match &self.outcome {
            CellOutcome::Experiment(e) => Some(e),
            CellOutcome::Unrun(_) | CellOutcome::Quantity(_) => None,
        }
    }
}

/// Everything that is run under one setup: the union of what its questions and figures ask.
pub(super) struct Job<'s> {
    pub case: String,
    pub variant: &'s Variant,
    pub terms: Vec<Term>,
    pub curves: Vec<Expression>,
    /// Number of cells of the sweep.
    pub cells: usize,
    pub runs: Vec<CellRun>,
}

impl Job<'_> {
    /// Whether a question is decided by this job alone, a cell at a time.
    pub fn answers(&self, trial: &Trial) -> bool {
        self.concerns(trial) && trial.curves.is_empty() && trial.question.relation != Relation::Rate
    }

    /// Whether a question needs this job.
    pub fn concerns(&self, trial: &Trial) -> bool {
        let variants = trial.curves.iter().map(|(_, v)| v).chain(trial.curves.is_empty().then_some(&trial.variant));
        trial.case == self.case && variants.into_iter().any(|v| v.setup == self.variant.setup)
    }

    /// Where the terms of a left side stand among the estimates of this job.
    ///
    /// # Errors
    /// A sentence: this job was not asked for one of them.
    pub fn sources(&self, left: &Left) -> Result<Vec<TermSource>, String> {
        left.terms
            .iter()
            .map(|wanted| {
                let index = self.terms.iter().position(|t| t == wanted);
                let index = index.ok_or("a term of the left side was not measured")?;
                let is_path = |t: &Term| matches!(t, Term::MeanOfPath(_));
                let before = self.terms[..index].iter().filter(|t| is_path(t) == is_path(wanted)).count();
                Ok(if is_path(wanted) { TermSource::Path(before) } else { TermSource::Series(before) })
            })
            .collect()
    }

    /// The place of a curve's expression among the estimates' curves.
    pub fn curve(&self, expr: &Expression) -> Option<usize> {
        self.curves.iter().position(|c| c == expr)
    }
}

/// All jobs of a claim.
pub(super) struct Jobs<'s>(pub Vec<Job<'s>>);

impl<'s> Jobs<'s> {
    pub fn collect(spec: &'s Spec) -> Self {
        let mut jobs = Jobs(Vec::new());
        for trial in spec.trials() {
            if trial.curves.is_empty() {
                jobs.ask(&trial.case, &trial.variant, Some(&trial.question.left), None);
            }
            for (_, variant) in &trial.curves {
                jobs.ask(&trial.case, variant, Some(&trial.question.left), None);
            }
        }
        for figure in &spec.figures {
            let wanted = |name: &str, list: &[String]| list.is_empty() || list.iter().any(|n| n == name);
            let drawn = pictures::drawn_variants(spec)
                .filter(|(curve, case, _)| wanted(curve, &figure.curves) && wanted(case, &figure.cases));
            for (_, case, variant) in drawn {
                if figure.kind == FigureKind::Curves {
                    for formula in figure.y.iter().chain(&figure.lines) {
                        jobs.ask(case, variant, None, Some(&formula.expr));
                    }
                } else if !(figure.kind == FigureKind::LeftAgainstBound && figure.lines.is_empty()) {
                    jobs.ask(case, variant, None, None);
                }
            }
        }
        jobs
    }

    fn ask(&mut self, case: &str, variant: &'s Variant, left: Option<&Left>, curve: Option<&Expression>) {
        let found = self.0.iter().position(|j| j.case == case && j.variant.setup == variant.setup);
        let index = found.unwrap_or_else(|| {
            let case = case.to_string();
            self.0.push(Job { case, variant, terms: Vec::new(), curves: Vec::new(), cells: 0, runs: Vec::new() });
            self.0.len() - 1
        });
        let job = &mut self.0[index];
        for term in left.into_iter().flat_map(|l| &l.terms) {
            if !job.terms.contains(term) {
                job.terms.push(term.clone());
            }
        }
        if let Some(curve) = curve.filter(|c| !job.curves.contains(c)) {
            job.curves.push(curve.clone());
        }
    }

    /// The job of a setup.
    pub fn of(&self, case: &str, variant: &Variant) -> Option<&Job<'s>> {
        self.0.iter().find(|j| j.case == case && j.variant.setup == variant.setup)
    }
}

/// Replicates that a claim will run, for the progress bar; an upper bound, since deterministic cells run once.
#[must_use]
pub fn replicate_count(spec: &Spec, profile: Profile) -> u64 {
    let jobs = Jobs::collect(spec);
    jobs.0
        .iter()
        .filter_map(|j| {
            let run = &j.variant.experiment()?.run;
            let each = if profile == Profile::Quick { run.replicates.0 } else { run.replicates.1 };
            Some(each * cells(j.variant).map_or(0, |c| c.len() as u64))
        })
        .sum()
}

/// Decides a claim: every bound, every control, every figure.
///
/// `file` and `text` are the claim file's name and text, for error messages.
///
/// # Errors
/// A cell that cannot be built (with its place in the file) or run.
pub fn decide(spec: &Spec, file: &str, text: &str, settings: &Settings<'_>) -> Result<ResultFile, HarnessError> {
    decide_within(spec, (file, text), settings, settings.profile.budget())
}

/// [`decide`] with another budget for what is known without a sample: with `Budget(0)` every run with noise is sampled, which is how
/// the two kinds of evidence are held against each other.
///
/// # Errors
/// As there.
pub fn decide_within(
    spec: &Spec,
    (file, text): (&str, &str),
    settings: &Settings<'_>,
    budget: Budget,
) -> Result<ResultFile, HarnessError> {
    let mut jobs = Jobs::collect(spec);
    let locate = |error: InstanceError| {
        let diagnostic = crate::spec::Diagnostic::new(error.span, error.message);
        HarnessError::Spec(Box::new(SpecError::new(file, text, vec![diagnostic])))
    };
    let ready = make_ready(&mut jobs, settings, locate)?;
    let judge = Judge { spec, jobs: &jobs, level: settings.level };
    let done = each_cell(&jobs, ready, settings, |job, Ready { place, cell, work }| {
        if settings.progress.stop() {
            return Err(HarnessError::Stopped(spec.id.clone()));
        }
        let run = match work {
            Ask::Run(instance) if instance.lacks().is_some() => CellRun { cell, outcome: CellOutcome::Unrun(instance) },
            Ask::Run(instance) => run_cell(&judge, job, (cell, *instance), settings, budget)?,
            Ask::Evaluate(part) => {
                let rows = evaluate_quantity(settings.registry, part, &cell).map_err(locate)?;
                CellRun { cell, outcome: CellOutcome::Quantity(rows) }
            }
        };
        Ok((place, run))
    })?;
    for (place, run) in done {
        jobs.0[place].runs.push(run);
    }
    let judge = Judge { spec, jobs: &jobs, level: settings.level };
    let (bounds, cells) = judge.bounds()?;
    let controls = judge.controls()?;
    let bounds = judge.with_controls(bounds, &controls);
    let (figures, tables) = pictures::pictures(spec, &jobs, &cells, settings).map_err(locate)?;
    let provenance = provenance(spec, text, settings, &bounds);
    let rights = spec.bounds.iter().map(|b| (b.name.clone(), (b.right_text.clone(), b.expectation.clone()))).collect();
    Ok(ResultFile {
        schema_version: SCHEMA_VERSION,
        id: spec.id.clone(),
        title: spec.title.clone(),
        source: spec.source.clone(),
        statement: spec.statement.clone(),
        relation: spec.relation.map_or("figure", crate::spec::Relation::name).into(),
        left: spec.left_text.clone(),
        rights,
        bounds,
        cells,
        controls,
        tables,
        figures,
        notes: spec.notes.clone(),
        provenance,
    })
}

/// Refuses what cannot be measured on an instance, at its place in the file.
pub(super) fn measurable(job: &Job<'_>, experiment: &Experiment, instance: &Instance) -> Result<(), InstanceError> {
    let terms: Vec<&Term> = job.terms.iter().collect();
    let curves: Vec<&Expression> = job.curves.iter().collect();
    Plan::new(instance, &terms, &curves).map(|_| ()).map_err(|error| InstanceError {
        span: match error {
            RunError::Window(_) => experiment.run.horizon.span.clone(),
            _ => experiment.problem.span.clone(),
        },
        message: error.to_string(),
    })
}

/// The axes that key a cell's streams: the claim, the case, and the given parameters. Algorithms compared on one
/// instance thus meet the same noise.
pub fn axes(spec: &Spec, case: &str, cell: &Cell) -> Vec<(String, String)> {
    let mut axes = vec![("claim".to_string(), spec.id.clone()), ("case".to_string(), case.to_string())];
    axes.extend(cell.axes());
    axes
}

/// Most looks at the estimates of one cell.
pub(super) const LOOKS: usize = 4;

/// The numbers of replicates at which the estimates are looked at. What a figure draws, and what is compared across cells
/// or curves, has the declared number; a cell that is decided by itself may do with fewer, or go on.
fn looks(spec: &Spec, job: &Job<'_>, replicates: u64) -> Vec<u64> {
    let alone = spec.trials().all(|t| !job.concerns(t) || job.answers(t));
    if alone && job.curves.is_empty() {
        let all: [u64; LOOKS] = [replicates / 16, replicates / 4, replicates, 4 * replicates];
        all.into_iter().filter(|n| *n > 0).collect()
    } else {
        vec![replicates]
    }
}

fn run_cell(
    judge: &Judge<'_>,
    job: &Job<'_>,
    (cell, instance): (Cell, Instance),
    settings: &Settings<'_>,
    budget: Budget,
) -> Result<CellRun, HarnessError> {
    let spec = judge.spec;
    let instance = Arc::new(instance);
    let axes = axes(spec, &job.case, &cell);
    let parameters: Vec<String> = cell.axes().into_iter().map(|(n, v)| format!("{n} = {v}")).collect();
    let place = format!("case '{}' ({})", job.case, parameters.join(", "));
    let failed = |error| match error {
        RunError::Stopped => HarnessError::Stopped(spec.id.clone()),
        error => HarnessError::Run { id: spec.id.clone(), place: place.clone(), error },
    };
    let terms: Vec<&Term> = job.terms.iter().collect();
    let curves: Vec<&Expression> = job.curves.iter().collect();
    let plan = Plan::new(&instance, &terms, &curves).map_err(failed)?;
    let replicates = job.variant.experiment().map_or((1, 1), |e| e.run.replicates);
    let replicates = if settings.profile == Profile::Quick { replicates.0 } else { replicates.1 };
    let ranges = ranges(&instance, &plan);
    let estimates = Estimates::empty(&plan, &instance);
    let sight = Sight::new(&instance, &plan);
    let run = ExperimentRun { instance: Arc::clone(&instance), estimates, ranges, sight, undefined: None };
    let mut cell_run = CellRun { cell, outcome: CellOutcome::Experiment(Box::new(run)) };
    // What no outcome can change is not worth the largest enumeration.
    let budget = if judge.is_broken_everywhere(job, &cell_run) { budget.min(Budget::QUICK) } else { budget };
    let certain = Certain::of(&instance, &plan, budget, settings.progress).map_err(failed)?;
    let complete = certain.is_complete();
    let put = |run: &mut CellRun, sampled: Estimates| {
        let CellOutcome::Experiment(run) = &mut run.outcome else { return };
        run.estimates = sampled;
        certain.put(&mut run.estimates);
    };
    // What is known exactly need not be sampled; curves always are.
    if complete && plan.curves.is_empty() {
        put(&mut cell_run, Estimates::empty(&plan, &instance));
        return Ok(cell_run);
    }
    let looks = looks(spec, job, replicates);
    let sampling = Sampling { seed: settings.seed, axes: &axes, looks: &looks, progress: settings.progress };
    let mut enough = |estimates: &Estimates| {
        put(&mut cell_run, estimates.clone());
        judge.is_settled(job, &cell_run, estimates.replicates < replicates)
    };
    match run_until(&instance, &plan, sampling, &mut enough) {
        Ok(sampled) => put(&mut cell_run, sampled),
        Err(error @ RunError::Step { fault: Fault::Outside(_), .. }) => {
            if let CellOutcome::Experiment(run) = &mut cell_run.outcome {
                run.undefined = Some(error.to_string());
                run.estimates = Estimates::empty(&plan, &instance);
            }
            return Ok(cell_run);
        }
        Err(error) => return Err(failed(error)),
    }
    if let CellOutcome::Experiment(run) = &mut cell_run.outcome
        && run.estimates.deterministic
        && !complete
    {
        let plan = Plan { curves: Vec::new(), ..plan.clone() };
        let record = plain_enclosed(&instance, &plan, MOST_WORK, settings.progress);
        run.estimates.set_enclosed(record).map_err(failed)?;
    }
    Ok(cell_run)
}

impl Jobs<'_> {
    /// Total number of (trial, cell) questions: each has an equal share of the level.
    pub fn questions<'t>(&self, trials: impl Iterator<Item = &'t Trial>) -> usize {
        trials
            .map(|t| {
                let variants = t.curves.iter().map(|(_, v)| v).chain(t.curves.is_empty().then_some(&t.variant));
                variants.filter_map(|v| self.of(&t.case, v)).map(|j| j.cells).sum::<usize>()
            })
            .sum()
    }
}
