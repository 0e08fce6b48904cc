//! Every cell of a claim, run once.

use super::plan::{DecideError, Settings, located, plan};
use super::side_by_side::{CellWork, Ready, each_cell, make_ready};
use crate::charts::{drawn, lacking};
use crate::claim::{Cell, Instance, InstanceError, Spec, evaluate_quantity, stream_key};
use crate::engine::{Plan, RunError, Sampling};
use crate::evidence::{CellOutcome, CellRun, Configuration, Design, Effort, Findings, Inquiry, Observed};
use crate::verdict::Judge;
use std::sync::Arc;

/// One cell's experiment, with everything that running it takes.
pub(super) struct Subject<'a> {
    pub judge: Judge<'a>,
    pub configuration: &'a Configuration<'a>,
    pub settings: &'a Settings<'a>,
    pub plan: Plan,
    /// Before anything is run.
    pub reach: Findings,
    cell: Cell,
    /// What keys its random numbers.
    key: Vec<(String, String)>,
    /// What is run and recorded.
    setup: String,
}

impl<'a> Subject<'a> {
    fn new(
        judge: Judge<'a>,
        configuration: &'a Configuration<'a>,
        settings: &'a Settings<'a>,
        (cell, instance): (Cell, Instance),
    ) -> Result<Self, RunError> {
        let plan = plan(configuration, &instance)?;
        let reach = Findings::reach(&Arc::new(instance), &plan);
        let key = stream_key(judge.spec, &configuration.case, &cell);
        let Configuration { variant, terms, curves, .. } = configuration;
        let setup = format!("{}\n{terms:?}\n{curves:?}", variant.setup);
        Ok(Subject { judge, configuration, settings, plan, reach, cell, key, setup })
    }

    /// What is asked of it, and at what cost.
    pub(super) fn inquiry(&self, effort: Effort) -> Inquiry<'_> {
        Inquiry { reach: &self.reach, plan: &self.plan, effort, progress: self.settings.progress }
    }

    /// How its replicates are drawn.
    pub(super) fn sampling<'l>(&'l self, looks: &'l [u64]) -> Sampling<'l> {
        let (seed, progress) = (self.settings.seed, self.settings.progress);
        Sampling { seed, cell_key: &self.key, looks, setup: &self.setup, progress }
    }

    /// The run of its cell.
    pub(super) fn run(&self, findings: Findings) -> CellRun {
        CellRun { cell: self.cell.clone(), outcome: CellOutcome::Experiment(Box::new(findings)) }
    }
}

/// Refuses a figure that its problem has nothing for, at its place in the file.
fn drawable(spec: &Spec, design: &Design<'_>, ready: &[Ready<'_>]) -> Result<(), InstanceError> {
    for figure in &spec.figures {
        let places: Vec<usize> = drawn(spec, figure).filter_map(|(_, case, v)| design.place(case, v)).collect();
        for one in ready.iter().filter(|one| places.contains(&one.place)) {
            let problem = match &one.work {
                CellWork::Run(instance) => Some(&*instance.problem),
                CellWork::Evaluate(_) => None,
            };
            if let Some(why) = lacking(figure.kind, problem) {
                return Err(InstanceError { span: figure.span.clone(), message: why.into() });
            }
        }
    }
    Ok(())
}

/// Runs the cells of a claim's design, and gives for each experiment what else came of it.
///
/// `file` is the claim file's name and text, for error messages.
///
/// # Errors
/// A cell that cannot be built (with its place in the file) or run.
pub(super) fn observed<'s, E: Send>(
    spec: &'s Spec,
    mut design: Design<'s>,
    file: (&str, &str),
    settings: &Settings<'_>,
    experiment: impl Fn(&Subject<'_>) -> Result<(Findings, E), RunError> + Sync,
) -> Result<(Observed<'s>, Vec<Vec<Option<E>>>), DecideError> {
    let locate = |error| located(file, error);
    let ready = make_ready(&mut design, settings, locate)?;
    drawable(spec, &design, &ready).map_err(locate)?;
    let judge = Judge { spec, design: &design, level: settings.level };
    let done = each_cell(&design, ready, settings, |configuration, Ready { place, cell, work }| {
        if settings.progress.stop() {
            return Err(DecideError::Stopped(spec.id.clone()));
        }
        Ok(match work {
            CellWork::Run(instance) if instance.lacks().is_some() => {
                (place, CellRun { cell, outcome: CellOutcome::Unrun(instance) }, None)
            }
            CellWork::Run(instance) => {
                let parameters: Vec<String> = cell.labels().into_iter().map(|(n, v)| format!("{n} = {v}")).collect();
                let failed = |error| match error {
                    RunError::Stopped => DecideError::Stopped(spec.id.clone()),
                    error => {
                        let place = format!("case '{}' ({})", configuration.case, parameters.join(", "));
                        DecideError::Run { id: spec.id.clone(), place, error }
                    }
                };
                let subject = Subject::new(judge, configuration, settings, (cell, *instance)).map_err(failed)?;
                let (findings, more) = experiment(&subject).map_err(failed)?;
                (place, subject.run(findings), Some(more))
            }
            CellWork::Evaluate(part) => {
                let rows = evaluate_quantity(settings.registry, part, &cell).map_err(locate)?;
                (place, CellRun { cell, outcome: CellOutcome::Quantity(rows) }, None)
            }
        })
    })?;
    let mut runs: Vec<Vec<CellRun>> = design.0.iter().map(|_| Vec::new()).collect();
    let mut others: Vec<Vec<Option<E>>> = design.0.iter().map(|_| Vec::new()).collect();
    for (place, run, more) in done {
        runs[place].push(run);
        others[place].push(more);
    }
    Ok((Observed { design, runs }, others))
}
