//! From a tree to a checked claim: every error of the file is collected before any is reported.

use super::Diagnostic;
use super::change::KEEP;
use super::fields::{Shape, section};
use super::file::{Formula, Parameter, PartSetup, Setting};
use super::symbol::{Scope, Symbol};
use super::tree::{Entry, Node, Table, Value};
use crate::expr::{Expr, ExprError};
use crate::model::{Kind, ParamSpec, Registry};
use crate::scalar::Rational;
use std::ops::Range;

/// Names that no parameter can have, and what they mean.
const RESERVED: [(&str, &str); 5] = [
    ("k", "the iteration of a schedule"),
    ("j", "the coordinate of a vector's entry"),
    ("E", "the expectation"),
    ("case", "the case in the record of a cell"),
    ("input", "the input of a quantity in the record of a cell"),
];

/// Reads pieces of a file, collecting errors.
pub(super) struct Reader<'a> {
    pub registry: &'a Registry,
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(registry: &'a Registry) -> Self {
        Reader { registry, diagnostics: Vec::new() }
    }

    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Whether nothing is wrong; warnings are not.
    pub(super) fn is_content(&self) -> bool {
        self.diagnostics.iter().all(|d| d.warning)
    }

    /// Reports keys that a section does not have and required ones that are missing.
    pub(super) fn check_keys(&mut self, table: &Table, name: &str, span: &Range<usize>) {
        let fields = section(name).fields;
        let place = if name.is_empty() { "the file".to_string() } else { format!("[{name}]") };
        for entry in &table.entries {
            if !fields.iter().any(|f| f.key == entry.key) {
                let message = format!("unknown key '{}' in {place}", entry.key);
                self.error(
                    Diagnostic::new(entry.key_span.clone(), message)
                        .did_you_mean(&entry.key, fields.iter().map(|f| f.key)),
                );
            }
        }
        for field in fields.iter().filter(|f| f.required && table.get(f.key).is_none()) {
            let message = format!("{place} has no '{}'", field.key);
            self.error(Diagnostic::new(span.clone(), message).help(field.doc));
        }
    }

    fn wrong<T>(&mut self, node: &Node, key: &str, expected: &str) -> Option<T> {
        let message = format!("'{key}' is {}, expected {expected}", node.value.kind());
        self.error(Diagnostic::new(node.span.clone(), message));
        None
    }

    pub(super) fn text(&mut self, table: &Table, key: &str) -> Option<String> {
        let node = table.get(key)?;
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            _ => self.wrong(node, key, "a text in quotes"),
        }
    }

    /// A word of the list that the field table gives for the key.
    pub(super) fn word(&mut self, table: &Table, place: &str, key: &str) -> Option<String> {
        let node = table.get(key)?;
        let text = self.text(table, key)?;
        let words = section(place).fields.iter().find(|f| f.key == key).map(|f| f.shape);
        let Some(Shape::Word(words)) = words else { return Some(text) };
        if words.contains(&text.as_str()) {
            return Some(text);
        }
        let message = format!("'{key}' is '{text}'");
        self.error(Diagnostic::new(node.span.clone(), message).did_you_mean(&text, words.iter().copied()));
        None
    }

    pub(super) fn texts(&mut self, table: &Table, key: &str) -> Vec<(String, Range<usize>)> {
        let Some(node) = table.get(key) else { return Vec::new() };
        let items: Vec<&Node> = match &node.value {
            Value::List(list) => list.iter().collect(),
            _ => vec![node],
        };
        let mut texts = Vec::new();
        for item in items {
            match &item.value {
                Value::Text(text) => texts.push((text.clone(), item.span.clone())),
                _ => {
                    self.wrong::<()>(item, key, "texts in quotes");
                }
            }
        }
        texts
    }

    pub(super) fn table<'t>(&mut self, table: &'t Table, key: &str) -> Option<(&'t Table, Range<usize>)> {
        let node = table.get(key)?;
        match &node.value {
            Value::Table(inner) => Some((inner, node.span.clone())),
            _ => self.wrong(node, key, "a table"),
        }
    }

    pub(super) fn tables<'t>(&mut self, table: &'t Table, key: &str) -> Vec<(&'t Table, Range<usize>)> {
        let Some(node) = table.get(key) else { return Vec::new() };
        let Value::List(list) = &node.value else {
            self.wrong::<()>(node, key, &format!("a list of tables: [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in list {
            match &item.value {
                Value::Table(inner) => tables.push((inner, item.span.clone())),
                _ => {
                    self.wrong::<()>(item, key, "a table");
                }
            }
        }
        tables
    }

    pub(super) fn number(&mut self, node: &Node, key: &str) -> Option<Rational> {
        match &node.value {
            Value::Number(q) => Some(q.clone()),
            Value::Text(text) => match text.parse() {
                Ok(q) => Some(q),
                Err(e) => {
                    self.error(Diagnostic::new(node.span.clone(), format!("'{key}': {e}")));
                    None
                }
            },
            _ => self.wrong(node, key, "a number"),
        }
    }

    pub(super) fn count(&mut self, table: &Table, key: &str) -> Option<u64> {
        let node = table.get(key)?;
        let number = self.number(node, key)?;
        match number.to_i64().and_then(|n| u64::try_from(n).ok()) {
            Some(n) => Some(n),
            None => {
                let message = format!("'{key}' is {number}; it must be a whole number, 0 or more");
                self.error(Diagnostic::new(node.span.clone(), message));
                None
            }
        }
    }

    fn expression_error(&mut self, node: &Node, key: &str, error: ExprError, declared: Option<Range<usize>>) {
        // The text begins after its quote; a single-line string without escapes maps byte for byte.
        let start = node.span.start + usize::from(matches!(node.value, Value::Text(_)));
        let span = start + error.span.start..(start + error.span.end).min(node.span.end);
        let span = if span.start < node.span.end { span } else { node.span.clone() };
        let diagnostic = Diagnostic::new(span, format!("'{key}': {}", error.message));
        let also = declared.map(|span| (span, "declared here".to_string()));
        self.error(Diagnostic { help: error.help, also, ..diagnostic });
    }

    /// A number or an expression in the names of a scope.
    pub(super) fn formula(&mut self, node: &Node, key: &str, scope: &Scope) -> Option<Formula> {
        let (expr, text) = self.expression(node, key, scope, &|expr| scope.resolve(expr))?;
        Some(Formula { expr, text, span: node.span.clone() })
    }

    /// The result of `read` on an expression, and its text.
    pub(super) fn expression<T>(
        &mut self,
        node: &Node,
        key: &str,
        scope: &Scope,
        read: &dyn Fn(&Expr) -> Result<T, ExprError>,
    ) -> Option<(T, String)> {
        let text = match &node.value {
            Value::Number(q) => q.to_string(),
            Value::Text(text) => text.clone(),
            _ => return self.wrong(node, key, "a number or an expression in quotes"),
        };
        let parsed = Expr::parse(&text);
        match parsed.as_ref().map_err(Clone::clone).and_then(read) {
            Ok(found) => Some((found, text)),
            Err(error) => {
                let declared = parsed.ok().and_then(|expr| scope.clash(&expr));
                self.expression_error(node, key, error, declared);
                None
            }
        }
    }

    fn formulas(&mut self, node: &Node, key: &str, scope: &Scope) -> Option<Vec<Formula>> {
        match &node.value {
            Value::List(list) => list.iter().map(|n| self.formula(n, key, scope)).collect(),
            _ => self.formula(node, key, scope).map(|f| vec![f]),
        }
    }

    /// The declared parameters; their formulas may name each other.
    pub(super) fn parameters(&mut self, table: &Table) -> Vec<Parameter> {
        let Some((inner, _)) = self.table(table, "parameters") else { return Vec::new() };
        let scope = Scope::of_names(inner.entries.iter().map(|e| (e.key.as_str(), e.key_span.clone())));
        let mut parameters = Vec::new();
        for entry in &inner.entries {
            if !is_name(&entry.key) {
                let message = format!("'{}' is no name: use letters, digits and _", entry.key);
                self.error(Diagnostic::new(entry.key_span.clone(), message));
            }
            if let Some((_, meaning)) = RESERVED.iter().find(|(name, _)| *name == entry.key) {
                let message = format!("'{}' has a meaning of its own and cannot be declared: {meaning}", entry.key);
                self.error(Diagnostic::new(entry.key_span.clone(), message).help("give the parameter another name"));
            }
            if let Some(values) = self.formulas(&entry.node, &entry.key, &scope) {
                if values.is_empty() {
                    self.error(Diagnostic::new(entry.node.span.clone(), "an empty list: give at least one value"));
                }
                parameters.push(Parameter {
                    name: entry.key.clone(),
                    span: entry.key_span.clone(),
                    values,
                    chosen: false,
                });
            }
        }
        self.check_cycles(inner, &parameters);
        parameters
    }

    fn check_cycles(&mut self, table: &Table, parameters: &[Parameter]) {
        let definitions = parameters
            .iter()
            .filter(|p| p.values.len() == 1)
            .map(|p| (p.name.clone(), p.values[0].expr.symbols().into_iter().map(Symbol::to_string).collect()))
            .collect();
        if let Err(cycle) = crate::expr::order(&definitions) {
            let entry = table.entries.iter().find(|e| Some(&e.key) == cycle.path.first());
            let span = entry.map_or(0..0, |e| e.key_span.clone());
            self.error(Diagnostic::new(span, cycle.to_string()));
        }
        for parameter in parameters.iter().filter(|p| p.values.len() > 1) {
            for value in parameter.values.iter().filter(|v| !v.expr.symbols().is_empty()) {
                let message = format!("'{}' is swept; its values must be numbers", parameter.name);
                self.error(Diagnostic::new(value.span.clone(), message));
            }
        }
    }

    /// A part: its name under `name_key`, its settings by the registry's table, `also` being keys read elsewhere.
    pub(super) fn settings(
        &mut self,
        table: &Table,
        span: &Range<usize>,
        (what, name_key, also): (&str, &str, &[&str]),
        params: &'static [ParamSpec],
        name: &str,
        scope: &Scope,
    ) -> PartSetup {
        for entry in &table.entries {
            let known = entry.key == name_key || also.contains(&entry.key.as_str());
            if !known && !params.iter().any(|p| p.name == entry.key) {
                if entry.key == KEEP {
                    let message = "'keep' names what the part that is replaced does not have";
                    let help = "in a change that names another part, keep = [\"step_size\"] takes that key of the part before over";
                    self.error(Diagnostic::new(entry.node.span.clone(), message).help(help));
                    continue;
                }
                let message = format!("{what} '{name}' has no parameter '{}'", entry.key);
                let accepted = params.iter().map(|p| p.name).chain(also.iter().copied());
                self.error(Diagnostic::new(entry.key_span.clone(), message).did_you_mean(&entry.key, accepted));
            }
        }
        let mut settings = Vec::new();
        for param in params {
            let written = table.entries.iter().find(|e| e.key == param.name);
            let setting = match (written, param.default) {
                (Some(entry), _) => self.setting(entry, param, scope).map(|s| (s, entry.node.span.clone())),
                (None, default) => {
                    self.missing(table, span, (what, name), param);
                    let value = default.filter(|default| !default.is_empty());
                    value.and_then(|v| self.default_setting(param, v, span, scope)).map(|s| (s, span.clone()))
                }
            };
            if let Some((setting, place)) = setting {
                settings.push((param, setting, place));
            }
        }
        PartSetup { name: name.into(), span: span.clone(), settings }
    }

    /// A key that is not given: an error where it is required; a warning where a change of the part's name dropped it
    /// and the default, or nothing, stands in for what was written.
    fn missing(&mut self, table: &Table, span: &Range<usize>, (what, name): (&str, &str), param: &ParamSpec) {
        let lost = table.dropped.iter().find(|d| d.key == param.name);
        match (param.default, lost) {
            (None, None) => {
                let message = format!("{what} '{name}' has no '{}'", param.name);
                self.error(Diagnostic::new(span.clone(), message).help(param.doc));
            }
            (None, Some(lost)) => {
                let message = format!("{what} '{name}' has no '{}'", param.name);
                let help = format!(
                    "a change that names another part drops the keys of '{}': repeat `{}`, or keep = [\"{}\"]",
                    lost.of,
                    lost.written(),
                    lost.key
                );
                self.error(Diagnostic::new(lost.by.clone(), message).help(help));
            }
            (Some(default), Some(lost)) if !lost.is(default) => {
                let now = match default {
                    "" => format!("is without '{}'", param.name),
                    _ => format!("takes the default `{} = {default}`", param.name),
                };
                let (key, of) = (lost.written(), &lost.of);
                let message = format!("{what} '{name}' {now}: naming another part drops `{key}` of '{of}'");
                let help = format!("give '{0}' in the change, or keep = [\"{0}\"]", param.name);
                self.error(Diagnostic::warning(lost.by.clone(), message).help(help));
            }
            _ => {}
        }
    }

    fn default_setting(
        &mut self,
        param: &'static ParamSpec,
        default: &str,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Setting> {
        let node = match param.kind {
            Kind::Compressor | Kind::Noise => {
                let key = if param.kind == Kind::Noise { "law" } else { "name" };
                let mut table = Table::default();
                table.set(key, span.clone(), Node { span: span.clone(), value: Value::Text(default.into()) });
                Node { span: span.clone(), value: Value::Table(table) }
            }
            _ => Node { span: span.clone(), value: Value::Text(default.into()) },
        };
        let entry = Entry { key: param.name.into(), key_span: span.clone(), node };
        self.setting(&entry, param, scope)
    }

    fn setting(&mut self, entry: &Entry, param: &'static ParamSpec, scope: &Scope) -> Option<Setting> {
        let (node, key) = (&entry.node, param.name);
        match param.kind {
            Kind::Number | Kind::Count => self.formula(node, key, scope).map(Setting::Formula),
            Kind::Schedule => self.formula(node, key, &scope.in_schedule()).map(Setting::Formula),
            Kind::Vector => match &node.value {
                Value::List(_) => self.formulas(node, key, scope).map(Setting::List),
                _ => self.formula(node, key, &scope.in_vector()).map(Setting::Formula),
            },
            Kind::Matrix => {
                let Value::List(rows) = &node.value else { return self.wrong(node, key, "a list of rows") };
                let rows: Option<Vec<_>> = rows.iter().map(|r| self.formulas(r, key, scope)).collect();
                rows.map(Setting::Rows)
            }
            Kind::Word(words) => match &node.value {
                Value::Text(text) if words.contains(&text.as_str()) => Some(Setting::Text(text.clone())),
                Value::Text(text) => {
                    let message = format!("'{key}' is '{text}'");
                    self.error(Diagnostic::new(node.span.clone(), message).did_you_mean(text, words.iter().copied()));
                    None
                }
                _ => self.wrong(node, key, "a text in quotes"),
            },
            Kind::Text => match &node.value {
                Value::Text(text) => Some(Setting::Text(text.clone())),
                _ => self.wrong(node, key, "a text in quotes"),
            },
            Kind::Compressor => self.compressor(node, key, scope).map(Setting::Part),
            Kind::Noise => self.noise(node, key, scope).map(Setting::Part),
        }
    }

    fn compressor(&mut self, node: &Node, key: &str, scope: &Scope) -> Option<PartSetup> {
        let table = as_part(node, "name").or_else(|| self.wrong(node, key, "{ name = \"..\" }"))?;
        let name = self.text(&table, "name").or_else(|| self.missing_name(&table, node, key, "name"))?;
        match self.registry.compressor(&name) {
            Ok(entry) => {
                Some(self.settings(&table, &node.span, ("compressor", "name", &[]), entry.params, &name, scope))
            }
            Err(_) => {
                let all: Vec<&str> = self.registry.compressors().map(|e| e.name).collect();
                self.unknown(&table, node, "name", &format!("unknown compressor '{name}'"), &name, &all)
            }
        }
    }

    /// A noise law; `scope` is that of its numbers.
    pub(super) fn noise(&mut self, node: &Node, key: &str, scope: &Scope) -> Option<PartSetup> {
        let table = as_part(node, "law").or_else(|| self.wrong(node, key, "{ law = \"..\" }"))?;
        let name = self.text(&table, "law").or_else(|| self.missing_name(&table, node, key, "law"))?;
        match self.registry.noise(&name) {
            Ok(entry) => Some(self.settings(&table, &node.span, ("noise law", "law", &[]), entry.params, &name, scope)),
            Err(_) => {
                let all: Vec<&str> = self.registry.noises().map(|e| e.name).collect();
                self.unknown(&table, node, "law", &format!("unknown noise law '{name}'"), &name, &all)
            }
        }
    }

    pub(super) fn missing_name<T>(&mut self, table: &Table, node: &Node, key: &str, name_key: &str) -> Option<T> {
        if table.get(name_key).is_none() {
            self.error(Diagnostic::new(node.span.clone(), format!("'{key}' has no '{name_key}'")));
        }
        None
    }

    pub(super) fn unknown<T>(
        &mut self,
        table: &Table,
        node: &Node,
        name_key: &str,
        message: &str,
        name: &str,
        all: &[&str],
    ) -> Option<T> {
        let span = table.get(name_key).map_or(node.span.clone(), |n| n.span.clone());
        self.error(Diagnostic::new(span, message).did_you_mean(name, all.iter().copied()));
        None
    }
}

/// A table, or a bare text that stands for a part without settings.
fn as_part(node: &Node, name_key: &str) -> Option<Table> {
    match &node.value {
        Value::Table(table) => Some(table.clone()),
        Value::Text(_) => {
            let mut table = Table::default();
            table.set(name_key, node.span.clone(), node.clone());
            Some(table)
        }
        _ => None,
    }
}

/// Whether a text can be a name in expressions.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
