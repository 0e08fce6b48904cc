//! `check`: validates claim files.

use super::Exit;
use super::common::{build_all, load_all, print, resolve};
use crate::model::Registry;
use crate::run::Catalog;
use anyhow::Result;
use clap::Args;

/// Validates claim files: every error of every file, with its place.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: signcheck check my-theorem.toml; without a file, checks all that come with the program"
)]
pub(super) struct Check {
    /// Files, ids or globs; all embedded claims if none is given
    files: Vec<String>,
}

impl Check {
    pub(super) fn run(self) -> Result<Exit> {
        let registry = Registry::standard();
        let claims = if self.files.is_empty() { Catalog::all() } else { resolve(&self.files)? };
        let loaded = load_all(claims, &registry, &[])?;
        build_all(&loaded, &registry)?;
        let files = if loaded.len() == 1 { "file is" } else { "files are" };
        print(&format!("{} claim {files} well formed\n", loaded.len()))?;
        Ok(Exit::Expected)
    }
}
