//! The checks, each a function of an instance that returns what it checked or what is wrong.

use super::arithmetic::{enclosures_hold, exact_agrees, lanes_agree};
use super::reached;
use super::table::Case;
use crate::model::problem::{DynProblem, Flow};
use crate::model::{Facts, Property, Real};
use crate::scalar::Narrow;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Random pairs a check looks at.
const POINTS: usize = 300;

/// What a check did.
#[derive(Debug)]
pub(super) enum Checked {
    /// It held at so many points.
    Points(usize),
    /// It does not apply, for this reason.
    Skipped(&'static str),
}

pub(super) type Outcome = Result<Checked, String>;
type Check = fn(&Subject, &Case) -> Outcome;

/// Every check by name.
pub(super) static CHECKS: &[(&str, Check)] = &[
    ("gradient", gradient),
    ("smoothness in l2", |s, _| lipschitz(s, "L", norm2, norm2)),
    ("smoothness in l_inf", |s, _| lipschitz(s, "Linf", norm1, norm_inf)),
    ("L is reached", reached::smoothness),
    ("L_inf is reached", reached::smoothness_max_norm),
    ("coordinate-wise smoothness", coordinate_wise),
    ("Hessian's Lipschitz constant", hessian),
    ("PL inequality in l2", |s, _| dominated(s, "mu", norm2)),
    ("PL inequality in l1", |s, _| dominated(s, "mu1", norm1)),
    ("bound on the gradient", bounded),
    ("lowest value", lowest),
    ("convexity", convexity),
    ("sample gradients", samples),
    ("worker gradients", workers),
    ("median gap", median_gap),
    ("projection", projection),
    ("flows", flows),
    ("lanes", lanes_agree),
    ("exact arithmetic", exact_agrees),
    ("enclosures", enclosures_hold),
];

/// An instance with what it claims, so that a claim can be spoilt.
pub(super) struct Subject {
    pub(super) problem: Box<dyn DynProblem>,
    pub(super) facts: Facts,
    pub(super) coordinate: Option<Vec<f64>>,
    pub(super) convex: Option<bool>,
    /// Overrides the case's factor.
    pub(super) mean_factor: Option<f64>,
    /// Planted errors.
    pub(super) shift_gradient: f64,
    pub(super) shift_projection: f64,
    pub(super) shift_flow: f64,
    pub(super) shift_wide: f64,
}

impl Subject {
    pub(super) fn new(problem: Box<dyn DynProblem>) -> Self {
        let coordinate = problem.smoothness_by_coordinate();
        Subject {
            facts: problem.facts(),
            coordinate: coordinate.map(|l| l.iter().map(Real::to_f64).collect()),
            convex: problem.has(Property::Convex),
            mean_factor: None,
            shift_gradient: 0.0,
            shift_projection: 0.0,
            shift_flow: 0.0,
            shift_wide: 0.0,
            problem,
        }
    }

    fn d(&self) -> usize {
        self.problem.dimension()
    }

    pub(super) fn value(&self, x: &[f64]) -> f64 {
        let x: Vec<Narrow> = x.iter().map(|v| Narrow::splat(*v)).collect();
        self.problem.value_at(&x).expect("a value in floating point").0[0]
    }

    pub(super) fn gradient(&self, x: &[f64]) -> Vec<f64> {
        self.vector(x, |x, out| self.problem.gradient_at(x, out)).iter().map(|g| g + self.shift_gradient).collect()
    }

    fn vector(
        &self,
        x: &[f64],
        run: impl Fn(&[Narrow], &mut [Narrow]) -> Result<(), crate::scalar::Fault>,
    ) -> Vec<f64> {
        let x: Vec<Narrow> = x.iter().map(|v| Narrow::splat(*v)).collect();
        // NaN shows entries that were left unwritten.
        let mut out = vec![Narrow::splat(f64::NAN); x.len()];
        run(&x, &mut out).expect("a gradient in floating point");
        out.iter().map(|v| v.0[0]).collect()
    }

    fn projected(&self, x: &[f64]) -> Vec<f64> {
        let mut x: Vec<Narrow> = x.iter().map(|v| Narrow::splat(*v)).collect();
        self.problem.project_onto(&mut x);
        x.iter().map(|v| v.0[0] + self.shift_projection).collect()
    }

    fn fact(&self, name: &str) -> Option<f64> {
        self.facts.value(name)
    }

    /// Rounding of a value or of an inner product at x: operations times unit roundoff times the size of the terms.
    fn rounding(&self, x: &[f64]) -> f64 {
        let curvature = self.fact("L").unwrap_or(1.0).max(self.fact("G").unwrap_or(1.0)).max(1.0);
        let size = 1.0 + norm1(x);
        16.0 * (self.d() as f64 + 4.0) * f64::EPSILON * curvature * size * size
    }
}

/// Points of several scales, some coordinates 0, from a fixed seed.
pub(super) struct Points(Xoshiro256PlusPlus);

impl Points {
    pub(super) fn new(seed: u64) -> Self {
        Points(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Uniform in [-1, 1).
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * 2f64.powi(-52) - 1.0
    }

    /// A point: scale 4, 1/2 or 1/16; every third sparse, every fourth of one size with random signs.
    pub(super) fn point(&mut self, d: usize) -> Vec<f64> {
        let scale = [4.0, 0.5, 0.0625][(self.0.next_u64() % 3) as usize];
        let shape = self.0.next_u64() % 12;
        let mut entry = || match (self.unit(), shape) {
            (u, 0..4) if u < 0.0 => 0.0,
            (u, 4..7) => 0.75f64.copysign(u),
            (u, _) => u,
        };
        (0..d).map(|_| scale * entry()).collect()
    }

    /// A pair of points, every fourth time in one coordinate apart.
    fn pair(&mut self, d: usize) -> (Vec<f64>, Vec<f64>) {
        let (x, mut step) = (self.point(d), self.point(d));
        if self.0.next_u64().is_multiple_of(4) {
            let keep = (self.0.next_u64() % d as u64) as usize;
            step.iter_mut().enumerate().filter(|(i, _)| *i != keep).for_each(|(_, v)| *v = 0.0);
        }
        let y = add(&x, &step, 1.0);
        (x, y)
    }
}

pub(super) fn add(x: &[f64], step: &[f64], scale: f64) -> Vec<f64> {
    x.iter().zip(step).map(|(x, s)| x + scale * s).collect()
}

fn minus(x: &[f64], y: &[f64]) -> Vec<f64> {
    add(x, y, -1.0)
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

pub(super) fn norm1(x: &[f64]) -> f64 {
    x.iter().map(|v| v.abs()).sum()
}

pub(super) fn norm2(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

fn norm_inf(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |m, v| v.abs().max(m))
}

/// Refuses unless left <= right; NaN is refused too.
fn need(left: f64, right: f64, what: impl FnOnce() -> String) -> Result<(), String> {
    if left <= right { Ok(()) } else { Err(format!("{left:e} > {right:e} {}", what())) }
}

/// Central differences with step h = 2^-17 differ from g_i by at most L_i h/2, or rho h^2/6 where that is known, plus
/// rounding over h. A kink in between is seen by gradients that differ by more than smoothness allows.
fn gradient(s: &Subject, _: &Case) -> Outcome {
    let h = 2f64.powi(-17);
    let (mut points, mut seen, mut kinks) = (Points::new(1), 0, 0);
    let smoothness = s.fact("L").unwrap_or(s.fact("G").unwrap_or(1.0));
    for _ in 0..POINTS / 10 {
        let x = points.point(s.d());
        let g = s.gradient(&x);
        for i in 0..s.d() {
            let moved = |t: f64| {
                let mut y = x.clone();
                y[i] += t;
                y
            };
            let (left, right) = (moved(-h), moved(h));
            let jump = norm_inf(&minus(&s.gradient(&left), &s.gradient(&right)));
            if s.problem.has(Property::Smooth) != Some(true) && jump > 4.0 * h * smoothness {
                kinks += 1;
                continue;
            }
            let difference = (s.value(&right) - s.value(&left)) / (2.0 * h);
            let curved = s.fact("rho").map_or(smoothness * h, |rho| rho * h * h);
            need((difference - g[i]).abs(), curved + s.rounding(&x) / h, || format!("at {x:?}, coordinate {i}"))?;
            seen += 1;
        }
    }
    if kinks > seen { Err(format!("{kinks} kinks against {seen} smooth points")) } else { Ok(Checked::Points(seen)) }
}

/// |g(y) - g(x)| <= fact |y - x| in the given norms.
fn lipschitz(s: &Subject, fact: &str, left: fn(&[f64]) -> f64, right: fn(&[f64]) -> f64) -> Outcome {
    let Some(constant) = s.fact(fact) else { return Ok(Checked::Skipped("the fact is not known")) };
    each_pair(s, 2, |x, y| {
        let change = left(&minus(&s.gradient(y), &s.gradient(x)));
        let slack = s.rounding(x).max(s.rounding(y));
        need(change, constant * right(&minus(y, x)) + slack, || format!("between {x:?} and {y:?}"))
    })
}

fn each_pair(s: &Subject, seed: u64, mut look: impl FnMut(&[f64], &[f64]) -> Result<(), String>) -> Outcome {
    let mut points = Points::new(seed);
    for _ in 0..POINTS {
        let (x, y) = points.pair(s.d());
        look(&x, &y)?;
    }
    Ok(Checked::Points(POINTS))
}

/// |f(y) - f(x) - g(x)'(y - x)| <= sum L_i (y_i - x_i)^2/2, and the facts are the sum and the largest.
fn coordinate_wise(s: &Subject, _: &Case) -> Outcome {
    let Some(l) = &s.coordinate else { return Ok(Checked::Skipped("no coordinate-wise constants")) };
    for (name, value) in [("L1", norm1(l)), ("Lmax", norm_inf(l))] {
        let fact = s.fact(name).ok_or_else(|| format!("{name} is missing"))?;
        need((fact - value).abs(), 1e-14 * value * l.len() as f64, || format!("between {name} and the vector"))?;
    }
    each_pair(s, 3, |x, y| {
        let step = minus(y, x);
        let rest = s.value(y) - s.value(x) - dot(&s.gradient(x), &step);
        let bound: f64 = l.iter().zip(&step).map(|(l, v)| l * v * v / 2.0).sum();
        need(rest.abs(), bound + s.rounding(x).max(s.rounding(y)), || format!("between {x:?} and {y:?}"))
    })
}

/// |g(x + v) - 2 g(x) + g(x - v)|_2 <= rho |v|_2^2: the integral of |(H(x + tv) - H(x - tv)) v| over t in [0, 1].
fn hessian(s: &Subject, _: &Case) -> Outcome {
    let Some(rho) = s.fact("rho") else { return Ok(Checked::Skipped("the fact is not known")) };
    each_pair(s, 4, |x, y| {
        // Short steps come near to equality.
        let v: Vec<f64> = minus(y, x).iter().map(|v| v / 8.0).collect();
        let ends = add(&s.gradient(&add(x, &v, 1.0)), &s.gradient(&minus(x, &v)), 1.0);
        let second = norm2(&add(&ends, &s.gradient(x), -2.0));
        need(second, rho * dot(&v, &v) + 4.0 * s.rounding(y), || format!("at {x:?} by {v:?}"))
    })
}

/// |g|^2 >= 2 mu (f - f*).
fn dominated(s: &Subject, fact: &str, norm: fn(&[f64]) -> f64) -> Outcome {
    let Some(mu) = s.fact(fact) else { return Ok(Checked::Skipped("the fact is not known")) };
    let lowest = s.fact("fstar").ok_or("a PL constant without f*")?;
    each_pair(s, 5, |x, _| {
        let size = norm(&s.gradient(x));
        need(2.0 * mu * (s.value(x) - lowest), size * size + 4.0 * s.rounding(x) * (1.0 + size), || format!("at {x:?}"))
    })
}

/// |g|_2 <= G.
fn bounded(s: &Subject, _: &Case) -> Outcome {
    let Some(bound) = s.fact("G") else { return Ok(Checked::Skipped("the fact is not known")) };
    each_pair(s, 6, |x, _| need(norm2(&s.gradient(x)), bound * (1.0 + 1e-14), || format!("at {x:?}")))
}

/// The minimiser nearest to a point, where all of them are known.
fn nearest(s: &Subject, x: &[Real]) -> Option<Vec<Real>> {
    s.problem.minimisers()?.nearest(&*s.problem, x)
}

/// f* <= f on the feasible set, with equality at the minimiser; no feasible point near the start's minimiser is nearer.
fn lowest(s: &Subject, _: &Case) -> Outcome {
    let Some(lowest) = s.fact("fstar") else { return Ok(Checked::Skipped("f* is not known")) };
    each_pair(s, 7, |x, _| {
        let x = s.projected(x);
        need(lowest, s.value(&x) + s.rounding(&x), || format!("at {x:?}"))?;
        let start: Vec<Real> = x.iter().map(|v| Real::Float(*v)).collect();
        let Some(best) = nearest(s, &start) else { return Ok(()) };
        let best: Vec<f64> = best.iter().map(Real::to_f64).collect();
        need((s.value(&best) - lowest).abs(), s.rounding(&best), || format!("at the minimiser {best:?}"))?;
        // A minimiser is its own nearest minimiser.
        let again: Vec<Real> = best.iter().map(|v| Real::Float(*v)).collect();
        let again: Vec<f64> = nearest(s, &again).unwrap_or_default().iter().map(Real::to_f64).collect();
        need(norm_inf(&minus(&best, &again)), 1e-9, || format!("nearest to {best:?}"))
    })
}

/// f(y) >= f(x) + g(x)'(y - x), which holds at kinks too; a problem that is not convex shows a violation.
fn convexity(s: &Subject, _: &Case) -> Outcome {
    let Some(convex) = s.convex else { return Ok(Checked::Skipped("convexity is not known")) };
    let below = each_pair(s, 8, |x, y| {
        let line = s.value(x) + dot(&s.gradient(x), &minus(y, x));
        need(line, s.value(y) + s.rounding(x).max(s.rounding(y)), || format!("between {x:?} and {y:?}"))
    });
    match (convex, below) {
        (true, below) => below,
        (false, Err(_)) => Ok(Checked::Points(POINTS)),
        (false, Ok(_)) => Err("said to be not convex, and no pair of points shows it".into()),
    }
}

/// The mean of the sample gradients is the documented factor times the gradient.
fn samples(s: &Subject, case: &Case) -> Outcome {
    let (n, factor) = match (s.problem.samples(), s.mean_factor.or(case.mean_factor)) {
        (Some(n), Some(factor)) => (n, factor),
        (None, None) => return Ok(Checked::Skipped("no finite sum")),
        found => return Err(format!("samples and the documented factor disagree: {found:?}")),
    };
    let expected = |x: &[f64]| s.gradient(x).iter().map(|g| factor * g).collect();
    mean_is(s, (n, &expected), |i, x, out| s.problem.sample_gradient_at(i, x, out))
}

/// The mean of the workers' gradients is the gradient.
fn workers(s: &Subject, _: &Case) -> Outcome {
    let Some(n) = s.problem.own_objectives() else { return Ok(Checked::Skipped("workers share f")) };
    for worker in 0..n {
        let Some(samples) = s.problem.worker_samples(worker) else { break };
        let own = |x: &[f64]| s.vector(x, |x, out| s.problem.worker_gradient_at(worker, x, out));
        let part = |i, x: &[Narrow], out: &mut [Narrow]| s.problem.worker_sample_gradient_at(worker, i, x, out);
        mean_is(s, (samples, &own), part).map_err(|why| format!("worker {worker}: {why}"))?;
    }
    mean_is(s, (n, &|x| s.gradient(x)), |i, x, out| s.problem.worker_gradient_at(i, x, out))
}

/// What a mean of n vectors must be, at each point.
type VectorField<'a> = &'a dyn Fn(&[f64]) -> Vec<f64>;

fn mean_is(
    s: &Subject,
    (n, expected): (usize, VectorField<'_>),
    part: impl Fn(usize, &[Narrow], &mut [Narrow]) -> Result<(), crate::scalar::Fault>,
) -> Outcome {
    each_pair(s, 9, |x, _| {
        let mut mean = vec![0.0; s.d()];
        for i in 0..n {
            mean = add(&mean, &s.vector(x, |x, out| part(i, x, out)), 1.0 / n as f64);
        }
        need(norm_inf(&minus(&mean, &expected(x))), s.rounding(x) * n as f64, || format!("at {x:?}"))
    })
}

/// |median of the workers' gradients - grad f|_2 is the fact at every point.
fn median_gap(s: &Subject, _: &Case) -> Outcome {
    let Some(gap) = s.fact("gap_median") else { return Ok(Checked::Skipped("the fact is not known")) };
    let n = s.problem.own_objectives().ok_or("a median of workers that share f")?;
    each_pair(s, 10, |x, _| {
        let own = |i| s.vector(x, |x, out| s.problem.worker_gradient_at(i, x, out));
        let all: Vec<Vec<f64>> = (0..n).map(own).collect();
        let median = |j: usize| {
            let mut column: Vec<f64> = all.iter().map(|g| g[j]).collect();
            column.sort_by(f64::total_cmp);
            (column[(n - 1) / 2] + column[n / 2]) / 2.0
        };
        let medians: Vec<f64> = (0..s.d()).map(median).collect();
        let found = norm2(&minus(&medians, &s.gradient(x)));
        need((found - gap).abs(), s.rounding(x), || format!("at {x:?}"))
    })
}

/// A flow of the stated speeds: (flow over h - x)/h is -grad f or -sgn grad f up to a curvature, and two flows in a row
/// are one over the sum of the times.
fn flows(s: &Subject, _: &Case) -> Outcome {
    let h = 2f64.powi(-17);
    let move_by = |kind, x: &[f64], t: f64| {
        let time = Narrow::splat(t);
        let moved = s.vector(x, |x, out| s.problem.flow_from(kind, x, &time, out));
        moved.iter().map(|v| v + t * s.shift_flow).collect::<Vec<f64>>()
    };
    let zeros = vec![Narrow::splat(0.0); s.d()];
    let offered = s.problem.flow_from(Flow::Gradient, &zeros, &Narrow::splat(0.0), &mut zeros.clone());
    if offered.is_err() {
        return Ok(Checked::Skipped("no closed flow"));
    }
    each_pair(s, 12, |x, y| {
        for kind in [Flow::Gradient, Flow::Sign] {
            let (g, near) = (s.gradient(x), move_by(kind, x, h));
            for i in 0..s.d() {
                let speed = match kind {
                    Flow::Gradient => g[i],
                    // Within reach of the point where it freezes a coordinate stops on its way.
                    Flow::Sign if g[i].abs() < 2.0 * h * s.fact("L").unwrap_or(1.0) => continue,
                    Flow::Sign => g[i].signum(),
                };
                let curved = s.fact("L").unwrap_or(1.0) * h * g[i].abs();
                let slack = curved + s.rounding(x) / h;
                need((near[i] - x[i] + h * speed).abs() / h, slack, || format!("{kind:?} from {x:?}, coordinate {i}"))?;
            }
            let (a, b) = (norm_inf(y) / 4.0, 0.375);
            let (twice, once) = (move_by(kind, &move_by(kind, x, a), b), move_by(kind, x, a + b));
            need(norm_inf(&minus(&twice, &once)), s.rounding(x), || format!("{kind:?} from {x:?} by {a} and {b}"))?;
        }
        Ok(())
    })
}

/// A projected point is its own projection, and no feasible point is nearer: (x - Px)'(Py - Px) <= 0.
fn projection(s: &Subject, _: &Case) -> Outcome {
    each_pair(s, 11, |x, y| {
        let (px, py) = (s.projected(x), s.projected(y));
        let twice = s.projected(&px);
        need(norm_inf(&minus(&px, &twice)), 0.0, || format!("projecting {x:?} twice"))?;
        need(dot(&minus(x, &px), &minus(&py, &px)), s.rounding(x), || format!("projecting {x:?} and {y:?}"))
    })
}
