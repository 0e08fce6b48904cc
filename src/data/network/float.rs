//! The two storage precisions of a network, with the vectors that a processor has for them.

use pulp::Simd;
use std::fmt::Debug;
use std::ops::{Add, Mul};

/// `f32` or `f64`: what parameters, activations and gradients are stored and multiplied in.
///
/// One IEEE operation an entry, in source order; a product is rounded before it is added.
pub(crate) trait Float:
    Copy + Debug + Default + PartialOrd + Into<f64> + Add<Output = Self> + Mul<Output = Self> + Send + Sync + 'static
{
    /// As many numbers as a register of the instruction set `S` holds.
    type Vector<S: Simd>: Copy;

    /// The nearest number.
    fn from_f64(value: f64) -> Self;

    /// The same number in every entry.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;

    /// `sum + a b` by two roundings, entry by entry.
    fn add_product<S: Simd>(simd: S, sum: Self::Vector<S>, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// A slice as vectors; what fills no whole vector at its end is left out.
    fn vectors<S: Simd>(slice: &[Self]) -> &[Self::Vector<S>];

    /// As [`Float::vectors`], to write to.
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::Vector<S>];

    /// Entries of a vector of `S`.
    #[inline(always)]
    fn lanes<S: Simd>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }
}

macro_rules! float {
    ($float:ty, $vector:ident, $splat:ident, $add:ident, $mul:ident, $as_simd:ident, $as_mut_simd:ident) => {
        impl Float for $float {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $float
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }

            #[inline(always)]
            fn add_product<S: Simd>(simd: S, sum: S::$vector, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(sum, simd.$mul(a, b))
            }

            #[inline(always)]
            fn vectors<S: Simd>(slice: &[Self]) -> &[S::$vector] {
                S::$as_simd(slice).0
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [S::$vector] {
                S::$as_mut_simd(slice).0
            }
        }
    };
}
float!(f32, f32s, splat_f32s, add_f32s, mul_f32s, as_simd_f32s, as_mut_simd_f32s);
float!(f64, f64s, splat_f64s, add_f64s, mul_f64s, as_simd_f64s, as_mut_simd_f64s);
