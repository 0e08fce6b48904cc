//! Integrals over a half-line by two rules that must agree.
//!
//! **Formula** int_0^inf f by the double-exponential rule: panels [a, b] under x = (a + b)/2 + (b - a)/2 tanh(pi/2 sinh
//! t), the last one [a, inf) under x = a + exp(pi/2 sinh t). Each is taken by the trapezoidal rule, whose step is
//! halved until the sum stays. The same by adaptive Gauss-Kronrod panels (10 and 21 points, `bilby`), the last one
//! under x = a + t/(1 - t).
//! **Source** H. Takahasi and M. Mori, Publ. RIMS 9 (1974); R. Piessens et al., QUADPACK (1983).
//! **Errors** `error` is the distance of the two rules plus the rounding of the sums, 4e-15 of int |f|. Two rules that
//! are further apart than 1e-7 of int |f| are a fault and no value.

use bilby::{AdaptiveIntegrator, GKPair};
use std::cell::RefCell;
use std::collections::HashMap;

/// Rounding of either sum, relative to int |f|.
const ROUNDING: f64 = 4e-15;
/// Distance of the rules, relative to int |f|, that is no agreement.
const AGREEMENT: f64 = 1e-7;
/// The finest step of the trapezoidal rule is 2^-FINEST.
const FINEST: i32 = 8;
/// Most values of the integrand for the adaptive rule.
const MOST_VALUES: usize = 40_000;

/// An integral.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Integral {
    /// int f.
    pub value: f64,
    /// Bound on its error, by the two rules.
    pub error: f64,
    /// int |f|, to a few digits.
    pub mass: f64,
}

/// The two rules do not agree.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("two quadrature rules give {first} and {second}, which do not agree: change the scale or use fewer values")]
pub(crate) struct Disagreement {
    /// The double-exponential rule.
    pub first: f64,
    /// The adaptive rule.
    pub second: f64,
}

/// The integrals of K functions that are computed together; `breaks` are points where they are not smooth or change
/// fast (those not above 0 are left out). `floor` bounds the error of each integrand's integral that does not come from
/// the rules.
///
/// # Errors
/// [`Disagreement`] of the two rules.
pub(super) fn half_line<const K: usize>(
    f: impl Fn(f64) -> [f64; K],
    breaks: &[f64],
    floor: [f64; K],
) -> Result<[Integral; K], Disagreement> {
    let memory: RefCell<HashMap<u64, [f64; K]>> = RefCell::new(HashMap::new());
    let f = |x: f64| *memory.borrow_mut().entry(x.to_bits()).or_insert_with(|| f(x));
    let mut ends: Vec<f64> = breaks.iter().copied().filter(|x| *x > 0.0 && x.is_finite()).collect();
    ends.push(0.0);
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    let mut sums = [Integral::default(); K];
    for pair in ends.windows(2) {
        add(&mut sums, finite_panel(&f, pair[0], pair[1], floor));
    }
    let last = ends[ends.len() - 1];
    add(&mut sums, infinite_panel(&f, last, floor));
    for (k, sum) in sums.iter_mut().enumerate() {
        let small = (1e-15 * sum.mass).max(0.1 * floor[k]).max(f64::MIN_POSITIVE);
        let rule = AdaptiveIntegrator::default().with_pair(GKPair::G10K21);
        let rule = rule.with_abs_tol(small).with_rel_tol(0.0).with_max_evals(MOST_VALUES);
        let tail = |t: f64| if t < 1.0 { f(last + t / (1.0 - t))[k] / ((1.0 - t) * (1.0 - t)) } else { 0.0 };
        let missing = |_| Disagreement { first: sum.value, second: f64::NAN };
        let mut other = rule.integrate(0.0, 1.0, tail).map_err(missing)?.value;
        if last > 0.0 {
            let inner = &ends[1..ends.len() - 1];
            other += rule.integrate_with_breaks(0.0, last, inner, |x| f(x)[k]).map_err(missing)?.value;
        }
        let apart = (sum.value - other).abs();
        if !apart.is_finite() || apart > AGREEMENT * sum.mass + floor[k] {
            return Err(Disagreement { first: sum.value, second: other });
        }
        sum.error = apart + ROUNDING * sum.mass + floor[k];
    }
    Ok(sums)
}

fn add<const K: usize>(sums: &mut [Integral; K], panel: [Integral; K]) {
    for (sum, p) in sums.iter_mut().zip(panel) {
        sum.value += p.value;
        sum.mass += p.mass;
    }
}

fn finite_panel<const K: usize>(f: &impl Fn(f64) -> [f64; K], a: f64, b: f64, floor: [f64; K]) -> [Integral; K] {
    let half = (b - a) / 2.0;
    // Past 3.4 the weights are below 1e-19 of the middle one.
    trapezoid((-3.4, 3.4), floor, |t| {
        let s = std::f64::consts::FRAC_PI_2 * libm::sinh(t);
        let (share, cosh) = (1.0 / (1.0 + libm::exp(2.0 * s.abs())), libm::cosh(s));
        // From the nearer end, so that nodes near it keep their digits.
        let x = if t < 0.0 { a + 2.0 * half * share } else { b - 2.0 * half * share };
        let weight = half * std::f64::consts::FRAC_PI_2 * libm::cosh(t) / (cosh * cosh);
        f(x).map(|y| y * weight)
    })
}

fn infinite_panel<const K: usize>(f: &impl Fn(f64) -> [f64; K], a: f64, floor: [f64; K]) -> [Integral; K] {
    // From a + 1e-23 to a + 1e30; integrands fall at least like x^-3.
    trapezoid((-4.2, 4.5), floor, |t| {
        let shift = libm::exp(std::f64::consts::FRAC_PI_2 * libm::sinh(t));
        let weight = shift * std::f64::consts::FRAC_PI_2 * libm::cosh(t);
        f(a + shift).map(|y| y * weight)
    })
}

/// The trapezoidal rule on [low, high] for functions that vanish towards both ends, with ever smaller steps.
fn trapezoid<const K: usize>((low, high): (f64, f64), floor: [f64; K], g: impl Fn(f64) -> [f64; K]) -> [Integral; K] {
    let mut sums = [Integral::default(); K];
    let mut last = [f64::NAN; K];
    for level in 1..=FINEST {
        let step = libm::scalbn(1.0, -level);
        // From the second level on only the odd multiples of the step are new.
        let (first, by) = if level == 1 { ((low / step) as i64, 1) } else { ((low / step) as i64 | 1, 2) };
        let mut i = first;
        while i as f64 * step <= high {
            for (sum, y) in sums.iter_mut().zip(g(i as f64 * step)) {
                sum.value += y;
                sum.mass += y.abs();
            }
            i += by;
        }
        let now = sums.map(|s| s.value * step);
        let settled = (0..K).all(|k| (now[k] - last[k]).abs() <= 1e-13 * sums[k].mass * step + 0.1 * floor[k]);
        if level > 2 && settled || level == FINEST {
            return sums.map(|s| Integral { value: s.value * step, error: 0.0, mass: s.mass * step });
        }
        last = now;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: Integral, expected: f64) {
        let off = (found.value - expected).abs();
        assert!(off <= found.error && found.error < 1e-12 * expected.abs().max(1.0), "{found:?} against {expected}");
    }

    #[test]
    fn integrals_with_closed_forms() {
        let half_pi = std::f64::consts::FRAC_PI_2;
        let f = |x: f64| [libm::exp(-x * x / 2.0), libm::exp(-x), 1.0 / (1.0 + x * x), 3.0 / libm::pow(1.0 + x, 4.0)];
        let [a, b, c, d] = half_line(f, &[], [0.0; 4]).unwrap();
        // exact: sqrt(pi/2), 1, pi/2, 1
        close(a, half_pi.sqrt());
        close(b, 1.0);
        close(c, half_pi);
        close(d, 1.0);
        // exact: a kink at 3 and an end at 5: int |x - 3| on [0, 5] = 9/2 + 2
        let f = |x: f64| [if x < 5.0 { (x - 3.0).abs() } else { 0.0 }];
        close(half_line(f, &[5.0, 3.0, -1.0], [0.0]).unwrap()[0], 6.5);
    }

    #[test]
    fn cancelling_integrals_keep_an_honest_error() {
        // exact: int (1 - x^2) exp(-x^2/2) = 0
        let [one] = half_line(|x| [(1.0 - x * x) * libm::exp(-x * x / 2.0)], &[], [0.0]).unwrap();
        assert!(one.value.abs() <= one.error && one.error < 1e-13 && one.mass > 1.0, "{one:?}");
    }

    #[test]
    fn rules_that_disagree_are_a_fault() {
        // a jump that is not named, and a function without an integral
        assert!(half_line(|x| [if x < 0.3 { 1.0 } else { 0.0 }], &[], [0.0]).is_err());
        assert!(half_line(|x| [1.0 / (1.0 + x)], &[], [0.0]).is_err());
    }
}
