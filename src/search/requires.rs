//! Ranges that were asked for, as inequalities of a claim file.

use crate::claim::{Node, Table, Value, Within};

/// The two inequalities of a range.
pub(super) fn inequalities(within: &Within) -> [String; 2] {
    let (low, high) = &within.range;
    [format!("{low} <= {}", within.text), format!("{} <= {high}", within.text)]
}

/// Adds the inequalities to those of a tree.
pub(super) fn require(tree: &mut Table, all: &[Within]) {
    if all.is_empty() {
        return;
    }
    let mut list = match tree.get("requires").map(|n| &n.value) {
        Some(Value::List(list)) => list.clone(),
        _ => Vec::new(),
    };
    list.extend(all.iter().flat_map(inequalities).map(|text| Node::new(Value::Text(text))));
    tree.set("requires", 0..0, Node::new(Value::List(list)));
}
