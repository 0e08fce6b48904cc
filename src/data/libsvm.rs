//! Reader of the LIBSVM text format: `label index:value index:value ...`, one row per line.
//!
//! **Accepted** Indices from 1, increasing within a row, at most 2^31. Values that are finite in double precision.
//! Labels {-1, +1}, {0, 1} or {1, 2}, the smaller of the pair becoming -1 (a file with the label 1 alone is read as
//! +1). `#` comments to the end of a line, blank lines, either line ending.
//!
//! **Precision** A value is stored as the nearest double, or in single precision where that changes none of them.
//! Values are rounded to single precision only at the caller's request. The matrix knows whether a value is the number
//! that stands in the file, or the nearest to it.
//!
//! **Storage** Dense when more than a quarter of the entries are written out, else sparse. A file that writes out
//! every entry never stores an index, so that reading takes no more memory than the matrix.
//!
//! **Edge cases** A last line without line ending counts if all its tokens are complete; a cut after `12:`, `1e` or
//! `0.` is an error. A cut inside digits leaves a well-formed shorter number and cannot be seen: give the number of
//! rows and columns in [`Expected`], and compare a checksum where the source publishes one.

use super::matrix::{Rounding, Values};
use super::{DataError, Dataset, Matrix};
use crate::scalar::Rational;
use std::io::BufRead;

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
    /// Whether values are rounded to single precision, which takes half the memory.
    pub single: bool,
}

/// Reads LIBSVM text from any buffered source; `name` stands for it in errors.
///
/// # Errors
/// [`DataError::Token`] naming file, line and column of a malformed token; [`DataError::Content`] for a file without
/// rows or entries, or of other sizes than expected; [`DataError::Io`] where the source fails.
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
        parser.read_line(&line)?;
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
        Parser { name, expected, line: 0, rows: Rows::new(expected.single), labels: Vec::new(), fitting }
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), DataError> {
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
        let number: Option<f64> = number(value, whole);
        let finite = |v: &f64| v.is_finite() && !(self.expected.single && (*v as f32).is_infinite());
        let Some(number) = number.filter(finite) else {
            let precision = if self.expected.single { "single" } else { "double" };
            return Err(self.error(token, format!("a finite {precision}-precision number after `:`")));
        };
        self.rows.push(index as u32 - 1, value, number);
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

/// Whether the number written in `text` is the double `value`; where that cannot be decided, the answer is no.
fn is_exactly(text: &[u8], value: f64) -> bool {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    if digits.len() <= 15 && digits.iter().all(u8::is_ascii_digit) {
        return true;
    }
    let written = std::str::from_utf8(text).ok().and_then(|t| t.trim_start_matches('+').parse::<Rational>().ok());
    written.is_some() && written == Rational::from_double(value)
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
    values: Values,
    rounding: Rounding,
    /// Whether values are rounded to single precision.
    single: bool,
    /// Columns of the entries; `None` as long as every row holds the columns 0, 1, .. in order.
    indices: Option<Vec<u32>>,
    /// Largest column seen, plus 1.
    width: usize,
}

impl Rows {
    fn new(single: bool) -> Self {
        let values = Values::Single(Vec::new());
        Rows { offsets: vec![0], values, rounding: Rounding::None, single, indices: None, width: 0 }
    }

    /// Keeps a number, in single precision as long as that is exact for all of them.
    fn store(&mut self, text: &[u8], number: f64) {
        let short = number as f32;
        let fits = f64::from(short) == number;
        if let Values::Single(values) = &self.values
            && !(fits || self.single)
        {
            self.values = Values::Double(values.iter().map(|v| f64::from(*v)).collect());
        }
        if self.rounding == Rounding::None && !((fits || !self.single) && is_exactly(text, number)) {
            self.rounding = if self.single { Rounding::Single } else { Rounding::Double };
        }
        match &mut self.values {
            Values::Single(values) => values.push(short),
            Values::Double(values) => values.push(number),
        }
    }

    fn push(&mut self, column: u32, text: &[u8], number: f64) {
        let start = self.offsets[self.offsets.len() - 1];
        if self.indices.is_none() && column as usize != self.values.len() - start {
            self.indices = Some(self.implied());
        }
        if let Some(indices) = &mut self.indices {
            indices.push(column);
        }
        self.store(text, number);
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
        let rounding = self.rounding;
        let entries = rows.saturating_mul(columns);
        if self.indices.is_none() && self.values.len() == entries {
            match &mut self.values {
                Values::Single(values) => values.shrink_to_fit(),
                Values::Double(values) => values.shrink_to_fit(),
            }
            return Ok(Matrix::dense(rows, columns, self.values)?.rounded(rounding));
        }
        let indices = self.indices.take().unwrap_or_else(|| self.implied());
        if self.values.len() <= entries / 4 {
            return Ok(Matrix::sparse(columns, self.offsets, indices, self.values)?.rounded(rounding));
        }
        let dense = match &self.values {
            Values::Single(values) => spread((rows, columns), &self.offsets, &indices, values)?.into(),
            Values::Double(values) => Values::from(spread((rows, columns), &self.offsets, &indices, values)?),
        };
        Ok(Matrix::dense(rows, columns, dense)?.rounded(rounding))
    }
}

/// Sparse rows written out.
fn spread<E: Copy + Default>(
    (rows, columns): (usize, usize),
    offsets: &[usize],
    indices: &[u32],
    values: &[E],
) -> Result<Vec<E>, DataError> {
    let mut dense = zeros(rows, columns)?;
    for (row, bounds) in dense.chunks_exact_mut(columns).zip(offsets.windows(2)) {
        let range = bounds[0]..bounds[1];
        for (&j, &v) in indices[range.clone()].iter().zip(&values[range]) {
            row[j as usize] = v;
        }
    }
    Ok(dense)
}

/// `rows * columns` zeros, or an error where an allocation would abort the process.
pub(super) fn zeros<E: Copy + Default>(rows: usize, columns: usize) -> Result<Vec<E>, DataError> {
    let too_large = || DataError::TooLarge { rows, columns };
    let length = rows.checked_mul(columns).ok_or_else(too_large)?;
    let mut values = Vec::new();
    values.try_reserve_exact(length).map_err(|_| too_large())?;
    values.resize(length, E::default());
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::matrix::{Row, Slice};

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
        assert_eq!(matrix.row(0), Row::Sparse(&[2, 8], Slice::Double(&[0.5, -2.0])));
        assert_eq!(matrix.row(1), Row::Sparse(&[0], Slice::Double(&[0.1])));
        assert_eq!(matrix.row(2), Row::Sparse(&[], Slice::Double(&[])));
        assert_eq!(matrix.row(3), Row::Sparse(&[11], Slice::Double(&[4.0])));
        assert_eq!(matrix.rounding(), Rounding::Double);
    }

    #[test]
    fn values_keep_their_precision_and_what_is_lost_is_known() {
        // exact: 16777217 = 2^24 + 1 and 20260115 have no single-precision form, 1e-46 is below the least one; the
        // second and the fourth have none in doubles either. 2^-149 = 1.4e-45 has more decimals than are written here.
        let cases: [(&str, f64, Rounding, bool); 9] = [
            ("16777217", 16_777_217.0, Rounding::None, false),
            ("1e-46", 1e-46, Rounding::Double, false),
            ("20260115", 20_260_115.0, Rounding::None, false),
            ("0.1", 0.1, Rounding::Double, false),
            ("0.75", 0.75, Rounding::None, true),
            ("-1.5e2", -150.0, Rounding::None, true),
            ("9007199254740993", 9_007_199_254_740_992.0, Rounding::Double, true),
            ("1e-400", 0.0, Rounding::Double, true),
            ("0.750000000000000000000000000000000001", 0.75, Rounding::Double, true),
        ];
        for (text, value, rounding, short) in cases {
            let data = parse(&format!("1 1:{text}\n")).unwrap();
            let Row::Dense(row) = data.matrix().row(0) else { panic!("{text}: one column is dense") };
            assert_eq!(row.doubles().collect::<Vec<_>>(), [value], "{text}");
            assert_eq!((data.matrix().rounding(), matches!(row, Slice::Single(_))), (rounding, short), "{text}");
            let (low, high) = data.matrix().around(value);
            let number: Rational = text.parse().unwrap();
            let end = |v| Rational::from_double(v).unwrap();
            assert!(end(low) <= number && number <= end(high), "{text}");
        }
        // On request, values are rounded to single precision, and the matrix records it.
        let single = Expected { single: true, ..Expected::default() };
        let data = parse_libsvm(&b"1 1:0.5 2:16777217\n"[..], "set", single).unwrap();
        assert_eq!(data.matrix().row(0), Row::Dense(Slice::Single(&[0.5, 16_777_216.0])));
        assert_eq!(data.matrix().rounding(), Rounding::Single);
        let (low, high) = data.matrix().around(16_777_216.0);
        assert!(low < 16_777_217.0 && 16_777_217.0 < high);
        assert!(parse_libsvm(&b"1 1:1e39\n"[..], "set", single).is_err() && parse("1 1:1e39\n").is_ok());
        // One value that needs doubles takes all of them along, whatever stood before it.
        let mixed = parse("1 1:0.5 2:1\n-1 1:0.25 2:16777217\n").unwrap();
        assert_eq!(mixed.matrix().row(0), Row::Dense(Slice::Double(&[0.5, 1.0])));
        assert_eq!(mixed.matrix().row(1), Row::Dense(Slice::Double(&[0.25, 16_777_217.0])));
    }

    #[test]
    fn full_and_nearly_full_files_become_dense() {
        let full = parse("1 1:1 2:2 3:3\n0 1:4 2:5 3:6\n").unwrap();
        assert_eq!(full.matrix(), &Matrix::dense(2, 3, vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap());
        // the first rows imply their columns; the third does not, and what was implied has to be written out
        let nearly = parse("2 1:1 2:2 3:3\n1 1:4\n2 1:7 3:9\n").unwrap();
        let expected = vec![1.0f32, 2.0, 3.0, 4.0, 0.0, 0.0, 7.0, 0.0, 9.0];
        assert_eq!(nearly.matrix(), &Matrix::dense(3, 3, expected).unwrap());
        // prefixes alone, of different lengths
        let prefixes = parse("1 1:1\n2 1:7 2:8\n").unwrap();
        assert_eq!(prefixes.matrix(), &Matrix::dense(2, 2, vec![1.0f32, 0.0, 7.0, 8.0]).unwrap());
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
            ("1 1:1e309\n", 1, 3, "1:1e309", "finite"),
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
            parse_libsvm(text.as_bytes(), "set", Expected { rows, columns, single: false })
                .map(|d| d.matrix().columns())
        };
        for text in ["", "\n\n", "# only a comment"] {
            assert!(parse(text).unwrap_err().to_string().contains("no rows"), "{text:?}");
        }
        assert!(parse("1\n-1\n").unwrap_err().to_string().contains("no entries"));
        assert!(with("1 1:1\n", Some(2), None).unwrap_err().to_string().contains("expected 2 rows"));
        assert!(with("1 4:1\n", None, Some(3)).unwrap_err().to_string().contains("from 1 to 3"));
        assert_eq!(with("1 2:1\n", Some(1), Some(7)).unwrap(), 7);
        assert_eq!(with("1 1:1 2:1\n", Some(1), Some(3)).unwrap(), 3);
    }

    #[test]
    fn reading_what_was_written_gives_the_same_entries() {
        // identity: the shortest decimal form of a single-precision number reads back to the same number
        let data = crate::data::generate(20, 7, 0.3, 5).unwrap().data;
        let mut text = String::new();
        for (i, b) in data.labels().iter().enumerate() {
            text += &b.to_string();
            let Row::Dense(Slice::Single(row)) = data.matrix().row(i) else {
                panic!("generated rows are short and dense")
            };
            row.iter().enumerate().for_each(|(j, v)| text += &format!(" {}:{v}", j + 1));
            text.push('\n');
        }
        let read = parse_libsvm(text.as_bytes(), "set", Expected { single: true, ..Expected::default() }).unwrap();
        assert_eq!(read.labels(), data.labels());
        assert!((0..20).all(|i| read.matrix().row(i) == data.matrix().row(i)));
    }
}
