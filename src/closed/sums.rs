//! The tail of a sum of n independent draws of a continuous law of mean 0 and variance 1.
//!
//! **Formula** for x >= 0, P[xi_1 + .. + xi_n > x]:
//!
//! | law | form |
//! | --- | --- |
//! | gaussian | erfc(x/sqrt(2 n))/2 |
//! | laplace, n <= 1000 | sum_j w_j Q(n - j, sqrt 2 x), w_j = C(n-1+j, j)/2^(n+j), Q the gamma function's upper tail |
//! | uniform, n <= 1000 | sum of cardinal B-splines of order n + 1 (Irwin and Hall) |
//! | n = 1 | the distribution function |
//! | else | 1/2 - (1/pi) int_0^inf sin(t x) phi(t)^n/t dt (Gil-Pelaez) |
//!
//! with phi(t) = sqrt 3 t/sinh(sqrt 3 t) (logistic), 1/(1 + t^2/2) (laplace), sin(sqrt 3 t)/(sqrt 3 t) (uniform), and
//! for Student's law the mean of exp(-(nu - 2) t^2/(4 G)) over a Gamma(nu/2) variable G.
//! **Source** J. Gil-Pelaez, Biometrika 38 (1951); S. Kotz et al., The Laplace Distribution (2001), section 2.3; M. G.
//! Cox, J. Inst. Math. Appl. 10 (1972) for the recursion of B-splines, whose terms are positive.
//! **Errors** beside the value: relative in the closed forms, absolute (about 1e-14) by quadrature.

use super::double_double::Dd;
use super::law::{LawKind, StandardLaw};
use super::quadrature::{Disagreement, half_line};
use crate::stats::{gamma_tails, normal_upper_tail};

/// Most draws of the closed forms.
const CLOSED: usize = 1000;

/// A probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tail {
    /// The probability.
    pub value: f64,
    /// Bound on its error.
    pub error: f64,
}

/// P[xi_1 + .. + xi_n > x] for n >= 1.
///
/// # Errors
/// [`Disagreement`] of the quadrature rules.
pub(crate) fn sum_tail(law: &StandardLaw, n: usize, x: f64) -> Result<Tail, Disagreement> {
    if x < 0.0 {
        let upper = sum_tail(law, n, -x)?;
        return Ok(Tail { value: 1.0 - upper.value, error: upper.error + f64::EPSILON });
    }
    let relative = |value: f64, by: f64| Ok(Tail { value, error: value * by });
    match law.kind() {
        LawKind::Gaussian => {
            let z = x / (n as f64).sqrt();
            relative(normal_upper_tail(z), 1e-15 * (2.0 + z * z))
        }
        _ if n == 1 => relative(law.at(Dd::from(-x)).below.to_f64(), 2e-16 * (2.0 + x)),
        LawKind::Laplace if n <= CLOSED => relative(laplace_sum(n, x), 1e-12),
        LawKind::Uniform if n <= CLOSED => Ok(uniform_sum(n, x)),
        kind => by_characteristic_function(kind, n, x),
    }
}

/// The largest distance of the distribution function of the sum over sqrt n from the normal one.
///
/// By a scan of 96 points of z in (0, 6] and a golden section around the best; both functions are symmetric.
///
/// # Errors
/// As [`sum_tail`].
pub(crate) fn distance_from_normal(law: &StandardLaw, n: usize) -> Result<Tail, Disagreement> {
    if *law.kind() == LawKind::Gaussian {
        return Ok(Tail { value: 0.0, error: 0.0 });
    }
    let root = (n as f64).sqrt();
    let gap = |z: f64| -> Result<Tail, Disagreement> {
        let tail = sum_tail(law, n, z * root)?;
        Ok(Tail { value: (tail.value - normal_upper_tail(z)).abs(), error: tail.error })
    };
    let mut best = (0.0, Tail { value: 0.0, error: 0.0 });
    for i in 1..=96 {
        let z = f64::from(i) / 16.0;
        let here = gap(z)?;
        if here.value > best.1.value {
            best = (z, here);
        }
    }
    let (mut low, mut high) = (best.0 - 1.0 / 16.0, best.0 + 1.0 / 16.0);
    for _ in 0..40 {
        let (first, second) = (low + 0.381_966 * (high - low), low + 0.618_034 * (high - low));
        let (a, b) = (gap(first)?, gap(second)?);
        let better = if a.value > b.value { a } else { b };
        if better.value > best.1.value {
            best.1 = better;
        }
        if a.value > b.value { high = second } else { low = first }
    }
    Ok(Tail { value: best.1.value, error: best.1.error + 1e-15 })
}

fn laplace_sum(n: usize, x: f64) -> f64 {
    let y = std::f64::consts::SQRT_2 * x;
    let mut weight = libm::scalbn(1.0, -(n as i32));
    let mut sum = 0.0;
    for j in 0..n {
        sum += weight * gamma_tails((n - j) as f64, y).1;
        weight *= (n + j) as f64 / (2.0 * (j + 1) as f64);
    }
    sum
}

/// P[U_1 + .. + U_n <= y] at y = n/2 - x/(2 sqrt 3), as sum_k M_(n+1)(y - k) with the cardinal B-splines M.
fn uniform_sum(n: usize, x: f64) -> Tail {
    let half = n as f64 / 2.0;
    let y = half - x / (2.0 * 3.0_f64.sqrt());
    if y <= 0.0 {
        return Tail { value: 0.0, error: if y > -1e-15 * half { 1e-15 * half } else { 0.0 } };
    }
    let last = y as usize;
    // splines[k] is M_m(y - k); only the one with y - k in [0, 1) starts at 1.
    let mut splines = vec![0.0; last + 2];
    splines[last] = 1.0;
    for m in 2..=n + 1 {
        for k in 0..=last {
            let t = y - k as f64;
            let left = if t < m as f64 { t * splines[k] + (m as f64 - t) * splines[k + 1] } else { 0.0 };
            splines[k] = left / (m - 1) as f64;
        }
    }
    let value: f64 = splines.iter().sum();
    // Four roundings a step, and y itself: d ln F/dy <= n/y.
    Tail { value, error: value * f64::EPSILON * n as f64 * (4.0 + n as f64 / y) }
}

fn by_characteristic_function(kind: &LawKind, n: usize, x: f64) -> Result<Tail, Disagreement> {
    // In units of the sum's deviation; oscillations get panels of their own.
    let root = (n as f64).sqrt();
    let z = x / root;
    if z == 0.0 {
        return Ok(Tail { value: 0.5, error: 0.0 });
    }
    let mixture = if let LawKind::Student(nu) = kind { student_mixture(nu.to_f64()) } else { Vec::new() };
    let phi = |t: f64| power_of_characteristic(kind, n, t / root, &mixture);
    let integrand = |t: f64| {
        let wave = if t * z < 1e-8 { z } else { libm::sin(t * z) / t };
        [wave * phi(t)]
    };
    let mut end = 2.0;
    while end < 64.0 && phi(end).abs() > 1e-18 {
        end *= 1.5;
    }
    let turn = 4.0 * std::f64::consts::PI / z;
    let mut breaks: Vec<f64> = (1..=600).map(|k| turn * f64::from(k)).filter(|t| *t < end).collect();
    breaks.extend([1.0, 4.0, 10.0]);
    let [integral] = half_line(integrand, &breaks, [1e-16])?;
    let value = 0.5 - integral.value / std::f64::consts::PI;
    let error = integral.error + 2e-14 * integral.mass;
    Ok(Tail { value: value.max(0.0), error })
}

/// phi(t)^n for t >= 0, through ln phi, whose digits near t = 0 are kept; `mixture` is Student's.
fn power_of_characteristic(kind: &LawKind, n: usize, t: f64, mixture: &[(f64, f64)]) -> f64 {
    let a = 3.0_f64.sqrt() * t;
    let log = match kind {
        LawKind::Gaussian => -t * t / 2.0,
        LawKind::Laplace => -libm::log1p(t * t / 2.0),
        LawKind::Logistic if a < 1.0 => libm::log1p(-beyond_linear(a * a) * a / libm::sinh(a)),
        LawKind::Logistic if a < 300.0 => libm::log(a / libm::sinh(a)),
        LawKind::Logistic => -a,
        LawKind::Uniform if a < 1.0 => libm::log1p(beyond_linear(-a * a)),
        LawKind::Uniform => libm::log(libm::sin(a).abs() / a),
        LawKind::Student(_) => {
            let mean = |part: &dyn Fn(f64) -> f64| mixture.iter().map(|(w, rate)| w * part(-rate * t * t)).sum::<f64>();
            let fall = mean(&libm::expm1);
            if fall > -0.5 { libm::log1p(fall) } else { libm::log(mean(&libm::exp)) }
        }
    };
    let size = libm::exp(n as f64 * log);
    let negative = *kind == LawKind::Uniform && libm::sin(a) < 0.0 && !n.is_multiple_of(2);
    if negative { -size } else { size }
}

/// sinh(a)/a - 1 at s = a^2, and sin(a)/a - 1 at s = -a^2, for |s| < 1: s/6 (1 + s/20 (1 + s/42 (..))).
fn beyond_linear(s: f64) -> f64 {
    let inner = (2..=9).rev().fold(1.0, |sum, k| 1.0 + sum * s / f64::from(2 * k * (2 * k + 1)));
    inner * s / 6.0
}

/// Weights w and rates r with phi(t) = sum w exp(-r t^2) for Student's law: r = (nu - 2)/(4 g), g a Gamma(nu/2)
/// variable, by the trapezoidal rule in ln g. The nodes left out have weights below e^-42 of the largest.
fn student_mixture(nu: f64) -> Vec<(f64, f64)> {
    let half = nu / 2.0;
    let centre = libm::log(half);
    // exponent of g^(nu/2) e^-g, less that at its largest, g = nu/2
    let exponent = |shift: f64| half * (shift - libm::expm1(shift));
    let step = (0.5 / half.sqrt()).min(0.2);
    let mut nodes = vec![(1.0, (nu - 2.0) / (4.0 * half))];
    for side in [step, -step] {
        let shifts = (1..).map(|i| side * f64::from(i)).take_while(|shift| exponent(*shift) > -42.0);
        nodes.extend(shifts.map(|shift| (libm::exp(exponent(shift)), (nu - 2.0) / (4.0 * libm::exp(centre + shift)))));
    }
    let total: f64 = nodes.iter().map(|(weight, _)| weight).sum();
    nodes.iter().map(|(weight, rate)| (weight / total, *rate)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(text: &str) -> StandardLaw {
        text.parse().unwrap()
    }

    #[test]
    fn closed_forms_against_the_characteristic_function() {
        // identity: two routes
        for (name, n, x) in
            [("laplace", 2, 1.0), ("laplace", 7, 4.0), ("uniform", 4, 1.5), ("uniform", 12, 3.0), ("laplace", 60, 9.0)]
        {
            let law = law(name);
            let closed = sum_tail(&law, n, x).unwrap();
            let other = by_characteristic_function(law.kind(), n, x).unwrap();
            assert!(
                (closed.value - other.value).abs() <= closed.error + other.error,
                "{name} {n}: {closed:?} {other:?}"
            );
            assert!(other.error < 1e-10, "{name} {n}: {other:?}");
        }
        // identity: at n = 1 the characteristic function gives the distribution function
        for name in ["logistic", "student(5)", "student(11/4)", "student(60)"] {
            let law = law(name);
            let (one, other) =
                (sum_tail(&law, 1, 1.2).unwrap(), by_characteristic_function(law.kind(), 1, 1.2).unwrap());
            assert!((one.value - other.value).abs() <= one.error + other.error + 1e-14, "{name}: {one:?} {other:?}");
        }
    }

    #[test]
    fn sums_by_hand() {
        // exact: two uniforms on [-a, a], a = sqrt 3: P[sum > x] = (2 a - x)^2/(8 a^2) for x > 0
        let a = 3.0_f64.sqrt();
        let tail = sum_tail(&law("uniform"), 2, 1.0).unwrap();
        assert!((tail.value - (2.0 * a - 1.0) * (2.0 * a - 1.0) / 24.0).abs() <= tail.error, "{tail:?}");
        assert_eq!(sum_tail(&law("uniform"), 2, 4.0).unwrap().value, 0.0);
        // exact: two Laplace draws of rate r = sqrt 2 have the tail exp(-r x)(2 + r x)/4
        let y = std::f64::consts::SQRT_2 * 3.0;
        let tail = sum_tail(&law("laplace"), 2, 3.0).unwrap();
        assert!((tail.value - libm::exp(-y) * (2.0 + y) / 4.0).abs() <= tail.error, "{tail:?}");
        // exact: symmetric laws
        for name in ["gaussian", "laplace", "logistic", "uniform", "student(5)"] {
            let (up, down) = (sum_tail(&law(name), 3, 0.7).unwrap(), sum_tail(&law(name), 3, -0.7).unwrap());
            assert!((up.value + down.value - 1.0).abs() <= up.error + down.error, "{name}");
        }
    }

    #[test]
    fn sums_against_another_program() {
        // reference: mpmath 1.3.0, mp.dps = 30: 1/2 - quad(sin(x t)/t phi(t)^n, [0, 1, .., 40])/pi with
        // phi = sqrt(3) t/sinh(sqrt(3) t), and for student(5): y = sqrt(3) t, phi = exp(-y)(1 + y + y^2/3)
        for (name, n, x, expected) in [
            ("logistic", 2, 1.0, 0.22734274941307336),
            ("logistic", 9, 3.0, 0.15605934451537082),
            ("logistic", 30, 12.0, 0.014462348926896969),
            ("student(5)", 2, 4.0, 0.006056943449835417),
            ("student(5)", 11, 2.0, 0.266442708632435),
            ("student(5)", 100, 25.0, 0.006484820716083157),
        ] {
            let tail = sum_tail(&law(name), n, x).unwrap();
            assert!((tail.value - expected).abs() <= tail.error && tail.error < 1e-12, "{name} {n} {x}: {tail:?}");
        }
    }

    #[test]
    fn many_draws_near_the_normal_law() {
        for name in ["laplace", "logistic", "uniform", "student(9)"] {
            let law = law(name);
            let (few, many) = (distance_from_normal(&law, 10).unwrap(), distance_from_normal(&law, 1200).unwrap());
            // limit: symmetric laws near the normal one like 1/n, here over a factor of 120 across both forms
            assert!(many.value < few.value / 80.0 && many.value > few.value / 200.0, "{name}: {few:?} {many:?}");
        }
        // exact: one uniform: sup of |z/(2 sqrt 3) + 1/2 - Phi(z)|, where phi(z) = 1/(2 sqrt 3)
        let z = (2.0 * libm::log(2.0 * 3.0_f64.sqrt() / (2.0 * std::f64::consts::PI).sqrt())).sqrt();
        let expected = (0.5 - z / (2.0 * 3.0_f64.sqrt()) - normal_upper_tail(z)).abs();
        let found = distance_from_normal(&law("uniform"), 1).unwrap();
        assert!((found.value - expected).abs() < 1e-12, "{found:?} {expected}");
    }
}
