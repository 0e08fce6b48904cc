//! How a result came about, and the result of a claim that a budget left undecided.

use super::catalog::Catalog;
use super::plan::{Settings, replicate_count};
use crate::claim::{Relation, Spec};
use crate::results::{
    BoundRecord, BudgetRecord, ControlTally, Estimate, Evidence, Outcome, Provenance, ResultFile, RightSide,
    SCHEMA_VERSION, UnitsRecord,
};
use std::collections::BTreeMap;

/// How a result came about. `text` is the claim file's.
pub(super) fn provenance(spec: &Spec, text: &str, settings: &Settings<'_>, bounds: &[BoundRecord]) -> Provenance {
    let decided = bounds.iter().filter(|b| !matches!(b.outcome, Outcome::Undecided | Outcome::HypothesisFails));
    let mut evidence: Vec<Evidence> = decided.map(|b| b.evidence).collect();
    evidence.sort_unstable();
    evidence.dedup();
    let replicates = replicate_count(spec, settings.profile);
    Provenance {
        version: env!("CARGO_PKG_VERSION").into(),
        spec_hash: spec.hash.clone(),
        seed: settings.seed,
        generator: "xoshiro256++, keyed by SHA-256 of (seed, axes, role)".into(),
        profile: settings.profile.name().into(),
        level: settings.level,
        evidence,
        budget: BudgetRecord { replicates, ..BudgetRecord::default() },
        data: Vec::new(),
        claim: (!Catalog::holds(text)).then(|| text.to_string()),
    }
}

/// The budget that left a claim undecided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Exceeded {
    /// Bytes that there are, and that the claim needs.
    Memory(u64, u64),
    /// Seconds that there were.
    Time(f64),
}

impl std::fmt::Display for Exceeded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exceeded::Memory(budget, needs) => {
                let (needs, budget) = (super::memory::bytes_text(*needs), super::memory::bytes_text(*budget));
                write!(f, "memory budget: the claim needs about {needs}, the budget is {budget}")
            }
            Exceeded::Time(seconds) => write!(f, "time budget: {seconds} s had passed before the claim was decided"),
        }
    }
}

/// The result of a claim that a budget left undecided: every bound is, with the reason, and no control was run.
#[must_use]
pub(crate) fn undecided(spec: &Spec, text: &str, settings: &Settings<'_>, exceeded: Exceeded) -> ResultFile {
    let reason = exceeded.to_string();
    let which = reason.split(':').next().unwrap_or_default();
    let bounds: Vec<BoundRecord> =
        spec.bounds.iter().map(|b| undecided_record(&spec.id, b, (&reason, which))).collect();
    let mut provenance = provenance(spec, text, settings, &bounds);
    match exceeded {
        Exceeded::Memory(budget, _) => provenance.budget.memory = Some(budget),
        Exceeded::Time(seconds) => provenance.budget.seconds = Some(seconds),
    }
    ResultFile {
        schema_version: SCHEMA_VERSION,
        id: spec.id.clone(),
        title: spec.title.clone(),
        source: spec.source.clone(),
        statement: spec.statement.clone(),
        relation: spec.relation.map_or("figure", Relation::name).into(),
        left: spec.left_text.clone(),
        rights: spec.bounds.iter().map(|b| (b.name.clone(), (b.right_text.clone(), b.expectation.clone()))).collect(),
        bounds,
        cells: BTreeMap::new(),
        controls: Vec::new(),
        tables: Vec::new(),
        figures: Vec::new(),
        notes: spec.notes.clone(),
        provenance,
    }
}

fn undecided_record(id: &str, bound: &crate::claim::Bound, (reason, which): (&str, &str)) -> BoundRecord {
    let expect = bound.expectation.expect;
    let why = || Some(which.to_string());
    BoundRecord {
        id: id.into(),
        bound: bound.name.clone(),
        outcome: Outcome::Undecided,
        reason: reason.into(),
        evidence: Evidence::Asymptotic,
        left: Estimate { why: why(), ..Estimate::default() },
        right: RightSide { why: why(), ..RightSide::default() },
        ratio: None,
        vacuous: false,
        level: Some(0.0),
        replicates: 0,
        cell: BTreeMap::new(),
        cells: 0,
        hypotheses: Vec::new(),
        units: UnitsRecord::Consistent,
        controls: ControlTally::default(),
        expect,
        as_expected: expect == Outcome::Undecided,
    }
}
