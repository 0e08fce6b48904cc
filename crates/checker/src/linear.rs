//! Linear algebra in fractions: equations, definiteness, eigenvalues.

use crate::number::{Num, Q, precision, sign};
use crate::{Answer, unsupported};

/// The product of two vectors.
pub(crate) fn dot(a: &[Q], b: &[Q]) -> Q {
    a.iter().zip(b).fold(Q::ZERO, |sum, (x, y)| sum + x * y)
}

/// The solution of square equations, `None` where there is none or more than one.
pub(crate) fn solve(mut a: Vec<Vec<Q>>, mut b: Vec<Q>) -> Option<Vec<Q>> {
    let n = b.len();
    for i in 0..n {
        let pivot = (i..n).find(|&r| !a[r][i].is_zero())?;
        a.swap(i, pivot);
        b.swap(i, pivot);
        let (row, right) = (a[i].clone(), b[i].clone());
        for r in (0..n).filter(|&r| r != i) {
            if a[r][i].is_zero() {
                continue;
            }
            let factor = &a[r][i] / &row[i];
            for c in i..n {
                a[r][c] = &a[r][c] - &factor * &row[c];
            }
            b[r] = &b[r] - &factor * &right;
        }
    }
    Some((0..n).map(|i| &b[i] / &a[i][i]).collect())
}

/// How many eigenvalues of the symmetric matrix A - t I are negative and how many are 0, by congruences (Sylvester's
/// law).
pub(crate) fn inertia(a: &[Vec<Q>], t: &Q) -> (usize, usize) {
    let n = a.len();
    let mut m: Vec<Vec<Q>> = a.to_vec();
    for (i, row) in m.iter_mut().enumerate() {
        row[i] = &row[i] - t;
    }
    let mut open: Vec<usize> = (0..n).collect();
    let (mut negative, mut nil) = (0, 0);
    while let Some(&first) = open.first() {
        let pivot = open.iter().copied().find(|&i| !m[i][i].is_zero());
        let Some(p) = pivot else {
            // All of the diagonal is 0: adding column j to column i makes an entry 2 m_ij, or all is 0.
            let pair = open.iter().flat_map(|&i| open.iter().map(move |&j| (i, j))).find(|&(i, j)| !m[i][j].is_zero());
            let Some((i, j)) = pair else {
                nil += open.len();
                break;
            };
            let other = m[j].clone();
            for (x, y) in m[i].iter_mut().zip(&other) {
                *x += y;
            }
            for row in &mut m {
                row[i] = &row[i] + &row[j];
            }
            continue;
        };
        debug_assert!(open.contains(&first));
        negative += usize::from(sign(&m[p][p]) < 0);
        open.retain(|&i| i != p);
        for &r in &open {
            let factor = &m[r][p] / &m[p][p];
            for &c in &open {
                m[r][c] = &m[r][c] - &factor * &m[p][c];
            }
        }
    }
    (negative, nil)
}

/// The largest eigenvalue in absolute value of a symmetric matrix.
pub(crate) fn spectral_norm(a: &[Vec<Q>]) -> Answer<Num> {
    let n = a.len();
    if n > 12 {
        return unsupported("eigenvalues of a matrix of more than 12 rows");
    }
    let absolute = |q: &Q| if sign(q) < 0 { -q.clone() } else { q.clone() };
    let bound = a.iter().map(|r| r.iter().fold(Q::ZERO, |s, x| s + absolute(x))).max().unwrap_or(Q::ZERO);
    // All eigenvalues are at most t and at least -t.
    let within = |t: &Q| {
        let (negative, nil) = inertia(a, t);
        negative + nil == n && inertia(a, &-t.clone()).0 == 0
    };
    let attained = |t: &Q| inertia(a, t).1 + inertia(a, &-t.clone()).1 > 0;
    let (mut lo, mut hi) = (Q::ZERO, bound);
    if attained(&hi) {
        return Ok(Num::from(hi));
    }
    for _ in 0..precision() + 16 {
        let middle = (&lo + &hi) / Q::from(2);
        if within(&middle) {
            if attained(&middle) {
                return Ok(Num::from(middle));
            }
            hi = middle;
        } else {
            lo = middle;
        }
    }
    // A rational eigenvalue that no bisection meets, such as 1/3, is the simplest fraction there.
    let simple = Q::simplest_in(lo.clone(), hi.clone());
    if attained(&simple) && within(&simple) { Ok(Num::from(simple)) } else { Ok(Num::enclose(lo, hi)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[i64]]) -> Vec<Vec<Q>> {
        rows.iter().map(|r| r.iter().map(|x| Q::from(*x)).collect()).collect()
    }

    #[test]
    fn equations_and_signs() {
        let x = solve(matrix(&[&[0, 2], &[1, 1]]), vec![Q::from(4), Q::from(5)]).unwrap();
        assert_eq!(x, [Q::from(3), Q::from(2)]);
        assert!(solve(matrix(&[&[1, 2], &[2, 4]]), vec![Q::ONE, Q::ONE]).is_none());
        assert_eq!(inertia(&matrix(&[&[0, 1], &[1, 0]]), &Q::ZERO), (1, 0));
        assert_eq!(inertia(&matrix(&[&[1, 1], &[1, 1]]), &Q::ZERO), (0, 1));
        assert_eq!(inertia(&matrix(&[&[2, 0], &[0, -3]]), &Q::from(2)), (1, 1));
    }

    #[test]
    fn norms_of_matrices() {
        assert_eq!(spectral_norm(&matrix(&[&[2, 1], &[1, 2]])), Ok(Num::int(3)));
        assert_eq!(spectral_norm(&matrix(&[&[1, 0], &[0, -5]])), Ok(Num::int(5)));
        let golden = spectral_norm(&matrix(&[&[1, 1], &[1, 0]])).unwrap();
        let exact = (&Num::int(5).sqrt().unwrap() + &Num::int(1)).over(&Num::int(2)).unwrap();
        assert!(golden.lo() <= exact.hi() && golden.hi() >= exact.lo());
    }
}
