//! Roots, powers, exponential and logarithm of intervals: monotone pieces, evaluated at the ends.

use super::Interval;

/// Ulps that libm's exp, log and pow are widened by; each errs by less than one by its own claim.
const LIBM_ULPS: u32 = 3;

impl Interval {
    /// {sqrt x} over x >= 0; `None` where all x are negative.
    #[must_use]
    pub fn sqrt(self) -> Option<Self> {
        let x = self.intersect(Self::NON_NEGATIVE)?;
        Some(Self::outward(x.low.sqrt(), x.high.sqrt(), 1).not_below_zero())
    }

    /// {e^x}.
    #[must_use]
    pub fn exp(self) -> Self {
        Self::outward(libm::exp(self.low), libm::exp(self.high), LIBM_ULPS).not_below_zero()
    }

    /// {ln x} over x > 0; `None` where no x is positive.
    #[must_use]
    pub fn ln(self) -> Option<Self> {
        if self.high <= 0.0 {
            return None;
        }
        Some(Self::outward(libm::log(self.low.max(0.0)), libm::log(self.high), LIBM_ULPS))
    }

    /// {x^n} for any x; a negative n is the reciprocal (`None` where x is zero alone), x^0 = 1.
    #[must_use]
    pub fn powi(self, n: i32) -> Option<Self> {
        let power = match n.unsigned_abs() {
            0 => Self::point(1.0),
            m if m.is_multiple_of(2) => {
                let size = self.abs();
                Self { low: end_power(size.low, m).low, high: end_power(size.high, m).high }.not_below_zero()
            }
            // odd powers rise everywhere
            m => Self { low: end_power(self.low, m).low, high: end_power(self.high, m).high },
        };
        if n < 0 { power.reciprocal() } else { Some(power) }
    }

    /// {x^y} over x >= 0 for a finite y (x > 0 where y < 0); `None` where no x is left or y is not finite.
    #[must_use]
    pub fn powf(self, y: f64) -> Option<Self> {
        let x = self.intersect(Self::NON_NEGATIVE)?;
        if !y.is_finite() || (y < 0.0 && x.high == 0.0) {
            return None;
        }
        if y == 0.0 {
            return Some(Self::point(1.0));
        }
        // |x.low| turns -0 into 0, whose odd negative powers would be -inf
        let (at_low, at_high) = (libm::pow(x.low.abs(), y), libm::pow(x.high.abs(), y));
        let (low, high) = if y > 0.0 { (at_low, at_high) } else { (at_high, at_low) };
        Some(Self::outward(low, high, LIBM_ULPS).not_below_zero())
    }
}

/// An enclosure of x^m, m >= 1, at an end of an interval; zero stays zero and an infinite end infinite.
fn end_power(x: f64, m: u32) -> Interval {
    if x == 0.0 {
        return Interval { low: 0.0, high: 0.0 };
    }
    if x.is_infinite() {
        let end = if x < 0.0 && !m.is_multiple_of(2) { x } else { x.abs() };
        return Interval { low: end, high: end };
    }
    let mut square = Interval::point(x);
    let mut product: Option<Interval> = None;
    let mut left = m;
    while left > 0 {
        if !left.is_multiple_of(2) {
            product = Some(product.map_or(square, |p| p * square));
        }
        left /= 2;
        if left > 0 {
            square = square * square;
        }
    }
    product.unwrap_or(Interval::WHOLE)
}
