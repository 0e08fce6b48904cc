//! An oracle that takes every branch: a step is run again for each outcome of its random choices.

use super::sums::{Law, convolve, joined, power};
use crate::claim::Instance;
use crate::engine::{Door, Traffic, without_noise};
use crate::model::problem::Flow;
use crate::model::query::{Message, VoteLaw};
use crate::model::{DynNoise, Evaluating, Property, Query};
use crate::scalar::{Fault, Rational, Scalar, Surd};
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
    pub(super) fn probability(&self) -> Surd {
        self.probability.clone().unwrap_or_else(Surd::one)
    }

    /// How many outcomes the step has, if every path through it makes the choices of this one.
    pub(super) fn outcomes(&self) -> u64 {
        self.taken.iter().fold(1, |product, (_, count)| product.saturating_mul(*count as u64))
    }

    /// Choices of the outcome that was just run.
    pub(super) fn choices(&self) -> usize {
        self.position
    }

    /// Prepares the next outcome; `false` when all have been run.
    pub(super) fn advance(&mut self) -> bool {
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
    ///
    /// # Errors
    /// A choice in which nothing is possible.
    pub(super) fn choose(&mut self, probabilities: &[Surd]) -> Result<usize, Fault> {
        let possible: Vec<usize> = (0..probabilities.len()).filter(|i| !probabilities[*i].is_zero()).collect();
        if self.position == self.taken.len() {
            self.taken.push((0, possible.len()));
        }
        let index = possible.get(self.taken[self.position].0).copied();
        let index = index.ok_or_else(|| Fault::Unsupported("a choice in which nothing is possible".into()))?;
        self.position += 1;
        self.probability = Some(self.probability() * &probabilities[index]);
        Ok(index)
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
    /// The law of the sum of the step's first messages, once it is known.
    pub sums: Option<(Law, Traffic)>,
    /// The last law that a batch was drawn from, with the law of the batch's sum where that is affordable.
    pub draws: Option<(Law, Option<Law>)>,
    /// What a whole run may cost.
    pub budget: u64,
    /// What votes have cost, in the same units.
    pub work: u64,
    /// Whether the sign of an exact 0 was taken.
    pub tie: bool,
}

impl Branching<'_> {
    fn sides(&mut self, shares: &[[Surd; 3]]) -> Result<Vec<Ordering>, Fault> {
        shares.iter().map(|shares| Ok(SIDES[self.script.choose(shares)?])).collect()
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
        if self.batch > 1 && is_independent(Some(noise)) {
            let in_roots = |v: &[Rational]| v.iter().cloned().map(Surd::from).collect();
            let one: Law = atoms.iter().map(|a| (in_roots(&a.gradient), a.probability.clone().into())).collect();
            if self.draws.as_ref().is_none_or(|(known, _)| *known != one) {
                let sum = self.law_of_draws(&one);
                self.draws = Some((one, sum));
            }
            if let Some((_, Some(law))) = &self.draws {
                let weight = Surd::ratio(1, self.batch);
                let probabilities: Vec<Surd> = law.iter().map(|(_, p)| p.clone()).collect();
                let (sum, _) = &law[self.script.choose(&probabilities)?];
                // Without a shift the atoms are those at the gradient itself.
                let shifts = shift.as_deref().into_iter().flatten().map(Some).chain(std::iter::repeat(None));
                for ((out, sum), shift) in gradient.iter_mut().zip(sum).zip(shifts) {
                    *out = sum.clone() * &weight;
                    if let Some(shift) = shift {
                        *out += shift;
                    }
                }
                return Ok(());
            }
        }
        let mut sum = vec![Surd::zero(); gradient.len()];
        for draw in 1..=self.batch {
            let index = self.script.choose(&probabilities)?;
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

    /// The law of the sum of a batch of draws; `None` where it costs too much, which then costs nothing.
    fn law_of_draws(&mut self, one: &Law) -> Option<Law> {
        let mut spent = 0;
        let law = power(one, self.batch, self.budget / PART, &mut spent)?;
        self.work += spent;
        Some(law)
    }

    fn choose_of(&mut self, law: &Law) -> Result<usize, Fault> {
        let probabilities: Vec<Surd> = law.iter().map(|(_, p)| p.clone()).collect();
        self.script.choose(&probabilities)
    }

    /// The law of one worker's message of so many numbers; `None` where it costs too much.
    fn law_of_message(
        &mut self,
        worker: usize,
        length: usize,
        message: &mut Message<'_, Surd>,
    ) -> Result<Option<Law>, Fault> {
        let mut inner = Branching {
            instance: self.instance,
            script: Script::default(),
            batch: self.batch,
            traffic: Traffic::default(),
            place: self.place,
            law: None,
            sums: None,
            draws: None,
            budget: self.budget,
            work: 0,
            tie: false,
        };
        let mut law = Vec::new();
        loop {
            inner.traffic = Traffic::default();
            let mut out = vec![Surd::zero(); length];
            message(worker, &mut out, &mut inner)?;
            if inner.script.outcomes().saturating_mul(UNITS_A_MESSAGE) > self.budget / PART {
                return Ok(None);
            }
            inner.work += UNITS_A_MESSAGE * length as u64;
            law.push((out, inner.script.probability()));
            if !inner.script.advance() {
                break;
            }
        }
        self.work += inner.work;
        self.tie |= inner.tie;
        self.traffic.calls += inner.traffic.calls;
        self.traffic.upload += inner.traffic.upload;
        Ok(Some(joined(law)))
    }

    fn law_of_sum(
        &mut self,
        workers: usize,
        length: usize,
        message: &mut Message<'_, Surd>,
    ) -> Result<Option<Law>, Fault> {
        // Whatever is counted of one message is counted once for each worker.
        let before = self.traffic;
        let alike = self.instance.problem.own_objectives().is_none();
        let Some(first) = self.law_of_message(0, length, message)? else { return Ok(None) };
        if alike {
            let (calls, upload) = (self.traffic.calls - before.calls, self.traffic.upload - before.upload);
            self.traffic.calls = before.calls + calls * workers as u64;
            self.traffic.upload = before.upload + upload * workers as u64;
            let mut spent = 0;
            let sum = power(&first, workers as u64, self.budget / PART, &mut spent);
            self.work += if sum.is_some() { spent } else { 0 };
            return Ok(sum);
        }
        let mut spent = 0;
        let mut sum = first;
        for worker in 1..workers {
            let Some(next) = self.law_of_message(worker, length, message)? else { return Ok(None) };
            let Some(longer) = convolve(&sum, &next, self.budget / PART, &mut spent) else { return Ok(None) };
            sum = longer;
        }
        self.work += spent;
        Ok(Some(sum))
    }
    fn sampled_gradient(&mut self, worker: usize, x: &[Surd], out: &mut [Surd]) -> Result<(), Fault> {
        let problem = Surd::problem(&*self.instance.problem);
        let n = self.instance.problem.worker_samples(worker);
        let n = n.ok_or_else(|| Fault::Unsupported("this problem has no samples to draw".into()))?;
        let uniform = vec![Surd::ratio(1, n as u64); n];
        let (mut sum, mut one) = (vec![Surd::zero(); x.len()], vec![Surd::zero(); x.len()]);
        for _ in 0..self.batch {
            problem.worker_sample_gradient_at(worker, self.script.choose(&uniform)?, x, &mut one)?;
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

/// What one outcome of a message costs, per number in it.
const UNITS_A_MESSAGE: u64 = 1000;
/// The law of one sum may take the budget of a run divided by this.
const PART: u64 = 16;

/// Whether draws of a law depend on nothing that was drawn before.
fn is_independent(noise: Option<&dyn DynNoise>) -> bool {
    noise.is_none_or(|noise| noise.has(Property::Independent) == Some(true))
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
            *out = Surd::ratio(1 - self.script.choose(&[p, other])? as i64, 1);
        }
        Ok(())
    }

    fn majorities(
        &mut self,
        workers: usize,
        dimension: usize,
        law: &mut VoteLaw<'_, Surd>,
    ) -> Result<Option<Vec<Ordering>>, Fault> {
        // Too many for the laws of their numbers, and then for their coins: the check that follows shows it.
        let products = (workers as u64).saturating_pow(2).saturating_mul(dimension as u64);
        if products.saturating_mul(UNITS_A_PRODUCT) > self.budget {
            return Ok(None);
        }
        // Nothing was chosen before: the law is that of the node, whichever outcome comes next.
        let first = self.script.position == 0;
        if first && let Some(shares) = self.law.clone() {
            return self.sides(&shares).map(Some);
        }
        // heads[j][n]: n votes for + in coordinate j so far, as a whole number over the product of the denominators: no
        // fraction is reduced before the end.
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
        let sides = self.sides(&shares)?;
        if first {
            self.law = Some(shares);
        }
        Ok(Some(sides))
    }

    fn sum_of_messages(
        &mut self,
        workers: usize,
        message: &mut Message<'_, Surd>,
        finish: &mut dyn FnMut(&mut [Surd]) -> Result<(), Fault>,
        out: &mut [Surd],
    ) -> Result<bool, Fault> {
        let laws = [self.instance.noise.as_deref(), self.instance.perturbation.as_deref()];
        if !laws.into_iter().all(is_independent) {
            return Ok(false);
        }
        let first = self.script.position == 0;
        let known = self.sums.clone().filter(|_| first);
        let (law, traffic) = match known {
            Some(known) => known,
            None => {
                let before = self.traffic;
                let Some(law) = self.law_of_sum(workers, out.len(), message)? else {
                    self.traffic = before;
                    return Ok(false);
                };
                let mut finished = Vec::with_capacity(law.len());
                for (mut sum, p) in law {
                    finish(&mut sum)?;
                    finished.push((sum, p));
                }
                let spent = Traffic {
                    calls: self.traffic.calls - before.calls,
                    upload: self.traffic.upload - before.upload,
                    broadcast: 0,
                };
                self.traffic = before;
                (joined(finished), spent)
            }
        };
        self.traffic.calls += traffic.calls;
        self.traffic.upload += traffic.upload;
        let chosen = self.choose_of(&law)?;
        out.clone_from_slice(&law[chosen].0);
        if first {
            self.sums = Some((law, traffic));
        }
        Ok(true)
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

    fn saw_tie(&mut self) {
        self.tie = true;
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
