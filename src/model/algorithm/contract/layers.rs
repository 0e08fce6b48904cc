//! Methods that treat each layer by itself.

use super::by_hand::assert_iterates;
use super::*;
use crate::model::Registry;

fn word(name: &'static str, word: &str) -> (&'static str, ParamValue) {
    (name, ParamValue::Text(word.into()))
}

fn counted(name: &str, key: &'static str, value: i64) -> (&'static str, ParamValue) {
    let mut own = Params { dimension: 4, ..Params::default() };
    own.values.insert(key, ParamValue::Number(Real::integer(value)));
    ("compressor", ParamValue::Compressor(Registry::standard().compressor(name).unwrap(), own))
}

/// A setup on consecutive layers of the given sizes.
fn layered(name: &'static str, workers: usize, sizes: &[usize]) -> Setup {
    let blocks: Vec<Range<usize>> =
        sizes.iter().scan(0, |end, n| Some(std::mem::replace(end, *end + n)..*end)).collect();
    let setup = Setup { dimension: sizes.iter().sum(), blocks, ..Setup::new(name, workers) };
    setup.with(word("per", "layer"))
}

/// The same with noise relative to the largest entry.
fn relative(name: &'static str, workers: usize, sizes: &[usize]) -> Setup {
    layered(name, workers, sizes).with(word("noise_relative_to", "largest-entry"))
}

#[test]
fn each_layer_is_compressed_by_itself() {
    // exact, all by f = |x|^2/2, lr = 1/2, x_0 = (4 | 2, 1); the first layer's scale is its only entry, so that it is
    // x -= lr x: 2, 1, 1/2
    let start = [q(4, 1), q(2, 1), q(1, 1)];
    let iterates = |name: &'static str| layered(name, 1, &[1, 2]).schedule("step_size", q(1, 2));
    let found = |setup: Setup| setup.iterates(&[1, 1, 1], &start, 3);
    // second layer: p = (1, 1/2), scale 3/4: e = (1/4, -1/4); p = (7/8, -1/8), scale 1/2: e = (3/8, 3/8); p = (3/4, 3/4)
    assert_iterates(
        found(iterates("ef-sgd")),
        &[&[(2, 1), (5, 4), (1, 4)], &[(1, 1), (3, 4), (3, 4)], &[(1, 2), (0, 1), (0, 1)]],
    );
    // z = x - e: p = z/2 + e = (3/4, 0), scale 3/8 and sgn(0) = 0: e = (3/8, 0); z = (1/2, 1/4): p = (5/8, 1/8)
    assert_iterates(
        found(iterates("ef-lookahead")),
        &[&[(2, 1), (5, 4), (1, 4)], &[(1, 1), (7, 8), (1, 4)], &[(1, 2), (1, 2), (-1, 8)]],
    );
    // without feedback: scales 3/2, 3/4, 1/2
    assert_iterates(
        found(iterates("compressed-sgd")),
        &[&[(2, 1), (5, 4), (1, 4)], &[(1, 1), (7, 8), (-1, 8)], &[(1, 2), (5, 8), (1, 8)]],
    );
    // the largest entry of each layer
    assert_iterates(
        found(iterates("compressed-sgd").with(counted("top-k", "k", 1))),
        &[&[(2, 1), (1, 1), (1, 1)], &[(1, 1), (1, 2), (1, 1)], &[(1, 2), (1, 2), (1, 2)]],
    );
}

#[test]
fn one_layer_is_the_whole_vector_bit_for_bit() {
    fn same<S: Test>(layer: &Setup, whole: &Setup) {
        for replicate in [0, 1, 17] {
            let (mut one, mut other) = (Probe::new(replicate), Probe::new(replicate));
            let layer = layer.run(&start::<S>(replicate), 4, &mut one).unwrap();
            assert_eq!(layer, whole.run(&start::<S>(replicate), 4, &mut other).unwrap(), "{}", whole.name);
            assert_eq!((one.up, one.down), (other.up, other.down));
        }
    }
    let entries = ["ef-sgd", "ef-lookahead", "compressed-sgd", "noisy-signsgd", "noisy-median-sgd"];
    for (name, workers) in entries.into_iter().flat_map(|name| [1, 2, 3].map(|m| (name, m))) {
        for plain in conventions() {
            // Blocks of `scaling` are another answer to the same question: a file gives one of the two.
            let semantics = Semantics { scaling: Scaling::Whole, ..plain };
            let layer = relative(name, workers, &[4]).under(semantics.clone());
            let whole = Setup { blocks: Vec::new(), ..relative(name, workers, &[4]) }.under(semantics);
            let whole = whole.with(word("per", "vector"));
            same::<Wide>(&layer, &whole);
            same::<Narrow>(&layer, &whole);
            same::<Rational>(&layer, &whole);
        }
    }
}

#[test]
fn layers_have_the_same_bits_alone_and_in_a_lane_and_equal_the_exact_run() {
    for name in ["ef-sgd", "ef-lookahead", "compressed-sgd", "noisy-signsgd", "noisy-median-sgd"] {
        for (sizes, workers) in [[1, 3], [2, 2]].into_iter().flat_map(|s| [1, 2, 3].map(|m| (s, m))) {
            // A scale of three entries is no dyadic number, nor is a mean of three workers.
            let exactly = (sizes == [2, 2] && workers < 3) || name.starts_with("noisy");
            let setup = relative(name, workers, &sizes);
            let wide = setup.run(&start::<Wide>(0), 4, &mut Probe::new(0)).unwrap();
            for lane in [0, 1, 17, 63] {
                let alone = setup.run(&start::<Narrow>(lane), 4, &mut Probe::new(lane)).unwrap();
                let exact = setup.run(&start::<Rational>(lane), 4, &mut Probe::new(lane)).unwrap();
                for (((wide, _), (alone, _)), (exact, _)) in wide.iter().zip(&alone).zip(&exact) {
                    let at: Vec<f64> = wide.iter().map(|x| x.0[lane as usize]).collect();
                    assert_eq!(at, alone.iter().map(|x| x.0[0]).collect::<Vec<_>>(), "{name}");
                    let doubles: Vec<f64> = exact.iter().map(Rational::to_f64).collect();
                    assert!(!exactly || at == doubles, "{name} {workers}: {at:?} {doubles:?}");
                }
            }
        }
    }
}

/// Three workers with gradients x, x - 1/4, x - 1/2, and the draws xi of the probe's calls 4, 5, 6.
fn noisy_by_hand(x: &[Rational; 3], levels: &[Rational; 3], replicate: u64) -> Vec<[Rational; 3]> {
    (0..3)
        .map(|worker| {
            let mut probe = Probe { first: replicate, calls: 3 + worker, ..Probe::plain(&[1; 3]) };
            let mut xi = vec![Rational::zero(); 3];
            probe.perturbation(&mut xi).unwrap();
            std::array::from_fn(|j| x[j].clone() - q(worker as i64, 4) + levels[j].clone() * &xi[j])
        })
        .collect()
}

#[test]
fn noise_relative_to_the_largest_entry() {
    // exact: at x = (1/2 | -1, 1/4) the gradients are (1/2 | -1, 1/4), (1/4 | -5/4, 0) and (0 | -3/2, -1/4): the largest
    // entries are 1/2 | 3/2, of the whole vector 3/2; b = 1/4 gives the levels 1/8 | 3/8, or 3/8 everywhere
    let x = [q(1, 2), q(-1, 1), q(1, 4)];
    for (per, levels) in [("layer", [q(1, 8), q(3, 8), q(3, 8)]), ("vector", [q(3, 8), q(3, 8), q(3, 8)])] {
        for replicate in 0..16 {
            let sent = noisy_by_hand(&x, &levels, replicate);
            let step = |name: &'static str| {
                let mut probe = Probe { first: replicate, alike: false, ..Probe::plain(&[1; 3]) };
                let setup = relative(name, 3, &[1, 2]).with(word("per", per));
                setup.run(&x, 1, &mut probe).unwrap()[0].0.clone()
            };
            let (signs, medians) = (step("noisy-signsgd"), step("noisy-median-sgd"));
            for j in 0..3 {
                let mut column: Vec<Rational> = sent.iter().map(|v| v[j].clone()).collect();
                let votes: i64 = column.iter().map(Rational::signum).sum();
                assert_eq!(signs[j], x[j].clone() - q(votes.signum(), 8), "{per} {replicate} {j}");
                column.sort();
                assert_eq!(medians[j], x[j].clone() - q(1, 8) * &column[1], "{per} {replicate} {j}");
            }
        }
    }
    // exact: no gradient, no noise: all rest at the common minimum
    for name in ["noisy-signsgd", "noisy-median-sgd"] {
        let run = relative(name, 2, &[1, 2]).run(&[q(0, 1), q(0, 1), q(0, 1)], 2, &mut Probe::plain(&[1; 3])).unwrap();
        assert_eq!(run[1].0, [q(0, 1), q(0, 1), q(0, 1)], "{name}");
    }
}

#[test]
fn an_enclosure_holds_the_exact_run_of_noise_relative_to_the_largest_entry() {
    // identity: the enclosure starts in a box around the rational start, so that its iterates hold the exact ones
    let x = [q(1, 2), q(-1, 1), q(1, 4)];
    let wide: Vec<Enclosure> = x.iter().map(<Enclosure as Test>::start).collect();
    let probe = || Probe { alike: false, ..Probe::plain(&[1; 3]) };
    let setup = relative("noisy-median-sgd", 3, &[1, 2]);
    let (exact, boxes) = (setup.run(&x, 3, &mut probe()).unwrap(), setup.run(&wide, 3, &mut probe()).unwrap());
    for ((exact, _), (boxes, _)) in exact.iter().zip(&boxes) {
        for (exact, inside) in exact.iter().zip(boxes) {
            let (low, high) = inside.ends();
            assert!(low < high && low <= exact.to_f64() && exact.to_f64() <= high && high - low < 1e-12);
        }
    }
}

#[test]
fn messages_of_layers() {
    // exact, d = 1 + 3 and one bit a sign: 4 + a float for each layer, 4 + 2 * 32; top-1 a float and an index of 0 and
    // 2 bits; the largest entries a float for each layer or one, up and down. One worker up, down; three up, down (all).
    let one = Semantics { sign_zero: SignZero::Plus, ties: SignZero::Plus, ..Semantics::default() };
    let top = || counted("top-k", "k", 1);
    let table = [
        (layered("ef-sgd", 1, &[1, 3]), [68, 68, 384, 204]),
        (layered("ef-lookahead", 1, &[1, 3]), [68, 68, 384, 204]),
        (layered("compressed-sgd", 1, &[1, 3]), [68, 68, 204, 384]),
        (layered("compressed-sgd", 1, &[1, 3]).with(top()), [66, 66, 198, 384]),
        (relative("noisy-signsgd", 1, &[1, 3]), [68, 68, 204, 204]),
        (relative("noisy-signsgd", 1, &[1, 3]).with(word("per", "vector")), [36, 36, 108, 108]),
        (relative("noisy-median-sgd", 1, &[1, 3]), [192, 192, 576, 576]),
        (relative("noisy-median-sgd", 1, &[1, 3]).with(word("per", "vector")), [160, 160, 480, 480]),
    ];
    for (setup, expected) in table {
        let mut found = Vec::new();
        let setup = setup.under(one.clone());
        for workers in [1, 3] {
            let (mut probe, others) = (Probe::new(0), setup.others.clone());
            let setup = Setup { workers, others, blocks: setup.blocks.clone(), ..Setup::new(setup.name, workers) };
            setup.under(one.clone()).run(&start::<Narrow>(0), 1, &mut probe).unwrap();
            found.extend([probe.up, probe.down]);
        }
        assert_eq!(found, expected, "{}", setup.name);
    }
}

#[test]
fn the_quality_of_layers_is_that_of_the_worst() {
    let delta = |setup: Setup| match setup.build().0.facts(setup.dimension).as_slice() {
        [("delta", Real::Exact(delta))] => delta.clone(),
        other => panic!("{other:?}"),
    };
    for name in ["ef-sgd", "ef-lookahead", "compressed-sgd"] {
        // exact: the sign guarantees 1/d_l, and top-2 2/d_l, at most 1
        assert_eq!(delta(layered(name, 1, &[1, 3])), q(1, 3), "{name}");
        assert_eq!(delta(layered(name, 1, &[1, 3]).with(word("per", "vector"))), q(1, 4), "{name}");
        assert_eq!(delta(layered(name, 1, &[1, 5, 2]).with(counted("top-k", "k", 2))), q(2, 5), "{name}");
        // exact: no compressor of these layers is guaranteed anything
        assert_eq!(delta(layered(name, 1, &[1, 3]).with(counted("stochastic-sign", "radius", 1))), q(0, 1), "{name}");
    }
    // exact: with sgn(0) = +1 the vector (0 | 1, 0, 0) becomes (0 | 1/3, 1/3, 1/3): |C(v) - v|^2 = 4/9 + 2/9 =
    // (1 - 1/3)|v|^2, so that no delta above 1/3 holds; e after one step of lr = 1 from there is C(v) - v
    let plus = Semantics { sign_zero: SignZero::Plus, ..Semantics::default() };
    let setup = layered("ef-sgd", 1, &[1, 3]).schedule("step_size", q(1, 1)).under(plus);
    let v = [q(0, 1), q(1, 1), q(0, 1), q(0, 1)];
    let error = setup.run(&v, 1, &mut Probe::plain(&[1; 4])).unwrap()[0].1.clone();
    assert_eq!(norm2_squared(&error), q(2, 3));
}

#[test]
fn what_does_not_fit_a_layer_is_refused() {
    let refused = |setup: &Setup| {
        let entry = ALL.iter().find(|e| e.name == setup.name).expect("registered");
        let (dimension, workers, blocks) = (setup.dimension, setup.workers, setup.blocks.clone());
        let mut p = Params { dimension, workers, blocks, ..Params::default() };
        p.values.extend(["step_size", "noise_level"].map(|n| (n, ParamValue::Schedule(Slot(0)))));
        p.values.extend(setup.others.iter().cloned());
        (entry.build)(&p).err().map(|e| (e.key, e.message))
    };
    let mut rows = counted("k-pca", "k", 1);
    if let (_, ParamValue::Compressor(_, own)) = &mut rows {
        own.values.insert("rows", ParamValue::Number(Real::integer(2)));
    }
    let (key, message) = refused(&layered("ef-sgd", 1, &[2, 1]).with(rows.clone())).expect("refused");
    assert!(key == Some("compressor") && message.contains("layer of 1") && message.contains("'rows'"), "{message}");
    assert_eq!(refused(&layered("ef-sgd", 1, &[2, 2]).with(rows)), None);
    // Layers of a level that is the same everywhere would change nothing.
    for name in ["noisy-signsgd", "noisy-median-sgd"] {
        let (key, message) = refused(&layered(name, 1, &[1, 3])).expect("refused");
        assert!(key == Some("per") && message.contains("largest-entry"), "{message}");
        assert_eq!(refused(&relative(name, 1, &[1, 3])), None);
    }
}
