//! One claim, from its text to its result: what tests of other crates call.

use super::catalog::{Catalog, CatalogError};
use super::decide::decide;
use super::plan::{DecideError, Profile, Settings};
use crate::claim::load;
use crate::engine::Silent;
use crate::model::Registry;
use crate::results::ResultFile;

/// Seed of [`check_claim`].
pub const SEED: u64 = 1;
/// Level of [`check_claim`].
pub const LEVEL: f64 = 1e-6;

/// Decides a claim file's text with the parts of a registry: the quick profile, [`SEED`] and [`LEVEL`], as `signcheck
/// verify` does. [`decide`] takes other settings.
///
/// # Errors
/// What is wrong with the text or its runs, with line and key.
pub fn check_claim(text: &str, registry: &Registry) -> Result<ResultFile, DecideError> {
    let file = "the claim";
    let spec = load(file, text, registry, &[])?;
    decide(
        &spec,
        file,
        text,
        &Settings { registry, seed: SEED, level: LEVEL, profile: Profile::Quick, progress: &Silent },
    )
}

/// The text of a claim that comes with signcheck: to be decided as it is, or with an algorithm of one's own put in
/// place of the one that it names.
///
/// # Errors
/// No claim of that id, with the nearest.
pub fn claim_text(id: &str) -> Result<String, CatalogError> {
    let found = Catalog::matching(id)?;
    Ok(found.into_iter().next().map(|claim| claim.text).unwrap_or_default())
}
