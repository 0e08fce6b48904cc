//! What several commands have in common.

use super::{Computing, Exit};
use crate::claim::{Diagnostic, Instance, InstanceError, Overrides, Spec, SpecError, Variant, Work, cells, load_in};
use crate::model::Registry;
use crate::results::{BoundRecord, ControlRecord, Outcome, ResultFile};
use crate::run::{Catalog, ClaimText, DecideError, Profile};
use anyhow::{Context, Result};
use std::io::{IsTerminal, Write};

/// A claim with its text.
pub(super) struct Loaded {
    pub claim: ClaimText,
    pub spec: Spec,
}

impl Loaded {
    /// An error of this claim's instances, with its place in the file.
    pub(super) fn locate(&self, error: InstanceError) -> SpecErrors {
        let diagnostic = Diagnostic::new(error.span, error.message);
        SpecErrors(vec![SpecError::new(&self.claim.file, &self.claim.text, vec![diagnostic])])
    }
}

/// Prints an error with its causes; errors of claim files show their source lines.
pub(super) fn report_error(error: &anyhow::Error) {
    let mut stderr = anstream::stderr().lock();
    let of_files: Vec<&SpecError> = match (error.downcast_ref::<SpecErrors>(), error.downcast_ref::<DecideError>()) {
        (Some(errors), _) => errors.0.iter().collect(),
        (_, Some(DecideError::Spec(one))) => vec![one.as_ref()],
        _ => Vec::new(),
    };
    let shown = if of_files.is_empty() {
        writeln!(stderr, "error: {}", chain(error))
    } else {
        let colour = std::io::stderr().is_terminal();
        let texts: Vec<String> = of_files.iter().map(|e| e.render(colour)).collect();
        writeln!(stderr, "{}", texts.join("\n\n"))
    };
    // An error about a closed stderr has nowhere to go.
    let _ = shown;
}

/// An error with its causes. Some errors end with their cause already: it is said once.
fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        _ if said.ends_with(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}

/// Errors of several claim files.
#[derive(Debug)]
pub(super) struct SpecErrors(pub Vec<SpecError>);

impl std::fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join("\n\n"))
    }
}

impl std::error::Error for SpecErrors {}

/// Prints text to standard output; a closed pipe ends the program quietly.
pub(super) fn print(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output"),
    }
}

/// Writes a note to standard error.
pub(super) fn note(text: &str) {
    // An error about a closed stderr has nowhere to go.
    let _ = writeln!(anstream::stderr().lock(), "note: {text}");
}

/// Prints one JSON document.
pub(super) fn print_json<T: serde::Serialize>(value: &T) -> Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// Loads the claims that arguments name, with parameters set.
pub(super) fn load_all(claims: Vec<ClaimText>, registry: &Registry, set: &[(String, String)]) -> Result<Vec<Loaded>> {
    load_all_in(Profile::Quick, claims, registry, &Overrides { set: set.to_vec(), ..Overrides::default() })
}

/// [`load_all`] for a profile.
pub(super) fn load_all_in(
    profile: Profile,
    claims: Vec<ClaimText>,
    registry: &Registry,
    overrides: &Overrides,
) -> Result<Vec<Loaded>> {
    let (mut loaded, mut errors) = (Vec::new(), Vec::new());
    for claim in claims {
        match load_in(profile.name(), (&claim.file, &claim.text), registry, overrides) {
            Ok(spec) => {
                warn(&claim, &spec);
                loaded.push(Loaded { claim, spec });
            }
            Err(error) => errors.push(*error),
        }
    }
    if errors.is_empty() { Ok(loaded) } else { Err(SpecErrors(errors).into()) }
}

/// Reports on standard error what a reader of the file may not expect.
fn warn(claim: &ClaimText, spec: &Spec) {
    if !spec.warnings.is_empty() {
        let warnings = SpecError::new(&claim.file, &claim.text, spec.warnings.clone());
        // An error about a closed stderr has nowhere to go.
        let _ = writeln!(anstream::stderr().lock(), "{}", warnings.render(std::io::stderr().is_terminal()));
    }
}

/// Builds every cell of every claim: what is wrong with one is an error of its file.
pub(super) fn build_all(claims: &[Loaded], registry: &Registry) -> Result<()> {
    let mut errors = Vec::new();
    for Loaded { claim, spec } in claims {
        let mut found: Vec<Diagnostic> = Vec::new();
        let scenarios = spec.scenarios().map(|scenario| &scenario.variant);
        let mut built: Vec<&Variant> = Vec::new();
        for variant in spec.base.iter().map(|(_, variant)| variant).chain(scenarios) {
            if built.iter().any(|b| b.setup == variant.setup) {
                continue;
            }
            built.push(variant);
            let error = cells(variant).and_then(|cells| {
                let Work::Experiment(experiment) = &variant.work else { return Ok(()) };
                cells.iter().try_for_each(|cell| Instance::build(registry, experiment, cell).map(|_| ()))
            });
            found.extend(error.err().map(|e| Diagnostic::new(e.span, e.message)));
        }
        found.dedup();
        if !found.is_empty() {
            errors.push(SpecError::new(&claim.file, &claim.text, found));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(SpecErrors(errors).into()) }
}

/// The claims that arguments name, each once.
pub(super) fn resolve(arguments: &[String]) -> Result<Vec<ClaimText>> {
    let mut claims: Vec<ClaimText> = Vec::new();
    for argument in arguments {
        for claim in Catalog::resolve(argument)? {
            if !claims.contains(&claim) {
                claims.push(claim);
            }
        }
    }
    Ok(claims)
}

/// Reads `NAME=VALUE`.
pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as T=16 or L=5/2")?;
    Ok((name.trim().into(), value.trim().into()))
}

/// Reads a level in (0, 1).
pub(super) fn level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if v > 0.0 && v < 1.0 => Ok(v),
        _ => Err("a level lies between 0 and 1, such as 1e-6".into()),
    }
}

/// Reads a profile.
pub(super) fn profile(text: &str) -> Result<Profile, String> {
    match text {
        "quick" => Ok(Profile::Quick),
        "full" => Ok(Profile::Full),
        _ => Err("a profile is quick or full".into()),
    }
}

impl Computing {
    /// Sets the number of threads and gives the seed.
    pub(crate) fn start(&self) -> Result<u64> {
        if let Some(threads) = self.threads {
            anyhow::ensure!(threads > 0, "--threads 0: at least one thread is needed");
            rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("starting threads")?;
        }
        Ok(self.seed)
    }
}

/// The exit code for these verdicts and controls.
pub(super) fn exit_of<'a>(
    bounds: impl Iterator<Item = &'a BoundRecord>,
    controls: impl Iterator<Item = &'a ControlRecord>,
) -> Exit {
    let mut exit = Exit::Expected;
    for bound in bounds.filter(|b| !b.as_expected) {
        let worse = if bound.outcome == Outcome::Undecided { Exit::Undecided } else { Exit::Unexpected };
        exit = match (exit, worse) {
            (Exit::Unexpected, _) | (_, Exit::Unexpected) => Exit::Unexpected,
            _ => Exit::Undecided,
        };
    }
    for control in controls.filter(|c| !c.caught) {
        let _ = control;
        exit = Exit::Unexpected;
    }
    exit
}

/// The exit code for whole results.
pub(super) fn exit_of_results(results: &[ResultFile]) -> Exit {
    exit_of(results.iter().flat_map(|r| &r.bounds), results.iter().flat_map(|r| &r.controls))
}

/// Width of the terminal, or that of a page.
pub(super) fn width() -> u16 {
    use std::io::IsTerminal;
    // A file or a pipe has no width to wrap at.
    let default = if std::io::stdout().is_terminal() { 120 } else { 400 };
    std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(default)
}
