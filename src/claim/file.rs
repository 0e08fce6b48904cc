//! The checked form of a claim file.

use super::diagnostic::Diagnostic;
use super::left::Left;
use super::search::FamilySetup;
use super::symbol::{Expression, Scope, Symbol};
use super::tree::Table;
use crate::model::{Kind, ParamSpec, Semantics};
use crate::results::{Expectation, Outcome, Source};
use crate::scalar::Rational;
use std::collections::BTreeSet;
use std::ops::Range;

/// How the two sides of a bound are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// left <= right.
    Upper,
    /// left >= right.
    Lower,
    /// left <= right, and left >= (1 - margin) right.
    Tight,
    /// |left - right| <= margin.
    Identity,
    /// The exponent of left in a swept parameter is at most right + margin.
    Rate,
    /// The left sides of the named curves increase in the given order.
    Ordering,
    /// left >= right > 0: the quantity stays away from zero.
    NonConvergence,
}

impl Relation {
    /// The relation of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "upper" => Relation::Upper,
            "lower" => Relation::Lower,
            "tight" => Relation::Tight,
            "identity" => Relation::Identity,
            "rate" => Relation::Rate,
            "ordering" => Relation::Ordering,
            "non-convergence" => Relation::NonConvergence,
            _ => return None,
        })
    }

    /// Its name in claim files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Relation::Upper => "upper",
            Relation::Lower => "lower",
            Relation::Tight => "tight",
            Relation::Identity => "identity",
            Relation::Rate => "rate",
            Relation::Ordering => "ordering",
            Relation::NonConvergence => "non-convergence",
        }
    }
}

/// An expression with the place of its text in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// The expression.
    pub expr: Expression,
    /// Its text as written.
    pub text: String,
    /// Where it stands.
    pub span: Range<usize>,
}

/// A declared parameter: one formula, or a list that is swept.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where the name is declared.
    pub span: Range<usize>,
    /// Its values; more than one are swept.
    pub values: Vec<Formula>,
    /// Whether runs chose its value: the cells that have it then say so.
    pub chosen: bool,
}

impl Parameter {
    /// Whether a cell is named by its value.
    #[must_use]
    pub(crate) fn names_cells(&self) -> bool {
        self.chosen || self.values.len() > 1
    }
}

/// One parameter of a part as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// One formula: a number, a count, a schedule, or a vector's single entry (in j, where it names it).
    Formula(Formula),
    /// A list of formulas.
    List(Vec<Formula>),
    /// Rows of formulas.
    Rows(Vec<Vec<Formula>>),
    /// A text.
    Text(String),
    /// A nested part.
    Part(PartSetup),
}

impl Scope {
    /// Declared parameters only.
    pub(super) fn new(parameters: &[Parameter]) -> Self {
        Self::of_names(parameters.iter().map(|p| (p.name.as_str(), p.span.clone())))
    }
}

/// A part by name with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct PartSetup {
    /// Its name in the registry.
    pub name: String,
    /// Where the part stands.
    pub span: Range<usize>,
    /// Settings by parameter.
    pub settings: Vec<(&'static ParamSpec, Setting, Range<usize>)>,
}

impl PartSetup {
    /// Settings that are schedules, in table order: their slots.
    pub(super) fn schedules(&self) -> impl Iterator<Item = (&'static ParamSpec, &Formula)> {
        self.settings.iter().filter_map(|(param, setting, _)| match (param.kind, setting) {
            (Kind::Schedule, Setting::Formula(formula)) => Some((*param, formula)),
            _ => None,
        })
    }

    /// Every formula in it.
    #[must_use]
    pub fn formulas(&self) -> Vec<&Formula> {
        self.settings.iter().flat_map(|(_, setting, _)| setting.formulas()).collect()
    }
}

impl Setting {
    fn formulas(&self) -> Vec<&Formula> {
        match self {
            Setting::Formula(formula) => vec![formula],
            Setting::List(list) => list.iter().collect(),
            Setting::Rows(rows) => rows.iter().flatten().collect(),
            Setting::Text(_) => Vec::new(),
            Setting::Part(part) => part.formulas(),
        }
    }
}

/// An inequality between constants: a range of step sizes, say.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    /// As written.
    pub text: String,
    /// The smaller side.
    pub low: Expression,
    /// The larger side.
    pub high: Expression,
    /// Whether equality is excluded.
    pub strict: bool,
}

/// Where a run starts.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// The problem's own start.
    Default,
    /// Coordinates; one is repeated (in j, where it names it).
    At(Vec<Formula>),
    /// Independent draws: centre 0, given law and scale.
    Random(PartSetup),
}

/// Where gradients come from.
#[derive(Debug, Clone, PartialEq)]
pub struct OracleSetup {
    /// The noise law, if any.
    pub noise: Option<PartSetup>,
    /// Draws averaged into one gradient, a formula in k.
    pub batch: Option<Formula>,
    /// Number of workers.
    pub workers: Option<Formula>,
    /// Whether gradients are of sampled functions of a finite sum.
    pub minibatch: bool,
}

/// How long and how often a run goes.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSetup {
    /// Number of steps.
    pub horizon: Formula,
    /// First and last iterate of time functionals.
    pub window: Option<(Formula, Formula)>,
    /// Replicates in the quick and in the full profile.
    pub replicates: (u64, u64),
    /// Number of recorded iterates.
    pub checkpoints: u64,
    /// Whether the recorded iterates are spaced logarithmically.
    pub logarithmic: bool,
}

/// An algorithm on a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The objective.
    pub problem: PartSetup,
    /// The start.
    pub start: Start,
    /// The oracle.
    pub oracle: OracleSetup,
    /// The optimiser.
    pub algorithm: PartSetup,
    /// Conventions.
    pub semantics: Semantics,
    /// Length.
    pub run: RunSetup,
}

/// What a cell computes.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Runs an algorithm.
    Experiment(Box<Experiment>),
    /// Evaluates a quantity.
    Quantity(PartSetup),
}

/// The file under one combination of case, bound, control or curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Declared parameters.
    pub parameters: Vec<Parameter>,
    /// What is computed.
    pub work: Work,
    /// Names of hypotheses.
    pub hypotheses: Vec<String>,
    /// Inequalities that a cell must satisfy.
    pub requires: Vec<Requirement>,
    /// Canonical text of everything that determines the numbers; equal texts give equal runs.
    pub setup: String,
    /// The sweep that is to choose a parameter before the setup is run.
    pub tuning: Option<Box<Tuning>>,
}

/// A parameter that runs choose: that of its values whose run has the best left side.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// The parameter, whose values are the candidates.
    pub parameter: String,
    /// What is compared.
    pub by: Left,
    /// Its text.
    pub by_text: String,
    /// Whether the largest is best rather than the smallest.
    pub largest: bool,
    /// The setup that is run for each candidate, one cell each.
    pub variant: Variant,
    /// Where the sweep is declared.
    pub span: Range<usize>,
}

/// What a file says of the bound on the left side that needs no theorem.
#[derive(Debug, Clone, PartialEq)]
pub enum Trivial {
    /// Nothing.
    Unsaid,
    /// There is none, and why.
    None(String),
    /// Its right side, in the bound's own direction. A bound that says no more is vacuous.
    Right(Formula),
}

/// The question about a variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The relation.
    pub relation: Relation,
    /// The left side.
    pub left: Left,
    /// Its text.
    pub left_text: String,
    /// The right side; absent for orderings.
    pub right: Option<Formula>,
    /// Curves by increasing left side, for orderings.
    pub order: Vec<String>,
    /// Half-width that counts as equal.
    pub margin: Option<Formula>,
    /// What is known of the left side without the claim.
    pub trivial: Trivial,
    /// The swept parameter of a rate.
    pub rate_in: Option<String>,
}

/// A question about one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Name of the case; empty where there is only one.
    pub case: String,
    /// The setup.
    pub variant: Variant,
    /// The question.
    pub question: Question,
    /// For orderings: the setup of each curve, in order.
    pub curves: Vec<(String, Variant)>,
    /// The file as it reads for this question and case, all changes laid over it.
    pub tree: Table,
}

impl Scenario {
    /// The facts that the two sides, the margin and the run name.
    #[must_use]
    pub fn facts(&self) -> BTreeSet<&'static str> {
        let question = &self.question;
        let sides = [&question.right, &question.margin].into_iter().flatten().map(|f| &f.expr);
        let runs = self
            .variant
            .experiment()
            .into_iter()
            .flat_map(|e| e.algorithm.formulas().into_iter().chain(&e.oracle.batch).map(|f| &f.expr));
        let symbols = sides.chain(runs).chain(question.left.expressions()).flat_map(|expr| expr.symbols());
        symbols.filter_map(|symbol| if let Symbol::Fact(spec) = symbol { Some(spec.name) } else { None }).collect()
    }
}

/// A right side with what was found about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// Its name.
    pub name: String,
    /// Right side as written, for records.
    pub right_text: String,
    /// Recorded outcome; no verdict reads it.
    pub expectation: Expectation,
    /// What a search may vary: its own table, or the file's.
    pub family: FamilySetup,
    /// Its cases.
    pub scenarios: Vec<Scenario>,
}

/// A variation that must come out as stated.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// The bound varied.
    pub bound: String,
    /// The change as written.
    pub change: serde_json::Value,
    /// Outcome that it must have.
    pub expect: Outcome,
    /// Its cases.
    pub scenarios: Vec<Scenario>,
}

/// A run that only figures and orderings name.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Label.
    pub name: String,
    /// Case and setup.
    pub variants: Vec<(String, Variant)>,
}

/// What a figure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// Left side and bounds over a parameter.
    LeftAgainstBound,
    /// Statistics over iterations.
    Curves,
    /// Iterates on contour lines.
    Contours,
    /// Directions of the first step.
    Directions,
    /// Noise of a minibatch's gradient, one histogram per parameter.
    Histogram,
    /// Images of each class of the data.
    Images,
    /// Outputs of a quantity as a table.
    Table,
}

/// Band around a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BandKind {
    /// None.
    None,
    /// One standard deviation of the replicates.
    Deviation,
    /// Interval of the mean.
    Interval,
}

/// A figure as declared.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureSetup {
    /// What is drawn.
    pub kind: FigureKind,
    /// Where the file says so.
    pub span: Range<usize>,
    /// Suffix of the file name.
    pub name: String,
    /// Heading, where it differs from the title.
    pub title: Option<String>,
    /// Added to the caption.
    pub caption: Option<String>,
    /// Horizontal parameter.
    pub x: Option<String>,
    /// One panel each.
    pub y: Vec<Formula>,
    /// Lines of one panel.
    pub lines: Vec<Formula>,
    /// Parameter that distinguishes lines.
    pub by: Option<String>,
    /// Curves shown; empty means all.
    pub curves: Vec<String>,
    /// Cases shown; empty means all.
    pub cases: Vec<String>,
    /// Bounds shown; empty means all.
    pub bounds: Vec<String>,
    /// Horizontal label.
    pub x_label: Option<String>,
    /// Vertical labels.
    pub y_label: Vec<String>,
    /// Logarithmic axes: horizontal, vertical.
    pub log: (bool, bool),
    /// Band.
    pub band: BandKind,
    /// Ends of the axes.
    pub x_range: Option<(Rational, Rational)>,
    /// Ends of the axes.
    pub y_range: Option<(Rational, Rational)>,
}

/// A whole claim file, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// `<paper>/<claim>`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Place.
    pub source: Source,
    /// LaTeX.
    pub statement: String,
    /// Relation of the file; `None` where it only draws.
    pub relation: Option<Relation>,
    /// Left side as written.
    pub left_text: String,
    /// Hypotheses that the paper uses silently.
    pub assumes: Vec<String>,
    /// Why bounds need not be homogeneous.
    pub units_waiver: Option<String>,
    /// Declared units of parameters, as powers of `[f]` and `[x]`; others are numbers.
    pub dimensions: Vec<(String, (i64, i64))>,
    /// Remarks.
    pub notes: Vec<String>,
    /// Setups of the file itself, one per case.
    pub base: Vec<(String, Variant)>,
    /// Bounds.
    pub bounds: Vec<Bound>,
    /// Controls.
    pub controls: Vec<Control>,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Figures.
    pub figures: Vec<FigureSetup>,
    /// SHA-256 of the text.
    pub hash: String,
    /// What a reader of the file may not expect.
    pub warnings: Vec<Diagnostic>,
    /// The tree, for `--set` and records.
    pub tree: Table,
}

impl Spec {
    /// Whether the file declares a parameter of that name.
    #[must_use]
    pub fn declares(&self, name: &str) -> bool {
        self.base.iter().any(|(_, v)| v.parameters.iter().any(|p| p.name == name))
    }

    /// All (bound, case) and (control, case) questions: each cell of each has an equal part of the level.
    pub fn scenarios(&self) -> impl Iterator<Item = &Scenario> {
        let bounds = self.bounds.iter().flat_map(|b| &b.scenarios);
        bounds.chain(self.controls.iter().flat_map(|c| &c.scenarios))
    }
}
