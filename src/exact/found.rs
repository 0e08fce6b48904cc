//! Values of statistics at the states of a run, and their weighted sums.

use crate::engine::{Point, Probe};
use crate::scalar::{Computable, Fault, Scalar, Surd};

/// What a formula costs for each coordinate, in units of the budget.
pub(super) const BY_FORMULA: u64 = 50_000;

/// A value at a state.
#[derive(Debug, Clone)]
pub(super) enum Found {
    Roots(Surd),
    Formula(Computable),
}

impl Found {
    pub(super) fn roots(&self) -> Option<&Surd> {
        match self {
            Found::Roots(value) => Some(value),
            Found::Formula(_) => None,
        }
    }

    pub(super) fn formula(self) -> Computable {
        match self {
            Found::Roots(value) => value.into(),
            Found::Formula(value) => value,
        }
    }
}

/// A statistic at a state: a sum of roots, or a formula in the state's coordinates.
pub(super) fn found(probe: &Probe, point: &mut Point<'_, Surd>, spent: &mut u64) -> Result<Found, Fault> {
    match probe.evaluate(point).and_then(Surd::kept) {
        Ok(value) => Ok(Found::Roots(value)),
        Err(Fault::NoExactForm(_) | Fault::TooLarge(_)) => {
            *spent = spent.saturating_add(BY_FORMULA.saturating_mul(point.dimension()));
            point.recast(|v| Computable::from(v.clone()), |point| probe.evaluate(point)).map(Found::Formula)
        }
        Err(fault) => Err(fault),
    }
}

/// A sum under way: of roots as long as that is what its terms are, and of formulas.
#[derive(Debug, Clone, Default)]
pub(super) struct Total {
    roots: Option<Surd>,
    formula: Option<Computable>,
}

impl Total {
    pub(super) fn add(&mut self, value: Found, weight: &Surd) {
        let mut roots = self.roots.take().unwrap_or_else(Surd::zero);
        match value {
            Found::Roots(value) => {
                let mut sum = roots.clone();
                sum.add_product(&value, weight);
                if !sum.is_too_large() {
                    self.roots = Some(sum);
                    return;
                }
                self.add_formula(Computable::from(value) * Computable::from(weight.clone()));
                self.add_formula(std::mem::replace(&mut roots, Surd::zero()).into());
            }
            Found::Formula(value) => self.add_formula(value * Computable::from(weight.clone())),
        }
        self.roots = Some(roots);
    }

    fn add_formula(&mut self, value: Computable) {
        self.formula = Some(match self.formula.take() {
            Some(sum) => sum + value,
            None => value,
        });
    }

    pub(super) fn value(self) -> Computable {
        let roots = Computable::from(self.roots.unwrap_or_else(Surd::zero));
        match self.formula {
            Some(sum) => sum + roots,
            None => roots,
        }
    }
}
