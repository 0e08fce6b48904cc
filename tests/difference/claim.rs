//! A whole random claim file: parts, sides, sweeps, cases, changes and controls.

use super::file::questions;
use super::generate::{MOMENTUM, Random, algorithm, noise, number, problem, semantics};
use super::judge::judge;
use super::number::{Q, ratio};
use toml::{Table, Value};

fn set(t: &mut Table, key: &str, v: impl Into<Value>) {
    t.insert(key.into(), v.into());
}

/// Statistics that make sense for the file, with whether they need a step before them.
fn statistics(file: &Table) -> Vec<(&'static str, bool)> {
    let word = |part: &str, key: &str| file[part].get(key).and_then(Value::as_str).unwrap_or("").to_string();
    let (problem, method) = (word("problem", "name"), word("algorithm", "name"));
    let mut all = vec![
        ("f", false),
        ("f", false),
        ("grad_l1", false),
        ("grad_l2sq", false),
        ("grad_linf", false),
        ("x1", false),
        ("x1", false),
        ("f_average", false),
        ("grad_l2", false),
        ("move_linf", true),
        ("turn_l1", true),
        ("wrong_l1", true),
    ];
    if !matches!(problem.as_str(), "linear") {
        all.extend([("gap", false), ("gap_average", false), ("dist", false)]);
    }
    if problem.starts_with("worker") {
        all.extend([
            ("median_l1", false),
            ("median_l2sq", false),
            ("median_gap_l1", false),
            ("median_gap_l2sq", false),
        ]);
    }
    if method.starts_with("ef-") {
        all.extend([("error_l1", false), ("error_l2", false)]);
    }
    if MOMENTUM.contains(&method.as_str()) && !method.contains("mv-") {
        all.extend([("momentum_l1", false), ("momentum_miss_l1", true)]);
    }
    if ["signsgd-sim", "signsgd-dim", "mv-signsgd-sim"].contains(&method.as_str()) {
        all.extend([("momentum_error_l2sq", false), ("momentum_error_l2", false)]);
    }
    all
}

fn side(file: &Table, random: &mut Random) -> (String, bool) {
    let known = statistics(file);
    let mut late = false;
    let mut one = |random: &mut Random| {
        let (s, needs) = random.pick(&known);
        let how = random.pick(&["last", "last", "mean", "min", "max", "first"]);
        let how = if needs && how == "first" { "last" } else { how };
        late |= needs;
        let inner = match random.below(12) {
            0 => format!("{s}^2"),
            1 => format!("2*{s} - b"),
            2 => format!("abs({s} - 1/3)"),
            3 => format!("max({s}, b)"),
            _ => s.to_string(),
        };
        match random.below(4) {
            0 => format!("E({how}({inner}))"),
            1 => format!("{how}(E({inner}))"),
            _ => format!("{how}({inner})"),
        }
    };
    let first = one(random);
    let written = first.contains("E(");
    let text = match random.below(8) {
        0 | 1 => {
            let second = one(random);
            // E is written in both terms or in none.
            let second = match (written, second.contains("E(")) {
                (true, false) => format!("E({second})"),
                (false, true) => second.replace("E(", "("),
                _ => second,
            };
            format!("{first} - {second}")
        }
        2 => format!("3*{first}/b"),
        3 => format!("{first} + b"),
        _ => first,
    };
    (text, late)
}

const RIGHTS: [&str; 22] = [
    "f0",
    "D",
    "D/T + b",
    "L*D",
    "R^2",
    "L*R^2/2",
    "sigma^2/2",
    "sigma",
    "sqrt(d)*sigma",
    "grad0_l1",
    "grad0_l2^2",
    "grad0_l2",
    "L1*a/2 + D/(a*T)",
    "(1 - a)^T*D",
    "max(f0, 1)",
    "d/M",
    "sqrt(2)^2/2",
    "b^2 - a/3",
    "G^2",
    "mu*R^2/2",
    "f0 + 2*sqrt(2)*sqrt(8)",
    "abs(b - 1)*ceil(a)",
];

fn change(file: &Table, d: usize, random: &mut Random) -> Table {
    let mut t = Table::new();
    let name = file["problem"]["name"].as_str().unwrap_or("").to_string();
    match random.below(7) {
        0 => {
            let start = Value::Array((0..d).map(|_| number(&ratio(random.below(3) as i64 - 1, 10), random)).collect());
            set(&mut t, "problem", Table::from_iter([("start".to_string(), start)]));
        }
        1 => {
            let b = random.positive();
            let v = number(&b, random);
            set(&mut t, "parameters", Table::from_iter([("b".to_string(), v)]));
        }
        2 => {
            let law = noise(&name, d, random);
            set(&mut t, "oracle", Table::from_iter([("noise".to_string(), law)]));
        }
        3 => set(&mut t, "algorithm", algorithm(d, "a", random)),
        4 => set(&mut t, "semantics", semantics(d, random)),
        5 => {
            let rate = random.pick(&["a/3", "a/(k + 2)", "a*b"]);
            set(&mut t, "algorithm", Table::from_iter([("step_size".to_string(), Value::String(rate.into()))]));
        }
        _ => {}
    }
    t
}

fn hypotheses(file: &Table, random: &mut Random) -> Vec<Value> {
    let quiet = file["oracle"].get("noise").is_none();
    let mut all =
        vec!["lower-bound", "smooth", "convex", "minimiser", "odd-workers", "pl", "bounded-gradient", "symmetric"];
    if !quiet {
        all.push("unbiased");
    }
    all.retain(|_| random.one_in(10));
    all.into_iter().map(|h| Value::String(h.into())).collect()
}

/// A random claim file by its number; the right sides are set once the left ones are known.
pub(crate) fn claim(seed: u64) -> Table {
    let mut random = Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x1234_5678);
    let random = &mut random;
    let (objective, d) = problem(random);
    let name = objective["name"].as_str().unwrap_or("").to_string();
    let mut file = Table::new();
    set(&mut file, "schema", 1);
    set(&mut file, "id", "difference/random");
    set(&mut file, "title", "A random file");
    set(
        &mut file,
        "source",
        Table::from_iter(
            [("paper", "difference"), ("place", "here")].map(|(k, v)| (k.to_string(), Value::String(v.into()))),
        ),
    );
    set(&mut file, "statement", "x");
    set(&mut file, "units", "waived: numbers");
    set(&mut file, "problem", objective);
    let mut oracle = Table::new();
    if random.below(5) < 3 {
        let law = noise(&name, d, random);
        set(&mut oracle, "noise", law);
    } else if random.one_in(2) {
        set(&mut oracle, "noise", "none");
    }
    if matches!(name.as_str(), "two-line-squares" | "line-losses") && random.one_in(2) {
        set(&mut oracle, "sampling", "minibatch");
    }
    match random.below(8) {
        0 => set(&mut oracle, "batch", 2),
        1 => set(&mut oracle, "batch", "k + 1"),
        _ => {}
    }
    if !name.starts_with("worker") && random.one_in(2) {
        set(&mut oracle, "workers", 1 + random.below(4) as i64);
    }
    set(&mut file, "oracle", oracle);
    set(&mut file, "algorithm", algorithm(d, "a", random));
    let conventions = semantics(d, random);
    if !conventions.is_empty() {
        set(&mut file, "semantics", conventions);
    }
    let mut parameters = Table::new();
    let (a, b) = (random.positive(), random.positive());
    let v = number(&a, random);
    set(&mut parameters, "a", v);
    let v = if random.one_in(5) { Value::String("a + 1".into()) } else { number(&b, random) };
    set(&mut parameters, "b", v);
    let noisy = file["oracle"].get("noise").is_some_and(|n| *n != Value::String("none".into()));
    let horizon = 1 + random.below(if noisy { 2 } else { 5 }) as i64;
    let steps = if random.one_in(4) {
        Value::Array(vec![Value::Integer(1), Value::Integer(horizon + 1)])
    } else {
        Value::Integer(horizon)
    };
    set(&mut parameters, "T", steps);
    if random.one_in(6) {
        let (x, y) = (random.positive(), random.positive() + ratio(7, 1));
        let v = Value::Array(vec![number(&x, random), number(&y, random)]);
        set(&mut parameters, "a", v);
    }
    set(&mut file, "parameters", parameters);
    let mut run = Table::new();
    set(&mut run, "horizon", "T");
    set(&mut run, "replicates", 256);
    set(&mut file, "run", run);
    let named = hypotheses(&file, random);
    if !named.is_empty() {
        set(&mut file, "hypotheses", Value::Array(named));
    }
    if random.one_in(6) {
        let text = random.pick(&["a < 1", "b >= a", "a <= sqrt(1 - b)", "0 < L", "a*L < 2", "b^2 > 1/4"]);
        set(&mut file, "requires", Value::Array(vec![Value::String(text.into())]));
    }
    if random.one_in(3) {
        let cases: Vec<Value> = (0..=random.below(2))
            .map(|i| {
                let mut c = Table::new();
                set(&mut c, "name", format!("case {i}"));
                set(&mut c, "change", if i == 0 { Table::new() } else { change(&file, d, random) });
                Value::Table(c)
            })
            .collect();
        set(&mut file, "case", Value::Array(cases));
    }
    bounds(&mut file, d, random);
    file
}

fn bounds(file: &mut Table, d: usize, random: &mut Random) {
    let relations = ["upper", "upper", "upper", "lower", "identity", "tight", "non-convergence"];
    let (text, mut late) = side(file, random);
    set(file, "left", text);
    set(file, "relation", random.pick(&relations));
    let mut all = Vec::new();
    for i in 0..=random.below(3) {
        let mut b = Table::new();
        set(&mut b, "name", format!("bound {i}"));
        set(&mut b, "expect", "holds");
        set(&mut b, "why", "random");
        if random.one_in(3) {
            let (text, needs) = side(file, random);
            late |= needs;
            set(&mut b, "left", text);
        }
        if random.one_in(3) {
            set(&mut b, "relation", random.pick(&relations));
        }
        if random.one_in(4) {
            set(&mut b, "change", change(file, d, random));
        }
        if random.one_in(4) {
            let m = random.pick(&[Q::ZERO, ratio(1, 2), ratio(1, 100)]);
            let m = number(&m, random);
            set(&mut b, "margin", m);
        }
        set(&mut b, "right", "0");
        all.push(b);
    }
    if late {
        let window = Value::Array(vec![Value::Integer(1), Value::String("T".into())]);
        if let Some(Value::Table(run)) = file.get_mut("run") {
            run.insert("window".into(), window);
        }
    }
    set(file, "bound", Value::Array(all.iter().cloned().map(Value::Table).collect()));
    // Right sides: what the left side is, a little beside it, a formula, or a number.
    let lefts: Vec<Option<Q>> = questions(file)
        .iter()
        .map(|q| {
            judge(q).ok().and_then(|c| c.last().and_then(|c| c.left.clone().ok())).and_then(|v| v.exact().cloned())
        })
        .collect();
    for (b, left) in all.iter_mut().zip(lefts) {
        let near = left.filter(|x| x.to_string().len() < 60);
        let x = match (random.below(6), near) {
            (0 | 1, Some(x)) => x,
            (2, Some(x)) => x + ratio(1, 1_000_000),
            (3, Some(x)) => x - ratio(1, 1_000_000),
            (5, _) => random.small(),
            _ => {
                let text = random.pick(&RIGHTS);
                set(b, "right", text);
                continue;
            }
        };
        let v = number(&x, random);
        set(b, "right", v);
    }
    set(file, "bound", Value::Array(all.into_iter().map(Value::Table).collect()));
    if random.one_in(4) {
        let mut c = Table::new();
        let mut laid = change(file, d, random);
        if random.one_in(2) {
            let x = random.small();
            let v = number(&x, random);
            set(&mut laid, "right", v);
        }
        set(&mut c, "bound", "bound 0");
        set(&mut c, "change", laid);
        set(&mut c, "expect", "violated");
        set(file, "control", Value::Array(vec![Value::Table(c)]));
    }
}
