//! What every compressor of the registry must do: its quality, over enumerated vectors and all its coins.

use super::*;
use crate::model::{ParamValue, SignZero};

/// Follows one path through the coins and computes its probability; [`expect`] walks all paths.
struct Path {
    choices: Vec<bool>,
    used: usize,
    weight: Rational,
}

impl Query<Rational> for Path {
    fn gradient(&mut self, _: usize, _: &[Rational], _: &mut [Rational]) -> Result<(), Fault> {
        Err(Fault::Unsupported("a compressor asks for no gradient".into()))
    }
    fn coin(&mut self, p: &[Rational], out: &mut [Rational]) -> Result<(), Fault> {
        for (p, out) in p.iter().zip(out) {
            let p = Scalar::min(&Scalar::max(p, &Rational::zero()), &Rational::one());
            let certain = p.is_zero() || p == Rational::one();
            if !certain && self.used == self.choices.len() {
                self.choices.push(true);
            }
            let heads = if certain { !p.is_zero() } else { self.choices[self.used] };
            self.used += usize::from(!certain);
            self.weight *= &if heads { p } else { Rational::one() - p };
            *out = Rational::integer(i64::from(heads));
        }
        Ok(())
    }
    fn perturbation(&mut self, _: &mut [Rational]) -> Result<(), Fault> {
        Err(Fault::Unsupported("a compressor asks for no perturbation".into()))
    }
    fn upload(&mut self, _: u64) {}
    fn broadcast(&mut self, _: u64, _: usize) {}
}

/// All outcomes C(v) with their probabilities.
fn outcomes(
    c: &dyn DynCompressor,
    v: &[Rational],
    semantics: &Semantics,
) -> Result<Vec<(Vec<Rational>, Rational)>, Fault> {
    let mut out = Vec::new();
    let mut choices = Vec::new();
    loop {
        let mut path = Path { choices, used: 0, weight: Rational::one() };
        let mut value = v.to_vec();
        Compresses::<Rational>::compress_in(c, &mut value, semantics, &mut path)?;
        out.push((value, path.weight));
        choices = path.choices;
        while choices.last() == Some(&false) {
            choices.pop();
        }
        match choices.last_mut() {
            Some(last) => *last = false,
            None => return Ok(out),
        }
    }
}

fn build(name: &str, numbers: &[(&'static str, i64, u64)], words: &[(&'static str, &str)]) -> Box<dyn DynCompressor> {
    let mut p = Params::default();
    for (key, n, d) in numbers {
        p.values.insert(key, ParamValue::Number(Rational::ratio(*n, *d).into()));
    }
    for (key, word) in words {
        p.values.insert(key, ParamValue::Text((*word).into()));
    }
    (ALL.iter().find(|e| e.name == name).expect("registered").build)(&p).unwrap()
}

/// {-2, .., 2}^3.
fn vectors() -> Vec<Vec<Rational>> {
    let numbers = -2..=2;
    let pairs = numbers.clone().flat_map(|a| numbers.clone().map(move |b| (a, b)));
    pairs.flat_map(|(a, b)| (-2..=2).map(move |c| [a, b, c].map(Rational::integer).to_vec())).collect()
}

fn square(v: &[Rational]) -> Rational {
    v.iter().fold(Rational::zero(), |sum, x| sum + x.clone() * x)
}

fn minus(a: &[Rational], b: &[Rational]) -> Vec<Rational> {
    a.iter().zip(b).map(|(a, b)| a.clone() - b).collect()
}

/// E|C(v) - v|_2^2.
fn error(outcomes: &[(Vec<Rational>, Rational)], v: &[Rational]) -> Rational {
    outcomes.iter().fold(Rational::zero(), |sum, (c, p)| sum + square(&minus(c, v)) * p)
}

#[test]
fn the_quality_holds_for_every_enumerated_vector() {
    // exact: E|C(v) - v|^2 <= (1 - delta)|v|^2 in rationals, with equality wherever `tight` says so for all v
    let table = [
        ("identity", build("identity", &[], &[]), true),
        ("sign", build("sign", &[], &[]), false),
        ("top-k", build("top-k", &[("k", 1, 1)], &[]), false),
        ("top-k", build("top-k", &[("k", 2, 1)], &[]), false),
        ("top-k", build("top-k", &[("k", 7, 1)], &[]), true),
        ("random-k", build("random-k", &[("k", 1, 1)], &[]), true),
        ("random-k", build("random-k", &[("k", 2, 1)], &[]), true),
        ("random-k", build("random-k", &[("k", 2, 1)], &[("rescale", "no")]), true),
        ("linear", build("linear", &[("factor", 1, 3)], &[]), true),
        ("linear", build("linear", &[("factor", 5, 3)], &[]), true),
    ];
    // Those of the tests below: quantisers, no quality at all, floats alone.
    let elsewhere = ["qsgd", "terngrad", "stochastic-sign", "k-pca"];
    for name in ALL.iter().map(|entry| entry.name).filter(|name| !elsewhere.contains(name)) {
        assert!(table.iter().any(|row| row.0 == name), "add a row for {name} to the table above, or a test of its own");
    }
    let conventions = [SignZero::Zero, SignZero::Plus, SignZero::Minus, SignZero::Random];
    for ((name, c, tight), sign_zero) in table.iter().flat_map(|t| conventions.map(|z| (t, z))) {
        let semantics = Semantics { sign_zero, ..Semantics::default() };
        let Real::Exact(delta) = c.quality(3) else { panic!("an exact quality") };
        assert!(delta.signum() > 0 && delta <= Rational::one());
        for v in vectors() {
            let outcomes = outcomes(&**c, &v, &semantics).unwrap();
            let total = outcomes.iter().fold(Rational::zero(), |sum, (_, p)| sum + p);
            assert_eq!(total, Rational::one());
            let (left, right) = (error(&outcomes, &v), (Rational::one() - &delta) * square(&v));
            assert!(if *tight { left == right } else { left <= right }, "{name}: {v:?}");
        }
    }
}

#[test]
fn the_sign_is_as_good_as_the_density() {
    // exact: karimireddy2019, lemma 8, as an identity: (1 - phi (2 - nnz/d)) |v|^2 with sgn(0) = 0
    let sign = build("sign", &[], &[]);
    for v in vectors().into_iter().filter(|v| square(v) != Rational::zero()) {
        let nonzero = v.iter().filter(|x| !x.is_zero()).count() as i64;
        let l1 = crate::model::query::norm1(&v);
        let phi_square = (l1.clone() * &l1) * Rational::ratio(1, 3);
        let right = square(&v) - phi_square * Rational::ratio(6 - nonzero, 3);
        assert_eq!(error(&outcomes(&*sign, &v, &Semantics::default()).unwrap(), &v), right);
    }
}

#[test]
fn quantisers_are_unbiased_within_their_inflation() {
    // exact: E U = v and E|U|^2 <= k|v|^2; k = (1 + sqrt 3)/2, sqrt 3, 1 + min(3/4, sqrt 3/2) = 7/4 as doubles;
    // random-k: d/k
    let root = 3.0_f64.sqrt();
    let table = [
        (build("terngrad", &[], &[("rescale", "no")]), (1.0 + root) / 2.0),
        (build("qsgd", &[("levels", 1, 1)], &[("rescale", "no")]), root),
        (build("qsgd", &[("levels", 2, 1)], &[("rescale", "no")]), 1.75),
        (build("random-k", &[("k", 1, 1)], &[("rescale", "no")]), 3.0),
        (build("random-k", &[("k", 2, 1)], &[("rescale", "no")]), 1.5),
        (build("random-k", &[("k", 9, 1)], &[("rescale", "no")]), 1.0),
    ];
    for (c, k) in table {
        let mut exact = 0;
        for v in vectors() {
            // A 2-norm that is no rational has no exact run.
            let Ok(outcomes) = outcomes(&*c, &v, &Semantics::default()) else { continue };
            exact += 1;
            let mut mean = vec![Rational::zero(); 3];
            for (u, p) in &outcomes {
                mean.iter_mut().zip(u).for_each(|(m, u)| m.add_product(u, p));
            }
            assert_eq!(mean, v);
            let second = outcomes.iter().fold(Rational::zero(), |sum, (u, p)| sum + square(u) * p);
            assert!(second.to_f64() <= k * square(&v).to_f64() * (1.0 + 1e-12), "{v:?}");
        }
        assert!(exact > 12, "too few vectors with a rational norm: {exact}");
        let expected = (2.0 - k).max(0.0);
        assert!((c.quality(3).to_f64() - expected).abs() < 1e-15);
    }
}

#[test]
fn shrunk_quantisers_meet_their_quality() {
    // exact, d = 4: k = 3/2 for terngrad and 2 for qsgd(1), so that delta = 2/3 and 1/2
    for (name, delta) in [("terngrad", Rational::ratio(2, 3)), ("qsgd", Rational::ratio(1, 2))] {
        let c = build(name, &[], &[]);
        assert_eq!(c.quality(4), Real::Exact(delta.clone()));
        for v in vectors().into_iter().flat_map(|v| [0, 1, 2].map(|x| [v.clone(), vec![Rational::integer(x)]].concat()))
        {
            let Ok(outcomes) = outcomes(&*c, &v, &Semantics::default()) else { continue };
            assert!(error(&outcomes, &v) <= (Rational::one() - &delta) * square(&v), "{name} {v:?}");
        }
    }
}

#[test]
fn stochastic_signs_estimate_v_over_the_radius() {
    // exact: E S_R(v) = v/R and E|S_R(v) - v/R|^2 = d - |v|^2/R^2
    let c = build("stochastic-sign", &[("radius", 5, 2)], &[]);
    let share = Rational::ratio(2, 5);
    for v in vectors() {
        let outcomes = outcomes(&*c, &v, &Semantics::default()).unwrap();
        let target: Vec<Rational> = v.iter().map(|x| x.clone() * &share).collect();
        let mut mean = vec![Rational::zero(); 3];
        for (s, p) in &outcomes {
            assert!(s.iter().all(|s| Scalar::abs(s) == Rational::one()));
            mean.iter_mut().zip(s).for_each(|(m, s)| m.add_product(s, p));
        }
        assert_eq!(mean, target);
        assert_eq!(error(&outcomes, &target), Rational::integer(3) - square(&target));
    }
}

#[test]
fn messages_have_the_declared_bits() {
    // exact, d = 5: floats 32 each, an index 3 bits; qsgd(1) 3 values (2 bits), qsgd(4) 9 values (4 bits)
    let table = [
        ("identity", &[][..], 160),
        ("sign", &[], 42),
        ("top-k", &[("k", 2, 1)], 70),
        ("top-k", &[("k", 9, 1)], 175),
        ("random-k", &[("k", 1, 1)], 35),
        ("qsgd", &[], 42),
        ("qsgd", &[("levels", 4, 1)], 52),
        ("terngrad", &[], 42),
        ("stochastic-sign", &[("radius", 1, 1)], 5),
        ("linear", &[("factor", 1, 2)], 160),
        // 2 components of a 5 x 1 matrix are 1, of 5 + 1 floats
        ("k-pca", &[("k", 2, 1), ("rows", 5, 1)], 192),
    ];
    for entry in ALL {
        assert!(table.iter().any(|row| row.0 == entry.name), "add a row of bits for {} to the table above", entry.name);
    }
    for (name, numbers, bits) in table {
        assert_eq!(build(name, numbers, &[]).bits(5, &Semantics::default()), bits, "{name} {numbers:?}");
    }
    assert_eq!((index_bits(1), index_bits(2), index_bits(4), index_bits(100)), (0, 1, 2, 7));
}

#[test]
fn parameters_out_of_range_are_refused() {
    let refused = |name: &str, key: &'static str, value: i64| {
        let mut p = Params::default();
        p.values.insert(key, ParamValue::Number(Real::integer(value)));
        (ALL.iter().find(|e| e.name == name).expect("registered").build)(&p).is_err_and(|e| e.key == Some(key))
    };
    for (name, key, value) in [
        ("top-k", "k", 0),
        ("random-k", "k", -1),
        ("linear", "factor", 2),
        ("linear", "factor", 0),
        ("qsgd", "levels", 0),
        ("k-pca", "rows", 0),
    ] {
        assert!(refused(name, key, value), "{name} {key} = {value}");
    }
    assert!(refused("stochastic-sign", "radius", 0));
}

/// C(v) of a matrix by rows, in one lane of several.
fn components(rows: i64, k: i64, v: &[f64]) -> Vec<f64> {
    use crate::scalar::{Lane, WIDTH, Wide};
    /// A compressor without randomness draws nothing.
    struct Nobody;
    impl Query<Wide> for Nobody {
        fn gradient(&mut self, _: usize, _: &[Wide], _: &mut [Wide]) -> Result<(), Fault> {
            Err(Fault::Unsupported("no gradient".into()))
        }
        fn coin(&mut self, _: &[Wide], _: &mut [Wide]) -> Result<(), Fault> {
            Err(Fault::Unsupported("no coin".into()))
        }
        fn perturbation(&mut self, _: &mut [Wide]) -> Result<(), Fault> {
            Err(Fault::Unsupported("no perturbation".into()))
        }
        fn upload(&mut self, _: u64) {}
        fn broadcast(&mut self, _: u64, _: usize) {}
    }
    let c = build("k-pca", &[("k", k, 1), ("rows", rows, 1)], &[]);
    let mut out: Vec<Wide> = v.iter().map(|v| Lane(std::array::from_fn(|lane| v * (1.0 + lane as f64)))).collect();
    Compresses::<Wide>::compress_in(&*c, &mut out, &Semantics::default(), &mut Nobody).unwrap();
    // Lane 3 holds 4 v, and powers of two scale exactly.
    assert!(out.iter().all(|o| o.0[3] == 4.0 * o.0[0] && o.0.len() == WIDTH));
    out.iter().map(|o| o.0[0]).collect()
}

#[test]
fn components_by_hand() {
    // exact: diag(3, 1) with a column of zeros keeps its larger entry; orthogonal columns need no rotation
    assert_eq!(components(2, 1, &[3.0, 0.0, 0.0, 0.0, 1.0, 0.0]), [3.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    // exact: [[2, 1], [1, 2]] has the singular values 3 and 1, with the vectors (1, 1)/sqrt 2 and (1, -1)/sqrt 2
    for found in components(2, 1, &[2.0, 1.0, 1.0, 2.0]) {
        assert!((found - 1.5).abs() < 1e-15);
    }
    // exact: one of rank 1 is its own first component
    let outer = [2.0, -4.0, 6.0, 1.0, -2.0, 3.0];
    assert!(components(2, 1, &outer).iter().zip(outer).all(|(a, b)| (a - b).abs() < 1e-14));
    // exact: all components are the matrix itself, in every arithmetic
    let all = build("k-pca", &[("k", 3, 1), ("rows", 1, 1)], &[]);
    for v in vectors() {
        assert_eq!(outcomes(&*all, &v, &Semantics::default()).unwrap(), [(v, Rational::one())]);
    }
    let one = build("k-pca", &[("k", 1, 1), ("rows", 2, 1)], &[]);
    let refused = outcomes(&*one, &vec![Rational::one(); 4], &Semantics::default());
    assert!(matches!(refused, Err(Fault::NoExactForm(_))));
}

#[test]
fn components_meet_their_quality_and_are_the_best() {
    // identity: against the eigenvalues of V V' by an independent route (nalgebra): the error is the sum of the
    // smaller ones, and at most (1 - k/min)|v|^2. 40 fixed matrices, entries from a congruential generator.
    let mut word = 1u64;
    let mut next = || {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (word >> 40) as f64 / (1u64 << 23) as f64 - 1.0
    };
    for (rows, columns) in [(3, 5), (5, 3), (4, 4), (1, 6)].repeat(10) {
        let v: Vec<f64> = (0..rows * columns).map(|_| next()).collect();
        let matrix = nalgebra::DMatrix::from_row_slice(rows, columns, &v);
        let mut squares: Vec<f64> = (&matrix * matrix.transpose()).symmetric_eigenvalues().iter().copied().collect();
        squares.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = v.iter().map(|x| x * x).sum();
        for k in 1..rows.min(columns) {
            let found = components(rows as i64, k as i64, &v);
            let error: f64 = found.iter().zip(&v).map(|(a, b)| (a - b) * (a - b)).sum();
            let expected: f64 = squares[k..].iter().sum();
            assert!((error - expected).abs() < 1e-12 * total, "{rows} x {columns}, k = {k}: {error} and {expected}");
            let c = build("k-pca", &[("k", k as i64, 1), ("rows", rows as i64, 1)], &[]);
            assert!(error <= (1.0 - c.quality(v.len()).to_f64()) * total * (1.0 + 1e-12));
        }
    }
}
