//! Enclosures of exponentials, logarithms, sines and the normal distribution function, by series with their remainders.

use crate::number::{Num, Q, precision, ratio, sign, with_precision};
use crate::{Answer, Fault};
use dashu_base::{BitTest, RemEuclid};
use dashu_int::{IBig, UBig};

fn tiny() -> Q {
    Q::from_parts(IBig::ONE, UBig::ONE << (precision() + 8))
}

/// The number with an error of at most `error` on either side.
fn widened(x: &Num, error: &Q) -> Num {
    Num::enclose(x.lo() - error, x.hi() + error)
}

/// An increasing function of a number, from enclosures of its values at the ends.
fn increasing(x: &Num, f: impl Fn(&Q) -> Num) -> Num {
    match x.exact() {
        Some(q) => f(q),
        None => Num::enclose(f(x.lo()).lo().clone(), f(x.hi()).hi().clone()),
    }
}

/// e^x.
pub(crate) fn exp(x: &Num) -> Answer<Num> {
    if x.hi() > &Q::from(100_000) || x.lo() < &Q::from(-100_000) {
        return Err(Fault::Unsupported("an exponential of a number beyond 100000".into()));
    }
    Ok(increasing(x, exp_of))
}

fn exp_of(q: &Q) -> Num {
    if q.is_zero() {
        return Num::int(1);
    }
    with_precision(precision() + 40, || {
        let halvings = 4 + q.numerator().bit_len().saturating_sub(q.denominator().bit_len());
        let small = Num::from(q / Q::from(IBig::ONE << halvings));
        let (mut sum, mut term, mut n) = (Num::int(1), Num::int(1), 1);
        // |small| < 1/2: what follows a term is at most as large as the term.
        while term.abs().hi() > &tiny() {
            term = &(&term * &small) * &Num::from(ratio(1, n));
            sum = &sum + &term;
            n += 1;
        }
        let mut out = widened(&sum, term.abs().hi());
        for _ in 0..halvings {
            out = out.power(2);
        }
        out
    })
}

/// 2 atanh(z) for |z| <= 1/2.
fn twice_atanh(z: &Q) -> Num {
    let z = Num::from(z.clone());
    let square = z.power(2);
    let (mut sum, mut power, mut n) = (Num::int(0), z, 1);
    while power.abs().hi() > &tiny() {
        sum = &sum + &(&power * &Num::from(ratio(2, n)));
        power = &power * &square;
        n += 2;
    }
    let rest = power.abs().hi() * Q::from(4);
    widened(&sum, &rest)
}

/// The natural logarithm of a positive number.
pub(crate) fn ln(x: &Num) -> Answer<Num> {
    if sign(x.hi()) <= 0 {
        return Err(Fault::Undefined("the logarithm of a number that is not positive".into()));
    }
    if sign(x.lo()) <= 0 {
        return Err(Fault::Open("whether a number has a logarithm stays open".into()));
    }
    Ok(increasing(x, ln_of))
}

fn ln_of(q: &Q) -> Num {
    if q.is_one() {
        return Num::int(0);
    }
    with_precision(precision() + 40, || {
        let shift = q.numerator().bit_len() as i64 - q.denominator().bit_len() as i64;
        let two = Q::from(IBig::ONE << shift.unsigned_abs() as usize);
        // m is between 1/2 and 2, so that z is between -1/3 and 1/3.
        let m = if shift >= 0 { q / two } else { q * two };
        let z = (&m - Q::ONE) / (m + Q::ONE);
        &twice_atanh(&z) + &(&Num::int(shift) * &twice_atanh(&ratio(1, 3)))
    })
}

/// The logarithm to base 2; exact for powers of 2.
pub(crate) fn log2(x: &Num) -> Answer<Num> {
    if let Some(q) = x.exact().filter(|q| sign(q) > 0) {
        let (_, n) = q.numerator().clone().into_parts();
        let zeros = |u: &UBig| u.trailing_zeros().filter(|z| *z + 1 == u.bit_len());
        if let (Some(a), Some(b)) = (zeros(&n), zeros(q.denominator())) {
            return Ok(Num::int(a as i64 - b as i64));
        }
    }
    ln(x)?.over(&ln(&Num::int(2))?)
}

/// pi, by Machin's formula 16 atan(1/5) - 4 atan(1/239).
pub(crate) fn pi() -> Num {
    let arctan = |n: i64| {
        let square = Num::from(ratio(-1, (n * n) as u64));
        let (mut sum, mut power, mut k) = (Num::int(0), Num::from(ratio(1, n as u64)), 1);
        while power.abs().hi() > &tiny() {
            sum = &sum + &(&power * &Num::from(ratio(1, k)));
            power = &power * &square;
            k += 2;
        }
        widened(&sum, power.abs().hi())
    };
    &(&Num::int(16) * &arctan(5)) - &(&Num::int(4) * &arctan(239))
}

/// sin x.
pub(crate) fn sin(x: &Num) -> Num {
    if x.is_zero() { Num::int(0) } else { turned(x, 0) }
}

/// cos x.
pub(crate) fn cos(x: &Num) -> Num {
    if x.is_zero() { Num::int(1) } else { turned(x, 1) }
}

/// sin(x + quarters pi/2): at the middle of the enclosure of x, and widened by half its width, as |sin'| <= 1.
fn turned(x: &Num, quarters: i64) -> Num {
    let middle = (x.lo() + x.hi()) / Q::from(2);
    let size = middle.numerator().bit_len().saturating_sub(middle.denominator().bit_len());
    let anything = Num::enclose(Q::from(-1), Q::ONE);
    if size > 1000 {
        return anything;
    }
    let at_middle = with_precision(precision() + 40 + size, || {
        // The multiple of pi/2 may be any that leaves a rest of at most 1.
        let quarter = &pi() * &Num::from(ratio(1, 2));
        let whole = (&middle / quarter.lo()).round();
        let rest = &Num::enclose(middle.clone(), middle.clone()) - &(&Num::from(Q::from(whole.clone())) * &quarter);
        if rest.abs().hi() > &Q::ONE {
            return None;
        }
        let turn: UBig = (whole + IBig::from(quarters)).rem_euclid(IBig::from(4));
        // r - r^3/3! + .., or 1 - r^2/2! + ..: |r| <= 1, so that what follows is smaller than the first term left out.
        let square = -rest.power(2);
        let (mut term, mut n) = if turn.bit(0) { (Num::int(1), 0) } else { (rest, 1) };
        let mut sum = Num::int(0);
        while term.abs().hi() > &tiny() {
            sum = &sum + &term;
            term = &(&term * &square) * &Num::from(ratio(1, (n + 1) * (n + 2)));
            n += 2;
        }
        let out = widened(&sum, term.abs().hi());
        Some(if turn.bit(1) { -out } else { out })
    });
    let Some(out) = at_middle else { return anything };
    widened(&out, &((x.hi() - x.lo()) / Q::from(2))).max(&Num::int(-1)).min(&Num::int(1))
}

/// P[Z <= x] of a standard normal Z; exactly 1/2 at 0.
pub(crate) fn normal(x: &Num) -> Answer<Num> {
    if x.abs().hi() > &Q::from(60) {
        return Err(Fault::Unsupported("a normal distribution function beyond 60 deviations".into()));
    }
    let half = Num::from(ratio(1, 2));
    let at = |q: &Q| -> Answer<Num> {
        // 1/2 + phi(q) sum_n q^(2n+1)/(1 3 5 .. (2n+1)); the terms shrink by half from some n on.
        let q = Num::from(q.clone());
        let square = q.power(2);
        let (mut sum, mut term, mut n) = (Num::int(0), q.clone(), 1);
        while term.abs().hi() > &tiny() || square.hi() * Q::from(2) > Q::from(n) {
            sum = &sum + &term;
            n += 2;
            term = &(&term * &square) * &Num::from(ratio(1, n as u64));
        }
        let sum = widened(&sum, &(term.abs().hi() * Q::from(2)));
        let density = exp(&-(&square * &half))?.over(&(&Num::int(2) * &pi()).sqrt()?)?;
        Ok(&half + &(&density * &sum))
    };
    with_precision(precision() + 40, || match x.exact() {
        Some(q) if q.is_zero() => Ok(half.clone()),
        Some(q) => at(q),
        None => Ok(Num::enclose(at(x.lo())?.lo().clone(), at(x.hi())?.hi().clone())),
    })
}

/// x^y.
pub(crate) fn pow(x: &Num, y: &Num) -> Answer<Num> {
    if let Some(q) = y.exact() {
        let (n, d) = (q.numerator(), q.denominator());
        let (size, root) = (u64::try_from(n.clone().into_parts().1), usize::try_from(d.clone()));
        if let (Ok(size), Ok(root)) = (size, root)
            && size <= 1_000_000
            && root <= 64
        {
            let base = if root == 1 { x.clone() } else { x.root(root)? };
            let out = base.power(size);
            return if sign(q) < 0 { Num::int(1).over(&out) } else { Ok(out) };
        }
    }
    exp(&(y * &ln(x)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(x: &Num, value: f64) {
        let (lo, hi) = (x.lo().to_f64_fast(), x.hi().to_f64_fast());
        assert!((lo - value).abs() < 1e-14 * value.abs().max(1.0) && hi - lo < 1e-30, "{lo} {hi} {value}");
    }

    #[test]
    fn known_values() {
        near(&pi(), std::f64::consts::PI);
        near(&exp(&Num::int(1)).unwrap(), std::f64::consts::E);
        near(&exp(&Num::int(-3)).unwrap(), 0.049_787_068_367_863_94);
        near(&ln(&Num::int(10)).unwrap(), std::f64::consts::LN_10);
        near(&log2(&Num::int(3)).unwrap(), 1.584_962_500_721_156);
        assert_eq!(log2(&Num::from(ratio(1, 8))), Ok(Num::int(-3)));
        near(&normal(&Num::int(1)).unwrap(), 0.841_344_746_068_542_9);
        near(&normal(&Num::int(-6)).unwrap(), 9.865_876_450_376_98e-10);
        assert_eq!(normal(&Num::int(0)), Ok(Num::from(ratio(1, 2))));
        near(&sin(&Num::int(1)), 0.841_470_984_807_896_5);
        near(&cos(&Num::int(-2)), -0.416_146_836_547_142_4);
        near(&sin(&Num::int(10_000_000)), 0.420_547_793_190_782_5);
        assert_eq!((sin(&Num::int(0)), cos(&Num::int(0))), (Num::int(0), Num::int(1)));
        assert_eq!(pow(&Num::int(16), &Num::from(ratio(-3, 4))), Ok(Num::from(ratio(1, 8))));
    }

    #[test]
    fn sines_lie_in_their_enclosures() {
        let inside = |x: &Num, value: f64| {
            let (lo, hi) = (x.lo().to_f64_fast(), x.hi().to_f64_fast());
            lo - 1e-9 <= value && value <= hi + 1e-9 && lo >= -1.0 && hi <= 1.0
        };
        // All quadrants on either side of 0, and points and enclosures of them.
        for i in (-400..400).step_by(7) {
            let (x, at) = (ratio(i * 997, 100), i as f64 * 9.97);
            assert!(
                inside(&sin(&Num::from(x.clone())), at.sin()) && inside(&cos(&Num::from(x.clone())), at.cos()),
                "{at}"
            );
            for width in [ratio(1, 1000), ratio(1, 2), ratio(9, 1)] {
                let wide = Num::enclose(&x - &width, &x + &width);
                for part in [-1.0, -0.5, 0.0, 0.25, 1.0] {
                    let within = at + part * width.to_f64_fast();
                    assert!(inside(&sin(&wide), within.sin()) && inside(&cos(&wide), within.cos()), "{within}");
                }
            }
        }
        // sin^2 + cos^2 = 1, sin pi = 0 and sin 2x = 2 sin x cos x, to nearly as many bits as there are.
        for bits in [160, 640] {
            with_precision(bits, || {
                let small = Q::from_parts(IBig::ONE, UBig::ONE << (bits - 40));
                for n in [3, 12_345_678, -987_654_321_012] {
                    let x = Num::from(ratio(n, 7));
                    let (s, c) = (sin(&x), cos(&x));
                    let one = &(&s.power(2) + &c.power(2)) - &Num::int(1);
                    let double = &sin(&(&x * &Num::int(2))) - &(&Num::int(2) * &(&s * &c));
                    for zero in [one, double, sin(&pi())] {
                        assert!(zero.lo() <= &Q::ZERO && zero.hi() >= &Q::ZERO && zero.abs().hi() < &small);
                    }
                }
            });
        }
        // So far out that nothing is computed.
        let far = Num::from(Q::from(IBig::ONE << 2000));
        assert_eq!(sin(&far), Num::enclose(Q::from(-1), Q::ONE));
    }
}
