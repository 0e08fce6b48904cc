//! Tables of a claim: keys that are known, numbers, vectors and declared parameters.

use crate::expr::{Expr, parse};
use crate::json::{Json, decimal};
use crate::number::{Num, Q, sign};
use crate::{Answer, refuse, unsupported};
use dashu_int::IBig;
use std::collections::BTreeMap;

/// What a name stands for.
pub(crate) type Names<'a> = &'a dyn Fn(&str) -> Answer<Num>;

/// The declared parameters.
pub(crate) type Parameters = BTreeMap<String, Num>;

/// Largest count of coordinates, steps, workers or draws.
const MOST: usize = 100_000;

/// One table of the claim.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    map: &'a BTreeMap<String, Json>,
    place: &'a str,
}

impl<'a> Part<'a> {
    /// A table with the name of its place.
    pub(crate) fn of(json: &'a Json, place: &'a str) -> Answer<Part<'a>> {
        Ok(Part { map: json.table(place)?, place })
    }

    /// Complains about every key that is not listed.
    pub(crate) fn only(&self, keys: &[&str]) -> Answer<()> {
        match self.map.keys().find(|k| !keys.contains(&k.as_str())) {
            Some(key) => unsupported(format!("the key '{key}' of {}", self.place)),
            None => Ok(()),
        }
    }

    /// What stands under a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Json> {
        self.map.get(key)
    }

    /// What stands under a key that must be there.
    pub(crate) fn need(&self, key: &str) -> Answer<&'a Json> {
        match self.map.get(key) {
            Some(json) => Ok(json),
            None => refuse(format!("{} lacks '{key}'", self.place)),
        }
    }

    /// A text that must be there.
    pub(crate) fn text(&self, key: &str) -> Answer<&'a str> {
        self.need(key)?.text(key)
    }

    /// One of some words; the first where the key is absent.
    pub(crate) fn word(&self, key: &str, words: &[&'static str]) -> Answer<&'static str> {
        let Some(json) = self.get(key) else { return Ok(words[0]) };
        let found = json.text(key)?;
        match words.iter().find(|w| **w == found) {
            Some(word) => Ok(word),
            None => unsupported(format!("{} = \"{found}\" of {}", key, self.place)),
        }
    }

    /// An expression, or the default where the key is absent.
    pub(crate) fn expr(&self, key: &str, default: &str) -> Answer<Expr> {
        self.get(key).map_or_else(|| parse(default), expression)
    }

    /// A number, or the default where the key is absent.
    pub(crate) fn number(&self, key: &str, default: &str, names: Names) -> Answer<Num> {
        self.expr(key, default)?.value(names)
    }

    /// A count, or the default where the key is absent.
    pub(crate) fn count(&self, key: &str, default: &str, names: Names) -> Answer<usize> {
        count(&self.number(key, default, names)?, key)
    }

    /// A vector: a list, or a number or expression in j for every coordinate.
    pub(crate) fn vector(&self, key: &str, d: Option<usize>, names: Names) -> Answer<Vec<Num>> {
        vector(self.need(key)?, d, key, names)
    }

    /// Vectors of one length, row by row.
    pub(crate) fn rows(&self, key: &str, names: Names) -> Answer<Vec<Vec<Num>>> {
        let rows: Vec<Vec<Num>> =
            self.need(key)?.list(key)?.iter().map(|row| vector(row, None, key, names)).collect::<Answer<_>>()?;
        match rows.first() {
            Some(first) if rows.iter().all(|r| r.len() == first.len()) => Ok(rows),
            _ => refuse(format!("the rows of '{key}' have different lengths, or there is none")),
        }
    }
}

/// A number or a text as an expression.
pub(crate) fn expression(json: &Json) -> Answer<Expr> {
    match json {
        Json::Count(n) => Ok(Expr::Value(Q::from(IBig::from(*n)))),
        Json::Double(x) => Ok(Expr::Value(decimal(*x))),
        Json::Text(t) => parse(t),
        _ => refuse("a number or an expression is neither"),
    }
}

fn vector(json: &Json, d: Option<usize>, key: &str, names: Names) -> Answer<Vec<Num>> {
    let out: Vec<Num> = match json {
        Json::List(all) => all.iter().map(|one| expression(one)?.value(names)).collect::<Answer<_>>()?,
        one => {
            let Some(d) = d else { return refuse(format!("'{key}' needs a list, or a dimension")) };
            let expr = expression(one)?;
            let at = |j: usize| expr.value(&|name| if name == "j" { Ok(Num::int(j as i64)) } else { names(name) });
            (0..d).map(at).collect::<Answer<_>>()?
        }
    };
    match d {
        _ if out.is_empty() => refuse(format!("'{key}' is empty")),
        Some(d) if d != out.len() => refuse(format!("'{key}' has {} entries, not {d}", out.len())),
        _ => Ok(out),
    }
}

/// A whole number from 0 on.
pub(crate) fn count(x: &Num, what: &str) -> Answer<usize> {
    let whole = x.exact().filter(|q| q.is_int() && sign(q) >= 0).and_then(|q| usize::try_from(q.numerator()).ok());
    match whole {
        Some(n) if n <= MOST => Ok(n),
        Some(_) => unsupported(format!("'{what}' above {MOST}")),
        None => refuse(format!("'{what}' is {}, no count", x.show())),
    }
}

/// The exact values of a list, refused where one is not known.
pub(crate) fn exact(values: &[Num], what: &str) -> Answer<Vec<Q>> {
    let one = |v: &Num| match v.exact() {
        Some(q) => Ok(q.clone()),
        None => unsupported(format!("'{what}' is irrational")),
    };
    values.iter().map(one).collect()
}

/// Refuses a number that is not known to lie above `low` (or at it, where `weak`).
pub(crate) fn above(x: &Num, low: i64, weak: bool, what: &str) -> Answer<()> {
    let low = Q::from(low);
    if x.lo() > &low || (weak && x.lo() >= &low) {
        Ok(())
    } else {
        refuse(format!("'{what}' is {}, outside its range", x.show()))
    }
}

/// The values of the declared parameters, each of which may depend on others.
pub(crate) fn parameters(json: Option<&Json>) -> Answer<Parameters> {
    let Some(json) = json else { return Ok(Parameters::new()) };
    let mut expressions = BTreeMap::new();
    for (name, one) in json.table("parameters")? {
        if ["k", "j", "E", "case", "input"].contains(&name.as_str()) {
            return refuse(format!("a parameter may not have the name '{name}'"));
        }
        expressions.insert(name.as_str(), expression(one)?);
    }
    let mut known = Parameters::new();
    // Every round settles what depends on settled ones only; what is left after as many rounds as names is a circle.
    for _ in 0..expressions.len() {
        for (name, expr) in &expressions {
            let missing = |n: &str, call: bool| !call && !known.contains_key(n);
            if !known.contains_key(*name) && !expr.mentions(&missing) {
                let value = expr.value(&|n| Ok(known[n].clone()))?;
                known.insert((*name).to_string(), value);
            }
        }
    }
    match expressions.keys().find(|name| !known.contains_key(**name)) {
        Some(name) => refuse(format!("the parameter '{name}' depends on itself or on a name that is not declared")),
        None => Ok(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::ratio;

    #[test]
    fn parameters_follow_each_other() {
        let read = |t: &str| parameters(Some(&Json::read(t).unwrap()));
        let found = read("{\"a\": \"b + 1\", \"b\": \"c/2\", \"c\": 0.5}").unwrap();
        assert_eq!(found["a"], Num::from(ratio(5, 4)));
        assert!(read("{\"a\": \"b\", \"b\": \"a\"}").is_err());
        assert!(read("{\"k\": 1}").is_err());
    }

    #[test]
    fn vectors_are_lists_or_expressions_in_j() {
        let table = Json::read("{\"v\": \"1 + j/4\", \"w\": [1, \"1/2\"]}").unwrap();
        let part = Part::of(&table, "part").unwrap();
        let none = |n: &str| refuse(n);
        assert_eq!(part.vector("v", Some(2), &none).unwrap()[1], Num::from(ratio(5, 4)));
        assert_eq!(part.vector("w", None, &none).unwrap()[1], Num::from(ratio(1, 2)));
        assert!(part.vector("w", Some(3), &none).is_err() && part.vector("v", None, &none).is_err());
        assert!(part.only(&["v"]).is_err() && part.only(&["v", "w"]).is_ok());
    }
}
