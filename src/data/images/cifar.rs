//! The binary versions of CIFAR-10 and CIFAR-100.
//!
//! **Layout** (Krizhevsky 2009, "Learning multiple layers of features from tiny images") Records without a header: for
//! CIFAR-10 a label below 10, for CIFAR-100 a coarse label below 20 and a fine one below 100, of which the fine is
//! kept; then 32 x 32 bytes each of red, green and blue, row by row from the top. No number of records stands in a
//! file, and so a file must have the one that was published; else one cut between two records would pass for whole.

use super::file::Folder;
use super::{ImageSet, Images};
use crate::data::DataError;

/// Channels, rows and columns.
const SHAPE: [usize; 3] = [3, 32, 32];
/// Bytes of an image.
const PIXELS: usize = 3 * 32 * 32;

/// One of the two sets.
pub(super) struct Layout {
    name: &'static str,
    train: &'static [&'static str],
    test: &'static str,
    /// Records of a file for training, and of the one for test.
    records: [usize; 2],
    /// The labels of a record, each with its number of classes; the last counts.
    labels: &'static [(&'static str, usize)],
}

/// CIFAR-10.
pub(super) const TEN: Layout = Layout {
    name: "CIFAR-10",
    train: &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
    test: "test_batch.bin",
    records: [10_000, 10_000],
    labels: &[("label", 10)],
};

/// CIFAR-100.
pub(super) const HUNDRED: Layout = Layout {
    name: "CIFAR-100",
    train: &["train.bin"],
    test: "test.bin",
    records: [50_000, 10_000],
    labels: &[("coarse label", 20), ("fine label", 100)],
};

impl Layout {
    /// The set with other numbers of records in its files.
    #[cfg(test)]
    pub(super) fn of(self, records: [usize; 2]) -> Self {
        Layout { records, ..self }
    }

    /// Whether any of the files is there.
    pub(super) fn is_in(&self, folder: &Folder) -> bool {
        self.train.iter().chain([&self.test]).any(|name| folder.has(name))
    }

    /// Both sets.
    pub(super) fn read(&self, folder: &Folder) -> Result<ImageSet, DataError> {
        let [train, test] = self.records;
        Ok(ImageSet {
            train: self.read_part(folder, self.train, train, "training set")?,
            test: self.read_part(folder, &[self.test], test, "test set")?,
        })
    }

    fn read_part(&self, folder: &Folder, names: &[&str], records: usize, what: &str) -> Result<Images, DataError> {
        let marks = self.labels.len();
        let record = marks + PIXELS;
        let sizes = format!("{records} records of {marks} + {PIXELS}, as {} has them", self.name);
        let (mut pixels, mut labels, mut sums) = (Vec::new(), Vec::new(), Vec::new());
        for name in names {
            let file = folder.open(&[(*name).to_string()])?;
            let content = file.content((records * record) as u64, &sizes)?;
            for (i, bytes) in content.chunks_exact(record).enumerate() {
                for (place, ((what, classes), label)) in self.labels.iter().zip(bytes).enumerate() {
                    if usize::from(*label) >= *classes {
                        let expected = format!("a {what} from 0 to {}", classes - 1);
                        let found = format!("{what} {label}");
                        return Err(file.wrong((i * record + place) as u64, found, expected));
                    }
                }
                labels.push(bytes[marks - 1]);
                pixels.extend_from_slice(&bytes[marks..]);
            }
            sums.push(file.sums(records));
        }
        let classes = self.labels.last().map_or(0, |(_, classes)| *classes);
        let images = Images::new(&format!("{}, {what}", self.name), SHAPE, classes, pixels, labels)?;
        Ok(images.with_files(sums))
    }
}
