//! The command line: one file per command. Names, JSON and exit codes are a contract with scripts.

mod bar;
mod budget;
mod check;
mod common;
mod compute;
mod export;
mod falsify;
mod list;
mod new;
mod regress;
mod replay;
mod reproduce;
mod say;
mod schema;
mod trace;
mod verify;

use clap::{Args, CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// What a command ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything as expected.
    Expected = 0,
    /// Some outcome is not as its file expects, or a control was not caught.
    Unexpected = 1,
    /// Nothing of that, but something is undecided that was not expected to be.
    Undecided = 2,
    /// Usage, spec, input, disk or budget error.
    Error = 3,
}

const AFTER: &str = "Exit codes: 0 as expected, 1 some outcome unexpected, 2 something undecided, 3 error.

Examples:
  signcheck reproduce                      decide every claim, draw every figure, write the page
  signcheck verify 'karimireddy2019/*'     decide some claims
  signcheck verify my-theorem.toml         decide a claim of your own
  signcheck show li2021/theorem-1          one claim in full";

/// Executable theorems for sign-based optimisation.
#[derive(Debug, Parser)]
#[command(name = "signcheck", version, about, after_help = AFTER)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Options of every command that computes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Computing {
    /// Threads; all cores if not given. Results do not depend on it.
    #[arg(long, value_name = "N", global = false)]
    threads: Option<usize>,
    /// Seed of all random numbers.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every claim and figure, write results, figures, ledger and page
    Reproduce(reproduce::Reproduce),
    /// Decide claims and print the verdicts
    Verify(verify::Verify),
    /// Print the iterates of one replicate
    Trace(trace::Trace),
    /// Evaluate a closed form of the papers
    Compute(compute::Compute),
    /// Search for the instance that is worst for a claim
    Falsify(falsify::Falsify),
    /// Decide a certificate again
    Replay(replay::Replay),
    /// Compare rates, error probabilities, gaps and bits with a baseline
    Regress(regress::Regress),
    /// Draw figures again from results
    Figure(export::Figure),
    /// Write the page again from results
    Report(export::Report),
    /// Export curves and ledger from results
    Export(export::Export),
    /// Write a commented claim file to start from
    New(new::New),
    /// List claims and the parts that claim files may name
    List(list::List),
    /// Show one claim in full
    Show(list::Show),
    /// Validate claim files
    Check(check::Check),
    /// Print the JSON Schema of a claim file, or the field reference
    Schema(schema::Schema),
    /// Print shell completions
    #[command(
        after_help = "Example: signcheck completions bash > ~/.local/share/bash-completion/completions/signcheck"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the program on its arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done about a closed pipe.
            let _ = error.print();
            let asked = !error.use_stderr();
            return ExitCode::from(if asked { Exit::Expected } else { Exit::Error } as u8);
        }
    };
    let result = match cli.command {
        Command::Reproduce(c) => c.run(),
        Command::Verify(c) => c.run(),
        Command::Trace(c) => c.run(),
        Command::Compute(c) => c.run(),
        Command::Falsify(c) => c.run(),
        Command::Replay(c) => c.run(),
        Command::Regress(c) => c.run(),
        Command::Figure(c) => c.run(),
        Command::Report(c) => c.run(),
        Command::Export(c) => c.run(),
        Command::New(c) => c.run(),
        Command::List(c) => c.run(),
        Command::Show(c) => c.run(),
        Command::Check(c) => c.run(),
        Command::Schema(c) => c.run(),
        Command::Completions { shell } => {
            // Through a buffer: the generator itself panics where its reader stops early.
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "signcheck", &mut text);
            common::print(&String::from_utf8_lossy(&text)).map(|()| Exit::Expected)
        }
    };
    match result {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            common::report_error(&error);
            ExitCode::from(Exit::Error as u8)
        }
    }
}
