//! The maximum of affine functions: convex, piecewise linear.
//!
//! **Facts** G = max_i |a_i|_2 (exact: far out along the longest row that row is the largest). f* is the largest sum
//! l_i b_i over weights l >= 0 of sum 1 with sum l_i a_i = 0 (duality of linear programs). It is attained with at most
//! d + 1 weights, which are all tried where the rows are few; without such weights f has no lower bound. A minimiser is
//! given where d = 1, the nearest one, and where d + 1 positive weights make it the only one.
//! **Source** The instance library: Nesterov's and Nemirovski's resisting functions are of this form.
//! **Shapes and units** `rows` n x d in `[f]/[x]`, `offsets` n entries in `[f]`, 0 where absent.
//! **Ties and edge cases** Of several largest pieces the one of lowest index gives the subgradient.

use super::constants::{Constants, ROWS, axis, norm2, origin};
use super::line_losses::exact;
use super::{Footprint, Minimisers, Problem, ProblemEntry};
use crate::model::elimination::{combine, dot, gram, solve};
use crate::model::{BuildError, Facts, Kind, Limits, ParamSpec, Params, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Rational, Scalar};

/// Most sets of rows that are tried for f*.
const MOST_SETS: u64 = 20_000;

/// f(x) = max_i (<a_i, x> + b_i).
pub(super) struct MaxAffine {
    dimension: usize,
    rows: Vec<Vec<Rational>>,
    offsets: Vec<Rational>,
    /// The rows one after the other, then the offsets.
    constants: Constants,
    lowest: Lowest,
}

/// What is known of the lowest value.
#[derive(Debug, Clone, PartialEq)]
enum Lowest {
    /// There are too many rows to say.
    Unknown,
    /// f has no lower bound.
    Unbounded,
    /// f*, and the only minimiser where it is known to be that.
    At(Rational, Option<Vec<Rational>>),
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "max-affine",
    summary: "max_i (<a_i, x> + b_i)",
    params: &[
        ROWS,
        ParamSpec {
            name: "offsets",
            kind: Kind::Vector,
            default: Some(""),
            limits: Limits::ANY,
            doc: "b_i, one per row; 0 where absent",
        },
    ],
    statistics: &[],
    footprint: Footprint::SMALL,
    build: |p| Ok(Box::new(MaxAffine::build(p)?)),
};

impl MaxAffine {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let given = p.matrix("rows")?;
        let rows: Vec<Vec<Rational>> = given.iter().map(|r| exact(r, "rows")).collect::<Result<_, _>>()?;
        let offsets =
            if p.has("offsets") { exact(&p.list("offsets")?, "offsets")? } else { vec![Rational::zero(); rows.len()] };
        if offsets.len() != rows.len() {
            let message = format!("'offsets' has {} entries; there are {} rows", offsets.len(), rows.len());
            return Err(BuildError::about("offsets", message));
        }
        let numbers: Vec<Real> = rows.iter().flatten().chain(&offsets).cloned().map(Real::Exact).collect();
        let lowest = lowest(&rows, &offsets);
        Ok(MaxAffine { dimension: rows[0].len(), constants: Constants::new(&numbers), rows, offsets, lowest })
    }

    #[inline(always)]
    fn piece<S: Scalar>(&self, i: usize, x: &[S]) -> Result<S, Fault> {
        let mut sum: S = self.constants.get(self.rows.len() * self.dimension + i)?;
        for (j, x) in x.iter().enumerate() {
            sum.add_product(&self.constants.get(i * self.dimension + j)?, x);
        }
        Ok(sum)
    }
}

impl MaxAffine {
    /// A place on the first axis beyond which the piece on top stays the same.
    fn beyond_kinks(&self) -> Rational {
        let mut far = Rational::one();
        for (a, b) in self.rows.iter().zip(&self.offsets) {
            for (c, e) in self.rows.iter().zip(&self.offsets) {
                if let Ok(kink) = (e.clone() - b).divide(&(a[0].clone() - &c[0])) {
                    far = Ord::max(far, kink + &Rational::one());
                }
            }
        }
        far
    }
}

fn lowest(rows: &[Vec<Rational>], offsets: &[Rational]) -> Lowest {
    let (n, d) = (rows.len(), rows[0].len());
    let sets = (1..=d + 1).fold(0_u64, |sum, k| sum.saturating_add(choose(n, k)));
    if sets > MOST_SETS {
        return Lowest::Unknown;
    }
    // A row with a 1 appended: weights with sum l_i (a_i, 1) = (0, 1).
    let columns: Vec<Vec<Rational>> = rows.iter().map(|r| [r.as_slice(), &[Rational::one()]].concat()).collect();
    let goal = [vec![Rational::zero(); d], vec![Rational::one()]].concat();
    let mut best: Option<(Rational, Vec<usize>)> = None;
    for set in sets_up_to(n, d + 1) {
        let chosen: Vec<Vec<Rational>> = set.iter().map(|i| columns[*i].clone()).collect();
        let right = chosen.iter().map(|c| dot(c, &goal)).collect();
        let Some(weights) = solve(gram(&chosen), right) else { continue };
        // The weights are those of the nearest point: it must be the goal itself.
        if combine(&chosen, &weights) != goal || weights.iter().any(|w| w.signum() < 0) {
            continue;
        }
        let value = weights.iter().zip(&set).fold(Rational::zero(), |sum, (w, i)| sum + w.clone() * &offsets[*i]);
        let positive: Vec<usize> = set.iter().zip(&weights).filter(|(_, w)| w.signum() > 0).map(|(i, _)| *i).collect();
        let better = best.as_ref().is_none_or(|(old, set)| value > *old || value == *old && positive.len() > set.len());
        if better {
            best = Some((value, positive));
        }
    }
    let Some((value, set)) = best else { return Lowest::Unbounded };
    // Pieces of positive weight are equal to f* at every minimiser: d + 1 of them leave one point.
    let only = (set.len() == d + 1).then(|| {
        let first = &rows[set[0]];
        let differences: Vec<Vec<Rational>> =
            set[1..].iter().map(|i| rows[*i].iter().zip(first).map(|(a, b)| a.clone() - b).collect()).collect();
        let right = set[1..].iter().map(|i| offsets[set[0]].clone() - &offsets[*i]).collect();
        solve(differences, right)
    });
    Lowest::At(value, only.flatten())
}

fn choose(n: usize, k: usize) -> u64 {
    (0..k as u64).fold(1, |product: u64, i| product.saturating_mul((n as u64).saturating_sub(i)) / (i + 1))
}

/// All sets of at most so many of 0, .., n - 1.
fn sets_up_to(n: usize, most: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
    let mut last = all.clone();
    for _ in 1..most {
        let longer = |set: &Vec<usize>| {
            let from = set.last().map_or(0, |i| i + 1);
            (from..n).map(|i| [set.as_slice(), &[i]].concat()).collect::<Vec<_>>()
        };
        last = last.iter().flat_map(longer).collect();
        all.extend(last.iter().cloned());
    }
    all
}

impl Problem for MaxAffine {
    fn dimension(&self) -> usize {
        self.dimension
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut top = self.piece(0, x)?;
        for i in 1..self.rows.len() {
            top = top.max(&self.piece(i, x)?);
        }
        Ok(top)
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        let top = self.value(x)?;
        let zero = S::zero();
        let mut free = S::one();
        out.fill(S::zero());
        for i in 0..self.rows.len() {
            // The first piece that reaches the top takes what is free.
            let first = self.piece(i, x)?.select_ge(&top, &free, &zero)?;
            free -= &first;
            for (j, out) in out.iter_mut().enumerate() {
                out.add_product(&self.constants.get(i * self.dimension + j)?, &first);
            }
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        let squares = self.rows.iter().map(|row| dot(row, row));
        let longest = self.rows.iter().zip(squares).max_by(|a, b| a.1.cmp(&b.1)).map(|(row, _)| row);
        let longest: Vec<Real> = longest.into_iter().flatten().cloned().map(Real::Exact).collect();
        facts.exact("G", norm2(&longest));
        if let Lowest::At(value, _) = &self.lowest {
            facts.exact("fstar", Real::Exact(value.clone()));
        }
        facts
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex => Some(true),
            Property::Smooth => Some(self.rows.iter().all(|row| *row == self.rows[0])),
            _ => None,
        }
    }

    /// Along the first axis, far out, one piece is on top for ever; a lone minimiser is a kink in every direction.
    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let only = match &self.lowest {
            Lowest::At(_, only) => only.as_ref().map(|x| x.iter().cloned().map(Real::Exact).collect::<Vec<_>>()),
            _ => None,
        };
        let far = Real::Exact(self.beyond_kinks());
        let (near, twice) = (axis(self.dimension, 0, &far), axis(self.dimension, 0, &far.times(&Real::integer(2))));
        match property {
            RefutableProperty::LowerBound => {
                let sum = |j| self.rows.iter().fold(Rational::zero(), |sum, row| sum - &row[j]);
                let along = (0..self.dimension).map(|j| Real::Exact(sum(j))).collect();
                Some(Witness::Descent { from: origin(self.dimension), along })
            }
            RefutableProperty::Smooth | RefutableProperty::HessianLipschitz => {
                let along = axis(self.dimension, 0, &Real::Exact(Rational::ratio(1, 1 << 30)));
                Some(Witness::Jump { at: only?, along })
            }
            RefutableProperty::StronglyConvex => Some(Witness::Straight { a: near, b: twice }),
            RefutableProperty::Pl => Some(Witness::Flattening { from: near.clone(), along: near, below: only? }),
            RefutableProperty::Convex | RefutableProperty::BoundedGradient => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        let Lowest::At(value, only) = &self.lowest else { return None };
        if let Some(only) = only {
            return Some(Minimisers::point(only.iter().cloned().map(Real::Exact).collect()));
        }
        if self.dimension > 1 {
            return None;
        }
        // a x + b <= f* for every piece: an interval.
        let (mut low, mut high) = (None, None);
        for (row, b) in self.rows.iter().zip(&self.offsets) {
            let Ok(end) = (value.clone() - b).divide(&row[0]) else { continue };
            if row[0].signum() > 0 {
                high = Some(high.map_or(end.clone(), |old: Rational| Ord::min(old, end)));
            } else {
                low = Some(low.map_or(end.clone(), |old: Rational| Ord::max(old, end)));
            }
        }
        Some(Minimisers::Box(vec![(low.map(Real::Exact), high.map(Real::Exact))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[i64]], offsets: &[i64]) -> Lowest {
        let all = |list: &[i64]| list.iter().map(|n| Rational::integer(*n)).collect::<Vec<_>>();
        lowest(&rows.iter().map(|r| all(r)).collect::<Vec<_>>(), &all(offsets))
    }

    #[test]
    fn the_lowest_value_by_hand() {
        let q = Rational::ratio;
        // exact: max(x, -2x + 3) is lowest where x = 3 - 2x: at 1
        assert_eq!(of(&[&[1], &[-2]], &[0, 3]), Lowest::At(q(1, 1), Some(vec![q(1, 1)])));
        // exact: max(x, -x, 5) is 5 on [-5, 5]: no single minimiser
        assert_eq!(of(&[&[1], &[-1], &[0]], &[0, 0, 5]), Lowest::At(q(5, 1), None));
        // exact: max(x, 2x + 1) falls forever
        assert_eq!(of(&[&[1], &[2]], &[0, 1]), Lowest::Unbounded);
        // exact: max(x, y, -x - y) is lowest at 0; with -x - y + 3 where x = y = 3 - 2x: at (1, 1)
        assert_eq!(of(&[&[1, 0], &[0, 1], &[-1, -1]], &[0, 0, 0]), Lowest::At(q(0, 1), Some(vec![q(0, 1); 2])));
        assert_eq!(of(&[&[1, 0], &[0, 1], &[-1, -1]], &[0, 0, 3]), Lowest::At(q(1, 1), Some(vec![q(1, 1); 2])));
    }
}
