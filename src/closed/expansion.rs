//! What the law of a noisy median tends to as the noise grows: leading terms in 1/b, and the point where its sign
//! balances.
//!
//! **Formula** with M = 2n + 1, v_i = (u_i - c)/b of sum 0 and p_i(z) = H(z - v_i), the distribution function F of
//! (median - c)/b is symmetric and linear in each p_i, with the derivatives a_1 = C(2n, n) (H(1-H))^n in one p_i,
//! a_2 = C(2n-1, n) (H(1-H))^(n-1) (1 - 2H) in two, and a_3 = `P[n-2] - 2 P[n-1] + P[n]` of Bin(2n - 2, H) in three. Sums
//! of products of the v_i are reduced to sums of powers by sum v_i = 0:
//!
//! - the order v^2 of F is (sum v_i^2/2) W with W = a_1 h' - a_2 h^2, so that int |f - g| tends to
//!   G sum (u_i - c)^2/b^2, `density` G = int |W'|/2 over the line; W is odd and W' even: this part of the density is
//!   symmetric;
//! - that order adds nothing to E median, and the order v^3 gives E median - c = K sum (u_i - c)^3/b^2,
//!   `mean` K = (M^2/12) int a_3 h^3, after integration by parts of the terms with h'' and h h'.
//!
//! **Source** own derivation, beside chen2020's theorem 4, whose proof bounds the same terms.
//! **Errors** those of [`half_line`]; G also by the values of W at its turning points.
//! **Ties and edge cases** K needs a continuous density, and G one with a continuous derivative. `sign_point` is the
//! median of the median's own distribution; where that is an interval without mass, a point of it.

use super::double_double::Dd;
use super::law::{LawKind, StandardLaw};
use super::median::{Median, MedianFault};
use super::quadrature::{Disagreement, half_line};

/// A number with a bound on its error.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Bounded {
    /// The number.
    pub value: f64,
    /// Bound on its error.
    pub error: f64,
}

/// The derivatives a_1, a_2 and a_3 of F in one, two and three of the p_i, at one p for all.
struct Orders {
    n: i32,
    /// C(2n, n), C(2n - 1, n), and C(2n - 2, k) for k = n - 2, n - 1.
    binomials: [f64; 4],
}

impl Orders {
    fn new(n: usize) -> Self {
        let choose = |total: usize, k: Option<usize>| match k {
            Some(k) if k <= total => (1..=k).fold(1.0, |c, i| c * (total - k + i) as f64 / i as f64),
            _ => 0.0,
        };
        let binomials = if n == 0 {
            [1.0, 0.0, 0.0, 0.0]
        } else {
            let pairs = 2 * n - 2;
            [
                choose(2 * n, Some(n)),
                choose(2 * n - 1, Some(n)),
                choose(pairs, n.checked_sub(2)),
                choose(pairs, Some(n - 1)),
            ]
        };
        Orders { n: n as i32, binomials }
    }

    fn at(&self, p: f64) -> [f64; 3] {
        let (q, [c1, c2, outer, inner]) = (1.0 - p, self.binomials);
        if self.n == 0 {
            return [1.0, 0.0, 0.0];
        }
        let power = |k: i32| libm::pow(p * q, f64::from(k));
        // C(2n-2, n-2) = C(2n-2, n), and P[n-2] + P[n] has the common factor (pq)^(n-2).
        let sides = if self.n > 1 { outer * power(self.n - 2) * (p * p + q * q) } else { 0.0 };
        [c1 * power(self.n), c2 * power(self.n - 1) * (1.0 - 2.0 * p), sides - 2.0 * inner * power(self.n - 1)]
    }
}

/// h, h' and h'' at z > 0, where the law has a continuous h'.
fn derivatives(law: &StandardLaw, z: f64, density: f64, below: f64) -> Option<[f64; 3]> {
    let rate = match law.kind() {
        LawKind::Gaussian => {
            return Some([density, -z * density, (z * z - 1.0) * density]);
        }
        LawKind::Student(nu) => {
            let (nu, m) = (nu.to_f64(), nu.to_f64() - 2.0);
            let slope = -(nu + 1.0) * z / (m + z * z);
            let change = -(nu + 1.0) * (m - z * z) / ((m + z * z) * (m + z * z));
            return Some([density, slope * density, (slope * slope + change) * density]);
        }
        LawKind::Logistic => std::f64::consts::PI / libm::sqrt(3.0),
        LawKind::Laplace | LawKind::Uniform => return None,
    };
    let slope = rate * (1.0 - 2.0 * below);
    Some([density, slope * density, (slope * slope - 2.0 * rate * density) * density])
}

impl Median {
    /// K: E median - c tends to K sum (u_i - c)^3/b^2. `None` for the uniform law, whose density jumps.
    ///
    /// # Errors
    /// [`MedianFault::Disagreement`].
    pub(crate) fn mean_constant(&self) -> Result<Option<Bounded>, MedianFault> {
        if *self.law.kind() == LawKind::Uniform {
            return Ok(None);
        }
        let (orders, workers) = (Orders::new(self.workers() / 2), self.workers() as f64);
        let integrand = |z: f64| {
            // At -z, where H keeps its digits; a_3 and h are even.
            let point = self.law.at(Dd::from(-z));
            let h = point.density.to_f64();
            [orders.at(point.below.to_f64())[2] * h * h * h]
        };
        let [half] = half_line(integrand, &[0.5, 1.0, 2.0, 4.0, 8.0], [1e-18])?;
        let factor = workers * workers / 6.0;
        Ok(Some(Bounded { value: factor * half.value, error: factor * (half.error + 1e-12 * half.mass) }))
    }

    /// G: int |f - g| tends to G sum (u_i - c)^2/b^2. `None` for the laplace and the uniform law.
    ///
    /// # Errors
    /// [`MedianFault::Disagreement`].
    pub(crate) fn density_constant(&self) -> Result<Option<Bounded>, MedianFault> {
        let orders = Orders::new(self.workers() / 2);
        let n = f64::from(orders.n);
        // W and W' at z > 0, by the values at -z: W is odd and W' even.
        let wave = |z: f64| {
            let point = self.law.at(Dd::from(-z));
            let (below, density) = (point.below.to_f64(), point.density.to_f64());
            let [h, slope, bend] = derivatives(&self.law, z, density, 1.0 - below)?;
            let [a1, a2, a3] = orders.at(below);
            // At z the sign of a_2 and of h' is the other one than at -z; `slope` is h' at z.
            let a2 = -a2;
            let value = a1 * slope - a2 * h * h;
            Some([
                value,
                2.0 * n * a2 * h * slope + a1 * bend - (2.0 * n - 1.0) * a3 * h * h * h - 2.0 * a2 * h * slope,
            ])
        };
        if wave(1.0).is_none() {
            return Ok(None);
        }
        let rate = |z: f64| wave(z).map_or(0.0, |w| w[1]);
        let mut turning = Vec::new();
        let grid: Vec<f64> = (0..=4000).map(|i| f64::from(i) / 200.0 + 1e-9).collect();
        for pair in grid.windows(2) {
            let [mut low, mut high] = [pair[0], pair[1]];
            if rate(low) * rate(high) >= 0.0 {
                continue;
            }
            let side = rate(low).signum();
            for _ in 0..60 {
                let middle = low + (high - low) / 2.0;
                if rate(middle).signum() == side { low = middle } else { high = middle }
            }
            turning.push(high);
        }
        let (mut total, mut last) = (0.0, 0.0);
        for z in &turning {
            let there = wave(*z).map_or(0.0, |w| w[0]);
            total += (there - last).abs();
            last = there;
        }
        total += last.abs();
        let mut breaks = vec![0.5, 1.0, 2.0, 4.0, 8.0];
        breaks.extend(&turning);
        let [other] = half_line(|z| [rate(z).abs()], &breaks, [1e-17])?;
        let apart = (total - other.value).abs();
        if apart > 1e-9 * total {
            return Err(Disagreement { first: total, second: other.value }.into());
        }
        Ok(Some(Bounded { value: total, error: apart + other.error + 1e-13 * total }))
    }

    /// sum (u_i - c)^k/b^k for k = 2 and 3; a set counts with its mean.
    #[must_use]
    pub(crate) fn power_sums(&self) -> [f64; 2] {
        let of = |k: usize| {
            let mut sum = Dd::ZERO;
            for set in &self.offsets {
                let v = set.iter().fold(Dd::ZERO, |s, v| s + *v) / set.len() as f64;
                sum = sum + (0..k).fold(Dd::ONE, |x, _| x * v);
            }
            sum.to_f64()
        };
        [of(2), of(3)]
    }

    /// P[|z| <= c/b] of the noise's own median: the mass that its density has between -c and c, c in the unit of the
    /// scale.
    #[must_use]
    pub(crate) fn noise_inside(&self, c: f64) -> f64 {
        (Dd::ONE - self.of_noise().at(Dd::from(-c.abs())).0 * 2.0).to_f64()
    }

    /// P[the median has c's sign] - P[it has not] - P[|noise's median| <= |c|], beside its first two terms' difference;
    /// `None` where c = 0.
    #[must_use]
    pub(crate) fn sign_excess(&self) -> Option<[f64; 3]> {
        let c = Dd::from_rational(self.centre()) / Dd::from_rational(&self.scale);
        if c.to_f64() == 0.0 {
            return None;
        }
        let (negative, positive) = (self.at(-c).0, self.mirrored_at(c).0);
        let signed = if c > Dd::ZERO { positive - negative } else { negative - positive };
        let inside = Dd::ONE - self.of_noise().at(-c.abs()).0 * 2.0;
        Some([signed.to_f64(), inside.to_f64(), (signed - inside).to_f64()])
    }

    /// b z with F(z) = 1/2: where the noisy vote balances, from c.
    #[must_use]
    pub(crate) fn sign_point(&self) -> Bounded {
        if self.is_symmetric() {
            return Bounded::default();
        }
        let reach = self.offsets.iter().flatten().fold(0.0_f64, |m, v| m.max(v.to_f64().abs()));
        let (mut low, mut high) = (-reach, reach);
        let mut z = 0.0_f64;
        let mut rate = 0.0;
        for _ in 0..400 {
            let (below, density) = self.at(Dd::from(z));
            let off = (below - Dd::HALF).to_f64();
            if off > 0.0 {
                high = z
            } else {
                low = z
            }
            rate = density.to_f64();
            let newton = z - off / rate;
            let next = if rate > 0.0 && newton > low && newton < high { newton } else { low + (high - low) / 2.0 };
            let step = (next - z).abs();
            z = next;
            if step <= 1e-17 * z.abs() || low >= high {
                break;
            }
        }
        let slack = if rate > 0.0 { self.rounding() / rate } else { high - low };
        let scale = self.scale.to_f64();
        Bounded { value: scale * z, error: scale * (slack + 1e-15 * z.abs()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Rational;

    fn median(values: &[&str], law: &str, scale: &str) -> Median {
        let sets: Vec<Vec<Rational>> = values.iter().map(|a| vec![a.parse().unwrap()]).collect();
        Median::new(&sets, law.parse().unwrap(), &scale.parse().unwrap()).unwrap()
    }

    #[test]
    fn constants_by_hand() {
        // exact: M = 3: a_3 = -2, K = -(3/2) int h^3; gaussian int h^3 = 1/(2 pi sqrt 3)
        let k = median(&["0", "1", "5"], "gaussian", "1").mean_constant().unwrap().unwrap();
        assert!((k.value + 0.75 / (std::f64::consts::PI * 3.0_f64.sqrt())).abs() <= k.error, "{k:?}");
        // exact: laplace h = sqrt 2 min(H, 1-H); M = 5: (25/12) 2 int_0^(1/2) 2 y^2 (1 - 6y + 6y^2) dy = -(25/12) 7/120
        let k = median(&["0", "1", "5", "2", "9"], "laplace", "1").mean_constant().unwrap().unwrap();
        assert!((k.value + 25.0 / 12.0 * 7.0 / 120.0).abs() <= k.error && k.error < 1e-11, "{k:?}");
        // exact: M = 1: W = h', whose variation over z > 0 is twice the largest |h'|, exp(-1/2)/sqrt(2 pi) at z = 1
        let g = median(&["0"], "gaussian", "1").density_constant().unwrap().unwrap();
        let top = (-0.5_f64).exp() / (2.0 * std::f64::consts::PI).sqrt();
        assert!((g.value - 2.0 * top).abs() <= g.error && g.error < 1e-11, "{g:?}");
        // exact: one worker has no gap
        assert_eq!(median(&["3"], "gaussian", "1").mean_constant().unwrap().unwrap().value, 0.0);
        assert!(median(&["3"], "uniform", "1").mean_constant().unwrap().is_none());
        assert!(median(&["3"], "laplace", "1").density_constant().unwrap().is_none());
    }

    #[test]
    fn leading_terms_meet_the_quadratures() {
        // identity: at b = 10^4 the next order is smaller by (u/b)^2, about 1e-6
        for law in ["gaussian", "laplace", "logistic", "student(5)"] {
            for values in [&["0", "1", "5"][..], &["0", "1", "5", "2", "9"], &["-3", "1", "1", "2", "7", "0", "20"]] {
                let far = median(values, law, "10000");
                let (k, gap) = (far.mean_constant().unwrap().unwrap(), far.gap().unwrap());
                let leading = 1e4 * k.value * far.power_sums()[1];
                assert!((gap.gap / leading - 1.0).abs() < 1e-4, "{law} {values:?}: {} {leading}", gap.gap);
                if let Some(g) = far.density_constant().unwrap() {
                    let (leading, found) = (g.value * far.power_sums()[0], far.asymmetry().unwrap().value);
                    assert!((found / leading - 1.0).abs() < 1e-4, "{law} {values:?}: {found} {leading}");
                }
            }
        }
    }

    #[test]
    fn signs_balance_by_hand() {
        // exact: without overlap the median of the median is the middle value, 1 less the mean 2
        let near = median(&["0", "1", "5"], "gaussian", "1/100").sign_point();
        assert!((near.value + 1.0).abs() < 1e-12, "{near:?}");
        assert_eq!(median(&["-1", "0", "1"], "gaussian", "1").sign_point(), Bounded::default());
        // identity: the distribution function at the point is 1/2
        let m = median(&["0", "1", "5"], "logistic", "7");
        assert!((m.below(m.sign_point().value / 7.0) - 0.5).abs() < 1e-15);
        // exact: two of three uniform(-1, 1) + {2, 2, 2} are above 0 always; the noise's median lies within 2 always
        let [signed, inside, excess] = median(&["2", "2", "2"], "uniform", "1/2").sign_excess().unwrap();
        assert_eq!([signed, inside, excess], [1.0, 1.0, 0.0]);
        // exact: equal values: h is g itself
        let [_, _, excess] = median(&["-2", "-2", "-2"], "laplace", "3").sign_excess().unwrap();
        assert!(excess.abs() < 1e-28, "{excess:e}");
        assert!(median(&["-2", "0", "2"], "laplace", "3").sign_excess().is_none());
    }
}
