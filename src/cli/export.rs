//! `figure`, `report` and `export`: from results alone.

use super::Exit;
use super::common::{print, print_json};
use crate::figure::{render_png, render_svg};
use crate::report::{page, table};
use crate::results::{Ledger, Lock, ResultFile, StoreError, read_all, write_text};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Draws figures again from results.
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck figure li2021/example-4")]
pub(super) struct Figure {
    /// Ids or beginnings of ids; all if none is given
    filters: Vec<String>,
    /// Folder with results/ and figures/
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

/// Writes the page again from results.
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck report --out .")]
pub(super) struct Report {
    /// Folder with results/
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

/// Exports curves and ledger from results.
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck export --format latex > ledger.tex")]
pub(super) struct Export {
    /// What to print: the ledger as Markdown, LaTeX or JSON, or every curve as CSV
    #[arg(long, value_enum)]
    format: Format,
    /// Ids or beginnings of ids; all if none is given
    filters: Vec<String>,
    /// Folder with results/
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Markdown,
    Latex,
    Json,
}

fn results(out: &Path, filters: &[String]) -> Result<Vec<ResultFile>> {
    let folder = out.join("results");
    let mut all = match read_all(&folder) {
        Err(missing @ StoreError::Io { .. }) => {
            Err(missing).context("no results here; run `signcheck reproduce` first")?
        }
        other => other?,
    };
    all.retain(|r| filters.is_empty() || filters.iter().any(|f| r.id.starts_with(f.trim_end_matches('*'))));
    anyhow::ensure!(!all.is_empty(), "no result in {} matches", folder.display());
    Ok(all)
}

/// Draws a result's figures into `<figures>/<paper>/`.
pub(super) fn draw(figures: &Path, result: &ResultFile) -> Result<()> {
    for picture in &result.figures {
        let stem = figures.join(&result.source.paper).join(&picture.name);
        write_text(&stem.with_extension("svg"), render_svg(picture)?.as_bytes())?;
        write_text(&stem.with_extension("png"), &render_png(picture)?)?;
    }
    Ok(())
}

/// Writes `report.html` into the results folder.
pub(super) fn write_page(folder: &Path, results: &[ResultFile]) -> Result<()> {
    let mut svgs = BTreeMap::new();
    for result in results {
        for picture in &result.figures {
            svgs.insert(format!("{}/{}", result.source.paper, picture.name), render_svg(picture)?);
        }
    }
    let html = page(results, &Ledger::new(results), &svgs, &crate::results::read_searches(folder)?)?;
    write_text(&folder.join("report.html"), html.as_bytes())?;
    Ok(())
}

impl Figure {
    pub(super) fn run(self) -> Result<Exit> {
        let all = results(&self.out, &self.filters)?;
        let _lock = Lock::take(&self.out)?;
        for result in all {
            draw(&self.out.join("figures"), &result)?;
        }
        Ok(Exit::Expected)
    }
}

impl Report {
    pub(super) fn run(self) -> Result<Exit> {
        let all = results(&self.out, &[])?;
        let _lock = Lock::take(&self.out)?;
        write_page(&self.out.join("results"), &all)?;
        Ok(Exit::Expected)
    }
}

impl Export {
    pub(super) fn run(self) -> Result<Exit> {
        let results = results(&self.out, &self.filters)?;
        let ledger = Ledger::new(&results);
        match self.format {
            Format::Csv => print(&results.iter().map(table::csv_curves).collect::<Vec<_>>().join("\n"))?,
            Format::Markdown => print(&table::markdown(&ledger))?,
            Format::Latex => print(&table::latex(&ledger))?,
            Format::Json => print_json(&ledger)?,
        }
        Ok(Exit::Expected)
    }
}
