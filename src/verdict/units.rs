//! Whether a bound is homogeneous in [f] and [x].

use crate::expr::{Dimension, Expr, Units};
use crate::model::{FACTS, STATISTICS, is_statistic, view_units};
use crate::results::UnitsRecord;
use crate::spec::{REDUCERS, Relation};

/// What the units of a bound's two sides say.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitsReport {
    /// Consistent, inconsistent, or waived.
    pub record: UnitsRecord,
    /// What is not homogeneous.
    pub reason: String,
}

/// Compares the units of both sides. Declared parameters have the units that `declared` gives, or none.
#[must_use]
pub fn units_of(
    relation: Relation,
    left: &str,
    right: Option<&Expr>,
    declared: &dyn Fn(&str) -> Option<(i64, i64)>,
    waived: bool,
) -> UnitsReport {
    let consistent = UnitsReport { record: UnitsRecord::Consistent, reason: String::new() };
    let (Some(right), Ok(left)) = (right, Expr::parse(left)) else { return consistent };
    if relation == Relation::Rate {
        return consistent;
    }
    let names = |name: &str| -> Option<Units> {
        if let Some((f, x)) = declared(name) {
            return Some(Units::new(f, x));
        }
        if let Some(spec) = FACTS.iter().find(|f| f.name == name) {
            return Some(Units::new(i64::from(spec.f), i64::from(spec.x)));
        }
        if let Some(spec) = STATISTICS.iter().find(|s| s.name == name) {
            return Some(Units::new(i64::from(spec.f), i64::from(spec.x)));
        }
        if is_statistic(name, &[]) && name.contains("_miss_") {
            let power = if name.ends_with("sq") { 2 } else { 1 };
            return Some(Units::new(power, -power));
        }
        if is_statistic(name, &[]) && name.starts_with('x') {
            return Some(Units::new(0, 1));
        }
        if let Some((f, x)) = view_units(name) {
            return Some(Units::new(i64::from(f), i64::from(x)));
        }
        Some(Units::none())
    };
    let mut functionals: Vec<&str> = REDUCERS.iter().map(|(name, _)| *name).collect();
    functionals.push("E");
    let failing = match (left.units_with(&names, &functionals), right.units(&names)) {
        (Err(e), _) | (_, Err(e)) => Some(e.to_string()),
        (Ok(Dimension::Of(a)), Ok(Dimension::Of(b))) if a != b => Some(format!("left is in {a}, right in {b}")),
        _ => None,
    };
    match failing {
        None => consistent,
        Some(reason) => {
            let record = if waived { UnitsRecord::Waived } else { UnitsRecord::Inconsistent };
            UnitsReport { record, reason }
        }
    }
}
