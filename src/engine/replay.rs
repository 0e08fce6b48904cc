//! Replicates run again in enclosures, with the draws that they had in doubles.
//!
//! What a replicate of doubles does not know, which way a sign goes or how far rounding has taken it, is known of the same replicate
//! in exact arithmetic: the draws of a density are their doubles, those of a finite law the rationals that the doubles stand for. A
//! replay follows them with floats as long as its signs need. What it finds stands in the replicate's place.

use super::RunError;
use super::block::{Door, Record, follow};
use super::enclosed::work;
use super::measure::Plan;
use super::oracle::{Keys, Streams, Traffic, without_noise};
use super::run::Progress;
use crate::model::noise::DrawRounding;
use crate::model::problem::Flow;
use crate::model::{DynNoise, Evaluating, Perturbs, Query};
use crate::rng::Stream;
use crate::scalar::{Enclosure, Fault, Lane, Narrow, Scalar, WIDTH, Wide};
use crate::spec::{Instance, StartPoint};

/// Bits of the floats, tried in this order.
const PRECISIONS: [usize; 6] = [128, 256, 512, 1024, 2048, 4096];
/// Most work of the replays of one block, in products of words; a count, so that a verdict does not depend on the machine.
const MOST_WORK: u64 = 400_000_000;
/// Agreement of the ends, in bits, that is as good as a double.
const SHARP: isize = 48;
/// Width of an enclosure, a number that may be 0 among them, that is as good.
const NARROW: f64 = 1e-25;
/// Numbers whose ends are both below 2^-1022 in size are zero to a double.
const FLOOR: isize = 1022;
/// Widest enclosure of a probability that a coin is thrown with: the coin's own resolution is 2^-53.
const COIN: f64 = 1e-15;
/// Relative error from which on a value says too little.
const BLURRED: f64 = 1e-9;
/// Errors are not compared with sizes below this: a number that is 0 has no relative error.
const SMALL: f64 = 1e-3;

/// What the replays of a block are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replay {
    /// There are none.
    Never,
    /// What they find stands in the replicates' places.
    InPlace,
    /// The block's errors speak for others, which have doubles alone: the doubles' own distance from what is found is one.
    ForOthers,
}

/// The oracle of one replicate.
struct Replayed<'a> {
    instance: &'a Instance,
    streams: Streams<1>,
    batch: u64,
    traffic: Traffic,
    nodes: [u64; 1],
    /// What doubles make of the oracle's noise, for a batch.
    rounding: Option<(u64, DrawRounding)>,
}

/// The double in the middle of an enclosure, if it is narrow beside `width`.
fn middle(value: &Enclosure, width: f64, what: &'static str) -> Result<Narrow, Fault> {
    let (low, high) = value.ends();
    // What is not finite is not narrow.
    let is_narrow = high - low <= width;
    if is_narrow { Ok(Lane::splat(0.5 * low + 0.5 * high)) } else { Err(Fault::Undecided(what)) }
}

/// Perturbs a gradient by the draw that doubles had, as the rational that it is.
fn perturb(
    (law, kind): (&dyn DynNoise, &DrawRounding),
    (nodes, stream, batch): (&mut [u64; 1], &mut Stream<1>, u64),
    x: &[Enclosure],
    gradient: &mut [Enclosure],
) -> Result<(), Fault> {
    // What does not look at its place has its draws whatever the place's error.
    let alone = matches!(kind, DrawRounding::Alone(_));
    let near = |v: &Enclosure| {
        let (low, high) = v.ends();
        let size = low.abs().max(high.abs()).max(1.0);
        middle(v, if alone { COIN * size } else { f64::INFINITY }, "the law of a draw")
    };
    let point: Vec<Narrow> = x.iter().map(near).collect::<Result<_, _>>()?;
    let base = |g: &Enclosure| match kind {
        DrawRounding::Added(_) => Ok(Lane::splat(0.0)),
        DrawRounding::Times(_) => Ok(Lane::splat(1.0)),
        DrawRounding::Alone(_) => near(g),
    };
    let mut drawn: Vec<Narrow> = gradient.iter().map(base).collect::<Result<_, _>>()?;
    Perturbs::<1>::perturb_lanes(law, nodes, stream, batch, &point, &mut drawn);
    for (g, drawn) in gradient.iter_mut().zip(drawn) {
        let exact = kind.drawn().exact(drawn.0[0]);
        let exact = exact.ok_or_else(|| Fault::Unsupported("a draw that its double does not tell".into()))?;
        let exact = Enclosure::from_rational(&exact);
        match kind {
            DrawRounding::Added(_) => *g += &exact,
            DrawRounding::Times(_) => *g *= &exact,
            DrawRounding::Alone(_) => *g = exact,
        }
    }
    Ok(())
}

impl Query<Enclosure> for Replayed<'_> {
    fn gradient(&mut self, worker: usize, x: &[Enclosure], out: &mut [Enclosure]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        let problem = Enclosure::problem(&*self.instance.problem);
        if self.instance.minibatch {
            let n = self.instance.problem.worker_samples(worker).unwrap_or(1);
            let mut one = out.to_vec();
            out.fill(Enclosure::zero());
            for _ in 0..self.batch {
                let [sample] = self.streams.oracle.index(n);
                problem.worker_sample_gradient_at(worker, sample, x, &mut one)?;
                out.iter_mut().zip(&one).for_each(|(out, g)| *out += g);
            }
            let weight = Enclosure::ratio(1, self.batch);
            out.iter_mut().for_each(|g| *g *= &weight);
        } else {
            problem.worker_gradient_at(worker, x, out)?;
        }
        if let Some(noise) = &self.instance.noise {
            let batch = self.batch;
            if self.rounding.as_ref().is_none_or(|(b, _)| *b != batch) {
                self.rounding = Some((batch, noise.in_doubles(batch)));
            }
            if let Some((_, kind)) = &self.rounding {
                perturb((&**noise, kind), (&mut self.nodes, &mut self.streams.oracle, batch), x, out)?;
            }
        }
        Ok(())
    }

    fn coin(&mut self, p: &[Enclosure], out: &mut [Enclosure]) -> Result<(), Fault> {
        for (p, out) in p.iter().zip(out) {
            let p = middle(p, COIN, "a probability")?;
            *out = Enclosure::from_f64(self.streams.algorithm.bernoulli(&p).0[0])?;
        }
        Ok(())
    }

    fn perturbation(&mut self, out: &mut [Enclosure]) -> Result<(), Fault> {
        let law = self.instance.perturbation.as_ref().ok_or_else(|| {
            Fault::Unsupported("the algorithm draws noise of its own, but no `perturbation` is declared".into())
        })?;
        out.fill(Enclosure::zero());
        perturb((&**law, &law.in_doubles(1)), (&mut [0], &mut self.streams.algorithm, 1), &[], out)
    }

    fn flow(&mut self, kind: Flow, x: &[Enclosure], time: &Enclosure, out: &mut [Enclosure]) -> Result<(), Fault> {
        self.traffic.calls += 1;
        without_noise(self.instance)?;
        Enclosure::problem(&*self.instance.problem).flow_from(kind, x, time, out)
    }

    fn upload(&mut self, bits: u64) {
        self.traffic.upload += bits;
    }

    fn broadcast(&mut self, bits: u64, workers: usize) {
        self.traffic.broadcast += bits * workers as u64;
    }
}

impl Door<Enclosure> for Replayed<'_> {
    fn set_batch(&mut self, batch: u64) {
        self.batch = batch;
    }
    fn traffic(&self) -> Traffic {
        self.traffic
    }
    fn as_query(&mut self) -> &mut dyn Query<Enclosure> {
        self
    }
}

fn start(instance: &Instance, keys: &Keys, replicate: u64) -> Result<Vec<Enclosure>, Fault> {
    match &instance.start {
        StartPoint::At(point) => point.iter().map(crate::model::Real::cast).collect(),
        StartPoint::Random(law) => {
            let mut x = vec![Enclosure::zero(); instance.problem.dimension()];
            let mut stream = Stream::new(&keys.start, replicate);
            perturb((&**law, &law.in_doubles(1)), (&mut [0], &mut stream, 1), &[], &mut x)?;
            Ok(x)
        }
    }
}

fn run(
    instance: &Instance,
    plan: &Plan,
    (keys, replicate): (&Keys, u64),
    progress: &dyn Progress,
) -> Result<Record<Enclosure>, RunError> {
    let x = start(instance, keys, replicate).map_err(|fault| RunError::Step { step: 0, fault })?;
    let streams = Streams::new(keys, replicate);
    let mut oracle = Replayed { instance, streams, batch: 1, traffic: Traffic::default(), nodes: [0], rounding: None };
    follow(instance, plan, x, &mut oracle, progress)
}

/// What a replicate records in exact arithmetic, as far as the work that is left allows; the precision that it took stays in
/// `first`.
fn replayed(
    instance: &Instance,
    plan: &Plan,
    (keys, replicate): (&Keys, u64),
    (first, left): (&mut usize, &mut u64),
    progress: &dyn Progress,
) -> Result<Option<Record<Enclosure>>, RunError> {
    for (i, bits) in PRECISIONS.iter().enumerate().skip(*first) {
        let cost = work(instance, *bits);
        if cost > *left {
            return Ok(None);
        }
        *left -= cost;
        match Enclosure::at_precision(*bits, || run(instance, plan, (keys, replicate), progress)) {
            Ok(record) => {
                // What is left open counts as an error; this is about what is of use.
                let sharp = |v: &Enclosure| {
                    let (low, high) = v.ends();
                    v.agreement(FLOOR).0 >= SHARP || high - low <= NARROW
                };
                if record.paths.iter().chain(record.series.iter().chain(&record.curves).flatten()).all(sharp) {
                    *first = i;
                    return Ok(Some(record));
                }
            }
            Err(RunError::Stopped) => return Err(RunError::Stopped),
            // Longer floats decide a sign, unless it is that of a number that is 0.
            Err(RunError::Step { fault: Fault::Undecided(_), .. }) => {}
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

/// A bit for each lane of which a number is off by too much to be of use, beside the largest of all.
fn blurred(values: &[(Wide, Wide)]) -> u64 {
    let all = values.iter().flat_map(|(value, _)| value.0).filter(|v| v.is_finite());
    let size = all.fold(SMALL, |size: f64, v| size.max(v.abs()));
    let mut lanes = 0;
    for (_, error) in values {
        for lane in 0..WIDTH {
            lanes |= u64::from(error.0[lane] > BLURRED * size) << lane;
        }
    }
    lanes
}

/// Runs again, in exact arithmetic, those of the first `active` lanes that chose between numbers within their errors (or, for others, are
/// off by too much), and puts what that gives in their place.
pub(super) fn replay_lanes(
    instance: &Instance,
    plan: &Plan,
    (keys, first, active): (&Keys, u64, u64),
    record: &mut Record<(Wide, Wide)>,
    replay: Replay,
    progress: &dyn Progress,
) -> Result<(), RunError> {
    let lanes = if active < WIDTH as u64 { (1_u64 << active) - 1 } else { u64::MAX };
    let finite = (0..WIDTH).filter(|l| record.diverged[*l].is_none()).fold(0_u64, |bits, l| bits | 1 << l);
    let all: Vec<(Wide, Wide)> = record.paths.iter().chain(record.series.iter().flatten()).copied().collect();
    // Of what is merely blurred a few replays speak for all; to replay every one costs more than it tells.
    let unclear = if replay == Replay::ForOthers { blurred(&all) } else { 0 };
    let asked = (record.near | unclear) & lanes & finite;
    let mut left = MOST_WORK;
    let compare = replay == Replay::ForOthers;
    if replay == Replay::Never
        || asked == 0
        || work(instance, PRECISIONS[0]).saturating_mul(u64::from(asked.count_ones())) > left
    {
        return Ok(());
    }
    let mut precision = 0;
    for lane in (0..WIDTH).filter(|l| asked >> l & 1 == 1) {
        let found = replayed(instance, plan, (keys, first + lane as u64), (&mut precision, &mut left), progress)?;
        // What one replicate cannot have the others will not have either, and one that is not known spoils them all.
        let Some(found) = found else { return Ok(()) };
        let put = |slot: &mut (Wide, Wide), value: &Enclosure| {
            let (low, high) = value.ends();
            let middle = 0.5 * low + 0.5 * high;
            let width = (high - middle).max(middle - low).next_up();
            let distance = if compare { (slot.0.0[lane] - middle).abs() } else { 0.0 };
            slot.0.0[lane] = middle;
            slot.1.0[lane] = if low == high && !compare { 0.0 } else { (width + distance).next_up() };
        };
        for (slot, value) in record.paths.iter_mut().zip(&found.paths) {
            put(slot, value);
        }
        for (slot, value) in record.sizes.iter_mut().zip(&found.sizes) {
            put(slot, value);
        }
        for (slots, values) in record.series.iter_mut().zip(&found.series) {
            slots.iter_mut().zip(values).for_each(|(slot, value)| put(slot, value));
        }
        for (slots, values) in record.curves.iter_mut().zip(&found.curves) {
            slots.iter_mut().zip(values).for_each(|(slot, value)| put(slot, value));
        }
        record.near &= !(1 << lane);
    }
    Ok(())
}
