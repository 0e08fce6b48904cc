//! Reading and writing result files: whole or not at all.

use super::{ResultFile, SCHEMA_VERSION, SearchRecord, SearchTimes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
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
    /// Cut or edited since it was written.
    #[error("{}: damaged: its digest does not fit its contents, so that it was cut or edited after it was written; run `signcheck reproduce {id}` again", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// The claim that it names.
        id: String,
    },
    /// Another run writes there.
    #[error("{}: another run of signcheck is writing to this folder; wait for it to end, or give another --out", path.display())]
    Busy {
        /// The output folder.
        path: PathBuf,
    },
    /// Another format version.
    #[error("{}: result format {found}, this program reads {SCHEMA_VERSION}; run `signcheck reproduce` again", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
}

pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { path, source }
}

/// Writes text through a temporary file in the same folder, so that a crash leaves the old file or the new one. A file
/// that has these contents already is left as it is.
///
/// # Errors
/// [`StoreError::Io`] with the path that refused.
pub fn write_text(path: &Path, text: &[u8]) -> Result<(), StoreError> {
    if std::fs::read(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(io(folder))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = std::fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report; a temporary file that cannot be removed is harmless.
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

/// SHA-256 of a document without its `digest`, keys sorted, no white space.
#[must_use]
pub fn digest(mut document: Value) -> String {
    if let Some(object) = document.as_object_mut() {
        object.remove("digest");
    }
    // serde_json's maps are sorted by key, so that this text is canonical.
    Sha256::digest(document.to_string().as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// A result as it stands in its file.
#[derive(Serialize)]
struct Sealed<'a> {
    #[serde(flatten)]
    result: &'a ResultFile,
    digest: String,
}

/// Writes one result file, with the digest of its contents.
///
/// # Errors
/// As [`write_text`].
pub fn write_result(path: &Path, result: &ResultFile) -> Result<(), StoreError> {
    let json = |source| StoreError::Json { path: path.to_owned(), source };
    let digest = digest(serde_json::to_value(result).map_err(json)?);
    write_json(path, &Sealed { result, digest })
}

/// Reads one result file.
///
/// # Errors
/// Unreadable, cut or edited, not JSON of this shape, or another format version.
pub fn read_result(path: &Path) -> Result<ResultFile, StoreError> {
    match read_sealed(path)? {
        (result, true) => Ok(result),
        (result, false) => Err(StoreError::Digest { path: path.to_owned(), id: result.id }),
    }
}

/// Reads one result file, edited or not, and says whether its digest fits.
///
/// # Errors
/// As [`read_result`], but for the digest.
pub fn read_sealed(path: &Path) -> Result<(ResultFile, bool), StoreError> {
    let text = std::fs::read(path).map_err(io(path))?;
    let json = |source| StoreError::Json { path: path.to_owned(), source };
    let document: Value = serde_json::from_slice(&text).map_err(json)?;
    // The version first: another one may have other keys, and no digest.
    if let Some(found) = document.get("schema_version").and_then(Value::as_u64)
        && found != u64::from(SCHEMA_VERSION)
    {
        return Err(StoreError::Version { path: path.to_owned(), found });
    }
    let result = ResultFile::deserialize(&document).map_err(json)?;
    let recorded = document.get("digest").and_then(Value::as_str).map(str::to_string);
    Ok((result, recorded == Some(digest(document))))
}

/// Folders beside the results that hold something else.
const OTHER_FOLDERS: [&str; 2] = ["certificates", "falsified"];

/// What searches found, by claim, from `falsified/<paper>/<claim>.json`; nothing where there is no such folder. How
/// long it took is in `falsify-times.json`, which depends on the machine.
///
/// # Errors
/// A record that cannot be read.
pub fn read_searches(folder: &Path) -> Result<BTreeMap<String, Vec<SearchRecord>>, StoreError> {
    let times: Vec<SearchTimes> = match std::fs::read(folder.join("falsify-times.json")) {
        Ok(text) => {
            let path = folder.join("falsify-times.json");
            serde_json::from_slice(&text).map_err(|source| StoreError::Json { path, source })?
        }
        Err(_) => Vec::new(),
    };
    let folder = folder.join("falsified");
    let mut found = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for path in result_paths(&folder)? {
        let text = std::fs::read(&path).map_err(io(&path))?;
        let mut records: Vec<SearchRecord> =
            serde_json::from_slice(&text).map_err(|source| StoreError::Json { path: path.clone(), source })?;
        for record in &mut records {
            let own = times.iter().find(|t| t.id == record.id && t.bound == record.bound);
            record.seconds = own.map(|t| t.seconds.clone()).unwrap_or_default();
        }
        if let Some(first) = records.first() {
            found.insert(first.id.clone(), records);
        }
    }
    Ok(found)
}

/// The result files `<paper>/<claim>.json` below a folder, sorted.
///
/// # Errors
/// A folder that cannot be read.
pub fn result_paths(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut paths = Vec::new();
    for paper in std::fs::read_dir(folder).map_err(io(folder))? {
        let paper = paper.map_err(io(folder))?.path();
        let name = paper.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if !paper.is_dir() || name.starts_with('.') || OTHER_FOLDERS.contains(&name.as_str()) {
            continue;
        }
        for file in std::fs::read_dir(&paper).map_err(io(&paper))? {
            let file = file.map_err(io(&paper))?.path();
            if file.extension().is_some_and(|e| e == "json") {
                paths.push(file);
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads every result below a folder, sorted by id.
///
/// # Errors
/// As [`read_result`].
pub fn read_all(folder: &Path) -> Result<Vec<ResultFile>, StoreError> {
    let mut results = result_paths(folder)?.iter().map(|p| read_result(p)).collect::<Result<Vec<_>, _>>()?;
    results.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(results)
}

/// Removes the temporary files that a killed run left below a folder. The caller holds the folder's [`super::Lock`], so
/// that none of them is being written.
pub fn remove_leftovers(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() && !path.is_symlink() {
            remove_leftovers(&path);
        } else if is_leftover(&path) {
            // One that cannot be removed is harmless: nothing reads it.
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Whether this is a name that [`write_text`] gives: `.<name>.<process>.tmp`.
fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    let parts = name.strip_prefix('.').and_then(|n| n.strip_suffix(".tmp")).and_then(|n| n.rsplit_once('.'));
    parts.is_some_and(|(name, process)| {
        !name.is_empty() && !process.is_empty() && process.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_temporary_files_are_leftovers() {
        for (name, expected) in [
            (".ledger.json.123.tmp", true),
            ("ledger.json.123.tmp", false),
            (".ledger.json.tmp", false),
            (".ledger.json.12a.tmp", false),
            ("..7.tmp", false),
            (".notes.tmp", false),
            ("ledger.json", false),
        ] {
            assert_eq!(is_leftover(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn writing_leaves_no_other_file_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.json");
        for text in ["one", "two", "two"] {
            write_text(&path, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        std::fs::write(folder.path().join("a/.b.json.99.tmp"), "half").unwrap();
        remove_leftovers(folder.path());
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
        // A folder stands where the file should be: an error, and nothing is left of the attempt.
        assert!(write_text(&folder.path().join("a"), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
