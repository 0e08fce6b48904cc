//! Figures of a file.

use super::claim::{BandKind, FigureKind, FigureSetup, Formula};
use super::load::Loader;
use super::read::{Names, Reader};
use super::tree::{Node, Table, Value};
use std::ops::Range;

impl Loader<'_> {
    pub(super) fn figures(&mut self, root: &Table) -> Vec<FigureSetup> {
        let parameters = Reader::new(self.registry).parameters(root);
        let names = Names::new(&parameters);
        let mut figures = Vec::new();
        for (table, span) in self.reader.tables(root, "figure") {
            self.reader.check_keys(table, "figure", &span);
            if let Some(figure) = self.figure(table, &names) {
                figures.push(figure);
            }
        }
        figures
    }

    pub(super) fn figure(&mut self, table: &Table, names: &Names<'_>) -> Option<FigureSetup> {
        let kind = match self.reader.word(table, "figure", "kind")?.as_str() {
            "left-against-bound" => FigureKind::LeftAgainstBound,
            "contours" => FigureKind::Contours,
            "directions" => FigureKind::Directions,
            "table" => FigureKind::Table,
            _ => FigureKind::Curves,
        };
        let band = match self.reader.word(table, "figure", "band").as_deref() {
            Some("none") => BandKind::None,
            Some("deviation") => BandKind::Deviation,
            _ => BandKind::Interval,
        };
        let is_log = |word: Option<String>| word.as_deref() == Some("log");
        let log = (
            is_log(self.reader.word(table, "figure", "x_scale")),
            is_log(self.reader.word(table, "figure", "y_scale")),
        );
        let names_of = |list: Vec<(String, Range<usize>)>| list.into_iter().map(|(t, _)| t).collect();
        let range = |pair: Option<(Formula, Formula)>| {
            let value = |f: &Formula| f.text.parse().ok();
            pair.and_then(|(a, b)| Some((value(&a)?, value(&b)?)))
        };
        Some(FigureSetup {
            kind,
            name: self.reader.text(table, "name").unwrap_or_default(),
            title: self.reader.text(table, "title"),
            caption: self.reader.text(table, "caption"),
            x: self.reader.text(table, "x"),
            y: self.figure_formulas(table, "y", names),
            lines: self.figure_formulas(table, "lines", names),
            by: self.reader.text(table, "by"),
            curves: names_of(self.reader.texts(table, "curves")),
            cases: names_of(self.reader.texts(table, "cases")),
            bounds: names_of(self.reader.texts(table, "bounds")),
            x_label: self.reader.text(table, "x_label"),
            y_label: names_of(self.reader.texts(table, "y_label")),
            log,
            band,
            x_range: range(self.pair(table, "x_range", &[])),
            y_range: range(self.pair(table, "y_range", &[])),
        })
    }

    pub(super) fn figure_formulas(&mut self, table: &Table, key: &str, names: &Names<'_>) -> Vec<Formula> {
        let Some(node) = table.get(key) else { return Vec::new() };
        let nodes: Vec<&Node> = match &node.value {
            Value::List(list) => list.iter().collect(),
            _ => vec![node],
        };
        let outputs = self.registry.quantities().flat_map(|q| q.outputs.iter().map(|o| o.name.to_string()));
        let outputs: Vec<String> = outputs.collect();
        let mut formulas = Vec::new();
        for node in nodes {
            let mut all = self.with_statistics(names, node, key);
            all.extend(outputs.iter().cloned());
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            formulas.extend(self.reader.formula(node, key, &all));
        }
        formulas
    }
}
