//! The memory that a claim needs, estimated before anything of that size exists.
//!
//! Counted are the instances of all cells, which are held at once, and the run of the largest. Of that run these are
//! counted: iterates, gradients and memories of the algorithm in as many lanes and blocks as may be in flight, recorded
//! series and curves, drawn batches, and enclosures where the run is short enough for them. What an exact enumeration
//! holds is bounded by its own budget and not counted.

use super::plan::{Profile, Settings, design};
use crate::claim::{Cell, InstanceError, Size, Spec, Term, cells};
use crate::engine::{IN_FLIGHT, MOST_WORK, OVERHEAD};
use crate::evidence::Configuration;
use crate::model::Registry;
use crate::scalar::WIDTH;
use std::collections::BTreeSet;
use std::ops::Range;

/// Bytes of a double.
const DOUBLE: u64 = 8;
/// Bytes of an enclosure with multiprecision ends.
const ENCLOSURE: u64 = 320;
/// Coordinates and steps beyond which no run is enclosed.
const MOST_ENCLOSED: u64 = MOST_WORK / OVERHEAD;

/// What a claim needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MemoryEstimate {
    /// Bytes, estimated from above.
    pub bytes: u64,
    /// What takes the most.
    pub what: String,
    /// The key of the claim file that it comes from.
    pub span: Range<usize>,
}

/// Cells that need no more bytes than this run side by side, one per thread; that is not counted either.
const SMALL: u64 = 16 << 20;

/// Whether a cell may run beside others.
pub(super) fn is_small(configuration: &Configuration<'_>, cell: &Cell, settings: &Settings<'_>) -> bool {
    let Some(experiment) = configuration.variant.experiment() else { return true };
    let size = Size::estimate(settings.registry, experiment, cell);
    total(&parts(configuration, &size, u64::MAX)) <= SMALL
}

/// Bytes as text for readers.
#[must_use]
pub(crate) fn bytes_text(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// Estimates the memory of a claim.
///
/// # Errors
/// A sweep that cannot be laid out.
pub(crate) fn memory_estimate(
    spec: &Spec,
    profile: Profile,
    registry: &Registry,
) -> Result<MemoryEstimate, InstanceError> {
    let design = design(spec);
    let mut standing: u64 = 0;
    let mut data = BTreeSet::new();
    let mut most = 0;
    let mut largest = MemoryEstimate { bytes: 0, what: "nothing of size".into(), span: 0..0 };
    for configuration in &design.0 {
        let Some(experiment) = configuration.variant.experiment() else { continue };
        let (quick, full) = experiment.run.replicates;
        let replicates = if profile == Profile::Quick { quick } else { full };
        for cell in cells(configuration.variant)? {
            let size = Size::estimate(registry, experiment, &cell);
            let instance = (
                size.constants.saturating_add(size.data),
                size.dimension.1.clone(),
                format!("constants and data of {} coordinates", size.dimension.0),
            );
            // Instances of the same data share them.
            let new_data = if data.insert((size.data, size.dimension.0)) { size.data } else { 0 };
            standing = standing.saturating_add(size.constants).saturating_add(new_data);
            let parts = parts(configuration, &size, replicates);
            let bytes = total(&parts);
            let of_cell = bytes.saturating_add(instance.0);
            if of_cell > most {
                most = of_cell;
                let top = parts.into_iter().chain([instance]).max_by_key(|(b, ..)| *b);
                let (_, span, what) = top.unwrap_or_default();
                largest = MemoryEstimate { bytes, what, span };
            }
        }
    }
    largest.bytes = largest.bytes.saturating_add(standing);
    Ok(largest)
}

/// What a run holds at once: bytes, where they come from, and what they are.
type Part = (u64, Range<usize>, String);

fn total(parts: &[Part]) -> u64 {
    parts.iter().fold(0, |sum, (bytes, ..)| sum.saturating_add(*bytes))
}

fn parts(configuration: &Configuration<'_>, size: &Size, replicates: u64) -> Vec<Part> {
    let series = configuration.terms.iter().filter(|t| matches!(t, Term::TimeOfMean(..))).count() as u64;
    let curves = configuration.curves.len() as u64;
    let (d, workers) = (size.dimension.0, size.workers.0);
    let alone = size.narrow || size.deterministic || replicates <= crate::engine::FEW;
    let lanes = if alone { 1 } else { WIDTH as u64 };
    let replicates = if size.deterministic { 1 } else { replicates.saturating_mul(4) };
    let blocks = replicates.div_ceil(lanes).clamp(1, IN_FLIGHT);
    let number = lanes * blocks * DOUBLE;
    let times = |a: u64, b: u64| a.saturating_mul(b);
    let own = (size.layout.state as u64).saturating_add(size.layout.scratch as u64);
    let many = format!("{lanes} lanes of {blocks} blocks");
    let mut parts = vec![
        // The iterate, the one before, their sum, a gradient, and the noise or coins of a step.
        (times(times(5, d), number), size.dimension.1.clone(), format!("iterates of {d} coordinates in {many}")),
        (
            times(own, number),
            if workers > d { size.workers.1.clone() } else { size.dimension.1.clone() },
            format!("an algorithm's memory for {d} coordinates and {workers} workers in {many}"),
        ),
        (
            // Kept once per block in flight, and once merged, with its moments.
            times(times(series, size.window), number.saturating_add(160)),
            size.horizon.1.clone(),
            format!("a mean at each of {} iterates", size.window),
        ),
        (times(times(curves, size.checkpoints), number.saturating_add(80)), size.horizon.1.clone(), "curves".into()),
    ];
    if size.minibatch {
        let drawn = times(size.batch.0, times(lanes * blocks, DOUBLE));
        parts.push((drawn, size.batch.1.clone(), format!("batches of {} draws in {many}", size.batch.0)));
    }
    if size.deterministic && times(times(d, workers.max(1)), size.horizon.0) <= MOST_ENCLOSED {
        let all = times(5, d).saturating_add(own);
        parts.push((times(all, ENCLOSURE), size.dimension.1.clone(), format!("enclosures of {d} coordinates")));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 << 29, "1.5 GiB"), (u64::MAX, "16.0 EiB")]
        {
            assert_eq!(bytes_text(bytes), text);
        }
    }
}
