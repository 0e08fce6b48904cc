//! `replay`: decides a certificate again.

use super::Exit;
use super::common::{print, print_json};
use crate::model::Registry;
use crate::run::replay;
use anyhow::{Context, Result};
use clap::Args;
use std::io::Read;
use std::path::PathBuf;

/// Re-decides a certificate by exact or interval arithmetic, from that file alone.
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck replay results/certificates/li2021/example-1.printed-even.json
Exit code 0: confirmed; 1: refuted; 3: damaged, or not a certificate.")]
pub(super) struct Replay {
    /// The certificate (`-` is standard input)
    certificate: PathBuf,
    /// Print the verdict as one JSON document
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(super) fn run(self) -> Result<Exit> {
        let text = if self.certificate.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("standard input")?;
            text
        } else {
            std::fs::read_to_string(&self.certificate).with_context(|| self.certificate.display().to_string())?
        };
        let found = replay(&text, &Registry::standard()).with_context(|| self.certificate.display().to_string())?;
        if self.json {
            print_json(&serde_json::json!({
                "confirmed": found.confirmed,
                "difference": found.difference,
                "verdict": found.verdict,
            }))?;
        } else {
            let side = |exact: &Option<String>, value: Option<f64>| match (exact, value) {
                (Some(exact), _) => exact.clone(),
                (None, Some(value)) => format!("{value} (enclosed)"),
                (None, None) => "?".into(),
            };
            let v = &found.verdict;
            print(&format!(
                "{}: {} [{}]\n  left {}\n  right {}\n",
                if found.confirmed { "confirmed" } else { "refuted" },
                v.id,
                v.bound,
                side(&v.left.exact, v.left.estimate),
                side(&v.right.exact, v.right.value),
            ))?;
            if let Some(difference) = &found.difference {
                print(&format!("  {difference}\n"))?;
            }
        }
        Ok(if found.confirmed { Exit::Expected } else { Exit::Unexpected })
    }
}
