//! Fully connected networks on labelled images: the loss, its gradients by hand, and statistics of a whole set.
//!
//! `images and parameters -> blocks of 32 -> activations -> losses -> deltas -> gradient`
//!
//! **Definition** Widths K_0 - K_1 - .. - K_L. With a_0 the scaled pixels, z_l = W_l a_(l-1) + b_l; a_l = max(z_l, 0)
//! for l < L; the loss of a sample with label y is ln(sum_k exp z_Lk) - z_Ly (softmax and cross-entropy). f(x) is the
//! mean loss over the samples plus (decay/2) |x|_2^2 over *all* parameters x, biases included, as `weight_decay` of
//! PyTorch's optimisers has it.
//!
//! **Layout** x is one flat vector. For each layer in turn: W_l row by row (entry (o, i), the weight from input i to
//! output o, at o K_(l-1) + i), then b_l. [`Network::layers`] gives the places.
//!
//! **Gradient** delta_L = softmax(z_L) - e_y, delta_(l-1) = W_l' delta_l where z_(l-1) > 0 and 0 elsewhere; the
//! derivatives are delta_l a_(l-1)' by W_l and delta_l by b_l. At a kink, z = 0, the derivative of max(z, 0) is 0.
//!
//! **Precision** Parameters, activations and gradients of a batch are `f32` or `f64` ([`Float`]). Exponentials,
//! logarithms, losses, their sums, and whatever is merged over chunks of a set, are in double precision.
//!
//! **Same bits everywhere** Every sum has one order: over inputs, outputs or samples in their order, a product rounded
//! before it is added ([`product`]). Whole sets are cut into chunks of 256 samples, merged in index order. No result
//! depends on the number of threads, on the vector instructions of the machine or on the block of 32.
//!
//! **Edge cases** Where numbers stop being finite, losses and gradients stop being finite too, and nothing panics.
//! Arguments that do not fit the network are errors.

mod chosen;
mod evaluate;
mod float;
mod noise;
mod pass;
mod product;
mod start;

#[cfg(test)]
mod evaluate_tests;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod times;

pub(crate) use evaluate::{Evaluation, Norms};
pub(crate) use float::Float;
pub(crate) use pass::Workspace;
pub(crate) use start::StartLaw;

use super::DataError;
use std::ops::Range;

/// How a pixel v in 0..=255 becomes the number that enters the network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scaling {
    /// v/255, in [0, 1].
    Unit,
    /// (v/255 - mean)/sd.
    Standard {
        /// Mean of v/255, usually over the training set.
        mean: f64,
        /// Standard deviation of v/255; positive.
        sd: f64,
    },
}

impl Scaling {
    /// The number of a pixel, in double precision.
    #[must_use]
    pub(crate) fn apply(self, pixel: u8) -> f64 {
        let unit = f64::from(pixel) / 255.0;
        match self {
            Scaling::Unit => unit,
            Scaling::Standard { mean, sd } => (unit - mean) / sd,
        }
    }
}

/// A fully connected network with the scaling of its inputs and the weight of its regulariser.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Network {
    widths: Vec<usize>,
    layers: Vec<Layer>,
    scaling: Scaling,
    decay: f64,
}

/// The places of one layer in the vector of parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    /// Units before it: the columns of W, and its fan-in.
    pub inputs: usize,
    /// Its own units: the rows of W.
    pub outputs: usize,
    /// W, row by row.
    pub weights: Range<usize>,
    /// b.
    pub biases: Range<usize>,
}

impl Network {
    /// A network of the given widths, from the number of pixels to the number of classes.
    ///
    /// # Errors
    /// [`DataError::Shape`] for fewer than two widths, a width of 0, or more parameters than an address has room for;
    /// [`DataError::Parameter`] for a decay that is negative or not finite, or a scaling that is none.
    pub(crate) fn new(widths: &[usize], scaling: Scaling, decay: f64) -> Result<Self, DataError> {
        if widths.len() < 2 || widths.contains(&0) {
            let found = widths.iter().map(ToString::to_string).collect::<Vec<_>>().join("-");
            return Err(DataError::shape(format!("a network of widths {found}: expected two or more, none of them 0")));
        }
        if let Scaling::Standard { mean, sd } = scaling {
            if !mean.is_finite() {
                return Err(DataError::Parameter { name: "mean", value: mean, expected: "a finite number".into() });
            }
            if !(sd.is_finite() && sd > 0.0) {
                return Err(DataError::Parameter {
                    name: "sd",
                    value: sd,
                    expected: "a positive finite number".into(),
                });
            }
        }
        if !(decay.is_finite() && decay >= 0.0) {
            let expected = "a finite number of at least 0";
            return Err(DataError::Parameter { name: "decay", value: decay, expected: expected.into() });
        }
        let mut layers = Vec::new();
        let mut begin = 0;
        for pair in widths.windows(2) {
            let layer = layer_at(begin, pair[0], pair[1]).ok_or_else(|| {
                DataError::shape(format!("a layer of {} x {} weights is too large", pair[1], pair[0]))
            })?;
            begin = layer.biases.end;
            layers.push(layer);
        }
        Ok(Network { widths: widths.to_vec(), layers, scaling, decay })
    }

    /// The layers, with their places in the vector of parameters.
    #[must_use]
    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// K_0, the number of pixels of a sample.
    #[must_use]
    pub(crate) fn inputs(&self) -> usize {
        self.widths[0]
    }

    /// K_L, the number of classes.
    #[must_use]
    pub(crate) fn classes(&self) -> usize {
        self.widths[self.widths.len() - 1]
    }

    /// d, the number of parameters.
    #[must_use]
    pub(crate) fn dimension(&self) -> usize {
        self.layers[self.layers.len() - 1].biases.end
    }

    /// The weight of (1/2) |x|_2^2 in the objective.
    #[must_use]
    pub(crate) fn decay(&self) -> f64 {
        self.decay
    }

    /// Joins images and labels that fit this network.
    ///
    /// # Errors
    /// [`DataError::Shape`] if the pixels are not one image of K_0 pixels a label, or a label is not below K_L.
    pub(crate) fn samples<'a>(&self, pixels: &'a [u8], labels: &'a [u8]) -> Result<Samples<'a>, DataError> {
        let (inputs, classes) = (self.inputs(), self.classes());
        if Some(pixels.len()) != labels.len().checked_mul(inputs) {
            let (found, images) = (pixels.len(), labels.len());
            return Err(DataError::shape(format!("{found} pixels for {images} images of {inputs} pixels")));
        }
        if let Some(i) = labels.iter().position(|y| usize::from(*y) >= classes) {
            return Err(DataError::shape(format!("label {} of sample {i}, with {classes} classes", labels[i])));
        }
        Ok(Samples { pixels, labels, inputs, classes })
    }

    fn check<T>(&self, parameters: &[T], samples: Samples) -> Result<(), DataError> {
        check_length("parameters", parameters.len(), self.dimension())?;
        check_length("pixels of a sample", samples.inputs, self.inputs())?;
        check_length("classes of the labels", samples.classes, self.classes())
    }
}

fn layer_at(begin: usize, inputs: usize, outputs: usize) -> Option<Layer> {
    let middle = begin.checked_add(inputs.checked_mul(outputs)?)?;
    let end = middle.checked_add(outputs).filter(|end| *end <= isize::MAX as usize / 64)?;
    Some(Layer { inputs, outputs, weights: begin..middle, biases: middle..end })
}

fn check_length(what: &str, found: usize, expected: usize) -> Result<(), DataError> {
    if found != expected {
        return Err(DataError::shape(format!("{found} {what}, expected {expected}")));
    }
    Ok(())
}

/// Images with a class each, checked against a network by [`Network::samples`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Samples<'a> {
    pixels: &'a [u8],
    labels: &'a [u8],
    inputs: usize,
    classes: usize,
}

impl<'a> Samples<'a> {
    /// n, the number of samples.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    fn image(&self, index: usize) -> &'a [u8] {
        &self.pixels[index * self.inputs..][..self.inputs]
    }

    fn label(&self, index: usize) -> usize {
        usize::from(self.labels[index])
    }
}
