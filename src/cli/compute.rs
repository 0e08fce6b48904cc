//! `compute`: the pocket calculator. Its commands are the quantities of the registry, each with a flag per parameter,
//! and `bound`.

mod bound;

use super::Exit;
use super::common::{print, print_json};
use crate::model::{BuildError, Kind, ParamSpec, Params, QuantityEntry, Registry, Row};
use anyhow::{Result, anyhow};
use bound::Bound;
use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use serde_json::{Map, Value};

const AFTER: &str = "Example: signcheck compute vote-error --wrong 3/10 --workers 5

Numbers are decimals or fractions, in lists separated by ','; rows of numbers are separated by ';'.
Compressors have their settings in brackets: sign, 'top-k(k=2)'.
Laws of a draw: gaussian, laplace, logistic, uniform, 'student(5)' (mean 0, variance 1), and
'finite(50:1/10, -1:9/10)'.
Several inputs give one line each, or `rows` with --json.";

/// The command that is no quantity.
const BOUND: &str = "bound";

/// Evaluates a closed form of the papers.
#[derive(Debug)]
pub(super) enum Compute {
    Quantity(&'static QuantityEntry, ArgMatches),
    Bound(Bound),
}

impl Args for Compute {
    fn augment_args(compute: Command) -> Command {
        let quantities: Vec<Command> = Registry::standard().quantities().map(command).collect();
        compute
            .after_help(AFTER)
            .subcommand_value_name("QUANTITY")
            .subcommand_help_heading("Quantities")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands(quantities)
            .subcommand(Bound::augment_args(Command::new(BOUND)))
    }

    fn augment_args_for_update(compute: Command) -> Command {
        Self::augment_args(compute)
    }
}

impl FromArgMatches for Compute {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let (name, given) = matches.subcommand().ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))?;
        match Registry::standard().quantity(name) {
            Ok(entry) => Ok(Compute::Quantity(entry, given.clone())),
            Err(_) => Bound::from_arg_matches(given).map(Compute::Bound),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Compute {
    pub(super) fn run(self) -> Result<Exit> {
        match self {
            Compute::Bound(bound) => bound.run(),
            Compute::Quantity(entry, given) => {
                let rows = rows(&Registry::standard(), entry, &given)?;
                if given.get_flag("json") { print_json(&document(entry, &rows)) } else { print(&text(entry, &rows)) }?;
                Ok(Exit::Expected)
            }
        }
    }
}

/// The command of a quantity.
fn command(entry: &'static QuantityEntry) -> Command {
    let prints: String = printed(entry).map(|(_, key, doc)| format!("\n  {key}: {}", in_flags(entry, doc))).collect();
    let examples: Vec<String> =
        entry.calculator.examples.iter().map(|line| format!("\n  signcheck compute {} {line}", entry.name)).collect();
    let after = format!("Prints:{prints}\n\nSource: {}\n\nExamples:{}", entry.source, examples.concat());
    let json = Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one JSON document");
    let flags = entry.params.iter().map(|param| argument(entry, param));
    Command::new(entry.name).about(entry.summary).after_help(after).args(flags).arg(json)
}

/// The flag of a parameter.
fn argument(entry: &QuantityEntry, param: &ParamSpec) -> Arg {
    let limits = if param.limits.is_any() { String::new() } else { format!("; {}", param.limits) };
    let help = in_flags(entry, &format!("{}{limits}", param.doc));
    // A negative number begins with a dash.
    let flag = Arg::new(param.name).long(entry.flag(param.name)).help(help).allow_hyphen_values(true);
    let flag = match param.default {
        None => flag.required(true),
        Some("") => flag,
        Some(default) => flag.default_value(default),
    };
    match param.kind {
        Kind::Number => flag.value_name("NUMBER"),
        Kind::Count => flag.value_name("COUNT"),
        Kind::Vector => flag.value_name("A,B,.."),
        Kind::Matrix => flag.value_name("A,B,..;C,D,.."),
        Kind::Word(words) => flag.value_name("WORD").value_parser(PossibleValuesParser::new(words)),
        Kind::Compressor | Kind::Noise => flag.value_name("NAME(KEY=VALUE,..)"),
        Kind::Text | Kind::Schedule => flag.value_name("TEXT"),
    }
}

/// A text of the library, which names parameters as `name`, with their flags.
fn in_flags(entry: &QuantityEntry, text: &str) -> String {
    let flags = entry.params.iter().map(|p| (format!("`{}`", p.name), format!("--{}", entry.flag(p.name))));
    flags.fold(text.to_string(), |text, (name, flag)| text.replace(&name, &flag))
}

/// Evaluates a quantity at what the command line gives.
fn rows(registry: &Registry, entry: &QuantityEntry, given: &ArgMatches) -> Result<Vec<Row>> {
    let told = |error: BuildError| {
        let message = in_flags(entry, &error.message);
        match error.key.filter(|key| entry.params.iter().any(|p| p.name == *key)) {
            Some(key) => anyhow!("{}: --{}: {message}", entry.name, entry.flag(key)),
            None => anyhow!("{}: {message}", entry.name),
        }
    };
    let text = |name: &str| given.get_one::<String>(name).map(String::as_str);
    let params = Params::from_texts(registry, entry.params, &text).map_err(told)?;
    (entry.evaluate)(&params).map_err(told)
}

/// The outputs that are printed, each as its place, key and meaning; the first is the value.
fn printed(entry: &QuantityEntry) -> impl Iterator<Item = (usize, &'static str, &'static str)> {
    let beside = entry.calculator.beside;
    let shown = entry.outputs.iter().enumerate().filter(|(i, output)| *i == 0 || beside.contains(&output.name));
    shown.map(|(i, output)| (i, if i == 0 { "value" } else { output.name }, output.doc))
}

/// What is printed of a row.
fn answer(entry: &QuantityEntry, row: &Row) -> Vec<(&'static str, Value)> {
    let mut shown: Vec<(&str, Value)> = Vec::new();
    for (i, key, _) in printed(entry) {
        let output = &row.outputs[i];
        shown.push((key, output.to_f64().into()));
        match output.exact() {
            _ if i > 0 => {}
            Some(exact) => shown.extend(exact.to_fraction().map(|fraction| ("exact", fraction.into()))),
            None => shown.push(("abs_error", (row.errors[i] + output.nearest_double().error).into())),
        }
    }
    if shown.iter().any(|(_, value)| value.is_null()) {
        shown.push(("why", "null is a number beyond the range of doubles".into()));
    }
    shown
}

/// The answer as JSON: of several inputs a list, each with its input.
fn document(entry: &QuantityEntry, rows: &[Row]) -> Value {
    let object = |row: &Row| answer(entry, row).into_iter().map(|(key, value)| (key.into(), value));
    if let [row] = rows {
        return Value::Object(object(row).collect());
    }
    let with_input = |row: &Row| object(row).chain([("input".into(), row.input.as_str().into())]);
    let rows: Vec<Map<String, Value>> = rows.iter().map(|row| with_input(row).collect()).collect();
    serde_json::json!({ "rows": rows })
}

/// The answer as lines: of one input a line per number, of several a line per input.
fn text(entry: &QuantityEntry, rows: &[Row]) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let numbers = |row: &Row| -> Vec<String> {
        answer(entry, row).iter().map(|(key, value)| format!("{key} = {}", plain(value))).collect()
    };
    match rows {
        [row] => numbers(row).join("\n") + "\n",
        rows => rows.iter().map(|row| format!("{}: {}\n", row.input, numbers(row).join(", "))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Calculator, Limits, OutputSpec, Real};

    const fn param(name: &'static str, kind: Kind, default: Option<&'static str>) -> ParamSpec {
        ParamSpec { name, kind, default, limits: Limits::NON_NEGATIVE, doc: "for the test" }
    }

    /// Powers of `base`.
    static POWERS: QuantityEntry = QuantityEntry {
        name: "powers",
        summary: "the first powers of a number",
        source: "this test",
        params: &[param("base", Kind::Number, None), param("how_many", Kind::Count, Some("1"))],
        outputs: &[OutputSpec { name: "power", doc: "base^i" }, OutputSpec { name: "exponent", doc: "i" }],
        calculator: Calculator { examples: &["--root 2"], flags: &[("base", "root")], beside: &["exponent"] },
        evaluate: |p| {
            let base = p.number("base")?;
            let mut rows = vec![Row::closed("i = 0", vec![Real::integer(1), Real::integer(0)])];
            for i in 1..p.count("how_many")? {
                let power = rows[i - 1].outputs[0].times(&base);
                rows.push(Row::closed(format!("i = {i}"), vec![power, Real::integer(i as i64)]));
            }
            Ok(rows)
        },
    };

    /// What is printed for these arguments.
    fn call(arguments: &[&str]) -> Result<(String, Value), String> {
        let arguments: Vec<&str> = ["powers"].iter().chain(arguments).copied().collect();
        let given = command(&POWERS).try_get_matches_from(arguments).map_err(|e| e.to_string())?;
        let rows = rows(&Registry::standard(), &POWERS, &given).map_err(|e| e.to_string())?;
        Ok((text(&POWERS, &rows), document(&POWERS, &rows)))
    }

    #[test]
    fn a_quantity_needs_nothing_else_to_be_a_command() {
        let (line, document) = call(&["--root", "5"]).unwrap();
        assert_eq!(line, "value = 1.0\nexact = 1/1\nexponent = 0.0\n");
        assert_eq!(document, serde_json::json!({"value": 1.0, "exact": "1/1", "exponent": 0.0}));
        let (lines, document) = call(&["--root", "3/2", "--how-many", "2"]).unwrap();
        let last = "i = 1: value = 1.5, exact = 3/2, exponent = 1.0\n";
        assert_eq!(lines, format!("i = 0: value = 1.0, exact = 1/1, exponent = 0.0\n{last}"));
        let row = serde_json::json!({"input": "i = 1", "value": 1.5, "exact": "3/2", "exponent": 1.0});
        assert_eq!((document["rows"].as_array().unwrap().len(), &document["rows"][1]), (2, &row));

        let help = command(&POWERS).render_long_help().to_string();
        for told in ["--root <NUMBER>", "for the test; 0 or more", "[default: 1]", "signcheck compute powers --root 2"]
        {
            assert!(help.contains(told), "{told}\n{help}");
        }
        assert!(call(&[]).unwrap_err().contains("--root <NUMBER>"));
        let error = call(&["--root", "-1"]).unwrap_err();
        assert_eq!(error, "powers: --root: 'base' is -1; it must be 0 or more");
    }

    #[test]
    fn what_is_beyond_doubles_is_null_and_says_why() {
        let row = Row::closed("", vec![Real::Float(f64::INFINITY), Real::integer(0)]);
        let document = document(&POWERS, &[row]);
        assert!(document["value"].is_null() && document["why"].as_str().unwrap().contains("doubles"), "{document}");
    }
}
