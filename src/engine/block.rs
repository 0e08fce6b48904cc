//! The hot loop: one block of replicates, in any arithmetic.

use super::RunError;
use super::measure::{Plan, Recorder};
use super::oracle::{Keys, LaneOracle, PlainOracle, Sampled, Streams, Traffic};
use super::point::Point;
use super::progress::Progress;
use crate::claim::{Instance, Schedule, StartPoint};
use crate::model::{Arithmetic, Layout, Query, Step, Ties, Uncut};
use crate::rng::Stream;
use crate::scalar::{Fault, Lane, Scalar};

/// Steps between two checks whether to stop.
pub(super) const STEPS_UNASKED: u64 = 256;

/// Work of a gradient from which on every step is reported.
const SLOW: usize = 1 << 20;

/// What a run in one arithmetic records.
#[derive(Debug, Clone)]
pub struct Record<S> {
    /// Path functionals, one per path term.
    pub paths: Vec<S>,
    /// For each path term, the sum of the sizes of the reductions that it combines.
    pub sizes: Vec<S>,
    /// For each series term, the statistic at every iterate of the window.
    pub series: Vec<Vec<S>>,
    /// For each curve, the statistic at every checkpoint.
    pub curves: Vec<Vec<S>>,
    /// Messages and oracle calls of one replicate.
    pub traffic: Traffic,
    /// For each lane, the first iteration after which its iterate was not finite.
    pub diverged: Vec<Option<u64>>,
    /// Signs of exact zeros, where the arithmetic can tell them.
    pub ties: Ties,
    /// The largest rounding errors of paths and series, where they were tracked; empty elsewhere.
    pub errors: (Vec<f64>, Vec<Vec<f64>>),
    /// The rarest atom that each lane's draws were from, where its probability depends on the state; empty elsewhere.
    pub rarest: Vec<f64>,
    /// One bit per lane: set where the lane took a sign or made a choice of numbers within their rounding errors.
    /// Filled only where that was looked for.
    pub near: u64,
}

/// What is reported of every iterate: its index, the run as it stands there, and what was sent before it.
pub(super) type Look<'a, S> = dyn FnMut(u64, &Workspace<S>, Traffic) -> Result<(), Fault> + 'a;

/// Everything that a run changes: the iterate, the algorithm's memory, and its working space.
#[derive(Debug, Clone)]
pub(crate) struct Workspace<S> {
    /// The iterate.
    pub x: Vec<S>,
    /// The algorithm's memory.
    pub state: Vec<S>,
    /// The iterate before the last step, where the run looks back; empty elsewhere, and at the start.
    pub before: Vec<S>,
    looks_back: bool,
    scratch: Vec<S>,
    values: Vec<S>,
    /// Whether the values of constant schedules stand in `values`.
    begun: bool,
}

impl<S: Arithmetic> Workspace<S> {
    /// A run about to start at `x`.
    #[must_use]
    pub(crate) fn new(instance: &Instance, x: Vec<S>) -> Self {
        let Layout { state, scratch } = instance.algorithm.layout(x.len(), instance.workers);
        Workspace {
            x,
            state: vec![S::zero(); state],
            before: Vec::new(),
            looks_back: false,
            scratch: vec![S::zero(); scratch],
            values: vec![S::zero(); instance.schedules.len()],
            begun: false,
        }
    }

    /// The same run, keeping the iterate before the last step where `looks_back` says so.
    #[must_use]
    pub(crate) fn looking_back(self, looks_back: bool) -> Self {
        Workspace { looks_back, ..self }
    }
}

/// Runs step k.
///
/// # Errors
/// The step's fault, with its iteration.
pub(crate) fn step_once<S: Arithmetic>(
    instance: &Instance,
    k: u64,
    work: &mut Workspace<S>,
    query: &mut dyn Door<S>,
) -> Result<(), RunError> {
    let at = |fault| RunError::Step { step: k, fault };
    for (value, schedule) in work.values.iter_mut().zip(&instance.schedules) {
        // A constant is one number for the whole run: an enclosure knows it again.
        if !work.begun || matches!(schedule, Schedule::Varies(..)) {
            let step = mutant!("the step schedule is off by one", k + 1, k);
            *value = instance.schedule_at(schedule, step).map_err(at)?;
        }
    }
    work.begun = true;
    query.set_batch(instance.batch_at(k).map_err(at)?);
    if work.looks_back {
        work.before.clone_from(&work.x);
    }
    let step = Step {
        k,
        x: &mut work.x,
        memory: Uncut { state: &mut work.state, scratch: &mut work.scratch },
        values: &work.values,
        workers: instance.workers,
        semantics: &instance.semantics,
    };
    S::algorithm(&*instance.algorithm).run_step(step, query.as_query()).map_err(at)?;
    S::problem(&*instance.problem).project_onto(&mut work.x);
    Ok(())
}

/// Runs an algorithm from where `work` stands, handing every iterate (the start and the last included) to `look`.
///
/// # Errors
/// The first fault, with its iteration.
pub(super) fn simulate<S: Arithmetic>(
    instance: &Instance,
    mut work: Workspace<S>,
    query: &mut dyn Door<S>,
    look: &mut Look<'_, S>,
) -> Result<(), RunError> {
    for k in 0..mutant!("the horizon is off by one", instance.horizon - 1, instance.horizon) {
        look(k, &work, query.traffic()).map_err(|fault| RunError::Step { step: k, fault })?;
        step_once(instance, k, &mut work, query)?;
    }
    let end = |fault| RunError::Step { step: instance.horizon, fault };
    look(instance.horizon, &work, query.traffic()).map_err(end)
}

/// A query whose batch the loop sets before every step.
pub(crate) trait Door<S>: Query<S> {
    /// Draws averaged into the gradients of the coming step.
    fn set_batch(&mut self, batch: u64);
    /// What has passed the door.
    fn traffic(&self) -> Traffic;
    /// The door as the algorithm sees it.
    fn as_query(&mut self) -> &mut dyn Query<S>;
}

impl<const N: usize> Door<Lane<N>> for LaneOracle<'_, N>
where
    Lane<N>: Sampled<N>,
{
    fn set_batch(&mut self, batch: u64) {
        self.batch = batch;
    }
    fn traffic(&self) -> Traffic {
        self.traffic
    }
    fn as_query(&mut self) -> &mut dyn Query<Lane<N>> {
        self
    }
}

impl<S: Arithmetic> Door<S> for PlainOracle<'_> {
    fn set_batch(&mut self, _batch: u64) {
        self.begun += 1;
    }
    fn traffic(&self) -> Traffic {
        self.traffic
    }
    fn as_query(&mut self) -> &mut dyn Query<S> {
        self
    }
}

/// Runs replicates `first..first + N` in lanes, with gradients disturbed by the given fraction of their size.
pub(super) fn block<const N: usize>(
    instance: &Instance,
    plan: &Plan,
    (keys, first): (&Keys, u64),
    jitter: f64,
    progress: &dyn Progress,
) -> Result<Record<Lane<N>>, RunError>
where
    Lane<N>: Sampled<N>,
{
    let x = start::<N>(instance, keys, first);
    let mut oracle = LaneOracle::new(instance, Streams::new(keys, first));
    oracle.jitter = jitter;
    let mut recorder = Recorder::new(plan, instance);
    let mut gradient = vec![Lane::splat(0.0); x.len()];
    let mut diverged: Vec<Option<u64>> = vec![None; N];
    let work = Workspace::new(instance, x).looking_back(plan.looks_back());
    let mut stopped = false;
    let slow = instance.problem.work() >= SLOW;
    let ended = simulate(instance, work, &mut oracle, &mut |k, work, traffic| {
        if k % STEPS_UNASKED == 0 && progress.stop() {
            stopped = true;
            return Err(Fault::Unsupported("stopped".into()));
        }
        if slow || k % STEPS_UNASKED == 0 {
            progress.step(N as u64, k, instance.horizon, &|| recorder.latest());
        }
        note_divergence(k, &work.x, &mut diverged);
        recorder.pass(&work.x);
        if recorder.wants(k) {
            let point = Point::new(instance, &work.x, &work.state, &mut gradient);
            let mut point = point.after(traffic).since(&work.before).with_sum(k, recorder.sum());
            recorder.record(k, &mut point)?;
        }
        Ok(())
    });
    if stopped {
        return Err(RunError::Stopped);
    }
    ended?;
    let end = |fault| RunError::Step { step: instance.horizon, fault };
    let (paths, sizes) = recorder.paths().map_err(end)?.into_iter().unzip();
    let (series, curves) = (recorder.series, recorder.curves);
    Ok(Record {
        paths,
        sizes,
        series,
        curves,
        traffic: oracle.traffic,
        diverged,
        ties: Ties::NotSeen,
        rarest: oracle.rarest.map(Vec::from).unwrap_or_default(),
        near: 0,
        errors: Default::default(),
    })
}

/// Marks the lanes whose iterate has just stopped being finite: 0 times a finite number is 0, and NaN otherwise.
pub(super) fn note_divergence<const N: usize>(k: u64, x: &[Lane<N>], diverged: &mut [Option<u64>]) {
    let mut probe = Lane::<N>::splat(0.0);
    Lane::<N>::dispatch(
        #[inline(always)]
        || {
            let zero = Lane::<N>::splat(0.0);
            for x in x {
                probe.add_product(x, &zero);
            }
        },
    );
    for (lane, value) in probe.0.iter().enumerate() {
        if *value != 0.0 && diverged[lane].is_none() {
            diverged[lane] = Some(k);
        }
    }
}

fn start<const N: usize>(instance: &Instance, keys: &Keys, first: u64) -> Vec<Lane<N>>
where
    Lane<N>: Sampled<N>,
{
    match &instance.start {
        StartPoint::At(point) => point.iter().map(|v| Lane::splat(v.to_f64())).collect(),
        StartPoint::Random(law) => {
            let mut x = vec![Lane::splat(0.0); instance.problem.dimension()];
            let mut stream = Stream::new(&keys.start, first);
            Lane::<N>::noise(&**law).perturb_lanes(&mut [0; N], &mut stream, 1, &[], &mut x);
            x
        }
        StartPoint::Drawn => {
            let mut x = vec![Lane::splat(0.0); instance.problem.dimension()];
            for lane in 0..N {
                let drawn = instance.problem.draw_start(&mut Stream::new(&keys.start, first + lane as u64));
                x.iter_mut().zip(drawn).for_each(|(x, v)| x.0[lane] = v);
            }
            x
        }
    }
}

/// The iterates of one replicate, `0..=steps`.
///
/// # Errors
/// As [`simulate`].
pub(crate) fn trace(
    instance: &Instance,
    seed: u64,
    cell_key: &[(String, String)],
    replicate: u64,
) -> Result<(Vec<Vec<f64>>, Traffic), RunError> {
    let keys = Keys::new(seed, cell_key);
    let x = start::<1>(instance, &keys, replicate);
    let mut oracle = LaneOracle::<1>::new(instance, Streams::new(&keys, replicate));
    let mut iterates = Vec::new();
    simulate(instance, Workspace::new(instance, x), &mut oracle, &mut |_, work, _| {
        iterates.push(work.x.iter().map(|v| v.0[0]).collect());
        Ok(())
    })?;
    Ok((iterates, oracle.traffic))
}

/// The last iterate of one replicate.
///
/// # Errors
/// As [`simulate`].
pub(crate) fn last_iterate(
    instance: &Instance,
    seed: u64,
    cell_key: &[(String, String)],
    replicate: u64,
) -> Result<Vec<f64>, RunError> {
    let keys = Keys::new(seed, cell_key);
    let x = start::<1>(instance, &keys, replicate);
    let mut oracle = LaneOracle::<1>::new(instance, Streams::new(&keys, replicate));
    let mut last = Vec::new();
    simulate(instance, Workspace::new(instance, x), &mut oracle, &mut |_, work, _| {
        last.clear();
        last.extend(work.x.iter().map(|v| v.0[0]));
        Ok(())
    })?;
    Ok(last)
}

/// What a run without randomness records, in any arithmetic.
///
/// # Errors
/// As [`simulate`]; a random start, or constants that the arithmetic cannot hold; [`RunError::Stopped`].
pub(super) fn plain<S: Arithmetic>(
    instance: &Instance,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<Record<S>, RunError> {
    let x = fixed_start::<S>(instance)?;
    let mut oracle = PlainOracle::new(instance);
    let record = follow(instance, plan, x, &mut oracle, progress)?;
    Ok(Record { ties: if S::LANES == 0 { oracle.ties() } else { Ties::NotSeen }, ..record })
}

/// What one path from `x` records, with an oracle that draws as it likes.
///
/// # Errors
/// As [`simulate`]; [`RunError::Stopped`].
pub(crate) fn follow<S: Arithmetic>(
    instance: &Instance,
    plan: &Plan,
    x: Vec<S>,
    oracle: &mut dyn Door<S>,
    progress: &dyn Progress,
) -> Result<Record<S>, RunError> {
    let mut recorder = Recorder::new(plan, instance);
    let mut gradient = vec![S::zero(); x.len()];
    let work = Workspace::new(instance, x).looking_back(plan.looks_back());
    let mut stopped = false;
    let ended = simulate(instance, work, oracle, &mut |k, work, traffic| {
        if progress.stop() {
            stopped = true;
            return Err(Fault::Unsupported("stopped".into()));
        }
        recorder.pass(&work.x);
        if recorder.wants(k) {
            let point = Point::new(instance, &work.x, &work.state, &mut gradient);
            let mut point = point.after(traffic).since(&work.before).with_sum(k, recorder.sum());
            recorder.record(k, &mut point)?;
        }
        Ok(())
    });
    if stopped {
        return Err(RunError::Stopped);
    }
    ended?;
    let end = |fault| RunError::Step { step: instance.horizon, fault };
    let (paths, sizes) = recorder.paths().map_err(end)?.into_iter().unzip();
    let (series, curves) = (recorder.series, recorder.curves);
    Ok(Record {
        paths,
        sizes,
        series,
        curves,
        traffic: oracle.traffic(),
        diverged: vec![None],
        ties: Ties::NotSeen,
        rarest: Vec::new(),
        near: 0,
        errors: Default::default(),
    })
}

/// The start in any arithmetic, where it is a point.
///
/// # Errors
/// A random start, or constants that the arithmetic cannot hold.
pub(crate) fn fixed_start<S: Arithmetic>(instance: &Instance) -> Result<Vec<S>, RunError> {
    let point = match &instance.start {
        StartPoint::At(point) => point.iter().map(crate::model::Real::cast).collect::<Result<Vec<S>, Fault>>(),
        StartPoint::Random(_) | StartPoint::Drawn => Err(Fault::Unsupported("a random start has no single run".into())),
    };
    point.map_err(|fault| RunError::Step { step: 0, fault })
}

/// The iterates of a deterministic instance in any arithmetic.
///
/// # Errors
/// [`Fault::NoExactForm`] where a part leaves the rationals.
pub(crate) fn trace_plain<S: Arithmetic>(instance: &Instance) -> Result<(Vec<Vec<S>>, Traffic), RunError> {
    let mut oracle = PlainOracle::new(instance);
    let mut iterates = Vec::new();
    let work = Workspace::new(instance, fixed_start::<S>(instance)?);
    simulate(instance, work, &mut oracle, &mut |_, work, _| {
        iterates.push(work.x.clone());
        Ok(())
    })?;
    Ok((iterates, oracle.traffic))
}
