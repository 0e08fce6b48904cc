//! Compressors: what is sent for a vector.

use crate::noise::{Outcomes, all_of};
use crate::number::{Num, Q, norm1, ratio, scaled};
use crate::part::{Names, Part};
use crate::{Answer, unsupported};
use std::cmp::Ordering;

/// The value of sgn(0), or of a tied vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zero {
    /// -1, 0 or 1.
    Is(i64),
    /// A fair coin.
    Coin,
}

impl Zero {
    /// The convention under its name in a claim.
    pub(crate) fn named(word: &str) -> Zero {
        match word {
            "+1" | "plus" => Zero::Is(1),
            "-1" | "minus" => Zero::Is(-1),
            "random" => Zero::Coin,
            _ => Zero::Is(0),
        }
    }

    /// The sign of a number under the convention.
    pub(crate) fn sign(self, x: &Num) -> Answer<Outcomes<Num>> {
        Ok(match (x.sign()?, self) {
            (0, Zero::Coin) => vec![(Num::int(1), ratio(1, 2)), (Num::int(-1), ratio(1, 2))],
            (0, Zero::Is(z)) => vec![(Num::int(z), Q::ONE)],
            (s, _) => vec![(Num::int(s), Q::ONE)],
        })
    }

    /// The signs of a vector.
    pub(crate) fn signs(self, v: &[Num]) -> Answer<Outcomes<Vec<Num>>> {
        let laws: Vec<Outcomes<Num>> = v.iter().map(|x| self.sign(x)).collect::<Answer<_>>()?;
        if laws.iter().all(|l| l.len() == 1) {
            return Ok(vec![(laws.into_iter().map(|mut l| l.remove(0).0).collect(), Q::ONE)]);
        }
        all_of(&laws)
    }
}

/// A compressor.
#[derive(Debug, Clone)]
pub(crate) enum Compressor {
    /// v
    Identity,
    /// (|v|_1/d) sgn v, block by block
    Sign,
    /// The k largest entries
    Top(usize),
    /// k random entries, times a factor
    Random(usize, bool),
    /// c v
    Linear(Num),
}

impl Compressor {
    /// Reads a compressor.
    pub(crate) fn read(part: Part, names: Names) -> Answer<Compressor> {
        let keys = |own: &[&str]| part.only(&[own, &["name"]].concat());
        let entries = || {
            let k = part.number("k", "", names)?;
            crate::part::above(&k, 1, true, "k")?;
            crate::part::count(&k, "k")
        };
        match part.text("name")? {
            "identity" => keys(&[]).map(|()| Compressor::Identity),
            "sign" => keys(&[]).map(|()| Compressor::Sign),
            "top-k" => keys(&["k"]).and_then(|()| Ok(Compressor::Top(entries()?))),
            "random-k" => {
                keys(&["k", "rescale"])?;
                Ok(Compressor::Random(entries()?, part.word("rescale", &["yes", "no"])? == "yes"))
            }
            "linear" => {
                keys(&["factor"])?;
                let c = part.number("factor", "", names)?;
                crate::part::above(&c, 0, false, "factor")?;
                crate::part::above(&-c.clone(), -2, false, "factor")?;
                Ok(Compressor::Linear(c))
            }
            other => unsupported(format!("the compressor '{other}'")),
        }
    }

    /// What may be sent for a vector; the blocks are those that are scaled as one vector each.
    pub(crate) fn send(&self, v: &[Num], zero: Zero, blocks: &[usize]) -> Answer<Outcomes<Vec<Num>>> {
        let d = v.len();
        let kept = |chosen: &[usize], factor: &Num| -> Vec<Num> {
            (0..d).map(|i| if chosen.contains(&i) { &v[i] * factor } else { Num::int(0) }).collect()
        };
        match self {
            Compressor::Identity => Ok(vec![(v.to_vec(), Q::ONE)]),
            Compressor::Linear(c) => Ok(vec![(scaled(c, v), Q::ONE)]),
            Compressor::Sign => {
                let scales = block_scales(v, blocks, true)?;
                let signs = zero.signs(v)?;
                let times = |s: Vec<Num>| s.iter().zip(&scales).map(|(s, c)| s * c).collect();
                Ok(signs.into_iter().map(|(s, p)| (times(s), p)).collect())
            }
            Compressor::Top(k) => {
                let mut order: Vec<usize> = Vec::new();
                for i in 0..d {
                    // Before the first entry that is smaller: of equal ones the lower index comes first.
                    let mut at = order.len();
                    while at > 0 && v[order[at - 1]].abs().order(&v[i].abs())? == Ordering::Less {
                        at -= 1;
                    }
                    order.insert(at, i);
                }
                order.truncate(*k);
                Ok(vec![(kept(&order, &Num::int(1)), Q::ONE)])
            }
            Compressor::Random(k, rescale) => {
                if d > 16 || *k > d {
                    return unsupported("random-k of more than 16 entries, or of more than there are");
                }
                let factor = if *rescale { Num::int(1) } else { Num::from(ratio(d as i64, *k as u64)) };
                let sets: Vec<Vec<usize>> = (0u32..1 << d)
                    .filter(|set| set.count_ones() as usize == *k)
                    .map(|set| (0..d).filter(|i| set >> i & 1 == 1).collect())
                    .collect();
                let p = ratio(1, sets.len() as u64);
                Ok(sets.iter().map(|set| (kept(set, &factor), p.clone())).collect())
            }
        }
    }

    /// delta with E|C(v) - v|^2 <= (1 - delta)|v|^2 for every v of d entries.
    pub(crate) fn quality(&self, d: usize, blocks: &[usize]) -> Answer<Num> {
        let share = |k: usize| Num::from(ratio(k as i64, d.max(1) as u64));
        match self {
            Compressor::Identity => Ok(Num::int(1)),
            Compressor::Linear(c) => Ok(&Num::int(1) - &(&Num::int(1) - c).power(2)),
            Compressor::Sign if blocks.len() == 1 => Ok(share(1)),
            Compressor::Top(k) | Compressor::Random(k, true) => Ok(share(*k)),
            _ => unsupported("the quality of this compressor"),
        }
    }
}

/// For each entry |v|_1 of its block, divided by the block's size if `mean`.
pub(crate) fn block_scales(v: &[Num], blocks: &[usize], mean: bool) -> Answer<Vec<Num>> {
    let mut out = Vec::with_capacity(v.len());
    let mut rest = v;
    for &size in blocks {
        let (block, after) = rest.split_at(size.min(rest.len()));
        let norm = norm1(block);
        let scale = if mean { norm.over(&Num::int(size as i64))? } else { norm };
        out.extend(block.iter().map(|_| scale.clone()));
        rest = after;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(all: &[i64]) -> Vec<Num> {
        all.iter().map(|x| Num::int(*x)).collect()
    }

    #[test]
    fn messages_by_hand() {
        let send = |c: &Compressor, x: &[i64], blocks: &[usize]| c.send(&v(x), Zero::Is(0), blocks).unwrap();
        assert_eq!(send(&Compressor::Sign, &[3, -1, 0, 0], &[4]), [(v(&[1, -1, 0, 0]), Q::ONE)]);
        assert_eq!(send(&Compressor::Sign, &[3, -1, 4, 0], &[2, 2]), [(v(&[2, -2, 2, 0]), Q::ONE)]);
        assert_eq!(send(&Compressor::Top(2), &[1, -2, 2, 2], &[4]), [(v(&[0, -2, 2, 0]), Q::ONE)]);
        let random = send(&Compressor::Random(1, false), &[1, 5], &[2]);
        assert_eq!(random, [(v(&[2, 0]), ratio(1, 2)), (v(&[0, 10]), ratio(1, 2))]);
        assert_eq!(Compressor::Linear(Num::from(ratio(3, 2))).quality(1, &[1]), Ok(Num::from(ratio(3, 4))));
    }

    #[test]
    fn coins_decide_where_they_should() {
        assert_eq!(Zero::Coin.signs(&v(&[0, 2])).unwrap().len(), 2);
        assert_eq!(Zero::Is(1).signs(&v(&[0, -2])).unwrap(), [(v(&[1, -1]), Q::ONE)]);
    }
}
