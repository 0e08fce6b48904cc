//! Objectives: value, (sub)gradient, and facts in closed form.

mod absolute_pair;
mod constants;
mod cosine;
mod flow;
mod huber;
mod line_losses;
mod linear;
mod log_cosh;
mod logistic;
mod max_affine;
mod max_type;
mod minimisers;
mod mlp;
mod pictured;
mod piecewise_quadratic;
mod pl_toy;
pub(crate) mod quadratic;
mod quadratic_matrix;
mod spectrum;
mod two_line_squares;
mod wilson;
mod worker_quadratics;
mod worker_squares;

pub use flow::Flow;
pub use minimisers::Minimisers;
pub use pictured::{CoordinateNoise, Gallery};

#[cfg(test)]
mod contract;

use super::facts::{Facts, Property};
use super::{ParamSpec, Real, RefutableProperty, Witness};
use crate::data::{DataFile, Split};
use crate::rng::Stream;
use crate::scalar::{Checked, Computable, Enclosure, Fault, Narrow, Polynomial, Rational, Scalar, Surd, Wide};
use crate::stats::Interval;
use flow::walk_towards;
use std::ops::Range;

/// A statistic that only one problem knows (a test loss, a distance to a span).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnStatistic {
    /// Name in left sides and figures.
    pub name: &'static str,
    /// Meaning.
    pub doc: &'static str,
    /// The numbers that it lies between wherever it has a value, where there are such.
    pub range: Option<[i64; 2]>,
}

/// An objective. Write the numeric methods once, over any [`Scalar`], and mark them `#[inline(always)]`.
///
/// Vectors have length [`Problem::dimension`]. A part without an exact form (a logarithm, data in single
/// precision) answers an exact run with a [`Fault`] through the scalar's own methods.
pub trait Problem: Send + Sync + 'static {
    /// Number of coordinates.
    fn dimension(&self) -> usize;

    /// How the coordinates are grouped, for methods that treat each layer by itself: consecutive ranges that cover
    /// 0..d. One block of all coordinates where the problem has no layers.
    fn blocks(&self) -> Vec<Range<usize>> {
        std::iter::once(0..self.dimension()).collect()
    }

    /// f(x).
    ///
    /// # Errors
    /// Where the arithmetic has no such value.
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault>
    where
        Self: Sized;

    /// A (sub)gradient of f at x, written to `out`.
    ///
    /// # Errors
    /// As [`Problem::value`].
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault>
    where
        Self: Sized;

    /// Number of workers with objectives of their own, or `None` where all share f.
    fn own_objectives(&self) -> Option<usize> {
        None
    }

    /// Gradient of worker `worker`'s objective; f's own where they share it.
    ///
    /// # Errors
    /// As [`Problem::value`].
    #[inline(always)]
    fn worker_gradient<S: Scalar>(&self, _worker: usize, x: &[S], out: &mut [S]) -> Result<(), Fault>
    where
        Self: Sized,
    {
        self.gradient(x, out)
    }

    /// Number of samples where f is a finite sum that can be sampled.
    fn samples(&self) -> Option<usize> {
        None
    }

    /// Gradient of sample `index`'s function, unbiased for grad f up to the factor documented by the problem.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] where f is no finite sum.
    fn sample_gradient<S: Scalar>(&self, _index: usize, _x: &[S], _out: &mut [S]) -> Result<(), Fault>
    where
        Self: Sized,
    {
        Err(Fault::Unsupported("this problem is no finite sum: remove `sampling = \"minibatch\"`".into()))
    }

    /// Number of samples that worker `worker` draws from: all of them, unless they are spread over workers.
    fn worker_samples(&self, _worker: usize) -> Option<usize> {
        self.samples()
    }

    /// Gradient of the worker's sample number `index`, unbiased for [`Problem::worker_gradient`] as
    /// [`Problem::sample_gradient`] is for the gradient.
    ///
    /// # Errors
    /// As there.
    fn worker_sample_gradient<S: Scalar>(
        &self,
        _worker: usize,
        index: usize,
        x: &[S],
        out: &mut [S],
    ) -> Result<(), Fault>
    where
        Self: Sized,
    {
        self.sample_gradient(index, x, out)
    }

    /// The mean gradient of a batch of the worker's samples, an index standing as often as it was drawn.
    ///
    /// # Errors
    /// As [`Problem::sample_gradient`].
    fn worker_batch_gradient<S: Scalar>(
        &self,
        worker: usize,
        indices: &[usize],
        x: &[S],
        out: &mut [S],
    ) -> Result<(), Fault>
    where
        Self: Sized,
    {
        let mut one = vec![S::zero(); x.len()];
        out.fill(S::zero());
        for index in indices {
            self.worker_sample_gradient(worker, *index, x, &mut one)?;
            for (sum, g) in out.iter_mut().zip(&one) {
                *sum += g;
            }
        }
        let weight = S::ratio(1, indices.len() as u64);
        out.iter_mut().for_each(|sum| *sum *= &weight);
        Ok(())
    }

    /// The point that a flow from x reaches after `time` >= 0, where there is a closed form.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] where there is none; [`Fault::NoExactForm`] where it is irrational.
    #[inline(always)]
    fn flow<S: Scalar>(&self, kind: Flow, _x: &[S], _time: &S, _out: &mut [S]) -> Result<(), Fault>
    where
        Self: Sized,
    {
        Err(kind.refused())
    }

    /// Projects x onto the feasible set; does nothing without one.
    #[inline(always)]
    fn project<S: Scalar>(&self, _x: &mut [S])
    where
        Self: Sized,
    {
    }

    /// Half-widths of the box |x_i| <= b_i that f is considered on, one per coordinate; `None` for all of R^d.
    fn half_widths(&self) -> Option<&[Real]> {
        None
    }

    /// Constants that do not depend on the start.
    fn facts(&self) -> Facts;

    /// The coordinate-wise smoothness constants L_i, in `[f]/[x]^2`, where they are known:
    /// |f(y) - f(x) - g(x)'(y - x)| <= sum L_i (y_i - x_i)^2 / 2. The facts `L1` and `Lmax` are their sum and largest.
    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        None
    }

    /// Whether the objective has a property; `None` where that is not known.
    fn has(&self, property: Property) -> Option<bool>;

    /// A number that no value of f is below, where f* is not known.
    fn floor(&self) -> Option<Real> {
        None
    }

    /// Points at which the objective shows that it does not have a property; they are evaluated before they are
    /// believed.
    fn refutation(&self, _property: RefutableProperty) -> Option<Witness> {
        None
    }

    /// All minimisers (over the walls, where there are some); `None` where they are not known.
    fn minimisers(&self) -> Option<Minimisers> {
        None
    }

    /// x less the minimiser nearest to it in l2, where [`Problem::minimisers`] answers [`Minimisers::Own`].
    ///
    /// # Errors
    /// [`Fault::Unsupported`] elsewhere.
    fn away_from_minimisers<S: Scalar>(&self, _x: &[S], _out: &mut [S]) -> Result<(), Fault>
    where
        Self: Sized,
    {
        Err(Fault::Unsupported("the minimisers of this problem are not known".into()))
    }

    /// The start that the paper uses, where it names one.
    fn default_start(&self) -> Option<Vec<Real>> {
        None
    }

    /// Whether the start that the paper uses is drawn anew in each replicate.
    fn draws_start(&self) -> bool {
        false
    }

    /// Draws a start, where [`Problem::draws_start`] says so.
    fn draw_start(&self, _stream: &mut Stream<1>) -> Vec<f64> {
        Vec::new()
    }

    /// Statistics of its own.
    fn own_statistics(&self) -> &'static [OwnStatistic] {
        &[]
    }

    /// Value of own statistic number `index` at x.
    ///
    /// # Errors
    /// As [`Problem::value`].
    fn own_statistic<S: Scalar>(&self, _index: usize, _x: &[S]) -> Result<S, Fault>
    where
        Self: Sized,
    {
        Err(Fault::Unsupported("this problem has no statistics of its own".into()))
    }

    /// Whether it can draw the noise of its stochastic gradients: [`Problem::noise_draws`].
    fn draws_noise(&self) -> bool {
        false
    }

    /// Draws of the noise at x in at most `most` coordinates, the same ones for the same x.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] where [`Problem::draws_noise`] says no.
    fn noise_draws(&self, _x: &[f64], _most: usize) -> Result<Vec<CoordinateNoise>, Fault> {
        Err(Fault::Unsupported("this problem draws no noise of its own; mlp does".into()))
    }

    /// The first images of each class, at most `per_class`; `None` where the data are no images.
    fn gallery(&self, _per_class: usize) -> Option<Gallery> {
        None
    }

    /// The files that it rests on, those that are part of the program included.
    fn data_files(&self) -> Vec<DataFile> {
        Vec::new()
    }

    /// How its samples are spread over workers, with the names of the classes, where they are spread.
    fn split(&self) -> Option<(&Split, Vec<String>)> {
        None
    }

    /// Whether its values are what a computation in floating point gives, as those of a network in single precision are.
    /// No formula stands behind them: a sign is that of the number that was computed.
    fn is_a_computation(&self) -> bool {
        false
    }

    /// Whether replicates should run one at a time: the data are far larger than the iterate, so that nothing is shared
    /// between lanes.
    fn prefers_narrow(&self) -> bool {
        false
    }

    /// Products of two numbers that a gradient takes, where they are many more than the coordinates.
    fn work(&self) -> usize {
        0
    }
}

/// A problem in one arithmetic: the object-safe face of [`Problem`], written once below.
pub trait Evaluates<S> {
    /// See [`Problem::value`].
    ///
    /// # Errors
    /// As there.
    fn value_at(&self, x: &[S]) -> Result<S, Fault>;
    /// See [`Problem::gradient`].
    ///
    /// # Errors
    /// As there.
    fn gradient_at(&self, x: &[S], out: &mut [S]) -> Result<(), Fault>;
    /// See [`Problem::worker_gradient`].
    ///
    /// # Errors
    /// As there.
    fn worker_gradient_at(&self, worker: usize, x: &[S], out: &mut [S]) -> Result<(), Fault>;
    /// See [`Problem::sample_gradient`].
    ///
    /// # Errors
    /// As there.
    fn sample_gradient_at(&self, index: usize, x: &[S], out: &mut [S]) -> Result<(), Fault>;
    /// See [`Problem::worker_sample_gradient`].
    ///
    /// # Errors
    /// As there.
    fn worker_sample_gradient_at(&self, worker: usize, index: usize, x: &[S], out: &mut [S]) -> Result<(), Fault>;
    /// See [`Problem::worker_batch_gradient`].
    ///
    /// # Errors
    /// As there.
    fn worker_batch_gradient_at(&self, worker: usize, indices: &[usize], x: &[S], out: &mut [S]) -> Result<(), Fault>;
    /// See [`Problem::flow`].
    ///
    /// # Errors
    /// As there.
    fn flow_from(&self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault>;
    /// See [`Problem::project`].
    fn project_onto(&self, x: &mut [S]);
    /// See [`Problem::away_from_minimisers`].
    ///
    /// # Errors
    /// As there.
    fn own_way_at(&self, x: &[S], out: &mut [S]) -> Result<(), Fault>;
    /// See [`Problem::own_statistic`].
    ///
    /// # Errors
    /// As there.
    fn own_statistic_at(&self, index: usize, x: &[S]) -> Result<S, Fault>;
}

impl<P: Problem, S: Scalar> Evaluates<S> for P {
    fn value_at(&self, x: &[S]) -> Result<S, Fault> {
        S::dispatch(
            #[inline(always)]
            || self.value(x),
        )
    }
    fn gradient_at(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        S::dispatch(
            #[inline(always)]
            || self.gradient(x, out),
        )
    }
    fn worker_gradient_at(&self, worker: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        S::dispatch(
            #[inline(always)]
            || self.worker_gradient(worker, x, out),
        )
    }
    fn sample_gradient_at(&self, index: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        self.sample_gradient(index, x, out)
    }
    fn worker_sample_gradient_at(&self, worker: usize, index: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        self.worker_sample_gradient(worker, index, x, out)
    }
    fn worker_batch_gradient_at(&self, worker: usize, indices: &[usize], x: &[S], out: &mut [S]) -> Result<(), Fault> {
        self.worker_batch_gradient(worker, indices, x, out)
    }
    fn flow_from(&self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        self.flow(kind, x, time, out)
    }
    fn project_onto(&self, x: &mut [S]) {
        S::dispatch(
            #[inline(always)]
            || self.project(x),
        );
    }
    fn own_way_at(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        self.away_from_minimisers(x, out)
    }
    fn own_statistic_at(&self, index: usize, x: &[S]) -> Result<S, Fault> {
        self.own_statistic(index, x)
    }
}

/// A problem in every arithmetic: what the registry builds.
pub trait DynProblem:
    Evaluates<Narrow>
    + Evaluates<Wide>
    + Evaluates<Checked>
    + Evaluates<Rational>
    + Evaluates<Surd>
    + Evaluates<Computable>
    + Evaluates<Enclosure>
    + Evaluates<Interval>
    + Evaluates<Polynomial>
    + Problem
    + Send
    + Sync
{
}
impl<P: Problem> DynProblem for P {}

/// A problem of the registry.
pub struct ProblemEntry {
    /// Name in claim files.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Its parameters, besides `start`, which every problem takes.
    pub params: &'static [ParamSpec],
    /// Statistics that only this problem has: what [`Problem::own_statistics`] of its instances returns.
    pub statistics: &'static [OwnStatistic],
    /// Its size.
    pub footprint: Footprint,
    /// Builds it.
    pub build: fn(&super::Params) -> Result<Box<dyn DynProblem>, super::BuildError>,
}

/// A problem's settings, as far as they are known before it is built.
pub struct Given<'a> {
    /// The numbers that a setting holds.
    pub numbers: &'a dyn Fn(&str) -> Vec<u64>,
    /// The word or text that it is; empty where it is none.
    pub text: &'a dyn Fn(&str) -> String,
}

impl Given<'_> {
    /// The first number of a setting.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        (self.numbers)(name).first().copied()
    }
}

/// What is known of a problem's size before it is built.
pub struct Footprint {
    /// Bytes of its own data beyond a few numbers per coordinate, for d coordinates and n samples.
    pub bytes: fn(given: &Given<'_>, d: u64, n: u64) -> u64,
    /// The dimension that other settings than `dimension` imply.
    pub dimension: fn(given: &Given<'_>) -> Option<u64>,
    /// Whether replicates run one at a time, the data being far larger than the iterate.
    pub runs_alone: bool,
}

impl Footprint {
    /// A few numbers per coordinate.
    pub const SMALL: Footprint = Footprint { bytes: |_, _, _| 0, dimension: |_| None, runs_alone: false };
}

/// The problems that come with signcheck.
pub static ALL: &[&ProblemEntry] = &[
    &quadratic::ENTRY,
    &quadratic_matrix::ENTRY,
    &linear::ENTRY,
    &cosine::ENTRY,
    &huber::ENTRY,
    &log_cosh::ENTRY,
    &absolute_pair::ENTRY,
    &two_line_squares::ENTRY,
    &line_losses::ENTRY,
    &max_affine::ENTRY,
    &piecewise_quadratic::ENTRY,
    &pl_toy::ENTRY,
    &worker_squares::ENTRY,
    &worker_quadratics::ENTRY,
    &wilson::ENTRY,
    &logistic::ENTRY,
    &mlp::ENTRY,
    &max_type::ENTRY,
];
