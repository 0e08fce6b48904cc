//! What a claim file ties together: names that its parts share, and orders that its numbers keep.

use super::values::BOX;
use crate::claim::{Table, Value};
use crate::expr::Expr;
use std::collections::BTreeSet;

fn text_of(table: &Table, keys: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = table;
    for (i, key) in keys.iter().enumerate() {
        match at.get(key).map(|n| &n.value) {
            Some(value) if i + 1 == keys.len() => found.extend(value.texts().into_iter().map(str::to_string)),
            Some(Value::Table(inner)) => at = inner,
            _ => {}
        }
    }
    found
}

/// The names that a part of a tree uses, by itself and through declared parameters.
pub(super) fn closure(tree: &Table, places: &[&[&str]]) -> BTreeSet<String> {
    let names = |text: &String| match Expr::parse(text) {
        Ok(expr) => expr.names().into_iter().map(|(n, _)| n.to_string()).collect(),
        Err(_) => words(text),
    };
    let mut open: Vec<String> = places.iter().flat_map(|keys| text_of(tree, keys)).flat_map(|t| names(&t)).collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name.clone()) {
            open.extend(text_of(tree, &["parameters", &name]).iter().flat_map(names));
        }
    }
    found
}

/// The words of a text that is no expression: an inequality, or a table of atoms.
fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    split.filter(|w| w.starts_with(|c: char| c.is_ascii_alphabetic())).map(Into::into).collect()
}

/// Which parameters tie the parts of a claim together.
pub(super) struct Couplings {
    /// A parameter of the objective stands elsewhere too: another objective would not be the one that is meant there.
    pub problem: bool,
    /// The same of the noise.
    pub noise: bool,
    /// Parameters that only the two sides name: constants of the file's own instance, written by hand.
    pub by_hand: BTreeSet<String>,
    /// Parameters that give a box its size while no side names them: the size is written into the bound.
    pub of_box: BTreeSet<String>,
    /// Whether a side or an inequality names a constant of the objective. Without one the bound was computed for the
    /// file's own objective: no bound on f - f* that knows nothing of f holds for 2 f as well.
    pub names_objective: bool,
}

/// Constants of an objective and its start.
const OF_OBJECTIVE: &[&str] = &[
    "f0",
    "fstar",
    "D",
    "L",
    "L1",
    "Lmax",
    "Linf",
    "mu",
    "mu1",
    "rho",
    "R",
    "grad0_l1",
    "grad0_l2",
    "G",
    "second_moment",
];

impl Couplings {
    pub(super) fn new(tree: &Table) -> Self {
        let declared: BTreeSet<String> = match tree.get("parameters").map(|n| &n.value) {
            Some(Value::Table(table)) => table.entries.iter().map(|e| e.key.clone()).collect(),
            _ => BTreeSet::new(),
        };
        let of = |places: &[&[&str]]| -> BTreeSet<String> {
            closure(tree, places).intersection(&declared).cloned().collect()
        };
        let sides: [&[&str]; 3] = [&["left"], &["right"], &["margin"]];
        let runs: [&[&str]; 4] = [&["algorithm"], &["run"], &["requires"], &["oracle", "workers"]];
        let (problem, noise) = (of(&[&["problem"]]), of(&[&["oracle", "noise"]]));
        let mut named = closure(tree, &sides);
        named.extend(closure(tree, &[&["requires"]]));
        let elsewhere: BTreeSet<String> = of(&sides).union(&of(&runs)).cloned().collect();
        let inside = of(&[&["problem"], &["oracle"], &["algorithm"], &["run"], &["quantity"]]);
        Couplings {
            problem: problem.iter().any(|n| elsewhere.contains(n) || noise.contains(n)),
            noise: noise.iter().any(|n| elsewhere.contains(n) || problem.contains(n)),
            by_hand: of(&sides).difference(&inside).cloned().collect(),
            of_box: of(&[&["problem", BOX]]).difference(&of(&sides)).cloned().collect(),
            names_objective: OF_OBJECTIVE.iter().any(|name| named.contains(*name)),
        }
    }
}
