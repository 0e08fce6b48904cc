//! The median of M = 2n + 1 independent variables a_i + b xi_i, each a_i uniform on a finite set A_i.
//!
//! **Formula** with c the mean of the means of the sets, z = (x - c)/b and H the law's distribution function, worker i
//! is at most x with probability p_i(z) = mean over A_i of H(z - (a - c)/b). The median is at most x if n + 1 workers
//! are: F(z) = P[sum of Bernoulli(p_i) >= n + 1], by adding one worker after the other. The gap is
//!
//! E median - c = b int_0^inf [1 - F(z) - F(-z)] dz,
//!
//! where 1 - F(z) has the probabilities H((a - c)/b - z), so that no tail is a difference from 1. For u_i close
//! together the integrand is of the order of their distance cubed; in twice the precision of a double it keeps 15
//! digits for b up to 1e4 times that distance. E (median - c)^2 = b^2 int 2 z [1 - F(z) + F(-z)] dz.
//! **Source** chen2020, theorem 4 (sets of one number) and theorem F.1; the order statistics of its equation 43.
//! **Errors** see [`half_line`]; probabilities carry an absolute error of 10 M times that of H.
//! **Ties and edge cases** M odd; M = 1 is the law itself. Values that are symmetric about their mean have a gap of
//! exactly 0, and so have equal values.

use super::double_double::Dd;
use super::law::StandardLaw;
use super::quadrature::{Disagreement, half_line};
use crate::scalar::{Rational, Scalar};

/// Most workers: the cost of a probability grows with the square of M.
const MAX_WORKERS: usize = 501;
/// Most values of all sets together.
const MAX_VALUES: usize = 5_000;

/// The law of the median, in the unit of the scale and from the mean of the values.
#[derive(Debug, Clone)]
pub(crate) struct Median {
    pub(super) law: StandardLaw,
    /// (a - c)/b, by worker.
    pub(super) offsets: Vec<Vec<Dd>>,
    mean: Rational,
    pub(super) scale: Rational,
    symmetric: bool,
    constant: bool,
}

/// What is no median of this kind.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum MedianFault {
    /// No middle value.
    #[error(
        "there are {0} values; the median of an even number of workers is no single one of them: give an odd number"
    )]
    Even(usize),
    /// Too many to compute.
    #[error("{workers} workers with {values} values in all; at most {MAX_WORKERS} and {MAX_VALUES} are computed")]
    TooMany {
        /// M.
        workers: usize,
        /// Values of all sets.
        values: usize,
    },
    /// A set without a value.
    #[error("worker {0} has no value; give each at least one")]
    Empty(usize),
    /// A scale that is not positive.
    #[error("the scale is {0}; it must be above 0")]
    Scale(Rational),
    /// Values too far apart, or a scale too small or large, for doubles.
    #[error("values and scale differ by a factor of more than 1e12: change the scale")]
    Range,
    /// The quadrature did not settle.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
}

/// Mean and variance of the median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gap {
    /// E median - c.
    pub gap: f64,
    /// Bound on the error of the gap.
    pub gap_error: f64,
    /// E median.
    pub mean: f64,
    /// Bound on the error of the mean.
    pub mean_error: f64,
    /// Var median.
    pub variance: f64,
    /// Bound on the error of the variance.
    pub variance_error: f64,
}

impl Median {
    /// Most workers that are computed.
    pub(crate) const MOST_WORKERS: usize = MAX_WORKERS;

    /// The median of workers whose values are drawn from `sets` (one number each where they are fixed), with noise of
    /// the given law and scale.
    ///
    /// # Errors
    /// Every [`MedianFault`] but the last.
    pub(crate) fn new(sets: &[Vec<Rational>], law: StandardLaw, scale: &Rational) -> Result<Self, MedianFault> {
        let (workers, values) = (sets.len(), sets.iter().map(Vec::len).sum());
        if let Some(empty) = sets.iter().position(Vec::is_empty) {
            return Err(MedianFault::Empty(empty + 1));
        }
        if workers.is_multiple_of(2) {
            return Err(MedianFault::Even(workers));
        }
        if workers > MAX_WORKERS || values > MAX_VALUES {
            return Err(MedianFault::TooMany { workers, values });
        }
        if scale.signum() <= 0 {
            return Err(MedianFault::Scale(scale.clone()));
        }
        let sum = |set: &[Rational]| set.iter().fold(Rational::zero(), |s, a| s + a);
        let mean_of = |set: &[Rational]| sum(set) * <Rational as Scalar>::ratio(1, set.len() as u64);
        let mean = mean_of(&sets.iter().map(|s| mean_of(s)).collect::<Vec<_>>());
        let divided = |a: &Rational| (a.clone() - &mean).divide(scale).unwrap_or_else(|_| Rational::zero());
        let mut centred: Vec<Vec<Rational>> = sets.iter().map(|s| s.iter().map(divided).collect()).collect();
        let offsets: Vec<Vec<Dd>> = centred.iter().map(|s| s.iter().map(Dd::from_rational).collect()).collect();
        let size = |v: &Dd| v.to_f64().abs();
        if !offsets.iter().flatten().all(|v| size(v) < 1e12 && (size(v) > 1e-12 || size(v) == 0.0)) {
            return Err(MedianFault::Range);
        }
        let mut mirrored: Vec<Vec<Rational>> = centred.iter().map(|s| s.iter().map(|v| -v.clone()).collect()).collect();
        for list in [&mut centred, &mut mirrored] {
            list.iter_mut().for_each(|s| s.sort());
            list.sort();
        }
        let constant = centred.iter().flatten().all(Rational::is_zero);
        Ok(Median { law, offsets, mean, scale: scale.clone(), symmetric: centred == mirrored, constant })
    }

    /// The same law and number of workers with all values equal: the median of the noise alone.
    #[must_use]
    pub(crate) fn of_noise(&self) -> Self {
        let offsets = vec![vec![Dd::ZERO]; self.offsets.len()];
        Median { offsets, symmetric: true, constant: true, ..self.clone() }
    }

    /// c, the mean of the means of the sets.
    #[must_use]
    pub(crate) fn centre(&self) -> &Rational {
        &self.mean
    }

    /// Whether the law is symmetric about c.
    #[must_use]
    pub(crate) fn is_symmetric(&self) -> bool {
        self.symmetric
    }

    /// Whether all values are equal.
    #[must_use]
    pub(crate) fn is_constant(&self) -> bool {
        self.constant
    }

    /// M.
    #[must_use]
    pub(crate) fn workers(&self) -> usize {
        self.offsets.len()
    }

    /// P[(median - c)/b <= z].
    #[cfg(test)]
    pub(crate) fn below(&self, z: f64) -> f64 {
        self.at(Dd::from(z)).0.to_f64()
    }

    /// The density of (median - c)/b at z.
    #[must_use]
    pub(crate) fn density(&self, z: f64) -> f64 {
        self.at(Dd::from(z)).1.to_f64()
    }

    /// F(z) and its density.
    pub(super) fn at(&self, z: Dd) -> (Dd, Dd) {
        self.count(|v| z - v)
    }

    /// 1 - F(-z) and its density: the median of the mirrored values.
    pub(super) fn mirrored_at(&self, z: Dd) -> (Dd, Dd) {
        self.count(|v| z + v)
    }

    /// P[at least n + 1 of the workers], worker i with the mean of H(shift(v)), and the derivative.
    ///
    /// `counts[k]` is P[k of the workers so far], `marked[k]` the sum over the worker that stands at the median of its
    /// density times P[k of the others]. Every term is positive.
    fn count(&self, shift: impl Fn(Dd) -> Dd) -> (Dd, Dd) {
        let n = self.offsets.len() / 2;
        let (mut counts, mut marked) = (vec![Dd::ZERO; n + 1], vec![Dd::ZERO; n + 1]);
        let mut reached = Dd::ZERO;
        counts[0] = Dd::ONE;
        for set in &self.offsets {
            let (mut p, mut h) = (Dd::ZERO, Dd::ZERO);
            for v in set {
                let point = self.law.at(shift(*v));
                (p, h) = (p + point.below, h + point.density);
            }
            if set.len() > 1 {
                (p, h) = (p / set.len() as f64, h / set.len() as f64);
            }
            let rest = Dd::ONE - p;
            reached = reached + counts[n] * p;
            for k in (0..=n).rev() {
                marked[k] = marked[k] * rest + counts[k] * h;
                counts[k] = counts[k] * rest;
                if k > 0 {
                    marked[k] = marked[k] + marked[k - 1] * p;
                    counts[k] = counts[k] + counts[k - 1] * p;
                }
            }
        }
        (reached, marked[n])
    }

    /// Points at which integrands over z > 0 are not smooth, or change fast.
    pub(super) fn breaks(&self) -> Vec<f64> {
        let mut near: Vec<f64> = Vec::new();
        for v in self.offsets.iter().flatten().map(|v| v.to_f64().abs()) {
            near.extend([-100.0, -30.0, -10.0, -4.0, 0.0, 4.0, 10.0, 30.0, 100.0].map(|d| v + d));
        }
        near.sort_by(f64::total_cmp);
        // Smooth laws change over distances of about 1, so that one break stands for all near it.
        let mut breaks: Vec<f64> = Vec::new();
        for x in near.into_iter().filter(|x| *x > 0.25) {
            if breaks.last().is_none_or(|last| x - last > 1.0) {
                breaks.push(x);
            }
        }
        breaks.extend(self.kinks().into_iter().map(f64::abs));
        breaks.sort_by(f64::total_cmp);
        breaks.dedup();
        breaks
    }

    /// Points where the distribution function of a worker, or of the noise alone, is not smooth; ascending.
    pub(super) fn kinks(&self) -> Vec<f64> {
        let centres = || self.offsets.iter().flatten().chain([&Dd::ZERO]);
        let mut kinks: Vec<f64> =
            self.law.kinks().iter().flat_map(|kink| centres().map(|v| (*v + Dd::from(*kink)).to_f64())).collect();
        kinks.sort_by(f64::total_cmp);
        kinks.dedup();
        kinks
    }

    /// b in double precision.
    #[must_use]
    pub(crate) fn scale(&self) -> f64 {
        self.scale.to_f64()
    }

    /// Absolute error of a probability.
    #[must_use]
    pub(crate) fn rounding(&self) -> f64 {
        10.0 * self.law.rounding() * self.offsets.len() as f64
    }

    /// Gap, mean and variance.
    ///
    /// # Errors
    /// [`MedianFault::Disagreement`].
    pub(crate) fn gap(&self) -> Result<Gap, MedianFault> {
        let (scale, centre) = (self.scale.to_f64(), self.mean.to_f64());
        let range = 10.0 + self.offsets.iter().flatten().fold(0.0_f64, |m, v| m.max(v.to_f64().abs()));
        let floor = self.rounding() * range;
        let integrand = |z: f64| {
            let (above, below) = (self.mirrored_at(Dd::from(-z)).0, self.at(Dd::from(-z)).0);
            [(above - below).to_f64(), 2.0 * z * (above + below).to_f64()]
        };
        let (shift, square) = if self.workers() == 1 {
            // One worker: E xi = 0 and E xi^2 = 1 need no quadrature.
            let square = self.offsets[0].iter().fold(Dd::ZERO, |s, v| s + *v * *v) / self.offsets[0].len() as f64;
            let exact = |value: f64| super::Integral { value, error: 1e-15 * value, mass: value };
            (exact(0.0), exact((square + Dd::ONE).to_f64()))
        } else {
            let [shift, square] = half_line(integrand, &self.breaks(), [floor, floor * range])?;
            (if self.symmetric { super::Integral::default() } else { shift }, square)
        };
        let (gap, gap_error) = (scale * shift.value, scale * shift.error);
        let variance = scale * scale * (square.value - shift.value * shift.value);
        let variance_error =
            scale * scale * (square.error + 2.0 * shift.value.abs() * shift.error + 1e-15 * square.value);
        let mean_error = gap_error + f64::EPSILON * (centre.abs() + gap.abs());
        Ok(Gap { gap, gap_error, mean: centre + gap, mean_error, variance, variance_error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(values: &[&str]) -> Vec<Vec<Rational>> {
        values.iter().map(|set| set.split(';').map(|a| a.parse().unwrap()).collect()).collect()
    }

    fn median(values: &[&str], law: &str, scale: &str) -> Median {
        Median::new(&sets(values), law.parse().unwrap(), &scale.parse().unwrap()).unwrap()
    }

    #[test]
    fn gaps_and_variances_agree_with_forty_digits() {
        // reference: mpmath 1.3.0, mp.dps = 40, v_i = (u_i - 17/5)/b, tail(p) = P[at least 3 of 5]:
        // gap = b quad(z -> tail(H(v_i - z)) - tail(H(-v_i - z))), variance = b^2 quad(2 z (sum of both)) - gap^2,
        // panels ending at |v_i|, at max |v_i| + {1, 2, 4, 8, 16, 70} and at the kinks of H;
        // H = ncdf; exp(-sqrt(2)|x|)/2; 1/(1 + exp(-pi x/sqrt(3))); (x + sqrt(3))/(2 sqrt(3));
        // student(5): 1/2 + (atan(y) + y w (1 + 2 w/3))/pi, y = x/sqrt(3), w = 1/(1 + y^2)
        for (law, scale, gap, variance) in [
            ("gaussian", "1", -1.1844371051429372, 0.6961633925609654),
            ("gaussian", "10", -0.059112189922198605, 29.834047756369223),
            ("gaussian", "100", -0.0006130950780406453, 2869.4914913780904),
            ("gaussian", "10000", -6.133230282155608e-08, 28683367.315475345),
            ("laplace", "1", -1.2005292809852686, 0.693926474605106),
            ("laplace", "10", -0.11973655988046314, 20.345517098695108),
            ("laplace", "100", -0.001499207119021892, 1759.0838753818641),
            ("laplace", "10000", -1.5049993775792107e-07, 17559030.964235574),
            ("logistic", "1", -1.1923130481435036, 0.6976465599364684),
            ("logistic", "10", -0.07569934653800735, 25.710513045897468),
            ("logistic", "100", -0.0008078174506254625, 2402.6838163363414),
            ("logistic", "10000", -8.083675435112429e-08, 24009114.041579932),
            ("uniform", "1", -1.1717947136340703, 0.6950661709559188),
            ("uniform", "10", -0.01939766653104892, 40.83576764543037),
            ("uniform", "100", -2.3678719920503592e-05, 4283.063308987959),
            ("uniform", "10000", -2.4175507681612084e-11, 42857140.19714379),
            ("student(5)", "1", -1.2046943069149958, 0.685262988525532),
            ("student(5)", "10", -0.08767528527366608, 22.86722217038201),
            ("student(5)", "100", -0.0009490447697619622, 2102.9459110398598),
            ("student(5)", "10000", -9.498390888876632e-08, 21009960.570518434),
        ] {
            let found = median(&["0", "1", "5", "2", "9"], law, scale).gap().unwrap();
            let off = (found.gap - gap).abs();
            assert!(
                off <= found.gap_error + 2.0 * f64::EPSILON * gap.abs(),
                "{law} {scale}: {found:?}, gap off by {off:e}"
            );
            assert!(found.gap_error <= 1e-10 * gap.abs(), "{law} {scale}: {found:?}");
            let off = (found.variance - variance).abs();
            assert!(
                off <= found.variance_error && found.variance_error <= 1e-12 * variance,
                "{law} {scale}: {found:?}"
            );
            assert!((found.mean - 3.4 - gap).abs() <= found.mean_error, "{law} {scale}");
        }
    }

    #[test]
    fn three_uniforms_by_hand() {
        // exact: equal values: x = (H - 1/2) has the density 6 (1/4 - x^2), variance 1/20, times (2 sqrt 3)^2 = 12
        let equal = median(&["7", "7", "7"], "uniform", "2").gap().unwrap();
        assert_eq!(equal.gap, 0.0);
        assert!((equal.variance - 4.0 * 12.0 / 20.0).abs() <= equal.variance_error);
        // exact: a far worker leaves the extreme of the other two: E max of two uniforms on [-sqrt 3, sqrt 3] is 1/sqrt
        // 3
        let far = median(&["0", "0", "300"], "uniform", "1").gap().unwrap();
        assert!((far.mean - 1.0 / 3.0_f64.sqrt()).abs() <= far.mean_error, "{far:?}");
    }

    #[test]
    fn symmetry_gives_no_gap() {
        for law in ["gaussian", "laplace", "logistic", "uniform", "student(3)"] {
            for (values, scale) in [(["1", "1", "1"], "3"), (["-2", "5", "12"], "1/2"), (["0;4", "1;3", "2"], "10")] {
                let found = median(&values, law, scale).gap().unwrap();
                assert_eq!(found.gap, 0.0, "{law} {values:?}");
                // identity: the quadrature, which does not know of the symmetry, finds 0 within its error
                let integral = |m: &Median| {
                    let f = |z: f64| [(m.mirrored_at(Dd::from(-z)).0 - m.at(Dd::from(-z)).0).to_f64()];
                    half_line(f, &m.breaks(), [m.rounding() * 100.0]).unwrap()[0]
                };
                let blind = integral(&median(&values, law, scale));
                assert!(blind.value.abs() <= blind.error, "{law} {values:?}: {blind:?}");
            }
        }
    }

    #[test]
    fn the_mean_by_the_density() {
        // identity: E median = int x f(x) dx, where the gap is found from distribution functions alone
        for law in ["gaussian", "laplace", "logistic", "uniform", "student(5)"] {
            let m = median(&["0;1", "1", "5", "2;2;3", "9"], law, "4");
            let f = |z: f64| {
                let (up, down) = (m.at(Dd::from(z)).1, m.at(Dd::from(-z)).1);
                [(up - down).to_f64() * z, (up + down).to_f64() * z * z, (up + down).to_f64()]
            };
            let [first, second, mass] = half_line(f, &m.breaks(), [1e-26; 3]).unwrap();
            let found = m.gap().unwrap();
            assert!((mass.value - 1.0).abs() <= mass.error, "{law}: {mass:?}");
            assert!((4.0 * first.value - found.gap).abs() <= 4.0 * first.error + found.gap_error, "{law}: {found:?}");
            let variance = 16.0 * (second.value - first.value * first.value);
            assert!(
                (variance - found.variance).abs() <= 33.0 * second.error + found.variance_error,
                "{law}: {found:?}"
            );
        }
    }

    #[test]
    fn sets_are_mixtures() {
        // identity: the median of sets is the mean over all choices of the median of the choice
        let law = "logistic";
        let whole = median(&["0;6", "1", "2;9"], law, "2").gap().unwrap();
        let choices = [["0", "1", "2"], ["0", "1", "9"], ["6", "1", "2"], ["6", "1", "9"]];
        let means: Vec<Gap> = choices.iter().map(|c| median(c, law, "2").gap().unwrap()).collect();
        let mean = means.iter().map(|g| g.mean).sum::<f64>() / 4.0;
        assert!((whole.mean - mean).abs() < 1e-13, "{whole:?} {mean}");
        let square = means.iter().map(|g| g.variance + g.mean * g.mean).sum::<f64>() / 4.0;
        assert!((whole.variance - (square - mean * mean)).abs() < 1e-12, "{whole:?}");
    }

    #[test]
    fn small_scales_give_the_median_of_the_values() {
        // exact: with b = 1/1000 the noise does not exchange values that are 1 apart (for the others than uniform with
        // a probability below 1e-300): median 2, variance b^2
        for law in ["uniform", "gaussian", "laplace", "logistic"] {
            let found = median(&["0", "1", "5", "2", "9"], law, "1/1000").gap().unwrap();
            assert!((found.mean - 2.0).abs() <= found.mean_error, "{law}: {found:?}");
            assert!((found.variance - 1e-6).abs() <= found.variance_error, "{law}: {found:?}");
        }
    }

    #[test]
    fn one_worker_is_the_law_itself() {
        let found = median(&["3"], "student(21/10)", "2").gap().unwrap();
        assert_eq!((found.gap, found.mean, found.variance), (0.0, 3.0, 4.0));
        // exact: values 0 and 2 with equal chances add a variance of 1
        assert_eq!(median(&["0;2"], "laplace", "2").gap().unwrap().variance, 5.0);
    }

    #[test]
    fn faults_name_the_remedy() {
        let fault = |values: &[&str], scale: &str| {
            Median::new(&sets(values), "gaussian".parse().unwrap(), &scale.parse().unwrap()).unwrap_err().to_string()
        };
        assert!(fault(&["1", "2"], "1").contains("give an odd number"));
        assert!(fault(&["1"], "0").contains("above 0"));
        assert!(fault(&["1", "2", "3"], "1e-20").contains("change the scale"));
        assert!(fault(&["1"; 503], "1").contains("at most"));
        assert!(Median::new(&[vec![]], "gaussian".parse().unwrap(), &Rational::one()).is_err());
    }
}
