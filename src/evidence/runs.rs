//! What is to be run for a claim, and the results of the runs.

use super::findings::Findings;
use crate::claim::{Cell, Expression, Instance, Left, Relation, Scenario, Symbol, Term, Variant};
use crate::model::{Real, Row};

/// Where a term of a left side stands among the estimates of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TermSource {
    /// Path functional of this index.
    Path(usize),
    /// Series of this index.
    Series(usize),
}

/// One setup that is to be run: the union of what a claim's questions and figures need from it.
pub(crate) struct Configuration<'s> {
    /// Name of the case.
    pub case: String,
    /// The setup, with its sweep.
    pub variant: &'s Variant,
    /// Terms of left sides.
    pub terms: Vec<Term>,
    /// Statistics that figures draw.
    pub curves: Vec<Expression>,
    /// Number of cells of the sweep.
    pub cells: usize,
}

impl<'s> Configuration<'s> {
    /// A configuration from which nothing is requested yet.
    #[must_use]
    pub(crate) fn new(case: &str, variant: &'s Variant) -> Self {
        Configuration { case: case.into(), variant, terms: Vec::new(), curves: Vec::new(), cells: 0 }
    }

    /// Whether a question is decided by this configuration alone, cell by cell.
    #[must_use]
    pub(crate) fn answers(&self, scenario: &Scenario) -> bool {
        self.concerns(scenario) && scenario.curves.is_empty() && scenario.question.relation != Relation::Rate
    }

    /// Whether a question needs this configuration.
    #[must_use]
    pub(crate) fn concerns(&self, scenario: &Scenario) -> bool {
        scenario.case == self.case && variants(scenario).any(|v| v.setup == self.variant.setup)
    }

    /// Where the terms of a left side stand among the estimates.
    ///
    /// # Errors
    /// A sentence: one of them was not requested.
    pub(crate) fn sources(&self, left: &Left) -> Result<Vec<TermSource>, String> {
        left.terms
            .iter()
            .map(|wanted| {
                let index = self.terms.iter().position(|t| t == wanted);
                let index = index.ok_or("a term of the left side was not measured")?;
                let is_path = |t: &Term| matches!(t, Term::MeanOfPath(_));
                let before = self.terms[..index].iter().filter(|t| is_path(t) == is_path(wanted)).count();
                Ok(if is_path(wanted) { TermSource::Path(before) } else { TermSource::Series(before) })
            })
            .collect()
    }

    /// The place of a statistic among the estimates' curves.
    #[must_use]
    pub(crate) fn curve(&self, expr: &Expression) -> Option<usize> {
        self.curves.iter().position(|c| c == expr)
    }
}

/// The setups that a question compares, or its only one.
fn variants(scenario: &Scenario) -> impl Iterator<Item = &Variant> {
    scenario.curves.iter().map(|(_, v)| v).chain(scenario.curves.is_empty().then_some(&scenario.variant))
}

/// All configurations of a claim, each once.
#[derive(Default)]
pub(crate) struct Design<'s>(pub Vec<Configuration<'s>>);

impl<'s> Design<'s> {
    /// Requests the terms of a left side, and a curve.
    pub(crate) fn request(
        &mut self,
        case: &str,
        variant: &'s Variant,
        left: Option<&Left>,
        curve: Option<&Expression>,
    ) {
        let index = self.place(case, variant).unwrap_or_else(|| {
            self.0.push(Configuration::new(case, variant));
            self.0.len() - 1
        });
        let configuration = &mut self.0[index];
        for term in left.into_iter().flat_map(|l| &l.terms) {
            if !configuration.terms.contains(term) {
                configuration.terms.push(term.clone());
            }
        }
        if let Some(curve) = curve.filter(|c| !configuration.curves.contains(c)) {
            configuration.curves.push(curve.clone());
        }
    }

    /// The place of a setup.
    #[must_use]
    pub(crate) fn place(&self, case: &str, variant: &Variant) -> Option<usize> {
        self.0.iter().position(|c| c.case == case && c.variant.setup == variant.setup)
    }

    /// Number of (question, cell) pairs: each has an equal part of the level (Bonferroni's correction).
    #[must_use]
    pub(crate) fn questions<'t>(&self, scenarios: impl Iterator<Item = &'t Scenario>) -> usize {
        scenarios
            .map(|t| variants(t).filter_map(|v| self.place(&t.case, v)).map(|place| self.0[place].cells).sum::<usize>())
            .sum()
    }
}

/// The result of one cell of one configuration.
pub(crate) struct CellRun {
    /// The values of the parameters.
    pub cell: Cell,
    /// The result.
    pub outcome: CellOutcome,
}

/// The result of a cell.
pub(crate) enum CellOutcome {
    /// An experiment.
    Experiment(Box<Findings>),
    /// An experiment that cannot be run here, for want of a constant that its algorithm names.
    Unrun(Box<Instance>),
    /// The rows of a quantity.
    Quantity(Vec<Row>),
}

impl CellRun {
    /// A declared parameter or a fact; of another symbol none.
    #[must_use]
    pub(crate) fn constant(&self, symbol: &Symbol) -> Option<Real> {
        match &self.outcome {
            CellOutcome::Experiment(e) => e.instance.constant(symbol),
            CellOutcome::Unrun(instance) => instance.constant(symbol),
            CellOutcome::Quantity(_) => self.cell.value(symbol),
        }
    }

    /// What is known of its experiment.
    #[must_use]
    pub(crate) fn experiment(&self) -> Option<&Findings> {
        match &self.outcome {
            CellOutcome::Experiment(e) => Some(e),
            CellOutcome::Unrun(_) | CellOutcome::Quantity(_) => None,
        }
    }
}

/// A design with the runs of each configuration, cell by cell.
pub(crate) struct Observed<'s> {
    /// What was to be run.
    pub design: Design<'s>,
    /// The runs of each configuration, in the order of its cells.
    pub runs: Vec<Vec<CellRun>>,
}

/// One configuration with its runs.
#[derive(Clone, Copy)]
pub(crate) struct ConfigurationRuns<'o, 's> {
    /// What was to be run.
    pub configuration: &'o Configuration<'s>,
    /// Cell by cell.
    pub runs: &'o [CellRun],
}

impl<'s> Observed<'s> {
    /// The configuration of a setup.
    #[must_use]
    pub(crate) fn of(&self, case: &str, variant: &Variant) -> Option<ConfigurationRuns<'_, 's>> {
        self.design.place(case, variant).map(|place| self.at(place))
    }

    /// The configuration at a place.
    #[must_use]
    pub(crate) fn at(&self, place: usize) -> ConfigurationRuns<'_, 's> {
        ConfigurationRuns { configuration: &self.design.0[place], runs: &self.runs[place] }
    }

    /// All runs.
    pub(crate) fn all(&self) -> impl Iterator<Item = &CellRun> {
        self.runs.iter().flatten()
    }
}
