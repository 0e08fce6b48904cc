//! A new run against a baseline, entry by entry.

use super::entry::number;
use super::{Baseline, ClaimEntries, Method, Tested, Value, compare_samples};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Bound on the probability that a run on unchanged code gives any alarm.
pub(super) const TOTAL_LEVEL: f64 = 1e-4;
/// A check whose smallest detectable change exceeds this fraction of the value is without power.
const POWER: f64 = 0.5;
/// A number known without noise that is 0 up to this is a residual: its rounding error is not evidence about power.
const RESIDUAL: f64 = 1e-9;

/// The status of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    /// It has moved.
    Moved,
    /// It is not in the baseline.
    New,
    /// It is in the baseline only.
    Gone,
    /// It differs, and the replicates cannot decide whether by chance.
    Undecided,
    /// As before.
    Same,
}

/// One entry of either side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// Claim id.
    pub claim: String,
    /// Quantity.
    pub quantity: String,
    /// Cell; empty where nothing is swept.
    pub cell: String,
    /// The baseline's value.
    pub old: Option<Value>,
    /// The new value.
    pub new: Option<Value>,
    /// What became of it.
    pub status: Status,
    /// Why, where it is not the same.
    pub reason: String,
    /// The test, where both sides were sampled or could have been.
    pub tested: Option<Tested>,
}

impl Change {
    /// The smallest change of the true value that is detected with probability 0.99, in the quantity's unit; 0 where
    /// any change is, `None` where it is unknown.
    #[must_use]
    pub(crate) fn detectable(&self) -> Option<f64> {
        match (&self.tested, &self.old, &self.new) {
            (Some(tested), ..) => tested.detectable,
            (None, Some(Value::Within { low, high, .. }), Some(Value::Within { low: l, high: h, .. })) => {
                Some((high - low) + (h - l))
            }
            (None, Some(Value::Word { sampled: true, .. }), _) => None,
            _ => Some(0.0),
        }
    }

    /// [`Change::detectable`] as a fraction of the value; `None` for a value of 0.
    #[must_use]
    pub(crate) fn relative(&self) -> Option<f64> {
        let size = self.old.as_ref().or(self.new.as_ref())?.near()?.abs();
        Some(self.detectable()? / size).filter(|r| r.is_finite())
    }

    /// Whether the check is without power: only a change by more than half of the value would be noticed, or none,
    /// because there is no interval.
    #[must_use]
    pub(crate) fn is_powerless(&self) -> bool {
        // Two numbers without an interval are alike whatever they are.
        if self.old.as_ref().or(self.new.as_ref()).is_some_and(Value::is_blind) {
            return true;
        }
        let negligible = if self.tested.is_some() { 0.0 } else { RESIDUAL };
        let Some(detectable) = self.detectable().filter(|d| *d > negligible) else { return false };
        detectable.is_finite() && self.relative().is_none_or(|r| r > POWER)
    }

    /// `printed: left at K=16`.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        if self.cell.is_empty() { self.quantity.clone() } else { format!("{} at {}", self.quantity, self.cell) }
    }
}

/// Everything that a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    /// Every entry of either side, by claim and name.
    pub changes: Vec<Change>,
    /// Claims whose file has changed since.
    pub edited: Vec<String>,
    /// Claims without an entry in the baseline.
    pub new_claims: Vec<String>,
    /// Level of each sampled entry.
    pub each: f64,
    /// Bound on the probability of any false alarm: of the tests and of the outcomes on both sides.
    pub false_alarm: f64,
}

/// How many entries there are of each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Counts {
    /// As before.
    pub same: usize,
    /// Moved.
    pub moved: usize,
    /// Differing, perhaps by chance.
    pub undecided: usize,
    /// Not in the baseline.
    pub new: usize,
    /// In the baseline only.
    pub gone: usize,
    /// Checks that would notice a change by more than half of the value only, or none.
    pub powerless: usize,
}

impl Comparison {
    /// The counts.
    #[must_use]
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            match change.status {
                Status::Same => counts.same += 1,
                Status::Moved => counts.moved += 1,
                Status::Undecided => counts.undecided += 1,
                Status::New => counts.new += 1,
                Status::Gone => counts.gone += 1,
            }
            counts.powerless += usize::from(change.is_powerless());
        }
        counts
    }

    /// The entries that are not as they were.
    pub(crate) fn differing(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|c| c.status != Status::Same)
    }
}

/// Compares new runs of some claims with a baseline.
///
/// `outcome_level` is the level at which each claim's outcomes were decided, on both sides. Every sampled entry has an
/// equal part of what [`TOTAL_LEVEL`] leaves (Bonferroni's correction), counted over the whole baseline: an entry's
/// fate does not depend on which others are compared with it. `all_claims` says that claims that were not run do not
/// exist any more.
#[must_use]
pub(crate) fn compare(
    baseline: &Baseline,
    new: &BTreeMap<String, ClaimEntries>,
    outcome_level: f64,
    all_claims: bool,
) -> Comparison {
    let outcomes = 2.0 * outcome_level * baseline.claims.len() as f64;
    let tests = (TOTAL_LEVEL - outcomes).max(0.0);
    let each = tests / baseline.sampled().max(1) as f64;
    let false_alarm = outcomes + tests;
    let mut found = Comparison { changes: Vec::new(), edited: Vec::new(), new_claims: Vec::new(), each, false_alarm };
    let nothing = ClaimEntries::default();
    let ids: BTreeSet<&String> =
        new.keys().chain(baseline.claims.keys().filter(|id| all_claims || new.contains_key(*id))).collect();
    for id in ids {
        match (baseline.claims.get(id), new.get(id)) {
            (None, _) => found.new_claims.push(id.clone()),
            (Some(a), Some(b)) if a.spec_hash != b.spec_hash => found.edited.push(id.clone()),
            _ => {}
        }
        let old = baseline.claims.get(id).unwrap_or(&nothing);
        found.changes.extend(claim(id, old, new.get(id).unwrap_or(&nothing), each));
    }
    found
}

/// The baseline with what was found put into it; entries that stand stay as they were recorded.
#[must_use]
pub(crate) fn apply(mut baseline: Baseline, new: &BTreeMap<String, ClaimEntries>, found: &Comparison) -> Baseline {
    // Files with figures only have no entries; an update of other claims leaves them there.
    let without_entries = |claim: &ClaimEntries| claim.entries.is_empty();
    let figures: BTreeSet<String> =
        baseline.claims.iter().filter(|(_, c)| without_entries(c)).map(|(id, _)| id.clone()).collect();
    for (id, run) in new {
        let claim = baseline.claims.entry(id.clone()).or_default();
        (claim.spec_hash, claim.version) = (run.spec_hash.clone(), run.version.clone());
    }
    for change in found.differing() {
        let Some(claim) = baseline.claims.get_mut(&change.claim) else { continue };
        let key = (change.quantity.clone(), change.cell.clone());
        match &change.new {
            Some(value) => {
                if let (true, Some(run)) = (value.is_sampled(), new.get(&change.claim)) {
                    claim.seed = claim.seed.max(run.seed);
                }
                claim.entries.insert(key, value.clone());
            }
            None => {
                claim.entries.remove(&key);
            }
        }
    }
    baseline.claims.retain(|id, c| new.contains_key(id) || figures.contains(id) || !without_entries(c));
    baseline
}

fn claim(id: &str, old: &ClaimEntries, new: &ClaimEntries, each: f64) -> Vec<Change> {
    let keys: BTreeSet<&(String, String)> = old.entries.keys().chain(new.entries.keys()).collect();
    let mut changes: Vec<Change> = keys
        .into_iter()
        .map(|key| {
            let (a, b) = (old.entries.get(key), new.entries.get(key));
            let (status, reason, tested) = match (a, b) {
                (Some(a), Some(b)) => fate(a, b, each),
                (None, _) => (Status::New, "not in the baseline".into(), None),
                (_, None) => (Status::Gone, "in the baseline only".into(), None),
            };
            let (quantity, cell) = key.clone();
            Change { claim: id.into(), quantity, cell, old: a.cloned(), new: b.cloned(), status, reason, tested }
        })
        .collect();
    // An outcome that flips and rests on replicates counts only where a number of the same claim has moved; else it may
    // be chance.
    let moved = changes.iter().any(|c| c.status == Status::Moved);
    for change in changes.iter_mut().filter(|c| moved && c.status == Status::Undecided) {
        if matches!((&change.old, &change.new), (Some(Value::Word { .. }), Some(Value::Word { .. }))) {
            change.status = Status::Moved;
            change.reason += ", and numbers of this claim have moved";
        }
    }
    changes
}

fn fate(old: &Value, new: &Value, each: f64) -> (Status, String, Option<Tested>) {
    let same = (Status::Same, String::new(), None);
    let moved = |reason: String| (Status::Moved, reason, None);
    match (old, new) {
        (Value::Word { text: a, sampled: x }, Value::Word { text: b, sampled: y }) => {
            let open = |word: &str| word == "undecided" || word == "diverged";
            if a == b && old.is_blind() {
                (Status::Same, "without an interval on either side: nothing can be told".into(), None)
            } else if a == b {
                same
            } else if (*x || *y) && (open(a) || open(b)) {
                (Status::Undecided, format!("{a} before, {b} now, on replicates"), None)
            } else {
                moved(format!("{a} before, {b} now"))
            }
        }
        (Value::Exact { text: a, .. }, Value::Exact { text: b, .. }) => {
            if a == b {
                same
            } else {
                moved("exact values differ".into())
            }
        }
        (Value::Within { low, high, certain }, Value::Within { low: l, high: h, certain: c }) if certain == c => {
            let what = if *certain { "the enclosures do not meet" } else { "differs by more than its rounding error" };
            if low.max(*l) <= high.min(*h) { same } else { moved(what.into()) }
        }
        (Value::Sampled(a), Value::Sampled(b)) => {
            let tested = compare_samples(a, b, each);
            let (status, reason) = match tested.differs {
                Some(false) => (Status::Same, String::new()),
                Some(true) if tested.method == Method::Permutation => {
                    (Status::Moved, "every replicate had one value before, and has another now".into())
                }
                Some(true) => {
                    let (d, t) = (number(b.mean - a.mean), number(tested.threshold));
                    (Status::Moved, format!("by {d}, where chance gives at most {t}"))
                }
                None => (Status::Undecided, "too few replicates to tell".into()),
            };
            (status, reason, Some(tested))
        }
        _ => moved(format!("the evidence is another: {} before, {} now", kind(old), kind(new))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Word { .. } => "a word",
        Value::Exact { .. } => "an exact value",
        Value::Within { certain: true, .. } => "an enclosure",
        Value::Within { .. } => "a computed number",
        Value::Sampled(_) => "a sample",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, Sample};
    use super::*;

    fn sample(mean: f64) -> Sample {
        Sample { mean, standard_error: 0.01, replicates: 1000, range: None, among: 1 }
    }

    fn sampled(mean: f64) -> Value {
        Value::Sampled(sample(mean))
    }

    fn word(text: &str, sampled: bool) -> Value {
        Value::Word { text: text.into(), sampled }
    }

    fn run(entries: &[(&str, Value)]) -> BTreeMap<String, ClaimEntries> {
        let entry = |(quantity, value): &(&str, Value)| Entry {
            quantity: (*quantity).into(),
            cell: String::new(),
            value: value.clone(),
        };
        [("p/c".to_string(), ClaimEntries::new("hash", 2, entries.iter().map(entry).collect()))].into()
    }

    fn statuses(old: &[(&str, Value)], new: &[(&str, Value)]) -> Vec<Status> {
        let baseline = Baseline { profile: "quick".into(), claims: run(old) };
        compare(&baseline, &run(new), 1e-7, true).changes.iter().map(|c| c.status).collect()
    }

    #[test]
    fn each_kind_of_value_has_its_rule() {
        let within = |low, high, certain| Value::Within { low, high, certain };
        let one = |a: Value, b: Value| statuses(&[("x", a)], &[("x", b)])[0];
        for (a, b, expected) in [
            (Value::fraction("1/2", 0.5), Value::fraction("1/2", 0.5), Status::Same),
            (Value::count(512), Value::count(513), Status::Moved),
            (within(0.1, 0.2, true), within(0.15, 0.3, true), Status::Same),
            (within(0.1, 0.2, true), within(0.21, 0.3, true), Status::Moved),
            (within(1.0, 1.0, false), within(1.0 + 1e-12, 1.1, false), Status::Moved),
            (within(0.1, 0.2, true), within(0.1, 0.2, false), Status::Moved),
            (Value::fraction("1/2", 0.5), sampled(0.5), Status::Moved),
            (sampled(0.5), sampled(0.52), Status::Same),
            (sampled(0.5), sampled(0.6), Status::Moved),
            (word("holds", false), word("violated", false), Status::Moved),
            (word("holds", true), word("violated", true), Status::Moved),
            (word("holds", true), word("undecided", true), Status::Undecided),
            (word("holds", false), word("undecided", false), Status::Moved),
            (word("no interval", true), sampled(0.5), Status::Moved),
        ] {
            assert_eq!(one(a.clone(), b.clone()), expected, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_number_without_an_interval_is_without_power() {
        // A single replicate has no standard error.
        let one = Value::sampled(Sample { standard_error: f64::INFINITY, replicates: 1, ..sample(0.5) });
        let entries = [("left", one), ("outcome", word("holds", true))];
        let baseline = Baseline { profile: "quick".into(), claims: run(&entries) };
        let found = compare(&baseline, &run(&entries), 1e-7, true);
        assert_eq!(found.counts().powerless, 1);
        let left = found.changes.iter().find(|c| c.quantity == "left").unwrap();
        assert!(left.is_powerless() && left.reason.contains("nothing can be told"), "{left:?}");
    }

    #[test]
    fn what_is_on_one_side_only_is_named() {
        let half = || Value::fraction("1/2", 0.5);
        assert_eq!(statuses(&[("a", half())], &[("b", half())]), [Status::Gone, Status::New]);
    }

    #[test]
    fn an_outcome_that_flips_with_a_moved_number_has_moved() {
        let old = [("left", sampled(0.5)), ("outcome", word("holds", true))];
        let new = |mean| [("left", sampled(mean)), ("outcome", word("undecided", true))];
        assert_eq!(statuses(&old, &new(0.5)), [Status::Same, Status::Undecided]);
        assert_eq!(statuses(&old, &new(0.7)), [Status::Moved, Status::Moved]);
    }

    #[test]
    fn an_update_changes_what_differs_and_nothing_else() {
        let old = Baseline { profile: "quick".into(), claims: run(&[("a", sampled(0.5)), ("b", Value::count(1))]) };
        let new = run(&[("a", sampled(0.51)), ("b", Value::count(2)), ("c", Value::count(3))]);
        let found = compare(&old, &new, 1e-7, true);
        let updated = apply(old.clone(), &new, &found);
        let entries = &updated.claims["p/c"].entries;
        let at = |name: &str| entries[&(name.to_string(), String::new())].clone();
        assert_eq!((at("a"), at("b"), at("c")), (sampled(0.5), Value::count(2), Value::count(3)));
        assert_eq!(compare(&updated, &new, 1e-7, true).counts().same, 3);
        // A file with figures only has no entries, and stays when others are recorded.
        let mut old = old;
        old.claims.insert("p/figures".into(), ClaimEntries::default());
        assert!(apply(old, &new, &found).claims.contains_key("p/figures"));
    }

    #[test]
    fn the_level_is_shared_and_stated() {
        let old = Baseline { profile: "quick".into(), claims: run(&[("a", sampled(0.5)), ("b", sampled(0.5))]) };
        let found = compare(&old, &old.claims, 1e-7, true);
        // exact: 1e-4 less two sides of one claim at 1e-7, halved
        assert!((found.each - (1e-4 - 2e-7) / 2.0).abs() < 1e-18);
        assert!(found.false_alarm <= TOTAL_LEVEL);
    }

    #[test]
    fn a_check_without_power_is_named() {
        let weak = |mean| Change {
            claim: "p/c".into(),
            quantity: "x".into(),
            cell: String::new(),
            old: Some(sampled(mean)),
            new: Some(sampled(mean)),
            status: Status::Same,
            reason: String::new(),
            tested: Some(fate(&sampled(mean), &sampled(mean), 1e-8).2.unwrap()),
        };
        assert!(weak(0.01).is_powerless());
        assert!(weak(0.0).is_powerless());
        assert!(!weak(10.0).is_powerless());
        let known = |half: f64| {
            let value = Some(Value::within(-half, half, true));
            Change { old: value.clone(), new: value, tested: None, ..weak(1.0) }
        };
        assert!(known(0.1).is_powerless());
        assert!(!known(1e-16).is_powerless());
    }
}
