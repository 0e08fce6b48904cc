//! The hot loop: one block of replicates, in any arithmetic.

use super::RunError;
use super::measure::{Plan, Point, Recorder};
use super::oracle::{ExactOracle, Keys, LaneOracle, Sampled, Streams, Traffic};
use crate::model::{Arithmetic, Layout, Query, Step};
use crate::rng::Stream;
use crate::scalar::{Fault, Lane, Rational, Scalar};
use crate::spec::{Instance, StartPoint};

/// Exact iterates past this size are given up: time grows with the square of their length.
const MAX_EXACT_BITS: usize = 60_000;

/// What a run in one arithmetic records.
#[derive(Debug, Clone)]
pub struct Record<S> {
    /// Path functionals, one a path term.
    pub paths: Vec<S>,
    /// For each series term, the statistic at every iterate of the window.
    pub series: Vec<Vec<S>>,
    /// For each curve, the statistic at every checkpoint.
    pub curves: Vec<Vec<S>>,
    /// Messages and oracle calls of one replicate.
    pub traffic: Traffic,
    /// For each lane, the first iteration after which its iterate was not finite.
    pub diverged: Vec<Option<u64>>,
}

/// Runs an algorithm from `x`, handing every iterate (the start and the last included) to `look`,
/// with the algorithm's state and what has been sent so far.
///
/// # Errors
/// The first fault, with its iteration.
pub fn simulate<S: Arithmetic>(
    instance: &Instance,
    x: &mut [S],
    query: &mut dyn Door<S>,
    look: &mut dyn FnMut(u64, &[S], &[S], Traffic) -> Result<(), Fault>,
) -> Result<(), RunError> {
    let Layout { state, scratch } = instance.algorithm.layout(x.len(), instance.workers);
    let (mut state, mut scratch) = (vec![S::zero(); state], vec![S::zero(); scratch]);
    let mut values = vec![S::zero(); instance.schedules.len()];
    let algorithm = S::algorithm(&*instance.algorithm);
    let problem = S::problem(&*instance.problem);
    for k in 0..instance.horizon {
        let at = |fault| RunError::Step { step: k, fault };
        look(k, x, &state, query.traffic()).map_err(at)?;
        for (value, schedule) in values.iter_mut().zip(&instance.schedules) {
            *value = instance.schedule_at(schedule, k).map_err(at)?;
        }
        query.set_batch(batch_at(instance, k).map_err(at)?);
        let step = Step {
            k,
            x,
            state: &mut state,
            scratch: &mut scratch,
            values: &values,
            workers: instance.workers,
            semantics: &instance.semantics,
        };
        algorithm.run_step(step, query.as_query()).map_err(at)?;
        problem.project_onto(x);
    }
    look(instance.horizon, x, &state, query.traffic()).map_err(|fault| RunError::Step { step: instance.horizon, fault })
}

fn batch_at(instance: &Instance, k: u64) -> Result<u64, Fault> {
    let value: Rational = match instance.schedule_at(&instance.batch, k) {
        Ok(value) => value,
        // A batch such as ceil(sqrt(k)) is rational only after rounding.
        Err(Fault::NoExactForm(_)) => {
            let float: crate::scalar::Narrow = instance.schedule_at(&instance.batch, k)?;
            Rational::from_f64(float.0[0])?
        }
        Err(fault) => return Err(fault),
    };
    value
        .to_i64()
        .and_then(|n| u64::try_from(n).ok())
        .filter(|n| (1..=1_000_000_000).contains(n))
        .ok_or_else(|| Fault::Unsupported(format!("the batch is {value}; it must be a whole number, 1 or more")))
}

/// A query whose batch the loop sets before every step.
pub trait Door<S>: Query<S> {
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

impl Door<Rational> for ExactOracle<'_> {
    fn set_batch(&mut self, _batch: u64) {}
    fn traffic(&self) -> Traffic {
        self.traffic
    }
    fn as_query(&mut self) -> &mut dyn Query<Rational> {
        self
    }
}

/// Runs replicates `first..first + N` in lanes.
pub(super) fn block<const N: usize>(
    instance: &Instance,
    plan: &Plan,
    keys: &Keys,
    first: u64,
) -> Result<Record<Lane<N>>, RunError>
where
    Lane<N>: Sampled<N>,
{
    let mut x = start::<N>(instance, keys, first);
    let mut oracle = LaneOracle::new(instance, Streams::new(keys, first));
    let mut recorder = Recorder::new(plan, instance);
    let mut gradient = vec![Lane::splat(0.0); x.len()];
    let mut diverged: Vec<Option<u64>> = vec![None; N];
    simulate(instance, &mut x, &mut oracle, &mut |k, x, state, traffic| {
        note_divergence(k, x, &mut diverged);
        if recorder.wants(k) {
            let mut point = Point::new(instance, x, state, &mut gradient).after(traffic);
            recorder.record(k, &mut point)?;
        }
        Ok(())
    })?;
    let end = |fault| RunError::Step { step: instance.horizon, fault };
    let paths = recorder.paths().map_err(end)?;
    let (series, curves) = (recorder.series, recorder.curves);
    Ok(Record { paths, series, curves, traffic: oracle.traffic, diverged })
}

/// Marks the lanes whose iterate has just stopped being finite: 0 times a finite number is 0, and NaN otherwise.
fn note_divergence<const N: usize>(k: u64, x: &[Lane<N>], diverged: &mut [Option<u64>]) {
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
            Lane::<N>::noise(&**law).perturb_lanes(&mut Stream::new(&keys.start, first), 1, &mut x);
            x
        }
    }
}

/// Runs a deterministic instance in exact arithmetic.
///
/// # Errors
/// [`Fault::NoExactForm`] where a part leaves the rationals; [`Fault::TooLarge`] where the numbers outgrow their use.
pub fn exact(instance: &Instance, plan: &Plan) -> Result<Record<Rational>, RunError> {
    let point = match &instance.start {
        StartPoint::At(point) => point.iter().map(crate::model::Real::cast).collect::<Result<Vec<_>, _>>(),
        StartPoint::Random(_) => Err(Fault::Unsupported("a random start has no single exact run".into())),
    };
    let mut x: Vec<Rational> = point.map_err(|fault| RunError::Step { step: 0, fault })?;
    let mut oracle = ExactOracle::new(instance);
    let mut recorder = Recorder::new(plan, instance);
    let mut gradient = vec![Rational::zero(); x.len()];
    simulate(instance, &mut x, &mut oracle, &mut |k, x, state, traffic| {
        if x.iter().any(|v| v.bits() > MAX_EXACT_BITS) {
            return Err(Fault::TooLarge(MAX_EXACT_BITS));
        }
        if recorder.wants(k) {
            let mut point = Point::new(instance, x, state, &mut gradient).after(traffic);
            recorder.record(k, &mut point)?;
        }
        Ok(())
    })?;
    let end = |fault| RunError::Step { step: instance.horizon, fault };
    let paths = recorder.paths().map_err(end)?;
    let (series, curves) = (recorder.series, recorder.curves);
    Ok(Record { paths, series, curves, traffic: oracle.traffic, diverged: vec![None] })
}

/// The iterates of one replicate, `0..=steps`.
///
/// # Errors
/// As [`simulate`].
pub fn trace(
    instance: &Instance,
    seed: u64,
    axes: &[(String, String)],
    replicate: u64,
) -> Result<(Vec<Vec<f64>>, Traffic), RunError> {
    let keys = Keys::new(seed, axes);
    let mut x = start::<1>(instance, &keys, replicate);
    let mut oracle = LaneOracle::<1>::new(instance, Streams::new(&keys, replicate));
    let mut iterates = Vec::new();
    simulate(instance, &mut x, &mut oracle, &mut |_, x, _, _| {
        iterates.push(x.iter().map(|v| v.0[0]).collect());
        Ok(())
    })?;
    Ok((iterates, oracle.traffic))
}

/// The iterates of a deterministic instance in exact arithmetic.
///
/// # Errors
/// As [`exact`].
pub fn trace_exact(instance: &Instance) -> Result<(Vec<Vec<Rational>>, Traffic), RunError> {
    let StartPoint::At(point) = &instance.start else {
        return Err(RunError::Step {
            step: 0,
            fault: Fault::Unsupported("a random start has no single exact run".into()),
        });
    };
    let x: Result<Vec<Rational>, Fault> = point.iter().map(crate::model::Real::cast).collect();
    let mut x = x.map_err(|fault| RunError::Step { step: 0, fault })?;
    let mut oracle = ExactOracle::new(instance);
    let mut iterates = Vec::new();
    simulate(instance, &mut x, &mut oracle, &mut |_, x, _, _| {
        iterates.push(x.to_vec());
        Ok(())
    })?;
    Ok((iterates, oracle.traffic))
}
