//! `schema`: the JSON Schema of a claim file, and the field reference.

use super::Exit;
use super::common::{print, print_json};
use crate::claim::{json_schema, reference};
use crate::model::Registry;
use anyhow::Result;
use clap::Args;

/// Prints the JSON Schema of a claim file.
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck schema > claim.schema.json")]
pub(super) struct Schema {
    /// Print the field reference as Markdown instead
    #[arg(long)]
    reference: bool,
}

impl Schema {
    pub(super) fn run(self) -> Result<Exit> {
        let registry = Registry::standard();
        if self.reference {
            print(&reference(&registry))?;
        } else {
            print_json(&json_schema(&registry))?;
        }
        Ok(Exit::Expected)
    }
}
