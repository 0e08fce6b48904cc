//! The updates of the optimisers.

use crate::compressor::{Compressor, Zero, block_scales};
use crate::expr::Expr;
use crate::instance::Instance;
use crate::noise::{Outcomes, all_of, merged, product};
use crate::number::{Num, Q, entrywise, mean, minus, norm2sq, plus, ratio, scaled, total};
use crate::part::{Names, Part, above};
use crate::problem::median;
use crate::{Answer, Fault, refuse, unsupported};

/// An optimiser with its schedules.
pub(crate) struct Method {
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
pub(crate) struct State {
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
    ("mv-sto-signsgd", false, &[("radius", "")]),
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
    pub(crate) fn read(part: Part, d: usize, names: Names) -> Answer<Method> {
        let wanted = part.text("name")?;
        let Some((name, momentum, numbers)) = METHODS.iter().find(|row| row.0 == wanted) else {
            return unsupported(format!("the algorithm '{wanted}'"));
        };
        let mut keys = vec!["name", "step_size"];
        keys.extend(numbers.iter().map(|n| n.0));
        keys.extend(momentum.then_some("momentum"));
        let compresses = ["ef-sgd", "ef-lookahead", "compressed-sgd"].contains(name);
        keys.extend(compresses.then_some(["compressor", "per"]).into_iter().flatten());
        keys.extend((*name == "signsgd-sim").then_some("step_factors"));
        part.only(&keys)?;
        // No problem here has layers that are known: `per = "layer"` is another update.
        part.word("per", &["vector"])?;
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
    pub(crate) fn momentum(&self, on: &Instance, k: usize) -> Answer<Num> {
        let Some(expr) = &self.momentum else { return Ok(Num::int(0)) };
        let beta = on.at_step(expr, k)?;
        above(&beta, 0, true, "momentum")?;
        above(&-beta.clone(), -1, false, "momentum")?;
        Ok(beta)
    }

    /// Whether the momentum is the same at every step.
    pub(crate) fn steady(&self) -> bool {
        self.momentum.as_ref().is_none_or(|m| !m.mentions(&|name, call| name == "k" && !call))
    }

    /// The step size at step k.
    pub(crate) fn step_size(&self, on: &Instance, k: usize) -> Answer<Num> {
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
    pub(crate) fn by_signs(&self) -> bool {
        let scaled = self.name.starts_with("scaled") || self.name == "vote-sum" || self.name.contains("adagrad");
        !scaled && (self.name.contains("sign") || self.name.contains("vote") || self.name == "signum")
    }

    /// The name of the memory that statistics speak of.
    pub(crate) fn memory(&self) -> Option<&'static str> {
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
    pub(crate) fn begin(&self, on: &Instance) -> Answer<State> {
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
    pub(crate) fn advance(
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

    /// What the method steps on: the mean of the workers' gradients, or all of them.
    fn gradients(&self, on: &Instance, k: usize, state: &State, gradient: &[Num]) -> Answer<Outcomes<Vec<Vec<Num>>>> {
        let alone = match self.name {
            "ef-lookahead" => on.mean_law(&minus(&state.x, &state.memory[0]), k, None)?,
            "signsgd-dim" => {
                let beta = self.momentum(on, k)?;
                let ahead = beta.over(&(&Num::int(1) - &beta))?;
                on.mean_law(&entrywise(&state.x, &state.before, |x, b| x + &(&ahead * &(x - b))), k, None)?
            }
            name if name.contains("vote") || name.starts_with("mv-") || BY_WORKERS.contains(&name) => {
                return all_of(&on.worker_laws(&state.x, k)?);
            }
            _ => on.mean_law(&state.x, k, Some(gradient))?,
        };
        Ok(alone.into_iter().map(|(g, p)| (vec![g], p)).collect())
    }

    /// What may be subtracted from the iterate, with the new memory.
    fn moves(&self, on: &Instance, k: usize, state: &State, gradient: &[Num], lr: &Num) -> Answer<Moves> {
        if self.name.contains("mv-sto") {
            return self.stochastic(on, k, state, lr);
        }
        let mut out = Moves::new();
        for (all, p) in self.gradients(on, k, state, gradient)? {
            out.extend(self.move_on(on, k, state, &all, lr)?.into_iter().map(|(m, q)| (m, &p * q)));
        }
        Ok(out)
    }

    /// The same for given gradients.
    fn move_on(&self, on: &Instance, k: usize, state: &State, all: &[Vec<Num>], lr: &Num) -> Answer<Moves> {
        let g = &all[0];
        let each = |law: Outcomes<Vec<Num>>, then: &dyn Fn(Vec<Num>) -> (Vec<Num>, Vec<Vec<Num>>)| -> Moves {
            law.into_iter().map(|(s, p)| (then(s), p)).collect()
        };
        let compressor = self.compressor.as_ref().unwrap_or(&Compressor::Sign);
        let send = |v: &Vec<Num>| compressor.send(v, on.sign_zero, &on.blocks);
        Ok(match self.name {
            "sgd" | "gd" => vec![((scaled(lr, g), vec![]), Q::ONE)],
            "signsgd" => each(on.sign_zero.signs(g)?, &|s| (scaled(lr, &s), vec![])),
            "scaled-signsgd" | "scaled-signgd" | "scaled-signsgd-mean" => {
                let scales = block_scales(g, &on.blocks, self.name == "scaled-signsgd-mean")?;
                each(on.sign_zero.signs(g)?, &|s| (scaled(lr, &entrywise(&s, &scales, |s, c| s * c)), vec![]))
            }
            "sgdm" | "signum" | "signsgdm" | "signsgd-sim" | "signsgd-dim" => {
                let m = self.blend(on, k, &state.memory[0], g)?;
                let follows = if self.name == "signum" && k < self.size(on, "warmup")? { g } else { &m };
                let law = if self.name == "sgdm" { vec![(m.clone(), Q::ONE)] } else { on.sign_zero.signs(follows)? };
                each(law, &|s| (entrywise(&s, &self.factors, |s, c| &(s * c) * lr), vec![m.clone()]))
            }
            "adagrad-norm" | "sign-adagrad-a" | "sign-adagrad-b" => {
                let plain = self.name == "adagrad-norm";
                let mut out = Moves::new();
                for (s, p) in if plain { vec![(g.clone(), Q::ONE)] } else { on.sign_zero.signs(g)? } {
                    let square = &state.memory[0][0] + &norm2sq(if self.name == "sign-adagrad-b" { &s } else { g });
                    // Where b is 0 the iterate rests.
                    let factor = if square.is_zero() { square.clone() } else { lr.over(&square.sqrt()?)? };
                    out.push(((scaled(&factor, &s), vec![vec![square]]), p));
                }
                out
            }
            "ef-sgd" | "ef-lookahead" => {
                let wish = plus(&scaled(lr, g), &state.memory[0]);
                let rest = |sent: Vec<Num>| {
                    let error = minus(&wish, &sent);
                    (sent, vec![error])
                };
                each(send(&wish)?, &rest)
            }
            "compressed-sgd" => {
                let lists = all_of(&all.iter().map(send).collect::<Answer<Vec<_>>>()?)?;
                lists.into_iter().map(|(sent, p)| ((scaled(lr, &mean(&sent)), vec![]), p)).collect()
            }
            "median-sgd" => {
                let middle = (0..g.len()).map(|j| median(all.iter().map(|g| g[j].clone()).collect()));
                vec![((scaled(lr, &middle.collect::<Answer<Vec<_>>>()?), vec![]), Q::ONE)]
            }
            _ => self.vote(on, k, state, all, lr)?,
        })
    }

    /// beta m + (1 - beta) g, or beta m + g.
    fn blend(&self, on: &Instance, k: usize, m: &[Num], g: &[Num]) -> Answer<Vec<Num>> {
        let beta = self.momentum(on, k)?;
        let rest = if ["sgdm", "signsgdm"].contains(&self.name) { Num::int(1) } else { &Num::int(1) - &beta };
        Ok(entrywise(m, g, |m, g| &(&beta * m) + &(&rest * g)))
    }

    /// The methods in which workers send signs and the server decides on their sum.
    fn vote(&self, on: &Instance, k: usize, state: &State, all: &[Vec<Num>], lr: &Num) -> Answer<Moves> {
        let kept = state.memory.iter().zip(all).map(|(m, g)| self.blend(on, k, m, g));
        let memory: Vec<Vec<Num>> = kept.collect::<Answer<_>>()?;
        let (mut least, mut quorum) = (Num::int(0), 0);
        if self.name == "vote-abstain" {
            (least, quorum) = (self.number(on, "threshold", k)?, self.size(on, "quorum")?);
            above(&least, 0, true, "threshold")?;
        }
        let mut messages = Vec::new();
        for v in if memory.is_empty() { all } else { &memory } {
            let loud = |x: &Num| Ok(least.is_zero() || x.abs().order(&least)?.is_ge());
            let loud: Vec<bool> = v.iter().map(loud).collect::<Answer<_>>()?;
            let heard = |s: Vec<Num>| s.into_iter().zip(&loud).map(|(s, l)| if *l { s } else { Num::int(0) }).collect();
            messages.push(on.sign_zero.signs(v)?.into_iter().map(|(s, p)| (heard(s), p)).collect());
        }
        let scale = match self.name {
            "scaled-vote" => mean(&all.iter().map(|g| block_scales(g, &on.blocks, false)).collect::<Answer<Vec<_>>>()?),
            _ => vec![Num::int(1); state.x.len()],
        };
        let mut out = Moves::new();
        for (signs, p) in all_of(&messages)? {
            let total = total(&signs);
            let decided = if self.name == "vote-sum" { vec![(total, Q::ONE)] } else { on.ties.signs(&total)? };
            for (won, q) in decided {
                let passes = |j: usize| quorum == 0 || signs.iter().filter(|s| s[j] == won[j]).count() >= quorum;
                let step = (0..won.len()).map(|j| if passes(j) { &(&won[j] * &scale[j]) * lr } else { Num::int(0) });
                out.push(((step.collect(), memory.clone()), &p * q));
            }
        }
        Ok(out)
    }

    /// Votes of stochastic signs of the workers' momenta.
    fn stochastic(&self, on: &Instance, k: usize, state: &State, lr: &Num) -> Answer<Moves> {
        if !Method::shared(on) {
            return unsupported("stochastic signs of workers with different gradients");
        }
        let memoryless = self.name == "mv-sto-signsgd";
        let alpha = if memoryless { Num::int(0) } else { self.number(on, "extrapolation", k)? };
        let radius = self.number(on, "radius", k)?;
        above(&radius, 0, false, "radius")?;
        let mut at = entrywise(&state.x, &state.before, |x, b| x + &(&alpha * &(x - b)));
        if self.name.starts_with("federated") {
            let eta = self.number(on, "local_step_size", k)?;
            for _ in 0..self.size(on, "local_steps")? {
                at = minus(&at, &scaled(&eta, &on.problem.gradient(&at)?));
            }
        }
        let m = self.blend(on, k, &state.memory[0], &on.problem.gradient(&at)?)?;
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
    pub(crate) fn bits(&self, on: &Instance) -> Answer<i64> {
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

/// The methods beside votes that look at every worker's gradient.
const BY_WORKERS: [&str; 2] = ["median-sgd", "compressed-sgd"];
