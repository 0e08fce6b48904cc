//! One instance, evaluated by itself: the repeated operation of the search for worst instances.

use super::plan::plan;
use crate::claim::{Cell, Instance, Scenario, Size, Variant, Work, cells, evaluate_quantity};
use crate::engine::{MOST_WORK, RunError, Sampling, Silent, settle_coins};
use crate::evidence::{Budget, CellOutcome, CellRun, Configuration, Effort, Findings, Inquiry, known};
use crate::model::{Audit, NO_TIES, Property, Registry, Ties};
use crate::results::Outcome;
use crate::verdict::{CellVerdict, Ground, compare_order, experiment_cell, left_side, quantity_cell, uncompared};
use std::sync::Arc;

/// Replicates of a sample that only guides a search; every instance meets the same random numbers.
const GUIDE: u64 = 256;
/// Units of an enumeration's budget that a product of two words of an enclosure counts for.
const UNITS_A_PRODUCT: u64 = 2;
/// Most coordinates of an instance that is drawn: large data sets are not for a search.
const MOST_COORDINATES: u64 = 4096;
/// Most coordinates times workers times steps of an instance that is drawn, and of one that a file lists.
const MOST_STEPS: u64 = 1_000_000;
const MOST_STEPS_OF_A_FILE: u64 = 200_000_000;
/// Most coordinates times workers times steps times replicates of a file's own cell, and fewest replicates that are
/// informative.
const MOST_SAMPLED: u64 = 4_000_000_000;
const FEWEST: u64 = 64;
/// Level of a guide's interval; it decides nothing.
const GUIDE_LEVEL: f64 = 0.05;
/// Level at which a sample says that a file's own cell is broken: that of `verify`.
const OWN_LEVEL: f64 = 1e-6;

/// What the evaluation of one instance may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    /// Of an enumeration.
    pub exact: Budget,
    /// Whether the file lists the instance itself: `verify` would run it at any size.
    pub own: bool,
}

impl Price {
    /// The price of an instance that is drawn.
    #[must_use]
    pub(crate) const fn drawn(exact: Budget) -> Self {
        Price { exact, own: false }
    }

    /// The price of a cell of the file: what `verify` pays in its quick profile.
    pub(crate) const OWN: Price = Price { exact: Budget::QUICK, own: true };

    /// Products of words that an enclosure may take.
    fn enclosed(self) -> u64 {
        if self.own { MOST_WORK } else { self.exact.0 / UNITS_A_PRODUCT }
    }

    /// Most coordinates, and most coordinates times workers times steps.
    fn most(self) -> (u64, u64) {
        if self.own { (u64::MAX, MOST_STEPS_OF_A_FILE) } else { (MOST_COORDINATES, MOST_STEPS) }
    }

    fn level(self) -> f64 {
        if self.own { OWN_LEVEL } else { GUIDE_LEVEL }
    }
}

/// Why an instance has no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not meet a hypothesis or an inequality: no instance of the claim.
    #[error("{0}: {1}")]
    Outside(String, String),
    /// Whether it meets one is not known.
    #[error("{0} is not known: {1}")]
    Open(String, String),
    /// It is too large for what an evaluation may cost.
    #[error("too large: {0}")]
    TooLarge(String),
    /// It cannot be built, or its sides have no value.
    #[error("{0}")]
    NoValue(String),
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Refusal::NoValue(why)
    }
}

impl From<&str> for Refusal {
    fn from(why: &str) -> Self {
        Refusal::NoValue(why.into())
    }
}

/// Where in the claim's class an instance lies.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// Constants of the instance that describe it, by name.
    pub constants: Vec<(&'static str, f64)>,
    /// The first step size.
    pub first_step: Option<f64>,
}

/// Constants that describe where an instance lies.
const TELLING: &[&str] = &["d", "M", "L", "L1", "mu", "G", "D", "R", "sigma", "sigma1"];

impl Place {
    fn of(variant: &Variant, run: &CellRun) -> Self {
        let Some(run) = run.experiment() else { return Place::default() };
        let constant = |name: &&'static str| Some((*name, run.instance.facts.value(name)?));
        Place {
            constants: TELLING.iter().filter_map(constant).filter(|(_, v)| v.is_finite()).collect(),
            first_step: run.instance.first_step(variant),
        }
    }

    fn constant(&self, name: &str) -> Option<f64> {
        self.constants.iter().find(|(n, _)| *n == name).map(|(_, v)| *v).filter(|v| *v > 0.0)
    }

    /// L/mu, where both are there and above 0.
    #[must_use]
    pub fn condition(&self) -> Option<f64> {
        Some(self.constant("L")? / self.constant("mu")?)
    }

    /// The first step times L.
    #[must_use]
    pub fn step(&self) -> Option<f64> {
        Some(self.first_step? * self.constant("L")?)
    }
}

/// The first hypothesis or inequality that is not met for certain, as a refusal.
///
/// # Errors
/// That one: what fails before what is not known.
pub(crate) fn admitted<'a>(audits: impl IntoIterator<Item = &'a (String, Audit)>) -> Result<(), Refusal> {
    let unmet: Vec<_> = audits.into_iter().filter(|(_, a)| a.holds() != Some(true)).collect();
    if let Some((name, audit)) = unmet.iter().find(|(_, a)| a.holds() == Some(false)) {
        return Err(Refusal::Outside(name.clone(), audit.value.clone()));
    }
    match unmet.first() {
        Some((name, audit)) => Err(Refusal::Open(name.clone(), audit.value.clone())),
        None => Ok(()),
    }
}

/// Evaluates a question at a single cell: exactly where the price allows it, else by enclosures, else by a small
/// sample, which the evidence grade of the verdict shows.
///
/// # Errors
/// [`Refusal`].
pub(crate) fn evaluate_scenario(
    registry: &Registry,
    scenario: &Scenario,
    price: Price,
) -> Result<(CellVerdict, Place), Refusal> {
    if scenario.curves.is_empty() {
        let (configuration, run) = run_of(registry, &scenario.variant, scenario, price)?;
        let verdict = match run.outcome {
            CellOutcome::Quantity(_) => quantity_cell(scenario, &run),
            CellOutcome::Experiment(_) | CellOutcome::Unrun(_) => {
                experiment_cell(price.level(), scenario, &configuration, &run)
            }
        };
        return Ok((verdict, Place::of(&scenario.variant, &run)));
    }
    let mut sides = Vec::new();
    let mut found = None;
    for (name, variant) in &scenario.curves {
        let (configuration, run) = run_of(registry, variant, scenario, price)?;
        found.get_or_insert_with(|| (uncompared(scenario, &run), Place::of(variant, &run)));
        sides.push((
            name.clone(),
            left_side(price.level(), &scenario.question.left, &configuration, &run, Ground::Strongest)?,
        ));
    }
    let (low, high, comparison) = compare_order(&sides).ok_or("an ordering needs two curves")?;
    let (mut verdict, place) = found.ok_or("an ordering needs two curves")?;
    (verdict.left, verdict.right, verdict.comparison) = (Some(low), Some(high), Ok(comparison));
    Ok((verdict, place))
}

fn run_of<'v>(
    registry: &Registry,
    variant: &'v Variant,
    scenario: &Scenario,
    price: Price,
) -> Result<(Configuration<'v>, CellRun), Refusal> {
    if let Some(tuning) = &variant.tuning {
        return Err(Refusal::TooLarge(format!("'{}' is chosen by runs of its own", tuning.parameter)));
    }
    let mut all = cells(variant).map_err(|e| e.message)?;
    let cell = match (all.pop(), all.len()) {
        (Some(cell), 0) => cell,
        _ => return Err("an instance has one value for each parameter".into()),
    };
    let terms = scenario.question.left.terms.clone();
    let configuration = Configuration { terms, cells: 1, ..Configuration::new(&scenario.case, variant) };
    let outcome = match &variant.work {
        Work::Quantity(part) => CellOutcome::Quantity(evaluate_quantity(registry, part, &cell).map_err(|e| e.message)?),
        Work::Experiment(experiment) => {
            let size = Size::estimate(registry, experiment, &cell);
            let work = size.dimension.0.saturating_mul(size.workers.0).saturating_mul(size.horizon.0.max(1));
            let (coordinates, steps) = price.most();
            if size.dimension.0 > coordinates || work > steps {
                let size = format!("{} coordinates, {} steps", size.dimension.0, size.horizon.0);
                return Err(Refusal::TooLarge(size));
            }
            let mut instance = Instance::build(registry, experiment, &cell).map_err(|e| e.message)?;
            settle_coins(&mut instance);
            let instance = Arc::new(instance);
            // Ties are found during the run.
            let audits = instance.audit(variant, Ties::NotSeen);
            admitted(audits.iter().filter(|(name, _)| name != NO_TIES))?;
            if let Some(why) = instance.lacks() {
                return Err(why.into());
            }
            let run = measure((scenario, &configuration, cell), &instance, price)?;
            return Ok((configuration, run));
        }
    };
    Ok((configuration, CellRun { cell, outcome }))
}

/// Replicates of a file's own cell: its own number, as far as the work allows.
fn own_replicates(configuration: &Configuration<'_>, instance: &Instance) -> Result<u64, Refusal> {
    let own = configuration.variant.experiment().map_or(GUIDE, |e| e.run.replicates.0);
    let entries = (instance.problem.dimension() as u64).saturating_mul(instance.workers as u64);
    let affordable = MOST_SAMPLED / entries.saturating_mul(instance.horizon).max(1);
    if affordable < own.min(FEWEST) && !instance.is_deterministic() {
        return Err(Refusal::TooLarge(format!("{own} replicates of {} steps", instance.horizon)));
    }
    Ok(own.min(affordable.max(1)))
}

fn measure(
    (scenario, configuration, cell): (&Scenario, &Configuration<'_>, Cell),
    instance: &Arc<Instance>,
    price: Price,
) -> Result<CellRun, Refusal> {
    let no_value = |error: RunError| error.to_string();
    let plan = plan(configuration, instance).map_err(no_value)?;
    let effort = Effort { exact: price.exact, enclosed: price.enclosed() };
    let reach = Findings::reach(instance, &plan);
    let inquiry = Inquiry { reach: &reach, plan: &plan, effort, progress: &Silent };
    let known = known(&inquiry).map_err(no_value)?;
    let run = |findings| CellRun { cell: cell.clone(), outcome: CellOutcome::Experiment(Box::new(findings)) };
    let unsampled = run(known.alone(&inquiry).map_err(no_value)?);
    let is_decided = |run: &CellRun| {
        let comparison = experiment_cell(price.level(), scenario, configuration, run).comparison;
        comparison.is_ok_and(|c| c.outcome == Outcome::Violated)
    };
    // A run without randomness is its own sample, and as cheap.
    let may_do = scenario.curves.is_empty() && !instance.is_deterministic();
    if known.is_complete() || may_do && is_decided(&unsampled) {
        return Ok(unsampled);
    }
    // A finite law that cannot be enumerated is too large here, or exists only where its atoms are probabilities. The
    // file's own cells are sampled as `verify` samples them.
    if !price.own && instance.noise.as_ref().is_some_and(|n| n.has(Property::Continuous) != Some(true)) {
        return Err(Refusal::TooLarge("its outcomes cannot be enumerated, or have no law where the run goes".into()));
    }
    let looks = [if price.own { own_replicates(configuration, instance)? } else { GUIDE }];
    let sampling = Sampling { seed: 0, cell_key: &[], looks: &looks, setup: "", progress: &Silent };
    Ok(run(known.sample(&inquiry, sampling, &mut |_| true).map_err(no_value)?))
}
