//! Statistics: one number a replicate an iterate.

use super::{DynProblem, OwnStatistic, View};

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
    /// |x_k - x*|_2.
    Distance,
    /// |x_k - x*|_inf.
    DistanceInf,
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
    /// |view/weight - grad f(x_(k-1))|_1: what the step to x_k followed, beside the gradient that it stood for.
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
    /// A coordinate, from 0, of a view.
    ViewCoordinate(usize, usize),
    /// The problem's own statistic of that number.
    Own(usize),
}

impl Statistic {
    /// Whether it looks back at the iterate before: it then has no value at x_0.
    #[must_use]
    pub fn looks_back(self) -> bool {
        use Statistic::{MissL1, MissL2, MissL2Squared, MoveLinf, TurnL1, WrongL1};
        matches!(self, MissL1(..) | MissL2(..) | MissL2Squared(..) | WrongL1 | TurnL1 | MoveLinf)
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
    spec("dist", 0, 1, Statistic::Distance, "|x_k - x*|_2 to the known minimiser"),
    spec("dist_inf", 0, 1, Statistic::DistanceInf, "|x_k - x*|_inf to the known minimiser"),
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
];

/// Parts of an algorithm's state that statistics can name, as `<view>_l1`, `<view>_l2` and `<view>_l2sq`, and coordinate by
/// coordinate as `<view>1`, `<view>2`, ..
/// `<view>_miss_l1`, `<view>_miss_l2` and `<view>_miss_l2sq` are its distance to the gradient that the last step stood for, after division
/// by the view `weight` where the algorithm keeps one (what its averages have been weighted with so far).
pub const VIEWS: &[&str] = &["error", "momentum", "clipped", "weight"];

/// The view that averages are divided by.
const WEIGHT: &str = "weight";

/// Whether a name denotes a statistic: of every problem, a coordinate `x1`, `x2`, .., a view of the state, or one of
/// some problem's own.
#[must_use]
pub fn is_statistic(name: &str, own: &[&OwnStatistic]) -> bool {
    STATISTICS.iter().any(|s| s.name == name)
        || coordinate(name).is_some()
        || view(name).is_some()
        || view_coordinate(name).is_some()
        || own.iter().any(|o| o.name == name)
}

/// The index, from 0, of a coordinate written `x1`, `x2`, ..
fn coordinate(name: &str) -> Option<usize> {
    name.strip_prefix('x')?.parse::<usize>().ok()?.checked_sub(1)
}

/// The view and the index, from 0, of `error1` and the like.
fn view_coordinate(name: &str) -> Option<(&'static str, usize)> {
    VIEWS.iter().find_map(|view| Some((*view, name.strip_prefix(view)?.parse::<usize>().ok()?.checked_sub(1)?)))
}

/// Units of a norm or coordinate of a view, as powers of `[f]` and `[x]`: an error is a step, a momentum a gradient.
#[must_use]
pub fn view_units(name: &str) -> Option<(i8, i8)> {
    let square = if name.ends_with("_l2sq") { 2 } else { 1 };
    let view = view(name).map(|(view, _)| view).or_else(|| view_coordinate(name).map(|(view, _)| view))?;
    match view {
        "error" => Some((0, square)),
        "momentum" => Some((square, -square)),
        _ => None,
    }
}

/// A statistic of the view of that number, and of the weight's.
type OfView = fn(usize, Option<usize>) -> Statistic;

/// The view's name and a constructor, for `error_l2` and the like.
fn view(name: &str) -> Option<(&str, OfView)> {
    let (view, norm) = name.rsplit_once('_')?;
    let make: OfView = match norm {
        "l1" if view.ends_with("_miss") => Statistic::MissL1,
        "l2" if view.ends_with("_miss") => Statistic::MissL2,
        "l2sq" if view.ends_with("_miss") => Statistic::MissL2Squared,
        "l1" => |i, _| Statistic::ViewL1(i),
        "l2" => |i, _| Statistic::ViewL2(i),
        "l2sq" => |i, _| Statistic::ViewL2Squared(i),
        _ => return None,
    };
    let view = view.strip_suffix("_miss").unwrap_or(view);
    VIEWS.contains(&view).then_some((view, make))
}

/// Finds a statistic on an instance.
///
/// # Errors
/// Why the instance has no such statistic.
pub fn resolve(name: &str, problem: &dyn DynProblem, views: &[View]) -> Result<Statistic, String> {
    if let Some(spec) = STATISTICS.iter().find(|s| s.name == name) {
        let momentum = |make: fn(usize, usize) -> Statistic| {
            let place = |wanted: &str| views.iter().position(|v| v.name == wanted);
            let momenta = place("momenta").or_else(|| place("momentum"));
            momenta.zip(place("previous")).map(|(m, p)| make(m, p)).ok_or_else(|| {
                format!("'{name}': this algorithm does not keep a momentum with the iterate that it was taken at")
            })
        };
        return match spec.statistic {
            Statistic::MomentumErrorL2 { .. } => {
                momentum(|momenta, previous| Statistic::MomentumErrorL2 { momenta, previous })
            }
            Statistic::MomentumErrorL2Squared { .. } => {
                momentum(|momenta, previous| Statistic::MomentumErrorL2Squared { momenta, previous })
            }
            plain => Ok(plain),
        };
    }
    if let Some(i) = coordinate(name) {
        let d = problem.dimension();
        return if i < d {
            Ok(Statistic::Coordinate(i))
        } else {
            Err(format!("'{name}': the problem has {d} coordinates"))
        };
    }
    if let Some((wanted, make)) = view(name) {
        let place = |name: &str| views.iter().position(|v| v.name == name);
        return place(wanted)
            .map(|i| make(i, place(WEIGHT)))
            .ok_or_else(|| format!("'{name}': this algorithm keeps no {wanted}"));
    }
    if let Some((wanted, i)) = view_coordinate(name) {
        let found = views.iter().position(|v| v.name == wanted);
        let number = found.ok_or_else(|| format!("'{name}': this algorithm keeps no {wanted}"))?;
        let length = views[number].range.len();
        return if i < length {
            Ok(Statistic::ViewCoordinate(number, i))
        } else {
            Err(format!("'{name}': the {wanted} has {length} coordinates"))
        };
    }
    let own = problem.own_statistics();
    own.iter()
        .position(|o| o.name == name)
        .map(Statistic::Own)
        .ok_or_else(|| format!("'{name}' is no statistic of this problem"))
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
        assert!(is_statistic("error2", &[]) && !is_statistic("error0", &[]));
        assert_eq!(view_units("error_l2sq"), Some((0, 2)));
        assert_eq!(view_units("momentum3"), Some((1, -1)));
        assert_eq!(view_units("grad_l1"), None);
    }
}
