//! Constants of a problem, ready for every arithmetic, and the parameters that several problems have in common.

use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real, lift};
use crate::scalar::{Fault, Rounded, Scalar};

/// Numbers kept both as doubles, for the hot loop, and as they are known.
pub(super) struct Constants {
    known: Vec<Real>,
    rounded: Vec<Rounded>,
}

impl Constants {
    pub(super) fn new(values: &[Real]) -> Self {
        Constants { known: values.to_vec(), rounded: values.iter().map(Real::nearest_double).collect() }
    }

    /// Number `i` in the arithmetic at hand: its nearest double in lanes, an enclosure in intervals.
    ///
    /// # Errors
    /// [`Fault::NoExactForm`] in exact arithmetic, where one of the numbers is a double.
    #[inline(always)]
    pub(super) fn get<S: Scalar>(&self, i: usize) -> Result<S, Fault> {
        // The nearest double is not enough for an arithmetic whose results must hold the true value.
        if S::LANES == 0 { self.known[i].cast() } else { S::from_rounded(&self.rounded[i]) }
    }

    /// Number `i` as a double.
    pub(super) fn float(&self, i: usize) -> f64 {
        self.rounded[i].value
    }
}

/// The curvature at 0 of a loss in each coordinate.
pub(super) const CURVATURE: ParamSpec = ParamSpec {
    name: "curvature",
    kind: Kind::Number,
    default: Some("1"),
    limits: Limits::POSITIVE,
    doc: "L, curvature at 0",
};

/// Rows of a problem that is built of linear functions.
pub(super) const ROWS: ParamSpec = ParamSpec {
    name: "rows",
    kind: Kind::Matrix,
    default: None,
    limits: Limits::ANY,
    doc: "a_i, one row each, exact numbers",
};

/// The optional dimension of a problem whose vector parameter may be a single repeated number.
pub(super) const DIMENSION: ParamSpec = ParamSpec {
    name: "dimension",
    kind: Kind::Count,
    default: Some(""),
    limits: Limits::ONE_UP,
    doc: "d, where a single number is repeated over all coordinates",
};

/// The vector parameter `key`, repeated to `dimension` where that is given.
///
/// # Errors
/// A dimension of 0, or a list of another length than the dimension.
pub(super) fn spread(p: &Params, key: &'static str) -> Result<Vec<Real>, BuildError> {
    if !p.has("dimension") {
        return p.list(key);
    }
    let dimension = p.count("dimension")?;
    if dimension == 0 {
        return Err(BuildError::about("dimension", "'dimension' must be at least 1"));
    }
    p.vector(key, dimension)
}

/// [`spread`], with every entry above 0.
///
/// # Errors
/// As there, or an entry that is 0, negative or not finite.
pub(super) fn spread_positive(p: &Params, key: &'static str) -> Result<Vec<Real>, BuildError> {
    let values = spread(p, key)?;
    match values.iter().find(|v| !(v.to_f64() > 0.0 && v.to_f64().is_finite())) {
        Some(bad) => Err(BuildError::about(key, format!("'{key}' contains {bad}; every entry must be above 0"))),
        None => Ok(values),
    }
}

/// Square root of the sum of squares, exact where that is a rational square.
pub(super) fn norm2(values: &[Real]) -> Real {
    let squares: Vec<Real> = values.iter().map(|v| v.times(v)).collect();
    Real::sum(&squares).root()
}

/// Sum of the absolute values.
pub(super) fn norm1(values: &[Real]) -> Real {
    let sizes: Vec<Real> = values.iter().map(Real::magnitude).collect();
    Real::sum(&sizes)
}

/// Quotient, exact where both are; the divisor must not be 0.
pub(super) fn quotient(numerator: &Real, divisor: &Real) -> Real {
    lift!(&[numerator, divisor], |t| Scalar::divide(&t[0], &t[1]))
}

/// The origin of R^d.
pub(super) fn origin(d: usize) -> Vec<Real> {
    vec![Real::integer(0); d]
}

/// `size` along coordinate i of R^d, 0 elsewhere.
pub(super) fn axis(d: usize, i: usize, size: &Real) -> Vec<Real> {
    let mut point = origin(d);
    point[i] = size.clone();
    point
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Checked, Rational};

    #[test]
    fn checked_lanes_know_constants_by_their_formulas() {
        let constants = Constants::new(&[Real::Exact(Rational::ratio(1, 10)), Real::Exact(Rational::ratio(3, 10))]);
        let get = |i| constants.get::<Checked>(i).unwrap();
        // exact: 3/10 - 1/10 - 1/10 - 1/10 = 0, in doubles -2.8e-17
        let (sign, met) =
            Checked::meeting(false, || (get(1) - get(0) - get(0) - get(0)).sign_or(&Checked::zero()).unwrap());
        assert_eq!((sign.lane(0), met.near, met.ties), (Some(0.0), 0, true));
    }
}
