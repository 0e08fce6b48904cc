//! The updates of the optimisers.

use crate::compressor::{Compressor, Zero, block_scales};
use crate::expr::Expr;
use crate::instance::Instance;
use crate::noise::{Outcomes, all_of, merged, product};
use crate::number::{Num, Q, entrywise, minus, norm2sq, plus, ratio, scaled, sign};
use crate::part::{Names, Part, above};
use crate::problem::median;
use crate::{Answer, Fault, refuse, unsupported};

/// An optimiser with its schedules.
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// The compressor, where it has one.
    pub compressor: Option<Compressor>,
    /// c_j, the factors of the step size.
    pub factors: Vec<Num>,
    step: Expr,
    momentum: Option<Expr>,
    numbers: Vec<(&'static str, Expr)>,
}

/// Where a run stands: the iterate, the one before, and the method's memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// x_k.
    pub x: Vec<Num>,
    /// x_(k-1), where the method looks at it.
    pub before: Vec<Num>,
    /// The method's memory, vector by vector.
    pub memory: Vec<Vec<Num>>,
}

/// A method's name, whether it has a momentum, and its other numbers with defaults.
type Row = (&'static str, bool, &'static [(&'static str, &'static str)]);

const METHODS: &[Row] = &[
    ("sgd", false, &[]),
    ("gd", false, &[]),
    ("sgdm", true, &[]),
    ("signsgd", false, &[]),
    ("signum", true, &[("warmup", "0")]),
    ("signsgdm", true, &[]),
    ("signsgd-sim", true, &[]),
    ("signsgd-dim", true, &[]),
    ("vote", false, &[]),
    ("mv-signsgd", false, &[]),
    ("vote-abstain", false, &[("threshold", "0"), ("quorum", "0")]),
    ("vote-sum", false, &[]),
    ("mv-signsgd-sim", true, &[]),
    ("mv-sto-signsgd-sim", true, &[("extrapolation", "0"), ("radius", "")]),
    (
        "federated-mv-sto-signsgd-sim",
        true,
        &[("extrapolation", "0"), ("radius", ""), ("local_step_size", ""), ("local_steps", "")],
    ),
    ("median-sgd", false, &[]),
    ("scaled-signsgd-mean", false, &[]),
    ("scaled-signgd", false, &[]),
    ("scaled-signsgd", false, &[]),
    ("scaled-vote", false, &[]),
    ("ef-sgd", false, &[]),
    ("ef-lookahead", false, &[]),
    ("compressed-sgd", false, &[]),
    ("adagrad-norm", false, &[("b0", "0")]),
    ("sign-adagrad-a", false, &[("b0", "0")]),
    ("sign-adagrad-b", false, &[("b0", "0")]),
];

impl Method {
    /// Reads a method.
    pub fn read(part: Part, d: usize, names: Names) -> Answer<Method> {
        let wanted = part.text("name")?;
        let Some((name, momentum, numbers)) = METHODS.iter().find(|row| row.0 == wanted) else {
            return unsupported(format!("the algorithm '{wanted}'"));
        };
        let mut keys = vec!["name", "step_size"];
        keys.extend(numbers.iter().map(|n| n.0));
        keys.extend(momentum.then_some("momentum"));
        let compresses = ["ef-sgd", "ef-lookahead", "compressed-sgd"].contains(name);
        keys.extend(compresses.then_some("compressor"));
        keys.extend((*name == "signsgd-sim").then_some("step_factors"));
        part.only(&keys)?;
        let factors = match part.get("step_factors") {
            Some(_) => part.vector("step_factors", Some(d), names)?,
            None => vec![Num::int(1); d],
        };
        for c in &factors {
            above(c, 0, false, "step_factors")?;
        }
        let compressor = match part.get("compressor") {
            None if compresses => Some(Compressor::Sign),
            None => None,
            Some(crate::json::Json::Text(t)) => match t.as_str() {
                "sign" => Some(Compressor::Sign),
                "identity" => Some(Compressor::Identity),
                other => return unsupported(format!("the compressor '{other}'")),
            },
            Some(json) => Some(Compressor::read(Part::of(json, "compressor")?, names)?),
        };
        part.need("step_size")?;
        if *momentum {
            part.need("momentum")?;
        }
        let numbers = numbers.iter().map(|(key, default)| Ok((*key, part.expr(key, default)?)));
        Ok(Method {
            name,
            compressor,
            factors,
            step: part.expr("step_size", "0")?,
            momentum: if *momentum { Some(part.expr("momentum", "0")?) } else { None },
            numbers: numbers.collect::<Answer<_>>()?,
        })
    }

    /// The momentum at step k, in [0, 1).
    pub fn momentum(&self, on: &Instance, k: usize) -> Answer<Num> {
        let Some(expr) = &self.momentum else { return Ok(Num::int(0)) };
        let beta = on.at_step(expr, k)?;
        above(&beta, 0, true, "momentum")?;
        above(&-beta.clone(), -1, false, "momentum")?;
        Ok(beta)
    }

    /// Whether the momentum is the same at every step.
    pub fn steady(&self) -> bool {
        self.momentum.as_ref().is_none_or(|m| !m.mentions(&|name, call| name == "k" && !call))
    }

    /// The step size at step k.
    pub fn step_size(&self, on: &Instance, k: usize) -> Answer<Num> {
        on.at_step(&self.step, k)
    }

    fn number(&self, on: &Instance, key: &str, k: usize) -> Answer<Num> {
        match self.numbers.iter().find(|n| n.0 == key) {
            Some((_, expr)) => on.at_step(expr, k),
            None => refuse(format!("the method has no '{key}'")),
        }
    }

    fn size(&self, on: &Instance, key: &str) -> Answer<usize> {
        crate::part::count(&self.number(on, key, 0)?, key)
    }

    /// Whether every step moves a coordinate by at most the step size times its factor.
    pub fn by_signs(&self) -> bool {
        let scaled = self.name.starts_with("scaled") || self.name == "vote-sum" || self.name.contains("adagrad");
        !scaled && (self.name.contains("sign") || self.name.contains("vote") || self.name == "signum")
    }

    /// The name of the memory that statistics speak of.
    pub fn memory(&self) -> Option<&'static str> {
        match self.name {
            "ef-sgd" | "ef-lookahead" => Some("error"),
            "sgdm" | "signum" | "signsgdm" | "signsgd-sim" | "signsgd-dim" => Some("momentum"),
            _ => None,
        }
    }

    /// Whether every worker of this method keeps one and the same memory.
    fn shared(on: &Instance) -> bool {
        on.problem.workers().is_none() && !on.minibatch && matches!(on.noise, crate::noise::Noise::None)
    }

    /// The state before the first step.
    pub fn begin(&self, on: &Instance) -> Answer<State> {
        let zero = vec![Num::int(0); on.start.len()];
        let looks_back = self.name == "signsgd-dim" || self.name.contains("mv-sto");
        let memory = match self.name {
            "mv-signsgd-sim" => vec![zero; on.workers],
            name if name.contains("mv-sto") => vec![zero; if Method::shared(on) { 1 } else { on.workers }],
            name if name.contains("adagrad") => {
                let b0 = self.number(on, "b0", 0)?;
                above(&b0, 0, true, "b0")?;
                vec![vec![b0.power(2)]]
            }
            _ if self.memory().is_some() => vec![zero],
            _ => vec![],
        };
        let before = if looks_back { on.start.clone() } else { vec![] };
        Ok(State { x: on.start.clone(), before, memory })
    }

    /// What may come of step k, with how the iterate moved; `gradient` is that at the iterate.
    pub fn advance(
        &self,
        on: &Instance,
        k: usize,
        state: &State,
        gradient: &[Num],
    ) -> Answer<Outcomes<(State, Vec<Num>)>> {
        let lr = self.step_size(on, k)?;
        let moves = self.moves(on, k, state, gradient, &lr)?;
        let next = |(step, memory): (Vec<Num>, Vec<Vec<Num>>)| {
            let wanted = minus(&state.x, &step);
            let x = on.problem.project(wanted.clone());
            // Where nothing was cut off the move is known as it was made, also if the iterate is only enclosed.
            let moved = if x == wanted { scaled(&Num::int(-1), &step) } else { minus(&x, &state.x) };
            let before = if state.before.is_empty() { vec![] } else { state.x.clone() };
            (State { x, before, memory }, moved)
        };
        Ok(moves.into_iter().map(|(m, p)| (next(m), p)).collect())
    }

    /// What may be subtracted from the iterate, with the new memory.
    fn moves(&self, on: &Instance, k: usize, state: &State, gradient: &[Num], lr: &Num) -> Answer<Moves> {
        let at_x = || on.mean_law(&state.x, k, Some(gradient));
        let name = self.name;
        match name {
            "sgd" | "gd" => Ok(at_x()?.into_iter().map(|(g, p)| ((scaled(lr, &g), vec![]), p)).collect()),
            "signsgd" => follow(at_x()?, |g| on.sign_zero.signs(g), |s| (scaled(lr, s), vec![])),
            "scaled-signsgd" | "scaled-signgd" | "scaled-signsgd-mean" => {
                let mut out = Vec::new();
                for (g, p) in at_x()? {
                    let scales = block_scales(&g, &on.blocks, name == "scaled-signsgd-mean")?;
                    for (s, q) in on.sign_zero.signs(&g)? {
                        out.push(((scaled(lr, &entrywise(&s, &scales, |s, c| s * c)), vec![]), &p * q));
                    }
                }
                Ok(out)
            }
            "sgdm" | "signum" | "signsgdm" | "signsgd-sim" | "signsgd-dim" => {
                self.with_momentum(on, k, state, at_x, lr)
            }
            "adagrad-norm" | "sign-adagrad-a" | "sign-adagrad-b" => {
                let mut out = Vec::new();
                for (g, p) in at_x()? {
                    let signs =
                        if name == "adagrad-norm" { vec![(g.clone(), Q::ONE)] } else { on.sign_zero.signs(&g)? };
                    for (s, q) in signs {
                        let square = &state.memory[0][0] + &norm2sq(if name == "sign-adagrad-b" { &s } else { &g });
                        let b = square.sqrt()?;
                        let step = if b.is_zero() { vec![Num::int(0); g.len()] } else { scaled(&lr.over(&b)?, &s) };
                        out.push(((step, vec![vec![square]]), &p * q));
                    }
                }
                Ok(out)
            }
            "ef-sgd" | "ef-lookahead" => {
                let compressor = self.compressor.as_ref().unwrap_or(&Compressor::Sign);
                let error = &state.memory[0];
                let law = if name == "ef-sgd" { at_x()? } else { on.mean_law(&minus(&state.x, error), k, None)? };
                let mut out = Vec::new();
                for (g, p) in law {
                    let wish = plus(&scaled(lr, &g), error);
                    for (sent, q) in compressor.send(&wish, on.sign_zero, &on.blocks)? {
                        let rest = minus(&wish, &sent);
                        out.push(((sent, vec![rest]), &p * q));
                    }
                }
                Ok(out)
            }
            "mv-signsgd-sim" => self.with_momenta(on, k, state, lr),
            "mv-sto-signsgd-sim" | "federated-mv-sto-signsgd-sim" => self.stochastic(on, k, state, lr),
            _ => self.by_workers(on, k, state, lr),
        }
    }

    fn with_momentum(
        &self,
        on: &Instance,
        k: usize,
        state: &State,
        at_x: impl Fn() -> Answer<Outcomes<Vec<Num>>>,
        lr: &Num,
    ) -> Answer<Moves> {
        let beta = self.momentum(on, k)?;
        let rest = &Num::int(1) - &beta;
        let average = !["sgdm", "signsgdm"].contains(&self.name);
        let law = if self.name == "signsgd-dim" {
            let ahead = beta.over(&rest)?;
            on.mean_law(&entrywise(&state.x, &state.before, |x, b| x + &(&ahead * &(x - b))), k, None)?
        } else {
            at_x()?
        };
        let warm = self.name == "signum" && k < self.size(on, "warmup")?;
        let mut out = Vec::new();
        for (g, p) in law {
            let m = entrywise(&state.memory[0], &g, |m, g| &(&beta * m) + &if average { &rest * g } else { g.clone() });
            if self.name == "sgdm" {
                out.push(((scaled(lr, &m), vec![m]), p));
                continue;
            }
            for (s, q) in on.sign_zero.signs(if warm { &g } else { &m })? {
                let step = entrywise(&s, &self.factors, |s, c| &(s * c) * lr);
                out.push(((step, vec![m.clone()]), &p * q));
            }
        }
        Ok(out)
    }

    /// The methods in which every worker sends something made of its gradient alone.
    fn by_workers(&self, on: &Instance, k: usize, state: &State, lr: &Num) -> Answer<Moves> {
        let laws = on.worker_laws(&state.x, k)?;
        let signs = |g: &Vec<Num>| on.sign_zero.signs(g);
        if let "vote" | "mv-signsgd" | "vote-sum" | "vote-abstain" = self.name {
            // Only the sum of the messages matters, and of how many there are for each side.
            let (least, quorum) = if self.name == "vote-abstain" {
                let least = self.number(on, "threshold", k)?;
                above(&least, 0, true, "threshold")?;
                (least, self.size(on, "quorum")?)
            } else {
                (Num::int(0), 0)
            };
            let mut ballots: Outcomes<Vec<(i64, i64)>> = vec![(vec![(0, 0); state.x.len()], Q::ONE)];
            for law in &laws {
                let mut messages: Outcomes<Vec<i64>> = Vec::new();
                for (g, p) in law {
                    let loud: Vec<bool> = g
                        .iter()
                        .map(|g| Ok(least.is_zero() || g.abs().order(&least)? != std::cmp::Ordering::Less))
                        .collect::<Answer<_>>()?;
                    for (s, q) in signs(g)? {
                        let message = s.iter().zip(&loud).map(|(s, l)| if *l { sign(s.lo()) } else { 0 });
                        messages.push((message.collect(), p * q));
                    }
                }
                let count = |all: &Vec<(i64, i64)>, one: &Vec<i64>| -> Vec<(i64, i64)> {
                    let add = |((up, down), s): (&(i64, i64), &i64)| (up + i64::from(*s > 0), down + i64::from(*s < 0));
                    all.iter().zip(one).map(add).collect()
                };
                ballots = merged(product(&ballots, &merged(messages), count)?);
            }
            if self.name == "vote-sum" {
                let total = |b: &Vec<(i64, i64)>| b.iter().map(|(u, d)| Num::int(u - d)).collect::<Vec<_>>();
                return Ok(ballots.iter().map(|(b, p)| ((scaled(lr, &total(b)), vec![]), p.clone())).collect());
            }
            let mut out = Vec::new();
            for (ballot, p) in &ballots {
                let margins: Vec<Num> = ballot.iter().map(|(u, d)| Num::int(u - d)).collect();
                for (won, q) in on.ties.signs(&margins)? {
                    let heard = won.iter().zip(ballot).map(|(s, (up, down))| {
                        let votes = if sign(s.lo()) > 0 { *up } else { *down };
                        if votes >= quorum as i64 { s.clone() } else { Num::int(0) }
                    });
                    out.push(((scaled(lr, &heard.collect::<Vec<_>>()), vec![]), p * q));
                }
            }
            return Ok(out);
        }
        let mut out: Moves = Vec::new();
        for (all, p) in all_of(&laws)? {
            match self.name {
                "median-sgd" => {
                    let middle = (0..state.x.len()).map(|j| median(all.iter().map(|g| g[j].clone()).collect()));
                    out.push(((scaled(lr, &middle.collect::<Answer<Vec<_>>>()?), vec![]), p));
                }
                "scaled-vote" => {
                    let norms = all.iter().map(|g| block_scales(g, &on.blocks, false)).collect::<Answer<Vec<_>>>()?;
                    let mean = mean(&norms);
                    let each: Vec<_> = all.iter().map(signs).collect::<Answer<_>>()?;
                    for (signs, q) in all_of(&each)? {
                        let total = signs.iter().skip(1).fold(signs[0].clone(), |a, b| plus(&a, b));
                        for (s, r) in on.ties.signs(&total)? {
                            out.push(((scaled(lr, &entrywise(&s, &mean, |s, c| s * c)), vec![]), &p * &q * r));
                        }
                    }
                }
                "compressed-sgd" => {
                    let compressor = self.compressor.as_ref().unwrap_or(&Compressor::Sign);
                    let send = |g: &Vec<Num>| compressor.send(g, on.sign_zero, &on.blocks);
                    for (sent, q) in all_of(&all.iter().map(send).collect::<Answer<Vec<_>>>()?)? {
                        out.push(((scaled(lr, &mean(&sent)), vec![]), &p * q));
                    }
                }
                other => return unsupported(format!("the algorithm '{other}'")),
            }
        }
        Ok(out)
    }

    fn with_momenta(&self, on: &Instance, k: usize, state: &State, lr: &Num) -> Answer<Moves> {
        let beta = self.momentum(on, k)?;
        let rest = &Num::int(1) - &beta;
        let mut out = Vec::new();
        for (all, p) in all_of(&on.worker_laws(&state.x, k)?)? {
            let blend = |(m, g): (&Vec<Num>, &Vec<Num>)| entrywise(m, g, |m, g| &(&beta * m) + &(&rest * g));
            let memory: Vec<Vec<Num>> = state.memory.iter().zip(&all).map(blend).collect();
            let each: Vec<_> = memory.iter().map(|m| on.sign_zero.signs(m)).collect::<Answer<_>>()?;
            for (signs, q) in all_of(&each)? {
                let total = signs.iter().skip(1).fold(signs[0].clone(), |a, b| plus(&a, b));
                for (s, r) in on.ties.signs(&total)? {
                    out.push(((scaled(lr, &s), memory.clone()), &p * &q * r));
                }
            }
        }
        Ok(out)
    }

    /// Votes of stochastic signs of the workers' momenta.
    fn stochastic(&self, on: &Instance, k: usize, state: &State, lr: &Num) -> Answer<Moves> {
        if !Method::shared(on) {
            return unsupported("stochastic signs of workers with different gradients");
        }
        let beta = self.momentum(on, k)?;
        let (alpha, radius) = (self.number(on, "extrapolation", k)?, self.number(on, "radius", k)?);
        above(&radius, 0, false, "radius")?;
        let mut at = entrywise(&state.x, &state.before, |x, b| x + &(&alpha * &(x - b)));
        if self.name.starts_with("federated") {
            let eta = self.number(on, "local_step_size", k)?;
            for _ in 0..self.size(on, "local_steps")? {
                at = minus(&at, &scaled(&eta, &on.problem.gradient(&at)?));
            }
        }
        let rest = &Num::int(1) - &beta;
        let m = entrywise(&state.memory[0], &on.problem.gradient(&at)?, |m, g| &(&beta * m) + &(&rest * g));
        let mut votes: Vec<Outcomes<Num>> = Vec::new();
        for entry in &m {
            let half = Num::from(ratio(1, 2));
            let chance = &half + &(&entry.over(&radius)? * &half);
            let chance = chance.min(&Num::int(1)).max(&Num::int(0));
            let Some(up) = chance.exact().cloned() else {
                return Err(Fault::TooMany("the probability of a stochastic sign is no short fraction".into()));
            };
            let coin: Outcomes<i64> = merged([(1, up.clone()), (-1, Q::ONE - up)]);
            let mut total: Outcomes<i64> = vec![(0, Q::ONE)];
            for _ in 0..on.workers {
                total = merged(product(&total, &coin, |a, b| a + b)?);
            }
            let mut signs = Vec::new();
            for (n, p) in total {
                signs.extend(on.ties.sign(&Num::int(n))?.into_iter().map(|(s, q)| (s, &p * q)));
            }
            votes.push(merged(signs));
        }
        Ok(all_of(&votes)?.into_iter().map(|(s, p)| ((scaled(lr, &s), vec![m.clone()]), p)).collect())
    }

    /// Bits that one step sends, in both directions and for all workers.
    pub fn bits(&self, on: &Instance) -> Answer<i64> {
        let (d, workers) = (on.start.len() as i64, on.workers as i64);
        let silent = on.sign_zero == Zero::Is(0);
        let sent = if silent { 2 } else { 1 };
        match (self.name, &self.compressor) {
            ("vote" | "mv-signsgd", _) => {
                let tied = on.ties == Zero::Is(0) && (silent || workers % 2 == 0);
                Ok(workers * d * (sent + if tied { 2 } else { 1 }))
            }
            ("ef-sgd" | "ef-lookahead", Some(Compressor::Sign)) if workers == 1 => {
                Ok(2 * (32 * on.blocks.len() as i64 + sent * d))
            }
            (name, _) => unsupported(format!("the bits that '{name}' sends")),
        }
    }
}

/// What may be subtracted from the iterate, with the new memory.
type Moves = Outcomes<(Vec<Num>, Vec<Vec<Num>>)>;

fn follow(
    law: Outcomes<Vec<Num>>,
    next: impl Fn(&[Num]) -> Answer<Outcomes<Vec<Num>>>,
    then: impl Fn(&[Num]) -> (Vec<Num>, Vec<Vec<Num>>),
) -> Answer<Moves> {
    let mut out = Vec::new();
    for (g, p) in law {
        out.extend(next(&g)?.into_iter().map(|(s, q)| (then(&s), &p * q)));
    }
    Ok(out)
}

fn mean(all: &[Vec<Num>]) -> Vec<Num> {
    scaled(&Num::from(ratio(1, all.len() as u64)), &all.iter().skip(1).fold(all[0].clone(), |a, b| plus(&a, b)))
}
