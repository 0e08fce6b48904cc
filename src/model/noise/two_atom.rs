//! Two atoms whose sizes do not depend on the gradient, only their probabilities.
//!
//! **Update** g_i = +s with probability (1 + f_i'/s)/2, else -s: E g = grad f, and |g|_2^2 = d s^2 always.
//! **Source** catalogue of instances; saturates karimireddy2019's second-moment assumption with equality.
//! **Assumptions** |f_i'| <= s. Beyond it no law of two atoms +-s has the mean f_i': exact enumeration returns that
//! there is none (`None`), a draw in lanes is NaN, and an instance that starts there is refused. Lanes accept an excess
//! of 1e-12 s, which rounding can make.
//! **Facts** second_moment = d s^2. The variance s^2 - f_i'^2 depends on the state: sigma_i <= s is given as a bound,
//! and E|g - f'|_1 <= .. likewise by |xi|_1^2 <= d |xi|_2^2. Neither symmetric nor unimodal.

use super::finite::exact;
use super::finite_law::FiniteLaw;
use super::{Atom, DrawRounding, Noise, NoiseEntry, Tails, additive, drawn};
use crate::model::facts::{Facts, Property};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Real};
use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};

/// Excess of |f_i'| over s, relative to s, that lanes take for rounding.
const SLACK: f64 = 1e-12;

/// g_i = +-s.
struct TwoAtom {
    size: Rational,
    float: f64,
    dimension: usize,
}

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "two-atom",
    summary: "g_i = +-s with mean f_i', independent over coordinates",
    params: &[ParamSpec {
        name: "size",
        kind: Kind::Number,
        default: None,
        limits: Limits::POSITIVE,
        doc: "s, at least |f_i'| wherever the run comes",
    }],
    build: |p| {
        let size = exact("size", &p.positive("size")?)?;
        Ok(Box::new(TwoAtom { float: size.to_f64(), size, dimension: p.dimension }))
    },
};

impl Noise for TwoAtom {
    #[inline(always)]
    fn perturb<const N: usize>(&self, stream: &mut Stream<N>, batch: u64, _x: &[Lane<N>], gradient: &mut [Lane<N>]) {
        let (half, one) = (Lane::splat(0.5), Lane::splat(1.0));
        let share = Lane::splat(self.float / batch.max(1) as f64);
        for g in gradient {
            for i in 0..N {
                if g.0[i].abs() > self.float * (1.0 + SLACK) {
                    g.0[i] = f64::NAN;
                }
            }
            let p = *g * Lane::splat(0.5 / self.float) + half;
            // A NaN makes the coin 0: times 0 it is added, so that the draw is NaN as the gradient was.
            let mut sum = *g * Lane::splat(0.0);
            for _ in 0..batch.max(1) {
                let plus = stream.bernoulli(&p);
                sum += &(plus + plus - one);
            }
            *g = sum * share;
        }
    }

    fn atoms(&self, _x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        let laws: Option<Vec<FiniteLaw>> = gradient
            .iter()
            .map(|g| {
                let tilt = g.divide(&self.size).ok()?;
                let half = Rational::ratio(1, 2);
                let plus = (Rational::one() + &tilt) * &half;
                let minus = (Rational::one() - tilt) * half;
                FiniteLaw::new(vec![(self.size.clone(), plus), (-self.size.clone(), minus)]).ok()
            })
            .collect();
        additive::product(&laws?)
    }

    fn facts(&self) -> Facts {
        let (d, s) = (Real::integer(self.dimension as i64), Real::Exact(self.size.clone()));
        let total = d.times(&s);
        let mut facts = Facts::new();
        facts
            .exact("second_moment", total.times(&s))
            .bound("sigma", total.times(&s).root())
            .bound("sigma1", total.clone())
            .bound("sigma_l1", total)
            .bound("sigma_max", s);
        facts
    }

    fn where_undefined(&self) -> Option<&'static str> {
        Some("with an entry above `size`: no law of two atoms +-size has that mean")
    }

    fn law_at(&self, _x: &Rational, gradient: &Rational) -> Result<(), BuildError> {
        let entry = Scalar::abs(gradient);
        if entry <= self.size {
            return Ok(());
        }
        let message = format!(
            "'size' is {}, below the gradient's entry {gradient} at the start: no law of two atoms +-{0} has that mean",
            self.size
        );
        Err(BuildError::about("size", message))
    }

    fn largest(&self) -> Option<f64> {
        Some(self.float * (self.dimension as f64).sqrt() * (1.0 + 1e-12))
    }

    /// The atoms' probabilities depend on the state.
    fn tails(&self) -> Tails {
        Tails { rarest: None, ..Tails::LIGHT }
    }

    fn rarest_at<const N: usize>(&self, _x: &[Lane<N>], gradient: &[Lane<N>]) -> Lane<N> {
        let mut least = [1.0_f64; N];
        for g in gradient {
            for (least, g) in least.iter_mut().zip(&g.0) {
                // At |g| = s one atom is left, and nothing is random.
                if g.abs() < self.float {
                    *least = least.min(0.5 - 0.5 * g.abs() / self.float);
                }
            }
        }
        Lane(least)
    }

    fn in_doubles(&self, batch: u64) -> DrawRounding {
        DrawRounding::Alone(drawn(std::iter::once(&self.size), &[Real::integer(1)], batch))
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Symmetric | Property::Unimodal | Property::Continuous => Some(false),
            // Only where |f_i'| <= s, which is the instance's to hold.
            Property::Unbiased => None,
            Property::Independent | Property::IndependentCoordinates => Some(true),
            // The draw jumps where its probability passes the coin.
            Property::SmoothSamples => Some(false),
            Property::Convex | Property::StronglyConvex | Property::Smooth | Property::Walled => None,
        }
    }
}
