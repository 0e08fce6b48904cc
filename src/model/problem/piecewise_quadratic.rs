//! A function of one variable whose derivative is piecewise linear: pieces may curve downwards, as those of a triangle
//! wave.
//!
//! f' goes through the given slopes g_i at the knots t_i, linear in between, and has the curvature c >= 0 of `outside`
//! before the first knot and after the last; f(t_1) = 0.
//!
//! **Facts** (exact) c_i = (g_{i+1} - g_i)/(t_{i+1} - t_i): L = L_1 = L_inf = max(c, |c_i|). G = max |g_i| where c = 0.
//! f has a lower bound where it does not fall forever: c > 0, or g_1 <= 0 <= g_n; f* is the least value at a zero of f'
//! or, where f is flat outside, at an end. On a piece f'^2 = g_i^2 + 2 c_i (f - f_i), so that f'^2/(2(f - f*)) is
//! monotone in f between zeros of f'. With no zero of f' above f* and c > 0 its infimum is
//! mu = mu_1 = min(g_i^2/(2(f_i - f*)) at knots above f*, the curvatures of the pieces that meet the minimisers, c);
//! elsewhere there is no mu.
//! **Source** The instance library: one-dimensional functions for which interpolation is exact (Taylor, Hendrickx and
//! Glineur 2017), and Lessard, Recht and Packard 2016, where a derivative with three pieces makes the heavy ball cycle.
//! **Shapes and units** d = 1; `knots` ascending in `[x]`, `slopes` as many in `[f]/[x]`, `outside` in `[f]/[x]^2`.
//! **Ties and edge cases** None: f' is continuous.

use super::constants::Constants;
use super::line_losses::exact;
use super::minimisers::beyond;
use super::{Footprint, Minimisers, Problem, ProblemEntry};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Params, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Rational, Scalar};

/// f(0 at the first knot) with a piecewise linear derivative.
pub(super) struct PiecewiseQuadratic {
    pieces: usize,
    /// t_1, g_1, c, then for each piece its start, its length and its curvature; then t_n.
    constants: Constants,
    shape: Shape,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "piecewise-quadratic",
    summary: "one variable, f' linear between the slopes g_i at the knots t_i: curvatures of either sign",
    params: &[
        ParamSpec {
            name: "knots",
            kind: Kind::Vector,
            default: None,
            limits: Limits::ANY,
            doc: "t_i, ascending, exact numbers",
        },
        ParamSpec {
            name: "slopes",
            kind: Kind::Vector,
            default: None,
            limits: Limits::ANY,
            doc: "g_i = f'(t_i), one per knot",
        },
        ParamSpec {
            name: "outside",
            kind: Kind::Number,
            default: Some("0"),
            limits: Limits::NON_NEGATIVE,
            doc: "c: curvature before the first knot and after the last",
        },
    ],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| Ok(Box::new(PiecewiseQuadratic::build(p)?)),
};

/// What is known of f, in rationals.
struct Shape {
    knots: Vec<Rational>,
    slopes: Vec<Rational>,
    outside: Rational,
    /// f at the knots.
    values: Vec<Rational>,
    /// f*, where there is a lower bound.
    lowest: Option<Rational>,
    /// Intervals of minimisers; an end may be infinite.
    minimisers: Vec<(Option<Rational>, Option<Rational>)>,
    /// Values of f at zeros of f'.
    levels: Vec<Rational>,
}

impl Shape {
    fn curvature(&self, i: usize) -> Rational {
        let (rise, run) = (self.slopes[i + 1].clone() - &self.slopes[i], self.knots[i + 1].clone() - &self.knots[i]);
        rise.divide(&run).unwrap_or_else(|_| Rational::zero())
    }

    fn new(knots: Vec<Rational>, slopes: Vec<Rational>, outside: Rational) -> Self {
        let mut values = vec![Rational::zero()];
        for i in 1..knots.len() {
            let mean = (slopes[i].clone() + &slopes[i - 1]) * Rational::ratio(1, 2);
            let next = values[i - 1].clone() + mean * (knots[i].clone() - &knots[i - 1]);
            values.push(next);
        }
        let empty = (Vec::new(), Vec::new());
        let mut shape = Shape { knots, slopes, outside, values, lowest: None, minimisers: empty.0, levels: empty.1 };
        let (zeros, last) = (shape.zeros(), shape.slopes.len() - 1);
        let bounded = !shape.outside.is_zero() || shape.slopes[0].signum() <= 0 && shape.slopes[last].signum() >= 0;
        shape.levels = zeros.iter().map(|(_, level)| level.clone()).collect();
        shape.lowest = shape.levels.iter().min().cloned().filter(|_| bounded);
        if let Some(lowest) = &shape.lowest {
            shape.minimisers = zeros.into_iter().filter(|(_, level)| level == lowest).map(|(at, _)| at).collect();
        }
        shape
    }

    /// The intervals on which f' = 0, with the value of f there.
    #[allow(clippy::type_complexity)]
    fn zeros(&self) -> Vec<((Option<Rational>, Option<Rational>), Rational)> {
        let last = self.slopes.len() - 1;
        let mut found = Vec::new();
        // Before the first knot and after the last: where the line meets 0 there, or is 0.
        for (end, sign) in [(0, 1), (last, -1)] {
            let (slope, knot, value) = (&self.slopes[end], &self.knots[end], &self.values[end]);
            if slope.signum() == sign && !self.outside.is_zero() {
                if let Ok(far) = slope.divide(&self.outside) {
                    let at = knot.clone() - &far;
                    let level = value.clone() - slope.clone() * &far * Rational::ratio(1, 2);
                    found.push(((Some(at.clone()), Some(at)), level));
                }
            } else if slope.is_zero() {
                let beyond = self.outside.is_zero();
                let low = (end != 0 || !beyond).then(|| knot.clone());
                let high = (end != last || end == 0 && last > 0 || !beyond).then(|| knot.clone());
                found.push(((low, high), value.clone()));
            }
        }
        for i in 0..last {
            let (a, b) = (&self.slopes[i], &self.slopes[i + 1]);
            if a.is_zero() && b.is_zero() {
                found.push(((Some(self.knots[i].clone()), Some(self.knots[i + 1].clone())), self.values[i].clone()));
            } else if b.is_zero() {
                found.push((
                    (Some(self.knots[i + 1].clone()), Some(self.knots[i + 1].clone())),
                    self.values[i + 1].clone(),
                ));
            } else if a.signum() * b.signum() < 0
                && let Ok(far) = a.divide(&self.curvature(i))
            {
                let at = self.knots[i].clone() - &far;
                let level = self.values[i].clone() - a.clone() * &far * Rational::ratio(1, 2);
                found.push(((Some(at.clone()), Some(at)), level));
            }
        }
        found
    }

    /// The largest mu with f'^2 >= 2 mu (f - f*), where there is one above 0.
    fn dominated(&self) -> Option<Rational> {
        let lowest = self.lowest.as_ref()?;
        if self.outside.is_zero() || self.levels.iter().any(|level| level > lowest) {
            return None;
        }
        let mut mu = self.outside.clone();
        let two = Rational::integer(2);
        for (slope, value) in self.slopes.iter().zip(&self.values).filter(|(_, value)| *value > lowest) {
            let ratio = slope.clone() * slope;
            mu = mu.min(ratio.divide(&((value.clone() - lowest) * &two)).ok()?);
        }
        let touches = |low: &Rational, high: &Rational| {
            self.minimisers
                .iter()
                .any(|(a, b)| a.as_ref().is_none_or(|a| a <= high) && b.as_ref().is_none_or(|b| b >= low))
        };
        for i in 0..self.slopes.len() - 1 {
            // A piece of minimisers only has nothing above f*.
            let flat = self.slopes[i].is_zero() && self.slopes[i + 1].is_zero();
            if !flat && touches(&self.knots[i], &self.knots[i + 1]) {
                mu = mu.min(self.curvature(i));
            }
        }
        Some(mu).filter(|mu| mu.signum() > 0)
    }
}

impl PiecewiseQuadratic {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let (knots, slopes) = (exact(&p.list("knots")?, "knots")?, exact(&p.list("slopes")?, "slopes")?);
        if knots.is_empty() {
            return Err(BuildError::about("knots", "'knots' is empty; give at least one"));
        }
        if let Some(i) = (1..knots.len()).find(|i| knots[*i] <= knots[*i - 1]) {
            let message = format!("'knots' must ascend; {} comes after {}", knots[i], knots[i - 1]);
            return Err(BuildError::about("knots", message));
        }
        if slopes.len() != knots.len() {
            let message = format!("'slopes' has {} entries; there are {} knots", slopes.len(), knots.len());
            return Err(BuildError::about("slopes", message));
        }
        let outside = exact(&[p.number("outside")?], "outside")?.swap_remove(0);
        if outside.signum() < 0 {
            return Err(BuildError::about("outside", format!("'outside' is {outside}; it must be 0 or more")));
        }
        let shape = Shape::new(knots, slopes, outside);
        let pieces = shape.knots.len() - 1;
        let mut numbers = vec![shape.knots[0].clone(), shape.slopes[0].clone(), shape.outside.clone()];
        for i in 0..pieces {
            let length = shape.knots[i + 1].clone() - &shape.knots[i];
            numbers.extend([shape.knots[i].clone(), length, shape.curvature(i)]);
        }
        numbers.push(shape.knots[pieces].clone());
        let numbers: Vec<Real> = numbers.into_iter().map(Real::Exact).collect();
        Ok(PiecewiseQuadratic { pieces, constants: Constants::new(&numbers), shape })
    }

    /// x less the last knot where it is beyond, x less the first where it is before: with the curvature outside.
    #[inline(always)]
    fn beyond<S: Scalar>(&self, x: &S) -> Result<(S, S), Fault> {
        let zero = S::zero();
        let before = (x.clone() - self.constants.get::<S>(0)?).min(&zero);
        let after = (x.clone() - self.constants.get::<S>(3 + 3 * self.pieces)?).max(&zero);
        Ok((before, after))
    }
}

impl Problem for PiecewiseQuadratic {
    fn dimension(&self) -> usize {
        1
    }

    /// With u the part of piece i that lies before x, the piece adds c_i u (x - t_i - u/2).
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let (x, half) = (&x[0], S::ratio(1, 2));
        let mut sum = (x.clone() - self.constants.get::<S>(0)?) * self.constants.get::<S>(1)?;
        let (before, after) = self.beyond(x)?;
        let outside = self.constants.get::<S>(2)? * &half;
        sum.add_product(&(outside.clone() * &before), &before);
        sum.add_product(&(outside * &after), &after);
        for i in 0..self.pieces {
            let along = x.clone() - self.constants.get::<S>(3 + 3 * i)?;
            let u = along.max(&S::zero()).min(&self.constants.get(4 + 3 * i)?);
            let rest = along - u.clone() * &half;
            sum.add_product(&(self.constants.get::<S>(5 + 3 * i)? * &u), &rest);
        }
        Ok(sum)
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let x = &x[0];
        let (before, after) = self.beyond(x)?;
        let mut slope: S = self.constants.get(1)?;
        slope.add_product(&self.constants.get(2)?, &(before + &after));
        for i in 0..self.pieces {
            let along = x.clone() - self.constants.get::<S>(3 + 3 * i)?;
            let u = along.max(&S::zero()).min(&self.constants.get(4 + 3 * i)?);
            slope.add_product(&self.constants.get(5 + 3 * i)?, &u);
        }
        out[0] = slope;
        Ok(())
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        let curvatures = (0..self.pieces).map(|i| Scalar::abs(&self.shape.curvature(i)));
        let largest = curvatures.fold(self.shape.outside.clone(), Ord::max);
        for name in ["L", "L1", "Lmax", "Linf"] {
            facts.exact(name, Real::Exact(largest.clone()));
        }
        if self.shape.outside.is_zero() {
            let sizes = self.shape.slopes.iter().map(Scalar::abs);
            facts.exact("G", Real::Exact(sizes.fold(Rational::zero(), Ord::max)));
        }
        if let Some(lowest) = &self.shape.lowest {
            facts.exact("fstar", Real::Exact(lowest.clone()));
        }
        if let Some(mu) = self.shape.dominated() {
            facts.exact("mu", Real::Exact(mu.clone())).exact("mu1", Real::Exact(mu));
        }
        facts
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        self.facts().get("L").map(|fact| vec![fact.value.clone()])
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex => Some((0..self.pieces).all(|i| self.shape.curvature(i).signum() >= 0)),
            Property::Smooth => Some(true),
            _ => None,
        }
    }

    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let (shape, last) = (&self.shape, self.pieces);
        let at = |x: Rational| vec![Real::Exact(x)];
        let (first, end) = (shape.knots[0].clone(), shape.knots[last].clone());
        let beyond = |n: i64| at(end.clone() + &Rational::integer(n));
        let bent = (0..self.pieces).find(|i| shape.curvature(*i).signum() < 0);
        let above =
            || bent.map(|i| Witness::Above { a: at(shape.knots[i].clone()), b: at(shape.knots[i + 1].clone()) });
        match property {
            RefutableProperty::LowerBound if shape.slopes[0].signum() > 0 => {
                Some(Witness::Descent { from: at(first), along: at(-Rational::one()) })
            }
            RefutableProperty::LowerBound => Some(Witness::Descent { from: at(end), along: at(Rational::one()) }),
            RefutableProperty::Convex => above(),
            RefutableProperty::StronglyConvex => {
                above().or_else(|| Some(Witness::Straight { a: beyond(1), b: beyond(2) }))
            }
            RefutableProperty::BoundedGradient => Some(Witness::Growth { from: at(end), along: at(Rational::one()) }),
            RefutableProperty::Pl => {
                let (lowest, best) = (shape.lowest.as_ref()?, shape.minimisers.first()?);
                let below = best.0.clone().or_else(|| best.1.clone())?;
                let zeros = shape.zeros();
                let (place, _) = zeros.iter().find(|(_, level)| level > lowest)?;
                let place = place.0.clone().or_else(|| place.1.clone())?;
                Some(Witness::Stationary { at: at(place), below: at(below) })
            }
            RefutableProperty::Smooth | RefutableProperty::HessianLipschitz => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        match self.shape.minimisers.as_slice() {
            [] => None,
            [(low, high)] => Some(Minimisers::Box(vec![(low.clone().map(Real::Exact), high.clone().map(Real::Exact))])),
            _ => Some(Minimisers::Own),
        }
    }

    fn away_from_minimisers<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let mut best: Option<S> = None;
        for (low, high) in &self.shape.minimisers {
            let away = beyond(&x[0], low.as_ref().map(S::from_rational), high.as_ref().map(S::from_rational));
            best = Some(match best {
                None => away,
                Some(best) => away.abs().select_ge(&best.abs(), &best, &away)?,
            });
        }
        out[0] = best.ok_or_else(|| Fault::Unsupported("there is no minimiser".into()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(knots: &[i64], slopes: &[i64], outside: i64) -> Shape {
        let all = |list: &[i64]| list.iter().map(|n| Rational::integer(*n)).collect();
        Shape::new(all(knots), all(slopes), Rational::integer(outside))
    }

    #[test]
    fn the_facts_by_hand() {
        // exact: f' = x, so f = x^2/2 - 1/2 from t_1 = -1: f* = -1/2 at 0, mu = L = 1
        let square = shape(&[-1, 1], &[-1, 1], 1);
        assert_eq!(square.lowest, Some(Rational::ratio(-1, 2)));
        assert_eq!(square.dominated(), Some(Rational::one()));
        // exact: f' is 2x up to 1, 3 - x on [1, 2] (curvature -1), 1 + (x - 2) beyond: f = x^2 - 1, so f* = -1 at 0;
        // f_2 - f* = 1 + 3/2 = 5/2 at knot 2 with slope 1: mu = min(2, 4/2, 1/5, 1) = 1/5
        let dent = shape(&[-1, 1, 2], &[-2, 2, 1], 1);
        assert_eq!((dent.lowest.clone(), dent.dominated()), (Some(-Rational::one()), Some(Rational::ratio(1, 5))));
        // exact: f' = x - 1 on [0, 2], 1 at 2, -1 at 4: a maximum at 3 stops PL; f* at 1 and, beyond 4, at 5:
        // f(1) = -1/2, f(2) = 0, f(4) = 0, f(5) = -1/2: two minimisers
        let wave = shape(&[0, 2, 4], &[-1, 1, -1], 1);
        assert_eq!((wave.lowest.clone(), wave.dominated()), (Some(Rational::ratio(-1, 2)), None));
        assert_eq!(wave.minimisers.len(), 2);
        // exact: flat before -1 and after 1 without curvature outside; f' = 0 there and on the piece: f = 0 everywhere
        let flat = shape(&[-1, 1], &[0, 0], 0);
        assert_eq!(flat.lowest, Some(Rational::zero()));
        // exact: f' = -1 for ever: no lower bound
        assert_eq!(shape(&[0], &[-1], 0).lowest, None);
        // exact: f' = 0 before 0 and 1 beyond 1: f* = 0 on x <= 0
        let ramp = shape(&[0, 1], &[0, 1], 0);
        assert_eq!(ramp.minimisers, [(None, Some(Rational::zero()))]);
    }
}
