//! Replicates that notice where rounding leaves a sign or a choice undecided.
//!
//! In exact arithmetic 3/10 - 1/10 - 1/10 - 1/10 is 0, and the sign of 0 is 0; in doubles it is -2.8e-17, and its sign
//! moves an iterate by a whole step. A run in [`Checked`] lanes computes the same doubles as one in plain lanes, and
//! bounds for each of them the error that rounding can have caused. A replicate that took a sign, an order or a choice
//! of numbers within their errors is counted. Its value may be that of another path, and verdicts treat it as unknown.

use super::RunError;
use super::block::{Door, Record, STEPS_UNASKED, Workspace, note_divergence, simulate};
use super::measure::{Plan, Recorder};
use super::oracle::{Keys, Sampled, Streams, Traffic, note_rarest, watched, without_noise};
use super::point::Point;
use super::progress::Progress;
use super::range::radius;
use crate::claim::{Instance, StartPoint};
use crate::model::noise::DrawRounding;
use crate::model::problem::Flow;
use crate::model::{DynNoise, Evaluating, Perturbs, Property, Query, Ties};
use crate::rng::Stream;
use crate::scalar::{Checked, Fault, Lane, Met, Scalar, WIDTH, Wide};

/// Most samples of a finite sum whose gradients are computed for every lane.
const MOST_SAMPLES: usize = 64;
/// Standard deviation of the noise, as a fraction of the gradient's size, above which its density makes ties
/// improbable.
const SMOOTHING: f64 = 1e-6;

/// Whether replicates have to look for ties: wherever a sign or a choice may be taken of a number that has no density.
///
/// Suppose that the noise has a density in every coordinate of every gradient, not too narrow beside it. A number is
/// then within its rounding error e of a switch with probability 2 e p, where p is its largest density. With e = 1e-16
/// and a standard deviation of a millionth of the gradient that is some 1e-10 per sign, a bias far below any sampling
/// error. An objective with kinks takes signs of iterates, which lie on a lattice whatever the noise. Samples of large
/// data sets are drawn in plain lanes: their gradients have no lattice. Where the objective is itself a computation in
/// floating point, the numbers that it gives are the numbers meant.
#[must_use]
pub(super) fn must_look_for_ties(instance: &Instance) -> bool {
    if instance.is_deterministic() || instance.problem.is_a_computation() {
        return false;
    }
    if instance.minibatch {
        let most = (0..instance.workers).filter_map(|w| instance.problem.worker_samples(w)).max().unwrap_or(1);
        return most <= MOST_SAMPLES;
    }
    let smooth = instance.problem.has(Property::Smooth) == Some(true);
    !(smooth && instance.noise.as_ref().is_some_and(|noise| is_wide(instance, &**noise)))
}

fn is_wide(instance: &Instance, noise: &dyn DynNoise) -> bool {
    use crate::model::noise::DrawMoments;
    let Some(DrawMoments::Independent(variances)) = noise.draw_moments() else { return false };
    if noise.has(Property::Continuous) != Some(true) {
        return false;
    }
    let least = variances.iter().map(|v| v.to_f64()).fold(f64::INFINITY, f64::min).sqrt();
    let fact = |name: &str| instance.facts.value(name);
    let start = fact("grad0_l2").unwrap_or(f64::INFINITY);
    let reach =
        radius(instance).map_or(0.0, |r| r * fact("L").unwrap_or(0.0) * (instance.problem.dimension() as f64).sqrt());
    least >= SMOOTHING * (start + reach)
}

/// The oracle of a block of such replicates.
struct CheckedOracle<'a> {
    instance: &'a Instance,
    streams: Streams<WIDTH>,
    batch: u64,
    traffic: Traffic,
    nodes: [u64; WIDTH],
    rarest: Option<[f64; WIDTH]>,
    /// What doubles make of the oracle's noise, for a batch.
    rounding: Option<(u64, DrawRounding)>,
}

impl CheckedOracle<'_> {
    fn sampled_gradient(&mut self, worker: usize, x: &[Checked], out: &mut [Checked]) -> Result<(), Fault> {
        let problem = Checked::problem(&*self.instance.problem);
        let n = self.instance.problem.worker_samples(worker).unwrap_or(1);
        let mut gradients = Vec::with_capacity(n);
        for sample in 0..n {
            let mut one = vec![Checked::zero(); x.len()];
            problem.worker_sample_gradient_at(worker, sample, x, &mut one)?;
            gradients.push(one);
        }
        out.fill(Checked::zero());
        for _ in 0..self.batch {
            let drawn = self.streams.oracle.index(n);
            for (sample, gradient) in gradients.iter().enumerate() {
                let lanes = (0..WIDTH).filter(|l| drawn[*l] == sample).fold(0_u64, |bits, l| bits | 1 << l);
                if lanes == 0 {
                    continue;
                }
                for (out, g) in out.iter_mut().zip(gradient) {
                    *out = (*out + g).choose(lanes, out);
                }
            }
        }
        let weight = Checked::ratio(1, self.batch);
        out.iter_mut().for_each(|g| *g *= &weight);
        Ok(())
    }
}

/// Perturbs gradients, and knows what the law's own arithmetic adds to their errors.
fn perturb(
    (law, kind): (&dyn DynNoise, &DrawRounding),
    (nodes, stream, batch): (&mut [u64; WIDTH], &mut Stream<WIDTH>, u64),
    x: &[Checked],
    gradient: &mut [Checked],
) {
    let point: Vec<Wide> = x.iter().map(|x| *x.value()).collect();
    let faces = Wide::noise(law);
    // What is drawn beside a gradient is drawn on 0, or on 1, so that its own error shows.
    let base = |g: &Checked| match kind {
        DrawRounding::Added(_) => Lane::splat(0.0),
        DrawRounding::Times(_) => Lane::splat(1.0),
        DrawRounding::Alone(_) => *g.value(),
    };
    let mut drawn: Vec<Wide> = gradient.iter().map(base).collect();
    faces.perturb_lanes(nodes, stream, batch, &point, &mut drawn);
    for (g, drawn) in gradient.iter_mut().zip(drawn) {
        let drawn = Checked::within(drawn, kind.drawn().error, kind.drawn().unit.as_ref());
        match kind {
            DrawRounding::Added(_) => *g += &drawn,
            DrawRounding::Times(_) => *g *= &drawn,
            DrawRounding::Alone(_) => *g = drawn,
        }
    }
}

impl Query<Checked> for CheckedOracle<'_> {
    fn gradient(&mut self, worker: usize, x: &[Checked], out: &mut [Checked]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        if self.instance.minibatch {
            self.sampled_gradient(worker, x, out)?;
        } else {
            Checked::problem(&*self.instance.problem).worker_gradient_at(worker, x, out)?;
        }
        if let Some(noise) = &self.instance.noise {
            let batch = self.batch;
            if self.rounding.as_ref().is_none_or(|(b, _)| *b != batch) {
                self.rounding = Some((batch, noise.in_doubles(batch)));
            }
            if let Some(rarest) = &mut self.rarest {
                let values = |all: &[Checked]| all.iter().map(|v| *v.value()).collect::<Vec<Wide>>();
                note_rarest(rarest, &Perturbs::<WIDTH>::rarest_lanes(&**noise, &values(x), &values(out)));
            }
            if let Some((_, kind)) = &self.rounding {
                perturb((&**noise, kind), (&mut self.nodes, &mut self.streams.oracle, batch), x, out);
            }
        }
        Ok(())
    }

    fn coin(&mut self, p: &[Checked], out: &mut [Checked]) -> Result<(), Fault> {
        for (p, out) in p.iter().zip(out) {
            *out = Checked::exact(self.streams.algorithm.bernoulli(p.value()));
        }
        Ok(())
    }

    fn perturbation(&mut self, out: &mut [Checked]) -> Result<(), Fault> {
        let law = self.instance.perturbation.as_ref().ok_or_else(|| {
            Fault::Unsupported("the algorithm draws noise of its own, but no `perturbation` is declared".into())
        })?;
        out.fill(Checked::zero());
        perturb((&**law, &law.in_doubles(1)), (&mut [0; WIDTH], &mut self.streams.algorithm, 1), &[], out);
        Ok(())
    }

    fn flow(&mut self, kind: Flow, x: &[Checked], time: &Checked, out: &mut [Checked]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        without_noise(self.instance)?;
        Checked::problem(&*self.instance.problem).flow_from(kind, x, time, out)
    }

    fn upload(&mut self, bits: u64) {
        self.traffic.upload += bits;
    }

    fn broadcast(&mut self, bits: u64, workers: usize) {
        self.traffic.broadcast += bits * workers as u64;
    }
}

impl Door<Checked> for CheckedOracle<'_> {
    fn set_batch(&mut self, batch: u64) {
        self.batch = batch;
    }
    fn traffic(&self) -> Traffic {
        self.traffic
    }
    fn as_query(&mut self) -> &mut dyn Query<Checked> {
        self
    }
}

fn start(instance: &Instance, keys: &Keys, first: u64) -> Result<Vec<Checked>, Fault> {
    match &instance.start {
        StartPoint::At(point) => point.iter().map(crate::model::Real::cast).collect(),
        StartPoint::Random(law) => {
            let mut x = vec![Checked::zero(); instance.problem.dimension()];
            let mut stream = Stream::new(&keys.start, first);
            perturb((&**law, &law.in_doubles(1)), (&mut [0; WIDTH], &mut stream, 1), &[], &mut x);
            Ok(x)
        }
        StartPoint::Drawn => Err(Fault::Unsupported("a start that the problem draws has no formulas".into())),
    }
}

/// Runs replicates `first..first + 64`, of which those in `lanes` count; the record notes which of them met a tie that
/// doubles cannot resolve, and the largest rounding errors of these lanes. In a steady run wide bounds are not near.
pub(super) fn checked_block(
    instance: &Instance,
    plan: &Plan,
    (keys, first, lanes): (&Keys, u64, u64),
    is_steady: bool,
    progress: &dyn Progress,
) -> Result<(Record<Wide>, Met), RunError> {
    let (record, met) = Checked::meeting(is_steady, || run(instance, plan, (keys, first), progress));
    let record = record?;
    let apart = |v: Checked| (*v.value(), *v.error());
    let all_apart = |all: Vec<Checked>| all.into_iter().map(apart).collect::<Vec<_>>();
    let record = Record {
        paths: all_apart(record.paths),
        sizes: all_apart(record.sizes),
        series: record.series.into_iter().map(all_apart).collect(),
        curves: record.curves.into_iter().map(all_apart).collect(),
        traffic: record.traffic,
        diverged: record.diverged,
        errors: Default::default(),
        rarest: record.rarest,
        near: if is_steady { met.open } else { met.near } & lanes,
        ties: Ties::NotSeen,
    };
    let of_lanes = |error: &Wide| (0..WIDTH).filter(|l| lanes >> l & 1 == 1).map(|l| error.0[l]).fold(0.0, f64::max);
    let largest = |(_, error): &(Wide, Wide)| of_lanes(error);
    let errors = (
        record.paths.iter().map(largest).collect(),
        record.series.iter().map(|s| s.iter().map(largest).collect()).collect(),
    );
    let values = |all: Vec<(Wide, Wide)>| all.into_iter().map(|(value, _)| value).collect::<Vec<Wide>>();
    let record = Record {
        paths: values(record.paths),
        sizes: values(record.sizes),
        series: record.series.into_iter().map(values).collect(),
        curves: record.curves.into_iter().map(values).collect(),
        traffic: record.traffic,
        diverged: record.diverged,
        errors,
        rarest: record.rarest,
        near: record.near,
        ties: Ties::NotSeen,
    };
    Ok((record, met))
}

fn run(
    instance: &Instance,
    plan: &Plan,
    (keys, first): (&Keys, u64),
    progress: &dyn Progress,
) -> Result<Record<Checked>, RunError> {
    let at = |step| move |fault| RunError::Step { step, fault };
    let x = start(instance, keys, first).map_err(at(0))?;
    let streams = Streams::new(keys, first);
    let mut oracle = CheckedOracle {
        instance,
        streams,
        batch: 1,
        traffic: Traffic::default(),
        nodes: [0; WIDTH],
        rarest: watched(instance),
        rounding: None,
    };
    let mut recorder = Recorder::new(plan, instance);
    let mut gradient = vec![Checked::zero(); x.len()];
    let mut diverged: Vec<Option<u64>> = vec![None; WIDTH];
    let work = Workspace::new(instance, x).looking_back(plan.looks_back());
    let mut stopped = false;
    let ended = simulate(instance, work, &mut oracle, &mut |k, work, traffic| {
        if k % STEPS_UNASKED == 0 && progress.stop() {
            stopped = true;
            return Err(Fault::Unsupported("stopped".into()));
        }
        let values: Vec<Wide> = work.x.iter().map(|x| *x.value()).collect();
        note_divergence(k, &values, &mut diverged);
        Checked::aside(|| {
            recorder.pass(&work.x);
            if recorder.wants(k) {
                let point = Point::new(instance, &work.x, &work.state, &mut gradient);
                let mut point = point.after(traffic).since(&work.before).with_sum(k, recorder.sum());
                recorder.record(k, &mut point)?;
            }
            Ok(())
        })
    });
    if stopped {
        return Err(RunError::Stopped);
    }
    ended?;
    let (paths, sizes) = recorder.paths().map_err(at(instance.horizon))?.into_iter().unzip();
    let (series, curves) = (recorder.series, recorder.curves);
    Ok(Record {
        paths,
        sizes,
        series,
        curves,
        traffic: oracle.traffic,
        diverged,
        ties: Ties::NotSeen,
        rarest: oracle.rarest.map(Vec::from).unwrap_or_default(),
        near: 0,
        errors: Default::default(),
    })
}
