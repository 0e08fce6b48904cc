//! Where along one number the outcome flips.

use super::CHEAP;
use super::family::{Candidate, Family};
use super::score::evaluate_candidate;
use super::slots::Path;
use crate::model::Registry;
use crate::scalar::{Rational, Scalar};

/// The place of a flip: it lies between the two.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Boundary {
    /// Name of the number.
    pub parameter: String,
    /// Lower end.
    pub low: Rational,
    /// Upper end.
    pub high: Rational,
    /// Whether the bound holds above the place; else it holds below.
    pub holds_above: bool,
}

/// Halvings of the enclosure.
const HALVINGS: usize = 40;
/// Doublings and halvings of the number in the search for a value at which the bound holds.
const REACH: u32 = 24;

/// The numbers of a setup by name: parameters by theirs, others by their place, `problem.curvature.0`.
#[must_use]
pub(super) fn names(family: &Family, skeleton: usize) -> Vec<String> {
    family.skeletons[skeleton].slots.iter().map(|slot| name_of(&slot.path)).collect()
}

fn name_of(path: &Path) -> String {
    match path.as_slice() {
        [section, name] if section == "parameters" => name.clone(),
        other => other.join("."),
    }
}

/// Encloses the place along one number of a broken instance at which the bound begins to hold.
///
/// # Errors
/// The number does not vary here (with those that do), or no flip was found.
pub(crate) fn boundary(
    registry: &Registry,
    family: &Family,
    broken: &Candidate,
    name: &str,
) -> Result<Boundary, String> {
    let names = names(family, broken.skeleton);
    let Some(slot) = names.iter().position(|n| n == name) else {
        let known = if names.is_empty() { "none".into() } else { names.join(", ") };
        return Err(format!("'{name}' is no number that varies in this family; it has: {known}"));
    };
    let domain = &family.skeletons[broken.skeleton].slots[slot].domain;
    // An instance outside the hypotheses decides nothing.
    let is_broken = |value: &Rational| -> Option<bool> {
        let mut candidate = broken.clone();
        candidate.numbers[slot] = value.clone();
        if !domain.holds(value) {
            return None;
        }
        evaluate_candidate(registry, family, &candidate, CHEAP).ok().map(|w| w.certain)
    };
    let start = broken.numbers[slot].clone();
    let whole = start.to_i64().is_some() && !domain.holds(&(start.clone() + Rational::ratio(1, 2)));
    let (mut bad, mut good) = match flip(&start, whole, &is_broken) {
        Some(pair) => pair,
        None => return Err(format!("the outcome does not flip along '{name}' within the hypotheses")),
    };
    for _ in 0..HALVINGS {
        let middle = (bad.clone() + &good) * Rational::ratio(1, 2);
        let middle = if whole { middle.floor() } else { middle };
        if middle == bad || middle == good {
            break;
        }
        match is_broken(&middle) {
            Some(true) => bad = middle,
            Some(false) => good = middle,
            None => break,
        }
    }
    let holds_above = good > bad;
    let (low, high) = if holds_above { (bad, good) } else { (good, bad) };
    Ok(Boundary { parameter: name.into(), low, high, holds_above })
}

/// Neighbouring tries of which the first breaks the bound and the second does not.
fn flip(start: &Rational, whole: bool, is_broken: &dyn Fn(&Rational) -> Option<bool>) -> Option<(Rational, Rational)> {
    let step = |value: &Rational, up: bool, i: u32| {
        let moved = if whole {
            let jump = Rational::integer(1 << i.min(20));
            if up { value.clone() + jump } else { value.clone() - jump }
        } else {
            // Small steps first, so that the nearest flip is found.
            let fine = 1u64 << (8 - i.min(8));
            let factor = Rational::ratio(fine as i64 + 1, fine);
            if up { value.clone() * factor } else { value.divide(&factor).ok()? }
        };
        Some(if whole { moved.floor() } else { moved })
    };
    for up in [false, true] {
        let mut bad = start.clone();
        for i in 0..REACH {
            let next = step(&bad, up, i)?;
            match is_broken(&next) {
                Some(true) => bad = next,
                Some(false) => return Some((bad, next)),
                None => break,
            }
        }
    }
    None
}
