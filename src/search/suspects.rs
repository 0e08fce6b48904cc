//! Instances at which a sample or doubles show a violation: some of them are worth a higher price.

use super::CAREFUL;
use super::family::{Candidate, Family};
use super::shrink::size;
use super::weight::{Weighed, weigh_candidate};
use crate::evidence::Budget;
use crate::model::Registry;
use crate::run::{Price, Refusal};
use rayon::prelude::*;

/// Suspects of a batch that are evaluated again.
const OF_A_BATCH: usize = 2;
/// Suspects of a search, and after how many without a finding each of them may cost four times as much.
const MOST: usize = 80;
const OF_A_PRICE: usize = 40;

/// What was evaluated at a higher price so far.
#[derive(Default)]
pub(super) struct Suspects {
    tried: Vec<Candidate>,
    /// The price at which one became certain.
    pub paid: Option<Price>,
}

impl Suspects {
    /// Evaluates some suspects of a batch again, small ones first, because they cost less, and replaces what becomes
    /// certain.
    pub fn weigh_again(
        &mut self,
        registry: &Registry,
        family: &Family,
        batch: &[(usize, Candidate)],
        weighed: &mut [Result<Weighed, Refusal>],
    ) {
        let mut chosen: Vec<usize> = (0..batch.len())
            .filter(|i| weighed[*i].as_ref().is_ok_and(|w| w.suspect) && !self.tried.contains(&batch[*i].1))
            .collect();
        chosen.sort_by_key(|i| size(&batch[*i].1));
        chosen.truncate(OF_A_BATCH.min(MOST - self.tried.len()));
        let price = Price::drawn(Budget(CAREFUL.exact.0 << (2 * (self.tried.len() / OF_A_PRICE))));
        let again: Vec<Result<Weighed, Refusal>> =
            chosen.par_iter().map(|i| weigh_candidate(registry, family, &batch[*i].1, price)).collect();
        for (i, again) in chosen.into_iter().zip(again) {
            self.tried.push(batch[i].1.clone());
            if again.as_ref().is_ok_and(|w| w.certain) {
                weighed[i] = again;
                self.paid = Some(price);
            }
        }
    }
}
