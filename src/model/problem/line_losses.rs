//! A sum of losses of one variable along given directions: regression, and every problem of that form.
//!
//! f(x) = sum_i l(<a_i, x> - b_i) with l(u) = u^2 (`square`), Huber's loss with l' = clip(u, -s, s) (`huber`) or |u|
//! (`absolute`). Every gradient is a combination of the a_i, and that of one sample a multiple of one of them.
//!
//! **Facts** With c = 2 (square) or 1 (huber) the Hessian is between 0 and H = c A'A, and H itself wherever every
//! residual is in the curved part of its loss. Where there is such a place (tested at the least squares solution) the
//! constants are exact, else bounds: L = the largest eigenvalue of H, L_inf = max |H s|_1 over sign vectors s
//! (enumerated up to d = 20; sum_jk |H_jk| beyond, a bound), L_j = sum_k |H_jk| (a bound; their sum is exact where it
//! is L_inf, below which no valid one is). For the square |g|_2^2 >= 2 mu (f - f*) with mu = the smallest eigenvalue of
//! H that is not 0, whatever the rank: g = Hv and f - f* = v'Hv/2 for a v in the rows' span. mu_1 >= 1/max_i (H^+)_ii
//! as in `quadratic-matrix`. L and mu are rational or enclosed, up to 16 rows or coordinates; beyond, L is the trace (a
//! bound), and mu is not given. |g|_2 <= G = s sum_i |a_i|_2, s = 1 for `absolute` (bound). For the square f* and all
//! minimisers, the solutions of A'Ax = A'b, are rational, and so for all three losses where Ax = b has a solution.
//! Elsewhere, for `absolute`: the weighted medians in one dimension, and where the rows span R^d the lowest of the
//! points at which d independent residuals are 0 (f* only). For `huber` a zero of the gradient, found by the rows that
//! are curved at it. f >= 0 always.
//! **Source** karimireddy2019, theorem I (sum l_i(<a_i, x>)) and section 5.1 (over-parameterised least squares).
//! **Shapes and units** `rows` n x d, `targets` n entries, 0 where absent; f is in the loss's unit.
//! **Ties and edge cases** `kink` is the value of sgn(0) in the subgradient of |u|. Sample i's gradient is that of
//! l(<a_i, x> - b_i): the mean over the samples is grad f / n, not grad f. No row may be 0.

mod known;

use super::constants::{Constants, ROWS};
use super::{Footprint, Minimisers, Problem, ProblemEntry};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Params, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Rational, Scalar};
use known::Knowledge;

/// l.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Square,
    Huber,
    Absolute,
}

/// f(x) = sum_i l(<a_i, x> - b_i).
pub(super) struct LineLosses {
    dimension: usize,
    loss: Loss,
    /// Value of sgn(0) in the subgradient.
    at_zero: i64,
    /// The rows one after the other, then the targets, then s.
    constants: Constants,
    rows: usize,
    known: Knowledge,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "line-losses",
    summary: "sum_i l(<a_i, x> - b_i), l a square, Huber's loss or an absolute value",
    params: &[
        ROWS,
        ParamSpec {
            name: "targets",
            kind: Kind::Vector,
            default: Some(""),
            limits: Limits::ANY,
            doc: "b_i, one per row; 0 where absent",
        },
        ParamSpec {
            name: "loss",
            kind: Kind::Word(&["square", "huber", "absolute"]),
            default: Some("square"),
            limits: Limits::ANY,
            doc: "l(u): u^2, Huber's loss of curvature 1, or |u|",
        },
        ParamSpec {
            name: "slope",
            kind: Kind::Number,
            default: Some("1"),
            limits: Limits::POSITIVE,
            doc: "s, largest slope of Huber's loss",
        },
        ParamSpec {
            name: "kink",
            kind: Kind::Word(&["zero", "plus", "minus"]),
            default: Some("zero"),
            limits: Limits::ANY,
            doc: "sgn(0) in the subgradient of |u|: 0, +1 or -1",
        },
    ],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| Ok(Box::new(LineLosses::build(p)?)),
};

/// Numbers that elimination can take.
pub(super) fn exact(values: &[Real], key: &'static str) -> Result<Vec<Rational>, BuildError> {
    let one = |v: &Real| {
        let message = || format!("'{key}' holds {v}, known in double precision only; give integers or fractions");
        v.exact().cloned().ok_or_else(|| BuildError::about(key, message()))
    };
    values.iter().map(one).collect()
}

impl LineLosses {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let given = p.matrix("rows")?;
        let rows: Vec<Vec<Rational>> = given.iter().map(|r| exact(r, "rows")).collect::<Result<_, _>>()?;
        if let Some(i) = rows.iter().position(|r| r.iter().all(Rational::is_zero)) {
            return Err(BuildError::about("rows", format!("row {i} (from 0) of 'rows' is all 0; leave it out")));
        }
        let targets =
            if p.has("targets") { exact(&p.list("targets")?, "targets")? } else { vec![Rational::zero(); rows.len()] };
        if targets.len() != rows.len() {
            let message = format!("'targets' has {} entries; there are {} rows", targets.len(), rows.len());
            return Err(BuildError::about("targets", message));
        }
        let loss = match p.text("loss")? {
            "huber" => Loss::Huber,
            "absolute" => Loss::Absolute,
            _ => Loss::Square,
        };
        let at_zero = match p.text("kink")? {
            "plus" => 1,
            "minus" => -1,
            _ => 0,
        };
        let slope = if loss == Loss::Huber { p.positive("slope")? } else { Real::integer(1) };
        let mut numbers = given.concat();
        numbers.extend(targets.iter().cloned().map(Real::Exact));
        numbers.push(slope.clone());
        let (constants, known) = (Constants::new(&numbers), Knowledge::new(&rows, &targets, loss, &slope));
        Ok(LineLosses { dimension: given[0].len(), loss, at_zero, constants, rows: rows.len(), known })
    }

    /// <a_i, x> - b_i.
    #[inline(always)]
    fn residual<S: Scalar>(&self, i: usize, x: &[S]) -> Result<S, Fault> {
        let mut sum = -self.constants.get::<S>(self.rows * self.dimension + i)?;
        for (j, x) in x.iter().enumerate() {
            sum.add_product(&self.constants.get(i * self.dimension + j)?, x);
        }
        Ok(sum)
    }

    #[inline(always)]
    fn slope<S: Scalar>(&self) -> Result<S, Fault> {
        self.constants.get(self.rows * (self.dimension + 1))
    }

    /// Adds l'(u_i) a_i.
    #[inline(always)]
    fn add_gradient<S: Scalar>(&self, i: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let u = self.residual(i, x)?;
        let derivative = match self.loss {
            Loss::Square => u * S::ratio(2, 1),
            Loss::Huber => {
                let s: S = self.slope()?;
                u.min(&s).max(&-s)
            }
            Loss::Absolute => u.sign_or(&S::ratio(self.at_zero, 1))?,
        };
        for (j, out) in out.iter_mut().enumerate() {
            out.add_product(&self.constants.get(i * self.dimension + j)?, &derivative);
        }
        Ok(())
    }
}

impl Problem for LineLosses {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn work(&self) -> usize {
        self.rows * self.dimension
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for i in 0..self.rows {
            let u = self.residual(i, x)?;
            match self.loss {
                Loss::Square => sum.add_product(&u, &u),
                Loss::Absolute => sum += &u.abs(),
                Loss::Huber => {
                    // With c = min(|u|, s): c^2/2 inside, s|u| - s^2/2 beyond, which is c|u| - c^2/2 in both.
                    let size = u.abs();
                    let c = size.min(&self.slope()?);
                    sum.add_product(&c, &size);
                    sum.sub_product(&(c.clone() * S::ratio(1, 2)), &c);
                }
            }
        }
        Ok(sum)
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        out.fill(S::zero());
        (0..self.rows).try_for_each(|i| self.add_gradient(i, x, out))
    }

    fn samples(&self) -> Option<usize> {
        Some(self.rows)
    }

    #[inline(always)]
    fn sample_gradient<S: Scalar>(&self, index: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        out.fill(S::zero());
        self.add_gradient(index, x, out)
    }

    fn facts(&self) -> Facts {
        self.known.facts.clone()
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        (self.loss != Loss::Absolute).then(|| self.known.coordinate.clone())
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex => Some(true),
            Property::Smooth => Some(self.loss != Loss::Absolute),
            // The mean over the samples is grad f / n.
            Property::Unbiased => Some(self.samples() == Some(1)),
            _ => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        self.known.minimisers.clone()
    }

    /// No loss is below 0.
    fn floor(&self) -> Option<Real> {
        Some(Real::integer(0))
    }

    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        self.known.refutation(property, self.loss)
    }
}
