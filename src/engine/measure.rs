//! What is measured along a run.

use super::RunError;
use super::momentum_error::momentum_error;
use super::oracle::Traffic;
use crate::expr::Expr;
use crate::model::{Evaluates, Evaluating, Real, Statistic, resolve};
use crate::scalar::{Fault, Scalar};
use crate::spec::{Instance, PathTerm, Reducer, Term};

/// Longest window over which a mean is kept for each iterate.
pub(super) const MAX_SERIES: u64 = 20_000;

/// A number at an iterate: a statistic, or an expression over several.
#[derive(Debug, Clone)]
pub enum Probe {
    /// One statistic.
    Single(Statistic),
    /// An expression, with the statistics and constants that it names.
    Formula(Expr, Vec<(String, Statistic)>, Vec<(String, Real)>),
}

impl Probe {
    /// Finds what an expression names on an instance.
    ///
    /// # Errors
    /// A name that is neither a statistic nor a constant of the instance.
    pub fn new(expr: &Expr, instance: &Instance) -> Result<Self, RunError> {
        let (mut statistics, mut constants) = (Vec::new(), Vec::new());
        for (name, _) in expr.names() {
            match instance.constant(name) {
                Some(value) => constants.push((name.to_string(), value)),
                None => {
                    let found = resolve(name, &*instance.problem, &instance.views).map_err(RunError::Statistic)?;
                    statistics.push((name.to_string(), found));
                }
            }
        }
        match (statistics.as_slice(), expr.to_string()) {
            ([(name, statistic)], text) if *name == text => Ok(Probe::Single(*statistic)),
            _ => Ok(Probe::Formula(expr.clone(), statistics, constants)),
        }
    }

    /// Whether it looks back at the iterate before.
    fn looks_back(&self) -> bool {
        match self {
            Probe::Single(statistic) => statistic.looks_back(),
            Probe::Formula(_, statistics, _) => statistics.iter().any(|(_, s)| s.looks_back()),
        }
    }

    /// Whether it needs the mean of the iterates.
    fn averages(&self) -> bool {
        match self {
            Probe::Single(statistic) => statistic.averages(),
            Probe::Formula(_, statistics, _) => statistics.iter().any(|(_, s)| s.averages()),
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
        };
        let mut values: Vec<(&str, S)> = Vec::with_capacity(statistics.len() + constants.len());
        for (name, statistic) in statistics {
            values.push((name, point.statistic(*statistic)?));
        }
        for (name, value) in constants {
            values.push((name, value.cast()?));
        }
        let environment = |name: &str| {
            let found = values.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
            found.ok_or_else(|| Fault::Unsupported(format!("'{name}' is not known")))
        };
        expr.eval(&environment).map_err(|e| e.fault)
    }
}

/// Everything that a run records.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Path functionals: how reductions combine, and what is reduced.
    pub paths: Vec<(Expr, Vec<(Reducer, Probe)>)>,
    /// Statistics of which the mean over replicates is kept at every iterate of the window, with the functional over time.
    pub series: Vec<(Reducer, Probe)>,
    /// Statistics recorded at the checkpoints.
    pub curves: Vec<Probe>,
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
    pub fn new(instance: &Instance, terms: &[&Term], curves: &[&Expr]) -> Result<Self, RunError> {
        let mut plan = Plan { paths: Vec::new(), series: Vec::new(), curves: Vec::new() };
        for term in terms {
            match term {
                Term::MeanOfPath(PathTerm { combine, reductions }) => {
                    let reductions: Result<Vec<_>, RunError> =
                        reductions.iter().map(|(r, e)| Ok((*r, Probe::new(e, instance)?))).collect();
                    plan.paths.push((combine.clone(), reductions?));
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
        plan.curves = curves.iter().map(|e| Probe::new(e, instance)).collect::<Result<_, _>>()?;
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

/// An iterate under measurement; value and gradient are computed once, where something asks for them.
pub struct Point<'a, S: Evaluating> {
    instance: &'a Instance,
    x: &'a [S],
    state: &'a [S],
    before: &'a [S],
    value: Option<S>,
    sent: Option<Traffic>,
    average: Vec<S>,
    gradient: &'a mut [S],
    has_gradient: bool,
}

impl<'a, S: Evaluating> Point<'a, S> {
    /// The iterate `x` with the algorithm's memory; `gradient` is working space of the iterate's length.
    pub fn new(instance: &'a Instance, x: &'a [S], state: &'a [S], gradient: &'a mut [S]) -> Self {
        Point {
            instance,
            x,
            state,
            before: &[],
            value: None,
            sent: None,
            average: Vec::new(),
            gradient,
            has_gradient: false,
        }
    }

    /// The same point, x_k, with the sum of x_0, .., x_k; an empty sum where nothing asks for it.
    #[must_use]
    pub fn with_sum(self, k: u64, sum: &[S]) -> Self {
        let weight = S::ratio(1, k + 1);
        Point { average: sum.iter().map(|s| s.clone() * &weight).collect(), ..self }
    }

    /// The same point with what was sent before it.
    #[must_use]
    pub fn after(self, traffic: Traffic) -> Self {
        Point { sent: Some(traffic), ..self }
    }

    /// The same point with the iterate before it; empty where nothing looks back, and at the start.
    #[must_use]
    pub fn since(self, before: &'a [S]) -> Self {
        Point { before, ..self }
    }

    fn problem(&self) -> &'a dyn Evaluates<S> {
        S::problem(&*self.instance.problem)
    }

    fn value(&mut self) -> Result<S, Fault> {
        if self.value.is_none() {
            self.value = Some(self.problem().value_at(self.x)?);
        }
        Ok(self.value.clone().unwrap_or_else(S::zero))
    }

    fn value_of_average(&self) -> Result<S, Fault> {
        if self.average.is_empty() {
            return Err(missing("the mean of the iterates"));
        }
        self.problem().value_at(&self.average)
    }

    fn gradient(&mut self) -> Result<&[S], Fault> {
        if !self.has_gradient {
            self.problem().gradient_at(self.x, self.gradient)?;
            self.has_gradient = true;
        }
        Ok(self.gradient)
    }

    fn statistic(&mut self, statistic: Statistic) -> Result<S, Fault> {
        match statistic {
            Statistic::Value => self.value(),
            Statistic::Gap => {
                let low = self.instance.facts.get("fstar").ok_or_else(|| missing("f*"))?.value.cast::<S>()?;
                Ok(self.value()? - &low)
            }
            Statistic::AverageValue => self.value_of_average(),
            Statistic::AverageGap => {
                let low = self.instance.facts.get("fstar").ok_or_else(|| missing("f*"))?.value.cast::<S>()?;
                Ok(self.value_of_average()? - &low)
            }
            Statistic::GradientL1 => Ok(l1(self.gradient()?)),
            Statistic::GradientL2 => l2_squared(self.gradient()?).sqrt(),
            Statistic::GradientL2Squared => Ok(l2_squared(self.gradient()?)),
            Statistic::GradientLinf => Ok(linf(self.gradient()?)),
            Statistic::MedianL1 => Ok(l1(&self.median()?)),
            Statistic::MedianL2Squared => Ok(l2_squared(&self.median()?)),
            Statistic::MedianGapL1 => Ok(l1(&self.median_gap()?)),
            Statistic::MedianGapL2Squared => Ok(l2_squared(&self.median_gap()?)),
            Statistic::Distance => l2_squared(&self.offset()?).sqrt(),
            Statistic::DistanceInf => Ok(linf(&self.offset()?)),
            Statistic::Coordinate(i) => Ok(self.x[i].clone()),
            Statistic::Bits => {
                let sent = self.sent.ok_or_else(|| missing("what was sent"))?;
                Ok(S::ratio(i64::try_from(sent.bits()).unwrap_or(i64::MAX), 1))
            }
            Statistic::ViewL1(i) => Ok(l1(self.view(i))),
            Statistic::ViewL2(i) => l2_squared(self.view(i)).sqrt(),
            Statistic::ViewL2Squared(i) => Ok(l2_squared(self.view(i))),
            Statistic::MomentumErrorL2 { momenta, previous } => {
                l2_squared(&self.momentum_error(momenta, previous)?).sqrt()
            }
            Statistic::MomentumErrorL2Squared { momenta, previous } => {
                Ok(l2_squared(&self.momentum_error(momenta, previous)?))
            }
            Statistic::MissL1(view, weight) => Ok(l1(&self.miss(view, weight)?)),
            Statistic::MissL2(view, weight) => l2_squared(&self.miss(view, weight)?).sqrt(),
            Statistic::MissL2Squared(view, weight) => Ok(l2_squared(&self.miss(view, weight)?)),
            Statistic::WrongL1 => self.wrong_l1(),
            Statistic::TurnL1 => {
                let old = self.gradient_before()?;
                Ok(l1(&difference(self.gradient()?, &old)))
            }
            Statistic::MoveLinf => {
                self.gradient_before()?;
                Ok(linf(&difference(self.x, self.before)))
            }
            Statistic::ViewCoordinate(view, i) => Ok(self.view(view)[i].clone()),
            Statistic::Own(i) => self.problem().own_statistic_at(i, self.x),
        }
    }

    fn momentum_error(&self, momenta: usize, previous: usize) -> Result<Vec<S>, Fault> {
        // No gradient asked for yet: the start, where the state does not know an iterate before this one.
        let started = self.sent.is_none_or(|sent| sent.calls > 0);
        let point = if started { self.view(previous) } else { self.x };
        let mut error = vec![S::zero(); self.x.len()];
        momentum_error(self.problem(), self.view(momenta), point, &mut error)?;
        Ok(error)
    }

    /// The coordinate-wise median of the workers' gradients, without noise.
    fn median(&self) -> Result<Vec<S>, Fault> {
        let (workers, d) = (self.instance.workers, self.x.len());
        let (mut rows, mut out) = (vec![S::zero(); workers * d], vec![S::zero(); d]);
        for (worker, row) in rows.chunks_exact_mut(d).enumerate() {
            self.problem().worker_gradient_at(worker, self.x, row)?;
        }
        crate::model::algorithm::medians(&mut rows, &mut out);
        Ok(out)
    }

    fn median_gap(&mut self) -> Result<Vec<S>, Fault> {
        let median = self.median()?;
        Ok(self.gradient()?.iter().zip(median).map(|(g, m)| g.clone() - &m).collect())
    }

    fn view(&self, index: usize) -> &[S] {
        &self.state[self.instance.views[index].range.clone()]
    }

    fn gradient_before(&self) -> Result<Vec<S>, Fault> {
        if self.before.len() != self.x.len() {
            let message =
                "this statistic looks back at the iterate before and has no value at the start: begin the window at 1";
            return Err(Fault::Unsupported(message.into()));
        }
        let mut gradient = self.x.to_vec();
        self.problem().gradient_at(self.before, &mut gradient)?;
        Ok(gradient)
    }

    /// View over weight, less the gradient at the iterate before.
    fn miss(&self, view: usize, weight: Option<usize>) -> Result<Vec<S>, Fault> {
        let gradient = self.gradient_before()?;
        let weight = weight.and_then(|i| self.view(i).first());
        let scaled = self.view(view).iter().map(|v| weight.map_or_else(|| Ok(v.clone()), |w| v.divide(w)));
        scaled.zip(&gradient).map(|(v, g)| Ok(v? - g)).collect()
    }

    /// A coordinate that moved against its gradient counts 0, any other |f_i'|; both where an enclosure decides neither.
    fn wrong_l1(&self) -> Result<S, Fault> {
        let gradient = self.gradient_before()?;
        let mut sum = S::zero();
        for ((now, old), g) in self.x.iter().zip(self.before).zip(&gradient) {
            let followed = || -> Result<S, Fault> {
                let direction = (old.clone() - now).sign_or(&S::zero())? * g.sign_or(&S::zero())?;
                direction.at_least(&S::one(), &S::zero(), &S::one())
            };
            let wrong = match followed() {
                Err(Fault::Undecided(_)) => S::from_ends(1.0, 0.0, 1.0)?,
                decided => decided?,
            };
            sum.add_product(&g.abs(), &wrong);
        }
        Ok(sum)
    }

    fn offset(&self) -> Result<Vec<S>, Fault> {
        let minimiser = self.instance.minimiser.as_ref().ok_or_else(|| missing("a minimiser"))?;
        self.x.iter().zip(minimiser).map(|(x, m)| Ok(x.clone() - &m.cast::<S>()?)).collect()
    }
}

fn missing(what: &str) -> Fault {
    Fault::Unsupported(format!("{what} is not known on this instance"))
}

fn l1<S: Scalar>(v: &[S]) -> S {
    S::dispatch(
        #[inline(always)]
        || crate::model::algorithm::norm1(v),
    )
}

fn l2_squared<S: Scalar>(v: &[S]) -> S {
    S::dispatch(
        #[inline(always)]
        || crate::model::algorithm::norm2_squared(v),
    )
}

fn difference<S: Scalar>(a: &[S], b: &[S]) -> Vec<S> {
    a.iter().zip(b).map(|(a, b)| a.clone() - b).collect()
}

fn linf<S: Scalar>(v: &[S]) -> S {
    v.iter().fold(S::zero(), |top, x| top.max(&x.abs()))
}

/// Running reductions of one block.
pub(super) struct Recorder<'a, S: Evaluating> {
    plan: &'a Plan,
    instance: &'a Instance,
    /// One a (path, reduction).
    running: Vec<Vec<Option<S>>>,
    /// One a series, an entry an iterate of the window.
    pub series: Vec<Vec<S>>,
    /// One a curve, an entry a checkpoint.
    pub curves: Vec<Vec<S>>,
    next_checkpoint: usize,
    /// The sum of the iterates so far, where something needs it.
    sum: Option<Vec<S>>,
}

impl<'a, S: Evaluating> Recorder<'a, S> {
    pub fn new(plan: &'a Plan, instance: &'a Instance) -> Self {
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
    pub fn pass(&mut self, x: &[S]) {
        if let Some(sum) = &mut self.sum {
            add_to(sum, x);
        }
    }

    /// The sum of the iterates so far; empty where nothing needs it.
    pub fn sum(&self) -> &[S] {
        self.sum.as_deref().unwrap_or_default()
    }

    /// Whether anything is recorded at iterate k.
    pub fn wants(&self, k: u64) -> bool {
        let times = &self.instance.checkpoints;
        let at_checkpoint = !self.curves.is_empty() && times.get(self.next_checkpoint) == Some(&k);
        at_checkpoint
            || self.plan.paths.iter().flat_map(|(_, r)| r).any(|(r, _)| self.is_due(*r, k))
            || self.plan.series.iter().any(|(r, _)| self.is_due(*r, k))
    }

    fn is_due(&self, reducer: Reducer, k: u64) -> bool {
        is_due(self.instance, reducer, k)
    }

    pub fn record(&mut self, k: u64, point: &mut Point<'_, S>) -> Result<(), Fault> {
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
        if self.instance.checkpoints.get(self.next_checkpoint) == Some(&k) && !self.curves.is_empty() {
            for (c, probe) in self.plan.curves.iter().enumerate() {
                self.curves[c].push(probe.evaluate(point)?);
            }
            self.next_checkpoint += 1;
        }
        Ok(())
    }

    /// Records one point as if every iterate were there: an enclosure of all iterates gives one of all functionals.
    pub fn record_throughout(&mut self, point: &mut Point<'_, S>) -> Result<(), Fault> {
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

    /// The path functionals at the end of the run, each with the sum of the sizes of what it combines: where these
    /// cancel, rounding counts by their size and not by that of the result.
    pub fn paths(&mut self) -> Result<Vec<(S, S)>, Fault> {
        let mut values = Vec::with_capacity(self.plan.paths.len());
        for ((combine, reductions), running) in self.plan.paths.iter().zip(&mut self.running) {
            let reduced: Vec<S> = running.iter_mut().map(|value| value.take().unwrap_or_else(S::zero)).collect();
            let size = reduced.iter().fold(S::zero(), |sum, value| sum + &value.abs());
            values.push((combine_path(self.instance, combine, reductions, reduced)?, size));
        }
        Ok(values)
    }
}

/// Whether a functional looks at iterate k.
#[must_use]
pub fn is_due(instance: &Instance, reducer: Reducer, k: u64) -> bool {
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
pub fn combine_path<S: Scalar>(
    instance: &Instance,
    combine: &Expr,
    reductions: &[(Reducer, Probe)],
    mut reduced: Vec<S>,
) -> Result<S, Fault> {
    let weight = S::ratio(1, instance.window.1 - instance.window.0 + 1);
    for ((reducer, _), value) in reductions.iter().zip(&mut reduced) {
        if *reducer == Reducer::Mean {
            *value *= &weight;
        }
    }
    if combine.to_string() == "r0" {
        return Ok(reduced.swap_remove(0));
    }
    let environment = |name: &str| -> Result<S, Fault> {
        let index = name.strip_prefix('r').and_then(|n| n.parse::<usize>().ok());
        match index.and_then(|i| reduced.get(i)) {
            Some(value) => Ok(value.clone()),
            None => instance.constant(name).ok_or_else(|| missing(name))?.cast(),
        }
    };
    combine.eval(&environment).map_err(|e| e.fault)
}

/// Adds an iterate to a sum, which is empty before the first.
pub fn add_to<S: Scalar>(sum: &mut Vec<S>, x: &[S]) {
    if sum.is_empty() {
        sum.extend_from_slice(x);
    } else {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum += x;
        }
    }
}

/// One more look of a running reduction; means run as sums.
pub fn reduce<S: Scalar>(reducer: Reducer, old: S, value: &S) -> S {
    match reducer {
        Reducer::Mean => old + value,
        Reducer::Min => old.min(value),
        Reducer::Max => old.max(value),
        Reducer::First => old,
        Reducer::Last => value.clone(),
    }
}
