//! Deterministic runs in enclosures, at the precision that they need.

use super::block::{Record, plain, trace_plain};
use super::measure::Plan;
use super::{RunError, Traffic};
use crate::scalar::{Enclosure, Fault};
use crate::spec::Instance;

/// Bits of the floats, tried in this order: a run's enclosures lose some at every step.
const PRECISIONS: [usize; 3] = [128, 512, 2048];
/// Most work of one run, in products of words; a count, so that a verdict does not depend on the machine.
pub const MOST_WORK: u64 = 2_000_000;
/// Agreement of the ends that ends the search: the rounding of a double.
const SHARP: isize = 60;
/// Bits that the next precision must add for the search to go on.
const GAIN: isize = 8;
/// Numbers whose ends are both below 2^-1022 in size are zero to a double.
const FLOOR: isize = 1022;

/// Runs at growing precision until the outcome is sharp; the last outcome where none is.
fn at_rising_precision<T>(
    instance: &Instance,
    most_work: u64,
    run: impl Fn() -> Result<T, RunError>,
    agreement: impl Fn(&T) -> isize,
) -> Result<T, RunError> {
    let entries = (instance.problem.dimension() * instance.workers.max(1)) as u64;
    let mut best = Err(RunError::Step { step: 0, fault: Fault::TooLarge(PRECISIONS[0]) });
    let mut before: Option<isize> = None;
    for bits in PRECISIONS {
        let words = bits as u64 / 64;
        if instance.horizon.saturating_mul(entries).saturating_mul(words * words) > most_work {
            break;
        }
        match Enclosure::at_precision(bits, &run) {
            Ok(outcome) => {
                let now = agreement(&outcome);
                // Constants that are known as doubles do not get sharper with longer floats.
                if now >= SHARP || before.is_some_and(|before| now < before + GAIN) {
                    return Ok(outcome);
                }
                before = Some(now);
                best = Ok(outcome);
            }
            // Longer floats decide a sign, unless it is that of an exact zero.
            Err(RunError::Step { step, fault: fault @ Fault::Undecided(_) }) => {
                if best.is_err() {
                    best = Err(RunError::Step { step, fault });
                }
            }
            Err(other) => return Err(other),
        }
    }
    best
}

/// The bits of the enclosure that has the fewest.
fn least_agreement<'a>(values: impl Iterator<Item = &'a Enclosure>) -> isize {
    values.map(|v| v.agreement(FLOOR)).min().unwrap_or(isize::MAX)
}

/// What a run without randomness records, enclosed, if that costs no more than `most_work` products of words.
///
/// # Errors
/// As [`plain`]; [`Fault::Undecided`] where a sign stays open at the highest precision that the budget allows.
pub fn plain_enclosed(instance: &Instance, plan: &Plan, most_work: u64) -> Result<Record<Enclosure>, RunError> {
    let agreement =
        |record: &Record<Enclosure>| least_agreement(record.paths.iter().chain(record.series.iter().flatten()));
    at_rising_precision(instance, most_work, || plain::<Enclosure>(instance, plan), agreement)
}

/// Runs an instance that could draw coins and need not, and takes note where it draws none: no sign of 0 is taken, no vote
/// ties, a compressor keeps all. Such a run is deterministic.
pub fn settle_coins(instance: &mut Instance) {
    if instance.is_deterministic() || !instance.may_draw_nothing() {
        return;
    }
    let run = || trace_plain::<Enclosure>(instance).map(|_| ());
    instance.draws_nothing = at_rising_precision(instance, MOST_WORK, run, |()| isize::MAX).is_ok();
}

/// The iterates of a deterministic instance, enclosed.
///
/// # Errors
/// As [`plain_enclosed`].
pub fn trace_enclosed(instance: &Instance) -> Result<(Vec<Vec<Enclosure>>, Traffic), RunError> {
    let agreement = |(iterates, _): &(Vec<Vec<Enclosure>>, Traffic)| least_agreement(iterates.iter().flatten());
    at_rising_precision(instance, MOST_WORK, || trace_plain::<Enclosure>(instance), agreement)
}
