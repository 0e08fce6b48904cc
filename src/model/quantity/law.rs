//! The law of a draw, as text: a continuous one of variance 1 moved to a mean, or finitely many values.

use crate::closed::{LawError, StandardLaw, sum_tail};
use crate::model::noise::{FiniteLaw, FiniteLawError};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::scalar::{Rational, Scalar};

/// The law's parameter.
pub(super) const LAW: ParamSpec = ParamSpec {
    name: "law",
    kind: Kind::Text,
    default: Some(""),
    limits: Limits::ANY,
    doc: "law of a draw: gaussian, laplace, logistic, uniform, student(nu) (mean 0, variance 1), skew50, rademacher, or finite(VALUE:PROBABILITY, ..)",
};
/// Its mean.
pub(super) const MEAN: ParamSpec = ParamSpec {
    name: "mean",
    kind: Kind::Number,
    default: Some(""),
    limits: Limits::ANY,
    doc: "moves the law to this mean, which must not be 0",
};

/// A law with a mean that is not 0.
pub(super) enum Draw {
    /// Finitely many exact values.
    Finite(FiniteLaw),
    /// A continuous law of variance 1 and this mean.
    Continuous(StandardLaw, Real),
}

/// What one draw says of the sign of its mean.
pub(super) struct OneDraw {
    /// P[the sign is the other one].
    pub wrong: Real,
    /// P[the draw is 0].
    pub zero: Real,
    /// Bound on the error of `wrong`.
    pub error: f64,
}

impl Draw {
    /// Reads `law` and `mean`.
    pub(super) fn read(p: &Params) -> Result<Self, BuildError> {
        let text = p.text("law")?;
        let mean = if p.has("mean") { Some(p.number("mean")?) } else { None };
        if mean.as_ref().is_some_and(|m| m.to_f64() == 0.0) {
            return Err(BuildError::about("mean", "'mean' is 0, which has no sign to miss; give another"));
        }
        let finite = ["finite", "skew50", "rademacher"].iter().any(|name| text.trim().starts_with(name));
        if !finite {
            let law: StandardLaw = text
                .parse()
                .map_err(|e: LawError| BuildError::about("law", format!("{e}; or finite(50:1/10, -1:9/10)")))?;
            let Some(mean) = mean else {
                let message = format!("{law} has mean 0, whose sign cannot be missed: give a mean");
                return Err(BuildError::about("law", message));
            };
            return Ok(Draw::Continuous(law, mean));
        }
        let law: FiniteLaw = text.parse().map_err(|e: FiniteLawError| BuildError::about("law", e.to_string()))?;
        let law = match mean {
            None => law,
            Some(mean) => {
                let message = || format!("'mean' is {mean}, known in double precision only; give a fraction");
                let exact = mean.exact().ok_or_else(|| BuildError::about("mean", message()))?;
                law.centred().affine(&Rational::one(), exact)
            }
        };
        if law.mean().is_zero() {
            let message = "the law has mean 0, whose sign cannot be missed: give a mean";
            return Err(BuildError::about("law", message));
        }
        Ok(Draw::Finite(law))
    }

    /// The sign of one draw.
    pub(super) fn one(&self) -> Result<OneDraw, BuildError> {
        match self {
            Draw::Finite(law) => {
                let right = law.mean().signum();
                let share = |sign: i64| {
                    let atoms = law.atoms().iter().filter(|(v, _)| v.signum() == sign);
                    atoms.fold(Rational::zero(), |sum, (_, p)| sum + p)
                };
                Ok(OneDraw { wrong: share(-right).into(), zero: share(0).into(), error: 0.0 })
            }
            Draw::Continuous(law, mean) => {
                let tail = sum_tail(law, 1, mean.to_f64().abs());
                let tail = tail.map_err(|e| BuildError::about("law", e.to_string()))?;
                Ok(OneDraw { wrong: Real::Float(tail.value), zero: Real::integer(0), error: tail.error })
            }
        }
    }
}
