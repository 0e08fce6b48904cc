//! The generator: xoshiro256++ in every lane.

use super::key::CellKey;
use crate::scalar::Lane;

/// Random numbers of `N` replicates that advance together, lane i for replicate `first_replicate + i`.
///
/// **Generator**: xoshiro256++ (Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators"),
/// period 2^256 - 1 in each lane, in structure-of-arrays form: word w of lane i is `state[w][i]`.
///
/// **Invariant**: for one sequence of sampler calls, a replicate's numbers are the same bits whatever the
/// width and the first replicate of the stream that it runs in. Every call consumes a number of words that
/// depends on the call alone, never on a drawn value: that is what rules out rejection samplers here.
///
/// Why not a counter-based generator: it would buy random access, which no run needs (a chunk of replicates
/// is replayed from its key), at a third to two thirds of the speed.
#[derive(Debug, Clone)]
pub struct Stream<const N: usize> {
    state: [[u64; N]; 4],
    /// The second normal of the last pair; all lanes hold one or none does, since calls are in step.
    spare: Lane<N>,
    has_spare: bool,
}

impl<const N: usize> Stream<N> {
    /// The streams of replicates `first_replicate`, `first_replicate + 1`, ... of a cell, at their start.
    #[must_use]
    pub fn new(key: &CellKey, first_replicate: u64) -> Self {
        let mut state = [[0; N]; 4];
        for lane in 0..N {
            let words = key.replicate(first_replicate.wrapping_add(lane as u64)).words();
            for (row, word) in state.iter_mut().zip(words) {
                row[lane] = word;
            }
        }
        Stream { state, spare: Lane::splat(0.0), has_spare: false }
    }

    /// 64 random bits per lane.
    #[inline(always)]
    #[must_use]
    pub fn bits(&mut self) -> [u64; N] {
        self.map_words(
            #[inline(always)]
            |_, word| word,
        )
    }

    /// One value a lane from the lane's number and one word, in one pass: state, word and value stay in
    /// registers for as many lanes as a register holds.
    #[inline(always)]
    pub(super) fn map_words<T: Copy + Default>(&mut self, value: impl Fn(usize, u64) -> T) -> [T; N] {
        let [s0, s1, s2, s3] = &mut self.state;
        let mut out = [T::default(); N];
        for i in 0..N {
            let (word, next) = advance([s0[i], s1[i], s2[i], s3[i]]);
            [s0[i], s1[i], s2[i], s3[i]] = next;
            out[i] = value(i, word);
        }
        out
    }

    /// Two values a lane from two successive words, as [`Stream::map_words`].
    #[inline(always)]
    pub(super) fn map_word_pairs(&mut self, pair: impl Fn(u64, u64) -> (f64, f64)) -> (Lane<N>, Lane<N>) {
        let [s0, s1, s2, s3] = &mut self.state;
        let (mut first, mut second) = (Lane::splat(0.0), Lane::splat(0.0));
        for i in 0..N {
            let (a, next) = advance([s0[i], s1[i], s2[i], s3[i]]);
            let (b, next) = advance(next);
            [s0[i], s1[i], s2[i], s3[i]] = next;
            (first.0[i], second.0[i]) = pair(a, b);
        }
        (first, second)
    }

    /// The spare of the last pair, or the first of a new pair whose second becomes the spare.
    #[inline(always)]
    pub(super) fn take_or_make(&mut self, make: impl FnOnce(&mut Self) -> (Lane<N>, Lane<N>)) -> Lane<N> {
        self.has_spare = !self.has_spare;
        if !self.has_spare {
            return self.spare;
        }
        let (first, second) = make(self);
        self.spare = second;
        first
    }

    /// The spare, where there is one.
    #[inline(always)]
    pub(super) fn take_spare(&mut self) -> Option<Lane<N>> {
        std::mem::take(&mut self.has_spare).then_some(self.spare)
    }
}

/// One step of xoshiro256++: the output and the next state.
#[inline(always)]
fn advance([s0, s1, s2, s3]: [u64; 4]) -> (u64, [u64; 4]) {
    let word = s0.wrapping_add(s3).rotate_left(23).wrapping_add(s0);
    let shifted = s1 << 17;
    let (s2, s3) = (s2 ^ s0, s3 ^ s1);
    (word, [s0 ^ s3, s1 ^ s2, s2 ^ shifted, s3.rotate_left(45)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::Xoshiro256PlusPlus;
    use rand_xoshiro::rand_core::{Rng, SeedableRng};

    #[test]
    fn matches_the_published_generator() {
        // reference: xoshiro256plusplus.c of Blackman and Vigna from the state 1, 2, 3, 4
        let expected = [
            41943041,
            58720359,
            3588806011781223,
            3591011842654386,
            9228616714210784205,
            9973669472204895162,
            14011001112246962877,
            12406186145184390807,
            15849039046786891736,
            10450023813501588000,
        ];
        let mut stream =
            Stream::<3> { state: [[1; 3], [2; 3], [3; 3], [4; 3]], spare: Lane::splat(0.0), has_spare: false };
        for word in expected {
            assert_eq!(stream.bits(), [word; 3]);
        }
    }

    #[test]
    fn every_lane_is_the_scalar_generator() {
        // reference: rand_xoshiro 0.8.1, Xoshiro256PlusPlus::from_seed(state words, little-endian)
        let key = CellKey::new(11, &[], "test");
        let mut stream = Stream::<16>::new(&key, 5);
        let mut scalar: Vec<_> = (5..21)
            .map(|r| {
                let mut seed = [0; 32];
                for (bytes, word) in seed.chunks_exact_mut(8).zip(key.replicate(r).words()) {
                    bytes.copy_from_slice(&word.to_le_bytes());
                }
                Xoshiro256PlusPlus::from_seed(seed)
            })
            .collect();
        for _ in 0..1000 {
            let words = stream.bits();
            for (word, reference) in words.iter().zip(&mut scalar) {
                assert_eq!(*word, reference.next_u64());
            }
        }
    }
}
