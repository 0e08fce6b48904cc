//! The instances among which a search looks: what a claim file says may vary, and what its hypotheses leave open.

use super::dice::Dice;
use super::parts::{ASKED_FOR, Gene, NOISES, PROBLEMS, Shape};
use super::reading::{Domain, Reading, Slot, Ties};
use crate::model::Registry;
use crate::scalar::Rational;
use crate::spec::{Bound, Formula, Node, Relation, Scope, Table, Value, Work};

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

/// A right side that is a number above or below 0 was worked out for the file's instances; 0 is a bound for any.
fn is_written_out(right: Option<&Formula>) -> bool {
    right.is_some_and(|r| r.expr.symbols().is_empty() && r.text.trim() != "0")
}

fn named(shapes: &[Shape], wanted: Option<&[String]>) -> Vec<usize> {
    let all = 0..shapes.len();
    match wanted {
        None => all.filter(|i| !ASKED_FOR.iter().any(|n| shapes[*i].name.starts_with(n))).collect(),
        Some(names) => all.filter(|i| names.iter().any(|n| shapes[*i].name.starts_with(n.as_str()))).collect(),
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
        let skeletons = bound.trials.iter().map(|trial| {
            let has = |names: &[&str]| trial.variant.hypotheses.iter().any(|h| names.contains(&h.as_str()));
            // Upper bounds speak of every instance that meets the hypotheses; equalities, lower bounds and counterexamples
            // of the instances that the file gives.
            let bounds = matches!(trial.question.relation, Relation::Upper | Relation::Tight);
            let speaks_of_a_class = bounds
                && !is_written_out(trial.question.right.as_ref())
                && !trial.variant.hypotheses.is_empty()
                && trial.tree.get("problem").is_some();
            let free = setup.scope.map_or(speaks_of_a_class, |scope| scope == Scope::Hypotheses);
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

    /// Every instance, where the file lists them all and they are at most so many.
    #[must_use]
    pub fn all(&self, most: usize) -> Option<Vec<Candidate>> {
        let mut found = Vec::new();
        for (skeleton, shape) in self.skeletons.iter().enumerate() {
            if shape.swaps_problem || shape.swaps_noise {
                return None;
            }
            let mut partial: Vec<(Vec<Rational>, Vec<usize>)> = vec![Default::default()];
            for slot in &shape.slots {
                let Domain::Listed(values) = &slot.domain else { return None };
                partial = longer(&partial, values, most, |(numbers, _), v| numbers.push(v.clone()))?;
            }
            for (_, words) in &shape.open {
                let words: Vec<usize> = (0..words.len()).collect();
                partial = longer(&partial, &words, most, |(_, chosen), w| chosen.push(*w))?;
            }
            found.extend(partial.into_iter().map(|(numbers, conventions)| Candidate {
                skeleton,
                numbers,
                problem: None,
                dimension: shape.own_dimension,
                noise: Noise::Own,
                conventions,
            }));
        }
        (found.len() <= most).then_some(found)
    }

    /// What varies, a line a number or part; setups that differ in it give a line each.
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
            if skeleton.swaps_problem {
                let (low, high) = self.dimensions;
                let list = names(PROBLEMS, &mut self.problems.iter().copied());
                say(format!("objective: the file's, or with {low} to {high} coordinates {list}"));
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
        if self.skeletons.len() > 1 {
            say(format!("setup: one of the file's {}", self.skeletons.len()));
        }
        lines
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
        // A law of another number of coordinates cannot stay: what does not fit the file's own noise either is refused.
        candidate.noise = Noise::Own;
        if !fitting.is_empty() {
            candidate.noise = match dice.of(&fitting) {
                None => Noise::None,
                Some(shape) => Noise::Law(Gene::fresh(NOISES, *shape, d, dice)),
            };
        }
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

/// Each beginning with each choice; `None` where that is too many.
fn longer<T: Clone, C>(begun: &[T], choices: &[C], most: usize, add: impl Fn(&mut T, &C)) -> Option<Vec<T>> {
    if begun.len().saturating_mul(choices.len()) > most {
        return None;
    }
    let each = begun.iter().flat_map(|b| choices.iter().map(move |c| (b, c)));
    Some(
        each.map(|(b, c)| {
            let mut next = b.clone();
            add(&mut next, c);
            next
        })
        .collect(),
    )
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
