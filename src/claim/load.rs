//! From a tree to a [`Spec`].

use super::file::{Bound, Control, Curve, Relation, Scenario, Spec, Variant};
use super::loader::{Loader, NO_TRIVIAL, PROSE_KEYS, QUESTION_KEYS, as_table};
use super::naming::{declared, file_words};
use super::overrides::{Overrides, known_hypotheses, set_parameters};
use super::read::Reader;
use super::tree::{Table, Value};
use super::{Diagnostic, SpecError, tree};
use crate::model::Registry;
use crate::results::{Expectation, Outcome, Source};
use sha2::{Digest, Sha256};
use std::ops::Range;

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
    load_in("quick", (file, text), registry, &Overrides { set: settings.to_vec(), ..Overrides::default() })
}

/// [`load`] for a profile, whose values parameters take where they are given by profile.
///
/// # Errors
/// As there.
pub(crate) fn load_in(
    profile: &str,
    (file, text): (&str, &str),
    registry: &Registry,
    overrides: &Overrides,
) -> Result<Spec, Box<SpecError>> {
    let fail = |diagnostics| Box::new(SpecError::new(file, text, diagnostics));
    let mut tree = tree::parse(text).map_err(fail)?;
    super::profile::choose(&mut tree, profile).map_err(fail)?;
    set_parameters(&mut tree, &overrides.set).map_err(fail)?;
    known_hypotheses(&tree, overrides).map_err(fail)?;
    let mut loader = Loader { reader: Reader::new(registry), registry, root: tree.clone(), overrides };
    let spec = loader.spec(text);
    match spec {
        Some(spec) if loader.reader.is_content() => {
            Ok(Spec { warnings: SpecError::new(file, text, loader.reader.diagnostics).diagnostics, ..spec })
        }
        _ => Err(fail(loader.reader.diagnostics)),
    }
}

/// The single question of a tree that is merged already: setup and question stand side by side in it.
///
/// # Errors
/// What is wrong with it; spans are those of the file that the tree comes from.
pub(crate) fn scenario_of(tree: &Table, registry: &Registry) -> Result<Scenario, Vec<Diagnostic>> {
    let overrides = Overrides::default();
    let mut loader = Loader { reader: Reader::new(registry), registry, root: Table::default(), overrides: &overrides };
    let found = loader.variant(tree).and_then(|variant| {
        let question = loader.question(tree, &variant, &(0..0))?;
        let curves = question.order.iter().filter_map(|name| loader.ordered(tree, tree, name, &(0..0))).collect();
        Some(Scenario { case: String::new(), variant, question, curves, tree: tree.clone() })
    });
    match found {
        Some(scenario) if loader.reader.is_content() => Ok(scenario),
        _ => Err(loader.reader.diagnostics),
    }
}

impl Loader<'_> {
    fn spec(&mut self, text: &str) -> Option<Spec> {
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
        let figures = self.figures(&root, &base, &curves);
        let relation = self.reader.word(&root, "", "relation").and_then(|r| Relation::named(&r));
        if bounds.is_empty() && figures.is_empty() {
            self.reader
                .error(Diagnostic::new(0..0, "the file has neither a [[bound]] nor a [[figure]]: nothing to do"));
        }
        let mut hasher = Sha256::new();
        hasher.update(text);
        for (name, value) in &self.overrides.set {
            hasher.update(format!("\0{name}={value}"));
        }
        for (sign, names) in [('+', &self.overrides.assume), ('-', &self.overrides.drop)] {
            names.iter().for_each(|name| hasher.update(format!("\0{sign}{name}")));
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
            warnings: Vec::new(),
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
        let declared = declared(root);
        for entry in &table.entries {
            if !declared.contains(&entry.key.as_str()) {
                let message = format!("'dimensions' names '{}', which is no declared parameter", entry.key);
                let error = Diagnostic::new(entry.key_span.clone(), message);
                self.reader.error(error.did_you_mean(&entry.key, declared.iter().copied()));
            }
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
            let name = self.name_of(table, "case");
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
    pub(super) fn change(&mut self, table: &Table) -> Option<Table> {
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
        let (of_file, mut of_all) = (self.family(root, root), Vec::new());
        for (table, span) in self.reader.tables(root, "bound") {
            self.reader.check_keys(table, "bound", &span);
            let name = self.name_of(table, "bound");
            if let Some(other) = bounds.iter().find(|b| b.name == name || file_words(&b.name) == file_words(&name)) {
                let message = if other.name == name {
                    format!("bound '{name}' is there twice")
                } else {
                    format!("the files of bounds '{name}' and '{}' would have one name", other.name)
                };
                self.reader.error(Diagnostic::new(span.clone(), message));
            }
            let change = self.change(table);
            let own = question_of(table);
            let scenarios = self.scenarios(root, cases, table, &[Some(&own), change.as_ref()], &span);
            let right_text = scenarios
                .first()
                .map(|t| t.question.right.as_ref().map_or_else(|| t.question.order.join(" < "), |r| r.text.clone()))
                .unwrap_or_default();
            let family = if table.get("family").is_some() {
                let family = self.family(table, root);
                self.check_family(table, &family, &scenarios);
                family
            } else {
                of_all.extend(scenarios.iter().cloned());
                of_file.clone()
            };
            bounds.push(Bound { name, right_text, expectation: self.expectation(table), family, scenarios });
        }
        self.check_family(root, &of_file, &of_all);
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
            let scenarios = self.scenarios(root, cases, cases_from, &layers, &span);
            let expect = self.reader.word(table, "control", "expect").and_then(|w| outcome(&w));
            controls.push(Control {
                bound,
                change: change.map_or(serde_json::Value::Null, |c| c.to_json()),
                expect: expect.unwrap_or(Outcome::Violated),
                scenarios,
            });
        }
        controls
    }

    /// The question of a bound or control, for each of its cases.
    fn scenarios(
        &mut self,
        root: &Table,
        cases: &[(String, Option<Table>)],
        restricts: &Table,
        layers: &[Option<&Table>],
        span: &Range<usize>,
    ) -> Vec<Scenario> {
        let wanted = self.reader.texts(restricts, "cases");
        for (name, place) in &wanted {
            if !cases.iter().any(|(n, _)| n == name) {
                let error = Diagnostic::new(place.clone(), format!("there is no case '{name}'"));
                self.reader.error(error.did_you_mean(name, cases.iter().map(|(n, _)| n.as_str())));
            }
        }
        let mut scenarios = Vec::new();
        for (case, case_change) in cases.iter().filter(|(n, _)| wanted.is_empty() || wanted.iter().any(|(w, _)| w == n))
        {
            let mut tree = merged(root, case_change.as_ref(), None);
            for layer in layers.iter().flatten() {
                drop_trivial(&mut tree, layer);
                tree.apply(layer);
            }
            let Some(variant) = self.variant(&tree) else { continue };
            let Some(question) = self.question(&tree, &variant, span) else { continue };
            let curves: Vec<(String, Variant)> =
                question.order.iter().filter_map(|name| self.ordered(root, &tree, name, span)).collect();
            self.check_sweeps(&curves, span);
            scenarios.push(Scenario { case: case.clone(), variant, question, curves, tree });
        }
        scenarios
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
            let name = self.name_of(table, "curve");
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

fn text_of<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    match table.get(key).map(|n| &n.value) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// A trivial bound is about one left side and one direction: a change of either without a trivial bound of its own
/// drops it. A statement that there is none stays.
fn drop_trivial(tree: &mut Table, layer: &Table) {
    let differs = |key: &str| layer.get(key).is_some_and(|new| tree.get(key).map(|old| &old.value) != Some(&new.value));
    let is_bound = !text_of(tree, "trivial").is_some_and(|text| text.trim_start().starts_with(NO_TRIVIAL));
    if is_bound && layer.get("trivial").is_none() && (differs("left") || differs("relation")) {
        tree.entries.retain(|e| e.key != "trivial");
    }
}

/// The parts of a bound's table that vary the question.
fn question_of(table: &Table) -> Table {
    let entries = table.entries.iter().filter(|e| QUESTION_KEYS.contains(&e.key.as_str())).cloned().collect();
    Table { entries, ..Table::default() }
}

fn merged(root: &Table, first: Option<&Table>, second: Option<&Table>) -> Table {
    let mut tree = root.clone();
    for change in [first, second].into_iter().flatten() {
        tree.apply(change);
    }
    tree
}
