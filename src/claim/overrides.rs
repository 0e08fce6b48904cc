//! What the command line changes in a claim file.

use super::Diagnostic;
use super::tree::{Table, Value};
use crate::expr::Expr;
use crate::model::HYPOTHESES;

/// What the command line lays over a claim file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    /// Values of declared parameters, `--set NAME=VALUE`.
    pub set: Vec<(String, String)>,
    /// Hypotheses that every bound needs besides its own, `--assume NAME`.
    pub assume: Vec<String>,
    /// Hypotheses that no bound needs, `--drop NAME`.
    pub drop: Vec<String>,
}

/// Refuses hypotheses that nobody knows, and those to be dropped that the file does not have.
pub(super) fn known_hypotheses(tree: &Table, overrides: &Overrides) -> Result<(), Vec<Diagnostic>> {
    for (option, names) in [("--assume", &overrides.assume), ("--drop", &overrides.drop)] {
        if let Some(name) = names.iter().find(|name| !HYPOTHESES.iter().any(|h| h.name == **name)) {
            let error = Diagnostic::new(0..0, format!("{option} {name}: unknown hypothesis '{name}'"));
            return Err(vec![error.did_you_mean(name, HYPOTHESES.iter().map(|h| h.name))]);
        }
    }
    let mut named = Vec::new();
    collect_hypotheses(tree, &mut named);
    for name in &overrides.drop {
        if !named.contains(name) {
            let error = Diagnostic::new(0..0, format!("--drop {name}: the file has no hypothesis '{name}'"));
            return Err(vec![match named.is_empty() {
                true => error.help("it has none at all"),
                false => error.did_you_mean(name, named.iter().map(String::as_str)),
            }]);
        }
        if overrides.assume.contains(name) {
            return Err(vec![Diagnostic::new(0..0, format!("'{name}' is both assumed and dropped"))]);
        }
    }
    Ok(())
}

/// The names under every `hypotheses` of a file, those of its cases and changes included.
fn collect_hypotheses(table: &Table, found: &mut Vec<String>) {
    for entry in &table.entries {
        collect_below(&entry.node.value, entry.key == "hypotheses", found);
    }
}

fn collect_below(value: &Value, named: bool, found: &mut Vec<String>) {
    match value {
        Value::Table(table) => collect_hypotheses(table, found),
        Value::List(list) => list.iter().for_each(|node| collect_below(&node.value, named, found)),
        Value::Text(text) if named => found.push(text.clone()),
        _ => {}
    }
}

/// Lays values over the declared parameters.
pub(super) fn set_parameters(tree: &mut Table, settings: &[(String, String)]) -> Result<(), Vec<Diagnostic>> {
    for (i, (name, value)) in settings.iter().enumerate() {
        if settings[..i].iter().any(|(other, _)| other == name) {
            return Err(vec![Diagnostic::new(0..0, format!("--set {name} is given twice"))]);
        }
        if value.starts_with('[') || (value.contains(',') && !value.contains('(')) {
            let message = format!("--set {name}={value}: takes one value, not a list");
            let help = "call once for each value, or list them under [parameters] in the file";
            return Err(vec![Diagnostic::new(0..0, message).help(help)]);
        }
        if let Err(error) = Expr::parse(value) {
            let message = format!("--set {name}={value}: {}", error.message);
            return Err(vec![Diagnostic { help: error.help, ..Diagnostic::new(0..0, message) }]);
        }
        let parameters = tree.entries.iter_mut().find(|e| e.key == "parameters");
        let Some(Value::Table(table)) = parameters.map(|e| &mut e.node.value) else {
            return Err(vec![Diagnostic::new(0..0, format!("--set {name}: the file declares no parameters"))]);
        };
        let Some(entry) = table.entries.iter_mut().find(|e| e.key == *name) else {
            let names: Vec<String> = table.entries.iter().map(|e| e.key.clone()).collect();
            let error = Diagnostic::new(0..0, format!("--set {name}: the file declares no parameter '{name}'"));
            return Err(vec![error.did_you_mean(name, names.iter().map(String::as_str))]);
        };
        entry.node.value = Value::Text(value.clone());
    }
    Ok(())
}
