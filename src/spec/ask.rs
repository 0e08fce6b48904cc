//! Questions of a file: relation, left side, right side.

use super::Diagnostic;
use super::claim::{Question, Relation, Variant, Work};
use super::left::Left;
use super::load::Loader;
use super::read::{FUNCTIONALS, Names};
use super::tree::{Node, Table, Value};
use crate::model;
use std::ops::Range;

impl Loader<'_> {
    pub(super) fn question(&mut self, tree: &Table, variant: &Variant, span: &Range<usize>) -> Option<Question> {
        let names = Names::new(&variant.parameters);
        let outputs = self.outputs(&variant.work);
        let Some(relation) = self.reader.word(tree, "", "relation").and_then(|r| Relation::named(&r)) else {
            if tree.get("relation").is_none() {
                self.reader.error(Diagnostic::new(span.clone(), "the file has no 'relation', which its bounds need"));
            }
            return None;
        };
        let order: Vec<String> = self.reader.texts(tree, "order").into_iter().map(|(t, _)| t).collect();
        let rate_in = self.reader.text(tree, "rate_in");
        if relation == Relation::Rate
            && !rate_in.as_ref().is_some_and(|n| variant.parameters.iter().any(|p| p.name == *n && p.values.len() > 2))
        {
            let message = "a rate needs 'rate_in': a parameter that is swept over at least three values";
            self.reader.error(Diagnostic::new(span.clone(), message));
        }
        let Some(left_node) = tree.get("left") else {
            self.reader.error(Diagnostic::new(span.clone(), "the file has no 'left', which its bounds need"));
            return None;
        };
        let (left, left_text) = self.left(left_node, &names, &outputs)?;
        let right_names: Vec<&str> = names.constants.iter().chain(&outputs).copied().collect();
        let right = tree.get("right").and_then(|n| self.reader.formula(n, "right", &right_names));
        if relation == Relation::Ordering && order.len() < 2 {
            self.reader.error(Diagnostic::new(span.clone(), "an ordering needs 'order': at least two curves"));
        } else if relation != Relation::Ordering && tree.get("right").is_none() {
            self.reader.error(
                Diagnostic::new(span.clone(), "the bound has no 'right'").help("the right side, such as \"D/T\""),
            );
        }
        let margin = tree.get("margin").and_then(|n| self.reader.formula(n, "margin", &right_names));
        let trivial = tree.get("trivial").and_then(|n| self.reader.formula(n, "trivial", &right_names));
        Some(Question { relation, left, left_text, right, order, margin, trivial, rate_in })
    }

    pub(super) fn left(&mut self, node: &Node, names: &Names<'_>, outputs: &[&'static str]) -> Option<(Left, String)> {
        if !outputs.is_empty() {
            let all: Vec<&str> = names.constants.iter().chain(outputs).copied().collect();
            let formula = self.reader.formula(node, "left", &all)?;
            return Some((Left::of_quantity(formula.expr), formula.text));
        }
        let own = self.registry.own_statistics();
        let all = self.with_statistics(names, node, "left");
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let formula = self.reader.formula_with(node, "left", &all, FUNCTIONALS)?;
        match Left::of_statistics(&formula.expr, &|name| model::is_statistic(name, &own)) {
            Ok(left) => Some((left, formula.text)),
            Err(error) => {
                self.reader.expression_error(node, "left", error);
                None
            }
        }
    }

    /// Constants, statistics, and those of the names used that are patterns (`x3`, `error_l2`).
    pub(super) fn with_statistics(&mut self, names: &Names<'_>, node: &Node, _key: &str) -> Vec<String> {
        let own = self.registry.own_statistics();
        let mut all: Vec<String> = names.constants.iter().map(|s| (*s).into()).collect();
        all.extend(model::STATISTICS.iter().map(|s| s.name.to_string()));
        all.extend(own.iter().map(|o| o.name.to_string()));
        if let Value::Text(text) = &node.value
            && let Ok(expr) = crate::expr::Expr::parse(text)
        {
            let used = expr.names().into_iter().map(|(n, _)| n.to_string());
            all.extend(used.filter(|n| model::is_statistic(n, &own)));
        }
        all
    }

    pub(super) fn outputs(&self, work: &Work) -> Vec<&'static str> {
        match work {
            Work::Quantity(part) => self
                .registry
                .quantity(&part.name)
                .map(|e| e.outputs.iter().map(|o| o.name).collect())
                .unwrap_or_default(),
            Work::Experiment(_) => Vec::new(),
        }
    }
}
