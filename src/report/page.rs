//! The page: records become template values here, the template arranges them.

use super::assumptions::assumptions;
use super::math::Converter;
use super::numbers::anchor;
use super::searches::{found, searched, worst};
use super::{ReportError, numbers};
use crate::results::{
    ASYMPTOTIC_LEVEL, BoundRecord, ControlRecord, DataRecord, Expectation, Ledger, Picture, ResultFile, SearchRecord,
    TableRecord,
};
use minijinja::value::Value;
use minijinja::{Environment, UndefinedBehavior, context};
use std::collections::{BTreeMap, BTreeSet};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("filter.js");

/// Builds `results/report.html`: one file with everything in it.
///
/// `svgs` holds the drawn figures by `<paper>/<picture name>`; a figure that is missing there is named on the page with
/// its caption. `searches` are those of `falsify`, by claim. All texts of the results are escaped; statements become
/// MathML, or stay as written where the converter does not know their LaTeX.
///
/// # Errors
/// [`ReportError::Template`], which only a defect of the template causes.
pub(crate) fn page(
    results: &[ResultFile],
    ledger: &Ledger,
    svgs: &BTreeMap<String, String>,
    searches: &BTreeMap<String, Vec<SearchRecord>>,
) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The name ends in .html: that switches escaping on.
    environment.add_template("page.html", TEMPLATE)?;
    let converter = Converter::new();
    let known: BTreeMap<&str, &ResultFile> = results.iter().map(|r| (r.id.as_str(), r)).collect();
    let papers: BTreeSet<&str> =
        ledger.claims.iter().map(|c| paper(&c.id)).chain(results.iter().map(|r| r.source.paper.as_str())).collect();
    let tally = ledger.tally();
    let values = context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        version => results.first().map(|r| r.provenance.version.as_str()),
        level => numbers::number(ledger.level),
        claims => results.len(),
        papers => Value::from_iter(papers),
        tally => context! {
            bounds => ledger.claims.len(),
            holds => tally.holds,
            violated => tally.violated,
            undecided => tally.undecided,
            hypothesis_fails => tally.hypothesis_fails,
            planted => tally.planted,
            caught => tally.caught,
            unexpected => tally.unexpected,
        },
        rows => ledger.claims.iter().map(|c| row(c, known.get(c.id.as_str()).copied(), searches.get(&c.id))).collect::<Value>(),
        sections => results.iter().map(|r| section(r, &converter, svgs, searches.get(&r.id))).collect::<Value>(),
        searched => searched(searches),
        needs => assumptions(results).iter().map(table).collect::<Value>(),
    };
    Ok(environment.get_template("page.html")?.render(values)?)
}

/// The paper's key in a claim's id.
fn paper(id: &str) -> &str {
    id.split_once('/').map_or(id, |(paper, _)| paper)
}

/// What the ledger's table and the claim's section both show of a bound.
fn verdict(bound: &BoundRecord) -> Value {
    context! {
        bound => bound.bound.as_str(),
        outcome => numbers::outcome(bound.outcome),
        sign => numbers::sign(bound.outcome),
        left => numbers::left(&bound.left),
        right => numbers::right(&bound.right),
        ratio => numbers::optional(bound.ratio),
        evidence => numbers::evidence(bound.evidence),
        controls => numbers::controls(bound),
        missed => bound.controls.caught < bound.controls.planted,
        as_expected => bound.as_expected,
        expect => numbers::outcome(bound.expect),
        vacuous => bound.vacuous,
    }
}

/// A bound's search among those of its claim.
fn of_bound<'s>(searches: Option<&'s Vec<SearchRecord>>, name: &str) -> Option<&'s SearchRecord> {
    searches?.iter().find(|s| s.bound == name)
}

fn row(bound: &BoundRecord, result: Option<&ResultFile>, searches: Option<&Vec<SearchRecord>>) -> Value {
    let title = result.map(|r| r.title.as_str());
    context! {
        id => bound.id.as_str(),
        paper => paper(&bound.id),
        link => result.map(|_| anchor(&bound.id)),
        worst => of_bound(searches, &bound.bound).map(worst),
        title => title,
        search => format!("{} {} {} {}", bound.id, title.unwrap_or(""), bound.bound, bound.reason).to_lowercase(),
        ..verdict(bound)
    }
}

fn section(
    result: &ResultFile,
    converter: &Converter,
    svgs: &BTreeMap<String, String>,
    searches: Option<&Vec<SearchRecord>>,
) -> Value {
    let bounds = result.bounds.iter().map(|b| detail(b, result.rights.get(&b.bound), of_bound(searches, &b.bound)));
    context! {
        id => result.id.as_str(),
        anchor => anchor(&result.id),
        title => result.title.as_str(),
        paper => result.source.paper.as_str(),
        place => result.source.place.as_str(),
        latex => result.statement.trim(),
        mathml => converter.block(&result.statement).map(Value::from_safe_string),
        relation => result.relation.as_str(),
        left => result.left.as_str(),
        bounds => bounds.collect::<Value>(),
        hypotheses => hypotheses(result),
        controls => result.controls.iter().map(control).collect::<Value>(),
        tables => result.tables.iter().chain(&data_files(result)).map(table).collect::<Value>(),
        notes => Value::from_iter(result.notes.iter().map(String::as_str)),
        figures => result.figures.iter().map(|f| figure(f, &result.source.paper, svgs)).collect::<Value>(),
        command => format!("signcheck {} {}", if result.bounds.is_empty() { "reproduce" } else { "verify" }, result.id),
        provenance => provenance(result),
    }
}

/// A bound in full.
fn detail(bound: &BoundRecord, right: Option<&(String, Expectation)>, search: Option<&SearchRecord>) -> Value {
    context! {
        search => search.filter(|s| s.evaluations > 0).map(found),
        written => right.map(|(written, _)| written.as_str()),
        why => right.map(|(_, expectation)| expectation.why.trim()).filter(|why| !why.is_empty()),
        reason => bound.reason.as_str(),
        interval => numbers::interval(&bound.left),
        left_exact => numbers::fraction(bound.left.exact.as_ref()),
        right_exact => numbers::fraction(bound.right.exact.as_ref()),
        level => bound.level.map_or_else(|| ASYMPTOTIC_LEVEL.into(), numbers::number),
        replicates => bound.replicates,
        cell => numbers::cell(&bound.cell),
        cells => bound.cells,
        units => numbers::units(bound.units),
        ..verdict(bound)
    }
}

/// The hypotheses of all bounds; those that several bounds share once.
fn hypotheses(result: &ResultFile) -> Value {
    let mut seen = Vec::new();
    for hypothesis in result.bounds.iter().flat_map(|b| &b.hypotheses) {
        if !seen.contains(&hypothesis) {
            seen.push(hypothesis);
        }
    }
    let one = |h: &crate::results::HypothesisRecord| {
        context! {
            name => h.name.as_str(),
            holds => match h.holds { Some(true) => "yes", Some(false) => "no", None => "unknown" },
            value => h.value.as_str(),
            provenance => h.provenance.as_str(),
        }
    };
    seen.into_iter().map(one).collect()
}

fn control(control: &ControlRecord) -> Value {
    context! {
        bound => control.bound.as_str(),
        change => change(&control.change),
        expect => numbers::outcome(control.expect),
        outcome => numbers::outcome(control.outcome),
        caught => control.caught,
        ratio => numbers::optional(control.ratio),
    }
}

/// A planted change as `key = value` pairs.
fn change(change: &serde_json::Value) -> String {
    let shown = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match change {
        serde_json::Value::Object(map) => {
            map.iter().map(|(key, value)| format!("{key} = {}", shown(value))).collect::<Vec<_>>().join(", ")
        }
        other => shown(other),
    }
}

fn table(table: &TableRecord) -> Value {
    let line = |cells: &Vec<String>| Value::from_iter(cells.iter().map(String::as_str));
    context! {
        title => table.title.as_str(),
        // One of many workers is looked at in a window of its own.
        tall => table.rows.len() > 20,
        columns => line(&table.columns),
        rows => table.rows.iter().map(line).collect::<Value>(),
    }
}

/// The data files that a result rests on, where there are some.
fn data_files(result: &ResultFile) -> Option<TableRecord> {
    let data = &result.provenance.data;
    let line = |d: &DataRecord| {
        vec![d.set.clone(), d.file.clone(), d.entries.to_string(), d.bytes.to_string(), d.sha256.clone()]
    };
    (!data.is_empty()).then(|| TableRecord {
        title: "Data files".into(),
        columns: ["Set", "File", "Images, labels or rows", "Bytes", "SHA-256"].map(Into::into).to_vec(),
        rows: data.iter().map(line).collect(),
    })
}

fn figure(picture: &Picture, paper: &str, svgs: &BTreeMap<String, String>) -> Value {
    let name = format!("{paper}/{}", picture.name);
    // Inline SVG is markup: nothing but a drawing may enter here.
    let svg = svgs.get(&name).filter(|svg| svg.trim_start().starts_with("<svg") && !svg.contains("<script"));
    context! {
        svg => svg.map(|svg| Value::from_safe_string(svg.clone())),
        caption => if picture.caption.is_empty() { picture.title.as_str() } else { picture.caption.as_str() },
        name => name,
    }
}

fn provenance(result: &ResultFile) -> String {
    let p = &result.provenance;
    let hash: String = p.spec_hash.chars().take(12).collect();
    format!(
        "version {}, profile {}, seed {}, generator {}, claim file {hash}",
        p.version, p.profile, p.seed, p.generator
    )
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    fn svgs(results: &[ResultFile]) -> BTreeMap<String, String> {
        let drawn = |r: &ResultFile| {
            let paper = r.source.paper.clone();
            let draw =
                move |f: &Picture| (format!("{paper}/{}", f.name), format!("<svg data-name=\"{}\"></svg>", f.name));
            r.figures.iter().map(draw).collect::<Vec<_>>()
        };
        results.iter().flat_map(drawn).collect()
    }

    #[test]
    fn every_claim_has_a_row_and_a_section() {
        let (results, ledger) = fixtures::all();
        let html = page(&results, &ledger, &svgs(&results), &BTreeMap::new()).unwrap();
        for result in &results {
            assert!(html.contains(&format!("id=\"{}\"", anchor(&result.id))), "{}", result.id);
            for figure in &result.figures {
                assert!(html.contains(&format!("data-name=\"{}\"", figure.name)));
            }
        }
        assert_eq!(html.matches("<tr data-paper=").count(), ledger.claims.len());
        // What the script's filter compares with.
        assert_eq!(html.matches("data-expected=\"no\"").count(), ledger.tally().unexpected);
        assert!(
            html.contains("signcheck verify bernstein2018&#x2f;theorem-1")
                || html.contains("signcheck verify bernstein2018/theorem-1")
        );
    }

    #[test]
    fn nothing_is_fetched_and_user_text_is_escaped() {
        let (results, ledger) = fixtures::all();
        let html = page(&results, &ledger, &BTreeMap::new(), &BTreeMap::new()).unwrap();
        assert!(!html.contains("<img src=x"), "text of a result became markup");
        assert!(html.contains("&lt;img src=x"));
        for outside in ["src=\"http", "href=\"http", "url(", "@import", "<link"] {
            assert!(!html.contains(outside), "{outside}");
        }
    }

    #[test]
    fn unreadable_statements_stay_as_written_and_missing_figures_are_named() {
        let (results, ledger) = fixtures::all();
        let html = page(&results, &ledger, &BTreeMap::new(), &BTreeMap::new()).unwrap();
        assert!(html.contains(r"<code>\nosuchcommand{x}</code>"));
        assert!(html.contains("<math"));
        assert!(html.contains("is not drawn yet"));
    }

    #[test]
    fn data_files_stand_beside_their_claim() {
        let (mut results, ledger) = fixtures::all();
        let without = page(&results, &ledger, &BTreeMap::new(), &BTreeMap::new()).unwrap();
        assert!(!without.contains("Data files"));
        results[1].provenance.data.push(DataRecord {
            set: "IDX, <i>training</i> set".into(),
            file: "train-images-idx3-ubyte.gz".into(),
            sha256: "f00d".repeat(16),
            content_sha256: None,
            bytes: 9_912_422,
            entries: 60_000,
        });
        let html = page(&results, &ledger, &BTreeMap::new(), &BTreeMap::new()).unwrap();
        let (before, after) = html.split_once("<caption>Data files</caption>").unwrap();
        // In the section of its claim: the last one that begins before the table.
        let section = before.rsplit_once("<section ").unwrap().1;
        assert!(section.contains(&format!("id=\"{}\"", anchor(&results[1].id))), "{section}");
        for cell in ["train-images-idx3-ubyte.gz", "9912422", "60000", &"f00d".repeat(16)] {
            assert!(after.contains(&format!("<td>{cell}</td>")), "{cell}");
        }
        assert!(!html.contains("<i>training</i>"));
    }

    #[test]
    fn no_results_are_a_page_too() {
        let html = page(&[], &Ledger::new(&[]), &BTreeMap::new(), &BTreeMap::new()).unwrap();
        assert!(html.contains("No results yet"));
    }

    #[test]
    fn figures_that_are_not_drawings_are_left_out() {
        let (results, ledger) = fixtures::all();
        let sly = svgs(&results).into_keys().map(|k| (k, "<svg><script>1</script></svg>".to_owned())).collect();
        let html = page(&results, &ledger, &sly, &BTreeMap::new()).unwrap();
        assert_eq!(html.matches("<script").count(), 1);
    }

    /// For visual inspection: written to the system's temporary folder.
    #[test]
    #[ignore = "writes files to look at"]
    fn writes_the_page() {
        let (results, ledger) = fixtures::all();
        let drawn = results.iter().flat_map(|r| r.figures.iter().map(move |f| (r, f)));
        let svgs = drawn
            .map(|(r, f)| (format!("{}/{}", r.source.paper, f.name), crate::figure::render_svg(f).unwrap()))
            .collect();
        let path = std::env::temp_dir().join("signcheck-report.html");
        std::fs::write(path, page(&results, &ledger, &svgs, &BTreeMap::new()).unwrap()).unwrap();
    }
}
