//! Reading and writing result files: whole or not at all.

use super::{ResultFile, SCHEMA_VERSION};
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A result file that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or folder refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The contents are not a result.
    #[error("{}: not a result file of this version: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it fails.
        source: serde_json::Error,
    },
    /// Another format version.
    #[error("{}: result format {found}, this program reads {SCHEMA_VERSION}; run `signcheck reproduce` again", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { path, source }
}

/// Writes text through a temporary file in the same folder, so that a crash leaves the old file or the new one.
///
/// # Errors
/// [`StoreError::Io`] with the path that refused.
pub fn write_text(path: &Path, text: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(io(folder))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = std::fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell; a temporary file that cannot be removed is harmless.
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(io(path))
}

/// Writes pretty JSON with a newline at the end.
///
/// # Errors
/// As [`write_text`].
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), StoreError> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|source| StoreError::Json { path: path.to_owned(), source })?;
    text.push(b'\n');
    write_text(path, &text)
}

/// Reads one result file.
///
/// # Errors
/// Unreadable, not JSON of this shape, or another format version.
pub fn read_result(path: &Path) -> Result<ResultFile, StoreError> {
    let text = std::fs::read(path).map_err(io(path))?;
    let result: ResultFile =
        serde_json::from_slice(&text).map_err(|source| StoreError::Json { path: path.to_owned(), source })?;
    if result.schema_version != SCHEMA_VERSION {
        return Err(StoreError::Version { path: path.to_owned(), found: result.schema_version });
    }
    Ok(result)
}

/// Reads every `<paper>/<claim>.json` below a folder, sorted by id.
///
/// # Errors
/// As [`read_result`].
pub fn read_all(folder: &Path) -> Result<Vec<ResultFile>, StoreError> {
    let mut results = Vec::new();
    for paper in std::fs::read_dir(folder).map_err(io(folder))? {
        let paper = paper.map_err(io(folder))?.path();
        let name = paper.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if !paper.is_dir() || name.starts_with('.') || name == "certificates" {
            continue;
        }
        for file in std::fs::read_dir(&paper).map_err(io(&paper))? {
            let file = file.map_err(io(&paper))?.path();
            if file.extension().is_some_and(|e| e == "json") {
                results.push(read_result(&file)?);
            }
        }
    }
    results.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(results)
}
