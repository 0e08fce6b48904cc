//! Elementary functions that vectorise: straight-line polynomials, one IEEE operation after the other.
//!
//! libm's own functions branch and are called one number at a time; these cost a few operations per lane and err by at
//! most about two units in the last place (tests). Each is valid on the range that the samplers need, named in its
//! comment, and not beyond.
//!
//! Coefficients: interpolation at the Chebyshev nodes of the reduced range, computed with 60 digits and
//! rounded to doubles; the error in front of the rounding of the evaluation is given at each table.

/// 2^52 + 2^51: adding it rounds a double below 2^51 to the nearest integer, left in the low bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; the first has 42 bits, so that its product with an exponent is exact.
const LN_2_HIGH: f64 = 0.693_147_180_559_890_3;
const LN_2_LOW: f64 = 5.497_923_018_708_371e-14;
/// 2 pi in two parts.
const TURN_HIGH: f64 = std::f64::consts::TAU;
const TURN_LOW: f64 = 2.449_293_598_294_706_4e-16;

/// (ln((1 + s) / (1 - s)) / s - 2) / s^2 in s^2 on [0, 0.0295]; error 2^-57 of the logarithm.
const LN: [f64; 7] = [
    0.666666666666667,
    0.39999999999899505,
    0.28571428625975487,
    0.2222221113479508,
    0.18182889125261723,
    0.15331721600556042,
    0.14616449685043406,
];
/// (sin(2 pi r) / r - 2 pi) / r^2 in r^2 on [0, 1/64]; error 2^-56 of the sine.
const SIN: [f64; 6] = [
    -41.341702240399755,
    81.6052492760517,
    -76.70585973562093,
    42.05868918088512,
    -15.094054182079999,
    3.78643334956545,
];
/// (cos(2 pi r) - 1) / r^2 in r^2 on [0, 1/64]; error 2^-55.
const COS: [f64; 7] = [
    -19.739208802178716,
    64.93939402266824,
    -85.4568172066438,
    60.24464135270201,
    -26.426253275854723,
    7.903206911569678,
    -1.6990343940660637,
];
/// (e^r - 1 - r - r^2 / 2) / r^3 on [-ln 2 / 2, ln 2 / 2]; error 2^-58 of e^r - 1.
const EXP_M1: [f64; 10] = [
    0.16666666666666669,
    0.041666666666666664,
    0.008333333333330039,
    0.0013888888888886537,
    0.00019841269863171557,
    2.4801587317228724e-05,
    2.7557268276905696e-06,
    2.7557282838800484e-07,
    2.5100472505694996e-08,
    2.09112987659402e-09,
];

/// A polynomial by Horner's rule, constant term first.
#[inline(always)]
fn horner<const K: usize>(coefficients: &[f64; K], x: f64) -> f64 {
    let mut value = coefficients[K - 1];
    for k in (0..K - 1).rev() {
        value = coefficients[k] + x * value;
    }
    value
}

/// ln x for positive normal x.
///
/// x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt 2); s = f / (2 + f); ln(1 + f) = 2 s + s^3 P(s^2), summed
/// as f - (f^2/2 - s (f^2/2 + s^2 P(s^2))), whose leading term is exact.
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const MANTISSA: u64 = (1 << 52) - 1;
    const TWO_52: u64 = 0x4330_0000_0000_0000;
    // The exponent is kept biased: AVX2 has neither a signed shift nor a conversion of 64-bit integers.
    let shifted = x.to_bits().wrapping_add((1023 << 52) - ROOT_HALF);
    let k = f64::from_bits(shifted >> 52 | TWO_52) - (4_503_599_627_370_496.0 + 1023.0);
    let f = f64::from_bits((shifted & MANTISSA) + ROOT_HALF) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let half_square = 0.5 * f * f;
    let tail = s * (half_square + z * horner(&LN, z)) + k * LN_2_LOW;
    k * LN_2_HIGH - ((half_square - tail) - f)
}

/// (sin(2 pi u), cos(2 pi u)) for u in [0, 1].
///
/// u = q/4 + r with |r| <= 1/8, exactly; the last two bits of q choose the polynomial and the sign.
#[inline(always)]
pub(super) fn sin_cos_turn(u: f64) -> (f64, f64) {
    let rounded = 4.0 * u + ROUNDER;
    let quadrant = rounded.to_bits();
    let r = u - 0.25 * (rounded - ROUNDER);
    let z = r * r;
    let sin = r * TURN_HIGH + r * (TURN_LOW + z * horner(&SIN, z));
    let cos = 1.0 + z * horner(&COS, z);
    let even = quadrant & 1 == 0;
    let (a, b) = if even { (sin, cos) } else { (cos, sin) };
    let sign_a = (quadrant & 2) << 62;
    let sign_b = (quadrant.wrapping_add(1) & 2) << 62;
    (f64::from_bits(a.to_bits() ^ sign_a), f64::from_bits(b.to_bits() ^ sign_b))
}

/// e^x - 1 for x in [-700, 700], accurate near 0 too.
///
/// x = k ln 2 + r; e^x - 1 = 2^k (e^r - 1) + (2^k - 1).
#[inline(always)]
pub(super) fn exp_m1(x: f64) -> f64 {
    let rounded = x * std::f64::consts::LOG2_E + ROUNDER;
    let k = rounded - ROUNDER;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let small = r + r * r * (0.5 + r * horner(&EXP_M1, r));
    let power = f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52);
    power * small + (power - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance in units in the last place of the reference.
    fn ulps(value: f64, reference: f64) -> f64 {
        if value == reference {
            return 0.0;
        }
        let unit = f64::from_bits(reference.abs().to_bits() + 1) - reference.abs();
        ((value - reference) / unit).abs()
    }

    fn worst(points: impl Iterator<Item = f64>, error: impl Fn(f64) -> f64) -> f64 {
        points.map(error).fold(0.0, f64::max)
    }

    /// (0, 1): an even grid off the dyadic points, both ends down to the smallest uniform, and the places
    /// where the reductions change branch.
    fn unit_points() -> impl Iterator<Item = f64> {
        let n = 2_000_000;
        let even = (0..n).map(move |i| (f64::from(i) + 0.37) / f64::from(n));
        let ends = (1..=53).flat_map(|k| {
            let small = libm::ldexp(1.0, -k);
            (0..1000).flat_map(move |i| {
                let x = small * (1.0 + f64::from(i) / 1000.0);
                [x, 1.0 - small * (1.0 - f64::from(i) / 2000.0)]
            })
        });
        let corners = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, std::f64::consts::FRAC_1_SQRT_2];
        let corners = corners.into_iter().flat_map(|c: f64| {
            (0..200_u64).flat_map(move |i| [f64::from_bits(c.to_bits() - i), f64::from_bits(c.to_bits() + i)])
        });
        even.chain(ends).chain(corners).filter(|u| (0.0..1.0).contains(u) && *u > 0.0)
    }

    #[test]
    fn ln_is_good_to_the_last_places() {
        // reference: libm 0.2 log, itself within 1 ulp; so 2 here is at most 3 from the truth
        let ratios =
            (-53..=53).flat_map(|k| (0..2000).map(move |i| libm::ldexp(1.0 + (f64::from(i) + 0.21) / 2000.0, k)));
        let error = worst(unit_points().chain(ratios), |x| ulps(ln(x), libm::log(x)));
        println!("ln: {error} ulp");
        assert!(error <= 2.0, "{error} ulp");
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn sin_cos_are_good_to_the_last_places() {
        // identity: reduction to |r| <= 1/8 is exact, and sin(h + l) = sin h + l cos h to first order, with
        // 2 pi r = h + l; libm 0.2 sin and cos are within 1 ulp there
        let error = worst(unit_points(), |u| {
            let quarter = (4.0 * u).round();
            let r = u - quarter / 4.0;
            let high = r * TURN_HIGH;
            let low = r.mul_add(TURN_HIGH, -high) + r * TURN_LOW;
            let (s, c) = (libm::sin(high), libm::cos(high));
            let (s, c) = (s + low * c, c - low * s);
            let (expected_sin, expected_cos) = [(s, c), (c, -s), (-s, -c), (-c, s)][quarter as usize % 4];
            let (sin, cos) = sin_cos_turn(u);
            ulps(sin, expected_sin).max(ulps(cos, expected_cos))
        });
        println!("sin_cos: {error} ulp");
        assert!(error <= 2.0, "{error} ulp");
        // exact: the quarter turns
        for (u, expected) in [(0.0, (0.0, 1.0)), (0.25, (1.0, 0.0)), (0.5, (0.0, -1.0)), (0.75, (-1.0, 0.0))] {
            assert_eq!(sin_cos_turn(u), expected, "{u}");
        }
    }

    #[test]
    fn exp_m1_is_good_to_the_last_places() {
        // reference: libm 0.2 expm1, itself within 1 ulp
        let even = (0..1_000_000).map(|i| -40.0 + f64::from(i) * 8e-5 + 1.3e-6);
        let small = (1..=60).flat_map(|k| {
            (0..500).flat_map(move |i| {
                let x = libm::ldexp(1.0 + f64::from(i) / 500.0, -k);
                [x, -x]
            })
        });
        let error = worst(even.chain(small), |x| ulps(exp_m1(x), libm::expm1(x)));
        println!("exp_m1: {error} ulp");
        assert!(error <= 3.0, "{error} ulp");
        assert_eq!(exp_m1(0.0), 0.0);
    }
}
