//! Sparse rows, and the inverse of their Gram matrix.

use crate::scalar::{Rational, Scalar};

/// One data point (columns from 0): the label in column 0, 1 in columns 1 and 2 and in 1 or 5 columns of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Whether the label is +1.
    pub(super) positive: bool,
    /// First column of its own.
    pub(super) first: usize,
}

/// The 2x2 matrix (C^-1 + W' D^-1 W)^-1 of K = D + W C W' with W = [y, 1] and C = diag(1, 2), by rows.
pub(super) struct Core([Rational; 3]);

impl Row {
    /// D_ii: number of columns of the row's own.
    pub(super) fn own(&self) -> usize {
        if self.positive { 1 } else { 5 }
    }

    /// |a_i|_1 = |a_i|_2^2.
    pub(super) fn weight(&self) -> i64 {
        3 + self.own() as i64
    }

    /// Columns that hold 1.
    #[inline(always)]
    pub(super) fn ones(&self) -> impl Iterator<Item = usize> {
        [1, 2].into_iter().chain(self.first..self.first + self.own())
    }

    /// y_i v.
    #[inline(always)]
    pub(super) fn labelled<S: Scalar>(&self, v: S) -> S {
        if self.positive { v } else { -v }
    }

    /// a_i'x.
    #[inline(always)]
    pub(super) fn dot<S: Scalar>(&self, x: &[S]) -> S {
        let mut sum = self.labelled(x[0].clone());
        for column in self.ones() {
            sum += &x[column];
        }
        sum
    }

    /// a_i'x - y_i.
    #[inline(always)]
    pub(super) fn residual<S: Scalar>(&self, x: &[S]) -> S {
        self.dot(x) - self.labelled(S::one())
    }

    /// out += scale a_i.
    #[inline(always)]
    pub(super) fn add_to<S: Scalar>(&self, scale: &S, out: &mut [S]) {
        out[0] += &self.labelled(scale.clone());
        for column in self.ones() {
            out[column] += scale;
        }
    }
}

impl Core {
    pub(super) fn new(train: &[Row]) -> Self {
        let positive = train.iter().filter(|r| r.positive).count() as i64;
        let negative = train.len() as i64 - positive;
        // W' D^-1 W has P + N/5 on its diagonal and P - N/5 beside it.
        let (same, cross) = (Rational::ratio(5 * positive + negative, 5), Rational::ratio(5 * positive - negative, 5));
        let (a, b) = (same.clone() + &Rational::one(), same + &Rational::ratio(1, 2));
        let determinant = a.clone() * &b - cross.clone() * &cross;
        // a b > cross^2, as a and b exceed P + N/5 >= |cross|; the division has no zero to meet.
        let inverse = Rational::one().divide(&determinant).unwrap_or_else(|_| Rational::zero());
        Core([b * &inverse, -cross * &inverse, a * &inverse])
    }

    /// K^-1 b, by the identity of Sherman, Morrison and Woodbury; `b` becomes the result.
    pub(super) fn solve<S: Scalar>(&self, rows: &[Row], b: &mut [S]) {
        let (mut by_label, mut by_one) = (S::zero(), S::zero());
        for (row, b) in rows.iter().zip(b.iter_mut()) {
            *b *= &S::ratio(1, row.own() as u64);
            by_label += &row.labelled(b.clone());
            by_one += b;
        }
        let [p, q, r] = self.0.each_ref().map(S::from_rational);
        let label = p * &by_label + q.clone() * &by_one;
        let one = q * &by_label + r * &by_one;
        for (row, b) in rows.iter().zip(b) {
            let correction = row.labelled(label.clone()) + &one;
            *b -= &(correction * S::ratio(1, row.own() as u64));
        }
    }
}
