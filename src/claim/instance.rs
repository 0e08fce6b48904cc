//! An experiment at one cell: built parts, and what is known about them.

use super::cell::{Cell, evaluate};
use super::file::{Experiment, Requirement, Setting, Variant, Work};
use super::symbol::{Expression, Symbol};
use crate::expr::EvalError;
use crate::model::{
    Audit, DynAlgorithm, DynNoise, DynProblem, Facts, HYPOTHESES, Kind, Known, Minimisers, ParamSpec, Real, Semantics,
    Subject, Ties, View,
};
use crate::scalar::{Computable, Enclosure, Fault, Narrow, Rational, Scalar};
use crate::stats::Interval;
use std::collections::BTreeSet;

/// Most draws of one batch: beyond it a count is surely a slip.
const MOST_DRAWS: u64 = 1_000_000_000;

/// A schedule: the same at every step, or a formula in k.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// The same at every step.
    Constant(Real),
    /// A formula that names k, and the parameter that it is, where it has a range.
    Varies(Expression, Option<&'static ParamSpec>),
    /// A formula that names a constant which the instance does not have: which one.
    Lacking(String),
}

/// Where replicates start.
pub enum StartPoint {
    /// All at the same point.
    At(Vec<Real>),
    /// At independent draws.
    Random(Box<dyn DynNoise>),
    /// Where the problem draws it: [`Problem::draw_start`](crate::model::problem::Problem::draw_start).
    Drawn,
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
    /// The minimiser nearest to the start, where it is known.
    pub minimiser: Option<Vec<Real>>,
    /// All minimisers, where they are known.
    pub minimisers: Option<Minimisers>,
    /// Named parts of the algorithm's state.
    pub views: Vec<View>,
    /// Whether its run is known to draw nothing, though its conventions or parts could: no sign of 0, no tie, a
    /// compressor that keeps all.
    pub draws_nothing: bool,
}

impl Instance {
    /// A declared parameter or a fact; of another symbol none.
    #[must_use]
    pub fn constant(&self, symbol: &Symbol) -> Option<Real> {
        lookup(&self.cell, &self.facts, symbol)
    }

    /// Evaluates an expression in the instance's constants.
    ///
    /// # Errors
    /// As [`evaluate`].
    pub fn evaluate(&self, expr: &Expression) -> Result<Real, EvalError> {
        evaluate(expr, &|symbol| self.constant(symbol))
    }

    /// Value of a schedule at iteration k.
    ///
    /// # Errors
    /// As the expression.
    pub fn schedule_at<S: Scalar>(&self, schedule: &Schedule, k: u64) -> Result<S, Fault> {
        let expr = match schedule {
            Schedule::Constant(value) => return value.cast(),
            Schedule::Varies(expr, _) => expr,
            Schedule::Lacking(why) => return Err(Fault::Unsupported(why.clone())),
        };
        self.check_range(schedule, k)?;
        let now = Real::integer(i64::try_from(k).map_err(|_| Fault::TooLarge(64))?);
        let environment = |symbol: &Symbol| -> Result<S, Fault> {
            match symbol {
                Symbol::Iteration => now.cast(),
                other => {
                    let missing = || Fault::Unsupported(format!("'{other}' is not known"));
                    self.constant(other).ok_or_else(missing)?.cast()
                }
            }
        };
        expr.eval(&environment).map_err(|e| e.fault)
    }

    /// Whether a schedule that changes is in its parameter's range at iteration k.
    ///
    /// # Errors
    /// [`Fault::Outside`] where it is not, or as the expression.
    pub(super) fn check_range(&self, schedule: &Schedule, k: u64) -> Result<(), Fault> {
        let Schedule::Varies(expr, Some(param)) = schedule else { return Ok(()) };
        if param.limits.is_any() {
            return Ok(());
        }
        let now = Real::integer(i64::try_from(k).map_err(|_| Fault::TooLarge(64))?);
        let lookup = |symbol: &Symbol| match symbol {
            Symbol::Iteration => Some(now.clone()),
            other => self.constant(other),
        };
        let value = evaluate(expr, &lookup).map_err(|e| e.fault)?;
        param.check_number(&value, "is").map_err(|e| Fault::Outside(e.message))
    }

    /// Draws averaged into a gradient at iteration k.
    ///
    /// # Errors
    /// As the expression, or a value that is no whole number from 1 on.
    pub fn batch_at(&self, k: u64) -> Result<u64, Fault> {
        let value: Rational = match self.schedule_at(&self.batch, k) {
            Ok(value) => value,
            // A batch such as ceil(sqrt(k)) is rational only after rounding.
            Err(Fault::NoExactForm(_)) => {
                let value: Enclosure = self.schedule_at(&self.batch, k)?;
                value.exact().cloned().ok_or(Fault::Undecided("the number of draws"))?
            }
            Err(fault) => return Err(fault),
        };
        value.to_i64().and_then(|n| u64::try_from(n).ok()).filter(|n| (1..=MOST_DRAWS).contains(n)).ok_or_else(|| {
            Fault::Unsupported(format!("the batch is {value}; it must be a whole number from 1 to {MOST_DRAWS}"))
        })
    }

    /// Why the algorithm cannot be run here: its schedules name a constant that the instance does not have.
    #[must_use]
    pub fn lacks(&self) -> Option<&str> {
        self.schedules.iter().chain([&self.batch]).find_map(|s| match s {
            Schedule::Lacking(why) => Some(why.as_str()),
            _ => None,
        })
    }

    /// Those of the named facts that are only bounds on what they stand for, as `name = value`.
    #[must_use]
    pub fn loose(&self, named: &BTreeSet<&'static str>) -> Vec<String> {
        let one_sided = self.facts.iter().filter(|(_, fact)| fact.known == Known::Bound);
        one_sided
            .filter(|(name, _)| named.contains(name))
            .map(|(name, fact)| format!("{name} = {}", fact.value))
            .collect()
    }

    /// Whether nothing in a run is random: one replicate says everything.
    #[must_use]
    pub fn is_deterministic(&self) -> bool {
        self.may_draw_nothing()
            && (self.draws_nothing
                || !self.minibatch && self.perturbation.is_none() && !self.algorithm.is_random(&self.semantics))
    }

    /// Whether only the run itself can show that it is random: by a coin that it draws.
    #[must_use]
    pub fn may_draw_nothing(&self) -> bool {
        let samples_are_one = || (0..self.workers).all(|w| self.problem.worker_samples(w) == Some(1));
        self.noise.is_none()
            && matches!(self.start, StartPoint::At(_))
            && self.perturbation.as_ref().is_none_or(|law| law.is_silent())
            && (!self.minibatch || samples_are_one())
    }

    /// Whether a schedule rests on a number whose error is only estimated.
    #[must_use]
    pub fn is_rough(&self) -> bool {
        let rough = |symbol: &Symbol| self.constant(symbol).is_some_and(|value| value.is_rough());
        self.schedules.iter().any(|schedule| match schedule {
            Schedule::Constant(value) => value.is_rough(),
            Schedule::Varies(expr, _) => expr.symbols().into_iter().any(rough),
            Schedule::Lacking(_) => false,
        })
    }

    /// The algorithm's step size.
    fn step_schedule(&self, variant: &Variant) -> Option<&Schedule> {
        let algorithm = &variant.experiment()?.algorithm;
        let slots =
            algorithm.settings.iter().filter(|(p, s, _)| p.kind == Kind::Schedule && matches!(s, Setting::Formula(_)));
        let slot = slots.map(|(p, ..)| p.name).position(|name| name == "step_size")?;
        self.schedules.get(slot)
    }

    /// The algorithm's step size, where it is the same at every step.
    fn step_size(&self, variant: &Variant) -> Option<&Real> {
        match self.step_schedule(variant)? {
            Schedule::Constant(value) => Some(value),
            Schedule::Varies(..) | Schedule::Lacking(_) => None,
        }
    }

    /// The first step size, to the precision of a double.
    #[must_use]
    pub fn first_step(&self, variant: &Variant) -> Option<f64> {
        let step: Narrow = self.schedule_at(self.step_schedule(variant)?, 0).ok()?;
        Some(step.0[0])
    }

    /// Audits the named hypotheses and the inequalities of a variant on this instance; `ties` is what an exact run has
    /// found.
    #[must_use]
    pub fn audit(&self, variant: &Variant, ties: Ties) -> Vec<(String, Audit)> {
        let subject = Subject {
            facts: &self.facts,
            problem: &*self.problem,
            noise: self.noise.as_deref(),
            workers: self.workers,
            minibatch: self.minibatch,
            start: match &self.start {
                StartPoint::At(x) => Some(x),
                StartPoint::Random(_) | StartPoint::Drawn => None,
            },
            minimiser: self.minimiser.as_deref(),
            step_size: self.step_size(variant),
            ties,
        };
        let named = variant.hypotheses.iter().filter_map(|name| {
            let spec = HYPOTHESES.iter().find(|h| h.name == name)?;
            Some((name.clone(), (spec.audit)(&subject)))
        });
        let refuted = |fact: &str| subject.no_constant(fact);
        named.chain(requirements(variant, &|symbol| self.constant(symbol), &refuted)).collect()
    }
}

/// Audits the inequalities of a variant. `refuted` gives, where it can, the reason why a fact that is not known does
/// not exist.
pub(crate) fn requirements(
    variant: &Variant,
    lookup: &dyn Fn(&Symbol) -> Option<Real>,
    refuted: &dyn Fn(&str) -> Option<Audit>,
) -> Vec<(String, Audit)> {
    let audit = |requirement: &Requirement| {
        let symbols = [&requirement.low, &requirement.high].into_iter().flat_map(|expr| expr.symbols());
        if let Some(symbol) = symbols.into_iter().find(|symbol| lookup(symbol).is_none()) {
            let why = if let Symbol::Fact(spec) = symbol { refuted(spec.name) } else { None };
            return why.unwrap_or_else(|| Audit::not_known(format!("'{symbol}' is not known on this instance")));
        }
        in_order(requirement, lookup)
    };
    variant.requires.iter().map(|r| (r.text.clone(), audit(r))).collect()
}

/// Bits of the floats in which irrational sides are compared, tried in this order.
const PRECISIONS: [usize; 3] = [128, 512, 2048];

/// Audits an inequality; one with an undefined side is not met, whatever the other side is. Where doubles of unknown
/// error enter, they are widened; elsewhere sides are exact or enclosed, as tightly as it takes.
fn in_order(requirement: &Requirement, lookup: &dyn Fn(&Symbol) -> Option<Real>) -> Audit {
    let Requirement { low, high, strict, .. } = requirement;
    let value = |symbol: &Symbol| lookup(symbol).ok_or_else(|| Fault::Unsupported(format!("'{symbol}' is not known")));
    let rough = |expr: &Expression| expr.symbols().iter().any(|s| lookup(s).is_some_and(|v| v.is_rough()));
    if rough(low) || rough(high) {
        let side = |expr: &Expression| -> Result<Real, Fault> {
            let widened = |symbol: &Symbol| value(symbol)?.within().ok_or(Fault::Undecided("a double"));
            let within = expr.eval::<Interval>(&widened).map_err(|e| e.fault)?;
            Ok(Real::from(within))
        };
        return match (side(low), side(high)) {
            (Ok(low), Ok(high)) => Audit::of_order(low, high, *strict, None),
            (Err(why), _) | (_, Err(why)) => without_value(why),
        };
    }
    let by_formula = |expr: &Expression| expr.eval::<Computable>(&|symbol: &Symbol| value(symbol)?.cast()).ok();
    if let (Some(low), Some(high)) = (by_formula(low), by_formula(high))
        && let Ok(order) = low.order(&high)
    {
        let met = order.is_lt() || order.is_eq() && !*strict;
        return Audit::of_order(low.into(), high.into(), *strict, Some(met));
    }
    let compare = || -> Result<_, Fault> {
        let side = |expr: &Expression| {
            let value = expr.eval::<Enclosure>(&|symbol: &Symbol| value(symbol)?.cast());
            value.map_err(|e| e.fault)
        };
        let (low, high) = (side(low)?, side(high)?);
        let sign = (high.clone() - &low).sign_or(&Enclosure::zero()).ok().and_then(|s| s.exact().map(Rational::signum));
        let met = sign.map(|sign| if *strict { sign > 0 } else { sign >= 0 });
        Ok((Real::from(low), Real::from(high), met))
    };
    let mut found = Audit::not_known("not evaluated");
    for bits in PRECISIONS {
        found = match Enclosure::at_precision(bits, compare) {
            Ok((low, high, met)) => Audit::of_order(low, high, *strict, met),
            Err(why) => without_value(why),
        };
        if found.holds().is_some() {
            break;
        }
    }
    found
}

fn without_value(fault: Fault) -> Audit {
    match fault {
        Fault::Domain(_) | Fault::DivisionByZero => Audit::undefined(fault.to_string()),
        fault => Audit::not_known(fault.to_string()),
    }
}

pub(super) fn lookup(cell: &Cell, facts: &Facts, symbol: &Symbol) -> Option<Real> {
    match symbol {
        Symbol::Fact(spec) => facts.get(spec.name).map(|f| f.value.clone()),
        other => cell.value(other),
    }
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
