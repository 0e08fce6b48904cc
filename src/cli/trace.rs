//! `trace`: the iterates of one replicate.

use super::common::{assignment, load_all, print, print_json, resolve};
use super::{Computing, Exit};
use crate::claim::{Instance, cells};
use crate::engine::{RunError, Traffic, settle_coins, trace, trace_enclosed, trace_plain};
use crate::model::Registry;
use crate::scalar::{Fault, Rational};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;

/// Prints the iterates of one replicate of the file's first cell.
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck trace karimireddy2019/counterexample-2 --steps 5 --exact")]
pub(super) struct Trace {
    /// Claim id or file (`-` is standard input)
    claim: String,
    /// Number of steps; the run's horizon if not given
    #[arg(long, value_name = "K")]
    steps: Option<u64>,
    /// Compute in exact rationals, and in enclosures where roots enter
    #[arg(long)]
    exact: bool,
    /// Which replicate
    #[arg(long, value_name = "R", default_value_t = 0)]
    replicate: u64,
    /// Sets a declared parameter; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    computing: Computing,
}

#[derive(Serialize)]
struct Document<T> {
    id: String,
    scalar: &'static str,
    iterates: Vec<Vec<T>>,
    calls: u64,
    bits: u64,
}

impl Trace {
    pub(super) fn run(self) -> Result<Exit> {
        let seed = self.computing.start()?;
        let registry = Registry::standard();
        let mut claims = load_all(resolve(std::slice::from_ref(&self.claim))?, &registry, &self.set)?;
        if claims.len() != 1 {
            bail!("'{}' names {} claims; trace takes one", self.claim, claims.len());
        }
        let claim = claims.remove(0);
        let (case, variant) = claim.spec.base.first().context("the file has no case")?;
        let Some(experiment) = variant.experiment() else {
            bail!("{} evaluates a quantity: there is nothing to trace", claim.spec.id)
        };
        let cell = cells(variant).map_err(|e| claim.locate(e))?.into_iter().next().context("the sweep is empty")?;
        let mut instance = Instance::build(&registry, experiment, &cell).map_err(|e| claim.locate(e))?;
        settle_coins(&mut instance);
        if let Some(steps) = self.steps {
            // Schedules may name the horizon's parameter; the length of the run is all that changes here.
            anyhow::ensure!(steps > 0, "--steps 0: at least one step is needed");
            instance.horizon = steps;
        }
        if self.exact {
            anyhow::ensure!(
                instance.is_deterministic(),
                "{} draws random numbers: an exact trace needs a deterministic instance; leave out --exact to follow one replicate",
                claim.spec.id
            );
            match trace_plain::<Rational>(&instance) {
                Ok((iterates, traffic)) => self.show(&claim.spec.id, "rational", texts(&iterates), traffic),
                // Where a root or a sine enters, the run continues in enclosures.
                Err(RunError::Step { fault: Fault::NoExactForm(_), .. }) => {
                    let (iterates, traffic) = trace_enclosed(&instance)?;
                    self.show(&claim.spec.id, "interval", texts(&iterates), traffic)
                }
                Err(error) => Err(error.into()),
            }
        } else {
            let cell_key = crate::claim::stream_key(&claim.spec, case, &cell);
            let (iterates, traffic) = trace(&instance, seed, &cell_key, self.replicate)?;
            anyhow::ensure!(
                iterates.iter().flatten().all(|v| v.is_finite()),
                "the run diverges: its iterates are not finite from step {} on",
                iterates.iter().position(|x| x.iter().any(|v| !v.is_finite())).unwrap_or(0)
            );
            self.show(&claim.spec.id, "f64", iterates, traffic)
        }
    }

    fn show<T: Serialize + std::fmt::Display>(
        &self,
        id: &str,
        scalar: &'static str,
        iterates: Vec<Vec<T>>,
        traffic: Traffic,
    ) -> Result<Exit> {
        if self.json {
            let (calls, bits) = (traffic.calls, traffic.bits());
            print_json(&Document { id: id.into(), scalar, iterates, calls, bits })?;
        } else {
            let mut text = String::new();
            for (k, x) in iterates.iter().enumerate() {
                let shown: Vec<String> = x.iter().take(8).map(ToString::to_string).collect();
                let more = if x.len() > 8 { format!(", .. ({} coordinates)", x.len()) } else { String::new() };
                text += &format!("{k:>6}  {}{more}\n", shown.join(", "));
            }
            text += &format!("{} oracle calls, {} bits\n", traffic.calls, traffic.bits());
            print(&text)?;
        }
        Ok(Exit::Expected)
    }
}

fn texts<T: std::fmt::Display>(iterates: &[Vec<T>]) -> Vec<Vec<String>> {
    iterates.iter().map(|x| x.iter().map(ToString::to_string).collect()).collect()
}
