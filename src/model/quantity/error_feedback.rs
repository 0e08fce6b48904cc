//! Error feedback over gradients that are given, whatever they are gradients of.
//!
//! **Formula** from x_0 = e_0 = 0: p = lr g_t + e_t; x_(t+1) = x_t - C(p); e_(t+1) = p - C(p). A row for every sequence
//! and every t = 1, .., its length. E is over the compressor's coins, all outcomes of which are run.
//! **Source** karimireddy2019, Algorithm 2, lemma 3 (whose proof is a statement on every sequence of gradients),
//! theorem IV and remark 10.
//! **Errors** none: the registered compressor itself runs in rationals.
//! **Assumptions** the compressor stays within the rationals (no 2-norm, no singular vector).
//! **Ties and edge cases** sgn(0) as `sign_zero` says. The projection is by exact orthogonalisation; gradients that
//! depend on earlier ones add nothing to the span.

use super::coins::Coins;
use super::compression::conventions;
use super::vectors::{DRAWS, SEED, SIGN_ZERO, exact, grid, show};
use super::{Calculator, OutputSpec, QuantityEntry, Row};
use crate::model::compressor::build_compressor;
use crate::model::elimination::dot;
use crate::model::{BuildError, DynCompressor, Kind, Limits, ParamSpec, Params, Real, Semantics};
use crate::rng::{CellKey, Stream};
use crate::scalar::{Rational, Scalar};

/// Most rows of one evaluation.
const MAX_ROWS: usize = 100_000;
/// Most entries of all gradients together.
const MAX_ENTRIES: usize = 20 * MAX_ROWS;

/// Registry line.
pub(super) static ENTRY: QuantityEntry = QuantityEntry {
    name: "error-feedback",
    summary: "|e_t|^2 and the distance of x_t to the gradients' span, for gradients that are given",
    source: "karimireddy2019, Algorithm 2, lemma 3 and theorem IV",
    params: &[
        ParamSpec { name: "compressor", kind: Kind::Compressor, default: Some("sign"), limits: Limits::ANY, doc: "C" },
        ParamSpec { name: "step_size", kind: Kind::Number, default: Some("1"), limits: Limits::POSITIVE, doc: "lr" },
        ParamSpec {
            name: "gradients",
            kind: Kind::Matrix,
            default: Some(""),
            limits: Limits::ANY,
            doc: "g_0, g_1, .. by rows",
        },
        ParamSpec {
            name: "values",
            kind: Kind::Vector,
            default: Some(""),
            limits: Limits::ANY,
            doc: "in place of `gradients`: all sequences of vectors with these entries",
        },
        ParamSpec {
            doc: "in place of `gradients`: so many drawn sequences; entries j 2^-s, |j| <= 8, s <= 3, a quarter of them 0",
            ..DRAWS
        },
        ParamSpec {
            name: "steps",
            kind: Kind::Count,
            default: Some("3"),
            limits: Limits::ONE_UP,
            doc: "length of those sequences",
        },
        ParamSpec {
            name: "dimension",
            kind: Kind::Count,
            default: Some("2"),
            limits: Limits::ONE_UP,
            doc: "d of those sequences",
        },
        SEED,
        SIGN_ZERO,
    ],
    outputs: &[
        OutputSpec { name: "error", doc: "E|e_t|_2^2" },
        OutputSpec { name: "before", doc: "E|e_(t-1)|_2^2" },
        OutputSpec { name: "gradient", doc: "|g_(t-1)|_2^2" },
        OutputSpec { name: "largest", doc: "largest |g_i|_2^2, i < t" },
        OutputSpec { name: "outside", doc: "E|x_t - P x_t|_2^2, P the projection onto the span of g_0, .., g_(t-1)" },
        OutputSpec { name: "outside_worst", doc: "the same, largest over the coins" },
        OutputSpec { name: "excess", doc: "|x_t - P x_t|_2^2 - |e_t|_2^2, largest over the coins" },
        OutputSpec { name: "plus", doc: "|x_t + e_t - lr sum g_i|_2^2, largest over the coins" },
        OutputSpec { name: "minus", doc: "|x_t - e_t + lr sum g_i|_2^2, largest over the coins" },
        OutputSpec { name: "steps", doc: "t" },
        OutputSpec { name: "delta", doc: "quality that the compressor claims" },
    ],
    calculator: Calculator {
        examples: &["--compressor 'top-k(k=1)' --gradients '2,1;0,1'"],
        beside: &["outside"],
        ..Calculator::PLAIN
    },
    evaluate,
};

fn evaluate(p: &Params) -> Result<Vec<Row>, BuildError> {
    let compressor = build_compressor(p)?;
    let step_size = exact(&[p.positive("step_size")?], "step_size")?.remove(0);
    let walk = Walk { compressor: &*compressor, semantics: conventions(p), step_size };
    let mut rows = Vec::new();
    for gradients in sequences(p)? {
        rows.extend(walk.rows(&gradients)?);
    }
    Ok(rows)
}

/// The sequences of gradients that the parameters specify.
fn sequences(p: &Params) -> Result<Vec<Vec<Vec<Rational>>>, BuildError> {
    let (steps, d) = (p.count("steps")?, p.count("dimension")?);
    let many = |count: usize| -> Result<(), BuildError> {
        let rows = count.saturating_mul(steps);
        if steps == 0 || d == 0 || rows > MAX_ROWS || rows.saturating_mul(d) > MAX_ENTRIES {
            let message = format!(
                "{count} sequences of {steps} steps in {d} dimensions; from 1 to {MAX_ROWS} rows, at most {MAX_ENTRIES} entries"
            );
            return Err(BuildError::about("steps", message));
        }
        Ok(())
    };
    match (p.has("gradients"), p.has("values"), p.has("draws")) {
        (true, false, false) => {
            Ok(vec![p.matrix("gradients")?.iter().map(|g| exact(g, "gradients")).collect::<Result<_, _>>()?])
        }
        (false, true, false) => {
            let flat = grid(&exact(&p.list("values")?, "values")?, steps.saturating_mul(d))?;
            many(flat.len())?;
            Ok(flat.iter().map(|all| all.chunks(d).map(<[Rational]>::to_vec).collect()).collect())
        }
        (false, false, true) => {
            let count = p.count("draws")?;
            many(count)?;
            let seed = p.count("data_seed")? as u64;
            let mut stream: Stream<1> = Stream::new(&CellKey::new(seed, &[], "error feedback"), 0);
            let mut below = |n: usize| stream.index(n)[0];
            let mut entry = || {
                let (silent, j, shift) = (below(4) == 0, below(17) as i64 - 8, below(4));
                if silent { Rational::zero() } else { Rational::ratio(j, 1 << shift) }
            };
            let mut gradient = || (0..d).map(|_| entry()).collect();
            Ok((0..count).map(|_| (0..steps).map(|_| gradient()).collect()).collect())
        }
        _ => {
            Err(BuildError::whole("give one of `gradients`, `values` and `draws` (both with `steps` and `dimension`)"))
        }
    }
}

/// One method on any sequence.
struct Walk<'a> {
    compressor: &'a dyn DynCompressor,
    semantics: Semantics,
    step_size: Rational,
}

/// What is gathered at one t over the coins.
#[derive(Clone)]
struct Gathered {
    error: Rational,
    outside: Rational,
    outside_worst: Rational,
    excess: Option<Rational>,
    plus: Rational,
    minus: Rational,
}

impl Walk<'_> {
    fn rows(&self, gradients: &[Vec<Rational>]) -> Result<Vec<Row>, BuildError> {
        let zero = Rational::zero;
        let [error, outside, outside_worst, plus, minus] = [zero(), zero(), zero(), zero(), zero()];
        let empty = Gathered { error, outside, outside_worst, excess: None, plus, minus };
        let mut gathered = vec![empty; gradients.len()];
        let bases = bases(gradients);
        let mut coins = Coins::new();
        loop {
            self.path(gradients, &bases, &mut coins, &mut gathered)?;
            if !coins.advance()? {
                break;
            }
        }
        let (mut largest, mut before) = (zero(), zero());
        let mut rows = Vec::with_capacity(gradients.len());
        for (t, (seen, g)) in gathered.into_iter().zip(gradients).enumerate() {
            let size = dot(g, g);
            largest = Ord::max(largest, size.clone());
            let texts: Vec<String> = gradients[..=t].iter().map(|g| show(g)).collect();
            let steps = Rational::integer(t as i64 + 1);
            let outputs = [
                seen.error.clone(),
                std::mem::replace(&mut before, seen.error),
                size,
                largest.clone(),
                seen.outside,
                seen.outside_worst,
                seen.excess.unwrap_or_else(zero),
                seen.plus,
                seen.minus,
                steps,
            ];
            let outputs = outputs.map(Real::Exact).into_iter().chain([self.compressor.quality(g.len())]).collect();
            rows.push(Row::closed(texts.join(", "), outputs));
        }
        Ok(rows)
    }

    /// One outcome of the coins. What is gathered at t needs the probability of the whole outcome, which is known only
    /// at the end; outcomes that differ after t add up to the right weight there.
    fn path(
        &self,
        gradients: &[Vec<Rational>],
        bases: &[Vec<Vec<Rational>>],
        coins: &mut Coins<Rational>,
        gathered: &mut [Gathered],
    ) -> Result<(), BuildError> {
        let d = gradients.first().map_or(0, Vec::len);
        let [mut x, mut e, mut sum] = [(); 3].map(|()| vec![Rational::zero(); d]);
        let mut norms = Vec::with_capacity(gradients.len());
        for (t, g) in gradients.iter().enumerate() {
            for (e, g) in e.iter_mut().zip(g) {
                e.add_product(g, &self.step_size);
            }
            for (sum, g) in sum.iter_mut().zip(g) {
                sum.add_product(g, &self.step_size);
            }
            let mut sent = e.clone();
            crate::model::Compresses::<Rational>::compress_in(self.compressor, &mut sent, &self.semantics, coins)
                .map_err(|fault| BuildError::about("compressor", format!("{}: {fault}", show(&e))))?;
            for ((x, e), sent) in x.iter_mut().zip(&mut e).zip(&sent) {
                *x -= sent;
                *e -= sent;
            }
            let (outside, error) = (outside(&x, &bases[t]), dot(&e, &e));
            let seen = &mut gathered[t];
            seen.outside_worst = Ord::max(seen.outside_worst.clone(), outside.clone());
            let excess = outside.clone() - &error;
            seen.excess = Some(seen.excess.take().map_or(excess.clone(), |old| Ord::max(old, excess)));
            let square = |sign: i64| {
                let sign = Rational::integer(sign);
                let off = |i: usize| x[i].clone() + sign.clone() * (e[i].clone() - &sum[i]);
                let off: Vec<Rational> = (0..d).map(off).collect();
                dot(&off, &off)
            };
            seen.plus = Ord::max(seen.plus.clone(), square(1));
            seen.minus = Ord::max(seen.minus.clone(), square(-1));
            norms.push((error, outside));
        }
        for (seen, (error, outside)) in gathered.iter_mut().zip(&norms) {
            seen.error.add_product(error, &coins.probability);
            seen.outside.add_product(outside, &coins.probability);
        }
        Ok(())
    }
}

/// For each t an orthogonal basis of the span of g_0, .., g_t.
fn bases(gradients: &[Vec<Rational>]) -> Vec<Vec<Vec<Rational>>> {
    let mut basis: Vec<Vec<Rational>> = Vec::new();
    let mut all = Vec::with_capacity(gradients.len());
    for g in gradients {
        let rest = away(g, &basis);
        if rest.iter().any(|v| !v.is_zero()) {
            basis.push(rest);
        }
        all.push(basis.clone());
    }
    all
}

/// The part of a vector outside the span of an orthogonal basis.
fn away(v: &[Rational], basis: &[Vec<Rational>]) -> Vec<Rational> {
    let mut rest = v.to_vec();
    for b in basis {
        // A basis holds no zero vector.
        let weight = dot(v, b).divide(&dot(b, b)).unwrap_or_else(|_| Rational::zero());
        for (rest, b) in rest.iter_mut().zip(b) {
            rest.sub_product(b, &weight);
        }
    }
    rest
}

fn outside(x: &[Rational], basis: &[Vec<Rational>]) -> Rational {
    let rest = away(x, basis);
    dot(&rest, &rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn rows(compressor: &str, own: &[(&'static str, i64)], gradients: &[&[i64]]) -> Vec<Vec<String>> {
        let number = |n: &i64| Real::integer(*n);
        let mut inner = Params::default();
        for (key, value) in own {
            inner.values.insert(key, ParamValue::Number(number(value)));
        }
        let mut p = Params::default();
        p.values.insert(
            "compressor",
            ParamValue::Compressor(crate::model::Registry::standard().compressor(compressor).unwrap(), inner),
        );
        p.values.insert(
            "gradients",
            ParamValue::Matrix(gradients.iter().map(|g| g.iter().map(number).collect()).collect()),
        );
        for (key, value) in [("step_size", 1), ("steps", 1), ("dimension", 1)] {
            p.values.insert(key, ParamValue::Number(Real::integer(value)));
        }
        evaluate(&p).unwrap().iter().map(|r| r.outputs.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn two_steps_of_top_1_by_hand() {
        // exact: g_0 = (2, 1): x_1 = (-2, 0), e_1 = (0, 1). Outside the span of (2, 1): 4 - 16/5. x + e - g: (-4, 0).
        // g_1 = (0, 1): p = (0, 2), x_2 = (-2, -2), e_2 = 0; the span is the plane; x + e - sum g: (-4, -4).
        let found = rows("top-k", &[("k", 1)], &[&[2, 1], &[0, 1]]);
        assert_eq!(found[0], ["1", "0", "5", "5", "4/5", "4/5", "-1/5", "16", "0", "1", "1/2"]);
        assert_eq!(found[1], ["0", "1", "1", "5", "0", "0", "0", "32", "0", "2", "1/2"]);
    }

    #[test]
    fn coins_are_averaged_over() {
        // exact: random-1 of (1, 1) keeps one entry, say the first: x_1 = (-1, 0), e_1 = (0, 1), x + e - g = (-2, 0).
        // Then p = (1, 2): keeping the first leaves e_2 = (0, 2), x_2 = (-2, 0), outside (1, 1) by 4 - 2; the second
        // (1, 0), (-1, -2), 5 - 9/2.
        let found = rows("random-k", &[("k", 1)], &[&[1, 1], &[1, 1]]);
        assert_eq!(found[0], ["1", "0", "2", "2", "1/2", "1/2", "-1/2", "4", "0", "1", "1/2"]);
        assert_eq!(found[1][0], "5/2");
        assert_eq!([&found[1][4], &found[1][5]], ["5/4", "2"]);
    }
}
