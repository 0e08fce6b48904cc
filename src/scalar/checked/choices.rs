//! Switches: signs, orders, whole parts, and the largest of several.
//!
//! Numbers that their bounds do not distinguish are equal where their formulas are, and noted where these are not.

use super::Checked;
use super::rounding::UP;
use crate::scalar::Lane;
use crate::scalar::field::{P, fresh, of_double};
use crate::scalar::lane::WIDTH;

impl Checked {
    /// See [`Scalar::sign_or`](crate::scalar::Scalar::sign_or).
    #[inline(always)]
    pub(super) fn sign(&self, at_zero: &Self) -> Self {
        let is_near =
            |i: usize| self.error.0[i] > 0.0 && self.value.0[i].abs() <= self.error.0[i] && self.marks[i] != 0;
        let is_zero = |i: usize| self.value.0[i] == 0.0 && self.error.0[i] == 0.0;
        Self::note(is_near, |i| (self.value.0[i], self.error.0[i]), is_zero);
        let mut out = *at_zero;
        for i in 0..WIDTH {
            let v = self.value.0[i];
            let is_zero = self.marks[i] == 0 && v.abs() <= self.error.0[i];
            if v > 0.0 && !is_zero {
                out.put(i, (1.0, 0.0, 1));
            } else if v < 0.0 && !is_zero {
                out.put(i, (-1.0, 0.0, P - 1));
            } else if v.is_nan() {
                out.put(i, (v, 0.0, fresh()));
            }
        }
        out
    }

    /// See [`Scalar::select_ge`](crate::scalar::Scalar::select_ge).
    #[inline(always)]
    pub(super) fn not_below(&self, other: &Self, then: &Self, otherwise: &Self) -> Self {
        let is_near = |i: usize| {
            let slack = (self.error.0[i] + other.error.0[i]) * UP;
            slack > 0.0 && (self.value.0[i] - other.value.0[i]).abs() * UP.recip() <= slack
        };
        let gap = |i: usize| (self.value.0[i] - other.value.0[i]).abs();
        let errs = |i: usize| self.error.0[i] + other.error.0[i];
        let is_equal = |i: usize| gap(i) == 0.0 && errs(i) == 0.0;
        // Equal by their formulas only.
        let is_tie = |i: usize| is_near(i) && self.marks[i] == other.marks[i];
        Self::note(|i| is_near(i) && !is_tie(i), |i| (gap(i), errs(i)), |i| is_equal(i) || is_tie(i));
        Self::note_ties((0..WIDTH).any(is_tie));
        let mut out = *otherwise;
        for i in 0..WIDTH {
            let equal = is_near(i) && self.marks[i] == other.marks[i];
            if equal || self.value.0[i] >= other.value.0[i] {
                out.put(i, (then.value.0[i], then.error.0[i], then.marks[i]));
            }
        }
        out
    }

    /// The largest whole numbers that are not above.
    pub(super) fn whole(&self) -> Self {
        // A whole number by its formula is one; else both sides of it are possible.
        let whole = |i: usize| {
            let nearest = libm::round(self.value.0[i]);
            let equal = (self.value.0[i] - nearest).abs() <= self.error.0[i] && self.marks[i] == of_double(nearest);
            equal.then_some(nearest)
        };
        let gap = |i: usize| (self.value.0[i] - libm::round(self.value.0[i])).abs();
        let near = |i: usize| {
            let (v, e) = (self.value.0[i], self.error.0[i]);
            e > 0.0 && (v - e).floor() != (v + e).floor() && whole(i).is_none()
        };
        let is_tie = |i: usize| self.error.0[i] > 0.0 && whole(i).is_some();
        Self::note(near, |i| (gap(i), self.error.0[i]), |i| is_tie(i) || self.error.0[i] == 0.0 && gap(i) == 0.0);
        Self::note_ties((0..WIDTH).any(is_tie));
        Self::exact(Lane(std::array::from_fn(|i| whole(i).unwrap_or(self.value.0[i].floor()))))
    }

    /// See [`Scalar::keep_largest`](crate::scalar::Scalar::keep_largest).
    pub(super) fn keep(values: &mut [Self], k: usize) {
        let mut order: Vec<usize> = Vec::with_capacity(values.len());
        let mut gaps = [(0.0, 0.0); WIDTH];
        let (mut ties, mut equals, mut near_lanes) = (false, 0_u64, 0_u64);
        for (lane, gap_of) in gaps.iter_mut().enumerate() {
            order.clear();
            order.extend(0..values.len());
            let size = |i: usize| values[i].value.0[lane].abs();
            let error = |i: usize| values[i].error.0[lane];
            let slack = |i: usize, j: usize| (error(i) + error(j)) * UP;
            let tied = |i: usize, j: usize| {
                (size(i) - size(j)).abs() <= slack(i, j) && values[i].size_mark(lane) == values[j].size_mark(lane)
            };
            // A stable sort keeps the lower index first among equals.
            order.sort_by(|a, b| size(*b).total_cmp(&size(*a)));
            let k = k.min(order.len());
            // Those that are equal to the last that is kept, whatever their doubles say: the lower index wins.
            if let Some(last) = k.checked_sub(1).map(|place| order[place]) {
                let (mut places, mut equal): (Vec<usize>, Vec<usize>) =
                    order.iter().copied().enumerate().filter(|(_, i)| tied(*i, last)).unzip();
                places.sort_unstable();
                equal.sort_unstable();
                places.iter().zip(&equal).for_each(|(place, i)| order[*place] = *i);
            }
            let (kept, dropped) = order.split_at(k);
            let least = kept.iter().map(|i| size(*i) - error(*i)).fold(f64::INFINITY, f64::min);
            let near = |j: &usize| {
                size(*j) + error(*j) >= least
                    && kept.iter().any(|i| {
                        let open = slack(*i, *j) > 0.0 && size(*i) - size(*j) <= slack(*i, *j);
                        open && !(tied(*i, *j) && i < j)
                    })
            };
            if let (Some(last), Some(next)) = (kept.last(), dropped.first()) {
                let gap = size(*last) - size(*next);
                *gap_of = (gap, slack(*last, *next));
                near_lanes |= u64::from(dropped.iter().any(near)) << lane;
                let exact = gap_of.1 == 0.0;
                ties |= !exact && tied(*last, *next);
                equals |= u64::from(if exact { gap == 0.0 } else { tied(*last, *next) }) << lane;
            }
            for &i in dropped {
                values[i].put(lane, (0.0, 0.0, 0));
            }
        }
        Self::note(|i| near_lanes >> i & 1 == 1, |i| gaps[i], |i| equals >> i & 1 == 1);
        Self::note_ties(ties);
    }
}
