//! The committed file: JSON laid out with one line per cell, so that a change of one number is a change of one line.
//!
//! The quantities of a bound that are known in the same cells share a table:
//! `"quantities": ["left", "right"], "rows": [["K=16", ["3/8", [0.1, 0.2]]], ..]`. The shape of a value shows what it
//! is: a text is exact, a pair encloses, `{"mean":..}` was sampled.

use super::{Entry, Sample, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the file's format.
pub(super) const FORMAT: u32 = 2;

/// A baseline that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Not JSON of this shape.
    #[error("not a baseline: {0}")]
    Json(#[from] serde_json::Error),
    /// Another version.
    #[error(
        "baseline format {0}, this program reads {FORMAT}; remove the file and record it again: `signcheck regress --update`"
    )]
    Format(u32),
    /// A row that does not fit its table.
    #[error("{claim}, '{cell}': the row needs one value for each of {quantities}; a text is a fraction a/b")]
    Row {
        /// Claim.
        claim: String,
        /// The table's quantities.
        quantities: String,
        /// The row's cell.
        cell: String,
    },
}

/// Everything that was recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Baseline {
    /// `quick` or `full`: what is enumerated exactly depends on it.
    pub profile: String,
    /// Claims by id.
    pub claims: BTreeMap<String, ClaimEntries>,
}

/// One claim's quantities.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClaimEntries {
    /// SHA-256 of the claim file's text.
    pub spec_hash: String,
    /// Seed of what was sampled; where entries were recorded at different times, the largest.
    pub seed: u64,
    /// Version of the program.
    pub version: String,
    /// By quantity and cell.
    pub entries: BTreeMap<(String, String), Value>,
}

impl ClaimEntries {
    /// The entries of one run, by name.
    #[must_use]
    pub fn new(spec_hash: &str, seed: u64, entries: Vec<Entry>) -> Self {
        let version = env!("CARGO_PKG_VERSION").into();
        let entries = entries.into_iter().map(|e| ((e.quantity, e.cell), e.value)).collect();
        ClaimEntries { spec_hash: spec_hash.into(), seed, version, entries }
    }
}

#[derive(Deserialize)]
struct File {
    format: u32,
    profile: String,
    claims: Vec<ClaimTables>,
}

#[derive(Serialize, Deserialize)]
struct ClaimTables {
    claim: String,
    spec_hash: String,
    seed: u64,
    version: String,
    #[serde(skip_serializing)]
    tables: Vec<Table>,
}

/// Quantities that are known in the same cells: one row per cell, its name first, then one value per quantity.
#[derive(Deserialize)]
struct Table {
    quantities: Vec<String>,
    rows: Vec<(String, Vec<Short>)>,
}

/// A value, recognised by its shape.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Short {
    /// `"3/8"`.
    Exact(String),
    /// `["#0123456789abcdef", 3.7e78]`.
    Digest(String, f64),
    /// `[0.1, 0.2]`.
    Enclosed(f64, f64),
    /// `{"numeric": [0.1, 0.2]}`.
    Numeric { numeric: (f64, f64) },
    /// `{"word": "holds"}`.
    Word { word: String },
    /// `{"sampled": "holds"}`.
    SampledWord { sampled: String },
    /// Mean, standard error and number of replicates; range and number of means where there are any.
    Sampled {
        mean: f64,
        se: f64,
        n: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<(f64, f64)>,
        #[serde(default = "one", skip_serializing_if = "is_one")]
        among: u64,
    },
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_one(n: &u64) -> bool {
    *n == 1
}

impl From<&Value> for Short {
    fn from(value: &Value) -> Self {
        match value {
            Value::Word { text, sampled: false } => Short::Word { word: text.clone() },
            Value::Word { text, sampled: true } => Short::SampledWord { sampled: text.clone() },
            Value::Exact { text, near } if text.starts_with('#') => Short::Digest(text.clone(), *near),
            Value::Exact { text, .. } => Short::Exact(text.clone()),
            Value::Within { low, high, certain: true } => Short::Enclosed(*low, *high),
            Value::Within { low, high, certain: false } => Short::Numeric { numeric: (*low, *high) },
            Value::Sampled(Sample { mean, standard_error, replicates, range, among }) => {
                Short::Sampled { mean: *mean, se: *standard_error, n: *replicates, range: *range, among: *among }
            }
        }
    }
}

impl Short {
    /// The value; `None` where a text is no fraction.
    fn value(self) -> Option<Value> {
        Some(match self {
            Short::Exact(text) => Value::Exact { near: quotient(&text)?, text },
            Short::Digest(text, near) => Value::Exact { text, near },
            Short::Enclosed(low, high) => Value::Within { low, high, certain: true },
            Short::Numeric { numeric: (low, high) } => Value::Within { low, high, certain: false },
            Short::Word { word } => Value::Word { text: word, sampled: false },
            Short::SampledWord { sampled } => Value::Word { text: sampled, sampled: true },
            Short::Sampled { mean, se, n, range, among } => {
                Value::Sampled(Sample { mean, standard_error: se, replicates: n, range, among })
            }
        })
    }
}

/// The double near `a/b`; for showing only.
fn quotient(text: &str) -> Option<f64> {
    let (a, b) = text.split_once('/').unwrap_or((text, "1"));
    let value = a.parse::<f64>().ok()? / b.parse::<f64>().ok()?;
    value.is_finite().then_some(value)
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// Not JSON of this shape, another format, or a value of no known kind.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let version: serde_json::Value = serde_json::from_str(text)?;
        if let Some(other) =
            version.get("format").and_then(serde_json::Value::as_u64).filter(|v| *v != u64::from(FORMAT))
        {
            return Err(BaselineError::Format(u32::try_from(other).unwrap_or(u32::MAX)));
        }
        let file: File = serde_json::from_value(version)?;
        if file.format != FORMAT {
            return Err(BaselineError::Format(file.format));
        }
        let mut claims = BTreeMap::new();
        for claim in file.claims {
            let mut entries = BTreeMap::new();
            for Table { quantities, rows } in claim.tables {
                for (cell, values) in rows {
                    let shape = || BaselineError::Row {
                        claim: claim.claim.clone(),
                        quantities: quantities.join(", "),
                        cell: cell.clone(),
                    };
                    if values.len() != quantities.len() {
                        return Err(shape());
                    }
                    for (quantity, value) in quantities.iter().zip(values) {
                        let value = value.value().ok_or_else(shape)?;
                        entries.insert((quantity.clone(), cell.clone()), value);
                    }
                }
            }
            let (spec_hash, seed, version) = (claim.spec_hash, claim.seed, claim.version);
            claims.insert(claim.claim, ClaimEntries { spec_hash, seed, version, entries });
        }
        Ok(Baseline { profile: file.profile, claims })
    }

    /// The file's text, one line per cell, sorted.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = format!("{{\n\"format\": {FORMAT},\n\"profile\": {},\n\"claims\": [", json(&self.profile));
        for (i, (id, claim)) in self.claims.iter().enumerate() {
            let head = ClaimTables {
                claim: id.clone(),
                spec_hash: claim.spec_hash.clone(),
                seed: claim.seed,
                version: claim.version.clone(),
                tables: Vec::new(),
            };
            out += if i == 0 { "\n" } else { ",\n" };
            out += json(&head).trim_end_matches('}');
            out += ",\"tables\":[";
            for (j, (quantities, rows)) in tables(&claim.entries).iter().enumerate() {
                out += if j == 0 { "\n " } else { ",\n " };
                out += &format!("{{\"quantities\":{},\"rows\":[", json(quantities));
                for (k, row) in rows.iter().enumerate() {
                    out += if k == 0 { "\n  " } else { ",\n  " };
                    out += &json(row);
                }
                out += "]}";
            }
            out += "\n]}";
        }
        out += "\n]\n}\n";
        out
    }

    /// How many entries are tested, their values having noise.
    #[must_use]
    pub fn sampled(&self) -> usize {
        let all = self.claims.values().flat_map(|c| c.entries.values());
        all.filter(|v| matches!(v, Value::Sampled(_))).count()
    }

    /// The largest seed of any claim; 0 without one.
    #[must_use]
    pub fn largest_seed(&self) -> u64 {
        self.claims.values().map(|c| c.seed).max().unwrap_or(0)
    }
}

/// A cell and its values, in the order of a table's quantities.
type Row<'a> = (&'a str, Vec<Short>);

/// The entries by bound (what stands before the colon) and by the quantities that a cell has; cells in the order of
/// their names.
fn tables(entries: &BTreeMap<(String, String), Value>) -> BTreeMap<Vec<&str>, Vec<Row<'_>>> {
    let mut cells: BTreeMap<(&str, &str), Vec<(&str, &Value)>> = BTreeMap::new();
    for ((quantity, cell), value) in entries {
        let bound = quantity.split_once(": ").map_or("", |(bound, _)| bound);
        cells.entry((bound, cell)).or_default().push((quantity, value));
    }
    let mut tables: BTreeMap<Vec<&str>, Vec<Row<'_>>> = BTreeMap::new();
    for ((_, cell), values) in cells {
        let quantities = values.iter().map(|(quantity, _)| *quantity).collect();
        let row = (cell, values.into_iter().map(|(_, value)| value.into()).collect());
        tables.entry(quantities).or_default().push(row);
    }
    tables
}

/// JSON on one line, of whatever a baseline consists of: texts, numbers that are finite and maps with text keys, which
/// always have a JSON form.
fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline() -> Baseline {
        let sample = Sample { mean: 0.1, standard_error: 1e-3, replicates: 1000, range: Some((0.0, 1.0)), among: 1 };
        let entry = |quantity: &str, cell: &str, value| Entry { quantity: quantity.into(), cell: cell.into(), value };
        let entries = vec![
            entry("printed: left", "K=16", Value::fraction("3/8", 0.375)),
            entry("printed: left", "K=64", Value::fraction(&format!("{}/3", "1".repeat(80)), 3.7e78)),
            entry("printed: left", "K=256", Value::Within { low: 0.1, high: 0.2, certain: true }),
            entry("printed: left", "K=512", Value::Within { low: 0.1, high: 0.1, certain: false }),
            entry("printed: outcome", "", Value::Word { text: "holds".into(), sampled: true }),
            entry("derived: left", "\"odd\"", Value::Sampled(sample)),
            entry("derived: left", "min", Value::Sampled(Sample { among: 9, range: None, ..sample })),
        ];
        let claims =
            [("a/b".to_string(), ClaimEntries::new("00ff", 1, entries)), ("c/d".into(), ClaimEntries::default())];
        Baseline { profile: "quick".into(), claims: claims.into() }
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = baseline().render();
        assert_eq!(Baseline::parse(&text).unwrap(), baseline());
        assert_eq!(baseline().sampled(), 2);
    }

    #[test]
    fn a_change_of_one_number_is_a_change_of_one_line() {
        let mut other = baseline();
        let entries = &mut other.claims.get_mut("a/b").unwrap().entries;
        entries.insert(("printed: left".into(), "K=16".into()), Value::fraction("1/2", 0.5));
        let (a, b) = (baseline().render(), other.render());
        assert_eq!(a.lines().count(), b.lines().count());
        assert_eq!(a.lines().zip(b.lines()).filter(|(x, y)| x != y).count(), 1);
    }

    #[test]
    fn damaged_files_say_where() {
        let text = baseline().render();
        let say = |text: &str| Baseline::parse(text).unwrap_err().to_string();
        assert!(say(&text[..text.len() / 2]).contains("not a baseline"));
        assert!(say(&text.replace("\"format\": 2", "\"format\": 1")).contains("format 1"));
        assert!(say(&text.replace("\"3/8\"", "\"3/x\"")).contains("a/b, 'K=16'"));
        assert!(say(&text.replace("[\"3/8\"]", "[]")).contains("'K=16'"));
        assert!(say(&text.replace("{\"numeric\":", "{\"odd\":")).contains("not a baseline"));
    }
}
