//! An oracle whose random numbers are symbols with known first and second moments.

use crate::claim::Instance;
use crate::engine::{Door, Traffic, without_noise};
use crate::model::noise::DrawMoments;
use crate::model::problem::Flow;
use crate::model::{Query, Real};
use crate::scalar::{Enclosure, Fault, Monomial, Polynomial, Scalar};

/// Most samples of a finite sum whose draw is followed.
const MOST_SAMPLES: usize = 64;

/// Covariances of the symbols of one draw; their means are 0.
enum Covariance {
    /// Of independent symbols.
    Diagonal(Vec<Enclosure>),
    /// Of dependent ones.
    Full(Vec<Vec<Enclosure>>),
    /// Of the relative frequencies of n equally likely samples in a batch, less 1/n: (1{i = j}/n - 1/n^2)/B.
    Samples(u64, u64),
}

impl Covariance {
    fn of(&self, i: usize, j: usize) -> Enclosure {
        match self {
            Covariance::Diagonal(all) if i == j => all[i].clone(),
            Covariance::Diagonal(_) => Enclosure::zero(),
            Covariance::Full(rows) => rows[i][j].clone(),
            Covariance::Samples(n, batch) => {
                let one = if i == j { Enclosure::ratio(1, *n) } else { Enclosure::zero() };
                (one - &(Enclosure::ratio(1, *n) * &Enclosure::ratio(1, *n))) * &Enclosure::ratio(1, *batch)
            }
        }
    }
}

/// Draws of one step: independent of each other, each with the symbols from a first one on.
pub(super) struct Draws {
    /// The last symbol that is no draw's.
    first: u32,
    next: u32,
    groups: Vec<(u32, Covariance)>,
}

impl Draws {
    /// No draw yet; their symbols come after those of `entries` numbers of a state.
    pub(super) fn after(entries: usize) -> Self {
        let first = u32::try_from(entries).unwrap_or(u32::MAX / 2);
        Draws { first, next: first + 1, groups: Vec::new() }
    }

    /// Whether a symbol belongs to the state.
    pub(super) fn is_of_state(&self, symbol: u32) -> bool {
        symbol <= self.first
    }

    fn group_of(&self, symbol: u32) -> usize {
        self.groups.partition_point(|(first, _)| *first <= symbol).saturating_sub(1)
    }

    /// Whether a product has at most one symbol of each draw and at most one of the state.
    pub(super) fn is_linear(&self, monomial: &Monomial) -> bool {
        let mut groups: Vec<usize> =
            monomial.symbols().filter(|s| !self.is_of_state(*s)).map(|s| self.group_of(s)).collect();
        let of_state = monomial.degree() - groups.len();
        groups.sort_unstable();
        of_state <= 1 && monomial.degree() <= 2 && groups.windows(2).all(|pair| pair[0] != pair[1])
    }

    /// The expectation over the draws: a polynomial in the state. `None` where moments beyond the second would count.
    pub(super) fn expectation(&self, polynomial: &Polynomial) -> Option<Vec<(Monomial, Enclosure)>> {
        let mut out = Vec::new();
        for (monomial, value) in polynomial.terms()? {
            let (state, drawn): (Vec<u32>, Vec<u32>) = monomial.symbols().partition(|s| self.is_of_state(*s));
            let factor = match drawn.as_slice() {
                [] => Enclosure::one(),
                [a, b] if self.group_of(*a) == self.group_of(*b) => {
                    let (first, covariance) = &self.groups[self.group_of(*a)];
                    covariance.of((a - first) as usize, (b - first) as usize)
                }
                // Independent draws of mean 0, one of which stands alone.
                [_] | [_, _] => continue,
                [a, b, c] => {
                    let (x, y, z) = (self.group_of(*a), self.group_of(*b), self.group_of(*c));
                    if x == y && y == z {
                        return None;
                    }
                    continue;
                }
                _ => self.of_four(&drawn)?,
            };
            out.push((Monomial::of(&state)?, value.clone() * &factor));
        }
        Polynomial::sum(out).terms().map(<[_]>::to_vec)
    }

    /// E of four symbols: two of one draw and two of another, or a draw that stands alone.
    fn of_four(&self, drawn: &[u32]) -> Option<Enclosure> {
        let mut left: Vec<u32> = drawn.to_vec();
        let mut product = Enclosure::one();
        while let Some(a) = left.first().copied() {
            let (same, others): (Vec<u32>, Vec<u32>) =
                left.iter().partition(|s| self.group_of(**s) == self.group_of(a));
            match same.as_slice() {
                [_] => return Some(Enclosure::zero()),
                [a, b] => {
                    let (first, covariance) = &self.groups[self.group_of(*a)];
                    product *= &covariance.of((a - first) as usize, (b - first) as usize);
                }
                _ => return None,
            }
            left = others;
        }
        Some(product)
    }

    /// The symbols of a new draw.
    fn draw(&mut self, symbols: usize, covariance: Covariance) -> u32 {
        let first = self.next;
        self.groups.push((first, covariance));
        self.next += symbols as u32;
        first
    }

    /// Adds to `out` the mean of `batch` draws of a law, or multiplies by it.
    pub(super) fn apply(&mut self, law: DrawMoments, batch: u64, out: &mut [Polynomial]) -> Result<(), Fault> {
        let share = Enclosure::ratio(1, batch);
        let scaled = |v: &Real| Ok::<_, Fault>(v.cast::<Enclosure>()? * &share);
        let is_zero = |v: &Enclosure| *v == Enclosure::zero();
        match law {
            DrawMoments::Independent(variances) => {
                let variances: Vec<Enclosure> = variances.iter().map(scaled).collect::<Result<_, _>>()?;
                let silent: Vec<bool> = variances.iter().map(is_zero).collect();
                let first = self.draw(silent.len(), Covariance::Diagonal(variances));
                for (i, (out, silent)) in out.iter_mut().zip(silent).enumerate() {
                    // What no noise reaches stays the number that it is.
                    if !silent {
                        *out += &Polynomial::symbol(first + i as u32);
                    }
                }
            }
            DrawMoments::Joint(rows) => {
                let rows: Vec<Vec<Enclosure>> =
                    rows.iter().map(|row| row.iter().map(scaled).collect()).collect::<Result<_, _>>()?;
                let silent: Vec<bool> = rows.iter().enumerate().map(|(i, row)| is_zero(&row[i])).collect();
                let first = self.draw(silent.len(), Covariance::Full(rows));
                for (i, (out, silent)) in out.iter_mut().zip(silent).enumerate() {
                    if !silent {
                        *out += &Polynomial::symbol(first + i as u32);
                    }
                }
            }
            DrawMoments::Factor { variance, shared } => {
                let variance = scaled(&variance)?;
                if is_zero(&variance) {
                    return Ok(());
                }
                let symbols = if shared { 1 } else { out.len() };
                let first = self.draw(symbols, Covariance::Diagonal(vec![variance; symbols]));
                for (i, out) in out.iter_mut().enumerate() {
                    let away = Polynomial::symbol(first + if shared { 0 } else { i as u32 });
                    *out = out.clone() + &(out.clone() * &away);
                }
            }
        }
        Ok(())
    }
}

/// The oracle of a step.
pub(super) struct SymbolicOracle<'a> {
    pub instance: &'a Instance,
    pub draws: Draws,
    pub batch: u64,
    pub traffic: Traffic,
}

impl SymbolicOracle<'_> {
    /// The mean gradient of a batch of samples drawn with replacement.
    fn sampled_gradient(&mut self, worker: usize, x: &[Polynomial], out: &mut [Polynomial]) -> Result<(), Fault> {
        let problem = <Polynomial as crate::model::Evaluating>::problem(&*self.instance.problem);
        let n = self.instance.problem.worker_samples(worker).unwrap_or(1);
        if n > MOST_SAMPLES {
            return Err(Fault::Unsupported(format!("moments of {n} samples are not followed")));
        }
        let first = self.draws.draw(n, Covariance::Samples(n as u64, self.batch));
        let mut one = vec![Polynomial::zero(); x.len()];
        out.fill(Polynomial::zero());
        for sample in 0..n {
            problem.worker_sample_gradient_at(worker, sample, x, &mut one)?;
            let share = Polynomial::symbol(first + sample as u32) + &Polynomial::ratio(1, n as u64);
            for (out, one) in out.iter_mut().zip(&one) {
                out.add_product(one, &share);
            }
        }
        Ok(())
    }
}

fn without_moments() -> Fault {
    Fault::NoExactForm("a noise law whose moments depend on the state or the draws before")
}

impl Query<Polynomial> for SymbolicOracle<'_> {
    fn gradient(&mut self, worker: usize, x: &[Polynomial], out: &mut [Polynomial]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        if self.instance.minibatch {
            self.sampled_gradient(worker, x, out)?;
        } else {
            <Polynomial as crate::model::Evaluating>::problem(&*self.instance.problem)
                .worker_gradient_at(worker, x, out)?;
        }
        if let Some(noise) = &self.instance.noise {
            self.draws.apply(noise.draw_moments().ok_or_else(without_moments)?, self.batch, out)?;
        }
        Ok(())
    }

    fn coin(&mut self, p: &[Polynomial], out: &mut [Polynomial]) -> Result<(), Fault> {
        let (zero, one) = (Enclosure::zero(), Enclosure::one());
        for (p, out) in p.iter().zip(out) {
            *out = match p.known() {
                Some(p) => {
                    let p = p.max(&zero).min(&one);
                    let variance = p.clone() * &(one.clone() - &p);
                    let certain = variance == zero;
                    let symbol = self.draws.draw(1, Covariance::Diagonal(vec![variance]));
                    let mean = Polynomial::constant(p);
                    if certain { mean } else { mean + &Polynomial::symbol(symbol) }
                }
                None => Polynomial::unknown(),
            };
        }
        Ok(())
    }

    fn perturbation(&mut self, out: &mut [Polynomial]) -> Result<(), Fault> {
        let law = self.instance.perturbation.as_ref().ok_or_else(|| {
            Fault::Unsupported("the algorithm draws noise of its own, but no `perturbation` is declared".into())
        })?;
        out.fill(Polynomial::zero());
        self.draws.apply(law.draw_moments().ok_or_else(without_moments)?, 1, out)
    }

    fn flow(&mut self, kind: Flow, x: &[Polynomial], time: &Polynomial, out: &mut [Polynomial]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        without_noise(self.instance)?;
        <Polynomial as crate::model::Evaluating>::problem(&*self.instance.problem).flow_from(kind, x, time, out)
    }

    fn upload(&mut self, bits: u64) {
        self.traffic.upload += bits;
    }

    fn broadcast(&mut self, bits: u64, workers: usize) {
        self.traffic.broadcast += bits * workers as u64;
    }
}

impl Door<Polynomial> for SymbolicOracle<'_> {
    fn set_batch(&mut self, batch: u64) {
        self.batch = batch;
    }
    fn traffic(&self) -> Traffic {
        self.traffic
    }
    fn as_query(&mut self) -> &mut dyn Query<Polynomial> {
        self
    }
}
