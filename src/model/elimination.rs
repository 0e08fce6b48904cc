//! Linear systems in rationals.

use crate::scalar::{Rational, Scalar};

/// The inner product.
pub(super) fn dot(a: &[Rational], b: &[Rational]) -> Rational {
    let mut sum = Rational::zero();
    for (a, b) in a.iter().zip(b) {
        sum.add_product(a, b);
    }
    sum
}

/// The inner products of the rows with each other.
pub(super) fn gram(rows: &[Vec<Rational>]) -> Vec<Vec<Rational>> {
    rows.iter().map(|a| rows.iter().map(|b| dot(a, b)).collect()).collect()
}

/// The sum of the rows with these weights.
pub(super) fn combine(rows: &[Vec<Rational>], weights: &[Rational]) -> Vec<Rational> {
    let mut sum = vec![Rational::zero(); rows.first().map_or(0, Vec::len)];
    for (row, weight) in rows.iter().zip(weights) {
        for (sum, entry) in sum.iter_mut().zip(row) {
            sum.add_product(entry, weight);
        }
    }
    sum
}

/// The columns of a matrix given by rows.
pub(super) fn transposed(rows: &[Vec<Rational>]) -> Vec<Vec<Rational>> {
    let columns = rows.first().map_or(0, Vec::len);
    (0..columns).map(|j| rows.iter().map(|row| row[j].clone()).collect()).collect()
}

/// The solution of a square system; `None` where the matrix is singular.
pub(super) fn solve(mut matrix: Vec<Vec<Rational>>, mut right: Vec<Rational>) -> Option<Vec<Rational>> {
    let n = right.len();
    for k in 0..n {
        let pivot = (k..n).find(|&i| !matrix[i][k].is_zero())?;
        matrix.swap(k, pivot);
        right.swap(k, pivot);
        let inverse = Rational::one().divide(&matrix[k][k]).ok()?;
        for entry in &mut matrix[k][k..] {
            *entry *= &inverse;
        }
        right[k] *= &inverse;
        let (row, value) = (matrix[k].clone(), right[k].clone());
        for i in (0..n).filter(|&i| i != k) {
            let factor = matrix[i][k].clone();
            if factor.is_zero() {
                continue;
            }
            for (entry, above) in matrix[i].iter_mut().zip(&row).skip(k) {
                entry.sub_product(&factor, above);
            }
            right[i].sub_product(&factor, &value);
        }
    }
    Some(right)
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

/// Rows of a matrix that are independent and span the others: a basis of its rows' span.
pub(super) fn independent(rows: &[Vec<Rational>]) -> Vec<Vec<Rational>> {
    let mut reduced: Vec<(usize, Vec<Rational>)> = Vec::new();
    let mut chosen = Vec::new();
    for row in rows {
        let mut rest = row.clone();
        for (pivot, other) in &reduced {
            let factor = rest[*pivot].clone();
            if !factor.is_zero() {
                rest.iter_mut().zip(other).for_each(|(v, o)| v.sub_product(&factor, o));
            }
        }
        let Some(pivot) = rest.iter().position(|v| !v.is_zero()) else { continue };
        let Ok(inverse) = Rational::one().divide(&rest[pivot]) else { continue };
        rest.iter_mut().for_each(|v| *v *= &inverse);
        reduced.push((pivot, rest));
        chosen.push(row.clone());
    }
    chosen
}

/// A vector that every row of a basis is orthogonal to; `None` where the basis spans R^d.
pub(super) fn orthogonal(basis: &[Vec<Rational>], d: usize) -> Option<Vec<Rational>> {
    (0..d).find_map(|i| {
        let mut unit = vec![Rational::zero(); d];
        unit[i] = Rational::one();
        let weights = solve(gram(basis), basis.iter().map(|row| row[i].clone()).collect())?;
        for (row, weight) in basis.iter().zip(&weights) {
            unit.iter_mut().zip(row).for_each(|(u, r)| u.sub_product(weight, r));
        }
        unit.iter().any(|v| !v.is_zero()).then_some(unit)
    })
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
    fn a_basis_and_what_is_orthogonal_to_it() {
        // exact: (2, 4, 0) is twice (1, 2, 0); (2, -1, 0) and (0, 0, 1) are orthogonal to it
        let basis = independent(&exact(&[&[1, 2, 0], &[2, 4, 0], &[0, 0, 3]]));
        assert_eq!(basis, exact(&[&[1, 2, 0], &[0, 0, 3]]));
        let away = orthogonal(&basis, 3).unwrap();
        assert!(basis.iter().all(|row| dot(row, &away).is_zero()) && away.iter().any(|v| !v.is_zero()));
        assert_eq!(orthogonal(&exact(&[&[1, 0], &[1, 1]]), 2), None);
    }

    #[test]
    fn a_system_by_hand() {
        let rows = |entries: &[[i64; 2]]| -> Vec<Vec<Rational>> {
            entries.iter().map(|r| r.iter().map(|v| Rational::integer(*v)).collect()).collect()
        };
        // exact: 2y = 3, x + y = 1 (the first pivot is 0): y = 3/2, x = -1/2
        let right = vec![Rational::integer(3), Rational::one()];
        let found = solve(rows(&[[0, 2], [1, 1]]), right.clone());
        assert_eq!(found, Some(vec![Rational::ratio(-1, 2), Rational::ratio(3, 2)]));
        assert_eq!(solve(rows(&[[1, 2], [2, 4]]), right), None);
        // exact: (1, 2) and (3, -1): products 5, 1, 10
        assert_eq!(gram(&rows(&[[1, 2], [3, -1]])), rows(&[[5, 1], [1, 10]]));
        assert_eq!(combine(&rows(&[[1, 2], [3, -1]]), &[Rational::integer(2), Rational::one()]), rows(&[[5, 3]])[0]);
        assert_eq!(transposed(&rows(&[[1, 2], [3, 4]])), rows(&[[1, 3], [2, 4]]));
    }
}
