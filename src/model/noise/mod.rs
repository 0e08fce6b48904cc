//! Noise laws: what a stochastic gradient adds to, or makes of, the true one.

mod additive;
mod cantelli_extremal;
#[cfg(test)]
mod contract;
mod exp_1;
mod finite;
mod finite_law;
mod gauss_extremal;
mod gaussian;
mod joint;
mod laplace;
mod logistic;
mod multiplicative;
mod sparse;
mod state_atoms;
mod student;
mod tree;
mod two_atom;
mod uniform;

pub use finite_law::{FiniteLaw, FiniteLawError};

use super::facts::{Facts, Property};
use super::{BuildError, ParamSpec, Params, Real};
pub use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};

/// One atom of a finite-support law of the stochastic gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    /// Its probability.
    pub probability: Rational,
    /// The stochastic gradient.
    pub gradient: Vec<Rational>,
}

/// The first two moments of one draw, whatever else its law is.
#[derive(Debug, Clone, PartialEq)]
pub enum DrawMoments {
    /// g + xi, E xi = 0, the coordinates of xi uncorrelated with these variances; beyond the list they are 0.
    Independent(Vec<Real>),
    /// g + xi, E xi = 0, with this matrix of covariances.
    Joint(Vec<Vec<Real>>),
    /// g_i (1 + xi_i), E xi_i = 0, with this variance: one xi per coordinate, uncorrelated, or one for all.
    Factor {
        /// E xi_i^2.
        variance: Real,
        /// Whether all coordinates have the same xi.
        shared: bool,
    },
}

/// What doubles make of a draw, and what it does to the gradient's own error.
#[derive(Debug, Clone, PartialEq)]
pub enum DrawRounding {
    /// Something is added to the gradient.
    Added(Drawn),
    /// The gradient is multiplied by something.
    Times(Drawn),
    /// The draw stands in the gradient's place, whatever that was off by.
    Alone(Drawn),
}

impl DrawRounding {
    /// What is known of the numbers that are drawn.
    #[must_use]
    pub fn drawn(&self) -> &Drawn {
        let (DrawRounding::Added(drawn) | DrawRounding::Times(drawn) | DrawRounding::Alone(drawn)) = self;
        drawn
    }
}

/// What doubles make of the numbers that a law draws.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// A bound on the absolute error.
    pub error: f64,
    /// Every draw is a whole multiple of this, so that its double determines which rational it is.
    pub unit: Option<Rational>,
}

impl Drawn {
    /// Draws from a density: what their doubles are.
    pub const AS_IS: Drawn = Drawn { error: 0.0, unit: None };
    /// Draws of which nothing is known.
    pub const UNKNOWN: Drawn = Drawn { error: f64::INFINITY, unit: None };

    /// The rational that a double stands for; `None` where its error leaves that open.
    #[must_use]
    pub fn exact(&self, double: f64) -> Option<Rational> {
        let Some(unit) = &self.unit else {
            return if self.error == 0.0 { Rational::from_double(double) } else { None };
        };
        let size = unit.to_f64();
        let count = libm::round(double / size);
        // 2^40 units keep the quotient's own rounding far below one.
        if !(count.abs() <= 1_099_511_627_776.0 && self.error * 4.0 < size) {
            return None;
        }
        Some(Rational::integer(count as i64) * unit)
    }
}

/// Longest unit of a lattice that is looked for.
const MAX_UNIT_BITS: usize = 64;

/// A number that all of these, and the mean of `batch` of them, are whole multiples of.
fn unit_of(values: impl Iterator<Item = Rational>, batch: u64) -> Option<Rational> {
    let mut whole = Rational::one();
    for value in values {
        whole = whole.clone() * (value * whole).denominator();
        if whole.bits() > MAX_UNIT_BITS {
            return None;
        }
    }
    Rational::one().divide(&(whole * Rational::integer(i64::try_from(batch.max(1)).ok()?))).ok()
}

/// What doubles make of the mean of `batch` draws from these values, times each of these scales.
fn drawn<'a>(values: impl Iterator<Item = &'a Rational> + Clone, scales: &[Real], batch: u64) -> Drawn {
    let error = scales.iter().map(|s| mean_rounding(values.clone(), s, batch)).fold(0.0, f64::max);
    let exact: Option<Vec<&Rational>> = scales.iter().map(Real::exact).collect();
    let unit = exact.and_then(|mut scales| {
        scales.sort();
        scales.dedup();
        let scaled = scales.iter().flat_map(|s| values.clone().map(move |v| v.clone() * *s));
        unit_of(scaled, batch)
    });
    Drawn { error, unit }
}

/// What a sample must be large enough to see.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// Least probability of an atom, or of a part of a mixture; 1 for one density, `None` where it depends on the
    /// state.
    pub rarest: Option<f64>,
    /// Order below which all moments are finite.
    pub order: f64,
}

impl Tails {
    /// One density with all moments.
    pub const LIGHT: Tails = Tails { rarest: Some(1.0), order: f64::INFINITY };

    /// Of two laws that both apply: the rarer part, the heavier tail.
    #[must_use]
    pub fn and(self, other: Tails) -> Tails {
        let rarest = self.rarest.zip(other.rarest).map(|(a, b)| a.min(b));
        Tails { rarest, order: self.order.min(other.order) }
    }
}

/// A law of the stochastic gradient given the true one. Mark [`Noise::perturb`] `#[inline(always)]`.
pub trait Noise: Send + Sync + 'static {
    /// Replaces the true gradient at x by the mean of `batch` independent draws of the stochastic gradient. Where an
    /// algorithm draws noise of its own there is no x, and the slice is empty.
    fn perturb<const N: usize>(&self, stream: &mut Stream<N>, batch: u64, x: &[Lane<N>], gradient: &mut [Lane<N>])
    where
        Self: Sized;

    /// The law of one draw at x with its true gradient, where its support is finite. The probabilities sum to 1.
    fn atoms(&self, _x: &[Rational], _gradient: &[Rational]) -> Option<Vec<Atom>> {
        None
    }

    /// [`Noise::perturb`] of a law that depends on the draws before: each lane's node in the tree of its draws moves on
    /// with every draw. A run starts at node 0.
    #[inline(always)]
    fn perturb_from<const N: usize>(
        &self,
        _nodes: &mut [u64; N],
        stream: &mut Stream<N>,
        batch: u64,
        x: &[Lane<N>],
        gradient: &mut [Lane<N>],
    ) where
        Self: Sized,
    {
        self.perturb(stream, batch, x, gradient);
    }

    /// [`Noise::atoms`] at a node.
    fn atoms_from(&self, _node: u64, x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        self.atoms(x, gradient)
    }

    /// The node that an atom of a node's law leads to; the same node for a law without memory.
    fn node_after(&self, node: u64, _atom: usize) -> u64 {
        node
    }

    /// Whether the atoms at any gradient are those at 0, shifted by the gradient, whatever x is.
    fn is_additive(&self) -> bool {
        false
    }

    /// Whether every draw is the true gradient: no noise at all.
    fn is_silent(&self) -> bool {
        false
    }

    /// `sigma`, `sigma1`, `sigma_l1`, `sigma_max` of one draw, where they do not depend on the state.
    fn facts(&self) -> Facts;

    /// The first two moments of one draw, where they do not depend on the draws before; draws are then independent.
    fn draw_moments(&self) -> Option<DrawMoments> {
        None
    }

    /// The largest |g|_2 of a stochastic gradient, whatever the true one is; `None` where there is none.
    fn largest(&self) -> Option<f64> {
        None
    }

    /// What a sample of it must be large enough to see.
    fn tails(&self) -> Tails;

    /// The probability of the rarest atom of the laws at a gradient, lane by lane, where it depends on the state; 1
    /// where no draw there is random. Called only where [`Noise::tails`] does not know it.
    #[inline(always)]
    fn rarest_at<const N: usize>(&self, _x: &[Lane<N>], _gradient: &[Lane<N>]) -> Lane<N>
    where
        Self: Sized,
    {
        Lane::splat(0.0)
    }

    /// How far the mean of `batch` draws is off in doubles. A density is what its doubles are; atoms are rationals.
    fn in_doubles(&self, batch: u64) -> DrawRounding;

    /// Whether the law has a property; `None` where that is not known.
    fn has(&self, property: Property) -> Option<bool>;

    /// Where there is no such law, in words that follow "a gradient"; `None` for a law that exists at every gradient.
    /// There [`Noise::atoms`] has no atoms and a draw of [`Noise::perturb`] is NaN.
    fn where_undefined(&self) -> Option<&'static str> {
        None
    }

    /// Whether there is a law at one coordinate of a gradient.
    ///
    /// # Errors
    /// Why there is none.
    fn law_at(&self, _x: &Rational, _gradient: &Rational) -> Result<(), BuildError> {
        Ok(())
    }
}

/// How far the mean of `batch` of these numbers, times `scale`, is off in doubles: not at all where every step of it is
/// exact.
fn mean_rounding<'a>(values: impl Iterator<Item = &'a Rational> + Clone, scale: &Real, batch: u64) -> f64 {
    let largest = values.clone().map(|v| v.to_f64().abs()).fold(0.0, f64::max) * scale.to_f64().abs();
    if largest == 0.0 {
        return 0.0;
    }
    // Whole multiples of one power of two below 2^53 of it add up exactly.
    let on_a_grid = |values: &mut dyn Iterator<Item = Rational>| {
        let (mut finest, mut largest) = (1.0_f64, 0.0_f64);
        for value in values {
            if crate::scalar::rounding_of(&value) > 0.0 {
                return false;
            }
            finest = finest.max(value.denominator().to_f64());
            largest = largest.max(value.to_f64().abs());
        }
        largest * finest * (batch as f64) < 9e15
    };
    let scaled = scale.exact().map(|scale| values.clone().map(move |v| v.clone() * scale));
    let fits = batch.is_power_of_two()
        && on_a_grid(&mut values.cloned())
        && scaled.is_some_and(|mut scaled| on_a_grid(&mut scaled));
    if fits { 0.0 } else { (batch as f64 + 8.0) * f64::EPSILON * largest }
}

/// A law in one lane width: the object-safe face of [`Noise`].
pub trait Perturbs<const N: usize> {
    /// See [`Noise::perturb_from`].
    fn perturb_lanes(
        &self,
        nodes: &mut [u64; N],
        stream: &mut Stream<N>,
        batch: u64,
        x: &[Lane<N>],
        gradient: &mut [Lane<N>],
    );

    /// See [`Noise::rarest_at`].
    fn rarest_lanes(&self, x: &[Lane<N>], gradient: &[Lane<N>]) -> Lane<N>;
}

impl<T: Noise, const N: usize> Perturbs<N> for T {
    fn perturb_lanes(
        &self,
        nodes: &mut [u64; N],
        stream: &mut Stream<N>,
        batch: u64,
        x: &[Lane<N>],
        gradient: &mut [Lane<N>],
    ) {
        use crate::scalar::Scalar;
        Lane::<N>::dispatch(
            #[inline(always)]
            || self.perturb_from(nodes, stream, batch, x, gradient),
        );
    }

    fn rarest_lanes(&self, x: &[Lane<N>], gradient: &[Lane<N>]) -> Lane<N> {
        self.rarest_at(x, gradient)
    }
}

/// A law in every lane width: what the registry builds.
pub trait DynNoise: Perturbs<1> + Perturbs<{ crate::scalar::WIDTH }> + Noise + Send + Sync {}
impl<T: Noise> DynNoise for T {}

/// A law of the registry. `params.dimension` is the number of coordinates.
pub struct NoiseEntry {
    /// Name in claim files.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// Builds it.
    pub build: fn(&Params) -> Result<Box<dyn DynNoise>, BuildError>,
}

/// The laws that come with signcheck.
pub static ALL: &[&NoiseEntry] = &[
    &gaussian::ENTRY,
    &uniform::ENTRY,
    &laplace::ENTRY,
    &logistic::ENTRY,
    &student::ENTRY,
    &finite::RADEMACHER,
    &exp_1::ENTRY,
    &gauss_extremal::ENTRY,
    &sparse::ENTRY,
    &finite::ENTRY,
    &finite::SKEW50,
    &finite::SPARSE_INDEPENDENT,
    &joint::ENTRY,
    &two_atom::ENTRY,
    &multiplicative::ENTRY,
    &cantelli_extremal::ENTRY,
    &state_atoms::ENTRY,
    &tree::ENTRY,
];
