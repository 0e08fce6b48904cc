//! Random numbers that are part of an instance's definition: drawn once when it is built, the same on every machine.

use super::{CellKey, Stream};

/// A stream that belongs to one seed and one role. Its key has no parameters: an instance does not change along a
/// sweep.
pub(crate) fn stream(seed: u64, role: &str) -> Stream<1> {
    Stream::new(&CellKey::new(seed, &[], role), 0)
}

/// A random order of 0, .., n-1 (Fisher and Yates).
pub(crate) fn permutation(draws: &mut Stream<1>, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        let [pick] = draws.index(last + 1);
        order.swap(last, pick);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_holds_every_index_once_and_follows_its_seed() {
        let order = |seed| permutation(&mut stream(seed, "test"), 50);
        let mut sorted = order(3);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
        assert_eq!(order(3), order(3));
        assert_ne!(order(3), order(4));
        assert_ne!(order(3), sorted);
    }
}
