//! What a result says of its data: the files with their digests, and the split of their samples over workers. A result
//! that is kept is one of the same files.

mod common;

use common::{DESCENT, run, with};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signcheck::model::Registry;
use signcheck::run::check_claim;
use std::io::Read;
use std::path::{Path, PathBuf};

/// One step of a network with four hidden units on the first digits of MNIST.
const NETWORK: &str = r#"schema = 1
id = "test/network"
title = "A step of a small network"
source = { paper = "test", place = "an example" }
statement = 'f(x_1) \ge 0'
relation = "lower"
left = "last(f)"
units = "waived: a loss is a pure number"
trivial = "none: a loss may be anything above 0"

[problem]
name = "mlp"
samples = 500
tests = 2
hidden = [4]

[oracle]
sampling = "minibatch"
batch = 2

[algorithm]
name = "sgd"
step_size = "1/10"

[run]
horizon = 1
replicates = 2

[[bound]]
name = "positive"
right = 0
expect = "holds"
why = "a cross-entropy is positive"
"#;

fn reproduce(folder: &Path) -> String {
    let call = run(folder, &["reproduce", "claim.toml", "--data", "data"]);
    // Few replicates decide nothing; what the result rests on is the same.
    assert!(matches!(call.code, Some(0 | 2)), "{call}");
    call.stdout
}

fn folder(claim: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), claim).unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    folder
}

fn result(folder: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(format!("results/test/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn digits() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist")
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn the_programs_own_digits_are_named_with_their_digests() {
    let folder = folder(NETWORK);
    reproduce(folder.path());
    let result = result(folder.path(), "network");
    let page = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    let mut expected = Vec::new();
    for (set, entries, files) in [
        ("MNIST, first 1000 of the test set", 1000, ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]),
        ("MNIST, first 4000 of the training set", 4000, ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]),
    ] {
        for file in files {
            let bytes = std::fs::read(digits().join(file)).unwrap();
            assert!(page.contains(file) && page.contains(&sha256(&bytes)), "{file} is not on the page");
            expected.push(json!({
                "set": set, "file": file, "sha256": sha256(&bytes), "content_sha256": sha256(&unpacked(&bytes)),
                "bytes": bytes.len(), "entries": entries
            }));
        }
    }
    assert_eq!(result["provenance"]["data"], Value::from(expected));
}

const ROWS: &str = "+1 1:1\n-1 1:1 2:2\n+1 2:3\n";

fn logistic() -> String {
    let text =
        with(DESCENT, "name = \"quadratic\"\ncurvature = [1, \"1/8\"]", "name = \"logistic\"\nfile = \"rows.svm\"");
    with(&text, "expect = \"violated\"", "expect = \"holds\"").replace("L*R^2/(2000*T^2)", "L*R^2")
}

/// The claim's result as the folder has it after a run, and whether that run computed it.
fn again(folder: &Path, name: &str) -> (Value, bool) {
    let timings = folder.join(".signcheck/timings.json");
    let _ = std::fs::remove_file(&timings);
    reproduce(folder);
    (result(folder, name), timings.exists())
}

#[test]
fn a_kept_result_is_one_of_the_same_files() {
    // Six images of 2 x 3 in the format of MNIST, and rows in that of LIBSVM.
    let idx = |header: &[u32], bytes: &[u8]| -> Vec<u8> {
        header.iter().flat_map(|n| n.to_be_bytes()).chain(bytes.iter().copied()).collect()
    };
    let pixels: Vec<u8> = (0..36).map(|i| 7 * i).collect();
    let network = with(&with(NETWORK, "samples = 500", "samples = 6\nimages = \"idx\""), "tests = 2", "tests = 1");
    let network = with(&network, "replicates = 2", "replicates = 100");
    let images: Vec<(&str, Vec<u8>)> = vec![
        ("train-images-idx3-ubyte", idx(&[0x803, 6, 2, 3], &pixels)),
        ("train-labels-idx1-ubyte", idx(&[0x801, 6], &[0, 1, 2, 3, 4, 5])),
        ("t10k-images-idx3-ubyte", idx(&[0x803, 1, 2, 3], &pixels[..6])),
        ("t10k-labels-idx1-ubyte", idx(&[0x801, 1], &[6])),
    ];
    let mut other = images[0].1.clone();
    other[20] ^= 255;
    let rows: Vec<(&str, Vec<u8>)> = vec![("rows.svm", ROWS.into())];
    let other_rows = ROWS.replace("2:3", "2:4").into_bytes();
    for (claim, name, data, other) in [(network, "network", images, other), (logistic(), "descent", rows, other_rows)] {
        let folder = folder(&claim);
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join("data").join(name), bytes).unwrap();
        data.iter().for_each(|(name, bytes)| write(name, bytes));
        let named = |result: &Value, bytes: &[u8]| {
            let data = result["provenance"]["data"].as_array().unwrap();
            let found = data.iter().find(|d| d["sha256"] == sha256(bytes)).unwrap_or_else(|| panic!("{data:?}"));
            (found["file"].as_str() == Some(data_name(found))) && found["bytes"] == bytes.len()
        };
        let (first, computed) = again(folder.path(), name);
        assert!(computed && named(&first, &data[0].1), "{name}");
        let entries = if name == "descent" { 3 } else { 6 };
        let of = |r: &Value| r["provenance"]["data"].as_array().unwrap().iter().any(|d| d["entries"] == entries);
        assert!(of(&first), "{first}");
        assert_eq!(again(folder.path(), name), (first.clone(), false), "{name}: nothing has changed");

        write(data[0].0, &other);
        let (second, computed) = again(folder.path(), name);
        assert!(computed, "{name}: a result of other data was taken for this one");
        assert!(named(&second, &other), "{name}");
        assert_ne!(first["bounds"][0]["left"], second["bounds"][0]["left"], "{name}");
        // The first data again, whose result is still there; what differs is said.
        write(data[0].0, &data[0].1);
        let _ = std::fs::remove_file(folder.path().join(".signcheck/timings.json"));
        let said = reproduce(folder.path());
        assert!(said.contains("(the data files)"), "{said}");
        assert_eq!(result(folder.path(), name), first, "{name}");
        assert!(!folder.path().join(".signcheck/timings.json").exists(), "{name}");
    }
}

fn data_name(record: &Value) -> &str {
    record["file"].as_str().filter(|name| !name.contains('/')).unwrap_or("a name with folders")
}

/// Every number of a table but the heads and the first column.
fn numbers(table: &Value) -> Vec<Vec<usize>> {
    let rows = table["rows"].as_array().unwrap();
    let row = |row: &Value| row.as_array().unwrap()[1..].iter().map(|n| n.as_str().unwrap().parse().unwrap()).collect();
    rows.iter().map(row).collect()
}

#[test]
fn every_split_is_a_table_whose_columns_sum_to_the_classes() {
    let split = |keys: &str| format!("problem = {{ workers = 7, {keys} }}");
    let cases = [
        ("even", split("split = \"iid\"")),
        ("slower", format!("{}, algorithm = {{ step_size = \"1/20\" }}", split("split = \"iid\""))),
        ("uneven", split("split = \"dirichlet\", concentration = \"1/2\", split_seed = 3")),
        ("tastes", split("split = \"dirichlet-by-worker\"")),
        ("shards", split("split = \"by-class\"")),
    ];
    let cases = cases.map(|(name, change)| format!("\n[[case]]\nname = \"{name}\"\nchange = {{ {change} }}\n"));
    let found = check_claim(&format!("{NETWORK}{}", cases.concat()), &Registry::standard()).unwrap();
    let tables = serde_json::to_value(found.tables).unwrap();

    // The labels as the file has them, after a header of eight bytes.
    let labels = unpacked(&std::fs::read(digits().join("train-labels-idx1-ubyte.gz")).unwrap());
    let mut expected = vec![0; 10];
    labels[8..][..500].iter().for_each(|label| expected[usize::from(*label)] += 1);
    expected.push(500);

    let tables = tables.as_array().unwrap();
    let titles: Vec<&str> = tables.iter().map(|t| t["title"].as_str().unwrap()).collect();
    let title = |law: &str, seed: u32, cases: &str| {
        format!("500 samples by worker and class: split = {law}, workers = 7, split_seed = {seed} ({cases})")
    };
    let wanted = [
        title("iid", 1, "cases even, slower"),
        title("dirichlet, concentration = 0.5", 3, "case uneven"),
        title("dirichlet-by-worker, concentration = 1", 1, "case tastes"),
        title("by-class, classes_per_worker = 2", 1, "case shards"),
    ];
    assert_eq!(titles, wanted);
    let heads: Vec<String> = (0..10).map(|class| format!("class {class}")).collect();
    let heads = [vec!["worker".to_string()], heads, vec!["all".to_string()]].concat();
    for table in tables {
        let (title, rows) = (&table["title"], numbers(table));
        assert_eq!(table["columns"], json!(heads));
        assert_eq!(rows.len(), 8, "{title}: seven workers and the sum");
        for (column, expected) in expected.iter().enumerate() {
            assert_eq!(rows[..7].iter().map(|row| row[column]).sum::<usize>(), *expected, "{title}, column {column}");
        }
        assert_eq!(rows[7], expected, "{title}");
        assert!(rows.iter().all(|row| row[..10].iter().sum::<usize>() == row[10]), "{title}");
    }
    // What tells the laws apart: even sizes, uneven sizes, two classes each.
    let sizes = |table: usize| numbers(&tables[table])[..7].iter().map(|row| row[10]).collect::<Vec<_>>();
    assert!(sizes(0).iter().chain(&sizes(2)).all(|n| [71, 72].contains(n)));
    assert!(sizes(1).iter().max() > sizes(1).iter().min().map(|n| n + 10).as_ref());
    let classes = |row: &Vec<usize>| row[..10].iter().filter(|n| **n > 0).count();
    assert!(numbers(&tables[3])[..7].iter().all(|row| (1..=2).contains(&classes(row))));
}

#[test]
fn a_split_of_rows_is_a_table_too() {
    let claim = with(&logistic(), "file = \"rows.svm\"", "file = \"rows.svm\"\nsplit = \"iid\"\nworkers = 2");
    let folder = folder(&claim);
    std::fs::write(folder.path().join("data/rows.svm"), ROWS).unwrap();
    let found = check_claim(&claim, &Registry::standard().with_data(folder.path().join("data"))).unwrap();
    let tables = serde_json::to_value(found.tables).unwrap();
    let tables = tables.as_array().unwrap();
    assert_eq!(tables.len(), 1, "one split for all steps of the sweep");
    assert_eq!(tables[0]["columns"], json!(["worker", "class -1", "class +1", "all"]));
    let rows = numbers(&tables[0]);
    // exact: one row with -1 and two with +1 stand in the file
    assert_eq!(rows[2], [1, 2, 3]);
    assert_eq!(rows[..2].iter().map(|row| row[2]).sum::<usize>(), 3);
}
