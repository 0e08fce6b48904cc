//! Questions of a file: relation, left side, right side.

use super::Diagnostic;
use super::file::{Parameter, PartSetup, Question, Relation, Trivial, Variant, Work};
use super::left::Left;
use super::loader::{Loader, NO_TRIVIAL};
use super::symbol::Scope;
use super::tree::{Node, Table, Value};
use crate::model::{OutputSpec, OwnStatistic};
use std::ops::Range;

impl Loader<'_> {
    pub(super) fn question(&mut self, tree: &Table, variant: &Variant, span: &Range<usize>) -> Option<Question> {
        let scope = Scope::new(&variant.parameters);
        let scope = match &variant.work {
            Work::Quantity(_) => scope.with_outputs(self.outputs(&variant.work)),
            Work::Experiment(_) => scope.with_facts(),
        };
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
        let (left, left_text) = self.left(left_node, &scope, &variant.work)?;
        let right = tree.get("right").and_then(|n| self.reader.formula(n, "right", &scope));
        if relation == Relation::Ordering && order.len() < 2 {
            self.reader.error(Diagnostic::new(span.clone(), "an ordering needs 'order': at least two curves"));
        } else if relation != Relation::Ordering && tree.get("right").is_none() {
            self.reader.error(
                Diagnostic::new(span.clone(), "the bound has no 'right'").help("the right side, such as \"D/T\""),
            );
        }
        let margin = tree.get("margin").and_then(|n| self.reader.formula(n, "margin", &scope));
        let trivial = tree.get("trivial").map_or(Trivial::Unsaid, |n| self.trivial(n, &scope));
        Some(Question { relation, left, left_text, right, order, margin, trivial, rate_in })
    }

    /// A formula, or `none: <reason>`.
    fn trivial(&mut self, node: &Node, scope: &Scope) -> Trivial {
        match &node.value {
            Value::Text(text) if text.trim_start().starts_with(NO_TRIVIAL) => {
                let reason = text.trim_start()[NO_TRIVIAL.len()..].trim();
                if reason.is_empty() {
                    let error = Diagnostic::new(node.span.clone(), "'trivial' says that there is none, and not why");
                    self.reader.error(error.help("\"none: <reason>\", or the bound that needs no theorem"));
                }
                Trivial::None(reason.into())
            }
            _ => self.reader.formula(node, "trivial", scope).map_or(Trivial::Unsaid, Trivial::Right),
        }
    }

    pub(super) fn left(&mut self, node: &Node, scope: &Scope, work: &Work) -> Option<(Left, String)> {
        match work {
            Work::Quantity(_) => self.reader.expression(node, "left", scope, &|expr| Left::of_quantity(expr, scope)),
            Work::Experiment(experiment) => {
                let scope = scope.clone().with_statistics(self.own_statistics(&experiment.problem.name));
                self.reader.expression(node, "left", &scope, &|expr| Left::of_statistics(expr, &scope))
            }
        }
    }

    /// Statistics that only this problem has.
    /// A parameter of an output's name could be either in a left or a right side.
    pub(super) fn check_outputs(&mut self, part: &PartSetup, parameters: &[Parameter]) {
        let outputs = self.registry.quantity(&part.name).map(|e| e.outputs).unwrap_or_default();
        for parameter in parameters {
            let Some(output) = outputs.iter().find(|o| o.name == parameter.name) else { continue };
            let message = format!(
                "'{}' could mean two things: the declared parameter, or the output '{}' of '{}' ({})",
                parameter.name, output.name, part.name, output.doc
            );
            let error = Diagnostic::new(parameter.span.clone(), message).also(part.span.clone(), "the quantity");
            self.reader.error(error.help("give the parameter another name"));
        }
    }

    pub(super) fn own_statistics(&self, problem: &str) -> Vec<&'static OwnStatistic> {
        self.registry.problem(problem).map(|entry| entry.statistics.iter().collect()).unwrap_or_default()
    }

    pub(super) fn outputs(&self, work: &Work) -> &'static [OutputSpec] {
        match work {
            Work::Quantity(part) => self.registry.quantity(&part.name).map(|e| e.outputs).unwrap_or_default(),
            Work::Experiment(_) => &[],
        }
    }
}
