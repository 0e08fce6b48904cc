//! Claim files and calls of the program that several tests have in common.
#![allow(dead_code)] // each test file uses a part

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A small deterministic claim: gradient descent on a quadratic, with a control that must fail and a figure.
pub(crate) const DESCENT: &str = r#"schema = 1
id = "test/descent"
title = "Gradient descent on a quadratic"
source = { paper = "test", place = "Theorem 1" }
statement = 'f(x_T) - f_* \le \frac{L R^2}{2T}'
relation = "upper"
left = "last(f) - fstar"
hypotheses = ["convex", "smooth", "minimiser"]

[parameters]
T = [1, 4]

[problem]
name = "quadratic"
curvature = [1, "1/8"]
start = [3, 4]

[oracle]
noise = "none"

[algorithm]
name = "sgd"
step_size = "1/L"

[run]
horizon = "T"

[[bound]]
name = "printed"
right = "L*R^2/(2*T)"
expect = "holds"
why = "the classical bound"

[[control]]
bound = "printed"
change = { right = "L*R^2/(2000*T^2)" }
expect = "violated"

[[figure]]
kind = "left-against-bound"
x = "T"
"#;

/// A small random claim: one noisy sign step, whose outcome is known to lie in [-1, 1].
pub(crate) const NOISY: &str = r#"schema = 1
id = "test/noisy"
title = "A fair sign step"
source = { paper = "test", place = "Theorem 2" }
statement = '\mathbb{E} x_1 = 0'
relation = "upper"
left = "last(x1)"

[problem]
name = "quadratic"
curvature = [1]
start = [0]

[oracle]
noise = { law = "gaussian", scale = 1 }

[algorithm]
name = "signsgd"
step_size = 1

[run]
horizon = 1
replicates = 4000

[[bound]]
name = "loose"
right = "1/2"
expect = "holds"
why = "the mean is 0 by symmetry"

[[control]]
bound = "loose"
change = { right = "-1/2" }
expect = "violated"

[[figure]]
kind = "curves"
y = ["f"]
"#;

/// `text` with one piece replaced; the piece must be there, so that a test cannot pass by a typing slip.
pub(crate) fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "the claim has no {old:?}");
    text.replacen(old, new, 1)
}

/// What a call of the program left behind.
pub(crate) struct Call {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Call {
    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("stdout is not one JSON document: {e}\n{self}"))
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "code {:?}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

impl From<Output> for Call {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints UTF-8");
        Call { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The program, to be started in a folder.
pub(crate) fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("signcheck"));
    command.args(arguments).current_dir(folder).env_remove("COLUMNS").stdin(Stdio::null());
    command
}

/// Runs the program in a folder.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Call {
    program(folder, arguments).output().expect("the program starts").into()
}

/// Runs the program with text on standard input.
pub(crate) fn run_with_input(folder: &Path, arguments: &[&str], input: &[u8]) -> Call {
    use std::io::Write;
    let mut child = program(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input).expect("the program reads its input");
    child.wait_with_output().expect("the program ends").into()
}

/// All files below a folder with their bytes, by path; those below a name that begins with a dot are left out.
pub(crate) fn files(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    collect(folder, folder, &mut found);
    found
}

fn collect(root: &Path, folder: &Path, found: &mut std::collections::BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a readable entry").path();
        if path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            found.insert(name, std::fs::read(&path).expect("a readable file"));
        }
    }
}

/// Ids of claims that come with the program and take a moment: counterexamples on small deterministic instances.
pub(crate) fn small_claims() -> Vec<String> {
    let all = signcheck::run::Catalog::matching("karimireddy2019/counterexample-*").expect("counterexamples");
    let id = |file: &str| file.trim_start_matches(signcheck::run::EMBEDDED).trim_end_matches(".toml").to_string();
    all.iter().map(|c| id(&c.file)).collect()
}
