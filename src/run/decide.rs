//! Runs everything that a claim file needs, once each, and decides its bounds and controls.

use super::cells::{Subject, observed};
use super::data::{file_records, files_read, split_tables};
use super::plan::{DecideError, Settings, design, located};
use super::provenance::provenance;
use super::records::Records;
use super::tune::{Tuned, tune};
use crate::charts::pictures;
use crate::claim::Spec;
use crate::engine::{MOST_WORK, RunError};
use crate::evidence::{Budget, Configuration, Effort, Findings, known};
use crate::results::{Provenance, ResultFile, SCHEMA_VERSION};
use crate::verdict::{Judge, LOOKS};

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
    file: (&str, &str),
    settings: &Settings<'_>,
    budget: Budget,
) -> Result<ResultFile, DecideError> {
    let tuned = tune(spec, file, settings)?;
    let spec = tuned.as_ref().map_or(spec, |tuned| &tuned.spec);
    let (observed, _) = observed(spec, design(spec), file, settings, |subject| Ok((experiment(subject, budget)?, ())))?;
    let judge = Judge { spec, design: &observed.design, level: settings.level };
    let records = Records { judge, observed: &observed };
    let (bounds, cells) = records.bounds()?;
    let controls = records.controls()?;
    let bounds = Records::with_controls(bounds, &controls);
    let (figures, drawn) = pictures(spec, &observed, &cells, settings.seed).map_err(|e| located(file, e))?;
    let tables = tuned.as_ref().map(Tuned::table).into_iter().chain(drawn).chain(split_tables(&observed)).collect();
    let mut files = files_read(&observed);
    files.extend(tuned.iter().flat_map(|tuned| tuned.files.iter().cloned()));
    let provenance = Provenance { data: file_records(files), ..provenance(spec, file.1, settings, &bounds) };
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
fn looks(spec: &Spec, configuration: &Configuration<'_>, replicates: u64) -> Vec<u64> {
    let alone = spec.scenarios().all(|t| !configuration.concerns(t) || configuration.answers(t));
    if alone && configuration.curves.is_empty() {
        let all: [u64; LOOKS] = [replicates / 16, replicates / 4, replicates, 4 * replicates];
        all.into_iter().filter(|n| *n > 0).collect()
    } else {
        vec![replicates]
    }
}

/// What is known of a cell: no more than its questions need.
fn experiment(subject: &Subject<'_>, budget: Budget) -> Result<Findings, RunError> {
    let Subject { judge, configuration, settings, plan, reach, .. } = subject;
    // A verdict that no outcome can change is not worth the largest enumeration.
    let settled = judge.is_broken_everywhere(configuration, &subject.run(reach.clone()));
    let exact = if settled { budget.min(Budget::QUICK) } else { budget };
    let inquiry = subject.inquiry(Effort { exact, enclosed: MOST_WORK });
    let known = known(&inquiry)?;
    // What is known exactly need not be sampled; curves always are.
    if known.is_complete() && plan.curves.is_empty() {
        return known.alone(&inquiry);
    }
    let replicates = settings.profile.replicates(configuration);
    let looks = looks(judge.spec, configuration, replicates);
    let mut enough = |found: &Findings| {
        let early = found.estimates.replicates < replicates;
        judge.is_settled(configuration, &subject.run(found.clone()), early)
    };
    known.sample(&inquiry, subject.sampling(&looks), &mut enough)
}
