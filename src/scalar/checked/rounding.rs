//! Sums, products, quotients and roots of doubles with bounds on their errors.

/// Factor that covers the rounding of a bound's own few operations.
pub(super) const UP: f64 = 1.0 + 16.0 * f64::EPSILON;
/// Veltkamp's splitter, 2^27 + 1.
const SPLIT: f64 = 134_217_729.0;
/// Below this a product's rounding error is itself rounded.
const TINY: f64 = 1e-280;

#[inline(always)]
pub(super) fn sum(a: f64, b: f64, ea: f64, eb: f64) -> (f64, f64) {
    let v = a + b;
    let part = v - a;
    let rest = (a - (v - part)) + (b - part);
    (v, (ea + eb + rest.abs()) * UP)
}

/// A product and what its rounding took.
#[inline(always)]
fn exact_product(a: f64, b: f64) -> (f64, f64) {
    let v = a * b;
    let split = |x: f64| {
        let c = SPLIT * x;
        let high = c - (c - x);
        (high, x - high)
    };
    let ((ah, al), (bh, bl)) = (split(a), split(b));
    let rest = (((ah * bh - v) + ah * bl) + al * bh) + al * bl;
    // Out of the range where splitting is exact, half an ulp stands for it.
    let size = v.abs();
    let plain = size * f64::EPSILON + f64::MIN_POSITIVE;
    let fits = rest.is_finite() && (size > TINY || a == 0.0 || b == 0.0);
    (v, if fits { rest } else { plain })
}

#[inline(always)]
pub(super) fn product(a: f64, b: f64, ea: f64, eb: f64) -> (f64, f64) {
    let (v, rest) = exact_product(a, b);
    // 0 times an unbounded error is no error: the factor is exactly 0.
    let left = if a == 0.0 { 0.0 } else { a.abs() * eb };
    let right = if b == 0.0 { 0.0 } else { b.abs() * ea };
    let both = if ea == 0.0 || eb == 0.0 { 0.0 } else { ea * eb };
    (v, (left + right + both + rest.abs()) * UP)
}

#[inline(always)]
pub(super) fn quotient(a: f64, b: f64, ea: f64, eb: f64) -> (f64, f64) {
    let v = a / b;
    let (back, rest) = exact_product(v, b);
    let missing = ((a - back) - rest).abs();
    let least = b.abs() - eb;
    let error = if least > 0.0 { (ea + v.abs() * eb + missing) / least } else { f64::INFINITY };
    (v, error * UP)
}

#[inline(always)]
pub(super) fn root(a: f64, ea: f64) -> (f64, f64) {
    let v = a.sqrt();
    let (back, rest) = exact_product(v, v);
    if ea == 0.0 && back == a && rest == 0.0 {
        return (v, 0.0);
    }
    // |sqrt x - sqrt y| is at most |x - y|/sqrt x, and at most sqrt |x - y|.
    let carried = if ea == 0.0 { 0.0 } else { (ea / v).min(ea.sqrt()) };
    (v, (carried + v * f64::EPSILON) * UP)
}
