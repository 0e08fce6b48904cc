//! What is known of a sum of losses along lines, from its rows and targets.

use super::Loss;
use crate::model::elimination::{combine, dot, gram, orthogonal, solve, transposed};
use crate::model::problem::Minimisers;
use crate::model::problem::constants::norm2;
use crate::model::problem::spectrum::{self, Span};
use crate::model::{Facts, Known, Real, RefutableProperty, Witness};
use crate::scalar::{Rational, Scalar};
use nalgebra::DMatrix;

/// Largest matrix whose eigenvalues are proved by elimination.
const ELIMINATED: usize = 16;
/// Most choices of d rows whose intersections are tried for the minimum of a sum of absolute values.
const MOST_CORNERS: u64 = 4096;
/// Most changes of the set of rows in the curved part of Huber's loss.
const MOST_TURNS: usize = 64;

type Matrix = Vec<Vec<Rational>>;

/// Constants, minimisers and points that refute what does not hold.
pub(super) struct Knowledge {
    pub facts: Facts,
    pub coordinate: Vec<Real>,
    pub minimisers: Option<Minimisers>,
    /// A vector that no row sees.
    flat: Option<Vec<Real>>,
    /// A row, and the size beyond which every loss is straight along it.
    row: Vec<Rational>,
    far: Rational,
    /// Points of the first row's line at which its residual is 0 and s.
    kink: Vec<Real>,
    bend: Vec<Real>,
}

/// A'A and its smaller brother.
struct Hessian {
    h: Matrix,
    span: Span,
}

impl Knowledge {
    pub(super) fn new(rows: &Matrix, targets: &[Rational], loss: Loss, slope: &Real) -> Self {
        let d = rows[0].len();
        let h = gram(&transposed(rows));
        let basis = crate::model::elimination::independent(rows);
        let hessian = Hessian { span: Span::with_basis(&h, basis), h };
        // The least squares solution nearest to 0, and what it misses of each target.
        let moments = combine(rows, targets);
        let centre = hessian.span.solve(&moments).unwrap_or_else(|| vec![Rational::zero(); d]);
        let misses: Vec<Rational> = rows.iter().zip(targets).map(|(row, b)| dot(row, &centre) - b).collect();
        let consistent = misses.iter().all(Rational::is_zero);
        let (lowest, minimisers) = match loss {
            _ if loss == Loss::Square || consistent => {
                let squares = misses.iter().fold(Rational::zero(), |sum, u| sum + u.clone() * u);
                (Some(squares), hessian.solutions(&centre))
            }
            Loss::Absolute if d == 1 => absolute_in_one(rows, targets),
            Loss::Absolute => (lowest_corner(rows, targets, hessian.span.is_whole()), None),
            _ => match slope.exact() {
                Some(s) => huber_minimum(rows, targets, s, centre.clone()),
                None => (None, None),
            },
        };
        // Somewhere every row is in its curved part: there the Hessian is A'A itself.
        let reached = loss == Loss::Square
            || misses.iter().all(|u| Real::Exact(Scalar::abs(u)).at_most(slope, true) == Some(true));
        let (facts, coordinate) = facts(rows, (loss, slope), &hessian, reached, lowest);
        let first = rows[0].clone();
        let square = dot(&first, &first);
        let on_line = |at: Rational| -> Vec<Real> {
            let t = at.divide(&square).unwrap_or_else(|_| Rational::zero());
            first.iter().map(|a| Real::Exact(a.clone() * &t)).collect()
        };
        let s = slope.exact().cloned().unwrap_or_else(Rational::one);
        let mut far = Rational::one();
        for (row, b) in rows.iter().zip(targets) {
            let rate = Scalar::abs(&dot(row, &first));
            if let Ok(reach) = (Scalar::abs(b) + &s).divide(&rate) {
                far = Ord::max(far, reach);
            }
        }
        Knowledge {
            facts,
            coordinate,
            minimisers,
            flat: orthogonal(&hessian.span.basis, d).map(|v| v.into_iter().map(Real::Exact).collect()),
            kink: on_line(targets[0].clone()),
            bend: on_line(targets[0].clone() + &s),
            far: far * Rational::integer(1 << 12),
            row: first,
        }
    }

    pub(super) fn refutation(&self, property: RefutableProperty, loss: Loss) -> Option<Witness> {
        let zero = vec![Real::integer(0); self.row.len()];
        let along = |scale: &Rational| self.row.iter().map(|a| Real::Exact(a.clone() * scale)).collect::<Vec<_>>();
        let small = Rational::ratio(1, 1 << 30);
        match (property, loss) {
            (RefutableProperty::BoundedGradient, Loss::Square) => {
                Some(Witness::Growth { from: zero, along: along(&Rational::one()) })
            }
            (RefutableProperty::StronglyConvex, Loss::Square) => {
                Some(Witness::Straight { a: zero, b: self.flat.clone()? })
            }
            (RefutableProperty::Pl, Loss::Huber | Loss::Absolute) => {
                Some(Witness::Flattening { from: zero.clone(), along: along(&self.far), below: zero })
            }
            (RefutableProperty::StronglyConvex, _) => {
                Some(Witness::Straight { a: along(&self.far), b: along(&(self.far.clone() * Rational::integer(2))) })
            }
            (RefutableProperty::Smooth | RefutableProperty::HessianLipschitz, Loss::Absolute) => {
                Some(Witness::Jump { at: self.kink.clone(), along: along(&small) })
            }
            (RefutableProperty::HessianLipschitz, Loss::Huber) => {
                Some(Witness::Bend { at: self.bend.clone(), along: along(&small) })
            }
            _ => None,
        }
    }
}

impl Hessian {
    /// All x with A'A x = A'A centre.
    fn solutions(&self, centre: &[Rational]) -> Option<Minimisers> {
        if self.span.is_whole() {
            return Some(Minimisers::point(centre.iter().cloned().map(Real::Exact).collect()));
        }
        Some(Minimisers::affine(centre.to_vec(), &self.span.basis, &self.span.weights()?))
    }
}

fn facts(
    rows: &Matrix,
    (loss, slope): (Loss, &Real),
    hessian: &Hessian,
    reached: bool,
    lowest: Option<Rational>,
) -> (Facts, Vec<Real>) {
    let mut facts = Facts::new();
    let factor = Rational::integer(if loss == Loss::Square { 2 } else { 1 });
    let h: Matrix = hessian.h.iter().map(|row| row.iter().map(|v| v.clone() * &factor).collect()).collect();
    let magnitudes = |row: &Vec<Rational>| row.iter().fold(Rational::zero(), |sum, v| sum + Scalar::abs(v));
    let coordinate: Vec<Rational> = h.iter().map(magnitudes).collect();
    let known = |exact: bool| if exact && reached { Known::Exact } else { Known::Bound };
    if loss != Loss::Absolute {
        let sum = coordinate.iter().fold(Rational::zero(), |sum, v| sum + v);
        let linf = spectrum::largest_over_signs(&h);
        facts.set("L1", sum.clone().into(), known(linf.as_ref() == Some(&sum)));
        facts.set("Linf", linf.clone().unwrap_or(sum).into(), known(linf.is_some()));
        facts.bound("Lmax", coordinate.iter().max().cloned().unwrap_or_else(Rational::zero).into());
        let (norm, least) = spectrum_of(rows, hessian, &factor);
        let trace = (0..h.len()).fold(Rational::zero(), |sum, i| sum + &h[i][i]);
        match norm {
            Some(norm) => facts.set("L", norm, known(true)),
            None => facts.bound("L", trace.into()),
        };
        if let (Loss::Square, Some(least)) = (loss, least) {
            let in_l1 = (h.len() <= ELIMINATED).then(|| hessian.span.smallest_in_l1()).flatten();
            match in_l1 {
                Some((mu1, reached)) => facts.set("mu1", (mu1 * &factor).into(), known(reached)),
                None => facts.bound("mu1", least.clone()),
            };
            facts.exact("mu", least);
        }
    }
    if loss == Loss::Square {
        facts.exact("rho", Real::integer(0));
    } else {
        let lengths: Vec<Real> =
            rows.iter().map(|r| norm2(&r.iter().cloned().map(Real::Exact).collect::<Vec<_>>())).collect();
        facts.set("G", Real::sum(&lengths).times(slope), if rows.len() == 1 { Known::Exact } else { Known::Bound });
    }
    if let Some(lowest) = lowest {
        facts.exact("fstar", lowest.into());
    }
    (facts, coordinate.into_iter().map(Real::Exact).collect())
}

/// The largest and the smallest non-zero eigenvalue of `factor` A'A, from the smaller of A'A and AA'.
fn spectrum_of(rows: &Matrix, hessian: &Hessian, factor: &Rational) -> (Option<Real>, Option<Real>) {
    let wide = rows.len() < rows[0].len();
    let small = if wide { gram(rows) } else { hessian.h.clone() };
    let n = small.len();
    if n > ELIMINATED {
        return (None, None);
    }
    let dense = DMatrix::from_fn(n, n, |i, j| small[i][j].to_f64());
    let mut values: Vec<f64> = dense.symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let top = values.first().copied().unwrap_or(0.0);
    let error = n as f64 * top * libm::ldexp(1.0, -50);
    let span = Span::new(&small);
    let scaled = |value: Real| Some(value.times(&Real::Exact(factor.clone()))).filter(|v| !v.is_rough());
    let least = values.get(span.basis.len().saturating_sub(1)).copied().unwrap_or(0.0);
    (scaled(spectrum::norm(&small, top, error)), scaled(span.smallest(least, error)))
}

/// The median of the zeros b_i/a_i with weights |a_i|: an interval of minimisers of sum |a_i x - b_i|.
fn absolute_in_one(rows: &Matrix, targets: &[Rational]) -> (Option<Rational>, Option<Minimisers>) {
    let zeros: Option<Vec<(Rational, Rational)>> =
        rows.iter().zip(targets).map(|(a, b)| Some((b.divide(&a[0]).ok()?, Scalar::abs(&a[0])))).collect();
    let Some(mut zeros) = zeros else { return (None, None) };
    zeros.sort();
    let total = zeros.iter().fold(Rational::zero(), |sum, (_, w)| sum + w);
    let half = total * Rational::ratio(1, 2);
    let (mut below, mut low, mut high) = (Rational::zero(), None, None);
    for (zero, weight) in &zeros {
        below += weight;
        if low.is_none() && below >= half {
            low = Some(zero.clone());
        }
        if high.is_none() && below > half {
            high = Some(zero.clone());
        }
    }
    let (Some(low), Some(high)) = (low, high) else { return (None, None) };
    let value =
        rows.iter().zip(targets).fold(Rational::zero(), |sum, (a, b)| sum + Scalar::abs(&(a[0].clone() * &low - b)));
    (Some(value), Some(Minimisers::Box(vec![(Some(low.into()), Some(high.into()))])))
}

/// The least value of sum |<a_i, x> - b_i| where the rows span R^d: it is reached where d independent residuals are 0.
fn lowest_corner(rows: &Matrix, targets: &[Rational], spans: bool) -> Option<Rational> {
    let (n, d) = (rows.len(), rows[0].len());
    let choices = (0..d as u64).try_fold(1_u64, |c, i| Some(c.checked_mul((n as u64).checked_sub(i)?)? / (i + 1)))?;
    if !spans || choices > MOST_CORNERS {
        return None;
    }
    let mut chosen: Vec<usize> = (0..d).collect();
    let mut lowest: Option<Rational> = None;
    loop {
        let matrix = chosen.iter().map(|i| rows[*i].clone()).collect();
        if let Some(x) = solve(matrix, chosen.iter().map(|i| targets[*i].clone()).collect()) {
            let value =
                rows.iter().zip(targets).fold(Rational::zero(), |sum, (row, b)| sum + Scalar::abs(&(dot(row, &x) - b)));
            lowest = Some(lowest.map_or(value.clone(), |least| Ord::min(least, value)));
        }
        let Some(last) = (0..d).rev().find(|i| chosen[*i] < n - d + i) else { return lowest };
        chosen[last] += 1;
        for i in last + 1..d {
            chosen[i] = chosen[i - 1] + 1;
        }
    }
}

/// A zero of the gradient of Huber's losses, looked for by solving the system of the rows that are in their curved
/// part, and again with the rows that are so at its solution. The loss is convex: a zero gradient is a minimum. In one
/// dimension all minimisers: the derivative is piecewise linear, and flat around such a zero only where no row is
/// curved there.
fn huber_minimum(
    rows: &Matrix,
    targets: &[Rational],
    s: &Rational,
    mut x: Vec<Rational>,
) -> (Option<Rational>, Option<Minimisers>) {
    let d = x.len();
    let residuals =
        |x: &[Rational]| rows.iter().zip(targets).map(|(row, b)| dot(row, x) - b).collect::<Vec<Rational>>();
    let clip = |u: &Rational| Ord::max(Ord::min(u.clone(), s.clone()), -s.clone());
    if d == 1 {
        return huber_in_one(rows, targets, s);
    }
    for _ in 0..MOST_TURNS {
        let misses = residuals(&x);
        let gradient = combine(rows, &misses.iter().map(clip).collect::<Vec<_>>());
        if gradient.iter().all(Rational::is_zero) {
            let value = misses.iter().fold(Rational::zero(), |sum, u| {
                let c = Ord::min(Scalar::abs(u), s.clone());
                sum + c.clone() * Scalar::abs(u) - c.clone() * &c * Rational::ratio(1, 2)
            });
            let curved: Matrix =
                rows.iter().zip(&misses).filter(|(_, u)| Scalar::abs(*u) < *s).map(|(row, _)| row.clone()).collect();
            let single = crate::model::elimination::independent(&curved).len() == d;
            let all = single.then(|| Minimisers::point(x.into_iter().map(Real::Exact).collect()));
            return (Some(value), all);
        }
        let curved: Vec<usize> = (0..rows.len()).filter(|i| Scalar::abs(&misses[*i]) <= *s).collect();
        let active: Matrix = curved.iter().map(|i| rows[*i].clone()).collect();
        let mut right = vec![Rational::zero(); d];
        for (i, row) in rows.iter().enumerate() {
            let weight = if curved.contains(&i) { targets[i].clone() } else { -clip(&misses[i]) };
            right.iter_mut().zip(row).for_each(|(r, a)| r.add_product(a, &weight));
        }
        if active.is_empty() {
            break;
        }
        let Some(next) = solve(gram(&transposed(&active)), right) else { break };
        x = next;
    }
    (None, None)
}

/// The derivative of a sum of Huber's losses of one variable rises from below 0 to above: its zeros, between bends.
fn huber_in_one(rows: &Matrix, targets: &[Rational], s: &Rational) -> (Option<Rational>, Option<Minimisers>) {
    let derivative = |x: &Rational| {
        rows.iter().zip(targets).fold(Rational::zero(), |sum, (a, b)| {
            let u = a[0].clone() * x - b;
            sum + a[0].clone() * Ord::max(Ord::min(u, s.clone()), -s.clone())
        })
    };
    let mut bends: Vec<Rational> = Vec::new();
    for (a, b) in rows.iter().zip(targets) {
        for end in [b.clone() - s, b.clone() + s] {
            let Ok(bend) = end.divide(&a[0]) else { return (None, None) };
            bends.push(bend);
        }
    }
    bends.sort();
    // Linear between bends: a zero lies at a bend, or where the line between two crosses 0.
    let slopes: Vec<Rational> = bends.iter().map(derivative).collect();
    let crossing = |i: usize| {
        let rise = slopes[i + 1].clone() - &slopes[i];
        let step = -slopes[i].clone() * (bends[i + 1].clone() - &bends[i]);
        Some(bends[i].clone() + step.divide(&rise).ok()?)
    };
    let first = slopes.iter().position(|v| v.signum() >= 0);
    let last = slopes.iter().rposition(|v| v.signum() <= 0);
    let (Some(first), Some(last)) = (first, last) else { return (None, None) };
    let ends = if first <= last {
        Some((bends[first].clone(), bends[last].clone()))
    } else {
        crossing(last).map(|x| (x.clone(), x))
    };
    let Some((low, high)) = ends else { return (None, None) };
    let value = rows.iter().zip(targets).fold(Rational::zero(), |sum, (a, b)| {
        let size = Scalar::abs(&(a[0].clone() * &low - b));
        let c = Ord::min(size.clone(), s.clone());
        sum + c.clone() * size - c.clone() * &c * Rational::ratio(1, 2)
    });
    (Some(value), Some(Minimisers::Box(vec![(Some(low.into()), Some(high.into()))])))
}
