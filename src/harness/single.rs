//! One instance, weighed by itself: what the search for worst instances asks again and again.

use super::assemble::{blank, experiment_cell, left_side, quantity_cell};
use super::certain::Certain;
use super::decide::{CellOutcome, CellRun, ExperimentRun, Job};
use crate::engine::{Estimates, Plan, Sampling, Sight, Silent, plain_enclosed, ranges, run_until};
use crate::exact::Budget;
use crate::model::{NO_TIES, Registry, Ties, Trait};
use crate::results::Outcome;
use crate::spec::{Cell, Instance, Size, Term, Trial, Variant, Work, cells, evaluate_quantity};
use crate::verdict::{CellVerdict, Ground, compare_order};
use std::sync::Arc;

/// Replicates of a sample that only guides a search; every instance meets the same random numbers.
const GUIDE: u64 = 256;
/// Units of an enumeration's budget that a product of two words of an enclosure counts for.
const UNITS_A_PRODUCT: u64 = 2;
/// Most coordinates of an instance that is weighed: large data sets are not for a search.
const MOST_COORDINATES: u64 = 4096;
/// Most coordinates times workers times steps.
const MOST_WORK: u64 = 1_000_000;
/// Level of a guide's interval; it decides nothing.
const GUIDE_LEVEL: f64 = 0.05;

/// Weighs a trial of a single cell: exactly where the budget allows it, else by enclosures, else by a small sample, whose
/// grade says so.
///
/// # Errors
/// A sentence: the instance cannot be built, or its sides have no value.
pub fn weigh(registry: &Registry, trial: &Trial, budget: Budget) -> Result<CellVerdict, String> {
    if trial.curves.is_empty() {
        let (job, run) = run_of(registry, &trial.variant, trial, budget)?;
        return Ok(match run.outcome {
            CellOutcome::Quantity(_) => quantity_cell(trial, &run),
            CellOutcome::Experiment(_) | CellOutcome::Unrun(_) => experiment_cell(GUIDE_LEVEL, trial, &job, &run),
        });
    }
    let mut sides = Vec::new();
    let mut verdict = None;
    for (name, variant) in &trial.curves {
        let (job, run) = run_of(registry, variant, trial, budget)?;
        verdict.get_or_insert_with(|| blank(trial, &run));
        sides.push((name.clone(), left_side(GUIDE_LEVEL, &trial.question, &job, &run, Ground::Strongest)?));
    }
    let (low, high, comparison) = compare_order(&sides).ok_or("an ordering needs two curves")?;
    let mut verdict = verdict.ok_or("an ordering needs two curves")?;
    (verdict.left, verdict.right, verdict.comparison) = (Some(low), Some(high), Ok(comparison));
    Ok(verdict)
}

fn run_of<'v>(
    registry: &Registry,
    variant: &'v Variant,
    trial: &Trial,
    budget: Budget,
) -> Result<(Job<'v>, CellRun), String> {
    let mut all = cells(variant).map_err(|e| e.message)?;
    let cell = match (all.pop(), all.len()) {
        (Some(cell), 0) => cell,
        _ => return Err("an instance has one value for each parameter".into()),
    };
    let terms: Vec<Term> = trial.question.left.terms.clone();
    let job = Job { case: trial.case.clone(), variant, terms, curves: Vec::new(), cells: 1, runs: Vec::new() };
    let outcome = match &variant.work {
        Work::Quantity(part) => CellOutcome::Quantity(evaluate_quantity(registry, part, &cell).map_err(|e| e.message)?),
        Work::Experiment(experiment) => {
            let size = Size::of(registry, experiment, &cell);
            let work = size.dimension.0.saturating_mul(size.workers.0).saturating_mul(size.horizon.0.max(1));
            if size.dimension.0 > MOST_COORDINATES || work > MOST_WORK {
                return Err("too large for a search".into());
            }
            let instance = Arc::new(Instance::build(registry, experiment, &cell).map_err(|e| e.message)?);
            if let Some((name, audit)) = instance
                .audit(variant, Ties::NotSeen)
                .into_iter()
                .find(|(name, a)| a.holds() != Some(true) && name != NO_TIES)
            {
                return Err(format!("{name}: {}", audit.value));
            }
            if let Some(why) = instance.lacks() {
                return Err(why.into());
            }
            return measure((trial, job, cell), instance, budget);
        }
    };
    Ok((job, CellRun { cell, outcome }))
}

fn measure<'v>(
    (trial, job, cell): (&Trial, Job<'v>, Cell),
    instance: Arc<Instance>,
    budget: Budget,
) -> Result<(Job<'v>, CellRun), String> {
    let terms: Vec<&Term> = job.terms.iter().collect();
    let plan = Plan::new(&instance, &terms, &[]).map_err(|e| e.to_string())?;
    let certain = Certain::of(&instance, &plan, budget, &Silent).map_err(|e| e.to_string())?;
    let complete = certain.is_complete();
    let known = |mut estimates: Estimates| {
        certain.put(&mut estimates);
        estimates
    };
    let ranges = ranges(&instance, &plan);
    let run = |estimates: Estimates| {
        let (ranges, sight) = (ranges.clone(), Sight::new(&instance, &plan));
        let run = ExperimentRun { instance: Arc::clone(&instance), estimates, ranges, sight, undefined: None };
        CellRun { cell: cell.clone(), outcome: CellOutcome::Experiment(Box::new(run)) }
    };
    let unsampled = run(known(Estimates::empty(&plan, &instance)));
    let decided = |run: &CellRun| {
        let comparison = experiment_cell(GUIDE_LEVEL, trial, &job, run).comparison;
        comparison.is_ok_and(|c| c.outcome == Outcome::Violated)
    };
    if complete || trial.curves.is_empty() && decided(&unsampled) {
        return Ok((job, unsampled));
    }
    // A finite law that cannot be enumerated is too large here, or exists only where its atoms are probabilities.
    if instance.noise.as_ref().is_some_and(|n| n.has(Trait::Continuous) != Some(true)) {
        return Err("too large to enumerate, or without a law where the run goes".into());
    }
    let sampling = Sampling { seed: 0, axes: &[], looks: &[GUIDE], progress: &Silent };
    let sampled = run_until(&instance, &plan, sampling, &mut |_| true).map_err(|e| e.to_string())?;
    let mut estimates = known(sampled);
    if instance.is_deterministic() {
        let record = plain_enclosed(&instance, &plan, budget.0 / UNITS_A_PRODUCT, &Silent);
        estimates.set_enclosed(record).map_err(|e| e.to_string())?;
    }
    let sampled = run(estimates);
    Ok((job, sampled))
}
