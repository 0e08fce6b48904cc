//! Finished blocks of replicates in files, one per run: what a killed `reproduce` takes up again.
//!
//! An entry is the first replicate, the number of words, the words and a checksum, each eight bytes, little end first.
//! An entry that was cut, or does not fit its checksum, ends the file: what comes after it is run again.

use crate::engine::{Journal, Kept};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest that a finished block waits for being written.
const WAIT: Duration = Duration::from_secs(2);
const WORD: usize = 8;

/// The blocks of a claim's runs, in a folder of their own.
pub(crate) struct BlockFiles {
    folder: PathBuf,
}

impl BlockFiles {
    /// Blocks in this folder, which is made when the first is written.
    #[must_use]
    pub(crate) fn new(folder: PathBuf) -> Self {
        BlockFiles { folder }
    }

    /// Removes all of them: the claim is decided.
    pub(crate) fn clear(&self) {
        // What is left behind takes room and does no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Journal for BlockFiles {
    fn open(&self, run: &str) -> Box<dyn Kept + '_> {
        let name: String = Sha256::digest(run).iter().take(16).map(|b| format!("{b:02x}")).collect();
        let path = self.folder.join(format!("{name}.blocks"));
        let bytes = std::fs::read(&path).unwrap_or_default();
        let (done, whole) = entries(&bytes);
        let writer = Writer { path, whole: whole as u64, file: None, pending: Vec::new(), written: Instant::now() };
        Box::new(Blocks { done, writer: Mutex::new(writer) })
    }
}

/// The blocks of one run.
struct Blocks {
    done: HashMap<u64, Vec<u64>>,
    writer: Mutex<Writer>,
}

struct Writer {
    path: PathBuf,
    /// Bytes of the file that are whole entries.
    whole: u64,
    file: Option<File>,
    pending: Vec<u8>,
    written: Instant,
}

impl Kept for Blocks {
    fn get(&self, first: u64) -> Option<Vec<u64>> {
        self.done.get(&first).cloned()
    }

    fn put(&self, first: u64, words: Vec<u64>) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.pending.extend(entry(first, &words));
        if writer.written.elapsed() >= WAIT {
            writer.write();
        }
    }
}

impl Writer {
    /// Writes what waits. A folder that cannot be written keeps nothing; the results will say so when they are written.
    fn write(&mut self) {
        if self.file.is_none() {
            self.file = open(&self.path, self.whole).ok();
        }
        if let Some(file) = &mut self.file {
            let _ = file.write_all(&self.pending).and_then(|()| file.flush());
        }
        self.pending.clear();
        self.written = Instant::now();
    }
}

/// The file, cut after its last whole entry.
fn open(path: &Path, whole: u64) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    file.set_len(whole)?;
    Ok(file)
}

fn entry(first: u64, words: &[u64]) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        [first, words.len() as u64].iter().chain(words).flat_map(|word| word.to_le_bytes()).collect();
    let sum = checksum(&bytes);
    bytes.extend(sum);
    bytes
}

fn checksum(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes)[..WORD].to_vec()
}

/// The entries of a file, and how many of its bytes they are.
fn entries(bytes: &[u8]) -> (HashMap<u64, Vec<u64>>, usize) {
    let word = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at.checked_add(WORD)?)?.try_into().ok()?));
    let (mut found, mut at) = (HashMap::new(), 0);
    let next = |at: usize| {
        let (first, count) = (word(at)?, usize::try_from(word(at + WORD)?).ok()?);
        let end = count.checked_add(2)?.checked_mul(WORD)?.checked_add(at)?;
        let sum = bytes.get(end..end.checked_add(WORD)?)?;
        (checksum(bytes.get(at..end)?) == sum).then_some(())?;
        let words = (0..count).map(|i| word(at + (2 + i) * WORD)).collect::<Option<Vec<u64>>>()?;
        Some((first, words, end + WORD))
    };
    while let Some((first, words, end)) = next(at) {
        found.insert(first, words);
        at = end;
    }
    (found, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_first_damaged_entry() {
        let (a, b) = (entry(0, &[1, u64::MAX, 3]), entry(64, &[4]));
        let whole = [a.clone(), b.clone()].concat();
        let both = HashMap::from([(0, vec![1, u64::MAX, 3]), (64, vec![4])]);
        assert_eq!(entries(&whole), (both, whole.len()));
        let first = HashMap::from([(0, vec![1, u64::MAX, 3])]);
        for cut in a.len()..whole.len() {
            assert_eq!(entries(&whole[..cut]), (first.clone(), a.len()), "cut at {cut}");
        }
        for byte in a.len()..whole.len() {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1;
            assert_eq!(entries(&damaged), (first.clone(), a.len()), "damaged at {byte}");
        }
    }

    #[test]
    fn blocks_are_found_again_and_a_cut_file_goes_on_after_its_last_whole_entry() {
        let folder = std::env::temp_dir().join(format!("signcheck-blocks-{}", std::process::id()));
        let files = BlockFiles::new(folder.clone());
        let put = |first: u64, words: &[u64]| {
            let mut writer = Writer {
                path: folder.join("run.blocks"),
                whole: entries(&std::fs::read(folder.join("run.blocks")).unwrap_or_default()).1 as u64,
                file: None,
                pending: entry(first, words),
                written: Instant::now(),
            };
            writer.write();
        };
        put(0, &[7]);
        let mut cut = std::fs::read(folder.join("run.blocks")).unwrap();
        cut.extend_from_slice(&entry(1, &[8])[..20]);
        std::fs::write(folder.join("run.blocks"), &cut).unwrap();
        put(2, &[9]);
        let (found, _) = entries(&std::fs::read(folder.join("run.blocks")).unwrap());
        assert_eq!(found, HashMap::from([(0, vec![7]), (2, vec![9])]));
        files.clear();
        assert!(!folder.exists());
    }
}
