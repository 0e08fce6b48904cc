//! What a network was asked last: value, gradient and statistics of one point come from few passes over the images.

use super::noise::{Draws, Shape};
use super::{Mlp, Question};
use crate::data::DataError;
use crate::data::network::{Evaluation, Float, Network, Norms, Workspace};
use crate::scalar::Scalar;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Points that are remembered: one per run that is under way, and some more.
const KEPT: usize = 8;

/// What is known of one point.
#[derive(Default)]
struct Known {
    x: Vec<f64>,
    train: Option<Evaluation>,
    gradient: Option<Vec<f64>>,
    test: Option<Evaluation>,
    noise: Option<Norms>,
    shape: Option<Shape>,
}

/// Buffers of one pass over a batch.
struct Buffers<T> {
    workspace: Workspace<T>,
    parameters: Vec<T>,
    gradient: Vec<T>,
}

/// A network's recent answers, and buffers that wait for the next batch.
pub(super) struct Memo<T> {
    known: Mutex<Vec<Known>>,
    free: Mutex<Vec<Buffers<T>>>,
}

/// A table stays usable after a panic elsewhere: entries are whole or absent.
fn lock<T>(table: &Mutex<T>) -> MutexGuard<'_, T> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Float> Memo<T> {
    pub(super) fn new() -> Self {
        Memo { known: Mutex::new(Vec::new()), free: Mutex::new(Vec::new()) }
    }

    /// Writes the answer at x; `out` has one entry, or one per coordinate.
    ///
    /// # Errors
    /// Lengths that do not fit the network.
    pub(super) fn answer(&self, mlp: &Mlp, x: &[f64], question: &Question, out: &mut [f64]) -> Result<(), DataError> {
        let parameters: Vec<T> = x.iter().map(|x| T::from_f64(*x)).collect();
        // Nothing is computed while the table is locked: passes run on all threads.
        let place = lock(&self.known).iter().position(|known| known.x == x);
        let mut known = match place {
            Some(_) => {
                let mut table = lock(&self.known);
                // Another run may have taken it meanwhile.
                table.iter().position(|known| known.x == x).map(|at| table.swap_remove(at)).unwrap_or_default()
            }
            None => Known::default(),
        };
        if known.x.is_empty() {
            known.x = x.to_vec();
        }
        let network = &mlp.network;
        match question {
            Question::Value => {
                if known.train.is_none() {
                    known.train = Some(network.evaluate(&parameters, mlp.train())?);
                }
                out[0] = known.train.map_or(f64::NAN, |e| e.objective());
            }
            Question::Gradient => out.copy_from_slice(gradient(mlp, &parameters, &mut known)?),
            Question::Own(index) => out[0] = own(*index, mlp, &parameters, &mut known)?,
        }
        let mut table = lock(&self.known);
        if table.len() == KEPT {
            table.remove(0);
        }
        table.push(known);
        Ok(())
    }

    /// Draws of a minibatch's noise at x.
    ///
    /// # Errors
    /// Lengths that do not fit the network.
    pub(super) fn draws(&self, mlp: &Mlp, x: &[f64]) -> Result<Draws, DataError> {
        let parameters: Vec<T> = x.iter().map(|x| T::from_f64(*x)).collect();
        mlp.noise.draw(&mlp.network, &parameters, mlp.train())
    }

    /// The mean gradient of these images at one lane of x, from that arithmetic's numbers to the network's and back:
    /// a step costs little more than its gradient.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub(super) fn batch<S: Scalar>(
        &self,
        mlp: &Mlp,
        (x, lane): (&[S], usize),
        images: &[usize],
        out: &mut [S],
    ) -> Result<(), DataError> {
        let at = |x: &S| x.lane(lane).unwrap_or(f64::NAN);
        if images.is_empty() {
            let decay = mlp.network.decay();
            out.iter_mut().zip(x).for_each(|(out, x)| out.set_lane(lane, decay * at(x)));
            return Ok(());
        }
        let taken = lock(&self.free).pop();
        let mut buffers = taken.unwrap_or_else(|| Buffers {
            workspace: mlp.network.workspace(),
            parameters: vec![T::default(); x.len()],
            gradient: vec![T::default(); x.len()],
        });
        buffers.parameters.iter_mut().zip(x).for_each(|(p, x)| *p = T::from_f64(at(x)));
        let Buffers { workspace, parameters, gradient } = &mut buffers;
        mlp.network.batch(parameters, mlp.train(), images, gradient, workspace)?;
        out.iter_mut().zip(gradient.iter()).for_each(|(out, g)| out.set_lane(lane, (*g).into()));
        lock(&self.free).push(buffers);
        Ok(())
    }
}

fn gradient<'k, T: Float>(mlp: &Mlp, parameters: &[T], known: &'k mut Known) -> Result<&'k [f64], DataError> {
    if known.gradient.is_none() {
        let mut gradient = vec![0.0; parameters.len()];
        known.train = Some(mlp.network.evaluate_gradient(parameters, mlp.train(), &mut gradient)?);
        known.gradient = Some(gradient);
    }
    Ok(known.gradient.as_deref().unwrap_or_default())
}

fn own<T: Float>(index: usize, mlp: &Mlp, parameters: &[T], known: &mut Known) -> Result<f64, DataError> {
    let network: &Network = &mlp.network;
    if index == 0 && known.train.is_none() {
        known.train = Some(network.evaluate(parameters, mlp.train())?);
    }
    if matches!(index, 1 | 2) && known.test.is_none() {
        known.test = Some(network.evaluate(parameters, mlp.test())?);
    }
    if matches!(index, 3..=5) && known.noise.is_none() {
        known.noise = Some(Norms::of(&network.noise(parameters, mlp.train())?.deviations()));
    }
    if index >= 6 && known.shape.is_none() {
        known.shape = Some(mlp.noise.shape(&mlp.noise.draw(network, parameters, mlp.train())?));
    }
    let (train, test, noise) = (known.train, known.test, known.noise);
    let shape = |of: fn(&Shape) -> f64| known.shape.as_ref().map_or(f64::NAN, of);
    Ok(match index {
        0 => train.map_or(f64::NAN, |e| e.accuracy()),
        1 => test.map_or(f64::NAN, |e| e.accuracy()),
        2 => test.map_or(f64::NAN, |e| e.loss),
        3 => noise.map_or(f64::NAN, |n| n.density),
        4 => noise.map_or(f64::NAN, |n| n.l1),
        5 => noise.map_or(f64::NAN, |n| n.l2),
        6 => shape(|s| s.asymmetry),
        7 => shape(|s| s.dip),
        8 => shape(|s| s.asymmetric),
        9 => shape(|s| s.multimodal),
        10 => shape(|s| s.skewness),
        _ => shape(|s| s.dead),
    })
}
