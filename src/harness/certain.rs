//! What is known of a cell's expectations without a sample.

use crate::engine::{Estimates, Plan, Progress, RunError};
use crate::exact::{Budget, ExactEstimates, MomentEstimates, Unavailable, enumerate, moments};
use crate::spec::Instance;

/// Expectations from moments and from enumeration, term by term.
#[derive(Debug, Clone, Default)]
pub(super) struct Certain {
    followed: Option<MomentEstimates>,
    enumerated: Option<ExactEstimates>,
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
        found.enumerated = kept(enumerate(instance, plan, budget, progress))?;
        Ok(found)
    }

    /// Whether every term is known exactly or enclosed sharply.
    pub fn is_complete(&self) -> bool {
        let known = |followed: &dyn Fn(&MomentEstimates) -> Vec<bool>, exact: &dyn Fn(&ExactEstimates) -> Vec<bool>| {
            let a = self.followed.as_ref().map(followed).unwrap_or_default();
            let b = self.enumerated.as_ref().map(exact).unwrap_or_default();
            let at = |all: &[bool], i: usize| all.get(i).copied().unwrap_or(false);
            (0..a.len().max(b.len())).all(|i| at(&a, i) || at(&b, i))
        };
        let some = self.followed.is_some() || self.enumerated.is_some();
        some && known(&|f| f.paths.iter().map(Option::is_some).collect(), &|e| {
            e.paths.iter().map(Option::is_some).collect()
        }) && known(&|f| f.series.iter().map(Option::is_some).collect(), &|e| {
            e.series.iter().map(Option::is_some).collect()
        })
    }

    /// Puts it beside what was sampled.
    pub fn put(&self, estimates: &mut Estimates) {
        if let Some(followed) = &self.followed {
            estimates.set_expectations(followed.paths.clone(), followed.series.clone(), followed.traffic);
        }
        if let Some(exact) = &self.enumerated {
            estimates.set_exact(exact.paths.clone(), exact.series.clone(), (exact.traffic, exact.ties));
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
