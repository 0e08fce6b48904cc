//! From estimates to verdicts. Pure: nothing here runs, reads or writes, and nothing here knows what a claim file
//! expects.

mod compare;
mod gather;
mod judge;
mod sides;
mod units;

pub use compare::{Comparison, compare, compare_order, compare_rate, is_vacuous};
pub use gather::{CellVerdict, CellView, gather};
pub use judge::{Judge, LOOKS, blank, experiment_cell, left_side, quantity_cell};
pub use sides::{Constants, Grade, Ground, SideValue, Trust, left_of_estimates, left_of_row, right_side};
pub use units::{UnitsReport, units_of};
