//! Fuzz targets of every reader of foreign text, on the stable toolchain.
//!
//! Inputs are real ones with mutations: bytes flipped, pieces cut, repeated or spliced in from others, and words of the
//! format put where they do not belong. Whatever the input, a reader returns a value or an error: it does not panic,
//! and it ends. `SIGNCHECK_FUZZ_SECONDS=60 cargo test --release --test fuzz` searches for one minute per target;
//! without the variable each runs a fixed number of inputs, so that the test is the same everywhere.

use flate2::Compression;
use flate2::write::GzEncoder;
use signcheck::internals::data::{Expected, parse_images, parse_libsvm};
use signcheck::internals::expr::{Dimension, Environment, Expr, Units};
use signcheck::model::Registry;
use signcheck::run::load;
use signcheck::run::{Catalog, replay};
use signcheck::scalar::{Enclosure, Fault, Narrow, Rational, Scalar};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Inputs of a target where no time is given.
const INPUTS: u64 = 400;
/// An input that takes longer than this is as bad as a panic: no text of this size needs it.
const PATIENCE: Duration = Duration::from_secs(20);

/// splitmix64: every input is a function of (target, number), so that a finding can be run again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    /// A place in the text and one after it, near it more often than far.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let most = if self.below(4) == 0 { length } else { 24 };
        (from, (from + self.below(most + 1)).min(length))
    }
}

fn mutate(seeds: &[Vec<u8>], words: &[&str], random: &mut Random) -> Vec<u8> {
    let mut text = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let (from, to) = random.range(text.len());
        match random.below(7) {
            0 if !text.is_empty() => {
                let at = from.min(text.len() - 1);
                text[at] ^= 1 << random.below(8);
            }
            1 => {
                text.drain(from..to);
            }
            2 => {
                let piece = text[from..to].repeat(1 + random.below(if to - from < 9 { 300 } else { 3 }));
                let at = random.below(text.len() + 1);
                text.splice(at..at, piece);
            }
            3 => {
                let other = &seeds[random.below(seeds.len())];
                let (a, b) = random.range(other.len());
                text.splice(from..to, other[a..b].to_vec());
            }
            4 => {
                let word = random.pick(words).as_bytes().to_vec();
                text.splice(from..to, word);
            }
            5 => {
                let word = random.pick(words).as_bytes().to_vec();
                text.splice(from..from, word);
            }
            _ => text.truncate(to),
        }
        text.truncate(1 << 16);
    }
    text
}

fn fuzz(target: &str, seeds: &[Vec<u8>], words: &[&str], read: impl Fn(&[u8])) {
    let seconds = std::env::var("SIGNCHECK_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let end = seconds.map(|s| Instant::now() + Duration::from_secs(s));
    let name = target.bytes().fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
    let mut count = 0;
    let watched = watch(target);
    while end.map_or(count < INPUTS, |end| Instant::now() < end) {
        let input = mutate(seeds, words, &mut Random(name ^ (count << 20)));
        let start = Instant::now();
        *watched.lock().unwrap_or_else(PoisonError::into_inner) = Some((start, count, input.clone()));
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&input)));
        let shown = String::from_utf8_lossy(&input);
        assert!(outcome.is_ok(), "{target}, input {count} ends in a panic:\n{shown}");
        assert!(start.elapsed() < PATIENCE, "{target}, input {count} takes {:?}:\n{shown}", start.elapsed());
        count += 1;
    }
    *watched.lock().unwrap_or_else(PoisonError::into_inner) = None;
    println!("{target}: {count} inputs");
}

/// The input that is being read, with its number and its beginning.
type Watched = Arc<Mutex<Option<(Instant, u64, Vec<u8>)>>>;

/// The time of an input that never ends cannot be measured afterwards: this thread reports which one it is, and ends
/// the program.
fn watch(target: &str) -> Watched {
    let watched = Watched::default();
    let (seen, target) = (watched.clone(), target.to_string());
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let current = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some((start, count, input)) = current
                && start.elapsed() > 3 * PATIENCE
            {
                eprintln!("{target}, input {count} does not end:\n{}", String::from_utf8_lossy(&input));
                std::process::exit(101);
            }
        }
    });
    watched
}

fn claims() -> Vec<Vec<u8>> {
    Catalog::all().into_iter().map(|claim| claim.text.into_bytes()).collect()
}

#[test]
fn claim_files() {
    let registry = Registry::standard();
    let words = [
        "[[bound]]",
        "[problem]",
        "name = ",
        "expect = \"holds\"",
        "{ quick = 1, full = 2 }",
        "1e999",
        "-1",
        "\"1/0\"",
        "[1, [2]]",
        "inf",
        "''",
        "\"\"\"",
        "relation = \"rate\"",
        "dimension = 1000000000",
        "\"9^9^9^9\"",
        "sgn(",
        "\u{0}",
        "workers = 0",
        "horizon = \"K\"",
        "K = \"K\"",
        "\u{feff}",
        "0.1e-400",
        "batch = \"1/2\"",
        "= {",
        "nan",
    ];
    fuzz("claim files", &claims(), &words, |input| {
        if let Ok(text) = std::str::from_utf8(input) {
            let _ = load("fuzzed.toml", text, &registry, &[]);
        }
    });
}

/// Names stand for small numbers.
struct Numbers;
impl<S: Scalar> Environment<String, S> for Numbers {
    fn value(&self, name: &String) -> Result<S, Fault> {
        Ok(S::ratio(name.len() as i64 - 2, 3))
    }
}

#[test]
fn expressions() {
    let seeds: Vec<Vec<u8>> = [
        "(sqrt(L1)*(D + 1/2) + 2*sigma1)/sqrt(K)",
        "2*D/(gamma*(T+1)) + gamma*L*sigma^2/2 + 4*gamma^2*L^2*sigma^2*(1-delta)/delta^2",
        "min(E(grad_l1)) - max(0, log2(8)^(1/3))",
        "-2^2^0.5e-3 + abs(sgn(x1) - floor(x2/7))*exp(-ln(3)) + sin(1)^2 + cos(1)^2",
        "((((((((((1))))))))))/0",
    ]
    .map(|s| s.as_bytes().to_vec())
    .into();
    let words = [
        "(",
        ")",
        "^",
        "9^9^9^9",
        "-",
        "1e308",
        "1e-400",
        ",",
        "sqrt(",
        "ln(",
        "0/0",
        "..",
        "exp(",
        "x",
        "E(",
        "1_0",
        "\u{221e}",
        "((((((((((((((((((((((((((((((((",
        "log2(",
        "power",
        "2^0.5",
        "exp(exp(exp(9)))",
        "ceil(",
        "10^400",
    ];
    fuzz("expressions", &seeds, &words, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let Ok(expr) = Expr::parse(text) else { return };
        let again = Expr::parse(&expr.to_string()).unwrap_or_else(|e| panic!("{text} prints as {expr}: {e}"));
        assert_eq!(again.to_string(), expr.to_string());
        let _ = expr.check(&["D", "K", "T"], &[]);
        let Ok(expr) = expr.resolve(&mut |name, _| Ok(name.to_owned())) else { return };
        let _ = expr.units(&|_| Some(Dimension::Of(Units::none())));
        let _ = expr.eval::<Rational>(&Numbers);
        let _ = expr.eval::<Enclosure>(&Numbers);
        let _ = expr.eval::<Narrow>(&Numbers);
    });
}

#[test]
fn certificates() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("results/certificates");
    let mut seeds = Vec::new();
    for paper in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        for file in std::fs::read_dir(paper.path()).into_iter().flatten().flatten() {
            // Those of searches have folders of their own.
            if file.path().is_file() {
                seeds.push(std::fs::read(file.path()).expect("a readable certificate"));
            }
        }
    }
    assert!(!seeds.is_empty(), "the repository comes with certificates");
    // A digest that fits is an accident that does not happen: what gets past it is in the tests of certificates.
    let words = ["{", "}", "[", "null", "\"digest\": \"\"", "1e999", "-0", "\\u0000", "\"version\": 2", "9", ":", ","];
    let registry = Registry::standard();
    let genuine = seeds.clone();
    fuzz("certificates", &seeds, &words, |input| {
        if let Ok(text) = std::str::from_utf8(input)
            && !genuine.iter().any(|g| g == input)
        {
            let meant = |t: &str| serde_json::from_str::<serde_json::Value>(t).ok();
            let value = meant(text);
            if genuine.iter().any(|g| value.is_some() && meant(std::str::from_utf8(g).unwrap_or("")) == value) {
                return; // White space was changed, nothing else: it is the same certificate.
            }
            assert!(replay(text, &registry).is_err(), "an altered certificate was taken");
        }
    });
}

#[test]
fn libsvm_files() {
    let seeds: Vec<Vec<u8>> = [
        "+1 1:0.5 3:-2.25\n-1 2:1e-3 7:4\n# a remark\n+1\n",
        "1 1:1 2:1 3:1\r\n-1 1:0 2:-1 3:2 # end\r\n",
        "0 4:0.125\n1 1000:1\n",
    ]
    .map(|s| s.as_bytes().to_vec())
    .into();
    let words = [
        "1:",
        ":1",
        "nan",
        "inf",
        "1e99",
        "-",
        "4294967296:1",
        "99999999999999999999:1",
        "0:1",
        "\n",
        "#",
        "\u{0}",
        "+1 ",
        "1:1 1:1",
    ];
    fuzz("LIBSVM files", &seeds, &words, |input| {
        let _ = parse_libsvm(input, "fuzzed.svm", Expected::default());
    });
}

#[test]
fn image_files() {
    // Two images of 2 x 3 and two labels; each file of a set may be the input, plain or packed.
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3][..], &[7; 12]].concat();
    let labels = vec![0, 0, 8, 1, 0, 0, 0, 2, 9, 0];
    let pack = |bytes: &[u8]| {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(bytes).and_then(|()| packer.finish()).expect("packed in memory")
    };
    let right = [images.clone(), labels.clone(), images.clone(), labels.clone()];
    let names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
    let seeds = [pack(&images), pack(&labels), images, labels];
    let words = [
        "\u{0}",
        "\u{0}\u{0}\u{0}\u{0}",
        "\u{0}\u{0}\u{8}\u{1}",
        "\u{0}\u{0}\u{8}\u{3}",
        "\u{0}\u{0}\u{0}\u{2}",
        "\u{7f}\u{7f}\u{7f}\u{7f}",
        "\u{1f}",
        "\n",
    ];
    fuzz("image files", &seeds, &words, |input| {
        let packed = pack(input);
        for place in 0..names.len() {
            for (end, input) in [("", input), (".gz", input), (".gz", &packed)] {
                let file = |at: usize| if at == place { (end, input) } else { ("", &right[at][..]) };
                let names: Vec<String> = (0..4).map(|at| format!("{}-ubyte{}", names[at], file(at).0)).collect();
                let files: Vec<_> = (0..4).map(|at| (names[at].as_str(), file(at).1)).collect();
                let _ = parse_images(&files);
            }
        }
        let _ = parse_images(&[("train.bin", input), ("test.bin", input)]);
    });
}
