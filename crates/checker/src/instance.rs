//! The instance of a claim: problem, oracle, method, conventions and run.

use crate::compressor::Zero;
use crate::expr::Expr;
use crate::json::Json;
use crate::method::Method;
use crate::noise::{Noise, Outcomes, all_of, mean_of, merged};
use crate::number::{Num, ratio};
use crate::part::{Parameters, Part, count, parameters};
use crate::problem::Problem;
use crate::{Answer, refuse, unsupported};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Everything that a run depends on.
pub(crate) struct Instance {
    /// The declared parameters.
    pub parameters: Parameters,
    /// The objective.
    pub problem: Problem,
    /// x_0.
    pub start: Vec<Num>,
    /// The noise of one draw.
    pub noise: Noise,
    /// Whether draws are samples of a finite sum.
    pub minibatch: bool,
    /// The update.
    pub method: Method,
    /// The value of sgn(0).
    pub sign_zero: Zero,
    /// What a server sends for a tied vote.
    pub ties: Zero,
    /// Sizes of the blocks that are scaled as one vector each.
    pub blocks: Vec<usize>,
    /// Number of workers.
    pub workers: usize,
    /// Number of steps.
    pub horizon: usize,
    /// First and last iterate of means, minima and maxima.
    pub window: (usize, usize),
    batch: Expr,
    pub(crate) facts: RefCell<BTreeMap<String, Answer<Option<Num>>>>,
}

impl Instance {
    /// Reads the parts of a claim.
    pub(crate) fn read(claim: &Json) -> Answer<Instance> {
        let claim = Part::of(claim, "claim")?;
        let parameters = parameters(claim.get("parameters"))?;
        let declared = |name: &str| match parameters.get(name) {
            Some(value) => Ok(value.clone()),
            None => refuse(format!("'{name}' is no declared parameter")),
        };
        let part = |key| Part::of(claim.need(key)?, key);

        let problem_part = part("problem")?;
        let problem = Problem::read(problem_part, &declared)?;
        let d = problem.dimension();
        let start = match (problem_part.get("start"), problem_part.text("name")?) {
            (None, "wilson") => vec![Num::int(0); d],
            _ => problem_part.vector("start", Some(d), &declared)?,
        };

        let oracle = part("oracle")?;
        oracle.only(&["noise", "batch", "workers", "sampling"])?;
        let noise = match oracle.get("noise") {
            None => Noise::None,
            Some(Json::Text(t)) if t == "none" => Noise::None,
            Some(json) => Noise::read(Part::of(json, "noise")?, d, &declared)?,
        };
        let minibatch = oracle.word("sampling", &["full", "minibatch"])? == "minibatch";
        if minibatch && (!matches!(noise, Noise::None) || problem.samples().is_none()) {
            return unsupported("minibatches with noise, or of a problem that is no finite sum of lines");
        }
        let own = problem.workers();
        let workers = oracle.count("workers", &own.unwrap_or(1).to_string(), &declared)?;
        if workers > 1000 {
            return unsupported("more than 1000 workers");
        }
        if workers == 0 || own.is_some_and(|n| n != workers) {
            return refuse(format!("{workers} workers for a problem that has {own:?} of its own"));
        }

        let semantics = claim.get("semantics").map(|json| Part::of(json, "semantics")).transpose()?;
        let (mut sign_zero, mut ties, mut blocks) = (Zero::Is(0), Zero::Is(0), vec![d]);
        if let Some(part) = semantics {
            part.only(&["sign_zero", "ties", "scaling"])?;
            sign_zero = Zero::named(part.word("sign_zero", &["0", "+1", "-1", "random"])?);
            ties = Zero::named(part.word("ties", &["zero", "+1", "-1", "random"])?);
            match part.get("scaling") {
                None => {}
                Some(Json::Text(t)) if t == "whole" => {}
                Some(json) => {
                    let sizes = json.list("scaling")?;
                    let size = |one: &Json| count(&crate::part::expression(one)?.value(&declared)?, "scaling");
                    blocks = sizes.iter().map(size).collect::<Answer<_>>()?;
                    if blocks.contains(&0) || blocks.iter().sum::<usize>() != d {
                        return refuse("the blocks of 'scaling' do not add up to the dimension");
                    }
                }
            }
        }

        let method = Method::read(part("algorithm")?, d, &declared)?;
        let run = part("run")?;
        run.only(&["horizon", "window", "replicates", "checkpoints", "spacing"])?;
        let mut instance = Instance {
            batch: oracle.expr("batch", "1")?,
            facts: RefCell::default(),
            horizon: 0,
            window: (0, 0),
            parameters: parameters.clone(),
            problem,
            start,
            noise,
            minibatch,
            method,
            sign_zero,
            ties,
            blocks,
            workers,
        };
        instance.horizon = run.count("horizon", "", &|n| instance.name(n))?;
        if instance.horizon == 0 {
            return refuse("a run of no steps");
        }
        if instance.horizon.saturating_mul(d) > 4_000_000 {
            return unsupported("a run of more than 4000000 steps of a coordinate");
        }
        let ends = match run.get("window") {
            None => (0, instance.horizon - 1),
            Some(json) => match json.list("window")? {
                [a, b] => {
                    let end =
                        |json: &Json| count(&crate::part::expression(json)?.value(&|n| instance.name(n))?, "window");
                    (end(a)?, end(b)?)
                }
                _ => return refuse("'window' has not two ends"),
            },
        };
        if ends.0 > ends.1 || ends.1 > instance.horizon {
            return refuse("the window is empty, or ends after the horizon");
        }
        instance.window = ends;
        instance.clashes()?;
        Ok(instance)
    }

    /// The value of a declared parameter or of a fact.
    pub(crate) fn name(&self, name: &str) -> Answer<Num> {
        match self.parameters.get(name) {
            Some(value) => Ok(value.clone()),
            None => match self.fact(name)? {
                Some(value) => Ok(value),
                None => unsupported(format!("the fact '{name}' of this instance")),
            },
        }
    }

    /// The value of an expression at step k.
    pub(crate) fn at_step(&self, expr: &Expr, k: usize) -> Answer<Num> {
        expr.value(&|name| if name == "k" { Ok(Num::int(k as i64)) } else { self.name(name) })
    }

    fn batch(&self, k: usize) -> Answer<usize> {
        let n = count(&self.at_step(&self.batch, k)?, "batch")?;
        if n == 0 { refuse("a batch of no draws") } else { Ok(n) }
    }

    /// The law of one draw of a worker at a point.
    fn one_draw(&self, worker: usize, at: &[Num]) -> Answer<Outcomes<Vec<Num>>> {
        if self.minibatch {
            let n = self.problem.samples().unwrap_or(1);
            let each: Vec<Vec<Num>> = (0..n).map(|i| self.problem.of_sample(i, at)).collect::<Answer<_>>()?;
            return Ok(merged(each.into_iter().map(|g| (g, ratio(1, n as u64)))));
        }
        self.noise.draws(&self.problem.of_worker(worker, at)?)
    }

    /// The laws of the workers' gradients at a point, which are independent.
    pub(crate) fn worker_laws(&self, at: &[Num], k: usize) -> Answer<Vec<Outcomes<Vec<Num>>>> {
        let batch = self.batch(k)?;
        if self.problem.workers().is_none() {
            let law = mean_of(&self.one_draw(0, at)?, batch)?;
            return Ok(vec![law; self.workers]);
        }
        (0..self.workers).map(|m| mean_of(&self.one_draw(m, at)?, batch)).collect()
    }

    /// The law of the mean of all workers' gradients at a point, where the gradient is known.
    pub(crate) fn mean_law(&self, at: &[Num], k: usize, gradient: Option<&[Num]>) -> Answer<Outcomes<Vec<Num>>> {
        let batch = self.batch(k)?;
        if self.problem.workers().is_none() {
            let one = match gradient {
                Some(g) if !self.minibatch => self.noise.draws(g)?,
                _ => self.one_draw(0, at)?,
            };
            return mean_of(&one, batch.saturating_mul(self.workers));
        }
        let lists = all_of(&self.worker_laws(at, k)?)?;
        Ok(merged(lists.iter().map(|(all, p)| (crate::number::mean(all), p.clone()))))
    }
}
