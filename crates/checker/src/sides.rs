//! The two sides of a claim's bound, after its hypotheses were audited.

use crate::expr::{Expr, inequality, parse};
use crate::instance::Instance;
use crate::json::Json;
use crate::left::Left;
use crate::number::Num;
use crate::part::{Parameters, Part, expression, parameters};
use crate::quantity::{Row, rows, side};
use crate::walk::left_side;
use crate::{Answer, Fault, refuse, unsupported};
use std::cmp::Ordering;

/// How the sides are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Broken by left > right.
    Upper,
    /// Broken by left < right.
    Lower,
    /// Broken by left < right, where the right side is above 0.
    NonConvergence,
    /// Broken by |left - right| > margin.
    Identity,
    /// Broken by left > right or left < (1 - margin) right.
    Tight,
    /// Broken by left > right, the sides of two curves.
    Ordering,
}

/// Two sides, and how they are compared.
#[derive(Debug, Clone)]
pub(crate) struct Sides {
    /// The left side.
    pub left: Num,
    /// The right side.
    pub right: Num,
    /// What counts as equal.
    pub margin: Num,
    /// The relation.
    pub relation: Relation,
}

impl Relation {
    fn named(word: &str) -> Answer<Relation> {
        Ok(match word {
            "upper" => Relation::Upper,
            "lower" => Relation::Lower,
            "non-convergence" => Relation::NonConvergence,
            "identity" => Relation::Identity,
            "tight" => Relation::Tight,
            "ordering" => Relation::Ordering,
            other => return unsupported(format!("the relation '{other}'")),
        })
    }

    /// What stands between two sides that break the relation.
    pub(crate) fn broken(self, left: &Num, right: &Num) -> &'static str {
        match self {
            Relation::Upper | Relation::Ordering => ">",
            Relation::Lower | Relation::NonConvergence => "<",
            Relation::Identity => "is not",
            Relation::Tight => {
                if left.lo() > right.hi() {
                    ">"
                } else {
                    "<"
                }
            }
        }
    }
}

impl Sides {
    /// Whether the relation is broken.
    pub(crate) fn broken(&self) -> Answer<bool> {
        let Sides { left, right, margin, relation } = self;
        let larger = |a: &Num, b: &Num| Ok(a.lo() > b.hi() || (a.hi() > b.lo() && a.order(b)? == Ordering::Greater));
        match relation {
            Relation::Upper | Relation::Ordering => larger(left, right),
            Relation::Lower => larger(right, left),
            Relation::NonConvergence => {
                if right.sign()? <= 0 {
                    return refuse("a non-convergence whose right side is not above 0 decides nothing");
                }
                larger(right, left)
            }
            Relation::Identity => larger(&(left - right).abs(), margin),
            Relation::Tight => {
                let least = &(&Num::int(1) - margin) * right;
                Ok(larger(left, right)? || larger(&least, left)?)
            }
        }
    }
}

/// The keys of a claim that say something about it but enter no computation.
const ABOUT: [&str; 11] =
    ["schema", "id", "title", "source", "statement", "rate_in", "notes", "assumes", "units", "dimensions", "trivial"];
/// The keys of a claim that are computed with.
const READ: [&str; 13] = [
    "relation",
    "left",
    "hypotheses",
    "requires",
    "parameters",
    "problem",
    "oracle",
    "algorithm",
    "quantity",
    "semantics",
    "run",
    "bound",
    "curve",
];

/// A `change` laid over a table, key by key.
pub(crate) fn laid_over(base: &Json, change: &Json) -> Answer<Json> {
    let (Json::Table(base), Json::Table(change)) = (base, change) else { return Ok(change.clone()) };
    if change.contains_key("keep") {
        return unsupported("the key 'keep' of a change");
    }
    for key in ["name", "law"] {
        if let (Some(a), Some(b)) = (base.get(key), change.get(key))
            && a != b
        {
            // Another part: no key of the old one is left, except for the start, which is none.
            let mut out = change.clone();
            if let (Some(start), false) = (base.get("start"), change.contains_key("start")) {
                out.insert("start".into(), start.clone());
            }
            return Ok(Json::Table(out));
        }
    }
    let mut out = base.clone();
    for (key, new) in change {
        let merged = match base.get(key) {
            Some(old) => laid_over(old, new)?,
            None => new.clone(),
        };
        out.insert(key.clone(), merged);
    }
    Ok(Json::Table(out))
}

/// The bound of a claim that has one.
fn the_bound<'a>(claim: &Part<'a>, name: &str) -> Answer<Part<'a>> {
    match claim.need("bound")?.list("bound")? {
        [one] => {
            let bound = Part::of(one, "bound")?;
            bound.only(&["name", "right", "order", "margin", "expect", "why", "left", "relation", "trivial"])?;
            if bound.text("name")? != name {
                return refuse(format!("the certificate is about the bound '{name}', which its claim does not have"));
            }
            Ok(bound)
        }
        _ => refuse("the claim of a certificate has one bound"),
    }
}

fn texts<'a>(claim: &Part<'a>, key: &str) -> Answer<Vec<&'a str>> {
    match claim.get(key) {
        None => Ok(vec![]),
        Some(json) => json.list(key)?.iter().map(|one| one.text(key)).collect(),
    }
}

fn keys(part: &Part, about: &[&str]) -> Answer<()> {
    for key in about {
        if let Some(json) = part.get(key)
            && !matches!(
                (json, *key),
                (Json::Text(_), _) | (_, "schema" | "source" | "notes" | "assumes" | "dimensions")
            )
        {
            return refuse(format!("'{key}' is no text"));
        }
    }
    Ok(())
}

/// Audits a claim and computes the sides of its bound, at the present precision.
pub(crate) fn sides(json: &Json, bound: &str) -> Answer<Sides> {
    let claim = Part::of(json, "claim")?;
    claim.only(&[&ABOUT[..], &READ[..]].concat())?;
    keys(&claim, &ABOUT)?;
    if *claim.need("schema")? != Json::Count(1) {
        return unsupported("a claim of another schema than 1");
    }
    claim.text("id")?;
    let source = Part::of(claim.need("source")?, "source")?;
    source.only(&["paper", "place"])?;
    let the_bound = the_bound(&claim, bound)?;
    let relation = Relation::named(match the_bound.get("relation") {
        Some(json) => json.text("relation")?,
        None => claim.text("relation")?,
    })?;
    let left = match the_bound.get("left") {
        Some(json) => json.text("left")?,
        None => claim.text("left")?,
    };
    let left = parse(left)?;
    let right = the_bound.get("right").map(expression).transpose()?;
    let margin = the_bound.expr("margin", "0")?;

    if relation == Relation::Ordering {
        if right.is_some() {
            return unsupported("an ordering with a right side");
        }
        return ordering(&claim, json, &the_bound, &left);
    }
    let Some(right) = right else { return refuse("the bound lacks 'right'") };
    if claim.get("order").is_some() || the_bound.get("order").is_some() {
        return unsupported("an order of a relation that is no ordering");
    }
    if claim.get("quantity").is_some() {
        return of_quantity(&claim, relation, &left, &right, &margin);
    }
    let instance = audited(&claim, json)?;
    let names = |name: &str| instance.name(name);
    let (right, margin) = (right.value(&names)?, margin.value(&names)?);
    let left = left_side(&instance, &Left::of(left)?)?;
    Ok(Sides { left, right, margin, relation })
}

/// Reads an instance and audits its hypotheses and inequalities.
fn audited(claim: &Part, json: &Json) -> Answer<Instance> {
    let instance = Instance::read(json)?;
    for name in texts(claim, "hypotheses")? {
        instance.audit(name)?;
    }
    required(claim, &|name| instance.name(name))?;
    Ok(instance)
}

fn required(claim: &Part, names: crate::part::Names) -> Answer<()> {
    for text in texts(claim, "requires")? {
        if !inequality(text, names)? {
            return refuse(format!("the inequality '{text}' does not hold"));
        }
    }
    Ok(())
}

/// The left sides of the two curves that are the wrong way round.
fn ordering(claim: &Part, json: &Json, bound: &Part, left: &Expr) -> Answer<Sides> {
    let order = bound.need("order")?.list("order")?;
    let [first, second] = order else { return unsupported("an order of other than two curves") };
    let curves = claim.need("curve")?.list("curve")?;
    let value = |wanted: &Json| -> Answer<Num> {
        let mut found = None;
        for curve in curves {
            let curve = Part::of(curve, "curve")?;
            curve.only(&["name", "change"])?;
            if curve.need("name")? == wanted && found.replace(curve.need("change")?).is_some() {
                return refuse("two curves of one name");
            }
        }
        let Some(change) = found else { return refuse("the order names a curve that is not there") };
        let whole = laid_over(json, change)?;
        let instance = audited(&Part::of(&whole, "claim")?, &whole)?;
        left_side(&instance, &Left::of(left.clone())?)
    };
    Ok(Sides { left: value(first)?, right: value(second)?, margin: Num::int(0), relation: Relation::Ordering })
}

/// The sides of the row of a quantity that is nearest to a violation.
fn of_quantity(claim: &Part, relation: Relation, left: &Expr, right: &Expr, margin: &Expr) -> Answer<Sides> {
    if ["problem", "oracle", "algorithm", "run", "semantics", "curve"].iter().any(|key| claim.get(key).is_some()) {
        return unsupported("a quantity beside a run");
    }
    if !texts(claim, "hypotheses")?.is_empty() {
        return unsupported("hypotheses of a quantity");
    }
    let known: Parameters = parameters(claim.get("parameters"))?;
    let names = |name: &str| match known.get(name) {
        Some(value) => Ok(value.clone()),
        None => unsupported(format!("'{name}', which is no declared parameter and no output that is known here")),
    };
    required(claim, &names)?;
    let all: Vec<Row> = rows(Part::of(claim.need("quantity")?, "quantity")?, &names)?;
    let margin = margin.value(&names)?;
    let mut best: Option<(Num, Num)> = None;
    for row in &all {
        if let Some(name) = known.keys().find(|name| row.contains_key(name.as_str())) {
            return refuse(format!("the parameter '{name}' has the name of an output"));
        }
        let next = (side(left, row, &names)?, side(right, row, &names)?);
        best = Some(match best {
            Some(before) if !nearer(relation, &next, &before)? => before,
            _ => next,
        });
    }
    let Some((left, right)) = best else { return refuse("a quantity without rows") };
    Ok(Sides { left, right, margin, relation })
}

/// Whether one row is at least as near to a violation as another one before it.
fn nearer(relation: Relation, next: &(Num, Num), before: &(Num, Num)) -> Answer<bool> {
    let distance = |(left, right): &(Num, Num)| -> Answer<Num> {
        let size = left.abs().max(&right.abs());
        let gap = match relation {
            Relation::Identity => return Ok((left - right).abs()),
            Relation::Upper | Relation::Tight => left - right,
            _ => right - left,
        };
        if size.is_zero() { Ok(size) } else { gap.over(&size) }
    };
    let ratio = |(left, right): &(Num, Num)| match left.over(right) {
        Ok(value) => Ok((0, value)),
        Err(Fault::Undefined(_)) => Ok((left.sign()?, Num::int(0))),
        Err(fault) => Err(fault),
    };
    match distance(next)?.order(&distance(before)?)? {
        Ordering::Greater => Ok(true),
        Ordering::Less => Ok(false),
        Ordering::Equal => {
            let (a, b) = (ratio(next)?, ratio(before)?);
            Ok(match a.0.cmp(&b.0) {
                Ordering::Equal => a.1.order(&b.1)? != Ordering::Less,
                order => order == Ordering::Greater,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(relation: Relation, left: i64, right: i64, margin: i64) -> bool {
        let [left, right, margin] = [left, right, margin].map(Num::int);
        Sides { left, right, margin, relation }.broken().unwrap()
    }

    #[test]
    fn relations_are_broken_where_the_manual_says() {
        use Relation::{Identity, Lower, NonConvergence, Tight, Upper};
        assert!(broken(Upper, 2, 1, 0) && !broken(Upper, 1, 1, 0));
        assert!(broken(Lower, 0, 1, 0) && !broken(Lower, 1, 1, 0));
        assert!(broken(NonConvergence, 0, 1, 0) && !broken(NonConvergence, 1, 1, 0));
        assert!(broken(Identity, 3, 1, 1) && !broken(Identity, 2, 1, 1));
        assert!(broken(Tight, 0, 1, 0) && !broken(Tight, 1, 1, 0) && broken(Tight, 2, 1, 0));
        let flat = Sides { left: Num::int(-1), right: Num::int(0), margin: Num::int(0), relation: NonConvergence };
        assert!(flat.broken().is_err());
    }

    #[test]
    fn changes_replace_other_parts_as_a_whole() {
        let read = |t: &str| Json::read(t).unwrap();
        let base =
            read("{\"algorithm\": {\"name\": \"signum\", \"momentum\": 0}, \"parameters\": {\"a\": 1, \"b\": 2}}");
        let change = read("{\"algorithm\": {\"name\": \"sgd\"}, \"parameters\": {\"b\": 3}}");
        let out = laid_over(&base, &change).unwrap();
        assert_eq!(out, read("{\"algorithm\": {\"name\": \"sgd\"}, \"parameters\": {\"a\": 1, \"b\": 3}}"));
    }
}
