//! Data sets, how they are spread over workers, and the regularised logistic loss over them, at the size of real
//! experiments.
//!
//! `file or seed -> Dataset -> Logistic -> value, gradient, facts -> Minimum`
//!
//! - [`Matrix`]: dense or sparse rows in double or single precision; every sum over them runs in double precision.
//! - [`parse_libsvm`], [`load_libsvm`]: LIBSVM text, the second from a file with a binary cache beside it.
//! - [`generate`]: a planted problem in the layout of the epsilon set.
//! - [`Logistic`]: the objective, its derivatives and its smoothness constants.
//! - [`minimise`]: f* to a gradient norm of 1e-10, with the bound on what is left.
//! - [`read_images`], [`embedded_images`]: sets of small images with a class each.
//! - [`Split`]: which samples each of many workers has.
//! - [`network`]: fully connected networks on labelled images, their gradients and statistics of whole sets.
//!
//! **Same bits everywhere.** Rows are cut into chunks that depend on the data's shape alone. Each chunk is summed in a
//! fixed order, and chunks are merged in index order. No result depends on the number of threads or on the vector
//! instructions of the machine.

mod cache;
mod error;
mod generate;
mod images;
mod kernels;
mod libsvm;
mod logistic;
mod matrix;
mod minimum;
pub(crate) mod network;
mod split;

pub(crate) use cache::{Loaded, load_libsvm};
pub use error::DataError;
pub(crate) use generate::generate;
pub use images::{DataFile, FileSum, IMAGE_FILES, ImageSet, Images, embedded_images, parse_images, read_images};
pub use libsvm::{Expected, parse_libsvm};
pub(crate) use logistic::Logistic;
pub(crate) use matrix::{Matrix, Rounding};
pub(crate) use minimum::{Minimum, Stop, minimise};
pub use split::{Split, Spread};

/// Rows with a class each.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    matrix: Matrix,
    labels: Vec<i8>,
}

impl Dataset {
    /// Joins n rows with n labels.
    ///
    /// # Errors
    /// [`DataError::Shape`] if their numbers differ or a label is neither -1 nor +1.
    pub fn new(matrix: Matrix, labels: Vec<i8>) -> Result<Self, DataError> {
        if matrix.rows() != labels.len() {
            return Err(DataError::shape(format!("{} rows with {} labels", matrix.rows(), labels.len())));
        }
        if let Some(i) = labels.iter().position(|b| !matches!(b, -1 | 1)) {
            return Err(DataError::shape(format!("label {} of row {i} is neither -1 nor +1", labels[i])));
        }
        Ok(Dataset { matrix, labels })
    }

    /// The rows a_i.
    #[must_use]
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// The labels b_i, each -1 or +1.
    #[must_use]
    pub fn labels(&self) -> &[i8] {
        &self.labels
    }
}
