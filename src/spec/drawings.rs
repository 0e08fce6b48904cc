//! Figures of a file.

use super::claim::{BandKind, Curve, FigureKind, FigureSetup, Formula, Variant, Work};
use super::load::Loader;
use super::read::Reader;
use super::symbol::Scope;
use super::tree::{Node, Table, Value};
use std::ops::Range;

impl Loader<'_> {
    /// The figures, whose expressions may name what any of the setups that they show knows.
    pub(super) fn figures(&mut self, root: &Table, base: &[(String, Variant)], curves: &[Curve]) -> Vec<FigureSetup> {
        let parameters = Reader::new(self.registry).parameters(root);
        let mut scope = Scope::new(&parameters);
        let mut own = Vec::new();
        for (_, variant) in base.iter().chain(curves.iter().flat_map(|c| &c.variants)) {
            scope = match &variant.work {
                Work::Quantity(_) => scope.with_outputs(self.outputs(&variant.work)),
                Work::Experiment(experiment) => {
                    own.extend(self.own_statistics(&experiment.problem.name));
                    own.dedup();
                    scope.with_facts().with_statistics(own.clone())
                }
            };
        }
        let mut figures = Vec::new();
        for (table, span) in self.reader.tables(root, "figure") {
            self.reader.check_keys(table, "figure", &span);
            if let Some(figure) = self.figure(table, &scope) {
                figures.push(figure);
            }
        }
        figures
    }

    pub(super) fn figure(&mut self, table: &Table, scope: &Scope) -> Option<FigureSetup> {
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
            y: self.figure_formulas(table, "y", scope),
            lines: self.figure_formulas(table, "lines", scope),
            by: self.reader.text(table, "by"),
            curves: names_of(self.reader.texts(table, "curves")),
            cases: names_of(self.reader.texts(table, "cases")),
            bounds: names_of(self.reader.texts(table, "bounds")),
            x_label: self.reader.text(table, "x_label"),
            y_label: names_of(self.reader.texts(table, "y_label")),
            log,
            band,
            x_range: range(self.pair(table, "x_range", &Scope::new(&[]))),
            y_range: range(self.pair(table, "y_range", &Scope::new(&[]))),
        })
    }

    pub(super) fn figure_formulas(&mut self, table: &Table, key: &str, scope: &Scope) -> Vec<Formula> {
        let Some(node) = table.get(key) else { return Vec::new() };
        let nodes: Vec<&Node> = match &node.value {
            Value::List(list) => list.iter().collect(),
            _ => vec![node],
        };
        nodes.into_iter().filter_map(|node| self.reader.formula(node, key, scope)).collect()
    }
}
