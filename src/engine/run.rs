//! All replicates of a cell.

use super::RunError;
use super::block::{Record, block};
use super::checked::{checked_block, must_look_for_ties};
use super::measure::Plan;
use super::oracle::{Keys, Traffic};
use crate::model::Ties;
use crate::scalar::{Computable, Enclosure, Lane, WIDTH, Watch, Wide};
use crate::spec::Instance;
use crate::stats::{Interval, Moments};
use rayon::prelude::*;

/// Blocks in flight at once; a constant, so that memory does not depend on the machine.
pub const IN_FLIGHT: u64 = 32;
/// Times those errors that those of any other replicate may be.
const OTHER_BLOCKS: f64 = 16.0;
/// Roundings of the largest number that a number of an ordinary run gathers, at most, and those of a step.
const MOST_ORDINARY: u64 = 1 << 17;
const OPERATIONS: u64 = 16;
/// The same where bounds say nothing, and a disturbance of every gradient says that errors do not grow.
const FEW_OPERATIONS: u64 = 1 << 10;
/// That disturbance, relative, and how far it may grow.
const JITTER: f64 = 1.0 / 1_099_511_627_776.0;
const GROWTH: f64 = 65_536.0;
/// Replicates of a block that it may lead elsewhere: by chance a few of them are near a switch, and what is the same in all is in all.
const MOST_MOVED: u32 = 4;
/// Relative error from which on a bound says too little, and the size below which none is relative.
const BLURRED: f64 = 1e-9;
const SMALL: f64 = 1e-3;
/// Times the disturbance within which numbers stay that tie without it.
const LARGER: f64 = 1024.0;
/// Times the reach of rounding that numbers must be apart to be no ties.
const CLEAR: f64 = 16.0;
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
    fn absorb_errors<S>(&mut self, record: &Record<S>, factor: f64) {
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
        Way::Checked
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

/// How a run goes about ties that doubles do not see.
enum Way {
    /// There are none, with probability 1, or a disturbed run says that rounding does no harm.
    Plain,
    /// They are rare: plain lanes, and checked ones where a switch came suspiciously near.
    Watched(Watch),
    /// They are common, and all of numbers that are equal by their formulas: plain lanes that take near numbers for equal.
    Tied(Watch),
    /// Some are of numbers whose formulas do not tell: every block is checked.
    Checked,
    /// Nothing tells how far rounding has taken the replicates.
    Unknown,
}

impl Way {
    fn block(
        &self,
        instance: &Instance,
        plan: &Plan,
        (keys, first, lanes): (&Keys, u64, u64),
        progress: &dyn Progress,
    ) -> Result<Record<Wide>, RunError> {
        let checked = |lanes| checked_block(instance, plan, (keys, first, lanes), progress).map(|(record, _)| record);
        let plain = || block::<WIDTH>(instance, plan, (keys, first), 0.0, progress);
        match self {
            Way::Plain => plain(),
            Way::Tied(watch) => watch.over(plain).0,
            Way::Checked => checked(lanes),
            Way::Unknown => Ok(Record { near: u64::MAX, ..plain()? }),
            Way::Watched(watch) => {
                let (record, suspects) = watch.over(plain);
                if suspects & lanes == 0 {
                    return record;
                }
                // The bounds of the pilot stand for all: where those grow without need, so do these.
                Ok(Record { errors: Default::default(), ..checked(suspects & lanes)? })
            }
        }
    }
}

/// Follows the rounding errors of one block, and finds out what ties there are.
///
/// The bounds on them can grow where the errors do not, as those of error feedback do. The block is then run again with every gradient
/// disturbed by a part of its size that is far above rounding (Monte Carlo arithmetic; Parker 1997): where that leaves the outcome in place,
/// so does rounding.
fn pilot(
    instance: &Instance,
    plan: &Plan,
    keys: &Keys,
    estimates: &mut Estimates,
    progress: &dyn Progress,
) -> Result<Way, RunError> {
    let plan = Plan { curves: Vec::new(), ..plan.clone() };
    let (first, met) = checked_block(instance, &plan, (keys, 0, u64::MAX), progress)?;
    let reach = |operations: u64| met.size * f64::EPSILON * operations as f64;
    let operations = MOST_ORDINARY.max(instance.horizon.saturating_mul(OPERATIONS));
    let tie = reach(operations);
    let sharp = met.near == 0 && is_sharp(&first);
    let (tie, steady) = if sharp {
        (tie, true)
    } else {
        // The disturbance is no tie's end.
        let watch = met.ties.then(|| Watch::ties_within(met.size * JITTER * LARGER));
        (reach(FEW_OPERATIONS), is_steady(instance, &plan, keys, watch, progress)?)
    };
    if sharp || !steady {
        estimates.absorb_errors(&first, OTHER_BLOCKS);
    }
    // Every switch was clear, however wide the bounds.
    let steady = steady || met.near == 0;
    Ok(if !steady && met.open {
        // Near ties that no formula settles, which a disturbance breaks.
        Way::Checked
    } else if !steady {
        Way::Unknown
    } else if met.ties && met.clear > CLEAR * tie {
        // Numbers that are no ties are well beyond the reach of rounding.
        Way::Tied(Watch::ties_within(tie))
    } else if met.ties {
        Way::Checked
    } else if sharp {
        Way::Watched(Watch::within(tie, met.zeros))
    } else {
        Way::Plain
    })
}

/// Whether the bounds on a block's rounding errors are of use.
fn is_sharp(record: &Record<Wide>) -> bool {
    let sharp = |(value, error): (&Wide, &f64)| {
        let size = value.0.iter().filter(|v| v.is_finite()).fold(SMALL, |size: f64, v| size.max(v.abs()));
        *error <= BLURRED * size
    };
    let series = record.series.iter().flatten().zip(record.errors.1.iter().flatten());
    record.paths.iter().zip(&record.errors.0).chain(series).all(sharp)
}

/// Whether a disturbance of every gradient stays one of its own size.
fn is_steady(
    instance: &Instance,
    plan: &Plan,
    keys: &Keys,
    watch: Option<Watch>,
    progress: &dyn Progress,
) -> Result<bool, RunError> {
    let run = |jitter| {
        let run = || block::<WIDTH>(instance, plan, (keys, 0), jitter, progress);
        watch.map_or_else(run, |watch| watch.over(run).0)
    };
    let (plain, disturbed) = (run(0.0)?, run(JITTER)?);
    let moved = |(a, b): (&Wide, &Wide)| {
        let size = a.0.iter().fold(0.0, |size: f64, v| size.max(v.abs()));
        // What is not finite has moved.
        let stays = |lane: &usize| (a.0[*lane] - b.0[*lane]).abs() <= JITTER * GROWTH * size;
        (0..WIDTH).filter(|lane| !stays(lane)).fold(0_u64, |lanes, lane| lanes | 1 << lane)
    };
    let paths = plain.paths.iter().zip(&disturbed.paths);
    let series = plain.series.iter().flatten().zip(disturbed.series.iter().flatten());
    let lanes = paths.chain(series).map(moved).fold(0, |lanes, moved| lanes | moved);
    Ok(lanes.count_ones() <= MOST_MOVED)
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
