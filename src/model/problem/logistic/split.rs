//! How the samples of a finite sum are spread over workers: parameters of [`Split`].
//!
//! `iid` and `dirichlet` are [`Spread::Iid`] and [`Spread::DirichletByClass`], the labels -1 and +1 the two classes.

use crate::data::{DataError, Split, Spread};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params};

/// Parameters of a split.
pub(super) const SPLIT: ParamSpec = ParamSpec {
    name: "split",
    kind: Kind::Word(&["none", "iid", "dirichlet"]),
    default: Some("none"),
    limits: Limits::ANY,
    doc: "how samples are spread over workers: not at all, evenly at random, or class by class by a Dirichlet law",
};
/// Number of parts.
pub(super) const WORKERS: ParamSpec = ParamSpec {
    name: "workers",
    kind: Kind::Count,
    default: Some(""),
    limits: Limits::ONE_UP,
    doc: "M, parts of a split",
};
/// Evenness of a Dirichlet split.
pub(super) const CONCENTRATION: ParamSpec = ParamSpec {
    name: "concentration",
    kind: Kind::Number,
    default: Some("1"),
    limits: Limits::POSITIVE,
    doc: "Dirichlet split: its parameter; large is even, small is one class a worker",
};
/// Randomness of a split.
pub(super) const SPLIT_SEED: ParamSpec = ParamSpec {
    name: "split_seed",
    kind: Kind::Count,
    default: Some("1"),
    limits: Limits::ANY,
    doc: "seed of the split",
};

/// The two classes, in the order in which a split counts them.
pub(super) const CLASSES: [&str; 2] = ["-1", "+1"];

/// The samples of each worker, or `None` where all workers have all samples; `labels` has one entry per sample.
///
/// # Errors
/// No workers, or a concentration that is not above 0.
pub(super) fn split(p: &Params, labels: &[i8]) -> Result<Option<Split>, BuildError> {
    let how = if p.has("split") { p.text("split")? } else { "none" };
    let how = match how {
        "none" => return Ok(None),
        "iid" => Spread::Iid,
        _ => Spread::DirichletByClass { concentration: p.positive("concentration")?.to_f64() },
    };
    let classes: Vec<u8> = labels.iter().map(|label| u8::from(*label > 0)).collect();
    let split = Split::new(how, p.count("workers")?, p.count("split_seed")? as u64, &classes, 2);
    split.map(Some).map_err(|why| match why {
        DataError::Parameter { name, value, expected } => {
            BuildError::about(name, format!("'{name}' is {value}; it must be {expected}"))
        }
        other => BuildError::whole(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ParamValue, Real};

    fn shards(how: &str, workers: i64, concentration: Real, labels: &[i8]) -> Result<Vec<Vec<usize>>, BuildError> {
        let mut p = Params::default();
        p.values.insert("split", ParamValue::Text(how.into()));
        p.values.insert("workers", ParamValue::Number(Real::integer(workers)));
        p.values.insert("concentration", ParamValue::Number(concentration));
        p.values.insert("split_seed", ParamValue::Number(Real::integer(3)));
        Ok(split(&p, labels)?.map(Split::into_shards).unwrap_or_default())
    }

    fn labels() -> Vec<i8> {
        (0..1000).map(|i| if i % 4 == 0 { 1 } else { -1 }).collect()
    }

    #[test]
    fn every_sample_has_one_worker() {
        for (how, concentration) in [("iid", 1.0), ("dirichlet", 0.01), ("dirichlet", 1.0), ("dirichlet", 100.0)] {
            let shards = shards(how, 7, Real::Float(concentration), &labels()).unwrap();
            let mut all = shards.concat();
            all.sort_unstable();
            assert_eq!(all, (0..1000).collect::<Vec<_>>(), "{how} {concentration}");
            assert_eq!(shards.len(), 7);
            assert!(how != "iid" || shards.iter().all(|s| s.len() == 142 || s.len() == 143));
        }
    }

    #[test]
    fn a_small_concentration_separates_the_classes() {
        // Mixing of a worker: 4 p (1 - p) with p its fraction of label 1, weighted by size; 3/4 for an even split.
        let mixing = |concentration: f64| {
            let labels = labels();
            let shards = shards("dirichlet", 10, Real::Float(concentration), &labels).unwrap();
            let one = |s: &Vec<usize>| s.iter().filter(|i| labels[**i] == 1).count() as f64;
            shards.iter().filter(|s| !s.is_empty()).map(|s| 4.0 * one(s) * (1.0 - one(s) / s.len() as f64)).sum::<f64>()
                / 1000.0
        };
        let [low, middle, high] = [0.02, 1.0, 1000.0].map(mixing);
        assert!(low < 0.4 && low < middle && middle < high && (high - 0.75).abs() < 0.01, "{low} {middle} {high}");
    }

    #[test]
    fn bad_splits_are_refused() {
        assert_eq!(shards("iid", 0, Real::integer(1), &labels()).unwrap_err().key, Some("workers"));
        assert_eq!(shards("iid", 3, Real::integer(1), &[1, -1]).unwrap_err().key, Some("workers"));
        assert_eq!(shards("dirichlet", 2, Real::integer(0), &labels()).unwrap_err().key, Some("concentration"));
        assert!(shards("none", 2, Real::integer(1), &labels()).unwrap().is_empty());
    }
}
