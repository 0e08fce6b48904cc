//! Random claim files over all parts that the second opinion knows.

use super::number::{Q, q, ratio};
use toml::{Table, Value};

/// splitmix64: every file is a function of its number, so that a finding can be run again.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// True once in n times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// A small fraction, 0 and whole numbers among them.
    pub(crate) fn small(&mut self) -> Q {
        let n = self.below(13) as i64 - 6;
        ratio(n, self.pick(&[1, 1, 1, 2, 2, 3, 4, 5, 10]))
    }

    pub(crate) fn positive(&mut self) -> Q {
        ratio(1 + self.below(6) as i64, self.pick(&[1, 1, 2, 3, 4, 5, 8, 10]))
    }

    /// Below 1, 0 among them.
    pub(crate) fn fraction(&mut self) -> Q {
        self.pick(&[Q::ZERO, ratio(1, 2), ratio(1, 3), ratio(3, 4), ratio(9, 10), ratio(1, 4)])
    }
}

/// A number as a file may write it: bare, as a decimal, or as a text.
pub(crate) fn number(x: &Q, random: &mut Random) -> Value {
    let text = x.to_string();
    let as_float = super::number::to_f64(x);
    let short = format!("{as_float:?}");
    let decimal = short.len() < 9 && super::number::parse(&short).as_ref() == Some(x);
    match text.parse::<i64>() {
        Ok(n) if random.below(4) > 0 => Value::Integer(n),
        _ if decimal && random.one_in(3) => Value::Float(as_float),
        _ if decimal && random.one_in(3) => Value::String(short),
        _ => Value::String(text),
    }
}

fn vector(n: usize, random: &mut Random, mut one: impl FnMut(&mut Random) -> Q) -> Value {
    Value::Array(
        (0..n)
            .map(|_| {
                let x = one(random);
                number(&x, random)
            })
            .collect(),
    )
}

fn rows(r: usize, d: usize, random: &mut Random) -> Value {
    Value::Array(
        (0..r)
            .map(|_| {
                vector(d, random, |random| {
                    let n = random.below(5) as i64 - 2;
                    ratio(n, random.pick(&[1, 1, 2]))
                })
            })
            .collect(),
    )
}

fn set(t: &mut Table, key: &str, v: impl Into<Value>) {
    t.insert(key.into(), v.into());
}

fn put(t: &mut Table, key: &str, x: &Q, random: &mut Random) {
    let v = number(x, random);
    t.insert(key.into(), v);
}

/// An objective with its start, and its dimension.
pub(crate) fn problem(random: &mut Random) -> (Table, usize) {
    let mut t = Table::new();
    let mut d = random.pick(&[1, 1, 1, 2, 2, 2, 3]);
    let name = random.pick(&[
        "quadratic",
        "quadratic",
        "quadratic",
        "quadratic-matrix",
        "linear",
        "huber",
        "absolute-pair",
        "two-line-squares",
        "line-losses",
        "line-losses",
        "worker-squares",
        "worker-quadratics",
    ]);
    set(&mut t, "name", name);
    let mut box_size = None;
    match name {
        "quadratic" => {
            if random.one_in(4) {
                let a = random.positive();
                put(&mut t, "curvature", &a, random);
                set(&mut t, "dimension", d as i64);
            } else {
                let v = vector(d, random, |random| if random.one_in(10) { Q::ZERO } else { random.positive() });
                set(&mut t, "curvature", v);
            }
        }
        "quadratic-matrix" => {
            d = d.max(2);
            let mut h = vec![vec![Q::ZERO; d]; d];
            if random.one_in(3) {
                let v: Vec<Q> = (0..d).map(|_| q(random.below(4) as i64 - 1)).collect();
                for i in 0..d {
                    for j in 0..d {
                        h[i][j] = &v[i] * &v[j];
                    }
                }
            } else {
                for (i, j) in (0..d).flat_map(|i| (0..=i).map(move |j| (i, j))) {
                    let x = if i == j { q(random.below(5) as i64) } else { ratio(random.below(5) as i64 - 2, 2) };
                    h[i][j] = x.clone();
                    h[j][i] = x;
                }
            }
            if h.iter().flatten().all(super::number::zero) {
                h[0][0] = Q::ONE;
            }
            let list = h.iter().map(|r| Value::Array(r.iter().map(|x| number(x, random)).collect())).collect();
            set(&mut t, "matrix", Value::Array(list));
        }
        "linear" => {
            let v = vector(d, random, Random::small);
            set(&mut t, "slope", v);
            if random.one_in(2) {
                let b = random.positive();
                put(&mut t, "box", &b, random);
                box_size = Some(b);
            }
        }
        "huber" => {
            let (l, s) = (random.positive(), random.positive());
            put(&mut t, "curvature", &l, random);
            put(&mut t, "slope", &s, random);
            set(&mut t, "dimension", d as i64);
        }
        "absolute-pair" | "two-line-squares" => {
            d = 2;
            let e = random.pick(&[ratio(1, 2), ratio(1, 4), ratio(3, 4), ratio(1, 10)]);
            put(&mut t, "epsilon", &e, random);
            if name == "absolute-pair" && random.one_in(2) {
                set(&mut t, "kink", random.pick(&["zero", "plus", "minus"]));
            }
        }
        "line-losses" => {
            let r = 1 + random.below(3);
            // A row of zeros is refused.
            let v = loop {
                let v = rows(r, d, random);
                let zero = |r: &Value| {
                    r.as_array().is_some_and(|r| {
                        r.iter().all(|x| {
                            x.to_string().trim_matches('"').trim_start_matches("0.0") == "0"
                                || x.to_string().trim_matches('"').parse() == Ok(0.0)
                        })
                    })
                };
                if !v.as_array().is_some_and(|r| r.iter().any(zero)) {
                    break v;
                }
            };
            set(&mut t, "rows", v);
            if random.one_in(2) {
                let v = vector(r, random, Random::small);
                set(&mut t, "targets", v);
            }
            let loss = random.pick(&["square", "huber", "absolute"]);
            set(&mut t, "loss", loss);
            if loss == "huber" {
                let s = random.positive();
                put(&mut t, "slope", &s, random);
            }
            if loss == "absolute" && random.one_in(2) {
                set(&mut t, "kink", random.pick(&["zero", "plus", "minus"]));
            }
        }
        "worker-squares" => {
            d = 1;
            let m = 1 + random.below(4);
            let v = vector(m, random, Random::small);
            set(&mut t, "targets", v);
        }
        _ => {
            let m = 1 + random.below(3);
            let v = rows(m, d, random);
            set(&mut t, "targets", v);
            if random.one_in(2) {
                let v = Value::Array((0..m).map(|_| vector(d, random, Random::positive)).collect());
                set(&mut t, "curvature", v);
            }
        }
    }
    let start = vector(d, random, |random| match &box_size {
        Some(b) => b * random.pick(&[Q::ONE, -Q::ONE, ratio(1, 2), Q::ZERO]),
        None => random.small(),
    });
    set(&mut t, "start", start);
    (t, d)
}

/// A pair or three of values of the given mean, with probabilities.
fn atoms(mean: &Q, random: &mut Random) -> Vec<(Q, Q)> {
    let (a, b) = (random.positive(), random.positive());
    let idle = random.pick(&[Q::ZERO, Q::ZERO, ratio(1, 2), ratio(1, 5)]);
    let rest = Q::ONE - &idle;
    let mut all = vec![(mean + &a, &rest * &b / (&a + &b)), (mean - &b, &rest * &a / (&a + &b))];
    if idle > Q::ZERO {
        all.push((mean.clone(), idle));
    }
    all
}

fn pairs(all: &[(Q, Q)], random: &mut Random) -> Value {
    Value::Array(all.iter().map(|(v, p)| Value::Array(vec![number(v, random), number(p, random)])).collect())
}

/// A law of stochastic gradients that can be enumerated.
pub(crate) fn noise(problem: &str, d: usize, random: &mut Random) -> Value {
    let mut t = Table::new();
    let bounded = matches!(problem, "huber" | "linear" | "absolute-pair");
    let mut names = vec![
        "rademacher",
        "finite",
        "finite",
        "sparse-independent",
        "joint",
        "multiplicative",
        "state-atoms",
        "skew50",
        "tree",
    ];
    if bounded {
        names.extend(["two-atom", "two-atom"]);
    }
    if problem == "linear" {
        names.push("cantelli-extremal");
    }
    let law = random.pick(&names);
    set(&mut t, "law", law);
    let scaled = matches!(law, "rademacher" | "finite" | "sparse-independent" | "skew50");
    if scaled && random.one_in(2) {
        if random.one_in(2) {
            let s = random.positive();
            put(&mut t, "scale", &s, random);
        } else {
            let v = vector(d, random, |random| if random.one_in(3) { Q::ZERO } else { random.positive() });
            set(&mut t, "scale", v);
        }
    }
    match law {
        "finite" | "multiplicative" => {
            let mean = if law == "finite" { Q::ZERO } else { Q::ONE };
            let all = atoms(&mean, random);
            let v = pairs(&all, random);
            set(&mut t, "atoms", v);
            if law == "multiplicative" && random.one_in(2) {
                set(&mut t, "over", "shared");
            }
        }
        "sparse-independent" => {
            let p = random.pick(&[ratio(1, 2), ratio(1, 3), Q::ONE, ratio(1, 10)]);
            put(&mut t, "probability", &p, random);
            let s = random.positive();
            put(&mut t, "size", &s, random);
        }
        "joint" | "tree" => {
            let (p1, p2) = (random.pick(&[ratio(1, 4), ratio(1, 2)]), ratio(1, 4));
            let p3 = Q::ONE - &p1 - &p2;
            let v1: Vec<Q> = (0..d).map(|_| random.small()).collect();
            let v2: Vec<Q> = (0..d).map(|_| random.small()).collect();
            let v3: Vec<Q> = v1.iter().zip(&v2).map(|(a, b)| -(a * &p1 + b * &p2) / &p3).collect();
            let mut list = Vec::new();
            let mut row = |node: Option<i64>, v: &[Q], p: &Q, random: &mut Random| {
                let mut r: Vec<Value> = node.map(Value::Integer).into_iter().collect();
                r.extend(v.iter().map(|x| number(x, random)));
                r.push(number(p, random));
                list.push(Value::Array(r));
            };
            if law == "joint" {
                for (v, p) in [(&v1, &p1), (&v2, &p2), (&v3, &p3)] {
                    row(None, v, p, random);
                }
            } else {
                let half = ratio(1, 2);
                let minus: Vec<Q> = v1.iter().map(|x| -x.clone()).collect();
                row(Some(0), &v1, &half, random);
                row(Some(0), &minus, &half, random);
                // After a first draw upwards another pair; after one downwards nothing.
                let minus: Vec<Q> = v2.iter().map(|x| -x.clone()).collect();
                row(Some(1), &v2, &half, random);
                row(Some(1), &minus, &half, random);
                if random.one_in(2) {
                    set(&mut t, "then", "again");
                }
            }
            set(&mut t, "atoms", Value::Array(list));
        }
        "state-atoms" => {
            let text = random.pick(&[
                "g + a : 1/2; g - a : 1/2",
                "2*g : 1/2; 0 : 1/2",
                "g + a : 1/4; g - a/3 : 3/4",
                "-g : 1/4; 5*g/3 : 3/4",
            ]);
            set(&mut t, "atoms", text);
            if text.contains('a') {
                let a = random.positive();
                put(&mut t, "a", &a, random);
            }
        }
        "two-atom" => set(&mut t, "size", 60),
        "cantelli-extremal" => {
            let w = random.pick(&[ratio(1, 4), ratio(1, 2), Q::ZERO]);
            put(&mut t, "wrong", &w, random);
            if random.one_in(2) {
                let e = random.positive();
                put(&mut t, "shift", &e, random);
            }
        }
        _ => {}
    }
    if t.len() == 1 && random.one_in(2) { Value::String(law.into()) } else { Value::Table(t) }
}

/// Methods with a momentum.
pub(crate) const MOMENTUM: [&str; 9] = [
    "sgdm",
    "signum",
    "signsgdm",
    "signsgd-sim",
    "signsgd-dim",
    "signum-noise",
    "mv-signsgd-sim",
    "mv-sto-signsgd-sim",
    "federated-mv-sto-signsgd-sim",
];

pub(crate) fn compressor(d: usize, random: &mut Random) -> Table {
    let mut t = Table::new();
    let name = random.pick(&[
        "identity",
        "sign",
        "sign",
        "top-k",
        "random-k",
        "terngrad",
        "qsgd",
        "stochastic-sign",
        "linear",
    ]);
    set(&mut t, "name", name);
    match name {
        "top-k" | "random-k" => set(&mut t, "k", 1 + random.below(d) as i64),
        "stochastic-sign" => set(&mut t, "radius", 20),
        "linear" => {
            let c = random.pick(&[ratio(1, 2), ratio(3, 2), Q::ONE]);
            put(&mut t, "factor", &c, random);
        }
        "qsgd" if random.one_in(2) => set(&mut t, "levels", 2),
        _ => {}
    }
    if matches!(name, "random-k" | "terngrad" | "qsgd") && random.one_in(2) {
        set(&mut t, "rescale", random.pick(&["yes", "no"]));
    }
    t
}

/// A method with its parameters; `step` is the name of a declared parameter.
pub(crate) fn algorithm(d: usize, step: &str, random: &mut Random) -> Table {
    let mut t = Table::new();
    let name = random.pick(&[
        "sgd",
        "gd",
        "sgdm",
        "signsgd",
        "signsgd",
        "signum",
        "signsgdm",
        "signsgd-sim",
        "signsgd-dim",
        "signum-noise",
        "delayed-signsgd",
        "vote",
        "mv-signsgd",
        "vote-abstain",
        "vote-sum",
        "mv-signsgd-sim",
        "mv-sto-signsgd-sim",
        "federated-mv-sto-signsgd-sim",
        "noisy-signsgd",
        "median-sgd",
        "noisy-median-sgd",
        "scaled-signsgd-mean",
        "scaled-signgd",
        "scaled-signsgd",
        "scaled-vote",
        "ef-sgd",
        "ef-sgd",
        "ef-lookahead",
        "compressed-sgd",
        "adagrad-norm",
        "sign-adagrad-a",
        "sign-adagrad-b",
        "adam",
        "rmsprop",
        "sign-flow",
    ]);
    set(&mut t, "name", name);
    let rate = match random.below(5) {
        0 => format!("{step}/(k + 1)"),
        1 => format!("{step}/2^k"),
        _ => step.to_string(),
    };
    set(&mut t, "step_size", rate);
    if MOMENTUM.contains(&name) {
        let b = random.fraction();
        put(&mut t, "momentum", &b, random);
    }
    match name {
        "signum" if random.one_in(2) => set(&mut t, "warmup", 1),
        "signsgd-sim" if random.one_in(2) => {
            let v = vector(d, random, Random::positive);
            set(&mut t, "step_factors", v);
        }
        "signum-noise" | "noisy-signsgd" | "noisy-median-sgd" => {
            let b = random.positive();
            put(&mut t, "noise_level", &b, random);
            let mut law = Table::new();
            set(&mut law, "law", "rademacher");
            let as_text = random.one_in(2);
            set(&mut t, "perturbation", if as_text { Value::String("rademacher".into()) } else { Value::Table(law) });
        }
        "delayed-signsgd" if random.one_in(2) => set(&mut t, "delay", random.below(3) as i64),
        "vote-abstain" => {
            let c = random.positive();
            put(&mut t, "threshold", &c, random);
            set(&mut t, "quorum", random.below(3) as i64);
        }
        "mv-sto-signsgd-sim" | "federated-mv-sto-signsgd-sim" => {
            set(&mut t, "radius", random.pick(&[1, 5, 40]));
            if random.one_in(2) {
                let a = random.fraction();
                put(&mut t, "extrapolation", &a, random);
            }
            if name.starts_with("fed") {
                let e = random.positive();
                put(&mut t, "local_step_size", &e, random);
                set(&mut t, "local_steps", 1 + random.below(2) as i64);
            }
        }
        "ef-sgd" | "ef-lookahead" | "compressed-sgd" if random.below(4) > 0 => {
            let c = compressor(d, random);
            let alone = c.len() == 1 && random.one_in(2);
            let word = c["name"].clone();
            set(&mut t, "compressor", if alone { word } else { Value::Table(c) });
        }
        "adagrad-norm" | "sign-adagrad-a" | "sign-adagrad-b" if random.one_in(2) => {
            let b = random.positive();
            put(&mut t, "b0", &b, random);
        }
        "adam" | "rmsprop" => {
            let b = random.fraction();
            put(&mut t, "beta2", &b, random);
            if name == "adam" {
                let b = random.fraction();
                put(&mut t, "beta1", &b, random);
            }
            if random.one_in(2) {
                let e = random.positive();
                put(&mut t, "epsilon", &e, random);
            }
            if random.one_in(2) {
                set(&mut t, "bias_correction", random.pick(&["yes", "no"]));
            }
        }
        "sign-flow" if random.one_in(2) => set(&mut t, "speed", 2),
        _ => {}
    }
    t
}

pub(crate) fn semantics(d: usize, random: &mut Random) -> Table {
    let mut t = Table::new();
    if random.one_in(3) {
        set(&mut t, "sign_zero", random.pick(&["0", "+1", "-1", "random"]));
    }
    if random.one_in(3) {
        set(&mut t, "ties", random.pick(&["zero", "+1", "-1", "random"]));
    }
    if random.one_in(5) {
        set(&mut t, "momentum_form", random.pick(&["sum", "average"]));
    }
    if random.one_in(5) {
        set(&mut t, "momentum_start", random.pick(&["zero", "first-gradient"]));
    }
    if random.one_in(8) && d > 1 {
        set(&mut t, "scaling", Value::Array(vec![Value::Integer(1), Value::Integer(d as i64 - 1)]));
    }
    t
}
