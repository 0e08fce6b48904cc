//! Numbers of a claim file's tables.

use crate::claim::{Value, evaluate};
use crate::expr::{Expr, ExprError};
use crate::model::Real;
use crate::scalar::Rational;

/// The setting of an objective that holds its iterates in a box.
pub(super) const BOX: &str = "box";

/// The number that a value is, where it is one.
#[must_use]
pub(super) fn number_of(value: &Value) -> Option<Rational> {
    match value {
        Value::Number(q) => Some(q.clone()),
        Value::Text(text) => text.parse().ok().or_else(|| constant(text)),
        _ => None,
    }
}

/// The half-width of a box in coordinate i, where it is a number.
pub(super) fn wall_at(walls: &Value, i: usize) -> Option<Rational> {
    match walls {
        Value::List(list) if list.len() > 1 => list.get(i).and_then(|n| number_of(&n.value)),
        Value::List(list) => list.first().and_then(|n| number_of(&n.value)),
        value => number_of(value),
    }
}

/// The rational that a formula without names is.
fn constant(text: &str) -> Option<Rational> {
    let expr = Expr::parse(text).ok()?.resolve(&mut |_, span| Err(ExprError::new("a name", span.clone()))).ok()?;
    match evaluate(&expr, &|_| None).ok()? {
        Real::Exact(value) => Some(value),
        _ => None,
    }
}
