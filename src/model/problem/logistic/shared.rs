//! Data sets and minima that the instances of one process have in common.
//!
//! Nothing is computed while a table is locked: reading and solving run on rayon's threads, and one of those that
//! waited for the lock could be the one that the holder waits for. Two instances built at the same moment may thus
//! both compute; the first result stays, and results do not depend on who computed them.

use super::enclosed::Certified;
use crate::data::{
    DataError, DataFile, Dataset, Expected, Loaded, Logistic, Minimum, Stop, generate, load_libsvm, minimise,
};
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

/// Data that are held by an instance, and the file that they came from.
pub(super) struct Held {
    pub(super) data: Arc<Dataset>,
    pub(super) file: Option<DataFile>,
}

static DATA: Mutex<BTreeMap<Source, (Weak<Dataset>, Option<DataFile>)>> = Mutex::new(BTreeMap::new());
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

    fn load(&self) -> Result<Held, DataError> {
        match self {
            Source::File { path, rows, columns, single } => {
                let expected = Expected { rows: *rows, columns: *columns, single: *single };
                let (Loaded { data, file }, _) = load_libsvm(path, expected)?;
                Ok(Held { data: Arc::new(data), file: Some(DataFile { set: "LIBSVM".into(), file }) })
            }
            Source::Planted { rows, columns, noise, seed } => {
                let planted = generate(*rows, *columns, f64::from_bits(*noise), *seed)?;
                Ok(Held { data: Arc::new(planted.data), file: None })
            }
        }
    }
}

/// The data of a source, shared with every instance that still holds them.
pub(super) fn dataset(source: &Source) -> Result<Held, BuildError> {
    let known = || {
        let table = lock(&DATA);
        let (data, file) = table.get(source)?;
        Some(Held { data: data.upgrade()?, file: file.clone() })
    };
    if let Some(held) = known() {
        return Ok(held);
    }
    let key = if matches!(source, Source::File { .. }) { "file" } else { "samples" };
    let fresh = source.load().map_err(|why| BuildError::about(key, why.to_string()))?;
    if let Some(first) = known() {
        return Ok(first);
    }
    lock(&DATA).insert(source.clone(), (Arc::downgrade(&fresh.data), fresh.file.clone()));
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
