//! Inputs of quantities that are stated for every vector: given, enumerated, or drawn.

use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::rng::{CellKey, Stream};
use crate::scalar::Rational;

/// Most vectors of one evaluation.
const MAX_ROWS: usize = 100_000;
/// Most entries of all vectors of a grid together.
const MAX_ENTRIES: usize = 20 * MAX_ROWS;

/// What the compressor of a quantity takes for sgn(0).
pub(super) const SIGN_ZERO: ParamSpec = ParamSpec {
    name: "sign_zero",
    kind: Kind::Word(&["zero", "plus", "minus"]),
    default: Some("zero"),
    limits: Limits::ANY,
    doc: "value of sgn(0) in the compressor",
};
/// One vector.
pub(super) const VECTOR: ParamSpec =
    ParamSpec { name: "vector", kind: Kind::Vector, default: Some(""), limits: Limits::ANY, doc: "one vector v" };
/// The values of a grid.
pub(super) const VALUES: ParamSpec = ParamSpec {
    name: "values",
    kind: Kind::Vector,
    default: Some(""),
    limits: Limits::ANY,
    doc: "in place of `vector`: all vectors with these entries",
};
/// The length of enumerated and drawn vectors.
pub(super) const DIMENSION: ParamSpec = ParamSpec {
    name: "dimension",
    kind: Kind::Count,
    default: Some(""),
    limits: Limits::ONE_UP,
    doc: "d of enumerated and drawn vectors",
};
/// Number of drawn vectors.
pub(super) const DRAWS: ParamSpec = ParamSpec {
    name: "draws",
    kind: Kind::Count,
    default: Some(""),
    limits: Limits::ONE_UP,
    doc: "in place of `vector`: so many drawn vectors; entries j 2^-s, |j| <= 64, s <= 8, a quarter of them 0",
};
/// Seed of drawn vectors.
pub(super) const SEED: ParamSpec = ParamSpec {
    name: "data_seed",
    kind: Kind::Count,
    default: Some("1"),
    limits: Limits::ANY,
    doc: "seed of drawn vectors",
};

/// The vectors that the parameters specify, exact and not all zero.
pub(super) fn vectors(p: &Params) -> Result<Vec<Vec<Rational>>, BuildError> {
    match (p.has("vector"), p.has("values"), p.has("draws")) {
        (true, false, false) => {
            let v = exact(&p.list("vector")?, "vector")?;
            if v.iter().all(Rational::is_zero) {
                return Err(BuildError::about("vector", "the vector is 0; at least one entry must differ from 0"));
            }
            Ok(vec![v])
        }
        (false, true, false) => {
            let values = exact(&p.list("values")?, "values")?;
            let mut all = grid(&values, dimension(p)?)?;
            all.retain(|v| v.iter().any(|x| !x.is_zero()));
            if all.is_empty() {
                return Err(BuildError::about("values", "the only vector of these values is 0; add another value"));
            }
            Ok(all)
        }
        (false, false, true) => drawn(p),
        _ => Err(BuildError::whole("give one of `vector`, `values` (with `dimension`) and `draws` (with `dimension`)")),
    }
}

fn dimension(p: &Params) -> Result<usize, BuildError> {
    match p.count("dimension")? {
        0 => Err(BuildError::about("dimension", "'dimension' is 0; at least 1 entry is needed")),
        d => Ok(d),
    }
}

/// Numbers that must be exact.
pub(super) fn exact(values: &[Real], key: &'static str) -> Result<Vec<Rational>, BuildError> {
    let rational = |v: &Real| {
        let message = || format!("'{key}' holds {v}, known in double precision only; give integers or fractions");
        v.exact().cloned().ok_or_else(|| BuildError::about(key, message()))
    };
    values.iter().map(rational).collect()
}

/// All vectors with entries of the list, the last entry running fastest.
pub(super) fn grid(values: &[Rational], d: usize) -> Result<Vec<Vec<Rational>>, BuildError> {
    let few = |n: &usize| *n <= MAX_ROWS && n.saturating_mul(d) <= MAX_ENTRIES;
    let Some(count) = u32::try_from(d).ok().and_then(|d| values.len().checked_pow(d)).filter(few) else {
        let message = format!(
            "{} values in {d} entries make more than {MAX_ROWS} vectors, or {MAX_ENTRIES} entries in all: use fewer",
            values.len()
        );
        return Err(BuildError::about("values", message));
    };
    let vector = |mut index: usize| {
        let mut v = vec![values[0].clone(); d];
        for entry in v.iter_mut().rev() {
            *entry = values[index % values.len()].clone();
            index /= values.len();
        }
        v
    };
    Ok((0..count).map(vector).collect())
}

fn drawn(p: &Params) -> Result<Vec<Vec<Rational>>, BuildError> {
    let (count, d) = (p.count("draws")?, dimension(p)?);
    if count == 0 || count.saturating_mul(d) > 10 * MAX_ROWS {
        let most = 10 * MAX_ROWS;
        return Err(BuildError::about(
            "draws",
            format!("{count} vectors of {d} entries; from 1 to {most} entries are drawn"),
        ));
    }
    let seed = p.count("data_seed")? as u64;
    let mut stream: Stream<1> = Stream::new(&CellKey::new(seed, &[], "vectors"), 0);
    let mut below = |n: usize| stream.index(n)[0];
    let mut vector = || -> Vec<Rational> {
        (0..d)
            .map(|_| {
                let (silent, j, shift) = (below(4) == 0, below(129) as i64 - 64, below(9));
                if silent { Rational::integer(0) } else { crate::scalar::Scalar::ratio(j, 1 << shift) }
            })
            .collect()
    };
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        let mut v = vector();
        if v.iter().all(Rational::is_zero) {
            v[0] = Rational::integer(1);
        }
        all.push(v);
    }
    Ok(all)
}

/// |v|_1, |v|_2^2, |v|_inf, and the number of entries that are not 0.
pub(super) fn norms(v: &[Rational]) -> [Rational; 4] {
    use crate::scalar::Scalar;
    let zero = Rational::zero;
    let [mut l1, mut l2, mut top] = [zero(), zero(), zero()];
    for x in v {
        l1 += &Scalar::abs(x);
        l2.add_product(x, x);
        top = Scalar::max(&top, &Scalar::abs(x));
    }
    let count = v.iter().filter(|x| !x.is_zero()).count();
    [l1, l2, top, Rational::integer(count as i64)]
}

/// phi(v) = |v|_1^2/(d |v|_2^2) of a vector that is not 0.
pub(super) fn density(l1: &Rational, l2_squared: &Rational, d: usize) -> Rational {
    use crate::scalar::Scalar;
    let whole = l2_squared.clone() * Rational::integer(d as i64);
    (l1.clone() * l1).divide(&whole).unwrap_or_else(|_| Rational::zero())
}

/// A vector as text.
pub(super) fn show(v: &[Rational]) -> String {
    let entries: Vec<String> = v.iter().take(12).map(ToString::to_string).collect();
    let more = if v.len() > 12 { format!(", .. ({} entries)", v.len()) } else { String::new() };
    format!("({}{more})", entries.join(", "))
}
