//! Elementary functions of doubles, from libm alone: the same bits on every machine of one architecture.

/// Natural logarithm.
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// Exponential.
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// Sine and cosine.
#[must_use]
pub fn sin_cos(x: f64) -> (f64, f64) {
    libm::sincos(x)
}

/// ln(1 + e^x) without overflow or cancellation.
#[must_use]
pub fn ln_1p_exp(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// x^y; a small integer y by repeated multiplication, so that squares are exact where they can be.
#[must_use]
pub(super) fn pow(x: f64, y: f64) -> f64 {
    if y == 0.5 {
        return x.sqrt();
    }
    if y.fract() == 0.0 && y.abs() <= 64.0 {
        let mut value = 1.0;
        for _ in 0..y.abs() as u32 {
            value *= x;
        }
        return if y < 0.0 { 1.0 / value } else { value };
    }
    libm::pow(x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_powers_of_dyadic_numbers_are_exact() {
        // exact: 1.5^3 = 27/8, 2^-3 = 1/8, (-3)^2 = 9, x^0 = 1
        for (x, y, expected) in [(1.5, 3.0, 3.375), (2.0, -3.0, 0.125), (-3.0, 2.0, 9.0), (7.0, 0.0, 1.0)] {
            assert_eq!(pow(x, y), expected, "{x}^{y}");
        }
    }

    #[test]
    fn softplus_keeps_both_tails() {
        // exact limits: ln(1+e^0) = ln 2; for large x it is x; for very negative x it is e^x
        assert_eq!(ln_1p_exp(0.0), std::f64::consts::LN_2);
        assert_eq!(ln_1p_exp(800.0), 800.0);
        assert_eq!(ln_1p_exp(-40.0), libm::exp(-40.0));
    }
}
