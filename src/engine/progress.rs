//! Who is told of finished replicates, may end a run, and keeps what is finished.

/// Is notified of finished replicates.
pub trait Progress: Sync {
    /// So many more replicates are done.
    fn advance(&self, replicates: u64);

    /// So many replicates, which run together on this thread, stand at step k of so many. `latest` writes what was
    /// recorded last, by name.
    fn step(&self, _replicates: u64, _k: u64, _steps: u64, _latest: &dyn Fn() -> String) {}

    /// Whether the run is to be given up: then it ends in [`RunError::Stopped`](super::RunError::Stopped), and none of it counts. Called often,
    /// from several threads.
    fn stop(&self) -> bool {
        false
    }

    /// What keeps finished replicates, for a run that is killed and taken up again; nothing unless said otherwise.
    fn journal(&self) -> Option<&dyn Journal> {
        None
    }
}

/// Keeps the finished replicates of runs.
pub trait Journal: Sync {
    /// What is kept of a run, which the text determines.
    fn open(&self, run: &str) -> Box<dyn Kept + '_>;
}

/// The finished blocks of one run.
pub trait Kept: Sync {
    /// The block that begins with this replicate, where it is kept whole.
    fn get(&self, first: u64) -> Option<Vec<u64>>;
    /// Keeps a block.
    fn put(&self, first: u64, words: Vec<u64>);
}

/// No progress shown.
pub struct Silent;
impl Progress for Silent {
    fn advance(&self, _replicates: u64) {}
}
