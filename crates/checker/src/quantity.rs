//! Closed forms: the rows of outputs that a quantity has.

use crate::analysis::{log2, normal};
use crate::expr::{Expr, parse, split};
use crate::noise::{Outcomes, merged, product};
use crate::number::{Num, Q, ratio, sign, sum};
use crate::part::{Names, Part, above, count, exact};
use crate::{Answer, Fault, refuse, unsupported};
use std::collections::BTreeMap;

/// The outputs for one input.
pub(crate) type Row = BTreeMap<&'static str, Num>;

/// The rows of a quantity, in their order.
pub(crate) fn rows(part: Part, names: Names) -> Answer<Vec<Row>> {
    match part.text("name")? {
        "expectation" => expectation(part, names),
        "vote-error" => vote_error(part, names),
        "mean-error" => mean_error(part, names),
        "communication" => communication(part, names),
        "noise-median" => noise_median(part, names),
        "warmup" => warmup(part, names),
        "vote-of-signs" => vote_of_signs(part, names),
        "error-feedback" => crate::sequences::error_feedback(part, names),
        "interpolation" => crate::sequences::interpolation(part, names),
        other => unsupported(format!("the quantity '{other}'")),
    }
}

/// Whole numbers between two texts, as in `0..k`.
fn range(text: &str, names: Names) -> Answer<Option<Vec<Num>>> {
    let Some((from, to)) = text.split_once("..") else { return Ok(None) };
    let end = |text: &str| -> Answer<i64> {
        let value = exact(&[parse(text)?.value(names)?], "range")?.remove(0);
        match i64::try_from(value.numerator()) {
            Ok(n) if value.is_int() => Ok(n),
            _ => refuse(format!("'{text}' is no whole number")),
        }
    };
    let (a, b) = (end(from)?, end(to)?);
    if b - a >= 100_000 {
        return unsupported("a range of more than 100000 numbers");
    }
    Ok(Some((a..=b).map(Num::int).collect()))
}

const CONSTANTS: [&str; 9] = ["a", "b", "c", "d", "k", "m", "n", "s", "u"];
const SIDES: [&str; 3] = ["first", "second", "third"];

fn expectation(part: Part, names: Names) -> Answer<Vec<Row>> {
    part.only(&[&CONSTANTS[..], &SIDES[..], &["name", "law"]].concat())?;
    let mut constants: BTreeMap<&str, Num> = BTreeMap::new();
    for key in CONSTANTS {
        if part.get(key).is_some() {
            constants.insert(key, part.number(key, "", names)?);
        }
    }
    let known = |name: &str| match constants.get(name) {
        Some(value) => Ok(value.clone()),
        None => refuse(format!("'{name}' is no constant and no variable of the expectation")),
    };
    // Each outcome holds the values of the variables in their order.
    let mut variables: Vec<&str> = Vec::new();
    let mut all: Outcomes<Vec<Num>> = vec![(vec![], Q::ONE)];
    let law = part.get("law").map_or(Ok(""), |json| json.text("law"))?;
    for text in split(law, ';').into_iter().filter(|t| !t.trim().is_empty()) {
        let Some((name, values)) = text.split_once('=') else { return refuse(format!("'{text}' is no variable")) };
        let one: Outcomes<Num> = match range(values, &known)? {
            Some(numbers) => numbers.into_iter().map(|x| (x, Q::ONE)).collect(),
            None => atoms(values, &known)?,
        };
        if variables.contains(&name.trim()) || constants.contains_key(name.trim()) {
            return refuse(format!("'{}' is declared twice", name.trim()));
        }
        variables.push(name.trim());
        all = product(&all, &one, |before: &Vec<Num>, x| [before.as_slice(), std::slice::from_ref(x)].concat())?;
    }
    let mut row = Row::new();
    for side in SIDES {
        let Some(json) = part.get(side) else {
            row.insert(side, Num::int(0));
            continue;
        };
        let expr = crate::part::expression(json)?;
        let (mut mean, mut ends): (Num, Option<(Num, Num)>) = (Num::int(0), None);
        for (values, p) in all.iter().filter(|(_, p)| !p.is_zero()) {
            let value = expr.value(&|name| match variables.iter().position(|v| *v == name) {
                Some(i) => Ok(values[i].clone()),
                None => known(name),
            })?;
            mean = &mean + &(&value * &Num::from(p.clone()));
            ends = Some(match ends {
                None => (value.clone(), value),
                Some((a, b)) => (a.min(&value), b.max(&value)),
            });
        }
        row.insert(side, mean);
        if let (true, Some((least, largest))) = (side == "first", ends) {
            row.insert("least", least);
            row.insert("largest", largest);
        }
    }
    if part.get("first").is_none() {
        return refuse("the expectation lacks 'first'");
    }
    Ok(vec![row])
}

/// Values with probabilities, as in `-1 : 9/10, 50 : 1/10`.
fn atoms(text: &str, names: Names) -> Answer<Outcomes<Num>> {
    let mut out = Vec::new();
    let mut total = Q::ZERO;
    for atom in split(text, ',') {
        let pair = split(atom, ':');
        let [value, p] = pair.as_slice() else { return refuse(format!("'{atom}' is no value with a probability")) };
        let p = exact(&[parse(p)?.value(names)?], "probability")?.remove(0);
        if sign(&p) < 0 {
            return refuse("a probability is negative");
        }
        total += &p;
        out.push((parse(value)?.value(names)?, p));
    }
    if total.is_one() { Ok(out) } else { refuse(format!("the probabilities of '{text}' sum to {total}")) }
}

/// `P[more right than wrong]`, `P[as many]`, `P[fewer]`, for voters that are right and wrong with given probabilities.
fn votes(voters: &[(Num, Num)]) -> [Num; 3] {
    let n = voters.len();
    let mut law = vec![Num::int(0); 2 * n + 1];
    law[n] = Num::int(1);
    for (right, wrong) in voters {
        let silent = &(&Num::int(1) - right) - wrong;
        let at = |i: Option<usize>, p: &Num| i.and_then(|i| law.get(i)).map_or(Num::int(0), |q| p * q);
        law = (0..law.len())
            .map(|i| sum([&at(i.checked_sub(1), right), &at(Some(i + 1), wrong), &at(Some(i), &silent)]))
            .collect();
    }
    [sum(&law[n + 1..]), law[n].clone(), sum(&law[..n])]
}

fn vote_error(part: Part, names: Names) -> Answer<Vec<Row>> {
    part.only(&["name", "wrong", "workers", "ties"])?;
    let workers = part.get("workers").map(|_| part.count("workers", "", names)).transpose()?;
    let mut wrong = match part.need("wrong")? {
        crate::json::Json::List(_) => part.vector("wrong", None, names)?,
        _ => vec![part.number("wrong", "", names)?],
    };
    let workers = workers.unwrap_or(wrong.len());
    if wrong.len() == 1 && workers > 0 {
        wrong = vec![wrong[0].clone(); workers];
    }
    if wrong.len() != workers || workers > 400 {
        return unsupported("rates that do not match the workers, or more than 400 workers");
    }
    for q in &wrong {
        above(q, 0, true, "wrong")?;
        above(&-q.clone(), -1, true, "wrong")?;
    }
    let tied = match part.word("ties", &["wrong", "half", "right"])? {
        "wrong" => Num::int(1),
        "half" => Num::from(ratio(1, 2)),
        _ => Num::int(0),
    };
    let voters: Vec<(Num, Num)> = wrong.iter().map(|q| (&Num::int(1) - q, q.clone())).collect();
    let more = [voters.as_slice(), &[voters[workers - 1].clone(), voters[workers - 1].clone()]].concat();
    let error = |voters: &[(Num, Num)]| {
        let [_, tie, lose] = votes(voters);
        (&lose + &(&tied * &tie), tie)
    };
    let (now, tie) = error(&voters);
    let worst = wrong.iter().fold(wrong[0].clone(), |a, b| a.max(b));
    Ok(vec![Row::from([("error", now), ("tie", tie), ("more", error(&more).0), ("worst", worst)])])
}

fn mean_error(part: Part, names: Names) -> Answer<Vec<Row>> {
    part.only(&["name", "law", "samples", "mean"])?;
    let none = |name: &str| refuse(format!("'{name}' in a law"));
    let law = match part.text("law")?.trim() {
        "skew50" => atoms("50 : 1/10, -1 : 9/10", &none)?,
        "rademacher" => atoms("1 : 1/2, -1 : 1/2", &none)?,
        other => match other.strip_prefix("finite(").and_then(|t| t.strip_suffix(')')) {
            Some(inner) => atoms(inner, &none)?,
            None => return unsupported(format!("the law '{other}' of a mean")),
        },
    };
    let weighted = |law: &Outcomes<Num>, f: &dyn Fn(&Num) -> Num| {
        let parts: Vec<Num> = law.iter().map(|(v, p)| &f(v) * &Num::from(p.clone())).collect();
        sum(&parts)
    };
    let old = weighted(&law, &|v| v.clone());
    let mean = if part.get("mean").is_some() { part.number("mean", "", names)? } else { old.clone() };
    let law: Outcomes<Num> = merged(law.into_iter().map(|(v, p)| (&(&v - &old) + &mean, p)));
    let side = mean.sign()?;
    if side == 0 {
        return refuse("the law's mean is 0, whose sign cannot be missed");
    }
    let n = part.count("samples", "", names)?;
    if n == 0 || n > 400 {
        return unsupported("no samples, or more than 400");
    }
    let mut total: Outcomes<Num> = vec![(Num::int(0), Q::ONE)];
    for _ in 0..n {
        total = merged(product(&total, &law, |a, b| a + b)?);
    }
    let wrong = |law: &Outcomes<Num>| -> Answer<Num> {
        let mut out = Q::ZERO;
        for (v, p) in law {
            out += if v.sign()? == side { Q::ZERO } else { p.clone() };
        }
        Ok(Num::from(out))
    };
    let one = wrong(&law)?;
    let against = {
        let mut out = Q::ZERO;
        for (v, p) in &law {
            out += if v.sign()? == -side { p.clone() } else { Q::ZERO };
        }
        Num::from(out)
    };
    let vote = |n: usize| {
        let [_, tie, lose] = votes(&vec![(&Num::int(1) - &one, against.clone()); n]);
        &tie + &lose
    };
    let count = Num::int(n as i64);
    let deviation = (&weighted(&law, &|v| (v - &mean).power(2)) * &count).sqrt()?;
    // Distances of the two distribution functions at every jump, on either side of it.
    let places = exact(&total.iter().map(|(v, _)| v.clone()).collect::<Vec<_>>(), "law")?;
    let mut jumps: Vec<(Q, &Q)> = places.into_iter().zip(total.iter().map(|(_, p)| p)).collect();
    jumps.sort();
    let (mut below, mut farthest) = (Num::int(0), Num::int(0));
    for (v, p) in jumps {
        let smooth = normal(&(&Num::from(v) - &(&mean * &count)).over(&deviation)?)?;
        let upto = &below + &Num::from(p.clone());
        farthest = farthest.max(&(&below - &smooth).abs()).max(&(&upto - &smooth).abs());
        below = upto;
    }
    let gaussian = normal(&-(&mean.abs() * &count).over(&deviation)?)?;
    Ok(vec![Row::from([
        ("error", wrong(&total)?),
        ("one", one.clone()),
        ("vote", vote(n)),
        ("vote_more", vote(n + 2)),
        ("gaussian", gaussian),
        ("kolmogorov", farthest),
    ])])
}

fn communication(part: Part, names: Names) -> Answer<Vec<Row>> {
    part.only(&["name", "scheme", "workers", "dimension", "float_bits", "blocks"])?;
    let number = |key, default| -> Answer<Num> {
        let value = part.number(key, default, names)?;
        above(&value, 1, true, key)?;
        if value.floor()? == value { Ok(value) } else { refuse(format!("'{key}' is no whole number")) }
    };
    let [m, d, float, blocks] =
        [number("workers", "")?, number("dimension", "")?, number("float_bits", "32")?, number("blocks", "1")?];
    let entries = &m * &d;
    let all = |up: Num, down: Num, logs: Num| {
        Row::from([("whole", &up + &down), ("bits", &up + &logs), ("upload", up), ("broadcast", down)])
    };
    Ok(vec![match part.text("scheme")? {
        "sgd" => all(&entries * &float, &entries * &float, &entries * &float),
        "vote" => all(entries.clone(), entries.clone(), entries),
        // Ternary entries: two bits up; sums of M of them, which have 2 M + 1 values, down.
        "qsgd" | "terngrad" => {
            let logs = log2(&(&(&Num::int(2) * &m) + &Num::int(1)))?;
            let whole = -(-logs.clone()).floor()?;
            all(&entries * &Num::int(2), &entries * &whole, &entries * &logs)
        }
        // A sign for each entry and a float for each block, up.
        "ef-sign" => Row::from([("upload", &m * &(&d + &(&float * &blocks)))]),
        other => return unsupported(format!("the scheme '{other}'")),
    }])
}

fn noise_median(part: Part, names: Names) -> Answer<Vec<Row>> {
    part.only(&["name", "law", "workers", "distance", "unit"])?;
    if part.get("law").is_none_or(|l| *l != crate::json::Json::Text("uniform".into())) {
        return unsupported("the median of another law than the uniform one");
    }
    let m = part.count("workers", "", names)?;
    if m.is_multiple_of(2) || m > 1001 {
        return refuse("an even number of workers, or more than 1001");
    }
    // The median of M draws from (-sqrt 3, sqrt 3) is 2 sqrt 3 (B - 1/2) with B of the law Beta(n + 1, n + 1),
    // M = 2n + 1.
    let variance = Num::from(ratio(3, m as u64 + 2));
    let deviation = variance.sqrt()?;
    let unit = match part.word("unit", &["one", "deviation", "variance"])? {
        "one" => Num::int(1),
        "deviation" => deviation.clone(),
        _ => variance.clone(),
    };
    let distance = part.number("distance", "1", names)?;
    above(&distance, 0, true, "distance")?;
    let half = Num::from(ratio(1, 2));
    let at = &half + &(&distance * &unit).over(&(&Num::int(2) * &Num::int(3).sqrt()?))?;
    let inside = &(&Num::int(2) * &crate::facts::incomplete_beta(&at.min(&Num::int(1)), m.div_ceil(2))) - &Num::int(1);
    Ok(vec![Row::from([("inside", inside), ("deviation", deviation), ("variance", variance)])])
}

fn warmup(part: Part, names: Names) -> Answer<Vec<Row>> {
    part.only(&["name", "momentum"])?;
    let beta = part.number("momentum", "", names)?;
    above(&beta, 0, true, "momentum")?;
    above(&-beta.clone(), -1, false, "momentum")?;
    let rest = &Num::int(1) - &beta.power(2);
    let mut power = beta.clone();
    for c in 1..20_000i64 {
        let next = &power * &beta;
        let left = &(&power * &Num::from(ratio(c, 2))) * &(&rest * &Num::int(c + 1));
        let settled = left.order(&Num::int(1))?.is_le() && (&next + &next).order(&Num::int(1))?.is_le();
        if settled {
            return Ok(vec![Row::from([("steps", Num::int(c))])]);
        }
        power = next;
    }
    unsupported("a momentum that takes more than 20000 steps to settle")
}

fn vote_of_signs(part: Part, names: Names) -> Answer<Vec<Row>> {
    part.only(&["name", "values", "workers"])?;
    let values = part.vector("values", None, names)?;
    let workers = count(&part.number("workers", "", names)?, "workers")?;
    let all = grid(&values, workers)?;
    all.into_iter()
        .map(|list| {
            let signs: Vec<Num> = list.iter().map(|x| Ok(Num::int(x.sign()?))).collect::<Answer<_>>()?;
            let middle = crate::problem::median(list)?;
            Ok(Row::from([
                ("vote", Num::int(sum(&signs).sign()?)),
                ("median_sign", Num::int(middle.sign()?)),
                ("median", middle),
            ]))
        })
        .collect()
}

/// All lists of so many of some values, the last one running fastest.
pub(crate) fn grid<T: Clone>(values: &[T], length: usize) -> Answer<Vec<Vec<T>>> {
    let size = u32::try_from(length).ok().and_then(|n| values.len().checked_pow(n));
    if length == 0 || length > 200 || size.is_none_or(|n| n > 100_000) {
        return Err(Fault::Unsupported("no entries, or more than 100000 lists".into()));
    }
    let mut out: Vec<Vec<T>> = vec![vec![]];
    for _ in 0..length {
        out = out
            .iter()
            .flat_map(|list| values.iter().map(move |v| [list.as_slice(), std::slice::from_ref(v)].concat()))
            .collect();
    }
    Ok(out)
}

/// An expression over outputs and declared parameters.
pub(crate) fn side(expr: &Expr, row: &Row, names: Names) -> Answer<Num> {
    expr.value(&|name| match row.get(name) {
        Some(value) => Ok(value.clone()),
        None => names(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    fn first(text: &str) -> Row {
        let json = Json::read(text).unwrap();
        rows(Part::of(&json, "quantity").unwrap(), &|n| refuse(n)).unwrap().remove(0)
    }

    #[test]
    fn votes_by_hand() {
        let row = first("{\"name\": \"vote-error\", \"wrong\": \"1/100\", \"workers\": 2}");
        assert_eq!(row["error"], Num::from(ratio(199, 10_000)));
        let row = first("{\"name\": \"vote-error\", \"wrong\": \"3/10\", \"workers\": 5}");
        assert_eq!(row["error"], Num::from(ratio(4077, 25_000)));
        assert_eq!(row["worst"], Num::from(ratio(3, 10)));
    }

    #[test]
    fn expectations_by_hand() {
        let text =
            "{\"name\": \"expectation\", \"law\": \"x = 3 : 1/2, -2 : 1/2; t = 1..m\", \"first\": \"x*t\", \"m\": 3}";
        let row = first(text);
        // (3 - 2)/2 (1 + 2 + 3)
        assert_eq!((&row["first"], &row["largest"], &row["least"]), (&Num::int(3), &Num::int(9), &Num::int(-6)));
        let law = "finite(1:1/2, -1:1/2)";
        let row =
            first(&format!("{{\"name\": \"mean-error\", \"law\": \"{law}\", \"mean\": \"1/2\", \"samples\": 1}}"));
        assert_eq!(row["error"], Num::from(ratio(1, 2)));
    }

    #[test]
    fn other_closed_forms_by_hand() {
        assert_eq!(first("{\"name\": \"warmup\", \"momentum\": 0.9}")["steps"], Num::int(54));
        // One uniform draw: P[|z| <= sqrt(3)/sqrt(3)] with the deviation 1 is 1/sqrt 3.
        let row = first("{\"name\": \"noise-median\", \"law\": \"uniform\", \"workers\": 1}");
        assert!((row["inside"].lo().to_f64_fast() - 1.0 / 3f64.sqrt()).abs() < 1e-15);
        let row = first("{\"name\": \"communication\", \"scheme\": \"terngrad\", \"workers\": 4, \"dimension\": 1000}");
        assert_eq!(row["whole"], Num::int(24_000));
        assert_eq!(grid(&[0, 1], 2).unwrap(), [[0, 0], [0, 1], [1, 0], [1, 1]]);
    }
}
