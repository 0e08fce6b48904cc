//! Certificates: a broken bound at one instance, with everything that is needed to decide it again.
//!
//! A certificate is one JSON document. `claim` is a whole claim file with a single cell, numbers as exact fractions.
//! `left` and `right` are the two sides as fractions, or as enclosures where a root enters. `digest` is the SHA-256 of
//! the document without it, in canonical form (keys sorted, no white space). [`replay`] reads nothing else.

use super::decide::decide;
use super::plan::{DecideError, Profile, Settings};
use crate::claim::{Cell, Overrides, Relation, Scenario, Spec, SpecError, cell_name, cells, file_words, load_in};
use crate::engine::Silent;
use crate::model::Registry;
use crate::results::{BoundRecord, Estimate, Evidence, Outcome, RightSide, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Name of the format, first key of every certificate.
const FORMAT: &str = "signcheck-certificate";
/// Version of the format.
const VERSION: u32 = 1;
/// Keys of a claim file that a certificate has no use for.
const LEFT_OUT: &[&str] =
    &["case", "control", "curve", "figure", "notes", "assumes", "units", "dimensions", "trivial", "family", "tune"];

/// A bound that is broken at one instance, exactly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// `signcheck-certificate`.
    pub format: String,
    /// Version of the format.
    pub version: u32,
    /// A claim file with one cell.
    pub claim: Value,
    /// Name of the bound.
    pub bound: String,
    /// What was decided.
    pub outcome: Outcome,
    /// Left side.
    pub left: Estimate,
    /// Right side.
    pub right: RightSide,
    /// How the sides were computed.
    pub path: String,
    /// SHA-256 of everything else.
    pub digest: String,
}

/// A certificate that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Not JSON of this shape.
    #[error("not a certificate: {0}")]
    Shape(String),
    /// Altered or cut.
    #[error("damaged: the digest does not fit the contents; get the certificate again")]
    Digest,
    /// Another format.
    #[error("certificate format {0}; this program reads {VERSION}")]
    Version(u32),
    /// Its claim cannot be read.
    #[error(transparent)]
    Spec(#[from] Box<SpecError>),
    /// Its claim cannot be run.
    #[error(transparent)]
    Run(#[from] DecideError),
}

/// The name of a certificate's file below `certificates/`: everything in a bound's name other than letters, digits,
/// dots and hyphens becomes a hyphen.
#[must_use]
pub(crate) fn certificate_name(id: &str, bound: &str) -> String {
    format!("{id}.{}.json", file_words(bound))
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// Whether outcome and both sides came out as certified, by exact evidence.
    pub confirmed: bool,
    /// The verdict of the replay.
    pub verdict: BoundRecord,
    /// What differs, where something does.
    pub difference: Option<String>,
}

/// The certificate of a verdict, where it is a violation by exact evidence at a single cell.
#[must_use]
pub fn certify(spec: &Spec, verdict: &BoundRecord) -> Option<Certificate> {
    if verdict.outcome != Outcome::Violated || verdict.evidence != Evidence::Exact {
        return None;
    }
    let bound = spec.bounds.iter().find(|b| b.name == verdict.bound)?;
    let case = verdict.cell.get("case").and_then(Value::as_str).unwrap_or("");
    let scenario = bound.scenarios.iter().find(|t| t.case == case)?;
    if scenario.question.relation == Relation::Rate {
        return None;
    }
    let claim = standalone(scenario, &verdict.cell, &bound.name, &bound.expectation.why)?;
    let mut certificate = Certificate {
        format: FORMAT.into(),
        version: VERSION,
        claim,
        bound: bound.name.clone(),
        outcome: verdict.outcome,
        left: verdict.left.clone(),
        right: verdict.right.clone(),
        path: path_of(verdict),
        digest: String::new(),
    };
    certificate.digest = digest(serde_json::to_value(&certificate).ok()?);
    Some(certificate)
}

/// A claim file with one bound and one cell, as a JSON object: everything that its one question needs and nothing else.
#[must_use]
pub(crate) fn standalone(scenario: &Scenario, cell: &BTreeMap<String, Value>, bound: &str, why: &str) -> Option<Value> {
    let question = &scenario.question;
    let Value::Object(mut claim) = scenario.tree.to_json() else { return None };
    claim.retain(|key, _| !LEFT_OUT.contains(&key.as_str()) || (key == "curve" && !scenario.curves.is_empty()));
    for key in ["right", "margin"] {
        claim.remove(key);
    }
    if let Some(Value::Object(parameters)) = claim.get_mut("parameters").filter(|_| !cell.is_empty()) {
        let named = |c: &Cell| cell_name(scenario, c) == *cell;
        let found = cells(&scenario.variant).ok()?.into_iter().find(named)?;
        for (name, value) in parameters.iter_mut() {
            match cell.get(name) {
                // The double of an irrational number is another number.
                Some(Value::Number(n)) if n.is_f64() => *value = found.written.get(name)?.clone().into(),
                Some(chosen) => *value = chosen.clone(),
                None => {}
            }
        }
    }
    if let Some(Value::Object(run)) = claim.get_mut("run") {
        run.retain(|key, _| key == "horizon" || key == "window");
    }
    let mut written = Map::new();
    written.insert("name".into(), bound.into());
    if let Some(right) = &question.right {
        written.insert("right".into(), right.text.clone().into());
    }
    if let Some(margin) = &question.margin {
        written.insert("margin".into(), margin.text.clone().into());
    }
    if !question.order.is_empty() {
        written.insert("order".into(), json!(question.order));
    }
    written.insert("expect".into(), "violated".into());
    written.insert("why".into(), why.into());
    claim.remove("order");
    claim.insert("bound".into(), json!([written]));
    Some(Value::Object(claim))
}

fn path_of(verdict: &BoundRecord) -> String {
    let both = verdict.left.exact.is_some() && verdict.right.exact.is_some();
    let how = if both {
        "every outcome of the run with its probability, in rational arithmetic"
    } else {
        "every outcome of the run with its probability, or the range of the left side wherever the run can go, in rational arithmetic and outward-rounded enclosures"
    };
    how.into()
}

/// Decides a certificate again from its text alone.
///
/// # Errors
/// Not a certificate, a damaged one, or one whose claim this program cannot run.
pub fn replay(text: &str, registry: &Registry) -> Result<Replay, CertificateError> {
    let shape = |e: &dyn std::fmt::Display| CertificateError::Shape(e.to_string());
    let document: Value = serde_json::from_str(text).map_err(|e| shape(&e))?;
    let certificate = Certificate::deserialize(&document).map_err(|e| shape(&e))?;
    if certificate.format != FORMAT {
        return Err(CertificateError::Shape(format!("format '{}', expected '{FORMAT}'", certificate.format)));
    }
    if certificate.version != VERSION {
        return Err(CertificateError::Version(certificate.version));
    }
    // The digest is of the document as it stands and not of what is read from it, so that it covers keys that no reader
    // knows, too.
    if digest(document) != certificate.digest {
        return Err(CertificateError::Digest);
    }
    let claim = toml::to_string(&certificate.claim).map_err(|e| shape(&e))?;
    let file = "the certificate's claim";
    let spec = load_in(Profile::Full.name(), (file, &claim), registry, &Overrides::default())?;
    // Level and seed play no part in exact evidence; replays that need them are not confirmed.
    let settings = Settings { registry, seed: 0, level: 1e-6, profile: Profile::Full, progress: &Silent };
    let result = decide(&spec, file, &claim, &settings)?;
    let verdict = result.bounds.into_iter().find(|b| b.bound == certificate.bound);
    let verdict = verdict.ok_or_else(|| CertificateError::Shape(format!("no bound '{}'", certificate.bound)))?;
    let difference = difference(&certificate, &verdict);
    Ok(Replay { confirmed: difference.is_none(), verdict, difference })
}

fn difference(certificate: &Certificate, again: &BoundRecord) -> Option<String> {
    if again.outcome != certificate.outcome {
        let (was, is) = (certificate.outcome.name(), again.outcome.name());
        return Some(format!("certified {was}, came out {is}: {}", again.reason));
    }
    if again.evidence != Evidence::Exact {
        return Some(format!("the evidence is {}, not exact", again.evidence.name()));
    }
    let (was, is) = (&certificate.left, &again.left);
    // A side certified as an enclosure may come out narrower, or exact: then it must lie inside.
    let inside = was.exact.is_none() && was.low <= is.low && is.high <= was.high;
    if !(inside || was == is) {
        return Some(differs("left", &was.exact, &is.exact));
    }
    let (was, is) = (&certificate.right, &again.right);
    // A side that is not rational has just been decided again; its double may be rounded either way.
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(b.abs());
    let near = was.exact.is_none() && is.exact.is_none() && was.value.zip(is.value).is_some_and(|(a, b)| close(a, b));
    (!near && was != is).then(|| differs("right", &was.exact, &is.exact))
}

fn differs(side: &str, was: &Option<String>, is: &Option<String>) -> String {
    let text = |v: &Option<String>| v.clone().unwrap_or_else(|| "an enclosure".into());
    format!("the {side} side is {}, certified as {}", text(is), text(was))
}
