//! One cell of a file, with all that a run needs.

use super::compressor::{Compressor, Zero};
use super::expr::{E, expression};
use super::facts;
use super::file::{Cell, evaluate, formula, table, text};
use super::noise::Noise;
use super::number::{Got, Q, V, q, ratio};
use super::problem::{Loss, Problem};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::{Table, Value};

pub(crate) struct Setup {
    pub parameters: BTreeMap<String, E>,
    pub problem: Problem,
    pub start: Vec<Q>,
    pub noise: Noise,
    pub batch: E,
    pub workers: usize,
    pub minibatch: bool,
    pub name: String,
    algorithm: Table,
    pub compressor: Compressor,
    pub perturbation: Option<Noise>,
    pub zero: Zero,
    pub ties: Zero,
    pub average: Option<bool>,
    pub first_gradient: bool,
    scaling: Option<Vec<usize>>,
    pub horizon: usize,
    pub window: (usize, usize),
}

/// What stands in place of a value while facts are not yet known.
struct Names<'a> {
    parameters: &'a BTreeMap<String, E>,
}

impl Names<'_> {
    fn value(&self, v: &Value, j: Option<usize>) -> Got<V> {
        evaluate(&formula(v)?, self.parameters, &|n| match (n, j) {
            ("j", Some(j)) => Some(Ok(V::int(j as i64))),
            _ => None,
        })
    }

    fn rational(&self, v: &Value, j: Option<usize>) -> Got<Q> {
        self.value(v, j)?.exact().cloned().ok_or("an irrational constant".into())
    }

    fn or(&self, t: &Table, key: &str, default: i64) -> Got<Q> {
        t.get(key).map_or(Ok(q(default)), |v| self.rational(v, None))
    }

    /// A list, or one entry for all coordinates.
    fn vector(&self, v: &Value, d: usize) -> Got<Vec<Q>> {
        match v {
            Value::Array(all) if all.len() == d => all.iter().map(|v| self.rational(v, None)).collect(),
            Value::Array(all) if all.len() == 1 => (0..d).map(|_| self.rational(&all[0], None)).collect(),
            Value::Array(all) => Err(format!("{} entries for {d} coordinates", all.len())),
            one => (0..d).map(|j| self.rational(one, Some(j))).collect(),
        }
    }

    fn free_vector(&self, t: &Table, key: &str) -> Got<Vec<Q>> {
        let v = t.get(key).ok_or(format!("no {key}"))?;
        match (v, t.get("dimension")) {
            (Value::Array(all), None) => all.iter().map(|v| self.rational(v, None)).collect(),
            (v, Some(d)) => self.vector(v, whole(&self.rational(d, None)?)?),
            (v, None) => Ok(vec![self.rational(v, Some(0))?]),
        }
    }

    fn rows(&self, t: &Table, key: &str) -> Got<Vec<Vec<Q>>> {
        let rows = t.get(key).and_then(Value::as_array).ok_or(format!("no rows of {key}"))?;
        rows.iter().map(|r| r.as_array().ok_or("a row")?.iter().map(|v| self.rational(v, None)).collect()).collect()
    }
}

fn whole(x: &Q) -> Got<usize> {
    if *x < Q::ZERO || Q::from(x.clone().floor()) != *x {
        return Err(format!("a whole number, not {x}"));
    }
    usize::try_from(x.numerator().clone()).map_err(|_| "a large number".into())
}

fn kink(t: &Table) -> i32 {
    match text(t, "kink") {
        Some("plus") => 1,
        Some("minus") => -1,
        _ => 0,
    }
}

fn problem(t: &Table, names: &Names) -> Got<Problem> {
    let name = text(t, "name").unwrap_or("");
    let d = || names.or(t, "dimension", 1).and_then(|d| whole(&d));
    Ok(match name {
        "quadratic" => Problem::Quadratic(names.free_vector(t, "curvature")?),
        "quadratic-matrix" => Problem::Matrix(names.rows(t, "matrix")?),
        "linear" => {
            let c = names.free_vector(t, "slope")?;
            let b = t.get("box").map(|b| names.vector(b, c.len())).transpose()?;
            Problem::Linear(c, b)
        }
        "huber" => Problem::Huber { l: names.or(t, "curvature", 1)?, s: names.or(t, "slope", 1)?, d: d()? },
        "absolute-pair" => {
            let eps = t.get("epsilon").map_or(Ok(ratio(1, 2)), |v| names.rational(v, None))?;
            Problem::AbsolutePair { eps, kink: kink(t) }
        }
        "two-line-squares" => {
            let eps = t.get("epsilon").map_or(Ok(ratio(1, 2)), |v| names.rational(v, None))?;
            let (up, down) = (Q::ONE + &eps, &eps - Q::ONE);
            let rows = vec![vec![up.clone(), down.clone()], vec![down, up]];
            Problem::Lines { rows, targets: vec![Q::ZERO; 2], loss: Loss::Square, slope: Q::ONE, kink: 0 }
        }
        "line-losses" => {
            let rows = names.rows(t, "rows")?;
            let targets = t.get("targets").map_or(Ok(vec![Q::ZERO; rows.len()]), |v| names.vector(v, rows.len()))?;
            let loss = match text(t, "loss") {
                Some("huber") => Loss::Huber,
                Some("absolute") => Loss::Absolute,
                _ => Loss::Square,
            };
            Problem::Lines { rows, targets, loss, slope: names.or(t, "slope", 1)?, kink: kink(t) }
        }
        "worker-squares" => {
            let Some(Value::Array(a)) = t.get("targets") else { return Err("no targets".into()) };
            let targets: Vec<Vec<Q>> =
                names.vector(&Value::Array(a.clone()), a.len())?.into_iter().map(|a| vec![a]).collect();
            Problem::Workers { curvature: vec![vec![Q::ONE]; targets.len()], targets }
        }
        "worker-quadratics" => {
            let targets = names.rows(t, "targets")?;
            let one = vec![vec![Q::ONE; targets[0].len()]];
            let mut curvature = match t.get("curvature") {
                None => one,
                Some(Value::Array(a)) if a.iter().all(|r| !r.is_array()) => {
                    vec![names.vector(&t["curvature"], targets[0].len())?]
                }
                Some(_) => names.rows(t, "curvature")?,
            };
            if curvature.len() == 1 {
                curvature = vec![curvature[0].clone(); targets.len()];
            }
            Problem::Workers { curvature, targets }
        }
        other => return Err(format!("the problem {other}")),
    })
}

fn noise(v: Option<&Value>, d: usize, names: &Names) -> Got<Noise> {
    let empty = Table::new();
    let (law, t) = match v {
        None => return Ok(Noise::None),
        Some(Value::String(law)) => (law.as_str(), &empty),
        Some(Value::Table(t)) => (text(t, "law").unwrap_or(""), t),
        Some(other) => return Err(format!("noise {other}")),
    };
    let scale = || t.get("scale").map_or(Ok(vec![Q::ONE; d]), |v| names.vector(v, d));
    let atoms = || -> Got<Vec<(Q, Q)>> {
        Ok(names.rows(t, "atoms")?.into_iter().map(|mut r| (r.remove(0), r.remove(0))).collect())
    };
    let half = ratio(1, 2);
    Ok(match law {
        "none" => Noise::None,
        "rademacher" => Noise::Additive(vec![(Q::ONE, half.clone()), (-Q::ONE, half)], scale()?),
        "finite" => Noise::Additive(atoms()?, scale()?),
        "skew50" => {
            let mean = ratio(41, 10);
            Noise::Additive(vec![(q(50) - &mean, ratio(1, 10)), (-Q::ONE - mean, ratio(9, 10))], scale()?)
        }
        "sparse-independent" => {
            let p = names.or(t, "probability", 0)?;
            let s = names.or(t, "size", 1)?;
            let each = &p / q(2);
            Noise::Additive(vec![(s.clone(), each.clone()), (-s, each), (Q::ZERO, Q::ONE - p)], scale()?)
        }
        "joint" => Noise::Joint(
            names
                .rows(t, "atoms")?
                .into_iter()
                .map(|mut r| {
                    let p = r.pop().unwrap_or(Q::ZERO);
                    (r, p)
                })
                .collect(),
        ),
        "two-atom" => Noise::TwoAtom(names.or(t, "size", 1)?),
        "multiplicative" => Noise::Multiplicative { atoms: atoms()?, shared: text(t, "over") == Some("shared") },
        "cantelli-extremal" => Noise::Cantelli { wrong: names.or(t, "wrong", 0)?, shift: names.or(t, "shift", 0)? },
        "state-atoms" => {
            let mut all = Vec::new();
            for atom in text(t, "atoms").unwrap_or("").split(';') {
                let (v, p) = atom.split_once(':').ok_or("an atom")?;
                all.push((expression(v.trim())?, expression(p.trim())?));
            }
            let mut constants = Vec::new();
            for name in ["a", "b", "c"] {
                if t.contains_key(name) {
                    constants.push((name.to_string(), names.or(t, name, 0)?));
                }
            }
            Noise::State(all, constants)
        }
        "tree" => {
            let mut rows = Vec::new();
            for mut r in names.rows(t, "atoms")? {
                let p = r.pop().ok_or("a row")?;
                let node = whole(&r.remove(0))?;
                rows.push((node, r, p));
            }
            Noise::Tree { rows, again: text(t, "then") == Some("again") }
        }
        other => return Err(format!("the law {other}")),
    })
}

fn convention(t: &Table, key: &str) -> Zero {
    match text(t, key) {
        Some("+1") => Zero::Is(1),
        Some("-1") => Zero::Is(-1),
        Some("random") => Zero::Random,
        _ => Zero::Is(0),
    }
}

fn compressor(v: Option<&Value>, names: &Names) -> Got<Compressor> {
    let empty = Table::new();
    let (name, t) = match v {
        None => ("sign", &empty),
        Some(Value::String(s)) => (s.as_str(), &empty),
        Some(Value::Table(t)) => (text(t, "name").unwrap_or(""), t),
        Some(other) => return Err(format!("a compressor {other}")),
    };
    let k = || names.or(t, "k", 1).and_then(|k| whole(&k));
    let rescale = text(t, "rescale") != Some("no");
    Ok(match name {
        "identity" => Compressor::Identity,
        "sign" => Compressor::Sign,
        "top-k" => Compressor::TopK(k()?),
        "random-k" => Compressor::RandomK(k()?, rescale),
        "qsgd" => Compressor::Qsgd(whole(&names.or(t, "levels", 1)?)? as i64, rescale),
        "terngrad" => Compressor::Terngrad(rescale),
        "stochastic-sign" => Compressor::StochasticSign(names.or(t, "radius", 1)?),
        "linear" => Compressor::Linear(names.or(t, "factor", 1)?),
        other => return Err(format!("the compressor {other}")),
    })
}

impl Setup {
    /// One cell of a question's file.
    pub(crate) fn build(file: &Table, cell: &Cell) -> Got<Setup> {
        let names = Names { parameters: &cell.parameters };
        let empty = Table::new();
        let part = |key: &str| table(file, key).unwrap_or(&empty);
        if file.contains_key("quantity") {
            return Err("a quantity".into());
        }
        let objective = part("problem");
        let problem = problem(objective, &names)?;
        let d = problem.dimension();
        let start = match objective.get("start") {
            Some(Value::Table(_)) | None => return Err("a start that is no point".into()),
            Some(v) => names.vector(v, d)?,
        };
        let (oracle, algorithm, semantics, run) = (part("oracle"), part("algorithm"), part("semantics"), part("run"));
        let horizon = whole(&names.or(run, "horizon", 0)?)?;
        let window = match run.get("window").and_then(Value::as_array) {
            Some(w) => (whole(&names.rational(&w[0], None)?)?, whole(&names.rational(&w[1], None)?)?),
            None => (0, horizon.saturating_sub(1)),
        };
        let workers = match oracle.get("workers") {
            Some(w) => whole(&names.rational(w, None)?)?,
            None => problem.workers().unwrap_or(1),
        };
        let scaling = match semantics.get("scaling") {
            Some(Value::Array(a)) => {
                Some(a.iter().map(|v| whole(&names.rational(v, None)?)).collect::<Got<Vec<usize>>>()?)
            }
            _ => None,
        };
        Ok(Setup {
            noise: noise(oracle.get("noise"), d, &names)?,
            batch: oracle.get("batch").map_or(Ok(E::Num(Q::ONE)), formula)?,
            minibatch: text(oracle, "sampling") == Some("minibatch"),
            name: text(algorithm, "name").unwrap_or("").to_string(),
            compressor: compressor(algorithm.get("compressor"), &names)?,
            perturbation: algorithm.get("perturbation").map(|v| noise(Some(v), d, &names)).transpose()?,
            algorithm: algorithm.clone(),
            zero: convention(semantics, "sign_zero"),
            ties: convention(semantics, "ties"),
            average: text(semantics, "momentum_form").map(|f| f == "average"),
            first_gradient: text(semantics, "momentum_start") == Some("first-gradient"),
            parameters: cell.parameters.clone(),
            problem,
            start,
            workers,
            scaling,
            horizon,
            window,
        })
    }

    /// An expression in parameters, facts and k.
    pub(crate) fn formula(&self, e: &E, k: Option<usize>) -> Got<V> {
        evaluate(e, &self.parameters, &|name| match (name, k) {
            ("k", Some(k)) => Some(Ok(V::int(k as i64))),
            _ => Some(facts::fact(self, name)),
        })
    }

    /// A parameter of the method at step k.
    pub(crate) fn value(&self, key: &str, k: usize) -> Got<Q> {
        let v = self.algorithm.get(key).ok_or(format!("no {key}"))?;
        Ok(self.formula(&formula(v)?, Some(k))?.near())
    }

    pub(crate) fn value_or(&self, key: &str, k: usize, default: Q) -> Got<Q> {
        if self.algorithm.contains_key(key) { self.value(key, k) } else { Ok(default) }
    }

    pub(crate) fn whole_or(&self, key: &str, k: usize, default: i64) -> Got<i64> {
        Ok(whole(&self.value_or(key, k, q(default))?)? as i64)
    }

    pub(crate) fn whole(&self, e: &E, k: usize) -> Got<usize> {
        whole(&self.formula(e, Some(k))?.near())
    }

    pub(crate) fn word(&self, key: &str) -> Option<&str> {
        text(&self.algorithm, key)
    }

    /// One number for each coordinate.
    pub(crate) fn vector(&self, key: &str, default: Q) -> Got<Vec<Q>> {
        let d = self.start.len();
        self.algorithm.get(key).map_or(Ok(vec![default; d]), |v| Names { parameters: &self.parameters }.vector(v, d))
    }

    /// Steps by which worker m's gradients are late.
    pub(crate) fn delay(&self, m: usize) -> Got<usize> {
        match self.algorithm.get("delay") {
            Some(Value::Array(all)) => {
                whole(&self.formula(&formula(&all[if all.len() == 1 { 0 } else { m }])?, None)?.near())
            }
            Some(v) => whole(&self.formula(&formula(v)?, None)?.near()),
            None => Ok(1),
        }
    }

    /// What is scaled as one vector.
    pub(crate) fn blocks(&self, d: usize) -> Vec<Range<usize>> {
        let sizes = self.scaling.clone().unwrap_or_else(|| vec![d]);
        let mut from = 0;
        sizes
            .into_iter()
            .map(|n| {
                from += n;
                from - n..from
            })
            .collect()
    }

    /// Whether every coordinate of the gradient depends on that coordinate of x alone.
    pub(crate) fn separable(&self) -> bool {
        match &self.problem {
            Problem::Quadratic(_) | Problem::Huber { .. } | Problem::Workers { .. } => true,
            Problem::Matrix(h) => (0..h.len()).all(|i| (0..h.len()).all(|j| i == j || h[i][j] == Q::ZERO)),
            _ => false,
        }
    }
}
