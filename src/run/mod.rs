//! A claim from its checked file to its result: the one place where runs, verdicts and records meet.

mod catalog;
mod cell_records;
mod cells;
mod certificate;
mod check;
mod data;
mod decide;
mod journal;
mod memory;
mod observe;
mod plan;
mod provenance;
mod records;
mod side_by_side;
mod single;
mod state;
mod tune;

pub use catalog::{Catalog, CatalogError, ClaimText, EMBEDDED};
pub use certificate::{Certificate, CertificateError, Replay, certify, replay};
pub use check::{LEVEL, SEED, check_claim, claim_text};
pub use decide::{decide, decide_within};
pub use plan::{DecideError, Profile, Settings};

pub use crate::claim::{Spec, SpecError, load};
pub use crate::engine::{Journal, Kept, Progress, Silent};
pub use crate::evidence::Budget;

pub(crate) use certificate::{certificate_name, standalone};
pub(crate) use data::files_now;
pub(crate) use journal::BlockFiles;
pub(crate) use memory::{bytes_text, memory_estimate};
pub(crate) use observe::observe;
pub(crate) use plan::replicate_count;
pub(crate) use provenance::{Exceeded, undecided};
pub(crate) use single::{Place, Price, Refusal, admitted, evaluate_scenario};
pub(crate) use state::{Finding, State, program_hash};
