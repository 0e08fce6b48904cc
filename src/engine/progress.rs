//! Who is told of finished replicates, and may end a run.

/// Is notified of finished replicates.
pub trait Progress: Sync {
    /// So many more replicates are done.
    fn advance(&self, replicates: u64);

    /// Whether the run is to be given up: then it ends in [`RunError::Stopped`](super::RunError::Stopped), and none of it counts. Called often,
    /// from several threads.
    fn stop(&self) -> bool {
        false
    }
}

/// No progress shown.
pub struct Silent;
impl Progress for Silent {
    fn advance(&self, _replicates: u64) {}
}
