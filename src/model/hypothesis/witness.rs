//! Witnesses: points, draws and numbers at which anyone can see a hypothesis fail.
//!
//! A hypothesis is said to fail only with one of them, and only after it was evaluated on the instance: exactly in
//! rationals where that is possible, with outward rounding elsewhere. What rests on a formula alone is "not known".

use crate::model::{Evaluates, Real};
use crate::scalar::{Enclosure, Scalar};
use std::fmt;

/// A property of an objective that points can refute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefutableProperty {
    /// f is bounded below on all of R^d.
    LowerBound,
    /// The gradient is Lipschitz.
    Smooth,
    /// The Hessian is Lipschitz.
    HessianLipschitz,
    /// |g|^2 >= 2 mu (f - f*) for some mu > 0, in any norm.
    Pl,
    /// f is convex.
    Convex,
    /// f is strongly convex, in any norm.
    StronglyConvex,
    /// The gradient is bounded.
    BoundedGradient,
}

/// Points of the objective at which a property fails.
#[derive(Debug, Clone, PartialEq)]
pub enum Witness {
    /// g(at) = 0 and f(below) < f(at): neither PL nor convex.
    Stationary {
        /// A stationary point.
        at: Vec<Real>,
        /// A lower one.
        below: Vec<Real>,
    },
    /// From `low` to `high`, which differ in one coordinate, that coordinate of g changes its sign while the others
    /// stay 0 and f stays above f(below): somewhere between them is a stationary point as above.
    Summit {
        /// One end.
        low: Vec<Real>,
        /// The other.
        high: Vec<Real>,
        /// A lower point.
        below: Vec<Real>,
    },
    /// Along the ray f falls at least half as fast as over its first unit, on and on: unbounded below.
    Descent {
        /// The ray's start.
        from: Vec<Real>,
        /// Its direction.
        along: Vec<Real>,
    },
    /// Along the ray |g|_1^2/(f - f(below)) falls to 0: no PL constant in any norm.
    Flattening {
        /// The ray's start.
        from: Vec<Real>,
        /// Its direction.
        along: Vec<Real>,
        /// A point that is lower than the whole ray.
        below: Vec<Real>,
    },
    /// f((a + b)/2) > (f(a) + f(b))/2: not convex.
    Above {
        /// One end of a chord.
        a: Vec<Real>,
        /// The other.
        b: Vec<Real>,
    },
    /// f((a + b)/2) >= (f(a) + f(b))/2 with a != b: not strongly convex.
    Straight {
        /// One end of a chord.
        a: Vec<Real>,
        /// The other.
        b: Vec<Real>,
    },
    /// g(at + h along) - g(at - h along) keeps its size as h falls: the gradient jumps.
    Jump {
        /// The kink.
        at: Vec<Real>,
        /// The direction across it.
        along: Vec<Real>,
    },
    /// g(at + h along) + g(at - h along) - 2 g(at) falls no faster than h: the Hessian jumps.
    Bend {
        /// The bend.
        at: Vec<Real>,
        /// The direction across it.
        along: Vec<Real>,
    },
    /// Along the ray the gradient grows by at least half of what it grows by over the first unit, on and on: unbounded.
    Growth {
        /// The ray's start.
        from: Vec<Real>,
        /// Its direction.
        along: Vec<Real>,
    },
    /// The mean of the stochastic gradients at x is not the gradient there, in that coordinate (from 0).
    Bias {
        /// The state.
        x: Vec<Real>,
        /// The coordinate.
        coordinate: usize,
    },
    /// The noise of that coordinate at x and its mirror image have different laws.
    Skew {
        /// The state.
        x: Vec<Real>,
        /// The coordinate.
        coordinate: usize,
    },
    /// The noise of that coordinate at x has atoms at two places: not unimodal.
    TwoAtoms {
        /// The state.
        x: Vec<Real>,
        /// The coordinate.
        coordinate: usize,
    },
    /// The law of the stochastic gradient at x is not the product of its coordinates' laws.
    Together {
        /// The state.
        x: Vec<Real>,
    },
    /// The law of the draw after this one depends on which of two atoms came first.
    Memory {
        /// The state.
        x: Vec<Real>,
        /// The two atoms' numbers.
        atoms: (usize, usize),
    },
    /// At x the sign of that coordinate, whose derivative is not 0, is right with probability 1/2 at most.
    Coin {
        /// The state.
        x: Vec<Real>,
        /// The coordinate.
        coordinate: usize,
    },
    /// A point far from 0 that the problem keeps where it is: no box is declared.
    Unmoved(Vec<Real>),
    /// The number of workers is even.
    Even(usize),
    /// That coordinate of the start is this whole number of steps from the minimiser's.
    OnLattice {
        /// The coordinate.
        coordinate: usize,
        /// The steps.
        steps: i64,
    },
    /// A sign of exactly 0 was taken in that step of the exact run, with a probability above 0.
    Tie {
        /// The step, from 0.
        step: u64,
    },
    /// An inequality's sides, `low` above `high` (or equal where it is strict).
    Reversed {
        /// The side that should be smaller.
        low: Real,
        /// The side that should be larger.
        high: Real,
        /// Whether equality is excluded as well.
        strict: bool,
    },
    /// A side of an inequality is not defined: a root or a logarithm of a number outside its domain, a division by 0.
    Undefined(String),
}

/// Doublings of a ray, and halvings of a step, that are evaluated.
const DOUBLINGS: u32 = 12;

type Vector = Vec<Enclosure>;

/// The objective at enclosed points.
struct Objective<'a>(&'a dyn Evaluates<Enclosure>);

impl Objective<'_> {
    fn value(&self, x: &[Enclosure]) -> Option<Enclosure> {
        self.0.value_at(x).ok()
    }

    fn gradient(&self, x: &[Enclosure]) -> Option<Vector> {
        let mut out = vec![Enclosure::zero(); x.len()];
        self.0.gradient_at(x, &mut out).ok()?;
        Some(out)
    }
}

fn point(x: &[Real]) -> Option<Vector> {
    x.iter().map(|v| v.cast().ok()).collect()
}

/// x + t y.
fn moved(x: &[Enclosure], y: &[Enclosure], t: &Enclosure) -> Vector {
    x.iter().zip(y).map(|(x, y)| x.clone() + y.clone() * t).collect()
}

fn middle(a: &[Enclosure], b: &[Enclosure]) -> Vector {
    a.iter().zip(b).map(|(a, b)| (a.clone() + b) * Enclosure::ratio(1, 2)).collect()
}

fn norm1(v: &[Enclosure]) -> Enclosure {
    v.iter().fold(Enclosure::zero(), |sum, v| sum + Scalar::abs(v))
}

fn difference(a: &[Enclosure], b: &[Enclosure]) -> Vector {
    a.iter().zip(b).map(|(a, b)| a.clone() - b).collect()
}

/// a > b, for certain.
fn above(a: &Enclosure, b: &Enclosure) -> bool {
    (a.clone() - b).sign_or(&Enclosure::zero()) == Ok(Enclosure::ratio(1, 1))
}

/// a >= b, for certain.
fn is_at_least(a: &Enclosure, b: &Enclosure) -> bool {
    let (low, _) = (a.clone() - b).ends();
    low >= 0.0
}

fn whole(n: i64) -> Enclosure {
    Enclosure::ratio(n, 1)
}

fn power(exponent: u32) -> Enclosure {
    whole(1 << exponent)
}

impl Witness {
    /// Whether this refutes a property of the objective, by evaluation.
    #[must_use]
    pub fn refutes(&self, property: RefutableProperty, problem: &dyn Evaluates<Enclosure>) -> bool {
        self.check(property, &Objective(problem)).unwrap_or(false)
    }

    fn check(&self, property: RefutableProperty, f: &Objective<'_>) -> Option<bool> {
        use RefutableProperty as P;
        Some(match (self, property) {
            (Witness::Stationary { at, below }, P::Pl | P::Convex | P::StronglyConvex) => {
                let (at, below) = (point(at)?, point(below)?);
                f.gradient(&at)?.iter().all(|g| *g == Enclosure::zero()) && above(&f.value(&at)?, &f.value(&below)?)
            }
            (Witness::Summit { low, high, below }, P::Pl | P::Convex | P::StronglyConvex) => {
                f.has_summit(&point(low)?, &point(high)?, &point(below)?)?
            }
            (Witness::Descent { from, along }, P::LowerBound) => {
                let (from, along) = (point(from)?, point(along)?);
                let at = |t: &Enclosure| f.value(&moved(&from, &along, t));
                let first = at(&whole(0))? - &at(&whole(1))?;
                above(&first, &whole(0)) && grows(&|t| Some(-at(t)?), &first)?
            }
            (Witness::Growth { from, along }, P::BoundedGradient) => {
                let (from, along) = (point(from)?, point(along)?);
                // <g, along> and not a norm: what grows along one direction grows.
                let at = |t: &Enclosure| {
                    let gradient = f.gradient(&moved(&from, &along, t))?;
                    Some(gradient.iter().zip(&along).fold(whole(0), |sum, (g, a)| sum + g.clone() * a))
                };
                let first = at(&whole(1))? - &at(&whole(0))?;
                let rises = above(&first, &whole(0));
                let falls = above(&whole(0), &first) && grows(&|t| Some(-at(t)?), &-first.clone())?;
                falls || rises && grows(&at, &first)?
            }
            (Witness::Flattening { from, along, below }, P::Pl) => {
                let (from, along) = (point(from)?, point(along)?);
                let low = f.value(&point(below)?)?;
                let (mut last, mut fell) = (None, true);
                for k in 0..DOUBLINGS {
                    let x = moved(&from, &along, &power(k));
                    let size = norm1(&f.gradient(&x)?);
                    let height = f.value(&x)? - &low;
                    fell &= above(&height, &whole(0));
                    let ratio = (size.clone() * &size).divide(&height).ok()?;
                    // Over two doublings of the distance by a half at least, and so on and on.
                    if let (Some(before), 0) = (&last, k % 2) {
                        fell &= is_at_least(before, &(ratio.clone() * whole(2)));
                    }
                    if k % 2 == 0 {
                        last = Some(ratio);
                    }
                }
                fell
            }
            (Witness::Above { a, b }, P::Convex | P::StronglyConvex) => f.chord(&point(a)?, &point(b)?, above)?,
            (Witness::Straight { a, b }, P::StronglyConvex) => {
                a != b && f.chord(&point(a)?, &point(b)?, is_at_least)?
            }
            (Witness::Jump { at, along }, P::Smooth | P::HessianLipschitz) => {
                let (at, along) = (point(at)?, point(along)?);
                let across = |h: &Enclosure| {
                    let (plus, minus) = (moved(&at, &along, h), moved(&at, &along, &-h.clone()));
                    Some(norm1(&difference(&f.gradient(&plus)?, &f.gradient(&minus)?)))
                };
                keeps(&across)?
            }
            (Witness::Bend { at, along }, P::HessianLipschitz) => {
                let (at, along) = (point(at)?, point(along)?);
                let here: Vector = f.gradient(&at)?.into_iter().map(|g| g * whole(2)).collect();
                let across = |h: &Enclosure| {
                    let (plus, minus) = (moved(&at, &along, h), moved(&at, &along, &-h.clone()));
                    let sum: Vector =
                        f.gradient(&plus)?.into_iter().zip(f.gradient(&minus)?).map(|(a, b)| a + b).collect();
                    norm1(&difference(&sum, &here)).divide(h).ok()
                };
                keeps(&across)?
            }
            _ => false,
        })
    }
}

/// Whether h grows by half of `first` for each unit, over every doubling that is looked at.
fn grows(h: &dyn Fn(&Enclosure) -> Option<Enclosure>, first: &Enclosure) -> Option<bool> {
    let mut holds = true;
    for k in 0..DOUBLINGS {
        let (near, far) = (power(k), power(k + 1));
        let gain = h(&far)? - &h(&near)?;
        holds &= is_at_least(&gain, &(near * Enclosure::ratio(1, 2) * first));
    }
    Some(holds)
}

/// Whether h(t) stays at least half of h(1), and above 0, as t is halved again and again.
fn keeps(h: &dyn Fn(&Enclosure) -> Option<Enclosure>) -> Option<bool> {
    let first = h(&whole(1))?;
    let least = first.clone() * Enclosure::ratio(1, 2);
    let mut holds = above(&first, &whole(0));
    for k in 1..=DOUBLINGS {
        holds &= is_at_least(&h(&Enclosure::ratio(1, 1 << k))?, &least);
    }
    Some(holds)
}

impl Objective<'_> {
    fn chord(&self, a: &[Enclosure], b: &[Enclosure], holds: fn(&Enclosure, &Enclosure) -> bool) -> Option<bool> {
        let mean = (self.value(a)? + self.value(b)?) * Enclosure::ratio(1, 2);
        Some(holds(&self.value(&middle(a, b))?, &mean))
    }

    fn has_summit(&self, low: &[Enclosure], high: &[Enclosure], below: &[Enclosure]) -> Option<bool> {
        let moving: Vec<usize> = (0..low.len()).filter(|i| low[*i] != high[*i]).collect();
        let [coordinate] = moving[..] else { return Some(false) };
        let ends = |v: &Enclosure| v.ends();
        let ((a, _), (_, b)) = (ends(&low[coordinate]), ends(&high[coordinate]));
        let mut between = low.to_vec();
        between[coordinate] = Enclosure::from_ends(0.5 * (a + b), a.min(b), a.max(b)).ok()?;
        let (first, last) = (self.gradient(low)?, self.gradient(high)?);
        let turns = above(&whole(0), &(first[coordinate].clone() * &last[coordinate]));
        let still = self.gradient(&between)?;
        let others = still.iter().enumerate().all(|(i, g)| i == coordinate || *g == whole(0));
        Some(turns && others && above(&self.value(&between)?, &self.value(below)?))
    }
}

/// A point's first coordinates.
struct Shown<'a>(&'a [Real]);
impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 6;
        let mut parts: Vec<String> = self.0.iter().take(MOST).map(ToString::to_string).collect();
        if self.0.len() > MOST {
            parts.push(format!("({} in all)", self.0.len()));
        }
        write!(f, "({})", parts.join(", "))
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |x| Shown(x);
        match self {
            Witness::Stationary { at, below } => {
                write!(f, "the gradient is 0 at {}, and f is smaller at {}", s(at), s(below))
            }
            Witness::Summit { low, high, below } => {
                write!(f, "the gradient is 0 between {} and {}, and f is smaller at {}", s(low), s(high), s(below))
            }
            Witness::Descent { from, along } => write!(f, "from {} f falls without end along {}", s(from), s(along)),
            Witness::Flattening { from, along, below } => {
                write!(f, "from {} along {} |g|^2/(f - f{}) falls to 0", s(from), s(along), s(below))
            }
            Witness::Above { a, b } => write!(f, "f is above its chord between {} and {}", s(a), s(b)),
            Witness::Straight { a, b } => write!(f, "f is not below its chord between {} and {}", s(a), s(b)),
            Witness::Jump { at, along } => write!(f, "the gradient jumps at {} along {}", s(at), s(along)),
            Witness::Bend { at, along } => write!(f, "the Hessian jumps at {} along {}", s(at), s(along)),
            Witness::Growth { from, along } => {
                write!(f, "from {} the gradient grows without end along {}", s(from), s(along))
            }
            Witness::Bias { x, coordinate } => {
                write!(f, "at {} the mean of coordinate {} is not the gradient's", s(x), coordinate + 1)
            }
            Witness::Skew { x, coordinate } => write!(f, "at {} coordinate {} is not symmetric", s(x), coordinate + 1),
            Witness::TwoAtoms { x, coordinate } => {
                write!(f, "at {} coordinate {} has atoms at two places", s(x), coordinate + 1)
            }
            Witness::Together { x } => write!(f, "at {} the law is not the product of its coordinates' laws", s(x)),
            Witness::Memory { x, .. } => write!(f, "at {} the law of a draw depends on the draw before", s(x)),
            Witness::Coin { x, coordinate } => {
                write!(f, "at {} the sign of coordinate {} is right with probability 1/2 at most", s(x), coordinate + 1)
            }
            Witness::Unmoved(x) => write!(f, "f is considered on all of R^d, {} included", s(x)),
            Witness::Even(workers) => write!(f, "M = {workers}"),
            Witness::OnLattice { coordinate, steps } => {
                write!(f, "coordinate {} meets the minimiser after {steps} steps", coordinate + 1)
            }
            Witness::Tie { step } => write!(f, "step {step} takes the sign of a 0"),
            Witness::Reversed { low, high, .. } => write!(f, "{low} and {high}"),
            Witness::Undefined(why) => write!(f, "no value: {why}"),
        }
    }
}
