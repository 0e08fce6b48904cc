//! What `falsify` reports about a search: its record, and the same in sentences.

use crate::claim::{Bound, Spec};
use crate::results::{NearRecord, SearchOutcome, SearchRecord};
use crate::search::{Candidate, Evaluated, Family, Found};
use crate::verdict::SideValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A right side, or a quotient's inverse, below this is 0 to a reader: a quotient would not show how far a bound is
/// off.
const NEXT_TO_NOTHING: f64 = 1e-30;

/// A record in which nothing was searched yet.
pub(super) fn empty_record(spec: &Spec, bound: &Bound, seed: u64) -> SearchRecord {
    SearchRecord {
        id: spec.id.clone(),
        bound: bound.name.clone(),
        outcome: SearchOutcome::NoneFound,
        ratio: None,
        at: BTreeMap::new(),
        near: None,
        why: None,
        family: Vec::new(),
        seconds_to_first: None,
        seconds: Vec::new(),
        evaluations_to_first: None,
        evaluations: 0,
        met: 0,
        outside: 0,
        skipped: Vec::new(),
        elsewhere: 0,
        sampled: None,
        seed,
        instance: Value::Null,
        shrunk: Value::Null,
        sizes: None,
        sides: None,
        settled: false,
        exhausted: false,
        certificate: None,
        boundary: None,
        first_broken_step: None,
    }
}

/// A record with what a search counted.
pub(super) fn record(spec: &Spec, bound: &Bound, seed: u64, family: &Family, found: &Found) -> SearchRecord {
    SearchRecord {
        family: family.varies(),
        evaluations: found.evaluations,
        met: found.met,
        outside: found.outside,
        skipped: found.skipped.clone(),
        elsewhere: found.elsewhere,
        settled: found.settled,
        exhausted: found.exhausted,
        ..empty_record(spec, bound, seed)
    }
}

/// The instance with the largest ratio, the shrunk one included.
pub(super) fn largest(found: &Found) -> Option<&(Candidate, Evaluated)> {
    let best = found.best.as_ref()?;
    let shrunk = found.shrunk.as_ref().filter(|(_, small)| best.1.certain && quotient(small) > quotient(&best.1));
    Some(shrunk.unwrap_or(best))
}

/// The ratio, where it shows how far the bound is off: of sides that are not negative and not next to 0.
fn quotient(evaluated: &Evaluated) -> Option<f64> {
    let size = |side: &Option<SideValue>| side.as_ref().map(|s| s.point).filter(|p| *p >= 0.0);
    let (left, right) = (size(&evaluated.verdict.left)?, size(&evaluated.verdict.right)?);
    let ratio = evaluated.verdict.comparison.as_ref().ok()?.ratio?;
    let small = left.max(right) < NEXT_TO_NOTHING || ratio > 1.0 / NEXT_TO_NOTHING;
    (ratio.is_finite() && !small).then_some(ratio)
}

/// The ratio of an instance that does not break the bound for certain: at most 1, or none.
fn tightness(evaluated: &Evaluated) -> Result<f64, String> {
    let ratio = quotient(evaluated);
    let above = evaluated.unconfirmed || ratio.is_some_and(|r| r > 1.0);
    match ratio {
        // Both sides are rounded to doubles: what holds for certain is at most 1.
        Some(_) if above && holds(evaluated) => Ok(1.0),
        _ if above => {
            let ratio = ratio.map_or_else(String::new, |r| format!(", at a ratio of {r:.3e}"));
            Err(format!("a sample or doubles put an instance above the bound{ratio}, and nothing exact decides it"))
        }
        Some(ratio) => Ok(ratio),
        None => Err("the sides have no quotient here".into()),
    }
}

fn holds(evaluated: &Evaluated) -> bool {
    use crate::results::{Evidence, Outcome};
    evaluated.verdict.comparison.as_ref().is_ok_and(|c| c.outcome == Outcome::Holds && c.grade <= Evidence::Exact)
}

/// Fills in the largest ratios and where they are attained.
pub(super) fn ratios(record: &mut SearchRecord, found: &Found, family: &Family) {
    let Some((candidate, evaluated)) = largest(found) else { return };
    record.at = family.place(candidate, &evaluated.place);
    if evaluated.certain {
        record.ratio = quotient(evaluated);
        if record.ratio.is_none() {
            record.why = Some("the sides have no quotient here".into());
        }
    } else {
        match tightness(evaluated) {
            Ok(ratio) => record.ratio = Some(ratio),
            Err(why) => record.why = Some(why),
        }
    }
    record.near = found.near.as_ref().and_then(|(candidate, evaluated)| {
        let ratio = if evaluated.certain { quotient(evaluated)? } else { tightness(evaluated).ok()? };
        Some(NearRecord { ratio, at: family.place(candidate, &evaluated.place) })
    });
}

/// A cell of the file that a sample places above the bound.
pub(super) fn sampled(cell: &Evaluated) -> String {
    let parts: Vec<String> = cell.verdict.cell.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let (left, right) = sides(cell);
    let at = if parts.is_empty() { String::new() } else { format!(" at {}", parts.join(", ")) };
    format!("a sample puts the file's own cell{at} above the bound, {left} against {right}; nothing exact decides it")
}

/// Both sides, exact where they are rational.
pub(super) fn sides(evaluated: &Evaluated) -> (String, String) {
    let text = |side: &Option<SideValue>| {
        side.as_ref().map_or_else(
            || "?".into(),
            |s| s.exact.as_ref().map_or_else(|| format!("{:.12}", s.point), ToString::to_string),
        )
    };
    (text(&evaluated.verdict.left), text(&evaluated.verdict.right))
}

fn reasons(counts: &[(String, u64)], most: usize) -> String {
    counts.iter().take(most).map(|(why, n)| format!("{why} ({n})")).collect::<Vec<_>>().join(", ")
}

fn place(at: &BTreeMap<String, f64>) -> String {
    at.iter().map(|(name, value)| format!("{name} = {}", short(*value))).collect::<Vec<_>>().join(", ")
}

/// A number in a line of many.
fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e6).contains(&size) {
        let text = format!("{value:.6}");
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        format!("{value:.3e}")
    }
}

/// What was evaluated, and what was not.
fn counted(record: &SearchRecord, found: &Found) -> String {
    let (met, all, outside) = (record.met, record.evaluations, record.outside);
    let mut text = format!("{met} of {all} instances evaluated");
    if outside > 0 {
        text += &format!("; {outside} outside the hypotheses: {}", reasons(&found.failed, 3));
    }
    if all > met + outside {
        text += &format!("; {} not evaluated: {}", all - met - outside, reasons(&found.refused, 3));
    }
    text
}

/// What is left out of what the file lists.
fn left_out(record: &SearchRecord) -> String {
    let mut text = String::new();
    if !record.skipped.is_empty() {
        let number: u64 = record.skipped.iter().map(|(_, n)| n).sum();
        text +=
            &format!("  skipped, of the instances that the file lists, {number}: {}\n", reasons(&record.skipped, 5));
    }
    if record.elsewhere > 0 {
        text += &format!("  {} of the file's own cells are not in the family that it declares\n", record.elsewhere);
    }
    if let Some(sampled) = &record.sampled {
        text += &format!("  {sampled}\n");
    }
    text
}

/// The report where no instance has a verdict.
pub(super) fn nothing(spec: &Spec, bound: &Bound, record: &mut SearchRecord, found: &Found) -> String {
    let mut why = format!("none of {} instances could be evaluated", found.evaluations);
    let both = [reasons(&found.failed, 3), reasons(&found.refused, 3)];
    why += &format!(": {}", both.into_iter().filter(|r| !r.is_empty()).collect::<Vec<_>>().join("; "));
    let text = format!("{} [{}]: {why}\n{}", spec.id, bound.name, left_out(record));
    record.why = Some(why);
    text
}

/// The largest ratio near the file's cells, and anywhere.
fn largest_ratios(record: &SearchRecord) -> String {
    let anywhere = match (record.ratio, &record.why) {
        (Some(ratio), _) => format!("{ratio:.9}"),
        (None, why) => format!("not known ({})", why.as_deref().unwrap_or("no quotient")),
    };
    let at = if record.at.is_empty() { String::new() } else { format!(" at {}", place(&record.at)) };
    match &record.near {
        Some(near) if record.at == near.at => format!("largest left/right {anywhere}{at}\n"),
        Some(near) => format!(
            "largest left/right {:.9} near the listed cells, at {}\n  farther away: {anywhere},{at}\n",
            near.ratio,
            place(&near.at)
        ),
        None => format!("largest left/right {anywhere}{at}, none near the listed cells\n"),
    }
}

/// The report where nothing was found.
pub(super) fn none_found(spec: &Spec, bound: &Bound, record: &SearchRecord, found: &Found) -> String {
    format!(
        "{} [{}]: no violation found; {}  {}; {}\n{}  {}\n",
        spec.id,
        bound.name,
        largest_ratios(record),
        counted(record, found),
        record.convergence(),
        left_out(record),
        record.instance
    )
}

/// The report of a violation.
pub(super) fn violated(
    spec: &Spec,
    bound: &Bound,
    record: &SearchRecord,
    (worst, small): (&Evaluated, &Evaluated),
    found: &Found,
) -> String {
    let ratio = |w: &Evaluated| quotient(w).map_or_else(|| "no quotient".into(), |r| format!("{r:.9}"));
    let (left, right) = record.sides.clone().unwrap_or_default();
    let mut text = format!(
        "{} [{}]: VIOLATED; largest left/right {} ({})\n{}  smallest instance found, left/right {}:\n",
        spec.id,
        bound.name,
        ratio(worst),
        counted(record, found),
        left_out(record),
        ratio(small)
    );
    if let Value::Object(parts) = &record.shrunk {
        for (name, part) in parts {
            text += &format!("    {name}: {}\n", json!(part));
        }
    }
    let question = bound.scenarios.first().map(|t| (t.question.left_text.clone(), t.question.relation.name()));
    let (left_text, relation) = question.unwrap_or_default();
    text += &format!("  left   {left_text} = {left}\n  right  {} = {right}   ({relation})\n", bound.right_text);
    for audit in small.verdict.hypotheses() {
        let value = if audit.value == audit.name { String::new() } else { format!(": {}", audit.value) };
        text += &format!("  {} holds{value}\n", audit.name);
    }
    if let Some(step) = &record.first_broken_step {
        text += &format!("  of the file's other bounds '{step}' is the first that breaks here too\n");
    }
    if let Some(path) = &record.certificate {
        text += &format!("  certificate: {path}\n");
    }
    text
}
