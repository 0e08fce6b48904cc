//! One run per output folder at a time.

use super::StoreError;
use super::store::io;
use std::fs::{File, TryLockError};
use std::path::Path;

/// Name of the folder, inside the output folder, that belongs to runs and not to their results.
pub const STATE_FOLDER: &str = ".signcheck";

/// The right to write to an output folder. The system releases it when the process ends, however it ends: a file that a
/// killed run leaves behind blocks no other run.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes an output folder, which is made where it is not there.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where another run has it; [`StoreError::Io`] where it cannot be written.
    pub fn take(out: &Path) -> Result<Self, StoreError> {
        let folder = out.join(STATE_FOLDER);
        std::fs::create_dir_all(&folder).map_err(io(&folder))?;
        let path = folder.join(".lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy { path: out.to_owned() }),
            // A file system without locks: running unguarded is better than refusing to run.
            Err(TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => Ok(Lock { _file: file }),
            Err(TryLockError::Error(source)) => Err(StoreError::Io { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_once_and_can_be_taken_again() {
        let folder = tempfile::tempdir().unwrap();
        let held = Lock::take(folder.path()).unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(StoreError::Busy { .. })));
        assert!(Lock::take(&folder.path().join("other")).is_ok(), "another folder is free");
        drop(held);
        assert!(Lock::take(folder.path()).is_ok());
    }
}
