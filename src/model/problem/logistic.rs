//! Regularised logistic regression on generated or LIBSVM data.
//!
//! f(x) = (1/n) sum_i ln(1 + exp(-b_i a_i'x)) + (lambda/2) |x|_2^2; sample i's function is ln(1 + exp(-b_i a_i'x)) +
//! (lambda/2) |x|_2^2, so that the mean of the sample gradients is grad f. The arithmetic is that of
//! [`crate::data::Logistic`].
//!
//! **Facts** (bounds, from the loss's second derivative being at most 1/4) L <= max_i |a_i|_2^2/4 + lambda;
//! L_inf <= max_i |a_i|_1^2/4 + d lambda; L_j <= sum_i |a_ij| |a_i|_1/(4n) + lambda, with |L|_1 their sum; mu >= lambda
//! in l2 and in l1; rho <= (1/n) sum_i |a_i|_2^3/(6 sqrt 3), the third derivative being at most 1/(6 sqrt 3). f*
//! (estimated) is the value that Newton's method reaches at |grad f|_2 < 1e-10. It is above the infimum by at most
//! |grad f|_2^2/(2 lambda), which is evaluated in intervals there, so that f* and the minimiser are enclosed.
//!
//! **Data** Decimals of a file count as written: stored as doubles, in single precision where all of them are such
//! numbers or `storage` requires it. What an enclosure rests on is the interval that holds the decimal.
//!
//! With `split` the samples are spread over M workers. Worker m has f_m(x) = (M/n) sum over its samples of
//! ln(1 + exp(-b_i a_i'x)) + (lambda/2) |x|_2^2: the mean of the f_m is f, whatever the workers' numbers of samples. A
//! worker without samples has the regulariser alone.
//!
//! **Source** li2021, example 5 (epsilon layout: n = 400 000 rows of unit length, d = 2000, lambda = 1/n).
//! **Shapes and units** a_i'x has no unit: x is in units of 1/a, f has none.
//! **Ties and edge cases** No rational values; every lane runs by itself, as nothing is shared between replicates.
//! Instances of one process with the same parameters share the data while one of them lives, and f* for good.

mod enclosed;
mod shared;
mod split;

use super::{Footprint, Minimisers, Problem, ProblemEntry};
use crate::data::{self, DataFile, Rounding, Split};
use crate::model::{BuildError, Facts, Kind, Known, Limits, ParamSpec, Params, Property, Real};
use crate::scalar::{Fault, Rational, Scalar};
use crate::stats::Interval;
use enclosed::Enclosed;
use shared::Source;
use std::sync::{Arc, OnceLock};

/// The regularised logistic loss of a data set.
pub(super) struct Logistic {
    loss: data::Logistic,
    /// lambda, as it is known.
    lambda: Real,
    /// Where f* is kept; `None` where it is not wanted.
    minimum: Option<shared::Slot>,
    /// The file that the data come from, where they are not generated.
    file: Option<DataFile>,
    /// The samples of each worker, where they are spread.
    split: Option<Split>,
    facts: OnceLock<Facts>,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "logistic",
    summary: "(1/n) sum log(1 + exp(-b_i a_i'x)) + lambda |x|^2/2, generated or from a LIBSVM file",
    params: &[
        ParamSpec {
            name: "samples",
            kind: Kind::Count,
            default: Some(""),
            limits: Limits::ONE_UP,
            doc: "n; checked against a file",
        },
        ParamSpec {
            name: "dimension",
            kind: Kind::Count,
            default: Some(""),
            limits: Limits::ONE_UP,
            doc: "d; at least a file's largest index",
        },
        ParamSpec {
            name: "label_noise",
            kind: Kind::Number,
            default: Some("1/2"),
            limits: Limits::NON_NEGATIVE,
            doc: "generated data: deviation of the noise in the labels, in units of the margin's",
        },
        ParamSpec {
            name: "data_seed",
            kind: Kind::Count,
            default: Some("1"),
            limits: Limits::ANY,
            doc: "seed of generated data",
        },
        ParamSpec {
            name: "file",
            kind: Kind::Text,
            default: Some(""),
            limits: Limits::ANY,
            doc: "LIBSVM file; data are generated without",
        },
        ParamSpec {
            name: "storage",
            kind: Kind::Word(&["exact", "f32"]),
            default: Some("exact"),
            limits: Limits::ANY,
            doc: "a file's values as doubles (in single precision where that changes none), or rounded to single precision",
        },
        ParamSpec {
            name: "lambda",
            kind: Kind::Number,
            default: Some(""),
            limits: Limits::NON_NEGATIVE,
            doc: "weight of |x|^2/2; 1/n where absent",
        },
        ParamSpec {
            name: "minimum",
            kind: Kind::Word(&["solve", "skip"]),
            default: Some("solve"),
            limits: Limits::ANY,
            doc: "whether f* is solved for, which takes seconds on large data",
        },
        split::SPLIT,
        split::WORKERS,
        split::CONCENTRATION,
        split::SPLIT_SEED,
    ],
    statistics: &[],
    // Rows in single precision, drawn and stored.
    footprint: Footprint {
        bytes: |_, d, n| n.saturating_mul(d).saturating_mul(4),
        runs_alone: true,
        ..Footprint::SMALL
    },
    build: |p| Ok(Box::new(Logistic::build(p)?)),
};

impl Logistic {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let source = Source::read(p)?;
        let shared::Held { data, file } = shared::dataset(&source)?;
        let lambda = if p.has("lambda") {
            p.number("lambda")?
        } else {
            Real::Exact(Rational::ratio(1, data.matrix().rows() as u64))
        };
        let loss = data::Logistic::with_lambda(data, lambda.to_f64())
            .map_err(|why| BuildError::about("lambda", why.to_string()))?;
        let minimum = match p.text("minimum")? {
            "skip" => None,
            "solve" if loss.lambda() > 0.0 => Some(shared::slot(&source, loss.lambda())),
            "solve" => {
                let message = "'lambda' must be above 0 for a minimum to exist, or 'minimum' be \"skip\"";
                return Err(BuildError::about("lambda", message));
            }
            other => {
                return Err(BuildError::about("minimum", format!("'minimum' is '{other}'; it must be solve or skip")));
            }
        };
        let split = split::split(p, loss.data().labels())?;
        Ok(Logistic { loss, lambda, minimum, file, split, facts: OnceLock::new() })
    }

    /// f* and its point, solved for at the first call; `None` where unwanted or where the solver stalls.
    fn minimum(&self) -> Option<Arc<shared::Solved>> {
        shared::solved(self.minimum.as_ref()?, &self.loss, |minimum| self.enclosed().certify(minimum))
    }

    fn enclosed(&self) -> Enclosed<'_> {
        Enclosed { data: self.loss.data(), lambda: &self.lambda }
    }

    /// A constant of the data: a sum of terms that are not negative, with the rounding of the data and of the sum.
    fn constant(&self, near: f64) -> Real {
        let matrix = self.loss.data().matrix();
        // Half an ulp per entry; the error of at most the fourth power of an entry, a root of which is taken, counts.
        let entry = if matrix.rounding() == Rounding::Single { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let terms = 2.0 * (matrix.rows() + matrix.columns()) as f64 + 16.0;
        let error = near * (terms * f64::EPSILON + 4.0 * entry) + terms * f64::MIN_POSITIVE;
        match Interval::new((near - error).max(0.0), near + error) {
            Some(within) => Real::between(near, within),
            None => Real::Float(near),
        }
    }

    /// The worker's samples, where they are spread.
    fn shard(&self, worker: usize) -> Result<Option<&[usize]>, Fault> {
        let Some(shards) = self.split.as_ref().map(Split::shards) else { return Ok(None) };
        let shard = shards.get(worker).map(Vec::as_slice);
        shard.map(Some).ok_or_else(|| Fault::Unsupported(format!("worker {worker} of a split over {}", shards.len())))
    }

    /// `share` of the mean gradient of some samples' losses, and the whole regulariser, added to `out`.
    fn add_part(&self, samples: &[usize], share: f64, x: &[f64], out: &mut [f64]) {
        let share = if samples.is_empty() { 0.0 } else { share };
        self.loss.batch_gradient(samples, x, share, out);
        // The batch contributes the fraction `share` of the regulariser; the rest is added here.
        let rest = (1.0 - share) * self.loss.lambda();
        out.iter_mut().zip(x).for_each(|(out, x)| *out += rest * x);
    }

    /// M, 1 where the samples are not spread.
    fn workers(&self) -> usize {
        self.split.as_ref().map_or(1, |split| split.shards().len())
    }

    /// M n_m/n: the weight of the mean of the worker's losses in f_m.
    fn share(&self, size: usize) -> f64 {
        let workers = self.workers();
        (workers * size) as f64 / self.loss.samples() as f64
    }

    /// M k/n: the weight of a sum of losses in f_m, with `k` being 1 for all samples of the worker and their number for
    /// one.
    fn weight<S: Scalar>(&self, k: usize) -> S {
        let workers = self.workers();
        S::ratio((workers * k) as i64, self.loss.samples() as u64)
    }

    fn bounds(&self) -> Facts {
        let matrix = self.loss.data().matrix();
        let coordinate = self.loss.smoothness_by_coordinate();
        let cubes: f64 = (0..matrix.rows()).map(|i| matrix.row_l2_squared(i)).map(|q| q * q.sqrt()).sum();
        let lambda = self.loss.strong_convexity();
        let mut facts = Facts::new();
        for (name, value) in [
            ("L", self.loss.smoothness()),
            ("Linf", self.loss.smoothness_max_norm()),
            ("L1", coordinate.iter().sum()),
            ("Lmax", coordinate.iter().copied().fold(0.0, f64::max)),
            ("rho", cubes / matrix.rows() as f64 / (6.0 * 3f64.sqrt())),
        ] {
            facts.bound(name, self.constant(value));
        }
        if lambda > 0.0 {
            facts.bound("mu", self.lambda.clone()).bound("mu1", self.lambda.clone());
        }
        if let Some(solved) = self.minimum() {
            facts.set("fstar", solved.value(), Known::Estimated);
        }
        facts
    }
}

/// Whether an arithmetic encloses; one of exact numbers has no logarithms.
fn encloses<S: Scalar>() -> Result<bool, Fault> {
    if S::IS_EXACT { Err(Fault::NoExactForm("the logistic loss")) } else { Ok(S::LANES == 0) }
}

/// Runs `f` on every replicate's point, by itself; `out` gets what `f` writes.
fn each_replicate<S: Scalar>(x: &[S], out: &mut [S], mut f: impl FnMut(&[f64], &mut [f64])) -> Result<(), Fault> {
    let (mut point, mut result) = (vec![0.0; x.len()], vec![0.0; out.len()]);
    for lane in 0..S::LANES {
        for (p, x) in point.iter_mut().zip(x) {
            *p = x.lane(lane).unwrap_or(f64::NAN);
        }
        result.fill(0.0);
        f(&point, &mut result);
        for (out, r) in out.iter_mut().zip(&result) {
            out.set_lane(lane, *r);
        }
    }
    Ok(())
}

impl Problem for Logistic {
    fn dimension(&self) -> usize {
        self.loss.dimension()
    }

    fn work(&self) -> usize {
        // An exponential and a quotient per row in addition to the products, and each entry twice.
        2 * self.loss.data().matrix().stored() + 64 * self.loss.samples()
    }

    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        if encloses::<S>()? {
            return self.enclosed().value(x);
        }
        let mut out = [S::zero()];
        each_replicate(x, &mut out, |x, out| out[0] = self.loss.value(x))?;
        let [value] = out;
        Ok(value)
    }

    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        if encloses::<S>()? {
            let n = self.loss.samples();
            return self.enclosed().gradient(0..n, &S::ratio(1, n as u64), x, out);
        }
        each_replicate(x, out, |x, out| self.loss.gradient(x, out))
    }

    fn own_objectives(&self) -> Option<usize> {
        self.split.as_ref().map(|split| split.shards().len())
    }

    fn worker_gradient<S: Scalar>(&self, worker: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let Some(shard) = self.shard(worker)? else { return self.gradient(x, out) };
        if encloses::<S>()? {
            return self.enclosed().gradient(shard.iter().copied(), &self.weight(1), x, out);
        }
        each_replicate(x, out, |x, out| self.add_part(shard, self.share(shard.len()), x, out))
    }

    fn samples(&self) -> Option<usize> {
        Some(self.loss.samples())
    }

    /// A worker without samples returns its regulariser for any index.
    fn worker_samples(&self, worker: usize) -> Option<usize> {
        match self.shard(worker) {
            Ok(Some(shard)) => Some(shard.len().max(1)),
            _ => self.samples(),
        }
    }

    fn worker_sample_gradient<S: Scalar>(
        &self,
        worker: usize,
        index: usize,
        x: &[S],
        out: &mut [S],
    ) -> Result<(), Fault> {
        let Some(shard) = self.shard(worker)? else { return self.sample_gradient(index, x, out) };
        let sample = shard.get(index..=index).unwrap_or_default();
        if sample.is_empty() && !shard.is_empty() {
            return Err(Fault::Unsupported(format!("sample {index} of worker {worker}, who has {}", shard.len())));
        }
        if encloses::<S>()? {
            return self.enclosed().gradient(sample.iter().copied(), &self.weight(shard.len()), x, out);
        }
        each_replicate(x, out, |x, out| self.add_part(sample, self.share(shard.len()), x, out))
    }

    fn sample_gradient<S: Scalar>(&self, index: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        if index >= self.loss.samples() {
            return Err(Fault::Unsupported(format!("sample {index} of {}", self.loss.samples())));
        }
        if encloses::<S>()? {
            return self.enclosed().gradient(std::iter::once(index), &S::one(), x, out);
        }
        each_replicate(x, out, |x, out| self.loss.sample_gradient(index, x, 1.0, out))
    }

    fn facts(&self) -> Facts {
        self.facts.get_or_init(|| self.bounds()).clone()
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(self.loss.smoothness_by_coordinate().into_iter().map(|v| self.constant(v)).collect())
    }

    fn has(&self, property: Property) -> Option<bool> {
        matches!(property, Property::Convex | Property::Smooth | Property::StronglyConvex | Property::Unbiased)
            .then_some(true)
    }

    /// Every loss and the regulariser are 0 or more.
    fn floor(&self) -> Option<Real> {
        Some(Real::integer(0))
    }

    fn minimisers(&self) -> Option<Minimisers> {
        Some(Minimisers::point(self.minimum()?.point()))
    }

    fn data_files(&self) -> Vec<DataFile> {
        self.file.iter().cloned().collect()
    }

    fn split(&self) -> Option<(&Split, Vec<String>)> {
        self.split.as_ref().map(|split| (split, split::CLASSES.map(String::from).to_vec()))
    }

    fn prefers_narrow(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;
    use std::path::Path;

    fn from_file(file: &Path, more: &[(&'static str, ParamValue)]) -> Result<Logistic, BuildError> {
        let mut values: std::collections::BTreeMap<_, _> = more.iter().cloned().collect();
        values.insert("file", ParamValue::Text(file.display().to_string()));
        values.entry("storage").or_insert_with(|| ParamValue::Text("exact".into()));
        values.entry("minimum").or_insert_with(|| ParamValue::Text("solve".into()));
        Logistic::build(&Params { values, ..Params::default() })
    }

    #[test]
    fn a_file_is_read_once_and_shared() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("two.svm");
        std::fs::write(&file, "+1 1:1\n-1 1:1 2:2\n").unwrap();
        let first = from_file(&file, &[]).unwrap();
        let second = from_file(&file, &[]).unwrap();
        assert!(std::ptr::eq(first.loss.data(), second.loss.data()));
        assert!(Arc::ptr_eq(&first.minimum().unwrap(), &second.minimum().unwrap()));
        // exact: at 0 both losses are ln 2; rows (1, 0) and (1, 2) give L <= 5/4 + 1/2, L_inf <= 9/4 + 2/2
        assert!((first.loss.value(&[0.0, 0.0]) - std::f64::consts::LN_2).abs() < 1e-15);
        let facts = Problem::facts(&first);
        assert_eq!(facts.value("L"), Some(1.75));
        assert_eq!(facts.value("Linf"), Some(3.25));
        assert_eq!(facts.get("fstar").unwrap().known, Known::Estimated);
    }

    #[test]
    fn wrong_data_are_refused_with_what_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("one.svm");
        std::fs::write(&file, "+1 1:1\n").unwrap();
        let count = |n| ParamValue::Number(Real::integer(n));
        let refused = |more: &[_], word: &str| {
            let message = from_file(&file, more).err().map(|why| why.to_string()).unwrap_or_default();
            assert!(message.contains(word), "{message}");
        };
        refused(&[("samples", count(3))], "3 rows");
        refused(&[("lambda", count(0))], "above 0");
        refused(&[("lambda", count(-1)), ("minimum", ParamValue::Text("skip".into()))], "at least 0");
        assert!(from_file(Path::new("absent.svm"), &[]).is_err());
        let skipped = from_file(&file, &[("minimum", ParamValue::Text("skip".into()))]).unwrap();
        assert!(Problem::facts(&skipped).get("fstar").is_none() && skipped.minimum().is_none());
    }
}
