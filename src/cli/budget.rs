//! What a run may spend, and what becomes of a claim that needs more.

use super::bar::Bar;
use super::common::{Loaded, SpecErrors, note};
use crate::claim::{Diagnostic, SpecError};
use crate::model::Registry;
use crate::results::ResultFile;
use crate::run::{DecideError, Exceeded, Profile, Settings, bytes_text, decide, memory_estimate, undecided};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Options of commands that decide claims.
#[derive(Debug, Clone, Args)]
pub(super) struct Budget {
    /// Most memory of a claim, such as 512M or 4G; one that needs more is left undecided
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    /// Seconds of the whole run; claims that are not decided by then are left undecided
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    time: Option<f64>,
    /// Folder in which the data files that claims name are looked for
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Budget {
    /// The standard parts, with the folder of data.
    pub(super) fn registry(&self) -> Registry {
        match &self.data {
            Some(folder) => Registry::standard().with_data(folder),
            None => Registry::standard(),
        }
    }

    /// What a claim needs and, where it is too much, what it exceeds.
    ///
    /// # Errors
    /// Without a budget, a claim that needs more than this machine has: nothing of that size is begun.
    fn exceeded(&self, claim: &Loaded, profile: Profile, registry: &Registry) -> Result<Option<Exceeded>> {
        let found = memory_estimate(&claim.spec, profile, registry).map_err(|e| claim.locate(e))?;
        if let Some(budget) = self.memory {
            return Ok((found.bytes > budget).then_some(Exceeded::Memory(budget, found.bytes)));
        }
        let Some(machine) = machine_memory().filter(|m| found.bytes > *m) else { return Ok(None) };
        let message = format!(
            "the claim needs about {} of memory, most of it for {}; this machine has {}",
            bytes_text(found.bytes),
            found.what,
            bytes_text(machine)
        );
        let help = "make it smaller, or give --memory to leave such claims undecided";
        let diagnostic = Diagnostic::new(found.span, message).help(help);
        Err(SpecErrors(vec![SpecError::new(&claim.claim.file, &claim.claim.text, vec![diagnostic])]).into())
    }

    /// Refuses, before any work, what this machine cannot hold; says of each claim whether it exceeds the budget.
    pub(super) fn check(
        &self,
        claims: &[Loaded],
        profile: Profile,
        registry: &Registry,
    ) -> Result<Vec<Option<Exceeded>>> {
        claims.iter().map(|claim| self.exceeded(claim, profile, registry)).collect()
    }

    /// Decides a claim, or leaves it undecided where it exceeds the budget.
    ///
    /// The second value is whether it was decided: what a budget cut short is not finished.
    pub(super) fn decide(
        &self,
        claim: &Loaded,
        exceeded: Option<Exceeded>,
        settings: &Settings<'_>,
    ) -> Result<(ResultFile, bool)> {
        let text = &claim.claim.text;
        let cut = |exceeded: Exceeded| {
            // A file that only draws has no verdict that could show this.
            note(&format!("{}: {exceeded}", claim.spec.id));
            Ok((undecided(&claim.spec, text, settings, exceeded), false))
        };
        let exceeded = exceeded.or_else(|| settings.progress.stop().then(|| Exceeded::Time(self.time.unwrap_or(0.0))));
        if let Some(exceeded) = exceeded {
            return cut(exceeded);
        }
        match decide(&claim.spec, &claim.claim.file, text, settings) {
            Ok(result) => Ok((result, true)),
            Err(DecideError::Stopped(_)) => cut(Exceeded::Time(self.time.unwrap_or(0.0))),
            Err(error) => Err(error.into()),
        }
    }

    /// A progress bar that ends runs when the time is over.
    pub(super) fn bar(&self, total: u64) -> Bar {
        let end = |time: f64| Instant::now().checked_add(Duration::try_from_secs_f64(time).ok()?);
        Bar::new(total).until(self.time.and_then(end))
    }
}

/// Bytes of memory of this machine, where the system reports them.
fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Reads a size: a number with K, M, G or T for powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let error = || "write a size such as 512M or 4G (K, M, G, T are powers of 1024)".to_string();
    let upper = text.trim().to_ascii_uppercase();
    let number = upper.strip_suffix('B').unwrap_or(&upper);
    let number = number.strip_suffix('I').unwrap_or(number);
    let power = match number.chars().last() {
        Some('K') => 1,
        Some('M') => 2,
        Some('G') => 3,
        Some('T') => 4,
        _ => 0,
    };
    let digits = if power > 0 { &number[..number.len() - 1] } else { number };
    let value: f64 = digits.trim().parse().map_err(|_| error())?;
    let bytes = value * 1024_f64.powi(power);
    if bytes.is_finite() && bytes >= 1.0 { Ok(bytes as u64) } else { Err(error()) }
}

/// Reads a number of seconds.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if v >= 0.0 && v.is_finite() => Ok(v),
        _ => Err("a number of seconds, 0 or more".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let table = [("1", 1), ("2K", 2048), ("1.5M", 3 << 19), ("4G", 4 << 30), ("1 GiB", 1 << 30), ("7kb", 7168)];
        for (text, bytes) in table {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "G", "-1", "0", "nan", "inf", "4X", "1e400"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert_eq!(seconds("1.5"), Ok(1.5));
        for text in ["", "-1", "nan", "inf", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
