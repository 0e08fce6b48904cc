//! Lines and exit codes of the program.

mod common;

use common::{at, seal, shipped};
use signcheck_checker::json::Json;
use std::path::PathBuf;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_signcheck-check")).args(arguments).output().unwrap()
}

/// A file of the first certificate with one value exchanged.
fn changed(name: &str, path: &[&str], new: &str) -> String {
    let mut document = Json::read(&shipped()[0].1).unwrap();
    *at(&mut document, path).unwrap() = Json::Text(new.into());
    seal(&mut document);
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, document.canonical()).unwrap();
    file.to_string_lossy().into_owned()
}

#[test]
fn exit_codes_say_what_was_found() {
    let good = shipped()[0].0.to_string_lossy().into_owned();
    let refused = changed("refused.json", &["claim", "bound", "0", "right"], "10^6");
    let unsupported = changed("unsupported.json", &["claim", "algorithm", "name"], "no-such-method");
    let other = changed("other.json", &["format"], "another format");
    let all = |arguments: &[&str]| {
        let output = run(arguments);
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, out, _) = all(&[&good]);
    assert!(code == Some(0) && out.starts_with("confirmed    ") && out.contains("]: 4 > "), "{out}");
    let (code, out, _) = all(&[&good, &refused, &unsupported]);
    let words: Vec<&str> = out.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!((code, words.as_slice()), (Some(1), &["confirmed", "refused", "unsupported", "1"][..]), "{out}");
    let (code, out, _) = all(&["--quiet", &good, &unsupported]);
    assert_eq!((code, out.as_str()), (Some(2), "1 confirmed, 0 refused, 1 unsupported\n"));
    for arguments in [&["no-such-file"][..], &[other.as_str()], &["--loud", good.as_str()], &[]] {
        let (code, _, error) = all(arguments);
        assert!(code == Some(3) && error.starts_with("error: "), "{arguments:?}: {error}");
    }
}
