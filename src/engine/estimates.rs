//! What the replicates of a cell say, and what is known of it beside them.

use super::RunError;
use super::block::Record;
use super::measure::Plan;
use super::oracle::Traffic;
use crate::claim::Instance;
use crate::model::Ties;
use crate::scalar::{Computable, Enclosure, Lane, WIDTH};
use crate::stats::{Interval, Moments};

/// What the replicates say about one path functional.
#[derive(Debug, Clone, Default)]
pub struct PathMoments {
    /// Over the replicates.
    pub moments: Moments,
    /// Size of the numbers that were combined: rounding is relative to it.
    pub size: f64,
    /// How far rounding can have taken a replicate's value, where that was followed.
    pub rounding: Option<f64>,
    /// The value where it is known exactly.
    pub exact: Option<Computable>,
    /// An enclosure of the value, from a run in interval arithmetic.
    pub enclosed: Option<Interval>,
}

impl PathMoments {
    /// Takes an enclosure of the value, which may be exact.
    fn enclose(&mut self, value: &Enclosure) {
        let (low, high) = value.ends();
        self.enclosed = Interval::new(low, high);
        self.exact = self.exact.take().or_else(|| value.exact().cloned().map(Computable::from));
    }
}

/// What a cell's replicates say.
#[derive(Debug, Clone)]
pub struct Estimates {
    /// One per path term.
    pub paths: Vec<PathMoments>,
    /// One per series term, with one entry per iterate.
    pub series: Vec<Vec<PathMoments>>,
    /// One per curve, with one entry per checkpoint.
    pub curves: Vec<Vec<Moments>>,
    /// Messages and calls of one replicate.
    pub traffic: Traffic,
    /// Replicates run.
    pub replicates: u64,
    /// Replicates that diverged, and the first iteration at which one did.
    pub diverged: (u64, Option<u64>),
    /// Replicates that took a sign, an order or a choice of numbers within their rounding errors.
    pub near: u64,
    /// The rarest atom that a draw was from, where its probability depends on the state.
    pub rarest: Option<f64>,
    /// Whether nothing was random, so that one replicate says everything.
    pub deterministic: bool,
    /// Why a deterministic run has no enclosure, where it has none: its doubles alone prove nothing.
    pub open: Option<String>,
    /// Signs of exact zeros, where a run in exact arithmetic finds them.
    pub ties: Ties,
}

impl Estimates {
    /// Before any replicate.
    #[must_use]
    pub fn empty(plan: &Plan, instance: &Instance) -> Self {
        Estimates {
            paths: vec![PathMoments::default(); plan.paths.len()],
            series: vec![Vec::new(); plan.series.len()],
            curves: vec![vec![Moments::default(); instance.checkpoints.len()]; plan.curves.len()],
            traffic: Traffic::default(),
            replicates: 0,
            diverged: (0, None),
            near: 0,
            rarest: None,
            deterministic: instance.is_deterministic(),
            open: None,
            ties: Ties::NotSeen,
        }
    }

    /// Whether any expectation was estimated from replicates.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.paths.iter().chain(self.series.iter().flatten()).any(|m| m.moments.count() > 0)
    }

    /// Puts exact expectations beside what was sampled.
    pub fn set_exact(&mut self, paths: Vec<Option<Computable>>, series: Vec<Option<Vec<Computable>>>) {
        for (slot, value) in self.paths.iter_mut().zip(paths) {
            slot.exact = value.or_else(|| slot.exact.take());
        }
        for (slots, values) in self.series.iter_mut().zip(series) {
            let values = values.unwrap_or_default();
            slots.resize_with(slots.len().max(values.len()), PathMoments::default);
            for (slot, value) in slots.iter_mut().zip(values) {
                slot.exact = Some(value);
            }
        }
    }

    /// Puts what is known of the first iterates of series beside what was sampled. Without a sample it is left out: a
    /// series that ends early would pass for a whole one.
    pub fn set_first_iterates(&mut self, exact: &[Option<Vec<Computable>>]) {
        for (slots, exact) in self.series.iter_mut().zip(exact) {
            for (slot, value) in slots.iter_mut().zip(exact.iter().flatten()) {
                slot.exact = Some(value.clone());
            }
        }
    }

    /// Takes note of what any one path sends, and of the ties along all of them.
    pub fn set_run(&mut self, traffic: Traffic, ties: Ties) {
        (self.traffic, self.ties) = (traffic, ties);
        self.replicates = self.replicates.max(1);
    }

    /// Puts enclosed expectations beside what was sampled.
    pub fn set_enclosures(&mut self, paths: Vec<Option<Enclosure>>, series: Vec<Option<Vec<Enclosure>>>) {
        for (slot, value) in self.paths.iter_mut().zip(paths) {
            if let Some(value) = value {
                slot.enclose(&value);
            }
        }
        for (slots, values) in self.series.iter_mut().zip(series) {
            let values = values.unwrap_or_default();
            slots.resize_with(slots.len().max(values.len()), PathMoments::default);
            for (slot, value) in slots.iter_mut().zip(&values) {
                slot.enclose(value);
            }
        }
    }

    /// Puts enclosures beside what was computed in doubles, or why there are none.
    ///
    /// # Errors
    /// Only that the run is to be given up.
    pub fn set_enclosed(&mut self, record: Result<Record<Enclosure>, RunError>) -> Result<(), RunError> {
        let record = match record {
            Ok(record) => record,
            Err(RunError::Stopped) => return Err(RunError::Stopped),
            Err(error) => {
                self.open = Some(format!("no enclosure of the run: {error}"));
                return Ok(());
            }
        };
        self.ties = record.ties;
        for (slot, value) in self.paths.iter_mut().zip(&record.paths) {
            slot.enclose(value);
        }
        for (slots, values) in self.series.iter_mut().zip(&record.series) {
            slots.resize_with(slots.len().max(values.len()), PathMoments::default);
            for (slot, value) in slots.iter_mut().zip(values) {
                slot.enclose(value);
            }
        }
        Ok(())
    }

    /// Takes note of rounding errors, times a factor.
    pub(super) fn absorb_errors<S>(&mut self, record: &Record<S>, factor: f64) {
        for (slot, error) in self.paths.iter_mut().zip(&record.errors.0) {
            slot.rounding = Some(slot.rounding.unwrap_or(0.0).max(error * factor));
        }
        for (slots, errors) in self.series.iter_mut().zip(&record.errors.1) {
            slots.resize_with(slots.len().max(errors.len()), PathMoments::default);
            for (slot, error) in slots.iter_mut().zip(errors) {
                slot.rounding = Some(slot.rounding.unwrap_or(0.0).max(error * factor));
            }
        }
    }

    pub(super) fn absorb<const N: usize>(&mut self, record: &Record<Lane<N>>, active: usize) {
        for lane in 0..active {
            let since = record.diverged[lane];
            if let Some(step) = since {
                self.diverged.0 += 1;
                self.diverged.1 = Some(self.diverged.1.map_or(step, |s| s.min(step)));
            }
            let push = |moments: &mut Moments, value: f64| {
                if value.is_finite() { moments.push(value) } else { moments.push_diverged(since.unwrap_or(0)) }
            };
            for (slot, size) in self.paths.iter_mut().zip(&record.sizes) {
                slot.size = slot.size.max(size.0[lane]);
            }
            for (slot, value) in self.paths.iter_mut().zip(&record.paths) {
                // A path whose iterate diverged has no functional, whatever its arithmetic gave.
                push(&mut slot.moments, if since.is_some() { f64::NAN } else { value.0[lane] });
            }
            for (slots, values) in self.series.iter_mut().zip(&record.series) {
                slots.resize_with(values.len(), PathMoments::default);
                for (slot, value) in slots.iter_mut().zip(values) {
                    push(&mut slot.moments, value.0[lane]);
                }
            }
            for (slots, values) in self.curves.iter_mut().zip(&record.curves) {
                for (slot, value) in slots.iter_mut().zip(values) {
                    push(slot, value.0[lane]);
                }
            }
        }
        self.absorb_errors(record, 1.0);
        self.traffic = record.traffic;
        self.replicates += active as u64;
        for rarest in record.rarest.iter().take(active) {
            self.rarest = Some(self.rarest.unwrap_or(1.0).min(*rarest));
        }
        let lanes = if active < WIDTH { (1_u64 << active) - 1 } else { u64::MAX };
        self.near += u64::from((record.near & lanes).count_ones());
    }
}
