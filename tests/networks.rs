//! Methods on a network: runs of the smallest ones, which must agree bit for bit or have the sizes that were counted by
//! hand.

mod common;

use common::run;
use serde_json::Value;

/// A network of 784-2-10 on the first 256 digits: d = 1568 + 2 + 20 + 10 = 1600 parameters.
const CLAIM: &str = r#"schema = 1
id = "test/network"
title = "Three steps of a small network"
source = { paper = "test", place = "an example" }
statement = 'x'
relation = "upper"
left = "last(f)"
[problem]
name = "mlp"
hidden = [2]
samples = 256
tests = 10
PROBLEM
[oracle]
ORACLE
[algorithm]
ALGORITHM
[run]
horizon = 3
[[bound]]
name = "any"
right = 100
expect = "holds"
why = "a run to look at"
"#;

/// All iterates of a run, and the bits that it sent.
fn trace(problem: &str, oracle: &str, algorithm: &str) -> (Vec<Vec<f64>>, u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let text = CLAIM.replace("PROBLEM", problem).replace("ORACLE", oracle).replace("ALGORITHM", algorithm);
    std::fs::write(folder.path().join("network.toml"), text).expect("a file");
    let call = run(folder.path(), &["trace", "network.toml", "--json"]);
    assert_eq!(call.code, Some(0), "{call}");
    let found = call.json();
    let numbers = |x: &Value| x.as_array().into_iter().flatten().filter_map(Value::as_f64).collect::<Vec<f64>>();
    let iterates: Vec<Vec<f64>> = found["iterates"].as_array().into_iter().flatten().map(numbers).collect();
    assert!(iterates.len() == 4 && iterates.iter().all(|x| x.len() == 1600), "four iterates of 1600 numbers");
    assert_ne!(iterates[0], iterates[3], "nothing moved");
    (iterates, found["bits"].as_u64().expect("bits"))
}

/// identity: the worker's shard holds every image, so that its f_1 is f. Its gradient is the sum over the batch of
/// losses divided by n, that of f the sum divided by n; division by n = 2^8 is exact in single precision, too.
#[test]
fn one_worker_with_the_whole_set_is_plain_training() {
    for algorithm in ["name = \"sgd\"\nstep_size = \"1/4\"", "name = \"signsgd\"\nstep_size = \"1/64\""] {
        let plain = trace("", "noise = \"none\"", algorithm);
        let alone = trace("split = \"iid\"\nworkers = 1", "workers = 1", algorithm);
        assert_eq!(plain, alone);
    }
}

/// identity: the majority of equal signs is the sign.
#[test]
fn a_vote_of_identical_workers_is_signsgd() {
    let method = |name: &str| format!("name = \"{name}\"\nstep_size = \"1/64\"");
    let (alone, _) = trace("", "workers = 1", &method("signsgd"));
    for name in ["vote", "mv-signsgd"] {
        assert_eq!(trace("", "workers = 5", &method(name)).0, alone, "{name}");
    }
}

/// The first step of EF-signSGD moves every coordinate of a layer by the layer's scale or, where its gradient is 0, not
/// at all.
#[test]
fn each_layer_has_its_own_scale() {
    // exact: the layout of 784-2-10: weights and biases of two layers
    let layers = [0..1568, 1568..1570, 1570..1590, 1590..1600];
    let method = |per: &str| format!("name = \"ef-sgd\"\nstep_size = \"1/4\"\nper = \"{per}\"");
    let scales = |iterates: &[Vec<f64>]| {
        let moved: Vec<f64> = iterates[0].iter().zip(&iterates[1]).map(|(a, b)| (a - b).abs()).collect();
        layers.clone().map(|layer| {
            let mut sizes = moved[layer].iter().copied().filter(|size| *size > 0.0);
            let first = sizes.next().expect("a coordinate that moves");
            // rounding of x and of the difference: a few units of 2^-53 of numbers below 1
            assert!(sizes.all(|size| (size - first).abs() < 1e-15), "one scale per layer");
            first
        })
    };
    let (by_layer, bits) = trace("", "workers = 1", &method("layer"));
    let of_layers = scales(&by_layer);
    for (i, a) in of_layers.iter().enumerate() {
        assert!(of_layers[..i].iter().all(|b| (a - b).abs() > 1e-6), "{of_layers:?}");
    }
    // exact: three steps, up and down, of two bits a sign (0 is a value) and a float for each of four layers
    assert_eq!(bits, 3 * 2 * (2 * 1600 + 32 * 4));
    let (whole, bits) = trace("", "workers = 1", &method("vector"));
    let of_whole = scales(&whole);
    assert!(of_whole.iter().all(|a| (a - of_whole[0]).abs() < 1e-15), "{of_whole:?}");
    assert_eq!(bits, 3 * 2 * (2 * 1600 + 32));
}

/// exact: votes of two bits a sign, and the floats of the largest entries, both ways for each of three workers.
#[test]
fn the_largest_entries_are_counted_on_the_wire() {
    let sent = |per: &str| {
        let level = "noise_level = \"1/10\"\nnoise_relative_to = \"largest-entry\"";
        let method = format!("name = \"noisy-signsgd\"\nstep_size = \"1/64\"\n{level}\nper = \"{per}\"");
        trace("", "workers = 3", &method).1
    };
    assert_eq!(sent("layer"), 3 * 2 * 3 * (2 * 1600 + 32 * 4));
    assert_eq!(sent("vector"), 3 * 2 * 3 * (2 * 1600 + 32));
}

/// The figures of a claim in the folder to which `reproduce` writes.
fn figures(text: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("network.toml"), text).expect("a file");
    let call = run(folder.path(), &["reproduce", "network.toml", "--out", "out"]);
    assert_eq!(call.code, Some(0), "{call}");
    let result = std::fs::read_to_string(folder.path().join("out/results/test/network.json")).expect("a result");
    let result: Value = serde_json::from_str(&result).expect("JSON");
    result["figures"].as_array().cloned().unwrap_or_default()
}

#[test]
fn histograms_of_noise_and_images_are_data_of_the_result() {
    let text = CLAIM
        .replace("PROBLEM", "noise_draws = 60\nnoise_batch = 8")
        .replace("ORACLE", "sampling = \"minibatch\"\nbatch = 4\nworkers = 1")
        .replace("ALGORITHM", "name = \"sgd\"\nstep_size = \"1/4\"")
        .replace("last(f)", "last(test_accuracy)")
        .replace("horizon = 3", "horizon = 3\nreplicates = 2");
    let found =
        figures(&format!("{text}[[figure]]\nkind = \"histogram\"\nname = \"a\"\n[[figure]]\nkind = \"images\"\n"));
    let panels = found[0]["panels"].as_array().expect("panels");
    assert_eq!(panels.len(), 12);
    for panel in panels {
        let numbers = |key: &str| -> Vec<f64> {
            panel["layers"][0][key].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
        };
        let (edges, heights) = (numbers("edges"), numbers("heights"));
        // Exact: a density has the area 1; every bar holds a whole number of the 60 draws.
        let area: f64 = edges.windows(2).zip(&heights).map(|(e, h)| (e[1] - e[0]) * h).sum();
        assert!((area - 1.0).abs() < 1e-9, "{area}");
        for (e, h) in edges.windows(2).zip(&heights) {
            let count = h * (e[1] - e[0]) * 60.0;
            assert!((count - count.round()).abs() < 1e-9, "{count}");
        }
    }
    let rows = found[1]["panels"][0]["layers"][0]["rows"].as_array().expect("rows");
    let lengths: Vec<usize> = rows.iter().filter_map(Value::as_str).map(str::len).collect();
    // Exact: ten digits of 28 by 28 pixels in each of ten rows.
    assert_eq!(lengths, vec![280; 280]);
    // Reference: the first image of label 0 of MNIST, the second training image, whose first dark rows are its 4th and
    // 5th; class 0 is the lowest of the ten rows.
    let dark = |row: usize| rows[252 + row].as_str().is_some_and(|row| row[..28].chars().any(|c| c != '0'));
    assert_eq!((0..8).map(dark).collect::<Vec<_>>(), [false, false, false, false, true, true, true, true]);
}

#[test]
fn figures_that_a_problem_has_nothing_for_are_refused() {
    let at = CLAIM.find("[problem]").expect("a problem");
    let to = CLAIM.find("PROBLEM").expect("a mark");
    let problem = "[problem]\nname = \"quadratic\"\ncurvature = 1\ndimension = 2\nstart = 1\n";
    let text = format!("{}{problem}{}", &CLAIM[..at], &CLAIM[to + "PROBLEM".len()..])
        .replace("ORACLE", "noise = \"none\"")
        .replace("ALGORITHM", "name = \"gd\"\nstep_size = \"1/4\"");
    for (kind, says) in [("histogram", "the noise of a minibatch's gradient"), ("images", "images of each class")] {
        let folder = tempfile::tempdir().expect("a folder");
        let figure = format!("{text}[[figure]]\nkind = \"{kind}\"\n");
        let line = figure.lines().position(|line| line.starts_with("kind")).expect("a line") + 1;
        std::fs::write(folder.path().join("network.toml"), &figure).expect("a file");
        let call = run(folder.path(), &["verify", "network.toml"]);
        assert_eq!(call.code, Some(3), "{call}");
        for piece in [says, "'mlp'", &format!("network.toml:{line}")] {
            assert!(call.stderr.contains(piece), "{piece}\n{call}");
        }
    }
}
