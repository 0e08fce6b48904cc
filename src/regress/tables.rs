//! A comparison as tables: for a terminal, for a pull request.

use super::entry::number;
use super::{Change, Comparison, Method, Status, Value};
use crate::results::markdown_cell;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Rows of a pull request's table; the rest is counted.
const MOST_ROWS: usize = 50;
/// Rows of differing entries on a terminal; the rest is counted.
const MOST_LINES: usize = 200;

fn word(status: Status) -> &'static str {
    match status {
        Status::Moved => "moved",
        Status::New => "new",
        Status::Gone => "gone",
        Status::Undecided => "undecided",
        Status::Same => "same",
    }
}

fn value_text(value: Option<&Value>) -> String {
    value.map_or_else(|| "–".into(), Value::text)
}

/// `0.012 (3.4 %)`.
fn detectable(change: &Change) -> String {
    match (change.detectable(), change.relative()) {
        _ if change.tested.is_none() && change.is_powerless() && change.detectable().is_none() => "nothing".into(),
        (Some(0.0), _) => "any".into(),
        (Some(d), Some(r)) => format!("{} ({} %)", number(d), number(100.0 * r)),
        (Some(d), None) => number(d),
        (None, _) => "unknown".into(),
    }
}

/// One sentence on the whole.
fn summary(found: &Comparison) -> String {
    let c = found.counts();
    let mut text = format!(
        "{} entries: {} moved, {} new, {} gone, {} undecided, {} the same; {} without power",
        found.changes.len(),
        c.moved,
        c.new,
        c.gone,
        c.undecided,
        c.same,
        c.powerless
    );
    let by = |method| {
        let tested = found.changes.iter().filter_map(|c| c.tested);
        tested.filter(|t| t.method == method).count()
    };
    let _ = write!(
        text,
        ". A run on unchanged code gives an alarm with probability at most {} ({} tests valid for every number of replicates, {} asymptotic ones).",
        number(found.false_alarm),
        by(Method::FiniteSample) + by(Method::Permutation),
        by(Method::Asymptotic)
    );
    text
}

/// What to do about it.
fn remedy(found: &Comparison) -> Option<String> {
    let c = found.counts();
    if c.moved + c.new + c.gone > 0 {
        return Some("If this is meant, record it: signcheck regress --update".into());
    }
    (c.undecided > 0)
        .then(|| "What is undecided may be chance: run again with another --seed, or with --budget 4".into())
}

fn table(heads: &[&str], width: u16) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().top_border(rule).header_separator(rule).bottom_border(rule));
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(heads.to_vec());
    table
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// The entries that differ: old value, new value, why.
#[must_use]
pub(crate) fn changes(found: &Comparison, width: u16) -> String {
    let mut rows = table(&["claim", "entry", "what", "before", "now", "why"], width);
    let mut differing: Vec<&Change> = found.differing().collect();
    differing.sort_by_key(|c| c.status);
    for c in differing.iter().take(MOST_LINES) {
        let why = if matches!(c.status, Status::New | Status::Gone) { "" } else { c.reason.as_str() };
        let (old, new) = (value_text(c.old.as_ref()), value_text(c.new.as_ref()));
        rows.add_row([c.claim.as_str(), &c.name(), word(c.status), &old, &new, why]);
    }
    match differing.len() {
        0 => String::new(),
        n if n > MOST_LINES => format!("{rows}\nand {} more\n", n - MOST_LINES),
        _ => format!("{rows}\n"),
    }
}

/// For a terminal: the smallest changes that the checks detect, what differs, and a summary.
///
/// `all` lists every sampled entry with its smallest detectable change; entries without noise see any change.
#[must_use]
pub(crate) fn terminal(found: &Comparison, all: bool, width: u16) -> String {
    let mut out = String::new();
    if all {
        let mut rows = table(&["claim", "entry", "value", "detects", "test", "power"], width);
        align_right(&mut rows, 3);
        for c in &found.changes {
            let method = match c.tested.map(|tested| tested.method) {
                Some(Method::FiniteSample) => "finite-sample",
                Some(Method::Asymptotic) => "asymptotic",
                Some(Method::Permutation) => "no spread",
                None if c.old.as_ref().or(c.new.as_ref()).is_some_and(Value::is_blind) => "no interval",
                None => continue,
            };
            let power = if c.is_powerless() { "none" } else { "" };
            let value = value_text(c.old.as_ref());
            rows.add_row([c.claim.as_str(), &c.name(), &value, &detectable(c), method, power]);
        }
        let _ = writeln!(out, "{rows}\n`detects`: the smallest change that is detected with probability 0.99.\n");
    }
    out += &per_claim(found, width);
    out += &changes(found, width);
    for id in &found.edited {
        let _ = writeln!(out, "{id}: the claim file has changed since the baseline was recorded.");
    }
    let _ = writeln!(out, "{}", summary(found));
    if let Some(remedy) = remedy(found) {
        let _ = writeln!(out, "{remedy}");
    }
    out
}

/// One row per claim: entries without noise, sampled ones, and the range of their smallest detectable changes.
fn per_claim(found: &Comparison, width: u16) -> String {
    let mut claims: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in &found.changes {
        claims.entry(&change.claim).or_default().push(change);
    }
    let mut rows =
        table(&["claim", "without noise", "sampled", "detects from", "to", "without power", "not the same"], width);
    for i in 1..7 {
        align_right(&mut rows, i);
    }
    for (id, changes) in claims {
        let sampled: Vec<&&Change> = changes.iter().filter(|c| c.tested.is_some()).collect();
        let mut seen: Vec<f64> = sampled.iter().filter_map(|c| c.relative()).collect();
        seen.sort_by(f64::total_cmp);
        let percent = |v: Option<&f64>| v.map_or_else(String::new, |v| format!("{} %", number(100.0 * v)));
        let count = |n: usize| if n == 0 { String::new() } else { n.to_string() };
        rows.add_row([
            id.to_string(),
            count(changes.len() - sampled.len()),
            count(sampled.len()),
            percent(seen.first()),
            percent(seen.last()),
            count(changes.iter().filter(|c| c.is_powerless()).count()),
            count(changes.iter().filter(|c| c.status != Status::Same).count()),
        ]);
    }
    format!("{rows}\n")
}

/// For a comment on a pull request.
#[must_use]
pub(crate) fn markdown(found: &Comparison) -> String {
    let counts = found.counts();
    let head = if counts.moved + counts.new + counts.gone > 0 {
        "something moved"
    } else if counts.undecided > 0 {
        "something is undecided"
    } else {
        "nothing moved"
    };
    let mut out = format!("### signcheck regress: {head}\n\n{}\n", summary(found));
    let mut differing: Vec<&Change> = found.differing().collect();
    differing.sort_by_key(|c| c.status);
    if !differing.is_empty() {
        out += "\n| claim | entry | what | before | now | why |\n| --- | --- | --- | --- | --- | --- |\n";
    }
    for c in differing.iter().take(MOST_ROWS) {
        let (old, new) = (value_text(c.old.as_ref()), value_text(c.new.as_ref()));
        let cells = [&c.claim, &c.name(), &word(c.status).to_string(), &old, &new, &c.reason].map(|s| markdown_cell(s));
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    if differing.len() > MOST_ROWS {
        let _ = writeln!(out, "\nand {} more.", differing.len() - MOST_ROWS);
    }
    if let Some(remedy) = remedy(found) {
        let _ = writeln!(out, "\n{remedy}");
    }
    let mut weak: Vec<&Change> = found.changes.iter().filter(|c| c.is_powerless()).collect();
    weak.sort_by(|a, b| {
        a.relative().unwrap_or(f64::INFINITY).total_cmp(&b.relative().unwrap_or(f64::INFINITY)).reverse()
    });
    if !weak.is_empty() {
        let _ = write!(out, "\n<details><summary>{} checks without power</summary>\n\n", weak.len());
        out += "| claim | entry | value | smallest change that is detected |\n| --- | --- | --- | --- |\n";
        for c in weak.iter().take(MOST_ROWS) {
            let cells = [&c.claim, &c.name(), &value_text(c.old.as_ref()), &detectable(c)].map(|s| markdown_cell(s));
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out += "\n</details>\n";
    }
    out
}
