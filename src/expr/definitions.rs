//! Named expressions that refer to each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Definitions that depend on themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CycleError {
    /// The names along the cycle; the first stands again at the end.
    pub path: Vec<String>,
}

impl fmt::Display for CycleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a definition depends on itself: ")?;
        let (head, tail): (&[String], &[String]) = match self.path.len() {
            0..=12 => (&self.path, &[]),
            n => (&self.path[..6], &self.path[n - 5..]),
        };
        write!(f, "{}", head.join(" -> "))?;
        if !tail.is_empty() {
            write!(f, " -> .. -> {}", tail.join(" -> "))?;
        }
        Ok(())
    }
}

impl std::error::Error for CycleError {}

/// An order in which every definition comes after those that it uses, given as names with what each uses, in the order
/// of its text; names without a definition are left to the environment. The order depends on the definitions alone.
///
/// # Errors
/// [`CycleError`] with the path of a cycle.
pub(crate) fn order(definitions: &BTreeMap<String, Vec<String>>) -> Result<Vec<String>, CycleError> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut sorted = Vec::with_capacity(definitions.len());
    for start in definitions.keys() {
        if done.contains(start.as_str()) {
            continue;
        }
        // An explicit stack: a long chain of names must not become a deep recursion.
        let mut open: BTreeSet<&str> = BTreeSet::from([start.as_str()]);
        let mut stack = vec![(start.as_str(), uses(definitions, start))];
        while let Some((name, pending)) = stack.last_mut() {
            let name = *name;
            match pending.pop() {
                Some(next) if done.contains(next) => {}
                Some(next) if open.contains(next) => {
                    let names = stack.iter().map(|(name, _)| *name).skip_while(|name| *name != next);
                    return Err(CycleError { path: names.chain([next]).map(str::to_owned).collect() });
                }
                Some(next) => {
                    open.insert(next);
                    stack.push((next, uses(definitions, next)));
                }
                None => {
                    done.insert(name);
                    open.remove(name);
                    sorted.push(name.to_owned());
                    stack.pop();
                }
            }
        }
    }
    Ok(sorted)
}

/// The definitions that one uses, last first, so that they are taken in the order of the text.
fn uses<'a>(definitions: &'a BTreeMap<String, Vec<String>>, name: &str) -> Vec<&'a str> {
    let used = definitions.get(name).into_iter().flatten().filter(|used| definitions.contains_key(*used));
    let mut names: Vec<&str> = used.map(String::as_str).collect();
    names.reverse();
    names
}
