//! One quantity of a claim.

use super::Sample;
use crate::results::Evidence;
use sha2::{Digest, Sha256};

/// Longest fraction that is kept as text; a longer one is kept as a digest beside its nearest double.
const LONGEST_TEXT: usize = 60;

/// What stands for an estimate whose error is not known.
pub(super) const NO_INTERVAL: &str = "no interval";

/// A quantity in one cell, with what it is known to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it is, e.g. `derived: left`.
    pub quantity: String,
    /// Swept parameters and case, e.g. `K=16`; empty where nothing is swept.
    pub cell: String,
    /// Its value.
    pub value: Value,
}

/// How a quantity is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A word: an outcome.
    Word {
        /// The word.
        text: String,
        /// Whether another seed could give another word.
        sampled: bool,
    },
    /// A rational, or a count.
    Exact {
        /// `a/b`, or the digest of that where it is long.
        text: String,
        /// The nearest double.
        near: f64,
    },
    /// A number between two others: an enclosure (exact evidence), or a value with its rounding error (numeric).
    Within {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// Whether the ends are certain.
        certain: bool,
    },
    /// An estimate from replicates.
    Sampled(Sample),
}

impl Value {
    /// A rational given as `a/b`.
    #[must_use]
    pub fn fraction(text: &str, near: f64) -> Self {
        if text.len() <= LONGEST_TEXT {
            return Value::Exact { text: text.into(), near };
        }
        let digest: String = Sha256::digest(text.as_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect();
        Value::Exact { text: format!("#{digest}"), near }
    }

    /// A count.
    #[must_use]
    pub fn count(n: u64) -> Self {
        Value::Exact { text: n.to_string(), near: n as f64 }
    }

    /// A number between two others; a word where an end is not finite.
    #[must_use]
    pub fn within(low: f64, high: f64, certain: bool) -> Self {
        if low.is_finite() && high.is_finite() {
            return Value::Within { low, high, certain };
        }
        Value::Word { text: "not finite".into(), sampled: false }
    }

    /// An estimate; a word where its mean or its error is not finite, as of a single replicate.
    #[must_use]
    pub fn sampled(sample: Sample) -> Self {
        if sample.mean.is_finite() && sample.standard_error.is_finite() {
            return Value::Sampled(sample);
        }
        Value::Word { text: NO_INTERVAL.into(), sampled: true }
    }

    /// Whether it is a number from a run with noise without an interval, so that nothing can be compared with it.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        let blind = |text: &str| [NO_INTERVAL, "not finite", "no value", "diverged"].contains(&text);
        matches!(self, Value::Word { text, sampled: true } if blind(text))
    }

    /// The number that stands for it; `None` for a word.
    #[must_use]
    pub fn near(&self) -> Option<f64> {
        match self {
            Value::Word { .. } => None,
            Value::Exact { near, .. } => Some(*near),
            Value::Within { low, high, .. } => Some(0.5 * low + 0.5 * high),
            Value::Sampled(sample) => Some(sample.mean),
        }
    }

    /// What it rests on, strongest first as in [`Evidence`]; a sample is finite-sample where its range is known.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        match self {
            Value::Word { sampled: false, .. } | Value::Exact { .. } | Value::Within { certain: true, .. } => {
                Evidence::Exact
            }
            Value::Within { certain: false, .. } => Evidence::Numeric,
            Value::Sampled(Sample { range: Some(_), .. }) => Evidence::FiniteSample,
            Value::Word { sampled: true, .. } | Value::Sampled(_) => Evidence::Asymptotic,
        }
    }

    /// Whether another seed may give another value.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        matches!(self, Value::Sampled(_) | Value::Word { sampled: true, .. })
    }

    /// The value for a reader: six digits, with its uncertainty.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Value::Word { text, .. } => text.clone(),
            Value::Exact { text, near } if text.starts_with('#') => format!("{} ({text})", number(*near)),
            Value::Exact { text, near } if text.len() > 20 => number(*near),
            Value::Exact { text, .. } => text.clone(),
            Value::Within { low, high, .. } => {
                // The digits that distinguish two enclosures may be the last ones.
                format!("{:?} ± {}", 0.5 * low + 0.5 * high, number(0.5 * (high - low)))
            }
            Value::Sampled(s) => format!("{} ± {} (n = {})", number(s.mean), number(s.standard_error), s.replicates),
        }
    }
}

/// Six significant digits.
pub(super) fn number(x: f64) -> String {
    if x == 0.0 {
        return "0".into();
    }
    let size = x.abs();
    if !(1e-4..1e7).contains(&size) {
        let text = format!("{x:.4e}");
        let Some((digits, exponent)) = text.split_once('e') else { return text };
        return format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    // The digits before the point, 0 or less below 1.
    let before = libm::floor(libm::log10(size)) as i32 + 1;
    let text = format!("{x:.*}", usize::try_from(6 - before).unwrap_or(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (x, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (123456.7, "123457"),
            (1.234_567_8, "1.23457"),
            (1e-9, "1e-9"),
            (-2.5e12, "-2.5e12"),
            (0.001_234_5, "0.0012345"),
            (0.597_736_24, "0.597736"),
            (9_999_999.0, "9999999"),
        ] {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn long_fractions_become_digests_that_differ() {
        let long = |last: char| format!("{}{last}/7", "1".repeat(70));
        let (a, b) = (Value::fraction(&long('1'), 1.0), Value::fraction(&long('2'), 1.0));
        assert!(matches!(&a, Value::Exact { text, .. } if text.len() == 17));
        assert_ne!(a, b);
        assert_eq!(Value::fraction("3/8", 0.375).text(), "3/8");
    }
}
