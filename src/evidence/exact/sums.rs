//! Laws of sums of independent vectors with finitely many values: equal sums merge.

use crate::scalar::{Scalar, Surd};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Values that differ, with their probabilities, in an order that is the same each time.
pub(super) type Law = Vec<(Vec<Surd>, Surd)>;

/// What a number costs to work with: gcds grow with the square of its length.
///
/// Every pair of roots of a product is looked up among the roots that are there.
pub(super) fn length(v: &Surd) -> u64 {
    let roots = v.roots() as u64;
    let words = (v.bits() as u64 / (roots + 1)).div_ceil(64);
    (1000 + 20 * words * words) * (1 + 8 * roots * roots)
}

/// What a sum of two values and its probability cost, beside the lengths of the numbers.
const UNITS_A_SUM: u64 = 300;

fn by_form((a, p): &(Vec<Surd>, Surd), (b, q): &(Vec<Surd>, Surd)) -> Ordering {
    let all = a.iter().chain([p]).zip(b.iter().chain([q]));
    all.map(|(x, y)| x.form_order(y)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// A law with equal values joined.
pub(super) fn joined(law: Law) -> Law {
    let mut all: HashMap<Vec<Surd>, Surd> = HashMap::with_capacity(law.len());
    for (value, p) in law {
        *all.entry(value).or_insert_with(Surd::zero) += &p;
    }
    let mut law: Law = all.into_iter().filter(|(_, p)| !p.is_zero()).collect();
    law.sort_by(by_form);
    law
}

/// The law of the sum of a draw of each; `None` where that would cost more than `most`.
pub(super) fn convolve(a: &Law, b: &Law, most: u64, work: &mut u64) -> Option<Law> {
    let pairs = (a.len() as u64).saturating_mul(b.len() as u64);
    let numbers = a.first().map_or(1, |(value, _)| value.len() as u64 + 1);
    let words = a.iter().chain(b).map(|(_, p)| length(p) / 10).max().unwrap_or(0);
    let cost = pairs.saturating_mul(numbers).saturating_mul(UNITS_A_SUM + words);
    *work = work.saturating_add(cost);
    if *work > most {
        return None;
    }
    let mut all: HashMap<Vec<Surd>, Surd> = HashMap::with_capacity(a.len() + b.len());
    for (x, p) in a {
        for (y, q) in b {
            let sum = x.iter().zip(y).map(|(x, y)| x.clone() + y).collect();
            all.entry(sum).or_insert_with(Surd::zero).add_product(p, q);
        }
    }
    let mut law: Law = all.into_iter().collect();
    // Sums of too many roots are no numbers: they could be mistaken for one another.
    if law.iter().any(|(value, p)| value.iter().chain([p]).any(Surd::is_too_large)) {
        return None;
    }
    law.sort_by(by_form);
    Some(law)
}

/// The law of the sum of n draws; `None` where that would cost more than `most`.
pub(super) fn power(law: &Law, n: u64, most: u64, work: &mut u64) -> Option<Law> {
    // Weights as whole numbers, so that no fraction is reduced before the end.
    let unit = law.iter().fold(Surd::one(), |unit, (_, p)| {
        let rest = (p.clone() * &unit).rational().map_or_else(Surd::one, |p| p.denominator().into());
        unit * &rest
    });
    let whole: Law = law.iter().map(|(value, p)| (value.clone(), p.clone() * &unit)).collect();
    let mut sum = whole.clone();
    for _ in 1..n {
        sum = convolve(&sum, &whole, most, work)?;
    }
    let mut all = Surd::one();
    for _ in 0..n {
        all *= &unit;
    }
    let weight = Surd::one().divide(&all).ok()?;
    Some(sum.into_iter().map(|(value, p)| (value, p * &weight)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_binomial() {
        // exact: three coins of probability 1/3 for 1: 8/27, 12/27, 6/27, 1/27
        let q = Surd::ratio;
        let coin: Law = vec![(vec![q(0, 1)], q(2, 3)), (vec![q(1, 1)], q(1, 3))];
        let mut work = 0;
        let found = power(&coin, 3, u64::MAX, &mut work).unwrap();
        let expected: Law = [(0, 8), (1, 12), (2, 6), (3, 1)].map(|(n, p)| (vec![q(n, 1)], q(p, 27))).into();
        assert_eq!(found, expected);
        assert_eq!(power(&coin, 3, work - 1, &mut 0), None);
    }
}
