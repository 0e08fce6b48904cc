//! What a part is built from: named, checked values.

use super::{CompressorEntry, Limits, Real};
use std::collections::BTreeMap;
use std::ops::Range;

/// What kind of value a parameter of a part takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One number: a literal or an expression in the declared parameters.
    Number,
    /// A whole number, 0 or more.
    Count,
    /// One number per coordinate; a single number is repeated.
    Vector,
    /// A list of lists of numbers.
    Matrix,
    /// An expression in k, the declared parameters and the facts, evaluated at every step.
    Schedule,
    /// One word of a list.
    Word(&'static [&'static str]),
    /// Free text: a file name.
    Text,
    /// A compressor: `{ name = ".." }`.
    Compressor,
    /// A noise law: `{ law = ".." }`.
    Noise,
}

/// One parameter of a registered part. The parser, the reference page and `list` read this table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParamSpec {
    /// Key in the claim file.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Its value where the file gives none; `None` makes it required, `Some("")` optional without a value.
    pub default: Option<&'static str>,
    /// The numbers that it takes: of a list each entry, of a schedule the value at every step.
    pub limits: Limits,
    /// One line for the reference page.
    pub doc: &'static str,
}

impl ParamSpec {
    /// Refuses numbers outside the parameter's range.
    ///
    /// # Errors
    /// Which number it is, and what is accepted.
    pub fn check(&self, value: &ParamValue) -> Result<(), BuildError> {
        let entry = |number| self.check_number(number, "has the entry");
        match value {
            ParamValue::Number(number) => self.check_number(number, "is"),
            ParamValue::Vector(entries) => entries.iter().try_for_each(entry),
            ParamValue::Matrix(rows) => rows.iter().flatten().try_for_each(entry),
            _ => Ok(()),
        }
    }

    /// Refuses a number outside the range; `verb` says how the parameter has it.
    pub(crate) fn check_number(&self, number: &Real, verb: &str) -> Result<(), BuildError> {
        let is_count = self.kind == Kind::Count;
        let limits = if is_count { self.limits.of_counts() } else { self.limits };
        let whole = !is_count || number.exact().is_some_and(|q| q.to_i64().is_some());
        if whole && limits.admits(number) {
            return Ok(());
        }
        let kind = if is_count { "a whole number, " } else { "" };
        Err(BuildError::about(self.name, format!("'{}' {verb} {number}; it must be {kind}{limits}", self.name)))
    }
}

/// A resolved value.
#[derive(Debug, Clone)]
pub enum ParamValue {
    /// A number.
    Number(Real),
    /// A vector.
    Vector(Vec<Real>),
    /// A matrix by rows.
    Matrix(Vec<Vec<Real>>),
    /// A word or a text.
    Text(String),
    /// A schedule, by its place among the schedules of the part.
    Schedule(Slot),
    /// A compressor.
    Compressor(&'static CompressorEntry, Params),
    /// A noise law.
    Noise(Params),
}

/// Where a schedule's value stands in a step's `values`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(pub usize);

/// A part that cannot be built from its parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    /// The parameter at fault, where it is one.
    pub key: Option<&'static str>,
    /// What is wrong and what is accepted.
    pub message: String,
}

impl BuildError {
    /// An error about one parameter.
    pub fn about(key: &'static str, message: impl Into<String>) -> Self {
        BuildError { key: Some(key), message: message.into() }
    }

    /// An error about the part as a whole.
    pub fn whole(message: impl Into<String>) -> Self {
        BuildError { key: None, message: message.into() }
    }
}

/// The resolved parameters of one part.
#[derive(Debug, Clone, Default)]
pub struct Params {
    /// Values by name; optional parameters without a value are absent.
    pub values: BTreeMap<&'static str, ParamValue>,
    /// Dimension, where the part depends on it (noise, algorithms).
    pub dimension: usize,
    /// Number of workers.
    pub workers: usize,
    /// The blocks of the problem's coordinates ([`Problem::blocks`](crate::model::Problem::blocks)), for algorithms; empty
    /// for all coordinates as one.
    pub blocks: Vec<Range<usize>>,
}

impl Params {
    fn need(&self, key: &'static str) -> Result<&ParamValue, BuildError> {
        self.values.get(key).ok_or_else(|| BuildError::about(key, format!("'{key}' is missing")))
    }

    /// Whether the parameter has a value.
    #[must_use]
    pub fn has(&self, key: &'static str) -> bool {
        self.values.contains_key(key)
    }

    /// A number.
    ///
    /// # Errors
    /// Missing, or not a number.
    pub fn number(&self, key: &'static str) -> Result<Real, BuildError> {
        match self.need(key)? {
            ParamValue::Number(value) => Ok(value.clone()),
            ParamValue::Vector(v) if v.len() == 1 => Ok(v[0].clone()),
            _ => Err(BuildError::about(key, format!("'{key}' takes one number"))),
        }
    }

    /// A number that must be positive.
    ///
    /// # Errors
    /// Missing, not a number, or not above 0.
    pub fn positive(&self, key: &'static str) -> Result<Real, BuildError> {
        let value = self.number(key)?;
        if value.to_f64() > 0.0 && value.to_f64().is_finite() {
            Ok(value)
        } else {
            Err(BuildError::about(key, format!("'{key}' is {value}; it must be above 0")))
        }
    }

    /// A whole number, 0 or more.
    ///
    /// # Errors
    /// Missing, negative, fractional, or too large to count.
    pub fn count(&self, key: &'static str) -> Result<usize, BuildError> {
        let value = self.number(key)?;
        value
            .exact()
            .and_then(|q| q.to_i64())
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| BuildError::about(key, format!("'{key}' is {value}; it must be a whole number, 0 or more")))
    }

    /// A vector of the given length; a single number is repeated.
    ///
    /// # Errors
    /// Missing, or of another length.
    pub fn vector(&self, key: &'static str, length: usize) -> Result<Vec<Real>, BuildError> {
        let found = self.list(key)?;
        if found.len() == length {
            return Ok(found);
        }
        if let [single] = found.as_slice() {
            return Ok(vec![single.clone(); length]);
        }
        Err(BuildError::about(key, format!("'{key}' has {} entries; it takes 1 or {length}", found.len())))
    }

    /// A list of any length above 0.
    ///
    /// # Errors
    /// Missing or empty.
    pub fn list(&self, key: &'static str) -> Result<Vec<Real>, BuildError> {
        match self.need(key)? {
            ParamValue::Number(value) => Ok(vec![value.clone()]),
            ParamValue::Vector(v) if !v.is_empty() => Ok(v.clone()),
            _ => Err(BuildError::about(key, format!("'{key}' takes a list of numbers with at least one entry"))),
        }
    }

    /// A matrix by rows of equal length.
    ///
    /// # Errors
    /// Missing, empty, or ragged.
    pub fn matrix(&self, key: &'static str) -> Result<Vec<Vec<Real>>, BuildError> {
        match self.need(key)? {
            ParamValue::Matrix(rows) if !rows.is_empty() && rows.iter().all(|r| r.len() == rows[0].len()) => {
                Ok(rows.clone())
            }
            _ => Err(BuildError::about(key, format!("'{key}' takes rows of equal length: [[1, 0], [0, 2]]"))),
        }
    }

    /// A word or text.
    ///
    /// # Errors
    /// Missing.
    pub fn text(&self, key: &'static str) -> Result<&str, BuildError> {
        match self.need(key)? {
            ParamValue::Text(text) => Ok(text),
            _ => Err(BuildError::about(key, format!("'{key}' takes a text"))),
        }
    }

    /// The place of a schedule's value.
    ///
    /// # Errors
    /// Missing.
    pub fn schedule(&self, key: &'static str) -> Result<Slot, BuildError> {
        match self.need(key)? {
            ParamValue::Schedule(slot) => Ok(*slot),
            _ => Err(BuildError::about(key, format!("'{key}' takes an expression in k"))),
        }
    }
}
