//! From estimates to verdicts. Pure: nothing here runs, reads or writes, and nothing here knows what a claim file
//! expects.

mod combine;
mod compare;
mod judge;
mod sides;
mod units;

pub(crate) use combine::{CellVerdict, CellView, combine_cells};
pub(crate) use compare::compare_order;
pub(crate) use judge::{Judge, LOOKS, experiment_cell, left_side, quantity_cell, uncompared};
pub(crate) use sides::{Constants, Ground, SideValue, left_of_row, right_side};
pub(crate) use units::units_of;
