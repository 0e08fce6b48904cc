//! What a claim file ties together, and which of its numbers may vary.

use super::dice::{Class, Dice};
use crate::model::{Kind, ParamSpec, Registry};
use crate::scalar::Rational;
use crate::spec::{FamilySetup, Spread, Table, Value};
use std::collections::BTreeSet;
use std::fmt;

/// Where a number stands in a tree.
pub type Path = Vec<String>;

/// What a number may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// Any of its class.
    Free(Class),
    /// A closed range; whole numbers only where the flag says so.
    Range(Rational, Rational, bool),
    /// The values that the file lists.
    Listed(Vec<Rational>),
}

impl Domain {
    /// Whether it holds one value only.
    #[must_use]
    pub fn is_single(&self) -> bool {
        matches!(self, Domain::Listed(values) if values.len() == 1)
    }

    /// A fresh number.
    pub fn draw(&self, dice: &mut Dice) -> Rational {
        match self {
            Domain::Free(class) => dice.number(*class),
            Domain::Range(low, high, whole) => dice.between(low, high, *whole),
            Domain::Listed(values) => dice.of(values).clone(),
        }
    }

    /// A number near another.
    pub fn near(&self, value: &Rational, dice: &mut Dice) -> Rational {
        match self {
            Domain::Free(class) => dice.near(value, *class),
            Domain::Range(low, high, whole) => {
                let class = if *whole { Class::Count(0) } else { Class::Any };
                let moved = dice.near(value, class);
                if self.holds(&moved) { moved } else { dice.between(low, high, *whole) }
            }
            Domain::Listed(values) => dice.of(values).clone(),
        }
    }

    /// Whether a value belongs to it.
    #[must_use]
    pub fn holds(&self, value: &Rational) -> bool {
        match self {
            Domain::Free(class) => class.holds(value),
            Domain::Range(low, high, whole) => low <= value && value <= high && (!whole || value.to_i64().is_some()),
            Domain::Listed(values) => values.contains(value),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Domain::Free(Class::Count(least)) => write!(f, "a whole number from {least} on"),
            Domain::Free(Class::Unit) => f.write_str("between 0 and 1"),
            Domain::Free(Class::Positive) => f.write_str("above 0"),
            Domain::Free(Class::NonNegative) => f.write_str("0 or more"),
            Domain::Free(Class::Any) => f.write_str("any number"),
            Domain::Range(low, high, true) => write!(f, "a whole number from {low} to {high}"),
            Domain::Range(low, high, false) => write!(f, "from {low} to {high}"),
            Domain::Listed(values) => {
                let all: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "one of the listed {}", all.join(", "))
            }
        }
    }
}

/// A number of a claim file that may vary.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Where it stands.
    pub path: Path,
    /// What it may be.
    pub domain: Domain,
}

/// Settings of a noise law that may vary by themselves: the others must keep the mean.
const NOISE_SIZES: &[&str] = &["scale", "size", "half_width", "shift", "a", "b", "c"];

fn text_of(table: &Table, keys: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = table;
    for (i, key) in keys.iter().enumerate() {
        match at.get(key).map(|n| &n.value) {
            Some(value) if i + 1 == keys.len() => texts(value, &mut found),
            Some(Value::Table(inner)) => at = inner,
            _ => {}
        }
    }
    found
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Text(text) => found.push(text.clone()),
        Value::List(list) => list.iter().for_each(|n| texts(&n.value, found)),
        Value::Table(table) => table.entries.iter().for_each(|e| texts(&e.node.value, found)),
        Value::Number(_) | Value::Bool(_) => {}
    }
}

/// The number that a value is, where it is one.
#[must_use]
pub fn number_of(value: &Value) -> Option<Rational> {
    match value {
        Value::Number(q) => Some(q.clone()),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// The names that an expression's text uses.
fn uses(text: &str, name: &str) -> bool {
    crate::expr::Expr::parse(text).is_ok_and(|e| e.names().into_iter().any(|(n, _)| n == name))
}

/// The names that a part of a tree uses, by itself and through declared parameters.
fn closure(tree: &Table, places: &[&[&str]]) -> BTreeSet<String> {
    let names = |text: &String| match crate::expr::Expr::parse(text) {
        Ok(expr) => expr.names().into_iter().map(|(n, _)| n.to_string()).collect(),
        Err(_) => words(text),
    };
    let mut open: Vec<String> = places.iter().flat_map(|keys| text_of(tree, keys)).flat_map(|t| names(&t)).collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name.clone()) {
            open.extend(text_of(tree, &["parameters", &name]).iter().flat_map(names));
        }
    }
    found
}

/// The words of a text that is no expression: an inequality, or a table of atoms.
fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    split.filter(|w| w.starts_with(|c: char| c.is_ascii_alphabetic())).map(Into::into).collect()
}

/// Which parameters tie the parts of a claim together.
pub(super) struct Ties {
    /// A parameter of the objective stands elsewhere too: another objective would not be the one that is meant there.
    pub problem: bool,
    /// The same of the noise.
    pub noise: bool,
    /// Parameters that only the two sides name: constants of this instance, written by hand.
    pub by_hand: BTreeSet<String>,
}

impl Ties {
    pub fn new(tree: &Table) -> Self {
        let declared: BTreeSet<String> = match tree.get("parameters").map(|n| &n.value) {
            Some(Value::Table(table)) => table.entries.iter().map(|e| e.key.clone()).collect(),
            _ => BTreeSet::new(),
        };
        let of = |places: &[&[&str]]| -> BTreeSet<String> {
            closure(tree, places).intersection(&declared).cloned().collect()
        };
        let sides: [&[&str]; 3] = [&["left"], &["right"], &["margin"]];
        let runs: [&[&str]; 4] = [&["algorithm"], &["run"], &["requires"], &["oracle", "workers"]];
        let (problem, noise) = (of(&[&["problem"]]), of(&[&["oracle", "noise"]]));
        let elsewhere: BTreeSet<String> = of(&sides).union(&of(&runs)).cloned().collect();
        let inside = of(&[&["problem"], &["oracle"], &["algorithm"], &["run"], &["quantity"]]);
        Ties {
            problem: problem.iter().any(|n| elsewhere.contains(n) || noise.contains(n)),
            noise: noise.iter().any(|n| elsewhere.contains(n) || problem.contains(n)),
            by_hand: of(&sides).difference(&inside).cloned().collect(),
        }
    }
}

/// A setup with what is needed to read its numbers.
pub(super) struct Reading<'a> {
    /// What ties its parts.
    pub ties: &'a Ties,
    /// The setup.
    pub tree: &'a Table,
    /// What the file says may vary.
    pub setup: &'a FamilySetup,
    /// Whether numbers may leave the hull of what the file lists: the hypotheses prune them.
    pub free: bool,
    /// The parts that files may name.
    pub registry: &'a Registry,
}

impl Reading<'_> {
    /// Whether a parameter counts something, by itself or through others.
    fn counts(&self, name: &str, depth: usize) -> bool {
        let mut places = Vec::new();
        for keys in [["run", "horizon"], ["run", "window"], ["oracle", "batch"], ["oracle", "workers"]] {
            places.extend(text_of(self.tree, &keys));
        }
        for (section, kind) in [("problem", "problem"), ("algorithm", "algorithm")] {
            let Some(Value::Table(table)) = self.tree.get(section).map(|n| &n.value) else { continue };
            for key in self.count_keys(table, kind) {
                places.extend(text_of(table, &[key]));
            }
        }
        let direct = places.iter().any(|text| uses(text, name));
        let through =
            |other: &str, text: &str| depth < 4 && other != name && uses(text, name) && self.counts(other, depth + 1);
        let Some(Value::Table(parameters)) = self.tree.get("parameters").map(|n| &n.value) else { return direct };
        direct
            || parameters.entries.iter().any(|e| {
                let mut own = Vec::new();
                texts(&e.node.value, &mut own);
                own.iter().any(|text| through(&e.key, text))
            })
    }

    fn params(&self, table: &Table, kind: &str) -> &'static [ParamSpec] {
        let Some(Value::Text(name)) = table.get("name").map(|n| &n.value) else { return &[] };
        match kind {
            "problem" => self.registry.problem(name).map(|e| e.params).unwrap_or_default(),
            _ => self.registry.algorithm(name).map(|e| e.params).unwrap_or_default(),
        }
    }

    fn count_keys(&self, table: &Table, kind: &str) -> Vec<&'static str> {
        self.params(table, kind).iter().filter(|p| p.kind == Kind::Count).map(|p| p.name).collect()
    }

    fn parameter_slots(&self, slots: &mut Vec<Slot>) {
        let Some(Value::Table(parameters)) = self.tree.get("parameters").map(|n| &n.value) else { return };
        for entry in &parameters.entries {
            let listed: Vec<Rational> = match &entry.node.value {
                Value::List(list) => list.iter().filter_map(|n| number_of(&n.value)).collect(),
                value => number_of(value).into_iter().collect(),
            };
            if listed.is_empty() {
                continue;
            }
            let whole = if self.tree.get("quantity").is_some() {
                listed.iter().all(|v| v.to_i64().is_some())
            } else {
                self.counts(&entry.key, 0)
            };
            let declared = self.setup.parameters.iter().find(|(name, _)| *name == entry.key);
            let domain = match declared {
                Some((_, Spread::Values(values))) => Domain::Listed(values.clone()),
                Some((_, Spread::Range(low, high))) => {
                    let ends_are_whole = low.to_i64().is_some() && high.to_i64().is_some();
                    Domain::Range(low.clone(), high.clone(), whole && ends_are_whole)
                }
                None if self.free && !self.ties.by_hand.contains(&entry.key) => {
                    Domain::Free(match Class::of(&listed) {
                        Class::Count(least) if whole => Class::Count(least),
                        Class::Count(1) | Class::Unit => Class::Positive,
                        Class::Count(_) => Class::NonNegative,
                        class => class,
                    })
                }
                None => Domain::Listed(listed),
            };
            slots.push(Slot { path: vec!["parameters".into(), entry.key.clone()], domain });
        }
    }

    /// Numbers below a place that are written out.
    fn leaves(&self, value: &Value, path: &Path, class: Option<Class>, slots: &mut Vec<Slot>) {
        match value {
            Value::Table(table) => {
                for entry in &table.entries {
                    let path = [path.as_slice(), std::slice::from_ref(&entry.key)].concat();
                    self.leaves(&entry.node.value, &path, class, slots);
                }
            }
            Value::List(list) => {
                let all: Vec<Rational> = list.iter().filter_map(|n| number_of(&n.value)).collect();
                let class = class.or_else(|| (!all.is_empty()).then(|| real(Class::of(&all))));
                for (i, node) in list.iter().enumerate() {
                    let path = [path.as_slice(), &[i.to_string()]].concat();
                    self.leaves(&node.value, &path, class, slots);
                }
            }
            value => {
                if let Some(q) = number_of(value) {
                    let class = class.unwrap_or_else(|| real(Class::of(std::slice::from_ref(&q))));
                    slots.push(Slot { path: path.clone(), domain: Domain::Free(class) });
                }
            }
        }
    }

    fn section(&self, name: &str, keep: impl Fn(&str) -> Option<Option<Class>>, slots: &mut Vec<Slot>) {
        let Some(Value::Table(table)) = self.tree.get(name).map(|n| &n.value) else { return };
        for entry in &table.entries {
            if let Some(class) = keep(&entry.key) {
                self.leaves(&entry.node.value, &vec![name.to_string(), entry.key.clone()], class, slots);
            }
        }
    }

    /// The numbers that may vary.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        self.parameter_slots(&mut slots);
        if !self.free || !self.ties.by_hand.is_empty() {
            return slots;
        }
        let fixed = self.setup.problems.as_ref().is_some_and(Vec::is_empty);
        if let (Some(Value::Table(table)), false) = (self.tree.get("problem").map(|n| &n.value), fixed) {
            let counts = self.count_keys(table, "problem");
            self.section("problem", |key| (key != "name" && !counts.contains(&key)).then_some(None), &mut slots);
        }
        if let (Some(Value::Table(oracle)), false) =
            (self.tree.get("oracle").map(|n| &n.value), self.setup.noise.as_ref().is_some_and(Vec::is_empty))
            && let Some(Value::Table(noise)) = oracle.get("noise").map(|n| &n.value)
        {
            for entry in noise.entries.iter().filter(|e| NOISE_SIZES.contains(&e.key.as_str())) {
                let path = vec!["oracle".to_string(), "noise".into(), entry.key.clone()];
                self.leaves(&entry.node.value, &path, Some(Class::NonNegative), &mut slots);
            }
        }
        slots
    }
}

/// Entries of vectors are not counts, whatever they look like.
fn real(class: Class) -> Class {
    match class {
        Class::Count(1) => Class::Positive,
        Class::Count(_) => Class::NonNegative,
        other => other,
    }
}
