//! Continuous laws of mean 0 and variance 1, in twice the precision of a double.
//!
//! **Formula** with m = nu - 2 for Student's law:
//!
//! | law | density h(x) | distribution function H(x), x <= 0 |
//! | --- | --- | --- |
//! | gaussian | exp(-x^2/2)/sqrt(2 pi) | 1/2 - h(x) sum_k \|x\|^(2k+1)/(1 3 .. (2k+1)) |
//! | laplace | exp(-sqrt 2 \|x\|)/sqrt 2 | exp(-sqrt 2 \|x\|)/2 |
//! | logistic | r p (1 - p), r = pi/sqrt 3 | p = 1/(1 + exp(r \|x\|)) |
//! | uniform | 1/(2 sqrt 3) on [-sqrt 3, sqrt 3] | (x + sqrt 3)/(2 sqrt 3) |
//! | student(nu) | (1 + x^2/m)^(-(nu+1)/2)/(sqrt m B(1/2, nu/2)) | I_(m/(m+x^2))(nu/2, 1/2)/2 |
//!
//! **Source** DLMF 7.6.2 (the series of the error function), 8.17.7 and 8.17.8 (those of the incomplete beta function).
//! **Errors** absolute error of H below 1e-29; relative error of H(x) for x <= 0 below 1e-28 where it is no difference
//! from 1/2: not for the gaussian law, nor for Student's where x^2 < nu - 2. Below x = -12 the gaussian H, then under
//! 2e-33, is libm's erfc, good to 1e-14 of itself. Student's law adds nu 1e-32, and H below 1e-100 is taken as 0 for nu
//! above 1000.
//! **Ties and edge cases** H of the laplace law has a kink in its first derivative at 0, that of the uniform law at
//! +-sqrt 3.

use super::double_double::Dd;
use crate::scalar::Rational;

/// Where the series of the gaussian law ends.
const GAUSSIAN_END: f64 = 12.0;

/// Logarithm of what is taken as 0 for Student's law with many degrees of freedom.
const TINY: f64 = -250.0;

/// A law of the command line: `gaussian`, `laplace`, `logistic`, `uniform`, `student(nu)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StandardLaw {
    kind: LawKind,
    /// The factor of the density.
    constant: Dd,
    /// What x is multiplied with: sqrt 2, pi/sqrt 3; sqrt 3 for the uniform law, m for Student's.
    rate: Dd,
}

/// Which law.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LawKind {
    /// Normal.
    Gaussian,
    /// Two-sided exponential.
    Laplace,
    /// Logistic.
    Logistic,
    /// Uniform on [-sqrt 3, sqrt 3].
    Uniform,
    /// Student's t with these degrees of freedom, scaled to variance 1.
    Student(Rational),
}

/// A text that names no such law.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LawError {
    /// No law of that name.
    #[error(
        "'{0}' is no continuous law; there are gaussian, laplace, logistic, uniform and student(nu), as in student(5)"
    )]
    Name(String),
    /// No variance.
    #[error("student({0}) has no variance: nu must be above 2, as in student(5)")]
    NoVariance(Rational),
}

/// Value of a law at a point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    /// H(x) = P[xi <= x].
    pub below: Dd,
    /// h(x).
    pub density: Dd,
}

impl StandardLaw {
    /// The law with its constants.
    ///
    /// # Errors
    /// [`LawError::NoVariance`] for Student's law with nu <= 2.
    pub(crate) fn new(kind: LawKind) -> Result<Self, LawError> {
        let (two, three) = (Dd::from(2.0), Dd::from(3.0));
        let (constant, rate) = match &kind {
            LawKind::Gaussian => (Dd::ONE / (two * Dd::PI).sqrt(), Dd::ONE),
            LawKind::Laplace => (Dd::ONE / two.sqrt(), two.sqrt()),
            LawKind::Logistic => (Dd::PI / three.sqrt(), Dd::PI / three.sqrt()),
            LawKind::Uniform => (Dd::ONE / (two * three.sqrt()), three.sqrt()),
            LawKind::Student(nu) => {
                let m = nu.clone() - &Rational::integer(2);
                if m.signum() <= 0 {
                    return Err(LawError::NoVariance(nu.clone()));
                }
                let m = Dd::from_rational(&m);
                // 1/(sqrt m B(1/2, nu/2)) = Gamma((nu + 1)/2)/(sqrt(pi m) Gamma(nu/2))
                (half_step(Dd::from_rational(nu) * 0.5) / (Dd::PI * m).sqrt(), m)
            }
        };
        Ok(StandardLaw { kind, constant, rate })
    }

    /// Which law it is.
    #[must_use]
    pub(crate) fn kind(&self) -> &LawKind {
        &self.kind
    }

    /// Points where the distribution function is not smooth.
    #[must_use]
    pub(crate) fn kinks(&self) -> Vec<f64> {
        match self.kind {
            LawKind::Laplace => vec![0.0],
            LawKind::Uniform => vec![-self.rate.to_f64(), self.rate.to_f64()],
            _ => Vec::new(),
        }
    }

    /// Bound on the absolute error of H.
    #[must_use]
    pub(crate) fn rounding(&self) -> f64 {
        match &self.kind {
            LawKind::Student(nu) => 1e-29 + 1e-32 * nu.to_f64(),
            _ => 1e-29,
        }
    }

    /// H(x) and h(x).
    #[must_use]
    pub(crate) fn at(&self, x: Dd) -> Point {
        let size = x.abs();
        let lower = match &self.kind {
            LawKind::Gaussian => self.gaussian(size),
            LawKind::Laplace => {
                let e = (-(size * self.rate)).exponential();
                Point { below: e * 0.5, density: e * self.constant }
            }
            LawKind::Logistic => {
                let e = (-(size * self.rate)).exponential();
                let p = e / (Dd::ONE + e);
                Point { below: p, density: self.rate * p * (Dd::ONE - p) }
            }
            LawKind::Uniform if size >= self.rate => Point { below: Dd::ZERO, density: Dd::ZERO },
            LawKind::Uniform => Point { below: (self.rate - size) * self.constant, density: self.constant },
            LawKind::Student(nu) => self.student(Dd::from_rational(nu), size),
        };
        let below = if x > Dd::ZERO { Dd::ONE - lower.below } else { lower.below };
        Point { below, density: lower.density }
    }

    fn gaussian(&self, size: Dd) -> Point {
        let square = size * size;
        let density = (square * -0.5).exponential() * self.constant;
        if size.to_f64() > GAUSSIAN_END {
            let below = crate::stats::normal_upper_tail(size.to_f64());
            return Point { below: Dd::from(below), density };
        }
        let sum = series(size, 1e-34, |k| square / (2.0 * k + 3.0));
        Point { below: Dd::HALF - density * sum, density }
    }

    /// By the series of the incomplete beta function on the side where it converges.
    fn student(&self, nu: Dd, size: Dd) -> Point {
        // Past this the square overflows in products; H is then below 1e-200.
        let size = if size.to_f64() > 1e100 { Dd::from(1e100) } else { size };
        let (m, square, half) = (self.rate, size * size, nu * 0.5);
        let whole = m + square;
        let (near, far) = (square / whole, m / whole);
        let exponent = half * far.logarithm();
        let power = exponent.exponential();
        let density = self.constant * power * far.sqrt();
        // 1/B(1/2, nu/2)
        let factor = self.constant * m.sqrt();
        let top = half + Dd::HALF;
        let below = if exponent.to_f64() < TINY && nu.to_f64() > 1e3 {
            // The series would be long, or its sum overflow.
            Dd::ZERO
        } else if near < far {
            let sum = series(Dd::ONE, 1e-34, |k| near * (top + Dd::from(k)) / (k + 1.5));
            Dd::HALF - factor * near.sqrt() * power * sum
        } else {
            let sum = series(Dd::ONE, 1e-34, |k| far * (top + Dd::from(k)) / (half + Dd::from(k + 1.0)));
            factor * near.sqrt() * power * sum / nu
        };
        Point { below, density }
    }
}

impl std::str::FromStr for StandardLaw {
    type Err = LawError;

    fn from_str(text: &str) -> Result<Self, LawError> {
        let clean = text.trim();
        let kind = match clean {
            "gaussian" => LawKind::Gaussian,
            "laplace" => LawKind::Laplace,
            "logistic" => LawKind::Logistic,
            "uniform" => LawKind::Uniform,
            other => {
                let nu = other.strip_prefix("student").map(str::trim_start);
                let nu = nu.and_then(|l| l.strip_prefix('(')).and_then(|l| l.strip_suffix(')'));
                let nu = nu.and_then(|n| n.parse().ok());
                LawKind::Student(nu.ok_or_else(|| LawError::Name(clean.chars().take(60).collect()))?)
            }
        };
        StandardLaw::new(kind)
    }
}

impl std::fmt::Display for StandardLaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            LawKind::Gaussian => f.write_str("gaussian"),
            LawKind::Laplace => f.write_str("laplace"),
            LawKind::Logistic => f.write_str("logistic"),
            LawKind::Uniform => f.write_str("uniform"),
            LawKind::Student(nu) => write!(f, "student({nu})"),
        }
    }
}

/// first (1 + r_0 + r_0 r_1 + ..), all terms positive, until a term is below `precision` of the sum.
///
/// Terms may rise before they fall, so that a small one ends the sum only where the ratio is below 1.
fn series(first: Dd, precision: f64, ratio: impl Fn(f64) -> Dd) -> Dd {
    let (mut term, mut sum) = (first, first);
    for k in 0..100_000 {
        let r = ratio(f64::from(k));
        term = term * r;
        sum = sum + term;
        if term.to_f64() <= precision * sum.to_f64() && r.to_f64() < 1.0 {
            break;
        }
    }
    sum
}

/// Gamma(x + 1/2)/Gamma(x) for x > 0.
///
/// Moved up to x >= 40 by the recursion of both, then exp of the difference of their asymptotic series (DLMF 5.11.8):
/// (1/2) ln x - sum_k (2 - 2^(1-2k)) B_2k/(2k (2k-1) x^(2k-1)), whose first term left out is below 1e-32.
fn half_step(x: Dd) -> Dd {
    /// Numerators and denominators of the Bernoulli numbers B_2, B_4, ..
    const BERNOULLI: [(f64, f64); 12] = [
        (1.0, 6.0),
        (-1.0, 30.0),
        (1.0, 42.0),
        (-1.0, 30.0),
        (5.0, 66.0),
        (-691.0, 2730.0),
        (7.0, 6.0),
        (-3617.0, 510.0),
        (43_867.0, 798.0),
        (-174_611.0, 330.0),
        (854_513.0, 138.0),
        (-236_364_091.0, 2730.0),
    ];
    let (mut x, mut factor) = (x, Dd::ONE);
    while x.to_f64() < 40.0 {
        factor = factor * x / (x + Dd::HALF);
        x = x + Dd::ONE;
    }
    let inverse = Dd::ONE / x;
    let square = inverse * inverse;
    let (mut power, mut quarter, mut sum) = (inverse, 1.0, Dd::ZERO);
    for (k, (numerator, denominator)) in (1_i32..).zip(BERNOULLI) {
        quarter *= 0.25;
        let two_k = f64::from(2 * k);
        let coefficient = Dd::from(numerator) * (2.0 - 2.0 * quarter) / denominator / (two_k * (two_k - 1.0));
        sum = sum + coefficient * power;
        power = power * square;
    }
    factor * x.sqrt() * (-sum).exponential()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(text: &str) -> StandardLaw {
        text.parse().unwrap()
    }

    fn q(text: &str) -> Dd {
        Dd::from_rational(&text.parse().unwrap())
    }

    #[test]
    fn distribution_functions_to_28_digits() {
        // reference: mpmath 1.3.0, mp.dps = 40, H(-x): ncdf(-x); exp(-sqrt(2) x)/2; 1/(1 + exp(pi x/sqrt(3)));
        // betainc(nu/2, 1/2, 0, m/(m + x^2), regularized=True)/2 with m = nu - 2
        for (name, x, expected) in REFERENCE {
            let (law, x) = (law(name), q(x));
            let (got, upper) = (law.at(-x).below, law.at(x).below);
            let off = (got - q(expected)).to_f64().abs();
            assert!(off < 1e-29 + 1e-28 * got.to_f64(), "{name} at -{x:?}: {got:?}, off by {off:e}");
            // identity: symmetric laws
            assert!((got + upper - Dd::ONE).to_f64().abs() < 1e-30, "{name} at {x:?}");
        }
    }

    const REFERENCE: &[(&str, &str, &str)] = &[
        ("gaussian", "1/16", "0.47508233097075277880471379550692"),
        ("laplace", "1/16", "0.45770265609311133555229582747427"),
        ("logistic", "1/16", "0.47168969652981742153524224860211"),
        ("student(5)", "1/16", "0.46941043671103848731664784884589"),
        ("student(21/10)", "1/16", "0.40018204709699849088912960218251"),
        ("student(40)", "1/16", "0.47459558188131394303170795883554"),
        ("student(1000)", "1/16", "0.47506365949530343299242011161138"),
        ("gaussian", "7/8", "0.19078695285251062561506415052542"),
        ("laplace", "7/8", "0.14506344977242244377541027569345"),
        ("logistic", "7/8", "0.16979590041433602206614182921428"),
        ("student(5)", "7/8", "0.15494842229464394830641380600226"),
        ("student(21/10)", "7/8", "0.026239454540623876951984226632509"),
        ("student(40)", "7/8", "0.18735044540193647776786329132113"),
        ("student(1000)", "7/8", "0.19065380648516619708805402850536"),
        ("gaussian", "2", "0.022750131948179207200282637166533"),
        ("laplace", "2", "0.029552873280978118881536629112053"),
        ("logistic", "2", "0.025891732937355364979486711228811"),
        ("student(5)", "2", "0.024656543836826319076184340498821"),
        ("student(21/10)", "2", "0.0050005785281686653339783590662913"),
        ("student(40)", "2", "0.023379624765076228357262589021584"),
        ("student(1000)", "2", "0.022777056498786473973466238054506"),
        ("gaussian", "5", "0.00000028665157187919391167375233287465"),
        ("laplace", "5", "0.00042466285235958485034471724872806"),
        ("logistic", "5", "0.00011516876350885876273653910125381"),
        ("student(5)", "5", "0.00066396271749563965770893382803153"),
        ("student(21/10)", "5", "0.00074215005495241568111510705029756"),
        ("student(40)", "5", "0.0000039099913290195210222628004107206"),
        ("student(1000)", "5", "0.00000032989388879116043467817503460212"),
        ("laplace", "9", "0.0000014835551209081987938413985526563"),
        ("logistic", "9", "0.000000081375274798503967909113878398296"),
        ("student(5)", "9", "0.000041454817100971288711490999526988"),
        ("student(21/10)", "9", "0.00021645651393536650975851078902064"),
        ("student(40)", "9", "9.1348361913832194653326597624027e-12"),
        ("student(1000)", "9", "5.1574189403696846808207935355622e-19"),
    ];

    #[test]
    fn densities_are_derivatives() {
        for name in ["gaussian", "laplace", "logistic", "uniform", "student(5)", "student(21/10)", "student(300)"] {
            let law = law(name);
            for x in [-8.0, -2.5, -0.9, 0.3, 1.1, 4.0] {
                // identity: central difference with step 1e-8; its error is h''' 1e-16/6 plus 1e-30/1e-8
                let step = Dd::from(1e-8);
                let slope = (law.at(Dd::from(x) + step).below - law.at(Dd::from(x) - step).below) / 2e-8;
                let density = law.at(Dd::from(x)).density;
                assert!((slope - density).to_f64().abs() < 1e-15, "{name} at {x}: {slope:?} {density:?}");
            }
        }
    }

    #[test]
    fn far_tails_keep_their_digits() {
        // exact: the first term of I_f(2, 1/2)/2 is f^2/(4 B(2, 1/2)), B(2, 1/2) = 4/3, f = 2/(2 + x^2): 3/(4 x^4)
        let x = 1e20;
        let got = law("student(4)").at(Dd::from(-x)).below.to_f64();
        assert!((got / (3.0 / 4.0 / (x * x * x * x)) - 1.0).abs() < 1e-14, "{got}");
        let gaussian = law("gaussian").at(Dd::from(-20.0)).below.to_f64();
        // reference: mpmath 1.3.0, ncdf(-20)
        assert!((gaussian / 2.753_624_118_606_233_7e-89 - 1.0).abs() < 1e-13, "{gaussian:e}");
    }

    #[test]
    fn many_degrees_of_freedom_are_nearly_gaussian() {
        // exact: H_nu(-x) - Phi(-x) = phi(x) (x^3 - 3 x)/(4 nu) + O(nu^-2) (Cornish and Fisher) for the law of variance
        // 1
        let (many, gaussian) = (law("student(1000000)"), law("gaussian"));
        for x in [0.5, 2.0, 5.0] {
            let point = gaussian.at(Dd::from(-x));
            let expected = point.density.to_f64() * (x * x * x - 3.0 * x) / 4e6;
            let found = (many.at(Dd::from(-x)).below - point.below).to_f64();
            assert!((found / expected - 1.0).abs() < 1e-4, "{x}: {found:e} {expected:e}");
        }
        for x in [30.0, 300.0, 1e5, 1e40] {
            assert_eq!(many.at(Dd::from(-x)).below.to_f64(), 0.0, "{x}");
        }
    }

    #[test]
    fn names_and_their_errors() {
        for name in ["gaussian", "laplace", "logistic", "uniform", "student(5)", "student(5/2)"] {
            assert_eq!(law(name).to_string(), name);
        }
        assert_eq!(law(" student( 2.5 )").to_string(), "student(5/2)");
        assert!(matches!("student(2)".parse::<StandardLaw>(), Err(LawError::NoVariance(_))));
        for bad in ["", "student", "student()", "student(x)", "cauchy", "gaussian(1)"] {
            assert!(matches!(bad.parse::<StandardLaw>(), Err(LawError::Name(_))), "{bad}");
        }
    }
}
