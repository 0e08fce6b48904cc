//! Searches for the worst instance, on the page.

use super::numbers;
use super::numbers::anchor;
use crate::results::{SearchOutcome, SearchRecord};
use minijinja::context;
use minijinja::value::Value;
use std::collections::BTreeMap;

/// A search in one sentence, with the instance that it found.
pub(super) fn found(search: &SearchRecord) -> Value {
    let (met, all) = (search.met, search.evaluations);
    let ratio = search.ratio.map(|r| format!(", largest left/right {}", numbers::number(r))).unwrap_or_default();
    let sentence = match search.outcome {
        SearchOutcome::Violated => {
            let (left, right) = search.sides.clone().unwrap_or_default();
            let step =
                search.first_broken_step.as_ref().map(|s| format!("; '{s}' breaks there too")).unwrap_or_default();
            format!(
                "broken{ratio}; {met} of {all} instances evaluated; smallest instance, left {left} against {right}{step}:"
            )
        }
        SearchOutcome::NoneFound => {
            let settled = search.convergence();
            let why = search.why.as_ref().map(|w| format!("; {w}")).unwrap_or_default();
            let near = search.near.as_ref().map(|n| format!(" ({} near the listed cells)", numbers::number(n.ratio)));
            let near = near.unwrap_or_default();
            format!("no violation{ratio}{near}{why}; {met} of {all} instances evaluated; {settled}; reached at")
        }
    };
    let instance = if search.shrunk.is_null() { &search.instance } else { &search.shrunk };
    context! { sentence => sentence, instance => (!instance.is_null()).then(|| instance.to_string()) }
}

/// The largest ratio that a search found, and whether it may be larger.
pub(super) fn worst(search: &SearchRecord) -> String {
    let ratio = numbers::optional(search.ratio);
    match (search.evaluations, search.exhausted, search.settled) {
        (0, ..) => "–".into(),
        (_, true, _) => format!("{ratio}, all"),
        (_, _, true) => ratio,
        _ => format!("{ratio}, growing"),
    }
}

/// Seconds to the first violation, one number per seed.
fn seconds(search: &SearchRecord) -> String {
    let one = |s: &Option<f64>| s.map_or_else(|| "–".to_string(), |s| format!("{s:.1}"));
    search.seconds.iter().map(one).collect::<Vec<_>>().join(" / ")
}

/// The table of all searches.
pub(super) fn searched(searches: &BTreeMap<String, Vec<SearchRecord>>) -> Value {
    let row = |s: &SearchRecord| {
        context! {
            id => s.id.as_str(),
            link => anchor(&s.id),
            bound => s.bound.as_str(),
            found => if s.outcome == SearchOutcome::Violated { "✗ violated" } else { "none" },
            ratio => numbers::optional(s.ratio),
            first => s.evaluations_to_first.map_or_else(|| "–".to_string(), |n| n.to_string()),
            seconds => seconds(s),
            evaluations => if s.exhausted { format!("all {}", s.evaluations) } else { s.evaluations.to_string() },
            sizes => s.sizes.map_or_else(|| "–".to_string(), |(a, b)| format!("{a} → {b}")),
        }
    };
    let all = || searches.values().flatten().filter(|s| s.evaluations > 0);
    let violated = all().filter(|s| s.outcome == SearchOutcome::Violated);
    violated.chain(all().filter(|s| s.outcome != SearchOutcome::Violated)).map(row).collect()
}
