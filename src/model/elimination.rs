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

#[cfg(test)]
mod tests {
    use super::*;

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
