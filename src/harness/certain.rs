//! What is known of a cell's expectations without a sample.

use crate::engine::{Estimates, Plan, Progress, RunError};
use crate::exact::{Budget, ExactEstimates, MomentEstimates, Unavailable, enumerate_as_far, moments, outcomes};
use crate::spec::Instance;

/// Expectations from moments and from enumeration, term by term.
#[derive(Debug, Clone, Default)]
pub(super) struct Certain {
    followed: Option<MomentEstimates>,
    enumerated: Option<ExactEstimates>,
    /// From all outcomes of a run whose states are irrational.
    listed: Option<MomentEstimates>,
}

impl Certain {
    /// What the budget gives for the terms of a plan.
    ///
    /// # Errors
    /// Only that the run is to be given up.
    pub fn of(instance: &Instance, plan: &Plan, budget: Budget, progress: &dyn Progress) -> Result<Self, RunError> {
        let mut found = Certain::default();
        if plan.paths.is_empty() && plan.series.is_empty() {
            return Ok(found);
        }
        // A run without randomness is one outcome: its enumeration is as cheap, and knows every function of it.
        if !instance.is_deterministic() {
            found.followed = kept(moments(instance, plan, budget, progress))?;
            let all_exact = |f: &MomentEstimates| f.is_complete() && f.is_exact();
            if found.followed.as_ref().is_some_and(all_exact) {
                return Ok(found);
            }
        }
        found.enumerated = kept(enumerate_as_far(instance, plan, budget, progress, true))?;
        if !instance.is_deterministic() && !found.is_complete() {
            found.listed = kept(outcomes(instance, plan, budget, progress))?;
        }
        Ok(found)
    }

    /// Whether every term is known exactly or enclosed sharply.
    pub fn is_complete(&self) -> bool {
        let linear = [&self.followed, &self.listed].into_iter().flatten();
        let (mut paths, mut series): (Vec<Vec<bool>>, Vec<Vec<bool>>) = linear
            .map(|f| (f.paths.iter().map(Option::is_some).collect(), f.series.iter().map(Option::is_some).collect()))
            .unzip();
        if let Some(exact) = &self.enumerated {
            paths.push(exact.knows_paths().collect());
            series.push(exact.knows_series().collect());
        }
        let all = |known: &[Vec<bool>]| {
            let terms = known.iter().map(Vec::len).max().unwrap_or(0);
            (0..terms).all(|i| known.iter().any(|one| one.get(i).copied().unwrap_or(false)))
        };
        !paths.is_empty() && all(&paths) && all(&series)
    }

    /// Puts it beside what was sampled.
    pub fn put(&self, estimates: &mut Estimates) {
        for followed in [&self.listed, &self.followed].into_iter().flatten() {
            estimates.set_run(followed.traffic, estimates.ties);
            estimates.set_enclosures(followed.paths.clone(), followed.series.clone());
        }
        if let Some(exact) = &self.enumerated {
            if exact.partial {
                estimates.set_first_iterates(&exact.series);
                return;
            }
            estimates.set_run(exact.traffic, exact.ties);
            estimates.set_exact(exact.paths.clone(), exact.series.clone());
        }
    }
}

fn kept<T>(found: Result<T, Unavailable>) -> Result<Option<T>, RunError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Unavailable::Unfit(_)) => Ok(None),
        Err(Unavailable::Stopped) => Err(RunError::Stopped),
    }
}
