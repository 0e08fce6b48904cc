//! The numbers that a parameter of a part may take.

use super::Real;
use crate::scalar::Rational;
use crate::stats::Interval;
use serde_json::{Value, json};
use std::fmt;

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    value: i64,
    /// Whether the end itself is outside.
    open: bool,
}

/// The range of a number that a claim file gives: part of the table of parameters, so that reader, reference page and
/// schema agree, and no part has to check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    low: Option<End>,
    high: Option<End>,
}

const fn closed(value: i64) -> Option<End> {
    Some(End { value, open: false })
}

const fn open(value: i64) -> Option<End> {
    Some(End { value, open: true })
}

impl Limits {
    /// Every number, and what is no number.
    pub const ANY: Limits = Limits { low: None, high: None };
    /// 0 or more.
    pub const NON_NEGATIVE: Limits = Limits { low: closed(0), high: None };
    /// Above 0.
    pub const POSITIVE: Limits = Limits::above(0);
    /// 1 or more.
    pub const ONE_UP: Limits = Limits { low: closed(1), high: None };
    /// A probability: [0, 1].
    pub const UNIT: Limits = Limits { low: closed(0), high: closed(1) };
    /// A factor that forgets: [0, 1).
    pub const FRACTION: Limits = Limits { low: closed(0), high: open(1) };
    /// A part that is there: (0, 1].
    pub const SHARE: Limits = Limits { low: open(0), high: closed(1) };

    /// Above a number.
    #[must_use]
    pub const fn above(low: i64) -> Limits {
        Limits { low: open(low), high: None }
    }

    /// One number.
    #[must_use]
    pub const fn exactly(value: i64) -> Limits {
        Limits { low: closed(value), high: closed(value) }
    }

    /// Between two numbers, both excluded.
    #[must_use]
    pub const fn open(low: i64, high: i64) -> Limits {
        Limits { low: open(low), high: open(high) }
    }

    /// Of whole numbers: none is below 0.
    #[must_use]
    pub fn of_counts(self) -> Limits {
        Limits { low: self.low.or(closed(0)), ..self }
    }

    /// Whether nothing is excluded.
    #[must_use]
    pub fn is_any(self) -> bool {
        self == Limits::ANY
    }

    /// Whether a number lies within. An irrational number whose enclosure holds an end counts as that end.
    #[must_use]
    pub fn admits(self, value: &Real) -> bool {
        if let Some(exact) = value.exact() {
            return self.low.is_none_or(|end| beyond(exact, end)) && self.high.is_none_or(|end| short_of(exact, end));
        }
        let Ok(within) = value.cast::<Interval>() else { return self.is_any() };
        self.low.is_none_or(|end| above(&within, end)) && self.high.is_none_or(|end| below(&within, end))
    }

    /// The range as keys of a JSON schema.
    #[must_use]
    pub fn to_schema(self) -> Vec<(&'static str, Value)> {
        let low = self.low.map(|e| (if e.open { "exclusiveMinimum" } else { "minimum" }, json!(e.value)));
        let high = self.high.map(|e| (if e.open { "exclusiveMaximum" } else { "maximum" }, json!(e.value)));
        low.into_iter().chain(high).collect()
    }
}

fn beyond(value: &Rational, end: End) -> bool {
    let low = Rational::integer(end.value);
    if end.open { *value > low } else { *value >= low }
}

fn short_of(value: &Rational, end: End) -> bool {
    let high = Rational::integer(end.value);
    if end.open { *value < high } else { *value <= high }
}

fn above(within: &Interval, end: End) -> bool {
    let low = end.value as f64;
    if end.open { within.low() > low } else { within.high() >= low }
}

fn below(within: &Interval, end: End) -> bool {
    let high = end.value as f64;
    if end.open { within.high() < high } else { within.low() <= high }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.low, self.high) {
            (None, None) => f.write_str("any number"),
            (Some(End { value, open: true }), None) => write!(f, "above {value}"),
            (Some(End { value, open: false }), None) => write!(f, "{value} or more"),
            (None, Some(End { value, open: true })) => write!(f, "below {value}"),
            (None, Some(End { value, open: false })) => write!(f, "at most {value}"),
            (Some(low), Some(high)) => {
                let (left, right) = (if low.open { '(' } else { '[' }, if high.open { ')' } else { ']' });
                write!(f, "in {left}{}, {}{right}", low.value, high.value)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Scalar;

    #[test]
    fn ends_belong_or_do_not() {
        let exact = |n, d| Real::Exact(Rational::ratio(n, d));
        for (limits, inside, outside) in [
            (Limits::FRACTION, vec![(0, 1), (999, 1000)], vec![(1, 1), (-1, 1000), (3, 2)]),
            (Limits::SHARE, vec![(1, 1000), (1, 1)], vec![(0, 1), (1001, 1000)]),
            (Limits::UNIT, vec![(0, 1), (1, 1)], vec![(-1, 9), (10, 9)]),
            (Limits::POSITIVE, vec![(1, 9)], vec![(0, 1), (-1, 9)]),
            (Limits::NON_NEGATIVE, vec![(0, 1)], vec![(-1, 9)]),
            (Limits::above(2), vec![(21, 10)], vec![(2, 1)]),
            (Limits::open(0, 2), vec![(1, 1)], vec![(0, 1), (2, 1)]),
        ] {
            inside.into_iter().for_each(|(n, d)| assert!(limits.admits(&exact(n, d)), "{n}/{d} {limits}"));
            outside.into_iter().for_each(|(n, d)| assert!(!limits.admits(&exact(n, d)), "{n}/{d} {limits}"));
        }
    }

    #[test]
    fn an_enclosure_of_an_end_is_that_end() {
        let near = |low, high| Real::between(0.5 * (low + high), Interval::new(low, high).unwrap());
        assert!(Limits::FRACTION.admits(&near(-1e-17, 1e-17)));
        assert!(!Limits::FRACTION.admits(&near(1.0 - 1e-16, 1.0 + 1e-15)));
        assert!(!Limits::POSITIVE.admits(&near(-1e-17, 1e-17)));
        assert!(Limits::POSITIVE.admits(&near(0.3, 0.4)));
        assert!(!Limits::POSITIVE.admits(&Real::Float(f64::NAN)));
    }

    #[test]
    fn words() {
        assert_eq!(Limits::FRACTION.to_string(), "in [0, 1)");
        assert_eq!(Limits::ONE_UP.to_string(), "1 or more");
        assert_eq!(Limits::POSITIVE.to_string(), "above 0");
    }
}
