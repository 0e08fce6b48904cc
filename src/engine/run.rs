//! All replicates of a cell.

use super::RunError;
use super::block::{Record, block};
use super::checked::must_look_for_ties;
use super::estimates::Estimates;
use super::measure::Plan;
use super::oracle::Keys;
use super::pilot::{Doubt, Way, pilot};
use super::progress::{Kept, Progress};
use crate::claim::Instance;
use crate::scalar::{Lane, WIDTH};
use rayon::prelude::*;

/// Blocks in flight at once; a constant, so that memory does not depend on the machine.
pub(crate) const IN_FLIGHT: u64 = 32;
/// With no more replicates than this, lanes would mostly be idle.
pub(crate) const FEW: u64 = 8;

/// What the replicates of a cell are drawn with, and how many.
#[derive(Clone, Copy)]
pub(crate) struct Sampling<'a> {
    /// Seed of everything.
    pub seed: u64,
    /// What names the cell: the keys of its random streams are derived from it.
    pub cell_key: &'a [(String, String)],
    /// Numbers of replicates at which the estimates are looked at, increasing. All but the last are rounded up to whole
    /// blocks; the last ends the run.
    pub looks: &'a [u64],
    /// What is run and recorded, as a text: with the seed and the key it names the run's finished blocks.
    pub setup: &'a str,
    /// Is notified of finished replicates.
    pub progress: &'a dyn Progress,
}

/// Runs replicates of an instance (one, where nothing is random) and merges them in order, until `enough` returns true
/// at a look at the estimates.
///
/// # Errors
/// The first fault of the lowest block that has one.
pub(crate) fn run_until(
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
        let keys = Keys::new(sampling.seed, sampling.cell_key);
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
fn active_lanes(remaining: u64) -> u64 {
    if remaining < WIDTH as u64 { (1_u64 << remaining) - 1 } else { u64::MAX }
}

/// Runs so many replicates of an instance, as [`run_until`] without a look before the end.
///
/// # Errors
/// As [`run_until`].
pub fn run(
    instance: &Instance,
    plan: &Plan,
    seed: u64,
    cell_key: &[(String, String)],
    replicates: u64,
    progress: &dyn Progress,
) -> Result<Estimates, RunError> {
    run_until(instance, plan, Sampling { seed, cell_key, looks: &[replicates], setup: "", progress }, &mut |_| true)
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
    let keys = Keys::new(sampling.seed, sampling.cell_key);
    let kept = sampling.progress.journal().map(|journal| {
        let (seed, setup) = (sampling.seed, sampling.setup);
        journal.open(&format!("{seed}\n{:?}\n{setup}", sampling.cell_key))
    });
    let kept = kept.as_deref();
    let run = |plan: &Plan, (keys, first): (&Keys, u64)| once(kept, plan, first, &|| run(plan, (keys, first)));
    let width = N as u64;
    let replicates = sampling.looks.last().copied().unwrap_or(0);
    let mut done = 0;
    for look in sampling.looks {
        let count = look.div_ceil(width);
        if count <= done {
            continue;
        }
        batch::<N>((plan, &keys, &run), (done, count, replicates), &mut estimates, sampling.progress)?;
        done = count;
        if enough(&estimates) {
            break;
        }
    }
    Ok(estimates)
}

/// A block from the journal, or else from its run, which the journal then keeps.
fn once<const N: usize>(
    kept: Option<&dyn Kept>,
    plan: &Plan,
    first: u64,
    run: &dyn Fn() -> Result<Record<Lane<N>>, RunError>,
) -> Result<Record<Lane<N>>, RunError> {
    let Some(kept) = kept else { return run() };
    if let Some(record) = kept.get(first).and_then(|words| Record::from_words(&words, plan)) {
        return Ok(record);
    }
    let record = run()?;
    kept.put(first, record.to_words());
    Ok(record)
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
