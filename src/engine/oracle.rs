//! The door between an algorithm and the world: gradients, coins, and counted messages.

use crate::claim::Instance;
use crate::model::problem::Flow;
use crate::model::{Arithmetic, DynNoise, Evaluates, Evaluating, Perturbs, Query, Ties};
use crate::rng::{CellKey, Stream};
use crate::scalar::{Fault, Lane, Narrow, WIDTH, Wide, mix};

/// What has passed the door of one replicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Stochastic gradients, a batch counting as one.
    pub calls: u64,
    /// Bits from workers to the server.
    pub upload: u64,
    /// Bits from the server to workers.
    pub broadcast: u64,
}

impl Traffic {
    /// Bits in both directions.
    #[must_use]
    pub fn bits(&self) -> u64 {
        self.upload + self.broadcast
    }
}

/// Lanes that can draw random numbers.
pub(super) trait Sampled<const N: usize>: Arithmetic {
    /// The law in this width.
    fn noise(noise: &dyn DynNoise) -> &dyn Perturbs<N>;
}

impl Sampled<1> for Narrow {
    fn noise(noise: &dyn DynNoise) -> &dyn Perturbs<1> {
        noise
    }
}

impl Sampled<WIDTH> for Wide {
    fn noise(noise: &dyn DynNoise) -> &dyn Perturbs<WIDTH> {
        noise
    }
}

/// Random numbers of a run: one stream per role, so that a change of the algorithm's coins leaves the noise as it was.
pub(super) struct Streams<const N: usize> {
    pub oracle: Stream<N>,
    pub algorithm: Stream<N>,
}

impl<const N: usize> Streams<N> {
    pub(super) fn new(keys: &Keys, first: u64) -> Self {
        Streams { oracle: Stream::new(&keys.oracle, first), algorithm: Stream::new(&keys.algorithm, first) }
    }
}

/// Keys of a cell, one per role.
pub(super) struct Keys {
    pub start: CellKey,
    pub oracle: CellKey,
    pub algorithm: CellKey,
}

impl Keys {
    pub(super) fn new(seed: u64, cell_key: &[(String, String)]) -> Self {
        let cell_key: Vec<(&str, &str)> = cell_key.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let key = |role| CellKey::new(seed, &cell_key, role);
        Keys { start: key("start"), oracle: key("oracle"), algorithm: key("algorithm") }
    }
}

/// Where to note the rarest atoms that draws are from; `None` where the law itself knows them.
pub(super) fn watched<const N: usize>(instance: &Instance) -> Option<[f64; N]> {
    instance.noise.as_ref().filter(|noise| noise.tails().rarest.is_none()).map(|_| [1.0; N])
}

pub(super) fn note_rarest<const N: usize>(rarest: &mut [f64; N], now: &Lane<N>) {
    rarest.iter_mut().zip(&now.0).for_each(|(least, p)| *least = least.min(*p));
}

/// A flow follows f itself, without noise.
pub(crate) fn without_noise(instance: &Instance) -> Result<(), Fault> {
    if instance.noise.is_some() || instance.minibatch {
        return Err(Fault::Unsupported("a flow takes no noise: remove the oracle's `noise` and `sampling`".into()));
    }
    Ok(())
}

/// Makes each number larger or smaller by a fraction of its size, in an irregular pattern.
fn disturb<const N: usize>(jitter: f64, call: u64, gradient: &mut [Lane<N>]) {
    for (i, g) in gradient.iter_mut().enumerate() {
        let bits = mix(call ^ (i as u64) << 40);
        for (lane, v) in g.0.iter_mut().enumerate() {
            *v *= if bits >> (lane % 64) & 1 == 1 { 1.0 + jitter } else { 1.0 - jitter };
        }
    }
}

/// The oracle of a block of replicates.
pub(super) struct LaneOracle<'a, const N: usize> {
    pub instance: &'a Instance,
    pub streams: Streams<N>,
    pub batch: u64,
    pub traffic: Traffic,
    /// Each lane's node in the tree of its draws.
    nodes: [u64; N],
    /// The rarest atom that each lane's draws were from, where its probability depends on the state.
    pub rarest: Option<[f64; N]>,
    /// What every gradient is disturbed by, relative to its size: 0 but where a run is compared with a disturbed one.
    pub jitter: f64,
    /// One lane's iterate and gradient.
    column: [Vec<Narrow>; 2],
}

impl<'a, const N: usize> LaneOracle<'a, N> {
    pub(super) fn new(instance: &'a Instance, streams: Streams<N>) -> Self {
        let d = if instance.minibatch { instance.problem.dimension() } else { 0 };
        let column = std::array::from_fn(|_| vec![Narrow::splat(0.0); d]);
        let (nodes, rarest) = ([0; N], watched(instance));
        LaneOracle { instance, streams, batch: 1, traffic: Traffic::default(), nodes, rarest, jitter: 0.0, column }
    }

    /// The mean gradient of `batch` of the worker's samples drawn with replacement, each lane with its own draws.
    fn sampled_gradient(&mut self, worker: usize, x: &[Lane<N>], out: &mut [Lane<N>]) -> Result<(), Fault> {
        let problem: &dyn Evaluates<Narrow> = &*self.instance.problem;
        let n = self.instance.problem.worker_samples(worker);
        let n = n.ok_or_else(|| Fault::Unsupported("this problem has no samples to draw".into()))?;
        let draws: Vec<[usize; N]> = (0..self.batch).map(|_| self.streams.oracle.index(n)).collect();
        let [point, gradient] = &mut self.column;
        for lane in 0..N {
            for (p, x) in point.iter_mut().zip(x) {
                p.0[0] = x.0[lane];
            }
            let indices: Vec<usize> = draws.iter().map(|draw| draw[lane]).collect();
            problem.worker_batch_gradient_at(worker, &indices, point, gradient)?;
            for (out, g) in out.iter_mut().zip(gradient.iter()) {
                out.0[lane] = g.0[0];
            }
        }
        Ok(())
    }
}

impl<const N: usize> Query<Lane<N>> for LaneOracle<'_, N>
where
    Lane<N>: Sampled<N>,
{
    fn gradient(&mut self, worker: usize, x: &[Lane<N>], out: &mut [Lane<N>]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        if self.instance.minibatch {
            self.sampled_gradient(worker, x, out)?;
        } else {
            Lane::<N>::problem(&*self.instance.problem).worker_gradient_at(worker, x, out)?;
        }
        if let Some(noise) = &self.instance.noise {
            let law = Lane::<N>::noise(&**noise);
            if let Some(rarest) = &mut self.rarest {
                note_rarest(rarest, &law.rarest_lanes(x, out));
            }
            let stream = mutant!(
                "two workers draw from one stream",
                if worker == 0 { &mut self.streams.oracle.clone() } else { &mut self.streams.oracle },
                &mut self.streams.oracle
            );
            law.perturb_lanes(&mut self.nodes, stream, self.batch, x, out);
        }
        if self.jitter != 0.0 {
            disturb(self.jitter, self.traffic.calls, out);
        }
        Ok(())
    }

    fn coin(&mut self, p: &[Lane<N>], out: &mut [Lane<N>]) -> Result<(), Fault> {
        for (p, out) in p.iter().zip(out) {
            *out = self.streams.algorithm.bernoulli(p);
        }
        Ok(())
    }

    fn perturbation(&mut self, out: &mut [Lane<N>]) -> Result<(), Fault> {
        let law = self.instance.perturbation.as_ref().ok_or_else(|| {
            Fault::Unsupported("the algorithm draws noise of its own, but no `perturbation` is declared".into())
        })?;
        out.fill(Lane::splat(0.0));
        Lane::<N>::noise(&**law).perturb_lanes(&mut [0; N], &mut self.streams.algorithm, 1, &[], out);
        Ok(())
    }

    fn flow(&mut self, kind: Flow, x: &[Lane<N>], time: &Lane<N>, out: &mut [Lane<N>]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        without_noise(self.instance)?;
        Lane::<N>::problem(&*self.instance.problem).flow_from(kind, x, time, out)
    }

    fn upload(&mut self, bits: u64) {
        self.traffic.upload += bits;
    }

    fn broadcast(&mut self, bits: u64, workers: usize) {
        self.traffic.broadcast += bits * workers as u64;
    }
}

/// The oracle of a run without randomness, in any arithmetic.
pub(super) struct PlainOracle<'a> {
    instance: &'a Instance,
    /// What has passed.
    pub traffic: Traffic,
    /// Steps that were begun.
    pub(super) begun: u64,
    tie: Option<u64>,
}

impl<'a> PlainOracle<'a> {
    /// The oracle of an instance without noise.
    #[must_use]
    pub(super) fn new(instance: &'a Instance) -> Self {
        PlainOracle { instance, traffic: Traffic::default(), begun: 0, tie: None }
    }

    /// Signs of exact zeros that were taken, after a run in exact arithmetic.
    pub(super) fn ties(&self) -> Ties {
        self.tie.map_or(Ties::None, Ties::At)
    }
}

impl<S: Arithmetic> Query<S> for PlainOracle<'_> {
    fn gradient(&mut self, worker: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        let problem = S::problem(&*self.instance.problem);
        match self.instance.problem.worker_samples(worker).filter(|_| self.instance.minibatch) {
            None => problem.worker_gradient_at(worker, x, out),
            // Every draw is the one sample that there is.
            Some(1) => problem.worker_sample_gradient_at(worker, 0, x, out),
            Some(_) => Err(Fault::Unsupported("a run without randomness draws no samples".into())),
        }
    }

    /// A coin that always falls on one side is no choice.
    fn coin(&mut self, p: &[S], out: &mut [S]) -> Result<(), Fault> {
        for (p, out) in p.iter().zip(out) {
            if *p != S::zero() && *p != S::one() {
                return Err(Fault::Unsupported("a run without randomness draws no coins".into()));
            }
            out.clone_from(p);
        }
        Ok(())
    }

    fn perturbation(&mut self, out: &mut [S]) -> Result<(), Fault> {
        if self.instance.perturbation.as_ref().is_none_or(|law| !law.is_silent()) {
            return Err(Fault::Unsupported("a run without randomness draws no noise".into()));
        }
        out.fill(S::zero());
        Ok(())
    }

    fn flow(&mut self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        S::problem(&*self.instance.problem).flow_from(kind, x, time, out)
    }

    fn saw_tie(&mut self) {
        self.tie.get_or_insert(self.begun.saturating_sub(1));
    }

    fn upload(&mut self, bits: u64) {
        self.traffic.upload += bits;
    }

    fn broadcast(&mut self, bits: u64, workers: usize) {
        self.traffic.broadcast += bits * workers as u64;
    }
}
