//! The ladder: kinds of evidence that need no sample, tried in order, and the sample that completes them.

use super::exact::{Budget, ExactEstimates, Unavailable, enumerate_as_far, outcomes};
use super::findings::Findings;
use super::moments::{MomentEstimates, moments};
use crate::engine::{Estimates, Plan, Progress, Record, RunError, Sampling, plain_enclosed, run_until};
use crate::scalar::{Enclosure, Fault};

/// What the evidence on one instance may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effort {
    /// Of moments and enumerations.
    pub exact: Budget,
    /// Of an enclosed run, in products of words.
    pub enclosed: u64,
}

/// One instance, and the statistics requested for it.
#[derive(Clone, Copy)]
pub(crate) struct Inquiry<'a> {
    /// The instance, and where its run can go.
    pub reach: &'a Findings,
    /// The statistics whose expectations are wanted.
    pub plan: &'a Plan,
    /// What it may cost.
    pub effort: Effort,
    /// Queried whether to go on.
    pub progress: &'a dyn Progress,
}

/// What one kind of evidence says of the terms of a plan.
trait Layer: Send + Sync {
    /// For each path term and each series term, whether its expectation is known exactly or enclosed sharply.
    fn knows(&self) -> (Vec<bool>, Vec<bool>);

    /// Whether nothing stronger can be said of any term.
    fn is_final(&self) -> bool {
        false
    }

    /// Puts it beside what is weaker.
    ///
    /// # Errors
    /// Only that the run is to be given up.
    fn put(&self, estimates: &mut Estimates) -> Result<(), RunError>;
}

/// What a kind of evidence finds, given what stronger ones found; nothing where it does not apply.
type Rung = fn(&Inquiry<'_>, &Known) -> Result<Option<Box<dyn Layer>>, RunError>;

/// From the strongest down.
const LADDER: &[Rung] = &[by_moments, by_enumeration, by_outcomes, by_enclosure];

/// What is known without a sample.
pub(crate) struct Known {
    layers: Vec<Box<dyn Layer>>,
    /// Numbers of path terms and of series terms.
    terms: (usize, usize),
}

/// What is known of a run's expectations without a sample.
///
/// # Errors
/// Only that the run is to be given up.
pub(crate) fn known(inquiry: &Inquiry<'_>) -> Result<Known, RunError> {
    let terms = (inquiry.plan.paths.len(), inquiry.plan.series.len());
    let mut known = Known { layers: Vec::new(), terms };
    for rung in LADDER {
        if known.layers.iter().any(|layer| layer.is_final()) {
            break;
        }
        let found = rung(inquiry, &known)?;
        known.layers.extend(found);
    }
    Ok(known)
}

impl Known {
    /// Whether every term is known exactly or enclosed sharply.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        let (paths, series): (Vec<_>, Vec<_>) = self.layers.iter().map(|layer| layer.knows()).unzip();
        let all = |known: &[Vec<bool>], terms: usize| {
            (0..terms).all(|i| known.iter().any(|one| one.get(i).copied().unwrap_or(false)))
        };
        self.terms != (0, 0) && all(&paths, self.terms.0) && all(&series, self.terms.1)
    }

    /// Beside what was sampled, the strongest last.
    ///
    /// # Errors
    /// Only that the run is to be given up.
    pub(crate) fn beside(&self, mut sampled: Estimates) -> Result<Estimates, RunError> {
        self.layers.iter().rev().try_for_each(|layer| layer.put(&mut sampled))?;
        Ok(sampled)
    }

    /// Without a sample.
    ///
    /// # Errors
    /// Only that the run is to be given up.
    pub(crate) fn alone(&self, inquiry: &Inquiry<'_>) -> Result<Findings, RunError> {
        let reach = inquiry.reach.clone();
        Ok(Findings { estimates: self.beside(reach.estimates.clone())?, ..reach })
    }

    /// The last rung: a sample of replicates (one, where nothing is random), until `enough` returns true at a look at
    /// the estimates.
    ///
    /// # Errors
    /// The first fault of a run, but for one that leaves the range of a parameter: such a run is not defined.
    pub(crate) fn sample(
        &self,
        inquiry: &Inquiry<'_>,
        sampling: Sampling<'_>,
        enough: &mut dyn FnMut(&Findings) -> bool,
    ) -> Result<Findings, RunError> {
        let reach = inquiry.reach;
        let with = |sampled: Estimates| Ok(Findings { estimates: self.beside(sampled)?, ..reach.clone() });
        let mut look = |sampled: &Estimates| with(sampled.clone()).map_or(true, |found: Findings| enough(&found));
        match run_until(&reach.instance, inquiry.plan, sampling, &mut look) {
            Ok(sampled) => with(sampled),
            Err(error @ RunError::Step { fault: Fault::Outside(_), .. }) => {
                Ok(Findings { undefined: Some(error.to_string()), ..reach.clone() })
            }
            Err(error) => Err(error),
        }
    }
}

/// Finding nothing, for want of a budget or an exact form, is no error.
fn kept<T: Layer + 'static>(found: Result<T, Unavailable>) -> Result<Option<Box<dyn Layer>>, RunError> {
    match found {
        Ok(found) => Ok(Some(Box::new(found))),
        Err(Unavailable::Unfit(_)) => Ok(None),
        Err(Unavailable::Stopped) => Err(RunError::Stopped),
    }
}

fn has_terms(plan: &Plan) -> bool {
    !plan.paths.is_empty() || !plan.series.is_empty()
}

/// Known first and second moments. A run without randomness is one outcome: its enumeration is as cheap, and knows
/// every function of it.
fn by_moments(inquiry: &Inquiry<'_>, _: &Known) -> Result<Option<Box<dyn Layer>>, RunError> {
    let Inquiry { reach: Findings { instance, .. }, plan, effort, progress } = *inquiry;
    if !has_terms(plan) || instance.is_deterministic() {
        return Ok(None);
    }
    kept(moments(instance, plan, effort.exact, progress))
}

/// All outcomes, in sums of roots.
fn by_enumeration(inquiry: &Inquiry<'_>, _: &Known) -> Result<Option<Box<dyn Layer>>, RunError> {
    let Inquiry { reach: Findings { instance, .. }, plan, effort, progress } = *inquiry;
    if !has_terms(plan) {
        return Ok(None);
    }
    kept(enumerate_as_far(instance, plan, effort.exact, progress, true))
}

/// All outcomes of a run whose states are irrational, in enclosures.
fn by_outcomes(inquiry: &Inquiry<'_>, known: &Known) -> Result<Option<Box<dyn Layer>>, RunError> {
    let Inquiry { reach: Findings { instance, .. }, plan, effort, progress } = *inquiry;
    if !has_terms(plan) || instance.is_deterministic() || known.is_complete() {
        return Ok(None);
    }
    kept(outcomes(instance, plan, effort.exact, progress))
}

/// A run without randomness, in enclosures: its doubles alone prove nothing.
fn by_enclosure(inquiry: &Inquiry<'_>, known: &Known) -> Result<Option<Box<dyn Layer>>, RunError> {
    let Inquiry { reach: Findings { instance, .. }, plan, effort, progress } = *inquiry;
    if !instance.is_deterministic() || known.is_complete() {
        return Ok(None);
    }
    let plan = Plan { curves: Vec::new(), ..plan.clone() };
    Ok(Some(Box::new(Enclosed(plain_enclosed(instance, &plan, effort.enclosed, progress)))))
}

impl Layer for MomentEstimates {
    fn knows(&self) -> (Vec<bool>, Vec<bool>) {
        (self.paths.iter().map(Option::is_some).collect(), self.series.iter().map(Option::is_some).collect())
    }

    fn is_final(&self) -> bool {
        self.is_complete() && self.is_exact()
    }

    fn put(&self, estimates: &mut Estimates) -> Result<(), RunError> {
        estimates.set_run(self.traffic, estimates.ties);
        estimates.set_enclosures(self.paths.clone(), self.series.clone());
        Ok(())
    }
}

impl Layer for ExactEstimates {
    fn knows(&self) -> (Vec<bool>, Vec<bool>) {
        (self.knows_paths().collect(), self.knows_series().collect())
    }

    fn put(&self, estimates: &mut Estimates) -> Result<(), RunError> {
        if self.partial {
            estimates.set_first_iterates(&self.series);
        } else {
            estimates.set_run(self.traffic, self.ties);
            estimates.set_exact(self.paths.clone(), self.series.clone());
        }
        Ok(())
    }
}

/// A run in enclosures, or why there is none. Its ends may be far apart: it completes nothing.
struct Enclosed(Result<Record<Enclosure>, RunError>);

impl Layer for Enclosed {
    fn knows(&self) -> (Vec<bool>, Vec<bool>) {
        (Vec::new(), Vec::new())
    }

    fn put(&self, estimates: &mut Estimates) -> Result<(), RunError> {
        estimates.set_enclosed(self.0.clone())
    }
}
