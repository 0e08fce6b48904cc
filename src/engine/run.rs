//! All replicates of a cell.

use super::RunError;
use super::block::{Record, block};
use super::measure::Plan;
use super::oracle::{Keys, Sampled, Traffic};
use crate::scalar::{Enclosure, Lane, Rational, WIDTH};
use crate::spec::Instance;
use crate::stats::{Interval, Moments};
use rayon::prelude::*;

/// Blocks in flight at once; a constant, so that memory does not depend on the machine.
const WINDOW: u64 = 32;
/// With no more replicates than this, lanes would mostly idle.
const FEW: u64 = 8;

/// Told of finished replicates.
pub trait Progress: Sync {
    /// So many more replicates are done.
    fn advance(&self, replicates: u64);
}

/// No progress shown.
pub struct Silent;
impl Progress for Silent {
    fn advance(&self, _replicates: u64) {}
}

/// What the replicates say about one path functional.
#[derive(Debug, Clone, Default)]
pub struct PathMoments {
    /// Over the replicates.
    pub moments: Moments,
    /// Size of the numbers that were combined: rounding is relative to it.
    pub size: f64,
    /// The value where it is known exactly.
    pub exact: Option<Rational>,
    /// An enclosure of the value, from a run in interval arithmetic.
    pub enclosed: Option<Interval>,
}

/// What a cell's replicates say.
#[derive(Debug, Clone)]
pub struct Estimates {
    /// One a path term.
    pub paths: Vec<PathMoments>,
    /// One a series term, an entry an iterate.
    pub series: Vec<Vec<PathMoments>>,
    /// One a curve, an entry a checkpoint.
    pub curves: Vec<Vec<Moments>>,
    /// Messages and calls of one replicate.
    pub traffic: Traffic,
    /// Replicates run.
    pub replicates: u64,
    /// Replicates that diverged, and the first iteration at which one did.
    pub diverged: (u64, Option<u64>),
    /// Whether nothing was random, so that one replicate says everything.
    pub deterministic: bool,
}

impl Estimates {
    /// Before any replicate.
    #[must_use]
    pub fn empty(plan: &Plan, instance: &Instance) -> Self {
        Estimates {
            paths: vec![PathMoments::default(); plan.paths.len()],
            series: vec![Vec::new(); plan.series.len()],
            curves: vec![vec![Moments::default(); instance.checkpoints.len()]; plan.curves.len()],
            traffic: Traffic::default(),
            replicates: 0,
            diverged: (0, None),
            deterministic: instance.is_deterministic(),
        }
    }

    /// Puts exact expectations beside what was sampled.
    pub fn set_exact(&mut self, paths: Vec<Option<Rational>>, series: Vec<Option<Vec<Rational>>>, traffic: Traffic) {
        for (slot, value) in self.paths.iter_mut().zip(paths) {
            slot.exact = value;
        }
        for (slots, values) in self.series.iter_mut().zip(series) {
            let values = values.unwrap_or_default();
            slots.resize_with(slots.len().max(values.len()), PathMoments::default);
            for (slot, value) in slots.iter_mut().zip(values) {
                slot.exact = Some(value);
            }
        }
        self.traffic = traffic;
        self.replicates = self.replicates.max(1);
    }

    /// Puts enclosures beside what was sampled.
    pub fn set_enclosed(&mut self, record: Record<Enclosure>) {
        let put = |slot: &mut PathMoments, value: Enclosure| {
            let (low, high) = value.ends();
            slot.enclosed = Interval::new(low, high);
            slot.exact = slot.exact.take().or_else(|| value.exact().cloned());
        };
        for (slot, value) in self.paths.iter_mut().zip(record.paths) {
            put(slot, value);
        }
        for (slots, values) in self.series.iter_mut().zip(record.series) {
            for (slot, value) in slots.iter_mut().zip(values) {
                put(slot, value);
            }
        }
    }

    fn absorb<const N: usize>(&mut self, record: &Record<Lane<N>>, active: usize) {
        for lane in 0..active {
            let since = record.diverged[lane];
            if let Some(step) = since {
                self.diverged.0 += 1;
                self.diverged.1 = Some(self.diverged.1.map_or(step, |s| s.min(step)));
            }
            let push = |moments: &mut Moments, value: f64| {
                if value.is_finite() { moments.push(value) } else { moments.push_diverged(since.unwrap_or(0)) }
            };
            for (slot, size) in self.paths.iter_mut().zip(&record.sizes) {
                slot.size = slot.size.max(size.0[lane]);
            }
            for (slot, value) in self.paths.iter_mut().zip(&record.paths) {
                // A path whose iterate diverged has no functional, whatever its arithmetic gave.
                push(&mut slot.moments, if since.is_some() { f64::NAN } else { value.0[lane] });
            }
            for (slots, values) in self.series.iter_mut().zip(&record.series) {
                slots.resize_with(values.len(), PathMoments::default);
                for (slot, value) in slots.iter_mut().zip(values) {
                    push(&mut slot.moments, value.0[lane]);
                }
            }
            for (slots, values) in self.curves.iter_mut().zip(&record.curves) {
                for (slot, value) in slots.iter_mut().zip(values) {
                    push(slot, value.0[lane]);
                }
            }
        }
        self.traffic = record.traffic;
        self.replicates += active as u64;
    }
}

/// Runs `replicates` replicates of an instance (one, where nothing is random) and merges them in order.
///
/// # Errors
/// The first fault of the lowest block that has one.
pub fn run(
    instance: &Instance,
    plan: &Plan,
    seed: u64,
    axes: &[(String, String)],
    replicates: u64,
    progress: &dyn Progress,
) -> Result<Estimates, RunError> {
    let keys = Keys::new(seed, axes);
    let deterministic = instance.is_deterministic();
    let replicates = if deterministic { 1 } else { replicates };
    let mut estimates = Estimates::empty(plan, instance);
    if instance.problem.prefers_narrow() || replicates <= FEW {
        blocks::<1>(instance, plan, &keys, replicates, &mut estimates, progress)?;
    } else {
        blocks::<WIDTH>(instance, plan, &keys, replicates, &mut estimates, progress)?;
    }
    Ok(estimates)
}

fn blocks<const N: usize>(
    instance: &Instance,
    plan: &Plan,
    keys: &Keys,
    replicates: u64,
    estimates: &mut Estimates,
    progress: &dyn Progress,
) -> Result<(), RunError>
where
    Lane<N>: Sampled<N>,
{
    let width = N as u64;
    let count = replicates.div_ceil(width);
    let mut done = 0;
    while done < count {
        let end = (done + WINDOW).min(count);
        let records: Vec<Result<Record<Lane<N>>, RunError>> = (done..end)
            .into_par_iter()
            .map(|b| {
                let record = block::<N>(instance, plan, keys, b * width);
                progress.advance(width.min(replicates - b * width));
                record
            })
            .collect();
        for (b, record) in (done..end).zip(records) {
            let active = width.min(replicates - b * width);
            estimates.absorb(&record?, active as usize);
        }
        done = end;
    }
    Ok(())
}
