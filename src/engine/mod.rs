//! Runs of an instance: replicates in lanes, blocks on all cores, results merged in a fixed order.
//!
//! A block is a pure function of (instance, key, first replicate); blocks are merged in the order of their replicates,
//! never as they finish. The number of threads and the width of the machine's vectors leave no trace in a result.

mod block;
mod checked;
mod enclosed;
mod estimates;
mod journal;
mod measure;
mod momentum_error;
mod oracle;
mod pilot;
mod point;
mod progress;
mod range;
mod run;
mod sight;

pub(crate) use block::{Door, Record, Workspace, fixed_start, follow, last_iterate, step_once, trace, trace_plain};
pub use enclosed::trace_enclosed;
pub(crate) use enclosed::{MOST_WORK, OVERHEAD, plain_enclosed, settle_coins};
pub(crate) use estimates::{Estimates, PathMoments};
pub use measure::Plan;
pub(crate) use measure::{Probe, add_to, combine_path, is_due, left_lacks, not_recorded, reduce};
pub(crate) use oracle::Traffic;
pub(crate) use oracle::without_noise;
pub(crate) use point::Point;
pub use progress::{Journal, Kept, Progress, Silent};
pub(crate) use range::Ranges;
pub use range::ranges;
pub use run::run;
pub(crate) use run::{FEW, IN_FLIGHT, Sampling, run_until};
pub(crate) use sight::Sight;

use crate::scalar::Fault;

/// A run that cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A step or statistic has no value in this arithmetic.
    #[error("at iteration {step}: {fault}")]
    Step {
        /// Iteration.
        step: u64,
        /// Why.
        fault: Fault,
    },
    /// Something outside a run has no value in this arithmetic.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A statistic that the instance does not have.
    #[error("{0}")]
    Statistic(String),
    /// A window that is too long to keep a mean for each iterate.
    #[error("min(E(..)) and max(E(..)) keep a mean for each iterate: a window of {0} iterates is past {max}", max = measure::MAX_SERIES)]
    Window(u64),
    /// Given up because [`Progress::stop`] said so.
    #[error("stopped before its end")]
    Stopped,
}
