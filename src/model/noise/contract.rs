//! What every law of the registry must do: its moments as declared, exactly where it is finite and by sampling.

use super::*;
use crate::model::{ParamValue, Real};
use crate::rng::CellKey;
use crate::scalar::{Scalar, WIDTH};

fn q(text: &str) -> Rational {
    text.parse().unwrap()
}

fn real(text: &str) -> Real {
    Real::Exact(q(text))
}

/// Parameters by their text: one number, `a, b` a vector, `a b; c d` a matrix by rows, else a word.
fn params(dimension: usize, values: &[(&'static str, &str)]) -> Params {
    let mut p = Params { dimension, workers: 1, ..Params::default() };
    for (key, text) in values {
        let numbers =
            |text: &str, by: char| text.split(by).map(|t| t.parse().ok().map(Real::Exact)).collect::<Option<Vec<_>>>();
        let value = if text.contains(' ') {
            ParamValue::Matrix(text.split(';').map(|row| numbers(row.trim(), ' ').unwrap()).collect())
        } else {
            match numbers(text, ',') {
                Some(v) if v.len() == 1 => ParamValue::Number(v[0].clone()),
                Some(v) => ParamValue::Vector(v),
                None => ParamValue::Text((*text).into()),
            }
        };
        p.values.insert(key, value);
    }
    p
}

fn entry(name: &str) -> &'static NoiseEntry {
    ALL.iter().find(|e| e.name == name).expect(name)
}

const SCALE: (&str, &str) = ("scale", "1,1/2,2");
const GRADIENT: [&str; 3] = ["1", "-1/2", "0"];

/// Every law in three dimensions. A joint law whose coordinates depend on each other stands beside the others.
fn laws() -> Vec<(&'static str, Box<dyn DynNoise>)> {
    let table: Vec<(&'static str, Vec<(&'static str, &str)>)> = vec![
        ("gaussian", vec![SCALE]),
        ("uniform", vec![SCALE]),
        ("laplace", vec![SCALE]),
        ("logistic", vec![SCALE]),
        ("student", vec![SCALE, ("nu", "9")]),
        ("rademacher", vec![SCALE]),
        ("exp-1", vec![SCALE]),
        ("gauss-extremal", vec![SCALE, ("half_width", "3"), ("weight", "1/4")]),
        ("sparse", vec![("scale", "3")]),
        ("finite", vec![SCALE, ("atoms", "3 1/4; -1 3/4")]),
        ("skew50", vec![SCALE]),
        ("sparse-independent", vec![SCALE, ("probability", "1/4"), ("size", "3")]),
        ("joint", vec![("atoms", "1 1 0 1/2; -1 0 2 1/4; -1 -2 -2 1/4")]),
        ("two-atom", vec![("size", "2")]),
        ("multiplicative", vec![("atoms", "-3 1/4; 7/3 3/4")]),
        ("multiplicative", vec![("atoms", "-3 1/4; 7/3 3/4"), ("over", "shared")]),
        ("cantelli-extremal", vec![("wrong", "1/3"), ("shift", "1/4")]),
        // p = 1/(2 + 2g^2), values g + a (1 + g^2) and g - t: mean g where a/2 = t (1 - p), t = a (1 + g^2)/(1 + 2g^2)
        ("state-atoms", vec![("atoms", "g+a*(1+g^2):1/(2+2*g^2);g-a*(1+g^2)/(1+2*g^2):1-1/(2+2*g^2)"), ("a", "1/2")]),
        ("state-atoms", vec![("atoms", "3*g:1/3;0:2/3")]),
        // After the first node's first atom its mirror image, else the same law again.
        ("tree", vec![("atoms", "0 2 0 1 1/5; 0 -1/2 0 -1/4 4/5; 1 -2 0 -1 1/5; 1 1/2 0 1/4 4/5"), ("then", "again")]),
    ];
    table.into_iter().map(|(name, values)| (name, (entry(name).build)(&params(3, &values)).unwrap())).collect()
}

#[test]
fn every_entry_is_covered() {
    let covered: Vec<&str> = laws().iter().map(|(name, _)| *name).collect();
    for entry in ALL {
        assert!(covered.contains(&entry.name), "add a row of `laws()` in {} for {}", file!(), entry.name);
    }
}

/// Draws of g~ - g for `chunks * WIDTH` replicates.
fn draws(law: &dyn DynNoise, batch: u64, chunks: u64) -> Vec<[f64; 3]> {
    let key = CellKey::new(3, &[], "contract");
    let gradient = GRADIENT.map(|g| q(g).to_f64());
    let mut out = Vec::new();
    for chunk in 0..chunks {
        let mut stream = Stream::<WIDTH>::new(&key, chunk * WIDTH as u64);
        let mut g = gradient.map(Lane::splat);
        let x = g;
        law.perturb_lanes(&mut [0; WIDTH], &mut stream, batch, &x, &mut g);
        out.extend((0..WIDTH).map(|lane| std::array::from_fn(|i| g[i].0[lane] - gradient[i])));
    }
    out
}

/// How many standard errors the mean of h lies from its expectation.
fn deviation(draws: &[[f64; 3]], expected: f64, h: impl Fn(&[f64; 3]) -> f64) -> f64 {
    let n = draws.len() as f64;
    let mean = draws.iter().map(&h).sum::<f64>() / n;
    let variance = draws.iter().map(|d| (h(d) - mean).powi(2)).sum::<f64>() / (n - 1.0);
    if (mean - expected).abs() <= 1e-9 { 0.0 } else { (mean - expected).abs() / (variance / n).sqrt() }
}

#[test]
fn samples_have_the_declared_moments() {
    // statistical: about 19 laws * 2 batches * 7 statistics, each within z standard errors of its mean. z = 5.5 leaves
    // 4e-8 per test for a normal mean of n = 64 * 1500, under 1e-5 in all. Student's nu = 9 has the fourth moment.
    let squares = |v: &[f64; 3]| v.iter().map(|x| x * x).sum::<f64>();
    let l1 = |v: &[f64; 3]| v.iter().map(|x| x.abs()).sum::<f64>();
    for (name, law) in laws() {
        let facts = law.facts();
        let known =
            |fact: &str| facts.get(fact).filter(|f| f.known == crate::model::Known::Exact).map(|f| f.value.to_f64());
        for batch in [1, 3] {
            let draws = draws(&*law, batch, 1500);
            let check = |what: &str, expected: f64, h: &dyn Fn(&[f64; 3]) -> f64| {
                let z = deviation(&draws, expected, h);
                assert!(z < 5.5, "{name}, batch {batch}: {what} is {z} standard errors from {expected}");
            };
            for i in 0..3 {
                check("a mean", 0.0, &|v| v[i]);
            }
            if let Some(sigma) = known("sigma") {
                check("E|xi|_2^2", sigma * sigma / batch as f64, &squares);
            }
            if let (Some(sigma), 1) = (known("sigma_l1"), batch) {
                check("E|xi|_1^2", sigma * sigma, &|v| l1(v).powi(2));
            }
            if let (Some(moment), 1) = (known("second_moment"), batch) {
                check("E|g|_2^2", moment, &|v| (0..3).map(|i| (v[i] + q(GRADIENT[i]).to_f64()).powi(2)).sum());
            }
        }
    }
}

#[test]
fn samples_have_the_declared_deviations() {
    // statistical: as above; sigma1 and sigma_max from the coordinates' own deviations, within 4 per cent (n = 96 000,
    // relative error of a deviation about sqrt(kurtosis/4n), 0.5 per cent for the heaviest law here, kurtosis 9)
    for (name, law) in laws() {
        let draws = draws(&*law, 1, 1500);
        let sd: [f64; 3] =
            std::array::from_fn(|i| (draws.iter().map(|v| v[i] * v[i]).sum::<f64>() / draws.len() as f64).sqrt());
        let facts = law.facts();
        let sides = [("sigma1", sd.iter().sum::<f64>()), ("sigma_max", sd.iter().fold(0.0, |a: f64, b| a.max(*b)))];
        for (fact, found) in sides {
            let Some(fact) = facts.get(fact) else { continue };
            let declared = fact.value.to_f64();
            assert!(found <= 1.04 * declared, "{name}: {found} above {declared}");
            assert!(
                fact.known != crate::model::Known::Exact || found >= 0.96 * declared,
                "{name}: {found}, {declared}"
            );
        }
    }
}

#[test]
fn a_replicate_draws_the_same_alone_and_in_a_lane() {
    let key = CellKey::new(5, &[], "contract");
    for (name, law) in laws() {
        let mut wide = GRADIENT.map(|g| Lane::<WIDTH>::splat(q(g).to_f64()));
        let x = wide;
        law.perturb_lanes(&mut [0; WIDTH], &mut Stream::new(&key, 100), 2, &x, &mut wide);
        for lane in [0, 1, 40, 63] {
            let mut alone = GRADIENT.map(|g| Lane::<1>::splat(q(g).to_f64()));
            let x = alone;
            law.perturb_lanes(&mut [0], &mut Stream::new(&key, 100 + lane), 2, &x, &mut alone);
            let at = |i: usize| (wide[i].0[lane as usize].to_bits(), alone[i].0[0].to_bits());
            assert!((0..3).all(|i| at(i).0 == at(i).1), "{name}, lane {lane}");
        }
    }
}

#[test]
fn a_gradient_that_is_no_number_stays_one() {
    for (name, law) in laws() {
        let mut g = [Lane::<1>::splat(f64::NAN); 3];
        law.perturb_lanes(&mut [0], &mut Stream::new(&CellKey::new(1, &[], "contract"), 0), 2, &[], &mut g);
        assert!(g.iter().all(|g| g.0[0].is_nan()), "{name}");
    }
}

#[test]
fn atoms_have_the_exact_moments() {
    let gradient = GRADIENT.map(q);
    let mut finite = 0;
    for (name, law) in laws() {
        let Some(atoms) = law.atoms_from(0, &gradient, &gradient) else { continue };
        finite += 1;
        let expect = |h: &dyn Fn(&[Rational]) -> Rational| {
            atoms.iter().fold(Rational::zero(), |sum, a| sum + h(&a.gradient) * &a.probability)
        };
        assert_eq!(expect(&|_| Rational::one()), Rational::one(), "{name}");
        for (i, g) in gradient.iter().enumerate() {
            assert_eq!(expect(&|a| a[i].clone()), *g, "{name}");
        }
        let gap = |a: &[Rational], i: usize| a[i].clone() - &gradient[i];
        let square = |v: Rational| v.clone() * v;
        let moments: [(&str, Rational); 3] = [
            ("sigma", expect(&|a| (0..3).fold(Rational::zero(), |s, i| s + square(gap(a, i))))),
            ("sigma_l1", expect(&|a| square((0..3).fold(Rational::zero(), |s, i| s + Scalar::abs(&gap(a, i)))))),
            ("second_moment", expect(&|a| (0..3).fold(Rational::zero(), |s, i| s + square(a[i].clone())))),
        ];
        for (fact, exact) in moments {
            let facts = law.facts();
            let Some(found) = facts.get(fact).filter(|f| f.known == crate::model::Known::Exact) else { continue };
            let exact = Real::Exact(exact);
            let expected = if fact == "second_moment" { exact } else { exact.root() };
            // The same rational, and the same root where it is irrational.
            assert_eq!(found.value, expected, "{name}: {fact}");
        }
    }
    // finite, skew50, rademacher, sparse-independent, joint, two-atom, 2 multiplicative, cantelli, 2 state-atoms, tree
    assert_eq!(finite, 12, "rows of `laws()` that have atoms: count a new one here");
}

#[test]
fn product_laws_stop_at_4096_atoms() {
    // exact: 2^12 = 4096 is enumerated, 2^13 is not; a coordinate without noise costs nothing
    let law = |d: usize, scale: &str| (entry("rademacher").build)(&params(d, &[("scale", scale)])).unwrap();
    assert_eq!(law(12, "1").atoms_from(0, &[], &vec![q("0"); 12]).map(|a| a.len()), Some(4096));
    assert_eq!(law(13, "1").atoms_from(0, &[], &vec![q("0"); 13]), None);
    assert_eq!(law(13, "0").atoms_from(0, &[], &vec![q("0"); 13]).map(|a| a.len()), Some(1));
}

#[test]
fn facts_by_hand() {
    // exact: rademacher with s = (1, 1/2, 2): sigma^2 = 21/4, sigma1 = sigma_l1 = 7/2, sigma_max = 2
    let facts = (entry("rademacher").build)(&params(3, &[SCALE])).unwrap().facts();
    for (name, value) in [("sigma1", "7/2"), ("sigma_l1", "7/2"), ("sigma_max", "2")] {
        assert_eq!(facts.get(name).unwrap().value, real(value), "{name}");
    }
    // exact: uniform, s = (1, 1): E|xi|_1^2 = 2 + 2 (3/4) = 7/2
    let facts = (entry("uniform").build)(&params(2, &[])).unwrap().facts();
    assert_eq!(facts.value("sigma_l1"), Some(3.5_f64.sqrt()));
    // exact: one coordinate has no cross terms, even where E|X| is irrational
    let facts = (entry("gaussian").build)(&params(1, &[("scale", "3")])).unwrap().facts();
    assert_eq!(facts.get("sigma_l1").unwrap().value, real("3"));
    // exact: t with 4 degrees of freedom, variance 2, E|t| = 1: (E|X|)^2 = 1/2; so E|xi|_1^2 = 2 + 2/2 = 3
    let facts = (entry("student").build)(&params(2, &[("nu", "4")])).unwrap().facts();
    assert!((facts.value("sigma_l1").unwrap() - 3.0_f64.sqrt()).abs() < 1e-14);
    // exact: P[xi = 0] = 1/2 for sparse-independent at eps = 1/2: right with 3/4 as g goes to 0; skew50 less its mean
    // is below 0 nine times of ten
    let facts = (entry("sparse-independent").build)(&params(2, &[("probability", "1/2")])).unwrap().facts();
    assert_eq!(facts.get("p_sign").unwrap().value, real("3/4"));
    let facts = (entry("gauss-extremal").build)(&params(1, &[("half_width", "2"), ("weight", "1/3")])).unwrap().facts();
    assert_eq!(facts.get("p_sign").unwrap().value, real("5/6"));
    let facts = (entry("skew50").build)(&params(1, &[])).unwrap().facts();
    assert_eq!(facts.get("p_sign").unwrap().value, real("1/10"));
    let facts = (entry("gaussian").build)(&params(2, &[("scale", "0")])).unwrap().facts();
    assert_eq!(facts.get("p_sign").unwrap().value, real("1"));
    // exact: skew50: variance (459/10)^2/10 + (51/10)^2 9/10 = 23409/100, deviation 153/10
    let facts = (entry("skew50").build)(&params(1, &[])).unwrap().facts();
    assert_eq!(facts.get("sigma").unwrap().value, real("153/10"));
}

#[test]
fn properties_are_told() {
    let answer = |name: &str, property| laws().iter().find(|(n, _)| *n == name).unwrap().1.has(property);
    for (name, symmetric, unimodal) in [
        ("gaussian", true, true),
        ("exp-1", false, true),
        ("rademacher", true, false),
        ("skew50", false, false),
        ("gauss-extremal", true, true),
        ("joint", false, false),
    ] {
        assert_eq!(answer(name, Property::Symmetric), Some(symmetric), "{name}");
        assert_eq!(answer(name, Property::Unimodal), Some(unimodal), "{name}");
        assert_eq!(answer(name, Property::Unbiased), Some(true), "{name}");
    }
}

#[test]
fn bad_laws_are_refused_with_what_was_found() {
    let message = |name: &str, values: &[(&'static str, &str)]| match (entry(name).build)(&params(2, values)) {
        Err(e) => e.to_string(),
        Ok(_) => panic!("{name} {values:?} was accepted"),
    };
    assert!(message("finite", &[("atoms", "50 1/10; -1 9/10")]).contains("mean 41/10"));
    assert!(message("finite", &[("atoms", "1 1/3; -1 1/3")]).contains("sum to 2/3"));
    assert!(message("finite", &[("atoms", "1 3/2; -1 -1/2")]).contains("-1/2"));
    assert!(message("finite", &[("atoms", "1 1/2 0; -1 1/2 0")]).contains("[value, probability]"));
    assert!(message("joint", &[("atoms", "1 1 1/2; -1 0 1/2")]).contains("coordinate 2 has the mean 1/2"));
    assert!(message("joint", &[("atoms", "1 1/2; -1 1/2")]).contains("2 values"));
    assert!(message("tree", &[("atoms", "0 1 1 1/2; 0 -1 0 1/2")]).contains("node 0: coordinate 2 has the mean 1/2"));
    assert!(message("tree", &[("atoms", "1 1 1 1/2; 1 -1 -1 1/2")]).contains("node 0, the first draw"));
    assert!(message("tree", &[("atoms", "1/2 1 1 1/2; 0 -1 -1 1/2")]).contains("node 1/2"));
    assert!(message("tree", &[("atoms", "0 0 0 1; 0 1 1 0")]).contains("leave it out"));
    assert!(message("tree", &[("atoms", "0 1 1/2; 0 -1 1/2")]).contains("2 values"));
    assert!(message("multiplicative", &[("atoms", "1 1/2; -1 1/2")]).contains("mean 0"));
    assert!(message("student", &[("nu", "2")]).contains("above 2"));
    assert!(message("gaussian", &[("scale", "-1")]).contains("0 or more"));
    assert!(message("gaussian", &[("scale", "1,2,3")]).contains("1 or 2"));
    assert!(message("cantelli-extremal", &[("wrong", "1")]).contains("below 1"));
    assert!(message("state-atoms", &[("atoms", "g+1:1/2;g:1/2")]).contains("the mean is 1/2"));
    assert!(message("state-atoms", &[("atoms", "g:1/2")]).contains("sum to 1/2"));
    assert!(message("state-atoms", &[("atoms", "g+x1:1")]).contains("'x1'"));
    assert!(message("state-atoms", &[("atoms", "g+a:1/2;g-a:1/2")]).contains("'a'"));
    assert!(message("state-atoms", &[("atoms", "g+:1")]).contains("'g+'"));
    assert!(message("state-atoms", &[("atoms", "g")]).contains("value : probability"));
    assert!(message("sparse-independent", &[("probability", "2")]).contains("at most 1"));
}

#[test]
fn two_atoms_do_not_exist_beyond_their_size() {
    let law = (entry("two-atom").build)(&params(1, &[("size", "2")])).unwrap();
    assert_eq!(law.atoms_from(0, &[q("5/2")], &[q("5/2")]), None);
    // exact: at |f'| = s only one atom is possible
    assert_eq!(
        law.atoms_from(0, &[q("-2")], &[q("-2")]),
        Some(vec![Atom { probability: q("1"), gradient: vec![q("-2")] }])
    );
}

#[test]
fn state_atoms_agree_with_the_laws_that_they_can_write() {
    // identity: two atoms +-s, multiplicative noise and Cantelli's law for g > 0, each by its own expressions
    let state = |text: &str, a: &str| {
        (entry("state-atoms").build)(&params(2, &[("atoms", text), ("a", a)])).unwrap_or_else(|e| panic!("{e}"))
    };
    let other = |name: &str, values: &[(&'static str, &str)]| (entry(name).build)(&params(2, values)).unwrap();
    let g = [q("1/2"), q("3/2")];
    let sorted = |law: &dyn DynNoise| {
        let mut atoms: Vec<_> =
            law.atoms_from(0, &g, &g).unwrap().into_iter().map(|a| (a.gradient, a.probability)).collect();
        atoms.sort();
        atoms
    };
    let pairs = [
        (state("a:(1+g/a)/2;-a:(1-g/a)/2", "2"), other("two-atom", &[("size", "2")])),
        (state("-3*g:1/4;7*g/3:3/4", "0"), other("multiplicative", &[("atoms", "-3 1/4; 7/3 3/4")])),
        (
            state("-a:1/3;(abs(g)+a/3)/(2/3):2/3", "1/4"),
            other("cantelli-extremal", &[("wrong", "1/3"), ("shift", "1/4")]),
        ),
    ];
    for (mine, theirs) in pairs {
        assert_eq!(sorted(&*mine), sorted(&*theirs));
    }
}

#[test]
fn state_atoms_may_look_at_the_iterate() {
    // exact: noise of size x^2 on g = x: at x = 3 the atoms 3 +- 9; lanes draw nothing else
    let law = (entry("state-atoms").build)(&params(1, &[("atoms", "g+x^2:1/2;g-x^2:1/2")])).unwrap();
    let atoms = law.atoms_from(0, &[q("3")], &[q("3")]).unwrap();
    let mut values: Vec<_> = atoms.iter().map(|a| (a.gradient[0].clone(), a.probability.clone())).collect();
    values.sort();
    assert_eq!(values, [(q("-6"), q("1/2")), (q("12"), q("1/2"))]);
    let mut g = [Lane::<WIDTH>::splat(3.0)];
    let x = g;
    law.perturb_lanes(&mut [0; WIDTH], &mut Stream::new(&CellKey::new(1, &[], "contract"), 0), 1, &x, &mut g);
    assert!(g[0].0.iter().all(|v| *v == -6.0 || *v == 12.0) && g[0].0.contains(&12.0) && g[0].0.contains(&-6.0));
    // Noise of an algorithm's own stands at no iterate.
    assert_eq!(law.atoms_from(0, &[], &[q("3")]), None);
}

#[test]
fn state_atoms_that_miss_the_gradient_show() {
    // A law for |g| <= 1 only: exactly none beyond, and NaN in the lanes beyond alone.
    let law = (entry("state-atoms").build)(&params(1, &[("atoms", "1:(1+g)/2;-1:(1-g)/2")])).unwrap();
    assert_eq!(law.atoms_from(0, &[q("3/2")], &[q("3/2")]), None);
    let mut g = [Lane::<WIDTH>(std::array::from_fn(|lane| if lane < 10 { 1.5 } else { 0.5 }))];
    law.perturb_lanes(&mut [0; WIDTH], &mut Stream::new(&CellKey::new(1, &[], "contract"), 0), 1, &[], &mut g);
    for (lane, v) in g[0].0.iter().enumerate() {
        assert!(if lane < 10 { v.is_nan() } else { v.abs() == 1.0 }, "lane {lane}: {v}");
    }
    // A mean that is right at 0 only: 2 g is not g.
    let wrong = (entry("state-atoms").build)(&params(1, &[("atoms", "2*g:1")])).unwrap();
    assert!(wrong.atoms_from(0, &[q("0")], &[q("0")]).is_some() && wrong.atoms_from(0, &[q("1")], &[q("1")]).is_none());
}

#[test]
fn finite_laws_read_and_answer_exactly() {
    let law: FiniteLaw = "finite(50:1/10, -1:9/10)".parse().unwrap();
    assert_eq!("skew50".parse(), Ok(law.clone()));
    // exact: E X = 5 - 9/10, Var X = 23409/100 (above), E|X| = 5 + 9/10
    assert_eq!((law.mean(), law.variance(), law.mean_magnitude()), (q("41/10"), q("23409/100"), q("59/10")));
    assert_eq!([q("-2"), q("-1"), q("0"), q("50")].map(|x| law.cumulative(&x)), [q("0"), q("9/10"), q("9/10"), q("1")]);
    assert_eq!(law.to_string().parse(), Ok(law.clone()));
    assert_eq!("finite(1:1/4, 1:1/4, 0:1/2, 7:0)".parse(), "finite( 0 : 0.5 , 1 : 0.5 )".parse::<FiniteLaw>());
    for bad in
        ["", "finite", "finite()", "finite(1:1", "finite(1)", "finite(1:1/2)", "finite(1:2, 0:-1)", "finite(x:1)"]
    {
        assert!(bad.parse::<FiniteLaw>().is_err(), "{bad}");
    }
}
