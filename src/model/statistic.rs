//! Statistics: one number per replicate and iterate.

use super::{DynProblem, OwnStatistic, View};
use std::fmt;

/// A statistic that every problem has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatisticSpec {
    /// Name in left sides and figures.
    pub name: &'static str,
    /// Meaning.
    pub doc: &'static str,
    /// Power of `[f]`.
    pub f: i8,
    /// Power of `[x]`.
    pub x: i8,
    /// Which one it is.
    pub statistic: Statistic,
}

/// What is measured at an iterate x_k.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Statistic {
    /// f(x_k).
    Value,
    /// f(x_k) - f*.
    Gap,
    /// f at the mean of x_0, .., x_k.
    AverageValue,
    /// The same less f*.
    AverageGap,
    /// |grad f(x_k)|_1.
    GradientL1,
    /// |grad f(x_k)|_2.
    GradientL2,
    /// |grad f(x_k)|_2^2.
    GradientL2Squared,
    /// |grad f(x_k)|_inf.
    GradientLinf,
    /// |med|_1, med the coordinate-wise median of the workers' gradients at x_k.
    MedianL1,
    /// |med|_2^2.
    MedianL2Squared,
    /// |grad f - med|_1.
    MedianGapL1,
    /// |grad f - med|_2^2.
    MedianGapL2Squared,
    /// Distance in l2 from x_k to the set of minimisers.
    Distance,
    /// Distance in l_inf from x_k to the set of minimisers.
    DistanceInf,
    /// |x_k - x*|_2, x* the minimiser nearest to the start.
    DistanceToNearest,
    /// Bits sent before x_k, both directions together.
    Bits,
    /// Coordinate i of x_k, from 0.
    Coordinate(usize),
    /// l1 norm of a view of the algorithm's state.
    ViewL1(usize),
    /// l2 norm of a view.
    ViewL2(usize),
    /// Squared l2 norm of a view.
    ViewL2Squared(usize),
    /// |m - grad f(y)|_2: m the momentum of the step before (the workers' mean), y the iterate that it was taken at.
    MomentumErrorL2 {
        /// The view of the momenta.
        momenta: usize,
        /// The view of the iterate before.
        previous: usize,
    },
    /// Its square.
    MomentumErrorL2Squared {
        /// The view of the momenta.
        momenta: usize,
        /// The view of the iterate before.
        previous: usize,
    },
    /// |view/weight - grad f(x_(k-1))|_1: the distance between what the step to x_k followed and the gradient that it
    /// estimates.
    MissL1(usize, Option<usize>),
    /// |view/weight - grad f(x_(k-1))|_2.
    MissL2(usize, Option<usize>),
    /// The square of that, exact where it has no root.
    MissL2Squared(usize, Option<usize>),
    /// Sum of |f_i'(x_(k-1))| over the coordinates that the step to x_k did not move against f_i'.
    WrongL1,
    /// |grad f(x_k) - grad f(x_(k-1))|_1.
    TurnL1,
    /// |x_k - x_(k-1)|_inf.
    MoveLinf,
    /// |v|_1^2/(d |v|_2^2) of v = grad f(x_k).
    GradientDensity,
    /// The same of v = x_k - x_(k-1).
    MoveDensity,
    /// The same of v = x_(k-1) - x_k + e: what the compressor was given in the step to x_k, e (this view) being what it
    /// left.
    CorrectedDensity(usize),
    /// The share of stochastic signs whose probability was cut to [0, 1] in the step to x_k; the view that holds it.
    ClippedShare(usize),
    /// A coordinate, from 0, of a view.
    ViewCoordinate(usize, usize),
    /// The problem's own statistic of that number.
    Own(usize),
}

impl Statistic {
    /// Whether it looks back at the iterate before: it then has no value at x_0.
    #[must_use]
    pub fn looks_back(self) -> bool {
        use Statistic::{
            ClippedShare, CorrectedDensity, MissL1, MissL2, MissL2Squared, MoveDensity, MoveLinf, TurnL1, WrongL1,
        };
        matches!(
            self,
            MissL1(..)
                | MissL2(..)
                | MissL2Squared(..)
                | WrongL1
                | TurnL1
                | MoveLinf
                | MoveDensity
                | CorrectedDensity(..)
                | ClippedShare(..)
        )
    }

    /// Whether it lies between 0 and 1 wherever it has a value.
    #[must_use]
    pub fn is_share(self) -> bool {
        matches!(
            self,
            Statistic::GradientDensity
                | Statistic::MoveDensity
                | Statistic::CorrectedDensity(_)
                | Statistic::ClippedShare(_)
        )
    }

    /// Whether it looks at all iterates up to x_k, and not at x_k alone.
    #[must_use]
    pub fn averages(self) -> bool {
        matches!(self, Statistic::AverageValue | Statistic::AverageGap)
    }
}

const fn spec(name: &'static str, f: i8, x: i8, statistic: Statistic, doc: &'static str) -> StatisticSpec {
    StatisticSpec { name, doc, f, x, statistic }
}

/// Statistics that every problem has.
pub const STATISTICS: &[StatisticSpec] = &[
    spec("f", 1, 0, Statistic::Value, "f(x_k)"),
    spec("gap", 1, 0, Statistic::Gap, "f(x_k) - f*"),
    spec("f_average", 1, 0, Statistic::AverageValue, "f((x_0 + .. + x_k)/(k + 1)), whatever the window"),
    spec("gap_average", 1, 0, Statistic::AverageGap, "f((x_0 + .. + x_k)/(k + 1)) - f*"),
    spec("grad_l1", 1, -1, Statistic::GradientL1, "|grad f(x_k)|_1"),
    spec("grad_l2", 1, -1, Statistic::GradientL2, "|grad f(x_k)|_2"),
    spec("grad_l2sq", 2, -2, Statistic::GradientL2Squared, "|grad f(x_k)|_2^2, exact where grad_l2 has a root"),
    spec("grad_linf", 1, -1, Statistic::GradientLinf, "|grad f(x_k)|_inf"),
    spec(
        "median_l1",
        1,
        -1,
        Statistic::MedianL1,
        "|med|_1, med the coordinate-wise median of the workers' gradients at x_k",
    ),
    spec("median_l2sq", 2, -2, Statistic::MedianL2Squared, "|med|_2^2"),
    spec("median_gap_l1", 1, -1, Statistic::MedianGapL1, "|grad f(x_k) - med|_1"),
    spec("median_gap_l2sq", 2, -2, Statistic::MedianGapL2Squared, "|grad f(x_k) - med|_2^2"),
    spec("dist", 0, 1, Statistic::Distance, "distance in l2 from x_k to the set of minimisers"),
    spec("dist_inf", 0, 1, Statistic::DistanceInf, "distance in l_inf from x_k to the set of minimisers"),
    spec("dist_xstar", 0, 1, Statistic::DistanceToNearest, "|x_k - x*|_2, x* the minimiser nearest to the start x_0"),
    spec("bits", 0, 0, Statistic::Bits, "bits sent before x_k, to and from all workers together"),
    spec(
        "momentum_error_l2",
        1,
        -1,
        Statistic::MomentumErrorL2 { momenta: 0, previous: 0 },
        "|m - grad f(x_{k-1})|_2, m the momentum (the workers' mean) that moved x_{k-1}; |grad f(x_0)|_2 at the start",
    ),
    spec(
        "momentum_error_l2sq",
        2,
        -2,
        Statistic::MomentumErrorL2Squared { momenta: 0, previous: 0 },
        "the square of momentum_error_l2",
    ),
    spec(
        "wrong_l1",
        1,
        -1,
        Statistic::WrongL1,
        "sum of |f_i'(x_(k-1))| over the coordinates that the step to x_k did not move against f_i'; from k = 1",
    ),
    spec("turn_l1", 1, -1, Statistic::TurnL1, "|grad f(x_k) - grad f(x_(k-1))|_1; from k = 1"),
    spec("move_linf", 0, 1, Statistic::MoveLinf, "|x_k - x_(k-1)|_inf; from k = 1"),
    spec("grad_density", 0, 0, Statistic::GradientDensity, "phi(v) = |v|_1^2/(d |v|_2^2) of v = grad f(x_k)"),
    spec("move_density", 0, 0, Statistic::MoveDensity, "phi(v) of v = x_k - x_(k-1); of sgd that of g; from k = 1"),
    spec(
        "corrected_density",
        0,
        0,
        Statistic::CorrectedDensity(0),
        "phi(v) of v = lr g + e, the error-corrected gradient that the step to x_k compressed; from k = 1",
    ),
    spec(
        "clipped_share",
        0,
        0,
        Statistic::ClippedShare(0),
        "share of the entries (workers and coordinates) with |v| > R in the step to x_k, where the stochastic sign's probability 1/2 + v/(2R) was cut to [0, 1]; from k = 1",
    ),
];

/// Parts of an algorithm's state that statistics can name, as `<view>_l1`, `<view>_l2` and `<view>_l2sq`, and
/// coordinate by coordinate as `<view>1`, `<view>2`, and so on. `<view>_miss_l1`, `<view>_miss_l2` and
/// `<view>_miss_l2sq` are its distance to the gradient that the last step estimates. The view is first divided by the
/// view `weight` where the algorithm keeps one (the total weight in its averages so far).
pub const VIEWS: &[&str] = &["error", "momentum", "clipped", "weight"];

/// The view that averages are divided by.
const WEIGHT: &str = "weight";

/// What a statistic's name means: which one it is, before the instance that it is measured on is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatisticName {
    /// One that every problem has.
    General(&'static StatisticSpec),
    /// A coordinate of the iterate, from 0.
    Coordinate(usize),
    /// A norm of a view of the algorithm's state, or of its distance to the gradient.
    View(&'static str, ViewNorm),
    /// A coordinate, from 0, of a view.
    ViewCoordinate(&'static str, usize),
    /// One that only some problem has.
    Own(&'static OwnStatistic),
}

/// What is measured of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewNorm {
    /// Of its distance to the gradient that the last step stood for, and not of the view itself.
    pub miss: bool,
    /// Which norm.
    pub norm: Norm,
}

/// A norm of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// l1.
    L1,
    /// l2.
    L2,
    /// The square of l2.
    L2Squared,
}

impl Norm {
    /// The norm at the end of a name, and the name before it.
    fn ending(name: &str) -> Option<(&str, Self)> {
        let (before, norm) = name.rsplit_once('_')?;
        let all = [Norm::L1, Norm::L2, Norm::L2Squared];
        all.into_iter().find(|n| n.name() == norm).map(|norm| (before, norm))
    }

    fn name(self) -> &'static str {
        match self {
            Norm::L1 => "l1",
            Norm::L2 => "l2",
            Norm::L2Squared => "l2sq",
        }
    }

    /// The power of the vector's units that it has.
    fn power(self) -> i8 {
        if self == Norm::L2Squared { 2 } else { 1 }
    }
}

impl StatisticName {
    /// Everything that a name can mean: of every problem, a coordinate `x1`, `x2`, .., a view of the state, or one of
    /// the given problems' own. More than one only where a problem gives one of the other names to its own.
    #[must_use]
    pub fn meanings(name: &str, own: &[&'static OwnStatistic]) -> Vec<Self> {
        let general = STATISTICS.iter().find(|s| s.name == name).map(StatisticName::General);
        let coordinate = coordinate(name).map(StatisticName::Coordinate);
        let view = view(name).map(|(view, norm)| StatisticName::View(view, norm));
        let of_view = view_coordinate(name).map(|(view, i)| StatisticName::ViewCoordinate(view, i));
        let own = own.iter().copied().filter(|o| o.name == name).map(StatisticName::Own);
        let mut all: Vec<StatisticName> =
            [general, coordinate, view, of_view].into_iter().flatten().chain(own).collect();
        all.dedup();
        all
    }

    /// Powers of `[f]` and `[x]`; an error is a step, a momentum a gradient, and a problem's own statistic a number.
    #[must_use]
    pub fn units(&self) -> (i8, i8) {
        let of_view = |view: &str, power: i8| match view {
            "error" => (0, power),
            "momentum" => (power, -power),
            _ => (0, 0),
        };
        match self {
            StatisticName::General(spec) => (spec.f, spec.x),
            StatisticName::Coordinate(_) => (0, 1),
            StatisticName::View(_, ViewNorm { miss: true, norm }) => (norm.power(), -norm.power()),
            StatisticName::View(view, ViewNorm { miss: false, norm }) => of_view(view, norm.power()),
            StatisticName::ViewCoordinate(view, _) => of_view(view, 1),
            StatisticName::Own(_) => (0, 0),
        }
    }

    /// Finds the statistic on an instance.
    ///
    /// # Errors
    /// Why the instance has no such statistic.
    pub fn on(&self, problem: &dyn DynProblem, views: &[View]) -> Result<Statistic, String> {
        let place = |name: &str| views.iter().position(|v| v.name == name);
        let kept = |view: &str| place(view).ok_or_else(|| format!("'{self}': this algorithm keeps no {view}"));
        match self {
            StatisticName::General(spec) => {
                let momentum = |make: fn(usize, usize) -> Statistic| {
                    let momenta = place("momenta").or_else(|| place("momentum"));
                    momenta.zip(place("previous")).map(|(m, p)| make(m, p)).ok_or_else(|| {
                        format!(
                            "'{self}': this algorithm does not keep a momentum with the iterate that it was taken at"
                        )
                    })
                };
                match spec.statistic {
                    Statistic::MomentumErrorL2 { .. } => {
                        momentum(|momenta, previous| Statistic::MomentumErrorL2 { momenta, previous })
                    }
                    Statistic::MomentumErrorL2Squared { .. } => {
                        momentum(|momenta, previous| Statistic::MomentumErrorL2Squared { momenta, previous })
                    }
                    Statistic::CorrectedDensity(_) => kept("error").map(Statistic::CorrectedDensity),
                    Statistic::ClippedShare(_) => place("clipped_share").map(Statistic::ClippedShare).ok_or_else(|| {
                        format!(
                            "'{self}': this algorithm sends no stochastic signs; mv-sto-signsgd, mv-sto-signsgd-sim and \
                             federated-mv-sto-signsgd-sim do"
                        )
                    }),
                    plain @ (Statistic::Distance | Statistic::DistanceInf | Statistic::DistanceToNearest) => {
                        match problem.minimisers() {
                            None => Err(format!("'{self}': the minimisers of this problem are not known")),
                            Some(all) if plain == Statistic::DistanceInf && !all.is_product() => Err(format!(
                                "'{self}': the minimisers of this problem fill an oblique subspace, to which only 'dist' has a formula"
                            )),
                            Some(_) => Ok(plain),
                        }
                    }
                    plain => Ok(plain),
                }
            }
            StatisticName::Coordinate(i) => match problem.dimension() {
                d if *i < d => Ok(Statistic::Coordinate(*i)),
                d => Err(format!("'{self}': the problem has {d} coordinates")),
            },
            StatisticName::View(view, ViewNorm { miss, norm }) => {
                let (i, weight) = (kept(view)?, place(WEIGHT));
                Ok(match (miss, norm) {
                    (true, Norm::L1) => Statistic::MissL1(i, weight),
                    (true, Norm::L2) => Statistic::MissL2(i, weight),
                    (true, Norm::L2Squared) => Statistic::MissL2Squared(i, weight),
                    (false, Norm::L1) => Statistic::ViewL1(i),
                    (false, Norm::L2) => Statistic::ViewL2(i),
                    (false, Norm::L2Squared) => Statistic::ViewL2Squared(i),
                })
            }
            StatisticName::ViewCoordinate(view, i) => {
                let number = kept(view)?;
                match views[number].range.len() {
                    length if *i < length => Ok(Statistic::ViewCoordinate(number, *i)),
                    length => Err(format!("'{self}': the {view} has {length} coordinates")),
                }
            }
            StatisticName::Own(own) => problem
                .own_statistics()
                .iter()
                .position(|o| o == *own)
                .map(Statistic::Own)
                .ok_or_else(|| format!("'{self}' is no statistic of this problem")),
        }
    }
}

impl fmt::Display for StatisticName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StatisticName::General(spec) => f.write_str(spec.name),
            StatisticName::Coordinate(i) => write!(f, "x{}", i + 1),
            StatisticName::View(view, ViewNorm { miss, norm }) => {
                write!(f, "{view}{}_{}", if *miss { "_miss" } else { "" }, norm.name())
            }
            StatisticName::ViewCoordinate(view, i) => write!(f, "{view}{}", i + 1),
            StatisticName::Own(own) => f.write_str(own.name),
        }
    }
}

/// The index, from 0, of a coordinate written `x1`, `x2`, ..
fn coordinate(name: &str) -> Option<usize> {
    name.strip_prefix('x')?.parse::<usize>().ok()?.checked_sub(1)
}

/// The view and the index, from 0, of `error1` and the like.
fn view_coordinate(name: &str) -> Option<(&'static str, usize)> {
    VIEWS.iter().find_map(|view| Some((*view, name.strip_prefix(view)?.parse::<usize>().ok()?.checked_sub(1)?)))
}

/// The view and the norm of `error_l2`, `momentum_miss_l1` and the like.
fn view(name: &str) -> Option<(&'static str, ViewNorm)> {
    let (before, norm) = Norm::ending(name)?;
    let (view, miss) = before.strip_suffix("_miss").map_or((before, false), |view| (view, true));
    VIEWS.iter().find(|v| **v == view).map(|view| (*view, ViewNorm { miss, norm }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_have_coordinates_and_units() {
        // exact: by the naming rule; coordinates count from 1
        assert_eq!(view_coordinate("error1"), Some(("error", 0)));
        assert_eq!(view_coordinate("momentum12"), Some(("momentum", 11)));
        for other in ["error", "error0", "error_l1", "x1", "f"] {
            assert_eq!(view_coordinate(other), None, "{other}");
        }
        let units = |name: &str| match StatisticName::meanings(name, &[]).as_slice() {
            [one] => {
                assert_eq!(one.to_string(), name);
                Some(one.units())
            }
            _ => None,
        };
        assert_eq!(units("error0"), None);
        for (name, expected) in [
            ("error_l2sq", (0, 2)),
            ("error2", (0, 1)),
            ("momentum3", (1, -1)),
            ("momentum_miss_l2", (1, -1)),
            ("error_miss_l2sq", (2, -2)),
            ("grad_l1", (1, -1)),
            ("x7", (0, 1)),
        ] {
            assert_eq!(units(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn a_name_that_two_statistics_have_has_two_meanings() {
        static OWN: OwnStatistic = OwnStatistic { name: "error_l2", doc: "a problem's own", range: None };
        assert_eq!(StatisticName::meanings("error_l2", &[&OWN]).len(), 2);
        let names = STATISTICS.iter().map(|s| s.name);
        for name in names {
            assert_eq!(StatisticName::meanings(name, &[]).len(), 1, "{name}");
            assert!(super::super::fact_spec(name).is_none(), "{name} is a fact, too");
        }
    }
}
