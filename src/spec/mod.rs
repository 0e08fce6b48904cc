//! Claim files: text, tree, checked claim, cells and instances.

mod ask;
mod build;
mod cell;
mod change;
mod claim;
mod diagnostic;
mod drawings;
mod family;
mod fields;
mod instance;
mod left;
mod load;
mod naming;
mod profile;
mod read;
mod resolve;
mod schema;
mod setup;
mod size;
mod symbol;
mod tree;

pub use cell::{Cell, InstanceError, cells, evaluate};
pub use change::Dropped;
pub use claim::*;
pub use diagnostic::{Diagnostic, SpecError};
pub use family::{Counting, LAWS, OBJECTIVES, counts};
pub use fields::{Field, OUTCOMES, RELATIONS, SECTIONS, Section, Shape};
pub use instance::{Instance, Schedule, StartPoint, requirements};
pub use left::{Left, PathTerm, Reducer, Term};
pub use load::{Overrides, load, load_in, trial_of};
pub use naming::file_words;
pub use resolve::evaluate_quantity;
pub use schema::{json_schema, reference};
pub use size::Size;
pub use symbol::{Expression, Symbol};
pub use tree::{Entry, Node, Table, Value, parse as parse_tree};
