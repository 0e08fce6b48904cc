//! Noise with finitely many values, and coins: every draw is a choice, and all choices are gone through one by one.

use super::expr::E;
use super::number::{Got, Q, abs, q, ratio, zero};

/// One path through all choices. It is run again and again, each time along the next one.
#[derive(Default)]
pub(crate) struct Chooser {
    script: Vec<(usize, usize)>,
    at: usize,
    /// Probability of the path so far.
    pub weight: Q,
}

impl Chooser {
    /// Index of the branch that this path takes; branches of probability 0 are not taken.
    pub(crate) fn choose(&mut self, probabilities: &[Q]) -> usize {
        let open: Vec<usize> = (0..probabilities.len()).filter(|i| !zero(&probabilities[*i])).collect();
        if self.at == self.script.len() {
            self.script.push((0, open.len()));
        }
        let chosen = open[self.script[self.at].0];
        self.at += 1;
        self.weight = &self.weight * &probabilities[chosen];
        chosen
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.choose(&[ratio(1, 2), ratio(1, 2)]) == 1
    }

    /// Starts a path.
    pub(crate) fn begin(&mut self) {
        self.at = 0;
        self.weight = Q::ONE;
    }

    /// The number of paths, if all branched as this one does.
    pub(crate) fn width(&self) -> usize {
        self.script.iter().fold(1, |n, s| n.saturating_mul(s.1))
    }

    /// Turns to the next path, if there is one.
    pub(crate) fn next(&mut self) -> bool {
        self.script.truncate(self.at);
        while let Some((i, n)) = self.script.pop() {
            if i + 1 < n {
                self.script.push((i + 1, n));
                return true;
            }
        }
        false
    }
}

/// Values with probabilities.
pub(crate) type Atoms = Vec<(Q, Q)>;

/// A law of stochastic gradients.
#[derive(Debug, Clone)]
pub(crate) enum Noise {
    None,
    /// Independent atoms, times s_i.
    Additive(Atoms, Vec<Q>),
    /// Rows of all coordinates at once.
    Joint(Vec<(Vec<Q>, Q)>),
    /// +-s with mean f_i'
    TwoAtom(Q),
    /// f_i' xi_i
    Multiplicative {
        atoms: Atoms,
        shared: bool,
    },
    /// -eta w.p. q, else (f_i' + eta q)/(1 - q); mirrored for f_i' < 0
    Cantelli {
        wrong: Q,
        shift: Q,
    },
    /// Atoms in g, x and constants.
    State(Vec<(E, E)>, Vec<(String, Q)>),
    /// A law for each history: rows (node, values, probability).
    Tree {
        rows: Vec<(usize, Vec<Q>, Q)>,
        again: bool,
    },
}

fn pick(atoms: &Atoms, chooser: &mut Chooser) -> Q {
    let p: Vec<Q> = atoms.iter().map(|a| a.1.clone()).collect();
    atoms[chooser.choose(&p)].0.clone()
}

impl Noise {
    /// One draw at x where the gradient is g. `node` is where a tree's history stands.
    pub(crate) fn draw(&self, g: &[Q], x: &[Q], node: &mut usize, chooser: &mut Chooser) -> Got<Vec<Q>> {
        Ok(match self {
            Noise::None => g.to_vec(),
            Noise::Additive(atoms, scale) => g
                .iter()
                .zip(scale)
                .map(|(g, s)| if zero(s) { g.clone() } else { g + s * pick(atoms, chooser) })
                .collect(),
            Noise::Joint(rows) => {
                let p: Vec<Q> = rows.iter().map(|r| r.1.clone()).collect();
                let row = &rows[chooser.choose(&p)].0;
                g.iter().zip(row).map(|(g, v)| g + v).collect()
            }
            Noise::TwoAtom(s) => {
                let mut out = Vec::new();
                for g in g {
                    if abs(g) > *s {
                        return Err("two-atom: a size below the gradient".into());
                    }
                    let p = (Q::ONE + g / s) / q(2);
                    out.push(if chooser.choose(&[p.clone(), Q::ONE - p]) == 0 { s.clone() } else { -s.clone() });
                }
                out
            }
            Noise::Multiplicative { atoms, shared } => {
                let one = if *shared { Some(pick(atoms, chooser)) } else { None };
                g.iter()
                    .map(|g| g * one.clone().unwrap_or_else(|| if zero(g) { Q::ZERO } else { pick(atoms, chooser) }))
                    .collect()
            }
            Noise::Cantelli { wrong, shift } => {
                let mut out = Vec::new();
                for g in g {
                    if zero(g) && !zero(shift) {
                        return Err("cantelli-extremal at a gradient of 0".into());
                    }
                    let s = if *g < Q::ZERO { -Q::ONE } else { Q::ONE };
                    let far = (abs(g) + shift * wrong) / (Q::ONE - wrong);
                    let bad = chooser.choose(&[wrong.clone(), Q::ONE - wrong]) == 0;
                    out.push(s * if bad { -shift.clone() } else { far });
                }
                out
            }
            Noise::State(atoms, constants) => {
                let mut out = Vec::new();
                for i in 0..g.len() {
                    let value = |e: &E| -> Got<Q> {
                        let v = e.eval(&mut |node| match node {
                            E::Name(n) if n == "g" => Some(Ok(g[i].clone().into())),
                            E::Name(n) if n == "x" => Some(Ok(x[i].clone().into())),
                            E::Name(n) => constants.iter().find(|c| c.0 == *n).map(|c| Ok(c.1.clone().into())),
                            _ => None,
                        })?;
                        v.exact().cloned().ok_or("an irrational atom".into())
                    };
                    let (mut values, mut p) = (Vec::new(), Vec::new());
                    for (v, w) in atoms {
                        values.push(value(v)?);
                        p.push(value(w)?);
                    }
                    out.push(values[chooser.choose(&p)].clone());
                }
                out
            }
            Noise::Tree { rows, again } => {
                let width = (0..)
                    .take_while(|n| rows.iter().any(|r| r.0 >= *n))
                    .map(|n| rows.iter().filter(|r| r.0 == n).count())
                    .max();
                let width = width.unwrap_or(1);
                let mut here: Vec<_> = rows.iter().filter(|r| r.0 == *node).collect();
                if here.is_empty() {
                    if !again {
                        return Ok(g.to_vec());
                    }
                    *node = 0;
                    here = rows.iter().filter(|r| r.0 == 0).collect();
                }
                let p: Vec<Q> = here.iter().map(|r| r.2.clone()).collect();
                let c = chooser.choose(&p);
                *node = width * *node + 1 + c;
                g.iter().zip(&here[c].1).map(|(g, v)| g + v).collect()
            }
        })
    }

    /// Variance of each coordinate of one draw, where it does not depend on the state.
    pub(crate) fn variances(&self, d: usize) -> Option<Vec<Q>> {
        match self {
            Noise::None => Some(vec![Q::ZERO; d]),
            Noise::Additive(atoms, scale) => {
                let v = atoms.iter().fold(Q::ZERO, |s, (v, p)| s + v * v * p);
                Some(scale.iter().map(|s| s * s * &v).collect())
            }
            Noise::Joint(rows) => {
                Some((0..d).map(|i| rows.iter().fold(Q::ZERO, |s, (v, p)| s + &v[i] * &v[i] * p)).collect())
            }
            _ => None,
        }
    }
}
