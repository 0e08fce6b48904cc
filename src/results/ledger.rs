//! The ledger: every verdict of a run, with its counts.

use super::{BoundRecord, Outcome, ResultFile, SCHEMA_VERSION};
use serde::{Deserialize, Serialize};

/// `results/ledger.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Version of this format.
    pub schema_version: u32,
    /// Bound on the probability that any verdict with finite-sample evidence is a false alarm.
    pub level: f64,
    /// One element for each bound of each claim, sorted by id.
    pub claims: Vec<BoundRecord>,
}

/// Counts over a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Bounds that hold.
    pub holds: usize,
    /// Bounds that are violated.
    pub violated: usize,
    /// Bounds left open.
    pub undecided: usize,
    /// Bounds whose hypotheses no cell meets.
    pub hypothesis_fails: usize,
    /// Controls planted.
    pub planted: usize,
    /// Controls caught.
    pub caught: usize,
    /// Bounds whose outcome is not what the file records.
    pub unexpected: usize,
}

impl Ledger {
    /// The ledger of these results, in order of their ids.
    #[must_use]
    pub fn new(results: &[ResultFile]) -> Self {
        let mut claims: Vec<BoundRecord> = results.iter().flat_map(|r| r.bounds.iter().cloned()).collect();
        claims.sort_by(|a, b| a.id.cmp(&b.id));
        // Union bound over the claims that sampled; a claim's own level covers all of its bounds and controls.
        let sampled = results.iter().filter(|r| r.bounds.iter().any(|b| b.level.is_some_and(|l| l > 0.0)));
        // An empty sum of doubles is -0.
        let level = sampled.fold(0.0, |sum, r| sum + r.provenance.level);
        Ledger { schema_version: SCHEMA_VERSION, level, claims }
    }

    /// Counts of outcomes and controls.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for bound in &self.claims {
            match bound.outcome {
                Outcome::Holds => tally.holds += 1,
                Outcome::Violated => tally.violated += 1,
                Outcome::Undecided => tally.undecided += 1,
                Outcome::HypothesisFails => tally.hypothesis_fails += 1,
            }
            tally.planted += bound.controls.planted;
            tally.caught += bound.controls.caught;
            tally.unexpected += usize::from(!bound.as_expected);
        }
        tally
    }
}
