//! `new`: a commented claim file to start from.

use super::Exit;
use super::common::print;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::PathBuf;

/// Writes a commented claim file to start from.
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck new my-paper/theorem-1")]
pub(super) struct New {
    /// `<paper>/<claim>`
    id: String,
    /// File to write; `<claim>.toml` if not given, `-` for standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const TEMPLATE: &str = include_str!("template.toml");

impl New {
    pub(super) fn run(self) -> Result<Exit> {
        let is_word =
            |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let Some((paper, name)) = self.id.split_once('/').filter(|(p, n)| is_word(p) && is_word(n)) else {
            bail!(
                "'{}' is not of the form <paper>/<claim>: two words of lower-case letters, digits and hyphens, such as my-paper/theorem-1",
                self.id
            )
        };
        let text = TEMPLATE.replace("PAPER", paper).replace("CLAIM", name);
        let path = self.out.unwrap_or_else(|| format!("{name}.toml").into());
        if path.as_os_str() == "-" {
            print(&text)?;
            return Ok(Exit::Expected);
        }
        if path.exists() {
            bail!("{} exists already; choose another name with --out", path.display());
        }
        crate::results::write_text(&path, text.as_bytes()).context("writing the claim file")?;
        print(&format!("wrote {0}; try: signcheck verify {0}\n", path.display()))?;
        Ok(Exit::Expected)
    }
}
