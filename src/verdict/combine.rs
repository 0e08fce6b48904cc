//! All cells of a bound: the verdict on the bound.

use super::compare::Comparison;
use super::sides::SideValue;
use crate::model::Audit;
use crate::results::{Evidence, HypothesisRecord, Outcome};
use std::collections::BTreeMap;

/// One cell's part in a verdict.
#[derive(Debug, Clone)]
pub struct CellVerdict {
    /// Values that name the cell.
    pub cell: BTreeMap<String, serde_json::Value>,
    /// The hypotheses as audited.
    pub audits: Vec<(String, Audit)>,
    /// Facts in the statement or its run that are one-sided bounds on the constants they stand for, as `name = value`.
    pub loose: Vec<String>,
    /// Left side; `None` where it has no value.
    pub left: Option<SideValue>,
    /// Right side.
    pub right: Option<SideValue>,
    /// Whether the declared trivial bound is as strong here: see `is_vacuous`.
    pub vacuous: bool,
    /// The comparison, or why there is none.
    pub comparison: Result<Comparison, String>,
    /// Replicates used.
    pub replicates: u64,
    /// Oracle calls and bits of one replicate.
    pub traffic: Option<(u64, u64)>,
    /// For a rate: the parameter and the left side at every point of the fit.
    pub points: Vec<(f64, SideValue)>,
}

impl CellVerdict {
    /// The first hypothesis that fails here.
    #[must_use]
    pub fn failing(&self) -> Option<&(String, Audit)> {
        self.audits.iter().find(|(_, a)| a.holds() == Some(false))
    }

    /// The first hypothesis that could not be decided here.
    fn unknown(&self) -> Option<&(String, Audit)> {
        self.audits.iter().find(|(_, a)| a.holds().is_none())
    }

    /// What was decided in this cell, with its reason.
    #[must_use]
    pub fn outcome(&self) -> (Outcome, String) {
        if let Some((name, audit)) = self.failing() {
            return (Outcome::HypothesisFails, format!("{name} fails: {}", audit.value));
        }
        match &self.comparison {
            Err(reason) => (Outcome::Undecided, reason.clone()),
            Ok(c) => match (c.outcome, self.unknown()) {
                // A counterexample must meet the hypotheses for certain.
                (Outcome::Violated, Some((name, audit))) => {
                    (Outcome::Undecided, format!("broken, but {name} is not decided: {}", audit.value))
                }
                (outcome, _) => (outcome, c.reason.clone() + &self.caveats()),
            },
        }
    }

    /// What qualifies the cell's outcome: a hypothesis that is not known, a constant that is only bounded.
    fn caveats(&self) -> String {
        let mut text = String::new();
        for (name, audit) in self.audits.iter().filter(|(_, a)| a.holds().is_none()) {
            text += &format!("; whether {name} holds is not known ({})", audit.value);
        }
        if !self.loose.is_empty() {
            text += &format!("; {LOOSE}: {}", self.loose.join(", "));
        }
        text
    }

    fn closeness(&self) -> f64 {
        self.comparison.as_ref().map_or(f64::INFINITY, |c| c.closeness)
    }

    /// What the outcome rests on. A result that uses a bound on a constant is not proved for the constant itself.
    fn grade(&self) -> Evidence {
        self.comparison.as_ref().map_or(Evidence::Asymptotic, |c| match c.outcome {
            Outcome::Holds if !self.loose.is_empty() => c.grade.max(Evidence::Numeric),
            _ => c.grade,
        })
    }

    /// The audits as records.
    #[must_use]
    pub fn hypotheses(&self) -> Vec<HypothesisRecord> {
        self.audits
            .iter()
            .map(|(name, a)| HypothesisRecord {
                name: name.clone(),
                holds: a.holds(),
                value: a.value.clone(),
                provenance: a.provenance.clone(),
            })
            .collect()
    }
}

/// The verdict on a bound: its outcome, reason, evidence, and the cell that it shows.
#[derive(Debug, Clone)]
pub(crate) struct CellView {
    /// What was decided.
    pub outcome: Outcome,
    /// One sentence.
    pub reason: String,
    /// What it rests on: the weakest evidence among the cells that decide.
    pub evidence: Evidence,
    /// Index of the cell nearest to violation.
    pub nearest: usize,
    /// Whether the trivial bound is as strong in every cell that meets the hypotheses; never of a broken bound.
    pub vacuous: bool,
}

/// How a reason introduces constants that are only bounded.
const LOOSE: &str = "with bounds in place of the constants themselves, a weaker statement";

/// The hypotheses that are not known in some of the cells, and the constants that are only bounded there.
fn caveats(cells: &[CellVerdict], meets: &[usize]) -> String {
    let mut text = String::new();
    let mut unknown: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (name, audit) in meets.iter().flat_map(|i| &cells[*i].audits).filter(|(_, a)| a.holds().is_none()) {
        unknown.entry(name).or_insert((0, &audit.value)).0 += 1;
    }
    for (name, (count, value)) in unknown {
        text += &format!("; whether {name} holds is not known in {count} of them ({value})");
    }
    let bounded: Vec<usize> = meets.iter().copied().filter(|i| !cells[*i].loose.is_empty()).collect();
    if let Some(first) = bounded.first() {
        text += &format!("; {LOOSE} in {} of them: {}", bounded.len(), cells[*first].loose.join(", "));
    }
    text
}

/// The cells that take no part, with the hypothesis that fails in the first of them.
fn left_out(cells: &[CellVerdict]) -> String {
    let out: Vec<&(String, Audit)> = cells.iter().filter_map(CellVerdict::failing).collect();
    match out.first() {
        Some((name, audit)) => {
            format!("; left out: {} of {}, where {name} fails ({})", out.len(), cells.len(), audit.value)
        }
        None => String::new(),
    }
}

/// Violated if any cell that meets the hypotheses is, else undecided if any such cell is, else holds.
#[must_use]
pub(crate) fn combine_cells(cells: &[CellVerdict]) -> Option<CellView> {
    let meets: Vec<usize> = (0..cells.len()).filter(|i| cells[*i].failing().is_none()).collect();
    let nearest_of = |indices: &[usize]| {
        // Among cells at the border, one with a quotient is more informative than 0 <= 0.
        let quotient = |i: usize| cells[i].comparison.as_ref().ok().and_then(|c| c.ratio).unwrap_or(f64::NEG_INFINITY);
        let order = |a: usize, b: usize| {
            let nearer = cells[a].closeness().total_cmp(&cells[b].closeness());
            nearer.then_with(|| quotient(a).total_cmp(&quotient(b)))
        };
        indices.iter().copied().max_by(|a, b| order(*a, *b))
    };
    if meets.is_empty() {
        let nearest = nearest_of(&(0..cells.len()).collect::<Vec<_>>())?;
        let (_, reason) = cells[nearest].outcome();
        let evidence = Evidence::Exact;
        return Some(CellView { outcome: Outcome::HypothesisFails, reason, evidence, nearest, vacuous: false });
    }
    let with =
        |wanted: Outcome| -> Vec<usize> { meets.iter().copied().filter(|i| cells[*i].outcome().0 == wanted).collect() };
    let (violated, open) = (with(Outcome::Violated), with(Outcome::Undecided));
    let (outcome, deciding) = if !violated.is_empty() {
        (Outcome::Violated, violated)
    } else if !open.is_empty() {
        (Outcome::Undecided, open)
    } else {
        (Outcome::Holds, meets.clone())
    };
    let nearest = nearest_of(&deciding)?;
    let reason = match outcome {
        Outcome::Holds => {
            let all = format!("every cell that meets the hypotheses ({} of {})", meets.len(), cells.len());
            all + &caveats(cells, &meets) + &left_out(cells)
        }
        _ => {
            let shown = format!("{} ({} of {} cells)", cells[nearest].outcome().1, deciding.len(), cells.len());
            shown + &left_out(cells)
        }
    };
    // One broken cell refutes a bound, so its own evidence counts; to hold, every cell counts.
    let evidence = match outcome {
        Outcome::Violated => deciding.iter().map(|i| cells[*i].grade()).min(),
        _ => deciding.iter().map(|i| cells[*i].grade()).max(),
    };
    let nearest = if outcome == Outcome::Violated {
        let best = evidence.unwrap_or(Evidence::Asymptotic);
        let strongest: Vec<usize> = deciding.iter().copied().filter(|i| cells[*i].grade() == best).collect();
        nearest_of(&strongest).unwrap_or(nearest)
    } else {
        nearest
    };
    let vacuous = outcome != Outcome::Violated && meets.iter().all(|i| cells[*i].vacuous);
    Some(CellView { outcome, reason, evidence: evidence.unwrap_or(Evidence::Asymptotic), nearest, vacuous })
}
