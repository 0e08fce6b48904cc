//! What is measured along a run.

use super::RunError;
use super::point::{Point, missing};
use crate::claim::{Expression, Instance, Left, PathTerm, Reducer, Symbol, Term};
use crate::expr::Node;
use crate::model::{Evaluating, Real, Statistic, StatisticName, fact_spec};
use crate::scalar::{Fault, Rational, Scalar};

/// Longest window over which a mean is kept for each iterate.
pub(super) const MAX_SERIES: u64 = 20_000;

/// A number at an iterate: a statistic, or an expression over several.
#[derive(Debug, Clone)]
pub enum Probe {
    /// One statistic.
    Single(Statistic),
    /// An expression, with the statistics and constants that it names.
    Formula(Expression, Vec<(Symbol, Statistic)>, Vec<(Symbol, Real)>),
    /// Nothing: the instance does not have a constant that it needs. What rests on it is not computed.
    Lacking,
}

/// The constant that the instance does not have, of those that an expression over statistics and constants needs.
#[must_use]
pub(super) fn lacks(expr: &Expression, instance: &Instance) -> Option<String> {
    let needed = |symbol: &Symbol| match symbol {
        Symbol::Fact(_) => Some(symbol.clone()),
        Symbol::Statistic(StatisticName::General(spec)) => match spec.statistic {
            Statistic::Gap | Statistic::AverageGap => fact_spec("fstar").map(Symbol::Fact),
            _ => None,
        },
        _ => None,
    };
    let missing = expr.symbols().into_iter().filter_map(needed).find(|fact| instance.constant(fact).is_none());
    missing.map(|fact| format!("{fact} is not known on this instance"))
}

/// What a left side needs and the instance does not have.
#[must_use]
pub(crate) fn left_lacks(left: &Left, instance: &Instance) -> Option<String> {
    left.expressions().find_map(|expr| lacks(expr, instance))
}

impl Probe {
    /// Finds what an expression names on an instance.
    ///
    /// # Errors
    /// A statistic or a constant that the instance does not have.
    pub fn new(expr: &Expression, instance: &Instance) -> Result<Self, RunError> {
        if lacks(expr, instance).is_some() {
            return Ok(Probe::Lacking);
        }
        let statistic =
            |name: &StatisticName| name.on(&*instance.problem, &instance.views).map_err(RunError::Statistic);
        if let Some(Symbol::Statistic(name)) = expr.as_symbol() {
            return statistic(name).map(Probe::Single);
        }
        let (mut statistics, mut constants) = (Vec::new(), Vec::new());
        for symbol in expr.symbols() {
            match symbol {
                Symbol::Statistic(name) => statistics.push((symbol.clone(), statistic(name)?)),
                other => {
                    let missing = || RunError::Statistic(format!("'{other}' is not known on this instance"));
                    constants.push((symbol.clone(), instance.constant(other).ok_or_else(missing)?));
                }
            }
        }
        Ok(Probe::Formula(expr.clone(), statistics, constants))
    }

    /// Whether it looks back at the iterate before.
    fn looks_back(&self) -> bool {
        match self {
            Probe::Single(statistic) => statistic.looks_back(),
            Probe::Formula(_, statistics, _) => statistics.iter().any(|(_, s)| s.looks_back()),
            Probe::Lacking => false,
        }
    }

    /// Whether it needs the mean of the iterates.
    fn averages(&self) -> bool {
        match self {
            Probe::Single(statistic) => statistic.averages(),
            Probe::Formula(_, statistics, _) => statistics.iter().any(|(_, s)| s.averages()),
            Probe::Lacking => false,
        }
    }

    /// Its value at an iterate.
    ///
    /// # Errors
    /// Where the arithmetic has no such value.
    pub fn evaluate<S: Evaluating>(&self, point: &mut Point<'_, S>) -> Result<S, Fault> {
        let (expr, statistics, constants) = match self {
            Probe::Single(statistic) => return point.statistic(*statistic),
            Probe::Formula(expr, statistics, constants) => (expr, statistics, constants),
            Probe::Lacking => return Ok(S::zero()),
        };
        let mut values: Vec<(&Symbol, S)> = Vec::with_capacity(statistics.len() + constants.len());
        for (symbol, statistic) in statistics {
            values.push((symbol, point.statistic(*statistic)?));
        }
        for (symbol, value) in constants {
            values.push((symbol, value.cast()?));
        }
        let environment = |symbol: &Symbol| {
            let found = values.iter().find(|(s, _)| *s == symbol).map(|(_, v)| v.clone());
            found.ok_or_else(|| missing(&symbol.to_string()))
        };
        expr.eval(&environment).map_err(|e| e.fault)
    }
}

/// Everything that a run records.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Path functionals: how reductions combine, and what is reduced.
    pub paths: Vec<(Expression, Vec<(Reducer, Probe)>)>,
    /// Statistics of which the mean over replicates is kept at every iterate of the window, with the functional over
    /// time.
    pub series: Vec<(Reducer, Probe)>,
    /// Statistics recorded at the checkpoints.
    pub curves: Vec<Probe>,
    /// The curves as they are written.
    pub names: Vec<String>,
}

impl Plan {
    /// Whether anything that is recorded looks back at the iterate before.
    #[must_use]
    pub fn looks_back(&self) -> bool {
        let reduced = self.paths.iter().flat_map(|(_, r)| r).chain(&self.series).map(|(_, probe)| probe);
        reduced.chain(&self.curves).any(Probe::looks_back)
    }

    /// The plan for the terms of left sides and the curves of figures.
    ///
    /// # Errors
    /// A statistic that the instance does not have, or a window too long for a series.
    pub fn new(instance: &Instance, terms: &[&Term], curves: &[&Expression]) -> Result<Self, RunError> {
        let mut plan = Plan::default();
        for term in terms {
            match term {
                Term::MeanOfPath(PathTerm { combine, reductions }) => {
                    let reductions: Result<Vec<_>, RunError> =
                        reductions.iter().map(|(r, e)| Ok((*r, Probe::new(e, instance)?))).collect();
                    // Its value is not needed either.
                    let combine = if lacks(combine, instance).is_some() { zero() } else { combine.clone() };
                    plan.paths.push((combine, reductions?));
                }
                Term::TimeOfMean(reducer, expr) => {
                    let length = instance.window.1 - instance.window.0 + 1;
                    if length > MAX_SERIES && !matches!(reducer, Reducer::First | Reducer::Last) {
                        return Err(RunError::Window(length));
                    }
                    plan.series.push((*reducer, Probe::new(expr, instance)?));
                }
            }
        }
        let drawn = |expr: &&Expression| match lacks(expr, instance) {
            Some(why) => Err(RunError::Statistic(format!("the curve '{expr}': {why}"))),
            None => Probe::new(expr, instance),
        };
        plan.names = curves.iter().map(ToString::to_string).collect();
        plan.curves = curves.iter().map(drawn).collect::<Result<_, _>>()?;
        Ok(plan)
    }

    /// Whether anything needs the mean of the iterates.
    #[must_use]
    pub fn averages(&self) -> bool {
        let paths = self.paths.iter().flat_map(|(_, reductions)| reductions).map(|(_, probe)| probe);
        let series = self.series.iter().map(|(_, probe)| probe);
        paths.chain(series).chain(&self.curves).any(Probe::averages)
    }
}

fn zero() -> Expression {
    Expression::from_root(Node::Number { value: Rational::zero(), span: 0..0 })
}

/// Running reductions of one block.
pub(super) struct Recorder<'a, S: Evaluating> {
    plan: &'a Plan,
    instance: &'a Instance,
    /// One per (path, reduction).
    running: Vec<Vec<Option<S>>>,
    /// One per series, with one entry per iterate of the window.
    pub series: Vec<Vec<S>>,
    /// One per curve, with one entry per checkpoint.
    pub curves: Vec<Vec<S>>,
    next_checkpoint: usize,
    /// The sum of the iterates so far, where something needs it.
    sum: Option<Vec<S>>,
}

impl<'a, S: Evaluating> Recorder<'a, S> {
    pub(super) fn new(plan: &'a Plan, instance: &'a Instance) -> Self {
        Recorder {
            plan,
            instance,
            running: plan.paths.iter().map(|(_, r)| vec![None; r.len()]).collect(),
            series: vec![Vec::new(); plan.series.len()],
            curves: vec![Vec::new(); plan.curves.len()],
            next_checkpoint: 0,
            sum: plan.averages().then(Vec::new),
        }
    }

    /// Takes note of x_k, at every k in order.
    pub(super) fn pass(&mut self, x: &[S]) {
        if let Some(sum) = &mut self.sum {
            add_to(sum, x);
        }
    }

    /// The sum of the iterates so far; empty where nothing needs it.
    pub(super) fn sum(&self) -> &[S] {
        self.sum.as_deref().unwrap_or_default()
    }

    /// Whether anything is recorded at iterate k.
    pub(super) fn wants(&self, k: u64) -> bool {
        self.is_at_checkpoint(k)
            || self.plan.paths.iter().flat_map(|(_, r)| r).any(|(r, _)| self.is_due(*r, k))
            || self.plan.series.iter().any(|(r, _)| self.is_due(*r, k))
    }

    fn is_at_checkpoint(&self, k: u64) -> bool {
        let time = mutant!("a checkpoint is shifted", k.saturating_sub(1), k);
        !self.curves.is_empty() && self.instance.checkpoints.get(self.next_checkpoint) == Some(&time)
    }

    fn is_due(&self, reducer: Reducer, k: u64) -> bool {
        is_due(self.instance, reducer, k)
    }

    pub(super) fn record(&mut self, k: u64, point: &mut Point<'_, S>) -> Result<(), Fault> {
        for (p, (_, reductions)) in self.plan.paths.iter().enumerate() {
            for (r, (reducer, probe)) in reductions.iter().enumerate() {
                if self.is_due(*reducer, k) {
                    let value = probe.evaluate(point)?;
                    let slot = &mut self.running[p][r];
                    *slot = Some(match slot.take() {
                        None => value,
                        Some(old) => reduce(*reducer, old, &value),
                    });
                }
            }
        }
        for (s, (reducer, probe)) in self.plan.series.iter().enumerate() {
            if self.is_due(*reducer, k) {
                self.series[s].push(probe.evaluate(point)?);
            }
        }
        if self.is_at_checkpoint(k) {
            for (c, probe) in self.plan.curves.iter().enumerate() {
                self.curves[c].push(probe.evaluate(point)?);
            }
            self.next_checkpoint += 1;
        }
        Ok(())
    }

    /// What the curves recorded last, by name: of several lanes that of the first.
    pub(super) fn latest(&self) -> String {
        let value = |(name, values): (&String, &Vec<S>)| Some(format!("{name} {:.4}", values.last()?.lane(0)?));
        self.plan.names.iter().zip(&self.curves).filter_map(value).collect::<Vec<_>>().join(", ")
    }

    /// Records one point as if every iterate were there: an enclosure of all iterates gives one of all functionals.
    pub(super) fn record_throughout(&mut self, point: &mut Point<'_, S>) -> Result<(), Fault> {
        let length = self.instance.window.1 - self.instance.window.0 + 1;
        for (p, (_, reductions)) in self.plan.paths.iter().enumerate() {
            for (r, (reducer, probe)) in reductions.iter().enumerate() {
                let value = probe.evaluate(point)?;
                let sum = if *reducer == Reducer::Mean { value * S::ratio(length as i64, 1) } else { value };
                self.running[p][r] = Some(sum);
            }
        }
        for (s, (_, probe)) in self.plan.series.iter().enumerate() {
            self.series[s].push(probe.evaluate(point)?);
        }
        Ok(())
    }

    /// Takes what is recorded at the start into what holds throughout: a minimum is at most its first value, a maximum
    /// at least, and the first value is known.
    pub(super) fn meet_start(&mut self, start: &Self) {
        for (p, (_, reductions)) in self.plan.paths.iter().enumerate() {
            for (r, (reducer, _)) in reductions.iter().enumerate() {
                let (Some(first), Some(all)) = (&start.running[p][r], &mut self.running[p][r]) else { continue };
                match reducer {
                    Reducer::Min => *all = all.min(first),
                    Reducer::Max => *all = all.max(first),
                    Reducer::First => *all = first.clone(),
                    Reducer::Last | Reducer::Mean => {}
                }
            }
        }
    }

    /// The path functionals at the end of the run, each with the sum of the sizes of what it combines: where these
    /// cancel, rounding counts by their size and not by that of the result.
    pub(super) fn paths(&mut self) -> Result<Vec<(S, S)>, Fault> {
        let mut values = Vec::with_capacity(self.plan.paths.len());
        for ((combine, reductions), running) in self.plan.paths.iter().zip(&mut self.running) {
            let reduced: Result<Vec<S>, Fault> =
                running.iter_mut().map(|value| value.take().ok_or_else(not_recorded)).collect();
            let reduced = reduced?;
            let size = reduced.iter().fold(S::zero(), |sum, value| sum + &value.abs());
            values.push((combine_path(self.instance, combine, reductions, reduced)?, size));
        }
        Ok(values)
    }
}

/// A functional over time that no iterate entered has no value.
#[must_use]
pub(crate) fn not_recorded() -> Fault {
    Fault::Unsupported("a functional over time saw no iterate".into())
}

/// Whether a functional looks at iterate k.
#[must_use]
pub(crate) fn is_due(instance: &Instance, reducer: Reducer, k: u64) -> bool {
    match reducer {
        Reducer::First => k == 0,
        Reducer::Last => k == instance.horizon,
        Reducer::Mean | Reducer::Min | Reducer::Max => (instance.window.0..=instance.window.1).contains(&k),
    }
}

/// A path functional from its reductions, those of means being sums over the window still.
///
/// # Errors
/// As the expression.
pub(crate) fn combine_path<S: Scalar>(
    instance: &Instance,
    combine: &Expression,
    reductions: &[(Reducer, Probe)],
    mut reduced: Vec<S>,
) -> Result<S, Fault> {
    let length = instance.window.1 - instance.window.0 + 1;
    let weight = S::ratio(1, mutant!("a mean over time divides by one too few", (length - 1).max(1), length));
    for ((reducer, _), value) in reductions.iter().zip(&mut reduced) {
        if *reducer == Reducer::Mean {
            *value *= &weight;
        }
    }
    if combine.as_symbol() == Some(&Symbol::Reduction(0)) && !reduced.is_empty() {
        return Ok(reduced.swap_remove(0));
    }
    let environment = |symbol: &Symbol| -> Result<S, Fault> {
        let unknown = || missing(&symbol.to_string());
        match symbol {
            Symbol::Reduction(i) => reduced.get(*i).cloned().ok_or_else(unknown),
            other => instance.constant(other).ok_or_else(unknown)?.cast(),
        }
    };
    combine.eval(&environment).map_err(|e| e.fault)
}

/// Adds an iterate to a sum, which is empty before the first.
pub(crate) fn add_to<S: Scalar>(sum: &mut Vec<S>, x: &[S]) {
    if sum.is_empty() {
        sum.extend_from_slice(x);
    } else {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum += x;
        }
    }
}

/// One more look of a running reduction; means run as sums.
pub(crate) fn reduce<S: Scalar>(reducer: Reducer, old: S, value: &S) -> S {
    match reducer {
        Reducer::Mean => old + value,
        Reducer::Min => old.min(value),
        Reducer::Max => old.max(value),
        Reducer::First => old,
        Reducer::Last => value.clone(),
    }
}
