//! Noise laws: what a stochastic gradient adds to, or makes of, the true one.

mod additive;
pub mod cantelli_extremal;
#[cfg(test)]
mod contract;
pub mod exp_1;
pub mod finite;
mod finite_law;
pub mod gauss_extremal;
pub mod gaussian;
pub mod joint;
pub mod laplace;
pub mod logistic;
pub mod multiplicative;
pub mod sparse;
pub mod state_atoms;
pub mod student;
pub mod tree;
pub mod two_atom;
pub mod uniform;

pub use finite_law::{FiniteLaw, FiniteLawError};

use super::facts::{Facts, Trait};
use super::{BuildError, ParamSpec, Params};
use crate::rng::Stream;
use crate::scalar::{Lane, Rational};

/// One atom of a finite-support law of the stochastic gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    /// Its probability.
    pub probability: Rational,
    /// The stochastic gradient.
    pub gradient: Vec<Rational>,
}

/// A law of the stochastic gradient given the true one. Mark [`Noise::perturb`] `#[inline(always)]`.
pub trait Noise: Send + Sync + 'static {
    /// Replaces the true gradient at x by the mean of `batch` independent draws of the stochastic gradient. Where an
    /// algorithm draws noise of its own there is no x, and the slice is empty.
    fn perturb<const N: usize>(&self, stream: &mut Stream<N>, batch: u64, x: &[Lane<N>], gradient: &mut [Lane<N>]);

    /// The law of one draw at x with its true gradient, where its support is finite. The probabilities sum to 1.
    fn atoms(&self, _x: &[Rational], _gradient: &[Rational]) -> Option<Vec<Atom>> {
        None
    }

    /// [`Noise::perturb`] of a law that depends on the draws before: each lane's node in the tree of its draws moves on with
    /// every draw. A run starts at node 0.
    #[inline(always)]
    fn perturb_from<const N: usize>(
        &self,
        _nodes: &mut [u64; N],
        stream: &mut Stream<N>,
        batch: u64,
        x: &[Lane<N>],
        gradient: &mut [Lane<N>],
    ) {
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

    /// Whether the law has a property; `None` where that is not known.
    fn has(&self, property: Trait) -> Option<bool>;
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
}

/// What does not depend on the lane width.
pub trait NoiseMeta {
    /// See [`Noise::atoms_from`].
    fn atoms_from(&self, node: u64, x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>>;
    /// See [`Noise::node_after`].
    fn node_after(&self, node: u64, atom: usize) -> u64;
    /// See [`Noise::is_additive`].
    fn is_additive(&self) -> bool;
    /// See [`Noise::is_silent`].
    fn is_silent(&self) -> bool;
    /// See [`Noise::facts`].
    fn facts(&self) -> Facts;
    /// See [`Noise::has`].
    fn has(&self, property: Trait) -> Option<bool>;
}

impl<T: Noise> NoiseMeta for T {
    fn atoms_from(&self, node: u64, x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        Noise::atoms_from(self, node, x, gradient)
    }
    fn node_after(&self, node: u64, atom: usize) -> u64 {
        Noise::node_after(self, node, atom)
    }
    fn is_additive(&self) -> bool {
        Noise::is_additive(self)
    }
    fn is_silent(&self) -> bool {
        Noise::is_silent(self)
    }
    fn facts(&self) -> Facts {
        Noise::facts(self)
    }
    fn has(&self, property: Trait) -> Option<bool> {
        Noise::has(self, property)
    }
}

/// A law in every lane width: what the registry builds.
pub trait DynNoise: Perturbs<1> + Perturbs<{ crate::scalar::WIDTH }> + NoiseMeta + Send + Sync {}
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
