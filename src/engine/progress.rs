//! Who is told of finished replicates, may end a run, and keeps what is finished.

use super::journal::Journal;

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

/// No progress shown.
pub struct Silent;
impl Progress for Silent {
    fn advance(&self, _replicates: u64) {}
}
