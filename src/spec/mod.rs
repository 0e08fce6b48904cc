//! Claim files: text, tree, checked claim, cells and instances.

mod ask;
mod claim;
mod diagnostic;
mod drawings;
mod fields;
mod instance;
mod left;
mod load;
mod profile;
mod read;
mod schema;
mod setup;
mod tree;

pub use claim::*;
pub use diagnostic::{Diagnostic, SpecError};
pub use fields::{Field, OUTCOMES, RELATIONS, SECTIONS, Section, Shape};
pub use instance::{
    Cell, Instance, InstanceError, Schedule, StartPoint, cells, evaluate, evaluate_quantity, requirements,
};
pub use left::{Left, PathTerm, REDUCERS, Reducer, Term};
pub use load::{load, load_in};
pub use schema::{json_schema, reference};
