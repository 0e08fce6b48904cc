//! One square a worker: heterogeneous objectives whose median and mean gradients differ everywhere by the same amount.
//!
//! **Facts** (exact) Worker i has (x - a_i)^2/2; f is their mean, (x - mean a)^2/2 + f*, with f* = sum (a_i - mean a)^2
//! / (2M) at mean a (7/3 for a = (0, 1, 5)); L = L_1 = L_inf = mu = mu_1 = 1, rho = 0. The median of the workers'
//! gradients is x - median a, so that it stays at the distance gap_median = |median a - mean a| from grad f.
//! **Source** chen2020, theorem 3 (M = 3).
//! **Shapes and units** d = 1; `targets` has M entries in `[x]`; f is in `[x]^2`.
//! **Ties and edge cases** For an even M the median is the mean of the two middle targets.

use super::constants::{Constants, axis, origin, quotient};
use super::{Flow, Footprint, Minimisers, Problem, ProblemEntry, walk_towards};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Scalar};

/// f(x) = (1/M) sum (x - a_i)^2 / 2 with the terms spread over M workers.
pub(super) struct WorkerSquares {
    targets: Vec<Real>,
    mean: Real,
    lowest: Real,
    a: Constants,
    /// mean a, f*.
    whole: Constants,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "worker-squares",
    summary: "worker i has (x - a_i)^2/2; f is their mean",
    params: &[ParamSpec {
        name: "targets",
        kind: Kind::Vector,
        default: None,
        limits: Limits::ANY,
        doc: "a_i, one per worker",
    }],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| {
        let targets = p.list("targets")?;
        if targets.iter().any(|a| !a.to_f64().is_finite()) {
            return Err(BuildError::about("targets", "every target must be a finite number"));
        }
        let mean = average(&targets);
        let squares: Vec<Real> = targets.iter().map(|a| a.minus(&mean).times(&a.minus(&mean))).collect();
        let lowest = quotient(&average(&squares), &Real::integer(2));
        let whole = Constants::new(&[mean.clone(), lowest.clone()]);
        Ok(Box::new(WorkerSquares { a: Constants::new(&targets), whole, mean, lowest, targets }))
    },
};

/// Arithmetic mean of at least one number.
pub(super) fn average(values: &[Real]) -> Real {
    quotient(&Real::sum(values), &Real::integer(values.len() as i64))
}

/// Middle number, or the mean of the two middle ones.
pub(super) fn median(values: &[Real]) -> Real {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.minus(b).to_f64().partial_cmp(&0.0).unwrap_or(std::cmp::Ordering::Equal));
    average(&sorted[(sorted.len() - 1) / 2..=sorted.len() / 2])
}

impl Problem for WorkerSquares {
    fn dimension(&self) -> usize {
        1
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let away = x[0].clone() - self.whole.get::<S>(0)?;
        Ok(away.clone() * &away * S::ratio(1, 2) + self.whole.get::<S>(1)?)
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        out[0] = x[0].clone() - self.whole.get::<S>(0)?;
        Ok(())
    }

    /// The flows of (x - mean a)^2/2.
    #[inline(always)]
    fn flow<S: Scalar>(&self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        let mean: S = self.whole.get(0)?;
        out[0] = match kind {
            Flow::Gradient => mean.clone() + (x[0].clone() - &mean) * &(-time.clone()).exp()?,
            Flow::Sign => walk_towards(&x[0], &mean, time),
        };
        Ok(())
    }

    fn own_objectives(&self) -> Option<usize> {
        Some(self.targets.len())
    }

    #[inline(always)]
    fn worker_gradient<S: Scalar>(&self, worker: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        out[0] = x[0].clone() - self.a.get::<S>(worker)?;
        Ok(())
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        for name in ["L", "Lmax", "L1", "Linf", "mu", "mu1"] {
            facts.exact(name, Real::integer(1));
        }
        facts.exact("rho", Real::integer(0)).exact("fstar", self.lowest.clone());
        facts.exact("gap_median", median(&self.targets).minus(&self.mean).magnitude());
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(vec![Real::integer(1)])
    }

    fn has(&self, property: Property) -> Option<bool> {
        matches!(property, Property::Convex | Property::Smooth | Property::StronglyConvex).then_some(true)
    }

    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let (from, along) = (origin(1), axis(1, 0, &Real::integer(1)));
        (property == RefutableProperty::BoundedGradient).then_some(Witness::Growth { from, along })
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::point(vec![self.mean.clone()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_lists() {
        // exact
        for (list, middle) in [(&[5, 0, 1][..], Real::integer(1)), (&[4, 1, 3, 2], Real::Exact("5/2".parse().unwrap()))]
        {
            let list: Vec<Real> = list.iter().map(|v| Real::integer(*v)).collect();
            assert_eq!(median(&list), middle);
        }
    }
}
