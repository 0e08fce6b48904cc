//! Every outcome of a random part's coins, with its probability.

use crate::model::{BuildError, Query};
use crate::scalar::{Fault, Scalar};

/// Most outcomes of one evaluation.
const MAX_OUTCOMES: usize = 1 << 16;

/// A door whose coins fall as a script says: first all heads, then every other way. It has no gradients.
pub(super) struct Coins<S> {
    /// The coins of the current outcome that can fall either way, in order.
    script: Vec<bool>,
    position: usize,
    /// Probability of the current outcome, as far as it was played.
    pub probability: S,
    outcomes: usize,
}

impl<S: Scalar> Coins<S> {
    pub(super) fn new() -> Self {
        Coins { script: Vec::new(), position: 0, probability: S::one(), outcomes: 1 }
    }

    /// Prepares the next outcome; `false` when all have been played.
    pub(super) fn advance(&mut self) -> Result<bool, BuildError> {
        (self.position, self.probability) = (0, S::one());
        self.outcomes += 1;
        while let Some(heads) = self.script.pop() {
            if heads {
                if self.outcomes > MAX_OUTCOMES {
                    let message = format!("the coins have more than {MAX_OUTCOMES} outcomes: use fewer entries");
                    return Err(BuildError::whole(message));
                }
                self.script.push(false);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn toss(&mut self, p: &S) -> S {
        let (zero, one) = (S::zero(), S::one());
        if *p == zero || *p == one {
            return p.clone();
        }
        if self.position == self.script.len() {
            self.script.push(true);
        }
        let heads = self.script[self.position];
        self.position += 1;
        self.probability *= &if heads { p.clone() } else { one.clone() - p };
        if heads { one } else { zero }
    }
}

impl<S: Scalar> Query<S> for Coins<S> {
    fn gradient(&mut self, _worker: usize, _x: &[S], _out: &mut [S]) -> Result<(), Fault> {
        Err(Fault::Unsupported("a compressor has no gradient to ask for".into()))
    }
    fn coin(&mut self, p: &[S], out: &mut [S]) -> Result<(), Fault> {
        for (p, out) in p.iter().zip(out) {
            *out = self.toss(&p.max(&S::zero()).min(&S::one()));
        }
        Ok(())
    }
    fn perturbation(&mut self, _out: &mut [S]) -> Result<(), Fault> {
        Err(Fault::Unsupported("a compressor adds no noise".into()))
    }
    fn upload(&mut self, _bits: u64) {}
    fn broadcast(&mut self, _bits: u64, _workers: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Rational;

    #[test]
    fn outcomes_are_all_there_once_and_their_probabilities_add_to_1() {
        // exact: coins of 1/3 and 1/2, and one of probability 1 that is no choice: 4 outcomes, mean heads 1/3 + 1/2 + 1
        let p = [Rational::ratio(1, 3), Rational::one(), Rational::ratio(1, 2)];
        let (mut total, mut mean, mut seen) = (Rational::zero(), Rational::zero(), 0);
        let mut coins = Coins::<Rational>::new();
        loop {
            let mut out = vec![Rational::zero(); 3];
            coins.coin(&p, &mut out).unwrap();
            total += &coins.probability;
            for heads in &out {
                mean.add_product(heads, &coins.probability);
            }
            seen += 1;
            if !coins.advance().unwrap() {
                break;
            }
        }
        assert_eq!((seen, total, mean), (4, Rational::one(), Rational::ratio(11, 6)));
    }
}
