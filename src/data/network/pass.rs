//! The way forward and back through a network, block by block.

use super::product::{ByColumns, ByRows, Kept, LINE, Product, Rows, Zero};
use super::{Float, Network, Samples, Scaling, check_length};
use crate::data::DataError;
use crate::scalar::{exp, ln};
use pulp::Arch;

/// Samples that pass through the network together.
pub(super) const BLOCK: usize = 32;

/// Pixels of each sample that are scaled at a time: they are multiplied while they are in the nearest cache.
const PANEL: usize = 64;

/// Numbers that begin on a cache line, so that no vector of theirs lies on two.
#[derive(Debug)]
struct Aligned<T> {
    store: Vec<T>,
    begin: usize,
    length: usize,
}

impl<T: Float> Aligned<T> {
    fn new(length: usize) -> Self {
        let store = vec![T::default(); length + LINE];
        // At most 15 numbers to the next multiple of 64 bytes; where it cannot be known, any place will do.
        let begin = store.as_ptr().align_offset(64).min(LINE);
        Aligned { store, begin, length }
    }

    #[inline(always)]
    fn get(&self) -> &[T] {
        &self.store[self.begin..][..self.length]
    }

    #[inline(always)]
    fn get_mut(&mut self) -> &mut [T] {
        &mut self.store[self.begin..][..self.length]
    }
}

/// The units of one layer's outputs, for the samples of a block.
#[derive(Debug)]
pub(super) struct Level<T> {
    width: usize,
    stride: usize,
    /// a_l, unit i of sample n at n stride + i; not kept for the last level.
    by_sample: Aligned<T>,
    /// a_l, or z_L at the last level; unit i of sample n at i [`BLOCK`] + n.
    by_unit: Aligned<T>,
    /// delta_l, laid out as `by_unit`.
    deltas: Aligned<T>,
}

/// Distance of rows: whole cache lines, and an odd number of them, since rows that are a power of two apart would push
/// each other out of the cache.
const fn stride(width: usize) -> usize {
    (width.div_ceil(LINE) | 1) * LINE
}

impl<T: Float> Level<T> {
    fn new(width: usize, is_last: bool) -> Self {
        Level {
            width,
            stride: stride(width),
            by_sample: Aligned::new(if is_last { 0 } else { BLOCK * stride(width) }),
            by_unit: Aligned::new(width * BLOCK),
            deltas: Aligned::new(width * BLOCK),
        }
    }

    /// a_l = max(z_l, 0) from z_l, in both layouts where a gradient is wanted. A NaN stays.
    fn rectify(&mut self, count: usize, both: bool) {
        let from = self.by_unit.get_mut();
        from.iter_mut().for_each(|z| *z = if *z <= T::default() { T::default() } else { *z });
        if !both {
            return;
        }
        for (n, row) in self.by_sample.get_mut().chunks_exact_mut(self.stride).enumerate().take(count) {
            for (to, from) in row[..self.width].iter_mut().zip(from.chunks_exact(BLOCK)) {
                *to = from[n];
            }
        }
    }
}

/// Everything that a pass writes to beside the gradient, allocated once for a network.
#[derive(Debug)]
pub(crate) struct Workspace<T> {
    /// The widest that the processor has; it enters no number.
    pub(super) arch: Arch,
    widths: Vec<usize>,
    scaling: Scaling,
    scaled: Box<[T; 256]>,
    /// The images of a block, one after the other: they are fetched once, and taken from a near cache twice.
    images: Vec<u8>,
    /// Scaled pixels of a block, in either layout.
    panel: Aligned<T>,
    /// One for each layer.
    levels: Vec<Level<T>>,
    exponentials: Vec<f64>,
}

/// What samples come to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Totals {
    /// Sum of the losses.
    pub(super) loss: f64,
    /// Samples whose label has the largest logit, the first of equal ones.
    pub(super) correct: usize,
}

/// A layer's derivatives for a block, before they are summed: deltas of its outputs, and some of its inputs.
#[derive(Clone, Copy)]
pub(super) struct Factors<'a, T> {
    /// The layer's number, from 0.
    pub(super) layer: usize,
    /// delta of output o and sample n at o [`BLOCK`] + n.
    pub(super) deltas: &'a [T],
    /// Inputs that these are.
    pub(super) inputs: (usize, usize),
    /// Input i of sample n at n `stride` + i - inputs.0.
    pub(super) values: &'a [T],
    /// Distance of the samples in `values`.
    pub(super) stride: usize,
}

impl Network {
    /// The buffers that a pass of this network needs.
    #[must_use]
    pub(crate) fn workspace<T: Float>(&self) -> Workspace<T> {
        let layers = self.layers.len();
        Workspace {
            arch: Arch::new(),
            widths: self.widths.clone(),
            scaling: self.scaling,
            scaled: Box::new(std::array::from_fn(|pixel| T::from_f64(self.scaling.apply(pixel as u8)))),
            images: vec![0; BLOCK * self.inputs()],
            panel: Aligned::new(BLOCK * stride(PANEL)),
            levels: self.layers.iter().enumerate().map(|(l, it)| Level::new(it.outputs, l + 1 == layers)).collect(),
            exponentials: vec![0.0; self.classes()],
        }
    }

    /// The sum of a batch's losses, regulariser excluded, and `gradient = (1/m) sum_k grad loss_{indices[k]} + decay x`
    /// over its m samples. An index may occur more than once. One thread; nothing is allocated.
    ///
    /// The mean objective of the batch is the sum over m plus [`Network::penalty`].
    ///
    /// # Errors
    /// [`DataError::Shape`] if a length does not fit the network, the batch is empty, an index is not below the number
    /// of samples, or the workspace is one of another network. The gradient is then as it was.
    pub(crate) fn batch<T: Float>(
        &self,
        parameters: &[T],
        samples: Samples,
        indices: &[usize],
        gradient: &mut [T],
        workspace: &mut Workspace<T>,
    ) -> Result<f64, DataError> {
        self.check(parameters, samples)?;
        check_length("entries of the gradient", gradient.len(), self.dimension())?;
        if workspace.widths != self.widths || workspace.scaling != self.scaling {
            return Err(DataError::shape("a workspace of another network"));
        }
        if indices.is_empty() {
            return Err(DataError::shape("a batch without samples"));
        }
        if let Some(index) = indices.iter().find(|index| **index >= samples.len()) {
            return Err(DataError::shape(format!("sample {index} of {}", samples.len())));
        }
        let share = 1.0 / indices.len() as f64;
        let mut totals = Totals::default();
        for (k, block) in indices.chunks(BLOCK).enumerate() {
            workspace.forward(self, parameters, samples, block, Some(share), &mut totals);
            workspace.back(self, parameters, block.len());
            workspace.add_gradient(self, block.len(), k == 0, gradient);
        }
        if self.decay != 0.0 {
            let decay = T::from_f64(self.decay);
            gradient.iter_mut().zip(parameters).for_each(|(g, x)| *g = *g + decay * *x);
        }
        Ok(totals.loss)
    }

    /// (decay/2) |x|_2^2.
    #[must_use]
    pub(crate) fn penalty<T: Float>(&self, parameters: &[T]) -> f64 {
        if self.decay == 0.0 {
            return 0.0;
        }
        let square = |x: &T| {
            let x: f64 = (*x).into();
            x * x
        };
        0.5 * self.decay * parameters.iter().map(square).sum::<f64>()
    }
}

impl<T: Float> Workspace<T> {
    /// Passes a block of at most [`BLOCK`] samples forward, and adds to the totals sample by sample. With a share, also
    /// leaves share times delta_L behind.
    pub(super) fn forward(
        &mut self,
        network: &Network,
        parameters: &[T],
        samples: Samples,
        block: &[usize],
        share: Option<f64>,
        totals: &mut Totals,
    ) {
        let (arch, columns) = (self.arch, block.len());
        for (image, index) in self.images.chunks_exact_mut(network.inputs()).zip(block) {
            image.copy_from_slice(samples.image(*index));
        }
        for (l, layer) in network.layers.iter().enumerate() {
            let (weights, biases) = (&parameters[layer.weights.clone()], &parameters[layer.biases.clone()]);
            let (rows, right_stride, out_stride) = (layer.outputs, BLOCK, BLOCK);
            if l == 0 {
                for begin in (0..layer.inputs).step_by(PANEL) {
                    let depth = PANEL.min(layer.inputs - begin);
                    self.load_by_unit(columns, begin, depth);
                    let left = ByRows(&weights[begin..], layer.inputs);
                    let (right, out) = (self.panel.get(), self.levels[0].by_unit.get_mut());
                    if begin == 0 {
                        let start = Rows(biases);
                        Product { left, rows, depth, right, right_stride, start, out, out_stride, columns }.run(arch);
                    } else {
                        let start = Kept;
                        Product { left, rows, depth, right, right_stride, start, out, out_stride, columns }.run(arch);
                    }
                }
            } else {
                let (before, after) = self.levels.split_at_mut(l);
                let (left, depth, start) = (ByRows(weights, layer.inputs), layer.inputs, Rows(biases));
                let (right, out) = (before[l - 1].by_unit.get(), after[0].by_unit.get_mut());
                Product { left, rows, depth, right, right_stride, start, out, out_stride, columns }.run(arch);
            }
            if l + 1 < network.layers.len() {
                self.levels[l].rectify(columns, share.is_some());
            }
        }
        self.losses(samples, block, share, totals);
    }

    /// Pixels begin, .., begin + width - 1, scaled; pixel i of sample n at (i - begin) [`BLOCK`] + n.
    fn load_by_unit(&mut self, count: usize, begin: usize, width: usize) {
        let scaled = &*self.scaled;
        let (units, _) = self.panel.get_mut().as_chunks_mut::<BLOCK>();
        // Four samples at a time are one store; images of an earlier block stand in where there are none.
        for (four, images) in self.images.chunks_exact(4 * self.widths[0]).enumerate().take(count.div_ceil(4)) {
            let image = |k: usize| &images[k * self.widths[0] + begin..][..width];
            let [a, b, c, d] = [image(0), image(1), image(2), image(3)];
            let pixels = a.iter().zip(b).zip(c.iter().zip(d));
            for (unit, ((a, b), (c, d))) in units.iter_mut().zip(pixels) {
                let values = [a, b, c, d].map(|pixel| scaled[usize::from(*pixel)]);
                unit[4 * four..4 * four + 4].copy_from_slice(&values);
            }
        }
    }

    /// The same pixels; pixel i of sample n at n stride([`PANEL`]) + i - begin.
    fn load_by_sample(&mut self, count: usize, begin: usize, width: usize) {
        let rows = self.panel.get_mut().chunks_exact_mut(stride(PANEL));
        for (row, image) in rows.zip(self.images.chunks_exact(self.widths[0])).take(count) {
            for (value, pixel) in row.iter_mut().zip(&image[begin..begin + width]) {
                *value = self.scaled[usize::from(*pixel)];
            }
        }
    }

    /// Losses from the logits, with the largest logit taken off before the exponential.
    fn losses(&mut self, samples: Samples, block: &[usize], share: Option<f64>, totals: &mut Totals) {
        let Some(Level { by_unit, deltas, .. }) = self.levels.last_mut() else { return };
        let (logits, deltas) = (by_unit.get(), deltas.get_mut());
        for (n, index) in block.iter().enumerate() {
            let label = samples.label(*index);
            let logit = |class: usize| -> f64 { logits[class * BLOCK + n].into() };
            let (mut largest, mut predicted) = (f64::NEG_INFINITY, 0);
            for class in 0..self.exponentials.len() {
                let z = logit(class);
                if z > largest || z.is_nan() {
                    (largest, predicted) = (z, class);
                }
            }
            let mut sum = 0.0;
            for (class, e) in self.exponentials.iter_mut().enumerate() {
                *e = exp(logit(class) - largest);
                sum += *e;
            }
            totals.loss += ln(sum) - (logit(label) - largest);
            totals.correct += usize::from(predicted == label && !largest.is_nan());
            let Some(share) = share else { continue };
            for (class, e) in self.exponentials.iter().enumerate() {
                let target = if class == label { 1.0 } else { 0.0 };
                deltas[class * BLOCK + n] = T::from_f64(share * (e / sum - target));
            }
        }
    }

    /// delta_l of the hidden layers, from that of the last.
    pub(super) fn back(&mut self, network: &Network, parameters: &[T], count: usize) {
        let arch = self.arch;
        for (l, layer) in network.layers.iter().enumerate().skip(1).rev() {
            let (before, after) = self.levels.split_at_mut(l);
            let (before, after) = (&mut before[l - 1], &after[0]);
            Product {
                left: ByColumns(&parameters[layer.weights.clone()], layer.inputs),
                rows: layer.inputs,
                depth: layer.outputs,
                right: after.deltas.get(),
                right_stride: BLOCK,
                start: Zero,
                out: before.deltas.get_mut(),
                out_stride: BLOCK,
                columns: count,
            }
            .run(arch);
            for (delta, a) in before.deltas.get_mut().iter_mut().zip(before.by_unit.get()) {
                *delta = if *a <= T::default() { T::default() } else { *delta };
            }
        }
    }

    /// Hands the factors of all derivatives of the last block to `visit`, a layer's inputs in one piece or in several.
    pub(super) fn factors(&mut self, count: usize, mut visit: impl FnMut(Factors<T>)) {
        let width = self.widths[0];
        for begin in (0..width).step_by(PANEL) {
            let end = width.min(begin + PANEL);
            self.load_by_sample(count, begin, end - begin);
            let (deltas, values) = (self.levels[0].deltas.get(), self.panel.get());
            visit(Factors { layer: 0, deltas, inputs: (begin, end), values, stride: stride(PANEL) });
        }
        for (l, pair) in self.levels.windows(2).enumerate() {
            let (deltas, values, stride) = (pair[1].deltas.get(), pair[0].by_sample.get(), pair[0].stride);
            visit(Factors { layer: l + 1, deltas, inputs: (0, pair[0].width), values, stride });
        }
    }

    /// `gradient += sum_n delta_l a_(l-1)'` and `sum_n delta_l`; `=` in place of `+=` for the first block.
    pub(super) fn add_gradient(&mut self, network: &Network, count: usize, is_first: bool, gradient: &mut [T]) {
        let (arch, depth) = (self.arch, count);
        self.factors(count, |Factors { layer, deltas, inputs: (begin, end), values, stride }| {
            let layer = &network.layers[layer];
            let (left, rows) = (ByRows(deltas, BLOCK), layer.outputs);
            let (right, right_stride, columns) = (values, stride, end - begin);
            let (out, out_stride) = (&mut gradient[layer.weights.clone()][begin..], layer.inputs);
            if is_first {
                Product { left, rows, depth, right, right_stride, start: Zero, out, out_stride, columns }.run(arch);
            } else {
                Product { left, rows, depth, right, right_stride, start: Kept, out, out_stride, columns }.run(arch);
            }
            if begin == 0 {
                let sums = gradient[layer.biases.clone()].iter_mut();
                for (sum, deltas) in sums.zip(deltas.chunks_exact(BLOCK)) {
                    let begin = if is_first { T::default() } else { *sum };
                    *sum = deltas[..depth].iter().fold(begin, |sum, delta| sum + *delta);
                }
            }
        });
    }
}
