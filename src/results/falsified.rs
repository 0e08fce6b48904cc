//! What a search for worst instances found, as it is printed, kept and shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One bound's search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchRecord {
    /// Claim.
    pub id: String,
    /// Bound.
    pub bound: String,
    /// `violated` or `none-found`.
    pub outcome: SearchOutcome,
    /// Largest left/right among what counts: exact violations where there are any, the shrunk instance included.
    pub ratio: Option<f64>,
    /// Where it is attained: parameters and constants of the instance.
    #[serde(default)]
    pub at: BTreeMap<String, f64>,
    /// The same near the file's own cells, where a large ratio does not come from a degenerate corner of the class.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub near: Option<NearRecord>,
    /// Why there is no ratio.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
    /// What varied, one line per number or part.
    #[serde(default)]
    pub family: Vec<String>,
    /// Seconds until the first exact violation; absent from records, which are the same everywhere.
    pub seconds_to_first: Option<f64>,
    /// The same for several seeds on some machine, from `falsify-times.json`; `None` where a minute did not suffice.
    #[serde(skip)]
    pub seconds: Vec<Option<f64>>,
    /// Evaluations until the first exact violation.
    #[serde(default)]
    pub evaluations_to_first: Option<u64>,
    /// Instances evaluated.
    pub evaluations: u64,
    /// Of these, instances that met the hypotheses and had both sides.
    #[serde(default)]
    pub met: u64,
    /// Of these, instances that fail a hypothesis or an inequality.
    #[serde(default)]
    pub outside: u64,
    /// Instances that the file lists and that were not decided, by reason.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub skipped: Vec<(String, u64)>,
    /// Cells of the file that its family does not have.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub elsewhere: u64,
    /// A cell of the file that a sample places above the bound, with no exact method to decide it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sampled: Option<String>,
    /// Seed.
    pub seed: u64,
    /// The worst instance.
    pub instance: Value,
    /// The smallest instance that breaks the bound.
    pub shrunk: Value,
    /// Sizes of the two, as the shrinker measures them.
    #[serde(default)]
    pub sizes: Option<(u64, u64)>,
    /// Both sides at the shrunk (else the worst) instance.
    #[serde(default)]
    pub sides: Option<(String, String)>,
    /// Whether the largest ratio hardly grew over the second half of the search.
    #[serde(default)]
    pub settled: bool,
    /// Whether every instance of the family was evaluated.
    #[serde(default)]
    pub exhausted: bool,
    /// The certificate's file.
    pub certificate: Option<String>,
    /// Where along a number the outcome flips.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub boundary: Option<BoundaryRecord>,
    /// The first of the file's other bounds that breaks at the shrunk instance.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_broken_step: Option<String>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The largest ratio near the file's own cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearRecord {
    /// Left/right.
    pub ratio: f64,
    /// Where it is attained.
    pub at: BTreeMap<String, f64>,
}

impl SearchRecord {
    /// Whether something that the file lists is left open while nothing was found.
    #[must_use]
    pub fn leaves_open(&self) -> bool {
        self.outcome == SearchOutcome::NoneFound && (!self.skipped.is_empty() || self.sampled.is_some())
    }

    /// Whether the largest ratio may be larger.
    #[must_use]
    pub fn convergence(&self) -> &'static str {
        match (self.exhausted, self.settled) {
            (true, _) => "the whole family",
            (_, true) => "the largest ratio hardly grew in the second half",
            _ => "the largest ratio still grew",
        }
    }
}

/// Seconds to the first violation on some machine, seed by seed; `None` where 60 did not suffice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchTimes {
    /// Claim.
    pub id: String,
    /// Bound.
    pub bound: String,
    /// One number per seed.
    pub seconds: Vec<Option<f64>>,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchOutcome {
    /// An instance breaks the bound, exactly.
    Violated,
    /// No instance that was tried does.
    NoneFound,
}

/// The place of a flip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoundaryRecord {
    /// Name of the number.
    pub parameter: String,
    /// Lower end, exact.
    pub low: String,
    /// Upper end, exact.
    pub high: String,
    /// `below` or `above`.
    pub holds: String,
}
