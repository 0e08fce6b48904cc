//! Networks in plain loops, for tests to hold the passes against.

use super::{Float, Network, Samples, Scaling};

/// SplitMix64 (Steele, Lea and Flood 2014): state += 0x9e3779b97f4a7c15, then its output function.
pub(super) struct Integers(pub(super) u64);

impl Integers {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// k/2^23 - 1 with k the upper 24 bits: exact in either precision, in [-1, 1).
    pub(super) fn signed(&mut self) -> f64 {
        (self.next() >> 40) as f64 / f64::from(1 << 23) - 1.0
    }
}

/// The integer start: x_j = 2^-e k_j with k_j the next signed number of the generator and 2^e >= sqrt(inputs) of its
/// layer, in the order of the layout.
pub(super) fn integer_start<T: Float>(network: &Network, seed: u64) -> Vec<T> {
    let mut integers = Integers(seed);
    let mut parameters = vec![T::default(); network.dimension()];
    for layer in network.layers() {
        let mut scale = 1.0;
        while scale * scale * layer.inputs as f64 > 1.0 {
            scale /= 2.0;
        }
        for x in &mut parameters[layer.weights.start..layer.biases.end] {
            *x = T::from_f64(scale * integers.signed());
        }
    }
    parameters
}

/// Pixels and labels from the generator; about half of the pixels are 0, as of digits.
pub(super) fn images(network: &Network, count: usize, seed: u64) -> (Vec<u8>, Vec<u8>) {
    let mut integers = Integers(seed);
    let mut pixel = || {
        let word = integers.next();
        if word & 1 == 0 { 0 } else { (word >> 56) as u8 }
    };
    let pixels = (0..count * network.inputs()).map(|_| pixel()).collect();
    let labels = (0..count).map(|_| (integers.next() % network.classes() as u64) as u8).collect();
    (pixels, labels)
}

/// One sample's loss and gradient in double precision, straight from the definition: no blocks, no order in mind, the
/// softmax without a shift. The regulariser is left out.
pub(super) fn one(network: &Network, parameters: &[f64], image: &[u8], label: u8) -> (f64, Vec<f64>) {
    let scale = |pixel: &u8| match network.scaling {
        Scaling::Unit => f64::from(*pixel) / 255.0,
        Scaling::Standard { mean, sd } => (f64::from(*pixel) / 255.0 - mean) / sd,
    };
    let widths = &network.widths;
    let mut activations = vec![image.iter().map(scale).collect::<Vec<f64>>()];
    let mut places = Vec::new();
    let mut begin = 0;
    for l in 1..widths.len() {
        let (before, after) = (widths[l - 1], widths[l]);
        let biases = begin + before * after;
        let mut z: Vec<f64> = parameters[biases..biases + after].to_vec();
        for o in 0..after {
            for i in 0..before {
                z[o] += parameters[begin + o * before + i] * activations[l - 1][i];
            }
            if l + 1 < widths.len() && z[o] < 0.0 {
                z[o] = 0.0;
            }
        }
        activations.push(z);
        places.push((begin, biases));
        begin = biases + after;
    }
    let logits = activations.last().expect("at least one layer");
    let total: f64 = logits.iter().map(|z| z.exp()).sum();
    let loss = total.ln() - logits[usize::from(label)];
    let mut delta: Vec<f64> = logits.iter().map(|z| z.exp() / total).collect();
    delta[usize::from(label)] -= 1.0;
    let mut gradient = vec![0.0; begin];
    for l in (1..widths.len()).rev() {
        let (before, after) = (widths[l - 1], widths[l]);
        let (weights, biases) = places[l - 1];
        let mut back = vec![0.0; before];
        for o in 0..after {
            gradient[biases + o] = delta[o];
            for i in 0..before {
                gradient[weights + o * before + i] = delta[o] * activations[l - 1][i];
                if activations[l - 1][i] > 0.0 {
                    back[i] += parameters[weights + o * before + i] * delta[o];
                }
            }
        }
        delta = back;
    }
    (loss, gradient)
}

/// A batch in the order of operations that the module promises, in either precision, by plain loops.
pub(super) fn in_order<T: Float>(network: &Network, x: &[T], samples: Samples, indices: &[usize]) -> (f64, Vec<T>) {
    let share = 1.0 / indices.len() as f64;
    let mut gradient = vec![T::default(); x.len()];
    let mut sum = 0.0;
    for index in indices {
        let image = samples.image(*index);
        let mut levels = vec![image.iter().map(|p| T::from_f64(network.scaling.apply(*p))).collect::<Vec<T>>()];
        for (l, layer) in network.layers().iter().enumerate() {
            let mut z = x[layer.biases.clone()].to_vec();
            for (o, z) in z.iter_mut().enumerate() {
                for i in 0..layer.inputs {
                    *z = *z + x[layer.weights.start + o * layer.inputs + i] * levels[l][i];
                }
                if l + 1 < network.layers().len() && *z <= T::default() {
                    *z = T::default();
                }
            }
            levels.push(z);
        }
        let logits: Vec<f64> = levels[network.layers().len()].iter().map(|z| (*z).into()).collect();
        let largest = logits.iter().fold(f64::NEG_INFINITY, |m, z| m.max(*z));
        let exponentials: Vec<f64> = logits.iter().map(|z| libm::exp(z - largest)).collect();
        let total: f64 = exponentials.iter().fold(0.0, |sum, e| sum + e);
        let label = samples.label(*index);
        sum += libm::log(total) - (logits[label] - largest);
        let target = |class: usize| f64::from(u8::from(class == label));
        let delta = |(class, e): (usize, &f64)| T::from_f64(share * (e / total - target(class)));
        let mut deltas: Vec<T> = exponentials.iter().enumerate().map(delta).collect();
        for (l, layer) in network.layers().iter().enumerate().rev() {
            let mut back = vec![T::default(); layer.inputs];
            for (o, delta) in deltas.iter().enumerate() {
                let place = layer.weights.start + o * layer.inputs;
                for (i, a) in levels[l].iter().enumerate() {
                    gradient[place + i] = gradient[place + i] + *delta * *a;
                    back[i] = back[i] + x[place + i] * *delta;
                }
                gradient[layer.biases.start + o] = gradient[layer.biases.start + o] + *delta;
            }
            for (back, a) in back.iter_mut().zip(&levels[l]) {
                if *a <= T::default() {
                    *back = T::default();
                }
            }
            deltas = back;
        }
    }
    let decay = T::from_f64(network.decay());
    if network.decay() != 0.0 {
        gradient.iter_mut().zip(x).for_each(|(g, x)| *g = *g + decay * *x);
    }
    (sum, gradient)
}
