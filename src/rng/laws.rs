//! The samplers: each law from a fixed number of words, without a branch on what was drawn.
//!
//! Laws of noise have mean 0 and variance 1, so that a noise's scale is a factor and its sigma is known.
//! In the formulas u and v are uniforms on (0, 1) from successive words.

use super::elementary::{exp_m1, ln, sin_cos_turn};
use super::stream::Stream;
use crate::scalar::Lane;
use std::f64::consts::FRAC_1_SQRT_2;

/// 2 sqrt 3: a uniform of unit variance is this wide.
const UNIFORM_WIDTH: f64 = 3.464_101_615_137_754_6;
/// sqrt 3 / pi: the scale of a logistic law of unit variance.
const LOGISTIC_SCALE: f64 = 0.551_328_895_421_792_1;

const SIGN: u64 = 1 << 63;
const LOW_32: u64 = (1 << 32) - 1;

// A function passed by name is called through a shim. Once the function is large the shim is compiled apart,
// without the caller's instruction set, and the sampler runs at half its speed; a closure has no shim.
#[expect(clippy::redundant_closure, reason = "functions passed by name are not inlined")]
impl<const N: usize> Stream<N> {
    /// Uniform on the open interval (0, 1): (2 k + 1) / 2^53 with k of 52 bits.
    ///
    /// The midpoints of 2^52 equal cells: never 0 or 1, and symmetric, as u and 1 - u are equally likely.
    #[inline(always)]
    #[must_use]
    pub fn uniform(&mut self) -> Lane<N> {
        self.map_values(
            #[inline(always)]
            |word| open_unit(word),
        )
    }

    /// Uniform with mean 0 and variance 1, on (-sqrt 3, sqrt 3): 2 sqrt 3 (u - 1/2).
    #[inline(always)]
    #[must_use]
    pub fn uniform_unit(&mut self) -> Lane<N> {
        self.map_values(
            #[inline(always)]
            |word| uniform_unit(word),
        )
    }

    /// Standard normal: r cos(2 pi v), then r sin(2 pi v) at the next call, with r = sqrt(-2 ln u)
    /// (Box and Muller 1958, "A note on the generation of random normal deviates").
    ///
    /// The second of a pair waits in the stream through calls of other samplers. Values end at
    /// sqrt(106 ln 2) = 8.57, beyond which a normal lies with probability 1e-17.
    #[inline(always)]
    #[must_use]
    pub fn normal(&mut self) -> Lane<N> {
        self.take_or_make(
            #[inline(always)]
            |stream| stream.normal_pair(),
        )
    }

    /// Fills a vector with standard normals: the values that as many calls of [`Stream::normal`] would
    /// give, pair by pair without the detour through the stream.
    #[inline(always)]
    pub fn fill_normal(&mut self, out: &mut [Lane<N>]) {
        let mut rest = out;
        if !rest.is_empty()
            && let Some(spare) = self.take_spare()
        {
            rest[0] = spare;
            rest = &mut rest[1..];
        }
        let mut pairs = rest.chunks_exact_mut(2);
        for pair in &mut pairs {
            (pair[0], pair[1]) = self.normal_pair();
        }
        if let [last] = pairs.into_remainder() {
            *last = self.normal();
        }
    }

    #[inline(always)]
    fn normal_pair(&mut self) -> (Lane<N>, Lane<N>) {
        self.map_word_pairs(
            #[inline(always)]
            |a, b| normal_pair(a, b),
        )
    }

    /// Exponential of mean 1: -ln u.
    #[inline(always)]
    #[must_use]
    pub fn exponential(&mut self) -> Lane<N> {
        self.map_values(
            #[inline(always)]
            |word| exponential(word),
        )
    }

    /// Laplace with mean 0 and variance 1: +-(-ln u) / sqrt 2, the sign from a bit that u leaves.
    #[inline(always)]
    #[must_use]
    pub fn laplace(&mut self) -> Lane<N> {
        self.map_values(
            #[inline(always)]
            |word| laplace(word),
        )
    }

    /// Logistic with mean 0 and variance 1: (sqrt 3 / pi) ln(u / (1 - u)).
    #[inline(always)]
    #[must_use]
    pub fn logistic(&mut self) -> Lane<N> {
        self.map_values(
            #[inline(always)]
            |word| logistic(word),
        )
    }

    /// Student's t with `nu` > 2 degrees of freedom (finite), scaled to variance 1:
    /// sqrt((nu - 2) (u^(-2/nu) - 1)) cos(2 pi v)
    /// (Bailey 1994, "Polar generation of random variates with the t-distribution", without the rejection).
    ///
    /// The sine half is dropped: it is uncorrelated with the cosine half, but not independent of it.
    /// Where `nu` > 2 fails there is no variance to scale by, and every value is NaN.
    #[inline(always)]
    #[must_use]
    pub fn student(&mut self, nu: f64) -> Lane<N> {
        let exponent = -2.0 / nu;
        let scale = if nu > 2.0 { nu - 2.0 } else { f64::NAN };
        let (value, _) = self.map_word_pairs(
            #[inline(always)]
            |a, b| {
                let radius = (scale * exp_m1(exponent * ln(open_unit(a)))).sqrt();
                (radius * sin_cos_turn(open_unit(b)).1, 0.0)
            },
        );
        value
    }

    /// -1 or +1, each with probability 1/2.
    #[inline(always)]
    #[must_use]
    pub fn rademacher(&mut self) -> Lane<N> {
        self.map_values(
            #[inline(always)]
            |word| rademacher(word),
        )
    }

    /// 1 with the probability given for each lane, else 0: u < p.
    ///
    /// p = 0 and p = 1 are certain; elsewhere the probability is p to within 2^-53. A NaN gives 0.
    #[inline(always)]
    #[must_use]
    pub fn bernoulli(&mut self, p: &Lane<N>) -> Lane<N> {
        Lane(self.map_words(
            #[inline(always)]
            |i, word| if open_unit(word) < p.0[i] { 1.0 } else { 0.0 },
        ))
    }

    /// Uniform on 0, ..., n - 1: the integer part of n w / 2^64 for a 64-bit word w; 0 for n = 0.
    ///
    /// Each index has probability 1/n to within 2^-64, and the total variation from the uniform law is at most n /
    /// 2^64. No test of a feasible size can detect it, and a rejection would break the step of lanes.
    #[inline(always)]
    #[must_use]
    pub fn index(&mut self, n: usize) -> [usize; N] {
        let n = n as u64;
        if n > LOW_32 {
            return self.map_words(
                #[inline(always)]
                |_, word| ((u128::from(word) * u128::from(n)) >> 64) as usize,
            );
        }
        // The same number from two products of 32 by 32 bits, which vectorise.
        let n = n & LOW_32;
        self.map_words(
            #[inline(always)]
            |_, word| (((word >> 32) * n + (((word & LOW_32) * n) >> 32)) >> 32) as usize,
        )
    }

    /// An index of a finite law with the cumulative probabilities `cumulative`: the number of entries, the
    /// last left out, that u reaches. The last entry stands for 1, so that its rounding cannot matter.
    ///
    /// Linear in the number of atoms, which are few; 0 for an empty law.
    #[inline(always)]
    #[must_use]
    pub fn choose(&mut self, cumulative: &[f64]) -> [usize; N] {
        let u = self.uniform();
        let mut chosen = [0; N];
        let inner = cumulative.split_last().map_or(cumulative, |(_, inner)| inner);
        for bound in inner {
            for (index, u) in chosen.iter_mut().zip(&u.0) {
                *index += usize::from(u >= bound);
            }
        }
        chosen
    }

    #[inline(always)]
    fn map_values(&mut self, value: impl Fn(u64) -> f64) -> Lane<N> {
        Lane(self.map_words(
            #[inline(always)]
            |_, word| value(word),
        ))
    }
}

/// (2 k + 1) / 2^53 with k the upper 52 bits of the word.
#[inline(always)]
fn open_unit(word: u64) -> f64 {
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    // 1 + k / 2^52 by its bits, less 1 - 2^-53: both steps exact, and no conversion of 64-bit integers.
    f64::from_bits(word >> 12 | ONE) - (1.0 - f64::EPSILON / 2.0)
}

#[inline(always)]
fn uniform_unit(word: u64) -> f64 {
    UNIFORM_WIDTH * (open_unit(word) - 0.5)
}

#[inline(always)]
fn normal_pair(a: u64, b: u64) -> (f64, f64) {
    let radius = (-2.0 * ln(open_unit(a))).sqrt();
    let (sin, cos) = sin_cos_turn(open_unit(b));
    (radius * cos, radius * sin)
}

#[inline(always)]
fn exponential(word: u64) -> f64 {
    -ln(open_unit(word))
}

#[inline(always)]
fn laplace(word: u64) -> f64 {
    let size = -FRAC_1_SQRT_2 * ln(open_unit(word));
    f64::from_bits(size.to_bits() | word << 63)
}

#[inline(always)]
fn logistic(word: u64) -> f64 {
    let u = open_unit(word);
    LOGISTIC_SCALE * ln(u / (1.0 - u))
}

#[inline(always)]
fn rademacher(word: u64) -> f64 {
    f64::from_bits(1.0_f64.to_bits() | word & SIGN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extreme_words_give_finite_numbers() {
        // exact: the smallest and largest cell midpoints
        assert_eq!([open_unit(0), open_unit(u64::MAX)], [2.0_f64.powi(-53), 1.0 - 2.0_f64.powi(-53)]);
        // identity: one more in the word's last used bit moves the uniform by 2^-52; u(~w) = 1 - u(w)
        assert_eq!(open_unit(1 << 12) - open_unit(0), 2.0_f64.powi(-52));
        for word in [0, 1 << 12, 1 << 63, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(open_unit(!word), 1.0 - open_unit(word));
        }
        for word in [0, 1, 1 << 63, u64::MAX - 1, u64::MAX] {
            for other in [0, 1 << 62, 1 << 63, 3 << 62, u64::MAX] {
                let (a, b) = normal_pair(word, other);
                assert!(a.is_finite() && b.is_finite() && a.hypot(b) < 8.58, "{word:x} {other:x}");
            }
            let values = [exponential(word), laplace(word), logistic(word), uniform_unit(word)];
            assert!(values.iter().all(|v| v.is_finite()), "{word:x}: {values:?}");
            assert_eq!(rademacher(word), if word >> 63 == 0 { 1.0 } else { -1.0 });
        }
        // exact: -ln 2^-53 = 53 ln 2
        assert_eq!(exponential(0), 53.0 * std::f64::consts::LN_2);
        assert_eq!(laplace(1), -laplace(0));
    }
}
