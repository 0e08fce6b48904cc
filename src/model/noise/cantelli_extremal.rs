//! The extremal law of Cantelli's inequality: a gradient of the wrong sign with probability q.
//!
//! **Update** for f_i' >= 0: g_i = -eta with probability q, else (f_i' + eta q)/(1 - q), so that E g_i = f_i'; for
//! f_i' < 0 the mirror image. Independent over coordinates.
//! **Source** bernstein2018, proof of Theorem 2, step (c), where q -> 1/(1 + S^2) as eta -> 0.
//! **Assumptions** 0 <= q < 1, eta >= 0.
//! **Facts** sigma_i = (|f_i'| + eta) sqrt(q/(1 - q)) depends on the state: none is given.
//! A batch is averaged draw by draw.
//! **Ties and edge cases** f_i' = 0 is taken as positive; with eta = 0 the wrong atom is 0, which has no sign.

use super::finite::exact;
use super::finite_law::FiniteLaw;
use super::{Atom, DrawRounding, Drawn, Noise, NoiseEntry, Tails, additive};
use crate::model::facts::{Facts, Property};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Real};
use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};

/// Two atoms around a signed gradient.
struct CantelliExtremal {
    wrong: Rational,
    shift: Rational,
    float: (f64, f64),
}

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "cantelli-extremal",
    summary: "g_i = -eta with probability q, else (f_i' + eta q)/(1 - q); mirrored for f_i' < 0",
    params: &[
        ParamSpec { name: "wrong", kind: Kind::Number, default: None, limits: Limits::FRACTION, doc: "q" },
        ParamSpec { name: "shift", kind: Kind::Number, default: Some("0"), limits: Limits::NON_NEGATIVE, doc: "eta" },
    ],
    build: |p| {
        let wrong = exact("wrong", &p.number("wrong")?)?;
        let shift = if p.has("shift") { p.number("shift")? } else { Real::integer(0) };
        let shift = exact("shift", &shift)?;
        if wrong.signum() < 0 || wrong >= Rational::one() {
            return Err(BuildError::about("wrong", format!("'wrong' is {wrong}; it must be 0 or more and below 1")));
        }
        if shift.signum() < 0 {
            return Err(BuildError::about("shift", format!("'shift' is {shift}; it must be 0 or more")));
        }
        Ok(Box::new(CantelliExtremal { float: (wrong.to_f64(), shift.to_f64()), wrong, shift }))
    },
};

impl Noise for CantelliExtremal {
    #[inline(always)]
    fn perturb<const N: usize>(&self, stream: &mut Stream<N>, batch: u64, _x: &[Lane<N>], gradient: &mut [Lane<N>]) {
        let (q, eta) = self.float;
        let share = 1.0 / batch.max(1) as f64;
        for g in gradient {
            let mut sum: Lane<N> = Lane::splat(0.0);
            for _ in 0..batch.max(1) {
                let wrong = stream.bernoulli(&Lane::splat(q));
                for i in 0..N {
                    let size = g.0[i].abs();
                    sum.0[i] += if wrong.0[i] > 0.0 { -eta } else { (size + eta * q) / (1.0 - q) };
                }
            }
            for i in 0..N {
                // The factor that is NaN for NaN keeps a diverged replicate visible.
                let sign = if g.0[i] < 0.0 {
                    -1.0
                } else if g.0[i].is_nan() {
                    f64::NAN
                } else {
                    1.0
                };
                g.0[i] = sign * sum.0[i] * share;
            }
        }
    }

    fn is_silent(&self) -> bool {
        self.wrong.is_zero()
    }

    fn atoms(&self, _x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        let right = Rational::one() - &self.wrong;
        let laws: Option<Vec<FiniteLaw>> = gradient
            .iter()
            .map(|g| {
                let large = (Scalar::abs(g) + self.shift.clone() * &self.wrong).divide(&right).ok()?;
                let law = FiniteLaw::new(vec![(-self.shift.clone(), self.wrong.clone()), (large, right.clone())]);
                let sign = Rational::integer(if g.signum() < 0 { -1 } else { 1 });
                Some(law.ok()?.affine(&sign, &Rational::zero()))
            })
            .collect();
        additive::product(&laws?)
    }

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn tails(&self) -> Tails {
        let q = self.float.0;
        Tails { rarest: Some(if q > 0.0 { q.min(1.0 - q) } else { 1.0 }), ..Tails::LIGHT }
    }

    /// The atoms are functions of the gradient: what its error makes of them is not followed.
    fn in_doubles(&self, _batch: u64) -> DrawRounding {
        DrawRounding::Alone(Drawn::UNKNOWN)
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Symmetric => Some(self.wrong.is_zero() || self.wrong == Rational::ratio(1, 2)),
            Property::Unimodal => Some(self.wrong.is_zero()),
            Property::Unbiased | Property::Independent | Property::IndependentCoordinates => Some(true),
            Property::Continuous => Some(false),
            // The draw jumps with the gradient's sign.
            Property::SmoothSamples => Some(self.wrong.is_zero()),
            Property::Convex | Property::StronglyConvex | Property::Smooth | Property::Walled => None,
        }
    }
}
