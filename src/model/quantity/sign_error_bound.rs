//! Bounds on the probability that a worker's sign is wrong.
//!
//! **Formula** with S = |g|/sigma: markov 1/S; cantelli 1/(1 + S^2); gauss 2/(9 S^2) for S > 2/sqrt 3, else
//! 1/2 - S/(2 sqrt 3).
//! **Source** bernstein2018, section 3 and theorem 2, steps (a) and (c).
//! **Errors** exact for rational S, but for gauss with 0 < S <= 2/sqrt 3, which is enclosed.
//! **Assumptions** gauss: the noise is unimodal and symmetric.
//! **Ties and edge cases** S = 0 has no bound of Markov's; above S = 1 only does it say something.

use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::closed::bounds::{cantelli, gauss_far, gauss_is_far, gauss_near, markov};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, lift};

const KINDS: &[&str] = &["markov", "cantelli", "gauss"];

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "sign-error-bound",
    summary: "Markov's, Cantelli's or Gauss's bound on a worker's wrong-sign probability",
    source: "bernstein2018, theorem 2",
    params: &[
        ParamSpec {
            name: "snr",
            kind: Kind::Number,
            default: None,
            limits: Limits::NON_NEGATIVE,
            doc: "S = |g|/sigma",
        },
        ParamSpec { name: "kind", kind: Kind::Word(KINDS), default: None, limits: Limits::ANY, doc: "whose bound" },
    ],
    outputs: &[OutputSpec { name: "bound", doc: "the bound" }],
    calculator: Calculator { examples: &["--snr 2 --kind gauss"], ..Calculator::PLAIN },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let snr = p.number("snr")?;
    let (size, kind) = (snr.to_f64(), p.text("kind")?);
    if !(size >= 0.0 && size.is_finite()) {
        return Err(BuildError::about("snr", format!("'snr' is {snr}; it must be 0 or more")));
    }
    if size == 0.0 && kind == "markov" {
        return Err(BuildError::about(
            "snr",
            "'snr' is 0, where Markov's bound 1/S is infinite; give a number above 0",
        ));
    }
    let far = snr.exact().map_or(size * size > 4.0 / 3.0, gauss_is_far);
    let bound = match kind {
        "markov" => lift!(&[&snr], |t| markov(&t[0])),
        "cantelli" => lift!(&[&snr], |t| cantelli(&t[0])),
        "gauss" if far => lift!(&[&snr], |t| gauss_far(&t[0])),
        "gauss" => lift!(&[&snr], |t| gauss_near(&t[0])),
        other => {
            return Err(BuildError::about("kind", format!("unknown bound '{other}'; there are: {}", KINDS.join(", "))));
        }
    };
    Ok(vec![Row::closed(format!("{kind}, S = {snr}"), vec![bound])])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ParamValue, Real};

    #[test]
    fn bounds_by_hand() {
        let bound = |kind: &str, snr: &str| {
            let mut p = Params::default();
            p.values.insert("snr", ParamValue::Number(Real::Exact(snr.parse().unwrap())));
            p.values.insert("kind", ParamValue::Text(kind.into()));
            evaluate(&p).map(|rows| rows[0].outputs[0].clone())
        };
        // exact
        assert_eq!(bound("markov", "4").unwrap().to_string(), "1/4");
        assert_eq!(bound("cantelli", "1/2").unwrap().to_string(), "4/5");
        assert_eq!(bound("gauss", "2").unwrap().to_string(), "1/18");
        assert_eq!(bound("gauss", "0").unwrap().to_string(), "1/2");
        // exact: 1/2 - 1/(2 sqrt 3)
        let near = bound("gauss", "1").unwrap();
        assert!((near.to_f64() - (0.5 - 0.5 / 3.0_f64.sqrt())).abs() < 1e-15 && !near.is_rough(), "{near:?}");
        assert!(bound("markov", "0").is_err() && bound("gauss", "-1").is_err() && bound("chebyshev", "1").is_err());
    }
}
