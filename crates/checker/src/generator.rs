//! The program's generator of data, as `docs/numerics.md` describes it: xoshiro256++ from a hash of seed and role.

use sha2::{Digest, Sha256};

/// A stream of random words.
pub(crate) struct Stream {
    state: [u64; 4],
}

fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl Stream {
    /// The stream of replicate 0 that belongs to a seed and a role, without parameters.
    #[must_use]
    pub(crate) fn new(seed: u64, role: &str) -> Stream {
        let mut hash = Sha256::new();
        hash.update(b"signcheck stream 1");
        hash.update(seed.to_le_bytes());
        hash.update(0u64.to_le_bytes());
        hash.update((role.len() as u64).to_le_bytes());
        hash.update(role.as_bytes());
        let digest = hash.finalize();
        let mut state = [0; 4];
        let mut before = 0;
        for (word, bytes) in state.iter_mut().zip(digest.chunks_exact(8)) {
            let key = bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
            before = mix(before ^ key);
            *word = before;
        }
        if state == [0; 4] {
            state[0] = 1;
        }
        Stream { state }
    }

    /// The next 64 bits.
    pub(crate) fn word(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// A whole number from 0 to n - 1.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(n)) >> 64) as u64
    }

    /// -1 where the upper bit of the next word is set, else 1.
    pub(crate) fn sign(&mut self) -> i64 {
        if self.word() >> 63 == 1 { -1 } else { 1 }
    }

    /// A random order of 0, .., n - 1.
    pub(crate) fn order(&mut self, n: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            let pick = self.below(last as u64 + 1) as usize;
            all.swap(last, pick);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_xoshiro256_plus_plus() {
        // The first words of the reference implementation from the state 1, 2, 3, 4.
        let mut stream = Stream { state: [1, 2, 3, 4] };
        let words: Vec<u64> = (0..3).map(|_| stream.word()).collect();
        assert_eq!(words, [41_943_041, 58_720_359, 3_588_806_011_781_223]);
    }

    #[test]
    fn an_order_holds_everything_once() {
        let mut order = Stream::new(1, "test").order(20);
        order.sort_unstable();
        assert_eq!(order, (0..20).collect::<Vec<_>>());
    }
}
