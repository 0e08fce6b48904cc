//! What a file calls its parts: names that are there, and that nothing else has.

use super::Diagnostic;
use super::file::Variant;
use super::loader::{Loader, as_table};
use super::tree::{Node, Table, Value};
use std::ops::Range;

impl Loader<'_> {
    /// The name of a case, bound or curve, which is not empty: an empty one stands for what a file does not have.
    pub(super) fn name_of(&mut self, table: &Table, what: &str) -> String {
        let name = self.reader.text(table, "name").unwrap_or_default();
        if let (Some(node), "") = (table.get("name"), name.trim()) {
            self.reader.error(Diagnostic::new(node.span.clone(), format!("the {what}'s name is empty")));
        }
        name
    }

    /// An ordering compares its curves cell by cell, so that all must have the same cells.
    pub(super) fn check_sweeps(&mut self, curves: &[(String, Variant)], span: &Range<usize>) {
        let swept = |variant: &Variant| -> Vec<(String, Vec<String>)> {
            let several = variant.parameters.iter().filter(|p| p.values.len() > 1);
            several.map(|p| (p.name.clone(), p.values.iter().map(|v| v.expr.to_string()).collect())).collect()
        };
        let Some((first, others)) = curves.split_first() else { return };
        for (name, variant) in others {
            if swept(variant) != swept(&first.1) {
                let message = format!("'order' compares '{}' and '{name}', which sweep different values", first.0);
                let error = Diagnostic::new(span.clone(), message);
                self.reader.error(error.help("a curve may change a parameter, but not what is swept"));
            }
        }
    }
}

/// Words of a bound's name that the names of its files consist of: letters, digits, dots and hyphens, joined by
/// hyphens.
#[must_use]
pub(crate) fn file_words(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-').filter(|w| !w.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The parameters that a file declares anywhere: at its top or in a change.
pub(super) fn declared(root: &Table) -> Vec<&str> {
    let changes = ["case", "bound", "control", "curve"].into_iter().flat_map(|section| match root.get(section) {
        Some(Node { value: Value::List(list), .. }) => list.as_slice(),
        _ => &[],
    });
    let changed = changes.filter_map(|node| as_table(as_table(node)?.get("change")?));
    let places = changed.chain([root]).filter_map(|table| as_table(table.get("parameters")?));
    let mut names: Vec<&str> = places.flat_map(|table| table.entries.iter().map(|e| e.key.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    names
}
