//! The quantities of a claim as a regression baseline keeps them: both sides of every bound, exponents, bits sent,
//! curves and outcomes, each with its noise.
//!
//! Unlike [`decide`](super::decide), which stops as soon as an outcome is settled, what is sampled here has the
//! declared number of replicates, so that its standard error is that of a fixed sample size. Only an outcome may look
//! further, at four times that number, and those further replicates do not enter the estimates. A file that declares
//! fewer than a block of replicates is run with one: a single replicate has no spread, and nothing can be concluded
//! from it.

mod listing;
mod samples;

use super::plan::{DecideError, Settings, design, plan};
use super::records::Records;
use super::side_by_side::{Ask, Ready, each_cell, make_ready};
use crate::claim::{Diagnostic, Instance, InstanceError, Spec, SpecError, Variant, evaluate_quantity, stream_key};
use crate::engine::{Estimates, FEW, MOST_WORK, Sampling};
use crate::evidence::{CellOutcome, CellRun, Configuration, Effort, Findings, Inquiry, Observed, known};
use crate::regress::Entry;
use crate::scalar::WIDTH;
use crate::verdict::Judge;
use listing::Listing;
use std::sync::Arc;

/// A configuration's estimates at the declared number of replicates, one per cell; `None` for quantities.
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
) -> Result<Vec<Entry>, DecideError> {
    let locate = |error: InstanceError| {
        let diagnostic = Diagnostic::new(error.span, error.message);
        DecideError::Spec(Box::new(SpecError::new(file, text, vec![diagnostic])))
    };
    let mut design = design(spec);
    let ready = make_ready(&mut design, settings, locate)?;
    let judge = Judge { spec, design: &design, level: settings.level };
    let done = each_cell(&design, ready, settings, |asked, Ready { place, cell, work }| {
        Ok(match work {
            Ask::Run(instance) if instance.lacks().is_some() => {
                (place, CellRun { cell, outcome: CellOutcome::Unrun(instance) }, None)
            }
            Ask::Run(instance) => {
                let plan = CellPlan { cell, instance: *instance, budget };
                let (run, estimates) = sample(&judge, asked, plan, settings)?;
                (place, run, Some(estimates))
            }
            Ask::Evaluate(part) => {
                let rows = evaluate_quantity(settings.registry, part, &cell).map_err(locate)?;
                (place, CellRun { cell, outcome: CellOutcome::Quantity(rows) }, None)
            }
        })
    })?;
    let mut runs: Vec<Vec<CellRun>> = design.0.iter().map(|_| Vec::new()).collect();
    let mut fixed: Vec<Fixed> = design.0.iter().map(|_| Vec::new()).collect();
    for (place, run, estimates) in done {
        runs[place].push(run);
        fixed[place].push(estimates);
    }
    let observed = Observed { design, runs };
    let judge = Judge { spec, design: &observed.design, level: settings.level };
    Listing::new(Records { judge, observed: &observed }, &fixed).all()
}

struct CellPlan {
    cell: crate::claim::Cell,
    instance: Instance,
    budget: u64,
}

/// Runs one cell; gives the run that outcomes rest on, and the estimates at the declared number.
fn sample(
    judge: &Judge<'_>,
    asked: &Configuration<'_>,
    CellPlan { cell, instance, budget }: CellPlan,
    settings: &Settings<'_>,
) -> Result<(CellRun, Estimates), DecideError> {
    let spec = judge.spec;
    let axes = stream_key(spec, &asked.case, &cell);
    let place = format!("case '{}' ({})", asked.case, cell_text(&asked.case, asked.variant, &cell));
    let failed = |error| DecideError::Run { id: spec.id.clone(), place: place.clone(), error };
    let instance = Arc::new(instance);
    let plan = plan(asked, &instance).map_err(failed)?;
    let effort = Effort { exact: settings.profile.budget(), enclosed: MOST_WORK };
    let inquiry = Inquiry { instance: &instance, plan: &plan, effort, progress: settings.progress };
    let known = known(&inquiry).map_err(failed)?;
    let run = |findings| CellRun { cell: cell.clone(), outcome: CellOutcome::Experiment(Box::new(findings)) };
    let nothing = known.alone(&inquiry).map_err(failed)?;
    if known.is_complete() && plan.curves.is_empty() {
        let estimates = nothing.estimates.clone();
        return Ok((run(nothing), estimates));
    }
    let declared = settings.profile.replicates(asked);
    // One replicate has no spread, so it does not show how another one would differ.
    let least = if instance.problem.prefers_narrow() { FEW } else { WIDTH as u64 };
    let declared = if instance.is_deterministic() { declared } else { declared.max(least) };
    let declared = declared.saturating_mul(budget);
    // Rates and orderings compare cells at one number of replicates; curves are not worth more than that.
    let alone = asked.curves.is_empty() && spec.bounds.iter().flat_map(|b| &b.trials).any(|t| asked.answers(t));
    let looks = [declared, declared.saturating_mul(4)];
    let looks = if alone { &looks[..] } else { &looks[..1] };
    let mut kept = None;
    let sampling = Sampling { seed: settings.seed, axes: &axes, looks, progress: settings.progress };
    let mut enough = |found: &Findings| {
        kept.get_or_insert_with(|| found.estimates.clone());
        judge.is_settled(asked, &run(found.clone()), false)
    };
    let found = run(known.sample(&inquiry, sampling, &mut enough).map_err(failed)?);
    Ok((found, kept.unwrap_or(nothing.estimates)))
}

/// `K=16, case=small`: what is swept, and the case.
fn cell_text(case: &str, variant: &Variant, cell: &crate::claim::Cell) -> String {
    let swept = |name: &str| variant.parameters.iter().any(|p| p.name == name && p.values.len() > 1);
    let axes = cell.axes().into_iter().filter(|(name, _)| swept(name));
    let case = (!case.is_empty()).then(|| ("case".to_string(), case.to_string()));
    axes.chain(case).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}
