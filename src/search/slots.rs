//! What a claim file ties together, and which of its numbers may vary.

use super::choices::{Choices, Class};
use super::couplings::{Couplings, closure};
use super::values::{BOX, number_of, wall_at};
use crate::claim::{Counting, FamilySetup, Scope, Spread, Table, Value, counts};
use crate::model::{Kind, ParamSpec, Registry};
use crate::scalar::Rational;
use std::collections::BTreeSet;
use std::fmt;

/// Where a number stands in a tree.
pub(super) type Path = Vec<String>;

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
    pub fn draw(&self, choices: &mut Choices) -> Rational {
        match self {
            Domain::Free(class) => choices.number(*class),
            Domain::Range(low, high, whole) => choices.between(low, high, *whole),
            Domain::Listed(values) => choices.pick(values).clone(),
        }
    }

    /// A number near another.
    pub fn near(&self, value: &Rational, choices: &mut Choices) -> Rational {
        match self {
            Domain::Free(class) => choices.near(value, *class),
            Domain::Range(low, high, whole) => {
                let class = if *whole { Class::Count(0) } else { Class::Any };
                let moved = choices.near(value, class);
                if self.holds(&moved) { moved } else { choices.between(low, high, *whole) }
            }
            Domain::Listed(values) => choices.pick(values).clone(),
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
            Domain::Free(Class::Negative) => f.write_str("below 0"),
            Domain::Free(Class::NonPositive) => f.write_str("0 or less"),
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
    /// What the file has there: the values of a sweep, or one number.
    pub listed: Vec<Rational>,
}

impl Slot {
    /// Whether a value lies between those that the file has.
    #[must_use]
    pub fn is_between_listed(&self, value: &Rational) -> bool {
        self.listed.iter().min().is_some_and(|low| low <= value) && self.listed.iter().max() >= Some(value)
    }
}

/// Settings of a noise law that may vary by themselves: the others must keep the mean.
const NOISE_SIZES: &[&str] = &["scale", "size", "half_width", "shift", "a", "b", "c"];

/// A setup with what is needed to read its numbers.
pub(super) struct SlotReader<'a> {
    /// What ties its parts.
    pub couplings: &'a Couplings,
    /// The setup.
    pub tree: &'a Table,
    /// What the file says may vary.
    pub setup: &'a FamilySetup,
    /// Whether numbers may leave the hull of what the file lists: the hypotheses then reject those that do not belong.
    pub free: bool,
    /// The parts that files may name.
    pub registry: &'a Registry,
}

impl SlotReader<'_> {
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
                counts(self.tree, self.registry, &entry.key, Counting::Somehow)
            };
            let declared = self.setup.parameters.iter().find(|(name, _)| *name == entry.key);
            let domain = match declared {
                Some((_, Spread::Values(values))) => Domain::Listed(values.clone()),
                Some((_, Spread::Range(low, high))) => {
                    let ends_are_whole = low.to_i64().is_some() && high.to_i64().is_some();
                    Domain::Range(low.clone(), high.clone(), whole && ends_are_whole)
                }
                None if self.setup.pinned.contains(&entry.key) => Domain::Listed(listed.clone()),
                None if self.free
                    && !self.couplings.by_hand.contains(&entry.key)
                    && !self.couplings.of_box.contains(&entry.key) =>
                {
                    Domain::Free(match Class::of(&listed) {
                        Class::Count(least) if whole => Class::Count(least),
                        Class::Count(1) | Class::Unit => Class::Positive,
                        Class::Count(_) => Class::NonNegative,
                        class => class,
                    })
                }
                None => Domain::Listed(listed.clone()),
            };
            slots.push(Slot { path: vec!["parameters".into(), entry.key.clone()], domain, listed });
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
                    slots.push(Slot { path: path.clone(), domain: Domain::Free(class), listed: vec![q] });
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

    /// Whether the claim is about other objectives than the file's.
    pub(super) fn objective_varies(&self) -> bool {
        let asked_for = self.setup.problems.as_ref().is_some_and(|p| !p.is_empty());
        let is_zero = matches!(self.tree.get("right").map(|n| number_of(&n.value)), Some(Some(q)) if q.is_zero());
        asked_for || self.setup.scope == Some(Scope::Hypotheses) || self.couplings.names_objective || is_zero
    }

    /// A start lies in its box.
    fn keep_inside(&self, problem: &Table, slots: &mut [Slot]) {
        let Some(walls) = problem.get(BOX) else { return };
        for slot in slots.iter_mut() {
            let place = match slot.path.as_slice() {
                [section, key] if section == "problem" && key == "start" => Some(0),
                [section, key, i] if section == "problem" && key == "start" => i.parse().ok(),
                _ => None,
            };
            if let Some(wall) = place.and_then(|i| wall_at(&walls.value, i)) {
                slot.domain = Domain::Range(-wall.clone(), wall, false);
            }
        }
    }

    /// The numbers that may vary.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        self.parameter_slots(&mut slots);
        if !self.free || !self.couplings.by_hand.is_empty() {
            return slots;
        }
        let fixed = self.setup.problems.as_ref().is_some_and(Vec::is_empty) || !self.objective_varies();
        if let (Some(Value::Table(table)), false) = (self.tree.get("problem").map(|n| &n.value), fixed) {
            let counts = self.count_keys(table, "problem");
            let varies = |key: &str| !["name", BOX].contains(&key) && !counts.contains(&key);
            self.section("problem", |key| varies(key).then_some(None), &mut slots);
            self.keep_inside(table, &mut slots);
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

/// Pairs of numbers of which the first is never above the second in the file: slots that stand in the same part. `mu` and `L`
/// of an objective keep their order, and the two ends of a window; what the family gives a range of its own does not.
pub(super) fn orders(reader: &SlotReader<'_>, slots: &[Slot]) -> Vec<(usize, usize)> {
    let roles: [&[&[&str]]; 4] =
        [&[&["problem"]], &[&["oracle", "noise"]], &[&["run", "horizon"], &["run", "window"]], &[]];
    let mut members: Vec<BTreeSet<String>> = roles.iter().map(|places| closure(reader.tree, places)).collect();
    // Step sizes are compared with nothing; two momenta are.
    if let Some(Value::Table(algorithm)) = reader.tree.get("algorithm").map(|n| &n.value) {
        let keys = algorithm.entries.iter().map(|e| e.key.as_str()).filter(|k| !["name", "step_size"].contains(k));
        let places: Vec<[&str; 2]> = keys.map(|key| ["algorithm", key]).collect();
        members.push(closure(reader.tree, &places.iter().map(<[&str; 2]>::as_slice).collect::<Vec<_>>()));
    }
    let name = |slot: &Slot| match slot.path.as_slice() {
        [section, name] if section == "parameters" && !slot.domain.is_single() => Some(name.clone()),
        _ => None,
    };
    let declared = |name: &String| reader.setup.parameters.iter().any(|(n, _)| n == name);
    let mut found = Vec::new();
    for (i, low) in slots.iter().enumerate() {
        for (j, high) in slots.iter().enumerate().filter(|(j, _)| *j != i) {
            let (Some(a), Some(b)) = (name(low), name(high)) else { continue };
            let together = members.iter().any(|m| m.contains(&a) && m.contains(&b));
            let ordered = low.listed.iter().max() <= high.listed.iter().min() && low.listed != high.listed;
            if together && ordered && !declared(&a) && !declared(&b) {
                found.push((i, j));
            }
        }
    }
    found
}
