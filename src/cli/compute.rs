//! `compute`: the pocket calculator. Each command fills the parameters of a registered quantity and prints its outputs.

mod bound;

use super::Exit;
use super::common::{print, print_json};
use crate::model::{BuildError, ParamValue, Params, Real, Registry};
use crate::scalar::Rational;
use anyhow::{Result, anyhow};
use clap::{Args, Subcommand, ValueEnum};

/// Evaluates a closed form of the papers.
#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck compute vote-error --wrong 3/10 --workers 5

Numbers are decimals or fractions. Noise laws: gaussian, laplace, logistic, uniform, student(5) (mean 0, variance 1), and
finite(50:1/10, -1:9/10).")]
pub struct Compute {
    #[command(subcommand)]
    quantity: Quantity,
}

#[derive(Debug, Subcommand)]
enum Quantity {
    /// P[the sign of the sum of M signs differs from the sign of the mean]
    VoteError(VoteError),
    /// P[the sign of the mean of N draws differs from the sign of the law's mean]
    MeanError(MeanError),
    /// E median(u_i + B xi_i) - mean(u), with the median's mean and variance
    MedianGap(Median),
    /// Distance of the centred median's density from the symmetric one, and the mass of its odd part
    MedianAsymmetry(Median),
    /// phi(v) = |v|_1^2/(d |v|_2^2)
    Density(Density),
    /// Markov's, Cantelli's or Gauss's bound on a worker's wrong-sign probability
    SignErrorBound(SignErrorBound),
    /// C(beta), the warm-up of signum
    Warmup(Warmup),
    /// Bits an iteration, both directions
    Communication(Communication),
    /// The right side of a claim at given constants
    Bound(bound::Bound),
}

/// Numbers separated by commas.
#[derive(Debug, Clone)]
struct List(Vec<Rational>);

/// Lists separated by semicolons.
#[derive(Debug, Clone)]
struct Lists(Vec<List>);

fn list(text: &str) -> Result<List, String> {
    let numbers: Result<Vec<Rational>, _> = text.split(',').map(|n| n.trim().parse::<Rational>()).collect();
    numbers.map(List).map_err(|e| e.to_string())
}

fn lists(text: &str) -> Result<Lists, String> {
    text.split(';').map(list).collect::<Result<Vec<List>, String>>().map(Lists)
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  signcheck compute vote-error --wrong 3/10 --workers 5
  signcheck compute vote-error --wrong 0.1,0.2,0.4 --ties half
  signcheck compute vote-error --noise 'finite(50:1/10, -1:9/10)' --workers 9")]
struct VoteError {
    /// A worker's probability of a wrong sign, or one for each worker
    #[arg(long, value_name = "Q,..", value_parser = list, conflicts_with = "noise", required_unless_present = "noise")]
    wrong: Option<List>,
    /// Law of a worker's draw, which votes by its sign; 0 does not vote
    #[arg(long, value_name = "LAW", requires = "workers")]
    noise: Option<String>,
    /// Moves the law to this mean
    #[arg(long, value_name = "MU", requires = "noise", allow_hyphen_values = true)]
    mean: Option<Rational>,
    /// Number of workers; the number of rates if several are given
    #[arg(long, value_name = "M")]
    workers: Option<u32>,
    /// What a tied vote counts as
    #[arg(long, value_enum, default_value_t = Ties::Wrong)]
    ties: Ties,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Ties {
    Wrong,
    Half,
    Right,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck compute mean-error --noise 'finite(50:1/10, -1:9/10)' --samples 30")]
struct MeanError {
    /// Law of a draw
    #[arg(long, value_name = "LAW")]
    noise: String,
    /// Moves the law to this mean
    #[arg(long, value_name = "MU", allow_hyphen_values = true)]
    mean: Option<Rational>,
    /// Number of draws
    #[arg(long, value_name = "N")]
    samples: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  signcheck compute median-gap --values 0,1,5,2,9 --noise gaussian --scale 10
  signcheck compute median-asymmetry --sets '0,4;1;2,3' --noise 'student(5)' --scale 10")]
struct Median {
    /// u_1, .., u_M, an odd number of them
    #[arg(long, value_name = "U,..", value_parser = list, allow_hyphen_values = true, required_unless_present = "sets")]
    values: Option<List>,
    /// In place of --values: for each worker the numbers from which its u_i is drawn uniformly, workers separated by
    /// ';'
    #[arg(long, value_name = "A;..", value_parser = lists, allow_hyphen_values = true, conflicts_with = "values")]
    sets: Option<Lists>,
    /// Law of the noise: gaussian, laplace, logistic, uniform or student(NU)
    #[arg(long, value_name = "LAW")]
    noise: String,
    /// Scale of the noise
    #[arg(long, value_name = "B", allow_hyphen_values = true)]
    scale: Rational,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck compute density --vector 3,-4,0")]
struct Density {
    /// The vector's entries
    #[arg(long, value_name = "V,..", value_parser = list, allow_hyphen_values = true)]
    vector: List,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck compute sign-error-bound --snr 2 --kind gauss")]
struct SignErrorBound {
    /// Signal to noise, |g|/sigma
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    snr: Rational,
    /// Whose bound
    #[arg(long, value_enum)]
    kind: Kind,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Markov,
    Cantelli,
    Gauss,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck compute warmup --momentum 0.9")]
struct Warmup {
    /// beta
    #[arg(long, value_name = "BETA", allow_hyphen_values = true)]
    momentum: Rational,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: signcheck compute communication --scheme vote --workers 4 --dimension 1000")]
struct Communication {
    /// What is sent: sgd, qsgd, terngrad, vote, vote-abstain, vote-sum, ef-sign, scaled-vote, median-sgd,
    /// mv-sto-signsgd-sim, federated-mv-sto-signsgd-sim
    #[arg(long, value_name = "NAME")]
    scheme: String,
    /// Number of workers
    #[arg(long, value_name = "M")]
    workers: u32,
    /// Number of coordinates
    #[arg(long, value_name = "D")]
    dimension: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Compute {
    pub fn run(self) -> Result<Exit> {
        match self.quantity {
            Quantity::VoteError(q) => q.run(),
            Quantity::MeanError(q) => {
                let given = Given::default().text("law", q.noise).optional("mean", q.mean).count("samples", q.samples);
                given.answer("mean-error", &[], q.json)
            }
            Quantity::MedianGap(q) => q.given().answer("median-gap", &["median_mean", "variance"], q.json),
            Quantity::MedianAsymmetry(q) => q.given().answer("median-asymmetry", &["odd_mass"], q.json),
            Quantity::Density(q) => Given::default().list("vector", &q.vector).answer("density", &[], q.json),
            Quantity::SignErrorBound(q) => {
                let given = Given::default().number("snr", q.snr).word("kind", q.kind);
                given.answer("sign-error-bound", &[], q.json)
            }
            Quantity::Warmup(q) => Given::default().number("momentum", q.momentum).answer("warmup", &[], q.json),
            Quantity::Communication(q) => {
                let given = Given::default().text("scheme", q.scheme).count("workers", q.workers);
                given.count("dimension", q.dimension).answer("communication", &[], q.json)
            }
            Quantity::Bound(q) => q.run(),
        }
    }
}

impl VoteError {
    fn run(self) -> Result<Exit> {
        let mut given = Given::default().word("ties", self.ties).optional("mean", self.mean);
        if let Some(workers) = self.workers {
            given = given.count("workers", workers);
        }
        if let Some(wrong) = &self.wrong {
            if wrong.0.len() == 1 && self.workers.is_none() {
                return Err(anyhow!("one error rate for all: give the number of workers with --workers M"));
            }
            given = given.list("wrong", wrong);
        }
        if let Some(law) = self.noise {
            given = given.text("law", law);
        }
        given.answer("vote-error", &[], self.json)
    }
}

impl Median {
    fn given(&self) -> Given {
        let mut given = Given::default().text("law", self.noise.clone()).number("scale", self.scale.clone());
        if let Some(values) = &self.values {
            given = given.list("values", values);
        }
        if let Some(sets) = &self.sets {
            let rows = sets.0.iter().map(reals).collect();
            given.0.values.insert("sets", ParamValue::Matrix(rows));
        }
        given
    }
}

fn reals(list: &List) -> Vec<Real> {
    list.0.iter().cloned().map(Real::Exact).collect()
}

/// The parameters of a quantity, from the command line.
#[derive(Default)]
struct Given(Params);

impl Given {
    fn with(mut self, key: &'static str, value: ParamValue) -> Self {
        self.0.values.insert(key, value);
        self
    }

    fn text(self, key: &'static str, value: String) -> Self {
        self.with(key, ParamValue::Text(value))
    }

    fn word(self, key: &'static str, value: impl ValueEnum) -> Self {
        let name = value.to_possible_value().map(|v| v.get_name().to_string()).unwrap_or_default();
        self.text(key, name)
    }

    fn number(self, key: &'static str, value: Rational) -> Self {
        self.with(key, ParamValue::Number(Real::Exact(value)))
    }

    fn optional(self, key: &'static str, value: Option<Rational>) -> Self {
        match value {
            Some(value) => self.number(key, value),
            None => self,
        }
    }

    fn count(self, key: &'static str, value: u32) -> Self {
        self.number(key, Rational::integer(i64::from(value)))
    }

    fn list(self, key: &'static str, value: &List) -> Self {
        self.with(key, ParamValue::Vector(reals(value)))
    }

    /// Evaluates the quantity and prints its first output as the value, and those named in `more`.
    fn answer(self, quantity: &str, more: &[&str], json: bool) -> Result<Exit> {
        let registry = Registry::standard();
        let entry = registry.quantity(quantity).map_err(|_| anyhow!("no quantity '{quantity}'"))?;
        let rows = (entry.evaluate)(&self.0).map_err(|e| anyhow!("{quantity}: {}", by_flag(&e)))?;
        let row = rows.first().ok_or_else(|| anyhow!("{quantity}: no value"))?;
        let mut lines: Vec<(&str, serde_json::Value)> = Vec::new();
        for (i, output) in entry.outputs.iter().enumerate() {
            let value = row.outputs[i].to_f64();
            if i == 0 {
                lines.push(("value", value.into()));
                match row.outputs[0].exact() {
                    Some(exact) => lines.extend(exact.to_fraction().map(|f| ("exact", f.into()))),
                    None => lines.push(("abs_error", row.errors[0].into())),
                }
                if !value.is_finite() {
                    lines.push(("why", "the value is beyond the range of doubles".into()));
                }
            } else if more.contains(&output.name) {
                lines.push((output.name, value.into()));
            }
        }
        if json {
            let document: serde_json::Map<String, serde_json::Value> =
                lines.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
            print_json(&document)?;
        } else {
            let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
            print(&lines.iter().map(|(key, value)| format!("{key} = {}\n", text(value))).collect::<String>())?;
        }
        Ok(Exit::Expected)
    }
}

/// An error of a quantity with the flag that it is about.
fn by_flag(error: &BuildError) -> String {
    match error.key {
        Some("law") => format!("--noise: {error}"),
        Some(key) => format!("--{key}: {error}"),
        None => error.to_string(),
    }
}
