//! The IDX format of MNIST and of the sets with its files (Fashion-MNIST, KMNIST).
//!
//! **Layout** (numbers of 32 bits, highest byte first; LeCun, Cortes and Burges, "The MNIST database of handwritten
//! digits")
//!
//! | file | bytes 0 to 3 | 4 to 7 | 8 to 11 | 12 to 15 | then |
//! | --- | --- | --- | --- | --- | --- |
//! | images | 0x00000803 | number n | rows H | columns W | n H W bytes |
//! | labels | 0x00000801 | number n | | | n bytes, each below 10 |
//!
//! **Names** `train-images-idx3-ubyte` and the like, or `train-images.idx3-ubyte`, plain or with `.gz`.

use super::file::{File, Folder, GZIP_MARK, MOST_BYTES};
use super::{ImageSet, Images};
use crate::data::DataError;

/// Classes of MNIST and of what replaces it: IDX does not say how many there are.
const CLASSES: usize = 10;

const IMAGES: u32 = 0x803;
const LABELS: u32 = 0x801;

const TRAIN: [&str; 2] = ["train-images", "train-labels"];
const TEST: [&str; 2] = ["t10k-images", "t10k-labels"];

/// The names that a file may have: plain ones first.
fn names(stem: &str) -> Vec<String> {
    let dimensions = if stem.ends_with("images") { 3 } else { 1 };
    ["", ".gz"]
        .iter()
        .flat_map(|end| ['-', '.'].map(|separator| format!("{stem}{separator}idx{dimensions}-ubyte{end}")))
        .collect()
}

/// Whether any of the files is there.
pub(super) fn is_in(folder: &Folder) -> bool {
    TRAIN.iter().chain(&TEST).any(|stem| names(stem).iter().any(|name| folder.has(name)))
}

/// Both sets.
pub(super) fn read(folder: &Folder) -> Result<ImageSet, DataError> {
    let train = read_part(folder, TRAIN, "IDX, training set", None)?;
    let test = read_part(folder, TEST, "IDX, test set", Some([train.height(), train.width()]))?;
    Ok(ImageSet { train, test })
}

/// One set, whose images have the size `like` where that is known.
fn read_part(
    folder: &Folder,
    [images, labels]: [&str; 2],
    name: &str,
    like: Option<[usize; 2]>,
) -> Result<Images, DataError> {
    let (images, labels) = (folder.open(&names(images))?, folder.open(&names(labels))?);
    let [number, rows, columns] = image_sizes(&images, like)?;
    let [n, height, width] = [number, rows, columns].map(u64::from);
    let sizes = format!("a header of 16 and {number} images of {rows} x {columns}");
    let pixels = images.content(16 + n * height * width, &sizes)?;
    let of_labels = label_number(&labels)?;
    let classes = labels.content(8 + u64::from(of_labels), &format!("a header of 8 and {of_labels} labels"))?;
    if of_labels != number {
        let expected = format!("{number}, the number of images in {}", images.shown());
        return Err(labels.wrong(4, format!("{of_labels} labels"), expected));
    }
    let classes = &classes[8..];
    if let Some(i) = classes.iter().position(|label| usize::from(*label) >= CLASSES) {
        let expected = format!("a label from 0 to {}", CLASSES - 1);
        return Err(labels.wrong(8 + i as u64, format!("label {}", classes[i]), expected));
    }
    let shape = [1, rows as usize, columns as usize];
    let set = Images::new(name, shape, CLASSES, pixels[16..].to_vec(), classes.to_vec())?;
    Ok(set.with_files(vec![images.sums(number as usize), labels.sums(of_labels as usize)]))
}

/// n, H and W of a file of images: above 0, and such that their product is no overflow.
fn image_sizes(file: &File, like: Option<[usize; 2]>) -> Result<[u32; 3], DataError> {
    check_magic(file, IMAGES)?;
    let head = file.head::<16>()?;
    let sizes = [4, 8, 12].map(|at| number(&head, at));
    for ((size, what), at) in sizes.iter().zip(["images", "rows", "columns"]).zip([4, 8, 12]) {
        if *size == 0 {
            return Err(file.wrong(at, format!("0 {what}"), "at least 1"));
        }
    }
    let [n, height, width] = sizes;
    if let Some([rows, columns]) = like.filter(|like| *like != [height as usize, width as usize]) {
        let expected = format!("{rows} x {columns}, as for training");
        return Err(file.wrong(8, format!("images of {height} x {width}"), expected));
    }
    let bytes = sizes.iter().try_fold(1u64, |bytes, size| bytes.checked_mul(u64::from(*size)));
    if bytes.is_none_or(|bytes| bytes > MOST_BYTES) {
        let expected = format!("at most {MOST_BYTES} bytes in all");
        return Err(file.wrong(4, format!("{n} images of {height} x {width}"), expected));
    }
    Ok(sizes)
}

/// The number of labels in a file of labels.
fn label_number(file: &File) -> Result<u32, DataError> {
    check_magic(file, LABELS)?;
    Ok(number(&file.head::<8>()?, 4))
}

/// The number of 32 bits at a place of a header that is long enough for it.
fn number(head: &[u8], at: usize) -> u32 {
    head[at..at + 4].iter().fold(0, |n, byte| n << 8 | u32::from(*byte))
}

/// First of all, as another file may be shorter than a header.
fn check_magic(file: &File, expected: u32) -> Result<(), DataError> {
    let head = file.head::<4>()?;
    let found = u32::from_be_bytes(head);
    if found == expected {
        return Ok(());
    }
    let what = |magic| match magic {
        IMAGES => ", the mark of images",
        LABELS => ", the mark of labels",
        _ => "",
    };
    let hint = match found {
        IMAGES | LABELS => "; the files may have been swapped",
        _ if head.starts_with(&GZIP_MARK) => "; a packed file has .gz at the end of its name",
        _ => "",
    };
    let found = format!("0x{found:08x}{}", what(found));
    Err(file.wrong(0, found, format!("0x{expected:08x}{}{hint}", what(expected))))
}
