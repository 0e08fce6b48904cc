//! The quantities of a claim as a regression baseline keeps them: both sides of every bound, exponents, the wire, curves
//! and outcomes, each with its noise.
//!
//! Unlike [`decide`](super::decide), which stops as soon as an outcome is settled, what is sampled here has the declared
//! number of replicates, so that a standard error means what it says. Only an outcome may look further, at four times that
//! number, and what it saw there does not enter the estimates. A file that declares fewer than a block of replicates is run with
//! one: a single replicate has no spread, and nothing can be told from it.

mod listing;
mod samples;

use super::assemble::Judge;
use super::certain::Certain;
use super::decide::{CellOutcome, CellRun, ExperimentRun, HarnessError, Job, Jobs, Profile, Settings, axes};
use super::side_by_side::{Ask, Ready, each_cell, make_ready};
use crate::engine::{Estimates, FEW, MOST_WORK, Plan, Sampling, Sight, plain_enclosed, ranges, run_until};
use crate::regress::Entry;
use crate::scalar::WIDTH;
use crate::spec::{Diagnostic, Expression, Instance, InstanceError, Spec, SpecError, Term, Variant, evaluate_quantity};
use listing::Listing;
use std::sync::Arc;

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
    let ready = make_ready(&mut jobs, settings, locate)?;
    let judge = Judge { spec, jobs: &jobs, level: settings.level };
    let done = each_cell(&jobs, ready, settings, |job, Ready { place, cell, work }| {
        Ok(match work {
            Ask::Run(instance) if instance.lacks().is_some() => {
                (place, CellRun { cell, outcome: CellOutcome::Unrun(instance) }, None)
            }
            Ask::Run(instance) => {
                let plan = CellPlan { cell, instance: *instance, budget };
                let (run, estimates) = sample(&judge, job, plan, settings)?;
                (place, run, Some(estimates))
            }
            Ask::Evaluate(part) => {
                let rows = evaluate_quantity(settings.registry, part, &cell).map_err(locate)?;
                (place, CellRun { cell, outcome: CellOutcome::Quantity(rows) }, None)
            }
        })
    })?;
    let mut fixed: Vec<Fixed> = jobs.0.iter().map(|_| Vec::new()).collect();
    for (place, run, estimates) in done {
        jobs.0[place].runs.push(run);
        fixed[place].push(estimates);
    }
    let judge = Judge { spec, jobs: &jobs, level: settings.level };
    Listing::new(&judge, &jobs, &fixed).all()
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
    let curves: Vec<&Expression> = job.curves.iter().collect();
    let plan = Plan::new(&instance, &terms, &curves).map_err(failed)?;
    let certain = Certain::of(&instance, &plan, settings.profile.budget(), settings.progress).map_err(failed)?;
    let enclosed = (instance.is_deterministic() && !certain.is_complete())
        .then(|| plain_enclosed(&instance, &Plan { curves: Vec::new(), ..plan.clone() }, MOST_WORK, settings.progress));
    let with_certain = |mut estimates: Estimates| {
        certain.put(&mut estimates);
        if let Some(record) = &enclosed {
            estimates.set_enclosed(record.clone())?;
        }
        Ok(estimates)
    };
    let nothing = with_certain(Estimates::empty(&plan, &instance)).map_err(failed)?;
    let ranges = ranges(&instance, &plan);
    let instance = Arc::new(instance);
    let sight = Sight::new(&instance, &plan);
    let run =
        ExperimentRun { instance: Arc::clone(&instance), estimates: nothing.clone(), ranges, sight, undefined: None };
    let mut run = CellRun { cell, outcome: CellOutcome::Experiment(Box::new(run)) };
    if certain.is_complete() && plan.curves.is_empty() {
        return Ok((run, nothing));
    }
    let declared = job.variant.experiment().map_or((1, 1), |e| e.run.replicates);
    let declared = if settings.profile == Profile::Quick { declared.0 } else { declared.1 };
    // One replicate has no spread, and says nothing of what another one would be.
    let least = if instance.problem.prefers_narrow() { FEW } else { WIDTH as u64 };
    let declared = if instance.is_deterministic() { declared } else { declared.max(least) };
    let declared = declared.saturating_mul(budget);
    // Rates and orderings compare cells at one number of replicates; curves are not worth more than that.
    let alone = job.curves.is_empty() && spec.bounds.iter().flat_map(|b| &b.trials).any(|t| job.answers(t));
    let looks = [declared, declared.saturating_mul(4)];
    let looks = if alone { &looks[..] } else { &looks[..1] };
    let mut kept = None;
    let sampling = Sampling { seed: settings.seed, axes: &axes, looks, progress: settings.progress };
    let mut enough = |estimates: &Estimates| {
        // That the run is to be given up was told above already.
        let Ok(estimates) = with_certain(estimates.clone()) else { return true };
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
