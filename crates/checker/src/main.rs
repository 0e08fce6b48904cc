//! `signcheck-check CERT...`: decides certificates again.

use signcheck_checker::certificate::{Verdict, check};
use std::io::Write as _;
use std::process::ExitCode;

const USAGE: &str = "usage: signcheck-check [--quiet] CERT...

Decides certificates of signcheck again, by a program of its own. One line for each, then the counts.
Exit code: 0 all confirmed, 1 some refused, 2 none refused but some unsupported, 3 a file that cannot be read.";

fn main() -> ExitCode {
    let mut quiet = false;
    let mut paths = Vec::new();
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--quiet") => quiet = true,
            Some("--help" | "-h") => {
                say(USAGE);
                return ExitCode::SUCCESS;
            }
            Some(other) if other.starts_with("--") => {
                eprintln!("error: '{other}' is no option\n{USAGE}");
                return ExitCode::from(3);
            }
            _ => paths.push(argument),
        }
    }
    if paths.is_empty() {
        eprintln!("error: no certificate is given\n{USAGE}");
        return ExitCode::from(3);
    }
    let [mut confirmed, mut refused, mut unsupported] = [0usize; 3];
    for path in &paths {
        let name = path.to_string_lossy();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(why) => {
                eprintln!("error: {name}: {why}; the path of a certificate was expected");
                return ExitCode::from(3);
            }
        };
        let line = match check(&text) {
            Verdict::Confirmed(words) => {
                confirmed += 1;
                format!("confirmed    {name}: {words}")
            }
            Verdict::Refused(why) => {
                refused += 1;
                format!("refused      {name}: {why}")
            }
            Verdict::Unsupported(what) => {
                unsupported += 1;
                format!("unsupported  {name}: {what}")
            }
            Verdict::Unreadable(why) => {
                eprintln!("error: {name}: {why}");
                return ExitCode::from(3);
            }
        };
        if !quiet {
            say(&line);
        }
    }
    say(&format!("{confirmed} confirmed, {refused} refused, {unsupported} unsupported"));
    match (refused, unsupported) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}

/// Prints a line; a reader who has left is no error.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
