//! Derivatives of every image's loss by a few chosen parameters.

use super::pass::{BLOCK, Factors, Totals};
use super::{Float, Network, Samples, Workspace};
use crate::data::DataError;

/// Where a parameter stands: its layer, the unit that it leads to, and the unit that it comes from (none: a bias).
struct Place {
    layer: usize,
    output: usize,
    input: Option<usize>,
}

impl Network {
    /// g_ij, the derivative of image i's loss by parameter `chosen[j]`, at i c + j for c chosen ones; without the
    /// regulariser, which is the same for all images. In parallel.
    ///
    /// Each is the product of two single numbers in the precision of the parameters, as a batch of one image has it.
    ///
    /// # Errors
    /// [`DataError::Shape`] if a length does not fit the network, a chosen one is no parameter, or there are no samples.
    pub(crate) fn derivatives<T: Float>(
        &self,
        parameters: &[T],
        samples: Samples,
        chosen: &[usize],
    ) -> Result<Vec<f64>, DataError> {
        let places = chosen.iter().map(|j| self.place(*j)).collect::<Result<Vec<_>, _>>()?;
        let width = places.len();
        let pass = |workspace: &mut Workspace<T>, block: &[usize], totals: &mut Totals, part: &mut Vec<f64>| {
            workspace.forward(self, parameters, samples, block, Some(1.0), totals);
            workspace.back(self, parameters, block.len());
            let first = part.len();
            part.resize(first + width * block.len(), 0.0);
            let here = &mut part[first..];
            workspace.factors(block.len(), |Factors { layer, deltas, inputs: (begin, end), values, stride }| {
                for (j, place) in places.iter().enumerate().filter(|(_, place)| place.layer == layer) {
                    for n in 0..block.len() {
                        let delta = deltas[place.output * BLOCK + n];
                        here[n * width + j] = match place.input {
                            None => delta.into(),
                            Some(i) if (begin..end).contains(&i) => (delta * values[n * stride + i - begin]).into(),
                            Some(_) => continue,
                        };
                    }
                }
            });
        };
        let mut all = Vec::with_capacity(width * samples.len());
        self.over_chunks(parameters, samples, Vec::new, pass, |_, part| all.extend(part))?;
        Ok(all)
    }

    fn place(&self, parameter: usize) -> Result<Place, DataError> {
        let found = self.layers().iter().enumerate().find_map(|(layer, it)| {
            if it.weights.contains(&parameter) {
                let at = parameter - it.weights.start;
                return Some(Place { layer, output: at / it.inputs, input: Some(at % it.inputs) });
            }
            let bias = it.biases.contains(&parameter);
            bias.then(|| Place { layer, output: parameter - it.biases.start, input: None })
        });
        found.ok_or_else(|| DataError::shape(format!("parameter {parameter} of {}", self.dimension())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scaling;
    use super::super::reference::{images, integer_start, one};
    use super::*;

    #[test]
    fn derivatives_are_those_of_a_direct_loop() {
        // 300 images are two chunks, and the second chunk's last block is not full; 70 inputs are two panels.
        let network = Network::new(&[70, 5, 3], Scaling::Unit, 0.5).unwrap();
        let x: Vec<f64> = integer_start(&network, 9);
        let (pixels, labels) = images(&network, 300, 4);
        let samples = network.samples(&pixels, &labels).unwrap();
        let chosen = [370, 0, 69, 65, 349, 350, 354, 355, 369, 372];
        let found = network.derivatives(&x, samples, &chosen).unwrap();
        assert_eq!(found.len(), 3000);
        for (i, row) in found.chunks(chosen.len()).enumerate() {
            // Reference: the loop over one image, in which the regulariser has no part.
            let (_, gradient) = one(&network, &x, &pixels[70 * i..70 * (i + 1)], labels[i]);
            for (j, g) in chosen.iter().zip(row) {
                let expected = gradient[*j];
                assert!((g - expected).abs() < 1e-12, "image {i}, parameter {j}: {g} and {expected}");
            }
        }
        assert!(found.iter().filter(|g| **g != 0.0).count() > 1000);
        assert!(network.derivatives(&x, samples, &[373]).is_err());
    }
}
