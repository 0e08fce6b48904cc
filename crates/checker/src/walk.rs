//! Runs: every outcome with its probability, or a box in which all iterates lie.

use crate::instance::Instance;
use crate::left::{Left, View, added, statistic};
use crate::method::State;
use crate::noise::MOST;
use crate::number::{Num, Q};
use crate::{Answer, Fault};
use dashu_base::BitTest;
use std::collections::HashMap;

/// Longest probability, in bits of its denominator, that is followed.
const LONGEST: usize = 4_000;

/// Largest power of 2 that an iterate may come near.
const FARTHEST: usize = 20_000;

/// One way that the run has gone, as far as what follows depends on it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Path {
    state: State,
    total: Option<Vec<Num>>,
    kept: Vec<Option<Num>>,
}

/// The value of a left side on an instance.
pub(crate) fn left_side(on: &Instance, left: &Left) -> Answer<Num> {
    match outcomes(on, left) {
        Err(Fault::TooMany(_)) if on.method.by_signs() => boxed(on, left),
        Err(Fault::TooMany(why)) => Err(Fault::Unsupported(why)),
        other => other,
    }
}

/// Takes what the new iterate says into a path's account, and into the sums of expectations.
fn visit(on: &Instance, left: &Left, view: &View, kept: &mut [Option<Num>], means: &mut [Num], p: &Q) -> Answer<()> {
    let names = |name: &str| statistic(on, name, view);
    let mut wanted = false;
    for (reducer, kept) in left.reducers.iter().zip(kept) {
        if !reducer.takes(on, view.k) {
            continue;
        }
        if reducer.series {
            wanted = true;
        } else {
            reducer.add(on, kept, reducer.inner.value(&names)?);
        }
    }
    if wanted {
        for (expr, mean) in left.means.iter().zip(means) {
            *mean = &*mean + &(&expr.value(&names)? * &Num::from(p.clone()));
        }
    }
    Ok(())
}

/// Takes the expectations at step k into the account of the series.
fn advance_series(on: &Instance, left: &Left, k: usize, means: &[Num], series: &mut [Option<Num>]) -> Answer<()> {
    for (reducer, kept) in left.reducers.iter().zip(series) {
        if reducer.series && reducer.takes(on, k) {
            let value = left.with_means(on, &reducer.inner, means)?;
            reducer.add(on, kept, value);
        }
    }
    Ok(())
}

fn outcomes(on: &Instance, left: &Left) -> Answer<Num> {
    let nothing = vec![None; left.reducers.len()];
    let zeros = vec![Num::int(0); left.means.len()];
    let mut series = nothing.clone();

    let state = on.method.begin(on)?;
    let gradient = on.problem.gradient(&state.x)?;
    let total = left.averages.then(|| state.x.clone());
    let mut first = Path { state, total, kept: nothing };
    let mut means = zeros.clone();
    let start = first.state.clone();
    let view = View {
        k: 0,
        x: &start.x,
        gradient: &gradient,
        before: None,
        memory: &start.memory,
        total: first.total.as_deref(),
    };
    visit(on, left, &view, &mut first.kept, &mut means, &Q::ONE)?;
    advance_series(on, left, 0, &means, &mut series)?;

    let mut paths: Vec<(Path, Vec<Num>, Q)> = vec![(first, gradient, Q::ONE)];
    for k in 0..on.horizon {
        let mut found: HashMap<Path, (Vec<Num>, Q)> = HashMap::new();
        let mut means = zeros.clone();
        for (path, gradient, p) in &paths {
            for ((state, moved), q) in on.method.advance(on, k, &path.state, gradient)? {
                let p = p * q;
                if p.denominator().bit_len() > LONGEST {
                    return Err(Fault::TooMany("probabilities grow too long".into()));
                }
                let long = |q: &Q| q.numerator().bit_len().max(q.denominator().bit_len()) > FARTHEST;
                if state.x.iter().any(|x| long(x.lo()) || long(x.hi())) {
                    return Err(Fault::Unsupported("a run whose iterates grow or shrink beyond 2^20000".into()));
                }
                let slope = on.problem.gradient(&state.x)?;
                let total = added(path.total.as_deref(), &state.x);
                let mut kept = path.kept.clone();
                let view = View {
                    k: k + 1,
                    x: &state.x,
                    gradient: &slope,
                    before: Some((&moved, gradient)),
                    memory: &state.memory,
                    total: total.as_deref(),
                };
                visit(on, left, &view, &mut kept, &mut means, &p)?;
                let next = Path { state, total, kept };
                found.entry(next).or_insert_with(|| (slope, Q::ZERO)).1 += p;
                if found.len() > MOST {
                    return Err(Fault::TooMany(format!("more than {MOST} outcomes")));
                }
            }
        }
        advance_series(on, left, k + 1, &means, &mut series)?;
        paths = found.into_iter().map(|(path, (gradient, p))| (path, gradient, p)).collect();
    }
    let ends: Vec<(Vec<Option<Num>>, Q)> = paths.into_iter().map(|(path, _, p)| (path.kept, p)).collect();
    left.value(on, &ends, &series)
}

/// The values of the side over the box that sign steps cannot leave.
fn boxed(on: &Instance, left: &Left) -> Answer<Num> {
    let nothing = vec![None; left.reducers.len()];
    let (mut kept, mut series) = (nothing.clone(), nothing);
    let mut far = Num::int(0);
    for k in 0..=on.horizon {
        let around = |(x, c): (&Num, &Num)| {
            let reach = &far * c;
            let ends = (x - &reach, x + &reach);
            Num::enclose(ends.0.lo().clone(), ends.1.hi().clone())
        };
        let x: Vec<Num> = on.start.iter().zip(&on.method.factors).map(around).collect();
        if left.reducers.iter().any(|r| r.takes(on, k)) {
            let gradient = on.problem.gradient(&x)?;
            let view = View { k, x: &x, gradient: &gradient, before: None, memory: &[], total: None };
            let mut means = vec![Num::int(0); left.means.len()];
            visit(on, left, &view, &mut kept, &mut means, &Q::ONE)?;
            advance_series(on, left, k, &means, &mut series)?;
        }
        if k < on.horizon {
            far = &far + &on.method.step_size(on, k)?.abs();
        }
    }
    left.value(on, &[(kept, Q::ONE)], &series)
}
