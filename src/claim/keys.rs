//! What a cell is called in results, and what keys its random numbers.

use super::{Cell, Scenario, Spec};
use crate::model::Real;
use std::collections::BTreeMap;

/// The values that name a cell: what is swept and the case; everything given where nothing is swept.
#[must_use]
pub(crate) fn cell_name(scenario: &Scenario, cell: &Cell) -> BTreeMap<String, serde_json::Value> {
    let swept = |name: &String| scenario.variant.parameters.iter().any(|p| p.name == *name && p.names_cells());
    let any_swept = cell.given.iter().any(swept);
    let mut name: BTreeMap<String, serde_json::Value> =
        cell.given.iter().filter(|n| !any_swept || swept(n)).map(|n| (n.clone(), number(&cell.values[n]))).collect();
    if !scenario.case.is_empty() {
        name.insert("case".into(), scenario.case.clone().into());
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

/// What keys the streams of a cell: the claim, the case, and the given parameters. Algorithms compared on one
/// instance thus meet the same noise.
#[must_use]
pub(crate) fn stream_key(spec: &Spec, case: &str, cell: &Cell) -> Vec<(String, String)> {
    let mut key = vec![("claim".to_string(), spec.id.clone()), ("case".to_string(), case.to_string())];
    key.extend(cell.labels());
    key
}
