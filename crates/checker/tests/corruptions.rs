//! Certificates that say something else than what is true are refused.
//!
//! Every corruption changes the meaning by construction: a side is another expression, a hypothesis fails, a
//! probability is another one. In most of them the digest is made anew, so that the mathematics refuses.

mod common;

use common::{Random, at, map, seal, shipped, text_at};
use dashu_ratio::RBig;
use signcheck_checker::certificate::{Verdict, check};
use signcheck_checker::json::Json;

type Change = fn(&mut Json, &mut Random) -> Option<()>;

const RIGHT: [&str; 4] = ["claim", "bound", "0", "right"];

/// Another expression in place of a side, whose value differs by a constant.
fn other_side(json: &mut Json, random: &mut Random, path: &[&str]) -> Option<()> {
    let old = text_at(json, path)?;
    let new = match random.below(3) {
        0 => format!("({old}) + 1/{}", 2 + random.below(50)),
        1 => format!("({old}) - {}", 1 + random.below(9)),
        _ => format!("2*({old}) + 1/1000 - ({old})"),
    };
    *at(json, path)? = Json::Text(new);
    Some(())
}

fn right_side(json: &mut Json, random: &mut Random) -> Option<()> {
    other_side(json, random, &RIGHT)
}

fn left_side(json: &mut Json, random: &mut Random) -> Option<()> {
    other_side(json, random, &["claim", "left"])
}

/// The left side turned about 0, where it is not 0.
fn turned_left(json: &mut Json, _: &mut Random) -> Option<()> {
    let old = text_at(json, &["claim", "left"])?;
    let zero = text_at(json, &["left", "exact"]).is_some_and(|t| t == "0/1");
    *at(json, &["claim", "left"])? = Json::Text(format!("-({old})"));
    (!zero).then_some(())
}

/// A recorded fraction with a digit changed, its doubles moved along with it.
fn recorded_digit(json: &mut Json, random: &mut Random) -> Option<()> {
    let side = *random.pick(&["left", "right"]);
    let old: RBig = text_at(json, &[side, "exact"])?.parse().ok()?;
    let step = RBig::from_parts((1 + random.below(9) as i64).into(), 10u8.into());
    let new = &old + if random.below(2) == 0 { step } else { -step };
    let value = new.to_f64_fast();
    *at(json, &[side, "exact"])? = Json::Text(format!("{}/{}", new.numerator(), new.denominator()));
    for (key, by) in [("estimate", 0.0), ("value", 0.0), ("low", -1e-12), ("high", 1e-12)] {
        if let Some(place) = at(json, &[side, key]) {
            *place = Json::Double(value + by * value.abs().max(1.0));
        }
    }
    Some(())
}

/// Recorded doubles that are off by more than their rounding, for sides that are no short fractions.
fn recorded_double(json: &mut Json, random: &mut Random) -> Option<()> {
    let side = *random.pick(&["left", "right"]);
    if at(json, &[side, "exact"]).is_some() {
        return None;
    }
    let factor = *random.pick(&[1.000_001, 0.999_999, 1.25, -1.0]);
    for key in ["estimate", "value", "low", "high"] {
        if let Some(place) = at(json, &[side, key]) {
            let Json::Double(x) = place else { return None };
            *place = Json::Double(*x * factor);
        }
    }
    if factor < 0.0 && side == "left" {
        let ends = map(at(json, &[side])?)?;
        let (low, high) = (ends.get("low")?.clone(), ends.get("high")?.clone());
        ends.insert("low".into(), high);
        ends.insert("high".into(), low);
    }
    Some(())
}

/// An end moved past the side that it should enclose.
fn recorded_end(json: &mut Json, random: &mut Random) -> Option<()> {
    let (key, by) = *random.pick(&[("low", 0.5), ("high", -0.5)]);
    let Json::Double(x) = at(json, &["left", key])? else { return None };
    *x += by * x.abs().max(1e-3);
    Some(())
}

/// The relation turned, or a margin that allows the difference.
fn relation(json: &mut Json, _: &mut Random) -> Option<()> {
    let new = match text_at(json, &["claim", "relation"])?.as_str() {
        "upper" => "lower",
        "lower" | "non-convergence" => "upper",
        "identity" => {
            map(at(json, &["claim", "bound", "0"])?)?.insert("margin".into(), Json::Text("10^9".into()));
            return Some(());
        }
        _ => {
            let Json::List(order) = at(json, &["claim", "bound", "0", "order"])? else { return None };
            order.reverse();
            return Some(());
        }
    };
    *at(json, &["claim", "relation"])? = Json::Text(new.into());
    Some(())
}

/// A hypothesis that the instance does not meet.
fn hypothesis(json: &mut Json, random: &mut Random) -> Option<()> {
    let problem = text_at(json, &["claim", "problem", "name"])?;
    let failing: &[&str] = match problem.as_str() {
        "quadratic" | "worker-squares" => &["bounded-domain", "bounded-gradient"],
        "huber" => &["pl", "pl-l1", "bounded-domain"],
        "absolute-pair" | "max-type" => &["smooth", "smooth-linf", "smooth-coordinate", "bounded-domain"],
        "linear" => &["lower-bound", "pl"],
        "pl-toy" => &["convex", "bounded-gradient", "bounded-domain"],
        "two-line-squares" | "line-losses" | "wilson" => &["bounded-domain"],
        _ => &["no-such-hypothesis"],
    };
    let new = Json::Text((*random.pick(failing)).into());
    match at(json, &["claim", "hypotheses"]) {
        Some(Json::List(all)) if random.below(2) == 0 => *all.last_mut()? = new,
        Some(Json::List(all)) => all.push(new),
        _ => {
            map(at(json, &["claim"])?)?.insert("hypotheses".into(), Json::List(vec![new]));
        }
    }
    Some(())
}

/// An inequality that does not hold.
fn inequality(json: &mut Json, random: &mut Random) -> Option<()> {
    let new =
        Json::Text((*random.pick(&["2 < 1", "1 < 1", "sqrt(-1) < 1", "0 >= 1/100", "1/0 > 0", "1/3 > 0.34"])).into());
    match at(json, &["claim", "requires"]) {
        Some(Json::List(all)) => all.push(new),
        _ => {
            map(at(json, &["claim"])?)?.insert("requires".into(), Json::List(vec![new]));
        }
    }
    Some(())
}

fn rows(json: &mut Json) -> Option<&mut Vec<Json>> {
    match at(json, &["claim", "oracle", "noise", "atoms"])? {
        Json::List(all) => Some(all),
        _ => None,
    }
}

/// A probability that is another one: the sum is no longer 1.
fn weight(json: &mut Json, random: &mut Random) -> Option<()> {
    let all = rows(json)?;
    let row = random.below(all.len());
    let Json::List(entries) = &mut all[row] else { return None };
    let new = match entries.last()? {
        Json::Text(t) => format!("({t})*{}/16", *random.pick(&[15, 17, 8])),
        _ => return None,
    };
    *entries.last_mut()? = Json::Text(new);
    Some(())
}

/// Two weights exchanged between atoms, or a value turned: the mean is no longer 0.
fn atoms(json: &mut Json, random: &mut Random) -> Option<()> {
    let finite = text_at(json, &["claim", "oracle", "noise", "law"])? == "finite";
    let all = rows(json)?;
    if finite && all.len() == 2 && random.below(2) == 0 {
        let (Json::List(a), Json::List(b)) = (all[0].clone(), all[1].clone()) else { return None };
        if a[1] == b[1] {
            return None;
        }
        all[0] = Json::List(vec![a[0].clone(), b[1].clone()]);
        all[1] = Json::List(vec![b[0].clone(), a[1].clone()]);
        return Some(());
    }
    let Json::List(entries) = &mut all[0] else { return None };
    entries[0] = match &entries[0] {
        Json::Text(t) => Json::Text(format!("-({t})")),
        Json::Count(n) if *n != 0 => Json::Count(-n),
        _ => return None,
    };
    Some(())
}

/// Another weight in the law of an expectation, or another rate of wrong votes.
fn quantity_weight(json: &mut Json, random: &mut Random) -> Option<()> {
    if let Some(law) = text_at(json, &["claim", "quantity", "law"]).filter(|l| l.contains("1/2")) {
        *at(json, &["claim", "quantity", "law"])? = Json::Text(law.replacen("1/2", "1/3", 1));
        return Some(());
    }
    let wrong = text_at(json, &["claim", "quantity", "wrong"])?;
    *at(json, &["claim", "quantity", "wrong"])? = Json::Text(format!("({wrong})*{}/16", *random.pick(&[13, 15])));
    Some(())
}

/// A parameter on which a recorded side depends, by hand, with another value.
fn constant(json: &mut Json, _: &mut Random) -> Option<()> {
    let (id, bound) = (text_at(json, &["claim", "id"])?, text_at(json, &["bound"])?);
    let (_, _, name) = *[
        // 2 M d T bits; the worst rate part/(1 + S^2); q itself; a step gamma; a mean of n draws; t/sqrt(3).
        ("table-1-wire", "", "T"),
        ("theorem-2a-steps", "", "S"),
        ("repetition-code", "", "q"),
        ("counterexample-1", "any-step", "gamma"),
        ("skewed-noise", "gaussian", "n"),
        ("equation-87", "near", "t"),
        ("karimireddy2019/bits", "saving", "size"),
        ("remark-10", "", "gamma"),
        ("sgd-comparison-bounds", "i", "sigma"),
        ("warmup", "", "after"),
        // |2 a2 - a1 - a3|/3, and 2 sqrt(d) |grad f(x_0)|/sqrt(T) with a gradient ell x_0.
        ("chen2020/theorem-3", "", "a1"),
        ("sun2023/theorem-1", "", "ell"),
    ]
    .iter()
    .find(|(part, one, _)| id.contains(part) && bound.contains(one))?;
    let value = at(json, &["claim", "parameters", name])?;
    *value = match value {
        Json::Count(n) => Json::Count(*n + 1),
        Json::Text(t) => Json::Text(format!("({t})*9/8")),
        _ => return None,
    };
    Some(())
}

/// The start or a curvature of an instance whose right side is f(x_0).
fn objective(json: &mut Json, random: &mut Random) -> Option<()> {
    if text_at(json, &RIGHT)? != "f0" {
        return None;
    }
    let path: &[&str] =
        if random.below(2) == 0 { &["claim", "problem", "start", "0"] } else { &["claim", "problem", "epsilon"] };
    let new = if path.len() == 4 { Json::Text("7/5".into()) } else { Json::Text("3/7".into()) };
    *at(json, path)? = new;
    Some(())
}

/// A key that is gone.
fn dropped(json: &mut Json, random: &mut Random) -> Option<()> {
    let (table, key): (&[&str], &str) = *random.pick(&[
        (&[][..], "bound"),
        (&[], "claim"),
        (&[], "left"),
        (&[], "right"),
        (&[], "outcome"),
        (&[], "version"),
        (&[], "path"),
        (&["left"], "estimate"),
        (&["right"], "value"),
        (&["claim"], "left"),
        (&["claim"], "relation"),
        (&["claim"], "bound"),
        (&["claim"], "parameters"),
        (&["claim"], "run"),
        (&["claim", "algorithm"], "step_size"),
        (&["claim", "algorithm"], "momentum"),
        (&["claim", "problem"], "curvature"),
        (&["claim", "problem"], "name"),
        (&["claim", "quantity"], "first"),
        (&["claim", "quantity"], "name"),
        (&["claim", "bound", "0"], "name"),
    ]);
    map(at(json, table)?)?.remove(key).map(|_| ())
}

/// A key under another name.
fn renamed(json: &mut Json, random: &mut Random) -> Option<()> {
    let tables: [&[&str]; 9] = [
        &["claim"],
        &["left"],
        &["right"],
        &["claim", "problem"],
        &["claim", "algorithm"],
        &["claim", "oracle"],
        &["claim", "run"],
        &["claim", "quantity"],
        &["claim", "bound", "0"],
    ];
    let table = map(at(json, random.pick::<&[&str]>(&tables))?)?;
    let key = table.keys().nth(random.below(table.len()))?.clone();
    let value = table.remove(&key)?;
    table.insert(key + "_", value);
    Some(())
}

/// What the document says of itself.
fn head(json: &mut Json, random: &mut Random) -> Option<()> {
    let (key, new) = random
        .pick(&[
            ("outcome", Json::Text("holds".into())),
            ("version", Json::Count(2)),
            ("bound", Json::Text("another".into())),
            ("note", Json::Text("an unknown key".into())),
            ("left", Json::Null),
        ])
        .clone();
    map(json)?.insert(key.into(), new);
    Some(())
}

/// Something else under the old digest, or another digest.
fn unsealed(json: &mut Json, random: &mut Random) -> Option<()> {
    if random.below(2) == 0 {
        let mut digits = text_at(json, &["digest"])?.into_bytes();
        let place = random.below(digits.len());
        digits[place] = if digits[place] == b'0' { b'1' } else { b'0' };
        *at(json, &["digest"])? = Json::Text(String::from_utf8(digits).ok()?);
        return Some(());
    }
    right_side(json, random)
}

const CHANGES: [(&str, bool, Change); 19] = [
    ("right side", true, right_side),
    ("left side", true, left_side),
    ("left turned", true, turned_left),
    ("recorded digit", true, recorded_digit),
    ("recorded digit again", true, recorded_digit),
    ("recorded double", true, recorded_double),
    ("recorded end", true, recorded_end),
    ("relation", true, relation),
    ("hypothesis", true, hypothesis),
    ("inequality", true, inequality),
    ("weight", true, weight),
    ("atoms", true, atoms),
    ("quantity's weight", true, quantity_weight),
    ("constant", true, constant),
    ("objective", true, objective),
    ("dropped", true, dropped),
    ("renamed", true, renamed),
    ("head", true, head),
    ("unsealed", false, unsealed),
];

#[test]
fn three_hundred_corruptions_are_not_confirmed() {
    // Two certificates take seconds each; what is changed in them is changed in others as well.
    let slow =
        |path: &std::path::Path| ["theorem-3-1", "theorem-4-1"].iter().any(|s| path.to_string_lossy().contains(s));
    let all: Vec<_> = shipped().into_iter().filter(|(path, _)| !slow(path)).collect();
    let mut random = Random(20_240_607);
    let (mut made, mut sealed, mut refused) = (0, 0, 0);
    let mut kinds = [0; CHANGES.len()];
    while made < 300 {
        let (path, text) = random.pick(&all);
        // Every kind comes about equally often; most certificates have no atoms to change.
        let kind = (0..CHANGES.len()).min_by_key(|i| kinds[*i]).unwrap();
        let mut document = Json::read(text).unwrap();
        let (name, again, change) = CHANGES[kind];
        if change(&mut document, &mut random).is_none() {
            continue;
        }
        if again {
            seal(&mut document);
            sealed += 1;
        }
        made += 1;
        kinds[kind] += 1;
        match check(&document.canonical()) {
            Verdict::Confirmed(words) => panic!("{}: '{name}' was not noticed: {words}", path.display()),
            Verdict::Refused(why) => {
                assert!(!again || !why.contains("digest"), "{why}");
                refused += 1;
            }
            _ => {}
        }
    }
    assert!(sealed >= 250 && refused >= 240, "{sealed} with a new digest, {refused} refused");
    assert!(kinds.iter().all(|n| *n >= 15), "{kinds:?}");
}
