//! Images that the instances of one process have in common, and what is made of them.

use crate::data::network::Scaling;
use crate::data::{DataError, IMAGE_FILES, ImageSet, Images, Split, Spread, embedded_images, read_images};
use crate::model::{BuildError, Gallery, Params};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Digits that are part of the program: for training, and for test.
const EMBEDDED: [usize; 2] = [4000, 1000];

/// Whether the program's own digits are enough, so that no file is read.
pub(super) fn are_embedded(what: &str, [train, test]: [u64; 2]) -> bool {
    what == "mnist" && train <= EMBEDDED[0] as u64 && test <= EMBEDDED[1] as u64
}

/// The pixels of an image, and the classes, of the sets that `images` names; those of `idx` say so themselves, and
/// usually have MNIST's.
pub(super) fn sizes(what: &str) -> [u64; 2] {
    match what {
        "cifar-10" => [3072, 10],
        "cifar-100" => [3072, 100],
        _ => [784, 10],
    }
}

/// Images of a whole set, for training and for test together; files are read as a whole, whatever part counts.
pub(super) fn images_in_all(what: &str, wanted: [u64; 2]) -> u64 {
    let whole = match what {
        _ if are_embedded(what, wanted) => EMBEDDED.map(|n| n as u64),
        "cifar-10" | "cifar-100" => [50_000, 10_000],
        _ => [60_000, 10_000],
    };
    whole.iter().zip(wanted).map(|(whole, wanted)| *whole.max(&wanted)).fold(0, u64::saturating_add)
}

/// What images depend on; the program's own digits have no folder.
type Source = Option<PathBuf>;

static IMAGES: Mutex<BTreeMap<Source, Weak<ImageSet>>> = Mutex::new(BTreeMap::new());

/// Images with at least so many for training and for test.
///
/// # Errors
/// Files that are missing, damaged or of another set, or fewer images than required.
pub(super) fn images(what: &str, folder: &str, [train, test]: [usize; 2]) -> Result<Arc<ImageSet>, BuildError> {
    let own = are_embedded(what, [train as u64, test as u64]);
    let set = shared((!own).then(|| PathBuf::from(folder))).map_err(|why| refused(what, &why))?;
    let (channels, classes) = match what {
        "cifar-10" => (3, 10),
        "cifar-100" => (3, 100),
        _ => (1, 10),
    };
    if (set.train.channels(), set.train.classes()) != (channels, classes) {
        return Err(BuildError::about("images", format!("'{folder}' holds {}, and not {what}", set.train.name())));
    }
    for (key, wanted, part) in [("samples", train, &set.train), ("tests", test, &set.test)] {
        if wanted > part.samples() {
            let message = format!("'{key}' is {wanted}; {} has {} images", part.name(), part.samples());
            return Err(BuildError::about(key, message));
        }
    }
    Ok(set)
}

/// What is wrong, and the folder and files that are looked for where one of them is not there.
fn refused(what: &str, why: &DataError) -> BuildError {
    let why = match why {
        DataError::Io { path, source } => format!("{}: {source}; expected a folder with {IMAGE_FILES}", path.display()),
        other => other.to_string(),
    };
    let own = if what == "mnist" {
        "; without files there are 4000 digits for training and 1000 for test, which are part of the program"
    } else {
        ""
    };
    BuildError::about("folder", format!("{why}; the folder is given by `--data DIR`{own}"))
}

/// Two instances built at the same moment may both read; the first set stays.
fn shared(source: Source) -> Result<Arc<ImageSet>, DataError> {
    let table = || IMAGES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(set) = table().get(&source).and_then(Weak::upgrade) {
        return Ok(set);
    }
    let read = Arc::new(match &source {
        None => embedded_images()?,
        Some(folder) => read_images(folder)?,
    });
    let mut table = table();
    if let Some(set) = table.get(&source).and_then(Weak::upgrade) {
        return Ok(set);
    }
    table.insert(source, Arc::downgrade(&read));
    Ok(read)
}

/// Pixels less their mean over their deviation, both of v/255 over all these pixels.
pub(super) fn standard(pixels: &[u8]) -> Scaling {
    let n = pixels.len().max(1) as f64 * 255.0;
    let sum: u64 = pixels.iter().map(|v| u64::from(*v)).sum();
    let square: u64 = pixels.iter().map(|v| u64::from(*v) * u64::from(*v)).sum();
    let mean = sum as f64 / n;
    Scaling::Standard { mean, sd: (square as f64 / (n * 255.0) - mean * mean).sqrt() }
}

/// The training images of each worker, or `None` where all workers have all of them.
///
/// # Errors
/// Those of [`Split::new`], about the parameter at fault.
pub(super) fn split(p: &Params, labels: &[u8], classes: usize) -> Result<Option<Split>, BuildError> {
    let concentration = p.positive("concentration")?.to_f64();
    let how = match p.text("split")? {
        "iid" => Spread::Iid,
        "dirichlet" => Spread::DirichletByClass { concentration },
        "dirichlet-by-worker" => Spread::DirichletByWorker { concentration },
        "by-class" => Spread::ByClass { classes_per_worker: p.count("classes_per_worker")? },
        _ => return Ok(None),
    };
    let split = Split::new(how, p.count("workers")?, p.count("split_seed")? as u64, labels, classes);
    let about = |why: DataError| match why {
        DataError::Parameter { name, .. } => BuildError::about(name, why.to_string()),
        other => BuildError::whole(other.to_string()),
    };
    split.map(Some).map_err(about)
}

/// The first `per_class` of the first `samples` images of each class. Digits are dark on white; of three channels the
/// mean is the brightness.
pub(super) fn gallery(images: &Images, samples: usize, per_class: usize) -> Gallery {
    let mut classes = vec![Vec::new(); images.classes()];
    let pixels = images.height() * images.width();
    for (sample, label) in images.labels().iter().enumerate().take(samples) {
        let class: &mut Vec<Vec<u8>> = &mut classes[usize::from(*label)];
        if class.len() < per_class {
            let image = images.image(sample);
            let brightness = |at: usize| {
                let sum: usize = (0..images.channels()).map(|c| usize::from(image[c * pixels + at])).sum();
                // A mean of bytes is a byte.
                (sum / images.channels()) as u8
            };
            let darkness = |at| if images.channels() == 1 { brightness(at) } else { 255 - brightness(at) };
            class.push((0..pixels).map(darkness).collect());
        }
    }
    Gallery { size: [images.height(), images.width()], classes }
}
