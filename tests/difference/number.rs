//! Numbers of the second opinion: a + b sqrt(c) over the rationals, and a rational of 400 bits where that is not
//! enough.

use dashu_base::SquareRoot;
use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;
use std::cell::Cell;
use std::cmp::Ordering;

/// An exact fraction.
pub(crate) type Q = RBig;
/// Why something is beyond this evaluator: no difference, but nothing compared either.
pub(crate) type Skip = String;
/// A value, or why there is none.
pub(crate) type Got<T> = Result<T, Skip>;

thread_local! {
    /// Whether a number of the current evaluation was rounded: 0 never, 1 to 400 bits, 2 to a double.
    static ROUGH: Cell<u8> = const { Cell::new(0) };
}

/// Forgets what was rounded.
pub(crate) fn fresh() {
    ROUGH.set(0);
}

/// Relative error to be granted to what was computed since [`fresh`].
pub(crate) fn slack() -> f64 {
    match ROUGH.get() {
        0 => 0.0,
        1 => 1e-30,
        _ => 1e-9,
    }
}

fn rough(grade: u8) {
    ROUGH.set(ROUGH.get().max(grade));
}

pub(crate) fn q(n: i64) -> Q {
    Q::from(n)
}

pub(crate) fn ratio(n: i64, d: i64) -> Q {
    Q::from(n) / Q::from(d)
}

pub(crate) fn zero(x: &Q) -> bool {
    *x == Q::ZERO
}

pub(crate) fn abs(x: &Q) -> Q {
    if *x < Q::ZERO { -x.clone() } else { x.clone() }
}

/// The sign of a number that may have been rounded; one that is within the rounding of 0 has none.
pub(crate) fn sign(x: &Q) -> Got<i32> {
    if slack() > 0.0 && to_f64(x).abs() < slack() {
        return Err("the sign of a rounded 0".into());
    }
    Ok(match x.cmp(&Q::ZERO) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

pub(crate) fn to_f64(x: &Q) -> f64 {
    x.to_f64().value()
}

pub(crate) fn power(x: &Q, n: u32) -> Q {
    (0..n).fold(Q::ONE, |p, _| p * x)
}

/// A decimal or a fraction of two of them.
pub(crate) fn parse(text: &str) -> Option<Q> {
    if let Some((a, b)) = text.split_once('/') {
        let (a, b) = (parse(a.trim())?, parse(b.trim())?);
        return if zero(&b) { None } else { Some(a / b) };
    }
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((d, e)) => (d, e.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let n: IBig = format!("{whole}{part}").parse().ok()?;
    let shift = exponent - part.len() as i32;
    let ten = power(&q(10), shift.unsigned_abs());
    Some(if shift < 0 { Q::from(n) / ten } else { Q::from(n) * ten })
}

/// A finite double as the fraction that it is.
pub(crate) fn from_f64(x: f64) -> Got<Q> {
    rough(2);
    Q::try_from(x).map_err(|_| format!("not finite: {x}"))
}

/// The root of a number that is not negative: `factor * sqrt(radicand)` with a small radicand, 1 for a square.
fn root(x: &Q) -> (Q, Q) {
    let d = Q::from(IBig::from(x.denominator().clone()));
    let mut n: UBig = x.numerator().unsigned_abs() * x.denominator();
    let whole: UBig = n.sqrt();
    if &whole * &whole == n {
        return (Q::from(IBig::from(whole)) / d, Q::ONE);
    }
    let mut out = UBig::ONE;
    for p in 2u32..400 {
        let square = UBig::from(p * p);
        while (&n % &square) == UBig::ZERO {
            n /= &square;
            out *= p;
        }
    }
    (Q::from(IBig::from(out)) / d, Q::from(IBig::from(n)))
}

use dashu_base::UnsignedAbs;

/// The root of a whole or broken number to 400 bits.
fn approximate_root(x: &Q) -> Q {
    rough(1);
    let (n, d) = (x.numerator().unsigned_abs(), x.denominator().clone());
    let scaled: UBig = (n * &d) << 1200usize;
    let r: UBig = scaled.sqrt();
    trim(&(Q::from(IBig::from(r)) / Q::from(IBig::from(d << 600usize))))
}

/// Cuts a rounded number to 600 bits after the point, so that sums of rounded numbers do not grow without end.
pub(crate) fn trim(x: &Q) -> Q {
    if ROUGH.get() == 0 || x.denominator().clone() < (UBig::ONE << 700usize) {
        return x.clone();
    }
    let two = Q::from(IBig::ONE << 600usize);
    Q::from((x.clone() * &two).floor()) / two
}

/// a + b sqrt(c), c without small square factors and never 0; b = 0 for rationals.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct V {
    a: Q,
    b: Q,
    c: Q,
}

impl From<Q> for V {
    fn from(a: Q) -> V {
        V { a, b: Q::ZERO, c: Q::ONE }
    }
}

impl V {
    pub(crate) fn int(n: i64) -> V {
        q(n).into()
    }

    fn make(a: Q, b: Q, c: Q) -> V {
        if zero(&b) || c == Q::ONE { V::from(a + b) } else { V { a, b, c } }
    }

    /// The number itself where it is rational.
    pub(crate) fn exact(&self) -> Option<&Q> {
        zero(&self.b).then_some(&self.a)
    }

    /// A rational within 400 bits.
    pub(crate) fn near(&self) -> Q {
        if zero(&self.b) { self.a.clone() } else { &self.a + &self.b * approximate_root(&self.c) }
    }

    pub(crate) fn f64(&self) -> f64 {
        let before = ROUGH.get();
        let x = to_f64(&self.near());
        ROUGH.set(before);
        x
    }

    pub(crate) fn is_zero(&self) -> bool {
        zero(&self.a) && zero(&self.b)
    }

    pub(crate) fn neg(&self) -> V {
        V { a: -self.a.clone(), b: -self.b.clone(), c: self.c.clone() }
    }

    pub(crate) fn add(&self, o: &V) -> V {
        if zero(&self.b) {
            V { a: &self.a + &o.a, b: o.b.clone(), c: o.c.clone() }
        } else if zero(&o.b) {
            V { a: &self.a + &o.a, b: self.b.clone(), c: self.c.clone() }
        } else if self.c == o.c {
            V::make(&self.a + &o.a, &self.b + &o.b, self.c.clone())
        } else {
            V::from(self.near() + o.near())
        }
    }

    pub(crate) fn sub(&self, o: &V) -> V {
        self.add(&o.neg())
    }

    pub(crate) fn mul(&self, o: &V) -> V {
        if zero(&self.b) {
            V::make(&self.a * &o.a, &self.a * &o.b, o.c.clone())
        } else if zero(&o.b) {
            o.mul(self)
        } else if self.c == o.c {
            V::make(&self.a * &o.a + &self.b * &o.b * &self.c, &self.a * &o.b + &self.b * &o.a, self.c.clone())
        } else if zero(&self.a) && zero(&o.a) {
            let (k, c) = root(&(&self.c * &o.c));
            V::make(Q::ZERO, &self.b * &o.b * k, c)
        } else {
            V::from(trim(&(self.near() * o.near())))
        }
    }

    pub(crate) fn div(&self, o: &V) -> Got<V> {
        if o.is_zero() {
            return Err("undefined: division by 0".into());
        }
        let norm = &o.a * &o.a - &o.b * &o.b * &o.c;
        Ok(self.mul(&V { a: &o.a / &norm, b: -&o.b / &norm, c: o.c.clone() }))
    }

    pub(crate) fn sqrt(&self) -> Got<V> {
        if self.cmp(&V::int(0))? == Ordering::Less {
            return Err("undefined: root of a negative number".into());
        }
        Ok(match self.exact() {
            Some(x) => {
                let (k, c) = root(x);
                V::make(Q::ZERO, k, c)
            }
            None => V::from(approximate_root(&self.near())),
        })
    }

    /// Order, exactly where nothing was rounded.
    pub(crate) fn cmp(&self, o: &V) -> Got<Ordering> {
        let d = self.sub(o);
        let s = if zero(&d.b) {
            let size = self.f64().abs().max(o.f64().abs());
            // Short fractions are what they are, whatever else was rounded.
            let short = |v: &V| zero(&v.b) && v.a.denominator() < &(UBig::ONE << 200usize);
            if slack() > 0.0 && !(short(self) && short(o)) && d.f64().abs() <= slack() * size.max(slack()) {
                return Err("a comparison within rounding".into());
            }
            d.a.cmp(&Q::ZERO)
        } else {
            // a + b sqrt c against 0: signs, then squares.
            let (a, b) = (d.a.cmp(&Q::ZERO), d.b.cmp(&Q::ZERO));
            if a == b || a == Ordering::Equal {
                b
            } else {
                match (&d.a * &d.a).cmp(&(&d.b * &d.b * &d.c)) {
                    Ordering::Greater => a,
                    Ordering::Less => b,
                    Ordering::Equal => Ordering::Equal,
                }
            }
        };
        Ok(s)
    }

    /// `self` to the power of `p`: whole exponents and exact roots; doubles elsewhere.
    pub(crate) fn pow(&self, p: &V) -> Got<V> {
        let Some(e) = p.exact() else { return double2(self, p, f64::powf) };
        if e.denominator() == &UBig::ONE {
            let n: i64 = e.numerator().clone().try_into().map_err(|_| "a large exponent")?;
            if n.abs() > 4000 {
                return Err("a large exponent".into());
            }
            let x = (0..n.unsigned_abs()).fold(V::int(1), |x, _| x.mul(self));
            return if n < 0 { V::int(1).div(&x) } else { Ok(x) };
        }
        if self.cmp(&V::int(0))? == Ordering::Less {
            return Err("undefined: root of a negative number".into());
        }
        if *e == ratio(1, 2) {
            return self.sqrt();
        }
        if let (Some(x), Ok(n)) = (self.exact(), u32::try_from(e.denominator().clone())) {
            let near = to_f64(x).powf(1.0 / f64::from(n));
            for (a, b) in [(near, 1.0), (near * 2.0, 2.0), (near * 3.0, 3.0), (1.0, 1.0 / near)] {
                let guess = Q::from(a.round() as i64) / Q::from((b.round() as i64).max(1));
                if power(&guess, n) == *x {
                    return V::from(guess).pow(&V::from(e * Q::from(n)));
                }
            }
        }
        double2(self, p, f64::powf)
    }
}

/// A function of doubles.
pub(crate) fn double(x: &V, f: fn(f64) -> f64) -> Got<V> {
    Ok(V::from(from_f64(f(x.f64()))?))
}

fn double2(x: &V, y: &V, f: fn(f64, f64) -> f64) -> Got<V> {
    Ok(V::from(from_f64(f(x.f64(), y.f64()))?))
}
