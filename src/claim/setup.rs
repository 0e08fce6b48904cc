//! Setups of a file: parameters, problem, oracle, algorithm, conventions and run.

use super::Diagnostic;
use super::change::{NO_NOISE, START};
use super::file::{Experiment, Formula, OracleSetup, PartSetup, Requirement, RunSetup, Start, Variant, Work};
use super::loader::{Loader, PROSE_KEYS, QUESTION_KEYS, as_table};
use super::symbol::Scope;
use super::tree::{Node, Table, Value};
use crate::model::{self, MomentumForm, MomentumStart, Scaling, Semantics, SignZero};

impl Loader<'_> {
    pub(super) fn variant(&mut self, tree: &Table) -> Option<Variant> {
        let parameters = self.reader.parameters(tree);
        let scope = Scope::new(&parameters);
        let scope = if tree.get("quantity").is_none() { scope.with_facts() } else { scope };
        let hypotheses = self.hypotheses(tree);
        let requires = self.requires(tree, &scope);
        let work = match (tree.get("quantity"), tree.get("problem")) {
            (Some(node), None) => {
                let part = self.quantity(node, &scope)?;
                self.check_outputs(&part, &parameters);
                Work::Quantity(part)
            }
            (None, Some(_)) => Work::Experiment(Box::new(self.experiment(tree, &scope)?)),
            (None, None) => {
                let message = "the file has no [problem] (or [quantity])";
                let help = "[problem] name = \"quadratic\", or [quantity] name = \"vote-error\"; see `signcheck list`";
                self.reader.error(Diagnostic::new(0..0, message).help(help));
                return None;
            }
            (Some(node), Some(_)) => {
                let message = "a file has either a [quantity] or a [problem], not both";
                self.reader.error(Diagnostic::new(node.span.clone(), message));
                return None;
            }
        };
        let tuning = self.tuning(tree, &parameters);
        let mut setup = tree.clone();
        setup.entries.retain(|e| {
            !QUESTION_KEYS.contains(&e.key.as_str())
                && !PROSE_KEYS.contains(&e.key.as_str())
                && e.key != "hypotheses"
                && e.key != "requires"
        });
        Some(Variant { parameters, work, hypotheses, requires, setup: setup.canonical(), tuning })
    }

    pub(super) fn hypotheses(&mut self, tree: &Table) -> Vec<String> {
        let mut known = Vec::new();
        for (name, span) in self.reader.texts(tree, "hypotheses") {
            if model::HYPOTHESES.iter().any(|h| h.name == name) {
                known.push(name);
            } else {
                let error = Diagnostic::new(span, format!("unknown hypothesis '{name}'"));
                self.reader.error(error.did_you_mean(&name, model::HYPOTHESES.iter().map(|h| h.name)));
            }
        }
        let more: Vec<String> = self.overrides.assume.iter().filter(|a| !known.contains(a)).cloned().collect();
        known.extend(more);
        known.retain(|name| !self.overrides.drop.contains(name));
        known
    }

    pub(super) fn requires(&mut self, tree: &Table, scope: &Scope) -> Vec<Requirement> {
        let mut found = Vec::new();
        for (text, span) in self.reader.texts(tree, "requires") {
            let Some((left, operator, right)) =
                split_comparison(&text).map(|(l, o, r)| (l.to_string(), o.to_string(), r.to_string()))
            else {
                let error = Diagnostic::new(span, format!("'{text}' is no inequality"));
                self.reader.error(error.help("write one such as \"alpha < 2/Linf\" or \"0 <= beta\""));
                continue;
            };
            let mut side = |text: &str| {
                let node = Node { span: span.clone(), value: Value::Text(text.trim().into()) };
                self.reader.formula(&node, "requires", scope).map(|f| f.expr)
            };
            let (Some(left), Some(right)) = (side(&left), side(&right)) else { continue };
            let (low, high) = if operator.starts_with('<') { (left, right) } else { (right, left) };
            let strict = operator.len() == 1;
            found.push(Requirement { low, high, strict, text });
        }
        found
    }

    pub(super) fn quantity(&mut self, node: &Node, scope: &Scope) -> Option<PartSetup> {
        let table = as_table(node).cloned().or_else(|| {
            self.reader.error(Diagnostic::new(node.span.clone(), "'quantity' takes { name = \"..\" }"));
            None
        })?;
        let name =
            self.reader.text(&table, "name").or_else(|| self.reader.missing_name(&table, node, "quantity", "name"))?;
        match self.registry.quantity(&name) {
            Ok(entry) => {
                Some(self.reader.settings(&table, &node.span, ("quantity", "name", &[]), entry.params, &name, scope))
            }
            Err(_) => {
                let all: Vec<&str> = self.registry.quantities().map(|e| e.name).collect();
                self.reader.unknown(&table, node, "name", &format!("unknown quantity '{name}'"), &name, &all)
            }
        }
    }

    pub(super) fn experiment(&mut self, tree: &Table, scope: &Scope) -> Option<Experiment> {
        let problem = self.problem(tree, scope);
        let start = self.start(tree, scope);
        let oracle = self.oracle(tree, scope);
        let algorithm = self.algorithm(tree, scope);
        let semantics = self.semantics(tree);
        let run = self.run(tree, scope);
        Some(Experiment { problem: problem?, start, oracle, algorithm: algorithm?, semantics, run: run? })
    }

    pub(super) fn problem(&mut self, tree: &Table, scope: &Scope) -> Option<PartSetup> {
        let (table, span) = self.reader.table(tree, "problem")?;
        let node = Node { span: span.clone(), value: Value::Table(table.clone()) };
        let name =
            self.reader.text(table, "name").or_else(|| self.reader.missing_name(table, &node, "problem", "name"))?;
        match self.registry.problem(&name) {
            Ok(entry) => {
                let what = ("problem", "name", &[START][..]);
                Some(self.reader.settings(table, &span, what, entry.params, &name, scope))
            }
            Err(_) => {
                let all: Vec<&str> = self.registry.problems().map(|e| e.name).collect();
                self.reader.unknown(table, &node, "name", &format!("unknown problem '{name}'"), &name, &all)
            }
        }
    }

    pub(super) fn start(&mut self, tree: &Table, scope: &Scope) -> Start {
        let Some(Node { value: Value::Table(problem), .. }) = tree.get("problem") else { return Start::Default };
        let Some(node) = problem.get(START) else { return Start::Default };
        match &node.value {
            Value::Table(_) => self.reader.noise(node, "start", scope).map_or(Start::Default, Start::Random),
            Value::List(list) => {
                let formulas = list.iter().filter_map(|n| self.reader.formula(n, "start", scope)).collect();
                Start::At(formulas)
            }
            _ => self.reader.formula(node, "start", &scope.in_vector()).map_or(Start::Default, |f| Start::At(vec![f])),
        }
    }

    pub(super) fn oracle(&mut self, tree: &Table, scope: &Scope) -> OracleSetup {
        let mut setup = OracleSetup { noise: None, batch: None, workers: None, minibatch: false };
        let Some((table, span)) = self.reader.table(tree, "oracle") else { return setup };
        self.reader.check_keys(table, "oracle", &span);
        if let Some(node) = table.get("noise")
            && node.value != Value::Text(NO_NOISE.into())
        {
            setup.noise = self.reader.noise(node, "noise", scope);
        }
        setup.batch = table.get("batch").and_then(|n| self.reader.formula(n, "batch", &scope.in_schedule()));
        setup.workers = table.get("workers").and_then(|n| self.reader.formula(n, "workers", scope));
        setup.minibatch = self.reader.word(table, "oracle", "sampling").as_deref() == Some("minibatch");
        setup
    }

    pub(super) fn algorithm(&mut self, tree: &Table, scope: &Scope) -> Option<PartSetup> {
        let Some((table, span)) = self.reader.table(tree, "algorithm") else {
            let message = "the file has a [problem] but no [algorithm]";
            self.reader.error(Diagnostic::new(0..0, message).help("[algorithm] name = \"signsgd\""));
            return None;
        };
        let node = Node { span: span.clone(), value: Value::Table(table.clone()) };
        let name =
            self.reader.text(table, "name").or_else(|| self.reader.missing_name(table, &node, "algorithm", "name"))?;
        match self.registry.algorithm(&name) {
            Ok(entry) => {
                Some(self.reader.settings(table, &span, ("algorithm", "name", &[]), entry.params, &name, scope))
            }
            Err(_) => {
                let all: Vec<&str> = self.registry.algorithms().map(|e| e.name).collect();
                self.reader.unknown(table, &node, "name", &format!("unknown algorithm '{name}'"), &name, &all)
            }
        }
    }

    pub(super) fn semantics(&mut self, tree: &Table) -> Semantics {
        let mut semantics = Semantics::default();
        let Some((table, span)) = self.reader.table(tree, "semantics") else { return semantics };
        self.reader.check_keys(table, "semantics", &span);
        let zero = |word: Option<String>| match word.as_deref() {
            Some("+1") => SignZero::Plus,
            Some("-1") => SignZero::Minus,
            Some("random") => SignZero::Random,
            _ => SignZero::Zero,
        };
        semantics.sign_zero = zero(self.reader.word(table, "semantics", "sign_zero"));
        semantics.ties = zero(self.reader.word(table, "semantics", "ties"));
        semantics.momentum_form = match self.reader.word(table, "semantics", "momentum_form").as_deref() {
            Some("sum") => Some(MomentumForm::Sum),
            Some("average") => Some(MomentumForm::Average),
            _ => None,
        };
        if self.reader.word(table, "semantics", "momentum_start").as_deref() == Some("first-gradient") {
            semantics.momentum_start = MomentumStart::FirstGradient;
        }
        match table.get("scaling") {
            Some(Node { value: Value::List(list), .. }) => {
                semantics.scaling = Scaling::Blocks(list.iter().filter_map(|n| self.block(n)).collect());
            }
            Some(Node { value: Value::Text(text), .. }) if text == "whole" => {}
            Some(node) => {
                let error =
                    Diagnostic::new(node.span.clone(), "'scaling' is neither \"whole\" nor a list of block sizes");
                self.reader.error(error.help("write \"whole\", or a list such as [2, 5]"));
            }
            None => {}
        }
        semantics
    }

    /// The size of a block.
    fn block(&mut self, node: &Node) -> Option<usize> {
        let size = self.reader.number(node, "scaling")?;
        let whole = size.to_i64().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        if whole.is_none() {
            let message = format!("'scaling' has a block of {size}; a size is a whole number from 1 on");
            self.reader.error(Diagnostic::new(node.span.clone(), message));
        }
        whole
    }

    pub(super) fn run(&mut self, tree: &Table, scope: &Scope) -> Option<RunSetup> {
        let Some((table, span)) = self.reader.table(tree, "run") else {
            self.reader
                .error(Diagnostic::new(0..0, "the file has a [problem] but no [run]").help("[run] horizon = 100"));
            return None;
        };
        self.reader.check_keys(table, "run", &span);
        let horizon = table.get("horizon").and_then(|n| self.reader.formula(n, "horizon", scope));
        let window = self.pair(table, "window", scope);
        let checkpoints = match self.reader.count(table, "checkpoints") {
            Some(n) if n >= 2 => n,
            Some(n) => {
                let span = table.get("checkpoints").map_or(span, |n| n.span.clone());
                self.reader.error(Diagnostic::new(span, format!("'checkpoints' is {n}; it must be at least 2")));
                2
            }
            None => 100,
        };
        let replicates = self.replicates(table);
        let logarithmic = self.reader.word(table, "run", "spacing").as_deref() == Some("log");
        Some(RunSetup { horizon: horizon?, window, replicates: replicates?, checkpoints, logarithmic })
    }

    pub(super) fn pair(&mut self, table: &Table, key: &str, scope: &Scope) -> Option<(Formula, Formula)> {
        let node = table.get(key)?;
        let Value::List(list) = &node.value else {
            self.reader.error(Diagnostic::new(node.span.clone(), format!("'{key}' takes two values: [first, last]")));
            return None;
        };
        let [first, last] = list.as_slice() else {
            self.reader.error(Diagnostic::new(node.span.clone(), format!("'{key}' has {} values, not 2", list.len())));
            return None;
        };
        Some((self.reader.formula(first, key, scope)?, self.reader.formula(last, key, scope)?))
    }

    pub(super) fn replicates(&mut self, table: &Table) -> Option<(u64, u64)> {
        let Some(node) = table.get("replicates") else { return Some((1, 1)) };
        let (quick, full, spans) = match &node.value {
            Value::Table(inner) => {
                for entry in inner.entries.iter().filter(|e| e.key != "quick" && e.key != "full") {
                    let error = Diagnostic::new(entry.key_span.clone(), format!("unknown profile '{}'", entry.key));
                    self.reader.error(error.did_you_mean(&entry.key, ["quick", "full"].into_iter()));
                }
                let quick = self.reader.count(inner, "quick")?;
                let full = self.reader.count(inner, "full").unwrap_or(quick);
                (quick, full, node.span.clone())
            }
            _ => {
                let n = self.reader.count(table, "replicates")?;
                (n, n, node.span.clone())
            }
        };
        if quick == 0 || full == 0 {
            let message = "'replicates' is 0: nothing would be measured";
            self.reader.error(Diagnostic::new(spans, message).help("give at least 1"));
            return None;
        }
        Some((quick, full))
    }
}

/// The two sides of the only comparison in a text.
fn split_comparison(text: &str) -> Option<(&str, &str, &str)> {
    let operator = ["<=", ">=", "<", ">"].into_iter().find(|o| text.contains(o))?;
    let (left, right) = text.split_once(operator)?;
    (!right.contains(['<', '>', '='])).then_some((left, operator, right))
}
