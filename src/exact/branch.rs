//! An oracle that takes every branch: a step is run again for each outcome of its random choices.

use crate::engine::{Door, Traffic, without_noise};
use crate::model::algorithm::VoteLaw;
use crate::model::problem::Flow;
use crate::model::{DynNoise, Evaluating, Query};
use crate::scalar::{Fault, Rational, Scalar, Surd};
use crate::spec::Instance;
use std::cmp::Ordering;

/// The choices of one outcome of one step: which branch was taken, of how many.
#[derive(Debug, Default)]
pub(super) struct Script {
    taken: Vec<(usize, usize)>,
    position: usize,
    probability: Option<Surd>,
}

impl Script {
    /// Probability of the outcome that was just run.
    pub fn probability(&self) -> Surd {
        self.probability.clone().unwrap_or_else(Surd::one)
    }

    /// How many outcomes the step has, if every path through it makes the choices of this one.
    pub fn outcomes(&self) -> u64 {
        self.taken.iter().fold(1, |product, (_, count)| product.saturating_mul(*count as u64))
    }

    /// Choices of the outcome that was just run.
    pub fn choices(&self) -> usize {
        self.position
    }

    /// Prepares the next outcome; `false` when all have been run.
    pub fn advance(&mut self) -> bool {
        self.position = 0;
        self.probability = None;
        while let Some((branch, count)) = self.taken.pop() {
            if branch + 1 < count {
                self.taken.push((branch + 1, count));
                return true;
            }
        }
        false
    }

    /// Takes the scripted branch, or the first where the script ends.
    fn choose(&mut self, probabilities: &[Surd]) -> usize {
        let possible: Vec<usize> = (0..probabilities.len()).filter(|i| !probabilities[*i].is_zero()).collect();
        if self.position == self.taken.len() {
            self.taken.push((0, possible.len().max(1)));
        }
        let index = possible.get(self.taken[self.position].0).copied().unwrap_or(0);
        self.position += 1;
        if let Some(p) = probabilities.get(index) {
            self.probability = Some(self.probability() * p);
        }
        index
    }
}

/// The oracle of a step under a script.
pub(super) struct Branching<'a> {
    pub instance: &'a Instance,
    pub script: Script,
    pub batch: u64,
    pub traffic: Traffic,
    /// Where the draws so far have led, for noise that depends on them.
    pub place: u64,
    /// The law of the votes of the step's first draw, once it is known.
    pub law: Option<Vec<[Surd; 3]>>,
    /// What a whole run may cost.
    pub budget: u64,
    /// What votes have cost, in the same units.
    pub work: u64,
}

/// What a number costs to work with: gcds grow with the square of its length.
///
/// Every pair of roots of a product is looked up among the roots that are there.
pub(super) fn length(v: &Surd) -> u64 {
    let roots = v.roots() as u64;
    let words = (v.bits() as u64 / (roots + 1)).div_ceil(64);
    (1000 + 20 * words * words) * (1 + 8 * roots * roots)
}

impl Branching<'_> {
    fn sides(&mut self, shares: &[[Surd; 3]]) -> Vec<Ordering> {
        shares.iter().map(|shares| SIDES[self.script.choose(shares)]).collect()
    }

    /// The mean of `batch` draws at a gradient, each choosing its own atom.
    fn mean_of_draws(&mut self, noise: &dyn DynNoise, x: &[Surd], gradient: &mut [Surd]) -> Result<(), Fault> {
        // What is added to a gradient has the same atoms at every gradient, irrational ones included.
        let (at, shift) = match rationals(gradient) {
            Some(at) => (at, None),
            None if noise.is_additive() => (vec![Rational::zero(); gradient.len()], Some(gradient.to_vec())),
            None => return Err(Fault::NoExactForm("noise at an irrational gradient")),
        };
        let x = match rationals(x) {
            Some(x) => x,
            None if noise.is_additive() => Vec::new(),
            None => return Err(Fault::NoExactForm("noise at an irrational iterate")),
        };
        let law = |place: u64| {
            let atoms = noise.atoms_from(place, &x, &at).ok_or_else(infinite_support)?;
            let probabilities: Vec<Surd> = atoms.iter().map(|a| a.probability.clone().into()).collect();
            Ok((atoms, probabilities))
        };
        let (mut atoms, mut probabilities) = law(self.place)?;
        let mut sum = vec![Surd::zero(); gradient.len()];
        for draw in 1..=self.batch {
            let index = self.script.choose(&probabilities);
            for (s, g) in sum.iter_mut().zip(&atoms[index].gradient) {
                *s += &Surd::from(g.clone());
            }
            for (s, g) in sum.iter_mut().zip(shift.iter().flatten()) {
                *s += g;
            }
            let next = noise.node_after(self.place, index);
            if std::mem::replace(&mut self.place, next) != next && draw < self.batch {
                (atoms, probabilities) = law(next)?;
            }
        }
        let weight = Surd::ratio(1, self.batch);
        for (out, s) in gradient.iter_mut().zip(sum) {
            *out = s * &weight;
        }
        Ok(())
    }

    fn sampled_gradient(&mut self, worker: usize, x: &[Surd], out: &mut [Surd]) -> Result<(), Fault> {
        let problem = Surd::problem(&*self.instance.problem);
        let n = self.instance.problem.worker_samples(worker).unwrap_or(1);
        let uniform = vec![Surd::ratio(1, n as u64); n];
        let (mut sum, mut one) = (vec![Surd::zero(); x.len()], vec![Surd::zero(); x.len()]);
        for _ in 0..self.batch {
            problem.worker_sample_gradient_at(worker, self.script.choose(&uniform), x, &mut one)?;
            for (s, g) in sum.iter_mut().zip(&one) {
                *s += g;
            }
        }
        let weight = Surd::ratio(1, self.batch);
        for (out, s) in out.iter_mut().zip(sum) {
            *out = s * &weight;
        }
        Ok(())
    }
}

const SIDES: [Ordering; 3] = [Ordering::Less, Ordering::Equal, Ordering::Greater];

/// Probabilities of fewer, as many and more votes for + than for -.
fn shares(heads: &[Surd], workers: usize) -> [Surd; 3] {
    let side = |s: &Ordering| {
        let mine = heads.iter().enumerate().filter(|(n, _)| (2 * n).cmp(&workers) == *s);
        mine.fold(Surd::zero(), |sum, (_, p)| sum + p)
    };
    let weights = SIDES.each_ref().map(side);
    let all = weights.iter().fold(Surd::zero(), |sum, w| sum + w);
    weights.map(|w| w.divide(&all).unwrap_or_else(|_| Surd::zero()))
}

/// What a product of whole numbers of a law costs, and what each of their words adds.
const UNITS_A_PRODUCT: u64 = 100;
const UNITS_A_WORD: u64 = 10;

/// The law of a number of heads after one more coin, times the denominator of p.
fn one_more(heads: &[Surd], p: &Surd) -> Vec<Surd> {
    let denominator = p.rational().map_or_else(Surd::one, |p| p.denominator().into());
    let p = &(p.clone() * &denominator);
    let other = denominator - p;
    let mut next = vec![Surd::zero(); heads.len() + 1];
    for (n, before) in heads.iter().enumerate() {
        next[n] += &(before.clone() * &other);
        next[n + 1] += &(before.clone() * p);
    }
    next
}

/// The numbers, where all are rational.
fn rationals(v: &[Surd]) -> Option<Vec<Rational>> {
    v.iter().map(|s| s.rational().cloned()).collect()
}

fn infinite_support() -> Fault {
    Fault::NoExactForm("a noise law without finite support")
}

impl Query<Surd> for Branching<'_> {
    fn gradient(&mut self, worker: usize, x: &[Surd], out: &mut [Surd]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        if self.instance.minibatch {
            self.sampled_gradient(worker, x, out)?;
        } else {
            Surd::problem(&*self.instance.problem).worker_gradient_at(worker, x, out)?;
        }
        if let Some(noise) = &self.instance.noise {
            self.mean_of_draws(&**noise, x, out)?;
        }
        Ok(())
    }

    fn coin(&mut self, p: &[Surd], out: &mut [Surd]) -> Result<(), Fault> {
        let (zero, one) = (Surd::zero(), Surd::one());
        for (p, out) in p.iter().zip(out) {
            let p = p.max(&zero).min(&one).kept()?;
            let other = one.clone() - &p;
            *out = Surd::ratio(1 - self.script.choose(&[p, other]) as i64, 1);
        }
        Ok(())
    }

    fn majorities(
        &mut self,
        workers: usize,
        dimension: usize,
        law: &mut VoteLaw<'_, Surd>,
    ) -> Result<Option<Vec<Ordering>>, Fault> {
        // Too many for the laws of their numbers, and then for their coins: what is asked next says so.
        let products = (workers as u64).saturating_pow(2).saturating_mul(dimension as u64);
        if products.saturating_mul(UNITS_A_PRODUCT) > self.budget {
            return Ok(None);
        }
        // Nothing was chosen before: the law is that of the node, whichever outcome comes next.
        let first = self.script.position == 0;
        if first && let Some(shares) = self.law.clone() {
            return Ok(Some(self.sides(&shares)));
        }
        // heads[j][n]: n votes for + in coordinate j so far, as a whole number over the product of the denominators:
        // nothing is shortened before the end.
        let mut heads = vec![vec![Surd::one()]; dimension];
        let mut p = vec![Surd::zero(); dimension];
        for worker in 0..workers {
            law(worker, &mut p)?;
            for (heads, p) in heads.iter_mut().zip(&p) {
                *heads = one_more(heads, &p.max(&Surd::zero()).min(&Surd::one()).kept()?);
            }
        }
        let words = heads.iter().flatten().map(|n| (n.bits() as u64).div_ceil(64)).max().unwrap_or(1);
        self.work += products * (UNITS_A_PRODUCT + UNITS_A_WORD * words);
        let shares: Vec<[Surd; 3]> = heads.iter().map(|heads| shares(heads, workers)).collect();
        let sides = self.sides(&shares);
        if first {
            self.law = Some(shares);
        }
        Ok(Some(sides))
    }

    fn perturbation(&mut self, out: &mut [Surd]) -> Result<(), Fault> {
        let law = self.instance.perturbation.as_ref().ok_or_else(|| {
            Fault::Unsupported("the algorithm draws noise of its own, but no `perturbation` is declared".into())
        })?;
        out.fill(Surd::zero());
        if law.is_silent() {
            return Ok(());
        }
        let (batch, place) = (std::mem::replace(&mut self.batch, 1), std::mem::replace(&mut self.place, 0));
        let drawn = self.mean_of_draws(&**law, &[], out);
        (self.batch, self.place) = (batch, place);
        drawn
    }

    fn flow(&mut self, kind: Flow, x: &[Surd], time: &Surd, out: &mut [Surd]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        without_noise(self.instance)?;
        Surd::problem(&*self.instance.problem).flow_from(kind, x, time, out)
    }

    fn upload(&mut self, bits: u64) {
        self.traffic.upload += bits;
    }

    fn broadcast(&mut self, bits: u64, workers: usize) {
        self.traffic.broadcast += bits * workers as u64;
    }
}

impl Door<Surd> for Branching<'_> {
    fn set_batch(&mut self, batch: u64) {
        self.batch = batch;
    }
    fn traffic(&self) -> Traffic {
        self.traffic
    }
    fn as_query(&mut self) -> &mut dyn Query<Surd> {
        self
    }
}
