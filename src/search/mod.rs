//! The falsifier: looks for the instance of a claim that is worst for it, shrinks what breaks it, and certifies it.
//!
//! A search maximises left/right over the [`Family`] of a bound. Several strategies propose instances; each is
//! weighed exactly where its size allows, and only an exact violation at an instance that meets every hypothesis for
//! certain is ever reported. With a number of evaluations for a budget the outcome is a function of (file, bound,
//! seed); with a time it depends on the machine's speed, and says how far it got.

mod boundary;
mod dice;
mod family;
mod parts;
mod reading;
mod shrink;
mod steps;
mod strategy;
mod suspects;
mod weight;

pub use boundary::{Boundary, boundary};
pub use family::{Candidate, Family};
pub use shrink::size;
pub use steps::first_broken_step;
pub use strategy::{Climb, Evolution, Random, Strategy};
pub use weight::{Weighed, score, weigh_candidate, weigh_tree};

use crate::exact::Budget;
use crate::model::Registry;
use crate::spec::Relation;
use dice::Dice;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use suspects::Suspects;

/// How long a search goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effort {
    /// So long, and one round of proposals at least; how far that is depends on the machine.
    Time(Duration),
    /// So many instances; the outcome is the same everywhere.
    Evaluations(u64),
}

/// Told how a search goes.
pub trait Watch: Sync {
    /// After so many evaluations the largest score is `best`.
    fn progress(&self, evaluations: u64, best: Option<f64>);
}

/// What a search found.
pub struct Found {
    /// The instance with the largest score among those whose violation is exact, else among all.
    pub best: Option<(Candidate, Weighed)>,
    /// The smallest instance that a violation was shrunk to.
    pub shrunk: Option<(Candidate, Weighed)>,
    /// Evaluations and seconds until the first exact violation.
    pub first: Option<(u64, f64)>,
    /// Instances weighed, those outside the hypotheses included.
    pub evaluations: u64,
    /// Instances that met the hypotheses and had both sides.
    pub met: u64,
    /// Why others did not count, most frequent first.
    pub refused: Vec<(String, u64)>,
    /// Whether the largest score hardly grew over the second half of the search.
    pub settled: bool,
    /// Whether every instance of the family was weighed.
    pub exhausted: bool,
}

/// Proposals that are weighed together: a constant, so that the outcome does not depend on the number of threads.
const BATCH: usize = 64;
/// What one weighing may cost in a search.
const CHEAP: Budget = Budget(8_000_000);
/// What one weighing may cost while shrinking and at the end.
pub const CAREFUL: Budget = Budget(200_000_000);
/// Most listed instances of a family that are weighed one by one instead of being searched.
const MOST_LISTED: usize = 4096;
/// Most weighings of one shrinking, and of one whose instances are dear.
const MOST_TRIES: usize = 20_000;
const MOST_DEAR_TRIES: usize = 200;
/// Growth of the largest score over the second half of a search that counts as none.
const SETTLED: f64 = 1e-3;

/// Whether a bound's relation can be broken by a single instance.
#[must_use]
pub fn is_searchable(relation: Relation) -> bool {
    relation != Relation::Rate
}

/// Looks for the worst instance of a bound's family.
#[must_use]
pub fn search_family(
    family: &Family,
    (id, bound): (&str, &str),
    registry: &Registry,
    seed: u64,
    effort: Effort,
    watch: &dyn Watch,
) -> Found {
    let begun = Instant::now();
    let mut dice = Dice::new(seed, &[("claim", id), ("bound", bound)]);
    let mut strategies: Vec<Box<dyn Strategy>> =
        vec![Box::new(Climb::new()), Box::new(Evolution::new()), Box::new(Climb::new()), Box::new(Random)];
    let mut found = Found {
        best: None,
        shrunk: None,
        first: None,
        evaluations: 0,
        met: 0,
        refused: Vec::new(),
        settled: false,
        exhausted: false,
    };
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    let mut suspects = Suspects::default();
    let mut history: Vec<(u64, f64)> = Vec::new();
    // Where all instances are listed and few, each is weighed once.
    let mut listed = family.all(MOST_LISTED).map(Vec::into_iter);
    while goes_on(effort, found.evaluations, begun) {
        let left = match (&listed, effort) {
            (Some(rest), _) => rest.len().min(BATCH),
            (None, Effort::Evaluations(n)) => (n - found.evaluations).min(BATCH as u64) as usize,
            (None, Effort::Time(_)) => BATCH,
        };
        let count = strategies.len();
        let mut propose = |i: usize| match &mut listed {
            Some(rest) => rest.next(),
            None => Some(strategies[i % count].propose(family, &mut dice)),
        };
        let batch: Vec<(usize, Candidate)> = (0..left).filter_map(|i| Some((i % count, propose(i)?))).collect();
        let mut weighed: Vec<Result<Weighed, String>> =
            batch.par_iter().map(|(_, c)| weigh_candidate(registry, family, c, CHEAP)).collect();
        if found.first.is_none() {
            suspects.weigh_again(registry, family, &batch, &mut weighed);
        }
        for ((strategy, candidate), weighed) in batch.into_iter().zip(weighed) {
            found.evaluations += 1;
            strategies[strategy].learn(&candidate, weighed.as_ref().ok().map(|w| w.score));
            match weighed {
                Err(why) => *refused.entry(kind_of(&why)).or_default() += 1,
                Ok(weighed) => {
                    found.met += 1;
                    if weighed.certain && found.first.is_none() {
                        found.first = Some((found.evaluations, begun.elapsed().as_secs_f64()));
                    }
                    // What a sample says guides the strategies, and is no finding.
                    let key = |w: &Weighed| (w.certain, w.is_known(), w.score);
                    if found.best.as_ref().is_none_or(|(_, old)| key(&weighed) > key(old)) {
                        history.push((found.evaluations, weighed.score));
                        found.best = Some((candidate, weighed));
                    }
                }
            }
        }
        watch.progress(found.evaluations, found.best.as_ref().map(|(_, w)| w.score));
        if listed.as_ref().is_some_and(|rest| rest.len() == 0) {
            found.exhausted = true;
            break;
        }
    }
    let half = found.evaluations / 2;
    let at_half = history.iter().rev().find(|(n, _)| *n <= half).map(|(_, s)| *s);
    let last = history.last().map(|(_, s)| *s);
    found.settled = at_half.zip(last).is_some_and(|(a, b)| b - a <= SETTLED * b.abs());
    found.refused = refused.into_iter().collect();
    found.refused.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if let Some((worst, weighed)) = &found.best
        && weighed.certain
    {
        let (price, tries) = suspects.paid.map_or((CHEAP, MOST_TRIES), |price| (price, MOST_DEAR_TRIES));
        let broken = |c: &Candidate| weigh_candidate(registry, family, c, price).is_ok_and(|w| w.certain);
        let smallest = shrink::shrink(family, worst, tries, broken);
        if let Ok(weighed) = weigh_candidate(registry, family, &smallest, price.max(CAREFUL)) {
            found.shrunk = Some((smallest, weighed));
        }
    }
    found
}

fn goes_on(effort: Effort, evaluations: u64, begun: Instant) -> bool {
    match effort {
        Effort::Time(most) => evaluations == 0 || begun.elapsed() < most,
        Effort::Evaluations(most) => evaluations < most,
    }
}

/// A refusal without the numbers of its instance: the hypothesis's name, or the first words.
fn kind_of(why: &str) -> String {
    match why.split_once(": ") {
        Some((name, _)) => name.into(),
        None => why.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).take(80).collect(),
    }
}
