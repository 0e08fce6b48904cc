//! An independent checker of certificates.
//!
//! A certificate says that a bound is broken at one instance. This crate decides that again from the document alone: it
//! computes both sides in fractions and enclosures, audits the hypotheses, compares by the relation, and recomputes the
//! digest. It shares no code with the program that wrote the certificate and is written from `docs/certificates.md` and
//! the formulas of the parts.

mod analysis;
pub mod certificate;
mod compressor;
mod expr;
mod facts;
mod generator;
mod instance;
pub mod json;
mod left;
mod linear;
mod method;
mod noise;
mod number;
mod part;
mod problem;
mod quantity;
mod sequences;
mod sides;
mod walk;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The document contradicts itself or what was computed.
    Refused(String),
    /// The document needs something that this checker cannot express.
    Unsupported(String),
    /// An expression has no value: a division by 0, the root of a negative number.
    Undefined(String),
    /// A sign or an order stays open at the present precision.
    Open(String),
    /// There are more outcomes than can be enumerated.
    TooMany(String),
}

/// A value, or why there is none.
pub type Answer<T> = Result<T, Fault>;

/// A refusal.
pub fn refuse<T>(why: impl Into<String>) -> Answer<T> {
    Err(Fault::Refused(why.into()))
}

/// Something that cannot be expressed.
pub fn unsupported<T>(what: impl Into<String>) -> Answer<T> {
    Err(Fault::Unsupported(what.into()))
}
