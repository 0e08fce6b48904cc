//! The text of a claim file as a tree of values with source spans.

use super::Diagnostic;
use crate::scalar::Rational;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// A value with the place where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// The value.
    pub value: Value,
}

/// A TOML value; numbers keep their exact decimal.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Integer or decimal, exact.
    Number(Rational),
    /// String.
    Text(String),
    /// Boolean.
    Bool(bool),
    /// Array.
    List(Vec<Node>),
    /// Table.
    Table(Table),
}

impl Node {
    /// A value that stands nowhere.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Node { span: 0..0, value }
    }
}

impl Value {
    /// What it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::Bool(_) => "a boolean",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// The texts in it, in order.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Value::Text(text) => vec![text],
            Value::List(list) => list.iter().flat_map(|node| node.value.texts()).collect(),
            Value::Table(table) => table.entries.iter().flat_map(|entry| entry.node.value.texts()).collect(),
            Value::Number(_) | Value::Bool(_) => Vec::new(),
        }
    }
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Range<usize>,
    /// The value.
    pub node: Node,
}

/// A key that a change of a part's name dropped, kept for messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropped {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// The part that it belonged to.
    pub of: String,
    /// Where the change stands that names another part.
    pub by: Range<usize>,
}

/// A table in file order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Its entries.
    pub entries: Vec<Entry>,
    /// What stood here before a change named another part.
    pub dropped: Vec<Dropped>,
}

impl Table {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|e| e.key == key).map(|e| &e.node)
    }

    /// Sets a key, in place where it stands already.
    pub fn set(&mut self, key: &str, key_span: Range<usize>, node: Node) {
        match self.entries.iter_mut().find(|e| e.key == key) {
            Some(entry) => *entry = Entry { key: key.into(), key_span, node },
            None => self.entries.push(Entry { key: key.into(), key_span, node }),
        }
    }

    /// Canonical text without spans: equal setups have equal text.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut keys: Vec<&Entry> = self.entries.iter().collect();
        keys.sort_by(|a, b| a.key.cmp(&b.key));
        let parts: Vec<String> = keys.iter().map(|e| format!("{}={}", e.key, canonical(&e.node))).collect();
        format!("{{{}}}", parts.join(";"))
    }

    /// The table as JSON, for records.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        self.entries.iter().map(|e| (e.key.clone(), to_json(&e.node))).collect::<serde_json::Map<_, _>>().into()
    }
}

fn canonical(node: &Node) -> String {
    match &node.value {
        Value::Number(q) => q.to_string(),
        Value::Text(t) => format!("{t:?}"),
        Value::Bool(b) => b.to_string(),
        Value::List(l) => format!("[{}]", l.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Table(t) => t.canonical(),
    }
}

fn to_json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Number(q) => match q.to_i64() {
            Some(n) => n.into(),
            None => q.to_string().into(),
        },
        Value::Text(t) => t.clone().into(),
        Value::Bool(b) => (*b).into(),
        Value::List(l) => l.iter().map(to_json).collect::<Vec<_>>().into(),
        Value::Table(t) => t.to_json(),
    }
}

/// Longest claim file that is read.
pub(super) const MAX_FILE: usize = 1 << 20;

/// Parses TOML text; every syntax error is reported.
///
/// # Errors
/// One diagnostic per syntax error, or one for a file that is too long.
pub fn parse(text: &str) -> Result<Table, Vec<Diagnostic>> {
    if text.len() > MAX_FILE {
        return Err(vec![Diagnostic::new(
            0..0,
            format!("the file has {} bytes; at most {MAX_FILE} are read", text.len()),
        )]);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors
            .iter()
            .map(|e| Diagnostic::new(e.span().unwrap_or(0..0), format!("not TOML: {}", e.message())))
            .collect());
    }
    let mut diagnostics = Vec::new();
    let table = convert_table(table.get_ref(), &mut diagnostics);
    if diagnostics.is_empty() { Ok(table) } else { Err(diagnostics) }
}

fn convert_table(table: &DeTable<'_>, diagnostics: &mut Vec<Diagnostic>) -> Table {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: key.span(),
            node: Node { span: value.span(), value: convert(value.get_ref(), value.span(), diagnostics) },
        })
        .collect();
    entries.sort_by_key(|e| e.key_span.start);
    Table { entries, ..Table::default() }
}

fn convert(value: &DeValue<'_>, span: Range<usize>, diagnostics: &mut Vec<Diagnostic>) -> Value {
    let mut number = |text: &str| {
        text.parse().map(Value::Number).unwrap_or_else(|_| {
            diagnostics.push(Diagnostic::new(span.clone(), format!("'{text}' is not a finite number")));
            Value::Bool(false)
        })
    };
    match value {
        DeValue::Integer(i) if i.radix() == 10 => number(i.as_str()),
        DeValue::Integer(i) => match i64::from_str_radix(i.as_str(), i.radix()) {
            Ok(n) => Value::Number(Rational::integer(n)),
            Err(_) => number(i.as_str()),
        },
        DeValue::Float(f) => number(f.as_str()),
        DeValue::String(s) => Value::Text(s.to_string()),
        DeValue::Boolean(b) => Value::Bool(*b),
        DeValue::Datetime(_) => {
            diagnostics.push(Diagnostic::new(span, "a date has no meaning in a claim file"));
            Value::Bool(false)
        }
        DeValue::Array(list) => Value::List(
            list.iter().map(|n| Node { span: n.span(), value: convert(n.get_ref(), n.span(), diagnostics) }).collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, diagnostics)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_syntax_error_is_reported_and_infinities_refused() {
        assert!(parse("a = \nb = [\n").unwrap_err().len() >= 2);
        assert!(parse("a = inf\n").unwrap_err()[0].message.contains("not a finite number"));
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
