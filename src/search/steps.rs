//! Which link of a proof gives way at an instance that breaks the claim.

use super::CAREFUL;
use super::score::evaluate_tree;
use crate::claim::{Bound, Node, Relation, Scope, Spec, Table, Value};
use crate::model::Registry;

/// The trees of a case that both bounds have with the same algorithm, oracle and quantity: the other's, and the bound's
/// own.
fn same_setup<'b>(other: &'b Bound, bound: &'b Bound) -> Option<(&'b Table, &'b Table)> {
    let same = |a: &Table, b: &Table, key: &str| a.get(key).map(|n| &n.value) == b.get(key).map(|n| &n.value);
    let pairs = other.scenarios.iter().flat_map(|o| bound.scenarios.iter().map(move |b| (o, b)));
    let fits = |a: &Table, b: &Table| ["algorithm", "oracle", "quantity", "semantics"].iter().all(|k| same(a, b, k));
    pairs.filter(|(o, b)| o.case == b.case).map(|(o, b)| (&o.tree, &b.tree)).find(|(a, b)| fits(a, b))
}

/// Parameters that a step sets for itself, such as the horizon 1 of a single step.
fn set_parameters(question_tree: &mut Table, question: &Table, own: &Table) {
    let of = |t: &Table| match t.get("parameters").map(|n| &n.value) {
        Some(Value::Table(parameters)) => parameters.entries.clone(),
        _ => Vec::new(),
    };
    let before = of(own);
    let differs =
        |key: &str, value: &Value| before.iter().find(|e| e.key == key).is_none_or(|e| e.node.value != *value);
    let Some(parameters) = question_tree.entries.iter_mut().find(|e| e.key == "parameters") else { return };
    let Value::Table(parameters) = &mut parameters.node.value else { return };
    for entry in of(question) {
        let single = !matches!(entry.node.value, Value::List(_));
        if single && differs(&entry.key, &entry.node.value) {
            parameters.set(&entry.key, 0..0, Node::new(entry.node.value.clone()));
        }
    }
}

/// The first of the file's other bounds, in its order, that breaks at the instance too: the link that gives way.
#[must_use]
pub(crate) fn first_broken_step(spec: &Spec, bound: &Bound, tree: &Table, registry: &Registry) -> Option<String> {
    // Links of a proof are upper bounds on every instance; a bound on listed instances only is none.
    let is_link = |b: &&Bound| {
        let relation = b.scenarios.first().map(|t| t.question.relation);
        b.family.scope != Some(Scope::Listed) && matches!(relation, Some(Relation::Upper | Relation::Tight))
    };
    for other in spec.bounds.iter().filter(|b| b.name != bound.name).filter(is_link) {
        let Some((question, own)) = same_setup(other, bound) else { continue };
        let mut question_tree = tree.clone();
        for key in ["left", "right", "relation", "margin", "requires", "hypotheses"] {
            question_tree.entries.retain(|e| e.key != key);
            if let Some(node) = question.get(key) {
                question_tree.set(key, 0..0, Node { span: 0..0, value: node.value.clone() });
            }
        }
        set_parameters(&mut question_tree, question, own);
        // That a bound is attained is claimed for the file's instances only.
        if question.get("relation").is_some_and(|n| n.value == Value::Text("tight".into())) {
            question_tree.set("relation", 0..0, Node::new(Value::Text("upper".into())));
        }
        if evaluate_tree(registry, &question_tree, CAREFUL).is_ok_and(|(_, w)| w.certain) {
            return Some(other.name.clone());
        }
    }
    None
}
