//! The region of the file's own cells: where a ratio says something about the claim as it is listed.
//!
//! Bounds are attained at corners where nothing happens: a step of next to 0, a condition number of 1 or of infinity.
//! An instance is near the file's cells under two conditions. Its declared parameters lie between the listed ones, and
//! its condition number L/mu and its first step's length in units of 1/L lie within a factor of two of theirs.

use super::score::Evaluated;

/// Factor that an instance may be off.
const NEAR: f64 = 2.0;

/// What the file's own cells have.
#[derive(Default)]
pub(super) struct Region {
    condition: Option<(f64, f64)>,
    step: Option<(f64, f64)>,
    /// Whether some cell has no such number: it limits nothing.
    open: (bool, bool),
}

impl Region {
    /// Takes a cell of the file into account.
    pub(super) fn add(&mut self, cell: &Evaluated) {
        let widen = |range: &mut Option<(f64, f64)>, open: &mut bool, value: Option<f64>| match value {
            Some(v) => *range = Some(range.map_or((v, v), |(low, high)| (low.min(v), high.max(v)))),
            None => *open = true,
        };
        widen(&mut self.condition, &mut self.open.0, cell.place.condition());
        widen(&mut self.step, &mut self.open.1, cell.place.step());
    }

    /// Whether an instance is near the file's cells.
    #[must_use]
    pub(super) fn holds(&self, instance: &Evaluated) -> bool {
        let within = |range: Option<(f64, f64)>, open: bool, value: Option<f64>| match range.filter(|_| !open) {
            None => true,
            Some((low, high)) => value.is_some_and(|v| low / NEAR <= v && v <= high * NEAR),
        };
        within(self.condition, self.open.0, instance.place.condition())
            && within(self.step, self.open.1, instance.place.step())
    }
}
