//! Fresh instances of a family, their neighbours, and children of two.

use super::choices::Choices;
use super::family::{Candidate, Family, Noise};
use super::laws::NOISES;
use super::objectives::PROBLEMS;
use super::parts::{Gene, Shape};
use crate::scalar::Rational;

impl Family {
    /// A fresh instance.
    pub fn draw(&self, choices: &mut Choices) -> Candidate {
        let skeleton = choices.below(self.skeletons.len());
        let shape = &self.skeletons[skeleton];
        let numbers = shape.slots.iter().map(|slot| slot.domain.draw(choices)).collect();
        let mut candidate = Candidate {
            skeleton,
            numbers,
            problem: None,
            dimension: shape.own_dimension,
            noise: Noise::Own,
            conventions: shape
                .open
                .iter()
                .map(|(_, words)| if choices.one_in(2) { 0 } else { choices.below(words.len()) })
                .collect(),
        };
        self.put_in_order(&mut candidate);
        // The file's own objective, with too few or too many coordinates, does not belong to the family.
        if shape.swaps_problem && (!shape.own_belongs || !choices.one_in(4)) {
            self.swap_problem(&mut candidate, choices);
        }
        if shape.swaps_noise && (candidate.problem.is_some() || !choices.one_in(3)) {
            self.swap_noise(&mut candidate, choices);
        }
        candidate
    }

    fn swap_problem(&self, candidate: &mut Candidate, choices: &mut Choices) {
        // Quadratics and Huber's loss have all constants exactly: half of the tries.
        let problems = &self.skeletons[candidate.skeleton].problems;
        let shape = if choices.one_in(2) { problems[0] } else { *choices.pick(problems) };
        let (low, high) = self.dimensions_of(candidate.skeleton, shape);
        let d = if choices.one_in(2) { low } else { low + choices.below(high - low + 1) };
        candidate.problem = Some(Gene::fresh(PROBLEMS, shape, d, choices));
        if d != candidate.dimension {
            candidate.dimension = d;
            if candidate.noise != Noise::None && self.skeletons[candidate.skeleton].swaps_noise {
                self.swap_noise(candidate, choices);
            }
        }
    }

    fn swap_noise(&self, candidate: &mut Candidate, choices: &mut Choices) {
        let d = candidate.dimension;
        let fits = |n: &&Option<usize>| n.is_none_or(|i| NOISES[i].dimensions.0 <= d && d <= NOISES[i].dimensions.1);
        let fitting: Vec<Option<usize>> = self.noises.iter().filter(fits).copied().collect();
        // A law of another number of coordinates cannot stay; an objective that does not fit the file's own noise
        // either is refused.
        candidate.noise = Noise::Own;
        if !fitting.is_empty() {
            candidate.noise = match choices.pick(&fitting) {
                None => Noise::None,
                Some(shape) => Noise::Law(Gene::fresh(NOISES, *shape, d, choices)),
            };
        }
    }

    /// A neighbour of an instance.
    pub fn mutate(&self, candidate: &Candidate, choices: &mut Choices) -> Candidate {
        let mut next = candidate.clone();
        let skeleton = &self.skeletons[next.skeleton];
        for _ in 0..=choices.below(3) {
            match choices.below(16) {
                0 if skeleton.swaps_problem => self.swap_problem(&mut next, choices),
                1 if skeleton.swaps_noise => self.swap_noise(&mut next, choices),
                2 if !skeleton.open.is_empty() => {
                    let i = choices.below(skeleton.open.len());
                    next.conventions[i] = choices.below(skeleton.open[i].1.len());
                }
                3..=7 if !next.numbers.is_empty() => {
                    let i = choices.below(next.numbers.len());
                    next.numbers[i] = skeleton.slots[i].domain.near(&next.numbers[i], choices);
                }
                8..=11 if next.problem.is_some() => {
                    if let Some(gene) = &mut next.problem {
                        move_one(PROBLEMS, gene, next.dimension, choices);
                    }
                }
                _ => match &mut next.noise {
                    Noise::Law(gene) => move_one(NOISES, gene, next.dimension, choices),
                    _ if !next.numbers.is_empty() => {
                        let i = choices.below(next.numbers.len());
                        next.numbers[i] = skeleton.slots[i].domain.near(&next.numbers[i], choices);
                    }
                    _ => {}
                },
            }
        }
        self.put_in_order(&mut next);
        next
    }

    /// An instance with numbers of both, where they have the same setup.
    pub fn cross(&self, a: &Candidate, b: &Candidate, choices: &mut Choices) -> Candidate {
        let mut child = a.clone();
        if a.skeleton != b.skeleton {
            return self.mutate(a, choices);
        }
        let mix = |x: &mut [Rational], y: &[Rational], choices: &mut Choices| {
            x.iter_mut().zip(y).filter(|_| choices.one_in(2)).for_each(|(x, y)| *x = y.clone());
        };
        mix(&mut child.numbers, &b.numbers, choices);
        if a.dimension == b.dimension {
            if choices.one_in(2) {
                child.noise = b.noise.clone();
            }
            if let (Some(x), Some(y)) = (&mut child.problem, &b.problem)
                && x.shape == y.shape
            {
                mix(&mut x.numbers, &y.numbers, choices);
            }
        }
        self.put_in_order(&mut child);
        child
    }

    /// Exchanges numbers that stand in the wrong order, where each may be what the other is.
    fn put_in_order(&self, candidate: &mut Candidate) {
        let skeleton = &self.skeletons[candidate.skeleton];
        for (i, j) in &skeleton.orders {
            let (low, high) = (&candidate.numbers[*i], &candidate.numbers[*j]);
            if low > high && skeleton.slots[*i].domain.holds(high) && skeleton.slots[*j].domain.holds(low) {
                candidate.numbers.swap(*i, *j);
            }
        }
    }
}

fn move_one(shapes: &[Shape], gene: &mut Gene, d: usize, choices: &mut Choices) {
    let Some(shape) = gene.shape else { return };
    let classes = (shapes[shape].classes)(d);
    if gene.numbers.is_empty() {
        return;
    }
    let i = choices.below(gene.numbers.len());
    gene.numbers[i] = match choices.below(4) {
        // Another number of the same part: symmetric instances are often the extreme ones.
        0 => {
            let other = choices.pick(&gene.numbers).clone();
            if classes[i].holds(&other) { other } else { choices.near(&gene.numbers[i], classes[i]) }
        }
        _ => choices.near(&gene.numbers[i], classes[i]),
    };
}
