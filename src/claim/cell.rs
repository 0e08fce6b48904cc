//! Points of a sweep, and expressions in their values.

use super::Variant;
use super::file::Formula;
use super::symbol::{Expression, Symbol};
use crate::expr::EvalError;
use crate::model::Real;
use crate::scalar::{Computable, Fault, Narrow};
use std::collections::BTreeMap;
use std::ops::Range;

/// A variant that cannot be built at some cell.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct InstanceError {
    /// Where the file is at fault.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
}

impl InstanceError {
    pub(super) fn new(span: &Range<usize>, message: impl Into<String>) -> Self {
        InstanceError { span: span.clone(), message: message.into() }
    }
}

/// One point of a sweep: every declared parameter with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Values by name.
    pub values: BTreeMap<String, Real>,
    /// Names of the parameters that were given as numbers rather than derived from others.
    pub given: Vec<String>,
    /// The formulas of all, as they stand in the file.
    pub written: BTreeMap<String, String>,
}

impl Cell {
    /// The value of a declared parameter; of another symbol none.
    #[must_use]
    pub fn value(&self, symbol: &Symbol) -> Option<Real> {
        match symbol {
            Symbol::Parameter(name) => self.values.get(&**name).cloned(),
            _ => None,
        }
    }

    /// The given values as text, by name: they key random streams and label records.
    #[must_use]
    pub fn labels(&self) -> Vec<(String, String)> {
        let text = |name: &String| match &self.values[name] {
            Real::Exact(q) => q.to_string(),
            other => format!("{:e}", other.to_f64()),
        };
        self.given.iter().map(|name| (name.clone(), text(name))).collect()
    }
}

/// All cells of a variant's sweep, the last parameter running fastest.
///
/// # Errors
/// A parameter that cannot be evaluated, or a sweep of more than 100 000 cells.
pub fn cells(variant: &Variant) -> Result<Vec<Cell>, InstanceError> {
    let count: usize = variant.parameters.iter().map(|p| p.values.len()).product();
    if count > 100_000 {
        return Err(InstanceError::new(&(0..0), format!("the sweep has {count} cells; at most 100000 are run")));
    }
    (0..count)
        .map(|mut index| {
            let mut chosen = BTreeMap::new();
            for parameter in variant.parameters.iter().rev() {
                chosen.insert(parameter.name.clone(), &parameter.values[index % parameter.values.len()]);
                index /= parameter.values.len();
            }
            cell(variant, &chosen)
        })
        .collect()
}

fn cell(variant: &Variant, chosen: &BTreeMap<String, &Formula>) -> Result<Cell, InstanceError> {
    let uses = |f: &Formula| f.expr.symbols().into_iter().map(Symbol::to_string).collect();
    let definitions = chosen.iter().map(|(n, f)| (n.clone(), uses(f))).collect();
    let order = crate::expr::order(&definitions).map_err(|e| InstanceError::new(&(0..0), e.to_string()))?;
    let written = chosen.iter().map(|(name, formula)| (name.clone(), formula.text.clone())).collect();
    let mut cell = Cell { values: BTreeMap::new(), given: Vec::new(), written };
    for name in &order {
        let Some(formula) = chosen.get(name) else { continue };
        let value = evaluate(&formula.expr, &|symbol| cell.value(symbol))
            .map_err(|e| InstanceError::new(&formula.span, format!("'{name}': {e}")))?;
        if !value.to_f64().is_finite() {
            let message = format!("'{name}' is {value}; a parameter must be a finite number");
            return Err(InstanceError::new(&formula.span, message));
        }
        cell.values.insert(name.clone(), value);
    }
    cell.given = variant
        .parameters
        .iter()
        .filter(|p| p.values.len() > 1 || p.values[0].expr.symbols().is_empty())
        .map(|p| p.name.clone())
        .collect();
    Ok(cell)
}

/// Evaluates an expression: exactly where the result is rational, by its formula where every name in it has one, else in
/// doubles.
///
/// # Errors
/// An unknown name, division by zero, a root of a negative number.
pub(crate) fn evaluate(expr: &Expression, lookup: &dyn Fn(&Symbol) -> Option<Real>) -> Result<Real, EvalError> {
    let missing = |symbol: &Symbol| Fault::Unsupported(format!("'{symbol}' is not known on this instance"));
    let known = |symbol: &Symbol| lookup(symbol).ok_or_else(|| missing(symbol))?.cast::<Computable>();
    match expr.eval(&known) {
        Ok(value) if value.near().is_finite() || value.rational().is_some() => return Ok(value.into()),
        Ok(_) | Err(EvalError { fault: Fault::NoExactForm(_) | Fault::TooLarge(_) | Fault::Undecided(_), .. }) => {}
        Err(error) => return Err(error),
    }
    let float = |symbol: &Symbol| lookup(symbol).ok_or_else(|| missing(symbol))?.cast::<Narrow>();
    let near = expr.eval(&float)?.0[0];
    let enclosed = |symbol: &Symbol| lookup(symbol).ok_or_else(|| missing(symbol))?.cast_within();
    Ok(match expr.eval(&enclosed) {
        Ok(within) if expr.symbols().into_iter().any(|symbol| lookup(symbol).is_some_and(|v| v.is_rough())) => {
            Real::Estimated { near, within }
        }
        Ok(within) => Real::between(near, within),
        Err(_) => Real::Float(near),
    })
}
