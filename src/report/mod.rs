//! The report: one page and the tables, made from result files alone.
//!
//! [`page`] writes `results/report.html`: one file without network, scripts or fonts from elsewhere, readable with
//! scripts switched off, too. [`table`] writes the ledger as text for terminals, Markdown and LaTeX, and the curves of
//! the figures as CSV.

mod assumptions;
mod math;
mod numbers;
mod page;
mod searches;
pub(crate) mod table;

pub(crate) use page::page;

/// A page or table that could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    /// The page's template failed.
    #[error("the report page could not be built: {0:#}; this is a defect of the program, please report it")]
    Template(#[from] minijinja::Error),
}

#[cfg(test)]
mod fixtures;
