//! A claim file as its manual describes it: layers of changes, sweeps, and the names that an expression may use.

use super::expr::{E, expression};
use super::number::{Got, Q, V, parse};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Lays a change over a file. A part that gets a new name starts from its own defaults; other tables are merged.
pub(crate) fn lay(base: &mut Table, change: &Table) {
    for (key, new) in change {
        let whole = key == "parameters" || key == "dimensions";
        match (base.get_mut(key), new) {
            (Some(Value::Table(old)), Value::Table(new)) if whole => {
                old.extend(new.clone());
            }
            (Some(Value::Table(old)), Value::Table(new)) if !renamed(old, new) => lay(old, new),
            // A bare text is a name: the same part stays as it stands.
            (Some(Value::Table(old)), Value::String(name))
                if ["name", "law"].iter().any(|k| text(old, k) == Some(name)) => {}
            _ => {
                base.insert(key.clone(), new.clone());
            }
        }
    }
}

/// Whether the change names another part than the table holds.
fn renamed(old: &Table, new: &Table) -> bool {
    ["name", "law"].iter().any(|k| new.get(*k).is_some_and(|n| old.get(*k).is_some_and(|o| n != o)))
}

pub(crate) fn table<'a>(t: &'a Table, key: &str) -> Option<&'a Table> {
    t.get(key).and_then(Value::as_table)
}

pub(crate) fn text<'a>(t: &'a Table, key: &str) -> Option<&'a str> {
    t.get(key).and_then(Value::as_str)
}

pub(crate) fn list<'a>(t: &'a Table, key: &str) -> &'a [Value] {
    t.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(crate) fn texts(t: &Table, key: &str) -> Vec<String> {
    list(t, key).iter().filter_map(|v| v.as_str().map(String::from)).collect()
}

/// A number or expression as an expression.
pub(crate) fn formula(v: &Value) -> Got<E> {
    match v {
        Value::Integer(n) => Ok(E::Num(Q::from(*n))),
        Value::Float(x) => parse(&format!("{x:?}")).map(E::Num).ok_or(format!("the number {x}")),
        Value::String(s) => expression(s),
        other => Err(format!("a number, not {other}")),
    }
}

/// The values of a declared parameter: one, or those of a sweep, at the quick profile.
fn swept(v: &Value) -> Vec<Value> {
    match v {
        Value::Array(all) => all.clone(),
        Value::Table(t) => t.get("quick").map(swept).unwrap_or_default(),
        one => vec![one.clone()],
    }
}

/// One combination of swept values, with all declared parameters as expressions.
pub(crate) struct Cell {
    pub case: Option<String>,
    pub swept: BTreeMap<String, V>,
    pub parameters: BTreeMap<String, E>,
}

/// All combinations of the swept parameters of one file.
pub(crate) fn cells(file: &Table, case: Option<&str>) -> Got<Vec<Cell>> {
    let mut all = vec![(BTreeMap::new(), BTreeMap::new())];
    for (name, value) in table(file, "parameters").into_iter().flatten() {
        let values = swept(value);
        let is_list = matches!(value, Value::Array(_))
            || matches!(value, Value::Table(t) if t.get("quick").is_some_and(Value::is_array));
        let mut next = Vec::new();
        for (marks, parameters) in &all {
            for v in &values {
                let e = formula(v)?;
                let (mut marks, mut parameters): (BTreeMap<String, V>, BTreeMap<String, E>) =
                    (Clone::clone(marks), Clone::clone(parameters));
                if is_list {
                    marks.insert(name.clone(), e.eval(&mut |_| None)?);
                }
                parameters.insert(name.clone(), e);
                next.push((marks, parameters));
            }
        }
        all = next;
    }
    Ok(all.into_iter().map(|(swept, parameters)| Cell { case: case.map(String::from), swept, parameters }).collect())
}

/// The value of an expression in which declared parameters and the given names stand.
pub(crate) fn evaluate(e: &E, parameters: &BTreeMap<String, E>, more: &dyn Fn(&str) -> Option<Got<V>>) -> Got<V> {
    e.eval(&mut |node| match node {
        E::Name(n) => match parameters.get(n) {
            Some(p) => Some(evaluate(p, parameters, more)),
            None => more(n),
        },
        _ => None,
    })
}

/// Questions of a file: each bound, and each control as a bound of its own.
pub(crate) struct Question {
    pub name: String,
    /// The file of each case that the question is put to, changes laid over it.
    pub files: Vec<(Option<String>, Table)>,
    pub left: String,
    pub relation: String,
    pub right: Option<Value>,
    pub margin: Option<Value>,
}

fn question(file: &Table, bound: &Table, control: Option<&Table>) -> Question {
    let mut name = text(bound, "name").unwrap_or("").to_string();
    let wanted = control.map(|c| texts(c, "cases")).filter(|c| !c.is_empty()).unwrap_or_else(|| texts(bound, "cases"));
    let mut cases: Vec<(Option<String>, Table)> = Vec::new();
    for case in list(file, "case").iter().filter_map(Value::as_table) {
        let label = text(case, "name").unwrap_or("").to_string();
        if wanted.is_empty() || wanted.contains(&label) {
            cases.push((Some(label), table(case, "change").cloned().unwrap_or_default()));
        }
    }
    if list(file, "case").is_empty() {
        cases.push((None, Table::new()));
    }
    let mut own = bound.clone();
    let mut changes = vec![table(bound, "change").cloned().unwrap_or_default()];
    if let Some(control) = control {
        name = format!("control of {name}");
        let mut second = table(control, "change").cloned().unwrap_or_default();
        for key in ["right", "left", "relation", "margin", "order"] {
            if let Some(v) = second.remove(key) {
                own.insert(key.into(), v);
            }
        }
        changes.push(second);
    }
    // First the case, then the bound's own change, then the control's.
    let files = cases.into_iter().map(|(label, case)| {
        let mut f = file.clone();
        lay(&mut f, &case);
        changes.iter().for_each(|c| lay(&mut f, c));
        (label, f)
    });
    let files = files.collect();
    finish(file, own, name, files)
}

fn finish(file: &Table, own: Table, name: String, files: Vec<(Option<String>, Table)>) -> Question {
    let pick = |key: &str| own.get(key).or_else(|| file.get(key)).cloned();
    let words = |key: &str| pick(key).and_then(|v| v.as_str().map(String::from)).unwrap_or_default();
    Question {
        name,
        files,
        left: words("left"),
        relation: words("relation"),
        right: pick("right"),
        margin: pick("margin"),
    }
}

/// All questions of a file, bounds first.
pub(crate) fn questions(file: &Table) -> Vec<Question> {
    let bounds: Vec<&Table> = list(file, "bound").iter().filter_map(Value::as_table).collect();
    let mut all: Vec<Question> = bounds.iter().map(|b| question(file, b, None)).collect();
    for control in list(file, "control").iter().filter_map(Value::as_table) {
        if let Some(b) = bounds.iter().find(|b| text(b, "name") == text(control, "bound")) {
            all.push(question(file, b, Some(control)));
        }
    }
    all
}
