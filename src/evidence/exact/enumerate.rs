//! Dynamic programming over the states of a run: equal states merge, their probabilities add.
//!
//! E of a mean over time is the mean of the E's, so that such a functional needs no memory. A minimum, a maximum, or a
//! mean inside a nonlinear expression is carried along with the state.

use super::branch::{Branching, Script};
use super::found::{Found, Total, finished, found, is_of_arithmetic};
use super::sums::length;
use crate::claim::{Instance, Reducer, StartPoint, Symbol};
use crate::engine::{Plan, Point, Progress, RunError, Traffic, Workspace, add_to, is_due, reduce, step_once};
use crate::model::{Real, Ties};
use crate::scalar::{Computable, Enclosure, Fault, Scalar, Surd};
use std::collections::HashMap;

/// How much is spent before exactness is given up, in units of about a nanosecond of exact arithmetic. It is
/// counted from the sizes of the numbers, never from a clock: what is exact must not depend on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Budget(pub u64);

impl Budget {
    /// A fraction of a second per cell.
    pub const QUICK: Budget = Budget(300_000_000);
    /// Minutes per cell.
    pub const FULL: Budget = Budget(60_000_000_000);
}

/// Cost of one outcome of a step from these coordinates: allocations, and gcds that grow with the square of the length.
/// Whole numbers, because the order in which nodes are visited must not matter.
fn cost(node: &Node) -> u64 {
    500 + node.x.iter().chain(&node.state).chain(&node.sum).map(length).sum::<u64>()
}

/// Bits of the floats that enclose such statistics. They are long enough that the order of summation over the states
/// does not change the digits of a double.
const PRECISION: usize = 256;

/// Draws that an outcome's cost covers; so many more cost the same again.
const FREE_DRAWS: u64 = 16;

/// Expectations known as numbers: sums of roots, formulas, or what encloses them where the states are known.
#[derive(Debug, Clone)]
pub struct ExactEstimates {
    /// One per path term; `None` for one that has no such form.
    pub paths: Vec<Option<Computable>>,
    /// One per series term, with one entry per iterate.
    pub series: Vec<Option<Vec<Computable>>>,
    /// Whether the outcomes became too many before the horizon: series then end early, and path terms are not known.
    pub partial: bool,
    /// Messages and calls along any one path.
    pub traffic: Traffic,
    /// Outcomes of steps that were run.
    pub outcomes: u64,
    /// Signs of exact zeros along all paths.
    pub ties: Ties,
}

impl ExactEstimates {
    /// Whether every term has an exact expectation.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.knows_paths().all(|known| known) && self.knows_series().all(|known| known)
    }

    /// For each path term, whether its expectation is known.
    pub fn knows_paths(&self) -> impl Iterator<Item = bool> {
        self.paths.iter().map(Option::is_some)
    }

    /// For each series, whether the expectations at all its iterates are known.
    pub fn knows_series(&self) -> impl Iterator<Item = bool> {
        self.series.iter().map(|known| !self.partial && known.is_some())
    }
}

/// Why an instance has no exact expectation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Infinite support, an irrational step, or more than the budget.
    #[error("{0}")]
    Unfit(String),
    /// The run is to be given up ([`Progress::stop`]).
    #[error("stopped")]
    Stopped,
}

fn unfit(reason: impl ToString) -> Unavailable {
    Unavailable::Unfit(reason.to_string())
}

/// A state of the run, with the values carried along; equal nodes merge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Node {
    x: Vec<Surd>,
    state: Vec<Surd>,
    /// The iterate before, where the plan looks back.
    before: Vec<Surd>,
    carried: Vec<Option<Surd>>,
    /// The sum of the iterates, where something needs it; empty elsewhere.
    sum: Vec<Surd>,
    /// The node of the noise's own tree, where it has one.
    place: u64,
}

/// Where a path term's reductions stand.
enum Route {
    /// E of a mean: summed over time.
    Linear,
    /// For each reduction, its place among the carried values; `None` for one that is read at the end.
    Carried(Vec<Option<usize>>),
}

/// The exact expectation of every term of a plan that has one.
///
/// # Errors
/// [`Unavailable`], with the reason: infinite support, an irrational step, more outcomes than the budget, or a run that
/// is given up; `progress` is checked for that at every state.
pub fn enumerate(
    instance: &Instance,
    plan: &Plan,
    budget: Budget,
    progress: &dyn Progress,
) -> Result<ExactEstimates, Unavailable> {
    enumerate_as_far(instance, plan, budget, progress, false)
}

/// As [`enumerate`]; with `partly`, where the outcomes cannot be followed to the horizon, the series as far as they
/// were.
///
/// # Errors
/// As there, where no series has an entry.
pub fn enumerate_as_far(
    instance: &Instance,
    plan: &Plan,
    budget: Budget,
    progress: &dyn Progress,
    partly: bool,
) -> Result<ExactEstimates, Unavailable> {
    let StartPoint::At(point) = &instance.start else {
        return Err(unfit("the start is drawn from a continuous law"));
    };
    let x: Result<Vec<Surd>, Fault> = point.iter().map(Real::cast).collect();
    let x = x.map_err(unfit)?;
    let layout = instance.algorithm.layout(x.len(), instance.workers);
    let mut walk = Walk::new(instance, plan, budget, progress);
    let root = Node {
        x,
        state: vec![Surd::zero(); layout.state],
        before: Vec::new(),
        carried: vec![None; walk.carried_count],
        sum: Vec::new(),
        place: 0,
    };
    Enclosure::at_precision(PRECISION, || match walk.run(root) {
        Ok(()) => Ok(walk.found(false)),
        Err(Unavailable::Unfit(_)) if partly && walk.whole.iter().any(|entries| *entries > 0) => Ok(walk.found(true)),
        Err(why) => Err(why),
    })
}

struct Walk<'a> {
    instance: &'a Instance,
    plan: &'a Plan,
    budget: Budget,
    progress: &'a dyn Progress,
    routes: Vec<Route>,
    carried_count: usize,
    /// Terms that left the rationals.
    dead_paths: Vec<bool>,
    dead_series: Vec<bool>,
    /// Sums over time of linear terms; expectations of carried ones.
    sums: Vec<Total>,
    series: Vec<Vec<Total>>,
    /// Entries of each series to which all states have contributed.
    whole: Vec<usize>,
    outcomes: u64,
    /// Nodes from which steps were taken.
    visited: u64,
    spent: u64,
    traffic: Traffic,
    gradient: Vec<Surd>,
    first: Vec<Vec<Option<Found>>>,
    /// Whether nodes carry the sum of their iterates.
    averages: bool,
    /// The first step in which the sign of an exact 0 is taken.
    tie: Option<u64>,
}

impl<'a> Walk<'a> {
    fn new(instance: &'a Instance, plan: &'a Plan, budget: Budget, progress: &'a dyn Progress) -> Self {
        let mut carried_count = 0;
        let routes = plan
            .paths
            .iter()
            .map(|(combine, reductions)| {
                let linear = matches!(reductions.as_slice(), [(Reducer::Mean, _)])
                    && combine.as_symbol() == Some(&Symbol::Reduction(0));
                if linear {
                    return Route::Linear;
                }
                let place = |reducer: &Reducer| match reducer {
                    Reducer::Mean | Reducer::Min | Reducer::Max => {
                        carried_count += 1;
                        Some(carried_count - 1)
                    }
                    Reducer::First | Reducer::Last => None,
                };
                Route::Carried(reductions.iter().map(|(r, _)| r).map(place).collect())
            })
            .collect();
        Walk {
            instance,
            plan,
            budget,
            progress,
            routes,
            carried_count,
            dead_paths: vec![false; plan.paths.len()],
            dead_series: vec![false; plan.series.len()],
            sums: vec![Total::zero(); plan.paths.len()],
            series: vec![Vec::new(); plan.series.len()],
            whole: vec![0; plan.series.len()],
            outcomes: 0,
            visited: 0,
            spent: 0,
            traffic: Traffic::default(),
            gradient: vec![Surd::zero(); instance.problem.dimension()],
            first: plan.paths.iter().map(|(_, r)| vec![None; r.len()]).collect(),
            averages: plan.averages(),
            tie: None,
        }
    }

    fn run(&mut self, root: Node) -> Result<(), Unavailable> {
        let mut nodes: HashMap<Node, Surd> = HashMap::from([(root, Surd::one())]);
        for k in 0..=self.instance.horizon {
            let mut looked: HashMap<Node, Surd> = HashMap::with_capacity(nodes.len());
            self.open_series(k);
            for (mut node, weight) in nodes {
                self.look(k, &mut node, &weight)?;
                *looked.entry(node).or_insert_with(Surd::zero) += &weight;
            }
            if self.dead_paths.iter().chain(&self.dead_series).all(|dead| *dead) {
                return Err(unfit("no term has an exact form"));
            }
            for ((whole, series), dead) in self.whole.iter_mut().zip(&self.series).zip(&self.dead_series) {
                *whole = if *dead { 0 } else { series.len() };
            }
            if k == self.instance.horizon {
                break;
            }
            self.check_budget(k, &looked)?;
            nodes = HashMap::with_capacity(looked.len());
            let mut step_traffic = Traffic::default();
            for (node, weight) in looked {
                step_traffic = self.branch(k, &node, &weight, &mut nodes)?;
            }
            self.traffic.calls += step_traffic.calls;
            self.traffic.upload += step_traffic.upload;
            self.traffic.broadcast += step_traffic.broadcast;
        }
        Ok(())
    }

    /// What was found; `partial` where the horizon was not reached.
    fn found(&mut self, partial: bool) -> ExactEstimates {
        let length = Computable::ratio(1, self.instance.window.1 - self.instance.window.0 + 1);
        let path = |(p, sum): (usize, Total)| {
            let sum = sum.value().filter(|_| !partial && !self.dead_paths[p])?;
            Some(if matches!(self.routes[p], Route::Linear) { sum * &length } else { sum })
        };
        let paths = std::mem::take(&mut self.sums).into_iter().enumerate().map(path).collect();
        let mut series = std::mem::take(&mut self.series);
        series.iter_mut().zip(&self.whole).for_each(|(series, whole)| series.truncate(*whole));
        let of = |s: usize| {
            let is_alive = !self.dead_series[s] && !series[s].is_empty();
            is_alive.then(|| series[s].iter().map(Total::value).collect::<Option<Vec<_>>>()).flatten()
        };
        ExactEstimates {
            paths,
            series: (0..series.len()).map(of).collect(),
            partial,
            traffic: self.traffic,
            outcomes: self.outcomes,
            ties: self.tie.map_or(Ties::None, Ties::At),
        }
    }

    /// Ends at once what the budget cannot carry to the horizon: the number of states rarely falls, and numbers rarely
    /// get shorter.
    fn check_budget(&self, k: u64, nodes: &HashMap<Node, Surd>) -> Result<(), Unavailable> {
        let branches = self.outcomes.div_ceil(self.visited.max(1)).max(1);
        let now = nodes.keys().map(cost).fold(0, u64::saturating_add).saturating_mul(branches);
        let ahead = now.saturating_mul(self.instance.horizon - k);
        if self.spent.saturating_add(ahead) > self.budget.0 { Err(over_budget(k)) } else { Ok(()) }
    }

    fn open_series(&mut self, k: u64) {
        for (s, (reducer, _)) in self.plan.series.iter().enumerate() {
            if is_due(self.instance, *reducer, k) {
                self.series[s].push(Total::zero());
            }
        }
    }

    /// Measures a node at iterate k.
    fn look(&mut self, k: u64, node: &mut Node, weight: &Surd) -> Result<(), Unavailable> {
        if self.averages {
            add_to(&mut node.sum, &node.x);
        }
        let Node { x, state, before, carried, sum, place: _ } = node;
        let instance = self.instance;
        let mut gradient = std::mem::take(&mut self.gradient);
        let point = Point::new(self.instance, x, state, &mut gradient).after(self.traffic);
        let mut point = point.since(before).with_sum(k, sum);
        for (p, (_, reductions)) in self.plan.paths.iter().enumerate() {
            for (r, (reducer, probe)) in reductions.iter().enumerate() {
                if self.dead_paths[p] || !is_due(instance, *reducer, k) || *reducer == Reducer::Last {
                    continue;
                }
                let value = match found(probe, &mut point, &mut self.spent) {
                    Ok(value) => value,
                    Err(fault) => {
                        survivable(fault)?;
                        self.dead_paths[p] = true;
                        continue;
                    }
                };
                match &self.routes[p] {
                    Route::Linear => self.sums[p].add(value, weight),
                    Route::Carried(places) => match places[r] {
                        // Carried values distinguish states; a formula does not.
                        Some(place) => {
                            let Found::Roots(value) = value else {
                                self.dead_paths[p] = true;
                                continue;
                            };
                            let old = carried[place].take();
                            let new = match old {
                                None => value,
                                Some(old) => reduce(*reducer, old, &value),
                            };
                            self.dead_paths[p] |= new.is_too_large();
                            carried[place] = Some(new);
                        }
                        None => self.first[p][r] = Some(value),
                    },
                }
            }
        }
        for (s, (reducer, probe)) in self.plan.series.iter().enumerate() {
            if !self.dead_series[s] && is_due(instance, *reducer, k) {
                match found(probe, &mut point, &mut self.spent) {
                    Ok(value) => {
                        if let Some(last) = self.series[s].last_mut() {
                            last.add(value, weight);
                        }
                    }
                    Err(fault) => {
                        survivable(fault)?;
                        self.dead_series[s] = true;
                    }
                }
            }
        }
        if k == instance.horizon {
            for p in 0..self.plan.paths.len() {
                let Route::Carried(places) = &self.routes[p] else { continue };
                if self.dead_paths[p] {
                    continue;
                }
                let ends = (places.as_slice(), self.first[p].as_slice(), carried.as_slice());
                match finished(instance, self.plan, p, ends, &mut point, &mut self.spent) {
                    Ok(value) => self.sums[p].add(value, weight),
                    Err(fault) => {
                        survivable(fault)?;
                        self.dead_paths[p] = true;
                    }
                }
            }
        }
        self.gradient = gradient;
        Ok(())
    }

    /// Runs every outcome of step k from a node.
    fn branch(
        &mut self,
        k: u64,
        node: &Node,
        weight: &Surd,
        next: &mut HashMap<Node, Surd>,
    ) -> Result<Traffic, Unavailable> {
        if self.progress.stop() {
            return Err(Unavailable::Stopped);
        }
        let (instance, looks_back) = (self.instance, self.plan.looks_back());
        self.visited += 1;
        let mut door = Branching {
            instance,
            script: Script::default(),
            batch: 1,
            traffic: Traffic::default(),
            place: node.place,
            law: None,
            sums: None,
            draws: None,
            budget: self.budget.0,
            work: 0,
            tie: false,
        };
        let mut known = false;
        loop {
            self.outcomes += 1;
            self.spent = self.spent.saturating_add(cost(node));
            if self.spent > self.budget.0 {
                return Err(over_budget(k));
            }
            (door.traffic, door.place) = (Traffic::default(), node.place);
            let mut work = Workspace::new(instance, node.x.clone()).looking_back(looks_back);
            work.state.clone_from(&node.state);
            step_once(instance, k, &mut work, &mut door).map_err(unfit)?;
            if work.x.iter().chain(&work.state).any(Surd::is_too_large) {
                return Err(unfit("an iterate is a sum of too many roots"));
            }
            // The coins of a hundred workers cannot be enumerated, which the first outcome shows. The count is compared
            // with the whole budget and not with what is left of it, so that the order of the nodes does not matter.
            if !known && door.script.outcomes().saturating_mul(cost(node)) > self.budget.0 {
                return Err(over_budget(k));
            }
            known = true;
            // Many workers or large batches draw more than the step itself costs.
            let draws = (door.script.choices() as u64).saturating_sub(FREE_DRAWS);
            self.spent = self.spent.saturating_add(draws.saturating_mul(cost(node) / FREE_DRAWS));
            self.spent = self.spent.saturating_add(std::mem::take(&mut door.work));
            let own = door.script.probability();
            let probability = mutant!("an outcome forgets its state's weight", own, own * weight);
            let (carried, sum) = (node.carried.clone(), node.sum.clone());
            let reached = Node { x: work.x, state: work.state, before: work.before, carried, sum, place: door.place };
            *next.entry(reached).or_insert_with(Surd::zero) += &probability;
            if door.tie {
                self.tie.get_or_insert(k);
            }
            if !door.script.advance() {
                return Ok(door.traffic);
            }
        }
    }
}

fn over_budget(k: u64) -> Unavailable {
    Unavailable::Unfit(format!("too many or too long states from iterate {k} on for the budget"))
}

/// A term without an exact form is dropped; any other fault ends the enumeration.
fn survivable(fault: Fault) -> Result<(), Unavailable> {
    if is_of_arithmetic(&fault) { Ok(()) } else { Err(unfit(RunError::Statistic(fault.to_string()))) }
}
