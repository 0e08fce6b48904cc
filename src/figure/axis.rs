//! Scales: from data to a fraction of an axis' length, without overflow anywhere in the range of a double.

use crate::results::{Axis, AxisScale};

/// An axis' range in its own coordinate: the value, or its decimal logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub log: bool,
    pub low: f64,
    pub high: f64,
}

/// Smallest span of a linear axis: below it, ticks would run out of exponents.
const LEAST_SPAN: f64 = 1e-290;
/// Smallest span relative to the values: below it, tick labels would need more digits than anyone reads.
const LEAST_SHARE: f64 = 1e-9;

/// The smallest interval around everything put into it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Extent(Option<(f64, f64)>);

impl Extent {
    /// Takes a coordinate in.
    pub(super) fn add(&mut self, coordinate: Option<f64>) {
        let Some(v) = coordinate.filter(|v| v.is_finite()) else { return };
        self.0 = Some(self.0.map_or((v, v), |(low, high)| (low.min(v), high.max(v))));
    }

    /// Whether nothing was put in.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// The coordinate of a value on an axis of this kind: none for what the axis cannot show.
pub(super) fn coordinate(log: bool, value: f64) -> Option<f64> {
    if !value.is_finite() {
        None
    } else if !log {
        Some(value)
    } else if value > 0.0 {
        Some(libm::log10(value))
    } else {
        None
    }
}

impl Scale {
    /// The scale of an axis over its data, with `margins` at both ends as fractions of the span; ends that the axis
    /// fixes get none.
    pub(super) fn new(axis: &Axis, extent: Extent, margins: (f64, f64)) -> Scale {
        let log = axis.scale == AxisScale::Log;
        let fixed = |end: Option<f64>| end.and_then(|v| coordinate(log, v));
        let (fixed_low, fixed_high) = match (fixed(axis.low), fixed(axis.high)) {
            // Ends in the wrong order are ignored: the data still shows.
            (Some(low), Some(high)) if low >= high => (None, None),
            ends => ends,
        };
        let (low, high) = extent.0.unwrap_or(if log { (-1.0, 1.0) } else { (0.0, 1.0) });
        let (low, high) = (fixed_low.unwrap_or(low), fixed_high.unwrap_or(high));
        let (low, high) = widened(log, low, high, fixed_low.is_some(), fixed_high.is_some());
        // Halves, because the span of two doubles may overflow.
        let half = high / 2.0 - low / 2.0;
        let pad = |share: f64| (half * share * 2.0).min(1e307);
        let low = if fixed_low.is_some() { low } else { (low - pad(margins.0)).max(-f64::MAX) };
        let high = if fixed_high.is_some() { high } else { (high + pad(margins.1)).min(f64::MAX) };
        Scale { log, low, high }
    }

    /// The fraction of the axis at a coordinate; outside [0, 1] beyond its ends.
    pub(super) fn share(&self, coordinate: f64) -> f64 {
        let half = self.high / 2.0 - self.low / 2.0;
        ((coordinate / 2.0 - self.low / 2.0) / half).clamp(-1e6, 1e6)
    }

    /// The fraction of the axis at a value, if the axis can show it.
    pub(super) fn position(&self, value: f64) -> Option<f64> {
        coordinate(self.log, value).map(|c| self.share(c))
    }
}

/// A range of positive length around constant or reversed ends.
fn widened(log: bool, low: f64, high: f64, low_fixed: bool, high_fixed: bool) -> (f64, f64) {
    let largest = low.abs().max(high.abs());
    let least = if log { 1e-6 } else { (largest * LEAST_SHARE).max(LEAST_SPAN) };
    if high / 2.0 - low / 2.0 > least / 2.0 {
        return (low, high);
    }
    let step = if log {
        0.5
    } else if largest > LEAST_SPAN {
        (largest / 10.0).max(LEAST_SPAN)
    } else {
        1.0
    };
    match (low_fixed, high_fixed) {
        (true, false) => (low, (low + 2.0 * step).min(f64::MAX)),
        (false, true) => ((high - 2.0 * step).max(-f64::MAX), high),
        _ => ((low - step).max(-f64::MAX), (high + step).min(f64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn axis(scale: AxisScale, low: Option<f64>, high: Option<f64>) -> Axis {
        Axis { label: String::new(), scale, low, high }
    }

    #[test]
    fn constant_data_stands_in_the_middle() {
        for value in [0.0, 1.0, -3.0, 1e300, -1e300, 1e-300, f64::MAX, 5e-324] {
            let mut extent = Extent::default();
            extent.add(Some(value));
            let scale = Scale::new(&axis(AxisScale::Linear, None, None), extent, (0.05, 0.05));
            let share = scale.position(value).unwrap();
            assert!((0.2..=1.0).contains(&share), "{value}: {share}");
        }
    }

    #[test]
    fn ends_in_the_wrong_order_are_ignored() {
        let mut extent = Extent::default();
        extent.add(Some(2.0));
        extent.add(Some(4.0));
        let scale = Scale::new(&axis(AxisScale::Linear, Some(9.0), Some(1.0)), extent, (0.0, 0.0));
        assert_eq!((scale.low, scale.high), (2.0, 4.0));
        let scale = Scale::new(&axis(AxisScale::Linear, Some(9.0), None), extent, (0.0, 0.0));
        assert!(scale.low == 9.0 && scale.high > 9.0);
    }

    proptest! {
        #[test]
        fn any_two_values_span_a_scale(a in any::<f64>(), b in any::<f64>(), log in any::<bool>(),
                                       low in proptest::option::of(any::<f64>()), high in proptest::option::of(any::<f64>())) {
            let kind = if log { AxisScale::Log } else { AxisScale::Linear };
            let mut extent = Extent::default();
            extent.add(coordinate(log, a));
            extent.add(coordinate(log, b));
            let scale = Scale::new(&axis(kind, low, high), extent, (0.05, 0.05));
            prop_assert!(scale.low.is_finite() && scale.high.is_finite() && scale.low < scale.high, "{scale:?}");
            for value in [a, b] {
                if let Some(share) = scale.position(value) {
                    prop_assert!(share.is_finite());
                    if low.is_none() && high.is_none() { prop_assert!((-1e-9..=1.0 + 1e-9).contains(&share)); }
                }
            }
        }
    }
}
