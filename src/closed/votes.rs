//! Votes of M independent workers, exactly.
//!
//! **Formula** worker m is wrong with probability q_m, silent with a_m, else right; S is the number of wrong votes less
//! that of right ones. The law of S by adding one worker after the other; where all are alike and nobody is silent,
//! binomial terms. kappa = floor((M + 1)/2), and I_p(kappa, kappa) = (2 kappa - 1)!/((kappa - 1)!)^2 int_0^p (y
//! (1 - y))^(kappa - 1) dy.
//! **Source** bernstein2018, theorem 2 (the repetition code); li2021, theorem 3 (kappa, I_p); chen2020, proof of
//! theorem 4 (the integral of y^n (1 - y)^n).
//! **Errors** none in rationals. In lanes every term is a sum of products of numbers that are not negative. Each step
//! adds at most five roundings to the relative error, so that M steps give at most 8 M eps.

use crate::scalar::{Fault, Rational, Scalar};

/// `(P[S > 0], P[S = 0])` of workers with `(P[wrong], P[silent])`.
pub(crate) fn tails<S: Scalar>(rates: &[(S, S)]) -> (S, S) {
    let workers = rates.len();
    // Index i of the law stands for S = i - M.
    let mut law = vec![S::zero(); 2 * workers + 1];
    let mut next = law.clone();
    law[workers] = S::one();
    for (m, (wrong, silent)) in rates.iter().enumerate() {
        let right = S::one() - wrong - silent;
        for p in &mut next[workers - m - 1..=workers + m + 1] {
            *p = S::zero();
        }
        for (i, p) in law.iter().enumerate().take(workers + m + 1).skip(workers - m) {
            // Every other S is out of reach where nobody is silent.
            if *p == S::zero() {
                continue;
            }
            next[i + 1].add_product(p, wrong);
            next[i].add_product(p, silent);
            next[i - 1].add_product(p, &right);
        }
        std::mem::swap(&mut law, &mut next);
    }
    let above = law[workers + 1..].iter().fold(S::zero(), |sum, p| sum + p);
    (above, law[workers].clone())
}

/// The same for M alike workers who all vote: binomial terms, each from the one before.
#[must_use]
pub(crate) fn tails_alike(q: &Rational, workers: usize) -> (Rational, Rational) {
    let right = Rational::one() - q;
    if right.is_zero() {
        return (Rational::one(), Rational::zero());
    }
    let ratio = q.divide(&right).unwrap_or_else(|_| Rational::zero());
    let m = workers as i64;
    let mut term = (0..workers).fold(Rational::one(), |p, _| p * &right);
    let (mut below, mut tie) = (Rational::zero(), Rational::zero());
    for j in 0..=m / 2 {
        if 2 * j == m {
            tie = term.clone();
        } else {
            below += &term;
        }
        term = term * &ratio * Rational::ratio(m - j, j as u64 + 1);
    }
    (Rational::one() - below - &tie, tie)
}

/// int_0^p (y (1 - y))^n dy, by the terms of its polynomial.
#[must_use]
pub(crate) fn power_integral(n: u32, p: &Rational) -> Rational {
    let mut coefficient = Rational::one();
    let mut power = (0..=n).fold(Rational::one(), |x, _| x * p);
    let mut sum = Rational::zero();
    for k in 0..=n {
        // (-1)^k C(n, k) p^(n + k + 1)/(n + k + 1)
        let term = coefficient.clone() * &power * Rational::ratio(1, u64::from(n + k) + 1);
        if k.is_multiple_of(2) {
            sum += &term
        } else {
            sum -= &term
        }
        coefficient *= &Rational::ratio(i64::from(n - k), u64::from(k) + 1);
        power *= p;
    }
    sum
}

/// C(2n, n).
#[must_use]
pub(crate) fn central_binomial(n: u32) -> Rational {
    (1..=u64::from(n)).fold(Rational::one(), |c, k| c * Rational::ratio((u64::from(n) + k) as i64, k))
}

/// I_p(kappa, kappa) for kappa >= 1, whose normalising factor is kappa C(2 kappa, kappa)/2.
///
/// # Errors
/// kappa = 0, for which there is no such function.
pub fn symmetric_beta(kappa: u32, p: &Rational) -> Result<Rational, Fault> {
    if kappa == 0 {
        return Err(Fault::Domain("the incomplete beta function"));
    }
    let factor = central_binomial(kappa) * Rational::ratio(i64::from(kappa), 2);
    Ok(factor * power_integral(kappa - 1, p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Narrow;

    fn q(text: &str) -> Rational {
        text.parse().unwrap()
    }

    #[test]
    fn even_votes_with_ties_halved_are_odd_votes() {
        // identity: P[wrong] + P[tie]/2 at M = P[wrong] at M - 1
        for rate in ["1/10", "3/10", "1/2", "2/3", "99/100"].map(q) {
            for workers in [2, 4, 10, 40] {
                let (above, tie) = tails_alike(&rate, workers);
                let (fewer, none) = tails_alike(&rate, workers - 1);
                assert_eq!((above + tie * Rational::ratio(1, 2), none), (fewer, q("0")), "{rate} {workers}");
            }
        }
    }

    #[test]
    fn the_margin_is_an_incomplete_beta_function() {
        // identity (li2021, theorem 3): 2 I_p(kappa, kappa) - 1 = P[win] - P[lose], odd and even M; the left side by
        // integrating a polynomial, the right one by the law of the votes
        for p in ["1/10", "1/2", "3/5", "7/9"].map(q) {
            for workers in 1..=12_usize {
                let wrong = q("1") - &p;
                let (lose, tie) = tails(&vec![(wrong, q("0")); workers]);
                let win = q("1") - &lose - &tie;
                let integral = symmetric_beta(workers.div_ceil(2) as u32, &p).unwrap();
                assert_eq!(integral * q("2") - &q("1"), win - &lose, "{p} {workers}");
            }
        }
        assert!(symmetric_beta(0, &q("1/2")).is_err());
    }

    #[test]
    fn the_order_identity() {
        // exact (chen2020, proof of theorem 4): C(2n, n) int_0^1 y^n (1 - y)^n dy = 1/(2n + 1)
        for n in 0..=40_u32 {
            let product = central_binomial(n) * power_integral(n, &q("1"));
            assert_eq!(product, Rational::ratio(1, u64::from(2 * n) + 1), "{n}");
        }
    }

    #[test]
    fn two_exact_routes_and_the_doubles_agree() {
        for workers in [1, 2, 5, 8, 21] {
            let rates = vec![(q("3/10"), q("0")); workers];
            let (above, tie) = tails(&rates);
            // identity: sum over the law against the binomial recursion
            assert_eq!(tails_alike(&q("3/10"), workers), (above.clone(), tie.clone()));
            let doubles = vec![(Narrow::splat(0.3), Narrow::splat(0.0)); workers];
            let (a, t) = tails(&doubles);
            let bound = 8.0 * workers as f64 * f64::EPSILON;
            assert!((a.0[0] - above.to_f64()).abs() <= bound * above.to_f64(), "{workers}");
            assert!((t.0[0] - tie.to_f64()).abs() <= bound, "{workers}");
        }
    }
}
