//! All outcomes of a run, each followed in enclosures.
//!
//! Where a gradient leaves the rationals the states of a run do, and none of them merge. Where the outcomes are few
//! enough (noise with finitely many values over a few steps), they can be followed one by one all the same.

use super::super::moments::{MomentEstimates, SHARP};
use super::branch::Script;
use super::enumerate::{Budget, Unavailable};
use crate::claim::Instance;
use crate::engine::{Door, Plan, Progress, RunError, Traffic, fixed_start, follow, without_noise};
use crate::model::noise::DrawRounding;
use crate::model::problem::Flow;
use crate::model::{DynNoise, Evaluating, Query};
use crate::scalar::{Enclosure, Fault, Rational, Scalar, Surd};

/// Bits of the floats, tried in this order while a sign stays open.
const PRECISIONS: [usize; 3] = [128, 512, 2048];
/// Cost of a step's coordinate, in the units of [`Budget`].
const COST: u64 = 20_000;

/// The oracle of one outcome.
struct Scripted<'a> {
    instance: &'a Instance,
    script: Script,
    batch: u64,
    traffic: Traffic,
    place: u64,
    /// Most outcomes that the budget has room for.
    most: u64,
}

impl Scripted<'_> {
    /// A choice; a run with too many outcomes ends at the first choice that shows it.
    fn choose(&mut self, probabilities: &[Rational]) -> Result<usize, Fault> {
        let probabilities: Vec<Surd> = probabilities.iter().cloned().map(Surd::from).collect();
        let chosen = self.script.choose(&probabilities)?;
        if self.script.outcomes() > self.most { Err(too_many()) } else { Ok(chosen) }
    }

    /// The mean of a batch of draws, added to the gradient or multiplied with it.
    fn perturb(&mut self, law: &dyn DynNoise, batch: u64, out: &mut [Enclosure]) -> Result<(), Fault> {
        let base = match law.in_doubles(batch) {
            DrawRounding::Added(_) => Rational::zero(),
            DrawRounding::Times(_) => Rational::one(),
            DrawRounding::Alone(_) => return Err(Fault::NoExactForm("noise that depends on the gradient")),
        };
        let origin = vec![base.clone(); out.len()];
        let mut sum = vec![Rational::zero(); out.len()];
        for _ in 0..batch {
            let atoms = law.atoms_from(self.place, &origin, &origin);
            let atoms = atoms.ok_or(Fault::NoExactForm("noise with infinitely many values"))?;
            let probabilities: Vec<Rational> = atoms.iter().map(|a| a.probability.clone()).collect();
            let chosen = self.choose(&probabilities)?;
            sum.iter_mut().zip(&atoms[chosen].gradient).for_each(|(sum, g)| *sum += g);
            self.place = law.node_after(self.place, chosen);
        }
        let weight = Rational::ratio(1, batch);
        for (out, sum) in out.iter_mut().zip(sum) {
            let mean = Enclosure::from_rational(&(sum * &weight));
            if base.is_zero() {
                *out += &mean;
            } else {
                *out *= &mean;
            }
        }
        Ok(())
    }
}

impl Query<Enclosure> for Scripted<'_> {
    fn gradient(&mut self, worker: usize, x: &[Enclosure], out: &mut [Enclosure]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        let problem = Enclosure::problem(&*self.instance.problem);
        if self.instance.minibatch {
            let n = self.instance.problem.worker_samples(worker).unwrap_or(1);
            let each = vec![Rational::ratio(1, n as u64); n];
            let mut one = out.to_vec();
            out.fill(Enclosure::zero());
            for _ in 0..self.batch {
                let sample = self.choose(&each)?;
                problem.worker_sample_gradient_at(worker, sample, x, &mut one)?;
                out.iter_mut().zip(&one).for_each(|(out, g)| *out += g);
            }
            let weight = Enclosure::ratio(1, self.batch);
            out.iter_mut().for_each(|g| *g *= &weight);
        } else {
            problem.worker_gradient_at(worker, x, out)?;
        }
        match &self.instance.noise {
            Some(noise) => self.perturb(&**noise, self.batch, out),
            None => Ok(()),
        }
    }

    fn coin(&mut self, p: &[Enclosure], out: &mut [Enclosure]) -> Result<(), Fault> {
        for (p, out) in p.iter().zip(out) {
            let p = p.exact().ok_or(Fault::NoExactForm("an irrational probability"))?;
            let p = Ord::min(Ord::max(p.clone(), Rational::zero()), Rational::one());
            let chosen = self.choose(&[Rational::one() - &p, p])?;
            *out = Enclosure::ratio(chosen as i64, 1);
        }
        Ok(())
    }

    fn perturbation(&mut self, out: &mut [Enclosure]) -> Result<(), Fault> {
        let law = self.instance.perturbation.as_ref().ok_or_else(|| {
            Fault::Unsupported("the algorithm draws noise of its own, but no `perturbation` is declared".into())
        })?;
        out.fill(Enclosure::zero());
        let place = std::mem::replace(&mut self.place, 0);
        let done = self.perturb(&**law, 1, out);
        self.place = place;
        done
    }

    fn flow(&mut self, kind: Flow, x: &[Enclosure], time: &Enclosure, out: &mut [Enclosure]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        without_noise(self.instance)?;
        Enclosure::problem(&*self.instance.problem).flow_from(kind, x, time, out)
    }

    fn upload(&mut self, bits: u64) {
        self.traffic.upload += bits;
    }

    fn broadcast(&mut self, bits: u64, workers: usize) {
        self.traffic.broadcast += bits * workers as u64;
    }
}

impl Door<Enclosure> for Scripted<'_> {
    fn set_batch(&mut self, batch: u64) {
        self.batch = batch;
    }
    fn traffic(&self) -> Traffic {
        self.traffic
    }
    fn as_query(&mut self) -> &mut dyn Query<Enclosure> {
        self
    }
}

fn too_many() -> Fault {
    Fault::Unsupported("too many outcomes for the budget".into())
}

fn unfit(reason: impl ToString) -> Unavailable {
    Unavailable::Unfit(reason.to_string())
}

/// The expectation of every term of a plan, from all outcomes one by one.
///
/// # Errors
/// [`Unavailable`]: noise with infinitely many values or one that depends on the gradient, more outcomes than `budget`,
/// a sign that stays open, or a run that is given up.
pub fn outcomes(
    instance: &Instance,
    plan: &Plan,
    budget: Budget,
    progress: &dyn Progress,
) -> Result<MomentEstimates, Unavailable> {
    let plan = Plan { curves: Vec::new(), ..plan.clone() };
    let mut last = unfit("a sign stays open");
    for bits in PRECISIONS {
        match Enclosure::at_precision(bits, || all(instance, &plan, budget, progress)) {
            Ok(found) if found.agreement() >= SHARP || bits == PRECISIONS[PRECISIONS.len() - 1] => {
                let found = found.useful();
                return if found.is_empty() { Err(last) } else { Ok(found) };
            }
            Ok(_) => {}
            Err(RunError::Stopped) => return Err(Unavailable::Stopped),
            Err(RunError::Step { fault: fault @ Fault::Undecided(_), .. }) => last = unfit(fault),
            Err(other) => return Err(unfit(other)),
        }
    }
    Err(last)
}

fn all(instance: &Instance, plan: &Plan, budget: Budget, progress: &dyn Progress) -> Result<MomentEstimates, RunError> {
    let d = instance.problem.dimension() as u64;
    let path = instance.horizon.max(1).saturating_mul(d * instance.workers.max(1) as u64).saturating_mul(COST);
    let most = budget.0 / path;
    let mut script = Script::default();
    let mut found = MomentEstimates {
        paths: vec![Some(Enclosure::zero()); plan.paths.len()],
        series: vec![Some(Vec::new()); plan.series.len()],
        traffic: Traffic::default(),
    };
    let mut run: u64 = 0;
    loop {
        run += 1;
        if run > most {
            return Err(too_many().into());
        }
        let mut oracle = Scripted { instance, script, batch: 1, traffic: Traffic::default(), place: 0, most };
        let record = follow(instance, plan, fixed_start(instance)?, &mut oracle, progress)?;
        script = oracle.script;
        let weight = script.probability().enclosure().ok_or_else(too_many)?;
        for (sum, value) in found.paths.iter_mut().flatten().zip(record.paths) {
            *sum += &(value * &weight);
        }
        for (sums, values) in found.series.iter_mut().flatten().zip(record.series) {
            sums.resize(values.len(), Enclosure::zero());
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += &(value * &weight));
        }
        found.traffic = oracle.traffic;
        if !script.advance() {
            return Ok(found);
        }
    }
}
