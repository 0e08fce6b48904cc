//! What a file says about the instances among which a search looks.

use super::Diagnostic;
use super::claim::{FamilySetup, Scope, Spread};
use super::load::{Loader, as_table};
use super::tree::{Node, Table, Value};
use crate::scalar::Rational;

impl Loader<'_> {
    /// What the `family` of a bound or of the whole file says.
    pub(super) fn family(&mut self, holder: &Table, root: &Table) -> FamilySetup {
        let mut family = FamilySetup::default();
        let Some((table, span)) = self.reader.table(holder, "family") else { return family };
        self.reader.check_keys(table, "family", &span);
        family.scope = self.reader.word(table, "family", "scope").map(|word| match word.as_str() {
            "listed" => Scope::Listed,
            _ => Scope::Hypotheses,
        });
        // A bound's change may declare parameters of its own.
        let changed = holder.get("change").and_then(as_table).and_then(|change| change.get("parameters"));
        let places = [root.get("parameters"), changed].into_iter().flatten().filter_map(as_table);
        let declared: Vec<String> = places.flat_map(|p| p.entries.iter().map(|e| e.key.clone())).collect();
        for key in ["parameters", "values"] {
            let Some((entries, _)) = self.reader.table(table, key) else { continue };
            for entry in &entries.entries {
                if !declared.contains(&entry.key) {
                    let message = format!("the file declares no parameter '{}'", entry.key);
                    let error = Diagnostic::new(entry.key_span.clone(), message);
                    self.reader.error(error.did_you_mean(&entry.key, declared.iter().map(String::as_str)));
                }
                if family.parameters.iter().any(|(name, _)| *name == entry.key) {
                    let message = format!("'{}' has a range and values; it takes one of them", entry.key);
                    self.reader.error(Diagnostic::new(entry.key_span.clone(), message));
                }
                let spread = match key {
                    "values" => self.values(&entry.node, &entry.key).map(Spread::Values),
                    _ => self.range(&entry.node, &entry.key).map(|(low, high)| Spread::Range(low, high)),
                };
                family.parameters.extend(spread.map(|spread| (entry.key.clone(), spread)));
            }
        }
        if let Some(node) = table.get("dimension")
            && let Some((low, high)) = self.range(node, "dimension")
        {
            let count = |q: &Rational| q.to_i64().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
            match (count(&low), count(&high)) {
                (Some(low), Some(high)) => family.dimension = Some((low, high)),
                _ => self.reader.error(Diagnostic::new(node.span.clone(), "'dimension' takes whole numbers from 1 on")),
            }
        }
        let problems: Vec<&str> = self.registry.problems().map(|e| e.name).collect();
        let laws: Vec<&str> = self.registry.noises().map(|e| e.name).chain(["none"]).collect();
        family.problems = self.names(table, "problems", &problems);
        family.noise = self.names(table, "noise", &laws);
        family.conventions = self.names(table, "conventions", &["sign_zero", "ties"]);
        family
    }

    /// A list of known names; `None` where the key is absent.
    fn names(&mut self, table: &Table, key: &str, known: &[&str]) -> Option<Vec<String>> {
        table.get(key)?;
        let mut found = Vec::new();
        for (name, span) in self.reader.texts(table, key) {
            if known.contains(&name.as_str()) {
                found.push(name);
            } else {
                let error = Diagnostic::new(span, format!("'{key}' names '{name}', which is not known"));
                self.reader.error(error.did_you_mean(&name, known.iter().copied()));
            }
        }
        Some(found)
    }

    /// One number or more.
    fn values(&mut self, node: &Node, key: &str) -> Option<Vec<Rational>> {
        match &node.value {
            Value::List(list) if !list.is_empty() => list.iter().map(|node| self.reader.number(node, key)).collect(),
            _ => {
                self.reader.error(Diagnostic::new(node.span.clone(), format!("'{key}' takes a list: [16, 81]")));
                None
            }
        }
    }

    /// Two numbers in order.
    fn range(&mut self, node: &Node, key: &str) -> Option<(Rational, Rational)> {
        if let Value::List(list) = &node.value
            && let [low, high] = list.as_slice()
        {
            let (low, high) = (self.reader.number(low, key)?, self.reader.number(high, key)?);
            if low <= high {
                return Some((low, high));
            }
        }
        self.reader.error(Diagnostic::new(node.span.clone(), format!("'{key}' takes a range: [smallest, largest]")));
        None
    }
}
