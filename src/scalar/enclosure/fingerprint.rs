//! Fingerprints: how equal numbers are recognised as equal where their enclosures cannot decide.
//!
//! Every enclosure carries the value of its own formula in two copies of the field of 2^61 - 1 elements. A rational
//! number is its own residue. A root, a logarithm or a constant of unknown value is a pseudo-random element, the same
//! one for the same argument. Sums, products and quotients are taken in the field. A difference that is 0 there in both
//! copies is a formula that vanishes whatever the irrational numbers in it are, so that its value is 0. For example,
//! (1 + s) - s - 1 and a tie of two coordinates that made the same moves are exact zeros, which no precision would
//! show.
//!
//! **Error** A formula that does not vanish has the fingerprint 0 by chance, one in 2^122 (Schwartz, J. ACM 27, 1980),
//! and only one whose enclosure holds 0 is tested.

use crate::scalar::Rational;
use crate::scalar::field::{inverse, mix, negated, of_rational, plus, reduce, times};
use std::sync::atomic::{AtomicU64, Ordering};

/// A formula's value in two copies of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint([u64; 2]);

/// What makes an irrational number of others.
#[derive(Debug, Clone, Copy)]
pub(super) enum Made {
    Root = 1,
    Logarithm,
    Exponential,
    Sine,
    Cosine,
    Least,
    Largest,
    Size,
}

impl Fingerprint {
    /// That of a number of which nothing else is known: like no other.
    pub(super) fn fresh() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self::drawn(0, [COUNT.fetch_add(1, Ordering::Relaxed), 0, 0])
    }

    fn drawn(tag: u64, from: [u64; 3]) -> Self {
        let element = |seed: u64| {
            let mixed = from.iter().fold(mix(seed ^ tag), |state, word| mix(state.wrapping_mul(3) ^ mix(*word ^ seed)));
            reduce(u128::from(mixed))
        };
        Fingerprint([element(0x6a09_e667_f3bc_c908), element(0xbb67_ae85_84ca_a73b)])
    }

    /// That of a rational number.
    pub(super) fn from_rational(value: &Rational) -> Self {
        of_rational(value).map_or_else(Self::fresh, |residue| Fingerprint([residue; 2]))
    }

    /// The value in the first copy of the field.
    pub(super) fn first(self) -> u64 {
        self.0[0]
    }

    /// That of an irrational number that is made of another in one way only.
    pub(super) fn made(self, by: Made) -> Self {
        Self::drawn(by as u64, [self.0[0], self.0[1], 0])
    }

    /// The same of two numbers, whichever comes first.
    pub(super) fn made_with(self, other: Self, by: Made) -> Self {
        let (a, b) = if self.0 <= other.0 { (self, other) } else { (other, self) };
        Self::drawn(by as u64, [a.0[0], a.0[1], mix(b.0[0]) ^ b.0[1]])
    }

    pub(super) fn is_zero(self) -> bool {
        self.0 == [0, 0]
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Fingerprint([plus(self.0[0], other.0[0]), plus(self.0[1], other.0[1])])
    }

    pub(super) fn negated(self) -> Self {
        Fingerprint(self.0.map(negated))
    }

    pub(super) fn times(self, other: Self) -> Self {
        Fingerprint([times(self.0[0], other.0[0]), times(self.0[1], other.0[1])])
    }

    /// That of 1/x for x other than 0.
    pub(super) fn inverted(self) -> Self {
        if self.0.contains(&0) { Self::fresh() } else { Fingerprint(self.0.map(inverse)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Scalar;

    #[test]
    fn the_field_is_one() {
        // exact: 3 (1/3) = 1, 2^-1 = 2^60, 1/3 + 1/6 = 1/2, (-5)/7 + 5/7 = 0
        let of = |n: i64, d: u64| Fingerprint::from_rational(&Rational::ratio(n, d));
        assert_eq!(of(3, 1).times(of(1, 3)), of(1, 1));
        assert_eq!(of(1, 2).0, [1 << 60; 2]);
        assert_eq!(of(1, 3).plus(of(1, 6)), of(1, 2));
        assert!(of(-5, 7).plus(of(5, 7)).is_zero() && of(7, 3).plus(of(7, 3).negated()).is_zero());
        assert_eq!(of(3, 7).inverted(), of(7, 3));
        assert_eq!(of(7, 1 << 62), of(7, 1).times(of(1, 1 << 62)));
    }

    #[test]
    fn unknown_numbers_are_like_no_other_and_the_same_ones_alike() {
        let (a, b) = (Fingerprint::fresh(), Fingerprint::fresh());
        assert_ne!(a, b);
        assert_eq!(a.made(Made::Root), a.made(Made::Root));
        assert_ne!(a.made(Made::Root), a.made(Made::Sine));
        assert_ne!(a.made(Made::Root), b.made(Made::Root));
        assert_eq!(a.made_with(b, Made::Least), b.made_with(a, Made::Least));
        // identity: (a + b)^2 = a^2 + 2 a b + b^2, whatever a and b are
        let two = Fingerprint::from_rational(&Rational::integer(2));
        let square = |x: Fingerprint| x.times(x);
        assert_eq!(square(a.plus(b)), square(a).plus(square(b)).plus(two.times(a).times(b)));
    }
}
