//! Settings of a part, resolved to values.

use super::cell::{Cell, InstanceError, evaluate};
use super::file::{Formula, PartSetup, Setting};
use super::symbol::Symbol;
use crate::model::{BuildError, Kind, ParamValue, Params, Real, Registry, Row, Slot};

/// The setting that names a data file.
pub(super) const DATA_FILE: &str = "file";
/// The setting that names a folder of data files, in the same place.
pub(super) const DATA_FOLDER: &str = "folder";

/// Largest iterate.
pub(super) const MAX_DIMENSION: usize = 100_000_000;

/// Evaluates a quantity at one cell.
///
/// # Errors
/// As its parameters and its own computation.
pub(crate) fn evaluate_quantity(registry: &Registry, part: &PartSetup, cell: &Cell) -> Result<Vec<Row>, InstanceError> {
    let entry = registry
        .quantity(&part.name)
        .map_err(|_| InstanceError::new(&part.span, format!("unknown quantity '{}'", part.name)))?;
    let params = resolve(registry, part, 0, 1, &|symbol| cell.value(symbol))?;
    (entry.evaluate)(&params).map_err(|e| located(part, &e))
}

pub(super) fn located(part: &PartSetup, error: &BuildError) -> InstanceError {
    let span = part.settings.iter().find(|(p, _, _)| Some(p.name) == error.key).map_or(&part.span, |(_, _, s)| s);
    InstanceError::new(span, error.message.clone())
}

/// A vector given entry by entry, or by one formula that may name the coordinate j.
pub(super) fn vector(
    formulas: &[Formula],
    d: usize,
    lookup: &dyn Fn(&Symbol) -> Option<Real>,
) -> Result<Vec<Real>, InstanceError> {
    let value = |f: &Formula, j: Option<usize>| {
        let with_j = |symbol: &Symbol| match symbol {
            Symbol::Coordinate => j.map(|j| Real::integer(j as i64)),
            other => lookup(other),
        };
        evaluate(&f.expr, &with_j).map_err(|e| InstanceError::new(&f.span, e.to_string()))
    };
    match formulas {
        [single] if single.expr.mentions(&Symbol::Coordinate) => (0..d).map(|j| value(single, Some(j))).collect(),
        [single] => Ok(vec![value(single, None)?; d.max(1)]),
        many => many.iter().map(|f| value(f, None)).collect(),
    }
}

/// Resolves a part's settings to values.
pub(super) fn resolve(
    registry: &Registry,
    part: &PartSetup,
    dimension: usize,
    workers: usize,
    lookup: &dyn Fn(&Symbol) -> Option<Real>,
) -> Result<Params, InstanceError> {
    let mut params = Params { dimension, workers, ..Params::default() };
    let value = |f: &Formula| evaluate(&f.expr, lookup).map_err(|e| InstanceError::new(&f.span, e.to_string()));
    let counted = |name: &str| {
        let found = part.settings.iter().find(|(p, _, _)| p.name == name);
        found.and_then(|(_, s, _)| match s {
            Setting::Formula(f) => value(f).ok()?.exact()?.to_i64().and_then(|n| usize::try_from(n).ok()),
            _ => None,
        })
    };
    // A vector in j needs the dimension: the part's own parameter, or the problem's.
    let length = counted("dimension").unwrap_or(dimension);
    let mut slot = 0;
    for (param, setting, span) in &part.settings {
        let resolved = match (param.kind, setting) {
            (Kind::Schedule, Setting::Formula(_)) => {
                slot += 1;
                ParamValue::Schedule(Slot(slot - 1))
            }
            (Kind::Vector, Setting::Formula(f)) if f.expr.mentions(&Symbol::Coordinate) => {
                if length > MAX_DIMENSION {
                    return Err(InstanceError::new(&f.span, format!("dimension {length} is past {MAX_DIMENSION}")));
                }
                ParamValue::Vector(vector(std::slice::from_ref(f), length, lookup)?)
            }
            (_, Setting::Formula(f)) => ParamValue::Number(value(f)?),
            (_, Setting::List(list)) => ParamValue::Vector(list.iter().map(value).collect::<Result<_, _>>()?),
            (_, Setting::Rows(rows)) => ParamValue::Matrix(
                rows.iter().map(|r| r.iter().map(value).collect::<Result<_, _>>()).collect::<Result<_, _>>()?,
            ),
            (_, Setting::Text(text)) => ParamValue::Text(text.clone()),
            (Kind::Noise, Setting::Part(part)) => {
                ParamValue::Noise(resolve(registry, part, dimension, workers, lookup)?)
            }
            (_, Setting::Part(part)) => {
                let unknown = |_| InstanceError::new(&part.span, format!("unknown compressor '{}'", part.name));
                let entry = registry.compressor(&part.name).map_err(unknown)?;
                ParamValue::Compressor(entry, resolve(registry, part, dimension, workers, lookup)?)
            }
        };
        param.check(&resolved).map_err(|e| InstanceError::new(span, e.message))?;
        params.values.insert(param.name, resolved);
    }
    Ok(params)
}
