//! Deterministic runs in enclosures, at the precision that they need.
//!
//! Every number of such a run lies between two floats that are rounded outward at every operation. The enclosure thus
//! follows the errors that the run itself expands. Where a sign or an order stays open, or the ends agree to fewer bits
//! than a double has, the run is repeated with floats of twice the length, up to a budget. The budget is counted in
//! products of words, so that what a verdict rests on does not depend on the machine. A sign that stays open then has
//! both outcomes, so that the enclosure holds the run, however widely.

use super::block::{Record, plain, trace_plain};
use super::measure::Plan;
use super::progress::{Progress, Silent};
use super::{RunError, Traffic};
use crate::claim::Instance;
use crate::scalar::{Enclosure, Fault};

/// Bits of the floats, tried in this order: a run's enclosures lose some at every step.
const PRECISIONS: [usize; 8] = [128, 256, 512, 1024, 2048, 4096, 8192, 16384];
/// Most work of one run, in products of words; a count, so that a verdict does not depend on the machine.
pub(crate) const MOST_WORK: u64 = 2_000_000_000;
/// Products of words that every operation counts for, in addition to those of its own words.
pub(crate) const OVERHEAD: u64 = 600;
/// Agreement of the ends that ends the search: the rounding of a double.
const SHARP: isize = 60;
/// Bits that the next precision must add for the search to go on.
const GAIN: isize = 8;
/// Numbers whose ends are both below 2^-1022 in size are zero to a double.
const FLOOR: isize = 1022;
/// Precisions in a row that may end at one step: longer floats will not decide the sign of an exact zero.
const TIES: usize = 3;

/// Products of words of one run with floats of so many bits.
#[must_use]
pub(super) fn work(instance: &Instance, bits: usize) -> u64 {
    let words = bits as u64 / 64;
    let entries = instance.problem.work().max(instance.problem.dimension()) as u64;
    let steps = instance.horizon.max(1).saturating_mul(entries.saturating_mul(instance.workers.max(1) as u64));
    steps.saturating_mul(words * words + OVERHEAD)
}

/// Runs at growing precision until the outcome is sharp; the last outcome where none is, then with all outcomes of the
/// signs that stay open.
fn at_rising_precision<T>(
    instance: &Instance,
    most_work: u64,
    run: impl Fn() -> Result<T, RunError>,
    agreement: impl Fn(&T) -> (isize, isize),
) -> Result<T, RunError> {
    match sharpest(instance, most_work, &run, agreement) {
        (best, None) => best,
        (best, Some(longest)) => Enclosure::with_hulls(longest, &run).or(best),
    }
}

/// Runs at growing precision until the outcome is sharp; the last outcome where none is, and the longest floats where a
/// sign stays open.
fn sharpest<T>(
    instance: &Instance,
    most_work: u64,
    run: &impl Fn() -> Result<T, RunError>,
    agreement: impl Fn(&T) -> (isize, isize),
) -> (Result<T, RunError>, Option<usize>) {
    let long = Fault::Unsupported("the run is too long to be enclosed".into());
    let mut best = Err(RunError::Step { step: 0, fault: long });
    let mut before: Option<(isize, isize)> = None;
    let mut open: Vec<u64> = Vec::new();
    let mut longest = PRECISIONS[0];
    for bits in PRECISIONS {
        if work(instance, bits) > most_work {
            break;
        }
        longest = bits;
        match Enclosure::at_precision(bits, run) {
            Ok(outcome) => {
                let now = agreement(&outcome);
                // Constants that are known as doubles do not get sharper with longer floats.
                let gains = |before: isize, now: isize| now >= before.saturating_add(GAIN);
                if now.0 >= SHARP || before.is_some_and(|(bits, depth)| !gains(bits, now.0) && !gains(depth, now.1)) {
                    return (Ok(outcome), None);
                }
                before = Some(now);
                best = Ok(outcome);
            }
            // Longer floats decide a sign, unless it is that of an exact zero.
            Err(RunError::Step { step, fault: fault @ Fault::Undecided(_) }) => {
                open.push(step);
                if best.is_err() {
                    best = Err(RunError::Step { step, fault });
                }
                if open.len() >= TIES && open[open.len() - TIES..].iter().all(|s| *s == step) {
                    break;
                }
            }
            Err(other) => return (Err(other), None),
        }
    }
    let is_open = best.is_err() && !open.is_empty();
    (best, is_open.then_some(longest))
}

/// The bits of the enclosure that has the fewest, and the depth of the widest.
fn least_agreement<'a>(values: impl Iterator<Item = &'a Enclosure>) -> (isize, isize) {
    let least = |a: (isize, isize), b: (isize, isize)| (a.0.min(b.0), a.1.min(b.1));
    values.map(|v| v.agreement(FLOOR)).fold((isize::MAX, isize::MAX), least)
}

/// What a run without randomness records, enclosed, if that costs no more than `most_work` products of words.
///
/// # Errors
/// As [`plain`]; [`Fault::Undecided`] where a sign stays open at the highest precision that the budget allows;
/// [`Fault::Unsupported`] where the budget allows none.
pub(crate) fn plain_enclosed(
    instance: &Instance,
    plan: &Plan,
    most_work: u64,
    progress: &dyn Progress,
) -> Result<Record<Enclosure>, RunError> {
    let agreement =
        |record: &Record<Enclosure>| least_agreement(record.paths.iter().chain(record.series.iter().flatten()));
    at_rising_precision(instance, most_work, || plain::<Enclosure>(instance, plan, progress), agreement)
}

/// Runs an instance that could draw coins and need not, and takes note where it draws none: no sign of 0 is taken, no
/// vote ties, a compressor keeps all. Such a run is deterministic.
pub(crate) fn settle_coins(instance: &mut Instance) {
    if instance.is_deterministic() || !instance.may_draw_nothing() {
        return;
    }
    let nothing = Plan::default();
    let run = || plain::<Enclosure>(instance, &nothing, &Silent).map(|_| ());
    // A sign that stays open is no proof, so no hull is computed.
    let found = sharpest(instance, MOST_WORK, &run, |()| (isize::MAX, isize::MAX)).0;
    instance.draws_nothing = found.is_ok();
}

/// The iterates of a deterministic instance, enclosed.
///
/// # Errors
/// As [`plain_enclosed`].
pub fn trace_enclosed(instance: &Instance) -> Result<(Vec<Vec<Enclosure>>, Traffic), RunError> {
    let agreement = |(iterates, _): &(Vec<Vec<Enclosure>>, Traffic)| least_agreement(iterates.iter().flatten());
    at_rising_precision(instance, MOST_WORK, || trace_plain::<Enclosure>(instance), agreement)
}
