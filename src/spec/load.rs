//! From a tree to a [`Spec`].

use super::claim::{
    BandKind, Bound, Control, Curve, Experiment, FigureKind, FigureSetup, Formula, OracleSetup, PartSetup, Question,
    Relation, Requirement, RunSetup, Setting, Spec, Start, Trial, Variant, Work,
};
use super::left::Left;
use super::read::{FUNCTIONALS, Names, Reader};
use super::tree::{Node, Table, Value};
use super::{Diagnostic, SpecError, tree};
use crate::model::{self, MomentumForm, MomentumStart, Registry, Scaling, Semantics, SignZero};
use crate::results::{Expectation, Outcome, Source};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Keys of a change that vary the question rather than the setup.
const QUESTION_KEYS: &[&str] = &["left", "right", "relation", "margin", "order", "trivial", "rate_in", "units"];
/// Keys that neither vary the setup nor the question.
const PROSE_KEYS: &[&str] = &[
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
];

/// Reads a claim file for the profile `quick`, after laying `settings` (`--set NAME=VALUE`) over its parameters.
///
/// # Errors
/// Every error of the file.
pub fn load(
    file: &str,
    text: &str,
    registry: &Registry,
    settings: &[(String, String)],
) -> Result<Spec, Box<SpecError>> {
    load_in("quick", (file, text), registry, settings)
}

/// [`load`] for a profile, whose values parameters take where they are given by profile.
///
/// # Errors
/// As there.
pub fn load_in(
    profile: &str,
    (file, text): (&str, &str),
    registry: &Registry,
    settings: &[(String, String)],
) -> Result<Spec, Box<SpecError>> {
    let fail = |diagnostics| Box::new(SpecError::new(file, text, diagnostics));
    let mut tree = tree::parse(text).map_err(fail)?;
    super::profile::choose(&mut tree, profile).map_err(fail)?;
    set_parameters(&mut tree, settings).map_err(fail)?;
    let mut loader = Loader { reader: Reader::new(registry), registry, root: tree.clone() };
    let spec = loader.spec(text, settings);
    match spec {
        Some(spec) if loader.reader.diagnostics.is_empty() => Ok(spec),
        _ => Err(fail(loader.reader.diagnostics)),
    }
}

fn set_parameters(tree: &mut Table, settings: &[(String, String)]) -> Result<(), Vec<Diagnostic>> {
    for (name, value) in settings {
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

struct Loader<'a> {
    reader: Reader<'a>,
    registry: &'a Registry,
    root: Table,
}

impl Loader<'_> {
    fn spec(&mut self, text: &str, settings: &[(String, String)]) -> Option<Spec> {
        let root = self.root.clone();
        self.reader.check_keys(&root, "", &(0..0));
        self.check_schema(&root);
        let id = self.reader.text(&root, "id").unwrap_or_default();
        self.check_id(&root, &id);
        let source = self.source(&root);
        let cases = self.cases(&root);
        let base: Vec<(String, Variant)> = cases
            .iter()
            .filter_map(|(name, change)| self.variant(&merged(&root, change.as_ref(), None)).map(|v| (name.clone(), v)))
            .collect();
        let curves = self.curves(&root, &cases);
        let bounds = self.bounds(&root, &cases);
        let controls = self.controls(&root, &cases);
        let figures = self.figures(&root);
        let relation = self.reader.word(&root, "", "relation").and_then(|r| Relation::named(&r));
        if bounds.is_empty() && figures.is_empty() {
            self.reader
                .error(Diagnostic::new(0..0, "the file has neither a [[bound]] nor a [[figure]]: nothing to do"));
        }
        let mut hasher = Sha256::new();
        hasher.update(text);
        for (name, value) in settings {
            hasher.update(format!("\0{name}={value}"));
        }
        let hash = hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Some(Spec {
            id,
            title: self.reader.text(&root, "title").unwrap_or_default(),
            source: source?,
            statement: self.reader.text(&root, "statement").unwrap_or_default(),
            relation,
            left_text: self.reader.text(&root, "left").unwrap_or_default(),
            assumes: self.reader.texts(&root, "assumes").into_iter().map(|(t, _)| t).collect(),
            units_waiver: self.units(&root),
            dimensions: self.dimensions(&root),
            notes: self.reader.texts(&root, "notes").into_iter().map(|(t, _)| t).collect(),
            base,
            bounds,
            controls,
            curves,
            figures,
            hash,
            tree: root,
        })
    }

    fn check_schema(&mut self, root: &Table) {
        if let (Some(version), Some(node)) = (self.reader.count(root, "schema"), root.get("schema"))
            && version != 1
        {
            let message = format!("schema {version} is not known");
            self.reader.error(Diagnostic::new(node.span.clone(), message).help("this program reads schema = 1"));
        }
    }

    fn check_id(&mut self, root: &Table, id: &str) {
        let good = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        let parts: Vec<&str> = id.split('/').collect();
        if let (Some(node), false) = (root.get("id"), parts.len() == 2 && parts.iter().all(|p| good(p))) {
            let message = format!("id '{id}' is not of the form <paper>/<claim>");
            let help = "two words of lower-case letters, digits and hyphens, such as my-paper/theorem-1";
            self.reader.error(Diagnostic::new(node.span.clone(), message).help(help));
        }
    }

    fn source(&mut self, root: &Table) -> Option<Source> {
        let (table, span) = self.reader.table(root, "source")?;
        self.reader.check_keys(table, "source", &span);
        let paper = self.reader.text(table, "paper")?;
        Some(Source { paper, place: self.reader.text(table, "place")? })
    }

    fn units(&mut self, root: &Table) -> Option<String> {
        let text = self.reader.text(root, "units")?;
        match text.strip_prefix("waived:") {
            Some(reason) if !reason.trim().is_empty() => Some(reason.trim().into()),
            _ => {
                let span = root.get("units").map_or(0..0, |n| n.span.clone());
                self.reader.error(Diagnostic::new(span, "'units' takes \"waived: <reason>\""));
                None
            }
        }
    }

    fn dimensions(&mut self, root: &Table) -> Vec<(String, (i64, i64))> {
        let Some((table, _)) = self.reader.table(root, "dimensions") else { return Vec::new() };
        let mut found = Vec::new();
        for entry in &table.entries {
            let powers: Vec<i64> = match &entry.node.value {
                Value::List(list) => {
                    list.iter().filter_map(|n| self.reader.number(n, &entry.key)).filter_map(|q| q.to_i64()).collect()
                }
                _ => Vec::new(),
            };
            match powers.as_slice() {
                [f, x] => found.push((entry.key.clone(), (*f, *x))),
                _ => {
                    let message = format!("'{}' takes the powers of [f] and [x], such as [-1, 2]", entry.key);
                    self.reader.error(Diagnostic::new(entry.node.span.clone(), message));
                }
            }
        }
        found
    }

    fn cases(&mut self, root: &Table) -> Vec<(String, Option<Table>)> {
        let mut cases = Vec::new();
        for (table, span) in self.reader.tables(root, "case") {
            self.reader.check_keys(table, "case", &span);
            let name = self.reader.text(table, "name").unwrap_or_default();
            if cases.iter().any(|(n, _)| *n == name) {
                self.reader.error(Diagnostic::new(span.clone(), format!("case '{name}' is there twice")));
            }
            let change = self.change(table);
            cases.push((name, change));
        }
        if cases.is_empty() {
            cases.push((String::new(), None));
        }
        cases
    }

    /// The `change` of a table, checked for keys that a change cannot have.
    fn change(&mut self, table: &Table) -> Option<Table> {
        let (change, _) = self.reader.table(table, "change")?;
        let top = super::fields::section("").fields;
        for entry in &change.entries {
            let allowed = entry.key == "right"
                || entry.key == "order"
                || (top.iter().any(|f| f.key == entry.key) && !PROSE_KEYS.contains(&entry.key.as_str()));
            if !allowed {
                let message = format!("a change cannot set '{}'", entry.key);
                let accepted = top.iter().map(|f| f.key).filter(|k| !PROSE_KEYS.contains(k)).chain(["right", "order"]);
                self.reader.error(Diagnostic::new(entry.key_span.clone(), message).did_you_mean(&entry.key, accepted));
            }
        }
        Some(change.clone())
    }

    fn expectation(&mut self, table: &Table) -> Expectation {
        let expect = self.reader.word(table, "bound", "expect").and_then(|w| outcome(&w)).unwrap_or(Outcome::Holds);
        Expectation { expect, why: self.reader.text(table, "why").unwrap_or_default() }
    }

    fn bounds(&mut self, root: &Table, cases: &[(String, Option<Table>)]) -> Vec<Bound> {
        let mut bounds: Vec<Bound> = Vec::new();
        for (table, span) in self.reader.tables(root, "bound") {
            self.reader.check_keys(table, "bound", &span);
            let name = self.reader.text(table, "name").unwrap_or_default();
            if bounds.iter().any(|b| b.name == name) {
                self.reader.error(Diagnostic::new(span.clone(), format!("bound '{name}' is there twice")));
            }
            let change = self.change(table);
            let own = question_of(table);
            let trials = self.trials(root, cases, table, &[Some(&own), change.as_ref()], &span);
            let right_text = trials
                .first()
                .map(|t| t.question.right.as_ref().map_or_else(|| t.question.order.join(" < "), |r| r.text.clone()))
                .unwrap_or_default();
            bounds.push(Bound { name, right_text, expectation: self.expectation(table), trials });
        }
        bounds
    }

    fn controls(&mut self, root: &Table, cases: &[(String, Option<Table>)]) -> Vec<Control> {
        let bound_tables = self.reader.tables(root, "bound");
        let mut controls = Vec::new();
        for (table, span) in self.reader.tables(root, "control") {
            self.reader.check_keys(table, "control", &span);
            let bound = self.reader.text(table, "bound").unwrap_or_default();
            let named = |t: &Table| matches!(t.get("name").map(|n| &n.value), Some(Value::Text(n)) if *n == bound);
            let Some((base, _)) = bound_tables.iter().find(|(t, _)| named(t)) else {
                let names: Vec<&str> = bound_tables.iter().filter_map(|(t, _)| text_of(t, "name")).collect();
                let place = table.get("bound").map_or(span, |n| n.span.clone());
                let error = Diagnostic::new(place, format!("there is no bound '{bound}'"));
                self.reader.error(error.did_you_mean(&bound, names.iter().copied()));
                continue;
            };
            let (own, bound_change) = (question_of(base), base.get("change").and_then(as_table));
            let change = self.change(table);
            let cases_from = if table.get("cases").is_some() { table } else { base };
            let layers = [Some(&own), bound_change, change.as_ref()];
            let trials = self.trials(root, cases, cases_from, &layers, &span);
            let expect = self.reader.word(table, "control", "expect").and_then(|w| outcome(&w));
            controls.push(Control {
                bound,
                change: change.map_or(serde_json::Value::Null, |c| c.to_json()),
                expect: expect.unwrap_or(Outcome::Violated),
                trials,
            });
        }
        controls
    }

    /// The question of a bound or control, put to each of its cases.
    fn trials(
        &mut self,
        root: &Table,
        cases: &[(String, Option<Table>)],
        restricts: &Table,
        layers: &[Option<&Table>],
        span: &Range<usize>,
    ) -> Vec<Trial> {
        let wanted = self.reader.texts(restricts, "cases");
        for (name, place) in &wanted {
            if !cases.iter().any(|(n, _)| n == name) {
                let error = Diagnostic::new(place.clone(), format!("there is no case '{name}'"));
                self.reader.error(error.did_you_mean(name, cases.iter().map(|(n, _)| n.as_str())));
            }
        }
        let mut trials = Vec::new();
        for (case, case_change) in cases.iter().filter(|(n, _)| wanted.is_empty() || wanted.iter().any(|(w, _)| w == n))
        {
            let mut tree = merged(root, case_change.as_ref(), None);
            for layer in layers.iter().flatten() {
                tree.apply(layer);
            }
            let Some(variant) = self.variant(&tree) else { continue };
            let Some(question) = self.question(&tree, &variant, span) else { continue };
            let curves = question.order.iter().filter_map(|name| self.ordered(root, &tree, name, span)).collect();
            trials.push(Trial { case: case.clone(), variant, question, curves });
        }
        trials
    }

    /// The setup of a curve that an ordering names.
    fn ordered(&mut self, root: &Table, tree: &Table, name: &str, span: &Range<usize>) -> Option<(String, Variant)> {
        let tables = self.reader.tables(root, "curve");
        let Some((curve, _)) = tables.iter().find(|(t, _)| text_of(t, "name") == Some(name)) else {
            let names: Vec<&str> = tables.iter().filter_map(|(t, _)| text_of(t, "name")).collect();
            let error = Diagnostic::new(span.clone(), format!("'order' names '{name}', which is no [[curve]]"));
            self.reader.error(error.did_you_mean(name, names.iter().copied()));
            return None;
        };
        let mut tree = tree.clone();
        if let Some(change) = curve.get("change").and_then(as_table) {
            tree.apply(change);
        }
        Some((name.into(), self.variant(&tree)?))
    }

    fn curves(&mut self, root: &Table, cases: &[(String, Option<Table>)]) -> Vec<Curve> {
        let mut curves: Vec<Curve> = Vec::new();
        for (table, span) in self.reader.tables(root, "curve") {
            self.reader.check_keys(table, "curve", &span);
            let name = self.reader.text(table, "name").unwrap_or_default();
            if curves.iter().any(|c| c.name == name) {
                self.reader.error(Diagnostic::new(span.clone(), format!("curve '{name}' is there twice")));
            }
            let change = self.change(table);
            let variants = cases
                .iter()
                .filter_map(|(case, case_change)| {
                    let tree = merged(root, case_change.as_ref(), change.as_ref());
                    self.variant(&tree).map(|v| (case.clone(), v))
                })
                .collect();
            curves.push(Curve { name, variants });
        }
        curves
    }

    fn question(&mut self, tree: &Table, variant: &Variant, span: &Range<usize>) -> Option<Question> {
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

    fn left(&mut self, node: &Node, names: &Names<'_>, outputs: &[&'static str]) -> Option<(Left, String)> {
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
    fn with_statistics(&mut self, names: &Names<'_>, node: &Node, _key: &str) -> Vec<String> {
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

    fn outputs(&self, work: &Work) -> Vec<&'static str> {
        match work {
            Work::Quantity(part) => self
                .registry
                .quantity(&part.name)
                .map(|e| e.outputs.iter().map(|o| o.name).collect())
                .unwrap_or_default(),
            Work::Experiment(_) => Vec::new(),
        }
    }

    fn variant(&mut self, tree: &Table) -> Option<Variant> {
        let parameters = self.reader.parameters(tree);
        let names = Names::new(&parameters);
        let hypotheses = self.hypotheses(tree);
        let requires = self.requires(tree, &names);
        let work = match (tree.get("quantity"), tree.get("problem")) {
            (Some(node), None) => Work::Quantity(self.quantity(node, &names)?),
            (None, Some(_)) => Work::Experiment(Box::new(self.experiment(tree, &names)?)),
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
        let mut setup = tree.clone();
        setup.entries.retain(|e| {
            !QUESTION_KEYS.contains(&e.key.as_str())
                && !PROSE_KEYS.contains(&e.key.as_str())
                && e.key != "hypotheses"
                && e.key != "requires"
        });
        Some(Variant { parameters, work, hypotheses, requires, setup: setup.canonical() })
    }

    fn hypotheses(&mut self, tree: &Table) -> Vec<String> {
        let mut known = Vec::new();
        for (name, span) in self.reader.texts(tree, "hypotheses") {
            if model::HYPOTHESES.iter().any(|h| h.name == name) {
                known.push(name);
            } else {
                let error = Diagnostic::new(span, format!("unknown hypothesis '{name}'"));
                self.reader.error(error.did_you_mean(&name, model::HYPOTHESES.iter().map(|h| h.name)));
            }
        }
        known
    }

    fn requires(&mut self, tree: &Table, names: &Names<'_>) -> Vec<Requirement> {
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
                self.reader.formula(&node, "requires", &names.constants).map(|f| f.expr)
            };
            let (Some(left), Some(right)) = (side(&left), side(&right)) else { continue };
            let (low, high) = if operator.starts_with('<') { (left, right) } else { (right, left) };
            let strict = operator.len() == 1;
            found.push(Requirement { low, high, strict, text });
        }
        found
    }

    fn quantity(&mut self, node: &Node, names: &Names<'_>) -> Option<PartSetup> {
        let table = as_table(node).cloned().or_else(|| {
            self.reader.error(Diagnostic::new(node.span.clone(), "'quantity' takes { name = \"..\" }"));
            None
        })?;
        let name =
            self.reader.text(&table, "name").or_else(|| self.reader.missing_name(&table, node, "quantity", "name"))?;
        match self.registry.quantity(&name) {
            Ok(entry) => {
                Some(self.reader.settings(&table, &node.span, ("quantity", "name", &[]), entry.params, &name, names))
            }
            Err(_) => {
                let all: Vec<&str> = self.registry.quantities().map(|e| e.name).collect();
                self.reader.unknown(&table, node, "name", &format!("unknown quantity '{name}'"), &name, &all)
            }
        }
    }

    fn experiment(&mut self, tree: &Table, names: &Names<'_>) -> Option<Experiment> {
        let problem = self.problem(tree, names);
        let start = self.start(tree, names);
        let oracle = self.oracle(tree, names);
        let algorithm = self.algorithm(tree, names);
        let semantics = self.semantics(tree);
        let run = self.run(tree, names);
        Some(Experiment { problem: problem?, start, oracle, algorithm: algorithm?, semantics, run: run? })
    }

    fn problem(&mut self, tree: &Table, names: &Names<'_>) -> Option<PartSetup> {
        let (table, span) = self.reader.table(tree, "problem")?;
        let node = Node { span: span.clone(), value: Value::Table(table.clone()) };
        let name =
            self.reader.text(table, "name").or_else(|| self.reader.missing_name(table, &node, "problem", "name"))?;
        match self.registry.problem(&name) {
            Ok(entry) => {
                let what = ("problem", "name", &["start"][..]);
                Some(self.reader.settings(table, &span, what, entry.params, &name, names))
            }
            Err(_) => {
                let all: Vec<&str> = self.registry.problems().map(|e| e.name).collect();
                self.reader.unknown(table, &node, "name", &format!("unknown problem '{name}'"), &name, &all)
            }
        }
    }

    fn start(&mut self, tree: &Table, names: &Names<'_>) -> Start {
        let Some(Node { value: Value::Table(problem), .. }) = tree.get("problem") else { return Start::Default };
        let Some(node) = problem.get("start") else { return Start::Default };
        match &node.value {
            Value::Table(_) => self.reader.noise(node, "start", names).map_or(Start::Default, Start::Random),
            Value::List(list) => {
                let formulas = list.iter().filter_map(|n| self.reader.formula(n, "start", &names.constants)).collect();
                Start::At(formulas)
            }
            _ => self.reader.formula(node, "start", &names.coordinate()).map_or(Start::Default, |f| Start::At(vec![f])),
        }
    }

    fn oracle(&mut self, tree: &Table, names: &Names<'_>) -> OracleSetup {
        let mut setup = OracleSetup { noise: None, batch: None, workers: None, minibatch: false };
        let Some((table, span)) = self.reader.table(tree, "oracle") else { return setup };
        self.reader.check_keys(table, "oracle", &span);
        if let Some(node) = table.get("noise")
            && node.value != Value::Text("none".into())
        {
            setup.noise = self.reader.noise(node, "noise", names);
        }
        setup.batch = table.get("batch").and_then(|n| self.reader.formula(n, "batch", &names.schedule()));
        setup.workers = table.get("workers").and_then(|n| self.reader.formula(n, "workers", &names.constants));
        setup.minibatch = self.reader.word(table, "oracle", "sampling").as_deref() == Some("minibatch");
        setup
    }

    fn algorithm(&mut self, tree: &Table, names: &Names<'_>) -> Option<PartSetup> {
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
                Some(self.reader.settings(table, &span, ("algorithm", "name", &[]), entry.params, &name, names))
            }
            Err(_) => {
                let all: Vec<&str> = self.registry.algorithms().map(|e| e.name).collect();
                self.reader.unknown(table, &node, "name", &format!("unknown algorithm '{name}'"), &name, &all)
            }
        }
    }

    fn semantics(&mut self, tree: &Table) -> Semantics {
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
        if let Some(Node { value: Value::List(list), .. }) = table.get("scaling") {
            let sizes = list.iter().filter_map(|n| self.reader.number(n, "scaling")).filter_map(|q| q.to_i64());
            semantics.scaling = Scaling::Blocks(sizes.filter_map(|n| usize::try_from(n).ok()).collect());
        }
        semantics
    }

    fn run(&mut self, tree: &Table, names: &Names<'_>) -> Option<RunSetup> {
        let Some((table, span)) = self.reader.table(tree, "run") else {
            self.reader
                .error(Diagnostic::new(0..0, "the file has a [problem] but no [run]").help("[run] horizon = 100"));
            return None;
        };
        self.reader.check_keys(table, "run", &span);
        let horizon = table.get("horizon").and_then(|n| self.reader.formula(n, "horizon", &names.constants));
        let window = self.pair(table, "window", &names.constants);
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

    fn pair(&mut self, table: &Table, key: &str, names: &[&str]) -> Option<(Formula, Formula)> {
        let node = table.get(key)?;
        let Value::List(list) = &node.value else {
            self.reader.error(Diagnostic::new(node.span.clone(), format!("'{key}' takes two values: [first, last]")));
            return None;
        };
        let [first, last] = list.as_slice() else {
            self.reader.error(Diagnostic::new(node.span.clone(), format!("'{key}' has {} values, not 2", list.len())));
            return None;
        };
        Some((self.reader.formula(first, key, names)?, self.reader.formula(last, key, names)?))
    }

    fn replicates(&mut self, table: &Table) -> Option<(u64, u64)> {
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

    fn figures(&mut self, root: &Table) -> Vec<FigureSetup> {
        let parameters = Reader::new(self.registry).parameters(root);
        let names = Names::new(&parameters);
        let mut figures = Vec::new();
        for (table, span) in self.reader.tables(root, "figure") {
            self.reader.check_keys(table, "figure", &span);
            if let Some(figure) = self.figure(table, &names) {
                figures.push(figure);
            }
        }
        figures
    }

    fn figure(&mut self, table: &Table, names: &Names<'_>) -> Option<FigureSetup> {
        let kind = match self.reader.word(table, "figure", "kind")?.as_str() {
            "left-against-bound" => FigureKind::LeftAgainstBound,
            "contours" => FigureKind::Contours,
            "directions" => FigureKind::Directions,
            "table" => FigureKind::Table,
            _ => FigureKind::Curves,
        };
        let band = match self.reader.word(table, "figure", "band").as_deref() {
            Some("none") => BandKind::None,
            Some("deviation") => BandKind::Deviation,
            _ => BandKind::Interval,
        };
        let is_log = |word: Option<String>| word.as_deref() == Some("log");
        let log = (
            is_log(self.reader.word(table, "figure", "x_scale")),
            is_log(self.reader.word(table, "figure", "y_scale")),
        );
        let names_of = |list: Vec<(String, Range<usize>)>| list.into_iter().map(|(t, _)| t).collect();
        let range = |pair: Option<(Formula, Formula)>| {
            let value = |f: &Formula| f.text.parse().ok();
            pair.and_then(|(a, b)| Some((value(&a)?, value(&b)?)))
        };
        Some(FigureSetup {
            kind,
            name: self.reader.text(table, "name").unwrap_or_default(),
            title: self.reader.text(table, "title"),
            caption: self.reader.text(table, "caption"),
            x: self.reader.text(table, "x"),
            y: self.figure_formulas(table, "y", names),
            lines: self.figure_formulas(table, "lines", names),
            by: self.reader.text(table, "by"),
            curves: names_of(self.reader.texts(table, "curves")),
            cases: names_of(self.reader.texts(table, "cases")),
            bounds: names_of(self.reader.texts(table, "bounds")),
            x_label: self.reader.text(table, "x_label"),
            y_label: names_of(self.reader.texts(table, "y_label")),
            log,
            band,
            x_range: range(self.pair(table, "x_range", &[])),
            y_range: range(self.pair(table, "y_range", &[])),
        })
    }

    fn figure_formulas(&mut self, table: &Table, key: &str, names: &Names<'_>) -> Vec<Formula> {
        let Some(node) = table.get(key) else { return Vec::new() };
        let nodes: Vec<&Node> = match &node.value {
            Value::List(list) => list.iter().collect(),
            _ => vec![node],
        };
        let outputs = self.registry.quantities().flat_map(|q| q.outputs.iter().map(|o| o.name.to_string()));
        let outputs: Vec<String> = outputs.collect();
        let mut formulas = Vec::new();
        for node in nodes {
            let mut all = self.with_statistics(names, node, key);
            all.extend(outputs.iter().cloned());
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            formulas.extend(self.reader.formula(node, key, &all));
        }
        formulas
    }
}

/// The two sides of the only comparison in a text.
fn split_comparison(text: &str) -> Option<(&str, &str, &str)> {
    let operator = ["<=", ">=", "<", ">"].into_iter().find(|o| text.contains(o))?;
    let (left, right) = text.split_once(operator)?;
    (!right.contains(['<', '>', '='])).then_some((left, operator, right))
}

fn outcome(word: &str) -> Option<Outcome> {
    Some(match word {
        "holds" => Outcome::Holds,
        "violated" => Outcome::Violated,
        "undecided" => Outcome::Undecided,
        "hypothesis-fails" => Outcome::HypothesisFails,
        _ => return None,
    })
}

fn as_table(node: &Node) -> Option<&Table> {
    match &node.value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

fn text_of<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    match table.get(key).map(|n| &n.value) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// The parts of a bound's table that vary the question.
fn question_of(table: &Table) -> Table {
    let entries = table.entries.iter().filter(|e| QUESTION_KEYS.contains(&e.key.as_str())).cloned().collect();
    Table { entries }
}

fn merged(root: &Table, first: Option<&Table>, second: Option<&Table>) -> Table {
    let mut tree = root.clone();
    for change in [first, second].into_iter().flatten() {
        tree.apply(change);
    }
    tree
}

/// Settings of a part that are schedules, in table order: their slots.
pub(super) fn schedules(part: &PartSetup) -> impl Iterator<Item = &Formula> {
    part.settings.iter().filter_map(|(param, setting, _)| match (param.kind, setting) {
        (model::Kind::Schedule, Setting::Formula(formula)) => Some(formula),
        _ => None,
    })
}
