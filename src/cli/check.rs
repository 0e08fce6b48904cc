//! `check`: validates claim files.

use super::Exit;
use super::common::{SpecErrors, load_all, print, resolve};
use anyhow::Result;
use clap::Args;
use signcheck::harness::Catalog;
use signcheck::model::Registry;
use signcheck::spec::{Diagnostic, Instance, SpecError, Work, cells};

/// Validates claim files: every error of every file, with its place.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: signcheck check my-theorem.toml; without a file, checks all that come with the program"
)]
pub struct Check {
    /// Files, ids or globs; all embedded claims if none is given
    files: Vec<String>,
}

impl Check {
    pub fn run(self) -> Result<Exit> {
        let registry = Registry::standard();
        let claims = if self.files.is_empty() { Catalog::all() } else { resolve(&self.files)? };
        let loaded = load_all(claims, &registry, &[])?;
        let mut errors = Vec::new();
        for claim in &loaded {
            let mut found = Vec::new();
            for (_, variant) in &claim.spec.base {
                let built = cells(variant).and_then(|cells| {
                    for cell in &cells {
                        if let Work::Experiment(experiment) = &variant.work {
                            Instance::build(&registry, experiment, cell)?;
                        }
                    }
                    Ok(())
                });
                found.extend(built.err().map(|e| Diagnostic::new(e.span, e.message)));
            }
            if !found.is_empty() {
                errors.push(SpecError::new(&claim.claim.file, &claim.claim.text, found));
            }
        }
        if !errors.is_empty() {
            return Err(SpecErrors(errors).into());
        }
        print(&format!("{} claim files are well formed\n", loaded.len()))?;
        Ok(Exit::Expected)
    }
}
