//! The density of a Gaussian vector.
//!
//! **Formula** v has d independent N(0, 1) entries and phi(v) = |v|_1^2/(d |v|_2^2). Length and direction of v are
//! independent, so that E|v|_1^2 = E|u|_1^2 E|v|_2^2 for the direction u, and likewise for fourth powers:
//! E phi = E|v|_1^2/(d^2) = 1/d + (1 - 1/d) 2/pi, E phi^2 = E|v|_1^4/(d^3 (d + 2)).
//! With m_k = E|v_1|^k = sqrt(2/pi), 1, 2 sqrt(2/pi), 3 for k = 1, .., 4 and falling powers of d,
//! E|v|_1^4 = d m_4 + d(d-1)(4 m_1 m_3 + 3 m_2^2) + 6 d(d-1)(d-2) m_1^2 m_2 + d(d-1)(d-2)(d-3) m_1^4.
//! **Source** bernstein2018, section 3: the density of i.i.d. Gaussian entries tends to 2/pi.
//! **Errors** closed forms in doubles; the variance is a difference of numbers near 4/pi^2, good to 1e-14.

use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use std::f64::consts::FRAC_2_PI;

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "gaussian-density",
    summary: "mean and variance of phi(v) for d independent N(0, 1) entries",
    source: "bernstein2018, section 3",
    params: &[ParamSpec { name: "dimension", kind: Kind::Count, default: None, limits: Limits::ONE_UP, doc: "d" }],
    outputs: &[
        OutputSpec { name: "mean", doc: "E phi(v)" },
        OutputSpec { name: "variance", doc: "Var phi(v)" },
        OutputSpec { name: "limit", doc: "2/pi" },
    ],
    calculator: Calculator { examples: &["--dimension 100"], beside: &["variance"], ..Calculator::PLAIN },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let d = match p.count("dimension")? {
        0 => return Err(BuildError::about("dimension", "'dimension' is 0; at least 1 entry is needed")),
        d => d as f64,
    };
    let mean = 1.0 / d + (1.0 - 1.0 / d) * FRAC_2_PI;
    let pairs = d - 1.0;
    let fourth = 3.0
        + pairs * (8.0 * FRAC_2_PI + 3.0)
        + 6.0 * pairs * (d - 2.0) * FRAC_2_PI
        + pairs * (d - 2.0) * (d - 3.0) * FRAC_2_PI * FRAC_2_PI;
    let variance = fourth / (d * d * (d + 2.0)) - mean * mean;
    let outputs = [mean, variance, FRAC_2_PI].map(Real::Float).to_vec();
    Ok(vec![Row { input: format!("d = {d}"), outputs, errors: vec![1e-15, 1e-14, 1e-15] }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn moments(d: i64) -> (f64, f64) {
        let mut p = Params::default();
        p.values.insert("dimension", ParamValue::Number(Real::integer(d)));
        let row = evaluate(&p).unwrap().remove(0);
        (row.outputs[0].to_f64(), row.outputs[1].to_f64())
    }

    #[test]
    fn small_dimensions_by_hand() {
        // exact: d = 1 has phi = 1. d = 2: phi = (|cos a| + |sin a|)^2/2 = (1 + |sin 2a|)/2, a uniform; |sin| has mean
        // 2/pi and mean square 1/2, so that E phi = 1/2 + 1/pi and Var phi = (1/2 - 4/pi^2)/4
        assert!(moments(1).0 == 1.0 && moments(1).1.abs() < 1e-14);
        let pi = std::f64::consts::PI;
        assert!((moments(2).0 - (0.5 + 1.0 / pi)).abs() < 1e-15);
        assert!((moments(2).1 - (0.5 - 4.0 / (pi * pi)) / 4.0).abs() < 1e-14);
    }

    #[test]
    fn drawn_vectors_agree() {
        use crate::rng::{CellKey, Stream};
        let (d, n) = (20, 4000);
        let mut stream: Stream<1> = Stream::new(&CellKey::new(7, &[], "gaussian-density-test"), 0);
        let mut total = 0.0;
        for _ in 0..n {
            let (mut l1, mut l2) = (0.0_f64, 0.0);
            for _ in 0..d {
                let x = stream.normal().0[0];
                l1 += x.abs();
                l2 += x * x;
            }
            total += l1 * l1 / (f64::from(d) * l2);
        }
        let (mean, variance) = moments(i64::from(d));
        // statistical: 5 standard errors, a false alarm in 1.7e6
        let tolerance = 5.0 * (variance / f64::from(n)).sqrt();
        assert!((total / f64::from(n) - mean).abs() < tolerance);
    }
}
