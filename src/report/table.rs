//! The ledger as text, and the curves of figures as rows.

use super::numbers;
use crate::results::{BoundRecord, Layer, Ledger, Outcome, ResultFile, markdown_cell};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};
use std::fmt::Write;

const HEADS: [&str; 8] = ["claim", "bound", "outcome", "left vs right", "ratio", "evidence", "controls", "expected"];

/// A bound's cells, in the order of [`HEADS`], without the sign before the outcome.
fn cells(bound: &BoundRecord) -> [String; 8] {
    let (left, right) = (numbers::left(&bound.left), numbers::right(&bound.right));
    let neither = bound.left.estimate.is_none() && bound.right.value.is_none();
    [
        bound.id.clone(),
        bound.bound.clone(),
        outcome(bound),
        if neither && left == right { left } else { format!("{left} vs {right}") },
        numbers::optional(bound.ratio),
        numbers::evidence(bound.evidence).to_owned(),
        numbers::controls(bound),
        numbers::expected(bound),
    ]
}

/// The outcome, and whether its reason qualifies it.
fn outcome(bound: &BoundRecord) -> String {
    let plain = numbers::outcome(bound.outcome);
    match bound.outcome {
        Outcome::Holds if bound.has_caveats() => format!("{plain}, with a caveat"),
        _ => plain.to_owned(),
    }
}

/// The counts of a ledger in a sentence.
fn summary(ledger: &Ledger) -> String {
    let t = ledger.tally();
    format!(
        "{} {}: {} {}, {} violated, {} undecided, {} outside their hypotheses; controls caught {}/{}; {} not as expected; level {}",
        ledger.claims.len(),
        if ledger.claims.len() == 1 { "bound" } else { "bounds" },
        t.holds,
        if t.holds == 1 { "holds" } else { "hold" },
        t.violated,
        t.undecided,
        t.hypothesis_fails,
        t.caught,
        t.planted,
        t.unexpected,
        numbers::number(ledger.level)
    )
}

/// The ledger as a Markdown table.
#[must_use]
pub(crate) fn markdown(ledger: &Ledger) -> String {
    let mut out = format!("| {} |\n| --- | --- | --- | --- | ---: | --- | ---: | --- |\n", HEADS.join(" | "));
    for bound in &ledger.claims {
        let cells = cells(bound).map(|cell| markdown_cell(&cell));
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    let _ = writeln!(out, "\n{}.", summary(ledger));
    out
}

/// The ledger as a LaTeX `longtable` (packages `longtable`, `booktabs`).
#[must_use]
pub(crate) fn latex(ledger: &Ledger) -> String {
    let mut out = String::from("% \\usepackage{longtable,booktabs}\n\\begin{longtable}{lllrrlrl}\n\\toprule\n");
    let _ = writeln!(out, "{} \\\\\n\\midrule\n\\endhead", HEADS.join(" & "));
    for bound in &ledger.claims {
        let cells = cells(bound).map(|cell| latex_text(&cell));
        let _ = writeln!(out, "{} \\\\", cells.join(" & "));
    }
    let _ = writeln!(out, "\\bottomrule\n\\end{{longtable}}\n\n{}.", latex_text(&summary(ledger)));
    out
}

/// Text that LaTeX prints as it stands.
fn latex_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '–' => out.push_str("--"),
            '−' => out.push_str("$-$"),
            '∞' => out.push_str("$\\infty$"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The ledger as a table for a terminal `width` columns wide, with a closing line of counts.
///
/// Colours are added only on request; the signs before the outcomes carry the same information. Where eight columns do
/// not fit, the same cells are stacked in five.
#[must_use]
pub(crate) fn terminal(ledger: &Ledger, colour: bool, width: u16) -> String {
    let mut table = Table::new();
    // Rules above, below the heads and below: with one line per bound no more are needed.
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().top_border(rule).header_separator(rule).bottom_border(rule));
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(40));
    let rows = ledger.claims.iter().map(|bound| {
        let mut cells = cells(bound).map(|cell| cell.replace(char::is_control, " "));
        cells[2] = format!("{} {}", numbers::sign(bound.outcome), cells[2]);
        if !bound.as_expected {
            cells[7] = format!("! {}", cells[7]);
        }
        cells
    });
    let rows: Vec<[String; 8]> = rows.collect();
    let longest = |i: usize| rows.iter().map(|r| r[i].chars().count()).chain([HEADS[i].len()]).max().unwrap_or(0);
    // Two blanks beside every cell.
    let natural: usize = (0..HEADS.len()).map(|i| longest(i) + 2).sum();
    let (outcome, ratio) = if natural <= usize::from(width) {
        table.set_header(HEADS).add_rows(rows);
        (2, 4)
    } else {
        table.set_header(stacked(HEADS.map(str::to_owned))).add_rows(rows.into_iter().map(stacked));
        (1, 3)
    };
    if let Some(column) = table.column_mut(ratio) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    // The outcome is what the eye looks for: it does not break on a terminal that has room for it.
    if width >= 80
        && let Some(column) = table.column_mut(outcome)
    {
        let longest = ledger.claims.iter().map(|b| numbers::outcome(b.outcome).len()).max().unwrap_or(0);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(longest as u16 + 4)));
    }
    let plain = format!("{table}\n{}\n", summary(ledger));
    if colour { coloured(&plain) } else { plain }
}

/// Eight cells in five columns: the claim over its bound, the outcome over its expectation, the evidence over the
/// controls.
fn stacked([claim, bound, outcome, sides, ratio, evidence, controls, expected]: [String; 8]) -> [String; 5] {
    [
        format!("{}\n  {bound}", claim.replace('/', "/\n  ")),
        format!("{outcome}\n  {expected}"),
        sides.replace(" vs ", "\nvs "),
        ratio,
        format!("{evidence}\n{controls}"),
    ]
}

/// Colours outcomes in a finished table: escape codes inside cells would count as width.
fn coloured(table: &str) -> String {
    let paint = |code: &str, text: &str| format!("\u{1b}[{code}m{text}\u{1b}[0m");
    let mut out = table.to_owned();
    for (outcome, code) in [
        (Outcome::Holds, "32"),
        (Outcome::Violated, "31"),
        (Outcome::Undecided, "33"),
        (Outcome::HypothesisFails, "36"),
    ] {
        let whole = format!("{} {}", numbers::sign(outcome), numbers::outcome(outcome));
        out = out.replace(&whole, &paint(code, &whole));
    }
    for outcome in ["holds", "violated", "undecided", "hypothesis-fails"] {
        let alarm = format!("! no: {outcome}");
        out = out.replace(&alarm, &paint("1;31", &alarm));
    }
    out
}

/// Every layer of every picture as rows `figure,panel,layer,label,x,y,low,high`.
///
/// Panels and layers count from 1. A band has no y. A contour layer gives its grid, with the value under `y` and the
/// row's position under `low`. Arrows give their ends under `low` (x) and `high` (y). Bars give their edges under `low`
/// and `high` and their middle under `x`. Gaps are empty.
#[must_use]
pub(crate) fn csv_curves(result: &ResultFile) -> String {
    let mut out = String::from("figure,panel,layer,label,x,y,low,high\n");
    for picture in &result.figures {
        for (p, panel) in picture.panels.iter().enumerate() {
            for (l, layer) in panel.layers.iter().enumerate() {
                let (label, rows) = rows(layer);
                for row in rows {
                    let values = row.map(|v| v.filter(|v| v.is_finite()).map_or(String::new(), |v| v.to_string()));
                    let (figure, label) = (quoted(&picture.name), quoted(label));
                    let _ = writeln!(out, "{figure},{},{},{label},{}", p + 1, l + 1, values.join(","));
                }
            }
        }
    }
    out
}

/// Label, then x, y, low, high.
fn rows(layer: &Layer) -> (&str, Vec<[Option<f64>; 4]>) {
    let at = |column: &[Option<f64>], i: usize| column.get(i).copied().flatten();
    let pair = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| [Some(*x), Some(*y), None, None]).collect();
    match layer {
        Layer::Line { label, x, y, .. } => {
            (label, x.iter().enumerate().map(|(i, x)| [Some(*x), at(y, i), None, None]).collect())
        }
        Layer::Band { label, x, low, high, .. } => {
            (label, x.iter().enumerate().map(|(i, x)| [Some(*x), None, at(low, i), at(high, i)]).collect())
        }
        Layer::Points { label, x, y, low, high, .. } => {
            (label, x.iter().enumerate().map(|(i, x)| [Some(*x), at(y, i), at(low, i), at(high, i)]).collect())
        }
        Layer::Path { label, x, y, .. } => (label, pair(x, y)),
        Layer::Arrows { label, x, y, dx, dy, .. } => {
            let ends = x.iter().zip(y).zip(dx.iter().zip(dy));
            (label, ends.map(|((x, y), (dx, dy))| [*x, *y, x + dx, y + dy].map(Some)).collect())
        }
        Layer::Contours { x, y, z, .. } => {
            let line = |(y, z): (&f64, &Vec<f64>)| {
                let y = *y;
                x.iter().zip(z).map(move |(x, z)| [Some(*x), Some(*z), Some(y), None]).collect::<Vec<_>>()
            };
            ("", y.iter().zip(z).flat_map(line).collect())
        }
        // Corners only: a table of pixels is of no use.
        Layer::Pixels { x, y, .. } => ("", pair(x, y)),
        Layer::Bars { label, edges, heights, .. } => {
            let bars = edges.windows(2).zip(heights);
            (label, bars.map(|(e, h)| [f64::midpoint(e[0], e[1]), *h, e[0], e[1]].map(Some)).collect())
        }
    }
}

/// A CSV field, quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn the_ledger_as_markdown() {
        insta::assert_snapshot!(markdown(&fixtures::all().1));
    }

    #[test]
    fn the_ledger_as_latex() {
        insta::assert_snapshot!(latex(&fixtures::all().1));
    }

    #[test]
    fn the_ledger_on_a_terminal() {
        insta::assert_snapshot!(terminal(&fixtures::all().1, false, 140));
    }

    #[test]
    fn the_ledger_on_a_narrow_terminal() {
        let text = terminal(&fixtures::all().1, false, 80);
        insta::assert_snapshot!(text);
        assert!(text.lines().rev().skip(1).all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn the_ledger_in_colour() {
        let (_, ledger) = fixtures::all();
        let text = terminal(&ledger, true, 140);
        assert!(text.contains("\u{1b}[32m✓ holds\u{1b}[0m") && text.contains("\u{1b}[31m✗ violated\u{1b}[0m"));
        let bare =
            ["32", "31", "33", "36", "1;31", "0"].iter().fold(text, |t, c| t.replace(&format!("\u{1b}[{c}m"), ""));
        assert_eq!(bare, terminal(&ledger, false, 140));
    }

    #[test]
    fn the_curves_of_a_result() {
        insta::assert_snapshot!(csv_curves(&fixtures::all().0[0]));
    }
}
