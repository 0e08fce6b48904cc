//! From a variant and one point of its sweep to built parts and their facts.

use super::Variant;
use super::claim::{Experiment, Formula, PartSetup, Setting, Start, Work};
use super::load::schedules;
use crate::expr::{EvalError, Expr};
use crate::model::{
    Arithmetic, Audit, BuildError, DynAlgorithm, DynNoise, DynProblem, Evaluates, Facts, HYPOTHESES, Kind, ParamValue,
    Params, Real, Registry, Row, Semantics, Slot, Subject, Trait, View,
};
use crate::scalar::{Fault, Narrow, Rational, Scalar};
use crate::stats::Interval;
use std::collections::BTreeMap;
use std::ops::Range;

/// Longest run that is started: beyond it a step count is surely a slip.
const MAX_HORIZON: u64 = 1_000_000_000;
/// Largest iterate.
const MAX_DIMENSION: usize = 100_000_000;

/// A variant that cannot be built at some cell.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct InstanceError {
    /// Where the file is at fault.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
}

impl InstanceError {
    fn new(span: &Range<usize>, message: impl Into<String>) -> Self {
        InstanceError { span: span.clone(), message: message.into() }
    }
}

/// One point of a sweep: every declared parameter with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Values by name.
    pub values: BTreeMap<String, Real>,
    /// Names of the parameters that were given as numbers rather than derived from others.
    pub given: Vec<String>,
}

impl Cell {
    /// The given values as text, by name: the axes that key random streams and label records.
    #[must_use]
    pub fn axes(&self) -> Vec<(String, String)> {
        let text = |name: &String| match &self.values[name] {
            Real::Exact(q) => q.to_string(),
            other => format!("{:e}", other.to_f64()),
        };
        self.given.iter().map(|name| (name.clone(), text(name))).collect()
    }
}

/// All cells of a variant's sweep, the last parameter running fastest.
///
/// # Errors
/// A parameter that cannot be evaluated, or a sweep of more than 100 000 cells.
pub fn cells(variant: &Variant) -> Result<Vec<Cell>, InstanceError> {
    let count: usize = variant.parameters.iter().map(|p| p.values.len()).product();
    if count > 100_000 {
        return Err(InstanceError::new(&(0..0), format!("the sweep has {count} cells; at most 100000 are run")));
    }
    (0..count)
        .map(|mut index| {
            let mut chosen = BTreeMap::new();
            for parameter in variant.parameters.iter().rev() {
                chosen.insert(parameter.name.clone(), &parameter.values[index % parameter.values.len()]);
                index /= parameter.values.len();
            }
            cell(variant, &chosen)
        })
        .collect()
}

fn cell(variant: &Variant, chosen: &BTreeMap<String, &Formula>) -> Result<Cell, InstanceError> {
    let definitions = chosen.iter().map(|(n, f)| (n.clone(), f.expr.clone())).collect();
    let order = crate::expr::order(&definitions).map_err(|e| InstanceError::new(&(0..0), e.to_string()))?;
    let mut values: BTreeMap<String, Real> = BTreeMap::new();
    for name in &order {
        let Some(formula) = chosen.get(name) else { continue };
        let value = evaluate(&formula.expr, &|n| values.get(n).cloned())
            .map_err(|e| InstanceError::new(&formula.span, format!("'{name}': {e}")))?;
        if !value.to_f64().is_finite() {
            let message = format!("'{name}' is {value}; a parameter must be a finite number");
            return Err(InstanceError::new(&formula.span, message));
        }
        values.insert(name.clone(), value);
    }
    let given = variant
        .parameters
        .iter()
        .filter(|p| p.values.len() > 1 || p.values[0].expr.names().is_empty())
        .map(|p| p.name.clone())
        .collect();
    Ok(Cell { values, given })
}

/// Evaluates an expression exactly where every name in it is exact and the result rational, else in doubles.
///
/// # Errors
/// An unknown name, division by zero, a root of a negative number.
pub fn evaluate(expr: &Expr, lookup: &dyn Fn(&str) -> Option<Real>) -> Result<Real, EvalError> {
    let missing = |name: &str| Fault::Unsupported(format!("'{name}' is not known on this instance"));
    let exact = |name: &str| lookup(name).ok_or_else(|| missing(name))?.cast::<Rational>();
    match expr.eval(&exact) {
        Ok(value) => return Ok(Real::Exact(value)),
        Err(EvalError { fault: Fault::NoExactForm(_) | Fault::TooLarge(_), .. }) => {}
        Err(error) => return Err(error),
    }
    let float = |name: &str| lookup(name).ok_or_else(|| missing(name))?.cast::<Narrow>();
    let near = expr.eval(&float)?.0[0];
    let enclosed = |name: &str| match lookup(name).ok_or_else(|| missing(name))? {
        Real::Float(_) => Err(Fault::NoExactForm("a double")),
        other => other.cast::<Interval>(),
    };
    Ok(match expr.eval(&enclosed) {
        Ok(within) => Real::Enclosed { near, within },
        Err(_) => Real::Float(near),
    })
}

/// A schedule: a constant, or a formula in k.
#[derive(Debug, Clone)]
pub struct Schedule {
    expr: Expr,
    constant: Option<Real>,
}

/// Where replicates start.
pub enum StartPoint {
    /// All at the same point.
    At(Vec<Real>),
    /// At independent draws.
    Random(Box<dyn DynNoise>),
}

/// An experiment at one cell: built parts and what is known about them.
pub struct Instance {
    /// The objective.
    pub problem: Box<dyn DynProblem>,
    /// The oracle's noise.
    pub noise: Option<Box<dyn DynNoise>>,
    /// The algorithm's own noise.
    pub perturbation: Option<Box<dyn DynNoise>>,
    /// The optimiser.
    pub algorithm: Box<dyn DynAlgorithm>,
    /// Conventions.
    pub semantics: Semantics,
    /// Number of workers.
    pub workers: usize,
    /// Draws averaged into one gradient.
    pub batch: Schedule,
    /// Whether gradients are of sampled functions.
    pub minibatch: bool,
    /// Where replicates start.
    pub start: StartPoint,
    /// The algorithm's schedules, by slot.
    pub schedules: Vec<Schedule>,
    /// Number of steps.
    pub horizon: u64,
    /// First and last iterate of time functionals.
    pub window: (u64, u64),
    /// Iterates recorded for curves, ascending, with 0 and the horizon.
    pub checkpoints: Vec<u64>,
    /// Constants.
    pub facts: Facts,
    /// Declared parameters.
    pub cell: Cell,
    /// The known minimiser nearest to the start.
    pub minimiser: Option<Vec<Real>>,
    /// Named parts of the algorithm's state.
    pub views: Vec<View>,
}

impl Instance {
    /// Builds an experiment at one cell.
    ///
    /// # Errors
    /// A part that refuses its parameters, with the place in the file.
    pub fn build(registry: &Registry, experiment: &Experiment, cell: &Cell) -> Result<Self, InstanceError> {
        Builder { registry, experiment, cell, facts: Facts::new() }.build()
    }

    /// A declared parameter or fact.
    #[must_use]
    pub fn constant(&self, name: &str) -> Option<Real> {
        lookup(&self.cell, &self.facts, name)
    }

    /// Evaluates an expression in the instance's constants.
    ///
    /// # Errors
    /// As [`evaluate`].
    pub fn evaluate(&self, expr: &Expr) -> Result<Real, EvalError> {
        evaluate(expr, &|name| self.constant(name))
    }

    /// Value of a schedule at iteration k.
    ///
    /// # Errors
    /// As the expression.
    pub fn schedule_at<S: Scalar>(&self, schedule: &Schedule, k: u64) -> Result<S, Fault> {
        if let Some(constant) = &schedule.constant {
            return constant.cast();
        }
        let now = Real::integer(i64::try_from(k).unwrap_or(i64::MAX));
        let environment = |name: &str| -> Result<S, Fault> {
            if name == "k" {
                return now.cast();
            }
            self.constant(name).ok_or_else(|| Fault::Unsupported(format!("'{name}' is not known")))?.cast()
        };
        schedule.expr.eval(&environment).map_err(|e| e.fault)
    }

    /// Whether nothing in a run is random: one replicate says everything.
    #[must_use]
    pub fn is_deterministic(&self) -> bool {
        self.noise.is_none()
            && !self.minibatch
            && self.perturbation.is_none()
            && matches!(self.start, StartPoint::At(_))
            && !self.algorithm.is_random(&self.semantics)
    }

    /// Audits the named hypotheses and the inequalities of a variant on this instance.
    #[must_use]
    pub fn audit(&self, variant: &Variant) -> Vec<(String, Audit)> {
        let subject = Subject {
            facts: &self.facts,
            problem: &*self.problem,
            noise: self.noise.as_deref(),
            workers: self.workers,
        };
        let named = variant.hypotheses.iter().filter_map(|name| {
            let spec = HYPOTHESES.iter().find(|h| h.name == name)?;
            Some((name.clone(), (spec.audit)(&subject)))
        });
        named.chain(requirements(variant, &|name| self.constant(name))).collect()
    }
}

/// Audits the inequalities of a variant.
pub fn requirements(variant: &Variant, lookup: &dyn Fn(&str) -> Option<Real>) -> Vec<(String, Audit)> {
    let mut audits = Vec::new();
    for requirement in &variant.requires {
        let sides = evaluate(&requirement.low, lookup).and_then(|l| Ok((l, evaluate(&requirement.high, lookup)?)));
        let audit = match sides {
            Ok((low, high)) => {
                let order = match (low.exact(), high.exact()) {
                    (Some(a), Some(b)) => a.cmp(b),
                    _ => low.to_f64().total_cmp(&high.to_f64()),
                };
                let holds = order.is_lt() || (order.is_eq() && !requirement.strict);
                let exact = low.exact().is_some() && high.exact().is_some();
                let provenance = if exact { "exact" } else { "numeric" };
                Audit { holds: Some(holds), value: format!("{low} and {high}"), provenance: provenance.into() }
            }
            Err(error) => Audit { holds: None, value: error.to_string(), provenance: "unknown".into() },
        };
        audits.push((requirement.text.clone(), audit));
    }
    audits
}

fn lookup(cell: &Cell, facts: &Facts, name: &str) -> Option<Real> {
    cell.values.get(name).cloned().or_else(|| facts.get(name).map(|f| f.value.clone()))
}

/// Evaluates a quantity at one cell.
///
/// # Errors
/// As its parameters and its own computation.
pub fn evaluate_quantity(registry: &Registry, part: &PartSetup, cell: &Cell) -> Result<Vec<Row>, InstanceError> {
    let entry = registry
        .quantity(&part.name)
        .map_err(|_| InstanceError::new(&part.span, format!("unknown quantity '{}'", part.name)))?;
    let params = resolve(part, 0, 1, &|name| cell.values.get(name).cloned())?;
    (entry.evaluate)(&params).map_err(|e| located(part, &e))
}

struct Builder<'a> {
    registry: &'a Registry,
    experiment: &'a Experiment,
    cell: &'a Cell,
    facts: Facts,
}

impl Builder<'_> {
    fn build(mut self) -> Result<Instance, InstanceError> {
        let experiment = self.experiment;
        let problem = self.problem()?;
        self.facts = problem.facts();
        let d = problem.dimension();
        self.facts.exact("d", Real::integer(d as i64));
        if let Some(n) = problem.samples() {
            self.facts.exact("n", Real::integer(n as i64));
        }
        let workers = self.workers(&*problem)?;
        self.facts.exact("M", Real::integer(workers as i64));
        let start = self.start(&*problem)?;
        let mut minimiser = None;
        if let StartPoint::At(point) = &start {
            minimiser = problem.minimiser(point);
            self.start_facts(&*problem, point, minimiser.as_deref());
        }
        let noise = experiment.oracle.noise.as_ref().map(|part| self.noise(part, d)).transpose()?;
        if let Some(noise) = &noise {
            self.facts.extend(noise.facts());
        } else if !experiment.oracle.minibatch {
            for name in ["sigma", "sigma1", "sigma_l1", "sigma_max"] {
                self.facts.exact(name, Real::integer(0));
            }
        }
        if !experiment.oracle.minibatch {
            self.second_moment(noise.as_deref());
        }
        if experiment.oracle.minibatch && problem.samples().is_none() {
            let message =
                format!("problem '{}' is no finite sum: `sampling = \"minibatch\"` needs one", experiment.problem.name);
            return Err(InstanceError::new(&experiment.problem.span, message));
        }
        let (algorithm, perturbation) = self.algorithm(d, workers)?;
        for (name, value) in algorithm.facts(d) {
            self.facts.exact(name, value);
        }
        self.check_declared()?;
        let schedules = schedules(&experiment.algorithm).map(|f| self.schedule(f)).collect::<Result<_, _>>()?;
        let batch = match &experiment.oracle.batch {
            Some(formula) => self.schedule(formula)?,
            None => Schedule { expr: one(), constant: Some(Real::integer(1)) },
        };
        let (horizon, window, checkpoints) = self.times()?;
        Ok(Instance {
            views: algorithm.views(d, workers),
            problem,
            noise,
            perturbation,
            algorithm,
            semantics: experiment.semantics.clone(),
            workers,
            batch,
            minibatch: experiment.oracle.minibatch,
            start,
            schedules,
            horizon,
            window,
            checkpoints,
            facts: self.facts,
            cell: self.cell.clone(),
            minimiser,
        })
    }

    fn value(&self, formula: &Formula) -> Result<Real, InstanceError> {
        evaluate(&formula.expr, &|name| lookup(self.cell, &self.facts, name))
            .map_err(|e| InstanceError::new(&formula.span, e.to_string()))
    }

    fn count(&self, formula: &Formula, what: &str, most: u64) -> Result<u64, InstanceError> {
        let value = self.value(formula)?;
        value.exact().and_then(Rational::to_i64).and_then(|n| u64::try_from(n).ok()).filter(|n| *n <= most).ok_or_else(
            || {
                let message = format!("{what} is {value}; it must be a whole number from 0 to {most}");
                InstanceError::new(&formula.span, message)
            },
        )
    }

    fn params(&self, part: &PartSetup, d: usize, workers: usize) -> Result<Params, InstanceError> {
        resolve(part, d, workers, &|name| lookup(self.cell, &self.facts, name))
    }

    fn problem(&self) -> Result<Box<dyn DynProblem>, InstanceError> {
        let part = &self.experiment.problem;
        let entry = self
            .registry
            .problem(&part.name)
            .map_err(|_| InstanceError::new(&part.span, format!("unknown problem '{}'", part.name)))?;
        let problem = (entry.build)(&self.params(part, 0, 1)?).map_err(|e| located(part, &e))?;
        if problem.dimension() == 0 || problem.dimension() > MAX_DIMENSION {
            let message = format!("dimension {}; it must be from 1 to {MAX_DIMENSION}", problem.dimension());
            return Err(InstanceError::new(&part.span, message));
        }
        Ok(problem)
    }

    fn noise(&self, part: &PartSetup, d: usize) -> Result<Box<dyn DynNoise>, InstanceError> {
        let entry = self
            .registry
            .noise(&part.name)
            .map_err(|_| InstanceError::new(&part.span, format!("unknown noise law '{}'", part.name)))?;
        (entry.build)(&self.params(part, d, 1)?).map_err(|e| located(part, &e))
    }

    fn workers(&self, problem: &dyn DynProblem) -> Result<usize, InstanceError> {
        let declared = match &self.experiment.oracle.workers {
            Some(formula) => {
                let n = self.count(formula, "'workers'", 1_000_000)? as usize;
                if n == 0 {
                    return Err(InstanceError::new(&formula.span, "'workers' is 0; at least 1 is needed"));
                }
                Some((n, formula.span.clone()))
            }
            None => None,
        };
        match (declared, problem.own_objectives()) {
            (Some((n, span)), Some(own)) if n != own => {
                Err(InstanceError::new(&span, format!("'workers' is {n}, but the problem has {own} objectives")))
            }
            (Some((n, _)), _) => Ok(n),
            (None, own) => Ok(own.unwrap_or(1)),
        }
    }

    fn start(&self, problem: &dyn DynProblem) -> Result<StartPoint, InstanceError> {
        let d = problem.dimension();
        let span = &self.experiment.problem.span;
        match &self.experiment.start {
            Start::Default => problem
                .default_start()
                .map(StartPoint::At)
                .ok_or_else(|| InstanceError::new(span, "this problem has no start of its own: give `start`")),
            Start::Random(part) => self.noise(part, d).map(StartPoint::Random),
            Start::At(formulas) => {
                let point = vector(formulas, d, &|name| lookup(self.cell, &self.facts, name))?;
                if point.len() != d {
                    let message = format!("'start' has {} entries; the problem has {d} coordinates", point.len());
                    return Err(InstanceError::new(&formulas[0].span, message));
                }
                Ok(StartPoint::At(point))
            }
        }
    }

    /// f0, D, R and the first gradient's norms: exact where the problem has an exact form.
    fn start_facts(&mut self, problem: &dyn DynProblem, point: &[Real], minimiser: Option<&[Real]>) {
        let exact: Result<Vec<Rational>, Fault> = point.iter().map(Real::cast).collect();
        let (value, gradient) = match exact.and_then(|x| at::<Rational>(problem, &x)) {
            Ok((value, gradient)) => (Real::Exact(value), gradient.into_iter().map(Real::Exact).collect::<Vec<_>>()),
            Err(_) => {
                if let Some(found) = enclosed_at(problem, point) {
                    found
                } else {
                    let x: Vec<Narrow> = point.iter().map(|v| Narrow::splat(v.to_f64())).collect();
                    let Ok((value, gradient)) = at::<Narrow>(problem, &x) else { return };
                    (Real::Float(value.0[0]), gradient.into_iter().map(|g| Real::Float(g.0[0])).collect())
                }
            }
        };
        if let Some(low) = self.facts.get("fstar") {
            let (gap, known) = (value.minus(&low.value), low.known);
            self.facts.set("D", gap, known);
        }
        self.facts.exact("f0", value);
        let sizes: Vec<Real> = gradient.iter().map(Real::magnitude).collect();
        self.facts.exact("grad0_l1", Real::sum(&sizes));
        let squares: Vec<Real> = gradient.iter().map(|g| g.times(g)).collect();
        self.facts.exact("grad0_l2", Real::sum(&squares).root());
        if let Some(minimiser) = minimiser {
            let squares: Vec<Real> =
                point.iter().zip(minimiser).map(|(a, b)| a.minus(b)).map(|v| v.times(&v)).collect();
            self.facts.exact("R", Real::sum(&squares).root());
        }
    }

    /// E|g~|^2 = |grad f|^2 + E|g~ - grad f|^2 <= G^2 + sigma^2, where the law has no bound of its own.
    fn second_moment(&mut self, noise: Option<&dyn DynNoise>) {
        let unbiased = noise.is_none_or(|n| n.has(Trait::Unbiased) == Some(true));
        let (Some(g), Some(sigma), None) =
            (self.facts.get("G"), self.facts.get("sigma"), self.facts.get("second_moment"))
        else {
            return;
        };
        if unbiased {
            let sum = Real::sum(&[g.value.times(&g.value), sigma.value.times(&sigma.value)]);
            self.facts.bound("second_moment", sum);
        }
    }

    #[allow(clippy::type_complexity)]
    fn algorithm(
        &self,
        d: usize,
        workers: usize,
    ) -> Result<(Box<dyn DynAlgorithm>, Option<Box<dyn DynNoise>>), InstanceError> {
        let part = &self.experiment.algorithm;
        let entry = self
            .registry
            .algorithm(&part.name)
            .map_err(|_| InstanceError::new(&part.span, format!("unknown algorithm '{}'", part.name)))?;
        let algorithm = (entry.build)(&self.params(part, d, workers)?).map_err(|e| located(part, &e))?;
        let own = part.settings.iter().find_map(|(param, setting, _)| match (param.kind, setting) {
            (Kind::Noise, Setting::Part(law)) => Some(law),
            _ => None,
        });
        Ok((algorithm, own.map(|law| self.noise(law, d)).transpose()?))
    }

    /// A declared parameter that has a fact's name must agree with it.
    fn check_declared(&self) -> Result<(), InstanceError> {
        for (name, value) in &self.cell.values {
            let Some(fact) = self.facts.get(name) else { continue };
            let (a, b) = (value.to_f64(), fact.value.to_f64());
            if (a - b).abs() > 1e-12 * (a.abs() + b.abs()) {
                let message = format!(
                    "the parameter {name} = {value} has the name of a fact, which is {} here: rename the parameter",
                    fact.value
                );
                return Err(InstanceError::new(&self.experiment.problem.span, message));
            }
        }
        Ok(())
    }

    fn schedule(&self, formula: &Formula) -> Result<Schedule, InstanceError> {
        let known = |name: &str| name == "k" || lookup(self.cell, &self.facts, name).is_some();
        if let Some((name, _)) = formula.expr.names().into_iter().find(|(n, _)| !known(n)) {
            let message = format!("'{name}' is not known on this instance");
            return Err(InstanceError::new(&formula.span, message));
        }
        let constant = if formula.expr.depends_on("k") { None } else { Some(self.value(formula)?) };
        Ok(Schedule { expr: formula.expr.clone(), constant })
    }

    /// Horizon, window and checkpoints.
    #[allow(clippy::type_complexity)]
    fn times(&self) -> Result<(u64, (u64, u64), Vec<u64>), InstanceError> {
        let run = &self.experiment.run;
        let horizon = self.count(&run.horizon, "'horizon'", MAX_HORIZON)?;
        if horizon == 0 {
            return Err(InstanceError::new(&run.horizon.span, "'horizon' is 0: nothing would run"));
        }
        let window = match &run.window {
            None => (0, horizon - 1),
            Some((first, last)) => {
                let (a, b) =
                    (self.count(first, "the window's first iterate", horizon)?, self.count(last, "its last", horizon)?);
                if a > b {
                    return Err(InstanceError::new(&first.span, format!("the window [{a}, {b}] is empty")));
                }
                (a, b)
            }
        };
        Ok((horizon, window, spaced(horizon, run.checkpoints, run.logarithmic)))
    }
}

/// About `count` iterates from 0 to the horizon, both included.
fn spaced(horizon: u64, count: u64, logarithmic: bool) -> Vec<u64> {
    let intervals = (count - 1).min(horizon);
    let mut times: Vec<u64> = (0..=intervals)
        .map(|i| {
            if logarithmic {
                let t = i as f64 / intervals as f64;
                libm::round(libm::pow(horizon as f64 + 1.0, t) - 1.0) as u64
            } else {
                // Integer arithmetic: the same iterates on every machine.
                (u128::from(horizon) * u128::from(i) / u128::from(intervals)) as u64
            }
        })
        .collect();
    times.dedup();
    times
}

fn one() -> Expr {
    Expr::parse("1").unwrap_or_else(|_| unreachable!("1 is an expression"))
}

fn at<S: Arithmetic>(problem: &dyn DynProblem, x: &[S]) -> Result<(S, Vec<S>), Fault> {
    let problem: &dyn Evaluates<S> = S::problem(problem);
    let mut gradient = vec![S::zero(); x.len()];
    problem.gradient_at(x, &mut gradient)?;
    Ok((problem.value_at(x)?, gradient))
}

/// Value and gradient at an irrational point, or of an irrational function: enclosed.
fn enclosed_at(problem: &dyn DynProblem, point: &[Real]) -> Option<(Real, Vec<Real>)> {
    if point.iter().any(Real::is_rough) {
        return None;
    }
    let x: Vec<Interval> = point.iter().map(Real::cast).collect::<Result<_, _>>().ok()?;
    let near: Vec<Narrow> = point.iter().map(|v| Narrow::splat(v.to_f64())).collect();
    let (within, gradient) = at::<Interval>(problem, &x).ok()?;
    let (value, near) = at::<Narrow>(problem, &near).ok()?;
    let gradient = near.iter().zip(gradient).map(|(near, within)| Real::Enclosed { near: near.0[0], within });
    Some((Real::Enclosed { near: value.0[0], within }, gradient.collect()))
}

fn located(part: &PartSetup, error: &BuildError) -> InstanceError {
    let span = part.settings.iter().find(|(p, _, _)| Some(p.name) == error.key).map_or(&part.span, |(_, _, s)| s);
    InstanceError::new(span, error.message.clone())
}

/// A vector given entry by entry, or by one formula that may name the coordinate j.
fn vector(formulas: &[Formula], d: usize, lookup: &dyn Fn(&str) -> Option<Real>) -> Result<Vec<Real>, InstanceError> {
    let value = |f: &Formula, j: Option<usize>| {
        let with_j = |name: &str| if name == "j" { j.map(|j| Real::integer(j as i64)) } else { lookup(name) };
        evaluate(&f.expr, &with_j).map_err(|e| InstanceError::new(&f.span, e.to_string()))
    };
    match formulas {
        [single] if single.expr.depends_on("j") => (0..d).map(|j| value(single, Some(j))).collect(),
        [single] => Ok(vec![value(single, None)?; d.max(1)]),
        many => many.iter().map(|f| value(f, None)).collect(),
    }
}

/// Resolves a part's settings to values.
fn resolve(
    part: &PartSetup,
    dimension: usize,
    workers: usize,
    lookup: &dyn Fn(&str) -> Option<Real>,
) -> Result<Params, InstanceError> {
    let mut params = Params { values: BTreeMap::new(), dimension, workers };
    let value = |f: &Formula| evaluate(&f.expr, lookup).map_err(|e| InstanceError::new(&f.span, e.to_string()));
    let counted = |name: &str| {
        let found = part.settings.iter().find(|(p, _, _)| p.name == name);
        found.and_then(|(_, s, _)| match s {
            Setting::Formula(f) => value(f).ok()?.exact()?.to_i64().and_then(|n| usize::try_from(n).ok()),
            _ => None,
        })
    };
    // A vector in j needs the dimension: the part's own parameter, or the problem's.
    let length = counted("dimension").unwrap_or(dimension);
    let mut slot = 0;
    for (param, setting, _) in &part.settings {
        let resolved = match (param.kind, setting) {
            (Kind::Schedule, Setting::Formula(_)) => {
                slot += 1;
                ParamValue::Schedule(Slot(slot - 1))
            }
            (Kind::Vector, Setting::Formula(f)) if f.expr.depends_on("j") => {
                if length > MAX_DIMENSION {
                    return Err(InstanceError::new(&f.span, format!("dimension {length} is past {MAX_DIMENSION}")));
                }
                ParamValue::Vector(vector(std::slice::from_ref(f), length, lookup)?)
            }
            (_, Setting::Formula(f)) => ParamValue::Number(value(f)?),
            (_, Setting::List(list)) => ParamValue::Vector(list.iter().map(value).collect::<Result<_, _>>()?),
            (_, Setting::Rows(rows)) => ParamValue::Matrix(
                rows.iter().map(|r| r.iter().map(value).collect::<Result<_, _>>()).collect::<Result<_, _>>()?,
            ),
            (_, Setting::Text(text)) => ParamValue::Text(text.clone()),
            (Kind::Noise, Setting::Part(part)) => {
                ParamValue::Noise(part.name.clone(), resolve(part, dimension, workers, lookup)?)
            }
            (_, Setting::Part(part)) => {
                ParamValue::Compressor(part.name.clone(), resolve(part, dimension, workers, lookup)?)
            }
        };
        params.values.insert(param.name, resolved);
    }
    Ok(params)
}

impl Variant {
    /// The experiment, where the variant runs one.
    #[must_use]
    pub fn experiment(&self) -> Option<&Experiment> {
        match &self.work {
            Work::Experiment(experiment) => Some(experiment),
            Work::Quantity(_) => None,
        }
    }
}
