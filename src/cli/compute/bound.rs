//! `compute bound`: the right side of a claim at given constants.

use super::super::Exit;
use super::super::common::{assignment, load_all, print, print_json, resolve};
use anyhow::{Context, Result, bail};
use clap::Args;
use signcheck::model::{Real, Registry};
use signcheck::scalar::Rational;
use signcheck::spec::evaluate;

/// The right side of a claim at given constants.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: signcheck compute bound bernstein2018/theorem-1 --set K=16 --set L1=4 --set D=1 --set sigma1=0"
)]
pub struct Bound {
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
    pub fn run(self) -> Result<Exit> {
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
        let Some(right) = bound.trials.first().and_then(|t| t.question.right.as_ref()) else {
            let message = "is known up to a constant only, so that it has no value; it can be verified as a rate";
            bail!("{}, bound {}: its right side {message}", spec.id, bound.name);
        };
        let mut given: Vec<(String, Real)> = Vec::new();
        for (name, value) in &self.set {
            let value: Rational = value.parse().with_context(|| format!("--set {name}"))?;
            given.push((name.clone(), Real::Exact(value)));
        }
        // Parameters that follow from others by the file's own definitions need not be given.
        let parameters = spec.base.first().map(|(_, v)| v.parameters.clone()).unwrap_or_default();
        for _ in 0..parameters.len() {
            for parameter in parameters.iter().filter(|p| p.values.len() == 1) {
                if given.iter().any(|(n, _)| *n == parameter.name) {
                    continue;
                }
                let look = |name: &str| given.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
                if let Ok(value) = evaluate(&parameter.values[0].expr, &look) {
                    given.push((parameter.name.clone(), value));
                }
            }
        }
        let look = |name: &str| given.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let missing: Vec<&str> = right.expr.names().into_iter().map(|(n, _)| n).filter(|n| look(n).is_none()).collect();
        if !missing.is_empty() {
            bail!("{} = {}: give {} with --set", spec.id, right.text, missing.join(", "));
        }
        let value = evaluate(&right.expr, &look)?;
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
