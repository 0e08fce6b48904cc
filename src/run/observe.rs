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

use super::cells::{Subject, observed};
use super::plan::{DecideError, Settings, design};
use super::records::Records;
use super::tune::tune;
use crate::claim::{Cell, Spec, Variant};
use crate::engine::{Estimates, FEW, MOST_WORK, RunError};
use crate::evidence::{Effort, Findings, known};
use crate::regress::Entry;
use crate::scalar::WIDTH;
use crate::verdict::Judge;
use listing::Listing;

/// A configuration's estimates at the declared number of replicates, one per cell; `None` for quantities.
type Fixed = Vec<Option<Estimates>>;

/// Runs a claim with `budget` times its declared replicates and lists its quantities.
///
/// `file` and `text` are the claim file's name and text, for error messages.
///
/// # Errors
/// As [`decide`](super::decide).
pub(crate) fn observe(
    spec: &Spec,
    file: (&str, &str),
    settings: &Settings<'_>,
    budget: u64,
) -> Result<Vec<Entry>, DecideError> {
    let tuned = tune(spec, file, settings)?;
    let spec = tuned.as_ref().map_or(spec, |tuned| &tuned.spec);
    let (observed, fixed) = observed(spec, design(spec), file, settings, |subject| sample(subject, budget))?;
    let judge = Judge { spec, design: &observed.design, level: settings.level };
    Listing::new(Records { judge, observed: &observed }, &fixed).all()
}

/// What is known of a cell, on which its outcomes rest, and the estimates at the declared number of replicates.
fn sample(subject: &Subject<'_>, budget: u64) -> Result<(Findings, Estimates), RunError> {
    let Subject { judge, configuration, settings, plan, reach, .. } = subject;
    let inquiry = subject.inquiry(Effort { exact: settings.profile.budget(), enclosed: MOST_WORK });
    let known = known(&inquiry)?;
    let nothing = known.alone(&inquiry)?;
    if known.is_complete() && plan.curves.is_empty() {
        let estimates = nothing.estimates.clone();
        return Ok((nothing, estimates));
    }
    let instance = &reach.instance;
    let declared = settings.profile.replicates(configuration);
    // One replicate has no spread, so it does not show how another one would differ.
    let least = if instance.problem.prefers_narrow() { FEW } else { WIDTH as u64 };
    let declared = if instance.is_deterministic() { declared } else { declared.max(least) };
    let declared = declared.saturating_mul(budget);
    // Rates and orderings compare cells at one number of replicates; curves are not worth more than that.
    let bounds = &judge.spec.bounds;
    let alone =
        configuration.curves.is_empty() && bounds.iter().flat_map(|b| &b.scenarios).any(|t| configuration.answers(t));
    let looks = [declared, declared.saturating_mul(4)];
    let looks = if alone { &looks[..] } else { &looks[..1] };
    let mut kept = None;
    let mut enough = |found: &Findings| {
        kept.get_or_insert_with(|| found.estimates.clone());
        judge.is_settled(configuration, &subject.run(found.clone()), false)
    };
    let found = known.sample(&inquiry, subject.sampling(looks), &mut enough)?;
    Ok((found, kept.unwrap_or(nothing.estimates)))
}

/// `K=16, case=small`: what is swept, and the case.
fn cell_text(case: &str, variant: &Variant, cell: &Cell) -> String {
    let swept = |name: &str| variant.parameters.iter().any(|p| p.name == name && p.values.len() > 1);
    let labels = cell.labels().into_iter().filter(|(name, _)| swept(name));
    let case = (!case.is_empty()).then(|| ("case".to_string(), case.to_string()));
    labels.chain(case).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}
