//! What the formulas of a lane's numbers are in a field, by which zeros are known.
//!
//! As in the fingerprints of enclosures: a rational number is its own residue, a root or an unknown constant a
//! pseudo-random element, the same one for the same argument. A number within its rounding error of 0 whose formula is
//! 0 in the field *is* 0. One that is not 0 is taken for 0 with a chance of 2^-61, and only numbers so near to 0 are
//! tested.

use super::super::field::{P, fresh, inverse, mix, negated, of_double, plus, times};
use super::super::lane::WIDTH;

/// A formula's value in the field, one per lane.
pub(super) type Marks = [u64; WIDTH];

/// What makes an irrational number of others.
#[derive(Debug, Clone, Copy)]
pub(super) enum Made {
    Root = 1,
    Logarithm,
    Exponential,
    Sine,
    Cosine,
    Power,
    Least,
    Largest,
    Size,
    Function,
}

/// A number that is made of another in one way only.
#[inline(always)]
pub(super) fn made(by: Made, of: u64) -> u64 {
    mix(of ^ mix(by as u64)) % P
}

/// The same of two numbers, in this order.
#[inline(always)]
pub(super) fn made_of_both(by: Made, a: u64, b: u64) -> u64 {
    made(by, mix(a).wrapping_mul(3) ^ mix(b ^ 0xa54f_f53a_5f1d_36f1))
}

/// The same of two numbers, whichever comes first.
#[inline(always)]
pub(super) fn made_of_pair(by: Made, a: u64, b: u64) -> u64 {
    made_of_both(by, a.min(b), a.max(b))
}

/// The doubles as they are.
pub(super) fn of_doubles(values: &[f64; WIDTH]) -> Marks {
    if values.iter().all(|v| v.to_bits() == values[0].to_bits()) {
        return [of_double(values[0]); WIDTH];
    }
    values.map(of_double)
}

#[inline(always)]
pub(super) fn sums(a: &Marks, b: &Marks) -> Marks {
    std::array::from_fn(|i| plus(a[i], b[i]))
}

#[inline(always)]
pub(super) fn differences(a: &Marks, b: &Marks) -> Marks {
    std::array::from_fn(|i| plus(a[i], negated(b[i])))
}

#[inline(always)]
pub(super) fn products(a: &Marks, b: &Marks) -> Marks {
    std::array::from_fn(|i| times(a[i], b[i]))
}

pub(super) fn negatives(a: &Marks) -> Marks {
    a.map(negated)
}

/// a/b; what is divided by 0 is like no other number.
pub(super) fn quotients(a: &Marks, b: &Marks) -> Marks {
    if b.iter().all(|v| *v == b[0]) {
        let (inverted, unknown) = (inverse(b[0]), b[0] == 0);
        return std::array::from_fn(|i| if unknown { fresh() } else { times(a[i], inverted) });
    }
    // One inverse of the product of all, taken apart again.
    let (mut before, mut product) = ([1; WIDTH], 1);
    for (before, b) in before.iter_mut().zip(b) {
        *before = product;
        product = times(product, if *b == 0 { 1 } else { *b });
    }
    let mut inverted = inverse(product);
    let mut out = [0; WIDTH];
    for i in (0..WIDTH).rev() {
        if b[i] == 0 {
            out[i] = fresh();
        } else {
            out[i] = times(a[i], times(inverted, before[i]));
            inverted = times(inverted, b[i]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quotients_undo_products(seed in any::<u64>(), zero in 0..WIDTH) {
            let random = |salt: u64| std::array::from_fn(|i| mix(seed ^ salt ^ i as u64) % P);
            let (a, mut b): (Marks, Marks) = (random(1), random(2));
            prop_assert_eq!(quotients(&products(&a, &b), &b), a);
            prop_assert_eq!(sums(&differences(&a, &b), &b), a);
            b[zero] = 0;
            let back = products(&quotients(&a, &b), &b);
            prop_assert!((0..WIDTH).all(|i| i == zero || back[i] == a[i]));
        }
    }
}
