//! From parameters to a matrix with its facts.

use super::QuadraticMatrix;
use crate::model::elimination::{eliminates, orthogonal};
use crate::model::problem::constants::{Constants, norm1, origin, spread_positive};
use crate::model::problem::minimisers::Minimisers;
use crate::model::problem::spectrum::{self, Span};
use crate::model::{BuildError, Facts, Known, Params, Real};
use crate::rng::seeded::stream;
use crate::scalar::{Rational, Scalar};
use nalgebra::{DMatrix, DVector, Dyn, SymmetricEigen};

/// Largest dimension: the eigenvalues of a dense matrix must stay a matter of seconds.
const LARGEST: usize = 1024;
/// Largest dimension of exact elimination.
const ELIMINATED: usize = 16;
/// Entries of drawn matrices are multiples of 2^-GRID of the smallest L_i's power of two.
const GRID: i32 = 20;

type Rows = Vec<Vec<Real>>;

impl QuadraticMatrix {
    pub(super) fn build(p: &Params) -> Result<Self, BuildError> {
        let given = p.has("diagonal").then(|| spread_positive(p, "diagonal")).transpose()?;
        let (rows, coordinate) = match (p.has("matrix"), given) {
            (true, given) => {
                let rows = symmetric(p)?;
                let coordinate = given.unwrap_or_else(|| rows.iter().map(|row| norm1(row)).collect());
                (rows, checked(coordinate, p)?)
            }
            (false, Some(diagonal)) => (draw(&diagonal, p)?, diagonal),
            (false, None) => {
                return Err(BuildError::whole("give the matrix H as 'matrix', or L as 'diagonal' to draw one"));
            }
        };
        if coordinate.len() != rows.len() {
            let message = format!("'diagonal' has {} entries; the matrix has {} rows", coordinate.len(), rows.len());
            return Err(BuildError::about("diagonal", message));
        }
        let dense = to_dense(&rows);
        if p.has("matrix") && p.has("diagonal") {
            refuse_unless_between(&rows, &coordinate)?;
        }
        let eigen = dense.clone().symmetric_eigen();
        let (convex, known) = is_positive_semidefinite(&rows, || eigen.eigenvalues.clone());
        let span = exact_rows(&rows).filter(|_| convex).map(|h| Span::new(&h));
        let facts = facts(&rows, &dense, &eigen.eigenvalues, &coordinate, (convex.then_some(known), span.as_ref()));
        let (minimisers, flat) = match (&span, convex) {
            (_, false) => (None, None),
            (Some(span), _) => rational_minimisers(span, rows.len()),
            (None, true) => float_minimisers(&eigen),
        };
        let (low, _) = eigen.eigenvalues.argmin();
        let (top, _) = eigen.eigenvalues.abs().argmax();
        let direction = |i: usize| rounded(eigen.eigenvectors.column(i).iter());
        Ok(QuadraticMatrix {
            dimension: rows.len(),
            entries: Constants::new(&rows.concat()),
            coordinate,
            facts,
            convex,
            minimisers,
            steep: direction(top),
            falling: if convex { None } else { direction(low) },
            flat,
        })
    }
}

/// The parameter `matrix`, which must be square and symmetric.
fn symmetric(p: &Params) -> Result<Rows, BuildError> {
    let rows = p.matrix("matrix")?;
    let d = rows.len();
    if rows[0].len() != d || d > LARGEST {
        let message = format!("'matrix' is {d} x {}; it must be square, of at most {LARGEST} rows", rows[0].len());
        return Err(BuildError::about("matrix", message));
    }
    if rows.iter().flatten().any(|v| !v.to_f64().is_finite()) {
        return Err(BuildError::about("matrix", "every entry of 'matrix' must be a finite number"));
    }
    for (i, row) in rows.iter().enumerate() {
        if let Some(j) = (0..i).find(|&j| row[j] != rows[j][i]) {
            let message = format!("'matrix' must be symmetric: entries ({i}, {j}) and ({j}, {i}) differ (from 0)");
            return Err(BuildError::about("matrix", message));
        }
    }
    Ok(rows)
}

/// Nothing to say about a diagonal that fits; one that is repeated by `dimension` must agree with the matrix.
fn checked(coordinate: Vec<Real>, p: &Params) -> Result<Vec<Real>, BuildError> {
    let rows = p.matrix("matrix")?.len();
    match coordinate.as_slice() {
        [single] if rows > 1 => Ok(vec![single.clone(); rows]),
        _ => Ok(coordinate),
    }
}

fn to_dense(rows: &Rows) -> DMatrix<f64> {
    DMatrix::from_fn(rows.len(), rows.len(), |i, j| rows[i][j].to_f64())
}

/// A matrix with -diag(L) <= H <= diag(L), as the file's header says.
fn draw(diagonal: &[Real], p: &Params) -> Result<Rows, BuildError> {
    let d = diagonal.len();
    if d > LARGEST {
        return Err(BuildError::about("diagonal", format!("'diagonal' has {d} entries; at most {LARGEST} are drawn")));
    }
    let mut draws = stream(p.count("data_seed")? as u64, "quadratic matrix");
    let mut q = DMatrix::zeros(d, d);
    for i in 0..d {
        for j in 0..=i {
            let entry = 2.0 * draws.uniform().0[0] - 1.0;
            q[(i, j)] = entry;
            q[(j, i)] = entry;
        }
    }
    let size = q.symmetric_eigenvalues().amax();
    let margin = d as f64 * libm::ldexp(1.0, 1 - GRID);
    q *= (1.0 - margin) / size;
    if p.text("spectrum")? == "definite" {
        // From [-(1 - m), 1 - m] to [m, 1 - m].
        q *= 0.5 * (1.0 - 2.0 * margin) / (1.0 - margin);
        q += DMatrix::identity(d, d) * 0.5;
    }
    let low = Real::smallest(diagonal).to_f64();
    let unit = libm::ldexp(1.0, libm::ilogb(low) - GRID);
    let entry = |i: usize, j: usize| {
        let scale = (diagonal[i].to_f64() * diagonal[j].to_f64()).sqrt();
        Real::from(Rational::from_double((q[(i, j)] * scale / unit).round() * unit).unwrap_or_else(Rational::zero))
    };
    Ok((0..d).map(|i| (0..d).map(|j| entry(i.max(j), i.min(j))).collect()).collect())
}

/// Whether a symmetric matrix is positive semidefinite, and how that is known; its eigenvalues are computed only where
/// elimination does not decide.
fn is_positive_semidefinite(rows: &Rows, eigenvalues: impl FnOnce() -> DVector<f64>) -> (bool, Known) {
    match exact_rows(rows) {
        Some(exact) => (eliminates(exact), Known::Exact),
        None => {
            let eigenvalues = eigenvalues();
            (eigenvalues.min() >= -tolerance(rows.len(), eigenvalues.amax()), Known::Estimated)
        }
    }
}

/// The matrix in rationals, where it is known so and small enough for elimination.
fn exact_rows(rows: &Rows) -> Option<Vec<Vec<Rational>>> {
    let small = rows.len() <= ELIMINATED;
    small.then(|| exact_entries(rows)).flatten()
}

/// The matrix in rationals, of any size.
fn exact_entries(rows: &Rows) -> Option<Vec<Vec<Rational>>> {
    rows.iter().map(|row| row.iter().map(|v| v.exact().cloned()).collect()).collect()
}

/// Error of a computed eigenvalue of a symmetric d x d matrix of that norm, with room.
fn tolerance(d: usize, norm: f64) -> f64 {
    d as f64 * norm * libm::ldexp(1.0, -50)
}

/// Refuses a diagonal for which -diag(L) <= H <= diag(L) does not hold.
fn refuse_unless_between(rows: &Rows, coordinate: &[Real]) -> Result<(), BuildError> {
    for (sign, text) in [(1, "-diag(L) <= H"), (-1, "H <= diag(L)")] {
        let sign = Real::integer(sign);
        let shifted = |i: usize, j: usize| {
            let entry = rows[i][j].times(&sign);
            if i == j { Real::sum(&[coordinate[i].clone(), entry]) } else { entry }
        };
        let d = rows.len();
        let gap: Rows = (0..d).map(|i| (0..d).map(|j| shifted(i, j)).collect()).collect();
        if !is_positive_semidefinite(&gap, || to_dense(&gap).symmetric_eigenvalues()).0 {
            let message = format!("'diagonal' is too small for 'matrix': {text} fails; leave it out for a valid one");
            return Err(BuildError::about("diagonal", message));
        }
    }
    Ok(())
}

/// All facts; `convex` is how positive semidefiniteness is known, where it holds.
fn facts(
    rows: &Rows,
    dense: &DMatrix<f64>,
    eigenvalues: &DVector<f64>,
    coordinate: &[Real],
    (convex, span): (Option<Known>, Option<&Span>),
) -> Facts {
    let norm = eigenvalues.amax();
    let error = tolerance(rows.len(), norm);
    let exact = exact_rows(rows);
    let proved = |estimate: f64, of: fn(&Vec<Vec<Rational>>, f64, f64) -> Real| {
        let value = exact.as_ref().map_or(Real::estimated(estimate, error), |h| of(h, estimate, error));
        let known = if value.is_rough() { Known::Estimated } else { Known::Exact };
        (value, known)
    };
    let mut facts = Facts::new();
    let (largest, known) = proved(norm, spectrum::norm);
    facts.set("L", largest, known).exact("rho", Real::integer(0));
    let sum = Real::sum(coordinate);
    let linf = exact_entries(rows).as_ref().and_then(spectrum::largest_over_signs).map(Real::Exact);
    // No valid L has a smaller sum than s'Hs for a sign vector s: where the two meet it is the smallest.
    let reached = linf.as_ref().is_some_and(|linf| *linf == sum);
    facts.set("L1", sum, if reached { Known::Exact } else { Known::Bound });
    facts.bound("Lmax", Real::largest(coordinate));
    match linf {
        Some(linf) => facts.exact("Linf", linf),
        None => facts.bound("Linf", norm1(&rows.concat())),
    };
    let Some(known) = convex else { return facts };
    facts.set("fstar", Real::integer(0), known);
    let Some(least) = eigenvalues.iter().copied().filter(|v| *v > error).min_by(f64::total_cmp) else { return facts };
    let smallest = span.map_or(Real::Float(least), |span| span.smallest(least, error));
    let known = if smallest.is_rough() { Known::Estimated } else { Known::Exact };
    facts.set("mu", smallest.clone(), known);
    if let Some((least, reached)) = span.and_then(Span::smallest_in_l1) {
        facts.set("mu1", least.into(), if reached { Known::Exact } else { Known::Bound });
    } else if let Some(factor) = dense.clone().cholesky() {
        facts.set("mu1", Real::Float(1.0 / factor.inverse().diagonal().max()), Known::Estimated);
    } else {
        // |g|_1 >= |g|_2.
        facts.set("mu1", smallest, Known::Bound);
    }
    facts
}

/// The kernel of a rational matrix, and a vector of it.
fn rational_minimisers(span: &Span, d: usize) -> (Option<Minimisers>, Option<Vec<Real>>) {
    if span.is_whole() {
        return (Some(Minimisers::point(origin(d))), None);
    }
    let Some(weights) = span.weights() else {
        return (Some(Minimisers::anywhere(d)), Some(vec![Real::integer(1); d]));
    };
    let flat = orthogonal(&span.basis, d).map(|v| v.into_iter().map(Real::Exact).collect());
    (Some(Minimisers::affine(vec![Rational::zero(); d], &span.basis, &weights)), flat)
}

/// The same in double precision: what is orthogonal to the eigenvectors whose eigenvalues are not 0 up to rounding.
fn float_minimisers(eigen: &SymmetricEigen<f64, Dyn>) -> (Option<Minimisers>, Option<Vec<Real>>) {
    let d = eigen.eigenvalues.len();
    let small = tolerance(d, eigen.eigenvalues.amax());
    let (curved, flat): (Vec<usize>, Vec<usize>) = (0..d).partition(|i| eigen.eigenvalues[*i] > small);
    let Some(first) = flat.first() else { return (Some(Minimisers::point(origin(d))), None) };
    let basis: Rows =
        curved.iter().map(|i| eigen.eigenvectors.column(*i).iter().map(|v| Real::Float(*v)).collect()).collect();
    let all = Minimisers::Affine { point: origin(d), weights: basis.clone(), basis };
    (Some(all), rounded(eigen.eigenvectors.column(*first).iter()))
}

/// A direction in short rational numbers.
fn rounded<'a>(entries: impl Iterator<Item = &'a f64>) -> Option<Vec<Real>> {
    const GRAIN: f64 = 1_048_576.0;
    entries.map(|v| Rational::from_double((v * GRAIN).round() / GRAIN).map(Real::Exact)).collect()
}
