//! A binary copy of a parsed LIBSVM file, kept beside it as `<file>.signcheck-cache`.
//!
//! **Layout** (little-endian) magic, format version, length and SHA-256 of the source, requested columns (0: none),
//! requested precision (1: single), rows, columns, kind (1 sparse, + 2 in doubles, + 4 or 8 the nearest in double or
//! single precision to what was read), stored entries. Then the labels; then the entries, for a sparse matrix after the
//! row offsets and the columns; last the SHA-256 of everything before it.
//!
//! **When it counts** Only if the source has the recorded length and checksum and the copy its own: a stale, cut or
//! damaged copy is left aside and written anew. It is written under a temporary name and renamed, so that no reader
//! sees half of it; where the folder cannot be written, reading goes on without a copy.

use super::matrix::{Rounding, Storage, Values};
use super::{DataError, Dataset, Expected, FileSum, Matrix, parse_libsvm};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const MAGIC: [u8; 16] = *b"signcheck-cache\n";
/// To be raised with every change of the layout or of what the reader makes of a text.
const VERSION: u64 = 2;
/// Bytes before the labels, and of a checksum.
const HEADER: u64 = 16 + 8 + 8 + 32 + 6 * 8;
const CHECKSUM: u64 = 32;
const BUFFER: usize = 1 << 20;

/// What became of the cache in a call of [`load_libsvm`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CacheUse {
    /// The data came from the cache.
    Hit,
    /// The text was read and the cache written; the reason why the cache did not serve, `None` if there was none.
    Written(Option<&'static str>),
    /// The text was read and the cache could not be written, for this reason.
    Unwritable(String),
}

/// Where the cache of a file lies.
#[must_use]
pub(super) fn cache_path(source: &Path) -> PathBuf {
    let mut name = source.as_os_str().to_owned();
    name.push(".signcheck-cache");
    name.into()
}

/// A LIBSVM file that was read.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Its rows and labels.
    pub data: Dataset,
    /// What the file was, whether the rows came from its text or from the cache.
    pub file: FileSum,
}

/// Reads a LIBSVM file, by way of its cache where that is valid.
///
/// # Errors
/// As [`parse_libsvm`](super::parse_libsvm), and [`DataError::Io`]; trouble with the cache is no error.
pub(crate) fn load_libsvm(path: &Path, expected: Expected) -> Result<(Loaded, CacheUse), DataError> {
    let io_error = |source| DataError::Io { path: path.into(), source };
    let cache = cache_path(path);
    let miss = match read_cache(path, &cache, expected) {
        Ok((key, data)) => {
            if let Some(rows) = expected.rows.filter(|&r| r != data.matrix().rows()) {
                let found = format!("{} rows", data.matrix().rows());
                let name = path.display().to_string();
                return Err(DataError::Content { name, found, expected: format!("{rows} rows") });
            }
            let file = key.file(path, &data);
            return Ok((Loaded { data, file }, CacheUse::Hit));
        }
        Err(miss) => miss,
    };
    let mut source = BufReader::with_capacity(BUFFER, Hashing::new(File::open(path).map_err(io_error)?));
    let data = parse_libsvm(&mut source, &path.display().to_string(), expected)?;
    // The checksum is that of the very bytes that were parsed, even if the file changes meanwhile.
    let (length, checksum) = source.into_inner().finish();
    let key = Key { length, checksum, columns: expected.columns.unwrap_or(0) as u64, single: expected.single };
    let used = match write_cache(&cache, &key, &data) {
        Ok(()) => CacheUse::Written(miss),
        Err(error) => CacheUse::Unwritable(error.to_string()),
    };
    let file = key.file(path, &data);
    Ok((Loaded { data, file }, used))
}

/// What a copy was made from.
#[derive(PartialEq)]
struct Key {
    length: u64,
    checksum: [u8; 32],
    columns: u64,
    single: bool,
}

impl Key {
    /// What the source was.
    fn file(&self, source: &Path, data: &Dataset) -> FileSum {
        let sha256: String = self.checksum.iter().map(|byte| format!("{byte:02x}")).collect();
        FileSum {
            name: source.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            content_sha256: sha256.clone(),
            sha256,
            bytes: self.length,
            entries: data.matrix().rows() as u64,
        }
    }
}

/// A reader or writer that takes the checksum of what passes.
struct Hashing<T> {
    inner: T,
    hasher: Sha256,
    length: u64,
}

impl<T> Hashing<T> {
    fn new(inner: T) -> Self {
        Hashing { inner, hasher: Sha256::new(), length: 0 }
    }

    fn finish(self) -> (u64, [u8; 32]) {
        (self.length, self.hasher.finalize().into())
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        self.length += n as u64;
        Ok(n)
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..n]);
        self.length += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The data of a valid copy, else why there is none (`None`: no copy at all).
fn read_cache(source: &Path, cache: &Path, expected: Expected) -> Result<(Key, Dataset), Option<&'static str>> {
    let file = File::open(cache).map_err(|_| None)?;
    let stored = file.metadata().map_err(|_| None)?.len();
    let damaged = |_: io::Error| Some("damaged");
    let mut input = Hashing::new(BufReader::with_capacity(BUFFER, file));
    let (key, shape) = read_header(&mut input).map_err(damaged)?.ok_or(Some("of another version"))?;
    if shape.bytes() != Some(stored) {
        return Err(Some("damaged"));
    }
    // The length first: it costs nothing.
    let length = fs::metadata(source).map_err(|_| Some("stale"))?.len();
    if (length, expected.columns.unwrap_or(0) as u64, expected.single) != (key.length, key.columns, key.single) {
        return Err(Some("stale"));
    }
    let mut hashing = Hashing::new(File::open(source).map_err(|_| Some("stale"))?);
    io::copy(&mut BufReader::with_capacity(BUFFER, &mut hashing), &mut io::sink()).map_err(|_| Some("stale"))?;
    if hashing.finish() != (key.length, key.checksum) {
        return Err(Some("stale"));
    }
    let (matrix, labels) = read_payload(&mut input, &shape).map_err(damaged)?;
    let Hashing { mut inner, hasher, .. } = input;
    let mut checksum = [0; 32];
    inner.read_exact(&mut checksum).map_err(damaged)?;
    if <[u8; 32]>::from(hasher.finalize()) != checksum {
        return Err(Some("damaged"));
    }
    let data = matrix.and_then(|m| Dataset::new(m, labels)).map_err(|_| Some("damaged"))?;
    Ok((key, data))
}

/// The sizes in a header.
struct Shape {
    rows: u64,
    columns: u64,
    kind: u64,
    stored: u64,
}

/// The parts of a kind.
const SPARSE: u64 = 1;
const DOUBLE: u64 = 2;
const NEAREST_DOUBLE: u64 = 4;
const NEAREST_SINGLE: u64 = 8;

impl Shape {
    fn is(&self, part: u64) -> bool {
        self.kind & part != 0
    }

    /// Length of the whole file; `None` for sizes that no file can have. To be checked before anything is allocated.
    fn bytes(&self) -> Option<u64> {
        let indices = if self.is(SPARSE) { self.rows.checked_add(1)?.checked_mul(8)? } else { 0 };
        let entry = if self.is(DOUBLE) { 8 } else { 4 } + if self.is(SPARSE) { 4 } else { 0 };
        let entries = self.stored.checked_mul(entry)?;
        (HEADER + CHECKSUM).checked_add(self.rows)?.checked_add(indices)?.checked_add(entries)
    }
}

fn read_header(input: &mut impl Read) -> io::Result<Option<(Key, Shape)>> {
    let mut magic = [0; 16];
    input.read_exact(&mut magic)?;
    if magic != MAGIC || read_u64(input)? != VERSION {
        return Ok(None);
    }
    let length = read_u64(input)?;
    let mut checksum = [0; 32];
    input.read_exact(&mut checksum)?;
    let mut fields = [0; 6];
    for field in &mut fields {
        *field = read_u64(input)?;
    }
    let [requested, single, rows, columns, kind, stored] = fields;
    let key = Key { length, checksum, columns: requested, single: single == 1 };
    Ok(Some((key, Shape { rows, columns, kind, stored })))
}

type Payload = (Result<Matrix, DataError>, Vec<i8>);

fn read_payload(input: &mut impl Read, shape: &Shape) -> io::Result<Payload> {
    let (rows, columns, stored) = (shape.rows as usize, shape.columns as usize, shape.stored as usize);
    let labels = read_array(input, rows, i8::from_le_bytes)?;
    let places = if shape.is(SPARSE) {
        let offsets = read_array(input, rows + 1, |b| u64::from_le_bytes(b) as usize)?;
        Some((offsets, read_array(input, stored, u32::from_le_bytes)?))
    } else {
        None
    };
    let values = if shape.is(DOUBLE) {
        Values::Double(read_array(input, stored, f64::from_le_bytes)?)
    } else {
        Values::Single(read_array(input, stored, f32::from_le_bytes)?)
    };
    let matrix = match places {
        Some((offsets, indices)) => Matrix::sparse(columns, offsets, indices, values),
        None => Matrix::dense(rows, columns, values),
    };
    let rounding = match (shape.is(NEAREST_DOUBLE), shape.is(NEAREST_SINGLE)) {
        (_, true) => Rounding::Single,
        (true, _) => Rounding::Double,
        _ => Rounding::None,
    };
    Ok((matrix.map(|m| m.rounded(rounding)), labels))
}

fn read_u64(input: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// `count` items of B bytes each.
fn read_array<T, const B: usize>(
    input: &mut impl Read,
    count: usize,
    decode: impl Fn([u8; B]) -> T,
) -> io::Result<Vec<T>> {
    let mut items = Vec::new();
    items.try_reserve_exact(count).map_err(io::Error::other)?;
    let mut buffer = vec![0; (1 << 16) * B];
    while items.len() < count {
        let n = (count - items.len()).min(1 << 16);
        let bytes = &mut buffer[..n * B];
        input.read_exact(bytes)?;
        items.extend(bytes.as_chunks::<B>().0.iter().map(|b| decode(*b)));
    }
    Ok(items)
}

fn write_array<T: Copy, const B: usize>(
    output: &mut impl Write,
    items: &[T],
    encode: impl Fn(T) -> [u8; B],
) -> io::Result<()> {
    let mut buffer = Vec::with_capacity((1 << 16) * B);
    for chunk in items.chunks(1 << 16) {
        buffer.clear();
        chunk.iter().for_each(|&item| buffer.extend(encode(item)));
        output.write_all(&buffer)?;
    }
    Ok(())
}

fn write_cache(cache: &Path, key: &Key, data: &Dataset) -> io::Result<()> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut name = cache.as_os_str().to_owned();
    name.push(format!(".{}-{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
    let temporary = PathBuf::from(name);
    let result = write_file(&temporary, key, data).and_then(|()| fs::rename(&temporary, cache));
    if result.is_err() {
        // Best effort: the error that counts is the one above.
        let _ = fs::remove_file(&temporary);
    }
    result
}

fn write_file(path: &Path, key: &Key, data: &Dataset) -> io::Result<()> {
    let matrix = data.matrix();
    let part = |is: bool, part: u64| if is { part } else { 0 };
    let kind = part(!matrix.is_dense(), SPARSE)
        | part(matches!(matrix.storage().values(), Values::Double(_)), DOUBLE)
        | part(matrix.rounding() == Rounding::Double, NEAREST_DOUBLE)
        | part(matrix.rounding() == Rounding::Single, NEAREST_SINGLE);
    let mut output = Hashing::new(BufWriter::with_capacity(BUFFER, File::create(path)?));
    output.write_all(&MAGIC)?;
    write_array(&mut output, &[VERSION, key.length], u64::to_le_bytes)?;
    output.write_all(&key.checksum)?;
    let sizes = [matrix.rows(), matrix.columns()].map(|n| n as u64);
    let fields = [key.columns, u64::from(key.single), sizes[0], sizes[1], kind, matrix.stored() as u64];
    write_array(&mut output, &fields, u64::to_le_bytes)?;
    write_array(&mut output, data.labels(), i8::to_le_bytes)?;
    if let Storage::Sparse { offsets, indices, .. } = matrix.storage() {
        write_array(&mut output, offsets, |o| (o as u64).to_le_bytes())?;
        write_array(&mut output, indices, u32::to_le_bytes)?;
    }
    match matrix.storage().values() {
        Values::Single(values) => write_array(&mut output, values, f32::to_le_bytes)?,
        Values::Double(values) => write_array(&mut output, values, f64::to_le_bytes)?,
    }
    let Hashing { mut inner, hasher, .. } = output;
    inner.write_all(&hasher.finalize())?;
    inner.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const THIN: &str = "1 3:0.5 90:-2\n-1 1:0.1\n1\n";
    const SHORT: &str = "1 3:0.5 90:-2\n-1 1:0.25\n1\n";
    const DENSE: &str = "1 1:1 2:2\n-1 1:3 2:4\n";
    const LONG: &str = "1 1:1 2:16777217\n-1 1:3 2:4\n";

    fn source(text: &str) -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("set");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    /// The rows and what became of the cache.
    fn load_libsvm(path: &Path, expected: Expected) -> Result<(Dataset, CacheUse), DataError> {
        super::load_libsvm(path, expected).map(|(loaded, used)| (loaded.data, used))
    }

    fn load(path: &Path) -> (Dataset, CacheUse) {
        load_libsvm(path, Expected::default()).unwrap()
    }

    #[test]
    fn the_file_is_named_whether_its_text_was_read_or_the_cache() {
        let (_folder, path) = source(THIN);
        let (first, _) = super::load_libsvm(&path, Expected::default()).unwrap();
        let (again, used) = super::load_libsvm(&path, Expected::default()).unwrap();
        assert_eq!(used, CacheUse::Hit);
        assert_eq!(first.file, again.file);
        let sha256: String = Sha256::digest(THIN).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!((first.file.name.as_str(), &first.file.sha256), ("set", &sha256));
        assert_eq!((first.file.bytes, first.file.entries), (THIN.len() as u64, 3));
    }

    #[test]
    fn the_second_reading_is_a_hit_with_the_same_data() {
        for text in [THIN, SHORT, DENSE, LONG] {
            let (folder, path) = source(text);
            let (data, used) = load(&path);
            assert_eq!(used, CacheUse::Written(None));
            assert_eq!(load(&path), (data.clone(), CacheUse::Hit));
            assert_eq!(data, crate::data::parse_libsvm(text.as_bytes(), "set", Expected::default()).unwrap());
            // no temporary file is left
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        }
    }

    #[test]
    fn a_changed_source_makes_it_stale() {
        let (_folder, path) = source(THIN);
        load(&path);
        // same length, another digit
        fs::write(&path, THIN.replace("0.5", "0.7")).unwrap();
        let (data, used) = load(&path);
        assert_eq!(used, CacheUse::Written(Some("stale")));
        assert_eq!(data.matrix().row_l1(0), 0.7 + 2.0);
        assert_eq!(load(&path).1, CacheUse::Hit);
        fs::write(&path, DENSE).unwrap();
        assert_eq!(load(&path).1, CacheUse::Written(Some("stale")));
        // other columns are requested
        let wide = Expected { columns: Some(5), ..Expected::default() };
        let (data, used) = load_libsvm(&path, wide).unwrap();
        assert_eq!((data.matrix().columns(), used), (5, CacheUse::Written(Some("stale"))));
        assert_eq!(load_libsvm(&path, wide).unwrap(), (data, CacheUse::Hit));
        // another precision is requested
        fs::write(&path, LONG).unwrap();
        load(&path);
        let single = Expected { single: true, ..Expected::default() };
        let (short, used) = load_libsvm(&path, single).unwrap();
        assert_eq!((short.matrix().row_l1(0), used), (16_777_217.0, CacheUse::Written(Some("stale"))));
        assert_eq!(short.matrix().rounding(), Rounding::Single);
        assert_eq!(load_libsvm(&path, single).unwrap(), (short, CacheUse::Hit));
        assert_eq!(load(&path).0.matrix().row_l1(0), 16_777_218.0);
    }

    #[test]
    fn a_damaged_copy_is_written_anew_whatever_byte_it_is() {
        for text in [THIN, SHORT, DENSE, LONG] {
            let (_folder, path) = source(text);
            let (data, _) = load(&path);
            let cache = cache_path(&path);
            let whole = fs::read(&cache).unwrap();
            for at in 0..whole.len() {
                let mut bytes = whole.clone();
                bytes[at] ^= 0x55;
                fs::write(&cache, &bytes).unwrap();
                let (again, used) = load(&path);
                assert_eq!(again, data, "byte {at}");
                assert!(matches!(used, CacheUse::Written(Some(_))), "byte {at}: {used:?}");
                assert_eq!(fs::read(&cache).unwrap(), whole, "byte {at}");
            }
            for length in [0, 10, 100, whole.len() - 1] {
                fs::write(&cache, &whole[..length]).unwrap();
                assert_eq!(load(&path), (data.clone(), CacheUse::Written(Some("damaged"))), "length {length}");
            }
            let mut longer = whole.clone();
            longer.push(0);
            fs::write(&cache, &longer).unwrap();
            assert_eq!(load(&path).1, CacheUse::Written(Some("damaged")));
        }
    }

    #[test]
    fn a_copy_with_valid_checksum_and_impossible_entries_is_refused() {
        let (_folder, path) = source(DENSE);
        let (data, _) = load(&path);
        let cache = cache_path(&path);
        let mut bytes = fs::read(&cache).unwrap();
        let body = bytes.len() - CHECKSUM as usize;
        bytes[body - 4..body].copy_from_slice(&f32::NAN.to_le_bytes());
        let checksum = Sha256::digest(&bytes[..body]);
        bytes[body..].copy_from_slice(&checksum);
        fs::write(&cache, &bytes).unwrap();
        assert_eq!(load(&path), (data, CacheUse::Written(Some("damaged"))));
    }

    #[test]
    fn an_expectation_is_held_against_the_copy_too() {
        let (_folder, path) = source(DENSE);
        load(&path);
        let error = load_libsvm(&path, Expected { rows: Some(3), ..Expected::default() }).unwrap_err();
        assert!(error.to_string().ends_with("found 2 rows, expected 3 rows"), "{error}");
        assert!(load_libsvm(&path, Expected { rows: Some(2), ..Expected::default() }).is_ok());
    }

    #[test]
    fn without_a_place_to_write_reading_goes_on() {
        let (_folder, path) = source(DENSE);
        // a folder that cannot be replaced by a file stands where the copy should be: works for every user
        fs::create_dir(cache_path(&path)).unwrap();
        let (data, used) = load(&path);
        assert_eq!(data.matrix().rows(), 2);
        assert!(matches!(used, CacheUse::Unwritable(_)), "{used:?}");
        assert!(load_libsvm(&path.join("missing"), Expected::default()).is_err());
    }

    #[test]
    fn a_malformed_source_leaves_no_copy() {
        let (_folder, path) = source("1 1:1\n-1 3:0.");
        assert!(load_libsvm(&path, Expected::default()).is_err());
        assert!(!cache_path(&path).exists());
    }

    #[test]
    #[ignore = "a measurement: 4000 x 2000 entries, 90 MB of text"]
    fn measure_reading() {
        let data = crate::data::generate(4000, 2000, 0.5, 1).unwrap().data;
        let mut text = String::new();
        for i in 0..4000 {
            text += &data.labels()[i].to_string();
            data.matrix().row(i).entries().for_each(|(j, v)| text += &format!(" {}:{v}", j + 1));
            text.push('\n');
        }
        let (_folder, path) = source(&text);
        for _ in 0..2 {
            let clock = std::time::Instant::now();
            let (read, used) = load(&path);
            println!("{} MB, {used:?}: {:.3} s", text.len() >> 20, clock.elapsed().as_secs_f64());
            assert!(read == data);
        }
    }
}
