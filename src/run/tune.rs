//! Parameters that runs choose, before the claim is decided with what they chose.
//!
//! Every setup with a sweep is run once per candidate, with the change that `[tune]` makes. The candidate with the best
//! left side is taken: the first of several equals, and none whose run diverged. The verdict does not see the sweep's
//! draws: a candidate is among the keys of its random numbers.

use super::cells::observed;
use super::data::files_read;
use super::plan::{DecideError, Settings, located};
use crate::claim::{InstanceError, Spec, Tuning};
use crate::data::DataFile;
use crate::evidence::{Configuration, ConfigurationRuns, Design, Effort, known};
use crate::results::TableRecord;
use crate::verdict::{Ground, left_side};
use std::collections::BTreeSet;

/// A claim whose parameters have the values that their sweeps chose.
pub(super) struct Tuned {
    /// The claim with one value of each.
    pub spec: Spec,
    /// The data files that the sweeps have read.
    pub files: BTreeSet<DataFile>,
    /// The sweeps, in the order in which their setups stand in the file.
    sweeps: Vec<Sweep>,
}

/// One setup's sweep.
struct Sweep {
    /// The curve and case, or bound and case, that it belongs to.
    place: String,
    tuning: Tuning,
    /// Each candidate as written, and what its run gave; none where that diverged.
    found: Vec<(String, Option<f64>)>,
    best: usize,
}

/// Runs the sweeps of a claim; nothing where it has none.
///
/// # Errors
/// A candidate that cannot be run, or a sweep all of whose candidates diverged.
pub(super) fn tune(spec: &Spec, file: (&str, &str), settings: &Settings<'_>) -> Result<Option<Tuned>, DecideError> {
    let mut chosen = spec.clone();
    let mut tunings: Vec<(String, Tuning)> = Vec::new();
    for (place, variant) in chosen.variants_mut() {
        if let Some(tuning) = &variant.tuning
            && !tunings.iter().any(|(_, t)| t.is_same(tuning))
        {
            tunings.push((place, (**tuning).clone()));
        }
    }
    if tunings.is_empty() {
        return Ok(None);
    }
    let mut design = Design::default();
    for (_, tuning) in &tunings {
        design.request("", &tuning.variant, Some(&tuning.by), None);
    }
    let (runs, _) = observed(spec, design, file, settings, |subject| {
        let inquiry = subject.inquiry(Effort { exact: settings.profile.budget(), enclosed: 0 });
        let looks = [settings.profile.replicates(subject.configuration)];
        Ok((known(&inquiry)?.sample(&inquiry, subject.sampling(&looks), &mut |_| true)?, ()))
    })?;
    let mut sweeps = Vec::with_capacity(tunings.len());
    for (place, tuning) in &tunings {
        let ConfigurationRuns { configuration, runs } = runs.of("", &tuning.variant).ok_or_else(|| {
            let message = "a sweep was not run".to_string();
            located(file, InstanceError { span: tuning.span.clone(), message })
        })?;
        let value = |run| left_side(1.0, &tuning.by, configuration, run, Ground::Nothing).ok().map(|side| side.point);
        let values: Vec<Option<f64>> = runs.iter().map(|run| value(run).filter(|v| v.is_finite())).collect();
        let best = tuning.best(&values).ok_or_else(|| {
            let message =
                format!("no value of '{}' has a run that gives '{}': all diverged", tuning.parameter, tuning.by_text);
            located(file, InstanceError { span: tuning.span.clone(), message })
        })?;
        let found = candidates(configuration, &tuning.parameter).into_iter().zip(values).collect();
        sweeps.push(Sweep { place: place.clone(), tuning: tuning.clone(), found, best });
    }
    let best = |tuning: &Tuning| sweeps.iter().find(|s| s.tuning.is_same(tuning)).map(|s| s.best);
    for (_, variant) in chosen.variants_mut() {
        if let Some(tuning) = variant.tuning.take()
            && let Some(candidate) = best(&tuning)
        {
            variant.settle(&tuning.parameter, candidate);
        }
    }
    Ok(Some(Tuned { spec: chosen, files: files_read(&runs), sweeps }))
}

/// The candidates as the file writes them.
fn candidates(configuration: &Configuration<'_>, parameter: &str) -> Vec<String> {
    let parameter = configuration.variant.parameters.iter().find(|p| p.name == parameter);
    parameter.into_iter().flat_map(|p| &p.values).map(|v| v.text.clone()).collect()
}

impl Tuning {
    /// Whether two sweeps are the same runs with the same choice.
    fn is_same(&self, other: &Tuning) -> bool {
        self.variant.setup == other.variant.setup
            && (&self.parameter, &self.by, self.largest) == (&other.parameter, &other.by, other.largest)
    }

    /// The first of the best values.
    fn best(&self, values: &[Option<f64>]) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for (place, value) in values.iter().enumerate().filter_map(|(i, v)| Some((i, (*v)?))) {
            let better = |than: f64| if self.largest { value > than } else { value < than };
            if best.is_none_or(|(_, least)| better(least)) {
                best = Some((place, value));
            }
        }
        best.map(|(place, _)| place)
    }
}

impl Tuned {
    /// Every candidate with what its run gave, and which one was taken.
    pub(super) fn table(&self) -> TableRecord {
        let mut rows = Vec::new();
        for Sweep { place, tuning, found, best } in &self.sweeps {
            for (candidate, (text, value)) in found.iter().enumerate() {
                let value = value.map_or_else(|| "diverged".into(), |v| format!("{v:.6}"));
                let taken = if candidate == *best { "taken" } else { "" };
                let (setup, by) = (place.clone(), tuning.by_text.clone());
                rows.push(vec![setup, format!("{} = {text}", tuning.parameter), by, value, taken.into()]);
            }
        }
        let columns = ["setup", "candidate", "compared by", "value", ""].map(Into::into).into();
        TableRecord { title: "Parameters chosen by runs".into(), columns, rows }
    }
}
