//! The sweep that chooses a parameter before a claim is decided.

use super::Diagnostic;
use super::file::{Parameter, Spec, Tuning, Variant};
use super::loader::Loader;
use super::symbol::Scope;
use super::tree::Table;

/// The table that declares the sweep.
const TUNE: &str = "tune";

impl Loader<'_> {
    /// The sweep that a setup declares, unless the setup gives its parameter a single value.
    pub(super) fn tuning(&mut self, tree: &Table, parameters: &[Parameter]) -> Option<Box<Tuning>> {
        let (table, span) = self.reader.table(tree, TUNE)?;
        self.reader.check_keys(table, TUNE, &span);
        let name = self.reader.text(table, "parameter")?;
        let Some(parameter) = parameters.iter().find(|p| p.name == name) else {
            let place = table.get("parameter").map_or(span, |n| n.span.clone());
            let error = Diagnostic::new(place, format!("there is no parameter '{name}'"));
            self.reader.error(error.did_you_mean(&name, parameters.iter().map(|p| p.name.as_str())));
            return None;
        };
        if parameter.values.len() < 2 {
            return None;
        }
        let mut swept = tree.clone();
        swept.entries.retain(|e| e.key != TUNE);
        if let Some(change) = self.change(table) {
            swept.apply(&change);
        }
        let variant = self.variant(&swept)?;
        self.check_candidates(parameter, &variant, &span);
        let scope = Scope::new(&variant.parameters).with_facts();
        let by = table.get("by")?;
        let (left, by_text) = self.left(by, &scope, &variant.work)?;
        let largest = self.reader.word(table, TUNE, "best").is_some_and(|word| word == "largest");
        Some(Box::new(Tuning { parameter: name, by: left, by_text, largest, variant, span }))
    }

    /// Each candidate has one run: nothing else is swept.
    fn check_candidates(&mut self, parameter: &Parameter, variant: &Variant, span: &std::ops::Range<usize>) {
        for other in variant.parameters.iter().filter(|p| p.values.len() > 1 && p.name != parameter.name) {
            let message = format!(
                "'{}' is swept beside '{}', so that a candidate would have several runs",
                other.name, parameter.name
            );
            let help = format!("let the change of [tune] give '{}' one value", other.name);
            self.reader.error(Diagnostic::new(span.clone(), message).help(help));
        }
        if variant.parameters.iter().any(|p| p.name == parameter.name && p.values.len() < 2) {
            let message = format!("the change of [tune] leaves '{}' a single value", parameter.name);
            self.reader.error(Diagnostic::new(span.clone(), message).help("its candidates stand in [parameters]"));
        }
        if variant.experiment().is_none() {
            let message = "[tune] chooses a parameter by runs, and a quantity has none";
            self.reader.error(Diagnostic::new(span.clone(), message));
        }
    }
}

impl Variant {
    /// Takes what a sweep chose: the parameter has one value, and there is nothing left to choose.
    pub(crate) fn settle(&mut self, parameter: &str, candidate: usize) {
        for parameter in self.parameters.iter_mut().filter(|p| p.name == parameter) {
            parameter.values = vec![parameter.values[candidate].clone()];
            parameter.chosen = true;
        }
        self.tuning = None;
    }
}

impl Spec {
    /// Every setup of the file, with the curve and the case or the bound and the case that it belongs to; those that
    /// are named first come first.
    pub(crate) fn variants_mut(&mut self) -> impl Iterator<Item = (String, &mut Variant)> {
        let named =
            |name: &str, case: &str| [name, case].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", ");
        let curves = self.curves.iter_mut().flat_map(move |curve| {
            let name = &curve.name;
            curve.variants.iter_mut().map(move |(case, v)| (named(name, case), v))
        });
        let base = self.base.iter_mut().map(|(case, v)| (case.clone(), v));
        let of_bounds = self.bounds.iter_mut().flat_map(|b| b.scenarios.iter_mut().map(|s| (b.name.as_str(), s)));
        let of_controls = self.controls.iter_mut().flat_map(|c| c.scenarios.iter_mut().map(|s| (c.bound.as_str(), s)));
        let scenarios = of_bounds.chain(of_controls).flat_map(move |(bound, scenario)| {
            let case = &scenario.case;
            let curves = scenario.curves.iter_mut().map(move |(curve, v)| (named(&named(bound, curve), case), v));
            curves.chain([(named(bound, case), &mut scenario.variant)])
        });
        curves.chain(base).chain(scenarios)
    }
}
