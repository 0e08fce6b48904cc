//! Fully connected networks on images of ten or a hundred classes.
//!
//! f(x) = (1/n) sum_i ln(sum_k exp z_k(a_i)) - z_{b_i}(a_i) + (decay/2) |x|_2^2: the mean cross-entropy of the softmax of
//! the last layer's outputs z, ReLU between the layers; [`crate::data::network`] has the layout of x and the order of
//! every sum.
//!
//! **Data** The first `samples` training images and the first `tests` test images. Up to 4 000 and 1 000 digits of MNIST
//! are part of the program; more are read from `folder`, which is looked for in the folder for data (`--data DIR`). Other
//! images, `idx` in the format of MNIST among them, are read from there whatever their number.
//!
//! With `split` the training images are spread over M workers. Worker m's f_m is the mean over its own images, as
//! practitioners have it: the mean of the f_m is f where all have equally many. A worker without images has the
//! regulariser alone.
//!
//! **Source** sun2023, section 4.2 (784-64-64-10); chen2020, supplement I.2 (784-128-10).
//! **Shapes and units** no units: x, f and its derivatives are pure numbers.
//! **Ties and edge cases** No rational values and no enclosures: a run is one of doubles, in which the network sees the
//! nearest single-precision numbers where `storage` is `f32`. At the kink of a ReLU the derivative is 0. Every lane runs
//! by itself.

mod memo;
mod noise;
mod shared;

use super::{CoordinateNoise, Footprint, Gallery, Given, OwnStatistic, Problem, ProblemEntry};
use crate::data::network::{Network, Samples, Scaling, StartLaw};
use crate::data::{DataError, DataFile, ImageSet, Images, Split};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Params, Property, Real};
use crate::rng::Stream;
use crate::scalar::{Fault, Rational, Scalar};
use memo::Memo;
use noise::NoiseLaw;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A network with its images.
pub(super) struct Mlp {
    images: Arc<ImageSet>,
    network: Network,
    start: StartLaw,
    /// Training images that count, and test images.
    sizes: [usize; 2],
    /// The training images of each worker, where they are spread.
    split: Option<Split>,
    noise: NoiseLaw,
    engine: Engine,
}

/// The precision of parameters and gradients, with what was computed last.
enum Engine {
    Single(Memo<f32>),
    Double(Memo<f64>),
}

const fn optional(name: &'static str, kind: Kind, limits: Limits, doc: &'static str) -> ParamSpec {
    ParamSpec { name, kind, default: Some(""), limits, doc }
}

const fn count(name: &'static str, default: &'static str, doc: &'static str) -> ParamSpec {
    ParamSpec { name, kind: Kind::Count, default: Some(default), limits: Limits::ONE_UP, doc }
}

const fn word(
    name: &'static str,
    words: &'static [&'static str],
    default: &'static str,
    doc: &'static str,
) -> ParamSpec {
    ParamSpec { name, kind: Kind::Word(words), default: Some(default), limits: Limits::ANY, doc }
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "mlp",
    summary: "mean cross-entropy of a fully connected ReLU network on images (MNIST digits are part of the program)",
    params: &[
        ParamSpec {
            name: "hidden",
            kind: Kind::Vector,
            default: None,
            limits: Limits::ONE_UP,
            doc: "units of each hidden layer",
        },
        ParamSpec {
            name: "samples",
            kind: Kind::Count,
            default: Some("4000"),
            limits: Limits::ONE_UP,
            doc: "n: the first n training images; more than 4000 are read from `folder`",
        },
        ParamSpec {
            name: "tests",
            kind: Kind::Count,
            default: Some("1000"),
            limits: Limits::ONE_UP,
            doc: "the first test images; more than 1000 are read from `folder`",
        },
        word(
            "images",
            &["mnist", "idx", "cifar-10", "cifar-100"],
            "mnist",
            "what is in the images; idx: other images of ten classes under the names of MNIST's files",
        ),
        ParamSpec {
            name: "folder",
            kind: Kind::Text,
            default: Some("."),
            limits: Limits::ANY,
            doc: "folder of the files under their standard names, within the folder for data",
        },
        word(
            "pixels",
            &["unit", "standard"],
            "unit",
            "v/255, or that less its mean over its deviation (training images)",
        ),
        word(
            "init",
            &["uniform-fan-in", "xavier", "truncated-normal", "zero"],
            "uniform-fan-in",
            "law of the start where `start` gives none: U(-b, b) with b = 1/sqrt(fan-in); Glorot's; normal with deviation 1/sqrt(fan-in), cut at two; 0",
        ),
        ParamSpec {
            name: "decay",
            kind: Kind::Number,
            default: Some("0"),
            limits: Limits::NON_NEGATIVE,
            doc: "weight of |x|_2^2/2",
        },
        word("storage", &["f32", "f64"], "f32", "precision of parameters and gradients in the network"),
        word(
            "split",
            &["none", "iid", "dirichlet", "dirichlet-by-worker", "by-class"],
            "none",
            "how training images are spread over workers: not at all; evenly at random; each class by a Dirichlet law over workers; each worker by one over classes; in shards of one class",
        ),
        optional("workers", Kind::Count, Limits::ONE_UP, "M, parts of a split"),
        ParamSpec {
            name: "concentration",
            kind: Kind::Number,
            default: Some("1"),
            limits: Limits::POSITIVE,
            doc: "Dirichlet splits: the law's parameter; large is even",
        },
        ParamSpec {
            name: "classes_per_worker",
            kind: Kind::Count,
            default: Some("2"),
            limits: Limits::ONE_UP,
            doc: "split by class: shards of a worker",
        },
        ParamSpec {
            name: "split_seed",
            kind: Kind::Count,
            default: Some("1"),
            limits: Limits::ANY,
            doc: "seed of the split",
        },
        count("noise_batch", "128", "images in a minibatch whose noise is looked at"),
        count("noise_draws", "1000", "minibatches drawn to look at their noise"),
        count(
            "noise_coordinates",
            "20",
            "parameters whose noise is looked at, chosen at random among those that images move",
        ),
        ParamSpec {
            name: "noise_seed",
            kind: Kind::Count,
            default: Some("1"),
            limits: Limits::ANY,
            doc: "seed of these minibatches and parameters, with the iterate",
        },
    ],
    statistics: STATISTICS,
    footprint: Footprint {
        bytes,
        dimension: |given| {
            let [pixels, classes] = shared::sizes(&(given.text)("images"));
            let widths: Vec<u64> = [pixels].into_iter().chain((given.numbers)("hidden")).chain([classes]).collect();
            let layer = |pair: &[u64]| pair[0].saturating_add(1).saturating_mul(pair[1]);
            Some(widths.windows(2).map(layer).fold(0, u64::saturating_add))
        },
        runs_alone: true,
    },
    build: |p| Ok(Box::new(Mlp::build(p)?)),
};

/// Bytes of the images, which are unpacked and then copied; of their places in a split; and of the pass over the
/// training images that holds the most, that for `noise_l1`: each thread may be in one, which holds a mean and a sum of
/// squares per coordinate for each of its chunks.
fn bytes(given: &Given<'_>, d: u64, n: u64) -> u64 {
    let what = (given.text)("images");
    let [pixels, _] = shared::sizes(&what);
    let wanted = [n, given.number("tests").unwrap_or(0)];
    let images = shared::images_in_all(&what, wanted).saturating_mul(2 * (pixels + 1));
    let places = if (given.text)("split") == "none" { 0 } else { n.saturating_mul(8) };
    let threads = rayon::current_num_threads() as u64;
    let passes = threads.saturating_mul(Network::chunks_held(n)).saturating_mul(d).saturating_mul(16);
    images.saturating_add(places).saturating_add(passes)
}

const fn own(name: &'static str, doc: &'static str, range: Option<[i64; 2]>) -> OwnStatistic {
    OwnStatistic { name, doc, range }
}

/// In the order in which `memo.rs` answers.
const STATISTICS: &[OwnStatistic] = &[
    own("train_accuracy", "share of training images whose label has the largest output", Some([0, 1])),
    own("test_accuracy", "the same of test images", Some([0, 1])),
    own("test_loss", "mean cross-entropy of the test images", None),
    own(
        "noise_density",
        "|v|_1^2/(d |v|_2^2) of v = sigma, sigma_j the deviation of one image's gradient in coordinate j",
        Some([0, 1]),
    ),
    own("noise_l1", "|sigma|_1", None),
    own("noise_l2", "|sigma|_2", None),
    own(
        "noise_asymmetry",
        "mean over `noise_coordinates` parameters of the largest distance between the empirical law of a minibatch's noise and its mirror image",
        Some([0, 1]),
    ),
    own(
        "noise_dip",
        "mean of Hartigan's dip of these noises: the distance from the nearest law with one hump",
        Some([0, 1]),
    ),
    own(
        "noise_asymmetric",
        "share of these parameters whose noise is not symmetric, by Butler's test at 1 %",
        Some([0, 1]),
    ),
    own("noise_multimodal", "share of those whose noise has not one hump, by the dip test at 1 %", Some([0, 1])),
    own("noise_skewness", "mean of the absolute third standardised moment of these noises", None),
    own("noise_dead", "share of the parameters tried that no image moves", Some([0, 1])),
];

impl Mlp {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let about = |key: &'static str| move |why: DataError| BuildError::about(key, why.to_string());
        let sizes = [p.count("samples")?, p.count("tests")?];
        let images = shared::images(p.text("images")?, p.text("folder")?, sizes)?;
        let pixels = &images.train.pixels()[..sizes[0] * images.train.image_size()];
        let scaling = if p.text("pixels")? == "standard" { shared::standard(pixels) } else { Scaling::Unit };
        let mut widths = vec![images.train.image_size()];
        for width in p.list("hidden")? {
            let whole = width.exact().and_then(Rational::to_i64).and_then(|n| usize::try_from(n).ok());
            widths.push(whole.filter(|n| *n > 0).ok_or_else(|| {
                BuildError::about("hidden", format!("'hidden' holds {width}; it takes whole numbers, 1 or more"))
            })?);
        }
        widths.push(images.train.classes());
        let network = Network::new(&widths, scaling, p.number("decay")?.to_f64()).map_err(about("hidden"))?;
        let start = match p.text("init")? {
            "xavier" => StartLaw::Xavier,
            "truncated-normal" => StartLaw::TruncatedNormal,
            "zero" => StartLaw::Zero,
            _ => StartLaw::UniformFanIn,
        };
        let split = shared::split(p, &images.train.labels()[..sizes[0]], images.train.classes())?;
        let engine = match p.text("storage")? {
            "f64" => Engine::Double(Memo::new()),
            _ => Engine::Single(Memo::new()),
        };
        let noise = NoiseLaw {
            batch: p.count("noise_batch")?,
            draws: p.count("noise_draws")?,
            coordinates: p.count("noise_coordinates")?,
            seed: p.count("noise_seed")? as u64,
            uniform: OnceLock::new(),
        };
        Ok(Mlp { images, network, start, sizes, split, noise, engine })
    }
}

impl Mlp {
    fn train(&self) -> Samples<'_> {
        self.part(&self.images.train, self.sizes[0])
    }

    fn test(&self) -> Samples<'_> {
        self.part(&self.images.test, self.sizes[1])
    }

    fn part<'a>(&'a self, images: &'a Images, n: usize) -> Samples<'a> {
        let (pixels, labels) = (&images.pixels()[..n * images.image_size()], &images.labels()[..n]);
        self.network.samples(pixels, labels).expect("checked when it was built")
    }

    /// The training images of a worker; all of them where they are not spread.
    fn shard(&self, worker: usize) -> Result<Option<&[usize]>, Fault> {
        let Some(split) = &self.split else { return Ok(None) };
        let shard = split.shards().get(worker).map(Vec::as_slice);
        let missing = || Fault::Unsupported(format!("worker {worker} of a split over {}", split.shards().len()));
        shard.map(Some).ok_or_else(missing)
    }

    /// Runs `ask` in the precision of the network.
    fn each<S: Scalar>(&self, x: &[S], out: &mut [S], question: &Question) -> Result<(), Fault> {
        if S::IS_EXACT || S::LANES == 0 {
            return Err(Fault::NoExactForm("the loss of a network"));
        }
        let (mut point, mut result) = (vec![0.0; x.len()], vec![0.0; out.len()]);
        for lane in 0..S::LANES {
            for (p, x) in point.iter_mut().zip(x) {
                *p = x.lane(lane).unwrap_or(f64::NAN);
            }
            match &self.engine {
                Engine::Single(memo) => memo.answer(self, &point, question, &mut result),
                Engine::Double(memo) => memo.answer(self, &point, question, &mut result),
            }
            .map_err(|why| Fault::Unsupported(why.to_string()))?;
            for (out, r) in out.iter_mut().zip(&result) {
                out.set_lane(lane, *r);
            }
        }
        Ok(())
    }
}

impl Mlp {
    /// The mean gradient of these training images, lane by lane.
    fn batch<S: Scalar>(&self, x: &[S], out: &mut [S], images: &[usize]) -> Result<(), Fault> {
        if S::IS_EXACT || S::LANES == 0 {
            return Err(Fault::NoExactForm("the loss of a network"));
        }
        for lane in 0..S::LANES {
            match &self.engine {
                Engine::Single(memo) => memo.batch(self, (x, lane), images, out),
                Engine::Double(memo) => memo.batch(self, (x, lane), images, out),
            }
            .map_err(|why| Fault::Unsupported(why.to_string()))?;
        }
        Ok(())
    }
}

/// What is asked of a network at a point.
enum Question {
    /// f.
    Value,
    /// grad f.
    Gradient,
    /// An own statistic.
    Own(usize),
}

impl Problem for Mlp {
    fn dimension(&self) -> usize {
        self.network.dimension()
    }

    /// One block for each weight matrix and each bias vector.
    fn blocks(&self) -> Vec<Range<usize>> {
        self.network.layers().iter().flat_map(|layer| [layer.weights.clone(), layer.biases.clone()]).collect()
    }

    fn work(&self) -> usize {
        3 * self.network.dimension() * self.sizes[0]
    }

    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut out = [S::zero()];
        self.each(x, &mut out, &Question::Value)?;
        let [value] = out;
        Ok(value)
    }

    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        self.each(x, out, &Question::Gradient)
    }

    fn own_objectives(&self) -> Option<usize> {
        self.split.as_ref().map(|split| split.shards().len())
    }

    fn worker_gradient<S: Scalar>(&self, worker: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        match self.shard(worker)? {
            None => self.gradient(x, out),
            Some(shard) => self.batch(x, out, shard),
        }
    }

    fn samples(&self) -> Option<usize> {
        Some(self.sizes[0])
    }

    /// A worker without images returns its regulariser for any index.
    fn worker_samples(&self, worker: usize) -> Option<usize> {
        match self.shard(worker) {
            Ok(Some(shard)) => Some(shard.len().max(1)),
            _ => self.samples(),
        }
    }

    fn sample_gradient<S: Scalar>(&self, index: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        self.batch(x, out, &[index])
    }

    fn worker_sample_gradient<S: Scalar>(
        &self,
        worker: usize,
        index: usize,
        x: &[S],
        out: &mut [S],
    ) -> Result<(), Fault> {
        self.worker_batch_gradient(worker, &[index], x, out)
    }

    fn worker_batch_gradient<S: Scalar>(
        &self,
        worker: usize,
        indices: &[usize],
        x: &[S],
        out: &mut [S],
    ) -> Result<(), Fault> {
        let Some(shard) = self.shard(worker)? else { return self.batch(x, out, indices) };
        let place = |index: &usize| shard.get(*index).copied();
        let images: Vec<usize> = indices.iter().filter_map(place).collect();
        if images.len() < indices.len() && !shard.is_empty() {
            return Err(Fault::Unsupported(format!("a sample of worker {worker} beyond its {}", shard.len())));
        }
        self.batch(x, out, &images)
    }

    fn facts(&self) -> Facts {
        Facts::new()
    }

    /// The mean of one image's gradient is that of f; a worker's own images have another one.
    fn has(&self, property: Property) -> Option<bool> {
        (property == Property::Unbiased && self.split.is_none()).then_some(true)
    }

    /// Every loss and the regulariser are 0 or more.
    fn floor(&self) -> Option<Real> {
        Some(Real::integer(0))
    }

    fn draws_start(&self) -> bool {
        true
    }

    fn draw_start(&self, stream: &mut Stream<1>) -> Vec<f64> {
        match &self.engine {
            Engine::Single(_) => self.network.start::<f32>(self.start, stream).into_iter().map(f64::from).collect(),
            Engine::Double(_) => self.network.start::<f64>(self.start, stream),
        }
    }

    fn own_statistics(&self) -> &'static [OwnStatistic] {
        STATISTICS
    }

    fn own_statistic<S: Scalar>(&self, index: usize, x: &[S]) -> Result<S, Fault> {
        let mut out = [S::zero()];
        self.each(x, &mut out, &Question::Own(index))?;
        let [value] = out;
        Ok(value)
    }

    fn draws_noise(&self) -> bool {
        true
    }

    fn noise_draws(&self, x: &[f64], most: usize) -> Result<Vec<CoordinateNoise>, Fault> {
        let draws = match &self.engine {
            Engine::Single(memo) => memo.draws(self, x),
            Engine::Double(memo) => memo.draws(self, x),
        };
        let mut chosen = draws.map_err(|why| Fault::Unsupported(why.to_string()))?.chosen;
        chosen.truncate(most);
        Ok(chosen.into_iter().map(|(coordinate, deviations)| CoordinateNoise { coordinate, deviations }).collect())
    }

    fn gallery(&self, per_class: usize) -> Option<Gallery> {
        Some(shared::gallery(&self.images.train, self.sizes[0], per_class))
    }

    fn data_files(&self) -> Vec<DataFile> {
        self.images.train.data_files().chain(self.images.test.data_files()).collect()
    }

    fn split(&self) -> Option<(&Split, Vec<String>)> {
        let split = self.split.as_ref()?;
        Some((split, (0..self.images.train.classes()).map(|class| class.to_string()).collect()))
    }

    fn prefers_narrow(&self) -> bool {
        true
    }

    fn is_a_computation(&self) -> bool {
        true
    }
}
