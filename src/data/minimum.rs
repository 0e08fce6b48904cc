//! f* and the minimiser of the logistic loss.
//!
//! **Method** Newton's method. Each step solves (Hessian) p = -grad f by conjugate gradients, preconditioned by the
//! Hessian's diagonal, to a relative residual of min(1/10, sqrt(|g| / |g_0|)). It is halved until f falls enough
//! (Armijo, 1e-4). Where the fall is below the rounding of f, the gradient norm has to fall instead.
//!
//! **Assumptions** lambda > 0: without it a minimiser need not exist.
//!
//! **Facts** Strong convexity gives 0 <= f(x) - f* <= |grad f(x)|_2^2 / (2 lambda).

use super::{DataError, Logistic};

/// Most halvings of one step.
const HALVINGS: usize = 40;

/// A fall of f by less than this fraction of f is not distinguished from rounding.
const ROUNDING: f64 = 1e-12;

/// When the solver ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stop {
    /// Success: |grad f|_2 below this.
    pub gradient_norm: f64,
    /// Failure: more Newton iterations than this.
    pub iterations: usize,
}

impl Default for Stop {
    /// 1e-10 within 100 iterations.
    fn default() -> Self {
        Stop { gradient_norm: 1e-10, iterations: 100 }
    }
}

/// A point where the gradient is as small as required.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Minimum {
    /// f at the point: f* up to `error_bound` and the rounding of f.
    pub value: f64,
    /// The minimiser found.
    pub point: Vec<f64>,
    /// |grad f(point)|_2 as evaluated in f64.
    pub gradient_norm: f64,
    /// Newton iterations.
    pub iterations: usize,
    /// Passes over the data (gradients, curvatures and Hessian products).
    pub passes: usize,
    /// |grad f(point)|_2^2 / (2 lambda) >= f(point) - f*.
    pub error_bound: f64,
}

/// Minimises f from x = 0.
///
/// # Errors
/// [`DataError::Parameter`] if lambda is 0; [`DataError::NotReached`] with the residual that was reached, if the
/// iterations end or rounding forbids any progress before the gradient is small enough.
pub(crate) fn minimise(f: &Logistic, stop: Stop) -> Result<Minimum, DataError> {
    if f.lambda() <= 0.0 {
        let expected = "a positive number: without a regulariser there may be no minimiser";
        return Err(DataError::Parameter { name: "lambda", value: f.lambda(), expected: expected.into() });
    }
    let mut state = State::at(f, vec![0.0; f.dimension()]);
    let first = state.norm;
    let mut passes = 1;
    let mut iterations = 0;
    // NaN passes no comparison, and so ends below as an error.
    loop {
        let reached = state.norm;
        if reached < stop.gradient_norm {
            break;
        }
        let fail = |reason| DataError::NotReached { reached, wanted: stop.gradient_norm, iterations, reason };
        if iterations >= stop.iterations {
            return Err(fail("the iterations are used up"));
        }
        let accuracy = reached * (reached / first).sqrt().min(0.1);
        let direction = newton_direction(f, &state, accuracy.max(0.1 * stop.gradient_norm), &mut passes);
        state = line_search(f, &state, &direction, &mut passes)
            .ok_or_else(|| fail("no step lowers f or its gradient any more: the floor of double precision"))?;
        iterations += 1;
    }
    Ok(Minimum {
        value: state.value,
        error_bound: state.norm * state.norm / (2.0 * f.lambda()),
        gradient_norm: state.norm,
        point: state.point,
        iterations,
        passes,
    })
}

/// A point with what is known there.
struct State {
    point: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    norm: f64,
}

impl State {
    fn at(f: &Logistic, point: Vec<f64>) -> Self {
        let mut gradient = vec![0.0; point.len()];
        let value = f.value_and_gradient(&point, &mut gradient);
        let norm = inner(&gradient, &gradient).sqrt();
        State { point, value, gradient, norm }
    }
}

/// p with |H p + g|_2 <= accuracy, by conjugate gradients; a descent direction even if they end early.
fn newton_direction(f: &Logistic, state: &State, accuracy: f64, passes: &mut usize) -> Vec<f64> {
    let weights = f.curvatures(&state.point);
    let diagonal = f.hessian_diagonal(&weights);
    *passes += 2;
    let precondition = |r: &[f64]| -> Vec<f64> { r.iter().zip(&diagonal).map(|(r, d)| r / d).collect() };
    let mut p = vec![0.0; diagonal.len()];
    let mut residual: Vec<f64> = state.gradient.iter().map(|g| -g).collect();
    let mut scaled = precondition(&residual);
    let mut direction = scaled.clone();
    let mut product = vec![0.0; p.len()];
    let mut old = inner(&residual, &scaled);
    // In exact arithmetic d iterations suffice; rounding may require some more.
    for _ in 0..2 * p.len() + 10 {
        f.weighted_product(&weights, &direction, &mut product);
        *passes += 1;
        let step = old / inner(&direction, &product);
        if !step.is_finite() {
            break;
        }
        add(&mut p, step, &direction);
        add(&mut residual, -step, &product);
        if inner(&residual, &residual).sqrt() <= accuracy {
            break;
        }
        scaled = precondition(&residual);
        let new = inner(&residual, &scaled);
        let keep = new / old;
        direction.iter_mut().zip(&scaled).for_each(|(d, s)| *d = s + keep * *d);
        old = new;
    }
    p
}

/// The first of the steps 1, 1/2, 1/4, .. that makes progress.
fn line_search(f: &Logistic, state: &State, direction: &[f64], passes: &mut usize) -> Option<State> {
    let slope = inner(&state.gradient, direction);
    let mut step = 1.0;
    for _ in 0..HALVINGS {
        let mut point = state.point.clone();
        add(&mut point, step, direction);
        let next = State::at(f, point);
        *passes += 1;
        let fall = -step * slope;
        let visible = fall > ROUNDING * state.value.abs();
        let progress =
            if visible { next.value <= state.value - 1e-4 * fall } else { fall > 0.0 && next.norm < state.norm };
        if progress {
            return Some(next);
        }
        step *= 0.5;
    }
    None
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `out += scale * v`.
fn add(out: &mut [f64], scale: f64, v: &[f64]) {
    out.iter_mut().zip(v).for_each(|(o, v)| *o += scale * v);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::logistic::tests::reference_data;
    use crate::data::{Dataset, Matrix, generate};
    use nalgebra::{DMatrix, DVector};
    use std::f64::consts::LN_2;

    fn column(values: Vec<f32>, labels: Vec<i8>) -> Dataset {
        Dataset::new(Matrix::dense(values.len(), 1, values).unwrap(), labels).unwrap()
    }

    /// The Hessian at x, column by column.
    fn hessian(f: &Logistic, x: &[f64]) -> DMatrix<f64> {
        let d = x.len();
        let mut matrix = DMatrix::zeros(d, d);
        let weights = f.curvatures(x);
        for j in 0..d {
            let mut unit = vec![0.0; d];
            unit[j] = 1.0;
            let mut product = vec![0.0; d];
            f.weighted_product(&weights, &unit, &mut product);
            matrix.set_column(j, &DVector::from_vec(product));
        }
        matrix
    }

    /// Plain Newton steps by a Cholesky factor of the whole Hessian.
    fn dense_newton(f: &Logistic) -> (f64, Vec<f64>) {
        let mut x = vec![0.0; f.dimension()];
        let mut gradient = x.clone();
        for _ in 0..30 {
            f.gradient(&x, &mut gradient);
            let factor = hessian(f, &x).cholesky().expect("a strongly convex function");
            let step = factor.solve(&DVector::from_column_slice(&gradient));
            add(&mut x, -1.0, step.as_slice());
        }
        (f.value(&x), x)
    }

    #[test]
    fn one_dimension_has_a_closed_form() {
        // exact: a = 1, labels + for 3/4 of the samples: f'(x) = sigmoid(x) - 3/4 + lambda x. lambda = 1/(12 ln 2) puts
        // the minimiser at ln 2 (sigmoid = 2/3), where f = (3/4) ln(3/2) + (1/4) ln 3 + ln 2 / 24.
        let f = Logistic::with_lambda(column(vec![1.0; 4], vec![1, 1, -1, 1]), 1.0 / (12.0 * LN_2)).unwrap();
        let minimum = minimise(&f, Stop::default()).unwrap();
        let expected = 0.75 * 1.5f64.ln() + 0.25 * 3f64.ln() + LN_2 / 24.0;
        assert!((minimum.value - expected).abs() < 1e-15, "{minimum:?}");
        assert!((minimum.point[0] - LN_2).abs() <= minimum.gradient_norm / f.lambda() + 1e-15);
        // exact: as many + as -, all at a = 1: the minimiser is 0, f = ln 2
        let even = minimise(&Logistic::new(column(vec![1.0; 4], vec![1, -1, -1, 1])), Stop::default()).unwrap();
        assert_eq!((even.value, even.point, even.iterations), (LN_2, vec![0.0], 0));
    }

    #[test]
    fn the_minimum_agrees_with_forty_digits() {
        // reference: mpmath 1.4.1, mp.dps = 40, findroot(gradient, [0.1] * 3), value by fsum(log(1 + exp(..)));
        // scikit-learn 1.9.1, LogisticRegression(C=1, fit_intercept=False, solver="newton-cholesky", tol=1e-14)
        // gives 0.672015153319055 at (0.6421767956934978, 0.35007755923955924, -0.3015059887252433)
        let f = Logistic::new(reference_data());
        let minimum = minimise(&f, Stop { gradient_norm: 1e-14, iterations: 50 }).unwrap();
        let expected = [0.642_176_795_693_498, 0.350_077_559_239_559_37, -0.301_505_988_725_243_4];
        assert!((minimum.value - 0.672_015_153_319_055).abs() < 2e-16, "{minimum:?}");
        for (x, e) in minimum.point.iter().zip(expected) {
            assert!((x - e).abs() < 1e-12, "{x} against {e}");
        }
    }

    #[test]
    fn the_minimum_agrees_with_dense_newton_and_within_its_bound() {
        for (n, d, noise, lambda) in [(200, 8, 0.5, None), (500, 64, 0.2, None), (40, 60, 0.0, Some(1e-4))] {
            let data = generate(n, d, noise, 9).unwrap().data;
            let f = lambda.map_or_else(
                || Logistic::new(data.clone()),
                |lambda| Logistic::with_lambda(data.clone(), lambda).unwrap(),
            );
            let minimum = minimise(&f, Stop::default()).unwrap();
            assert!(minimum.gradient_norm < 1e-10);
            let (value, point) = dense_newton(&f);
            // identity: both within their bound of f*, and rounding
            assert!((minimum.value - value).abs() <= minimum.error_bound + 1e-15, "{n} x {d}: {minimum:?}");
            let distance = minimum.point.iter().zip(&point).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            // strong convexity: |x - x*| <= |grad| / lambda
            assert!(distance <= 2.0 * minimum.gradient_norm / f.lambda() + 1e-11, "{n} x {d}: {distance:e}");
        }
    }

    #[test]
    fn the_bound_holds_on_the_way() {
        let f = Logistic::new(generate(300, 12, 0.3, 1).unwrap().data);
        let best = minimise(&f, Stop::default()).unwrap();
        for gradient_norm in [1e-1, 1e-2, 1e-4, 1e-6] {
            let early = minimise(&f, Stop { gradient_norm, iterations: 100 }).unwrap();
            assert!(early.gradient_norm < gradient_norm);
            let excess = early.value - best.value;
            assert!((-1e-15..=early.error_bound + 1e-15).contains(&excess), "{excess:e}, {:e}", early.error_bound);
        }
    }

    #[test]
    fn what_cannot_be_reached_is_an_error_with_the_residual() {
        let f = Logistic::new(generate(300, 12, 0.3, 1).unwrap().data);
        for (stop, what) in [
            (Stop { gradient_norm: 1e-10, iterations: 1 }, "used up"),
            (Stop { gradient_norm: 0.0, iterations: 1000 }, "floor of double precision"),
            (Stop { gradient_norm: f64::NAN, iterations: 1000 }, "floor of double precision"),
        ] {
            match minimise(&f, stop) {
                Err(DataError::NotReached { reached, reason, .. }) => {
                    assert!(reason.contains(what), "{reason}");
                    assert!(reached > 0.0 && (stop.iterations == 1 || reached < 1e-15), "{reached:e}");
                }
                other => panic!("{other:?}"),
            }
        }
        let flat = Logistic::with_lambda(column(vec![1.0], vec![1]), 0.0).unwrap();
        assert!(matches!(minimise(&flat, Stop::default()), Err(DataError::Parameter { name: "lambda", .. })));
    }

    #[test]
    fn badly_scaled_columns_are_no_obstacle() {
        // columns of size 1, 1e3 and 1e-3: the diagonal preconditioner takes the scales out
        let planted = generate(400, 3, 0.5, 2).unwrap().data;
        let sizes = [1.0, 1e3, 1e-3];
        let mut values = vec![];
        for i in 0..400 {
            let mut row = [0.0; 3];
            planted.matrix().add_scaled_row(i, 1.0, &mut row);
            values.extend(row.iter().zip(sizes).map(|(v, s)| (v * s) as f32));
        }
        let data = Dataset::new(Matrix::dense(400, 3, values).unwrap(), planted.labels().to_vec()).unwrap();
        let minimum = minimise(&Logistic::new(data), Stop::default()).unwrap();
        assert!(minimum.gradient_norm < 1e-10 && minimum.iterations < 20, "{minimum:?}");
    }

    #[test]
    #[ignore = "a measurement: SIGNCHECK_ROWS x 2000 (20 000 unless set; 400 000 take 3.2 GB)"]
    fn measure_at_real_size() {
        let n = std::env::var("SIGNCHECK_ROWS").map_or(20_000, |n| n.parse().unwrap());
        let clock = std::time::Instant::now();
        let mut before = 0.0;
        let mut lap = |what: &str| {
            let now = clock.elapsed().as_secs_f64();
            println!("{what}: {:.4} s", now - before);
            before = now;
        };
        let f = Logistic::new(generate(n, 2000, 0.5, 1).unwrap().data);
        lap("generate");
        let x: Vec<f64> = (0..2000).map(|j| f64::from(j % 7) - 3.0).collect();
        let mut out = vec![0.0; 2000];
        for _ in 0..3 {
            let _ = f.value(&x);
            lap("value");
            f.gradient(&x, &mut out);
            lap("gradient");
            f.hessian_vector(&x, &x, &mut out);
            lap("hessian_vector (two passes)");
            let _ = f.values(&[x.as_slice(); 8]);
            lap("values at 8 points");
        }
        for i in 0..100_000 {
            f.sample_gradient(i * 7 % n, &x, 1.0, &mut out);
        }
        lap("100 000 sample gradients");
        println!("L {}, L_inf {}", f.smoothness(), f.smoothness_max_norm());
        println!("sum of L_j {}", f.smoothness_by_coordinate().iter().sum::<f64>());
        lap("facts");
        let minimum = minimise(&f, Stop::default()).unwrap();
        lap("minimise");
        let Minimum { value, gradient_norm, iterations, passes, error_bound, .. } = minimum;
        println!("f* {value}, |g| {gradient_norm:e}, {iterations} iterations, {passes} passes, bound {error_bound:e}");
    }
}
