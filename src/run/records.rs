//! Records of bounds and controls.

use super::cell_records::{cell_record, no_estimate, no_right};
use super::plan::DecideError;
use crate::claim::Question;
use crate::evidence::Observed;
use crate::results::{BoundRecord, CellRecord, ControlRecord, ControlTally, Evidence, Outcome, UnitsRecord};
use crate::verdict::{CellVerdict, CellView, Judge, SideValue, combine_cells, units_of};
use std::collections::BTreeMap;

/// What the records of a claim's verdicts are made from.
pub(super) struct Records<'a> {
    pub judge: Judge<'a>,
    pub observed: &'a Observed<'a>,
}

impl Records<'_> {
    fn unanswered(&self, what: String) -> DecideError {
        DecideError::Unanswered { id: self.judge.spec.id.clone(), what }
    }

    /// The record of every bound, and those of its cells.
    ///
    /// # Errors
    /// A bound without a cell.
    #[allow(clippy::type_complexity)]
    pub(super) fn bounds(&self) -> Result<(Vec<BoundRecord>, BTreeMap<String, Vec<CellRecord>>), DecideError> {
        let (mut records, mut all_cells) = (Vec::new(), BTreeMap::new());
        for bound in &self.judge.spec.bounds {
            let cells = self.judge.cells(&bound.scenarios, self.observed);
            let (Some(view), Some(scenario)) = (combine_cells(&cells), bound.scenarios.first()) else {
                return Err(self.unanswered(format!("bound '{}'", bound.name)));
            };
            let units = self.units(&scenario.question);
            records.push(self.record(&bound.name, bound.expectation.expect, &cells, &view, units));
            all_cells.insert(bound.name.clone(), cells.iter().map(cell_record).collect());
        }
        Ok((records, all_cells))
    }

    /// The record of every control.
    ///
    /// # Errors
    /// A control without a cell.
    pub(super) fn controls(&self) -> Result<Vec<ControlRecord>, DecideError> {
        let mut records = Vec::new();
        for control in &self.judge.spec.controls {
            let cells = self.judge.cells(&control.scenarios, self.observed);
            let Some(view) = combine_cells(&cells) else {
                return Err(self.unanswered(format!("a control of bound '{}'", control.bound)));
            };
            let ratio = cells[view.nearest].comparison.as_ref().ok().and_then(|c| c.ratio);
            records.push(ControlRecord {
                bound: control.bound.clone(),
                change: control.change.clone(),
                expect: control.expect,
                outcome: view.outcome,
                caught: view.outcome == control.expect,
                ratio,
            });
        }
        Ok(records)
    }

    /// With the tally of each bound's controls.
    pub(super) fn with_controls(mut bounds: Vec<BoundRecord>, controls: &[ControlRecord]) -> Vec<BoundRecord> {
        for bound in &mut bounds {
            let own = controls.iter().filter(|c| c.bound == bound.bound);
            bound.controls = ControlTally { planted: own.clone().count(), caught: own.filter(|c| c.caught).count() };
        }
        bounds
    }

    fn units(&self, question: &Question) -> UnitsRecord {
        // A parameter without declared units is a number.
        let declared = |name: &str| {
            let parameter = self.judge.spec.dimensions.iter().find(|(n, _)| n == name);
            parameter.map_or((0, 0), |(_, units)| *units)
        };
        let right = question.right.as_ref().map(|r| &r.expr);
        let waived = self.judge.spec.units_waiver.is_some();
        units_of(question.relation, &question.left, right, &declared, waived).record
    }

    fn record(
        &self,
        name: &str,
        expect: Outcome,
        cells: &[CellVerdict],
        view: &CellView,
        units: UnitsRecord,
    ) -> BoundRecord {
        let shown = &cells[view.nearest];
        let level = match view.evidence {
            _ if view.outcome == Outcome::HypothesisFails => Some(0.0),
            Evidence::FiniteSample => Some(self.judge.each() * cells.len() as f64),
            // The requested level is not one that this evidence guarantees.
            Evidence::Asymptotic => None,
            _ => Some(0.0),
        };
        BoundRecord {
            id: self.judge.spec.id.clone(),
            bound: name.into(),
            outcome: view.outcome,
            reason: view.reason.clone(),
            evidence: view.evidence,
            left: shown.left.as_ref().map_or_else(|| no_estimate(shown), SideValue::estimate),
            right: shown.right.as_ref().map_or_else(|| no_right(shown), SideValue::right),
            ratio: shown.comparison.as_ref().ok().and_then(|c| c.ratio),
            vacuous: view.vacuous,
            level,
            replicates: shown.replicates,
            cell: shown.cell.clone(),
            cells: cells.len(),
            hypotheses: shown.hypotheses(),
            units,
            controls: ControlTally::default(),
            expect,
            as_expected: view.outcome == expect,
        }
    }
}
