//! Records of single cells.

use crate::results::{CellRecord, Estimate, Evidence, RatePoint, RightSide};
use crate::verdict::{CellVerdict, SideValue};

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
