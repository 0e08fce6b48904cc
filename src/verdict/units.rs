//! Whether a bound is homogeneous in [f] and [x].

use crate::claim::{Expression, Left, PathTerm, Relation, Symbol, Term};
use crate::expr::{Dimension, Units, UnitsError};
use crate::results::UnitsRecord;

/// The result of comparing the units of a bound's two sides.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UnitsReport {
    /// Consistent, inconsistent, or waived.
    pub record: UnitsRecord,
    /// What is not homogeneous.
    pub reason: String,
}

/// Compares the units of both sides. Declared parameters have the units that `declared` gives, as powers of `[f]` and
/// `[x]`.
#[must_use]
pub(crate) fn units_of(
    relation: Relation,
    left: &Left,
    right: Option<&Expression>,
    declared: &dyn Fn(&str) -> (i64, i64),
    waived: bool,
) -> UnitsReport {
    let consistent = UnitsReport { record: UnitsRecord::Consistent, reason: String::new() };
    let Some(right) = right else { return consistent };
    if relation == Relation::Rate {
        return consistent;
    }
    let of_right = right.units(&|symbol| named(symbol, declared));
    let failing = match (of_left(left, declared), of_right) {
        (Err(e), _) | (_, Err(e)) => Some(e.to_string()),
        (Ok(Dimension::Of(a)), Ok(Dimension::Of(b))) if a != b => Some(format!("left is in {a}, right in {b}")),
        _ => None,
    };
    match failing {
        None => consistent,
        Some(reason) => {
            let record = if waived { UnitsRecord::Waived } else { UnitsRecord::Inconsistent };
            UnitsReport { record, reason }
        }
    }
}

/// The units of what a file names; symbols that the program itself inserts have none of their own.
fn named(symbol: &Symbol, declared: &dyn Fn(&str) -> (i64, i64)) -> Option<Dimension> {
    let (f, x) = match symbol {
        Symbol::Parameter(name) => declared(name),
        Symbol::Fact(spec) => (i64::from(spec.f), i64::from(spec.x)),
        Symbol::Statistic(name) => {
            let (f, x) = name.units();
            (i64::from(f), i64::from(x))
        }
        Symbol::Output(..) | Symbol::Iteration | Symbol::Coordinate => (0, 0),
        Symbol::Term(_) | Symbol::Reduction(_) => return None,
    };
    Some(Dimension::Of(Units::new(f, x)))
}

/// The units of a left side: functionals of time and expectations keep those of what they are taken of.
fn of_left(left: &Left, declared: &dyn Fn(&str) -> (i64, i64)) -> Result<Dimension, UnitsError> {
    let statistic = |expr: &Expression| expr.units(&|symbol| named(symbol, declared));
    let term = |term: &Term| match term {
        Term::TimeOfMean(_, expr) => statistic(expr),
        Term::MeanOfPath(PathTerm { combine, reductions }) => {
            let reduced: Vec<Dimension> = reductions.iter().map(|(_, e)| statistic(e)).collect::<Result<_, _>>()?;
            combine.units(&|symbol| match symbol {
                Symbol::Reduction(i) => reduced.get(*i).cloned(),
                other => named(other, declared),
            })
        }
    };
    let terms: Vec<Dimension> = left.terms.iter().map(term).collect::<Result<_, _>>()?;
    left.combine.units(&|symbol| match symbol {
        Symbol::Term(i) => terms.get(*i).cloned(),
        other => named(other, declared),
    })
}
