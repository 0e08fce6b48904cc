//! Keyed random streams over lanes.
//!
//! A [`CellKey`] hashes what a stream belongs to: the seed, the parameters of the sweep's point and the role that the
//! numbers play. A [`Stream`] draws for `N` replicates in step, one lane each, from a generator whose state is mixed
//! from the key and the replicate's number. Three things follow, and tests hold them:
//!
//! - replicate r sees the same bits alone and as any lane of any width, for every instruction set;
//! - neighbouring seeds, parameters, roles and replicates share neither states nor outputs;
//! - no result depends on a platform's mathematical library: the samplers use +, -, *, /, square roots, bit
//!   operations and the polynomials of this module, never a fused multiply-add.
//!
//! Samplers are branch-free over the lanes and are inlined into their caller, so that they take whatever
//! vector width the caller was compiled for.
//!
//! ```
//! use signcheck::internals::rng::{CellKey, Stream};
//! let key = CellKey::new(7, &[("dimension", "100"), ("step_size", "1/20")], "noise");
//! let mut wide = Stream::<64>::new(&key, 128);
//! let mut alone = Stream::<1>::new(&key, 130);
//! assert_eq!(wide.normal().0[2], alone.normal().0[0]);
//! ```

mod elementary;
mod key;
mod laws;
pub(crate) mod seeded;
mod stream;

#[cfg(test)]
mod independence_tests;
#[cfg(test)]
mod law_tests;
#[cfg(test)]
mod testing;

pub use key::CellKey;
pub use stream::Stream;
