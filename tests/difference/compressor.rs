//! Compressors and coins.

use super::noise::Chooser;
use super::number::{Got, Q, V, abs, q, ratio, sign, zero};
use super::problem::{l1, l2, linf};
use std::ops::Range;

/// What a sign of 0 is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Zero {
    Is(i32),
    Random,
}

/// The choices of a path, with the convention for signs of 0.
pub(crate) struct Coins<'a> {
    pub chooser: &'a mut Chooser,
    pub zero: Zero,
}

impl Coins<'_> {
    /// The sign of a number with a convention for 0.
    pub(crate) fn sign(&mut self, x: &Q, at_zero: Zero) -> Got<Q> {
        Ok(match (sign(x)?, at_zero) {
            (0, Zero::Is(z)) => q(i64::from(z)),
            (0, Zero::Random) => q(if self.chooser.coin() { 1 } else { -1 }),
            (s, _) => q(i64::from(s)),
        })
    }

    pub(crate) fn signs(&mut self, v: &[Q]) -> Got<Vec<Q>> {
        let convention = self.zero;
        v.iter().map(|x| self.sign(x, convention)).collect()
    }

    /// +1 with probability 1/2 + v/(2R), else -1, cut to [0, 1].
    pub(crate) fn stochastic_signs(&mut self, v: &[Q], radius: &Q) -> Vec<Q> {
        v.iter()
            .map(|x| {
                let p = ratio(1, 2) + x / (q(2) * radius);
                let p = if p < Q::ZERO {
                    Q::ZERO
                } else if p > Q::ONE {
                    Q::ONE
                } else {
                    p
                };
                q(if self.chooser.choose(&[p.clone(), Q::ONE - p]) == 0 { 1 } else { -1 })
            })
            .collect()
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Compressor {
    Identity,
    Sign,
    TopK(usize),
    RandomK(usize, bool),
    Qsgd(i64, bool),
    Terngrad(bool),
    StochasticSign(Q),
    Linear(Q),
}

/// All subsets of 0..d of size k.
fn subsets(d: usize, k: usize) -> Vec<Vec<usize>> {
    (0u32..1 << d)
        .filter(|m| m.count_ones() as usize == k)
        .map(|m| (0..d).filter(|i| m >> i & 1 == 1).collect())
        .collect()
}

impl Compressor {
    pub(crate) fn apply(&self, v: &[Q], blocks: &[Range<usize>], coins: &mut Coins) -> Got<Vec<Q>> {
        let d = v.len();
        Ok(match self {
            Compressor::Identity => v.to_vec(),
            Compressor::Sign => {
                let signs = coins.signs(v)?;
                let mut out = Vec::new();
                for b in blocks {
                    let length = l1(&v[b.clone()]) / q(b.len() as i64);
                    out.extend(signs[b.clone()].iter().map(|s| &length * s));
                }
                out
            }
            Compressor::TopK(k) => {
                let mut order: Vec<usize> = (0..d).collect();
                // Equal entries: the first ones are kept.
                order.sort_by(|i, j| abs(&v[*j]).cmp(&abs(&v[*i])).then(i.cmp(j)));
                (0..d).map(|i| if order[..*k].contains(&i) { v[i].clone() } else { Q::ZERO }).collect()
            }
            Compressor::RandomK(k, rescale) => {
                let all = subsets(d, *k);
                let kept = &all[coins.chooser.choose(&vec![ratio(1, all.len() as i64); all.len()])];
                let factor = if *rescale { Q::ONE } else { ratio(d as i64, *k as i64) };
                (0..d).map(|i| if kept.contains(&i) { &factor * &v[i] } else { Q::ZERO }).collect()
            }
            Compressor::Qsgd(s, rescale) => {
                let norm = l2(v)?.near();
                if zero(&norm) {
                    return Ok(v.to_vec());
                }
                let (levels, root) = (q(*s), V::int(d as i64).sqrt()?.near());
                let second = ratio(d as i64, s * s);
                let third = &root / &levels;
                let k = if *s == 1 { root } else { Q::ONE + if second < third { second } else { third } };
                let scale = if *rescale { &norm / &k } else { norm.clone() };
                let mut out = Vec::new();
                for x in v {
                    let level = &levels * abs(x) / &norm;
                    let low = Q::from(level.clone().floor());
                    let up = &level - &low;
                    let zeta = if coins.chooser.choose(&[Q::ONE - &up, up.clone()]) == 1 { &low + Q::ONE } else { low };
                    out.push(&scale * q(i64::from(sign(x)?)) * zeta / &levels);
                }
                out
            }
            Compressor::Terngrad(rescale) => {
                let top = linf(v);
                if zero(&top) {
                    return Ok(v.to_vec());
                }
                let k = (Q::ONE + V::int(d as i64).sqrt()?.near()) / q(2);
                let scale = if *rescale { &top / k } else { top.clone() };
                let mut out = Vec::new();
                for x in v {
                    let p = abs(x) / &top;
                    let sent = coins.chooser.choose(&[Q::ONE - &p, p]) == 1;
                    out.push(if sent { &scale * q(i64::from(sign(x)?)) } else { Q::ZERO });
                }
                out
            }
            Compressor::StochasticSign(radius) => coins.stochastic_signs(v, radius),
            Compressor::Linear(c) => v.iter().map(|x| c * x).collect(),
        })
    }
}
