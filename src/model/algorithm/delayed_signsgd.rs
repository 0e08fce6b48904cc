//! signSGD with delayed gradients.
//!
//! **Update** x_{k+1} = x_k - lr sgn(mean_m g_m(x_{max(k - tau_m, 0)})).
//! **Source** bernstein2018, Section 6 (delayed gradients and asynchronous workers).
//! **Differs from the source** which has no algorithm: here worker m's gradient is always tau_m steps old, and before
//! step tau_m it is one at the start. Noise of the oracle is drawn when the gradient is used, which leaves the law of
//! the iterates as it is, draws being independent.
//! **Shapes and units** lr in `[x]`; `delay` is one number of steps, or one per worker. The state is a ring of the last
//! max tau iterates.
//! **Ties and edge cases** sgn(0) as `sign_zero` says; delay 0 is `signsgd`.

use super::common::{STEP_SIZE, count_signs, descend};
use super::{Algorithm, AlgorithmEntry, Query, Step, take_signs};
use crate::model::{Arithmetic, BuildError, Kind, Limits, ParamSpec, Params, Slot};
use crate::scalar::Fault;

/// Longest delay that is kept.
const MAX_DELAY: usize = 1_000_000;

/// Signs of stale gradients.
struct DelayedSignSgd {
    step_size: Slot,
    /// One a worker.
    delays: Vec<usize>,
}

/// Registry line.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "delayed-signsgd",
    summary: "x_{k+1} = x_k - lr sgn(g(x_{k - tau}))",
    source: "bernstein2018, Section 6",
    params: &[
        STEP_SIZE,
        ParamSpec {
            name: "delay",
            kind: Kind::Vector,
            default: Some("1"),
            limits: Limits::NON_NEGATIVE,
            doc: "tau, steps by which gradients are late: one number, or one per worker; before step tau they are taken at x_0",
        },
    ],
    build: |p| Ok(Box::new(DelayedSignSgd { step_size: p.schedule("step_size")?, delays: delays(p)? })),
};

fn delays(p: &Params) -> Result<Vec<usize>, BuildError> {
    let count = |value: &crate::model::Real| {
        let whole = value.exact().and_then(crate::scalar::Rational::to_i64).and_then(|n| usize::try_from(n).ok());
        whole.filter(|n| *n <= MAX_DELAY).ok_or_else(|| {
            BuildError::about("delay", format!("'delay' holds {value}; it takes whole numbers from 0 to {MAX_DELAY}"))
        })
    };
    p.vector("delay", p.workers.max(1))?.iter().map(count).collect()
}

crate::buffers! {
    /// The last iterates, and room for two gradients.
    struct Memory { kept past: past, scratch g: vector, scratch other: vector }
}

impl Algorithm for DelayedSignSgd {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    fn past(&self) -> usize {
        self.delays.iter().copied().max().unwrap_or(0)
    }

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let lr = step.value(self.step_size);
        let (d, depth) = (step.x.len(), self.past());
        let Memory { past, g, other } = step.memory;
        if step.k == 0 {
            past.chunks_mut(d).for_each(|row| row.clone_from_slice(step.x));
        }
        g.fill(S::zero());
        for worker in 0..step.workers {
            // Iterate j stands in row j mod depth until iterate j + depth replaces it, at the end of that step.
            let delay = self.delays.get(worker).copied().unwrap_or(depth);
            let row = (step.k.saturating_sub(delay as u64) % depth.max(1) as u64) as usize;
            let point = if delay == 0 { &*step.x } else { &past[row * d..(row + 1) * d] };
            query.gradient(worker, point, other)?;
            for (sum, g) in g.iter_mut().zip(other.iter()) {
                *sum += g;
            }
        }
        if step.workers > 1 {
            let weight = S::ratio(1, step.workers as u64);
            g.iter_mut().for_each(|g| *g *= &weight);
        }
        take_signs(g, step.semantics.sign_zero, query)?;
        if depth > 0 {
            let row = (step.k % depth as u64) as usize;
            past[row * d..(row + 1) * d].clone_from_slice(step.x);
        }
        descend(step.x, &lr, g);
        count_signs(d, step.workers, 0, step.semantics, query);
        Ok(())
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        Some(values[self.step_size.0].abs())
    }
}
