//! Figures of a file.

use super::Diagnostic;
use super::cell::evaluate;
use super::file::{BandKind, Curve, FigureKind, FigureSetup, Formula, Variant, Work};
use super::loader::Loader;
use super::read::Reader;
use super::symbol::Scope;
use super::tree::{Node, Table, Value};
use crate::model::Real;
use crate::scalar::Rational;
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
        let mut figures: Vec<FigureSetup> = Vec::new();
        for (table, span) in self.reader.tables(root, "figure") {
            self.reader.check_keys(table, "figure", &span);
            self.check_shown(root, table);
            let Some(figure) = self.figure(table, &span, &scope) else { continue };
            let drawn = |f: &FigureSetup| f.kind != FigureKind::Table;
            if drawn(&figure) && figures.iter().any(|f| drawn(f) && f.name == figure.name) {
                let message = match figure.name.as_str() {
                    "" => "two figures have no name: their files would be one".to_string(),
                    name => format!("two figures have the name '{name}': their files would be one"),
                };
                self.reader.error(Diagnostic::new(span, message).help("give each figure a 'name' of its own"));
            }
            figures.push(figure);
        }
        figures
    }

    pub(super) fn figure(&mut self, table: &Table, span: &Range<usize>, scope: &Scope) -> Option<FigureSetup> {
        let kind = match self.reader.word(table, "figure", "kind")?.as_str() {
            "left-against-bound" => FigureKind::LeftAgainstBound,
            "contours" => FigureKind::Contours,
            "directions" => FigureKind::Directions,
            "histogram" => FigureKind::Histogram,
            "images" => FigureKind::Images,
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
        Some(FigureSetup {
            kind,
            span: table.get("kind").map_or(span, |node| &node.span).clone(),
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
            x_range: self.range_of(table, "x_range"),
            y_range: self.range_of(table, "y_range"),
        })
    }

    /// The ends of an axis.
    fn range_of(&mut self, table: &Table, key: &str) -> Option<(Rational, Rational)> {
        let (first, last) = self.pair(table, key, &Scope::new(&[]))?;
        let mut end = |formula: &Formula| match evaluate(&formula.expr, &|_| None) {
            Ok(Real::Exact(value)) => Some(value),
            _ => {
                let message = format!("'{key}' has the end {}; it takes rational numbers", formula.text);
                self.reader.error(Diagnostic::new(formula.span.clone(), message));
                None
            }
        };
        Some((end(&first)?, end(&last)?))
    }

    /// A figure that names what is not there would be drawn without it.
    fn check_shown(&mut self, root: &Table, table: &Table) {
        for (key, section) in [("curves", "curve"), ("cases", "case"), ("bounds", "bound")] {
            let there: Vec<String> =
                self.reader.tables(root, section).iter().filter_map(|(t, _)| self.reader.text(t, "name")).collect();
            for (name, span) in self.reader.texts(table, key) {
                if !there.contains(&name) {
                    let error = Diagnostic::new(span, format!("'{key}' names '{name}', which is no [[{section}]]"));
                    self.reader.error(error.did_you_mean(&name, there.iter().map(String::as_str)));
                }
            }
        }
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
