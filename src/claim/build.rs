//! Builds an experiment at one cell.

mod draws;

use super::blocks::blocks;
use super::cell::{Cell, InstanceError, evaluate};
use super::checkpoints::spaced;
use super::file::{Experiment, Formula, PartSetup, Setting, Start};
use super::instance::{Instance, Schedule, StartPoint, lookup};
use super::resolve::{DATA_FILE, DATA_FOLDER, MAX_DIMENSION, located, resolve, vector};
use super::symbol::Symbol;
use crate::model::quantity::symmetric_beta;
use crate::model::{
    DynAlgorithm, DynNoise, DynProblem, Evaluates, Evaluating, Facts, Kind, Known, ParamSpec, ParamValue, Params,
    Property, Real, Registry, fact_spec,
};
use crate::scalar::{Computable, Fault, Narrow, Rational, Scalar, Surd};
use crate::stats::Interval;

/// Longest run that is started: beyond it a step count is surely a slip.
const MAX_HORIZON: u64 = 1_000_000_000;

/// Most workers of an oracle.
pub(super) const MOST_WORKERS: u64 = 1_000_000;

/// Most workers for which the vote's incomplete beta function is a fact.
const MAX_VOTERS: usize = 501;

impl Instance {
    /// Builds an experiment at one cell.
    ///
    /// # Errors
    /// A part that refuses its parameters, with the place in the file.
    pub fn build(registry: &Registry, experiment: &Experiment, cell: &Cell) -> Result<Self, InstanceError> {
        Builder::new(registry, experiment, cell).build()
    }
}

/// Builds the parts of an experiment in the order in which they depend on each other, gathering facts.
pub(super) struct Builder<'a> {
    registry: &'a Registry,
    experiment: &'a Experiment,
    cell: &'a Cell,
    facts: Facts,
}

impl<'a> Builder<'a> {
    pub(super) fn new(registry: &'a Registry, experiment: &'a Experiment, cell: &'a Cell) -> Self {
        Builder { registry, experiment, cell, facts: Facts::new() }
    }

    pub(super) fn build(mut self) -> Result<Instance, InstanceError> {
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
        let minimisers = problem.minimisers();
        let mut minimiser = None;
        if let StartPoint::At(point) = &start {
            minimiser = minimisers.as_ref().and_then(|all| all.nearest(&*problem, point));
            self.start_facts(&*problem, point, minimiser.as_deref());
        }
        let noise = experiment.oracle.noise.as_ref().map(|part| self.noise(part, d)).transpose()?;
        if let (Some(noise), StartPoint::At(point)) = (&noise, &start) {
            self.has_a_law(&**noise, &*problem, point)?;
        }
        if let Some(noise) = &noise {
            self.facts.extend(noise.facts());
        }
        // Noise of scale 0 is none.
        let noise = noise.filter(|law| !law.is_silent());
        if noise.is_none() && !experiment.oracle.minibatch {
            for name in ["sigma", "sigma1", "sigma_l1", "sigma_max"] {
                self.facts.exact(name, Real::integer(0));
            }
            self.facts.exact("p_sign", Real::integer(1));
        }
        self.vote_of_signs(workers);
        if !experiment.oracle.minibatch {
            self.second_moment(noise.as_deref());
        }
        if experiment.oracle.minibatch && problem.samples().is_none() {
            let message =
                format!("problem '{}' is no finite sum: `sampling = \"minibatch\"` needs one", experiment.problem.name);
            return Err(InstanceError::new(&experiment.problem.span, message));
        }
        let (algorithm, perturbation) = self.algorithm(&*problem, workers)?;
        for (name, value) in algorithm.facts(d) {
            self.facts.exact(name, value);
        }
        self.check_declared()?;
        let schedules =
            experiment.algorithm.schedules().map(|(p, f)| self.schedule(f, Some(p))).collect::<Result<_, _>>()?;
        let batch = match &experiment.oracle.batch {
            Some(formula) => self.schedule(formula, None)?,
            None => Schedule::Constant(Real::integer(1)),
        };
        if let (true, Some(law)) = (experiment.oracle.minibatch, &noise) {
            self.one_draw_per_sample(&**law, &batch)?;
        }
        let (horizon, window, checkpoints) = self.times()?;
        let instance = Instance {
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
            minimisers,
            draws_nothing: false,
        };
        // What is out of range from the start on is an error of the file; later the run comes to it.
        for ((_, formula), schedule) in experiment.algorithm.schedules().zip(&instance.schedules) {
            instance.check_range(schedule, 0).map_err(|e| InstanceError::new(&formula.span, e.to_string()))?;
        }
        // Checked at its ends now, so that a slip shows before time is spent, and in between during the run.
        if let (Some(formula), None) = (&experiment.oracle.batch, instance.lacks()) {
            for k in [0, horizon - 1] {
                let refused = |e: Fault| InstanceError::new(&formula.span, format!("'batch' at iteration {k}: {e}"));
                instance.batch_at(k).map_err(refused)?;
            }
        }
        Ok(instance)
    }

    fn value(&self, formula: &Formula) -> Result<Real, InstanceError> {
        evaluate(&formula.expr, &|symbol| lookup(self.cell, &self.facts, symbol))
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
        let mut params = resolve(self.registry, part, d, workers, &|symbol| lookup(self.cell, &self.facts, symbol))?;
        for key in [DATA_FILE, DATA_FOLDER] {
            if let Some(ParamValue::Text(name)) = params.values.get_mut(key) {
                *name = self.registry.data_file(name).to_string_lossy().into_owned();
            }
        }
        Ok(params)
    }

    pub(super) fn problem(&self) -> Result<Box<dyn DynProblem>, InstanceError> {
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

    fn workers(&self, problem: &dyn DynProblem) -> Result<usize, InstanceError> {
        let declared = match &self.experiment.oracle.workers {
            Some(formula) => {
                let n = self.count(formula, "'workers'", MOST_WORKERS)? as usize;
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
            Start::Default if problem.draws_start() => Ok(StartPoint::Drawn),
            Start::Default => problem
                .default_start()
                .map(StartPoint::At)
                .ok_or_else(|| InstanceError::new(span, "this problem has no start of its own: give `start`")),
            Start::Random(part) if problem.half_widths().is_some() => {
                let message =
                    "the problem lives in a box, and draws may start outside of it: give the start as a point";
                Err(InstanceError::new(&part.span, message))
            }
            Start::Random(part) => self.noise(part, d).map(|law| {
                if law.is_silent() { StartPoint::At(vec![Real::integer(0); d]) } else { StartPoint::Random(law) }
            }),
            Start::At(formulas) => {
                let point = vector(formulas, d, &|symbol| lookup(self.cell, &self.facts, symbol))?;
                if point.len() != d {
                    let message = format!("'start' has {} entries; the problem has {d} coordinates", point.len());
                    return Err(InstanceError::new(&formulas[0].span, message));
                }
                inside(problem, &point, formulas)?;
                Ok(StartPoint::At(point))
            }
        }
    }

    /// f0, D, R and the first gradient's norms: exact where the problem has an exact form.
    fn start_facts(&mut self, problem: &dyn DynProblem, point: &[Real], minimiser: Option<&[Real]>) {
        let Some((value, gradient)) = known_at::<Surd>(problem, point)
            .or_else(|| if point.len() <= FEW { known_at::<Computable>(problem, point) } else { None })
            .or_else(|| known_at::<Interval>(problem, point))
            .or_else(|| doubles_at(problem, point))
        else {
            return;
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

    /// E|g~|^2 = |grad f|^2 + E|g~ - grad f|^2 <= G^2 + sigma^2, where the law has no bound of its own; the least such
    /// bound where the noise is the same at every point.
    fn second_moment(&mut self, noise: Option<&dyn DynNoise>) {
        let unbiased = noise.is_none_or(|n| n.has(Property::Unbiased) == Some(true));
        let (Some(g), Some(sigma), None) =
            (self.facts.get("G"), self.facts.get("sigma"), self.facts.get("second_moment"))
        else {
            return;
        };
        if unbiased {
            let sum = Real::sum(&[g.value.times(&g.value), sigma.value.times(&sigma.value)]);
            let same_everywhere = noise.is_none_or(|n| n.has(Property::SmoothSamples) == Some(true));
            let least = same_everywhere && [g.known, sigma.known] == [Known::Exact; 2];
            self.facts.set("second_moment", sum, if least { Known::Exact } else { Known::Bound });
        }
    }

    /// I_p(kappa, kappa) of li2021, theorem 3, where p is known exactly.
    fn vote_of_signs(&mut self, workers: usize) {
        let Some(p) = self.facts.get("p_sign").and_then(|p| p.value.exact()) else { return };
        // The exact number grows with M; nothing needs it beyond a few hundred workers.
        if workers > MAX_VOTERS {
            return;
        }
        if let Ok(value) = symmetric_beta(workers.div_ceil(2) as u32, p) {
            self.facts.exact("I_sign", value.into());
        }
    }

    #[allow(clippy::type_complexity)]
    fn algorithm(
        &self,
        problem: &dyn DynProblem,
        workers: usize,
    ) -> Result<(Box<dyn DynAlgorithm>, Option<Box<dyn DynNoise>>), InstanceError> {
        let part = &self.experiment.algorithm;
        let entry = self
            .registry
            .algorithm(&part.name)
            .map_err(|_| InstanceError::new(&part.span, format!("unknown algorithm '{}'", part.name)))?;
        let d = problem.dimension();
        let params = Params { blocks: blocks(self.experiment, problem)?, ..self.params(part, d, workers)? };
        let algorithm = (entry.build)(&params).map_err(|e| located(part, &e))?;
        let own = part.settings.iter().find_map(|(param, setting, _)| match (param.kind, setting) {
            (Kind::Noise, Setting::Part(law)) => Some(law),
            _ => None,
        });
        Ok((algorithm, own.map(|law| self.perturbation(law, d)).transpose()?))
    }

    /// A declared parameter that has the name of a fact of this instance must be that fact.
    fn check_declared(&self) -> Result<(), InstanceError> {
        for (name, value) in &self.cell.values {
            let Some(fact) = self.facts.get(name) else { continue };
            // Equal and known exactly, the two are one number; else a bound that names it could mean either.
            let same = fact.known == Known::Exact && value.exact().is_some() && value.exact() == fact.value.exact();
            if !same {
                let doc = fact_spec(name).map_or("", |spec| spec.doc);
                // Six digits do not distinguish all numbers.
                let in_full = |v: &Real| v.exact().map_or_else(|| format!("{:?}", v.to_f64()), |q| q.to_string());
                let (mut own, mut other) = (value.to_string(), fact.value.to_string());
                if own == other {
                    (own, other) = (in_full(value), in_full(&fact.value));
                }
                let message = format!(
                    "'{name}' could mean two things: the declared parameter, {own}, or the fact '{name}' ({doc}), which \
                     is {other} here ({}): give the parameter another name",
                    fact.known
                );
                return Err(InstanceError::new(&self.experiment.problem.span, message));
            }
        }
        Ok(())
    }

    fn schedule(&self, formula: &Formula, param: Option<&'static ParamSpec>) -> Result<Schedule, InstanceError> {
        let known = |symbol: &Symbol| *symbol == Symbol::Iteration || lookup(self.cell, &self.facts, symbol).is_some();
        if let Some(symbol) = formula.expr.symbols().into_iter().find(|symbol| !known(symbol)) {
            let message = format!("'{symbol}' is not known on this instance");
            return match symbol {
                // Whether an instance has a constant that others have is a matter of hypotheses.
                Symbol::Fact(_) => Ok(Schedule::Lacking(message)),
                _ => Err(InstanceError::new(&formula.span, message)),
            };
        }
        if formula.expr.mentions(&Symbol::Iteration) {
            return Ok(Schedule::Varies(formula.expr.clone(), param));
        }
        let value = self.value(formula)?;
        if let Some(param) = param {
            param.check_number(&value, "is").map_err(|e| InstanceError::new(&formula.span, e.message))?;
        }
        Ok(Schedule::Constant(value))
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

/// A start must lie in its problem's box.
fn inside(problem: &dyn DynProblem, point: &[Real], formulas: &[Formula]) -> Result<(), InstanceError> {
    let Some(walls) = problem.half_widths() else { return Ok(()) };
    for (i, (x, wall)) in point.iter().zip(walls).enumerate() {
        let is_inside = match (x.exact(), wall.exact()) {
            (Some(x), Some(wall)) => Scalar::abs(x) <= *wall,
            _ => x.to_f64().abs() <= wall.to_f64(),
        };
        if !is_inside {
            let message = format!("'start' has {x} in coordinate {}, outside the box |x| <= {wall}", i + 1);
            return Err(InstanceError::new(&formulas.get(i).unwrap_or(&formulas[0]).span, message));
        }
    }
    Ok(())
}

fn value_and_gradient<S: Evaluating>(problem: &dyn DynProblem, x: &[S]) -> Result<(S, Vec<S>), Fault> {
    let problem: &dyn Evaluates<S> = S::problem(problem);
    let mut gradient = vec![S::zero(); x.len()];
    problem.gradient_at(x, &mut gradient)?;
    Ok((problem.value_at(x)?, gradient))
}

/// Most coordinates of a problem whose irrational value at the start is kept as a formula.
const FEW: usize = 64;

/// Value and gradient at a point: sums of roots, formulas, or between bounds.
fn known_at<S: Evaluating + Into<Real>>(problem: &dyn DynProblem, point: &[Real]) -> Option<(Real, Vec<Real>)> {
    if point.iter().any(Real::is_rough) {
        return None;
    }
    let x: Vec<S> = point.iter().map(Real::cast).collect::<Result<_, _>>().ok()?;
    let (value, gradient) = value_and_gradient::<S>(problem, &x).ok()?;
    let (value, gradient): (Real, Vec<Real>) = (value.into(), gradient.into_iter().map(Into::into).collect());
    // A sum of too many roots is not evaluated as a number.
    let is_known = |v: &Real| v.to_f64().is_finite();
    (is_known(&value) && gradient.iter().all(is_known)).then_some((value, gradient))
}

/// Value and gradient of a function, or at a point, that is known in double precision only.
fn doubles_at(problem: &dyn DynProblem, point: &[Real]) -> Option<(Real, Vec<Real>)> {
    let x: Vec<Narrow> = point.iter().map(|v| Narrow::splat(v.to_f64())).collect();
    let (value, gradient) = value_and_gradient::<Narrow>(problem, &x).ok()?;
    Some((Real::Float(value.0[0]), gradient.into_iter().map(|g| Real::Float(g.0[0])).collect()))
}
