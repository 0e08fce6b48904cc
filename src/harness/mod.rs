//! A claim from its checked file to its result: the one place where runs, verdicts and records meet.

mod catalog;
mod cell_records;
mod certificate;
mod check;
mod decide;
mod needs;
mod observe;
mod pictures;
mod plane;
mod provenance;
mod records;
mod side_by_side;
mod single;
mod state;

pub use catalog::{Catalog, CatalogError, ClaimText, EMBEDDED};
pub use certificate::{Certificate, CertificateError, Replay, certificate_name, certify, replay, standalone};
pub use check::{LEVEL, SEED, check_claim, claim_text};
pub use decide::{HarnessError, Profile, Settings, axes, decide, decide_within, replicate_count};
pub use needs::{Needs, needs, shown};
pub use observe::observe;
pub use provenance::{Exceeded, undecided};
pub use single::{Place, Price, Refusal, admitted, weigh};
pub use state::{State, program_hash};
