//! `compute bound`: the right side of a claim at given constants.

use super::super::Exit;
use super::super::common::{assignment, load_all, print, print_json, resolve};
use crate::claim::{Expression, Parameter, Symbol, evaluate};
use crate::model::{Real, Registry};
use crate::scalar::Rational;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use std::collections::BTreeMap;

/// The right side of a claim at given constants.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: signcheck compute bound bernstein2018/theorem-1 --set K=16 --set L1=4 --set D=1 --set sigma1=0"
)]
pub(crate) struct Bound {
    /// Claim id or file
    claim: String,
    /// Which bound; the first if not given
    #[arg(long)]
    bound: Option<String>,
    /// A constant or parameter; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Bound {
    pub(crate) fn run(self) -> Result<Exit> {
        let registry = Registry::standard();
        let claims = load_all(resolve(std::slice::from_ref(&self.claim))?, &registry, &[])?;
        let spec = &claims.first().context("no claim")?.spec;
        let bound = match &self.bound {
            Some(name) => spec.bounds.iter().find(|b| b.name == *name),
            None => spec.bounds.first(),
        };
        let Some(bound) = bound else {
            let names: Vec<&str> = spec.bounds.iter().map(|b| b.name.as_str()).collect();
            bail!("{} has no bound of that name; it has: {}", spec.id, names.join(", "));
        };
        let Some((scenario, right)) = bound.scenarios.first().and_then(|t| Some((t, t.question.right.as_ref()?)))
        else {
            let message = "is known up to a constant only, so that it has no value; it can be verified as a rate";
            bail!("{}, bound {}: its right side {message}", spec.id, bound.name);
        };
        let value = value_at(&right.expr, &scenario.variant.parameters, &self.set)
            .with_context(|| format!("{}, bound {}: {}", spec.id, bound.name, right.text))?;
        if self.json {
            let exact = value.exact().and_then(Rational::to_fraction);
            let mut document = serde_json::json!({"value": value.to_f64()});
            if let Some(exact) = exact {
                document["exact"] = exact.into();
            }
            print_json(&document)?;
        } else {
            print(&format!("{value}\n"))?;
        }
        Ok(Exit::Expected)
    }
}

/// The value of a right side where some of its names are given; parameters that are not follow from the file's own
/// definitions where those give one value.
fn value_at(right: &Expression, parameters: &[Parameter], set: &[(String, String)]) -> Result<Real> {
    let mut given: BTreeMap<&str, Real> = BTreeMap::new();
    for (name, value) in set {
        let value: Rational = value.parse().with_context(|| format!("--set {name}"))?;
        if given.insert(name, Real::Exact(value)).is_some() {
            bail!("--set {name}: given twice");
        }
    }
    let definition = |symbol: &Symbol| match symbol {
        Symbol::Parameter(name) => parameters.iter().find(|p| p.name == **name).filter(|p| p.values.len() == 1),
        _ => None,
    };
    // What the right side uses, by itself and through definitions, each after what defines it.
    let mut used: Vec<&Symbol> = Vec::new();
    let mut open = right.symbols();
    while let Some(symbol) = open.pop() {
        if used.contains(&symbol) {
            continue;
        }
        used.push(symbol);
        if !given.contains_key(symbol.to_string().as_str()) {
            open.extend(definition(symbol).into_iter().flat_map(|p| p.values[0].expr.symbols()));
        }
    }
    let needs = || {
        let mut names: Vec<String> = used.iter().map(std::string::ToString::to_string).collect();
        names.sort();
        if names.is_empty() { "it names nothing".into() } else { format!("it uses {}", names.join(", ")) }
    };
    if let Some(name) = given.keys().find(|name| !used.iter().any(|s| s.to_string() == **name)) {
        bail!("--set {name}: the right side does not use '{name}'; {}", needs());
    }
    let value = |symbol: &Symbol| -> Option<Real> { value_of(symbol, &given, &definition) };
    let mut missing: Vec<String> =
        used.iter().filter(|s| value(s).is_none()).map(std::string::ToString::to_string).collect();
    missing.sort();
    // What is defined by something that is missing follows from it.
    missing.retain(|name| !used.iter().any(|s| s.to_string() == *name && definition(s).is_some()));
    if !missing.is_empty() {
        bail!("give {} with --set; {}", missing.join(", "), needs());
    }
    evaluate(right, &value).map_err(|e| anyhow!(e.to_string()))
}

/// The value of a symbol: given, or by its definition. A file's definitions have no cycle.
fn value_of<'p>(
    symbol: &Symbol,
    given: &BTreeMap<&str, Real>,
    definition: &dyn Fn(&Symbol) -> Option<&'p Parameter>,
) -> Option<Real> {
    if let Some(value) = given.get(symbol.to_string().as_str()) {
        return Some(value.clone());
    }
    let formula = &definition(symbol)?.values[0];
    evaluate(&formula.expr, &|inner| value_of(inner, given, definition)).ok()
}
