//! What an estimate of a mean is, and why there may be none.

use super::Interval;
use serde::{Deserialize, Serialize};

/// For which sample sizes an interval has its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// For every n, whatever the law (within the range that was given).
    FiniteSample,
    /// As n grows; at a fixed n only as far as the mean is near normal.
    Asymptotic,
}

/// A point with an interval that misses the expectation with probability at most `level`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanEstimate {
    /// The sample mean, in the statistic's unit.
    pub value: f64,
    /// The confidence interval, two-sided, in the same unit.
    pub interval: Interval,
    /// The probability of error that was requested.
    pub level: f64,
    /// For which n the level holds.
    pub coverage: Coverage,
}

/// Why a sample gives no estimate of a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MeanFault {
    /// No replicate was recorded.
    Empty,
    /// Some replicates were not finite, and the mean of the others estimates another quantity.
    Diverged {
        /// How many.
        replicates: u64,
        /// The smallest step at which one diverged, where it was recorded.
        first_step: Option<u64>,
    },
    /// A value lies outside the range that the statistic declares: the range is wrong, and with it the interval.
    OutOfRange {
        /// The declared range.
        range: Interval,
        /// The smallest value seen.
        minimum: f64,
        /// The largest value seen.
        maximum: f64,
    },
    /// More successes than trials.
    TooManySuccesses {
        /// Successes.
        successes: u64,
        /// Trials.
        trials: u64,
    },
}

impl std::fmt::Display for MeanFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => write!(f, "no replicate was recorded"),
            Self::Diverged { replicates, first_step: Some(step) } => {
                write!(f, "{replicates} replicates diverged, the first at step {step}")
            }
            Self::Diverged { replicates, first_step: None } => write!(f, "{replicates} replicates were not finite"),
            Self::OutOfRange { range, minimum, maximum } => {
                write!(f, "values from {minimum} to {maximum} leave the declared range {range}")
            }
            Self::TooManySuccesses { successes, trials } => write!(f, "{successes} successes in {trials} trials"),
        }
    }
}

impl std::error::Error for MeanFault {}

/// Whether a level excludes anything: alpha in (0, 1).
pub(super) fn usable(alpha: f64) -> bool {
    alpha > 0.0 && alpha < 1.0
}

/// [centre - half, centre + half], the half-width enlarged by the rounding of the formula that gave it.
pub(super) fn around(centre: f64, half: f64) -> Interval {
    // some ten correctly rounded operations and one logarithm stand behind a half-width
    let half = half * (1.0 + 16.0 * f64::EPSILON);
    Interval::new((centre - half).next_down(), (centre + half).next_up()).unwrap_or(Interval::WHOLE)
}

/// The number of replicates as a double (exact up to 2^53).
pub(super) fn real(n: u64) -> f64 {
    n as f64
}
