//! All paths of a run, both sides of a bound, and the outcome.

use super::compressor::Coins;
use super::expr::{E, expression};
use super::facts::{fact, hypothesis};
use super::file::{Cell, Question, cells, formula, texts};
use super::noise::Chooser;
use super::number::{Got, Q, V, fresh, slack, zero};
use super::problem::{l1, l2, l2sq, linf, mean, median, minus};
use super::setup::Setup;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Most paths that are gone through.
const PATHS: usize = 700;

/// One outcome of all choices.
pub(crate) struct Path {
    weight: Q,
    xs: Vec<Vec<Q>>,
    momentum: Vec<Vec<Vec<Q>>>,
    error: Vec<Vec<Q>>,
}

/// All outcomes, and whether a sign of 0 was taken on one.
pub(crate) fn paths(s: &Setup) -> Got<(Vec<Path>, bool)> {
    let mut all = Vec::new();
    let mut chooser = Chooser::default();
    let mut tied = false;
    loop {
        chooser.begin();
        let state = super::algorithm::State { x: s.start.clone(), past: vec![s.start.clone()], ..Default::default() };
        let mut run = super::algorithm::Run { setup: s, state, coins: Coins { chooser: &mut chooser, zero: s.zero } };
        let (mut momentum, mut error) = (vec![Vec::new()], vec![Vec::new()]);
        for k in 0..s.horizon {
            run.step(k)?;
            momentum.push(run.state.momentum.clone());
            error.push(run.state.error.clone());
        }
        tied |= run.state.tied;
        let xs = run.state.past;
        all.push(Path { weight: chooser.weight.clone(), xs, momentum, error });
        let wide = all.len() == 1 && chooser.width() > 2 * PATHS;
        if !chooser.next() {
            return Ok((all, tied));
        }
        // Rounded numbers are long, and a few paths of them take as long as many of fractions.
        if all.len() >= if slack() > 0.0 { PATHS / 10 } else { PATHS } || wide {
            return Err("too many paths".into());
        }
    }
}

fn worker_median(s: &Setup, x: &[Q]) -> Got<Vec<Q>> {
    let m = s.problem.workers().unwrap_or(1);
    Ok(median(&(0..m).map(|m| s.problem.worker(m, x)).collect::<Got<Vec<_>>>()?))
}

/// A statistic at iterate t of one path.
fn statistic(s: &Setup, p: &Path, name: &str, t: usize) -> Got<V> {
    let (f, x) = (&s.problem, &p.xs[t]);
    let before =
        || if t == 0 { Err("undefined: a statistic of a step at the start".to_string()) } else { Ok(&p.xs[t - 1]) };
    let average = || {
        let sum = mean(&p.xs[..=t]);
        f.value(&sum)
    };
    let norm = |v: Vec<Q>, kind: &str| -> Got<V> {
        match kind {
            "l1" => Ok(l1(&v).into()),
            "l2" => l2(&v),
            "l2sq" => Ok(l2sq(&v).into()),
            "linf" => Ok(linf(&v).into()),
            other => Err(format!("the norm {other}")),
        }
    };
    let momentum = |t: usize| -> Got<Vec<Q>> {
        if p.momentum[t].is_empty() { Err("a memory before the first step".into()) } else { Ok(mean(&p.momentum[t])) }
    };
    Ok(match name {
        "f" => f.value(x).into(),
        "gap" => (f.value(x) - f.minimum(&s.start)?.0).into(),
        "f_average" => average().into(),
        "gap_average" => (average() - f.minimum(&s.start)?.0).into(),
        "dist" => l2(&minus(x, &f.minimum(x)?.1))?,
        "dist_inf" => return Err("dist_inf".into()),
        "move_linf" => linf(&minus(x, before()?)).into(),
        "turn_l1" => l1(&minus(&f.gradient(x)?, &f.gradient(before()?)?)).into(),
        "wrong_l1" => {
            let g = f.gradient(before()?)?;
            let moved = minus(x, before()?);
            let right = |i: usize| &g[i] * &moved[i] < Q::ZERO;
            l1(&(0..g.len()).map(|i| if right(i) { Q::ZERO } else { g[i].clone() }).collect::<Vec<_>>()).into()
        }
        "momentum_error_l2" | "momentum_error_l2sq" => {
            let miss = if t == 0 { f.gradient(x)? } else { minus(&momentum(t)?, &f.gradient(before()?)?) };
            norm(miss, &name["momentum_error_".len()..])?
        }
        _ => {
            if let Some(i) = name.strip_prefix('x').and_then(|n| n.parse::<usize>().ok()) {
                return x.get(i.wrapping_sub(1)).map(|x| x.clone().into()).ok_or(format!("the coordinate {name}"));
            }
            let (what, kind) = name.rsplit_once('_').ok_or(format!("the statistic {name}"))?;
            match what {
                "grad" => norm(f.gradient(x)?, kind)?,
                "median" => norm(worker_median(s, x)?, kind)?,
                "median_gap" => norm(minus(&f.gradient(x)?, &worker_median(s, x)?), kind)?,
                "error" if t == 0 => V::int(0),
                "error" if !p.error[t].is_empty() => norm(p.error[t].clone(), kind)?,
                "momentum" if t == 0 => V::int(0),
                "momentum" if s.name != "adam" => norm(momentum(t)?, kind)?,
                "momentum_miss" => {
                    let m = momentum(t)?;
                    // Signum in either form keeps the weight of all gradients in m: by m's own recursion, fed with ones.
                    let weight = if matches!(s.name.as_str(), "signum" | "signsgdm") {
                        super::algorithm::weight(s, t)?
                    } else {
                        Q::ONE
                    };
                    if zero(&weight) {
                        return Err("a weight of 0".into());
                    }
                    let m: Vec<Q> = m.iter().map(|m| m / &weight).collect();
                    norm(minus(&m, &f.gradient(before()?)?), kind)?
                }
                _ => return Err(format!("the statistic {name}")),
            }
        }
    })
}

/// Where an expression of the left side stands: inside E, and inside a reduction over time.
#[derive(Clone, Copy)]
struct Scope<'a> {
    path: Option<&'a Path>,
    time: Option<usize>,
}

fn left(s: &Setup, all: &[Path], e: &E, scope: Scope) -> Got<V> {
    e.eval(&mut |node| match node {
        E::Call(name, a) if name == "E" && a.len() == 1 => Some(expectation(s, all, &a[0], scope.time)),
        E::Call(name, a) if a.len() == 1 && scope.time.is_none() => {
            let times: Vec<usize> = match name.as_str() {
                "last" => vec![s.horizon],
                "first" => vec![0],
                "mean" | "min" | "max" => (s.window.0..=s.window.1).collect(),
                _ => return None,
            };
            Some(reduce(name, times.into_iter().map(|t| left(s, all, &a[0], Scope { time: Some(t), ..scope }))))
        }
        E::Name(name) => Some(match s.parameters.get(name) {
            Some(e) => s.formula(e, None),
            None => match (scope.path, scope.time) {
                (Some(p), Some(t)) => statistic(s, p, name, t)
                    .or_else(|why| if why.starts_with("the ") { fact(s, name) } else { Err(why) }),
                _ => fact(s, name),
            },
        }),
        _ => None,
    })
}

fn expectation(s: &Setup, all: &[Path], e: &E, time: Option<usize>) -> Got<V> {
    let mut sum = V::int(0);
    for p in all {
        sum = sum.add(&V::from(p.weight.clone()).mul(&left(s, all, e, Scope { path: Some(p), time })?));
    }
    Ok(sum)
}

fn reduce(how: &str, values: impl Iterator<Item = Got<V>>) -> Got<V> {
    let mut found: Option<V> = None;
    let mut n = 0;
    for v in values {
        let v = v?;
        n += 1;
        found = Some(match found {
            None => v,
            Some(old) => match how {
                "mean" => old.add(&v),
                "min" if v.cmp(&old)? == Ordering::Less => v,
                "max" if v.cmp(&old)? == Ordering::Greater => v,
                _ => old,
            },
        });
    }
    let found = found.ok_or("undefined: an empty window")?;
    if how == "mean" { found.div(&V::int(n)) } else { Ok(found) }
}

/// What was found of one cell.
pub(crate) struct CellVerdict {
    pub case: Option<String>,
    pub swept: BTreeMap<String, V>,
    /// Whether every hypothesis and requirement is met.
    pub admitted: Got<bool>,
    pub hypotheses: Vec<(String, Got<bool>)>,
    pub left: Got<V>,
    pub right: Got<V>,
    pub outcome: Got<&'static str>,
    /// Relative error of what was computed.
    pub slack: f64,
}

fn requirement(s: &Setup, text: &str) -> Got<bool> {
    for (sign, good) in [
        ("<=", &[Ordering::Less, Ordering::Equal][..]),
        (">=", &[Ordering::Greater, Ordering::Equal]),
        ("<", &[Ordering::Less]),
        (">", &[Ordering::Greater]),
        ("=", &[Ordering::Equal]),
    ] {
        if let Some((a, b)) = text.split_once(sign) {
            let side = |t: &str| s.formula(&expression(t.trim().trim_start_matches('='))?, None);
            return match (side(a), side(b)) {
                (Ok(a), Ok(b)) => Ok(good.contains(&a.cmp(&b)?)),
                // What has no value is not met.
                (Err(why), _) | (_, Err(why)) if why.starts_with("undefined") => Ok(false),
                (Err(why), _) | (_, Err(why)) => Err(why),
            };
        }
    }
    Err(format!("the requirement {text}"))
}

fn compare(relation: &str, left: &V, right: &V, margin: &V) -> Got<&'static str> {
    use Ordering::{Equal, Greater, Less};
    let answer = |good: bool| Ok(if good { "holds" } else { "violated" });
    let order = left.cmp(right);
    match relation {
        "upper" => answer(order? != Greater),
        "lower" => answer(order? != Less),
        "non-convergence" => {
            if right.cmp(&V::int(0))? != Greater {
                return Err("non-convergence against what is not above 0".into());
            }
            answer(order? != Less)
        }
        "identity" => {
            let d = left.sub(right);
            let size = if d.cmp(&V::int(0)).unwrap_or(Equal) == Less { d.neg() } else { d };
            answer(size.cmp(margin)? != Greater)
        }
        "tight" => {
            let least = V::int(1).sub(margin).mul(right);
            answer(order? != Greater && left.cmp(&least)? != Less)
        }
        other => Err(format!("the relation {other}")),
    }
}

fn cell(question: &Question, file: &toml::Table, at: &Cell) -> CellVerdict {
    fresh();
    let setup = Setup::build(file, at);
    let mut found = CellVerdict {
        case: at.case.clone(),
        swept: at.swept.clone(),
        admitted: Ok(true),
        hypotheses: Vec::new(),
        left: Err("not run".into()),
        right: Err("not run".into()),
        outcome: Err("not run".into()),
        slack: 0.0,
    };
    let s = match setup {
        Ok(s) => s,
        Err(why) => {
            found.admitted = Err(why.clone());
            found.left = Err(why);
            return found;
        }
    };
    let ran = paths(&s);
    let tied = ran.as_ref().is_ok_and(|r| r.1);
    for name in texts(file, "hypotheses") {
        let met = if name == "no-ties" && ran.is_err() { Err("not run".into()) } else { hypothesis(&s, &name, tied) };
        found.hypotheses.push((name, met));
    }
    let requires = texts(file, "requires");
    let named = found.hypotheses.iter().map(|h| h.1.clone());
    let audits: Vec<Got<bool>> = named.chain(requires.iter().map(|r| requirement(&s, r))).collect();
    for audit in audits {
        found.admitted = match (found.admitted, audit) {
            (_, Ok(false)) | (Ok(false), _) => Ok(false),
            (Err(why), _) | (_, Err(why)) => Err(why),
            _ => Ok(true),
        };
    }
    found.left = ran.and_then(|(all, _)| {
        let e = expression(&question.left)?;
        let whole = Scope { path: None, time: None };
        if e.calls("E") { left(&s, &all, &e, whole) } else { expectation(&s, &all, &e, None) }
    });
    let number = |v: &toml::Value| s.formula(&formula(v)?, None);
    found.right = question.right.as_ref().map_or(Err("no right side".into()), number);
    let margin = question.margin.as_ref().map_or(Ok(V::int(0)), number);
    found.outcome = match (&found.left, &found.right, &margin) {
        (Ok(l), Ok(r), Ok(m)) => compare(&question.relation, l, r, m),
        (Err(why), _, _) | (_, Err(why), _) | (_, _, Err(why)) => Err(why.clone()),
    };
    found.slack = slack();
    found
}

/// All cells of a question.
pub(crate) fn judge(question: &Question) -> Got<Vec<CellVerdict>> {
    let mut all = Vec::new();
    for (case, file) in &question.files {
        for c in cells(file, case.as_deref())? {
            all.push(cell(question, file, &c));
        }
    }
    Ok(all)
}

/// The outcome of a bound from those of its cells; an error where one cell's is not known.
pub(crate) fn together(cells: &[CellVerdict]) -> Got<&'static str> {
    let mut outcome = "hypothesis-fails";
    for c in cells {
        if !c.admitted.clone()? {
            continue;
        }
        let this = c.outcome.clone()?;
        if this == "violated" || outcome == "hypothesis-fails" {
            outcome = this;
        }
    }
    Ok(outcome)
}
