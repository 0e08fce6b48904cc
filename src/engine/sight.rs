//! Whether a sample can have seen what its law permits.
//!
//! Student's interval believes the spread that it saw. A part of the law that no replicate drew leaves no trace in that
//! spread, nor does a tail so heavy that the mean has no normal limit within reach. The interval is then narrow and
//! wrong. This module holds the conditions that must be met before it is used.

use super::estimates::Estimates;
use super::measure::{Plan, Probe};
use crate::claim::{Expression, Instance, Reducer, StartPoint, Symbol};
use crate::expr::{Builtin, Node, Op};
use crate::model::{Evaluating, Statistic, noise::Tails};
use crate::rng::{CellKey, Stream};
use crate::scalar::{Lane, Narrow};

/// Draws of its rarest part that a sample needs at each step: fewer than e^-32 of all samples miss it then, and its
/// part of the spread is known to a fifth.
const DRAWN: f64 = 32.0;
/// Fraction of the squared gradients from which on one sample counts.
const SHARE: f64 = 1.0 / 32.0;
/// The normal limit has a rate where third absolute moments exist (Berry and Esseen).
const MOMENTS: f64 = 3.0;

/// What a plan's terms require of a sample.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    tails: Tails,
    /// Whether probabilities of the noise's atoms depend on the state: the replicates then record which they met.
    watched: bool,
    /// Draws of one step of one replicate.
    draws: f64,
    /// Powers of the noise that the terms grow with.
    paths: Vec<f64>,
    series: Vec<f64>,
}

impl Sight {
    /// What the terms of a plan require on an instance.
    #[must_use]
    pub(crate) fn new(instance: &Instance, plan: &Plan) -> Self {
        let mut tails = Tails::LIGHT;
        let watched = instance.noise.as_ref().is_some_and(|noise| noise.tails().rarest.is_none());
        if let Some(law) = &instance.noise {
            let own = law.tails();
            tails = tails.and(Tails { rarest: own.rarest.or(Some(1.0)), ..own });
        }
        if let Some(law) = &instance.perturbation {
            tails = tails.and(law.tails());
        }
        if let StartPoint::Random(law) = &instance.start {
            tails = tails.and(law.tails());
        }
        if instance.minibatch {
            tails = tails.and(Tails { rarest: Some(rarest_sample(instance)), ..Tails::LIGHT });
        }
        let batch = [0, instance.horizon.saturating_sub(1)].map(|k| instance.batch_at(k).unwrap_or(1));
        let draws = batch[0].min(batch[1]) as f64 * instance.workers.max(1) as f64;
        // A bounded gradient makes f grow with x, any other one at most with its square on what is smooth.
        let bounded = instance.facts.get("G").is_some();
        let of = |probe: &Probe| degree_of(probe, bounded);
        let path = |(combine, reductions): &(Expression, Vec<(Reducer, Probe)>)| {
            let most = reductions.iter().map(|(_, probe)| of(probe)).fold(0.0, f64::max);
            if combine.as_symbol().is_some() { most } else { 2.0 * most }
        };
        Sight {
            tails,
            watched,
            draws,
            paths: plan.paths.iter().map(path).collect(),
            series: plan.series.iter().map(|(_, probe)| of(probe)).collect(),
        }
    }

    /// Why so many replicates are no ground for an asymptotic interval of a path term.
    #[must_use]
    pub(crate) fn of_path(&self, path: usize, bounded: bool, estimates: &Estimates) -> Option<String> {
        self.objection(self.paths.get(path).copied().unwrap_or(f64::INFINITY), bounded, estimates)
    }

    /// The same of a series.
    #[must_use]
    pub(crate) fn of_series(&self, series: usize, bounded: bool, estimates: &Estimates) -> Option<String> {
        self.objection(self.series.get(series).copied().unwrap_or(f64::INFINITY), bounded, estimates)
    }

    fn objection(&self, degree: f64, bounded: bool, estimates: &Estimates) -> Option<String> {
        let replicates = estimates.replicates;
        // Of a law that depends on the state the replicates saw what they met. What is rarer elsewhere takes a draw to
        // come to.
        let met = if self.watched { estimates.rarest } else { Some(1.0) };
        let Some(rarest) = self.tails.rarest.zip(met).map(|(a, b)| a.min(b)) else {
            return Some(
                "the noise's atoms have probabilities that depend on the state, so that no sample shows what it missed"
                    .into(),
            );
        };
        let seen = replicates as f64 * self.draws * rarest;
        if rarest < 1.0 && seen < DRAWN {
            let needed = libm::ceil(DRAWN / (self.draws * rarest));
            let part = if self.watched { "part of the noise that was met" } else { "part of the noise" };
            return Some(format!(
                "the rarest {part} has the probability {rarest}, and {replicates} replicates draw it {seen:.3} times a \
                 step on average: an asymptotic interval needs `replicates` of {needed} or more"
            ));
        }
        if !bounded && self.tails.order <= MOMENTS * degree {
            return Some(format!(
                "the noise has moments below the order {} only, and an asymptotic interval of a statistic of degree {degree} needs \
                 those of order {}",
                self.tails.order,
                MOMENTS * degree
            ));
        }
        None
    }
}

/// The probability of a sample that makes more than [`SHARE`] of the squared gradients at the start; 1 where none does,
/// since then no single sample matters enough to be missed.
fn rarest_sample(instance: &Instance) -> f64 {
    let most = (0..instance.workers).filter_map(|w| instance.problem.worker_samples(w)).max().unwrap_or(1);
    let x: Vec<Narrow> = match &instance.start {
        StartPoint::At(start) => start.iter().map(|v| Lane::splat(v.to_f64())).collect(),
        // Noise about 0.
        StartPoint::Random(_) => vec![Lane::splat(0.0); instance.problem.dimension()],
        // One draw stands for all.
        StartPoint::Drawn => {
            let drawn = instance.problem.draw_start(&mut Stream::new(&CellKey::new(0, &[], "start"), 0));
            drawn.into_iter().map(Lane::splat).collect()
        }
    };
    let problem = Narrow::problem(&*instance.problem);
    let stands_out = |worker: usize| {
        let n = instance.problem.worker_samples(worker).unwrap_or(1);
        let mut gradient = vec![Lane::splat(0.0); x.len()];
        let mut squares = Vec::with_capacity(n);
        for sample in 0..n {
            if problem.worker_sample_gradient_at(worker, sample, &x, &mut gradient).is_err() {
                return true;
            }
            squares.push(gradient.iter().map(|g| g.0[0] * g.0[0]).sum::<f64>());
        }
        let (total, largest) = (squares.iter().sum::<f64>(), squares.iter().copied().fold(0.0, f64::max));
        // What is not a number stands out.
        largest > SHARE * total || !total.is_finite()
    };
    if (0..instance.workers).any(stands_out) { 1.0 / most as f64 } else { 1.0 }
}

fn degree_of(probe: &Probe, bounded: bool) -> f64 {
    match probe {
        Probe::Lacking => 0.0,
        Probe::Single(statistic) => degree(*statistic, bounded),
        Probe::Formula(expr, statistics, _) => {
            let of = |symbol: &Symbol| {
                let statistic = statistics.iter().find(|(s, _)| s == symbol).map(|(_, s)| degree(*s, bounded));
                statistic.unwrap_or(0.0)
            };
            growth(expr.root(), &of)
        }
    }
}

/// The power of x that a statistic grows with, at most.
fn degree(statistic: Statistic, bounded: bool) -> f64 {
    use Statistic as S;
    match statistic {
        S::Bits => 0.0,
        share if share.is_share() => 0.0,
        S::GradientL1
        | S::GradientL2
        | S::GradientLinf
        | S::GradientL2Squared
        | S::MedianL1
        | S::MedianL2Squared
        | S::MedianGapL1
        | S::MedianGapL2Squared
        | S::WrongL1
        | S::TurnL1
            if bounded =>
        {
            0.0
        }
        S::Value | S::Gap | S::AverageValue | S::AverageGap if bounded => 1.0,
        S::GradientL1
        | S::GradientL2
        | S::GradientLinf
        | S::MedianL1
        | S::MedianGapL1
        | S::Distance
        | S::DistanceInf
        | S::Coordinate(_)
        | S::ViewL1(_)
        | S::ViewL2(_)
        | S::ViewCoordinate(..)
        | S::MomentumErrorL2 { .. }
        | S::MissL1(..)
        | S::MissL2(..)
        | S::WrongL1
        | S::TurnL1
        | S::MoveLinf => 1.0,
        _ => 2.0,
    }
}

/// The degree of an expression in what its names grow with; infinite where that is no power.
fn growth<N>(node: &Node<N, Builtin>, of: &dyn Fn(&N) -> f64) -> f64 {
    let grow = |node: &Node<N, Builtin>| growth(node, of);
    match node {
        Node::Number { .. } => 0.0,
        Node::Name { name, .. } => of(name),
        Node::Negate { operand, .. } => grow(operand),
        Node::Binary { op, left, right, .. } => match (op, grow(left), grow(right)) {
            (Op::Add | Op::Subtract, a, b) => a.max(b),
            (Op::Multiply, a, b) => a + b,
            (Op::Divide, a, 0.0) => a,
            (Op::Power, 0.0, 0.0) => 0.0,
            (Op::Power, a, 0.0) => match &**right {
                Node::Number { value, .. } => a * value.to_f64(),
                _ => f64::INFINITY,
            },
            _ => f64::INFINITY,
        },
        Node::Call { function, arguments, .. } => {
            let most = arguments.iter().map(grow).fold(0.0, f64::max);
            match function {
                Builtin::Sqrt => most / 2.0,
                Builtin::Abs | Builtin::Min | Builtin::Max | Builtin::Floor | Builtin::Ceil => most,
                _ if most == 0.0 => 0.0,
                _ => f64::INFINITY,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expr;

    #[test]
    fn degrees_follow_the_expression() {
        // exact: by the rules of powers; x grows like itself, f like its square
        let of = |name: &char| if *name == 'f' { 2.0 } else { f64::from(u8::from(*name == 'x')) };
        for (text, expected) in [
            ("3*x + f", 2.0),
            ("x*x/c", 2.0),
            ("f^2", 4.0),
            ("sqrt(f)", 1.0),
            ("abs(x - c)", 1.0),
            ("exp(x)", f64::INFINITY),
            ("1/x", f64::INFINITY),
            ("exp(c)", 0.0),
        ] {
            let expr = Expr::parse(text).unwrap().resolve(&mut |name, _| Ok(name.chars().next().unwrap())).unwrap();
            assert_eq!(growth(expr.root(), &of), expected, "{text}");
        }
    }
}
