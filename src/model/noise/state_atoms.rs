//! Finite noise whose atoms depend on the gradient and the iterate.
//!
//! **Update** each coordinate by itself: g~_i = v_k(g, x) with probability p_k(g, x). Here g = f_i' is that
//! coordinate's true gradient and x its place; v_k and p_k are expressions in g, x and the constants a, b, c.
//! **Source** state-dependent noise, as bernstein2018's Lemma 3 allows (martingale differences) and as its sharpness
//! examples need.
//! **Assumptions** at every gradient that a run meets the probabilities are 0 or more, sum to 1, and give the mean g.
//! Exact runs check this exactly at every draw and have no law (`None`) where it fails; lanes check it to 1e-9 and turn
//! such a draw into NaN, so that the replicate counts as diverged. A law that exists at none of the gradients
//! 0, +-1/16, +-1, +-3 (with x the same) is refused when it is built.
//! **Facts** none: the moments depend on the state. A batch is averaged draw by draw.
//! **Shapes and units** `atoms` is a text: `"g + a : 1/2; g - a : 1/2"`.
//! **Ties and edge cases** in lanes a draw takes the first atom whose running sum of probabilities exceeds a uniform u,
//! the last where none does.

use super::finite_law::FiniteLaw;
use super::{Atom, DrawRounding, Drawn, Noise, NoiseEntry, Tails, additive};
use crate::expr::{Builtin, Expr, ExprError};
use crate::model::facts::{Facts, Property};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::rng::Stream;
use crate::scalar::{Fault, Lane, Rational, Scalar};
use std::fmt;

/// Names of the constants that expressions may use beside g.
const CONSTANTS: [&str; 3] = ["a", "b", "c"];
/// Error of the sum of probabilities and of the mean that lanes accept, relative to the largest term.
const SLACK: f64 = 1e-9;
/// Most atoms of one coordinate.
const MAX_ATOMS: usize = 64;

/// What a name of an atom stands for.
#[derive(Debug, Clone)]
enum Symbol {
    /// The coordinate's true gradient.
    Gradient,
    /// Its place.
    Iterate,
    /// A constant that is given.
    Constant(&'static str, Real),
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Symbol::Gradient => "g",
            Symbol::Iterate => "x",
            Symbol::Constant(name, _) => name,
        })
    }
}

type Formula = Expr<Symbol, Builtin>;

/// Atoms as expressions in g.
struct StateAtoms {
    /// Value and probability.
    atoms: Vec<(Formula, Formula)>,
}

const fn constant(name: &'static str) -> ParamSpec {
    ParamSpec {
        name,
        kind: Kind::Number,
        default: Some(""),
        limits: Limits::ANY,
        doc: "a constant that the atoms may use",
    }
}

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "state-atoms",
    summary: "independent coordinates with atoms \"value : probability; ..\" in the true gradient g, of mean g",
    params: &[
        ParamSpec {
            name: "atoms",
            kind: Kind::Text,
            default: None,
            limits: Limits::ANY,
            doc: "`value : probability; ..`, expressions in g, x, a, b, c; the mean must be g",
        },
        constant("a"),
        constant("b"),
        constant("c"),
    ],
    build: |p| Ok(Box::new(StateAtoms::build(p)?)),
};

/// Reads one side of an atom, in the known names only.
fn expression(text: &str, constants: &[(&'static str, Real)]) -> Result<Formula, BuildError> {
    let expr = Expr::parse(text.trim()).and_then(|expr| {
        expr.resolve(&mut |name, span| match (name, constants.iter().find(|(n, _)| *n == name)) {
            ("g", _) => Ok(Symbol::Gradient),
            ("x", _) => Ok(Symbol::Iterate),
            (_, Some((name, value))) => Ok(Symbol::Constant(name, value.clone())),
            (_, None) => Err(ExprError::new(
                format!("unknown name '{name}'; it may use g, x and the constants that are given: a, b, c"),
                span.clone(),
            )),
        })
    });
    expr.map_err(|e| BuildError::about("atoms", format!("'{}': {}", text.trim(), e.message)))
}

impl StateAtoms {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let given = CONSTANTS.into_iter().filter(|name| p.has(name));
        let constants: Vec<(&'static str, Real)> =
            given.map(|name| Ok((name, p.number(name)?))).collect::<Result<_, BuildError>>()?;
        let mut atoms = Vec::new();
        for atom in p.text("atoms")?.split(';') {
            let (value, probability) = atom.split_once(':').ok_or_else(|| {
                let message = "'atoms' takes \"value : probability; ..\", as in \"g + 1 : 1/2; g - 1 : 1/2\"";
                BuildError::about("atoms", message)
            })?;
            atoms.push((expression(value, &constants)?, expression(probability, &constants)?));
        }
        if atoms.len() > MAX_ATOMS {
            return Err(BuildError::about("atoms", format!("{} atoms; at most {MAX_ATOMS} are read", atoms.len())));
        }
        let law = StateAtoms { atoms };
        let tries = [(0, 1), (1, 16), (-1, 16), (1, 1), (-1, 1), (3, 1), (-3, 1)];
        let mut reasons = Vec::new();
        for g in tries.map(|(n, d)| Rational::ratio(n, d)) {
            match law.at(&g, Some(&g)) {
                // Without an exact form the law shows itself only as it is drawn.
                Ok(_) | Err(Problem::Inexact) => return Ok(law),
                Err(Problem::NoLaw(why)) => reasons.push(format!("at g = {g} {why}")),
            }
        }
        Err(BuildError::about("atoms", format!("no law at any gradient tried: {}", reasons.swap_remove(0))))
    }

    /// The values of all names in one arithmetic.
    fn value<S: Scalar>(expr: &Formula, g: &S, x: Option<&S>) -> Result<S, Fault> {
        let environment = |symbol: &Symbol| match symbol {
            Symbol::Gradient => Ok(g.clone()),
            Symbol::Iterate => {
                x.cloned().ok_or_else(|| Fault::Unsupported("noise without an iterate knows no 'x'".into()))
            }
            Symbol::Constant(_, value) => value.cast(),
        };
        expr.eval::<S>(&environment).map_err(|e| e.fault)
    }

    /// The law at a gradient, with its mean checked.
    fn at(&self, g: &Rational, x: Option<&Rational>) -> Result<FiniteLaw, Problem> {
        let number = |expr: &Formula| {
            Self::value(expr, g, x).map_err(|fault| match fault {
                Fault::NoExactForm(_) | Fault::TooLarge(_) => Problem::Inexact,
                other => Problem::NoLaw(other.to_string()),
            })
        };
        let atoms = self.atoms.iter().map(|(v, p)| Ok((number(v)?, number(p)?))).collect::<Result<_, _>>()?;
        let law = FiniteLaw::new(atoms).map_err(|e| Problem::NoLaw(e.to_string()))?;
        let mean = law.mean();
        if mean == *g { Ok(law) } else { Err(Problem::NoLaw(format!("the mean is {mean}; it must be g"))) }
    }

    /// Values and running sums of probabilities at a gradient, lane by lane; NaN in lanes that have no law.
    fn table<const N: usize>(&self, g: &Lane<N>, x: Option<&Lane<N>>) -> (Vec<Lane<N>>, Vec<Lane<N>>) {
        let nan = Lane::splat(f64::NAN);
        let (mut values, mut sums) = (Vec::new(), Vec::new());
        let (mut total, mut mean, mut size) = (Lane::splat(0.0), Lane::splat(0.0), Lane::splat(1.0));
        let mut lowest = Lane::splat(0.0);
        for (value, probability) in &self.atoms {
            let value = Self::value(value, g, x).unwrap_or(nan);
            let probability = Self::value(probability, g, x).unwrap_or(nan);
            lowest = lowest.min(&probability);
            total += &probability;
            let term = value * probability;
            mean += &term;
            size = size.max(&term.abs());
            values.push(value);
            sums.push(total);
        }
        for i in 0..N {
            let fits = lowest.0[i] >= 0.0
                && (total.0[i] - 1.0).abs() <= SLACK
                && (mean.0[i] - g.0[i]).abs() <= SLACK * size.0[i];
            if !fits {
                values.iter_mut().for_each(|value| value.0[i] = f64::NAN);
            }
        }
        (values, sums)
    }
}

/// Why there is no law at a gradient.
enum Problem {
    /// Its numbers are irrational.
    Inexact,
    /// What fails.
    NoLaw(String),
}

impl Noise for StateAtoms {
    fn perturb<const N: usize>(&self, stream: &mut Stream<N>, batch: u64, x: &[Lane<N>], gradient: &mut [Lane<N>]) {
        let draws = batch.max(1);
        for (i, g) in gradient.iter_mut().enumerate() {
            let (values, sums) = self.table(g, x.get(i));
            let last = values.len() - 1;
            let mut total = Lane::<N>::splat(0.0);
            for _ in 0..draws {
                let u = stream.uniform();
                for i in 0..N {
                    let chosen = sums[..last].iter().take_while(|sum| u.0[i] >= sum.0[i]).count();
                    total.0[i] += values[chosen].0[i];
                }
            }
            *g = if draws > 1 { total * Lane::splat(1.0 / draws as f64) } else { total };
        }
    }

    fn atoms(&self, x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        let laws: Option<Vec<FiniteLaw>> =
            gradient.iter().enumerate().map(|(i, g)| self.at(g, x.get(i)).ok()).collect();
        additive::product(&laws?)
    }

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn where_undefined(&self) -> Option<&'static str> {
        Some("at which `atoms` are no law of that mean")
    }

    fn law_at(&self, x: &Rational, gradient: &Rational) -> Result<(), BuildError> {
        match self.at(gradient, Some(x)) {
            Ok(_) | Err(Problem::Inexact) => Ok(()),
            Err(Problem::NoLaw(why)) => {
                let place = format!("at the start, with g = {gradient} and x = {x}");
                Err(BuildError::about("atoms", format!("'atoms' are no law {place}: {why}")))
            }
        }
    }

    /// The atoms' probabilities depend on the state.
    fn tails(&self) -> Tails {
        Tails { rarest: None, ..Tails::LIGHT }
    }

    /// The atoms are functions of the gradient: what its error makes of them is not followed.
    fn rarest_at<const N: usize>(&self, x: &[Lane<N>], gradient: &[Lane<N>]) -> Lane<N> {
        let mut least = [1.0_f64; N];
        for (i, g) in gradient.iter().enumerate() {
            for (_, probability) in &self.atoms {
                let p = Self::value(probability, g, x.get(i)).unwrap_or(Lane::splat(0.0));
                for (least, p) in least.iter_mut().zip(&p.0) {
                    // A probability of 0 is that of no atom; one that is not known is as bad as can be.
                    if p.is_nan() || *p > 0.0 {
                        *least = if p.is_nan() { 0.0 } else { least.min(*p) };
                    }
                }
            }
        }
        Lane(least)
    }

    fn in_doubles(&self, _batch: u64) -> DrawRounding {
        DrawRounding::Alone(Drawn::UNKNOWN)
    }

    fn has(&self, property: Property) -> Option<bool> {
        match property {
            Property::Unbiased | Property::Independent | Property::IndependentCoordinates => Some(true),
            Property::Continuous => Some(false),
            _ => None,
        }
    }
}
