//! What reads a claim file: its tables, and the parts that they may name.

use super::overrides::Overrides;
use super::read::Reader;
use super::tree::{Node, Table, Value};
use crate::model::Registry;

/// Keys that neither vary the setup nor the question.
pub(super) const PROSE_KEYS: &[&str] = &[
    "schema",
    "id",
    "title",
    "source",
    "statement",
    "notes",
    "assumes",
    "case",
    "bound",
    "control",
    "curve",
    "figure",
    "family",
];
/// Keys of a change that vary the question rather than the setup.
pub(super) const QUESTION_KEYS: &[&str] =
    &["left", "right", "relation", "margin", "order", "trivial", "rate_in", "units"];
/// What a text begins with that says that there is no trivial bound.
pub(super) const NO_TRIVIAL: &str = "none:";

/// Reads the sections of one file; each file of this room that has a section reads it.
pub(super) struct Loader<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) registry: &'a Registry,
    pub(super) root: Table,
    pub(super) overrides: &'a Overrides,
}

/// A node that is a table.
pub(super) fn as_table(node: &Node) -> Option<&Table> {
    match &node.value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}
