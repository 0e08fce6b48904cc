//! Pure statistics: what a run's replicates imply for an expectation, a probability or a rate.
//!
//! | question | answer | valid |
//! | --- | --- | --- |
//! | the mean of a statistic with a known range | [`bounded_mean`] ([`hoeffding`] and [`empirical_bernstein`]) | every n |
//! | a probability from counts | [`clopper_pearson`] | every n |
//! | the mean of a statistic without one | [`student_mean`] | n to infinity |
//! | the exponent of a rate | [`slope`] | n to infinity |
//! | is a law unimodal | [`dip`] with [`dip_p_value`] | every n for uniform laws; n to infinity |
//! | is a law symmetric about a known centre | [`asymmetry`] | every n |
//! | how the level is divided | [`bonferroni`] | always |
//!
//! Nothing here reads, draws or panics. Levels `alpha` are probabilities of error, two-sided unless a name says
//! otherwise. An `alpha` outside (0, 1) excludes nothing, so that a slip shows as an undecided verdict and never as a
//! false one. Elementary functions are libm's, so that results have the same bits on every machine of one architecture.
//! Distribution functions are written here because those of available libraries lose digits in the far tails that a
//! level of 1e-9 needs.

mod arithmetic;
mod bernstein;
mod binomial;
mod bonferroni;
mod bounded;
mod dip;
mod estimate;
mod hoeffding;
mod incomplete_beta;
mod incomplete_gamma;
mod interval;
mod moments;
mod normal;
mod slope;
mod special;
mod student;
mod symmetry;
pub mod tolerance;

pub use bernstein::empirical_bernstein;
pub use binomial::{binomial_at_least, clopper_pearson};
pub use bonferroni::bonferroni;
pub use bounded::bounded_mean;
pub(crate) use bounded::partly_known_mean;
pub(crate) use dip::{dip, dip_p_value, uniform_dips};
pub(crate) use estimate::{Coverage, MeanEstimate, MeanFault};
pub use hoeffding::hoeffding;
pub(crate) use incomplete_gamma::gamma_tails;
pub use interval::Interval;
pub use moments::Moments;
pub(crate) use normal::{normal_upper_quantile, normal_upper_tail};
pub(crate) use slope::Spread;
pub use slope::{LogPoint, log_log, slope, slope_shift};
pub(crate) use student::no_normal_limit;
pub use student::{student_mean, student_upper_quantile};
pub(crate) use symmetry::asymmetry;
