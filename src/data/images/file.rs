//! The files of an image set: where they lie, their bytes, and what is inside where they are packed.

use super::{FileSum, IMAGE_FILES};
use crate::data::DataError;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Most bytes of a file, and of its content: more than ten times what the largest of the sets has.
pub(super) const MOST_BYTES: u64 = 1 << 31;

/// Most bytes that a header has.
const LONGEST_HEAD: usize = 16;

/// Bytes that are unpacked at a time.
const PIECE: usize = 1 << 16;

/// What a gzip file begins with.
pub(super) const GZIP_MARK: [u8; 2] = [0x1f, 0x8b];

/// Files by their names.
pub(super) struct Folder<'a> {
    name: String,
    files: BTreeMap<String, Place<'a>>,
}

enum Place<'a> {
    Disk(PathBuf),
    Memory(&'a [u8]),
}

impl<'a> Folder<'a> {
    /// What a directory holds; nothing is opened.
    pub(super) fn read(directory: &Path) -> Result<Self, DataError> {
        let failed = |source| DataError::Io { path: directory.into(), source };
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // A name that is no text is none of those looked for.
            if let Ok(name) = entry.file_name().into_string() {
                files.insert(name, Place::Disk(entry.path()));
            }
        }
        Ok(Folder { name: directory.display().to_string(), files })
    }

    /// Files in memory.
    pub(super) fn of(name: &str, files: &[(&str, &'a [u8])]) -> Self {
        let files = files.iter().map(|(name, bytes)| ((*name).to_string(), Place::Memory(bytes))).collect();
        Folder { name: name.into(), files }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// The first that exists of these names of one file.
    pub(super) fn open(&self, names: &[String]) -> Result<File<'a>, DataError> {
        let Some((name, place)) = names.iter().find_map(|name| Some((name, self.files.get(name)?))) else {
            let first = names.first().map_or("file", String::as_str);
            let expected = format!("all files of a set. {IMAGE_FILES}");
            return Err(DataError::Content { name: self.name.clone(), found: format!("no {first}"), expected });
        };
        let (shown, bytes) = match place {
            Place::Disk(path) => (path.display().to_string(), Cow::Owned(read(path)?)),
            Place::Memory(bytes) => (name.clone(), Cow::Borrowed(*bytes)),
        };
        File::new(name, shown, bytes)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let failed = |source| DataError::Io { path: path.into(), source };
    let content = |found: &str, expected: String| {
        Err(DataError::Content { name: path.display().to_string(), found: found.into(), expected })
    };
    let about = fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return content("no regular file", "a file".into());
    }
    let mut bytes = Vec::new();
    if about.len() <= MOST_BYTES {
        fs::File::open(path).map_err(failed)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if about.len() > MOST_BYTES || bytes.len() as u64 > MOST_BYTES {
        return content("a larger file", format!("at most {MOST_BYTES} bytes"));
    }
    Ok(bytes)
}

/// A file in memory whose packing, if any, is whole.
pub(super) struct File<'a> {
    /// The name in errors, with folders.
    shown: String,
    bytes: Cow<'a, [u8]>,
    is_packed: bool,
    /// Of the content.
    length: u64,
    /// The first bytes of the content.
    head: Vec<u8>,
    sums: FileSum,
}

impl<'a> File<'a> {
    /// Goes through all of a packed file before anything in it is believed, and keeps nothing but its beginning.
    fn new(name: &str, shown: String, bytes: Cow<'a, [u8]>) -> Result<Self, DataError> {
        let sha256 = hexadecimal(Sha256::digest(&bytes));
        let is_packed = name.ends_with(".gz");
        let length = bytes.len() as u64;
        let sums = FileSum { name: name.into(), content_sha256: sha256.clone(), sha256, bytes: length, entries: 0 };
        let head = bytes[..bytes.len().min(LONGEST_HEAD)].to_vec();
        let mut file = File { shown, bytes, is_packed, length, head, sums };
        if is_packed {
            file.survey()?;
        }
        Ok(file)
    }

    fn survey(&mut self) -> Result<(), DataError> {
        let (mut length, mut head, mut hasher) = (0, Vec::new(), Sha256::new());
        self.unpack(MOST_BYTES + 1, |piece| {
            head.extend(piece.iter().take(LONGEST_HEAD - head.len()));
            hasher.update(piece);
            length += piece.len() as u64;
        })?;
        if length > MOST_BYTES {
            return Err(self.wrong(MOST_BYTES, "more bytes", format!("at most {MOST_BYTES}")));
        }
        (self.length, self.head) = (length, head);
        self.sums.content_sha256 = hexadecimal(hasher.finalize());
        Ok(())
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// What it was, with so many images or labels in it.
    pub(super) fn sums(&self, entries: usize) -> FileSum {
        FileSum { entries: entries as u64, ..self.sums.clone() }
    }

    /// What is wrong at a byte of the content.
    #[cold]
    pub(super) fn wrong(&self, offset: u64, found: impl Into<String>, expected: impl Into<String>) -> DataError {
        let unpacked = if self.is_packed { " (unpacked)" } else { "" };
        let name = format!("{}{unpacked}", self.shown);
        DataError::Byte { name, offset, found: found.into(), expected: expected.into() }
    }

    /// The first bytes of the content, at most [`LONGEST_HEAD`].
    pub(super) fn head<const N: usize>(&self) -> Result<[u8; N], DataError> {
        self.head
            .first_chunk()
            .copied()
            .ok_or_else(|| self.wrong(self.length, "the end of the file", format!("at least {N} bytes of header")))
    }

    /// The whole content, which must have `length` bytes, in words: `sizes`.
    pub(super) fn content(&self, length: u64, sizes: &str) -> Result<Cow<'_, [u8]>, DataError> {
        if self.length < length {
            return Err(self.wrong(self.length, "the end of the file", format!("{length} bytes: {sizes}")));
        }
        if self.length > length {
            let more = self.length - length;
            let more = format!("{more} more byte{}", if more == 1 { "" } else { "s" });
            return Err(self.wrong(length, more, format!("the end of the file: {sizes}")));
        }
        if !self.is_packed {
            return Ok(Cow::Borrowed(&self.bytes));
        }
        let mut content = Vec::with_capacity(self.length as usize);
        self.unpack(length, |piece| content.extend_from_slice(piece))?;
        Ok(content.into())
    }

    /// Hands on the first `most` bytes of the content of a gzip file, piece by piece, and checks all that it passes.
    fn unpack(&self, most: u64, mut take: impl FnMut(&[u8])) -> Result<(), DataError> {
        let packed = &self.bytes[..];
        let wrong = |offset: usize, found: String, expected: &str| {
            let (name, offset, expected) = (self.shown.clone(), offset as u64, expected.into());
            Err(DataError::Byte { name, offset, found, expected })
        };
        if let Some([first, second]) = packed.first_chunk().filter(|start| **start != GZIP_MARK) {
            let found = format!("0x{first:02x}{second:02x}");
            return wrong(0, found, "0x1f8b, the mark of gzip; a file that is not packed has no .gz in its name");
        }
        let mut decoder = MultiGzDecoder::new(packed);
        let mut piece = vec![0; PIECE];
        let mut left = most;
        while left > 0 {
            let room = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match decoder.read(&mut piece[..room]) {
                Ok(0) => break,
                Ok(n) => {
                    take(&piece[..n]);
                    left -= n as u64;
                }
                Err(why) if why.kind() == ErrorKind::UnexpectedEof => {
                    return wrong(packed.len(), "the end of the file".into(), "more of a gzip file, which was cut");
                }
                Err(why) => {
                    let at = packed.len() - decoder.get_ref().len();
                    return wrong(at, why.to_string(), "an undamaged gzip file: fetch it again");
                }
            }
        }
        Ok(())
    }
}

fn hexadecimal(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
