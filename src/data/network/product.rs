//! The matrix product of a network's passes.
//!
//! **Definition** out_rc = start_rc + sum_t left_rt right_tc, the terms added one after the other in the order of t,
//! each product rounded before it is added. Neither the shape of the register tile nor the width of a vector enters:
//! the bits are those of the plain triple loop on every processor.
//!
//! **Shapes** left has `rows` x `depth` entries. The rows of right and out are `right_stride` and `out_stride` apart;
//! a row of right has whole vectors of [`LINE`] entries, a row of out need not.
//!
//! **Speed** A gradient of 784-64-64-10 at batch 32 on one thread of a Sapphire Rapids processor at 3.8 GHz takes, in
//! microseconds in single and double precision, 80 and 147 with AVX-512, 105 and 200 with AVX2, 215 and 440 with SSE2 (the
//! ignored test `times_of_a_gradient`). Four fifths of it are the products, at nearly what multiplications and additions
//! apart allow; the rest scales pixels and takes exponentials. nalgebra's products alone take 54 in single precision, by
//! fused operations whose bits depend on the processor.

use super::Float;
use pulp::{Arch, Scalar128b, Simd, WithSimd};

/// Entries to which rows are padded: at least the widest vector of any instruction set.
pub(super) const LINE: usize = 16;

/// The left factor: one number at a time, repeated over a vector.
pub(super) trait Left<T>: Copy {
    /// Entries (row + r, t) as a function of (r, t), for r < R and t < depth.
    fn panel<const R: usize>(self, row: usize, depth: usize) -> impl Fn(usize, usize) -> T;
}

/// A left factor whose rows lie one after the other, `1` numbers apart.
#[derive(Clone, Copy)]
pub(super) struct ByRows<'a, T>(pub(super) &'a [T], pub(super) usize);

/// A left factor whose columns lie one after the other, `1` numbers apart.
#[derive(Clone, Copy)]
pub(super) struct ByColumns<'a, T>(pub(super) &'a [T], pub(super) usize);

impl<T: Float> Left<T> for ByRows<'_, T> {
    #[inline(always)]
    fn panel<const R: usize>(self, row: usize, depth: usize) -> impl Fn(usize, usize) -> T {
        let mut rows: [&[T]; R] = [&[]; R];
        for (r, place) in rows.iter_mut().enumerate() {
            *place = &self.0[(row + r) * self.1..][..depth];
        }
        #[inline(always)]
        move |r, t| rows[r][t]
    }
}

impl<T: Float> Left<T> for ByColumns<'_, T> {
    #[inline(always)]
    fn panel<const R: usize>(self, row: usize, _: usize) -> impl Fn(usize, usize) -> T {
        #[inline(always)]
        move |r, t| self.0[t * self.1 + row..][..R][r]
    }
}

/// What the sums begin with.
pub(super) trait Start<T: Float>: Copy {
    /// The beginning of one vector of sums in a row of `out`, of which `out` is the part from there on.
    fn vector<S: Simd>(self, simd: S, row: usize, out: &[T]) -> T::Vector<S>;
}

/// Sums begin with 0.
#[derive(Clone, Copy)]
pub(super) struct Zero;

/// Sums begin with one number for each row.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, T>(pub(super) &'a [T]);

/// Sums begin with what `out` holds.
#[derive(Clone, Copy)]
pub(super) struct Kept;

impl<T: Float> Start<T> for Zero {
    #[inline(always)]
    fn vector<S: Simd>(self, simd: S, _: usize, _: &[T]) -> T::Vector<S> {
        T::splat(simd, T::default())
    }
}

impl<T: Float> Start<T> for Rows<'_, T> {
    #[inline(always)]
    fn vector<S: Simd>(self, simd: S, row: usize, _: &[T]) -> T::Vector<S> {
        T::splat(simd, self.0[row])
    }
}

impl<T: Float> Start<T> for Kept {
    #[inline(always)]
    fn vector<S: Simd>(self, _: S, _: usize, out: &[T]) -> T::Vector<S> {
        let lanes = T::lanes::<S>();
        if out.len() >= lanes {
            return T::vectors::<S>(&out[..lanes])[0];
        }
        let mut edge = [T::default(); LINE];
        edge[..out.len()].copy_from_slice(out);
        T::vectors::<S>(&edge[..lanes])[0]
    }
}

/// A product to be formed.
pub(super) struct Product<'a, T, L, B> {
    pub(super) left: L,
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) right: &'a [T],
    pub(super) right_stride: usize,
    pub(super) start: B,
    pub(super) out: &'a mut [T],
    pub(super) out_stride: usize,
    pub(super) columns: usize,
}

impl<T: Float, L: Left<T>, B: Start<T>> Product<'_, T, L, B> {
    /// Forms it with the vectors of an instruction set; with small arrays where there are none, which the compiler
    /// turns into the vectors that every processor of the platform has.
    pub(super) fn run(self, arch: Arch) {
        match arch {
            Arch::Scalar => self.with_simd(Scalar128b),
            _ => arch.dispatch(self),
        }
    }

    #[inline(always)]
    fn strips<S: Simd, const R: usize, const C: usize>(mut self, simd: S) {
        let lanes = T::lanes::<S>();
        let mut column = 0;
        while column + C * lanes <= self.columns {
            self.strip::<S, R, C>(simd, column);
            column += C * lanes;
        }
        while column < self.columns {
            self.strip::<S, R, 1>(simd, column);
            column += lanes;
        }
    }

    /// All rows of `C` vectors of columns, in tiles of `R`.
    #[inline(always)]
    fn strip<S: Simd, const R: usize, const C: usize>(&mut self, simd: S, column: usize) {
        let mut row = 0;
        while row + R <= self.rows {
            self.tile::<S, R, C>(simd, row, column);
            row += R;
        }
        while row < self.rows {
            self.tile::<S, 1, C>(simd, row, column);
            row += 1;
        }
    }

    /// `R` rows of `C` vectors; of fewer columns where `out` ends within the last vector.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const C: usize>(&mut self, simd: S, row: usize, column: usize) {
        let lanes = T::lanes::<S>();
        let mut sums = [[T::splat(simd, T::default()); C]; R];
        for (r, sums) in sums.iter_mut().enumerate() {
            let out = &self.out[(row + r) * self.out_stride..][column..self.columns];
            for (c, sum) in sums.iter_mut().enumerate() {
                *sum = self.start.vector(simd, row + r, &out[c * lanes..]);
            }
        }
        let left = self.left.panel::<R>(row, self.depth);
        for t in 0..self.depth {
            let right = T::vectors::<S>(&self.right[t * self.right_stride + column..][..C * lanes]);
            // Copied first: they stay in registers for all rows.
            let mut held = [T::splat(simd, T::default()); C];
            held.copy_from_slice(right);
            for (r, sums) in sums.iter_mut().enumerate() {
                let left = T::splat(simd, left(r, t));
                for (sum, right) in sums.iter_mut().zip(held) {
                    *sum = T::add_product(simd, *sum, left, right);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let out = &mut self.out[(row + r) * self.out_stride..][column..self.columns];
            if out.len() >= C * lanes {
                T::vectors_mut::<S>(&mut out[..C * lanes]).copy_from_slice(sums);
            } else {
                let mut edge = [T::default(); LINE];
                T::vectors_mut::<S>(&mut edge[..lanes])[0] = sums[0];
                out.copy_from_slice(&edge[..out.len()]);
            }
        }
    }
}

impl<T: Float, L: Left<T>, B: Start<T>> WithSimd for Product<'_, T, L, B> {
    type Output = ();

    /// Chooses the tile: its sums, a row of right and two more must fit into the registers.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::REGISTER_COUNT {
            32.. => self.strips::<S, 8, 2>(simd),
            _ => self.strips::<S, 4, 2>(simd),
        }
    }
}
