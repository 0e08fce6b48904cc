//! From a broken bound to its smallest instance: steps in a fixed order, each kept where the violation stays exact.
//!
//! The result is minimal in the sense that none of these steps keeps the violation. The steps are: losing a coordinate,
//! dropping a stand-in, replacing a tree of draws by one inside it, setting a convention back to its default, and
//! replacing a number by a simpler one. No step leaves the family: its dimensions, its laws and the ranges of its
//! numbers.

use super::choices::{Class, rounded};
use super::family::{Candidate, Family, Noise};
use super::laws::{NOISES, subtrees};
use super::objectives::PROBLEMS;
use super::parts::Gene;
use super::slots::Domain;
use crate::scalar::{Rational, Scalar};

/// How simple a number is: smaller is simpler.
#[must_use]
pub(super) fn complexity(value: &Rational) -> u64 {
    let denominator = value.denominator();
    let numerator = Scalar::abs(&(value.clone() * &denominator));
    let size = |q: &Rational| q.to_f64().min(1e15) as u64;
    let (n, d) = (size(&numerator), size(&denominator));
    // A whole number before a fraction, a small one before a large one, a positive one before a negative one.
    (n + 2 * (d - 1)).saturating_mul(2) + u64::from(value.signum() < 0)
}

/// How large an instance is: the complexities of its numbers, and what stands in.
#[must_use]
pub(crate) fn size(candidate: &Candidate) -> u64 {
    let genes = [candidate.problem.as_ref(), law(candidate)];
    let of_genes: u64 = genes.iter().flatten().flat_map(|g| &g.numbers).map(complexity).sum();
    let own: u64 = candidate.numbers.iter().map(complexity).sum();
    own + of_genes + candidate.conventions.iter().sum::<usize>() as u64
}

fn law(candidate: &Candidate) -> Option<&Gene> {
    match &candidate.noise {
        Noise::Law(gene) => Some(gene),
        _ => None,
    }
}

/// Simpler numbers, the simplest first.
fn simpler(value: &Rational) -> Vec<Rational> {
    let mut found =
        vec![Rational::zero(), Rational::one(), -Rational::one(), Rational::integer(2), Rational::ratio(1, 2)];
    let whole = value.floor();
    found.extend([whole.clone(), whole.clone() + Rational::one()]);
    for d in [2, 3, 4, 5, 8, 10, 16, 32, 64] {
        found.push(rounded(value, d));
    }
    if let Some(n) = value.to_i64() {
        found.extend([n / 2, n / 2 + 1, n - 2, n - 1, n + 1, -n].map(Rational::integer));
    } else {
        found.push(value.clone() * Rational::ratio(1, 2));
        found.push(value.clone() * Rational::ratio(2, 1));
    }
    found.push(-value.clone());
    found.retain(|v| complexity(v) < complexity(value));
    found.sort_by_key(complexity);
    found.dedup();
    found
}

/// The steps from an instance to smaller ones, in order.
fn steps(family: &Family, at: &Candidate) -> Vec<Candidate> {
    let mut found = Vec::new();
    let d = at.dimension;
    if let Some(problem) = at.problem.as_ref().filter(|_| family.has_dimension(at.skeleton, d - 1)) {
        for i in 0..d {
            let noise = match &at.noise {
                Noise::Law(gene) => gene.without(NOISES, d, i).map(Noise::Law),
                other => Some(other.clone()),
            };
            if let (Some(problem), Some(noise)) = (problem.without(PROBLEMS, d, i), noise) {
                found.push(Candidate { problem: Some(problem), noise, dimension: d - 1, ..at.clone() });
            }
        }
    }
    if let Some(gene) = law(at) {
        if family.has_silence(at.skeleton) {
            found.push(Candidate { noise: Noise::None, ..at.clone() });
        }
        let smaller = subtrees(gene, d).into_iter().map(Noise::Law);
        found.extend(smaller.map(|noise| Candidate { noise, ..at.clone() }));
    }
    for (i, chosen) in at.conventions.iter().enumerate().filter(|(_, c)| **c > 0) {
        for smaller in 0..*chosen {
            let mut next = at.clone();
            next.conventions[i] = smaller;
            found.push(next);
        }
    }
    let slots = &family.skeletons[at.skeleton].slots;
    for (i, value) in at.numbers.iter().enumerate() {
        for smaller in simpler(value).into_iter().filter(|v| slots[i].domain.holds(v)) {
            let mut next = at.clone();
            next.numbers[i] = smaller;
            found.push(next);
        }
        let listed = match &slots[i].domain {
            Domain::Range(low, ..) => std::slice::from_ref(low),
            Domain::Listed(values) => values.as_slice(),
            Domain::Free(_) => &[],
        };
        for smaller in listed.iter().filter(|v| complexity(v) < complexity(value)) {
            let mut next = at.clone();
            next.numbers[i] = smaller.clone();
            found.push(next);
        }
    }
    let mut of_gene = |gene: &Gene, classes: Vec<Class>, put: &dyn Fn(Gene) -> Candidate| {
        for (i, value) in gene.numbers.iter().enumerate() {
            for smaller in simpler(value).into_iter().filter(|v| classes[i].holds(v)) {
                let mut next = gene.clone();
                next.numbers[i] = smaller;
                found.push(put(next));
            }
        }
    };
    if let Some(gene) = &at.problem
        && let Some(shape) = gene.shape
    {
        of_gene(gene, (PROBLEMS[shape].classes)(d), &|g| Candidate { problem: Some(g), ..at.clone() });
    }
    if let Some(gene) = law(at)
        && let Some(shape) = gene.shape
    {
        of_gene(gene, (NOISES[shape].classes)(d), &|g| Candidate { noise: Noise::Law(g), ..at.clone() });
    }
    found
}

/// Shrinks as long as a step keeps the violation, with at most so many evaluations. Returns the smallest instance.
pub(super) fn shrink(
    family: &Family,
    from: &Candidate,
    most_tries: usize,
    mut broken: impl FnMut(&Candidate) -> bool,
) -> Candidate {
    let mut at = from.clone();
    let mut tries = 0;
    'again: loop {
        for next in steps(family, &at) {
            if tries >= most_tries {
                return at;
            }
            tries += 1;
            if broken(&next) {
                at = next;
                continue 'again;
            }
        }
        return at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simpler_numbers_are_simpler_and_end() {
        for text in ["7/3", "-5/8", "1000", "3", "1/2", "-1", "129/128"] {
            let mut value: Rational = text.parse().unwrap();
            let mut count = 0;
            while let Some(next) = simpler(&value).pop() {
                assert!(complexity(&next) < complexity(&value));
                value = next;
                count += 1;
                assert!(count < 3000);
            }
            assert!(value.is_zero(), "{text} ends at {value}");
        }
        let order = ["0", "1", "-1", "2", "1/2", "3"].map(|t| complexity(&t.parse().unwrap()));
        assert!(order.is_sorted(), "{order:?}");
    }
}
