//! Constants of an instance and the hypotheses that can be decided from a formula.

use super::number::{Got, Q, V, abs, q, zero};
use super::problem::{Loss, Problem, dot, l1, l2, minus};
use super::setup::Setup;
use std::cmp::Ordering;

fn largest(all: impl IntoIterator<Item = Q>) -> Q {
    all.into_iter().fold(Q::ZERO, |m, x| if x > m { x } else { m })
}

fn unknown<T>(what: &str) -> Got<T> {
    Err(format!("the fact {what}"))
}

/// The curvature matrix where the function is a quadratic.
fn hessian(p: &Problem) -> Option<Vec<Vec<Q>>> {
    let diagonal = |a: &[Q]| -> Vec<Vec<Q>> {
        (0..a.len()).map(|i| (0..a.len()).map(|j| if i == j { a[i].clone() } else { Q::ZERO }).collect()).collect()
    };
    match p {
        Problem::Quadratic(a) => Some(diagonal(a)),
        Problem::Matrix(h) => Some(h.clone()),
        Problem::Linear(c, _) => Some(diagonal(&vec![Q::ZERO; c.len()])),
        Problem::Workers { curvature, .. } => {
            let m = q(curvature.len() as i64);
            Some(diagonal(
                &(0..curvature[0].len())
                    .map(|j| curvature.iter().fold(Q::ZERO, |s, a| s + &a[j]) / &m)
                    .collect::<Vec<_>>(),
            ))
        }
        Problem::Lines { rows, loss: Loss::Square, .. } => Some(gram(rows, q(2))),
        _ => None,
    }
}

fn gram(rows: &[Vec<Q>], factor: Q) -> Vec<Vec<Q>> {
    let d = rows[0].len();
    (0..d).map(|i| (0..d).map(|j| &factor * rows.iter().fold(Q::ZERO, |s, r| s + &r[i] * &r[j])).collect()).collect()
}

/// Eigenvalues in increasing order: of a diagonal matrix, or of two by two.
fn eigenvalues(h: &[Vec<Q>]) -> Got<Vec<V>> {
    let d = h.len();
    if (0..d).all(|i| (0..d).all(|j| i == j || zero(&h[i][j]))) {
        let mut all: Vec<Q> = (0..d).map(|i| h[i][i].clone()).collect();
        all.sort();
        return Ok(all.into_iter().map(V::from).collect());
    }
    if d != 2 {
        return unknown("eigenvalues of a larger matrix");
    }
    let half = Q::ONE / q(2);
    let (mid, off) = ((&h[0][0] + &h[1][1]) * &half, (&h[0][0] - &h[1][1]) * &half);
    let root = V::from(&off * &off + &h[0][1] * &h[0][1]).sqrt()?;
    Ok(vec![V::from(mid.clone()).sub(&root), V::from(mid).add(&root)])
}

/// max over sign vectors s of |H s|_1, the largest change of the gradient in l1 for a step of one in l_inf.
fn l_inf_smoothness(h: &[Vec<Q>]) -> Q {
    let d = h.len();
    largest((0u32..1 << d).map(|mask| {
        let s: Vec<Q> = (0..d).map(|i| if mask >> i & 1 == 1 { Q::ONE } else { -Q::ONE }).collect();
        l1(&h.iter().map(|row| dot(row, &s)).collect::<Vec<_>>())
    }))
}

/// The constant of that name.
pub(crate) fn fact(s: &Setup, name: &str) -> Got<V> {
    let p = &s.problem;
    let d = s.start.len();
    let smallest_curvature = || match p {
        Problem::Huber { l, .. } => Ok(vec![V::from(l.clone())]),
        Problem::Lines { rows, loss: Loss::Huber, .. } => eigenvalues(&gram(rows, Q::ONE)),
        _ => hessian(p).map_or(unknown(name), |h| eigenvalues(&h)),
    };
    let matrix = || match p {
        Problem::Lines { rows, loss: Loss::Huber, .. } => Some(gram(rows, Q::ONE)),
        Problem::Huber { l, d, .. } => {
            Some((0..*d).map(|i| (0..*d).map(|j| if i == j { l.clone() } else { Q::ZERO }).collect()).collect())
        }
        _ => hessian(p),
    };
    Ok(match name {
        "d" => V::int(d as i64),
        "M" => V::int(s.workers as i64),
        "n" => V::int(p.samples().map_or(unknown("n"), |n| Ok(n as i64))?),
        "f0" => p.value(&s.start).into(),
        "fstar" => p.minimum(&s.start)?.0.into(),
        "D" => (p.value(&s.start) - p.minimum(&s.start)?.0).into(),
        "R" => l2(&minus(&s.start, &p.minimum(&s.start)?.1))?,
        "grad0_l1" => l1(&p.gradient(&s.start)?).into(),
        "grad0_l2" => l2(&p.gradient(&s.start)?)?,
        "L" => {
            let mut top = V::int(0);
            for e in smallest_curvature()? {
                let size = if e.cmp(&V::int(0))? == Ordering::Less { e.neg() } else { e };
                if size.cmp(&top)? == Ordering::Greater {
                    top = size;
                }
            }
            top
        }
        // Coordinate-wise: the diagonal where the matrix is diagonal, row sums of absolute values where it is given.
        "L1" | "Lmax"
            if matches!(
                p,
                Problem::Quadratic(_) | Problem::Matrix(_) | Problem::Linear(..) | Problem::Huber { .. }
            ) =>
        {
            let rows: Vec<Q> = matrix().map_or(unknown(name), Ok)?.iter().map(|r| l1(r)).collect();
            if name == "L1" { l1(&rows).into() } else { largest(rows).into() }
        }
        "Linf" => l_inf_smoothness(&matrix().map_or(unknown(name), Ok)?).into(),
        "mu" => {
            let all = match p {
                Problem::Huber { .. } => return unknown("mu of a Huber loss"),
                Problem::Linear(..) => return unknown("mu of a linear function"),
                _ => eigenvalues(&hessian(p).map_or(unknown(name), Ok)?)?,
            };
            let mut least = None;
            for e in all {
                match e.cmp(&V::int(0))? {
                    Ordering::Less => return unknown("mu of an indefinite form"),
                    Ordering::Greater if least.is_none() => least = Some(e),
                    _ => {}
                }
            }
            least.map_or(unknown("mu of a constant"), Ok)?
        }
        "rho" if hessian(p).is_some() => V::int(0),
        "G" => match p {
            Problem::Linear(c, _) => l2(c)?,
            Problem::Huber { s, d, .. } => V::from(s * s * q(*d as i64)).sqrt()?,
            _ => return unknown("G"),
        },
        "sigma" | "sigma1" | "sigma_max" => {
            let v = s.noise.variances(d).map_or(unknown(name), Ok)?;
            match name {
                "sigma" => V::from(l1(&v)).sqrt()?,
                "sigma_max" => V::from(largest(v)).sqrt()?,
                _ => {
                    let mut sum = V::int(0);
                    for v in v {
                        sum = sum.add(&V::from(v).sqrt()?);
                    }
                    sum
                }
            }
        }
        _ => return unknown(name),
    })
}

/// Whether a hypothesis is met; an error where this evaluator cannot decide.
pub(crate) fn hypothesis(s: &Setup, name: &str, tied: bool) -> Got<bool> {
    let p = &s.problem;
    let minimum = || match p.minimum(&s.start) {
        Ok(_) => Ok(true),
        Err(why) if why.starts_with("fails") => Ok(false),
        Err(why) => Err(why),
    };
    match name {
        "lower-bound" => match p {
            Problem::Lines { .. } => Ok(true),
            // On a box f is bounded there only; the hypothesis speaks of all of R^d.
            Problem::Linear(c, _) => Ok(c.iter().all(zero)),
            _ => minimum(),
        },
        "minimiser" => match p {
            Problem::Lines { .. } => minimum(),
            _ => minimum(),
        },
        "smooth" | "smooth-coordinate" | "smooth-linf" => match p {
            Problem::AbsolutePair { .. } => Ok(false),
            Problem::Lines { rows, loss: Loss::Absolute, .. } => Ok(rows.iter().flatten().all(zero)),
            _ => Ok(true),
        },
        "convex" => match p {
            Problem::Quadratic(a) => Ok(a.iter().all(|a| *a >= Q::ZERO)),
            Problem::Matrix(h) => Ok(eigenvalues(h)?.iter().all(|e| e.cmp(&V::int(0)) != Ok(Ordering::Less))),
            _ => Ok(true),
        },
        "pl" => match p {
            Problem::Quadratic(a) if a.iter().any(|a| *a < Q::ZERO) => Ok(false),
            Problem::Quadratic(a) if a.iter().any(|a| *a > Q::ZERO) => Ok(true),
            Problem::Workers { .. } => fact(s, "mu").map(|_| true),
            Problem::Lines { loss: Loss::Square, .. } if p.minimum(&s.start).is_ok() => Ok(true),
            Problem::Huber { .. } => Ok(false),
            Problem::Matrix(h) if h.len() == 2 => fact(s, "mu").map(|_| true),
            _ => unknown("pl"),
        },
        "odd-workers" => Ok(s.workers % 2 == 1),
        "hessian-lipschitz" if hessian(p).is_some() => Ok(true),
        "no-ties" => Ok(!tied),
        "unbiased" if !s.minibatch => Ok(true),
        // The law of drawn samples is not worked out here.
        "symmetric" if s.minibatch => unknown("symmetric"),
        "symmetric" => match &s.noise {
            super::noise::Noise::Additive(atoms, scale) => {
                Ok(scale.iter().all(zero) || atoms.iter().all(|a| mass(atoms, &a.0) == mass(atoms, &-a.0.clone())))
            }
            super::noise::Noise::None => Ok(true),
            _ => unknown("symmetric"),
        },
        "bounded-gradient" => match p {
            Problem::Linear(..) | Problem::Huber { .. } | Problem::AbsolutePair { .. } => Ok(true),
            Problem::Quadratic(a) => Ok(a.iter().all(zero)),
            _ => unknown("bounded-gradient"),
        },
        _ => unknown(name),
    }
}

fn mass(atoms: &super::noise::Atoms, value: &Q) -> Q {
    atoms.iter().filter(|a| abs(&(&a.0 - value)) == Q::ZERO).fold(Q::ZERO, |s, a| s + &a.1)
}
