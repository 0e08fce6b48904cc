//! Random numbers that are part of an instance's definition: drawn once when it is built, the same on every machine.
//!
//! They come from a hash of (seed, role, counter), apart from the replicates' streams: an instance is data, and must
//! not change with the generator that the noise uses.

use sha2::{Digest, Sha256};

/// A sequence of random words that belongs to one seed and one role.
pub(super) struct Seeded {
    seed: u64,
    role: &'static str,
    count: u64,
}

impl Seeded {
    pub(super) fn new(seed: u64, role: &'static str) -> Self {
        Seeded { seed, role, count: 0 }
    }

    /// The next 64 bits.
    pub(super) fn word(&mut self) -> u64 {
        let mut hash = Sha256::new();
        hash.update(b"signcheck instance 1");
        hash.update(self.seed.to_le_bytes());
        hash.update(self.count.to_le_bytes());
        hash.update(self.role.as_bytes());
        self.count += 1;
        hash.finalize().iter().take(8).fold(0, |word, byte| word << 8 | u64::from(*byte))
    }

    /// A fair coin.
    pub(super) fn coin(&mut self) -> bool {
        self.word() & 1 == 1
    }

    /// Uniform on the multiples of 2^-52 in [-1, 1).
    pub(super) fn symmetric_unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 * f64::powi(0.5, 52) - 1.0
    }

    /// A random order of 0, .., n-1 (Fisher and Yates). The bias of the remainder is below n 2^-64.
    pub(super) fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            let pick = (self.word() % (last as u64 + 1)) as usize;
            order.swap(last, pick);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_and_roles_give_other_numbers_and_the_same_ones_again() {
        let first = |seed, role| Seeded::new(seed, role).word();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        // reference: Python 3 hashlib.sha256(b"signcheck instance 1" + struct.pack("<QQ", 1, 0) + b"a").digest()[:8]
        assert_eq!(first(1, "a"), REFERENCE);
    }

    const REFERENCE: u64 = 0x99b6_5b48_2281_c19b;

    #[test]
    fn a_permutation_holds_every_index_once_and_units_stay_inside() {
        let mut draws = Seeded::new(3, "test");
        let mut order = draws.permutation(50);
        assert_ne!(order, (0..50).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
        assert!((0..200).all(|_| (-1.0..1.0).contains(&draws.symmetric_unit())));
    }
}
