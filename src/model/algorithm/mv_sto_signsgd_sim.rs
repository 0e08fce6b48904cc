//! Majority vote over stochastic signs of gradients, of momenta, and its federated form.
//!
//! **Update** y = x + alpha (x - x_prev); worker i: z = y, then K times z -= eta g_i(z), each with a gradient of its
//! own (`mv-sto-signsgd-sim` has K = 0); then m_i = theta m_i + (1 - theta) g_i(z); x -= gamma sgn(sum_i S_R(m_i)).
//! S_R(v)_j is +1 with probability 1/2 + v_j/(2R), else -1.
//! **Source** sun2023, Algorithms 2 and 3 (Theorems 3 and 4), equation 6.
//! **Differs from the source** the paper starts at 0 and counts from t = 1 with x^1 = x^0; here k = t - 1, x_prev = x
//! at k = 0, and any start is allowed. alpha = 0 is single momentum, alpha = theta/(1 - theta) double momentum.
//! theta = alpha = 0 is MV-sto-signSGD (Jin et al. 2020), under the name `mv-sto-signsgd`.
//! **Assumptions** |m_i|_inf <= R. Beyond it the probability is clipped to [0, 1]; the view `clipped` counts for each
//! coordinate how often that has happened, over all workers, and `clipped_share` is the share of all entries in the last
//! step.
//! **Shapes and units** one momentum per worker, in a gradient's unit `[f]/[x]`, as R is; gamma in `[x]`, eta in
//! `[x]^2/[f]`.
//! **Ties and edge cases** S_R(0) is a fair coin, where equation 6 with sgn(0) = 0 would give 0: either has mean 0. The
//! sign of a tied vote as `ties` says. Workers and server send one bit per coordinate (the server two where ties give
//! 0). NaN as in `vote`.

use super::common::{MOMENTUM, STEP_SIZE, accumulate, apply_trace, descend, extrapolate, trace_nan};
use super::{Algorithm, AlgorithmEntry, Query, Step};
use crate::model::compressor::Compressor;
use crate::model::compressor::stochastic_sign::StochasticSign;
use crate::model::wire::{SignMessage, Tally};
use crate::model::{
    Arithmetic, BuildError, DynAlgorithm, Kind, Limits, MomentumForm, ParamSpec, Params, Semantics, SignZero, Slot,
};
use crate::scalar::{Fault, Scalar};

/// Votes of stochastic signs.
struct MvStoSignSgdSim {
    step_size: Slot,
    /// theta and alpha; 0 where absent.
    momentum: Option<Slot>,
    extrapolation: Option<Slot>,
    signs: StochasticSign,
    /// eta and K.
    local: Option<(Slot, usize)>,
}

const EXTRAPOLATION: ParamSpec = ParamSpec {
    name: "extrapolation",
    kind: Kind::Schedule,
    default: Some("0"),
    limits: Limits::ANY,
    doc: "alpha: gradients are taken at x + alpha (x - x_prev)",
};
const RADIUS: ParamSpec = ParamSpec {
    name: "radius",
    kind: Kind::Number,
    default: None,
    limits: Limits::POSITIVE,
    doc: "R, at least |m_i| for unbiased signs",
};

/// Registry line of Algorithm 2.
pub(super) static ENTRY: AlgorithmEntry = AlgorithmEntry {
    name: "mv-sto-signsgd-sim",
    summary: "m_i = theta m_i + (1 - theta) g_i(x + alpha (x - x_prev)); x -= gamma sgn(sum_i S_R(m_i))",
    source: "sun2023, Algorithm 2",
    params: &[STEP_SIZE, MOMENTUM, EXTRAPOLATION, RADIUS],
    build: |p| build(p, Form::Momentum),
};

/// Registry line of the method without momentum.
pub(super) static MEMORYLESS: AlgorithmEntry = AlgorithmEntry {
    name: "mv-sto-signsgd",
    summary: "x -= gamma sgn(sum_i S_R(g_i)): mv-sto-signsgd-sim with theta = alpha = 0",
    source: "Jin et al. 2020; sun2023, Section 3.2",
    params: &[STEP_SIZE, RADIUS],
    build: |p| build(p, Form::Memoryless),
};

/// Registry line of Algorithm 3.
pub(super) static FEDERATED: AlgorithmEntry = AlgorithmEntry {
    name: "federated-mv-sto-signsgd-sim",
    summary: "mv-sto-signsgd-sim with gradients at the end of K local steps z -= eta g_i(z)",
    source: "sun2023, Algorithm 3",
    params: &[
        STEP_SIZE,
        MOMENTUM,
        EXTRAPOLATION,
        RADIUS,
        ParamSpec {
            name: "local_step_size",
            kind: Kind::Schedule,
            default: None,
            limits: Limits::ANY,
            doc: "eta of the local steps",
        },
        ParamSpec {
            name: "local_steps",
            kind: Kind::Count,
            default: None,
            limits: Limits::ANY,
            doc: "K, local steps a round",
        },
    ],
    build: |p| build(p, Form::Federated),
};

/// The three methods.
#[derive(PartialEq, Eq)]
enum Form {
    Memoryless,
    Momentum,
    Federated,
}

fn build(p: &Params, form: Form) -> Result<Box<dyn DynAlgorithm>, BuildError> {
    let remembers = form != Form::Memoryless;
    let of_memory = |name| if remembers { p.schedule(name).map(Some) } else { Ok(None) };
    let local = match form {
        Form::Federated => Some((p.schedule("local_step_size")?, p.count("local_steps")?)),
        _ => None,
    };
    Ok(Box::new(MvStoSignSgdSim {
        step_size: p.schedule("step_size")?,
        momentum: of_memory("momentum")?,
        extrapolation: of_memory("extrapolation")?,
        signs: StochasticSign::new(p.positive("radius")?),
        local,
    }))
}

/// Counts the entries that lie beyond the radius, for each coordinate and in all.
#[inline(always)]
fn count_clipped<S: Scalar>(radius: &S, v: &[S], clipped: &mut [S], all: &mut S) -> Result<(), Fault> {
    let (zero, one) = (S::zero(), S::one());
    for (clipped, v) in clipped.iter_mut().zip(v) {
        let beyond = radius.select_ge(&v.abs(), &zero, &one)?;
        *clipped += &beyond;
        *all += &beyond;
    }
    Ok(())
}

impl MvStoSignSgdSim {
    /// Worker `worker`'s stochastic gradient after its local steps from `z`, which they move.
    #[inline(always)]
    fn gradient<S: Arithmetic>(
        &self,
        worker: usize,
        eta: Option<&S>,
        (z, out): (&mut [S], &mut [S]),
        query: &mut dyn Query<S>,
    ) -> Result<(), Fault> {
        if let (Some(eta), Some((_, steps))) = (eta, self.local) {
            for _ in 0..steps {
                query.gradient(worker, z, out)?;
                descend(z, eta, out);
            }
        }
        query.gradient(worker, z, out)
    }
}

crate::buffers! {
    /// The last iterate, the counts of clipped entries, their share in the last step, and the workers' momenta; the points
    /// ahead and after the local steps, a message, and traces of NaN.
    struct Memory {
        kept previous: vector,
        kept clipped: vector,
        kept clipped_share: number,
        kept momenta: per_worker,
        scratch y: vector,
        scratch z: vector,
        scratch buffer: vector,
        scratch trace: vector,
    }
}

impl Algorithm for MvStoSignSgdSim {
    type Memory<'a, S: 'a> = Memory<'a, S>;

    #[inline(always)]
    fn step<S: Arithmetic>(&self, step: Step<'_, S, Memory<'_, S>>, query: &mut dyn Query<S>) -> Result<(), Fault> {
        let or_zero = |slot: Option<Slot>| slot.map_or_else(S::zero, |slot| step.value(slot));
        let (lr, theta, ahead) = (step.value(self.step_size), or_zero(self.momentum), or_zero(self.extrapolation));
        let eta = self.local.map(|(slot, _)| step.value(slot));
        let d = step.x.len();
        let Memory { previous, clipped, clipped_share, momenta, y, z, buffer, trace } = step.memory;
        let radius = self.signs.radius().cast::<S>()?;
        extrapolate(step.k, &ahead, step.x, previous, y);
        trace.fill(S::zero());
        *clipped_share = S::zero();
        for (worker, momentum) in momenta.chunks_mut(d).enumerate().take(step.workers) {
            z.clone_from_slice(y);
            self.gradient(worker, eta.as_ref(), (z, buffer), query)?;
            accumulate(MomentumForm::Average, (step.k, step.semantics), &theta, buffer, momentum);
            trace_nan(trace, momentum)?;
            count_clipped(&radius, momentum, clipped, clipped_share)?;
            query.upload(self.signs.bits(d, step.semantics));
        }
        // A quotient, not a product with 1/(M d): a share of all is exactly 1.
        *clipped_share = clipped_share.divide(&S::ratio((step.workers * d) as i64, 1))?;
        let mut law = |worker: usize, out: &mut [S]| {
            out.clone_from_slice(&momenta[worker * d..(worker + 1) * d]);
            self.signs.law(out)
        };
        let tally = match query.majorities(step.workers, d, &mut law)? {
            Some(sides) => Tally::decided(step.workers as u64, &sides),
            None => {
                let mut tally = Tally::new(d, SignZero::Plus);
                for momentum in momenta.chunks(d).take(step.workers) {
                    buffer.clone_from_slice(momentum);
                    self.signs.compress(buffer, step.semantics, query)?;
                    // A stochastic sign is never 0: one plane holds it.
                    tally.add(&SignMessage::pack(buffer, SignZero::Plus)?);
                }
                tally
            }
        };
        let winner = tally.majority(step.semantics.ties, query)?;
        query.broadcast(winner.bits(), step.workers);
        winner.unpack(buffer);
        descend(step.x, &lr, buffer);
        apply_trace(step.x, trace);
        Ok(())
    }

    fn reach(&self, values: &[f64], _workers: usize) -> Option<f64> {
        Some(values[self.step_size.0].abs())
    }

    fn is_random(&self, _semantics: &Semantics) -> bool {
        true
    }
}
