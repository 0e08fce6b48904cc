//! f64 lanes: `N` replicates that advance together.
//!
//! Every operation acts on each lane separately and is one IEEE operation per lane, in source order and without fused
//! multiply-add. A replicate's numbers thus do not depend on the width of the lane, on the instruction set or on its
//! neighbours.

use super::{Fault, Rational, Scalar, elementary, watch};
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// Lanes of the wide form; one bit of a word each, so that sign messages of a block pack into `u64`s.
pub const WIDTH: usize = 64;

/// `N` replicates of one number.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(transparent)]
pub struct Lane<const N: usize>(pub [f64; N]);

/// One replicate a time: deterministic runs, and problems whose data dwarf the iterate.
pub type Narrow = Lane<1>;
/// [`WIDTH`] replicates a time.
pub type Wide = Lane<WIDTH>;

impl<const N: usize> Lane<N> {
    /// The same value in every lane.
    #[inline(always)]
    #[must_use]
    pub const fn splat(value: f64) -> Self {
        Lane([value; N])
    }

    #[inline(always)]
    fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let mut out = *self;
        for v in &mut out.0 {
            *v = f(*v);
        }
        out
    }

    #[inline(always)]
    fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = *self;
        for (v, w) in out.0.iter_mut().zip(&other.0) {
            *v = f(*v, *w);
        }
        out
    }
}

macro_rules! ring {
    ($op:ident, $method:ident, $assign:ident, $assign_method:ident, $sym:tt) => {
        impl<const N: usize> $op for Lane<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, rhs: Self) -> Self {
                self.zip(&rhs, |a, b| a $sym b)
            }
        }
        impl<'a, const N: usize> $op<&'a Lane<N>> for Lane<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, rhs: &Self) -> Self {
                self.zip(rhs, |a, b| a $sym b)
            }
        }
        impl<'a, const N: usize> $assign<&'a Lane<N>> for Lane<N> {
            #[inline(always)]
            fn $assign_method(&mut self, rhs: &Self) {
                for (v, w) in self.0.iter_mut().zip(&rhs.0) {
                    *v = *v $sym *w;
                }
            }
        }
    };
}
ring!(Add, add, AddAssign, add_assign, +);
ring!(Sub, sub, SubAssign, sub_assign, -);
ring!(Mul, mul, MulAssign, mul_assign, *);

impl<const N: usize> Neg for Lane<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|v| -v)
    }
}

impl<const N: usize> Scalar for Lane<N> {
    const IS_EXACT: bool = false;
    const LANES: usize = N;

    #[inline(always)]
    fn lane(&self, lane: usize) -> Option<f64> {
        self.0.get(lane).copied()
    }

    #[inline(always)]
    fn set_lane(&mut self, lane: usize, value: f64) {
        if let Some(slot) = self.0.get_mut(lane) {
            *slot = value;
        }
    }

    #[inline(always)]
    fn dispatch<R>(f: impl FnOnce() -> R) -> R {
        if N == 1 { f() } else { pulp::Arch::new().dispatch(f) }
    }

    #[inline(always)]
    fn ratio(n: i64, d: u64) -> Self {
        Self::splat(n as f64 / d as f64)
    }

    fn from_rational(value: &Rational) -> Self {
        Self::splat(value.to_f64())
    }

    #[inline(always)]
    fn from_f64(value: f64) -> Result<Self, Fault> {
        Ok(Self::splat(value))
    }

    #[inline(always)]
    fn add_product(&mut self, a: &Self, b: &Self) {
        for ((v, a), b) in self.0.iter_mut().zip(&a.0).zip(&b.0) {
            *v += a * b;
        }
    }

    #[inline(always)]
    fn sub_product(&mut self, a: &Self, b: &Self) {
        for ((v, a), b) in self.0.iter_mut().zip(&a.0).zip(&b.0) {
            *v -= a * b;
        }
    }

    #[inline(always)]
    fn abs(&self) -> Self {
        self.map(f64::abs)
    }

    #[inline(always)]
    fn min(&self, other: &Self) -> Self {
        // A NaN on either side stays: a diverged replicate must not be healed by a minimum.
        self.zip(other, |a, b| if b < a || b.is_nan() { b } else { a })
    }

    #[inline(always)]
    fn max(&self, other: &Self) -> Self {
        self.zip(other, |a, b| if b > a || b.is_nan() { b } else { a })
    }

    #[inline(always)]
    fn sign_or(&self, at_zero: &Self) -> Result<Self, Fault> {
        let tie = watch::look::<N>(|i| self.0[i]);
        Ok(self.zip(at_zero, |v, z| {
            let sign = if v > 0.0 {
                1.0
            } else if v < 0.0 {
                -1.0
            } else if v == 0.0 {
                z
            } else {
                v
            };
            if v.abs() <= tie { z } else { sign }
        }))
    }

    #[inline(always)]
    fn select_ge(&self, other: &Self, then: &Self, otherwise: &Self) -> Result<Self, Fault> {
        let tie = watch::look::<N>(|i| self.0[i] - other.0[i]);
        let mut out = *otherwise;
        for i in 0..N {
            if self.0[i] >= other.0[i] || (self.0[i] - other.0[i]).abs() <= tie {
                out.0[i] = then.0[i];
            }
        }
        Ok(out)
    }

    #[inline(always)]
    fn divide(&self, other: &Self) -> Result<Self, Fault> {
        Ok(self.zip(other, |a, b| a / b))
    }

    #[inline(always)]
    fn sqrt(&self) -> Result<Self, Fault> {
        Ok(self.map(f64::sqrt))
    }

    #[inline(always)]
    fn ln(&self) -> Result<Self, Fault> {
        Ok(self.map(elementary::ln))
    }

    #[inline(always)]
    fn exp(&self) -> Result<Self, Fault> {
        Ok(self.map(elementary::exp))
    }

    #[inline(always)]
    fn sin_cos(&self) -> Result<(Self, Self), Fault> {
        let mut sin = *self;
        let mut cos = *self;
        for i in 0..N {
            (sin.0[i], cos.0[i]) = elementary::sin_cos(self.0[i]);
        }
        Ok((sin, cos))
    }

    fn power(&self, exponent: &Self) -> Result<Self, Fault> {
        Ok(self.zip(exponent, elementary::pow))
    }

    #[inline(always)]
    fn floor(&self) -> Result<Self, Fault> {
        let from_whole = |v: f64| v - libm::round(v);
        let tie = watch::look::<N>(|i| from_whole(self.0[i]));
        Ok(self.map(|v| if tie >= 0.0 && from_whole(v).abs() <= tie { libm::round(v) } else { v.floor() }))
    }

    fn keep_largest(values: &mut [Self], k: usize) -> Result<(), Fault> {
        let mut order: Vec<usize> = Vec::with_capacity(values.len());
        let mut gaps = Self::splat(f64::INFINITY);
        for lane in 0..N {
            order.clear();
            order.extend(0..values.len());
            let size = |i: &usize| values[*i].0[lane].abs();
            // A stable sort keeps the lower index first among equals.
            order.sort_by(|a, b| size(b).total_cmp(&size(a)));
            if let [.., last, next] = order.get(..=k).unwrap_or_default() {
                gaps.0[lane] = size(last) - size(next);
                if gaps.0[lane] <= watch::tie() {
                    // Of those that tie with the last that is kept the lower index wins.
                    let edge = size(last);
                    let ties = |i: &usize| (size(i) - edge).abs() <= watch::tie();
                    let first = order.iter().position(ties).unwrap_or(0);
                    let count = order.iter().filter(|i| ties(i)).count();
                    order[first..first + count].sort_unstable();
                }
            }
            for &i in order.iter().skip(k) {
                values[i].0[lane] = 0.0;
            }
        }
        watch::look::<N>(|i| gaps.0[i]);
        Ok(())
    }

    #[inline(always)]
    fn to_bits(&self) -> (u64, u64) {
        let (mut positive, mut negative) = (0, 0);
        for (i, v) in self.0.iter().enumerate() {
            positive |= u64::from(*v > 0.0) << i;
            negative |= u64::from(*v < 0.0) << i;
        }
        (positive, negative)
    }

    #[inline(always)]
    fn from_bits(positive: u64, negative: u64) -> Self {
        let mut out = Self::splat(0.0);
        for (i, v) in out.0.iter_mut().enumerate() {
            *v = ((positive >> i) & 1) as f64 - ((negative >> i) & 1) as f64;
        }
        out
    }
}
