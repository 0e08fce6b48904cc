//! Expectations of expressions over finite laws and sums over ranges.
//!
//! **Formula** `first` = E h_1(X), `second` = E h_2(X), `third` = E h_3(X) for independent variables X of finite law,
//! given with their expressions h; `largest` and `least` are those of h_1 over all outcomes. A variable over a range
//! `1..m` counts each value once, so that E becomes a sum over it.
//! **Source** none of its own: moments, probabilities and pointwise inequalities of every paper are of this kind.
//! **Errors** rationals where every outcome stays in them, else formulas (up to 200 outcomes) or intervals around every
//! outcome.
//! **Ties and edge cases** An outcome on which an expression has no value (0/0, a root of a negative number) is an
//! error: it does not drop out.

use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::expr::{Builtin, Expr, ExprError};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::scalar::{Computable, Fault, Rational, Scalar};
use crate::stats::Interval;
use std::fmt;
use std::ops::Range;

/// Names of the constants that the texts may use.
const CONSTANTS: [&str; 9] = ["a", "b", "c", "d", "k", "m", "n", "s", "u"];
/// Most outcomes of all variables together.
const MAX_OUTCOMES: usize = 200_000;
/// Most outcomes whose irrational values are added up by their formulas; more are enclosed in doubles.
const MOST_BY_FORMULA: usize = 200;
/// The expressions, in the order of the first outputs.
const EXPRESSIONS: [&str; 3] = ["first", "second", "third"];

const fn constant(name: &'static str) -> ParamSpec {
    ParamSpec {
        name,
        kind: Kind::Number,
        default: Some(""),
        limits: Limits::ANY,
        doc: "a constant that the texts may use",
    }
}

const fn expression(name: &'static str, default: Option<&'static str>) -> ParamSpec {
    ParamSpec {
        name,
        kind: Kind::Text,
        default,
        limits: Limits::ANY,
        doc: "an expression in the variables and constants",
    }
}

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "expectation",
    summary: "E of up to three expressions over independent finite variables, and the ends of the first",
    source: "moments and pointwise inequalities of every paper",
    params: &[
        ParamSpec {
            name: "law",
            kind: Kind::Text,
            default: Some(""),
            limits: Limits::ANY,
            doc: "variables, as in `x = -1 : 9/10, 50 : 1/10; t = 1..m`: values with probabilities, or a range that counts every whole number once",
        },
        expression("first", None),
        expression("second", Some("")),
        expression("third", Some("")),
        constant("a"),
        constant("b"),
        constant("c"),
        constant("d"),
        constant("k"),
        constant("m"),
        constant("n"),
        constant("s"),
        constant("u"),
    ],
    outputs: &[
        OutputSpec { name: "first", doc: "E of the expression `first`, or its sum over the ranges" },
        OutputSpec { name: "second", doc: "the same of `second`; 0 where it is not given" },
        OutputSpec { name: "third", doc: "the same of `third`; 0 where it is not given" },
        OutputSpec { name: "largest", doc: "largest value of `first` over the outcomes" },
        OutputSpec { name: "least", doc: "least value of `first` over the outcomes" },
    ],
    calculator: Calculator {
        examples: &[
            "--law 'x = 50 : 1/10, -1 : 9/10' --first x^2 --second 'abs(x)'",
            "--law 't = 1..m' --first 1/t --m 10",
        ],
        beside: &["second", "third", "largest", "least"],
        ..Calculator::PLAIN
    },
    evaluate,
};

/// A variable with its values and their weights.
struct Variable {
    name: String,
    outcomes: Vec<(Rational, Rational)>,
}

/// What a name in a text stands for.
#[derive(Debug, Clone)]
enum Symbol {
    /// A constant that is given.
    Constant(&'static str, Real),
    /// A variable of the law: its name and its place among them.
    Variable(String, usize),
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Symbol::Constant(name, _) => name,
            Symbol::Variable(name, _) => name,
        })
    }
}

/// What the texts mean.
struct Task {
    constants: Vec<(&'static str, Real)>,
    variables: Vec<Variable>,
    expressions: Vec<Expr<Symbol, Builtin>>,
}

fn parse(key: &'static str, text: &str) -> Result<Expr, BuildError> {
    Expr::parse(text.trim()).map_err(|e| BuildError::about(key, format!("'{}': {}", text.trim(), e.message)))
}

impl Task {
    fn read(p: &Params) -> Result<Self, BuildError> {
        let given = CONSTANTS.into_iter().filter(|name| p.has(name));
        let constants = given.map(|name| Ok((name, p.number(name)?))).collect::<Result<Vec<_>, BuildError>>()?;
        let mut task = Task { constants, variables: Vec::new(), expressions: Vec::new() };
        let law = if p.has("law") { p.text("law")? } else { "" };
        for text in law.split(';').filter(|text| !text.trim().is_empty()) {
            let variable = task.variable(text)?;
            task.variables.push(variable);
        }
        let outcomes = task.variables.iter().try_fold(1usize, |n, v| n.checked_mul(v.outcomes.len()));
        if outcomes.is_none_or(|n| n > MAX_OUTCOMES) {
            return Err(BuildError::about(
                "law",
                format!("more than {MAX_OUTCOMES} outcomes; fewer variables or values"),
            ));
        }
        let known: Vec<&str> = task.names().collect();
        let mut expressions = Vec::new();
        for key in EXPRESSIONS.into_iter().filter(|key| p.has(key)) {
            let expr = parse(key, p.text(key)?)?;
            let resolved =
                expr.check(&known, &[]).and_then(|()| expr.resolve(&mut |name, span| task.symbol(name, span)));
            expressions.push(resolved.map_err(|e| {
                let help = e.help.map_or_else(String::new, |help| format!(" ({help})"));
                BuildError::about(key, format!("{}{help}", e.message))
            })?);
        }
        task.expressions = expressions;
        Ok(task)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.constants.iter().map(|c| c.0).chain(self.variables.iter().map(|v| v.name.as_str()))
    }

    fn constant(&self, name: &str) -> Option<Symbol> {
        self.constants.iter().find(|c| c.0 == name).map(|(name, value)| Symbol::Constant(name, value.clone()))
    }

    /// The one thing that a name stands for: a variable never has the name of a constant that is given.
    fn symbol(&self, name: &str, span: &Range<usize>) -> Result<Symbol, ExprError> {
        let variable = self.variables.iter().position(|v| v.name == name);
        let variable = variable.map(|i| Symbol::Variable(name.to_owned(), i));
        let found = self.constant(name).or(variable);
        found.ok_or_else(|| ExprError::new(format!("unknown name '{name}'"), span.clone()))
    }

    /// A number of the law: an expression in the constants.
    fn number(&self, text: &str) -> Result<Rational, BuildError> {
        let mut constant = |name: &str, span: &Range<usize>| {
            let missing = || ExprError::new(format!("'{name}' is no constant that is given"), span.clone());
            self.constant(name).ok_or_else(missing)
        };
        let refuse = |e: ExprError| BuildError::about("law", format!("'{}': {}", text.trim(), e.message));
        let expr = parse("law", text)?.resolve(&mut constant).map_err(refuse)?;
        let value = |symbol: &Symbol| self.value::<Rational>(symbol, &[]);
        expr.eval::<Rational>(&value).map_err(|e| BuildError::about("law", e.to_string()))
    }

    fn variable(&self, text: &str) -> Result<Variable, BuildError> {
        let usage = "'law' takes \"x = value : probability, ..; t = 1..m\"";
        let (name, law) = text.split_once('=').ok_or_else(|| BuildError::about("law", usage))?;
        let name = name.trim().to_owned();
        let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !letters || !name.starts_with(|c: char| c.is_ascii_alphabetic()) || self.names().any(|n| n == name) {
            return Err(BuildError::about("law", format!("'{name}' is no new name; {usage}")));
        }
        if let Some((first, last)) = law.split_once("..") {
            let whole = |text: &str| {
                let value = self.number(text)?;
                let refuse = || BuildError::about("law", format!("'{name}' ranges to {value}; a range has whole ends"));
                value.to_i64().ok_or_else(refuse)
            };
            let (first, last) = (whole(first)?, whole(last)?);
            if last < first || last - first >= MAX_OUTCOMES as i64 {
                let message = format!("'{name}' ranges over {first}..{last}; it takes 1 to {MAX_OUTCOMES} values");
                return Err(BuildError::about("law", message));
            }
            let outcomes = (first..=last).map(|i| (Rational::integer(i), Rational::one())).collect();
            return Ok(Variable { name, outcomes });
        }
        let mut outcomes = Vec::new();
        let mut total = Rational::zero();
        for atom in law.split(',') {
            let (value, weight) = atom.split_once(':').ok_or_else(|| BuildError::about("law", usage))?;
            let (value, weight) = (self.number(value)?, self.number(weight)?);
            if weight.signum() < 0 {
                return Err(BuildError::about("law", format!("'{name}' has the probability {weight}, below 0")));
            }
            total += &weight;
            outcomes.push((value, weight));
        }
        if total != Rational::one() {
            return Err(BuildError::about(
                "law",
                format!("the probabilities of '{name}' sum to {total}; they must to 1"),
            ));
        }
        Ok(Variable { name, outcomes })
    }

    /// All outputs in one arithmetic.
    fn evaluate<S: Scalar>(&self) -> Result<Vec<S>, Fault> {
        let mut sums = vec![S::zero(); EXPRESSIONS.len()];
        let mut ends: Option<(S, S)> = None;
        let mut chosen = vec![0usize; self.variables.len()];
        loop {
            let mut weight = Rational::one();
            for (variable, &i) in self.variables.iter().zip(&chosen) {
                weight *= &variable.outcomes[i].1;
            }
            if !weight.is_zero() {
                let value = |symbol: &Symbol| self.value::<S>(symbol, &chosen);
                for (i, expr) in self.expressions.iter().enumerate() {
                    let here = expr.eval::<S>(&value).map_err(|e| e.fault)?;
                    sums[i].add_product(&S::from_rational(&weight), &here);
                    if i == 0 {
                        ends = Some(match ends {
                            Some((low, high)) => (low.min(&here), high.max(&here)),
                            None => (here.clone(), here),
                        });
                    }
                }
            }
            let Some(place) = (0..chosen.len()).find(|&i| chosen[i] + 1 < self.variables[i].outcomes.len()) else {
                let (low, high) = ends.unwrap_or((S::zero(), S::zero()));
                return Ok(sums.into_iter().chain([high, low]).collect());
            };
            chosen[..place].fill(0);
            chosen[place] += 1;
        }
    }

    /// The value of a symbol where each variable has the outcome of that number.
    fn value<S: Scalar>(&self, symbol: &Symbol, chosen: &[usize]) -> Result<S, Fault> {
        match symbol {
            Symbol::Constant(_, value) => value.cast(),
            Symbol::Variable(_, i) => Ok(S::from_rational(&self.variables[*i].outcomes[chosen[*i]].0)),
        }
    }
}

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let task = Task::read(p)?;
    let outputs = match task.evaluate::<Rational>() {
        Ok(values) => values.into_iter().map(Real::Exact).collect(),
        Err(Fault::NoExactForm(_) | Fault::TooLarge(_)) => {
            let outcomes: usize = task.variables.iter().map(|v| v.outcomes.len()).product();
            match (outcomes <= MOST_BY_FORMULA).then(|| task.evaluate::<Computable>()) {
                Some(Ok(values)) => values.into_iter().map(Real::from).collect(),
                _ => {
                    let values = task.evaluate::<Interval>().map_err(|fault| BuildError::whole(fault.to_string()))?;
                    values.into_iter().map(Real::from).collect()
                }
            }
        }
        Err(fault) => return Err(BuildError::whole(fault.to_string())),
    };
    let input: Vec<String> = task.constants.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    Ok(vec![Row::closed(input.join(", "), outputs)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn rows(values: &[(&'static str, ParamValue)]) -> Result<Vec<String>, BuildError> {
        let params = Params { values: values.iter().cloned().collect(), dimension: 1, workers: 1, ..Params::default() };
        Ok(evaluate(&params)?[0].outputs.iter().map(ToString::to_string).collect())
    }

    fn text(text: &str) -> ParamValue {
        ParamValue::Text(text.to_owned())
    }

    #[test]
    fn moments_and_probabilities_of_the_skewed_law() {
        // E = 50/10 - 9/10 = 41/10; E x^2 = 250 + 9/10; P[x < 0] = 9/10.
        let law = ("law", text("x = 50 : 1/10, -1 : 1 - 1/10"));
        let of = [("first", text("x")), ("second", text("x^2")), ("third", text("(1 - sgn(x))/2"))];
        let values: Vec<_> = of.into_iter().chain([law]).collect();
        assert_eq!(rows(&values).unwrap(), ["41/10", "2509/10", "9/10", "50", "-1"]);
    }

    #[test]
    fn ranges_sum_and_constants_are_known() {
        // 1 + 2 + .. + 100 = 5050, the sum of their squares 100 * 101 * 201/6 = 338350.
        let values = [
            ("law", text("t = 1..m")),
            ("first", text("t")),
            ("second", text("t^2")),
            ("m", ParamValue::Number(Real::integer(100))),
        ];
        assert_eq!(rows(&values).unwrap(), ["5050", "338350", "0", "100", "1"]);
    }

    #[test]
    fn roots_are_enclosed() {
        let params = [("law", text("x = 2 : 1/2, 8 : 1/2")), ("first", text("sqrt(x)"))];
        let params = Params { values: params.into_iter().collect(), dimension: 1, workers: 1, ..Params::default() };
        // (sqrt 2 + 2 sqrt 2)/2 = 3/sqrt 2.
        let found = evaluate(&params).unwrap()[0].outputs[0].clone();
        assert_eq!(found.order(&Real::Exact(Rational::ratio(9, 2)).root()), Some(std::cmp::Ordering::Equal));
        assert!(found.exact().is_none());
    }

    #[test]
    fn slips_are_told() {
        let wrong = [
            (vec![("law", text("x = 1 : 1/2")), ("first", text("x"))], "sum to 1/2"),
            (vec![("law", text("x 1 : 1/2")), ("first", text("x"))], "'law' takes"),
            (vec![("law", text("t = 1..1/2")), ("first", text("t"))], "whole ends"),
            (vec![("law", text("x = 1 : 1")), ("first", text("y"))], "unknown name 'y'"),
            (vec![("law", text("x = 0 : 1")), ("first", text("1/x"))], "division by zero"),
            (vec![("law", text("x = 0..999; y = 0..999")), ("first", text("x"))], "outcomes"),
        ];
        for (values, part) in wrong {
            let message = rows(&values).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
