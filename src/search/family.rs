//! The instances among which a search looks: what a claim file says may vary, and what its hypotheses leave open.

use super::dice::{Class, Dice};
use super::parts::{Gene, NOISES, PROBLEMS, Shape};
use crate::model::{Kind, ParamSpec, Registry};
use crate::scalar::Rational;
use crate::spec::{Bound, FamilySetup, Formula, Node, Relation, Spec, Table, Value, Work};
use std::collections::BTreeSet;

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

/// A number of a claim file that may vary.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Where it stands.
    pub path: Path,
    /// What it may be.
    pub domain: Domain,
}

/// A claim's setup without its numbers.
pub struct Skeleton {
    tree: Table,
    /// Its numbers that may vary.
    pub slots: Vec<Slot>,
    /// Conventions that it leaves open: the key, and the words.
    open: Vec<(&'static str, &'static [&'static str])>,
    /// Whether an objective may stand in for its own.
    swaps_problem: bool,
    swaps_noise: bool,
    /// Coordinates of its own objective.
    own_dimension: usize,
}

/// Everything that a search may try for one bound.
pub struct Family {
    /// Setups of the file.
    pub skeletons: Vec<Skeleton>,
    /// Objectives that may stand in.
    problems: Vec<usize>,
    /// Noise laws that may stand in; `None` is exact gradients.
    noises: Vec<Option<usize>>,
    dimensions: (usize, usize),
}

/// The noise of an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum Noise {
    /// As the file has it.
    Own,
    /// Exact gradients.
    None,
    /// A law that stands in.
    Law(Gene),
}

/// One instance of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Which setup.
    pub skeleton: usize,
    /// The numbers of its slots.
    pub numbers: Vec<Rational>,
    /// The objective that stands in, if one does.
    pub problem: Option<Gene>,
    /// Coordinates of what stands in.
    pub dimension: usize,
    /// Its noise.
    pub noise: Noise,
    /// The word chosen for each open convention; 0 is the default.
    pub conventions: Vec<usize>,
}

const SIGN_ZERO: &[&str] = &["0", "+1", "-1"];
const TIES: &[&str] = &["zero", "+1", "-1"];
/// Settings of a noise law that may vary by themselves: the others must keep the mean.
const NOISE_SIZES: &[&str] = &["scale", "size", "half_width", "shift", "a", "b", "c"];
/// Hypotheses on the objective: with one of them a claim speaks of a class.
const OF_PROBLEM: &[&str] = &[
    "lower-bound",
    "smooth",
    "smooth-coordinate",
    "smooth-linf",
    "convex",
    "pl",
    "pl-l1",
    "minimiser",
    "bounded-gradient",
    "hessian-lipschitz",
    "strongly-convex-linf",
];
/// Hypotheses on the noise.
const OF_NOISE: &[&str] =
    &["unbiased", "variance", "variance-coordinate", "variance-l1", "second-moment", "sign-advantage"];

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

/// Replaces the value at a path; list entries are named by their place.
pub fn put(tree: &mut Table, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    let Some(entry) = tree.entries.iter_mut().find(|e| e.key == *first) else {
        return;
    };
    let mut at = &mut entry.node.value;
    for key in rest {
        let next = match at {
            Value::Table(table) => table.entries.iter_mut().find(|e| e.key == *key).map(|e| &mut e.node.value),
            Value::List(list) => key.parse::<usize>().ok().and_then(|i| list.get_mut(i)).map(|n| &mut n.value),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return,
        }
    }
    *at = value;
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
struct Ties {
    /// A parameter of the objective stands elsewhere too: another objective would not be the one that is meant there.
    problem: bool,
    /// The same of the noise.
    noise: bool,
    /// Parameters that only the two sides name: constants of this instance, written by hand.
    by_hand: BTreeSet<String>,
}

impl Ties {
    fn new(tree: &Table) -> Self {
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

struct Reading<'a> {
    ties: &'a Ties,
    tree: &'a Table,
    setup: &'a FamilySetup,
    /// Whether numbers may leave the hull of what the file lists: the hypotheses prune them.
    free: bool,
    registry: &'a Registry,
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
                Some((_, (low, high))) => Domain::Range(low.clone(), high.clone(), whole),
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

    fn slots(&self) -> Vec<Slot> {
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

/// A right side that is a number above or below 0 was worked out for the file's instances; 0 is a bound for any.
fn is_written_out(right: Option<&Formula>) -> bool {
    right.is_some_and(|r| r.expr.names().is_empty() && r.text.trim() != "0")
}

/// Entries of vectors are not counts, whatever they look like.
fn real(class: Class) -> Class {
    match class {
        Class::Count(1) => Class::Positive,
        Class::Count(_) => Class::NonNegative,
        other => other,
    }
}

fn named(shapes: &[Shape], wanted: Option<&[String]>) -> Vec<usize> {
    let all = 0..shapes.len();
    match wanted {
        None => all.collect(),
        Some(names) => all.filter(|i| names.iter().any(|n| shapes[*i].name.starts_with(n.as_str()))).collect(),
    }
}

impl Family {
    /// The family of a bound.
    #[must_use]
    pub fn new(spec: &Spec, bound: &Bound, registry: &Registry) -> Self {
        let setup = &spec.family;
        let problems = named(PROBLEMS, setup.problems.as_deref());
        let laws = named(NOISES, setup.noise.as_deref());
        let mut noises: Vec<Option<usize>> = laws.into_iter().map(Some).collect();
        if setup.noise.as_ref().is_none_or(|names| names.iter().any(|n| n == "none")) {
            noises.push(None);
        }
        let skeletons = bound.trials.iter().map(|trial| {
            let has = |names: &[&str]| trial.variant.hypotheses.iter().any(|h| names.contains(&h.as_str()));
            // Upper bounds speak of every instance that meets the hypotheses; equalities, lower bounds and counterexamples
            // of the instances that the file gives.
            let bounds = matches!(trial.question.relation, Relation::Upper | Relation::Tight);
            let free = bounds
                && !bound.listed_only
                && !is_written_out(trial.question.right.as_ref())
                && !trial.variant.hypotheses.is_empty()
                && trial.tree.get("problem").is_some();
            let minibatch = matches!(&trial.variant.work, Work::Experiment(e) if e.oracle.minibatch);
            let ties = Ties::new(&trial.tree);
            let reading = Reading { ties: &ties, tree: &trial.tree, setup, free, registry };
            let loose = free && !minibatch && ties.by_hand.is_empty();
            let conventions = setup.conventions.clone().unwrap_or_else(|| vec!["sign_zero".into(), "ties".into()]);
            let is_set = |key: &str| match trial.tree.get("semantics").map(|n| &n.value) {
                Some(Value::Table(table)) => table.get(key).is_some(),
                _ => false,
            };
            let all: [(&'static str, &'static [&'static str]); 2] = [("sign_zero", SIGN_ZERO), ("ties", TIES)];
            let open = all.into_iter().filter(|(key, _)| free && !is_set(key) && conventions.iter().any(|c| c == key));
            let noisy = matches!(&trial.variant.work, Work::Experiment(e) if e.oracle.noise.is_some());
            Skeleton {
                slots: reading.slots(),
                open: open.collect(),
                swaps_problem: loose
                    && !ties.problem
                    && (setup.problems.is_some() || has(OF_PROBLEM))
                    && !problems.is_empty(),
                swaps_noise: loose
                    && !ties.noise
                    && (setup.noise.is_some() || noisy || has(OF_NOISE))
                    && !noises.is_empty(),
                own_dimension: own_dimension(&trial.tree),
                tree: stripped(&trial.tree),
            }
        });
        let dimensions = setup.dimension.unwrap_or((1, 4));
        Family { skeletons: skeletons.collect(), problems, noises, dimensions }
    }

    /// Whether there is more than one instance.
    #[must_use]
    pub fn is_single(&self) -> bool {
        let fixed = |s: &Skeleton| s.slots.is_empty() && s.open.is_empty() && !s.swaps_problem && !s.swaps_noise;
        self.skeletons.len() == 1 && self.skeletons.iter().all(fixed)
    }

    /// A fresh instance.
    pub fn draw(&self, dice: &mut Dice) -> Candidate {
        let skeleton = dice.below(self.skeletons.len());
        let shape = &self.skeletons[skeleton];
        let numbers = shape.slots.iter().map(|slot| slot.domain.draw(dice)).collect();
        let mut candidate = Candidate {
            skeleton,
            numbers,
            problem: None,
            dimension: shape.own_dimension,
            noise: Noise::Own,
            conventions: shape
                .open
                .iter()
                .map(|(_, words)| if dice.one_in(2) { 0 } else { dice.below(words.len()) })
                .collect(),
        };
        if shape.swaps_problem && !dice.one_in(4) {
            self.swap_problem(&mut candidate, dice);
        }
        if shape.swaps_noise && (candidate.problem.is_some() || !dice.one_in(3)) {
            self.swap_noise(&mut candidate, dice);
        }
        candidate
    }

    fn swap_problem(&self, candidate: &mut Candidate, dice: &mut Dice) {
        // Quadratics and Huber's loss have all constants exactly: half of the tries.
        let shape = if dice.one_in(2) { self.problems[0] } else { *dice.of(&self.problems) };
        let (low, high) = PROBLEMS[shape].dimensions;
        let (low, high) = (low.max(self.dimensions.0), high.min(self.dimensions.1));
        if low > high {
            return;
        }
        let d = if dice.one_in(2) { low } else { low + dice.below(high - low + 1) };
        candidate.problem = Some(Gene::fresh(PROBLEMS, shape, d, dice));
        if d != candidate.dimension {
            candidate.dimension = d;
            if candidate.noise != Noise::None && self.skeletons[candidate.skeleton].swaps_noise {
                self.swap_noise(candidate, dice);
            }
        }
    }

    fn swap_noise(&self, candidate: &mut Candidate, dice: &mut Dice) {
        let d = candidate.dimension;
        let fits = |n: &&Option<usize>| n.is_none_or(|i| NOISES[i].dimensions.0 <= d && d <= NOISES[i].dimensions.1);
        let fitting: Vec<Option<usize>> = self.noises.iter().filter(fits).copied().collect();
        if fitting.is_empty() {
            return;
        }
        candidate.noise = match dice.of(&fitting) {
            None => Noise::None,
            Some(shape) => Noise::Law(Gene::fresh(NOISES, *shape, d, dice)),
        };
    }

    /// A neighbour of an instance.
    pub fn mutate(&self, candidate: &Candidate, dice: &mut Dice) -> Candidate {
        let mut next = candidate.clone();
        let skeleton = &self.skeletons[next.skeleton];
        for _ in 0..=dice.below(3) {
            match dice.below(16) {
                0 if skeleton.swaps_problem => self.swap_problem(&mut next, dice),
                1 if skeleton.swaps_noise => self.swap_noise(&mut next, dice),
                2 if !skeleton.open.is_empty() => {
                    let i = dice.below(skeleton.open.len());
                    next.conventions[i] = dice.below(skeleton.open[i].1.len());
                }
                3..=7 if !next.numbers.is_empty() => {
                    let i = dice.below(next.numbers.len());
                    next.numbers[i] = skeleton.slots[i].domain.near(&next.numbers[i], dice);
                }
                8..=11 if next.problem.is_some() => {
                    if let Some(gene) = &mut next.problem {
                        move_one(PROBLEMS, gene, next.dimension, dice);
                    }
                }
                _ => match &mut next.noise {
                    Noise::Law(gene) => move_one(NOISES, gene, next.dimension, dice),
                    _ if !next.numbers.is_empty() => {
                        let i = dice.below(next.numbers.len());
                        next.numbers[i] = skeleton.slots[i].domain.near(&next.numbers[i], dice);
                    }
                    _ => {}
                },
            }
        }
        next
    }

    /// An instance with numbers of both, where they have the same setup.
    pub fn cross(&self, a: &Candidate, b: &Candidate, dice: &mut Dice) -> Candidate {
        let mut child = a.clone();
        if a.skeleton != b.skeleton {
            return self.mutate(a, dice);
        }
        let mix = |x: &mut [Rational], y: &[Rational], dice: &mut Dice| {
            x.iter_mut().zip(y).filter(|_| dice.one_in(2)).for_each(|(x, y)| *x = y.clone());
        };
        mix(&mut child.numbers, &b.numbers, dice);
        if a.dimension == b.dimension {
            if dice.one_in(2) {
                child.noise = b.noise.clone();
            }
            if let (Some(x), Some(y)) = (&mut child.problem, &b.problem)
                && x.shape == y.shape
            {
                mix(&mut x.numbers, &y.numbers, dice);
            }
        }
        child
    }

    /// The instance as a tree: a claim file with one value for each number.
    #[must_use]
    pub fn render(&self, candidate: &Candidate) -> Option<Table> {
        let skeleton = &self.skeletons[candidate.skeleton];
        let mut tree = skeleton.tree.clone();
        for (slot, value) in skeleton.slots.iter().zip(&candidate.numbers) {
            put(&mut tree, &slot.path, Value::Number(value.clone()));
        }
        if let Some(gene) = &candidate.problem {
            let table = (PROBLEMS[gene.shape?].render)(candidate.dimension, &gene.numbers)?;
            tree.set("problem", 0..0, Node::new(Value::Table(table)));
        }
        let noise = match &candidate.noise {
            Noise::Own => None,
            Noise::None => Some(Value::Text("none".into())),
            Noise::Law(gene) => Some(Value::Table((NOISES[gene.shape?].render)(candidate.dimension, &gene.numbers)?)),
        };
        if let Some(noise) = noise {
            inside(&mut tree, "oracle").set("noise", 0..0, Node::new(noise));
        }
        for ((key, words), chosen) in skeleton.open.iter().zip(&candidate.conventions) {
            if *chosen > 0 {
                inside(&mut tree, "semantics").set(key, 0..0, Node::new(Value::Text(words[*chosen].into())));
            }
        }
        Some(tree)
    }
}

fn move_one(shapes: &[Shape], gene: &mut Gene, d: usize, dice: &mut Dice) {
    let Some(shape) = gene.shape else { return };
    let classes = (shapes[shape].classes)(d);
    if gene.numbers.is_empty() {
        return;
    }
    let i = dice.below(gene.numbers.len());
    gene.numbers[i] = match dice.below(4) {
        // Another number of the same part: symmetric instances are often the extreme ones.
        0 => {
            let other = dice.of(&gene.numbers).clone();
            if classes[i].holds(&other) { other } else { dice.near(&gene.numbers[i], classes[i]) }
        }
        _ => dice.near(&gene.numbers[i], classes[i]),
    };
}

/// The table of that key, made where it is missing.
fn inside<'t>(tree: &'t mut Table, key: &str) -> &'t mut Table {
    if !matches!(tree.get(key).map(|n| &n.value), Some(Value::Table(_))) {
        tree.set(key, 0..0, Node::new(Value::Table(Table::default())));
    }
    let entry = tree.entries.iter_mut().find(|e| e.key == key);
    match entry.map(|e| &mut e.node.value) {
        Some(Value::Table(table)) => table,
        _ => unreachable!("it was just put there"),
    }
}

/// The number of coordinates of the file's own start, or of its longest list.
fn own_dimension(tree: &Table) -> usize {
    let Some(Value::Table(problem)) = tree.get("problem").map(|n| &n.value) else { return 1 };
    let length = |e: &crate::spec::Entry| match &e.node.value {
        Value::List(list) => list.len(),
        _ => 1,
    };
    let start = problem.entries.iter().find(|e| e.key == "start").map(length).filter(|n| *n > 1);
    start.or_else(|| problem.entries.iter().map(length).max()).unwrap_or(1)
}

/// A trial's tree without what an instance does not need; a swept parameter keeps its first value until it is drawn.
fn stripped(tree: &Table) -> Table {
    let mut tree = tree.clone();
    for entry in &mut tree.entries {
        match (entry.key.as_str(), &mut entry.node.value) {
            ("parameters", Value::Table(parameters)) => {
                for parameter in &mut parameters.entries {
                    if let Value::List(list) = &parameter.node.value
                        && let Some(first) = list.first()
                    {
                        parameter.node = first.clone();
                    }
                }
            }
            // That a bound is attained is said of the file's instances; what a search can break is that it bounds.
            ("relation", Value::Text(text)) if text == "tight" => *text = "upper".into(),
            ("run", Value::Table(run)) => run.entries.retain(|e| e.key == "horizon" || e.key == "window"),
            _ => {}
        }
    }
    tree.entries.retain(|e| !["case", "control", "figure", "bound", "notes", "assumes"].contains(&e.key.as_str()));
    tree
}
