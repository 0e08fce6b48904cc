//! Streaming count, mean and spread of a statistic over replicates.
//!
//! **Update** (B. P. Welford, Technometrics 4, 1962): with d = x - mean, mean += d/n and M2 += d (x - mean_new).
//! **Merge** (T. F. Chan, G. H. Golub, R. J. LeVeque, COMPSTAT 1982): with d = mean_b - mean_a and n = n_a + n_b,
//! mean = mean_a + d n_b/n and M2 = M2_a + M2_b + d^2 n_a n_b/n. Neither subtracts large squares, so that a mean
//! of 1e8 leaves a variance of 1 intact. Merging is not associative in floating point: chunks are merged in
//! their fixed order, and the same order gives the same bits.

use super::MeanFault;
use super::estimate::real;
use serde::{Deserialize, Serialize};

/// Count, mean, centred second moment and extremes of the finite values; count and first step of the others.
///
/// ```
/// // exact: the mean of 1, 2, 3 is 2, the variance with n - 1 is 1
/// let mut m = signcheck::internals::stats::Moments::default();
/// for x in [1.0, 2.0, 3.0] {
///     m.push(x);
/// }
/// assert_eq!((m.mean(), m.variance()), (Some(2.0), Some(1.0)));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    count: u64,
    mean: f64,
    /// Sum of squared deviations; infinite where it overflows (`null` in a file).
    #[serde(with = "null_is_infinite")]
    centred_square: f64,
    minimum: f64,
    maximum: f64,
    diverged: u64,
    first_diverged: Option<u64>,
}

impl Moments {
    /// Records one replicate's value. A value that is not finite counts as diverged at an unknown step.
    pub fn push(&mut self, x: f64) {
        if !x.is_finite() {
            self.diverged += 1;
            return;
        }
        if self.count == 0 {
            (self.minimum, self.maximum) = (x, x);
        }
        self.minimum = self.minimum.min(x);
        self.maximum = self.maximum.max(x);
        self.count += 1;
        let n = real(self.count);
        let delta = x - self.mean;
        if delta.is_finite() {
            self.mean += delta / n;
            self.centred_square += delta * (x - self.mean);
        } else {
            // two values of opposite sign near the largest double: the mean exists, the square does not
            self.mean += x / n - self.mean / n;
            self.centred_square = f64::INFINITY;
        }
    }

    /// Records a replicate that stopped being finite at `step`.
    pub fn push_diverged(&mut self, step: u64) {
        self.diverged += 1;
        self.first_diverged = earliest(self.first_diverged, Some(step));
    }

    /// Adds what `other` recorded after what is here. Deterministic; merging with nothing changes no bit.
    pub fn merge(&mut self, other: &Self) {
        self.diverged += other.diverged;
        self.first_diverged = earliest(self.first_diverged, other.first_diverged);
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            let (diverged, first_diverged) = (self.diverged, self.first_diverged);
            *self = Self { diverged, first_diverged, ..*other };
            return;
        }
        let (here, there) = (real(self.count), real(other.count));
        self.count += other.count;
        let part = there / real(self.count);
        let delta = other.mean - self.mean;
        if delta.is_finite() {
            self.mean += delta * part;
            self.centred_square += other.centred_square + delta * delta * here * part;
        } else {
            self.mean += other.mean * part - self.mean * part;
            self.centred_square = f64::INFINITY;
        }
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
    }

    /// How many finite values were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many replicates were not finite.
    #[must_use]
    pub fn diverged(&self) -> u64 {
        self.diverged
    }

    /// The smallest step at which a replicate diverged, where a step was recorded.
    #[must_use]
    pub fn first_diverged(&self) -> Option<u64> {
        self.first_diverged
    }

    /// The mean of the finite values, in the statistic's unit.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// The sum of squared deviations from the mean, M2, in the unit squared.
    #[must_use]
    pub fn centred_square(&self) -> f64 {
        self.centred_square
    }

    /// The smallest finite value.
    #[must_use]
    pub fn minimum(&self) -> Option<f64> {
        (self.count > 0).then_some(self.minimum)
    }

    /// The largest finite value.
    #[must_use]
    pub fn maximum(&self) -> Option<f64> {
        (self.count > 0).then_some(self.maximum)
    }

    /// M2/(n - 1), unbiased; `None` for fewer than two values.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.centred_square / real(self.count - 1))
    }

    /// The square root of [`Moments::variance`].
    #[must_use]
    pub fn standard_deviation(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    /// The standard deviation of the mean, sqrt(variance/n).
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        self.variance().map(|v| (v / real(self.count)).sqrt())
    }

    /// Whether at least one value was recorded and all finite values are the same double.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.count > 0 && self.minimum == self.maximum
    }

    /// A bound on |computed mean - exact mean of the values|: (n + 8) eps max|x|, and 0 for constant values.
    ///
    /// An update errs by at most u (M + 4 M/k), u = eps/2, M = max|x|, and later updates shrink it by k/n: in sum
    /// u M ((n + 1)/2 + 4). A merge errs by a few u M and is shrunk likewise. Equal values leave d = 0 and no error.
    #[must_use]
    pub fn mean_rounding(&self) -> f64 {
        if self.count == 0 || self.is_constant() {
            return 0.0;
        }
        (real(self.count) + 8.0) * f64::EPSILON * self.minimum.abs().max(self.maximum.abs())
    }

    /// The mean of the recorded replicates, or why there is none.
    ///
    /// # Errors
    /// [`MeanFault::Diverged`] if any replicate was not finite, [`MeanFault::Empty`] without values.
    pub fn checked_mean(&self) -> Result<f64, MeanFault> {
        if self.diverged > 0 {
            return Err(MeanFault::Diverged { replicates: self.diverged, first_step: self.first_diverged });
        }
        self.mean().ok_or(MeanFault::Empty)
    }
}

/// The smaller of the steps that are known.
fn earliest(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (known, None) | (None, known) => known,
    }
}

/// A file holds no infinity: `null` stands for the one that an overflow left.
mod null_is_infinite {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        x.is_finite().then_some(*x).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pushed(values: &[f64]) -> Moments {
        let mut m = Moments::default();
        values.iter().for_each(|&x| m.push(x));
        m
    }

    /// How far two evaluations of M2 may differ: n eps (M2 + sqrt(n M2) M + n M^2 eps n), M = max|x|; the condition
    /// number sqrt(1 + mean^2/variance) of Chan, Golub and LeVeque (1983) times n eps, with a factor 4 for two of them.
    fn square_tolerance(m: &Moments, largest: f64) -> f64 {
        let n = real(m.count());
        let unit = 4.0 * (n + 8.0) * f64::EPSILON;
        unit * (m.centred_square() + (n * m.centred_square()).sqrt() * largest + n * largest * largest * unit)
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        (-1e6..1e6_f64, 0.0..10.0_f64, prop::collection::vec(-1.0..1.0_f64, 1..300))
            .prop_map(|(centre, scale, xs)| xs.into_iter().map(|x| centre + scale * x).collect())
    }

    proptest! {
        #[test]
        fn merging_equals_pushing(values in values(), cuts in prop::collection::vec(0_usize..300, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(values.len())).collect();
            cuts.sort_unstable();
            cuts.push(values.len());
            let (mut merged, mut from) = (Moments::default(), 0);
            for to in cuts {
                merged.merge(&pushed(&values[from..to]));
                from = to;
            }
            let whole = pushed(&values);
            let largest = values.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            prop_assert_eq!(merged.count(), whole.count());
            prop_assert_eq!((merged.minimum(), merged.maximum()), (whole.minimum(), whole.maximum()));
            prop_assert!((merged.mean - whole.mean).abs() <= merged.mean_rounding() + whole.mean_rounding());
            prop_assert!((merged.centred_square - whole.centred_square).abs() <= square_tolerance(&whole, largest));
        }

        #[test]
        fn the_mean_is_within_its_stated_rounding(values in values()) {
            // exact: the mean of the doubles as a rational
            let sum = values.iter().fold(dashu_ratio::RBig::ZERO, |s, &x| s + dashu_ratio::RBig::try_from(x).expect("finite"));
            let mean = sum / dashu_ratio::RBig::from(values.len());
            let whole = pushed(&values);
            let error = dashu_ratio::RBig::try_from(whole.mean).expect("finite") - mean;
            prop_assert!(error.to_f64_fast().abs() <= whole.mean_rounding());
        }

        #[test]
        fn merging_in_a_fixed_order_gives_the_same_bits(values in values()) {
            let chunks: Vec<Moments> = values.chunks(16).map(pushed).collect();
            let merge = || {
                let mut all = Moments::default();
                chunks.iter().for_each(|c| all.merge(c));
                all
            };
            let (first, second) = (merge(), merge());
            prop_assert_eq!(first.mean.to_bits(), second.mean.to_bits());
            prop_assert_eq!(first.centred_square.to_bits(), second.centred_square.to_bits());
            // merging with nothing, on either side, changes no bit
            let mut padded = Moments::default();
            padded.merge(&first);
            padded.merge(&Moments::default());
            prop_assert_eq!(padded, first);
        }

        #[test]
        fn serialisation_gives_back_every_bit(values in values(), step: Option<u64>) {
            let mut m = pushed(&values);
            if let Some(step) = step {
                m.push_diverged(step);
            }
            let text = serde_json::to_string(&m).expect("serialises");
            prop_assert_eq!(serde_json::from_str::<Moments>(&text).expect("parses"), m);
        }
    }

    #[test]
    fn a_large_mean_leaves_a_small_variance_intact() {
        // exact: 1e8 - 1 and 1e8 + 1 in turn, n = 1e6: mean 1e8, M2 = n. In chunks and at one go.
        let n = 1_000_000;
        let values: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { 1e8 - 1.0 } else { 1e8 + 1.0 }).collect();
        let mut merged = Moments::default();
        values.chunks(1000).for_each(|chunk| merged.merge(&pushed(chunk)));
        for m in [pushed(&values), merged] {
            assert!((m.mean - 1e8).abs() < 1e-6, "{}", m.mean);
            assert!((m.centred_square / f64::from(n) - 1.0).abs() < 1e-6, "{}", m.centred_square);
        }
        // the textbook difference of sums fails the same check, which shows that it has teeth
        let (sum, squares) = values.iter().fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
        assert!(((squares - sum * sum / f64::from(n)) / f64::from(n) - 1.0).abs() > 1e-6);
    }

    #[test]
    fn divergence_is_counted_with_its_first_step() {
        let mut a = pushed(&[1.0, f64::NAN, f64::INFINITY]);
        assert_eq!((a.count(), a.diverged(), a.first_diverged()), (1, 2, None));
        a.push_diverged(17);
        a.push_diverged(40);
        let mut b = Moments::default();
        b.push_diverged(9);
        b.merge(&a);
        assert_eq!((b.count(), b.diverged(), b.first_diverged(), b.mean()), (1, 5, Some(9), Some(1.0)));
        assert_eq!(b.checked_mean(), Err(MeanFault::Diverged { replicates: 5, first_step: Some(9) }));
        assert_eq!(Moments::default().checked_mean(), Err(MeanFault::Empty));
    }

    #[test]
    fn overflow_is_infinite_and_never_nan() {
        let mut m = pushed(&[1.7e308, -1.7e308]);
        let mut other = pushed(&[-1.7e308]);
        other.merge(&pushed(&[1.7e308]));
        m.merge(&other);
        assert!(m.mean().is_some_and(|v| v.is_finite()));
        assert_eq!(m.variance(), Some(f64::INFINITY));
        let text = serde_json::to_string(&m).expect("serialises");
        assert_eq!(serde_json::from_str::<Moments>(&text).expect("parses"), m);
    }

    #[test]
    fn constants_have_no_variance_and_no_rounding() {
        // exact: every update has d = 0
        let mut m = pushed(&[0.1; 1000]);
        m.merge(&pushed(&[0.1; 77]));
        assert_eq!((m.mean(), m.variance(), m.mean_rounding(), m.is_constant()), (Some(0.1), Some(0.0), 0.0, true));
        assert_eq!(pushed(&[1.0]).variance(), None);
    }
}
