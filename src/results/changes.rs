//! What a new result changes against the previous one in its place, and why.

use super::{BoundRecord, Outcome, Provenance, ResultFile};

/// A verdict whose outcome or numbers are not what they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Claim id.
    pub id: String,
    /// Name of the bound.
    pub bound: String,
    /// What the verdict was; `None` where the bound is new.
    pub old: Option<String>,
    /// What it is; `None` where the bound is gone.
    pub new: Option<String>,
    /// What differs in how the two came about.
    pub why: String,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |side: &Option<String>, none: &str| side.clone().unwrap_or_else(|| none.into());
        let (old, new) = (text(&self.old, "not there"), text(&self.new, "gone"));
        write!(f, "{} [{}]: {old} -> {new} ({})", self.id, self.bound, self.why)
    }
}

/// Every bound whose verdict differs, with the reason that the two provenances give.
#[must_use]
pub fn changes(old: &ResultFile, new: &ResultFile) -> Vec<Change> {
    let why = why(&old.provenance, &new.provenance);
    let find = |result: &ResultFile, name: &str| result.bounds.iter().find(|b| b.bound == name).cloned();
    let gone = old.bounds.iter().filter(|b| find(new, &b.bound).is_none());
    let names = new.bounds.iter().chain(gone).map(|b| b.bound.clone());
    names
        .filter_map(|bound| {
            let (was, is) = (find(old, &bound), find(new, &bound));
            let same = match (&was, &is) {
                (Some(was), Some(is)) => same_numbers(was, is),
                _ => false,
            };
            let change = |b: &BoundRecord, other: Option<&BoundRecord>| change_line(b, other);
            (!same).then(|| Change {
                id: new.id.clone(),
                bound,
                old: was.as_ref().map(|b| change(b, is.as_ref())),
                new: is.as_ref().map(|b| change(b, was.as_ref())),
                why: why.clone(),
            })
        })
        .collect()
}

fn same_numbers(a: &BoundRecord, b: &BoundRecord) -> bool {
    let numbers = |b: &BoundRecord| (b.outcome, b.evidence, b.left.clone(), b.right.clone(), b.ratio, b.cell.clone());
    numbers(a) == numbers(b)
}

/// The verdict in a few words, with as many digits as distinguish it from the other.
fn change_line(bound: &BoundRecord, other: Option<&BoundRecord>) -> String {
    let outcome = match bound.outcome {
        Outcome::Holds => "holds",
        Outcome::Violated => "violated",
        Outcome::Undecided => "undecided",
        Outcome::HypothesisFails => "hypothesis fails",
    };
    let sides = |b: &BoundRecord, digits: usize| {
        let one = |v: Option<f64>| v.map_or_else(|| "?".into(), |v| format!("{v:.digits$e}"));
        format!("{} against {}", one(b.left.estimate), one(b.right.value))
    };
    let digits = other.map_or(3, |other| (3..16).find(|n| sides(bound, *n) != sides(other, *n)).unwrap_or(3));
    format!("{outcome}, {}", sides(bound, digits))
}

/// What differs between two provenances.
#[must_use]
pub fn why(old: &Provenance, new: &Provenance) -> String {
    let mut reasons = Vec::new();
    if old.spec_hash != new.spec_hash {
        reasons.push("the claim file changed".into());
    }
    if old.version != new.version {
        reasons.push(format!("version {} -> {}", old.version, new.version));
    }
    if old.seed != new.seed {
        reasons.push(format!("seed {} -> {}", old.seed, new.seed));
    }
    if old.generator != new.generator {
        reasons.push("another generator".into());
    }
    if old.profile != new.profile {
        reasons.push(format!("profile {} -> {}", old.profile, new.profile));
    }
    if old.level.to_bits() != new.level.to_bits() {
        reasons.push(format!("level {} -> {}", old.level, new.level));
    }
    if old.data != new.data {
        reasons.push("the data files".into());
    }
    let cut = |p: &Provenance| (p.budget.memory, p.budget.seconds);
    if cut(old) != cut(new) {
        reasons.push("a budget".into());
    }
    if reasons.is_empty() {
        reasons.push("the program's code: claim file, version and seed are the same".into());
    }
    reasons.join(", ")
}
