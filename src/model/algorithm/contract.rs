//! What every algorithm of the registry must do: the same numbers in every arithmetic, the declared message sizes, and
//! iterates that were derived by hand.

mod arithmetics;
mod by_hand;
mod layers;
mod servers;

use super::*;
use crate::model::problem::Flow;
use crate::model::{DynAlgorithm, Kind, MomentumForm, MomentumStart, ParamValue, Scaling};
use crate::scalar::Lane;
use std::ops::Range;

/// A scalar that a test can fill replicate by replicate with multiples of 1/32, exactly.
trait Test: Arithmetic {
    fn of(numerator: impl Fn(u64) -> i64) -> Self;
    /// A coordinate of a start.
    fn start(value: &Rational) -> Self {
        Self::from_rational(value)
    }
}
impl<const N: usize> Test for Lane<N>
where
    Lane<N>: Arithmetic,
{
    fn of(numerator: impl Fn(u64) -> i64) -> Self {
        Lane(std::array::from_fn(|lane| numerator(lane as u64) as f64 / 32.0))
    }
}
impl Test for Enclosure {
    fn of(numerator: impl Fn(u64) -> i64) -> Self {
        Enclosure::ratio(numerator(0), 32)
    }
    fn start(value: &Rational) -> Self {
        // Two floats around the value, or every run would stay exact.
        let near = value.to_f64();
        Enclosure::from_ends(near, near.next_down(), near.next_up()).expect("finite ends")
    }
}
impl Test for Rational {
    fn of(numerator: impl Fn(u64) -> i64) -> Self {
        Rational::ratio(numerator(0), 32)
    }
}

/// A well mixed word of its arguments (the finaliser of splitmix64).
fn mix(words: [u64; 3]) -> u64 {
    words.iter().fold(0x9e37_79b9_7f4a_7c15, |state, word| {
        let z = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// Worker m's gradient is a_i (x_i - m/4) (all workers' alike where `alike`), plus dyadic noise where `noisy`.
struct Probe {
    first: u64,
    calls: u64,
    noisy: bool,
    alike: bool,
    curvature: Vec<i64>,
    up: u64,
    down: u64,
    broken_worker: Option<usize>,
}

impl Probe {
    fn new(first: u64) -> Self {
        let (noisy, alike, curvature) = (true, false, vec![32, 64, 16, 32]);
        Probe { first, calls: 0, noisy, alike, curvature, up: 0, down: 0, broken_worker: None }
    }

    fn plain(curvature: &[i64]) -> Self {
        let curvature = curvature.iter().map(|a| 32 * a).collect();
        Probe { noisy: false, alike: true, curvature, ..Probe::new(0) }
    }

    /// Numbers in -4..=4 for replicate `first + lane`, this call, coordinate i.
    fn small(&self, lane: u64, i: usize) -> i64 {
        (mix([self.first + lane, self.calls, i as u64]) % 9) as i64 - 4
    }
}

impl<S: Test> Query<S> for Probe {
    fn gradient(&mut self, worker: usize, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        self.calls += 1;
        for (i, (x, out)) in x.iter().zip(out).enumerate() {
            let centre = if self.alike { 0 } else { 8 * worker as i64 };
            *out = (x.clone() - S::of(|_| centre)) * S::of(|_| self.curvature[i]);
            if self.noisy {
                *out += &S::of(|lane| 8 * self.small(lane, i));
            }
            if self.broken_worker == Some(worker) {
                *out = out.clone() * S::from_f64(f64::NAN)?;
            }
        }
        Ok(())
    }

    fn coin(&mut self, p: &[S], out: &mut [S]) -> Result<(), Fault> {
        self.calls += 1;
        for (i, (p, out)) in p.iter().zip(out).enumerate() {
            // u is an odd multiple of 1/32, so that it never equals a probability of 1/2.
            let u = S::of(|lane| 2 * (mix([self.first + lane, self.calls, i as u64]) % 16) as i64 + 1);
            *out = p.select_ge(&u, &S::one(), &S::zero())?;
        }
        Ok(())
    }

    fn perturbation(&mut self, out: &mut [S]) -> Result<(), Fault> {
        self.calls += 1;
        for (i, out) in out.iter_mut().enumerate() {
            *out = S::of(|lane| 16 * self.small(lane, i));
        }
        Ok(())
    }

    /// Of sum a_i x_i^2/2, whatever the workers; noise and centres do not enter.
    fn flow(&mut self, kind: Flow, x: &[S], time: &S, out: &mut [S]) -> Result<(), Fault> {
        self.calls += 1;
        let zero = S::zero();
        for (i, (x, out)) in x.iter().zip(out).enumerate() {
            *out = match kind {
                Flow::Gradient => x.clone() * &(-(S::of(|_| self.curvature[i]) * time)).exp()?,
                Flow::Sign => (x.clone() - time).max(&zero) + (x.clone() + time).min(&zero),
            };
            if self.broken_worker.is_some() {
                *out = out.clone() * S::from_f64(f64::NAN)?;
            }
        }
        Ok(())
    }

    fn upload(&mut self, bits: u64) {
        self.up += bits;
    }

    fn broadcast(&mut self, bits: u64, workers: usize) {
        self.down += bits * workers as u64;
    }
}

/// Iterate and state after one step.
type After<S> = (Vec<S>, Vec<S>);

/// An entry with its parameters: schedules as (name, value), others over the table's defaults.
struct Setup {
    name: &'static str,
    schedules: Vec<(&'static str, Rational)>,
    others: Vec<(&'static str, ParamValue)>,
    workers: usize,
    dimension: usize,
    blocks: Vec<Range<usize>>,
    semantics: Semantics,
}

impl Setup {
    /// Step size 1/8, momentum 1/2, noise level 1/4, ..: dyadic, so that doubles are exact over a few steps.
    fn new(name: &'static str, workers: usize) -> Self {
        let schedules = vec![
            ("step_size", q(1, 8)),
            ("momentum", q(1, 2)),
            ("noise_level", q(1, 4)),
            ("threshold", q(1, 4)),
            ("extrapolation", q(1, 2)),
            ("local_step_size", q(1, 4)),
        ];
        let others = vec![compressor("sign"), count("radius", 2), count("local_steps", 2)];
        Setup { name, schedules, others, workers, dimension: 4, blocks: Vec::new(), semantics: Semantics::default() }
    }

    fn schedule(mut self, name: &'static str, value: Rational) -> Self {
        self.schedules.retain(|(n, _)| *n != name);
        self.schedules.push((name, value));
        self
    }

    fn with(mut self, other: (&'static str, ParamValue)) -> Self {
        self.others.retain(|(n, _)| *n != other.0);
        self.others.push(other);
        self
    }

    fn under(mut self, semantics: Semantics) -> Self {
        self.semantics = semantics;
        self
    }

    fn build(&self) -> (Box<dyn DynAlgorithm>, Vec<Rational>) {
        let entry = ALL.iter().find(|e| e.name == self.name).expect(self.name);
        let (dimension, workers, blocks) = (self.dimension, self.workers, self.blocks.clone());
        let mut params = Params { dimension, workers, blocks, ..Params::default() };
        let mut values = Vec::new();
        for spec in entry.params {
            if spec.kind == Kind::Schedule {
                params.values.insert(spec.name, ParamValue::Schedule(Slot(values.len())));
                let given = self.schedules.iter().find(|(n, _)| *n == spec.name);
                let (_, value) = given.unwrap_or_else(|| {
                    panic!(
                        "{} has the schedule '{}': give it a value in Setup::new of {}",
                        self.name,
                        spec.name,
                        file!()
                    )
                });
                values.push(value.clone());
            } else if let Some((_, value)) = self.others.iter().find(|(n, _)| *n == spec.name) {
                params.values.insert(spec.name, value.clone());
            } else if let Some(Ok(number)) = spec.default.map(str::parse::<Rational>) {
                params.values.insert(spec.name, ParamValue::Number(number.into()));
            }
        }
        ((entry.build)(&params).unwrap(), values)
    }

    /// Iterates and states after each of `steps` steps.
    fn run<S: Test>(&self, start: &[S], steps: u64, probe: &mut Probe) -> Result<Vec<After<S>>, Fault> {
        let (algorithm, values) = self.build();
        let values: Vec<S> = values.iter().map(S::from_rational).collect();
        let layout = algorithm.layout(start.len(), self.workers);
        let mut x = start.to_vec();
        let mut state = vec![S::zero(); layout.state];
        let mut out = Vec::new();
        for k in 0..steps {
            // Working space may hold anything: rubbish shows a step that relies on it.
            let mut scratch = vec![S::of(|_| 77); layout.scratch];
            let step = Step {
                k,
                x: &mut x,
                memory: Uncut { state: &mut state, scratch: &mut scratch },
                values: &values,
                workers: self.workers,
                semantics: &self.semantics,
            };
            S::algorithm(&*algorithm).run_step(step, probe)?;
            out.push((x.clone(), state.clone()));
        }
        Ok(out)
    }

    /// Rational iterates on sum a_i x_i^2/2, without noise.
    fn iterates(&self, curvature: &[i64], start: &[Rational], steps: u64) -> Vec<Vec<Rational>> {
        let run = self.run(start, steps, &mut Probe::plain(curvature)).unwrap();
        run.into_iter().map(|(x, _)| x).collect()
    }
}

fn q(n: i64, d: u64) -> Rational {
    Rational::ratio(n, d)
}

fn compressor(name: &str) -> (&'static str, ParamValue) {
    (
        "compressor",
        ParamValue::Compressor(crate::model::Registry::standard().compressor(name).unwrap(), Params::default()),
    )
}

fn count(name: &'static str, value: i64) -> (&'static str, ParamValue) {
    (name, ParamValue::Number(Real::integer(value)))
}

fn number(name: &'static str, n: i64, d: u64) -> (&'static str, ParamValue) {
    (name, ParamValue::Number(q(n, d).into()))
}

/// Entries whose steps leave the rationals: a root, an exponential.
const IRRATIONAL: &[&str] = &["adagrad-norm", "sign-adagrad-a", "sign-adagrad-b", "adam", "rmsprop", "gradient-flow"];
/// Entries that take no mean of vectors over the workers, so that 1/3 does not enter with three of them.
const MEANLESS: &[&str] = &[
    "vote",
    "mv-signsgd",
    "vote-abstain",
    "vote-sum",
    "noisy-signsgd",
    "median-sgd",
    "noisy-median-sgd",
    "mv-signsgd-sim",
    "mv-sto-signsgd",
    "mv-sto-signsgd-sim",
    "federated-mv-sto-signsgd-sim",
    "sign-flow",
];

fn vector(values: &[i64]) -> ParamValue {
    ParamValue::Vector(values.iter().map(|v| Real::integer(*v)).collect())
}

/// Starts in -1..=1, multiples of 1/4, one for each replicate and coordinate.
fn start<S: Test>(first: u64) -> Vec<S> {
    (0..4).map(|i| S::of(|lane| 8 * ((mix([first + lane, 999, i]) % 9) as i64 - 4))).collect()
}

fn conventions() -> Vec<Semantics> {
    let plain = Semantics::default();
    vec![
        plain.clone(),
        Semantics { sign_zero: SignZero::Plus, ties: SignZero::Random, ..plain.clone() },
        Semantics {
            sign_zero: SignZero::Random,
            ties: SignZero::Minus,
            momentum_form: Some(MomentumForm::Sum),
            momentum_start: MomentumStart::FirstGradient,
            scaling: Scaling::Blocks(vec![2, 1, 1]),
        },
        Semantics { sign_zero: SignZero::Minus, momentum_form: Some(MomentumForm::Average), ..plain },
    ]
}

#[test]
fn a_replicate_has_the_same_bits_alone_and_in_a_lane_and_equals_the_exact_run() {
    for entry in ALL {
        for (semantics, workers) in conventions().into_iter().flat_map(|s| [1, 2, 3, 4].map(|m| (s.clone(), m))) {
            let setup = Setup::new(entry.name, workers).under(semantics);
            let wide = setup.run(&start::<Wide>(0), 5, &mut Probe::new(0)).unwrap();
            for lane in [0, 1, 17, 63] {
                let alone = setup.run(&start::<Narrow>(lane), 5, &mut Probe::new(lane)).unwrap();
                let at = |v: &[Wide]| v.iter().map(|s| s.0[lane as usize].to_bits()).collect::<Vec<_>>();
                for ((wide_x, wide_state), (x, state)) in wide.iter().zip(&alone) {
                    assert_eq!(at(wide_x), x.iter().map(|s| s.0[0].to_bits()).collect::<Vec<_>>(), "{}", entry.name);
                    assert_eq!(at(wide_state), state.iter().map(|s| s.0[0].to_bits()).collect::<Vec<_>>());
                }
                // Means of 3 workers and roots are no dyadic numbers: there the exact run is another run.
                let mean_of_three = workers == 3 && !MEANLESS.contains(&entry.name);
                if mean_of_three || IRRATIONAL.contains(&entry.name) {
                    continue;
                }
                let exact = setup.run(&start::<Rational>(lane), 5, &mut Probe::new(lane)).unwrap();
                for ((x, _), (exact, _)) in alone.iter().zip(&exact) {
                    let doubles: Vec<f64> = exact.iter().map(Rational::to_f64).collect();
                    assert_eq!(x.iter().map(|s| s.0[0]).collect::<Vec<_>>(), doubles, "{} {workers}", entry.name);
                }
            }
        }
    }
}

#[test]
fn every_entry_draws_only_when_it_says_so() {
    /// A query without coins and perturbations.
    struct Silent(Probe);
    impl Query<Narrow> for Silent {
        fn gradient(&mut self, worker: usize, x: &[Narrow], out: &mut [Narrow]) -> Result<(), Fault> {
            self.0.gradient(worker, x, out)
        }
        fn coin(&mut self, _: &[Narrow], _: &mut [Narrow]) -> Result<(), Fault> {
            Err(Fault::Unsupported("coin".into()))
        }
        fn perturbation(&mut self, _: &mut [Narrow]) -> Result<(), Fault> {
            Err(Fault::Unsupported("perturbation".into()))
        }
        fn flow(&mut self, kind: Flow, x: &[Narrow], time: &Narrow, out: &mut [Narrow]) -> Result<(), Fault> {
            self.0.flow(kind, x, time, out)
        }
        fn upload(&mut self, _: u64) {}
        fn broadcast(&mut self, _: u64, _: usize) {}
    }
    for entry in ALL {
        for semantics in conventions() {
            let setup = Setup::new(entry.name, 2).under(semantics);
            let (algorithm, values) = setup.build();
            let layout = algorithm.layout(4, 2);
            let values: Vec<Narrow> = values.iter().map(Narrow::from_rational).collect();
            let step = Step {
                k: 0,
                x: &mut start(0),
                memory: Uncut {
                    state: &mut vec![Narrow::zero(); layout.state],
                    scratch: &mut vec![Narrow::zero(); layout.scratch],
                },
                values: &values,
                workers: 2,
                semantics: &setup.semantics,
            };
            let drew = Narrow::algorithm(&*algorithm).run_step(step, &mut Silent(Probe::new(0))).is_err();
            assert!(!drew || algorithm.is_random(&setup.semantics), "{} drew a coin", entry.name);
        }
    }
}

/// Runs two setups on the noisy probe in rationals and asserts equal iterates.
fn assert_same(a: Setup, b: Setup, probe: fn(u64) -> Probe) {
    for replicate in 0..8 {
        let run = |s: &Setup| s.run(&start::<Rational>(replicate), 5, &mut probe(replicate)).unwrap();
        let (a, b) = (run(&a), run(&b));
        let xs = |r: Vec<After<Rational>>| r.into_iter().map(|(x, _)| x).collect::<Vec<_>>();
        assert_eq!(xs(a), xs(b), "replicate {replicate}");
    }
}

#[test]
fn special_cases_coincide() {
    // identity: two independent routes to the same update
    let new = Setup::new;
    assert_same(new("ef-sgd", 2).with(compressor("identity")), new("sgd", 2), Probe::new);
    assert_same(new("vote", 1), new("signsgd", 1), Probe::new);
    assert_same(new("vote-sum", 1), new("signsgd", 1), Probe::new);
    assert_same(new("scaled-vote", 1), new("scaled-signgd", 1), Probe::new);
    assert_same(new("signum", 2).schedule("momentum", q(0, 1)), new("signsgd", 2), Probe::new);
    assert_same(new("sgdm", 2).schedule("momentum", q(0, 1)), new("sgd", 2), Probe::new);
    assert_same(new("gd", 2), new("sgd", 2), Probe::new);
    // m of one form is (1 - beta) times the other, from m = 0
    assert_same(new("signsgdm", 2), new("signum", 2), Probe::new);
    assert_same(new("signsgd-sim", 2), new("signum", 2), Probe::new);
    assert_same(new("mv-signsgd-sim", 1), new("signsgd-sim", 1), Probe::new);
    assert_same(new("mv-signsgd-sim", 3).schedule("momentum", q(0, 1)), new("vote", 3), Probe::new);
    assert_same(new("noisy-signsgd", 3).schedule("noise_level", q(0, 1)), new("vote", 3), noiseless);
    assert_same(new("noisy-median-sgd", 3).schedule("noise_level", q(0, 1)), new("median-sgd", 3), noiseless);
    for first in [new("signsgd-dim", 2), new("signum-noise", 2).schedule("noise_level", q(0, 1))] {
        assert_same(first.schedule("momentum", q(0, 1)), new("signsgd", 2), noiseless);
    }
    assert_same(new("delayed-signsgd", 2).with(count("delay", 0)), new("signsgd", 2), Probe::new);
    assert_same(new("compressed-sgd", 2).with(compressor("identity")), new("sgd", 2), Probe::new);
    assert_same(new("compressed-sgd", 1), new("scaled-signsgd-mean", 1), Probe::new);
    let none = new("federated-mv-sto-signsgd-sim", 3).with(count("local_steps", 0));
    assert_same(none, new("mv-sto-signsgd-sim", 3), Probe::new);
    let memoryless = new("mv-sto-signsgd-sim", 3).schedule("momentum", q(0, 1)).schedule("extrapolation", q(0, 1));
    assert_same(new("mv-sto-signsgd", 3), memoryless, Probe::new);
    for semantics in conventions() {
        let vote = || new("vote", 3).under(semantics.clone());
        assert_same(new("mv-signsgd", 3).under(semantics.clone()), vote(), Probe::new);
        let everyone = new("vote-abstain", 3).schedule("threshold", q(0, 1)).under(semantics.clone());
        assert_same(everyone, vote(), Probe::new);
    }
    for workers in 1..=6 {
        assert_same(new("median-sgd", workers), new("sgd", workers), equal_workers);
    }
}

#[test]
fn adam_and_rmsprop_without_memory_are_signsgd() {
    // identity: bernstein2018, section 2: with beta1 = beta2 = eps = 0 the step is lr g/|g|; 1 - 0^t = 1 corrects
    // nothing
    for (name, correction) in [("adam", "no"), ("adam", "yes"), ("rmsprop", "no"), ("rmsprop", "yes")] {
        let word = ("bias_correction", ParamValue::Text(correction.into()));
        let memoryless = Setup::new(name, 2).with(count("beta1", 0)).with(count("beta2", 0));
        assert_same(memoryless.with(count("epsilon", 0)).with(word), Setup::new("signsgd", 2), Probe::new);
    }
}

#[test]
fn no_step_exceeds_the_declared_reach() {
    // Gradients from 1/16 to 64 in size and of both signs, over 12 steps; room for the rounding of x itself.
    let mut known = 0;
    for entry in ALL {
        for (setup, scale) in [1, 2, 3].into_iter().flat_map(|m| [1, 2000].map(|s| (Setup::new(entry.name, m), s))) {
            let setup = setup.with(number("b0", 1, 2)).with(number("beta1", 1, 2)).with(number("beta2", 3, 4));
            let (algorithm, values) = setup.build();
            let values: Vec<f64> = values.iter().map(Rational::to_f64).collect();
            let Some(reach) = algorithm.reach(&values, setup.workers) else { continue };
            known += 1;
            let mut probe = Probe { curvature: vec![scale, 64, -16, 32], ..Probe::new(0) };
            let x: Vec<Wide> = start(0);
            let run = setup.run(&x, 12, &mut probe).unwrap();
            let mut before = x;
            for (x, _) in run {
                for (a, b) in before.iter().zip(&x).flat_map(|(a, b)| a.0.iter().zip(&b.0)) {
                    assert!((a - b).abs() <= reach + 1e-12, "{}: {a} to {b}, reach {reach}", entry.name);
                }
                before = x;
            }
        }
    }
    // signsgd, signum, signsgdm, -sim, -dim, delayed, vote, mv, abstain, sum, mv-sim, 3 mv-sto, noisy, 3 adagrad, adam,
    // rmsprop, sign-flow; three numbers of workers, two scales
    assert_eq!(known, 21 * 6, "six for each algorithm with a `reach`: count a new one here");
}

fn noiseless(first: u64) -> Probe {
    Probe { noisy: false, ..Probe::new(first) }
}

fn equal_workers(first: u64) -> Probe {
    Probe { noisy: false, alike: true, ..Probe::new(first) }
}

#[test]
fn lookahead_follows_gradient_descent_in_x_minus_e() {
    // identity: li2021, remark 2, for any compressor; here on 2 x_1^2/2 + x_2^2/2
    for name in ["sign", "identity"] {
        let setup = Setup { dimension: 2, ..Setup::new("ef-lookahead", 1) }.with(compressor(name));
        let run = setup.run(&[q(3, 1), q(-1, 3)], 6, &mut Probe::plain(&[2, 1])).unwrap();
        let (mut z1, mut z2) = (q(3, 1), q(-1, 3));
        for (x, e) in run {
            (z1, z2) = (z1 * q(6, 8), z2 * q(7, 8));
            assert_eq!((x[0].clone() - &e[0], x[1].clone() - &e[1]), (z1.clone(), z2.clone()));
        }
    }
}

#[test]
fn bits_are_what_the_messages_hold() {
    // exact, d = 4: floats 32 * 4 = 128; two planes 8, one plane 4; a scale 32; sums of 3 votes: 7 values (3 bits)
    // with abstentions, 4 values (2 bits) without. Columns: one worker up, down; three workers up, down (all of them).
    let two = Semantics::default();
    let one = Semantics { sign_zero: SignZero::Plus, ties: SignZero::Plus, ..Semantics::default() };
    let blocks = Semantics { scaling: Scaling::Blocks(vec![1, 3]), ..one.clone() };
    let table = [
        ("sgd", &two, [128, 128, 384, 384]),
        ("sgdm", &two, [128, 128, 384, 384]),
        ("signsgd", &two, [8, 8, 384, 24]),
        ("signsgd", &one, [4, 4, 384, 12]),
        ("signum", &one, [4, 4, 384, 12]),
        ("signsgdm", &one, [4, 4, 384, 12]),
        ("signsgd-sim", &one, [4, 4, 384, 12]),
        ("signsgd-dim", &one, [4, 4, 384, 12]),
        ("signum-noise", &one, [4, 4, 384, 12]),
        ("delayed-signsgd", &two, [8, 8, 384, 24]),
        ("mv-signsgd", &two, [8, 8, 24, 24]),
        ("vote-abstain", &one, [8, 8, 24, 24]),
        ("mv-signsgd-sim", &two, [8, 8, 24, 24]),
        ("mv-sto-signsgd", &two, [4, 8, 12, 24]),
        ("mv-sto-signsgd-sim", &two, [4, 8, 12, 24]),
        ("mv-sto-signsgd-sim", &one, [4, 4, 12, 12]),
        ("federated-mv-sto-signsgd-sim", &one, [4, 4, 12, 12]),
        ("compressed-sgd", &one, [36, 36, 108, 384]),
        ("adam", &one, [128, 128, 384, 384]),
        ("rmsprop", &one, [128, 128, 384, 384]),
        ("gradient-flow", &one, [0, 0, 0, 0]),
        ("sign-flow", &one, [0, 0, 0, 0]),
        ("gd", &two, [128, 128, 384, 384]),
        ("scaled-signsgd", &one, [36, 36, 384, 108]),
        ("vote", &two, [8, 8, 24, 24]),
        ("vote", &one, [4, 4, 12, 12]),
        ("noisy-signsgd", &one, [4, 4, 12, 12]),
        ("vote-sum", &two, [8, 8, 24, 36]),
        ("vote-sum", &one, [4, 4, 12, 24]),
        ("median-sgd", &one, [128, 128, 384, 384]),
        ("noisy-median-sgd", &one, [128, 128, 384, 384]),
        ("scaled-signgd", &one, [36, 36, 384, 108]),
        ("scaled-signsgd-mean", &blocks, [68, 68, 384, 204]),
        ("scaled-vote", &one, [36, 36, 108, 108]),
        ("scaled-vote", &blocks, [68, 68, 204, 204]),
        ("ef-sgd", &one, [36, 36, 384, 108]),
        ("ef-lookahead", &two, [40, 40, 384, 120]),
        ("adagrad-norm", &one, [128, 128, 384, 384]),
        ("sign-adagrad-a", &one, [36, 36, 384, 108]),
        ("sign-adagrad-b", &one, [4, 4, 384, 12]),
    ];
    for entry in ALL {
        assert!(table.iter().any(|row| row.0 == entry.name), "add a row of bits for {} to the table above", entry.name);
    }
    for (name, semantics, expected) in table {
        let mut found = Vec::new();
        for workers in [1, 3] {
            let mut probe = Probe::new(0);
            let setup = Setup::new(name, workers).under(semantics.clone());
            setup.run(&start::<Narrow>(0), 1, &mut probe).unwrap();
            found.extend([probe.up, probe.down]);
        }
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_gradient_that_is_no_number_shows_in_the_iterate() {
    // Every worker in turn, since an order statistic treats the two sides of a comparison differently.
    for entry in ALL {
        for broken in 0..3 {
            let mut probe = Probe { broken_worker: Some(broken), ..Probe::new(0) };
            let run = Setup::new(entry.name, 3).run(&start::<Wide>(0), 1, &mut probe).unwrap();
            assert!(run[0].0.iter().all(|x| x.0.iter().all(|v| v.is_nan())), "{} {broken}", entry.name);
        }
    }
}

#[test]
fn added_noise_enters_with_its_level() {
    // exact: one worker with gradient x, then xi from the probe's second call: v = x + xi/4, step lr = 1/8
    for replicate in 0..8 {
        let plain = || Probe { first: replicate, ..Probe::plain(&[1, 1, 1, 1]) };
        let mut second = plain();
        second.calls = 1;
        let mut xi = vec![Rational::zero(); 4];
        second.perturbation(&mut xi).unwrap();
        let x = start::<Rational>(replicate);
        let noisy: Vec<Rational> = x.iter().zip(&xi).map(|(x, xi)| x.clone() + q(1, 4) * xi).collect();
        let median = Setup::new("noisy-median-sgd", 1).run(&x, 1, &mut plain()).unwrap();
        let sign = Setup::new("noisy-signsgd", 1).run(&x, 1, &mut plain()).unwrap();
        for i in 0..4 {
            assert_eq!(median[0].0[i], x[i].clone() - q(1, 8) * &noisy[i]);
            assert_eq!(sign[0].0[i], x[i].clone() - q(noisy[i].signum(), 8));
        }
    }
}
