//! Runs everything that a claim file needs, once each, and decides its bounds and controls.

use super::plan::{DecideError, Settings, design, plan};
use super::provenance::provenance;
use super::records::Records;
use super::side_by_side::{Ask, Ready, each_cell, make_ready};
use crate::charts::pictures;
use crate::claim::{Cell, Instance, InstanceError, Spec, SpecError, evaluate_quantity, stream_key};
use crate::engine::{MOST_WORK, RunError, Sampling};
use crate::evidence::{Budget, CellOutcome, CellRun, Configuration, Effort, Findings, Inquiry, Observed, known};
use crate::results::{ResultFile, SCHEMA_VERSION};
use crate::verdict::{Judge, LOOKS};
use std::sync::Arc;

/// Decides a claim: every bound, every control, every figure.
///
/// `file` and `text` are the claim file's name and text, for error messages.
///
/// # Errors
/// A cell that cannot be built (with its place in the file) or run.
pub fn decide(spec: &Spec, file: &str, text: &str, settings: &Settings<'_>) -> Result<ResultFile, DecideError> {
    decide_within(spec, (file, text), settings, settings.profile.budget())
}

/// [`decide`] with another budget for what is known without a sample: with `Budget(0)` every run with noise is sampled,
/// so that the two kinds of evidence can be compared.
///
/// # Errors
/// As there.
pub fn decide_within(
    spec: &Spec,
    (file, text): (&str, &str),
    settings: &Settings<'_>,
    budget: Budget,
) -> Result<ResultFile, DecideError> {
    let mut design = design(spec);
    let locate = |error: InstanceError| {
        let diagnostic = crate::claim::Diagnostic::new(error.span, error.message);
        DecideError::Spec(Box::new(SpecError::new(file, text, vec![diagnostic])))
    };
    let ready = make_ready(&mut design, settings, locate)?;
    let judge = Judge { spec, design: &design, level: settings.level };
    let done = each_cell(&design, ready, settings, |asked, Ready { place, cell, work }| {
        if settings.progress.stop() {
            return Err(DecideError::Stopped(spec.id.clone()));
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
    let (figures, tables) = pictures(spec, &observed, &cells, settings.seed).map_err(locate)?;
    let provenance = provenance(spec, text, settings, &bounds);
    let rights = spec.bounds.iter().map(|b| (b.name.clone(), (b.right_text.clone(), b.expectation.clone()))).collect();
    Ok(ResultFile {
        schema_version: SCHEMA_VERSION,
        id: spec.id.clone(),
        title: spec.title.clone(),
        source: spec.source.clone(),
        statement: spec.statement.clone(),
        relation: spec.relation.map_or("figure", crate::claim::Relation::name).into(),
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
) -> Result<CellRun, DecideError> {
    let spec = judge.spec;
    let instance = Arc::new(instance);
    let axes = stream_key(spec, &asked.case, &cell);
    let parameters: Vec<String> = cell.axes().into_iter().map(|(n, v)| format!("{n} = {v}")).collect();
    let place = format!("case '{}' ({})", asked.case, parameters.join(", "));
    let failed = |error| match error {
        RunError::Stopped => DecideError::Stopped(spec.id.clone()),
        error => DecideError::Run { id: spec.id.clone(), place: place.clone(), error },
    };
    let plan = plan(asked, &instance).map_err(failed)?;
    let run = |findings| CellRun { cell: cell.clone(), outcome: CellOutcome::Experiment(Box::new(findings)) };
    // A verdict that no outcome can change is not worth the largest enumeration.
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
