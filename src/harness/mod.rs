//! A claim from its checked file to its result: the one place where runs, verdicts and records meet.

mod assemble;
mod catalog;
mod certificate;
mod decide;
mod observe;
mod pictures;
mod plane;
mod state;

pub use catalog::{Catalog, CatalogError, ClaimText, EMBEDDED};
pub use certificate::{Certificate, CertificateError, Replay, certify, replay};
pub use decide::{HarnessError, Profile, Settings, axes, decide, replicate_count};
pub use observe::observe;
pub use state::{State, program_hash};
