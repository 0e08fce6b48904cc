//! Records of single cells.

use super::decide::CellRun;
use crate::model::Real;
use crate::results::{CellRecord, Estimate, Evidence, RatePoint, RightSide};
use crate::spec::Trial;
use crate::verdict::{CellVerdict, SideValue};
use std::collections::BTreeMap;

/// The values that name a cell: what is swept and the case; everything given where nothing is swept.
pub(super) fn cell_name(trial: &Trial, run: &CellRun) -> BTreeMap<String, serde_json::Value> {
    let swept = |name: &String| trial.variant.parameters.iter().any(|p| p.name == *name && p.values.len() > 1);
    let any_swept = run.cell.given.iter().any(swept);
    let mut name: BTreeMap<String, serde_json::Value> = run
        .cell
        .given
        .iter()
        .filter(|n| !any_swept || swept(n))
        .map(|n| (n.clone(), number(&run.cell.values[n])))
        .collect();
    if !trial.case.is_empty() {
        name.insert("case".into(), trial.case.clone().into());
    }
    name
}

/// A number as JSON: integers and dyadic decimals as numbers, other rationals as text that reads back exactly.
fn number(value: &Real) -> serde_json::Value {
    match value.exact() {
        Some(q) => match q.to_i64() {
            Some(n) => n.into(),
            None => q.to_string().into(),
        },
        None => serde_json::Number::from_f64(value.to_f64()).map_or(serde_json::Value::Null, Into::into),
    }
}

fn why(verdict: &CellVerdict) -> Option<String> {
    verdict.comparison.as_ref().err().cloned().or_else(|| Some("not evaluated".into()))
}

pub(super) fn no_estimate(verdict: &CellVerdict) -> Estimate {
    Estimate { why: why(verdict), ..Estimate::default() }
}

pub(super) fn no_right(verdict: &CellVerdict) -> RightSide {
    RightSide { why: why(verdict), ..RightSide::default() }
}

pub(super) fn cell_record(verdict: &CellVerdict) -> CellRecord {
    let (outcome, reason) = verdict.outcome();
    CellRecord {
        cell: verdict.cell.clone(),
        outcome,
        reason,
        evidence: verdict.comparison.as_ref().map_or(Evidence::Asymptotic, |c| c.grade),
        left: verdict.left.as_ref().map_or_else(|| no_estimate(verdict), SideValue::estimate),
        right: verdict.right.as_ref().map_or_else(|| no_right(verdict), SideValue::right),
        ratio: verdict.comparison.as_ref().ok().and_then(|c| c.ratio),
        replicates: verdict.replicates,
        calls: verdict.traffic.map(|t| t.0),
        bits: verdict.traffic.map(|t| t.1),
        points: rate_points(&verdict.points),
    }
}

/// Points with the exponents between neighbours.
fn rate_points(points: &[(f64, SideValue)]) -> Vec<RatePoint> {
    let slope = |i: usize| {
        let ((x0, y0), (x1, y1)) = (points.get(i.checked_sub(1)?)?, points.get(i)?);
        let rise = libm::log(y1.point.abs() / y0.point.abs()) / libm::log(x1 / x0);
        rise.is_finite().then_some(rise)
    };
    points.iter().enumerate().map(|(i, (x, v))| RatePoint { x: *x, left: v.estimate(), slope: slope(i) }).collect()
}
