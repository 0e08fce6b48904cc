//! What a file lists: its own cells, and every instance of a family that lists all of them.

use super::family::{Candidate, Family, Noise, Skeleton};
use super::slots::Domain;
use crate::run::Place;
use crate::scalar::Rational;
use std::collections::BTreeMap;

/// Instances that a file lists.
#[derive(Default)]
pub struct Listed {
    /// Those that are evaluated, each once.
    pub members: Vec<Candidate>,
    /// Cells of the file that its family does not have: another dimension, values of its own.
    pub elsewhere: u64,
    /// Cells that are too many to evaluate.
    pub left_out: u64,
    /// Whether the members are the whole family.
    pub whole: bool,
}

impl Family {
    /// The file's own cells, and then the other instances of the family where it lists them all and they are at most so
    /// many.
    #[must_use]
    pub fn listed(&self, most: usize) -> Listed {
        let mut found = Listed::default();
        for (skeleton, shape) in self.skeletons.iter().enumerate() {
            let lists: Vec<&[Rational]> = shape.slots.iter().map(|slot| slot.listed.as_slice()).collect();
            let cells = lists.iter().fold(1_u64, |product, list| product.saturating_mul(list.len() as u64));
            for numbers in Combinations::new(&lists).take(most.saturating_sub(found.members.len())) {
                let belongs = shape.slots.iter().zip(&numbers).all(|(slot, value)| slot.domain.holds(value));
                if belongs && shape.own_belongs {
                    found.members.push(shape.own(skeleton, numbers, vec![0; shape.open.len()]));
                } else {
                    found.elsewhere += 1;
                }
            }
            found.left_out += cells;
        }
        found.left_out -= found.left_out.min(found.members.len() as u64 + found.elsewhere);
        if let Some(all) = self.all(most) {
            let own = found.members.clone();
            found.members.extend(all.into_iter().filter(|member| !own.contains(member)));
            found.whole = true;
        }
        found
    }

    /// Every instance, where the file lists them all and they are at most so many.
    fn all(&self, most: usize) -> Option<Vec<Candidate>> {
        let mut found = Vec::new();
        for (skeleton, shape) in self.skeletons.iter().enumerate() {
            if shape.swaps_problem || shape.swaps_noise {
                return None;
            }
            let domains: Option<Vec<&[Rational]>> = shape.slots.iter().map(|slot| slot.domain.listed()).collect();
            let words: Vec<Vec<usize>> = shape.open.iter().map(|(_, words)| (0..words.len()).collect()).collect();
            let words: Vec<&[usize]> = words.iter().map(Vec::as_slice).collect();
            let domains = domains?;
            let sizes = domains.iter().map(|d| d.len()).chain(words.iter().map(|w| w.len()));
            if sizes.fold(found.len().max(1), usize::saturating_mul) > most {
                return None;
            }
            for numbers in Combinations::new(&domains) {
                found.extend(Combinations::new(&words).map(|chosen| shape.own(skeleton, numbers.clone(), chosen)));
            }
        }
        (found.len() <= most).then_some(found)
    }

    /// Whether the declared parameters of an instance lie between those that the file lists.
    #[must_use]
    pub fn is_between_listed(&self, candidate: &Candidate) -> bool {
        let slots = self.skeletons[candidate.skeleton].slots.iter().zip(&candidate.numbers);
        slots.filter(|(slot, _)| slot.path[0] == "parameters").all(|(slot, value)| slot.is_between_listed(value))
    }

    /// Where an instance lies: its declared parameters, and constants that describe it.
    #[must_use]
    pub fn place(&self, candidate: &Candidate, place: &Place) -> BTreeMap<String, f64> {
        let slots = self.skeletons[candidate.skeleton].slots.iter().zip(&candidate.numbers);
        let given = slots.filter(|(slot, _)| slot.path[0] == "parameters");
        let given = given.filter_map(|(slot, value)| Some((slot.path.last()?.clone(), value.to_f64())));
        let constants = place.constants.iter().map(|(name, value)| ((*name).to_string(), *value));
        constants.chain(given).filter(|(_, value)| value.is_finite()).collect()
    }

    /// Brings the declared parameters of an instance between those that the file lists.
    pub fn bring_home(&self, candidate: &mut Candidate) {
        let slots = self.skeletons[candidate.skeleton].slots.iter().zip(&mut candidate.numbers);
        for (slot, value) in slots.filter(|(slot, _)| slot.path[0] == "parameters") {
            let nearest =
                if slot.listed.iter().all(|l| l < value) { slot.listed.iter().max() } else { slot.listed.iter().min() };
            if let Some(nearest) = nearest.filter(|n| !slot.is_between_listed(value) && slot.domain.holds(n)) {
                *value = nearest.clone();
            }
        }
    }
}

impl Skeleton {
    fn own(&self, skeleton: usize, numbers: Vec<Rational>, conventions: Vec<usize>) -> Candidate {
        let dimension = self.own_dimension;
        Candidate { skeleton, numbers, problem: None, dimension, noise: Noise::Own, conventions }
    }
}

impl Domain {
    /// The values of a domain that holds listed ones only.
    fn listed(&self) -> Option<&[Rational]> {
        match self {
            Domain::Listed(values) => Some(values),
            Domain::Range(low, high, _) if low == high => Some(std::slice::from_ref(low)),
            _ => None,
        }
    }
}

/// One of each list, the last running fastest.
struct Combinations<'a, T> {
    lists: &'a [&'a [T]],
    /// Where each list stands; `None` at the end.
    at: Option<Vec<usize>>,
}

impl<'a, T> Combinations<'a, T> {
    fn new(lists: &'a [&'a [T]]) -> Self {
        let at = lists.iter().all(|list| !list.is_empty()).then(|| vec![0; lists.len()]);
        Combinations { lists, at }
    }
}

impl<T: Clone> Iterator for Combinations<'_, T> {
    type Item = Vec<T>;

    fn next(&mut self) -> Option<Vec<T>> {
        let at = self.at.as_mut()?;
        let found = at.iter().zip(self.lists).map(|(i, list)| list[*i].clone()).collect();
        let turn = (0..at.len()).rev().find(|k| at[*k] + 1 < self.lists[*k].len());
        match turn {
            Some(k) => {
                at[k] += 1;
                at[k + 1..].fill(0);
            }
            None => self.at = None,
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_come_in_order_and_once() {
        let lists: [&[u8]; 3] = [&[1, 2], &[3], &[4, 5]];
        let all: Vec<Vec<u8>> = Combinations::new(&lists).collect();
        assert_eq!(all, [[1, 3, 4], [1, 3, 5], [2, 3, 4], [2, 3, 5]]);
        assert_eq!(Combinations::<u8>::new(&[]).count(), 1);
        assert_eq!(Combinations::<u8>::new(&[&[1], &[]]).count(), 0);
    }
}
