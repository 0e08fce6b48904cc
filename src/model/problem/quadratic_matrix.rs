//! Quadratic with a symmetric matrix, given or drawn.
//!
//! **Facts** L_i is the given `diagonal`, for which -diag(L) <= H <= diag(L) is checked (a drawn H has it by
//! construction), or sum_j |H_ij|: diag(L) - H and diag(L) + H then have diagonal entries of at least sum_(j != i)
//! |H_ij|, and a symmetric matrix whose diagonal dominates so is positive semidefinite. Any such L_i is valid and not
//! the only one: a bound, as are |L|_1 and L_max. No |L|_1 is below L_inf (t'Hs <= |L|_1 for sign vectors s and t), a
//! definite H), so that it is exact where it meets it. L = largest |eigenvalue|. For a positive semidefinite H (decided
//! by exact elimination up to d = 16, by eigenvalues beyond) f* = 0, mu = the smallest eigenvalue above 0, of a
//! singular H too: |Hx|^2 >= mu x'Hx, with equality along its eigenvector. mu_1 >= 1/max_i (H^+)_ii, H^+ the
//! pseudo-inverse, since g'H^+ g is largest over |g|_1 <= 1 at a vertex; exact where that unit vector is a gradient. Up
//! to d = 16 L and mu are rational or enclosed by elimination and mu_1 is rational, beyond all are estimates to about d
//! 2^-52 L. L_inf = max over sign vectors s of |H s|_1 (convex in s, so largest at a vertex; exact by enumeration up to
//! d = 20), at most sum_ij |H_ij| (the bound beyond). rho = 0.
//!
//! **Source** bernstein2018, assumption 2 and lemma 5: a Hessian between -diag(L) and diag(L).
//! **Shapes and units** `matrix` d x d and `diagonal` d entries, both in `[f]/[x]^2`.
//! **Drawn matrices** H = D^(1/2) Q D^(1/2), D = diag(L), Q symmetric from uniform entries, scaled to |Q|_op < 1
//! (`definite`: moved to eigenvalues in (0, 1)). Entries are rounded to multiples of 2^-20 of the smallest L_i's
//! power of two, for which Q is scaled down by d 2^-19: H is exact, and its hypotheses hold for the rounded entries.
//! **Ties and edge cases** The minimisers of a singular H are its kernel.

mod build;

use super::constants::{Constants, origin};
use super::{Footprint, Minimisers, Problem, ProblemEntry};
use crate::model::{Facts, Kind, Limits, ParamSpec, Property, Real, RefutableProperty, Witness};
use crate::scalar::{Fault, Scalar};

/// f(x) = x'Hx/2.
pub(super) struct QuadraticMatrix {
    dimension: usize,
    /// H by rows.
    entries: Constants,
    coordinate: Vec<Real>,
    facts: Facts,
    convex: bool,
    /// All minimisers, of a positive semidefinite H.
    minimisers: Option<Minimisers>,
    /// A direction of the largest eigenvalue in size, of the smallest where it is negative, and one of the kernel.
    steep: Option<Vec<Real>>,
    falling: Option<Vec<Real>>,
    flat: Option<Vec<Real>>,
}

/// Registry line.
pub(super) static ENTRY: ProblemEntry = ProblemEntry {
    name: "quadratic-matrix",
    summary: "x'Hx/2 with a symmetric matrix, given or drawn with -diag(L) <= H <= diag(L)",
    params: &[
        ParamSpec {
            name: "matrix",
            kind: Kind::Matrix,
            default: Some(""),
            limits: Limits::ANY,
            doc: "H by rows; drawn where absent",
        },
        ParamSpec {
            name: "diagonal",
            kind: Kind::Vector,
            default: Some(""),
            limits: Limits::POSITIVE,
            doc: "L_i with -diag(L) <= H <= diag(L); sum_j |H_ij| for a given matrix where absent",
        },
        super::constants::DIMENSION,
        ParamSpec {
            name: "spectrum",
            kind: Kind::Word(&["indefinite", "definite"]),
            default: Some("indefinite"),
            limits: Limits::ANY,
            doc: "of a drawn matrix: eigenvalues of either sign, or positive ones only",
        },
        ParamSpec {
            name: "data_seed",
            kind: Kind::Count,
            default: Some("1"),
            limits: Limits::ANY,
            doc: "seed of a drawn matrix",
        },
    ],
    statistics: &[],
    // The matrix, exact and as doubles, and its decomposition.
    footprint: Footprint { bytes: |_, d, _| d.saturating_mul(d).saturating_mul(160), ..Footprint::SMALL },
    build: |p| Ok(Box::new(QuadraticMatrix::build(p)?)),
};

impl QuadraticMatrix {
    /// (Hx)_i.
    #[inline(always)]
    fn row<S: Scalar>(&self, i: usize, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for (j, x) in x.iter().enumerate() {
            sum.add_product(&self.entries.get(i * self.dimension + j)?, x);
        }
        Ok(sum)
    }
}

impl Problem for QuadraticMatrix {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn work(&self) -> usize {
        self.dimension * self.dimension
    }

    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> Result<S, Fault> {
        let mut sum = S::zero();
        for i in 0..self.dimension {
            sum.add_product(&self.row(i, x)?, &x[i]);
        }
        Ok(sum * S::ratio(1, 2))
    }

    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) -> Result<(), Fault> {
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.row(i, x)?;
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn smoothness_by_coordinate(&self) -> Option<Vec<Real>> {
        Some(self.coordinate.clone())
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Convex => Some(self.convex),
            Property::StronglyConvex => Some(self.convex && self.flat.is_none()),
            Property::Smooth => Some(true),
            _ => None,
        }
    }

    fn minimisers(&self) -> Option<Minimisers> {
        self.minimisers.clone()
    }

    fn refutation(&self, property: RefutableProperty) -> Option<Witness> {
        let (zero, steep) = (origin(self.dimension), self.steep.clone());
        match (property, &self.falling) {
            (RefutableProperty::BoundedGradient, _) => Some(Witness::Growth { from: zero, along: steep? }),
            (RefutableProperty::LowerBound, Some(v)) => Some(Witness::Descent { from: zero, along: v.clone() }),
            (RefutableProperty::Pl, Some(v)) => Some(Witness::Stationary { at: zero, below: v.clone() }),
            (RefutableProperty::Convex | RefutableProperty::StronglyConvex, Some(v)) => {
                Some(Witness::Above { a: v.clone(), b: zero.iter().zip(v).map(|(z, v)| z.minus(v)).collect() })
            }
            (RefutableProperty::StronglyConvex, None) => Some(Witness::Straight { a: zero, b: self.flat.clone()? }),
            _ => None,
        }
    }
}
