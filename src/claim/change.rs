//! A change laid over a file: which keys it replaces, and which go with the part that they belonged to.
//!
//! Tables merge key by key and everything else is replaced. A part (problem, algorithm, quantity, noise law, start law,
//! compressor, an algorithm's own noise) owns the keys that stand with its name. A change that gives another name drops
//! all of them except those that it repeats, or names in `keep`. A change that gives the same name, or none, changes
//! only the keys that it gives.

use super::tree::{Dropped, Entry, Table, Value};
use crate::scalar::Rational;
use std::ops::Range;

/// The key of a problem's table that is not the problem's: x_0 is a point, whatever the objective, and stays.
pub(super) const START: &str = "start";

/// The key of a change that lists the keys of the old part that the new part takes over: `keep = ["step_size"]`.
pub(super) const KEEP: &str = "keep";

/// The text in a noise law's place that says that there is none.
pub(super) const NO_NOISE: &str = "none";

impl Dropped {
    /// The key and its value as a file has them; what is long is cut.
    #[must_use]
    pub fn written(&self) -> String {
        format!("{} = {}", self.key, brief(&self.value))
    }

    /// Whether a default says the same: a single number stands for every coordinate.
    #[must_use]
    pub fn is(&self, default: &str) -> bool {
        says(&self.value, default)
    }
}

fn says(value: &Value, default: &str) -> bool {
    match value {
        Value::Number(q) => default.parse().is_ok_and(|d: Rational| d == *q),
        Value::Text(text) => {
            let same: (Result<Rational, _>, Result<Rational, _>) = (text.parse(), default.parse());
            text == default || matches!(same, (Ok(a), Ok(b)) if a == b)
        }
        Value::Table(part) => {
            part.entries.len() == 1 && Place::Inner.name(part).is_some_and(|(_, name)| name == default)
        }
        Value::List(list) => !list.is_empty() && list.iter().all(|item| says(&item.value, default)),
        Value::Bool(_) => false,
    }
}

/// Most entries of a list that a message shows.
const SHOWN: usize = 4;

fn brief(value: &Value) -> String {
    match value {
        Value::Number(q) if q.to_i64().is_some() => q.to_string(),
        Value::Number(q) => format!("\"{q}\""),
        Value::Text(text) => format!("{text:?}"),
        Value::Bool(b) => b.to_string(),
        Value::List(list) => {
            let more = if list.len() > SHOWN { ", .." } else { "" };
            let shown: Vec<String> = list.iter().take(SHOWN).map(|n| brief(&n.value)).collect();
            format!("[{}{more}]", shown.join(", "))
        }
        Value::Table(table) => {
            let shown: Vec<String> =
                table.entries.iter().map(|e| format!("{} = {}", e.key, brief(&e.node.value))).collect();
            format!("{{ {} }}", shown.join(", "))
        }
    }
}

/// What a table is, for a change.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// The whole file.
    File,
    /// `[oracle]`.
    Oracle,
    /// Problem, algorithm, quantity: a table with a `name`.
    Part,
    /// What stands in a part, or a noise law: a part of its own where it is a table, with a `name` or a `law`.
    Inner,
    /// Anything else.
    Plain,
}

impl Place {
    fn of(self, key: &str) -> Place {
        match (self, key) {
            (Place::File, "problem" | "algorithm" | "quantity") => Place::Part,
            (Place::File, "oracle") => Place::Oracle,
            (Place::Oracle, "noise") | (Place::Part | Place::Inner, _) => Place::Inner,
            _ => Place::Plain,
        }
    }

    /// The name of a part that stands here, and the key under which it stands.
    fn name(self, part: &Table) -> Option<(&'static str, &str)> {
        let keys: &[&'static str] = match self {
            Place::Part => &["name"],
            Place::Inner => &["name", "law"],
            Place::File | Place::Oracle | Place::Plain => &[],
        };
        keys.iter().find_map(|key| match part.get(key).map(|n| &n.value) {
            Some(Value::Text(name)) => Some((*key, name.as_str())),
            _ => None,
        })
    }
}

impl Table {
    /// Lays a change over a file.
    pub fn apply(&mut self, change: &Table) {
        self.lay(change, Place::File);
    }

    fn lay(&mut self, change: &Table, place: Place) {
        for new in &change.entries {
            match self.entries.iter_mut().find(|e| e.key == new.key) {
                Some(old) => old.lay(new, place.of(&new.key)),
                None => self.entries.push(new.clone()),
            }
        }
    }

    /// Drops what belongs to the part, whose name stands under `name_key`, for a change that names another.
    fn drop_keys(&mut self, name_key: &str, place: Place, keep: &[&str], by: &Range<usize>) {
        let of = place.name(self).map(|(_, name)| name.to_string()).unwrap_or_default();
        for entry in std::mem::take(&mut self.entries) {
            let stays = (place == Place::Part && entry.key == START) || keep.contains(&entry.key.as_str());
            if stays {
                self.entries.push(entry);
            } else if entry.key != name_key {
                self.dropped.retain(|d| d.key != entry.key);
                self.dropped.push(Dropped { key: entry.key, value: entry.node.value, of: of.clone(), by: by.clone() });
            }
        }
    }

    /// Takes `keep` out of a change of a part and gives the keys that it names; those that the part does not have stay
    /// in it, for the reader to refuse.
    fn take_keep(&mut self, part: &Table) -> Vec<String> {
        let Some(entry) = self.entries.iter_mut().find(|e| e.key == KEEP) else { return Vec::new() };
        let Value::List(list) = &mut entry.node.value else { return Vec::new() };
        let mut found = Vec::new();
        list.retain(|item| match &item.value {
            Value::Text(key) if part.get(key).is_some() => {
                found.push(key.clone());
                false
            }
            _ => true,
        });
        if list.is_empty() {
            self.entries.retain(|e| e.key != KEEP);
        }
        found
    }
}

impl Entry {
    fn lay(&mut self, new: &Entry, place: Place) {
        let stands = match &self.node.value {
            Value::Table(below) => place.name(below).map(|(key, name)| (key, name.to_string())),
            _ => None,
        };
        match (&mut self.node.value, &new.node.value) {
            (Value::Table(below), Value::Table(above)) => {
                let mut above = above.clone();
                if let Some((key, was)) = &stands {
                    let keep = above.take_keep(below);
                    if place.name(&above).is_some_and(|(_, is)| is != was) {
                        let keep: Vec<&str> = keep.iter().map(String::as_str).collect();
                        below.drop_keys(key, place, &keep, &new.node.span);
                        (self.key_span, self.node.span) = (new.key_span.clone(), new.node.span.clone());
                    }
                }
                below.lay(&above, place);
            }
            // A bare text is a name and no more: the same part as it stands, or another without keys.
            (Value::Table(below), Value::Text(is)) if stands.is_some() && place == Place::Inner && is != NO_NOISE => {
                if let Some((key, _)) = stands.filter(|(_, was)| was != is) {
                    below.drop_keys(key, place, &[], &new.node.span);
                    below.set(key, new.key_span.clone(), new.node.clone());
                    (self.key_span, self.node.span) = (new.key_span.clone(), new.node.span.clone());
                }
            }
            _ => *self = new.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;

    fn laid(layers: &[&str]) -> Table {
        let mut trees = layers.iter().map(|text| parse(text).unwrap());
        let mut base = trees.next().unwrap();
        trees.for_each(|change| base.apply(&change));
        base
    }

    /// The file under the layers is the file that is written out.
    fn same(layers: &[&str], whole: &str) {
        assert_eq!(laid(layers).canonical(), parse(whole).unwrap().canonical(), "{layers:?}");
    }

    #[test]
    fn another_name_drops_the_keys_of_the_part_before() {
        let base = "algorithm = { name = 'rmsprop', step_size = 1, epsilon = 1 }";
        same(&[base, "algorithm = { name = 'adam' }"], "algorithm = { name = 'adam' }");
        same(&[base, "algorithm = { name = 'adam', epsilon = 2 }"], "algorithm = { name = 'adam', epsilon = 2 }");
        let noise = "oracle = { batch = 2, noise = { law = 'gaussian', scale = 4 } }";
        same(
            &[noise, "oracle = { noise = { law = 'laplace' } }"],
            "oracle = { batch = 2, noise = { law = 'laplace' } }",
        );
        same(&[noise, "oracle = { noise = 'laplace' }"], "oracle = { batch = 2, noise = { law = 'laplace' } }");
        same(&[noise, "oracle = { noise = 'none' }"], "oracle = { batch = 2, noise = 'none' }");
        let mean = "quantity = { name = 'mean-error', law = 'skew50', samples = 3 }";
        same(&[mean, "quantity = { name = 'vote-error' }"], "quantity = { name = 'vote-error' }");
        same(
            &[mean, "quantity = { law = 'laplace' }"],
            "quantity = { name = 'mean-error', law = 'laplace', samples = 3 }",
        );
    }

    #[test]
    fn keep_takes_keys_over() {
        let base = "algorithm = { name = 'signsgd', step_size = '1/k', momentum = 1 }";
        same(
            &[base, "algorithm = { name = 'sgd', keep = ['step_size'] }"],
            "algorithm = { name = 'sgd', step_size = '1/k' }",
        );
        same(
            &[base, "algorithm = { name = 'sgd', step_size = 2, keep = ['step_size'] }"],
            "algorithm = { name = 'sgd', step_size = 2 }",
        );
        same(&[base, "algorithm = { name = 'signsgd', keep = ['step_size'] }"], base);
        // What the part before does not have is left for the reader to refuse.
        same(
            &[base, "algorithm = { name = 'sgd', keep = ['step_size', 'step'] }"],
            "algorithm = { name = 'sgd', step_size = '1/k', keep = ['step'] }",
        );
        same(&["problem = {}", base], &format!("problem = {{}}\n{base}"));
    }

    #[test]
    fn the_same_name_or_none_keeps_them() {
        let noise = "oracle = { noise = { law = 'gaussian', scale = 4 } }";
        for change in ["oracle = { noise = { law = 'gaussian' } }", "oracle = { noise = 'gaussian' }", "oracle = {}"] {
            same(&[noise, change], noise);
        }
        same(&[noise, "oracle = { noise = { scale = 2 } }"], "oracle = { noise = { law = 'gaussian', scale = 2 } }");
    }

    #[test]
    fn a_change_back_brings_nothing_back() {
        let base = "problem = { name = 'huber', curvature = 9, start = [1] }";
        let there = "problem = { name = 'log-cosh', curvature = 2 }";
        let back = "problem = { name = 'huber' }";
        same(&[base, there, back], "problem = { name = 'huber', start = [1] }");
        let tree = laid(&[base, there, back]);
        let dropped = table_in(&tree, "problem").dropped.clone();
        let reported: Vec<(&str, &str)> = dropped.iter().map(|d| (d.key.as_str(), d.of.as_str())).collect();
        assert_eq!(reported, [("curvature", "log-cosh")]);
    }

    #[test]
    fn parts_within_parts_follow_the_rule() {
        let base =
            "algorithm = { name = 'ef-sgd', step_size = 1, compressor = { name = 'random-k', k = 2, rescale = 'no' } }";
        same(
            &[base, "algorithm = { compressor = { name = 'terngrad' } }"],
            "algorithm = { name = 'ef-sgd', step_size = 1, compressor = { name = 'terngrad' } }",
        );
        same(&[base, "algorithm = { name = 'compressed-sgd' }"], "algorithm = { name = 'compressed-sgd' }");
        let start = "problem = { name = 'quadratic', curvature = 1, start = { law = 'gaussian', scale = 3 } }";
        same(
            &[start, "problem = { start = { law = 'uniform' } }"],
            "problem = { name = 'quadratic', curvature = 1, start = { law = 'uniform' } }",
        );
        same(
            &[start, "problem = { name = 'cosine', amplitude = 1, start = { scale = 5 } }"],
            "problem = { name = 'cosine', amplitude = 1, start = { law = 'gaussian', scale = 5 } }",
        );
    }

    /// A declared parameter can be called `name` or `law` and take a text: no part is named there.
    #[test]
    fn parameters_are_no_part() {
        same(
            &["parameters = { name = '2*T', T = 1 }", "parameters = { name = '3*T' }"],
            "parameters = { name = '3*T', T = 1 }",
        );
    }

    fn table_in<'t>(table: &'t Table, key: &str) -> &'t Table {
        match table.get(key).map(|n| &n.value) {
            Some(Value::Table(inner)) => inner,
            other => panic!("{key} is {other:?}"),
        }
    }
}
