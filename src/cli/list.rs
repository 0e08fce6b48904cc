//! `list` and `show`.

use super::Exit;
use super::common::{load_all, print, print_json, resolve};
use crate::claim::Work;
use crate::model::{FACTS, HYPOTHESES, QuantityEntry, Registry, STATISTICS};
use crate::results::{ResultFile, read_result};
use crate::run::Catalog;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Lists claims and the parts that claim files may name.
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck list --parts")]
pub(super) struct List {
    /// Only claims whose id contains this text
    filter: Option<String>,
    /// Also problems, noise laws, algorithms, compressors, quantities with their outputs, statistics, facts and
    /// hypotheses
    #[arg(long)]
    parts: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Shows one claim in full.
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck show bernstein2018/theorem-1")]
pub(super) struct Show {
    /// Claim id or file
    claim: String,
    /// Folder with results/, for the last verdict
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self) -> Result<Exit> {
        let registry = Registry::standard();
        let mut claims = Catalog::all();
        if let Some(filter) = &self.filter {
            claims.retain(|c| c.file.contains(filter.as_str()));
        }
        let claims = load_all(claims, &registry, &[])?;
        if self.json {
            let list: Vec<serde_json::Value> = claims
                .iter()
                .map(|c| serde_json::json!({"id": c.spec.id, "title": c.spec.title, "paper": c.spec.source.paper, "place": c.spec.source.place}))
                .collect();
            print_json(&serde_json::json!({ "claims": list, "parts": parts(&registry) }))?;
            return Ok(Exit::Expected);
        }
        let mut text = String::new();
        for claim in &claims {
            text += &format!("{:40} {}\n", claim.spec.id, claim.spec.title);
        }
        if self.parts {
            for (kind, entries) in parts(&registry) {
                text += &format!("\n{kind}\n");
                for (name, doc) in entries {
                    text += &format!("  {name:24} {doc}\n");
                }
            }
        }
        print(&text)?;
        Ok(Exit::Expected)
    }
}

type Parts = Vec<(&'static str, Vec<(String, String)>)>;

/// What the sides of a claim on a quantity may name.
fn outputs(entry: &QuantityEntry) -> Vec<(String, String)> {
    entry.outputs.iter().map(|o| (format!("{} {}", entry.name, o.name), o.doc.to_string())).collect()
}

fn parts(registry: &Registry) -> Parts {
    let line = |name: &str, doc: &str| (name.to_string(), doc.to_string());
    vec![
        ("problems", registry.problems().map(|e| line(e.name, e.summary)).collect()),
        ("noise laws", registry.noises().map(|e| line(e.name, e.summary)).collect()),
        ("algorithms", registry.algorithms().map(|e| line(e.name, e.summary)).collect()),
        ("compressors", registry.compressors().map(|e| line(e.name, e.summary)).collect()),
        ("quantities", registry.quantities().map(|e| line(e.name, e.summary)).collect()),
        ("outputs of quantities", registry.quantities().flat_map(outputs).collect()),
        ("statistics", STATISTICS.iter().map(|s| line(s.name, s.doc)).collect()),
        ("facts", FACTS.iter().map(|f| line(f.name, f.doc)).collect()),
        ("hypotheses", HYPOTHESES.iter().map(|h| line(h.name, h.doc)).collect()),
    ]
}

impl Show {
    pub(super) fn run(self) -> Result<Exit> {
        let registry = Registry::standard();
        let claims = load_all(resolve(std::slice::from_ref(&self.claim))?, &registry, &[])?;
        let mut documents = Vec::new();
        for claim in &claims {
            let spec = &claim.spec;
            let last = read_result(&self.out.join("results").join(format!("{}.json", spec.id))).ok();
            if self.json {
                documents.push(serde_json::json!({"file": spec.tree.to_json(), "result": last}));
                continue;
            }
            let mut text = format!(
                "{}  {}\n{} ({}, {})\n\n",
                spec.id, spec.title, spec.statement, spec.source.paper, spec.source.place
            );
            if !spec.left_text.is_empty() {
                text += &format!("left side      {}\n", spec.left_text);
            }
            if let Some(relation) = spec.relation {
                text += &format!("relation       {}\n", relation.name());
            }
            if let Some((_, variant)) = spec.base.first() {
                let none = if variant.hypotheses.is_empty() { "none" } else { "" };
                text += &format!("hypotheses     {}{none}\n", variant.hypotheses.join(", "));
                for requirement in &variant.requires {
                    text += &format!("requires       {}\n", requirement.text);
                }
            }
            if !spec.assumes.is_empty() {
                text += &format!("assumes        {}\n", spec.assumes.join("; "));
            }
            if let Some((_, variant)) = spec.base.first()
                && let Work::Quantity(part) = &variant.work
                && let Ok(entry) = registry.quantity(&part.name)
            {
                text += &format!("quantity       {}\n", entry.name);
                for output in entry.outputs {
                    text += &format!("  {:20} {}\n", output.name, output.doc);
                }
            }
            let cases: Vec<&str> = spec.base.iter().map(|(n, _)| n.as_str()).filter(|n| !n.is_empty()).collect();
            if !cases.is_empty() {
                text += &format!("instances      {}\n", cases.join(", "));
            }
            for bound in &spec.bounds {
                text += &format!(
                    "\nbound {}: {}\n  recorded: {}; {}\n",
                    bound.name,
                    bound.right_text,
                    bound.expectation.expect.name(),
                    bound.expectation.why
                );
                text += &last_verdict(last.as_ref(), &bound.name);
            }
            for control in &spec.controls {
                let expect = control.expect.name();
                text += &format!("\ncontrol on {}: {} must come out {expect}\n", control.bound, control.change);
            }
            for note in &spec.notes {
                text += &format!("\nnote: {note}\n");
            }
            text += &format!("\nredo: signcheck verify {}\n", spec.id);
            print(&text)?;
        }
        if self.json {
            print_json(&documents)?;
        }
        Ok(Exit::Expected)
    }
}

fn last_verdict(last: Option<&ResultFile>, name: &str) -> String {
    let Some(bound) = last.and_then(|r| r.bounds.iter().find(|b| b.bound == name)) else {
        return "  last verdict: none here; run `signcheck reproduce`\n".into();
    };
    let number = |v: Option<f64>| v.map_or_else(|| "?".into(), |v| format!("{v:.6}"));
    format!(
        "  last verdict: {} (evidence {}), left {}, right {}, ratio {}, {} cells\n",
        bound.outcome.name(),
        bound.evidence.name(),
        number(bound.left.estimate),
        number(bound.right.value),
        number(bound.ratio),
        bound.cells
    )
}
