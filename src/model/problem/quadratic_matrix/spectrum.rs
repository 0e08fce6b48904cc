//! Ends of a symmetric matrix's spectrum, proved by elimination in rationals.
//!
//! t is at least every eigenvalue exactly where t I - H is positive semidefinite, and elimination decides that. Doubles
//! only say where to look.

use super::build::eliminates;
use crate::model::Real;
use crate::model::elimination::solve;
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

/// The smallest eigenvalue, which is `near` to about `error`.
pub(super) fn smallest(h: &Matrix, near: f64, error: f64) -> Real {
    let at_least = |t: &Rational| eliminates(shifted(h, 1, &-t.clone()));
    // Below or at t, but for t itself, which the ends of an enclosure are not.
    let at_most = |t: &Rational| !at_least(t);
    let is = |t: &Rational| at_least(t) && is_singular(&shifted(h, 1, &-t.clone()));
    enclose(steps(h), near, error, at_most, is)
}

/// 1/max_i (H^-1)_ii of a positive definite matrix.
pub(super) fn smallest_in_l1(h: &Matrix) -> Option<Rational> {
    let unit = |i: usize| (0..h.len()).map(|j| Rational::integer(i64::from(i == j))).collect::<Vec<_>>();
    let diagonal: Option<Vec<Rational>> =
        (0..h.len()).map(|i| Some(solve(h.clone(), unit(i))?.swap_remove(i))).collect();
    Rational::one().divide(&diagonal?.into_iter().max()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[i64]]) -> Matrix {
        rows.iter().map(|row| row.iter().map(|v| Rational::integer(*v)).collect()).collect()
    }

    #[test]
    fn rational_ends_are_found_and_irrational_ones_enclosed() {
        // exact: [[2, 1], [1, 2]] has eigenvalues 1 and 3; [[1, 1], [1, -2]] has (-1 +- sqrt 13)/2, the larger in size
        // being (1 + sqrt 13)/2; [[2, 1], [1, 1]] has (3 +- sqrt 5)/2 and the inverse [[1, -1], [-1, 2]]
        let (a, b, c) = (matrix(&[&[2, 1], &[1, 2]]), matrix(&[&[1, 1], &[1, -2]]), matrix(&[&[2, 1], &[1, 1]]));
        assert_eq!(norm(&a, 3.000_000_000_000_001, 1e-14), Real::integer(3));
        assert_eq!(smallest(&a, 0.999_999_999_999_999_9, 1e-14), Real::integer(1));
        assert_eq!(smallest_in_l1(&c).unwrap(), Rational::ratio(1, 2));
        for (found, value) in [
            (norm(&b, (1.0 + 13_f64.sqrt()) / 2.0, 1e-14), (1.0 + 13_f64.sqrt()) / 2.0),
            (smallest(&c, (3.0 - 5_f64.sqrt()) / 2.0, 1e-14), (3.0 - 5_f64.sqrt()) / 2.0),
        ] {
            let within = found.within().filter(|_| found.exact().is_none()).expect("an enclosure");
            assert!(within.contains(value) && within.width() < 1e-13, "{within:?}");
        }
        // A wrong estimate is not believed.
        assert!(norm(&a, 2.5, 1e-14).is_rough() && smallest(&a, 1.5, 1e-14).is_rough());
    }
}
