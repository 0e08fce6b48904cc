//! Ends of a symmetric matrix's spectrum, proved by elimination in rationals.
//!
//! t is at least every eigenvalue exactly where t I - H is positive semidefinite, and elimination decides that. Doubles
//! only say where to look.

use crate::model::Real;
use crate::model::elimination::{combine, dot, eliminates, independent, solve};
use crate::scalar::{Enclosure, Rational, Scalar};
use crate::stats::Interval;

type Matrix = Vec<Vec<Rational>>;

/// Attempts at an enclosure, each 64 times as wide as the one before.
const ATTEMPTS: u32 = 4;
/// Most halvings of an enclosure, and what they may cost times d^3.
const MOST_HALVINGS: usize = 512;
const HALVINGS: usize = 16_384;
/// Largest denominator that a rational eigenvalue is looked for with.
const SIMPLE: i64 = 10_000;

/// sign H + shift I
fn shifted(h: &Matrix, sign: i64, shift: &Rational) -> Matrix {
    let entry = |i: usize, j: usize, v: &Rational| {
        let value = v.clone() * &Rational::integer(sign);
        if i == j { value + shift } else { value }
    };
    h.iter().enumerate().map(|(i, row)| row.iter().enumerate().map(|(j, v)| entry(i, j, v)).collect()).collect()
}

fn is_singular(h: &Matrix) -> bool {
    solve(h.clone(), vec![Rational::zero(); h.len()]).is_none()
}

/// The fraction of a denominator up to [`SIMPLE`] that is nearest to a double, by its continued fraction.
fn simple(value: f64) -> Option<Rational> {
    let exact = Rational::from_double(value)?;
    let (mut rest, mut before, mut last) = (exact, (0_i64, 1_i64), (1_i64, 0_i64));
    loop {
        let whole = rest.floor();
        let digit = whole.to_i64()?;
        let next =
            (digit.checked_mul(last.0)?.checked_add(before.0)?, digit.checked_mul(last.1)?.checked_add(before.1)?);
        if next.1 > SIMPLE {
            break;
        }
        (before, last) = (last, next);
        rest -= &whole;
        if rest.is_zero() {
            break;
        }
        rest = Rational::one().divide(&rest).ok()?;
    }
    Some(Rational::ratio(last.0, u64::try_from(last.1).ok().filter(|d| *d > 0)?))
}

/// Halvings of an enclosure: as many as runs need where elimination is cheap.
fn steps(h: &Matrix) -> u32 {
    (HALVINGS / (h.len() * h.len() * h.len()).max(1)).min(MOST_HALVINGS) as u32
}

/// Halves the enclosure of a number of which it is decidable whether it is at most t.
fn halved(
    mut low: Rational,
    mut high: Rational,
    steps: u32,
    at_most: impl Fn(&Rational) -> bool,
) -> (Rational, Rational) {
    for _ in 0..steps {
        let middle = (low.clone() + &high) * &Rational::ratio(1, 2);
        if at_most(&middle) { high = middle } else { low = middle }
    }
    (low, high)
}

/// A number near a double, of which it is decidable whether it is at most t (`Some(true)`), and whether it is t.
fn enclose(
    steps: u32,
    near: f64,
    error: f64,
    at_most: impl Fn(&Rational) -> bool,
    is: impl Fn(&Rational) -> bool,
) -> Real {
    if let Some(candidate) = simple(near).filter(|c| (c.to_f64() - near).abs() <= error && is(c)) {
        return Real::Exact(candidate);
    }
    let mut width = error;
    for _ in 0..ATTEMPTS {
        let (low, high) = ((near - width).next_down(), (near + width).next_up());
        let ends = Rational::from_double(low).zip(Rational::from_double(high));
        if let Some(((a, b), within)) = ends.zip(Interval::new(low, high))
            && at_most(&b)
            && !at_most(&a)
        {
            return Real::irrational(
                near,
                within,
                Real::deeply(|| Enclosure::between_rationals(&halved(a, b, steps, &at_most))),
            );
        }
        width *= 64.0;
    }
    Real::Float(near)
}

/// The largest |eigenvalue|, which is `near` to about `error`.
pub(super) fn norm(h: &Matrix, near: f64, error: f64) -> Real {
    let at_most = |t: &Rational| eliminates(shifted(h, -1, t)) && eliminates(shifted(h, 1, t));
    let is = |t: &Rational| at_most(t) && (is_singular(&shifted(h, -1, t)) || is_singular(&shifted(h, 1, t)));
    enclose(steps(h), near, error, at_most, is)
}

/// A positive semidefinite H, seen from the span of its columns: all of R^d where H has an inverse.
pub(super) struct Span {
    /// The rows of a basis B of the span.
    pub basis: Matrix,
    /// B H B'.
    inside: Matrix,
    /// B B'.
    lengths: Matrix,
}

impl Span {
    pub(super) fn new(h: &Matrix) -> Self {
        Span::with_basis(h, independent(h))
    }

    /// The same with a basis that is known.
    pub(super) fn with_basis(h: &Matrix, basis: Matrix) -> Self {
        let images: Matrix = basis.iter().map(|row| combine(h, row)).collect();
        let products = |a: &Matrix, b: &Matrix| a.iter().map(|x| b.iter().map(|y| dot(x, y)).collect()).collect();
        Span { inside: products(&basis, &images), lengths: products(&basis, &basis), basis }
    }

    /// Whether the span is all of R^d.
    pub(super) fn is_whole(&self) -> bool {
        self.basis.first().is_some_and(|row| row.len() == self.basis.len())
    }

    /// x in the span with Hx = c, for a c in the span.
    pub(super) fn solve(&self, c: &[Rational]) -> Option<Vec<Rational>> {
        let weights = solve(self.inside.clone(), self.basis.iter().map(|row| dot(row, c)).collect())?;
        Some(combine(&self.basis, &weights))
    }

    /// (BB')^-1 B: with it B'(BB')^-1 B x is the part of x in the span.
    pub(super) fn weights(&self) -> Option<Matrix> {
        let d = self.basis.first()?.len();
        let columns: Option<Matrix> = (0..d)
            .map(|j| solve(self.lengths.clone(), self.basis.iter().map(|row| row[j].clone()).collect()))
            .collect();
        Some(crate::model::elimination::transposed(&columns?))
    }

    /// The smallest eigenvalue that is not 0, which is `near` to about `error`: t is at most that exactly where
    /// B (H - t I) B' is positive semidefinite.
    pub(super) fn smallest(&self, near: f64, error: f64) -> Real {
        let less = |t: &Rational| -> Matrix {
            let entry = |(v, l): (&Rational, &Rational)| v.clone() - l.clone() * t;
            self.inside.iter().zip(&self.lengths).map(|(a, b)| a.iter().zip(b).map(entry).collect()).collect()
        };
        let at_least = |t: &Rational| eliminates(less(t));
        enclose(steps(&self.inside), near, error, |t| !at_least(t), |t| at_least(t) && is_singular(&less(t)))
    }

    /// 1/max_i (H^+)_ii, and whether it is the largest mu with g'H^+ g <= |g|_1^2/mu for all g in the span: it is where
    /// a unit vector that reaches the maximum lies in the span.
    pub(super) fn smallest_in_l1(&self) -> Option<(Rational, bool)> {
        let d = self.basis.first()?.len();
        let unit = |i: usize| -> Vec<Rational> { (0..d).map(|j| Rational::integer(i64::from(i == j))).collect() };
        let weights = self.weights()?;
        let lies_inside =
            |i: usize| combine(&self.basis, &weights.iter().map(|w| w[i].clone()).collect::<Vec<_>>()) == unit(i);
        let diagonal: Option<Vec<Rational>> = (0..d).map(|i| Some(self.solve(&unit(i))?.swap_remove(i))).collect();
        let diagonal = diagonal?;
        let top = diagonal.iter().max()?.clone();
        let reached = (0..d).any(|i| diagonal[i] == top && lies_inside(i));
        Some((Rational::one().divide(&top).ok()?, reached))
    }
}

/// Most coordinates whose sign vectors are enumerated in machine integers, and in rationals.
const MOST_SIGNS: (usize, usize) = (20, 10);

/// max |H s|_1 over sign vectors s: convex in s, so largest at a vertex. `None` where there are too many of them. From
/// one vector to the next a single sign turns (Gray's code); the last stays, as -s gives the same.
pub(super) fn largest_over_signs(h: &Matrix) -> Option<Rational> {
    let d = h.len();
    if signs_agree(h) {
        let magnitudes = h.iter().flatten().fold(Rational::zero(), |sum, v| sum + Scalar::abs(v));
        return Some(magnitudes);
    }
    let scale = common_denominator(h)?;
    let whole: Option<Vec<Vec<i128>>> =
        h.iter().map(|row| row.iter().map(|v| Some(i128::from((v.clone() * &scale).to_i64()?))).collect()).collect();
    match whole {
        // d entries of 64 bits, summed twice: far below 2^127.
        Some(whole) if d <= MOST_SIGNS.0 => {
            let top = over_signs(&whole, |a, b, sign| *a += sign * b, |v| v.iter().map(|x| x.abs()).sum::<i128>(), 0);
            let (high, low) = (top / (1 << 62), top % (1 << 62));
            let parts = [high, low].map(|part| i64::try_from(part).ok().map(Rational::integer));
            let [Some(high), Some(low)] = parts else { return None };
            (high * &Rational::integer(1 << 62) + &low).divide(&scale).ok()
        }
        _ if d <= MOST_SIGNS.1 => {
            let add = |a: &mut Rational, b: &Rational, sign: i128| a.add_product(b, &Rational::integer(sign as i64));
            Some(over_signs(
                h,
                add,
                |v| v.iter().fold(Rational::zero(), |sum, x| sum + Scalar::abs(x)),
                Rational::zero(),
            ))
        }
        _ => None,
    }
}

/// Whether a sign vector s makes every s_i H_ij s_j positive or 0, of any size: then |H s|_1 is the sum of all
/// magnitudes. The signs spread from coordinate to coordinate along entries that are not 0.
fn signs_agree(h: &Matrix) -> bool {
    let d = h.len();
    let mut signs = vec![0_i64; d];
    for first in 0..d {
        if signs[first] != 0 {
            continue;
        }
        signs[first] = 1;
        let mut open = vec![first];
        while let Some(i) = open.pop() {
            for j in (0..d).filter(|j| !h[i][*j].is_zero()) {
                let wanted = signs[i] * h[i][j].signum();
                if signs[j] == 0 {
                    signs[j] = wanted;
                    open.push(j);
                } else if signs[j] != wanted {
                    return false;
                }
            }
        }
    }
    true
}

fn over_signs<T: Clone + Ord>(h: &[Vec<T>], add: impl Fn(&mut T, &T, i128), size: impl Fn(&[T]) -> T, zero: T) -> T {
    let d = h.len();
    let (mut signs, mut image) = (vec![1_i128; d], vec![zero; d]);
    for row in h {
        image.iter_mut().zip(row).for_each(|(sum, v)| add(sum, v, 1));
    }
    let mut top = size(&image);
    for step in 1_u64..1 << d.saturating_sub(1) {
        let turned = step.trailing_zeros() as usize;
        signs[turned] = -signs[turned];
        image.iter_mut().zip(&h[turned]).for_each(|(sum, v)| add(sum, v, 2 * signs[turned]));
        top = top.max(size(&image));
    }
    top
}

/// A number by which all entries become whole, of at most 63 bits.
fn common_denominator(h: &Matrix) -> Option<Rational> {
    let mut common = Rational::one();
    for v in h.iter().flatten() {
        let missing = (v.clone() * &common).denominator();
        common *= &missing;
        if common.bits() > 64 * 8 {
            return None;
        }
    }
    Some(common)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[i64]]) -> Matrix {
        rows.iter().map(|row| row.iter().map(|v| Rational::integer(*v)).collect()).collect()
    }

    #[test]
    fn sign_vectors_give_the_operator_norm() {
        // exact: for [[1, -1], [-1, 1]] the vector (1, -1) gives 4 = sum |H_ij|; for [[1, 1], [1, -1]] every one gives
        // 2; a third of it a third, and with an entry of 2^70 (no machine integer) 2 (2^70 + 1)
        assert_eq!(largest_over_signs(&matrix(&[&[1, -1], &[-1, 1]])), Some(Rational::integer(4)));
        assert_eq!(largest_over_signs(&matrix(&[&[1, 1], &[1, -1]])), Some(Rational::integer(2)));
        let third = vec![vec![Rational::ratio(1, 3); 2], vec![Rational::ratio(1, 3), Rational::ratio(-1, 3)]];
        assert_eq!(largest_over_signs(&third), Some(Rational::ratio(2, 3)));
        let huge = Rational::integer(1 << 35) * Rational::integer(1 << 35);
        let large = vec![vec![huge.clone(), Rational::one()], vec![Rational::one(), huge.clone()]];
        assert_eq!(largest_over_signs(&large), Some((huge + Rational::one()) * Rational::integer(2)));
    }

    #[test]
    fn rational_ends_are_found_and_irrational_ones_enclosed() {
        // exact: [[2, 1], [1, 2]] has eigenvalues 1 and 3; [[1, 1], [1, -2]] has (-1 +- sqrt 13)/2, the larger in size
        // being (1 + sqrt 13)/2; [[2, 1], [1, 1]] has (3 +- sqrt 5)/2 and the inverse [[1, -1], [-1, 2]]
        let (a, b, c) = (matrix(&[&[2, 1], &[1, 2]]), matrix(&[&[1, 1], &[1, -2]]), matrix(&[&[2, 1], &[1, 1]]));
        assert_eq!(norm(&a, 3.000_000_000_000_001, 1e-14), Real::integer(3));
        assert_eq!(Span::new(&a).smallest(0.999_999_999_999_999_9, 1e-14), Real::integer(1));
        assert_eq!(Span::new(&c).smallest_in_l1().unwrap(), (Rational::ratio(1, 2), true));
        for (found, value) in [
            (norm(&b, (1.0 + 13_f64.sqrt()) / 2.0, 1e-14), (1.0 + 13_f64.sqrt()) / 2.0),
            (Span::new(&c).smallest((3.0 - 5_f64.sqrt()) / 2.0, 1e-14), (3.0 - 5_f64.sqrt()) / 2.0),
        ] {
            let within = found.within().filter(|_| found.exact().is_none()).expect("an enclosure");
            assert!(within.contains(value) && within.width() < 1e-13, "{within:?}");
        }
        // exact: [[1, 1], [1, 1]] has 0 and 2, and (H^+)_ii = 1/4; of (g, g) |g|_1^2 = 4 g^2 and g'H^+ g = g^2
        let flat = Span::new(&matrix(&[&[1, 1], &[1, 1]]));
        assert_eq!(flat.smallest(1.999_999_999_999_999, 1e-14), Real::integer(2));
        assert_eq!(flat.smallest_in_l1().unwrap(), (Rational::integer(4), false));
        assert!(!flat.is_whole() && flat.weights().unwrap() == vec![vec![Rational::ratio(1, 2); 2]]);
        // A wrong estimate is not believed.
        assert!(norm(&a, 2.5, 1e-14).is_rough() && Span::new(&a).smallest(1.5, 1e-14).is_rough());
    }
}
