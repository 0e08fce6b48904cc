//! From parameters to a matrix with its facts.

use super::QuadraticMatrix;
use super::spectrum;
use crate::model::problem::constants::{Constants, norm1, spread_positive};
use crate::model::problem::seeded::stream;
use crate::model::{BuildError, Facts, Known, Params, Real};
use crate::scalar::{Rational, Scalar};
use nalgebra::{DMatrix, DVector, Dyn, SymmetricEigen};

/// Largest dimension: the eigenvalues of a dense matrix must stay a matter of seconds.
const LARGEST: usize = 1024;
/// Largest dimension of exact elimination.
const ELIMINATED: usize = 16;
/// Largest dimension whose sign vectors are enumerated.
const ENUMERATED: usize = 8;
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
            return Err(BuildError::at("diagonal", message));
        }
        let dense = to_dense(&rows);
        if p.has("matrix") && p.has("diagonal") {
            refuse_unless_between(&rows, &coordinate)?;
        }
        let eigen = dense.clone().symmetric_eigen();
        let (convex, known) = is_positive_semidefinite(&rows, || eigen.eigenvalues.clone());
        let facts = facts(&rows, &dense, &eigen.eigenvalues, &coordinate, convex.then_some(known));
        let kernel = if convex { kernel(&eigen) } else { Vec::new() };
        let entries = Constants::new(&rows.concat());
        Ok(QuadraticMatrix { dimension: rows.len(), entries, coordinate, facts, convex, kernel })
    }
}

/// The parameter `matrix`, which must be square and symmetric.
fn symmetric(p: &Params) -> Result<Rows, BuildError> {
    let rows = p.matrix("matrix")?;
    let d = rows.len();
    if rows[0].len() != d || d > LARGEST {
        let message = format!("'matrix' is {d} x {}; it must be square, of at most {LARGEST} rows", rows[0].len());
        return Err(BuildError::at("matrix", message));
    }
    if rows.iter().flatten().any(|v| !v.to_f64().is_finite()) {
        return Err(BuildError::at("matrix", "every entry of 'matrix' must be a finite number"));
    }
    for (i, row) in rows.iter().enumerate() {
        if let Some(j) = (0..i).find(|&j| row[j] != rows[j][i]) {
            let message = format!("'matrix' must be symmetric: entries ({i}, {j}) and ({j}, {i}) differ (from 0)");
            return Err(BuildError::at("matrix", message));
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
        return Err(BuildError::at("diagonal", format!("'diagonal' has {d} entries; at most {LARGEST} are drawn")));
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

/// Whether a symmetric matrix is positive semidefinite, and how that is known; its eigenvalues are asked for only
/// where elimination does not decide.
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
    small.then(|| rows.iter().map(|row| row.iter().map(|v| v.exact().cloned()).collect()).collect()).flatten()
}

/// Error of a computed eigenvalue of a symmetric d x d matrix of that norm, with room.
fn tolerance(d: usize, norm: f64) -> f64 {
    d as f64 * norm * libm::ldexp(1.0, -50)
}

/// Symmetric elimination: all pivots positive, or 0 with nothing left beside them.
pub(super) fn eliminates(mut rows: Vec<Vec<Rational>>) -> bool {
    for k in 0..rows.len() {
        let pivot_row = rows[k].clone();
        let pivot = &pivot_row[k];
        if pivot.is_zero() && pivot_row[k..].iter().all(Rational::is_zero) {
            continue;
        }
        if pivot.signum() <= 0 {
            return false;
        }
        for row in rows.iter_mut().skip(k + 1) {
            let Ok(factor) = row[k].divide(pivot) else { return false };
            for (entry, above) in row.iter_mut().zip(&pivot_row).skip(k) {
                entry.sub_product(&factor, above);
            }
        }
    }
    true
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
            return Err(BuildError::at("diagonal", message));
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
    convex: Option<Known>,
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
    facts.bound("L1", Real::sum(coordinate)).bound("Lmax", Real::largest(coordinate));
    if rows.len() <= ENUMERATED {
        facts.exact("Linf", largest_over_signs(rows));
    } else {
        facts.bound("Linf", norm1(&rows.concat()));
    }
    if let Some(known) = convex {
        facts.set("fstar", Real::integer(0), known);
        if eigenvalues.min() > error {
            let (smallest, known) = proved(eigenvalues.min(), spectrum::smallest);
            facts.set("mu", smallest, known);
            if let Some(exact) = exact.as_ref().and_then(spectrum::smallest_in_l1) {
                facts.exact("mu1", exact.into());
            } else if let Some(factor) = dense.clone().cholesky() {
                facts.set("mu1", Real::Float(1.0 / factor.inverse().diagonal().max()), Known::Estimated);
            }
        }
    }
    facts
}

/// max |H s|_1 over sign vectors s; the first sign is +1, as -s gives the same.
fn largest_over_signs(rows: &Rows) -> Real {
    let d = rows.len();
    let image = |signs: usize| {
        let flipped = |v: &Real, j: usize| if signs >> j & 1 == 1 { Real::integer(0).minus(v) } else { v.clone() };
        let sum = |row: &Vec<Real>| Real::sum(&row.iter().enumerate().map(|(j, v)| flipped(v, j)).collect::<Vec<_>>());
        norm1(&rows.iter().map(sum).collect::<Vec<_>>())
    };
    Real::largest(&(0..1 << (d - 1)).map(image).collect::<Vec<_>>())
}

/// Eigenvectors of the eigenvalues that are 0 up to rounding.
fn kernel(eigen: &SymmetricEigen<f64, Dyn>) -> Vec<DVector<f64>> {
    let small = tolerance(eigen.eigenvalues.len(), eigen.eigenvalues.amax());
    let flat = |(i, value): (usize, &f64)| (value.abs() <= small).then(|| eigen.eigenvectors.column(i).into_owned());
    eigen.eigenvalues.iter().enumerate().filter_map(flat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(rows: &[&[i64]]) -> Vec<Vec<Rational>> {
        rows.iter().map(|row| row.iter().map(|v| Rational::integer(*v)).collect()).collect()
    }

    #[test]
    fn elimination_knows_definite_singular_and_indefinite() {
        // exact: eigenvalues {1, 3}, {0, 2}, {-1, 3}, {-1, 1}, {0, 0}, {0, 2, 3}
        for (rows, expected) in [
            (exact(&[&[2, 1], &[1, 2]]), true),
            (exact(&[&[1, 1], &[1, 1]]), true),
            (exact(&[&[1, 2], &[2, 1]]), false),
            (exact(&[&[0, 1], &[1, 0]]), false),
            (exact(&[&[0, 0], &[0, 0]]), true),
            (exact(&[&[0, 0, 0], &[0, 2, 0], &[0, 0, 3]]), true),
        ] {
            assert_eq!(eliminates(rows.clone()), expected, "{rows:?}");
        }
    }

    #[test]
    fn sign_vectors_give_the_operator_norm() {
        // exact: for [[1, -1], [-1, 1]] the vector (1, -1) gives 4 = sum |H_ij|; for [[1, 1], [1, -1]] every one gives 2
        let real = |rows: &[&[i64]]| exact(rows).into_iter().map(|r| r.into_iter().map(Real::from).collect()).collect();
        assert_eq!(largest_over_signs(&real(&[&[1, -1], &[-1, 1]])), Real::integer(4));
        assert_eq!(largest_over_signs(&real(&[&[1, 1], &[1, -1]])), Real::integer(2));
    }
}
