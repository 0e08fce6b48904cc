//! One step of each method, by the formula in the manual's table.

use super::compressor::{Coins, Compressor};
use super::noise::Noise;
use super::number::{Got, Q, V, abs, q, sign, trim, zero};
use super::problem::{dot, l1, l2sq, mean, median, minus};
use super::setup::Setup;

/// What lasts from step to step.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub x: Vec<Q>,
    /// All iterates so far, the start first.
    pub past: Vec<Vec<Q>>,
    /// m, or m_i of each worker; empty before the first step.
    pub momentum: Vec<Vec<Q>>,
    /// e of error feedback, or b^2 or v.
    pub error: Vec<Q>,
    pub square: Vec<Q>,
    /// Where a tree of draws stands: one history for all workers, step by step, worker by worker, draw by draw.
    pub node: usize,
    /// Whether a sign of exactly 0 was taken.
    pub tied: bool,
}

/// One path's run: the setup, the state and the choices.
pub(crate) struct Run<'a> {
    pub setup: &'a Setup,
    pub state: State,
    pub coins: Coins<'a>,
}

fn axpy(a: &Q, x: &[Q], y: &[Q]) -> Vec<Q> {
    x.iter().zip(y).map(|(x, y)| a * x + y).collect()
}

fn scaled(a: &Q, x: &[Q]) -> Vec<Q> {
    x.iter().map(|x| a * x).collect()
}

impl Run<'_> {
    /// The stochastic gradient of worker m at a point: the mean of `batch` draws.
    fn gradient(&mut self, m: usize, x: &[Q], k: usize) -> Got<Vec<Q>> {
        let s = self.setup;
        let batch = s.whole(&s.batch, k)?;
        let mut draws = Vec::new();
        for _ in 0..batch {
            let g = match (s.minibatch, s.problem.samples()) {
                (true, Some(n)) => {
                    let i = self.coins.chooser.choose(&vec![Q::ONE / q(n as i64); n]);
                    s.problem.sample(i, x)?
                }
                (true, None) => return Err("a minibatch of what is no finite sum".into()),
                _ => s.problem.worker(m, x)?,
            };
            draws.push(s.noise.draw(&g, x, &mut self.state.node, self.coins.chooser)?);
        }
        Ok(mean(&draws))
    }

    fn gradients(&mut self, x: &[Q], k: usize) -> Got<Vec<Vec<Q>>> {
        (0..self.setup.workers).map(|m| self.gradient(m, x, k)).collect()
    }

    fn signs(&mut self, v: &[Q]) -> Got<Vec<Q>> {
        for x in v {
            self.state.tied |= sign(x)? == 0;
        }
        self.coins.signs(v)
    }

    /// What the server sends for the sums of votes.
    fn decide(&mut self, sums: &[Q]) -> Got<Vec<Q>> {
        let ties = self.setup.ties;
        sums.iter().map(|s| self.coins.sign(s, ties)).collect()
    }

    /// The sum of the workers' signs.
    fn ballot(&mut self, vectors: &[Vec<Q>]) -> Got<Vec<Q>> {
        let mut sums = vec![Q::ZERO; vectors[0].len()];
        for v in vectors {
            sums = axpy(&Q::ONE, &self.signs(v)?, &sums);
        }
        Ok(sums)
    }

    /// m = g + beta m or beta m + (1 - beta) g for each given vector.
    fn remember(&mut self, g: &[Vec<Q>], k: usize, average: bool) -> Got<()> {
        let beta = self.setup.value("momentum", k)?;
        let average = self.setup.average.unwrap_or(average);
        let own = if average { Q::ONE - &beta } else { Q::ONE };
        if self.state.momentum.is_empty() {
            self.state.momentum =
                g.iter().map(|g| if self.setup.first_gradient { g.clone() } else { scaled(&own, g) }).collect();
        } else {
            let old = std::mem::take(&mut self.state.momentum);
            self.state.momentum = g.iter().zip(old).map(|(g, m)| axpy(&own, g, &scaled(&beta, &m))).collect();
        }
        Ok(())
    }

    /// x + a (x - x_prev), x_prev = x at the start.
    fn ahead(&self, a: &Q) -> Vec<Q> {
        let x = &self.state.x;
        let before = self.state.past.iter().rev().nth(1).unwrap_or(x);
        axpy(a, &minus(x, before), x)
    }

    fn noisy(&mut self, g: &[Vec<Q>], k: usize) -> Got<Vec<Vec<Q>>> {
        let b = self.setup.value("noise_level", k)?;
        let law = self.setup.perturbation.clone().ok_or("a perturbation with a density")?;
        let mut out = Vec::new();
        for g in g {
            let xi = self.xi(&law)?;
            out.push(axpy(&b, &xi, g));
        }
        Ok(out)
    }

    fn xi(&mut self, law: &Noise) -> Got<Vec<Q>> {
        let zeros = vec![Q::ZERO; self.state.x.len()];
        law.draw(&zeros, &zeros, &mut 0, self.coins.chooser)
    }

    /// The vector by which step k moves x before projection, x -= step.
    #[allow(clippy::too_many_lines)] // a table of formulas
    fn move_by(&mut self, k: usize) -> Got<Vec<Q>> {
        let s = self.setup;
        let lr = s.value("step_size", k)?;
        let x = self.state.x.clone();
        let name = s.name.as_str();
        let plain = |r: &mut Self| -> Got<Vec<Q>> { Ok(mean(&r.gradients(&x, k)?)) };
        Ok(match name {
            "sgd" | "gd" => scaled(&lr, &plain(self)?),
            "sgdm" => {
                let g = plain(self)?;
                self.remember(&[g], k, false)?;
                scaled(&lr, &self.state.momentum[0])
            }
            "signsgd" => {
                let g = plain(self)?;
                scaled(&lr, &self.signs(&g)?)
            }
            "signum" | "signsgdm" | "signsgd-sim" | "signum-noise" => {
                let g = plain(self)?;
                self.remember(std::slice::from_ref(&g), k, name != "signsgdm")?;
                let warm = name == "signum" && (k as i64) < s.whole_or("warmup", k, 0)?;
                let m = if warm { g } else { self.state.momentum[0].clone() };
                let mut step = scaled(&lr, &self.signs(&m)?);
                if name == "signsgd-sim" {
                    step = step.iter().zip(s.vector("step_factors", Q::ONE)?).map(|(a, c)| a * c).collect();
                }
                if name == "signum-noise" {
                    let law = s.perturbation.clone().ok_or("a perturbation with a density")?;
                    let xi = self.xi(&law)?;
                    step = axpy(&s.value("noise_level", k)?, &xi, &step);
                }
                step
            }
            "signsgd-dim" => {
                let theta = s.value("momentum", k)?;
                let y = self.ahead(&(&theta / (Q::ONE - &theta)));
                let g = mean(&self.gradients(&y, k)?);
                self.remember(&[g], k, true)?;
                let m = self.state.momentum[0].clone();
                scaled(&lr, &self.signs(&m)?)
            }
            "delayed-signsgd" => {
                let mut all = Vec::new();
                for m in 0..s.workers {
                    let late = s.delay(m)?.min(k);
                    let old = self.state.past[k - late].clone();
                    all.push(self.gradient(m, &old, k)?);
                }
                let g = mean(&all);
                scaled(&lr, &self.signs(&g)?)
            }
            "vote" | "mv-signsgd" => {
                let g = self.gradients(&x, k)?;
                let sums = self.ballot(&g)?;
                scaled(&lr, &self.decide(&sums)?)
            }
            "vote-sum" => {
                let g = self.gradients(&x, k)?;
                scaled(&lr, &self.ballot(&g)?)
            }
            "vote-abstain" => {
                let (c, quorum) = (s.value_or("threshold", k, Q::ZERO)?, s.value_or("quorum", k, Q::ZERO)?);
                let g = self.gradients(&x, k)?;
                let mut step = Vec::new();
                let mut votes = Vec::new();
                for g in &g {
                    let signs = self.signs(g)?;
                    let sent: Vec<Q> = g.iter().zip(signs).map(|(g, s)| if abs(g) < c { Q::ZERO } else { s }).collect();
                    votes.push(sent);
                }
                for i in 0..x.len() {
                    let plus = votes.iter().filter(|v| v[i] > Q::ZERO).count() as i64;
                    let minus = votes.iter().filter(|v| v[i] < Q::ZERO).count() as i64;
                    let won = self.coins.sign(&q(plus - minus), s.ties)?;
                    let enough = q(plus.max(minus)) >= quorum;
                    step.push(if enough { won } else { Q::ZERO });
                }
                scaled(&lr, &step)
            }
            "mv-signsgd-sim" => {
                let g = self.gradients(&x, k)?;
                self.remember(&g, k, true)?;
                let m = self.state.momentum.clone();
                let sums = self.ballot(&m)?;
                scaled(&lr, &self.decide(&sums)?)
            }
            "mv-sto-signsgd-sim" | "federated-mv-sto-signsgd-sim" => {
                let y = self.ahead(&s.value_or("extrapolation", k, Q::ZERO)?);
                let radius = s.value("radius", k)?;
                let mut all = Vec::new();
                for m in 0..s.workers {
                    let mut z = y.clone();
                    if name.starts_with("federated") {
                        let eta = s.value("local_step_size", k)?;
                        for _ in 0..s.whole_or("local_steps", k, 1)? {
                            let g = self.gradient(m, &z, k)?;
                            z = axpy(&-eta.clone(), &g, &z);
                        }
                    }
                    all.push(self.gradient(m, &z, k)?);
                }
                self.remember(&all, k, true)?;
                let mut sums = vec![Q::ZERO; x.len()];
                for m in self.state.momentum.clone() {
                    sums = axpy(&Q::ONE, &self.coins.stochastic_signs(&m, &radius), &sums);
                }
                scaled(&lr, &self.decide(&sums)?)
            }
            "noisy-signsgd" => {
                let g = self.gradients(&x, k)?;
                let g = self.noisy(&g, k)?;
                let sums = self.ballot(&g)?;
                scaled(&lr, &self.decide(&sums)?)
            }
            "median-sgd" => scaled(&lr, &median(&self.gradients(&x, k)?)),
            "noisy-median-sgd" => {
                let g = self.gradients(&x, k)?;
                scaled(&lr, &median(&self.noisy(&g, k)?))
            }
            "scaled-signsgd-mean" | "scaled-signgd" | "scaled-signsgd" => {
                let g = plain(self)?;
                let signs = self.signs(&g)?;
                let mut step = Vec::new();
                for block in s.blocks(x.len()) {
                    let size = q(block.len() as i64);
                    let length = l1(&g[block.clone()]) / if name.ends_with("mean") { size } else { Q::ONE };
                    step.extend(scaled(&(&lr * length), &signs[block]));
                }
                step
            }
            "scaled-vote" => {
                let g = self.gradients(&x, k)?;
                let sums = self.ballot(&g)?;
                let way = self.decide(&sums)?;
                let mut step = Vec::new();
                for block in s.blocks(x.len()) {
                    let length = g.iter().fold(Q::ZERO, |s, g| s + l1(&g[block.clone()])) / q(g.len() as i64);
                    step.extend(scaled(&(&lr * length), &way[block]));
                }
                step
            }
            "ef-sgd" | "ef-lookahead" => {
                if self.state.error.is_empty() {
                    self.state.error = vec![Q::ZERO; x.len()];
                }
                let e = self.state.error.clone();
                let at = if name == "ef-sgd" { x.clone() } else { minus(&x, &e) };
                let p = axpy(&lr, &mean(&self.gradients(&at, k)?), &e);
                let sent = self.compress(&s.compressor, &p)?;
                self.state.error = minus(&p, &sent);
                sent
            }
            "compressed-sgd" => {
                let mut all = Vec::new();
                for g in self.gradients(&x, k)? {
                    all.push(self.compress(&s.compressor, &g)?);
                }
                scaled(&lr, &mean(&all))
            }
            "adagrad-norm" | "sign-adagrad-a" | "sign-adagrad-b" => {
                let g = plain(self)?;
                if self.state.square.is_empty() {
                    let b0 = s.value_or("b0", k, Q::ZERO)?;
                    self.state.square = vec![&b0 * &b0];
                }
                let way = if name == "adagrad-norm" { g.clone() } else { self.signs(&g)? };
                let grown = if name == "sign-adagrad-b" { l2sq(&way) } else { l2sq(&g) };
                let b2 = &self.state.square[0] + grown;
                self.state.square = vec![trim(&b2)];
                if zero(&b2) {
                    return Ok(vec![Q::ZERO; x.len()]);
                }
                let b = V::from(b2).sqrt()?.near();
                scaled(&(lr / b), &way)
            }
            "adam" | "rmsprop" => {
                let g = plain(self)?;
                self.adam(&g, &lr, k)?
            }
            "sign-flow" => {
                let beta = s.value_or("speed", k, Q::ONE)?;
                self.sign_flow(&(lr * beta))?
            }
            other => return Err(format!("the method {other}")),
        })
    }

    fn adam(&mut self, g: &[Q], lr: &Q, k: usize) -> Got<Vec<Q>> {
        let (s, adam) = (self.setup, self.setup.name == "adam");
        let beta1 = if adam { s.value_or("beta1", k, Q::ONE * q(9) / q(10))? } else { Q::ZERO };
        let beta2 = s.value_or("beta2", k, if adam { q(999) / q(1000) } else { q(9) / q(10) })?;
        let epsilon = s.value_or("epsilon", k, Q::ONE / q(100_000_000))?;
        let correct = s.word("bias_correction").map_or(adam, |w| w == "yes");
        if self.state.square.is_empty() {
            self.state.square = vec![Q::ZERO; g.len()];
            self.state.momentum = vec![vec![Q::ZERO; g.len()]];
        }
        let t = k as u32 + 1;
        let whole = |beta: &Q| if correct { Q::ONE - super::number::power(beta, t) } else { Q::ONE };
        let mut step = Vec::new();
        for (i, g) in g.iter().enumerate() {
            let m = &beta1 * &self.state.momentum[0][i] + (Q::ONE - &beta1) * g;
            let v = &beta2 * &self.state.square[i] + (Q::ONE - &beta2) * g * g;
            let root = V::from(&v / whole(&beta2)).sqrt()?.near() + &epsilon;
            let m_hat = &m / whole(&beta1);
            step.push(if zero(&root) { Q::ZERO } else { trim(&(lr * m_hat / root)) });
            self.state.momentum[0][i] = trim(&m);
            self.state.square[i] = trim(&v);
        }
        Ok(step)
    }

    /// x' = -sgn f' for a time, on a separable function with minimiser c: each coordinate walks to it and stays.
    fn sign_flow(&mut self, time: &Q) -> Got<Vec<Q>> {
        let x = self.state.x.clone();
        if !self.setup.separable() {
            return Err("a sign flow that may slide".into());
        }
        let g = self.setup.problem.gradient(&x)?;
        let target = self.setup.problem.minimum(&x)?.1;
        let mut step = Vec::new();
        for i in 0..x.len() {
            let way = &x[i] - &target[i];
            let size = if abs(&way) < *time { abs(&way) } else { time.clone() };
            step.push(q(i64::from(sign(&g[i])?)) * size);
        }
        Ok(step)
    }

    fn compress(&mut self, c: &Compressor, v: &[Q]) -> Got<Vec<Q>> {
        if matches!(c, Compressor::Sign) && v.iter().any(zero) {
            self.state.tied = true;
        }
        let blocks = self.setup.blocks(v.len());
        c.apply(v, &blocks, &mut self.coins)
    }

    /// Step k.
    pub(crate) fn step(&mut self, k: usize) -> Got<()> {
        let step = self.move_by(k)?;
        let mut x = minus(&self.state.x, &step);
        self.setup.problem.project(&mut x);
        self.state.x = x.iter().map(trim).collect();
        self.state.past.push(self.state.x.clone());
        if dot(&self.state.x, &self.state.x).denominator() > &(dashu_int::UBig::ONE << 60_000usize) {
            return Err("numbers that are too long".into());
        }
        Ok(())
    }
}

/// What a momentum of signum comes to after t steps where every gradient is 1.
pub(crate) fn weight(s: &Setup, t: usize) -> Got<Q> {
    let mut m: Option<Q> = None;
    for k in 0..t {
        let beta = s.value("momentum", k)?;
        let own = if s.average.unwrap_or(s.name == "signum") { Q::ONE - &beta } else { Q::ONE };
        m = Some(match m {
            None if s.first_gradient => Q::ONE,
            None => own,
            Some(m) => own + beta * m,
        });
    }
    Ok(m.unwrap_or(Q::ZERO))
}
