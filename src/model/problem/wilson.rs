//! Over-parameterised least squares on which one coordinate determines the training labels and generalises.
//!
//! With n points in d = 6n coordinates and labels y_i = +-1, row i (from 1) of A is y_i in column 1, 1 in columns 2 and
//! 3, and 1 in 1 (y_i = 1) or 5 (y_i = -1) columns from 4 + 5(i - 1) on that no other row has. f(x) = |Ax - y|^2 over
//! the training rows.
//!
//! **Facts** Rows have |a_i|_1 = |a_i|_2^2 = w_i = 4 or 8, and A A' = K = D + y y' + 2 (1 1') with D = diag(1 or 5). On
//! vectors that are constant on each class K acts as [[1 + 3P, N], [P, 5 + 3N]] (P, N: rows with label +1, -1), which
//! has its largest eigenvalue k; so L = 2k, a closed formula. Coordinate-wise bounds by the rows of H = 2A'A, as in
//! `quadratic-matrix`: L_j = 2 sum_i |a_ij| w_i, |L|_1 = L_inf = 2 sum w_i^2. |g|_2^2 = 4 r'K r >= 4 min(D) f gives
//! mu = 2 min(D), exact where two rows have label +1 (their difference is an eigenvector); mu_1 >= mu. rho = 0, f* = 0
//! (K is invertible), and the minimiser nearest to x_0 is x_0 + A' K^-1 (y - A x_0), rational for a rational x_0.
//!
//! **Source** karimireddy2019, section 5.2 and appendix A.6 (n = 200, half of it for training; the data of Wilson et
//! al. 2017), from x_0 = 0, full batch.
//! **Differs from the source** Losses: section 5.1 gives f as the sum of squares, which `value` is. The scale of the
//! plotted train and test losses is not stated; they are taken as means over the rows, as in the authors' published
//! code.
//! **Shapes and units** d = 6(train + test); x and f have no unit.
//! **Ties and edge cases** Sample i's gradient is that of one square: the mean over the training rows is grad f / n.
//! The labels and the split are drawn from `data_seed`. Below n = 3 the rows do not fit into 6n columns.

mod rows;

use super::constants::{axis, origin};
use super::{Footprint, Minimisers, OwnStatistic, Problem, ProblemEntry};
use crate::model::{
    BuildError, Facts, Kind, Known, Limits, ParamSpec, Params, Property, Real, RefutableProperty, Witness,
};
use crate::rng::seeded::{permutation, stream};
use crate::scalar::{Fault, Rational, Scalar};
use rows::{Core, Row};

/// f(x) = |A x - y|^2 over the training rows.
pub(super) struct Wilson {
    dimension: usize,
    train: Vec<Row>,
    test: Vec<Row>,
    core: Core,
}

/// Statistics of its own, in the order of their numbers.
static OWN: &[OwnStatistic] = &[
    OwnStatistic { name: "train_loss", doc: "mean of (a_i'x - y_i)^2 over the training rows", range: None },
    OwnStatistic { name: "test_loss", doc: "mean of (a_i'x - y_i)^2 over the test rows", range: None },
    OwnStatistic { name: "span_distance", doc: "l2 distance of x to the span of the training rows", range: None },
];

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "wilson",
    summary: "least squares |Ax - y|^2 with more coordinates than points, one of which tells the label",
    params: &[
        ParamSpec {
            name: "train",
            kind: Kind::Count,
            default: Some("100"),
            limits: Limits::ONE_UP,
            doc: "training points",
        },
        ParamSpec { name: "test", kind: Kind::Count, default: Some("100"), limits: Limits::ANY, doc: "test points" },
        ParamSpec {
            name: "data_seed",
            kind: Kind::Count,
            default: Some("1"),
            limits: Limits::ANY,
            doc: "seed of labels and split",
        },
    ],
    statistics: OWN,
    footprint: Footprint {
        dimension: |given| {
            let test = given.number("test").unwrap_or(100);
            Some(given.number("train")?.saturating_add(test).saturating_mul(6))
        },
        ..Footprint::SMALL
    },
    build: |p| Ok(Box::new(Wilson::build(p)?)),
};

/// Most points: d = 6n doubles a replicate stay within a few megabytes.
const MOST: usize = 100_000;

impl Wilson {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let (train, test) = (p.count("train")?, p.count("test")?);
        let points = train.saturating_add(test);
        if train == 0 || !(3..=MOST).contains(&points) {
            let message = format!("train + test is {points}; it must be 3 to {MOST} with train at least 1");
            return Err(BuildError::about("train", message));
        }
        let seed = p.count("data_seed")? as u64;
        let mut labels = stream(seed, "wilson labels");
        let rows: Vec<Row> =
            (0..points).map(|i| Row { positive: labels.rademacher().0[0] > 0.0, first: 3 + 5 * i }).collect();
        let mut order = permutation(&mut stream(seed, "wilson split"), points);
        // The split is a set: the rows of each part stand in their own order.
        order[..train].sort_unstable();
        order[train..].sort_unstable();
        let pick = |part: &[usize]| part.iter().map(|&i| rows[i].clone()).collect::<Vec<_>>();
        let (train, test) = (pick(&order[..train]), pick(&order[train..]));
        Ok(Wilson { dimension: 6 * points, core: Core::new(&train), train, test })
    }

    /// x - A'K^-1 (A x - y) with y scaled by `labels`: the nearest minimiser for 1, the part outside the span for 0.
    fn away_from_rows<S: Scalar>(&self, x: &[S], labels: &S) -> Vec<S> {
        let residual = |row: &Row| row.dot(x) - row.labelled(labels.clone());
        let mut weights: Vec<S> = self.train.iter().map(residual).collect();
        self.core.solve(&self.train, &mut weights);
        let mut out = x.to_vec();
        for (row, weight) in self.train.iter().zip(weights) {
            row.add_to(&-weight, &mut out);
        }
        out
    }

    /// Mean of the squared residuals over some rows.
    fn mean_square<S: Scalar>(rows: &[Row], x: &[S]) -> Result<S, Fault> {
        if rows.is_empty() {
            return Err(Fault::Unsupported("this instance has no test points: raise its 'test'".into()));
        }
        Ok(Self::sum_of_squares(rows, x) * S::ratio(1, rows.len() as u64))
    }

    #[inline(always)]
    fn sum_of_squares<S: Scalar>(rows: &[Row], x: &[S]) -> S {
        let mut sum = S::zero();
        for row in rows {
            let residual = row.residual(x);
            sum.add_product(&residual, &residual);
        }
        sum
    }

    /// The largest eigenvalue of K.
    fn largest_eigenvalue(&self) -> Real {
        let positive = self.train.iter().filter(|r| r.positive).count() as i64;
        let negative = self.train.len() as i64 - positive;
        if positive == 0 || negative == 0 {
            return Real::integer(if negative == 0 { 1 + 3 * positive } else { 5 + 3 * negative });
        }
        // Half of trace plus root of (difference of the diagonal)^2 + 4 P N.
        let difference = 3 * positive - 3 * negative - 4;
        let root = Real::integer(difference * difference + 4 * positive * negative).root();
        let trace = Real::integer(6 + 3 * (positive + negative));
        Real::sum(&[trace, root]).times(&Real::Exact(Rational::ratio(1, 2)))
    }
}

impl Problem for Wilson {
    fn dimension(&self) -> usize {
        self.dimension
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        Ok(Self::sum_of_squares(&self.train, x))
    }

    /// 2 A'(Ax - y).
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        out.fill(S::zero());
        for row in &self.train {
            row.add_to(&(row.residual(x) * S::ratio(2, 1)), out);
        }
        Ok(())
    }

    fn samples(&self) -> Option<usize> {
        Some(self.train.len())
    }

    #[inline(always)]
    fn sample_gradient<S: Scalar>(&self, index: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        out.fill(S::zero());
        let row = &self.train[index];
        row.add_to(&(row.residual(x) * S::ratio(2, 1)), out);
        Ok(())
    }

    fn facts(&self) -> Facts {
        let squares: i64 = self.train.iter().map(|r| r.weight() * r.weight()).sum();
        let weights: i64 = self.train.iter().map(Row::weight).sum();
        let smallest = self.train.iter().map(Row::own).min().unwrap_or(1) as i64;
        let mu = Real::integer(2 * smallest);
        let mut facts = Facts::new();
        facts.exact("L", self.largest_eigenvalue().times(&Real::integer(2)));
        facts.bound("Lmax", Real::integer(2 * weights));
        facts.bound("L1", Real::integer(2 * squares)).bound("Linf", Real::integer(2 * squares));
        let pairs = self.train.iter().filter(|r| r.positive).count() >= 2;
        facts.set("mu", mu.clone(), if pairs { Known::Exact } else { Known::Bound }).bound("mu1", mu);
        facts.exact("rho", Real::integer(0)).exact("fstar", Real::integer(0));
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        let mut sums = vec![0; self.dimension];
        for row in &self.train {
            for column in row.ones().chain([0]) {
                sums[column] += 2 * row.weight();
            }
        }
        Some(sums.into_iter().map(Real::integer).collect())
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex | Property::Smooth => Some(true),
            // The mean over the rows is grad f / n.
            Property::Unbiased => Some(self.samples() == Some(1)),
            _ => None,
        }
    }

    /// No row distinguishes columns 2 and 3.
    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let (d, one) = (self.dimension, Real::integer(1));
        match property {
            RefutableProperty::StronglyConvex => {
                let mut apart = axis(d, 1, &one);
                apart[2] = Real::integer(-1);
                Some(Witness::Straight { a: origin(d), b: apart })
            }
            RefutableProperty::BoundedGradient => Some(Witness::Growth { from: origin(d), along: axis(d, 0, &one) }),
            _ => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::Own)
    }

    fn away_from_minimisers<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        for ((out, x), nearest) in out.iter_mut().zip(x).zip(self.away_from_rows(x, &S::one())) {
            *out = x.clone() - nearest;
        }
        Ok(())
    }

    fn default_start(&self) -> Option<Vec<Real>> {
        Some(vec![Real::integer(0); self.dimension])
    }

    fn own_statistics(&self) -> &'static [OwnStatistic] {
        OWN
    }

    fn own_statistic<S: Scalar>(&self, index: usize, x: &[S]) -> Result<S, Fault> {
        match index {
            0 => Self::mean_square(&self.train, x),
            1 => Self::mean_square(&self.test, x),
            2 => {
                let mut square = S::zero();
                for v in self.away_from_rows(x, &S::zero()) {
                    square.add_product(&v, &v);
                }
                square.sqrt()
            }
            _ => Err(Fault::Unsupported("this problem has three statistics of its own".into())),
        }
    }
}

#[cfg(test)]
mod tests;
