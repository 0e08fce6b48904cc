//! Rewritings that must change nothing: names, order, spelling, defaults written out, and methods that coincide.

use super::generate::Random;
use super::number::parse;
use toml::{Table, Value};

/// A rewritten file as text, with what was done to it.
pub(crate) struct Rewritten {
    pub how: &'static str,
    pub text: String,
}

const RENAMED: [(&str, &str); 3] = [("a", "r0"), ("b", "t1"), ("T", "steps_2")];

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Renames the parameters in an expression, name by name.
fn renamed(text: &str) -> String {
    let mut out = String::new();
    let mut name = String::new();
    for c in text.chars().chain([' ']) {
        if word(c) {
            name.push(c);
            continue;
        }
        out += RENAMED.iter().find(|(old, _)| *old == name).map_or(name.as_str(), |(_, new)| new);
        name.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// Goes through all values of a file; `free` marks where constants of a law have names of their own.
fn every(v: &mut Value, change: &dyn Fn(&str, &mut Value)) {
    match v {
        Value::Table(t) => {
            let state = t.get("law").and_then(Value::as_str) == Some("state-atoms");
            for (k, v) in t.iter_mut() {
                if !(state && k == "atoms") {
                    every(v, change);
                    change(k, v);
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|v| {
            every(v, change);
            change("", v);
        }),
        _ => {}
    }
}

fn rename(file: &Table) -> Table {
    let mut v = Value::Table(file.clone());
    let plain = [
        "name",
        "law",
        "id",
        "title",
        "why",
        "expect",
        "relation",
        "statement",
        "units",
        "paper",
        "place",
        "loss",
        "kink",
        "bound",
    ];
    every(&mut v, &|key, v| {
        if let Value::String(s) = v
            && !plain.contains(&key)
        {
            *s = renamed(s);
        }
        // The keys of `parameters`, also of those in changes.
        if key == "parameters"
            && let Value::Table(t) = v
        {
            *t = t.iter().map(|(k, v)| (renamed(k), v.clone())).collect();
        }
    });
    match v {
        Value::Table(t) => t,
        _ => unreachable!("a table stays one"),
    }
}

/// Decimals as fractions, whole numbers as texts.
fn spelled(file: &Table) -> Table {
    let mut out = file.clone();
    for key in ["problem", "parameters", "oracle", "algorithm", "run", "bound"] {
        if let Some(v) = out.get_mut(key) {
            every(v, &|key, v| match v {
                Value::Float(x) => {
                    *v = Value::String(parse(&format!("{x:?}")).map_or_else(|| x.to_string(), |q| q.to_string()));
                }
                Value::Integer(n) if key != "replicates" => *v = Value::String(format!("{n}/1")),
                _ => {}
            });
        }
    }
    out
}

/// The same tables in another order, with their keys in another order.
fn reordered(file: &Table) -> String {
    let text = toml::to_string(file).expect("a table is TOML");
    let mut groups: Vec<(String, Vec<Vec<&str>>)> = vec![(String::new(), vec![Vec::new()])];
    for line in text.lines() {
        if line.starts_with('[') {
            let root = line.trim_matches(['[', ']']).split('.').next().unwrap_or("").to_string();
            match groups.last_mut() {
                Some((r, blocks)) if *r == root => blocks.push(vec![line]),
                _ => groups.push((root, vec![vec![line]])),
            }
        } else if let Some(block) = groups.last_mut().and_then(|g| g.1.last_mut()) {
            block.push(line);
        }
    }
    // Keys without a table come first; of the rest the last come first.
    groups[1..].reverse();
    let mut out = String::new();
    for (_, blocks) in groups {
        for block in blocks {
            let (head, keys) = block.split_at(usize::from(block.first().is_some_and(|l| l.starts_with('['))));
            for line in head.iter().chain(keys.iter().rev()) {
                out += line;
                out.push('\n');
            }
        }
    }
    out
}

fn quiet(file: &Table) -> bool {
    let oracle = &file["oracle"];
    let calm = |v: Option<&Value>| v.is_none_or(|v| v.as_str() == Some("none"));
    let changes = toml::to_string(file).unwrap_or_default();
    calm(oracle.get("noise")) && oracle.get("sampling").is_none() && changes.matches("noise").count() <= 1
}

/// Methods that coincide with the file's, as changes of its algorithm.
fn twin(file: &Table, random: &mut Random) -> Option<(&'static str, Table)> {
    let text = toml::to_string(file).ok()?;
    // A memory shows which method it is, and a change of the method would meet another one.
    if text.contains("momentum_")
        || text.contains("error_")
        || text.matches("[algorithm").count() + text.matches("algorithm]").count() > 2
    {
        return None;
    }
    let method = file["algorithm"].as_table()?;
    let keys = |list: &[(&str, Value)]| -> Table {
        let mut t: Table = list.iter().map(|(k, v)| ((*k).to_string(), v.clone())).collect();
        t.insert("step_size".into(), method["step_size"].clone());
        t
    };
    let s = |x: &str| Value::String(x.into());
    let named = |x: &str| keys(&[("name", s(x))]);
    let still = |x: &str| keys(&[("name", s(x)), ("momentum", Value::Integer(0))]);
    let whole = file.get("semantics").and_then(|s| s.get("scaling")).is_none();
    let form = file.get("semantics").and_then(|s| s.get("momentum_form")).is_none();
    let all: Vec<(&'static str, Table)> = match method["name"].as_str()? {
        "sgd" => {
            let mut all = vec![
                ("ef-sgd without compression", keys(&[("name", s("ef-sgd")), ("compressor", s("identity"))])),
                (
                    "compressed-sgd without compression",
                    keys(&[("name", s("compressed-sgd")), ("compressor", s("identity"))]),
                ),
                (
                    "ef-lookahead without compression",
                    keys(&[("name", s("ef-lookahead")), ("compressor", s("identity"))]),
                ),
            ];
            if form {
                all.push(("sgdm without momentum", still("sgdm")));
            }
            if quiet(file) {
                all.push(("gd without noise", named("gd")));
            }
            all
        }
        "gd" if quiet(file) => vec![("sgd without noise", named("sgd"))],
        "signsgd" => {
            let mut delayed = named("delayed-signsgd");
            delayed.insert("delay".into(), Value::Integer(0));
            let mut all = vec![("signsgd without delay", delayed)];
            if form {
                all.extend([
                    ("signum without momentum", still("signum")),
                    ("signsgdm without momentum", still("signsgdm")),
                    ("signsgd-sim without momentum", still("signsgd-sim")),
                    ("signsgd-dim without momentum", still("signsgd-dim")),
                ]);
            }
            all
        }
        "vote" | "mv-signsgd" => {
            let mut open = named("vote-abstain");
            open.insert("threshold".into(), Value::Integer(0));
            let mut all = vec![("vote without abstention", open), ("a vote's other name", named("mv-signsgd"))];
            if form {
                all.push(("mv-signsgd-sim without momentum", still("mv-signsgd-sim")));
            }
            all
        }
        "scaled-signgd" => vec![("the name of noisy oracles", named("scaled-signsgd"))],
        "scaled-signsgd" => vec![("the name of oracles without noise", named("scaled-signgd"))],
        "scaled-signsgd-mean" if whole => {
            vec![("the sign compressor", keys(&[("name", s("compressed-sgd")), ("compressor", s("sign"))]))]
        }
        _ => return None,
    };
    // compressed-sgd compresses worker by worker, which is the same where there is one.
    let several = text.contains("workers") || text.contains("\"worker-");
    let all: Vec<_> = all.into_iter().filter(|(_, t)| !(t.contains_key("compressor") && several)).collect();
    (!all.is_empty()).then(|| random.pick(&all))
}

/// One rewriting, chosen by the number; none where the chosen one does not apply.
pub(crate) fn rewrite(file: &Table, seed: u64) -> Option<Rewritten> {
    let mut random = Random(seed ^ 0x7777);
    let mut out = file.clone();
    let how = match random.below(8) {
        0 => {
            let text = toml::to_string(&rename(file)).ok()?;
            return Some(Rewritten { how: "parameters renamed", text });
        }
        1 => {
            return Some(Rewritten { how: "keys and tables in another order", text: reordered(file) });
        }
        2 => {
            out = spelled(file);
            "numbers spelled otherwise"
        }
        3 => {
            out.remove("units");
            "units not waived"
        }
        4 => {
            let oracle = out.get_mut("oracle")?.as_table_mut()?;
            let workers = file["problem"]["name"].as_str().is_some_and(|n| !n.starts_with("worker"));
            if workers {
                oracle.entry("workers").or_insert(Value::Integer(1));
            }
            oracle.entry("batch").or_insert(Value::Integer(1));
            let laws = ["rademacher", "finite", "sparse-independent", "skew50"];
            match oracle.get_mut("noise") {
                Some(Value::Table(law))
                    if law.get("law").and_then(Value::as_str).is_some_and(|l| laws.contains(&l)) =>
                {
                    // A law laid over this one would meet the scale.
                    law.entry("scale").or_insert(Value::Integer(1));
                }
                None => {
                    oracle.insert("noise".into(), Value::String("none".into()));
                }
                _ => {}
            }
            "defaults written out"
        }
        5 => {
            let case = |name: &str| {
                Value::Table(Table::from_iter([
                    ("name".to_string(), Value::String(name.into())),
                    ("change".to_string(), Value::Table(Table::new())),
                ]))
            };
            if file.contains_key("case") {
                return None;
            }
            out.insert("case".into(), Value::Array(vec![case("one"), case("the other")]));
            "equal cells"
        }
        _ => {
            let (how, method) = twin(file, &mut random)?;
            out.insert("algorithm".into(), Value::Table(method));
            how
        }
    };
    Some(Rewritten { how, text: toml::to_string(&out).ok()? })
}
