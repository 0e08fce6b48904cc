//! Finite noise: i.i.d. atoms with exact probabilities in each coordinate, times s_i; and three laws of this kind.
//!
//! **Assumptions** the atoms' probabilities sum to 1 and their mean is 0, both exactly: noise is additive.
//! **Facts** all exact. `skew50` is bernstein2018's skewed law X = 50 w.p. 1/10, -1 w.p. 9/10, less its mean 41/10: the
//! stochastic gradient g + X - 41/10 has the mean g. Where the law of X itself is meant, use [`FiniteLaw`].
//! `rademacher` is +-1; `sparse-independent` is +-s w.p. eps/2 each, else 0. A batch is averaged draw by draw.

use super::NoiseEntry;
use super::additive::{SCALE, Standard, build};
use super::finite_law::FiniteLaw;
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};

/// A finite law of mean 0 with a table to draw from.
pub(super) struct Finite {
    law: FiniteLaw,
    table: Table,
}

/// Values and cumulative probabilities in doubles.
pub(super) struct Table {
    values: Vec<f64>,
    cumulative: Vec<f64>,
}

impl Table {
    /// The table of a finite law.
    pub(super) fn new(law: &FiniteLaw) -> Self {
        let values = law.atoms().iter().map(|(value, _)| value.to_f64()).collect();
        Table { values, cumulative: cumulative(law.atoms().iter().map(|(_, p)| p)) }
    }

    /// One draw per lane.
    #[inline(always)]
    pub(super) fn draw<const N: usize>(&self, stream: &mut Stream<N>) -> Lane<N> {
        Lane(stream.choose(&self.cumulative).map(
            #[inline(always)]
            |i| self.values[i],
        ))
    }
}

/// Running sums, added exactly and rounded once each.
pub(super) fn cumulative<'a>(probabilities: impl Iterator<Item = &'a Rational>) -> Vec<f64> {
    let mut sum = Rational::zero();
    probabilities
        .map(|p| {
            sum += p;
            sum.to_f64()
        })
        .collect()
}

impl Finite {
    /// The law, or an error about `key` where its mean is not 0.
    pub(super) fn new(law: FiniteLaw, key: &'static str) -> Result<Self, BuildError> {
        let mean = law.mean();
        if !mean.is_zero() {
            return Err(BuildError::about(
                key,
                format!("the atoms have the mean {mean}; additive noise takes mean 0: subtract {mean} from each value"),
            ));
        }
        Ok(Finite { table: Table::new(&law), law })
    }
}

/// An exact number of a part that enumerates, or an error that says why it must be one.
pub(super) fn exact(key: &'static str, value: &Real) -> Result<Rational, BuildError> {
    value.exact().cloned().ok_or_else(|| {
        BuildError::about(key, format!("'{key}' holds {value}, known in double precision only; it takes exact numbers"))
    })
}

/// Reads rows [value, probability].
pub(super) fn read_law(p: &Params, key: &'static str) -> Result<FiniteLaw, BuildError> {
    let mut atoms = Vec::new();
    for row in p.matrix(key)? {
        let [value, probability] = row.as_slice() else {
            return Err(BuildError::about(key, format!("'{key}' takes rows [value, probability]")));
        };
        atoms.push((exact(key, value)?, exact(key, probability)?));
    }
    FiniteLaw::new(atoms).map_err(|e| BuildError::about(key, e.to_string()))
}

/// Registry line of given atoms.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "finite",
    summary: "independent atoms [[value, probability], ..] of mean 0 in each coordinate, times s_i",
    params: &[
        SCALE,
        ParamSpec {
            name: "atoms",
            kind: Kind::Matrix,
            default: None,
            limits: Limits::ANY,
            doc: "[[value, probability], ..], mean 0",
        },
    ],
    build: |p| build(p, Finite::new(read_law(p, "atoms")?, "atoms")?),
};

/// A law by its text, less its mean. The texts stand below; an error would name what is wrong with one.
fn centred(text: &str) -> Result<Finite, BuildError> {
    let law: FiniteLaw = text.parse().map_err(|e: super::FiniteLawError| BuildError::whole(e.to_string()))?;
    Finite::new(law.centred(), "atoms")
}

/// Registry line of fair signs.
pub(super) static RADEMACHER: NoiseEntry = NoiseEntry {
    name: "rademacher",
    summary: "independent +-s_i, 1/2 each",
    params: &[SCALE],
    build: |p| build(p, centred("rademacher")?),
};

/// Registry line of the skewed law.
pub(super) static SKEW50: NoiseEntry = NoiseEntry {
    name: "skew50",
    summary: "50 with probability 1/10, else -1, less the mean 41/10; times s_i",
    params: &[SCALE],
    build: |p| build(p, centred("skew50")?),
};

/// Registry line of rare noise.
pub(super) static SPARSE_INDEPENDENT: NoiseEntry = NoiseEntry {
    name: "sparse-independent",
    summary: "independent +-s with probability eps/2 each, else 0; times s_i",
    params: &[
        SCALE,
        ParamSpec { name: "probability", kind: Kind::Number, default: None, limits: Limits::SHARE, doc: "eps" },
        ParamSpec { name: "size", kind: Kind::Number, default: Some("1"), limits: Limits::POSITIVE, doc: "s" },
    ],
    build: |p| {
        let size = if p.has("size") { exact("size", &p.positive("size")?)? } else { Rational::one() };
        let rate = exact("probability", &p.positive("probability")?)?;
        if rate > Rational::one() {
            return Err(BuildError::about("probability", format!("'probability' is {rate}; it must be at most 1")));
        }
        let half = rate.clone() * Rational::ratio(1, 2);
        let atoms = vec![(size.clone(), half.clone()), (-size, half), (Rational::zero(), Rational::one() - rate)];
        let law = FiniteLaw::new(atoms).map_err(|e| BuildError::about("probability", e.to_string()))?;
        build(p, Finite::new(law, "probability")?)
    },
};

impl Standard for Finite {
    #[inline(always)]
    fn draw<const N: usize>(&self, stream: &mut Stream<N>) -> Lane<N> {
        self.table.draw(stream)
    }

    fn variance(&self) -> Real {
        self.law.variance().into()
    }

    fn squared_mean_magnitude(&self) -> Real {
        let mean = self.law.mean_magnitude();
        Real::Exact(mean.clone() * mean)
    }

    fn least_right(&self) -> Option<Real> {
        Some(self.law.least_right().into())
    }

    fn is_symmetric(&self) -> bool {
        self.law.is_symmetric()
    }

    fn is_unimodal(&self) -> bool {
        self.law.is_constant()
    }

    fn finite(&self) -> Option<&FiniteLaw> {
        Some(&self.law)
    }
}
