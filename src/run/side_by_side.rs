//! Cells of a claim, several at once: one that is enumerated, or has few replicates, keeps a single processor busy.

use super::memory::is_small;
use super::plan::{DecideError, Settings, measurable};
use crate::claim::{Cell, Instance, InstanceError, PartSetup, Work, cells};
use crate::engine::settle_coins;
use crate::evidence::{Configuration, Design};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, scope};

/// Stack of a thread: that of a main thread, since any cell may run on either.
const STACK: usize = 8 << 20;

/// A cell with all that it takes.
pub(super) struct Ready<'s> {
    /// Which configuration it belongs to.
    pub place: usize,
    pub cell: Cell,
    pub work: CellWork<'s>,
}

/// What is done in a cell.
pub(super) enum CellWork<'s> {
    Run(Box<Instance>),
    Evaluate(&'s PartSetup),
}

/// All cells of a design, in order; what is wrong with a file shows here, before time is spent.
pub(super) fn make_ready<'s>(
    design: &mut Design<'s>,
    settings: &Settings<'_>,
    locate: impl Fn(InstanceError) -> DecideError,
) -> Result<Vec<Ready<'s>>, DecideError> {
    let mut ready = Vec::new();
    for (place, configuration) in design.0.iter_mut().enumerate() {
        let cells = cells(configuration.variant).map_err(&locate)?;
        configuration.cells = cells.len();
        for cell in cells {
            let work = match &configuration.variant.work {
                Work::Experiment(experiment) => {
                    let mut instance = Instance::build(settings.registry, experiment, &cell).map_err(&locate)?;
                    settle_coins(&mut instance);
                    measurable(configuration, experiment, &instance).map_err(&locate)?;
                    CellWork::Run(Box::new(instance))
                }
                Work::Quantity(part) => CellWork::Evaluate(part),
            };
            ready.push(Ready { place, cell, work });
        }
    }
    Ok(ready)
}

/// Does the work of every cell, and gives what came of it in the cells' order.
pub(super) fn each_cell<'s, R: Send>(
    design: &Design<'s>,
    ready: Vec<Ready<'s>>,
    settings: &Settings<'_>,
    work: impl Fn(&Configuration<'s>, Ready<'s>) -> Result<R, DecideError> + Sync,
) -> Result<Vec<R>, DecideError> {
    let small = |ready: &Ready<'_>| is_small(&design.0[ready.place], &ready.cell, settings);
    side_by_side(ready, small, |ready| work(&design.0[ready.place], ready))
}

/// Does the work on every item, several small ones at once and then the others one by one, and gives what came of it in
/// the order of the items. As many threads as the pool has; which thread does what does not affect the result.
///
/// The threads are not the pool's own: a pool thread that waits for its replicates would begin other cells meanwhile,
/// nested one inside the other without a bound.
///
/// # Errors
/// That of the first small item that failed, or else of the first other one.
fn side_by_side<T: Send, R: Send, E: Send>(
    items: Vec<T>,
    is_small: impl Fn(&T) -> bool,
    work: impl Fn(T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let (small, large): (Vec<_>, Vec<_>) = items.into_iter().enumerate().partition(|(_, item)| is_small(item));
    let others = rayon::current_num_threads().min(small.len()).saturating_sub(1);
    let (queue, failed) = (Mutex::new(small.into_iter()), AtomicBool::new(false));
    let done: Mutex<Vec<(usize, Result<R, E>)>> = Mutex::new(Vec::new());
    let serve = || {
        // Items before one that failed were taken before it, and are finished.
        while !failed.load(Ordering::Relaxed) {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, item)) = next else { break };
            let result = work(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
        }
    };
    scope(|threads| {
        for _ in 0..others {
            // Where the system gives no more threads, those that there are do the work.
            let _ = Builder::new().stack_size(STACK).spawn_scoped(threads, serve);
        }
        serve();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    let mut found = Vec::with_capacity(done.len() + large.len());
    for (place, result) in done {
        found.push((place, result?));
    }
    for (place, item) in large {
        found.push((place, work(item)?));
    }
    found.sort_by_key(|(place, _)| *place);
    Ok(found.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn results_stand_in_order_whoever_was_first() {
        let slow_first = |n: u64| {
            std::thread::sleep(Duration::from_millis(20 - n));
            Ok::<u64, ()>(n * n)
        };
        let squares: Vec<u64> = (0..20).map(|n| n * n).collect();
        assert_eq!(side_by_side((0..20).collect(), |n| n % 3 > 0, slow_first), Ok(squares));
        assert_eq!(side_by_side(Vec::new(), |_| true, slow_first), Ok(Vec::new()));
    }

    #[test]
    fn the_first_failure_in_order_is_told() {
        let late = |n: u64| {
            std::thread::sleep(Duration::from_millis(if n == 3 { 20 } else { 0 }));
            if n >= 3 { Err(n) } else { Ok(n) }
        };
        assert_eq!(side_by_side((0..20).collect(), |_| true, late), Err(3));
        assert_eq!(side_by_side((0..20).collect(), |n| *n > 5, late), Err(6));
        assert_eq!(side_by_side((0..20).collect(), |_| false, late), Err(3));
    }
}
