//! Left sides: statistics of iterates, and what is taken over time and over outcomes.

use crate::expr::Expr;
use crate::instance::Instance;
use crate::number::{Num, Q, entrywise, minus, norm_inf, norm1, norm2sq, scaled, sum};
use crate::{Answer, Fault, refuse, unsupported};

/// What a statistic may look at when the iterate x_k is there.
pub(crate) struct View<'a> {
    /// k.
    pub k: usize,
    /// x_k.
    pub x: &'a [Num],
    /// The gradient there.
    pub gradient: &'a [Num],
    /// x_k - x_(k-1) and the gradient at x_(k-1), after the start.
    pub before: Option<(&'a [Num], &'a [Num])>,
    /// The memory after the step.
    pub memory: &'a [Vec<Num>],
    /// x_0 + .. + x_k, where it is kept.
    pub total: Option<&'a [Num]>,
}

/// A function over time: of one path, or of expectations.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reducer {
    /// `last`, `first`, `mean`, `min` or `max`.
    pub kind: String,
    /// What it is taken of.
    pub inner: Expr,
    /// Whether it is taken of expectations.
    pub series: bool,
}

/// A left side.
pub(crate) struct Left {
    /// The expression.
    pub expr: Expr,
    /// The functions over time in it.
    pub reducers: Vec<Reducer>,
    /// What expectations inside of functions over time are taken of.
    pub means: Vec<Expr>,
    /// Whether the sum of the iterates is needed.
    pub averages: bool,
}

fn reduces(name: &str, arguments: usize) -> bool {
    arguments == 1 && ["last", "first", "mean", "min", "max"].contains(&name)
}

fn expects(expr: &Expr) -> bool {
    expr.mentions(&|name, call| call && name == "E")
}

impl Left {
    /// Takes a left side apart.
    pub(crate) fn of(expr: Expr) -> Answer<Left> {
        let averages = expr.mentions(&|name, call| !call && name.ends_with("_average"));
        let (mut reducers, mut means) = (Vec::new(), Vec::new());
        expr.each_call(&mut |name, all| {
            if !reduces(name, all.len()) {
                return Ok(false);
            }
            let reducer = Reducer { kind: name.into(), series: expects(&all[0]), inner: all[0].clone() };
            reducer.inner.each_call(&mut |name, all| {
                if reduces(name, all.len()) {
                    return unsupported("a function over time inside of another");
                }
                let mean = name == "E" && all.len() == 1;
                if mean && expects(&all[0]) {
                    return refuse("an expectation inside of another");
                }
                if mean && !means.contains(&all[0]) {
                    means.push(all[0].clone());
                }
                Ok(mean)
            })?;
            if !reducers.contains(&reducer) {
                reducers.push(reducer);
            }
            Ok(true)
        })?;
        Ok(Left { expr, reducers, means, averages })
    }

    /// What was kept for a function over time.
    fn kept(&self, name: &str, all: &[Expr], kept: &[Option<Num>]) -> Option<Num> {
        let place = self.reducers.iter().position(|r| r.kind == name && r.inner == all[0])?;
        kept.get(place)?.clone()
    }

    /// The value at one path, where the functions over time have these values.
    fn of_path(&self, on: &Instance, expr: &Expr, kept: &[Option<Num>]) -> Answer<Num> {
        expr.value_with(&|name| on.name(name), &|name, all| {
            reduces(name, all.len()).then(|| match self.kept(name, all, kept) {
                Some(value) => Ok(value),
                None => unsupported(format!("'{name}' in this place of a left side")),
            })
        })
    }

    fn expectation(&self, on: &Instance, expr: &Expr, paths: &[(Vec<Option<Num>>, Q)]) -> Answer<Num> {
        paths.iter().try_fold(Num::int(0), |out, (kept, p)| {
            Ok(&out + &(&self.of_path(on, expr, kept)? * &Num::from(p.clone())))
        })
    }

    /// The value of the side, from what the paths kept and the series of expectations.
    pub(crate) fn value(&self, on: &Instance, paths: &[(Vec<Option<Num>>, Q)], series: &[Option<Num>]) -> Answer<Num> {
        if !expects(&self.expr) {
            return self.expectation(on, &self.expr, paths);
        }
        self.expr.value_with(&|name| on.name(name), &|name, all| match name {
            "E" if all.len() == 1 => Some(self.expectation(on, &all[0], paths)),
            _ if reduces(name, all.len()) => Some(match (self.kept(name, all, series), paths) {
                (Some(value), _) => Ok(value),
                (None, [(kept, _)]) => self.of_path(on, &Expr::Call(name.into(), all.to_vec()), kept),
                _ => unsupported("a left side in which some of the outcomes stand outside of every E"),
            }),
            _ => None,
        })
    }

    /// The value of what a series is made of, where the expectations in it have these values.
    pub(crate) fn with_means(&self, on: &Instance, expr: &Expr, means: &[Num]) -> Answer<Num> {
        expr.value_with(&|name| on.name(name), &|name, all| {
            let place = self.means.iter().position(|m| name == "E" && all.first() == Some(m))?;
            means.get(place).cloned().map(Ok)
        })
    }
}

impl Reducer {
    /// Whether the iterate x_k counts.
    pub(crate) fn takes(&self, on: &Instance, k: usize) -> bool {
        match self.kind.as_str() {
            "last" => k == on.horizon,
            "first" => k == 0,
            _ => (on.window.0..=on.window.1).contains(&k),
        }
    }

    /// Takes one more value into account.
    pub(crate) fn add(&self, on: &Instance, kept: &mut Option<Num>, value: Num) {
        let share = || &value * &Num::from(crate::number::ratio(1, (on.window.1 - on.window.0 + 1) as u64));
        *kept = Some(match (kept.take(), self.kind.as_str()) {
            (None, "mean") => share(),
            (Some(before), "mean") => &before + &share(),
            (Some(before), "min") => before.min(&value),
            (Some(before), "max") => before.max(&value),
            _ => value,
        });
    }
}

/// A vector's norm under its suffix.
fn norm(suffix: &str, v: &[Num]) -> Option<Answer<Num>> {
    match suffix {
        "l1" => Some(Ok(norm1(v))),
        "l2" => Some(norm2sq(v).sqrt()),
        "l2sq" => Some(Ok(norm2sq(v))),
        "linf" => Some(Ok(norm_inf(v))),
        _ => None,
    }
}

/// A statistic or what else a name means at an iterate.
pub(crate) fn statistic(on: &Instance, name: &str, view: &View) -> Answer<Num> {
    let earlier = || match view.before {
        Some(pair) => Ok(pair),
        None => unsupported(format!("the statistic '{name}' at the start, or over a box")),
    };
    let star = || match on.fact("fstar")? {
        Some(value) => Ok(value),
        None => unsupported("f* of this problem"),
    };
    let average = || match view.total {
        Some(total) => Ok(scaled(&Num::from(crate::number::ratio(1, view.k as u64 + 1)), total)),
        None => unsupported("the average of the iterates over a box"),
    };
    match name {
        "f" => return on.problem.value(view.x),
        "gap" => return Ok(&on.problem.value(view.x)? - &star()?),
        "f_average" => return on.problem.value(&average()?),
        "gap_average" => return Ok(&on.problem.value(&average()?)? - &star()?),
        "train_loss" => return on.problem.mean_loss(view.x, false),
        "test_loss" => return on.problem.mean_loss(view.x, true),
        "bits" => return Ok(Num::int(on.method.bits(on)? * view.k as i64)),
        "wrong_l1" => {
            let (moved, g) = earlier()?;
            let mut out = Num::int(0);
            for (moved, g) in moved.iter().zip(g) {
                // Against f_i' moves a step whose sign is the opposite one.
                if g.sign()? != 0 && moved.sign()? != -g.sign()? {
                    out = &out + &g.abs();
                }
            }
            return Ok(out);
        }
        "turn_l1" => return Ok(norm1(&minus(view.gradient, earlier()?.1))),
        "move_linf" => return Ok(norm_inf(earlier()?.0)),
        _ => {}
    }
    let coordinate = |prefix: &str, v: &[Num]| -> Option<Num> {
        let index: usize = name.strip_prefix(prefix)?.parse().ok()?;
        v.get(index.checked_sub(1)?).cloned()
    };
    if let Some(x) = coordinate("x", view.x) {
        return Ok(x);
    }
    if let Some(found) = name.strip_prefix("grad_").and_then(|suffix| norm(suffix, view.gradient)) {
        return found;
    }
    if let Some(suffix) = name.strip_prefix("median_") {
        let middle = on.problem.median(view.x)?;
        let found = match suffix.strip_prefix("gap_") {
            Some(suffix) => norm(suffix, &minus(view.gradient, &middle)),
            None => norm(suffix, &middle),
        };
        if let Some(found) = found {
            return found;
        }
    }
    if let (Some(memory), [vector]) = (on.method.memory(), view.memory) {
        if let Some(entry) = coordinate(memory, vector) {
            return Ok(entry);
        }
        if let Some(suffix) = name.strip_prefix(memory).and_then(|rest| rest.strip_prefix('_')) {
            if suffix == "miss_l1" {
                let weight = weight(on, view.k)?;
                let scaled: Vec<Num> = vector.iter().map(|m| m.over(&weight)).collect::<Answer<_>>()?;
                return Ok(norm1(&entrywise(&scaled, earlier()?.1, |a, b| a - b)));
            }
            if let Some(found) = norm(suffix, vector) {
                return found;
            }
        }
    }
    match on.name(name) {
        Err(Fault::Refused(_)) => unsupported(format!("the statistic '{name}'")),
        other => other,
    }
}

/// What a memory is divided by before it is held against the gradient.
fn weight(on: &Instance, k: usize) -> Answer<Num> {
    if on.method.name != "signum" {
        return Ok(Num::int(1));
    }
    if !on.method.steady() || k == 0 {
        return unsupported("the weight of a momentum that changes");
    }
    Ok(&Num::int(1) - &on.method.momentum(on, 0)?.power(k as u64))
}

/// The sum of two vectors that may be absent.
pub(crate) fn added(total: Option<&[Num]>, x: &[Num]) -> Option<Vec<Num>> {
    total.map(|t| t.iter().zip(x).map(|(a, b)| sum([a, b])).collect())
}
