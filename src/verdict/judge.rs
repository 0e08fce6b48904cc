//! From what is known of the runs to a verdict per cell.

use super::combine::{CellVerdict, combine_cells};
use super::compare::{Comparison, compare, compare_order, compare_rate, is_vacuous};
use super::sides::{Ground, SideValue, Trust, left_of_estimates, left_of_row, right_side};
use crate::claim::{
    Expression, Left, Question, Relation, Scenario, Spec, Symbol, Trivial, Work, cell_name, requirements,
};
use crate::engine::left_lacks;
use crate::evidence::{CellOutcome, CellRun, Configuration, ConfigurationRuns, Design, Observed};
use crate::model::Ties;
use crate::results::{Evidence, Outcome};
use crate::stats::bonferroni;
use std::collections::BTreeMap;

/// Most looks at the estimates of one cell.
pub(crate) const LOOKS: usize = 4;

/// Decides the questions of a claim.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'a> {
    /// The claim.
    pub spec: &'a Spec,
    /// Everything that is run for it.
    pub design: &'a Design<'a>,
    /// The probability that any of its verdicts is a false alarm.
    pub level: f64,
}

impl Judge<'_> {
    /// The part of the level that each (bound or control, cell) has: the level over their number (Bonferroni's
    /// correction).
    pub(crate) fn each(&self) -> f64 {
        bonferroni(self.level, self.design.questions(self.spec.scenarios()))
    }

    /// Whether more samples would change nothing for the questions that rest on this cell: each is decided, or cannot
    /// be. Before the declared number of replicates only intervals that hold for every number count.
    pub(crate) fn is_settled(&self, configuration: &Configuration<'_>, run: &CellRun, early: bool) -> bool {
        self.spec.scenarios().filter(|scenario| configuration.answers(scenario)).all(|scenario| {
            let verdict = self.experiment_cell(scenario, configuration, run);
            verdict.failing().is_some()
                || match &verdict.comparison {
                    Ok(c) => c.outcome != Outcome::Undecided && !(early && c.grade == Evidence::Asymptotic),
                    // A sample that is too small to be used yet may become large enough.
                    Err(_) => verdict.right.is_none() || !may_see_more(scenario, run),
                }
        })
    }

    /// Whether the reachable range of this cell's run answers every question that rests on it: the bound is broken,
    /// whatever the outcome.
    pub(crate) fn is_broken_everywhere(&self, configuration: &Configuration<'_>, unsampled: &CellRun) -> bool {
        let mut questions = self.spec.scenarios().filter(|scenario| configuration.concerns(scenario)).peekable();
        questions.peek().is_some()
            && questions.all(|scenario| {
                let comparison = self.experiment_cell(scenario, configuration, unsampled).comparison;
                configuration.answers(scenario) && comparison.is_ok_and(|c| c.outcome == Outcome::Violated)
            })
    }

    /// The verdict of every cell.
    #[must_use]
    pub(crate) fn cells(&self, scenarios: &[Scenario], observed: &Observed<'_>) -> Vec<CellVerdict> {
        let mut verdicts = Vec::new();
        for scenario in scenarios {
            verdicts.extend(match scenario.question.relation {
                Relation::Ordering => self.ordering(scenario, observed),
                Relation::Rate => self.rate(scenario, observed),
                _ => self.plain(scenario, observed),
            });
        }
        verdicts
    }

    fn plain(&self, scenario: &Scenario, observed: &Observed<'_>) -> Vec<CellVerdict> {
        let Some(found) = observed.of(&scenario.case, &scenario.variant) else { return Vec::new() };
        let verdict = |run: &CellRun| match &run.outcome {
            CellOutcome::Experiment(_) | CellOutcome::Unrun(_) => {
                self.experiment_cell(scenario, found.configuration, run)
            }
            CellOutcome::Quantity(_) => quantity_cell(scenario, run),
        };
        found.runs.iter().map(verdict).collect()
    }

    fn experiment_cell(&self, scenario: &Scenario, configuration: &Configuration<'_>, run: &CellRun) -> CellVerdict {
        experiment_cell(self.each(), scenario, configuration, run)
    }

    fn rate(&self, scenario: &Scenario, observed: &Observed<'_>) -> Vec<CellVerdict> {
        let (Some(found), Some(axis)) = (observed.of(&scenario.case, &scenario.variant), &scenario.question.rate_in)
        else {
            return Vec::new();
        };
        let question = &scenario.question;
        let mut groups: BTreeMap<String, Vec<&CellRun>> = BTreeMap::new();
        for run in found.runs {
            let key: Vec<String> =
                run.cell.labels().into_iter().filter(|(n, _)| n != axis).map(|(n, v)| format!("{n}={v}")).collect();
            groups.entry(key.join(";")).or_default().push(run);
        }
        groups
            .into_values()
            .map(|runs| {
                let mut verdict = uncompared(scenario, runs[0]);
                verdict.cell.remove(axis);
                let constants = |symbol: &Symbol| runs[0].constant(symbol);
                let sides: Result<Vec<(f64, SideValue)>, String> = runs
                    .iter()
                    .map(|run| {
                        let x = run.cell.values.get(axis).ok_or_else(|| format!("'{axis}' has no value"))?;
                        Ok((x.to_f64(), self.rate_side(scenario, found.configuration, run)?))
                    })
                    .collect();
                let right = question.right.as_ref().map(|r| right_side(&r.expr, &constants));
                let margin = question.margin.as_ref().map(|m| right_side(&m.expr, &constants)).transpose();
                match (sides, right, margin) {
                    (Ok(mut points), Some(Ok(right)), Ok(margin)) => {
                        points.sort_by(|a, b| a.0.total_cmp(&b.0));
                        let (left, comparison) = compare_rate(&points, &right, margin.as_ref(), self.each());
                        verdict.left = Some(left);
                        verdict.right = Some(right);
                        verdict.comparison = Ok(comparison);
                        verdict.points = points;
                        tell_open(&mut verdict, runs.iter().copied());
                    }
                    (Err(e), ..) | (_, Some(Err(e)), _) | (_, _, Err(e)) => verdict.comparison = Err(e),
                    (_, None, _) => verdict.comparison = Err("no right side".into()),
                }
                verdict
            })
            .collect()
    }

    fn rate_side(
        &self,
        scenario: &Scenario,
        configuration: &Configuration<'_>,
        run: &CellRun,
    ) -> Result<SideValue, String> {
        match (&run.outcome, &scenario.variant.work) {
            (CellOutcome::Quantity(rows), Work::Quantity(_)) => {
                let row = rows.first().ok_or("no rows")?;
                left_of_row(&scenario.question.left.combine, row, &|symbol| run.constant(symbol))
            }
            _ => left_side(self.each(), &scenario.question.left, configuration, run, Ground::NextBest),
        }
    }

    fn ordering(&self, scenario: &Scenario, observed: &Observed<'_>) -> Vec<CellVerdict> {
        let curves: Option<Vec<(&String, ConfigurationRuns<'_, '_>)>> =
            scenario.curves.iter().map(|(name, v)| Some((name, observed.of(&scenario.case, v)?))).collect();
        let Some(curves) = curves.filter(|all| !all.is_empty()) else { return Vec::new() };
        // The loader has checked that all curves sweep the same values.
        let count = curves.iter().map(|(_, found)| found.runs.len()).min().unwrap_or(0);
        (0..count)
            .map(|i| {
                let mut verdict = uncompared(scenario, &curves[0].1.runs[i]);
                for ground in [Ground::Strongest, Ground::NextBest] {
                    let side = |name: &String, found: &ConfigurationRuns<'_, '_>| {
                        let left = left_side(
                            self.each(),
                            &scenario.question.left,
                            found.configuration,
                            &found.runs[i],
                            ground,
                        )?;
                        Ok((name.clone(), left))
                    };
                    let sides: Result<Vec<(String, SideValue)>, String> =
                        curves.iter().map(|(name, found)| side(name, found)).collect();
                    let found = sides.and_then(|sides| {
                        compare_order(&sides).ok_or_else(|| "an ordering needs two curves".to_string())
                    });
                    let mut left = None;
                    let found = found.map(|(low, high, comparison): (_, _, Comparison)| {
                        (left, verdict.right) = (Some(low), Some(high));
                        comparison
                    });
                    if !next_best(&mut verdict, left, found) {
                        break;
                    }
                }
                tell_open(&mut verdict, curves.iter().map(|(_, found)| &found.runs[i]));
                verdict
            })
            .collect()
    }
}

/// A cell's verdict before its sides are compared: its name, and the audits of its hypotheses.
#[must_use]
pub(crate) fn uncompared(scenario: &Scenario, run: &CellRun) -> CellVerdict {
    let (audits, loose) = match &run.outcome {
        CellOutcome::Experiment(e) => {
            (e.instance.audit(&scenario.variant, e.estimates.ties), e.instance.loose(&scenario.facts()))
        }
        CellOutcome::Unrun(instance) => (instance.audit(&scenario.variant, Ties::NotSeen), Vec::new()),
        CellOutcome::Quantity(_) => {
            (requirements(&scenario.variant, &|symbol| run.constant(symbol), &|_| None), Vec::new())
        }
    };
    CellVerdict {
        cell: cell_name(scenario, &run.cell),
        audits,
        loose,
        left: None,
        right: None,
        vacuous: false,
        comparison: Err(String::new()),
        replicates: run.experiment().map_or(1, |e| e.estimates.replicates),
        traffic: run.experiment().map(|e| (e.estimates.traffic.calls, e.estimates.traffic.bits())),
        points: Vec::new(),
    }
}

/// Whether a left side without a value may have one with more replicates: nothing but its sample stands in the way.
fn may_see_more(scenario: &Scenario, run: &CellRun) -> bool {
    run.experiment().is_some_and(|e| {
        let lacks = left_lacks(&scenario.question.left, &e.instance).is_some();
        e.estimates.is_sampled() && e.estimates.diverged.0 == 0 && e.undefined.is_none() && !lacks
    })
}

/// The left side of an experiment's cell.
///
/// # Errors
/// A sentence that says why it has none.
pub(crate) fn left_side(
    each: f64,
    left: &Left,
    configuration: &Configuration<'_>,
    run: &CellRun,
    ground: Ground,
) -> Result<SideValue, String> {
    let e = match &run.outcome {
        CellOutcome::Experiment(e) => e,
        CellOutcome::Unrun(instance) => return Err(instance.lacks().unwrap_or("not run").into()),
        CellOutcome::Quantity(_) => return Err("a quantity has no replicates".into()),
    };
    if let Some(why) = left_lacks(left, &e.instance) {
        return Err(why);
    }
    if let Some(why) = &e.undefined {
        return Err(why.clone());
    }
    if let (n @ 1.., Some(step)) = e.estimates.diverged {
        let all = e.estimates.replicates;
        return Err(match e.instance.noise.as_ref().and_then(|noise| noise.where_undefined()) {
            None => format!("diverged: {n} of {all} replicates, the first at step {step}"),
            Some(place) => format!(
                "{n} of {all} replicates, the first before step {step}, came to a gradient {place}; or diverged"
            ),
        });
    }
    let sources = configuration.sources(left)?;
    let constants = |symbol: &Symbol| run.constant(symbol);
    let (deterministic, rough) = (e.estimates.deterministic, e.instance.is_rough());
    let trust = Trust { deterministic, rough, ground, steps: e.instance.horizon, near: e.estimates.near };
    // Every look at the estimates has its part of the cell's level, whether or not it was the last.
    let alpha = bonferroni(each, LOOKS);
    left_of_estimates(left, &sources, &e.estimates, (&e.ranges, &e.sight), &constants, alpha, trust)
}

/// An experiment's cell, at its part of the level.
pub(crate) fn experiment_cell(
    each: f64,
    scenario: &Scenario,
    configuration: &Configuration<'_>,
    run: &CellRun,
) -> CellVerdict {
    let mut verdict = uncompared(scenario, run);
    let constants = |symbol: &Symbol| run.constant(symbol);
    let question = &scenario.question;
    let right = match &question.right {
        Some(right) => right_side(&right.expr, &constants).map_err(|e| format!("the right side: {e}")),
        None => Err("no right side".into()),
    };
    let margin = question.margin.as_ref().map(|m| right_side(&m.expr, &constants)).transpose();
    verdict.right = right.as_ref().ok().cloned();
    verdict.vacuous = vacuous(question, verdict.right.as_ref(), |t| right_side(t, &constants));
    if let Ok((right, margin)) = right.clone().and_then(|r| Ok((r, margin.clone()?)))
        && let Some((left, comparison)) =
            broken_everywhere((each, question, configuration, run), &right, margin.as_ref())
    {
        (verdict.left, verdict.comparison) = (Some(left), Ok(comparison));
        return verdict;
    }
    for ground in [Ground::Strongest, Ground::NextBest] {
        let left = left_side(each, &question.left, configuration, run, ground);
        let side = left.as_ref().ok().cloned();
        let comparison = left.and_then(|l| {
            let (r, m) = (right.clone()?, margin.clone()?);
            Ok(compare(question.relation, &l, &r, m.as_ref()))
        });
        if !next_best(&mut verdict, side, comparison) {
            break;
        }
    }
    tell_open(&mut verdict, [run]);
    verdict
}

/// States why a deterministic run decided nothing, where that is for want of an enclosure.
fn tell_open<'r>(verdict: &mut CellVerdict, runs: impl IntoIterator<Item = &'r CellRun>) {
    if let Ok(comparison) = &mut verdict.comparison
        && comparison.outcome == Outcome::Undecided
        && let Some(open) = runs.into_iter().find_map(|run| run.experiment()?.estimates.open.clone())
    {
        comparison.reason = open;
    }
}

/// Takes the result of one ground of evidence into a verdict, and returns whether the next one may decide more: where
/// the strongest is too wide to decide. An undecided comparison stays beside the reason why there is no other.
fn next_best(verdict: &mut CellVerdict, left: Option<SideValue>, found: Result<Comparison, String>) -> bool {
    match (&mut verdict.comparison, found) {
        (Ok(wide), Err(why)) => {
            if !wide.reason.contains(&why) {
                wide.reason = format!("{}; {why}", wide.reason);
            }
        }
        (comparison, found) => {
            verdict.left = left;
            *comparison = found;
        }
    }
    !verdict.comparison.as_ref().is_ok_and(|c| c.outcome != Outcome::Undecided)
}

/// A random run's bound that is broken wherever the run can go is broken for certain, without a sample. Where there is
/// none, the left side is the value nearest to the right one: the violation is at least that large.
fn broken_everywhere(
    (each, question, configuration, run): (f64, &Question, &Configuration<'_>, &CellRun),
    right: &SideValue,
    margin: Option<&SideValue>,
) -> Option<(SideValue, Comparison)> {
    let estimates = &run.experiment()?.estimates;
    if estimates.deterministic {
        return None;
    }
    let mut left = left_side(each, &question.left, configuration, run, Ground::Everywhere).ok()?;
    if left.exact.is_none() && !estimates.is_sampled() {
        left.point = right.point.clamp(left.interval.low(), left.interval.high());
    }
    let comparison = compare(question.relation, &left, right, margin);
    (comparison.outcome == Outcome::Violated).then_some((left, comparison))
}

/// A quantity's cell: the row nearest to violation stands for all rows.
pub(crate) fn quantity_cell(scenario: &Scenario, run: &CellRun) -> CellVerdict {
    let blank = uncompared(scenario, run);
    let CellOutcome::Quantity(rows) = &run.outcome else { return blank };
    let constants = |symbol: &Symbol| run.constant(symbol);
    let question = &scenario.question;
    let per_row: Vec<CellVerdict> = rows
        .iter()
        .map(|row| {
            let side = |expr: &Expression| left_of_row(expr, row, &constants);
            let mut verdict = blank.clone();
            if rows.len() > 1 {
                verdict.cell.insert("input".into(), row.input.clone().into());
            }
            let left = side(&question.left.combine);
            let right = question.right.as_ref().map_or(Err("no right side".into()), |r| side(&r.expr));
            let margin = question.margin.as_ref().map(|m| side(&m.expr)).transpose();
            verdict.left = left.as_ref().ok().cloned();
            verdict.right = right.as_ref().ok().cloned();
            verdict.vacuous = vacuous(question, verdict.right.as_ref(), side);
            verdict.comparison = left.and_then(|l| Ok(compare(question.relation, &l, &right?, margin?.as_ref())));
            verdict.replicates = rows.len() as u64;
            verdict
        })
        .collect();
    match combine_cells(&per_row) {
        Some(view) => {
            let mut shown = CellVerdict { vacuous: view.vacuous, ..per_row[view.nearest].clone() };
            if let Ok(comparison) = &mut shown.comparison {
                comparison.grade = view.evidence;
            }
            shown
        }
        None => CellVerdict { comparison: Err("the quantity has no row".into()), ..blank },
    }
}

/// Whether the question's trivial bound is as strong as the right side.
fn vacuous(
    question: &Question,
    right: Option<&SideValue>,
    value: impl Fn(&Expression) -> Result<SideValue, String>,
) -> bool {
    let Trivial::Right(trivial) = &question.trivial else { return false };
    let trivial = value(&trivial.expr).ok();
    right.zip(trivial.as_ref()).is_some_and(|(right, trivial)| is_vacuous(question.relation, right, trivial))
}
