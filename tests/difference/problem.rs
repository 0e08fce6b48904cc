//! Objectives by their formulas in the manual, their gradients and constants.

use super::number::{Got, Q, V, abs, q, ratio, sign, zero};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Loss {
    Square,
    Huber,
    Absolute,
}

/// What the file's objective is.
#[derive(Debug, Clone)]
pub(crate) enum Problem {
    /// sum a_i x_i^2 / 2
    Quadratic(Vec<Q>),
    /// x'Hx/2
    Matrix(Vec<Vec<Q>>),
    /// c'x, on a box around 0 where one is given
    Linear(Vec<Q>, Option<Vec<Q>>),
    /// f_i' = clip(L x_i, -s, s)
    Huber { l: Q, s: Q, d: usize },
    /// eps |x1 + x2| + |x1 - x2|, sgn(0) = kink in the subgradient
    AbsolutePair { eps: Q, kink: i32 },
    /// sum_i l(<a_i, x> - b_i)
    Lines { rows: Vec<Vec<Q>>, targets: Vec<Q>, loss: Loss, slope: Q, kink: i32 },
    /// worker i has sum_j a_ij (x_j - c_ij)^2/2
    Workers { curvature: Vec<Vec<Q>>, targets: Vec<Vec<Q>> },
}

pub(crate) fn dot(a: &[Q], b: &[Q]) -> Q {
    a.iter().zip(b).fold(Q::ZERO, |s, (x, y)| s + x * y)
}

pub(crate) fn l1(v: &[Q]) -> Q {
    v.iter().fold(Q::ZERO, |s, x| s + abs(x))
}

pub(crate) fn linf(v: &[Q]) -> Q {
    v.iter().fold(Q::ZERO, |s, x| if abs(x) > s { abs(x) } else { s })
}

pub(crate) fn l2sq(v: &[Q]) -> Q {
    dot(v, v)
}

pub(crate) fn l2(v: &[Q]) -> Got<V> {
    V::from(l2sq(v)).sqrt()
}

pub(crate) fn minus(a: &[Q], b: &[Q]) -> Vec<Q> {
    a.iter().zip(b).map(|(x, y)| x - y).collect()
}

/// Coordinate-wise median; of an even number the mean of the middle two.
pub(crate) fn median(vectors: &[Vec<Q>]) -> Vec<Q> {
    (0..vectors[0].len())
        .map(|i| {
            let mut column: Vec<Q> = vectors.iter().map(|v| v[i].clone()).collect();
            column.sort();
            let m = column.len();
            (&column[(m - 1) / 2] + &column[m / 2]) / q(2)
        })
        .collect()
}

pub(crate) fn mean(vectors: &[Vec<Q>]) -> Vec<Q> {
    let m = q(vectors.len() as i64);
    (0..vectors[0].len()).map(|i| vectors.iter().fold(Q::ZERO, |s, v| s + &v[i]) / &m).collect()
}

fn clip(x: &Q, s: &Q) -> Q {
    if x > s {
        s.clone()
    } else if *x < -s.clone() {
        -s.clone()
    } else {
        x.clone()
    }
}

fn kinked(x: &Q, kink: i32) -> Got<Q> {
    let s = sign(x)?;
    Ok(q(i64::from(if s == 0 { kink } else { s })))
}

impl Problem {
    pub(crate) fn dimension(&self) -> usize {
        match self {
            Problem::Quadratic(a) => a.len(),
            Problem::Matrix(h) => h.len(),
            Problem::Linear(c, _) => c.len(),
            Problem::Huber { d, .. } => *d,
            Problem::AbsolutePair { .. } => 2,
            Problem::Lines { rows, .. } => rows[0].len(),
            Problem::Workers { targets, .. } => targets[0].len(),
        }
    }

    /// The number of workers that the objective has of itself.
    pub(crate) fn workers(&self) -> Option<usize> {
        if let Problem::Workers { targets, .. } = self { Some(targets.len()) } else { None }
    }

    /// The number of samples of a finite sum.
    pub(crate) fn samples(&self) -> Option<usize> {
        if let Problem::Lines { rows, .. } = self { Some(rows.len()) } else { None }
    }

    pub(crate) fn value(&self, x: &[Q]) -> Q {
        let half = ratio(1, 2);
        match self {
            Problem::Quadratic(a) => a.iter().zip(x).fold(Q::ZERO, |s, (a, x)| s + a * x * x) * half,
            Problem::Matrix(h) => h.iter().zip(x).fold(Q::ZERO, |s, (row, x1)| s + dot(row, x) * x1) * half,
            Problem::Linear(c, _) => dot(c, x),
            Problem::Huber { l, s, .. } => x.iter().fold(Q::ZERO, |sum, x| {
                let u = abs(x);
                sum + if l * &u <= *s { l * &u * &u * &half } else { s * &u - s * s / (q(2) * l) }
            }),
            Problem::AbsolutePair { eps, .. } => eps * abs(&(&x[0] + &x[1])) + abs(&(&x[0] - &x[1])),
            Problem::Lines { rows, targets, loss, slope, .. } => {
                rows.iter().zip(targets).fold(Q::ZERO, |sum, (a, b)| {
                    let u = abs(&(dot(a, x) - b));
                    sum + match loss {
                        Loss::Square => &u * &u,
                        Loss::Absolute => u,
                        Loss::Huber if u <= *slope => &u * &u * &half,
                        Loss::Huber => slope * &u - slope * slope * &half,
                    }
                })
            }
            Problem::Workers { curvature, targets } => {
                let mut sum = Q::ZERO;
                for (a, c) in curvature.iter().zip(targets) {
                    for j in 0..x.len() {
                        sum += &a[j] * (&x[j] - &c[j]) * (&x[j] - &c[j]) * &half;
                    }
                }
                sum / q(targets.len() as i64)
            }
        }
    }

    /// The gradient of one term of a finite sum.
    pub(crate) fn sample(&self, i: usize, x: &[Q]) -> Got<Vec<Q>> {
        let Problem::Lines { rows, targets, loss, slope, kink } = self else { return Err("not a finite sum".into()) };
        let u = dot(&rows[i], x) - &targets[i];
        let derivative = match loss {
            Loss::Square => q(2) * u,
            Loss::Huber => clip(&u, slope),
            Loss::Absolute => kinked(&u, *kink)?,
        };
        Ok(rows[i].iter().map(|a| a * &derivative).collect())
    }

    pub(crate) fn gradient(&self, x: &[Q]) -> Got<Vec<Q>> {
        Ok(match self {
            Problem::Quadratic(a) => a.iter().zip(x).map(|(a, x)| a * x).collect(),
            Problem::Matrix(h) => h.iter().map(|row| dot(row, x)).collect(),
            Problem::Linear(c, _) => c.clone(),
            Problem::Huber { l, s, .. } => x.iter().map(|x| clip(&(l * x), s)).collect(),
            Problem::AbsolutePair { eps, kink } => {
                let (a, b) = (kinked(&(&x[0] + &x[1]), *kink)?, kinked(&(&x[0] - &x[1]), *kink)?);
                vec![eps * &a + &b, eps * &a - &b]
            }
            Problem::Lines { rows, .. } => {
                let mut g = vec![Q::ZERO; x.len()];
                for i in 0..rows.len() {
                    g = g.iter().zip(self.sample(i, x)?).map(|(g, s)| g + s).collect();
                }
                g
            }
            Problem::Workers { targets, .. } => {
                let mut all = Vec::new();
                for m in 0..targets.len() {
                    all.push(self.worker(m, x)?);
                }
                mean(&all)
            }
        })
    }

    /// The gradient of worker m's own objective.
    pub(crate) fn worker(&self, m: usize, x: &[Q]) -> Got<Vec<Q>> {
        match self {
            Problem::Workers { curvature, targets } => {
                Ok((0..x.len()).map(|j| &curvature[m][j] * (&x[j] - &targets[m][j])).collect())
            }
            _ => self.gradient(x),
        }
    }

    /// A point of the feasible set.
    pub(crate) fn project(&self, x: &mut [Q]) {
        if let Problem::Linear(_, Some(b)) = self {
            for (x, b) in x.iter_mut().zip(b) {
                *x = clip(x, b);
            }
        }
    }

    /// inf f, and the minimiser nearest to a point, where there is one: by hand for each formula.
    pub(crate) fn minimum(&self, from: &[Q]) -> Got<(Q, Vec<Q>)> {
        match self {
            Problem::Quadratic(a) => {
                if a.iter().any(|a| *a < Q::ZERO) {
                    return Err("fails: unbounded below".into());
                }
                Ok((Q::ZERO, a.iter().zip(from).map(|(a, x)| if zero(a) { x.clone() } else { Q::ZERO }).collect()))
            }
            Problem::Linear(c, Some(b)) => {
                let x: Vec<Q> = (0..c.len())
                    .map(|i| match c[i].cmp(&Q::ZERO) {
                        std::cmp::Ordering::Less => b[i].clone(),
                        std::cmp::Ordering::Greater => -b[i].clone(),
                        std::cmp::Ordering::Equal => from[i].clone(),
                    })
                    .collect();
                Ok((dot(c, &x), x))
            }
            Problem::Linear(c, None) if c.iter().all(zero) => Ok((Q::ZERO, from.to_vec())),
            Problem::Linear(_, None) => Err("fails: unbounded below".into()),
            Problem::Huber { .. } | Problem::AbsolutePair { .. } => Ok((Q::ZERO, vec![Q::ZERO; from.len()])),
            Problem::Workers { curvature, targets } => {
                let mut x = Vec::new();
                for (j, start) in from.iter().enumerate() {
                    let weight = curvature.iter().fold(Q::ZERO, |s, a| s + &a[j]);
                    let sum = curvature.iter().zip(targets).fold(Q::ZERO, |s, (a, c)| s + &a[j] * &c[j]);
                    x.push(if zero(&weight) { start.clone() } else { sum / weight });
                }
                Ok((self.value(&x), x))
            }
            Problem::Matrix(h) if h.len() == 2 => {
                let (trace, det) = (&h[0][0] + &h[1][1], &h[0][0] * &h[1][1] - &h[0][1] * &h[1][0]);
                if trace < Q::ZERO || det < Q::ZERO {
                    return Err("fails: unbounded below".into());
                }
                if zero(&trace) {
                    return Ok((Q::ZERO, from.to_vec()));
                }
                if !zero(&det) {
                    return Ok((Q::ZERO, vec![Q::ZERO; 2]));
                }
                // Rank one: H = trace v v' with a unit v, and the minimisers are what is orthogonal to it.
                let moved = self.gradient(from)?;
                Ok((Q::ZERO, from.iter().zip(moved).map(|(x, g)| x - g / &trace).collect()))
            }
            Problem::Lines { rows, targets, .. } => {
                // Only one point and a known answer: independent rows, or all rows through one point.
                match solve(rows, targets, from) {
                    Some(x) => Ok((Q::ZERO, x)),
                    None => Err("a minimum of inconsistent rows".into()),
                }
            }
            Problem::Matrix(_) => Err("a larger matrix's eigenvalues".into()),
        }
    }
}

/// The point nearest to `from` with <a_i, x> = b_i for all i, by Gauss-Jordan on the rows made orthogonal one by one.
fn solve(rows: &[Vec<Q>], targets: &[Q], from: &[Q]) -> Option<Vec<Q>> {
    let mut x = from.to_vec();
    let mut basis: Vec<Vec<Q>> = Vec::new();
    for (a, b) in rows.iter().zip(targets) {
        let mut r = a.clone();
        for u in &basis {
            let share = dot(&r, u) / l2sq(u);
            r = r.iter().zip(u).map(|(r, u)| r - &share * u).collect();
        }
        let miss = dot(a, &x) - b;
        if l2sq(&r) == Q::ZERO {
            if !zero(&miss) {
                return None;
            }
            continue;
        }
        // Along r, which is orthogonal to all rows before, so that those stay satisfied.
        let step = &miss / dot(a, &r);
        x = x.iter().zip(&r).map(|(x, r)| x - &step * r).collect();
        basis.push(r);
    }
    Some(x)
}
