//! Separable quadratics, each worker with curvatures and targets of its own.
//!
//! **Facts** (exact) worker i has f_i(x) = sum_j a_ij (x_j - c_ij)^2/2 and f is their mean. With A_j = mean_i a_ij the
//! curvature of f is L_j = A_j: L = max A, |L|_1 = L_inf = sum A, mu = mu_1 = min A, rho = 0. The minimiser is x*_j =
//! sum_i a_ij c_ij / sum_i a_ij, and f* = (1/M) sum_ij a_ij (x*_j - c_ij)^2/2. Where all workers have the same
//! curvatures, the medians' gradient stays at the distance gap_median = |(A_j (median_i c_ij - mean_i c_ij))_j|_2 from
//! grad f.
//! **Source** chen2020's heterogeneous workers; `worker-squares` is the case d = 1, a = 1.
//! **Shapes and units** `targets` has M rows of d entries in `[x]`; `curvature` has as many, or one row for all
//! workers, in `[f]/[x]^2`.
//! **Ties and edge cases** A curvature may be 0 for some workers, but not for all. For an even M the median is the mean
//! of the two middle values.

use super::constants::{Constants, axis, norm2, origin, quotient};
use super::worker_squares::{average, median};
use super::{Flow, Footprint, Minimisers, Problem, ProblemEntry, walk_towards};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Params, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Scalar};

/// f(x) = (1/M) sum_i sum_j a_ij (x_j - c_ij)^2 / 2.
pub(super) struct WorkerQuadratics {
    workers: usize,
    /// A_j and x*_j.
    mean_curvature: Vec<Real>,
    best: Vec<Real>,
    lowest: Real,
    gap: Option<Real>,
    /// a and c by rows; A, x* and f*.
    a: Constants,
    c: Constants,
    whole: Constants,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "worker-quadratics",
    summary: "worker i has sum_j a_ij (x_j - c_ij)^2/2; f is their mean",
    params: &[
        ParamSpec {
            name: "targets",
            kind: Kind::Matrix,
            default: None,
            limits: Limits::ANY,
            doc: "c_ij, one row per worker",
        },
        ParamSpec {
            name: "curvature",
            kind: Kind::Matrix,
            default: Some(""),
            limits: Limits::NON_NEGATIVE,
            doc: "a_ij, one row per worker or one for all; 1 where absent",
        },
    ],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| Ok(Box::new(WorkerQuadratics::build(p)?)),
};

/// The curvatures, one row per worker.
fn curvatures(p: &Params, workers: usize, dimension: usize) -> Result<Vec<Vec<Real>>, BuildError> {
    if !p.has("curvature") {
        return Ok(vec![vec![Real::integer(1); dimension]; workers]);
    }
    let mut rows = p.matrix("curvature")?;
    if rows.len() == 1 {
        rows = vec![rows[0].clone(); workers];
    }
    if rows.len() != workers || rows[0].len() != dimension {
        let found = format!("'curvature' has {} rows of {}", rows.len(), rows[0].len());
        let message = format!("{found}; it takes 1 or {workers} of {dimension}, as 'targets' has");
        return Err(BuildError::about("curvature", message));
    }
    if let Some(bad) = rows.iter().flatten().find(|a| !(a.to_f64() >= 0.0 && a.to_f64().is_finite())) {
        return Err(BuildError::about("curvature", format!("'curvature' holds {bad}; it takes numbers, 0 or more")));
    }
    Ok(rows)
}

impl WorkerQuadratics {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let targets = p.matrix("targets")?;
        let (workers, dimension) = (targets.len(), targets[0].len());
        if dimension == 0 || targets.iter().flatten().any(|c| !c.to_f64().is_finite()) {
            return Err(BuildError::about("targets", "'targets' takes rows of at least one finite number"));
        }
        let curvature = curvatures(p, workers, dimension)?;
        let column = |rows: &[Vec<Real>], j: usize| rows.iter().map(|row| row[j].clone()).collect::<Vec<_>>();
        let (mut mean_curvature, mut best, mut losses, mut gaps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for j in 0..dimension {
            let (a, c) = (column(&curvature, j), column(&targets, j));
            let mean = average(&a);
            if mean.to_f64() <= 0.0 {
                let message = format!("coordinate {} has the curvature 0 for all workers: f has no minimiser", j + 1);
                return Err(BuildError::about("curvature", message));
            }
            let weighted: Vec<Real> = a.iter().zip(&c).map(|(a, c)| a.times(c)).collect();
            let centre = quotient(&average(&weighted), &mean);
            losses.extend(a.iter().zip(&c).map(|(a, c)| a.times(&c.minus(&centre)).times(&c.minus(&centre))));
            gaps.push(mean.times(&median(&c).minus(&average(&c))));
            mean_curvature.push(mean);
            best.push(centre);
        }
        let lowest = quotient(&Real::sum(&losses), &Real::integer(2 * workers as i64));
        let whole: Vec<Real> = mean_curvature.iter().chain(&best).chain([&lowest]).cloned().collect();
        let alike = curvature.iter().all(|row| *row == curvature[0]);
        Ok(WorkerQuadratics {
            workers,
            gap: alike.then(|| norm2(&gaps)),
            a: Constants::new(&curvature.concat()),
            c: Constants::new(&targets.concat()),
            whole: Constants::new(&whole),
            mean_curvature,
            best,
            lowest,
        })
    }

    fn d(&self) -> usize {
        self.best.len()
    }
}

impl Problem for WorkerQuadratics {
    fn dimension(&self) -> usize {
        self.d()
    }

    /// f* + sum_j A_j (x_j - x*_j)^2/2, since the gradient of f vanishes at x*.
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for (j, x) in x.iter().enumerate() {
            let away = x.clone() - self.whole.get::<S>(self.d() + j)?;
            sum.add_product(&(self.whole.get::<S>(j)? * &away), &away);
        }
        Ok(sum * S::ratio(1, 2) + self.whole.get::<S>(2 * self.d())?)
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        for (j, (x, out)) in x.iter().zip(out).enumerate() {
            *out = self.whole.get::<S>(j)? * &(x.clone() - self.whole.get::<S>(self.d() + j)?);
        }
        Ok(())
    }

    fn own_objectives(&self) -> Option<usize> {
        Some(self.workers)
    }

    #[inline(always)]
    fn worker_gradient<S: Scalar>(&self, worker: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let row = worker * self.d();
        for (j, (x, out)) in x.iter().zip(out).enumerate() {
            *out = self.a.get::<S>(row + j)? * &(x.clone() - self.c.get::<S>(row + j)?);
        }
        Ok(())
    }

    /// The flows of f: x* + (x - x*) e^{-A t}, and a walk to x* at unit speed.
    #[inline(always)]
    fn flow<S: Scalar>(&self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        for (j, (x, out)) in x.iter().zip(out).enumerate() {
            let best: S = self.whole.get(self.d() + j)?;
            *out = match kind {
                Flow::Gradient => {
                    let decay = (-(self.whole.get::<S>(j)? * time)).exp()?;
                    (x.clone() - &best) * &decay + &best
                }
                Flow::Sign => walk_towards(x, &best, time),
            };
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        let sum = Real::sum(&self.mean_curvature);
        let (top, low) = (Real::largest(&self.mean_curvature), Real::smallest(&self.mean_curvature));
        let mut facts = Facts::new();
        facts.exact("L", top.clone()).exact("Lmax", top).exact("L1", sum.clone()).exact("Linf", sum);
        facts.exact("mu", low.clone()).exact("mu1", low);
        facts.exact("rho", Real::integer(0)).exact("fstar", self.lowest.clone());
        if let Some(gap) = &self.gap {
            facts.exact("gap_median", gap.clone());
        }
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(self.mean_curvature.clone())
    }

    fn has(&self, property: Property) -> Option<bool> {
        matches!(property, Property::Convex | Property::Smooth | Property::StronglyConvex).then_some(true)
    }

    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let (from, along) = (origin(self.d()), axis(self.d(), 0, &Real::integer(1)));
        (property == RefutableProperty::BoundedGradient).then_some(Witness::Growth { from, along })
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::point(self.best.clone()))
    }
}
