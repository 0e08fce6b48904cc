//! Instances at which a sample or doubles show a violation: some of them are worth a higher price.

use super::CAREFUL;
use super::family::{Candidate, Family};
use super::score::{Evaluated, evaluate_candidate};
use super::shrink::size;
use crate::evidence::Budget;
use crate::model::Registry;
use crate::run::{Price, Refusal};
use rayon::prelude::*;

/// Unconfirmed instances of a batch that are evaluated again.
const OF_A_BATCH: usize = 2;
/// Unconfirmed instances of a search, and after how many without a finding each of them may cost four times as much.
const MOST: usize = 80;
const OF_A_PRICE: usize = 40;

/// What was evaluated at a higher price so far.
#[derive(Default)]
pub(super) struct Unconfirmed {
    tried: Vec<Candidate>,
    /// The price at which one became certain.
    pub paid: Option<Price>,
}

impl Unconfirmed {
    /// Evaluates some unconfirmed instances of a batch again, small ones first, because they cost less, and replaces what becomes
    /// certain.
    pub(super) fn evaluate_again(
        &mut self,
        registry: &Registry,
        family: &Family,
        batch: &[(usize, Candidate)],
        evaluated: &mut [Result<Evaluated, Refusal>],
    ) {
        let mut chosen: Vec<usize> = (0..batch.len())
            .filter(|i| evaluated[*i].as_ref().is_ok_and(|w| w.unconfirmed) && !self.tried.contains(&batch[*i].1))
            .collect();
        chosen.sort_by_key(|i| size(&batch[*i].1));
        chosen.truncate(OF_A_BATCH.min(MOST - self.tried.len()));
        let price = Price::drawn(Budget(CAREFUL.exact.0 << (2 * (self.tried.len() / OF_A_PRICE))));
        let again: Vec<Result<Evaluated, Refusal>> =
            chosen.par_iter().map(|i| evaluate_candidate(registry, family, &batch[*i].1, price)).collect();
        for (i, again) in chosen.into_iter().zip(again) {
            self.tried.push(batch[i].1.clone());
            if again.as_ref().is_ok_and(|w| w.certain) {
                evaluated[i] = again;
                self.paid = Some(price);
            }
        }
    }
}
