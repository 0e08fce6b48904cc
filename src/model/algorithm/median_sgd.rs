//! Median SGD.
//!
//! **Update** x -= lr median(g_1, ..., g_M), coordinate by coordinate.
//! **Source** chen2020, medianSGD.
//! **Assumptions** M odd in the paper; an even M takes the mean of the two middle values.
//! **Shapes and units** lr in `[x]^2/[f]`.
//! **Ties and edge cases** a gradient that is NaN makes its replicate's coordinate NaN: a median could hide it.

use super::common::{STEP_SIZE, apply_trace, count_mean, descend, trace_nan};
use super::{Algorithm, AlgorithmEntry, Query, Step, median};
use crate::model::{Arithmetic, Slot};
use crate::scalar::{Fault, Scalar};

/// Coordinate-wise median in place of the mean.
struct MedianSgd {
    step_size: Slot,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "median-sgd",
    summary: "x -= lr median(g_i)",
    source: "chen2020, medianSGD",
    params: &[STEP_SIZE],
    build: |p| Ok(Box::new(MedianSgd { step_size: p.schedule("step_size")? })),
};

/// x -= lr median of what `vector` writes for each worker.
///
/// # Errors
/// As `vector`.
#[inline(always)]
pub(super) fn descend_by_median<S: Scalar>(
    (x, rows, middle, trace): (&mut [S], &mut [S], &mut [S], &mut [S]),
    workers: usize,
    step_size: &S,
    query: &mut dyn Query<S>,
    mut vector: impl FnMut(usize, &[S], &mut [S], &mut dyn Query<S>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let d = x.len();
    for worker in 0..workers {
        vector(worker, x, &mut rows[worker * d..(worker + 1) * d], query)?;
    }
    descend_by_median_of((x, rows, middle, trace), workers, step_size, query)
}

/// x -= lr median of the workers' vectors in `rows`.
///
/// # Errors
/// None of its own.
#[inline(always)]
pub(super) fn descend_by_median_of<S: Scalar>(
    (x, rows, middle, trace): (&mut [S], &mut [S], &mut [S], &mut [S]),
    workers: usize,
    step_size: &S,
    query: &mut dyn Query<S>,
) -> Result<(), Fault> {
    let d = x.len();
    trace.fill(S::zero());
    for row in rows.chunks(d.max(1)) {
        trace_nan(trace, row)?;
    }
    median::medians(rows, middle);
    descend(x, step_size, middle);
    apply_trace(x, trace);
    count_mean(d, workers, query);
    Ok(())
}

crate::buffers! {
    /// The workers' vectors, their medians, and traces of NaN.
    struct Memory { scratch rows: per_worker, scratch middle: vector, scratch trace: vector }
}

impl Algorithm for MedianSgd {
    /// Takes no sign, and nobody votes.
    fn is_random(&self, _semantics: &crate::model::Semantics) -> bool {
        false
    }

    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let Memory { rows, middle, trace } = step.memory;
        descend_by_median(
            (step.x, rows, middle, trace),
            step.workers,
            &lr,
            query,
            #[inline(always)]
            |worker, x, out, query| query.gradient(worker, x, out),
        )
    }
}
