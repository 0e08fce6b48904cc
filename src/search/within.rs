//! Ranges given on the command line, `L/mu in [10, 11]`. Instances outside them do not belong to the family, and their
//! distance from the ranges guides the search into them.

use super::family::{Candidate, Family};
use super::requires::inequalities;
use crate::claim::{Instance, Symbol, Within, Work, cells, scenario_of};
use crate::expr::ExprError;
use crate::model::{Registry, fact_spec};
use crate::run::Refusal;
use crate::scalar::Rational;
use std::ops::Range;

/// Replaces the logarithm of numbers that have none.
const FAR: f64 = 1e3;

impl Family {
    /// How far an instance lies outside the ranges of the command line; `None` where something else refuses it.
    #[must_use]
    pub fn distance(&self, registry: &Registry, candidate: &Candidate, why: &Refusal) -> Option<f64> {
        let Refusal::Outside(name, _) = why else { return None };
        self.within.iter().find(|w| inequalities(w).contains(name))?;
        let scenario = scenario_of(&self.render(candidate)?, registry).ok()?;
        let cell = cells(&scenario.variant).ok()?.pop()?;
        let Work::Experiment(experiment) = &scenario.variant.work else { return None };
        let instance = Instance::build(registry, experiment, &cell).ok()?;
        let value = |within: &Within| {
            let symbol = |name: &str, span: &Range<usize>| match fact_spec(name) {
                _ if instance.cell.values.contains_key(name) => Ok(Symbol::Parameter(name.into())),
                Some(fact) => Ok(Symbol::Fact(fact)),
                None => Err(ExprError::new("neither a parameter nor a fact", span.clone())),
            };
            let expr = within.expr.resolve(&mut { symbol }).ok()?;
            instance.evaluate(&expr).ok().map(|v| v.to_f64())
        };
        Some(self.within.iter().filter_map(|w| Some(outside(value(w)?, &w.range))).sum())
    }
}

/// How far a number lies outside a range, measured by factors where possible.
fn outside(value: f64, (low, high): &(Rational, Rational)) -> f64 {
    let (low, high) = (low.to_f64(), high.to_f64());
    let end = value.clamp(low, high);
    if value == end {
        return 0.0;
    }
    let factor = libm::log(value / end).abs();
    if factor.is_finite() { factor } else { (value - end).abs().min(FAR) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_factors() {
        let range = (Rational::integer(10), Rational::integer(11));
        // exact: ln(20/10) = ln(22/11) = ln 2
        let two = std::f64::consts::LN_2;
        assert!((outside(5.0, &range) - two).abs() < 1e-12 && (outside(22.0, &range) - two).abs() < 1e-12);
        assert_eq!((outside(10.5, &range), outside(-3.0, &range)), (0.0, 13.0));
    }
}
