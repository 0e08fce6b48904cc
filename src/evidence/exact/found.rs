//! Values of statistics at the states of a run, and their weighted sums.
//!
//! A root of rational coordinates is a sum of roots, and the mean of few of them is one as well. What is more than that
//! is kept as a formula, and what no formula can express (the choice of the largest entries) as an enclosure.

use crate::claim::{Instance, Reducer};
use crate::engine::{Plan, Point, Probe, combine_path, not_recorded};
use crate::model::Evaluating;
use crate::scalar::{Computable, Enclosure, Fault, Scalar, Surd};

/// What a formula costs for each coordinate, in units of the budget.
pub(super) const BY_FORMULA: u64 = 50_000;
/// What adding up roots costs.
const BY_ROOTS: u64 = 20_000;

/// A value at a state.
#[derive(Debug, Clone)]
pub(super) enum Found {
    Roots(Surd),
    Formula(Computable),
}

impl Found {
    pub(super) fn formula(self) -> Computable {
        match self {
            Found::Roots(value) => value.into(),
            Found::Formula(value) => value,
        }
    }

    fn roots(&self) -> Option<&Surd> {
        match self {
            Found::Roots(value) => Some(value),
            Found::Formula(_) => None,
        }
    }

    fn cost(&self) -> u64 {
        if self.roots().is_some_and(|v| v.rational().is_some()) { 0 } else { BY_ROOTS }
    }
}

/// Whether a fault is one of the arithmetic, so that a wider one may have a value.
pub(super) fn is_of_arithmetic(fault: &Fault) -> bool {
    matches!(fault, Fault::NoExactForm(_) | Fault::TooLarge(_) | Fault::Undecided(_))
}

/// A formula that has a value in doubles; others give no information.
fn useful(value: Computable) -> Result<Found, Fault> {
    let (low, high) = value.ends();
    let is_useful = value.rational().is_some() || low.is_finite() && high.is_finite();
    if is_useful { Ok(Found::Formula(value)) } else { Err(Fault::Undecided("a statistic")) }
}

/// The strongest value that an arithmetic gives: sums of roots, formulas, enclosures.
fn strongest(
    roots: Result<Surd, Fault>,
    formula: impl FnOnce() -> Result<Computable, Fault>,
    enclosed: impl FnOnce() -> Result<Enclosure, Fault>,
) -> Result<Found, Fault> {
    match roots.and_then(Surd::kept) {
        Ok(value) => return Ok(Found::Roots(value)),
        Err(fault) if is_of_arithmetic(&fault) => {}
        Err(fault) => return Err(fault),
    }
    match formula().and_then(useful) {
        Err(fault) if is_of_arithmetic(&fault) => useful(enclosed()?.into()),
        found => found,
    }
}

fn enclose(value: &Surd) -> Enclosure {
    value.enclosure().unwrap_or_else(Enclosure::whole)
}

/// A statistic at a state.
pub(super) fn found(probe: &Probe, point: &mut Point<'_, Surd>, spent: &mut u64) -> Result<Found, Fault> {
    let roots = probe.evaluate(point);
    let outside = !roots.as_ref().is_ok_and(|v| !v.is_too_large());
    if outside {
        *spent = spent.saturating_add(BY_FORMULA.saturating_mul(point.dimension()));
    }
    let found = strongest(
        roots,
        || point.recast(|v| Computable::from(v.clone()), |point| probe.evaluate(point)),
        || point.recast(enclose, |point| probe.evaluate(point)),
    )?;
    *spent = spent.saturating_add(found.cost());
    Ok(found)
}

/// Of a path's reductions: their places among the carried values, what was seen first, and the carried values.
pub(super) type Ends<'a> = (&'a [Option<usize>], &'a [Option<Found>], &'a [Option<Surd>]);

/// A path functional at the end of its path.
pub(super) fn finished(
    instance: &Instance,
    plan: &Plan,
    p: usize,
    (places, first, carried): Ends<'_>,
    point: &mut Point<'_, Surd>,
    spent: &mut u64,
) -> Result<Found, Fault> {
    let (combine, reductions) = &plan.paths[p];
    let mut reduced: Vec<Found> = Vec::with_capacity(reductions.len());
    for (r, (reducer, probe)) in reductions.iter().enumerate() {
        reduced.push(match (places[r], reducer) {
            (Some(place), _) => Found::Roots(carried[place].clone().ok_or_else(not_recorded)?),
            (None, Reducer::First) => first[r].clone().ok_or_else(not_recorded)?,
            (None, _) => found(probe, point, spent)?,
        });
    }
    fn combined<S: Evaluating>(instance: &Instance, plan: &Plan, p: usize, reduced: Vec<S>) -> Result<S, Fault> {
        let (combine, reductions) = &plan.paths[p];
        combine_path(instance, combine, reductions, reduced)
    }
    let roots: Option<Vec<Surd>> = reduced.iter().map(|v| v.roots().cloned()).collect();
    let roots = roots.ok_or(Fault::NoExactForm("a formula"));
    let roots = roots.and_then(|reduced| combine_path(instance, combine, reductions, reduced));
    if !roots.as_ref().is_ok_and(|v| !v.is_too_large()) {
        *spent = spent.saturating_add(BY_FORMULA);
    }
    let formulas: Vec<Computable> = reduced.into_iter().map(Found::formula).collect();
    let enclosed = || formulas.iter().map(Computable::enclosure).collect::<Result<Vec<_>, Fault>>();
    strongest(
        roots,
        || combined(instance, plan, p, formulas.clone()),
        || combined::<Enclosure>(instance, plan, p, enclosed()?),
    )
}

/// A sum under way: of roots as long as that is what its terms are, and of formulas.
#[derive(Debug, Clone)]
pub(super) struct Total {
    roots: Surd,
    formula: Option<Computable>,
}

impl Total {
    /// 0.
    pub(super) fn zero() -> Self {
        Total { roots: Surd::zero(), formula: None }
    }

    /// Adds a value times its weight.
    pub(super) fn add(&mut self, value: Found, weight: &Surd) {
        match value {
            Found::Roots(value) => {
                let mut sum = self.roots.clone();
                sum.add_product(&value, weight);
                if !sum.is_too_large() {
                    self.roots = sum;
                    return;
                }
                let before = std::mem::replace(&mut self.roots, Surd::zero());
                self.add_formula(Computable::from(value) * Computable::from(weight.clone()));
                self.add_formula(before.into());
            }
            Found::Formula(value) => self.add_formula(value * Computable::from(weight.clone())),
        }
    }

    fn add_formula(&mut self, value: Computable) {
        self.formula = Some(match self.formula.take() {
            Some(sum) => sum + value,
            None => value,
        });
    }

    /// The sum; `None` where nothing is known of it any more.
    pub(super) fn value(&self) -> Option<Computable> {
        let roots = Computable::from(self.roots.clone());
        let sum = match &self.formula {
            Some(sum) => sum.clone() + roots,
            None => roots,
        };
        match useful(sum).ok()? {
            Found::Formula(sum) => Some(sum),
            Found::Roots(sum) => Some(sum.into()),
        }
    }
}
