//! A run that goes on from finished blocks ends with the bytes of one that was never stopped.

use signcheck::model::Registry;
use signcheck::run::{Journal, Kept, Profile, Progress, Settings, decide, load};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

type Runs = BTreeMap<String, BTreeMap<u64, Vec<u64>>>;

/// Blocks in memory, with a count of those that were run.
#[derive(Default)]
struct Memory {
    runs: Mutex<Runs>,
    put: AtomicU64,
}

struct Blocks<'a>(&'a Memory, String);

impl Memory {
    fn with<R>(&self, change: impl FnOnce(&mut Runs) -> R) -> R {
        change(&mut self.runs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Journal for Memory {
    fn open(&self, run: &str) -> Box<dyn Kept + '_> {
        Box::new(Blocks(self, run.into()))
    }
}

impl Kept for Blocks<'_> {
    fn get(&self, first: u64) -> Option<Vec<u64>> {
        self.0.with(|runs| runs.get(&self.1)?.get(&first).cloned())
    }

    fn put(&self, first: u64, words: Vec<u64>) {
        self.0.put.fetch_add(1, Ordering::Relaxed);
        self.0.with(|runs| runs.entry(self.1.clone()).or_default().insert(first, words));
    }
}

impl Progress for Memory {
    fn advance(&self, _replicates: u64) {}

    fn journal(&self) -> Option<&dyn Journal> {
        Some(self)
    }
}

/// Two curves on the same random numbers, one narrow problem, a figure, and signs that are taken of numbers near 0.
const CLAIM: &str = r#"
schema = 1
id = "test/journal"
title = "two methods"
source = { paper = "test", place = "journal" }
statement = "none"
relation = "ordering"
left = "E(last(f))"
units = "waived: a test"
trivial = "none: a test"

[parameters]
lr = ["1/2", "1/8"]

[tune]
parameter = "lr"
by = "last(f)"
change = { run = { replicates = 3 } }

[problem]
name = "mlp"
hidden = [2]
samples = 12
tests = 5

[oracle]
sampling = "minibatch"
batch = 2

[algorithm]
name = "sgd"
step_size = "lr"

[run]
horizon = 20
replicates = 200
checkpoints = 5

[[case]]
name = "network"
change = {}
[[case]]
name = "ties"
change = { problem = { name = "quadratic", curvature = 1, dimension = 2, start = 1 }, oracle = { sampling = "full", noise = { law = "finite", atoms = [[1, "1/2"], [-1, "1/2"]], scale = "3/10" } } }

[[bound]]
name = "order"
order = ["sgd", "signs"]
expect = "holds"
why = "a test"

[[curve]]
name = "sgd"
change = {}
[[curve]]
name = "signs"
change = { algorithm = { name = "signsgd", keep = ["step_size"] } }

[[figure]]
kind = "curves"
y = ["f", "grad_l1"]
"#;

fn decided(memory: &Memory) -> String {
    let registry = Registry::standard();
    let spec = load("journal.toml", CLAIM, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
    let settings = Settings { registry: &registry, seed: 1, level: 1e-6, profile: Profile::Quick, progress: memory };
    let result = decide(&spec, "journal.toml", CLAIM, &settings).unwrap_or_else(|e| panic!("{e}"));
    serde_json::to_string(&result).unwrap()
}

#[test]
fn a_run_from_kept_blocks_has_the_same_bytes() {
    let memory = Memory::default();
    let whole = decided(&memory);
    let all = memory.put.swap(0, Ordering::Relaxed);
    // Both widths: 200 replicates of each method on the network, and blocks of many on the other problem.
    assert!(all > 400, "{all} blocks were run");
    assert_eq!(decided(&memory), whole);
    assert_eq!(memory.put.load(Ordering::Relaxed), 0, "every block was there already");

    // Every third block is missing, and another third is no block of this run.
    let mut gone = 0;
    memory.with(|runs| {
        for blocks in runs.values_mut() {
            blocks.retain(|first, words| {
                match first % 3 {
                    0 => gone += 1,
                    1 => {
                        words.pop();
                        gone += 1;
                    }
                    _ => {}
                }
                first % 3 != 0
            });
        }
    });
    assert_eq!(decided(&memory), whole);
    assert_eq!(memory.put.load(Ordering::Relaxed), gone);
}

#[test]
fn other_draws_are_other_runs() {
    let memory = Memory::default();
    let first = decided(&memory);
    memory.with(|runs| {
        for blocks in runs.values_mut() {
            for words in blocks.values_mut() {
                // exact: the first word is the width, the second the number of paths; the third is a value.
                words[2] ^= 1 << 40;
            }
        }
    });
    assert_ne!(decided(&memory), first, "what is kept is what counts");
}
