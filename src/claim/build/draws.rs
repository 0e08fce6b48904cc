//! The random parts of an instance: noise laws, perturbations, and what does not go with batches of samples.

use super::{Builder, InstanceError, PartSetup, Schedule, located};
use crate::model::noise::DrawRounding;
use crate::model::{DynNoise, DynProblem, Evaluating, Known, Limits, Real};
use crate::scalar::{Fault, Rational, Scalar};

impl Builder<'_> {
    pub(super) fn noise(&self, part: &PartSetup, d: usize) -> Result<Box<dyn DynNoise>, InstanceError> {
        let entry = self
            .registry
            .noise(&part.name)
            .map_err(|_| InstanceError::new(&part.span, format!("unknown noise law '{}'", part.name)))?;
        (entry.build)(&self.params(part, d, 1)?).map_err(|e| located(part, &e))
    }

    /// Refuses noise that has no law at the start's own gradients, where these are known exactly.
    pub(super) fn has_a_law(
        &self,
        noise: &dyn DynNoise,
        problem: &dyn DynProblem,
        start: &[Real],
    ) -> Result<(), InstanceError> {
        let Some(part) = self.experiment.oracle.noise.as_ref().filter(|_| noise.where_undefined().is_some()) else {
            return Ok(());
        };
        let Ok(x) = start.iter().map(Real::cast).collect::<Result<Vec<Rational>, Fault>>() else { return Ok(()) };
        let mut gradient = vec![Rational::zero(); x.len()];
        for worker in 0..problem.own_objectives().unwrap_or(1) {
            let at = Rational::problem(problem).worker_gradient_at(worker, &x, &mut gradient);
            if self.experiment.oracle.minibatch || at.is_err() {
                continue;
            }
            x.iter().zip(&gradient).try_for_each(|(x, g)| noise.law_at(x, g)).map_err(|e| located(part, &e))?;
        }
        Ok(())
    }

    /// An algorithm's own noise has mean 0 and variance 1 in each coordinate: its size stands in the algorithm.
    pub(super) fn perturbation(&self, part: &PartSetup, d: usize) -> Result<Box<dyn DynNoise>, InstanceError> {
        let law = self.noise(part, d)?;
        let refuse = |what: String| {
            let message = format!("{what}; an algorithm's own noise has mean 0 and variance 1 in each coordinate");
            InstanceError::new(&part.span, message)
        };
        let facts = law.facts();
        if let (Some(largest), Some(sum)) = (facts.get("sigma_max"), facts.get("sigma1"))
            && largest.known == Known::Exact
        {
            let (one, all) = (Limits::exactly(1), Limits::exactly(d as i64));
            return match one.admits(&largest.value) && all.admits(&sum.value) {
                true => Ok(law),
                false => Err(refuse(format!("'{}' has the largest deviation {} here", part.name, largest.value))),
            };
        }
        // The moments depend on the gradient; that of this noise is 0, one coordinate like the other.
        let atoms = self.noise(part, 1)?.atoms_from(0, &[], &[Rational::zero()]);
        let atoms = atoms.ok_or_else(|| refuse(format!("the variance of '{}' is not known", part.name)))?;
        let moment = |power: i32| {
            let value = |v: &Rational| if power == 1 { v.clone() } else { v.clone() * v };
            atoms.iter().fold(Rational::zero(), |sum, a| sum + a.probability.clone() * value(&a.gradient[0]))
        };
        let (mean, square) = (moment(1), moment(2));
        if mean.is_zero() && square == Rational::one() {
            return Ok(law);
        }
        Err(refuse(format!("'{}' has the mean {mean} and the mean square {square} where the gradient is 0", part.name)))
    }

    /// Each stochastic gradient of a batch has a sample and a draw of its own. What is added to the gradient may be added
    /// to the mean of the samples; what depends on the gradient may not.
    pub(super) fn one_draw_per_sample(&self, law: &dyn DynNoise, batch: &Schedule) -> Result<(), InstanceError> {
        let added = matches!(law.in_doubles(1), DrawRounding::Added(_));
        let single = matches!(batch, Schedule::Constant(size) if *size == Real::integer(1));
        if added || single {
            return Ok(());
        }
        let oracle = &self.experiment.oracle;
        let span = oracle.batch.as_ref().map_or(&self.experiment.problem.span, |formula| &formula.span);
        let message = "noise that depends on the gradient has a draw for each sample, which a batch of several samples \
                       does not support: `batch = 1`, or noise that is added to the gradient";
        Err(InstanceError::new(span, message))
    }
}
