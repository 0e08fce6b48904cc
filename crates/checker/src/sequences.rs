//! Quantities of given, enumerated and drawn vectors: error feedback, and interpolation of labels.

use crate::compressor::{Compressor, Zero};
use crate::generator::Stream;
use crate::linear::{dot, solve};
use crate::noise::{Outcomes, merged};
use crate::number::{Num, Q, minus, norm2sq, plus, ratio, scaled, sign, sum};
use crate::part::{Names, Part, exact};
use crate::quantity::{Row, grid};
use crate::{Answer, refuse, unsupported};

/// |e_t|^2 and the distance of x_t to the gradients' span, for every sequence and every t.
pub(crate) fn error_feedback(part: Part, names: Names) -> Answer<Vec<Row>> {
    part.only(&[
        "name",
        "compressor",
        "step_size",
        "gradients",
        "values",
        "draws",
        "steps",
        "dimension",
        "data_seed",
        "sign_zero",
    ])?;
    let compressor = match part.get("compressor") {
        Some(json) => Compressor::read(Part::of(json, "compressor")?, names)?,
        None => Compressor::Sign,
    };
    let zero = Zero::named(part.word("sign_zero", &["zero", "plus", "minus"])?);
    let lr = part.number("step_size", "1", names)?;
    crate::part::above(&lr, 0, false, "step_size")?;
    let (steps, d) = (part.count("steps", "3", names)?, part.count("dimension", "2", names)?);
    let sequences: Vec<Vec<Vec<Num>>> = match (part.get("gradients"), part.get("values"), part.get("draws")) {
        (Some(_), None, None) => vec![part.rows("gradients", names)?],
        (None, Some(_), None) => {
            let values = part.vector("values", None, names)?;
            let all = grid(&values, steps.saturating_mul(d))?;
            all.iter().map(|flat| flat.chunks(d).map(<[Num]>::to_vec).collect()).collect()
        }
        (None, None, Some(_)) => {
            let draws = part.count("draws", "", names)?;
            if d == 0 || draws.saturating_mul(steps).saturating_mul(d) > 100_000 {
                return unsupported("no entries, or more than 100000 drawn ones");
            }
            let mut stream = Stream::new(part.count("data_seed", "1", names)? as u64, "error feedback");
            let mut entry = || {
                let (silent, j, shift) = (stream.below(4) == 0, stream.below(17) as i64 - 8, stream.below(4));
                if silent { Num::int(0) } else { Num::from(ratio(j, 1 << shift)) }
            };
            let mut gradient = || (0..d).map(|_| entry()).collect::<Vec<Num>>();
            (0..draws).map(|_| (0..steps).map(|_| gradient()).collect()).collect()
        }
        _ => return refuse("error-feedback takes one of 'gradients', 'values' and 'draws'"),
    };
    let mut out = Vec::new();
    for gradients in &sequences {
        follow(gradients, &compressor, zero, &lr, &mut out)?;
    }
    Ok(out)
}

fn follow(gradients: &[Vec<Num>], compressor: &Compressor, zero: Zero, lr: &Num, out: &mut Vec<Row>) -> Answer<()> {
    let d = gradients[0].len();
    let nothing = vec![Num::int(0); d];
    // What was sent so far, and the error.
    let mut states: Outcomes<(Vec<Num>, Vec<Num>)> = vec![((nothing.clone(), nothing.clone()), Q::ONE)];
    let (mut path, mut basis, mut largest): (Vec<Num>, Vec<Vec<Num>>, Num) = (nothing, vec![], Num::int(0));
    for (t, g) in gradients.iter().enumerate() {
        let expected = |states: &Outcomes<(Vec<Num>, Vec<Num>)>, of: &dyn Fn(&[Num], &[Num]) -> Num| {
            let parts: Vec<Num> = states.iter().map(|((x, e), p)| &of(x, e) * &Num::from(p.clone())).collect();
            sum(&parts)
        };
        let before = expected(&states, &|_, e| norm2sq(e));
        let mut next = Vec::new();
        for ((x, e), p) in &states {
            let wish = plus(&scaled(lr, g), e);
            for (sent, q) in compressor.send(&wish, zero, &[d])? {
                next.push(((minus(x, &sent), minus(&wish, &sent)), p * q));
            }
        }
        states = merged(next);
        if states.len() > 20_000 {
            return unsupported("more than 20000 outcomes of error feedback");
        }
        path = plus(&path, &scaled(lr, g));
        let fresh = away(g, &basis)?;
        if !norm2sq(&fresh).is_zero() {
            basis.push(fresh);
        }
        largest = largest.max(&norm2sq(g));
        let mut worst: Option<[Num; 4]> = None;
        for ((x, e), _) in &states {
            let outside = norm2sq(&away(x, &basis)?);
            let all = [
                outside.clone(),
                &outside - &norm2sq(e),
                norm2sq(&minus(&plus(x, e), &path)),
                norm2sq(&plus(&minus(x, e), &path)),
            ];
            worst = Some(match worst {
                None => all,
                Some(before) => std::array::from_fn(|i| before[i].max(&all[i])),
            });
        }
        let Some([outside_worst, excess, plus, minus]) = worst else { return refuse("a sequence without outcomes") };
        let mut outside = Num::int(0);
        for ((x, _), p) in &states {
            outside = &outside + &(&norm2sq(&away(x, &basis)?) * &Num::from(p.clone()));
        }
        let mut row = Row::from([
            ("error", expected(&states, &|_, e| norm2sq(e))),
            ("before", before),
            ("gradient", norm2sq(g)),
            ("largest", largest.clone()),
            ("outside", outside),
            ("outside_worst", outside_worst),
            ("excess", excess),
            ("plus", plus),
            ("minus", minus),
            ("steps", Num::int(t as i64 + 1)),
        ]);
        if let Ok(delta) = compressor.quality(d, &[d]) {
            row.insert("delta", delta);
        }
        out.push(row);
    }
    Ok(())
}

/// What is left of a vector outside of the span of an orthogonal basis.
fn away(v: &[Num], basis: &[Vec<Num>]) -> Answer<Vec<Num>> {
    let mut out = v.to_vec();
    for b in basis {
        let inner = |a: &[Num]| sum(&a.iter().zip(b).map(|(x, y)| x * y).collect::<Vec<_>>());
        let share = inner(&out).over(&inner(b))?;
        out = minus(&out, &scaled(&share, b));
    }
    Ok(out)
}

/// The smallest solution of Ax = y beside the maximum-margin separator.
pub(crate) fn interpolation(part: Part, names: Names) -> Answer<Vec<Row>> {
    part.only(&["name", "rows", "labels", "draws", "points", "dimension", "data_seed"])?;
    let mut out = Vec::new();
    if part.get("draws").is_none() {
        let rows = part.rows("rows", names)?;
        let rows = rows.iter().map(|r| exact(r, "rows")).collect::<Answer<Vec<_>>>()?;
        let labels = exact(&part.vector("labels", Some(rows.len()), names)?, "labels")?;
        out.extend(compare(&rows, &labels)?);
        return if out.is_empty() { refuse("the rows are dependent") } else { Ok(out) };
    }
    if part.get("rows").is_some() || part.get("labels").is_some() {
        return refuse("interpolation takes 'rows' and 'labels', or 'draws'");
    }
    let (draws, n) = (part.count("draws", "", names)?, part.count("points", "3", names)?);
    let d = part.count("dimension", "5", names)?;
    if !(1..=8).contains(&n) || d > 50 || draws > 10_000 {
        return unsupported("data sets of other than 1 to 8 points, of many dimensions, or too many of them");
    }
    let mut stream = Stream::new(part.count("data_seed", "1", names)? as u64, "interpolation");
    for _ in 0..draws {
        let mut row = || (0..d).map(|_| Q::from(stream.below(3) as i64 - 1)).collect::<Vec<Q>>();
        let rows: Vec<Vec<Q>> = (0..n).map(|_| row()).collect();
        let labels: Vec<Q> = (0..n).map(|_| Q::from(2 * stream.below(2) as i64 - 1)).collect();
        out.extend(compare(&rows, &labels)?);
    }
    if out.is_empty() { refuse("all drawn rows are dependent") } else { Ok(out) }
}

/// The combination of rows with weights.
fn combined(rows: &[Vec<Q>], weights: &[Q]) -> Vec<Q> {
    let mut out = vec![Q::ZERO; rows[0].len()];
    for (row, w) in rows.iter().zip(weights) {
        for (x, a) in out.iter_mut().zip(row) {
            *x += a * w;
        }
    }
    out
}

/// The outputs for one data set; nothing where its rows are dependent.
fn compare(rows: &[Vec<Q>], labels: &[Q]) -> Answer<Option<Row>> {
    let n = rows.len();
    if n > 12 {
        return unsupported("more than 12 points");
    }
    let gram: Vec<Vec<Q>> = rows.iter().map(|a| rows.iter().map(|b| dot(a, b)).collect()).collect();
    let Some(weights) = solve(gram.clone(), labels.to_vec()) else { return Ok(None) };
    let smallest = combined(rows, &weights);
    // The separator: the support S carries the margin with weights y_i a_i >= 0, and every other point is at least as
    // far.
    let mut separator = None;
    for set in 1u32..1 << n {
        let chosen: Vec<usize> = (0..n).filter(|i| set >> i & 1 == 1).collect();
        let part = chosen.iter().map(|&i| chosen.iter().map(|&j| gram[i][j].clone()).collect()).collect();
        let Some(found) = solve(part, chosen.iter().map(|&i| labels[i].clone()).collect()) else { continue };
        let mut all = vec![Q::ZERO; n];
        for (&i, w) in chosen.iter().zip(&found) {
            all[i] = w.clone();
        }
        let x = combined(rows, &all);
        let pulls = (0..n).all(|i| sign(&(&all[i] * &labels[i])) >= 0);
        if pulls && (0..n).all(|i| &labels[i] * dot(&rows[i], &x) >= Q::ONE) {
            separator = Some(x);
            break;
        }
    }
    let Some(separator) = separator else { return refuse("the data are not separable") };
    let apart: Vec<Q> = smallest.iter().zip(&separator).map(|(a, b)| a - b).collect();
    let misses: Vec<Q> = rows.iter().zip(labels).map(|(row, y)| dot(row, &smallest) - y).collect();
    let support = labels.iter().zip(&weights).map(|(y, a)| y * a).min().unwrap_or(Q::ZERO);
    let square = |v: &[Q]| Num::from(dot(v, v));
    Ok(Some(Row::from([
        ("norm", square(&smallest)),
        ("margin_norm", square(&separator)),
        ("distance", square(&apart)),
        ("support", Num::from(support)),
        ("residual", square(&misses)),
    ])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    #[test]
    fn random_messages_leave_the_span() {
        // Gradients (1, 1): always the same entry is kept, so that x_t = -(t, 0) and half of its square is outside.
        let text = "{\"name\": \"error-feedback\", \"compressor\": {\"name\": \"random-k\", \"k\": 1}, \"values\": [1], \"steps\": 3}";
        let json = Json::read(text).unwrap();
        let rows = error_feedback(Part::of(&json, "quantity").unwrap(), &|n| refuse(n)).unwrap();
        assert_eq!(rows[2]["outside_worst"], Num::from(ratio(9, 2)));
        assert_eq!((&rows[2]["minus"], &rows[2]["largest"]), (&Num::int(0), &Num::int(2)));
    }

    #[test]
    fn the_separator_leaves_out_points_that_are_far_enough() {
        // Points (1, 0) and (2, 1), both of label 1: the separator is (1, 0), the smallest solution (1, -1).
        let one = |n: i64| Q::from(n);
        let row = compare(&[vec![one(1), one(0)], vec![one(2), one(1)]], &[one(1), one(1)]).unwrap().unwrap();
        assert_eq!((&row["norm"], &row["margin_norm"], &row["distance"]), (&Num::int(2), &Num::int(1), &Num::int(1)));
        assert_eq!((&row["support"], &row["residual"]), (&Num::int(-1), &Num::int(0)));
    }
}
