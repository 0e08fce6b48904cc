//! Constants that are said to be exact must be reached: a larger one is valid too, and would pass every inequality.

use super::checks::{Checked, Outcome, Points, Subject, add, norm1, norm2};
use super::table::Case;
use crate::model::Known;

/// Half-length of the differences that stand for Hessian products at 0, where all instances curve most.
const STEP: f64 = 1.0 / 1024.0;

/// (grad f(h v) - grad f(-h v))/(2h).
fn curvature_along(s: &Subject, v: &[f64]) -> Vec<f64> {
    let origin = vec![0.0; v.len()];
    let ends = [STEP, -STEP].map(|h| s.gradient(&add(&origin, v, h)));
    add(&ends[0], &ends[1], -1.0).iter().map(|g| g / (2.0 * STEP)).collect()
}

fn exact(s: &Subject, name: &str) -> Option<f64> {
    s.facts.get(name).filter(|fact| fact.known == Known::Exact).map(|fact| fact.value.to_f64())
}

/// Differences see a third derivative: with rho <= 12 and h = 2^-10 by less than 1e-5 of L.
fn near(found: f64, claimed: f64) -> Outcome {
    if found >= claimed * (1.0 - 1e-4) {
        return Ok(Checked::Points(1));
    }
    Err(format!("{claimed} is said to be exact, and no more than {found} is found"))
}

/// The power method reaches L.
pub(super) fn smoothness(s: &Subject, _: &Case) -> Outcome {
    let Some(claimed) = exact(s, "L") else { return Ok(Checked::Skipped("no exact constant")) };
    let mut points = Points::new(30);
    let mut v: Vec<f64> = (0..s.problem.dimension()).map(|_| points.unit()).collect();
    let mut found = 0.0;
    for _ in 0..200 {
        let size = norm2(&v).max(f64::MIN_POSITIVE);
        v = curvature_along(s, &v.iter().map(|v| v / size).collect::<Vec<_>>());
        found = norm2(&v);
    }
    near(found, claimed)
}

/// Some sign vector reaches L_inf: all of them up to d = 8, and beyond what random ones climb to, since with
/// t = sgn(Hs) |Hs|_1 = t'Hs <= |Ht|_1 for a symmetric H.
pub(super) fn smoothness_max_norm(s: &Subject, _: &Case) -> Outcome {
    let Some(claimed) = exact(s, "Linf") else { return Ok(Checked::Skipped("no exact constant")) };
    let d = s.problem.dimension();
    let mut points = Points::new(31);
    let mut signs = |number: u32| -> Vec<f64> {
        (0..d)
            .map(|i| if d <= 8 { f64::from(number >> i & 1) * 2.0 - 1.0 } else { 1f64.copysign(points.unit()) })
            .collect()
    };
    let steps = if d <= 8 { 1 } else { 16 };
    let climb = |start: Vec<f64>| {
        let (mut v, mut found) = (start, 0.0);
        for _ in 0..steps {
            let image = curvature_along(s, &v);
            found = norm1(&image);
            v = image.iter().map(|g| 1f64.copysign(*g)).collect();
        }
        found
    };
    near((0..256).map(|number| climb(signs(number))).fold(0.0, f64::max), claimed)
}
