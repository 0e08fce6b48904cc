//! What a file says about the instances among which a search looks.

use super::Diagnostic;
use super::cell::cells;
use super::file::{Bound, Formula, Parameter, Scenario, Work};
use super::instance::Instance;
use super::loader::{Loader, as_table};
use super::search::{FamilySetup, Scope, Spread, Within};
use super::tree::{Node, Table, Value};
use crate::expr::{Expr, ExprError};
use crate::model::{FACTS, Kind, Registry};
use crate::scalar::Rational;
use std::ops::Range;

/// Objectives that a search can put in place of a file's own, and the most coordinates of any.
pub(crate) const OBJECTIVES: &[&str] =
    &["quadratic", "huber", "line-losses", "max-affine", "piecewise-quadratic", "quadratic-matrix", "cosine", "linear"];
const MOST_COORDINATES: usize = 4;
/// Noise laws of the same kind.
pub(crate) const LAWS: &[&str] = &[
    "rademacher",
    "finite",
    "sparse-independent",
    "joint",
    "multiplicative",
    "cantelli-extremal",
    "two-atom",
    "state-atoms",
    "tree",
];

impl Bound {
    /// Keeps an expression in the given names to a range in every instance of a search. Returns why that cannot be.
    pub fn keep_within(&mut self, within: &Within, names: &[String]) -> Option<String> {
        let declared = |name: &str| {
            let parameters = self.scenarios.iter().flat_map(|t| &t.variant.parameters);
            parameters.clone().any(|p| p.name == name)
        };
        let facts = FACTS.iter().map(|f| f.name);
        if let Some(unknown) = names.iter().find(|n| !declared(n) && !facts.clone().any(|f| f == **n)) {
            return Some(format!("'{unknown}' is neither a parameter of the file nor a fact"));
        }
        let derived = |name: &str| {
            let parameters = self.scenarios.iter().flat_map(|t| &t.variant.parameters);
            parameters.filter(|p| p.name == name).any(|p| p.values.iter().any(|v| !v.expr.symbols().is_empty()))
        };
        match names {
            [name] if *name == within.text && declared(name) && !derived(name) => {
                self.family.parameters.retain(|(other, _)| other != name);
                let (low, high) = within.range.clone();
                self.family.parameters.push((name.clone(), Spread::Range(low, high)));
            }
            _ => self.family.within.push(within.clone()),
        }
        None
    }
}

impl Loader<'_> {
    /// What the `family` of a bound or of the whole file says.
    pub(super) fn family(&mut self, holder: &Table, root: &Table) -> FamilySetup {
        let pinned: Vec<String> = self.overrides.set.iter().map(|(name, _)| name.clone()).collect();
        let mut family = FamilySetup { pinned, ..FamilySetup::default() };
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
                let pinned = family.pinned.contains(&entry.key);
                family.parameters.extend(spread.filter(|_| !pinned).map(|spread| (entry.key.clone(), spread)));
            }
        }
        if let Some(node) = table.get("dimension")
            && let Some((low, high)) = self.range(node, "dimension")
        {
            let count = |q: &Rational| q.to_i64().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
            match (count(&low), count(&high)) {
                (Some(low), Some(_)) if low > MOST_COORDINATES => {
                    let message = format!("'dimension' begins at {low}; what stands in has at most {MOST_COORDINATES}");
                    self.reader.error(Diagnostic::new(node.span.clone(), message));
                }
                (Some(low), Some(high)) => family.dimension = Some((low, high)),
                _ => self.reader.error(Diagnostic::new(node.span.clone(), "'dimension' takes whole numbers from 1 on")),
            }
        }
        let laws: Vec<&str> = LAWS.iter().copied().chain(["none"]).collect();
        family.problems = self.names(table, "problems", OBJECTIVES);
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
                let message =
                    format!("'{key}' names '{name}', which is none of what a search can put in: {}", known.join(", "));
                let error = Diagnostic::new(span, message);
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

impl Loader<'_> {
    /// Refuses entries of a family that can never work, whatever else an instance has: fractions where something is
    /// counted, ranges of what other parameters give, values at which no part can be built.
    pub(super) fn check_family(&mut self, holder: &Table, family: &FamilySetup, scenarios: &[Scenario]) {
        let Some(table) = holder.get("family").and_then(as_table) else { return };
        // Where something else is wrong already, nothing can be built.
        if !self.reader.diagnostics.is_empty() {
            return;
        }
        for (name, spread) in &family.parameters {
            let places = ["parameters", "values"].into_iter().filter_map(|key| table.get(key).and_then(as_table));
            let entry = places.flat_map(|t| &t.entries).find(|e| e.key == *name);
            let Some(span) = entry.map(|e| e.node.span.clone()) else { continue };
            let declared = || scenarios.iter().flat_map(|t| &t.variant.parameters).filter(|p| p.name == *name);
            let derived = |p: &Parameter| p.values.iter().any(|v| !v.expr.symbols().is_empty());
            if declared().next().is_some() && declared().all(derived) {
                let message = format!("'{name}' follows from other parameters; a range of it is never searched");
                self.reader.error(Diagnostic::new(span, message));
                continue;
            }
            let numbers = match spread {
                Spread::Values(values) => values.clone(),
                Spread::Range(low, high) => vec![low.clone(), high.clone()],
            };
            let fraction = numbers.iter().find(|q| q.to_i64().is_none());
            if let Some(fraction) =
                fraction.filter(|_| scenarios.iter().any(|t| counts(&t.tree, self.registry, name, Counting::Directly)))
            {
                let message = format!("'{name}' counts something, and {fraction} is no whole number");
                self.reader.error(Diagnostic::new(span, message));
                continue;
            }
            if let Spread::Values(values) = spread {
                for value in values {
                    if let Some(why) = self.never_builds(scenarios, name, value) {
                        let message = format!("no instance can be built at {name} = {value}: {why}");
                        self.reader.error(Diagnostic::new(span.clone(), message));
                    }
                }
            }
        }
    }

    /// Why no cell of the file can be built with a parameter at a value; `None` where one can.
    fn never_builds(&self, scenarios: &[Scenario], name: &str, value: &Rational) -> Option<String> {
        let mut first = None;
        for variant in scenarios.iter().map(|t| &t.variant).filter(|v| v.parameters.iter().any(|p| p.name == name)) {
            let mut variant = variant.clone();
            for parameter in variant.parameters.iter_mut().filter(|p| p.name == name) {
                parameter.values.truncate(1);
                let no_name = |_: &str, span: &Range<usize>| Err(ExprError::new("a number has no name", span.clone()));
                let expr = Expr::parse(&value.to_string()).ok()?.resolve(&mut { no_name }).ok()?;
                parameter.values[0] = Formula { expr, text: value.to_string(), span: 0..0 };
            }
            let Work::Experiment(experiment) = &variant.work else { return None };
            for cell in cells(&variant).ok()?.iter().take(MOST_TRIED) {
                match Instance::build(self.registry, experiment, cell) {
                    Ok(_) => return None,
                    Err(error) => first = first.or(Some(error.message)),
                }
            }
        }
        first
    }
}

/// Cells at which a value of a family is tried.
const MOST_TRIED: usize = 64;

/// Whether a parameter counts something in a setup: steps, workers, draws, coordinates. By itself, or through formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// The count is the parameter: a fraction never works.
    Directly,
    /// The count is a formula that needs it.
    Somehow,
}

/// The texts in a key's value.
fn texts_at<'t>(table: Option<&'t Table>, key: &str) -> Vec<&'t str> {
    table.and_then(|t| t.get(key)).map(|node| node.value.texts()).unwrap_or_default()
}

/// Whether a parameter counts something in a setup.
#[must_use]
pub(crate) fn counts(tree: &Table, registry: &Registry, name: &str, how: Counting) -> bool {
    let section = |key: &str| tree.get(key).and_then(as_table);
    let mut found = Vec::new();
    for (part, key) in [("run", "horizon"), ("run", "window"), ("oracle", "batch"), ("oracle", "workers")] {
        found.extend(texts_at(section(part), key));
    }
    for part in ["problem", "algorithm"] {
        let Some(Value::Text(name)) = section(part).and_then(|t| t.get("name")).map(|n| &n.value) else { continue };
        let params = match part {
            "problem" => registry.problem(name).map(|e| e.params),
            _ => registry.algorithm(name).map(|e| e.params),
        };
        for param in params.unwrap_or_default().iter().filter(|p| p.kind == Kind::Count) {
            found.extend(texts_at(section(part), param.name));
        }
    }
    let names = |text: &&str| -> Vec<String> {
        let Ok(expr) = Expr::parse(text) else { return Vec::new() };
        let names: Vec<String> = expr.names().into_iter().map(|(n, _)| n.to_string()).collect();
        let is_name = names.len() == 1 && names[0] == text.trim();
        if is_name || how == Counting::Somehow { names } else { Vec::new() }
    };
    let mut open: Vec<String> = found.iter().flat_map(names).collect();
    let mut seen: Vec<String> = Vec::new();
    while let Some(next) = open.pop() {
        if next == name {
            return true;
        }
        if !seen.contains(&next) {
            open.extend(texts_at(section("parameters"), &next).iter().flat_map(names));
            seen.push(next);
        }
    }
    false
}
