//! The falsifier: looks for the instance of a claim that is worst for it, shrinks what breaks it, and certifies it.
//!
//! A search maximises left/right over the [`Family`] of a bound. Several strategies propose instances; each is
//! evaluated exactly where its size allows. Only an exact violation at an instance that meets every hypothesis for
//! certain is ever reported. With a number of evaluations for a budget the outcome is a function of (file, bound,
//! seed). With a time it depends on the machine's speed, and the result states how far the search got.

mod boundary;
mod choices;
mod couplings;
mod draw;
mod family;
mod laws;
mod listed;
mod objectives;
mod parts;
mod region;
mod requires;
mod score;
mod shrink;
mod slots;
mod steps;
mod strategy;
mod unconfirmed;
mod values;
mod within;

pub(crate) use boundary::boundary;
pub(crate) use family::Candidate;
pub use family::Family;
pub(crate) use score::{Evaluated, evaluate_candidate};
pub(crate) use shrink::size;
pub(crate) use steps::first_broken_step;
pub(crate) use strategy::{Climb, Evolution, Random, Strategy};

use crate::claim::Relation;
use crate::evidence::Budget;
use crate::model::Registry;
use crate::run::{Price, Refusal};
use choices::Choices;
use rayon::prelude::*;
use region::Region;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use unconfirmed::Unconfirmed;

/// How long a search goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effort {
    /// So long, and one round of proposals at least; how far that is depends on the machine.
    Time(Duration),
    /// So many instances; the outcome is the same everywhere.
    Evaluations(u64),
}

/// Is notified of the progress of a search.
pub trait Watch: Sync {
    /// After so many evaluations the largest score is `best`.
    fn progress(&self, evaluations: u64, best: Option<f64>);
}

/// What a search found.
#[derive(Default)]
pub struct Found {
    /// The instance with the largest score among those whose violation is exact, else among all.
    pub best: Option<(Candidate, Evaluated)>,
    /// The same among instances near the file's own: declared parameters between those that it lists.
    pub near: Option<(Candidate, Evaluated)>,
    /// The smallest instance that a violation was shrunk to.
    pub shrunk: Option<(Candidate, Evaluated)>,
    /// Evaluations and seconds until the first exact violation.
    pub first: Option<(u64, f64)>,
    /// Instances proposed, those outside the hypotheses included.
    pub evaluations: u64,
    /// Instances that met the hypotheses and had both sides.
    pub met: u64,
    /// Instances that fail a hypothesis or an inequality.
    pub outside: u64,
    /// The hypotheses and inequalities that they fail, most frequent first.
    pub failed: Vec<(String, u64)>,
    /// Instances that the file lists and that were not decided, one way or the other, with the reasons.
    pub skipped: Vec<(String, u64)>,
    /// Cells of the file that its family does not have.
    pub elsewhere: u64,
    /// A cell of the file that a sample places above the bound, while no exact method can decide it.
    pub sampled: Option<(Candidate, Evaluated)>,
    /// Why others did not count, most frequent first.
    pub refused: Vec<(String, u64)>,
    /// Whether the largest score hardly grew over the second half of the search.
    pub settled: bool,
    /// Whether every instance of the family was evaluated.
    pub exhausted: bool,
}

/// Proposals that are evaluated together: a constant, so that the outcome does not depend on the number of threads.
const BATCH: usize = 64;
/// The same of instances that the file lists: each may take as long as `verify` needs.
const LISTED_BATCH: usize = 8;
/// What one evaluation may cost in a search.
const CHEAP: Price = Price::drawn(Budget(8_000_000));
/// What one evaluation may cost while shrinking and at the end.
pub(crate) const CAREFUL: Price = Price::drawn(Budget(200_000_000));
/// Most listed instances of a family that are evaluated one by one instead of being searched.
const MOST_LISTED: usize = 4096;
/// Most evaluations of one shrinking, and of one whose instances are expensive.
const MOST_TRIES: usize = 20_000;
const MOST_DEAR_TRIES: usize = 200;
/// Growth of the largest score over the second half of a search that counts as none.
const SETTLED: f64 = 1e-3;

/// Whether a bound's relation can be broken by a single instance.
#[must_use]
pub(crate) fn is_searchable(relation: Relation) -> bool {
    relation != Relation::Rate
}

/// What a search looks for, and how long.
pub struct Task<'a> {
    /// Claim and bound: they name the random choices.
    pub name: (&'a str, &'a str),
    /// Seed.
    pub seed: u64,
    /// How long.
    pub effort: Effort,
    /// Is notified of its progress.
    pub watch: &'a dyn Watch,
}

/// A search under way.
struct Search<'a> {
    family: &'a Family,
    registry: &'a Registry,
    found: Found,
    failed: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    skipped: BTreeMap<String, u64>,
    history: Vec<(u64, f64)>,
    region: Region,
    /// The price at which the best became certain.
    paid: Price,
    begun: Instant,
}

/// Looks for the worst instance of a bound's family.
#[must_use]
pub fn search_family(family: &Family, registry: &Registry, task: &Task<'_>) -> Found {
    let mut search = Search {
        family,
        registry,
        found: Found::default(),
        failed: BTreeMap::new(),
        refused: BTreeMap::new(),
        skipped: BTreeMap::new(),
        history: Vec::new(),
        region: Region::default(),
        paid: CHEAP,
        begun: Instant::now(),
    };
    let mut strategies: Vec<Box<dyn Strategy>> =
        vec![Box::new(Climb::new()), Box::new(Evolution::new()), Box::new(Climb::near()), Box::new(Random)];
    let whole = search.listed(task, &mut strategies);
    if !whole {
        search.drawn(task, &mut strategies);
    }
    search.finish(whole)
}

impl Search<'_> {
    /// Evaluates what the file lists, its own cells first. Returns whether that was the whole family.
    fn listed(&mut self, task: &Task<'_>, strategies: &mut [Box<dyn Strategy>]) -> bool {
        let listed = self.family.listed(MOST_LISTED);
        self.found.elsewhere = listed.elsewhere;
        if listed.left_out > 0 {
            self.skipped.insert("more cells than are looked at".into(), listed.left_out);
        }
        let mut rest = listed.members.into_iter();
        while rest.len() > 0 {
            if !self.goes_on(task) {
                self.skipped.insert("the search ended before".into(), rest.len() as u64);
                break;
            }
            let batch: Vec<Candidate> = rest.by_ref().take(LISTED_BATCH.min(self.remaining(task))).collect();
            let evaluated: Vec<Result<Evaluated, Refusal>> =
                batch.par_iter().map(|c| evaluate_candidate(self.registry, self.family, c, Price::OWN)).collect();
            for (candidate, evaluated) in batch.into_iter().zip(evaluated) {
                match &evaluated {
                    Ok(evaluated) => {
                        self.region.add(evaluated);
                        if evaluated.unconfirmed && self.found.sampled.is_none() {
                            self.found.sampled = Some((candidate.clone(), evaluated.clone()));
                        }
                    }
                    Err(Refusal::Outside(..)) => {}
                    Err(why) => *self.skipped.entry(kind_of(why)).or_default() += 1,
                }
                for strategy in &mut *strategies {
                    strategy.learn(&candidate, evaluated.as_ref().ok().map(|w| w.score), true);
                }
                self.count(candidate, evaluated, Price::OWN);
            }
            task.watch.progress(self.found.evaluations, self.best_score());
        }
        listed.whole
    }

    /// Evaluates what the strategies propose.
    fn drawn(&mut self, task: &Task<'_>, strategies: &mut [Box<dyn Strategy>]) {
        let mut choices = Choices::new(task.seed, &[("claim", task.name.0), ("bound", task.name.1)]);
        let mut unconfirmed = Unconfirmed::default();
        let (family, registry, count) = (self.family, self.registry, strategies.len());
        let mut proposed = 0;
        while self.goes_on(task) || proposed == 0 && matches!(task.effort, Effort::Time(_)) {
            let batch: Vec<(usize, Candidate)> = (0..self.remaining(task).min(BATCH))
                .map(|i| (i % count, strategies[i % count].propose(family, &mut choices)))
                .collect();
            proposed += batch.len();
            let mut evaluated: Vec<Result<Evaluated, Refusal>> =
                batch.par_iter().map(|(_, c)| evaluate_candidate(registry, family, c, CHEAP)).collect();
            let mut price = CHEAP;
            if self.found.first.is_none() {
                unconfirmed.evaluate_again(registry, family, &batch, &mut evaluated);
                price = unconfirmed.paid.unwrap_or(CHEAP);
            }
            for ((strategy, candidate), evaluated) in batch.into_iter().zip(evaluated) {
                let score = match &evaluated {
                    Ok(evaluated) => Some(evaluated.score),
                    Err(refusal) => family.distance(registry, &candidate, refusal).map(|d| -1.0 - d),
                };
                let near = evaluated.as_ref().is_ok_and(|w| self.is_near(&candidate, w));
                strategies[strategy].learn(&candidate, score, near);
                self.count(candidate, evaluated, price);
            }
            task.watch.progress(self.found.evaluations, self.best_score());
        }
    }

    fn is_near(&self, candidate: &Candidate, evaluated: &Evaluated) -> bool {
        self.family.is_between_listed(candidate) && self.region.holds(evaluated)
    }

    fn best_score(&self) -> Option<f64> {
        self.found.best.as_ref().map(|(_, w)| w.score)
    }

    fn goes_on(&self, task: &Task<'_>) -> bool {
        match task.effort {
            Effort::Time(most) => self.found.evaluations == 0 || self.begun.elapsed() < most,
            Effort::Evaluations(most) => self.found.evaluations < most,
        }
    }

    /// How many instances the effort leaves.
    fn remaining(&self, task: &Task<'_>) -> usize {
        match task.effort {
            Effort::Time(_) => usize::MAX,
            Effort::Evaluations(most) => usize::try_from(most - self.found.evaluations).unwrap_or(usize::MAX),
        }
    }

    /// Takes what became of an instance into account.
    fn count(&mut self, candidate: Candidate, evaluated: Result<Evaluated, Refusal>, price: Price) {
        self.found.evaluations += 1;
        let evaluated = match evaluated {
            Ok(evaluated) => evaluated,
            Err(why) => {
                let is_outside = matches!(why, Refusal::Outside(..));
                self.found.outside += u64::from(is_outside);
                let reasons = if is_outside { &mut self.failed } else { &mut self.refused };
                *reasons.entry(kind_of(&why)).or_default() += 1;
                return;
            }
        };
        self.found.met += 1;
        if evaluated.certain && self.found.first.is_none() {
            self.found.first = Some((self.found.evaluations, self.begun.elapsed().as_secs_f64()));
        }
        // The result of a sample guides the strategies, and is no finding.
        let key = |w: &Evaluated| (w.certain, w.is_known(), w.score);
        let is_better =
            |old: &Option<(Candidate, Evaluated)>| old.as_ref().is_none_or(|(_, old)| key(&evaluated) > key(old));
        if self.is_near(&candidate, &evaluated) && is_better(&self.found.near) {
            self.found.near = Some((candidate.clone(), evaluated.clone()));
        }
        if is_better(&self.found.best) {
            self.history.push((self.found.evaluations, evaluated.score));
            self.paid = price;
            self.found.best = Some((candidate, evaluated));
        }
    }

    /// Shrinks what was found.
    fn finish(mut self, whole: bool) -> Found {
        let half = self.found.evaluations / 2;
        let at_half = self.history.iter().rev().find(|(n, _)| *n <= half).map(|(_, s)| *s);
        let last = self.history.last().map(|(_, s)| *s);
        self.found.settled = at_half.zip(last).is_some_and(|(a, b)| b - a <= SETTLED * b.abs());
        let sorted = |counts: BTreeMap<String, u64>| {
            let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
            counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            counts
        };
        self.found.failed = sorted(std::mem::take(&mut self.failed));
        self.found.refused = sorted(std::mem::take(&mut self.refused));
        self.found.skipped = sorted(std::mem::take(&mut self.skipped));
        self.found.exhausted = whole && self.found.skipped.is_empty();
        if let Some((worst, evaluated)) = self.found.best.clone()
            && evaluated.certain
        {
            self.shrink(&worst);
        }
        self.found
    }

    /// The least that makes a violation certain: a file's own cell may cost more than it needs.
    fn least_price(&self, worst: &Candidate) -> Price {
        let enough = |price: &Price| {
            evaluate_candidate(self.registry, self.family, worst, *price).is_ok_and(|evaluated| evaluated.certain)
        };
        let less = |price: &Price| self.paid.own || price.exact < self.paid.exact;
        [CHEAP, CAREFUL].into_iter().filter(less).find(enough).unwrap_or(self.paid)
    }

    /// The smallest instance that a violation leads to; a larger score may turn up on the way.
    fn shrink(&mut self, worst: &Candidate) {
        let (family, registry, price) = (self.family, self.registry, self.least_price(worst));
        let tries = if price == CHEAP { MOST_TRIES } else { MOST_DEAR_TRIES };
        let mut larger: Option<(Candidate, Evaluated)> = None;
        let broken = |candidate: &Candidate| {
            let Ok(evaluated) = evaluate_candidate(registry, family, candidate, price) else { return false };
            let best = larger.as_ref().or(self.found.best.as_ref()).map_or(f64::NEG_INFINITY, |(_, w)| w.score);
            if evaluated.certain && evaluated.score > best {
                larger = Some((candidate.clone(), evaluated.clone()));
            }
            evaluated.certain
        };
        let smallest = shrink::shrink(family, worst, tries, broken);
        let careful = if price.exact > CAREFUL.exact || price.own { price } else { CAREFUL };
        if let Ok(evaluated) = evaluate_candidate(registry, family, &smallest, careful) {
            self.found.shrunk = Some((smallest, evaluated));
        }
        if larger.is_some() {
            self.found.best = larger;
        }
    }
}

/// A refusal without the numbers of its instance: the hypothesis's name, or the first words.
fn kind_of(why: &Refusal) -> String {
    match why {
        Refusal::Outside(name, _) => name.clone(),
        Refusal::Open(name, _) => format!("{name} is not known"),
        Refusal::TooLarge(_) => "too large".into(),
        Refusal::NoValue(why) => match why.split_once(": ") {
            Some((name, _)) => name.into(),
            None => why.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).take(80).collect(),
        },
    }
}
