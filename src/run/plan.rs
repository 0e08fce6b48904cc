//! What is to be run for a claim, and with which settings.

use crate::charts::drawn;
use crate::claim::{
    Diagnostic, Experiment, Expression, FigureKind, Instance, InstanceError, Spec, SpecError, Term, cells,
};
use crate::engine::{Plan, Progress, RunError};
use crate::evidence::{Budget, Configuration, Design};
use crate::model::Registry;

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
    pub(super) fn replicates(self, configuration: &Configuration<'_>) -> u64 {
        let (quick, full) = configuration.variant.experiment().map_or((1, 1), |e| e.run.replicates);
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

/// What a decision depends on besides the claim file.
pub struct Settings<'a> {
    /// The parts that files may name.
    pub registry: &'a Registry,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Level of the claim: the probability that any of its verdicts is a false alarm.
    pub level: f64,
    /// Quick or full.
    pub profile: Profile,
    /// Is notified of finished replicates.
    pub progress: &'a dyn Progress,
}

/// A claim that cannot be decided because something is wrong with its file or its runs.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
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

/// An instance that cannot be built, at its place in the claim file of this name and text.
pub(super) fn located((file, text): (&str, &str), error: InstanceError) -> DecideError {
    let diagnostic = Diagnostic::new(error.span, error.message);
    DecideError::Spec(Box::new(SpecError::new(file, text, vec![diagnostic])))
}

/// Everything that a claim's questions and figures need.
pub(super) fn design(spec: &Spec) -> Design<'_> {
    let mut design = Design::default();
    for scenario in spec.scenarios() {
        if scenario.curves.is_empty() {
            design.request(&scenario.case, &scenario.variant, Some(&scenario.question.left), None);
        }
        for (_, variant) in &scenario.curves {
            design.request(&scenario.case, variant, Some(&scenario.question.left), None);
        }
    }
    for figure in &spec.figures {
        for (_, case, variant) in drawn(spec, figure) {
            if figure.kind == FigureKind::Curves {
                for formula in figure.y.iter().chain(&figure.lines) {
                    design.request(case, variant, None, Some(&formula.expr));
                }
            } else if !(figure.kind == FigureKind::LeftAgainstBound && figure.lines.is_empty()) {
                design.request(case, variant, None, None);
            }
        }
    }
    design
}

/// Replicates that a claim will run, for the progress bar; an upper bound, since deterministic cells run once.
#[must_use]
pub(crate) fn replicate_count(spec: &Spec, profile: Profile) -> u64 {
    design(spec)
        .0
        .iter()
        .filter(|configuration| configuration.variant.experiment().is_some())
        .map(|configuration| {
            profile.replicates(configuration) * cells(configuration.variant).map_or(0, |c| c.len() as u64)
        })
        .sum()
}

/// Refuses what cannot be measured on an instance, at its place in the file.
pub(super) fn measurable(
    configuration: &Configuration<'_>,
    experiment: &Experiment,
    instance: &Instance,
) -> Result<(), InstanceError> {
    plan(configuration, instance).map(|_| ()).map_err(|error| InstanceError {
        span: match error {
            RunError::Window(_) => experiment.run.horizon.span.clone(),
            _ => experiment.problem.span.clone(),
        },
        message: error.to_string(),
    })
}

/// The statistics of a configuration on an instance.
pub(super) fn plan(configuration: &Configuration<'_>, instance: &Instance) -> Result<Plan, RunError> {
    let terms: Vec<&Term> = configuration.terms.iter().collect();
    let curves: Vec<&Expression> = configuration.curves.iter().collect();
    Plan::new(instance, &terms, &curves)
}
