//! The data behind a claim: the files that its problems rest on, and how samples are spread over workers.

use super::plan::design;
use crate::claim::{Instance, InstanceError, Spec, Variant, cells};
use crate::data::{DataFile, Split};
use crate::evidence::{CellOutcome, Observed};
use crate::model::{DynProblem, Registry};
use crate::results::{DataRecord, TableRecord};
use std::collections::BTreeSet;

/// The files that a claim rests on, as they are now: what [`files_read`] will say once it has run.
///
/// # Errors
/// A problem that cannot be built, a file that is missing or damaged among the reasons.
pub(crate) fn files_now(spec: &Spec, registry: &Registry) -> Result<Vec<DataRecord>, InstanceError> {
    // Instances share data while one of them lives: each file is read once.
    let mut problems: Vec<Box<dyn DynProblem>> = Vec::new();
    let mut build = |variant: &Variant| -> Result<(), InstanceError> {
        let Some(experiment) = variant.experiment().filter(|e| e.names_data()) else { return Ok(()) };
        for cell in cells(variant)? {
            problems.push(experiment.problem_at(registry, &cell)?);
        }
        Ok(())
    };
    for configuration in &design(spec).0 {
        build(configuration.variant)?;
    }
    for tuning in spec.clone().variants_mut().filter_map(|(_, variant)| variant.tuning.as_ref()) {
        build(&tuning.variant)?;
    }
    Ok(file_records(problems.iter().flat_map(|problem| problem.data_files()).collect()))
}

/// The files that a claim's cells have read.
pub(super) fn files_read(observed: &Observed<'_>) -> BTreeSet<DataFile> {
    observed.all().filter_map(|run| instance(&run.outcome)).flat_map(|i| i.problem.data_files()).collect()
}

/// The files as a result records them: each once, in an order that does not depend on who read it first.
pub(super) fn file_records(files: BTreeSet<DataFile>) -> Vec<DataRecord> {
    let record = |DataFile { set, file }: DataFile| DataRecord {
        set,
        file: file.name,
        content_sha256: (file.content_sha256 != file.sha256).then_some(file.content_sha256),
        sha256: file.sha256,
        bytes: file.bytes,
        entries: file.entries,
    };
    files.into_iter().map(record).collect()
}

fn instance(outcome: &CellOutcome) -> Option<&Instance> {
    match outcome {
        CellOutcome::Experiment(findings) => Some(&findings.instance),
        CellOutcome::Unrun(instance) => Some(instance),
        CellOutcome::Quantity(_) => None,
    }
}

/// A table of each different split among a claim's cells: the workers' samples by class.
pub(super) fn split_tables(observed: &Observed<'_>) -> Vec<TableRecord> {
    // Cells that differ in anything else, the seed of their noise or a step size, have the same split.
    let mut splits: Vec<(&Split, Vec<String>, Vec<&str>)> = Vec::new();
    for (configuration, runs) in observed.design.0.iter().zip(&observed.runs) {
        for (split, classes) in runs.iter().filter_map(|run| instance(&run.outcome)?.problem.split()) {
            let case = configuration.case.as_str();
            match splits.iter_mut().find(|(known, ..)| *known == split) {
                Some((.., cases)) if !cases.contains(&case) => cases.push(case),
                Some(_) => {}
                None => splits.push((split, classes, vec![case])),
            }
        }
    }
    splits.into_iter().map(|(split, classes, cases)| split_table(split, classes, &cases)).collect()
}

fn split_table(split: &Split, classes: Vec<String>, cases: &[&str]) -> TableRecord {
    let line = |name: String, counts: &[usize]| {
        let numbers = counts.iter().copied().chain([counts.iter().sum()]).map(|n| n.to_string());
        std::iter::once(name).chain(numbers).collect()
    };
    let sum = |class: usize| split.counts().iter().map(|counts| counts[class]).sum();
    let sums: Vec<usize> = (0..classes.len()).map(sum).collect();
    let mut rows: Vec<Vec<String>> = Vec::with_capacity(split.counts().len() + 1);
    rows.extend(split.counts().iter().enumerate().map(|(worker, counts)| line((worker + 1).to_string(), counts)));
    rows.push(line("all".into(), &sums));
    let classes = classes.into_iter().map(|class| format!("class {class}"));
    let cases: Vec<&str> = cases.iter().copied().filter(|case| !case.is_empty()).collect();
    let cases = match cases[..] {
        [] => String::new(),
        [one] => format!(" (case {one})"),
        _ => format!(" (cases {})", cases.join(", ")),
    };
    let (how, workers, seed) = (split.how(), split.shards().len(), split.seed());
    let law = format!("split = {how}, workers = {workers}, split_seed = {seed}");
    TableRecord {
        title: format!("{} samples by worker and class: {law}{cases}", sums.iter().sum::<usize>()),
        columns: std::iter::once("worker".into()).chain(classes).chain(["all".into()]).collect(),
        rows,
    }
}
