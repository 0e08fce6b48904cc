//! What figures show of a problem beside its statistics.

/// Draws of the noise of a stochastic gradient in one coordinate, as a histogram shows them.
#[derive(Debug, Clone, PartialEq)]
pub struct CoordinateNoise {
    /// The coordinate, from 0.
    pub coordinate: usize,
    /// Draws less their mean, in the unit of a derivative of f.
    pub deviations: Vec<f64>,
}

/// Some images of each class of a data set, in shades of grey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gallery {
    /// Rows and columns of an image.
    pub size: [usize; 2],
    /// For each class its images; a class may have fewer than the others. Darkness row by row from the top, 0 white.
    pub classes: Vec<Vec<Vec<u8>>>,
}
