//! No text makes the checker panic.

mod common;

use common::{Random, at, places, seal, shipped};
use signcheck_checker::certificate::{Verdict, check};
use signcheck_checker::json::Json;

#[test]
fn damaged_texts_are_answered() {
    let all = shipped();
    let mut random = Random(7);
    for _ in 0..3000 {
        let (path, text) = random.pick(&all);
        let mut bytes = text.clone().into_bytes();
        match random.below(4) {
            0 => bytes.truncate(random.below(bytes.len())),
            1 => {
                let place = random.below(bytes.len());
                bytes[place] ^= 1 << random.below(7);
            }
            2 => {
                let place = random.below(bytes.len());
                bytes.insert(place, *random.pick(b"{}[]\",:0-.e\\\n"));
            }
            _ => {
                let (from, to) = (random.below(bytes.len()), random.below(bytes.len()));
                bytes.drain(from.min(to)..from.max(to));
            }
        }
        let damaged = String::from_utf8_lossy(&bytes);
        let verdict = check(&damaged);
        // White space between tokens is the only thing that may change without notice.
        let same = Json::read(&damaged).is_ok_and(|d| Json::read(text).is_ok_and(|o| o == d));
        assert!(same || !matches!(verdict, Verdict::Confirmed(_)), "{}: {damaged}", path.display());
    }
}

#[test]
fn values_of_other_kinds_are_answered() {
    let quick = |t: &str| t.len() < 6000 && !t.contains("mv-sto") && !t.contains("wilson");
    let all: Vec<_> = shipped().into_iter().filter(|(_, text)| quick(text)).collect();
    let mut random = Random(11);
    let numbers = [-1, 0, 1, 7, 400, 100_001, 1 << 62].map(Json::Count);
    let doubles = [0.5, -2.5, 1e308, 5e-324, 1e17].map(Json::Double);
    let texts = [
        "",
        "x",
        "1/0",
        "9^9^9",
        "((((",
        "0..0",
        "-1/2",
        "T",
        "D",
        "k",
        "sqrt(2)",
        "sqrt(-1)",
        "2^(1/64)",
        "10^5000",
        "1e9999",
        "x = 1 : 1",
        "none",
        "random",
        "exp(10^9)",
        "ln(0)",
        "log2(3)",
        "1..99",
        "min(1)",
        "E(E(f))",
        "mean(mean(f))",
        "é",
    ];
    let texts = texts.map(|t| Json::Text(t.into()));
    let lists = [Json::List(vec![]), Json::List(vec![Json::Null]), Json::List(vec![Json::List(vec![Json::Count(1)])])];
    let others = [Json::Null, Json::Flag(true), Json::Table([].into())];
    let odd = [&numbers[..], &doubles, &texts, &lists, &others].concat();
    for _ in 0..1200 {
        let (_, text) = random.pick(&all);
        let mut document = Json::read(text).unwrap();
        for _ in 0..=random.below(2) {
            let mut paths = Vec::new();
            places(&document, &[], &mut paths);
            let path: Vec<&str> = random.pick(&paths).iter().map(String::as_str).collect();
            if path.as_slice() != ["format"] {
                *at(&mut document, &path).unwrap() = random.pick(&odd).clone();
            }
        }
        seal(&mut document);
        let text = document.canonical();
        let begun = std::time::Instant::now();
        let _ = check(&text);
        assert!(begun.elapsed().as_secs() < 60, "an answer that takes a minute: {text}");
    }
}

#[test]
fn deep_and_long_texts_are_answered() {
    for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000), format!("{{\"format\": {}}}", "9".repeat(100_000))] {
        assert!(matches!(check(&text), Verdict::Unreadable(_)));
    }
    let (_, text) = &shipped()[0];
    for side in ["1+".repeat(4000) + "1", "(".repeat(9000), "-".repeat(9000) + "1", "2^".repeat(4000) + "1"] {
        let mut document = Json::read(text).unwrap();
        *at(&mut document, &["claim", "bound", "0", "right"]).unwrap() = Json::Text(side);
        seal(&mut document);
        assert!(!matches!(check(&document.canonical()), Verdict::Confirmed(_)));
    }
}
