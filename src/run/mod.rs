//! A claim from its checked file to its result: the one place where runs, verdicts and records meet.

mod catalog;
mod cell_records;
mod cells;
mod certificate;
mod check;
mod decide;
mod memory;
mod observe;
mod plan;
mod provenance;
mod records;
mod side_by_side;
mod single;
mod state;

pub use catalog::{Catalog, CatalogError, ClaimText, EMBEDDED};
pub use certificate::{Certificate, CertificateError, Replay, certificate_name, certify, replay, standalone};
pub use check::{LEVEL, SEED, check_claim, claim_text};
pub use decide::{decide, decide_within};
pub use memory::{MemoryEstimate, bytes_text, memory_estimate};
pub use observe::observe;
pub use plan::{DecideError, Profile, Settings, replicate_count};
pub use provenance::{Exceeded, undecided};
pub use single::{Place, Price, Refusal, admitted, evaluate_scenario};
pub use state::{State, program_hash};
