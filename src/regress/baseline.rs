//! The committed file: JSON that is laid out a line a quantity, so that a change of one is a change of one line.
//!
//! What is known without noise is gathered over the cells of a sweep (`"values": {"K=16": "3/8", ..}`); what was sampled
//! has a line a cell, with mean, standard error, replicates and, where there is one, the range.

use super::{Entry, Sample, Value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Version of the file's format.
pub const FORMAT: u32 = 1;

/// A baseline that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Not JSON of this shape.
    #[error("not a baseline: {0}")]
    Json(#[from] serde_json::Error),
    /// Another version.
    #[error("baseline format {0}, this program reads {FORMAT}; record it again with `signcheck regress --update`")]
    Format(u32),
    /// A line whose value is of no known kind.
    #[error("{claim}, '{quantity}': the value {found} is none of kind '{kind}'")]
    Value {
        /// Claim.
        claim: String,
        /// Quantity.
        quantity: String,
        /// Kind that the line names.
        kind: String,
        /// What stands there.
        found: String,
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
    claims: Vec<ClaimLines>,
}

#[derive(Serialize, Deserialize)]
struct ClaimLines {
    claim: String,
    spec_hash: String,
    seed: u64,
    version: String,
    #[serde(skip_serializing)]
    entries: Vec<Line>,
}

/// One line: the cells of a quantity without noise, or one cell of a sampled one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Sampled {
        quantity: String,
        cell: String,
        mean: f64,
        standard_error: f64,
        replicates: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<(f64, f64)>,
        #[serde(default = "one", skip_serializing_if = "is_one")]
        among: u64,
    },
    Known {
        quantity: String,
        kind: String,
        values: BTreeMap<String, serde_json::Value>,
    },
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_one(n: &u64) -> bool {
    *n == 1
}

/// The kind of a value without noise, and its short form.
fn short(value: &Value) -> Option<(&'static str, serde_json::Value)> {
    Some(match value {
        Value::Word { text, sampled: false } => ("word", text.as_str().into()),
        Value::Word { text, sampled: true } => ("sampled word", text.as_str().into()),
        Value::Exact { text, near } if text.starts_with('#') => ("exact", serde_json::json!([text, near])),
        Value::Exact { text, .. } => ("exact", text.as_str().into()),
        Value::Within { low, high, certain } => {
            (if *certain { "enclosed" } else { "numeric" }, serde_json::json!([low, high]))
        }
        Value::Sampled(_) => return None,
    })
}

fn long(kind: &str, value: &serde_json::Value) -> Option<Value> {
    let pair = |i: usize| value.get(i)?.as_f64();
    Some(match kind {
        "word" | "sampled word" => Value::Word { text: value.as_str()?.into(), sampled: kind != "word" },
        "exact" => match value.as_str() {
            Some(text) => Value::Exact { text: text.into(), near: quotient(text)? },
            None => Value::Exact { text: value.get(0)?.as_str()?.into(), near: pair(1)? },
        },
        "enclosed" | "numeric" => Value::Within { low: pair(0)?, high: pair(1)?, certain: kind == "enclosed" },
        _ => return None,
    })
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
            for line in claim.entries {
                match line {
                    Line::Sampled { quantity, cell, mean, standard_error, replicates, range, among } => {
                        let sample = Sample { mean, standard_error, replicates, range, among };
                        entries.insert((quantity, cell), Value::Sampled(sample));
                    }
                    Line::Known { quantity, kind, values } => {
                        for (cell, value) in values {
                            let known = long(&kind, &value).ok_or_else(|| BaselineError::Value {
                                claim: claim.claim.clone(),
                                quantity: quantity.clone(),
                                kind: kind.clone(),
                                found: value.to_string(),
                            })?;
                            entries.insert((quantity.clone(), cell), known);
                        }
                    }
                }
            }
            let (spec_hash, seed, version) = (claim.spec_hash, claim.seed, claim.version);
            claims.insert(claim.claim, ClaimEntries { spec_hash, seed, version, entries });
        }
        Ok(Baseline { profile: file.profile, claims })
    }

    /// The file's text, a line a quantity, sorted.
    #[must_use]
    pub fn render(&self) -> String {
        let json = |value: &dyn erased::Json| value.text();
        let mut out = format!("{{\n\"format\": {FORMAT},\n\"profile\": {},\n\"claims\": [", json(&self.profile));
        for (i, (id, claim)) in self.claims.iter().enumerate() {
            let head = ClaimLines {
                claim: id.clone(),
                spec_hash: claim.spec_hash.clone(),
                seed: claim.seed,
                version: claim.version.clone(),
                entries: Vec::new(),
            };
            let head = json(&head);
            out += if i == 0 { "\n" } else { ",\n" };
            out += head.trim_end_matches('}');
            out += ",\"entries\":[";
            for (j, line) in lines(&claim.entries).iter().enumerate() {
                out += if j == 0 { "\n  " } else { ",\n  " };
                out += &json(line);
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

/// Lines in order of their quantity.
fn lines(entries: &BTreeMap<(String, String), Value>) -> Vec<Line> {
    let quantities: BTreeSet<&String> = entries.keys().map(|(quantity, _)| quantity).collect();
    let mut lines = Vec::new();
    for quantity in quantities {
        let mut known: BTreeMap<&'static str, BTreeMap<String, serde_json::Value>> = BTreeMap::new();
        let mut sampled = Vec::new();
        for ((_, cell), value) in entries.iter().filter(|((q, _), _)| q == quantity) {
            match (short(value), value) {
                (Some((kind, value)), _) => {
                    known.entry(kind).or_default().insert(cell.clone(), value);
                }
                (None, Value::Sampled(s)) => {
                    let Sample { mean, standard_error, replicates, range, among } = *s;
                    let (quantity, cell) = (quantity.clone(), cell.clone());
                    sampled.push(Line::Sampled { quantity, cell, mean, standard_error, replicates, range, among });
                }
                (None, _) => {}
            }
        }
        for (kind, values) in known {
            lines.push(Line::Known { quantity: quantity.clone(), kind: kind.into(), values });
        }
        lines.append(&mut sampled);
    }
    lines
}

/// JSON on one line, of whatever a baseline consists of.
mod erased {
    pub(super) trait Json {
        fn text(&self) -> String;
    }

    impl<T: serde::Serialize> Json for T {
        fn text(&self) -> String {
            // Texts, numbers that are finite and maps with text keys: these always have a JSON form.
            serde_json::to_string(self).unwrap_or_default()
        }
    }
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
    fn a_change_of_one_quantity_is_a_change_of_one_line() {
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
        assert!(say(&text.replace("\"format\": 1", "\"format\": 9")).contains("format 9"));
        assert!(say(&text.replace("\"3/8\"", "\"3/x\"")).contains("'printed: left'"));
        assert!(say(&text.replace("\"kind\":\"numeric\"", "\"kind\":\"odd\"")).contains("'odd'"));
    }
}
