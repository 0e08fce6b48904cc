//! Records of verdicts, controls and provenance: the JSON contract of `verify --json` and the ledger.

use super::Picture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was decided about one bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every cell that meets the hypotheses satisfies the bound.
    Holds,
    /// Some cell that meets the hypotheses breaks the bound.
    Violated,
    /// Some interval still straddles the bound.
    Undecided,
    /// No cell meets the hypotheses.
    HypothesisFails,
}

impl Outcome {
    /// The name that files have for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Holds => "holds",
            Outcome::Violated => "violated",
            Outcome::Undecided => "undecided",
            Outcome::HypothesisFails => "hypothesis-fails",
        }
    }
}

/// What a verdict rests on, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Rationals, or enclosures that decide.
    Exact,
    /// Quadrature or a fit with an error far below the margin, or an enclosure of a statistic that rests on one.
    Numeric,
    /// An interval valid at the stated level for every sample size.
    FiniteSample,
    /// An interval valid in the limit of many replicates.
    Asymptotic,
}

impl Evidence {
    /// The name that files have for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Evidence::Exact => "exact",
            Evidence::Numeric => "numeric",
            Evidence::FiniteSample => "finite-sample",
            Evidence::Asymptotic => "asymptotic",
        }
    }
}

/// The outcome that a claim file records, with its reason. No verdict reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// The outcome recorded.
    pub expect: Outcome,
    /// Why, in a sentence.
    pub why: String,
}

/// A point with its interval. A field that is infinite or undefined is null, and `why` says so.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// Point estimate.
    pub estimate: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
    /// The value as `a/b`, where it is a known rational of at most 200 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// Why a field is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The right side of a bound in one cell.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RightSide {
    /// Its value; null where not finite.
    pub value: Option<f64>,
    /// The value as `a/b`, where it is a known rational of at most 200 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// Why the value is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A hypothesis as audited on an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HypothesisRecord {
    /// Name in the registry, e.g. `smooth-coordinate`.
    pub name: String,
    /// Whether it holds on the cell shown; null where it cannot be decided.
    pub holds: Option<bool>,
    /// The constant or the counter-evidence, e.g. `L = 1`.
    pub value: String,
    /// `exact`, `certified`, `estimated` or `assumed`.
    pub provenance: String,
}

/// Whether a bound is homogeneous in `[f]` and `[x]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitsRecord {
    /// Both sides have the same units.
    Consistent,
    /// They have not.
    Inconsistent,
    /// They have not, and the file says why that is meant.
    Waived,
}

/// How many planted controls came out as stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ControlTally {
    /// Controls declared for the bound.
    pub planted: usize,
    /// Controls that came out as stated.
    pub caught: usize,
}

/// One point of a fitted rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatePoint {
    /// Value of the parameter that the exponent is fitted against.
    pub x: f64,
    /// Left side there.
    pub left: Estimate,
    /// Exponent between the point before and this one; absent at the first, and where a left side is not positive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slope: Option<f64>,
}

/// One point of the sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellRecord {
    /// Parameter values and the case's name, as text that reads back exactly.
    pub cell: BTreeMap<String, serde_json::Value>,
    /// What was decided here.
    pub outcome: Outcome,
    /// Why, when undecided or outside the hypotheses.
    pub reason: String,
    /// What it rests on.
    pub evidence: Evidence,
    /// Left side.
    pub left: Estimate,
    /// Right side.
    pub right: RightSide,
    /// left/right for `upper` and `tight`, right/left for `lower`, else null.
    pub ratio: Option<f64>,
    /// Replicates used.
    pub replicates: u64,
    /// Oracle calls of one replicate, where algorithms ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Bits sent in one replicate, both directions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u64>,
    /// The points that a rate is fitted through, with local slopes: the first of them show how far the range is from
    /// its limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<RatePoint>,
}

/// Why a verdict on asymptotic evidence has no level.
pub const ASYMPTOTIC_LEVEL: &str = "asymptotic: no level at this number of replicates";

/// The verdict on one bound: an element of `verify --json` and of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoundRecord {
    /// Claim id, `<paper>/<name>`.
    pub id: String,
    /// Name of the bound, e.g. `printed`.
    pub bound: String,
    /// What was decided.
    pub outcome: Outcome,
    /// One sentence.
    pub reason: String,
    /// What it rests on: the weakest evidence among the deciding cells.
    pub evidence: Evidence,
    /// Left side at the cell nearest to violation.
    pub left: Estimate,
    /// Right side there.
    pub right: RightSide,
    /// left/right for `upper` and `tight`, right/left for `lower`, else null.
    pub ratio: Option<f64>,
    /// Whether the trivial bound that the claim declares says as much already, in the direction of the relation.
    pub vacuous: bool,
    /// Level of the interval: bounds the probability that this verdict is a false alarm; 0 where nothing was sampled,
    /// null for asymptotic evidence, which has none at a given number of replicates.
    pub level: Option<f64>,
    /// Replicates used at that cell.
    pub replicates: u64,
    /// The cell nearest to violation.
    pub cell: BTreeMap<String, serde_json::Value>,
    /// Number of cells.
    pub cells: usize,
    /// The hypotheses as audited at that cell.
    pub hypotheses: Vec<HypothesisRecord>,
    /// Homogeneity.
    pub units: UnitsRecord,
    /// Controls of this bound.
    pub controls: ControlTally,
    /// The outcome that the file records.
    pub expect: Outcome,
    /// Whether outcome and expectation agree.
    pub as_expected: bool,
}

impl BoundRecord {
    /// Whether the reason says more than the outcome: what follows its first semicolon weakens it.
    #[must_use]
    pub fn has_caveats(&self) -> bool {
        self.reason.contains("; ")
    }
}

/// A planted variation and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlRecord {
    /// The bound varied.
    pub bound: String,
    /// The change, as written in the file.
    pub change: serde_json::Value,
    /// Outcome that it must have.
    pub expect: Outcome,
    /// Outcome that it had.
    pub outcome: Outcome,
    /// Whether they agree.
    pub caught: bool,
    /// left/right at the deciding cell.
    pub ratio: Option<f64>,
}

/// Where a claim stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Paper key, e.g. `bernstein2018`.
    pub paper: String,
    /// Theorem, figure or equation.
    pub place: String,
}

/// A small table of numbers that a claim shows on the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRecord {
    /// Caption.
    pub title: String,
    /// Column heads.
    pub columns: Vec<String>,
    /// Rows, as formatted text.
    pub rows: Vec<Vec<String>>,
}

/// A data file that a result rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataRecord {
    /// The set that it belongs to: `IDX, training set`, or `LIBSVM`; of the digits that are part of the program,
    /// `MNIST, first 4000 of the training set`.
    pub set: String,
    /// Its name without folders.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// SHA-256 of what is inside, where it is packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_sha256: Option<String>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Images, labels or rows in it.
    pub entries: u64,
}

/// Everything that identifies how a result came about. The time of day is not part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of the program.
    pub version: String,
    /// SHA-256 of the claim file's text.
    pub spec_hash: String,
    /// Seed of the run.
    pub seed: u64,
    /// Random generator.
    pub generator: String,
    /// `quick` or `full`.
    pub profile: String,
    /// Total level of the claim.
    pub level: f64,
    /// The kinds of evidence that its verdicts rest on, strongest first.
    pub evidence: Vec<Evidence>,
    /// What could be spent.
    pub budget: BudgetRecord,
    /// The data files that it rests on, those that are part of the program included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataRecord>,
    /// The claim file's text, where the file does not come with the program: with it the result can be redone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
}

/// What could be spent on a claim. Memory and seconds are there only where they left it undecided: what was decided
/// within a budget does not depend on the budget.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BudgetRecord {
    /// Replicates that the profile declares, over all cells.
    pub replicates: u64,
    /// Bytes, where the claim needs more.
    pub memory: Option<u64>,
    /// Seconds, where they ran out.
    pub seconds: Option<f64>,
}

/// One claim's results: `results/<paper>/<claim>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultFile {
    /// Version of this format.
    pub schema_version: u32,
    /// Claim id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Place in the paper.
    pub source: Source,
    /// Statement in LaTeX.
    pub statement: String,
    /// `upper`, `lower`, `tight`, `identity`, `rate`, `ordering`, `non-convergence`, or `figure` for files that only
    /// draw.
    pub relation: String,
    /// The left side as written.
    pub left: String,
    /// Each bound's right side as written, with the file's expectation and reason.
    pub rights: BTreeMap<String, (String, Expectation)>,
    /// Verdicts, one per bound, in the file's order.
    pub bounds: Vec<BoundRecord>,
    /// All cells of each bound, for tables and figures.
    pub cells: BTreeMap<String, Vec<CellRecord>>,
    /// Controls.
    pub controls: Vec<ControlRecord>,
    /// Tables for the page.
    #[serde(default)]
    pub tables: Vec<TableRecord>,
    /// Figures, ready to draw.
    pub figures: Vec<Picture>,
    /// Remarks of the file: settings that the paper leaves open, and what was chosen.
    #[serde(default)]
    pub notes: Vec<String>,
    /// How it came about.
    pub provenance: Provenance,
}

impl ResultFile {
    /// Whether every bound came out as its file records and every control was caught.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.bounds.iter().all(|b| b.as_expected) && self.controls.iter().all(|c| c.caught)
    }

    /// The verdict on the bound of that name.
    #[must_use]
    pub fn bound(&self, name: &str) -> Option<&BoundRecord> {
        self.bounds.iter().find(|b| b.bound == name)
    }

    /// Asserts that every bound came out as its file records and every control was caught: for tests of other crates.
    ///
    /// # Panics
    /// Where something did not, with every such bound and control in the message.
    #[track_caller]
    pub fn assert_as_expected(&self) {
        let mut wrong = String::new();
        for b in self.bounds.iter().filter(|b| !b.as_expected) {
            let side = |v: Option<f64>| v.map_or_else(|| "?".into(), |v| v.to_string());
            wrong += &format!(
                "\n  [{}] {}, expected {}: left {} against right {}, {}",
                b.bound,
                b.outcome.name(),
                b.expect.name(),
                side(b.left.estimate),
                side(b.right.value),
                b.reason
            );
        }
        for c in self.controls.iter().filter(|c| !c.caught) {
            let (outcome, expect) = (c.outcome.name(), c.expect.name());
            wrong += &format!("\n  control of [{}] {outcome}, expected {expect}: {}", c.bound, c.change);
        }
        assert!(wrong.is_empty(), "{}: not as expected{wrong}", self.id);
    }
}
