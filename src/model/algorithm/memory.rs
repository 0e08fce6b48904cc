//! Declared memory: an algorithm lists its buffers once, and has them by name.

/// How many numbers a buffer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// One per coordinate.
    Vector,
    /// One.
    Number,
    /// One per worker and coordinate, worker by worker.
    PerWorker,
    /// One per coordinate of each past iterate that [`Shape::past`] counts.
    Past,
}

/// What the extents are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Coordinates of the iterate.
    pub dimension: usize,
    /// Workers.
    pub workers: usize,
    /// Past iterates that the algorithm keeps.
    pub past: usize,
}

impl Extent {
    /// Numbers for this shape; the largest count where there are more.
    #[must_use]
    pub fn numbers(self, shape: Shape) -> usize {
        match self {
            Extent::Vector => shape.dimension,
            Extent::Number => 1,
            Extent::PerWorker => shape.workers.saturating_mul(shape.dimension),
            Extent::Past => shape.past.saturating_mul(shape.dimension),
        }
    }
}

/// One buffer of an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffer {
    /// Its name: that of the field, and of the view that statistics have of it.
    pub name: &'static str,
    /// Whether it is kept from step to step; working space otherwise.
    pub kept: bool,
    /// Its length.
    pub extent: Extent,
}

/// How many numbers an algorithm needs beside the iterate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Numbers that are kept from step to step.
    pub state: usize,
    /// Numbers of working space.
    pub scratch: usize,
}

impl Layout {
    /// All buffers, one after the other.
    #[must_use]
    pub fn of(buffers: &[Buffer], shape: Shape) -> Self {
        let total = |kept: bool| {
            let all = buffers.iter().filter(|b| b.kept == kept).map(|b| b.extent.numbers(shape));
            all.fold(0, usize::saturating_add)
        };
        Layout { state: total(true), scratch: total(false) }
    }
}

/// A kept buffer, at which statistics may look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// `error`, `momentum`, ...
    pub name: &'static str,
    /// Where it stands in the state.
    pub range: std::ops::Range<usize>,
}

/// Where each kept buffer stands in the state.
#[must_use]
pub(super) fn views(buffers: &[Buffer], shape: Shape) -> Vec<View> {
    let mut end = 0;
    let place = |buffer: &Buffer| {
        let start = end;
        end += buffer.extent.numbers(shape);
        View { name: buffer.name, range: start..end }
    };
    buffers.iter().filter(|b| b.kept).map(place).collect()
}

/// An algorithm's memory in one piece, before it is cut into buffers.
pub struct Uncut<'a, S> {
    /// [`Layout::state`] numbers, 0 before the first step.
    pub state: &'a mut [S],
    /// [`Layout::scratch`] numbers of any content.
    pub scratch: &'a mut [S],
}

impl<'a, S> Uncut<'a, S> {
    /// The next buffer of this extent.
    #[inline(always)]
    pub fn take(&mut self, kept: bool, extent: Extent, shape: Shape) -> &'a mut [S] {
        let piece = if kept { &mut self.state } else { &mut self.scratch };
        let (buffer, rest) = std::mem::take(piece).split_at_mut(extent.numbers(shape));
        *piece = rest;
        buffer
    }
}

/// Buffers by name. [`buffers!`](crate::buffers) writes it.
pub trait Buffers<'a, S>: Sized {
    /// What is declared, in order.
    const ALL: &'static [Buffer];

    /// Cuts the memory.
    fn cut(memory: Uncut<'a, S>, shape: Shape) -> Self;
}

/// Declares an algorithm's buffers.
///
/// Each is `kept` from step to step, 0 before the first, or `scratch`, of any content; and a `vector` (`&mut [S]`, one
/// number per coordinate), a `number` (`&mut S`), `per_worker` (a vector per worker, one after the other) or `past`
/// (a vector per past iterate, as many as [`Algorithm::past`](crate::model::Algorithm::past) says). Statistics may look
/// at what is kept, under the buffer's name.
///
/// ```
/// signcheck::buffers! {
///     /// A momentum, and room for two gradients.
///     struct Memory { kept momentum: vector, scratch g: vector, scratch other: vector }
/// }
/// ```
#[macro_export]
macro_rules! buffers {
    (
        $(#[$doc:meta])*
        $public:vis struct $name:ident { $($(#[$field_doc:meta])* $life:ident $field:ident: $extent:ident),+ $(,)? }
    ) => {
        $(#[$doc])*
        $public struct $name<'a, S> {
            $($(#[$field_doc])* $public $field: $crate::buffers!(@type $extent, 'a, S)),+
        }

        impl<'a, S> $crate::model::Buffers<'a, S> for $name<'a, S> {
            const ALL: &'static [$crate::model::Buffer] = &[$($crate::model::Buffer {
                name: stringify!($field),
                kept: $crate::buffers!(@kept $life),
                extent: $crate::buffers!(@extent $extent),
            }),+];

            #[inline(always)]
            fn cut(mut memory: $crate::model::Uncut<'a, S>, shape: $crate::model::Shape) -> Self {
                $(let $field =
                    memory.take($crate::buffers!(@kept $life), $crate::buffers!(@extent $extent), shape);)+
                $name { $($field: $crate::buffers!(@field $extent, $field)),+ }
            }
        }
    };
    (@kept kept) => { true };
    (@kept scratch) => { false };
    (@extent vector) => { $crate::model::Extent::Vector };
    (@extent number) => { $crate::model::Extent::Number };
    (@extent per_worker) => { $crate::model::Extent::PerWorker };
    (@extent past) => { $crate::model::Extent::Past };
    (@type number, $life:lifetime, $scalar:ident) => { &$life mut $scalar };
    (@type $other:ident, $life:lifetime, $scalar:ident) => { &$life mut [$scalar] };
    (@field number, $field:ident) => { &mut $field[0] };
    (@field $other:ident, $field:ident) => { $field };
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::buffers! {
        /// One buffer of each kind.
        struct Every {
            scratch g: vector,
            kept momenta: per_worker,
            kept weight: number,
            scratch rows: past,
            kept last: vector,
        }
    }

    #[test]
    fn buffers_lie_one_after_the_other_as_declared() {
        let shape = Shape { dimension: 2, workers: 3, past: 4 };
        let all = <Every<'_, u8> as Buffers<u8>>::ALL;
        assert_eq!(Layout::of(all, shape), Layout { state: 6 + 1 + 2, scratch: 2 + 8 });
        let places: Vec<_> = views(all, shape).into_iter().map(|v| (v.name, v.range)).collect();
        assert_eq!(places, [("momenta", 0..6), ("weight", 6..7), ("last", 7..9)]);
        let (mut state, mut scratch): (Vec<u8>, Vec<u8>) = ((0..9).collect(), (100..110).collect());
        let every = Every::cut(Uncut { state: &mut state, scratch: &mut scratch }, shape);
        assert_eq!((&*every.momenta, *every.weight, &*every.last), (&[0, 1, 2, 3, 4, 5][..], 6, &[7, 8][..]));
        assert_eq!((&*every.g, every.rows.len(), every.rows[0]), (&[100, 101][..], 8, 102));
    }
}
