//! The calculator: keys and exit codes of the contract, the page of worked examples, identities across its commands.

mod common;

use common::{Call, run};
use serde_json::Value;
use signcheck::model::Registry;
use std::path::Path;

fn compute(arguments: &[&str]) -> Call {
    let all: Vec<&str> = ["compute"].iter().chain(arguments).copied().collect();
    run(Path::new("."), &all)
}

fn answer(arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().chain(&["--json"]).copied().collect();
    let call = compute(&all);
    assert_eq!(call.code, Some(0), "{arguments:?}\n{call}");
    call.json()
}

fn value(arguments: &[&str]) -> f64 {
    answer(arguments)["value"].as_f64().expect("a number")
}

/// Words of a command line with single quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("a word").push(c),
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// (command, what the page shows below it).
fn examples(page: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ signcheck ").filter(|_| inside) {
            found.push((command.into(), Vec::new()));
        } else if inside {
            found.last_mut().expect("a command before its output").1.push(line.into());
        }
    }
    found
}

/// Whether a printed line is the page's. An `abs_error` is the distance of two computations: its size counts.
fn same(shown: &str, printed: &str) -> bool {
    let number = |line: &str| line.strip_prefix("abs_error = ").and_then(|n| n.parse::<f64>().ok());
    match (number(shown), number(printed)) {
        (Some(a), Some(b)) => a == b || (a > 0.0 && b > 0.0 && (0.1..10.0).contains(&(a / b))),
        _ => shown == printed,
    }
}

#[test]
fn the_page_shows_what_is_printed() {
    let page = include_str!("../docs/compute.md");
    let examples = examples(page);
    let registry = Registry::standard();
    for name in registry.quantities().map(|entry| entry.name).chain(["bound"]) {
        let section = page.split("\n## ").skip(1).find(|section| section.lines().next() == Some(name));
        let has_example = section.is_some_and(|s| s.contains(&format!("\n$ signcheck compute {name} ")));
        assert!(has_example, "docs/compute.md has no section '## {name}' with an example");
    }
    for (command, shown) in examples {
        let call = run(Path::new("."), &words(&command).iter().map(String::as_str).collect::<Vec<_>>());
        let wrong = shown.iter().any(|line| line.starts_with("error: "));
        assert_eq!(call.code, Some(if wrong { 3 } else { 0 }), "{command}\n{call}");
        let printed: Vec<&str> = if wrong { &call.stderr } else { &call.stdout }.lines().collect();
        let equal = shown.len() == printed.len() && shown.iter().zip(&printed).all(|(a, b)| same(a, b));
        assert!(equal, "{command}\nthe page shows\n{}\nprinted was\n{}", shown.join("\n"), printed.join("\n"));
    }
}

#[test]
fn every_quantity_is_a_command_with_examples_that_run() {
    let all = compute(&["--help"]).stdout;
    for entry in Registry::standard().quantities() {
        assert!(all.lines().any(|l| l.split_whitespace().next() == Some(entry.name)), "{}\n{all}", entry.name);
        let call = compute(&[entry.name, "--help"]);
        // Lines are broken at the width of a terminal.
        let help = call.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(call.code == Some(0) && help.contains(entry.source), "{call}");
        for param in entry.params {
            let flag = format!("--{} <", entry.flag(param.name));
            assert!(help.contains(&flag), "no {flag}\n{call}");
        }
        assert!(!entry.calculator.examples.is_empty(), "{} has no example", entry.name);
        for example in entry.calculator.examples {
            let command = format!("{} {example}", entry.name);
            assert!(help.contains(&format!("signcheck compute {command}")), "{command}\n{call}");
            let words = words(&command);
            let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
            let document = answer(&arguments);
            let rows = document["rows"].as_array().map_or_else(|| vec![&document], |rows| rows.iter().collect());
            assert!(rows.iter().all(|row| row["value"].is_f64() || row["why"].is_string()), "{command}\n{document}");
            for name in entry.calculator.beside {
                let is_output = entry.outputs.iter().skip(1).any(|o| o.name == *name);
                assert!(is_output && rows.iter().all(|row| row.get(*name).is_some()), "{command}: {name}\n{document}");
            }
            let lines = compute(&arguments);
            assert_eq!((lines.code, lines.stderr.as_str()), (Some(0), ""), "{lines}");
            assert!(lines.stdout.lines().filter(|l| l.contains("value = ")).count() == rows.len(), "{lines}");
        }
        let is_param = |name: &str| entry.params.iter().any(|p| p.name == name);
        assert!(
            entry.calculator.flags.iter().all(|(name, _)| is_param(name)),
            "{}: a flag of no parameter",
            entry.name
        );
    }
}

#[test]
fn several_inputs_have_a_row_each() {
    // exact: 1/(2n + 1)
    let found = answer(&["order-identity", "--n", "1,3"]);
    assert_eq!(found.as_object().unwrap().keys().collect::<Vec<_>>(), ["rows"]);
    let row = |n: u32| {
        serde_json::json!({"input": format!("n = {n}"), "value": 1.0 / f64::from(2 * n + 1),
        "exact": format!("1/{}", 2 * n + 1), "closed": 1.0 / f64::from(2 * n + 1)})
    };
    assert_eq!(found["rows"].as_array().unwrap()[..], [row(1), row(3)]);
    // exact: with entries 0 and 1 phi = nnz/d; three of the four vectors are not 0
    let lines = compute(&["density", "--values", "0,1", "--dimension", "2"]);
    let rows =
        ["(0, 1): value = 0.5, exact = 1/2", "(1, 0): value = 0.5, exact = 1/2", "(1, 1): value = 1.0, exact = 1/1"];
    assert_eq!(lines.stdout.lines().collect::<Vec<_>>(), rows, "{lines}");
}

#[test]
fn parameters_that_are_not_given_have_their_defaults() {
    // exact: sgn(0) = 0 gives C(v) = (0, 1), error 1; +1 gives (1, 1), error 2
    assert_eq!(value(&["compression", "--vector", "0,2"]), 1.0);
    assert_eq!(value(&["compression", "--vector", "0,2", "--compressor", "sign", "--sign-zero", "plus"]), 2.0);
    // exact: (1, 1) by qsgd is (zeta, zeta) sqrt 2, P = 1/sqrt 2, of second moment 2 sqrt 2: the error is 2 sqrt 2 - 2
    let plain = value(&["compression", "--compressor", "qsgd(rescale=no)", "--vector", "1,1"]);
    assert!((plain - (8f64.sqrt() - 2.0)).abs() < 1e-14, "{plain}");
    let explicit = ["compression", "--compressor", "qsgd( rescale=yes, levels = 1 )", "--vector", "1,1"];
    assert_eq!(answer(&explicit), answer(&["compression", "--compressor", "qsgd", "--vector", "1,1"]));
}

#[test]
fn answers_have_the_keys_of_the_contract() {
    let keys = |arguments: &[&str]| -> Vec<String> {
        let document = answer(arguments);
        for (key, value) in document.as_object().expect("one object") {
            assert!(if key == "exact" { value.is_string() } else { value.is_f64() }, "{key}: {value}");
        }
        document.as_object().expect("one object").keys().cloned().collect()
    };
    let exact = ["exact", "value"];
    assert_eq!(keys(&["vote-error", "--wrong", "0.3", "--workers", "5"]), exact);
    assert_eq!(keys(&["vote-error", "--wrong", "3/10,0.1,0"]), exact);
    assert_eq!(keys(&["vote-error", "--noise", "finite(50:1/10, -1:9/10)", "--workers", "3"]), exact);
    assert_eq!(keys(&["mean-error", "--noise", "finite(50:1/10, -1:9/10)", "--samples", "3"]), exact);
    assert_eq!(keys(&["density", "--vector", "-3,4"]), exact);
    assert_eq!(keys(&["sign-error-bound", "--snr", "2", "--kind", "cantelli"]), exact);
    assert_eq!(keys(&["warmup", "--momentum", "9/10"]), exact);
    assert_eq!(keys(&["communication", "--scheme", "vote", "--workers", "3", "--dimension", "7"]), exact);
    let rounded = ["abs_error", "value"];
    assert_eq!(keys(&["vote-error", "--noise", "laplace", "--mean", "-1/2", "--workers", "3"]), rounded);
    assert_eq!(keys(&["mean-error", "--noise", "student(5)", "--mean", "0.5", "--samples", "3"]), rounded);
    let median = ["--values", "-1,0,5", "--noise", "uniform", "--scale", "3"];
    let with = |name: &'static str| [&[name], median.as_slice()].concat();
    assert_eq!(keys(&with("median-gap")), ["abs_error", "median_mean", "value", "variance"]);
    assert_eq!(keys(&with("median-asymmetry")), ["abs_error", "odd_mass", "value"]);
}

#[test]
fn errors_say_what_is_accepted() {
    for (arguments, told) in [
        (vec!["vote-error", "--wrong", "0.3"], "--workers"),
        (vec!["vote-error", "--workers", "3"], "--wrong"),
        (vec!["vote-error", "--noise", "gaussian", "--mean", "1"], "--workers"),
        (vec!["vote-error", "--wrong", "0.3", "--noise", "gaussian", "--mean", "1", "--workers", "3"], "either"),
        (vec!["vote-error", "--wrong", "0.3", "--mean", "1", "--workers", "3"], "--noise"),
        (vec!["vote-error", "--wrong", "", "--workers", "3"], "exact number"),
        (vec!["vote-error", "--wrong", "0.3", "--workers", "5/2"], "a whole number, 1 or more"),
        (vec!["vote-error", "--wrong", "1.3", "--workers", "3"], "it must be in [0, 1]"),
        (vec!["vote-error", "--wrong", "0.3,0.1", "--workers", "3"], "it takes 1 or 3"),
        (vec!["vote-error", "--wrong", "x", "--workers", "3"], "exact number"),
        (vec!["vote-error", "--wrong", "0.3", "--workers", "10002"], "10001"),
        (vec!["vote-error", "--wrong", "0.3", "--workers", "3", "--ties", "never"], "half"),
        (vec!["vote-error", "--noise", "uniform", "--workers", "3"], "give a mean"),
        (vec!["vote-error", "--noise", "finite(1:1/2, -1:1/2)", "--workers", "3"], "give a mean"),
        (vec!["vote-error", "--noise", "uniform", "--mean", "0", "--workers", "3"], "no sign"),
        (vec!["mean-error", "--noise", "normal", "--mean", "1", "--samples", "3"], "gaussian"),
        (vec!["mean-error", "--noise", "finite(1:1/2, -1:1/3)", "--samples", "3"], "sum to 1"),
        (vec!["mean-error", "--noise", "gaussian", "--mean", "1", "--samples", "0"], "1 or more"),
        (vec!["median-gap", "--values", "1,2", "--noise", "gaussian", "--scale", "1"], "odd number"),
        (vec!["median-gap", "--values", "1,2,3", "--noise", "gaussian", "--scale", "-1"], "above 0"),
        (vec!["median-gap", "--values", "1,2,3", "--noise", "student(2)", "--scale", "1"], "above 2"),
        (vec!["median-asymmetry", "--sets", "1;;3", "--noise", "gaussian", "--scale", "1"], "exact number"),
        (vec!["density", "--vector", "0,0"], "differ from 0"),
        (vec!["sign-error-bound", "--snr", "-1", "--kind", "gauss"], "0 or more"),
        (vec!["sign-error-bound", "--snr", "1", "--kind", "chebyshev"], "cantelli"),
        (vec!["warmup", "--momentum", "3/2"], "in [0, 1)"),
        (vec!["communication", "--scheme", "pigeons", "--workers", "3", "--dimension", "7"], "terngrad"),
        (vec!["compression", "--compressor", "topk", "--vector", "1,2"], "did you mean 'top-k'"),
        (vec!["compression", "--compressor", "top-k", "--vector", "1,2"], "entries kept"),
        (vec!["compression", "--compressor", "top-k(k=0)", "--vector", "1,2"], "a whole number, 1 or more"),
        (vec!["compression", "--compressor", "top-k(n=1)", "--vector", "1,2"], "it has k"),
        (vec!["compression", "--compressor", "top-k(k=1", "--vector", "1,2"], "name(key=value, ..)"),
        (vec!["error-feedback", "--gradients", "1,2;3"], "rows of equal length"),
        (vec!["error-feedback", "--gradients", "1,2;3,x"], "rows are separated by ';'"),
        (vec!["error-feedback"], "--gradients, --values and --draws"),
        (vec!["interpolation", "--rows", "1,0;0,1", "--labels", "1,2"], "+1 or -1"),
        (vec!["order-identity", "--n", "1;2"], "separated by ','"),
        (vec!["noise-median", "--workers", "3", "--unit", "metre"], "deviation"),
        (vec!["noise-median", "--workers", "1000000000000"], "up to 501"),
        (vec!["density", "--values", "1", "--dimension", "1000000000000"], "use fewer"),
        (vec!["density", "--vector", "1,2", "--vector", "3,4"], "multiple times"),
        (vec!["expectation", "--first", "x"], "unknown name 'x'"),
        (vec!["vote-eror", "--wrong", "0.3"], "'vote-error'"),
        (vec!["vote-error", "--worker", "3"], "'--workers'"),
        (vec![], "vote-error"),
    ] {
        let call = compute(&arguments);
        assert!(call.code == Some(3) && call.stdout.is_empty() && call.stderr.contains(told), "{arguments:?}\n{call}");
    }
}

#[test]
fn commands_agree_with_each_other() {
    // identity: even M with ties counted half is M - 1
    for (even, odd) in [("2", "1"), ("10", "9"), ("100", "99")] {
        let half = answer(&["vote-error", "--wrong", "2/7", "--workers", even, "--ties", "half"]);
        assert_eq!(half["exact"], answer(&["vote-error", "--wrong", "2/7", "--workers", odd])["exact"], "{even}");
    }
    // identity: wrong with ties, plus right of the mirrored rate without ties, is everything
    let wrong = value(&["vote-error", "--wrong", "0.4", "--workers", "10000", "--ties", "wrong"]);
    let right = value(&["vote-error", "--wrong", "0.6", "--workers", "10000", "--ties", "right"]);
    assert!((wrong + right - 1.0).abs() < 1e-10, "{wrong} {right}");
    // identity: one worker votes as one draw is
    for law in ["gaussian", "laplace", "logistic", "uniform", "student(7/2)"] {
        let draw = ["--noise", law, "--mean", "3/4"];
        let vote = value(&[&["vote-error"], draw.as_slice(), &["--workers", "1"]].concat());
        assert_eq!(vote, value(&[&["mean-error"], draw.as_slice(), &["--samples", "1"]].concat()), "{law}");
    }
    // exact: the mean of N Gaussian draws of mean 1/4 is one draw of mean sqrt(N)/4
    let many = value(&["mean-error", "--noise", "gaussian", "--mean", "1/4", "--samples", "16"]);
    let one = value(&["mean-error", "--noise", "gaussian", "--mean", "1", "--samples", "1"]);
    assert!((many / one - 1.0).abs() < 1e-14, "{many} {one}");
    // identity: Cantelli's and Gauss's bounds hold for the laws that they speak of
    for law in ["gaussian", "laplace", "logistic", "uniform", "student(3)"] {
        for snr in ["1/2", "1", "3/2", "3"] {
            let error = value(&["mean-error", "--noise", law, "--mean", snr, "--samples", "1"]);
            let gauss = value(&["sign-error-bound", "--snr", snr, "--kind", "gauss"]);
            let cantelli = value(&["sign-error-bound", "--snr", snr, "--kind", "cantelli"]);
            assert!(error <= gauss + 1e-15 && gauss <= cantelli, "{law} {snr}: {error} {gauss} {cantelli}");
        }
    }
    // exact: moving values and scale together moves nothing else
    let near = answer(&["median-gap", "--values", "0,1,5", "--noise", "logistic", "--scale", "4"]);
    let far = answer(&["median-gap", "--values", "7,9,17", "--noise", "logistic", "--scale", "8"]);
    assert_eq!(near["value"].as_f64().unwrap() * 2.0, far["value"].as_f64().unwrap());
    assert_eq!(near["variance"].as_f64().unwrap() * 4.0, far["variance"].as_f64().unwrap());
}

#[test]
fn large_votes_are_answered() {
    // exact: Python 3, sum of comb(10001, k) 49^k 51^(10001 - k) over k > 5000, over 100^10001, in integers, then
    // rounded
    let found = answer(&["vote-error", "--wrong", "0.49", "--workers", "10001"]);
    let expected = 0.02273123872068075;
    let off = (found["value"].as_f64().unwrap() - expected).abs();
    assert!(off <= found["abs_error"].as_f64().unwrap() + 1e-12 * expected, "{found}");
    // identity: rates that are written one by one
    let list = ["0.49"; 301].join(",");
    let one = value(&["vote-error", "--wrong", "0.49", "--workers", "301"]);
    assert!((value(&["vote-error", "--wrong", &list]) / one - 1.0).abs() < 1e-11);
}

#[test]
fn the_median_gap_keeps_its_digits_for_large_noise() {
    // reference: mpmath 1.3.0 at 40 digits, quad of P[median > mean + z] - P[median < mean - z] over z > 0, the
    // probabilities written out for three workers at 0, 1 and 5: another route than the program's
    let table = [
        ("gaussian", [-0.80139213973381, -0.024381636841791, -2.4809799859809e-8]),
        ("logistic", [-0.8083383286867, -0.028894704617729, -2.96088124727e-8]),
        ("laplace", [-0.81625989133714, -0.041733690949699, -4.4999995276827e-8]),
        ("uniform", [-0.79220105240186, -0.020996483673985, -2.2498496483674e-8]),
        ("student(5)", [-0.81961024838989, -0.032975912342313, -3.3958426944864e-8]),
    ];
    for (law, gaps) in table {
        for (scale, expected) in ["1", "10", "10000"].into_iter().zip(gaps) {
            let found = value(&["median-gap", "--values", "0,1,5", "--noise", law, "--scale", scale]);
            assert!((found / expected - 1.0).abs() < 1e-12, "{law} at {scale}: {found}, not {expected}");
        }
    }
}
