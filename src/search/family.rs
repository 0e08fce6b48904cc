//! The instances among which a search looks: what a claim file says may vary, and what its hypotheses leave open.

use super::couplings::Couplings;
use super::laws::NOISES;
use super::objectives::PROBLEMS;
use super::parts::{ASKED_FOR, Gene, Shape};
use super::requires::require;
use super::slots::{Slot, SlotReader, orders};
use super::values::{BOX, number_of, wall_at};
use crate::claim::{Bound, FamilySetup, Formula, Node, Relation, Scenario, Scope, Table, Value, Within, Work};
use crate::model::Registry;
use crate::run::Refusal;
use crate::scalar::Rational;

/// A claim's setup without its numbers.
pub struct Skeleton {
    tree: Table,
    /// Its numbers that may vary.
    pub slots: Vec<Slot>,
    /// Pairs of slots of which the first stays at most the second, as in the file.
    pub(super) orders: Vec<(usize, usize)>,
    /// Conventions that it leaves open: the key, and the words.
    pub(super) open: Vec<(&'static str, &'static [&'static str])>,
    /// Objectives that may stand in for its own: those that fit the family's dimensions, and take its box where it has
    /// one.
    pub(super) problems: Vec<usize>,
    /// Whether an objective may stand in for its own.
    pub(super) swaps_problem: bool,
    pub(super) swaps_noise: bool,
    /// Coordinates of its own objective, and whether the family has that many.
    pub(super) own_dimension: usize,
    pub(super) own_belongs: bool,
    /// The box that its objective lives in.
    walls: Option<Node>,
    /// Fewest and most coordinates of what stands in.
    dimensions: (usize, usize),
}

/// Everything that a search may try for one bound.
pub struct Family {
    /// Setups of the file.
    pub skeletons: Vec<Skeleton>,
    /// Noise laws that may stand in; `None` is exact gradients.
    pub(super) noises: Vec<Option<usize>>,
    /// Ranges that the command line gives.
    pub(super) within: Vec<Within>,
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

/// Fewest and most coordinates of what stands in where the file does not say.
const MOST_COORDINATES: (usize, usize) = (1, 4);
const SIGN_ZERO: &[&str] = &["0", "+1", "-1"];
const TIES: &[&str] = &["zero", "+1", "-1"];
/// Hypotheses on the objective: with one of them a claim is about a class.
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
/// Replaces the value at a path; list entries are named by their place.
pub(super) fn put(tree: &mut Table, path: &[String], value: Value) {
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

/// A right side that is a number other than 0 was computed for the file's instances; 0 can bound any instance.
fn is_written_out(right: Option<&Formula>) -> bool {
    right.is_some_and(|r| r.expr.symbols().is_empty() && r.text.trim() != "0")
}

fn named(shapes: &[Shape], wanted: Option<&[String]>) -> Vec<usize> {
    let all = 0..shapes.len();
    match wanted {
        None => all.filter(|i| !ASKED_FOR.contains(&shapes[*i].part)).collect(),
        Some(names) => all.filter(|i| names.iter().any(|n| shapes[*i].part == n)).collect(),
    }
}

impl Family {
    /// The family of a bound.
    #[must_use]
    pub fn new(bound: &Bound, registry: &Registry) -> Self {
        let setup = &bound.family;
        let problems = named(PROBLEMS, setup.problems.as_deref());
        let laws = named(NOISES, setup.noise.as_deref());
        let mut noises: Vec<Option<usize>> = laws.into_iter().map(Some).collect();
        if setup.noise.as_ref().is_none_or(|names| names.iter().any(|n| n == "none")) {
            noises.push(None);
        }
        let chosen = Chosen { setup, problems, noises: &noises, registry };
        let skeletons = bound
            .scenarios
            .iter()
            .flat_map(|scenario| {
                without_irrational_sweeps(&scenario.tree).into_iter().map(move |tree| (scenario, tree))
            })
            .map(|(scenario, tree)| skeleton(scenario, &tree, &chosen));
        Family { skeletons: skeletons.collect(), noises, within: setup.within.clone() }
    }

    /// Fewest and most coordinates of an objective that stands in.
    pub(super) fn dimensions_of(&self, skeleton: usize, shape: usize) -> (usize, usize) {
        fitting(self.skeletons[skeleton].dimensions, shape)
    }

    /// Whether the family has an objective of so many coordinates in place of the file's own.
    pub(super) fn has_dimension(&self, skeleton: usize, d: usize) -> bool {
        let (low, high) = self.skeletons[skeleton].dimensions;
        low <= d && d <= high
    }

    /// Whether exact gradients may stand in for noise.
    pub(super) fn has_silence(&self, skeleton: usize) -> bool {
        self.skeletons[skeleton].swaps_noise && self.noises.contains(&None)
    }

    /// Whether a candidate keeps what the file's listed numbers keep.
    ///
    /// # Errors
    /// The order that it breaks.
    pub fn restriction(&self, candidate: &Candidate) -> Result<(), Refusal> {
        let skeleton = &self.skeletons[candidate.skeleton];
        match skeleton.orders.iter().find(|(i, j)| candidate.numbers[*i] > candidate.numbers[*j]) {
            Some((i, j)) => Err(Refusal::Outside(skeleton.order_text(*i, *j), "as in the file".into())),
            None => Ok(()),
        }
    }

    /// What varies, one line per number or part; setups that differ in it give a line each.
    #[must_use]
    pub fn varies(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut say = |line: String| {
            if !lines.contains(&line) {
                lines.push(line);
            }
        };
        let names = |shapes: &[Shape], chosen: &mut dyn Iterator<Item = usize>| {
            let mut names: Vec<&str> = chosen.map(|i| shapes[i].name).collect();
            names.dedup();
            names.join(", ")
        };
        for skeleton in &self.skeletons {
            for slot in skeleton.slots.iter().filter(|s| !s.domain.is_single()) {
                let path = if slot.path[0] == "parameters" { &slot.path[1..] } else { &slot.path[..] };
                say(format!("{}: {}", path.join("."), slot.domain));
            }
            for (i, j) in &skeleton.orders {
                say(format!("{}, as in the file", skeleton.order_text(*i, *j)));
            }
            if skeleton.swaps_problem {
                let (low, high) = skeleton.dimensions;
                let list = names(PROBLEMS, &mut skeleton.problems.iter().copied());
                let own = if skeleton.own_belongs { "the file's, or with" } else { "with" };
                let inside = if skeleton.walls.is_some() { ", in the file's box" } else { "" };
                say(format!("objective: {own} {low} to {high} coordinates {list}{inside}"));
            }
            if skeleton.swaps_noise {
                let list = names(NOISES, &mut self.noises.iter().filter_map(|n| *n));
                let none = if self.noises.contains(&None) { "none, or " } else { "" };
                say(format!("noise: the file's, {none}{list}"));
            }
            for (key, words) in &skeleton.open {
                say(format!("{key}: {}", words.join(", ")));
            }
        }
        for within in &self.within {
            say(format!("{}: from {} to {}", within.text, within.range.0, within.range.1));
        }
        if self.skeletons.len() > 1 {
            say(format!("setup: one of the file's {}", self.skeletons.len()));
        }
        lines
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
            let mut table = (PROBLEMS[gene.shape?].render)(candidate.dimension, &gene.numbers)?;
            if let Some(walls) = &skeleton.walls {
                table.set(BOX, 0..0, walls.clone());
                keep_inside(&mut table);
            }
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

impl Skeleton {
    fn order_text(&self, i: usize, j: usize) -> String {
        let name = |k: usize| self.slots[k].path.last().cloned().unwrap_or_default();
        format!("{} <= {}", name(i), name(j))
    }
}

/// What a family may put in place of the file's parts.
struct Chosen<'a> {
    setup: &'a FamilySetup,
    problems: Vec<usize>,
    noises: &'a [Option<usize>],
    registry: &'a Registry,
}

/// Fewest and most coordinates of a shape within those of a family.
fn fitting(dimensions: (usize, usize), shape: usize) -> (usize, usize) {
    let (low, high) = PROBLEMS[shape].dimensions;
    (low.max(dimensions.0), high.min(dimensions.1))
}

fn skeleton(scenario: &Scenario, tree: &Table, chosen: &Chosen<'_>) -> Skeleton {
    let (setup, registry) = (chosen.setup, chosen.registry);
    let has = |names: &[&str]| scenario.variant.hypotheses.iter().any(|h| names.contains(&h.as_str()));
    // Upper bounds are about every instance that meets the hypotheses; equalities, lower bounds and counterexamples are
    // about the instances that the file gives.
    let bounds = matches!(scenario.question.relation, Relation::Upper | Relation::Tight);
    let speaks_of_a_class = bounds
        && !is_written_out(scenario.question.right.as_ref())
        && !scenario.variant.hypotheses.is_empty()
        && tree.get("problem").is_some();
    let free = setup.scope.map_or(speaks_of_a_class, |scope| scope == Scope::Hypotheses);
    let minibatch = matches!(&scenario.variant.work, Work::Experiment(e) if e.oracle.minibatch);
    let couplings = Couplings::new(tree);
    let reader = SlotReader { couplings: &couplings, tree, setup, free, registry };
    let loose = free && !minibatch && couplings.by_hand.is_empty();
    let conventions = setup.conventions.clone().unwrap_or_else(|| vec!["sign_zero".into(), "ties".into()]);
    let is_set = |key: &str| match tree.get("semantics").map(|n| &n.value) {
        Some(Value::Table(table)) => table.get(key).is_some(),
        _ => false,
    };
    let all: [(&'static str, &'static [&'static str]); 2] = [("sign_zero", SIGN_ZERO), ("ties", TIES)];
    let open = all.into_iter().filter(|(key, _)| free && !is_set(key) && conventions.iter().any(|c| c == key));
    let noisy = matches!(&scenario.variant.work, Work::Experiment(e) if e.oracle.noise.is_some());
    let own_dimension = own_dimension(tree);
    let walls = match tree.get("problem").map(|n| &n.value) {
        Some(Value::Table(problem)) => problem.get(BOX).cloned(),
        _ => None,
    };
    // A box fixes the dimension, too.
    let most = if walls.is_some() { (own_dimension, own_dimension) } else { MOST_COORDINATES };
    let dimensions = setup.dimension.unwrap_or(most);
    let takes_walls = |shape: &usize| {
        let entry = registry.problem(PROBLEMS[*shape].part);
        walls.is_none() || entry.is_ok_and(|e| e.params.iter().any(|p| p.name == BOX))
    };
    let fits = |shape: &usize| fitting(dimensions, *shape).0 <= fitting(dimensions, *shape).1;
    let problems: Vec<usize> = chosen.problems.iter().copied().filter(takes_walls).filter(fits).collect();
    let swaps_problem = loose
        && !couplings.problem
        && reader.objective_varies()
        && (setup.problems.is_some() || has(OF_PROBLEM))
        && !problems.is_empty();
    let slots = reader.slots();
    let declared = setup.dimension.is_some() && swaps_problem;
    Skeleton {
        orders: orders(&reader, &slots),
        slots,
        open: open.collect(),
        problems,
        swaps_problem,
        swaps_noise: loose
            && !couplings.noise
            // Exact gradients in the file are a restriction like any other: a bound on a second moment that they
            // satisfy allows noise, too.
            && (setup.noise.is_some() || noisy)
            && !chosen.noises.is_empty(),
        own_dimension,
        own_belongs: !declared || (dimensions.0 <= own_dimension && own_dimension <= dimensions.1),
        walls,
        dimensions,
        tree: {
            let mut tree = stripped(tree);
            require(&mut tree, &setup.within);
            tree
        },
    }
}

/// Slots hold rationals: a sweep through other numbers gives one tree per number.
fn without_irrational_sweeps(tree: &Table) -> Vec<Table> {
    let mut trees = vec![tree.clone()];
    let Some(Value::Table(parameters)) = tree.get("parameters").map(|n| &n.value) else { return trees };
    for entry in &parameters.entries {
        let Value::List(list) = &entry.node.value else { continue };
        let (rational, other): (Vec<Node>, Vec<Node>) =
            list.iter().cloned().partition(|node| number_of(&node.value).is_some());
        let mut choices: Vec<Value> = other.into_iter().map(|node| node.value).collect();
        if choices.is_empty() {
            continue;
        }
        if !rational.is_empty() {
            choices.push(Value::List(rational));
        }
        let path = ["parameters".to_string(), entry.key.clone()];
        let each = trees.iter().flat_map(|tree| {
            choices.iter().map(|choice| {
                let mut next = tree.clone();
                put(&mut next, &path, choice.clone());
                next
            })
        });
        trees = each.collect();
    }
    trees
}

/// Brings a start into the box of its objective, where its walls are numbers.
fn keep_inside(problem: &mut Table) {
    let Some(walls) = problem.get(BOX).cloned() else { return };
    let Some(Value::List(start)) = problem.entries.iter_mut().find(|e| e.key == "start").map(|e| &mut e.node.value)
    else {
        return;
    };
    for (i, entry) in start.iter_mut().enumerate() {
        if let (Some(wall), Some(x)) = (wall_at(&walls.value, i), number_of(&entry.value)) {
            entry.value = Value::Number(x.clamp(-wall.clone(), wall));
        }
    }
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
    let length = |e: &crate::claim::Entry| match &e.node.value {
        Value::List(list) => list.len(),
        _ => 1,
    };
    let start = problem.entries.iter().find(|e| e.key == "start").map(length).filter(|n| *n > 1);
    start.or_else(|| problem.entries.iter().map(length).max()).unwrap_or(1)
}

/// A scenario's tree without what an instance does not need; a swept parameter keeps its first value until it is drawn.
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
            // That a bound is attained is claimed for the file's instances only; a search can break only that it
            // bounds.
            ("relation", Value::Text(text)) if text == "tight" => *text = "upper".into(),
            ("run", Value::Table(run)) => {
                run.entries.retain(|e| ["horizon", "window", "replicates"].contains(&e.key.as_str()))
            }
            _ => {}
        }
    }
    tree.entries.retain(|e| !["case", "control", "figure", "bound", "notes", "assumes"].contains(&e.key.as_str()));
    tree
}
