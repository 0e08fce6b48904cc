//! Closed forms and quadratures that quantities and exact deciders have in common: mathematics of numbers, without
//! parts or files.
//!
//! | question | answer | error |
//! | --- | --- | --- |
//! | the median of u_i + b xi_i | [`Median`] | two quadrature rules in agreement |
//! | how far its density is from a symmetric one | [`Median::asymmetry`] | quadrature against distribution difference |
//! | what both tend to as the noise grows | [`Median::mean_constant`], [`Median::density_constant`] | as above |
//! | the sign of a sum of n draws | [`sum_tail`] | a bound beside the value |
//! | a vote of M workers | [`votes`] | none: rationals |
//! | a worker's wrong sign | [`bounds`] | none, or an enclosure |

mod asymmetry;
pub(crate) mod bounds;
mod double_double;
pub(crate) mod enclosed;
mod expansion;
mod law;
mod median;
mod quadrature;
mod sums;
pub(crate) mod votes;

pub(crate) use law::{LawError, LawKind, StandardLaw};
pub(crate) use median::{Median, MedianFault};
pub(crate) use quadrature::{Disagreement, Integral};
pub(crate) use sums::{distance_from_normal, sum_tail};
