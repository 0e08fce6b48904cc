//! Runs everything that a claim file asks for, once each, and decides its bounds and controls.

use super::pictures::{self, drawn_variants};
use super::provenance::provenance;
use super::records::Records;
use super::side_by_side::{Ask, Ready, each_cell, make_ready};
use crate::engine::{MOST_WORK, Plan, Progress, RunError, Sampling};
use crate::evidence::{
    Budget, CellOutcome, CellRun, Configuration, Design, Effort, Findings, Inquiry, Observed, known,
};
use crate::model::Registry;
use crate::results::{ResultFile, SCHEMA_VERSION};
use crate::spec::{
    Cell, Experiment, Expression, FigureKind, Instance, InstanceError, Spec, SpecError, Term, cells, evaluate_quantity,
};
use crate::verdict::{Judge, LOOKS};
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

    /// Replicates of each cell of a configuration, as its file declares them.
    pub(super) fn replicates(self, asked: &Configuration<'_>) -> u64 {
        let (quick, full) = asked.variant.experiment().map_or((1, 1), |e| e.run.replicates);
        match self {
            Profile::Quick => quick,
            Profile::Full => full,
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

/// Everything that a claim's questions and figures need.
pub(super) fn design(spec: &Spec) -> Design<'_> {
    let mut design = Design::default();
    for trial in spec.trials() {
        if trial.curves.is_empty() {
            design.ask(&trial.case, &trial.variant, Some(&trial.question.left), None);
        }
        for (_, variant) in &trial.curves {
            design.ask(&trial.case, variant, Some(&trial.question.left), None);
        }
    }
    for figure in &spec.figures {
        let wanted = |name: &str, list: &[String]| list.is_empty() || list.iter().any(|n| n == name);
        let drawn = drawn_variants(spec)
            .filter(|(curve, case, _)| wanted(curve, &figure.curves) && wanted(case, &figure.cases));
        for (_, case, variant) in drawn {
            if figure.kind == FigureKind::Curves {
                for formula in figure.y.iter().chain(&figure.lines) {
                    design.ask(case, variant, None, Some(&formula.expr));
                }
            } else if !(figure.kind == FigureKind::LeftAgainstBound && figure.lines.is_empty()) {
                design.ask(case, variant, None, None);
            }
        }
    }
    design
}

/// Replicates that a claim will run, for the progress bar; an upper bound, since deterministic cells run once.
#[must_use]
pub fn replicate_count(spec: &Spec, profile: Profile) -> u64 {
    design(spec)
        .0
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
    let mut design = design(spec);
    let locate = |error: InstanceError| {
        let diagnostic = crate::spec::Diagnostic::new(error.span, error.message);
        HarnessError::Spec(Box::new(SpecError::new(file, text, vec![diagnostic])))
    };
    let ready = make_ready(&mut design, settings, locate)?;
    let judge = Judge { spec, design: &design, level: settings.level };
    let done = each_cell(&design, ready, settings, |asked, Ready { place, cell, work }| {
        if settings.progress.stop() {
            return Err(HarnessError::Stopped(spec.id.clone()));
        }
        let run = match work {
            Ask::Run(instance) if instance.lacks().is_some() => CellRun { cell, outcome: CellOutcome::Unrun(instance) },
            Ask::Run(instance) => run_cell(&judge, asked, (cell, *instance), settings, budget)?,
            Ask::Evaluate(part) => {
                let rows = evaluate_quantity(settings.registry, part, &cell).map_err(locate)?;
                CellRun { cell, outcome: CellOutcome::Quantity(rows) }
            }
        };
        Ok((place, run))
    })?;
    let mut runs: Vec<Vec<CellRun>> = design.0.iter().map(|_| Vec::new()).collect();
    for (place, run) in done {
        runs[place].push(run);
    }
    let observed = Observed { design, runs };
    let judge = Judge { spec, design: &observed.design, level: settings.level };
    let records = Records { judge, observed: &observed };
    let (bounds, cells) = records.bounds()?;
    let controls = records.controls()?;
    let bounds = Records::with_controls(bounds, &controls);
    let (figures, tables) = pictures::pictures(spec, &observed, &cells, settings).map_err(locate)?;
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
pub(super) fn measurable(
    asked: &Configuration<'_>,
    experiment: &Experiment,
    instance: &Instance,
) -> Result<(), InstanceError> {
    plan(asked, instance).map(|_| ()).map_err(|error| InstanceError {
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

/// The numbers of replicates at which the estimates are looked at. What a figure draws, and what is compared across cells
/// or curves, has the declared number; a cell that is decided by itself may do with fewer, or go on.
fn looks(spec: &Spec, asked: &Configuration<'_>, replicates: u64) -> Vec<u64> {
    let alone = spec.trials().all(|t| !asked.concerns(t) || asked.answers(t));
    if alone && asked.curves.is_empty() {
        let all: [u64; LOOKS] = [replicates / 16, replicates / 4, replicates, 4 * replicates];
        all.into_iter().filter(|n| *n > 0).collect()
    } else {
        vec![replicates]
    }
}

fn run_cell(
    judge: &Judge<'_>,
    asked: &Configuration<'_>,
    (cell, instance): (Cell, Instance),
    settings: &Settings<'_>,
    budget: Budget,
) -> Result<CellRun, HarnessError> {
    let spec = judge.spec;
    let instance = Arc::new(instance);
    let axes = axes(spec, &asked.case, &cell);
    let parameters: Vec<String> = cell.axes().into_iter().map(|(n, v)| format!("{n} = {v}")).collect();
    let place = format!("case '{}' ({})", asked.case, parameters.join(", "));
    let failed = |error| match error {
        RunError::Stopped => HarnessError::Stopped(spec.id.clone()),
        error => HarnessError::Run { id: spec.id.clone(), place: place.clone(), error },
    };
    let plan = plan(asked, &instance).map_err(failed)?;
    let run = |findings| CellRun { cell: cell.clone(), outcome: CellOutcome::Experiment(Box::new(findings)) };
    // What no outcome can change is not worth the largest enumeration.
    let settled = judge.is_broken_everywhere(asked, &run(Findings::reach(&instance, &plan)));
    let effort = Effort { exact: if settled { budget.min(Budget::QUICK) } else { budget }, enclosed: MOST_WORK };
    let inquiry = Inquiry { instance: &instance, plan: &plan, effort, progress: settings.progress };
    let known = known(&inquiry).map_err(failed)?;
    // What is known exactly need not be sampled; curves always are.
    if known.is_complete() && plan.curves.is_empty() {
        return Ok(run(known.alone(&inquiry).map_err(failed)?));
    }
    let replicates = settings.profile.replicates(asked);
    let looks = looks(spec, asked, replicates);
    let sampling = Sampling { seed: settings.seed, axes: &axes, looks: &looks, progress: settings.progress };
    let mut enough = |found: &Findings| {
        let early = found.estimates.replicates < replicates;
        judge.is_settled(asked, &run(found.clone()), early)
    };
    Ok(run(known.sample(&inquiry, sampling, &mut enough).map_err(failed)?))
}

/// The statistics of a configuration on an instance.
pub(super) fn plan(asked: &Configuration<'_>, instance: &Instance) -> Result<Plan, RunError> {
    let terms: Vec<&Term> = asked.terms.iter().collect();
    let curves: Vec<&Expression> = asked.curves.iter().collect();
    Plan::new(instance, &terms, &curves)
}
