//! What can be wrong with data, and with a minimisation over them.

use std::borrow::Cow;
use std::path::PathBuf;

/// Why data could not be read or built, or a minimum not be reached.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file could not be opened or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A token of a text file is malformed.
    #[error("{name}:{line}:{column}: found `{token}`, expected {expected}")]
    Token {
        /// The file's name.
        name: String,
        /// Line, from 1.
        line: u64,
        /// Byte within the line, from 1.
        column: usize,
        /// The token as it stands (shortened if long).
        token: String,
        /// What should stand there.
        expected: String,
    },
    /// The file as a whole is not what was expected.
    #[error("{name}: found {found}, expected {expected}")]
    Content {
        /// The file's name.
        name: String,
        /// What the file holds.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// A byte of a binary file is not what its format asks for.
    #[error("{name}: byte {offset}: found {found}, expected {expected}")]
    Byte {
        /// The file's name.
        name: String,
        /// Place in the file, from 0; its length where the file is too short.
        offset: u64,
        /// What stands there.
        found: String,
        /// What should stand there.
        expected: String,
    },
    /// Sizes that do not fit together, or entries that are not finite.
    #[error("malformed data: {0}")]
    Shape(String),
    /// A parameter outside its domain.
    #[error("{name} = {value}: expected {expected}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Its domain.
        expected: Cow<'static, str>,
    },
    /// The data do not fit into memory.
    #[error("{rows} rows of {columns} single-precision numbers do not fit into memory")]
    TooLarge {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        columns: usize,
    },
    /// The solver ended above the required gradient norm.
    #[error(
        "the minimum was not reached: |grad f|_2 = {reached:e} after {iterations} iterations, expected below {wanted:e} ({reason})"
    )]
    NotReached {
        /// Smallest gradient norm seen.
        reached: f64,
        /// The required norm.
        wanted: f64,
        /// Newton iterations done.
        iterations: usize,
        /// What stopped the solver.
        reason: &'static str,
    },
}

impl DataError {
    pub(super) fn shape(message: impl Into<String>) -> Self {
        DataError::Shape(message.into())
    }
}
