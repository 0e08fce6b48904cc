//! How a run handles numbers that rounding may have taken over a switch: decided on its first replicates.

use super::RunError;
use super::block::{Record, block};
use super::checked::checked_block;
use super::estimates::Estimates;
use super::measure::Plan;
use super::oracle::Keys;
use super::progress::Progress;
use crate::claim::Instance;
use crate::scalar::{Met, WIDTH, Watch, Wide};

/// The errors of any other replicate may be this many times those of the block that was tracked.
const OTHER_BLOCKS: f64 = 16.0;
/// Most roundings, in units of the largest number, that a number of an ordinary run gathers.
const MOST_ORDINARY: u64 = 1 << 17;
/// Roundings of one step.
const OPERATIONS: u64 = 16;
/// The same where bounds say nothing, and a disturbance of every gradient says that errors do not grow.
const FEW_OPERATIONS: u64 = 1 << 10;
/// The relative size of that disturbance.
const JITTER: f64 = 1.0 / 1_099_511_627_776.0;
/// The factor by which it may grow.
const GROWTH: f64 = 65_536.0;
/// Most replicates of a block that it may lead elsewhere. By chance a few of them are near a switch; what is the same
/// in all shows in all.
const MOST_MOVED: u32 = 4;
/// Relative error from which on a bound says too little.
const BLURRED: f64 = 1e-9;
/// Size below which no error is relative.
const SMALL: f64 = 1e-3;
/// Numbers that tie without the disturbance stay within this many times its size.
const LARGER: f64 = 1024.0;
/// Numbers that are no ties must be apart by this many times the reach of rounding.
const CLEAR: f64 = 16.0;

/// How a run handles ties that doubles do not see.
pub(super) enum Way {
    /// There are none, with probability 1.
    Plain,
    /// They are rare: plain lanes, and others beside them where a switch came suspiciously near.
    Watched(Watch, Doubt),
    /// They are common, and all of numbers that are equal by their formulas: plain lanes that take near numbers for
    /// equal.
    Tied(Watch),
    /// Some are of numbers whose formulas do not decide: every block is checked.
    Checked(Doubt),
    /// How far rounding has taken the replicates is not known.
    Unknown,
}

/// How the side of a number near a switch is decided.
#[derive(Clone, Copy)]
pub(super) enum Doubt {
    /// Bounds on rounding errors decide which side it is on.
    Bounds,
    /// The bounds are wide without need: it stays on its side where a disturbance leaves it there. What is equal by its
    /// formula is taken for equal under the disturbance where there are such numbers.
    Disturbance(Option<Watch>),
}

impl Way {
    /// Runs replicates `first..first + 64`, of which those in `lanes` count.
    pub(super) fn block(
        &self,
        instance: &Instance,
        plan: &Plan,
        (keys, first, lanes): (&Keys, u64, u64),
        progress: &dyn Progress,
    ) -> Result<Record<Wide>, RunError> {
        let plain = || block::<WIDTH>(instance, plan, (keys, first), 0.0, progress);
        let checked = |lanes, steady| {
            checked_block(instance, plan, (keys, first, lanes), steady, progress).map(|(record, _)| record)
        };
        // The bounds of the pilot stand for all: where those grow without need, so do these.
        let without_bounds = |record| Record { errors: Default::default(), ..record };
        match self {
            Way::Plain => plain(),
            Way::Tied(watch) => watch.over(plain).0,
            Way::Checked(Doubt::Bounds) => checked(lanes, false),
            Way::Checked(Doubt::Disturbance(_)) => checked(lanes, true).map(without_bounds),
            Way::Unknown => Ok(Record { near: u64::MAX, ..plain()? }),
            Way::Watched(watch, doubt) => {
                let (record, doubtful) = watch.over(plain);
                let doubtful = doubtful & lanes;
                if doubtful == 0 {
                    return record;
                }
                match doubt {
                    Doubt::Bounds => checked(doubtful, false).map(without_bounds),
                    Doubt::Disturbance(ties) => {
                        let record = record?;
                        let moved = moved(&record, (instance, plan), (keys, first), *ties, progress)?;
                        Ok(Record { near: moved & doubtful, ..record })
                    }
                }
            }
        }
    }
}

/// Follows the rounding errors of one block, and finds out what ties there are.
///
/// The bounds on them can grow where the errors do not, as those of error feedback do. The block is then run again with
/// every gradient disturbed by a fraction of its size that is far above rounding (Monte Carlo arithmetic; Parker 1997).
/// Where that leaves the outcome in place, so does rounding.
pub(super) fn pilot(
    instance: &Instance,
    plan: &Plan,
    keys: &Keys,
    estimates: &mut Estimates,
    progress: &dyn Progress,
) -> Result<Way, RunError> {
    let plan = Plan { curves: Vec::new(), ..plan.clone() };
    let look = |steady| checked_block(instance, &plan, (keys, 0, u64::MAX), steady, progress);
    let (first, met) = look(false)?;
    let reach = |operations: u64| met.size * f64::EPSILON * operations as f64;
    if met.near == 0 && is_sharp(&first) {
        estimates.absorb_errors(&first, OTHER_BLOCKS);
        return Ok(way(met, reach(MOST_ORDINARY.max(instance.horizon.saturating_mul(OPERATIONS))), Doubt::Bounds));
    }
    // The disturbance is no tie's end.
    let watch = (met.ties || met.zeros).then(|| Watch::ties_within(met.size * JITTER * LARGER));
    let plain = || block::<WIDTH>(instance, &plan, (keys, 0), 0.0, progress);
    let plain = watch.map_or_else(plain, |watch| watch.over(plain).0)?;
    let moved = moved(&plain, (instance, &plan), (keys, 0), watch, progress)?;
    if moved.count_ones() <= MOST_MOVED {
        // The formulas of what was too near to choose are known now.
        let (_, met) = look(true)?;
        return Ok(way(met, reach(FEW_OPERATIONS), Doubt::Disturbance(watch)));
    }
    estimates.absorb_errors(&first, OTHER_BLOCKS);
    Ok(match met.near {
        // Every switch was clear, however wide the bounds.
        0 => way(met, reach(FEW_OPERATIONS), Doubt::Bounds),
        // Near ties that no formula settles, which a disturbance breaks.
        _ if met.open != 0 => Way::Checked(Doubt::Bounds),
        _ => Way::Unknown,
    })
}

/// How to handle what was met, with ties of numbers that rounding brings within a distance.
fn way(met: Met, tie: f64, doubt: Doubt) -> Way {
    if met.open != 0 {
        Way::Checked(doubt)
    } else if !met.ties {
        Way::Watched(Watch::within(tie, met.zeros), doubt)
    } else if met.clear > CLEAR * tie {
        // Numbers that are no ties are well beyond the reach of rounding.
        Way::Tied(Watch::ties_within(tie))
    } else {
        Way::Checked(doubt)
    }
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

/// The lanes of a block that a disturbance of every gradient, in either direction, takes elsewhere.
fn moved(
    record: &Record<Wide>,
    (instance, plan): (&Instance, &Plan),
    (keys, first): (&Keys, u64),
    watch: Option<Watch>,
    progress: &dyn Progress,
) -> Result<u64, RunError> {
    let mut lanes = 0;
    for jitter in [JITTER, -JITTER] {
        let run = || block::<WIDTH>(instance, plan, (keys, first), jitter, progress);
        let disturbed = watch.map_or_else(run, |watch| watch.over(run).0)?;
        let moved = |(a, b): (&Wide, &Wide)| {
            let size = a.0.iter().fold(0.0, |size: f64, v| size.max(v.abs()));
            // What is not finite has moved.
            let stays = |lane: &usize| (a.0[*lane] - b.0[*lane]).abs() <= JITTER * GROWTH * size;
            (0..WIDTH).filter(|lane| !stays(lane)).fold(0_u64, |lanes, lane| lanes | 1 << lane)
        };
        let paths = record.paths.iter().zip(&disturbed.paths);
        let series = record.series.iter().flatten().zip(disturbed.series.iter().flatten());
        lanes |= paths.chain(series).map(moved).fold(0, |lanes, moved| lanes | moved);
    }
    Ok(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_formula_decides_is_checked_however_seldom_it_is() {
        let met = Met { near: 0, open: 0, ties: false, zeros: false, clear: 1e-3, size: 1.0 };
        let ways = |met| [Doubt::Bounds, Doubt::Disturbance(None)].map(|doubt| way(met, 1e-11, doubt));
        assert!(ways(met).iter().all(|way| matches!(way, Way::Watched(..))));
        assert!(ways(Met { near: 1, open: 1, ..met }).iter().all(|way| matches!(way, Way::Checked(_))));
        assert!(ways(Met { near: 1, open: 1, ties: true, ..met }).iter().all(|way| matches!(way, Way::Checked(_))));
        // Ties by formulas are taken in plain lanes where other numbers are far from being one.
        assert!(ways(Met { ties: true, ..met }).iter().all(|way| matches!(way, Way::Tied(_))));
        assert!(ways(Met { ties: true, clear: 1e-11, ..met }).iter().all(|way| matches!(way, Way::Checked(_))));
    }
}
