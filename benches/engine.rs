//! The three loops in which runs spend their time: steps of an algorithm in wide lanes, the exact enumeration of all
//! outcomes, and the instances of a search. All in one thread.
//!
//! `cargo bench --bench engine`

use divan::counter::ItemsCount;
use divan::{Bencher, Divan, black_box};
use signcheck::internals::claim::{Instance, cells};
use signcheck::internals::engine::{Plan, run};
use signcheck::internals::evidence::enumerate;
use signcheck::internals::search::{Effort, Family, Task, Watch, search_family};
use signcheck::prelude::Registry;
use signcheck::run::{Budget, Silent, Spec, claim_text, load};
use signcheck::scalar::WIDTH;
use std::time::Duration;

/// Longest time of one line.
const MOST: Duration = Duration::from_secs(2);
/// Coordinates times steps of one timed run: long against its start and end, which are not what is measured.
const COORDINATE_STEPS: u64 = 4096;
/// Instances of one timed search.
const EVALUATIONS: u64 = 128;
/// A claim whose family has everything that a search varies: problems, laws, numbers and horizons.
const SEARCHED: (&str, &str) = ("bernstein2018/theorem-1", "mean");

fn main() {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("one thread");
    Divan::from_args().max_time(MOST).main();
}

/// A claim on the last value of the objective after some steps.
fn claim(problem: &str, noise: &str, workers: u64, algorithm: &str, horizon: u64) -> Spec {
    let text = format!(
        r#"
schema = 1
id = "bench/engine"
title = "bench"
source = {{ paper = "bench", place = "here" }}
statement = 'x'
relation = "upper"
left = "last(f)"
[problem]
{problem}
[oracle]
noise = {noise}
workers = {workers}
[algorithm]
{algorithm}
[run]
horizon = {horizon}
[[bound]]
name = "bound"
right = 1
expect = "holds"
why = "it is not decided here"
"#
    );
    load("bench.toml", &text, &Registry::standard(), &[]).unwrap_or_else(|e| panic!("{e}"))
}

/// What a claim is run on, and what is recorded of it.
fn inquiry(spec: &Spec) -> (Instance, Plan) {
    let variant = &spec.base[0].1;
    let cell = cells(variant).expect("cells").remove(0);
    let experiment = variant.experiment().expect("an experiment");
    let instance = Instance::build(&Registry::standard(), experiment, &cell).expect("an instance");
    let terms: Vec<_> = spec.bounds[0].scenarios[0].question.left.terms.iter().collect();
    let plan = Plan::new(&instance, &terms, &[]).expect("a plan");
    (instance, plan)
}

/// Times one block of replicates of an algorithm, whose noise leaves no ties to look for. The items are coordinates times
/// steps times replicates; a step of several workers, with all their gradients, is one step.
fn time_steps(bencher: Bencher, dimension: u64, workers: u64, algorithm: &str) {
    let problem = format!("name = \"quadratic\"\ncurvature = 1\ndimension = {dimension}\nstart = \"1/2\"");
    let horizon = COORDINATE_STEPS.div_ceil(dimension);
    let noise = "{ law = \"gaussian\", scale = 1 }";
    let algorithm = format!("{algorithm}\nstep_size = \"1/1024\"");
    let (instance, plan) = inquiry(&claim(&problem, noise, workers, &algorithm, horizon));
    let replicates = WIDTH as u64;
    bencher
        .counter(ItemsCount::new(dimension * horizon * replicates))
        .bench_local(|| run(black_box(&instance), &plan, 1, &[], replicates, &Silent).expect("a run"));
}

macro_rules! steps {
    ($name:ident, $workers:literal, $algorithm:literal) => {
        #[divan::bench(args = [1, 10, 100, 1000])]
        fn $name(bencher: Bencher, dimension: u64) {
            time_steps(bencher, dimension, $workers, $algorithm);
        }
    };
}
/// Steps of algorithms, by the number of coordinates.
mod steps {
    use super::{Bencher, time_steps};
    steps!(signsgd, 1, "name = \"signsgd\"");
    steps!(ef_sgd_sign, 1, "name = \"ef-sgd\"\ncompressor = \"sign\"");
    steps!(vote_of_5, 5, "name = \"vote\"");
}

/// Times one exact enumeration.
fn time_enumeration(bencher: Bencher, workers: u64, algorithm: &str, horizon: u64) {
    let problem = "name = \"linear\"\nslope = \"1/4\"\nbox = 1\nstart = [0]";
    let skewed = "{ law = \"finite\", atoms = [[\"15/4\", \"1/4\"], [\"-5/4\", \"3/4\"]] }";
    let algorithm = format!("{algorithm}\nstep_size = \"1/8\"");
    let (instance, plan) = inquiry(&claim(problem, skewed, workers, &algorithm, horizon));
    bencher
        .bench_local(|| enumerate(black_box(&instance), &plan, Budget::QUICK, &Silent).expect("a small enumeration"));
}

/// Exact enumerations, by the number of steps: the states lie on a lattice between two walls, and outcomes that reach
/// the same state are one.
mod enumeration {
    use super::{Bencher, time_enumeration};

    #[divan::bench(args = [8, 64])]
    fn skewed_lattice(bencher: Bencher, horizon: u64) {
        time_enumeration(bencher, 1, "name = \"signsgd\"", horizon);
    }

    /// Every step has two atoms for each of five workers.
    #[divan::bench(args = [8, 64])]
    fn vote_of_5(bencher: Bencher, horizon: u64) {
        time_enumeration(bencher, 5, "name = \"vote\"", horizon);
    }
}

struct Unwatched;

impl Watch for Unwatched {
    fn progress(&self, _: u64, _: Option<f64>) {}
}

/// A search with a fixed number of evaluations. The items are instances.
#[divan::bench(sample_count = 4, sample_size = 1)]
fn search(bencher: Bencher) {
    let registry = Registry::standard();
    let (id, name) = SEARCHED;
    let text = claim_text(id).expect("a claim");
    let spec = load(id, &text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
    let bound = spec.bounds.iter().find(|b| b.name == name).expect("a bound");
    let family = Family::new(bound, &registry);
    let task = Task { name: (id, name), seed: 1, effort: Effort::Evaluations(EVALUATIONS), watch: &Unwatched };
    bencher.counter(ItemsCount::new(EVALUATIONS)).bench_local(|| {
        let found = search_family(&family, &registry, black_box(&task));
        assert_eq!(found.evaluations, EVALUATIONS, "the family has fewer instances");
        found
    });
}
