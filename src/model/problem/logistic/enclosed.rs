//! The loss in arithmetics that enclose: every entry of the data counts with its rounding.

use crate::data::{Dataset, Minimum};
use crate::model::Real;
use crate::scalar::{Fault, Scalar};
use crate::stats::Interval;
use rayon::prelude::*;

/// Rows whose losses are summed by one thread; a constant, so that sums do not depend on the machine.
const ROWS: usize = 1024;

/// The data and lambda, without rounding.
pub(super) struct Enclosed<'a> {
    pub data: &'a Dataset,
    pub lambda: &'a Real,
}

/// Where f* and the minimiser lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Certified {
    /// Holds f*.
    pub value: Interval,
    /// At least |x - x*|_2 at the point x that was found.
    pub distance: f64,
}

/// ln(1 + e^t), without e^t for a large t.
fn softplus<S: Scalar>(t: &S) -> Result<S, Fault> {
    let tail = (-t.abs()).exp()? + S::one();
    Ok(t.max(&S::zero()) + tail.ln()?)
}

/// 1/(1 + e^-t).
fn sigmoid<S: Scalar>(t: &S) -> Result<S, Fault> {
    let below = (-t.clone()).exp()? + S::one();
    S::one().divide(&below)
}

impl Enclosed<'_> {
    fn row<'r, S: Scalar>(&'r self, row: usize) -> impl Iterator<Item = Result<(usize, S), Fault>> + 'r {
        let matrix = self.data.matrix();
        let number = move |(j, entry): (usize, f64)| {
            let (low, high) = matrix.around(entry);
            S::from_ends(entry, low, high).map(|a| (j, a))
        };
        matrix.row(row).entries().filter(|(_, entry)| *entry != 0.0 || matrix.around(0.0) != (0.0, 0.0)).map(number)
    }

    /// -b_i a_i'x.
    fn margin<S: Scalar>(&self, row: usize, x: &[S]) -> Result<S, Fault> {
        let mut inner = S::zero();
        for entry in self.row::<S>(row) {
            let (j, a) = entry?;
            inner.add_product(&a, &x[j]);
        }
        Ok(if self.data.labels()[row] > 0 { -inner } else { inner })
    }

    /// The sum of ln(1 + exp(-b_i a_i'x)) over rows.
    fn losses<S: Scalar>(&self, rows: impl Iterator<Item = usize>, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for row in rows {
            sum += &softplus(&self.margin(row, x)?)?;
        }
        Ok(sum)
    }

    /// Adds the gradients of these losses to `out`.
    fn add_gradients<S: Scalar>(&self, rows: impl Iterator<Item = usize>, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        for row in rows {
            let slope = sigmoid(&self.margin(row, x)?)?;
            let slope = if self.data.labels()[row] > 0 { -slope } else { slope };
            for entry in self.row::<S>(row) {
                let (j, a) = entry?;
                out[j].add_product(&a, &slope);
            }
        }
        Ok(())
    }

    /// The mean of the losses, and the regulariser.
    pub(super) fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let n = self.data.matrix().rows();
        self.total(self.losses(0..n, x)?, x)
    }

    fn total<S: Scalar>(&self, losses: S, x: &[S]) -> Result<S, Fault> {
        let mut squares = S::zero();
        for x in x {
            squares.add_product(x, x);
        }
        let half = self.lambda.cast::<S>()? * S::ratio(1, 2);
        let n = self.data.matrix().rows() as u64;
        Ok(losses * S::ratio(1, n) + half * squares)
    }

    /// `out` = weight times the sum of the gradients of some losses, and the regulariser's.
    pub(super) fn gradient<S: Scalar>(
        &self,
        rows: impl Iterator<Item = usize>,
        weight: &S,
        x: &[S],
        out: &mut [S],
    ) -> Result<(), Fault> {
        out.fill(S::zero());
        self.add_gradients(rows, x, out)?;
        let lambda: S = self.lambda.cast()?;
        for (out, x) in out.iter_mut().zip(x) {
            *out *= weight;
            out.add_product(&lambda, x);
        }
        Ok(())
    }

    /// Where f* and the minimiser lie, from strong convexity at a point x: f(x) - |g|^2/(2 lambda) <= f* <= f(x), and
    /// |x - x*| <= |g|/lambda. `None` where lambda is not known to be above 0.
    pub(super) fn certify(&self, minimum: &Minimum) -> Option<Certified> {
        let lambda: Interval = self.lambda.cast().ok().filter(|l: &Interval| l.low() > 0.0)?;
        let x: Vec<Interval> = minimum.point.iter().map(|v| Interval::point(*v)).collect();
        let n = self.data.matrix().rows();
        let parts: Option<Vec<(Interval, Vec<Interval>)>> = (0..n.div_ceil(ROWS))
            .into_par_iter()
            .map(|chunk| {
                let rows = || chunk * ROWS..n.min((chunk + 1) * ROWS);
                let mut gradient = vec![Interval::point(0.0); x.len()];
                self.add_gradients(rows(), &x, &mut gradient).ok()?;
                Some((self.losses(rows(), &x).ok()?, gradient))
            })
            .collect();
        let (mut losses, mut gradient) = (Interval::point(0.0), vec![Interval::point(0.0); x.len()]);
        for (loss, part) in parts? {
            losses += &loss;
            gradient.iter_mut().zip(&part).for_each(|(sum, g)| *sum += g);
        }
        let share = Interval::ratio(1, n as u64);
        let mut squares = Interval::point(0.0);
        for (g, x) in gradient.iter().zip(&x) {
            let g = *g * share + lambda * *x;
            squares.add_product(&g, &g);
        }
        let value = self.total(losses, &x).ok()?;
        let below = squares.divide(lambda + lambda)?;
        let distance = squares.sqrt()?.divide(lambda)?.high();
        let value = Interval::new((value - below).low(), value.high())?;
        (value.is_finite() && distance.is_finite()).then_some(Certified { value, distance })
    }
}
