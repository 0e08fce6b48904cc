//! Finished blocks of replicates as words, for a run that is killed and taken up again.

use super::block::Record;
use super::measure::Plan;
use super::oracle::Traffic;
use crate::model::Ties;
use crate::scalar::Lane;

/// Stands for "did not diverge".
const NEVER: u64 = u64::MAX;

impl<const N: usize> Record<Lane<N>> {
    /// All of it, numbers by their bits.
    pub(super) fn to_words(&self) -> Vec<u64> {
        let mut words = vec![N as u64];
        let lanes = |words: &mut Vec<u64>, values: &[Lane<N>]| {
            words.push(values.len() as u64);
            words.extend(values.iter().flat_map(|v| v.0).map(f64::to_bits));
        };
        let floats = |words: &mut Vec<u64>, values: &[f64]| {
            words.push(values.len() as u64);
            words.extend(values.iter().map(|v| v.to_bits()));
        };
        lanes(&mut words, &self.paths);
        lanes(&mut words, &self.sizes);
        for group in [&self.series, &self.curves] {
            words.push(group.len() as u64);
            group.iter().for_each(|values| lanes(&mut words, values));
        }
        words.extend([self.traffic.calls, self.traffic.upload, self.traffic.broadcast, self.near]);
        words.push(self.diverged.len() as u64);
        words.extend(self.diverged.iter().map(|k| k.unwrap_or(NEVER)));
        floats(&mut words, &self.errors.0);
        words.push(self.errors.1.len() as u64);
        self.errors.1.iter().for_each(|values| floats(&mut words, values));
        floats(&mut words, &self.rarest);
        words
    }

    /// What [`Self::to_words`] wrote for this plan; `None` where it is something else.
    pub(super) fn from_words(words: &[u64], plan: &Plan) -> Option<Self> {
        let mut reader = Words(words);
        (reader.next()? == N as u64).then_some(())?;
        let record = Record {
            paths: reader.lanes()?,
            sizes: reader.lanes()?,
            series: reader.groups(Words::lanes)?,
            curves: reader.groups(Words::lanes)?,
            traffic: Traffic { calls: reader.next()?, upload: reader.next()?, broadcast: reader.next()? },
            near: reader.next()?,
            diverged: reader.list()?.iter().map(|k| (*k != NEVER).then_some(*k)).collect(),
            ties: Ties::NotSeen,
            errors: (reader.floats()?, reader.groups(Words::floats)?),
            rarest: reader.floats()?,
        };
        let fits = record.paths.len() == plan.paths.len()
            && record.series.len() == plan.series.len()
            && record.curves.len() == plan.curves.len()
            && record.diverged.len() == N
            && reader.0.is_empty();
        fits.then_some(record)
    }
}

/// What is left to read.
struct Words<'a>(&'a [u64]);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<u64> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, n: usize) -> Option<&'a [u64]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.next()?).ok().filter(|n| *n <= self.0.len())
    }

    fn list(&mut self) -> Option<&'a [u64]> {
        let n = self.count()?;
        self.take(n)
    }

    fn floats(&mut self) -> Option<Vec<f64>> {
        Some(self.list()?.iter().map(|bits| f64::from_bits(*bits)).collect())
    }

    fn lanes<const N: usize>(&mut self) -> Option<Vec<Lane<N>>> {
        let n = self.count()?;
        let words = self.take(n.checked_mul(N)?)?;
        Some(words.chunks(N).map(|lane| Lane(std::array::from_fn(|i| f64::from_bits(lane[i])))).collect())
    }

    fn groups<T>(&mut self, read: fn(&mut Self) -> Option<Vec<T>>) -> Option<Vec<Vec<T>>> {
        let n = self.count()?;
        (0..n).map(|_| read(self)).collect()
    }
}
