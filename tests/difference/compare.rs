//! The program's result beside the second opinion.

use super::file::{Question, questions};
use super::judge::{CellVerdict, judge, together};
use super::number::{Q, V, parse, to_f64};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a comparison found: differences, and how often what was compared.
#[derive(Default)]
pub(crate) struct Report {
    pub differences: Vec<String>,
    pub tally: BTreeMap<String, usize>,
}

impl Report {
    fn count(&mut self, what: impl Into<String>) {
        *self.tally.entry(what.into()).or_default() += 1;
    }

    pub(crate) fn join(&mut self, other: Report) {
        self.differences.extend(other.differences);
        for (k, n) in other.tally {
            *self.tally.entry(k).or_default() += n;
        }
    }
}

/// A message without its numbers, so that messages of one kind fall together.
pub(crate) fn kind(message: &str) -> String {
    let line = message.lines().next().unwrap_or("");
    let plain: String = line.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    plain.chars().take(90).collect()
}

fn number(v: &Value) -> Option<Q> {
    match v {
        Value::String(s) => parse(s),
        Value::Number(n) => parse(&n.to_string()),
        _ => None,
    }
}

/// Whether the cell of the record is this one.
fn same(mine: &CellVerdict, cell: &Value) -> bool {
    let case = mine.case.as_deref();
    cell.get("case").and_then(Value::as_str) == case
        && mine.swept.iter().all(|(name, v)| cell.get(name).and_then(number).as_ref() == v.exact())
}

/// How a side of a record disagrees with a value, if it does. `point` is the key of its estimate.
fn side(record: &Value, point: &str, value: &V, slack: f64, evidence: &str) -> Option<String> {
    let f = value.f64();
    let near = |x: f64, room: f64| (x - f).abs() <= room * f.abs().max(1e-300) + room * 1e-12;
    if let Some(text) = record["exact"].as_str() {
        let theirs = parse(text)?;
        let equal = if slack == 0.0 { value.exact() == Some(&theirs) } else { near(to_f64(&theirs), slack.max(1e-15)) };
        return (!equal).then(|| format!("exactly {text}, and not {}", shown(value)));
    }
    // An end that is no number leaves that side open; with two ends the estimate is a point of the interval and no more.
    let end = |key: &str, open: f64| record.get(key).map(|end| end.as_f64().unwrap_or(open));
    if let (Some(low), Some(high)) = (end("low", f64::NEG_INFINITY), end("high", f64::INFINITY)) {
        let room = slack.max(1e-15) * f.abs() + 1e-300;
        let inside = low - room <= f && f <= high + room;
        return (!inside && evidence != "asymptotic")
            .then(|| format!("within [{low}, {high}] ({evidence}), and not {}", shown(value)));
    }
    let theirs = record[point].as_f64()?;
    (!near(theirs, slack.max(1e-12))).then(|| format!("{theirs}, and not {}", shown(value)))
}

pub(crate) fn shown(v: &V) -> String {
    match v.exact() {
        Some(x) if x.to_string().len() < 80 => x.to_string(),
        _ => format!("{:e}", v.f64()),
    }
}

fn compare_sides(name: &str, mine: &CellVerdict, theirs: &Value, report: &mut Report) {
    let (place, evidence) = (format!("{name}, {}", theirs["cell"]), theirs["evidence"].as_str().unwrap_or(""));
    for (which, point, value) in [("left", "estimate", &mine.left), ("right", "value", &mine.right)] {
        match value {
            Ok(v) => {
                if let Some(how) = side(&theirs[which], point, v, mine.slack, evidence) {
                    report.differences.push(format!("{place}: the {which} side is {how}"));
                }
                let known = theirs[which].get("exact").is_some();
                let what = match (known, v.exact().is_some() && mine.slack == 0.0) {
                    (true, _) => "exact",
                    (false, true) => "not known exactly, though rational",
                    (false, false) => "enclosed",
                };
                report.count(format!("{which} {what}, {evidence}"));
            }
            Err(why) if why.starts_with("undefined") && theirs[which].get("exact").is_some() => {
                report
                    .differences
                    .push(format!("{place}: the {which} side is {}, but it is {why}", theirs[which]["exact"]));
            }
            Err(why) => report.count(format!("{which} not compared: {}", kind(why))),
        }
    }
}

fn compare_cell(name: &str, mine: &CellVerdict, theirs: &Value, relation: &str, report: &mut Report) {
    let place = format!("{name}, {}", theirs["cell"]);
    let (outcome, evidence) = (theirs["outcome"].as_str().unwrap_or(""), theirs["evidence"].as_str().unwrap_or(""));
    let reason = theirs["reason"].as_str().unwrap_or("");
    match &mine.admitted {
        Ok(true) if outcome == "hypothesis-fails" => {
            report.differences.push(format!("{place}: {reason}, but all hypotheses hold"));
            return;
        }
        Ok(false) if outcome == "hypothesis-fails" => return report.count("excluded, both"),
        // A hypothesis that the program does not know excuses nothing and decides nothing against the bound.
        Ok(false) if outcome == "undecided" => return report.count("excluded, and there undecided"),
        Ok(false) => {
            report.differences.push(format!("{place}: {outcome} ({reason}), but a hypothesis fails"));
            return;
        }
        Err(why) => report.count(format!("not audited: {}", kind(why))),
        Ok(true) => {}
    }
    if outcome == "hypothesis-fails" {
        return;
    }
    compare_sides(name, mine, theirs, report);
    match &mine.outcome {
        Ok(o) if *o == outcome => report.count(format!("outcome agrees: {o}, {relation}")),
        Ok(o) if outcome == "undecided" => report.count(format!("undecided for {o}, {evidence}: {}", kind(reason))),
        Ok(o) if evidence == "asymptotic" => report.count(format!("asymptotic {outcome} for {o}")),
        Ok(o) => report.differences.push(format!("{place}: {outcome} ({reason}), and not {o}")),
        Err(_) => {}
    }
    if let (Some(ratio), Ok(l), Ok(r), true) =
        (theirs["ratio"].as_f64(), &mine.left, &mine.right, theirs["left"]["exact"].is_string())
    {
        let mine = if matches!(relation, "lower" | "non-convergence") { r.div(l) } else { l.div(r) };
        if let Ok(m) = mine
            && (m.f64() - ratio).abs() > 1e-9 * ratio.abs().max(1.0)
        {
            report.differences.push(format!("{place}: a ratio of {ratio}, and not {}", m.f64()));
        }
    }
}

fn compare_bound(question: &Question, mine: &[CellVerdict], theirs: &Value, cells: &Value, report: &mut Report) {
    let name = &question.name;
    // `verify --json` has the cell nearest to violation only.
    let Some(cells) = cells.as_array() else {
        match mine.iter().find(|m| same(m, &theirs["cell"])) {
            Some(m) if mine.len() == 1 => compare_cell(name, m, theirs, &question.relation, report),
            Some(m) => compare_sides(name, m, theirs, report),
            None => report.differences.push(format!("{name}: a cell {} that is none", theirs["cell"])),
        }
        return compare_whole(name, mine, theirs, report);
    };
    if cells.len() != mine.len() {
        report.differences.push(format!("{name}: {} cells, and not {}", cells.len(), mine.len()));
        return;
    }
    for m in mine {
        match cells.iter().find(|c| same(m, &c["cell"])) {
            Some(c) => compare_cell(name, m, c, &question.relation, report),
            None => report.differences.push(format!(
                "{name}: no cell {:?} {:?}",
                m.case,
                m.swept.keys().collect::<Vec<_>>()
            )),
        }
    }
    compare_whole(name, mine, theirs, report);
}

fn compare_whole(name: &str, mine: &[CellVerdict], theirs: &Value, report: &mut Report) {
    if theirs["evidence"] != "asymptotic"
        && let (Ok(o), Some(t)) = (together(mine), theirs["outcome"].as_str())
        && o != t
        && t != "undecided"
    {
        report.differences.push(format!("{name}: {t} as a whole, and not {o}"));
    }
}

/// Compares a whole file with the program's result, or with its refusal.
pub(crate) fn compare(file: &toml::Table, theirs: &Result<Value, String>) -> Report {
    let mut report = Report::default();
    let result = match theirs {
        Ok(r) => r,
        Err(why) => {
            report.count(format!("refused: {}", kind(why)));
            return report;
        }
    };
    let mut controls = result["controls"].as_array().into_iter().flatten();
    let bounds = result["bounds"].as_array().cloned().unwrap_or_default();
    for question in questions(file) {
        let mine = match judge(&question) {
            Ok(m) => m,
            Err(why) => {
                report.count(format!("not judged: {}", kind(&why)));
                continue;
            }
        };
        if question.name.starts_with("control of") {
            if result.get("controls").is_none() {
                continue;
            }
            let Some(theirs) = controls.next().and_then(|c| c["outcome"].as_str()) else {
                report.differences.push(format!("{}: not in the result", question.name));
                continue;
            };
            match together(&mine) {
                Ok(o) if o == theirs => report.count("a control agrees"),
                Ok(o) if theirs == "undecided" => report.count(format!("a control undecided for {o}")),
                Ok(o) => report.differences.push(format!("{}: {theirs}, and not {o}", question.name)),
                Err(why) => report.count(format!("control not compared: {}", kind(&why))),
            }
            continue;
        }
        match bounds.iter().find(|b| b["bound"] == *question.name) {
            Some(b) => compare_bound(&question, &mine, b, &result["cells"][&question.name], &mut report),
            None => report.differences.push(format!("{}: not in the result", question.name)),
        }
    }
    report
}

/// What two results of files that mean the same disagree in: outcomes and exact values, bound by bound.
pub(crate) fn alike(how: &str, one: &Result<Value, String>, other: &Result<Value, String>) -> Report {
    let mut report = Report::default();
    let (one, other) = match (one, other) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(_), Err(_)) => {
            report.count("both refused");
            return report;
        }
        (Err(why), Ok(_)) | (Ok(_), Err(why)) => {
            report.differences.push(format!("{how}: one is refused: {why}"));
            return report;
        }
    };
    let empty = Vec::new();
    let bounds = |v: &'_ Value| v["bounds"].as_array().unwrap_or(&empty).clone();
    let (a, b) = (bounds(one), bounds(other));
    if a.len() != b.len() {
        report.differences.push(format!("{how}: {} bounds, and {}", a.len(), b.len()));
    }
    for (a, b) in a.iter().zip(&b) {
        // Chance may decide otherwise where names change, which are part of what streams depend on.
        if a["evidence"] != "exact" || b["evidence"] != "exact" {
            report.count(format!("{how}: not exact"));
            continue;
        }
        // Where no cell meets the hypotheses nothing is decided, and the sides that are shown may be of any evidence.
        let excluded = a["outcome"] == "hypothesis-fails" && b["outcome"] == "hypothesis-fails";
        // A verdict can rest on the range of a left side without its value: which of several such cells is told then
        // follows the points of their samples.
        let ranged = a["left"]["exact"].is_null() || b["left"]["exact"].is_null();
        let same = |side: &str| ranged || a[side]["exact"] == b[side]["exact"];
        let sides = same("left") && same("right");
        // Of cells with the same sides the first is told, which depends on the order of the parameters.
        if a["outcome"] != b["outcome"] || !sides && !excluded {
            let name = a["bound"].as_str().unwrap_or("");
            let tell = |v: &Value| format!("{} {} {} at {}", v["outcome"], v["left"], v["right"], v["cell"]);
            report.differences.push(format!("{how}, {name}: {}, and {}", tell(a), tell(b)));
        } else {
            report.count(format!("{how}: the same"));
        }
    }
    report
}
