//! How far the density of a median is from that of the noise's median, and from its own mirror image.
//!
//! **Formula** with f and F the density and distribution function of z = (median - c)/b, g and G those of the median of
//! the noise alone (g = (2n+1) C(2n,n) h H^n (1-H)^n): `value` = int |f - g| and `odd_mass` = int |f(z) - f(-z)|/2 over
//! the line. Each is the total variation of a function that needs no integral: F - G over the line, and
//! 1 - F(z) - F(-z) over z > 0. Between two turning points, where the difference of densities changes sign, it is the
//! difference of two values.
//! **Source** chen2020, theorem 4b (equations 45 to 56), v(z/b)/b being the difference h(z) - g(z/b)/b.
//! **Errors** the same by quadrature of |f - g| between the turning points; `error` is the distance of the two routes
//! plus the quadrature's own error.
//! **Ties and edge cases** 0 exactly for equal values, and `odd_mass` also for values that are symmetric about their
//! mean.

use super::double_double::Dd;
use super::median::{Median, MedianFault};
use super::quadrature::{Disagreement, half_line};

/// Distances between densities, without unit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Asymmetry {
    /// int |f - g|.
    pub value: f64,
    /// Bound on its error.
    pub error: f64,
    /// int |f(z) - f(-z)|/2 dz over the line.
    pub odd_mass: f64,
    /// Bound on its error.
    pub odd_error: f64,
}

impl Median {
    /// Both distances.
    ///
    /// # Errors
    /// [`MedianFault::Disagreement`] where the two routes are further apart than 1e-6 of the value.
    pub(crate) fn asymmetry(&self) -> Result<Asymmetry, MedianFault> {
        if self.is_constant() {
            return Ok(Asymmetry::default());
        }
        let noise = self.of_noise();
        let difference = |z: f64| {
            let (f, g) = (self.at(Dd::from(z)), noise.at(Dd::from(z)));
            (f.0 - g.0, f.1 - g.1)
        };
        let points = self.scan();
        let (value, turning) = variation(&points, difference, (Dd::ZERO, Dd::ZERO), self.rounding());
        let sizes = |z: f64| [difference(z).1.to_f64().abs() + difference(-z).1.to_f64().abs()];
        let (value, error) = self.checked(value, &turning, sizes)?;
        if self.is_symmetric() {
            return Ok(Asymmetry { value, error, ..Asymmetry::default() });
        }
        let mirrored = |z: f64| {
            let (above, below) = (self.mirrored_at(Dd::from(-z)), self.at(Dd::from(-z)));
            (above.0 - below.0, below.1 - above.1)
        };
        let mut right: Vec<f64> = points.iter().map(|x| x.abs()).filter(|x| *x > 0.0).collect();
        right.sort_by(f64::total_cmp);
        right.dedup();
        let (odd_mass, turning) = variation(&right, mirrored, (mirrored(0.0).0, Dd::ZERO), self.rounding());
        let (odd_mass, odd_error) = self.checked(odd_mass, &turning, |z| [mirrored(z).1.to_f64().abs()])?;
        Ok(Asymmetry { value, error, odd_mass, odd_error })
    }

    /// The total variation beside the quadrature of `sizes` over z > 0 between turning points.
    fn checked(&self, value: f64, turning: &[f64], sizes: impl Fn(f64) -> [f64; 1]) -> Result<(f64, f64), MedianFault> {
        let mut breaks = self.breaks();
        breaks.extend(turning.iter().map(|x| x.abs()));
        let floor = self.rounding() * 1e3;
        let [other] = half_line(sizes, &breaks, [floor])?;
        let apart = (value - other.value).abs();
        if apart > 1e-6 * value + floor {
            return Err(Disagreement { first: value, second: other.value }.into());
        }
        Ok((value, apart + other.error))
    }

    /// Where to look for turning points: around 0 and each value on a grid that widens with the distance, at the law's
    /// kinks and between them.
    fn scan(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.offsets.iter().flatten().map(|v| v.to_f64()).collect();
        let kinks = self.kinks();
        values.push(0.0);
        values.sort_by(f64::total_cmp);
        values.dedup_by(|b, a| *b - *a < 0.25);
        let width = 1.0 / (self.workers() as f64).sqrt();
        let last = (libm::asinh(1e3 / width) * 8.0) as i32;
        let grid = (-last..=last).map(|i| width * libm::sinh(f64::from(i) / 8.0));
        let mut points: Vec<f64> = grid.flat_map(|x| values.iter().map(move |v| v + x)).collect();
        points.sort_by(f64::total_cmp);
        points.dedup_by(|b, a| *b - *a < width / 16.0);
        for pair in kinks.windows(2) {
            points.extend((0..8).map(|i| pair[0] + (pair[1] - pair[0]) * f64::from(i) / 8.0));
        }
        points.extend(kinks.last());
        points.extend(kinks.iter().map(|k| -k));
        points.sort_by(f64::total_cmp);
        points.dedup();
        points
    }
}

/// The variation of a function whose value and derivative are `f`, and the points where the derivative changes sign.
///
/// `ends` are the values left of the first point and right of the last; derivatives below `noise` have no sign.
fn variation(points: &[f64], f: impl Fn(f64) -> (Dd, Dd), ends: (Dd, Dd), noise: f64) -> (f64, Vec<f64>) {
    let sign = |rate: f64| if rate.abs() <= noise { 0.0 } else { rate.signum() };
    let rate = |x: f64| f(x).1.to_f64();
    let mut rates: Vec<(f64, f64)> = points.iter().map(|x| (*x, rate(*x))).collect();
    rates.retain(|(_, r)| sign(*r) != 0.0);
    let hidden: Vec<(f64, f64)> = rates.windows(3).filter_map(|three| dip(three, rate)).collect();
    rates.extend(hidden.into_iter().filter(|(_, r)| sign(*r) != 0.0));
    rates.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut total, mut value, mut turning) = (Dd::ZERO, ends.0, Vec::new());
    for pair in rates.windows(2) {
        let [(mut low, before), (mut high, after)] = [pair[0], pair[1]];
        if sign(before) == sign(after) {
            continue;
        }
        // To neighbouring doubles: where a density jumps, an error of the point is one of the value.
        for _ in 0..80 {
            let middle = low + (high - low) / 2.0;
            if middle <= low || middle >= high {
                break;
            }
            if sign(rate(middle)) == sign(before) { low = middle } else { high = middle }
        }
        let there = f(high).0;
        total = total + (there - value).abs();
        value = there;
        turning.push(high);
    }
    ((total + (ends.1 - value).abs()).to_f64(), turning)
}

/// A point of the other sign between three of one sign, of which the middle one is nearest to 0: where two turning
/// points lie closer together than the grid.
fn dip(three: &[(f64, f64)], rate: impl Fn(f64) -> f64) -> Option<(f64, f64)> {
    let (side, sizes) = (three[1].1.signum(), [three[0].1.abs(), three[1].1.abs(), three[2].1.abs()]);
    if three.iter().any(|t| t.1.signum() != side) || sizes[1] > sizes[0] || sizes[1] > sizes[2] {
        return None;
    }
    let (mut low, mut high) = (three[0].0, three[2].0);
    for _ in 0..30 {
        let (first, second) = (low + 0.381_966 * (high - low), low + 0.618_034 * (high - low));
        let (a, b) = (side * rate(first), side * rate(second));
        if a.min(b) < 0.0 {
            return Some(if a < b { (first, side * a) } else { (second, side * b) });
        }
        if a < b { high = second } else { low = first }
    }
    None
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
    fn distances_agree_with_another_program() {
        // reference: mpmath 1.3.0, mp.dps = 30, u = (0, 1, 5, 2, 9), f and g as sums over the worker at the median of
        // h(z - v_i) P[2 of the other 4 below z]; quad of |f - g| and of |f(z) - f(-z)|/2 between zeros by bisection
        for (law, scale, value, odd) in [
            ("gaussian", "1", 1.2626842248607277, 0.8324358353208808),
            ("gaussian", "10", 0.019955210728454586, 0.008383349642113716),
            ("gaussian", "100", 0.00018946162999608656, 8.792380050537466e-06),
            ("gaussian", "10000", 1.8934768882781472e-08, 8.79664336547091e-12),
            ("laplace", "1", 1.4770482572126227, 0.8322673086297048),
            ("laplace", "10", 0.14700227398648502, 0.04551358353958146),
            ("laplace", "100", 0.00352090225970322, 0.0005509846402494996),
            ("laplace", "10000", 3.9849255296971827e-07, 5.4908134674588687e-08),
            ("logistic", "1", 1.3512085131056544, 0.8352574789967652),
            ("logistic", "10", 0.03826323876167483, 0.013837519967882404),
            ("logistic", "100", 0.00039046817898454966, 1.537807157337739e-05),
            ("logistic", "10000", 3.90545827109141e-08, 1.5395272959502896e-11),
            ("uniform", "1", 1.0772344609814357, 0.8155983064143708),
            ("uniform", "10", 0.027633715810753936, 0.010585047314644644),
            ("uniform", "100", 0.00025749971716843446, 1.4400692964635578e-05),
            ("uniform", "10000", 2.5597350305516797e-08, 1.4879577798100486e-11),
            ("student(5)", "1", 1.4182243204760188, 0.8453600853981601),
            ("student(5)", "10", 0.04772655762153421, 0.01758781648146399),
            ("student(5)", "100", 0.0004925553100973001, 2.0003773860609966e-05),
            ("student(5)", "10000", 4.9271069477896515e-08, 2.0031270280842973e-11),
        ] {
            let found = median(&["0", "1", "5", "2", "9"], law, scale).asymmetry().unwrap();
            let off = [(found.value - value).abs(), (found.odd_mass - odd).abs()];
            assert!(
                off[0] <= found.error + 4e-16 * value && off[1] <= found.odd_error + 4e-16 * odd,
                "{law} {scale}: {found:?}, off by {off:?}"
            );
            assert!(found.error < 1e-11 * value && found.odd_error < 1e-11 * odd, "{law} {scale}: {found:?}");
        }
    }

    #[test]
    fn a_turning_point_count_by_hand() {
        // exact: x^2 on [-1, 2] falls by 1 and rises by 4; one turning point at 0
        let f = |x: f64| (Dd::from(x) * x, Dd::from(x) * 2.0);
        let (total, turning) = variation(&[-0.9, -0.3, 0.4, 1.5], f, (Dd::ONE, Dd::from(4.0)), 1e-300);
        assert!((total - 5.0).abs() < 1e-15 && turning.len() == 1 && turning[0].abs() < 1e-9);
        // exact: x^3/3 - x/10000 turns at +-1/100, between grid points of one sign
        let f = |x: f64| (Dd::from(x) * x * x / 3.0 - Dd::from(x) * 1e-4, Dd::from(x) * x - Dd::from(1e-4));
        let (_, turning) = variation(&[-0.9, -0.3, 0.4, 1.5], f, (f(-1.0).0, f(2.0).0), 1e-300);
        assert!(
            turning.len() == 2 && (turning[0] + 0.01).abs() < 1e-9 && (turning[1] - 0.01).abs() < 1e-9,
            "{turning:?}"
        );
    }

    #[test]
    fn equal_and_symmetric_values() {
        assert_eq!(median(&["2", "2", "2"], "laplace", "1").asymmetry().unwrap(), Asymmetry::default());
        let found = median(&["-1", "0", "1"], "gaussian", "3").asymmetry().unwrap();
        assert!(found.odd_mass == 0.0 && found.value > 0.01, "{found:?}");
        // exact: between two far workers the median is the middle one: int |h - 6 h H (1 - H)|, whose antiderivative
        // H - H^2 (3 - 2H) is +-1/(6 sqrt 3) at its two extremes, makes 4/(6 sqrt 3)
        let far = median(&["-300", "1", "302"], "gaussian", "1/10").asymmetry().unwrap();
        assert!((far.value - 2.0 / (3.0 * 3.0_f64.sqrt())).abs() <= far.error, "{far:?}");
        // exact: no mass in common, and none with the mirror image
        let apart = median(&["-300", "100", "800"], "logistic", "1").asymmetry().unwrap();
        assert!(
            (apart.value - 2.0).abs() <= apart.error && (apart.odd_mass - 1.0).abs() <= apart.odd_error,
            "{apart:?}"
        );
    }

    #[test]
    fn the_mass_falls_with_the_square_of_the_scale() {
        // identity: f - g is of second order in u/b for smooth laws, and its odd part of third order
        let at = |scale| median(&["0", "1", "5"], "logistic", scale).asymmetry().unwrap();
        let (near, far) = (at("1000"), at("10000"));
        assert!((near.value / far.value / 100.0 - 1.0).abs() < 1e-3, "{near:?} {far:?}");
        assert!((near.odd_mass / far.odd_mass / 1000.0 - 1.0).abs() < 1e-3, "{near:?} {far:?}");
    }
}
