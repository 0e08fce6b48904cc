//! Keys: what a stream of random numbers belongs to.

use sha2::{Digest, Sha256};

/// Stands first in every hash, so that a change of the encoding can be distinguished from a change of the data.
const DOMAIN: &[u8] = b"signcheck stream 1";

/// The key of all streams of one role in one point of a sweep: 256 bits.
///
/// SHA-256 of the seed, the parameters and the role. A cryptographic hash, because seeds and parameter values
/// come in arithmetic progressions, and a weaker mixing of those gives neighbouring streams related states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CellKey([u64; 4]);

/// The start of one replicate's generator: 256 bits, never all zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamKey([u64; 4]);

impl CellKey {
    /// Hashes a seed, the parameters (name, value) of a point of a sweep, and the role of the numbers.
    ///
    /// The order of the parameters does not matter. Every text is preceded by its length: ("ab", "c") and ("a", "bc")
    /// differ.
    #[must_use]
    pub fn new(seed: u64, parameters: &[(&str, &str)], role: &str) -> Self {
        let mut sorted = parameters.to_vec();
        sorted.sort_unstable();
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(seed.to_le_bytes());
        hash.update((sorted.len() as u64).to_le_bytes());
        for text in sorted.iter().flat_map(|(name, value)| [*name, *value]).chain([role]) {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        let digest = hash.finalize();
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(digest.chunks_exact(8)) {
            *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        }
        CellKey(words)
    }

    /// The start of one replicate's generator.
    ///
    /// With k the key's words and m a 64-bit mixing: h_0 = m(r + k_0), h_i = m(h_{i-1} ^ k_i). Each word is a
    /// bijection of r, so that two replicates of one cell differ in every word. SHA-256 for each replicate
    /// would cost more than a short run.
    #[inline]
    #[must_use]
    pub fn replicate(&self, replicate: u64) -> StreamKey {
        let [k0, k1, k2, k3] = self.0;
        let h0 = mix(replicate.wrapping_add(k0));
        let h1 = mix(h0 ^ k1);
        let h2 = mix(h1 ^ k2);
        let h3 = mix(h2 ^ k3);
        // The zero state is the one that the generator never leaves.
        let all_zero = u64::from(h0 | h1 | h2 | h3 == 0);
        StreamKey([h0 | all_zero, h1, h2, h3])
    }
}

impl StreamKey {
    /// The four words of the generator's state.
    #[inline]
    #[must_use]
    pub fn words(&self) -> [u64; 4] {
        self.0
    }
}

/// A bijective finaliser in which each input bit flips each output bit with probability close to 1/2
/// (Stafford 2011, "Better bit mixing", variant 13; the output function of splitmix64). Maps 0 to 0.
#[inline]
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::testing::normal_quantile;
    use super::*;
    use std::collections::HashSet;

    const AXES: &[(&str, &str)] = &[("dimension", "10"), ("noise", "normal")];

    #[test]
    fn matches_a_digest_computed_elsewhere() {
        // reference: Python 3 hashlib.sha256(b"signcheck stream 1" + struct.pack("<QQ", 7, 1) + texts), each text
        // preceded by struct.pack("<Q", len(text)); texts "a", "b", "noise"; struct.unpack("<4Q", digest)
        let expected = [0x8bf8_90f8_5767_8a41, 0x9b52_d056_c157_c98d, 0x8d50_8280_f7b3_1c7b, 0xc5a0_a20c_e2f3_f88f];
        assert_eq!(CellKey::new(7, &[("a", "b")], "noise"), CellKey(expected));
    }

    #[test]
    fn separates_fields_and_forgets_the_order_of_axes() {
        let base = CellKey::new(1, AXES, "noise");
        assert_eq!(base, CellKey::new(1, &[AXES[1], AXES[0]], "noise"));
        let others = [
            CellKey::new(2, AXES, "noise"),
            CellKey::new(1, AXES, "start"),
            CellKey::new(1, &AXES[..1], "noise"),
            CellKey::new(1, &[("dimension", "1"), ("0noise", "normal")], "noise"),
            CellKey::new(1, &[], "noise"),
            CellKey::new(1, &[("", "")], "noise"),
        ];
        let distinct: HashSet<_> = others.into_iter().chain([base]).collect();
        assert_eq!(distinct.len(), others.len() + 1);
    }

    #[test]
    fn the_zero_state_is_avoided() {
        // exact: mix(0) = 0, so the zero key sends replicate 0 to the zero state
        assert_eq!(CellKey([0; 4]).replicate(0).words(), [1, 0, 0, 0]);
    }

    #[test]
    fn a_flipped_bit_of_the_replicate_flips_half_of_the_state() {
        // statistical: each of the four words' 64 bits flips like a fair coin, so the count over n bits has
        // standard deviation sqrt(n)/2; 64 flips for 64 replicates, four words apart
        let key = CellKey::new(3, AXES, "noise");
        let (mut flips, mut n) = ([0_u32; 4], 0_u32);
        for replicate in 0..64 {
            for bit in 0..64 {
                let (a, b) = (key.replicate(replicate).words(), key.replicate(replicate ^ 1 << bit).words());
                for (count, (a, b)) in flips.iter_mut().zip(a.iter().zip(b)) {
                    *count += (a ^ b).count_ones();
                }
                n += 64;
            }
        }
        for count in flips {
            let z = (f64::from(count) - f64::from(n) / 2.0) / (f64::from(n).sqrt() / 2.0);
            assert!(z.abs() < normal_quantile(4), "z = {z}");
        }
    }

    #[test]
    fn neighbours_share_no_word_of_state_where_counted_seeds_do() {
        let keyed = (0..8_u64).flat_map(|seed| {
            ["1", "2", "3"].into_iter().flat_map(move |d| {
                let key = CellKey::new(seed, &[("dimension", d)], "noise");
                (0..64).flat_map(move |r| key.replicate(r).words())
            })
        });
        let words: Vec<u64> = keyed.collect();
        assert_eq!(words.iter().collect::<HashSet<_>>().len(), words.len());

        // The control: splitmix64 from counted keys hands three of four words on to the next stream.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let counted = (0..64_u64).flat_map(|r| (1..=4).map(move |i| mix((r + i).wrapping_mul(STEP))));
        assert_eq!(counted.collect::<HashSet<_>>().len(), 67);
    }
}
