//! The score of an instance in a search: how near to violation it is, and whether a violation is certain.

use super::family::{Candidate, Family};
use crate::claim::{Relation, Scenario, Table, scenario_of};
use crate::model::Registry;
use crate::results::{Evidence, Outcome};
use crate::run::{Place, Price, Refusal, admitted, evaluate_scenario};
use crate::verdict::CellVerdict;

/// Largest relative error of a ratio of doubles after a long run that does not amplify its errors.
const ROUNDING: f64 = 1e-9;

/// An instance that meets the hypotheses, with its sides.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// Above 1 where the bound is broken; left/right where that is a number. The kind of evidence does not enter.
    pub score: f64,
    /// Whether the violation is exact.
    pub certain: bool,
    /// Whether doubles or a sample show a violation, while nothing exact does.
    pub unconfirmed: bool,
    /// The comparison with its sides.
    pub verdict: CellVerdict,
    /// Where in the class it lies.
    pub place: Place,
}

impl Evaluated {
    /// Whether both sides are known, by exact arithmetic or by doubles, and not only from a sample.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.verdict.comparison.as_ref().is_ok_and(|c| c.grade <= Evidence::Numeric)
    }
}

/// The score of a comparison: 1 is the border, more is worse.
#[must_use]
pub(super) fn score(relation: Relation, verdict: &CellVerdict) -> Option<f64> {
    let comparison = verdict.comparison.as_ref().ok()?;
    let (l, r) = (verdict.left.as_ref()?.point, verdict.right.as_ref()?.point);
    let broken = comparison.outcome == Outcome::Violated;
    if l == r && !broken && (r == 0.0 || relation == Relation::Identity) {
        // 0 <= 0 and an identity that is met say nothing of how near a violation is.
        return Some(0.0);
    }
    let plain = match relation {
        Relation::Upper | Relation::Tight if l >= 0.0 && r > 0.0 => l / r,
        Relation::Lower | Relation::NonConvergence if l > 0.0 && r >= 0.0 => r / l,
        _ => 1.0 + comparison.closeness,
    };
    let plain = if plain.is_finite() { plain } else { 1.0 + comparison.closeness };
    // Doubles that pass the border by their own rounding are at it.
    let plain = if !broken && plain > 1.0 && plain <= 1.0 + ROUNDING { 1.0 } else { plain };
    let score = match (broken, plain > 1.0) {
        (true, false) => 1.0 + f64::EPSILON,
        (false, true) if comparison.outcome == Outcome::Holds => 1.0,
        _ => plain,
    };
    score.is_finite().then_some(score)
}

/// Evaluates a tree of one cell.
///
/// # Errors
/// Why it counts for nothing: [`Refusal`].
pub(super) fn evaluate_tree(registry: &Registry, tree: &Table, price: Price) -> Result<(Scenario, Evaluated), Refusal> {
    let scenario = scenario_of(tree, registry)
        .map_err(|errors| errors.first().map_or_else(|| "not a claim".into(), |e| e.message.clone()))?;
    let (verdict, place) = evaluate_scenario(registry, &scenario, price)?;
    admitted(&verdict.audits)?;
    let score = score(scenario.question.relation, &verdict);
    let comparison = verdict.comparison.as_ref().map_err(Clone::clone)?;
    let certain = comparison.outcome == Outcome::Violated && comparison.grade == Evidence::Exact;
    let score = score.ok_or("the sides have no finite value")?;
    // A violation in doubles only, because an enclosure would cost too much, scores no better than the border: the
    // search is for violations that can be certified.
    let score = if certain || comparison.grade != Evidence::Numeric { score } else { score.min(1.0) };
    let unconfirmed = comparison.outcome == Outcome::Violated && !certain;
    Ok((scenario, Evaluated { score, certain, unconfirmed, verdict, place }))
}

/// Evaluates an instance of a family.
///
/// # Errors
/// As [`evaluate_tree`].
pub(crate) fn evaluate_candidate(
    registry: &Registry,
    family: &Family,
    candidate: &Candidate,
    price: Price,
) -> Result<Evaluated, Refusal> {
    family.restriction(candidate)?;
    let tree = family.render(candidate).ok_or("these numbers make no such part")?;
    evaluate_tree(registry, &tree, price).map(|(_, evaluated)| evaluated)
}
