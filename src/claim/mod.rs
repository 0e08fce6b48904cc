//! Claim files: text, tree, checked claim, cells and instances.

mod build;
mod cell;
mod change;
mod diagnostic;
mod drawings;
mod family;
mod fields;
mod file;
mod instance;
mod keys;
mod left;
mod load;
mod loader;
mod naming;
mod overrides;
mod profile;
mod question;
mod read;
mod resolve;
mod schema;
mod search;
mod setup;
mod size;
mod symbol;
mod tree;

pub use cell::{Cell, InstanceError, cells, evaluate};
pub use diagnostic::{Diagnostic, SpecError};
pub use family::{Counting, counts};
#[cfg(test)]
pub use family::{LAWS, OBJECTIVES};
pub use file::*;
pub use instance::{Instance, Schedule, StartPoint, requirements};
pub use keys::{cell_name, stream_key};
pub use left::{Left, PathTerm, Reducer, Term};
pub use load::{load, load_in, scenario_of};
pub use naming::file_words;
pub use overrides::Overrides;
pub use resolve::evaluate_quantity;
pub use schema::{json_schema, reference};
pub use search::*;
pub use size::Size;
pub use symbol::{Expression, Symbol};
pub use tree::{Entry, Node, Table, Value, parse as parse_tree};
