//! What a run in checked lanes met at its switches.

use super::Checked;
use crate::scalar::lane::WIDTH;
use std::cell::Cell;

/// What a run in checked lanes met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Met {
    /// One bit per lane: set where it took a sign, an order or a choice of numbers within their rounding errors.
    pub near: u64,
    /// Those of them whose numbers and bounds were both no larger than rounding alone makes them. Of the others the
    /// bounds are wide.
    pub open: u64,
    /// Whether numbers were equal by their formulas only: ties of a lattice that doubles do not hold.
    pub ties: bool,
    /// Whether numbers were exactly at a switch, doubles without any error.
    pub zeros: bool,
    /// The least distance from a switch, over numbers that are distinguished from it.
    pub clear: f64,
    /// The largest finite number.
    pub size: f64,
}

impl Met {
    const NOTHING: Met = Met { near: 0, open: 0, ties: false, zeros: false, clear: f64::INFINITY, size: 0.0 };
}

thread_local! {
    static MET: Cell<Met> = const { Cell::new(Met::NOTHING) };
    static IS_STEADY: Cell<bool> = const { Cell::new(false) };
}

/// Part of the largest number within which rounding alone brings numbers together: some thousand roundings.
const TIED: f64 = 1.0 / 4_398_046_511_104.0;

impl Checked {
    /// Runs `f`; gives with its result what it met. In a run that is known to be steady, whatever its bounds say, the
    /// smaller of two numbers is the one that is smaller by more than rounding brings.
    pub fn meeting<T>(is_steady: bool, f: impl FnOnce() -> T) -> (T, Met) {
        let before = (MET.replace(Met::NOTHING), IS_STEADY.replace(is_steady));
        let out = f();
        IS_STEADY.set(before.1);
        (out, MET.replace(before.0))
    }

    /// The distance beyond which numbers are certain to be apart, whatever their bounds.
    #[inline(always)]
    pub(super) fn apart() -> f64 {
        if IS_STEADY.get() { TIED * MET.get().size } else { f64::INFINITY }
    }

    /// Runs `f`, whose numbers do not count among the sizes that were met.
    pub fn aside<T>(f: impl FnOnce() -> T) -> T {
        let size = MET.get().size;
        let out = f();
        MET.set(Met { size, ..MET.get() });
        out
    }

    /// Takes note of the largest size.
    #[inline(always)]
    pub(super) fn note_size(size: f64) {
        let met = MET.get();
        if size > met.size {
            MET.set(Met { size, ..met });
        }
    }

    /// Notes the lanes that choose between numbers that are near, how far apart others are and how far rounding can
    /// have taken them, and whether some were exactly equal.
    #[inline(always)]
    pub(super) fn note(
        near: impl Fn(usize) -> bool,
        gap: impl Fn(usize) -> (f64, f64),
        is_equal: impl Fn(usize) -> bool,
    ) {
        let before = MET.get();
        let mut met = before;
        for i in 0..WIDTH {
            let (gap, slack) = gap(i);
            let gap = gap.abs();
            if near(i) {
                met.near |= 1 << i;
                met.open |= u64::from(gap.max(slack) <= TIED * met.size) << i;
            } else if is_equal(i) {
                met.zeros = true;
            } else if gap > 0.0 {
                met.clear = met.clear.min(gap);
            }
        }
        if met != before {
            MET.set(met);
        }
    }

    /// Notes that numbers are equal by their formulas only.
    pub(super) fn note_ties(are: bool) {
        if are {
            MET.set(Met { ties: true, ..MET.get() });
        }
    }
}
