//! Data sets and minima that the instances of one process have in common.
//!
//! Nothing is computed while a table is locked: reading and solving run on rayon's threads, and one of those that
//! waited for the lock could be the one that the holder waits for. Two instances built at the same moment may thus
//! both compute; the first result stays, and results do not depend on who computed them.

use super::enclosed::Certified;
use crate::data::{DataError, Dataset, Expected, Logistic, Minimum, Stop, generate, load_libsvm, minimise};
use crate::model::{BuildError, Params, Real};
use crate::stats::Interval;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

/// Where data come from: everything that they depend on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A LIBSVM file with the sizes that it must have.
    File { path: PathBuf, rows: Option<usize>, columns: Option<usize>, single: bool },
    /// The planted problem; `noise` by its bits.
    Planted { rows: usize, columns: usize, noise: u64, seed: u64 },
}

/// Where f* of one source and one lambda is kept.
pub(super) type Slot = Arc<OnceLock<Option<Arc<Solved>>>>;

/// f* and a minimiser.
#[derive(Debug)]
pub(super) struct Solved {
    minimum: Minimum,
    certified: Option<Certified>,
}

impl Solved {
    /// f*.
    pub(super) fn value(&self) -> Real {
        match self.certified {
            Some(Certified { value, .. }) => Real::between(self.minimum.value, value),
            None => Real::Float(self.minimum.value),
        }
    }

    /// The minimiser.
    pub(super) fn point(&self) -> Vec<Real> {
        let distance = self.certified.map(|c| c.distance);
        let coordinate = |near: &f64| {
            let within = distance.and_then(|d| Interval::new((near - d).next_down(), (near + d).next_up()));
            within.map_or(Real::Float(*near), |within| Real::between(*near, within))
        };
        self.minimum.point.iter().map(coordinate).collect()
    }
}

static DATA: Mutex<BTreeMap<Source, Weak<Dataset>>> = Mutex::new(BTreeMap::new());
static MINIMA: Mutex<BTreeMap<(Source, u64), Slot>> = Mutex::new(BTreeMap::new());

/// A table stays usable after a panic elsewhere: entries are whole or absent.
fn lock<T>(table: &Mutex<T>) -> MutexGuard<'_, T> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Source {
    pub(super) fn read(p: &Params) -> Result<Self, BuildError> {
        let optional = |key| p.has(key).then(|| p.count(key)).transpose();
        let (rows, columns) = (optional("samples")?, optional("dimension")?);
        if p.has("file") {
            let single = p.text("storage")? == "f32";
            return Ok(Source::File { path: p.text("file")?.into(), rows, columns, single });
        }
        let (Some(rows), Some(columns)) = (rows, columns) else {
            let message = "give a LIBSVM 'file', or 'samples' and 'dimension' of data to generate";
            return Err(BuildError::whole(message));
        };
        let noise = p.number("label_noise")?.to_f64().to_bits();
        Ok(Source::Planted { rows, columns, noise, seed: p.count("data_seed")? as u64 })
    }

    fn load(&self) -> Result<Dataset, DataError> {
        match self {
            Source::File { path, rows, columns, single } => {
                load_libsvm(path, Expected { rows: *rows, columns: *columns, single: *single }).map(|(data, _)| data)
            }
            Source::Planted { rows, columns, noise, seed } => {
                generate(*rows, *columns, f64::from_bits(*noise), *seed).map(|planted| planted.data)
            }
        }
    }
}

/// The data of a source, shared with every instance that still holds them.
pub(super) fn dataset(source: &Source) -> Result<Arc<Dataset>, BuildError> {
    let known = || lock(&DATA).get(source).and_then(Weak::upgrade);
    if let Some(data) = known() {
        return Ok(data);
    }
    let key = if matches!(source, Source::File { .. }) { "file" } else { "samples" };
    let fresh = Arc::new(source.load().map_err(|why| BuildError::about(key, why.to_string()))?);
    let mut table = lock(&DATA);
    if let Some(first) = table.get(source).and_then(Weak::upgrade) {
        return Ok(first);
    }
    table.insert(source.clone(), Arc::downgrade(&fresh));
    Ok(fresh)
}

/// The place of f* for a source and a lambda.
pub(super) fn slot(source: &Source, lambda: f64) -> Slot {
    lock(&MINIMA).entry((source.clone(), lambda.to_bits())).or_default().clone()
}

/// What the slot holds, solved for where it is empty; `None` where the solver does not get there.
pub(super) fn solved(
    slot: &Slot,
    loss: &Logistic,
    certify: impl FnOnce(&Minimum) -> Option<Certified>,
) -> Option<Arc<Solved>> {
    if let Some(known) = slot.get() {
        return known.clone();
    }
    let minimum = minimise(loss, Stop::default()).ok();
    let fresh = minimum.map(|minimum| Arc::new(Solved { certified: certify(&minimum), minimum }));
    // The first to finish wins; both have found the same.
    let _ = slot.set(fresh);
    slot.get().cloned().flatten()
}
