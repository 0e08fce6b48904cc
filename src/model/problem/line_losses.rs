//! A sum of losses of one variable along given directions: regression, and every problem of that form.
//!
//! f(x) = sum_i l(<a_i, x> - b_i) with l(u) = u^2 (`square`), Huber's loss with l' = clip(u, -s, s) (`huber`) or |u|
//! (`absolute`). Every gradient is a combination of the a_i, and that of one sample a multiple of one of them.
//!
//! **Facts** With c = 2 (square) or 1 (huber) the Hessian is between 0 and c A'A, whose rows' sums of magnitudes give
//! L_j = c sum_i |a_ij| |a_i|_1, L_1 = L_inf = c sum_i |a_i|_1^2, and its trace L = c sum_i |a_i|_2^2 (bounds; L is
//! exact for one row). |g|_2 <= G = s sum_i |a_i|_2, s = 1 for `absolute` (bound). Where the rows are independent f* = 0
//! at x_0 + A'(AA')^-1 (b - A x_0), the solution of Ax = b nearest to x_0. Where the columns are, (A'A)^-1 A'b is the
//! one minimiser of the square loss, and of all three where it solves Ax = b. Elsewhere f* is not given.
//! **Source** karimireddy2019, theorem I (sum l_i(<a_i, x>)) and section 5.1 (over-parameterised least squares).
//! **Shapes and units** `rows` n x d, `targets` n entries, 0 where absent; f is in the loss's unit.
//! **Ties and edge cases** `kink` is the value of sgn(0) in the subgradient of |u|. Sample i's gradient is that of
//! l(<a_i, x> - b_i): the mean over the samples is grad f / n, not grad f. No row may be 0.

use super::constants::{Constants, norm1, norm2};
use super::{Problem, ProblemEntry};
use crate::model::elimination::{combine, dot, gram, solve, transposed};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Params, Real, Trait};
use crate::scalar::{Fault, Rational, Scalar};

/// l.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Square,
    Huber,
    Absolute,
}

/// f(x) = sum_i l(<a_i, x> - b_i).
pub struct LineLosses {
    dimension: usize,
    loss: Loss,
    /// Value of sgn(0) in the subgradient.
    at_zero: i64,
    /// The rows one after the other, then the targets, then s.
    constants: Constants,
    rows: Vec<Vec<Rational>>,
    targets: Vec<Rational>,
    facts: Facts,
    coordinate: Vec<Real>,
    /// The minimiser where the columns are independent.
    single: Option<Vec<Rational>>,
}

/// Registry line.
pub static ENTRY: ProblemEntry = ProblemEntry {
    name: "line-losses",
    summary: "sum_i l(<a_i, x> - b_i), l a square, Huber's loss or an absolute value",
    params: &[
        ParamSpec {
            name: "rows",
            kind: Kind::Matrix,
            default: None,
            limits: Limits::ANY,
            doc: "a_i, one row each, exact numbers",
        },
        ParamSpec {
            name: "targets",
            kind: Kind::Vector,
            default: Some(""),
            limits: Limits::ANY,
            doc: "b_i, one a row; 0 where absent",
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
    build: |p| Ok(Box::new(LineLosses::build(p)?)),
};

/// Numbers that elimination can take.
pub(super) fn exact(values: &[Real], key: &'static str) -> Result<Vec<Rational>, BuildError> {
    let one = |v: &Real| {
        let message = || format!("'{key}' holds {v}, known in double precision only; give integers or fractions");
        v.exact().cloned().ok_or_else(|| BuildError::at(key, message()))
    };
    values.iter().map(one).collect()
}

impl LineLosses {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let given = p.matrix("rows")?;
        let rows: Vec<Vec<Rational>> = given.iter().map(|r| exact(r, "rows")).collect::<Result<_, _>>()?;
        if let Some(i) = rows.iter().position(|r| r.iter().all(Rational::is_zero)) {
            return Err(BuildError::at("rows", format!("row {i} (from 0) of 'rows' is all 0; leave it out")));
        }
        let targets =
            if p.has("targets") { exact(&p.list("targets")?, "targets")? } else { vec![Rational::zero(); rows.len()] };
        if targets.len() != rows.len() {
            let message = format!("'targets' has {} entries; there are {} rows", targets.len(), rows.len());
            return Err(BuildError::at("targets", message));
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
        let single = least_squares(&rows, &targets);
        let facts = facts(&given, loss, &slope, minimum(&rows, &targets, loss, single.as_deref()));
        let curvature = Real::integer(if loss == Loss::Square { 2 } else { 1 });
        let coordinate = (0..given[0].len())
            .map(|j| {
                let terms: Vec<Real> = given.iter().map(|r| r[j].magnitude().times(&norm1(r))).collect();
                Real::sum(&terms).times(&curvature)
            })
            .collect();
        let constants = Constants::new(&numbers);
        Ok(LineLosses { dimension: given[0].len(), loss, at_zero, constants, rows, targets, facts, coordinate, single })
    }

    /// <a_i, x> - b_i.
    #[inline(always)]
    fn residual<S: Scalar>(&self, i: usize, x: &[S]) -> Result<S, Fault> {
        let mut sum = -self.constants.get::<S>(self.rows.len() * self.dimension + i)?;
        for (j, x) in x.iter().enumerate() {
            sum.add_product(&self.constants.get(i * self.dimension + j)?, x);
        }
        Ok(sum)
    }

    #[inline(always)]
    fn slope<S: Scalar>(&self) -> Result<S, Fault> {
        self.constants.get(self.rows.len() * (self.dimension + 1))
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

/// (A'A)^-1 A'b; `None` where the columns are dependent.
fn least_squares(rows: &[Vec<Rational>], targets: &[Rational]) -> Option<Vec<Rational>> {
    solve(gram(&transposed(rows)), combine(rows, targets))
}

/// f*, where it is known.
fn minimum(rows: &[Vec<Rational>], targets: &[Rational], loss: Loss, single: Option<&[Rational]>) -> Option<Rational> {
    if solve(gram(rows), targets.to_vec()).is_some() {
        return Some(Rational::zero());
    }
    let mut square = Rational::zero();
    for (row, b) in rows.iter().zip(targets) {
        let miss = dot(row, single?) - b;
        square.add_product(&miss, &miss);
    }
    (loss == Loss::Square || square.is_zero()).then_some(square)
}

fn facts(rows: &[Vec<Real>], loss: Loss, slope: &Real, minimum: Option<Rational>) -> Facts {
    let mut facts = Facts::new();
    let curvature = Real::integer(if loss == Loss::Square { 2 } else { 1 });
    let total = |each: &dyn Fn(&Vec<Real>) -> Real| Real::sum(&rows.iter().map(each).collect::<Vec<_>>());
    if loss != Loss::Absolute {
        let trace = total(&|r| Real::sum(&r.iter().map(|v| v.times(v)).collect::<Vec<_>>())).times(&curvature);
        facts.set("L", trace, if rows.len() == 1 { crate::model::Known::Exact } else { crate::model::Known::Bound });
        let sum = total(&|r| norm1(r).times(&norm1(r))).times(&curvature);
        facts.bound("L1", sum.clone()).bound("Linf", sum);
        let each = |j: usize| total(&|r| r[j].magnitude().times(&norm1(r))).times(&curvature);
        facts.bound("Lmax", Real::largest(&(0..rows[0].len()).map(each).collect::<Vec<_>>()));
    }
    if loss == Loss::Square {
        facts.exact("rho", Real::integer(0));
    } else {
        facts.bound("G", total(&|r| norm2(r)).times(slope));
    }
    if let Some(minimum) = minimum {
        facts.exact("fstar", Real::Exact(minimum));
    }
    facts
}

impl Problem for LineLosses {
    fn dimension(&self) -> usize {
        self.dimension
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for i in 0..self.rows.len() {
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
        (0..self.rows.len()).try_for_each(|i| self.add_gradient(i, x, out))
    }

    fn samples(&self) -> Option<usize> {
        Some(self.rows.len())
    }

    #[inline(always)]
    fn sample_gradient<S: Scalar>(&self, index: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        out.fill(S::zero());
        self.add_gradient(index, x, out)
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        (self.loss != Loss::Absolute).then(|| self.coordinate.clone())
    }

    fn has(&self, property: Trait) -> Option<bool> {
        match property {
            Trait::Convex => Some(true),
            Trait::Smooth => Some(self.loss != Loss::Absolute),
            // The mean over the samples is grad f / n.
            Trait::Unbiased => Some(self.samples() == Some(1)),
            _ => None,
        }
    }

    fn minimiser(&self, start: &[Real]) -> Option<Vec<Real>> {
        self.facts.get("fstar")?;
        let found = match &self.single {
            Some(single) => single.clone(),
            None => {
                let start: Vec<Rational> = start.iter().map(|v| v.exact().cloned()).collect::<Option<_>>()?;
                let missing = self.rows.iter().zip(&self.targets).map(|(row, b)| b.clone() - dot(row, &start));
                let weights = solve(gram(&self.rows), missing.collect())?;
                let step = combine(&self.rows, &weights);
                start.into_iter().zip(&step).map(|(x, step)| x + step).collect()
            }
        };
        Some(found.into_iter().map(Real::Exact).collect())
    }
}
