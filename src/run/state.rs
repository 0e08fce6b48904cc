//! Results that are finished already, keyed by everything that they depend on.

use super::journal::BlockFiles;
use crate::results::{DataRecord, ResultFile, STATE_FOLDER, StoreError, digest, write_json};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Folder with finished results, inside the output folder; git ignores it.
pub(crate) struct State {
    folder: PathBuf,
    program: String,
}

/// What a finished result depends on beside the program.
#[derive(Clone, Copy)]
pub(crate) struct Finding<'a> {
    /// SHA-256 of the claim file's text.
    pub spec_hash: &'a str,
    /// Name of the profile.
    pub profile: &'a str,
    /// Seed of the run.
    pub seed: u64,
    /// Level of the claim.
    pub level: f64,
    /// The data files that it rests on.
    pub data: &'a [DataRecord],
}

#[derive(Serialize, Deserialize)]
struct Finished {
    key: String,
    digest: String,
    result: serde_json::Value,
}

impl State {
    /// The state of an output folder, for a program with the given hash.
    #[must_use]
    pub(crate) fn new(out: &Path, program: String) -> Self {
        State { folder: out.join(STATE_FOLDER), program }
    }

    fn key(&self, of: Finding<'_>) -> String {
        let Finding { spec_hash, profile, seed, level, data } = of;
        let mut text = format!("{spec_hash}\0{profile}\0{seed}\0{}\0{}", level.to_bits(), self.program);
        for file in data {
            text += &format!("\0{}\0{}\0{}", file.set, file.file, file.sha256);
        }
        hex(text.as_bytes())
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    /// A finished result; `None` where there is none, or where its file was cut or altered.
    #[must_use]
    pub(crate) fn get(&self, of: Finding<'_>) -> Option<ResultFile> {
        let key = self.key(of);
        let finished: Finished = serde_json::from_slice(&std::fs::read(self.path(&key)).ok()?).ok()?;
        let same = finished.key == key && finished.digest == digest(finished.result.clone());
        if same { serde_json::from_value(finished.result).ok() } else { None }
    }

    /// The finished blocks of a claim that was not decided to its end.
    #[must_use]
    pub(crate) fn blocks(&self, of: Finding<'_>) -> BlockFiles {
        BlockFiles::new(self.folder.join("blocks").join(self.key(of)))
    }

    /// Keeps a finished result.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn put(&self, result: &ResultFile) -> Result<(), StoreError> {
        let p = &result.provenance;
        let (spec_hash, profile) = (p.spec_hash.as_str(), p.profile.as_str());
        let key = self.key(Finding { spec_hash, profile, seed: p.seed, level: p.level, data: &p.data });
        let path = self.path(&key);
        let result = serde_json::to_value(result).map_err(|source| StoreError::Json { path: path.clone(), source })?;
        let digest = digest(result.clone());
        write_json(&path, &Finished { key, digest, result })
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Hash of the running program: a result of another build is not taken for one of this.
///
/// # Errors
/// The program's own file cannot be read.
pub(crate) fn program_hash() -> std::io::Result<String> {
    Ok(hex(&std::fs::read(std::env::current_exe()?)?))
}
