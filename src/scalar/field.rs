//! The field of 2^61 - 1 elements, in which formulas are distinguished from 0.

use super::Rational;
use dashu_base::{BitTest, Sign};
use std::sync::atomic::{AtomicU64, Ordering};

/// The field's size, a Mersenne prime.
pub(super) const P: u64 = (1 << 61) - 1;

/// The residue of a number below 2^122 or so.
#[inline(always)]
pub(super) fn reduce(x: u128) -> u64 {
    let folded = (x & u128::from(P)) as u64 + ((x >> 61) & u128::from(P)) as u64 + (x >> 122) as u64;
    let folded = (folded & P) + (folded >> 61);
    if folded >= P { folded - P } else { folded }
}

/// a + b.
#[inline(always)]
pub(super) fn plus(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= P { sum - P } else { sum }
}

/// -a.
#[inline(always)]
pub(super) fn negated(a: u64) -> u64 {
    if a == 0 { 0 } else { P - a }
}

/// a b.
#[inline(always)]
pub(super) fn times(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    plus((product as u64) & P, (product >> 61) as u64)
}

/// a^(p - 2) = 1/a; 0 of 0.
pub(super) fn inverse(a: u64) -> u64 {
    let (mut power, mut out, mut left) = (a, 1, P - 2);
    while left > 0 {
        if left & 1 == 1 {
            out = times(out, power);
        }
        power = times(power, power);
        left >>= 1;
    }
    out
}

/// The output function of SplitMix64.
#[inline(always)]
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number of which nothing is known: like no other.
pub(super) fn fresh() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    mix(COUNT.fetch_add(1, Ordering::Relaxed) ^ 0x3c6e_f372_fe94_f82b) % P
}

/// 2^k, for any k: 2^61 is 1.
#[inline(always)]
fn power_of_two(k: i64) -> u64 {
    1 << k.rem_euclid(61)
}

/// The residue of a rational number; `None` where its denominator has none.
pub(super) fn of_rational(value: &Rational) -> Option<u64> {
    let (numerator, denominator) = value.parts();
    let (sign, size) = numerator.into_parts();
    let twos = denominator.trailing_zeros().unwrap_or(0);
    let below =
        if denominator.bit_len() == twos + 1 { power_of_two(-(twos as i64)) } else { inverse(&denominator % P) };
    let residue = times(&size % P, below);
    (below != 0).then(|| if sign == Sign::Negative { negated(residue) } else { residue })
}

/// The residue of a finite double, as the rational m 2^k that it is.
#[inline(always)]
pub(super) fn of_double(value: f64) -> u64 {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64;
    let fraction = bits & ((1 << 52) - 1);
    let (m, k) = if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let residue = times(m, power_of_two(k));
    if value < 0.0 { negated(residue) } else { residue }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Scalar;

    #[test]
    fn the_field_is_one() {
        // exact: 3 (1/3) = 1, 2^-1 = 2^60, 1/3 + 1/6 = 1/2, (-5)/7 + 5/7 = 0
        let of = |n: i64, d: u64| of_rational(&Rational::ratio(n, d)).unwrap();
        assert_eq!(times(of(3, 1), of(1, 3)), of(1, 1));
        assert_eq!(of(1, 2), 1 << 60);
        assert_eq!(plus(of(1, 3), of(1, 6)), of(1, 2));
        assert_eq!(plus(of(-5, 7), of(5, 7)), 0);
        assert_eq!(inverse(of(3, 7)), of(7, 3));
        assert_eq!(times(P - 1, P - 1), 1);
        assert_eq!(reduce(u128::from(P) * u128::from(P)), 0);
        assert!(of_rational(&Rational::ratio(1, P)).is_none());
    }

    #[test]
    fn doubles_are_the_rationals_that_they_are() {
        for value in [0.0, -0.0, 1.0, -1.0, 0.1, -1e-300, 1e300, 5e-324, 3.0, 1024.5, f64::MAX, f64::MIN_POSITIVE] {
            let exact = Rational::from_double(value).unwrap();
            assert_eq!(of_double(value), of_rational(&exact).unwrap(), "{value}");
        }
    }
}
