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
    /// |grad f(x_k)|_1.
    GradientL1,
    /// |grad f(x_k)|_2.
    GradientL2,
    /// |grad f(x_k)|_2^2.
    GradientL2Squared,
    /// |grad f(x_k)|_inf.
    GradientLinf,
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
    /// A coordinate, from 0, of a view.
    ViewCoordinate(usize, usize),
    /// The problem's own statistic of that number.
    Own(usize),
}

const fn spec(name: &'static str, f: i8, x: i8, statistic: Statistic, doc: &'static str) -> StatisticSpec {
    StatisticSpec { name, doc, f, x, statistic }
}

/// Statistics that every problem has.
pub const STATISTICS: &[StatisticSpec] = &[
    spec("f", 1, 0, Statistic::Value, "f(x_k)"),
    spec("gap", 1, 0, Statistic::Gap, "f(x_k) - f*"),
    spec("grad_l1", 1, -1, Statistic::GradientL1, "|grad f(x_k)|_1"),
    spec("grad_l2", 1, -1, Statistic::GradientL2, "|grad f(x_k)|_2"),
    spec("grad_l2sq", 2, -2, Statistic::GradientL2Squared, "|grad f(x_k)|_2^2, exact where grad_l2 has a root"),
    spec("grad_linf", 1, -1, Statistic::GradientLinf, "|grad f(x_k)|_inf"),
    spec("dist", 0, 1, Statistic::Distance, "|x_k - x*|_2 to the known minimiser"),
    spec("dist_inf", 0, 1, Statistic::DistanceInf, "|x_k - x*|_inf to the known minimiser"),
    spec("bits", 0, 0, Statistic::Bits, "bits sent before x_k, to and from all workers together"),
];

/// Parts of an algorithm's state that statistics can name, as `<view>_l1`, `<view>_l2`, `<view>_l2sq`, and coordinate by
/// coordinate as `<view>1`, `<view>2`, ..
pub const VIEWS: &[&str] = &["error", "momentum", "clipped"];

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
    let (view, _) = view(name).or_else(|| view_coordinate(name).map(|(view, _)| (view, Statistic::ViewL1 as OfView)))?;
    match view {
        "error" => Some((0, square)),
        "momentum" => Some((square, -square)),
        _ => None,
    }
}

/// A norm of the view of that number.
type OfView = fn(usize) -> Statistic;

/// The view's name and a constructor, for `error_l2` and the like.
fn view(name: &str) -> Option<(&str, OfView)> {
    let (view, norm) = name.rsplit_once('_')?;
    let make: OfView = match norm {
        "l1" => Statistic::ViewL1,
        "l2" => Statistic::ViewL2,
        "l2sq" => Statistic::ViewL2Squared,
        _ => return None,
    };
    VIEWS.contains(&view).then_some((view, make))
}

/// Finds a statistic on an instance.
///
/// # Errors
/// Why the instance has no such statistic.
pub fn resolve(name: &str, problem: &dyn DynProblem, views: &[View]) -> Result<Statistic, String> {
    if let Some(spec) = STATISTICS.iter().find(|s| s.name == name) {
        return Ok(spec.statistic);
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
        return views
            .iter()
            .position(|v| v.name == wanted)
            .map(make)
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
