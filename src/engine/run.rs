//! All replicates of a cell.

use super::RunError;
use super::block::{Record, block};
use super::checked::must_look_for_ties;
use super::measure::Plan;
use super::oracle::{Keys, Traffic};
use super::pilot::{Doubt, Way, pilot};
use crate::model::Ties;
use crate::scalar::{Computable, Enclosure, Lane, WIDTH};
use crate::spec::Instance;
use crate::stats::{Interval, Moments};
use rayon::prelude::*;

/// Blocks in flight at once; a constant, so that memory does not depend on the machine.
pub const IN_FLIGHT: u64 = 32;
/// With no more replicates than this, lanes would mostly idle.
pub const FEW: u64 = 8;

/// Told of finished replicates.
pub trait Progress: Sync {
    /// So many more replicates are done.
    fn advance(&self, replicates: u64);

    /// Whether the run is to be given up: then it ends in [`RunError::Stopped`], and none of it counts. Asked often, from
    /// several threads.
    fn stop(&self) -> bool {
        false
    }
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
    /// How far rounding can have taken a replicate's value, where that was followed.
    pub rounding: Option<f64>,
    /// The value where it is known exactly.
    pub exact: Option<Computable>,
    /// An enclosure of the value, from a run in interval arithmetic.
    pub enclosed: Option<Interval>,
}

impl PathMoments {
    /// Takes an enclosure of the value, which may be exact.
    fn enclose(&mut self, value: &Enclosure) {
        let (low, high) = value.ends();
        self.enclosed = Interval::new(low, high);
        self.exact = self.exact.take().or_else(|| value.exact().cloned().map(Computable::from));
    }
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
    /// Replicates that took a sign, an order or a choice of numbers within their rounding errors.
    pub near: u64,
    /// The rarest atom that a draw was from, where its probability depends on the state.
    pub rarest: Option<f64>,
    /// Whether nothing was random, so that one replicate says everything.
    pub deterministic: bool,
    /// Why a deterministic run has no enclosure, where it has none: its doubles alone prove nothing.
    pub open: Option<String>,
    /// Signs of exact zeros, where a run in exact arithmetic tells.
    pub ties: Ties,
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
            near: 0,
            rarest: None,
            deterministic: instance.is_deterministic(),
            open: None,
            ties: Ties::NotSeen,
        }
    }

    /// Whether any expectation was estimated from replicates.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.paths.iter().chain(self.series.iter().flatten()).any(|m| m.moments.count() > 0)
    }

    /// Puts exact expectations beside what was sampled.
    pub fn set_exact(&mut self, paths: Vec<Option<Computable>>, series: Vec<Option<Vec<Computable>>>) {
        for (slot, value) in self.paths.iter_mut().zip(paths) {
            slot.exact = value.or_else(|| slot.exact.take());
        }
        for (slots, values) in self.series.iter_mut().zip(series) {
            let values = values.unwrap_or_default();
            slots.resize_with(slots.len().max(values.len()), PathMoments::default);
            for (slot, value) in slots.iter_mut().zip(values) {
                slot.exact = Some(value);
            }
        }
    }

    /// Puts what is known of the first iterates of series beside what was sampled. Without a sample it is left out: a series that ends
    /// early would pass for a whole one.
    pub fn set_first_iterates(&mut self, exact: &[Option<Vec<Computable>>]) {
        for (slots, exact) in self.series.iter_mut().zip(exact) {
            for (slot, value) in slots.iter_mut().zip(exact.iter().flatten()) {
                slot.exact = Some(value.clone());
            }
        }
    }

    /// Takes note of what any one path sends, and of the ties along all of them.
    pub fn set_run(&mut self, traffic: Traffic, ties: Ties) {
        (self.traffic, self.ties) = (traffic, ties);
        self.replicates = self.replicates.max(1);
    }

    /// Puts enclosed expectations beside what was sampled.
    pub fn set_enclosures(&mut self, paths: Vec<Option<Enclosure>>, series: Vec<Option<Vec<Enclosure>>>) {
        for (slot, value) in self.paths.iter_mut().zip(paths) {
            if let Some(value) = value {
                slot.enclose(&value);
            }
        }
        for (slots, values) in self.series.iter_mut().zip(series) {
            let values = values.unwrap_or_default();
            slots.resize_with(slots.len().max(values.len()), PathMoments::default);
            for (slot, value) in slots.iter_mut().zip(&values) {
                slot.enclose(value);
            }
        }
    }

    /// Puts enclosures beside what was computed in doubles, or why there are none.
    ///
    /// # Errors
    /// Only that the run is to be given up.
    pub fn set_enclosed(&mut self, record: Result<Record<Enclosure>, RunError>) -> Result<(), RunError> {
        let record = match record {
            Ok(record) => record,
            Err(RunError::Stopped) => return Err(RunError::Stopped),
            Err(error) => {
                self.open = Some(format!("no enclosure of the run: {error}"));
                return Ok(());
            }
        };
        self.ties = record.ties;
        for (slot, value) in self.paths.iter_mut().zip(&record.paths) {
            slot.enclose(value);
        }
        for (slots, values) in self.series.iter_mut().zip(&record.series) {
            slots.resize_with(slots.len().max(values.len()), PathMoments::default);
            for (slot, value) in slots.iter_mut().zip(values) {
                slot.enclose(value);
            }
        }
        Ok(())
    }

    /// Takes note of rounding errors, times a factor.
    pub(super) fn absorb_errors<S>(&mut self, record: &Record<S>, factor: f64) {
        for (slot, error) in self.paths.iter_mut().zip(&record.errors.0) {
            slot.rounding = Some(slot.rounding.unwrap_or(0.0).max(error * factor));
        }
        for (slots, errors) in self.series.iter_mut().zip(&record.errors.1) {
            slots.resize_with(slots.len().max(errors.len()), PathMoments::default);
            for (slot, error) in slots.iter_mut().zip(errors) {
                slot.rounding = Some(slot.rounding.unwrap_or(0.0).max(error * factor));
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
        self.absorb_errors(record, 1.0);
        self.traffic = record.traffic;
        self.replicates += active as u64;
        for rarest in record.rarest.iter().take(active) {
            self.rarest = Some(self.rarest.unwrap_or(1.0).min(*rarest));
        }
        let lanes = if active < WIDTH { (1_u64 << active) - 1 } else { u64::MAX };
        self.near += u64::from((record.near & lanes).count_ones());
    }
}

/// What the replicates of a cell are drawn with, and how many.
#[derive(Clone, Copy)]
pub struct Sampling<'a> {
    /// Seed of everything.
    pub seed: u64,
    /// What names the cell: its streams are keyed by it.
    pub axes: &'a [(String, String)],
    /// Numbers of replicates at which the estimates are looked at, increasing. All but the last are rounded up to whole
    /// blocks; the last ends the run.
    pub looks: &'a [u64],
    /// Told of finished replicates.
    pub progress: &'a dyn Progress,
}

/// Runs replicates of an instance (one, where nothing is random) and merges them in order, until `enough` says so at a look.
///
/// # Errors
/// The first fault of the lowest block that has one.
pub fn run_until(
    instance: &Instance,
    plan: &Plan,
    sampling: Sampling<'_>,
    enough: &mut dyn FnMut(&Estimates) -> bool,
) -> Result<Estimates, RunError> {
    let once = [1];
    let looks = if instance.is_deterministic() { &once } else { sampling.looks };
    let sampling = Sampling { looks, ..sampling };
    let total = looks.last().copied().unwrap_or(0);
    let (looks_for_ties, narrow) = (must_look_for_ties(instance), instance.problem.prefers_narrow() || total <= FEW);
    let mut estimates = Estimates::empty(plan, instance);
    let way = if !looks_for_ties {
        Way::Plain
    } else if total <= FEW {
        Way::Checked(Doubt::Bounds)
    } else {
        let keys = Keys::new(sampling.seed, sampling.axes);
        pilot(instance, plan, &keys, &mut estimates, sampling.progress)?
    };
    if narrow && !looks_for_ties {
        return blocks::<1>(
            plan,
            sampling,
            &|plan, first| block::<1>(instance, plan, first, 0.0, sampling.progress),
            estimates,
            enough,
        );
    }
    let run = |plan: &Plan, (keys, first): (&Keys, u64)| {
        let lanes = active_lanes(total.saturating_sub(first));
        way.block(instance, plan, (keys, first, lanes), sampling.progress)
    };
    blocks::<WIDTH>(plan, sampling, &run, estimates, enough)
}

/// A bit for each lane of a block that is one of the replicates that are left.
fn active_lanes(left: u64) -> u64 {
    if left < WIDTH as u64 { (1_u64 << left) - 1 } else { u64::MAX }
}

/// Runs so many replicates of an instance, as [`run_until`] without a look before the end.
///
/// # Errors
/// As [`run_until`].
pub fn run(
    instance: &Instance,
    plan: &Plan,
    seed: u64,
    axes: &[(String, String)],
    replicates: u64,
    progress: &dyn Progress,
) -> Result<Estimates, RunError> {
    run_until(instance, plan, Sampling { seed, axes, looks: &[replicates], progress }, &mut |_| true)
}

/// Runs one block of replicates, from a first one on.
type RunBlock<'a, const N: usize> = dyn Fn(&Plan, (&Keys, u64)) -> Result<Record<Lane<N>>, RunError> + Sync + 'a;

fn blocks<const N: usize>(
    plan: &Plan,
    sampling: Sampling<'_>,
    run: &RunBlock<'_, N>,
    mut estimates: Estimates,
    enough: &mut dyn FnMut(&Estimates) -> bool,
) -> Result<Estimates, RunError> {
    let keys = Keys::new(sampling.seed, sampling.axes);
    let width = N as u64;
    let replicates = sampling.looks.last().copied().unwrap_or(0);
    let mut done = 0;
    for look in sampling.looks {
        let count = look.div_ceil(width);
        if count <= done {
            continue;
        }
        batch::<N>((plan, &keys, run), (done, count, replicates), &mut estimates, sampling.progress)?;
        done = count;
        if enough(&estimates) {
            break;
        }
    }
    Ok(estimates)
}

/// Blocks `done..count` of a run of so many replicates.
fn batch<const N: usize>(
    (plan, keys, run): (&Plan, &Keys, &RunBlock<'_, N>),
    (mut done, count, replicates): (u64, u64, u64),
    estimates: &mut Estimates,
    progress: &dyn Progress,
) -> Result<(), RunError> {
    let width = N as u64;
    while done < count {
        let end = (done + IN_FLIGHT).min(count);
        let records: Vec<Result<Record<Lane<N>>, RunError>> = (done..end)
            .into_par_iter()
            .map(|b| {
                let record = run(plan, (keys, b * width));
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
