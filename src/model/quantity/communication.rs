//! Bits an iteration between M workers and a server, both directions.
//!
//! **Formula** d coordinates, floats of F bits (32 unless given otherwise), B scales a message:
//!
//! | scheme | a worker sends | the server sends each worker |
//! | --- | --- | --- |
//! | `sgd` | F d | F d |
//! | `qsgd`, `terngrad` | 2 d (one of three levels) | log2(2M + 1) d (their sum) |
//! | `vote` | d | d |
//! | `vote-abstain` | 2 d | 2 d |
//! | `vote-sum` | d | log2(M + 1) d |
//! | `ef-sign` | d + F B | d + F B |
//! | `scaled-vote` | d + F | d + F |
//! | `median-sgd` | F d | F d |
//! | `mv-sto-signsgd-sim`, `federated-mv-sto-signsgd-sim` | d | d |
//!
//! `bits` is M times the sum of both, the logarithms being real numbers as in the paper's table; in `whole` every entry
//! takes whole bits, as a message of fixed length needs. `upload` and `broadcast` are the two parts of `whole`, summed
//! over the workers.
//! **Source** bernstein2018, table 1; vote with abstention: its section 6; ef-sign: karimireddy2019, section 6;
//! scaled-vote: li2021, algorithm 3; median-sgd: chen2020; the last row: sun2023, algorithms 2 and 3 (an iteration of
//! the latter is a round).
//! **Differs from the source** table 1 leaves out the scales of qsgd and terngrad, and so do these two rows.
//! **Errors** `bits` is exact but for the rows with a logarithm, where it is a double good to 1e-14 of itself.

use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};

const SCHEMES: &[&str] = &[
    "sgd",
    "qsgd",
    "terngrad",
    "vote",
    "vote-abstain",
    "vote-sum",
    "ef-sign",
    "scaled-vote",
    "median-sgd",
    "mv-sto-signsgd-sim",
    "federated-mv-sto-signsgd-sim",
];

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "communication",
    summary: "bits per iteration, both directions, of a communication scheme",
    source: "bernstein2018, table 1",
    params: &[
        ParamSpec {
            name: "scheme",
            kind: Kind::Word(SCHEMES),
            default: None,
            limits: Limits::ANY,
            doc: "what is sent",
        },
        ParamSpec { name: "workers", kind: Kind::Count, default: None, limits: Limits::ONE_UP, doc: "M" },
        ParamSpec { name: "dimension", kind: Kind::Count, default: None, limits: Limits::ONE_UP, doc: "d" },
        ParamSpec {
            name: "float_bits",
            kind: Kind::Count,
            default: Some("32"),
            limits: Limits::ONE_UP,
            doc: "F, bits of a float",
        },
        ParamSpec {
            name: "blocks",
            kind: Kind::Count,
            default: Some("1"),
            limits: Limits::ONE_UP,
            doc: "B, scales in a message of ef-sign",
        },
    ],
    outputs: &[
        OutputSpec { name: "bits", doc: "bits per iteration, logarithms as real numbers" },
        OutputSpec { name: "whole", doc: "bits per iteration, every entry in whole bits" },
        OutputSpec { name: "upload", doc: "the workers' part of `whole`" },
        OutputSpec { name: "broadcast", doc: "the server's part of `whole`" },
    ],
    calculator: Calculator {
        examples: &[
            "--scheme vote --workers 4 --dimension 1000",
            "--scheme ef-sign --workers 4 --dimension 1000 --blocks 10",
        ],
        ..Calculator::PLAIN
    },
    evaluate,
};

/// Entries that take one of so many values.
enum Part {
    /// Bits per coordinate and bits per message.
    Bits(u64, u64),
    /// One of n values a coordinate.
    Values(u64),
}

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let above_0 = |key: &'static str| match p.count(key)? {
        n @ 1..=1_000_000_000 => Ok(n as u64),
        n => Err(BuildError::about(key, format!("'{key}' is {n}; it must be from 1 to 1000000000"))),
    };
    let (m, d) = (above_0("workers")?, above_0("dimension")?);
    let floats = p.count("float_bits").unwrap_or(32) as u64;
    let blocks = p.count("blocks").unwrap_or(1) as u64;
    let scheme = p.text("scheme")?;
    let (up, down) = match scheme {
        "sgd" | "median-sgd" => (Part::Bits(floats, 0), Part::Bits(floats, 0)),
        "qsgd" | "terngrad" => (Part::Bits(2, 0), Part::Values(2 * m + 1)),
        "vote" | "mv-sto-signsgd-sim" | "federated-mv-sto-signsgd-sim" => (Part::Bits(1, 0), Part::Bits(1, 0)),
        "vote-abstain" => (Part::Bits(2, 0), Part::Bits(2, 0)),
        "vote-sum" => (Part::Bits(1, 0), Part::Values(m + 1)),
        "ef-sign" => (Part::Bits(1, floats * blocks), Part::Bits(1, floats * blocks)),
        "scaled-vote" => (Part::Bits(1, floats), Part::Bits(1, floats)),
        other => {
            let message = format!("unknown scheme '{other}'; there are: {}", SCHEMES.join(", "));
            return Err(BuildError::about("scheme", message));
        }
    };
    let [upload, broadcast] = [&up, &down].map(|part| whole(part, m, d));
    let bits = match (upload.1, broadcast.1) {
        (None, None) => Real::sum(&[upload.0.clone(), broadcast.0.clone()]),
        (up, down) => {
            Real::Float(up.unwrap_or_else(|| upload.0.to_f64()) + down.unwrap_or_else(|| broadcast.0.to_f64()))
        }
    };
    let whole = Real::sum(&[upload.0.clone(), broadcast.0.clone()]);
    Ok(vec![Row::closed(format!("{scheme}, M = {m}, d = {d}"), vec![bits, whole, upload.0, broadcast.0])])
}

/// Whole bits of one direction, and the real number where a logarithm was rounded up.
fn whole(part: &Part, workers: u64, d: u64) -> (Real, Option<f64>) {
    // Products in rationals: they may pass 2^63.
    let times = |bits: u64| Real::integer(workers as i64).times(&Real::integer(bits as i64));
    let entries = times(1).times(&Real::integer(d as i64));
    match part {
        Part::Bits(each, message) => (Real::sum(&[entries.times(&Real::integer(*each as i64)), times(*message)]), None),
        Part::Values(n) => {
            let each = u64::BITS - (n - 1).leading_zeros();
            let real = if n.is_power_of_two() { None } else { Some(entries.to_f64() * libm::log2(*n as f64)) };
            (entries.times(&Real::integer(i64::from(each))), real)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn bits(scheme: &str, workers: i64, dimension: i64) -> Vec<Real> {
        let mut p = Params::default();
        p.values.insert("scheme", ParamValue::Text(scheme.into()));
        p.values.insert("workers", ParamValue::Number(Real::integer(workers)));
        p.values.insert("dimension", ParamValue::Number(Real::integer(dimension)));
        evaluate(&p).unwrap().remove(0).outputs
    }

    #[test]
    fn the_rows_of_table_1() {
        // exact: 64 M d; 2 M d; (2 + log2(2M + 1)) M d with M = 4: log2 9 = 3.169925001442312 (Python 3 math.log2)
        assert_eq!(bits("sgd", 4, 10)[0], Real::integer(2560));
        assert_eq!(bits("vote", 4, 10)[0], Real::integer(80));
        for scheme in ["qsgd", "terngrad"] {
            let row = bits(scheme, 4, 10);
            assert!((row[0].to_f64() - (2.0 + 3.169_925_001_442_312) * 40.0).abs() < 1e-11);
            assert_eq!(row[1], Real::integer(6 * 40));
            assert_eq!((row[2].clone(), row[3].clone()), (Real::integer(80), Real::integer(160)));
        }
    }

    #[test]
    fn other_schemes_by_hand() {
        // exact: sums of 3 signs take 4 values, 2 bits; one scale of 32 bits per message, 2 workers, both directions
        assert_eq!(bits("vote-sum", 3, 5)[0], Real::integer(3 * 5 * (1 + 2)));
        assert_eq!(bits("ef-sign", 2, 10)[0], Real::integer(2 * 2 * 42));
        assert_eq!(bits("vote-abstain", 2, 10)[0], Real::integer(80));
    }
}
