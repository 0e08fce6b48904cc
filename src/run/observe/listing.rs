//! The entries of a claim, by name.

use super::super::plan::DecideError;
use super::super::records::Records;
use super::samples::{curve_value, exponent, known, no_value, sampled_left};
use super::{Fixed, cell_text};
use crate::charts::drawn;
use crate::claim::{Expression, FigureKind, Relation, Scenario, Symbol, Variant};
use crate::evidence::{CellOutcome, CellRun};
use crate::model::Real;
use crate::regress::{Entry, Value};
use crate::results::{CellRecord, Evidence, Outcome};
use crate::scalar::{Rational, Scalar};
use crate::stats::Interval;
use crate::verdict::{Ground, SideValue, left_of_row, left_side, right_side};
use std::collections::{BTreeMap, BTreeSet};

/// Collects the entries of one claim's runs.
pub(super) struct Listing<'a> {
    records: Records<'a>,
    fixed: &'a [Fixed],
    entries: Vec<Entry>,
    /// What is listed already: bounds share left sides, and one run sends its bits once.
    seen: BTreeSet<String>,
}

impl<'a> Listing<'a> {
    pub(super) fn new(records: Records<'a>, fixed: &'a [Fixed]) -> Self {
        Listing { records, fixed, entries: Vec::new(), seen: BTreeSet::new() }
    }

    /// Everything, in the order bounds, controls, curves.
    ///
    /// # Errors
    /// A bound or control without a cell.
    pub(super) fn all(mut self) -> Result<Vec<Entry>, DecideError> {
        self.bounds()?;
        self.controls()?;
        self.curves();
        Ok(self.entries)
    }

    fn push(&mut self, quantity: String, cell: String, value: Value) {
        self.entries.push(Entry { quantity, cell, value });
    }

    /// Whether this key has not been listed before.
    fn first(&mut self, key: String) -> bool {
        self.seen.insert(key)
    }

    fn index(&self, case: &str, variant: &Variant) -> Option<usize> {
        self.records.observed.design.place(case, variant)
    }

    fn bounds(&mut self) -> Result<(), DecideError> {
        let (records, cells) = self.records.bounds()?;
        let spec = self.records.judge.spec;
        for record in &records {
            let sampled = record.evidence > Evidence::Numeric;
            let quantity = format!("{}: outcome", record.bound);
            self.push(quantity, String::new(), outcome(record.outcome, &record.reason, sampled));
        }
        for bound in &spec.bounds {
            let mut found = cells.get(&bound.name).into_iter().flatten();
            for scenario in &bound.scenarios {
                match scenario.question.relation {
                    Relation::Rate => self.rate(&bound.name, scenario, &mut found),
                    Relation::Ordering => self.ordering(&bound.name, scenario),
                    _ => self.plain(&bound.name, scenario),
                }
            }
        }
        Ok(())
    }

    fn controls(&mut self) -> Result<(), DecideError> {
        let spec = self.records.judge.spec;
        let mut number: BTreeMap<&str, usize> = BTreeMap::new();
        let records = self.records.controls()?;
        // A record's evidence is not kept: what rests on a run with noise may come out otherwise with another seed.
        for (record, control) in records.iter().zip(&spec.controls) {
            let count = number.entry(&control.bound).or_default();
            *count += 1;
            let quantity = format!("{}: control {count}", control.bound);
            let sampled = control.scenarios.iter().any(|t| self.is_sampled(t));
            self.push(quantity, String::new(), outcome(record.outcome, "", sampled));
        }
        Ok(())
    }

    fn is_sampled(&self, scenario: &Scenario) -> bool {
        let variants =
            scenario.curves.iter().map(|(_, v)| v).chain(scenario.curves.is_empty().then_some(&scenario.variant));
        let indices: Vec<usize> = variants.filter_map(|v| self.index(&scenario.case, v)).collect();
        indices.iter().any(|i| self.fixed[*i].iter().flatten().any(|e| !e.deterministic))
    }

    fn plain(&mut self, bound: &str, scenario: &Scenario) {
        let Some(index) = self.index(&scenario.case, &scenario.variant) else { return };
        for i in 0..self.records.observed.at(index).runs.len() {
            self.left(&format!("{bound}: left"), scenario, (index, i), &scenario.variant);
            self.right(bound, scenario, (index, i));
        }
    }

    fn ordering(&mut self, bound: &str, scenario: &Scenario) {
        for (curve, variant) in &scenario.curves {
            let Some(index) = self.index(&scenario.case, variant) else { continue };
            for i in 0..self.records.observed.at(index).runs.len() {
                self.left(&format!("{bound}: left of {curve}"), scenario, (index, i), variant);
            }
        }
    }

    /// The left side of one run, its bits and calls.
    fn left(&mut self, quantity: &str, scenario: &Scenario, (index, i): (usize, usize), variant: &Variant) {
        let found = self.records.observed.at(index);
        let run = &found.runs[i];
        let cell = cell_text(&scenario.case, variant, &run.cell);
        if self.first(format!("left {index} {i} {}", scenario.question.left_text)) {
            let value = self.left_value(scenario, (index, i));
            self.push(quantity.into(), cell.clone(), value);
        }
        let traffic = run.experiment().map(|e| e.estimates.traffic);
        if let Some(traffic) = traffic.filter(|_| self.first(format!("wire {index} {i}"))) {
            let name = quantity.replacen(": left", ": ", 1);
            self.push(format!("{}bits on the wire", spaced(&name)), cell.clone(), Value::count(traffic.bits()));
            self.push(format!("{}oracle calls", spaced(&name)), cell, Value::count(traffic.calls));
        }
    }

    fn left_value(&self, scenario: &Scenario, (index, i): (usize, usize)) -> Value {
        let found = self.records.observed.at(index);
        let (run, question) = (&found.runs[i], &scenario.question);
        match (&run.outcome, &self.fixed[index][i]) {
            (CellOutcome::Experiment(e), Some(fixed)) => {
                if fixed.diverged.0 > 0 {
                    return Value::Word { text: "diverged".into(), sampled: !fixed.deterministic };
                }
                match left_side(self.records.judge.each(), &question.left, found.configuration, run, Ground::Strongest)
                {
                    Ok(side) if side.grade <= Evidence::Numeric => known(&side),
                    Ok(_) => {
                        let constants = |symbol: &Symbol| run.constant(symbol);
                        let sources = found.configuration.sources(&question.left).ok();
                        sources
                            .and_then(|s| sampled_left(&question.left, &s, fixed, &e.ranges, &constants))
                            .map_or(Value::Word { text: "no value".into(), sampled: true }, Value::sampled)
                    }
                    Err(_) => Value::Word { text: "no value".into(), sampled: !fixed.deterministic },
                }
            }
            (CellOutcome::Quantity(_), _) => self.over_rows(run, &question.left.combine).unwrap_or_else(no_value),
            _ => no_value(),
        }
    }

    fn right(&mut self, bound: &str, scenario: &Scenario, (index, i): (usize, usize)) {
        let run = &self.records.observed.at(index).runs[i];
        let Some(right) = &scenario.question.right else { return };
        let value = match &run.outcome {
            CellOutcome::Experiment(_) | CellOutcome::Unrun(_) => {
                right_side(&right.expr, &|symbol| run.constant(symbol)).ok().map(|s| known(&s))
            }
            CellOutcome::Quantity(_) => self.over_rows(run, &right.expr),
        };
        let cell = cell_text(&scenario.case, &scenario.variant, &run.cell);
        self.push(format!("{bound}: right"), cell, value.unwrap_or_else(no_value));
    }

    /// A side of a quantity: of its one row, or the mean over its rows.
    fn over_rows(&self, run: &CellRun, expr: &Expression) -> Option<Value> {
        let CellOutcome::Quantity(rows) = &run.outcome else { return None };
        let side = |row| left_of_row(expr, row, &|symbol| run.constant(symbol)).ok();
        if let [row] = rows.as_slice() {
            return side(row).map(|s| known(&s));
        }
        let sides: Vec<SideValue> = rows.iter().filter_map(side).collect();
        let weight = Interval::from_rational(&Rational::ratio(1, sides.len() as u64));
        let sum = sides.iter().fold(Interval::point(0.0), |sum, s| sum + s.interval);
        let mean = sum * weight;
        Some(Value::within(mean.low(), mean.high(), sides.iter().all(|s| s.grade == Evidence::Exact)))
    }

    /// The exponent of each group of cells, and the left sides that it was fitted through.
    fn rate<'r>(&mut self, bound: &str, scenario: &Scenario, records: &mut impl Iterator<Item = &'r CellRecord>) {
        let (Some(index), Some(axis)) = (self.index(&scenario.case, &scenario.variant), &scenario.question.rate_in)
        else {
            return;
        };
        let found = self.records.observed.at(index);
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, run) in found.runs.iter().enumerate() {
            let others = run.cell.labels().into_iter().filter(|(n, _)| n != axis);
            let key: Vec<String> = others.map(|(n, v)| format!("{n}={v}")).collect();
            groups.entry(key.join(";")).or_default().push(i);
        }
        for group in groups.into_values() {
            for i in &group {
                self.left(&format!("{bound}: left"), scenario, (index, *i), &scenario.variant);
            }
            let cell = cell_text(&scenario.case, &scenario.variant, &found.runs[group[0]].cell);
            let kept = cell.split(", ").filter(|part| !part.starts_with(&format!("{axis}=")));
            let cell = kept.collect::<Vec<_>>().join(", ");
            let points: Vec<(f64, Value)> = group
                .iter()
                .map(|i| {
                    let x = found.runs[*i].cell.values.get(axis).map_or(f64::NAN, Real::to_f64);
                    (x, self.left_value(scenario, (index, *i)))
                })
                .collect();
            if self.first(format!("rate {index} {cell} {} {axis}", scenario.question.left_text)) {
                self.push(format!("{bound}: exponent in {axis}"), cell.clone(), exponent(points));
            }
            let claimed = records.next().and_then(|r| r.right.value).map(|v| Value::within(v, v, false));
            self.push(format!("{bound}: claimed exponent"), cell, claimed.unwrap_or_else(no_value));
        }
    }

    /// Curves of figures at their first, middle and last recorded iterate.
    fn curves(&mut self) {
        let spec = self.records.judge.spec;
        for figure in spec.figures.iter().filter(|f| f.kind == FigureKind::Curves) {
            for (curve, case, variant) in drawn(spec, figure) {
                let Some(index) = self.index(case, variant) else { continue };
                let found = self.records.observed.at(index);
                for formula in figure.y.iter().chain(&figure.lines) {
                    let Some(at) = found.configuration.curve(&formula.expr) else { continue };
                    for (i, run) in found.runs.iter().enumerate() {
                        let (Some(fixed), Some(e)) = (&self.fixed[index][i], run.experiment()) else { continue };
                        if !self.first(format!("curve {index} {i} {at}")) {
                            continue;
                        }
                        let of = if curve.is_empty() { String::new() } else { format!(" of {curve}") };
                        let times = &e.instance.checkpoints;
                        let last = times.len().saturating_sub(1);
                        for c in BTreeSet::from([0, last / 2, last]) {
                            let Some((k, moments)) = times.get(c).zip(fixed.curves[at].get(c)) else { continue };
                            let cell = cell_text(case, variant, &run.cell);
                            let cell = if cell.is_empty() { format!("k={k}") } else { format!("k={k}, {cell}") };
                            let value = curve_value(moments, fixed.deterministic, *k);
                            self.push(format!("curve {}{of}", formula.text), cell, value);
                        }
                    }
                }
            }
        }
    }
}

/// `printed: ` from `printed: of fast`, with the curve kept.
fn spaced(name: &str) -> String {
    let name = name.replacen(":  of ", ": of ", 1);
    if name.ends_with(' ') { name } else { format!("{name}, ") }
}

fn outcome(outcome: Outcome, reason: &str, sampled: bool) -> Value {
    let text = match outcome {
        Outcome::Holds => "holds",
        Outcome::Violated => "violated",
        Outcome::Undecided if reason.starts_with("diverged") => "diverged",
        Outcome::Undecided => "undecided",
        Outcome::HypothesisFails => "hypothesis-fails",
    };
    Value::Word { text: text.into(), sampled }
}
