//! The progress bar: replicates, and within a long one its steps and what was measured last.

use crate::run::{BlockFiles, Journal, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

/// Parts of a replicate that the bar can tell apart.
const PARTS: u64 = 1000;
/// Time between two looks at a run.
const LOOK: Duration = Duration::from_millis(200);

/// A progress bar on a terminal, nothing elsewhere; with a deadline, what ends runs.
pub(super) struct Bar {
    bar: ProgressBar,
    deadline: Option<Instant>,
    /// Finished replicates, those under way by their thread, and the last look.
    stand: Mutex<Stand>,
}

struct Stand {
    claim: String,
    done: u64,
    under_way: HashMap<ThreadId, u64>,
    looked: Instant,
}

impl Bar {
    pub(super) fn new(total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total.saturating_mul(PARTS)), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg} {bar:24} {done}/{all} replicates, {eta} left");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = style
            .with_key("done", |s: &ProgressState, w: &mut dyn fmt::Write| _ = write!(w, "{}", s.pos() / PARTS))
            .with_key("all", |s: &ProgressState, w: &mut dyn fmt::Write| {
                _ = write!(w, "{}", s.len().unwrap_or(0) / PARTS);
            });
        bar.set_style(style);
        let stand = Stand { claim: String::new(), done: 0, under_way: HashMap::new(), looked: Instant::now() };
        Bar { bar, deadline: None, stand: Mutex::new(stand) }
    }

    /// The bar, with a moment at which runs are given up.
    #[must_use]
    pub(super) fn until(self, deadline: Option<Instant>) -> Self {
        Bar { deadline, ..self }
    }

    fn stand(&self) -> MutexGuard<'_, Stand> {
        self.stand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, stand: &Stand) {
        self.bar.set_position(stand.done * PARTS + stand.under_way.values().sum::<u64>());
    }

    pub(super) fn claim(&self, id: &str) {
        self.stand().claim = id.to_string();
        self.bar.set_message(format!("{id:36}"));
    }

    /// Moves to where the bar stands after a claim, whatever part of its replicates was needed.
    pub(super) fn at(&self, position: u64) {
        let mut stand = self.stand();
        stand.done = position;
        stand.under_way.clear();
        self.show(&stand);
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn advance(&self, replicates: u64) {
        let mut stand = self.stand();
        stand.done += replicates;
        stand.under_way.remove(&std::thread::current().id());
        self.show(&stand);
    }

    fn step(&self, replicates: u64, k: u64, steps: u64, latest: &dyn Fn() -> String) {
        let mut stand = self.stand();
        if stand.looked.elapsed() < LOOK {
            return;
        }
        stand.looked = Instant::now();
        let part = (replicates * PARTS).saturating_mul(k) / steps.max(1);
        stand.under_way.insert(std::thread::current().id(), part);
        self.bar.set_message(format!("{:36} step {k} of {steps}  {}", stand.claim, latest()));
        self.show(&stand);
    }

    fn stop(&self) -> bool {
        self.deadline.is_some_and(|end| Instant::now() >= end)
    }
}

/// The progress bar, with the blocks of a claim that an earlier run finished.
pub(super) struct Resumable<'a> {
    pub bar: &'a Bar,
    pub blocks: &'a BlockFiles,
}

impl Progress for Resumable<'_> {
    fn advance(&self, replicates: u64) {
        self.bar.advance(replicates);
    }

    fn step(&self, replicates: u64, k: u64, steps: u64, latest: &dyn Fn() -> String) {
        self.bar.step(replicates, k, steps, latest);
    }

    fn stop(&self) -> bool {
        self.bar.stop()
    }

    fn journal(&self) -> Option<&dyn Journal> {
        Some(self.blocks)
    }
}
