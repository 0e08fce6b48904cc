//! Where an objective is smallest: the set of its minimisers, and the distance to it.

use crate::model::{DynProblem, Evaluating, Real};
use crate::scalar::{Fault, Narrow, Rational, Scalar};
use std::f64::consts::{PI, TAU};

/// The minimisers of an objective, all of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Minimisers {
    /// A product: each coordinate between two ends, of which there may be none.
    Box(Vec<(Option<Real>, Option<Real>)>),
    /// Every coordinate a multiple of 2 pi.
    WholeTurns,
    /// x with W (x - point) = 0, where B'W is the projection on the rows' span of B.
    Affine {
        /// One of them.
        point: Vec<Real>,
        /// The rows of B.
        basis: Vec<Vec<Real>>,
        /// W, as many rows.
        weights: Vec<Vec<Real>>,
    },
    /// Known to the problem, which gives the way to them by [`super::Problem::away_from_minimisers`].
    Own,
}

impl Minimisers {
    /// A single point.
    #[must_use]
    pub fn point(point: Vec<Real>) -> Self {
        Minimisers::Box(point.into_iter().map(|x| (Some(x.clone()), Some(x))).collect())
    }

    /// All of R^d.
    pub(super) fn anywhere(d: usize) -> Self {
        Minimisers::Box(vec![(None, None); d])
    }

    /// The point and all that differs from it by something orthogonal to the rows of a basis.
    pub(super) fn affine(point: Vec<Rational>, basis: &[Vec<Rational>], weights: &[Vec<Rational>]) -> Self {
        let real = |rows: &[Vec<Rational>]| rows.iter().map(|r| r.iter().cloned().map(Real::Exact).collect()).collect();
        let point = point.into_iter().map(Real::Exact).collect();
        Minimisers::Affine { point, basis: real(basis), weights: real(weights) }
    }

    /// Whether the minimiser nearest to a point in l2 is also one of the nearest in every coordinate, and so in l_inf.
    #[must_use]
    pub fn is_product(&self) -> bool {
        !matches!(self, Minimisers::Affine { .. } | Minimisers::Own)
    }

    /// x less the minimiser nearest to it in l2, written to `out`.
    ///
    /// # Errors
    /// Where the arithmetic has no such number, or an enclosure of x leaves open which minimiser is nearest.
    pub fn away<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        match self {
            Minimisers::Box(ends) => {
                for ((x, (low, high)), out) in x.iter().zip(ends).zip(out) {
                    let end = |end: &Option<Real>| end.as_ref().map(Real::cast::<S>).transpose();
                    *out = beyond(x, end(low)?, end(high)?);
                }
                Ok(())
            }
            Minimisers::WholeTurns => x.iter().zip(out).try_for_each(|(x, out)| {
                *out = from_whole_turn(x)?;
                Ok(())
            }),
            Minimisers::Affine { point, basis, weights } => {
                let moved: Result<Vec<S>, Fault> =
                    x.iter().zip(point).map(|(x, p)| Ok(x.clone() - &p.cast::<S>()?)).collect();
                let moved = moved?;
                out.fill(S::zero());
                for (row, weight) in basis.iter().zip(weights) {
                    let mut part = S::zero();
                    for (w, v) in weight.iter().zip(&moved) {
                        part.add_product(&w.cast::<S>()?, v);
                    }
                    for (b, out) in row.iter().zip(out.iter_mut()) {
                        out.add_product(&b.cast::<S>()?, &part);
                    }
                }
                Ok(())
            }
            Minimisers::Own => Err(Fault::Unsupported("the problem gives the way to its own minimisers".into())),
        }
    }

    /// [`Minimisers::away`], by the problem itself where only it knows the way.
    ///
    /// # Errors
    /// As there.
    pub fn away_of<S: Evaluating>(&self, problem: &dyn DynProblem, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        match self {
            Minimisers::Own => S::problem(problem).own_way_at(x, out),
            _ => self.away(x, out),
        }
    }

    /// The minimiser nearest to a point in l2, where numbers for it are known.
    #[must_use]
    pub fn nearest(&self, problem: &dyn DynProblem, x: &[Real]) -> Option<Vec<Real>> {
        let exact: Option<Vec<Rational>> = x.iter().map(|v| v.exact().cloned()).collect();
        if let Some(exact) = exact {
            let mut away = vec![Rational::zero(); x.len()];
            if self.away_of(problem, &exact, &mut away).is_ok() {
                return Some(exact.iter().zip(away).map(|(x, a)| Real::Exact(x.clone() - a)).collect());
            }
        }
        match self {
            Minimisers::Box(ends) => Some(
                x.iter()
                    .zip(ends)
                    .map(|(x, (low, high))| match (low, high) {
                        (_, Some(high)) if x.to_f64() >= high.to_f64() => high.clone(),
                        (Some(low), _) if x.to_f64() <= low.to_f64() => low.clone(),
                        _ => x.clone(),
                    })
                    .collect(),
            ),
            _ => {
                let near: Vec<Narrow> = x.iter().map(|v| Narrow::splat(v.to_f64())).collect();
                let mut away = near.clone();
                self.away_of(problem, &near, &mut away).ok()?;
                Some(near.iter().zip(away).map(|(x, a)| Real::Float(x.0[0] - a.0[0])).collect())
            }
        }
    }
}

/// x less the point nearest to it between two ends, of which there may be none: one of the two parts is 0.
pub(super) fn beyond<S: Scalar>(x: &S, low: Option<S>, high: Option<S>) -> S {
    let above = high.map_or_else(S::zero, |high| (x.clone() - &high).max(&S::zero()));
    let below = low.map_or_else(S::zero, |low| (x.clone() - &low).min(&S::zero()));
    above + below
}

/// x less the nearest multiple of 2 pi; anything within half a turn where an enclosure leaves open which multiple that
/// is.
fn from_whole_turn<S: Scalar>(x: &S) -> Result<S, Fault> {
    // Below half a turn 0 is the nearest, and exact numbers stay exact.
    let (near, zero, one) = (S::ratio(157, 50), S::zero(), S::one());
    if S::LANES == 0 && x.abs().select_ge(&near, &one, &zero).is_ok_and(|beyond| beyond == zero) {
        return Ok(x.clone());
    }
    let turn = S::from_ends(TAU, TAU.next_down(), TAU.next_up())?;
    match (x.divide(&turn)? + S::ratio(1, 2)).floor() {
        Err(Fault::Undecided(_)) => S::from_ends(0.0, -PI.next_up(), PI.next_up()),
        turns => Ok(x.clone() - turns? * &turn),
    }
}
