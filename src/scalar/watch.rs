//! Switches of plain lanes that come suspiciously near.
//!
//! A plain lane does not know its rounding errors. Where it is known how small these are, a sign, an order or a choice
//! of numbers that are further apart than that is the one of exact arithmetic. The others are reported to the watcher,
//! or are taken for ties where it is known that nearness has no other cause.

use std::cell::Cell;

/// What becomes of a switch between numbers that are near each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watch {
    /// The distance within which a switch is reported.
    threshold: f64,
    /// The distance that stands for an exact 0 there.
    at_zero: f64,
    /// The distance within which a switch is a tie.
    tie: f64,
}

impl Watch {
    const OFF: Watch = Watch { threshold: -1.0, at_zero: f64::INFINITY, tie: -1.0 };

    /// Reports switches within `threshold`. A double that is exactly at its switch is reported unless zeros are
    /// trusted: on a lattice of dyadic numbers such zeros are exact.
    #[must_use]
    pub fn within(threshold: f64, trusts_zeros: bool) -> Self {
        Watch { threshold, at_zero: if trusts_zeros { f64::INFINITY } else { 0.0 }, tie: -1.0 }
    }

    /// Takes numbers within `distance` for equal.
    #[must_use]
    pub fn ties_within(distance: f64) -> Self {
        Watch { tie: distance, ..Self::OFF }
    }

    /// Runs `f`; returns with its result a bit for each lane that is reported.
    pub fn over<T>(self, f: impl FnOnce() -> T) -> (T, u64) {
        let before = (WATCH.replace(self), SUSPECTS.replace(0));
        let out = f();
        WATCH.set(before.0);
        (out, SUSPECTS.replace(before.1))
    }
}

thread_local! {
    static WATCH: Cell<Watch> = const { Cell::new(Watch::OFF) };
    static SUSPECTS: Cell<u64> = const { Cell::new(0) };
}

/// The distance of ties.
pub(super) fn tie() -> f64 {
    WATCH.get().tie
}

/// Takes note of the lanes whose switch is to be reported, given each lane's distance from it; returns the distance of
/// ties.
#[inline(always)]
pub(super) fn look<const N: usize>(distance: impl Fn(usize) -> f64) -> f64 {
    let Watch { threshold, at_zero, tie } = WATCH.get();
    if threshold >= 0.0 {
        let mut least = f64::INFINITY;
        for i in 0..N {
            let distance = distance(i).abs();
            let distance = if distance == 0.0 { at_zero } else { distance };
            least = if distance < least { distance } else { least };
        }
        if least <= threshold {
            note::<N>(&distance, threshold, at_zero);
        }
    }
    tie
}

#[cold]
fn note<const N: usize>(distance: &dyn Fn(usize) -> f64, threshold: f64, at_zero: f64) {
    let mut lanes = 0_u64;
    for i in 0..N {
        let distance = distance(i).abs();
        lanes |= u64::from(if distance == 0.0 { at_zero } else { distance } <= threshold) << i;
    }
    // A single number may stand for any lane of a block that works through its lanes one by one.
    SUSPECTS.set(SUSPECTS.get() | if N == 1 { u64::MAX } else { lanes });
}

#[cfg(test)]
mod tests {
    use super::super::{Lane, Scalar, WIDTH, Wide};
    use super::*;

    #[test]
    fn switches_within_the_threshold_are_told_lane_by_lane() {
        let mut v: Wide = Lane::splat(1.0);
        (v.0[3], v.0[5], v.0[7]) = (1e-12, 0.0, -1e-8);
        let sign = || v.sign_or(&Lane::splat(0.0)).unwrap();
        assert_eq!(Watch::within(1e-10, true).over(sign).1, 1 << 3);
        assert_eq!(Watch::within(1e-10, false).over(sign).1, 1 << 3 | 1 << 5);
        let (signs, doubtful) = Watch::within(1e-7, true).over(sign);
        assert_eq!((signs, doubtful), (sign(), 1 << 3 | 1 << 7));
        assert_eq!(Watch::within(0.0, true).over(sign).1, 0);
    }

    #[test]
    fn orders_choices_and_whole_numbers_are_switches() {
        let watch = Watch::within(1e-10, false);
        let (a, mut b): (Wide, Wide) = (Lane::splat(0.25), Lane::splat(0.5));
        b.0[9] = 0.25 + 1e-13;
        assert_eq!(watch.over(|| a.select_ge(&b, &a, &b).unwrap()).1, 1 << 9);
        assert_eq!(watch.over(|| Lane::keep_largest(&mut [a, -b, Lane::splat(0.01)], 1).unwrap()).1, 1 << 9);
        assert_eq!(watch.over(|| Lane::keep_largest(&mut [a, -b, Lane::splat(0.01)], 2).unwrap()).1, 0);
        assert_eq!(watch.over(|| (b * Lane::splat(4.0)).floor().unwrap()).1, u64::MAX);
        assert_eq!(watch.over(|| (b * Lane::splat(0.9)).floor().unwrap()).1, 0);
        assert_eq!(WIDTH, 64);
    }

    #[test]
    fn near_numbers_are_ties_where_that_is_asked() {
        let (zero, one) = (Lane::splat(0.0), Lane::<1>::splat(1.0));
        let tenth = Lane::<1>::splat(0.1);
        let rest = Lane::splat(0.3) - tenth - tenth - tenth;
        let sum = tenth + Lane::splat(0.2);
        let all = || {
            let mut values = [Lane::splat(-0.3), sum];
            Lane::keep_largest(&mut values, 1).unwrap();
            let at_least = Lane::splat(0.3).select_ge(&sum, &one, &zero).unwrap();
            let floor = (tenth * Lane::splat(3.0) - sum + one - Lane::splat(1e-16)).floor().unwrap();
            [rest.sign_or(&zero).unwrap(), at_least, floor, values[0]].map(|v| v.0[0])
        };
        // exact: 3/10 - 3 (1/10) = 0, 3/10 >= 1/10 + 2/10, 1 - 1e-16 is taken for 1, and of equal sizes the first is
        // kept
        assert_eq!(Watch::ties_within(1e-12).over(all).0, [0.0, 1.0, 1.0, -0.3]);
        assert_eq!(all(), [-1.0, 0.0, 0.0, 0.0]);
    }
}
