//! A density by bins that are fixed beforehand, so that chunks can be merged.

use super::Interval;
use super::estimate::real;
use serde::{Deserialize, Serialize};

/// Counts in equal bins [low + i w, low + (i + 1) w), the last one closed, and of what falls outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    range: Interval,
    counts: Vec<u64>,
    below: u64,
    above: u64,
    not_finite: u64,
}

/// Two histograms with different bins cannot be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayoutMismatch;

impl std::fmt::Display for LayoutMismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "histograms with different bins cannot be merged")
    }
}

impl std::error::Error for LayoutMismatch {}

impl Histogram {
    /// No counts yet, `bins` bins over `range`; `None` for no bins or a range that is infinite or a point.
    #[must_use]
    pub fn new(range: Interval, bins: usize) -> Option<Self> {
        (bins > 0 && range.is_finite() && !range.is_point() && range.width().is_finite()).then(|| Self {
            range,
            counts: vec![0; bins],
            below: 0,
            above: 0,
            not_finite: 0,
        })
    }

    /// Counts one value; never drops it.
    pub fn push(&mut self, x: f64) {
        let (low, high) = (self.range.low(), self.range.high());
        if !x.is_finite() {
            self.not_finite += 1;
        } else if x < low {
            self.below += 1;
        } else if x > high {
            self.above += 1;
        } else {
            let place = (x - low) / (high - low) * self.counts.len() as f64;
            let bin = (place as usize).min(self.counts.len().saturating_sub(1));
            if let Some(count) = self.counts.get_mut(bin) {
                *count += 1;
            }
        }
    }

    /// Adds the counts of `other`.
    ///
    /// # Errors
    /// [`LayoutMismatch`] if range or number of bins differ; nothing is then changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), LayoutMismatch> {
        if self.range != other.range || self.counts.len() != other.counts.len() {
            return Err(LayoutMismatch);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.below += other.below;
        self.above += other.above;
        self.not_finite += other.not_finite;
        Ok(())
    }

    /// The counts, from the lowest bin.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Values below the range, above it, and not finite.
    #[must_use]
    pub fn outside(&self) -> (u64, u64, u64) {
        (self.below, self.above, self.not_finite)
    }

    /// All values that were pushed.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.below + self.above + self.not_finite
    }

    /// (middle of the bin, count/(total * bin width)), in one over the value's unit; all 0 without values.
    ///
    /// The area below it is the fraction of values inside the range, at most 1.
    #[must_use]
    pub fn density(&self) -> Vec<(f64, f64)> {
        let width = (self.range.high() - self.range.low()) / self.counts.len() as f64;
        let total = real(self.total().max(1));
        let middle = |i: usize| self.range.low() + (i as f64 + 0.5) * width;
        self.counts.iter().enumerate().map(|(i, &count)| (middle(i), real(count) / (total * width))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unit(bins: usize) -> Histogram {
        Histogram::new(Interval::new(0.0, 1.0).expect("ordered"), bins).expect("valid layout")
    }

    #[test]
    fn values_fall_where_they_belong() {
        let mut h = unit(4);
        for x in [0.0, 0.2, 0.25, 0.99, 1.0, -0.1, 1.1, f64::NAN] {
            h.push(x);
        }
        assert_eq!(h.counts(), [2, 1, 0, 2]);
        assert_eq!(h.outside(), (1, 1, 1));
        // exact: 2 of 8 values in a bin of width 1/4 have density 1
        assert_eq!(h.density()[0], (0.125, 1.0));
    }

    #[test]
    fn layouts_are_checked() {
        let (mut a, b) = (unit(4), unit(5));
        assert_eq!(a.merge(&b), Err(LayoutMismatch));
        assert!(Histogram::new(Interval::NON_NEGATIVE, 4).is_none());
        assert!(Histogram::new(Interval::point(1.0), 4).is_none());
        assert!(Histogram::new(Interval::new(0.0, 1.0).expect("ordered"), 0).is_none());
    }

    proptest! {
        #[test]
        fn merging_equals_pushing(values in prop::collection::vec(-0.5..1.5_f64, 0..200), cut in 0_usize..200) {
            let cut = cut.min(values.len());
            let (mut all, mut first, mut second) = (unit(7), unit(7), unit(7));
            values.iter().for_each(|&x| all.push(x));
            values[..cut].iter().for_each(|&x| first.push(x));
            values[cut..].iter().for_each(|&x| second.push(x));
            prop_assert_eq!(first.merge(&second), Ok(()));
            prop_assert_eq!(&first, &all);
            prop_assert_eq!(all.total(), values.len() as u64);
        }
    }
}
