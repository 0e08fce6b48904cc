//! Sign messages as they are sent: bit planes, counted without unpacking.
//!
//! **Shapes and units** a plane holds one word per coordinate; bit r of the word belongs to replicate r (lanes), or bit
//! 0 to the only run (rationals). What a message costs is counted for one replicate.
//! **Ties and edge cases** where no 0 can occur a message is one plane (+1 or not); else it is two. A NaN has no
//! sign: it packs to 0 in two planes and to -1 in one. Whoever packs keeps the trace of NaN apart.

use super::Query;
use crate::model::{Semantics, SignZero};
use crate::scalar::{Fault, Scalar};
use std::cmp::Ordering;

/// A vector of signs, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignMessage {
    positive: Vec<u64>,
    /// Absent where 0 cannot occur: what is not positive is then negative.
    negative: Option<Vec<u64>>,
}

/// Refuses numbers that are not +1, -1 or 0 for certain: an enclosure of several of them, or a formula in what is
/// random. Their bits say nothing. In lanes every sign is decided, and a NaN is traced outside the message.
///
/// # Errors
/// [`Fault::Undecided`].
#[inline(always)]
fn all_decided<S: Scalar>(signs: &[S]) -> Result<(), Fault> {
    let decided = |sign: &S| {
        let (plus, minus) = sign.to_bits();
        S::from_bits(plus, minus) == *sign
    };
    if S::LANES > 0 || signs.iter().all(decided) { Ok(()) } else { Err(Fault::Undecided("a sign that is sent")) }
}

impl SignMessage {
    /// Packs signs that were taken under a convention for 0.
    ///
    /// # Errors
    /// [`Fault::Undecided`] where an enclosure holds several signs: a message has no room for a choice.
    #[inline(always)]
    pub(crate) fn pack<S: Scalar>(signs: &[S], convention: SignZero) -> Result<Self, Fault> {
        all_decided(signs)?;
        // Plain loops: closures inside iterators would not take on the caller's instruction set.
        let mut positive = vec![0; signs.len()];
        if Semantics::sign_bits(convention) == 1 {
            for (plus, sign) in positive.iter_mut().zip(signs) {
                *plus = sign.to_bits().0;
            }
            return Ok(SignMessage { positive, negative: None });
        }
        let mut negative = vec![0; signs.len()];
        for ((plus, minus), sign) in positive.iter_mut().zip(&mut negative).zip(signs) {
            (*plus, *minus) = sign.to_bits();
        }
        Ok(SignMessage { positive, negative: Some(negative) })
    }

    /// Unpacks to +1, -1 and 0. `out` has the message's dimension.
    #[inline(always)]
    pub(crate) fn unpack<S: Scalar>(&self, out: &mut [S]) {
        for (i, (out, positive)) in out.iter_mut().zip(&self.positive).enumerate() {
            let negative = self.negative.as_ref().map_or(!positive, |plane| plane[i]);
            *out = S::from_bits(*positive, negative);
        }
    }

    /// Bits of the message of one replicate: one per coordinate and plane.
    #[must_use]
    pub(crate) fn bits(&self) -> u64 {
        let planes = 1 + u64::from(self.negative.is_some());
        let bits = planes * self.positive.len() as u64;
        mutant!("a message is one bit too long", bits + 1, bits)
    }
}

/// A counter of 64 replicates a word, bit-sliced: `planes[l][i]` holds bit l of coordinate i's counts.
#[derive(Debug, Clone, Default)]
struct Counter {
    planes: Vec<Vec<u64>>,
}

impl Counter {
    /// Adds one bit to each count. A ripple of carries, plane by plane, so that each pass runs over words that
    /// stand side by side.
    fn add(&mut self, bits: &[u64]) {
        let mut carry = bits.to_vec();
        for plane in &mut self.planes {
            for (sum, carry) in plane.iter_mut().zip(&mut carry) {
                let both = *sum & *carry;
                *sum ^= *carry;
                *carry = both;
            }
        }
        if carry.iter().any(|word| *word != 0) {
            self.planes.push(carry);
        }
    }

    fn bit(&self, level: usize, i: usize) -> u64 {
        self.planes.get(level).map_or(0, |plane| plane[i])
    }
}

/// Votes counted coordinate by coordinate and replicate by replicate.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    dimension: usize,
    messages: u64,
    positive: Counter,
    /// Absent where 0 cannot occur: the count of -1 is then the rest.
    negative: Option<Counter>,
}

impl Tally {
    /// An empty tally for messages of this dimension under the workers' convention for 0.
    #[must_use]
    pub(crate) fn new(dimension: usize, convention: SignZero) -> Self {
        let negative = (Semantics::sign_bits(convention) == 2).then(Counter::default);
        Tally { dimension, messages: 0, positive: Counter::default(), negative }
    }

    /// A tally of `messages` votes without 0 in which + has more, as many or fewer votes than -, coordinate by
    /// coordinate.
    #[must_use]
    pub(crate) fn decided(messages: u64, sides: &[Ordering]) -> Self {
        let mut tally = Tally::new(sides.len(), SignZero::Plus);
        for vote in 0..messages {
            let votes = |side: &Ordering| match side {
                Ordering::Greater => !0,
                Ordering::Equal if vote < messages / 2 => !0,
                Ordering::Equal | Ordering::Less => 0,
            };
            tally.add(&SignMessage { positive: sides.iter().map(votes).collect(), negative: None });
        }
        tally
    }

    /// A tally in which + has more, as many or fewer votes than -, as the signs say.
    ///
    /// # Errors
    /// [`Fault::Undecided`] where a sign is not known.
    pub(crate) fn of_sides<S: Scalar>(signs: &[S]) -> Result<Self, Fault> {
        all_decided(signs)?;
        let mut tally = Tally::new(signs.len(), SignZero::Zero);
        let (positive, negative) = signs.iter().map(Scalar::to_bits).unzip();
        tally.add(&SignMessage { positive, negative: Some(negative) });
        Ok(tally)
    }

    /// Counts one message, packed under the tally's convention.
    pub(crate) fn add(&mut self, message: &SignMessage) {
        self.messages += 1;
        self.positive.add(&message.positive);
        if let (Some(counter), Some(plane)) = (&mut self.negative, &message.negative) {
            counter.add(plane);
        }
    }

    /// Words with a bit where + has more votes than -, and where both have the same number.
    fn compare(&self, i: usize) -> (u64, u64) {
        let rest = self.negative.is_none();
        // Without a count of -: + wins with more than half of the messages, and an odd number has no half.
        let half = self.messages / 2;
        let levels = match &self.negative {
            Some(negative) => self.positive.planes.len().max(negative.planes.len()),
            None => self.positive.planes.len().max((u64::BITS - half.leading_zeros()) as usize),
        };
        let (mut more, mut equal) = (0, !0);
        for level in (0..levels).rev() {
            let a = self.positive.bit(level, i);
            let b = match &self.negative {
                Some(negative) => negative.bit(level, i),
                None if half >> level & 1 == 1 => !0,
                None => 0,
            };
            more |= equal & a & !b;
            equal &= !(a ^ b);
        }
        (more, if rest && self.messages % 2 == 1 { 0 } else { equal })
    }

    /// The sign of the votes' sum in each coordinate, packed under the convention for ties.
    ///
    /// # Errors
    /// Where ties are random and coins are not available. In lanes one coin per coordinate is drawn, needed or not.
    pub(crate) fn majority<S: Scalar>(&self, ties: SignZero, query: &mut dyn Query<S>) -> Result<SignMessage, Fault> {
        let d = self.dimension;
        let plus_at_tie: Vec<u64> = match ties {
            SignZero::Zero | SignZero::Minus => vec![0; d],
            SignZero::Plus => vec![!0; d],
            SignZero::Random => {
                let odds: Vec<S> = (0..d).map(|i| super::query::fair(self.compare(i).1 & 1 != 0)).collect();
                let mut coins = odds.clone();
                query.coin(&odds, &mut coins)?;
                // Where moments are followed a coin is a formula, which chooses no side.
                all_decided(&coins)?;
                coins.iter().map(|c| c.to_bits().0).collect()
            }
        };
        let (mut positive, mut negative) = (Vec::with_capacity(d), Vec::with_capacity(d));
        for (i, plus) in plus_at_tie.iter().enumerate() {
            let (more, equal) = self.compare(i);
            let wins = mutant!("the minority wins the vote", !(more | equal), more);
            // Arithmetics without lanes have one replicate, in the first bit.
            if S::LANES == 0 && equal & 1 == 1 {
                query.saw_tie();
            }
            positive.push(wins | equal & plus);
            negative.push(!(wins | equal));
        }
        Ok(SignMessage { positive, negative: (ties == SignZero::Zero).then_some(negative) })
    }

    /// The votes' sum in each coordinate. `out` has the tally's dimension.
    #[inline(always)]
    pub(crate) fn sum<S: Scalar>(&self, out: &mut [S]) {
        let offset = if self.negative.is_none() { -(self.messages as i64) } else { 0 };
        let weight = if self.negative.is_none() { 2 } else { 1 };
        let levels = self.positive.planes.len().max(self.negative.as_ref().map_or(0, |n| n.planes.len()));
        for (i, out) in out.iter_mut().enumerate() {
            *out = S::ratio(offset, 1);
            for level in 0..levels {
                let negative = self.negative.as_ref().map_or(0, |n| n.bit(level, i));
                let digit = S::from_bits(self.positive.bit(level, i), negative);
                out.add_product(&S::ratio(weight << level, 1), &digit);
            }
        }
    }

    /// Bits of one replicate's sum: enough for every value that it can take, coordinate by coordinate.
    /// M votes of +1 and -1 have M + 1 sums, with abstentions 2M + 1.
    #[must_use]
    pub(crate) fn sum_bits(&self) -> u64 {
        let values = if self.negative.is_some() { 2 * self.messages + 1 } else { self.messages + 1 };
        u64::from(u64::BITS - (values - 1).leading_zeros()) * self.dimension as u64
    }
}
