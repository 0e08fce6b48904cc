//! Deterministic runs in enclosures, at the precision that they need.

use super::block::{Record, plain, trace_plain};
use super::measure::Plan;
use super::{RunError, Traffic};
use crate::scalar::{Enclosure, Fault};
use crate::spec::Instance;

/// Bits of the floats, tried in this order: a run's enclosures lose some at every step.
const PRECISIONS: [usize; 3] = [128, 512, 2048];
/// Most work of one run, in products of words; a count, so that a verdict does not depend on the machine.
const MOST_WORK: u64 = 2_000_000;
/// Agreement of the ends that ends the search: the rounding of a double.
const SHARP: isize = 60;
/// Numbers whose ends are both below 2^-1022 in size are zero to a double.
const FLOOR: isize = 1022;

/// Runs at growing precision until the outcome is sharp; the last outcome where none is.
fn at_rising_precision<T>(
    instance: &Instance,
    run: impl Fn() -> Result<T, RunError>,
    is_sharp: impl Fn(&T) -> bool,
) -> Result<T, RunError> {
    let entries = (instance.problem.dimension() * instance.workers.max(1)) as u64;
    let mut best = Err(RunError::Step { step: 0, fault: Fault::TooLarge(PRECISIONS[0]) });
    for bits in PRECISIONS {
        let words = bits as u64 / 64;
        if instance.horizon.saturating_mul(entries).saturating_mul(words * words) > MOST_WORK {
            break;
        }
        match Enclosure::at_precision(bits, &run) {
            Ok(outcome) if is_sharp(&outcome) => return Ok(outcome),
            Ok(outcome) => best = Ok(outcome),
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

/// What a run without randomness records, enclosed.
///
/// # Errors
/// As [`plain`]; [`Fault::Undecided`] where a sign stays open at the highest precision that the budget allows.
pub fn plain_enclosed(instance: &Instance, plan: &Plan) -> Result<Record<Enclosure>, RunError> {
    let sharp = |record: &Record<Enclosure>| {
        record.paths.iter().chain(record.series.iter().flatten()).all(|v| v.is_sharp(SHARP, FLOOR))
    };
    at_rising_precision(instance, || plain::<Enclosure>(instance, plan), sharp)
}

/// The iterates of a deterministic instance, enclosed.
///
/// # Errors
/// As [`plain_enclosed`].
pub fn trace_enclosed(instance: &Instance) -> Result<(Vec<Vec<Enclosure>>, Traffic), RunError> {
    let sharp =
        |(iterates, _): &(Vec<Vec<Enclosure>>, Traffic)| iterates.iter().flatten().all(|v| v.is_sharp(SHARP, FLOOR));
    at_rising_precision(instance, || trace_plain::<Enclosure>(instance), sharp)
}
