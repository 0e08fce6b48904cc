//! Conventions that papers leave open, as values instead of accidents.

/// What sgn(0) is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SignZero {
    /// 0: the coordinate rests.
    #[default]
    Zero,
    /// +1.
    Plus,
    /// -1.
    Minus,
    /// +1 or -1 by a fair coin.
    Random,
}

/// Which momentum recursion runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MomentumForm {
    /// m = g + beta m.
    Sum,
    /// m = beta m + (1 - beta) g.
    Average,
}

/// What the momentum is before the first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MomentumStart {
    /// 0.
    #[default]
    Zero,
    /// The first stochastic gradient itself.
    FirstGradient,
}

/// What is scaled as one vector: all coordinates together, or consecutive blocks of the given sizes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Scaling {
    /// One scale for the whole vector.
    #[default]
    Whole,
    /// One scale per block; the sizes sum to the dimension.
    Blocks(Vec<usize>),
}

impl Scaling {
    /// The blocks as ranges over `dimension` coordinates.
    pub fn ranges(&self, dimension: usize) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let sizes: &[usize] = match self {
            Scaling::Whole => &[],
            Scaling::Blocks(sizes) => sizes,
        };
        let whole = sizes.is_empty().then_some(0..dimension);
        let mut start = 0;
        whole.into_iter().chain(sizes.iter().map(move |n| {
            start += n;
            start - n..start
        }))
    }
}

/// All conventions of one run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Semantics {
    /// sgn(0) of a worker's gradient or of a momentum.
    pub sign_zero: SignZero,
    /// What a server sends for a coordinate on which the votes are tied.
    pub ties: SignZero,
    /// The momentum recursion; each algorithm has its paper's own as default.
    pub momentum_form: Option<MomentumForm>,
    /// The momentum before the first step.
    pub momentum_start: MomentumStart,
    /// What scaled signs and the sign compressor scale as one.
    pub scaling: Scaling,
}

impl Semantics {
    /// Bits of one coordinate's sign message: one where only +1 and -1 occur, two planes where 0 does.
    #[must_use]
    pub fn sign_bits(convention: SignZero) -> u64 {
        if convention == SignZero::Zero { 2 } else { 1 }
    }
}
