//! What a name in a claim file stands for: found once, when the file is loaded.
//!
//! Below the loader an expression has no names, only the symbols of this file. Nothing that the program adds (the place
//! of a term, an output of a quantity) can thus be mistaken for a name that a file declares.

use crate::expr::{Builtin, Expr, ExprError};
use crate::model::{FACTS, FactSpec, OutputSpec, OwnStatistic, STATISTICS, StatisticName, fact_spec};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Symbol {
    /// A declared parameter.
    Parameter(Arc<str>),
    /// A fact of the instance.
    Fact(&'static FactSpec),
    /// A statistic of an iterate.
    Statistic(StatisticName),
    /// An output of the quantity, by its place among them.
    Output(usize, &'static str),
    /// The iteration of a schedule, `k`.
    Iteration,
    /// The coordinate of a vector's entry, `j`.
    Coordinate,
    /// A term of a left side, by its place.
    Term(usize),
    /// A reduction of a path functional, by its place.
    Reduction(usize),
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Symbol::Parameter(name) => f.write_str(name),
            Symbol::Fact(spec) => f.write_str(spec.name),
            Symbol::Statistic(name) => name.fmt(f),
            Symbol::Output(_, name) => f.write_str(name),
            Symbol::Iteration => f.write_str("k"),
            Symbol::Coordinate => f.write_str("j"),
            // No names: what the program itself puts in the place of E(..) or of last(..).
            Symbol::Term(i) => write!(f, "<term {}>", i + 1),
            Symbol::Reduction(i) => write!(f, "<functional {}>", i + 1),
        }
    }
}

impl Symbol {
    /// What it is, in words.
    fn meaning(&self) -> String {
        match self {
            Symbol::Parameter(name) => format!("the declared parameter '{name}'"),
            Symbol::Fact(spec) => format!("the fact '{}' ({})", spec.name, spec.doc),
            Symbol::Statistic(StatisticName::General(spec)) => format!("the statistic '{}' ({})", spec.name, spec.doc),
            Symbol::Statistic(StatisticName::Own(own)) => {
                format!("the problem's statistic '{}' ({})", own.name, own.doc)
            }
            Symbol::Statistic(name) => format!("the statistic '{name}'"),
            Symbol::Output(_, name) => format!("the quantity's output '{name}'"),
            Symbol::Iteration => "the iteration 'k' of a schedule".into(),
            Symbol::Coordinate => "the coordinate 'j' of a vector".into(),
            Symbol::Term(_) | Symbol::Reduction(_) => self.to_string(),
        }
    }
}

/// An expression whose names are resolved.
pub type Expression = Expr<Symbol, Builtin>;

/// The names that an expression may use, by what they stand for.
#[derive(Clone)]
pub(super) struct Scope {
    /// Each with the place of its declaration.
    parameters: Vec<(Arc<str>, Range<usize>)>,
    facts: bool,
    outputs: Vec<(usize, &'static str)>,
    statistics: Option<Vec<&'static OwnStatistic>>,
    iteration: bool,
    coordinate: bool,
}

impl Scope {
    /// Declared parameters only, by their names.
    pub(super) fn of_names<'n>(names: impl Iterator<Item = (&'n str, Range<usize>)>) -> Self {
        let parameters = names.map(|(name, span)| (name.into(), span)).collect();
        Scope { parameters, facts: false, outputs: Vec::new(), statistics: None, iteration: false, coordinate: false }
    }

    /// With the facts of an experiment: those whose name is no parameter's. A parameter of a fact's name must be that
    /// fact, which the instance checks.
    pub(super) fn with_facts(self) -> Self {
        Scope { facts: true, ..self }
    }

    /// With the outputs of a quantity.
    pub(super) fn with_outputs(mut self, outputs: &[OutputSpec]) -> Self {
        for pair in outputs.iter().map(|o| o.name).enumerate() {
            // Two quantities of one file may share an output, at one place or at two.
            if !self.outputs.contains(&pair) {
                self.outputs.push(pair);
            }
        }
        self
    }

    /// With statistics: those of every problem and these.
    pub(super) fn with_statistics(self, own: Vec<&'static OwnStatistic>) -> Self {
        Scope { statistics: Some(own), ..self }
    }

    /// With `k`.
    pub(super) fn in_schedule(&self) -> Self {
        Scope { iteration: true, ..self.clone() }
    }

    /// With `j`.
    pub(super) fn in_vector(&self) -> Self {
        Scope { coordinate: true, ..self.clone() }
    }

    fn declared(&self, name: &str) -> Option<&(Arc<str>, Range<usize>)> {
        self.parameters.iter().find(|(declared, _)| **declared == *name)
    }

    /// The declaration of the first parameter in an expression whose name could mean something else, too.
    pub(super) fn clash(&self, expr: &Expr) -> Option<Range<usize>> {
        let names = expr.names().into_iter().map(|(name, _)| name);
        names
            .filter(|name| self.meanings(name).len() > 1)
            .find_map(|name| self.declared(name))
            .map(|(_, span)| span.clone())
    }

    /// What a name can mean here.
    fn meanings(&self, name: &str) -> Vec<Symbol> {
        let parameter = self.declared(name).map(|(name, _)| Symbol::Parameter(Arc::clone(name)));
        let fact = match &parameter {
            None if self.facts => fact_spec(name).map(Symbol::Fact),
            _ => None,
        };
        let outputs = self.outputs.iter().filter(|(_, n)| *n == name).map(|(i, n)| Symbol::Output(*i, n));
        let statistics = self.statistics.iter().flat_map(|own| StatisticName::meanings(name, own));
        let iteration = (self.iteration && name == "k").then_some(Symbol::Iteration);
        let coordinate = (self.coordinate && name == "j").then_some(Symbol::Coordinate);
        let single = [parameter, fact, iteration, coordinate].into_iter().flatten();
        single.chain(outputs).chain(statistics.map(Symbol::Statistic)).collect()
    }

    /// The names that are known here, with those of an expression that fit a pattern, such as `x3`.
    fn names<'n>(&'n self, expr: &'n Expr) -> Vec<&'n str> {
        let mut all: Vec<&str> = self.parameters.iter().map(|(name, _)| &**name).collect();
        if self.facts {
            all.extend(FACTS.iter().map(|f| f.name));
        }
        all.extend(self.outputs.iter().map(|(_, name)| *name));
        if let Some(own) = &self.statistics {
            all.extend(STATISTICS.iter().map(|s| s.name).chain(own.iter().map(|o| o.name)));
        }
        all.extend(self.iteration.then_some("k"));
        all.extend(self.coordinate.then_some("j"));
        all.extend(expr.names().into_iter().map(|(n, _)| n).filter(|n| !self.meanings(n).is_empty()));
        all
    }

    /// Checks that every name and function is known here; `functions` are those beside the built-in ones.
    pub(super) fn check(&self, expr: &Expr, functions: &[crate::expr::Signature<'_>]) -> Result<(), ExprError> {
        expr.check(&self.names(expr), functions)
    }

    /// The one thing that a name stands for.
    pub(super) fn symbol(&self, name: &str, span: &Range<usize>) -> Result<Symbol, ExprError> {
        let mut meanings = self.meanings(name);
        match (meanings.pop(), meanings.as_slice()) {
            (Some(symbol), []) => Ok(symbol),
            (None, _) => Err(ExprError::new(format!("unknown name '{name}'"), span.clone())),
            (Some(last), others) => {
                let all: Vec<String> = others.iter().chain([&last]).map(Symbol::meaning).collect();
                let message = format!("'{name}' could mean two things: {}", all.join(", or "));
                let error = ExprError::new(message, span.clone());
                Err(match self.declared(name) {
                    Some(_) => error.with_help("give the parameter another name"),
                    None => error,
                })
            }
        }
    }

    /// The expression over what its names stand for.
    pub(super) fn resolve(&self, expr: &Expr) -> Result<Expression, ExprError> {
        self.check(expr, &[])?;
        expr.resolve(&mut |name, span| self.symbol(name, span))
    }
}
