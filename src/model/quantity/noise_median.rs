//! How much of the mass of the noise's own median lies near 0.
//!
//! **Formula** z has the density g of the median of M draws of xi: `inside` = P[|z| <= c], `variance` = E z^2 and
//! `deviation` its root; c = `distance` times `unit`, which is 1, the deviation, or the variance.
//! **Source** chen2020, equation 87 (Gauss's inequality for z), whose sigma_mid is called a variance.
//! **Errors** For uniform noise enclosed (an incomplete beta function with whole parameters is a polynomial); else of
//! the distribution function in twice the precision of a double, and of the variance's quadrature.
//! **Ties and edge cases** c = 0 has no mass.

use super::{Calculator, NOISE, OutputSpec, QuantityEntry, Row};
use crate::closed::enclosed::{BITS, uniform_median_inside};
use crate::closed::{LawError, LawKind, Median, StandardLaw};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::scalar::{Enclosure, Fault, Rational, Scalar};

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "noise-median",
    summary: "P[|z| <= c] of the median z of M draws of the noise, and its variance",
    source: "chen2020, equation 87",
    params: &[
        ParamSpec {
            name: "law",
            kind: Kind::Text,
            default: Some("gaussian"),
            limits: Limits::ANY,
            doc: "law of xi: gaussian, laplace, logistic, uniform or student(nu)",
        },
        ParamSpec { name: "workers", kind: Kind::Count, default: None, limits: Limits::ONE_UP, doc: "M, odd" },
        ParamSpec {
            name: "distance",
            kind: Kind::Number,
            default: Some("1"),
            limits: Limits::NON_NEGATIVE,
            doc: "c in its unit",
        },
        ParamSpec {
            name: "unit",
            kind: Kind::Word(&["one", "deviation", "variance"]),
            default: Some("one"),
            limits: Limits::ANY,
            doc: "unit of c: 1, or the deviation or the variance of z taken as a number",
        },
    ],
    outputs: &[
        OutputSpec { name: "inside", doc: "P[|z| <= c]" },
        OutputSpec { name: "deviation", doc: "sqrt(E z^2)" },
        OutputSpec { name: "variance", doc: "E z^2" },
    ],
    calculator: Calculator {
        examples: &["--noise uniform --workers 5 --unit deviation"],
        flags: NOISE,
        beside: &["deviation"],
    },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let law: StandardLaw =
        p.text("law").unwrap_or("gaussian").parse().map_err(|e: LawError| BuildError::about("law", e.to_string()))?;
    let (workers, distance) = (p.count("workers")?, p.number("distance")?.to_f64());
    if !(distance >= 0.0 && distance.is_finite()) {
        return Err(BuildError::about("distance", format!("'distance' is {distance}; it takes numbers, 0 or more")));
    }
    let input = format!("{law}, M = {workers}, c = {distance} {}", p.text("unit").unwrap_or("one"));
    if workers > Median::MOST_WORKERS {
        let message = format!("'workers' is {workers}; it must be an odd number up to {}", Median::MOST_WORKERS);
        return Err(BuildError::about("workers", message));
    }
    let is_uniform = *law.kind() == LawKind::Uniform;
    let sets = vec![vec![Rational::integer(0)]; workers];
    let median =
        Median::new(&sets, law, &Rational::integer(1)).map_err(|e| BuildError::about("workers", e.to_string()))?;
    if is_uniform && let Ok(outputs) = Enclosure::at_precision(BITS, || of_uniform(p, workers)) {
        return Ok(vec![Row { input, outputs: outputs.map(Real::from).to_vec(), errors: vec![0.0; 3] }]);
    }
    let found = median.gap().map_err(|e| BuildError::whole(e.to_string()))?;
    let deviation = libm::sqrt(found.variance);
    let off = found.variance_error / deviation;
    let (unit, unit_error) = match p.text("unit").ok() {
        Some("deviation") => (deviation, off),
        Some("variance") => (found.variance, found.variance_error),
        _ => (1.0, 0.0),
    };
    let c = distance * unit;
    // The density is largest at 0.
    let error = 2.0 * median.density(0.0) * (distance * unit_error + 1e-15 * c) + 1e-15;
    let outputs = [median.noise_inside(c), deviation, found.variance].map(Real::Float).to_vec();
    Ok(vec![Row { input, outputs, errors: vec![error, off, found.variance_error] }])
}

/// The same of uniform noise, enclosed: the median of M draws has the variance 3/(M + 2).
fn of_uniform(p: &Params, workers: usize) -> Result<[Enclosure; 3], Fault> {
    let variance = Enclosure::ratio(3, workers as u64 + 2);
    let deviation = Scalar::sqrt(&variance)?;
    let unit = match p.text("unit").ok() {
        Some("deviation") => deviation.clone(),
        Some("variance") => variance.clone(),
        _ => Enclosure::one(),
    };
    let distance = p.number("distance").map_err(|_| Fault::Undecided("a distance"))?;
    Ok([uniform_median_inside(workers, &(distance.cast::<Enclosure>()? * unit))?, deviation, variance])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn at(law: &str, workers: i64, distance: &str, unit: &str) -> Vec<f64> {
        let mut p = Params::default();
        p.values.insert("law", ParamValue::Text(law.into()));
        p.values.insert("workers", ParamValue::Number(Real::integer(workers)));
        p.values.insert("distance", ParamValue::Number(Real::Exact(distance.parse().unwrap())));
        p.values.insert("unit", ParamValue::Text(unit.into()));
        evaluate(&p).unwrap()[0].outputs.iter().map(Real::to_f64).collect()
    }

    #[test]
    fn mass_and_variance_by_hand() {
        // exact: one uniform draw on (-sqrt 3, sqrt 3)
        let found = at("uniform", 1, "1", "deviation");
        assert!((found[0] - 1.0 / 3.0_f64.sqrt()).abs() < 1e-14 && (found[2] - 1.0).abs() < 1e-14, "{found:?}");
        // exact: three of them have the variance 12/20; reference: 1 - sqrt 3/pi for three gaussian ones (H. A. David)
        assert!((at("uniform", 3, "0", "one")[2] - 0.6).abs() < 1e-13);
        let found = at("gaussian", 3, "2", "variance");
        let variance = 1.0 - 3.0_f64.sqrt() / std::f64::consts::PI;
        assert!((found[2] - variance).abs() < 1e-13 && (found[1] * found[1] - variance).abs() < 1e-13, "{found:?}");
        // identity: 2 G(c) - 1, G = 3 H^2 - 2 H^3, by the same distance given as a number
        let again = at("gaussian", 3, &format!("{:.15}", 2.0 * variance), "one");
        assert!((found[0] - again[0]).abs() < 1e-13);
    }
}
