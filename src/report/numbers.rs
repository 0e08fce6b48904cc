//! Numbers and records as short text, the same in every output.

use crate::results::{BoundRecord, Estimate, Evidence, Outcome, RightSide, UnitsRecord};
use serde_json::Value;
use std::collections::BTreeMap;

/// Four significant digits: plain near one, else with an exponent.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "undefined".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.3e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-3..5).contains(&power) {
        let decimals = usize::try_from(3 - power).unwrap_or(0);
        return trimmed(&format!("{value:.decimals$}"));
    }
    format!("{}e{power}", trimmed(mantissa))
}

/// Without zeros at the end of a fraction.
fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// A number, or a dash.
pub(super) fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}

/// The point estimate, or why there is none.
pub(super) fn left(estimate: &Estimate) -> String {
    match (estimate.estimate, &estimate.why) {
        (Some(value), _) => number(value),
        (None, Some(why)) => why.clone(),
        (None, None) => "–".to_owned(),
    }
}

/// `[low, high]`, or nothing where the interval is a point.
pub(super) fn interval(estimate: &Estimate) -> Option<String> {
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) if low == high => None,
        (None, None) => None,
        (low, high) => {
            let low = low.map_or_else(|| "−∞".to_owned(), number);
            Some(format!("[{low}, {}]", high.map_or_else(|| "∞".to_owned(), number)))
        }
    }
}

/// The value of a right side, or why there is none.
pub(super) fn right(side: &RightSide) -> String {
    match (side.value, &side.why) {
        (Some(value), _) => number(value),
        (None, Some(why)) => why.clone(),
        (None, None) => "–".to_owned(),
    }
}

/// A rational that is worth printing beside its decimals: a fraction, and not a long one.
pub(super) fn fraction(exact: Option<&String>) -> Option<String> {
    exact.filter(|e| e.len() <= 40 && !e.ends_with("/1")).cloned()
}

/// `K = 16, d = 3`.
pub(super) fn cell(cell: &BTreeMap<String, Value>) -> String {
    let one = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name} = {text}"),
        other => format!("{name} = {other}"),
    };
    cell.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The outcome's name as in the files.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    outcome.name()
}

/// A sign beside the name: some readers cannot distinguish colours.
pub(super) fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Holds => "✓",
        Outcome::Violated => "✗",
        Outcome::Undecided => "?",
        Outcome::HypothesisFails => "∅",
    }
}

/// The evidence's name as in the files.
pub(super) fn evidence(evidence: Evidence) -> &'static str {
    evidence.name()
}

/// The units' name as in the files.
pub(super) fn units(units: UnitsRecord) -> &'static str {
    match units {
        UnitsRecord::Consistent => "consistent",
        UnitsRecord::Inconsistent => "inconsistent",
        UnitsRecord::Waived => "waived",
    }
}

/// `2/2`, or a dash where none were planted.
pub(super) fn controls(bound: &BoundRecord) -> String {
    match bound.controls.planted {
        0 => "–".to_owned(),
        planted => format!("{}/{planted}", bound.controls.caught),
    }
}

/// `yes`, or what was expected instead.
pub(super) fn expected(bound: &BoundRecord) -> String {
    if bound.as_expected { "yes".to_owned() } else { format!("no: {}", outcome(bound.expect)) }
}

/// A claim's id as an anchor.
pub(super) fn anchor(id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    format!("claim-{}", id.chars().map(safe).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        let table = [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (-2.25, "-2.25"),
            (1.0 / 3.0, "0.3333"),
            (12_345.6, "12346"),
            (123_456.0, "1.235e5"),
            (0.001_234_56, "0.001235"),
            (1e-6, "1e-6"),
            (f64::MAX, "1.798e308"),
            (f64::NAN, "undefined"),
        ];
        for (value, text) in table {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn intervals_show_open_ends() {
        let estimate = |low, high| Estimate { low, high, ..Estimate::default() };
        assert_eq!(interval(&estimate(Some(1.0), Some(1.0))), None);
        assert_eq!(interval(&estimate(Some(1.0), Some(2.5))).as_deref(), Some("[1, 2.5]"));
        assert_eq!(interval(&estimate(None, Some(2.5))).as_deref(), Some("[−∞, 2.5]"));
        assert_eq!(interval(&estimate(None, None)), None);
    }
}
