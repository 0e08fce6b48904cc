//! Reader of the LIBSVM text format: `label index:value index:value ...`, one row a line.
//!
//! **Accepted** Indices from 1, increasing within a row, at most 2^31; values that are finite in single precision;
//! labels {-1, +1}, {0, 1} or {1, 2}, the smaller of the pair becoming -1 (a file with the label 1 alone is read as
//! +1); `#` comments to the end of a line, blank lines, either line ending.
//!
//! **Storage** Dense when more than a quarter of the entries are written out, else sparse. A file that writes out
//! every entry never stores an index, so that reading takes no more memory than the matrix.
//!
//! **Edge cases** A last line without line ending counts if all its tokens are complete; a cut after `12:`, `1e` or
//! `0.` is an error. A cut inside digits leaves a well-formed shorter number and cannot be seen: give the number of
//! rows and columns in [`Expected`], and compare a checksum where the source publishes one.

use super::{DataError, Dataset, Matrix};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Largest index that is accepted (from 1).
const LARGEST_INDEX: u64 = 1 << 31;

/// The pairs of labels that are understood, smaller first.
const CONVENTIONS: [[i8; 2]; 3] = [[-1, 1], [0, 1], [1, 2]];

/// What the caller knows about a file beforehand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expected {
    /// Number of rows; another number is an error.
    pub rows: Option<usize>,
    /// Number of columns, for files whose last columns may be empty; a larger index is an error. Without it the
    /// largest index counts.
    pub columns: Option<usize>,
}

/// Reads a LIBSVM file.
///
/// # Errors
/// [`DataError::Io`]; [`DataError::Token`] naming file, line and column of a malformed token;
/// [`DataError::Content`] for a file without rows or entries, or of other sizes than expected.
pub fn read_libsvm(path: &Path, expected: Expected) -> Result<Dataset, DataError> {
    let file = File::open(path).map_err(|source| DataError::Io { path: path.into(), source })?;
    parse_libsvm(BufReader::with_capacity(1 << 20, file), &path.display().to_string(), expected)
}

/// Reads LIBSVM text from any buffered source; `name` stands for it in errors.
///
/// # Errors
/// As [`read_libsvm`].
pub fn parse_libsvm(mut source: impl BufRead, name: &str, expected: Expected) -> Result<Dataset, DataError> {
    let mut parser = Parser::new(name, expected);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length =
            source.read_until(b'\n', &mut line).map_err(|source| DataError::Io { path: name.into(), source })?;
        if length == 0 {
            return parser.finish();
        }
        parser.line(&line)?;
    }
}

/// A token and where it starts in its line, from 0.
#[derive(Clone, Copy)]
struct Token<'a> {
    start: usize,
    text: &'a [u8],
}

/// The words of a line.
struct Tokens<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = &self.line[self.at..];
        let start = self.at + rest.iter().position(|b| !b.is_ascii_whitespace())?;
        let rest = &self.line[start..];
        let length = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        self.at = start + length;
        Some(Token { start, text: &rest[..length] })
    }
}

struct Parser<'a> {
    name: &'a str,
    expected: Expected,
    line: u64,
    rows: Rows,
    labels: Vec<i8>,
    /// The label conventions that fit everything read so far.
    fitting: [bool; CONVENTIONS.len()],
}

impl<'a> Parser<'a> {
    fn new(name: &'a str, expected: Expected) -> Self {
        let fitting = [true; CONVENTIONS.len()];
        Parser { name, expected, line: 0, rows: Rows::default(), labels: Vec::new(), fitting }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), DataError> {
        self.line += 1;
        let body = line.split(|&b| b == b'#').next().unwrap_or_default();
        // Only here can a token be the front part of a longer one.
        let cut = body.len() == line.len() && line.last() != Some(&b'\n');
        let whole = |token: &Token| !(cut && token.start + token.text.len() == body.len());
        let mut tokens = Tokens { line: body, at: 0 };
        let Some(label) = tokens.next() else { return Ok(()) };
        self.label(label, whole(&label))?;
        let mut last = 0;
        for token in tokens {
            last = self.entry(token, last, whole(&token))?;
        }
        self.rows.end_row();
        Ok(())
    }

    fn label(&mut self, token: Token, whole: bool) -> Result<(), DataError> {
        let value: Option<f64> = number(token.text, whole);
        let label = [-1i8, 0, 1, 2].into_iter().find(|&l| value == Some(f64::from(l)));
        let expected = "a label of one of the pairs {-1, +1}, {0, 1}, {1, 2}";
        let Some(label) = label else {
            return Err(self.error(token, expected.to_string()));
        };
        let before = self.fitting;
        for (fits, pair) in self.fitting.iter_mut().zip(CONVENTIONS) {
            *fits &= pair.contains(&label);
        }
        if !self.fitting.contains(&true) {
            let pairs: Vec<String> = CONVENTIONS
                .iter()
                .zip(before)
                .filter(|(_, fits)| *fits)
                .map(|([low, high], _)| format!("{{{low}, {high}}}"))
                .collect();
            return Err(self.error(token, format!("a label of {}, as on the lines before", pairs.join(" or "))));
        }
        self.labels.push(label);
        Ok(())
    }

    /// Stores one `index:value` and returns its index; `last` is the index before it, 0 at the start of a row.
    fn entry(&mut self, token: Token, last: u64, whole: bool) -> Result<u64, DataError> {
        let Some(colon) = token.text.iter().position(|&b| b == b':') else {
            return Err(self.error(token, "`index:value`".to_string()));
        };
        let (index, value) = (&token.text[..colon], &token.text[colon + 1..]);
        let largest = self.expected.columns.map_or(LARGEST_INDEX, |c| (c as u64).min(LARGEST_INDEX));
        let index = unsigned(index).filter(|j| (last + 1..=largest).contains(j));
        let Some(index) = index else {
            let least = last + 1;
            let more = if last > 0 { ", indices of a row increasing" } else { ", indices counting from 1" };
            return Err(self.error(token, format!("an index from {least} to {largest}{more}")));
        };
        let number: Option<f32> = number(value, whole);
        let Some(value) = number.filter(|v| v.is_finite()) else {
            return Err(self.error(token, "a finite single-precision number after `:`".to_string()));
        };
        self.rows.push(index as u32 - 1, value);
        Ok(index)
    }

    fn finish(mut self) -> Result<Dataset, DataError> {
        let rows = self.labels.len();
        if rows == 0 {
            return Err(self.content("no rows".to_string(), "at least one line `label index:value ...`".to_string()));
        }
        if let Some(expected) = self.expected.rows.filter(|&e| e != rows) {
            return Err(self.content(format!("{rows} rows"), format!("{expected} rows")));
        }
        let columns = self.expected.columns.unwrap_or(self.rows.width);
        if columns == 0 {
            return Err(self.content("no entries".to_string(), "at least one `index:value`".to_string()));
        }
        let convention = self.fitting.iter().position(|&fits| fits).unwrap_or(0);
        for label in &mut self.labels {
            *label = if *label == CONVENTIONS[convention][1] { 1 } else { -1 };
        }
        Dataset::new(self.rows.into_matrix(columns)?, self.labels)
    }

    #[cold]
    fn error(&self, token: Token, expected: String) -> DataError {
        let text = String::from_utf8_lossy(token.text);
        let mut shown: String = text.chars().take(40).collect();
        if shown.len() < text.len() {
            shown.push_str("...");
        }
        DataError::Token {
            name: self.name.to_string(),
            line: self.line,
            column: token.start + 1,
            token: shown,
            expected,
        }
    }

    fn content(&self, found: String, expected: String) -> DataError {
        DataError::Content { name: self.name.to_string(), found, expected }
    }
}

/// A number whose text is complete: a lone point at the end of a cut line may have lost its digits.
fn number<T: std::str::FromStr>(text: &[u8], whole: bool) -> Option<T> {
    if !whole && text.last() == Some(&b'.') {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Decimal digits and nothing else (no sign); `None` too for numbers that are far too large.
fn unsigned(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
}

/// Rows under construction.
struct Rows {
    offsets: Vec<usize>,
    values: Vec<f32>,
    /// Columns of the entries; `None` as long as every row holds the columns 0, 1, .. in order.
    indices: Option<Vec<u32>>,
    /// Largest column seen, plus 1.
    width: usize,
}

impl Default for Rows {
    fn default() -> Self {
        Rows { offsets: vec![0], values: Vec::new(), indices: None, width: 0 }
    }
}

impl Rows {
    fn push(&mut self, column: u32, value: f32) {
        let start = self.offsets[self.offsets.len() - 1];
        if self.indices.is_none() && column as usize != self.values.len() - start {
            self.indices = Some(self.implied());
        }
        if let Some(indices) = &mut self.indices {
            indices.push(column);
        }
        self.values.push(value);
        self.width = self.width.max(column as usize + 1);
    }

    fn end_row(&mut self) {
        self.offsets.push(self.values.len());
    }

    /// The columns of all entries so far, if each row holds 0, 1, .. in order.
    fn implied(&self) -> Vec<u32> {
        let ends = self.offsets[1..].iter().copied().chain([self.values.len()]);
        self.offsets.iter().zip(ends).flat_map(|(&start, end)| 0..(end - start) as u32).collect()
    }

    fn into_matrix(mut self, columns: usize) -> Result<Matrix, DataError> {
        let rows = self.offsets.len() - 1;
        let entries = rows.saturating_mul(columns);
        if self.indices.is_none() && self.values.len() == entries {
            self.values.shrink_to_fit();
            return Matrix::dense(rows, columns, self.values);
        }
        let indices = self.indices.take().unwrap_or_else(|| self.implied());
        if self.values.len() <= entries / 4 {
            return Matrix::sparse(columns, self.offsets, indices, self.values);
        }
        let mut dense = zeros(rows, columns)?;
        for (row, bounds) in dense.chunks_exact_mut(columns).zip(self.offsets.windows(2)) {
            let range = bounds[0]..bounds[1];
            for (&j, &v) in indices[range.clone()].iter().zip(&self.values[range]) {
                row[j as usize] = v;
            }
        }
        Matrix::dense(rows, columns, dense)
    }
}

/// `rows * columns` zeros, or an error where an allocation would abort the process.
pub(super) fn zeros(rows: usize, columns: usize) -> Result<Vec<f32>, DataError> {
    let too_large = || DataError::TooLarge { rows, columns };
    let length = rows.checked_mul(columns).ok_or_else(too_large)?;
    let mut values = Vec::new();
    values.try_reserve_exact(length).map_err(|_| too_large())?;
    values.resize(length, 0.0);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Row;

    fn parse(text: &str) -> Result<Dataset, DataError> {
        parse_libsvm(text.as_bytes(), "set", Expected::default())
    }

    #[test]
    fn a_sparse_file_keeps_its_entries_and_nothing_else() {
        let text = "# a comment\n+1 3:0.5 9:-2 # tail\n\n-1 1:1e-1\r\n  \t\n1\n-1 12:4\n";
        let data = parse(text).unwrap();
        let matrix = data.matrix();
        assert_eq!((matrix.rows(), matrix.columns(), matrix.stored(), matrix.is_dense()), (4, 12, 4, false));
        assert_eq!(data.labels(), [1, -1, 1, -1]);
        assert_eq!(matrix.row(0), Row::Sparse(&[2, 8], &[0.5, -2.0]));
        assert_eq!(matrix.row(1), Row::Sparse(&[0], &[0.1]));
        assert_eq!(matrix.row(2), Row::Sparse(&[], &[]));
        assert_eq!(matrix.row(3), Row::Sparse(&[11], &[4.0]));
    }

    #[test]
    fn full_and_nearly_full_files_become_dense() {
        let full = parse("1 1:1 2:2 3:3\n0 1:4 2:5 3:6\n").unwrap();
        assert_eq!(full.matrix(), &Matrix::dense(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap());
        // the first rows imply their columns; the third does not, and what was implied has to be written out
        let nearly = parse("2 1:1 2:2 3:3\n1 1:4\n2 1:7 3:9\n").unwrap();
        let expected = vec![1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 7.0, 0.0, 9.0];
        assert_eq!(nearly.matrix(), &Matrix::dense(3, 3, expected).unwrap());
        // prefixes alone, of different lengths
        let prefixes = parse("1 1:1\n2 1:7 2:8\n").unwrap();
        assert_eq!(prefixes.matrix(), &Matrix::dense(2, 2, vec![1.0, 0.0, 7.0, 8.0]).unwrap());
        // exactly a quarter stays sparse
        assert!(!parse("1 4:1\n").unwrap().matrix().is_dense());
        assert!(parse("1 3:1\n").unwrap().matrix().is_dense());
    }

    #[test]
    fn each_pair_of_labels_is_mapped() {
        for (text, labels) in [
            ("-1 1:1\n+1 1:1\n", [-1, 1]),
            ("0 1:1\n1 1:1\n", [-1, 1]),
            ("2 1:1\n1 1:1\n", [1, -1]),
            ("1.0 1:1\n-1.0e0 1:1\n", [1, -1]),
            ("1 1:1\n1 1:1\n", [1, 1]),
            ("0 1:1\n0 1:1\n", [-1, -1]),
            ("2 1:1\n2 1:1\n", [1, 1]),
        ] {
            assert_eq!(parse(text).unwrap().labels(), labels, "{text:?}");
        }
    }

    #[test]
    fn malformed_tokens_are_located() {
        for (text, line, column, token, expected) in [
            ("1 1:1\n-1 1:2 3:0.", 2, 8, "3:0.", "number"),
            ("1 1:1\n-1 1:2 12:", 2, 8, "12:", "number"),
            ("1 1:1\n-1 1:2 12", 2, 8, "12", "index:value"),
            ("1 1:1\n-1 1:2 3:1e", 2, 8, "3:1e", "number"),
            ("1 1:1\n-", 2, 1, "-", "label"),
            ("1 1:1 2:\n", 1, 7, "2:", "number"),
            ("1 1:nan\n", 1, 3, "1:nan", "finite"),
            ("1 1:inf\n", 1, 3, "1:inf", "finite"),
            ("1 1:1e39\n", 1, 3, "1:1e39", "finite"),
            ("1 0:1\n", 1, 3, "0:1", "from 1 to"),
            ("1 -1:1\n", 1, 3, "-1:1", "from 1 to"),
            ("1 +1:1\n", 1, 3, "+1:1", "from 1 to"),
            ("1  5:1 5:1\n", 1, 8, "5:1", "from 6 to"),
            ("1 5:1 4:1\n", 1, 7, "4:1", "increasing"),
            ("1 2147483649:1\n", 1, 3, "2147483649:1", "to 2147483648"),
            ("1 99999999999999999999:1\n", 1, 3, "99999999999999999999:1", "to 2147483648"),
            ("1 qid:1 1:1\n", 1, 3, "qid:1", "an index"),
            ("1 1:1:1\n", 1, 3, "1:1:1", "number"),
            ("3 1:1\n", 1, 1, "3", "{-1, +1}"),
            ("nan 1:1\n", 1, 1, "nan", "{-1, +1}"),
            ("1:1 2:1\n", 1, 1, "1:1", "a label"),
            ("0 1:1\n1 1:1\n2 1:1\n", 3, 1, "2", "{0, 1}, as on"),
            ("1 1:1\n# c\n-1 1:1\n0 1:1\n", 4, 1, "0", "{-1, 1}, as on"),
        ] {
            match parse(text) {
                Err(DataError::Token { name, line: l, column: c, token: t, expected: e }) => {
                    assert_eq!((name.as_str(), l, c, t.as_str()), ("set", line, column, token), "{text:?}");
                    assert!(e.contains(expected), "{text:?}: {e}");
                }
                other => panic!("{text:?}: {other:?}"),
            }
        }
        let binary = parse_libsvm(&b"1 1:\xff\xfe\n"[..], "set", Expected::default());
        assert!(matches!(binary, Err(DataError::Token { line: 1, column: 3, .. })));
    }

    #[test]
    fn a_last_line_without_ending_counts_if_it_is_complete() {
        assert_eq!(parse("1 1:1\n-1 1:2 3:0.5").unwrap().labels(), [1, -1]);
        // a finished line may write `0.`, and so may a line whose comment shows that it was not cut there
        assert_eq!(parse("1 1:0.\n-1 1:2.").map_err(|e| e.to_string()).unwrap_err().split(':').nth(1), Some("2"));
        assert!(parse("1 1:0.\n-1 1:2. # end").is_ok());
        assert!(parse("1 1:0.\n-1 1:2. ").is_ok());
    }

    #[test]
    fn empty_files_and_other_sizes_are_refused() {
        let with = |text: &str, rows, columns| {
            parse_libsvm(text.as_bytes(), "set", Expected { rows, columns }).map(|d| d.matrix().columns())
        };
        for text in ["", "\n\n", "# only a comment"] {
            assert!(parse(text).unwrap_err().to_string().contains("no rows"), "{text:?}");
        }
        assert!(parse("1\n-1\n").unwrap_err().to_string().contains("no entries"));
        assert!(with("1 1:1\n", Some(2), None).unwrap_err().to_string().contains("expected 2 rows"));
        assert!(with("1 4:1\n", None, Some(3)).unwrap_err().to_string().contains("from 1 to 3"));
        assert_eq!(with("1 2:1\n", Some(1), Some(7)).unwrap(), 7);
        assert_eq!(with("1 1:1 2:1\n", Some(1), Some(3)).unwrap(), 3);
        let missing = read_libsvm(Path::new("no/such/file"), Expected::default());
        assert!(matches!(missing, Err(DataError::Io { .. })));
    }

    #[test]
    fn reading_what_was_written_gives_the_same_entries() {
        // identity: the shortest decimal form of a single-precision number reads back to the same number
        let data = crate::data::generate(20, 7, 0.3, 5).unwrap().data;
        let mut text = String::new();
        for (i, b) in data.labels().iter().enumerate() {
            text += &b.to_string();
            let Row::Dense(row) = data.matrix().row(i) else { panic!("generated rows are dense") };
            row.iter().enumerate().for_each(|(j, v)| text += &format!(" {}:{v}", j + 1));
            text.push('\n');
        }
        assert_eq!(parse(&text).unwrap(), data);
    }
}
